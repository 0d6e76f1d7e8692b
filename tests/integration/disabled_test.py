"""A subscription that is disabled, by its receiver's 410 or by a person: remembered in Kafka, nothing lost."""

import json

from support import program
from support.receiver import Reply
from support.wait import until


def numbers(requests):
    return sorted({json.loads(r.body)["n"] for r in requests})


def many(topics, topic, *numbers):
    topics.produce(topic, *[json.dumps({"n": n}) for n in numbers])


def switch(running, verb, name):
    done = program.command("subscriptions", verb, name, "-c", running.path, seconds=60)
    assert done.returncode == 0, done.stderr.decode()


def is_disabled(running, name):
    return running.metric("grapnel_disabled", subscription=name) == 1


def gone_once(receiver):
    """The first request is answered with 410, all later ones with 200."""
    receiver.script("/hook", Reply(410), Reply(200))


def test_a_410_disables_until_a_person_enables(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters, results
):
    gone_once(receiver)
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 1}))
    many(topics, orders, 0)
    [letter] = dead_letters(1)
    assert dict(letter.headers())["grapnel-reason"] == b"status"
    assert dict(letter.headers())["grapnel-status"] == b"410"
    until(lambda: is_disabled(running, names.subscription), "the disabled subscription")
    many(topics, orders, *range(1, 20))
    until(lambda: running.metric("grapnel_lag", group=names.group) == 19, "events that wait in Kafka", 30)
    assert len(receiver.requests("/hook")) == 1

    assert running.stop() == 0
    running.start()
    until(lambda: is_disabled(running, names.subscription), "what is remembered")
    many(topics, orders, 20)
    until(lambda: running.metric("grapnel_lag", group=names.group) == 20, "events that wait in Kafka", 30)
    assert len(receiver.requests("/hook")) == 1
    assert running.get("/readyz")[0] == 200

    switch(running, "enable", names.subscription)
    receiver.wait(21, "/hook", seconds=40)
    assert numbers(receiver.requests("/hook")) == list(range(21))
    results(21)
    topics.wait_committed(names.group, orders)
    assert topics.count(names.dead_letters) == 1


def test_all_instances_hear_of_it(topics, unique, names, receiver, subscribe, grapnel):
    orders = topics.create(f"orders-{unique}", partitions=4)
    subscription = subscribe(orders, receiver.url("/hook"))
    first, second = grapnel(subscription), grapnel(subscription)
    until(lambda: second.metric("grapnel_assigned_partitions", group=names.group) == 2, "a share each", 30)
    switch(first, "disable", names.subscription)
    for running in (first, second):
        until(lambda: is_disabled(running, names.subscription), "the news")
    many(topics, orders, *range(40))
    until(
        lambda: sum(r.metric("grapnel_lag", group=names.group) for r in (first, second)) == 40,
        "events that wait in Kafka",
        30,
    )
    assert receiver.requests("/hook") == []
    switch(first, "enable", names.subscription)
    receiver.wait(40, "/hook", seconds=40)
    assert numbers(receiver.requests("/hook")) == list(range(40))
    assert len(receiver.requests("/hook")) == 40


def test_a_changed_url_lets_it_go_on(topics, orders, names, receiver, subscribe, configure, grapnel):
    gone_once(receiver)
    running = grapnel(subscribe(orders, receiver.url("/hook")))
    many(topics, orders, 0)
    until(lambda: is_disabled(running, names.subscription), "the disabled subscription")
    many(topics, orders, 1, 2)
    assert running.stop() == 0
    again = grapnel(subscribe(orders, receiver.url("/new")))
    receiver.wait(2, "/new")
    assert numbers(receiver.requests("/new")) == [1, 2]
    assert not is_disabled(again, names.subscription)


def test_a_retry_of_a_disabled_one_waits(topics, orders, names, receiver, subscribe, grapnel, results):
    """What was handed to a retry topic goes round without a request until it is enabled."""
    receiver.script("/hook", Reply(503), Reply(200))
    delivery = {"retry": {"schedule": ["11s"], "jitter": "0%"}}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    many(topics, orders, 0)
    topics.wait(f"{names.retries}.11s", 1)
    switch(running, "disable", names.subscription)
    until(lambda: is_disabled(running, names.subscription), "the disabled subscription")
    until(lambda: topics.count(f"{names.retries}.30s") >= 1, "the retry that goes on", 60)
    assert len(receiver.requests("/hook")) == 1
    assert topics.count(names.dead_letters) == 0


def test_one_that_shares_its_lane_leaves_dead_letters(
    topics, orders, names, unique, receiver, subscribe, grapnel, dead_letters, results
):
    gone, well = [
        {**subscribe(orders, receiver.url(f"/{path}")), "name": f"{path}-{unique[-6:]}", "group": unique}
        for path in ("gone", "well")
    ]
    receiver.script("/gone", Reply(410), Reply(200))
    running = grapnel(gone, well)
    many(topics, orders, 0)
    until(lambda: is_disabled(running, gone["name"]), "the disabled subscription")
    many(topics, orders, *range(1, 10))
    receiver.wait(10, "/well")
    letters = dead_letters(10)
    said = [dict(m.headers())["grapnel-reason"] for m in letters]
    assert said.count(b"disabled") == 9 and said.count(b"status") == 1
    dead = [(r["event_type"], r["error_kind"]) for r in results(20) if r["outcome"] == "dead-lettered"]
    assert dead == [(orders, "status")] + [(orders, "disabled")] * 9
    assert len(receiver.requests("/gone")) == 1
    topics.wait_committed(names.group, orders)
    switch(running, "enable", gone["name"])
    until(lambda: not is_disabled(running, gone["name"]), "the enabled subscription")
    many(topics, orders, 10)
    receiver.wait(2, "/gone")


def test_garbage_in_the_topic_of_states_stops_nothing(topics, orders, names, receiver, subscribe, grapnel):
    state = topics.create(names.state)
    topics.produce(state, b"x")
    topics.produce(state, b"{", key=f"disabled {names.subscription}".encode())
    topics.produce(state, None, key=b"parked x")
    running = grapnel(subscribe(orders, receiver.url("/hook")))
    many(topics, orders, 0)
    receiver.wait(1, "/hook")
    assert "a record of topics.state is passed over" in running.log()


def test_mistakes_are_told(orders, receiver, subscribe, configure, names):
    path, _ = configure(subscribe(orders, receiver.url("/hook")))
    for words, code, said in [
        (["enable", names.subscription + "x"], 1, "did you mean"),
        (["enable"], 2, "needs the name"),
        (["frobnicate"], 2, "list, enable and disable"),
    ]:
        done = program.command("subscriptions", *words, "-c", path)
        assert (done.returncode, said in done.stderr.decode()) == (code, True), done.stderr
    listed = program.command("subscriptions", "-c", path)
    assert listed.returncode == 0 and b"enabled" in listed.stdout

"""order: key. One of a key at a time, in offset order, through retries, restarts and rebalances."""

import json

import pytest

from support import program
from support.order import assert_in_order, by_key, event, publish
from support.receiver import Reply
from support.wait import until


def ordered(**keys):
    retry = {"schedule": ["100ms", "100ms", "100ms"], "jitter": "0%", **keys.pop("retry", {})}
    return {"order": "key", "retry": retry, **keys}


def test_one_of_a_key_at_a_time_and_others_meanwhile(topics, unique, receiver, subscribe, grapnel, results):
    orders = topics.create(f"orders-{unique}", partitions=3)
    receiver.script("/hook", lambda r: Reply(200, delay=0.3 if json.loads(r.body)["key"] == "slow" else 0))
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=ordered()), limits={"workers": 4})
    publish(topics, orders, range(80), ["slow", "a", "b", "c"])
    results(80, seconds=30)
    came = receiver.requests("/hook")
    assert_in_order(came)
    slow = [r for r in came if json.loads(r.body)["key"] == "slow"]
    for before, after in zip(slow, slow[1:]):
        assert after.at - before.at >= 0.29
    quick = [r for r in came if json.loads(r.body)["key"] != "slow"]
    assert quick[-1].at < slow[-1].at - 2


def test_a_retry_holds_up_its_key_and_no_other(topics, orders, names, receiver, subscribe, grapnel, results):
    answers = iter([503, 503])
    receiver.script("/hook", lambda r: Reply(next(answers, 200) if json.loads(r.body)["n"] == 0 else 200))
    delivery = ordered(retry={"schedule": ["12s", "1s"]})
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    publish(topics, orders, range(12), ["bad", "good"])
    receiver.wait(7, "/hook")
    assert by_key(receiver.requests("/hook")) == {"bad": [0], "good": [1, 3, 5, 7, 9, 11]}
    assert running.metric("grapnel_queued") == 5
    results(12, seconds=40)
    assert by_key(receiver.requests("/hook"))["bad"] == [0, 0, 0, 2, 4, 6, 8, 10]
    assert topics.count(f"{names.retries}.12s") == 0  # it waited in place


def test_events_without_a_key_have_no_order(topics, orders, receiver, subscribe, grapnel, results):
    receiver.script("/hook", lambda r: Reply(503 if json.loads(r.body)["n"] == 0 else 200))
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=ordered(retry={"schedule": ["5s"]})))
    topics.produce(orders, *[event(n, None) for n in range(10)])
    until(lambda: len(receiver.requests("/hook")) >= 10, "all of them", 4)
    results(9)


def test_what_is_skipped_is_a_dead_letter_and_the_next_goes(
    topics, orders, receiver, subscribe, grapnel, results, dead_letters
):
    receiver.script("/hook", lambda r: Reply(500 if json.loads(r.body)["n"] == 2 else 200))
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=ordered()))
    publish(topics, orders, range(6), ["a"])
    results(6)
    assert by_key(receiver.requests("/hook"))["a"] == [0, 1, 2, 2, 2, 2, 3, 4, 5]
    [letter] = dead_letters(1)
    assert json.loads(letter.value())["n"] == 2


def test_order_survives_restarts(topics, unique, receiver, subscribe, grapnel, results, names):
    orders = topics.create(f"orders-{unique}", partitions=2)
    flaky = iter(range(10**6))
    receiver.script("/hook", lambda r: Reply(503 if next(flaky) % 3 == 0 else 200, delay=0.005))
    delivery = ordered(retry={"schedule": ["50ms"] * 20})
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    publish(topics, orders, range(400), ["a", "b", "c", "d", "e"])
    for stop in (running.stop, running.kill, running.stop):
        seen = len(receiver.requests("/hook"))
        receiver.wait(seen + 60, "/hook")
        stop()
        running.start()
    until(
        lambda: {json.loads(r.body)["n"] for r in receiver.requests("/hook")} == set(range(400)), "all of them", 60
    )
    topics.wait_committed(names.group, orders, seconds=60)
    assert_in_order(receiver.requests("/hook"))


def test_order_survives_rebalances(topics, unique, receiver, subscribe, configure, grapnel, names):
    orders = topics.create(f"orders-{unique}", partitions=4)
    receiver.script("/hook", Reply(200, delay=0.01))
    subscription = subscribe(orders, receiver.url("/hook"), delivery=ordered())
    running = grapnel(subscription)
    publish(topics, orders, range(600), [f"k{n}" for n in range(12)])
    receiver.wait(60, "/hook")
    other = grapnel(subscription)
    until(lambda: other.metric("grapnel_assigned_partitions", group=names.group) > 0, "a share", 30)
    receiver.wait(300, "/hook", seconds=30)
    assert other.stop() == 0
    receiver.wait(600, "/hook", seconds=60)
    topics.wait_committed(names.group, orders)
    assert_in_order(receiver.requests("/hook"))
    assert len(receiver.requests("/hook")) == 600  # nothing twice


# ── parked keys ──────────────────────────────────────────────────────────────


def parking(**keys):
    return ordered(retry={"schedule": ["50ms"], "exhausted": "park"}, **keys)


def reasons(letters):
    return [(json.loads(m.value())["n"], dict(m.headers())["grapnel-reason"].decode()) for m in letters]


def replay(path, *args, codes=(0,)):
    done = program.command("dead-letters", "replay", *args, "-c", path, seconds=60)
    assert done.returncode in codes, done.stderr.decode()
    return done


def wait_replayed(topics, names):
    """Until all that has been handed to retry topics is done with."""
    for topic in topics.names():
        if topic.startswith(f"{names.retries}."):
            topics.wait_committed(names.retries, topic)


@pytest.fixture
def broken_key(receiver):
    """Answers 500 to the key `bad` until told otherwise."""
    state = {"status": 500}

    def answer(request):
        body = json.loads(request.body)
        return Reply(state["status"] if body["key"] == "bad" else 200)

    receiver.script("/hook", answer)
    return state


def test_a_parked_key_is_refused_until_replayed_in_order(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters, results, broken_key
):
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    publish(topics, orders, range(10), ["bad", "good"])
    letters = dead_letters(5)
    assert {r["event_type"] for r in results(10)} == {orders}
    assert reasons(letters) == [(0, "status"), (2, "parked"), (4, "parked"), (6, "parked"), (8, "parked")]
    assert dict(letters[1].headers())["grapnel-attempts"] == b"0"
    receiver.wait(7, "/hook")
    assert by_key(receiver.requests("/hook")) == {"bad": [0, 0], "good": [1, 3, 5, 7, 9]}
    until(lambda: running.metric("grapnel_parked_keys") == 1, "the parked key")

    broken_key["status"] = 200
    replay(running.path)
    receiver.wait(12, "/hook")
    assert by_key(receiver.requests("/hook"))["bad"] == [0, 0, 0, 2, 4, 6, 8]
    until(lambda: running.metric("grapnel_parked_keys") == 0, "the released key")
    publish(topics, orders, range(10, 14), ["bad", "good"])
    receiver.wait(16, "/hook")
    assert by_key(receiver.requests("/hook"))["bad"] == [0, 0, 0, 2, 4, 6, 8, 10, 12]
    assert topics.count(names.dead_letters) == 5


def test_a_parked_key_stays_parked_over_a_restart(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters, broken_key
):
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    publish(topics, orders, [0], ["bad"])
    dead_letters(1)
    running.kill()
    broken_key["status"] = 200
    running.start()
    publish(topics, orders, [2], ["bad"])
    # What was not committed before the kill is read again, and is refused by now.
    until(lambda: (2, "parked") in reasons(dead_letters(2)), "the refused one")
    assert reasons(dead_letters(2))[0] == (0, "status")
    assert running.stop() == 0
    replay(running.path)  # with nobody running
    running.start()
    receiver.wait(4, "/hook", seconds=40)
    until(lambda: running.metric("grapnel_parked_keys") == 0, "the released key")
    publish(topics, orders, [4], ["bad"])
    receiver.wait(5, "/hook")
    assert by_key(receiver.requests("/hook"))["bad"] == [0, 0, 0, 2, 4]


def test_a_replay_that_fails_again_parks_the_rest_anew(
    topics, orders, receiver, subscribe, grapnel, dead_letters, broken_key
):
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    publish(topics, orders, range(6), ["bad"])
    dead_letters(6)
    replay(running.path)
    assert reasons(dead_letters(12))[6:] == [(0, "status")] + [(n, "parked") for n in range(1, 6)]
    publish(topics, orders, [6], ["bad"])
    dead_letters(13)
    broken_key["status"] = 200
    replay(running.path)  # each event once, though most have two letters
    receiver.wait(2 + 2 + 7, "/hook")
    assert by_key(receiver.requests("/hook"))["bad"] == [0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6]
    until(lambda: running.metric("grapnel_parked_keys") == 0, "the released key")


def test_what_can_not_be_decoded_parks_its_key(
    topics, orders, receiver, subscribe, grapnel, dead_letters
):
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    topics.produce(orders, b"{no json", key=b"bad")
    publish(topics, orders, range(2), ["bad", "good"])
    letters = dead_letters(2)
    assert [dict(m.headers())["grapnel-reason"] for m in letters] == [b"decode", b"parked"]
    receiver.wait(1, "/hook")
    assert by_key(receiver.requests("/hook")) == {"good": [1]}
    until(lambda: running.metric("grapnel_parked_keys") == 1, "the parked key")


@pytest.fixture
def gone_on(topics, orders, receiver, subscribe, grapnel, dead_letters, broken_key):
    """A key has been parked for 0 to 2, replayed and released, and has gone on to 4."""
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    publish(topics, orders, range(3), ["bad"])
    dead_letters(3)
    broken_key["status"] = 200
    replay(running.path)
    receiver.wait(2 + 3, "/hook")
    until(lambda: running.metric("grapnel_parked_keys") == 0, "the released key")
    publish(topics, orders, [3, 4], ["bad"])
    receiver.wait(2 + 5, "/hook")
    return running


def test_what_a_key_was_replayed_of_is_not_sent_again(
    topics, orders, receiver, gone_on, dead_letters, broken_key
):
    """A key is parked, replayed, goes on and is parked again: the second replay sends nothing old after that."""
    broken_key["status"] = 500
    publish(topics, orders, [5, 6], ["bad"])
    assert reasons(dead_letters(5))[3:] == [(5, "status"), (6, "parked")]
    until(lambda: gone_on.metric("grapnel_parked_keys") == 1, "the parked key")
    broken_key["status"] = 200
    replay(gone_on.path)
    until(lambda: gone_on.metric("grapnel_parked_keys") == 0, "the released key")
    came = by_key(receiver.requests("/hook"))["bad"]
    assert set(came) == set(range(7))
    assert came == sorted(came), f"{came}"


def test_a_key_that_has_gone_on_is_not_replayed_again(topics, names, receiver, gone_on):
    """Who replays what others have left leaves a key alone that has been replayed and released before."""
    left_out = b"3 dead letters left out: their keys are not parked any more, or for later events\n"
    dry = replay(gone_on.path, "--dry-run", "-o", "json")
    assert (dry.stdout, dry.stderr.splitlines(True)[1:]) == (b"", [left_out])
    done = replay(gone_on.path)
    assert done.stdout.splitlines(True)[1:] == [left_out]
    wait_replayed(topics, names)
    came = by_key(receiver.requests("/hook"))["bad"]
    assert set(came) == set(range(5))
    assert came == sorted(came), f"{came}"


def test_a_replay_goes_on_where_the_one_before_has_failed(
    topics, orders, receiver, subscribe, grapnel, dead_letters
):
    failing = {0}
    receiver.script("/hook", lambda r: Reply(500 if json.loads(r.body)["n"] in failing else 200))
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    publish(topics, orders, range(4), ["bad"])
    dead_letters(4)
    failing = {2}
    replay(running.path)
    assert reasons(dead_letters(6))[4:] == [(2, "status"), (3, "parked")]
    failing = set()
    replay(running.path)
    until(lambda: running.metric("grapnel_parked_keys") == 0, "the released key")
    came = by_key(receiver.requests("/hook"))["bad"]
    assert set(came) == set(range(4))
    assert came == sorted(came), f"{came}"


@pytest.mark.parametrize("chosen_by, tried_alone", [("--reason", False), ("--since", False), ("--since", True)])
def test_a_replay_sends_nothing_before_what_a_key_is_parked_for(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters, broken_key, results, chosen_by, tried_alone
):
    """Also where it is asked for later ones of that key: they must not pass the one that failed.

    `tried_alone`: one of them has been replayed by its name, and has failed too."""
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    publish(topics, orders, [0], ["bad"])
    dead_letters(1)
    publish(topics, orders, [1, 2], ["bad"])
    letters = dead_letters(3)
    assert reasons(letters) == [(0, "status"), (1, "parked"), (2, "parked")]
    failed_at = [dict(m.headers())["grapnel-failed-at"].decode() for m in letters]
    assert failed_at[0] < failed_at[1]
    if tried_alone:
        replay(running.path, f"{orders}-0-1")
        assert reasons(dead_letters(4))[3] == (1, "status")

    broken_key["status"] = 200
    healed = len(receiver.requests("/hook"))
    chosen = {"--reason": "parked", "--since": failed_at[1]}[chosen_by]
    replay(running.path, chosen_by, chosen, codes=(0, 1))  # 1: some may not be replayed so
    wait_replayed(topics, names)
    publish(topics, orders, [3], ["bad"])
    until(lambda: 3 in {r["offset"] for r in results(0)}, "what becomes of the next one")
    replay(running.path)
    until(lambda: running.metric("grapnel_parked_keys") == 0, "the released key")
    wait_replayed(topics, names)
    came = receiver.requests("/hook")[healed:]
    assert set(by_key(came)["bad"]) == set(range(4))
    assert_in_order(came)


def fails(receiver, numbers):
    """Answers 500 to those that are in `numbers` then."""
    receiver.script("/hook", lambda r: Reply(500 if json.loads(r.body)["n"] in numbers else 200))


def wait_released(running):
    until(lambda: running.metric("grapnel_parked_keys") == 0, "the released key")


def test_a_letter_that_is_named_changes_nothing_of_its_key(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters
):
    """It fails again, and the key goes on; and where the key is parked it is still parked for all."""
    failing = {0}
    fails(receiver, failing)
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    publish(topics, orders, range(2), ["bad"])
    dead_letters(2)
    failing.clear()
    replay(running.path)
    wait_released(running)

    failing.add(0)
    replay(running.path, f"{orders}-0-0")
    assert reasons(dead_letters(3))[2] == (0, "status")
    publish(topics, orders, [2], ["bad"])
    until(lambda: 2 in by_key(receiver.requests("/hook"))["bad"], "the next one")
    assert running.metric("grapnel_parked_keys") == 0

    failing.add(3)
    publish(topics, orders, [3, 4], ["bad"])
    assert reasons(dead_letters(5))[3:] == [(3, "status"), (4, "parked")]
    before = len(receiver.requests("/hook"))
    replay(running.path, f"{orders}-0-4")
    wait_replayed(topics, names)
    failing.clear()
    replay(running.path)
    wait_released(running)
    assert by_key(receiver.requests("/hook")[before:])["bad"] == [4, 3, 4]


def test_what_is_left_of_a_replay_that_failed_is_refused_after_a_restart(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters
):
    """As when its partition of a retry topic goes to another instance: that knows that it has failed."""
    failing = {0}
    fails(receiver, failing)
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    publish(topics, orders, range(3), ["bad"])
    dead_letters(3)
    failing.add(1)
    failing.remove(0)
    replay(running.path)
    assert reasons(dead_letters(5))[3:] == [(1, "status"), (2, "parked")]
    wait_replayed(topics, names)
    assert running.stop() == 0
    [retries] = [
        name for name in topics.names() if name.startswith(f"{names.retries}.") and topics.count(name) > 0
    ]
    [left] = [m for m in topics.read(retries) if m.value() and json.loads(m.value())["n"] == 2]
    failing.clear()
    seen = len(receiver.requests("/hook"))
    topics.produce(retries, left.value(), key=left.key(), headers=left.headers())
    running.start()
    assert reasons(dead_letters(6))[5] == (2, "parked")
    assert len(receiver.requests("/hook")) == seen
    replay(running.path)
    wait_released(running)
    assert by_key(receiver.requests("/hook")[seen:])["bad"] == [1, 2]


def test_keys_of_several_topics_are_replayed_and_go_on(
    topics, unique, receiver, subscribe, grapnel, dead_letters
):
    """What a key is parked for goes first, whatever its topic is called, and each topic in its order."""
    first, second = [topics.create(f"{name}-{unique}") for name in "ab"]
    failing = {0}
    fails(receiver, failing)
    running = grapnel(subscribe([first, second], receiver.url("/hook"), delivery=parking()))
    publish(topics, second, [0], ["bad"])
    dead_letters(1)
    for number, topic in enumerate([first, second, first], start=1):
        publish(topics, topic, [number], ["bad"])
        dead_letters(1 + number)
    failing.clear()
    seen = len(receiver.requests("/hook"))
    replay(running.path)
    wait_released(running)
    assert by_key(receiver.requests("/hook")[seen:])["bad"] == [0, 1, 2, 3]


def test_what_two_instances_park_and_replay_is_sent_once_and_in_order(
    topics, unique, names, receiver, subscribe, grapnel, dead_letters
):
    """A key's events, and its replay, come to instances that know each other by topics.state alone."""
    orders = topics.create(f"orders-{unique}", partitions=4)
    keys = [f"k{n}" for n in range(8)]
    failing = set(range(8))
    fails(receiver, failing)
    subscription = subscribe(orders, receiver.url("/hook"), delivery=parking())
    both = [grapnel(subscription, topics={"partitions": 4}) for _ in range(2)]
    for running in both:
        for group in [names.group, names.retries]:
            until(lambda: running.metric("grapnel_assigned_partitions", group=group) >= 2, "its half", 40)
    publish(topics, orders, range(40), keys)
    dead_letters(40)
    failing.clear()
    failing.update(range(16, 24))
    replay(both[0].path)
    dead_letters(40 + 3 * 8)
    publish(topics, orders, range(40, 48), keys)
    dead_letters(40 + 3 * 8 + 8)
    failing.clear()
    seen = len(receiver.requests("/hook"))
    replay(both[0].path)
    for running in both:
        wait_released(running)
    wait_replayed(topics, names)
    came = by_key(receiver.requests("/hook")[seen:])
    assert came == {key: list(range(16 + n, 48, 8)) for n, key in enumerate(keys)}


def test_a_replay_keeps_its_order_where_others_pass_it_on(
    topics, orders, names, unique, receiver, subscribe, grapnel, another, dead_letters, broken_key
):
    """An instance that has not got the subscription, and shares the retry topics, sends all of it round in order."""
    subscription = subscribe(orders, receiver.url("/hook"), delivery=parking())
    running = grapnel(subscription, limits={"workers": 4})
    publish(topics, orders, range(3), ["bad"])
    dead_letters(3)
    assert running.stop() == 0
    broken_key["status"] = 200
    replay(running.path)
    [retries] = [
        name for name in topics.names() if name.startswith(f"{names.retries}.") and topics.count(name) > 0
    ]
    other = another(running, {**subscription, "name": f"other-{unique}", "start": "latest"})
    rounds = 2
    until(lambda: topics.count(retries) >= (1 + rounds) * (3 + 1), "the events and their end, twice round", 40)
    assert other.stop() == 0
    running.start()
    wait_released(running)
    until(lambda: len(receiver.requests("/hook")) >= 2 + 3, "all of them", 40)
    assert by_key(receiver.requests("/hook"))["bad"] == [0, 0, 0, 1, 2]
    assert running.stop() == 0


@pytest.mark.parametrize("key", [b"", b"\x00\xff \n"])
def test_keys_are_any_bytes(topics, orders, names, receiver, subscribe, grapnel, dead_letters, key):
    """An empty one, too, goes to one partition of the retry topic."""
    failing = {0}
    fails(receiver, failing)
    running = grapnel(
        subscribe(orders, receiver.url("/hook"), delivery=parking()), topics={"partitions": 6}
    )
    topics.produce(orders, *[event(n, "bad") for n in range(20)], key=key)
    dead_letters(20)
    failing.clear()
    seen = len(receiver.requests("/hook"))
    replay(running.path)
    wait_released(running)
    assert by_key(receiver.requests("/hook")[seen:])["bad"] == list(range(20))


def test_of_a_key_that_an_older_version_parked_all_is_replayed(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters, broken_key
):
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()))
    publish(topics, orders, range(2), ["bad"])
    dead_letters(2)
    topics.wait_committed(names.group, orders)
    assert running.stop() == 0
    for message in topics.read(names.state):
        value = {k: v for k, v in json.loads(message.value()).items() if k not in ["from", "replay"]}
        key = b" ".join(message.key().split(b" ")[:3])
        topics.produce(names.state, json.dumps(value), key=key)
    broken_key["status"] = 200
    running.start()
    replay(running.path)
    wait_released(running)
    assert by_key(receiver.requests("/hook"))["bad"] == [0, 0, 0, 1]
    running.kill()
    running.start(ready=True)
    publish(topics, orders, [2], ["bad"])
    receiver.wait(5, "/hook")
    assert running.metric("grapnel_parked_keys") == 0


def test_nothing_is_handed_over_behind_a_letter_that_kafka_refuses(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters
):
    """Else it would be sent before that, and a replay that fails behind it would leave it out."""
    failing = {0}
    fails(receiver, failing)
    retries = topics.create(f"{names.retries}.50ms", **{"max.message.bytes": "2000"})
    one_by_one = {"batch.num.messages": "1"}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=parking()), kafka=one_by_one)
    small = [event(n, "bad") for n in range(500)]
    large = json.dumps({"n": 2, "key": "bad", "text": "x" * 3000})
    topics.produce(orders, *small[:2], large, *small[3:], key=b"bad")
    dead_letters(500)
    failing.clear()
    seen = len(receiver.requests("/hook"))
    done = replay(running.path, codes=(3,))
    assert b"0:2 was not taken by Kafka" in done.stderr
    assert b"nothing behind it" in done.stderr
    assert topics.count(retries) == 2
    topics.configure(retries, **{"max.message.bytes": "1000000"})
    replay(running.path)
    wait_released(running)
    assert_in_order(receiver.requests("/hook")[seen:])
    assert set(by_key(receiver.requests("/hook")[seen:])["bad"]) == set(range(500))


def test_a_key_is_parked_by_what_a_breaker_kept_past_its_age(
    topics, orders, receiver, subscribe, grapnel, dead_letters
):
    receiver.script("/hook", Reply(503), Reply(200))
    delivery = parking(max_age="2s", breaker={"failures": 1, "pause": "4s"})
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    publish(topics, orders, range(3), ["a"])
    assert reasons(dead_letters(3)) == [(0, "expired"), (1, "parked"), (2, "parked")]
    assert by_key(receiver.requests("/hook")) == {"a": [0]}


# ── exhausted: stop ──────────────────────────────────────────────────────────


def test_a_subscription_that_stops_waits_for_a_person(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    state = {"status": 500}
    receiver.script("/hook", lambda r: Reply(state["status"] if json.loads(r.body)["n"] == 2 else 200))
    delivery = ordered(retry={"schedule": ["50ms"], "exhausted": "stop"})
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    publish(topics, orders, range(6), ["a", "b"])
    until(lambda: running.metric("grapnel_disabled", subscription=names.subscription) == 1, "the stop")
    assert topics.count(names.dead_letters) == 0
    publish(topics, orders, range(6, 10), ["a", "b"])
    running.kill()
    running.start(ready=True)
    until(lambda: running.metric("grapnel_disabled", subscription=names.subscription) == 1, "the stop, remembered")
    seen = len(receiver.requests("/hook"))
    listed = program.command("subscriptions", "list", "-c", running.path, "-o", "json")
    row = json.loads(listed.stdout)
    assert (row["state"], row["reason"]) == ("disabled", "exhausted")
    state["status"] = 200
    done = program.command("subscriptions", "enable", names.subscription, "-c", running.path)
    assert done.returncode == 0, done.stderr
    until(lambda: {r["offset"] for r in results(0)} == set(range(10)), "all of them", 40)
    assert_in_order(receiver.requests("/hook"))
    assert len(receiver.requests("/hook")) > seen
    topics.wait_committed(names.group, orders)


def test_a_subscription_stops_at_what_a_breaker_kept_past_its_age(
    topics, orders, names, receiver, subscribe, grapnel
):
    receiver.script("/hook", Reply(503), Reply(200))
    retry = {"schedule": ["50ms"], "exhausted": "stop"}
    delivery = ordered(retry=retry, max_age="2s", breaker={"failures": 1, "pause": "4s"})
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    publish(topics, orders, range(3), ["a"])
    until(lambda: running.metric("grapnel_disabled", subscription=names.subscription) == 1, "the stop")
    assert by_key(receiver.requests("/hook")) == {"a": [0]}
    assert topics.count(names.dead_letters) == 0


@pytest.mark.parametrize("transactional", [False, True], ids=["each for itself", "in transactions"])
def test_the_attempt_at_which_it_stops_has_a_result(
    topics, orders, names, receiver, subscribe, grapnel, transactional
):
    receiver.script("/hook", Reply(500), Reply(502), Reply(200))
    delivery = ordered(retry={"schedule": ["50ms"], "exhausted": "stop"})
    running = grapnel(
        subscribe(orders, receiver.url("/hook"), delivery=delivery),
        results={"record": "attempts"},
        transactional=transactional,
    )
    publish(topics, orders, [0], ["a"])
    until(lambda: running.metric("grapnel_disabled", subscription=names.subscription) == 1, "the stop")

    def told():
        return [(m.key(), json.loads(m.value())) for m in topics.read(names.results)]

    until(lambda: any(row["status"] == 502 for _, row in told()), "the result of the last attempt")
    key, last = told()[-1]
    assert (key, last["outcome"], last["attempt"], last["next_attempt_at"]) == (b"a", "retrying", 2, None)
    assert (last["event_type"], last["error_kind"]) == (orders, "status")
    assert topics.committed(names.group, orders).get(0, 0) <= 0
    assert running.metric("grapnel_attempts_total", **{"class": "5xx"}) == 2

    done = program.command("subscriptions", "enable", names.subscription, "-c", running.path)
    assert done.returncode == 0, done.stderr
    topics.wait_committed(names.group, orders)
    assert [(row["outcome"], row["attempt"]) for _, row in told()][-1] == ("delivered", 1)
    assert running.stop() == 0


def test_an_event_that_can_not_be_sent_and_stops_has_a_result(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    delivery = ordered(retry={"exhausted": "stop"})
    subscription = subscribe(orders, receiver.url("/hook"), delivery=delivery, filter='.n | startswith("x")')
    running = grapnel(subscription, results={"record": "attempts"})
    publish(topics, orders, [0], ["a"])
    [row] = results(1)
    assert (row["outcome"], row["attempt"], row["error_kind"]) == ("retrying", 0, "filter")
    until(lambda: running.metric("grapnel_disabled", subscription=names.subscription) == 1, "the stop")


def test_a_result_that_is_refused_keeps_no_stop_from_being_remembered(
    topics, orders, names, receiver, subscribe, grapnel
):
    receiver.script("/hook", Reply(500))
    delivery = ordered(retry={"schedule": [], "exhausted": "stop"})
    running = grapnel(
        subscribe(orders, receiver.url("/hook"), delivery=delivery),
        results={"record": "attempts"},
        transactional=True,
    )
    topics.configure(names.results, **{"max.message.bytes": "1000"})
    publish(topics, orders, [0], ["k" * 2000])
    until(lambda: topics.count(names.state) > 0, "the state", 30)
    until(lambda: topics.read(names.state, 30), "its transaction", 30)
    assert running.metric("grapnel_disabled", subscription=names.subscription) == 1
    assert topics.count(names.dead_letters) == 0

"""Subscriptions that share a consumer group: one fetch, and each gets what it wants."""

import json

import pytest

from support.receiver import Hang, Reply
from support.wait import until


@pytest.fixture
def sharing(subscribe, receiver, names, unique):
    """sharing(topic, "a", "b", key=…): subscriptions of one group, with a path of the receiver each."""

    def make(topic, *paths, **keys):
        return [
            {**subscribe(topic, receiver.url(f"/{path}"), **keys), "name": f"{path}-{unique[-6:]}", "group": unique}
            for path in paths
        ]

    return make


def event(n, kind="order.created"):
    return json.dumps({"type": kind, "n": n})


def numbers(requests):
    return sorted(json.loads(r.body)["n"] for r in requests)


def test_each_gets_what_it_wants_and_one_group_reads(
    topics, orders, names, unique, receiver, sharing, grapnel, results
):
    a, b, c, d = sharing(orders, "a", "b", "c", "d")
    a["events"] = ["order.created"]
    b["events"] = ["order.*", "order.created"]  # both match: once all the same
    c["events"] = ["*.paid"]
    d["topics"] = [f"other-{unique}"]
    topics.create(f"other-{unique}")
    running = grapnel(a, b, c, d)
    topics.produce(orders, event(0), event(1, "order.paid"), event(2, "news"))
    topics.produce(f"other-{unique}", event(3))
    rows = results(5)
    assert numbers(receiver.requests("/a")) == [0]
    assert numbers(receiver.requests("/b")) == [0, 1]
    assert numbers(receiver.requests("/c")) == [1]
    assert numbers(receiver.requests("/d")) == [3]
    assert {r["outcome"] for r in rows} == {"delivered"}
    assert len({(r["id"], r["subscription"]) for r in rows}) == 5
    until(lambda: running.metric("grapnel_unmatched_total") == 1, "the one that nobody wanted")
    topics.wait_committed(names.group, orders)


def test_a_burst_to_receivers_that_answer_takes_no_detour(
    topics, orders, names, receiver, sharing, grapnel, results
):
    """More than there are places for, but no more than is sent in a moment."""
    running = grapnel(*sharing(orders, "a", "b", delivery={"in_flight": 8}))
    topics.produce(orders, *[event(n) for n in range(200)])
    results(400)
    for path in ("/a", "/b"):
        assert numbers(receiver.requests(path)) == list(range(200))
    assert not running.metric("grapnel_stored_total", topic="retries")


def test_a_dead_one_does_not_keep_the_others_waiting(
    topics, orders, names, receiver, sharing, grapnel, results
):
    """Its deliveries go to the retry topics, and the group's offset goes on."""
    receiver.script("/dead", Hang())
    dead, well = sharing(orders, "dead", "well", delivery={"timeout": "2s", "in_flight": 4})
    running = grapnel(dead, well)
    for first in range(0, 600, 100):
        topics.produce(orders, *[event(n) for n in range(first, first + 100)])
        receiver.wait(first + 100, "/well", seconds=5)
    assert numbers(receiver.requests("/well")) == list(range(600))
    until(lambda: topics.count(f"{names.retries}.5s") >= 400, "what is handed over", 30)
    receiver.script("/dead", Reply(200))
    topics.wait_committed(names.group, orders)
    until(lambda: len({r.id for r in receiver.requests("/dead") if r.at}) == 600, "all of them, later", 120)
    until(
        lambda: running.metric("grapnel_deliveries_total", outcome="delivered", subscription=dead["name"]) == 600,
        "all of them delivered",
        120,
    )
    assert topics.count(names.dead_letters) == 0


def test_what_can_not_be_decoded_is_everybodys_dead_letter(
    topics, orders, receiver, sharing, grapnel, dead_letters
):
    a, b = sharing(orders, "a", "b")
    text = {**sharing(orders, "text")[0], "format": "text"}
    grapnel(a, b, text)
    topics.produce(orders, b"{no json")
    letters = dead_letters(2)
    said = [dict(letter.headers()) for letter in letters]
    assert sorted(s["grapnel-subscription"].decode() for s in said) == [a["name"], b["name"]]
    assert {s["grapnel-reason"] for s in said} == {b"decode"}
    [request] = receiver.wait(1, "/text")
    assert request.body == b"{no json"


def test_each_has_a_filter_of_its_own(topics, orders, names, receiver, sharing, grapnel, results, dead_letters):
    """Also one that just one worker serves. A filter that fails is the dead letter of that one alone."""
    ours, jqs, fails, none = sharing(orders, "ours", "jqs", "fails", "none")
    ours["filter"] = ".n >= 10"
    jqs.update(filter="[.n] | add % 2 == 0", delivery={"in_flight": 1})
    fails["filter"] = '.type | startswith("order.")'
    running = grapnel(ours, jqs, fails, none, limits={"workers": 3})
    topics.produce(orders, *[event(n, "order.paid" if n == 7 else n) for n in range(20)])
    results(60)
    topics.wait_committed(names.group, orders)
    assert numbers(receiver.requests("/ours")) == list(range(10, 20))
    assert numbers(receiver.requests("/jqs")) == list(range(0, 20, 2))
    assert numbers(receiver.requests("/fails")) == [7]
    assert numbers(receiver.requests("/none")) == list(range(20))
    letters = [dict(letter.headers()) for letter in dead_letters(19)]
    assert {(s["grapnel-subscription"].decode(), s["grapnel-reason"]) for s in letters} == {(fails["name"], b"filter")}
    assert {r["event_type"] for r in results(60) if r["error_kind"] == "filter"} == {orders}
    for one, left_out in ((ours, 10), (jqs, 10), (fails, 0), (none, 0)):
        assert running.metric("grapnel_filtered_total", subscription=one["name"]) == left_out
    assert running.metric("grapnel_unmatched_total") == 0


def test_few_places_in_flight_are_kept_to(topics, unique, receiver, sharing, grapnel):
    """One place in flight, with more workers than that: only one of them serves the subscription."""
    orders = topics.create(f"orders-{unique}", partitions=4)
    receiver.script("/a", Reply(200, delay=0.05))
    receiver.script("/b", Reply(200, delay=0.05))
    a, b = sharing(orders, "a", "b", delivery={"in_flight": 1})
    grapnel(a, b, limits={"workers": 4})
    topics.produce(orders, *[event(n) for n in range(30)])
    for path in ("/a", "/b"):
        came = receiver.wait(30, path)
        for before, after in zip(came, came[1:]):
            assert after.at - before.at >= 0.045
        assert len({r.connection for r in came}) == 1


def test_what_finished_for_all_is_not_sent_again(topics, orders, names, receiver, sharing, grapnel, results):
    """A clean stop while one of two still waits for its next attempt."""
    receiver.script("/late", Reply(503))
    late, well = sharing(orders, "late", "well", delivery={"retry": {"schedule": ["8s"], "jitter": "0%"}})
    running = grapnel(late, well)
    topics.produce(orders, *[event(n) for n in range(20)])
    receiver.wait(20, "/late")
    receiver.wait(20, "/well")
    assert running.stop() == 0
    topics.wait_committed(names.group, orders)
    receiver.script("/late", Reply(200))
    running.start()
    receiver.wait(40, "/late", seconds=60)
    assert len(receiver.requests("/well")) == 20
    assert len(receiver.requests("/late")) == 40


def test_mistakes_in_groups_are_told(sharing, orders, configure, subscribe, receiver):
    from support import program

    a, b = sharing(orders, "a", "b")
    b["start"] = "latest"
    path, _ = configure(a, b)
    done = program.command("check", "-c", path)
    assert done.returncode == 1
    assert b"start: it is the group's" in done.stdout + done.stderr

"""Ways in which other systems lose events or send them twice at once, that no other test covers; see README.md."""

import collections
import json

from support.receiver import Raw, Reply
from support.reconcile import reconcile
from support.wait import until


def test_of_a_batch_that_fails_each_has_its_fate(
    topics, unique, names, chance, receiver, subscribe, grapnel, results
):
    """Some of what is taken at once is delivered, some tried again, some refused: none is swallowed."""
    orders = topics.create(f"orders-{unique}", partitions=3)
    answers = {}

    def answer(request):
        tried = answers.setdefault(request.id, [])
        tried.append(chance.choice([Reply(200), Reply(500), Reply(400), Raw(b"HTTP/1.1 200 Said\r\nCont")]))
        return tried[-1]

    receiver.script("/hook", answer)
    retry = {"schedule": ["50ms", "50ms"], "jitter": "0%"}
    running = grapnel(
        subscribe(orders, receiver.url("/hook"), delivery={"retry": retry, "breaker": {"failures": 1000, "pause": "1s"}})
    )
    topics.number(orders, 3, 1500)
    rows = results(1500, seconds=90)
    topics.wait_committed(names.group, orders)
    outcomes = {r["id"]: r["outcome"] for r in rows}
    assert len(outcomes) == len(rows) == 1500
    letters = collections.Counter(dict(m.headers())["grapnel-id"].decode() for m in topics.read(names.dead_letters))
    for id, tried in answers.items():
        statuses = [getattr(one, "status", None) for one in tried]
        assert len(tried) <= 3 and 200 not in statuses[:-1] and 400 not in statuses[:-1]
        assert outcomes[id] == ("delivered" if statuses[-1] == 200 else "dead-lettered")
        assert letters[id] == (statuses[-1] != 200)
    dead = sum(letters.values())
    expected = {names.subscription: {"matching": 1500, "delivered": 1500 - dead, "dead": dead}}
    assert reconcile(running.path)[:2] == (0, expected)


def test_one_offset_of_two_partitions_is_two_events(topics, unique, names, receiver, subscribe, grapnel, results):
    """A key to recognise duplicates by, without the partition, would take the second for the first."""
    orders = topics.create(f"orders-{unique}", partitions=4)
    other = topics.create(f"payments-{unique}", partitions=4)
    grapnel(subscribe([orders, other], receiver.url("/hook")))
    for topic in (orders, other):
        for partition in range(4):
            topics.produce(topic, '{"a":1}', partition=partition, key="same")
    receiver.wait(8, "/hook")
    assert {r.id for r in receiver.requests("/hook")} == {f"{t}-{p}-0" for t in (orders, other) for p in range(4)}
    assert len({(r["id"], r["topic"], r["partition"]) for r in results(8)}) == 8


def test_a_request_longer_than_the_group_waits(topics, unique, names, receiver, subscribe, instances):
    """Nobody else sends it meanwhile: that a request takes long is no sign that who sends it is dead."""
    orders = topics.create(f"orders-{unique}", partitions=2)
    receiver.script("/hook", Reply(200, delay=15))
    short = {"session.timeout.ms": 6000, "max.poll.interval.ms": 6000, "heartbeat.interval.ms": 500}
    both = instances(2, subscribe(orders, receiver.url("/hook"), delivery={"timeout": "30s"}), kafka=short)
    for one in both:
        one.start()
    until(
        lambda: all(i.metric("grapnel_assigned_partitions", subscription=names.subscription) == 1 for i in both),
        "a partition each",
        30,
    )
    for partition in (0, 1):
        topics.produce(orders, '{"a":1}', partition=partition)
    topics.wait_committed(names.group, orders, seconds=60)
    assert sorted(r.id for r in receiver.requests("/hook")) == [f"{orders}-0-0", f"{orders}-1-0"]
    assert sum(i.metric("grapnel_lost_partitions_total") for i in both) == 0


def test_each_letter_tells_whose_failure_it_was(topics, orders, names, receiver, subscribe, grapnel, dead_letters):
    """The receiver's failures and what is wrong with the event itself have one topic, and a reason each."""
    receiver.script("/hook", lambda r: Reply(400) if json.loads(r.body)["n"] == 1 else Reply(200))
    request = {"headers": {"X-N": "{{ .n }}"}}
    grapnel(subscribe(orders, receiver.url("/hook"), request=request, filter=".n < 100"))
    topics.produce(orders, '{"n":0}', '{"n":1}', "no json", '{"m":1}', '{"n":200}')
    named = [dict(m.headers()) for m in dead_letters(3)]
    told = {(int(h["grapnel-source-offset"]), h["grapnel-reason"], h["grapnel-attempts"]) for h in named}
    assert told == {(1, b"status", b"1"), (2, b"decode", b"0"), (3, b"render", b"0")}
    topics.wait_committed(names.group, orders)

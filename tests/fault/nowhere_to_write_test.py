"""No right to write, and topics that are deleted or missing: no commit, nothing more taken, said clearly
on /readyz and in the log; and it goes on by itself."""

import contextlib
import json

import pytest

from acl import AUTHORIZER, denied
from cluster import Cluster
from support.receiver import Reply
from support.reconcile import reconcile
from support.topics import Topics
from support.wait import until

QUICK = {"topic.metadata.refresh.interval.ms": 1000}


@pytest.fixture(scope="module")
def kafka():
    with Cluster(properties=AUTHORIZER) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def topics(kafka):
    return Topics(kafka.bootstrap)


def events(first, count):
    return [json.dumps({"n": n}) for n in range(first, first + count)]


@contextlib.contextmanager
def nothing_taken(running, topics, names, orders, why):
    """While the block's trouble lasts: /readyz and the log say so, nothing is committed, nothing more taken."""
    until(lambda: running.get("/readyz")[0] == 503, "/readyz to say no", 60)
    until(lambda: why in running.log(), lambda: f"{why!r} in the log:\n{running.log()[-2000:]}", 60)
    assert b"does not store results and dead letters" in running.get("/readyz")[1]
    until(
        lambda: running.metric("grapnel_paused_partitions") == running.metric("grapnel_assigned_partitions"),
        "all partitions to pause",
    )
    committed = topics.committed(names.group, orders)
    taken = running.metric("grapnel_records_total")
    topics.produce(orders, *events(1000, 1000))
    failures = running.metric("grapnel_store_failures_total")
    # Some tries later …
    until(lambda: running.metric("grapnel_store_failures_total") > failures + 3, "tries to write", 60)
    assert topics.committed(names.group, orders) == committed
    assert running.metric("grapnel_records_total") == taken
    assert running.get("/readyz")[0] == 503
    assert running.log().count(why) <= 10
    yield


# What is written where: the topic, and how the receiver answers.
WRITTEN = {
    "results": (lambda names: names.results, Reply(200), []),
    "dead letters": (lambda names: names.dead_letters, Reply(400), []),
    "retries": (lambda names: f"{names.retries}.11s", Reply(503), ["11s"]),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_no_right_to_write(kafka, topics, orders, names, receiver, subscribe, grapnel, what):
    topic, answer, schedule = WRITTEN[what]
    receiver.script("/hook", answer if what == "retries" else Reply(200))
    delivery = {"retry": {"schedule": schedule, "jitter": "0%"}, "breaker": {"failures": 1000, "pause": "1s"}}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery), kafka=QUICK)
    if what != "retries":
        topics.produce(orders, *events(0, 10))
        topics.wait_committed(names.group, orders)
        receiver.script("/hook", answer)
    [broker] = kafka.brokers
    with denied(broker, "write", topic(names)):
        topics.produce(orders, *events(10, 10))
        with nothing_taken(running, topics, names, orders, topic(names)):
            assert "authorization failed" in running.log()
        receiver.script("/hook", Reply(200))
    running.wait_ready(60)
    topics.wait_committed(names.group, orders, seconds=60)
    prove(running, topics, orders, names, receiver, tried_again=what == "retries")


def test_no_right_to_write_from_the_start(kafka, topics, orders, names, receiver, subscribe, grapnel):
    topics.create(names.results)
    topics.produce(orders, *events(0, 50))
    [broker] = kafka.brokers
    with denied(broker, "write", names.results):
        running = grapnel(subscribe(orders, receiver.url("/hook")), kafka=QUICK, ready=False)
        with nothing_taken(running, topics, names, orders, names.results):
            assert topics.committed(names.group, orders) == {}
    running.wait_ready(60)
    topics.wait_committed(names.group, orders, seconds=60)
    prove(running, topics, orders, names, receiver)


def test_no_right_to_write_anything(kafka, topics, orders, names, receiver, subscribe, grapnel):
    """Kafka then refuses the producer itself, which librdkafka takes for final."""
    why = "the producer has failed for good"
    topics.produce(orders, *events(0, 50))
    [broker] = kafka.brokers
    with denied(broker, "write", "*"), denied(broker, "idempotent_write", "kafka-cluster", "cluster"):
        running = grapnel(subscribe(orders, receiver.url("/hook")), kafka=QUICK, ready=False)
        until(lambda: why in running.log(), lambda: running.log()[-2000:], 60)
        until(lambda: running.get("/readyz")[0] == 503, "/readyz to say no", 60)
        until(lambda: running.log().count(why) >= 2, lambda: running.log()[-2000:], 60)
        assert topics.committed(names.group, orders) == {}
    running.wait_ready(60)
    topics.wait_committed(names.group, orders, seconds=60)
    prove(running, topics, orders, names, receiver)


@pytest.mark.parametrize("resource", ["topic", "group"])
def test_no_right_to_read(kafka, topics, orders, names, receiver, subscribe, grapnel, resource):
    running = grapnel(subscribe(orders, receiver.url("/hook")), kafka=QUICK)
    topics.produce(orders, *events(0, 10))
    topics.wait_committed(names.group, orders)
    [broker] = kafka.brokers
    with denied(broker, "read", orders if resource == "topic" else names.group, resource):
        until(lambda: "authorization failed" in running.log(), "a word about it", 60)
        topics.produce(orders, *events(10, 10))
    topics.produce(orders, *events(20, 10))
    topics.wait_committed(names.group, orders, seconds=90)
    prove(running, topics, orders, names, receiver, may_be_twice=20)


def test_committed_offsets_that_can_not_be_read(kafka, topics, unique, names, receiver, subscribe, instances):
    """Partitions come of which it can't be told where they go on: they wait, and then go on from there."""
    orders = topics.create(f"orders-{unique}", partitions=4)
    quick = QUICK | {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500}
    first, second = [i.start() for i in instances(2, subscribe(orders, receiver.url("/hook")), kafka=quick)]
    assigned = lambda i: i.metric("grapnel_assigned_partitions", group=names.group)
    until(lambda: assigned(first) == assigned(second) == 2, "two partitions each", 30)
    topics.number(orders, 4, 400)
    topics.wait_committed(names.group, orders)
    [broker] = kafka.brokers
    with denied(broker, "describe", names.group, "group"), denied(broker, "write", names.results):
        topics.number(orders, 4, 40, first=400)
        for one in (first, second):
            until(lambda: one.get("/readyz")[0] == 503, "/readyz to say no", 60)
        second.kill()
        until(lambda: assigned(first) == 4, "its partitions", 30)
        until(lambda: "committed offsets can't be read" in first.log(), "a word about it", 30)
    topics.number(orders, 4, 400, first=440)
    topics.wait_committed(names.group, orders, seconds=60)
    came = [r.id for r in receiver.requests("/hook")]
    assert len(set(came)) == 840
    assert len(came) <= 840 + 20  # what the dead one had delivered and could not tell
    code, counts, said = reconcile(first.path)
    assert (code, counts[names.subscription]["matching"], counts[names.subscription]["delivered"]) == (0, 840, 840), said


def prove(running, topics, orders, names, receiver, may_be_twice=0, tried_again=False):
    expected = {f"{orders}-0-{o}" for o in range(topics.count(orders))}
    until(lambda: {r.id for r in receiver.requests("/hook")} >= expected, "all of them", 60)
    assert {r.id for r in receiver.requests("/hook")} == expected
    if not tried_again:
        assert len(receiver.requests("/hook")) <= len(expected) + may_be_twice

    def nothing_under_way():
        code, counts, said = reconcile(running.path)
        assert code == 0, said
        return counts if not counts[names.subscription].pop("under_way", 0) else None

    counts = until(nothing_under_way, "the retries", 60, every=1)[names.subscription]
    ended = counts.get("delivered", 0) + counts.get("dead", 0)
    assert counts["matching"] == ended == len(expected)
    assert counts.get("twice", 0) <= may_be_twice


# ── topics ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("what", WRITTEN)
def test_a_topic_is_deleted_and_may_not_be_made(topics, orders, names, receiver, subscribe, grapnel, what):
    """topics.create: false. A person makes it again."""
    topic, answer, schedule = WRITTEN[what]
    for needed in (names.results, names.dead_letters, names.state, f"{names.retries}.5s", f"{names.retries}.11s"):
        topics.create(needed)
    receiver.script("/hook", answer)
    delivery = {"retry": {"schedule": schedule or ["11s"], "never": [400], "jitter": "0%"}}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery), kafka=QUICK, topics={"create": False})
    topics.produce(orders, *events(0, 10))
    topics.wait_committed(names.group, orders)
    topics.delete(topic(names))
    topics.produce(orders, *events(10, 10))
    until(lambda: running.get("/readyz")[0] == 503, "/readyz to say no", 60)
    until(lambda: topic(names) in running.log(), "a word about the topic", 60)
    committed, taken = topics.committed(names.group, orders), running.metric("grapnel_records_total")
    assert committed == {0: 10}
    topics.produce(orders, *events(1000, 1000))
    until(lambda: "waiting for Kafka" in running.log(), "what it waits for", 90)
    assert (topics.committed(names.group, orders), running.metric("grapnel_records_total")) == (committed, taken)
    receiver.script("/hook", Reply(200))
    topics.create(topic(names))
    running.wait_ready(60)
    topics.wait_committed(names.group, orders, seconds=60)
    expected = {f"{orders}-0-{o}" for o in range(1020)}
    until(lambda: {r.id for r in receiver.requests("/hook")} == expected, "all of them", 60)


def test_a_source_is_missing_and_comes(topics, unique, names, receiver, subscribe, grapnel):
    running = grapnel(subscribe(f"orders-{unique}", receiver.url("/hook")), kafka=QUICK, ready=False)
    until(lambda: names.group.encode() in running.get("/readyz")[1], "the group that waits, on /readyz", 60)
    assert b"waits for its topics" in running.get("/readyz")[1]
    until(lambda: f"orders-{unique}" in running.log(), "the topic, in the log", 60)
    orders = topics.create(f"orders-{unique}")
    topics.produce(orders, *events(0, 20))
    running.wait_ready(60)
    topics.wait_committed(names.group, orders, seconds=60)
    prove(running, topics, orders, names, receiver)


@pytest.mark.parametrize("when", ["at once", "later"])
def test_a_source_is_deleted_and_made_again(topics, orders, names, receiver, subscribe, grapnel, when):
    """What is published to the new one is delivered, from its beginning; ids begin anew with it."""
    running = grapnel(subscribe(orders, receiver.url("/hook")), kafka=QUICK)
    topics.produce(orders, *events(0, 50))
    topics.wait_committed(names.group, orders)
    topics.delete(orders)
    if when == "later":
        until(lambda: running.metric("grapnel_assigned_partitions", group=names.group) == 0, "the loss", 60)
    topics.create(orders)
    topics.produce(orders, *events(100, 20))
    came = lambda: {json.loads(r.body)["n"] for r in receiver.requests("/hook")}
    until(lambda: came() == {*range(50), *range(100, 120)}, lambda: f"all: {came()}\n{running.log()[-3000:]}", 60)
    until(lambda: topics.committed(names.group, orders) == {0: 20}, "the commit", 60)
    assert running.get("/readyz")[0] == 200
    code, counts, said = reconcile(running.path)
    assert code == 0, said
    assert (counts[names.subscription]["matching"], counts[names.subscription]["delivered"]) == (20, 20)


def test_a_source_is_deleted_before_its_group_begins(kafka, topics, orders, names, receiver, subscribe, grapnel):
    """It is not waited for, and one that is made later is read from its beginning."""
    topics.produce(orders, '"old"', '"old"')
    [broker] = kafka.brokers
    with denied(broker, "read", names.group, "group"):
        running = grapnel({**subscribe(orders, receiver.url("/hook")), "start": "latest"}, kafka=QUICK, ready=False)
        until(lambda: "offsets can't be committed" in running.log(), lambda: running.log()[-2000:], 60)
        topics.delete(orders)
    until(lambda: "gone before the group has begun" in running.log(), lambda: running.log()[-2000:], 60)
    topics.create(orders)
    topics.produce(orders, '"1"', '"2"', '"3"')
    came = lambda: sorted(r.body for r in receiver.requests("/hook"))
    until(lambda: came() == [b'"1"', b'"2"', b'"3"'], lambda: f"all: {came()}\n{running.log()[-2000:]}", 60)
    running.wait_ready()

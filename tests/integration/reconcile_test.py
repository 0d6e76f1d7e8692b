"""`grapnel reconcile`: every record of the sources against what became of it."""

import json

import pytest

from support import program
from support.receiver import Reply
from support.reconcile import reconcile
from support.wait import until

ONCE = {"retry": {"schedule": []}}
def events(count, kind="order.created"):
    return [json.dumps({"type": kind, "n": n}) for n in range(count)]


@pytest.fixture
def withhold(topics):
    """Makes the topic anew with all its records but those for which `which` says so."""

    def without(topic, which):
        kept = [m for m in topics.read(topic) if not which(m)]
        topics.delete(topic)
        topics.create(topic)
        for message in kept:
            topics.produce(topic, message.value(), key=message.key(), headers=message.headers())
        return topic

    return without


def test_all_that_was_delivered_or_died_is_found(
    topics, names, receiver, subscribe, grapnel, unique, results
):
    source = topics.create(f"orders-{unique}", partitions=3)
    receiver.script("/down", Reply(500))
    running = grapnel(
        subscribe(source, receiver.url("/up"), events=["order.created"]),
        subscribe(source, receiver.url("/down"), delivery=ONCE) | {"name": f"{unique}-down"},
        subscribe(source, receiver.url("/up"), events=["nothing.of.this"]) | {"name": f"{unique}-none"},
    )
    topics.produce(source, *events(60), *events(30, "order.paid"), "no JSON", None)
    results(60 + 1 + 90 + 1 + 1)  # what is no JSON is a dead letter of each of the three
    for name in [unique, f"{unique}-down", f"{unique}-none"]:
        topics.wait_committed(f"grapnel.{name}", source)
    expected = {
        unique: {"matching": 61, "delivered": 60, "dead": 1},
        f"{unique}-down": {"matching": 91, "dead": 91},
        f"{unique}-none": {"matching": 1, "dead": 1},
    }
    assert reconcile(running.path) == (0, expected, "")
    assert reconcile(running.path, "-s", unique) == (0, {unique: expected[unique]}, "")
    table = program.command("reconcile", "-c", running.path).stdout.decode().splitlines()
    assert table[0].split() == ["SUBSCRIPTION", "MATCHING", "DELIVERED", "DEAD", "UNDER", "WAY", "MISSING", "TWICE"]
    assert table[1].split() == [unique, "61", "60", "1", "0", "0", "0"]


def test_a_result_that_is_withheld_is_missing(
    topics, orders, names, receiver, subscribe, grapnel, results, withhold
):
    running = grapnel(subscribe(orders, receiver.url("/hook")))
    topics.produce(orders, *events(40))
    results(40)
    topics.wait_committed(names.group, orders)
    assert running.stop() == 0
    withhold(names.results, lambda m: json.loads(m.value())["offset"] in (7, 31))
    code, counts, said = reconcile(running.path)
    assert (code, counts) == (1, {names.subscription: {"matching": 40, "delivered": 38, "missing": 2}})
    for offset in (7, 31):
        assert f"missing: topic {orders}, partition 0, offset {offset}\n" in said

    topics.delete(names.results)
    code, counts, said = reconcile(running.path)
    assert (code, counts) == (1, {names.subscription: {"matching": 40, "missing": 40}})
    assert f"there is no topic {names.results}" in said and "and 20 more are missing" in said


def test_what_is_not_finished_is_under_way(topics, orders, names, receiver, subscribe, grapnel, results):
    receiver.script("/hook", Reply(200), Reply(503))
    later = {"retry": {"schedule": ["1h"], "jitter": "0%"}}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=later | {"in_flight": 1}))
    topics.produce(orders, *events(5))
    results(1)
    topics.wait(f"{names.retries}.1h", 4)
    topics.wait_committed(names.group, orders)
    assert running.stop() == 0
    topics.produce(orders, *events(3))
    expected = {names.subscription: {"matching": 8, "delivered": 1, "under_way": 7}}
    assert reconcile(running.path) == (0, expected, "")


def test_what_finished_above_the_commit_counts_as_finished(
    topics, orders, names, receiver, subscribe, grapnel, results, withhold
):
    receiver.script("/hook/0", Reply(503))
    request = {"url": receiver.url("/hook/{{ .n }}")}
    waits = {"retry": {"schedule": ["9s"] * 9, "jitter": "0%"}}
    running = grapnel(subscribe(orders, receiver.url("/"), request=request, delivery=waits),
                      shutdown_grace="0s")
    topics.produce(orders, *events(10))
    results(9)
    until(lambda: topics.committed(names.group, orders).get(0) == 0, "a commit below the first")
    running.kill()
    expected = {names.subscription: {"matching": 10, "delivered": 9, "under_way": 1}}
    assert reconcile(running.path) == (0, expected, "")
    withhold(names.results, lambda m: json.loads(m.value())["offset"] == 5)
    expected = {names.subscription: {"matching": 10, "delivered": 8, "under_way": 1, "missing": 1}}
    assert reconcile(running.path)[:2] == (1, expected)


def test_a_replayed_letter_has_two_final_results(topics, orders, names, receiver, subscribe, grapnel, results):
    receiver.script("/hook", Reply(500), Reply(200))
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=ONCE))
    topics.produce(orders, *events(1))
    results(1)
    topics.wait_committed(names.group, orders)
    assert reconcile(running.path) == (0, {names.subscription: {"matching": 1, "dead": 1}}, "")
    assert running.stop() == 0
    assert program.command("dead-letters", "replay", "-c", running.path).returncode == 0
    assert reconcile(running.path) == (0, {names.subscription: {"matching": 1, "under_way": 1}}, "")
    running.start()
    results(2, seconds=40)
    expected = {names.subscription: {"matching": 1, "delivered": 1, "twice": 1}}
    assert reconcile(running.path) == (0, expected, "")


def test_a_range_is_that_of_the_records(topics, orders, names, receiver, subscribe, grapnel, results):
    running = grapnel(subscribe(orders, receiver.url("/hook")))
    for second in range(10):
        topics.produce(orders, *events(1), timestamp_ms=1700000000000 + 1000 * second)
    results(10)
    topics.wait_committed(names.group, orders)
    args = ["--since", "2023-11-14T22:13:22Z", "--until", "2023-11-14T22:13:27Z"]
    assert reconcile(running.path, *args) == (0, {names.subscription: {"matching": 5, "delivered": 5}}, "")
    assert reconcile(running.path, "--since", "1h") == (0, {names.subscription: {}}, "")


def test_what_cannot_be_proven_is_said(topics, orders, names, receiver, subscribe, grapnel, dead_letters):
    receiver.script("/hook", Reply(500), Reply(200))
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=ONCE), topics={"results": None})
    topics.produce(orders, *events(5))
    receiver.wait(5, "/hook")
    topics.wait_committed(names.group, orders)
    code, counts, said = reconcile(running.path)
    assert (code, counts) == (1, {names.subscription: {"matching": 5, "dead": 1, "unproven": 4}})
    assert "with topics.results: null a delivery leaves no record" in said


def test_what_came_before_a_start_at_latest_is_not_missing(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    topics.produce(orders, *events(20))
    running = grapnel(subscribe(orders, receiver.url("/hook"), start="latest"))
    topics.produce(orders, *events(5))
    results(5)
    topics.wait_committed(names.group, orders)
    code, counts, said = reconcile(running.path)
    assert (code, counts) == (0, {names.subscription: {"matching": 5, "delivered": 5}})
    assert "20 records before its first outcome are not counted" in said
    code, counts, _ = reconcile(running.path, "--since", "1d")
    assert (code, counts[names.subscription]["missing"]) == (1, 20)


def test_own_topics_are_no_sources_of_a_pattern(topics, names, receiver, subscribe, grapnel, unique):
    source = topics.create(f"{unique}-orders")
    receiver.script("/gone", Reply(410))
    receiver.script("/down", Reply(503))
    later = {"retry": {"schedule": ["1h"], "jitter": "0%"}}
    running = grapnel(
        subscribe(f"^{unique}.*", receiver.url("/hook")),
        subscribe(source, receiver.url("/gone")) | {"name": f"{unique}-gone"},
        subscribe(source, receiver.url("/down"), delivery=later) | {"name": f"{unique}-down"},
        kafka={"topic.metadata.refresh.interval.ms": 300},
    )
    topics.produce(source, *events(3))
    for own in (names.dead_letters, names.state, names.results, f"{names.retries}.1h"):
        topics.wait(own, 1)
    topics.produce(topics.create(f"{unique}-later"), *events(1))
    receiver.wait(4, "/hook")
    topics.wait_committed(names.group, f"{unique}-later")
    topics.wait_committed(names.group, source)
    assert reconcile(running.path, "-s", unique) == (0, {unique: {"matching": 4, "delivered": 4}}, "")
    assert len(receiver.wait(4, "/hook")) == 4


def test_with_a_start_at_a_time_older_records_of_later_partitions_count(
    topics, orders, names, receiver, subscribe, grapnel, results, withhold
):
    noon = 1735732800000  # 2025-01-01T12:00:00Z
    topics.produce(orders, *events(7), timestamp_ms=noon - 1)
    topics.produce(orders, *events(1), timestamp_ms=noon)
    running = grapnel(subscribe(orders, receiver.url("/hook"), start="2025-01-01T12:00:00Z"),
                      kafka={"topic.metadata.refresh.interval.ms": 300})
    results(1)
    topics.wait_committed(names.group, orders)
    assert reconcile(running.path) == (0, {names.subscription: {"matching": 1, "delivered": 1}}, "")
    topics.add_partitions(orders, 2)
    topics.produce(orders, *events(3), partition=1, timestamp_ms=noon - 5)
    results(4)
    topics.wait_committed(names.group, orders)
    assert reconcile(running.path) == (0, {names.subscription: {"matching": 4, "delivered": 4}}, "")
    assert running.stop() == 0
    withhold(names.results, lambda m: json.loads(m.value())["offset"] == 1)
    expected = {names.subscription: {"matching": 4, "delivered": 3, "missing": 1}}
    assert reconcile(running.path)[:2] == (1, expected)
    expected = {names.subscription: {"matching": 11, "delivered": 3, "missing": 8}}
    assert reconcile(running.path, "--since", "2025-01-01")[:2] == (1, expected)


@pytest.mark.parametrize("stamped_by", ["CreateTime", "LogAppendTime"])
@pytest.mark.parametrize("form", ["json", "failures", "none"])
def test_an_outcome_is_no_proof_of_a_topic_made_again(
    topics, names, receiver, subscribe, grapnel, unique, dead_letters, stamped_by, form
):
    kind = {"message.timestamp.type": stamped_by}
    source = topics.create(f"orders-{unique}", **kind)
    if form != "json":
        receiver.script("/hook", Reply(500))
    options = {"json": {}, "failures": {"results": {"record": "failures"}}, "none": {"topics": {"results": None}}}
    running = grapnel(subscribe(source, receiver.url("/hook"), delivery=ONCE), **options[form])
    topics.produce(source, *events(4))
    topics.wait_committed(names.group, source)
    state = "delivered" if form == "json" else "dead"
    assert reconcile(running.path) == (0, {unique: {"matching": 4, state: 4}}, "")
    assert running.stop() == 0
    topics.delete(source)
    topics.create(source, **kind)
    topics.produce(source, *events(4))
    assert reconcile(running.path) == (0, {unique: {"matching": 4, "under_way": 4}}, "")
    topics.commit(names.group, source, 4)
    lost = "missing" if form == "json" else "unproven"
    assert reconcile(running.path)[:2] == (1, {unique: {"matching": 4, lost: 4}})
    topics.produce(source, *events(4))
    running.start()
    topics.wait_committed(names.group, source)
    assert reconcile(running.path)[:2] == (1, {unique: {"matching": 8, lost: 4, state: 4}})


def test_mistakes_and_a_kafka_that_is_not_there_are_told(configure):
    subscription = {"name": "orders", "topics": ["orders"], "request": {"url": "http://127.0.0.1:9/"}}
    path, _ = configure(subscription, kafka={"bootstrap.servers": "127.0.0.1:1"})
    code, _, said = reconcile(path, "-s", "gone")
    assert code == 1 and "no subscription 'gone'" in said
    assert reconcile(path, "--since", "soon")[0] == 2
    code, _, said = reconcile(path)  # which waits for half a minute at most
    assert code == 3 and "refused" in said


def test_nothing_seems_missing_beside_a_running_instance(
    topics, names, receiver, subscribe, grapnel, unique
):
    source = topics.create(f"orders-{unique}", partitions=4)
    receiver.script("/some", *[Reply(200), Reply(503), Reply(400)] * 20, Reply(200))
    quick = {"retry": {"schedule": ["50ms", "11s"]}}
    running = grapnel(
        subscribe(source, receiver.url("/all")),
        subscribe(source, receiver.url("/some"), delivery=quick) | {"name": f"{unique}-some"},
    )
    topics.produce(source, *events(5000))
    shares = []
    for _ in range(30):
        code, counts, said = reconcile(running.path)
        assert code == 0, (counts, said)
        assert all(c["matching"] == 5000 for c in counts.values())
        shares.append(sum(c.get("under_way", 0) for c in counts.values()))
        if shares[-1] == 0:
            break
    assert shares[-1] == 0 or shares[-1] < shares[0]

"""transactional: what is written of a record, and the offset behind it, in one Kafka transaction."""

import collections
import json

from support.receiver import Reply
from support.wait import until

PARTITIONS = 6
QUICK = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 500}
TOGETHER = {"transactional": True}


def finals(topics, names):
    """How often each record and subscription has a final result, as read_committed sees it."""
    rows = [json.loads(m.value()) for m in topics.read(names.results)]
    return collections.Counter(
        (r["subscription"], r["topic"], r["partition"], r["offset"]) for r in rows if r["outcome"] != "retrying"
    )


def wait_finals(topics, names, count, seconds=60):
    until(
        lambda: len(finals(topics, names)) >= count,
        lambda: f"{count} final results, there are {len(finals(topics, names))}",
        seconds,
        every=0.5,
    )
    return finals(topics, names)


def aborted(running):
    return running.metric("grapnel_transactions_total", result="failed")


def test_results_dead_letters_and_offsets_come_together(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters
):
    receiver.script("/hook", Reply(200), Reply(400), Reply(200))
    running = grapnel(subscribe(orders, receiver.url("/hook")), **TOGETHER)
    topics.produce(orders, '{"n":1}', '{"n":2}', '{"n":3}', "not json")
    counts = wait_finals(topics, names, 4)
    topics.wait_committed(names.group, orders)
    assert set(counts.values()) == {1}
    assert len(topics.read(names.dead_letters)) == 2
    assert running.metric("grapnel_transactions_total", result="ok") >= 1
    assert aborted(running) == 0
    assert running.stop() == 0
    assert topics.committed(names.group, orders) == {0: 4}


def test_records_that_nothing_is_written_of_are_committed(
    topics, orders, names, receiver, subscribe, grapnel
):
    running = grapnel(subscribe(orders, receiver.url("/hook"), events=["wanted"]), **TOGETHER)
    topics.produce(orders, '{"type":"other"}', '{"type":"other"}')
    topics.wait_committed(names.group, orders)
    assert running.stop() == 0
    assert finals(topics, names) == {}


def test_a_retry_is_handed_over_once(topics, orders, names, receiver, subscribe, grapnel):
    receiver.script("/hook", Reply(503), Reply(200))
    later = {"retry": {"schedule": ["11s"], "jitter": "0%"}}
    running = grapnel(
        subscribe(orders, receiver.url("/hook"), delivery=later), results={"record": "attempts"}, **TOGETHER
    )
    topics.produce(orders, '{"n":1}')
    receiver.wait(2, "/hook", seconds=40)
    [count] = wait_finals(topics, names, 1).values()
    assert count == 1
    assert len(topics.read(f"{names.retries}.11s")) == 1
    rows = [json.loads(m.value()) for m in topics.read(names.results)]
    assert [(r["attempt"], r["outcome"]) for r in rows] == [(1, "retrying"), (2, "delivered")]
    assert running.stop() == 0


def test_several_of_a_lane_are_finished_together(topics, unique, names, receiver, subscribe, grapnel):
    orders = topics.create(f"orders-{unique}", partitions=PARTITIONS)
    subs = [
        {**subscribe(orders, receiver.url(f"/{n}")), "name": f"{n}-{unique[-6:]}", "group": "lane-" + unique[-6:]}
        for n in ("one", "two", "three")
    ]
    running = grapnel(*subs, **TOGETHER)
    topics.number(orders, PARTITIONS, 600)
    counts = wait_finals(topics, names, 1800)
    assert len(counts) == 1800 and set(counts.values()) == {1}
    topics.wait_committed(f"grapnel.lane-{unique[-6:]}", orders)
    assert running.stop() == 0
    assert len(receiver.requests()) == 1800


def test_a_clean_rebalance_sends_and_writes_nothing_twice(
    topics, unique, names, receiver, subscribe, grapnel
):
    orders = topics.create(f"orders-{unique}", partitions=PARTITIONS)
    subscription = subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 32})
    first = grapnel(subscription, kafka=QUICK, **TOGETHER)
    topics.number(orders, PARTITIONS, 3000)
    receiver.wait(300, "/hook")
    second = grapnel(subscription, kafka=QUICK, **TOGETHER)
    holds = lambda: second.metric("grapnel_assigned_partitions", subscription=names.subscription)
    until(lambda: holds() == PARTITIONS // 2, "half of the partitions")
    topics.number(orders, PARTITIONS, 3000, first=3000)
    receiver.wait(3300, "/hook", seconds=60)
    assert first.stop() == 0
    receiver.wait(6000, "/hook", seconds=60)
    topics.wait_committed(names.group, orders, seconds=60)
    assert second.stop() == 0
    counts = finals(topics, names)
    assert len(counts) == 6000 and set(counts.values()) == {1}
    assert len(receiver.requests("/hook")) == 6000


def test_killed_again_and_again_each_record_has_one_result(
    topics, unique, names, receiver, subscribe, grapnel
):
    """Requests may come twice; what is written to Kafka does not."""
    orders = topics.create(f"orders-{unique}", partitions=PARTITIONS)
    subscription = subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 64})
    running = grapnel(subscription, kafka=QUICK, **TOGETHER)
    topics.number(orders, PARTITIONS, 6000)
    for wanted in (1000, 2500, 4000):
        receiver.wait(wanted, "/hook", seconds=90)
        running.kill()
        running.start(ready=False)
    until(lambda: len({r.id for r in receiver.requests("/hook")}) == 6000, "all of them", 120)
    topics.wait_committed(names.group, orders, seconds=90)
    assert running.stop() == 0
    counts = wait_finals(topics, names, 6000)  # Kafka aborts what the killed ones had begun
    assert len(counts) == 6000 and set(counts.values()) == {1}


def test_an_instance_with_a_name_fences_off_what_it_was(topics, orders, names, receiver, subscribe, grapnel):
    named = {**QUICK, "group.instance.id": names.subscription}
    running = grapnel(subscribe(orders, receiver.url("/hook")), kafka=named, **TOGETHER)
    topics.produce(orders, *(json.dumps({"n": n}) for n in range(200)))
    receiver.wait(100, "/hook")
    running.kill()
    running.start()
    until(lambda: len({r.id for r in receiver.requests("/hook")}) == 200, "all of them", 60)
    topics.wait_committed(names.group, orders, seconds=60)
    counts = finals(topics, names)
    assert len(counts) == 200 and set(counts.values()) == {1}


def test_kafka_goes_and_comes_back(outage, names):
    topics, running, broker = outage(**TOGETHER)
    counts = finals(topics, names)
    assert len(counts) == 500 and set(counts.values()) == {1}
    running.wait_ready()
    broker.kill()
    until(lambda: running.get("/readyz")[0] == 503, "/readyz to say no", seconds=60)
    assert running.stop() == 0


def test_a_record_that_kafka_refuses_holds_up_no_other(topics, orders, names, receiver, subscribe, grapnel):
    topics.create(names.dead_letters, **{"max.message.bytes": "2000"})
    running = grapnel(subscribe(orders, receiver.url("/hook")), **TOGETHER)
    topics.produce(orders, "not JSON " * 1000, '{"n":1}')
    receiver.wait(1, "/hook")
    until(lambda: running.metric("grapnel_refused_writes") == 1, "a refused write")
    topics.produce(orders, *[json.dumps({"n": n}) for n in range(100)])
    receiver.wait(101, "/hook")
    assert set(wait_finals(topics, names, 101).values()) == {1}
    assert topics.committed(names.group, orders).get(0, 0) == 0  # it is not given up either
    assert running.stop() == 0


def test_a_results_topic_that_is_deleted_is_made_again(topics, orders, names, receiver, subscribe, grapnel):
    grapnel(subscribe(orders, receiver.url("/hook")), **TOGETHER)
    topics.produce(orders, '{"n":1}')
    wait_finals(topics, names, 1)
    topics.wait_committed(names.group, orders)
    topics.delete(names.results)
    topics.produce(orders, '{"n":2}')
    assert list(wait_finals(topics, names, 1)) == [(names.subscription, orders, 0, 1)]
    topics.wait_committed(names.group, orders)

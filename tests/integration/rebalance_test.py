"""Instances come and go: nothing is missing, and nothing that ended is sent again."""

from support.wait import until

PARTITIONS = 6
QUICK = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 500}


def assigned(running, names):
    return running.metric("grapnel_assigned_partitions", subscription=names.subscription)


def test_a_clean_rebalance_sends_nothing_twice(
    topics, unique, names, receiver, subscribe, grapnel, results
):
    orders = topics.create(f"orders-{unique}", partitions=PARTITIONS)
    subscription = subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 32})
    first = grapnel(subscription, kafka=QUICK)
    topics.number(orders, PARTITIONS, 3000)
    receiver.wait(300, "/hook")
    second = grapnel(subscription, kafka=QUICK)
    until(lambda: assigned(second, names) == PARTITIONS // 2, "half of the partitions")
    topics.number(orders, PARTITIONS, 3000, first=3000)
    receiver.wait(3300, "/hook", seconds=60)
    assert first.stop() == 0
    until(lambda: assigned(second, names) == PARTITIONS, "all partitions")
    receiver.wait(6000, "/hook", seconds=60)
    topics.wait_committed(names.group, orders, seconds=60)
    assert second.stop() == 0
    came = receiver.requests("/hook")
    assert len({r.id for r in came}) == 6000
    assert len(came) == 6000
    assert len({(r["partition"], r["offset"]) for r in results(6000)}) == 6000


def test_partitions_that_come_back_are_read_on(topics, unique, names, receiver, subscribe, grapnel):
    orders = topics.create(f"orders-{unique}", partitions=PARTITIONS)
    subscription = subscribe(orders, receiver.url("/hook"))
    first = grapnel(subscription, kafka=QUICK)
    second = grapnel(subscription, kafka=QUICK)
    until(lambda: assigned(second, names) == PARTITIONS // 2, "half of the partitions")
    assert second.stop() == 0
    until(lambda: assigned(first, names) == PARTITIONS, "all partitions")
    topics.number(orders, PARTITIONS, 600)
    receiver.wait(600, "/hook")
    topics.wait_committed(names.group, orders)


def test_an_instance_with_nothing_to_do_leaves_its_group_when_it_stops(
    topics, unique, names, receiver, subscribe, grapnel
):
    orders = topics.create(f"orders-{unique}", partitions=1)
    subscription = subscribe(orders, receiver.url("/hook"))
    slow_to_forget = QUICK | {"session.timeout.ms": 45000}
    first = grapnel(subscription, kafka=slow_to_forget)
    second = grapnel(subscription, kafka=slow_to_forget)
    until(lambda: topics.members(names.group) == 2, "both in the group")
    idle = second if assigned(first, names) else first
    assert assigned(idle, names) == 0
    assert idle.stop() == 0
    until(lambda: topics.members(names.group) == 1, "the other alone", seconds=5)

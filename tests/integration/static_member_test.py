"""group.instance.id: a restart keeps the partitions, and of two with one name only one goes on."""

from support.wait import until

NAMED = {"group.instance.id": "one", "session.timeout.ms": 20000, "heartbeat.interval.ms": 500}


def test_a_restart_is_no_rebalance(topics, unique, names, receiver, subscribe, grapnel, another):
    orders = topics.create(f"orders-{unique}", partitions=2)
    subscription = subscribe(orders, receiver.url("/hook"))
    first = grapnel(subscription, kafka=NAMED)
    second = another(first, subscription, **{"group.instance.id": "two"})
    holds = lambda run: run.metric("grapnel_assigned_partitions", subscription=names.subscription)
    until(lambda: holds(first) == holds(second) == 1, "a partition each", 30)
    before = second.metric("grapnel_rebalances_total", subscription=names.subscription)
    assert first.stop() == 0
    first.start()
    until(lambda: holds(first) == 1, "its partition again", 30)
    for p in range(2):
        topics.produce(orders, f'{{"n":{p}}}', partition=p)
    receiver.wait(2, "/hook")
    assert second.metric("grapnel_rebalances_total", subscription=names.subscription) == before


def test_of_two_with_one_name_the_later_goes_on(topics, orders, names, receiver, subscribe, grapnel, another):
    subscription = subscribe(orders, receiver.url("/hook"))
    first = grapnel(subscription, kafka=NAMED)
    topics.produce(orders, '{"n":1}')
    receiver.wait(1, "/hook")
    topics.wait_committed(names.group, orders)
    second = another(first, subscription)
    until(lambda: first.get("/readyz")[0] == 503, "/readyz to say no")
    assert b"another instance of the same group.instance.id" in first.get("/readyz")[1]
    assert first.metric("grapnel_group_fenced", subscription=names.subscription) == 1
    topics.produce(orders, *(f'{{"n":{n}}}' for n in range(2, 12)))
    receiver.wait(11, "/hook")
    assert first.stop() == 0
    topics.wait_committed(names.group, orders)
    assert second.get("/readyz")[0] == 200
    assert len(receiver.requests("/hook")) == 11

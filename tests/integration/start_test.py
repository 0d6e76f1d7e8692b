"""Where a subscription begins: with no committed offset, with one, and in partitions that come later."""

from support.wait import until

QUICK = {"topic.metadata.refresh.interval.ms": 300}


def bodies(receiver, count):
    return sorted(r.body.decode() for r in receiver.wait(count))


def test_latest_takes_what_is_published_from_now_on(
    topics, unique, names, receiver, subscribe, grapnel
):
    orders = topics.create(f"orders-{unique}", partitions=3)
    topics.produce(orders, *['"old"'] * 30)
    grapnel({**subscribe(orders, receiver.url()), "start": "latest"})
    for partition in range(3):  # ready means: whatever comes now is taken
        topics.produce(orders, f'"new {partition}"', partition=partition)
    assert bodies(receiver, 3) == ['"new 0"', '"new 1"', '"new 2"']


def test_latest_is_the_default(topics, orders, receiver, subscribe, grapnel):
    topics.produce(orders, '"old"')
    subscription = subscribe(orders, receiver.url())
    del subscription["start"]
    grapnel(subscription)
    topics.produce(orders, '"new"')
    assert bodies(receiver, 1) == ['"new"']


def test_latest_holds_only_the_first_time(topics, orders, receiver, subscribe, grapnel):
    """What is published while it is down is not missed, though nothing had come before."""
    running = grapnel({**subscribe(orders, receiver.url()), "start": "latest"})
    assert running.stop() == 0
    topics.produce(orders, '"while it was down"')
    running.start()
    assert bodies(receiver, 1) == ['"while it was down"']


def test_earliest_takes_all_there_is(topics, unique, names, receiver, subscribe, grapnel):
    orders = topics.create(f"orders-{unique}", partitions=3)
    topics.produce(orders, *(f'"{n}"' for n in range(300)))
    grapnel(subscribe(orders, receiver.url()))
    assert bodies(receiver, 300) == sorted(f'"{n}"' for n in range(300))
    topics.wait_committed(names.group, orders)


def test_a_time_takes_what_was_published_since(topics, unique, receiver, subscribe, grapnel):
    orders = topics.create(f"orders-{unique}", partitions=3)
    noon = 1735732800000  # 2025-01-01T12:00:00Z
    topics.produce(orders, '"before"', partition=0, timestamp_ms=noon - 1)
    topics.produce(orders, '"at"', partition=0, timestamp_ms=noon)
    topics.produce(orders, '"after"', partition=1, timestamp_ms=noon + 1)
    topics.produce(orders, '"before"', partition=2, timestamp_ms=noon - 1)
    grapnel({**subscribe(orders, receiver.url()), "start": "2025-01-01T13:00:00+01:00"})
    topics.produce(orders, '"now"', partition=2)
    assert bodies(receiver, 3) == ['"after"', '"at"', '"now"']


def test_a_committed_offset_comes_before_start(topics, orders, names, receiver, subscribe, grapnel):
    topics.produce(orders, '"1"', '"2"')
    running = grapnel(subscribe(orders, receiver.url()))
    receiver.wait(2)
    assert running.stop() == 0
    assert topics.committed(names.group, orders) == {0: 2}  # the stop committed
    topics.produce(orders, '"3"')
    receiver.forget()
    running.start()
    assert bodies(receiver, 1) == ['"3"']


def test_partitions_that_come_later_are_read_from_their_beginning(
    topics, orders, receiver, subscribe, grapnel
):
    topics.produce(orders, '"old"')
    grapnel({**subscribe(orders, receiver.url()), "start": "latest"}, kafka=QUICK)
    topics.add_partitions(orders, 3)
    topics.produce(orders, '"new 1"', partition=1)
    topics.produce(orders, '"new 2"', partition=2)
    topics.produce(orders, '"new 0"', partition=0)
    assert bodies(receiver, 3) == ['"new 0"', '"new 1"', '"new 2"']


def test_a_topic_that_comes_later_is_read_from_its_beginning(
    topics, unique, receiver, subscribe, grapnel
):
    """Ready or not: a topic that isn't there yet is no reason to end."""
    orders = f"orders-{unique}"
    running = grapnel({**subscribe(orders, receiver.url()), "start": "latest"}, kafka=QUICK, ready=False)
    until(lambda: f"not available: {orders}" in running.log(), "grapnel looking for its topic")
    topics.create(orders)
    topics.produce(orders, '"first"')
    assert bodies(receiver, 1) == ['"first"']
    running.wait_ready()

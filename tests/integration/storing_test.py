"""What grapnel writes to Kafka: kept until it is stored, whatever happens to the topics."""

import json

from confluent_kafka.admin import AdminClient

from support.wait import until


def test_a_regular_expression_does_not_read_what_grapnel_writes(
    topics, unique, names, receiver, subscribe, grapnel, results
):
    orders = topics.create(f"{unique}-orders")
    grapnel(subscribe([f"^{unique}.*"], receiver.url("/hook")))
    topics.produce(orders, '{"n":1}')
    results(1)
    topics.produce(orders, '{"n":2}')
    results(2)
    topics.wait_committed(names.group, orders)
    assert sorted(r.body for r in receiver.requests("/hook")) == [b'{"n":1}', b'{"n":2}']


def test_fewer_places_than_workers_are_enough(topics, orders, receiver, subscribe, grapnel):
    grapnel(subscribe(orders, receiver.url("/hook")), limits={"in_flight": 1, "workers": 4})
    topics.produce(orders, *[json.dumps({"n": n}) for n in range(20)])
    receiver.wait(20, "/hook")


def test_a_record_that_kafka_refuses_holds_up_no_other(
    topics, unique, names, receiver, subscribe, grapnel, results, dead_letters
):
    orders = topics.create(f"orders-{unique}", partitions=2)
    topics.create(names.dead_letters, **{"max.message.bytes": "2000"})
    running = grapnel(subscribe(orders, receiver.url("/hook")))
    poison = b"not JSON " * 1000
    topics.produce(orders, poison, '{"n":1}', partition=0)
    receiver.wait(1, "/hook")
    until(lambda: running.metric("grapnel_refused_writes") == 1, "a refused write")
    topics.produce(orders, *[json.dumps({"n": n}) for n in range(100)], partition=0)
    receiver.wait(101, "/hook")
    results(102)
    topics.produce(orders, '{"n":2}', partition=1)
    until(lambda: topics.committed(names.group, orders).get(1) == 1, "a commit of what ended later")
    assert topics.committed(names.group, orders) == {0: 0, 1: 1}  # it is not given up either

    topics.configure(names.dead_letters, **{"max.message.bytes": "20000"})
    [letter] = dead_letters(1, seconds=60)
    assert letter.value() == poison
    topics.wait_committed(names.group, orders)
    assert running.metric("grapnel_refused_writes") == 0
    assert len(receiver.requests("/hook")) == 102


def test_a_topic_that_is_deleted_comes_back(
    kafka, topics, orders, names, receiver, subscribe, grapnel, results
):
    grapnel(subscribe(orders, receiver.url("/hook")))
    topics.produce(orders, '{"n":1}')
    results(1)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for deleted in admin.delete_topics([names.results]).values():
        deleted.result()
    until(lambda: names.results not in topics.names(), "the topic to be gone")
    topics.produce(orders, '{"n":2}')
    assert [r["offset"] for r in results(1, seconds=60)] == [1]
    topics.wait_committed(names.group, orders)

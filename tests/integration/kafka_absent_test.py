"""A Kafka that isn't there, comes later, or goes away for a while."""

import time

from cluster import free_port
from support.topics import Topics
from support.wait import PATIENCE, until


def test_it_says_so_waits_and_still_ends_at_once(receiver, subscribe, grapnel):
    nowhere = f"127.0.0.1:{free_port()}"
    running = grapnel(subscribe("orders", receiver.url()), kafka={"bootstrap.servers": nowhere}, ready=False)
    until(lambda: running.alive() and running.get("/healthz")[0] == 200, "/healthz")
    until(lambda: nowhere in running.log(), "a word about the broker")
    assert running.get("/readyz")[0] == 503
    assert running.metric("grapnel_kafka_up") == 0
    begun = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - begun < 3 * PATIENCE


def test_it_goes_on_when_kafka_comes(own_kafka, receiver, subscribe, grapnel, names):
    running = grapnel(
        subscribe("orders", receiver.url()),
        kafka={
            "bootstrap.servers": own_kafka.bootstrap,
            "topic.metadata.refresh.interval.ms": 300,
            "reconnect.backoff.max.ms": 500,
        },
        ready=False,
    )
    until(lambda: running.alive() and running.get("/readyz")[0] == 503, "the program to be up")
    own_kafka.start()
    topics = Topics(own_kafka.bootstrap)
    topics.create("orders")
    running.wait_ready()
    topics.produce("orders", '{"a":1}')
    receiver.wait(1)
    assert len(topics.wait(names.results, 1)) == 1
    topics.wait_committed(names.group, "orders")


def test_a_broker_that_goes_and_comes_back_loses_nothing(outage, receiver, names):
    topics, running, _ = outage()
    assert len({r.id for r in receiver.requests()}) == 500
    assert topics.count(names.results) >= 500
    running.wait_ready()


def test_a_results_topic_that_is_deleted_is_made_again(topics, orders, receiver, subscribe, grapnel, names):
    running = grapnel(subscribe(orders, receiver.url()))
    topics.produce(orders, *['{"a":1}'] * 10)
    topics.wait_committed(names.group, orders)
    topics.delete(names.results)
    topics.produce(orders, *['{"a":2}'] * 10)
    assert len(topics.wait(names.results, 10)) >= 10
    topics.wait_committed(names.group, orders)
    assert running.log().count("Kafka does not store") <= 1

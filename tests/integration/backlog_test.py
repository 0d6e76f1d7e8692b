"""A backlog over 12 partitions arrives whole, with one result a record and every offset committed."""

import os

from support.load import FastReceiver, publish
from support.wait import until

RECORDS = int(os.environ.get("GRAPNEL_BACKLOG", "300000"))
PARTITIONS = 12


def test_every_record_arrives_and_has_its_result(kafka, topics, unique, names, subscribe, grapnel):
    orders = topics.create(f"orders-{unique}", partitions=PARTITIONS)
    publish(kafka.bootstrap, orders, PARTITIONS, RECORDS)
    with FastReceiver() as receiver:
        running = grapnel(subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 256}))
        until(
            lambda: running.alive() and receiver.distinct() >= RECORDS,
            lambda: f"{RECORDS} arrivals: {receiver.stats()}",
            seconds=180,
            every=0.2,
        )
        topics.wait_committed(names.group, orders, seconds=30)
        stats = receiver.stats()
        delivered = running.metric("grapnel_deliveries_total", outcome="delivered")
        assert running.metric("grapnel_lag") == 0
        assert running.stop() == 0
    assert (stats["distinct"], stats["duplicates"]) == (RECORDS, 0)
    assert delivered == RECORDS
    assert sum(topics.committed(names.group, orders).values()) == RECORDS
    assert topics.count(names.results) == RECORDS
    assert topics.count(names.dead_letters) == 0

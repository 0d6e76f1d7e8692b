"""Killed in the middle of a backlog, three times: nothing is missing, little comes twice."""

import json
import os
import time

from support.load import FastReceiver, publish
from support.wait import until

RECORDS = int(os.environ.get("GRAPNEL_BACKLOG", "300000"))
PARTITIONS = 12
IN_FLIGHT = 256
KILLS = 3
FORGETFUL = {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500}  # the group of who was killed


def test_nothing_is_missing_after_three_kills(kafka, topics, unique, names, subscribe, grapnel):
    orders = topics.create(f"orders-{unique}", partitions=PARTITIONS)
    publish(kafka.bootstrap, orders, PARTITIONS, RECORDS)
    may_be_twice = 0
    with FastReceiver() as receiver:
        running = grapnel(
            subscribe(orders, receiver.url("/hook"), delivery={"in_flight": IN_FLIGHT}),
            kafka=FORGETFUL,
            ready=False,
        )
        for kill in range(1, KILLS + 1):
            wanted = RECORDS * kill // (KILLS + 1)
            until(
                lambda: running.alive() and receiver.distinct() >= wanted,
                lambda: f"{wanted} arrivals: {receiver.stats()}",
                seconds=120,
                every=0.01,
            )
            running.kill()
            arrived, committed = receiver.distinct(), committed_records(topics, names, orders)
            print(f"kill {kill}: {arrived} arrived, {committed} committed")
            assert committed <= arrived
            may_be_twice += arrived - committed
            running.start(ready=False)
        until(
            lambda: running.alive() and receiver.distinct() >= RECORDS,
            lambda: f"{RECORDS} arrivals: {receiver.stats()}",
            seconds=180,
            every=0.2,
        )
        topics.wait_committed(names.group, orders, seconds=60)
        stats = receiver.stats()
        print(f"{stats['duplicates']} twice, at most {may_be_twice} could be")
    assert stats["distinct"] == RECORDS
    assert stats["without_id"] == 0
    assert stats["duplicates"] <= may_be_twice
    ids = {json.loads(m.value())["id"] for m in topics.read(names.results, seconds=120)}
    assert len(ids) == RECORDS


def test_commits_are_at_most_seconds_behind(kafka, topics, unique, names, subscribe, grapnel):
    """So that a kill repeats seconds' worth, not hours'."""
    orders = topics.create(f"orders-{unique}", partitions=PARTITIONS)
    with FastReceiver() as receiver:
        running = grapnel(subscribe(orders, receiver.url("/hook")), kafka=FORGETFUL)
        publish(kafka.bootstrap, orders, PARTITIONS, 1000)
        until(lambda: receiver.distinct() == 1000, "1000 arrivals")
        begun = time.monotonic()
        until(lambda: committed_records(topics, names, orders) == 1000, "their commit", seconds=5)
        print(f"committed after {time.monotonic() - begun:.1f} s")
        running.kill()
        running.start()
        publish(kafka.bootstrap, orders, PARTITIONS, 1000)
        until(lambda: receiver.distinct() == 2000, "2000 arrivals", seconds=70)
        assert receiver.stats()["duplicates"] == 0


def committed_records(topics, names, orders):
    return sum(topics.committed(names.group, orders).values())

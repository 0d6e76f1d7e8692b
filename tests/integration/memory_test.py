"""What is held in memory stays within limits.memory, however much waits in Kafka."""

import os

from support.load import publish
from support.receiver import Hang, Reply
from support.wait import PATIENCE, until

RECORDS = min(int(os.environ.get("GRAPNEL_BACKLOG", "300000")), 60_000)
LIMIT = 16 << 20
QUARANTINE = 256 << 20  # of what is freed, which AddressSanitizer keeps
RSS = (128 << 20) * PATIENCE + (QUARANTINE if PATIENCE > 1 else 0)


def test_a_hanging_receiver_fills_no_memory(kafka, topics, unique, names, receiver, subscribe, grapnel):
    """Where nothing finishes the partitions are paused, and Kafka keeps the rest; what waits for an hour's
    retry waits there too."""
    orders = topics.create(f"orders-{unique}", partitions=4)
    publish(kafka.bootstrap, orders, 4, RECORDS)
    receiver.script("/hang", Hang())
    receiver.script("/busy", Reply(503))
    hang = subscribe(orders, receiver.url("/hang"), delivery={"timeout": "60s"})
    busy = subscribe(orders, receiver.url("/busy"), delivery={"retry": {"schedule": ["1h"]}})
    busy["name"] = f"{names.subscription}-b"
    running = grapnel(hang, busy, limits={"memory": "16MiB"}, shutdown_grace="500ms")
    until(
        lambda: running.metric("grapnel_paused_partitions", subscription=names.subscription) > 0,
        lambda: f"a pause, at {running.metric('grapnel_memory_bytes'):.0f} bytes",
        seconds=60,
    )
    waiting = {"subscription": busy["name"], "outcome": "retrying"}
    until(
        lambda: running.metric("grapnel_deliveries_total", **waiting) >= RECORDS,
        lambda: f"{RECORDS} to wait in Kafka, {running.metric('grapnel_deliveries_total', **waiting):.0f} do",
        seconds=120,
    )
    assert running.metric("grapnel_memory_bytes") <= LIMIT
    assert running.peak_rss_bytes() < RSS


def test_paused_partitions_go_on(kafka, topics, unique, names, receiver, subscribe, grapnel):
    orders = topics.create(f"orders-{unique}", partitions=4)
    publish(kafka.bootstrap, orders, 4, 30_000)
    running = grapnel(
        subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 8}), limits={"memory": "16MiB"}
    )
    until(
        lambda: running.metric("grapnel_deliveries_total", outcome="delivered") == 30_000,
        lambda: f"30,000 delivered, {running.metric('grapnel_deliveries_total'):.0f} are",
        seconds=120,
        every=0.2,
    )
    assert len({r.id for r in receiver.requests()}) == 30_000
    topics.wait_committed(names.group, orders)


def test_a_paused_lane_knows_how_far_it_is_behind(topics, orders, receiver, subscribe, grapnel):
    receiver.script("/hook", Hang())
    running = grapnel(subscribe(orders, receiver.url("/hook")), limits={"memory": "16MiB"})
    topics.produce(orders, *['{"a":"' + "x" * 5000 + '"}' for _ in range(5000)])
    until(lambda: running.metric("grapnel_lag") == 5000, lambda: f"a lag of 5000, not {running.metric('grapnel_lag')}", 30)
    assert running.metric("grapnel_paused_partitions") == 1


def test_many_groups_share_the_memory(kafka, topics, unique, names, receiver, subscribe, grapnel):
    """However many have something to take at once: records take a third of the limit."""
    orders = topics.create(f"orders-{unique}", partitions=4)
    publish(kafka.bootstrap, orders, 4, 20_000)
    receiver.script("/hang", Hang())
    lanes = [{**subscribe(orders, receiver.url("/hang")), "name": f"lane-{n}-{unique[-6:]}"} for n in range(16)]
    running = grapnel(*lanes, limits={"memory": "16MiB", "in_flight": 16}, shutdown_grace="500ms")
    until(lambda: running.metric("grapnel_paused_partitions") >= 4 * 16, "all to pause", seconds=60)
    assert running.metric("grapnel_memory_bytes") <= LIMIT / 3 + 16 * 2048

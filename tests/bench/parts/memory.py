"""How much memory the whole process takes at the most, at limits.memory: 64MiB: whatever waits in
Kafka, however many lanes read it, and where receivers hang."""

import time

from support.load import FastReceiver, publish
from support.wait import until

from . import backlog
from .bench import PARTITIONS, peak_rss_mib, subscription

LIMIT_MIB = 64
BACKLOG = 10_000_000
BACKLOG_BYTES = 160
LANES = 50
SECONDS = 20
HANGS_MS = 3_600_000


def over_limit(bench, name, subscriptions):
    """MiB over the limit, at the peak: from the start until some time after records are under way."""
    limits = {"workers": 2, "memory": f"{LIMIT_MIB}MiB"}
    with bench.grapnel(name, *subscriptions, ready=False, limits=limits, shutdown_grace="0s") as running:
        until(
            lambda: running.alive() and running.metric("grapnel_attempts_total") > 0
            or running.metric("grapnel_in_flight") > 0,
            "an attempt",
            seconds=60,
            every=0.5,
        )
        time.sleep(SECONDS)  # the length of a measurement
        held = running.metric("grapnel_memory_bytes") / (1 << 20)
        peak = peak_rss_mib(running)
        print(f"{name}: {peak:.0f} MiB, {held:.1f} of them records", flush=True)
        return peak - LIMIT_MIB


def measure(bench, figures):
    with FastReceiver() as receiver, FastReceiver(HANGS_MS) as hanging:
        topic = backlog.topic(bench)

        def lanes(name, url):
            return [subscription(f"{name}-{n}", topic, url, "earliest") for n in range(LANES)]

        figures["lanes_over_mib"] = over_limit(bench, "lanes", lanes("lanes", receiver.url("/hook")))
        figures["hanging_lanes_over_mib"] = over_limit(
            bench, "hanging-lanes", lanes("hanging-lanes", hanging.url("/hook"))
        )
        bench.topics.create("long", PARTITIONS)
        publish(bench.bootstrap, "long", PARTITIONS, BACKLOG, size=BACKLOG_BYTES)
        figures["backlog_over_mib"] = max(
            over_limit(bench, name, [subscription(name, "long", url, "earliest")])
            for name, url in (("long-well", receiver.url("/hook")), ("long-hanging", hanging.url("/hook")))
        )

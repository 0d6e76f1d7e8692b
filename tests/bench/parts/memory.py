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


def over_limit(bench, name, receiver, subscriptions):
    """MiB over the limit, at the peak: from the start until some time after records are under way."""
    limits = {"workers": 2, "memory": f"{LIMIT_MIB}MiB"}
    with bench.grapnel(name, *subscriptions, ready=False, limits=limits, shutdown_grace="0s") as running:
        until(
            lambda: running.alive() and receiver.stats()["requests"], "a request", seconds=60, every=0.2
        )
        time.sleep(SECONDS)  # the length of a measurement
        held = running.metric("grapnel_memory_bytes") / (1 << 20)
        peak = peak_rss_mib(running)
        print(f"{name}: {peak:.0f} MiB, {held:.1f} of them records", flush=True)
        return peak - LIMIT_MIB


def measure(bench, figures):
    with FastReceiver() as well, FastReceiver(HANGS_MS) as hangs:
        bench.topics.create("long", PARTITIONS)
        publish(bench.bootstrap, "long", PARTITIONS, BACKLOG, size=BACKLOG_BYTES)

        def over(name, topic, receiver, lanes):
            url = receiver.url("/hook")
            subs = [subscription(f"{name}-{n}", topic, url, "earliest") for n in range(lanes)]
            return over_limit(bench, name, receiver, subs)

        figures["lanes_over_mib"] = over("lanes", backlog.topic(bench), well, LANES)
        figures["hanging_lanes_over_mib"] = over("hanging-lanes", backlog.topic(bench), hangs, LANES)
        well.forget()
        hangs.forget()
        figures["backlog_over_mib"] = max(
            over("long-well", "long", well, 1), over("long-hanging", "long", hangs, 1)
        )

"""What an event of a stream costs that one of N subscriptions of a lane wants.

With as many requests in flight for each N: one endpoint has IN_FLIGHT of them, and a hundred would have
four times as many. Of a backlog a lane of one takes no more than it can send, and what a shared lane takes
gets cold in memory: that is a difference of lanes, not of how many subscriptions there are.
"""

import statistics
import time

from support.load import FastReceiver, publish
from support.wait import until

from .bench import IN_FLIGHT, PARTITIONS, cpu_seconds, peak_rss_mib, subscription

COUNTS = (1, 100, 10_000)
RECORDS = 60_000
RATE = 10_000
ROUNDS = 7
LIMITS = {"workers": 2, "in_flight": IN_FLIGHT}


def subscriptions(count, name, topic, receiver):
    """Each takes a type of event of its own."""
    return [
        subscription(
            f"{name}-{n}", topic, receiver.url(f"/hook/{n}"), "latest", group=name, events=[f"type-{n}"]
        )
        for n in range(count)
    ]


def once(bench, name, topic, count):
    """(CPU µs an event, seconds to ready, peak RSS in MiB)"""
    with FastReceiver() as receiver:
        begun = time.monotonic()
        with bench.grapnel(name, *subscriptions(count, name, topic, receiver), limits=LIMITS) as running:
            ready = time.monotonic() - begun
            before = cpu_seconds(running)
            publish(bench.bootstrap, topic, PARTITIONS, RECORDS, RATE, types=count)
            until(
                lambda: running.alive() and receiver.distinct() >= RECORDS,
                lambda: f"{RECORDS} arrivals: {receiver.stats()}",
                seconds=120,
                every=0.1,
            )
            return (cpu_seconds(running) - before) * 1e6 / RECORDS, ready, peak_rss_mib(running)


def measure(bench, figures):
    cost = {count: [] for count in COUNTS}
    for round_ in range(ROUNDS):
        for count in COUNTS:
            name = f"scale-{count}-{round_}"
            topic = bench.topics.create(name, PARTITIONS)
            us, ready, rss = once(bench, name, topic, count)
            cost[count].append(us)
            print(f"{count} subscriptions: {us:.1f} µs, ready after {ready:.1f} s, {rss:.0f} MiB", flush=True)
    medians = {count: statistics.median(cost[count]) for count in COUNTS}
    for count in COUNTS:
        figures[f"scale_{count}_us"] = medians[count]
    figures["scale_spread"] = 100 * (max(medians.values()) / min(medians.values()) - 1)
    figures["scale_ready_s"], figures["scale_rss_mib"] = ready, rss

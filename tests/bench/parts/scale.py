"""What an event costs that one of N subscriptions of a lane wants."""

import statistics
import time

from support.load import FastReceiver, publish
from support.wait import until

from .bench import PARTITIONS, cpu_seconds, peak_rss_mib, subscription

COUNTS = (1, 100, 10_000)
RECORDS = 120_000
ROUNDS = 3


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
        with bench.grapnel(name, *subscriptions(count, name, topic, receiver)) as running:
            ready = time.monotonic() - begun
            before = cpu_seconds(running)
            publish(bench.bootstrap, topic, PARTITIONS, RECORDS, types=count)
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

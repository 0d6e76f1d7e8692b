"""From publishing to arrival, at a steady rate."""

import subprocess

from support.load import FastReceiver, publish, tool
from support.wait import until

from .bench import PARTITIONS, STEADY_RATE, subscription

SECONDS = 15
WARM_UP_SECONDS = 3


def measure_reading(bench, figures):
    """Kafka's own share of the way: from publishing to a consumer that does nothing else."""
    topic = bench.topics.create("read", PARTITIONS)
    count = STEADY_RATE * SECONDS
    command = tool("consume", bench.bootstrap, topic, PARTITIONS, count)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as consumer:
        publish(bench.bootstrap, topic, PARTITIONS, count, STEADY_RATE)
        _, p50, p99 = map(float, consumer.stdout.read().split())
    figures["read_p50_ms"], figures["read_p99_ms"] = p50 / 1000, p99 / 1000


def arrive(bench, topic, receivers, rate, seconds, types=0, wanted=1.0):
    """Publishes so many a second, until each receiver has had the share of them that it gets."""
    count = rate * seconds
    publish(bench.bootstrap, topic, PARTITIONS, count, rate, types)
    for receiver in receivers:
        until(
            lambda: receiver.distinct() >= count * wanted,
            lambda: f"{count * wanted:.0f} arrivals: {receiver.stats()}",
            seconds=60,
        )


def arrivals(bench, topic, receivers, rate, seconds, warm_up_seconds, types=0, wanted=1.0):
    """Each receiver's figures of so many seconds, after others that don't count."""
    arrive(bench, topic, receivers, rate, warm_up_seconds, types, wanted)
    for receiver in receivers:
        receiver.forget()
    arrive(bench, topic, receivers, rate, seconds, types, wanted)
    return [receiver.stats() for receiver in receivers]


def measure(bench, figures):
    measure_reading(bench, figures)
    topic = bench.topics.create("steady", PARTITIONS)
    with FastReceiver() as receiver:
        sub = subscription("steady", topic, receiver.url("/hook"), "latest")
        with bench.grapnel("steady", sub):
            [stats] = arrivals(bench, topic, [receiver], STEADY_RATE, SECONDS, WARM_UP_SECONDS)
    for name in ("p50", "p90", "p99", "p999"):
        figures[f"latency_{name}_ms"] = stats[f"{name}_us"] / 1000

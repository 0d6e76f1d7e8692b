"""A backlog of 300,000 records of 1 KiB: how fast it goes, and what limits that on this machine."""

import pathlib
import re
import statistics
import subprocess
import time

from support.load import FastReceiver, publish, tool
from support.wait import until

from .bench import IN_FLIGHT, PARTITIONS, RECORDS, cpu_seconds, peak_rss_mib, rate, subscription

POST = pathlib.Path(__file__).resolve().parents[1] / "post.lua"
SLOW_MS = 50
SLOW_SECONDS = 10


def topic(bench):
    """Published when first asked for; types for the parts in which a hundred share it."""
    if "backlog" not in bench.topics.names():
        bench.topics.create("backlog", PARTITIONS)
        publish(bench.bootstrap, "backlog", PARTITIONS, RECORDS, types=100)
    return "backlog"


def measure_wrk(bench, figures):
    with FastReceiver() as receiver:
        said = subprocess.run(
            ["wrk", "-t1", "-c64", "-d8s", "-s", str(POST), receiver.url("/hook")],
            check=True, stdout=subprocess.PIPE, text=True,
        ).stdout
    figures["wrk_rate"] = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])


def measure_consumption(bench, figures):
    said = subprocess.check_output(tool("consume", bench.bootstrap, topic(bench), PARTITIONS, RECORDS))
    figures["consume_rate"] = float(said.split()[0])


def whole(bench, name, **more):
    """(receiver's figures, CPU seconds, peak RSS in MiB) of a whole backlog."""
    with FastReceiver() as receiver:
        sub = subscription(name, topic(bench), receiver.url("/hook"), "earliest")
        with bench.grapnel(name, sub, ready=False, **more) as running:
            until(
                lambda: running.alive() and receiver.distinct() >= RECORDS,
                lambda: f"{RECORDS} arrivals: {receiver.stats()}",
                seconds=300,
                every=0.2,
            )
            bench.topics.wait_committed(f"grapnel.{name}", topic(bench), seconds=30)
            return receiver.stats(), cpu_seconds(running), peak_rss_mib(running)


def measure(bench, figures):
    if "wrk_rate" not in figures:
        measure_wrk(bench, figures)
    stats, cpu, figures["peak_rss_mib"] = whole(bench, "backlog")
    results = bench.topics.count("backlog.results")
    assert results == RECORDS, f"{results} results of {RECORDS} records"
    figures["backlog_rate"] = rate(stats)
    figures["backlog_ratio"] = figures["backlog_rate"] / figures["wrk_rate"]
    figures["cpu_us"] = cpu * 1e6 / RECORDS
    figures["duplicates"] = stats["duplicates"]


def measure_together(bench, figures):
    """In turns, so that what else the machine does meets both alike."""
    shares = []
    for turn in ("first", "second", "third"):
        alone, _, _ = whole(bench, f"{turn}-alone")
        together, _, _ = whole(bench, f"{turn}-together", transactional=True)
        shares.append(100 * rate(together) / rate(alone))
    figures["together_share"] = statistics.median(shares)


def measure_slow(bench, figures):
    """The share of what 256 in flight allow, in the steady state."""
    possible = IN_FLIGHT * 1000 / SLOW_MS
    with FastReceiver(SLOW_MS) as receiver:
        sub = subscription("slow", topic(bench), receiver.url("/hook"), "earliest")
        with bench.grapnel("slow", sub, ready=False):
            until(lambda: receiver.stats()["requests"] >= possible, "a second's worth of requests")
            before, begun = receiver.stats()["requests"], time.monotonic()
            time.sleep(SLOW_SECONDS)  # the length of a measurement
            done, took = receiver.stats()["requests"] - before, time.monotonic() - begun
    figures["slow_share"] = 100 * done / took / possible

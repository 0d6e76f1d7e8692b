"""Kafka behind bad connections: slow, cut, closed by halves, silent, refused."""

import time

import pytest

from cluster import Cluster
from support.topics import Topics
from toxiproxy import TOXICS, Toxiproxy

RECORDS = 30_000
SECONDS = 75
SESSION_SECONDS = 10


@pytest.fixture
def kafka():
    """With proxies before it; what a test does itself goes the straight way."""
    with Cluster(brokers=3, heap="256m", proxied=True) as cluster:
        yield cluster


@pytest.fixture
def topics(kafka):
    return Topics(kafka.bootstrap, replication=3)


@pytest.fixture
def ways(kafka):
    with Toxiproxy() as toxiproxy:
        yield [toxiproxy.lead(f"broker{b.node}", b.far_port, listen=b.proxy_port) for b in kafka.brokers]


def test_bad_ways_to_brokers(flood, chance, kafka, ways, grapnel):
    """Now to one, now to another, now to all, for as long as a session at most."""
    run = flood(RECORDS, SECONDS)
    running = grapnel(
        *run.subscriptions,
        kafka={
            "bootstrap.servers": kafka.proxied_bootstrap,
            "reconnect.backoff.max.ms": 1000,
            "socket.timeout.ms": 10_000,
            "session.timeout.ms": SESSION_SECONDS * 1000,
        },
    )
    lost = 0
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        kind, stream = chance.choice(["refused", *TOXICS]), chance.choice(["downstream", "upstream"])
        bad = chance.sample(ways, chance.choice([1, 1, 2, 3]))
        begun, length = time.monotonic(), chance.uniform(0.2, SESSION_SECONDS)
        print(f"{kind} {stream} on {len(bad)} for {length:.1f} s")
        poison(bad, kind, chance.random(), stream, length)
        time.sleep(chance.uniform(0.2, 3))
        before, lost = lost, running.metric("grapnel_lost_partitions_total")
        if lost > before:
            run.may_repeat(since=begun - SESSION_SECONDS)
    run.prove(running.path)


def poison(ways, kind, x, stream, seconds):
    if not ways:
        time.sleep(seconds)
        return
    with ways[0].poisoned(kind, x, stream):
        poison(ways[1:], kind, x, stream, seconds)

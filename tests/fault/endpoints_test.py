"""Endpoints that hang, reset, flap and trickle, and connections that do: all is delivered in the end,
each request is an attempt that is told of, and the neighbour notices nothing."""

import collections
import itertools
import json
import time

import pytest

from support.order import assert_in_order, event
from support.receiver import HalfClose, Hang, Raw, Receiver, Reply, Reset, Trickle
from support.reconcile import reconcile
from support.wait import until
from toxiproxy import TOXICS, Toxiproxy

SECONDS = 6
PARTITIONS = 3
KEYS = 60
SENDS = 6  # libcurl sends again, five times, what a kept connection took and ended without a byte of answer
PATIENT = {
    "timeout": "1s",
    "in_flight": 16,
    "retry": {"schedule": ["200ms"] * 3 + ["500ms"] * 60, "jitter": "20%"},
    "breaker": {"failures": 10, "pause": "300ms"},
}


@pytest.fixture
def toxiproxy():
    with Toxiproxy() as running:
        yield running


@pytest.fixture
def neighbour():
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def pair(topics, unique, names, receiver, neighbour, subscribe, grapnel):
    """pair(url): a subscription to that, with order by key, and its neighbour; .publish(), .prove()."""
    return lambda url: Pair(topics, unique, names, receiver, neighbour, subscribe, grapnel, url)


class Pair:
    def __init__(self, topics, unique, names, receiver, neighbour, subscribe, grapnel, url):
        self.topics, self.names, self.receiver, self.neighbour = topics, names, receiver, neighbour
        self.topic = topics.create(f"orders-{unique}", partitions=PARTITIONS)
        self.other = f"{unique}-n"
        self.running = grapnel(
            subscribe(self.topic, url, delivery=PATIENT | {"order": "key"}),
            subscribe(self.topic, neighbour.url("/hook")) | {"name": self.other},
            results={"record": "attempts"},
        )
        self.placed = []

    def publish(self, count):
        """Records of all keys in turn."""
        first = len(self.placed)
        numbers = range(first, first + count)
        events = [event(n, n % KEYS) for n in numbers]
        self.placed += self.topics.produce(self.topic, *events, keys=[str(n % KEYS) for n in numbers])

    def prove(self):
        expected = {f"{self.topic}-{p}-{o}" for p, o in self.placed}
        came = lambda receiver: {r.id for r in receiver.requests("/hook")}
        until(lambda: came(self.receiver) == expected, lambda: f"{len(expected)}, {len(came(self.receiver))} came", 120)
        for group in (self.names.group, f"grapnel.{self.other}"):
            self.topics.wait_committed(group, self.topic, seconds=60)
        # The neighbour's came once each; the other's as often as was tried and libcurl sent it, or less.
        assert len(self.neighbour.requests("/hook")) == len(expected)
        tried = self.attempts()
        for id, count in collections.Counter(r.id for r in self.receiver.requests("/hook")).items():
            assert count <= tried[id] * SENDS, f"{id} came {count} times, with {tried[id]} attempts"
        assert_in_order(self.receiver.requests("/hook"))
        whole = {"matching": len(expected), "delivered": len(expected)}
        assert reconcile(self.running.path, seconds=60)[:2] == (0, {self.names.subscription: whole, self.other: whole})

    def attempts(self):
        """How many attempts are told of each event, of the first subscription."""
        rows = (json.loads(m.value()) for m in self.topics.read(self.names.results))
        return collections.Counter(r["id"] for r in rows if r["subscription"] == self.names.subscription)


@pytest.mark.parametrize(
    ("kind", "stream"), [("refused", "both"), *itertools.product(TOXICS, ["downstream", "upstream"])]
)
def test_a_bad_way_to_an_endpoint(pair, toxiproxy, chance, receiver, kind, stream):
    """Now so, now fine, in turns of chance's length."""
    way = toxiproxy.lead("hook", receiver.port)
    run = pair(way.url("/hook"))
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        run.publish(100)
        with way.poisoned(kind, chance.random(), stream):
            run.publish(100)
            time.sleep(chance.uniform(0.1, 1.5))
    run.prove()


@pytest.mark.parametrize(
    "answer",
    [Hang(), Reset(), HalfClose(), Trickle(), Reply(500), Raw(b""), Raw(b"HTTP/1.1 200 OK\r\nContent-Le")],
    ids=["hangs", "resets", "closes by half", "trickles", "fails", "closes", "breaks off"],
)
def test_a_bad_endpoint(pair, chance, receiver, answer):
    """Of four answers one is bad."""
    receiver.script("/hook", lambda _: answer if chance.random() < 0.25 else Reply(200))
    run = pair(receiver.url("/hook"))
    run.publish(400)
    run.prove()


def test_an_endpoint_that_flaps(pair, chance, receiver):
    """Down and up again, with all that was connected."""
    state = {"up": True}
    receiver.script("/hook", lambda _: Reply(200) if state["up"] else Reset())
    run = pair(receiver.url("/hook"))
    for _ in range(12):
        run.publish(50)
        state["up"] = not state["up"]
        time.sleep(chance.uniform(0.05, 1))
    state["up"] = True
    run.prove()

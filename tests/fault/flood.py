"""A flood of records, two subscriptions to them, and what must hold at its end whatever was broken meanwhile.

One subscription has no order, the other `order: key`. Each has a receiver of its own, which counts
what comes, what comes twice, and what is overtaken by a later one of its key.
"""

import collections
import subprocess
import threading
import time

from support.load import FastReceiver, tool
from support.reconcile import reconcile
from support.wait import until

PARTITIONS = 12
KEYS = 1200
IN_FLIGHT = 64

# What can come twice when an instance dies is what was in flight, and what had ended but was not
# committed. Commits are made about once a second, of what is stored: one that a second's wait, the
# storing and the commit's own way have delayed is covered by three.
COMMIT_SECONDS = 3


class Stream:
    """A subscription and its receiver, and how many had come when."""

    def __init__(self, subscription, receiver):
        self.subscription = subscription
        self.name = subscription["name"]
        self.group = f"grapnel.{self.name}"
        self.receiver = receiver
        self.may_be_twice = 0
        self._counts = collections.deque()

    def note(self, now):
        self._counts.append((now, self.receiver.stats()["requests"]))

    def may_repeat(self, since, instances):
        """What is in flight, or has come since then, may come once more."""
        before = max((count for at, count in self._counts if at <= since), default=0)
        self.may_be_twice += IN_FLIGHT * instances + self.receiver.stats()["requests"] - before


class Flood:
    def __init__(self, topics, bootstrap, name, subscribe, records, rate):
        self.records = records
        self._topics = topics
        self._receivers = [FastReceiver().__enter__() for _ in range(2)]
        self._ended = threading.Event()
        self.topic = topics.create(f"orders-{name}", partitions=PARTITIONS)
        self.streams = [
            self._stream(subscribe, f"{name}-any", self._receivers[0], {}),
            self._stream(subscribe, f"{name}-ordered", self._receivers[1], {"order": "key"}),
        ]
        self._load = subprocess.Popen(tool("load", bootstrap, self.topic, PARTITIONS, records, rate, 0, 1024, KEYS))
        self._watch = threading.Thread(target=self._note, daemon=True)
        self._watch.start()

    @property
    def subscriptions(self):
        return [s.subscription for s in self.streams]

    def arrived(self):
        """How many have come to the one that has fewest."""
        return min(s.receiver.distinct() for s in self.streams)

    def go_on(self, count, seconds=60):
        """Until so many more have come, or all."""
        wanted = min(self.arrived() + count, self.records)
        until(lambda: self.arrived() >= wanted, lambda: f"{wanted} arrivals: {self._standing()}", seconds, every=0.05)

    def may_repeat(self, since=None, instances=1):
        """An instance has just died, or lost its partitions. Since then (left out: now) it may not
        have been able to commit."""
        for s in self.streams:
            s.may_repeat((since or time.monotonic()) - COMMIT_SECONDS, instances)

    def prove(self, path, seconds=120):
        """All have come, few of them twice, in their keys' order; and `grapnel reconcile` says the same."""
        assert self._load.wait(seconds) == 0, "bench-load has failed"
        self.go_on(self.records, seconds)
        for s in self.streams:
            self._topics.wait_committed(s.group, self.topic, seconds)
        code, counts, said = reconcile(path, seconds=120)
        for s in self.streams:
            stats = s.receiver.stats()
            print(f"{s.name}: {stats['duplicates']} came twice, at most {s.may_be_twice} could")
            assert (stats["distinct"], stats["without_id"]) == (self.records, 0)
            assert stats["duplicates"] <= s.may_be_twice
            assert stats["overtaken"] == 0
            twice = counts[s.name].pop("twice", 0)
            assert counts[s.name] == {"matching": self.records, "delivered": self.records}, said
            assert twice <= stats["duplicates"]
        assert code == 0, said

    def close(self):
        self._load.kill()
        self._load.wait()
        self._ended.set()
        self._watch.join()
        for receiver in self._receivers:
            receiver.__exit__()

    def _stream(self, subscribe, name, receiver, delivery):
        request = {"headers": {"X-Key": "{{ $key }}"}} if delivery else {}
        made = subscribe(
            self.topic, receiver.url("/hook"), request=request, delivery={"in_flight": IN_FLIGHT, **delivery}
        )
        return Stream(made | {"name": name}, receiver)

    def _note(self):
        while not self._ended.wait(0.1):
            now = time.monotonic()
            for s in self.streams:
                s.note(now)

    def _standing(self):
        return [s.receiver.stats() for s in self.streams]

"""A flood of which a part fails, three subscriptions to it, and what must hold at its end.

One subscription has a group of its own, two share one. What fails at first waits in retry topics, or in
memory where chance makes its wait shorter than ten seconds; what is refused becomes a dead letter, at
once or when it comes back.
"""

import collections
import json
import subprocess
import zlib
from dataclasses import dataclass

from answering import AGAIN, Answering
from kills import Kills
from support.load import tool
from support.reconcile import reconcile
from support.wait import until

PARTITIONS = 12
KEYS = 1200
IN_FLIGHT = 2048  # what piles up while nobody runs fits into the queue, and little of it goes round by retry topics
REFUSED = 400
RETRY = {"schedule": ["11s", "11s"], "jitter": "20%", "never": [REFUSED]}
RETRY_TOPICS = ["11s", "5s"]  # the second for what finds a full queue

# How many of a hundred events get which answers, one after the other; the last one again and again.
ANSWERS = [(20, [AGAIN, 200]), (3, [AGAIN, AGAIN, 200]), (2, [REFUSED]), (1, [AGAIN, REFUSED]), (74, [200])]
TABLE = [answers for count, answers in ANSWERS for _ in range(count)]


def answers_to(kind, partition, offset):
    """As if by chance, but the same for whoever asks."""
    return TABLE[zlib.crc32(f"{kind} {partition} {offset}".encode()) % len(TABLE)]


@dataclass
class Stream:
    """A subscription and its receiver."""

    kind: str
    subscription: dict
    receiver: Answering

    @property
    def name(self):
        return self.subscription["name"]

    @property
    def group(self):
        return f"grapnel.{self.subscription.get('group', self.name)}"

    def is_refused(self, position):
        return answers_to(self.kind, *position)[-1] == REFUSED


@dataclass
class Copy:
    """One in a retry topic."""

    place: tuple  # its group, topic, partition and offset
    at: float


class FailingFlood:
    def __init__(self, topics, bootstrap, names, subscribe, records, rate):
        self.records = records
        self._topics = topics
        self._names = names
        self._retry_topics = [f"{names.retries}.{delay}" for delay in RETRY_TOPICS]
        self._kills = Kills(topics, bootstrap)
        self.topic = topics.create(f"orders-{names.subscription}", partitions=PARTITIONS)
        shared = {"group": f"{names.subscription}-shared"}
        kinds = {"alone": {}, "one": shared, "two": shared}
        self.streams = [self._stream(subscribe, kind, more) for kind, more in kinds.items()]
        self._load = subprocess.Popen(tool("load", bootstrap, self.topic, PARTITIONS, records, rate, 0, 1024, KEYS))

    @property
    def subscriptions(self):
        return [s.subscription for s in self.streams]

    def ended(self):
        """How many have had their last answer, of the subscription with fewest."""
        return min(s.receiver.ended for s in self.streams)

    def killed(self):
        """The only instance has just been killed."""
        for s in self.streams:
            s.receiver.wait_alone()
        sources = {(s.group, self.topic) for s in self.streams}
        kill = self._kills.note(sources | {(self._names.retries, topic) for topic in self._retry_topics})
        for s in self.streams:
            begun = sum(not kill.spares(s.group, self.topic, *position) for position in list(s.receiver.came))
            print(f"{s.kind}: {begun} of {len(s.receiver.came)} that had come were not committed")

    def prove(self, running, exactly=False, seconds=300):
        """All have come, and again only as they failed or where a kill explains it; results, dead letters
        and `grapnel reconcile` say what the receivers have said. `exactly`: of each there is one result."""
        assert self._load.wait(seconds) == 0, "bench-load has failed"
        assert self._topics.count(self.topic) == self.records, self._topics.ends(self.topic)
        until(lambda: self.ended() == self.records, lambda: f"the last answers, {self._standing()}", seconds, every=0.1)
        self._wait_committed(seconds, retries=not exactly)
        code, counts, said = self._settled(running.path, seconds)
        self._kills.note_losses(running.log())
        told, letters, copies = self._told(), self._letters(), self._copies()
        for s in self.streams:
            assert s.receiver.came.keys() == self._positions()
            for position in s.receiver.came:
                one = (s.name, position)
                self._check(s, position, told[one], letters[one], copies[one])
                assert not exactly or (told[one].total(), letters[one]) == (1, s.is_refused(position)), one
            self._report(s, copies)
            assert counts[s.name] == self._expected(s, told), said
        assert code == 0, said

    def close(self):
        self._load.kill()
        self._load.wait()
        for s in self.streams:
            s.receiver.close()

    def _stream(self, subscribe, kind, more):
        receiver = Answering(lambda partition, offset, times: answers_to(kind, partition, offset)[:times][-1])
        made = subscribe(self.topic, receiver.url(), delivery={"in_flight": IN_FLIGHT, "retry": RETRY}, **more)
        return Stream(kind, made | {"name": f"{self._names.subscription}-{kind}"}, receiver)

    # ── what is looked at, of one delivery ───────────────────────────────────

    def _check(self, s, position, outcomes, letters, copies):
        """`outcomes`: how often results tell of which; `letters`: how many dead ones there are."""
        came, ends = s.receiver.came[position], s.receiver.ends(position)
        what = lambda: f"{s.name} {position}: {came}, {outcomes}, {letters} dead letters, {copies}"
        refused = s.is_refused(position)
        assert set(ends) == {REFUSED if refused else 200}, what()
        assert set(outcomes) == {"dead-lettered" if refused else "delivered"}, what()
        assert outcomes.total() <= len(ends), what()
        assert bool(letters) == refused and letters <= len(ends), what()
        assert len(ends) == 1 or len(ends) - 1 <= self._may_repeat(s, position, copies), what()

    def _may_repeat(self, s, position, copies):
        """The record in the source, and each copy in a retry topic, may have been handled once more."""
        came = [one.at for one in s.receiver.came[position]]
        events = came + [copy.at for copy in copies]
        count = self._kills.may_repeat((s.group, self.topic, *position), 0, events)
        for copy in copies:
            others = came + [other.at for other in copies if other is not copy]
            count += self._kills.may_repeat(copy.place, copy.at, others)
        return count

    # ── … and of all ─────────────────────────────────────────────────────────

    def _report(self, s, copies):
        again = sum(len(s.receiver.ends(p)) - 1 for p in s.receiver.came)
        waited = sum(len(copies[s.name, p]) for p in s.receiver.came)
        print(f"{s.name}: {again} came once more, {waited} waited in retry topics")
        assert waited > self.records / 10

    def _expected(self, s, told):
        """What reconcile should say."""
        dead = sum(s.is_refused(p) for p in s.receiver.came)
        twice = sum(told[s.name, p].total() > 1 for p in s.receiver.came)
        counts = {"matching": self.records, "delivered": self.records - dead, "dead": dead, "twice": twice}
        return {name: count for name, count in counts.items() if count}

    def _positions(self):
        return {(p, offset) for p, end in self._topics.ends(self.topic).items() for offset in range(end)}

    def _wait_committed(self, seconds, retries):
        """`retries`: also in the retry topics, unless they end with a transaction's mark, which nobody commits."""
        for s in self.streams:
            self._topics.wait_committed(s.group, self.topic, seconds)
        for topic in self._retry_topics if retries else []:
            self._topics.wait_committed(self._names.retries, topic, seconds)

    def _settled(self, path, seconds):
        """What reconcile says once nothing is under way."""

        def asked():
            said = reconcile(path, seconds=seconds)
            return None if any("under_way" in counts for counts in said[1].values()) else said

        return until(asked, lambda: f"an end: {reconcile(path, seconds=seconds)}", seconds, every=0.5)

    def _told(self):
        """{(subscription, position): how often results tell of each final outcome}"""
        found = collections.defaultdict(collections.Counter)
        for message in self._topics.read(self._names.results):
            row = json.loads(message.value())
            if row["outcome"] != "retrying":
                found[row["subscription"], (row["partition"], row["offset"])][row["outcome"]] += 1
        return found

    def _letters(self):
        letters = self._topics.read(self._names.dead_letters)
        return collections.Counter(delivery_of(m, "grapnel-subscription", "grapnel-source-") for m in letters)

    def _copies(self):
        found = collections.defaultdict(list)
        for topic in self._retry_topics:
            for m in self._topics.read(topic):
                place = (self._names.retries, topic, m.partition(), m.offset())
                delivery = delivery_of(m, "grapnel-retry-subscription", "grapnel-retry-")
                found[delivery].append(Copy(place, m.timestamp()[1] / 1000))
        return found

    def _standing(self):
        return f"which {[s.receiver.ended for s in self.streams]} of {self.records} have had"


def delivery_of(message, subscription, source):
    headers = dict(message.headers())
    return headers[subscription].decode(), (int(headers[f"{source}partition"]), int(headers[f"{source}offset"]))

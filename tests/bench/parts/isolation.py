"""Does a receiver that hangs cost the other subscriptions anything? Each figure is what the others
reach beside it, of what they reach alone; in turns, so that what else the machine does meets both."""

import dataclasses
import statistics

from support.load import FastReceiver
from support.wait import until

from . import backlog, latency
from .bench import PARTITIONS, RECORDS, rate, subscription

TYPES = 100
HANGS_MS = 3_600_000
PAIRS = 3
STEADY_PAIRS = 5
STEADY_SECONDS = 6
WARM_UP_SECONDS = 4  # in which those that hang time out, and their breakers open


@dataclasses.dataclass
class Setting:
    """Subscriptions of the same topic; in one lane each of them takes a type of event of its own."""

    name: str
    well: int
    hanging: int
    shared: bool

    @property
    def wanted(self):
        """The share of all events that those which are well take."""
        return self.well / TYPES if self.shared else 1.0

    def _subscription(self, turn, number, topic, receiver, start):
        hangs = number >= self.well
        delivery = {"in_flight": 256, "timeout": "2s"} if hangs else {"in_flight": 256}
        more = {"group": turn, "events": [f"type-{number}"]} if self.shared else {}
        return subscription(
            f"{turn}-{number}", topic, receiver.url("/hook"), start, **{**more, "delivery": delivery}
        )

    def subscriptions(self, turn, topic, start, receiver, hanging):
        """Without those that hang, where there is no receiver for them."""
        return [self._subscription(turn, n, topic, receiver, start) for n in range(self.well)] + [
            self._subscription(turn, n, topic, hanging, start)
            for n in range(self.well, self.well + self.hanging)
            if hanging
        ]


LANES = Setting("lanes", well=1, hanging=1, shared=False)
SHARED = Setting("shared", well=90, hanging=10, shared=True)


def whole_rate(bench, setting, turn, receiver, hanging):
    """Arrivals a second of a whole backlog."""
    topic = backlog.topic(bench)
    subs = setting.subscriptions(turn, topic, "earliest", receiver, hanging)
    with bench.grapnel(turn, *subs, ready=False, shutdown_grace="0s") as running:
        until(
            lambda: running.alive() and receiver.distinct() >= RECORDS * setting.wanted,
            lambda: f"{RECORDS * setting.wanted:.0f} arrivals: {receiver.stats()}",
            seconds=120,
            every=0.2,
        )
        return rate(receiver.stats())


def steady_p99(bench, setting, turn, receiver, hanging):
    topic = bench.topics.create(turn, PARTITIONS)
    subs = setting.subscriptions(turn, topic, "latest", receiver, hanging)
    with bench.grapnel(turn, *subs, shutdown_grace="0s"):
        stats = latency.arrivals(
            bench, topic, receiver, STEADY_SECONDS, WARM_UP_SECONDS, TYPES, setting.wanted
        )
        return stats["p99_us"]


def beside_of_alone(bench, setting, measure, pairs):
    """The median of the pairs' ratios, in percent; every other pair is in the other order."""

    def once(turn, beside):
        with FastReceiver() as receiver, FastReceiver(HANGS_MS) as hanging:
            return measure(bench, setting, turn, receiver, hanging if beside else None)

    ratios = []
    for pair in range(pairs):
        took = {}
        for beside in (pair % 2 == 1, pair % 2 == 0):
            kind = f"{measure.__name__.split('_')[1]}-{'beside' if beside else 'alone'}"
            took[beside] = once(f"{setting.name}-{kind}-{pair}", beside)
        ratios.append(100 * took[True] / took[False])
        print(f"{setting.name} {measure.__name__}: alone {took[False]:.0f}, beside {took[True]:.0f}", flush=True)
    return statistics.median(ratios)


def measure(bench, figures, setting):
    figures[f"{setting.name}_rate_share"] = beside_of_alone(bench, setting, whole_rate, PAIRS)
    figures[f"{setting.name}_p99_share"] = beside_of_alone(bench, setting, steady_p99, STEADY_PAIRS)

"""Does a receiver that hangs cost the other subscriptions anything? Each figure is what the others
reach beside it, of what they reach alone: the rate of a backlog in turns, and the time to arrive of
two instances at once, one with those that hang and one without, since from one minute to the next
it differs by more than what is looked for. What the hanging ones cost both is in the CPU."""

import contextlib
import dataclasses
import statistics

from support.load import FastReceiver
from support.wait import until

from . import backlog, latency
from .bench import PARTITIONS, RECORDS, cpu_seconds, rate, subscription

TYPES = 100
HANGS_MS = 3_600_000
PAIRS = 5
STEADY_RATE = 1_000
STEADY_SECONDS = 10
WARM_UP_SECONDS = 6  # in which the first of those that hang time out


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


def rate_share(bench, setting):
    """In percent, the median of pairs; every other pair is in the other order."""

    def once(turn, beside):
        with FastReceiver() as receiver, FastReceiver(HANGS_MS) as hanging:
            return whole_rate(bench, setting, turn, receiver, hanging if beside else None)

    shares = []
    for pair in range(PAIRS):
        reached = {}
        for beside in (pair % 2 == 1, pair % 2 == 0):
            turn = f"{setting.name}-rate-{'beside' if beside else 'alone'}-{pair}"
            reached[beside] = once(turn, beside)
        shares.append(100 * reached[True] / reached[False])
        print(f"{setting.name}: {reached[False]:.0f}/s alone, {reached[True]:.0f}/s beside", flush=True)
    return statistics.median(shares)


def steady(bench, setting, pair):
    """(p99 beside of alone, CPU beside of alone)"""
    turns = {n: f"{setting.name}-{n}-{pair}" for n in ("alone", "beside")}
    topic = bench.topics.create(f"{setting.name}-steady-{pair}", PARTITIONS)
    with contextlib.ExitStack() as stack:
        receivers = {n: stack.enter_context(FastReceiver()) for n in turns}
        hanging = {"alone": None, "beside": stack.enter_context(FastReceiver(HANGS_MS))}
        instances = {}
        for n in sorted(turns, reverse=pair % 2 == 1):
            subs = setting.subscriptions(turns[n], topic, "latest", receivers[n], hanging[n])
            instances[n] = stack.enter_context(bench.grapnel(turns[n], *subs, shutdown_grace="0s"))
        alone, beside = latency.arrivals(
            bench, topic, [receivers["alone"], receivers["beside"]], STEADY_RATE,
            STEADY_SECONDS, WARM_UP_SECONDS, TYPES, setting.wanted,
        )  # fmt: skip
        cpu = {n: cpu_seconds(instances[n]) for n in turns}
    p99 = {"alone": alone["p99_us"], "beside": beside["p99_us"]}
    print(f"{setting.name}: p99 {p99} µs, CPU {cpu} s", flush=True)
    return 100 * p99["beside"] / p99["alone"], 100 * cpu["beside"] / cpu["alone"]


def measure(bench, figures, setting):
    figures[f"{setting.name}_rate_share"] = rate_share(bench, setting)
    p99, cpu = zip(*(steady(bench, setting, pair) for pair in range(PAIRS)))
    figures[f"{setting.name}_p99_share"] = statistics.median(p99)
    figures[f"{setting.name}_cpu_share"] = statistics.median(cpu)

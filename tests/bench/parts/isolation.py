"""Does a receiver that hangs cost the other subscriptions anything? Each figure is what the others
reach beside it, of what they reach alone: the rate of a backlog in turns, and the time to arrive of
two instances at once, one with those that hang and one without, since from one minute to the next
it differs by more than what is looked for. What the hanging ones cost both is in the CPU.

In one lane an event of a subscription that hangs is one more event to work on, and where the CPU is
the limit that takes its time whatever becomes of it. So there a backlog is compared with what it is
beside receivers that answer, and a stream that the machine can bear with what it is alone."""

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
PAIRS_OF_RATES = 9  # they differ by a fifth from one to the next, on a small machine
STEADY_RATE = 1_000
BUSY_RATE = 8_000  # a third of what a small machine can do
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


@dataclasses.dataclass
class Rate:
    """What of, and compared with what."""

    figure: str
    stream: int = 0  # events a second; 0: the backlog, as fast as it goes
    beside_well: bool = False  # with what it is beside receivers that answer, not alone


LANES = Setting("lanes", well=1, hanging=1, shared=False)
SHARED = Setting("shared", well=90, hanging=10, shared=True)
RATES = {
    "lanes": [Rate("lanes_rate_share")],
    "shared": [
        Rate("shared_rate_share", stream=BUSY_RATE),
        Rate("shared_busy_rate_share", beside_well=True),
    ],
}


def whole_rate(bench, setting, compared, turn, receiver, others):
    """Arrivals a second at the receivers that are well, from the first to the last."""
    topic = bench.topics.create(turn, PARTITIONS) if compared.stream else backlog.topic(bench)
    start = "latest" if compared.stream else "earliest"
    subs = setting.subscriptions(turn, topic, start, receiver, others)
    wanted = RECORDS * setting.wanted
    with bench.grapnel(turn, *subs, ready=compared.stream > 0, shutdown_grace="0s") as running:
        if compared.stream:
            latency.arrive(
                bench, topic, [receiver], compared.stream, STEADY_SECONDS, TYPES, setting.wanted
            )
            return rate(receiver.stats())
        until(
            lambda: running.alive() and receiver.distinct() >= wanted,
            lambda: f"{wanted:.0f} arrivals: {receiver.stats()}",
            seconds=120,
            every=0.2,
        )
        return rate(receiver.stats())


def rate_share(bench, setting, compared):
    """In percent, the median of pairs; every other pair is in the other order."""

    def once(turn, hangs):
        with FastReceiver() as receiver, FastReceiver(HANGS_MS if hangs else 0) as other:
            others = other if hangs or compared.beside_well else None
            return whole_rate(bench, setting, compared, turn, receiver, others)

    shares = []
    for pair in range(PAIRS_OF_RATES):
        reached = {}
        for hangs in (pair % 2 == 1, pair % 2 == 0):
            turn = f"{compared.figure.replace('_', '-')}-{'hangs' if hangs else 'not'}-{pair}"
            reached[hangs] = once(turn, hangs)
        shares.append(100 * reached[True] / reached[False])
        print(f"{compared.figure}: {reached[True]:.0f}/s of {reached[False]:.0f}/s", flush=True)
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
    for compared in RATES[setting.name]:
        figures[compared.figure] = rate_share(bench, setting, compared)
    p99, cpu = zip(*(steady(bench, setting, pair) for pair in range(PAIRS)))
    figures[f"{setting.name}_p99_share"] = statistics.median(p99)
    figures[f"{setting.name}_cpu_share"] = statistics.median(cpu)

"""How it ends: a drain that finishes what is under way, and a second signal that doesn't wait."""

import signal
import threading
import time

import pytest

from support.receiver import Hang, Reply
from support.wait import PATIENCE, until


def offsets(receiver):
    return sorted(int(r.id.rsplit("-", 1)[1]) for r in receiver.requests("/hook"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_under_way_is_finished(topics, orders, names, receiver, subscribe, grapnel, results, number):
    gate = threading.Event()
    receiver.script("/hook", Reply(200, gate=gate))
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 5}))
    topics.produce(orders, *['{"a":1}'] * 100)
    receiver.wait(5, "/hook")
    running.signal(number)
    until(lambda: "stopping" in running.log(), "a word about stopping")
    running.alive()
    gate.set()
    assert running.wait() == 0
    finished = offsets(receiver)
    assert 5 <= len(finished) <= 100
    assert len(results(len(finished))) == len(finished)
    # Which of several workers hears of the stop first is chance, so there may be gaps.
    first_gap = next(n for n in range(101) if n not in finished)
    assert topics.committed(names.group, orders) == {0: first_gap}, running.log()

    running.start()  # and the rest comes, none twice
    receiver.wait(100, "/hook")
    topics.wait_committed(names.group, orders)
    assert offsets(receiver) == list(range(100))


def test_the_drain_has_an_end(topics, orders, names, receiver, subscribe, grapnel):
    receiver.script("/hook", Hang())
    running = grapnel(
        subscribe(orders, receiver.url("/hook"), delivery={"timeout": "60s"}), shutdown_grace="500ms"
    )
    topics.produce(orders, '{"a":1}')
    receiver.wait(1, "/hook")
    begun = time.monotonic()
    assert running.stop() == 0
    assert 0.4 < time.monotonic() - begun < 5 * PATIENCE
    assert topics.committed(names.group, orders).get(0, 0) == 0  # not finished, so it comes again
    receiver.script("/hook", Reply(200))
    running.start()
    first, second = receiver.wait(2, "/hook")
    assert first.id == second.id


def test_a_second_signal_stops_at_once(topics, orders, receiver, subscribe, grapnel):
    receiver.script("/hook", Hang())
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery={"timeout": "60s"}), shutdown_grace="60s")
    topics.produce(orders, '{"a":1}')
    receiver.wait(1, "/hook")
    running.signal(signal.SIGTERM)
    until(lambda: "stopping" in running.log(), "a word about stopping")
    running.alive()
    running.signal(signal.SIGTERM)
    running.wait(5)


def test_waiting_for_a_retry_does_not_hold_up_the_end(topics, orders, names, receiver, subscribe, grapnel):
    receiver.script("/hook", Reply(503))
    delivery = {"retry": {"schedule": ["10s"], "jitter": "0%"}}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    topics.produce(orders, '{"a":1}')
    until(lambda: running.metric("grapnel_waiting_retries") == 1, "a retry that waits")
    begun = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - begun < 5 * PATIENCE
    topics.wait_committed(names.group, orders)  # what was tried has been handed over

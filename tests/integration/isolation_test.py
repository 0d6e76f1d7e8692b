"""One subscription's trouble is not the others'. How little it costs them, tests/bench/run measures."""

import json
import time

import pytest

from support.receiver import Hang, Reply
from support.wait import PATIENCE, until

EVENTS = 500
EVERY_S = 0.025  # in which Kafka is asked twice at least where the retries end
LATE_S = 0.15 * PATIENCE


def test_a_retry_that_waits_holds_nobody_up(topics, orders, unique, names, receiver, subscribe, grapnel):
    """How far the retries are behind is asked on a connection of its own: where one is being read,
    Kafka answers nothing else until there is something to read."""
    receiver.script("/busy", Reply(503))
    wells = topics.create(f"wells-{unique}")
    busy = subscribe(orders, receiver.url("/busy"), delivery={"retry": {"schedule": ["1h", "2h"], "jitter": "0%"}})
    well = {**subscribe(wells, receiver.url("/well")), "name": f"well-{unique[-20:]}"}
    grapnel(busy, well)
    topics.produce(orders, "{}")
    until(lambda: topics.count(f"{names.retries}.1h") == 1, "a retry that waits")
    for n in range(EVENTS):
        topics.produce(wells, json.dumps({"at": time.time()}))
        time.sleep(EVERY_S)  # a steady stream
    arrived = receiver.wait(EVENTS, "/well")
    late = [r for r in arrived if r.at - json.loads(r.body)["at"] > LATE_S]
    assert len(late) < EVENTS / 25, f"{len(late)} of {EVENTS} were late"


@pytest.mark.parametrize("behind", [True, False], ids=["with a backlog", "all at once"])
def test_many_that_hang_leave_places_for_one_that_answers(
    topics, orders, unique, names, receiver, subscribe, grapnel, behind
):
    """Each could hold all places, and none gives any back before its time is over."""
    backlog = [json.dumps({"n": n}) for n in range(1000)]
    wells = topics.create(f"wells-{unique}")
    hanging = []
    for i in range(6):
        receiver.script(f"/hang{i}", *([] if behind else [Reply(200)]), Hang())
        hanging.append({**subscribe(orders, receiver.url(f"/hang{i}")), "name": f"hang{i}-{unique[-6:]}"})
    well = {**subscribe(wells, receiver.url("/well")), "name": f"well-{unique[-20:]}"}
    topics.produce(orders, *(backlog if behind else backlog[:1]))
    grapnel(*hanging, well, limits={"in_flight": 64})
    for i in range(6):
        receiver.wait(1, f"/hang{i}")
    topics.produce(wells, json.dumps({"at": time.time()}))
    receiver.wait(1, "/well")
    if not behind:
        topics.produce(orders, *backlog[1:])
        for i in range(6):
            receiver.wait(2, f"/hang{i}")
    for n in range(50):
        topics.produce(wells, json.dumps({"at": time.time()}))
        time.sleep(EVERY_S)
    arrived = receiver.wait(51, "/well")
    worst = max(r.at - json.loads(r.body)["at"] for r in arrived[1:])
    assert worst < 2 * PATIENCE, f"one was {worst:.1f} s late"

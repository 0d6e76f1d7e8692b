"""One subscription's trouble is not the others'. How little it costs them, tests/bench/run measures."""

import json
import time

from support.receiver import Reply
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

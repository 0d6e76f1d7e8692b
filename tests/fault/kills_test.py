"""SIGKILL at any moment, again and again: nothing is missing, little comes twice, no key is out of order."""

import os
import time

RECORDS = int(os.environ.get("GRAPNEL_FAULT_RECORDS", "200000"))
KILLS = 30
SECONDS = 150
FORGETFUL = {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500}  # the group of who was killed


def test_killed_thirty_times_at_any_moment(flood, chance, grapnel):
    """Also while it starts, joins, reads what had finished, or does nothing."""
    run = flood(RECORDS, SECONDS + 10)
    running = grapnel(*run.subscriptions, kafka=FORGETFUL, ready=False)
    begun = time.monotonic()
    for moment in sorted(chance.uniform(0, SECONDS) for _ in range(KILLS)):
        time.sleep(max(begun + moment - time.monotonic(), 0))
        running.alive()
        running.kill()
        arrived = run.arrived()
        assert arrived < RECORDS, "killed when all was over"
        print(f"killed after {moment:.2f} s, at {arrived} arrivals")
        run.may_repeat()
        running.start(ready=False)
    run.prove(running.path)

"""Waiting for something to become true, never for time to pass."""

import os
import time

# Sanitizers make the program several times slower; `tests/run` says so here.
PATIENCE = float(os.environ.get("GRAPNEL_PATIENCE", "1"))


def until(condition, what, seconds=20, every=0.02):
    """Returns the first true value of condition(); fails with `what` after the deadline.

    `what` may be a function: it is asked at the end, so that it can say how things stand."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            said = what() if callable(what) else what
            raise AssertionError(f"after {seconds * PATIENCE:.0f} s still waiting for {said}")
        time.sleep(every)

"""`grapnel reconcile`, as a test reads it."""

import json

from . import program

NOTHING = {"matching": 0, "delivered": 0, "dead": 0, "under_way": 0, "missing": 0, "twice": 0, "unproven": 0}


def reconcile(path, *args, seconds=30):
    """(exit code, {subscription: counts that are not 0}, stderr)"""
    done = program.command("reconcile", "-c", path, "-o", "json", *args, seconds=seconds)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(row.keys() == {"subscription", *NOTHING} for row in rows)
    counts = {row.pop("subscription"): {k: v for k, v in row.items() if v} for row in rows}
    return done.returncode, counts, done.stderr.decode()

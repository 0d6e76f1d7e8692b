"""SIGKILL while a part of what is sent fails, waits in retry topics or becomes a dead letter: nothing is
missing, and what comes again had been begun and was not committed."""

import time

import pytest

RECORDS = 24_000
KILLS = 6
SECONDS = 48
FORGETFUL = {"session.timeout.ms": 3000, "heartbeat.interval.ms": 500}  # the group of who was killed


@pytest.mark.parametrize("transactional", [False, True], ids=["at least once", "transactional"])
def test_killed_six_times_while_some_fail(failing_flood, chance, unique, grapnel, transactional):
    """In transactions each event has one result and, if it is refused, one dead letter, for who reads what is
    committed. The instance has a name there, by which it fences off what it was; Kafka would take 20 seconds."""
    run = failing_flood(RECORDS, SECONDS)
    running = grapnel(
        *run.subscriptions,
        kafka={"group.instance.id": unique} if transactional else FORGETFUL,
        topics={"partitions": 3},
        transactional=transactional,
        ready=False,
    )
    begun = time.monotonic()
    for moment in sorted(chance.uniform(0, SECONDS + 10) for _ in range(KILLS)):  # the last retries end later
        time.sleep(max(begun + moment - time.monotonic(), 0))
        running.alive()
        running.kill()
        print(f"killed after {moment:.2f} s, when {run.ended()} had had their last answer")
        run.killed()
        assert run.ended() < RECORDS, "killed when all was over"
        running.start(ready=False)
    run.prove(running, exactly=transactional)

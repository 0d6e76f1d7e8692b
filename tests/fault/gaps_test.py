"""What has finished above a gap is in the commit's metadata, and is not sent again after a kill, however
much it is. Where more might not fit there, no more is taken."""

import json

import pytest

from answering import AGAIN
from kills import Kills
from support.commits import Commits
from support.load import publish, publishing
from support.reconcile import reconcile
from support.wait import until

RECORDS = 30_000
RATE = 2500
BYTES = 200
METADATA_BYTES = 4096
SPAN = 24_384  # so many offsets fit there in base64, a bit each


@pytest.fixture
def committed(kafka, names, orders):
    """The Commit of the first partition, or of another."""
    commits = Commits(kafka.bootstrap)
    return lambda partition=0: commits.read(names.group, orders, partition + 1)[partition]


@pytest.fixture
def named(unique):
    """An instance with a name takes the place of what it was at once, however long the group would wait for it."""
    return {"group.instance.id": unique}


def wait_above(committed, enough):
    """The commit, once what has finished above it is enough."""

    def found():
        commit = committed()
        return commit if enough(commit.above) else None

    what = lambda: f"more above the commit, which is at {committed().offset} with {len(committed().above)}"
    return until(found, what, 90, every=0.1)


def test_what_finished_above_one_that_hangs_is_not_sent_again(
    kafka, topics, orders, names, subscribe, grapnel, answering, committed, named
):
    """Killed thrice on the way, and once when all the others are in the commit."""
    hangs = (0, 100)
    answering.answer = lambda partition, offset, times: None if (partition, offset) == hangs else 200
    kills = Kills(topics, kafka.bootstrap)
    running = grapnel(subscribe(orders, answering.url(), delivery={"timeout": "5m"}), kafka=named)
    others = set(range(hangs[1] + 1, RECORDS))
    with publishing(kafka.bootstrap, orders, 1, RECORDS, rate=RATE, size=BYTES, keys=1):
        for above in (5000, 13_000, 21_000, len(others)):
            commit = wait_above(committed, lambda found: len(found) >= above)
            running.kill()
            answering.wait_alone()
            hung = len(answering.came[hangs])
            kills.note({(names.group, orders)})
            running.start(ready=False)
    assert commit.offset == hangs[1] and commit.above == others
    topics.produce(orders, '{"last":1}')
    until(lambda: answering.ended == RECORDS, "what is published after the last kill", 90)
    until(lambda: len(answering.came[hangs]) > hung, "the one that hangs, once more", 60)
    answering.release()
    topics.wait_committed(names.group, orders, seconds=60)
    kills.note_losses(running.log())
    for position, came in answering.came.items():
        may = kills.may_repeat((names.group, orders, *position), 0, [one.at for one in came])
        assert len(came) - 1 <= may, f"{position}: {came}"
    print(f"{sum(len(came) - 1 for came in answering.came.values())} came once more")
    code, counts, said = reconcile(running.path, seconds=60)
    assert counts[names.subscription].pop("twice", 0) <= sum(len(came) > 1 for came in answering.came.values())
    assert (code, counts) == (0, {names.subscription: {"matching": RECORDS + 1, "delivered": RECORDS + 1}}), said


def test_where_more_might_not_fit_no_more_is_taken(
    topics, kafka, orders, names, subscribe, grapnel, answering, committed, named
):
    """Every fifth fails and waits in memory, and then only a bit an offset can say what has finished: at the
    end of those the partition stands still, and another goes on. When the gaps close, so does the first."""
    topics.add_partitions(orders, 2)
    fails = lambda partition, offset: partition == 0 and offset % 5 == 0
    answering.answer = lambda partition, offset, times: AGAIN if fails(partition, offset) else 200
    delivery = {"retry": {"schedule": ["8s"] * 60, "jitter": "0%"}}
    running = grapnel(subscribe(orders, answering.url(), delivery=delivery), kafka=named)
    taken = lambda: running.metric("grapnel_records_total", subscription=names.subscription)

    def stands_still(others):
        """While others come none of these does."""
        until(lambda: taken() == SPAN, lambda: f"{SPAN} to be taken, there are {taken()}", 90)
        ended = answering.ended
        topics.produce(orders, *(json.dumps({"n": n}) for n in range(others)), partition=1)
        what = lambda: f"{others} of the other partition: {taken() - SPAN} were taken, {answering.ended - ended} came"
        until(lambda: answering.ended == ended + others, what, 60)
        assert taken() == SPAN + others

    publish(kafka.bootstrap, orders, 1, RECORDS, size=BYTES, keys=1)
    finished = {offset for offset in range(SPAN) if not fails(0, offset)}
    commit = wait_above(committed, lambda found: found == finished)
    assert commit.offset == 0 and METADATA_BYTES - 32 < len(commit.metadata) <= METADATA_BYTES
    stands_still(1000)
    until(lambda: committed(1).offset == 1000, "the other partition's commit")
    running.kill()
    running.start()
    stands_still(1000)
    answering.release()
    topics.wait_committed(names.group, orders, seconds=90)
    assert {len(answering.ends(position)) for position in answering.came} == {1}
    whole = {"matching": RECORDS + 2000, "delivered": RECORDS + 2000}
    assert reconcile(running.path, seconds=60)[:2] == (0, {names.subscription: whole})

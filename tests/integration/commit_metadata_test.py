"""What stands in a commit's metadata when a partition is taken. grapnel's own says what is not sent again; all
else is told of, and costs duplicates and nothing else."""

import base64

import pytest

from support.commits import Commits

COMPLAINT = "what had finished is not known, and will be sent again"


def coded(data):
    return base64.b64encode(data).decode()


GARBAGE = {
    "another program's": '{"host":"10.0.0.1"}',
    "another version's": f"g2:5:b:{coded(bytes([6]))}",
    "another position's": f"g1:4:b:{coded(bytes([6]))}",
    "of no kind": f"g1:5:x:{coded(bytes([6]))}",
    "no base64": "g1:5:b:Bg=!",
    "half a run": f"g1:5:r:{coded(bytes([1, 128]))}",
    "past all offsets": f"g1:5:r:{coded(bytes([0] + [255] * 8 + [127]))}",
    "as long as may be": "g1:5:b:" + "€" * 1363,
}


@pytest.fixture
def commits(kafka):
    return Commits(kafka.bootstrap)


@pytest.fixture
def run(topics, orders, names, receiver, subscribe, grapnel, commits):
    """run(metadata): ten records, of which somebody else has committed five with that, and the program on them."""

    def start(metadata):
        topics.produce(orders, *['{"a":1}'] * 10)
        commits.write(names.group, orders, 0, 5, metadata)
        running = grapnel(subscribe(orders, receiver.url("/hook")))
        topics.wait_committed(names.group, orders)
        return running

    return start


def offsets(receiver):
    return sorted(int(r.id.rsplit("-", 1)[1]) for r in receiver.requests("/hook"))


@pytest.mark.parametrize("metadata", GARBAGE.values(), ids=GARBAGE)
def test_garbage_costs_duplicates_and_nothing_else(run, topics, orders, names, receiver, commits, metadata):
    running = run(metadata)
    assert offsets(receiver) == [5, 6, 7, 8, 9]
    [line] = [line for line in running.log().splitlines() if COMPLAINT in line]
    assert f" warn  {COMPLAINT} group={names.group} topic={orders} partition=0 " in line
    [commit] = commits.read(names.group, orders, 1)
    assert (commit.offset, commit.metadata) == (10, "")
    assert running.stop() == 0
    running.start()
    topics.produce(orders, '{"a":1}')
    receiver.wait(6, "/hook")
    assert offsets(receiver) == [5, 6, 7, 8, 9, 10]
    assert running.log().count(COMPLAINT) == 1


def test_what_is_its_own_is_heeded(run, receiver):
    running = run(f"g1:5:b:{coded(bytes([6]))}")
    assert offsets(receiver) == [5, 8, 9]
    assert COMPLAINT not in running.log()

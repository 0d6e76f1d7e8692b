"""What tests with faults have besides: three brokers, chance that can be repeated, and proofs."""

import os
import random

import pytest

from answering import Answering
from cluster import Cluster
from failing import FailingFlood
from flood import Flood
from support import program
from support.topics import Topics

# Of the whole run: xdist's workers inherit it.
SEED = os.environ.setdefault("GRAPNEL_FAULT_SEED", str(random.randrange(10**6)))
BROKER_SESSION_MS = 6000  # so long a dead broker stays the leader of its partitions


def pytest_report_header():
    return f"GRAPNEL_FAULT_SEED={SEED}"


@pytest.fixture
def chance(request):
    """A random.Random of this test's own: the same in a run with the same GRAPNEL_FAULT_SEED."""
    print(f"GRAPNEL_FAULT_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture(scope="session")
def kafka():
    with Cluster(brokers=3, heap="256m", properties={"broker.session.timeout.ms": BROKER_SESSION_MS}) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def topics(kafka):
    return Topics(kafka.bootstrap, replication=3)


@pytest.fixture
def brokers(kafka, topics):
    """The cluster, of which a test may stop any; they are started again, and whole, at its end."""
    yield kafka.brokers
    kafka.start()
    topics.wait_in_sync()


@pytest.fixture
def flood(kafka, topics, unique, subscribe):
    """flood(records, seconds): publishes that many in that time, to two subscriptions; see flood.py."""
    made = []

    def start(records, seconds, bootstrap=None):
        made.append(Flood(topics, bootstrap or kafka.bootstrap, unique, subscribe, records, records // seconds))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def failing_flood(kafka, topics, names, subscribe):
    """failing_flood(records, seconds): the same to three, of which a part fails; see failing.py."""
    made = []

    def start(records, seconds):
        made.append(FailingFlood(topics, kafka.bootstrap, names, subscribe, records, records // seconds))
        return made[-1]

    yield start
    for one in made:
        one.close()


@pytest.fixture
def answering():
    """A receiver that answers each event as the test says; see answering.py."""
    one = Answering()
    yield one
    one.close()


@pytest.fixture
def instances(configure, tmp_path):
    """instances(n, subscription…): that many, each with files of its own, none started."""
    made = []

    def make(count, *subscriptions, **config):
        _, whole = configure(*subscriptions, **config)
        for n in range(1, count + 1):
            port = program.admin_port()
            own = whole | {"admin": whole["admin"] | {"listen": f"127.0.0.1:{port}"}}
            made.append(program.Grapnel(program.write_files(tmp_path / f"instance{n}", own, list(subscriptions)), port))
        return made[-count:]

    yield make
    for one in made:
        one.finish()

"""Brokers, instances and receiver in namespaces of their own: cut off from each other, and packets lost."""

import concurrent.futures
import json
import time

import pytest

from cluster import Cluster
from network import Network
from support import program
from support.order import assert_in_order, event
from support.receiver import Receiver
from support.reconcile import reconcile
from support.topics import Topics
from support.wait import until

PARTITIONS = 4
KEYS = 40
SESSION_SECONDS = 6
CUT_SECONDS = 15
QUICK = {
    "session.timeout.ms": SESSION_SECONDS * 1000,
    "heartbeat.interval.ms": 500,
    "reconnect.backoff.max.ms": 1000,
    "socket.timeout.ms": 10_000,
}
TOKEN = "seen-by-all"


@pytest.fixture(scope="module")
def network():
    with Network() as made:
        yield made


@pytest.fixture(scope="module")
def broker_places(network):
    return [network.place(f"broker{n}") for n in (1, 2, 3)]


@pytest.fixture(scope="module")
def kafka(broker_places):
    with Cluster(places=broker_places, heap="256m", properties={"broker.session.timeout.ms": 6000}) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def topics(kafka):
    return Topics(kafka.bootstrap, replication=3)


@pytest.fixture
def receiver(network):
    server = Receiver(host=network.host)
    yield server
    server.close()


@pytest.fixture(scope="module")
def homes(network):
    return [network.place(f"grapnel{n}") for n in (1, 2)]


@pytest.fixture
def run(topics, unique, names, receiver, subscribe, configure, tmp_path, homes, network, broker_places):
    made = Run(topics, unique, names, receiver, subscribe, configure, tmp_path, homes)
    yield made
    for place in [*homes, *broker_places]:
        network.heal(place)
    for instance in made.instances:
        instance.finish()


class Run:
    """A topic, a subscription with order by key, and an instance in each of the namespaces for it."""

    def __init__(self, topics, unique, names, receiver, subscribe, configure, tmp_path, homes):
        self.topics, self.names, self.receiver = topics, names, receiver
        self.topic = topics.create(f"orders-{unique}", partitions=PARTITIONS)
        self.instances = []
        self.placed = []
        retry = {"schedule": ["200ms"] * 5 + ["1s"] * 60}
        subscription = subscribe(
            self.topic,
            receiver.url("/hook"),
            delivery={"order": "key", "timeout": "2s", "retry": retry, "breaker": {"failures": 10, "pause": "500ms"}},
        )
        _, whole = configure(subscription, kafka=QUICK, results={"record": "attempts"})
        for place in homes:
            port = program.admin_port()
            admin = {"listen": f"{place.host}:{port}", "tokens": {"all": {"token": TOKEN, "role": "viewer"}}}
            path = program.write_files(tmp_path / place.host, whole | {"admin": admin}, [subscription])
            heard = {"Authorization": f"Bearer {TOKEN}"}
            self.instances.append(
                program.Grapnel(path, port, host=place.host, enter=place.enter, headers=heard)
            )

    def publish(self, count):
        first = len(self.placed)
        numbers = range(first, first + count)
        events = [event(n, n % KEYS) for n in numbers]
        self.placed += self.topics.produce(self.topic, *events, keys=[str(n % KEYS) for n in numbers])

    def arrived(self):
        return len({r.id for r in self.receiver.requests("/hook")})

    def prove(self, may_be_twice):
        expected = {f"{self.topic}-{p}-{o}" for p, o in self.placed}
        until(lambda: self.arrived() == len(expected), lambda: f"{len(expected)}, {self.arrived()} came", 120)
        self.topics.wait_committed(self.names.group, self.topic, seconds=60)
        came = self.receiver.requests("/hook")
        assert {r.id for r in came} == expected
        assert_in_order(came)
        # What has come to an end anywhere is told of; beyond that may be twice what was cut off.
        rows = [json.loads(m.value()) for m in self.topics.read(self.names.results)]
        print(f"{len(came)} came for {len(expected)}, in {len(rows)} attempts")
        assert len(came) <= len(rows) + may_be_twice
        code, counts, said = reconcile(self.instances[0].path, seconds=120)
        counts[self.names.subscription].pop("twice", 0)
        assert counts[self.names.subscription] == {"matching": len(expected), "delivered": len(expected)}, said
        assert code == 0, said


def test_packets_are_lost(run, network, homes):
    """One of ten that come, and one of ten that go: between the instance and brokers, receiver and test."""
    [instance, _] = run.instances
    instance.start()
    network.lose(homes[0], percent=10)
    for _ in range(8):
        run.publish(250)
        time.sleep(1)
    until(lambda: run.arrived() >= 1000, lambda: f"1000, {run.arrived()} came", 120)
    network.heal(homes[0])
    run.prove(may_be_twice=64)


def test_an_instance_is_cut_off_from_kafka(run, network, homes, broker_places):
    """Of two: the other takes its partitions, and it comes back to what is no longer its own."""
    first, second = [i.start() for i in run.instances]
    assigned = lambda i: i.metric("grapnel_assigned_partitions", subscription=run.names.subscription)
    until(lambda: assigned(first) == assigned(second) == PARTITIONS // 2, "half of the partitions each", 60)
    run.publish(400)
    network.cut(homes[0], *broker_places)
    run.publish(400)
    until(lambda: first.get("/readyz")[0] == 503, "/readyz to say no", 60)
    until(lambda: assigned(second) == PARTITIONS, "all partitions", 60)
    run.publish(400)
    until(lambda: run.arrived() == 1200, lambda: f"1200, {run.arrived()} came", 60)
    network.heal(homes[0])
    first.wait_ready(60)
    until(lambda: assigned(first) == PARTITIONS // 2, "its half again", 60)
    run.publish(400)
    run.prove(may_be_twice=400 + 64)  # it may have sent what it could not tell of


def test_an_instance_is_cut_off_from_the_receiver(run, network, homes):
    [instance, _] = run.instances
    instance.start()
    run.publish(200)
    network.cut(homes[0], network.host)
    run.publish(200)
    time.sleep(CUT_SECONDS)
    instance.alive()
    network.heal(homes[0])
    run.publish(200)
    run.prove(may_be_twice=0)


@pytest.mark.parametrize("kind", ["cut off from the others", "cut off from all"])
def test_a_broker_is_cut_off(run, network, homes, broker_places, kafka, chance, kind):
    """It leads partitions still, and may say so; what it takes alone must not count as written."""
    [instance, _] = run.instances
    instance.start()
    run.publish(200)
    place = chance.choice(broker_places)
    others = [p for p in broker_places if p is not place]
    network.cut(place, *others, *(homes if kind.endswith("all") else []))
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        published = beside.submit(run.publish, 200)  # which may take until it is back
        time.sleep(CUT_SECONDS)
        network.heal(place)
        published.result()
    run.topics.wait_in_sync()
    run.publish(200)
    run.prove(may_be_twice=64)

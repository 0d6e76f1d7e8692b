"""A real Apache Kafka for a test: one or more brokers in KRaft mode on free loopback ports.

    with Cluster() as kafka:
        ... kafka.bootstrap ...

Everything it writes is in a directory of its own, removed at the end. Brokers can be stopped,
killed and started again one by one: `kafka.brokers[0].stop()`. Only processes started here are
ever signalled.

Of three brokers each holds every record, and two must have it before it counts as written. Each
can have a place of its own in the network, and a listener that is to be reached by a proxy only.
"""

import base64
import collections
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

HERE = pathlib.Path(__file__).resolve().parent
READY_SECONDS = 120  # a broker answers after about 5 s; a busy machine may take several times that

# Records of tests are of 2023: retention, which Kafka looks at half a minute after its start and every five
# minutes, deleted them now and then.

PROPERTIES = """\
process.roles=broker,controller
node.id={node}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
controller.quorum.voters={voters}
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor={replication}
min.insync.replicas={in_sync}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor={replication}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={replication}
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor={replication}
share.coordinator.state.topic.min.isr=1
log.cleaner.dedupe.buffer.size=8388608
log.retention.ms=-1
"""

# A later line takes the place of an earlier one.
PROXIED = """\
listeners=PLAINTEXT://{host}:{port},PROXIED://{host}:{far_port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port},PROXIED://{host}:{proxy_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
"""


# Whoever is given a port listens there only a while later, and until then another would be given the
# same. A name of Linux's own says that it is taken; it is gone with the process.
_taken = collections.deque(maxlen=256)


def free_port():
    """A loopback port nobody listens on, nor is about to, below the range outgoing connections are given."""
    while True:
        port = random.randrange(12000, 32000)
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0grapnel-tests-{port}")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        _taken.append(name)
        return port


@dataclass
class Place:
    """Where a broker is: its address, and what a command begins with that is to be run there."""

    host: str = "127.0.0.1"
    enter: tuple = ()


class Broker:
    def __init__(self, node, port, jars, directory, place, heap):
        self.node = node
        self.host = place.host
        self.port = port
        self.controller_port = free_port()
        self.far_port = free_port()  # what a proxy leads to, …
        self.proxy_port = free_port()  # … which listens at this one
        self.directory = directory
        self.log = directory / "broker.log"
        self.process = None
        self._jars = jars
        self._enter = place.enter
        self._heap = heap

    def configure(self, cluster_id, voters, replication, proxied, more):
        self.directory.mkdir()
        properties = self.directory / "server.properties"
        template = PROPERTIES + (PROXIED if proxied else "")
        properties.write_text(
            template.format(
                node=self.node,
                host=self.host,
                port=self.port,
                controller_port=self.controller_port,
                far_port=self.far_port,
                proxy_port=self.proxy_port,
                voters=voters,
                data=self.directory / "data",
                replication=replication,
                in_sync=max(replication - 1, 1),
            )
            + "".join(f"{name}={value}\n" for name, value in more.items())
        )
        subprocess.run(
            [*self._java("128m"), "kafka.tools.StorageTool", "format"]
            + ["-t", cluster_id, "-c", str(properties)],
            check=True,
            capture_output=True,
        )

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._enter, *self._java(self._heap), "kafka.Kafka"]
                + [str(self.directory / "server.properties")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C ends it by way of us
            )

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def _java(self, heap):
        level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", level, "-cp", f"{self._jars}/*"]


class Cluster:
    """`places`: one for each broker; `proxied`: there are `proxied_bootstrap` and its proxies, which
    the test provides; `properties`: more of server.properties."""

    def __init__(
        self, brokers=1, port=None, start=True, places=(), proxied=False, heap="512m", properties=None
    ):
        jars = subprocess.run(
            [str(HERE / "fetch")], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="grapnel-kafka-"))
        places = places or [Place()] * brokers
        self.brokers = [
            Broker(n, port + n - 1 if port else free_port(), jars, self.directory / str(n), place, heap)
            for n, place in enumerate(places, 1)
        ]
        voters = ",".join(f"{b.node}@{b.host}:{b.controller_port}" for b in self.brokers)
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if cluster_id.startswith("-"):
            cluster_id = "A" + cluster_id[1:]  # would be read as an option
        for broker in self.brokers:
            broker.configure(cluster_id, voters, min(len(places), 3), proxied, properties or {})
        if start:
            self.start()

    @property
    def bootstrap(self):
        return ",".join(f"{b.host}:{b.port}" for b in self.brokers)

    @property
    def proxied_bootstrap(self):
        return ",".join(f"{b.host}:{b.proxy_port}" for b in self.brokers)

    def start(self):
        for broker in self.brokers:
            if broker.process is None:
                broker.start()
        try:
            self.wait_ready()
        except BaseException:
            self.close()
            raise

    def wait_ready(self):
        """Returns once every broker that runs is in the metadata."""
        deadline = time.monotonic() + READY_SECONDS
        running = [b for b in self.brokers if b.process]
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
        while True:
            for broker in running:
                if broker.process.poll() is not None:
                    raise RuntimeError(f"a broker ended:\n{broker.log.read_text()[-4000:]}")
            try:
                if len(admin.list_topics(timeout=1).brokers) >= len(running):
                    return
            except KafkaException:
                pass  # not yet
            if time.monotonic() > deadline:
                raise TimeoutError(f"no Kafka:\n{running[0].log.read_text()[-4000:]}")

    def close(self):
        for broker in self.brokers:
            broker.kill()  # the data goes with it: nothing to end in order
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

"""What every test on a real Kafka has, of tests/integration and tests/fault: the broker, a receiver, and the program.

    def test_an_event_arrives(topics, orders, receiver, subscribe, grapnel):
        grapnel(subscribe(orders, receiver.url("/hook")))
        topics.produce(orders, '{"a":1}')
        [request] = receiver.wait(1, "/hook")
        assert request.body == b'{"a":1}'
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import types
import uuid

import pytest
import yaml

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = subprocess.run([HERE / "python" / "fetch"], check=True, capture_output=True, text=True)
sys.path[:0] = [str(HERE / folder) for folder in ("integration", "kafka", "registry")]
sys.path.append(PACKAGES.stdout.strip())

from cluster import Cluster, free_port  # noqa: E402
from registry import Registry  # noqa: E402
from support import program  # noqa: E402
from support.door import Door  # noqa: E402
from support.receiver import Receiver, Reply  # noqa: E402
from support.topics import Topics  # noqa: E402
from support.wait import until  # noqa: E402


@pytest.fixture(scope="session")
def kafka():
    """A broker for the whole session; its `bootstrap` is what the program is told."""
    if "GRAPNEL_TEST_KAFKA" in os.environ:  # one that runs already: `tests/kafka/start`
        yield types.SimpleNamespace(bootstrap=os.environ["GRAPNEL_TEST_KAFKA"])
        return
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def registry():
    """A schema registry for the whole session; its `url` is what the program is told."""
    with Registry() as running:
        yield running


@pytest.fixture
def unique(request):
    """A short name no other test has, fit for topics and subscriptions."""
    words = request.function.__name__.removeprefix("test_").replace("_", "-")
    return f"{words[:40].lower()}-{uuid.uuid4().hex[:6]}"


@pytest.fixture(scope="session")
def topics(kafka):
    return Topics(kafka.bootstrap)


@pytest.fixture
def orders(topics, unique):
    """A topic with one partition, empty."""
    return topics.create(f"orders-{unique}")


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.close()


@pytest.fixture
def names(unique):
    """The topics this test's program writes to, and its subscription."""
    return types.SimpleNamespace(
        results=f"{unique}.results",
        dead_letters=f"{unique}.dead-letters",
        retries=f"{unique}.retry",
        state=f"{unique}.state",
        subscription=unique,
        group=f"grapnel.{unique}",
    )


@pytest.fixture
def subscribe(names):
    """Makes a subscription from the topic's beginning; keyword arguments are more of its keys."""

    def make(topic, url, **keys):
        request = {"url": url, **keys.pop("request", {})}
        return {
            "name": names.subscription,
            "topics": [topic] if isinstance(topic, str) else topic,
            "start": "earliest",
            "request": request,
            **keys,
        }

    return make


@pytest.fixture
def configure(kafka, names, tmp_path):
    """Writes grapnel.yaml for these subscriptions; keyword arguments are its top-level keys."""

    def write(*subscriptions, port=None, **config):
        whole = {
            "kafka": {"bootstrap.servers": kafka.bootstrap, **config.pop("kafka", {})},
            "topics": {
                "results": names.results,
                "dead_letters": names.dead_letters,
                "retries": names.retries,
                "state": names.state,
            }
            | config.pop("topics", {}),
            "admin": {"listen": f"127.0.0.1:{port or program.admin_port()}"}
            | config.pop("admin", {}),
            **config,
        }
        return program.write_files(tmp_path, whole, list(subscriptions)), whole

    return write


@pytest.fixture
def grapnel(configure):
    """Starts the program on subscriptions and waits until it is ready."""
    started = []

    def start(*subscriptions, ready=True, env=None, **config):
        path, whole = configure(*subscriptions, **config)
        port = int(whole["admin"]["listen"].rsplit(":", 1)[1])
        running = program.Grapnel(path, port, env)
        started.append(running)
        return running.start(ready)

    yield start
    for running in started:
        running.finish()


@pytest.fixture
def another(tmp_path):
    """Starts a second instance beside a running one; keyword arguments are properties of its own."""
    made = []

    def start(running, *subscriptions, **kafka):
        config = yaml.safe_load(running.path.read_text())
        config["kafka"].update(kafka)
        port = program.admin_port()
        config["admin"]["listen"] = f"127.0.0.1:{port}"
        del config["subscriptions"]
        path = program.write_files(tmp_path / "another", config, list(subscriptions))
        made.append(program.Grapnel(path, port))
        return made[-1].start()

    yield start
    for instance in made:
        instance.finish()


@pytest.fixture
def own_kafka():
    """A cluster that hasn't been started."""
    cluster = Cluster(start=False)
    yield cluster
    cluster.close()


@pytest.fixture
def outage(own_kafka, receiver, subscribe, grapnel, names):
    """500 records, and a broker that is killed while they are under way, and comes back.

    Returns its topics, the program, and the broker, when all is committed."""

    def run(**config):
        own_kafka.start()
        topics = Topics(own_kafka.bootstrap)
        topics.create("orders", partitions=3)
        topics.produce("orders", *['{"a":1}'] * 500)
        gate = threading.Event()
        receiver.script("/", Reply(200, gate=gate))
        running = grapnel(
            subscribe("orders", receiver.url()),
            kafka={"bootstrap.servers": own_kafka.bootstrap, "reconnect.backoff.max.ms": 500},
            **config,
        )
        receiver.wait(64)
        [broker] = own_kafka.brokers
        broker.kill()
        gate.set()  # the answers come while nothing can be written
        until(lambda: running.get("/readyz")[0] == 503, "/readyz to say no", seconds=60)
        broker.start()
        own_kafka.wait_ready()
        topics.wait_committed(names.group, "orders", seconds=90)
        return topics, running, broker

    return run


@pytest.fixture
def results(topics, names):
    """results(n): the delivery results, once there are n of them, by where their events came from."""

    def wait(count, seconds=20):
        rows = [json.loads(m.value()) for m in topics.wait(names.results, count, seconds)]
        return sorted(rows, key=lambda r: (r["topic"], r["partition"], r["offset"], r["attempt"]))

    return wait


@pytest.fixture
def dead_letters(topics, names):
    """dead_letters(n): the dead letters, once there are n of them."""
    return lambda count, seconds=20: topics.wait(names.dead_letters, count, seconds)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """(certificate, key): PEM files for 127.0.0.1 and localhost, signed by themselves."""
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-nodes", "-days", "2", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        + ["-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
def door(registry):
    """A way to the registry that can be shut; its `url` is what the program is told."""
    one = Door(registry.port)
    one.url = registry.url.replace(str(registry.port), str(one.port))
    yield one
    one.shut()


NGINX = """\
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate}; ssl_certificate_key {key};
        auth_basic registry; auth_basic_user_file {dir}/users;
        location / {{ proxy_pass http://127.0.0.1:{registry}; }}
    }}
}}
"""


@pytest.fixture
def guarded(tmp_path, registry, certificate):
    """The registry's address behind TLS and a password: `key` and `s3cret`."""
    port = free_port()
    (tmp_path / "users").write_text("key:{PLAIN}s3cret\n")
    path = tmp_path / "nginx.conf"
    path.write_text(
        NGINX.format(
            dir=tmp_path, port=port, registry=registry.port, certificate=certificate[0], key=certificate[1]
        )
    )
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(path), "-e", str(tmp_path / "error.log")])
    until(lambda: (tmp_path / "pid").exists() and process.poll() is None, "nginx")
    yield f"https://localhost:{port}/apis/ccompat/v7"
    process.terminate()
    process.wait()

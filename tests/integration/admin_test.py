"""The admin listener: health, readiness, figures."""

import http.client
import json
import socket

import pytest

from support.program import command
from support.receiver import Hang, Reply
from support.wait import until

BY_SUBSCRIPTION = [
    "grapnel_records_total",
    "grapnel_in_flight",
    "grapnel_queued",
    "grapnel_lag",
    "grapnel_paused_partitions",
    "grapnel_delivery_latency_seconds_count",
    "grapnel_attempt_duration_seconds_bucket",
]


def test_health_and_readiness(topics, orders, receiver, subscribe, grapnel):
    running = grapnel(subscribe(orders, receiver.url()))
    assert running.get("/healthz")[0] == 200
    assert running.get("/readyz")[0] == 200


def test_readiness_waits_for_the_group_of_the_retries(topics, orders, names, receiver, subscribe, grapnel):
    with topics.barred(names.retries, orders):
        running = grapnel(subscribe(orders, receiver.url()), ready=False)
        until(lambda: running.alive() and running.get("/readyz")[0] == 503, "the program to be up")
        until(lambda: running.metric("grapnel_group_joined", group=names.group) == 1, "its own group", 30)
        topics.produce(orders, '{"a":1}')
        receiver.wait(1)  # new events go their way
        status, body = running.get("/readyz")
        assert status == 503
        assert [r.split()[1] for r in json.loads(body)["reasons"]] == [names.retries]
    running.wait_ready()


def test_the_figures_tell_what_happened(topics, orders, names, receiver, subscribe, grapnel, results):
    receiver.script("/hook", Reply(503), Reply(200), Reply(400), Reply(200))
    delivery = {"retry": {"schedule": ["10ms"]}, "in_flight": 1}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    topics.produce(orders, '{"a":1}', "no json", '{"a":2}', '{"a":3}')
    results(4)
    topics.wait_committed(names.group, orders)
    until(lambda: running.metric("grapnel_lag") == 0, "no lag")

    def of(name, **labels):
        return running.metric(name, subscription=names.subscription, **labels)

    assert of("grapnel_deliveries_total", outcome="delivered") == 2
    assert of("grapnel_deliveries_total", outcome="dead-lettered") == 2
    assert of("grapnel_deliveries_total", outcome="retrying") == 1
    assert of("grapnel_attempts_total", **{"class": "2xx"}) == 2
    assert of("grapnel_attempts_total", **{"class": "4xx"}) == 1
    assert of("grapnel_attempts_total", **{"class": "5xx"}) == 1
    assert of("grapnel_dead_letters_total", reason="decode") == 1
    assert of("grapnel_dead_letters_total", reason="status") == 1
    assert of("grapnel_records_total") == 4
    assert of("grapnel_attempt_duration_seconds_count") == 4
    assert of("grapnel_assigned_partitions") == 1
    assert running.metric("grapnel_stored_total", topic="results") == 4
    assert running.metric("grapnel_stored_total", topic="dead-letters") == 2
    until(lambda: running.metric("grapnel_memory_bytes") == 0, "all memory given back")
    assert running.metric("grapnel_memory_limit_bytes") == 256 << 20
    assert running.metric("grapnel_kafka_up") == 1


def test_the_page_is_prometheus_text_format(topics, orders, receiver, subscribe, grapnel):
    running = grapnel(subscribe(orders, receiver.url()))
    connection = http.client.HTTPConnection(running.admin.removeprefix("http://"), timeout=10)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 200
    assert answer.getheader("content-type").startswith("text/plain; version=0.0.4")
    had = running.metrics()
    for name in BY_SUBSCRIPTION:
        assert name in had, name
    families = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")]
    assert len(families) == len(set(families))
    helped = [line.split()[2] for line in text.splitlines() if line.startswith("# HELP ")]
    assert helped == families


def test_lag_is_what_is_not_finished(topics, orders, names, receiver, subscribe, grapnel):
    receiver.script("/hook", Hang())
    delivery = {"timeout": "60s", "in_flight": 10}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery), shutdown_grace="500ms")
    topics.produce(orders, *['{"a":1}'] * 30)
    until(
        lambda: running.metric("grapnel_lag", subscription=names.subscription) == 30,
        lambda: f"a lag of 30, it is {running.metrics().get('grapnel_lag')}",
    )


def test_what_it_does_not_have(orders, receiver, subscribe, grapnel):
    running = grapnel(subscribe(orders, receiver.url()))
    connection = http.client.HTTPConnection(running.admin.removeprefix("http://"), timeout=10)
    for method, path, status in [("GET", "/nothing", 404), ("POST", "/metrics", 405), ("DELETE", "/healthz", 405)]:
        connection.request(method, path)
        answer = connection.getresponse()
        problem = json.loads(answer.read())
        assert (answer.status, problem["status"]) == (status, status)
        assert answer.getheader("content-type") == "application/problem+json"
        assert problem["title"]
    connection.request("HEAD", "/metrics")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")


def test_tokens_are_asked_for_where_there_are_any(orders, receiver, subscribe, grapnel):
    admin = {"tokens": {"ops": {"token": "${env:OPS}", "role": "admin"}, "look": {"token": "${env:LOOK}", "role": "viewer"}}}
    running = grapnel(
        subscribe(orders, receiver.url()), admin=admin, env={"OPS": "ops-token-1234", "LOOK": "look-token-1234"}
    )
    assert running.get("/healthz")[0] == running.get("/readyz")[0] == 200
    assert running.get("/metrics")[0] == 401
    assert running.get("/metrics", {"Authorization": "Bearer wrong"})[0] == 401
    assert running.get("/metrics", {"Authorization": "Bearer look-token-1234"})[0] == 200
    assert running.get("/metrics", {"Authorization": "Bearer ops-token-1234"})[0] == 200


def test_beyond_loopback_only_with_tokens(configure, subscribe):
    path, _ = configure(subscribe("orders", "http://127.0.0.1/"), admin={"listen": "0.0.0.0:8088"})
    done = command("check", "-c", path)
    assert done.returncode == 1 and b"token" in done.stdout + done.stderr


def test_a_port_that_is_taken(configure, subscribe):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        path, _ = configure(subscribe("orders", "http://127.0.0.1/"), port=port)
        done = command("run", "-c", path)
    assert done.returncode in (1, 3) and str(port).encode() in done.stderr + done.stdout


@pytest.mark.parametrize(
    "noise",
    [b"\x00\x01\x02\r\n\r\n", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b""],
    ids=["bytes", "long", "version", "nothing"],
)
def test_noise_does_it_no_harm(orders, receiver, subscribe, grapnel, noise):
    running = grapnel(subscribe(orders, receiver.url()))
    host, port = running.admin.removeprefix("http://").split(":")
    for _ in range(20):
        with socket.create_connection((host, int(port))) as client:
            client.sendall(noise)
    assert running.get("/healthz")[0] == 200

"""Results in Avro, by way of a real schema registry, read by other people's readers."""

import io
import json
import pathlib
import struct
import urllib.request

import fastavro
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from support import program
from support.avro_values import framed
from support.receiver import Reply
from support.wait import until

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[2] / "schemas" / "delivery-result.avsc").read_text())
NEWER = SCHEMA | {"fields": SCHEMA["fields"] + [{"name": "mood", "type": ["null", "string"], "default": None}]}


def fast(value, reader=None):
    """By fastavro: the writer's schema is ours."""
    assert value[0] == 0
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), fastavro.parse_schema(SCHEMA), reader)


def encode(schema, row):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), row)
    return out.getvalue()


def be_strict(registry, subject):
    request = urllib.request.Request(
        f"{registry.url}/config/{subject}", b'{"compatibility":"FULL"}', {"Content-Type": "application/json"}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=30).read()


@pytest.fixture
def avro(registry):
    return {"registry": {"url": registry.url}, "results": {"format": "avro"}}


@pytest.fixture
def two(topics, orders, receiver, subscribe, grapnel, names, avro):
    """A run with one event that was delivered and one that was not; gives the program."""
    receiver.script("/hook", Reply(200, body=b"f\xc3\xbcr \xff"), Reply(400, body=b"no"))
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 1}), **avro)
    topics.produce(orders, '{"type":"order.created"}', key="customer-7")
    receiver.wait(1, "/hook")
    topics.produce(orders, '{"type":"order.cancelled"}')
    topics.wait_committed(names.group, orders)
    return running


def test_others_read_them(two, topics, orders, registry, names):
    messages = topics.wait(names.results, 2)
    read = AvroDeserializer(SchemaRegistryClient({"url": registry.url}))
    context = SerializationContext(names.results, MessageField.VALUE)
    rows = sorted((read(m.value(), context) for m in messages), key=lambda r: r["offset"])
    assert [list(r) for r in rows] == [[f["name"] for f in SCHEMA["fields"]]] * 2
    good, bad = rows
    assert (good["id"], good["outcome"], good["status"], good["error_kind"]) == (f"{orders}-0-0", "delivered", 200, None)
    assert (good["event_type"], good["attempt"], good["response"]) == ("order.created", 1, "für \ufffd")
    assert (bad["outcome"], bad["status"], bad["error_kind"]) == ("dead-lettered", 400, "status")
    assert good["next_attempt_at"] is None and good["subscription"] == names.subscription
    assert 0 <= (good["started_at"] - good["timestamp"]).total_seconds() < 60
    assert sorted((fast(m.value()) for m in messages), key=lambda r: r["offset"]) == rows
    assert {m.key() for m in messages} == {b"customer-7", None}


def test_they_are_named_by_the_subject_of_their_topic(two, registry, names):
    answer = urllib.request.urlopen(f"{registry.url}/subjects/{names.results}-value/versions/latest", timeout=30)
    assert json.loads(json.load(answer)["schema"]) == SCHEMA
    assert two.metric("grapnel_result_schema_known") == 1


def test_dead_letters_stay_as_they_are(two, dead_letters):
    [letter] = dead_letters(1)
    assert letter.value() == b'{"type":"order.cancelled"}'


# ── read by grapnel ──


def test_they_show_as_the_same_in_json_do(two, topics, names):
    """Each Avro record is put there once more as the JSON that it is shown as."""
    topics.wait(names.results, 2)
    shown = program.command("results", "-c", two.path, "-o", "json")
    assert (shown.returncode, shown.stderr) == (0, b"")
    lines = shown.stdout.decode().splitlines()
    assert [list(json.loads(line)) for line in lines] == [[f["name"] for f in SCHEMA["fields"]]] * 2
    topics.produce(names.results, *lines, partition=0)
    mixed = program.command("results", "-c", two.path, "-o", "json").stdout.decode().splitlines()
    assert sorted(mixed) == sorted(lines * 2)
    head, *rows = program.command("results", "-c", two.path).stdout.decode().splitlines()
    assert len(rows) == 4 and len(set(rows)) == 2
    last = program.command("results", "-c", two.path, "-n", "1", "-o", "json").stdout.decode().splitlines()
    assert len(last) == 1 and last[0] in lines


def test_reconcile_reads_both(two, topics, orders, registry, names, grapnel, receiver, subscribe):
    assert two.stop() == 0
    receiver.script("/hook", Reply(200))
    running = grapnel(subscribe(orders, receiver.url("/hook")), results={"format": "json"})
    topics.produce(orders, '{"a":1}')
    topics.wait_committed(names.group, orders)
    assert {m.value()[:1] for m in topics.wait(names.results, 3)} == {b"\0", b"{"}
    assert running.stop() == 0
    path = running.path
    path.write_text(path.read_text().replace("format: json", "format: avro") + f"registry:\n  url: {registry.url}\n")
    done = program.command("reconcile", "-c", path, "-o", "json")
    assert (done.returncode, done.stderr) == (0, b"")
    counts = json.loads(done.stdout)
    assert (counts["matching"], counts["delivered"], counts["dead"], counts["missing"]) == (3, 2, 1, 0)


def test_what_a_newer_one_writes_is_read(two, topics, registry, names):
    row = fast(topics.wait(names.results, 2)[0].value()) | {"id": "newer", "mood": "fine"}
    be_strict(registry, f"{names.results}-value")
    newer = registry.register(f"{names.results}-value", NEWER)
    topics.produce(names.results, framed(newer, encode(NEWER, row)))
    done = program.command("results", "-c", two.path, "-o", "json")
    [found] = [r for r in map(json.loads, done.stdout.splitlines()) if r["id"] == "newer"]
    assert (found["mood"], found["outcome"]) == ("fine", row["outcome"])
    assert "newer" in program.command("results", "-c", two.path).stdout.decode()
    first = fastavro.schemaless_reader(io.BytesIO(encode(NEWER, row)), fastavro.parse_schema(NEWER), SCHEMA)
    assert first == {k: v for k, v in row.items() if k != "mood"}


def test_it_starts_beside_a_newer_schema(two, topics, orders, registry, names):
    """As after a step back to this version: its schema is known, though it is not the latest."""
    assert two.stop() == 0
    be_strict(registry, f"{names.results}-value")
    registry.register(f"{names.results}-value", NEWER)
    two.start()
    topics.produce(orders, '{"a":1}')
    ids = {struct.unpack(">I", m.value()[1:5]) for m in topics.wait(names.results, 3)}
    assert len(ids) == 1


def test_results_say_that_the_registry_is_away(two, topics, names, configure, subscribe, door):
    topics.wait(names.results, 2)
    path, _ = configure(subscribe("orders", "http://127.0.0.1:9/"), registry={"url": door.url})
    for command in ("results", "reconcile"):
        done = program.command(command, "-c", path)
        assert done.returncode == 3, done.stderr
        assert b"can't be asked" in done.stderr
    path, _ = configure(subscribe("orders", "http://127.0.0.1:9/"))
    done = program.command("results", "-c", path)
    assert done.returncode == 0 and b"2 records of the topic could not be read as results" in done.stderr


# ── the registry at the start ──


def test_a_schema_that_is_incompatible_ends_it(topics, orders, receiver, subscribe, grapnel, names, registry, avro):
    other = SCHEMA | {"fields": [{"name": "id", "type": "int"}, *SCHEMA["fields"][1:]]}
    registry.register(f"{names.results}-value", other)
    be_strict(registry, f"{names.results}-value")
    topics.produce(orders, '{"a":1}')
    running = grapnel(subscribe(orders, receiver.url("/hook")), ready=False, **avro)
    assert running.wait() == 1
    last = running.log().splitlines()[-1]
    assert last.startswith(f"grapnel: the schema of subject {names.results}-value: the registry refuses it as incompatible: ")
    assert "/fields/0/type" in last
    assert receiver.requests() == [] and topics.committed(names.group, orders) == {}


def test_a_registry_that_comes_later(topics, orders, receiver, subscribe, grapnel, names, door):
    topics.produce(orders, *[json.dumps({"n": n}) for n in range(50)])
    config = {"registry": {"url": door.url}, "results": {"format": "avro"}}
    running = grapnel(subscribe(orders, receiver.url("/hook")), ready=False, **config)
    waits = b"the schema registry has not taken the schema of results yet"
    until(lambda: "can't be registered yet" in running.log() and "Kafka is there" in running.log(), "a word of it")
    until(lambda: b"Kafka" not in running.get("/readyz")[1], "Kafka to be no reason")
    status, body = running.get("/readyz")
    assert status == 503 and waits in body
    assert receiver.requests() == [] and topics.committed(names.group, orders) == {}
    door.open()
    receiver.wait(50, "/hook")
    running.wait_ready()
    rows = [fast(m.value()) for m in topics.wait(names.results, 50)]
    assert {r["offset"] for r in rows} == set(range(50)) and {r["outcome"] for r in rows} == {"delivered"}
    topics.wait_committed(names.group, orders)
    door.shut()  # what is known stays known
    topics.produce(orders, '{"n":50}')
    assert len(topics.wait(names.results, 51)) == 51


def test_a_stop_while_it_waits(orders, receiver, subscribe, grapnel, door):
    config = {"registry": {"url": door.url}, "results": {"format": "avro"}}
    running = grapnel(subscribe(orders, receiver.url("/hook")), ready=False, **config)
    until(lambda: "can't be registered yet" in running.log(), "a word of it")
    assert running.stop() == 0


def test_tls_and_a_password(topics, orders, guarded, certificate, receiver, subscribe, grapnel, names):
    config = {"url": guarded, "username": "key", "password": "${env:REGISTRY}", "ca_file": str(certificate[0])}
    running = grapnel(
        subscribe(orders, receiver.url("/hook")),
        registry=config, results={"format": "avro"}, env={"REGISTRY": "wrong-one"}, ready=False,
    )  # fmt: skip
    topics.produce(orders, '{"a":1}')
    until(lambda: "the answer is 401" in running.log(), "a word of it")
    assert receiver.requests() == []
    assert running.stop() == 0
    running._env["REGISTRY"] = "s3cret"
    running.start()
    assert fast(topics.wait(names.results, 1)[0].value())["outcome"] == "delivered"
    assert "s3cret" not in running.log() and "wrong-one" not in running.log()


def test_no_results_need_no_registry(orders, receiver, subscribe, grapnel, door):
    config = {"registry": {"url": door.url}, "results": {"format": "avro"}, "topics": {"results": None}}
    grapnel(subscribe(orders, receiver.url("/hook")), **config)  # it is ready


def test_check_wants_a_registry(configure, subscribe):
    path, _ = configure(subscribe("orders", "http://127.0.0.1/"), results={"format": "avro"})
    done = program.command("check", "-c", path)
    assert done.returncode == 1
    place = path.read_text()[: path.read_text().index("avro")].splitlines()
    said = f"grapnel.yaml:{len(place)}:{len(place[-1]) + 1}: format: avro needs a registry for the schema of results, and none is configured"
    assert said in (done.stdout + done.stderr).decode()

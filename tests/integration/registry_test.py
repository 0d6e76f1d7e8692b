"""Records that name a schema, and a real schema registry: written by Apache's Avro for Python."""

import datetime
import decimal
import http.server
import json
import threading
import uuid

import pytest

from cluster import free_port
from support import program
from support.avro_values import encode, framed
from support.receiver import Reply
from support.wait import until


def logical(type, name, **more):
    return {"type": type, "logicalType": name, **more}


ORDER = {
    "type": "record",
    "name": "OrderCreated",
    "namespace": "shop",
    "fields": [
        {"name": "type", "type": "string"},
        {"name": "amount", "type": logical("bytes", "decimal", precision=30, scale=2)},
        {"name": "small", "type": logical("fixed", "decimal", precision=8, scale=3) | {"name": "Small", "size": 4}},
        {"name": "id", "type": "long"},
        {"name": "n", "type": "int"},
        {"name": "ratio", "type": "double"},
        {"name": "weight", "type": "float"},
        {"name": "paid", "type": "boolean"},
        {"name": "nothing", "type": "null"},
        {"name": "raw", "type": "bytes"},
        {"name": "key", "type": logical("string", "uuid")},
        {"name": "day", "type": logical("int", "date")},
        {"name": "at_ms", "type": logical("int", "time-millis")},
        {"name": "at_us", "type": logical("long", "time-micros")},
        {"name": "then_ms", "type": logical("long", "timestamp-millis")},
        {"name": "then_us", "type": logical("long", "timestamp-micros")},
        {"name": "currency", "type": {"type": "enum", "name": "Currency", "symbols": ["EUR", "USD"]}},
        {"name": "note", "type": ["null", "string"]},
        {"name": "coupon", "type": ["null", "string"]},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "labels", "type": {"type": "map", "values": ["int", "string"]}},
        {"name": "next", "type": ["null", "OrderCreated"]},
    ],
}  # fmt: skip
UTC = datetime.timezone.utc
VALUE = {
    "type": "order.created",
    "amount": decimal.Decimal("-1234567890123456789012.10"),
    "small": decimal.Decimal("41.100"),
    "id": 9223372036854775807,
    "n": -7,
    "ratio": 0.1,
    "weight": 41.5,
    "paid": True,
    "nothing": None,
    "raw": b"\xff\x00hi",
    "key": "5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77",
    "day": datetime.date(2026, 11, 23),
    "at_ms": datetime.time(15, 4, 5, 123000),
    "at_us": datetime.time(15, 4, 5, 123456),
    "then_ms": datetime.datetime(2026, 11, 23, 15, 4, 5, 123000, tzinfo=UTC),
    "then_us": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    "currency": "USD",
    "note": 'Zoë said "hi"\n',
    "coupon": None,
    "tags": ["new", "web"],
    "labels": {"a": 1},
    "next": None,
}
JSON = (
    '{"type":"order.created","amount":-1234567890123456789012.10,"small":41.100,"id":9223372036854775807,"n":-7,'
    '"ratio":0.1,"weight":41.5,"paid":true,"nothing":null,"raw":"/wBoaQ==","key":"5f0c1f5e-8c1d-4a55-9f6b-1e6a2f1c9d77",'
    '"day":"2026-11-23","at_ms":"15:04:05.123","at_us":"15:04:05.123456","then_ms":"2026-11-23T15:04:05.123Z",'
    '"then_us":"1969-12-31T23:59:59.999999Z","currency":"USD","note":"Zoë said \\"hi\\"\\n","coupon":null,'
    '"tags":["new","web"],"labels":{"a":1},"next":null}'
).encode()


ANY_OBJECT = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}


@pytest.fixture
def order_id(registry, unique):
    return registry.register(f"{unique}-value", ORDER)


@pytest.fixture
def value(order_id):
    """An order as it is published."""
    return framed(order_id, encode(ORDER, VALUE))


def test_avro_becomes_json(topics, orders, names, registry, value, receiver, subscribe, grapnel, results):
    request = {"query": {"Amount": "${{ .amount }}", "Day": "{{ .day }}", "Tag": "{{ .tags[-1] }}"}}
    one = subscribe(orders, receiver.url("/hook"), events=["order.*"], request=request, format="avro")
    grapnel(one, registry={"url": registry.url + "/"})
    topics.produce(orders, value, key="k")
    [sent] = receiver.wait(1, "/hook")
    assert sent.body == JSON
    assert json.loads(sent.body)["amount"]  # what Python takes for JSON, too
    assert sent.header("content-type") == "application/json"
    assert sent.query == "Amount=%24-1234567890123456789012.10&Day=2026-11-23&Tag=web"
    [result] = results(1)
    assert (result["event_type"], result["outcome"]) == ("order.created", "delivered")
    topics.wait_committed(names.group, orders)


def test_auto_decides_by_the_record(topics, orders, registry, value, order_id, receiver, subscribe, grapnel, unique, dead_letters):
    schema = registry.register(f"{unique}-json", ANY_OBJECT, "JSON")
    bad = [framed(order_id, b"\x02"), framed(2_000_000_000, b"{}"), b"\0\0\0", b""]
    grapnel(subscribe(orders, receiver.url("/hook")), registry={"url": registry.url})
    topics.produce(orders, value, '{"plain": 1.0}', framed(schema, b'{"framed": 2.0}'), *bad, '{"last": 3}')
    sent = receiver.wait(4, "/hook")
    assert sorted(s.body for s in sent) == sorted([JSON, b'{"plain": 1.0}', b'{"framed": 2.0}', b'{"last": 3}'])
    letters = {m.value() or b"": dict(m.headers())["grapnel-error"].decode() for m in dead_letters(4)}
    assert letters.keys() == set(bad), "the letters are byte for byte what was published"
    assert letters[bad[0]].startswith(f"not Avro of schema {order_id}: ")
    assert letters[bad[1]] == "schema 2000000000: the registry knows no such schema"
    assert letters[bad[2]].startswith("not JSON: ") and letters[bad[3]].startswith("not JSON: ")


def test_format_json_takes_the_framing_off(topics, orders, registry, receiver, subscribe, grapnel, unique):
    schema = registry.register(f"{unique}-json", ANY_OBJECT, "JSON")
    grapnel(subscribe(orders, receiver.url("/hook"), format="json"), registry={"url": registry.url})
    topics.produce(orders, framed(schema, b'{"a": 1}'), '{"b": 2}')
    assert sorted(s.body for s in receiver.wait(2, "/hook")) == [b'{"a": 1}', b'{"b": 2}']


def test_a_schema_may_refer_to_others(topics, orders, registry, receiver, subscribe, grapnel, unique):
    money = {"type": "record", "name": "Money", "namespace": "shop.types", "fields": [
        {"name": "cents", "type": logical("bytes", "decimal", precision=9, scale=2)}]}  # fmt: skip
    item = {"type": "record", "name": "Item", "namespace": "shop", "fields": [
        {"name": "sku", "type": "string"}, {"name": "price", "type": "shop.types.Money"}]}  # fmt: skip
    order = {"type": "record", "name": "Order", "namespace": "shop", "fields": [
        {"name": "items", "type": {"type": "array", "items": "Item"}}, {"name": "total", "type": "shop.types.Money"}]}  # fmt: skip
    # The registry of one test is that of the next: subjects and names of its own.
    registry.register(f"{unique}-money", money)
    money_at = {"name": "shop.types.Money", "subject": f"{unique}-money", "version": 1}
    registry.register(f"{unique}-item", item, references=[money_at])
    item_at = {"name": "shop.Item", "subject": f"{unique}-item", "version": 1}
    schema = registry.register(f"{unique}-value", order, references=[item_at, money_at])

    whole = json.loads(json.dumps(order))
    whole["fields"][0]["type"]["items"] = item | {"fields": [item["fields"][0], {"name": "price", "type": money}]}
    two = decimal.Decimal("2.50")
    event = {"items": [{"sku": "A", "price": {"cents": two}}], "total": {"cents": two}}
    grapnel(subscribe(orders, receiver.url("/hook")), registry={"url": registry.url})
    topics.produce(orders, framed(schema, encode(whole, event)))
    [sent] = receiver.wait(1, "/hook")
    assert sent.body == b'{"items":[{"sku":"A","price":{"cents":2.50}}],"total":{"cents":2.50}}'


def test_a_retry_is_made_of_the_same_bytes(topics, orders, registry, value, receiver, subscribe, grapnel):
    receiver.script("/hook", Reply(503), Reply(503), Reply(200))
    delivery = {"retry": {"schedule": ["100ms", "100ms", "100ms"]}}
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery), registry={"url": registry.url})
    topics.produce(orders, value)
    assert [s.body for s in receiver.wait(3, "/hook")] == [JSON] * 3


def test_records_wait_while_the_registry_is_away(
    topics, orders, names, door, value, receiver, subscribe, grapnel, unique
):
    others = topics.create(f"others-{unique}")
    running = grapnel(
        subscribe(orders, receiver.url("/avro")),
        subscribe(others, receiver.url("/json")) | {"name": f"{unique}-json"},
        registry={"url": door.url, "timeout": "1s"},
    )
    topics.produce(orders, *[value] * 20)
    until(lambda: running.metric("grapnel_schemas_awaited") > 0, "a schema that is asked for")
    until(lambda: "the schema registry can't be asked; records wait" in running.log(), "a word of it in the log")
    topics.produce(others, *['{"a":1}'] * 50)
    receiver.wait(50, "/json")
    topics.wait_committed(f"grapnel.{unique}-json", others)
    until(lambda: running.metric("grapnel_registry_requests_total", result="failed") > 2, "several tries")
    assert receiver.requests("/avro") == []
    assert topics.committed(names.group, orders).get(0, 0) <= 0, "nothing of what waits is committed"

    door.open()
    assert {s.body for s in receiver.wait(20, "/avro")} == {JSON}
    topics.wait_committed(names.group, orders)
    assert sorted(s.id for s in receiver.requests("/avro")) == sorted(f"{orders}-0-{n}" for n in range(20))
    assert running.metric("grapnel_schemas_awaited") == 0
    assert "the schema registry answers again" in running.log()

    # What is known needs no registry.
    door.shut()
    topics.produce(orders, value)
    receiver.wait(21, "/avro")


def test_a_shared_lane_waits_for_one_schema_and_goes_on_with_the_rest(
    topics, orders, names, door, value, receiver, subscribe, grapnel, unique
):
    """Also for one that just one worker serves, and where nothing is awaited in the format text."""
    members = [
        subscribe(orders, receiver.url(f"/{path}"), **keys) | {"name": f"{path}-{unique[-6:]}", "group": unique}
        for path, keys in [("a", {}), ("b", {"delivery": {"in_flight": 1}}), ("text", {"format": "binary"})]
    ]
    config = {"registry": {"url": door.url, "timeout": "1s"}, "limits": {"workers": 3}}
    running = grapnel(*members, **config)
    topics.produce(orders, value, *[json.dumps({"n": n}) for n in range(10)], value)
    for path in ("/a", "/b", "/text"):
        receiver.wait(10, path)
    until(lambda: running.metric("grapnel_schemas_awaited") > 0, "a schema that is asked for")
    door.open()
    for path in ("/a", "/b", "/text"):
        came = receiver.wait(12, path)
        assert sorted(r.id for r in came) == sorted(f"{orders}-0-{n}" for n in range(12)), "each once"
    topics.wait_committed(names.group, orders)


def test_a_key_waits_for_its_schema(topics, orders, names, door, value, receiver, subscribe, grapnel, results):
    """order: key. What comes later of the key waits behind it, also what could be decoded."""
    one = subscribe(orders, receiver.url("/hook"), events=["order.*"], delivery={"order": "key"})
    running = grapnel(one, registry={"url": door.url, "timeout": "1s"})
    late = [json.dumps({"type": "order.paid", "n": n}) for n in range(5)]
    topics.produce(orders, value, *late, key="a")
    topics.produce(orders, *late, key="b")
    receiver.wait(5, "/hook")
    until(lambda: running.metric("grapnel_schemas_awaited") > 0, "a schema that is asked for")
    door.open()
    results(11)
    came = [r.id for r in receiver.requests("/hook")]
    assert came[5:] == [f"{orders}-0-{n}" for n in range(6)]
    topics.wait_committed(names.group, orders)


@pytest.mark.parametrize(
    "filter, left",
    [(".n >= 0", []), ('if .n < 0 then error("no") else true end', ["filter"])],
    ids=["leaves it out", "fails"],
)
def test_what_waited_for_its_schema_is_filtered(
    topics, orders, names, door, value, receiver, subscribe, grapnel, results, filter, left
):
    """order: key, so that its turn was taken before anybody could say whether it is wanted."""
    one = subscribe(orders, receiver.url("/hook"), filter=filter, delivery={"order": "key"})
    running = grapnel(one, registry={"url": door.url, "timeout": "1s"})
    topics.produce(orders, value, *[json.dumps({"n": n}) for n in range(5)], key="a")
    until(lambda: running.metric("grapnel_schemas_awaited") > 0, "a schema that is asked for")
    assert receiver.requests() == []
    door.open()
    rows = results(5 + len(left))
    assert [r.id for r in receiver.requests("/hook")] == [f"{orders}-0-{n}" for n in range(1, 6)]
    assert [r["error_kind"] for r in rows if r["offset"] == 0] == left
    assert running.metric("grapnel_filtered_total") == 1 - len(left)
    topics.wait_committed(names.group, orders)


def test_what_waits_survives_a_stop(topics, orders, names, door, value, receiver, subscribe, grapnel):
    running = grapnel(subscribe(orders, receiver.url("/hook")), registry={"url": door.url, "timeout": "1s"})
    topics.produce(orders, *[value] * 5)
    until(lambda: running.metric("grapnel_schemas_awaited") > 0, "a schema that is asked for")
    assert running.stop(seconds=10) == 0
    assert receiver.requests() == []
    door.open()
    running.start()
    receiver.wait(5, "/hook")
    topics.wait_committed(names.group, orders)
    assert len({s.id for s in receiver.requests()}) == 5


def test_what_waits_goes_with_its_partition(
    topics, unique, names, door, value, receiver, subscribe, grapnel
):
    source = topics.create(f"orders-{unique}", partitions=4)
    config = {"registry": {"url": door.url, "timeout": "1s"}, "kafka": {"session.timeout.ms": 6000}}
    first = grapnel(subscribe(source, receiver.url("/hook")), **config)
    for partition in range(4):
        topics.produce(source, *[value] * 10, partition=partition)
    until(lambda: first.metric("grapnel_records_total") == 40, "all of it in memory")
    second = grapnel(subscribe(source, receiver.url("/hook")), **config)
    until(lambda: second.metric("grapnel_assigned_partitions", subscription=names.subscription) == 2, "half of them")
    until(lambda: second.metric("grapnel_records_total") == 20, "what is in those")
    door.open()
    came = receiver.wait(40, "/hook")
    topics.wait_committed(names.group, source)
    assert sorted(r.id for r in came) == sorted(f"{source}-{p}-{n}" for p in range(4) for n in range(10)), "each once"


def test_tls_and_a_password(topics, orders, guarded, value, certificate, receiver, subscribe, grapnel):
    config = {"url": guarded, "username": "key", "password": "${env:REGISTRY}", "ca_file": str(certificate[0])}
    running = grapnel(subscribe(orders, receiver.url("/hook")), registry=config, env={"REGISTRY": "wrong-one"})
    topics.produce(orders, value)
    until(lambda: "the answer is 401" in running.log(), "a word of it")
    assert receiver.requests() == [], "a wrong password is no fault of the event's"
    assert running.stop() == 0
    assert "wrong-one" not in running.log()
    running._env["REGISTRY"] = "s3cret"
    running.start()
    [sent] = receiver.wait(1, "/hook")
    assert sent.body == JSON
    assert "s3cret" not in running.log()


def test_a_guid_in_the_header(topics, orders, receiver, subscribe, grapnel):
    """Not every registry knows GUIDs; Apicurio does not, so this one is played."""
    guid = uuid.uuid4()
    asked = []

    class Played(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = json.dumps({"schema": json.dumps(ORDER), "guid": str(guid)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Played)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    grapnel(subscribe(orders, receiver.url("/hook"), format="avro"), registry={"url": url})
    topics.produce(orders, encode(ORDER, VALUE), headers=[("__value_schema_id", b"\x01" + guid.bytes)])
    [sent] = receiver.wait(1, "/hook")
    assert sent.body == JSON
    assert set(asked) == {f"/schemas/guids/{guid}"}
    server.shutdown()


def test_a_guid_that_the_registry_does_not_know(topics, orders, registry, value, receiver, subscribe, grapnel, dead_letters):
    """Apicurio answers with a 404 that has no error code, as a proxy might."""
    guid = uuid.uuid4()
    grapnel(subscribe(orders, receiver.url("/hook")), registry={"url": registry.url})
    topics.produce(orders, b"x", headers=[("__value_schema_id", b"\x01" + guid.bytes)])
    topics.produce(orders, value)
    assert [s.body for s in receiver.wait(1, "/hook")] == [JSON]
    [letter] = dead_letters(1)
    headers = dict(letter.headers())
    assert headers["grapnel-error"].decode() == f"schema {guid}: the registry knows no such schema"
    assert headers["grapnel-reason"] == b"decode"


def test_an_id_in_the_header(topics, orders, registry, order_id, receiver, subscribe, grapnel):
    """Confluent's serializers write GUIDs there; what reads them takes an id as well."""
    grapnel(subscribe(orders, receiver.url("/hook")), registry={"url": registry.url})
    topics.produce(orders, encode(ORDER, VALUE), headers=[("__value_schema_id", framed(order_id, b""))])
    assert receiver.wait(1, "/hook")[0].body == JSON


def test_a_deep_one_and_a_truncated_one_do_no_harm(
    topics, orders, registry, receiver, subscribe, grapnel, unique, dead_letters
):
    tree = {"type": "record", "name": "Tree", "fields": [{"name": "next", "type": ["null", "Tree"]}]}
    schema = registry.register(f"{unique}-value", tree)
    nulls = registry.register(f"{unique}-nulls", {"type": "array", "items": "null"})
    texts = registry.register(f"{unique}-texts", {"type": "array", "items": "string"})
    running = grapnel(subscribe(orders, receiver.url("/hook")), registry={"url": registry.url})
    huge = b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"
    bad = [
        framed(schema, b"\x02" * 500_000 + b"\x00"),
        framed(nulls, huge),
        framed(texts, b"\x02" + huge),
        framed(texts, b"\x80\x80\x80\x80\x20\x02x"),
    ]
    topics.produce(orders, *bad, framed(schema, b"\x02\x00"))
    [sent] = receiver.wait(1, "/hook")
    assert sent.body == b'{"next":{"next":null}}'
    assert {m.value() for m in dead_letters(4)} == set(bad)
    assert running.alive()


# ── commands ──


def test_render_and_send_read_avro(configure, subscribe, registry, value, receiver):
    one = subscribe("orders", receiver.url("/hook"), request={"query": {"n": "{{ .amount }}"}})
    path, _ = configure(one, registry={"url": registry.url})
    shown = program.command("render", "-c", path, stdin=value)
    assert shown.returncode == 0, shown.stderr
    assert JSON in shown.stdout and b"n=-1234567890123456789012.10" in shown.stdout
    sent = program.command("send", "-c", path, "-s", one["name"], stdin=value)
    assert sent.returncode == 0, sent.stderr
    assert receiver.wait(1, "/hook")[0].body == JSON


def test_the_last_byte_of_avro_is_no_line_feed(configure, subscribe, registry, receiver, unique):
    path, _ = configure(subscribe("orders", receiver.url("/hook")), registry={"url": registry.url})
    value = framed(registry.register(f"{unique}-value", '"int"'), encode('"int"', 5))
    assert value.endswith(b"\n")
    shown = program.command("render", "-c", path, stdin=value)
    assert shown.returncode == 0 and shown.stdout.rstrip().endswith(b"5"), shown.stdout


def test_render_says_that_the_registry_is_away(configure, subscribe, receiver):
    port = free_port()
    path, _ = configure(subscribe("orders", receiver.url("/hook")), registry={"url": f"http://127.0.0.1:{port}"})
    shown = program.command("render", "-c", path, stdin=framed(7, b"x"))
    assert shown.returncode == 3
    said = f"waits: schema 7: the schema registry at http://127.0.0.1:{port} can't be asked: "
    assert said.encode() in shown.stdout, shown.stdout
    sent = program.command("send", "-c", path, "-s", subscribe("a", "b")["name"], stdin=framed(7, b"x"))
    assert sent.returncode == 3 and b"can't be asked" in sent.stderr


def test_render_tells_a_dead_letter(configure, subscribe, registry, receiver):
    path, _ = configure(subscribe("orders", receiver.url("/hook")), registry={"url": registry.url})
    shown = program.command("render", "-c", path, stdin=framed(2_000_000_000, b"x"))
    assert shown.returncode == 1
    assert b"a dead letter, reason decode: schema 2000000000: the registry knows no such schema" in shown.stdout


def test_check_wants_a_registry_for_format_avro(configure, subscribe):
    path, _ = configure(subscribe("orders", "http://127.0.0.1/", format="avro"))
    done = program.command("check", "-c", path)
    assert done.returncode == 1
    assert b"all.yaml:8:11: format: avro needs the schemas of a registry, and none is configured" in done.stdout + done.stderr


def test_reconcile_reads_avro(topics, orders, names, door, value, receiver, subscribe, grapnel, results):
    door.open()
    running = grapnel(subscribe(orders, receiver.url("/hook"), events=["order.*"]), registry={"url": door.url})
    topics.produce(orders, value, value, '{"type":"other"}')
    results(2)
    topics.wait_committed(names.group, orders)
    done = program.command("reconcile", "-c", running.path, "-o", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["matching"] == 2
    door.shut()
    done = program.command("reconcile", "-c", running.path, "-o", "json")
    assert done.returncode == 3 and b"can't be asked" in done.stderr

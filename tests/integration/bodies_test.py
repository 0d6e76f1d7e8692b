"""What receivers get, read as they read it: XML by its parsers, gzip unpacked, headers that go on."""

import gzip
import json
import subprocess
from xml.etree import ElementTree

import pytest

from support.program import command
from support.receiver import Reply
from support.signature import verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NASTY = {"name": "A <b> & \"c\" ]]> 'd'\t\r\n\u0001\ud800😀", "total": 41.10}


@pytest.fixture
def arrives(topics, orders, receiver, subscribe, grapnel):
    """Publishes an event and gives the one request that it becomes."""

    def send(request, value, headers=None, **keys):
        grapnel(subscribe(orders, receiver.url("/hook"), request=request, **keys))
        topics.produce(orders, value, headers=headers)
        [came] = receiver.wait(1, "/hook")
        return came

    return send


def test_xml_is_read_by_its_parsers(arrives):
    tree = {
        "Order": {
            "@xmlns": "urn:shop",
            "@id": "{{ .id }}",
            "Note": {"@by": "{{ .name }}", "#text": "{{ .name }}!"},
            "Line": "{{ .lines }}",
            "Buyer": "{{ .buyer }}",
            "Nothing": "{{ .none }}",
        }
    }
    event = {
        "id": 7,
        "lines": [{"@no": 1, "sku": "a&b"}, {"@no": 2, "sku": ["<c>", None]}],
        "buyer": {"name": NASTY["name"], "vip": True},
        "none": None,
        **NASTY,
    }
    came = arrives({"body": {"xml": tree}}, json.dumps(event))
    assert came.header("content-type") == "application/xml"
    assert came.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Order xmlns="urn:shop" id="7">')
    subprocess.run(["xmllint", "--noout", "--nonet", "-"], input=came.body, check=True)
    order = ElementTree.fromstring(came.body)
    text = NASTY["name"].replace("\u0001", "\ufffd").replace("\ud800", "\ufffd")

    def found(path):
        return [(e.text, e.attrib) for e in order.findall(path, {"": "urn:shop"})]

    assert order.attrib == {"id": "7"}
    assert found("Note") == [(f"{text}!", {"by": text})]
    assert found("Line") == [(None, {"no": "1"}), (None, {"no": "2"})]
    assert [text for text, _ in found("Line/sku")] == ["a&b", "<c>", None]
    assert found("Buyer/name") == [(text, {})] and found("Buyer/vip") == [("true", {})]
    assert found("Nothing") == [(None, {})]


def test_what_is_packed_is_signed_as_it_is_sent(topics, orders, receiver, subscribe, grapnel, results):
    """And sent again byte for byte; what is too small goes as it is."""
    receiver.script("/hook", Reply(503), Reply(200))
    sign = {"style": "standard", "secrets": [SECRET]}
    delivery = {"retry": {"schedule": ["100ms"], "jitter": "0%"}}
    grapnel(subscribe(orders, receiver.url("/hook"), request={"gzip": "1KiB"}, sign=sign, delivery=delivery))
    large, small = json.dumps({"text": "grapnel " * 500}), json.dumps({"text": "grapnel"})
    topics.produce(orders, large)
    first, again = receiver.wait(2, "/hook")
    topics.produce(orders, small)
    *_, last = receiver.wait(3, "/hook")
    assert first.header("content-encoding") == "gzip" and len(first.body) < 200
    assert first.header("content-type") == "application/json"
    assert gzip.decompress(first.body) == large.encode()
    assert first.body == again.body
    assert last.header("content-encoding") is None and last.body == small.encode()
    assert all(verify(came, SECRET) for came in (first, again, last))
    assert [r["outcome"] for r in results(2)] == ["delivered", "delivered"]


def test_render_shows_a_packed_body_unpacked(configure, subscribe):
    path, _ = configure(subscribe("orders", "http://127.0.0.1:1/", request={"gzip": "1B"}))
    event = json.dumps({"text": "grapnel " * 500}).encode()
    said = command("render", "-c", path, stdin=event).stdout
    assert b"\nContent-Encoding: gzip\n" in said and event in said
    assert b"bytes, sent as " in said
    rows = command("render", "-c", path, "-o", "json", stdin=event).stdout.splitlines()
    [shown] = map(json.loads, rows)
    assert shown["verdict"] == "taken"
    assert shown["request"]["body"] == event.decode()
    assert 0 < shown["request"]["sent_bytes"] < 200
    assert shown["request"]["headers"]["Content-Encoding"] == "gzip"


def test_render_in_json_says_why_not(configure, subscribe, names):
    one = subscribe("orders", "http://127.0.0.1:1/", request={"query": {"n": "{{ .n }}"}})
    path, _ = configure(one, {**one, "name": f"{names.subscription}-b", "events": ["refund"]})
    done = command("render", "-c", path, "--output", "json", stdin=b'{"type":"sale"}')
    dead, left = map(json.loads, done.stdout.splitlines())
    assert done.returncode == 1
    assert dead == {"subscription": names.subscription, "verdict": "dead-letter", "reason": "render",
                    "why": "query.n: missing field .n"}
    assert left["verdict"] == "not-taken"
    assert "all.yaml:" in left["why"] and 'events: "sale" is not refund' in left["why"]


PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_listed_headers_go_on(arrives):
    headers = [
        ("X-Tenant", b"old"),
        ("x-tenant", "Zoë\r\nHost: evil".encode()),
        ("x-trace-a", b"1"),
        ("x-other", b"2"),
        ("content-type", b"text/html"),
        ("webhook-id", b"theirs"),
        ("Authorization", b"theirs"),
        ("Transfer-Encoding", b"chunked"),
        ("traceparent", PARENT.encode()),
        ("tracestate", b"a=b"),
    ]
    request = {"forward_headers": ["x-tenant", "x-trace-*", "w*", "auth*", "content*", "transfer*"]}
    came = arrives(request, "{}", headers, auth={"bearer": "ours"})
    assert came.header("x-tenant") == "Zoë  Host: evil".encode().decode("latin-1")
    assert came.header("x-trace-a") == "1"
    assert came.header("x-other") is None
    assert came.header("content-type") == "application/json"
    assert came.header("authorization") == "Bearer ours"
    assert came.header("transfer-encoding") is None
    assert came.id.startswith("orders-")
    assert (came.header("traceparent"), came.header("tracestate")) == (PARENT, "a=b")


@pytest.mark.parametrize("parent", [b"00-nonsense", b"", b"00-" + b"a" * 100_000], ids=["bad", "empty", "huge"])
def test_a_bad_traceparent_is_dropped(arrives, parent):
    came = arrives({}, "{}", [("traceparent", parent), ("tracestate", b"a=b")])
    assert came.header("traceparent") is None and came.header("tracestate") is None


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("kind", ["left out", "none", "event", "form"])
def test_each_method_with_each_body(configure, subscribe, method, kind):
    """GET has a body where it is asked for; the others have the event where nothing is said."""
    body = {"left out": {}, "form": {"body": {"form": {"a": "{{ .a }}"}}}}.get(kind, {"body": kind})
    path, _ = configure(subscribe("orders", "http://127.0.0.1:1/x", request={"method": method, **body}))
    [shown] = map(json.loads, command("render", "-c", path, "-o", "json", stdin=b'{"a":1}').stdout.splitlines())
    request = shown["request"]
    expected = {"none": None, "event": '{"a":1}', "form": "a=1"}.get(kind, None if method == "GET" else '{"a":1}')
    assert (request["method"], request["body"]) == (method, expected)
    assert ("Content-Type" in request["headers"]) == (expected is not None)

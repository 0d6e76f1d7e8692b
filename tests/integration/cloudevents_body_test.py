"""`body: cloudevents` as receivers read it: with the CloudEvents project's own SDK."""

import datetime
import json

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event, from_structured_event

UTC = datetime.timezone.utc
PUBLISHED = datetime.datetime(2026, 11, 23, 15, 4, 5, 123000, tzinfo=UTC)
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]

ATTRIBUTES = {
    "specversion": "1.0",
    "id": "A 1/2",
    "source": "//shop/köln",
    "type": "com.shop.order.paid",
    "subject": 'Euro € 😀 "100%"',
    "time": "2026-11-23T15:04:05.5Z",
    "dataschema": "https://shop/schema",
    "myextension": "a b",
}
DATA = {"invoice": "INV 1", "who": "Zoë"}


def binary(**more):
    """Kafka's binary mode: attributes are headers."""
    return [(f"ce_{name}", text.encode()) for name, text in {**ATTRIBUTES, **more}.items()]


def envelope(**members):
    return json.dumps({**ATTRIBUTES, **members}, ensure_ascii=False)


@pytest.fixture(params=["binary", "structured"])
def mode(request):
    return request.param


@pytest.fixture
def received(topics, orders, receiver, subscribe, grapnel, mode):
    """Publishes a record and reads what comes of it; with the request it came by."""

    def receive(value, headers=None, key=None, body=mode, **keys):
        request = {"url": receiver.url("/hook"), "body": {"cloudevents": body}}
        grapnel(subscribe(orders, "", request=request, **keys))
        topics.produce(orders, value, headers=headers, key=key, timestamp_ms=int(PUBLISHED.timestamp() * 1000))
        [came] = receiver.wait(1, "/hook")
        assert came.id == f"{orders}-0-0"
        message = HTTPMessage(dict(came.headers), came.body)
        if mode == "structured":
            assert came.header("content-type") == "application/cloudevents+json; charset=UTF-8"
            assert not [name for name, _ in came.headers if name.lower().startswith("ce-")]
            return from_structured_event(message), came
        return from_binary_event(message), came

    return receive


def test_any_record_becomes_an_event(received, orders):
    event, came = received('{"type":"order.paid","total":41.10,"id":12345678901234567890}')
    assert event.get_attributes() == {
        "specversion": "1.0",
        "id": f"{orders}-0-0",
        "source": f"/{orders}",
        "type": "order.paid",
        "time": PUBLISHED,
        "datacontenttype": "application/json",
    }
    assert event.get_data() == {"type": "order.paid", "total": 41.10, "id": 12345678901234567890}
    assert b'"total":41.10,"id":12345678901234567890' in came.body


def test_the_subscription_says_who_and_what(received, mode):
    body = {"mode": mode, "source": "/shop/{{ .shop }}", "type": "sale.{{ $key }}", "subject": "{{ .sku }}"}
    event, _ = received('{"shop":"a b","sku":"€ \\"1\\""}', key="big", body=body)
    assert (event.get_source(), event.get_type(), event.get_subject()) == ("/shop/a b", "sale.big", '€ "1"')


@pytest.mark.parametrize("headers, value", [
    (binary() + [("content-type", b"application/json")], json.dumps(DATA)),
    (STRUCTURED, envelope(datacontenttype="application/json", data=DATA)),
    (STRUCTURED, envelope(data=DATA)),
], ids=["binary", "structured", "untyped"])
def test_an_event_keeps_what_it_is(received, headers, value, mode):
    body = {"mode": mode, "source": "/ours", "type": "ours", "subject": "ours"}
    event, _ = received(value, headers=headers, body=body)
    attributes = dict(event.get_attributes())
    assert attributes.pop("datacontenttype", "application/json") == "application/json"
    time = datetime.datetime(2026, 11, 23, 15, 4, 5, 500000, tzinfo=UTC)
    assert attributes == {**ATTRIBUTES, "time": time}
    assert event.get_data() == DATA


@pytest.mark.parametrize("headers, value, keys", [
    (binary() + [("content-type", b"text/xml")], "<a b='é'/>", {"format": "text"}),
    (STRUCTURED, envelope(datacontenttype="text/xml", data="<a b='é'/>"), {}),
], ids=["binary", "structured"])
def test_text_stays_text(received, headers, value, keys):
    event, _ = received(value, headers=headers, **keys)
    assert event.get_datacontenttype() == "text/xml"
    assert event.get_data() == "<a b='é'/>"


BYTES = b"\xff\x00\x01"


@pytest.mark.parametrize("headers, value, keys", [
    (binary() + [("content-type", b"image/png")], BYTES, {"format": "binary"}),
    (STRUCTURED, envelope(datacontenttype="image/png", data_base64="/wAB"), {}),
], ids=["binary", "structured"])
def test_bytes_stay_bytes(received, headers, value, keys):
    event, _ = received(value, headers=headers, **keys)
    assert event.get_datacontenttype() == "image/png"
    assert event.get_data() == BYTES


def test_an_envelope_goes_on_as_published(topics, orders, receiver, subscribe, grapnel):
    """Also by `body: event`, with its own type."""
    value = ' {"id":"1", "specversion":"1.0","source":"/s","type":"t","n":1.0}'
    grapnel(subscribe(orders, receiver.url("/hook")))
    topics.produce(orders, value, headers=[("Content-Type", b"application/cloudevents+json")])
    [came] = receiver.wait(1, "/hook")
    assert came.body == value.encode()
    assert came.header("content-type") == "application/cloudevents+json"

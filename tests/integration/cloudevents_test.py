"""Records that are CloudEvents, in both modes of the Kafka protocol binding."""

import json

import pytest

BINARY = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_source", b"/shop"),
    ("ce_type", b"order.created"),
    ("content-type", b"application/json"),
]
ENVELOPE = {
    "specversion": "1.0",
    "id": "e-2",
    "source": "/shop",
    "type": "order.created",
    "datacontenttype": "application/json",
    "data": {"invoice": "INV-7", "type": "not this one"},
}
STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]


def test_the_type_is_the_event_s_in_both_modes(topics, orders, names, receiver, subscribe, grapnel, results):
    request = {"query": {"invoice": "{{ .data.invoice // .invoice }}", "id": "{{ .id // $headers.ce_id }}"}}
    grapnel(subscribe(orders, receiver.url("/hook"), events=["order.created"], request=request))
    binary = b'{"invoice":"INV-1","type":"not this one"}'
    structured = json.dumps(ENVELOPE, indent=1).encode()
    topics.produce(orders, binary, headers=BINARY)
    topics.produce(orders, structured, headers=STRUCTURED)
    topics.produce(orders, json.dumps(ENVELOPE | {"type": "order.paid"}), headers=STRUCTURED)
    first, second = sorted(receiver.wait(2, "/hook"), key=lambda r: r.query)
    assert (first.query, first.body) == ("invoice=INV-1&id=e-1", binary)
    assert (second.query, second.body) == ("invoice=INV-7&id=e-2", structured), "the envelope as published"
    topics.wait_committed(names.group, orders)
    assert {r["event_type"] for r in results(2)} == {"order.created"}


@pytest.mark.parametrize(
    "content_type, value, said",
    [
        ("application/cloudevents-batch+json", b"[]", "a batch of CloudEvents"),
        ("application/cloudevents+avro", b"{}", "only +json can be read"),
        ("application/cloudevents+json", b"[1]", "has to be a JSON object"),
        ("application/cloudevents+json", b"{", "not JSON"),
    ],
    ids=["batch", "avro", "array", "cut"],
)
def test_one_that_can_not_be_read_is_a_dead_letter(
    topics, orders, receiver, subscribe, grapnel, dead_letters, content_type, value, said
):
    grapnel(subscribe(orders, receiver.url("/hook")))
    topics.produce(orders, value, headers=[("content-type", content_type.encode())])
    topics.produce(orders, '{"next":1}')
    receiver.wait(1, "/hook")
    [letter] = dead_letters(1)
    headers = dict(letter.headers())
    assert (headers["grapnel-reason"], letter.value()) == (b"decode", value)
    assert said in headers["grapnel-error"].decode()


def test_text_and_bytes_have_no_envelope(topics, orders, receiver, subscribe, grapnel):
    grapnel(subscribe(orders, receiver.url("/hook"), format="text"))
    topics.produce(orders, "hello", headers=[("content-type", b"application/cloudevents-batch+json")])
    assert receiver.wait(1, "/hook")[0].body == b"hello"


def test_an_empty_value_is_no_tombstone(topics, orders, receiver, subscribe, grapnel, dead_letters, unique):
    grapnel(
        subscribe(orders, receiver.url("/json")),
        subscribe(orders, receiver.url("/text"), format="text") | {"name": f"{unique}-text"},
        subscribe(orders, receiver.url("/binary"), format="binary") | {"name": f"{unique}-binary"},
    )
    topics.produce(orders, b"")
    topics.produce(orders, None)
    assert receiver.wait(1, "/text")[0].body == b"" and receiver.wait(1, "/binary")[0].body == b""
    [letter] = dead_letters(1)
    assert dict(letter.headers())["grapnel-error"].startswith(b"not JSON")
    assert receiver.requests("/json") == []

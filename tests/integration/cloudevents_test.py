"""Records that are CloudEvents, in both modes of the Kafka protocol binding."""

import json

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, from_structured_event
from cloudevents.core.exceptions import CloudEventValidationError

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
        ("application/cloudevents+avro", b"{}", "only JSON can be read"),
        ("application/cloudevents+xml", b"<event/>", "only JSON can be read"),
        ("application/cloudevents+json", b"[1]", "has to be a JSON object"),
        ("application/cloudevents+json", b"{", "not JSON"),
    ],
    ids=["batch", "avro", "xml", "array", "cut"],
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


# What is wrong with each, and whether the SDK minds too: it makes ids up, and reads 0.3.
BAD = [
    ({"specversion": "0.3"}, "specversion", False),
    ({"specversion": None}, "specversion", False),
    ({"id": ""}, "id", True),
    ({"id": None}, "id", False),
    ({"source": ""}, "source", True),
    ({"source": None}, "source", True),
    ({"type": ""}, "type", True),
    ({"type": None}, "type", True),
]


def refused_by_the_sdk(read, headers, value):
    try:
        read(KafkaMessage(dict(headers), None, value))
    except CloudEventValidationError:
        return True
    return False


def with_changes(attributes, changes):
    return {name: text for name, text in {**attributes, **changes}.items() if text is not None}


def test_one_that_lacks_what_each_has_is_a_dead_letter(topics, orders, receiver, subscribe, grapnel, dead_letters):
    attributes = {name: ENVELOPE[name] for name in ("specversion", "id", "source", "type")}
    grapnel(subscribe(orders, receiver.url("/hook")))
    expected = []
    for changes, name, refused in BAD:
        changed = with_changes(attributes, changes)
        value = json.dumps({**changed, "data": 1}).encode()
        topics.produce(orders, value, headers=STRUCTURED)
        assert refused_by_the_sdk(from_structured_event, STRUCTURED, value) == refused
        expected.append(name)
        if "specversion" in changed:  # without it a record is no CloudEvent in binary mode
            headers = [(f"ce_{key}", text.encode()) for key, text in changed.items()]
            topics.produce(orders, b"1", headers=headers)
            assert refused_by_the_sdk(from_binary_event, headers, b"1") == refused
            expected.append(name)
    topics.produce(orders, '{"next":1}')
    receiver.wait(1, "/hook")
    letters = sorted(dead_letters(len(expected)), key=lambda m: int(dict(m.headers())["grapnel-source-offset"]))
    for letter, name in zip(letters, expected, strict=True):
        headers = dict(letter.headers())
        assert headers["grapnel-reason"] == b"decode"
        assert name in headers["grapnel-error"].decode()


def test_no_attribute_is_dropped_in_silence(topics, orders, receiver, subscribe, grapnel, dead_letters, unique):
    """Where the event goes on as an event; what reads only its data isn't bothered."""
    bad = [{"my_ext": "x"}, {"ext": {"a": 1}}]
    request = {"url": receiver.url("/event"), "body": {"cloudevents": "binary"}}
    grapnel(
        subscribe(orders, "", request=request),
        subscribe(orders, receiver.url("/data"), request={"body": {"json": "{{ .data }}"}}) | {"name": f"{unique}-data"},
    )
    for more in bad:
        topics.produce(orders, json.dumps(ENVELOPE | more), headers=STRUCTURED)
    assert {r.body for r in receiver.wait(2, "/data")} == {b'{"invoice": "INV-7", "type": "not this one"}'}
    said = sorted(dict(m.headers())["grapnel-error"].decode() for m in dead_letters(2))
    assert said == [
        "body.cloudevents: the attribute ext is an object",
        'body.cloudevents: the name of an attribute is of a-z and 0-9, not "my_ext"',
    ]
    assert receiver.requests("/event") == []


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

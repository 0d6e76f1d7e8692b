"""One record's way: published, sent as a webhook, its result written, its offset committed."""

import re
import time

from support.signature import verify
from support.wait import until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

# Digits, spaces and characters that a parser and printer of JSON would not give back as they came.
EVENT = '{ "type":"order.created",\t"amount": 41.10, "big":12345678901234567890, "name" : "Zoë \\u00eb" }'


def test_a_record_becomes_a_webhook_and_its_result_comes_back(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    grapnel(subscribe(orders, receiver.url("/hook")))
    before = time.time()
    topics.produce(orders, EVENT, key="customer-7", timestamp_ms=1700000000123)

    [request] = receiver.wait(1, "/hook")
    assert request.method == "POST"
    assert request.body == EVENT.encode()
    assert request.header("content-type") == "application/json"
    assert request.header("content-length") == str(len(EVENT.encode()))
    assert request.header("webhook-id") == f"{orders}-0-0"
    assert before - 1 <= int(request.header("webhook-timestamp")) <= time.time() + 1
    assert re.fullmatch(r"grapnel/\d+\.\d+\.\d+\S*", request.header("user-agent"))
    assert request.header("host") == f"127.0.0.1:{receiver.port}"
    assert request.header("expect") is None

    [result] = results(1)
    assert TIME.fullmatch(result.pop("started_at"))
    assert 0 <= result.pop("duration_ms") < 10000
    assert result.pop("instance")
    assert result == {
        "id": f"{orders}-0-0",
        "subscription": names.subscription,
        "event_type": "order.created",
        "topic": orders,
        "partition": 0,
        "offset": 0,
        "timestamp": "2023-11-14T22:13:20.123Z",
        "outcome": "delivered",
        "attempt": 1,
        "method": "POST",
        "url": receiver.url("/hook"),
        "status": 200,
        "error_kind": None,
        "error": None,
        "response": "",
        "next_attempt_at": None,
    }
    assert topics.read(names.results)[0].key() == b"customer-7"
    topics.wait_committed(names.group, orders)


def test_the_standard_signature_is_over_id_timestamp_and_body(
    topics, orders, receiver, subscribe, grapnel
):
    old, new = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    sign = {"style": "standard", "secrets": ["${env:NEW}", "${env:OLD}"]}
    grapnel(subscribe(orders, receiver.url("/hook"), sign=sign), env={"NEW": new, "OLD": old})
    topics.produce(orders, EVENT)

    [request] = receiver.wait(1, "/hook")
    assert len(request.header("webhook-signature").split(" ")) == 2
    assert verify(request, new) and verify(request, old)
    assert not verify(request, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")


def test_a_request_is_made_of_the_event(topics, orders, receiver, subscribe, grapnel):
    request = {
        "method": "PUT",
        "url": receiver.url("/{{ .tenant }}/hook"),
        "query": {"q": "{{ .q }}", "none": '{{ .absent // "no/ne" }}'},
        "headers": {"X-Tenant": "{{ .tenant }}", "X-Key": "{{ $key }}", "X-Mark": "{{ $headers.mark }}"},
        "body": {
            "json": {
                "amount": "{{ .amount }}",
                "text": "{{ .amount }} EUR",
                "all": "{{ .items }}",
                "place": ["{{ $topic }}", "{{ $partition }}", "{{ $offset }}", "{{ $type }}", "{{ $id }}"],
                "null": "{{ .nothing }}",
                "fixed": 7,
            }
        },
    }
    grapnel(subscribe(orders, "", request=request))
    event = '{"tenant":"a/b ü","q":"1&2=3","amount":41.10,"items":[{"n":1e3}],"nothing":null,"type":"x.y"}'
    topics.produce(orders, event, key="k-1", headers=[("mark", b"m")])

    [came] = receiver.wait(1)
    assert came.method == "PUT"
    assert came.target == "/a%2Fb%20%C3%BC/hook?q=1%262%3D3&none=no%2Fne"
    assert came.header("x-tenant") == "a/b ü".encode().decode("latin-1")
    assert (came.header("x-key"), came.header("x-mark")) == ("k-1", "m")
    assert came.body.decode() == (
        '{"amount":41.10,"text":"41.10 EUR","all":[{"n":1e3}],'
        f'"place":["{orders}",0,0,"x.y","{orders}-0-0"],"null":null,"fixed":7}}'
    )


def test_forms_and_text(topics, orders, names, receiver, subscribe, grapnel):
    form = {"body": {"form": {"sku": "{{ .items[0].sku }}", "how many": "{{ .items[0].n }}"}}}
    text = {"body": {"text": "Sold: {{ .items[0].sku }}\n"}}
    grapnel(
        subscribe(orders, receiver.url("/form"), request=form),
        {**subscribe(orders, receiver.url("/text"), request=text), "name": f"{names.subscription}-2"},
    )
    topics.produce(orders, '{"items":[{"sku":"A&B é","n":2}]}')

    [came] = receiver.wait(1, "/form")
    assert came.body == b"sku=A%26B%20%C3%A9&how%20many=2" or came.body == b"sku=A%26B+%C3%A9&how+many=2"
    assert came.header("content-type") == "application/x-www-form-urlencoded"
    [came] = receiver.wait(1, "/text")
    assert came.body == "Sold: A&B é\n".encode()
    assert came.header("content-type").startswith("text/plain")


def test_raw_bytes_pass_unchanged(topics, orders, receiver, subscribe, grapnel):
    grapnel(subscribe(orders, receiver.url("/raw"), format="binary"))
    raw = bytes(range(256)) * 3
    topics.produce(orders, raw)
    [request] = receiver.wait(1, "/raw")
    assert request.body == raw
    assert request.header("content-type") == "application/octet-stream"


def test_a_body_of_almost_a_mebibyte_passes(topics, orders, receiver, subscribe, grapnel):
    grapnel(subscribe(orders, receiver.url("/big")))
    event = '{"x":"%s"}' % ("x" * 1_000_000)
    topics.produce(orders, event)
    [request] = receiver.wait(1, "/big")
    assert request.body == event.encode()


def test_only_the_wanted_event_types_are_sent_and_the_others_are_finished(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    grapnel(subscribe(orders, receiver.url("/hook"), events=["order.created", "payment.*"]))
    types = ["order.created", "order.deleted", "payment.done", "xpayment.done", "payment.", "other"]
    topics.produce(orders, *(f'{{"type":"{t}"}}' for t in types))
    topics.wait_committed(names.group, orders)
    assert [r["event_type"] for r in results(3)] == ["order.created", "payment.done", "payment."]
    assert len(receiver.requests("/hook")) == 3


def test_an_event_without_a_type_has_its_topics_name(
    topics, orders, receiver, subscribe, grapnel, results
):
    grapnel(subscribe(orders, receiver.url("/hook"), events=[orders]))
    topics.produce(orders, '{"a":1}', '{"type":7}')
    assert results(1)[0]["event_type"] == orders


def test_tombstones_are_skipped_unless_wanted(topics, orders, names, receiver, subscribe, grapnel):
    wanting = subscribe(orders, receiver.url("/wanting"), tombstones="deliver")
    grapnel(subscribe(orders, receiver.url("/hook")), {**wanting, "name": f"{names.subscription}-2"})
    topics.produce(orders, None, '{"a":1}', key="k")
    first, second = sorted(receiver.wait(2, "/wanting"), key=lambda r: r.id)
    assert (first.body, second.body) == (b"", b'{"a":1}')
    topics.wait_committed(names.group, orders)
    assert [r.id for r in receiver.requests("/hook")] == [f"{orders}-0-1"]


def test_each_subscription_has_a_group_of_its_own(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    other = {**subscribe(orders, receiver.url("/b")), "name": f"{names.subscription}-b"}
    grapnel(subscribe(orders, receiver.url("/a")), other)
    topics.produce(orders, '{"a":1}', '{"a":2}')
    for path in ("/a", "/b"):
        assert {r.id for r in receiver.wait(2, path)} == {f"{orders}-0-0", f"{orders}-0-1"}
    assert len(results(4)) == 4
    for group in (names.group, f"{names.group}-b"):
        topics.wait_committed(group, orders)


def test_ids_name_the_cluster_and_hold_no_dot(topics, unique, receiver, subscribe, grapnel):
    dotted = topics.create(f"orders.{unique}")
    grapnel(subscribe(dotted, receiver.url("/hook")), namespace="eu")
    topics.produce(dotted, '{"a":1}')
    [request] = receiver.wait(1, "/hook")
    assert request.id == f"eu-orders_{unique}-0-0"


def test_trace_context_is_handed_on(topics, orders, receiver, subscribe, grapnel):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    grapnel(subscribe(orders, receiver.url("/hook")))
    topics.produce(orders, "{}", headers=[("traceparent", parent.encode()), ("tracestate", b"a=b")])
    [request] = receiver.wait(1, "/hook")
    assert request.header("traceparent") == parent
    assert request.header("tracestate") == "a=b"


def test_no_results_are_written_where_none_are_wanted(
    topics, orders, names, receiver, subscribe, grapnel
):
    grapnel(subscribe(orders, receiver.url("/hook")), topics={"results": None})
    topics.produce(orders, '{"a":1}')
    receiver.wait(1, "/hook")
    topics.wait_committed(names.group, orders)
    assert names.results not in topics.names()


def test_connections_are_kept(topics, orders, receiver, subscribe, grapnel):
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 4}))
    topics.produce(orders, *['{"a":1}'] * 200)
    receiver.wait(200, "/hook")
    assert receiver.connections_seen <= 8
    until(lambda: running.metric("grapnel_in_flight") == 0, "nothing in flight")

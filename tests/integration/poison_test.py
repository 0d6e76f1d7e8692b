"""Records that can't become a webhook: a dead letter with its reason, and the next one goes on."""

import random

import pytest

GOOD = '{"path":"good","tenant":"acme"}'


def reason_of(letter):
    named = dict(letter.headers())
    assert named["grapnel-attempts"] == b"0"
    assert "grapnel-status" not in named
    return named["grapnel-reason"].decode(), named["grapnel-error"].decode()


@pytest.mark.parametrize(
    "value",
    [
        b"no json",
        b"",
        b'{"a":1',
        b'{"a":1}}',
        b"\xff\xfe",
        b'{"a":"\xc3"}',
        b"\x00\x00\x00\x00\x07avro",
        b"[" * 200_000,
        b'{"a":01}',
    ],
    ids=["text", "empty", "cut", "more", "bytes", "half a character", "avro", "deep", "number"],
)
def test_what_is_not_json(topics, orders, names, receiver, subscribe, grapnel, dead_letters, results, value):
    grapnel(subscribe(orders, receiver.url("/hook"), format="json"))
    topics.produce(orders, value, GOOD, key="k")
    receiver.wait(1, "/hook")
    [letter] = dead_letters(1)
    reason, error = reason_of(letter)
    assert reason == "decode" and error
    assert (letter.value() or b"", letter.key()) == (value, b"k")
    bad, good = results(2)
    assert (bad["outcome"], bad["error_kind"], bad["attempt"], bad["status"]) == ("dead-lettered", "decode", 0, None)
    assert good["outcome"] == "delivered"
    topics.wait_committed(names.group, orders)
    assert [r.body for r in receiver.requests()] == [GOOD.encode()]


@pytest.mark.parametrize(
    "id_, said",
    [("a-{{ .tenant }}-b", b".tenant"), ("a-{{ .path * 600 }}", b"1024 bytes")],
    ids=["a fragment", "too long"],
)
def test_an_id_that_can_not_be_made(
    topics, orders, receiver, subscribe, grapnel, dead_letters, results, id_, said
):
    grapnel(subscribe(orders, receiver.url("/hook"), id=id_))
    topics.produce(orders, '{"path":"bad"}')
    [letter] = dead_letters(1)
    reason, error = reason_of(letter)
    assert reason == "render" and said.decode() in error
    assert dict(letter.headers())["grapnel-id"] == f"{orders}-0-0".encode()
    assert results(1)[0]["id"] == f"{orders}-0-0"


@pytest.mark.parametrize(
    "request_, said",
    [
        ({"url": "/{{ .tenant }}"}, ".tenant"),
        ({"query": {"t": "{{ .tenant }}"}}, ".tenant"),
        ({"headers": {"X-T": "{{ .tenant }}"}}, ".tenant"),
        ({"body": {"json": {"t": ["{{ .tenant }}"]}}}, ".tenant"),
        ({"body": {"form": {"t": "{{ .tenant }}"}}}, ".tenant"),
        ({"body": {"text": "{{ .tenant.name[3].x }}"}}, ".tenant"),
    ],
    ids=["url", "query", "header", "json", "form", "text"],
)
def test_a_missing_field(topics, orders, names, receiver, subscribe, grapnel, dead_letters, request_, said):
    request = {"url": receiver.url(request_.get("url", "/hook")), **{k: v for k, v in request_.items() if k != "url"}}
    good = '{"tenant":{"name":[0,1,2,{"x":"y"}]}}'
    grapnel(subscribe(orders, "", request=request))
    topics.produce(orders, '{"other":1}', good)
    receiver.wait(1)
    [letter] = dead_letters(1)
    reason, error = reason_of(letter)
    assert reason == "render" and said in error
    topics.wait_committed(names.group, orders)


def test_a_filter_that_fails(topics, orders, receiver, subscribe, grapnel, dead_letters, results):
    grapnel(subscribe(orders, receiver.url("/hook"), filter='.n | startswith("x")'))
    topics.produce(orders, '{"type":"order.paid","n":1}', '{"type":"order.paid","n":"x1"}')
    [letter] = dead_letters(1)
    assert reason_of(letter)[0] == "filter"
    assert [(r["event_type"], r["error_kind"]) for r in results(2)] == [("order.paid", "filter"), ("order.paid", None)]


def test_a_body_that_is_too_large(topics, orders, names, receiver, subscribe, grapnel, dead_letters):
    grapnel(subscribe(orders, receiver.url("/hook"), delivery={"max_body": "1KiB"}))
    large, fits = '{"x":"%s"}' % ("x" * 1017), '{"x":"%s"}' % ("x" * 1016)
    topics.produce(orders, large, fits)
    [request] = receiver.wait(1, "/hook")
    assert len(request.body) == 1024
    [letter] = dead_letters(1)
    assert reason_of(letter)[0] == "too-large"
    assert letter.value() == large.encode()


def test_no_line_end_gets_into_a_header(topics, orders, receiver, subscribe, grapnel, results):
    request = {"headers": {"X-Note": "{{ .note }}"}}
    grapnel(subscribe(orders, receiver.url("/hook"), request=request))
    topics.produce(orders, r'{"note":"a\r\nX-Evil: 1"}', r'{"note":"a\u0000b\n c"}', '{"note":"fine"}')
    results(3)
    for request in receiver.requests():
        assert request.header("x-evil") is None
        assert not set(request.header("x-note")) & set("\r\n\0")
    assert receiver.requests()[-1].header("webhook-id")


def test_an_event_cannot_choose_another_host(topics, orders, receiver, subscribe, grapnel):
    grapnel(subscribe(orders, receiver.url("/{{ .path }}")))
    for path in ("@127.0.0.2/x", "../../x", "?a=b#c", " x", "\\u0000"):
        topics.produce(orders, '{"path":"%s"}' % path)
    topics.produce(orders, '{"path":"last"}')
    receiver.wait(1, "/last")
    for request in receiver.requests():
        assert request.header("host") == f"127.0.0.1:{receiver.port}"
        assert request.query == "" and "#" not in request.target and " " not in request.target


def test_any_bytes_have_one_outcome_each(topics, orders, names, receiver, subscribe, grapnel, results):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    pieces = [b"{", b"}", b"[", b"]", b'"a"', b":", b",", b"1e9999", b"\\u", b"null", b'"\\ud800"', b"\xf0\x9f", b" "]
    values = [
        b"".join(chance.choice(pieces) for _ in range(chance.randrange(12)))
        if chance.random() < 0.7
        else chance.randbytes(chance.randrange(300))
        for _ in range(500)
    ]
    request = {"headers": {"X-A": '{{ .a // "none" }}'}, "query": {"a": '{{ .a[0].b // "none" }}'}}
    grapnel(subscribe(orders, receiver.url("/hook"), request=request))
    topics.produce(orders, *values)
    rows = results(len(values))
    assert [r["offset"] for r in rows] == list(range(len(values)))
    topics.wait_committed(names.group, orders)
    assert len(topics.read(names.dead_letters)) == sum(r["outcome"] == "dead-lettered" for r in rows)

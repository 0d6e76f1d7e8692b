"""What a receiver can do, and what becomes of the delivery."""

import json
import re
import socket
import threading
import time
from email.utils import formatdate

import pytest

from support.receiver import Endless, Hang, HugeHeader, Raw, Receiver, Reply, Reset
from support.wait import until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def retrying(*schedule, **keys):
    return {"retry": {"schedule": list(schedule), "jitter": "0%"}, **keys}


def test_it_tries_again_and_says_so(topics, orders, receiver, subscribe, grapnel, results):
    receiver.script("/hook", Reply(503, body=b"busy"), Reply(500), Reply(204))
    delivery = retrying("50ms", "100ms", "5s")
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery), results={"record": "attempts"})
    topics.produce(orders, '{"a":1}')

    first, second, third = results(3)
    outcomes = [(r["attempt"], r["outcome"], r["status"], r["error_kind"]) for r in (first, second, third)]
    assert outcomes == [
        (1, "retrying", 503, "status"),
        (2, "retrying", 500, "status"),
        (3, "delivered", 204, None),
    ]
    assert first["response"] == "busy"
    assert TIME.fullmatch(first["next_attempt_at"]) and third["next_attempt_at"] is None
    requests = receiver.requests("/hook")
    assert len({r.id for r in requests}) == 1 and len({r.body for r in requests}) == 1
    assert requests[1].at - requests[0].at >= 0.045
    assert requests[2].at - requests[1].at >= 0.095


def test_final_results_alone_are_the_default(topics, orders, receiver, subscribe, grapnel, results):
    receiver.script("/hook", Reply(503), Reply(200))
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=retrying("20ms")))
    topics.produce(orders, '{"a":1}')
    [result] = results(1)
    assert (result["attempt"], result["outcome"]) == (2, "delivered")


def test_only_failures_where_only_failures_are_wanted(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    receiver.script("/hook", Reply(200), Reply(400))
    delivery = retrying(in_flight=1)
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery), results={"record": "failures"})
    topics.produce(orders, '{"a":1}', '{"a":2}')
    topics.wait_committed(names.group, orders)
    [result] = results(1)
    assert (result["outcome"], result["status"]) == ("dead-lettered", 400)


def test_a_dead_letter_is_the_record_byte_for_byte(
    topics, orders, names, receiver, subscribe, grapnel, results, dead_letters
):
    receiver.script("/hook", Reply(503, body=b"no\r\nway"))
    grapnel(subscribe(orders, receiver.url("/hook"), format="binary", delivery=retrying("10ms", "20ms")))
    key, value = b"\x00\xffkey", bytes(range(256))
    headers = [("a", b"1"), ("b", None), ("a", b"\x00\xff"), ("", b"no name")]
    topics.produce(orders, value, key=key, headers=headers, timestamp_ms=1700000000123)

    [letter] = dead_letters(1)
    assert (letter.key(), letter.value()) == (key, value)
    assert letter.headers()[:4] == headers
    ours = letter.headers()[4:]
    named = dict(ours)
    assert len(named) == len(ours)
    assert TIME.fullmatch(named.pop("grapnel-failed-at").decode())
    assert b"503" in named.pop("grapnel-error")
    assert named == {
        "grapnel-id": f"{orders}-0-0".encode(),
        "grapnel-subscription": names.subscription.encode(),
        "grapnel-reason": b"status",
        "grapnel-status": b"503",
        "grapnel-attempts": b"3",
        "grapnel-source-topic": orders.encode(),
        "grapnel-source-partition": b"0",
        "grapnel-source-offset": b"0",
        "grapnel-source-timestamp": b"2023-11-14T22:13:20.123Z",
    }
    [result] = results(1)
    assert (result["outcome"], result["attempt"], result["status"]) == ("dead-lettered", 3, 503)
    assert (result["error_kind"], result["response"]) == ("status", "no\r\nway")
    topics.wait_committed(names.group, orders)


def test_some_answers_are_final(topics, orders, receiver, subscribe, grapnel, results):
    never = [400, 413, 414, 415, 422, 501, 410]
    for status in never:
        receiver.script(f"/{status}", Reply(status))
    grapnel(subscribe(orders, receiver.url("/{{ .status }}"), delivery={"in_flight": 1}))
    topics.produce(orders, *(f'{{"status":{s}}}' for s in never))
    assert [(r["status"], r["outcome"], r["attempt"]) for r in results(len(never))] == [
        (status, "dead-lettered", 1) for status in never
    ]


def test_success_is_what_the_subscription_says(topics, orders, names, receiver, subscribe, grapnel, results):
    """And a redirection is never followed."""
    receiver.script("/away", Reply(302, {"Location": receiver.url("/elsewhere")}))
    yes = subscribe(orders, receiver.url("/away"), delivery=retrying(success=["2xx", 302]))
    no = {**subscribe(orders, receiver.url("/away"), delivery=retrying()), "name": f"{names.subscription}-no"}
    grapnel(yes, no)
    topics.produce(orders, '{"a":1}')
    outcomes = {r["subscription"]: (r["status"], r["outcome"]) for r in results(2)}
    assert outcomes == {
        names.subscription: (302, "delivered"),
        f"{names.subscription}-no": (302, "dead-lettered"),
    }
    assert receiver.requests("/elsewhere") == []


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(topics, orders, receiver, subscribe, grapnel, results, status, form):
    def busy(_):
        return Reply(status, {"Retry-After": "2" if form == "seconds" else formatdate(time.time() + 2, usegmt=True)})

    receiver.script("/hook", busy, Reply(200))
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=retrying("10ms")))
    topics.produce(orders, '{"a":1}')
    assert results(1)[0]["attempt"] == 2
    first, second = receiver.requests("/hook")
    least = 1.95 if form == "seconds" else 0.95  # a date has no fractions of a second
    assert least <= second.at - first.at < 10


def test_retry_after_is_nothing_elsewhere(topics, orders, receiver, subscribe, grapnel, results):
    receiver.script("/hook", Reply(500, {"Retry-After": "3600"}), Reply(200))
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=retrying("10ms")))
    topics.produce(orders, '{"a":1}')
    assert results(1)[0]["outcome"] == "delivered"


@pytest.mark.parametrize(
    "answer, reason",
    [
        (Hang(), b"timeout"),
        (Reset(), b"connect"),
        (Raw(b"\x00\x01\x02 this is no HTTP\r\n\r\n"), b"protocol"),
        (Raw(b"HTTP/1.1 two-hundred OK\r\n\r\n"), b"protocol"),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Le"), b"protocol"),
        (HugeHeader(), b"protocol"),
    ],
    ids=["hang", "reset", "garbage", "bad status", "half a head", "huge header"],
)
def test_no_answer_has_a_reason(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters, answer, reason
):
    """And the next record goes on."""
    receiver.script("/bad", answer)
    url = receiver.url("/{{ .path }}")
    grapnel(subscribe(orders, url, delivery=retrying("10ms", timeout="500ms")))
    topics.produce(orders, '{"path":"bad"}', '{"path":"good"}')
    receiver.wait(1, "/good")
    [letter] = dead_letters(1)
    named = dict(letter.headers())
    assert named["grapnel-reason"] == reason
    assert named["grapnel-error"]
    assert named["grapnel-attempts"] == b"2"
    assert "grapnel-status" not in named
    topics.wait_committed(names.group, orders)


def test_nobody_listens(topics, orders, subscribe, grapnel, dead_letters):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but not listening: refused
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        grapnel(subscribe(orders, url, delivery=retrying()))
        topics.produce(orders, "{}")
        [letter] = dead_letters(1)
    assert dict(letter.headers())["grapnel-reason"] == b"connect"


def test_a_name_without_an_address(topics, orders, subscribe, grapnel, dead_letters):
    grapnel(subscribe(orders, "http://nowhere.invalid/hook", delivery=retrying(timeout="20s")))
    topics.produce(orders, "{}")
    [letter] = dead_letters(1, seconds=30)
    assert dict(letter.headers())["grapnel-reason"] == b"dns"


def test_an_endless_body_is_cut_and_its_status_decides(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    receiver.script("/yes", Endless(200))
    receiver.script("/no", Endless(400))
    running = grapnel(subscribe(orders, receiver.url("/{{ .path }}"), delivery=retrying(timeout="5s")))
    topics.produce(orders, '{"path":"yes"}', '{"path":"no"}')
    yes, no = results(2, seconds=10)
    assert (yes["outcome"], yes["status"], len(yes["response"])) == ("delivered", 200, 1024)
    assert (no["outcome"], no["status"], len(no["response"])) == ("dead-lettered", 400, 1024)
    until(lambda: receiver.open_connections == 0, "the endless answers to be hung up on")
    assert running.peak_rss_bytes() < 400 << 20


def test_of_an_answer_a_kibibyte_is_kept_without_our_secret(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    token = "tok-5e6f7a8b9c0d"
    receiver.script("/hook", lambda r: Reply(200, body=r.header("authorization").encode() + b"x" * 5000))
    running = grapnel(subscribe(orders, receiver.url("/hook"), auth={"bearer": "${env:T}"}), env={"T": token})
    topics.produce(orders, "{}")
    [result] = results(1)
    assert receiver.requests("/hook")[0].header("authorization") == f"Bearer {token}"
    assert result["response"].startswith("Bearer ") and len(result["response"]) <= 1024
    assert token not in json.dumps(result)
    assert token not in running.log()


def test_one_that_waits_does_not_hold_up_the_others(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    """Its offset isn't committed before it is finished, though later ones are."""
    gate = threading.Event()
    receiver.script("/slow", Reply(200, gate=gate))
    grapnel(subscribe(orders, receiver.url("/{{ .path }}"), delivery={"timeout": "60s"}))
    topics.produce(orders, '{"path":"ok"}', '{"path":"slow"}', *['{"path":"ok"}'] * 50)
    assert len(results(51)) == 51
    until(lambda: topics.committed(names.group, orders) == {0: 1}, "the first offset alone")
    gate.set()
    assert len(results(52)) == 52
    topics.wait_committed(names.group, orders)


def test_a_dead_endpoint_costs_another_nothing(topics, orders, names, receiver, subscribe, grapnel):
    receiver.script("/dead", Hang())
    dead = {**subscribe(orders, receiver.url("/dead"), delivery={"timeout": "60s"}), "name": f"{names.subscription}-d"}
    running = grapnel(dead, subscribe(orders, receiver.url("/well")), shutdown_grace="1s")
    topics.produce(orders, *['{"a":1}'] * 3000)
    receiver.wait(3000, "/well")
    topics.wait_committed(names.group, orders)
    assert running.metric("grapnel_in_flight", subscription=f"{names.subscription}-d") == 64


def test_a_certificate_nobody_vouches_for(topics, orders, subscribe, grapnel, dead_letters, certificate):
    server = Receiver(certificate=certificate)
    try:
        grapnel(subscribe(orders, server.url("/hook"), delivery=retrying()))
        topics.produce(orders, "{}")
        [letter] = dead_letters(1)
        assert dict(letter.headers())["grapnel-reason"] == b"tls"
        assert server.requests() == []
    finally:
        server.close()

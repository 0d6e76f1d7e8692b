"""Long waits are spent in retry topics: they hold up nothing, and survive whatever dies."""

import json
import threading

from support.receiver import Reply
from support.wait import until

LONG = "11s"  # longer than what is waited for in memory
KEY, VALUE, HEADERS = b"\x00key", b'{"type":"order.created","n":41.10}', [("mark", b"\xff"), ("none", None)]


class Turnstile:
    """Answers 200 to so many requests as are let through."""

    def __init__(self):
        self._through = threading.Semaphore(0)

    def let(self, count):
        for _ in range(count):
            self._through.release()

    def send(self, connection):
        while not self._through.acquire(timeout=0.05):
            if connection.closing.is_set():
                return False
        return Reply(200).send(connection)


def fails_once(receiver):
    receiver.script("/hook", Reply(503), Reply(200))


def later(*schedule):
    return {"retry": {"schedule": list(schedule), "jitter": "0%"}}


def test_a_long_wait_is_spent_in_a_retry_topic(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    fails_once(receiver)
    request = {"url": receiver.url("/hook"), "query": {"from": "{{ $topic }}/{{ $offset }}"}}
    subscription = subscribe(orders, receiver.url("/hook"), request=request, delivery=later(LONG))
    grapnel(subscription, results={"record": "attempts"})
    topics.produce(orders, VALUE, key=KEY, headers=HEADERS, timestamp_ms=1700000000123)

    [waiting] = topics.wait(f"{names.retries}.{LONG}", 1)
    topics.wait_committed(names.group, orders)  # the source's partition waits for nothing
    assert len(receiver.requests("/hook")) == 1
    assert (waiting.key(), waiting.value()) == (KEY, VALUE)
    assert waiting.headers()[: len(HEADERS)] == HEADERS

    first, second = receiver.wait(2, "/hook", seconds=40)
    assert 10.9 <= second.at - first.at < 20
    assert (second.id, second.body, second.target) == (first.id, first.body, first.target)
    assert first.target == f"/hook?from={orders}%2F0"
    tried, done = results(2)
    assert (tried["attempt"], tried["outcome"]) == (1, "retrying")
    assert (done["attempt"], done["outcome"]) == (2, "delivered")
    for row in (tried, done):
        assert (row["topic"], row["partition"], row["offset"]) == (orders, 0, 0)
        assert row["timestamp"] == "2023-11-14T22:13:20.123Z"


def test_a_wait_survives_a_kill(topics, orders, names, receiver, subscribe, grapnel, results):
    fails_once(receiver)
    quick = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 500}
    running = grapnel(
        subscribe(orders, receiver.url("/hook"), delivery=later(LONG)), kafka=quick
    )
    topics.produce(orders, VALUE)
    topics.wait(f"{names.retries}.{LONG}", 1)
    topics.wait_committed(names.group, orders)
    running.kill()
    running.start()
    first, second = receiver.wait(2, "/hook", seconds=60)
    assert second.id == first.id and second.at - first.at >= 10.9
    [row] = results(1)
    assert (row["attempt"], row["outcome"]) == (2, "delivered")


def test_a_delay_that_no_schedule_uses_any_more_is_drained(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    fails_once(receiver)
    before = grapnel(subscribe(orders, receiver.url("/hook"), delivery=later(LONG)))
    topics.produce(orders, VALUE, key=KEY)
    topics.wait(f"{names.retries}.{LONG}", 1)
    assert before.stop() == 0
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=later("1h")))
    first, second = receiver.wait(2, "/hook", seconds=40)
    assert second.id == first.id and second.at - first.at >= 10.9
    [row] = results(1)
    assert (row["attempt"], row["outcome"]) == (2, "delivered")
    topics.wait_committed(names.retries, f"{names.retries}.{LONG}")


def test_what_was_tried_is_handed_over_when_it_stops(
    topics, orders, names, receiver, subscribe, grapnel, results
):
    fails_once(receiver)
    running = grapnel(
        subscribe(orders, receiver.url("/hook"), delivery=later("9s")), results={"record": "attempts"}
    )
    topics.produce(orders, VALUE)
    results(1)
    assert running.stop() == 0
    topics.wait_committed(names.group, orders)
    [waiting] = topics.wait(f"{names.retries}.5s", 1)  # the longest that is not too long
    assert dict(waiting.headers())["grapnel-retry-attempts"] == b"1"
    running.start()
    receiver.wait(2, "/hook", seconds=40)
    assert [(r["attempt"], r["outcome"]) for r in results(2)] == [(1, "retrying"), (2, "delivered")]


def test_a_retry_of_nobody_is_a_dead_letter(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters, results
):
    retries = topics.create(f"{names.retries}.1s")
    envelope = [
        ("grapnel-retry-subscription", b"gone"),
        ("grapnel-retry-attempts", b"3"),
        ("grapnel-retry-passes", b"0"),
        ("grapnel-retry-due", b"0"),
        ("grapnel-retry-leg", b"0"),
        ("grapnel-retry-first-attempt", b"1700000000000"),
        ("grapnel-retry-topic", b"orders"),
        ("grapnel-retry-partition", b"7"),
        ("grapnel-retry-offset", b"42"),
        ("grapnel-retry-timestamp", b"-1"),
        ("grapnel-retry-nobodys-since", b"1"),  # long enough
        ("grapnel-retry-replay", b"0"),
        ("grapnel-retry-release", b"0"),
    ]
    topics.produce(retries, VALUE, key=KEY, headers=HEADERS + envelope)
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=later("1s")))
    [letter] = dead_letters(1, seconds=40)
    assert (letter.key(), letter.value()) == (KEY, VALUE)
    assert letter.headers()[: len(HEADERS)] == HEADERS
    said = dict(letter.headers()[len(HEADERS) :])
    assert said["grapnel-reason"] == b"disabled" and said["grapnel-subscription"] == b"gone"
    assert said["grapnel-source-topic"] == b"orders" and said["grapnel-source-offset"] == b"42"
    assert said["grapnel-attempts"] == b"3" and said["grapnel-id"] == b"orders-7-42"
    [row] = results(1)
    assert (row["outcome"], row["error_kind"]) == ("dead-lettered", "disabled")


def test_a_retry_of_somebody_elses_goes_round_until_he_takes_it(
    topics, unique, names, receiver, subscribe, grapnel
):
    """Two configurations share the retry topics: that of the one may be read by the other."""
    orders = topics.create(f"orders-{unique}")
    receiver.script("/mine", Reply(503), Reply(200))
    mine = {**subscribe(orders, receiver.url("/mine"), delivery=later("11s")), "name": "mine-" + unique[-6:]}
    other = {**subscribe(orders, receiver.url("/other"), delivery=later("11s")), "name": "other-" + unique[-6:]}
    running = grapnel(mine)
    topics.produce(orders, VALUE)
    topics.wait(f"{names.retries}.11s", 1)
    assert running.stop() == 0
    running = grapnel(other)
    until(lambda: topics.count(f"{names.retries}.5s") >= 2, "the retry going round", 60)
    first, second = topics.read(f"{names.retries}.5s")[:2]
    assert second.timestamp()[1] - first.timestamp()[1] >= 4500
    assert topics.count(names.dead_letters) == 0
    assert running.stop() == 0
    grapnel(mine)
    receiver.wait(2, "/mine", seconds=60)
    assert topics.count(names.dead_letters) == 0


def test_garbage_in_a_retry_topic_stops_nothing(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters
):
    retries = topics.create(f"{names.retries}.1s")
    topics.produce(retries, b"x", headers=[("grapnel-retry-due", b"soon")])
    topics.produce(retries, None)
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=later("1s")))
    letters = [dict(m.headers()) for m in dead_letters(2, seconds=40)]
    assert [letter["grapnel-reason"] for letter in letters] == [b"decode", b"decode"]
    assert [letter["grapnel-subscription"] for letter in letters] == [b"", b""]
    topics.produce(orders, VALUE)
    receiver.wait(1, "/hook")


def test_new_events_do_not_wait_for_retries(topics, orders, names, receiver, subscribe, grapnel):
    """With 300 retries due, three of each four places are for what has not been tried, and one for them."""
    pending, tried, turnstile = 300, set(), Turnstile()

    def number(request):
        return json.loads(request.body)["n"]

    def answer(request):
        if number(request) >= pending or number(request) in tried:
            return turnstile
        tried.add(number(request))
        return Reply(503)

    def wait_queued(count):
        until(lambda: running.metric("grapnel_queued") == count, f"{count} that wait for a place", 40)

    receiver.script("/hook", answer)
    delivery = {**later(LONG), "in_flight": 2, "timeout": "2m"}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery), limits={"workers": 1})
    topics.produce(orders, *[json.dumps({"n": n}) for n in range(pending)])
    topics.wait(f"{names.retries}.{LONG}", pending)
    receiver.wait(pending + 2, "/hook", seconds=40)  # two are in flight again, …
    wait_queued(pending - 2)  # … and all others due
    for turn in range(20):
        fresh = [pending + 3 * turn + n for n in range(3)]
        topics.produce(orders, *[json.dumps({"n": n}) for n in fresh])
        wait_queued(pending - 2 - turn + 3)
        seen = len(receiver.requests("/hook"))
        turnstile.let(4)
        came = [number(r) for r in receiver.wait(seen + 4, "/hook")[seen:]]
        assert len(came) == 4 and sorted(came)[1:] == fresh, f"{came}, where {fresh} were waiting"
    turnstile.let(2 * pending)
    receiver.wait(2 * pending + 60, "/hook")
    until(lambda: running.metric("grapnel_deliveries_total", outcome="delivered") == pending + 60, "all answers")
    assert len(receiver.requests("/hook")) == 2 * pending + 60

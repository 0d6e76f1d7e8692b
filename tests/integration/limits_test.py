"""What holds a subscription back: its rate, its breaker, its patience."""

import json
import time

from support.receiver import Reply
from support.wait import until


def many(topics, orders, count):
    topics.produce(orders, *[json.dumps({"n": n}) for n in range(count)])


def retrying(*schedule, **keys):
    return {"retry": {"schedule": list(schedule), "jitter": "0%"}, **keys}


def test_no_more_than_the_rate_go(topics, orders, receiver, subscribe, grapnel):
    grapnel(subscribe(orders, receiver.url("/hook"), delivery={"rate": "20/s"}))
    many(topics, orders, 60)
    came = receiver.wait(60, "/hook", seconds=30)
    for first in range(len(came)):
        within = [r for r in came[first:] if r.at - came[first].at < 1.0]
        assert len(within) <= 41  # a bucketful and what came since
    assert came[-1].at - came[0].at >= 1.8


def test_retries_take_turns_under_a_slow_rate(topics, orders, receiver, subscribe, grapnel):
    receiver.script("/hook", *[Reply(503)] * 6, Reply(200))
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=retrying(*["1s"] * 5, rate="30/m")))
    many(topics, orders, 6)
    came = receiver.wait(12, "/hook", seconds=60)
    assert came[-1].at - came[0].at <= 11 * 2 + 8  # hardly a turn is left empty


def test_a_breaker_opens_and_one_probe_closes_it(topics, orders, receiver, subscribe, grapnel):
    receiver.script("/hook", *[Reply(503)] * 6, Reply(200))
    delivery = retrying("10ms", *["20ms"] * 20, breaker={"failures": 5, "pause": "2s"}, in_flight=1)
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    many(topics, orders, 20)
    until(lambda: running.metric("grapnel_breaker_open") == 1, "an open breaker")
    came = receiver.wait(25, "/hook", seconds=30)
    assert came[5].at - came[4].at >= 1.9  # the fifth failure opened it, the sixth request is the probe
    assert came[6].at - came[5].at >= 1.9  # which failed
    until(lambda: running.metric("grapnel_deliveries_total", outcome="delivered") == 20, "all delivered")
    assert running.metric("grapnel_breaker_open") == 0


def test_an_open_breaker_is_known_to_all_workers(topics, unique, receiver, subscribe, grapnel):
    orders = topics.create(f"orders-{unique}", partitions=4)
    receiver.script("/hook", Reply(503))
    delivery = retrying(*["10ms"] * 20, breaker={"failures": 3, "pause": "1h"}, in_flight=4)
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery), limits={"workers": 4})
    many(topics, orders, 200)
    until(lambda: running.metric("grapnel_breaker_open") == 4, "every worker holding back")
    assert len(receiver.requests("/hook")) <= 4 * 4
    assert running.stop() == 0


def test_answers_that_are_the_events_fault_open_nothing(
    topics, orders, receiver, subscribe, grapnel, dead_letters
):
    receiver.script("/hook", Reply(400))
    delivery = {"breaker": {"failures": 2, "pause": "1h"}}
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    many(topics, orders, 20)
    assert len(dead_letters(20)) == 20
    assert running.metric("grapnel_breaker_open") == 0


def test_an_event_past_its_age_is_a_dead_letter(
    topics, orders, receiver, subscribe, grapnel, dead_letters, results
):
    receiver.script("/hook", Reply(503))
    delivery = retrying("100ms", "100ms", "1h", "1h", max_age="10m")
    grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    many(topics, orders, 1)
    [letter] = dead_letters(1)
    said = dict(letter.headers())
    assert said["grapnel-reason"] == b"expired" and said["grapnel-attempts"] == b"3"
    assert said["grapnel-status"] == b"503"
    [row] = results(1)
    assert (row["outcome"], row["error_kind"], row["status"]) == ("dead-lettered", "expired", 503)


def assert_expired_unsent(letter, attempts):
    said = dict(letter.headers())
    assert said["grapnel-reason"] == b"expired" and said["grapnel-attempts"] == attempts
    assert "grapnel-status" not in said  # that is of an attempt, and there was none


def test_what_a_breaker_kept_past_its_age_is_not_sent(
    topics, orders, receiver, subscribe, grapnel, dead_letters, results
):
    receiver.script("/hook", Reply(503), Reply(200))
    delivery = retrying("100ms", "100ms", max_age="2s", breaker={"failures": 1, "pause": "4s"}, in_flight=1)
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=delivery))
    many(topics, orders, 1)
    [letter] = dead_letters(1)
    assert_expired_unsent(letter, b"1")
    [row] = results(1)
    assert (row["outcome"], row["error_kind"], row["status"]) == ("dead-lettered", "expired", None)
    assert (row["id"], row["attempt"], row["url"]) == (f"{orders}-0-0", 1, receiver.url("/hook"))
    many(topics, orders, 1)  # what expires is no probe, and keeps none from going
    assert len(receiver.wait(2, "/hook")) == 2
    until(lambda: running.metric("grapnel_breaker_open") == 0, "a closed breaker")


def test_what_comes_out_of_a_retry_topic_past_its_age_is_not_sent(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters
):
    receiver.script("/hook", Reply(503), Reply(200))
    running = grapnel(subscribe(orders, receiver.url("/hook"), delivery=retrying("11s", max_age="11500ms")))
    many(topics, orders, 1)
    topics.wait(f"{names.retries}.11s", 1)
    topics.wait_committed(names.group, orders)
    assert running.stop() == 0
    time.sleep(12)
    running.start()
    [letter] = dead_letters(1, seconds=40)
    assert_expired_unsent(letter, b"1")
    assert len(receiver.requests("/hook")) == 1


def test_fewer_places_in_flight_than_workers_keep_nothing_waiting(
    topics, unique, receiver, subscribe, grapnel
):
    orders = topics.create(f"orders-{unique}", partitions=4)
    grapnel(subscribe(orders, receiver.url("/hook")), limits={"in_flight": 1, "workers": 4})
    many(topics, orders, 40)
    assert len({r.id for r in receiver.wait(40, "/hook")}) == 40

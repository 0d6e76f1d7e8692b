"""SIGHUP: the subscriptions and secrets of the file as it is now, without a restart."""

import base64
import concurrent.futures
import json
import re
import signal
import threading
import time

import pytest

from support import program
from support.receiver import Hang, Reply
from support.wait import PATIENCE, until


@pytest.fixture
def reload(configure):
    """reload(running, subscription, …): writes the file anew, and has the program read it.

    What it says of that; `fine`: it has taken it.
    """

    def make(running, *subscriptions, fine=True, **config):
        configure(*subscriptions, port=int(running.admin.rsplit(":", 1)[1]), **config)
        before = len(running.log())
        running.signal(signal.SIGHUP)
        word = "reloaded: nothing has changed" if not fine else " reloaded subscriptions="
        until(lambda: running.alive() and word in running.log()[before:], f"the words {word!r}", 10)
        return running.log()[before:]

    return make


def event(n, **more):
    return json.dumps({"n": n, **more})


def numbers(requests):
    return sorted(json.loads(r.body)["n"] for r in requests)


def test_a_subscription_comes_and_another_goes(
    topics, orders, unique, receiver, subscribe, grapnel, reload
):
    """The one that stays notices nothing: no rebalance of its group, no event twice."""
    stays = subscribe(orders, receiver.url("/stays"))
    goes = {**subscribe(orders, receiver.url("/goes")), "name": f"goes-{unique[-6:]}"}
    comes = {**subscribe(orders, receiver.url("/comes")), "name": f"comes-{unique[-6:]}"}
    running = grapnel(stays, goes)
    topics.produce(orders, *[event(n) for n in range(10)])
    receiver.wait(10, "/stays")
    receiver.wait(10, "/goes")
    rebalances = running.metric("grapnel_rebalances_total", subscription=stays["name"])

    reload(running, stays, comes)
    receiver.wait(10, "/comes")
    until(lambda: f"grapnel.{goes['name']}" in running.log().split("group left")[-1], "its group left", 20)
    topics.produce(orders, *[event(n) for n in range(10, 20)])
    receiver.wait(20, "/comes")
    receiver.wait(20, "/stays")
    assert numbers(receiver.requests("/goes")) == list(range(10))
    assert running.metric("grapnel_rebalances_total", subscription=stays["name"]) == rebalances
    assert goes["name"] not in {s["subscription"] for s, _ in running.metrics()["grapnel_deliveries_total"]}

    reload(running, stays, comes, goes)  # and it is there again, and goes on where it stood
    receiver.wait(20, "/goes")
    for path in ("/stays", "/comes", "/goes"):
        assert numbers(receiver.requests(path)) == list(range(20))
    until(lambda: running.get("/readyz")[0] == 200, "readiness")


def test_readiness_where_nobody_has_retries_any_more(
    topics, orders, names, receiver, subscribe, grapnel, reload
):
    """Without subscriptions there is no group of the retries; when one comes, it is waited for anew."""
    running = grapnel(subscribe(orders, receiver.url("/hook")))
    reload(running)
    until(lambda: f"group left group={names.retries}\n" in running.log(), "the end of the retries' group")
    assert running.get("/readyz")[0] == 200
    with topics.barred(names.retries, orders):
        reload(running, subscribe(orders, receiver.url("/hook")))
        until(lambda: running.metric("grapnel_group_joined", group=names.group) == 1, "its own group", 30)
        status, body = running.get("/readyz")
        assert status == 503
        assert [r.split()[1] for r in json.loads(body)["reasons"]] == [names.retries]
    running.wait_ready()


def test_what_is_in_flight_ends_as_it_began(topics, orders, receiver, subscribe, grapnel, reload, results):
    """A URL, a header and a secret change: the request under way ends, the next one is the new one."""
    gate = threading.Event()
    receiver.script("/old", Reply(200, gate=gate))
    old = subscribe(orders, receiver.url("/old"), delivery={"in_flight": 1})
    running = grapnel(old)
    topics.produce(orders, *[event(n) for n in range(5)])
    receiver.wait(1, "/old")
    new = subscribe(
        orders,
        receiver.url("/new"),
        request={"headers": {"X-Version": "2"}},
        sign={"style": "standard", "secrets": ["whsec_" + base64.b64encode(b"s" * 32).decode()]},
    )
    reload(running, new)
    came = receiver.wait(4, "/new")  # its places have become more meanwhile
    gate.set()
    rows = results(5)
    assert numbers(came) == [1, 2, 3, 4]
    assert {r.header("X-Version") for r in came} == {"2"}
    assert all(r.header("webhook-signature") for r in came)
    assert len(receiver.requests("/old")) == 1
    assert [r["outcome"] for r in rows] == ["delivered"] * 5
    assert rows[0]["url"].endswith("/old") and rows[1]["url"].endswith("/new")


def test_the_old_receiver_s_410_is_not_the_new_one_s(
    topics, orders, receiver, subscribe, grapnel, reload, dead_letters
):
    """It answers the request under way when the subscription has another URL already."""
    gate = threading.Event()
    receiver.script("/old", Reply(410, gate=gate))
    running = grapnel(subscribe(orders, receiver.url("/old"), delivery={"in_flight": 1}))
    topics.produce(orders, event(0))
    receiver.wait(1, "/old")
    reload(running, subscribe(orders, receiver.url("/new"), delivery={"in_flight": 1}))
    gate.set()
    dead_letters(1)
    topics.produce(orders, event(1), event(2))
    receiver.wait(2, "/new")
    assert running.metric("grapnel_disabled") == 0


def test_what_waits_goes_to_the_new_receiver(topics, orders, receiver, subscribe, grapnel, reload):
    """The receiver was broken, and its breaker is open: the next one is tried at once."""
    delivery = {
        "breaker": {"failures": 2, "pause": "10m"},
        "retry": {"schedule": ["1s", "1s", "1h"], "jitter": "0%"},
        "in_flight": 1,
    }
    receiver.script("/broken", Reply(503))
    running = grapnel(subscribe(orders, receiver.url("/broken"), delivery=delivery))
    topics.produce(orders, *[event(n) for n in range(4)])
    until(lambda: running.metric("grapnel_breaker_open") > 0, "an open breaker", 20)
    reload(running, subscribe(orders, receiver.url("/well"), delivery=delivery))
    receiver.wait(4, "/well", seconds=20)
    assert numbers(receiver.requests("/well")) == [0, 1, 2, 3]


def test_a_retry_topic_that_is_not_there_holds_up_nobody(
    topics, orders, names, receiver, subscribe, grapnel, reload
):
    """Nobody has made that of a new delay, and grapnel may not: retries go by another until it is there."""
    short, long = f"{names.retries}.1s", f"{names.retries}.12s"
    for name in [names.results, names.dead_letters, names.state, short]:
        topics.create(name)
    stays = subscribe(orders, receiver.url("/stays"), delivery={"retry": {"schedule": ["1s"]}})
    delivery = {"retry": {"schedule": ["12s"], "jitter": "0%"}}
    comes = {**subscribe(orders, receiver.url("/comes"), delivery=delivery), "start": "latest"}
    comes["name"] = f"comes-{names.subscription[-6:]}"
    receiver.script("/comes", Reply(503))
    running = grapnel(stays, topics={"create": False})
    said = reload(running, stays, comes, topics={"create": False})
    group = f"grapnel.{comes['name']}"
    until(lambda: running.metric("grapnel_assigned_partitions", group=group) > 0, "its partitions")
    topics.produce(orders, *[event(n) for n in range(10)])
    receiver.wait(10, "/stays")
    receiver.wait(20, "/comes", seconds=40)
    assert "a new retry topic is not there" in said + running.log()
    assert running.get("/readyz")[0] == 200
    assert topics.count(short) >= 10

    topics.create(long)
    until(lambda: f"a new retry topic is there topic={long}" in running.log(), "the new topic to be found", 30)
    topics.produce(orders, event(10))
    until(lambda: topics.count(long) == 1, "a retry in it")
    receiver.wait(22, "/comes", seconds=40)


def test_a_mistake_changes_nothing(topics, orders, names, receiver, subscribe, grapnel, reload):
    good = subscribe(orders, receiver.url("/good"))
    running = grapnel(good)
    wrong = {**subscribe(orders, receiver.url("/other")), "evnts": ["x"]}
    worse = {**subscribe(orders, "ftp://nowhere"), "name": "worse"}
    said = reload(running, wrong, worse, fine=False)
    mistakes = [line for line in said.splitlines() if "a mistake in the configuration" in line]
    assert len(mistakes) == 2
    assert "evnts" in mistakes[0] and "subscriptions/all.yaml" in mistakes[0] and "line=" in mistakes[0]
    assert "ftp" in mistakes[1]
    topics.produce(orders, event(0))
    receiver.wait(1, "/good")
    assert not receiver.requests("/other")
    said = reload(running, good)  # and it can be put right
    assert "mistake" not in said


def test_a_filter_comes_and_changes(topics, orders, names, receiver, subscribe, grapnel, reload):
    """What is read from then on is judged by it, jq's or ours. One with a mistake changes nothing."""

    def filtered(filter):
        return subscribe(orders, receiver.url("/hook"), filter=filter)

    def publish(first):
        topics.produce(orders, *[event(n) for n in range(first, first + 4)])
        topics.wait_committed(names.group, orders)

    running = grapnel(subscribe(orders, receiver.url("/hook")))
    publish(0)
    reload(running, filtered(".n % 2 == 0"))
    publish(4)
    reload(running, filtered(".n > 10"))
    publish(8)
    said = reload(running, filtered(".n > nope"), fine=False)
    assert "filter: jq: nope/0 is not defined" in said
    publish(12)
    reload(running, subscribe(orders, receiver.url("/hook")))
    publish(16)
    assert numbers(receiver.requests("/hook")) == [0, 1, 2, 3, 4, 6, 11, *range(12, 20)]
    assert running.metric("grapnel_filtered_total", subscription=names.subscription) == 5


def test_a_mended_filter_judges_what_is_replayed(
    topics, orders, names, receiver, subscribe, grapnel, reload, dead_letters
):
    running = grapnel(subscribe(orders, receiver.url("/hook"), filter='.kind | startswith("a")'))
    topics.produce(orders, event(0, kind=1), event(1, kind=2))
    dead_letters(2)
    reload(running, subscribe(orders, receiver.url("/hook"), filter=".kind == 2"))
    done = program.command("dead-letters", "replay", "-c", running.path, "--reason", "filter")
    assert done.returncode == 0, done.stderr
    receiver.wait(1, "/hook")
    until(lambda: running.metric("grapnel_filtered_total") == 1, "the other one left out")
    assert numbers(receiver.requests("/hook")) == [1]
    assert topics.count(names.dead_letters) == 2


def test_a_mistake_of_yaml_changes_nothing(topics, orders, receiver, subscribe, grapnel, reload):
    running = grapnel(subscribe(orders, receiver.url("/good")))
    path = running.path
    path.write_text("subscriptions: [\n")
    before = len(running.log())
    running.signal(signal.SIGHUP)
    until(lambda: "nothing has changed" in running.log()[before:], "a word about it")
    topics.produce(orders, event(0))
    receiver.wait(1, "/good")


def test_what_takes_a_restart_is_named(topics, orders, names, receiver, subscribe, grapnel, reload):
    sub = subscribe(orders, receiver.url("/hook"), delivery={"retry": {"schedule": ["1s"]}})
    running = grapnel(sub, limits={"in_flight": 100})
    said = reload(running, sub, limits={"in_flight": 200, "workers": 1}, topics={"retries": "elsewhere"})
    assert "some changes count after a restart" in said
    assert "topics.retries, limits.in_flight, limits.workers" in said
    receiver.script("/hook", Reply(503), Reply(200))
    topics.produce(orders, event(0))
    receiver.wait(2, "/hook", seconds=20)  # as it was started


def test_groups_change(topics, orders, names, receiver, subscribe, grapnel, reload, unique):
    """Two that had a group each share one, and then part again."""
    a = {**subscribe(orders, receiver.url("/a")), "name": f"a-{unique[-6:]}"}
    b = {**subscribe(orders, receiver.url("/b")), "name": f"b-{unique[-6:]}"}
    running = grapnel(a, b)
    topics.produce(orders, event(0))
    receiver.wait(1, "/a")
    receiver.wait(1, "/b")
    topics.wait_committed(f"grapnel.{a['name']}", orders)
    topics.wait_committed(f"grapnel.{b['name']}", orders)
    reload(running, {**a, "group": unique}, {**b, "group": unique})
    receiver.wait(2, "/a", seconds=30)  # a new group begins at its start
    receiver.wait(2, "/b", seconds=30)
    topics.produce(orders, event(1))
    receiver.wait(3, "/a")
    receiver.wait(3, "/b")
    reload(running, a, b)
    receiver.wait(4, "/a", seconds=30)  # and the old ones go on behind their first event
    receiver.wait(4, "/b", seconds=30)
    assert numbers(receiver.requests("/a")) == [0, 0, 1, 1]
    assert numbers(receiver.requests("/b")) == [0, 0, 1, 1]


def test_of_a_shared_group_one_goes(topics, orders, names, receiver, subscribe, grapnel, reload, unique):
    """What was still to be sent to it is not sent, and the others get nothing twice."""
    receiver.script("/goes", Hang())
    keys = {"group": unique, "delivery": {"timeout": "2s", "in_flight": 2}}
    goes = {**subscribe(orders, receiver.url("/goes"), **keys), "name": f"goes-{unique[-6:]}"}
    stays = {**subscribe(orders, receiver.url("/stays"), **keys), "name": f"stays-{unique[-6:]}"}
    running = grapnel(goes, stays)
    topics.produce(orders, *[event(n) for n in range(50)])
    receiver.wait(50, "/stays")
    receiver.wait(2, "/goes")
    reload(running, stays)
    topics.produce(orders, *[event(n) for n in range(50, 60)])
    receiver.wait(60, "/stays")
    topics.wait_committed(f"grapnel.{unique}", orders)
    assert numbers(receiver.requests("/stays")) == list(range(60))
    receiver.script("/goes", Reply(200))
    reload(running, stays, goes)
    until(lambda: set(numbers(receiver.requests("/goes"))) >= set(range(50)), "what had waited for it", 60)
    assert numbers(receiver.requests("/stays")) == list(range(60))


def test_order_begins_and_ends(topics, orders, receiver, subscribe, grapnel, reload):
    """While a key's events wait behind one another, and back."""
    receiver.script("/hook", *[Reply(200, delay=0.2)] * 6, Reply(200))
    plain = subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 4})
    ordered = subscribe(orders, receiver.url("/hook"), delivery={"in_flight": 4, "order": "key"})
    running = grapnel(plain)
    for n in range(40):
        topics.produce(orders, event(n), key="k")
    receiver.wait(1, "/hook")
    reload(running, ordered)
    until(lambda: set(numbers(receiver.requests("/hook"))) == set(range(40)), "all events", 30)
    for n in range(40, 60):
        topics.produce(orders, event(n), key="k")
    until(lambda: set(numbers(receiver.requests("/hook"))) == set(range(60)), "all events", 30)
    late = [json.loads(r.body)["n"] for r in receiver.requests("/hook") if json.loads(r.body)["n"] >= 40]
    assert late == list(range(40, 60))
    reload(running, plain)
    for n in range(60, 80):
        topics.produce(orders, event(n), key="k")
    until(lambda: set(numbers(receiver.requests("/hook"))) == set(range(80)), "all events", 30)


def test_what_was_sent_before_order_begins_parks_its_key_all_the_same(
    topics, orders, receiver, subscribe, grapnel, reload, dead_letters
):
    """It ends for good after the reload, and was never one of a key at a time."""
    receiver.script("/hook", Reply(400, delay=4), Reply(400))
    plain = subscribe(orders, receiver.url("/hook"))
    parking = {"order": "key", "retry": {"exhausted": "park"}}
    running = grapnel(plain)
    topics.produce(orders, event(0), key="k")
    receiver.wait(1, "/hook")
    reload(running, subscribe(orders, receiver.url("/hook"), delivery=parking))
    dead_letters(1)
    until(lambda: running.metric("grapnel_parked_keys") == 1, "the parked key")
    topics.produce(orders, event(1), key="k")
    reasons = {
        json.loads(m.value())["n"]: dict(m.headers())["grapnel-reason"].decode() for m in dead_letters(2)
    }
    assert reasons[1] == "parked"
    assert running.alive()


def test_a_disabled_one_stays_so_and_another_url_is_tried(
    topics, orders, names, receiver, subscribe, grapnel, reload, unique
):
    receiver.script("/gone", Reply(410))
    gone = subscribe(orders, receiver.url("/gone"), delivery={"in_flight": 1})
    other = {**subscribe(orders, receiver.url("/other")), "name": f"other-{unique[-6:]}"}
    running = grapnel(gone)
    topics.produce(orders, event(0))
    until(lambda: running.metric("grapnel_disabled") == 1, "it is disabled")
    reload(running, gone, other)
    topics.produce(orders, event(1))
    receiver.wait(2, "/other")
    assert running.metric("grapnel_disabled") == 1
    reload(running, other)
    reload(running, gone, other)
    until(lambda: running.metric("grapnel_disabled") == 1, "it is disabled still")
    assert len(receiver.requests("/gone")) == 1
    reload(running, {**gone, "request": {"url": receiver.url("/moved")}}, other)
    receiver.wait(1, "/moved", seconds=20)
    assert numbers(receiver.requests("/moved")) == [1]
    assert running.metric("grapnel_disabled") == 0


def test_tokens_change(orders, receiver, subscribe, grapnel, reload):
    sub = subscribe(orders, receiver.url("/hook"))

    def ask(token):
        return running.get("/metrics", {"Authorization": f"Bearer {token}"})[0]

    def tokens(token):
        return {"tokens": {"me": {"token": token, "role": "viewer"}}}

    port = None
    running = grapnel(sub, admin=tokens("first"))
    port = running.admin.rsplit(":", 1)[1]
    admin = {"listen": f"127.0.0.1:{port}"}
    assert (ask("first"), ask("second")) == (200, 401)
    reload(running, sub, admin={**admin, **tokens("second")})
    assert (ask("first"), ask("second")) == (401, 200)


def test_many_reloads_under_load(topics, unique, names, receiver, subscribe, grapnel, reload):
    """Every event arrives, whatever changes meanwhile, and no catalog is kept for ever."""
    orders = topics.create(f"orders-{unique}", partitions=4)
    running = grapnel(subscribe(orders, receiver.url("/0")))
    total = 4000
    for round in range(8):
        topics.produce(orders, *[event(round * 500 + n) for n in range(500)])
        delivery = {"in_flight": [1, 64, 3, 128][round % 4], "rate": ["100000/s", None][round % 2]}
        reload(running, subscribe(orders, receiver.url(f"/{round % 3}"), delivery=delivery))
    until(
        lambda: len({n for p in "012" for n in numbers(receiver.requests(f"/{p}"))}) == total,
        f"{total} events",
        60,
    )
    topics.wait_committed(names.group, orders)


class Stream:
    """Publishes {"n"} a hundred times a second, for as long as its block takes; `stored` says when each was."""

    def __init__(self, topics, topic):
        self._topics = topics
        self._topic = topic
        self._ended = threading.Event()
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self.stored = []

    def __enter__(self):
        self._published = self._pool.submit(self._publish)
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._pool.shutdown()
        self._published.result()  # fails as publishing did

    def _publish(self):
        while not self._ended.wait(0.01):
            self._topics.produce(self._topic, event(len(self.stored)))
            self.stored.append(time.time())

    def worst_age(self, requests):
        return max(r.at - self.stored[json.loads(r.body)["n"]] for r in requests)


def test_who_stays_notices_nothing_of_reloads(topics, orders, names, receiver, subscribe, grapnel, reload):
    """Beside a steady stream others come, change and go: nothing of it is lost, late or sent twice."""

    def beside(name, path):
        sub = subscribe(orders, receiver.url(path))
        return {**sub, "name": f"{name}-{names.subscription[-6:]}", "start": "latest"}

    def log_lines(words, sub):
        return len(re.findall(rf" {words} group=grapnel\.{sub['name']}( |$)", running.log(), re.MULTILINE))

    def assignments():
        told = running.metric("grapnel_rebalances_total", subscription=stays["name"])
        return told, log_lines("partitions assigned", stays)

    stays = subscribe(orders, receiver.url("/stays"))
    goes = beside("comes-0", "/comes-0")
    running = grapnel(stays, beside("changes", "/changes-0"), goes)
    with Stream(topics, orders) as stream:
        begin = len(receiver.wait(300, "/stays"))
        assert assignments() == (1, 1)
        for turn in range(1, 11):
            comes = beside(f"comes-{turn}", f"/comes-{turn}")
            reload(running, stays, beside("changes", f"/changes-{turn}"), comes)
            receiver.wait(1, f"/comes-{turn}")
            receiver.wait(1, f"/changes-{turn}")
            until(lambda: log_lines("group left", goes) == 1, f"the end of {goes['name']}")
            goes = comes
        end = len(receiver.requests("/stays"))
        receiver.wait(end + 300, "/stays")
    came = receiver.wait(len(stream.stored), "/stays")
    topics.wait_committed(names.group, orders)
    assert numbers(receiver.requests("/stays")) == list(range(len(stream.stored)))
    assert assignments() == (1, 1)
    calm = stream.worst_age(came[:begin] + came[end:])
    assert stream.worst_age(came[begin:end]) <= max(10 * calm, 2 * PATIENCE)


def test_a_crowd_of_new_groups_delays_nobody(topics, orders, names, receiver, subscribe, grapnel, reload):
    """Beside a steady stream thirty groups begin at once, and end at once. What they ask Kafka, and commit,
    keeps no event of the stream waiting; and once they are ready they miss nothing."""

    def comes(n):
        sub = subscribe(orders, receiver.url(f"/new-{n}"))
        return {**sub, "name": f"new-{n}-{names.subscription[-6:]}", "start": "latest"}

    crowd = [comes(n) for n in range(30)]
    stays = subscribe(orders, receiver.url("/stays"))
    running = grapnel(stays)
    with Stream(topics, orders) as stream:
        begin = len(receiver.wait(300, "/stays"))
        reload(running, stays, *crowd)
        running.wait_ready()
        wanted = set(range(len(stream.stored), len(stream.stored) + 100))
        for n in range(30):
            until(lambda: wanted <= set(numbers(receiver.requests(f"/new-{n}"))), f"all events of new-{n}")
        reload(running, stays)
        until(lambda: running.log().count("group left") == 30, "the end of all of them")
        end = len(receiver.requests("/stays"))
        receiver.wait(end + 300, "/stays")
    came = receiver.wait(len(stream.stored), "/stays")
    assert numbers(receiver.requests("/stays")) == list(range(len(stream.stored)))
    calm = stream.worst_age(came[:begin] + came[end:])
    hasty = stream.worst_age(came[begin:end])
    assert hasty <= max(10 * calm, 0.7 * PATIENCE)


def test_two_instances_share_a_rate(topics, unique, names, receiver, subscribe, grapnel, another):
    """Together they send no more than one would, however many partitions each has."""
    orders = topics.create(f"orders-{unique}", partitions=4)
    sub = subscribe(orders, receiver.url("/hook"), delivery={"rate": "40/s"})
    first = grapnel(sub)
    second = another(first, sub)

    def holds(instance):
        return instance.metric("grapnel_assigned_partitions", subscription=names.subscription)

    until(lambda: holds(first) == 2 and holds(second) == 2, "two partitions each", 30)
    for p in range(4):
        topics.produce(orders, *[event(n) for n in range(p, 400, 4)], partition=p)
    receiver.wait(100, "/hook", seconds=20)
    begun = time.time()
    count = len(receiver.requests("/hook"))
    receiver.wait(300, "/hook", seconds=30)
    sent = len(receiver.requests("/hook")) - count
    seconds = time.time() - begun
    assert sent <= 40 + 44 * seconds  # what the bucket held, and what came meanwhile
    assert sent >= 20 / PATIENCE * seconds

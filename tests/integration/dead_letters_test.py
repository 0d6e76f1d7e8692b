"""`grapnel dead-letters`: what could not be delivered, listed, shown and replayed."""

import json
import time

import pytest

from support import program
from support.receiver import Reply

KEY, VALUE = b"\x00key", b'{"type":"order.created","n":41.10}'
HEADERS = [("mark", b"\xff"), ("grapnel-id", b"a trap"), ("none", None)]
FAILED_AT_MS = 1700000000000
ONCE = {"retry": {"schedule": []}}


def iso(unix_ms):
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(unix_ms / 1000))
    return f"{whole}.{unix_ms % 1000:03}Z"


def letter(offset, subscription="orders", reason="status", failed_at_ms=FAILED_AT_MS, topic="orders"):
    said = {
        "id": f"orders-0-{offset}", "subscription": subscription, "reason": reason, "error": "said \x1b[2J no",
        "status": "503", "attempts": "3", "source-topic": topic, "source-partition": "0",
        "source-offset": str(offset), "source-timestamp": iso(FAILED_AT_MS - 5), "failed-at": iso(failed_at_ms),
    }
    return HEADERS + [(f"grapnel-{name}", value.encode()) for name, value in said.items()]


@pytest.fixture
def config(configure):
    subscription = {"name": "orders", "topics": ["orders"], "request": {"url": "http://127.0.0.1:9/"}}
    return configure(subscription, topics={"partitions": 2})[0]


@pytest.fixture
def write(topics, names):
    """Puts dead letters into a topic of three partitions, each a second after the one before."""
    topics.create(names.dead_letters, partitions=3)

    def put(offsets, **said):
        for n in offsets:
            at = FAILED_AT_MS + 1000 * n
            topics.produce(names.dead_letters, VALUE, key=KEY, headers=letter(n, failed_at_ms=at, **said),
                           partition=n % 3, timestamp_ms=at)

    return put


def dead_letters(config, *args):
    return program.command("dead-letters", *args, "-c", config)


def listed(config, *args):
    done = dead_letters(config, "list", "-o", "json", *args)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def offsets(rows):
    return [row["offset"] for row in rows]


def test_letters_are_listed_by_what_is_asked(config, write):
    write(range(12))
    write([12], subscription="crm", reason="timeout")
    assert sorted(offsets(listed(config))) == list(range(13))
    assert offsets(listed(config, "--subscription", "crm")) == [12]
    assert offsets(listed(config, "--reason", "timeout")) == [12]
    assert offsets(listed(config, "-n", "4")) == [9, 10, 11, 12]
    assert offsets(listed(config, "--id", "orders-0-7")) == [7]
    assert sorted(offsets(listed(config, "--id", "0:0", "--id", "1:1"))) == [0, 4]
    since, until = iso(FAILED_AT_MS + 4000), iso(FAILED_AT_MS + 7000)
    assert sorted(offsets(listed(config, "--since", since, "--until", until))) == [4, 5, 6]
    assert listed(config, "--since", "1d") == []
    table = dead_letters(config, "list").stdout.decode().splitlines()
    assert table[0].split()[:4] == ["FAILED", "AT", "POSITION", "SUBSCRIPTION"]
    assert len(table) == 14 and not any("\x1b" in row for row in table)


def test_all_of_a_letter_is_shown(config, write):
    write([0, 1])
    [whole] = dead_letters(config, "show", "1:0", "-o", "json").stdout.splitlines()
    whole = json.loads(whole)
    assert (whole["position"], whole["id"], whole["status"], whole["attempts"]) == ("1:0", "orders-0-1", 503, 3)
    assert (whole["key"], whole["value"]) == (KEY.decode(), VALUE.decode())
    assert whole["headers"] == [
        {"name": "mark", "value_base64": "/w=="},
        {"name": "grapnel-id", "value": "a trap"},
        {"name": "none", "value": None},
    ]
    page = dead_letters(config, "show", "orders-0-1")
    assert page.returncode == 0
    assert VALUE in page.stdout and b"\x1b" not in page.stdout and b"\x00" not in page.stdout
    assert b"topic orders, partition 0, offset 1" in page.stdout


def test_mistakes_are_told(config, write):
    write([0])
    for args, code, said in [
        ((), 2, b"needs list, show or replay"),
        (("lsit",), 2, b"not 'lsit'"),
        (("show",), 2, b"needs an ID"),
        (("show", "0:7"), 1, b"no such dead letter: 0:7"),
        (("replay", "nothing"), 1, b"no such dead letter: nothing"),
        (("replay", "-s", "gone"), 1, b"no subscription 'gone'"),
        (("list", "--since", "soon"), 2, b"--since is a time"),
        (("list", "--reason", "bad"), 2, b"no reason 'bad'"),
        (("list", "--dry-run"), 2, b"--dry-run is for replay"),
    ]:
        done = dead_letters(config, *args)
        assert (done.returncode, said in done.stderr) == (code, True), (args, done)


def test_a_letter_that_is_named_and_left_out_is_told(config, write, topics, names):
    write(range(6))
    write([6], reason="timeout")  # 0:0, 1:0, 2:0, 0:1, 1:1, 2:1, 0:2
    topics.produce(names.dead_letters, VALUE, key=KEY, headers=letter(3), partition=0)  # 0:3, again
    late = iso(FAILED_AT_MS + 60000)
    for verb in ["show", "replay"]:
        for args, given, said in [
            (["-n", "1", "0:0", "0:1"], 1, ["dead letter 0:0 is left out by --limit"]),
            (["--reason", "timeout", "0:0", "0:2"], 1, ["dead letter 0:0 is left out by --reason"]),
            (["--reason", "timeout", "0:0", "orders-0-1"], 0,
             ["dead letter 0:0 is left out by --reason", "dead letter orders-0-1 is left out by --reason"]),
            (["-s", "orders", "--since", late, "0:0"], 0, ["dead letter 0:0 is left out by --since"]),
            (["--until", iso(FAILED_AT_MS), "0:0", "0:9"], 0,
             ["dead letter 0:0 is left out by --until", "there is no such dead letter: 0:9"]),
            (["--since", late, "orders-0-1"], 0, ["there is no such dead letter since then: orders-0-1"]),
            (["-n", "1", "orders-0-3"], 1, []),  # the last of those with that id
            (["0:0", "0:1"], 2, []),
        ]:
            dry = ["--dry-run"] if verb == "replay" else []
            done = dead_letters(config, verb, "-o", "json", *args, *dry)
            told = [line for line in done.stderr.decode().splitlines() if "would be handed" not in line]
            assert told == [f"grapnel: {line}" for line in said], args
            assert (done.returncode, len(done.stdout.splitlines())) == (1 if said else 0, given), args


def test_no_kafka_is_told_within_seconds(configure):
    subscription = {"name": "orders", "topics": ["orders"], "request": {"url": "http://127.0.0.1:9/"}}
    path, _ = configure(subscription, kafka={"bootstrap.servers": "127.0.0.1:1"})
    for verb in ["list", "replay"]:
        done = dead_letters(path, verb)
        assert done.returncode == 3
        assert b"refused" in done.stderr


def test_a_dry_run_changes_nothing(config, write, topics, names):
    write(range(3))
    done = dead_letters(config, "replay", "--dry-run", "-o", "json")
    assert done.returncode == 0
    assert sorted(json.loads(line)["offset"] for line in done.stdout.splitlines()) == [0, 1, 2]
    assert f"3 dead letters would be handed to {names.retries}.5s".encode() in done.stderr
    assert f"{names.retries}.5s" not in topics.names()


def test_what_is_replayed_is_what_was_published(config, write, topics, names):
    write(range(3))
    done = dead_letters(config, "replay", "--since", iso(FAILED_AT_MS + 1000))
    assert (done.returncode, done.stdout) == (0, f"2 dead letters handed to {names.retries}.5s\n".encode())
    retried = topics.read(f"{names.retries}.5s")
    assert len(retried) == 2 and topics.partitions(f"{names.retries}.5s") == 2
    for message in retried:
        assert (message.key(), message.value()) == (KEY, VALUE)
        assert message.headers()[:3] == HEADERS
        said = dict(message.headers()[3:])
        assert all(name.startswith("grapnel-retry-") for name in said)
        assert said["grapnel-retry-subscription"] == b"orders"
        assert (said["grapnel-retry-attempts"], said["grapnel-retry-first-attempt"]) == (b"0", b"-1")
        assert (said["grapnel-retry-topic"], said["grapnel-retry-partition"]) == (b"orders", b"0")
        assert said["grapnel-retry-timestamp"] == str(FAILED_AT_MS - 5).encode()
        assert int(said["grapnel-retry-due"]) <= time.time() * 1000
    assert sorted(dict(m.headers()[3:])["grapnel-retry-offset"] for m in retried) == [b"1", b"2"]


def test_garbage_is_named_and_passed_over(config, write, topics, names):
    write([0])
    topics.produce(names.dead_letters, b"x", partition=0)
    topics.produce(names.dead_letters, b"x", partition=1, headers=letter(5)[:-1])
    topics.produce(names.dead_letters, None, partition=2, headers=letter(5, topic="no/topic"))
    write([3], subscription="gone")
    assert offsets(listed(config)) == [0, 3]
    done = dead_letters(config, "replay")
    assert (done.returncode, done.stdout) == (1, f"1 dead letter handed to {names.retries}.5s\n".encode())
    for said in [b"0:1 is passed over", b"1:0 is passed over", b"2:0 is passed over",
                 b"0:2 is not replayed: there is no subscription 'gone'"]:
        assert said in done.stderr
    assert topics.count(f"{names.retries}.5s") == 1


def test_a_replayed_event_is_delivered_as_the_one_it_was(
    topics, orders, names, receiver, subscribe, grapnel, results, dead_letters
):
    receiver.script("/hook", Reply(503), Reply(503), Reply(200))
    request = {"url": receiver.url("/hook"), "query": {"from": "{{ $topic }}/{{ $offset }}"}}
    running = grapnel(subscribe(orders, receiver.url("/hook"), request=request, delivery=ONCE))
    topics.produce(orders, VALUE, key=KEY, headers=HEADERS, timestamp_ms=FAILED_AT_MS)
    dead_letters(1)
    for attempt in [2, 3]:  # the first replay fails too, and becomes a dead letter anew
        done = program.command("dead-letters", "replay", f"0:{attempt - 2}", "-c", running.path)
        assert done.returncode == 0, done.stderr
        requests = receiver.wait(attempt, "/hook", seconds=40)
        if attempt == 2:
            dead_letters(2)
    assert {(r.id, r.target, r.body) for r in requests} == {
        (f"{orders}-0-0", f"/hook?from={orders}%2F0", VALUE)
    }
    rows = results(3)
    assert [(r["topic"], r["partition"], r["offset"], r["attempt"]) for r in rows] == [(orders, 0, 0, 1)] * 3
    assert sorted(r["outcome"] for r in rows) == ["dead-lettered", "dead-lettered", "delivered"]
    assert {r["timestamp"] for r in rows} == {iso(FAILED_AT_MS)}
    for letter in topics.read(names.dead_letters):
        assert (letter.key(), letter.value(), letter.headers()[:3]) == (KEY, VALUE, HEADERS)
        said = dict(letter.headers()[3:])
        assert (said["grapnel-source-topic"], said["grapnel-source-offset"]) == (orders.encode(), b"0")

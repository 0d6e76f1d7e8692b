"""Filters, and programs that only jq understands: what they take, make and can't harm."""

import json
import os
import pathlib
import signal

import pytest

from support import program
from support.wait import until

RUNAWAY = "last(range(1e12))"


def amounts(*values):
    return [json.dumps({"amount": value}) for value in values]


def children_of(pid):
    listed = [task / "children" for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for path in listed for child in path.read_text().split()]


def runs(pid):
    """A process that is no zombie."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("filter", [".amount > 100", "[.amount] | add > 100"], ids=["ours", "jq"])
def test_a_filter_takes_what_it_is_true_of(topics, orders, names, receiver, subscribe, grapnel, filter):
    running = grapnel(subscribe(orders, receiver.url("/{{ .amount }}"), filter=filter))
    topics.produce(orders, *amounts(100, 101, 99.5, 100.01, 7, 1e3))
    receiver.wait(3)
    topics.wait_committed(names.group, orders)
    assert sorted(r.path for r in receiver.requests()) == ["/100.01", "/1000.0", "/101"]
    until(lambda: running.metric("grapnel_filtered_total") == 3, "three filtered events")
    assert running.metric("grapnel_unmatched_total") == 0


def test_a_filter_that_fails(topics, orders, names, receiver, subscribe, grapnel, dead_letters, results):
    grapnel(subscribe(orders, receiver.url("/hook"), filter='.type | startswith("order.")'))
    topics.produce(orders, '{"type":7}', '{"type":"order.paid"}')
    receiver.wait(1, "/hook")
    [letter] = dead_letters(1)
    named = dict(letter.headers())
    assert (named["grapnel-reason"], named["grapnel-attempts"]) == (b"filter", b"0")
    assert b"startswith" in named["grapnel-error"]
    assert [r["error_kind"] for r in results(2)] == ["filter", None]
    topics.wait_committed(names.group, orders)


def test_what_is_left_out_is_not_missed(topics, orders, names, receiver, subscribe, grapnel, results):
    running = grapnel(subscribe(orders, receiver.url("/hook"), filter=".amount > 1"))
    topics.produce(orders, *amounts(1, 2, 3, "x"), '{"amount":[1]}', "{}")
    results(4)  # a text and an array are more than any number
    topics.wait_committed(names.group, orders)
    done = program.command("reconcile", "-c", running.path, "-o", "json")
    [row] = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, row["matching"], row["delivered"]) == (0, 4, 4)


def test_jq_makes_url_and_body(topics, orders, receiver, subscribe, grapnel):
    request = {"body": {"jq": "{topic: $topic, total: (.items | map(.price) | add)}"}}
    url = receiver.url("/{{ .items | map(.sku) | join(\"+\") }}")
    grapnel(subscribe(orders, url, request=request))
    topics.produce(orders, '{"items":[{"sku":"A/1","price":1.5},{"sku":"B","price":2}]}')
    [came] = receiver.wait(1)
    assert came.target == "/A%2F1%2BB"
    assert json.loads(came.body) == {"topic": orders, "total": 3.5}
    assert came.header("content-type") == "application/json"


@pytest.mark.parametrize(
    "body, said",
    [
        (RUNAWAY, "it takes more than 100 ms"),
        ("[range(1e12)]", "it takes more than"),
        ('.a | [match(""; "g")]', "it makes jq "),
        ("reduce range(1e5) as $i (null; [.])", "jq: "),
    ],
    ids=["time", "memory", "crash", "depth"],
)
def test_a_program_that_runs_wild_is_a_dead_letter(
    topics, orders, names, receiver, subscribe, grapnel, dead_letters, body, said
):
    request = {"body": {"jq": f"if .wild then {body} else 1 end"}}
    running = grapnel(subscribe(orders, receiver.url("/hook"), request=request))
    topics.produce(orders, '{"wild":true,"a":"\u00e9"}', '{"wild":false}')
    receiver.wait(1, "/hook")
    [letter] = dead_letters(1)
    named = {name: value.decode() for name, value in letter.headers()}
    assert named["grapnel-reason"] == "render" and said in named["grapnel-error"]
    topics.wait_committed(names.group, orders)
    assert running.alive()


def test_it_disturbs_nobody_else(topics, unique, names, receiver, subscribe, grapnel, dead_letters):
    wild, tame = topics.create(f"wild-{unique}"), topics.create(f"tame-{unique}")
    topics.produce(wild, *["{}"] * 2000)
    topics.produce(tame, *amounts(*range(1000)))
    grapnel(
        subscribe(wild, receiver.url("/wild"), request={"body": {"jq": RUNAWAY}}),
        subscribe(tame, receiver.url("/tame"), request={"body": {"jq": ".amount + 1"}})
        | {"name": f"{unique}-tame"},
        limits={"workers": 1},
    )
    receiver.wait(1000, "/tame")
    letters = dead_letters(2000)
    errors = [dict(letter.headers())["grapnel-error"].decode() for letter in letters]
    ran = sum("it takes more than" in error for error in errors)
    rested = sum("too often of late" in error for error in errors)
    assert 0 < ran < rested and ran + rested == 2000
    assert receiver.requests("/wild") == []


def test_its_process_ends_with_the_service(topics, orders, names, receiver, subscribe, grapnel):
    running = grapnel(subscribe(orders, receiver.url("/hook"), filter="[.amount] | add > 0"), limits={"workers": 1})
    topics.produce(orders, *amounts(1))
    receiver.wait(1, "/hook")
    children = children_of(running.process.pid)
    assert children and all(runs(child) for child in children)
    for child in children:
        os.kill(child, signal.SIGTERM)  # as a service manager's stop does
    topics.produce(orders, *amounts(2))
    receiver.wait(2, "/hook")
    assert children_of(running.process.pid) == children
    running.kill()
    until(lambda: not any(runs(child) for child in children), "the end of jq's processes")


@pytest.mark.parametrize("where", ["filter", "body"])
def test_that_it_does_not_answer_is_no_events_fault(
    topics, orders, names, receiver, subscribe, grapnel, results, where
):
    """Nothing is written of it: the event is tried again, by a new process."""
    program = "[.amount] | add"
    keys = {"filter": program} if where == "filter" else {"request": {"body": {"jq": program}}}
    config = {"limits": {"workers": 1}, "results": {"record": "attempts"}}
    running = grapnel(subscribe(orders, receiver.url("/hook"), **keys), **config)
    topics.produce(orders, *amounts(1))
    receiver.wait(1, "/hook")
    [stuck] = children_of(running.process.pid)
    os.kill(stuck, signal.SIGSTOP)
    topics.produce(orders, *amounts(2))
    until(lambda: "an event waits" in running.log(), "a word about it")
    receiver.wait(2, "/hook")
    assert [(r["outcome"], r["attempt"]) for r in results(2)] == [("delivered", 1)] * 2
    topics.wait_committed(names.group, orders)
    assert topics.count(names.dead_letters) == 0
    assert stuck not in children_of(running.process.pid)


def test_check_names_the_place(tmp_path):
    path = tmp_path / "grapnel.yaml"
    path.write_text(
        "kafka: { bootstrap.servers: localhost:1 }\n"
        "subscriptions:\n"
        "  - name: a\n"
        "    topics: [t]\n"
        "    filter: .a | nope\n"
        "    request:\n"
        '      url: "https://example.com/{{ $what }}"\n'
        "      body:\n"
        "        jq: |\n"
        "          .a\n"
        "          | env.SECRET\n"
    )
    done = program.command("check", "-c", path)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        f"{path}:5:18: filter: jq: nope/0 is not defined",
        f"{path}:7:36: url: there are the variables $key $topic $partition $offset $timestamp $id $type $headers, "
        "but no $what: {{ $what }}",
        f"{path}:11:13: body.jq: jq: env is refused: a program sees the event and nothing else",
    ]

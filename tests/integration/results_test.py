"""`grapnel results`: what was written to the results topic, read back."""

import json
import signal
import subprocess
import time

import pytest

from support import program
from support.wait import until


@pytest.fixture
def config(configure):
    subscription = {"name": "orders", "topics": ["orders"], "request": {"url": "http://127.0.0.1:9/"}}
    return configure(subscription)[0]


@pytest.fixture
def write(topics, names):
    """Puts results into a topic of three partitions, each a millisecond after the one before."""
    topics.create(names.results, partitions=3)
    start_ms = int(time.time() * 1000) - 3600000

    def put(numbers, **fields):
        for n in numbers:
            result = {"id": f"orders-0-{n}", "subscription": "orders", "outcome": "delivered", "attempt": 1,
                      "status": 200, "started_at": "2026-11-23T15:04:05.123Z", "duration_ms": 7, **fields}
            topics.produce(names.results, json.dumps(result), partition=n % 3, timestamp_ms=start_ms + n)

    return put


def ids(output):
    return [json.loads(line)["id"] for line in output.splitlines()]


def results(config, *args):
    return program.command("results", "-c", config, *args)


def test_all_results_are_listed(config, write):
    write(range(20))
    done = results(config, "--output", "json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(ids(done.stdout)) == sorted(f"orders-0-{n}" for n in range(20))
    table = results(config).stdout.decode().splitlines()
    assert table[0].split() == ["TIME", "SUBSCRIPTION", "ID", "TYPE", "OUTCOME", "ATTEMPT", "STATUS", "MS", "ERROR"]
    assert len(table) == 21


def test_the_last_ones_come_in_their_order_over_all_partitions(config, write):
    write(range(20))
    assert ids(results(config, "-o", "json", "-n", "4").stdout) == [f"orders-0-{n}" for n in range(16, 20)]


def test_the_last_ones_of_one_subscription(config, write):
    write(range(0, 3), subscription="rare")
    write(range(3, 30))
    assert ids(results(config, "-o", "json", "-n", "2", "-s", "rare").stdout) == ["orders-0-1", "orders-0-2"]
    assert results(config, "-o", "json", "-s", "unknown").stdout == b""


def test_what_a_receiver_answered_cannot_steer_the_terminal(config, write):
    write([1], error="\x1b[2Jgone\r\n\x9b31m", status=None, error_kind="protocol")
    row = results(config).stdout.decode().splitlines()[1]
    assert "protocol" in row
    assert row.endswith("\ufffd[2Jgone\ufffd \ufffd31m")


def test_other_records_in_the_topic_are_counted_not_shown(config, write, topics, names):
    write([1])
    topics.produce(names.results, b"\xff\x00", None, "[]", partition=0)
    done = results(config, "-o", "json")
    assert (done.returncode, ids(done.stdout)) == (0, ["orders-0-1"])
    assert b"3 records of the topic could not be read as results" in done.stderr


def test_follow_goes_on_until_interrupted(config, write, tmp_path):
    write(range(5))
    seen = tmp_path / "seen"
    with seen.open("wb") as out:
        running = subprocess.Popen(
            [program.BINARY, "results", "-c", config, "-f", "-n", "1", "-o", "json"], stdout=out
        )
    until(lambda: ids(seen.read_bytes()) == ["orders-0-4"], "the last result")
    write([5])
    until(lambda: ids(seen.read_bytes()) == ["orders-0-4", "orders-0-5"], "the new result")
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 0


def test_a_topic_that_is_not_there_is_told(config):
    done = results(config)
    assert done.returncode == 1
    assert b"there is no topic" in done.stderr


def test_no_kafka_is_told_within_seconds(configure):
    path, _ = configure(kafka={"bootstrap.servers": "127.0.0.1:1"})
    done = program.command("results", "-c", path, seconds=15)
    assert done.returncode == 3
    assert b"127.0.0.1:1" in done.stderr and b"refused" in done.stderr

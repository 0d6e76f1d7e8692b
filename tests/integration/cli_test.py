"""The commands, as a person or a script uses them."""

import json
import re
import subprocess

import pytest
import yaml

from cluster import free_port
from support import program
from support.program import command
from support.signature import signature

PLACED = re.compile(r"^(?P<file>\S+):(?P<line>\d+):(?P<column>\d+): (?P<message>.+)$")

MISTAKES = """\
kafka:
  bootstrap.servers: localhost:9092
topics: { results: grapnel.results }
limits: { workers: none }
amdin: { listen: "127.0.0.1:8088" }
subscriptions:
  - orders.yaml
  - missing.yaml
"""

ORDERS = """\
subscriptions:
  - name: Orders!
    topics: [orders]
    request: { url: "http://127.0.0.1:1/{{ .tenant" }
    auth: { bearer: "${env:NOT_THERE_AT_ALL}" }
    delivery: { timout: 10s, retry: { schedule: [5 parsecs] } }
  - name: twice
    topics: [orders]
    request: { url: "http://127.0.0.1:1/" }
    filter: .a > nothing
  - name: twice
    topics: []
    request: { url: "ftp://127.0.0.1/" }
"""


def check(path, **options):
    done = command("check", "-c", path, **options)
    return done.returncode, (done.stdout + done.stderr).decode()


def test_check_finds_every_mistake_at_its_place(tmp_path):
    (tmp_path / "grapnel.yaml").write_text(MISTAKES)
    (tmp_path / "orders.yaml").write_text(ORDERS)
    code, said = check(tmp_path / "grapnel.yaml")
    assert code == 1
    places = [PLACED.match(line) for line in said.splitlines()]
    found = {(p["file"].rsplit("/", 1)[-1], int(p["line"])): p["message"] for p in places if p}

    def at(file, line, *words):
        assert (file, line) in found, said
        for word in words:
            assert word in found[file, line], said

    at("grapnel.yaml", 4, "workers")
    at("grapnel.yaml", 5, "amdin", "admin")  # and the nearest known key
    at("grapnel.yaml", 8, "missing.yaml")
    at("orders.yaml", 2, "Orders!")
    at("orders.yaml", 4)
    at("orders.yaml", 5, "NOT_THERE_AT_ALL")
    at("orders.yaml", 6)
    assert "timeout" in said and "parsecs" in said
    at("orders.yaml", 10, "filter", "nothing/0 is not defined")
    at("orders.yaml", 11, "twice")
    at("orders.yaml", 12, "topics")
    at("orders.yaml", 13, "ftp")


@pytest.mark.parametrize(
    "text, line, column",
    [("kafka: [\n", 2, 1), ("kafka: {}\n\tx: 1\n", 2, 1), ("- a\n", 1, 1), ("\x01", 1, 1), ("a: &a [*a]\n", 1, None)],
    ids=["cut", "tab", "list", "control", "alias"],
)
def test_what_is_not_yaml_has_a_place_too(tmp_path, text, line, column):
    (tmp_path / "grapnel.yaml").write_text(text)
    code, said = check(tmp_path / "grapnel.yaml")
    assert code == 1
    place = next(filter(None, map(PLACED.match, said.splitlines())))
    assert int(place["line"]) == line or column is None


def test_check_says_nothing_bad_of_a_good_file(configure, subscribe):
    path, _ = configure(subscribe("orders", "http://127.0.0.1:1/"))
    code, said = check(path)
    assert code == 0, said


def test_a_file_that_is_not_there():
    code, said = check("/nowhere/grapnel.yaml")
    assert code in (1, 3) and "/nowhere/grapnel.yaml" in said


def test_run_starts_nothing_on_a_mistake(configure, subscribe, receiver, topics, orders):
    path, _ = configure({**subscribe(orders, receiver.url()), "colour": "red"})
    topics.produce(orders, "{}")
    done = command("run", "-c", path)
    assert done.returncode == 1
    assert b"colour" in done.stderr + done.stdout
    assert receiver.requests() == []


@pytest.mark.parametrize(
    "key",
    [
        {"sign": {"style": "github", "secrets": ["x"]}},
        {"auth": {"oauth2": {"token_url": "http://127.0.0.1/", "client_id": "a", "client_secret": "b"}}},
        {"auth": {"client_certificate": {"certificate": "a", "key": "b"}}},
    ],
    ids=lambda key: json.dumps(key)[1:-1].replace('"', ""),
)
def test_what_comes_later_is_refused_not_ignored(configure, subscribe, key):
    path, _ = configure({**subscribe("orders", "http://127.0.0.1/"), **key})
    code, said = check(path)
    assert code == 1 and "not supported yet" in said, said


@pytest.mark.parametrize(
    "key",
    [
        {"registration": {"topics": ["orders"]}},
        {"egress": {"deny": ["10.0.0.0/8"]}},
    ],
    ids=lambda key: next(iter(key)),
)
def test_so_it_is_at_the_top_level(configure, subscribe, key):
    path, _ = configure(subscribe("orders", "http://127.0.0.1/"), **key)
    code, said = check(path)
    assert code == 1 and "not supported yet" in said, said


@pytest.fixture
def signed(configure, subscribe, names):
    """A configuration whose every secret is known."""
    request = {"query": {"n": "{{ .n }}"}, "headers": {"X-Key": "{{ $key }}", "X-Mark": "{{ $headers.mark }}"}}
    sign = {"style": "standard", "secrets": ["${env:SECRET}"]}

    def make(topic, url):
        one = subscribe(topic, url, request=request, auth={"bearer": "${env:TOKEN}"}, sign=sign, events=["sale"])
        return configure(one, {**one, "name": f"{names.subscription}-b", "events": ["refund"]})[0]

    return make


ENV = {"SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "TOKEN": "tok-0123456789"}
SALE = b'{"type":"sale","n":41.10}'


def test_render_shows_the_request_and_sends_nothing(signed, receiver, names):
    path = signed("orders", receiver.url("/hook"))
    done = command("render", "-c", path, "--key", "k-1", "--header", "mark: m", stdin=SALE, env=ENV)
    said = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert f"{names.subscription}-b" in said  # and why it isn't for that one
    assert "POST" in said and receiver.url("/hook?n=41.10") in said or "/hook?n=41.10" in said
    assert "X-Key: k-1" in said and "X-Mark: m" in said
    assert "webhook-id: orders-0-0" in said
    assert SALE.decode() in said
    assert ENV["TOKEN"] not in said
    assert receiver.requests() == []


def test_render_shows_secrets_when_told_to(signed, receiver, names):
    path = signed("orders", receiver.url("/hook"))
    asked = ["render", "-c", path, "-s", names.subscription, "--key", "k", "--header", "mark:m"]
    said = command(*asked, "--show-secrets", stdin=SALE, env=ENV).stdout.decode()
    headers = dict(re.findall(r"(?im)^\s*([a-z-]+): (.*?)\s*$", said))
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["authorization"] == "Bearer tok-0123456789"
    expected = signature(ENV["SECRET"], headers["webhook-id"], headers["webhook-timestamp"], SALE)
    assert headers["webhook-signature"] == expected


def test_render_of_what_cannot_be_rendered(signed, receiver, names):
    path = signed("orders", receiver.url("/hook"))
    asked = ["render", "-c", path, "-s", names.subscription]
    done = command(*asked, stdin=b'{"type":"sale"}', env=ENV)
    assert done.returncode == 1 and b".n" in done.stdout + done.stderr
    done = command(*asked, stdin=b"no json", env=ENV)
    assert done.returncode == 1
    done = command("render", "-c", path, "-s", "nobody", stdin=SALE, env=ENV)
    assert done.returncode == 1 and b"nobody" in done.stderr


def test_send_sends_once_and_shows_the_exchange(signed, receiver, names):
    path = signed("orders", receiver.url("/hook"))
    asked = ["send", "-c", path, "-s", names.subscription, "--key", "k", "--header", "mark:m"]
    done = command(*asked, stdin=SALE, env=ENV)
    assert done.returncode == 0, done.stderr
    [request] = receiver.requests("/hook")
    assert (request.body, request.query) == (SALE, "n=41.10")
    assert request.header("authorization") == "Bearer tok-0123456789"
    assert re.search(rb"\n200, after [0-9.]+ ms\n([A-Za-z-]+: .+\n)+\n", done.stdout), "with the headers of the answer"
    assert b"200" in done.stdout and ENV["TOKEN"].encode() not in done.stdout


def test_send_where_nobody_listens(signed, names):
    path = signed("orders", f"http://127.0.0.1:{free_port()}/")
    asked = ["send", "-c", path, "-s", names.subscription, "--key", "k", "--header", "mark:m"]
    assert command(*asked, stdin=SALE, env=ENV).returncode == 3


def test_results_are_listed(topics, orders, names, receiver, subscribe, grapnel, results):
    running = grapnel(subscribe(orders, receiver.url("/hook")))
    topics.produce(orders, '{"a":1}', '{"a":2}')
    rows = results(2)
    table = command("results", "-c", running.path)
    assert table.returncode == 0, table.stderr
    for row in rows:
        assert row["id"] in table.stdout.decode() or names.subscription in table.stdout.decode()
    lines = command("results", "-c", running.path, "--output", "json").stdout.decode().splitlines()
    assert sorted((json.loads(line)["id"] for line in lines)) == sorted(r["id"] for r in rows)
    none = command("results", "-c", running.path, "--subscription", "another", "--output", "json")
    assert (none.returncode, none.stdout) == (0, b"")
    assert b'there is no subscription "another" in the configuration' in none.stderr
    last = command("results", "-c", running.path, "--limit", "1", "--output", "json")
    assert len(last.stdout.splitlines()) == 1


def test_results_are_followed(topics, orders, receiver, subscribe, grapnel, results):
    running = grapnel(subscribe(orders, receiver.url("/hook")))
    topics.produce(orders, '{"a":1}')
    results(1)
    follower = subprocess.Popen(
        [program.BINARY, "results", "--follow", "-c", str(running.path), "--output", "json"],
        stdout=subprocess.PIPE,
    )
    try:
        assert json.loads(follower.stdout.readline())["offset"] == 0
        topics.produce(orders, '{"a":2}')
        assert json.loads(follower.stdout.readline())["offset"] == 1
    finally:
        follower.terminate()
        assert follower.wait(10) == 0


def test_results_without_kafka(configure, subscribe):
    path, _ = configure(
        subscribe("orders", "http://127.0.0.1:1/"), kafka={"bootstrap.servers": f"127.0.0.1:{free_port()}"}
    )
    assert command("results", "-c", path, seconds=60).returncode == 3


def test_version_and_help():
    version = command("version")
    assert version.returncode == 0
    assert re.match(rb"grapnel \d+\.\d+\.\d+", version.stdout)
    for library in (b"librdkafka", b"libcurl", b"libmicrohttpd", b"libyaml", b"jansson", b"zlib", b"Oniguruma", b"libseccomp", b"OpenSSL"):
        assert re.search(library + rb" \d+\.\d+", version.stdout), library
    assert re.search(rb"libavro\.so\.\d+.*libjq\.so\.\d+", version.stdout)
    whole = command("help")
    assert whole.returncode == 0
    for name in ("run", "check", "render", "send", "results", "demo", "version"):
        assert re.search(rf"\b{name}\b", whole.stdout.decode())
        one = command("help", name)
        assert one.returncode == 0 and one.stdout
        assert command(name, "--help").stdout == one.stdout


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run", "--wings"], ["check", "-c"], ["version", "extra"]])
def test_a_wrong_command_line(arguments):
    done = command(*arguments)
    assert done.returncode == 2 and done.stderr


def test_a_default_is_merged_under_each(configure, subscribe, names, receiver):
    path, _ = configure(
        {**subscribe("orders", receiver.url("/hook")), "request": {"url": receiver.url("/hook"), "headers": {"B": "2"}}},
        defaults={"request": {"headers": {"A": "1", "B": "1"}}, "delivery": {"timeout": "3s"}},
    )
    assert yaml.safe_load(path.read_text())["defaults"]
    said = command("render", "-c", path, stdin=b"{}").stdout.decode()
    assert "A: 1" in said and "B: 2" in said and "B: 1" not in said

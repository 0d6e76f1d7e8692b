"""A receiver that repeats all it got: no secret of the configuration is seen anywhere but there."""

import base64
import json
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest

from support.program import command
from support.receiver import Reply

SECRETS = {
    "PATH_KEY": "path-key-1a2b",
    "QUERY_KEY": 'q"ry &/key 3c4d',
    "HEADER_KEY": "header-key-5e6f",
    "BODY_KEY": 'b"dy/<key>&\\7a8b',
    "TOKEN": "token-9c0d",
    "API_KEY": "api&key=1e 2f",
    "USER": "user-2e3f",
    "PASSWORD": "pass/wörd-3a4b",
    "SIGNING": "whsec_" + base64.b64encode(b"a signing key of 32 bytes, no ?>").decode(),
    "HOOK_PATH": "services/T0/hook-key-5c6d7e8f",
    "HOOK_SIGNATURE": "sig-key/9a0b",
}
HOOK = "/services/T0/hook-key-5c6d7e8f?sig=sig-key%2F9a0b"
SALE = b'{"type":"sale","n":1}'


def forms(value):
    """What a receiver may say of a value."""
    basic = base64.b64encode(f"{SECRETS['USER']}:{value}".encode()).decode()
    in_json = json.dumps(value, ensure_ascii=False)[1:-1]
    in_url = {quote(value, safe=""), quote_plus(value)}
    in_xml = {escape(value), escape(value, {'"': "&quot;"})}
    return {value, value.removeprefix("whsec_"), basic, in_json, in_json.replace("/", "\\/"), *in_url, *in_xml}


def repeat(request):
    """As it came, and in JSON; the first KiB holds it."""
    headers = "\n".join(f"{name}: {value}" for name, value in request.headers)
    body = request.body.decode()
    as_json = json.dumps([request.target, body, request.header("x-key")])
    text = f"{request.method} {request.target}\n{body}\n{headers}\n{as_json}\n" + as_json.replace("/", "\\/")
    return Reply(500, {"Retry-After": request.header("x-key") or "5"}, text.encode())


def assert_no_secret(where, text):
    for name, value in SECRETS.items():
        for form in forms(value):
            assert form not in text, f"{name} in the {where}: {text}"


@pytest.fixture
def listed(orders, receiver, names):
    """Subscriptions with a secret in each place that takes one."""
    request = {
        "url": receiver.url("/e/${env:PATH_KEY}/1"),
        "query": {"k": "${env:QUERY_KEY}", "n": "{{ .n }}"},
        "headers": {"X-Key": "Key ${env:HEADER_KEY}"},
    }
    text = "${env:BODY_KEY}"
    bearer = {"bearer": "${env:TOKEN}", "api_key": {"query": "Key", "value": "${env:API_KEY}"}}
    basic = {"basic": {"username": "${env:USER}", "password": "${env:PASSWORD}"}}
    unresolved = {"url": "http://${env:TOKEN}.invalid/${env:PATH_KEY}"}
    keys = {
        "json": {"request": {**request, "body": {"json": {"s": text}}}, "auth": bearer},
        "form": {"request": {**request, "body": {"form": {"s": text}}}, "auth": basic},
        "text": {"request": {**request, "body": {"text": text + " ${env:SIGNING}"}}},
        "xml": {"request": {**request, "body": {"xml": {"r": {"@s": text, "#text": text}}}}},
        "event": {"request": {**request, "body": {"cloudevents": {"mode": "binary", "subject": text}}}},
        "hook": {"request": {"url": "${env:HOOK}"}},
        "host": {"request": unresolved},
    }
    sign = {"style": "standard", "secrets": ["${env:SIGNING}"]}
    common = {"topics": [orders], "start": "earliest", "sign": sign, "delivery": {"retry": {"schedule": []}}}
    return [{"name": f"{names.subscription}-{name}", **common, **more} for name, more in keys.items()]


@pytest.fixture
def env(receiver):
    for path in ("/e/path-key-1a2b/1", HOOK.split("?")[0]):
        receiver.script(path, repeat)
    return {**SECRETS, "HOOK": receiver.url(HOOK)}


@pytest.mark.parametrize("level", ["info", "debug"])
def test_a_run_shows_none(level, topics, orders, receiver, listed, env, grapnel, results, dead_letters):
    running = grapnel(*listed, env=env, log={"level": level})
    topics.produce(orders, SALE)
    rows = {row["subscription"].rsplit("-", 1)[1]: row for row in results(len(listed))}
    letters = dead_letters(len(listed))
    seen = {
        "results": json.dumps(list(rows.values()), ensure_ascii=False),
        "responses": "\n".join(row["response"] or "" for row in rows.values()),
        "dead letters": str([letter.headers() for letter in letters]),
        "metrics": running.get("/metrics")[1].decode(),
        "readiness": running.get("/readyz")[1].decode(),
        "command's results": command("results", "-c", running.path, env=env).stdout.decode(),
        "log": running.log(),
    }
    for where, text in seen.items():
        assert_no_secret(where, text)
    assert {row["status"] for name, row in rows.items() if name != "host"} == {500}
    hidden = "*" * len(quote(SECRETS["QUERY_KEY"], safe=""))
    assert rows["json"]["url"] == receiver.url(f"/e/{'*' * 13}/1?k={hidden}&n=1")
    assert rows["hook"]["url"] == receiver.url(f"/{'*' * 29}?sig={'*' * 14}")
    assert rows["host"]["url"] == f"http://{'*' * 10}.invalid/{'*' * 13}"
    assert "*.invalid" in rows["host"]["error"]
    assert f'{{"s":"{"*" * 18}"}}' in rows["json"]["response"]


def test_render_and_send_show_none_unless_told_to(receiver, listed, env, configure):
    path, _ = configure(*listed)
    asked = [["render", "-c", path]] + [["send", "-c", path, "-s", one["name"]] for one in listed]
    for args in asked:
        done = command(*args, stdin=SALE, env=env)
        assert_no_secret(f"{args[0]}'s output", (done.stdout + done.stderr).decode())
    done = command(*asked[0], "--show-secrets", stdin=SALE, env=env)
    for name in ("PATH_KEY", "HEADER_KEY", "TOKEN", "HOOK_PATH", "BODY_KEY"):
        assert SECRETS[name] in done.stdout.decode()
    assert len(receiver.requests()) == len(listed) - 1

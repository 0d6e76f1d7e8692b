"""Every recipe of deploy/examples/cookbook, run as it stands but for where it is sent: what arrives is
compared whole."""

import base64
import re

import pytest
import yaml

from support import program
from support.signature import verify

COOKBOOK = program.ROOT / "deploy" / "examples" / "cookbook"
SECRETS = {
    "DASHBOARD_KEY": "dk 4711",
    "ORDERS_TOKEN": "ot-4711",
    "FASTLY_KEY": "fk-4711",
    "TRIGGER_TOKEN": "tt&4711",
    "WEBHOOK_ID": "wh-4711",
    "TWILIO_ACCOUNT": "AC4711",
    "TWILIO_TOKEN": "tw-4711",
    "ERP_PASSWORD": "ep-4711",
    "BROKER_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
SLACK_PATH = "/services/T0/B0/sk4711"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


FORM = "application/x-www-form-urlencoded"
PUBLISHED_MS = 1795450933000

# Recipe: the event (as its comment has it), and the method, target, headers and body that arrive.
RECIPES = {
    "sale-to-dashboard": (
        "GET",
        "/sale?Amount=%2441.10&Invoice=INV-1042&Source=kafka&Key=dk%204711",
        {},
        b"",
    ),
    "payment-to-order": (
        "POST",
        "/orders/O-7/events",
        {"authorization": "Bearer ot-4711", "content-type": "application/json"},
        b'{"event":{"id":12345678901234567890,"value":41.10},"date":"2026-11-23T15:04:05Z"}',
    ),
    "news-to-cdn": (
        "POST",
        "/service/SU1Z0isxPaozGVKXdv0eY/purge/article-grapnel%201.0%2Fout%20now",
        {"fastly-soft-purge": "1", "accept": "application/json", "fastly-key": "fk-4711"},
        b"",
    ),
    "push-to-ci": (
        "POST",
        "/api/v4/projects/group%2Fshop/trigger/pipeline",
        {"content-type": FORM},
        b"token=tt%264711&ref=main&variables%5BCOMMIT%5D=4bf92f35&variables%5BAUTHOR%5D=nobody",
    ),
    "thermostat-to-home": (
        "PUT",
        "/api/webhook/wh-4711",
        {"content-type": FORM},
        b"room=living-room&celsius=20.5&at=1795450933000",
    ),
    "order-to-slack": (
        "POST",
        SLACK_PATH,
        {"content-type": "application/json"},
        '{"text":"New order O-7: 41.10 EUR, Zoë"}'.encode(),
    ),
    "order-to-sms": (
        "POST",
        "/2010-04-01/Accounts/AC4711/Messages.json",
        {"content-type": FORM, "authorization": basic("AC4711", "tw-4711")},
        b"To=%2B34600000001&From=%2B15005550006&Body=Your+order+O-7+is+on+its+way.",
    ),
    "invoice-to-erp": (
        "POST",
        "/import/invoices",
        {"content-type": "application/xml", "authorization": basic("grapnel", "ep-4711")},
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Invoice xmlns="urn:example:invoice:1" number="2026-17">'
        b'<Buyer id="7"><name>A &amp; B</name></Buyer>'
        b"<Line><sku>A-1</sku><quantity>2</quantity><price>10.05</price></Line>"
        b'<Remark lang="en">from topic TOPIC</Remark></Invoice>',
    ),
    "order-to-broker": (
        "POST",
        "/default",
        {
            "content-type": "application/json",
            "x-tenant": "t-1",
            "ce-specversion": "1.0",
            "ce-id": "ID",
            "ce-source": "/shops/eu",
            "ce-type": "com.example.order.created",
            "ce-subject": "O-7",
            "ce-time": "2026-11-23T16:22:13.000Z",
        },
        b'{"type":"order.created","id":"O-7","shop":"eu"}',
    ),
}


def sample(name):
    """(key, value) of the event in the recipe's own comment."""
    text = (COOKBOOK / f"{name}.yaml").read_text()
    line = re.search(r"^# (?:key (\S+); )?(\{.*\})$", text, re.M)
    return line[1], line[2]


def test_every_recipe_is_tested_and_listed():
    recipes = {path.stem for path in COOKBOOK.glob("*.yaml")}
    assert recipes == set(RECIPES)
    readme = (program.ROOT / "README.md").read_text()
    for name in recipes:
        assert f"(deploy/examples/cookbook/{name}.yaml)" in readme, name


def test_check_takes_them_as_they_stand(tmp_path):
    path = tmp_path / "grapnel.yaml"
    path.write_text(f"kafka: {{ bootstrap.servers: localhost }}\nsubscriptions: ['{COOKBOOK}/*.yaml']\n")
    env = {**SECRETS, "SLACK_URL": f"https://hooks.slack.com{SLACK_PATH}"}
    done = program.command("check", "-c", path, env=env)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_push_to_another_branch_starts_nothing(tmp_path):
    path = tmp_path / "grapnel.yaml"
    path.write_text(f"kafka: {{ bootstrap.servers: localhost }}\nsubscriptions: ['{COOKBOOK}/push-to-ci.yaml']\n")
    value = sample("push-to-ci")[1].replace("main", "topic/a")
    done = program.command("render", "-c", path, env=SECRETS, stdin=value.encode())
    assert done.returncode == 0
    assert b'filter: .ref == "main" is false' in done.stdout


@pytest.mark.parametrize("name", RECIPES)
def test_what_arrives(name, topics, orders, receiver, names, grapnel, results):
    method, target, headers, body = RECIPES[name]
    [recipe] = yaml.safe_load((COOKBOOK / f"{name}.yaml").read_text())["subscriptions"]
    assert recipe["name"] == name
    request = recipe["request"]
    request["url"] = re.sub(r"^https?://[^/]+", receiver.url(""), request["url"])
    recipe.update(name=names.subscription, topics=[orders], start="earliest")
    grapnel(recipe, env={**SECRETS, "SLACK_URL": receiver.url(SLACK_PATH)})
    key, value = sample(name)
    topics.produce(orders, value, key=key, headers=[("x-tenant", b"t-1")], timestamp_ms=PUBLISHED_MS)
    [came] = receiver.wait(1, target.split("?")[0])
    id = f"{orders}-0-0"
    usual = {"accept": "*/*", "user-agent": came.header("user-agent"), "webhook-id": id}
    expected = {**usual, **{name: text.replace("ID", id) for name, text in headers.items()}}
    sent = {name.lower(): text for name, text in came.headers}
    for framing in ("host", "content-length", "webhook-timestamp", "webhook-signature"):
        sent.pop(framing, None)
    assert (came.method, came.target) == (method, target)
    assert came.body == body.replace(b"TOPIC", orders.encode())
    assert sent == expected
    if "sign" in recipe:
        assert verify(came, SECRETS["BROKER_SECRET"])
    [result] = results(1)
    assert result["outcome"] == "delivered"
    assert "4711" not in str(result)

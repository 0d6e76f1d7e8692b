"""What proves who we are; and that it is seen by the receiver alone."""

import base64
import json

SECRETS = {"USER": "shop", "PASSWORD": "p:ss wörd-91c2", "TOKEN": "tok-77aa88bb", "KEY": "key-11cc22dd"}


def arrive(topics, orders, receiver):
    topics.produce(orders, '{"a":1}')
    return receiver.wait(1)[0]


def test_bearer(topics, orders, receiver, subscribe, grapnel):
    grapnel(subscribe(orders, receiver.url(), auth={"bearer": "${env:TOKEN}"}), env=SECRETS)
    assert arrive(topics, orders, receiver).header("authorization") == "Bearer tok-77aa88bb"


def test_basic(topics, orders, receiver, subscribe, grapnel):
    basic = {"username": "${env:USER}", "password": "${env:PASSWORD}"}
    grapnel(subscribe(orders, receiver.url(), auth={"basic": basic}), env=SECRETS)
    given = arrive(topics, orders, receiver).header("authorization")
    assert given == "Basic " + base64.b64encode("shop:p:ss wörd-91c2".encode()).decode()


def test_an_api_key_in_a_header(topics, orders, receiver, subscribe, grapnel):
    api_key = {"header": "X-Api-Key", "value": "${env:KEY}"}
    grapnel(subscribe(orders, receiver.url(), auth={"api_key": api_key}), env=SECRETS)
    assert arrive(topics, orders, receiver).header("x-api-key") == "key-11cc22dd"


def test_an_api_key_from_a_file_beside_a_bearer_token(topics, orders, receiver, subscribe, grapnel, tmp_path):
    (tmp_path / "key").write_text("key of a file&\n")
    auth = {"bearer": "${env:TOKEN}", "api_key": {"query": "key", "value": f"${{file:{tmp_path}/key}}"}}
    grapnel(subscribe(orders, receiver.url("/hook"), auth=auth), env=SECRETS)
    came = arrive(topics, orders, receiver)
    assert came.header("authorization") == "Bearer tok-77aa88bb"
    assert came.target == "/hook?key=key%20of%20a%20file%26"


def test_no_secret_is_seen_elsewhere(topics, orders, names, receiver, subscribe, grapnel, results, dead_letters):
    auth = {"basic": {"username": "u", "password": "${env:PASSWORD}"}, "api_key": {"query": "k", "value": "${env:KEY}"}}
    sign = {"style": "standard", "secrets": ["${env:SECRET}"]}
    secret = base64.b64encode(b"thirty-two bytes of a secret-key").decode()
    running = grapnel(
        subscribe(orders, "http://127.0.0.1:1/hook", auth=auth, sign=sign, delivery={"retry": {"schedule": ["10ms"]}}),
        env={**SECRETS, "SECRET": f"whsec_{secret}"},
        log={"level": "debug"},
    )
    topics.produce(orders, '{"a":1}')
    [result], [letter] = results(1), dead_letters(1)
    basic = base64.b64encode("u:p:ss wörd-91c2".encode()).decode()
    seen = {
        "result": json.dumps(result, ensure_ascii=False),
        "dead letter": str(letter.headers()),
        "metrics": running.get("/metrics")[1].decode(),
        "log": running.log(),
    }
    for where, text in seen.items():
        for one in ("p:ss wörd-91c2", "key-11cc22dd", secret, basic):
            assert one not in text, f"a secret in the {where}"

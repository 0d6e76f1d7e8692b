"""The classic case: a storefront's sale reported by GET, all of it in the query."""

from urllib.parse import parse_qsl

SALE = '{"type":"sale","data":{"amount":1041.10,"invoice":"INV-2024/0042 & co","buyer":{"name":"Zoë"}}}'
KEY = "k3y-of-the-shop"


def test_a_sale_is_reported_by_get(topics, orders, receiver, subscribe, grapnel, results):
    request = {
        "method": "GET",
        "url": receiver.url("/hook"),
        "query": {"Amount": "${{ .data.amount }}", "Invoice": "{{ .data.invoice }}", "Key": "${env:SHOP_KEY}"},
    }
    grapnel(subscribe(orders, "", request=request), env={"SHOP_KEY": KEY})
    topics.produce(orders, SALE)
    [came] = receiver.wait(1, "/hook")
    assert (came.method, came.body) == ("GET", b"")
    assert came.header("content-type") is None
    assert came.header("content-length") in (None, "0")
    assert came.query == f"Amount=%241041.10&Invoice=INV-2024%2F0042%20%26%20co&Key={KEY}"
    assert parse_qsl(came.query) == [("Amount", "$1041.10"), ("Invoice", "INV-2024/0042 & co"), ("Key", KEY)]
    [result] = results(1)
    assert (result["method"], result["outcome"]) == ("GET", "delivered")
    assert KEY not in result["url"]


def test_the_query_joins_what_the_url_has(topics, orders, receiver, subscribe, grapnel):
    request = {"method": "GET", "url": receiver.url("/hook?fixed=1"), "query": {"who": "{{ .data.buyer.name }}"}}
    grapnel(subscribe(orders, "", request=request, auth={"api_key": {"query": "Key", "value": KEY}}))
    topics.produce(orders, SALE)
    [came] = receiver.wait(1, "/hook")
    assert came.query == f"fixed=1&who=Zo%C3%AB&Key={KEY}"

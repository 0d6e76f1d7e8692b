"""Events with a number and a key, and the order in which they come."""

import json


def event(n, key):
    return json.dumps({"n": n, "key": key})


def publish(topics, topic, numbers, keys):
    """Numbers in order, each with one of the keys in turn."""
    for n in numbers:
        key = keys[n % len(keys)]
        topics.produce(topic, event(n, key), key=key.encode())


def by_key(requests):
    """The numbers that came of each key, in the order they came."""
    found = {}
    for request in requests:
        body = json.loads(request.body)
        found.setdefault(body["key"], []).append(body["n"])
    return found


def assert_in_order(requests):
    """Of each key every number that comes for the first time is higher than all before."""
    for key, numbers in by_key(requests).items():
        firsts = list(dict.fromkeys(numbers))
        assert firsts == sorted(firsts), f"{key}: {numbers}"

"""Events with a number and a key, and the order in which they come."""

import json


def event(n, key):
    return json.dumps({"n": n, "key": key})


def publish(topics, topic, numbers, keys):
    """Numbers in order, each with one of the keys in turn, and all at once."""
    placed = [(n, keys[n % len(keys)]) for n in numbers]
    topics.produce(topic, *[event(n, key) for n, key in placed], keys=[key.encode() for _, key in placed])


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

"""Topics named by a regular expression."""

QUICK = {"topic.metadata.refresh.interval.ms": 300}


def test_a_pattern_takes_all_that_match_and_those_that_come_later(
    topics, unique, names, receiver, subscribe, grapnel
):
    first, second = (topics.create(f"pay-{unique}.{name}") for name in ("a", "b"))
    other = topics.create(f"xpay-{unique}.c")
    pattern = rf"^pay-{unique}\..*"
    grapnel({**subscribe(pattern, receiver.url()), "start": "latest"}, kafka=QUICK)
    topics.produce(first, '"a"')
    topics.produce(second, '"b"')
    topics.produce(other, '"c"')
    receiver.wait(2)
    later = topics.create(f"pay-{unique}.later", partitions=2)
    topics.produce(later, '"later 0"', partition=0)
    topics.produce(later, '"later 1"', partition=1)
    came = sorted(r.body.decode() for r in receiver.wait(4))
    assert came == ['"a"', '"b"', '"later 0"', '"later 1"']
    for topic in (first, second, later):
        topics.wait_committed(names.group, topic)


def test_names_and_patterns_stand_together(topics, unique, receiver, subscribe, grapnel):
    plain = topics.create(f"plain-{unique}")
    matched = topics.create(f"some-{unique}-topic")
    grapnel(subscribe([plain, f"^some-{unique}.*"], receiver.url()))
    topics.produce(plain, '"plain"')
    topics.produce(matched, '"matched"')
    assert sorted(r.body for r in receiver.wait(2)) == [b'"matched"', b'"plain"']

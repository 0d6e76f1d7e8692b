"""Brokers restart, die, and are all gone: nothing is taken that could not be finished, and it goes on by itself."""

import time

from support.wait import until

RECORDS = 60_000
SECONDS = 120
GONE_SECONDS = 150
QUICK = {"reconnect.backoff.max.ms": 1000}


def test_each_broker_restarts_and_dies_in_turn(flood, chance, brokers, kafka, topics, grapnel):
    run = flood(RECORDS, SECONDS)
    running = grapnel(*run.subscriptions, kafka=QUICK)
    for end in ("stop", "kill"):
        for broker in chance.sample(brokers, len(brokers)):
            run.go_on(500)
            print(f"{end} broker {broker.node}")
            begun, before = time.monotonic(), lost(running)
            getattr(broker, end)()
            time.sleep(chance.uniform(0.5, 5))
            broker.start()
            kafka.wait_ready()
            topics.wait_in_sync()
            if lost(running) > before:  # a group whose coordinator is dead for a session is another then
                run.may_repeat(since=begun)
    run.prove(running.path)


def test_the_coordinator_dies_while_an_instance_joins(flood, chance, brokers, kafka, topics, instances):
    """A commit that fails then must not have all sent again."""
    run = flood(RECORDS // 2, SECONDS // 2)
    first, second = instances(2, *run.subscriptions, kafka=QUICK | {"session.timeout.ms": 10_000})
    first.start()
    for end in ("kill", "stop"):
        run.go_on(1000)
        coordinator = brokers[topics.coordinator(run.streams[0].group) - 1]
        second.start(ready=False)
        time.sleep(chance.uniform(0, 1))
        began = time.monotonic()
        getattr(coordinator, end)()
        time.sleep(chance.uniform(1, 5))
        coordinator.start()
        kafka.wait_ready()
        second.wait_ready(60)
        run.may_repeat(since=began, instances=2)
        assert second.stop(60) == 0
    run.prove(first.path)


def test_two_of_three_are_killed(flood, brokers, kafka, grapnel):
    """What is written is on two disks; what is on one alone does not count as written."""
    run = flood(20_000, 20)
    running = grapnel(*run.subscriptions, kafka=QUICK)
    run.go_on(2000)
    killed = time.monotonic()
    for broker in brokers[:2]:
        broker.kill()
    until(lambda: running.get("/readyz")[0] == 503, "/readyz to say no", 60)
    standing_still(running, run)
    run.may_repeat(since=killed)
    kafka.start()
    running.wait_ready(60)
    run.prove(running.path)


def test_all_brokers_are_gone_for_minutes(flood, brokers, kafka, grapnel):
    run = flood(20_000, 20)
    running = grapnel(*run.subscriptions, kafka=QUICK)
    run.go_on(5000)
    killed = time.monotonic()
    for broker in brokers:
        broker.kill()
    until(lambda: running.get("/readyz")[0] == 503, "/readyz to say no", 30)
    assert b"Kafka can't be reached" in running.get("/readyz")[1]
    before = standing_still(running, run)
    run.may_repeat(since=killed)
    rss, log_bytes = running.peak_rss_bytes(), len(running.log())
    time.sleep(GONE_SECONDS)
    assert standing_still(running, run) == before
    assert running.get("/readyz")[0] == 503
    assert running.get("/healthz")[0] == 200
    assert running.peak_rss_bytes() < rss + (8 << 20)
    said = running.log()[log_bytes:]
    assert "Kafka" in said and said.count("\n") < GONE_SECONDS, said[-4000:]
    kafka.start()
    running.wait_ready(60)
    run.prove(running.path)


def lost(running):
    return running.metric("grapnel_lost_partitions_total")


def standing_still(running, run):
    """What is taken, committed and sent, once that stays the same for two seconds."""

    def figures():
        commits = running.metric("grapnel_commits_total", result="ok")
        return running.metric("grapnel_records_total"), commits, [s.receiver.stats()["requests"] for s in run.streams]

    def same():
        before = figures()
        time.sleep(2)
        return before if figures() == before else None

    return until(same, lambda: f"{figures()} to stand still", 60)

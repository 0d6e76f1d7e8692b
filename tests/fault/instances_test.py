"""Instances join, leave and die, up to three at once."""

import time

from support.wait import until

RECORDS = 60_000
SECONDS = 80
SESSION_SECONDS = 3
QUICK = {"session.timeout.ms": SESSION_SECONDS * 1000, "heartbeat.interval.ms": 500}


def test_two_and_three_instances_join_leave_and_die(flood, chance, instances):
    run = flood(RECORDS, SECONDS)
    down = instances(3, *run.subscriptions, kafka=QUICK)
    up = [down.pop().start(ready=False), down.pop().start(ready=False)]
    todo = ["join"] * 11 + ["leave"] * 4 + ["die"] * 7  # so that there are two again at the end
    begun = time.monotonic()
    while todo:
        time.sleep(chance.uniform(0, 2 * SECONDS / 22))
        what = chance.choice([w for w in todo if (down if w == "join" else len(up) > 1)])
        todo.remove(what)
        if what == "join":
            up.append(down.pop(chance.randrange(len(down))).start(ready=False))
        else:
            down.append(up.pop(chance.randrange(len(up))))
            end(run, down[-1], what)
        print(f"{time.monotonic() - begun:.1f} s: {what}, {len(up)} are up")
    for one in down:
        one.start(ready=False)
    run.prove(down[0].path)


def end(run, instance, what):
    instance.alive()
    if what == "leave":
        until(lambda: instance.get("/healthz")[0] == 200, "a start that a signal does not cut short")
        assert instance.stop(60) == 0, instance.log()[-4000:]
        return
    instance.kill()
    # While a group waits for who has died, nobody commits: who dies then has not for longer.
    run.may_repeat(since=time.monotonic() - SESSION_SECONDS)

"""What every part measures with: a Kafka, and grapnel as it comes."""

import contextlib
import os
import pathlib

from support import program
from support.topics import Topics

PARTITIONS = 12
RECORDS = 300_000
IN_FLIGHT = 256
STEADY_RATE = 2_000


def subscription(name, topic, url, start, **more):
    return {
        "name": name,
        "topics": [topic],
        "start": start,
        "request": {"url": url},
        "delivery": {"in_flight": IN_FLIGHT},
        **more,
    }


class Bench:
    def __init__(self, kafka, directory):
        self.bootstrap = kafka.bootstrap
        self.topics = Topics(kafka.bootstrap)
        self.directory = directory

    @contextlib.contextmanager
    def grapnel(self, name, *subscriptions, ready=True, **more):
        """The program with two workers, every result written; nothing of what others have left behind
        in Kafka reaches it. A backlog is measured from the first arrival, so it need not be ready."""
        port = program.admin_port()
        config = {
            "kafka": {"bootstrap.servers": self.bootstrap},
            "topics": {
                "results": f"{name}.results",
                "dead_letters": f"{name}.dead-letters",
                "retries": f"{name}.retry",
            },
            "limits": {"workers": 2},
            "admin": {"listen": f"127.0.0.1:{port}"},
            **more,
        }
        path = program.write_files(self.directory / name, config, list(subscriptions))
        running = program.Grapnel(path, port)
        running.start(ready)
        try:
            yield running
        finally:
            running.finish()


def cpu_seconds(running):
    fields = pathlib.Path(f"/proc/{running.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_rss_mib(running):
    return running.peak_rss_bytes() / (1 << 20)


def rate(stats):
    """New ids a second, from the first to the last."""
    return stats["distinct"] * 1e6 / (stats["last_us"] - stats["first_us"])

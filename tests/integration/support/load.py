"""The bench's own receiver and load, for tests with many records: they count in C."""

import contextlib
import json
import pathlib
import subprocess
import urllib.request

from cluster import free_port

from . import program


def tool(name, *args):
    """A command line of build/…/tests/bench-NAME, beside the binary under test."""
    return [str(pathlib.Path(program.BINARY).parent / "tests" / f"bench-{name}"), *map(str, args)]


def publish(bootstrap, topic, partitions, count, rate=0, types=0, size=1024, keys=0):
    """JSON records of 1 KiB, evenly over the partitions; at once, or `rate` a second. With `types`,
    those are type-0, type-1, … in turn; with none or so many keys."""
    with publishing(bootstrap, topic, partitions, count, rate, types, size, keys):
        pass


@contextlib.contextmanager
def publishing(bootstrap, topic, partitions, count, rate=0, types=0, size=1024, keys=0):
    """The same beside what the block does; at its end all are stored."""
    process = subprocess.Popen(tool("load", bootstrap, topic, partitions, count, rate, types, size, keys))
    try:
        yield
        assert process.wait() == 0, "bench-load has failed"
    finally:
        process.kill()
        process.wait()


class FastReceiver:
    """`with FastReceiver() as receiver`: answers 200 to everything, and counts distinct webhook-ids."""

    def __init__(self, delay_ms=0):
        self.delay_ms = delay_ms
        self.port = free_port()
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(
            tool("receiver", self.port, self.delay_ms), stdout=subprocess.PIPE
        )
        assert self._process.stdout.readline() == b"listening\n", "bench-receiver did not start"
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def stats(self):
        return json.loads(self._get("/stats"))

    def distinct(self):
        return self.stats()["distinct"]

    def forget(self):
        self._get("/reset")

    def _get(self, path):
        with urllib.request.urlopen(self.url(path), timeout=30) as answer:
            return answer.read()

"""Toxiproxy: ways to a server that are slow, cut, closed by halves, or end in silence.

    with Toxiproxy() as toxiproxy:
        way = toxiproxy.lead("hook", port)
        ... way.url("/hook") ...
        with way.poisoned(chance): ...
"""

import contextlib
import json
import pathlib
import subprocess
import urllib.error
import urllib.request

from cluster import free_port
from support.wait import until

FETCH = pathlib.Path(__file__).resolve().parents[1] / "toxiproxy" / "fetch"

# Each with what may be asked of it; the number is chance's, from 0 to 1.
TOXICS = {
    "late": lambda x: ("latency", {"latency": int(200 + 1500 * x), "jitter": 200}),
    "silent": lambda x: ("timeout", {"timeout": 0}),  # nothing comes, nothing ends
    "reset": lambda x: ("reset_peer", {"timeout": int(100 * x)}),  # RST
    "cut": lambda x: ("limit_data", {"bytes": int(2000 * x)}),  # so much, and then the end
    "half-closed": lambda x: ("slow_close", {"delay": int(3000 * x)}),
    "trickle": lambda x: ("bandwidth", {"rate": 1}),  # KB a second
    "slices": lambda x: ("slicer", {"average_size": 2, "size_variation": 1, "delay": 20_000}),  # µs
}


class Toxiproxy:
    def __enter__(self):
        server = subprocess.run([str(FETCH)], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self.port = free_port()
        command = [server, "-host", "127.0.0.1", "-port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, "toxiproxy")
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()

    def lead(self, name, port, listen=None):
        """A way to 127.0.0.1:port."""
        listen = listen or free_port()
        self.ask("POST", "/proxies", name=name, listen=f"127.0.0.1:{listen}", upstream=f"127.0.0.1:{port}")
        return Way(self, name, listen)

    def ask(self, method, path, **body):
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()

    def _answers(self):
        try:
            return self.ask("GET", "/version")
        except (urllib.error.URLError, ConnectionError):
            return None


class Way:
    def __init__(self, toxiproxy, name, port):
        self.port = port
        self._ask = toxiproxy.ask
        self._path = f"/proxies/{name}"

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def switch(self, open_):
        """Shut: who is connected is cut off, who comes is refused."""
        self._ask("POST", self._path, enabled=open_)

    @contextlib.contextmanager
    def poisoned(self, kind, x=0.5, stream="downstream"):
        """`kind` of TOXICS, or "refused"; downstream is what the server sends."""
        if kind == "refused":
            self.switch(False)
            yield
            self.switch(True)
            return
        what, attributes = TOXICS[kind](x)
        self._ask("POST", f"{self._path}/toxics", name="toxic", type=what, stream=stream, attributes=attributes)
        yield
        self._ask("DELETE", f"{self._path}/toxics/toxic")
        if kind in ("silent", "half-closed"):  # what hangs would hang for ever
            self.switch(False)
            self.switch(True)

"""The grapnel binary under test: $GRAPNEL, by default the one in build/dev."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import yaml

from cluster import free_port

from .wait import PATIENCE, until

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("GRAPNEL", str(ROOT / "build" / "dev" / "grapnel"))
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast
SANITIZER = re.compile(r"(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:)")


def command(*args, stdin=b"", env=None, cwd=None, seconds=30):
    """Runs grapnel to its end; gives returncode, stdout and stderr (bytes)."""
    done = subprocess.run(
        [BINARY, *map(str, args)],
        input=stdin,
        capture_output=True,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        timeout=seconds * PATIENCE,
    )
    complaint = SANITIZER.search(done.stderr.decode(errors="replace"))
    assert not complaint, done.stderr.decode(errors="replace")
    return done


def dump(value):
    return yaml.dump(value, Dumper=DUMPER, sort_keys=False)


def write_files(directory, config, subscriptions):
    """grapnel.yaml and, beside it, subscriptions/all.yaml."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "subscriptions").mkdir(exist_ok=True)
    path = directory / "grapnel.yaml"
    path.write_text(dump({"subscriptions": ["subscriptions/*.yaml"], **config}))
    listed = {"subscriptions": subscriptions}
    (directory / "subscriptions" / "all.yaml").write_text(dump(listed))
    return path


class Grapnel:
    """`grapnel run` on a configuration; `enter` is what its command begins with, `headers` what the
    admin listener wants to hear."""

    def __init__(self, path, admin_port, env=None, host="127.0.0.1", enter=(), headers=None):
        self.path = path
        self.admin = f"http://{host}:{admin_port}"
        self.log_path = path.with_suffix(".log")
        self.process = None
        self._env = {**os.environ, **(env or {})}
        self._enter = enter
        self._headers = headers or {}

    def start(self, ready=True):
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._enter, BINARY, "run", "-c", str(self.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
            )
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=30):
        until(lambda: self.alive() and self.get("/readyz")[0] == 200, self._standing, seconds)

    def get(self, path, headers=None):
        """(status, body) of the admin listener; (0, b"") where nobody answers."""
        request = urllib.request.Request(self.admin + path, headers=self._headers | (headers or {}))
        try:
            with urllib.request.urlopen(request, timeout=5 * PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except (urllib.error.URLError, socket.timeout, ConnectionError):
            return 0, b""

    def metrics(self):
        """{name: [(labels, value)]}"""
        status, body = self.get("/metrics")
        assert status == 200, f"/metrics said {status}"
        found = {}
        for line in body.decode().splitlines():
            if not line or line.startswith("#"):
                continue
            sample = re.fullmatch(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)", line)
            assert sample, f"not a sample: {line}"
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', sample[2] or ""))
            found.setdefault(sample[1], []).append((labels, float(sample[3])))
        return found

    def metric(self, name, **labels):
        """The sum of a metric's samples that carry these labels."""
        samples = self.metrics().get(name, [])
        return sum(v for had, v in samples if labels.items() <= had.items())

    def peak_rss_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def alive(self):
        """True; fails with its log if it has ended."""
        code = self.process.poll()
        assert code is None, f"grapnel ended with {code}:\n{self.log()[-4000:]}"
        return True

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=30):
        """SIGTERM, and the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def wait(self, seconds=30):
        try:
            return self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait()
            raise AssertionError(f"still running:\n{self.log()[-4000:]}") from None

    def finish(self):
        """The end of a test: whatever runs is stopped, and must have been well."""
        if self.process is not None and self.process.poll() is None:
            code = self.stop()
            assert code == 0, f"exit code {code} after SIGTERM:\n{self.log()[-4000:]}"
        complaint = SANITIZER.search(self.log())
        assert not complaint, self.log()[complaint.start() :][:6000]

    def _standing(self):
        return f"/readyz, which says {self.get('/readyz')}; its log:\n{self.log()[-4000:]}"


def admin_port():
    return free_port()

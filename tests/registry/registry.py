"""A real schema registry for a test: Apicurio, in memory, on a free loopback port.

    with Registry() as registry:
        id = registry.register("orders-value", {"type": "record", ...})
        ... registry.url ...

Only the process started here is ever signalled.
"""

import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "kafka")]

from cluster import free_port  # noqa: E402

READY_SECONDS = 120  # it answers after about 8 s; a busy machine may take several times that


class Registry:
    def __init__(self, port=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"
        self.log = pathlib.Path(tempfile.mkstemp(prefix="grapnel-registry-", suffix=".log")[1])
        kept = subprocess.run([str(HERE / "fetch")], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        [jar] = pathlib.Path(kept).glob("*-runner.jar")
        listen = [f"-Dquarkus.http.port={self.port}", "-Dquarkus.http.host=127.0.0.1"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx400m", "-XX:+UseSerialGC", *listen, "-jar", str(jar)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C ends it by way of us
            )
        try:
            self._wait_ready()
        except BaseException:
            self.close()
            raise

    def _wait_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"the registry ended:\n{self.log.read_text()[-4000:]}")
            try:
                urllib.request.urlopen(f"{self.url}/subjects", timeout=5).read()
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                pass  # not yet
            if time.monotonic() > deadline:
                raise TimeoutError(f"no registry:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)

    def register(self, subject, schema, type=None, references=()):
        """Registers a schema (parsed, or as it is written) and returns its id."""
        body = {"schema": schema if isinstance(schema, str) else json.dumps(schema)}
        if type:
            body["schemaType"] = type
        if references:
            body["references"] = list(references)
        request = urllib.request.Request(
            f"{self.url}/subjects/{subject}/versions",
            json.dumps(body).encode(),
            {"Content-Type": "application/vnd.schemaregistry.v1+json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["id"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{subject}: {error}: {error.read().decode()}") from None

    def close(self):
        self.process.send_signal(signal.SIGKILL)  # what it has is in its memory
        self.process.wait()
        self.log.unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

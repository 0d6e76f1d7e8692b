"""An HTTP receiver on loopback that remembers every request byte for byte, and answers as a test says:

    receiver.script("/hook", Reply(503), Reply(503), Reply(200))    # the last answer repeats
    receiver.script("/slow", Hang())
    requests = receiver.wait(3, "/hook")

Paths without a script are answered with 200. It speaks raw sockets, so that it can also answer as
no HTTP library would.
"""

import socket
import ssl
import struct
import threading
import time
from dataclasses import dataclass, field

from .wait import PATIENCE


@dataclass
class Request:
    method: str
    target: str  # path and query, as they came
    headers: list  # (name, value) in the order they came
    body: bytes
    connection: int  # which of the receiver's connections, counted from 1
    at: float  # time.time() of its last byte

    @property
    def path(self):
        return self.target.split("?", 1)[0]

    @property
    def query(self):
        return self.target.split("?", 1)[1] if "?" in self.target else ""

    def header(self, name):
        """The header's value; None if it isn't there; fails if it is there twice."""
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None

    @property
    def id(self):
        return self.header("webhook-id")


@dataclass
class Reply:
    """An ordinary answer, after `delay` seconds or once `gate` is set."""

    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0
    gate: threading.Event = None

    def send(self, connection):
        if self.delay:
            connection.closing.wait(self.delay)
        while self.gate and not self.gate.wait(0.05):
            if connection.closing.is_set():
                return False
        lines = [f"HTTP/1.1 {self.status} Said"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.status != 204:
            lines.append(f"Content-Length: {len(self.body)}")
        connection.send("\r\n".join(lines).encode() + b"\r\n\r\n" + self.body)
        return True


@dataclass
class Raw:
    """These bytes, whatever they are, and then the end of the connection."""

    data: bytes

    def send(self, connection):
        connection.send(self.data)
        return False


class Hang:
    """No answer, for as long as the client cares to wait."""

    def send(self, connection):
        connection.wait_for_client()
        return False


class Reset:
    """The connection is torn down (RST) instead of an answer."""

    def send(self, connection):
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False


class HalfClose:
    """The end of what it sends (FIN) instead of an answer; it goes on reading."""

    def send(self, connection):
        connection.socket.shutdown(socket.SHUT_WR)
        connection.wait_for_client()
        return False


@dataclass
class Trickle:
    """An answer of which a byte comes every `pause` seconds."""

    pause: float = 0.5
    status: int = 200

    def send(self, connection):
        for byte in f"HTTP/1.1 {self.status} Said\r\nContent-Length: 0\r\n\r\n".encode():
            connection.send(bytes([byte]))
            if connection.closing.wait(self.pause):
                return False
        return True


@dataclass
class Endless:
    """A status, and a body that never ends."""

    status: int = 200

    def send(self, connection):
        connection.send(f"HTTP/1.1 {self.status} Said\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        while not connection.closing.is_set():
            connection.send(chunk)
            connection.endless_bytes += 0x10000
        return False


@dataclass
class HugeHeader:
    """An answer with one header of so many bytes."""

    size: int = 4 << 20
    status: int = 200

    def send(self, connection):
        connection.send(f"HTTP/1.1 {self.status} Said\r\nX-Huge: ".encode())
        for _ in range(self.size // 0x10000):
            connection.send(b"h" * 0x10000)
        connection.send(b"\r\nContent-Length: 0\r\n\r\n")
        return True


class Connection:
    def __init__(self, receiver, sock, number):
        self.receiver = receiver
        self.socket = sock
        self.number = number
        self.closing = receiver.closing
        self.endless_bytes = 0
        self._buffered = b""

    def serve(self):
        try:
            while True:
                request = self._read_request()
                if request is None:
                    return
                if not self.receiver.take(request).send(self):
                    return
        except (OSError, ValueError):
            pass  # the client went away, or the receiver is closed
        finally:
            self.receiver.dropped(self)
            self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def wait_for_client(self):
        """Until the client closes the connection."""
        self.socket.settimeout(None)
        while self.socket.recv(65536):
            pass

    def _read_request(self):
        head = self._read_until(b"\r\n\r\n")
        if head is None:
            return None
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        named = {name.lower(): value for name, value in headers}
        if named.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self._read_body(named)
        return Request(method, target, headers, body, self.number, time.time())

    def _read_body(self, headers):
        if headers.get("transfer-encoding", "").lower() != "chunked":
            return self._read_exactly(int(headers.get("content-length", "0")))
        body = b""
        while True:
            size = int(self._read_until(b"\r\n").split(b";")[0], 16)
            chunk = self._read_exactly(size + 2)[:-2]
            if size == 0:
                return body
            body += chunk

    def _read_until(self, mark):
        while mark not in self._buffered:
            data = self.socket.recv(65536)
            if not data:
                return None
            self._buffered += data
        found, self._buffered = self._buffered.split(mark, 1)
        return found

    def _read_exactly(self, size):
        while len(self._buffered) < size:
            data = self.socket.recv(65536)
            if not data:
                raise ValueError("the body was cut off")
            self._buffered += data
        found, self._buffered = self._buffered[:size], self._buffered[size:]
        return found


class Receiver:
    def __init__(self, certificate=None, port=0, host="127.0.0.1"):
        self.host = host
        self.closing = threading.Event()
        self._changed = threading.Condition()
        self._requests = []
        self._scripts = {}
        self._connections = set()
        self.connections_seen = 0
        self._tls = None
        if certificate:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(*certificate)
        self._listener = socket.create_server((host, port), backlog=1024)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path="/"):
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}{path}"

    def script(self, path, *answers):
        """Answers to requests on `path`, in order, the last one again and again.
        An answer may also be a function from the request to an answer."""
        with self._changed:
            self._scripts[path] = list(answers)

    def requests(self, path=None):
        with self._changed:
            return [r for r in self._requests if path in (None, r.path)]

    def wait(self, count, path=None, seconds=20):
        """At least `count` requests (on `path`), as soon as they are there."""

        def enough():
            return sum(path in (None, r.path) for r in self._requests) >= count

        with self._changed:
            if not self._changed.wait_for(enough, seconds * PATIENCE):
                there = [f"{r.method} {r.target} {r.id}" for r in self._requests][-20:]
                raise AssertionError(f"{count} requests expected on {path or 'any path'}, got {there}")
        return self.requests(path)

    def forget(self):
        with self._changed:
            self._requests.clear()

    @property
    def open_connections(self):
        with self._changed:
            return len(self._connections)

    def close(self):
        self.closing.set()
        self._listener.close()
        with self._changed:
            for connection in self._connections:
                try:
                    connection.socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    # What follows is for the connections' threads.

    def take(self, request):
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()
            script = self._scripts.get(request.path)
            if not script:
                return Reply()
            answer = script.pop(0) if len(script) > 1 else script[0]
        return answer(request) if callable(answer) else answer

    def dropped(self, connection):
        with self._changed:
            self._connections.discard(connection)

    def _accept(self):
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self.connections_seen += 1
                connection = Connection(self, sock, self.connections_seen)
                self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        if self._tls:
            try:
                connection.socket = self._tls.wrap_socket(connection.socket, server_side=True)
            except OSError:
                self.dropped(connection)
                return
        connection.serve()

"""Kafka's protocol as it is sent, for what Debian's Python client has not."""

import io
import socket
import struct

CORRELATION = 7


def text(value):
    return struct.pack(">h", len(value.encode())) + value.encode()


def listed(*items):
    """An array of what is packed already."""
    return struct.pack(">i", len(items)) + b"".join(items)


class Answer:
    def __init__(self, data):
        self._stream = io.BytesIO(data)

    def number(self, kind):
        """`kind` as for struct: h, i or q."""
        [value] = struct.unpack(f">{kind}", self._stream.read(struct.calcsize(f">{kind}")))
        return value

    def text(self):
        """None is "" as well."""
        return self._stream.read(max(self.number("h"), 0)).decode()

    def listed(self, read):
        return [read() for _ in range(self.number("i"))]


def ask(address, request, version, body):
    """What (host, port) answers to a request, in a version that has no tagged fields yet."""
    message = struct.pack(">hhi", request, version, CORRELATION) + text("tests") + body
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(struct.pack(">i", len(message)) + message)
        with connection.makefile("rb") as stream:
            [size] = struct.unpack(">i", stream.read(4))
            answer = Answer(stream.read(size))
    assert answer.number("i") == CORRELATION
    return answer

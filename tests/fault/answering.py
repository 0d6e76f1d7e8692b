"""A receiver that answers each event as a test says, thousands a second, and remembers when each came."""

import asyncio
import re
import socket
import threading
import time
from dataclasses import dataclass

from support.wait import until

AGAIN = 503
ID = re.compile(rb"\r\nwebhook-id: \S+-(\d+)-(\d+)\r\n", re.IGNORECASE)
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


@dataclass
class Arrival:
    at: float  # time.time()
    status: int = None  # None: it hangs

    @property
    def ended(self):
        """Was this the last that was to come?"""
        return self.status not in (None, AGAIN)


class Answering:
    """`answer(partition, offset, times)` is the status for an event that comes for the `times`th time,
    or None: it hangs until release()."""

    def __init__(self, answer=lambda partition, offset, times: 200):
        self.answer = answer
        self.came = {}  # (partition, offset): its arrivals
        self.ended = 0  # events that have had an answer other than 503
        self._hanging = {}
        self._connected = set()  # ports of theirs
        self._loop = asyncio.new_event_loop()
        listening = self._loop.create_server(lambda: Connection(self), "127.0.0.1", 0, backlog=1024)
        self._server = self._loop.run_until_complete(listening)
        self._port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self._port}{path}"

    def arrivals(self, position):
        return self.came.get(position, [])

    def ends(self, position):
        """The statuses after which no attempt was to follow."""
        return [one.status for one in self.arrivals(position) if one.ended]

    def wait_alone(self, seconds=60):
        """Whoever sent is dead: until all that was sent has come, and its connections have ended."""
        with socket.create_connection(("127.0.0.1", self._port)) as last:
            alone = {last.getsockname()[1]}
            what = lambda: f"the end of {len(self._connected)} connections"
            until(lambda: self._connected == alone, what, seconds)

    def release(self):
        """Whoever hangs is answered with 200, and so is all that comes from now on."""
        self.answer = lambda *_: 200
        self._loop.call_soon_threadsafe(self._release)

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()

    # What follows is for the connections, in the thread that serves them all.

    def connected(self, port):
        self._connected.add(port)

    def take(self, connection, position):
        arrivals = self.came.setdefault(position, [])
        arrivals.append(Arrival(time.time()))
        self._hanging[connection] = position, arrivals[-1]
        status = self.answer(*position, len(arrivals))
        if status:
            self._say(connection, status)

    def dropped(self, connection, port):
        self._hanging.pop(connection, None)
        self._connected.remove(port)

    def _say(self, connection, status):
        position, arrival = self._hanging.pop(connection)
        self.ended += status != AGAIN and not self.ends(position)
        arrival.status = status
        connection.say(status)

    def _release(self):
        for connection in list(self._hanging):
            self._say(connection, 200)


class Connection(asyncio.Protocol):
    def __init__(self, receiver):
        self._receiver = receiver
        self._transport = None
        self._port = None
        self._buffered = b""

    def connection_made(self, transport):
        self._transport = transport
        self._port = transport.get_extra_info("peername")[1]
        self._receiver.connected(self._port)

    def connection_lost(self, _):
        self._receiver.dropped(self, self._port)

    def data_received(self, data):
        """One request at a time: the next comes when this one is answered."""
        self._buffered += data
        head, found, body = self._buffered.partition(b"\r\n\r\n")
        length = LENGTH.search(head + b"\r\n")
        if not found or len(body) < int(length[1] if length else 0):
            return
        self._buffered = b""
        partition, offset = ID.search(head + b"\r\n").groups()
        self._receiver.take(self, (int(partition), int(offset)))

    def say(self, status):
        self._transport.write(b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\n\r\n" % status)

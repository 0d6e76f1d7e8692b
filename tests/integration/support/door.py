"""A way to a server that can be shut: then connections are refused, and those that were open end."""

import socket
import threading

from cluster import free_port


class Door:
    def __init__(self, port):
        """Shut at first. `url` leads through it to what listens at 127.0.0.1:port."""
        self.port = free_port()
        self._behind = port
        self._listener = None
        self._sockets = set()

    def open(self):
        self._listener = socket.create_server(("127.0.0.1", self.port), reuse_port=True)
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def shut(self):
        listener, self._listener = self._listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for one in list(self._sockets):
            self._end(one)

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._behind))
            except OSError:
                return
            self._sockets |= {near, far}
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        self._end(one)
        self._end(other)

    def _end(self, one):
        self._sockets.discard(one)
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        one.close()

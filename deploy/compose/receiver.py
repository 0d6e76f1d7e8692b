"""A sample receiver: prints each webhook, and checks its signature as Standard Webhooks says.

    WEBHOOK_SECRET=whsec_… python3 receiver.py [PORT]

Only Python's own library. Any server of yours that does what `verified` does can take the place of it.
"""
import base64
import hashlib
import hmac
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SHOWN = ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "user-agent")
LARGEST_BODY = 1 << 20
TOLERANCE_S = 300


def verified(secret, headers, body, now):
    """True when one of the signatures is ours and no older than five minutes."""
    stamp = headers.get("webhook-timestamp", "")
    if not stamp.isdigit() or abs(now - int(stamp)) > TOLERANCE_S:
        return False
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    ours = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(ours, theirs)
               for theirs in headers.get("webhook-signature", "").split())


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    secret = os.environ.get("WEBHOOK_SECRET")

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def take(self):
        if self.path == "/healthz":
            return self.answer(200)
        length = int(self.headers.get("Content-Length", 0))
        if length > LARGEST_BODY:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(length)
        lines = [f"{self.command} {self.path}"]
        lines += [f"  {name}: {self.headers[name]}" for name in SHOWN if name in self.headers]
        if body:
            lines.append("  " + body.decode("utf-8", "backslashreplace"))
        status = 204
        if self.secret and "webhook-signature" in self.headers:
            good = verified(self.secret, self.headers, body, time.time())
            lines.append("  signature verified" if good else "  SIGNATURE IS WRONG")
            status = 204 if good else 401
        print("\n".join(lines), flush=True)
        return self.answer(status)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = take

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    ThreadingHTTPServer(("", port), Receiver).serve_forever()

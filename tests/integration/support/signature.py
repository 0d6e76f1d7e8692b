"""Standard Webhooks signatures, checked as a receiver would: independently of the program."""

import base64
import hashlib
import hmac


def signature(secret, id, timestamp, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def verify(request, secret):
    expected = signature(
        secret, request.header("webhook-id"), request.header("webhook-timestamp"), request.body
    )
    given = request.header("webhook-signature").split(" ")
    return any(hmac.compare_digest(expected, one) for one in given)


# The specification's own vector.
assert (
    signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )
    == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

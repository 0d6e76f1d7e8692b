"""Who may do what with a topic: Kafka's CreateAcls and DeleteAcls, which Debian's Python client has not.

    AUTHORIZER are the properties of a broker that heeds them; all that nobody mentions is allowed.
"""

import contextlib
import socket
import struct

AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
}
RESOURCES = {"topic": 2, "group": 3, "cluster": 4}
OPERATIONS = {"all": 2, "read": 3, "write": 4, "describe": 8, "idempotent_write": 12}
LITERAL, DENY, ALLOW = 3, 2, 3
CREATE_ACLS, DELETE_ACLS = 30, 31
EVERYBODY = "User:*"


@contextlib.contextmanager
def denied(broker, operation, name, resource="topic"):
    """Nobody may do that with it, but all else."""
    rules = [rule(resource, name, "all", ALLOW), rule(resource, name, operation, DENY)]
    ask(broker, CREATE_ACLS, rules)
    try:
        yield
    finally:
        ask(broker, DELETE_ACLS, rules)


def rule(resource, name, operation, permission):
    """As both requests have it, in their version 1."""
    return (
        struct.pack(">b", RESOURCES[resource]) + text(name) + struct.pack(">b", LITERAL)
        + text(EVERYBODY) + text("*") + struct.pack(">bb", OPERATIONS[operation], permission)
    )


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def ask(broker, request, rules):
    body = struct.pack(">hhi", request, 1, 7) + text("tests") + struct.pack(">i", len(rules)) + b"".join(rules)
    with socket.create_connection((broker.host, broker.port), timeout=30) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        with connection.makefile("rb") as stream:
            [size] = struct.unpack(">i", stream.read(4))
            answer = stream.read(size)
    correlation, _, count, code = struct.unpack_from(">iiih", answer)
    assert (correlation, count, code) == (7, len(rules), 0), answer

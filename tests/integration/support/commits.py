"""What groups have committed and its metadata, of which Debian's Python client tells the offsets alone."""

import base64
import struct

from .wait import until
from .wire import ask, listed, text

OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR = 8, 9, 10
NOT_YET = {14, 15, 16}  # the coordinator loads the group, or is another by now
NOBODY = struct.pack(">i", -1) + text("")  # of no generation, no member
KEPT_AS_USUAL = struct.pack(">q", -1)


class Commits:
    def __init__(self, bootstrap):
        host, port = bootstrap.split(",")[0].rsplit(":", 1)
        self._broker = (host, int(port))

    def read(self, group, topic, partitions):
        """A Commit for each partition."""
        asked = listed(text(topic) + listed(*(struct.pack(">i", p) for p in range(partitions))))
        one = lambda answer: (answer.number("i"), answer.number("q"), answer.text(), answer.number("h"))
        places = self._ask(group, OFFSET_FETCH, 1, asked, one)
        return [Commit(offset, metadata) for _, offset, metadata, _ in sorted(places)]

    def write(self, group, topic, partition, offset, metadata):
        """As who reads without being a member; the group has none."""
        place = listed(text(topic) + listed(struct.pack(">iq", partition, offset) + text(metadata)))
        one = lambda answer: (answer.number("i"), answer.number("h"))
        self._ask(group, OFFSET_COMMIT, 2, NOBODY + KEPT_AS_USUAL + place, one)

    def _ask(self, group, request, version, body, one):
        """What is said of each partition of the one topic; `one` reads that, with the error's code at its end."""

        def answered():
            answer = ask(self._coordinator(group), request, version, text(group) + body)
            [(_, places)] = answer.listed(lambda: (answer.text(), answer.listed(lambda: one(answer))))
            codes = {code for *_, code in places}
            assert codes <= {0, *NOT_YET}, f"Kafka says error {codes}"
            return places if codes == {0} else None

        return until(answered, f"an answer about {group}", 60)

    def _coordinator(self, group):
        """Its (host, port)."""

        def found():
            answer = ask(self._broker, FIND_COORDINATOR, 0, text(group))
            code, _ = answer.number("h"), answer.number("i")
            return None if code else (answer.text(), answer.number("i"))

        return until(found, f"the coordinator of {group}", 60)


class Commit:
    """A partition's: all below `offset` have finished, and those in `above`. -1: there is none."""

    def __init__(self, offset, metadata):
        self.offset = offset
        self.metadata = metadata
        self.above = set(read_above(offset, metadata)) if metadata else set()

    def has(self, offset):
        return offset < self.offset or offset in self.above


def read_above(position, metadata):
    """What bridge/commit/metadata.h says of it, read by nothing of grapnel's."""
    mark, said, kind, coded = metadata.split(":")
    assert (mark, said) == ("g1", str(position)), metadata
    data = base64.b64decode(coded, validate=True)
    if kind == "b":
        yield from (position + bit for bit in range(8 * len(data)) if data[bit // 8] >> bit % 8 & 1)
        return
    lengths = list(numbers(data))
    for unfinished, finished in zip(lengths[::2], lengths[1::2], strict=True):
        position += unfinished
        yield from range(position, position + finished)
        position += finished


def numbers(data):
    """LEB128."""
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            yield value
            value = shift = 0

"""What may come once more after a kill: what had been begun, and was not in the last commit.

After each kill it is read what Kafka has as committed, so that nothing here depends on how often
that is done. Partitions that are lost, on a machine too busy to keep a group together, are as good as
killed, and nobody can tell what was committed then.
"""

import re
import time
from dataclasses import dataclass
from datetime import datetime

from support.commits import Commits


@dataclass
class Kill:
    at: float  # time.time(): all that was sent before has come
    commits: dict  # (group, topic): a Commit for each partition

    def spares(self, group, topic, partition, offset):
        """Had it been committed? Of a topic that was not there nothing had."""
        commits = self.commits.get((group, topic))
        return bool(commits) and commits[partition].has(offset)


class Kills:
    def __init__(self, topics, bootstrap):
        self._topics = topics
        self._commits = Commits(bootstrap)
        self._kills = []

    def note(self, read):
        """Nothing runs now. `read`: (group, topic)s, which may not be there yet. Gives the Kill."""
        counted = ((group, topic, self._topics.partitions(topic)) for group, topic in read)
        commits = {(g, t): self._commits.read(g, t, count) for g, t, count in counted if count}
        self._kills.append(Kill(time.time(), commits))
        return self._kills[-1]

    def note_losses(self, log):
        """What the program tells of in its log, killed or not."""
        for when in re.findall(r"^(\S+)Z info  partitions lost ", log, re.MULTILINE):
            self._kills.append(Kill(datetime.fromisoformat(f"{when}+00:00").timestamp(), {}))

    def may_repeat(self, place, since, events):
        """How often a record may have been handled anew: at each kill before which one of the `events`
        (times, of what came of it) happened, but for those that found it committed."""
        return sum(
            any(since <= at <= kill.at for at in events) and not kill.spares(*place) for kill in self._kills
        )

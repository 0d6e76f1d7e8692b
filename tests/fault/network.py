"""Namespaces of the network with an address each, and between them what nft drops.

    with Network() as network:
        place = network.place("broker1")
        network.cut(place, other)       # nothing passes between the two
        network.lose(place, percent=20) # of all that comes in and goes out
        network.heal(place)

The test itself has an address there, too: `network.host`. It takes root; names and addresses are of
this run alone, and gone at its end.
"""

import os
import random
import subprocess

from cluster import Place


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


RULES = """
table inet fault {
    chain in { type filter hook input priority 0; }
    chain out { type filter hook output priority 0; }
}
"""


class Network:
    def __enter__(self):
        self._tag = f"gr{os.getpid() % 0xFFFF:x}"
        self._prefix = f"10.{random.randrange(64, 128)}.{random.randrange(256)}"
        self._names = []
        self._hub = self._add("hub")
        run("ip", "-n", self._hub, "link", "add", "bridge", "type", "bridge")
        run("ip", "-n", self._hub, "link", "set", "bridge", "up")
        self._outside = f"{self._tag}-test"
        self._plug(self._outside)
        self.host = f"{self._prefix}.1"
        run("ip", "address", "add", f"{self.host}/24", "dev", self._outside)
        run("ip", "link", "set", self._outside, "up")
        return self

    def __exit__(self, *_):
        for name in self._names:
            subprocess.run(["ip", "netns", "del", name])  # and with it its end of each pair

    def place(self, name):
        namespace = self._add(name)
        number = len(self._names)
        place = Place(f"{self._prefix}.{number}", ("ip", "netns", "exec", namespace))
        self._plug(f"{self._tag}-{number}")
        run("ip", "link", "set", f"{self._tag}-{number}", "netns", namespace, "name", "eth0")
        run("ip", "-n", namespace, "address", "add", f"{place.host}/24", "dev", "eth0")
        run("ip", "-n", namespace, "link", "set", "eth0", "up")
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        run(*place.enter, "nft", RULES)
        return place

    def cut(self, place, *others):
        """Nothing passes between `place` and the others, which are places or addresses."""
        for other in others:
            host = getattr(other, "host", other)
            run(*place.enter, "nft", f"add rule inet fault in ip saddr {host} drop")
            run(*place.enter, "nft", f"add rule inet fault out ip daddr {host} drop")

    def lose(self, place, percent):
        for chain in ("in", "out"):
            rule = f"meta oifname != lo numgen random mod 100 < {percent} drop" if chain == "out" else (
                f"meta iifname != lo numgen random mod 100 < {percent} drop"
            )
            run(*place.enter, "nft", f"add rule inet fault {chain} {rule}")

    def heal(self, place):
        run(*place.enter, "nft", "flush table inet fault")

    def _add(self, name):
        namespace = f"{self._tag}-{name}"
        run("ip", "netns", "add", namespace)
        self._names.append(namespace)
        return namespace

    def _plug(self, name):
        """A pair: `name`, here, and its other end at the bridge."""
        run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}b"[-15:])
        run("ip", "link", "set", f"{name}b"[-15:], "netns", self._hub)
        run("ip", "-n", self._hub, "link", "set", f"{name}b"[-15:], "master", "bridge", "up")

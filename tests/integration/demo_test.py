"""grapnel demo, as a newcomer sees it. It brings its own Kafka."""

import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import threading
import unicodedata

import confluent_kafka
import pytest

from support import program
from support.wait import PATIENCE, until


def test_it_ends_by_itself_when_all_has_come():
    done = program.command("demo", seconds=60)
    page = done.stdout.decode()
    assert done.returncode == 0, page + done.stderr.decode()
    assert "GET /sale?Amount=41.10&Invoice=INV-1042&Key=" in page
    assert page.count("POST /crm") == 3
    assert re.search(r"webhook-signature +v1,\S+ +verified", page)
    assert re.search(r"signups-0-0 +signups-to-crm +dead-lettered +3 +503", page)
    assert "grapnel-source-topic      signups" in page
    assert "5 events, 4 delivered, 1 dead letter, as it should be" in page
    directory = re.search(r"configuration (\S+)/grapnel.yaml", page)[1]
    assert not os.path.exists(directory)


def test_it_is_plain_lines_of_80_columns_where_there_is_no_terminal():
    page = program.command("demo", env={"TERM": "xterm", "LC_ALL": "C.UTF-8"}, seconds=60).stdout.decode()
    assert "\033" not in page and "\r" not in page
    assert max(map(len, page.splitlines())) <= 80
    assert all(unicodedata.category(c)[0] != "C" or c == "\n" for c in page)


def on_a_terminal(env):
    """What the demo writes to a terminal."""
    main, other = pty.openpty()
    process = subprocess.Popen([program.BINARY, "demo"], stdin=other, stdout=other, stderr=other,
                               env={**os.environ, "TERM": "xterm", **env})
    os.close(other)
    written = b""
    try:
        while piece := os.read(main, 65536):
            written += piece
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    os.close(main)
    assert process.wait(10 * PATIENCE) == 0, written.decode()
    return written.decode()


def test_it_has_colours_on_a_terminal():
    assert re.search(r"\033\[32m✓ 5 events", on_a_terminal({"LC_ALL": "C.UTF-8", "NO_COLOR": ""}))


def test_no_color_is_respected():
    assert not re.search(r"\033\[\d*m", on_a_terminal({"LC_ALL": "C.UTF-8", "NO_COLOR": "1"}))


def test_interrupted_it_has_not_been_played_to_its_end():
    process = subprocess.Popen([program.BINARY, "demo"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    page = ""
    while "webhook" not in page:  # the first of several events
        page += process.stdout.readline()
    process.send_signal(signal.SIGINT)
    page += process.stdout.read()
    assert process.wait(30 * PATIENCE) == 130, page
    assert "interrupted" in page and "as it should" not in page
    assert not os.path.exists(re.search(r"configuration (\S+)/grapnel.yaml", page)[1])


class Kept:
    """grapnel demo --keep, with what it has written so far."""

    def __init__(self):
        self.page = ""
        self.process = subprocess.Popen([program.BINARY, "demo", "--keep"], stdout=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, text=True)
        self.reading = threading.Thread(target=self._read)
        self.reading.start()

    def _read(self):
        for line in self.process.stdout:
            self.page += line

    def find(self, pattern, seconds=30):
        return until(lambda: re.search(pattern, self.page), lambda: self.page, seconds)

    def finish(self):
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(30 * PATIENCE)
        self.reading.join()
        self.process.stdout.close()
        return code


@pytest.fixture
def kept():
    demo = Kept()
    yield demo
    if demo.process.poll() is None:
        demo.finish()
    found = re.search(r"configuration (/tmp/grapnel-demo\.\w+)/grapnel.yaml", demo.page)
    if found:
        shutil.rmtree(found[1], ignore_errors=True)


def test_kept_up_it_shows_what_a_user_publishes(kept):
    bootstrap = kept.find(r"kcat -P -b (\S+) -t orders")[1]
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap})
    producer.produce("orders", b'{"type":"order.created","invoice":"A&B","amount":9.90}', b"A&B")
    assert producer.flush(20 * PATIENCE) == 0
    kept.find(r"GET /sale\?Amount=9.90&Invoice=A%26B&Key=\S+ +204")
    kept.find(r"result +delivered, attempt 1, id orders-0-1")


def test_kept_up_its_files_are_there_for_the_other_commands(kept):
    config = kept.find(r"results -c (\S+/grapnel.yaml)")[1]
    checked = program.command("check", "-c", config)
    assert checked.returncode == 0, checked.stderr
    listed = program.command("results", "-c", config, "-o", "json")
    assert listed.returncode == 0, listed.stderr
    assert len(listed.stdout.splitlines()) == 5
    assert kept.finish() == 0
    assert pathlib.Path(config).exists()

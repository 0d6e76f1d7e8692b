"""`grapnel check`: every mistake with its place, whoever finds it; and the exit codes."""

import pytest

from support import program

GOOD = """\
kafka: { bootstrap.servers: "127.0.0.1:9092" }
subscriptions:
  - name: orders
    topics: [orders]
    request: { url: "http://127.0.0.1:9/{{ .id }}" }
"""

WRONG = """\
kafka: { bootstrap.servers: "127.0.0.1:9092", bootstrap.server: x, socket.timeout.ms: soon }
subscriptions:
  - name: orders
    topic: [orders]
    topics: [orders]
    filter: .data.amount >
    request: { url: "http://127.0.0.1:9/{{ .id", headers: { X: "{{ .a.b[ }}" } }
    auth: { bearer: "${env:GRAPNEL_NO_SUCH_VARIABLE}" }
    sign: { style: standard, secrets: [nonsense] }
"""


@pytest.fixture
def check(tmp_path):
    def run(text, *args):
        path = tmp_path / "grapnel.yaml"
        path.write_text(text)
        return program.command("check", *args, cwd=tmp_path)

    return run


def test_what_is_fine_is_told_with_its_count(check):
    done = check(GOOD)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"grapnel.yaml: 1 subscription, fine\n", b"")


def test_all_mistakes_are_told_at_once_with_their_places(check):
    done = check(WRONG, "--config", "grapnel.yaml")
    assert (done.returncode, done.stdout) == (1, b"")
    told = done.stderr.decode()
    for place, word in [
        ("grapnel.yaml:1:47:", "did you mean bootstrap.servers?"),
        ("grapnel.yaml:1:87:", "socket.timeout.ms"),
        ("grapnel.yaml:4:5:", "did you mean topics?"),
        ("grapnel.yaml:6:26:", "filter: jq: syntax error"),
        ("grapnel.yaml:7:41:", "url"),
        ("grapnel.yaml:7:72:", "headers.X"),
        ("grapnel.yaml:8:21:", "GRAPNEL_NO_SUCH_VARIABLE"),
        ("grapnel.yaml:9:40:", ""),
    ]:
        assert any(line.startswith(place) and word in line for line in told.splitlines()), (place, told)
    assert "nonsense" not in told  # what stands where a secret belongs is never repeated


@pytest.mark.parametrize("properties, place, said", [
    ("security.protocol: ssl, ssl.ca.location: /no/such", 77, "ssl.ca.location failed"),
    ("security.protocol: sasl_plaintext, sasl.mechanism: FOO", 10, "Unsupported SASL mechanism"),
    ("message.max.bytes: 5000, fetch.max.bytes: 100", 55, "must be >= `message.max.bytes`"),
])
def test_what_does_not_go_together_is_told(check, properties, place, said):
    done = check(GOOD.replace('127.0.0.1:9092"', f'h:1", {properties}'))
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"grapnel.yaml:1:{place}: librdkafka: "), done.stderr
    assert said in done.stderr.decode()


def test_a_list_is_no_form(check):
    done = check(GOOD.replace('{{ .id }}"', '{{ .id }}", body: { form: [a] }'))
    assert done.returncode == 1 and done.stderr.startswith(b"grapnel.yaml:5:"), done.stderr


def test_a_file_that_is_not_there_is_told(check):
    done = check(GOOD, "-c", "other.yaml")
    assert done.returncode == 1
    assert b"other.yaml" in done.stderr and b"No such file" in done.stderr


def test_a_wrong_command_line_is_told_with_what_was_meant(check):
    done = check(GOOD, "--confg", "grapnel.yaml")
    assert done.returncode == 2
    assert b"did you mean '--config'?" in done.stderr

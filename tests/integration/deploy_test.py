"""What deploy/ and docker-compose.yml promise, as far as no container is needed for it."""

import importlib.util
import re

import pytest
import yaml

from support import program

COMPOSE = yaml.safe_load((program.ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (program.ROOT / "deploy" / "Dockerfile").read_text()


def test_every_image_has_a_fixed_tag():
    images = [s["image"] for s in COMPOSE["services"].values()]
    images += re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.M)
    assert len(images) > 5
    for image in images:
        _, colon, tag = image.partition(":")
        assert colon and tag != "latest", image
    assert re.search(r"^FROM debian:bookworm-\d{8}-slim AS base$", DOCKERFILE, re.M)


def test_the_image_is_built_by_the_scripts_that_quickstart_runs():
    steps = re.findall(r"^RUN (.*)", DOCKERFILE, re.M)
    assert steps[0] == "deploy/packages"
    assert steps[1].startswith("deploy/build ")
    assert steps[2].startswith("deploy/packages --run ")
    quickstart = (program.ROOT / "deploy" / "quickstart").read_text()
    assert re.search(r"step packages .*deploy/packages$", quickstart, re.M)
    assert re.search(r"step build .*deploy/build$", quickstart, re.M)


def test_the_image_runs_as_an_unprivileged_user_and_tells_its_health():
    last = DOCKERFILE.rsplit("\nFROM ", 1)[1]
    assert re.search(r"^USER grapnel$", last, re.M)
    assert "HEALTHCHECK" in last and "/healthz" in last


def sample_environment():
    """What docker-compose.yml gives to grapnel where the user gives nothing."""
    given = COMPOSE["services"]["grapnel"]["environment"]
    return {name: re.fullmatch(r"\$\{\w+:-(.*)\}", value)[1] for name, value in given.items()}


def test_the_configuration_of_docker_compose_has_no_mistake():
    config = program.ROOT / "deploy" / "compose" / "grapnel.yaml"
    done = program.command("check", "-c", config, env=sample_environment())
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def sample_receiver():
    path = program.ROOT / "deploy" / "compose" / "receiver.py"
    spec = importlib.util.spec_from_file_location("sample_receiver", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The published vector of Standard Webhooks.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TIMESTAMP = 1614265330
SIGNED = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(TIMESTAMP),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
BODY = b'{"test": 2432232314}'


def test_the_sample_receiver_verifies_the_published_vector(sample_receiver):
    assert sample_receiver.verified(SECRET, SIGNED, BODY, TIMESTAMP)


@pytest.mark.parametrize("headers, body, now", [
    (SIGNED, b'{"test": 2432232315}', TIMESTAMP),
    (SIGNED, BODY, TIMESTAMP + 301),
    (SIGNED | {"webhook-id": "msg_other"}, BODY, TIMESTAMP),
    (SIGNED | {"webhook-timestamp": "soon"}, BODY, TIMESTAMP),
    (SIGNED | {"webhook-signature": "v1,AAAA"}, BODY, TIMESTAMP),
    ({}, BODY, TIMESTAMP),
])
def test_the_sample_receiver_refuses_anything_else(sample_receiver, headers, body, now):
    assert not sample_receiver.verified(SECRET, headers, body, now)


def test_the_configuration_in_the_readme_has_no_mistake(tmp_path):
    readme = (program.ROOT / "README.md").read_text()
    config, subscriptions, *rest = re.findall(r"```yaml\n(.*?)```", readme, re.S)
    registry, in_avro = [block for block in rest if block.startswith("registry:")]
    secret = tmp_path / "warehouse-token"
    secret.write_text("token")
    (tmp_path / "grapnel.yaml").write_text(config + registry)
    (tmp_path / "subscriptions").mkdir()
    (tmp_path / "subscriptions" / "storefront.yaml").write_text(
        subscriptions.replace("/run/secrets/warehouse-token", str(secret)))
    secrets = {"DASHBOARD_KEY": "key-1", "WAREHOUSE_SECRET": "whsec_" + "A" * 43 + "="}
    secrets |= {"REGISTRY_KEY": "key", "REGISTRY_SECRET": "secret"}
    done = program.command("check", "-c", tmp_path / "grapnel.yaml", env=secrets)
    assert done.returncode == 0, done.stderr.decode()
    event = b'{"type":"order.created","data":{"invoice":"INV-1042","amount":41.10}}'
    done = program.command("render", "-c", tmp_path / "grapnel.yaml", "-t", "sales", stdin=event, env=secrets)
    assert b"GET /sale?Amount=%2441.10&Invoice=INV-1042&Key=" in done.stdout
    (tmp_path / "grapnel.yaml").write_text(config + in_avro)
    done = program.command("check", "-c", tmp_path / "grapnel.yaml", env=secrets)
    assert done.returncode == 0, done.stderr.decode()

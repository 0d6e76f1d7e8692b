"""The JSON Schemas in schemas/, as an editor uses them: they take what `check` takes, and what they
refuse, `check` refuses at the same place."""

import json
import pathlib
import re

import jsonschema
import pytest
import yaml

from support import program

SCHEMAS = program.ROOT / "schemas"
DATA = program.ROOT / "tests" / "unit" / "config" / "data"
EXAMPLES = sorted((program.ROOT / "deploy").rglob("*.yaml"))


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


VALIDATORS = {name: jsonschema.Draft7Validator(schema(name)) for name in ("grapnel", "subscription")}


class Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, as editors and grapnel have it: no dates, and `yes` is a text."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in rules if not tag.endswith(("timestamp", "bool"))]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def validator(path):
    """By the modeline of an example; else by what the file holds."""
    text = path.read_text()
    line = re.match(r"# yaml-language-server: \$schema=(.+)\n", text)
    if line:
        return VALIDATORS[(path.parent / line[1]).resolve().relative_to(SCHEMAS).name.split(".")[0]]
    return VALIDATORS["grapnel" if re.search(r"^kafka:", text, re.M) else "subscription"]


def is_another_kind(branch):
    """Is this alternative for another kind of value than the one that is there?"""
    return any(not e.relative_path and e.validator in ("type", "enum", "pattern", "minimum", "maximum") for e in branch)


def leaves(error):
    """What is wrong: of several alternatives, in the one that is meant."""
    branches = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [branch for branch in branches.values() if not is_another_kind(branch)]
    return [leaf for branch in meant for inner in branch for leaf in leaves(inner)] or [error]


def lines(root):
    """Two maps of a path in the document: to the line of its key, and of its value."""
    keys, values = {}, {}

    def walk(node, place):
        values[place] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                keys[*place, key.value] = key.start_mark.line + 1
                walk(value, (*place, key.value))
        elif isinstance(node, yaml.SequenceNode):
            for i, item in enumerate(node.value):
                walk(item, (*place, i))

    walk(root, ())
    return keys, values


def wrong_keys(leaf):
    """Names that the complaint is about."""
    if leaf.validator == "additionalProperties":
        return set(leaf.instance) - set(leaf.schema.get("properties", {}))
    return {leaf.instance} if "propertyNames" in leaf.absolute_schema_path else set()


def complaints(path):
    """Lines that the schema finds something wrong in."""
    root = yaml.compose(path.read_text(), Loader)
    if root is None:
        return {1}
    keys, values = lines(root)
    found = set()
    for error in validator(path).iter_errors(yaml.load(path.read_text(), Loader)):
        for leaf in leaves(error):
            place = tuple(leaf.absolute_path)
            found |= {keys[*place, key] for key in wrong_keys(leaf)} or {values[place]}
    return found


@pytest.mark.parametrize("name", VALIDATORS)
def test_they_are_schemas(name):
    jsonschema.Draft7Validator.check_schema(schema(name))


def test_every_example_names_its_schema_and_is_fine():
    assert len(EXAMPLES) > 4
    for path in EXAMPLES:
        assert path.read_text().startswith("# yaml-language-server: $schema="), path
        assert complaints(path) == set(), path


@pytest.mark.parametrize("name", ["complete.yaml", "good/a.yaml", "good/b.yaml"])
def test_they_take_what_check_takes(name):
    assert complaints(DATA / name) == set()


# Lines in which only `check` can tell: names given twice, files that aren't there, what another key says.
ONLY_CHECK = {
    "settings.yaml": {24},
    "subscriptions.yaml": {5, 6, 7, 10, 11, 13},
    "tokens.yaml": {1, 2},
    "broken/a.yaml": {14},
    "broken/b.yaml": set(),
    "broken/c.yaml": set(),
    "broken/e.yaml": set(),
    "broken/f.yaml": set(),
    "secrets.yaml": None,  # most of it is in ${env:}
}


def told(name):
    """The lines in which `check` finds mistakes, by the file of what it is expected to say."""
    expected = (DATA / f"{name.split('/')[0]}").with_suffix(".expected")
    if "/" in name:
        expected = DATA / "subscriptions.expected"
    return {int(line) for line in re.findall(rf"^{re.escape(name)}:(\d+):", expected.read_text(), re.M)}


@pytest.mark.parametrize("name", ONLY_CHECK)
def test_they_refuse_nothing_but_mistakes(name):
    assert complaints(DATA / name) <= told(name)


@pytest.mark.parametrize("name", [n for n, only in ONLY_CHECK.items() if only is not None])
def test_they_find_all_that_can_be_told_by_looking(name):
    assert told(name) - complaints(DATA / name) == ONLY_CHECK[name]


TEXT = {"a": "{{ .a }}", "b": "${env:B}"}


def subscription(**keys):
    return {"subscriptions": [{"name": "s", "topics": ["t"], "request": {"url": "https://h/"}, **keys}]}


@pytest.mark.parametrize("keys, fine", [
    ({}, True),
    ({"topics": ["^a.*", "${env:TOPIC}"], "events": ["a.*"], "format": "json"}, True),
    ({"request": {"url": "${env:URL}", "query": TEXT, "headers": TEXT, "gzip": "1KiB"}}, True),
    ({"request": {"url": "https://h/{{{ .a }}}", "body": {"json": [1, {"a": None}]}}}, True),
    ({"request": {"url": "https://h/", "body": {"xml": {"a": {"b": [1, None]}}}}}, True),
    ({"request": {"url": "https://h/", "body": {"cloudevents": {"mode": "binary", "source": "/s"}}}}, True),
    ({"delivery": {"timeout": "${env:T}", "in_flight": "${env:N}", "http": 1.1, "success": ["2xx", 302]}}, True),
    ({"delivery": {"http": "2", "breaker": {"failures": 3}, "rate": None}, "tls": {"min_version": 1.3}}, True),
    ({"sign": {"secrets": ["${file:/run/secrets/key}"]}}, True),  # the style may be in defaults
    ({"topics": []}, False),
    ({"topcis": ["a"]}, False),
    ({"request": {"url": "ftp://h/"}}, False),
    ({"request": {"url": "{{ .url }}"}}, False),
    ({"request": {"url": "https://h/", "method": "HEAD"}}, False),
    ({"request": {"url": "https://h/", "headers": {"a b": "c"}}}, False),
    ({"request": {"url": "https://h/", "body": {"xml": {"a": 1, "b": 2}}}}, False),
    ({"request": {"url": "https://h/", "body": {"xml": {"a": [1]}}}}, False),
    ({"request": {"url": "https://h/", "body": {"json": 1, "text": "a"}}}, False),
    ({"request": {"url": "https://h/", "body": {"cloudevents": {"source": "/s"}}}}, False),
    ({"request": {"url": "https://h/", "forward_headers": "x"}}, False),
    ({"delivery": {"timeout": 10}}, False),
    ({"delivery": {"in_flight": 0}}, False),
    ({"delivery": {"retry": {"jitter": "120%"}}}, False),
    ({"sign": {"style": "none", "secrets": ["a"]}}, False),
])
def test_what_they_say_of_a_subscription(keys, fine, tmp_path):
    """And check says the same, where it has nothing to expand."""
    one = subscription(**keys)
    assert VALIDATORS["subscription"].is_valid(one) == fine
    whole = {"kafka": {"bootstrap.servers": "h"}, **one}
    assert VALIDATORS["grapnel"].is_valid(whole) == fine
    if "${" not in json.dumps(keys):
        (tmp_path / "grapnel.yaml").write_text(yaml.safe_dump(whole))
        done = program.command("check", "-c", tmp_path / "grapnel.yaml")
        assert (done.returncode == 0) == fine, done.stderr.decode()

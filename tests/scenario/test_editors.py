"""The JSON Schema: what editors know, and what shipped files conform to."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from sim import documents
from sim.errors import InputError
from sim.scenario import Scenario, json_schema, load

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SCHEMA = json_schema()
EDITOR = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
RIGHT = [*SHIPPED, *sorted((HERE / "right").glob("*.yaml"))]


def told(data):
    """Where an editor underlines something."""
    return {".".join(map(str, error.absolute_path)) for error in EDITOR.iter_errors(data)}


def nodes(schema):
    """All schemas in a schema."""
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            yield from () if key == "examples" else nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


def data(name="support-bot"):
    return documents.read(HERE / "right" / f"{name}.yaml").data


def test_it_is_a_schema_of_draft_7():
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    for node in nodes(SCHEMA):
        assert not {"prefixItems", "$defs", "$dynamicRef", "unevaluatedProperties", "dependentRequired"} & set(node)
        assert node.get("type") != "null" and node.get("default", "") is not None
        if "$ref" in node:
            # Draft 7 does not look at what stands beside a reference.
            assert len(node) == 1 and node["$ref"].rpartition("/")[2] in SCHEMA["definitions"]
        if isinstance(node.get("pattern"), str):
            re.compile(node["pattern"])


def test_the_committed_file_is_what_the_command_prints():
    text = (ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8")
    assert text == json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n", "sim schema > scenarios/schema.json"


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_right_files_conform(path):
    assert told(documents.read(path).data) == set()
    again = load(path).model_dump(mode="json", exclude_unset=True)
    assert told(again) == set()
    whole = load(path).model_dump(mode="json", exclude_none=True)
    assert told(whole) == set()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_name_the_schema(path):
    assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")


def test_examples_and_defaults_conform_to_what_they_are_of():
    count = 0
    for node in nodes(SCHEMA["definitions"]):
        for value in [*node.get("examples", ()), *([node["default"]] if "default" in node else [])]:
            one = EDITOR.evolve(schema={**node, "definitions": SCHEMA["definitions"]})
            assert not list(one.iter_errors(value)), (node, value)
            count += 1
    assert count > 40


def test_defaults_are_those_of_the_models_as_a_person_writes_them():
    fields = SCHEMA["definitions"]["Scenario"]["properties"]
    assert {key: field["default"] for key, field in fields.items() if "default" in field} == {
        "warmup": "0 s", "drain": "1 day", "seed": 0, "replications": 8, "prices": "list-2026"}
    assert SCHEMA["definitions"]["Workload"]["properties"]["memory"]["default"] == "256 MiB"


@pytest.mark.parametrize(("change", "where"), [
    ({"horizon": "4 moons"}, "horizon"), ({"month": "2026-13"}, "month"), ({"horizn": 1}, ""),
    ({"deployments": {}}, "deployments"), ({"name": "A B"}, "name"), ({"as_of": "soon"}, "as_of"),
    ({"deployments": {"a": {"queue": -1}}}, "deployments.a.queue"), ({"seed": "1"}, "seed"),
    ({"deployments": {"a": {"vcpu": "two"}}}, "deployments.a.vcpu"), ({"expect": [3]}, "expect.0"),
    ({"axes": {"workload.agents": []}}, "axes.workload.agents"), ({"axes": [1]}, "axes"),
    ({"axes": {"load": {"path": "workload.agents"}}}, "axes.load"), ({"drain": 5}, "drain"),
    ({"workload": {"agents": 1, "arrivals": {"poisson": {"rate": "4/h"}, "renewal": {"gap": "1 s"}}}},
     "workload.arrivals"),
    ({"precision": {"overhead_s.p99": 5, "max_replications": 9}}, "precision.overhead_s.p99"),
])
def test_wrong_values_do_not_conform(change, where):
    assert told(data()) == set()
    assert told({**data(), **change}) == {where}


def test_a_missing_key_is_told_unless_the_file_extends_another():
    for key in ("name", "as_of", "month", "horizon", "workload", "deployments"):
        assert told({name: value for name, value in data().items() if name != key}) == {""}
    part = {"extends": "base.yaml", "workload": {"arrivals": {"poisson": {}}, "agents": 3}}
    assert told(part) == set()
    assert told({key: value for key, value in part.items() if key != "extends"}) == {"", "workload.arrivals.poisson"}


@pytest.mark.parametrize("wrong", [
    {"horizn": 1}, {"workload": {"agent": 3}}, {"workload": {"agents": "many"}},
    {"workload": {"arrivals": {"poisson": {"rate": "4/h"}, "renewal": {"gap": "1 s"}}}},
    {"workload": {"request": [{"llm": {"model": "small"}}]}}, {"deployments": {"a": {"concurrency": 0}}},
])
def test_what_an_extending_file_does_say_must_be_right(wrong):
    assert told({"extends": "base.yaml", **wrong})


def test_0_needs_no_unit():
    changed = data() | {"drain": 0}
    changed["deployments"]["suspend"]["idle_timeout"] = 0
    changed["workload"]["request"] = [{"wait": 0}, {"tool": {"cpu": 0, "wait": "1 s"}}]
    assert told(changed) == set()
    assert Scenario.model_validate(changed).drain == 0


WRONG = sorted((HERE / "wrong").glob("*.yaml"))


def test_an_editor_finds_many_of_the_wrong_files_wrong():
    """Not all: what depends on the catalogue, on other files or on two keys together is told by `sim validate`."""
    seen = 0
    for path in WRONG:
        try:
            seen += bool(told(documents.read(path).data))
        except InputError:
            seen += 1  # an editor says that it is not YAML
    assert seen >= len(WRONG) / 2

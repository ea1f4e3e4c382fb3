"""The schema: its JSON form for editors, its models in Python."""

import json
import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from sim.scenario.schema import Arrivals, Deployment, Expectation, Scenario, Step

RIGHT = Path(__file__).parent / "right"
SCHEMA = Scenario.model_json_schema()


def nodes(schema):
    """All mappings of a schema."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from nodes(value)


def conforms(value, schema):
    """Whether a value conforms to a schema, by the part of draft 7 that is used here."""
    if "$ref" in schema:
        return conforms(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema and not any(conforms(value, one) for one in schema["anyOf"]):
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    kinds = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, kinds[kind]) for kind in types):
        return False
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return False
    if isinstance(value, (int, float)) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return False
    if isinstance(value, list):
        enough = len(value) >= schema.get("minItems", 0)
        return enough and all(conforms(item, schema.get("items", {})) for item in value)
    if isinstance(value, dict):
        return conforms_as_object(value, schema)
    return True


def conforms_as_object(value, schema):
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        return False
    if any(key not in value for key in schema.get("required", [])):
        return False
    patterns = schema.get("patternProperties", {})
    for key, item in value.items():
        known = [one for pattern, one in patterns.items() if re.search(pattern, key)]
        known += [schema["properties"][key]] if key in schema.get("properties", {}) else []
        if not known and schema.get("additionalProperties") is False:
            return False
        if not all(conforms(item, one) for one in known):
            return False
    return True


def test_the_json_schema_is_what_editors_of_draft_7_know():
    json.dumps(SCHEMA)
    for node in nodes(SCHEMA):
        assert not {"prefixItems", "$dynamicRef", "unevaluatedProperties", "dependentRequired"} & set(node)
        assert node.get("type") != "null" and node.get("default", "") is not None
        if "$ref" in node:
            assert node["$ref"].rpartition("/")[2] in SCHEMA["$defs"]
        if isinstance(node.get("pattern"), str):
            re.compile(node["pattern"])


@pytest.mark.parametrize("path", sorted(RIGHT.glob("*.yaml")), ids=lambda path: path.stem)
def test_good_files_conform_to_the_json_schema(path):
    data = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
    again = Scenario.model_validate(typed(data)).model_dump(mode="json", exclude_unset=True)
    assert conforms(typed(data), SCHEMA) and conforms(again, SCHEMA)


def typed(data):
    """YAML's numbers and truths in data that was read as text."""
    if isinstance(data, dict):
        return {key: typed(value) for key, value in data.items()}
    if isinstance(data, list):
        return [typed(value) for value in data]
    if data in ("true", "false"):
        return data == "true"
    return int(data) if re.fullmatch(r"\d+", data) else float(data) if re.fullmatch(r"\d+\.\d+", data) else data


@pytest.mark.parametrize("change", [
    {"horizon": "4 moons"}, {"month": "2026-13"}, {"horizn": 1}, {"deployments": {}}, {"name": "A B"},
    {"deployments": {"a": {"queue": -1}}}, {"deployments": {"a": {"vcpu": "two"}}}, {"expect": [3]}, {"seed": "1"},
    {"workload": {"agents": 1, "arrivals": {"poisson": {"rate": "4/h"}, "renewal": {"gap": "1 s"}}}},
])
def test_wrong_values_do_not_conform(change):
    data = typed(yaml.load((RIGHT / "support-bot.yaml").read_text(), Loader=yaml.BaseLoader))
    assert conforms(data, SCHEMA) and not conforms({**data, **change}, SCHEMA)


def test_every_field_is_described():
    fields = [(name, *field) for name, model in SCHEMA["$defs"].items() for field in model["properties"].items()]
    undescribed = [(name, field) for name, field, node in fields
                   if "description" not in node and "$ref" not in node and field not in ("weekly",)]
    assert undescribed == []


def test_models_are_frozen_and_refuse_unknown_keys():
    step = Step.model_validate({"wait": "5 s"})
    with pytest.raises(ValidationError):
        step.wait = None
    with pytest.raises(ValidationError, match="unknown key `wiat`; did you mean `wait`"):
        Step.model_validate({"wiat": "5 s"})


def test_models_are_made_in_python_too():
    assert Deployment(platform="x/y", size=None).given == {"platform": "x/y"}
    arrivals = Arrivals.model_validate({"weekly": {"a": {"when": "mon-sun", "rate": "1/h"}}})
    assert Arrivals(weekly=arrivals.weekly) == arrivals
    with pytest.raises(ValidationError, match="a step can have only one of `tool` and `wait`"):
        Step.model_validate({"tool": {"cpu": "1 s"}, "wait": "1 s"})
    with pytest.raises(ValidationError, match="contradicts it"):
        Deployment(instances=3, min_instances=1)
    expectation = Expectation(that="a < b")
    data = typed(yaml.load((RIGHT / "support-bot.yaml").read_text(), Loader=yaml.BaseLoader))
    assert Scenario.model_validate({**data, "expect": ["a < b", expectation]}).expect == (expectation, expectation)


def test_all_flaws_of_a_model_are_told_at_once():
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate({"name": "x", "deployments": {"a": {"instances": 1, "max_instances": 0, "vcpus": 2}},
                                 "reference": "b", "workload": {"agents": 0, "arrivals": {"poisson": {"rate": "4"}}}})
    places = {".".join(str(key) for key in one["loc"]) for one in caught.value.errors()}
    assert places == {"as_of", "month", "horizon", "reference", "workload", "workload.agents",
                      "workload.arrivals.poisson.rate", "deployments.a", "deployments.a.max_instances",
                      "deployments.a.vcpus"}

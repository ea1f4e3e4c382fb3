"""The JSON Schema of scenario files: what editors complete and check them by. Draft 7 is what they know."""

from __future__ import annotations

from typing import Any

from sim.documents import Source, compose
from sim.scenario.schema import Scenario

_DRAFT = "http://json-schema.org/draft-07/schema#"
_PART = "Part"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file.

    A file that extends another may leave out what the other says, so of that nothing is required but that what is
    there is right.
    """
    whole = Scenario.model_json_schema(ref_template="#/definitions/{model}")
    definitions = whole.pop("$defs")
    definitions["Scenario"] = whole
    _add_part("Scenario", definitions)
    return {
        "$schema": _DRAFT,
        "title": "Scenario",
        "description": whole["description"],
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {"$ref": f"#/definitions/Scenario{_PART}"},
        "else": {"$ref": "#/definitions/Scenario"},
        "definitions": {name: _finished(definitions[name]) for name in sorted(definitions)},
    }


def _add_part(name: str, definitions: dict[str, Any]) -> str:
    """Add the definition of a part of something; return its name, which is the old one where there is no difference."""
    old = definitions[name]
    new = _loosened(old, definitions)
    if new == old:
        return name
    definitions[f"{name}{_PART}"] = new
    return f"{name}{_PART}"


def _loosened(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of which keys may be missing, there and in the mappings below. Lists are replaced as a whole."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return {**node, "$ref": node["$ref"].removesuffix(name) + _add_part(name, definitions)}
    loose = {key: value for key, value in node.items() if key not in ("required", "minProperties", "oneOf")}
    if "oneOf" in node:  # one of them at most
        loose["anyOf"] = [{"not": {"anyOf": node["oneOf"]}}, {"oneOf": node["oneOf"]}]
    for inner in ("properties", "patternProperties"):
        if inner in loose:
            loose[inner] = {key: _loosened(value, definitions) for key, value in loose[inner].items()}
    return loose


def _finished(node: Any) -> Any:
    """Put references apart from what stands beside them, which draft 7 would not look at; read examples as YAML."""
    if isinstance(node, list):
        return [_finished(one) for one in node]
    if not isinstance(node, dict):
        return node
    inner = {key: _finished(value) for key, value in node.items()}
    if isinstance(inner.get("examples"), list):
        inner["examples"] = [_read(example) for example in inner["examples"]]
    if "$ref" in inner and len(inner) > 1:
        return {"allOf": [{"$ref": inner.pop("$ref")}], **inner}
    return inner


def _read(example: Any) -> Any:
    tree = compose(example, Source("example", (example,))) if isinstance(example, str) else None
    return example if tree is None else tree.data

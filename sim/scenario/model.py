"""The base of the schema's models: all that is wrong is told at once, in plain words.

Pydantic stops at the first level that fails: what a model checks about several of its keys together is not looked at
while one of them is wrong. Here such checks read the keys as they were written, run beside pydantic's own, and both
lists are reported. Every error of a model is a `Flaw`, which knows its place and the fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, InitErrorDetails, core_schema

from sim.documents import Flaw
from sim.errors import AdvisedError, choose, quoted

Value = TypeVar("Value")

ONE: Final = {"minProperties": 1, "maxProperties": 1}
"""JSON Schema of a mapping with exactly one key."""

Raw = Mapping[str, Any]
"""Keys of a model as they were written, or values that are models already."""

_BOUNDS = {"greater_than": ("small", "above", "gt"), "greater_than_equal": ("small", "of at least", "ge"),
           "less_than": ("large", "below", "lt"), "less_than_equal": ("large", "of at most", "le")}  # fmt: skip

_NEEDS_QUOTES = re.compile(r"^[\s*&!|>'%@`?#-]|[\[\]{},]|: | #|[:\s]$")
"""Texts that mean something else in YAML, as they stand or within braces."""

_WANTED = {"int": "a whole number", "float": "a number", "string": "text",
           "tuple": "a list", "dict": "a mapping"}  # fmt: skip


class DraftSeven(GenerateJsonSchema):
    """JSON Schema as editors know it. An absent key is left out rather than written as null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Leave null out."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Write defaults as a person does; leave null out, and what is empty."""
        default, inner = schema.get("default"), self.generate_inner(schema["schema"])
        written = schema["schema"].get("serialization", {})
        if default in (None, "", ()):
            return inner
        shown = written["function"](default) if written.get("type") == "function-plain" else default
        return {**inner, "default": shown}

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave titles out: they would only repeat the keys."""
        return False


class Model(BaseModel):
    """Frozen; refuses keys it does not know; tells all that is wrong at once."""

    written: ClassVar[str] = ""
    """An example of it as a whole, where its keys alone do not say enough."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True)

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say what is wrong between the keys. Values may be anything; what a field says itself is not repeated."""
        return iter(())

    @classmethod
    def beneath(cls, given: Mapping[str, Value], own: Raw) -> dict[str, Value]:
        """Say what is left of keys when others are put over them.

        Parameters
        ----------
        given : mapping
            Keys that were given before.
        own : mapping
            Keys put over them, as they were written. They replace those of the same name, and all that say the same
            in another way.
        """
        return dict(given)

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the JSON Schema, by default as `DraftSeven` writes it; see `pydantic.BaseModel`."""
        return super().model_json_schema(*args, **{"schema_generator": DraftSeven, **kwargs})

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[Any]) -> Any:
        found = list(cls.flaws(data)) if isinstance(data, Mapping) else []
        try:
            made = handler(data)
        except ValidationError as error:
            found += [flaw for one in error.errors(include_url=False) if (flaw := cls._flaw(one)) is not None]
        if not found:
            return made
        raise ValidationError.from_exception_data(cls.__name__, [
            InitErrorDetails(type="value_error", loc=flaw.place, input=None, ctx={"error": flaw}) for flaw in found
        ])

    @classmethod
    def _keys_for(cls, value: Any) -> str:
        """Say what to write where a value stands instead of keys."""
        if cls.written:
            return f"write for example {quoted(cls.written)}"
        needed = [name for name, field in cls.model_fields.items() if field.is_required()]
        if len(needed) == 1 and not isinstance(value, (Mapping, list, tuple)):
            return f"write {quoted(f'{{{needed[0]}: {_yaml(value)}}}')}"
        return f"write below it: {', '.join(cls.model_fields)}"

    @classmethod
    def _flaw(cls, one: ErrorDetails) -> Flaw | None:
        """Turn an error of pydantic into one that says what to do."""
        place, kind, value = one["loc"], one["type"], one["input"]
        cause = one.get("ctx", {}).get("error")
        if isinstance(cause, Flaw):
            return Flaw(place, cause.message, cause.fix, cause.at_key)
        if isinstance(cause, AdvisedError):
            return Flaw(place, cause.message, cause.fix)
        if cause is not None:
            return Flaw(place, str(cause), "")
        if kind == "too_short" and len(value) > 0:
            return None  # pydantic counts only what is right
        if not place:
            return Flaw(place, f"this is {_kind(value)}, but keys belong here", cls._keys_for(value))
        if place[-1] == "[key]":
            return Flaw(place[:-1], *_no_name(str(place[-2])), at_key=True)
        if kind == "extra_forbidden":
            fix = choose(str(place[-1]), cls.model_fields)
            return Flaw(place, f"unknown key {quoted(place[-1])}", fix, at_key=True)
        example = _example(cls, str(place[0]))
        if kind == "missing":
            if "," in example and example[0] not in "\"[{":
                example = f'"{example}"'
            add = (f"add for example `{place[-1]}: {example}`" if example
                   else f"add `{place[-1]}:` and what belongs below it")
            return Flaw(place, f"{quoted(place[-1])} is missing", add, at_key=True)
        if kind == "literal_error":
            known = re.findall(r"'([^']*)'", one.get("ctx", {})["expected"])
            return Flaw(place, f"`{place[-1]}` cannot be {quoted(_yaml(value))}", choose(str(value), known))
        return Flaw(place, *_plainly(kind, value, one.get("ctx", {}), example, one["msg"]))


def flaws_of(error: ValidationError) -> list[Flaw]:
    """Return what is wrong with the outermost model, each with its place from there."""
    causes = ((one["loc"], one["ctx"]["error"]) for one in error.errors(include_url=False))
    return [Flaw(place, cause.message, cause.fix, cause.at_key) for place, cause in causes]


def one_of(
    model: type[Model], raw: Raw, what: str, fix: str, example: str, keys: Sequence[str] = ()
) -> Iterator[Flaw]:
    """Yield a flaw unless exactly one of a model's keys is given, or of some of them."""
    known = list(keys or model.model_fields)
    given = [key for key in raw if key in known and raw[key] is not None]
    if len(given) > 1:
        both = " and ".join(quoted(key) for key in given)
        yield Flaw((given[1],), f"{what} can have only one of {both}", fix, at_key=True)
    if not given and not any(key not in model.model_fields for key in raw):
        one_of = ", ".join(quoted(key) for key in known)
        yield Flaw((), f"{what} must have one of {one_of}", f"add for example `{example}`", at_key=True)


def keys_of(value: Any) -> dict[str, Any]:
    """Return the keys of a mapping or model that were given a value; none of anything else."""
    pairs: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, Mapping) else ()
    if isinstance(value, Model):
        # In the order of the schema: a set has another order in each process.
        pairs = ((key, getattr(value, key)) for key in type(value).model_fields if key in value.model_fields_set)
    return {str(key): one for key, one in pairs if one is not None}


def _plainly(kind: str, value: Any, context: Mapping[str, Any], example: str, otherwise: str) -> tuple[str, str]:
    """Return message and fix for an error about one value."""
    wanted = _WANTED.get(kind.split("_")[0])
    write = f"write for example `{example}`" if example else f"write {wanted or 'another value'}"
    if kind in _BOUNDS:
        too, words, key = _BOUNDS[kind]
        return f"{quoted(_yaml(value))} is too {too}", f"write a number {words} {context[key]}"
    if kind == "string_pattern_mismatch":
        return _no_name(value)
    if kind in ("too_short", "string_too_short"):
        return "there is nothing in here", "give one at least" if kind == "too_short" else write
    if kind == "finite_number":
        return f"{quoted(_yaml(value))} is not a finite number", write
    if kind.startswith("bool"):
        return f"{quoted(_yaml(value))} is neither true nor false", "write `true` or `false`"
    if wanted is None:
        return f"{quoted(_yaml(value))}: {otherwise}", write
    if wanted == "text" and not isinstance(value, (Mapping, list, tuple)):
        return f"{quoted(_yaml(value))} is {_kind(value)}, not text", f'put quotes around it: `"{_yaml(value)}"`'
    if wanted in ("a whole number", "a number") and isinstance(value, str) and re.fullmatch(r"-?[0-9.]+", value):
        return f"{quoted(value)} is text, not {wanted}", f"leave the quotes out: `{value}`"
    if wanted == "a list":
        return f"this is {_kind(value)}, not a list", "put `- ` before each item"
    if wanted == "a mapping":
        return f"this is {_kind(value)}, but keys belong here", "write `key: value` lines below it"
    return (f"this is {_kind(value)}, not {wanted}" if isinstance(value, (Mapping, list, tuple))
            else f"{quoted(_yaml(value))} is not {wanted}"), write


def _no_name(name: str) -> tuple[str, str]:
    better = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    rule = "small letters, digits and hyphens"
    return f"{quoted(name)} cannot be a name: names have {rule}", f"write `{better}`" if better else f"use {rule}"


def _example(model: type[BaseModel], key: str) -> str:
    field = model.model_fields.get(key)
    return str(field.examples[0]) if field is not None and field.examples else ""


def _kind(value: Any) -> str:
    """Name the kind of a value as a person would."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, (list, tuple)) else "a mapping" if isinstance(value, Mapping) else "empty"


def _yaml(value: Any) -> str:
    """Write a scalar as the file has it, so that it can be read again, also within braces."""
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    text = str(value)
    return f'"{text}"' if isinstance(value, str) and _NEEDS_QUOTES.search(text) else text

"""Reading a YAML file of the catalogue: every mistake in it is told with its line and column.

Plain scalars become numbers, true, false or nothing only when they are written so; anything else, ``5:30``, ``no``
and dates included, stays text. A key may not occur twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from sim.errors import AdvisedError, InputError, Problem, choose, quoted

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str | int, ...]
"""Keys and indices that lead to a value."""

_INTEGER = re.compile(r"[-+]?\d+")
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][-+]?\d+)")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_DEEPEST = 30
_MOST = 50_000
# libyaml's composer where the wheel has it: about ten times as fast, and the same nodes.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a key or value is written: line and column from 1, and how many characters it takes."""

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True)
class Document:
    """A file that has been read, not yet validated.

    Attributes
    ----------
    name : str
        The file, as it is told to the reader.
    lines : tuple of str
    data : object
        What the file says: dicts, lists and scalars.
    values, keys : dict
        Where each value and each key is, by its place.
    """

    name: str
    lines: tuple[str, ...]
    data: Any
    values: dict[Place, Mark] = field(repr=False)
    keys: dict[Place, Mark] = field(repr=False)

    def problem(self, place: Place, message: str, fix: str = "", at_key: bool = False) -> Problem:
        """Return a problem with a value, or with its key, at the nearest place that the file has."""
        known = next((place[:n] for n in range(len(place), -1, -1) if place[:n] in self.values), ())
        # The caret goes to the key, too, where the value is a block of lines.
        mark = self.values.get(known, Mark(1, 1))
        if known in self.keys and (at_key or mark.line != self.keys[known].line):
            mark = self.keys[known]
        source = self.lines[mark.line - 1] if mark.line <= len(self.lines) else None
        return Problem(self.name, mark.line, mark.column, message, fix, source, mark.width)


def read(path: Path) -> Document:
    """Read a YAML file whose top is a mapping.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Document

    Raises
    ------
    InputError
        The file cannot be read, is not YAML, is not a mapping, or has a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError([Problem(str(path), 0, 0, f"cannot be read: {error}")]) from error
    lines = tuple(text.splitlines())
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        line, column = (at.line + 1, at.column + 1) if at else (1, 1)
        source = lines[line - 1] if line <= len(lines) else None
        raise InputError([Problem(str(path), line, column, f"not YAML: {error.problem}", "", source)]) from error
    reader = _Reader(str(path), lines)
    data = reader.value(root, ()) if root is not None else {}
    document = Document(str(path), lines, data, reader.values, reader.keys)
    if reader.problems:
        raise InputError(reader.problems)
    if not isinstance(data, dict):
        raise InputError([document.problem((), "the file is not a mapping", "write `key: value` lines")])
    return document


def validate(
    model: type[Model], data: Any, document: Document, places: Mapping[str, Place] | Place = (), **context: Any
) -> Model:
    """Make a model of a part of a document.

    Parameters
    ----------
    model : type
        A pydantic model.
    data : object
        The part.
    document : Document
        Where it comes from.
    places : tuple, or dict of str to tuple
        Where the part is in the document; or, for a part that was put together, where each of its keys is, and under
        the empty key where to say that one is missing.
    **context : object
        Handed to the validators of the model.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        Everything that is wrong in the part.
    """
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        problems = []
        for one in error.errors(include_url=False):
            place = _place(one["loc"], places)
            message, fix = _told(one, model)
            problems.append(document.problem(place, message, fix, at_key=one["type"] == "extra_forbidden"))
        raise InputError(problems) from error


def _place(where: Place, places: Mapping[str, Place] | Place) -> Place:
    if isinstance(places, tuple):
        return places + where
    if where and where[0] in places:
        return places[str(where[0])] + where[1:]
    return places.get("", ()) + where


def _told(one: Any, model: type[BaseModel]) -> tuple[str, str]:
    """Say what is wrong, and what to write instead, for one error of pydantic."""
    kind, where, context = one["type"], one["loc"], one.get("ctx", {})
    if kind == "missing":
        return f"{quoted(where[-1])} is missing", f"add `{where[-1]}:`"
    if kind == "extra_forbidden":
        return f"unknown key {quoted(where[-1])}", choose(str(where[-1]), _fields(model, where[:-1]))
    if kind in ("literal_error", "enum"):
        return f"{quoted(one['input'])} is not possible here", f"write {context['expected']}"
    if kind.startswith("int_"):
        return f"{quoted(one['input'])} is not a whole number", "write such as `20`"
    cause = context.get("error")
    if isinstance(cause, AdvisedError):
        return cause.message, cause.fix
    return str(cause) if cause is not None else f"{quoted(one['input'])}: {one['msg']}", ""


def _fields(annotation: Any, where: Place) -> list[str]:
    """List the keys that a model knows at a place."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not where:
            return list(annotation.model_fields)
        found = annotation.model_fields.get(str(where[0]))
        return _fields(found.annotation, where[1:]) if found else []
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _fields(parts[0], where)
    if origin in (dict, list, tuple) and where:
        return _fields(parts[1] if origin is dict else parts[0], where[1:])
    return [key for part in parts if part is not type(None) for key in _fields(part, where)]


class _Reader:
    """Turns nodes to values and notes where they are."""

    def __init__(self, name: str, lines: tuple[str, ...]) -> None:
        self.name, self.lines = name, lines
        self.values: dict[Place, Mark] = {}
        self.keys: dict[Place, Mark] = {}
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, place: Place) -> Any:
        """Return the value of a node; what is wrong below it goes to `problems`."""
        self.values[place] = _mark(node)
        if len(place) > _DEEPEST:
            self.refuse(node, "nested too deeply", "an alias must not contain itself")
            return None
        if len(self.values) > _MOST:
            self.refuse(node, f"the file has more than {_MOST} values", "aliases repeat what they name: name less")
            raise InputError(self.problems)
        if isinstance(node, yaml.MappingNode):
            return dict(self.pairs(node, place))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]
        # A plain scalar has the style None in PyYAML's composer and "" in libyaml's.
        return _scalar(str(node.value), plain=isinstance(node, yaml.ScalarNode) and not node.style)

    def pairs(self, node: yaml.MappingNode, place: Place) -> Iterator[tuple[Any, Any]]:
        """Go through the keys of a mapping."""
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.refuse(key_node, "a key must be a word", "")
                continue
            key = key_node.value
            if key in seen:
                self.refuse(key_node, f"the key {quoted(key)} is here twice", "keep one of them")
                continue
            seen.add(key)
            self.keys[(*place, key)] = _mark(key_node)
            yield key, self.value(value_node, (*place, key))

    def refuse(self, node: yaml.Node, message: str, fix: str) -> None:
        """Note a problem at a node."""
        mark = _mark(node)
        self.problems.append(
            Problem(self.name, mark.line, mark.column, message, fix, self.lines[mark.line - 1], mark.width)
        )


def _mark(node: yaml.Node) -> Mark:
    start, end = node.start_mark, node.end_mark
    width = end.column - start.column if end.line == start.line else 1
    return Mark(start.line + 1, start.column + 1, max(1, width))


def _scalar(text: str, plain: bool) -> str | int | float | bool | None:
    if not plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text

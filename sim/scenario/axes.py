"""Axes: values of a scenario that are varied. Each combination of their values is a case.

::

    axes:
      deployments.suspend.idle_timeout: [1 min, 5 min, 15 min]     # a path and its values
      load: {path: workload.arrivals.poisson.rate, values: [1/h, 4/h]}   # the same under a name of one's own
      shape:                                                       # values with names of their own
        path: workload.arrivals
        values: {even: {poisson: {rate: 4/h}}, regular: {renewal: {gap: 15 min}}}

Cases come in the order of the file, the last axis changing fastest. An axis without a name of its own is called by the
last key of its path, or by as many of the last keys as tell it from the others. What the file says at the path is what
holds when axes are not looked at; a case differs from it by its settings alone, the luck is the same in all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

from sim.documents import Document, Flaw, Place, Tree
from sim.errors import choose, quoted
from sim.scenario import layers, paths
from sim.scenario.model import Model
from sim.scenario.paths import PathError

MAX_CASES = 200

SCHEMA = {
    "type": "object",
    "additionalProperties": {"anyOf": [
        {"type": "array", "minItems": 1, "description": "Values; the key is the path."},
        {"type": "object", "additionalProperties": False, "required": ["path", "values"], "properties": {
            "path": {"type": "string", "description": "What is varied, such as `workload.agents`."},
            "values": {"type": ["array", "object"], "minItems": 1, "minProperties": 1,
                       "description": "Values that it takes: a list, or each behind a name."},
        }},
    ]},
}  # fmt: skip
"""JSON Schema of what a person writes."""

_KEYS = ("path", "values")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_NEVER = ("name", "extends", "axes")
_EXAMPLE = "`deployments.suspend.idle_timeout: [1 min, 5 min]`"


@dataclass(frozen=True, slots=True)
class Axis:
    """Something that is varied.

    Attributes
    ----------
    name : str
    path : str
        What is varied.
    values : tuple
        As they are written.
    where : tuple
        The place of the values in the file.
    names : tuple of str or None
        What the values are called, where they have names.
    """

    name: str
    path: str
    values: tuple[Any, ...]
    where: Place = field(compare=False, repr=False)
    names: tuple[str, ...] | None = None

    @property
    def labels(self) -> tuple[str | int | float | bool, ...]:
        """What settings say of the values: their names; else the values, those that are not scalars as text."""
        return self.names or tuple(map(_told, self.values))

    def place(self, index: int) -> Place:
        """Where one of the values stands."""
        return (*self.where, index if self.names is None else self.names[index])


@dataclass(frozen=True, slots=True)
class Settings:
    """What a case takes of each axis. As text: ``idle_timeout=5 min, load=4/h``.

    Attributes
    ----------
    pairs : tuple of (str, value)
        Names of axes and values as they are written; what is not a scalar, as text.
    """

    pairs: tuple[tuple[str, str | int | float | bool], ...] = ()

    @classmethod
    def of(cls, taken: Mapping[str, str | int | float | bool]) -> Settings:
        """Make them of what a summary says under ``case``."""
        return cls(tuple(taken.items()))

    def __str__(self) -> str:
        return ", ".join(f"{name}={word(value)}" for name, value in self.pairs)

    def __bool__(self) -> bool:
        return bool(self.pairs)


def read(raw: Any) -> tuple[Axis, ...]:
    """Return the axes that are written as they should be.

    Parameters
    ----------
    raw : object
        What is behind the key ``axes``; or axes.
    """
    if isinstance(raw, tuple):
        return raw
    found = [one for one in _entries(raw) if not list(_shape_flaws(one))]
    named = {one.key for one in found if not one.short}
    return tuple(Axis(_name(one, found, named), one.path, tuple(value for _, value in one.items), one.where,
                      tuple(one.values) if isinstance(one.values, Mapping) else None) for one in found)


def show(axes: Sequence[Axis]) -> dict[str, Any]:
    """Write axes as `read` reads them."""
    return {axis.name: {"path": axis.path, "values": list(axis.values) if axis.names is None
                        else dict(zip(axis.names, axis.values, strict=True))} for axis in axes}


def flaws(raw: Any, data: Mapping[str, Any], model: type[Model]) -> Iterator[Flaw]:
    """Say what is wrong with axes, but for their values themselves.

    Parameters
    ----------
    raw : object
        What is behind the key ``axes``.
    data : mapping
        The scenario as it was written.
    model : type
        What it is going to be.
    """
    if raw is not None and not isinstance(raw, (Mapping, tuple)):
        yield Flaw(("axes",), "axes are a path and its values each", f"write below it for example {_EXAMPLE}")
    places: dict[Place, _Entry] = {}
    for one in _entries(raw):
        wrong = list(_shape_flaws(one)) or list(_path_flaws(one, data, model))
        yield from wrong
        if not wrong:
            place = _place(one.path, data, model)
            yield from _clashes(one, place, places)
            places[place] = one
    if (cases := prod(len(axis.values) for axis in read(raw))) > MAX_CASES:
        yield Flaw(("axes",), f"the axes make {cases:,} cases, more than the {MAX_CASES} that one file may have",
                   "give them fewer values, or make files of parts of them", at_key=True)


def cases(document: Document, axes: Sequence[Axis], model: type[Model]) -> Iterator[tuple[Settings, Document]]:
    """Make the document of each case.

    Parameters
    ----------
    document : Document
        Of the scenario.
    axes : sequence of Axis
        Those of the document, without flaws.
    model : type
        What it is going to be.

    Yields
    ------
    Settings, Document
        Without axes; a value that an axis gives is where the axis has it.
    """
    base = layers.without(document.root, "axes")
    for chosen in product(*(range(len(axis.values)) for axis in axes)):
        root, pairs = base, []
        for axis, index in zip(axes, chosen, strict=True):
            value = layers.at(document.root, axis.place(index))
            steps = paths.find(paths.parse(axis.path), root.data, model)
            root = layers.put(root, steps, (value.mark,) * len(steps), value, model)
            pairs.append((axis.name, axis.labels[index]))
        yield Settings(tuple(pairs)), document.with_root(root)


def fixed(root: Tree, place: Place, model: type[Model]) -> Tree:
    """Take the axes over a place away."""
    data = root.data
    over = [axis for axis in read(data.get("axes")) if reaches(axis.path, data, model) == place]
    for axis in over:
        key = str(axis.where[1])
        left = layers.without(layers.at(root, ("axes",)), key)
        mark, _ = (root.keys or {})["axes"]
        step = paths.Step("axes", 0, 0)
        root = layers.put(root, (step,), (mark,), left, model)
    return root


def covers(raw: Any, place: Place, data: Any, model: type[Model]) -> str | None:
    """Return the path of an axis that replaces all of what a place is a part of."""
    for axis in read(raw):
        whole = reaches(axis.path, data, model)
        if whole is not None and len(whole) < len(place) and place[: len(whole)] == whole:
            return axis.path
    return None


def reaches(path: str, data: Any, model: type[Model]) -> Place | None:
    """Return the place that the path of an axis leads to; None where it leads nowhere."""
    try:
        return _place(path, data, model)
    except PathError:
        return None


@dataclass(frozen=True, slots=True)
class _Entry:
    """What is written of one axis; anything may be wrong with it."""

    key: str
    short: bool
    whole: Any
    path: Any
    values: Any
    where: Place

    @property
    def items(self) -> list[tuple[int | str, Any]]:
        """The values, each behind its number or its name."""
        return list(self.values.items() if isinstance(self.values, Mapping) else enumerate(self.values))

    def flaw(self, error: PathError) -> Flaw:
        """Say at its path what is wrong with that; what is meant, is the whole of it."""
        place: Place = ("axes", self.key) if self.short else ("axes", self.key, "path")
        meant, fix = re.fullmatch(r"did you mean `(.*)`\?", error.fix), error.fix
        if meant is not None:
            fix = f"did you mean {quoted(self.path[: error.start] + meant[1] + self.path[error.end :])}?"
        return Flaw(place, error.message, fix, at_key=self.short)


def _entries(raw: Any) -> Iterator[_Entry]:
    raw = show(raw) if isinstance(raw, tuple) else raw
    for key, value in raw.items() if isinstance(raw, Mapping) else ():
        if isinstance(value, Mapping):
            yield _Entry(key, False, value, value.get("path"), value.get("values"), ("axes", key, "values"))
        else:
            yield _Entry(key, True, value, key, value, ("axes", key))


def _shape_flaws(one: _Entry) -> Iterator[Flaw]:
    """Say what is wrong with how an axis is written."""
    place: Place = ("axes", one.key)
    if not one.short:
        if not _NAME.fullmatch(one.key):
            yield Flaw(place, f"{quoted(one.key)} cannot be the name of an axis",
                       "use letters, digits, hyphens and underscores", at_key=True)
        for other in one.whole:
            if other not in _KEYS:
                yield Flaw((*place, other), f"unknown key {quoted(other)}", choose(other, _KEYS), at_key=True)
        for key in _KEYS:
            if key not in one.whole:
                yield Flaw(place, f"`{key}` is missing", f"write such as {_EXAMPLE}", at_key=True)
    if one.short or "path" in one.whole:
        try:
            if not isinstance(one.path, str):
                raise PathError(0, 0, "this is not a path", "write such as `workload.agents`")
            paths.parse(one.path)
        except PathError as error:
            yield one.flaw(error)
    if one.short or "values" in one.whole:
        yield from _value_flaws(one)


def _value_flaws(one: _Entry) -> Iterator[Flaw]:
    if not isinstance(one.values, (list, Mapping)):
        yield Flaw(one.where, "this is not a list of values", f"write such as {_EXAMPLE}")
        return
    if not one.values:
        yield Flaw(one.where, "there is nothing in here", "give one value at least")
    for key, _ in one.items:
        if isinstance(key, str) and not _NAME.fullmatch(key):
            yield Flaw((*one.where, key), f"{quoted(key)} cannot be the name of a value",
                       "use letters, digits, hyphens and underscores", at_key=True)
    texts = [word(_told(value)) for _, value in one.items]
    for index, (key, _) in enumerate(one.items):
        if texts[index] in texts[:index]:
            yield Flaw((*one.where, key), f"{quoted(texts[index])} is here twice", "leave one of them out")


def _path_flaws(one: _Entry, data: Mapping[str, Any], model: type[Model]) -> Iterator[Flaw]:
    """Say whether the path of an axis leads nowhere, or to what cannot be varied."""
    try:
        place = _place(one.path, data, model)
    except PathError as error:
        yield one.flaw(error)
        return
    if place[0] in _NEVER:
        yield one.flaw(PathError(0, 0, f"`{place[0]}` cannot be varied", "vary the workload, or deployments"))


def _clashes(one: _Entry, place: Place, others: Mapping[Place, _Entry]) -> Iterator[Flaw]:
    for other, entry in others.items():
        shorter = min(len(place), len(other))
        if place[:shorter] == other[:shorter]:
            what = "the same as" if place == other else "a part of what" if place > other else "more than"
            message = f"{quoted(one.key)} varies {what} {quoted(entry.key)}{' does' if place != other else ''}"
            yield one.flaw(PathError(0, 0, message, "leave one of the axes out"))


def _place(path: str, data: Any, model: type[Model]) -> Place:
    return paths.place_of(paths.find(paths.parse(path), data, model))


def _name(one: _Entry, all_of_them: Sequence[_Entry], taken: Collection[str]) -> str:
    """Name an axis: by its key, or by as many of the last keys of its path as tell it from the others."""
    if not one.short:
        return one.key
    others = {end for other in all_of_them if other.short and other is not one for end in _ends(other.path)}
    return next(end for end in _ends(one.path) if end == one.path or not (end in others or end in taken))


def _ends(path: str) -> list[str]:
    """Return the ends of a path that begin with a key, shortest first."""
    return [path[step.start :] for step in reversed(paths.parse(path).steps) if isinstance(step.key, str)]


def _told(value: Any) -> str | int | float | bool:
    return value if isinstance(value, (str, int, float)) else json.dumps(value, ensure_ascii=False)


def word(value: object) -> str:
    """Write a value of an axis, or of a key, as a file does."""
    return str(value).lower() if isinstance(value, bool) else str(value)

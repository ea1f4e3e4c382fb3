"""Paths: how a value of a scenario is named, on the command line, in ``axes`` and in messages.

::

    workload.agents
    deployments.suspend.idle_timeout
    workload.request[1].loop.times
    prices

Grammar
-------
::

    path  = key { "." key | "[" index "]" }
    key   = what stands between points and brackets: letters, digits, hyphens, underscores
    index = digits; the first item of a list is [0]

Figures of a result are named in the same way, ``always-on.overhead_s.p99``: a deployment, and the keys that lead to the
figure in ``summary.json``.

What a path leads to
--------------------
The keys of a path are those of the file, from its top. A key that the file leaves out may be named as well: the value
is put where the default would stand. What has a name of the author's own, such as a deployment, must be there, unless
the path ends with it: then it is added. Points belong to a key where the file has such a key, and where figures are
keys: ``precision.overhead_s.p99``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from sim.documents import Place
from sim.errors import AdvisedError, choose, quoted
from sim.scenario.model import Model

_STEP = re.compile(r"\[(?P<index>[0-9]{1,6})\]|(?P<point>\.?)(?P<key>[^.\[\]=\s]+)")


class PathError(AdvisedError):
    """A path that cannot be read, or that leads nowhere.

    Parameters
    ----------
    start, end : int
        Which part of its text is wrong.
    message, fix : str
    """

    def __init__(self, start: int, end: int, message: str, fix: str) -> None:
        super().__init__(message, fix)
        self.start = start
        self.end = max(end, start + 1)


@dataclass(frozen=True, slots=True)
class Step:
    """A key or an index, and where it stands in the text of its path."""

    key: str | int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Path:
    """A path that has been read.

    Attributes
    ----------
    text : str
    steps : tuple of Step
        One at least.
    """

    text: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Path:
    """Read a path.

    Parameters
    ----------
    text : str
        Such as ``workload.request[1].loop.times``.

    Raises
    ------
    PathError
        It does not follow the grammar.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (found["key"] is not None and bool(found["point"]) != bool(steps)):
            raise PathError(at, at + 1, f"{quoted(text)} is no path: {quoted(text[at])} has no meaning here",
                            "write keys with points between them, such as `workload.request[1].loop.times`")
        key = int(found["index"]) if found["key"] is None else found["key"]
        steps.append(Step(key, found.start("key") if found["key"] else found.start(), found.end()))
        at = found.end()
    if not steps or isinstance(steps[0].key, int):
        raise PathError(0, 1, f"{quoted(text)} is no path: it begins with no key", "write such as `workload.agents`")
    return Path(text, tuple(steps))


def find(path: Path, data: Any, model: type[Model]) -> tuple[Step, ...]:
    """Follow a path into a scenario.

    Parameters
    ----------
    path : Path
    data : object
        The scenario as it was written.
    model : type
        What it is going to be: says which keys there are beside those that were written.

    Returns
    -------
    tuple of Step
        Keys and indices as the scenario has them: a key with points in it is one.

    Raises
    ------
    PathError
        It leads nowhere; with the nearest key that does.
    """
    annotation: Any = model
    steps: list[Step] = []
    left = list(path.steps)
    while left:
        data = {key: getattr(data, key) for key in data.model_fields_set} if isinstance(data, Model) else data
        step = _next(path, left, data, annotation)
        steps.append(step)
        annotation = below(annotation, step.key)
        there = step.key in data if isinstance(data, Mapping) else isinstance(data, (list, tuple))
        if left and not there:
            _refuse_below(path, left[0], annotation)
        data = data[step.key] if there else {}
    return tuple(steps)


def place_of(steps: tuple[Step, ...]) -> Place:
    """Return keys and indices without where they stand."""
    return tuple(step.key for step in steps)


def written(place: Place) -> str:
    """Return the text of a path to a place."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).removeprefix(".")


def _refuse_below(path: Path, step: Step, annotation: Any) -> None:
    """Refuse to go on from what is not written, unless it is going to have keys."""
    behind = path.text[: step.start].rstrip(".")
    if isinstance(step.key, int):
        raise PathError(step.start, step.end, f"there is no `{behind}` that has items",
                        f"give the whole value of `{behind}`")
    if model_of(annotation) is None and not any(get_origin(one) is dict for one in _alternatives(annotation)):
        raise PathError(step.start, step.end, f"`{behind}` has no keys", f"give the whole value of `{behind}`")


def _next(path: Path, left: list[Step], data: Any, annotation: Any) -> Step:
    """Take the next key or index from the steps that are left."""
    first, behind = left[0], path.text[: left[0].start].rstrip(".")
    if isinstance(data, (list, tuple)) or isinstance(first.key, int):
        left.pop(0)
        return _index(first, behind, data)
    if not isinstance(data, Mapping):
        raise PathError(first.start, first.end, f"`{behind}` is {quoted(data)}, which has no keys",
                        f"give the whole value of `{behind}`")
    joined = list(_joined(left))
    model = model_of(annotation)
    known = list(model.model_fields) if model is not None else []
    for step, taken in reversed(joined):
        if step.key in data:
            del left[:taken]
            return step
    if model is not None and first.key not in known and model.model_config.get("extra") == "allow":
        left.clear()
        return joined[-1][0]
    left.pop(0)
    if model is not None and first.key not in known:
        raise PathError(first.start, first.end, f"unknown key {quoted(first.key)}", choose(str(first.key), known))
    if model is None and left:
        fix = choose(str(first.key), data) if data else f"give the whole value of `{behind}`"
        raise PathError(first.start, first.end, f"there is no {quoted(first.key)} in `{behind}`", fix)
    return first


def _index(step: Step, behind: str, data: Any) -> Step:
    """Say whether a list has the item that a path asks for."""
    if not isinstance(data, (list, tuple)):
        raise PathError(step.start, step.end, f"`{behind}` is not a list", "leave the index out")
    count = len(data)
    last = f" to `{behind}[{count - 1}]`" if count > 1 else ""
    fix = f"write `{behind}[0]`{last}" if count else f"give the whole value of `{behind}`"
    if not isinstance(step.key, int):
        raise PathError(step.start, step.end, f"`{behind}` is a list: {quoted(step.key)} does not say which item", fix)
    if step.key >= count:
        raise PathError(step.start, step.end, f"`{behind}` has {count} item{'s' if count != 1 else ''}", fix)
    return step


def _joined(steps: list[Step]) -> Iterator[tuple[Step, int]]:
    """Return the first step; it and the second with the point between; and so on, each with how many were taken."""
    key = ""
    for taken, step in enumerate(steps, 1):
        if isinstance(step.key, int):
            return
        key = f"{key}.{step.key}" if key else step.key
        yield Step(key, steps[0].start, step.end), taken


def model_of(annotation: Any) -> type[Model] | None:
    """Return the model that a value is going to be, by the annotation of its field; None where it is none."""
    models = (one for one in _alternatives(annotation) if isinstance(one, type) and issubclass(one, Model))
    return next(models, None)


def below(annotation: Any, key: str | int) -> Any:
    """Return the annotation of what is behind a key or index; None where nothing is known of it."""
    model = model_of(annotation)
    if model is not None:
        if not model.__pydantic_fields_complete__:
            model.model_rebuild()  # resolves names of models that come later in the file
        field = model.model_fields.get(str(key))
        return field.annotation if field is not None else None
    for one in _alternatives(annotation):
        origin, parts = get_origin(one), get_args(one)
        if origin is dict and isinstance(key, str):
            return parts[1]
        if origin in (tuple, list) and isinstance(key, int):
            return parts[0]
    return None


def _alternatives(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _alternatives(part)
    else:
        yield annotation

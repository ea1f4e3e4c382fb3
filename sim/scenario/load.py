"""Loading a scenario file: everything that is wrong with it is told at once, with line and column."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import InputError, quoted
from sim.scenario import files
from sim.scenario.bind import resolve
from sim.scenario.document import Document, parse, problems, read
from sim.scenario.model import Flaw, Place, flaws_of
from sim.scenario.schema import Deployment, Scenario

_QUOTES = "put quotes around a text with commas in it"


def load(path: Path | str) -> Scenario:
    """Load a scenario file.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Scenario
        It knows where everything in it was written.

    Raises
    ------
    InputError
        All that is wrong: in the file itself, with the names that it takes from the catalogue, and with the data files
        that it names.
    """
    return _validated(read(Path(path)), Path(path).parent)


def loads(text: str, directory: Path, name: str = "scenario") -> Scenario:
    """Load a scenario from text; see `load`.

    Parameters
    ----------
    text : str
    directory : Path
        The folder that names of data files are relative to.
    name : str
        What to call the text in messages.
    """
    return _validated(parse(text.encode(), name), directory)


def _validated(document: Document, directory: Path) -> Scenario:
    empty, data = list(_empty(document.data, ())), _without_empty(document.data)
    scenario, found = None, [_nothing(document, place) for place in empty]
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        # What only follows from a key without a value is not told again.
        told = {*empty, *(place[:-1] for place in empty)}
        found += [_quotes(document, flaw, told) for flaw in flaws_of(error) if flaw.place not in told]
    found += [*files.flaws(data, directory), *resolve(data, _readable(data))[1]]
    if found or scenario is None:
        raise InputError(problems(found, document, document.name))
    return scenario.written_in(document)


def _empty(data: Any, place: Place) -> Iterator[Place]:
    """Find the keys and items that are there without a value."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        if value is None:
            yield (*place, key)
        yield from _empty(value, (*place, key))


def _without_empty(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_empty(value) for key, value in data.items() if value is not None}
    return [_without_empty(item) for item in data] if isinstance(data, list) else data


def _nothing(document: Document, place: Place) -> Flaw:
    what = f"`{place[-1]}` has no value" if isinstance(place[-1], str) else "there is nothing behind this `-`"
    split = place[:-1] in document.flow and isinstance(place[-1], str)
    return Flaw(place, what, f"{_QUOTES}, or write `key: value`" if split else "write one, or leave it out", True)


def _quotes(document: Document, flaw: Flaw, with_empty: Collection[Place]) -> Flaw:
    """Say of a text with an open parenthesis, which a comma in braces has cut off, that it needs quotes."""
    value = document.value(flaw.place)
    cut = flaw.place[:-1] in document.flow and flaw.place[:-1] in with_empty
    if cut and isinstance(value, str) and value.count("(") > value.count(")"):
        return Flaw(flaw.place, f"{quoted(value)} ends at the comma", _QUOTES)
    return flaw


def _readable(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the keys of deployments that the schema can read, each by itself."""
    deployments = data.get("deployments")
    if not isinstance(deployments, Mapping):
        return {}
    return {name: {key: value for key in keys for value in _read(key, keys[key])}
            for name, keys in deployments.items() if isinstance(keys, Mapping)}


def _read(key: str, value: Any) -> Iterator[Any]:
    try:
        yield getattr(Deployment.model_validate({key: value}), key)
    except (ValidationError, AttributeError):
        return

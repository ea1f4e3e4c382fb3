"""Loading a scenario file: everything that is wrong with it is told at once, with line and column."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.documents import Document, Flaw, Mark, Place, Source, grown, parse, problems, read
from sim.errors import InputError, Problem, quoted
from sim.scenario import axes, bases, files, layers
from sim.scenario.axes import Axis, Settings
from sim.scenario.bind import own_catalogue, resolve
from sim.scenario.model import flaws_of
from sim.scenario.paths import Step
from sim.scenario.schema import Deployment, Scenario
from sim.scenario.settings import change

Check = Callable[[Document, Any], Iterable[Problem]]
"""Finds what else is wrong with a scenario as it was written, or a case of it, such as with its expectations.

Takes what is behind the key ``axes`` of the scenario, too, which a case has not.
"""

_QUOTES = "put quotes around a text with commas in it"


def load(path: Path | str, settings: Sequence[str] = (), check: Check | None = None) -> Scenario:
    """Load a scenario file.

    Parameters
    ----------
    path : Path or str
    settings : sequence of str
        Values to put over those of the file, each ``path=value``; see `sim.scenario.settings`.
    check : callable, optional
        See `Check`; what it finds is told with all the rest.

    Returns
    -------
    Scenario
        It knows where everything in it was written.

    Raises
    ------
    InputError
        All that is wrong: in the file itself and in those that it extends, with the names that it takes from the
        catalogue, and with the data files that it names; in its cases, too.
    """
    path = Path(path)
    return _loaded(read(path, strict=False), path, settings, check)


def loads(
    text: str, directory: Path, name: str = "scenario", settings: Sequence[str] = (), check: Check | None = None
) -> Scenario:
    """Load a scenario from text; see `load`.

    Parameters
    ----------
    text : str
    directory : Path
        The folder that names of data files are relative to.
    name : str
        What to call the text in messages.
    settings : sequence of str
    check : callable, optional
    """
    return _loaded(parse(text.encode(), name, strict=False), directory / name, settings, check)


def changed(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """Put values over those of a scenario, as they are: they are not validated.

    Parameters
    ----------
    scenario : Scenario
    values : mapping of str to object
        Keys of its top, such as ``seed``. An axis over one of them is fixed.
    """
    document = _document(scenario)
    for key, value in values.items():
        source = Source(f"{key}={value}", (f"{key}={value}",), numbered=False)
        key_mark, mark = Mark(source, 1, 1, len(key)), Mark(source, 1, len(key) + 2, len(str(value)))
        steps = (Step(key, 0, len(key)),)
        root = layers.put(document.root, steps, (key_mark,), grown(value, mark), Scenario)
        document = document.with_root(axes.fixed(root, (key,), Scenario))
    update = {**values, "axes": axes.read(document.data.get("axes"))}
    return scenario.model_copy(update=update).written_in(document, scenario.settings)


def cases(scenario: Scenario) -> tuple[tuple[Settings, Scenario], ...]:
    """Make the cases of a scenario: one for each combination of the values of its axes.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    tuple of (Settings, Scenario)
        In the order of the file, the last axis changing fastest. Without axes, the scenario itself with no settings.

    Raises
    ------
    InputError
        A case is wrong. The cases of a scenario that was loaded are not.
    """
    if not scenario.axes:
        return ((Settings(), scenario),)
    document = _document(scenario)
    varied = axes.read(document.data["axes"])
    return tuple((settings, _made(part, settings)) for settings, part in axes.cases(document, varied, Scenario))


def _document(scenario: Scenario) -> Document:
    """Return where a scenario was written; of one made in Python, what would be written."""
    if scenario.document is not None:
        return scenario.document
    source = Source(scenario.name, (), numbered=False)
    return Document(source, grown(scenario.model_dump(mode="json", exclude_none=True), Mark(source, 1, 1)))


def _made(document: Document, settings: Settings) -> Scenario:
    try:
        return Scenario.model_validate(document.data).written_in(document, settings)
    except ValidationError as error:
        raise InputError(problems(flaws_of(error), document, document.name)) from None


def _loaded(document: Document, path: Path, settings: Sequence[str], check: Check | None = None) -> Scenario:
    document, wrong = change(bases.inherited(document, path, Scenario), settings, Scenario)
    scenario, found = _examined(document, path.parent)
    varied = _sound_axes(document.data)
    found += [problem for part in document.read for problem in part.doubled]
    found += [*wrong, *(check(document, varied) if check is not None else ())]
    for _, part in axes.cases(document, varied, Scenario) if varied else ():
        found += _examined(part, path.parent, document.data)[1]
        if check is not None and _compared(part.data) != _compared(document.data):
            found += check(part, varied)
    if found or scenario is None:
        raise InputError(found)
    return scenario.written_in(document)


def _compared(data: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what figures are compared, and of which deployments."""
    deployments = data.get("deployments")
    names = list(deployments) if isinstance(deployments, Mapping) else []
    return data.get("expect"), data.get("precision"), names


def _sound_axes(data: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Return the axes of a scenario; none where one of them is wrong."""
    raw = data.get("axes")
    wrong = any(place[0] == "axes" for place in _empty(data, ())) or any(axes.flaws(raw, data, Scenario))
    return () if wrong else axes.read(raw)


def _examined(document: Document, directory: Path, before: Any = None) -> tuple[Scenario | None, list[Problem]]:
    """Validate a document, and say all that is wrong with it; files that are also in one before are known."""
    empty, data = list(_empty(document.data, ())), _without_empty(document.data)
    scenario, found = None, [_nothing(document, place) for place in empty]
    try:
        scenario = Scenario.model_validate(data)
    except ValidationError as error:
        # What only follows from a key without a value is not told again.
        told = {*empty, *(place[:-1] for place in empty)}
        found += [_quotes(document, flaw, told) for flaw in flaws_of(error) if flaw.place not in told]
    flaws, rows = files.wrong(data, directory, before)
    catalogue, unfound, broken = own_catalogue(data, directory)
    found += [*flaws, *unfound]
    if not unfound and not broken:
        # With a catalogue that cannot be read, names of it would be told as unknown.
        found += resolve(data, _readable(data, scenario), catalogue)[1]
    return scenario, [*problems(found, document, document.name), *rows, *broken]


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


def _readable(data: Mapping[str, Any], scenario: Scenario | None) -> dict[str, dict[str, Any]]:
    """Return the keys of deployments that the schema can read, each by itself where not all can be read."""
    deployments = data.get("deployments")
    if not isinstance(deployments, Mapping):
        return {}
    if scenario is not None:
        return {name: {key: getattr(scenario.deployments[name], key) for key in keys}
                for name, keys in deployments.items()}  # fmt: skip
    return {name: {key: value for key in keys for value in _read(key, keys[key])}
            for name, keys in deployments.items() if isinstance(keys, Mapping)}


def _read(key: str, value: Any) -> Iterator[Any]:
    try:
        yield getattr(Deployment.model_validate({key: value}), key)
    except (ValidationError, AttributeError):
        return

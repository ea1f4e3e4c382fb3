"""Data files that a scenario names: whether they are there, and have what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from sim import distributions
from sim.distributions.recorded import Samples
from sim.documents import Flaw, Place, Table
from sim.errors import AdvisedError, InputError, Problem, choose, nearest, quoted
from sim.scenario import recorded, recordings
from sim.scenario.arrivals import Rates, Requests, Shape
from sim.scenario.market import Trace
from sim.scenario.model import Model
from sim.scenario.recordings import SESSION_COLUMNS

_NAMED: Mapping[str, Mapping[str, str | None]] = {
    "shape": {"time": "t_s", "rate": "rate"},
    "requests": {"time": "t_s", "agent": None},
    "rates": {"time": "t_s", "rate": "rate", "agent": None, "cv": None},
    "rows": {},
    "trace": {"time": "t_s", "available": "available", "zone": None, "price": None},
}
"""Keys under which columns of a file are named, with what they are when left out."""

_MODELS: Mapping[str, type[Model]] = {"shape": Shape, "requests": Requests, "rates": Rates, "trace": Trace}

_ROWS = (("workload", "arrivals", "requests"), ("workload", "rows"))
"""Where the rows are named that steps take values from."""

_ENDINGS = (".csv", ".csv.gz", ".parquet")


def wrong(data: Any, directory: Path, before: Any = None) -> tuple[list[Flaw], list[Problem]]:
    """Say what is wrong with the files that a scenario names, and with their rows.

    Parameters
    ----------
    data : object
        The scenario as it was written.
    directory : Path
        The folder that names of files are relative to.
    before : object
        A scenario of which the files have been looked at already.

    Returns
    -------
    list of Flaw, list of Problem
        In the scenario: no such file, or without a column. In the files: rows that cannot be read, or cannot be so.
    """
    known = {place: mapping for place, mapping in _mappings(before, ()) if _file(place, mapping)}
    flaws: list[Flaw] = []
    rows: list[Problem] = []
    for place, mapping in _mappings(data, ()):
        file = _file(place, mapping)
        if file is None or known.get(place) == mapping:
            continue
        lacks = list(_lacking((*place, file), directory, mapping[file], _columns(place, mapping, data)))
        flaws += lacks
        for check in () if lacks else _checks(place, mapping, directory, data):
            try:
                check()
            except InputError as error:
                rows += error.problems
            except AdvisedError as error:
                flaws.append(Flaw(error.place if isinstance(error, Flaw) else (*place, file), error.message, error.fix))
    return flaws, list(dict.fromkeys(rows))


def named(data: Any) -> Iterator[Place]:
    """Find the places where a scenario names a data file, or the folder of its catalogue."""
    if isinstance(data, Mapping) and isinstance(data.get("catalog"), str):
        yield ("catalog",)
    for place, mapping in _mappings(data, ()):
        file = _file(place, mapping)
        if file is not None:
            yield (*place, file)


def texts(directory: Path, file: str, column: str) -> set[str]:
    """Return the different texts in a column of a table that a scenario names; none where it has no such column."""
    return {*recordings.table(directory, file).texts(column)} - {""}


class _Asked(NamedTuple):
    """A column that a file must have: where it is named, or where the file is and the key that would name it."""

    column: str
    place: Place
    key: str = ""


def _columns(place: Place, mapping: Mapping[str, Any], data: Any) -> list[_Asked]:
    """Return the columns that a file must have."""
    if place[-1] == "sessions":
        return [_Asked(column, (*place, "file")) for column in SESSION_COLUMNS]
    if _file(place, mapping) == "samples":
        found = _samples(mapping)
        if found is None:
            return []
        where = [_Asked(column, (*place, "where", column)) for column, _ in found.where]
        return [*where, _Asked(found.column, (*place, "column"))]
    columns = []
    for key, otherwise in _NAMED.get(str(place[-1]), {}).items():
        if mapping.get(key, otherwise) is not None:
            asked = (key, "") if key in mapping else ("file", key)
            columns.append(_Asked(str(mapping.get(key, otherwise)), (*place, asked[0]), asked[1]))
    if place in _ROWS:
        columns += [_Asked(str(value["column"]), (*where, "column")) for where, value in _of_steps(data)]
    return columns


def _of_steps(data: Any) -> Iterator[tuple[Place, Any]]:
    """Find the columns of recorded rows that steps take values from, as they are written, with their places."""
    for key in ("request", "memory"):
        yield from recorded.columns(data["workload"].get(key), ("workload", key))


def _checks(
    place: Place, mapping: Mapping[str, Any], directory: Path, data: Any
) -> Iterator[Callable[[], object]]:
    """Return what checks the rows of a file; nothing where it cannot be read what is asked: the schema says so."""
    if _file(place, mapping) == "samples":
        samples = _samples(mapping)
        if samples is not None:
            yield partial(samples.read, directory)
        return
    found, kind = recordings.table(directory, mapping["file"]), place[-1]
    if kind == "sessions":
        yield partial(recordings.sessions, found)
    elif kind in _MODELS:
        yield from _checks_of_series(found, place, mapping, data)
    if place in _ROWS:
        yield partial(recordings.columns, found, list(_readable(data)))


def _checks_of_series(
    found: Table, place: Place, mapping: Mapping[str, Any], data: Any
) -> Iterator[Callable[[], object]]:
    kind = str(place[-1])
    try:
        asked: Any = _MODELS[kind].model_validate(mapping)
    except ValidationError:
        return
    if kind == "trace":
        yield partial(_require_zones, found, asked, place, data)
        return
    yield partial(getattr(recordings, kind), found, asked)
    workload = data.get("workload")
    agents = workload.get("agents") if isinstance(workload, Mapping) else None
    if kind != "shape" and asked.agent is not None and isinstance(agents, int):
        yield partial(_require_agents, found, asked.agent, agents, exactly=kind == "rates")


def _readable(data: Any) -> Iterator[recorded.Column]:
    for _, value in _of_steps(data):
        try:
            yield recorded.read(value, recorded.of(value))
        except AdvisedError:
            continue  # the schema says so


def _require_agents(found: Table, column: str, agents: int, *, exactly: bool) -> None:
    try:
        recordings.require_agents(found, column, agents, exactly=exactly)
    except AdvisedError as error:
        raise Flaw(("workload", "agents"), error.message, error.fix) from error


def _require_zones(found: Table, asked: Trace, place: Place, data: Any) -> None:
    """Check the rows of recorded capacity, and that each zone of the deployment is among them."""
    recordings.trace(found, asked)
    if asked.zone is None:
        return
    spot = data
    for key in place[:-1]:
        spot = spot[key]
    zones, known = spot.get("zones"), sorted(set(found.texts(asked.zone)))
    for index, zone in enumerate(zones if isinstance(zones, list) else ()):
        if zone not in known:
            raise Flaw((*place[:-1], "zones", index), f"{quoted(asked.file)} has no zone {quoted(zone)}",
                       choose(str(zone), known))
    if zones is None:
        raise Flaw((*place, "zone"), f"{quoted(asked.file)} has {len(known)} zones, and none is asked for",
                   f"add `zones: [{known[0]}]` to `spot`")


def _file(place: Place, mapping: Mapping[str, Any]) -> str | None:
    """Return the key under which a mapping names a data file."""
    if place[-1:] == ("sessions",) or (place[-1:] and place[-1] in _NAMED):
        return "file" if isinstance(mapping.get("file"), str) else None
    return "samples" if isinstance(mapping.get("samples"), str) else None


def _mappings(data: Any, place: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Go through all mappings of a document; what is below recorded samples are columns of theirs."""
    if isinstance(data, Mapping):
        yield place, data
        if isinstance(data.get("samples"), str):
            return
    pairs = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        yield from _mappings(value, (*place, key))


def _samples(mapping: Mapping[str, Any]) -> Samples | None:
    """Return the recorded samples that a mapping is; None where it cannot be read: the schema says so."""
    try:
        return distributions.parse(mapping, "duration" if "unit" in mapping else "count").samples
    except AdvisedError:
        return None


def _lacking(place: Place, directory: Path, name: str, asked: list[_Asked]) -> Iterator[Flaw]:
    """Say what a file lacks: itself, or columns."""
    flaw = _missing(place, directory, name)
    if flaw is not None:
        yield flaw
        return
    try:
        header = recordings.table(directory, name).header
    except AdvisedError as error:
        yield Flaw(place, error.message, error.fix)
        return
    absent = [one for one in asked if one.column not in header]
    if len(header) == 1 and absent and any(sign in header[0] for sign in ";\t|"):
        yield Flaw(place, f"{quoted(name)} has a single column, {quoted(header[0])}", "separate its fields by commas")
    elif place[-2:-1] == ("sessions",):
        yield from _sessions_lack(place, name, [one.column for one in absent], header)
    else:
        for one in absent:
            yield Flaw(one.place, f"{quoted(name)} has no column {quoted(one.column)}", _named_otherwise(one, header),
                       at_key=one.place[-2:-1] == ("where",))


def _sessions_lack(place: Place, name: str, absent: list[str], header: tuple[str, ...]) -> Iterator[Flaw]:
    """Say which columns recorded sessions lack: their names are given, so it is the file that must change."""
    if absent:
        near = {column: nearest(column, {*header} - {*SESSION_COLUMNS}) for column in absent}
        renamed = [f"rename {quoted(other)} to {quoted(column)}" for column, other in near.items() if other]
        every = ", ".join(map(quoted, SESSION_COLUMNS))
        yield Flaw(place, f"{quoted(name)} has no column {' and no column '.join(map(quoted, absent))}",
                   f"in the file, {' and '.join(renamed)}" if renamed else
                   f"a file of recorded sessions has a row for each step, and the columns {every}")  # fmt: skip


def _named_otherwise(one: _Asked, header: tuple[str, ...]) -> str:
    """Say which column of a file to name instead; where none was named, by which key."""
    if not one.key:
        return choose(one.column, header)
    near = nearest(one.column, header)
    if near is not None:
        return f"write {quoted(f'{one.key}: {near}')} beside it"
    names = ", ".join(quoted(column) for column in header[:12])
    return f"say by {quoted(f'{one.key}:')} beside it which of its columns that is: {names}"


def _missing(place: Place, directory: Path, name: str) -> Flaw | None:
    path = directory / name
    try:
        if path.is_file():
            return None
        there = path.is_dir()
    except (OSError, ValueError):
        return Flaw(place, f"{quoted(name)} cannot be the name of a file", "write a path relative to this file")
    folder = path if there else path.parent
    near = sorted(one.name for one in folder.iterdir() if one.name.endswith(_ENDINGS)) if folder.is_dir() else []
    what = f"{quoted(name)} is a folder" if there else f"there is no file {quoted(name)}"
    if not near:
        return Flaw(place, what, "name a CSV or parquet file; paths are relative to the folder of this file")
    # A file that another extends names its files from its own folder: only the last part is the same for both.
    fix = choose("" if there else path.name, near, most=6)
    return Flaw(place, what, f"{fix.rstrip('?')}, in that folder")

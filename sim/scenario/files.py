"""Data files that a scenario names: whether they are there, and have what is asked of them."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim import distributions
from sim.documents import Flaw, Place
from sim.errors import AdvisedError, choose, quoted
from sim.scenario import recorded

SESSION_COLUMNS = ("session", "turn", "step", "gap_s", "kind", "wait_s")
"""Columns that a file of recorded sessions must have."""

_NAMED: Mapping[str, Mapping[str, str | None]] = {
    "shape": {"time": "t_s", "rate": "rate"},
    "requests": {"time": "t_s", "agent": None},
    "rates": {"time": "t_s", "rate": "rate", "agent": None, "cv": None},
    "rows": {},
}
"""Keys under which columns of a file are named, with what they are when left out."""

_LONGEST_HEADER = 100_000


def flaws(data: Any, directory: Path, before: Any = None) -> Iterator[Flaw]:
    """Say what is wrong with the files that a scenario names.

    Parameters
    ----------
    data : object
        The scenario as it was written.
    directory : Path
        The folder that names of files are relative to.
    before : object
        A scenario of which the files have been looked at already.

    Yields
    ------
    Flaw
        No such file, or without a column. Of recorded samples, all that keeps them from being read.
    """
    known = {place: mapping for place, mapping in _mappings(before, ()) if _file(place, mapping)}
    for place, mapping in _mappings(data, ()):
        file = _file(place, mapping)
        if known.get(place) == mapping:
            continue
        if file == "samples":
            yield from _samples(place, directory, mapping)
        elif file is not None:
            yield from _table((*place, file), directory, mapping[file], _columns(place, mapping, data))


def _columns(place: Place, mapping: Mapping[str, Any], data: Any) -> dict[str, Place]:
    """Return the columns that a file must have, each with the place where it is named."""
    if place[-1] == "sessions":
        return dict.fromkeys(SESSION_COLUMNS, (*place, "file"))
    asked = {key: mapping.get(key, otherwise) for key, otherwise in _NAMED[str(place[-1])].items()}
    columns = {str(column): (*place, key if key in mapping else "file")
               for key, column in asked.items() if column is not None}  # fmt: skip
    if place in (("workload", "arrivals", "requests"), ("workload", "rows")):
        workload = data["workload"]
        for key in ("request", "memory"):
            columns |= {column: (*where, "column")
                        for where, column in recorded.columns(workload.get(key), ("workload", key))}  # fmt: skip
    return columns


def named(data: Any) -> Iterator[Place]:
    """Find the places where a scenario names a data file."""
    for place, mapping in _mappings(data, ()):
        file = _file(place, mapping)
        if file is not None:
            yield (*place, file)


def texts(path: Path, column: str) -> set[str]:
    """Return the different texts in a column of a CSV file; none where it has no such column."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)  # thrice as fast as a reader that gives dicts, and recordings are long
        header = next(rows, [])
        place = header.index(column) if column in header else len(header)
        return {row[place] for row in rows if len(row) > place and row[place]} if place < len(header) else set()


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


def _samples(place: Place, directory: Path, mapping: Mapping[str, Any]) -> Iterator[Flaw]:
    """Read recorded samples, which are small, and say what keeps them from being read."""
    try:
        found = distributions.parse(mapping, "duration" if "unit" in mapping else "count").samples
    except AdvisedError:
        return  # the schema says so
    if found is None:
        return
    columns: dict[str, Place] = {column: (*place, "where", column) for column, _ in found.where}
    lacks = list(_table((*place, "samples"), directory, found.file, columns | {found.column: (*place, "column")}))
    yield from lacks
    if not lacks:
        try:
            found.read(directory)
        except AdvisedError as error:
            yield Flaw((*place, "samples"), error.message, error.fix)


def _table(place: Place, directory: Path, name: str, columns: Mapping[str, Place]) -> Iterator[Flaw]:
    """Say which columns a file lacks; only its first line is read."""
    flaw = _missing(place, directory, name)
    if flaw is not None:
        yield flaw
        return
    try:
        header = _header(directory / name)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        yield Flaw(place, f"{quoted(name)} cannot be read: {error}",
                   "write CSV in UTF-8, gzipped if it ends in .gz, or parquet")
        return
    for column, where in columns.items():
        if column not in header:
            yield Flaw(where, f"{quoted(name)} has no column {quoted(column)}", choose(column, header),
                       at_key=where[-2:-1] == ("where",))


def _missing(place: Place, directory: Path, name: str) -> Flaw | None:
    path = directory / name
    try:
        if path.is_file():
            return None
    except (OSError, ValueError):
        return Flaw(place, f"{quoted(name)} cannot be the name of a file", "write a path relative to this file")
    folder = path.parent
    near = [other.name for other in folder.iterdir() if other.is_file()] if folder.is_dir() else []
    if not near:
        return Flaw(place, f"there is no file {quoted(name)}", "paths are relative to the folder of this file")
    # A file that another extends names its files from its own folder: only the last part is the same for both.
    fix = choose(path.name, sorted(near), most=6)
    return Flaw(place, f"there is no file {quoted(name)}", f"{fix.rstrip('?')}, in that folder")


def _header(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        from pyarrow import ArrowInvalid, parquet  # slow to import, and rarely needed

        try:
            return list(parquet.read_schema(path).names)
        except ArrowInvalid as error:
            raise OSError(str(error)) from error
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", newline="", encoding="utf-8-sig") as file:
        return next(csv.reader([file.readline(_LONGEST_HEADER)]), [])

"""Tables beside YAML: CSV, gzipped or not, and parquet, read so that every field keeps its line and column.

Most CSV files have no quotes and as many commas in each line. They are cut into fields at one stroke, three times as
fast as row by row: a recording is checked whenever its scenario is, and that must not be waited for.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from sim.errors import AdvisedError, Problem, quoted, quoted_file

MOST_TOLD = 20
"""Wrong fields of a file that are told one by one."""

_BREAK = re.compile(r"\r\n|\r|\n")


class Fault(NamedTuple):
    """Something that is wrong with a field.

    Attributes
    ----------
    first, last : int
        Lines that the row stands on, from 1; its number where the file has no lines.
    field : int
        Which, from 0; -1 for the end of the row.
    message, fix : str
    """

    first: int
    last: int
    field: int
    message: str
    fix: str


@dataclass(frozen=True, eq=False)
class Table:
    """A table in memory.

    Attributes
    ----------
    name : str
        The file, as it is told to the reader.
    header : tuple of str
        Names of the columns.
    columns : dict of str to sequence of str
        Texts by the column's name, of the rows that have a field for each column.
    first, last : sequence of int
        The lines that each of these rows stands on, from 1; its number where the file has no lines.
    ragged : tuple of Fault
        Rows that have another number of fields than the header.
    text : str or None
        The whole file; None where it has no lines.
    plain : bool
        Whether the text has nothing but a row with a field for each column in each line: no quotes, no empty lines.
    """

    name: str
    header: tuple[str, ...]
    columns: Mapping[str, Sequence[str]]
    first: Sequence[int]
    last: Sequence[int]
    ragged: tuple[Fault, ...] = ()
    text: str | None = None
    plain: bool = False

    def __len__(self) -> int:
        return len(self.first)

    def texts(self, column: str) -> Sequence[str]:
        """Return a column; empty texts where the table has no such column."""
        return self.columns[column] if column in self.columns else [""] * len(self)

    def fault(self, row: int, column: str, message: str, fix: str) -> Fault:
        """Return a fault of a row, counted from 0, in a column."""
        return Fault(self.first[row], self.last[row], self.header.index(column), message, fix)

    def problems(self, faults: Iterable[Fault]) -> list[Problem]:
        """Say where faults are, in order of place; those beyond `MOST_TOLD` by their number."""
        ordered = sorted(set(faults))
        told = [self._problem(fault) for fault in ordered[:MOST_TOLD]]
        if len(ordered) > MOST_TOLD:
            told.append(replace(self._problem(ordered[MOST_TOLD]), message=f"{len(ordered) - MOST_TOLD:,} more fields "
                                "of this file are wrong, from here on", fix="mend those above, and look again"))
        return told

    @cached_property
    def _lines(self) -> Sequence[str]:
        return _BREAK.split(self.text or "")

    def _problem(self, fault: Fault) -> Problem:
        if self.text is None:
            return Problem(self.name, fault.first, fault.field + 1, fault.message, fault.fix)
        first = fault.first
        while first < fault.last and not self._lines[first - 1]:  # empty lines before a row belong to none
            first += 1
        row = "\n".join(self._lines[first - 1 : fault.last])
        begin, end = _field(row, fault.field)
        line = first + row.count("\n", 0, begin)
        column = begin - row.rfind("\n", 0, begin)
        source = self._lines[line - 1]
        width = max(1, min(end - begin, len(source) - column + 1))
        return Problem(self.name, line, column, fault.message, fault.fix, source, width)


def read(path: Path, name: str) -> Table:
    """Read a table: parquet when the name ends in ``.parquet``, else CSV, gzipped when it ends in ``.gz``.

    Parameters
    ----------
    path : Path
    name : str
        The file, as it is told to the reader.

    Returns
    -------
    Table
        It may have faults: see ``ragged``.

    Raises
    ------
    AdvisedError
        There is no such file, it cannot be read, is empty, has no rows, or two columns of one name.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise AdvisedError(f"{quoted_file(name)} cannot be read: {(error.strerror or 'no such file').lower()}",
                           "files are sought from the folder of the scenario file") from error
    return _read(path, name, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=4)
def _read(path: Path, name: str, stamp: tuple[int, int]) -> Table:
    """Read a table; ``stamp`` keeps a changed file from being answered from memory."""
    found = _parquet(path, name) if path.suffix == ".parquet" else _csv(path, name)
    if not any(found.header):
        raise AdvisedError(f"{quoted_file(name)} is empty",
                           "write the names of its columns in the first line, and a row of values in each line below")
    for place, column in enumerate(found.header):
        if column and column in found.header[:place]:
            raise AdvisedError(f"{quoted_file(name)} has two columns {quoted(column)}", "give each a name of its own")
    if not len(found) and not found.ragged:
        raise AdvisedError(f"{quoted_file(name)} has a header and no rows",
                           "write a row of values in each line below it")
    return found


def why_no_number(column: str, text: str, most: float, fix: str = "") -> tuple[str, str]:
    """Say why a text is no number from 0 to a bound, or not a whole one, and what to write.

    Parameters
    ----------
    column : str
        That it is in.
    text : str
    most : float
    fix : str
        What to do about a larger number.
    """
    said = f"{quoted(column)} is {quoted(text)}"
    try:
        number = float(text)
    except ValueError:
        if text.strip():
            return f"{said}, which is not a number", "write digits alone, such as `12.5`, without a unit"
        return f"there is no {quoted(column)}", "write a number, or leave the row out"
    if not math.isfinite(number):
        return f"{said}, which is not a finite number", "write a number, or leave the row out"
    if number < 0 or text.strip().startswith("-"):  # below the least number there is
        return f"{said}, which is negative", "write a number from 0"
    if number > most:
        return f"{said}, which is too large", fix or f"write a number from 0 to {most:,.0f}"
    return f"{said}, which is not a whole number", "write a whole number"


def _csv(path: Path, name: str) -> Table:
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
        return _at_one_stroke(text, name) or _by_rows(text, name)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        told = getattr(error, "strerror", None) or error
        raise AdvisedError(f"{quoted_file(name)} cannot be read: {told}", "write CSV in UTF-8, with commas between the "
                           "fields, gzipped if its name ends in .gz") from error


def _at_one_stroke(text: str, name: str) -> Table | None:
    """Read a CSV file without quotes and empty lines, whose rows all have as many fields; None where it is not so."""
    plain = text.replace("\r\n", "\n").removesuffix("\n")
    if '"' in plain or "\r" in plain or "\n\n" in plain or plain[:1] in ("", "\n") or plain[-1] == "\n":
        return None
    header = tuple(plain.partition("\n")[0].split(","))
    width, rows = len(header), plain.count("\n")
    fields = plain.replace("\n", ",\n").split(",")  # so that the first field of a row is known by its break
    columns = [fields[width + place :: width] for place in range(width)]
    begins = [field[1:] for field in columns[0] if field[:1] == "\n"]
    if len(fields) != width * (rows + 1) or len(begins) != rows:
        return None
    numbers = range(2, rows + 2)
    return Table(name, header, dict(zip(header, [begins, *columns[1:]], strict=True)), numbers, numbers, (), text, True)


def _by_rows(text: str, name: str) -> Table:
    reader = csv.reader(io.StringIO(text, newline=""))
    header = tuple(next(reader, []))
    rows, first, last, ragged, line = [], [], [], [], reader.line_num
    for row in reader:
        begin, line = line + 1, reader.line_num
        if len(row) == len(header):
            rows.append(row)
            first.append(begin)
            last.append(line)
        elif row:
            ragged.append(_other_length(begin, line, len(row), len(header)))
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    return Table(name, header, dict(zip(header, columns, strict=True)), first, last, tuple(ragged), text)


def _other_length(first: int, last: int, fields: int, columns: int) -> Fault:
    """Return the fault of a row that has another number of fields than the header."""
    message = f"this row has {fields} field{'s' if fields > 1 else ''}, and the header has {columns}"
    if fields < columns:
        return Fault(first, last, -1, message, "write a comma for each column, also where nothing is behind it")
    return Fault(first, last, columns, message, "remove what is too much, or put quotes around a text with commas")


def _parquet(path: Path, name: str) -> Table:
    from pyarrow import ArrowInvalid, parquet  # slow to import, and rarely needed

    try:
        found = parquet.read_table(path)
    except (OSError, ArrowInvalid) as error:
        raise AdvisedError(f"{quoted_file(name)} is no readable parquet file: {error}",
                           "write it again, or use CSV") from error
    columns: dict[str, Sequence[str]] = {}
    for column in found.column_names:
        columns[column] = ["" if value is None else str(value) for value in found[column].to_pylist()]
    numbers = range(1, found.num_rows + 1)
    return Table(name, tuple(found.column_names), columns, numbers, numbers)


def _field(row: str, index: int) -> tuple[int, int]:
    """Return where a field of a row begins and ends; commas within quotes part nothing."""
    inside, field, begin = False, 0, 0
    for at, sign in enumerate(row):
        if sign == '"':
            inside = not inside
        elif sign == "," and not inside:
            if field == index:
                return begin, at
            field, begin = field + 1, at + 1
    return (len(row), len(row)) if index < 0 else (begin, len(row))

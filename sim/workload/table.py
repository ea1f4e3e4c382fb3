"""Reading of tables that a scenario names: CSV, gzipped or not, and parquet."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

from sim.distributions.portable import Floats
from sim.engine.contract import Int64s
from sim.errors import InputError, Problem, choose, quoted

LARGEST = 10**9
"""Numbers of a file are at most this: seconds, tokens or turns beyond a billion are beyond any use."""

_FAR = 30
"""What begins so many digits behind the decimal point is 0: an exact number of 10^8 digits takes minutes."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table in memory.

    Attributes
    ----------
    name : str
        What to call the file in messages.
    lines : tuple of int
        The line of the file that each row ends on; its number from 1 where the file has no lines.
    columns : dict of str to sequence of str
        Texts, by the column's name.
    """

    name: str
    lines: tuple[int, ...]
    columns: dict[str, Sequence[str]]

    def texts(self, column: str) -> Sequence[str]:
        """Return a column; empty texts where the file has no such column."""
        return self.columns.get(column) or [""] * len(self.lines)

    def numbers(self, column: str, most: float = LARGEST) -> Floats:
        """Return a column of numbers from 0 to a bound; an empty text, or no such column, is 0.

        Raises
        ------
        InputError
            When a text is no such number.
        """
        found = np.array([_number(text) for text in self.texts(column)])
        for row in np.flatnonzero(~((found >= 0) & (found <= most)))[:1]:
            raise self.wrong(row, f"has {quoted(self.texts(column)[row])} as `{column}`",
                             f"write a number from 0 to {most:.0f}")
        return found

    def exact(self, column: str) -> tuple[Fraction, ...]:
        """Return a column of numbers as fractions, exactly as they are written; see `numbers`."""
        self.numbers(column)
        decimals = (Decimal(text.strip() or "0") for text in self.texts(column))
        return tuple(Fraction(one) if one and one.adjusted() >= -_FAR else Fraction(0) for one in decimals)

    def integers(self, column: str) -> Int64s:
        """Return a column of whole numbers that are not negative; an empty text, or no such column, is 0.

        Raises
        ------
        InputError
            When a text is no such number.
        """
        found = self.numbers(column)
        for row in np.flatnonzero(found % 1)[:1]:
            raise self.wrong(row, f"has {quoted(self.texts(column)[row])} as `{column}`", "write a whole number")
        return found.astype(np.int64)

    def require(self, column: str) -> None:
        """Refuse the table if it lacks a column.

        Raises
        ------
        InputError
        """
        if column not in self.columns:
            raise problem(self.name, 1, f"has no column `{column}`", choose(column, self.columns))

    def called(self, name: str) -> Table:
        """Return the same table under another name."""
        return Table(name, self.lines, self.columns)

    def wrong(self, row: int, message: str, fix: str) -> InputError:
        """Return an error about a row."""
        return problem(self.name, self.lines[row], message, fix)


def stamp(path: Path, name: str) -> int:
    """Return when a file was last changed, so that what was read from it can be kept until then.

    Raises
    ------
    InputError
        When there is no such file.
    """
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise problem(name, 0, f"cannot be read: {(error.strerror or 'no such file').lower()}",
                      "files are sought from the folder of the scenario file") from error


def read(path: Path, name: str, required: tuple[str, ...]) -> Table:
    """Read a table: parquet when the name ends in ``.parquet``, else CSV, gzipped when it ends in ``.gz``.

    Parameters
    ----------
    path : Path
    name : str
        What to call the file in messages.
    required : tuple of str
        Columns that it must have.

    Raises
    ------
    InputError
        When it is no such file, lacks a column, has no rows, or a row is not as long as the header.
    """
    found = _parquet(path, name) if path.suffix == ".parquet" else _csv(path, name)
    for column in required:
        found.require(column)
    if not found.lines:
        raise problem(name, 0, "has no rows", "a header alone says nothing")
    return found


def _csv(path: Path, name: str) -> Table:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            numbered = [(reader.line_num, row) for row in reader if row]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise problem(name, 0, f"is no readable CSV file: {error}", "write UTF-8 text with commas between the fields, "
                      "gzipped when the name ends in .gz") from error
    for line, row in numbered:
        if len(row) != len(header):
            raise problem(name, line, "has another number of fields than the header", "give each column its field")
    columns = list(zip(*(row for _, row in numbered), strict=True)) or [()] * len(header)
    return Table(name, tuple(line for line, _ in numbered), dict(zip(header, columns, strict=True)))


def _parquet(path: Path, name: str) -> Table:
    from pyarrow import ArrowInvalid, parquet  # slow to import, and rarely needed

    try:
        found = parquet.read_table(path)
    except (OSError, ArrowInvalid) as error:
        raise problem(name, 0, f"is no readable parquet file: {error}", "write it again, or use CSV") from error
    columns: dict[str, Sequence[str]] = {}
    for column in found.column_names:
        columns[column] = ["" if value is None else str(value) for value in found[column].to_pylist()]
    return Table(name, tuple(range(1, found.num_rows + 1)), columns)


def problem(name: str, line: int, message: str, fix: str) -> InputError:
    """Return an error about a line of a file; line 0 is the file as a whole."""
    return InputError([Problem(name, line, 1 if line else 0, message, fix)])


def _number(text: str) -> float:
    """Read a number; -1 for what is none."""
    try:
        return float(text) if text else 0.0
    except ValueError:
        return -1.0

"""Recorded samples: a column of a CSV file, resampled."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Final

from sim import units
from sim.errors import AdvisedError, choose, quoted

_KEYS: Final = ("samples", "column", "unit", "where")
_MOST_DIGITS: Final = 15
"""Digits of a recorded number before the decimal point; what begins as far behind the point is 0."""

_EXAMPLE: Final = "{samples: data/starts.csv.gz, column: start_ms, unit: ms, where: {provider: e2b}}"


@dataclass(frozen=True, slots=True)
class Samples:
    """Where recorded samples are.

    Attributes
    ----------
    file : str
        CSV with a header, gzipped when its name ends in ``.gz``; relative to the scenario file.
    column : str
        The column of the numbers.
    unit : str
        Unit of the numbers where they are durations, else empty.
    where : tuple of (str, str)
        Columns and the text that a row must have in them, in alphabetic order.
    """

    file: str
    column: str
    unit: str
    where: tuple[tuple[str, str], ...]

    def show(self) -> str:
        """Return the mapping as text, which is JSON and so YAML too."""
        keys: dict[str, object] = {"samples": self.file, "column": self.column}
        if self.unit:
            keys["unit"] = self.unit
        if self.where:
            keys["where"] = dict(self.where)
        return json.dumps(keys, ensure_ascii=False)

    def read(self, directory: Path) -> tuple[int | float, ...]:
        """Read the numbers, in ascending order.

        Rows without a number are passed over.

        Parameters
        ----------
        directory : Path
            The folder that `file` is relative to.

        Returns
        -------
        tuple of int or float
            Microseconds, rounded to whole ones; plain numbers where there is no unit.

        Raises
        ------
        AdvisedError
            No such file or column, no row that fits, or something that is not a number of at least 0.
        """
        path = directory / self.file
        if not path.is_file():
            raise AdvisedError(f"there is no file {quoted(self.file)}", "paths are relative to the scenario file")
        try:
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            rows = csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""))
            self._check_columns(rows.fieldnames or ())
            texts = [(rows.line_num, row[self.column] or "") for row in rows if self._fits(row)]
        except (OSError, EOFError, UnicodeDecodeError, csv.Error) as problem:
            raise AdvisedError(f"{quoted(self.file)} cannot be read: {problem}",
                               "write CSV in UTF-8, gzipped or not") from problem
        values = sorted(self._number(text, line) for line, text in texts if text.strip())
        if not values:
            raise AdvisedError(f"no row of {quoted(self.file)} has a number in {quoted(self.column)}"
                               + "".join(f" and {quoted(text)} in {quoted(name)}" for name, text in self.where),
                               "look at the file, and correct `column` or `where`")
        return tuple(values)

    def _check_columns(self, known: object) -> None:
        names = list(known) if isinstance(known, (list, tuple)) else []
        for name in (self.column, *(name for name, _ in self.where)):
            if name not in names:
                raise AdvisedError(f"{quoted(self.file)} has no column {quoted(name)}", choose(name, names))

    def _fits(self, row: Mapping[str, str | None]) -> bool:
        return all(row[name] == text for name, text in self.where)

    def _number(self, text: str, line: int) -> int | float:
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            number = Decimal("nan")
        # What is beyond all use is refused before it costs anything: an exact number of 10^8 digits takes minutes.
        if not number.is_finite() or number < 0 or (number and number.adjusted() >= _MOST_DIGITS):
            raise AdvisedError(f"line {line} of {quoted(self.file)} has {quoted(text)} in {quoted(self.column)}",
                               f"it must be a number of 0 or more with {_MOST_DIGITS} digits or fewer, or nothing")
        if number.adjusted() < -_MOST_DIGITS or not number:
            return 0
        if self.unit:
            return round(Fraction(number) * units.duration(f"1 {self.unit}"))
        return int(number) if number == number.to_integral_value() else float(number)


def samples(mapping: Mapping[object, object], of: str) -> Samples:
    """Read the mapping form ``{samples: file, column: c, unit: ms, where: {column: text}}``.

    Parameters
    ----------
    mapping : mapping
        As YAML gives it.
    of : {"duration", "count"}
        Durations need a unit, counts have none.

    Raises
    ------
    AdvisedError
        A key is unknown, missing, or of the wrong form.
    """
    for key in mapping:
        if key not in _KEYS:
            raise AdvisedError(f"unknown key {quoted(key)} of recorded samples", choose(str(key), _KEYS))
    file, column, unit = (_text(mapping, key) for key in _KEYS[:3])
    if not file or not column:
        raise AdvisedError("recorded samples need the keys `samples` and `column`", f"write such as `{_EXAMPLE}`")
    if of == "duration" and not unit:
        raise AdvisedError("recorded durations need their unit", "add `unit: ms`, or what the column is in")
    if of == "count" and unit:
        raise AdvisedError("recorded counts have no unit", "remove `unit`")
    if unit:
        units.duration(f"1 {unit}")
    where = mapping.get("where", {})
    if not isinstance(where, Mapping):
        raise AdvisedError("`where` of recorded samples is not a mapping", "write such as `where: {provider: e2b}`")
    for name, text in where.items():
        if not isinstance(text, (str, int)) or isinstance(text, bool):
            raise AdvisedError(f"{quoted(name)} in `where` is not text", "write it in quotes, as it is in the file")
    return Samples(file, column, unit, tuple(sorted((str(name), str(text)) for name, text in where.items())))


def _text(mapping: Mapping[object, object], key: str) -> str:
    text = mapping.get(key, "")
    if not isinstance(text, str):
        raise AdvisedError(f"{quoted(key)} of recorded samples is not text", f"write such as `{_EXAMPLE}`")
    return text

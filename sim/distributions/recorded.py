"""Recorded samples: a column of a CSV file, resampled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Final

from sim import units
from sim.documents import Table, read_table, why_no_number
from sim.errors import AdvisedError, InputError, choose, quoted, quoted_file

_KEYS: Final = ("samples", "column", "unit", "where", "ended")
_MOST_DIGITS: Final = 15
"""Digits of a recorded number before the decimal point; what begins as far behind the point is 0."""

_MOST: Final = 10**_MOST_DIGITS - 1
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
    ended : tuple of (str, str)
        Columns and the text that a row has in them where its number is all of a time; where it has another, the time
        was longer, but not seen to its end (right-censored). Empty where all were.
    """

    file: str
    column: str
    unit: str
    where: tuple[tuple[str, str], ...]
    ended: tuple[tuple[str, str], ...] = ()

    def show(self) -> str:
        """Return the mapping as text, which is JSON and so YAML too."""
        keys: dict[str, object] = {"samples": self.file, "column": self.column}
        if self.unit:
            keys["unit"] = self.unit
        if self.where:
            keys["where"] = dict(self.where)
        if self.ended:
            keys["ended"] = dict(self.ended)
        return json.dumps(keys, ensure_ascii=False)

    def read(self, directory: Path) -> tuple[tuple[int | float, ...], tuple[float, ...]]:
        """Read the numbers, in ascending order, and how likely each of them is.

        Rows without a number are passed over. Where some times were not seen to their end, the estimate is that of
        Kaplan & Meier (1958, Journal of the American Statistical Association 53, 457-481); the longest of all counts
        as seen (Efron, 1967), because nobody knows what is beyond it.

        Parameters
        ----------
        directory : Path
            The folder that `file` is relative to.

        Returns
        -------
        values : tuple of int or float
            Microseconds, rounded to whole ones; plain numbers where there is no unit.
        shares : tuple of float
            None where each of the values is as likely.

        Raises
        ------
        AdvisedError
            No such file or column, or no row that fits.
        InputError
            All that is not a number of at least 0.
        """
        name = str(directory / self.file)
        found = read_table(directory / self.file, name)
        self._check_columns(name, found.header)
        texts, fits = found.columns[self.column], self._fitting(found, self.where)
        scale = units.duration(f"1 {self.unit}") if self.unit else None
        read = {text: self._number(text, scale) for text in {texts[row] for row in fits} if text.strip()}
        faults = [found.fault(row, self.column, *why_no_number(self.column, texts[row], _MOST))
                  for row in fits if read.get(texts[row], 0) is None]  # fmt: skip
        if faults or found.ragged:
            raise InputError(found.problems([*found.ragged, *faults]))
        numbers = [(row, number) for row in fits if (number := read.get(texts[row])) is not None]
        if not numbers:
            raise AdvisedError(f"no row of {quoted_file(name)} has a number in {quoted(self.column)}"
                               + "".join(f" and {quoted(text)} in {quoted(name)}" for name, text in self.where),
                               self._other_text(found))
        if not self.ended:
            return tuple(sorted(number for _, number in numbers)), ()
        seen = set(self._fitting(found, self.where + self.ended))
        if not any(row in seen for row, _ in numbers):
            raise AdvisedError(f"no time of {quoted_file(name)} was seen to its end", self._other_text(found))
        return _kaplan_meier([(number, row in seen) for row, number in numbers])

    def _other_text(self, found: Table) -> str:
        """Say what stands in the columns that rows are chosen by."""
        for column, text in self.where + self.ended:
            known = sorted({*found.columns[column]} - {""})
            if text not in known:
                return f"in {quoted(column)}, {choose(text, known)}"
        return "look at the file, and correct what rows are chosen by"

    def _fitting(self, found: Table, asked: Sequence[tuple[str, str]]) -> Sequence[int]:
        """Return the rows that have the texts asked for."""
        rows: Sequence[int] = range(len(found))
        for column, text in asked:
            texts = found.columns[column]
            rows = [row for row in rows if texts[row] == text]
        return rows

    def _check_columns(self, name: str, header: Sequence[str]) -> None:
        for column in (self.column, *(one for one, _ in self.where + self.ended)):
            if column not in header:
                raise AdvisedError(f"{quoted_file(name)} has no column {quoted(column)}", choose(column, header))

    def _number(self, text: str, scale: int | None) -> int | float | None:
        """Read a number, of microseconds where it is scaled to them; None for what is none."""
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            return None
        # What is beyond all use is refused before it costs anything: an exact number of 10^8 digits takes minutes.
        if not number.is_finite() or number < 0 or (number and number.adjusted() >= _MOST_DIGITS):
            return None
        if number.adjusted() < -_MOST_DIGITS or not number:
            return 0
        if scale is not None:
            return round(Fraction(number) * scale)
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
    return Samples(file, column, unit, _texts(mapping, "where", "{provider: e2b}"),
                   _texts(mapping, "ended", "{event: preempted}"))


def _texts(mapping: Mapping[object, object], key: str, example: str) -> tuple[tuple[str, str], ...]:
    """Read which texts stand in columns, in alphabetic order of these."""
    given = mapping.get(key, {})
    if not isinstance(given, Mapping):
        raise AdvisedError(f"`{key}` of recorded samples is not a mapping", f"write such as `{key}: {example}`")
    for name, text in given.items():
        if not isinstance(text, (str, int)) or isinstance(text, bool):
            raise AdvisedError(f"{quoted(name)} in `{key}` is not text", "write it in quotes, as it is in the file")
    return tuple(sorted((str(name), str(text)) for name, text in given.items()))


def _kaplan_meier(lives: list[tuple[int | float, bool]]) -> tuple[tuple[int | float, ...], tuple[float, ...]]:
    """Estimate the law of lives, of which some were seen to their end."""
    lives.sort(key=lambda life: (life[0], not life[1]))  # of equal ones those not seen to their end lasted longer
    lives[-1] = lives[-1][0], True
    values: list[int | float] = []
    shares: list[float] = []
    surviving = 1.0
    for row, (life, seen) in enumerate(lives):
        ending = surviving / (len(lives) - row) if seen else 0.0
        if seen and values and values[-1] == life:
            shares[-1] += ending
        elif seen:
            values.append(life)
            shares.append(ending)
        surviving -= ending
    return tuple(values), tuple(shares)


def _text(mapping: Mapping[object, object], key: str) -> str:
    text = mapping.get(key, "")
    if not isinstance(text, str):
        raise AdvisedError(f"{quoted(key)} of recorded samples is not text", f"write such as `{_EXAMPLE}`")
    return text

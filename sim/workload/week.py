"""Which rate holds when: a week of named buckets or of a recorded series, or a series of any length.

Time 0 of a run is Monday 00:00. A `Week` is piecewise constant; its rates are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from sim.documents import Table
from sim.scenario import recordings, weekly
from sim.scenario.arrivals import Bucket, Shape
from sim.units import MINUTE, SECOND, WEEK

_FAR = 30
"""What begins so many digits behind the decimal point is 0: an exact number of 10^8 digits takes minutes."""


@dataclass(frozen=True, slots=True)
class Week:
    """Piecewise constant rates of a week, or another period, that repeats.

    Attributes
    ----------
    starts : tuple of int
        Microseconds since Monday 00:00 at which each rate begins to hold; the first is 0.
    rates : tuple of Fraction
        Events a second.
    length : int
        Microseconds after which it repeats.
    """

    starts: tuple[int, ...]
    rates: tuple[Fraction, ...]
    length: int = WEEK

    @property
    def mean(self) -> Fraction:
        """Mean rate over the period, a second."""
        ends = (*self.starts[1:], self.length)
        return sum((rate * (end - start) for start, end, rate in zip(self.starts, ends, self.rates, strict=True)),
                   Fraction(0)) / self.length

    def scaled_to(self, mean: Fraction) -> Week:
        """Return the same shape with another mean rate, a second; the own mean must be above 0."""
        factor = mean / self.mean
        return Week(self.starts, tuple(rate * factor for rate in self.rates), self.length)


def constant(rate: Fraction) -> Week:
    """Return a week of one rate, a second."""
    return Week((0,), (rate,))


def from_buckets(buckets: Mapping[str, Bucket]) -> Week:
    """Return the week that named buckets describe.

    Raises
    ------
    AdvisedError
        When they do not divide the week; see `sim.scenario.weekly`.
    """
    parts = weekly.partition({name: bucket.when for name, bucket in buckets.items()})
    return Week(tuple(start * MINUTE for start, _, _ in parts), tuple(buckets[name].rate for _, _, name in parts))


def from_file(shape: Shape, directory: Path) -> Week:
    """Return the week of a recorded series.

    A rate holds from its own time until the next one's, the last until the first of the next week. The rates are
    those of the file; see `Week.scaled_to`.

    Parameters
    ----------
    shape : Shape
        The file and its columns.
    directory : Path
        Folder that ``shape.file`` is relative to.

    Raises
    ------
    InputError, AdvisedError
        When the file cannot be read as such a series; see `sim.scenario.recordings.shape`.
    """
    return _series(recordings.table(directory, shape.file), shape)


@lru_cache(maxsize=8)
def _series(table: Table, shape: Shape) -> Week:
    found = recordings.shape(table, shape)
    starts = tuple(round(time * SECOND) for time in found.numbers(shape.time))
    rates = tuple(map(_exact, table.texts(shape.rate)))
    return Week(starts, rates) if starts[0] == 0 else Week((0, *starts), (rates[-1], *rates))


def _exact(text: str) -> Fraction:
    """Return a number that has been checked as a fraction, exactly as it is written."""
    number = Decimal(text.strip())
    return Fraction(number) if number and number.adjusted() >= -_FAR else Fraction(0)

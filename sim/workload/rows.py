"""Recorded rows, one for each request: values that were recorded together stay together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from sim import luck
from sim.distributions.portable import Floats
from sim.engine.contract import Int64s
from sim.luck import Stream
from sim.scenario.recorded import Column
from sim.workload import table
from sim.workload.table import Table

_MOST = 2**50
"""Microseconds (36 years) or bytes that a row may say."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The recorded row of each request.

    Attributes
    ----------
    table : Table
    row : int64[n]
    """

    table: Table
    row: Int64s

    def values(self, column: Column) -> Floats:
        """Return what a column says of each request: microseconds, bytes or plain numbers.

        Raises
        ------
        InputError
            When there is no such column, or a row of it is no number that can be.
        """
        self.table.require(column.column)
        most = _MOST / column.scale
        numbers = self.table.numbers(column.column, most) if column.unit else self.table.integers(column.column)
        return np.asarray(numbers[self.row] * float(column.scale), np.float64)

    def integers(self, column: Column) -> Int64s:
        """Return `values` rounded to whole microseconds, bytes or numbers, half to even."""
        return np.rint(self.values(column)).astype(np.int64)


def read(directory: Path, file: str) -> Table:
    """Read a file of rows; see `sim.workload.table.read`."""
    path = directory / file
    return _read(path, file, table.stamp(path, file))


@lru_cache(maxsize=4)
def _read(path: Path, name: str, stamp: int) -> Table:
    """Read a table; ``stamp`` keeps a changed file from being answered from memory."""
    return table.read(path, name, ())


def drawn(found: Table, keys: Int64s, seed: int, replication: int) -> Rows:
    """Give each request one of the rows, each as likely.

    Parameters
    ----------
    found : Table
    keys : int64[n]
        Address of each request.
    seed, replication : int
        Address of the luck, in stream ROW.
    """
    return Rows(found, luck.integers_below(len(found.lines), seed, replication, Stream.ROW, keys))

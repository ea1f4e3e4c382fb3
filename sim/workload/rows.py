"""Recorded rows, one for each request: values that were recorded together stay together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim import luck
from sim.distributions.portable import Floats
from sim.documents import Table
from sim.engine.contract import Int64s
from sim.luck import Stream
from sim.scenario import recordings
from sim.scenario.recorded import Column


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
        InputError, AdvisedError
            When there is no such column, or rows of it are no numbers that can be.
        """
        numbers = np.array(recordings.columns(self.table, [column]).numbers(column.column), np.float64)
        return numbers[self.row] * float(column.scale)

    def integers(self, column: Column) -> Int64s:
        """Return `values` rounded to whole microseconds, bytes or numbers, half to even."""
        return np.rint(self.values(column)).astype(np.int64)


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
    return Rows(found, luck.integers_below(len(found), seed, replication, Stream.ROW, keys))

"""Times of one replication, kept in few bytes: percentiles need them all, but neither their order nor 64 bits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.engine.contract import Int64s
from sim.stats import INFINITE


class Times(Mapping[str, Int64s]):
    """Times by figure, in ascending order. Read-only.

    Zeros and infinities are counted, the rest is sorted and kept in the narrowest type. What completed is not kept
    beside what arrived: it is its finite part.

    Parameters
    ----------
    given : mapping of str to int64[n]
        Microseconds, in any order; `sim.stats.INFINITE` for a request that failed or was not finished.
    finite : mapping of str to str
        Figures that are the finite part of a given one: ``{"completed.latency_s": "latency_s"}``.
    """

    def __init__(self, given: Mapping[str, Int64s], finite: Mapping[str, str]) -> None:
        self._kept = {name: _Kept.of(values) for name, values in given.items()}
        self._finite = dict(finite)

    def __getitem__(self, name: str) -> Int64s:
        if name in self._finite:
            return self._kept[self._finite[name]].unpacked(infinite=False)
        return self._kept[name].unpacked(infinite=True)

    def __iter__(self) -> Iterator[str]:
        yield from self._kept
        yield from self._finite

    def __len__(self) -> int:
        return len(self._kept) + len(self._finite)

    @property
    def nbytes(self) -> int:
        """Bytes that the arrays take."""
        return sum(kept.others.nbytes for kept in self._kept.values())


_KINDS = (np.uint8, np.uint16, np.uint32, np.int32, np.int64)
"""Narrowest first."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """How many zeros and infinities, and the other times, sorted and in the narrowest type that holds them."""

    zeros: int
    others: np.ndarray[Any, np.dtype[np.signedinteger[Any] | np.unsignedinteger[Any]]]
    endless: int

    @classmethod
    def of(cls, values: Int64s) -> _Kept:
        ordered = np.sort(values)
        first, last, finite = ordered.searchsorted([0, 1, INFINITE])
        others = np.concatenate((ordered[:first], ordered[last:finite]))
        ends = others[[0, -1]] if len(others) else others
        narrow = next(kind for kind in _KINDS if (ends.astype(kind) == ends).all())
        return cls(int(last - first), others.astype(narrow), int(len(ordered) - finite))

    def unpacked(self, *, infinite: bool) -> Int64s:
        others = self.others.astype(np.int64)
        below = others.searchsorted(0)
        endless = np.full(self.endless if infinite else 0, INFINITE)
        return np.concatenate((others[:below], np.zeros(self.zeros, np.int64), others[below:], endless))

"""A queue that is not served in the order of its coming, or whose requests do not fit everywhere."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.engine.contract import Capacity, Demand

if TYPE_CHECKING:
    from sim.engine.instance import Instance


class Needs:
    """What requests need, and in which order they are served; the same for all pools.

    Parameters
    ----------
    demand : Demand
    capacity : Capacity
        With `Queueing`.
    """

    def __init__(self, demand: Demand, capacity: Capacity) -> None:
        rule = capacity.queueing
        assert rule is not None
        self.slots = rule.need.tolist() or [1] * demand.n
        self.rank = rule.rank.tolist() or [0] * demand.n
        self.backfill = rule.backfill
        self._most = capacity.concurrency
        self._memory = demand.memory.tolist()
        self._room = capacity.memory if rule.memory_waits else -1
        self._base = capacity.base_memory

    def fits(self, row: int, instance: Instance) -> bool:
        """Tell whether a request can begin on a warm instance."""
        return instance.slots + self.slots[row] <= self._most and self._fits(row, instance.memory)

    def fits_nowhere(self, row: int) -> bool:
        """Tell whether a request cannot begin even on an instance without residents."""
        return self.slots[row] > self._most or not self._fits(row, self._base)

    def _fits(self, row: int, used: int) -> bool:
        return self._room < 0 or used + self._memory[row] <= self._room


class Line:
    """The queue of a pool, in order.

    Parameters
    ----------
    needs : Needs
    admitted : list of int
        When each request was admitted.
    """

    def __init__(self, needs: Needs, admitted: list[int]) -> None:
        self._needs = needs
        self._admitted = admitted
        self._order: list[tuple[int, int, int]] = []
        self.slots = 0

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[int]:
        return (row for _, _, row in self._order)

    def __contains__(self, row: int) -> bool:
        place = bisect_left(self._order, self._key(row))
        return place < len(self._order) and self._order[place][2] == row

    def add(self, row: int) -> None:
        """Put a request where it belongs."""
        insort(self._order, self._key(row))
        self.slots += self._needs.slots[row]

    def remove(self, row: int) -> None:
        """Take a request out."""
        del self._order[bisect_left(self._order, self._key(row))]
        self.slots -= self._needs.slots[row]

    def place(self, slots: int) -> int:
        """Give how many requests from the head so many slots are enough for."""
        if self.slots <= slots:
            return len(self._order)
        for place, row in enumerate(self):
            slots -= self._needs.slots[row]
            if slots < 0:
                return place
        return len(self._order)

    def at(self, place: int) -> int:
        """Give the request at a place from the head."""
        return self._order[place][2]

    def _key(self, row: int) -> tuple[int, int, int]:
        return self._needs.rank[row], self._admitted[row], row

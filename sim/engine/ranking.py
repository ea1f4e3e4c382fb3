"""Instances in order of preference."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

Rank = tuple[int, ...] | int


class Ranking:
    """A set of numbers, each with a rank; gives the number with the least ``(rank, number)``.

    Ranks change often and few numbers are ever asked for, so entries that no longer hold are removed when they surface
    or when they outnumber those that do.
    """

    def __init__(self) -> None:
        self._rank: dict[int, Rank] = {}
        self._heap: list[tuple[Rank, int]] = []

    def put(self, number: int, rank: Rank) -> None:
        """Add a number or change its rank."""
        ranks = self._rank
        if ranks.get(number) == rank:
            return
        ranks[number] = rank
        heap = self._heap
        if len(heap) > 2 * len(ranks) + 64:
            self._heap = heap = [(r, n) for n, r in ranks.items()]
            heapify(heap)
        else:
            heappush(heap, (rank, number))

    def drop(self, number: int) -> None:
        """Remove a number, if it is there."""
        if self._rank.pop(number, None) is not None and self._heap[0][1] == number:
            heappop(self._heap)

    def rank(self, number: int) -> Rank | None:
        """Give the rank of a number, or None."""
        return self._rank.get(number)

    def first(self) -> int | None:
        """Give the preferred number, or None."""
        ranks, heap = self._rank, self._heap
        while heap:
            rank, number = heap[0]
            if ranks.get(number) == rank:
                return number
            heappop(heap)
        return None

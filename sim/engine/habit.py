"""How long the instance of a pool stays, learnt from the gaps between its requests."""

from __future__ import annotations

from sim.engine.contract import CORE, NEVER, KeepAlive


class Habit:
    """The gaps of one pool, by their length.

    Parameters
    ----------
    rule : KeepAlive

    Attributes
    ----------
    keep : int
        Microseconds for which an idle instance stays, as last set.
    """

    def __init__(self, rule: KeepAlive, keep: int) -> None:
        self.keep = keep
        self._rule = rule
        self._counts: dict[int, int] = {}
        self._inside = self._outside = self._squares = 0
        self._since = NEVER

    def asked(self, now: int) -> None:
        """Take note that a request has been admitted."""
        if self._since < 0:
            return
        place = (now - self._since) // self._rule.bin
        self._since = NEVER
        if place >= self._rule.bins:
            self._outside += 1
            return
        before = self._counts.get(place, 0)
        self._counts[place] = before + 1
        self._inside += 1
        self._squares += 2 * before + 1

    def left(self, now: int) -> int:
        """Take note that there is nobody left; give how long it is until an instance is to be there again.

        Returns
        -------
        int
            Microseconds; 0 where the instance is to stay, for `keep`.
        """
        self._since = now
        rule, inside = self._rule, self._inside
        uneven = rule.bins * self._squares * CORE >= rule.spread * inside * inside
        if inside + self._outside < rule.least or self._outside > inside or not uneven:
            self.keep = rule.bin * rule.bins
            return 0
        head, tail = self._place(rule.head), self._place(rule.tail) + 1
        before = head * rule.bin * (CORE - rule.margin) // CORE
        self.keep = tail * rule.bin * (CORE + rule.margin) // CORE - before
        return before

    def _place(self, share: int) -> int:
        """Give the first bin up to which there is a share of all gaps."""
        count = 0
        for place in sorted(self._counts):
            count += self._counts[place]
            if count * CORE >= share * self._inside:
                return place
        return NEVER

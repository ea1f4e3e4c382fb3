"""Work that shares what it is done with, in integers."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush

from simpy.events import Event

from sim.engine.clock import Clock, Timer
from sim.engine.contract import CORE


class Sharing:
    """Processor sharing.

    All who ask progress alike, so one counter of work attained serves them all: one that asks for ``work`` now is done
    when the counter has grown by it. Another one more or less changes only the pace.

    Parameters
    ----------
    clock : Clock
    order : int
        `ORDER` of the kind of event that the end of work is.
    pace : callable
        From the number of those who ask to the millionths of a microsecond of work that each does in a microsecond.
    """

    def __init__(self, clock: Clock, order: int, pace: Callable[[int], int]) -> None:
        self._clock = clock
        self._order = order
        self._paced = pace
        self._attained = self._since = self._pace = 0
        self._asking: list[tuple[int, int, Event]] = []
        self._next: Event | None = None

    def run(self, key: int, microseconds: int) -> Event:
        """Give the event of work being done; the key says whose it is."""
        self._advance()
        done = Event(self._clock)
        heappush(self._asking, (self._attained + microseconds * CORE, key, done))
        self._schedule()
        return done

    def left(self, key: int) -> int:
        """Give the microseconds of work that somebody still asks for, begun ones included."""
        attained = self._attained + (self._clock.now - self._since) * self._pace
        return next((max(0, -((attained - target) // CORE)) for target, other, _ in self._asking if other == key), 0)

    def withdraw(self, key: int) -> None:
        """Take somebody out whose work will not be done, if they ask for any."""
        rest = [asked for asked in self._asking if asked[1] != key]
        if len(rest) < len(self._asking):
            self._advance()
            heapify(rest)
            self._asking = rest
            self._schedule()

    def stop(self) -> None:
        """Do nothing more."""
        self._advance()
        self._asking.clear()
        self._schedule()

    def _advance(self) -> None:
        """Bring work up to now; those who ask are about to change."""
        self._attained += (self._clock.now - self._since) * self._pace
        self._since = self._clock.now

    def _schedule(self) -> None:
        """Set the pace for those who ask now, and the end of the first of them."""
        self._next = None
        self._pace = self._paced(len(self._asking)) if self._asking else 0
        if self._asking:
            target, key, _ = self._asking[0]
            left = max(0, -((self._attained - target) // self._pace))
            self._next = Timer(self._clock, self._since + left, self._order + key, self._finish)

    def _finish(self, event: Event) -> None:
        if event is not self._next:
            return
        self._advance()
        _, _, done = heappop(self._asking)
        self._schedule()
        done.succeed()

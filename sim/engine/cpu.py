"""The CPU of an instance, shared by its residents."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from simpy.events import Event

from sim.engine.clock import ORDER, Clock, Timer
from sim.engine.contract import CORE, Kind, cpu_share

_END = ORDER[Kind.END]


class SharedCpu:
    """Processor sharing in integers.

    All residents in CPU time progress alike, so one counter of work attained serves them all: a resident that asks for
    ``work`` now is done when the counter has grown by it. Adding or removing a resident changes only the pace.
    """

    def __init__(self, clock: Clock, capacity: int) -> None:
        self._clock = clock
        self._capacity = capacity
        self._attained = 0
        self._since = 0
        self._asking: list[tuple[int, int, Event]] = []
        self._next: Event | None = None

    def run(self, row: int, microseconds: int) -> Event:
        """Give the event of this request's CPU time being done."""
        self._advance()
        done = Event(self._clock)
        heappush(self._asking, (self._attained + microseconds * CORE, row, done))
        self._schedule()
        return done

    def withdraw(self, row: int) -> None:
        """Take a request out that will not finish its CPU time, if it is in it."""
        rest = [asked for asked in self._asking if asked[1] != row]
        if len(rest) < len(self._asking):
            self._advance()
            heapify(rest)
            self._asking = rest
            self._schedule()

    def stop(self) -> None:
        """Do nothing more."""
        self._asking.clear()
        self._next = None

    def _advance(self) -> None:
        now = self._clock.now
        if self._asking:
            self._attained += (now - self._since) * cpu_share(self._capacity, len(self._asking))
        self._since = now

    def _schedule(self) -> None:
        self._next = None
        if not self._asking:
            return
        target, row, _ = self._asking[0]
        share = cpu_share(self._capacity, len(self._asking))
        left = max(0, -((self._attained - target) // share))
        self._next = Timer(self._clock, self._since + left, _END + row, self._finish)

    def _finish(self, event: Event) -> None:
        if event is not self._next:
            return
        self._advance()
        _, _, done = heappop(self._asking)
        self._schedule()
        done.succeed()

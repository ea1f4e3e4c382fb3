"""The CPU of an instance, shared by its residents."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from simpy.events import Event

from sim.engine.clock import ORDER, Timer
from sim.engine.contract import CORE, Kind, cpu_share

if TYPE_CHECKING:
    from sim.engine.fleet import Fleet

_END, _CAPACITY = ORDER[Kind.END], ORDER[Kind.CAPACITY] + 1


class SharedCpu:
    """Processor sharing in integers.

    All residents in CPU time progress alike, so one counter of work attained serves them all: a resident that asks for
    ``work`` now is done when the counter has grown by it. Adding or removing a resident changes only the pace.

    Parameters
    ----------
    fleet : Fleet
    number : int
        The instance's.
    speed : int
        Of the instance, in millionths.
    """

    def __init__(self, fleet: Fleet, number: int, speed: int) -> None:
        self._fleet = fleet
        self._clock = fleet.clock
        self._capacity = fleet.rules.cpu
        self._number = number
        self._speed = speed
        self._attained = self._since = 0
        self._asking: list[tuple[int, int, Event]] = []
        self._next: Event | None = None
        self._used = 0
        self._pace = 0
        self._credit = fleet.rules.credit
        self._balance = 0
        self._has_credit = True
        self._exhausted: Event | None = None

    def fill_up(self) -> None:
        """Begin with the credit of an instance that has just become ready."""
        if self._credit is not None:
            self._since = self._clock.now
            self._balance = self._credit.first

    def run(self, row: int, microseconds: int) -> Event:
        """Give the event of this request's CPU time being done."""
        self._advance()
        done = Event(self._clock)
        heappush(self._asking, (self._attained + microseconds * CORE, row, done))
        self._schedule()
        return done

    def left(self, row: int) -> int:
        """Give the microseconds of its CPU time that a request still asks for, begun ones included."""
        attained = self._attained + (self._clock.now - self._since) * self._pace
        return next((max(0, -((attained - target) // CORE)) for target, other, _ in self._asking if other == row), 0)

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
        self._advance()
        self._asking.clear()
        self._schedule()

    def _advance(self) -> None:
        """Bring work and credit up to now; those who ask are about to change."""
        elapsed = self._clock.now - self._since
        self._attained += elapsed * self._pace
        self._since = self._clock.now
        if self._credit is not None:
            balance = self._balance + elapsed * (self._credit.rate - self._used)
            self._balance = max(0, min(self._credit.most, balance))
            self._has_credit = self._balance > 0

    def _schedule(self) -> None:
        """Set the pace for those who ask now, and the end of the first of them."""
        self._next = self._exhausted = None
        used, asking = self._used, len(self._asking)
        self._used = self._pace = 0
        if asking:
            capacity = self._capacity
            if self._credit is not None and not self._has_credit:
                capacity = min(capacity, self._credit.rate)
            share = cpu_share(capacity, asking)
            self._used = share * asking
            self._pace = max(1, share * self._speed // CORE)
            target, row, _ = self._asking[0]
            left = max(0, -((self._attained - target) // self._pace))
            self._next = Timer(self._clock, self._since + left, _END + row, self._finish)
            self._watch_credit()
        if self._fleet.autoscaler is not None and self._fleet.autoscaler.by_cpu:
            self._fleet.autoscaler.add(self._used - used)

    def _watch_credit(self) -> None:
        if self._credit is None or not self._has_credit or self._used <= self._credit.rate:
            return
        left = -(-self._balance // (self._used - self._credit.rate))
        self._exhausted = Timer(self._clock, self._since + left, _CAPACITY + self._number, self._exhaust)

    def _exhaust(self, event: Event) -> None:
        if event is not self._exhausted:
            return
        self._advance()
        self._balance, self._has_credit = 0, False
        self._schedule()

    def _finish(self, event: Event) -> None:
        if event is not self._next:
            return
        self._advance()
        _, _, done = heappop(self._asking)
        self._schedule()
        done.succeed()

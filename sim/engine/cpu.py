"""The CPU of an instance, shared by its residents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpy.events import Event

from sim.engine.clock import ORDER, Timer
from sim.engine.contract import CORE, Kind, cpu_share
from sim.engine.sharing import Sharing

if TYPE_CHECKING:
    from sim.engine.fleet import Fleet

_END, _CAPACITY = ORDER[Kind.END], ORDER[Kind.CAPACITY] + 1


class SharedCpu(Sharing):
    """The CPU time of residents, while there is credit.

    Parameters
    ----------
    fleet : Fleet
    number : int
        The instance's.
    speed : int
        Of the instance, in millionths.
    """

    def __init__(self, fleet: Fleet, number: int, speed: int) -> None:
        super().__init__(fleet.clock, _END, self._progress)
        self._fleet = fleet
        self._capacity, self._parallel = fleet.rules.cpu, fleet.rules.parallel
        self._number = number
        self._speed = speed
        self._used = 0
        self._credit = fleet.rules.credit
        self._balance = 0
        self._has_credit = True
        self._exhausted: Event | None = None

    def fill_up(self) -> None:
        """Begin with the credit of an instance that has just become ready."""
        if self._credit is not None:
            self._since = self._clock.now
            self._balance = self._credit.first

    def _progress(self, asking: int) -> int:
        capacity = self._capacity
        if self._credit is not None and not self._has_credit:
            capacity = min(capacity, self._credit.rate)
        share = cpu_share(capacity, asking, self._parallel)
        self._used = share * asking
        return max(1, share * self._speed // CORE)

    def _advance(self) -> None:
        if self._credit is not None:
            balance = self._balance + (self._clock.now - self._since) * (self._credit.rate - self._used)
            self._balance = max(0, min(self._credit.most, balance))
            self._has_credit = self._balance > 0
        super()._advance()

    def _schedule(self) -> None:
        used, self._used, self._exhausted = self._used, 0, None
        super()._schedule()
        if self._credit is not None and self._has_credit and self._used > self._credit.rate:
            left = -(-self._balance // (self._used - self._credit.rate))
            self._exhausted = Timer(self._clock, self._since + left, _CAPACITY + self._number, self._exhaust)
        if self._fleet.autoscaler is not None and self._fleet.autoscaler.by_cpu:
            self._fleet.autoscaler.add(self._used - used)

    def _exhaust(self, event: Event) -> None:
        if event is not self._exhausted:
            return
        self._advance()
        self._balance, self._has_credit = 0, False
        self._schedule()

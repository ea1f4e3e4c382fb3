"""Ticks at the multiples of a time, without those that can change nothing."""

from __future__ import annotations

from collections.abc import Callable

from simpy.events import Event

from sim.engine.clock import ORDER, Clock, Timer
from sim.engine.contract import NEVER, Kind

_TICK = ORDER[Kind.TICK]


class Ticks:
    """Events at multiples of a time above 0, those only that are asked for.

    Parameters
    ----------
    clock : Clock
    every : int
        Microseconds between multiples.
    key : int
        Of the events.
    action : callable
        What is done at a tick. It asks for the next one, if there is to be one.
    """

    def __init__(self, clock: Clock, every: int, key: int, action: Callable[[], None]) -> None:
        self._clock = clock
        self._every = every
        self._order = _TICK + key
        self._action = action
        self._next = NEVER
        self._last = 0

    @property
    def asleep(self) -> bool:
        """Whether no tick is to come."""
        return self._next < 0

    def ask(self, since: int = 0) -> None:
        """See to it that there is a tick at the first multiple from some time on that has not passed."""
        now = self._clock._now
        # A tick of this instant has passed when something has happened that comes after ticks, even if there was none.
        least = now + 1 if now in (self._last, self._clock.past_ticks) else now
        time = -(-max(since, least) // self._every) * self._every
        if self._next < 0 or time < self._next:
            self._next = time
            Timer(self._clock, time, self._order, self._happen)

    def pass_by(self) -> None:
        """Take note that something happens now that comes after the tick of this instant."""
        self._last = self._clock._now

    def _happen(self, _: Event) -> None:
        if self._clock._now == self._next:
            self._next, self._last = NEVER, self._next
            self._action()

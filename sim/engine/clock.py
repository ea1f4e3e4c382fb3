"""SimPy's environment with an explicit order of events at one instant."""

from __future__ import annotations

from collections.abc import Callable

import simpy
from simpy.events import Event, EventPriority

from sim.engine.contract import NEVER, Kind

_KEY_BITS = 48

# SimPy orders events of one instant by an integer. Its own events (the start of a process, a triggered event) use 0 and
# 1, so they come first: what an event sets off is settled before the next event of the same instant.
ORDER = {kind: (kind + 1) << _KEY_BITS for kind in Kind}


class Clock(simpy.Environment):
    """An environment whose time is whole microseconds.

    Attributes
    ----------
    past_ticks : int
        When something last happened that comes after the ticks of its instant, or NEVER.
    """

    _now: int

    past_ticks: int = NEVER

    @property
    def now(self) -> int:
        """Microseconds since the start of the run."""
        return self._now


class Timer(Event):
    """An event at a given time, of a given kind, for a given request or instance.

    Parameters
    ----------
    clock : Clock
    time : int
        Microseconds, not before now.
    order : int
        `ORDER` of the kind plus the key.
    action : callable, optional
        Called with the event when it happens. A process may instead (or also) wait for it.
    """

    def __init__(
        self, clock: Clock, time: int, order: int, action: Callable[[Event], None] | None = None
    ) -> None:
        # Written out rather than calling Event.__init__, as simpy.Timeout does: this is the hottest line of a run.
        self.env = clock
        self.callbacks = [] if action is None else [action]
        self._value = None
        self._ok = True
        clock.schedule(self, EventPriority(order), time - clock._now)


def redirect(waited: Event) -> None:
    """Resume now whoever waits for an event, and leave that event without effect.

    Far cheaper than `Process.interrupt`, which creates an exception, and it works on a timer already in the schedule.
    """
    now = Event(waited.env)
    hand_over(waited, now)
    now.succeed()


def hand_over(waited: Event, other: Event) -> None:
    """Let whoever waits for an event wait for another one instead."""
    other.callbacks, waited.callbacks = waited.callbacks, []

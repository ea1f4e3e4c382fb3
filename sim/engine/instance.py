"""An instance: a state machine of callbacks, driven by the ladder of its platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpy.events import Event

from sim.engine.clock import ORDER, Timer
from sim.engine.contract import NEVER, Kind, State
from sim.engine.cpu import SharedCpu

if TYPE_CHECKING:
    from sim.engine.pool import Pool

_READY, _ENTERED, _EXPIRE = ORDER[Kind.READY], ORDER[Kind.ENTERED], ORDER[Kind.EXPIRE]
_STARTING, _IDLE, _BUSY, _ENTERING, _RESTING, _WAKING, _OFF = (
    int(state)
    for state in (State.STARTING, State.IDLE, State.BUSY, State.ENTERING, State.RESTING, State.WAKING, State.OFF)
)


class Instance:
    """One VM, container, sandbox or microVM.

    Attributes
    ----------
    state, rung : int
        `State`, and the rung in ENTERING, RESTING and WAKING.
    opener : int
        The request it was opened for.
    residents : set of int
        Rows of the requests on it.
    bound : list of (int, int)
        Rows that wait for it to be ready, and since when (early binding).
    memory : int
        Bytes in use.
    used : int
        When it became ready or a request left it last.
    asked : int
        When it was asked to start or to wake.
    waker : int
        The request that wakes it as soon as it has entered its rung.
    """

    __slots__ = (
        "_alarm", "_deadline", "asked", "bound", "cpu", "memory", "number", "opener", "pool", "residents", "rung",
        "state", "used", "waker",
    )  # fmt: skip

    def __init__(self, pool: Pool, number: int, opener: int) -> None:
        self.pool = pool
        self.number = number
        self.opener = opener
        self.state = _OFF
        self.rung = NEVER
        self.residents: set[int] = set()
        self.bound: list[tuple[int, int]] = []
        self.used = 0
        self.asked = 0
        self.waker = NEVER
        self.memory = pool.rules.base_memory
        self.cpu = SharedCpu(pool.clock, pool.rules.cpu) if pool.rules.shares_cpu else None
        self._deadline = NEVER
        self._alarm = NEVER

    def turn(self, state: int, rung: int = NEVER) -> None:
        """Change state, and say so in the trace."""
        self.state = state
        self.rung = rung
        self.pool.turns.extend((self.pool.clock._now, self.number, state, rung))

    def start(self, row: int) -> None:
        """Open for a request."""
        self.turn(_STARTING)
        self._come(self.pool.rules.start[row])

    def wake(self, row: int) -> None:
        """Leave the rung for a request."""
        rung = self.rung
        self._deadline = NEVER
        self.turn(_WAKING, rung)
        self._come(self.pool.rules.rung_wake[rung][row])

    def _come(self, delay: int) -> None:
        clock = self.pool.clock
        Timer(clock, clock._now + delay, _READY + self.number, self._ready)

    def _ready(self, _: Event) -> None:
        self.used = self.pool.clock._now
        self.pool.ready(self)

    def busy(self) -> None:
        """Take up work."""
        self._deadline = NEVER
        self.turn(_BUSY)

    def idle(self) -> None:
        """Wait for work, and go down the ladder when none comes."""
        self.turn(_IDLE)
        self.look_again(0)

    def look_again(self, rung: int) -> None:
        """Set the deadline for entering a rung."""
        after = self.pool.rules.rung_after
        if rung >= len(after) or after[rung] < 0:
            self._deadline = NEVER
            return
        clock = self.pool.clock
        deadline = clock._now + after[rung]
        self._deadline = deadline
        # One timer is enough while deadlines grow: it looks again when it goes off. On a ladder they may also shrink.
        if self._alarm < 0 or self._alarm > deadline:
            self._alarm = deadline
            Timer(clock, deadline, _EXPIRE + self.number, self._expire)

    def _expire(self, _: Event) -> None:
        clock = self.pool.clock
        if clock._now != self._alarm:
            return
        self._alarm = NEVER
        deadline = self._deadline
        if deadline < 0:
            return
        if deadline > clock._now:
            self._alarm = deadline
            Timer(clock, deadline, _EXPIRE + self.number, self._expire)
        elif self.state == _IDLE:
            if self.pool.needs():
                self.look_again(0)
            else:
                self._enter(0)
        else:
            self._enter(self.rung + 1)

    def _enter(self, rung: int) -> None:
        self._deadline = NEVER
        self.pool.entering(self, rung)
        self.turn(_ENTERING, rung)
        clock = self.pool.clock
        Timer(clock, clock._now + self.pool.rules.rung_enter[rung], _ENTERED + self.number, self._entered)

    def _entered(self, _: Event) -> None:
        if self.waker >= 0:
            row, self.waker = self.waker, NEVER
            self.wake(row)
        elif self.pool.rules.rung_keeps[self.rung]:
            self.rest(self.rung)
        else:
            self.turn(_OFF)
            self.pool.lost()

    def rest(self, rung: int) -> None:
        """Rest in a rung until woken or until the next rung's time has come."""
        self.turn(_RESTING, rung)
        self.pool.resting(self, rung)
        self.look_again(rung + 1)

    def die(self) -> None:
        """End at once, with everything on it."""
        self._deadline = NEVER
        if self.cpu is not None:
            self.cpu.stop()
        self.turn(_OFF)

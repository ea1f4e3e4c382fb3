"""An instance: a state machine of callbacks, driven by the ladder of its platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpy.events import Event

from sim.engine.clock import ORDER, Timer
from sim.engine.contract import NEVER, Kind, State
from sim.engine.cpu import SharedCpu
from sim.engine.gpu import SharedGpu
from sim.engine.market import Lease

if TYPE_CHECKING:
    from sim.engine.pool import Pool

_READY, _ENTERED, _EXPIRE, _INTERRUPT = (
    ORDER[kind] for kind in (Kind.READY, Kind.ENTERED, Kind.EXPIRE, Kind.INTERRUPT)
)
_OFF, _STARTING, _IDLE, _BUSY, _ENTERING, _RESTING, _WAKING, _DRAINING = (int(state) for state in State)


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
    slots : int
        In use, where requests need more than one.
    gpu : SharedGpu or None
        Where some step has GPU time.
    used : int
        When it became ready or a request left it last.
    asked : int
        When it was asked to start or to wake.
    idle_from : int
        Since when it counts as idle.
    waker : int
        The row of luck with which it wakes as soon as it has entered its rung.
    lease : Lease or None
        How long it is left to its deployment, where it can be taken.
    """

    __slots__ = (
        "_alarm", "_clock", "_deadline", "_last", "_open_until", "_rules", "_taken_at", "_turns", "asked", "bound",
        "cpu", "gpu", "idle_from", "lease", "memory", "number", "opener", "pool", "residents", "rung", "slots", "state",
        "used", "waker",
    )  # fmt: skip

    def __init__(self, pool: Pool, number: int, opener: int, speed: int) -> None:
        self.pool = pool
        self._rules = pool.rules
        self._clock = pool.clock
        self._turns = pool.fleet.turns
        self.number = number
        self.opener = opener
        self.state = _OFF
        self.rung = NEVER
        self.residents: set[int] = set()
        self.bound: list[tuple[int, int]] = []
        self.used = 0
        self.asked = 0
        self.idle_from = 0
        self.waker = NEVER
        self.memory = pool.rules.base_memory
        self.cpu = SharedCpu(pool.fleet, number, speed) if pool.rules.shares_cpu else None
        self.gpu = SharedGpu(pool.clock, pool.rules.gpu) if pool.rules.gpu is not None else None
        self.slots = 0
        self.lease: Lease | None = None
        self._last = NEVER
        self._open_until = 0
        self._taken_at = NEVER
        self._deadline = NEVER
        self._alarm = NEVER

    def turn(self, state: int, rung: int = NEVER) -> None:
        """Change state, and say so in the trace."""
        self.state = state
        self.rung = rung
        self._turns.extend((self._clock._now, self.number, state, rung))

    def start(self, length: int) -> None:
        """Open."""
        self.turn(_STARTING)
        starts = self.pool.fleet.starts
        if starts is None:
            self._come(length)
        else:
            starts.run(self.number, length).callbacks.append(self._ready)

    def wake(self, row: int) -> None:
        """Leave the rung, with the luck of a request."""
        rung = self.rung
        self._deadline = NEVER
        self.turn(_WAKING, rung)
        self._come(self._rules.rung_wake[rung][row])

    def _come(self, delay: int) -> None:
        clock = self._clock
        Timer(clock, clock._now + delay, _READY + self.number, self._ready)

    def _ready(self, _: Event) -> None:
        if self.state == _OFF:
            return
        self.used = self._clock._now
        self.set_out()
        self.pool.ready(self)

    def set_out(self) -> None:
        """Begin to be warm."""
        if self.cpu is not None:
            self.cpu.fill_up()
        if self.lease is not None:
            self.lease.ready()
        lifetime, clock = self._rules.lifetime, self._clock
        if lifetime >= 0:
            self._taken_at = clock._now + lifetime
            Timer(clock, self._taken_at, _INTERRUPT + self.number, self.interrupt)

    def interrupt(self, _: Event) -> None:
        """Be taken, have notice of it, or come to the end of its life, whatever comes now."""
        now, lease = self._clock._now, self.lease
        if self.state == _OFF:
            return
        if lease is not None and lease.due(now):
            self.pool.seize(self)
        elif lease is not None and lease.notice(now):
            self.pool.warn(self, lease.ends)
        elif self._taken_at == now and self.state in (_IDLE, _BUSY):
            self.pool.take(self)

    def busy(self) -> None:
        """Take up work."""
        self._deadline = NEVER
        if self._rules.check_every >= 0:
            self.pool.fleet.idle.pop(self.number, None)
        self.turn(_BUSY)

    def withdraw(self, row: int) -> None:
        """Let a request have no more CPU or GPU time."""
        if self.cpu is not None:
            self.cpu.withdraw(row)
        if self.gpu is not None:
            self.gpu.withdraw(row)

    def left(self, row: int) -> None:
        """Take note that a request has left."""
        now = self._clock._now
        self.used = now
        if self._rules.stick is not None:
            self._last = row
        if self._rules.linger is not None:
            self._open_until = max(self._open_until, now + self._rules.linger[row])

    def idle(self) -> None:
        """Wait for work, and go down the ladder when none comes."""
        self.turn(_IDLE)
        self.idle_from = max(self._clock._now, self._open_until)
        if self.pool.habit is not None:
            self._look(self.idle_from + self.pool.stay())
        elif self._rules.expires:
            self._look_at(0, self.idle_from)
        elif self._rules.check_every >= 0:
            self.pool.fleet.add_idle(self)

    def _look_at(self, rung: int, since: int) -> None:
        """Set the deadline for entering a rung."""
        after = self._rules.rung_after
        if rung >= len(after) or after[rung] < 0:
            self._deadline = NEVER
        else:
            self._look(since + after[rung])

    def _look(self, deadline: int) -> None:
        clock = self._clock
        self._deadline = deadline
        # One timer is enough while deadlines grow: it looks again when it goes off. On a ladder they may also shrink.
        if self._alarm < 0 or self._alarm > deadline:
            self._alarm = deadline
            Timer(clock, deadline, _EXPIRE + self.number, self._expire)

    def _expire(self, _: Event) -> None:
        clock = self._clock
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
                self._look_at(0, clock._now)
            else:
                self.go_down()
        else:
            self.enter(self.rung + 1)
            if self._rules.limited:
                self.pool.fleet.replenish(self.pool)

    def go_down(self) -> None:
        """Enter the first rung, or fail to, and then stay idle until there is work."""
        self.pool.fleet.idle.pop(self.number, None)
        stick = self._rules.stick
        if stick is not None and self._last >= 0 and not stick[self._last]:
            self._deadline = NEVER
        else:
            self.enter(0)

    def enter(self, rung: int) -> None:
        """Go down the ladder."""
        self._deadline = NEVER
        self.pool.entering(self, rung)
        self.turn(_ENTERING, rung)
        clock = self._clock
        Timer(clock, clock._now + self._rules.rung_enter[rung], _ENTERED + self.number, self._entered)

    def _entered(self, _: Event) -> None:
        if self.state == _OFF:
            return
        if self.waker >= 0:
            row, self.waker = self.waker, NEVER
            self.wake(row)
        elif self._rules.rung_keeps[self.rung]:
            self.rest(self.rung)
        else:
            self.pool.gone(self)

    def rest(self, rung: int) -> None:
        """Rest in a rung until woken or until the next rung's time has come."""
        self.turn(_RESTING, rung)
        self.pool.resting(self, rung)
        self._look_at(rung + 1, self._clock._now)
        if self._rules.limited:
            self.pool.fleet.replenish(self.pool)

    def drain(self) -> None:
        """Take no more work."""
        self._deadline = NEVER
        self.turn(_DRAINING)

    def die(self) -> None:
        """End at once, with everything on it."""
        self._deadline = NEVER
        self.pool.fleet.idle.pop(self.number, None)
        if self.cpu is not None:
            self.cpu.stop()
        if self.gpu is not None:
            self.gpu.stop()
        if self.state == _STARTING and self.pool.fleet.starts is not None:
            self.pool.fleet.starts.withdraw(self.number)
        self.turn(_OFF)

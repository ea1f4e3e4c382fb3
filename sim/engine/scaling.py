"""How many instances there are to be, decided at intervals from the load of the last while.

Nobody looks while there is nothing to see: no load in any window, and as many instances as are to be.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from sim.engine.contract import CORE, NEVER, Scaler
from sim.engine.ticks import Ticks

if TYPE_CHECKING:
    from sim.engine.pool import Pool

_KEY = 2


class Autoscaler:
    """Looks at a pool at every tick.

    Parameters
    ----------
    scaler : Scaler
    pool : Pool
    """

    def __init__(self, scaler: Scaler, pool: Pool) -> None:
        self._scaler = scaler
        self._pool = pool
        self._clock = pool.clock
        self._rate = self._load = self._since = 0
        longest = max(scaler.window, scaler.panic_window) // scaler.tick
        self._past = deque([0], maxlen=longest + 1)
        self._recommended: deque[tuple[int, int]] = deque()
        self._panic_until, self._panic_most = NEVER, 0
        self._ticks = Ticks(self._clock, scaler.tick, _KEY, self._look)
        self._looked = 0
        self._ticks.ask()

    @property
    def by_cpu(self) -> bool:
        """Whether load is CPU in use."""
        return self._scaler.by_cpu

    def add(self, load: int) -> None:
        """Take note that the load has changed: millionths of a request, or CPU in use."""
        now = self._clock.now
        self._load += self._rate * (now - self._since)
        self._since = now
        self._rate += load
        if load:
            self.wake()

    def wake(self) -> None:
        """Look again at the next tick."""
        if self._ticks.asleep:
            self._ticks.ask()

    def _look(self) -> None:
        scaler, pool = self._scaler, self._pool
        now = self._clock.now
        self.add(0)
        # There was no load while nobody looked.
        missed = (now - self._looked) // scaler.tick - 1
        self._past.extend([self._past[-1]] * min(missed, len(self._past)))
        self._looked = now
        self._past.append(self._load)
        wanted = self._stable(now, self._recommend(now))
        count = pool.there if scaler.counts_coming else len(pool.warm)
        if abs(wanted - count) * CORE > scaler.tolerance * count:
            goal = max(wanted, pool.fleet.floor)
            if pool.rules.maximum >= 0:
                goal = min(goal, pool.rules.maximum)
            while count < goal and pool.obtain(NEVER) is not None:
                count += 1
            before = count
            while count > goal and pool.give_up_one():
                count -= 1
            if count < before:
                pool.fleet.replenish(pool)
            if count != goal:
                self.wake()
        if wanted or self._rate or self._past[0] != self._load or now < self._panic_until:
            self.wake()

    def _recommend(self, now: int) -> int:
        scaler = self._scaler
        recommended = self._number(scaler.window)
        if scaler.panic_window < 0:
            return recommended
        urgent = self._number(scaler.panic_window)
        if urgent * CORE >= scaler.panic_at * max(1, len(self._pool.warm)):
            if now >= self._panic_until:
                self._panic_most = 0
            self._panic_until = now + scaler.window
        if now < self._panic_until:
            self._panic_most = max(self._panic_most, recommended, urgent)
            return self._panic_most
        return recommended

    def _number(self, window: int) -> int:
        """Give the instances that the mean load of the last while needs."""
        ticks = window // self._scaler.tick
        before = self._past[-1 - ticks] if ticks < len(self._past) else 0
        return -((before - self._load) // (window * self._scaler.target))

    def _stable(self, now: int, recommended: int) -> int:
        """Give the largest recommendation that still counts."""
        kept = self._recommended
        while kept and kept[-1][1] <= recommended:
            kept.pop()
        kept.append((now, recommended))
        while kept[0][0] <= now - self._scaler.stabilise and kept[0][0] < now:
            kept.popleft()
        return kept[0][1]

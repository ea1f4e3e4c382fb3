"""All pools of a deployment: what they share, and who is given an instance first."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import TYPE_CHECKING

from simpy.events import Event

from sim.engine.clock import ORDER, Clock, Timer
from sim.engine.contract import NEVER, Capacity, Kind
from sim.engine.market import Offers
from sim.engine.ranking import Ranking
from sim.engine.rules import Rules
from sim.engine.sharing import Sharing
from sim.engine.ticks import Ticks

if TYPE_CHECKING:
    from sim.engine.instance import Instance
    from sim.engine.pool import Pool
    from sim.engine.scaling import Autoscaler

_READY, _CAPACITY, _TICK = (ORDER[kind] for kind in (Kind.READY, Kind.CAPACITY, Kind.TICK))
_CHECK, _FLOOR, _AGAIN = 0, 1, 3


class Fleet:
    """Instances of all pools, and the limits that hold for all of them.

    Attributes
    ----------
    clock : Clock
    rules : Rules
    instances : list of Instance
        By number.
    turns : list of int
        The trace of state changes, four numbers each.
    pools : list of Pool
        By index.
    idle : dict of int to Instance
        Idle instances, where they are checked together.
    floor : int
        Instances of each pool that are to be warm or coming.
    up : int
        Instances that are neither off nor resting.
    starts : Sharing or None
        What starts share, where many at once are slower.
    autoscaler : Autoscaler or None
    offers : Offers or None
        Where instances are opened from, if that matters.
    """

    def __init__(self, clock: Clock, rules: Rules, capacity: Capacity) -> None:
        self.clock = clock
        self.rules = rules
        self.instances: list[Instance] = []
        self.turns: list[int] = []
        self.pools: list[Pool] = []
        self.idle: dict[int, Instance] = {}
        self.floor = capacity.minimum
        self.up = 0
        self.starts = Sharing(clock, _READY, self._start_pace) if rules.start_pace else None
        self.autoscaler: Autoscaler | None = None
        self.offers = None if capacity.market is None else Offers(clock, capacity.market)
        self._waiting: set[int] = set()
        self._steps = list(zip(capacity.floor_at.tolist(), capacity.floor.tolist(), strict=True))
        self._due = self._lucky = 0
        self._alarm = NEVER
        self._wakes, self._opens = Ranking(), Ranking()
        self._short: set[int] = set()
        self._checks = Ticks(clock, max(1, rules.check_every), _CHECK, self._check)

    def begin(self, initial_rung: int) -> None:
        """Set up what is there at the start of the run."""
        for pool in self.pools:
            pool.begin_with(initial_rung)
        # With offers there may be fewer than there are to be: none of them is open yet.
        self._short.update(pool.index for pool in self.pools if pool.lacks())
        for time, number in self._steps:
            Timer(self.clock, time, _TICK + _FLOOR, lambda _, number=number: self._step(number))  # type: ignore[misc]
        if self.offers is not None:
            self.offers.announce(self._look_everywhere)
            self._short.update(pool.index for pool in self.pools if pool.lacks())

    # Luck and limits of openings

    def spare_luck(self) -> int:
        """Give the row of luck of an opening or wake that is done for no request."""
        row = self.rules.requests + self._lucky % self.rules.spare
        self._lucky += 1
        return row

    def full(self) -> bool:
        """Tell whether as many instances are up as may be."""
        return 0 <= self.rules.quota <= self.up

    def may_open(self) -> bool:
        """Tell whether an instance can be opened, as far as all pools are concerned."""
        return not self.rules.limited or (not self.full() and self._next_opening() <= self.clock.now)

    def opened(self) -> None:
        """Take a token."""
        if self.rules.pace_every >= 0:
            self._due = max(self._due, self.clock.now) + self.rules.pace_every

    def _start_pace(self, starting: int) -> int:
        paces = self.rules.start_pace
        return paces[min(starting, len(paces)) - 1]

    def _next_opening(self) -> int:
        """Give the first time at which there is, or was, a token."""
        return self._due - (self.rules.pace_burst - 1) * max(0, self.rules.pace_every)

    # Replenishing

    def note(self, pool: Pool) -> None:
        """Remember what a pool wants and cannot have now, where another's event can change that."""
        if not self.rules.limited:
            return
        if self.offers is not None:
            self._waiting.add(pool.index)
            self._await_token()
            return
        want = pool.want()
        self._wakes.drop(pool.index)
        self._opens.drop(pool.index)
        if want is not None and pool.rests():
            self._wakes.put(pool.index, want)
        elif want is not None and pool.has_room():
            self._opens.put(pool.index, want)
        self._await_token()

    def replenish(self, pool: Pool) -> None:
        """Give instances to the pools that want them, after something has happened in one."""
        if not self.rules.limited:
            pool.supply()
        elif self.offers is None:
            self._share_out(pool)
        else:
            self._waiting.add(pool.index)
            self._offer_out()
        if pool.lacks():
            self._short.add(pool.index)
        for index in sorted(self._short):
            short = self.pools[index]
            while short.lacks() and short.obtain(NEVER) is not None:
                pass
            if not short.lacks():
                self._short.discard(index)
        self._await_token()

    def _share_out(self, pool: Pool) -> None:
        while True:
            first = pool.want() if pool.can_have() else None
            chosen = pool
            for ranking in (self._wakes, self._opens):
                other = self._first(ranking)
                if other is not None and (first is None or other.want() < first):  # type: ignore[operator]
                    first, chosen = other.want(), other
            if first is None:
                break
            chosen.supply_one()
            self.note(chosen)
        self.note(pool)

    def _offer_out(self) -> None:
        """Share out where what can be had depends on who wants it and when, so that there is no ranking."""
        while True:
            wants = [(pool.want(), pool) for pool in self._waiters() if pool.can_have()]
            if not wants:
                break
            min(wants, key=itemgetter(0))[1].supply_one()

    def _waiters(self) -> list[Pool]:
        """Give the pools that want an instance."""
        found = [self.pools[index] for index in self._waiting if self.pools[index].want() is not None]
        self._waiting = {pool.index for pool in found}
        return found

    def _first(self, ranking: Ranking) -> Pool | None:
        """Give the pool that comes first in a ranking, if the limits allow that it is given an instance."""
        while not self.full() and (ranking is self._wakes or self.may_open()):
            index = ranking.first()
            if index is None:
                return None
            pool = self.pools[index]
            if ranking.rank(index) == pool.want() and (pool.rests() if ranking is self._wakes else pool.has_room()):
                return pool
            self.note(pool)
        return None

    def _await_token(self) -> None:
        if self.rules.pace_every < 0 or not self._lacks_token():
            return
        time = self._next_opening()
        if time > self.clock.now and self._alarm != time:
            self._alarm = time
            Timer(self.clock, time, _CAPACITY, self._token)

    def _lacks_token(self) -> bool:
        """Tell whether a pool is to be given an instance as soon as there is a token."""
        if self.offers is None:
            return bool(self._short) or self._opens.first() is not None
        if self.full():
            return False
        pools = [self.pools[index] for index in {*self._short, *self._waiting}]
        return any(pool.lacks_token() for pool in pools)

    def _token(self, _: Event) -> None:
        if self.clock.now == self._alarm:
            self._alarm = NEVER
            if self.offers is None or self._lacks_token():
                self.replenish(self.pools[0])

    # Ticks

    def _step(self, floor: int) -> None:
        self.floor = floor
        self._checks.pass_by()
        self._expect_check(self.idle.values())
        if self.autoscaler is not None:
            self.autoscaler.wake()
        self._look_everywhere()

    def _look_everywhere(self) -> None:
        """Replenish after something that may matter to any pool."""
        self._short.update(pool.index for pool in self.pools if pool.lacks())
        self.replenish(self.pools[0])

    def be_back(self, pool: Pool, time: int) -> None:
        """Have an instance of a pool again at a time, unless a request comes first."""
        def again(_: Event) -> None:
            self.clock.past_ticks = time
            if pool.back_at == time:
                pool.back_at = NEVER
                if not pool.there:
                    pool.obtain(NEVER)

        pool.back_at = time
        Timer(self.clock, time, _TICK + _AGAIN + pool.index, again)

    def stir(self, pool: Pool) -> None:
        """Take note that a pool has more or fewer instances."""
        if self.autoscaler is not None:
            self.autoscaler.wake()
        if self.idle:
            self._expect_check(one for one in pool.warm.values() if one.number in self.idle)

    def add_idle(self, instance: Instance) -> None:
        """Let an instance be looked at, as long as it is idle."""
        self.idle[instance.number] = instance
        self._expect_check((instance,))

    def _expect_check(self, instances: Iterable[Instance]) -> None:
        """Ask for the check at which the first of some idle instances can go.

        Those that are kept can when there are more, or are to be fewer; those of a buffer at any departure.
        """
        after = self.rules.rung_after[0] if self.rules.rung_after else NEVER
        can = (one.idle_from for one in instances if self.rules.buffer or not one.pool.needs())
        due = min(can, default=NEVER)
        if after >= 0 and due >= 0:
            self._checks.ask(due + after)

    def _check(self) -> None:
        rules, now = self.rules, self.clock.now
        gone = 0
        for number in sorted(self.idle):
            if 0 <= rules.check_most <= gone:
                break
            instance = self.idle[number]
            if now - instance.idle_from >= rules.rung_after[0] and not instance.pool.needs():
                gone += 1
                instance.go_down()
        self._expect_check(self.idle.values())

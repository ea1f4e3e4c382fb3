"""A pool: who serves the next request, and when there is to be another instance."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from sim.engine.contract import NEVER, Cause, Reuse, State, Warmth
from sim.engine.fleet import Fleet
from sim.engine.habit import Habit
from sim.engine.instance import Instance
from sim.engine.market import Lease
from sim.engine.ranking import Ranking

_OFF, _STARTING, _IDLE, _BUSY, _ENTERING, _RESTING, _WAKING, _DRAINING = (int(state) for state in State)
_WARM, _COLD, _WOKEN = int(Warmth.WARM), int(Warmth.COLD), int(Warmth.WOKEN)


class Requests(Protocol):
    """What a pool tells the requests."""

    def begin(self, row: int, instance: Instance, bound: int, warmth: int) -> None:
        """Say that the request begins on the instance."""

    def fail(self, row: int, cause: Cause) -> None:
        """Say that the request fails, whether it has begun or not."""

    def interrupt(self, row: int) -> None:
        """Say that the instance that the request is on is taken."""

    def warn(self, row: int, ends: int) -> None:
        """Say when the instance that the request is on will be taken."""


class Pool:
    """Instances of one shape, and the queue before them.

    Parameters
    ----------
    fleet : Fleet
        The deployment's; this pool is added to it.
    requests : Requests
        Told what becomes of each request.
    memory, admitted : list of int
        Bytes each request uses; when it was admitted.

    Attributes
    ----------
    index : int
        The pool's own number.
    there : int
        Instances that are warm or coming.
    warm : dict of int to Instance
        Instances that are warm.
    habit : Habit or None
        What is known of the gaps between its requests.
    back_at : int
        When an instance is to be there again, or NEVER.
    """

    def __init__(self, fleet: Fleet, requests: Requests, memory: list[int], admitted: list[int]) -> None:
        self.fleet = fleet
        self.clock = fleet.clock
        self.rules = fleet.rules
        self.index = len(fleet.pools)
        fleet.pools.append(self)
        self.there = 0
        self.warm: dict[int, Instance] = {}
        self._requests = requests
        self._memory = memory
        self._admitted = admitted
        self._instances = fleet.instances
        self._queue: deque[int] = deque()
        self._given: dict[int, Instance] = {}
        self._free = Ranking()
        self._resting = Ranking()
        self._entering = Ranking()
        self._joinable = Ranking()
        self._slots_coming = self._served = 0
        self._count = 0
        self.back_at = self._before = NEVER
        rule = self.rules.keep_alive
        self.habit = None if rule is None else Habit(rule, self.rules.rung_after[0])

    def begin_with(self, initial_rung: int) -> None:
        """Set up what is there at the start of the run."""
        initial = max(self.fleet.floor, self.rules.buffer)
        if not self._offered(NEVER):
            return
        for _ in range(initial):
            instance = self._new(NEVER, self.fleet.spare_luck())
            self.there += 1
            self.warm[instance.number] = instance
            self.fleet.up += 1
            instance.set_out()
            instance.idle()
            self._offer(instance)
        if initial == 0 and initial_rung >= 0:
            self.fleet.up += 1
            self._new(NEVER, self.fleet.spare_luck()).rest(initial_rung)

    # Admission

    def place(self, row: int) -> None:
        """Admit a request: it begins, or waits, or fails."""
        if self.habit is not None:
            self.habit.asked(self.clock.now)
            self.back_at = NEVER
        self._take_in(row)
        if self.rules.buffer:
            self.fleet.replenish(self)

    def _take_in(self, row: int) -> None:
        number = self._free.first()
        if number is not None:
            self._begin(self._instances[number], row, self.clock.now, _WARM)
        elif self.rules.early:
            self._bind(row)
        else:
            self._line_up(row)

    def _bind(self, row: int) -> None:
        if self._join(row):
            return
        if 0 <= self.rules.queue_limit <= len(self._queue):
            self._requests.fail(row, Cause.QUEUE_FULL)
        else:
            self._queue.append(row)
            self.fleet.note(self)

    def _join(self, row: int) -> bool:
        """Bind a request to an instance that is coming, if one can be had."""
        number = self._joinable.first()
        instance = self.obtain(row) if number is None else self._instances[number]
        if instance is None:
            return False
        instance.bound.append((row, self.clock.now))
        self._given[row] = instance
        if len(instance.bound) < self.rules.concurrency:
            self._joinable.put(instance.number, 0)
        else:
            self._joinable.drop(instance.number)
        return True

    def _line_up(self, row: int) -> None:
        queue = self._queue
        queue.append(row)
        want = self._wanted()
        if want >= 0:
            self.obtain(want)
        limit = self.rules.queue_limit
        if 0 <= limit < len(queue) - self._slots_coming:
            queue.pop()
            self._requests.fail(row, Cause.QUEUE_FULL)
        else:
            self.fleet.note(self)

    def withdraw(self, row: int) -> None:
        """Take note that a request that was admitted waits no longer."""
        instance = self._given.pop(row, None)
        if instance is None:
            self._queue.remove(row)
        else:
            instance.bound = [(other, since) for other, since in instance.bound if other != row]
            self._joinable.put(instance.number, 0)
        self.fleet.replenish(self)

    # Instances on their way

    def obtain(self, row: int) -> Instance | None:
        """Wake or open an instance for a request, or for none (NEVER), if one can be had."""
        full = self.fleet.full()
        number = None if full else self._resting.first()
        if number is not None:
            self._resting.drop(number)
            instance = self._instances[number]
            self.fleet.up += 1
            self._coming(instance, row)
            instance.wake(self.fleet.spare_luck() if row < 0 else row)
            return instance
        number = self._entering.first()
        if number is not None:
            self._entering.drop(number)
            instance = self._instances[number]
            self._coming(instance, row)
            instance.waker = self.fleet.spare_luck() if row < 0 else row
            return instance
        if not self.has_room() or not self.fleet.may_open() or not self._offered(row):
            return None
        luck = self.fleet.spare_luck() if row < 0 else row
        instance = self._new(row, luck)
        self.fleet.up += 1
        self._coming(instance, row)
        instance.start(self.rules.start[luck])
        self.fleet.opened()
        return instance

    def _new(self, opener: int, luck: int) -> Instance:
        instance = Instance(self, len(self._instances), opener, self.rules.speed[luck])
        self._instances.append(instance)
        self._count += 1
        offers = self.fleet.offers
        if offers is not None:
            instance.lease = Lease(instance, offers, offers.choose(opener))
        return instance

    def _offered(self, row: int) -> bool:
        """Tell whether there is an offer from which an instance can be opened for a request, or for none (NEVER)."""
        return self.fleet.offers is None or self.fleet.offers.choose(row) >= 0

    def _coming(self, instance: Instance, row: int) -> None:
        instance.asked = self.clock.now
        if row < 0:
            self._joinable.put(instance.number, 0)
        self._slots_coming += self.rules.concurrency
        self.there += 1
        self.fleet.stir(self)

    def _wanted(self) -> int:
        """Give the request that an instance is wanted for, or NEVER."""
        queue = self._queue
        if self.rules.scaler is not None:
            return queue[0] if queue and not self.there else NEVER
        place = 0 if self.rules.early else self._slots_coming
        return queue[place] if len(queue) > place else NEVER

    def want(self) -> tuple[int, int] | None:
        """Give the request that an instance is wanted for, as when it was admitted and its row."""
        row = self._wanted()
        return None if row < 0 else (self._admitted[row], row)

    def lacks(self) -> bool:
        """Tell whether there are fewer instances than the floor, or too few slots to spare."""
        return self.there < self.fleet.floor or self._spare() < 0

    def _spare(self) -> int:
        """Give the slots to spare beyond those of the buffer; 0 where there is none."""
        rules = self.rules
        if not rules.buffer:
            return 0
        free = (len(self.warm) - rules.buffer) * rules.concurrency - self._served + self._slots_coming
        return free - len(self._queue) - len(self._given)

    def rests(self) -> bool:
        """Tell whether an instance rests, that could be woken."""
        return self._resting.first() is not None

    def has_room(self) -> bool:
        """Tell whether there may be another instance, as far as this pool is concerned."""
        return not 0 <= self.rules.maximum <= self._count

    def can_have(self) -> bool:
        """Tell whether the request that is wanted for can be given an instance."""
        return (
            (self.rules.early and self._joinable.first() is not None)
            or (not self.fleet.full() and self.rests())
            or self._entering.first() is not None
            or (self.has_room() and self.fleet.may_open() and self._offered(self._wanted()))
        )

    def lacks_token(self) -> bool:
        """Tell whether an instance is to be opened as soon as there is a token, if fewer are up than may be."""
        if self.rests() or self._entering.first() is not None or not self.has_room():
            return False
        row = self._wanted()
        return (row >= 0 and self._offered(row)) or (self.lacks() and self._offered(NEVER))

    def queues(self, row: int) -> bool:
        """Tell whether a request waits in the queue."""
        return row in self._queue

    def supply_one(self) -> bool:
        """Give an instance to the request that wants one, if one is wanted and can be had; and room on it to others."""
        row = self._wanted()
        if row < 0:
            return False
        if not self.rules.early:
            return self.obtain(row) is not None
        queue, joined = self._queue, False
        while queue and (not joined or self._joinable.first() is not None) and self._join(queue[0]):
            queue.popleft()
            joined = True
        return joined

    def supply(self) -> None:
        """Give instances to requests while they are wanted and can be had."""
        while self.supply_one():
            pass

    # Service

    def _begin(self, instance: Instance, row: int, bound: int, warmth: int) -> None:
        rules = self.rules
        self._requests.begin(row, instance, bound, warmth)
        if rules.memory >= 0:
            instance.memory += self._memory[row]
            if instance.memory > rules.memory:
                self._out_of_memory(instance, row)
                return
        instance.residents.add(row)
        self._served += 1
        if instance.state != _BUSY:
            instance.busy()
        if len(instance.residents) >= rules.concurrency:
            self._free.drop(instance.number)
        elif rules.reuse is Reuse.LEAST_LOADED:
            self._offer(instance)

    def _out_of_memory(self, instance: Instance, row: int) -> None:
        if not self.rules.memory_kills:
            instance.memory -= self._memory[row]
            self._requests.fail(row, Cause.MEMORY)
            return
        for resident in sorted([*instance.residents, row]):
            self._requests.fail(resident, Cause.MEMORY)
        self._unbind(instance)
        self._end(instance)
        self.fleet.replenish(self)

    def _unbind(self, instance: Instance) -> None:
        """Put those who wait for an instance that will not come back at the head of the queue."""
        for waiting, _ in reversed(instance.bound):
            self._queue.appendleft(waiting)
            self._given.pop(waiting, None)
        instance.bound.clear()

    def left(self, instance: Instance, row: int) -> None:
        """Take note that a request has left its instance."""
        instance.residents.remove(row)
        instance.memory -= self._memory[row]
        instance.left(row)
        if instance.state == _DRAINING:
            if not instance.residents:
                self._vanish(instance)
                self.fleet.replenish(self)
        elif instance.state != _OFF:
            self._served -= 1
            self._serve(instance, _WARM)

    def ready(self, instance: Instance) -> None:
        """Take note that an instance has started or woken."""
        warmth = _COLD if instance.state == _STARTING else _WOKEN
        self._slots_coming -= self.rules.concurrency
        self.warm[instance.number] = instance
        self.fleet.stir(self)
        self._joinable.drop(instance.number)
        while instance.bound:
            row, since = instance.bound.pop(0)
            del self._given[row]
            self._begin(instance, row, since, warmth)
        self._serve(instance, warmth)

    def _serve(self, instance: Instance, warmth: int) -> None:
        """Give free slots to the head of the queue; what is left over is free for others."""
        self._fill(instance, warmth)
        if self.fleet.offers is not None:
            self.fleet.note(self)
        if instance.state == _OFF:
            return
        if not instance.residents:
            if self.habit is not None and warmth == _WARM:
                self._before = self.habit.left(self.clock.now)
            instance.idle()
        if len(instance.residents) < self.rules.concurrency:
            self._offer(instance)

    def _fill(self, instance: Instance, warmth: int) -> None:
        queue, slots = self._queue, self.rules.concurrency
        while queue and instance.state != _OFF and len(instance.residents) < slots:
            row = queue.popleft()
            since = self.clock.now if warmth == _WARM else max(self._admitted[row], instance.asked)
            self._begin(instance, row, since, warmth)

    def _offer(self, instance: Instance) -> None:
        self._free.put(instance.number, self._rank(instance))

    def _rank(self, instance: Instance) -> int:
        reuse = self.rules.reuse
        if reuse is Reuse.MOST_RECENT:
            return -instance.used
        if reuse is Reuse.LEAST_LOADED:
            return len(instance.residents)
        return -instance.number if reuse is Reuse.NEWEST else instance.number

    # Idleness and ends

    def needs(self) -> bool:
        """Tell whether the pool is down to its floor, or to its buffer."""
        return self.there <= self.fleet.floor or (self.rules.buffer > 0 and self._spare() < self.rules.concurrency)

    def stay(self) -> int:
        """Give how long an instance that has become idle stays, by habit."""
        assert self.habit is not None
        before, self._before = self._before, NEVER
        if before <= 0:
            return self.habit.keep
        self.fleet.be_back(self, self.clock.now + before)
        return 0

    def entering(self, instance: Instance, rung: int) -> None:
        """Take note that an idle or resting instance goes down the ladder."""
        if instance.state == _IDLE:
            self._no_longer_warm(instance)
        else:
            self._resting.drop(instance.number)
            self.fleet.up += 1
        if self.rules.rung_keeps[rung]:
            self._entering.put(instance.number, (rung, self._rank(instance)))

    def resting(self, instance: Instance, rung: int) -> None:
        """Take note that an instance can be woken."""
        self._entering.drop(instance.number)
        self._resting.put(instance.number, (rung, self._rank(instance)))
        self.fleet.up -= 1

    def gone(self, instance: Instance) -> None:
        """Take note that an instance has come to the end of its ladder."""
        self._vanish(instance)
        self.fleet.replenish(self)

    def take(self, instance: Instance) -> None:
        """Take an instance back that is at the end of its life."""
        if self.rules.lifetime_kills:
            for resident in sorted(instance.residents):
                self._requests.fail(resident, Cause.LIFETIME)
            self._end(instance)
            self.fleet.replenish(self)
        else:
            self.retire(instance)

    def seize(self, instance: Instance) -> None:
        """Take an instance from all who use it or wait for it."""
        for resident in sorted(instance.residents):
            self._requests.interrupt(resident)
        self._unbind(instance)
        coming = instance.state in (_STARTING, _WAKING) or (instance.state == _ENTERING and instance.waker >= 0)
        if instance.state in (_IDLE, _BUSY):
            self._no_longer_warm(instance)
        elif coming:
            self._joinable.drop(instance.number)
            self._slots_coming -= self.rules.concurrency
            self.there -= 1
            self.fleet.stir(self)
        self._entering.drop(instance.number)
        if instance.state == _RESTING:
            self._resting.drop(instance.number)
            self.fleet.up += 1
        self._vanish(instance)
        self.fleet.replenish(self)

    def warn(self, instance: Instance, ends: int) -> None:
        """Take note that an instance will be taken."""
        if instance.state not in (_IDLE, _BUSY, _DRAINING):
            self.seize(instance)
            return
        for resident in sorted(instance.residents):
            self._requests.warn(resident, ends)
        self.retire(instance)

    def retire(self, instance: Instance) -> None:
        """Let an instance take no more requests."""
        if instance.state != _DRAINING:
            self._drain(instance)
        self.fleet.replenish(self)

    def give_up_one(self) -> bool:
        """Let one instance go, if there is one that is warm."""
        warm = list(self.warm.values())
        idle = [instance for instance in warm if instance.state == _IDLE]
        if idle:
            max(idle, key=lambda instance: (self._rank(instance), instance.number)).enter(0)
        elif warm:
            self._drain(min(warm, key=lambda instance: (len(instance.residents), -instance.number)))
        return bool(warm)

    def _drain(self, instance: Instance) -> None:
        if not instance.residents:
            self._end(instance)
            return
        self._no_longer_warm(instance)
        instance.drain()

    def _end(self, instance: Instance) -> None:
        """End a warm instance at once."""
        self._no_longer_warm(instance)
        self._vanish(instance)

    def _no_longer_warm(self, instance: Instance) -> None:
        self._free.drop(instance.number)
        del self.warm[instance.number]
        self.there -= 1
        self._served -= len(instance.residents)
        self.fleet.stir(self)

    def _vanish(self, instance: Instance) -> None:
        instance.die()
        self.fleet.up -= 1
        self._count -= 1

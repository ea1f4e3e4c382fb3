"""A pool: who serves the next request, and when there is to be another instance."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from sim.engine.clock import Clock
from sim.engine.contract import NEVER, Capacity, Cause, Demand, Reuse, State, Warmth
from sim.engine.instance import Instance
from sim.engine.legs import Cut
from sim.engine.ranking import Ranking

_OFF, _STARTING, _IDLE, _BUSY = int(State.OFF), int(State.STARTING), int(State.IDLE), int(State.BUSY)
_WARM, _COLD, _WOKEN = int(Warmth.WARM), int(Warmth.COLD), int(Warmth.WOKEN)


@dataclass(frozen=True, slots=True)
class Rules:
    """`Capacity` as plain Python numbers and lists, which a plain Python loop reads fastest."""

    concurrency: int
    minimum: int
    maximum: int
    queue_limit: int
    duration_limit: int
    early: bool
    reuse: Reuse
    cpu: int
    memory: int
    base_memory: int
    memory_kills: bool
    rung_after: list[int]
    rung_enter: list[int]
    rung_keeps: list[bool]
    rung_wake: list[list[int]]
    start: list[int]
    shares_cpu: bool
    """Whether requests must be followed leg by leg; elsewhere the length of one is known when it begins."""

    @classmethod
    def of(cls, demand: Demand, capacity: Capacity) -> Rules:
        """Unpack the arrays."""
        return cls(
            concurrency=capacity.concurrency,
            minimum=capacity.minimum,
            maximum=capacity.maximum,
            queue_limit=capacity.queue_limit,
            duration_limit=capacity.duration_limit,
            early=capacity.early,
            reuse=capacity.reuse,
            cpu=capacity.cpu,
            memory=capacity.memory,
            base_memory=capacity.base_memory,
            memory_kills=capacity.memory_kills,
            rung_after=capacity.rung_after.tolist(),
            rung_enter=capacity.rung_enter.tolist(),
            rung_keeps=capacity.rung_keeps.tolist(),
            rung_wake=capacity.rung_wake.tolist(),
            start=capacity.start.tolist(),
            shares_cpu=Cut.of(demand, capacity) is not Cut.NOWHERE,
        )


class Requests(Protocol):
    """What a pool tells the requests."""

    def begin(self, row: int, instance: Instance, bound: int, warmth: int) -> None:
        """Say that the request begins on the instance."""

    def fail(self, row: int, cause: Cause) -> None:
        """Say that the request fails, whether it has begun or not."""


class Pool:
    """Instances of one shape, and the queue before them.

    Parameters
    ----------
    clock : Clock
    rules : Rules
    requests : Requests
        Told what becomes of each request.
    memory, admitted : list of int
        Bytes each request uses; when it was admitted.
    instances : list of Instance
        Every instance of every pool, by number; those opened are appended.
    turns : list of int
        The trace of state changes, four numbers each.
    index : int
        The pool's own number.
    """

    def __init__(
        self,
        clock: Clock,
        rules: Rules,
        requests: Requests,
        memory: list[int],
        admitted: list[int],
        instances: list[Instance],
        turns: list[int],
        index: int,
    ) -> None:
        self.clock = clock
        self.rules = rules
        self.turns = turns
        self.index = index
        self._requests = requests
        self._memory = memory
        self._admitted = admitted
        self._instances = instances
        self._queue: deque[int] = deque()
        self._free = Ranking()
        self._resting = Ranking()
        self._entering = Ranking()
        self._joinable = Ranking()
        self._slots_coming = 0
        self._up = 0
        self._count = 0

    def begin_with(self, initial_rung: int) -> None:
        """Set up what is there at the start of the run."""
        for _ in range(self.rules.minimum):
            instance = self._new(NEVER)
            self._up += 1
            instance.idle()
            self._offer(instance)
        if self.rules.minimum == 0 and initial_rung >= 0:
            self._new(NEVER).rest(initial_rung)

    # Admission

    def place(self, row: int) -> None:
        """Admit a request: it begins, or waits, or fails."""
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

    def _join(self, row: int) -> bool:
        """Bind a request to an instance that is coming, if one can be had."""
        number = self._joinable.first()
        instance = self._obtain(row) if number is None else self._instances[number]
        if instance is None:
            return False
        instance.bound.append((row, self.clock.now))
        if len(instance.bound) < self.rules.concurrency:
            self._joinable.put(instance.number, 0)
        else:
            self._joinable.drop(instance.number)
        return True

    def _line_up(self, row: int) -> None:
        queue = self._queue
        queue.append(row)
        if len(queue) > self._slots_coming:
            self._obtain(queue[self._slots_coming])
        limit = self.rules.queue_limit
        if 0 <= limit < len(queue) - self._slots_coming:
            queue.pop()
            self._requests.fail(row, Cause.QUEUE_FULL)

    def _obtain(self, row: int) -> Instance | None:
        """Wake or open an instance for a request, if one can be had."""
        number = self._resting.first()
        if number is not None:
            self._resting.drop(number)
            instance = self._instances[number]
            self._coming(instance)
            instance.wake(row)
            return instance
        number = self._entering.first()
        if number is not None:
            self._entering.drop(number)
            instance = self._instances[number]
            self._coming(instance)
            instance.waker = row
            return instance
        if 0 <= self.rules.maximum <= self._count:
            return None
        instance = self._new(row)
        self._coming(instance)
        instance.start(row)
        return instance

    def _new(self, opener: int) -> Instance:
        instance = Instance(self, len(self._instances), opener)
        self._instances.append(instance)
        self._count += 1
        return instance

    def _coming(self, instance: Instance) -> None:
        instance.asked = self.clock.now
        self._slots_coming += self.rules.concurrency
        self._up += 1

    def _replenish(self) -> None:
        queue = self._queue
        if self.rules.early:
            while queue and self._join(queue[0]):
                queue.popleft()
        else:
            while len(queue) > self._slots_coming and self._obtain(queue[self._slots_coming]) is not None:
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
        instance.die()
        self._free.drop(instance.number)
        self._up -= 1
        self._queue.extendleft(row for row, _ in reversed(instance.bound))
        instance.bound.clear()
        self.lost()

    def left(self, instance: Instance, row: int) -> None:
        """Take note that a request has left its instance."""
        instance.residents.remove(row)
        instance.memory -= self._memory[row]
        instance.used = self.clock.now
        self._serve(instance, _WARM)

    def ready(self, instance: Instance) -> None:
        """Take note that an instance has started or woken."""
        warmth = _COLD if instance.state == _STARTING else _WOKEN
        self._slots_coming -= self.rules.concurrency
        self._joinable.drop(instance.number)
        while instance.bound:
            row, since = instance.bound.pop(0)
            self._begin(instance, row, since, warmth)
        self._serve(instance, warmth)

    def _serve(self, instance: Instance, warmth: int) -> None:
        """Give free slots to the head of the queue; what is left over is free for others."""
        queue, slots = self._queue, self.rules.concurrency
        while queue and instance.state != _OFF and len(instance.residents) < slots:
            row = queue.popleft()
            since = self.clock.now if warmth == _WARM else max(self._admitted[row], instance.asked)
            self._begin(instance, row, since, warmth)
        if instance.state == _OFF:
            return
        if not instance.residents:
            instance.idle()
        if len(instance.residents) < slots:
            self._offer(instance)

    def _offer(self, instance: Instance) -> None:
        self._free.put(instance.number, self._rank(instance))

    def _rank(self, instance: Instance) -> int:
        reuse = self.rules.reuse
        if reuse is Reuse.MOST_RECENT:
            return -instance.used
        if reuse is Reuse.LEAST_LOADED:
            return len(instance.residents)
        return -instance.number if reuse is Reuse.NEWEST else instance.number

    # Idleness

    def needs(self) -> bool:
        """Tell whether the pool is down to its minimum."""
        return self._up <= self.rules.minimum

    def entering(self, instance: Instance, rung: int) -> None:
        """Take note that an idle or resting instance goes down the ladder."""
        if instance.state == _IDLE:
            self._free.drop(instance.number)
            self._up -= 1
        else:
            self._resting.drop(instance.number)
        if self.rules.rung_keeps[rung]:
            self._entering.put(instance.number, (rung, self._rank(instance)))

    def resting(self, instance: Instance, rung: int) -> None:
        """Take note that an instance can be woken."""
        self._entering.drop(instance.number)
        self._resting.put(instance.number, (rung, self._rank(instance)))

    def lost(self) -> None:
        """Take note that an instance is off for good."""
        self._count -= 1
        self._replenish()

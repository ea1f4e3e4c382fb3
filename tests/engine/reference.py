"""A second model, crude and independent: the contract of `sim.engine.contract` taken word by word.

Nothing here is quick. Whatever could happen next is looked up anew at every step, over all requests and all
instances, and time passes for everybody at once. That is the point: there is no timer to go stale, no index to
fall behind, no order of insertion. It shares the contract's dataclasses with the model under test and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.engine.contract import NEVER, Capacity, Cause, Demand, Fate, Kind, Outcome, Reuse, State, Warmth

MILLION = 1_000_000


@dataclass(eq=False)
class Request:
    """One row of the demand and what has become of it."""

    row: int
    agent: int
    pool: int
    memory: int
    steps: list[tuple[int, int, int]]  # (index of the step, CPU, wait)
    arrival: int | None = None  # when it is going to arrive, once that is known
    arrived: int = NEVER
    admitted: int = NEVER
    given: int = NEVER  # when it was bound to an instance, early, the last time
    bound: int = NEVER
    started: int = NEVER
    ended: int = NEVER
    instance: int = NEVER
    fate: Fate = Fate.ABSENT
    cause: Cause = Cause.NONE
    warmth: Warmth = Warmth.WARM
    place: int = 0  # which of its steps it is in
    work_left: int | None = None  # millionths of a microsecond of CPU, while in CPU time
    wait_until: int | None = None  # while in waiting time


@dataclass(eq=False)
class Instance:
    """One instance, from its opening on."""

    number: int
    pool: int
    opener: int
    state: State = State.OFF
    rung: int = NEVER
    warm: bool = False
    residents: list[Request] = field(default_factory=list)
    bound: list[Request] = field(default_factory=list)  # waiting for it to be ready, in the order bound
    waker: Request | None = None
    asked: int = NEVER  # when its opening or its wake was asked for
    until: int | None = None  # when it is ready, entered or expired
    used: int = 0  # when it became ready or a request left it, the last time


class Reference:
    """The world: a clock, the requests, the instances, the queues."""

    def __init__(self, demand: Demand, capacity: Capacity) -> None:
        self.demand = demand
        self.capacity = capacity
        self.now = 0
        self.presence = 0
        self.step_ended = [NEVER] * len(demand.step_cpu)
        self.turns: list[tuple[int, int, int, int]] = []
        self.instances: list[Instance] = []
        self.queues: list[list[Request]] = [[] for _ in range(capacity.pools)]
        self.present: list[Request] = []  # those in the system, in order of arrival
        self.left: list[Request] = []  # those that left in this event and have not passed their turn
        self.requests = [self.read(row) for row in range(demand.n)]
        for pool in range(capacity.pools):
            for _ in range(capacity.minimum):
                instance = self.add(pool, NEVER)
                instance.warm = True
                self.idle(instance)
            if capacity.minimum == 0 and capacity.initial_rung >= 0:
                self.rest(self.add(pool, NEVER), capacity.initial_rung)

    def read(self, row: int) -> Request:
        demand = self.demand
        steps = range(int(demand.step_first[row]), int(demand.step_first[row + 1]))
        return Request(
            row=row,
            agent=int(demand.agent[row]),
            pool=int(self.capacity.pool_of[row]),
            memory=int(demand.memory[row]),
            steps=[(s, int(demand.step_cpu[s]), int(demand.step_wait[s])) for s in steps],
            arrival=int(demand.at[row]) if demand.after[row] == NEVER and demand.at[row] < demand.horizon else None,
        )

    # What could happen, and what does

    def pending(self) -> list[tuple[int, Kind, int]]:
        """Everything that would happen if nothing else did."""
        events: list[tuple[int, Kind, int]] = []
        for request in self.requests:
            if request.arrival is not None:
                events.append((request.arrival, Kind.ARRIVAL, request.row))
            if request.wait_until is not None:
                events.append((request.wait_until, Kind.END, request.row))
            if self.capacity.duration_limit != NEVER and self.resident(request):
                events.append((request.started + self.capacity.duration_limit, Kind.CRASH, request.row))
        for instance in self.instances:
            computing = self.computing(instance)
            pace = self.pace(instance)
            if computing and pace > 0:
                first = min(computing, key=lambda request: (request.work_left, request.row))
                work_left = first.work_left
                assert work_left is not None
                microseconds = 0
                if work_left > 0:
                    microseconds = (work_left + pace - 1) // pace
                events.append((self.now + microseconds, Kind.END, first.row))
            if instance.until is not None:
                kind = Kind.EXPIRE
                if instance.state in (State.STARTING, State.WAKING):
                    kind = Kind.READY
                elif instance.state == State.ENTERING:
                    kind = Kind.ENTERED
                events.append((instance.until, kind, instance.number))
        return events

    def run(self) -> Outcome:
        while True:
            events = self.pending()
            if not events:
                break
            time, kind, key = min(events)
            if time >= self.demand.stop:
                break
            self.pass_time(time)
            if kind == Kind.ARRIVAL:
                self.arrive(self.requests[key])
            elif kind == Kind.END:
                self.end_phase(self.requests[key])
            elif kind == Kind.CRASH:
                self.leave_instance(self.requests[key], Cause.DURATION)
            elif kind == Kind.READY:
                self.ready(self.instances[key])
            elif kind == Kind.ENTERED:
                self.entered(self.instances[key])
            elif kind == Kind.EXPIRE:
                self.expire(self.instances[key])
            while self.left:
                self.pass_turn(self.left.pop(0))
        self.pass_time(max(self.now, self.demand.stop))
        return self.outcome()

    def pass_time(self, time: int) -> None:
        elapsed = time - self.now
        assert elapsed >= 0, "time went back"
        self.presence += len(self.present) * elapsed
        for instance in self.instances:
            pace = self.pace(instance)
            for request in self.computing(instance):
                assert request.work_left is not None
                request.work_left -= pace * elapsed
        self.now = time

    def computing(self, instance: Instance) -> list[Request]:
        return [request for request in instance.residents if request.work_left is not None]

    def pace(self, instance: Instance) -> int:
        """Millionths of a microsecond of work that each resident in CPU time does in a microsecond."""
        k = len(self.computing(instance))
        if k == 0:
            return 0
        if self.capacity.cpu // k >= MILLION:
            return MILLION
        return self.capacity.cpu // k

    def resident(self, request: Request) -> bool:
        return any(request in instance.residents for instance in self.instances)

    # Arrival and departure of requests

    def arrive(self, request: Request) -> None:
        request.arrival = None
        request.arrived = self.now
        request.fate = Fate.UNFINISHED
        held = self.demand.serial and any(other.agent == request.agent for other in self.present)
        self.present.append(request)
        if not held:
            self.admit(request)

    def leave_system(self, request: Request, cause: Cause) -> None:
        """Write down that the request is gone. Whom this lets in is settled when the event is done."""
        request.ended = self.now
        request.cause = cause
        request.fate = Fate.COMPLETED if cause == Cause.NONE else Fate.FAILED
        request.work_left = None
        request.wait_until = None
        self.present = [other for other in self.present if other is not request]
        self.left.append(request)

    def pass_turn(self, request: Request) -> None:
        """Let in the agent's next held request, and fix the arrivals of those that follow the one that left."""
        for other in self.present:
            if self.demand.serial and other.agent == request.agent and other.admitted == NEVER:
                self.admit(other)
                break
        for row in range(self.demand.n):
            if self.demand.after[row] == request.row:
                arrival = request.ended + int(self.demand.at[row])
                if arrival < self.demand.horizon:
                    self.requests[row].arrival = arrival

    # Admission

    def coming(self, instance: Instance) -> bool:
        if instance.warm:
            return False
        if instance.state == State.ENTERING:
            return instance.waker is not None
        return instance.state in (State.STARTING, State.WAKING)

    def free(self, instance: Instance) -> bool:
        return instance.warm and len(instance.residents) < self.capacity.concurrency

    def of_pool(self, pool: int) -> list[Instance]:
        return [instance for instance in self.instances if instance.pool == pool]

    def slots_coming(self, pool: int) -> int:
        return sum(self.capacity.concurrency for instance in self.of_pool(pool) if self.coming(instance))

    def prefer(self, instances: list[Instance]) -> Instance:
        reuse = self.capacity.reuse
        if reuse == Reuse.MOST_RECENT:
            return min(instances, key=lambda i: (-i.used, i.number))
        if reuse == Reuse.NEWEST:
            return max(instances, key=lambda i: i.number)
        if reuse == Reuse.OLDEST:
            return min(instances, key=lambda i: i.number)
        return min(instances, key=lambda i: (len(i.residents), i.number))

    def admit(self, request: Request) -> None:
        request.admitted = self.now
        free = [instance for instance in self.of_pool(request.pool) if self.free(instance)]
        if free:
            self.begin(request, self.prefer(free), Warmth.WARM, self.now)
        elif self.capacity.early:
            self.admit_early(request)
        else:
            self.admit_late(request)

    def admit_early(self, request: Request) -> None:
        queue = self.queues[request.pool]
        if self.bind(request):
            return
        if self.capacity.queue_limit != NEVER and len(queue) >= self.capacity.queue_limit:
            self.leave_system(request, Cause.QUEUE_FULL)
        else:
            queue.append(request)

    def admit_late(self, request: Request) -> None:
        pool = request.pool
        queue = self.queues[pool]
        queue.append(request)
        if len(queue) > self.slots_coming(pool):
            self.provide(pool, queue[self.slots_coming(pool)])
        limit = self.capacity.queue_limit
        if limit != NEVER and len(queue) > self.slots_coming(pool) + limit:
            queue.remove(request)
            self.leave_system(request, Cause.QUEUE_FULL)

    def bind(self, request: Request) -> bool:
        """Give the request a coming instance with room, one that is woken for it or one opened for it, if any."""
        roomy = [
            instance
            for instance in self.of_pool(request.pool)
            if self.coming(instance) and len(instance.bound) < self.capacity.concurrency
        ]
        instance = min(roomy, key=lambda i: i.number) if roomy else self.provide(request.pool, request)
        if instance is None:
            return False
        request.given = self.now
        instance.bound.append(request)
        return True

    def provide(self, pool: int, request: Request) -> Instance | None:
        """Wake an instance or open one with the luck of this request, if one can be had."""
        mine = self.of_pool(pool)
        keeps = self.capacity.rung_keeps
        resting = [i for i in mine if i.state == State.RESTING]
        entering = [i for i in mine if i.state == State.ENTERING and keeps[i.rung] and i.waker is None]
        if resting:
            shallowest = min(i.rung for i in resting)
            instance = self.prefer([i for i in resting if i.rung == shallowest])
            instance.asked = self.now
            self.wake(instance, request)
            return instance
        if entering:
            shallowest = min(i.rung for i in entering)
            instance = self.prefer([i for i in entering if i.rung == shallowest])
            instance.asked = self.now
            instance.waker = request
            return instance
        there = sum(1 for i in mine if i.state != State.OFF)
        if self.capacity.maximum != NEVER and there >= self.capacity.maximum:
            return None
        instance = self.add(pool, request.row)
        instance.asked = self.now
        instance.until = self.now + int(self.capacity.start[request.row])
        self.turn(instance, State.STARTING)
        return instance

    def replenish(self, pool: int) -> None:
        queue = self.queues[pool]
        if self.capacity.early:
            while queue and self.bind(queue[0]):
                queue.pop(0)
        else:
            while len(queue) > self.slots_coming(pool):
                if self.provide(pool, queue[self.slots_coming(pool)]) is None:
                    return

    # Work

    def begin(self, request: Request, instance: Instance, warmth: Warmth, bound: int) -> None:
        capacity = self.capacity
        used = capacity.base_memory + sum(other.memory for other in instance.residents) + request.memory
        too_much = capacity.memory != NEVER and used > capacity.memory
        request.started = self.now
        request.instance = instance.number
        request.warmth = warmth
        request.bound = bound
        if too_much and not capacity.memory_kills:
            self.leave_system(request, Cause.MEMORY)
            return
        instance.residents.append(request)
        if too_much:
            self.kill(instance)
            return
        if instance.state != State.BUSY:
            self.turn(instance, State.BUSY)
        self.next_phase(request, waited=False, computed=False)

    def next_phase(self, request: Request, computed: bool, waited: bool) -> bool:
        """Go to the next phase that has a length; False when there is none left."""
        while request.place < len(request.steps):
            step, cpu, wait = request.steps[request.place]
            if not computed and cpu > 0:
                request.work_left = cpu * MILLION
                return True
            if not waited and wait > 0:
                request.wait_until = self.now + wait
                return True
            self.step_ended[step] = self.now
            request.place += 1
            computed = waited = False
        return False

    def end_phase(self, request: Request) -> None:
        waited = request.wait_until is not None
        request.wait_until = None
        request.work_left = None
        if not self.next_phase(request, computed=True, waited=waited):
            self.leave_instance(request, Cause.NONE)

    def leave_instance(self, request: Request, cause: Cause) -> None:
        instance = self.instances[request.instance]
        instance.residents.remove(request)
        instance.used = self.now
        self.leave_system(request, cause)
        queue = self.queues[instance.pool]
        while self.free(instance) and queue:
            self.begin(queue.pop(0), instance, Warmth.WARM, self.now)
        self.idle_if_empty(instance)

    def idle_if_empty(self, instance: Instance) -> None:
        if instance.state != State.OFF and not instance.residents:
            self.idle(instance)

    def kill(self, instance: Instance) -> None:
        failed = sorted(instance.residents, key=lambda request: request.row)
        self.queues[instance.pool][:0] = instance.bound
        instance.residents = []
        instance.bound = []
        self.off(instance)
        for request in failed:
            self.leave_system(request, Cause.MEMORY)
        self.replenish(instance.pool)

    # The life of an instance

    def add(self, pool: int, opener: int) -> Instance:
        instance = Instance(number=len(self.instances), pool=pool, opener=opener)
        self.instances.append(instance)
        return instance

    def turn(self, instance: Instance, state: State, rung: int = NEVER) -> None:
        instance.state = state
        instance.rung = rung
        self.turns.append((self.now, instance.number, int(state), rung))
        if state == State.BUSY:
            instance.until = None

    def off(self, instance: Instance) -> None:
        instance.warm = False
        instance.until = None
        self.turn(instance, State.OFF)

    def idle(self, instance: Instance) -> None:
        self.turn(instance, State.IDLE)
        instance.until = self.rung_time(0)

    def rest(self, instance: Instance, rung: int) -> None:
        self.turn(instance, State.RESTING, rung)
        instance.until = self.rung_time(rung + 1)

    def rung_time(self, rung: int) -> int | None:
        """When an instance that now comes to idle, or to rest, enters this rung; None for never."""
        if rung >= len(self.capacity.rung_after) or self.capacity.rung_after[rung] < 0:
            return None
        return self.now + int(self.capacity.rung_after[rung])

    def wake(self, instance: Instance, waker: Request) -> None:
        instance.waker = None
        instance.until = self.now + int(self.capacity.rung_wake[instance.rung, waker.row])
        self.turn(instance, State.WAKING, instance.rung)

    def ready(self, instance: Instance) -> None:
        warmth = Warmth.COLD if instance.state == State.STARTING else Warmth.WOKEN
        instance.until = None
        instance.warm = True
        instance.used = self.now
        while instance.bound and instance.state != State.OFF:
            request = instance.bound.pop(0)
            self.begin(request, instance, warmth, request.given)
        queue = self.queues[instance.pool]
        while self.free(instance) and queue:
            request = queue.pop(0)
            self.begin(request, instance, warmth, max(instance.asked, request.admitted))
        self.idle_if_empty(instance)

    def expire(self, instance: Instance) -> None:
        rung = 0
        if instance.state == State.RESTING:
            rung = instance.rung + 1
        else:
            mine = self.of_pool(instance.pool)
            there = sum(1 for i in mine if i.warm or self.coming(i))
            if there <= self.capacity.minimum:
                instance.until = self.rung_time(0)
                return
        instance.warm = False
        self.turn(instance, State.ENTERING, rung)
        instance.until = self.now + int(self.capacity.rung_enter[rung])

    def entered(self, instance: Instance) -> None:
        if instance.waker is not None:
            self.wake(instance, instance.waker)
        elif self.capacity.rung_keeps[instance.rung]:
            self.rest(instance, instance.rung)
        else:
            self.off(instance)
            self.replenish(instance.pool)

    def outcome(self) -> Outcome:
        def longs(values: list[int]) -> np.ndarray:
            return np.array(values, dtype=np.int64)

        def shorts(values: list[int]) -> np.ndarray:
            return np.array(values, dtype=np.int8)

        requests = self.requests
        return Outcome(
            arrived=longs([r.arrived for r in requests]),
            admitted=longs([r.admitted for r in requests]),
            bound=longs([r.bound for r in requests]),
            started=longs([r.started for r in requests]),
            ended=longs([r.ended for r in requests]),
            instance=longs([r.instance for r in requests]),
            fate=shorts([r.fate for r in requests]),
            cause=shorts([r.cause for r in requests]),
            warmth=shorts([r.warmth for r in requests]),
            step_ended=longs(self.step_ended),
            opener=longs([i.opener for i in self.instances]),
            pool=longs([i.pool for i in self.instances]),
            turn_time=longs([turn[0] for turn in self.turns]),
            turn_instance=longs([turn[1] for turn in self.turns]),
            turn_state=shorts([turn[2] for turn in self.turns]),
            turn_rung=shorts([turn[3] for turn in self.turns]),
            presence=self.presence,
        )


def simulate(demand: Demand, capacity: Capacity) -> Outcome:
    """The outcome, by the crude model."""
    return Reference(demand, capacity).run()

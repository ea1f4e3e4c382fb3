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
    patience: int = NEVER
    linger: int = 0
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
    spent: int = 0  # microseconds of CPU done on the step it was in when it left, or at the end


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
    waker: int | None = None  # the row of luck of whoever wakes it
    speed: int = MILLION
    ready_at: int = 0
    idle_from: int = 0  # since when it counts as idle
    open_until: int = 0  # the last connection of a request that left it
    last: int | None = None  # the request that left it last
    stuck: bool = False  # whether it should have gone down, and did not
    balance: int = 0  # of CPU credit
    has_credit: bool = True
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
        self.due = 0  # of the token bucket of openings
        self.lucky = 0  # openings and wakes for no request so far
        self.floor = capacity.minimum
        self.floors = [(int(t), int(f)) for t, f in zip(capacity.floor_at, capacity.floor, strict=True)]
        self.check_at = capacity.check_every if capacity.check_every != NEVER else None
        self.tick_at = capacity.scaler.tick if capacity.scaler is not None else None
        self.load = [0]  # summed over each microsecond... kept as totals at multiples of the tick
        self.total_load = 0
        self.advised: list[tuple[int, int]] = []  # when, how many instances
        self.panic_until = -1
        self.panic_most = 0
        self.present: list[Request] = []  # those in the system, in order of arrival
        self.left: list[Request] = []  # those that left in this event and have not passed their turn
        self.requests = [self.read(row) for row in range(demand.n)]
        for pool in range(capacity.pools):
            for _ in range(capacity.minimum):
                instance = self.add(pool, NEVER, self.spare_luck())
                instance.warm = True
                self.fill_up(instance)
                self.idle(instance)
            if capacity.minimum == 0 and capacity.initial_rung >= 0:
                self.rest(self.add(pool, NEVER, self.spare_luck()), capacity.initial_rung)

    def read(self, row: int) -> Request:
        demand = self.demand
        steps = range(int(demand.step_first[row]), int(demand.step_first[row + 1]))
        return Request(
            row=row,
            agent=int(demand.agent[row]),
            pool=int(self.capacity.pool_of[row]),
            memory=int(demand.memory[row]),
            patience=int(demand.patience[row]) if len(demand.patience) else NEVER,
            linger=int(demand.linger[row]) if len(demand.linger) else 0,
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
            if request in self.present and request.started == NEVER and request.patience != NEVER:
                events.append((request.arrived + request.patience, Kind.TIMEOUT, request.row))
            if request.wait_until is not None:
                events.append((request.wait_until, Kind.END, request.row))
            if self.capacity.duration_limit != NEVER and self.resident(request):
                events.append((request.started + self.capacity.duration_limit, Kind.CRASH, request.row))
        for instance in self.instances:
            computing = self.computing(instance)
            pace = self.pace(instance)
            if self.capacity.lifetime != NEVER and instance.warm:
                events.append((instance.ready_at + self.capacity.lifetime, Kind.INTERRUPT, instance.number))
            if self.capacity.credit is not None and instance.has_credit and computing:
                lost = self.used(instance) - self.capacity.credit.rate
                if lost > 0:
                    exhausted = self.now + (instance.balance + lost - 1) // lost
                    events.append((exhausted, Kind.CAPACITY, instance.number + 1))
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
        if self.capacity.pace_every != NEVER and self.lacks_token():
            opens = self.due - (self.capacity.pace_burst - 1) * self.capacity.pace_every
            events.append((max(opens, self.now), Kind.CAPACITY, 0))
        if self.check_at is not None:
            events.append((self.check_at, Kind.TICK, 0))
        if self.floors:
            events.append((self.floors[0][0], Kind.TICK, 1))
        if self.tick_at is not None:
            events.append((self.tick_at, Kind.TICK, 2))
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
            elif kind == Kind.INTERRUPT:
                self.take(self.instances[key])
            elif kind == Kind.CAPACITY and key == 0:
                self.replenish()
            elif kind == Kind.CAPACITY:
                self.instances[key - 1].has_credit = False
                self.instances[key - 1].balance = 0
            elif kind == Kind.TICK and key == 0:
                self.check()
            elif kind == Kind.TICK and key == 1:
                self.floor = self.floors.pop(0)[1]
                self.replenish()
            elif kind == Kind.TICK:
                self.scale()
            elif kind == Kind.TIMEOUT:
                self.abandon(self.requests[key])
            while self.left:
                self.pass_turn(self.left.pop(0))
        self.pass_time(max(self.now, self.demand.stop))
        for request in self.present:
            request.spent = self.spent(request)
        return self.outcome()

    def pass_time(self, time: int) -> None:
        elapsed = time - self.now
        assert elapsed >= 0, "time went back"
        self.presence += len(self.present) * elapsed
        if self.capacity.scaler is not None:
            self.total_load += self.load_now() * elapsed
        for instance in self.instances:
            pace = self.pace(instance)
            if self.capacity.credit is not None:
                instance.balance += (self.capacity.credit.rate - self.used(instance)) * elapsed
            for request in self.computing(instance):
                assert request.work_left is not None
                request.work_left -= pace * elapsed
        self.now = time

    def computing(self, instance: Instance) -> list[Request]:
        return [request for request in instance.residents if request.work_left is not None]

    def share(self, instance: Instance) -> int:
        """Millionths of a core that each resident in CPU time has."""
        k = len(self.computing(instance))
        if k == 0:
            return 0
        cpu = self.capacity.cpu
        if self.capacity.credit is not None and not instance.has_credit:
            cpu = min(cpu, self.capacity.credit.rate)
        return min(MILLION, cpu // k)

    def used(self, instance: Instance) -> int:
        return self.share(instance) * len(self.computing(instance))

    def pace(self, instance: Instance) -> int:
        """Millionths of a microsecond of work that each resident in CPU time does in a microsecond."""
        if not self.computing(instance):
            return 0
        return max(1, self.share(instance) * instance.speed // MILLION)

    def settle_credit(self, instance: Instance) -> None:
        """Look at the balance, because residents in CPU time are about to change or have changed."""
        if self.capacity.credit is not None:
            instance.balance = max(0, min(self.capacity.credit.most, instance.balance))
            instance.has_credit = instance.balance > 0

    def fill_up(self, instance: Instance) -> None:
        instance.ready_at = self.now
        if self.capacity.credit is not None:
            instance.balance = self.capacity.credit.first
            instance.has_credit = instance.balance > 0

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

    def abandon(self, request: Request) -> None:
        """Let it go wherever it waits."""
        for queue in self.queues:
            if request in queue:
                queue.remove(request)
        for instance in self.instances:
            if request in instance.bound:
                instance.bound.remove(request)
        self.leave_system(request, Cause.NONE, Fate.ABANDONED)
        self.replenish()

    def leave_system(self, request: Request, cause: Cause, fate: Fate | None = None) -> None:
        """Write down that the request is gone. Whom this lets in is settled when the event is done."""
        request.ended = self.now
        request.spent = self.spent(request)
        request.cause = cause
        request.fate = fate or (Fate.COMPLETED if cause == Cause.NONE else Fate.FAILED)
        request.work_left = None
        request.wait_until = None
        self.present = [other for other in self.present if other is not request]
        self.left.append(request)

    def spent(self, request: Request) -> int:
        """Microseconds of CPU that are done of the step it is in."""
        if request.work_left is None and request.wait_until is None:
            return 0
        _, cpu, _ = request.steps[request.place]
        left = 0 if request.work_left is None else max(0, request.work_left)
        return (cpu * MILLION - left) // MILLION

    def pass_turn(self, request: Request) -> None:
        """Let in the agent's next held request, and fix the arrivals of those that follow the one that left."""
        for other in self.present:
            if request.admitted == NEVER or not self.demand.serial:
                break
            if other.agent == request.agent and other.admitted == NEVER:
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

    def up(self, instance: Instance) -> bool:
        return instance.state not in (State.OFF, State.RESTING)

    def there(self, pool: int) -> int:
        """Instances that are warm or coming."""
        return sum(1 for instance in self.of_pool(pool) if instance.warm or self.coming(instance))

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
        if len(self.capacity.refused) and self.capacity.refused[request.row]:
            self.leave_system(request, Cause.PAYLOAD)
            return
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
        wanted = self.wanted(pool)
        if wanted is not None:
            self.provide(pool, wanted.row)
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
        instance = min(roomy, key=lambda i: i.number) if roomy else self.provide(request.pool, request.row)
        if instance is None:
            return False
        request.given = self.now
        instance.bound.append(request)
        return True

    def spare_luck(self) -> int:
        row = self.demand.n + self.lucky % max(1, self.capacity.spare)
        self.lucky += 1
        return row

    def may_open(self, pool: int, tokens: bool = True) -> bool:
        """Say whether an instance can be opened; with ``tokens`` False, whether it could but for a token."""
        capacity = self.capacity
        exists = sum(1 for i in self.of_pool(pool) if i.state != State.OFF)
        if capacity.maximum != NEVER and exists >= capacity.maximum:
            return False
        if self.full():
            return False
        if tokens and capacity.pace_every != NEVER:
            return self.due <= self.now + (capacity.pace_burst - 1) * capacity.pace_every
        return True

    def full(self) -> bool:
        """Say whether as many instances are up as may be."""
        quota = self.capacity.quota
        return quota != NEVER and sum(1 for i in self.instances if self.up(i)) >= quota

    def choices(self, pool: int) -> tuple[list[Instance], list[Instance]]:
        """Instances that can be woken: resting ones, and failing that entering ones."""
        mine = self.of_pool(pool)
        keeps = self.capacity.rung_keeps
        resting = [] if self.full() else [i for i in mine if i.state == State.RESTING]
        entering = [i for i in mine if i.state == State.ENTERING and keeps[i.rung] and i.waker is None]
        return resting, entering

    def can_have(self, pool: int) -> bool:
        return any(self.choices(pool)) or self.may_open(pool)

    def provide(self, pool: int, luck: int | None) -> Instance | None:
        """Wake an instance or open one, if one can be had. The row of luck; None for that of no request."""
        resting, entering = self.choices(pool)
        if not (resting or entering or self.may_open(pool)):
            return None
        row = self.spare_luck() if luck is None else luck
        if resting:
            shallowest = min(i.rung for i in resting)
            instance = self.prefer([i for i in resting if i.rung == shallowest])
            instance.asked = self.now
            self.wake(instance, row)
            return instance
        if entering:
            shallowest = min(i.rung for i in entering)
            instance = self.prefer([i for i in entering if i.rung == shallowest])
            instance.asked = self.now
            instance.waker = row
            return instance
        if self.capacity.pace_every != NEVER:
            self.due = max(self.due, self.now) + self.capacity.pace_every
        starting = sum(1 for i in self.instances if i.state == State.STARTING)
        length = int(self.capacity.start[row])
        if len(self.capacity.slow):
            length = length * int(self.capacity.slow[min(starting, len(self.capacity.slow) - 1)]) // MILLION
        instance = self.add(pool, NEVER if luck is None else luck, row)
        instance.asked = self.now
        instance.until = self.now + length
        self.turn(instance, State.STARTING)
        return instance

    def wanted(self, pool: int) -> Request | None:
        """The request that a pool wants an instance for."""
        queue = self.queues[pool]
        if self.capacity.scaler is not None:
            return queue[0] if queue and self.there(pool) == 0 else None
        place = 0 if self.capacity.early else self.slots_coming(pool)
        return queue[place] if len(queue) > place else None

    def lacks_token(self) -> bool:
        """Say whether some pool is to be given an instance as soon as there is a token."""
        for pool in range(self.capacity.pools):
            needs = self.wanted(pool) is not None or self.there(pool) < self.floor
            if needs and not any(self.choices(pool)) and self.may_open(pool, tokens=False):
                return True
        return False

    def bindable(self, pool: int) -> bool:
        return self.capacity.early and any(
            self.coming(i) and len(i.bound) < self.capacity.concurrency for i in self.of_pool(pool)
        )

    def replenish(self) -> None:
        while True:
            wants = []
            for pool in range(self.capacity.pools):
                request = self.wanted(pool)
                if request is not None and (self.bindable(pool) or self.can_have(pool)):
                    wants.append((request.admitted, request.row, pool, request))
            if not wants:
                break
            _, _, pool, request = min(wants)
            if self.capacity.early:
                self.queues[pool].remove(request)
                self.bind(request)
            else:
                self.provide(pool, request.row)
        for pool in range(self.capacity.pools):
            while self.there(pool) < self.floor and self.can_have(pool):
                self.provide(pool, None)

    # Checks, lifetimes, scaling

    def check(self) -> None:
        assert self.check_at is not None
        self.check_at += self.capacity.check_every
        after = int(self.capacity.rung_after[0]) if len(self.capacity.rung_after) else NEVER
        gone = 0
        for instance in self.instances:
            if instance.state != State.IDLE or instance.stuck or after == NEVER:
                continue
            if self.capacity.check_most != NEVER and gone >= self.capacity.check_most:
                return
            if self.now - instance.idle_from < after or self.there(instance.pool) <= self.floor:
                continue
            gone += 1
            self.go_down(instance)

    def go_down(self, instance: Instance) -> None:
        """An idle instance enters rung 0, or sticks where it is."""
        stick = self.capacity.stick
        if instance.last is not None and len(stick) and not stick[instance.last]:
            instance.stuck = True
            instance.until = None
            return
        self.enter(instance, 0)

    def take(self, instance: Instance) -> None:
        if self.capacity.lifetime_kills:
            failed = sorted(instance.residents, key=lambda request: request.row)
            instance.residents = []
            self.off(instance)
            for request in failed:
                self.leave_system(request, Cause.LIFETIME)
        else:
            self.drain(instance)
        self.replenish()

    def drain(self, instance: Instance) -> None:
        if instance.residents:
            instance.warm = False
            instance.until = None
            self.turn(instance, State.DRAINING)
        else:
            self.off(instance)

    def load_now(self) -> int:
        assert self.capacity.scaler is not None
        if self.capacity.scaler.by_cpu:
            return sum(self.used(instance) for instance in self.instances)
        return MILLION * sum(1 for request in self.present if request.admitted != NEVER)

    def scale(self) -> None:
        scaler = self.capacity.scaler
        assert scaler is not None and self.tick_at is not None
        self.tick_at += scaler.tick
        self.load.append(self.total_load)

        def number(window: int) -> int:
            ticks = window // scaler.tick
            before = self.load[-1 - ticks] if ticks < len(self.load) else 0
            load = self.load[-1] - before
            return (load + window * scaler.target - 1) // (window * scaler.target)

        recommended = number(scaler.window)
        if scaler.panic_window != NEVER:
            urgent = number(scaler.panic_window)
            warm = sum(1 for i in self.instances if i.warm)
            if urgent * MILLION >= scaler.panic_at * max(1, warm):
                if self.now >= self.panic_until:
                    self.panic_most = 0
                self.panic_until = self.now + scaler.window
            if self.now < self.panic_until:
                self.panic_most = max(self.panic_most, recommended, urgent)
                recommended = self.panic_most
        self.advised.append((self.now, recommended))
        wanted = max(n for t, n in self.advised if t > self.now - scaler.stabilise or t == self.now)
        count = sum(1 for i in self.instances if i.warm or (scaler.counts_coming and self.coming(i)))
        if abs(wanted - count) * MILLION <= scaler.tolerance * count:
            return
        wanted = max(wanted, self.floor)
        if self.capacity.maximum != NEVER:
            wanted = min(wanted, self.capacity.maximum)
        while count < wanted and self.provide(0, None) is not None:
            count += 1
        while count > wanted:
            idle = [i for i in self.instances if i.state == State.IDLE]
            busy = [i for i in self.instances if i.state == State.BUSY]
            if idle:
                rest = list(idle)
                while len(rest) > 1:
                    rest.remove(self.prefer(rest))
                self.enter(rest[0], 0)
            elif busy:
                self.drain(max(busy, key=lambda i: (-len(i.residents), i.number)))
            else:
                return
            count -= 1

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
                self.settle_credit(self.instances[request.instance])
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
        if not waited:
            self.settle_credit(self.instances[request.instance])
        request.wait_until = None
        request.work_left = None
        if not self.next_phase(request, computed=True, waited=waited):
            self.leave_instance(request, Cause.NONE)

    def leave_instance(self, request: Request, cause: Cause) -> None:
        instance = self.instances[request.instance]
        if request.work_left is not None:
            self.settle_credit(instance)
        instance.residents.remove(request)
        instance.used = self.now
        instance.open_until = max(instance.open_until, self.now + request.linger)
        instance.last = request.row
        self.leave_system(request, cause)
        if instance.state == State.DRAINING:
            if not instance.residents:
                self.off(instance)
                self.replenish()
            return
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
        self.replenish()

    # The life of an instance

    def add(self, pool: int, opener: int, luck: int) -> Instance:
        speed = int(self.capacity.speed[luck]) if len(self.capacity.speed) else MILLION
        instance = Instance(number=len(self.instances), pool=pool, opener=opener, speed=speed)
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
        instance.stuck = False
        instance.idle_from = max(self.now, instance.open_until)
        if self.capacity.check_every == NEVER and self.capacity.scaler is None:
            instance.until = self.rung_time(0, instance.idle_from)

    def rest(self, instance: Instance, rung: int) -> None:
        self.turn(instance, State.RESTING, rung)
        instance.until = self.rung_time(rung + 1, self.now)

    def rung_time(self, rung: int, since: int) -> int | None:
        """When an instance that now comes to idle, or to rest, enters this rung; None for never."""
        if rung >= len(self.capacity.rung_after) or self.capacity.rung_after[rung] < 0:
            return None
        return since + int(self.capacity.rung_after[rung])

    def wake(self, instance: Instance, waker: int) -> None:
        instance.waker = None
        instance.until = self.now + int(self.capacity.rung_wake[instance.rung, waker])
        self.turn(instance, State.WAKING, instance.rung)

    def ready(self, instance: Instance) -> None:
        warmth = Warmth.COLD if instance.state == State.STARTING else Warmth.WOKEN
        instance.until = None
        instance.warm = True
        instance.used = self.now
        self.fill_up(instance)
        while instance.bound and instance.state != State.OFF:
            request = instance.bound.pop(0)
            self.begin(request, instance, warmth, request.given)
        queue = self.queues[instance.pool]
        while self.free(instance) and queue:
            request = queue.pop(0)
            self.begin(request, instance, warmth, max(instance.asked, request.admitted))
        self.idle_if_empty(instance)

    def expire(self, instance: Instance) -> None:
        if instance.state == State.RESTING:
            self.enter(instance, instance.rung + 1)
        elif self.there(instance.pool) <= self.floor:
            instance.until = self.rung_time(0, self.now)
        else:
            self.go_down(instance)

    def enter(self, instance: Instance, rung: int) -> None:
        instance.warm = False
        self.turn(instance, State.ENTERING, rung)
        instance.until = self.now + int(self.capacity.rung_enter[rung])

    def entered(self, instance: Instance) -> None:
        if instance.waker is not None:
            self.wake(instance, instance.waker)
        elif self.capacity.rung_keeps[instance.rung]:
            self.rest(instance, instance.rung)
            self.replenish()
        else:
            self.off(instance)
            self.replenish()

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
            spent=longs([r.spent for r in requests]),
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

"""What there is in the crude model, and what can be seen of it."""

from __future__ import annotations

from fractions import Fraction

from sim.engine.contract import NEVER, Capacity, Checkpoints, Demand, State

from .things import MILLION, Instance, Request


class World:
    """A clock, the requests, the instances, the queues."""

    def __init__(self, demand: Demand, capacity: Capacity) -> None:
        self.demand = demand
        self.capacity = capacity
        self.now = 0
        self.presence = 0
        self.step_ended = [NEVER] * len(demand.step_cpu)
        self.prefill_ended = [NEVER] * len(demand.step_decode)
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
        self.tokens: dict[int, int] = {}  # of budgets of retries, by agent or for all
        self.circuits: dict[int, tuple[int, Request | None]] = {}  # when a breaker opened, and its probe
        self.results: dict[int, list[bool]] = {}  # what a breaker has seen while it was closed
        self.gap_from: dict[int, int] = {}  # when a pool's instance became idle as a request left it
        self.gaps: dict[int, list[int]] = {pool: [] for pool in range(capacity.pools)}
        self.keep = {pool: int(capacity.rung_after[0]) for pool in range(capacity.pools if capacity.keep_alive else 0)}
        self.before: dict[int, int] = {}  # how long until there is to be an instance again, just set
        self.back: dict[int, int] = {}  # when there is to be one
        self.repeats: list[tuple[int, ...]] = []
        self.opened_until = 0  # offers that came up until then have been told
        recovery = capacity.recovery
        self.checkpoints: Checkpoints | None = None if recovery is None else recovery.checkpoints
        for pool in range(capacity.pools if self.offered(None) else 0):
            for _ in range(max(capacity.minimum, capacity.buffer)):
                instance = self.add(pool, NEVER, self.spare_luck())
                instance.warm = True
                self.fill_up(instance)
                self.idle(instance)
            if capacity.minimum == capacity.buffer == 0 and capacity.initial_rung >= 0:
                self.rest(self.add(pool, NEVER, self.spare_luck()), capacity.initial_rung)

    def read(self, row: int) -> Request:
        demand = self.demand
        steps = range(int(demand.step_first[row]), int(demand.step_first[row + 1]))
        parts = (demand.step_cpu, demand.step_prefill, demand.step_decode, demand.step_wait)
        queueing = self.capacity.queueing
        lengths = [int(demand.step_cpu[s] + demand.step_wait[s]) for s in steps]
        return Request(
            row=row,
            agent=int(demand.agent[row]),
            pool=int(self.capacity.pool_of[row]),
            memory=int(demand.memory[row]),
            patience=int(demand.patience[row]) if len(demand.patience) else NEVER,
            linger=int(demand.linger[row]) if len(demand.linger) else 0,
            steps=[(s, *(int(part[s]) if len(part) else 0 for part in parts)) for s in steps],
            need=int(queueing.need[row]) if queueing is not None and len(queueing.need) else 1,
            rank=int(queueing.rank[row]) if queueing is not None and len(queueing.rank) else 0,
            arrival=int(demand.at[row]) if self.opens(row) and demand.at[row] < demand.horizon else None,
            ends=[sum(lengths[: k + 1]) for k in range(len(lengths))],
            whole=sum(lengths),
        )

    def opens(self, row: int) -> bool:
        """Say whether a row waits for no other."""
        callers = self.demand.callers
        return bool(self.demand.after[row] == NEVER and (callers is None or callers.retry_of[row] == NEVER))

    def of_pool(self, pool: int) -> list[Instance]:
        return [instance for instance in self.instances if instance.pool == pool]

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
        each, parallel = cpu // k, self.demand.parallel
        if parallel == 0 or each <= MILLION:
            return min(MILLION, each)
        # Amdahl: one second of work takes 1 - p and p / c, in rational numbers rounded down at the end.
        serial = Fraction(MILLION - parallel, MILLION) + Fraction(parallel, each)
        return int(MILLION / serial)

    def used(self, instance: Instance) -> int:
        return self.share(instance) * len(self.computing(instance))

    def pace(self, instance: Instance) -> int:
        """Millionths of a microsecond of work that each resident in CPU time does in a microsecond."""
        if not self.computing(instance):
            return 0
        return max(1, self.share(instance) * instance.speed // MILLION)

    def starting(self) -> list[Instance]:
        """Those whose starts share."""
        return [instance for instance in self.instances if instance.start_left is not None]

    def start_pace(self) -> int:
        paces = self.capacity.start_pace
        return int(paces[min(len(self.starting()), len(paces)) - 1])

    def resident(self, request: Request) -> bool:
        return any(request in instance.residents for instance in self.instances)

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

    def spare(self, pool: int) -> int:
        """Slots to spare."""
        mine = self.of_pool(pool)
        slots = sum(self.capacity.concurrency for i in mine if i.warm or self.coming(i))
        residents = sum(request.need for i in mine if i.warm for request in i.residents)
        queued = sum(request.need for request in self.queues[pool])
        return slots - residents - sum(len(i.bound) for i in mine) - queued

    def lacks(self, pool: int) -> bool:
        buffer = self.capacity.buffer
        return self.there(pool) < self.floor or (buffer > 0 and self.spare(pool) < buffer * self.capacity.concurrency)

    def break_gap(self, pool: int) -> None:
        """Count the gap that ends with a request."""
        self.back.pop(pool, None)
        if pool in self.gap_from:
            self.gaps[pool].append(self.now - self.gap_from.pop(pool))

    def set_times(self, pool: int) -> None:
        """Decide how long an instance stays that a request has left idle, and when there is to be one again."""
        rule = self.capacity.keep_alive
        if rule is None:
            return
        self.gap_from[pool] = self.now
        bins = sorted(gap // rule.bin for gap in self.gaps[pool] if gap < rule.bin * rule.bins)
        outside = len(self.gaps[pool]) - len(bins)
        squares = sum(bins.count(place) ** 2 for place in range(rule.bins))
        flat = rule.bins * squares * MILLION < rule.spread * len(bins) ** 2
        before, self.keep[pool] = 0, rule.bin * rule.bins
        if len(self.gaps[pool]) >= rule.least and outside <= len(bins) and not flat:
            head, tail = (
                min((place for i, place in enumerate(bins, 1) if i * MILLION >= part * len(bins)), default=NEVER)
                for part in (rule.head, rule.tail)
            )
            before = head * rule.bin * (MILLION - rule.margin) // MILLION
            self.keep[pool] = (tail + 1) * rule.bin * (MILLION + rule.margin) // MILLION - before
        self.before[pool] = before
        if before > 0:
            self.back[pool] = self.now + before

    def free(self, instance: Instance) -> bool:
        return instance.warm and len(instance.residents) < self.capacity.concurrency

    def slots_coming(self, pool: int) -> int:
        return sum(self.capacity.concurrency for instance in self.of_pool(pool) if self.coming(instance))

    def full(self) -> bool:
        """Say whether as many instances are up as may be."""
        quota = self.capacity.quota
        return quota != NEVER and sum(1 for i in self.instances if self.up(i)) >= quota

    def spare_luck(self) -> int:
        row = self.demand.n + self.lucky % max(1, self.capacity.spare)
        self.lucky += 1
        return row

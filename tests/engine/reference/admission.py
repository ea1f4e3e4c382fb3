"""Who is given which instance, and when one is opened or woken."""

from __future__ import annotations

from sim.engine.contract import NEVER, Cause, Reuse, State, Warmth

from .things import MILLION, Instance, Request
from .world import World


class Admission(World):
    """Admission, Limits and Replenishing of the contract."""

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
        request.admitted = request.first_admitted = self.now
        self.expect(request)
        self.place(request)
        if self.capacity.buffer and request.cause != Cause.PAYLOAD:
            self.replenish()

    def place(self, request: Request) -> None:
        if len(self.capacity.refused) and self.capacity.refused[request.row]:
            self.leave_system(request, Cause.PAYLOAD)
            return
        self.place_again(request)

    def place_again(self, request: Request) -> None:
        self.break_gap(request.pool)
        if self.capacity.queueing is not None:
            self.admit_in_order(request)
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

    def may_open(self, pool: int, request: Request | None, tokens: bool = True) -> bool:
        """Say whether an instance can be opened; with ``tokens`` False, whether it could but for a token."""
        if not self.offered(request):
            return False
        capacity = self.capacity
        exists = sum(1 for i in self.of_pool(pool) if i.state != State.OFF)
        if capacity.maximum != NEVER and exists >= capacity.maximum:
            return False
        if self.full():
            return False
        if tokens and capacity.pace_every != NEVER:
            return self.due <= self.now + (capacity.pace_burst - 1) * capacity.pace_every
        return True

    def choices(self, pool: int) -> tuple[list[Instance], list[Instance]]:
        """Instances that can be woken: resting ones, and failing that entering ones."""
        mine = self.of_pool(pool)
        keeps = self.capacity.rung_keeps
        resting = [] if self.full() else [i for i in mine if i.state == State.RESTING]
        entering = [i for i in mine if i.state == State.ENTERING and keeps[i.rung] and i.waker is None]
        return resting, entering

    def can_have(self, pool: int, request: Request | None) -> bool:
        return any(self.choices(pool)) or self.may_open(pool, request)

    def provide(self, pool: int, luck: int | None) -> Instance | None:
        """Wake an instance or open one, if one can be had. The row of luck; None for that of no request."""
        resting, entering = self.choices(pool)
        if not (resting or entering or self.may_open(pool, None if luck is None else self.requests[luck])):
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
        instance = self.add(pool, NEVER if luck is None else luck, row)
        instance.asked = self.now
        if len(self.capacity.start_pace):
            instance.start_left = int(self.capacity.start[row]) * MILLION
        else:
            instance.until = self.now + int(self.capacity.start[row])
        self.turn(instance, State.STARTING)
        return instance

    def wanted(self, pool: int) -> Request | None:
        """The request that a pool wants an instance for."""
        queue = self.queues[pool]
        if self.capacity.scaler is not None:
            return queue[0] if queue and self.there(pool) == 0 else None
        place = 0 if self.capacity.early else self.slots_coming(pool)
        if self.capacity.queueing is not None:
            place = self.place_coming(pool)
        return queue[place] if len(queue) > place else None

    def lacks_token(self) -> bool:
        """Say whether some pool is to be given an instance as soon as there is a token."""
        for pool in range(self.capacity.pools):
            needs: list[Request | None] = [self.wanted(pool)] if self.wanted(pool) is not None else []
            needs += [None] if self.lacks(pool) else []
            if any(self.may_open(pool, one, tokens=False) for one in needs) and not any(self.choices(pool)):
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
                if request is not None and (self.bindable(pool) or self.can_have(pool, request)):
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
            while self.lacks(pool) and self.can_have(pool, None):
                self.provide(pool, None)

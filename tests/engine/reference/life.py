"""An instance from its opening on."""

from __future__ import annotations

from sim.engine.contract import NEVER, Cause, State, Warmth

from .things import MILLION, Instance
from .world import World


class Life(World):
    """CPU credit, Readiness, Ladder and Lifetime of the contract."""

    def add(self, pool: int, opener: int, luck: int) -> Instance:
        speed = int(self.capacity.speed[luck]) if len(self.capacity.speed) else MILLION
        instance = Instance(number=len(self.instances), pool=pool, opener=opener, speed=speed)
        self.let(instance, None if opener == NEVER else self.requests[opener])
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
        instance.taken_at = instance.notice_at = None
        self.turn(instance, State.OFF)

    def idle(self, instance: Instance) -> None:
        self.turn(instance, State.IDLE)
        instance.stuck = False
        instance.idle_from = max(self.now, instance.open_until)
        if self.capacity.keep_alive is not None:
            before = self.before.get(instance.pool, 0)
            instance.until = instance.idle_from + (0 if before else self.keep[instance.pool])
            self.before[instance.pool] = 0
        elif self.capacity.check_every == NEVER and self.capacity.scaler is None:
            instance.until = self.rung_time(0, instance.idle_from)

    def idle_if_empty(self, instance: Instance) -> None:
        if instance.state != State.OFF and not instance.residents:
            self.idle(instance)

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
        instance.until = instance.start_left = None
        instance.warm = True
        instance.used = self.now
        self.fill_up(instance)
        while instance.bound and instance.state != State.OFF:
            request = instance.bound.pop(0)
            self.begin(request, instance, warmth, request.given)
        if self.capacity.queueing is not None:
            self.serve(instance.pool, instance, warmth)
            self.idle_if_empty(instance)
            self.replenish()
            return
        queue = self.queues[instance.pool]
        while self.free(instance) and queue:
            request = queue.pop(0)
            self.begin(request, instance, warmth, max(instance.asked, request.admitted))
        self.idle_if_empty(instance)

    def fill_up(self, instance: Instance) -> None:
        instance.ready_at = self.now
        self.begin_life(instance)
        if self.capacity.credit is not None:
            instance.balance = self.capacity.credit.first
            instance.has_credit = instance.balance > 0

    def settle_credit(self, instance: Instance) -> None:
        """Look at the balance, because residents in CPU time are about to change or have changed."""
        if self.capacity.credit is not None:
            instance.balance = max(0, min(self.capacity.credit.most, instance.balance))
            instance.has_credit = instance.balance > 0

    def must_stay(self, pool: int) -> bool:
        """Say whether an idle instance must not go."""
        short = self.spare(pool) < (self.capacity.buffer + 1) * self.capacity.concurrency
        return self.there(pool) <= self.floor or (self.capacity.buffer > 0 and short)

    def expire(self, instance: Instance) -> None:
        if instance.state == State.RESTING:
            self.enter(instance, instance.rung + 1)
            self.replenish()
        elif self.must_stay(instance.pool):
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
            if self.now - instance.idle_from < after or self.must_stay(instance.pool):
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

"""A second model, crude and independent: the contract of `sim.engine` taken word by word.

Nothing here is quick. Whatever could happen next is looked up anew at every step, over all requests and all
instances, and time passes for everybody at once. That is the point: there is no timer to go stale, no index to
fall behind, no order of insertion. It shares the contract's dataclasses with the model under test and nothing else.
"""

from __future__ import annotations

import numpy as np

from sim.engine.contract import NEVER, Capacity, Cause, Demand, Kind, Outcome, Repeats, State, Visits

from .admission import Admission
from .gpu import GpuTime
from .life import Life
from .market import Offering
from .queueing import Queueing
from .requests import Requests
from .scaling import Scaling
from .things import Request
from .visits import Visiting


class Reference(Requests, Admission, Life, Scaling, GpuTime, Queueing, Offering, Visiting):
    """The world as it goes on: whatever could happen next, what does, and what is told of it in the end."""

    def pending(self) -> list[tuple[int, Kind, int]]:
        """Everything that would happen if nothing else did."""
        events: list[tuple[int, Kind, int]] = []
        for request in self.requests:
            if request.arrival is not None:
                retry = request.due != NEVER
                events.append((request.arrival, Kind.RETRY if retry else Kind.ARRIVAL, request.row))
            waits = request in self.present and request.left == NEVER
            if waits and request.started == NEVER and request.patience != NEVER:
                events.append((request.arrived + request.patience, Kind.TIMEOUT, request.row))
            if waits and self.timeout(request) != NEVER:
                events.append((request.arrived + self.timeout(request), Kind.TIMEOUT, request.row))
            if request.wait_until is not None:
                events.append((request.wait_until, Kind.END, request.row))
            events += [(time, Kind.RETRY, request.row) for time in request.looks]
            if request.retry_at is not None:
                events.append((request.retry_at, Kind.RETRY, request.row))
            if self.capacity.duration_limit != NEVER and self.resident(request):
                events.append((request.started + self.capacity.duration_limit, Kind.CRASH, request.row))
        for instance in self.instances:
            computing = self.computing(instance)
            pace = self.pace(instance)
            if self.capacity.lifetime != NEVER and instance.warm:
                events.append((instance.ready_at + self.capacity.lifetime, Kind.INTERRUPT, instance.number))
            events += [(time, Kind.INTERRUPT, instance.number)
                       for time in (instance.taken_at, instance.notice_at) if time is not None]
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
            events += self.phase_ends(instance)
            if instance.until is not None:
                kind = Kind.EXPIRE
                if instance.state in (State.STARTING, State.WAKING):
                    kind = Kind.READY
                elif instance.state == State.ENTERING:
                    kind = Kind.ENTERED
                events.append((instance.until, kind, instance.number))
        if self.starting():
            soonest = min(self.starting(), key=lambda instance: (instance.start_left, instance.number))
            assert soonest.start_left is not None
            left = max(0, soonest.start_left)
            events.append((self.now + -(-left // self.start_pace()), Kind.READY, soonest.number))
        if self.capacity.pace_every != NEVER and self.lacks_token():
            opens = self.due - (self.capacity.pace_burst - 1) * self.capacity.pace_every
            events.append((max(opens, self.now), Kind.CAPACITY, 0))
        opening = self.next_opening()
        if opening is not None:
            events.append((opening, Kind.CAPACITY, -1))
        events += [(time, Kind.TICK, 3 + pool) for pool, time in self.back.items()]
        if self.check_at is not None:
            events.append((self.check_at, Kind.TICK, 0))
        if self.floors:
            events.append((self.floors[0][0], Kind.TICK, 1))
        if self.tick_at is not None:
            events.append((self.tick_at, Kind.TICK, 2))
        events += self.call_events()
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
            if self.of_a_call(kind, key):
                self.call_happens(kind, key)
            elif kind == Kind.ARRIVAL or (kind == Kind.RETRY and self.requests[key].arrival is not None):
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
                self.interrupt(self.instances[key])
            elif kind == Kind.CAPACITY and key == -1:
                self.opened_until = time
                self.replenish()
            elif kind == Kind.RETRY:
                self.retry(self.requests[key])
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
            elif kind == Kind.TICK and key == 2:
                self.scale()
            elif kind == Kind.TICK:
                del self.back[key - 3]
                if self.there(key - 3) == 0:
                    self.provide(key - 3, None)
            elif kind == Kind.TIMEOUT:
                self.time_out(self.requests[key])
            while self.left:
                self.pass_turn(self.left.pop(0))
        self.pass_time(max(self.now, self.demand.stop))
        for request in self.present:
            self.stop_working(request)
            request.spent = self.spent(request)
            request.gpu_spent = self.gpu_spent(request)
            if request.open is not None:
                self.count_overhead(request, request.open)
        return self.outcome()

    def retry(self, request: Request) -> None:
        """Admit a request again, or see whether there is an offer for it now."""
        if request.retry_at == self.now:
            request.retry_at = None
            self.admit_again(request)
            return
        request.looks = [look for look in request.looks if look != self.now]
        request.come = self.now
        if any(request in queue for queue in self.queues):
            self.replenish()

    def pass_time(self, time: int) -> None:
        elapsed = time - self.now
        assert elapsed >= 0, "time went back"
        self.presence += len(self.present) * elapsed
        if self.capacity.scaler is not None:
            self.total_load += self.load_now() * elapsed
        if self.starting():
            attained = self.start_pace() * elapsed
            for instance in self.starting():
                assert instance.start_left is not None
                instance.start_left -= attained
        for instance in self.instances:
            pace = self.pace(instance)
            if self.capacity.credit is not None:
                instance.balance += (self.capacity.credit.rate - self.used(instance)) * elapsed
            for request in self.computing(instance):
                assert request.work_left is not None
                request.work_left -= pace * elapsed
            self.pass_gpu_time(instance, elapsed)
        self.now = time

    def outcome(self) -> Outcome:
        def longs(values: list[int]) -> np.ndarray:
            return np.array(values, dtype=np.int64)

        def shorts(values: list[int]) -> np.ndarray:
            return np.array(values, dtype=np.int8)

        requests = self.requests
        firsts = [r.visits[0] if r.visits else None for r in requests]
        visits = [(r.row, v) for r in requests for v in r.visits] if self.capacity.recovery is not None else []
        repeats = [list(column) for column in zip(*sorted(self.repeats), strict=True)] or [[]] * 7
        return Outcome(
            arrived=longs([r.arrived for r in requests]),
            admitted=longs([r.first_admitted for r in requests]),
            bound=longs([NEVER if v is None else v.bound for v in firsts]),
            started=longs([NEVER if v is None else v.started for v in firsts]),
            ended=longs([r.ended for r in requests]),
            instance=longs([NEVER if v is None else v.instance for v in firsts]),
            fate=shorts([r.fate for r in requests]),
            cause=shorts([r.cause for r in requests]),
            warmth=shorts([0 if v is None else v.warmth for v in firsts]),
            step_ended=longs(self.step_ended),
            spent=longs([r.spent for r in requests]),
            opener=longs([i.opener for i in self.instances]),
            pool=longs([i.pool for i in self.instances]),
            turn_time=longs([turn[0] for turn in self.turns]),
            turn_instance=longs([turn[1] for turn in self.turns]),
            turn_state=shorts([turn[2] for turn in self.turns]),
            turn_rung=shorts([turn[3] for turn in self.turns]),
            presence=self.presence,
            left=longs([r.left for r in requests] if self.demand.callers else []),
            due=longs([r.due for r in requests] if self.demand.callers else []),
            prefill_ended=longs(self.prefill_ended),
            gpu_spent=longs([r.gpu_spent for r in requests] if self.prefill_ended else []),
            offer=longs([i.offer for i in self.instances if i.offer is not None]),
            visits=Visits(
                longs([row for row, _ in visits]), longs([v.admitted for _, v in visits]),
                longs([v.bound for _, v in visits]), longs([v.started for _, v in visits]),
                longs([v.ended for _, v in visits]), longs([v.instance for _, v in visits]),
                shorts([v.warmth for _, v in visits]), shorts([v.parting for _, v in visits]),
                longs([v.overhead for _, v in visits]),
            ),
            repeats=Repeats(*map(longs, repeats[:3]), np.array(repeats[3], dtype=np.bool_), *map(longs, repeats[4:])),
            tries=self.told_tries(),
        )


def simulate(demand: Demand, capacity: Capacity) -> Outcome:
    """The outcome, by the crude model."""
    return Reference(demand, capacity).run()

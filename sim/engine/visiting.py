"""Requests that may be on more than one instance, one after the other: interrupted, or freed for the time of a wait."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
from simpy.events import Event

from sim.engine.clock import ORDER, Timer, hand_over, redirect
from sim.engine.contract import NEVER, Capacity, Cause, Demand, Kind, Outcome, Parting, Repeats, Visits
from sim.engine.instance import Instance
from sim.engine.model import Model, Story
from sim.engine.stays import CheckpointedStays, Stays, SteppedStays

_END, _CRASH, _RETRY = (ORDER[kind] for kind in (Kind.END, Kind.CRASH, Kind.RETRY))
_LEFT, _INTERRUPTED, _SAVED, _RETURNED, _FREED = (int(parting) for parting in Parting)
_ENDED, _PARTING, _OVERHEAD = 4, 7, 8


class Visiting(Model):
    """One run with a recovery."""

    def __init__(self, demand: Demand, capacity: Capacity) -> None:
        recovery, market, n = capacity.recovery, capacity.market, demand.n
        assert recovery is not None  # else there is no need of visits
        self._recovery = recovery
        self._stays: Stays = SteppedStays(demand, recovery) if recovery.checkpoints is None else CheckpointedStays(
            demand, recovery.checkpoints)  # fmt: skip
        self._visits: list[list[int]] = []
        self._visit, self._parting, self._interruptions = [NEVER] * n, [_LEFT] * n, [0] * n
        self._came = [NEVER] * n
        self._start = capacity.start.tolist()
        self._deadline = [] if market is None else market.deadline.tolist()
        super().__init__(demand, capacity)

    # On and off instances

    def _admit(self, row: int) -> None:
        self._came[row] = self._clock.now
        self._expect(row)
        super()._admit(row)

    def _expect(self, row: int) -> None:
        """Look again for an instance when the time of an offer has come."""
        offers, now, pool = self._fleet.offers, self._clock.now, self._pool[row]
        if offers is None:
            return
        latest = NEVER
        if self._deadline and self._deadline[row] >= 0:
            need = self._start[row] + self._stays.length(row)
            latest = max(0, self._arrived[row] + self._deadline[row] - need)

        def look() -> None:
            self._clock.past_ticks = self._clock.now
            if self._admitted[row] == now:
                offers.come(row)
                if pool.queues(row):
                    self._fleet.replenish(pool)

        for time in offers.expect(row, latest):
            Timer(self._clock, time, _RETRY + row, lambda _: look())

    def _readmit(self, row: int) -> Story:
        self._admitted[row] = self._clock.now
        self._on[row] = self._waits[row] = None
        self._expect(row)
        self._pool[row].place(row)
        if self._on[row] is None or self._cause[row]:
            yield self._waiting(row)

    def begin(self, row: int, instance: Instance, bound: int, warmth: int) -> None:
        """Let the request go on, on its instance."""
        self._visit[row] = len(self._visits)
        self._visits.append(
            [row, self._admitted[row], bound, self._clock.now, NEVER, instance.number, warmth, _LEFT, 0])
        self._stays.begin(row, self._clock.now)
        super().begin(row, instance, bound, warmth)

    def _end_visit(self, row: int, parting: int) -> None:
        number, now = self._visit[row], self._clock.now
        if number < 0:
            return
        self._visit[row] = NEVER
        self._parting[row] = parting
        instance = self._on[row]
        asked = 0 if instance is None or instance.cpu is None else instance.cpu.left(row)
        visit, stop = self._visits[number], now >= self._demand.stop
        visit[_ENDED], visit[_PARTING] = NEVER if stop else now, parting
        visit[_OVERHEAD] = self._stays.end(row, now, parting, asked, stop)

    def _note_unspent(self, row: int) -> None:
        self._end_visit(row, _LEFT)

    def interrupt(self, row: int) -> None:
        """Let the request go on without its instance."""
        self._end_visit(row, _INTERRUPTED)
        event = self._waits[row]
        assert event is not None  # it is in a phase
        redirect(event)

    # Visits

    def _serve(self, row: int, instance: Instance) -> Story:
        visit = self._on_checkpoints if self._recovery.checkpoints is not None else self._step_by_step
        while True:
            yield from visit(row, instance)
            parting = self._parting[row]
            if self._cause[row] or parting == _LEFT:
                return
            if parting == _RETURNED:
                instance.pool.retire(instance)
            self._on[row] = None
            instance.pool.left(instance, row)
            if parting == _FREED:
                over = yield from self._wait_freed(row)
                if over:
                    return
            elif parting != _RETURNED:
                yield from self._pause(row)
            if not self._cause[row]:
                yield from self._readmit(row)
            found = self._on[row]
            if self._cause[row] or found is None:
                return
            instance = found

    def _pause(self, row: int) -> Story:
        """Wait until it is admitted again, or fail."""
        self._interruptions[row] += 1
        if self._interruptions[row] == self._recovery.attempts:
            self._cause[row] = int(Cause.INTERRUPTED)
            return
        yield Timer(self._clock, self._clock.now + self._recovery.again, _RETRY + row)
        self._clock.past_ticks = self._clock.now

    def _step_by_step(self, row: int, instance: Instance) -> Story:
        clock, waits, stays, cpu = self._clock, self._waits, self._stays, instance.cpu
        assert isinstance(stays, SteppedStays) and cpu is not None
        visit = self._visit[row]
        if self._rules.duration_limit >= 0:
            Timer(clock, clock.now + self._rules.duration_limit, _CRASH + row,
                  lambda _: self._overrun_visit(row, instance, visit))
        replay = stays.begin_replay(row)
        if replay:
            waits[row] = event = cpu.run(row, replay)
            yield event
        for step in stays.steps(row):
            if self._visit[row] != visit:
                return
            stays.begin_step(row, clock.now)
            if stays.cpu[step]:
                waits[row] = event = cpu.run(row, stays.cpu[step])
                yield event
                if self._visit[row] != visit:
                    return
            if stays.wait[step]:
                stays.begin_wait(row, clock.now)
                if stays.frees(step):
                    self._end_visit(row, _FREED)
                    return
                waits[row] = event = Timer(clock, clock.now + stays.wait[step], _END + row)
                yield event
                if self._visit[row] != visit:
                    return
            stays.end_step(row, clock.now)
        if self._visit[row] == visit:
            self._end_visit(row, _LEFT)

    def _overrun_visit(self, row: int, instance: Instance, visit: int) -> None:
        if self._visit[row] == visit:
            self._overrun(row, instance)

    def _wait_freed(self, row: int) -> Generator[Event, None, bool]:
        """Wait without an instance; tell whether that was the last of the request."""
        stays, clock = self._stays, self._clock
        assert isinstance(stays, SteppedStays)
        while True:
            step = stays.step(row)
            yield Timer(clock, clock.now + stays.wait[step], _END + row)
            stays.end_step(row, clock.now)
            following = next(iter(stays.steps(row)), None)
            if following is None or stays.cpu[following] or not stays.frees(following):
                return following is None
            stays.begin_step(row, clock.now)
            stays.begin_wait(row, clock.now)

    def _on_checkpoints(self, row: int, instance: Instance) -> Story:
        clock, stays, limit = self._clock, self._stays, self._rules.duration_limit
        assert isinstance(stays, CheckpointedStays)
        visit = self._visit[row]
        plans = [(clock.now + stays.length(row), _END, _LEFT)]
        if limit >= 0:
            plans.append((clock.now + limit, _CRASH, _INTERRUPTED))
        back = self._next_return(row, instance)
        if back >= 0:
            plans.append((back, _END, _RETURNED))
        time, order, parting = min(plans)
        stays.plan(row, time)
        self._waits[row] = event = Timer(clock, time, order + row)
        yield event
        if self._visit[row] != visit:
            return
        if stays.saves(row):
            parting = _SAVED
        elif order == _CRASH:
            self._cause[row], parting = int(Cause.DURATION), _LEFT
        self._end_visit(row, parting)

    def _next_return(self, row: int, instance: Instance) -> int:
        """Give the end of the first write at which an earlier offer is open, or NEVER."""
        rule, offers, lease = self._recovery.checkpoints, self._fleet.offers, instance.lease
        assert isinstance(self._stays, CheckpointedStays) and rule is not None
        if not rule.returns or rule.every < 0 or offers is None or lease is None:
            return NEVER
        since, writes = self._stays.writes(row, self._clock.now)
        return offers.next_return(lease.index, since, rule.every + rule.write, writes)

    def warn(self, row: int, ends: int) -> None:
        """Write a checkpoint, if the request would not be over, and if there is the time."""
        rule, stays, now = self._recovery.checkpoints, self._stays, self._clock.now
        if rule is None or not isinstance(stays, CheckpointedStays):
            return
        if stays.planned(row) > ends and now + rule.write <= ends:
            stays.save(row, now)
            event = self._waits[row]
            assert event is not None  # it works
            self._waits[row] = written = Timer(self._clock, now + rule.write, _END + row)
            hand_over(event, written)

    # What happened

    def _outcome(self) -> Outcome:
        told = super()._outcome()
        table = np.array(self._visits, np.int64).reshape(-1, 9)
        table = table[np.argsort(table[:, 0], kind="stable")]
        request, admitted, bound, started, ended, instance, warmth, parting, overhead = table.T.copy()
        first = np.flatnonzero(np.diff(request, prepend=NEVER))

        def of_first(values: np.ndarray, missing: int = NEVER) -> np.ndarray:
            found = np.full(self._demand.n, missing, np.int64)
            found[request[first]] = values[first]
            return found

        leases = [one.lease for one in self._fleet.instances]
        offer = [NEVER if lease is None else lease.index for lease in leases]
        repeats = np.array(sorted(self._stays.repeats), np.int64).reshape(-1, 7).T.copy()
        return replace(
            told,
            admitted=np.array(self._came, np.int64),
            bound=of_first(bound),
            started=of_first(started),
            instance=of_first(instance),
            warmth=of_first(warmth, 0).astype(np.int8),
            step_ended=np.array(self._stays.step_ended, np.int64),
            spent=np.array(self._stays.spent, np.int64),
            offer=np.array([] if self._fleet.offers is None else offer, np.int64),
            visits=Visits(request, admitted, bound, started, ended, instance, warmth.astype(np.int8),
                          parting.astype(np.int8), overhead),
            repeats=Repeats(repeats[0], repeats[1], repeats[2], repeats[3].astype(np.bool_), *repeats[4:]),
        )

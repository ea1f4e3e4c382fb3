"""The SimPy model: the specification at the head of `sim.engine`, executable.

A request is a process, so that its story can be read from top to bottom. An instance is a state machine of callbacks.
What happens at one instant is ordered by `clock.ORDER`; what an event sets off (a request that gets its slot, a turn
that passes) follows at once, in the order in which it was set off, before the next event.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Generator
from typing import Any

import numpy as np
from simpy.events import Event

from sim.engine.callers import Callers
from sim.engine.clock import ORDER, Clock, Timer, redirect
from sim.engine.contract import CORE, NEVER, Capacity, Cause, Demand, Fate, Int64s, Kind, Outcome, Tries
from sim.engine.fleet import Fleet
from sim.engine.gpu import SharedGpu
from sim.engine.instance import Instance
from sim.engine.legs import Cut, Legs, in_flight
from sim.engine.line import Needs
from sim.engine.ordered import OrderedPool
from sim.engine.pool import Pool
from sim.engine.provider import Calls
from sim.engine.rules import Rules
from sim.engine.scaling import Autoscaler

_END, _CRASH, _TIMEOUT, _RETRY, _ARRIVAL = (
    ORDER[kind] for kind in (Kind.END, Kind.CRASH, Kind.TIMEOUT, Kind.RETRY, Kind.ARRIVAL)
)
_DURATION = int(Cause.DURATION)
_ABANDONED = -1
"""In place of a cause: the request has left by itself."""
_RARELY = 50_000
"""Objects that are made between two looks for circles of garbage."""

Story = Generator[Event, None, None]


def simulate(demand: Demand, capacity: Capacity) -> Outcome:
    """Run the model.

    Parameters
    ----------
    demand : Demand
        Who asks for what and when.
    capacity : Capacity
        What serves it.

    Returns
    -------
    Outcome
        What happened, until ``demand.stop``.
    """
    # It is made from `Model`, so it cannot be known before that.
    from sim.engine.visiting import Visiting

    before = gc.get_threshold()
    # Events are made and dropped by the million, few of them in circles: looking for those as often as Python does
    # takes a tenth of the time.
    gc.set_threshold(_RARELY, *before[1:])
    try:
        kind = Model if capacity.recovery is None else Visiting
        return kind(demand, capacity).run()
    finally:
        gc.set_threshold(*before)


class Model:
    """One run."""

    def __init__(self, demand: Demand, capacity: Capacity) -> None:
        n = demand.n
        self._demand = demand
        self._rules = Rules.of(demand, capacity)
        self._clock = Clock()
        self._at = demand.at.tolist()
        self._agent = demand.agent.tolist()
        self._legs = legs = Legs.of(demand, capacity)
        self._at_once = legs.cut is Cut.NOWHERE and capacity.recovery is None
        self._first, self._cpu, self._rest = legs.first.tolist(), legs.cpu.tolist(), legs.rest.tolist()
        self._prefill, self._decode = legs.prefill.tolist(), legs.decode.tolist()
        self._rest_began, self._done = [NEVER] * len(self._cpu), [NEVER] * len(self._cpu)
        self._gpu_began, self._prefilled = [NEVER] * len(self._cpu), [NEVER] * len(self._cpu)
        self._followers = _followers(demand.after)
        self._arrived, self._admitted, self._bound = [NEVER] * n, [NEVER] * n, [NEVER] * n
        self._started, self._ended = [NEVER] * n, [NEVER] * n
        self._cause, self._warmth, self._unspent = [0] * n, [0] * n, [0] * n
        self._gpu_left = [0] * n
        self._patience = demand.patience.tolist() or None
        self._callers = None if demand.callers is None else Callers(demand)
        # None of it is kept where nobody gives up.
        self._left, self._due = ([NEVER] * (n if self._callers is not None else 0) for _ in range(2))
        self._refused = capacity.refused.tolist() or None
        self._on: list[Instance | None] = [None] * n
        self._waits: list[Event | None] = [None] * n
        self._held: dict[int, deque[int]] = {}
        self._present = self._presence = self._since = 0
        self._fleet = fleet = Fleet(self._clock, self._rules, capacity)
        memory = demand.memory.tolist()
        needs = None if capacity.queueing is None else Needs(demand, capacity)
        for _ in range(capacity.pools):
            if needs is None:
                Pool(fleet, self, memory, self._admitted)
            else:
                OrderedPool(fleet, self, memory, self._admitted, needs)
        self._pool = [fleet.pools[index] for index in capacity.pool_of.tolist()]
        if capacity.scaler is not None:
            fleet.autoscaler = Autoscaler(capacity.scaler, fleet.pools[0])
        provider = capacity.provider
        self._calls = None if provider is None else Calls(self._clock, self, provider, demand)
        self._call_of = [] if provider is None else [
            (step, int(provider.call_of[step])) if step >= 0 else None for step in legs.call.tolist()]
        self._load = None if fleet.autoscaler is None or fleet.autoscaler.by_cpu else fleet.autoscaler
        fleet.begin(capacity.initial_rung)

    def run(self) -> Outcome:
        """Run to the end and give what happened."""
        self._clock.process(self._arrivals())
        self._clock.run(until=self._demand.stop)
        self._count_presence(0)
        for instance in self._fleet.instances:
            for row in instance.residents:
                self._note_unspent(row)
        return self._outcome()

    def _arrivals(self) -> Story:
        demand, clock = self._demand, self._clock
        opens = demand.after < 0
        if demand.callers is not None:
            opens &= demand.callers.retry_of < 0
        rows = np.flatnonzero(opens & (demand.at < demand.horizon))
        for row in rows[np.argsort(demand.at[rows], kind="stable")].tolist():
            yield Timer(clock, self._at[row], _ARRIVAL + row)
            clock.process(self._request(row))

    def _request(self, row: int) -> Story:
        clock, cause = self._clock, self._cause
        self._arrived[row] = clock.past_ticks = clock._now
        self._count_presence(1)
        if self._patience is not None:
            self._await(row, self._patience[row])
        if self._callers is not None:
            self._call(row, self._callers)
        if self._demand.serial and not cause[row]:
            yield from self._take_turn(row)
        instance = None
        if not cause[row]:
            self._admit(row)
            if self._started[row] < 0 or cause[row]:
                yield self._waiting(row)
            instance = self._on[row]
            if instance is not None and not cause[row]:
                if self._at_once:
                    self._waits[row] = work = self._work(row)
                    yield work
                else:
                    yield from self._serve(row, instance)
                    instance = self._on[row]
            if self._load is not None:
                self._load.add(-CORE)
        self._ended[row] = clock._now
        self._count_presence(-1)
        if instance is not None and row in instance.residents:
            instance.pool.left(instance, row)
        self._leave(row)

    def _admit(self, row: int) -> None:
        self._admitted[row] = self._clock._now
        if self._load is not None:
            self._load.add(CORE)
        if self._refused is not None and self._refused[row]:
            self.fail(row, Cause.PAYLOAD)
        else:
            self._pool[row].place(row)

    def _await(self, row: int, patience: int) -> None:
        if patience >= 0:
            Timer(self._clock, self._clock.now + patience, _TIMEOUT + row, lambda _: self._lose_patience(row))

    def _lose_patience(self, row: int) -> None:
        """Leave, if it has not begun."""
        self._clock.past_ticks = self._clock.now
        gone = self._ended[row] >= 0 or bool(self._left and self._left[row] >= 0)
        if self._started[row] >= 0 or self._cause[row] or gone:
            return
        self._forgo(row, _ABANDONED)

    def _forgo(self, row: int, cause: int) -> None:
        """Leave before it begins."""
        self._cause[row] = cause
        waits = self._waits[row]
        assert waits is not None  # it is held, or waits for an instance
        waits.succeed()
        if self._admitted[row] < 0:
            self._held[self._agent[row]].remove(row)
        else:
            self._pool[row].withdraw(row)

    # Callers

    def _call(self, row: int, callers: Callers) -> None:
        """Make an attempt, if the breaker lets it in."""
        clock = self._clock
        if not callers.lets(row, clock.now):
            self._cause[row] = int(Cause.BREAKER)
        elif callers.timeout[row] >= 0:
            Timer(clock, clock.now + callers.timeout[row], _TIMEOUT + row, lambda _: self._give_up(row, callers))

    def _give_up(self, row: int, callers: Callers) -> None:
        """Wait no longer for an attempt that is still in the system."""
        self._clock.past_ticks = self._clock.now
        if self._ended[row] >= 0:
            return
        self._left[row] = self._clock.now
        if not callers.cancels:
            self._follow_up(self._over(row, callers, Cause.TIMEOUT))
        elif self._started[row] < 0:
            self._forgo(row, Cause.TIMEOUT)
        else:
            self.fail(row, Cause.TIMEOUT)
            instance = self._on[row]
            if instance is not None:
                instance.withdraw(row)

    def _over(self, row: int, callers: Callers, cause: int) -> int:
        """Say that an attempt is over for its caller; give the first one of the request if that is over, or NEVER."""
        again = callers.again(row, cause, self._clock.now)
        if again < 0:
            return callers.first[row]
        self._due[again] = time = self._clock.now + self._at[again]
        Timer(self._clock, time, _RETRY + again, lambda _: self._arrive(again))
        return NEVER

    def _work(self, row: int) -> Event:
        """Give the end of a request that depends on no other."""
        now, length, limit = self._clock.now, self._rest[row], self._rules.duration_limit
        if 0 <= limit < length:
            self._cause[row] = _DURATION
            return Timer(self._clock, now + limit, _CRASH + row)
        return Timer(self._clock, now + length, _END + row)

    def _serve(self, row: int, instance: Instance) -> Story:
        """Work leg by leg."""
        clock, cause, waits, cpu, gpu = self._clock, self._cause, self._waits, instance.cpu, instance.gpu
        assert cpu is not None  # where no CPU is shared, all is done at once
        if self._rules.duration_limit >= 0:
            Timer(clock, clock.now + self._rules.duration_limit, _CRASH + row, lambda _: self._overrun(row, instance))
        for leg in range(self._first[row], self._first[row + 1]):
            if self._cpu[leg]:
                waits[row] = event = cpu.run(row, self._cpu[leg])
                yield event
                if cause[row]:
                    return
            if gpu is not None:
                yield from self._work_on_gpu(row, leg, gpu)
                if cause[row]:
                    return
            self._rest_began[leg] = clock.now
            if self._rest[leg]:
                waits[row] = event = Timer(clock, clock.now + self._rest[leg], _END + row)
                yield event
                if cause[row]:
                    return
            if self._calls is not None and (call := self._call_of[leg]) is not None:
                waits[row] = event = self._calls.begin(row, *call)
                yield event
                if cause[row]:
                    return
            self._done[leg] = clock.now

    def _work_on_gpu(self, row: int, leg: int, gpu: SharedGpu) -> Story:
        prefill, decode = self._prefill[leg], self._decode[leg]
        self._gpu_began[leg] = self._clock.now
        if prefill:
            self._waits[row] = event = gpu.prefill.run(row, prefill)
            yield event
            if self._cause[row]:
                return
        if prefill or decode:
            self._prefilled[leg] = self._clock.now
        if decode:
            self._waits[row] = event = gpu.decode.run(row, decode)
            yield event

    def _overrun(self, row: int, instance: Instance) -> None:
        if row in instance.residents and instance.cpu is not None:
            self.fail(row, Cause.DURATION)
            instance.withdraw(row)

    def begin(self, row: int, instance: Instance, bound: int, warmth: int) -> None:
        """Let the request go on, on its instance."""
        self._started[row] = self._clock.now
        self._bound[row] = bound
        self._warmth[row] = warmth
        self._on[row] = instance
        event = self._waits[row]
        if event is not None:
            event.succeed()

    def interrupt(self, row: int) -> None:
        """Nothing to do: without a recovery there are no offers, and nothing is taken."""

    def warn(self, row: int, ends: int) -> None:
        """Nothing to do, as with `interrupt`."""

    def fail(self, row: int, cause: Cause) -> None:
        """Let the request go on to its end."""
        self._cause[row] = int(cause)
        if self._calls is not None:
            self._calls.hang_up(row)
        self._note_unspent(row)
        event = self._waits[row]
        if event is None:
            self._waiting(row).succeed()
        else:
            redirect(event)

    def _note_unspent(self, row: int) -> None:
        """Remember how much of the CPU time or GPU time that it is in a request has not had."""
        instance = self._on[row]
        if instance is not None and instance.cpu is not None:
            self._unspent[row] = instance.cpu.left(row)
        if instance is not None and instance.gpu is not None:
            self._gpu_left[row] = instance.gpu.left(row)

    def _waiting(self, row: int) -> Event:
        event = self._waits[row]
        if event is None:
            self._waits[row] = event = Event(self._clock)
        return event

    # Turns and followers

    def _take_turn(self, row: int) -> Story:
        agent = self._agent[row]
        held = self._held.get(agent)
        if held is None:
            self._held[agent] = deque()
        else:
            held.append(row)
            yield self._waiting(row)
            self._waits[row] = None

    def _leave(self, row: int) -> None:
        over = row
        if self._callers is not None:
            # Of what becomes of an attempt that was given up, its caller takes no note.
            heeded = self._left[row] < 0 or self._callers.cancels
            over = self._over(row, self._callers, self._cause[row]) if heeded else NEVER
        if self._demand.serial and self._admitted[row] >= 0:
            agent = self._agent[row]
            held = self._held[agent]
            if held:
                self._waiting(held.popleft()).succeed()
            else:
                del self._held[agent]
        self._follow_up(over)

    def _follow_up(self, row: int) -> None:
        """Fix the arrivals of the requests that follow one that is over."""
        for follower in self._followers.get(row, ()):
            self._follow(follower)

    def _follow(self, row: int) -> None:
        time = self._clock.now + self._at[row]
        if time < self._demand.horizon:
            Timer(self._clock, time, _ARRIVAL + row, lambda _: self._arrive(row))

    def _arrive(self, row: int) -> None:
        self._clock.process(self._request(row))

    def _count_presence(self, change: int) -> None:
        now = self._clock.now
        self._presence += self._present * (now - self._since)
        self._since = now
        self._present += change

    def _outcome(self) -> Outcome:
        started, ended = np.array(self._started, np.int64), np.array(self._ended, np.int64)
        arrived, cause = np.array(self._arrived, np.int64), np.array(self._cause, np.int8)
        fate = np.select(
            [arrived < 0, ended < 0, cause > 0, cause == _ABANDONED],
            [Fate.ABSENT, Fate.UNFINISHED, Fate.FAILED, Fate.ABANDONED],
            Fate.COMPLETED,
        ).astype(np.int8)
        cause[(ended < 0) | (cause == _ABANDONED)] = Cause.NONE
        rest_began, done = np.array(self._rest_began, np.int64), np.array(self._done, np.int64)
        if self._legs.cut is Cut.NOWHERE:
            rest_began, done = started, np.where(fate == Fate.COMPLETED, ended, NEVER)
        stop = self._demand.stop
        step_ended = self._legs.step_ends(rest_began, done, fate, ended, stop)
        until = np.where(ended < 0, stop, ended)
        instances = self._fleet.instances
        turns = np.array(self._fleet.turns, np.int64).reshape(-1, 4)
        return Outcome(
            arrived=arrived,
            admitted=np.array(self._admitted, np.int64),
            bound=np.array(self._bound, np.int64),
            started=started,
            ended=ended,
            instance=np.array([NEVER if on is None else on.number for on in self._on], np.int64),
            fate=fate,
            cause=cause,
            warmth=np.array(self._warmth, np.int8),
            step_ended=step_ended,
            spent=self._legs.spent(self._demand, started, until, step_ended, np.array(self._unspent, np.int64)),
            opener=np.array([instance.opener for instance in instances], np.int64),
            pool=np.array([instance.pool.index for instance in instances], np.int64),
            turn_time=turns[:, 0],
            turn_instance=turns[:, 1],
            turn_state=turns[:, 2].astype(np.int8),
            turn_rung=turns[:, 3].astype(np.int8),
            presence=self._presence,
            left=np.array(self._left, np.int64),
            due=np.array(self._due, np.int64),
            **self._on_gpu(started, until, step_ended),
            tries=Tries() if self._calls is None else self._calls.tries(),
        )

    def _on_gpu(self, started: Int64s, until: Int64s, step_ended: Int64s) -> dict[str, Any]:
        if not len(self._demand.step_decode):
            return {}
        legs, demand = self._legs, self._demand
        prefilled = np.array(self._prefilled, np.int64)
        prefill_ended = np.full(len(step_ended), NEVER, np.int64)
        # Who leaves in the microsecond in which they began does nothing, however far their story has come by then.
        prefill_ended[legs.begin] = prefilled
        prefill_ended[demand.by_step(until == started)] = NEVER
        left = np.array(self._gpu_left, np.int64)
        began = np.array(self._gpu_began, np.int64)
        spent = legs.gpu_spent(demand, began, prefilled, in_flight(demand, started, until, step_ended), left)
        return {"prefill_ended": prefill_ended, "gpu_spent": spent}


def _followers(after: Int64s) -> dict[int, list[int]]:
    """Rows that follow each row, in order."""
    followers: dict[int, list[int]] = {}
    for row in np.flatnonzero(after >= 0).tolist():
        followers.setdefault(int(after[row]), []).append(row)
    return followers

"""Work cut into as few pieces as the order of events allows.

Steps of a request are many (a turn of a coding agent has thirty) and few of them depend on anybody else. What lies
between two moments that do is one leg: CPU time, then a time of known length.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from sim.engine.contract import CORE, NEVER, Capacity, Demand, Fate, Int8s, Int64s, none


class Cut(Enum):
    """Where work is cut.

    Attributes
    ----------
    NOWHERE : nothing disturbs a request; it is one leg, CPU time included.
    AT_CPU : how long CPU time lasts depends on the instance or on other residents, or there is GPU time, of which that
        is true: a leg begins with it; or calls are answered by a provider: a leg ends with one.
    AT_STEPS : residents may die or be interrupted together at any event, so the end of every step is one.
    """

    NOWHERE = 0
    AT_CPU = 1
    AT_STEPS = 2

    @classmethod
    def of(cls, demand: Demand, capacity: Capacity) -> Cut:
        """Say where work must be cut in a run."""
        most = capacity.base_memory + capacity.concurrency * int(demand.memory.max(initial=0))
        by_step = capacity.recovery is not None and capacity.recovery.checkpoints is None
        if by_step or (capacity.memory_kills and 0 <= capacity.memory < most):
            return cls.AT_STEPS
        if bool(demand.step_gpu.any()):
            return cls.AT_CPU
        shares = (
            capacity.cpu < capacity.concurrency * CORE
            or (demand.parallel > 0 and capacity.cpu > CORE)
            or capacity.credit is not None
            or (capacity.scaler is not None and capacity.scaler.by_cpu)
            or bool((capacity.speed != CORE).any())
        )
        if capacity.provider is not None or (shares and bool(demand.step_cpu.any())):
            return cls.AT_CPU
        return cls.NOWHERE


@dataclass(frozen=True, slots=True)
class Legs:
    """The legs of all requests.

    Attributes
    ----------
    cut : Cut
    first : int64[n + 1]
        Legs of request r are ``first[r]`` to ``first[r + 1] - 1``.
    cpu, rest : int64[legs]
        Microseconds of CPU time, shared with others; microseconds that follow it and the GPU time, shared with nobody.
    prefill, decode : int64[legs]
        Microseconds of GPU time.
    begin : int64[legs]
        The step that each leg begins with.
    of_step : int64[m]
        The leg of each step.
    offset : int64[m]
        From the beginning of the leg's rest to the end of the step.
    call : int64[legs] or int64[0]
        The step of the call that a leg ends with, after its rest, or NEVER; empty without a provider.
    """

    cut: Cut
    first: Int64s
    cpu: Int64s
    rest: Int64s
    prefill: Int64s
    decode: Int64s
    begin: Int64s
    of_step: Int64s
    offset: Int64s
    call: Int64s

    @classmethod
    def of(cls, demand: Demand, capacity: Capacity) -> Legs:
        """Cut the work of a demand as its capacity needs."""
        cut = Cut.of(demand, capacity)
        opens = np.zeros(len(demand.step_cpu), np.bool_)
        opens[demand.step_first[:-1]] = True
        if cut is Cut.AT_CPU:
            opens |= demand.step_cpu + demand.step_gpu > 0
        elif cut is Cut.AT_STEPS:
            opens[:] = True
        calls = np.zeros(len(opens), np.bool_) if capacity.provider is None else capacity.provider.call_of >= 0
        opens[1:] |= calls[:-1]
        of_step = np.cumsum(opens) - 1
        alone = np.where(calls, 0, demand.step_wait + (demand.step_cpu if cut is Cut.NOWHERE else 0))
        total = np.concatenate(([0], np.cumsum(alone)))
        begin = np.flatnonzero(opens)
        end = np.append(begin[1:], len(opens))
        return cls(
            cut=cut,
            first=np.append(of_step[demand.step_first[:-1]], len(begin)),
            cpu=np.zeros(len(begin), np.int64) if cut is Cut.NOWHERE else demand.step_cpu[begin],
            rest=total[end] - total[begin],
            prefill=demand.step_prefill[begin] if len(demand.step_prefill) else np.zeros(len(begin), np.int64),
            decode=demand.step_decode[begin] if len(demand.step_decode) else np.zeros(len(begin), np.int64),
            begin=begin,
            of_step=of_step,
            offset=total[1:] - total[begin][of_step],
            call=none() if capacity.provider is None else np.where(calls[end - 1], end - 1, NEVER),
        )

    def step_ends(self, rest_began: Int64s, done: Int64s, fate: Int8s, ended: Int64s, stop: int) -> Int64s:
        """Say when each step ended.

        Parameters
        ----------
        rest_began, done : int64[legs]
            When the rest of each leg began; when the leg was done. NEVER where it did not come to that.
        fate, ended : int8[n], int64[n]
        stop : int

        Returns
        -------
        int64[m]
            NEVER for a step that did not end.
        """
        owner = np.repeat(np.arange(len(fate)), np.diff(self.first))[self.of_step]
        time = rest_began[self.of_step] + self.offset
        # Of a leg that was broken off, the steps that were over by then: an end comes before what broke it off.
        last = np.where(fate[owner] == Fate.UNFINISHED, stop - 1, ended[owner])
        over = (done[self.of_step] >= 0) | ((self.cut is not Cut.AT_STEPS) & (time <= last))
        if len(self.call):
            called = np.flatnonzero(self.call >= 0)
            time[self.call[called]], over[self.call[called]] = done[called], done[called] >= 0
        return np.where((rest_began[self.of_step] >= 0) & over, time, NEVER)

    def spent(self, demand: Demand, began: Int64s, until: Int64s, step_ended: Int64s, unspent: Int64s) -> Int64s:
        """Say how much CPU was done on the steps that did not end.

        Parameters
        ----------
        demand : Demand
        began, until : int64[n]
            When each request began, NEVER if it did not; when it left, or the end of the run.
        step_ended : int64[m]
        unspent : int64[n]
            Where work is cut, microseconds of CPU time that each request still asked for then.

        Returns
        -------
        int64[n]
            Microseconds of the step in flight; 0 where there is none.
        """
        cut, step = in_flight(demand, began, until, step_ended)
        cpu = demand.step_cpu[step]
        if self.cut is Cut.NOWHERE:
            done = until[cut] - np.where(step > demand.step_first[cut], step_ended[step - 1], began[cut])
        else:
            done = cpu - unspent[cut]
        found = np.zeros(demand.n, np.int64)
        found[cut] = np.minimum(cpu, done)
        return found

    def gpu_spent(
        self, demand: Demand, began: Int64s, prefilled: Int64s, flight: tuple[Int64s, Int64s], left: Int64s
    ) -> Int64s:
        """Say how much GPU time was done on the steps that did not end.

        Parameters
        ----------
        demand : Demand
        began, prefilled : int64[legs]
            When the GPU time of each leg began, and when its prefill was over; NEVER where it did not come to that.
        flight : tuple of (int64[c], int64[c])
            As `in_flight` gives it.
        left : int64[n]
            Microseconds of the phase that each request still asked for.

        Returns
        -------
        int64[n]
            Microseconds of the step in flight; 0 where there is none.
        """
        cut, step = flight
        leg = self.of_step[step]
        here = (self.begin[leg] == step) & (began[leg] >= 0)
        asked = self.prefill[leg] + np.where(prefilled[leg] >= 0, self.decode[leg], 0)
        found = np.zeros(demand.n, np.int64)
        found[cut] = np.where(here, asked - left[cut], 0)
        return found


def in_flight(demand: Demand, began: Int64s, until: Int64s, step_ended: Int64s) -> tuple[Int64s, Int64s]:
    """Find the requests that left, or were still there at the end, within a step, and that step.

    Parameters
    ----------
    demand : Demand
    began, until : int64[n]
        When each request began, NEVER if it did not; when it left, or the end of the run.
    step_ended : int64[m]

    Returns
    -------
    int64[c], int64[c]
        Rows and steps.
    """
    over = demand.by_request((step_ended >= 0).astype(np.int64))
    cut = np.flatnonzero((began >= 0) & (until > began) & (over < np.diff(demand.step_first)))
    return cut, demand.step_first[cut] + over[cut]

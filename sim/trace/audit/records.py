"""The arrays of a run as the checks read them."""

from __future__ import annotations

from dataclasses import fields
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.contract import (
    CORE,
    NEVER,
    Bools,
    Capacity,
    Cause,
    Demand,
    Fate,
    Int64s,
    Outcome,
    Parting,
    Repeats,
    State,
    Status,
    Visits,
    Warmth,
)  # fmt: skip
from sim.trace.visits import visits
from sim.workload.seen import seen


class Records:
    """The arrays, and what several checks derive from them."""

    def __init__(self, demand: Demand, capacity: Capacity, outcome: Outcome) -> None:
        self.demand = demand
        self.capacity = capacity
        self.outcome = outcome
        order = np.argsort(outcome.turn_instance, kind="stable")
        self.instance = outcome.turn_instance[order]
        self.state = outcome.turn_state[order]
        self.rung = outcome.turn_rung[order].astype(np.int64)
        self.time = outcome.turn_time[order]
        self.first = np.ones(len(order), dtype=np.bool_)
        self.first[1:] = self.instance[1:] != self.instance[:-1]
        self.final = np.roll(self.first, -1)
        self.began = outcome.started >= 0
        self.left = np.where(outcome.ended >= 0, outcome.ended, demand.stop)

    def before(self, values: NDArray[Any]) -> NDArray[Any]:
        """Look up the same instance's change before; at its first, the value has no meaning."""
        return np.roll(values, 1)

    @property
    def fast(self) -> bool:
        """Whether something is done at more than nominal speed."""
        gpu = self.capacity.gpu
        faster = gpu is not None and max(gpu.prefill_speed, gpu.decode_speed) > CORE
        many = self.demand.parallel > 0 and self.capacity.cpu > CORE
        return faster or many or bool((self.capacity.speed > CORE).any())

    @property
    def alone(self) -> bool:
        """Whether every request has a core of nominal speed to itself."""
        capacity = self.capacity
        whole = self.demand.parallel == 0 and capacity.credit is None and bool((capacity.speed == CORE).all())
        return whole and capacity.cpu >= CORE * capacity.concurrency

    @cached_property
    def visits(self) -> Visits:
        """Every visit of every request."""
        return visits(self.outcome)

    @cached_property
    def visit_left(self) -> Int64s:
        """When each visit was over, or the end of the run."""
        return np.where(self.visits.ended < 0, self.demand.stop, self.visits.ended)

    @cached_property
    def freed(self) -> Bools:
        """Whether requests leave their instances for the waiting of each step."""
        frees = self.capacity.recovery is not None and self.capacity.recovery.frees and len(self.demand.frees) > 0
        return self.demand.frees if frees else np.zeros(len(self.demand.step_cpu), np.bool_)

    @cached_property
    def retry(self) -> Bools:
        """Whether each row is another attempt at a request."""
        callers = self.demand.callers
        return np.zeros(self.demand.n, np.bool_) if callers is None else np.asarray(callers.retry_of >= 0)

    @cached_property
    def over(self) -> Int64s:
        """When the request of each first attempt was over for its caller, NEVER where it was not."""
        callers = self.demand.callers
        if callers is None:
            return self.outcome.ended
        found = np.full(self.demand.n, NEVER, np.int64)
        whole = seen(self.demand, self.outcome)
        found[callers.first[whole.ended >= 0]] = whole.ended[whole.ended >= 0]
        return found

    @cached_property
    def calls(self) -> Bools:
        """Whether each step is a call that a provider answers."""
        provider = self.capacity.provider
        return np.zeros(len(self.demand.step_cpu), np.bool_) if provider is None else provider.call_of >= 0

    @cached_property
    def length(self) -> Int64s:
        """How long each state lasted, by change."""
        end = np.where(self.final, self.demand.stop, np.roll(self.time, -1))
        return end - self.time

    @cached_property
    def off(self) -> Int64s:
        """When each instance went off, or the end of the run."""
        time = np.full(len(self.outcome.opener), self.demand.stop, dtype=np.int64)
        gone = self.state == State.OFF
        time[self.instance[gone]] = self.time[gone]
        return time

    @cached_property
    def busy(self) -> Int64s:
        """Microseconds in BUSY and DRAINING, by instance."""
        found = np.zeros(len(self.outcome.opener), dtype=np.int64)
        serving = (self.state == State.BUSY) | (self.state == State.DRAINING)
        np.add.at(found, self.instance, np.where(serving, self.length, 0))
        return found

    @cached_property
    def initial(self) -> Bools:
        """Whether each instance was there at the start."""
        found = np.zeros(len(self.outcome.opener), dtype=np.bool_)
        found[self.instance[self.first]] = self.state[self.first] != State.STARTING
        return found


Finding = tuple[str | None, str]
"""What is wrong, if anything; else the figures that show that nothing is."""


def unreadable(demand: Demand, capacity: Capacity, outcome: Outcome) -> str:
    """Say what makes the arrays unreadable, or nothing."""
    n, m, i, t = demand.n, len(demand.step_cpu), len(outcome.opener), len(outcome.turn_time)
    lengths = (
        (n, ("arrived", "admitted", "bound", "started", "ended", "instance", "fate", "cause", "warmth", "spent")),
        (m, ("step_ended",)),
        (len(demand.step_decode), ("prefill_ended",)),
        (n if len(demand.step_decode) else 0, ("gpu_spent",)),
        (i, ("pool",)),
        (t, ("turn_instance", "turn_state", "turn_rung")),
        (0 if demand.callers is None else n, ("left", "due")),
    )
    wrong = [name for length, names in lengths for name in names if getattr(outcome, name).shape != (length,)]
    tries = {one.name: getattr(outcome.tries, one.name) for one in fields(outcome.tries)}
    wrong += [f"tries.{name}" for name, values in tries.items() if values.shape != tries["step"].shape]
    if outcome.offer.shape != (i if capacity.market is not None else 0,):
        wrong.append("offer")
    wrong += _ragged("visits", outcome.visits) + _ragged("repeats", outcome.repeats)
    if wrong:
        return f"wrong length: {', '.join(wrong)}"
    ranges: tuple[tuple[str, int, int], ...] = (
        ("fate", 0, len(Fate)),
        ("cause", 0, len(Cause)),
        ("warmth", 0, len(Warmth)),
        ("instance", NEVER, i),
        ("opener", NEVER, n),
        ("pool", 0, capacity.pools),
        ("turn_instance", 0, i),
        ("turn_state", 0, len(State)),
        ("turn_rung", NEVER, len(capacity.rung_after)),
        *((name, NEVER, demand.stop) for name in ("arrived", "admitted", "bound", "started", "ended", "step_ended",
                                              "prefill_ended")),
        ("turn_time", 0, demand.stop),
        ("left", NEVER, demand.stop),
        ("due", NEVER, np.iinfo(np.int64).max),
    )
    ways = 0 if capacity.provider is None else len(capacity.provider.upstream)
    tried: tuple[tuple[str, int, int], ...] = (
        ("step", 0, m if ways else 0),
        ("number", 0, np.iinfo(np.int64).max),
        ("way", 0, ways),
        ("status", 0, len(Status)),
        *((name, NEVER, demand.stop) for name in ("asked", "served", "ended")),
    )
    told = [(name, getattr(outcome, name), least, limit) for name, least, limit in ranges]
    tables = _tables(demand, capacity, outcome)
    told += [(name, attrgetter(name)(outcome), least, limit) for name, least, limit in tables]
    told += [(f"tries.{name}", tries[name], least, limit) for name, least, limit in tried]
    for name, values, least, limit in told:
        outside = np.flatnonzero((values < least) | (values >= limit))
        if len(outside):
            return f"{name}[{outside[0]}] is {values[outside[0]]}, outside [{least}, {limit})"
    return ""


def _tables(demand: Demand, capacity: Capacity, outcome: Outcome) -> tuple[tuple[str, int, int], ...]:
    """Say between what the columns of visits, of repeats and of offers are."""
    return (
        ("offer", 0, 0 if capacity.market is None else len(capacity.market.offers)),
        ("visits.request", 0, demand.n),
        ("visits.instance", 0, len(outcome.opener)),
        ("visits.warmth", 0, len(Warmth)),
        ("visits.parting", 0, len(Parting)),
        *((f"visits.{name}", 0, demand.stop) for name in ("admitted", "bound", "started")),
        ("visits.ended", NEVER, demand.stop),
        ("repeats.step", 0, len(demand.step_cpu)),
        *((f"repeats.{name}", 0, demand.stop) for name in ("began", "left")),
    )


def _ragged(name: str, table: Visits | Repeats) -> list[str]:
    """Name a table whose columns are not equally long, or whose rows are not in order."""
    columns = [getattr(table, field.name) for field in fields(table)]
    if any(column.shape != columns[0].shape for column in columns) or bool((np.diff(columns[0]) < 0).any()):
        return [name]
    return []


def first_fault(thing: str, *faults: tuple[str, Bools], where: Int64s | None = None) -> str | None:
    """Name the first of some faults that there is, with the first thing that has it."""
    for sentence, mask in faults:
        rows = np.flatnonzero(mask)
        if len(rows):
            row = rows[0] if where is None else where[rows[0]]
            others = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
            return f"{thing} {row} {sentence}{others}"
    return None


def padded(values: NDArray[Any], missing: int) -> NDArray[Any]:
    """Append a value, so that the index NEVER finds it."""
    return np.concatenate((values, np.array([missing], dtype=values.dtype)))


def at_once(
    group: Int64s, begin: Int64s, end: Int64s, groups: int, weight: Int64s | None = None
) -> tuple[Int64s, Int64s]:
    """Of intervals in groups: the most that overlap in each group, and for how long one does at least.

    An interval that ends in the microsecond in which another begins does not overlap it. Each counts 1, or its weight.
    """
    groups_twice = np.concatenate((group, group))
    counts = np.ones(len(group), dtype=np.int64) if weight is None else weight
    change = np.concatenate((counts, -counts))
    time = np.concatenate((begin, end))
    order = np.lexsort((change, time, groups_twice))
    of, count = groups_twice[order], np.cumsum(change[order])
    most, covered = np.zeros(groups, dtype=np.int64), np.zeros(groups, dtype=np.int64)
    np.maximum.at(most, of, count)
    inside = count[:-1] > 0
    np.add.at(covered, of[:-1][inside], np.diff(time[order])[inside])
    return most, covered


def duration(microseconds: int) -> str:
    """Say a time in seconds."""
    return f"{microseconds / 1e6:,.6g} s"

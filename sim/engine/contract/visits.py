"""What there is to say of a request that was on more than one instance, and of steps that were done more than once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.engine.contract.words import Bools, Int8s, Int64s, nobody, none


def _none() -> Int8s:
    return np.zeros(0, np.int8)


@dataclass(frozen=True, slots=True)
class Visits:
    """Every visit of every request, in order of request, then as they happened; v in all.

    Kept with `Recovery` only: elsewhere a request has one visit at most, which the rows of requests tell, and the table
    is empty. `sim.trace.visits.visits` gives the table in either case. The rows of requests speak of first visits.

    Attributes
    ----------
    request : int64[v]
        Row of the request.
    admitted, bound, started, ended : int64[v]
        Microseconds. When it was admitted for this visit, was given the instance (as `Outcome.bound`) and began on it;
        when the visit was over, NEVER for one that was not when the run stopped.
    instance : int64[v]
        Number of the instance.
    warmth : int8[v]
        `Warmth`.
    parting : int8[v]
        `Parting`: why it was over.
    overhead : int64[v]
        Microseconds of it that were no work on steps: with checkpoints, restoring and writing; otherwise CPU time (on a
        core of nominal speed, rounded down) of the replay.
    """

    request: Int64s = field(default_factory=none)
    admitted: Int64s = field(default_factory=none)
    bound: Int64s = field(default_factory=none)
    started: Int64s = field(default_factory=none)
    ended: Int64s = field(default_factory=none)
    instance: Int64s = field(default_factory=none)
    warmth: Int8s = field(default_factory=_none)
    parting: Int8s = field(default_factory=_none)
    overhead: Int64s = field(default_factory=none)


@dataclass(frozen=True, slots=True)
class Repeats:
    """Executions of steps, or of parts of steps, that were not the last: in order of step, then of time; e in all.

    A step is listed when a visit was over by interruption in which something was done on it (a microsecond at least)
    that was not the end of the step for good. The last execution is that of `Outcome.step_ended` and ``spent``.

    Attributes
    ----------
    step : int64[e]
    began, left : int64[e]
        Microseconds. ``left`` is when the step ended, or when the visit was over.
    over : bool[e]
        Whether the step ended.
    cpu, wait : int64[e]
        Microseconds of CPU time (on a core of nominal speed, rounded down) and of waiting that were done.
    kept : int64[e]
        Microseconds of both that a checkpoint has kept; the others are lost.
    """

    step: Int64s = field(default_factory=none)
    began: Int64s = field(default_factory=none)
    left: Int64s = field(default_factory=none)
    over: Bools = field(default_factory=nobody)
    cpu: Int64s = field(default_factory=none)
    wait: Int64s = field(default_factory=none)
    kept: Int64s = field(default_factory=none)

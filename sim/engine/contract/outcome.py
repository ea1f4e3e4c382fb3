"""The arrays that say what happened."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.engine.contract.provider import Tries
from sim.engine.contract.visits import Repeats, Visits
from sim.engine.contract.words import Int8s, Int64s, none


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened.

    Attributes
    ----------
    arrived, admitted, bound, started, ended : int64[n]
        Microseconds, NEVER where it did not come to that. ``bound`` is when a request that began was given its
        instance: if it was bound to it, then; if it came from the queue as its instance became ready, when that opening
        or wake was asked for or when the request was admitted, whichever was later; otherwise ``started``.
    instance : int64[n]
        Number of the instance the request began on, or NEVER.
    fate, cause, warmth : int8[n]
        `Fate`, `Cause`, `Warmth`, 0 where there is none. A request is COLD or WOKEN when it began as its instance
        became ready.
    step_ended : int64[m]
        Microseconds, NEVER for a step that did not end.
    spent : int64[n]
        Microseconds of CPU, on a core of nominal speed, that were done on the step that was in flight when the request
        left its instance or the run stopped; 0 where none was.
    opener : int64[i]
        The request an instance was opened for, NEVER for the initial ones.
    pool : int64[i]
        The instance's pool.
    turn_time, turn_instance : int64[t]; turn_state, turn_rung : int8[t]
        Every change of an instance's state, as they happened, and first of all the first state of the initial ones. A
        state that is left in the microsecond in which it was entered is listed all the same. The rung is that of
        ENTERING, RESTING and WAKING, else NEVER.
    presence : int
        Integral over time of the number of requests in the system, until ``stop``, kept apart from the rows.
    left, due : int64[n] or int64[0]
        Microseconds: when its caller gave up on an attempt; when a retry is to arrive. NEVER where it did not come to
        that; empty without `Demand.callers`.
    prefill_ended : int64[m] or int64[0]
        Microseconds at which decode began, NEVER for a step without GPU time, that did not come to that, or whose
        request left in the microsecond in which it began; empty where no step has GPU time.
    gpu_spent : int64[n] or int64[0]
        As ``spent``, of GPU time.
    offer : int64[i] or int64[0]
        The offer that an instance is from; empty without a market.
    visits : Visits
    repeats : Repeats
    tries : Tries
        Of calls of language models, where there is a provider.
    """

    arrived: Int64s
    admitted: Int64s
    bound: Int64s
    started: Int64s
    ended: Int64s
    instance: Int64s
    fate: Int8s
    cause: Int8s
    warmth: Int8s
    step_ended: Int64s
    spent: Int64s
    opener: Int64s
    pool: Int64s
    turn_time: Int64s
    turn_instance: Int64s
    turn_state: Int8s
    turn_rung: Int8s
    presence: int
    left: Int64s = field(default_factory=none)
    due: Int64s = field(default_factory=none)
    prefill_ended: Int64s = field(default_factory=none)
    gpu_spent: Int64s = field(default_factory=none)
    offer: Int64s = field(default_factory=none)
    visits: Visits = field(default_factory=Visits)
    repeats: Repeats = field(default_factory=Repeats)
    tries: Tries = field(default_factory=Tries)

"""Changes of state to spans: how long each instance was in which state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import Int8s, Int64s, Outcome, State


@dataclass(frozen=True, slots=True)
class Spans:
    """Time that instances spent in a state, sorted by instance, then by time.

    Attributes
    ----------
    instance : int64[s]
        Number of the instance; its pool is ``Outcome.pool[instance]``.
    state, rung : int8[s]
        `State` (never OFF); the rung in ENTERING, RESTING and WAKING, else NEVER.
    begin, end : int64[s]
        Microseconds; ``begin < end``. The spans of an instance follow each other without a gap.
    dropped : int
        Number of states left in the microsecond in which they were entered: they are not listed.
    """

    instance: Int64s
    state: Int8s
    rung: Int8s
    begin: Int64s
    end: Int64s
    dropped: int


def spans(outcome: Outcome, stop: int) -> Spans:
    """Turn the changes of state of an outcome into spans.

    Parameters
    ----------
    outcome : Outcome
    stop : int
        ``Demand.stop`` in microseconds: a state that is never left ends then.

    Returns
    -------
    Spans
    """
    # The changes are in order of time already, so a stable sort by instance is all that is needed.
    order = np.argsort(outcome.turn_instance, kind="stable")
    instance = outcome.turn_instance[order]
    state = outcome.turn_state[order]
    begin = outcome.turn_time[order]
    end = np.full(len(begin), stop, dtype=np.int64)
    followed = instance[1:] == instance[:-1]
    end[:-1][followed] = begin[1:][followed]
    there = state != State.OFF
    lasting = there & (end > begin)
    return Spans(
        instance=instance[lasting],
        state=state[lasting],
        rung=outcome.turn_rung[order][lasting],
        begin=begin[lasting],
        end=end[lasting],
        dropped=int(np.count_nonzero(there) - np.count_nonzero(lasting)),
    )

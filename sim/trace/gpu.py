"""Time on GPUs: how long requests were in each phase, and when their first token came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import NEVER, Bools, Demand, Int64s, Outcome
from sim.trace.steps import began


@dataclass(frozen=True, slots=True)
class Phases:
    """How long each step was in a phase, in microseconds. All int64[m], NEVER where it did not come to its end.

    Attributes
    ----------
    prefill : ndarray
        From the beginning of the step, CPU time included, to the end of its prefill.
    decode : ndarray
        From then to the end of the step, less its waiting.
    """

    prefill: Int64s
    decode: Int64s


def phases(demand: Demand, outcome: Outcome) -> Phases:
    """Say how long steps were in prefill and in decode; 0 for a step that ended and has no GPU time."""
    done = outcome.step_ended >= 0
    if not len(demand.step_decode):
        none = np.where(done, 0, np.int64(NEVER))
        return Phases(none, none)
    begin, _ = began(demand, outcome)
    over, plain = outcome.prefill_ended >= 0, demand.step_gpu == 0
    prefill = np.where(over, outcome.prefill_ended - begin, NEVER)
    decode = np.where(over & done, outcome.step_ended - outcome.prefill_ended - demand.step_wait, NEVER)
    nothing = plain & done
    return Phases(np.where(nothing, 0, prefill), np.where(nothing, 0, decode))


def on_gpu(demand: Demand) -> Bools:
    """Say which requests have GPU time."""
    return demand.by_request(demand.step_gpu) > 0


def first_token(demand: Demand, outcome: Outcome) -> Int64s:
    """Say when the first prefill of each request was over, which gives its first token; NEVER where none was."""
    found = np.full(demand.n, NEVER, np.int64)
    steps = np.flatnonzero(outcome.prefill_ended >= 0)[::-1]
    found[demand.by_step(np.arange(demand.n, dtype=np.int64))[steps]] = outcome.prefill_ended[steps]
    return found

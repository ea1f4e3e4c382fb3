"""Steps of requests: when each began, and which tokens of its call are billed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import Bools, Cause, Demand, Int64s, Outcome


def began(demand: Demand, outcome: Outcome) -> tuple[Int64s, Bools]:
    """Say when each step began: when the one before it ended, or, of the first, when its request began.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Of the same run.

    Returns
    -------
    int64[m], bool[m]
        Microseconds, of no meaning for a step that did not begin; whether it did.
    """
    begin = np.empty(len(outcome.step_ended), dtype=np.int64)
    begin[1:] = outcome.step_ended[:-1]
    begin[demand.step_first[:-1]] = outcome.started
    # A request that is refused for want of memory begins none of its steps.
    refused = (outcome.cause == Cause.MEMORY) & (outcome.started == outcome.ended)
    return begin, (begin >= 0) & ~demand.by_step(refused)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that a provider of language models bills, by step; 0 of a step that calls none. All int64[m].

    Attributes
    ----------
    prompt, cached, generated : ndarray
        Prompt tokens; how many of them were cached; generated tokens.
    """

    prompt: Int64s
    cached: Int64s
    generated: Int64s


def tokens(demand: Demand, outcome: Outcome) -> Tokens:
    """Count the tokens that are billed.

    A provider bills the prompt of every call that began, and what it generated until the connection was closed. So a
    call that ended counts in full. Of one that was cut off, because its request failed (for its duration, or as its
    instance was killed) or the run stopped, the prompt counts in full and the output in proportion to the part of the
    call that was over, rounded down: output comes evenly over the time of a call, of which the time to its first token
    is not kept apart.

    A step's CPU time comes first and its call is what follows, the waiting. Whether the CPU time of a step that did not
    end was over is known; when, is not recorded where CPU was short or fast. It is taken to have been as long as on a
    full core of nominal speed. That is exact where a call has no CPU time, as all have that are written in a scenario;
    of a recording with CPU time in its calls, a call that was cut off after short CPU is taken for older than it was.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Of the same run.

    Returns
    -------
    Tokens
    """
    begin, begun = began(demand, outcome)
    over = outcome.step_ended >= 0
    left = demand.by_step(np.where(outcome.ended >= 0, outcome.ended, demand.stop))
    elapsed = np.maximum(left - begin - demand.step_cpu, 0)
    wait = demand.step_wait
    cut = begun & ~over & (wait > 0) & (demand.by_step(outcome.spent) >= demand.step_cpu)
    generated = np.where(over, demand.step_tokens_out, 0)
    # The product is beyond 64 bits for long calls, and there is one such call at most in a request.
    generated[cut] = [out * min(time, whole) // whole for out, time, whole in zip(
        demand.step_tokens_out[cut].tolist(), elapsed[cut].tolist(), wait[cut].tolist(), strict=True)]
    called = over | cut
    if len(demand.step_decode):
        # On an own GPU, what was generated is in proportion to the decode that was done.
        rows = np.flatnonzero(outcome.gpu_spent > 0)
        own = begun & ~over & (outcome.prefill_ended >= 0) & (demand.step_decode > 0)
        own &= demand.by_step(np.isin(np.arange(demand.n), rows))
        done = demand.by_step(outcome.gpu_spent)[own] - demand.step_prefill[own]
        generated[own] = demand.step_tokens_out[own] * done // demand.step_decode[own]
        called = called | own
    return Tokens(
        prompt=np.where(called, demand.step_tokens_in, 0),
        cached=np.where(called, demand.step_tokens_cached, 0),
        generated=generated,
    )

"""Steps of requests: when each began, and which tokens of its call are billed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import Bools, Cause, Demand, Int64s, Outcome, Provider
from sim.exact import sums
from sim.trace.calls import Calls, calls
from sim.trace.visits import in_flight


def began(demand: Demand, outcome: Outcome) -> tuple[Int64s, Bools]:
    """Say when each step began: when the one before it ended, or, of the first, when its request began.

    Of one that was done more than once, or that a later visit began with, it is when the visit did in which it ended,
    or in which it was when the request left.

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
    begun = (begin >= 0) & ~demand.by_step(refused)
    if len(outcome.visits.request):
        begun &= (outcome.step_ended >= 0) | demand.by_step(in_flight(demand, outcome))
        _put_off(demand, outcome, begin)
    return begin, begun


def _put_off(demand: Demand, outcome: Outcome, begin: Int64s) -> None:
    """Let steps that later visits of a request were for begin when these did."""
    seen = outcome.visits
    later = np.flatnonzero(seen.request[1:] == seen.request[:-1]) + 1
    for request, started in zip(seen.request[later].tolist(), seen.started[later].tolist(), strict=True):
        steps = slice(int(demand.step_first[request]), int(demand.step_first[request + 1]))
        ended, begins = outcome.step_ended[steps], begin[steps]
        here = (begins >= 0) & ((ended < 0) | (ended > started))
        begins[here] = np.maximum(begins[here], started)


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


def tokens(demand: Demand, outcome: Outcome, provider: Provider | None = None) -> Tokens:
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
    provider : Provider or None
        That it ran with: then the tokens of a call are those of all its tries.

    Returns
    -------
    Tokens
    """
    if provider is not None:
        found = calls(demand, outcome, provider)
        tried, count = of_tries(demand, found), len(demand.step_wait)
        return Tokens(*(np.asarray(sums(found.step, values, count), np.int64)
                        for values in (tried.prompt, tried.cached, tried.generated)))
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


def repeated(demand: Demand, outcome: Outcome) -> Tokens:
    """Count the tokens that are billed of executions that were not the last, as `tokens` does.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Of the same run.

    Returns
    -------
    Tokens
        By execution, int64[e]. Of a call of which a checkpoint has kept something, none: it goes on.
    """
    again = outcome.repeats
    wait, out = demand.step_wait[again.step], demand.step_tokens_out[again.step]
    called = (wait > 0) & (again.cpu >= demand.step_cpu[again.step]) & (again.kept == 0)
    made = [tokens * done // whole if whole else 0 for tokens, done, whole in zip(
        out.tolist(), again.wait.tolist(), wait.tolist(), strict=True)]
    return Tokens(
        prompt=np.where(called, demand.step_tokens_in[again.step], 0),
        cached=np.where(called, demand.step_tokens_cached[again.step], 0),
        generated=np.where(called, np.array(made, np.int64), 0),
    )


def with_repeats(demand: Demand, outcome: Outcome, provider: Provider | None = None) -> Tokens:
    """Count all tokens that are billed, those of executions that were not the last with their step; int64[m]."""
    last, again = tokens(demand, outcome, provider), repeated(demand, outcome)
    for whole, more in ((last.prompt, again.prompt), (last.cached, again.cached), (last.generated, again.generated)):
        np.add.at(whole, outcome.repeats.step, more)
    return last


def of_tries(demand: Demand, found: Calls) -> Tokens:
    """Count the tokens that a provider bills, by try instead of by step.

    A try that was refused, or that failed for an error, is not billed. One that came into service is billed its prompt,
    and what was generated while it was served: all of it when it succeeded, or when the provider finished it.

    Parameters
    ----------
    demand : Demand
    found : Calls
        All tries of a run.

    Returns
    -------
    Tokens
        All int64[t].
    """
    served, out = found.served >= 0, demand.step_tokens_out[found.step]
    part = np.where(served, np.clip(found.until - found.served, 0, found.length), 0)
    generated = np.where(served & (part == found.length), out, 0)
    cut = np.flatnonzero(served & (part < found.length))
    generated[cut] = [count * over // whole for count, over, whole in zip(
        out[cut].tolist(), part[cut].tolist(), found.length[cut].tolist(), strict=True)]
    return Tokens(
        prompt=np.where(served, demand.step_tokens_in[found.step], 0),
        cached=np.where(served, demand.step_tokens_cached[found.step], 0),
        generated=generated,
    )

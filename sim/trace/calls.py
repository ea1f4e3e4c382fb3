"""Tries of calls of language models: all of them, those too that need not be told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import NEVER, Bools, Demand, Int8s, Int64s, Outcome, Provider, Status


@dataclass(frozen=True, slots=True)
class Calls:
    """Every try of every call, by step and then by number.

    Attributes
    ----------
    step, number : int64[t]
        The step, and the number of the try in its call, from 0.
    asked, served, ended : int64[t]
        See `sim.engine.contract.Tries`.
    status : int8[t]
        `Status`.
    upstream : int64[t]
    length : int64[t]
        Microseconds that its service takes.
    until : int64[t]
        When its service was over, or the run; NEVER where there was none.
    """

    step: Int64s
    number: Int64s
    asked: Int64s
    served: Int64s
    ended: Int64s
    status: Int8s
    upstream: Int64s
    length: Int64s
    until: Int64s

    @property
    def failed(self) -> Bools:
        """Whether each try failed."""
        return np.isin(self.status, [Status.LIMITED, Status.ERROR, Status.TIMED_OUT, Status.OPEN])

    @property
    def last(self) -> Bools:
        """Whether each try is the last of its call."""
        found = np.ones(len(self.step), np.bool_)
        found[:-1] = self.step[1:] != self.step[:-1]
        return found


def calls(demand: Demand, outcome: Outcome, provider: Provider) -> Calls:
    """List the tries of a run.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
    provider : Provider
        That it ran with.

    Returns
    -------
    Calls
    """
    told = outcome.tries
    plain = (provider.call_of >= 0) & (outcome.step_ended >= 0)
    plain[told.step] = False
    others = np.flatnonzero(plain)
    step = np.concatenate((told.step, others))
    order = np.argsort(step, kind="stable")
    none = np.zeros(len(others), np.int64)
    call = provider.call_of[step]
    way, number = np.concatenate((told.way, none)), np.concatenate((told.number, none))
    length = provider.length[way, call, np.minimum(number, provider.length.shape[2] - 1)]
    ended = np.concatenate((told.ended, outcome.step_ended[others]))
    served = np.concatenate((told.served, outcome.step_ended[others] - provider.length[0, provider.call_of[others], 0]))
    asked = np.concatenate((told.asked, served[len(told.step):]))
    status = np.concatenate((told.status, np.full(len(others), Status.DONE, np.int8)))
    left = np.where(ended < 0, demand.stop, ended)
    until = np.minimum(demand.stop, served + length) if provider.finishes else np.minimum(left, served + length)
    return Calls(
        step=step[order],
        number=number[order],
        asked=asked[order],
        served=served[order],
        ended=ended[order],
        status=status[order],
        upstream=provider.upstream[way, call][order],
        length=length[order],
        until=np.where(served < 0, NEVER, until)[order],
    )


def called(demand: Demand, outcome: Outcome, provider: Provider | None) -> Int64s:
    """Count the tries of each step.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
    provider : Provider or None
        Without one, a call that began is one try.

    Returns
    -------
    int64[m]
        0 of a step that calls no language model.
    """
    if provider is None:
        return np.where(demand.step_model >= 0, 1, 0)
    return np.bincount(calls(demand, outcome, provider).step, minlength=len(demand.step_model)).astype(np.int64)

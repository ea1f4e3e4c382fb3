"""From what a scenario says of a provider of language models to the arrays a model reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from sim import catalog, luck
from sim.engine.contract import CORE, NEVER, Breaker, Budget, Demand, Int64s, Layer, Provider, Status
from sim.luck import Stream
from sim.scenario.provider import Client, LlmProvider, ModelLimits
from sim.units import SECOND

_STATUS = {"limited": Status.LIMITED, "error": Status.ERROR, "timeout": Status.TIMED_OUT, "breaker": Status.OPEN}
_JITTER = {"none": 0, "equal": CORE // 2, "full": CORE, "decorrelated": 0}
_TRIES, _ATTEMPTS = 2**9, 2**6
"""Tries of one call and attempts at one request, at most: parts of an ordinal below the place of the call."""


@dataclass(frozen=True, slots=True)
class Luck:
    """Where the luck of calls is addressed.

    Attributes
    ----------
    seed, replication : int
    whom : int64[n]
        Entity of each request.
    """

    seed: int
    replication: int
    whom: Int64s


def lower_provider(said: LlmProvider, demand: Demand, models: Sequence[str], where: Luck) -> Provider:
    """Lower what is said of a provider, for the calls of a demand.

    Parameters
    ----------
    said : LlmProvider
    demand : Demand
    models : sequence of str
        Names that ``Demand.step_model`` counts in, and after them those that only the provider sends calls to.
    where : Luck

    Returns
    -------
    Provider
        Each model is an upstream, of the same number.
    """
    steps = np.flatnonzero(demand.step_model >= 0)
    call_of = np.full(len(demand.step_model), NEVER, np.int64)
    call_of[steps] = np.arange(len(steps))
    owner = np.repeat(np.arange(demand.n), np.diff(demand.step_first))[steps]
    rows = np.arange(demand.n, dtype=np.int64)
    attempt = rows - (rows if demand.callers is None else demand.callers.first)
    calls = _Calls(demand, steps, where, where.whom[owner], steps - demand.step_first[:-1][owner], attempt[owner])
    layers = tuple(_layer(client) for client in (said.sdk, said.orchestrator) if client is not None)
    tries = prod(layer.attempts for layer in layers)
    upstream, length = demand.step_model[steps], demand.step_wait[steps]
    if said.route is not None:
        away = calls.uniform(Stream.ROUTE) < float(said.route.share)
        other = models.index(said.route.model)
        length = np.where(away & (upstream != other), calls.elsewhere(said.route.model), length)
        upstream = np.where(away, other, upstream)
    ways, lengths = [upstream], [length]
    if said.fall_back is not None:
        ways.append(np.full(len(steps), models.index(said.fall_back.model), np.int64))
        lengths.append(calls.elsewhere(said.fall_back.model))
    limits = [(said.models or {}).get(name, ModelLimits.model_validate({})) for name in models]
    faulty = any(one.errors or one.outages for one in limits)
    chancy = any(layer.jitter or layer.decorrelated for layer in layers)
    return Provider(
        call_of=call_of,
        upstream=np.array(ways, np.int64),
        model=np.arange(len(models), dtype=np.int64),
        length=np.array(lengths, np.int64)[:, :, None],
        cost=np.array([demand.step_tokens_in[steps] - demand.step_tokens_cached[steps], demand.step_tokens_out[steps]]),
        layers=layers,
        timeout=NEVER if said.timeout is None else said.timeout,
        finishes=said.finishes,
        counts_refused=said.counts_refused,
        answer=said.answer,
        hint=SECOND if said.says_when else NEVER,
        fall_back=NEVER if said.fall_back is None else said.fall_back.after,
        luck=calls.by_try(Stream.CALL_ERROR, tries if faulty else 0),
        jitter=calls.by_try(Stream.CALL_BACKOFF, tries if chancy else 0),
        budget=None if said.budget is None else Budget(
            said.budget.tokens * CORE, round(said.budget.per_success * CORE), said.budget.scope == "agent"),
        breaker=None if said.breaker is None else Breaker(
            said.breaker.calls, max(1, round(said.breaker.share * CORE)), said.breaker.open_for,
            said.breaker.scope == "agent"),
        **_upstreams(limits),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Calls:
    """Draws what is drawn for each call."""

    demand: Demand
    steps: Int64s
    where: Luck
    whom: Int64s
    place: Int64s
    attempt: Int64s

    def uniform(self, stream: Stream) -> luck.Floats:
        return luck.uniform(self.where.seed, self.where.replication, stream, self.whom, self.place)

    def by_try(self, stream: Stream, tries: int) -> Int64s:
        """Draw whole millionths for each try; nothing where there are none."""
        if not tries:
            return np.zeros((0, 0), np.int64)
        ordinal = ((self.place * _ATTEMPTS + self.attempt) * _TRIES)[:, None] + np.arange(tries)
        return luck.integers_below(CORE, self.where.seed, self.where.replication, stream, self.whom[:, None], ordinal)

    def elsewhere(self, model: str) -> Int64s:
        """Say how long each call takes at another model, by its profile."""
        profile = catalog.llm(model)
        first = profile.first_token.value.integers(self.uniform(Stream.OTHER_FIRST))
        speed = profile.tokens_per_second.value.quantile(self.uniform(Stream.OTHER_SPEED))
        further = np.maximum(self.demand.step_tokens_out[self.steps] - 1, 0)
        return np.asarray(first + np.rint(further * float(SECOND) / speed).astype(np.int64), np.int64)


def _layer(client: Client) -> Layer:
    """Lower a client: its delays, before chance has its part."""
    backoff = client.backoff
    statuses = tuple(_STATUS[one] for one in client.retry_on or _STATUS)
    obeys = client.retry_after or 0
    if backoff is None:
        return Layer(client.attempts, statuses, (0,) * (client.attempts - 1), obeys=obeys)
    cap = max(backoff.base, backoff.cap or 2**53)
    if backoff.jitter == "decorrelated":
        return Layer(client.attempts, statuses, (backoff.base, cap), decorrelated=True,
                     reach=round(backoff.factor * CORE), obeys=obeys)
    delays = tuple(int(min(cap, round(backoff.base * backoff.factor**k))) for k in range(client.attempts - 1))
    return Layer(client.attempts, statuses, delays, _JITTER[backoff.jitter], obeys=obeys)


def _upstreams(limits: Sequence[ModelLimits]) -> dict[str, Any]:
    """Lower the limits and faults of each model."""
    rates = [[one.requests, one.input, one.output] for one in limits]
    minute = np.array([[NEVER if rate is None else max(1, round(rate * 60)) for rate in one] for one in rates],
                      np.int64)
    held = [[NEVER if rate is None else max(1, round(rate * one.burst / SECOND)) for rate in of_one]
            for one, of_one in zip(limits, rates, strict=True)]  # fmt: skip
    outages = [(number, outage) for number, one in enumerate(limits) for outage in one.outages]
    return {
        "rate": minute.T.reshape(3, len(limits)),
        "burst": np.array(held, np.int64).T.reshape(3, len(limits)),
        "slots": np.array([NEVER if one.at_once is None else one.at_once for one in limits], np.int64),
        "room": np.array([one.queue if isinstance(one.queue, int) else NEVER for one in limits], np.int64),
        "errors": np.array([round(one.errors * CORE) for one in limits], np.int64),
        "down_of": np.array([number for number, _ in outages], np.int64),
        "down_from": np.array([one.after for _, one in outages], np.int64),
        "down_until": np.array([one.after + one.lasts for _, one in outages], np.int64),
        "down_rate": np.array([round(one.errors * CORE) for _, one in outages], np.int64),
    }

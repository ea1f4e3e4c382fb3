"""What happened in a run, to quantities of a month by charge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from sim.billing import records
from sim.billing.exact import Objects, sums
from sim.billing.month import Month, Tiling, tile
from sim.billing.rating import Unpriced, Usage, Used
from sim.billing.records import Records, Requests
from sim.catalog.prices import TOKENS, Basis, Charge, Group, Measure, PriceList, Scope
from sim.catalog.profiles import Meters, Profile
from sim.engine.contract import Bools, Int64s, State
from sim.trace.spans import Spans
from sim.units import DAY, GIB, HOUR


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class Billed(Protocol):
    """A deployment, as far as a bill needs it. `sim.scenario.bind.BoundDeployment` is one."""

    @property
    def profile(self) -> Profile:
        """How its platform behaves, and which meters run."""

    @property
    def size(self) -> str | None:
        """The named size, where it has one."""

    @property
    def vcpu(self) -> Fraction:
        """Virtual cores of an instance."""

    @property
    def memory(self) -> int:
        """Bytes of an instance."""

    @property
    def minimum(self) -> int:
        """Instances that a pool keeps."""

    @property
    def ladder(self) -> Sequence[_Named]:
        """The rungs, from the shallowest."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What a bill needs to know of the steps of requests.

    Attributes
    ----------
    ended : int64[m]
        Microseconds; negative for a step that did not end: it is not billed.
    cpu : int64[m]
        Microseconds of CPU on one core.
    tokens_in, tokens_cached, tokens_out : int64[m]
        Prompt tokens, how many of them were cached, generated tokens; 0 except of an ``llm`` step.
    model : int64[m]
        Number of the model, or NEVER.
    """

    ended: Int64s
    cpu: Int64s
    tokens_in: Int64s
    tokens_cached: Int64s
    tokens_out: Int64s
    model: Int64s


@dataclass(frozen=True, slots=True)
class Observed:
    """What a run left that costs something.

    Attributes
    ----------
    horizon : int
        Microseconds, whole days from a Monday on. Nothing from then on is billed.
    spans : Spans
    pool : int64[i]
        The pool of each instance.
    requests : Requests
    steps : Steps
    """

    horizon: int
    spans: Spans
    pool: Int64s
    requests: Requests
    steps: Steps


def meter(seen: Observed, deployment: Billed, prices: PriceList, month: Month) -> Usage:
    """Count what a deployment used of its platform.

    Parameters
    ----------
    seen : Observed
    deployment : Billed
    prices : PriceList
        Of the deployment's platform and variant.
    month : Month

    Returns
    -------
    Usage

    Raises
    ------
    AdvisedError
        The horizon is not whole days.
    """
    meters = deployment.profile.meters
    counter = _Counter(seen, deployment, tile(month, seen.horizon))
    used = {}
    for charge in prices.of_size(deployment.size):
        if charge.meter in meters.names:
            used[charge.id] = counter.of(charge)
    names = prices.unpriced(sorted(meters.names), deployment.size)
    return Usage(used, tuple(counter.unpriced(name) for name in names))


def meter_tokens(seen: Observed, models: Sequence[str], prices: PriceList, month: Month) -> Usage:
    """Count the tokens of the steps that ended, by model.

    Parameters
    ----------
    seen : Observed
    models : sequence of str
        Name of each model, by its number.
    prices : PriceList
        Of tokens.
    month : Month

    Returns
    -------
    Usage
    """
    steps, tiling = seen.steps, tile(month, seen.horizon)
    counts = {Measure.INPUT: steps.tokens_in - steps.tokens_cached, Measure.CACHED: steps.tokens_cached,
              Measure.OUTPUT: steps.tokens_out}
    used, unpriced = {}, []
    for number, name in enumerate(models):
        here = steps.model == number
        tokens = {measure: _of_steps(steps, here, count, tiling) for measure, count in counts.items()}
        charges = [charge for charge in prices.charges if charge.meter == name and charge.measure in TOKENS]
        for charge in charges:
            used[charge.id] = Used(Fraction(tokens[charge.measure], charge.per.count))
        if not charges:
            unpriced.append(Unpriced(f"tokens of {name}", Fraction(sum(tokens.values())), "tokens", Group.LLM))
    return Usage(used, tuple(unpriced))


class _Counter:
    """Counts what a deployment used; what several charges share is made once."""

    def __init__(self, seen: Observed, deployment: Billed, tiling: Tiling) -> None:
        self.seen, self.deployment, self.tiling = seen, deployment, tiling
        self.meters: Meters = deployment.profile.meters
        self.month = tiling.month.microseconds
        self._made: dict[tuple[str, Scope, bool], Records] = {}
        self._totals: dict[tuple[str, Scope, int, int], int] = {}
        self._running = _running(seen.spans, self.meters, [rung.name for rung in deployment.ladder])

    def of(self, charge: Charge) -> Used:
        """Count what a charge is for, in its units."""
        size = charge.per.size(self.month)
        if charge.measure is Measure.REQUESTS:
            return Used(Fraction(self._requests(), size))
        if charge.measure is Measure.CPU:
            steps = self.seen.steps
            return Used(Fraction(_of_steps(steps, steps.ended >= 0, steps.cpu, self.tiling), size))
        share = _amount(charge, self.deployment) / size
        if charge.cap is None and charge.least is None:
            return Used(self._time(charge) * share)
        made = self._records(charge).by_instance(self.tiling, charge.round_up, charge.minimum)
        return Used.by_instance(*((time * share, count) for time, count in made))

    def unpriced(self, name: str) -> Unpriced:
        """Count on a meter without a price: requests, or hours of instances."""
        if name == self.meters.request:
            return Unpriced(name, Fraction(self._requests()), "requests", Group.INFRASTRUCTURE)
        return Unpriced(name, Fraction(self._running_time(name, Scope.INTERVAL, 1, 0), HOUR), "h", Group.INFRASTRUCTURE)

    def _time(self, charge: Charge) -> int:
        """Microseconds in the month, rounded up as the vendor does."""
        assert charge.meter is not None
        if charge.scope is Scope.REQUEST:
            days = self._records(charge).daily(self.tiling.horizon, charge.round_up, charge.minimum)
            return self._weigh(days)
        if charge.scope is not Scope.MONTH:
            return self._running_time(charge.meter, charge.scope, charge.round_up, charge.minimum)
        time = self._running_time(charge.meter, charge.scope, 1, 0)
        return -(-max(time, charge.minimum) // charge.round_up) * charge.round_up if time else 0

    def _running_time(self, name: str, scope: Scope, round_up: int, minimum: int) -> int:
        """Microseconds in the month for which a meter runs, each record rounded up."""
        key = (name, scope, round_up, minimum)
        if key not in self._totals:
            seen, days = self.seen, self.tiling.horizon
            total = self._of_spans(name, scope).daily(days, round_up, minimum)
            if name == self.meters.minimum_idle:
                kept = self.deployment.minimum
                total = total + records.minimum_idle(seen.spans, seen.pool, kept, seen.horizon, days)
            self._totals[key] = self._weigh(total)
        return self._totals[key]

    def _records(self, charge: Charge) -> Records:
        assert charge.meter is not None
        if charge.scope is not Scope.REQUEST:
            return self._of_spans(charge.meter, charge.scope)
        seen = self.seen
        return self._once((charge.meter, charge.scope, charge.with_start), lambda: records.of_requests(
            seen.requests, seen.spans, charge.with_start, seen.horizon))

    def _of_spans(self, name: str, scope: Scope) -> Records:
        seen = self.seen
        return self._once((name, scope, False), lambda: records.of_spans(
            seen.spans, self._running(name), scope, seen.horizon))

    def _once(self, key: tuple[str, Scope, bool], make: Callable[[], Records]) -> Records:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def _requests(self) -> int:
        began = self.seen.requests.started
        began = began[(began >= 0) & (began < self.seen.horizon)]
        return self._weigh(sums(began // DAY, np.ones(len(began), dtype=np.int64), self.tiling.horizon))

    def _weigh(self, days: Objects) -> int:
        return _weigh(days, self.tiling)


def _running(spans: Spans, meters: Meters, rungs: Sequence[str]) -> Callable[[str], Bools]:
    """Return a function that says in which spans a meter runs."""
    phases = {State.STARTING: meters.starting, State.IDLE: meters.idle, State.BUSY: meters.busy,
              State.ENTERING: meters.entering, State.WAKING: meters.waking}

    def running(name: str) -> Bools:
        states = [int(state) for state, meter in phases.items() if meter == name]
        levels = [level for level, rung in enumerate(rungs) if meters.rungs.get(rung) == name]
        resting = (spans.state == State.RESTING) & np.isin(spans.rung, np.array(levels, dtype=np.int8))
        return np.asarray(np.isin(spans.state, np.array(states, dtype=np.int8)) | resting)

    return running


def _amount(charge: Charge, deployment: Billed) -> Fraction:
    """How much of an instance a charge counts."""
    memory = Fraction(deployment.memory, GIB)
    match charge.basis:
        case Basis.VCPU:
            return deployment.vcpu
        case Basis.CORE:
            return deployment.vcpu / 2
        case Basis.MEMORY:
            return memory
        case Basis.EXTRA_MEMORY:
            return max(Fraction(0), memory - charge.included * deployment.vcpu)
        case Basis.DISK:
            return deployment.profile.storage_gb(deployment.size)
        case Basis.DISK_GIB:
            return deployment.profile.storage_gb(deployment.size) * 10**9 / GIB
    return Fraction(1)


def _of_steps(steps: Steps, chosen: Bools, count: Int64s, tiling: Tiling) -> int:
    """Add up something of the chosen steps that ended within the horizon, in the month."""
    kept = chosen & (steps.ended >= 0) & (steps.ended < tiling.horizon * DAY)
    return _weigh(sums(steps.ended[kept] // DAY, count[kept], tiling.horizon), tiling)


def _weigh(days: Iterable[int], tiling: Tiling) -> int:
    return sum(int(amount) * weight for amount, weight in zip(days, tiling.weights, strict=True))

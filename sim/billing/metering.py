"""What happened in a run, to quantities of a month by charge."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, TypeVar

import numpy as np

from sim.billing import records, turns
from sim.billing.continuity import continuity
from sim.billing.kept import kept
from sim.billing.month import Month, Tiling, tile
from sim.billing.overflow import overflows
from sim.billing.rating import Unpriced, Usage, Used
from sim.billing.records import ByInstance, Records, Requests
from sim.billing.spot import Sold
from sim.catalog.charges import Charge, Group, Payload
from sim.catalog.counting import TOKENS, Measure, Resources, Scope
from sim.catalog.prices import PriceList
from sim.catalog.profiles import Meters, Profile
from sim.engine.contract import Bools, Int64s, State
from sim.exact import Objects, sums
from sim.scenario.market import SPOT
from sim.trace.spans import Spans
from sim.trace.window import Window
from sim.units import DAY, GIB, HOUR

_Key = TypeVar("_Key", bound=Hashable)
_Made = TypeVar("_Made")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class Work(Protocol):
    """Hours that people work. `sim.scenario.deployment.Labour` is one."""

    @property
    def hours(self) -> int:
        """Microseconds a month."""

    @property
    def rate(self) -> Decimal:
        """Dollars an hour."""


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
    def base_memory(self) -> int:
        """Bytes of an instance in use when no request is served."""

    @property
    def minimum(self) -> int:
        """Instances that a pool keeps, where there is no schedule."""

    @property
    def schedule(self) -> Sequence[tuple[int, int]]:
        """Minutes of the week from which so many are kept instead; empty where there is none."""

    @property
    def labour(self) -> Work | None:
        """What people do for it each month, where they do something."""

    @property
    def ladder(self) -> Sequence[_Named]:
        """The rungs, from the shallowest."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What a bill needs to know of the steps of requests.

    Attributes
    ----------
    arrived, ended : int64[m]
        Microseconds: when its request arrived; when it ended, negative for a step that did not end.
    cpu : int64[m]
        Microseconds of CPU on one core; billed of a step that ended.
    tokens_in, tokens_cached, tokens_out : int64[m]
        Prompt tokens, how many of them were cached, generated tokens, as they are billed; 0 except of an ``llm`` step.
    model : int64[m]
        Number of the model, or NEVER.
    """

    arrived: Int64s
    ended: Int64s
    cpu: Int64s
    tokens_in: Int64s
    tokens_cached: Int64s
    tokens_out: Int64s
    model: Int64s


@dataclass(frozen=True, slots=True)
class CutOff:
    """What was used on steps that did not end.

    Attributes
    ----------
    at : int64[n]
        Microseconds: when the step was cut off.
    cpu : int64[n]
        Microseconds of CPU on one core that were done on it until then.
    """

    at: Int64s
    cpu: Int64s


@dataclass(frozen=True, slots=True)
class Observed:
    """What a run left that costs something.

    Attributes
    ----------
    window : Window
        Whole days. Nothing outside it is billed.
    spans : Spans
    pool : int64[i]
        The pool of each instance.
    requests : Requests
    steps : Steps
    cut_off : CutOff
    sold : Sold or None
        What was bought from offers, where there are some.
    """

    window: Window
    spans: Spans
    pool: Int64s
    requests: Requests
    steps: Steps
    cut_off: CutOff
    sold: Sold | None = None


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
        The window is not whole days.
    """
    tiling = tile(month, seen.window.length)
    return Metering(seen, deployment, prices).usage(tiling)


def meter_tokens(seen: Observed, models: Sequence[str], prices: PriceList, month: Month) -> Usage:
    """Count the tokens of calls, by model.

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
    tiling = tile(month, seen.window.length)
    return TokenMetering(seen, models, prices).usage(tiling)


class TokenMetering:
    """Counts the tokens of a run by day of the window, once, and from these those of a month or of its first days.

    Parameters
    ----------
    seen : Observed
    models : sequence of str
        Name of each model, by its number.
    prices : PriceList
        Of tokens.
    """

    def __init__(self, seen: Observed, models: Sequence[str], prices: PriceList) -> None:
        self._models = models
        of_tokens = [charge for charge in prices.charges if charge.measure in TOKENS]
        self._charges = {name: [charge for charge in of_tokens if charge.meter == name] for name in models}
        steps = seen.steps
        counts = {Measure.INPUT: steps.tokens_in - steps.tokens_cached, Measure.CACHED: steps.tokens_cached,
                  Measure.OUTPUT: steps.tokens_out}
        self._days = [
            {measure: _of_steps(steps.model == number, steps.arrived, count, seen.window)
             for measure, count in counts.items()}
            for number in range(len(models))
        ]

    def usage(self, tiling: Tiling) -> Usage:
        """Count the tokens of the days of a tiling.

        Parameters
        ----------
        tiling : Tiling
            Of the window that was observed.

        Returns
        -------
        Usage
        """
        used, unpriced = {}, []
        for name, days in zip(self._models, self._days, strict=True):
            tokens = {measure: _weigh(count, tiling) for measure, count in days.items()}
            for charge in self._charges[name]:
                used[charge.id] = Used(Fraction(tokens[charge.measure], charge.per.count))
            if not self._charges[name]:
                unpriced.append(Unpriced(f"tokens of {name}", Fraction(sum(tokens.values())), "tokens", Group.LLM))
        return Usage(used, tuple(unpriced))


class Metering:
    """Counts what a run used of a platform: what does not depend on the days that are billed is made once.

    Parameters
    ----------
    seen : Observed
    deployment : Billed
    prices : PriceList
        Of the deployment's platform and variant.
    """

    def __init__(self, seen: Observed, deployment: Billed, prices: PriceList) -> None:
        self._seen, self._deployment = seen, deployment
        self._meters: Meters = deployment.profile.meters
        sold, names = seen.sold, set(self._meters.names)
        if sold is not None and any(one is None for one in sold.prices[: len(sold.zones)]):
            names.add(SPOT)
        self._charges = [one for one in prices.of_size(deployment.size)
                         if one.meter in names and one.measure is not Measure.COUNT]
        self._provisioned = {one.meter for one in self._charges if one.provisioned_only}
        self._unpriced = prices.unpriced(sorted(names), deployment.size)
        self._records_made: dict[tuple[str, Scope], Records] = {}
        self._days_made: dict[Hashable, Objects] = {}
        self._instances_made: dict[tuple[str, Scope, int, int], ByInstance] = {}
        self._kept = kept(deployment.minimum, deployment.schedule, seen.window)
        self._continuity = continuity(seen.spans, seen.pool, seen.window)
        rungs = [rung.name for rung in deployment.ladder]
        self._running = (_running(seen.spans, self._meters, rungs) if sold is None
                         else _from_offers(sold, seen.spans, self._meters, rungs))

    def usage(self, tiling: Tiling) -> Usage:
        """Count what was used on the days of a tiling.

        Parameters
        ----------
        tiling : Tiling
            Of the window that was observed.

        Returns
        -------
        Usage
        """
        used = {charge.id: self._of(charge, tiling) for charge in self._charges}
        return Usage(used, tuple(self._without_price(name, tiling) for name in self._unpriced))

    def _of(self, charge: Charge, tiling: Tiling) -> Used:
        """Count what a charge is for, in its units."""
        size = charge.per.size(tiling.month.microseconds)
        if charge.by_instance:
            share = charge.counts(resources(self._deployment)) / size
            made = self._by_instance(charge).times(tiling)
            return Used.by_instance(*((time * share, count) for time, count in made))
        return Used(self._counted(charge, tiling) / size)

    def _counted(self, charge: Charge, tiling: Tiling) -> Fraction:
        """Count what a charge is for: microseconds of one of it, or things."""
        match charge.measure:
            case Measure.REQUESTS:
                return _weigh(self._requests(charge.payload), tiling) * charge.amount
            case Measure.CPU:
                return _weigh(self._cpu(), tiling) * charge.amount
            case Measure.MEMORY:
                return Fraction(_weigh(self._memory(charge), tiling), GIB) * charge.amount
            case Measure.STARTS | Measure.ENTERS | Measure.WAKES:
                count = _weigh(self._turns(charge), tiling)
            case Measure.PROVISIONED:
                pools = len(np.unique(self._seen.pool)) or 1
                count = _weigh(self._kept.provisioned(charge), tiling) * pools
            case _:
                count = self._time(charge, tiling)
        return count * charge.counts(resources(self._deployment))

    def _without_price(self, name: str, tiling: Tiling) -> Unpriced:
        """Count on a meter without a price: requests, or hours of instances."""
        if name == self._meters.request:
            return Unpriced(name, Fraction(_weigh(self._requests(), tiling)), "requests", Group.INFRASTRUCTURE)
        time = _weigh(self._running_time(name, Scope.INTERVAL, 1, 0), tiling)
        return Unpriced(name, Fraction(time, HOUR), "h", Group.INFRASTRUCTURE)

    def _time(self, charge: Charge, tiling: Tiling) -> int:
        """Microseconds on the days of a tiling, rounded up as the vendor does."""
        assert charge.meter is not None
        if charge.scope is Scope.REQUEST:
            return _weigh(self._request_time(charge), tiling)
        if charge.scope is not Scope.MONTH:
            return _weigh(self._running_time(charge.meter, charge.scope, charge.round_up, charge.minimum), tiling)
        return _rounded_up(charge, _weigh(self._running_time(charge.meter, charge.scope, 1, 0), tiling))

    def _running_time(self, name: str, scope: Scope, round_up: int, minimum: int) -> Objects:
        """Microseconds by day of the window for which a meter runs, each record rounded up."""
        def make() -> Objects:
            seen = self._seen
            total = self._of_spans(name, scope).daily(seen.window.days, round_up, minimum)
            if name == self._meters.minimum_idle:
                total = total + records.minimum_idle(seen.spans, seen.pool, self._kept, seen.window)
            return total

        return _once(self._days_made, (name, scope, round_up, minimum), make)

    def _request_time(self, charge: Charge) -> Objects:
        """Microseconds by day of the window for which requests run, each record rounded up."""
        seen, part = self._seen, charge.provisioned_only if charge.meter in self._provisioned else None
        key = (charge.with_start, part, charge.round_up, charge.minimum)
        return _once(self._days_made, key, lambda: records.of_requests(
            seen.requests, seen.spans, charge.with_start, seen.window, self._served(part)
        ).daily(seen.window.days, charge.round_up, charge.minimum))

    def _served(self, by_provisioned: bool | None) -> Bools | None:
        """Say which requests provisioned instances served, or did not; None for all."""
        if by_provisioned is None:
            return None
        beyond = overflows(self._seen.requests, self._seen.pool, self._kept, self._seen.window)
        return ~beyond if by_provisioned else beyond

    def _requests(self, payload: Payload | None = None) -> Objects:
        """Count the requests that began, by day of the window; a large one as several, where a charge does."""
        def make() -> Objects:
            window, requests = self._seen.window, self._seen.requests
            began = np.flatnonzero(window.holds(requests.started))
            count = np.ones(len(began), dtype=np.int64)
            if payload is not None and len(requests.payload):
                count += np.maximum(0, -(-(requests.payload[began] - payload.first) // payload.then))
            return sums((requests.started[began] - window.begin) // DAY, count, window.days)

        return _once(self._days_made, ("requests", payload), make)

    def _cpu(self) -> Objects:
        """Microseconds of CPU that steps used, those too that did not end, by day of the window."""
        steps, cut_off, window = self._seen.steps, self._seen.cut_off, self._seen.window
        return _once(self._days_made, "cpu",
                     lambda: (_of_steps(steps.ended >= 0, steps.ended, steps.cpu, window)
                              + _of_steps(cut_off.cpu > 0, cut_off.at, cut_off.cpu, window)))

    def _memory(self, charge: Charge) -> Objects:
        """Bytes in use, times microseconds, by day of the window."""
        assert charge.meter is not None
        name = charge.meter

        def make() -> Objects:
            idle = self._running_time(name, Scope.INTERVAL, 1, 0) * self._deployment.base_memory
            return np.asarray(idle + records.memory(self._seen.requests, self._seen.window), dtype=object)

        return _once(self._days_made, ("memory", name), make)

    def _turns(self, charge: Charge) -> Objects:
        """Count the starts, enterings or wakes, by day of the window."""
        def make() -> Objects:
            spans, window = self._seen.spans, self._seen.window
            rungs = [level for level, rung in enumerate(self._deployment.ladder)
                     if self._meters.rungs.get(rung.name) == charge.meter]
            if charge.measure is Measure.STARTS:
                return turns.starts(spans, window)
            return (turns.enters if charge.measure is Measure.ENTERS else turns.wakes)(spans, rungs, window)

        return _once(self._days_made, (charge.measure, charge.meter), make)

    def _of_spans(self, name: str, scope: Scope) -> Records:
        seen = self._seen
        return _once(self._records_made, (name, scope), lambda: records.of_spans(
            seen.spans, self._running(name), scope, seen.window, self._continuity))

    def _by_instance(self, charge: Charge) -> ByInstance:
        assert charge.meter is not None
        name, scope, round_up, minimum = charge.meter, charge.scope, charge.round_up, charge.minimum
        return _once(self._instances_made, (name, scope, round_up, minimum), lambda: ByInstance(
            self._of_spans(name, scope), self._continuity.as_which, round_up, minimum))

def _once(made: dict[_Key, _Made], key: _Key, make: Callable[[], _Made]) -> _Made:
    """Make something the first time that it is asked for."""
    if key not in made:
        made[key] = make()
    return made[key]


def _running(spans: Spans, meters: Meters, rungs: Sequence[str]) -> Callable[[str], Bools]:
    """Return a function that says in which spans a meter runs."""
    phases = {State.STARTING: meters.starting, State.IDLE: meters.idle, State.BUSY: meters.busy,
              State.DRAINING: meters.busy,
              State.ENTERING: meters.entering, State.WAKING: meters.waking}

    def running(name: str) -> Bools:
        states = [int(state) for state, meter in phases.items() if meter == name]
        levels = [level for level, rung in enumerate(rungs) if meters.rungs.get(rung) == name]
        resting = (spans.state == State.RESTING) & np.isin(spans.rung, np.array(levels, dtype=np.int8))
        return np.asarray(np.isin(spans.state, np.array(states, dtype=np.int8)) | resting)

    return running


def charged(spans: Spans, meters: Meters, rungs: Sequence[str]) -> Bools:
    """Say in which spans any meter of the platform runs that counts time of instances."""
    running = _running(spans, meters, rungs)
    return np.asarray(np.logical_or.reduce([running(name) for name in sorted(meters.names)]))


def _from_offers(sold: Sold, spans: Spans, meters: Meters, rungs: Sequence[str]) -> Callable[[str], Bools]:
    """Return a function that says in which spans a meter runs, where some instances are spot ones.

    The time of these is on the meter `SPOT`, or has a price of its own and is on none.
    """
    running = _running(spans, meters, rungs)
    apart, listed = sold.apart(spans.instance), sold.listed(spans.instance)

    def chosen(name: str) -> Bools:
        if name == SPOT:
            return np.asarray(charged(spans, meters, rungs) & listed)
        return np.asarray(running(name) & ~apart & ~listed)

    return chosen


def resources(deployment: Billed) -> Resources:
    """Say what an instance of a deployment has."""
    profile, size = deployment.profile, deployment.size
    return Resources(deployment.vcpu, deployment.memory, profile.storage_gb(size), profile.gpus(size))


def _rounded_up(charge: Charge, time: int) -> int:
    """Round microseconds as a charge does one record; no use is no record."""
    return charge.billed(time) if time else 0


def _of_steps(chosen: Bools, time: Int64s, count: Int64s, window: Window) -> Objects:
    """Add up something of the chosen steps whose time is within the window, by its days."""
    kept = chosen & window.holds(time)
    return sums((time[kept] - window.begin) // DAY, count[kept], window.days)


def _weigh(days: Iterable[int], tiling: Tiling) -> int:
    return sum(int(amount) * weight for amount, weight in zip(days, tiling.weights, strict=True))

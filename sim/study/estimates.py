"""Figures of a deployment by path, each from all replications together and from every one of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from sim import stats
from sim.engine.contract import Int64s
from sim.exact import total
from sim.scenario import Case
from sim.stats import INFINITE, PERCENTILES, Estimate
from sim.study import asked
from sim.study.batches import Batches
from sim.study.measure import COSTS, Measures, cost_name
from sim.study.replicate import Replication
from sim.units import SECOND


class Estimates(Mapping[str, Estimate]):
    """All figures of a deployment, such as ``overhead_s.p99``. Each is estimated when it is first asked for.

    Parameters
    ----------
    measures : sequence of Measures
        Of one deployment, in order of replication.
    resampled : bool
        Whether each replication drew from a resample of the recorded input of its own.
    """

    def __init__(self, measures: Sequence[Measures], resampled: bool = False) -> None:
        self._measures = measures
        self._resampled = resampled
        self._found: dict[str, Estimate] = {}
        self._ways: dict[str, Callable[[], Mapping[str, Estimate]]] = {}
        for name in measures[0].times:
            self._add(f"{name}.mean", self._mean)
            # Together, since sorting takes most of the time.
            self._ways |= {f"{name}.{percentile}": partial(self._percentiles, name) for percentile in PERCENTILES}
        for name in measures[0].proportions:
            self._add(name, self._proportion)
        for name in measures[0].ratios:
            self._add(name, self._ratio)
        for name in measures[0].counts:
            self._add(name, self._count)
        costs = (name for path in COSTS for name in (cost_name(path), f"{path}.per_agent"))
        for name in dict.fromkeys([*measures[0].amounts, *costs]):
            self._add(name, self._amount)
        for path in COSTS:
            self._add(f"{path}.per_1000_requests", self._cost_of_requests)

    def __getitem__(self, path: str) -> Estimate:
        if path not in self._found:
            found = self._ways[path]()
            self._found |= {name: one.of_resamples() if self._resampled else one for name, one in found.items()}
        return self._found[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ways)

    def __len__(self) -> int:
        return len(self._ways)

    def _add(self, name: str, way: Callable[[str], Estimate]) -> None:
        self._ways[name] = lambda: {name: way(name)}

    def _mean(self, path: str) -> Estimate:
        times = self._times(path.removesuffix(".mean"))
        missing = sum(int((values == INFINITE).sum()) for values in times)
        if missing:
            waits = path.startswith(("wait_s", "start_up_s", "wake_up_s"))
            what = "waits did not end" if waits else "requests did not complete"
            return Estimate(None, (), f"{missing:,} of {sum(map(len, times)):,} {what}")
        found = stats.ratio([total(values) for values in times], [len(values) for values in times], SECOND)
        return found.within(_least(times))

    def _percentiles(self, name: str) -> dict[str, Estimate]:
        times = self._times(name)
        found, least = stats.percentiles(times, unit=SECOND), _least(times)
        return {f"{name}.{percentile}": estimate.within(least) for percentile, estimate in found.items()}

    def _times(self, name: str) -> list[Int64s]:
        return [one.times[name] for one in self._measures]

    def _proportion(self, name: str) -> Estimate:
        counts, trials = zip(*(one.proportions[name] for one in self._measures), strict=True)
        return stats.proportion(counts, trials)

    def _count(self, name: str) -> Estimate:
        counts, arrived = zip(*((one.counts[name], one.counts["requests.arrived"]) for one in self._measures),
                              strict=True)
        return stats.mean(counts).within(0.0) if name == "requests.arrived" else stats.count(counts, arrived)

    def _ratio(self, name: str) -> Estimate:
        tops, bottoms = zip(*(one.ratios[name] for one in self._measures), strict=True)
        found = stats.ratio(tops, bottoms)
        return found.within(0.0, 1.0) if name in ("utilisation", "wasted_fraction") else found.within(0.0)

    def _amount(self, name: str) -> Estimate:
        if not all(name in one.amounts for one in self._measures):
            return self._unpriced(name)
        found = stats.mean([one.amounts[name] for one in self._measures])
        return found if name.startswith("cost") else found.within(0.0)

    def _cost_of_requests(self, name: str) -> Estimate:
        whole = cost_name(name.removesuffix(".per_1000_requests"))
        if not all(whole in one.amounts for one in self._measures):
            return self._unpriced(whole)
        requests = [one.amounts["requests.per_month"] for one in self._measures]
        return stats.ratio([1000 * one.amounts[whole] for one in self._measures], requests)

    def _unpriced(self, name: str) -> Estimate:
        """Return a sum of the bill that has a part without a price; of a group, only its own parts are to blame."""
        group = COSTS.get(name.removesuffix(".per_agent"))
        items = sorted({item for one in self._measures for item in one.invoice.unpriced(group)})
        return Estimate(None, (), f"no price is known for {', '.join(items)}")


def _least(times: Sequence[Int64s]) -> float:
    """Return the least that a time can be: 0, unless some were negative, as contention is on fast instances."""
    return 0.0 if all(values.min(initial=0) >= 0 for values in times) else -math.inf


class BatchMeans(Estimates):
    """All figures of the only run of a deployment, with the spread of its batches; see `sim.study.batches`.

    Parameters
    ----------
    measures : Measures
        Of the whole window.
    batches : Batches or None
    why : str
        Why there are no batches.
    """

    def __init__(self, measures: Measures, batches: Batches | None, why: str = "") -> None:
        super().__init__([measures])
        self._batches = batches
        self._why = why
        self._parts = None if batches is None else Estimates(batches.measures)

    def __getitem__(self, path: str) -> Estimate:
        whole = super().__getitem__(path)
        if self._batches is None or self._parts is None:
            if whole.why is None or whole.value is None:
                return whole
            return Estimate(whole.value, (), self._why or whole.why)
        part = self._parts[path]
        monthly = path.startswith("cost") or path == "requests.per_month"
        value = part.value if monthly and self._batches.billed else whole.value
        why = part.why and part.why.replace("replication", "batch")  # what batches stand for
        if path == "instances.max":
            why = "the largest number of a run is no mean of its batches: give more replications"
        elif not part.constant and why is None and (series := self._batches.restless(path)) is not None:
            of = "" if series == path else f" in {series}"
            why = f"neighbouring batches of the run correlate{of}: lengthen `horizon`, or give more replications"
        if value is None or why is not None:
            # Why there is no value comes before why there is no interval.
            return Estimate(value, (), (whole.why if whole.value is None else None) or why or whole.why)
        grown = path.startswith(("requests.", "work_s.", "tokens.")) and path != "requests.per_month"
        scale = 1 / self._batches.share if grown else 1.0
        sections = [section * scale for section in part.sections]
        return Estimate(value, sections, None, support=part.support, pooled=whole.pooled)


def billed(replications: Sequence[Replication], deployment: str) -> list[Measures]:
    """Return the measures whose bills those of a result are the mean of: of the replications, or of one's batches.

    Parameters
    ----------
    replications : sequence of Replication
    deployment : str
    """
    first, *others = replications
    if not others and deployment in first.batches and first.batches[deployment].billed:
        return list(first.batches[deployment].measures)
    return [one.measures[deployment] for one in replications]


def estimates(case: Case, replications: Sequence[Replication]) -> dict[str, Estimates]:
    """Estimate every figure of every deployment.

    Parameters
    ----------
    case : Case
    replications : sequence of Replication
        The first n of them, in order of number.

    Returns
    -------
    dict of str to Estimates
        By deployment, in the order of the case.
    """
    first, *others = replications
    if not others:
        return {name: BatchMeans(measures, first.batches.get(name), first.cut.why)
                for name, measures in first.measures.items()}  # fmt: skip
    return {
        deployment.name: Estimates(
            [one.measures[deployment.name] for one in replications], asked.resampled(case.scenario)
        )
        for deployment in case.deployments
    }

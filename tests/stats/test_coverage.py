"""Nominal 95% intervals hold the truth in 95% of experiments.

Every experiment is compared with a closed form. The number of experiments that hold it is binomial; the band is that
of a 99.9% test. The recordings are long enough for the central limit theorem to have set in (at utilisation 0.8 that
takes thousands of waiting times), and no longer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc

from sim import stats
from sim.exact import total
from sim.stats import Estimate, Figure

from .lindley import TICKS, Floats, mm1, mm1_mean, mm1_quantile, ticks, waits


def assert_nominal(hits: Sequence[bool], level: float = 0.95) -> None:
    n, k = len(hits), sum(hits)
    assert min(bdtr(k, n, level), bdtrc(k - 1, n, level) if k else 1.0) > 0.0005, f"{k} of {n} hold the truth"


def holds(figure: Figure, truth: float) -> bool:
    low, high = figure["low"], figure["high"]
    assert low is not None and high is not None, figure
    return low <= truth <= high


def percentile_coverage(rows: Floats, replications: int, q: Fraction, truth: float) -> list[bool]:
    """Return whether the truth is held, for the experiments that are not refused; nearly all."""
    experiments = ticks(rows).reshape(-1, replications, rows.shape[-1])
    found = [stats.percentile(list(one), q, TICKS) for one in experiments]
    return [holds(stats.figure(estimate), truth) for estimate in found if estimate.why is None]


LEVELS = [Fraction(1, 2), Fraction(19, 20), Fraction(99, 100)]
INDEPENDENT: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], Floats], Callable[[float], float]]] = {
    "light": (lambda rng, shape: rng.exponential(1.0, shape), lambda q: -math.log(1 - q)),
    "heavy": (lambda rng, shape: rng.pareto(1.5, shape) + 1, lambda q: (1 - q) ** (-1 / 1.5)),
}


@pytest.mark.parametrize("q", LEVELS, ids=str)
@pytest.mark.parametrize("tail", INDEPENDENT)
def test_percentile_of_independent_values(tail: str, q: Fraction) -> None:
    draw, truth = INDEPENDENT[tail]
    rng = np.random.default_rng(11)
    hits = percentile_coverage(draw(rng, (300 * 6, int(40 / (1 - q)))), 6, q, truth(float(q)))
    assert len(hits) == 300
    assert_nominal(hits)


@pytest.mark.parametrize(("load", "q", "n"), [(0.5, Fraction(3, 4), 800), (0.5, Fraction(19, 20), 4_000),
                                             (0.5, Fraction(99, 100), 12_000), (0.8, Fraction(1, 2), 8_000)], ids=str)
def test_percentile_of_waiting_times(load: float, q: Fraction, n: int) -> None:
    rng = np.random.default_rng(12)
    hits = percentile_coverage(mm1(rng, 250 * 6, n, load), 6, q, mm1_quantile(load, float(q)))
    assert len(hits) > 225
    assert_nominal(hits)


@pytest.mark.nightly
@pytest.mark.parametrize("replications", [5, 8, 20])
@pytest.mark.parametrize(("load", "q", "n"), [
    (0.5, Fraction(3, 5), 4_000), (0.5, Fraction(19, 20), 10_000), (0.5, Fraction(99, 100), 30_000),
    (0.8, Fraction(1, 2), 20_000), (0.8, Fraction(19, 20), 40_000), (0.8, Fraction(99, 100), 100_000)], ids=str)
def test_percentile_of_waiting_times_at_length(load: float, q: Fraction, n: int, replications: int) -> None:
    rng, truth = np.random.default_rng(13), mm1_quantile(load, float(q))
    hits: list[bool] = []
    for _ in range(400):
        hits += percentile_coverage(mm1(rng, replications, n, load), replications, q, truth)
    assert len(hits) > 360
    assert_nominal(hits)


@pytest.mark.parametrize("load", [0.5, 0.8])
@pytest.mark.parametrize("n", [200, 1_000, 5_000])
def test_a_run_too_short_for_its_percentile_seldom_reports_a_miss(load: float, n: int) -> None:
    """Without the rule of effective values, up to a fifth of these nominal 95% intervals miss."""
    rng, q = np.random.default_rng(14), Fraction(19, 20)
    experiments = ticks(mm1(rng, 300 * 6, n, load)).reshape(300, 6, n)
    told = [stats.figure(stats.percentile(list(one), q, TICKS)) for one in experiments]
    missed = sum(f["low"] is not None and not holds(f, mm1_quantile(load, 0.95)) for f in told)
    assert bdtrc(missed - 1, len(told), 0.08) > 0.001


@pytest.mark.parametrize(("load", "n"), [(0.5, 1_000), (0.8, 8_000)])
def test_mean_waiting_time(load: float, n: int) -> None:
    rng = np.random.default_rng(15)
    sums = [[total(row) for row in one] for one in ticks(mm1(rng, 300 * 5, n, load)).reshape(300, 5, n)]
    told = [stats.figure(stats.ratio(tops, [n] * 5, TICKS)) for tops in sums]
    assert_nominal([holds(f, mm1_mean(load)) for f in told])


@pytest.mark.parametrize("replications", [5, 8, 30])
def test_ratio_of_sums_over_replications_of_unequal_length(replications: int) -> None:
    """Mean of requests whose number is random and goes with their size: the mean of the ratios would be biased."""
    rng, hits = np.random.default_rng(16), []
    for _ in range(400):
        counts = rng.poisson(rng.gamma(4, 25, replications)) + 1
        tops = [int(ticks(rng.gamma(2, 1, c) * (1 + 1 / c)).sum()) for c in counts]
        hits.append(holds(stats.figure(stats.ratio(tops, counts.tolist(), TICKS)), _ratio_truth()))
    assert_nominal(hits)


def _ratio_truth() -> float:
    """E sum / E count: the sum given c is 2 (c + 1), and the mean count is 101."""
    return 2 * (101 + 1) / 101


@pytest.mark.parametrize(("load", "n"), [(0.5, 2_000), (0.8, 10_000)])
def test_paired_ratio_of_means(load: float, n: int) -> None:
    """Two servers, one a tenth faster, with the same arrivals and work: the ratio of M/M/1 means."""
    rng, replications, hits = np.random.default_rng(17), 6, []
    truth = 0.9 * mm1_mean(0.9 * load) / mm1_mean(load)
    widths: list[float] = []
    for _ in range(250):
        service, gap = rng.exponential(1.0, (replications, n)), rng.exponential(1 / load, (replications, n))
        zero = np.zeros(replications)
        slow, fast = (ticks(waits(speed * service, gap, zero)) for speed in (1.0, 0.9))
        estimates = [stats.ratio([total(row) for row in rows], [n] * replications) for rows in (fast, slow)]
        told = stats.paired_ratio(*estimates)
        hits.append(holds(told, truth))
        widths.append(estimates[1].error / (estimates[1].value or 1) / (_half(told) / 2.57))
    assert_nominal(hits)
    assert np.median(widths) > 2, "pairing must narrow the interval"


def _half(told: Figure) -> float:
    return ((told["high"] or 0.0) - (told["low"] or 0.0)) / 2 / (told["value"] or 1)


def test_paired_ratio_of_percentiles_and_paired_difference() -> None:
    """Lognormal latencies, one deployment's 1.3 times the other's but for noise of its own."""
    rng, q = np.random.default_rng(18), Fraction(19, 20)
    quantile = math.exp(math.sqrt(1.25) * 1.6448536269514722)
    ratios, differences = [], []
    for _ in range(300):
        common = rng.normal(0, 1, (6, 1_000))
        a, b = (ticks(scale * np.exp(common + rng.normal(0, 0.5, common.shape))) for scale in (1.3, 1.0))
        ours, theirs = stats.percentile(list(a), q, TICKS), stats.percentile(list(b), q, TICKS)
        ratios.append(holds(stats.paired_ratio(ours, theirs), 1.3))
        differences.append(holds(stats.figure(stats.difference(ours, theirs)), 0.3 * quantile))
    assert_nominal(ratios)
    assert_nominal(differences)


def batched(values: NDArray[np.int64], at: Floats, q: Fraction | None = None) -> Estimate | None:
    """Batch means of one run, or its percentile by batches of time; None where neighbours correlate."""
    edges = np.linspace(0.0, at[-1], stats.BATCHES * stats.PARTS + 1)
    part = np.minimum(np.searchsorted(edges, at, side="right") - 1, len(edges) - 2)
    over = values if q is None else values > stats.quantile(values, q)
    if stats.correlated(np.bincount(part, over - over.mean(), len(edges) - 1)):
        return None
    rows = np.split(values, np.searchsorted(part // stats.PARTS, np.arange(1, stats.BATCHES)))
    if q is not None:
        return stats.percentile(rows, q, TICKS)
    return stats.ratio([total(row) for row in rows], [len(row) for row in rows], TICKS)


def long_runs(seed: int, count: int, load: float, n: int) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """Waiting times of single runs, and when each customer came."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        service, gap = rng.exponential(1.0, (1, n)), rng.exponential(1 / load, (1, n))
        first = np.where(rng.random(1) < load, rng.exponential(1 / (1 - load), 1), 0.0)
        yield ticks(waits(service, gap, first))[0], np.append(0.0, gap[0, :-1].cumsum())


@pytest.mark.parametrize(("load", "n"), [(0.5, 10_000), (0.8, 60_000)])
def test_batch_means_of_one_long_run(load: float, n: int) -> None:
    found = [batched(*run) for run in long_runs(19, 300, load, n)]
    reported = [stats.figure(e) for e in found if e is not None]
    assert len(reported) > 0.7 * len(found), "a long run is seldom refused"
    assert_nominal([holds(f, mm1_mean(load)) for f in reported])


@pytest.mark.parametrize("n", [1_000, 4_000])
def test_batch_means_of_a_run_too_short_are_refused(n: int) -> None:
    found = [batched(*run) for run in long_runs(20, 400, 0.9, n)]
    assert sum(e is not None for e in found) < 0.05 * len(found)


@pytest.mark.parametrize(("load", "q", "n"), [(0.5, Fraction(9, 10), 40_003), (0.8, Fraction(1, 2), 120_000)], ids=str)
def test_percentile_by_batches_of_time(load: float, q: Fraction, n: int) -> None:
    found = [batched(*run, q) for run in long_runs(21, 250, load, n)]
    reported = [stats.figure(e) for e in found if e is not None and e.why is None]
    assert len(reported) > 0.7 * len(found)
    assert_nominal([holds(f, mm1_quantile(load, float(q))) for f in reported])


def test_intervals_of_a_constant_have_no_width() -> None:
    assert stats.interval(Estimate(2.5, [2.5] * 8)) == (2.5, 2.5)

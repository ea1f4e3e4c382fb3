"""Percentiles of latencies, with what did not complete as infinity.

The q-quantile of n values is the order statistic of rank ceil(q n): the inverse of the empirical distribution
function (Hyndman and Fan 1996, definition 1). It is a value that occurred, needs no interpolation, and treats
infinity as any other value.

When is a percentile supported?
-------------------------------
An interval for the 99th percentile by order statistics needs 368 independent values (0.99^368 < 0.025). Requests of
one run are not independent: those that share a queue are slow together. So it is asked how many *independent* values
beyond the percentile each replication holds. Let e_r be the number of values beyond the pooled percentile in
replication r; were they independent, e_r would be binomial; the ratio of the variance of e_r to the binomial one is
the design effect (Kish 1965), and e_r divided by it the effective number. Two rules follow:

1. each replication has at least 10 values expected beyond the percentile (`BEYOND`): a p99 takes 1,000 requests;
2. it has at least 5 effective ones (`EFFECTIVE`).

Both numbers come from experiments with sectioning on independent values with light and heavy tails and on M/M/1
waiting times at utilisation 0.5 to 0.9, 5 to 20 replications each: without rule 2, up to 40% of the nominal 95%
intervals miss; with both, a miss is reported in at most 8% of runs at any length of run; where a run passes nearly
always, coverage is within two points of nominal. ``tests/stats/test_coverage.py`` repeats a part of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from sim.stats.estimates import Estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Int64s = NDArray[np.int64]

INFINITE = 2**63 - 1
"""In an array of latencies: a request that failed, or was not finished."""

PERCENTILES: Mapping[str, Fraction] = {
    "p50": Fraction(1, 2),
    "p90": Fraction(9, 10),
    "p95": Fraction(19, 20),
    "p99": Fraction(99, 100),
    "p99_9": Fraction(999, 1000),
}
"""The percentiles of a summary."""

BEYOND = 10
"""Least number of values of a replication that must be expected on either side of a percentile."""

EFFECTIVE = 5
"""Least number of those that must be as good as independent."""

REPLICATIONS = 5
"""Least number of replications for the interval of a percentile: with fewer, the design effect is mere noise."""


def quantile(values: Int64s, q: Fraction) -> float:
    """Return the order statistic of rank ceil(q n).

    Parameters
    ----------
    values : int64[n]
        In any order, `INFINITE` for infinity. At least one.
    q : Fraction
        Greater than 0, at most 1. A Fraction, because ceil(q n) of a rounded q is a rank too high or too low.

    Returns
    -------
    float
        One of the values, or ``inf``.

    Raises
    ------
    ValueError
        No values, or q out of range.
    """
    if not 0 < q <= 1:
        raise ValueError(f"a quantile is asked for at {q}, which is not in (0, 1]")
    rank = _rank(len(values), q)
    ordered = values.copy()
    ordered.partition(rank)
    return _number(int(ordered[rank]), 1)


def percentile(replications: Sequence[Int64s], q: Fraction, unit: int = 1) -> Estimate:
    """Estimate one percentile from independent replications; see `percentiles`."""
    return percentiles(replications, {"": q}, unit)[""]


def percentiles(
    replications: Sequence[Int64s], levels: Mapping[str, Fraction] = PERCENTILES, unit: int = 1
) -> dict[str, Estimate]:
    """Estimate percentiles from independent replications.

    Parameters
    ----------
    replications : sequence of int64[n]
        One array for each replication, in order of replication, each in any order, ascending being the fastest;
        `INFINITE` for a request that did not complete.
    levels : mapping
        Which percentiles, by name; those of a summary when absent.
    unit : int
        What the values are divided by: 1,000,000 makes seconds of microseconds.

    Returns
    -------
    dict of Estimate
        The pooled quantile, with the quantile of each replication as sections. No value if there are too few
        requests in all, no interval if the rules at the head of this module are broken; ``why`` says which.
    """
    import numpy as np

    rows = [np.sort(values, kind="stable") for values in replications]  # at once where they are in order already
    pooled = np.concatenate([*rows, np.empty(0, np.int64)])
    if len(pooled):
        pooled.partition(sorted(_rank(len(pooled), q) for q in levels.values()))
    return {name: _percentile(rows, pooled, q, unit) for name, q in levels.items()}


def _percentile(rows: Sequence[Int64s], pooled: Int64s, q: Fraction, unit: int) -> Estimate:
    """Estimate a percentile from sorted rows, and all values with the rank of the percentile in its place."""
    name, tail = f"p{float(100 * q):.10g}", min(q, 1 - q)
    needed = -(-BEYOND // tail) if tail else BEYOND
    if len(pooled) < needed:
        return Estimate(None, (), f"{name} needs {needed:,} requests, there are {len(pooled):,}")
    point = int(pooled[_rank(len(pooled), q)])
    value, smallest = _number(point, unit), min(map(len, rows))
    if len(rows) < REPLICATIONS:
        return Estimate(value, (), f"the interval of a percentile needs {REPLICATIONS} replications, "
                                   f"there are {len(rows)}")  # fmt: skip
    if smallest < needed:
        return Estimate(value, (), f"the interval of {name} needs {needed:,} requests in each replication, "
                                   f"the smallest has {smallest:,}")  # fmt: skip
    sections = [_number(int(values[_rank(len(values), q)]), unit) for values in rows]
    if all(section == value for section in sections):
        return Estimate(value, sections)
    effective = _effective(rows, point, tail)
    if effective < EFFECTIVE:
        return Estimate(value, (), f"{name} is moved by a few spells of slow requests: each replication holds about "
                                   f"{effective:.1f} independent ones beyond it, {EFFECTIVE} are needed")  # fmt: skip
    return Estimate(value, sections)


def _rank(n: int, q: Fraction) -> int:
    """Return the rank of the q-quantile, counted from 0."""
    if n == 0:
        raise ValueError("a quantile of no values is asked for")
    return -(-q.numerator * n // q.denominator) - 1


def _number(value: int, unit: int) -> float:
    return float("inf") if value == INFINITE else value / unit


def _effective(rows: Sequence[Int64s], point: int, tail: Fraction) -> float:
    """Return how many independent values beyond the percentile a replication holds on average.

    A design effect below 1 (by chance, or because arrivals are more even than random) counts as 1.
    """
    sizes = [len(values) for values in rows]
    beyond = [size - int(values.searchsorted(point, side="right")) for size, values in zip(sizes, rows, strict=True)]
    share, mean_size = sum(beyond) / sum(sizes), sum(sizes) / len(sizes)
    expected = float(tail) * mean_size
    binomial = share * (1 - share) * mean_size
    variance = math.fsum((b - share * size) ** 2 for b, size in zip(beyond, sizes, strict=True)) / (len(sizes) - 1)
    return expected / max(1.0, variance / binomial) if binomial > 0 else expected

"""Means, ratios and paired comparisons from replications.

Sums are exact: integers, decimals and fractions stay what they are until the last step, so that a figure does not
depend on the order in which replications finished, and figures that are equal are found to be equal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from sim.stats.estimates import LEVEL, Estimate, Figure, figure

Number = int | float | Decimal | Fraction


def mean(values: Sequence[Number]) -> Estimate:
    """Estimate the mean of a figure of which each replication gives one value, such as the month's bill.

    Parameters
    ----------
    values : sequence of int, float, Decimal or Fraction
        One for each replication, in order of replication.
    """
    if not values:
        return Estimate(None, (), "there is no replication")
    whole = sum((Fraction(value) for value in values), Fraction()) / len(values)
    return Estimate(float(whole), (float(value) for value in values))


def ratio(numerators: Sequence[Number], denominators: Sequence[Number], unit: int = 1) -> Estimate:
    """Estimate a ratio of sums, such as the mean latency (seconds over requests) or a share (cold starts of starts).

    The value is the ratio of the totals; each request counts the same, whichever replication it belongs to. The
    sections are the jackknife's pseudo-values, which give long replications their weight and exist for one in which
    the denominator is 0 (Asmussen and Glynn 2007, III.5b; Law 2015, 9.5.2).

    Parameters
    ----------
    numerators, denominators : sequence of int, float, Decimal or Fraction
        One for each replication, in order of replication. Denominators are 0 or more.
    unit : int
        What the ratio is divided by: 1,000,000 makes seconds of microseconds.

    Returns
    -------
    Estimate
        Without a value when the denominators are all 0; without an interval when all but one are.
    """
    tops, bottoms = [Fraction(y) for y in numerators], [Fraction(x) for x in denominators]
    top, bottom, n = sum(tops, Fraction()), sum(bottoms, Fraction()), len(tops)
    if bottom == 0:
        return Estimate(None, (), "there is nothing to divide by: none occurred")
    whole = top / bottom / unit
    if n == 1:
        return Estimate(float(whole), (float(whole),))
    if any(x == bottom for x in bottoms):
        return Estimate(float(whole), (), "only one replication has any")
    without = [(top - y) / (bottom - x) / unit for y, x in zip(tops, bottoms, strict=True)]
    return Estimate(float(whole), (float(n * whole - (n - 1) * left) for left in without))


def difference(ours: Estimate, theirs: Estimate) -> Estimate:
    """Return the estimate of a difference, paired by replication.

    Replications of the deployments of a case share their luck, so what moves both falls out.
    """
    if ours.value is None or theirs.value is None:
        return Estimate(None, (), ours.why if ours.value is None else theirs.why)
    if math.isinf(ours.value) or math.isinf(theirs.value):
        return Estimate(None, (), "infinite on one side")
    why = ours.why or theirs.why
    sections = () if why else [a - b for a, b in _pairs(ours, theirs)]
    return Estimate(ours.value - theirs.value, sections, why, ours.resampled or theirs.resampled)


def paired_ratio(ours: Estimate, theirs: Estimate, level: float = LEVEL) -> Figure:
    """Return the ratio of two figures with the interval of their paired log-ratio.

    Parameters
    ----------
    ours, theirs : Estimate
        From the same replications.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    Figure
        ``ours / theirs``. The interval is that of the logarithms by sectioning, so it is positive and as wide in
        factors to either side. Where ours is 0 in some replication, and has no logarithm, it is that of the plain
        ratios. Without a value where theirs is 0 or either has none.
    """
    for side, whose in ((ours, ""), (theirs, "of the reference: ")):
        if side.value is None or math.isinf(side.value):
            return {"value": None, "why": whose + (side.why or "infinite: too many requests did not complete")}
    assert ours.value is not None and theirs.value is not None  # narrows the type; checked by the loop
    if theirs.value == 0:
        return {"value": None, "why": "the reference is 0"}
    whole = ours.value / theirs.value
    why = ours.why or theirs.why
    if why is None and any(b <= 0 for _, b in _pairs(ours, theirs)):
        why = "the reference is 0 in some replications"
    if why is not None:
        return {"value": whole, "low": None, "high": None, "why": why}
    pairs, resampled = _pairs(ours, theirs), ours.resampled or theirs.resampled
    if whole <= 0 or any(a <= 0 for a, _ in pairs) or all(a / b == whole for a, b in pairs):
        return figure(Estimate(whole, [a / b for a, b in pairs], resampled=resampled), level)
    told = figure(Estimate(math.log(whole), [math.log(a / b) for a, b in pairs], resampled=resampled), level)
    low, high = told["low"], told["high"]
    assert low is not None and high is not None  # positive and finite throughout, so there is an interval
    return {"value": whole, "low": math.exp(low), "high": math.exp(high)}


def _pairs(ours: Estimate, theirs: Estimate) -> list[tuple[float, float]]:
    """Return the sections of both, side by side; a figure that chance does not move is the same in each."""
    assert ours.value is not None and theirs.value is not None  # callers deal with missing values before
    n = max(len(ours.sections), len(theirs.sections))
    left = ours.sections or (ours.value,) * n
    right = theirs.sections or (theirs.value,) * n
    return list(zip(left, right, strict=True))

"""How many replications: decided from the first n of them alone, at numbers known beforehand.

Replications are looked at after the first 8 (say), then 12, 18, 27 and so on. Every rule is a pure function of the
figures of replications 0 to n - 1, so how many there will be does not depend on how many workers there are, nor on
which finished first. Since the looks are fixed, an error made by looking often can be counted: whoever stops at the
first clear verdict shares the level among all looks that there may be (Bonferroni), even those never taken.

References
----------
Law (2015), Simulation Modeling and Analysis, 9.4.1 (sequential procedure; at least ten replications before the first
decision). Chow and Robbins (1965), Ann. Math. Statist. 36: the interval keeps its coverage as the precision asked for
becomes finer.
"""

from __future__ import annotations

import math

from sim.stats.estimates import LEVEL, Estimate, student

FIRST = 10
"""Replications before the first decision on precision: with fewer, the spread is too often underestimated (Law)."""

_GROWTH = 3, 2
"""From look to look. Larger steps overshoot what is needed, smaller ones take level from verdicts: in experiments on
normal values, steps of 1.25, 1.5, 2 and 3 take 2.7, 2.8, 3.0 and 3.6 times the replications that a single look would
need for even odds of a clear verdict."""


def looks(first: int, maximum: int) -> tuple[int, ...]:
    """Return the numbers of replications at which it is decided whether to go on.

    Known before the first is simulated; each is half as many again as the one before. A verdict that is looked at
    ``len(looks)`` times takes the level ``1 - (1 - level) / len(looks)``.

    Parameters
    ----------
    first, maximum : int
        Replications at the first and at the last look. A maximum below the first has no effect.
    """
    found = [first]
    while found[-1] < maximum:
        times, over = _GROWTH
        found.append(min(-(-found[-1] * times // over), maximum))
    return tuple(found)


def half_width(estimate: Estimate, level: float = LEVEL) -> float | None:
    """Return half the width of an interval relative to its figure, as far as more replications would lessen it.

    Parameters
    ----------
    estimate : Estimate
        If it is of resamples, what the recorded input adds to the interval is left out.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    float or None
        0 where nothing varies. The larger half of an interval that is not even. None where there is no interval, where
        the figure is 0 but chance moves it, or is infinite.
    """
    if estimate.value is None or estimate.why is not None or math.isinf(estimate.value):
        return None
    if estimate.constant:
        return 0.0
    if not estimate.value:
        return None
    half = student(len(estimate.sections) - 1, level) * estimate.noise
    if estimate.pooled is not None:
        half = max(half, *(abs(end - estimate.value) for end in estimate.pooled.interval(level)))
    return half / abs(estimate.value)


def precise(estimate: Estimate, precision: float, replications: int, level: float = LEVEL) -> bool:
    """Say whether to stop as far as one figure is concerned.

    Parameters
    ----------
    estimate : Estimate
        From the first ``replications`` replications.
    precision : float
        Greatest half width of its interval relative to its value, such as 0.05.
    replications : int
        How many there are.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    bool
        True where the precision is reached, where nothing varies, and where more replications give no relative
        precision: the sample of each cannot support the figure, or it is 0. Of a figure that varies, never before
        there are `FIRST` replications.
    """
    if estimate.constant:
        return True
    if replications < FIRST:
        return False
    half = half_width(estimate, level)
    return half is None or half <= precision

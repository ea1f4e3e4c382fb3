"""How many replications: decided from the first n of them alone.

Both rules are pure functions of figures of replications 0 to n - 1, so the number of replications does not depend on
how many workers there are, nor on which finished first.

References
----------
Law (2015), Simulation Modeling and Analysis, 9.4.1 (sequential procedure; at least ten replications before the first
decision). Chow and Robbins (1965), Ann. Math. Statist. 36: the interval keeps its coverage as the precision asked for
becomes finer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from sim.stats.estimates import LEVEL, Estimate, interval

FIRST = 10
"""Replications before the first decision: with fewer, the spread is too often underestimated (Law 2015)."""


def next_look(
    wanted: Iterable[tuple[Estimate, float]], replications: int, maximum: int, level: float = LEVEL
) -> int:
    """Say whether the precision asked for is reached, or else how many replications to decide on next.

    Parameters
    ----------
    wanted : iterable of (Estimate, float)
        Figures from the first ``replications`` replications, each with the greatest half width of its interval
        relative to its value, such as 0.05.
    replications, maximum : int
        How many there are, and how many there may be.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    int
        ``replications`` itself when it suffices, or when the maximum is reached. Else the number that the spread so
        far predicts, but a quarter more at least (few looks) and twice as many at most (a spread that is
        overestimated early costs little).
    """
    if replications >= maximum:
        return replications
    if replications < FIRST:
        return min(FIRST, maximum)
    needed = max((_needed(estimate, precision, replications, level) for estimate, precision in wanted), default=0.0)
    if needed <= replications:
        return replications
    least, most = replications + -(-replications // 4), 2 * replications
    return min(max(least, math.ceil(min(needed, most))), maximum)


def looks(first: int, maximum: int) -> tuple[int, ...]:
    """Return the numbers of replications at which a verdict is asked for, known before the first is simulated.

    They double, so there are few. Who stops at the first clear verdict must share the error among them: a verdict
    looked at ``len(looks)`` times takes the level ``1 - (1 - level) / len(looks)`` (Bonferroni).

    Parameters
    ----------
    first, maximum : int
        Replications at the first and at the last look.
    """
    found = [min(first, maximum)]
    while found[-1] < maximum:
        found.append(min(2 * found[-1], maximum))
    return tuple(found)


def _needed(estimate: Estimate, precision: float, replications: int, level: float) -> float:
    """Return how many replications the spread so far asks for; infinitely many where there is no interval."""
    if estimate.constant:
        return 0.0
    low, high = interval(estimate, level)
    if low is None or high is None or estimate.value == 0:
        return math.inf
    assert estimate.value is not None  # an estimate with an interval has a value
    return replications * ((high - low) / 2 / abs(estimate.value) / precision) ** 2

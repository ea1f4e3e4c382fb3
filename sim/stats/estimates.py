"""A figure that chance moves, and its interval.

The interval is that of sectioning: the figure from all replications together, and around it Student's t with the
spread of the figures of the single replications *about it* (not about their mean). For a mean of equally long
replications it is the textbook interval; for a percentile the point estimate has the small bias of the whole sample,
and the bias of the single replications widens the interval instead of moving it.

Recorded input
--------------
Replications that all draw from one recording say how far chance moves a figure *of this recording*. Another recording
of the same life would have given another figure, and no number of replications shows by how much: their intervals
shrink onto the recording's figure, not onto the truth. So each replication may draw, before it draws anything else, a
sample of the recording of its own: as many sessions, with replacement. Two levels of chance are then in each of them:

    Y_r = T(resample r) + noise_r,    Var Y_r = V + s

with V the variance of the figure over resamples, which by the bootstrap is that over recordings, and s that of the
simulation. The figure from all R replications together is off by the recording's own accident (variance V) and by the
mean of R resamples and noises, (V + s) / R. The spread S^2 of the replications estimates V + s, so the interval takes

    V + (V + s) / R <= S^2 (1 + 1/R)

in place of S^2 / R: the spread of single replications, not of their mean. To divide by R here, as if resamples were
luck, would make intervals too narrow by a factor of sqrt(R + 1) where s is small: nominal 95% intervals would hold the
truth in 57% of cases with 8 replications and in 29% with 30.

Such an interval is as wide as it must be where s is small beside V, which is so when a replication plays more sessions
than were recorded; where it plays few, it is too wide, by a factor of sqrt(1 + s / V) at the most. To tell V and s
apart takes several replications of each resample, and many resamples before that gains anything (Cheng and Holland
2004). More replications do not narrow it beyond V; a longer recording does.

References
----------
Asmussen and Glynn (2007), Stochastic Simulation, III.4 and III.5. Nakayama (2014), Confidence intervals for quantiles
using sectioning when applying variance-reduction techniques, ACM TOMACS 24(4). Schmeiser (1982), Batch size effects in
the analysis of simulation output, Operations Research 30(3): from eight to ten sections on, more of them gain little.
Barton and Schruben (1993), Uniform and bootstrap resampling of empirical distributions, WSC, and (2001), Resampling
methods for input modeling, WSC: a resample of the input for each replication, and the spread of the replications as
that of the answer. Barton, Nelson and Xie (2014), Quantifying input uncertainty via simulation confidence intervals,
INFORMS J. Computing 26(1): the simulation's own noise must be small, or else be told apart. Cheng and Holland (2004),
Calculation of confidence intervals for simulation output, ACM TOMACS 14(4).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

LEVEL = 0.95
"""Confidence level where none is asked for."""


class Interval(NamedTuple):
    """Two-sided confidence interval; both ends None where there is none."""

    low: float | None
    high: float | None


class Pooled(NamedTuple):
    """How often something happened in the trials of all replications together, where that is seldom or nearly always.

    Attributes
    ----------
    happened, trials : int
        Of so many trials, at least 1.
    unit, offset : float
        The figure is the share times one, plus the other: 1 and 0 for a share, the mean number of trials and 0 for a
        count, -1 and 1 for what is left of a share.
    """

    happened: int
    trials: int
    unit: float
    offset: float = 0.0

    def interval(self, level: float) -> tuple[float, float]:
        """Return the figures at the ends of the interval of the share, the lower first; see `clopper_pearson`."""
        low, high = sorted(self.offset + self.unit * end for end in clopper_pearson(self.happened, self.trials, level))
        return low, high


class Figure(TypedDict, total=False):
    """An estimate as it is told: the keys of a figure of a summary."""

    value: float | None
    low: float | None
    high: float | None
    why: str


@dataclass(frozen=True, slots=True, init=False)
class Estimate:
    """A figure, and what its spread is judged by.

    Attributes
    ----------
    value : float or None
        The figure from all replications together. May be infinite. None where the sample cannot support it.
    sections : tuple of float
        The same figure from each replication, in order of replication, or the jackknife's pseudo-values of it. Empty
        for a figure that chance does not move.
    why : str or None
        Why there is no value or no interval; None when there are both.
    resampled : bool
        Whether each replication drew from a resample of the recorded input of its own, so that the interval covers
        which input happened to be recorded.
    support : tuple of (float, float)
        The least and the largest that the figure can be, whatever chance does. Its interval ends there.
    pooled : Pooled or None
        For a share near 0 or 1: its interval is as wide as that of `sim.stats.proportions` at the least.

    Raises
    ------
    ValueError
        A number that is none (NaN), or no value and no reason.
    """

    value: float | None
    sections: tuple[float, ...]
    why: str | None
    resampled: bool
    support: tuple[float, float]
    pooled: Pooled | None

    def __init__(
        self, value: float | None, sections: Iterable[float] = (), why: str | None = None, resampled: bool = False,
        support: tuple[float, float] = (-math.inf, math.inf), pooled: Pooled | None = None,
    ) -> None:  # fmt: skip
        kept = tuple(float(section) for section in sections)
        if value is None and why is None:
            raise ValueError("an estimate without a value needs a reason")
        if any(map(math.isnan, kept)) or (value is not None and math.isnan(value)):
            raise ValueError("an estimate is not a number")
        object.__setattr__(self, "value", None if value is None else float(value))
        object.__setattr__(self, "sections", kept)
        object.__setattr__(self, "why", why or self._obstacle())
        object.__setattr__(self, "resampled", resampled)
        object.__setattr__(self, "support", support)
        object.__setattr__(self, "pooled", pooled)

    @property
    def constant(self) -> bool:
        """Whether there is a value, and chance does not move it: every replication gave it."""
        return self.why is None and self.pooled is None and all(section == self.value for section in self.sections)

    @property
    def unanimous(self) -> bool:
        """Whether the trials of all replications fell out the same way: they do not vary, and yet chance moves them."""
        return self.pooled is not None and self.pooled.happened in (0, self.pooled.trials)

    @property
    def error(self) -> float:
        """Standard error, for an estimate that has an interval."""
        n = len(self.sections)
        return math.sqrt(self._variance() * (n + 1 if self.resampled else 1) / n) if n else 0.0

    @property
    def noise(self) -> float:
        """Standard error as far as more replications would lessen it, for an estimate that has an interval."""
        return math.sqrt(self._variance() / len(self.sections)) if self.sections else 0.0

    def of_resamples(self) -> Estimate:
        """Return it as one of replications that each drew from a resample of the recorded input."""
        return Estimate(self.value, self.sections, self.why, True, self.support, self.pooled)

    def within(self, low: float, high: float = math.inf) -> Estimate:
        """Return it as one of a figure that cannot be below ``low``, nor above ``high``."""
        return Estimate(self.value, self.sections, self.why, self.resampled, (low, high), self.pooled)

    def of_trials(self, pooled: Pooled) -> Estimate:
        """Return it as one of a share near 0 or 1."""
        return Estimate(self.value, self.sections, self.why, self.resampled, self.support, pooled)

    def affine(self, factor: float, offset: float) -> Estimate:
        """Return that of the figure times a factor other than 0, plus an offset."""
        def of(number: float) -> float:
            return factor * number + offset

        low, high = sorted(map(of, self.support))
        pooled = self.pooled
        if pooled is not None:
            pooled = Pooled(pooled.happened, pooled.trials, factor * pooled.unit, of(pooled.offset))
        value = None if self.value is None else of(self.value)
        return Estimate(value, map(of, self.sections), self.why, self.resampled, (low, high), pooled)

    def _variance(self) -> float:
        """Return that of the sections about the value."""
        if self.constant or self.value is None:
            return 0.0
        return math.fsum((section - self.value) ** 2 for section in self.sections) / (len(self.sections) - 1)

    def _obstacle(self) -> str | None:
        """Say why sections cannot give an interval."""
        n = len(self.sections)
        infinite = sum(map(math.isinf, self.sections))
        if n == 1:
            return "one replication has no spread to judge by"
        if infinite and (infinite < n or self.sections.count(self.value or 0.0) < n):
            return f"infinite in {infinite} of {n} replications"
        return None


def exact(value: float) -> Estimate:
    """Return the estimate of a figure that chance does not move."""
    return Estimate(value)


def student(freedom: int, level: float = LEVEL) -> float:
    """Return the half width of a two-sided interval, in standard errors.

    Parameters
    ----------
    freedom : int
        Degrees of freedom, at least 1.
    level : float
        Confidence level in (0, 1).
    """
    # Imported here because it takes a third of a second, which `sim validate` cannot spare.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))


def interval(estimate: Estimate, level: float = LEVEL) -> Interval:
    """Return the confidence interval of an estimate by sectioning.

    Parameters
    ----------
    estimate : Estimate
        Of any kind.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    Interval
        Both ends None where ``estimate.why`` says that there is none. Of no width where chance moves nothing. Never
        beyond what the figure can be.
    """
    if estimate.value is None or estimate.why is not None:
        return Interval(None, None)
    if estimate.constant:
        return Interval(estimate.value, estimate.value)
    half = student(len(estimate.sections) - 1, level) * estimate.error
    low, high = estimate.value - half, estimate.value + half
    if estimate.pooled is not None:
        least, most = estimate.pooled.interval(level)
        low, high = min(low, least), max(high, most)
    return Interval(max(low, estimate.support[0]), min(high, estimate.support[1]))


def clopper_pearson(happened: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the confidence interval of a share, from independent trials.

    Parameters
    ----------
    happened, trials : int
        How often it happened in how many trials, at least 1.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    (float, float)
        The shares with which so many or more, and so few or fewer, have a probability of (1 - level) / 2 (Clopper and
        Pearson 1934). From 0 where it never happened, to 1 where it always did.
    """
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    least = betaincinv(happened, trials - happened + 1, tail) if happened else 0.0
    most = betaincinv(happened + 1, trials - happened, 1 - tail) if happened < trials else 1.0
    return float(least), float(most)


def figure(estimate: Estimate, level: float = LEVEL) -> Figure:
    """Return an estimate as a summary tells it.

    Returns
    -------
    Figure
        ``value``, ``low`` and ``high``; without an interval ``low`` and ``high`` are None and ``why`` is added;
        without a finite value (JSON has no infinity) ``value`` is None and only ``why`` is beside it.
    """
    if estimate.value is None:
        return {"value": None, "why": str(estimate.why)}
    if math.isinf(estimate.value):
        return {"value": None, "why": estimate.why or "infinite: too many requests did not complete"}
    low, high = interval(estimate, level)
    told: Figure = {"value": estimate.value, "low": low, "high": high}
    if estimate.why is not None:
        told["why"] = estimate.why
    return told

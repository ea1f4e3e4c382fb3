"""Arrivals as bursty as asked for, or as a recording was: a Poisson process whose rate wanders on several time scales.

Time is cut into windows, once for each time scale: windows of 1 s, of 10 s, of 60 s. In each window the rate is
multiplied by a factor of mean 1 of its own; factors of different scales are multiplied. Where the windows begin is
drawn by chance, so the process is stationary. Its index of dispersion of counts ``I(t) = Var N(t) / E N(t)`` is that of
any doubly stochastic Poisson process of mean rate m (Cox & Lewis, 1966, 7.2),

    ``I(t) = 1 + (2 m / t) int_0^t (t - u) C(u) du``,

with the covariance of the rate over m squared. Two times that are u apart fall into one window of length w with
probability ``1 - u / w``, so for factors of variance v_j it is

    ``C(u) = prod_j (1 + v_j max(0, 1 - u / w_j)) - 1``.

This is a polynomial between the lengths of windows, so I(t) is exact, and it is linear in each v_j.

Factors are Weibull: of variance 1 they are exponential, and of more often near 0. A gamma law would do as well, and
takes thirty times as long to draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from sim import luck
from sim.distributions import families
from sim.errors import AdvisedError
from sim.luck import Stream
from sim.scenario.arrivals import Burstiness
from sim.units import SECOND, show_duration
from sim.workload.fleet import Fleet
from sim.workload.modulation import Factors
from sim.workload.points import MAX_POINTS, too_many

_SCALE = 2**28
"""Entity of luck: number of the time scale times this, plus the agent."""

_LEAST = 1e-5
"""Variances below this are taken to be 0."""

_ROUNDS = 10_000
_PRECISION = 1e-9


def index(rate: float, windows: Sequence[float], variances: Sequence[float], t: float) -> float:
    """Return the index of dispersion of counts.

    Parameters
    ----------
    rate : float
        Mean rate, per unit of time.
    windows, variances : sequence of float
        Length of the windows of each time scale, and variance of their factors.
    t : float
        Time over which is counted.
    """
    total = 0.0
    for a, b in pairwise([0.0, *sorted({w for w in windows if w < t}), t]):
        product = [1.0]  # lowest power first
        for w, v in zip(windows, variances, strict=True):
            if w > a:
                product = _times(product, (1.0 + v, -v / w))
        product[0] -= 1.0
        for power, coefficient in enumerate(_times(product, (t, -1.0)), 1):
            total += coefficient * (b**power - a**power) / power
    return 1.0 + 2.0 * rate * total / t


def seen(rate: float, windows: Sequence[float], variances: Sequence[float], t: float, length: float) -> float:
    """Return the expected index of dispersion where it is measured on a piece, about the mean of the piece itself.

    Of K = length / t windows, the sample variance has expectation ``(Var N(t) - Var N(length) / K^2) K / (K - 1)``.

    Parameters
    ----------
    rate, windows, variances, t
        As in `index`.
    length : float
        Of the piece; infinite where the true mean is known.
    """
    found = index(rate, windows, variances, t)
    if length == float("inf"):
        return found
    count = length / t
    return (found - index(rate, windows, variances, length) / count) * count / (count - 1.0)


def solve(rate: float, windows: Sequence[float], goals: Sequence[float], length: float = float("inf")) -> list[float]:
    """Find variances for which the index of dispersion over each window is the one asked for.

    The index over a window is linear in each variance, so one is solved for after another, again and again until
    nothing moves. Where even no variance at all gives too much, it is 0.

    Parameters
    ----------
    rate : float
    windows : sequence of float
        Lengths, rising.
    goals : sequence of float
        Index over each.
    length : float
        Where the goals were measured on a recording, how long that was: then they are compared with what is seen on a
        piece of that length; see `seen`.
    """
    variances = [0.0] * len(windows)
    for _ in range(_ROUNDS):
        moved = 0.0
        for j, (w, goal) in enumerate(zip(windows, goals, strict=True)):
            before, variances[j] = variances[j], 0.0
            without = seen(rate, windows, variances, w, length)
            variances[j] = 1.0
            variances[j] = max(0.0, (goal - without) / (seen(rate, windows, variances, w, length) - without))
            moved = max(moved, abs(variances[j] - before) / (1.0 + before))
        if moved < _PRECISION:
            break
    return variances


def variances(burstiness: Burstiness, rate: float) -> list[float]:
    """Return the variance of the factors of each time scale.

    Parameters
    ----------
    burstiness : Burstiness
    rate : float
        Mean rate of all that is modulated together, a second.

    Raises
    ------
    AdvisedError
        When no variances give what is asked for.
    """
    windows = [length / SECOND for length in burstiness.at]
    found = solve(rate, windows, burstiness.index_of_dispersion)
    for w, goal in zip(windows, burstiness.index_of_dispersion, strict=True):
        made = index(rate, windows, found, w)
        if abs(made - goal) > 1e-6 * goal:
            told = show_duration(round(w * SECOND))
            raise AdvisedError(f"an index of dispersion of {goal:g} at {told} is too low: bursts of the other lengths "
                               f"make {made:.4g} there",
                               f"ask for {1.001 * made:.4g} or more at {told}, or leave it out")
    return found


def factors(burstiness: Burstiness, rate: float, paths: int, fleet: Fleet) -> Factors:
    """Draw the factors.

    Parameters
    ----------
    burstiness : Burstiness
    rate : float
        Mean rate of all that is modulated together, a second.
    paths : int
        One for the fleet, or one for each agent.
    fleet : Fleet
        Luck is in streams FACTOR and FACTOR_START.
    """
    where = fleet.seed, fleet.replication
    scales = [(j, w, v) for j, (w, v) in enumerate(zip(burstiness.at, variances(burstiness, rate), strict=True))
              if v > _LEAST]  # fmt: skip
    count = paths * sum(fleet.horizon // w + 1 for _, w, _ in scales)
    if count > MAX_POINTS:
        raise too_many(count, "windows of bursts")
    begun = {j: _begun(j, w, where) for j, w, _ in scales}
    starts = [np.arange(w - begun[j], fleet.horizon, w, dtype=np.int64) for j, w, _ in scales]
    start = np.unique(np.concatenate([np.zeros(1, np.int64), *starts]))
    factor = np.ones((paths, len(start)))
    path = np.arange(paths, dtype=np.int64)[:, None]
    for j, w, v in scales:
        window = (start + begun[j]) // w
        numbers = np.arange(window[-1] + 1, dtype=np.int64)
        law = families.build("weibull", {"mean": 1.0, "cv": v**0.5})
        drawn = law.quantile(luck.uniform(*where, Stream.FACTOR, j * _SCALE + path, numbers[None, :]).ravel())
        factor *= drawn.reshape(paths, len(numbers))[:, window]
    first = np.arange(paths + 1, dtype=np.int64) * len(start)
    return Factors(first, np.tile(start, paths), factor.ravel())


def _begun(scale: int, window: int, where: tuple[int, int]) -> int:
    """Return how much of the first window has passed when the run begins."""
    share = luck.uniform(*where, Stream.FACTOR_START, np.array([scale]))
    return int(share[0] * window)


def _times(polynomial: Sequence[float], factor: tuple[float, float]) -> list[float]:
    """Multiply a polynomial by a linear one; lowest powers first."""
    made = [0.0] * (len(polynomial) + 1)
    for power, coefficient in enumerate(polynomial):
        made[power] += coefficient * factor[0]
        made[power + 1] += coefficient * factor[1]
    return made

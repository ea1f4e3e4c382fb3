"""Arrivals as bursty as asked for, or as a recording was: a Poisson process whose rate wanders on several time scales.

Time is cut into windows, once for each time scale: windows of 1 s, of 10 s, of 60 s. In each window the rate is
multiplied by a factor of mean 1 of its own; factors of different scales are multiplied. Where the windows begin is
drawn by chance, so the process is stationary. `sim.scenario.dispersion` says how bursty that is.

Factors are Weibull: of variance 1 they are exponential, and of more often near 0. A gamma law would do as well, and
takes thirty times as long to draw.
"""

from __future__ import annotations

import numpy as np

from sim import luck
from sim.distributions import families
from sim.errors import AdvisedError
from sim.luck import Stream
from sim.scenario import dispersion
from sim.scenario.arrivals import Burstiness
from sim.units import SECOND
from sim.workload.fleet import Fleet
from sim.workload.modulation import Factors
from sim.workload.points import MAX_POINTS, too_many

_SCALE = 2**28
"""Entity of luck: number of the time scale times this, plus the agent."""

_LEAST = 1e-5
"""Variances below this are taken to be 0."""


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
    found = dispersion.solve(rate, windows, burstiness.index_of_dispersion)
    for beyond in dispersion.missed(rate, windows, found, burstiness.index_of_dispersion):
        raise AdvisedError(beyond.message, beyond.fix)
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

"""Waiting times of a single-server queue by Lindley's recursion, vectorised, with what theory says of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TICKS = 1_000_000
"""Ticks of the integer clock in a mean service time."""


def waits(service: Floats, gap: Floats, first: Floats) -> Floats:
    """W(k+1) = max(0, W(k) + S(k) - T(k)) along the last axis, solved by running sums: Asmussen (2003), III.6."""
    steps = np.concatenate([first[:, None], service[:, :-1] - gap[:, :-1]], axis=1)
    walk = steps.cumsum(axis=1)
    return walk - np.minimum(np.minimum.accumulate(walk, axis=1), 0)


def mm1(rng: np.random.Generator, rows: int, n: int, load: float) -> Floats:
    """Waiting times in an M/M/1 queue with mean service time 1 that is stationary from the first."""
    first = np.where(rng.random(rows) < load, rng.exponential(1 / (1 - load), rows), 0.0)
    return waits(rng.exponential(1.0, (rows, n)), rng.exponential(1 / load, (rows, n)), first)


def mm1_mean(load: float) -> float:
    return load / (1 - load)


def mm1_quantile(load: float, q: float) -> float:
    """P(W > t) = load exp(-(1 - load) t): Kleinrock (1975), 5.6."""
    return max(0.0, float(np.log(load / (1 - q))) / (1 - load))


def ticks(times: Floats) -> NDArray[np.int64]:
    return np.rint(times * TICKS).astype(np.int64)

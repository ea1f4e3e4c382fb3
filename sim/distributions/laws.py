"""Probability laws on [0, infinity): quantile function and partial moments, in portable arithmetic.

A law knows nothing of units or of how it was written. Formulas are those of Johnson, Kotz & Balakrishnan (1994, 1995),
Continuous Univariate Distributions, 2nd ed., and of Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions,
3rd ed., unless a class says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TypeVar

from sim.distributions.late import np
from sim.distributions.portable import Floats, exp, gamma_upper, log, ndtr, ndtri, power
from sim.distributions.single import exp1, lgamma, log1

FloatOrFloats = TypeVar("FloatOrFloats", float, "Floats")


class Law(ABC):
    """A law of one number that is never negative."""

    @abstractmethod
    def quantile(self, u: Floats) -> Floats:
        """Return the least x that is exceeded with probability ``1 - u`` at most.

        Parameters
        ----------
        u : float64[n]
            Strictly between 0 and 1.
        """

    @abstractmethod
    def tail(self, x: Floats, k: int = 0) -> Floats:
        """Return ``E[X^k; X > x]``, for k = 0 the probability of more than x.

        Parameters
        ----------
        x : float64[n]
            Finite and at least 0.
        k : {0, 1, 2}
        """

    def moment(self, k: int) -> float:
        """Return ``E[X^k]`` for k = 1 or 2; infinite where it is."""
        return float(self.tail(np.zeros(1), k)[0])

    def between(self, low: Floats, high: float, k: int) -> Floats:
        """Return ``E[X^k; low < X <= high]``."""
        return self.tail(low, k) - self.tail(np.array([high]), k)


class Inverted(Law):
    """A law whose quantile function is found numerically from its tail, to about 1e-13 relative."""

    @abstractmethod
    def bracket(self, u: Floats) -> tuple[Floats, Floats]:
        """Return values that the quantiles are between."""

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        levels, values = self._grid
        row = np.searchsorted(levels, u)
        low, high = values[np.maximum(row - 1, 0)], values[np.minimum(row, len(values) - 1)]
        outside = np.flatnonzero((row == 0) | (row == len(levels)))
        if len(outside):
            low[outside], high[outside] = self.bracket(u[outside])
        return invert(self.tail, u, low, high)

    @cached_property
    def _grid(self) -> tuple[Floats, Floats]:
        """Levels and their quantiles: brackets so narrow that few evaluations of the tail are left to do."""
        levels = 1.0 / (1.0 + exp(np.arange(-512.0, 513.0) / -32.0))
        low, high = self.bracket(levels)
        return levels, invert(self.tail, levels, low, high)


@dataclass(frozen=True)
class Constant(Law):
    """Always the same value."""

    value: float

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        return np.full_like(u, self.value)

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        return np.where(x < self.value, raised(self.value, k), 0.0)

    def moment(self, k: int) -> float:  # noqa: D102
        return raised(self.value, k)


@dataclass(frozen=True)
class Uniform(Law):
    """Evenly from ``low`` to ``high``."""

    low: float
    high: float

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        return self.low + (self.high - self.low) * u

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        begin = np.minimum(np.maximum(x, self.low), self.high)
        grown = raised(self.high, k + 1) - raised(begin, k + 1)
        return grown / ((k + 1) * (self.high - self.low))


@dataclass(frozen=True)
class Exponential(Law):
    """Exponential with this mean: memoryless."""

    mean: float

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        return -self.mean * log(1.0 - u)

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        t = x / self.mean
        polynomial = (1.0, 1.0 + t, 2.0 + t * (2.0 + t))[k]
        return exp(-t) * polynomial * raised(self.mean, k)


@dataclass(frozen=True)
class Lognormal(Law):
    """Exponential of a normal variable with mean ``mu`` and standard deviation ``sigma``."""

    mu: float
    sigma: float

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        return exp(self.mu + self.sigma * ndtri(u))

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        spread = k * self.sigma
        above = ndtr(spread - (log(x) - self.mu) / self.sigma)
        return above * exp1(k * self.mu + 0.5 * spread * spread) if k else above


@dataclass(frozen=True)
class Gamma(Inverted):
    """Gamma with this shape and scale."""

    shape: float
    scale: float

    def bracket(self, u: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        # P(a, x) <= x^a / Gamma(a + 1) bounds x from below; Wilson & Hilferty (1931) say where to look.
        low = exp((log(u) + lgamma(self.shape + 1.0)) / self.shape)
        ninth = 1.0 / (9.0 * self.shape)
        root = np.maximum(1.0 - ninth + ndtri(u) * np.sqrt(ninth), 0.0)
        high = np.maximum(1.1 * self.shape * root * root * root, 2.0 * low)
        high = np.where(low < 1e-290, low, high)  # shapes far below 1: as good as 0
        short = np.flatnonzero((gamma_upper(self.shape, high) > 1.0 - u) & (low < high))
        while len(short):
            high[short] *= 2.0
            short = short[gamma_upper(self.shape, high[short]) > 1.0 - u[short]]
        return low * self.scale, high * self.scale

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        rising = (1.0, self.shape, self.shape * (self.shape + 1.0))[k]
        return gamma_upper(self.shape + k, x / self.scale) * (rising * raised(self.scale, k))


@dataclass(frozen=True)
class Weibull(Law):
    """Weibull with this shape and scale."""

    shape: float
    scale: float

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        return self.scale * power(-log(1.0 - u), 1.0 / self.shape)

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        t = power(x / self.scale, self.shape)
        if k == 0:
            return exp(-t)
        order = 1.0 + k / self.shape
        return gamma_upper(order, t) * (exp1(lgamma(order)) * raised(self.scale, k))


@dataclass(frozen=True)
class Pareto(Law):
    """Pareto of the first kind: more than x with probability ``(minimum / x) ** shape``."""

    minimum: float
    shape: float

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        return self.minimum * exp(log(1.0 - u) / -self.shape)

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        begin = np.maximum(x, self.minimum)
        if self.shape <= k:
            return np.full_like(x, inf)
        ratio = power(self.minimum / begin, self.shape)
        return ratio * raised(begin, k) * (self.shape / (self.shape - k))

    def between(self, low: Floats, high: float, k: int) -> Floats:
        """Return ``E[X^k; low < X <= high]``, which is finite even where the moment is not."""
        if self.shape > k:
            return super().between(low, high, k)
        begin, end = np.maximum(low, self.minimum), max(high, self.minimum)
        unit = self.shape * raised(self.minimum, k)
        if self.shape == k:
            return unit * log(end / begin)
        order = k - self.shape
        grown = power(np.array([end / self.minimum]), order) - power(begin / self.minimum, order)
        return unit * grown / order


@dataclass(frozen=True)
class Geometric(Law):
    """Number of trials up to the first success, on 1, 2, ..., with this mean."""

    mean: float

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        if self.mean == 1.0:
            return np.ones_like(u)
        return np.maximum(np.ceil(log(1.0 - u) / self._log_failure), 1.0)

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        n = np.floor(x)
        second = self.mean * (2.0 * self.mean - 1.0)
        polynomial = (1.0, self.mean + n, second + n * (2.0 * self.mean + n))[k]  # E[(N + n)^k]: it has no memory
        if self.mean == 1.0:
            return np.where(n < 1.0, 1.0, 0.0)
        return exp(n * self._log_failure) * polynomial

    def moment(self, k: int) -> float:  # noqa: D102
        return (self.mean, self.mean * (2.0 * self.mean - 1.0))[k - 1]

    @property
    def _log_failure(self) -> float:
        return log1(1.0 - 1.0 / self.mean)


@dataclass(frozen=True, eq=False)
class Empirical(Law):
    """One of the values, each as likely: ``sorted[floor(u n)]``.

    Attributes
    ----------
    values : tuple of numbers
        In ascending order.
    """

    values: tuple[int | float, ...]

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        n = len(self.values)
        rows = np.minimum((u * n).astype(np.int64), n - 1)
        return self._sorted[rows]

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        powers = raised(self._sorted, k)
        sums = np.append(np.cumsum(powers[::-1])[::-1], 0.0)
        return sums[np.searchsorted(self._sorted, x, side="right")] / len(self.values)

    @cached_property
    def _sorted(self) -> Floats:
        return np.array(self.values, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Weighted(Law):
    """One of the values, each with its probability.

    Attributes
    ----------
    values : tuple of numbers
        In ascending order.
    shares : tuple of float
        They add up to 1.
    """

    values: tuple[int | float, ...]
    shares: tuple[float, ...]

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        values, below = self._knots
        return values[np.minimum(np.searchsorted(below, u, side="right"), len(values) - 1)]

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        values, _ = self._knots
        sums = np.append(np.cumsum((raised(values, k) * np.array(self.shares))[::-1])[::-1], 0.0)
        return sums[np.searchsorted(values, x, side="right")]

    @cached_property
    def _knots(self) -> tuple[Floats, Floats]:
        """Return the values, and the probability of each or less."""
        return np.array(self.values, dtype=np.float64), np.cumsum(self.shares)


@dataclass(frozen=True)
class Bathtub(Inverted):
    """Lives with many early ends, few in the middle, many before a hard limit, and none beyond it.

    ``F(t) = share (1 - exp(-t / early) + exp((t - end) / late) - exp(-end / late))`` up to ``end``, where all others
    end: Kadupitiya, Jadhao & Sharma (2020, Modeling the temporally constrained preemptions of transient cloud VMs,
    HPDC, equation 1), with what makes F(0) 0.

    Attributes
    ----------
    share : float
        Of lives in each of the two flanks, at most 1/2.
    early, late : float
        Time constants of the flanks.
    end : float
        The longest life.
    """

    share: float
    early: float
    late: float
    end: float

    def bracket(self, u: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        return np.where(1.0 - u <= self._rest, self.end, 0.0), np.full_like(u, self.end)

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        begin, limit = np.minimum(x, self.end), np.array([self.end])
        early = Exponential(self.early).between(begin, self.end, k)
        late = self._rising(limit, k) - self._rising(begin, k)
        return np.where(x < self.end, self.share * (early + late) + self._rest * raised(self.end, k), 0.0)

    @property
    def _rest(self) -> float:
        """Probability of the longest life."""
        return 1.0 - self.share * (2.0 - exp1(-self.end / self.early) - exp1(-self.end / self.late))

    def _rising(self, t: Floats, k: int) -> Floats:
        """Antiderivative of ``t^k exp((t - end) / late) / late``."""
        c = self.late
        polynomial = (1.0, t - c, t * (t - 2.0 * c) + 2.0 * c * c)[k]
        return exp((t - self.end) / c) * polynomial


@dataclass(frozen=True, eq=False)
class LogLinear(Law):
    """Quantile function that is a straight line between knots when values are on a logarithmic scale.

    Each piece is a reciprocal (log-uniform) distribution.

    Attributes
    ----------
    levels, values : tuple of float
        Knots: probabilities from 0 to 1, ascending; values above 0, not descending.
    """

    levels: tuple[float, ...]
    values: tuple[float, ...]

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        levels, values = self._knots
        piece = np.searchsorted(levels, u, side="right") - 1
        start, width = levels[piece], np.diff(levels)[piece]
        slope = log(values[1:] / values[:-1])[piece]
        return np.minimum(values[piece] * exp(slope * ((u - start) / width)), values[piece + 1])

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        levels, values = self._knots
        total = np.zeros_like(x)
        for width, low, high in zip(np.diff(levels), values[:-1], values[1:], strict=True):
            if low == high:
                total += np.where(x < low, width * raised(low, k), 0.0)
                continue
            begin = np.minimum(np.maximum(x, low), high)
            grown = (raised(high, k) - raised(begin, k)) / k if k else log(high / begin)
            total += width * grown / log1(high / low)
        return total

    @cached_property
    def _knots(self) -> tuple[Floats, Floats]:
        return np.array(self.levels), np.array(self.values)


@dataclass(frozen=True)
class Mixture(Inverted):
    """One of several laws, each with its weight.

    Attributes
    ----------
    weights : tuple of float
        They add up to 1.
    laws : tuple of Law
    """

    weights: tuple[float, ...]
    laws: tuple[Law, ...]

    def bracket(self, u: Floats) -> tuple[Floats, Floats]:  # noqa: D102
        each = [law.quantile(u) for law in self.laws]
        return np.minimum.reduce(each), np.maximum.reduce(each)

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        total = np.zeros_like(x)
        for weight, law in zip(self.weights, self.laws, strict=True):
            total += weight * law.tail(x, k)
        return total

    def between(self, low: Floats, high: float, k: int) -> Floats:
        """Return ``E[X^k; low < X <= high]``."""
        total = np.zeros_like(low)
        for weight, law in zip(self.weights, self.laws, strict=True):
            total += weight * law.between(low, high, k)
        return total


@dataclass(frozen=True)
class Clipped(Law):
    """Another law, of which what is below ``low`` becomes ``low`` and what is above ``high`` becomes ``high``."""

    law: Law
    low: float
    high: float

    def quantile(self, u: Floats) -> Floats:  # noqa: D102
        return np.minimum(np.maximum(self.law.quantile(u), self.low), self.high)

    def tail(self, x: Floats, k: int = 0) -> Floats:  # noqa: D102
        begin = np.minimum(np.maximum(x, self.low), self.high)
        if self.high == inf:
            total = self.law.tail(begin, k)
        else:
            total = self.law.between(begin, self.high, k) + raised(self.high, k) * self.law.tail(np.array([self.high]))
        lifted = raised(self.low, k) * (1.0 - self.law.tail(np.array([self.low])))
        total = total + np.where(x < self.low, lifted, 0.0)
        return np.where(x < self.high, total, 0.0)


def raised(x: FloatOrFloats, k: int) -> FloatOrFloats:
    """``x ** k`` by multiplication."""
    result = x**0
    for _ in range(k):
        result = result * x
    return result


def invert(tail: Callable[[Floats], Floats], u: Floats, low: Floats, high: Floats) -> Floats:
    """Return the least x from ``low`` to ``high`` with ``tail(x) <= 1 - u``.

    Chandrupatla (1997), A new hybrid quadratic/bisection algorithm, Advances in Engineering Software 28, 145-149. Each
    element stops by itself, so that it does not depend on its neighbours: when the probability is met to 1e-13, or
    when x is known to the last place (or to 1e-290).

    Parameters
    ----------
    tail : callable
        Falling, elementwise.
    u, low, high : float64[n]
        Probabilities, and a bracket for each answer.
    """
    rest = 1.0 - u
    enough = 1e-13 * np.minimum(u, rest)
    at_low = tail(low) - rest
    result = np.where(at_low <= 0.0, low, high)
    rows = np.flatnonzero((at_low > 0.0) & (low < high))
    x1, x2, goal, near = high[rows], low[rows], rest[rows], enough[rows]
    f1, f2 = np.minimum(tail(x1) - goal, 0.0), at_low[rows]
    t = np.minimum(np.maximum(f1 / (f1 - f2), 1e-3), 0.999)
    while len(rows):
        x = x1 + t * (x2 - x1)
        f = tail(x) - goal
        same = (f > 0.0) == (f1 > 0.0)
        x3, f3 = np.where(same, x1, x2), np.where(same, f1, f2)
        x2, f2 = np.where(same, x2, x1), np.where(same, f2, f1)
        x1, f1 = x, f
        least = (4.5e-16 * np.maximum(x1, x2) + 1e-290) / np.abs(x2 - x1)
        met = np.abs(f1) <= near
        done = met | (least > 0.5)
        result[rows[done]] = np.where(met | (f1 <= 0.0), x1, x2)[done]
        t = np.minimum(np.maximum(_step(x1, x2, x3, f1, f2, f3), least), 1.0 - least)
        left = ~done
        rows, goal, near, t = rows[left], goal[left], near[left], t[left]
        x1, x2, f1, f2 = x1[left], x2[left], f1[left], f2[left]
    return result


def _step(x1: Floats, x2: Floats, x3: Floats, f1: Floats, f2: Floats, f3: Floats) -> Floats:
    """Inverse quadratic interpolation where it is safe, else bisection: the way from x1 to x2, as a share."""
    with np.errstate(divide="ignore", invalid="ignore"):
        xi = (x1 - x2) / (x3 - x2)
        phi = (f1 - f2) / (f3 - f2)
        smooth = (phi * phi < xi) & ((1.0 - phi) * (1.0 - phi) < 1.0 - xi)
        quadratic = f1 / (f2 - f1) * f3 / (f2 - f3) + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
    return np.where(smooth, quadratic, 0.5)

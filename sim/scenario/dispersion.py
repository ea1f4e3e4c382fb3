"""How bursty arrivals are whose rate wanders on several time scales: the index of dispersion of their counts.

Time is cut into windows of each of several lengths. In each window the rate is multiplied by a factor of mean 1 of its
own. The index of dispersion of counts ``I(t) = Var N(t) / E N(t)`` is that of any doubly stochastic Poisson process of
mean rate m (Cox & Lewis, 1966, 7.2),

    ``I(t) = 1 + (2 m / t) int_0^t (t - u) C(u) du``,

with the covariance of the rate over m squared. Two times that are u apart fall into one window of length w with
probability ``1 - u / w``, so for factors of variance v_j it is

    ``C(u) = prod_j (1 + v_j max(0, 1 - u / w_j)) - 1``.

This is a polynomial between the lengths of windows, so I(t) is exact, and it is linear in each v_j.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sim.units import SECOND, show_duration

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


@dataclass(frozen=True, slots=True)
class Missed:
    """An index that is not met.

    Attributes
    ----------
    place : int
        Which it is.
    message, fix : str
    """

    place: int
    message: str
    fix: str


def missed(
    rate: float, windows: Sequence[float], variances: Sequence[float], goals: Sequence[float]
) -> Iterator[Missed]:
    """Say which indices are not those asked for, though the variances are the best.

    Parameters
    ----------
    rate : float
        A second.
    windows, variances, goals : sequence of float
        Windows in seconds.
    """
    for place, (w, goal) in enumerate(zip(windows, goals, strict=True)):
        made = index(rate, windows, variances, w)
        if abs(made - goal) > 1e-6 * goal:
            told = show_duration(round(w * SECOND))
            yield Missed(place, f"an index of dispersion of {goal:g} at {told} is too low: bursts of the other lengths "
                         f"make {made:.4g} there", f"ask for {1.001 * made:.4g} or more at {told}, or leave it out")


def _times(polynomial: Sequence[float], factor: tuple[float, float]) -> list[float]:
    """Multiply a polynomial by a linear one; lowest powers first."""
    made = [0.0] * (len(polynomial) + 1)
    for power, coefficient in enumerate(polynomial):
        made[power] += coefficient * factor[0]
        made[power + 1] += coefficient * factor[1]
    return made

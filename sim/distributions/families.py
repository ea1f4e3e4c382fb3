"""The kinds of distribution: which parameters each takes, and the law they make."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import inf
from typing import Final

from sim.distributions.laws import (
    Bathtub,
    Clipped,
    Constant,
    Exponential,
    Gamma,
    Geometric,
    Law,
    LogLinear,
    Lognormal,
    Mixture,
    Pareto,
    Uniform,
    Weibull,
)
from sim.distributions.single import exp1, lgamma, log1, ndtri1
from sim.errors import AdvisedError, choose, quoted

Numbers = Mapping[str, float]

_LEVEL = re.compile(r"p(\d{1,2})(?:[._](\d{1,6}))?")
_LARGEST_SHAPE = 1e5


class Role(Enum):
    """What a parameter is a number of."""

    AMOUNT = "amount"
    """A duration or a count, as the distribution itself."""
    RATE = "rate"
    """How often: for durations with its unit, for counts a plain number."""
    NUMBER = "number"
    """Of no unit."""


@dataclass(frozen=True)
class Family:
    """One kind of distribution.

    Attributes
    ----------
    about : str
        What it is, for the reference.
    example : str
        A text that parses, of durations where the family has them.
    roles : mapping of str to Role
        Its parameters in their order; percentiles (``p95``) are amounts and come after them.
    forms : tuple of tuples of str
        Sets of parameters that make a law. Empty when `build` itself says which do.
    build : callable
        Parameters in base units to the law.
    positional : tuple of str
        Parameters that need no name.
    percentiles : bool
        Whether it takes percentiles.
    counts_only : bool
        Whether it makes no sense for durations.
    """

    about: str
    example: str
    roles: Mapping[str, Role]
    forms: tuple[tuple[str, ...], ...]
    build: Callable[[Numbers], Law]
    positional: tuple[str, ...] = ()
    percentiles: bool = False
    counts_only: bool = False


BOUNDS: Final = ("min", "max")
"""Parameters that every kind takes beside its own."""


def level(name: str) -> Fraction | None:
    """Return the probability that the name of a percentile stands for: 19/20 for ``p95``; None for any other name."""
    found = _LEVEL.fullmatch(name)
    if found is None:
        return None
    whole, decimals = found[1], found[2] or ""
    return Fraction(int(whole + decimals), 100 * 10 ** len(decimals)) or None


def role(family: Family, name: str) -> Role | None:
    """Return the role of a parameter in a family, or None when it takes no such parameter."""
    if name in family.roles:
        return family.roles[name]
    if name in BOUNDS or (family.percentiles and level(name) is not None):
        return Role.AMOUNT
    return None


def order(family: Family, name: str) -> tuple[int, Fraction]:
    """Return the key by which parameters are sorted: own ones, percentiles, bounds."""
    if name in family.roles:
        return list(family.roles).index(name), Fraction(0)
    if name in BOUNDS:
        return len(family.roles) + 1 + BOUNDS.index(name), Fraction(0)
    return len(family.roles), level(name) or Fraction(0)


def build(kind: str, numbers: Numbers) -> Law:
    """Make the law of a kind with scalar parameters.

    Parameters
    ----------
    kind : str
        A key of `FAMILIES`.
    numbers : mapping of str to float
        Parameters in base units: microseconds or counts; rates per base unit.

    Raises
    ------
    AdvisedError
        The parameters contradict each other, or one is out of range, or one is missing.
    """
    family = FAMILIES[kind]
    own = {name: value for name, value in numbers.items() if name not in BOUNDS}
    if family.forms and set(own) not in map(set, family.forms):
        raise AdvisedError(f"{kind} cannot be made of {_listed(own)}", f"give it {_wanted(family)}")
    for name, value in own.items():
        if value <= 0.0 and name not in ("value", "low"):
            raise AdvisedError(f"{quoted(name)} of {kind} is not above 0", f"write such as `{family.example}`")
        if value == inf:
            raise AdvisedError(f"{quoted(name)} of {kind} is beyond the range of numbers", "write a smaller one")
    if kind == "quantiles":
        return family.build(numbers)
    return bounded(family.build(own), numbers)


def bounded(law: Law, numbers: Numbers) -> Law:
    """Return the law with the bounds ``min`` and ``max``, where there are any."""
    low, high = numbers.get("min", 0.0), numbers.get("max", inf)
    if low >= high:
        raise AdvisedError("`min` is not below `max`", "swap the two, or write the constant itself")
    return law if low == 0.0 and high == inf else Clipped(law, low, high)


def _listed(names: Iterable[str]) -> str:
    return " and ".join(quoted(name) for name in names) or "nothing"


def _wanted(family: Family) -> str:
    return ", or ".join(_listed(form) for form in family.forms) + f", such as `{family.example}`"


def _constant(p: Numbers) -> Law:
    return Constant(p["value"])


def _uniform(p: Numbers) -> Law:
    if p["low"] >= p["high"]:
        raise AdvisedError("`low` of uniform is not below `high`", "swap the two, or write the constant itself")
    return Uniform(p["low"], p["high"])


def _exponential(p: Numbers) -> Law:
    return Exponential(p["mean"] if "mean" in p else 1.0 / p["rate"])


def _gamma(p: Numbers) -> Law:
    shape = p["shape"] if "shape" in p else 1.0 / (p["cv"] * p["cv"])
    if not 1e-3 <= shape <= _LARGEST_SHAPE:
        raise AdvisedError(f"a gamma distribution of shape {shape:g} is out of range",
                           "keep the cv between 0.0032 and 31, or write a constant")
    return Gamma(shape, p["scale"] if "scale" in p else p["mean"] / shape)


def _weibull(p: Numbers) -> Law:
    shape = p["shape"] if "shape" in p else _weibull_shape(p["cv"])
    if not 0.05 <= shape <= 1000.0:
        raise AdvisedError(f"a Weibull distribution of shape {shape:g} is out of range", "keep it from 0.05 to 1000")
    return Weibull(shape, p["scale"] if "scale" in p else p["mean"] / exp1(lgamma(1.0 + 1.0 / shape)))


def _weibull_shape(cv: float) -> float:
    """Solve ``1 + cv^2 = Gamma(1 + 2/k) / Gamma(1 + 1/k)^2`` for k, by bisection of its logarithm."""
    goal = log1(1.0 + cv * cv)
    low, high = 0.05, 1000.0
    if not _weibull_spread(high) <= goal <= _weibull_spread(low):
        raise AdvisedError(f"no Weibull distribution in range has a cv of {cv:g}", "keep the cv from 0.0013 to 300,000")
    while True:
        middle = 0.5 * (low + high)
        if middle in (low, high):
            return middle
        low, high = (middle, high) if _weibull_spread(middle) > goal else (low, middle)


def _weibull_spread(shape: float) -> float:
    return lgamma(1.0 + 2.0 / shape) - 2.0 * lgamma(1.0 + 1.0 / shape)


def _pareto(p: Numbers) -> Law:
    if "minimum" in p:
        return Pareto(p["minimum"], p["shape"])
    if p["shape"] <= 1.0:
        raise AdvisedError("a Pareto distribution of shape 1 or less has no finite mean",
                           "give `minimum` in place of `mean`, or a shape above 1")
    return Pareto(p["mean"] * (p["shape"] - 1.0) / p["shape"], p["shape"])


def _hyperexponential(p: Numbers) -> Law:
    """Two exponentials of balanced means (Morse, 1958; Tijms, 2003, A First Course in Stochastic Models, App. B)."""
    square = p["cv"] * p["cv"]
    if square <= 1.0:
        raise AdvisedError("a hyperexponential distribution has a cv above 1",
                           "write exponential for 1, gamma for less")
    first = 0.5 * (1.0 + math.sqrt((square - 1.0) / (square + 1.0)))
    second = 1.0 / (square + 1.0) / (2.0 * first)  # 1 - first, without cancellation
    half = 0.5 * p["mean"]
    return Mixture((first, second), (Exponential(half / first), Exponential(half / second)))


def _geometric(p: Numbers) -> Law:
    if p["mean"] < 1.0:
        raise AdvisedError("`mean` of geometric is below 1, its least value", "write a mean of 1 or more")
    return Geometric(p["mean"])


def _bathtub(p: Numbers) -> Law:
    if p["share"] > 0.5:
        raise AdvisedError(f"{p['share']:g} of all lives in each of two flanks are more than all",
                           "write a `share` of 0.5 or less")
    return Bathtub(p["share"], p["early"], p["late"], p["end"])


def _quantiles(p: Numbers) -> Law:
    knots = sorted((float(at), value) for name, value in p.items() if (at := level(name)) is not None)
    if len(knots) < 2 or "max" not in p:
        raise AdvisedError("quantiles needs two percentiles and `max`, because nobody knows the tail beyond the last",
                           "add `max=`, the largest value there is, such as "
                           "`quantiles(p50=1 s, p90=2 s, p99=5 s, max=20 s)`")
    (u1, v1), (u2, v2) = knots[:2]
    low = p.get("min") or v1 * exp1(log1(v1 / v2) * (u1 / (u2 - u1)))
    levels = (0.0, *(at for at, _ in knots), 1.0)
    values = (low, *(value for _, value in knots), p["max"])
    if any(values[i] > values[i + 1] for i in range(len(values) - 1)) or values[0] == values[-1]:
        raise AdvisedError("the values of quantiles do not rise with their percentiles", "put them in order")
    return LogLinear(levels, values)


def _lognormal(p: Numbers) -> Law:
    places = [name for name in p if name in ("mean", "median") or level(name) is not None]
    spreads = [name for name in p if name in ("sigma", "cv")]
    if len(p) != 2 or not places or {"median", "p50"} <= set(p):
        raise AdvisedError(f"lognormal cannot be made of {_listed(p)}",
                           "give it two of `mean`, `median`, percentiles, `sigma`, `cv` (one of the last two at most), "
                           "such as `lognormal(mean=1.5 s, p95=5 s)`")
    if spreads:
        sigma = p["sigma"] if "sigma" in p else math.sqrt(log1(1.0 + p["cv"] * p["cv"]))
        return Lognormal(_lognormal_mu(places[0], p, sigma), sigma)
    if "mean" in p:
        other = places[0] if places[1] == "mean" else places[1]
        sigma = _sigma_of_mean(other, p["mean"], p[other])
        return Lognormal(_lognormal_mu(other, p, sigma), sigma)
    first, second = sorted(places, key=_normal)
    if p[first] >= p[second]:
        raise AdvisedError(f"{quoted(first)} of lognormal is not below {quoted(second)}", "swap the two values")
    sigma = log1(p[second] / p[first]) / (_normal(second) - _normal(first))
    return Lognormal(_lognormal_mu(first, p, sigma), sigma)


def _lognormal_mu(name: str, p: Numbers, sigma: float) -> float:
    shift = -0.5 * sigma * sigma if name == "mean" else -_normal(name) * sigma
    return log1(p[name]) + shift


def _normal(name: str) -> float:
    """Return the quantile of the standard normal distribution at ``median`` or ``p95``."""
    return 0.0 if name in ("median", "p50") else ndtri1(float(level(name) or 0))


def _sigma_of_mean(name: str, mean: float, value: float) -> float:
    """Solve ``log(value / mean) = z sigma - sigma^2 / 2`` for sigma: the smaller root above 0, if there is one."""
    z, d = _normal(name), log1(value / mean)
    most = mean * exp1(0.5 * z * z) if z > 0.0 else mean
    square = z * z - 2.0 * d
    if square < 0.0 or (z <= 0.0 and d >= 0.0):
        raise AdvisedError(f"no lognormal distribution has a {name} of {value / mean:.4g} times its mean: "
                           f"it is {most / mean:.4g} times at most",
                           f"lower the {name}, raise the mean, or write `median=` and `sigma=`")
    root = math.sqrt(square)
    sigma = 2.0 * d / (z + root) if d > 0.0 else z + root
    if d <= 0.0 and sigma > 3.0:
        raise AdvisedError(f"the only lognormal distribution with this {name}, below its mean, has a sigma of "
                           f"{sigma:.3g}: its mean is made by a few gigantic values",
                           "if the two were swapped, swap them; if it is meant, write `median=` and `sigma=`")
    return sigma


_A, _R, _N = Role.AMOUNT, Role.RATE, Role.NUMBER


def _forms(*forms: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(form.split()) for form in forms)


FAMILIES: Final[Mapping[str, Family]] = {
    "constant": Family("always the same value", "constant(2 s)", {"value": _A}, _forms("value"), _constant, ("value",)),
    "uniform": Family("evenly from low to high", "uniform(1 s, 3 s)", {"low": _A, "high": _A}, _forms("low high"),
                      _uniform, ("low", "high")),
    "exponential": Family("memoryless", "exponential(mean=2 s)", {"mean": _A, "rate": _R}, _forms("mean", "rate"),
                          _exponential, ("mean",)),
    "lognormal": Family("logarithm is normal; two of mean, median, percentiles, sigma, cv",
                        "lognormal(mean=1.5 s, p95=5 s)", {"mean": _A, "median": _A, "sigma": _N, "cv": _N}, (),
                        _lognormal, percentiles=True),
    "gamma": Family("sum of exponentials, for any shape", "gamma(mean=2 s, cv=0.5)",
                    {"mean": _A, "cv": _N, "shape": _N, "scale": _A}, _forms("mean cv", "mean shape", "shape scale"),
                    _gamma),
    "weibull": Family("lifetimes whose hazard rises (shape above 1) or falls (below 1)", "weibull(mean=2 h, shape=0.6)",
                      {"mean": _A, "cv": _N, "shape": _N, "scale": _A},
                      _forms("mean shape", "mean cv", "shape scale"), _weibull),
    "pareto": Family("power law above a minimum", "pareto(minimum=1 s, shape=1.5)",
                     {"mean": _A, "minimum": _A, "shape": _N}, _forms("minimum shape", "mean shape"), _pareto),
    "hyperexponential": Family("two exponentials of balanced means; cv above 1", "hyperexponential(mean=2 s, cv=3)",
                               {"mean": _A, "cv": _N}, _forms("mean cv"), _hyperexponential),
    "bathtub": Family("lives of which a share ends early and as many before a hard end, with these time constants",
                      "bathtub(share=0.4, early=1 h, late=50 min, end=24 h)",
                      {"share": _N, "early": _A, "late": _A, "end": _A}, _forms("share early late end"), _bathtub),
    "geometric": Family("number of trials up to the first success: 1, 2, ...", "geometric(mean=3)", {"mean": _A},
                        _forms("mean"), _geometric, ("mean",), counts_only=True),
    "quantiles": Family("through percentiles, straight in between on a logarithmic scale; below the first it goes on "
                        "as up to the second unless min says where it begins",
                        "quantiles(p50=1 s, p90=2 s, p99=5 s, max=20 s)", {}, (), _quantiles, percentiles=True),
}  # fmt: skip
"""Kinds with scalar parameters, by name. ``empirical`` and ``mixture`` have their own form."""

COMPOSITE: Final[Mapping[str, str]] = {
    "empirical": "empirical([1 s, 2 s, 2 s, 5 s])",
    "mixture": "mixture(0.9: 100 ms, 0.1: exponential(mean=5 s))",
}
"""Kinds with a form of their own, and an example of each."""

_INSTEAD: Final = {
    "normal": "it would be negative at times: write lognormal or gamma",
    "gaussian": "it would be negative at times: write lognormal or gamma",
    "poisson": "write geometric, or a constant; for arrivals write a rate",
    "erlang": "write `gamma(mean=.., shape=..)` with a whole shape",
    "fixed": "write the value alone", "deterministic": "write the value alone",
}  # fmt: skip


def unknown(kind: str) -> AdvisedError:
    """Return the error for a name that is no kind of distribution."""
    return AdvisedError(f"unknown distribution {quoted(kind)}",
                        _INSTEAD.get(kind.casefold()) or choose(kind, [*FAMILIES, *COMPOSITE]))

"""Service times of mean 1 for the queues of the textbook, from scipy.stats and so not from `sim.distributions`."""

from dataclasses import dataclass

import numpy as np
import scipy.stats
from scipy.integrate import quad


@dataclass(frozen=True)
class Law:
    """A service law of mean 1.

    Attributes
    ----------
    frozen : scipy.stats distribution, or None for a service that always takes 1
    """

    name: str
    frozen: object | None

    def draw(self, rng, n):
        return np.ones(n) if self.frozen is None else self.frozen.rvs(n, random_state=rng)

    @property
    def square(self):
        """E[S^2]."""
        return 1.0 if self.frozen is None else self.frozen.var() + 1.0

    @property
    def variance(self):
        return self.square - 1.0

    def capped(self, bound):
        """E[min(S, bound)]."""
        return min(1.0, bound) if self.frozen is None else quad(self.frozen.sf, 0.0, bound)[0]

    def below(self, bound):
        """E[S; S < bound], of a law that varies."""
        return self.capped(bound) - bound * self.frozen.sf(bound)

    def __str__(self):
        return self.name


def lognormal(cv):
    sigma = np.sqrt(np.log1p(cv**2))
    return Law(f"lognormal cv {cv}", scipy.stats.lognorm(sigma, scale=np.exp(-(sigma**2) / 2)))


def gamma(cv):
    return Law(f"gamma cv {cv}", scipy.stats.gamma(cv**-2, scale=cv**2))


def pareto(shape):
    return Law(f"Pareto shape {shape}", scipy.stats.pareto(shape, scale=(shape - 1) / shape))


CONSTANT = Law("constant", None)
EXPONENTIAL = Law("exponential", scipy.stats.expon())
UNIFORM = Law("uniform", scipy.stats.uniform(0, 2))


def arrivals(seed, n, law, mean):
    """Poisson arrivals, one a second, and services, in whole microseconds."""
    rng = np.random.default_rng(seed)
    at = np.cumsum(rng.exponential(1.0, n))
    return np.round(at, 6), np.round(law.draw(rng, n) * mean, 6)

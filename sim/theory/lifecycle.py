"""Instances that fall asleep, and pools that open an instance for a request."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.special import exprel

from sim.distributions import Distribution
from sim.theory.markov import MMcK, require_stable

Floats = NDArray[np.float64]

_LEVELS = np.concatenate([[1e-9, 1e-4], np.linspace(0.01, 0.99, 50), 1.0 - 10.0 ** -np.arange(3.0, 15.0)])
"""Between the quantiles of these, and so also between most jumps, an integral over the service time is done apart."""


@dataclass(frozen=True)
class Rung:
    """One rung of a ladder.

    Attributes
    ----------
    after : float
        Time in the phase before (idle, or resting one rung higher) until the rung is entered; may be infinite.
    enter : float
        Time to enter it. Who comes meanwhile waits until it is entered, then for the wake.
    wake : float
        Mean time to wake from it.
    wake_variance : float
        Variance of that time.
    """

    after: float
    enter: float
    wake: float
    wake_variance: float = 0.0


@dataclass(frozen=True)
class Ladder:
    """An instance's ladder as the first request of a busy spell meets it, when requests come as a Poisson process.

    An instance that falls idle is idle for ``after[0]``, enters rung 0 for ``enter[0]``, rests in it for ``after[1]``,
    enters rung 1 and so on; it stays in the last one. The first request comes an exponential time later, so the rung
    that it finds, and the time D until the instance is ready for it, do not depend on the past. Rung j has been left
    unvisited with probability ``1 - r(j)``, ``r(j) = exp(-lambda a(j))``, where a(j) adds up all times up to its being
    entered.

    Attributes
    ----------
    arrival_rate : float
        Per unit of time.
    rungs : tuple of Rung
        At least one.
    """

    arrival_rate: float
    rungs: tuple[Rung, ...]

    @property
    def reached(self) -> Floats:
        """Probability ``r(j)`` that an idle spell lasts until rung j is entered; float64[k + 1], the last one 0."""
        begins, at = [], 0.0
        for rung in self.rungs:
            at += rung.after
            begins.append(at)
            at += rung.enter
        return np.array([math.exp(-self.arrival_rate * begin) for begin in (*begins, inf)])

    @property
    def found(self) -> Floats:
        """Probability that the first request finds the instance entering rung j or resting in it, float64[k]."""
        return np.asarray(self.reached[:-1] - self.reached[1:])

    def delay(self, power: int) -> Floats:
        """``E[D^power; rung j is found]`` for power 1 or 2, float64[k].

        ``D = wake + max(enter - X, 0)`` with X exponential, from when the rung began to be entered.
        """
        return np.array([self._delay(j, power) for j in range(len(self.rungs))])

    def _delay(self, j: int, power: int) -> float:
        rung, reached, found = self.rungs[j], float(self.reached[j]), float(self.found[j])
        gap = 1.0 / self.arrival_rate
        met = -math.expm1(-self.arrival_rate * rung.enter)
        rest = rung.enter - gap * met
        if power == 1:
            return found * rung.wake + reached * rest
        rest_square = rung.enter**2 - 2.0 * gap * rest
        square = rung.wake_variance + rung.wake**2
        return found * square + reached * (2.0 * rung.wake * rest + rest_square)

    @property
    def idle(self) -> float:
        """Mean time idle before the first request or rung 0: ``(1 - r(0)) / lambda``."""
        return (1.0 - float(self.reached[0])) / self.arrival_rate

    @property
    def entering(self) -> Floats:
        """Mean time entering rung j in an idle spell, float64[k]. What has begun is brought to its end."""
        return np.asarray(self.reached[:-1] * [rung.enter for rung in self.rungs])

    @property
    def resting(self) -> Floats:
        """Mean time resting in rung j in an idle spell, float64[k]."""
        entered = self.reached[:-1] * np.exp([-self.arrival_rate * rung.enter for rung in self.rungs])
        return np.asarray((entered - self.reached[1:]) / self.arrival_rate)

    @property
    def waking(self) -> Floats:
        """Mean time waking from rung j after an idle spell, float64[k]."""
        return np.asarray(self.found * [rung.wake for rung in self.rungs])

    def transform(self, s: Floats) -> Floats:
        """``E[exp(-s D)]``, with D = 0 for who finds the instance idle; for wakes that always take the same time."""
        total = np.full_like(s, 1.0 - self.reached[0])
        for rung, reached, left in zip(self.rungs, self.reached[:-1], self.reached[1:], strict=True):
            # Who comes while it is entered waits for the rest of that; int_0^e l exp(-l x) exp(-s (e - x)) dx.
            load = self.arrival_rate * rung.enter
            enters = load * exprel(s * rung.enter - load) * np.exp(-s * rung.enter)
            rests = math.exp(-load) - left / reached if reached else 0.0
            total += reached * np.exp(-s * rung.wake) * (enters + rests)
        return total


@dataclass(frozen=True)
class Renewal(ABC):
    """Shares of time and of requests, by renewal-reward over the cycles of an instance (Ross, 1996, section 3.6).

    Attributes
    ----------
    ladder : Ladder
    """

    ladder: Ladder

    @property
    @abstractmethod
    def cycle(self) -> float:
        """Mean time from falling idle to falling idle again."""

    @property
    def idle(self) -> float:
        """Share of time idle, before rung 0."""
        return self.ladder.idle / self.cycle

    @property
    def entering(self) -> Floats:
        """Share of time entering rung j, float64[k]."""
        return np.asarray(self.ladder.entering / self.cycle)

    @property
    def resting(self) -> Floats:
        """Share of time resting in rung j, float64[k]."""
        return np.asarray(self.ladder.resting / self.cycle)

    @property
    def waking(self) -> Floats:
        """Share of time waking from rung j, float64[k]."""
        return np.asarray(self.ladder.waking / self.cycle)

    @property
    def _per_cycle(self) -> float:
        """Mean number of requests in a cycle."""
        return self.ladder.arrival_rate * self.cycle


@dataclass(frozen=True)
class OneAtATime(Renewal):
    """A single server with a ladder, one request at a time, in order of arrival.

    With one rung it is the delayed-off server with set-up: off after being idle for ``after``, on again ``wake`` after
    the next request. It is an M/G/1 queue whose first service in each busy period is longer by D, so with
    ``P0 = (1 - rho) / (1 + lambda E[D])`` the probability of finding nobody (Welch)

    - a cycle takes ``1 / (lambda P0)``, and a share ``P0 f(j)`` of requests wakes the instance from rung j;
    - the mean wait, until the own service begins, is ``lambda E[S^2] / (2 (1 - rho)) + (2 E[D] + lambda E[D^2]) /
      (2 (1 + lambda E[D]))``: by Brumelle's formula for the work in the system, and by Poisson arrivals see time
      averages.

    Attributes
    ----------
    ladder : Ladder
    mean, variance : float
        Of the service time.

    Raises
    ------
    ValueError
        The server cannot keep up.

    References
    ----------
    Welch, On a generalized M/G/1 queuing process in which the first customer of each busy period receives exceptional
    service, Operations Research 12 (1964) 736-752. Gandhi, Harchol-Balter & Adan, Server farms with setup costs,
    Performance Evaluation 67 (2010) 1123-1138, and Levy & Kleinrock, A queue with starter and a queue with vacations,
    Operations Research 34 (1986) 426-436 (off at once). Brumelle, On the relation between customer and
    time averages in queues, Journal of Applied Probability 8 (1971) 508-520.
    """

    mean: float
    variance: float

    def __post_init__(self) -> None:
        require_stable(self.busy)

    @property
    def busy(self) -> float:
        """Share of time busy: ``rho = lambda E[S]``."""
        return self.ladder.arrival_rate * self.mean

    @property
    def cycle(self) -> float:  # noqa: D102
        delay = float(self.ladder.delay(1).sum())
        return (1.0 / self.ladder.arrival_rate + delay) / (1.0 - self.busy)

    @property
    def woken(self) -> Floats:
        """Share of requests that find rung j and wake the instance from it, float64[k]."""
        return np.asarray(self.ladder.found / self._per_cycle)

    @property
    def mean_wait(self) -> float:
        """Mean time from arrival until service begins."""
        rate = self.ladder.arrival_rate
        first, second = float(self.ladder.delay(1).sum()), float(self.ladder.delay(2).sum())
        queue = rate * (self.variance + self.mean**2) / (2.0 * (1.0 - self.busy))
        return queue + (2.0 * first + rate * second) / (2.0 * (1.0 + rate * first))


@dataclass(frozen=True)
class AllAtOnce(Renewal):
    """An instance with a ladder that serves any number of requests at a time, without slowing down.

    Requests that come while it wakes begin with the first one when it is ready. From then on it is an M/G/infinity
    queue that starts with ``1 + N`` requests, N Poisson with mean ``lambda D``. By the renewal equation of the
    probability that it is empty at t, ``exp(-lambda int_0^t (1 - G))`` from empty and G0(t) times that from a first
    generation whose last one leaves by t with probability G0(t), its busy spell takes on average

    ``exp(lambda E[S]) int_0^inf (1 - G0(t)) exp(-lambda int_0^t (1 - G(y)) dy) dt``,
    ``G0(t) = G(t) E[exp(-lambda D (1 - G(t)))]``,

    which is Takács's ``(exp(lambda E[S]) - 1) / lambda`` where D = 0.

    Attributes
    ----------
    ladder : Ladder
        Wakes always take the same time.
    service : Distribution
        Of the service time, in the unit of time of the ladder.

    Raises
    ------
    ValueError
        A wake time varies.

    References
    ----------
    Takács, Introduction to the Theory of Queues (1962), ch. 3 (without wakes).
    """

    service: Distribution

    def __post_init__(self) -> None:
        if any(rung.wake_variance for rung in self.ladder.rungs):
            raise ValueError("the formula needs wakes that always take the same time")

    @cached_property
    def busy_spell(self) -> float:
        """Mean time from ready to idle."""
        rate, law = self.ladder.arrival_rate, self.service.law
        mean = law.moment(1)
        edges = np.unique(np.append(0.0, law.quantile(_LEVELS)))
        nodes, weights = np.polynomial.legendre.leggauss(24)
        half = 0.5 * np.diff(edges)
        t = ((edges[:-1] + half)[:, None] + half[:, None] * nodes).ravel()
        above = law.tail(t)
        passed = mean - law.tail(t, 1) + t * above  # int_0^t (1 - G)
        first = (1.0 - above) * self.ladder.transform(rate * above)
        area = (half[:, None] * weights).ravel() @ ((1.0 - first) * np.exp(-rate * passed))
        return math.exp(rate * mean) * float(area)

    @property
    def cycle(self) -> float:  # noqa: D102
        return 1.0 / self.ladder.arrival_rate + float(self.ladder.delay(1).sum()) + self.busy_spell

    @property
    def busy(self) -> float:
        """Share of time busy."""
        return self.busy_spell / self.cycle

    @property
    def woken(self) -> Floats:
        """Share of requests that begin as the instance wakes from rung j: ``E[1 + lambda D; j]`` of a cycle's."""
        together = self.ladder.found + self.ladder.arrival_rate * self.ladder.delay(1)
        return np.asarray(together / self._per_cycle)

    @property
    def mean_wait(self) -> float:
        """Mean time from arrival until service begins: ``E[D + lambda D^2 / 2]`` in a cycle, among its requests."""
        first, second = float(self.ladder.delay(1).sum()), float(self.ladder.delay(2).sum())
        return (first + 0.5 * self.ladder.arrival_rate * second) / self._per_cycle


@dataclass(frozen=True)
class ScaleByRequest:
    """A pool that opens an instance, at once, for a request that finds none free, and closes it when idle for long.

    Poisson arrivals, exponential service, one request at a time on an instance, an unbounded queue where the number of
    instances is bounded; the instance that fell idle last is used first. So the one that falls idle as the number busy
    goes down from n is used again when that number next comes up to n, and is closed if this takes longer than
    ``expiry``. The time it takes is a first passage of the birth-death process of the number busy, from n - 1 to n,
    and does not depend on the past. Its tail follows from the spectrum of the process stopped at n, made symmetric
    (Karlin & McGregor, 1957, Trans. Amer. Math. Soc. 85, 489-546; Keilson, Markov Chain Models, 1979, ch. 5). Requests
    find n - 1 busy as often as time averages say (Wolff, 1982, Operations Research 30, 223-231).

    Attributes
    ----------
    arrival_rate, service_rate : float
        Per unit of time; of one instance.
    expiry : float
        Time idle after which an instance is closed.
    maximum : int or None
        Number of instances at most.
    """

    arrival_rate: float
    service_rate: float
    expiry: float
    maximum: int | None = None

    def __post_init__(self) -> None:
        if self.maximum is not None:
            require_stable(self.mean_busy / self.maximum)

    @property
    def mean_busy(self) -> float:
        """Mean number of busy instances, ``a = lambda / mu``."""
        return self.arrival_rate / self.service_rate

    @property
    def cold(self) -> float:
        """Share of requests for which an instance is opened: ``sum_n p(n - 1) P(passage from n - 1 to n > expiry)``."""
        return self._sum(lambda rates: np.exp(rates * self.expiry))

    @property
    def mean_idle(self) -> float:
        """Mean number of idle instances: ``lambda sum_n p(n - 1) E[min(passage from n - 1 to n, expiry)]``."""
        return self.arrival_rate * self._sum(lambda rates: np.expm1(rates * self.expiry) / rates)

    def _sum(self, function: Callable[[Floats], Floats]) -> float:
        """``sum_n p(n - 1) e' f(Q(n)) 1``, with Q(n) the process on 0 ... n - 1 and e its start, n - 1."""
        roots = np.sqrt(self._probabilities)
        total = 0.0
        for n in range(1, len(roots) + 1):
            busy = np.arange(n)
            spectrum, vectors = eigh_tridiagonal(
                -(self.arrival_rate + busy * self.service_rate),
                np.sqrt(self.arrival_rate * self.service_rate * busy[1:]))
            rates = np.asarray(spectrum, np.float64)
            total += roots[n - 1] * float((vectors[-1] * function(rates)) @ (vectors.T @ roots[:n]))
        return total

    @property
    def _probabilities(self) -> Floats:
        """Share of time with n busy, of those n at which an instance may be opened."""
        most = math.ceil(self.mean_busy + 12.0 * math.sqrt(self.mean_busy) + 20.0)
        if self.maximum is None:
            return MMcK(self.arrival_rate, self.service_rate, most, most).probabilities
        rho = self.mean_busy / self.maximum
        below = MMcK(self.arrival_rate, self.service_rate, self.maximum, self.maximum).probabilities
        return np.asarray(below[:-1] / (below[:-1].sum() + below[-1] / (1.0 - rho)))

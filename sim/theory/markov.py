"""Queues with Poisson arrivals and exponential service, first come first served."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import gammaincc

Floats = NDArray[np.float64]


def erlang_b(servers: int, offered: float) -> float:
    """Share of requests lost by servers without a queue (M/G/c/c).

    ``B(0) = 1``, ``B(k) = a B(k-1) / (k + a B(k-1))``. It holds for any distribution of service.

    Parameters
    ----------
    servers : int
        At least 0.
    offered : float
        Arrival rate times mean service ``a``.

    References
    ----------
    Erlang (1917); Gross, Shortle, Thompson & Harris, Fundamentals of Queueing Theory, 4th ed. (2008), section 2.6.
    """
    blocked = 1.0
    for k in range(1, servers + 1):
        blocked = offered * blocked / (k + offered * blocked)
    return blocked


def erlang_c(servers: int, offered: float) -> float:
    """Share of requests that wait for one of several servers (M/M/c).

    ``C = B / (1 - (a / c) (1 - B))`` with B of `erlang_b`.

    Parameters
    ----------
    servers : int
        At least 1, and more than ``offered``.
    offered : float
        Arrival rate times mean service.

    References
    ----------
    Erlang (1917); Gross, Shortle, Thompson & Harris, Fundamentals of Queueing Theory, 4th ed. (2008), section 2.3.
    """
    blocked = erlang_b(servers, offered)
    return blocked / (1.0 - offered / servers * (1.0 - blocked))


@dataclass(frozen=True)
class MMc:
    """M/M/c: Poisson arrivals, exponential service, an unbounded queue. With one server, M/M/1.

    Attributes
    ----------
    arrival_rate, service_rate : float
        Per unit of time; of one server.
    servers : int
        At least 1.

    Raises
    ------
    ValueError
        The servers cannot keep up: ``arrival_rate >= servers * service_rate``.

    References
    ----------
    Kleinrock, Queueing Systems I (1975), sections 3.2 and 3.5; Gross, Shortle, Thompson & Harris, Fundamentals of
    Queueing Theory, 4th ed. (2008), section 2.3.
    """

    arrival_rate: float
    service_rate: float
    servers: int = 1

    def __post_init__(self) -> None:
        require_stable(self.utilisation)

    @property
    def offered(self) -> float:
        """Offered load ``a = lambda / mu``, which is the mean number of busy servers."""
        return self.arrival_rate / self.service_rate

    @property
    def utilisation(self) -> float:
        """Share of time that a server is busy, ``rho = a / c``."""
        return self.offered / self.servers

    @property
    def wait_probability(self) -> float:
        """Share of requests that wait; of one server, rho."""
        return erlang_c(self.servers, self.offered)

    @property
    def mean_wait(self) -> float:
        """``C / (c mu - lambda)``; of one server ``rho / (mu - lambda)``."""
        return self.wait_probability / self._spare

    @property
    def mean_response(self) -> float:
        """Mean wait and service."""
        return self.mean_wait + 1.0 / self.service_rate

    @property
    def mean_number(self) -> float:
        """Mean number of requests in the system, by Little's law."""
        return self.arrival_rate * self.mean_response

    def wait_tail(self, t: float) -> float:
        """Share of requests that wait longer than ``t``: ``C exp(-(c mu - lambda) t)``."""
        return self.wait_probability * math.exp(-self._spare * t)

    def wait_percentile(self, p: float) -> float:
        """Return the wait that a share ``p`` of requests does not exceed: ``max(0, log(C / (1 - p)) / (c mu - l))``."""
        return max(0.0, math.log(self.wait_probability / (1.0 - p)) / self._spare)

    def response_tail(self, t: float) -> float:
        """Share of requests whose wait and service are longer than ``t``.

        ``exp(-mu t) + C (exp(-mu t) - exp(-(c mu - lambda) t)) / (c - 1 - a)``, and ``exp(-mu t) (1 + C mu t)`` where
        ``c - 1 = a``; of one server ``exp(-(mu - lambda) t)``.
        """
        work = self.service_rate * t
        slack = self.servers - 1.0 - self.offered
        slower = math.exp(-work * min(1.0, 1.0 + slack))
        apart = -math.expm1(-work * abs(slack)) / abs(slack) if slack else work
        return math.exp(-work) + self.wait_probability * slower * apart

    def response_percentile(self, p: float) -> float:
        """Return the wait and service that a share ``p`` of requests does not exceed; `response_tail`, inverted."""
        return inverse(self.response_tail, p, self.mean_response)

    @property
    def _spare(self) -> float:
        return self.servers * self.service_rate - self.arrival_rate


@dataclass(frozen=True)
class MMcK:
    """M/M/c/K: as M/M/c with room for K requests, those in service included. Others are lost.

    Attributes
    ----------
    arrival_rate, service_rate : float
        Per unit of time; of one server.
    servers, capacity : int
        ``capacity >= servers >= 1``.

    References
    ----------
    Gross, Shortle, Thompson & Harris, Fundamentals of Queueing Theory, 4th ed. (2008), section 2.5.
    """

    arrival_rate: float
    service_rate: float
    servers: int
    capacity: int

    def __post_init__(self) -> None:
        if not self.capacity >= self.servers >= 1:
            raise ValueError("there must be a server, and room for as many requests as there are servers")

    @property
    def probabilities(self) -> Floats:
        """Share of time with n requests in the system, float64[K + 1]: ``p(n) min(n, c) mu = p(n - 1) lambda``."""
        served = np.minimum(np.arange(1, self.capacity + 1), self.servers) * self.service_rate
        logs = np.append(0.0, np.cumsum(np.log(self.arrival_rate / served)))
        weights = np.exp(logs - logs.max())
        return np.asarray(weights / weights.sum())

    @property
    def blocking(self) -> float:
        """Share of requests that are lost: ``p(K)``."""
        return float(self.probabilities[-1])

    @property
    def mean_number(self) -> float:
        """Mean number of requests in the system."""
        return float(self.probabilities @ np.arange(self.capacity + 1))

    @property
    def utilisation(self) -> float:
        """Share of time that a server is busy."""
        return self.arrival_rate * (1.0 - self.blocking) / (self.servers * self.service_rate)

    @property
    def wait_probability(self) -> float:
        """Share of the accepted requests that wait."""
        return float(self._found[self.servers :].sum())

    @property
    def mean_wait(self) -> float:
        """Mean wait of the accepted requests, by Little's law."""
        return self.mean_number / (self.arrival_rate * (1.0 - self.blocking)) - 1.0 / self.service_rate

    def wait_tail(self, t: float) -> float:
        """Share of the accepted requests that wait longer than ``t``.

        Who finds n requests waits for ``n - c + 1`` departures, an Erlang time.
        """
        ahead = np.arange(1, self.capacity - self.servers + 1)
        return float(self._found[self.servers :] @ gammaincc(ahead, self.servers * self.service_rate * t))

    def wait_percentile(self, p: float) -> float:
        """Return the wait that a share ``p`` of the accepted requests does not exceed."""
        return inverse(self.wait_tail, p, 1.0 / self.service_rate)

    @property
    def _found(self) -> Floats:
        """Share of accepted requests that find n others, float64[K]."""
        found = self.probabilities[:-1]
        return np.asarray(found / found.sum())


def inverse(tail: Callable[[float], float], p: float, scale: float) -> float:
    """Return the least t >= 0 with ``tail(t) <= 1 - p``, for a continuous tail and a guess at the size of t."""
    if tail(0.0) <= 1.0 - p:
        return 0.0
    high = scale
    while tail(high) > 1.0 - p:
        high *= 2.0
    return float(brentq(lambda t: tail(t) - (1.0 - p), 0.0, high, xtol=1e-14 * high, rtol=1e-14))


def require_stable(utilisation: float) -> None:
    """Refuse a queue without bound."""
    if not 0.0 < utilisation < 1.0:
        raise ValueError(f"a utilisation of {utilisation:g} is not between 0 and 1: the queue has no steady state")

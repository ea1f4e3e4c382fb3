"""Queues with Poisson arrivals and any distribution of service."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import pdtr

from sim.theory.markov import require_stable


@dataclass(frozen=True)
class MG1:
    """M/G/1: one server, any distribution of service, an unbounded queue in order of arrival.

    Attributes
    ----------
    arrival_rate : float
        Per unit of time.
    mean, variance : float
        Of the service time.

    References
    ----------
    Pollaczek (1930), Khinchine (1932); Kleinrock, Queueing Systems I (1975), ch. 5.
    """

    arrival_rate: float
    mean: float
    variance: float

    def __post_init__(self) -> None:
        require_stable(self.utilisation)

    @property
    def utilisation(self) -> float:
        """``rho = lambda E[S]``."""
        return self.arrival_rate * self.mean

    @property
    def mean_wait(self) -> float:
        """``lambda E[S^2] / (2 (1 - rho))``."""
        return self.arrival_rate * (self.variance + self.mean**2) / (2.0 * (1.0 - self.utilisation))

    @property
    def mean_response(self) -> float:
        """Mean wait and service."""
        return self.mean_wait + self.mean

    @property
    def mean_number(self) -> float:
        """Mean number of requests in the system, by Little's law."""
        return self.arrival_rate * self.mean_response


@dataclass(frozen=True)
class MGInfinity:
    """M/G/infinity: nobody waits. The number in service is Poisson, whatever the distribution of service.

    Attributes
    ----------
    arrival_rate, mean : float
        Per unit of time; of the service time.

    References
    ----------
    Takács, Introduction to the Theory of Queues (1962), ch. 3.
    """

    arrival_rate: float
    mean: float

    @property
    def mean_number(self) -> float:
        """``a = lambda E[S]``."""
        return self.arrival_rate * self.mean

    def number_probability(self, n: int) -> float:
        """Share of time with ``n`` requests in service: ``exp(-a) a^n / n!``."""
        return math.exp(n * math.log(self.mean_number) - self.mean_number - math.lgamma(n + 1))

    def number_percentile(self, p: float) -> int:
        """Return the least number that is not exceeded in a share ``p`` of time."""
        n = 0
        while pdtr(n, self.mean_number) < p:
            n += 1
        return n

    @property
    def mean_busy_period(self) -> float:
        """Mean length of a time with somebody in service: ``(exp(a) - 1) / lambda``."""
        return math.expm1(self.mean_number) / self.arrival_rate


@dataclass(frozen=True)
class ProcessorSharing:
    """M/G/1 and M/G/c with processor sharing: k requests on ``cores`` cores each progress at rate ``min(1, cores/k)``.

    The number in the system is that of a queue with exponential service and total rate ``min(k, cores)``, whatever the
    distribution of service, and the mean response is proportional to the request's own work.

    Attributes
    ----------
    arrival_rate : float
        Per unit of time.
    mean : float
        Of the work of a request: its time on a core of its own.
    cores : float
        Above 0; need not be whole.

    References
    ----------
    Kleinrock, Queueing Systems II (1976), ch. 4 (one core); Cohen, The multiple phase service network with
    generalized processor sharing, Acta Informatica 12 (1979) 245-284 (several).
    """

    arrival_rate: float
    mean: float
    cores: float = 1.0

    def __post_init__(self) -> None:
        require_stable(self.utilisation)

    @property
    def utilisation(self) -> float:
        """Share of the cores in use: ``rho = lambda E[S] / cores``."""
        return self.arrival_rate * self.mean / self.cores

    @property
    def mean_number(self) -> float:
        """Mean number of requests in the system; on one core ``rho / (1 - rho)``.

        ``p(n) = p(n - 1) a / min(n, cores)``: term by term while there are fewer requests than cores, a geometric
        series from then on.
        """
        offered, rho = self.arrival_rate * self.mean, self.utilisation
        weight, total, first_moment = 1.0, 0.0, 0.0
        full = math.ceil(self.cores)
        for n in range(full):
            total += weight
            first_moment += n * weight
            weight *= offered / min(n + 1.0, self.cores)
        total += weight / (1.0 - rho)
        first_moment += weight * (full / (1.0 - rho) + rho / (1.0 - rho) ** 2)
        return first_moment / total

    @property
    def mean_response(self) -> float:
        """Mean time in the system, by Little's law; on one core ``E[S] / (1 - rho)``."""
        return self.mean_number / self.arrival_rate

    def response_of(self, work: float) -> float:
        """Mean time in the system of a request with this much work; on one core ``work / (1 - rho)``."""
        return work * self.mean_response / self.mean

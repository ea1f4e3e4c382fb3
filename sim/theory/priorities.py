"""Queues that are not served in the order of arrival, and batches that slow their members."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.integrate import quad

from sim.theory.markov import erlang_c, require_stable


@dataclass(frozen=True)
class PriorityMG1:
    """M/G/1 with classes, the first served first; who is in service is not disturbed.

    Mean wait of class k is ``W0 / ((1 - s_{k-1}) (1 - s_k))`` with ``W0 = sum(lambda_i E[S_i^2]) / 2`` and ``s_k`` the
    load of classes 1 to k.

    Attributes
    ----------
    arrival_rates, means, squares : sequence of float
        Of each class: per unit of time; E[S]; E[S^2].

    Raises
    ------
    ValueError
        The server cannot keep up.

    References
    ----------
    Cobham, "Priority assignment in waiting line problems", Operations Research 2 (1954); Kleinrock, Queueing Systems II
    (1976), section 3.2.
    """

    arrival_rates: Sequence[float]
    means: Sequence[float]
    squares: Sequence[float]

    def __post_init__(self) -> None:
        require_stable(self.load(len(self.means)))

    def load(self, classes: int) -> float:
        """Load of so many classes, from the first."""
        return sum(rate * mean for rate, mean in zip(self.arrival_rates[:classes], self.means[:classes], strict=True))

    def mean_wait(self, number: int) -> float:
        """Mean wait of a class, counted from 0."""
        left = sum(rate * square for rate, square in zip(self.arrival_rates, self.squares, strict=True)) / 2.0
        return left / ((1.0 - self.load(number)) * (1.0 - self.load(number + 1)))


@dataclass(frozen=True)
class PriorityMMc:
    """M/M/c with classes of equal service, the first served first; who is in service is not disturbed.

    Mean wait of class k is ``C / (c mu (1 - s_{k-1}) (1 - s_k))``, with C of `erlang_c` for all classes together and
    ``s_k = (lambda_1 + ... + lambda_k) / (c mu)``.

    Attributes
    ----------
    arrival_rates : sequence of float
        Of each class, per unit of time.
    service_rate : float
        Of one server.
    servers : int

    References
    ----------
    Cobham (1954); Kella & Yechiali, "Waiting times in the non-preemptive priority M/M/c queue", Stochastic Models 1
    (1985).
    """

    arrival_rates: Sequence[float]
    service_rate: float
    servers: int

    def __post_init__(self) -> None:
        require_stable(self.load(len(self.arrival_rates)))

    def load(self, classes: int) -> float:
        """Load of each server by so many classes, from the first."""
        return sum(self.arrival_rates[:classes]) / (self.servers * self.service_rate)

    def mean_wait(self, number: int) -> float:
        """Mean wait of a class, counted from 0."""
        waits = erlang_c(self.servers, sum(self.arrival_rates) / self.service_rate)
        free = self.servers * self.service_rate * (1.0 - self.load(number)) * (1.0 - self.load(number + 1))
        return waits / free


@dataclass(frozen=True)
class ShortestFirst:
    """M/G/1, the shortest of those that wait served next; who is in service is not disturbed.

    Mean wait of a request of length x is ``lambda E[S^2] / (2 (1 - rho(x))^2)`` with ``rho(x) = lambda E[S; S <= x]``,
    where lengths vary continuously; the mean wait is that over all lengths.

    Attributes
    ----------
    arrival_rate : float
    density : callable
        Of the length of service.
    square : float
        E[S^2].
    longest : float
        Beyond which there is nothing, or infinity.

    References
    ----------
    Phipps, "Machine repair as a priority waiting-line problem", Operations Research 4 (1956); Schrage & Miller (1966).
    """

    arrival_rate: float
    density: Callable[[float], float]
    square: float
    longest: float = math.inf

    def load(self, length: float) -> float:
        """Load of requests up to a length."""
        return self.arrival_rate * float(quad(lambda x: x * self.density(x), 0.0, length)[0])

    def wait_of(self, length: float) -> float:
        """Mean wait of requests of one length."""
        return self.arrival_rate * self.square / (2.0 * (1.0 - self.load(length)) ** 2)

    @property
    def mean_wait(self) -> float:
        """Mean wait of all requests."""
        return float(quad(lambda x: self.wait_of(x) * self.density(x), 0.0, self.longest)[0])


@dataclass(frozen=True)
class Batch:
    """Sequences that are generated together: a step of ``B`` sequences takes ``a + b B`` and gives each a token.

    Attributes
    ----------
    a, b : float
        Time of a step, and what each sequence adds.
    most : int
        Sequences at once.

    References
    ----------
    Patel et al., "Splitwise", ISCA 2024, fig. 6; Yu et al., "Orca", OSDI 2022.
    """

    a: float
    b: float
    most: int

    def throughput(self, batch: int) -> float:
        """Tokens in a unit of time of a batch: ``B / (a + b B)``."""
        return batch / (self.a + self.b * batch)

    def mean_number(self, arrival_rate: float, tokens: float) -> float:
        """Mean number of sequences in the system, with Poisson arrivals and any number of tokens of a mean.

        The batch is a server shared by all in it, whose total speed depends on how many they are: the number in the
        system is that of a birth-and-death chain, whatever the law of lengths, while nobody waits for a place; with
        exponential lengths also where some do (Cohen, "The multiple phase service network with generalized processor
        sharing", Acta Informatica 12, 1979). ``p(k) = p(k-1) * arrival_rate * tokens / throughput(min(k, most))``.

        Raises
        ------
        ValueError
            The largest batch cannot keep up.
        """
        require_stable(arrival_rate * tokens / self.throughput(self.most))
        weight = total = 1.0
        number, k = 0.0, 0
        while k <= self.most or weight > 1e-15 * total:
            k += 1
            weight *= arrival_rate * tokens / self.throughput(min(k, self.most))
            total += weight
            number += k * weight
        return number / total

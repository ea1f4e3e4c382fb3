"""Work on instances that may be taken: how long it takes, and how often it is interrupted.

An instance lives an exponential time with this mean, whatever runs on it. When it is taken, the work stops for a
downtime (until another instance is ready), in which nothing can be interrupted, and then goes on from what was saved.

The building block is a *segment*: s of uninterrupted time are needed. The first try begins at once; each further one
after a downtime D and a restore of R, which may be interrupted itself. With ``l = 1 / m``, a try of length x is
interrupted with probability ``1 - exp(-l x)``, and lasts ``(1 - exp(-l x)) / l`` on average, whether it is or not. So
the tries of length ``R + s`` are geometric and add up, with a downtime before each, to
``(m + D) (exp(l (R + s)) - 1) + D``, which is needed with probability ``1 - exp(-l s)``:

    E[T] = m (1 - exp(-l s)) + (1 - exp(-l s)) (D + (m + D) (exp(l (R + s)) - 1))
         = (m + D) exp(l R) (exp(l s) - 1),
    E[interruptions] = (1 - exp(-l s)) exp(l (R + s)) = exp(l R) (exp(l s) - 1).

That is proposition 1 of Bougeret, Casanova, Rabie, Robert & Vivien (2011, Checkpointing strategies for parallel jobs,
SC11) and section 2 of Aupy, Robert & Vivien (2013, Assessing the impact of partial verifications). Segments between
checkpoints follow each other, and a new one begins on the instance that ended the one before, which, having no memory,
is as good as new.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.distributions import Distribution


@dataclass(frozen=True)
class Checkpointed:
    """Work that is saved at intervals, on instances that live an exponential time.

    Attributes
    ----------
    work : float
        Time that it takes when nothing happens, without checkpoints.
    interval : float
        Work between two checkpoints; infinite for none. None is written after the last piece.
    write, restore : float
        Time to write a checkpoint, and to go on from one. Both are void when they are interrupted. Before the first
        checkpoint there is nothing to restore.
    mean_life : float
        Of an instance.
    downtime : float
        Mean time from an interruption until another instance is ready. It may depend on anything but the life.

    Raises
    ------
    ValueError
        There is no work, no interval, or no life.
    """

    work: float
    interval: float
    write: float
    restore: float
    mean_life: float
    downtime: float

    def __post_init__(self) -> None:
        """Refuse what has no end."""
        if not (self.work > 0.0 and self.interval > 0.0 and self.mean_life > 0.0):
            raise ValueError("work, interval and life must be above 0")

    @property
    def writes(self) -> int:
        """Checkpoints that are written: ``ceil(work / interval) - 1``."""
        pieces = self.work / self.interval
        return max(1, math.ceil(pieces * (1.0 - 1e-12))) - 1  # an interval that divides the work does so when rounded

    @property
    def failures(self) -> float:
        """Expected number of interruptions."""
        if math.isinf(self.mean_life):
            return 0.0
        if not self.writes:
            return math.expm1(self.work / self.mean_life)
        piece = math.expm1((self.interval + self.write) / self.mean_life)
        last = math.expm1((self.work - self.writes * self.interval) / self.mean_life)
        return piece + math.exp(self.restore / self.mean_life) * ((self.writes - 1) * piece + last)

    @property
    def makespan(self) -> float:
        """Expected time from the beginning on the first instance until all work is done."""
        if math.isinf(self.mean_life):
            return self.work + self.writes * self.write
        return (self.mean_life + self.downtime) * self.failures

    @property
    def lost(self) -> float:
        """Expected time on instances that came to nothing: work since a checkpoint, void writes, and restores."""
        return self.makespan - self.failures * self.downtime - self.work - self.writes * self.write


@dataclass(frozen=True)
class Restarted:
    """Work that begins anew after every interruption, on instances of any life.

    With life X, each try succeeds with ``S = P(X > w)``, and a failed one takes ``E[X | X <= w]`` and then the
    downtime, so ``E[T] = w + (E[X; X <= w] + D (1 - S)) / S``, whatever the law (Trivedi, 2002, Probability and
    Statistics with Reliability, Queuing and Computer Science Applications, section 4.7; for exponential lives it is
    ``(m + D) (exp(w / m) - 1)``).

    Attributes
    ----------
    work : float
        In base units of the law, as the other times.
    life : Distribution
        Of an instance, from when it is ready.
    downtime : float
        Mean time from an interruption until another instance is ready.

    Raises
    ------
    ValueError
        No instance lives long enough.
    """

    work: float
    life: Distribution
    downtime: float

    def __post_init__(self) -> None:
        """Refuse what has no end."""
        if not self.survival > 0.0:
            raise ValueError("no instance lives as long as the work takes")

    @property
    def survival(self) -> float:
        """Probability that an instance lives for longer than the work takes."""
        return self._tail(self.work, 0)

    @property
    def attempts(self) -> float:
        """Expected number of tries: ``1 / S``."""
        return 1.0 / self.survival

    @property
    def makespan(self) -> float:
        """Expected time from the beginning on the first instance until all work is done."""
        short = self.life.mean - self._tail(self.work, 1)
        return self.work + (short + self.downtime * (1.0 - self.survival)) / self.survival

    def executions(self, steps: Sequence[float]) -> list[float]:
        """Return how often each step is expected to begin, when they follow each other and make up the work.

        A try reaches a step with ``P(X > b)``, where b is the time of those before it. Tries are independent of each
        other, and their number is a stopping time, so by Wald's identity it is ``P(X > b) / S``.

        Parameters
        ----------
        steps : sequence of float
            Length of each.
        """
        before = np.concatenate([[0.0], np.cumsum(steps)[:-1]])
        return [self._tail(float(at), 0) / self.survival if at else self.attempts for at in before]

    def _tail(self, at: float, power: int) -> float:
        return float(self.life.law.tail(np.array([at]), power)[0])


@dataclass(frozen=True)
class Durable:
    """Steps whose results are kept: after an interruption the one that was in flight begins anew, no other.

    Step i is a segment of its own, with a restore of ``replay`` for each step that is finished.

    Attributes
    ----------
    steps : tuple of float
        Length of each.
    replay : float
        Time to pass over a finished step.
    mean_life : float
        Of an instance: exponential.
    downtime : float
        Mean time from an interruption until another instance is ready.
    """

    steps: tuple[float, ...]
    replay: float
    mean_life: float
    downtime: float

    @property
    def failures(self) -> float:
        """Expected number of interruptions."""
        return sum(math.exp(done * self.replay / self.mean_life) * math.expm1(step / self.mean_life)
                   for done, step in enumerate(self.steps))

    @property
    def makespan(self) -> float:
        """Expected time from the beginning on the first instance until all steps are done."""
        return (self.mean_life + self.downtime) * self.failures

    @property
    def executions(self) -> list[float]:
        """Expected number of times that each step begins: ``exp(s / m)``, whatever the replay."""
        return [math.exp(step / self.mean_life) for step in self.steps]


@dataclass(frozen=True)
class Availability:
    """A zone that is up and down in turn, each for a random time (Ross, 1996, Stochastic Processes, section 3.4.1).

    Attributes
    ----------
    up, down : float
        Mean times.
    """

    up: float
    down: float

    @property
    def share(self) -> float:
        """Share of time that it is up: ``up / (up + down)``, whatever the laws."""
        return self.up / (self.up + self.down)

    def at(self, time: float) -> float:
        """Probability of being up, this long after it came up, where both times are exponential."""
        return self.share + (1.0 - self.share) * math.exp(-time * (1.0 / self.up + 1.0 / self.down))

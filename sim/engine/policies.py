"""How often a job writes a checkpoint: the known policies, in arithmetic that is the same on every machine.

A policy turns the time that a write takes and the mean life of an instance into the work between two writes. All times
are in one unit.
"""

from __future__ import annotations

import math

from sim.distributions.single import exp1, log1


def young(write: float, mean_life: float) -> float:
    """First-order optimum ``sqrt(2 w m)`` (Young, 1974, Communications of the ACM 17(9), 530-531).

    Parameters
    ----------
    write : float
        Time that a checkpoint takes.
    mean_life : float
        Mean time between interruptions.
    """
    return math.sqrt(2.0 * write * mean_life)


def daly(write: float, mean_life: float) -> float:
    """Higher-order optimum of Daly (2006, Future Generation Computer Systems 22(3), 303-312, equation 37).

    ``sqrt(2 w m) (1 + sqrt(w / 2m) / 3 + (w / 2m) / 9) - w``; ``m`` where a write takes twice as long or longer. The
    parameters are those of `young`.
    """
    half = write / (2.0 * mean_life)
    if half >= 1.0:
        return mean_life
    return young(write, mean_life) * (1.0 + math.sqrt(half) / 3.0 + half / 9.0) - write


def exact(write: float, mean_life: float) -> float:
    """Optimum for exponential lives: it minimises ``(exp(l (t + w)) - 1) / t`` with ``l = 1 / m``.

    A segment of work t with its write takes a time that is proportional to that numerator (see
    `sim.theory.Checkpointed`), whatever restore and downtime are. The derivative is 0 where ``u + log(1 - u) = -l w``,
    ``u = l t``; that is ``1 + W0(-exp(-1 - l w))`` with Lambert's function. The left side falls and is concave, so
    Newton's steps from above the root come down to it. The parameters are those of `young`.
    """
    load = write / mean_life
    if load < 1e-6:  # u and log(1 - u) cancel; Daly's formula is the series of the root, up to load^2
        return daly(write, mean_life)
    u = 1.0 - exp1(-1.0 - load)  # above the root: the left side there is less than -l w
    while True:
        step = (u + log1(1.0 - u) + load) * (1.0 - u) / u
        if u + step >= u:
            return mean_life * u
        u += step

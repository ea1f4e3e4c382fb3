"""Bursty arrivals: the Markov-modulated Poisson process, whose rate is that of a phase.

Phases follow each other in a circle and last exponential times, so that one of them may be said to come at any time
with its share of the time: a run begins in the stationary state, and how long the first phase has lasted does not
matter (Fischer & Meier-Hellstern, 1993, The Markov-modulated Poisson process cookbook, Performance Evaluation 18,
149-171).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sim import luck
from sim.distributions import portable
from sim.engine.contract import Int64s
from sim.luck import Stream
from sim.scenario.arrivals import Bursts
from sim.workload.modulation import Factors
from sim.workload.points import running_sums


def mean_rate(bursts: Bursts) -> Fraction:
    """Return the mean rate of one agent, a second."""
    phases = bursts.phases.values()
    return sum((phase.rate * phase.stay for phase in phases), Fraction(0)) / sum(phase.stay for phase in phases)


def factors(bursts: Bursts, agents: int, horizon: int, seed: int, replication: int) -> Factors:
    """Draw the phases, and say by which factor the rate of each differs from the mean.

    Parameters
    ----------
    bursts : Bursts
    agents : int
    horizon : int
        Microseconds.
    seed, replication : int
        Address of the luck, in streams PHASE and STAY.

    Returns
    -------
    Factors
        A path for each agent, or one for the fleet.
    """
    stays = np.array([phase.stay for phase in bursts.phases.values()], np.float64)
    mean = mean_rate(bursts)
    rates = np.array([float(phase.rate / mean) for phase in bursts.phases.values()])
    paths = agents if bursts.scope == "agent" else 1
    entities = np.arange(paths, dtype=np.int64)
    share = luck.uniform(seed, replication, Stream.PHASE, entities)
    opening = np.searchsorted(np.cumsum(stays)[:-1], share * stays.cumsum()[-1], side="right")

    def lengths(path: Int64s, number: Int64s) -> Int64s:
        u = luck.uniform(seed, replication, Stream.STAY, path, number)
        mean_stay = stays[(opening[path] + number) % len(stays)]
        return np.asarray(np.floor(portable.log(u) * -mean_stay), np.int64)

    ends = np.full(paths, horizon, np.int64)
    over = running_sums(lengths, ends, ends * (len(stays) / stays.sum()), "phases")
    # A phase begins where the one before ends, the first at 0.
    path = np.concatenate((entities, over.entity))
    number = np.concatenate((np.zeros(paths, np.int64), over.ordinal + 1))
    start = np.concatenate((np.zeros(paths, np.int64), over.value))
    order = np.lexsort((number, path))
    path, number = path[order], number[order]
    first = np.searchsorted(path, np.arange(paths + 1))
    return Factors(first, start[order], rates[(opening[path] + number) % len(stays)])

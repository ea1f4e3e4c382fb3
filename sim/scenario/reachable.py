"""Whether arrivals can be as bursty as asked for, as far as it is known before anything is read or drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic import ValidationError

from sim.documents import Flaw
from sim.errors import AdvisedError
from sim.scenario import dispersion, weekly
from sim.scenario.arrivals import Arrivals, Burstiness, Skew
from sim.scenario.model import keys_of
from sim.units import SECOND

_SECONDS_OF_DAY = 86_400


def flaws(arrivals: Any, agents: Any) -> Iterator[Flaw]:
    """Say which indices of dispersion cannot be.

    Rates that are recorded in a file are looked at when they are read.

    Parameters
    ----------
    arrivals : object
        As it was written, or a model.
    agents : object
        Number of agents, as it was written.
    """
    if "burstiness" not in keys_of(arrivals):
        return
    try:
        asked = Arrivals.model_validate(arrivals)
    except ValidationError:
        return  # which says what is wrong
    burst = asked.burstiness
    rate = together(asked, agents) if burst is not None and isinstance(agents, int) else None
    if burst is None or rate is None:
        return
    windows = [length / SECOND for length in burst.at]
    variances = dispersion.solve(rate, windows, burst.index_of_dispersion)
    for missed in dispersion.missed(rate, windows, variances, burst.index_of_dispersion):
        yield Flaw(("arrivals", "burstiness", "index_of_dispersion", missed.place), missed.message, missed.fix)


def together(arrivals: Arrivals, agents: int) -> float | None:
    """Return the mean rate, a second, of all whose rate wanders together; None where it is recorded in a file.

    The index of a sum of independent counts is the mean of theirs, each by its share of the requests; so it is where
    each agent has its bursts.
    """
    if arrivals.sessions is not None:
        return float(Fraction(str(arrivals.sessions.per_day)) / _SECONDS_OF_DAY)
    if arrivals.poisson is not None:
        rate = float(arrivals.poisson.rate)
    elif arrivals.weekly is not None:
        try:
            parts = weekly.partition({name: bucket.when for name, bucket in arrivals.weekly.items()})
        except AdvisedError:
            return None  # the schema says so
        total = sum(arrivals.weekly[name].rate * (end - start) for start, end, name in parts)
        rate = float(total / weekly.MINUTES_OF_WEEK)
    else:
        return None
    assert arrivals.burstiness is not None
    return rate * of_one(arrivals.burstiness, arrivals.skew, agents)


def of_one(burstiness: Burstiness, skew: Skew | None, agents: int) -> float:
    """Return how many times the rate of one agent wanders together.

    Parameters
    ----------
    burstiness : Burstiness
    skew : Skew or None
    agents : int
    """
    if burstiness.scope == "fleet":
        return float(agents)
    if skew is None:
        return 1.0
    if skew.zipf is not None:
        shares = [k**-skew.zipf for k in range(1, agents + 1)]
    else:
        assert skew.shares is not None  # the schema lets skew be nothing else
        shares = [skew.shares[k % len(skew.shares)] for k in range(agents)]
    return agents * math.fsum(share * share for share in shares) / math.fsum(shares) ** 2

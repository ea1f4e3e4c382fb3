"""Rules of arithmetic that every model follows, on integers."""

from __future__ import annotations

from sim.engine.contract.words import CORE


def cpu_share(capacity: int, asking: int) -> int:
    """Progress of each of ``asking`` equal residents on an instance.

    Parameters
    ----------
    capacity : int
        CPU of the instance in units of 1 / `CORE` of a core.
    asking : int
        Residents in CPU time, at least 1.

    Returns
    -------
    int
        Millionths of a microsecond of work done in a microsecond: a full core at most, an equal part otherwise.
    """
    return min(CORE, capacity // asking)

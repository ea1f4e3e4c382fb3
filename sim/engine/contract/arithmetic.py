"""Rules of arithmetic that every model follows, on integers."""

from __future__ import annotations

from sim.engine.contract.words import CORE


def cpu_share(capacity: int, asking: int, parallel: int = 0) -> int:
    """Progress of each of ``asking`` equal residents on an instance.

    Each has an equal part of the instance's cores. With less than a core it progresses as fast as that; with ``c`` of
    them, 1 or more, ``1 / (1 - p + p / c)`` times as fast as with one, where ``p`` is the part of the work that several
    cores can do at once (Amdahl 1967, AFIPS 30, 483-485).

    Parameters
    ----------
    capacity : int
        CPU of the instance in units of 1 / `CORE` of a core.
    asking : int
        Residents in CPU time, at least 1.
    parallel : int
        Millionths of the work.

    Returns
    -------
    int
        Millionths of a microsecond of work done in a microsecond.
    """
    cores = capacity // asking
    if cores <= CORE or not parallel:
        return min(CORE, cores)
    return CORE * CORE * cores // ((CORE - parallel) * cores + parallel * CORE)

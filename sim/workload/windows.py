"""Windows: requests of an agent that come close together and are handed on as one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import Int64s
from sim.scenario.arrivals import Arrivals
from sim.workload.points import Points

_ENDLESS = 2**62


@dataclass(frozen=True, slots=True)
class Handed:
    """Requests as they are handed on.

    Attributes
    ----------
    points : Points
        When; each with the number of the first request in it.
    first : int64[n]
        Place of that one among the requests that were handed in.
    coalesced : int64[n]
        Requests in it beside the first.
    held : int64[n]
        Microseconds for which the first had waited.
    """

    points: Points
    first: Int64s
    coalesced: Int64s
    held: Int64s


def hand_on(points: Points, arrivals: Arrivals, horizon: int) -> Handed:
    """Merge requests as the windows of a workload say.

    Without a window, requests are handed on as they come. What is still held at the horizon never arrives, nor does
    what was merged into it.

    Parameters
    ----------
    points : Points
        Requests by agent.
    arrivals : Arrivals
    horizon : int
        Microseconds.
    """
    if arrivals.debounce is not None:
        return _merged(points, arrivals.debounce.quiet, arrivals.debounce.at_most, None, horizon)
    if arrivals.batch is not None:
        return _merged(points, None, arrivals.batch.window, arrivals.batch.size, horizon)
    nothing = np.zeros(len(points.value), np.int64)
    return Handed(points, np.arange(len(nothing), dtype=np.int64), nothing, nothing)


def _merged(points: Points, quiet: int | None, limit: int | None, size: int | None, horizon: int) -> Handed:
    """Merge what comes before a window closes.

    It closes when ``quiet`` has passed since the last request, or ``limit`` since the first, or with the request that
    is number ``size``. A request that comes as it closes opens the next.
    """
    quiet, limit, size = quiet or _ENDLESS, limit or _ENDLESS, size or _ENDLESS
    opens: list[int] = []
    closes: list[int] = []
    agent, first, close, count = -1, 0, 0, 0
    for row, (entity, at) in enumerate(zip(points.entity.tolist(), points.value.tolist(), strict=True)):
        if entity != agent or at >= close:
            agent, first, count = entity, at, 1
            opens.append(row)
            closes.append(0)
        else:
            count += 1
        close = closes[-1] = at if count == size else min(at + quiet, first + limit)
    begin, end = np.array(opens, np.int64), np.array(closes, np.int64)
    counts = np.diff(np.append(begin, len(points.value)))
    kept = end < horizon
    begin, end = begin[kept], end[kept]
    handed = Points(points.entity[begin], points.ordinal[begin], end)
    return Handed(handed, begin, counts[kept] - 1, end - points.value[begin])

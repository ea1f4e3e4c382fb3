"""How often instances start, enter a rung, and wake from it: what some vendors charge for each time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.engine.contract import Bools, Int64s, State
from sim.exact import Objects, sums
from sim.trace.spans import Spans
from sim.trace.window import Window
from sim.units import DAY


def starts(spans: Spans, window: Window) -> Objects:
    """Count the starts of instances. Those that are there when a run begins did not start.

    Parameters
    ----------
    spans : Spans
    window : Window
        Nothing outside it is counted.

    Returns
    -------
    object[days]
        By day of the window, as Python integers.
    """
    first = spans.instance != np.roll(spans.instance, 1)
    first[:1] = True
    return _by_day(spans.begin[first & ((spans.begin > 0) | (spans.state == State.STARTING))], window)


def enters(spans: Spans, rungs: Sequence[int], window: Window) -> Objects:
    """Count how often instances began to enter one of some rungs; parameters and result as of `wakes`."""
    resting = _resting(spans, rungs)
    new = resting & (spans.begin > 0)
    same = (spans.instance[1:] == spans.instance[:-1]) & (spans.rung[1:] == spans.rung[:-1])
    new[1:] &= ~(resting[:-1] & same)
    return _by_day(spans.begin[new], window)


def wakes(spans: Spans, rungs: Sequence[int], window: Window) -> Objects:
    """Count how often instances woke from one of some rungs.

    Parameters
    ----------
    spans : Spans
    rungs : sequence of int
        Levels of the ladder.
    window : Window
        Nothing outside it is counted.

    Returns
    -------
    object[days]
        By day of the window, as Python integers.
    """
    awake = (spans.state != State.RESTING) & (spans.state != State.ENTERING)
    same = spans.instance[1:] == spans.instance[:-1]
    return _by_day(spans.begin[1:][_resting(spans, rungs)[:-1] & awake[1:] & same], window)


def _resting(spans: Spans, rungs: Sequence[int]) -> Bools:
    """Say in which spans an instance enters one of some rungs or rests on it."""
    at_rest = (spans.state == State.RESTING) | (spans.state == State.ENTERING)
    return np.asarray(at_rest & np.isin(spans.rung, np.array(rungs, dtype=np.int8)))


def _by_day(times: Int64s, window: Window) -> Objects:
    within = times[window.holds(times)] - window.begin
    return sums(within // DAY, np.ones(len(within), dtype=np.int64), window.days)

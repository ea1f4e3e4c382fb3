"""Instances and waiting requests over time: how many, and what a few of them did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator
from numpy.typing import NDArray

from sim.report.plots import result as of
from sim.report.plots import style
from sim.report.plots.result import Traced

Floats = NDArray[np.float64]
Window = tuple[float, float]
"""From when to when, in seconds since the start of the run."""

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_STEPS = tuple(unit * number for unit, numbers in (
    (1.0, (1, 2, 5, 10, 15, 30)), (_MINUTE, (1, 2, 5, 10, 15, 30)), (_HOUR, (1, 2, 3, 6, 12)),
    (_DAY, (1, 2, 7, 14, 28, 56)),
) for number in numbers)  # fmt: skip
"""Lengths of time that people count in."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_BINS = 200

_STATES = {
    "busy": style.BLUE, "idle": style.SKY, "starting": style.VERMILLION, "waking": style.ORANGE,
    "entering": style.PURPLE, "resting": style.FAINT,
}  # fmt: skip
_UP = ("busy", "idle", "starting", "waking", "entering")
"""States of an instance that is up, from the bottom of the stack."""


class Steps(NamedTuple):
    """A number of things in each bin of time: its mean over the time, and its most.

    Attributes
    ----------
    mean, most : float64[bins]
    """

    mean: Floats
    most: Floats


def instances(
    result: Traced, deployments: Sequence[str] | None = None, within: Window | None = None, ax: Axes | None = None
) -> Axes:
    """Draw how many instances are up over time, a line for each deployment.

    Parameters
    ----------
    result : Traced
        Such as a `sim.api.Result`. Its first replication is drawn.
    deployments : sequence of str, optional
        Only these.
    within : (float, float), optional
        Seconds since the start of the run; all that figures are of when absent.
    ax : Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    Axes
        Steps are means over bins of time. Behind the names is the most at one time.
    """
    ax = style.axes(ax)
    look = style.looks(of.names(result))
    window = within or _counted(result)
    edges = _edges(window)
    ends, tops = [], []
    for name in of.chosen(result, deployments):
        spans = of.part(result.instances, name)
        up = counted(*_times(spans[spans["state"].isin(_UP).to_numpy()]), edges)
        ax.stairs(up.mean, edges, baseline=None, color=look[name].colour, linestyle=look[name].dashes, linewidth=1.6,
                  label=name)  # fmt: skip
        ends.append(style.End(float(up.mean[-1]), f"{name}  (most {up.most.max():,g})", look[name].colour))
        tops.append(float(up.mean.max()))
    if max(tops, default=0) > 15 * min((top for top in tops if top), default=math.inf):
        ax.set_yscale("symlog", linthresh=1, linscale=0.6)
        style.plain_ticks(ax.yaxis)
    ax.set_ylim(0, 1.1 * max(tops, default=0) or 1)
    style.name_axes(ax, _time_axis(ax, window)[0], "instances up (number)")
    notes = f"{result.summary['scenario']}, {of.first_of(result)}; those at rest are not counted; means over "
    style.head(ax, "Instances over time", notes + _length(edges[1] - edges[0]))
    style.label_ends(ax, ends)
    return ax


def load(result: Traced, deployment: str, within: Window | None = None, ax: Axes | None = None) -> Axes:
    """Draw what the instances of a deployment do over time, and how many requests wait for one.

    Parameters
    ----------
    result : Traced
        Such as a `sim.api.Result`. Its first replication is drawn.
    deployment : str
    within : (float, float), optional
        Seconds since the start of the run; all that figures are of when absent.
    ax : Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    Axes
        States are stacked, as means over bins of time; of the waiting requests the most in each bin is drawn.
    """
    of.chosen(result, [deployment])
    ax = style.axes(ax)
    window = within or _counted(result)
    edges = _edges(window)
    spans = of.part(result.instances, deployment)
    bottom = np.zeros(len(edges) - 1)
    handles: list[Any] = []
    for state in _UP:
        those = spans[(spans["state"] == state).to_numpy()]
        if those.empty:
            continue
        top = bottom + counted(*_times(those), edges).mean
        ax.stairs(top, edges, baseline=bottom, fill=True, color=_STATES[state], label=state)
        handles.append(Patch(color=_STATES[state], label=state))
        bottom = top
    waiting = counted(*_waiting(of.part(result.requests, deployment)), edges).most
    some = waiting > 0
    ax.hlines(waiting[some], edges[:-1][some], edges[1:][some], color=style.BLACK, linewidth=1.6, label="waiting",
              path_effects=[style.HALO])  # fmt: skip
    words = "requests that wait, at most"
    handles.append(Line2D([], [], color=style.BLACK, linewidth=1.3, label=words))
    ax.set_ylim(0, 1.1 * max(bottom.max(), waiting.max()) or 1)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    unit, tall = _time_axis(ax, window)
    style.name_axes(ax, unit, "instances, requests (number)")
    style.legend_below(ax, handles, tall_ticks=tall)
    notes = f"{result.summary['scenario']}, {of.first_of(result)}; those at rest are not counted; means over "
    style.head(ax, f"Instances of {deployment} over time", notes + _length(edges[1] - edges[0]))
    return ax


def timeline(
    result: Traced,
    deployment: str,
    count: int = 12,
    within: Window | None = None,
    numbers: Sequence[int] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what some instances of a deployment did, one below the other.

    Parameters
    ----------
    result : Traced
        Such as a `sim.api.Result`. Its first replication is drawn.
    deployment : str
    count : int
        Instances at most: of those that are there, evenly chosen in the order in which they were opened, the ones that
        were busy first.
    within : (float, float), optional
        Seconds since the start of the run; the two hours with the most arrivals when absent.
    numbers : sequence of int, optional
        Only these instances.
    ax : Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    Axes
        States shorter than a pixel are drawn a pixel wide. A tick above marks the arrival of a request.
    """
    of.chosen(result, [deployment])
    requests = of.part(result.requests, deployment)
    window = within or busiest(requests["arrived_s"].to_numpy(np.float64), _counted(result))
    spans = of.part(result.instances, deployment)
    begin, end = _times(spans)
    spans = spans[(begin < window[1]) & (end > window[0])]
    total = spans["instance"].nunique()
    if numbers is not None:
        spans = spans[spans["instance"].isin(numbers).to_numpy()]
    there = sample(spans, count)
    ax = style.axes(ax, 1.9 + 0.3 * max(4, len(there)))
    handles = _bars(ax, spans[spans["instance"].isin(there).to_numpy()], there)
    arrived = requests[requests["instance"].isin(there).to_numpy(bool)]
    handles += _marks(ax, arrived[arrived["arrived_s"].between(*window).to_numpy()], there)
    ax.set_yticks(range(len(there)), [f"{number}" for number in there])
    ax.set_ylim(max(len(there), 1) - 0.4, -0.7)
    ax.grid(False, axis="y")
    unit, tall = _time_axis(ax, window)
    style.name_axes(ax, unit, "instance (number)")
    style.legend_below(ax, handles, tall_ticks=tall)
    chosen = f"{len(there)} of the {total:,} instances" if total > len(there) else "all instances"
    when = "" if within else " in the two busiest hours"
    notes = f"{result.summary['scenario']}, {of.first_of(result)}; {chosen} that are there{when}"
    style.head(ax, f"What instances of {deployment} do", notes)
    if not len(there):
        style.say_empty(ax, "no instances")
    return ax


def _bars(ax: Axes, spans: pd.DataFrame, there: NDArray[np.int64]) -> list[Any]:
    """Draw the states of instances, each in its row; return what stands for them in the legend."""
    handles: list[Any] = []
    for state, colour in _STATES.items():
        those = spans[(spans["state"] == state).to_numpy()]
        if those.empty:
            continue
        begin, end = _times(those)
        row = np.searchsorted(there, those["instance"].to_numpy())
        # An edge of its own colour makes a state of milliseconds visible, and a state at rest needs none.
        ax.barh(row, end - begin, left=begin, height=0.62, color=colour, edgecolor=colour, label=state,
                linewidth=0 if state in ("resting", "idle") else 0.9)  # fmt: skip
        handles.append(Patch(color=colour, label=state))
    return handles


def _marks(ax: Axes, requests: pd.DataFrame, there: NDArray[np.int64]) -> list[Any]:
    """Mark arrivals and failures of requests on their instances; return what stands for them in the legend."""
    rows = np.searchsorted(there, requests["instance"].to_numpy(np.int64))
    look: dict[str, Any] = {"color": style.BLACK, "linestyle": "none"}
    ax.plot(requests["arrived_s"], rows - 0.41, marker="|", markersize=5, label="arrival", **look)
    handles = [Line2D([], [], marker="|", label="a request arrives", **look)]
    failed = (requests["fate"] == "failed").to_numpy()
    if failed.any():
        at = requests["ended_us"].to_numpy(np.float64, na_value=np.nan)[failed] / 1e6
        ax.plot(at, rows[failed], marker="x", markersize=6, markeredgewidth=1.8, label="failure", **look)
        handles.append(Line2D([], [], marker="x", label="a request fails", **look))
    return handles


def counted(begin: Floats, end: Floats, edges: Floats) -> Steps:
    """Count how many stretches of time there are at once, by bin.

    Parameters
    ----------
    begin, end : float64[n]
    edges : float64[bins + 1]
        Ascending.

    Returns
    -------
    Steps
    """
    change = np.concatenate((np.ones(len(begin)), -np.ones(len(end)), np.zeros(len(edges))))
    at = np.concatenate((begin, end, edges))
    # At one time the changes come before the edge, so that a bin begins with what is true from its edge on.
    order = np.lexsort((np.arange(len(at)), at))
    at, level = at[order], np.cumsum(change[order])
    length = np.diff(at, append=at[-1])
    lasting = (length > 0) & (at >= edges[0]) & (at < edges[-1])
    at, level, length = at[lasting], level[lasting], length[lasting]
    first = np.searchsorted(at, edges[:-1])
    return Steps(
        np.add.reduceat(level * length, first) / np.diff(edges),
        np.maximum.reduceat(level, first),
    )


def busiest(arrivals: Floats, window: Window, length: float = 2 * _HOUR) -> Window:
    """Return the stretch of a window with the most arrivals, beginning at a half of its length.

    Parameters
    ----------
    arrivals : float64[n]
        Seconds.
    window : (float, float)
        Seconds.
    length : float
        Seconds.
    """
    begin, end = window
    half = length / 2
    halves = max(2, math.ceil((end - begin) / half))
    count, _ = np.histogram(arrivals, halves, (begin, begin + halves * half))
    first = begin + int(np.argmax(count[1:] + count[:-1])) * half
    return first, min(first + length, max(end, begin + length))


def sample(spans: pd.DataFrame, count: int) -> NDArray[np.int64]:
    """Choose instances, evenly in the order of their numbers, those that were busy first.

    Parameters
    ----------
    spans : DataFrame
        Rows of the table of instances.
    count : int

    Returns
    -------
    int64[k]
        At most ``count`` numbers, ascending.
    """
    busy = np.unique(spans["instance"][(spans["state"] == "busy").to_numpy()].to_numpy(np.int64))
    rest = np.setdiff1d(spans["instance"].to_numpy(np.int64), busy)
    kept = _evenly(busy, count)
    return np.sort(np.concatenate((kept, _evenly(rest, count - len(kept)))))


def _evenly(numbers: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    if len(numbers) <= count:
        return numbers
    return numbers[np.arange(count) * len(numbers) // max(count, 1)]


def _times(spans: pd.DataFrame) -> tuple[Floats, Floats]:
    return spans["begin_us"].to_numpy(np.float64) / 1e6, spans["end_us"].to_numpy(np.float64) / 1e6


def _waiting(requests: pd.DataFrame) -> tuple[Floats, Floats]:
    """From when to when requests wait for an instance: in a queue, for its start or its wake."""
    begin = requests["admitted_us"].to_numpy(np.float64, na_value=np.nan)
    started = requests["started_us"].to_numpy(np.float64, na_value=np.nan)
    ended = requests["ended_us"].to_numpy(np.float64, na_value=np.inf)
    end = np.where(np.isnan(started), ended, started)
    waited = end > begin
    return begin[waited] / 1e6, end[waited] / 1e6


def _counted(result: Traced) -> Window:
    """Return the window of the run: what figures are of."""
    begin = float(result.summary["warmup_s"])
    return begin, begin + float(result.summary["horizon_s"])


def _edges(window: Window) -> Floats:
    """Cut a stretch of time into bins of a length that people count in."""
    length = window[1] - window[0]
    step = next((step for step in _STEPS if length / step <= _BINS), _STEPS[-1])
    return np.append(np.arange(window[0], window[1] - step / 2, step), window[1])


def _time_axis(ax: Axes, window: Window) -> tuple[str, bool]:
    """Write times as weekdays, or as hours of the day where less is shown; shade every other day.

    Returns
    -------
    str
        The name of the axis.
    bool
        Whether some labels have two lines.
    """
    begin, end = window
    ax.set_xlim(begin, end)
    step = next((step for step in _STEPS if (end - begin) / step <= 9), _STEPS[-1])
    ax.xaxis.set_major_locator(MultipleLocator(step))
    if step < _DAY:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _clock(value, step)))
        day = int(begin // _DAY)
        unit = f"time from {_DAYS[day % 7]}, day {day} ({'h:min:s' if step < _MINUTE else 'h:min'})"
    else:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _weekday(value)))
        unit = "time (days)"
    for day in range(int(begin // _DAY), math.ceil(end / _DAY)):
        if day % 2:
            ax.axvspan(max(begin, day * _DAY), min(end, (day + 1) * _DAY), color=style.SHADE, linewidth=0, zorder=0)
    return unit, step >= _DAY or math.ceil(begin / _DAY) * _DAY <= end


def _clock(value: float, step: float) -> str:
    whole = round(value)
    hours, minutes, rest = whole % 86_400 // 3600, whole % 3600 // 60, whole % 60
    clock = f"{hours}:{minutes:02}" if step >= _MINUTE else f"{hours}:{minutes:02}:{rest:02}"
    return f"{_DAYS[whole // 86_400 % 7]}\n{clock}" if hours == minutes == rest == 0 else clock


def _weekday(value: float) -> str:
    day = round(value / _DAY)
    return f"{_DAYS[day % 7]}\nday {day}" if day % 7 == 0 else _DAYS[day % 7]


def _length(seconds: float) -> str:
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"

"""How many requests are slower than so much: the complementary distribution of latency and of overhead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from sim.report.numbers import seconds, share
from sim.report.plots import result as of
from sim.report.plots import style
from sim.report.plots.result import Timed
from sim.report.plots.style import Look

Floats = NDArray[np.float64]

_MARKED = {"p95": (Fraction(95, 100), "white"), "p99": (Fraction(99, 100), "")}
"""Percentiles that are marked, and what their markers are filled with: the line's colour when empty."""

_ROOM = 1.5
"""Factor by which the axis of time goes beyond the values at least."""


def latency(result: Timed, deployments: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """Draw how many requests take longer than so much, from arrival to answer.

    Parameters
    ----------
    result : Timed
        Such as a `sim.api.Result`. The requests of all its replications are drawn.
    deployments : sequence of str, optional
        Only these.
    ax : Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    Axes
        Both axes logarithmic. A request that failed or was not finished is slower than everything: its deployment's
        curve does not come down to 0.
    """
    return _exceedance(result, "latency_s", ("Latency", "from arrival to answer", "requests"), deployments, ax)


def overhead(result: Timed, deployments: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """Draw for how many requests the platform adds more than so much to the latency; see `latency`.

    A logarithmic axis has no 0: the curve begins, at its left end, with the share of requests that have more than a
    millisecond. A deployment without any is only in the legend.
    """
    words = ("Overhead", "what the platform adds to the latency", "requests")
    return _exceedance(result, "overhead_s", words, deployments, ax)


def start_up(result: Timed, deployments: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """Draw how many starts of instances take longer than so much; see `latency`.

    That is what starts take, not what anybody waits for them: a request may be served by another instance meanwhile,
    and most requests meet no start at all. A deployment that starts nothing is only in the legend.
    """
    words = ("Start-up", "from nothing to ready", "starts")
    return _exceedance(result, "start_up_s", words, deployments, ax)


def exceedance(values: Floats) -> tuple[Floats, Floats]:
    """Return the complementary distribution function at each value that occurs.

    Parameters
    ----------
    values : float64[n]
        At least one; infinite for what never came.

    Returns
    -------
    value, above : float64[k]
        The finite values, ascending, and the fraction of all that are above each.
    """
    value, count = np.unique(values, return_counts=True)
    above = (len(values) - np.cumsum(count)) / len(values)
    finite = np.isfinite(value)
    return value[finite], above[finite]


def _exceedance(
    result: Timed, figure: str, words: tuple[str, str, str], deployments: Sequence[str] | None, ax: Axes | None
) -> Axes:
    """Draw the curves of a figure, told by its name, what it is, and what has it."""
    title, meaning, things = words
    ax = style.axes(ax, 5.6)
    look = style.looks(of.names(result))
    table = result.times(figure)
    values = {name: of.part(table, name)[figure].to_numpy() for name in of.chosen(result, deployments)}
    left, right, bottom = _limits(values.values())
    ax.set(xscale="log", yscale="log", xlim=(left, right), ylim=(bottom, 1.15))
    style.plain_ticks(ax.xaxis)
    style.plain_ticks(ax.yaxis, per_cent=True)
    for name, (q, _) in _MARKED.items():
        ax.axhline(float(1 - q), color=style.MUTED, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        style.write(ax, name, (left, float(1 - q)), xytext=(4, 2), color=style.MUTED)
    handles = [_curve(ax, name, one, look[name], (left, right)) for name, one in values.items()]
    style.name_axes(ax, f"{title.lower()}, {meaning} (s)", f"{things} that take longer (%)")
    style.legend_below(ax, handles)
    counts, replications = [len(one) for one in values.values() if len(one)], result.summary["replications"]
    count = f"{max(counts, default=0):,} {things}{' at most' if len(set(counts)) > 1 else ''}"
    notes = f"all of {replications} replications" if replications > 1 else "one replication"
    small = any(at <= left for one in values.values() if len(one) for at in _marks(one).values())
    marks = "p95 hollow, p99 filled" + (f"; those of {seconds(left)} or less have no place on the axis" * small)
    style.head(ax, f"{title} of {count}", f"{result.summary['scenario']}, {notes}; {marks}")
    if not counts:
        style.say_empty(ax, f"no {things}")
    return ax


def _curve(ax: Axes, name: str, values: Floats, look: Look, limits: tuple[float, float]) -> Line2D:
    """Draw the curve of a deployment and its marks; return what stands for it in the legend."""
    told = [name] if len(values) else [name, "none"]
    if len(values):
        value, above = exceedance(values)
        # On a logarithmic axis the curve begins with those that have any time at all, and what never came stays.
        x = np.concatenate(([limits[0]], value[value > limits[0]], [limits[1]]))
        never = float(np.isinf(values).mean())
        y = np.concatenate(([float((values > limits[0]).mean())], above[value > limits[0]], [never]))
        ax.plot(x, y, drawstyle="steps-post", color=look.colour, linestyle=look.dashes, linewidth=1.8, label=name)
        for (mark, at), (q, fill) in zip(_marks(values).items(), _MARKED.values(), strict=True):
            told.append(f"{mark} {'never' if math.isinf(at) else seconds(at)}")
            if limits[0] < at < math.inf:
                ax.plot([at], [float(1 - q)], marker=look.marker, markersize=7, markerfacecolor=fill or look.colour,
                        markeredgecolor=look.colour, markeredgewidth=1.6, linestyle="none", zorder=4)  # fmt: skip
        if never:
            style.write(ax, f"{share(never)} failed or unfinished", (limits[1], never), xytext=(-3, -3), ha="right",
                        va="top", color=style.ink(look.colour))  # fmt: skip
    return Line2D([], [], color=look.colour, linestyle=look.dashes, linewidth=1.8, marker=look.marker,
                  label="  ".join(told))  # fmt: skip


def _marks(values: Floats) -> dict[str, float]:
    """Return the percentiles that are marked, infinite where they never came."""
    ordered = np.sort(values)
    return {mark: float(ordered[math.ceil(q * len(values)) - 1]) for mark, (q, _) in _MARKED.items()}


def _limits(values: Any) -> tuple[float, float, float]:
    """Return both ends of the axis of time, and the lower end of that of shares."""
    every = np.concatenate([np.empty(0), *values])
    finite = every[np.isfinite(every) & (every > style.UNFELT)]
    left = max(style.UNFELT, 10.0 ** math.floor(math.log10(finite.min() / _ROOM))) if len(finite) else style.UNFELT
    right = _ROOM * finite.max() if len(finite) else 1.0
    most = max(map(len, values), default=0)
    return left, max(right, 10 * left), 0.5 / max(most, 100)

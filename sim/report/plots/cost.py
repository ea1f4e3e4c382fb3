"""What deployments cost: over the days of the month, and against how slow they are."""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from sim.report.numbers import dollars
from sim.report.plots import result as of
from sim.report.plots import style
from sim.report.plots.result import Billed, Summarised

_SATURDAY = 5
_ALIKE = 15
"""Up to which ratio of the largest to the least an axis is linear."""
_GROUPS = {"total": "whole", "llm": "language model"}
"""Words for groups of the bill whose names are none."""


class Point(NamedTuple):
    """A deployment in the plane of cost and time.

    Attributes
    ----------
    name : str
    x, y : float
        Dollars a month, seconds; y may be infinite.
    x_range, y_range : (float, float) or None
        Intervals.
    """

    name: str
    x: float
    y: float
    x_range: tuple[float, float] | None
    y_range: tuple[float, float] | None


def cost_curve(
    result: Billed,
    group: str = "infrastructure",
    deployments: Sequence[str] | None = None,
    scale: Literal["linear", "log"] = "linear",
    ax: Axes | None = None,
) -> Axes:
    """Draw the bill as it accumulates over the days of the month.

    Parameters
    ----------
    result : Billed
        Such as a `sim.api.Result`.
    group : str
        ``total`` or a group of the bill: ``infrastructure``, ``llm``, ``orchestration``, ``labour``.
    deployments : sequence of str, optional
        Only these.
    scale : {"linear", "log"}
        Of the dollars.
    ax : Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    Axes
        A line for each deployment, with a band where it has an interval, over the days that are over.
    """
    ax = style.axes(ax)
    look = style.looks(of.names(result))
    table = result.cost_curve
    table = table[(table["group"] == group).to_numpy()]
    ends, missing = [], []
    for name in of.chosen(result, deployments):
        last = _accumulating(ax, of.part(table, name), name, look[name])
        if last is None:
            missing.append(name)
        else:
            ends.append(style.End(last, f"{name}  {dollars(last)}", look[name].colour))
    if scale == "log" and any(end.y > 0 for end in ends):
        ax.set_yscale("log")
    else:
        ax.set_ylim(bottom=0)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    first = date.fromisoformat(f"{result.summary['month']}-01")
    _days_of_month(ax, first)
    style.name_axes(ax, f"time (days of {first:%B %Y})", f"{_GROUPS.get(group, group)} cost so far (USD)")
    notes = f"{result.summary['scenario']}, prices of {result.summary['prices']}; weekends shaded"
    if result.summary["replications"] > 1:
        notes += f"; band: {result.summary['level']:.0%} interval"
    style.head(ax, "The bill as it accumulates", notes + style.not_drawn(dict.fromkeys(missing, "no known price")))
    style.label_ends(ax, ends)
    return ax


def _accumulating(ax: Axes, rows: pd.DataFrame, name: str, look: style.Look) -> float | None:
    """Draw the curve of a deployment, as far as its prices are known; return where it ends, None if not all are."""
    rows = rows.sort_values("day")
    day, amount, low, high = (rows[key].to_numpy(np.float64) for key in ("day", "amount", "low", "high"))
    known = np.isfinite(amount)
    if known.any():
        ax.plot(day, amount, color=look.colour, linestyle=look.dashes, linewidth=1.8, label=name)
        ax.fill_between(day, low, high, color=look.colour, alpha=0.18, linewidth=0)
    return float(amount[-1]) if len(day) and known.all() else None


def cost_against(
    result: Summarised,
    figure: str = "overhead_s.p99",
    cost: str = "cost.infrastructure",
    deployments: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what each deployment costs against how slow it is.

    Parameters
    ----------
    result : Summarised
        Such as a `sim.api.Result`.
    figure : str
        Path of a time in the summary of a deployment.
    cost : str
        Path of an amount in it.
    deployments : sequence of str, optional
        Only these.
    ax : Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    Axes
        A point for each deployment, with its intervals. A line joins those that no other is both cheaper and faster
        than. A time of 0 is on a linear part of the axis; one that is infinite is at the upper edge.

    Raises
    ------
    UnknownName
        The result has no such figure or deployment.
    """
    ax = style.axes(ax)
    look = style.looks(of.names(result))
    points, missing = _points(result, figure, cost, of.chosen(result, deployments))
    top = _scales(ax, points)
    best = frontier(points)
    ax.plot([point.x for point in best], [point.y for point in best], drawstyle="steps-post", color=style.MUTED,
            linewidth=1.2, linestyle=(0, (4, 2)), zorder=1, label="frontier")  # fmt: skip
    shown = [point._replace(y=min(point.y, top)) for point in points]
    _draw_points(ax, shown, look)
    _name_points(ax, shown, top, look)
    words = in_words(figure)
    style.name_axes(ax, f"{in_words(cost)} (USD)", f"{words} (s)")
    notes = f"{result.summary['scenario']}, prices of {result.summary['prices']}"
    if any(point.x_range or point.y_range for point in points):
        notes += f"; bars: {result.summary['level']:.0%} intervals"
    style.head(ax, f"Cost against {words}", notes + _verdict(points, best) + style.not_drawn(missing))
    if not points:
        style.say_empty(ax, "no deployment has both figures")
    return ax


def frontier(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other is at least as cheap and as fast as, the cheapest first."""
    found: list[Point] = []
    for point in sorted(points, key=lambda one: (one.x, one.y)):
        if math.isfinite(point.y) and (not found or point.y < found[-1].y):
            found.append(point)
    return found


def _verdict(points: Sequence[Point], best: Sequence[Point]) -> str:
    """Say what the frontier is."""
    if len(best) > 1:
        return "; dashed: no other is both cheaper and faster"
    return f"; none is cheaper or faster than {best[0].name}" if best and len(points) > 1 else ""


def _points(
    result: Summarised, figure: str, cost: str, deployments: Sequence[str]
) -> tuple[list[Point], dict[str, str]]:
    points, missing = [], {}
    for name in deployments:
        of_deployment = result.summary["deployments"][name]
        x, y = of.figure(of_deployment, cost), of.figure(of_deployment, figure)
        lacking = next((one for one in (x, y) if one.get("value") is None), None)
        if lacking is None:
            points.append(Point(name, float(x["value"]), float(y["value"]), _range(x), _range(y)))
        else:
            missing[name] = str(lacking["why"])
    return points, missing


def _range(figure: Mapping[str, Any]) -> tuple[float, float] | None:
    low, high = figure.get("low"), figure.get("high")
    return None if low is None or high is None or low == high else (float(low), float(high))


def _bars(value: float, ends: tuple[float, float] | None) -> Any:
    """Lengths of an error bar to both sides."""
    return None if ends is None else [[max(0.0, value - ends[0])], [max(0.0, ends[1] - value)]]


def _scales(ax: Axes, points: Sequence[Point]) -> float:
    """Choose the scales of both axes; return where on the one of time infinity is drawn."""
    scale(ax, "x", [end for point in points for end in (point.x, *(point.x_range or ()))])
    return scale(ax, "y", [end for point in points for end in (point.y, *(point.y_range or ()))], style.UNFELT)


def scale(ax: Axes, which: Literal["x", "y"], values: Sequence[float], least: float = 0.0) -> float:
    """Make an axis linear from 0; logarithmic for values of different size, with a place for 0 where there is one.

    Parameters
    ----------
    ax : Axes
    which : {"x", "y"}
    values : sequence of float
        All that it has to show; what is infinite has no part in it.
    least : float
        What is less is on a logarithmic axis with 0.

    Returns
    -------
    float
        Its upper end.
    """
    axis, rescale, limit = (
        (ax.xaxis, ax.set_xscale, ax.set_xlim) if which == "x" else (ax.yaxis, ax.set_yscale, ax.set_ylim)
    )
    above = [value for value in values if 0 < value < math.inf]
    top = 1.25 * max(above, default=1.0)
    zero = any(value <= least for value in values)
    above = [value for value in above if value > least]
    if not above or max(above) <= _ALIKE * min(above):
        limit(0, top)
        return top
    top, edge = 2.5 * max(above), 10.0 ** math.floor(math.log10(min(above)))
    if zero:
        rescale("symlog", linthresh=edge, linscale=0.5)
        limit(-0.25 * edge, top)
    else:
        rescale("log")
        limit(min(above) / 2, top)
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(above) < 300 * min(above) else (1,)))
    style.plain_ticks(axis)
    return top


def _draw_points(ax: Axes, points: Sequence[Point], look: Mapping[str, style.Look]) -> None:
    """Draw each point with its intervals."""
    for point in points:
        own = look[point.name]
        ax.errorbar([point.x], [point.y], xerr=_bars(point.x, point.x_range), yerr=_bars(point.y, point.y_range),
                    fmt="none", ecolor=own.colour, elinewidth=1.2, capsize=2.5)  # fmt: skip
        ax.plot([point.x], [point.y], marker=own.marker, markersize=8, color=own.colour, linestyle="none",
                label=point.name, clip_on=False, zorder=3)  # fmt: skip


_OFFSETS = ((7, 4, "left", "bottom"), (7, -4, "left", "top"), (-7, 4, "right", "bottom"), (-7, -4, "right", "top"),
            (0, 9, "center", "bottom"), (0, -9, "center", "top"), (7, 14, "left", "bottom"), (7, -14, "left", "top"),
            (-7, 14, "right", "bottom"), (-7, -14, "right", "top"))  # fmt: skip
"""Where a name may be written beside its point, in points, the best place first."""


def _name_points(ax: Axes, points: Sequence[Point], top: float, look: Mapping[str, style.Look]) -> None:
    """Write the name of each point beside it, where no other name or point is."""
    scale = 72 / ax.get_figure(root=True).dpi  # type: ignore[union-attr]
    places = {point.name: np.asarray(ax.transData.transform((point.x, point.y))) * scale for point in points}
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in places.values()]
    for point in points:
        text = f"{point.name}, never" if point.y >= top else point.name
        width, height = 0.56 * style.SMALL * len(text), 1.2 * style.SMALL
        boxes = []
        for dx, dy, across, up in _OFFSETS:
            x, y = places[point.name] + (dx, dy)
            left = x - {"left": 0, "center": width / 2, "right": width}[across]
            low = y - {"bottom": 0, "center": height / 2, "top": height}[up]
            boxes.append((left, low, left + width, low + height))
        own = taken.index((*(places[point.name] - 5), *(places[point.name] + 5)))
        hidden = [sum(_overlap(box, other) for number, other in enumerate(taken) if number != own) for box in boxes]
        best = int(np.argmin(hidden))
        dx, dy, across, up = _OFFSETS[best]
        taken.append(boxes[best])
        style.write(ax, text, (point.x, point.y), xytext=(dx, dy), ha=across, va=up,
                    color=style.ink(look[point.name].colour))  # fmt: skip


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def in_words(figure: str) -> str:
    """Say what the path of a figure is, such as ``cost.infrastructure.per_agent`` or ``overhead_s.p99``."""
    first, _, last = figure.rpartition(".")
    if figure.startswith("cost."):
        group, _, per = figure.removeprefix("cost.").partition("per_")
        shares = {"agent": " per agent, a month", "1000_requests": " per 1,000 requests"}
        group = group.removesuffix(".") or "total"
        return f"{_GROUPS.get(group, group)} cost{shares.get(per, ' a month')}"
    if first.endswith("_s") or "_s." in first:
        return f"{last.replace('_', '.')} of {first.removesuffix('_s').replace('_s.', ' ').replace('_', ' ')}"
    return figure.replace(".", ", ").replace("_", " ")


def _days_of_month(ax: Axes, first: date) -> None:
    """Make the axis of time one of the days of a month, and shade its weekends."""
    days = monthrange(first.year, first.month)[1]
    ax.set_xlim(0, days)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 5, 10]))
    for day in range(days):
        if (first.weekday() + day) % 7 >= _SATURDAY:
            ax.axvspan(day, day + 1, color=style.SHADE, linewidth=0, zorder=0)

"""Any figure against an axis of a sweep, with its intervals, and where the lowest one changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from sim import units
from sim.claims.dimensions import BYTES, DOLLARS, FRACTION, SECONDS, Dimension, kind
from sim.errors import AdvisedError, UnknownName, quoted
from sim.report.numbers import dollars, seconds, share, significant
from sim.report.plots import result as of
from sim.report.plots import style
from sim.report.plots.cost import in_words, scale
from sim.report.plots.result import Summarised
from sim.scenario import word

Floats = NDArray[np.float64]
_UNITS = {DOLLARS: "USD", SECONDS: "s", BYTES: "MB", FRACTION: "%"}
"""Units of figures by dimension; what is none of them is a number."""


class Values(NamedTuple):
    """What an axis takes, as numbers.

    Attributes
    ----------
    at : float64[n]
        In seconds, bytes, times a second, dollars or parts of one; the numbers themselves; or places from 0 on, where
        they are no amounts.
    text : list of str
        As they are written.
    show : callable or None
        Writes a number between them; None where there are none.
    """

    at: Floats
    text: list[str]
    show: Callable[[float], str] | None

    def taken(self, order: Sequence[int]) -> Values:
        """Return some of them, or all in another order."""
        return Values(self.at[order], [self.text[index] for index in order], self.show)


def against(
    sweep: Summarised,
    axis: str,
    figure: str = "cost.infrastructure",
    deployments: Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a figure against an axis of a sweep.

    Parameters
    ----------
    sweep : Summarised
        Such as a `sim.api.Sweep`: its summary has ``axes`` and ``cases``.
    axis : str
        Name of an axis.
    figure : str
        Path of a figure, such as ``overhead_s.p99``.
    deployments : sequence of str, optional
        Only these.
    at : mapping, optional
        Which value each other axis has, as it is written.
    ax : Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    Axes
        A line for each deployment, with a band where it has an interval. The axis is one of numbers (see `Values`)
        where all values are amounts of one kind: logarithmic where they are of different size. Of costs and times a
        dotted line marks where the lowest changes, interpolated between the values.

    Raises
    ------
    UnknownName
        There is no such axis, figure or deployment.
    AdvisedError
        Another axis has no value that is chosen, or one that it does not take.
    """
    cases = _cases(sweep, axis, at or {})
    values = numbers([case["case"][axis] for case in cases])
    order = np.argsort(values.at, kind="stable").tolist()
    cases, values = [cases[index] for index in order], values.taken(order)
    names = list(cases[0]["deployments"])
    ax = style.axes(ax)
    look, missing, lines = style.looks(names), {}, {}
    for name in of.among(names, deployments):
        told = [of.figure(case["deployments"][name], figure) for case in cases]
        lines[name] = _line(ax, values, told, name, look[name])
        gaps = [one for one in told if one.get("value") is None]
        if gaps:
            missing[name if len(gaps) == len(told) else f"{name} in parts"] = str(gaps[0]["why"])
    _scales(ax, values, list(lines.values()), figure)
    style.name_axes(ax, _title_of(sweep, axis), f"{in_words(figure)} ({_UNITS.get(_dimension(figure), 'number')})")
    turns = _flips(ax, values, lines) if _dimension(figure) in (DOLLARS, SECONDS) else 0
    notes = "; dotted: where the lowest changes" if turns else ""
    _head(ax, sweep, axis, figure, at or {}, _bands(cases, figure, list(lines)) + notes + style.not_drawn(missing))
    known = {name: line[np.isfinite(line)] for name, line in lines.items()}
    ends = [style.End(float(line[-1]), name, look[name].colour) for name, line in known.items() if len(line)]
    style.label_ends(ax, ends)
    return ax


def _bands(cases: Sequence[Mapping[str, Any]], figure: str, names: Sequence[str]) -> str:
    """Say what bands are, where there are any, and why there is none where a figure has no interval."""
    told = [of.figure(case["deployments"][name], figure) for case in cases for name in names]
    drawn = any(one.get("low") is not None and one["low"] != one.get("high") for one in told)
    bare = [str(one["why"]) for one in told if one.get("value") is not None and one.get("low") is None and "why" in one]
    band = f"; band: {cases[0]['level']:.0%} interval" * drawn
    return band + (f"\nwithout a band: {bare[0]}" if bare else "")


def _line(ax: Axes, values: Values, told: Sequence[Mapping[str, Any]], name: str, look: style.Look) -> Floats:
    """Draw the line of a deployment and its band; return its figures, NaN where there is none."""
    line, low, high = (np.array([_number(one.get(end)) for one in told]) for end in ("value", "low", "high"))
    ax.plot(values.at, line, color=look.colour, linestyle=look.dashes, linewidth=1.8, marker=look.marker, markersize=5,
            clip_on=False, label=name)  # fmt: skip
    ax.fill_between(values.at, low, high, color=look.colour, alpha=0.18, linewidth=0)
    return line


def _cases(sweep: Summarised, axis: str, at: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the cases in which all axes but one have the values that are chosen."""
    if "cases" not in sweep.summary:
        raise AdvisedError("this result is of one case, so there is no axis", "give the scenario `axes`, and the sweep "
                           "that its run gives")
    axes = sweep.summary["axes"]
    for name in (axis, *at):
        if name not in axes:
            raise UnknownName(name, axes, "axis")
    for name, told in axes.items():
        example = f"such as at={{{name!r}: {told['values'][0]!r}}}"
        if name != axis and name not in at:
            raise AdvisedError(f"the sweep has also the axis {quoted(name)}", f"say which of its values, {example}")
        if name != axis and at[name] not in told["values"]:
            raise AdvisedError(f"the axis {quoted(name)} never is {at[name]!r}", f"choose one of its values, {example}")
    fixed = {name: value for name, value in at.items() if name != axis}
    return [case for case in sweep.summary["cases"] if fixed.items() <= case["case"].items()]


def numbers(values: Sequence[Any]) -> Values:
    """Read the values of an axis as amounts of one kind.

    Parameters
    ----------
    values : sequence of (str, int, float or bool)
        As they are written.

    Returns
    -------
    Values
    """
    text = [word(value) for value in values]
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        whole = all(isinstance(value, int) for value in values)
        return Values(np.array(values, np.float64), text, _next_whole if whole else significant)
    per = str(values[0]).rpartition("/")[2].strip()
    readers: list[tuple[Callable[[Any], float], Callable[[float], str]]] = [
        (lambda value: units.duration(value) / units.SECOND, seconds),
        (lambda value: float(units.rate(value)),
         lambda value: f"{significant(value * float(1 / units.rate(f'1/{per}')))}/{per}"),
        (lambda value: float(units.percent(value)), share),
        (lambda value: float(units.money(value)), dollars),
        (lambda value: float(units.size(value)), lambda value: units.show_size(round(value))),
    ]
    for read, show in readers:
        try:
            return Values(np.array([read(value) for value in values]), text, show)
        except ValueError:
            continue
    return Values(np.arange(len(values), dtype=np.float64), text, None)


def _next_whole(value: float) -> str:
    return f"{math.ceil(value):,}"


def _dimension(figure: str) -> Dimension:
    return kind(f"deployment.{figure}").dimension


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _scales(ax: Axes, values: Values, lines: Sequence[Floats], figure: str) -> None:
    """Choose the scales of both axes, and write the values of the axis at their places."""
    every = np.concatenate([np.empty(0), *lines])
    if _dimension(figure) == FRACTION:
        ax.set_ylim(0, 1.05)
        style.plain_ticks(ax.yaxis, per_cent=True)
    else:
        scale(ax, "y", every[np.isfinite(every)].tolist(), style.UNFELT if _dimension(figure) == SECONDS else 0.0)
        if ax.get_yscale() == "linear":
            ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    if values.show is not None:
        scale(ax, "x", values.at.tolist())
    # The first and the last value are near the ends, whatever the scale.
    forth = ax.xaxis.get_transform()
    ends = forth.transform(np.array([values.at.min(), values.at.max()]))
    room = 0.04 * (ends[1] - ends[0]) or 0.5
    ax.set_xlim(*forth.inverted().transform(ends + [-room, room]))
    _ticks(ax, values)


def _ticks(ax: Axes, values: Values) -> None:
    """Write the values at their places, but for those that would cover one another."""
    width = style.size(ax)[0]
    free, kept = -math.inf, []
    for at, text in zip(values.at.tolist(), values.text, strict=True):
        x = float(ax.transAxes.inverted().transform(ax.transData.transform((at, 0)))[0]) * width
        half = (0.5 * style.LETTER * len(text) + 0.5) * style.SMALL
        if x - half >= free:
            kept.append((at, text))
            free = x + half
    ax.xaxis.set_major_locator(FixedLocator([at for at, _ in kept]))
    ax.xaxis.set_major_formatter(FixedFormatter([text for _, text in kept]))
    ax.xaxis.set_minor_locator(NullLocator())


def _flips(ax: Axes, values: Values, lines: Mapping[str, Floats]) -> int:
    """Mark where another line becomes the lowest; return how often it does."""
    if values.show is None:
        return 0
    x, y = ax.xaxis.get_transform(), ax.yaxis.get_transform()
    drawn = {name: y.transform(line) for name, line in lines.items()}
    found = flips(x.transform(values.at), drawn)
    for number, (place, before, after) in enumerate(found):
        at = float(x.inverted().transform(place))
        ax.axvline(at, color=style.MUTED, linewidth=1.0, linestyle=(0, (1, 2)), zorder=1)
        right = ax.transAxes.inverted().transform(ax.transData.transform((at, 1)))[0] > 0.6
        ax.annotate(f"{before} → {after} at {values.show(at)}", (at, 0.97 - 0.06 * number),
                    xycoords=ax.get_xaxis_transform(), xytext=(-4 if right else 4, 0), textcoords="offset points",
                    ha="right" if right else "left", va="top", fontsize=style.SMALL, color=style.INK,
                    path_effects=[style.HALO])  # fmt: skip
    return len(found)


def flips(x: Floats, lines: Mapping[str, Floats]) -> list[tuple[float, str, str]]:
    """Find where another line becomes the lowest, on straight lines between points.

    Parameters
    ----------
    x : float64[n]
        Ascending.
    lines : mapping of str to float64[n]
        NaN where unknown: then it is no candidate.

    Returns
    -------
    list of (float, str, str)
        Where, from which, to which.
    """
    found = []
    names, table = list(lines), np.array(list(lines.values()))
    for left in range(len(x) - 1):
        pair = table[:, left : left + 2]
        known = np.flatnonzero(np.isfinite(pair).all(axis=1))
        if not len(known):
            continue
        begin, end = pair[known].T
        # Of equally low ones the one that is lower at the other end: it stays the lowest.
        first, last = int(np.lexsort((end, begin))[0]), int(np.lexsort((begin, end))[0])
        if first != last:
            gap, more = begin[last] - begin[first], end[first] - end[last]
            at = float(x[left] + (x[left + 1] - x[left]) * gap / (gap + more))
            found.append((at, names[known[first]], names[known[last]]))
    return found


def _title_of(sweep: Summarised, axis: str) -> str:
    path = sweep.summary["axes"][axis]["path"]
    return path if path.endswith(axis) else f"{axis}, {path}"


def _head(ax: Axes, sweep: Summarised, axis: str, figure: str, at: Mapping[str, Any], more: str) -> None:
    summary = sweep.summary
    settings = "".join(f", {name}={word(value)}" for name, value in at.items() if name != axis)
    notes = f"{summary['scenario']}{settings}, prices of {summary['cases'][0]['prices']}"
    words = in_words(figure)
    style.head(ax, f"{words[0].upper()}{words[1:]} against {axis}", notes + more)

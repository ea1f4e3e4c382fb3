"""Where the time of a request goes, for one in the middle and for the slowest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from sim.report.numbers import seconds
from sim.report.plots import result as of
from sim.report.plots import style
from sim.report.plots.result import Traced

Figure = Literal["latency_s", "overhead_s"]
"""What requests are ordered by, and what the parts add up to."""

_CAUSES = {
    "retry": ("earlier attempts", style.BLACK),
    "turn": ("agent's turn", style.PURPLE),
    "queue": ("queue", style.BLUE),
    "start": ("start", style.VERMILLION),
    "wake": ("wake", style.ORANGE),
    "interruption": ("interruptions", style.SKY),
    "contention": ("CPU contention", style.GREEN),
    "provider": ("provider", style.SKY),
    "backoff": ("calls again", style.BLACK),
}
"""What a platform adds, in words, and its colour."""

_KINDS = {"llm": "#6E6E6E", "tool": "#9B9B9B", "gpu": "#BDBDBD", "wait": "#DADADA", "window": "#EDEDED"}
"""The work itself, and the window that merges requests, which are the same everywhere, in greys."""

_SLIGHT = 1e-3
"""Least share of the longest bar for which a part is in the legend."""


def time_parts(
    result: Traced, figure: Figure = "latency_s", deployments: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw where the time of requests goes, two bars for each deployment: the median and the slowest 1%.

    A bar is the mean over the hundredth part of the completed requests that is in the middle of their order, or at its
    end.

    Parameters
    ----------
    result : Traced
        Such as a `sim.api.Result`. The requests of its first replication are drawn.
    figure : {"latency_s", "overhead_s"}
        The order of requests, and what is divided. Latency has the steps themselves as parts, in greys; overhead has
        only what the platform adds, and of the wait for an agent's turn only what comes on top of the unavoidable.
    deployments : sequence of str, optional
        Only these.
    ax : Axes, optional
        Where to draw; a new figure when absent.

    Returns
    -------
    Axes
        A row for each bar, its length in seconds.
    """
    chosen = of.chosen(result, deployments)
    ax = style.axes(ax, 1.9 + 0.52 * max(2, len(chosen)))
    bars, labels, places = [], [], []
    for number, name in enumerate(chosen):
        middle, slowest = parts(of.counted(result, name), of.part(result.attempts, name), figure)
        bars += [middle, slowest]
        labels += [f"{name}  median", "slowest 1%"]
        places += [2.5 * number, 2.5 * number + 0.95]
    longest = max((sum(bar.values()) for bar in bars), default=0.0)
    drawn = _stack(ax, bars, places, longest)
    for bar, place in zip(bars, places, strict=True):
        text = seconds(sum(bar.values())) if bar else "no request completed"
        style.write(ax, text, (sum(bar.values()), place), xytext=(4, 0), va="center", color=style.INK)
    ax.set_yticks(places, labels)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.invert_yaxis()
    ax.set_xlim(0, 1.15 * longest or 1)
    whole = "overhead" if figure == "overhead_s" else "latency"
    style.name_axes(ax, f"{whole} (s)", "")
    words = {cause: told for cause, (told, _) in _CAUSES.items()}
    style.legend_below(ax, [Patch(color=_colour(name), label=words.get(name, name)) for name in drawn])
    style.head(ax, f"Where the {whole} goes", f"{result.summary['scenario']}, {of.first_of(result)}; means of the "
               f"completed requests in the middle 1% and the slowest 1% by {whole}")  # fmt: skip
    return ax


def parts(
    requests: pd.DataFrame, attempts: pd.DataFrame, figure: Figure
) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Divide the time of the median and of the slowest requests.

    Parameters
    ----------
    requests, attempts : DataFrame
        Tables of one deployment.
    figure : {"latency_s", "overhead_s"}

    Returns
    -------
    median, slowest : dict of str to float
        Mean seconds by what they went to; they add up to the mean of the figure. Empty where none completed.
    """
    completed = requests[requests[figure].notna().to_numpy()]
    # Of equal ones those of the lower row count as slower, as in the summary.
    ordered = completed.iloc[np.argsort(-completed[figure].to_numpy(), kind="stable")]
    if ordered.empty:
        return {}, {}
    count = -(-len(ordered) // 100)
    first = (len(ordered) - count) // 2
    middle, slowest = ordered.iloc[first : first + count], ordered.iloc[:count]
    return _means(middle, attempts, figure), _means(slowest, attempts, figure)


def _means(requests: pd.DataFrame, attempts: pd.DataFrame, figure: Figure) -> Mapping[str, float]:
    causes = {cause: float(requests[f"{cause}_s"].mean()) for cause in _CAUSES}
    if figure == "overhead_s":
        # An agent's requests wait for each other on the ideal platform too; that part is in the ideal latency.
        rest = sum(value for cause, value in causes.items() if cause != "turn")
        return {**causes, "turn": float(requests["overhead_s"].mean()) - rest}
    last = attempts["request"].map(requests.set_index("request")["attempts"])
    steps = attempts[(attempts["attempt"] == last).to_numpy()]
    work = (steps["cpu_us"] + steps["wait_us"]).groupby(steps["kind"], observed=True).sum() / (1e6 * len(requests))
    held = {"window": float(requests["window_s"].mean())}
    return {**causes, **{str(kind): float(value) for kind, value in work.items()}, **held}


def _stack(ax: Axes, bars: Sequence[Mapping[str, float]], places: Sequence[float], longest: float) -> list[str]:
    """Draw the bars; return the names of the parts that can be seen."""
    order = [*_CAUSES, *_KINDS]
    order += sorted({name for bar in bars for name in bar} - set(order))
    left = np.zeros(len(bars))
    drawn = []
    for name in order:
        values = np.array([bar.get(name, 0.0) for bar in bars])
        if not (values > _SLIGHT * longest).any():
            continue
        ax.barh(places, values, left=left, height=0.85, color=_colour(name), edgecolor="white", linewidth=0.4,
                label=name)  # fmt: skip
        left += values
        drawn.append(name)
    return drawn


def _colour(name: str) -> str:
    return _CAUSES[name][1] if name in _CAUSES else _KINDS.get(name, style.SKY)

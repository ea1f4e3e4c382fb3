"""How all plots look: colours that colour-blind people tell apart, titles, labels, axes.

The colours are those of Okabe and Ito (2008), Color Universal Design. Their yellow, which is faint on white, is left
out; the grey that R's palette of their name adds is the last.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, NullFormatter
from matplotlib.transforms import ScaledTranslation

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
GREY = "#999999"
INK, MUTED, FAINT, SHADE = "#222222", "#5F5F5F", "#D9D9D9", "#F2F2F2"

_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY)
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
_MARKERS = "osD^vPX*"

SMALL, TEXT, TITLE = 9.0, 10.0, 12.0
"""Sizes of type in points, on a figure that is shown at 800 pixels."""

_WIDTH, _HEIGHT, _DPI = 8.0, 4.8, 100
LETTER = 0.52
"""Mean width of a letter, in sizes of the type."""


UNFELT = 1e-3
"""Seconds that nobody feels: where logarithmic axes of time begin, or have what is less with 0."""

HALO = withStroke(linewidth=2.5, foreground="white")
"""A white edge, for what lies over other things."""


class Look(NamedTuple):
    """How a deployment is drawn.

    Attributes
    ----------
    colour : str
    dashes : str or tuple
        A line style of matplotlib.
    marker : str
    """

    colour: str
    dashes: Any
    marker: str


def looks(deployments: Sequence[str]) -> dict[str, Look]:
    """Give each deployment its colour; where they run out, dashes tell apart.

    Parameters
    ----------
    deployments : sequence of str
        All of a result, so that choosing some of them changes no colour.
    """
    return {
        name: Look(
            _COLOURS[number % len(_COLOURS)],
            _DASHES[number // len(_COLOURS) % len(_DASHES)],
            _MARKERS[number % len(_MARKERS)],
        )
        for number, name in enumerate(deployments)
    }


class ShownAxes(Axes):
    """Axes of a figure of their own, which show themselves in a notebook without pyplot."""

    def _repr_png_(self) -> bytes:
        kept = io.BytesIO()
        # Without the version of matplotlib, equal results are equal bytes.
        _figure(self).savefig(kept, format="png", metadata={"Software": None})
        return kept.getvalue()


def axes(ax: Axes | None, height: float = _HEIGHT) -> Axes:
    """Return the axes that were given, or those of a new figure, ready to be drawn into.

    Parameters
    ----------
    ax : Axes or None
    height : float
        Inches of the new figure.
    """
    if ax is None:
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, layout="constrained", facecolor="white")
        ax = figure.add_subplot(axes_class=ShownAxes)
        ax.set_facecolor("white")
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.tick_params(colors=INK, labelsize=SMALL, color=MUTED)
    ax.grid(True, color=FAINT, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def head(ax: Axes, title: str, notes: str) -> None:
    """Write a title, and below it, smaller, what a reader has to know beside it; long lines are broken.

    Parameters
    ----------
    ax : Axes
    title : str
    notes : str
        Lines.
    """
    most = int(size(ax)[0] / (LETTER * SMALL))
    lines = [line for note in notes.split("\n") for line in textwrap.wrap(note, most)]
    ax.set_title(title, loc="left", fontsize=TITLE, fontweight="bold", color=INK, pad=7 + 1.3 * SMALL * len(lines))
    written = ax.annotate(
        "\n".join(lines), (0, 1), xytext=(0, 5), xycoords="axes fraction", textcoords="offset points", ha="left",
        va="bottom", fontsize=SMALL, color=MUTED, linespacing=1.15,
    )  # fmt: skip
    # A long line must not make the axes narrower.
    written.set_in_layout(False)


def name_axes(ax: Axes, x: str, y: str) -> None:
    """Write what the axes show, with units."""
    ax.set_xlabel(x, fontsize=TEXT, color=INK)
    ax.set_ylabel(y, fontsize=TEXT, color=INK)


def legend_below(ax: Axes, handles: Sequence[Any], *, tall_ticks: bool = False) -> None:
    """Put the legend below the axes, where it hides nothing, in as many columns as find room.

    Parameters
    ----------
    ax : Axes
    handles : sequence of Artist
        What stands for each thing, with its label.
    tall_ticks : bool
        Whether the labels of the ticks have two lines.
    """
    if not handles:
        return
    down = ScaledTranslation(0, -(54 if tall_ticks else 40) / 72, _figure(ax).dpi_scale_trans)
    widths = [LETTER * SMALL * len(str(handle.get_label())) + 5.2 * SMALL for handle in handles]
    # Each column is as wide as the widest of its own; matplotlib fills them from the top.
    fitting = (number for number in range(len(handles), 1, -1)
               if sum(max(column) for column in np.array_split(widths, number)) < 1.15 * size(ax)[0])
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(0, 0), bbox_transform=ax.transAxes + down,
        ncols=next(fitting, 1), frameon=False, fontsize=SMALL, labelcolor=INK, borderaxespad=0, handlelength=2.4,
        columnspacing=2.0,
    )  # fmt: skip


def plain_ticks(axis: Any, *, per_cent: bool = False) -> None:
    """Write 0.001 rather than a power of ten; as a percentage where asked."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%" if per_cent else f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def ink(colour: str) -> str:
    """Darken a colour, so that type in it can be read."""
    red, green, blue = to_rgb(colour)
    return to_hex((0.68 * red, 0.68 * green, 0.68 * blue))


def write(ax: Axes, text: str, at: tuple[float, float], **terms: Any) -> None:
    """Write something beside a point, in points from it, with a white edge where lines cross it."""
    ax.annotate(text, at, textcoords="offset points", fontsize=SMALL, annotation_clip=False,
                path_effects=[HALO], **terms)  # fmt: skip


def say_empty(ax: Axes, text: str) -> None:
    """Write into axes without data why there is none."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=TEXT, color=MUTED)


@dataclass(frozen=True, slots=True)
class End:
    """What is written at the right end of a line.

    Attributes
    ----------
    y : float
        Where the line ends.
    text : str
    colour : str
    """

    y: float
    text: str
    colour: str


def label_ends(ax: Axes, ends: Iterable[End]) -> None:
    """Write the names of lines to the right of the axes, none over another; a thin line leads to those that moved.

    Call it when the limits and scales of the axes are what they will be.
    """
    ordered = sorted(ends, key=lambda end: end.y)
    heights = [ax.transAxes.inverted().transform(ax.transData.transform((0, end.y)))[1] for end in ordered]
    # A logarithmic axis has no place for 0.
    wanted = np.clip(heights, 0, 1).tolist()
    for end, at, place in zip(ordered, wanted, spread(wanted, 1.3 * SMALL / size(ax)[1]), strict=True):
        ax.annotate(
            end.text, (1, at), xytext=(1.035, place), xycoords="axes fraction", textcoords="axes fraction",
            ha="left", va="center", fontsize=SMALL, color=ink(end.colour), annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": end.colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0,
                        "relpos": (0, 0.5)},
        )  # fmt: skip


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Move places apart until there is a gap between each and the next, as little as that takes.

    Parameters
    ----------
    wanted : sequence of float
        In ascending order.
    gap : float

    Returns
    -------
    list of float
        Groups of places that would overlap are centred on the mean of where they are wanted.
    """
    groups: list[list[float]] = []
    for place in wanted:
        groups.append([place])
        while len(groups) > 1 and _low(groups[-1], gap) - _high(groups[-2], gap) < gap:
            last = groups.pop()
            groups[-1] += last
    return [_low(group, gap) + gap * number for group in groups for number in range(len(group))]


def _low(group: Sequence[float], gap: float) -> float:
    return float(np.mean(group)) - gap * (len(group) - 1) / 2


def _high(group: Sequence[float], gap: float) -> float:
    return float(np.mean(group)) + gap * (len(group) - 1) / 2


def size(ax: Axes) -> tuple[float, float]:
    """Return width and height of axes in points, near enough: the layout of a figure is made when it is drawn."""
    figure, place = _figure(ax), ax.get_position()
    return place.width * figure.get_figwidth() * 72, place.height * figure.get_figheight() * 72


def _figure(ax: Axes) -> Figure:
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def not_drawn(missing: Mapping[str, str]) -> str:
    """Say what is not drawn, and why, in lines to add to the notes."""
    reasons: dict[str, list[str]] = {}
    for name, why in missing.items():
        reasons.setdefault(why, []).append(name)
    return "".join(f"\nnot drawn: {', '.join(those)} ({why})" for why, those in reasons.items())

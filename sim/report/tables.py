"""Tables of deployments that fit the terminal: where columns are too many, there are several, each with names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sim.report.numbers import Kind, Shown, show
from sim.report.page import Notes, wide

Tree = Mapping[str, Any]
Cell = Callable[[str, Tree], Text]
"""Makes the cell of a deployment, of its name and its part of the summary."""

_NAMES = 0.4
"""Part of the terminal that names take at the most; longer ones go on in the next line."""
_PADDING = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table of deployments.

    Attributes
    ----------
    group : str
        First line of its heading; told once for columns of one group that stand side by side.
    title : str
        Second line.
    cell : callable
        See `Cell`.
    """

    group: str
    title: str
    cell: Cell


def tables(
    deployments: Mapping[str, Tree], columns: Sequence[Column], width: int, *, platforms: bool
) -> Iterator[RenderableType]:
    """Set deployments in one table, or in as many as it takes for none to be wider than the terminal.

    Parameters
    ----------
    deployments : mapping of str to mapping
        By name, as a summary has them.
    columns : sequence of Column
    width : int
        Columns of the terminal.
    platforms : bool
        Whether the first table names the platform below each deployment.

    Yields
    ------
    RenderableType
        The tables, with an empty line between two of them.
    """
    cells = [[column.cell(name, deployment) for name, deployment in deployments.items()] for column in columns]
    names = [_name(name, one["platform"] if platforms else "") for name, one in deployments.items()]
    longest = min(max(map(_widest, names)), int(wide(width) * _NAMES))
    for number, part in enumerate(_shared_out(_blocks(columns, cells), wide(width) - longest - _PADDING)):
        if number:
            yield Text()
        table = Table(box=None, padding=(0, 1), pad_edge=True, header_style="dim")
        table.add_column("", width=longest, overflow="fold")
        for at in part:
            same = at > part[0] and columns[at - 1].group == columns[at].group
            title = f"{'' if same else columns[at].group}\n{columns[at].title}"
            table.add_column(title, justify="right", no_wrap=True)
        for row, name in enumerate(names):
            table.add_row(name.split("\n")[0] if number else name, *(cells[at][row] for at in part))
        yield table


def figure(shown: Shown, notes: Notes) -> Text:
    """Return a cell with a figure, and below it half its interval."""
    text = Text(shown.value)
    if shown.why:
        text.append(notes.mark(shown.why), style="dim")
    if shown.spread:
        text.append(f"\n{shown.spread}", style="dim")
    return text


def of(path: str, kind: Kind, notes: Notes) -> Cell:
    """Return what makes cells of the figure at a path; see `figure`."""
    return lambda _, deployment: figure(show(at(deployment, path), kind), notes)


def at(tree: Tree, path: str) -> Tree | None:
    """Return the part of a summary at a path, None where there is no such part."""
    for key in path.split("."):
        if key not in tree:
            return None
        tree = tree[key]
    return tree


def _name(name: str, platform: str) -> Text:
    text = Text(name, style="bold")
    return text.append(f"\n{platform}", style="not bold dim") if platform else text


def _widest(text: Text) -> int:
    return max(line.cell_len for line in text.split("\n", allow_blank=True))


_Block = list[tuple[int, int]]
"""Columns that stand side by side: of each its place, and how wide it is."""


def _blocks(columns: Sequence[Column], cells: Sequence[Sequence[Text]]) -> list[_Block]:
    """Put columns of one group together; the first of them is wide enough for the name of the group."""
    blocks: list[_Block] = []
    for place, (column, made) in enumerate(zip(columns, cells, strict=True)):
        begins = place == 0 or columns[place - 1].group != column.group
        shown = [Text(column.title), *made, *([Text(column.group)] if begins else [])]
        if begins:
            blocks.append([])
        blocks[-1].append((place, max(map(_widest, shown)) + _PADDING))
    return blocks


def _shared_out(blocks: Sequence[_Block], room: int) -> list[list[int]]:
    """Share columns among as few tables as there can be, and make the widest of these as narrow as it can be."""
    fewest = _filled(blocks, room)
    wholes = [sum(size for _, size in block) for block in blocks]
    least = max([*(size for block in blocks for _, size in block), *(whole for whole in wholes if whole <= room)])
    narrower = (_filled(blocks, less) for less in range(least, room))
    return next((parts for parts in narrower if len(parts) == len(fewest)), fewest)


def _filled(blocks: Sequence[_Block], room: int) -> list[list[int]]:
    """Fill tables one after another; a group is divided only if it is wider than a table."""
    parts: list[list[int]] = [[]]
    left = room
    for block in blocks:
        whole = sum(size for _, size in block)
        for place, size in block:
            needed = whole if place == block[0][0] and whole <= room else size
            if parts[-1] and needed > left:
                parts.append([])
                left = room
            parts[-1].append(place)
            left -= size
    return parts

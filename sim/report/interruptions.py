"""What interruptions did, on the terminal: told of deployments whose instances can be taken back, and of deadlines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import RenderableType
from rich.text import Text

from sim.report.numbers import NONE, Kind, show
from sim.report.page import Notes, heading
from sim.report.tables import Cell, Column, at, figure, tables

Tree = Mapping[str, Any]

FIGURES: Final[tuple[tuple[str, str, str, Kind], ...]] = (
    ("interrupted", "a request", "interruptions.per_request", "number"),
    ("interrupted", "an hour", "interruptions.per_hour", "number"),
    ("time", "lost", "lost_fraction", "share"),
    ("time", "in checkpoints", "checkpoint_fraction", "share"),
    ("time", "on demand", "on_demand_fraction", "share"),
    ("deadline", "missed", "deadline_missed_fraction", "share"),
)
"""Columns: the two lines of their headings, paths, kinds."""


def told(summary: Tree) -> list[tuple[str, str, str, Kind]]:
    """Return the figures of interruptions that are not 0 in every deployment."""
    return [one for one in FIGURES
            if any((at(deployment, one[2]) or {}).get("value") for deployment in summary["deployments"].values())]


def section(summary: Tree, width: int) -> Iterable[RenderableType]:
    """Return the part of the report on interruptions, for a terminal of so many columns; nothing where none is told.

    Parameters
    ----------
    summary : mapping
    width : int
    """
    shown = told(summary)
    if not shown:
        return
    notes = Notes()
    columns = [Column(group, title, _cell(path, kind, notes)) for group, title, path, kind in shown]
    aside = "time is that on instances"
    if summary["paired"]:
        columns.append(Column("saved", "in all", _saved(summary, notes)))
        aside += f"; saved is of what {summary['reference']} costs for the same work, interruptions and all"
    yield heading("Interruptions", aside)
    yield from tables(summary["deployments"], columns, width, platforms=False)
    if notes:
        yield notes.lines()


def _cell(path: str, kind: Kind, notes: Notes) -> Cell:
    def cell(_: str, deployment: Tree) -> Text:
        found = at(deployment, path) or {}
        # Where nothing is on an instance that can be taken there is no share of its time; that needs no note.
        return Text(NONE) if found.get("value") is None else figure(show(found, kind), notes)

    return cell


def _saved(summary: Tree, notes: Notes) -> Cell:
    """Return what makes cells of what is saved against the reference: 1 less the ratio of their bills."""

    def cell(name: str, _: Tree) -> Text:
        ratio = {} if name == summary["reference"] else summary["paired"][name].get("cost.infrastructure") or {}
        if ratio.get("value") is None:
            return Text(NONE)
        ends = {end: None if ratio.get(other) is None else 1 - ratio[other]
                for end, other in (("low", "high"), ("high", "low"))}  # fmt: skip
        return figure(show({"value": 1 - ratio["value"], **ends}, "share"), notes)

    return cell

"""The report on a scenario with axes: a line for each case and deployment, and where expectations do not hold.

A pure function of the summary of all cases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.report.basis import aged
from sim.report.document import require_audits
from sim.report.numbers import Kind, show
from sim.report.page import VERDICTS, Notes, footer, heading, printed, wide
from sim.report.tables import Column, of, tables
from sim.report.verdicts import section
from sim.scenario import Settings, word

Tree = Mapping[str, Any]

_ENDLESS = Console(width=10_000, _environ={})
"""A terminal on which every table fits, to measure it."""


def render(
    summary: Tree,
    *,
    width: int = 100,
    colour: bool = False,
    encoding: str = "utf-8",
    folder: str | None = None,
    command: str | None = None,
) -> str:
    """Write the report.

    Parameters
    ----------
    summary : mapping
        Of a sweep: summaries under ``cases``, each with what it takes of the axes under ``case``.
    width, colour, encoding, folder, command
        As for a single run; see `sim.report.terminal.render`.

    Returns
    -------
    str
        Lines with a newline at the end of each.

    Raises
    ------
    AuditError
        An audit failed: such figures are not shown.
    """
    for case in summary["cases"]:
        require_audits(case)
    return printed(_sections(summary, width, folder, command), width=width, colour=colour, encoding=encoding)


def _sections(summary: Tree, width: int, folder: str | None, command: str | None) -> Iterable[RenderableType]:
    cases = summary["cases"]
    yield _header(summary)
    if summary["expect"]:
        together = f"all of these together at {round(cases[0]['level'] * 100)}%" if len(summary["expect"]) > 1 else ""
        yield from section("Expectations across cases", summary["expect"], together)
    yield heading("Cases", "overhead is what the platform adds to a request; cost is infrastructure alone, a month")
    notes = Notes()
    table = _table(summary, notes)
    if Measurement.get(_ENDLESS, _ENDLESS.options, table).maximum <= wide(width):
        yield table
    else:
        yield from _narrow(summary, notes, width)
    if notes:
        yield notes.lines()
    if cases[0]["expect"]:
        together = f", all verdicts of a case together at {round(cases[0]['level'] * 100)}%"
        yield heading("Expectations", f"in {len(cases)} cases{together if len(cases[0]['expect']) > 1 else ''}")
        yield Padding(_expectations(cases), (0, 0, 0, 1))
    yield from footer(folder, command)


def facts(summary: Tree) -> str:
    """Say in a line what was run."""
    cases = summary["cases"]
    axes = " × ".join(f"{name} ({len(axis['values'])})" for name, axis in summary["axes"].items())
    most = summary["replications"]
    return " · ".join([
        f"{len(cases)} cases: {axes}", f"{'up to ' if _differ(cases) else ''}{most} replications each",
        f"seed {summary['seed']}", aged(cases[0]),
    ])  # fmt: skip


def _header(summary: Tree) -> RenderableType:
    lines = [Text(summary["scenario"], style="bold")]
    if summary.get("about"):
        lines.append(Text(" ".join(summary["about"].split())))
    return Group(*lines, Text(facts(summary), style="dim"))


def _differ(cases: Sequence[Tree]) -> bool:
    return len({case["replications"] for case in cases}) > 1


def _table(summary: Tree, notes: Notes) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True, header_style="dim")
    for name in summary["axes"]:
        table.add_column(name, vertical="top", overflow="fold")
    judged = bool(summary["cases"][0]["expect"])
    table.add_column("deployment", vertical="top", overflow="fold")
    for title in ("overhead p99", "±", "cost a month", "±", *(("expectations",) if judged else ())):
        table.add_column(title, justify="left" if title in ("±", "expectations") else "right", no_wrap=True)
    for case in summary["cases"]:
        for index, (name, deployment) in enumerate(case["deployments"].items()):
            settings = [Text(word(value)) if index == 0 else Text() for value in case["case"].values()]
            verdicts = [_counts(case["expect"]) if index == 0 else Text()] if judged else []
            table.add_row(*settings, Text(name), *_figure(deployment["overhead_s"]["p99"], "seconds", notes),
                          *_figure(deployment["cost"]["infrastructure"], "dollars", notes), *verdicts)
    return table


def _narrow(summary: Tree, notes: Notes, width: int) -> Iterable[RenderableType]:
    """Name case and deployment in one column, where a column for each axis is too much for the terminal."""
    rows = {f"{Settings.of(case['case'])}: {name}": {**deployment, "expect": case["expect"]}
            for case in summary["cases"] for name, deployment in case["deployments"].items()}
    columns = [Column("overhead", "p99", of("overhead_s.p99", "seconds", notes)),
               Column("cost", "a month", of("cost.infrastructure", "dollars", notes))]
    if summary["cases"][0]["expect"]:
        columns.append(Column("expec-", "tations", lambda _, row: _counts(row["expect"])))
    yield from tables(rows, columns, width, platforms=False)


def _figure(figure: Tree, kind: Kind, notes: Notes) -> tuple[Text, Text]:
    shown = show(figure, kind)
    value = Text(shown.value)
    value.append(notes.mark(shown.why), style="dim")
    return value, Text(shown.spread.removeprefix("±"), style="dim")


def _counts(expectations: Sequence[Tree]) -> Text:
    """Say how many expectations hold, fail, and cannot be decided."""
    text = Text()
    for verdict, (sign, style) in VERDICTS.items():
        count = sum(one["verdict"] == verdict for one in expectations)
        if count:
            text.append(f"{sign} {count}  ", style=style)
    return text


def _expectations(cases: Sequence[Tree]) -> RenderableType:
    """Say of each expectation in how many cases it holds, and in which it does not."""
    rows = Table.grid(padding=(0, 2), expand=True)
    rows.add_column(no_wrap=True)
    rows.add_column(ratio=1)
    for index, expectation in enumerate(cases[0]["expect"]):
        verdicts = [case["expect"][index]["verdict"] for case in cases]
        worst = next(verdict for verdict in ("fails", "inconclusive", "holds") if verdict in verdicts)
        sign, style = VERDICTS[worst]
        holds = verdicts.count("holds")
        count = "in all" if holds == len(cases) else "in none" if holds == 0 else f"in {holds} of {len(cases)}"
        rows.add_row(Text(f"{sign} holds {count}", style=style), Text(expectation["text"]))
        for verdict in ("fails", "inconclusive"):
            judged = [case["case"] for case, one in zip(cases, verdicts, strict=True) if one == verdict]
            where = [str(Settings.of(taken)) for taken in judged]
            if where and len(where) < len(cases):
                rows.add_row("", Text(f"{verdict}: {'; '.join(where)}", style="dim"))
    return rows

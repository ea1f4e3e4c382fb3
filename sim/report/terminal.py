"""The report on the terminal: verdicts, deployments, bill, advice, in this order.

A pure function of the summary. Tables lead with the platform's overhead and its infrastructure cost: the language
model's own seconds and dollars are the same everywhere and would drown the difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.report.advice import advise
from sim.report.document import require_audits
from sim.report.numbers import NONE, Kind, Shown, dollars, given, number, share, show
from sim.report.page import VERDICTS, Notes, footer, heading, printed

Tree = Mapping[str, Any]

WIDE = 112
"""Columns of a terminal from which on the table of deployments is one."""

_GROUPS = ("infrastructure", "llm", "orchestration", "labour")
_LINES = 3
"""Lines of the bill that are shown of each deployment, if they are at least `_SLIGHT` of it."""
_SLIGHT = 0.01
_TINY = 0.0001


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
        As ``summary.json`` holds it.
    width : int
        Columns of the terminal.
    colour : bool
        Whether to use the terminal's colours.
    encoding : str
        Of the terminal. Signs that it cannot show are replaced by plain ones.
    folder : str, optional
        Where the run is kept.
    command : str, optional
        What repeats it.

    Returns
    -------
    str
        Lines with a newline at the end of each.

    Raises
    ------
    AuditError
        An audit failed: such figures are not shown.
    """
    require_audits(summary)
    return printed(_sections(summary, width, folder, command), width=width, colour=colour, encoding=encoding)


def _sections(summary: Tree, width: int, folder: str | None, command: str | None) -> Iterable[RenderableType]:
    yield _header(summary)
    if summary.get("expect"):
        yield from _expectations(summary)
    yield from _deployments(summary, width)
    yield from _bill(summary, width)
    advice = summary["advice"] if "advice" in summary else advise(summary)
    if advice:
        yield heading("Advice")
        rows = Table.grid(padding=(0, 1))
        for one in advice:
            rows.add_row("•", one["text"])
        yield Padding(rows, (0, 0, 0, 1))
    yield from footer(folder, command)


# Header


def facts(summary: Tree) -> list[str]:
    """Say in a line or two what was run, and what its intervals are."""
    count = summary["replications"]
    told = [
        f"{number(summary['agents'])} agent{'s' if summary['agents'] > 1 else ''}",
        _horizon(summary["horizon_s"]),
        f"{count} replication{'s' if count > 1 else ''}",
        f"seed {summary['seed']}",
        f"prices {summary['prices']} as of {summary['as_of']}",
    ]
    lines = [" · ".join(told)]
    if count > 1:
        lines.append(f"± is a {round(summary['level'] * 100)}% interval; it covers {summary['covers']}")
    return lines


def _header(summary: Tree) -> RenderableType:
    lines = [Text(summary["scenario"], style="bold")]
    if summary.get("about"):
        lines.append(Text(" ".join(summary["about"].split())))
    return Group(*lines, *(Text(line, style="dim") for line in facts(summary)))


def _horizon(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    if rest:
        return show({"value": float(seconds)}, "seconds").value
    if days % 7 == 0:
        return f"{days // 7} week{'s' if days > 7 else ''}"
    return f"{days} day{'s' if days > 1 else ''}"


# Expectations


def counted(expectations: Sequence[Tree]) -> list[str]:
    """Say how many expectations hold, fail, and cannot be decided."""
    counts = {verdict: sum(one["verdict"] == verdict for one in expectations) for verdict in VERDICTS}
    words = {verdict: verdict if counts[verdict] == 1 else verdict.removesuffix("s") for verdict in counts}
    return [f"{count} {words[verdict]}" for verdict, count in counts.items() if count]


def _expectations(summary: Tree) -> Iterable[RenderableType]:
    expectations = summary["expect"]
    told = counted(expectations)
    if len(expectations) > 1:
        told.append(f"all verdicts together at {round(summary['level'] * 100)}%")
    yield heading("Expectations", " · ".join(told))
    rows = Table.grid(padding=(0, 2), expand=True)
    rows.add_column(no_wrap=True)
    rows.add_column(ratio=1)
    rows.add_column(no_wrap=True, justify="right")
    for one in expectations:
        sign, style = VERDICTS[one["verdict"]]
        rows.add_row(
            Text(f"{sign} {one['verdict']}", style=style),
            Text(one["text"]),
            Text(one.get("claim") or "", style="dim"),
        )
        for part in one.get("parts") or [one]:
            rows.add_row("", Text(judged(part, whole=part is one), style="dim"), "")
        if one.get("note"):
            rows.add_row("", Text(" ".join(one["note"].split()), style="dim italic"), "")
    yield Padding(rows, (0, 0, 0, 1))


_UNITS: dict[str, Kind] = {"s": "seconds", "USD": "dollars", "B": "bytes", "fraction": "share", "ratio": "ratio"}


def judged(expectation: Tree, *, whole: bool) -> str:
    """Say what a comparison was judged by; of one of several, also which it is and its verdict."""
    kind = _UNITS.get(expectation["unit"], "number")
    found = show(expectation, kind)
    parts = [] if whole else [f"{VERDICTS[expectation['verdict']][0]} {expectation['text']}"]
    if expectation["value"] is not None:
        parts.append(f"difference {found.full}" if expectation["measure"] == "difference" else found.full)
    if expectation.get("bound") is not None:
        parts.append(f"bound {given(expectation['bound'], kind)}")
    if found.why:
        parts.append(found.why)
    return ", ".join(parts)


# Deployments


_Column = tuple[str, Callable[[str, Tree], Text]]
"""Heading (two lines), and the cell of a deployment."""


def _deployments(summary: Tree, width: int) -> Iterable[RenderableType]:
    notes = Notes()
    speed, cost = _speed(summary, notes), _cost(summary, notes)
    adds, costs = "overhead is what the platform adds to a request", "cost is infrastructure alone"
    if summary["paired"]:
        costs += f"; ref. is {summary['reference']}"
    if width >= WIDE:
        yield heading("Deployments", f"{adds}; {costs}")
        yield _table(summary, [*speed, *cost], platforms=True)
    else:
        yield heading("Deployments", adds)
        yield _table(summary, speed, platforms=False)
        yield Text(f"\n{' ' * len('Deployments')}  {costs}", style="dim")
        yield _table(summary, cost, platforms=True)
    if notes:
        yield notes.lines()


def _speed(summary: Tree, notes: Notes) -> list[_Column]:
    def cell(path: str, kind: Kind) -> Callable[[str, Tree], Text]:
        return lambda _, deployment: _cell(show(_at(deployment, path), kind), notes)

    return [
        ("overhead\np50", cell("overhead_s.p50", "seconds")),
        ("\np95", cell("overhead_s.p95", "seconds")),
        ("\np99", cell("overhead_s.p99", "seconds")),
        ("latency\np99", cell("latency_s.p99", "seconds")),
        ("cold\nstarts", cell("cold_start_fraction", "share")),
        ("\nwoken", cell("wake_fraction", "share")),
        ("\nfailed", _failed),
    ]


def _cost(summary: Tree, notes: Notes) -> list[_Column]:
    reference = summary["reference"]

    def ratio(path: str) -> Callable[[str, Tree], Text]:
        def cell(name: str, _: Tree) -> Text:
            if name == reference:
                return Text("×1", style="dim")
            figure = summary["paired"][name].get(path) or {}
            text = _cell(show(figure, "ratio"), notes)
            if figure.get("low") is not None:
                text.stylize("green" if figure["high"] < 1 else "red" if figure["low"] > 1 else "")
            return text

        return cell

    columns: list[_Column] = [("cost\na month", _amount("infrastructure", notes))]
    if summary["paired"]:
        columns += [("p99\n/ ref.", ratio("overhead_s.p99")), ("cost\n/ ref.", ratio("cost.infrastructure"))]
    return columns


def _failed(_: str, deployment: Tree) -> Text:
    fraction = deployment["failed_fraction"]["value"]
    if fraction is None or fraction == 0:
        return Text("0%" if fraction == 0 else NONE)
    if fraction < _TINY:
        return Text("<0.01%")
    return Text(share(fraction), style="red")


def _table(summary: Tree, columns: Sequence[_Column], *, platforms: bool) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True, header_style="dim")
    table.add_column("", justify="left", overflow="fold")
    for title, _ in columns:
        table.add_column(title, justify="right", no_wrap=True, vertical="top")
    for name, deployment in summary["deployments"].items():
        row = Text(name, style="bold")
        if platforms:
            row.append(f"\n{deployment['platform']}", style="not bold dim")
        table.add_row(row, *(cell(name, deployment) for _, cell in columns))
    return table


def _cell(shown: Shown, notes: Notes) -> Text:
    text = Text(shown.value)
    if shown.why:
        text.append(notes.mark(shown.why), style="dim")
    if shown.spread:
        text.append(f"\n{shown.spread}", style="dim")
    return text


def _at(tree: Tree, path: str) -> Tree | None:
    for key in path.split("."):
        if key not in tree:
            return None
        tree = tree[key]
    return tree


# Bill


def _bill(summary: Tree, width: int) -> Iterable[RenderableType]:
    month = date.fromisoformat(f"{summary['month']}-01").strftime("%B %Y")
    yield heading("Bill", f"of {month}, {summary['prices']}")
    notes = Notes()
    deployments = summary["deployments"]
    groups = [name for name in _GROUPS if any(_charged(one["cost"][name]) for one in deployments.values())]
    columns: list[_Column] = []
    for name in (*groups, "total"):
        columns.append((_TITLES.get(name, name), _amount(name, notes)))
    columns.append(("infra.\nper agent", _amount("infrastructure.per_agent", notes)))
    columns.append(("infra. per\n1,000 req.", _amount("infrastructure.per_1000_requests", notes)))
    yield _table(summary, columns, platforms=False)
    if notes:
        yield notes.lines()
    if any(deployment["cost"]["lines"] for deployment in summary["deployments"].values()):
        yield Text()
        yield _lines(summary, wide=width >= WIDE)


_TITLES = {"infrastructure": "infra-\nstructure", "llm": "language\nmodel", "total": "\ntotal"}


def _charged(figure: Tree) -> bool:
    return figure["value"] is None or figure["value"] != 0


def _amount(path: str, notes: Notes) -> Callable[[str, Tree], Text]:
    def cell(_: str, deployment: Tree) -> Text:
        # Without a sum of the group there is no part of it for an agent either, and for the same reason.
        figure = _at(deployment["cost"], path) or deployment["cost"][path.partition(".")[0]]
        return _cell(show(figure, "dollars"), notes)

    return cell


def _lines(summary: Tree, *, wide: bool) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("", overflow="fold")
    table.add_column("largest lines", ratio=1)
    if wide:
        table.add_column("quantity", justify="right", no_wrap=True)
        table.add_column("rate", no_wrap=True)
    table.add_column("amount", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    bills = {name: deployment["cost"]["lines"] for name, deployment in summary["deployments"].items()}
    for name, lines in bills.items():
        _add_lines(table, name, [line for line in lines if line["group"] != "llm"], wide=wide)
    calls = [line for line in bills[summary["reference"]] if line["group"] == "llm"]
    _add_lines(table, f"model, on {summary['reference']}" if len(bills) > 1 else "model", calls, wide=wide)
    return table


def _add_lines(table: Table, title: str, lines: Sequence[Tree], *, wide: bool) -> None:
    priced = all(line["amount"] is not None for line in lines)
    # Shares of what is charged; a credit is told as a share of it, too.
    whole = math.fsum(max(line["amount"] or 0.0, 0.0) for line in lines)
    notable = [line for line in lines if line["amount"] is None or abs(line["amount"]) > _SLIGHT * whole]
    for index, line in enumerate(notable[:_LINES]):
        amount = line["amount"]
        quantity = f"{number(line['quantity'])} {line['unit']}"
        rate = "no price" if line["rate"] is None else f"× ${line['rate']}"
        item = Text(line["item"])
        if not wide:
            item.append(f"\n{quantity} {rate}", style="dim")
        table.add_row(
            Text(title if index == 0 else "", style="bold"),
            item,
            *([Text(quantity), Text(rate)] if wide else []),
            Text(NONE if amount is None else dollars(amount)),
            Text(share(amount / whole) if priced and whole else ""),
        )

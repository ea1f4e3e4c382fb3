"""The bill on the terminal: sums by group, and the largest lines with the arithmetic that leads to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from sim.report import tables
from sim.report.numbers import NONE, dollars, number, share, show
from sim.report.page import Notes, heading
from sim.report.tables import Column

Tree = Mapping[str, Any]

WIDE = 112
"""Columns of a terminal from which on the arithmetic of a line stands beside it, not below."""

_GROUPS = ("infrastructure", "llm", "orchestration", "labour")
_APART = ("llm", "labour")
"""Groups whose lines are no part of what a platform costs."""
_TITLES = {"infrastructure": ("infra-", "structure"), "llm": ("language", "model"), "total": ("", "total")}
_LINES = 3
"""Lines of the bill that are shown of each deployment, if they are at least `_SLIGHT` of it."""
_SLIGHT = 0.01
_NOISE = 1e-9
"""Of a quantity: what a difference of floats may be off."""
_MANY = {"1K": (1_000, "a thousand"), "1M": (1_000_000, "a million"), "1B": (10**9, "a billion")}
"""Numbers that a unit of a price may begin with."""


def sections(summary: Tree, width: int) -> Iterable[RenderableType]:
    """Return the bill of a summary, part by part, for a terminal of so many columns."""
    month = date.fromisoformat(f"{summary['month']}-01").strftime("%B %Y")
    yield heading("Bill", f"of {month}, {summary['prices']}")
    notes = Notes()
    deployments = summary["deployments"]
    groups = [name for name in _GROUPS if any(_charged(one["cost"][name]) for one in deployments.values())]
    columns = [Column(*_TITLES.get(name, ("", name)), amount(name, notes)) for name in (*groups, "total")]
    columns.append(Column("infra.", "per agent", amount("infrastructure.per_agent", notes)))
    columns.append(Column("infra. per", "1,000 req.", amount("infrastructure.per_1000_requests", notes)))
    yield from tables.tables(deployments, columns, width, platforms=False)
    if notes:
        yield notes.lines()
    if any(deployment["cost"]["lines"] for deployment in deployments.values()):
        yield Text()
        yield _lines(summary, wide=width >= WIDE)


def amount(path: str, notes: Notes) -> tables.Cell:
    """Return what makes cells of a sum of the bill."""

    def cell(_: str, deployment: Tree) -> Text:
        # Without a sum of the group there is no part of it for an agent either, and for the same reason.
        found = tables.at(deployment["cost"], path) or deployment["cost"][path.partition(".")[0]]
        return tables.figure(show(found, "dollars"), notes)

    return cell


def arithmetic(line: Tree) -> str:
    """Say how the amount of a line comes about.

    Parameters
    ----------
    line : mapping
        As a summary or an invoice has it.

    Returns
    -------
    str
        Such as "43,200 GB-s, all free", "(540,000 − 400,000 free) GB-s × $0.0000166667" or "2,160 h × $0.0160, capped
        at $9.99 an instance".
    """
    if line["credit"] is not None:
        return f"up to {dollars(float(line['credit']))} a month"
    if line["kind"] == "floor":
        return f"what is missing to {dollars(float(line['rate']))}"
    if line["kind"] == "surcharge":
        least = f", {dollars(float(line['least']))} at least" if line["raised"] else ""
        return f"{share(float(line['rate']))} of {dollars(line['quantity'])}{least}"
    if line["rate"] is None and line["amount"]:
        return f"{used(line)}, each at the price of its time"
    if line["rate"] is None:
        return f"{used(line)}, free" if line["amount"] == 0 else f"{used(line)}, no price"
    many, each, unit = _unit(line["unit"])
    rate = f"× ${line['rate']}{each}"
    quantity, free, billable = (number(many * line[key]) for key in ("quantity", "free", "billable"))
    told = f"({quantity} − {free} free) {unit} {rate}" if line["free"] else f"{quantity} {unit} {rate}"
    if line["free"] and not line["billable"]:
        return f"{quantity} {unit}, all free"
    if line["billable"] - (line["quantity"] - line["free"]) > _NOISE * line["quantity"]:
        told = f"{used(line)}, sold as {billable} {rate}"
    for limit, words, count in (("cap", "capped at", line["capped"]), ("least", "at least", line["raised"])):
        if count:
            part = f", {number(count)} of {number(line['instances'])} of them" if count < line["instances"] else ""
            told += f", {words} {dollars(float(line[limit]))} an instance{part}"
    return told


def used(line: Tree) -> str:
    """Say how much of something was used: "9,230 requests" where a line counts them in millions."""
    many, _, unit = _unit(line["unit"])
    return f"{number(many * line['quantity'])} {unit}"


def _unit(text: str) -> tuple[int, str, str]:
    """Take the number off a unit such as "1M tokens": how many, how that is said behind a rate, and of what."""
    size, _, noun = text.partition(" ")
    if size not in _MANY:
        return 1, "", text
    many, words = _MANY[size]
    return many, f" {words}", noun


def _charged(figure: Tree) -> bool:
    return figure["value"] is None or figure["value"] != 0


def _lines(summary: Tree, *, wide: bool) -> Table:
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("", overflow="fold")
    table.add_column("largest lines", ratio=4, overflow="fold")
    if wide:
        table.add_column("how", ratio=5, overflow="fold")
    table.add_column("amount", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    bills = {name: deployment["cost"]["lines"] for name, deployment in summary["deployments"].items()}
    for name, lines in bills.items():
        _add_lines(table, name, [line for line in lines if line["group"] not in _APART], wide=wide)
        _add_lines(table, f"labour, for {name}", [line for line in lines if line["group"] == "labour"], wide=wide)
    calls = [line for line in bills[summary["reference"]] if line["group"] == "llm"]
    _add_lines(table, f"model, on {summary['reference']}" if len(bills) > 1 else "model", calls, wide=wide)
    return table


def _add_lines(table: Table, title: str, lines: Sequence[Tree], *, wide: bool) -> None:
    priced = all(line["amount"] is not None for line in lines)
    # Shares of what is charged: a credit is none, it is taken off.
    whole = math.fsum(max(line["amount"] or 0.0, 0.0) for line in lines)
    found = _notable(lines, whole)
    if len(found) > 1 and all(line["amount"] == 0 for line in found):
        found = [{**found[0], "item": "all of it is free", "how": ", ".join(map(used, found))}]
    for index, line in enumerate(found[:_LINES]):
        charged = line["amount"]
        item = Text(line["item"])
        how = line.get("how") or arithmetic(line)
        if not wide:
            item.append(f"\n{how}", style="dim")
        table.add_row(
            Text(title if index == 0 else "", style="bold"),
            item,
            *([Text(how, style="dim")] if wide else []),
            Text(NONE if charged is None else dollars(charged)),
            Text(share(charged / whole) if priced and whole and line["credit"] is None else ""),
        )


def _notable(lines: Sequence[Tree], whole: float) -> list[Tree]:
    """Pick the lines worth a look: what costs something, what has no price, and what an allowance made free."""
    return [line for line in lines
            if line["amount"] is None or abs(line["amount"]) > _SLIGHT * whole or (line["free"] and not line["amount"])]

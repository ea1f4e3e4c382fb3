"""The report on the terminal: verdicts, deployments, bill, what it rests on, advice, in this order.

A pure function of the summary. Tables lead with the platform's overhead and its infrastructure cost: the language
model's own seconds and dollars are the same everywhere and would drown the difference. Three numbers are kept apart:
what the caller felt (latency, first step), what was billed, and what starting and waking took.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.report import bill, interruptions
from sim.report.advice import CAUSES, advise, any_arrived, by_cause
from sim.report.basis import EVERYWHERE, Basis, aged, bases
from sim.report.document import require_audits
from sim.report.numbers import NONE, given, number, show
from sim.report.page import Notes, footer, heading, printed
from sim.report.readme import held
from sim.report.tables import Cell, Column, at, figure, of, tables
from sim.report.verdicts import section

Tree = Mapping[str, Any]

_TINY = 0.0001
"""Shares below it are told as less than it."""
_FAINT = 0.001
"""The same of overhead in latency."""


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
        together = f"all verdicts together at {round(summary['level'] * 100)}%" if len(summary["expect"]) > 1 else ""
        yield from section("Expectations", summary["expect"], together)
    yield from _deployments(summary, width)
    yield from _first_step(summary, width)
    yield from _on_gpu(summary, width)
    yield from interruptions.section(summary, width)
    yield from _callers(summary, width)
    yield from bill.sections(summary, width)
    yield from _rests_on(summary)
    advice = summary["advice"] if "advice" in summary else advise(summary)
    if advice:
        yield heading("Advice")
        rows = Table.grid(padding=(0, 1))
        rows.add_column()
        rows.add_column(overflow="fold")
        for one in advice:
            rows.add_row("•", Text(one["text"]))
        yield Padding(rows, (0, 0, 0, 1))
    yield from footer(folder, command, held(summary["replications"]))


# Header


def facts(summary: Tree) -> list[str]:
    """Say in a line or two what was run, and what its intervals are."""
    count = summary["replications"]
    told = [
        f"{number(summary['agents'])} agent{'s' if summary['agents'] > 1 else ''}",
        _horizon(summary["horizon_s"]) + _after(summary["warmup_s"]),
        f"{count} replication{'s' if count > 1 else ''}",
        f"seed {summary['seed']}",
        aged(summary),
    ]
    lines = [" · ".join(told)]
    if count > 1 or not summary["method"].startswith("none"):
        by = "" if count > 1 else f" by {summary['method']}"
        lines.append(f"± is a {round(summary['level'] * 100)}% interval{by}; it covers {summary['covers']}")
    else:
        lines.append(f"no intervals: {summary['method'].removeprefix('none: ')}")
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


def _after(seconds: int) -> str:
    return f" after {_horizon(seconds)} of warm-up" if seconds else ""


# Deployments


def _deployments(summary: Tree, width: int) -> Iterable[RenderableType]:
    notes = Notes()
    asides = ["overhead is what the platform adds to a request; added is its part of all latency",
              "cost is infrastructure alone"]
    if summary["paired"]:
        asides.append(f"ref. is {summary['reference']}")
    yield heading("Deployments", "; ".join(asides))
    if not any_arrived(summary):
        yield Text(" No request arrived within the horizon: there is a bill, and nothing else to compare.")
        return
    yield from tables(summary["deployments"], _columns(summary, notes), width, platforms=True)
    if notes:
        yield notes.lines()


def _columns(summary: Tree, notes: Notes) -> list[Column]:
    def seconds(path: str) -> Cell:
        return of(path, "seconds", notes)

    def shares(path: str) -> Cell:
        return lambda _, deployment: _share(deployment[path], notes)

    columns = [
        *(Column("overhead", name, seconds(f"overhead_s.{name}")) for name in ("p50", "p95", "p99")),
        Column("latency", "p99", seconds("latency_s.p99")),
        Column("latency", "added", lambda _, deployment: _share(deployment["overhead_fraction"], notes, _FAINT)),
        Column("cold", "starts", shares("cold_start_fraction")),
        Column("", "woken", shares("wake_fraction")),
        Column("", "failed", lambda _, deployment: _failed(deployment, notes)),
    ]
    paired = bool(summary["paired"])
    columns += [Column("p99", "/ ref.", _ratio(summary, "overhead_s.p99", notes))] if paired else []
    columns.append(Column("cost", "a month", bill.amount("infrastructure", notes)))
    columns += [Column("cost", "/ ref.", _ratio(summary, "cost.infrastructure", notes))] if paired else []
    return columns


def _share(fraction: Tree, notes: Notes, least: float = _TINY) -> Text:
    value = fraction["value"]
    if value is not None and 0 < abs(value) < least:
        return Text(f"<{given(least, 'share')}")
    return figure(show(fraction, "share"), notes)


def _failed(deployment: Tree, notes: Notes) -> Text:
    """Say how many requests failed, and why, the most frequent cause first."""
    text = _share(deployment["failed_fraction"], notes)
    if deployment["failed_fraction"]["value"] and not text.plain.startswith("<"):
        text.stylize("red", 0, text.plain.find("\n") if "\n" in text.plain else len(text))
    causes = by_cause(deployment)
    for name, count in causes:
        if count:
            text.append(f"\n{CAUSES[name].short}", style="dim")
    return text


def _ratio(summary: Tree, path: str, notes: Notes) -> Cell:
    def cell(name: str, deployment: Tree) -> Text:
        if name == summary["reference"]:
            known = (at(deployment, path) or {}).get("value") is not None
            return Text("×1" if known else NONE, style="dim")
        found = summary["paired"][name].get(path) or {}
        text = figure(show(found, "ratio"), notes)
        if found.get("low") is not None:
            text.stylize("green" if found["high"] < 1 else "red" if found["low"] > 1 else "")
        return text

    return cell


# What a caller waits for first, and what starting takes


def _first_step(summary: Tree, width: int) -> Iterable[RenderableType]:
    deployments = summary["deployments"]
    if not any_arrived(summary):
        return
    notes = Notes()
    columns = [Column("first step", name, of(f"first_step_s.{name}", "seconds", notes)) for name in ("p50", "p99")]
    for group, path in (("start-up", "start_up_s"), ("wake-up", "wake_up_s")):
        if any(one[path]["p50"]["value"] is not None for one in deployments.values()):
            columns += [Column(group, name, _if_any(f"{path}.{name}", notes)) for name in ("p50", "p99")]
    yield heading("First step and start-up", "first step is from arrival to its end; start-up and wake-up are what an "
                  f"instance takes, whether anybody waits or not; {NONE}: too few")  # fmt: skip
    yield from tables(deployments, columns, width, platforms=False)
    if notes:
        yield notes.lines()


def _on_gpu(summary: Tree, width: int) -> Iterable[RenderableType]:
    """Tell what requests wait for on a GPU, where they have time on one."""
    deployments = summary["deployments"]
    if not any((at(one, "decode_s.mean") or {}).get("value") is not None for one in deployments.values()):
        return
    notes = Notes()
    columns = [Column("first token", name, of(f"first_token_s.{name}", "seconds", notes)) for name in ("p50", "p99")]
    columns += [Column(phase, "mean", of(f"{phase}_s.mean", "seconds", notes)) for phase in ("prefill", "decode")]
    columns += [Column("tokens", "a second", of("gpu_token_rate", "number", notes))]
    yield heading("On GPUs", "the first token comes at the end of prefill; means of completed requests; tokens "
                  "generated in a second of an instance that is up")  # fmt: skip
    yield from tables(deployments, columns, width, platforms=False)
    if notes:
        yield notes.lines()


def _callers(summary: Tree, width: int) -> Iterable[RenderableType]:
    """Say how often requests were tried, where callers give up or try again."""
    deployments = summary["deployments"]
    if not any((at(one, path) or {}).get("value") for one in deployments.values()
               for path in ("given_up_fraction", "retried_fraction")):  # fmt: skip
        return
    notes = Notes()
    columns = [Column("", "attempts", of("attempts", "number", notes)), *(
        Column("", title, of(f"{path}_fraction", "share", notes))
        for title, path in (("retried", "retried"), ("given up", "given_up"), ("in vain", "wasted")))]  # fmt: skip
    yield heading("Callers", "attempts are those at a request; given up is who left without an answer; in vain is the "
                  "part of the time on instances that served attempts which failed or were given up")
    yield from tables(deployments, columns, width, platforms=False)
    if notes:
        yield notes.lines()


def _if_any(path: str, notes: Notes) -> Cell:
    """Return what makes cells of a figure, without the reason where there is none: few instances started."""
    def cell(name: str, deployment: Tree) -> Text:
        group, _, percentile = path.partition(".")
        value = deployment[group][percentile]["value"]
        return Text(NONE) if value is None else of(path, "seconds", notes)(name, deployment)

    return cell


# What it rests on


def _rests_on(summary: Tree) -> Iterable[RenderableType]:
    found = bases(summary)
    if not found:
        return
    yield heading("Rests on", "guesses, whose reasons are in README.md of the folder; and what is left out")
    rows = Table.grid(padding=(0, 2), expand=True)
    rows.add_column(overflow="fold")
    rows.add_column(ratio=1, overflow="fold")
    for one in found:
        for index, (title, said) in enumerate(_said(one)):
            name = Text(one.platform if index == 0 else "", style="" if one.platform == EVERYWHERE else "bold")
            rows.add_row(name, Text(f"{title}: ", style="dim").append(said, style="not dim"))
    yield Padding(rows, (0, 0, 0, 1))


def _said(one: Basis) -> Iterator[tuple[str, str]]:
    if one.assumed:
        yield "Assumed", ", ".join(f"{each['path']} {each['value']}" for each in one.assumed)
    for title, items in (("Not modelled", one.not_modelled), ("Not in the bill", one.not_covered)):
        if items:
            yield title, _sentences(items)


def _sentences(items: Sequence[str]) -> str:
    return " ".join(item if item.endswith(".") else f"{item}." for item in items)

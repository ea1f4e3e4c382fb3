"""What became of expectations, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.report.numbers import Kind, given, show
from sim.report.page import VERDICTS, heading
from sim.scenario import Settings

Tree = Mapping[str, Any]

_UNITS: dict[str, Kind] = {"s": "seconds", "USD": "dollars", "B": "bytes", "fraction": "share", "ratio": "ratio"}


def counted(expectations: Sequence[Tree]) -> list[str]:
    """Say how many expectations hold, fail, and cannot be decided."""
    counts = {verdict: sum(one["verdict"] == verdict for one in expectations) for verdict in VERDICTS}
    words = {verdict: verdict if counts[verdict] == 1 else verdict.removesuffix("s") for verdict in counts}
    return [f"{count} {words[verdict]}" for verdict, count in counts.items() if count]


def sentence(expectation: Tree) -> str:
    """Return an expectation as written; of one that compares cases, also what is the same in them."""
    text = " ".join(expectation["text"].split())
    return f"{text}, in the case {Settings.of(expectation['case'])}" if expectation.get("case") else text


def judged(expectation: Tree, *, whole: bool, level: bool = False) -> str:
    """Say what a comparison was judged by; of one of several, also which it is and its verdict.

    Parameters
    ----------
    expectation : mapping
    whole : bool
        Whether it is the only comparison of its expectation.
    level : bool
        Whether to say the level of its interval.
    """
    kind = _UNITS.get(expectation["unit"], "number")
    found = show(expectation, kind)
    parts = []
    if expectation["value"] is not None:
        measure = "difference " if expectation["measure"] == "difference" else ""
        sure = level and expectation["low"] != expectation["high"]
        parts.append(f"{measure}{found.full}" + (f" at {100 * expectation['level']:.4g}%" if sure else ""))
    if expectation.get("bound") is not None:
        parts.append(f"bound {given(expectation['bound'], kind)}")
    if found.why:
        parts.append(found.why)
    told = ", ".join(parts)
    return told if whole else f"{VERDICTS[expectation['verdict']][0]} {expectation['text']}: {told}"


def section(title: str, expectations: Sequence[Tree], aside: str) -> Iterable[RenderableType]:
    """Write a section of verdicts.

    Parameters
    ----------
    title : str
    expectations : sequence of mapping
        As a summary has them under ``expect``.
    aside : str
        What else is to be said in the heading.
    """
    yield heading(title, " · ".join([*counted(expectations), *([aside] if aside else [])]))
    rows = Table.grid(padding=(0, 2), expand=True)
    rows.add_column(no_wrap=True)
    rows.add_column(ratio=1, overflow="fold")
    rows.add_column(no_wrap=True, justify="right")
    for one in expectations:
        sign, style = VERDICTS[one["verdict"]]
        rows.add_row(Text(f"{sign} {one['verdict']}", style=style), Text(sentence(one)),
                     Text(one.get("claim") or "", style="dim"))
        for part in one.get("parts") or [one]:
            rows.add_row("", Text(judged(part, whole=part is one), style="dim"), "")
        if one.get("note"):
            rows.add_row("", Text(" ".join(one["note"].split()), style="dim italic"), "")
    yield Padding(rows, (0, 0, 0, 1))

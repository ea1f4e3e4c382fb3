"""What a notebook shows of a result: verdicts, deployments, bill, advice, in this order.

Pure functions of the summary. All style is in the elements themselves, since notebooks that are not trusted, and pages
that show them, drop style sheets. Colours of text and ground are the page's own, light or dark; only the signs of
verdicts have colours, which can be read on either. Everything that comes from a person is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from sim.report import interruptions
from sim.report.bill import arithmetic
from sim.report.document import require_audits
from sim.report.numbers import NONE, Kind, dollars, share, show
from sim.report.page import VERDICTS, Notes
from sim.report.sweep import facts as facts_of_sweep
from sim.report.terminal import facts
from sim.report.verdicts import counted, judged, sentence
from sim.scenario import Scenario, Settings, word
from sim.scenario.window import AUTO

Tree = Mapping[str, Any]

_COLOURS = {"holds": "#2a9d5c", "fails": "#e0483e", "inconclusive": "#b97f10"}
_LINE = "border-top:1px solid rgba(128,128,128,.35)"
_DIM = "opacity:.68"
_MANY = 20
"""Rows from which on a table has a bar to scroll it with."""

_FIGURES: tuple[tuple[str, str, Kind], ...] = (
    ("overhead p50", "overhead_s.p50", "seconds"), ("overhead p95", "overhead_s.p95", "seconds"),
    ("overhead p99", "overhead_s.p99", "seconds"), ("latency p99", "latency_s.p99", "seconds"),
    ("cold starts", "cold_start_fraction", "share"), ("woken", "wake_fraction", "share"),
    ("failed", "failed_fraction", "share"), ("given up", "given_up_fraction", "share"),
    ("tried again", "retried_fraction", "share"), ("in vain", "wasted_fraction", "share"),
    ("infrastructure", "cost.infrastructure", "dollars"),
    ("per agent", "cost.infrastructure.per_agent", "dollars"), ("language model", "cost.llm", "dollars"),
    ("total", "cost.total", "dollars"),
)  # fmt: skip
"""Columns of the table of deployments: headings, paths, kinds."""


def result(summary: Tree) -> str:
    """Show a run.

    Parameters
    ----------
    summary : mapping
        As ``summary.json`` holds it.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    AuditError
        An audit failed: such figures are not shown.
    """
    require_audits(summary)
    name = summary["scenario"]
    if "case" in summary:
        name += f" ({Settings.of(summary['case'])})"
    parts = [_head(name, summary.get("about", ""), facts(summary))]
    if summary["expect"]:
        parts.append(verdicts(summary["expect"]))
    parts += [_deployments(summary), _interruptions(summary), _bill(summary)]
    if summary.get("advice"):
        items = "".join(f"<li>{escape(one['text'])}</li>" for one in summary["advice"])
        parts.append(_title("Advice") + f'<ul style="margin:.2em 0">{items}</ul>')
    return _whole(parts)


def sweep(summary: Tree) -> str:
    """Show a run of all cases of a scenario with axes.

    Parameters
    ----------
    summary : mapping
        Of a sweep: summaries under ``cases``, each with what it takes of the axes under ``case``.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    AuditError
        An audit failed: such figures are not shown.
    """
    notes = Notes()
    rows = []
    for case in summary["cases"]:
        require_audits(case)
        for index, (name, deployment) in enumerate(case["deployments"].items()):
            settings = [word(value) if index == 0 else "" for value in case["case"].values()]
            figures = [_figure(deployment["overhead_s"]["p99"], "seconds", notes),
                       _figure(deployment["cost"]["infrastructure"], "dollars", notes)]
            told = [" ".join(map(_sign, _verdicts_of(case))) if index == 0 else ""] if case["expect"] else []
            rows.append([*map(escape, settings), f"<b>{escape(name)}</b>", *figures, *told])
    heads = [*summary["axes"], "deployment", "overhead p99", "infrastructure a month"]
    judging = ["expectations"] if summary["cases"][0]["expect"] else []
    table = _table([*heads, *judging], rows, left=(*range(len(summary["axes"]) + 1), len(heads)))
    across = [verdicts(summary["expect"])] if summary["expect"] else []
    return _whole([_head(summary["scenario"], summary.get("about", ""), [facts_of_sweep(summary)]), *across,
                   _scrolled(table, len(rows)), _reasons(notes)])


def study(scenario: Scenario) -> str:
    """Show a scenario that can be run: its deployments, axes and expectations, as they were written.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    str
        HTML.
    """
    written = scenario.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    warmup = "a warm-up that is looked for" if scenario.warmup == AUTO else f"{written.get('warmup')} of warm-up"
    after = f" after {warmup}" if scenario.warmup else ""
    told = [f"{scenario.workload.agents:,} agents", written["horizon"] + after, f"{scenario.replications} replications",
            f"seed {scenario.seed}", f"month {scenario.month}", f"prices {scenario.prices} as of {scenario.as_of}"]
    rows = []
    for name, keys in written["deployments"].items():
        where = keys.get("platform") or f"extends {keys['extends']}"
        others = [f"{key}: {_text(value)}" for key, value in keys.items() if key not in ("platform", "extends")]
        rows.append([f"<b>{escape(name)}</b>", _whole_line(escape(where)), escape(", ".join(others))])
    parts = [_head(scenario.name, scenario.about, [" · ".join(told)]),
             _title("Deployments"), _table(["", "platform", "settings"], rows, left=(0, 1, 2))]
    if scenario.axes:
        axes = [[f"<b>{escape(axis.name)}</b>", escape(axis.path), escape(", ".join(map(_text, axis.labels)))]
                for axis in scenario.axes]
        parts += [_title("Axes"), _table(["", "path", "values"], axes, left=(0, 1, 2))]
    if scenario.expect:
        expected = [[escape(" ".join(one.that.split())), escape(one.claim or "")] for one in scenario.expect]
        parts += [_title("Expectations"), _table(["", "claim"], expected, left=(0, 1))]
    return _whole(parts)


def verdicts(expectations: Sequence[Tree]) -> str:
    """Show verdicts.

    Parameters
    ----------
    expectations : sequence of mapping
        As a summary has them under ``expect``.

    Returns
    -------
    str
        HTML.
    """
    rows = []
    for one in expectations:
        figures = "".join(_small(judged(part, whole=part is one)) for part in one.get("parts") or [one])
        note = f"<i>{_small(' '.join(one['note'].split()))}</i>" if one.get("note") else ""
        text = f"<code>{escape(sentence(one))}</code>"
        rows.append([_sign((one["verdict"], one["verdict"])), text + figures + note, escape(one.get("claim") or "")])
    title = _title("Expectations", " · ".join(counted(expectations)))
    return title + _scrolled(_table(["", "", "claim"], rows, left=(0, 1, 2)), len(rows))


def _verdicts_of(case: Tree) -> list[tuple[str, str]]:
    """Return each verdict that there is in a case, and how often."""
    said = [one["verdict"] for one in case["expect"]]
    return [(verdict, str(said.count(verdict))) for verdict in VERDICTS if verdict in said]


def _sign(told: tuple[str, str]) -> str:
    verdict, text = told
    return _whole_line(f'<span style="color:{_COLOURS[verdict]}"><b>{VERDICTS[verdict][0]}</b> {escape(text)}</span>')


def _deployments(summary: Tree) -> str:
    notes = Notes()
    shown = [column for column in _FIGURES
             if any(_told(_at(one, column[1])) for one in summary["deployments"].values())]
    rows = [
        [f"<b>{escape(name)}</b>{_small(deployment['platform'])}",
         *(_figure(_at(deployment, path), kind, notes) for _, path, kind in shown)]
        for name, deployment in summary["deployments"].items()
    ]
    aside = "overhead is what the platform adds to a request; costs are those of a month"
    table = _table(["", *(heading for heading, *_ in shown)], rows, left=(0,))
    return _title("Deployments", aside) + table + _reasons(notes)


def _interruptions(summary: Tree) -> str:
    """Show what interruptions did, and whether deadlines were met; nothing where there is nothing to tell."""
    shown, notes = interruptions.told(summary), Notes()
    if not shown:
        return ""
    rows = [
        [f"<b>{escape(name)}</b>",
         *(NONE if _at(deployment, path).get("value") is None else _figure(_at(deployment, path), kind, notes)
           for _, _, path, kind in shown)]
        for name, deployment in summary["deployments"].items()
    ]
    table = _table(["", *(f"{group} {title}" for group, title, _, _ in shown)], rows, left=(0,))
    return _title("Interruptions", "time is that on instances") + table + _reasons(notes)


def _told(figure: Tree) -> bool:
    """Whether a figure says anything: one that is 0 everywhere has no column."""
    return bool(figure.get("value") or figure.get("why"))


def _bill(summary: Tree) -> str:
    month = date.fromisoformat(f"{summary['month']}-01").strftime("%B %Y")
    bills = {name: deployment["cost"]["lines"] for name, deployment in summary["deployments"].items()}
    told = {name: [line for line in lines if line["group"] != "llm"] for name, lines in bills.items()}
    # What the models cost is the same everywhere, near enough.
    told[f"model, on {summary['reference']}"] = [line for line in bills[summary["reference"]] if line["group"] == "llm"]
    rows = []
    for name, lines in told.items():
        for index, line in enumerate(lines):
            amount = NONE if line["amount"] is None else dollars(line["amount"])
            rows.append([f"<b>{escape(name)}</b>" if index == 0 else "", escape(line["item"]),
                         escape(arithmetic(line)), escape(amount)])
    table = _scrolled(_table(["", "line", "how", "amount"], rows, left=(0, 1, 2)), len(rows))
    title = f"Bill of {month}, {summary['prices']}: {len(rows)} lines"
    return f'<details style="margin-top:.6em"><summary><b>{escape(title)}</b></summary>{table}</details>'


def _at(tree: Tree, path: str) -> Tree:
    for key in path.split("."):
        tree = tree.get(key) or {}
    return tree


def _figure(figure: Tree, kind: Kind, notes: Notes) -> str:
    shown = show(figure, kind)
    text = share(figure["value"]) if kind == "share" and figure.get("value") == 0 else shown.value
    return escape(text) + notes.mark(shown.why) + (_small(shown.spread) if shown.spread else "")


def _text(value: Any) -> str:
    """Write a setting in one line, as a file may have it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_text(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return word(value)


# Elements ------------------------------------------------------------------------------------------------------------


def _whole(parts: Iterable[str]) -> str:
    style = "line-height:1.35;font-variant-numeric:tabular-nums;max-width:72em"
    return f'<div style="{style}">{"".join(parts)}</div>'


def _head(name: str, about: str, lines: Sequence[str]) -> str:
    return f'<div style="font-size:1.15em"><b>{escape(name)}</b></div>' + (
        f"<div>{escape(' '.join(about.split()))}</div>" if about else "") + "".join(map(_small, lines))


def _title(text: str, aside: str = "") -> str:
    beside = f' <small style="{_DIM}">{escape(aside)}</small>' if aside else ""
    return f'<div style="margin-top:.8em"><b>{escape(text)}</b>{beside}</div>'


def _small(text: str) -> str:
    return f'<div style="font-size:.88em;{_DIM}">{escape(text)}</div>'


def _whole_line(content: str) -> str:
    return f'<span style="white-space:nowrap">{content}</span>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int]) -> str:
    """Write a table; the cells of rows are HTML, the headings are text."""
    def cell(index: int, tag: str, content: str, more: str = "") -> str:
        align = "left" if index in left else "right"
        return f'<{tag} style="text-align:{align};vertical-align:top;padding:.2em .7em;{more}">{content}</{tag}>'

    top = "".join(cell(index, "th", escape(text), f"font-weight:normal;{_DIM}") for index, text in enumerate(heads))
    body = "".join(
        "<tr>" + "".join(cell(index, "td", content, _LINE) for index, content in enumerate(row)) + "</tr>"
        for row in rows)
    style = "border-collapse:collapse;margin:.2em 0"
    return f'<table style="{style}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _scrolled(table: str, rows: int) -> str:
    return f'<div style="max-height:32em;overflow:auto">{table}</div>' if rows > _MANY else table


def _reasons(notes: Notes) -> str:
    return "".join(_small(f"{sign} {why}") for sign, why in notes.reasons.items())

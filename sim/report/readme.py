"""The README of a run folder: what is in it, and what the figures rest on, with the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sim.report.basis import EVERYWHERE, Basis, aged, bases
from sim.trace.columns import REPLICATIONS, TABLES, markdown

Tree = Mapping[str, Any]


def readme(summary: Tree) -> str:
    """Write the README of a run folder.

    Parameters
    ----------
    summary : mapping
        As ``summary.json`` holds it.

    Returns
    -------
    str
        Markdown.
    """
    count = summary["replications"]
    parts = [f"# {summary['scenario']}", " ".join((summary["about"] or "").split()), _contents(count),
             "## What the figures rest on", f"{aged(summary).capitalize()}. `invoice.json` has the source of each."]
    for one in bases(summary):
        parts += _basis(one)
    parts += ["# Tables", f"Times are from the start of the run. {held(count).capitalize()}.", markdown()]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def held(count: int) -> str:
    """Say of which replications the tables of a run are.

    Parameters
    ----------
    count : int
        Replications of the run.
    """
    names = list(TABLES)
    tables = f"{', '.join(names[:-1])} and {names[-1]}"
    if count == 1:
        return f"{tables} are of the one replication"
    return f"{tables} are of replication 0 of {count} alone; {REPLICATIONS}.parquet has the figures of each"


def _contents(count: int) -> str:
    rows = {
        "summary.json": f"every figure, from all {count} replications together" if count > 1 else "every figure",
        f"{REPLICATIONS}.parquet": "every figure from each replication alone",
        **{f"{name}.parquet": "of replication 0: see below" for name in TABLES},
        "invoice.json": "the bill of each deployment, of replication 0, line by line",
        "case.yaml": "the scenario as it was understood, with every default and its source",
        "run-info.json": "host, date, duration, versions: what differs from run to run",
    }
    lines = [f"| `{name}` | {what} |" for name, what in rows.items()]
    return "\n".join(["| file | what it holds |", "|---|---|", *lines])


def _basis(one: Basis) -> Iterator[str]:
    yield f"### {one.platform}" + ("" if one.platform == EVERYWHERE else f" ({', '.join(one.deployments)})")
    yield from _listed("Assumed", (f"`{each['path']}` = {each['value']}: {each['reason']}" for each in one.assumed))
    yield from _listed("Not modelled", one.not_modelled)
    yield from _listed("Not in the bill", one.not_covered)


def _listed(title: str, items: Iterable[str]) -> Iterator[str]:
    lines = [f"- {item}" for item in items]
    if lines:
        yield "\n".join([f"{title}:", "", *lines])

"""What a scenario file expects: what is wrong with it, and where; what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sim.claims.across import across
from sim.claims.checks import check, group
from sim.claims.dimensions import FIGURES, below, figures
from sim.claims.language import Expectation, ExpectationError, parse
from sim.documents import Document
from sim.errors import Problem, choose, quoted
from sim.scenario.axes import read, word

if TYPE_CHECKING:
    from sim.claims.judging import Verdict
    from sim.scenario import Scenario
    from sim.stats import Estimate


def problems(document: Document, axes: Any = None) -> list[Problem]:
    """Find the expectations that cannot be read, and the figures that there are not.

    Parameters
    ----------
    document : Document
        A scenario as it was written, whatever else is wrong with it; or one of its cases.
    axes : object
        What is behind the key ``axes`` of the scenario.

    Returns
    -------
    list of Problem
        With its expectations, and with the precision it asks for.
    """
    data: Mapping[str, Any] = document.data
    deployments, expect = data.get("deployments"), data.get("expect")
    names = [str(name) for name in deployments] if isinstance(deployments, Mapping) else []
    if not names:
        return []  # what is told of that is enough
    known, varied = figures(names), {axis.name: list(map(word, axis.labels)) for axis in read(axes)}
    found = []
    for index, one in enumerate(expect if isinstance(expect, list) else ()):
        text = one.get("that") if isinstance(one, Mapping) else one
        if not isinstance(text, str) or not text.strip():
            continue  # the schema says so
        try:
            read_as = parse(text)
            errors = check(read_as, known, varied)
            if not errors and across(read_as) and "precision" in data:
                errors = [ExpectationError(text, 0, len(text), "this compares cases, which have as many replications "
                                           "each as `precision` asks for", "leave `precision` out")]
        except ExpectationError as error:
            errors = [error]
        found += [error.problem(document.problem(("expect", index, "that"), "")) for error in errors]
    return [*found, *_imprecise(document, names)]


def expectations(scenario: Scenario) -> list[Expectation]:
    """Return what a scenario expects, in the order of the file."""
    return [parse(one.that, one.claim, one.note) for one in scenario.expect]


def verdicts(scenario: Scenario, found: Callable[[str], Estimate], level: float, looks: int) -> list[Verdict]:
    """Judge the expectations of a case; those that compare cases are not among them, see `sim.claims.across`.

    Parameters
    ----------
    scenario : Scenario
    found, level, looks
        Estimates by path, confidence level and number of looks, as `judge` takes them.
    """
    from sim.claims.judging import judge  # late: who checks a file judges nothing, and needs no statistics

    return judge([one for one in expectations(scenario) if not across(one)], found, level, looks)


def _imprecise(document: Document, deployments: list[str]) -> Iterator[Problem]:
    """Find the figures that no precision can be asked of."""
    precision = document.data.get("precision")
    for path in precision if isinstance(precision, Mapping) else ():
        if path == "max_replications":
            continue
        deployment, _, name = path.partition(".")
        message, fix = f"there is no figure {quoted(path)}", choose(path, FIGURES)
        if deployment in deployments and name in FIGURES:
            message, fix = "a precision is asked of every deployment", f"write `{name}`"
        elif below(path):
            message, fix = group(path)
        if path not in FIGURES:
            yield document.problem(("precision", path), message, fix, at_key=True)

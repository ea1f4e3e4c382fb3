"""What a scenario file expects: what is wrong with it, and where; what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sim.claims.checks import check
from sim.claims.dimensions import FIGURES, figures
from sim.claims.language import ExpectationError, parse
from sim.claims.verdicts import Verdict, judge
from sim.errors import Problem, choose, quoted

if TYPE_CHECKING:
    from sim.scenario import Scenario
    from sim.stats import Estimate


def problems(scenario: Scenario) -> list[Problem]:
    """Find the expectations that cannot be read, and the figures that there are not.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    list of Problem
        With its expectations, and with the precision it asks for.
    """
    known = figures(scenario.deployments)
    found = []
    for index, one in enumerate(scenario.expect):
        try:
            errors = check(parse(one.that), known)
        except ExpectationError as error:
            errors = [error]
        found += [error.problem(_whole(scenario, index)) for error in errors]
    return [*found, *_imprecise(scenario)]


def verdicts(scenario: Scenario, found: Callable[[str], Estimate], level: float, looks: int) -> list[Verdict]:
    """Judge all expectations of a scenario.

    Parameters
    ----------
    scenario : Scenario
    found, level, looks
        Estimates by path, confidence level and number of looks, as `judge` takes them.
    """
    return judge([parse(one.that, one.claim, one.note) for one in scenario.expect], found, level, looks)


def _imprecise(scenario: Scenario) -> Iterator[Problem]:
    """Find the figures that no precision can be asked of."""
    for path in scenario.precision.figures if scenario.precision is not None else ():
        deployment, _, name = path.partition(".")
        message, fix = f"there is no figure {quoted(path)}", choose(path, FIGURES)
        if deployment in scenario.deployments and name in FIGURES:
            message, fix = "a precision is asked of every deployment", f"write `{name}`"
        if path not in FIGURES:
            yield _problem(scenario, ("precision", path), message, fix, at_key=True)


def _whole(scenario: Scenario, index: int) -> Problem:
    """Return where an expectation stands."""
    return _problem(scenario, ("expect", index, "that"))


def _problem(
    scenario: Scenario, place: tuple[str | int, ...], message: str = "", fix: str = "", at_key: bool = False
) -> Problem:
    if scenario.document is None:
        return Problem(scenario.name, 0, 0, message, fix)
    return scenario.document.problem(place, message, fix, at_key)

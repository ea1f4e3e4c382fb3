"""What is wrong with the expectations of a scenario file, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.claims.checks import check
from sim.claims.dimensions import figures
from sim.claims.language import ExpectationError, parse
from sim.errors import Problem

if TYPE_CHECKING:
    from sim.scenario import Scenario


def problems(scenario: Scenario) -> list[Problem]:
    """Find the expectations that cannot be read, and the figures in them that there are not.

    Parameters
    ----------
    scenario : Scenario

    Returns
    -------
    list of Problem
    """
    known = figures(scenario.deployments)
    found = []
    for index, one in enumerate(scenario.expect):
        try:
            errors = check(parse(one.that), known)
        except ExpectationError as error:
            errors = [error]
        found += [error.problem(_whole(scenario, index)) for error in errors]
    return found


def _whole(scenario: Scenario, index: int) -> Problem:
    """Return where an expectation stands."""
    if scenario.document is None:
        return Problem(scenario.name, 0, 0, "")
    return scenario.document.problem(("expect", index, "that"), "")

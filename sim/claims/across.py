"""Expectations that compare the cases of a scenario with axes.

``a.cost.total[load=4/h] < 2 * a.cost.total[load=1/h]`` is judged once all cases have been run. Cases share their luck,
so the comparison is paired by replication as one between deployments is. An axis that the figures do not name is free:
the expectation is judged for each of its values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from sim.claims.checks import figures_of
from sim.claims.language import Call, Expectation, Figure, Node, Operation
from sim.scenario.axes import Settings, word

if TYPE_CHECKING:
    from sim.claims.judging import Verdict
    from sim.stats import Estimate

Found = Callable[[str], "Estimate"]
"""From the path of a figure to its estimate."""


def across(expectation: Expectation) -> bool:
    """Whether an expectation names the cases that its figures are of."""
    return any(figure.case for figure in figures_of(expectation))


def verdicts_across(
    expectations: Sequence[Expectation], cases: Mapping[Settings, Found], level: float
) -> list[list[tuple[Settings, Verdict]]]:
    """Judge expectations that compare cases.

    Parameters
    ----------
    expectations : sequence of Expectation
        Those for which `across` is so.
    cases : mapping of Settings to callable
        Of each case, from the path of a figure to its estimate; all from as many replications.
    level : float
        Confidence level of all of these verdicts together.

    Returns
    -------
    list of list of (Settings, Verdict)
        Of each expectation, a verdict for each combination of values of the axes that it leaves free.
    """
    from sim.claims.judging import judge  # late, as in `sim.claims.within`

    where = {_named(settings): found for settings, found in cases.items()}
    placed = [(index, free, _placed(one, free)) for index, one in enumerate(expectations) for free in _free(one, cases)]

    def estimate(key: str) -> Estimate:
        path, case = named[key]
        return where[case](path)

    named = {figure.key: (figure.path, frozenset(figure.case)) for _, _, one in placed for figure in figures_of(one)}
    judged = judge([one for _, _, one in placed], estimate, level)
    made: list[list[tuple[Settings, Verdict]]] = [[] for _ in expectations]
    for (index, free, _), verdict in zip(placed, judged, strict=True):
        made[index].append((free, verdict))
    return made


def _named(settings: Settings) -> frozenset[tuple[str, str]]:
    return frozenset((axis, word(value)) for axis, value in settings.pairs)


def _free(one: Expectation, cases: Mapping[Settings, Found]) -> list[Settings]:
    """Return each combination of values of the axes that an expectation does not name."""
    fixed = {axis for figure in figures_of(one) for axis, _ in figure.case}
    left = (Settings(tuple(pair for pair in case.pairs if pair[0] not in fixed)) for case in cases)
    return list(dict.fromkeys(left))


def _placed(one: Expectation, free: Settings) -> Expectation:
    """Name the whole case behind each figure."""
    pairs = tuple((axis, word(value)) for axis, value in free.pairs)

    def placed(node: Node) -> Node:
        if isinstance(node, Figure):
            return dataclasses.replace(node, case=(*node.case, *pairs))
        if isinstance(node, Operation):
            return dataclasses.replace(node, left=placed(node.left), right=placed(node.right))
        if isinstance(node, Call):
            return dataclasses.replace(node, arguments=tuple(map(placed, node.arguments)))
        return node

    return dataclasses.replace(one, comparisons=tuple(
        dataclasses.replace(part, left=placed(part.left), right=placed(part.right)) for part in one.comparisons))

"""Whether the figures of an expectation exist and can be compared: told before anything is simulated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from sim.claims.dimensions import BYTES, DOLLARS, FRACTION, NUMBER, SECONDS, Dimension, below, kind
from sim.claims.language import Call, Comparison, Expectation, ExpectationError, Figure, Node, Operation, Quantity
from sim.errors import choose, nearest, quoted


def check(
    expectation: Expectation, known: Collection[str], axes: Mapping[str, Sequence[str]] | None = None
) -> list[ExpectationError]:
    """Find what is wrong with an expectation that could be read.

    Parameters
    ----------
    expectation : Expectation
        As `parse` gives it.
    known : collection of str
        Paths of the figures of the scenario; see `figures`.
    axes : mapping of str to sequence of str, optional
        The axes of the scenario, and the values of each as they are written.

    Returns
    -------
    list of ExpectationError
        Figures that do not exist, with the nearest that does; sides that cannot be compared; cases that there are not.
        In order of place.
    """
    checker = _Checker(expectation.text, known)
    for comparison in expectation.comparisons:
        checker.comparison(comparison)
    checker.cases(list(figures_of(expectation)), axes or {})
    return sorted(checker.found, key=lambda error: error.start)


def figures_of(expectation: Expectation) -> Iterator[Figure]:
    """Return the figures of an expectation, from left to right."""
    for comparison in expectation.comparisons:
        yield from paths(comparison.left)
        yield from paths(comparison.right)


def paths(node: Node) -> Iterator[Figure]:
    """Return the figures of a tree, from left to right."""
    if isinstance(node, Figure):
        yield node
    elif isinstance(node, Operation):
        yield from paths(node.left)
        yield from paths(node.right)
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from paths(argument)


_NAMED = 16
"""Figures of a group that are named."""

_Found = Dimension | Literal["any", "unknown"]
"""Dimension of a part: "any" for 0; "unknown" where something wrong in it has been noted already."""


class _Checker:
    def __init__(self, text: str, known: Collection[str]) -> None:
        self._text = text
        self._known = known
        self.found: list[ExpectationError] = []

    def comparison(self, comparison: Comparison) -> None:
        left, right, tolerance = comparison.left, comparison.right, comparison.tolerance
        together = self._agree(left, self._dimension(left), right, self._dimension(right), "compared with")
        if tolerance is not None and tolerance.dimension != FRACTION:
            self._agree(tolerance, tolerance.dimension, right, together, "a tolerance for")
        if not any(True for side in (left, right) for _ in paths(side)):
            self._tell(left.start, right.end, "this compares no figure", "name one, such as `always-on.cost.total`")

    def cases(self, named: Sequence[Figure], axes: Mapping[str, Sequence[str]]) -> None:
        """Look at the cases that figures are of: an axis that one of them fixes, all must."""
        before = len(self.found)
        for figure in named:
            own = [axis for axis, _ in figure.case]
            for axis, value in figure.case:
                if axis not in axes:
                    fix = choose(axis, axes) if axes else "vary something by `axes`, or leave the brackets out"
                    self._tell(figure.start, figure.end, f"there is no axis {quoted(axis)}", fix)
                elif value not in axes[axis]:
                    self._tell(figure.start, figure.end, f"{quoted(axis)} does not take the value {quoted(value)}",
                               choose(value, axes[axis]))
                elif own.count(axis) > 1:
                    self._tell(figure.start, figure.end, f"{quoted(axis)} is here twice", "leave one of them out")
        fixed = {axis: figure.key for figure in reversed(named) for axis, _ in figure.case}
        for figure in named if len(self.found) == before else ():
            for axis in fixed.keys() - dict(figure.case).keys():
                self._tell(figure.start, figure.end, f"{quoted(figure.path)} does not say of which {quoted(axis)}",
                           f"name the case behind each figure, as `{fixed[axis]}` does")

    def _dimension(self, node: Node) -> _Found:
        if isinstance(node, Quantity):
            return "any" if node.value == 0 and node.dimension == NUMBER else node.dimension
        if isinstance(node, Figure):
            return kind(node.path).dimension if node.path in self._known else self._missing(node)
        if isinstance(node, Operation):
            return self._operation(node)
        first, *others = node.arguments
        found = self._dimension(first)
        for other in others:
            doing = "divided by" if node.function == "ratio" else "put beside"
            found = self._agree(first, found, other, self._dimension(other), doing)
        return NUMBER if node.function == "ratio" and found != "unknown" else found

    def _operation(self, node: Operation) -> _Found:
        left, right = self._dimension(node.left), self._dimension(node.right)
        if node.operator in "+-":
            return self._agree(node.left, left, node.right, right, "added to" if node.operator == "+" else "reduced by")
        if left == "unknown" or right == "unknown":
            return "unknown"
        ours, theirs = (NUMBER if side == "any" else side for side in (left, right))
        return ours.times(theirs) if node.operator == "*" else ours.over(theirs)

    def _agree(self, left: Node, ours: _Found, right: Node, theirs: _Found, doing: str) -> _Found:
        """Return what two parts are together that must be alike."""
        if ours == "unknown" or theirs == "unknown":
            return "unknown"
        if ours == "any" or theirs == "any":
            return theirs if ours == "any" else ours
        if ours.matches(theirs):
            return Dimension(ours.seconds, ours.dollars, ours.bytes, ours.wider(theirs))
        bare = _bare(left, right, ours, theirs)
        start, end = (bare[0].start, bare[0].end) if bare else (min(left.start, right.start), max(left.end, right.end))
        self._tell(start, end, f"{ours} cannot be {doing} {theirs}",
                   f"write `{bare[1]}`" if bare else "compare figures of one kind, or their ratio")
        return "unknown"

    def _missing(self, node: Figure) -> Literal["unknown"]:
        deployment, _, name = node.path.partition(".")
        deployments = list(dict.fromkeys(path.partition(".")[0] for path in self._known))
        names = list(dict.fromkeys(path.partition(".")[2] for path in self._known))
        if deployment in deployments and below(name):
            self._tell(node.start + len(deployment) + 1, node.end, *group(name))
        elif deployment in deployments:
            start = node.start + len(deployment) + 1
            glued = "-" in name and nearest(name, names) is None
            fix = "a minus stands between spaces: `a - b`" if glued else choose(name, names)
            self._tell(start, node.end, f"there is no figure {quoted(name)}", fix)
        elif node.path in names:
            self._tell(node.start, node.end, f"{quoted(node.path)} does not say of which deployment",
                       f"write such as `{deployments[0]}.{node.path}`")
        else:
            self._tell(node.start, node.start + len(deployment), f"there is no deployment {quoted(deployment)}",
                       choose(deployment, deployments))
        return "unknown"

    def _tell(self, start: int, end: int, message: str, fix: str) -> None:
        self.found.append(ExpectationError(self._text, start, end, message, fix))


def group(name: str) -> tuple[str, str]:
    """Say of a name that is one of a group of figures, and which are in it."""
    return f"{quoted(name)} is a group of figures", choose("", below(name), most=_NAMED)


def _bare(left: Node, right: Node, ours: Dimension, theirs: Dimension) -> tuple[Quantity, str] | None:
    """Return a number that only lacks its unit, and the number with it."""
    for node, own, other in ((right, theirs, ours), (left, ours, theirs)):
        if isinstance(node, Quantity) and own == NUMBER:
            digits = f"{float(node.value):.10g}"
            for dimension, text in ((SECONDS, f"{digits} s"), (DOLLARS, f"${digits}"), (BYTES, f"{digits} MiB")):
                if other.matches(dimension):
                    return node, text
    return None

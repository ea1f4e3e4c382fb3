"""The verdict of an expectation, from figures with intervals. What is measured is said at the head of `sim.claims`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Literal

from sim.claims.checks import paths
from sim.claims.dimensions import BYTES, DOLLARS, NUMBER, SECONDS, Dimension, kind
from sim.claims.language import Call, Comparison, Expectation, Figure, Node, Operation, Quantity, Symbol
from sim.stats.estimates import LEVEL, Estimate, exact, interval
from sim.stats.stopping import FIRST

Judged = Literal["holds", "fails", "inconclusive"]
Measure = Literal["value", "ratio", "difference"]

Number = Fraction | float
"""Fractions where it is computed exactly (then the only floats are the infinities), floats otherwise."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of an expectation, or of one of its comparisons.

    Attributes
    ----------
    text : str
        As written.
    verdict : str
        ``holds``, ``fails`` or ``inconclusive``.
    measure : str
        What ``value`` is: the ``value`` of one side, the ``ratio`` of both, or their ``difference``.
    unit : str
        ``s``, ``USD``, ``B``, ``fraction``, ``ratio``, or empty for counts, plain numbers and mixtures.
    value, low, high : float or None
        The measured number and its interval; None where there is none, or an infinite one.
    bound : float or None
        What it is compared with; None where there is none, or an infinite one.
    level : float
        Confidence level of the interval, after sharing it among all comparisons.
    claim, note : str or None
        From the expectation.
    why : str or None
        Why there is no value or no interval. A verdict without it is inconclusive because its interval holds the bound.
    parts : tuple of Verdict
        Verdicts of the single comparisons, if there are several; the numbers above are then those of the one that
        decided: the first that fails, else the first that is inconclusive, else the first.
    """

    text: str
    verdict: Judged
    measure: Measure
    unit: str
    value: float | None
    low: float | None
    high: float | None
    bound: float | None
    level: float
    claim: str | None = None
    note: str | None = None
    why: str | None = None
    parts: tuple[Verdict, ...] = ()


def judge(
    expectations: Sequence[Expectation],
    figures: Callable[[str], Estimate],
    level: float = LEVEL,
    looks: int = 1,
) -> list[Verdict]:
    """Judge all expectations of a scenario together.

    Parameters
    ----------
    expectations : sequence of Expectation
        All of the scenario, for the level is shared among them. Checked by `sim.claims.check`.
    figures : callable
        From the key of a figure, such as ``always-on.overhead_s.p99``, to its estimate. All estimates that are not
        constant come from the same replications, in the same order.
    level : float
        Confidence level of all verdicts together, in (0, 1).
    looks : int
        How often the expectations may be judged at the most, if replications are added until verdicts are clear.

    Returns
    -------
    list of Verdict
        In the order of the expectations.

    Raises
    ------
    LookupError
        From ``figures``, for a key it does not know.
    """
    drawn = [[(part, _used(part, figures)) for part in one.comparisons] for one in expectations]
    moved = sum(_moved(*one) for parts in drawn for one in parts)
    shared = 1 - (1 - level) / (max(1, moved) * looks)
    return [_combine(one, [_judge(*part, shared) for part in parts])
            for one, parts in zip(expectations, drawn, strict=True)]  # fmt: skip


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """Return 0 when all hold, 3 when any fails, else 4: the lowest that applies wins."""
    found = {verdict.verdict for verdict in verdicts}
    return 3 if "fails" in found else 4 if "inconclusive" in found else 0


def settled(verdicts: Iterable[Verdict], replications: int) -> bool:
    """Say whether more replications are of no use to any verdict.

    Parameters
    ----------
    verdicts : iterable of Verdict
    replications : int
        How many they were found with.

    Returns
    -------
    bool
        Whether each is clear, or inconclusive for want of an interval that so many replications still do not give.
    """
    unclear = [part for one in verdicts if one.verdict == "inconclusive" for part in one.parts or (one,)
               if part.verdict == "inconclusive"]  # fmt: skip
    return all(part.why is not None and replications >= FIRST for part in unclear)


@dataclass(frozen=True, slots=True)
class _Measured:
    """One number to be compared with a region, and how it is told.

    Attributes
    ----------
    estimate : Estimate
        Of the number, or of its logarithm.
    exact, bound, tolerance : Fraction or float
        The number itself, what it is compared with, and how far off it may be.
    """

    comparison: Comparison
    symbol: Symbol
    measure: Measure
    unit: str
    estimate: Estimate
    exact: Number | None
    bound: Number | None
    tolerance: Number = Fraction(0)
    logarithm: bool = False


class _Undefined(Exception):  # noqa: N818  (becomes the reason of a verdict)
    """An arithmetic step has no result."""


class _Sample:
    """A part of a comparison: its number from all replications, exact and as a float, and from each."""

    def __init__(self, node: Node, used: Mapping[str, Estimate]) -> None:
        self.node = node
        mine = {figure.key: used[figure.key] for figure in paths(node)}
        self.resampled = any(estimate.resampled for estimate in mine.values())
        self.figure = _of_one(node, mine)
        whole = {path: _value(estimate) for path, estimate in mine.items()}
        self.exact = _compute(node, {path: _decimal(value) * _scale(path) for path, value in whole.items()})
        self.value = float(_compute(node, {path: value * _scale(path) for path, value in whole.items()}))
        self.sections = tuple(
            float(_compute(node, {path: (estimate.sections[i] if estimate.sections else _value(estimate)) * _scale(path)
                                  for path, estimate in mine.items()}))
            for i in range(max((len(estimate.sections) for estimate in mine.values()), default=0))
        )

    @property
    def constant(self) -> bool:
        """Whether it is the same in every replication."""
        return all(section == self.value for section in self.sections)

    @property
    def positive(self) -> bool:
        """Whether it is greater than 0 and finite throughout."""
        return all(0 < number < math.inf for number in (self.value, *self.sections))

    def estimate(self, logarithm: bool = False) -> Estimate:
        """Return it as an estimate, of its logarithm if asked for."""
        if logarithm and not self.constant:
            return Estimate(math.log(self.value), map(math.log, self.sections), resampled=self.resampled)
        return self.figure or Estimate(self.value, self.sections, resampled=self.resampled)


_STEPS = 8
"""Into so many parts the interval of a share of 0 or 1 is divided, to judge with the share at each."""


def _used(comparison: Comparison, figures: Callable[[str], Estimate]) -> dict[str, Estimate]:
    """Return the figures of a comparison."""
    return {figure.key: figures(figure.key) for side in (comparison.left, comparison.right) for figure in paths(side)}


def _moved(comparison: Comparison, used: Mapping[str, Estimate]) -> bool:
    """Whether chance has a part in a comparison."""
    return any(one.unanimous for one in used.values()) or not _measure(comparison, used).estimate.constant


def _judge(comparison: Comparison, used: Mapping[str, Estimate], level: float) -> Verdict:
    """Judge a comparison: if shares of 0 or 1 have a part in it, with each anywhere in its interval.

    The level is shared among those intervals and that of all else.
    """
    unanimous = {path: one for path, one in used.items() if one.unanimous and one.why is None}
    if not unanimous:
        return _decide(_measure(comparison, used), level)
    others = any(not one.constant for path, one in used.items() if path not in unanimous)
    part = 1 - (1 - level) / (len(unanimous) + others)
    places = product(*(_places(one, part) for one in unanimous.values()))
    found = [_decide(_measure(comparison, {**used, **dict(zip(unanimous, map(exact, at), strict=True))}), part)
             for at in places]  # fmt: skip
    return dataclasses.replace(_together(found), level=level)


def _places(estimate: Estimate, level: float) -> tuple[float, ...]:
    """Return places in the interval of a share of 0 or 1: first the share itself, then on to the other end.

    The ends would do for what only grows or only falls with the share; the places between are for the rest.
    """
    low, high = interval(estimate, level)
    assert low is not None and high is not None  # there is no reason why not
    first, last = (low, high) if low == estimate.value else (high, low)
    return (*(first + (last - first) * step / _STEPS for step in range(_STEPS)), last)


def _together(found: Sequence[Verdict]) -> Verdict:
    """Return what verdicts say that were found with figures across their intervals, the first at their values."""
    first = found[0]
    if any((one.measure, one.bound) != (first.measure, first.bound) or one.why for one in found):
        low, high = first.low, first.high
    else:
        low = min(one.low for one in found if one.low is not None)
        high = max(one.high for one in found if one.high is not None)
    # What is told of the places that were looked at may be otherwise between them, where the bound lies there.
    between = first.bound is not None and low is not None and high is not None and low < first.bound < high
    if all(one.verdict == first.verdict for one in found) and not between:
        return dataclasses.replace(first, low=low, high=high)
    # More replications bring the other end nearer, but never to the value.
    why = None
    if first.value is not None and first.value == first.bound:
        why = "what was so in every request need not be so always; leave room in the bound, such as 0.1%"
    return dataclasses.replace(first, verdict="inconclusive", low=low, high=high, why=first.why or why)


def _measure(comparison: Comparison, used: Mapping[str, Estimate]) -> _Measured:
    """Decide which number a comparison is judged by, and estimate it."""
    reasons = _reasons(used)
    faced = _faced(comparison)
    unit = _unit(faced.left)
    try:
        if any(estimate.value is None for estimate in used.values()):
            bound = None if _names_figures(faced.right) else _Sample(faced.right, used).exact
            return _Measured(comparison, faced.symbol, "value", unit, Estimate(None, (), reasons), None, bound)
        if reasons:
            known = {path: Estimate(estimate.value) for path, estimate in used.items()}
            left, right = _Sample(faced.left, known), _Sample(faced.right, known)
            estimate = Estimate(left.value, (), reasons)
            return _Measured(comparison, faced.symbol, "value", unit, estimate, left.exact, right.exact)
        return _compared(comparison, faced, used)
    except _Undefined as error:
        return _Measured(comparison, faced.symbol, "value", unit, Estimate(None, (), str(error)), None, None)


def _reasons(used: Mapping[str, Estimate]) -> str:
    """Say why figures have no value or no interval: each reason once, with the figures it is of."""
    found: dict[str, list[str]] = {}
    for path, estimate in used.items():
        if estimate.why is not None:
            found.setdefault(estimate.why, []).append(path)
    return "; ".join(f"{' and '.join(named)}: {why}" for why, named in found.items())


def _faced(comparison: Comparison) -> Comparison:
    """Turn a comparison that begins with a number round: ``4% < a.utilisation`` tells the utilisation, not the 4%."""
    if _names_figures(comparison.left) or not _names_figures(comparison.right):
        return comparison
    return dataclasses.replace(comparison, left=comparison.right, symbol=_MIRRORED[comparison.symbol],
                               right=comparison.left)


def _compared(comparison: Comparison, faced: Comparison, used: Mapping[str, Estimate]) -> _Measured:
    """Choose between the value of the left side, the ratio and the difference."""
    symbol, left, right = faced.symbol, _Sample(faced.left, used), _Sample(faced.right, used)
    # A tolerance is relative to what stands to the right in the text.
    tolerance, relative = _tolerance(comparison, right.exact if faced is comparison else left.exact)
    if right.constant and (left.constant or not _names_figures(faced.right)):
        parts = [_Sample(part, used) for part in _quotient(left.node)]
        logarithm = bool(parts) and all(part.positive for part in parts)
        return _Measured(comparison, symbol, "value", _unit(left.node), left.estimate(logarithm), left.exact,
                         right.exact, tolerance, logarithm)
    if relative and left.positive and right.positive:
        factor, rest = _factor(right.node)
        ratio = _Sample(Operation("/", left.node, rest, left.node.start, rest.end), used)
        return _Measured(comparison, symbol, "ratio", "ratio", ratio.estimate(True), ratio.exact, factor,
                         tolerance / right.exact * factor, True)
    gap = _Sample(Operation("-", left.node, right.node, left.node.start, right.node.end), used)
    return _Measured(comparison, symbol, "difference", _unit(left.node), gap.estimate(), gap.exact, Fraction(0),
                     tolerance)


def _decide(measured: _Measured, level: float) -> Verdict:
    """Compare the interval of the number with what it may be."""
    low, high = _interval(measured, level)
    verdict: Judged = "inconclusive"
    if low is not None and high is not None and measured.bound is not None:
        verdict = _against(measured.symbol, low, high, measured.bound - measured.tolerance,
                           measured.bound + measured.tolerance)  # fmt: skip
    why = measured.estimate.why
    if why is None and any(number is not None and math.isinf(number) for number in (measured.exact, measured.bound)):
        why = "infinite: too many requests did not complete"
    return Verdict(measured.comparison.text, verdict, measured.measure, measured.unit, _told(measured.exact),
                   _told(low), _told(high), _told(measured.bound), level, why=why)


def _interval(measured: _Measured, level: float) -> tuple[Number | None, Number | None]:
    """Return both ends of the interval, exact where nothing varies."""
    if measured.estimate.constant:
        return measured.exact, measured.exact
    low, high = interval(measured.estimate, level)
    if low is None or high is None or not measured.logarithm:
        return low, high
    return math.exp(low), math.exp(high)


def _against(symbol: Symbol, low: Number, high: Number, least: Number, most: Number) -> Judged:
    """Compare an interval with a bound; with ``==``, with the region from ``least`` to ``most``."""
    holds, fails = {
        "<": (high < least, low >= least),
        "<=": (high <= least, low > least),
        ">": (low > least, high <= least),
        ">=": (low >= least, high < least),
        "==": (least <= low and high <= most, high < least or low > most),
    }[symbol]
    return "holds" if holds else "fails" if fails else "inconclusive"


def _combine(expectation: Expectation, parts: list[Verdict]) -> Verdict:
    """Return the verdict of all comparisons of an expectation."""
    order: tuple[Judged, ...] = ("fails", "inconclusive", "holds")
    deciding = next(part for verdict in order for part in parts if part.verdict == verdict)
    return dataclasses.replace(deciding, text=expectation.text, claim=expectation.claim, note=expectation.note,
                               parts=tuple(parts) if len(parts) > 1 else ())


def _compute(node: Node, figures: Mapping[str, Number]) -> Number:
    """Evaluate a tree."""
    if isinstance(node, Quantity):
        return node.value
    if isinstance(node, Figure):
        return figures[node.key]
    if isinstance(node, Operation):
        return _operate(node.operator, _compute(node.left, figures), _compute(node.right, figures))
    first, *others = (_compute(argument, figures) for argument in node.arguments)
    if node.function == "ratio":
        return _operate("/", first, others[0])
    if node.function == "abs":
        return _size(first)
    if node.function == "-":
        return -first
    for other in others:
        if (other < first) == (node.function == "min"):
            first = other
    return first


def _operate(operator: str, left: Number, right: Number) -> Number:
    if operator == "/" and right == 0:
        raise _Undefined("a division by 0")
    if operator == "+":
        result = left + right
    elif operator == "-":
        result = left - right
    else:
        result = left * right if operator == "*" else left / right
    if math.isnan(result):
        raise _Undefined("no result, for figures are infinite")
    return result


def _of_one(node: Node, used: Mapping[str, Estimate]) -> Estimate | None:
    """Return the estimate of one figure, times a factor and plus an offset, which keeps what else is known of it.

    So ``1 - a.failed_fraction`` has the interval of the share, and ends where it must. None of anything else.
    """
    factors, offset = _affine(node) or ({}, Fraction(0))
    found = [(key, factor) for key, factor in factors.items() if factor]
    if len(found) != 1 or len(factors) != 1:
        return None
    (key, factor), = found
    return used[key] if factor == 1 and offset == 0 else used[key].affine(float(factor), float(offset))


def _affine(node: Node) -> tuple[dict[str, Fraction], Fraction] | None:
    """Return the factors of the figures of a sum, and the rest of it; None of what is no such sum."""
    if isinstance(node, Quantity):
        return {}, node.value
    if isinstance(node, Figure):
        return {node.key: Fraction(_scale(node.path))}, Fraction(0)
    if isinstance(node, Call):
        found = _affine(node.arguments[0]) if node.function == "-" else None
        return None if found is None else _times(found, Fraction(-1))
    left, right = _affine(node.left), _affine(node.right)
    if left is None or right is None:
        return None
    if node.operator in "+-":
        factors, offset = _times(right, Fraction(1 if node.operator == "+" else -1))
        return {key: left[0].get(key, Fraction(0)) + factors.get(key, Fraction(0))
                for key in {**left[0], **factors}}, left[1] + offset
    if node.operator == "/":
        return None if right[0] or not right[1] else _times(left, 1 / right[1])
    if right[0]:
        left, right = right, left
    return None if right[0] else _times(left, right[1])


def _times(found: tuple[dict[str, Fraction], Fraction], factor: Fraction) -> tuple[dict[str, Fraction], Fraction]:
    factors, offset = found
    return {key: one * factor for key, one in factors.items()}, offset * factor


def _size(number: Number) -> Number:
    return -number if number < 0 else number


def _value(estimate: Estimate) -> float:
    assert estimate.value is not None  # estimates without a value are dealt with before
    return estimate.value


def _scale(path: str) -> int:
    return kind(path).scale


def _decimal(value: float) -> Number:
    """Return a figure as the decimal it is printed as."""
    return value if math.isinf(value) else Fraction(repr(value))


def _told(number: Number | None) -> float | None:
    """Return a number as a verdict names it; JSON has no infinity."""
    return None if number is None or math.isinf(number) else float(number)


def _names_figures(node: Node) -> bool:
    return any(True for _ in paths(node))


def _quotient(node: Node) -> tuple[Node, ...]:
    """Return what is divided and by what, if the node is a quotient."""
    if isinstance(node, Operation) and node.operator == "/":
        return node.left, node.right
    return node.arguments if isinstance(node, Call) and node.function == "ratio" else ()


def _factor(node: Node) -> tuple[Fraction, Node]:
    """Take a leading factor off, so that ``a < 0.5 * b`` is told as the ratio of a and b against 0.5."""
    if isinstance(node, Operation) and node.operator == "*" and isinstance(node.left, Quantity):
        factor = node.left
        if factor.dimension.plain and factor.value > 0:
            return factor.value, node.right
    return Fraction(1), node


def _tolerance(comparison: Comparison, right: Number) -> tuple[Number, bool]:
    """Return how far the sides may be apart, and whether that goes with their size."""
    tolerance = comparison.tolerance
    if tolerance is None:
        return Fraction(0), True
    if tolerance.dimension.sort == "fraction":
        return tolerance.value * _size(right), True
    return tolerance.value, False


def _unit(node: Node) -> str:
    """Return the unit of a side, as verdicts name it."""
    dimension = _dimension(node)
    if dimension.plain and dimension.sort == "fraction":
        return "fraction"
    if dimension.plain:
        return "ratio" if _quotient(node) and dimension == NUMBER else ""
    names = {SECONDS: "s", DOLLARS: "USD", BYTES: "B"}
    return next((name for unit, name in names.items() if unit.matches(dimension)), "")


def _dimension(node: Node) -> Dimension:
    if isinstance(node, Quantity):
        return node.dimension
    if isinstance(node, Figure):
        return kind(node.path).dimension
    if isinstance(node, Operation):
        left, right = _dimension(node.left), _dimension(node.right)
        return left.times(right) if node.operator == "*" else left.over(right) if node.operator == "/" else left
    return NUMBER if node.function == "ratio" else _dimension(node.arguments[0])


_MIRRORED: Mapping[Symbol, Symbol] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}

"""Reading an expectation: text to tree. The grammar is at the head of `sim.claims`.

A tree keeps where each part stands, so that whatever is found wrong later can be shown in the text.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from sim import units
from sim.claims.dimensions import BYTES, DOLLARS, FRACTION, NUMBER, SECONDS, Dimension
from sim.errors import AdvisedError, Problem, choose, quoted

Symbol = Literal["<", "<=", ">", ">=", "=="]
Operator = Literal["+", "-", "*", "/"]

FUNCTIONS = {"min": None, "max": None, "abs": 1, "ratio": 2}
"""Functions, and how many arguments each takes; None for one or more."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written, in seconds, dollars, bytes or ones; ``start`` and ``end`` are places in the text."""

    value: Fraction
    dimension: Dimension
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure by its path: the deployment's name, a point, and the path within the deployment.

    ``case`` has the values of axes that it is a figure of, each as the pair of the axis' name and the value.
    """

    path: str
    start: int
    end: int
    case: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Path and case as text, such as ``a.cost.total[load=4/h]``."""
        return self.path + (f"[{', '.join(map('='.join, self.case))}]" if self.case else "")


@dataclass(frozen=True, slots=True)
class Operation:
    """Two sides and what is done with them."""

    operator: Operator
    left: Node
    right: Node
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments; the minus sign before a factor is the function ``-``."""

    function: str
    arguments: tuple[Node, ...]
    start: int
    end: int


Node = Quantity | Figure | Operation | Call


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison; of a chain, one link.

    Attributes
    ----------
    text : str
        As written.
    left, right : Node
    symbol : str
    tolerance : Quantity or None
        Only with ``==``: how far the sides may be apart.
    """

    text: str
    left: Node
    symbol: Symbol
    right: Node
    tolerance: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What should be true of the figures of a scenario.

    Attributes
    ----------
    text : str
        As written.
    comparisons : tuple of Comparison
        All of them should hold.
    claim : str or None
        Row of the ledger of claims that it tests.
    note : str or None
        What a person wanted to say with it.
    """

    text: str
    comparisons: tuple[Comparison, ...]
    claim: str | None = None
    note: str | None = None


class ExpectationError(AdvisedError):
    """An expectation that cannot be read, or that no figure answers to.

    Parameters
    ----------
    text : str
        The whole expectation.
    start, end : int
        Which part of it is wrong.
    message, fix : str
        What is wrong, and what to do about it.
    """

    def __init__(self, text: str, start: int, end: int, message: str, fix: str = "") -> None:
        super().__init__(message, fix)
        self.text = text
        self.start = start
        self.end = end

    @property
    def column(self) -> int:
        """Of the first wrong character in the text, from 1."""
        return self.start + 1

    @property
    def width(self) -> int:
        """Number of wrong characters, at least 1."""
        return max(1, self.end - self.start)

    def problem(self, whole: Problem) -> Problem:
        """Return the error as a problem of the file that the expectation is in.

        Parameters
        ----------
        whole : Problem
            Any problem with the expectation as a whole: says where in the file it begins.

        Returns
        -------
        Problem
            It underlines the part that is wrong, if the text stands in one line of the file as it is.
        """
        at = -1 if whole.source is None else whole.source.find(self.text, max(0, whole.column - 1))
        if at >= 0:
            return dataclasses.replace(whole, column=at + self.column, width=self.width, message=self.message,
                                       fix=self.fix)
        part = self.text[self.start : self.end]
        where = "" if part == self.text or part in self.message else f"at {quoted(part)} "
        return dataclasses.replace(whole, message=f"{self.message}, {where}in {quoted(self.text)}", fix=self.fix)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["quantity", "figure", "word", "sign", "end"]
    text: str
    start: int
    end: int
    quantity: Quantity | None = None
    figure: Figure | None = None


_SPACE = re.compile(r"\s*")
_FIGURE = re.compile(r"[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*(?:\.[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*)+")
_CASE = re.compile(r"\s*\[(?P<pairs>[^\[\]]*)(?P<end>\]?)")
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?")
_UNIT = re.compile(r"\s*(%|(?!and\b|within\b)[A-Za-zµμ]+(?![\w.(]))")
_MONEY = re.compile(rf"\$\s*{_NUMBER.pattern}")
_TERM = re.compile(rf"\s*{_NUMBER.pattern}{_UNIT.pattern}")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)*")
_SIGN = re.compile(r"<=|>=|==|[-+*/(),<>]")
_COMPARISONS: tuple[Symbol, ...] = ("<", "<=", ">", ">=", "==")
_MISTAKES = {"=<": "<=", "=>": ">=", "<>": "", "!=": "", "=": "==", "≤": "<=", "≥": ">=", "−": "-", "×": "*", "·": "*",
             "÷": "/", "**": "", "^": "", "&&": "and", "&": "and"}  # fmt: skip
_MISTAKE = re.compile("|".join(re.escape(sign) for sign in sorted(_MISTAKES, key=len, reverse=True)))
_LONGEST = 500
_DEEPEST = 30
_LARGEST = 30
"""Powers of ten: beyond, a number is a slip, and would take long to compute with."""


def parse(text: str, claim: str | None = None, note: str | None = None) -> Expectation:
    """Read an expectation.

    Parameters
    ----------
    text : str
        Such as "suspend.cost.total < 0.5 * always-on.cost.total".
    claim, note : str or None
        Kept beside it.

    Returns
    -------
    Expectation
        Whether its figures exist and fit together is told by `check`.

    Raises
    ------
    ExpectationError
        The text is not an expectation.
    """
    if len(text) > _LONGEST:
        raise ExpectationError(text, _LONGEST, len(text), f"an expectation has at most {_LONGEST} characters, this "
                               f"one has {len(text)}", "write several expectations")
    return Expectation(text, _Parser(text).expectation(), claim, note)


class _Parser:
    """Recursive descent with one token of look-ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._depth = 0
        self._here = self._read(0)

    def expectation(self) -> tuple[Comparison, ...]:
        found = self._clause()
        while self._here.text == "and":
            self._next()
            found += self._clause()
        if self._here.text in ("or", "not"):
            raise self._error(self._here, "comparisons are joined by `and` only", "write several expectations")
        if self._here.text == ",":
            raise self._unexpected("`and`, an operator or the end", "write thousands without a comma")
        if self._here.kind != "end":
            raise self._unexpected("`and`, an operator or the end")
        return tuple(found)

    def _clause(self) -> list[Comparison]:
        first = left = self._sum()
        found: list[Comparison] = []
        while (symbol := next((s for s in _COMPARISONS if s == self._here.text), None)) is not None:
            sign = self._next()
            right = self._sum()
            if found and found[-1].symbol[0] != symbol[0]:
                raise self._error(sign, "a chain of comparisons goes one way", "join them with `and`")
            found.append(Comparison(self._text[left.start : right.end], left, symbol, right))
            left = right
        if not found:
            if self._here.kind != "end":
                raise self._unexpected("a comparison: <, <=, >, >= or ==")
            raise ExpectationError(self._text, first.start, first.end, "this is no comparison",
                                   f"compare it, such as `{self._text[first.start : first.end][:40]} < ...`")
        if self._here.text == "within":
            found[-1] = self._tolerant(found)
        return found

    def _tolerant(self, found: list[Comparison]) -> Comparison:
        word = self._next()
        last = found[-1]
        if len(found) > 1 or last.symbol != "==":
            raise self._error(word, "`within` belongs to one `==`", "write `a == b within 5%`")
        tolerance = self._here.quantity
        if tolerance is None:
            raise self._unexpected("a quantity, such as `5%` or `2 s`")
        self._next()
        return dataclasses.replace(last, text=self._text[last.left.start : tolerance.end], tolerance=tolerance)

    def _sum(self) -> Node:
        return self._chain(("+", "-"), lambda: self._chain(("*", "/"), self._factor))

    def _chain(self, operators: tuple[Operator, Operator], part: Callable[[], Node]) -> Node:
        node = part()
        while (operator := next((o for o in operators if o == self._here.text), None)) is not None:
            self._next()
            right = part()
            node = Operation(operator, node, right, node.start, right.end)
        return node

    def _factor(self) -> Node:
        token = self._here
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error(token, "the parentheses are nested too deeply", "write several expectations")
        if token.text == "-":
            self._next()
            inner = self._factor()
            node: Node = Call("-", (inner,), token.start, inner.end)
        elif token.text == "(":
            self._next()
            inner = self._sum()
            node = dataclasses.replace(inner, start=token.start, end=self._close(token).end)
        elif token.kind == "word":
            node = self._call()
        elif token.quantity is not None:
            node = self._next().quantity or token.quantity
        elif token.figure is not None:
            node = self._next().figure or token.figure
        else:
            raise self._unexpected("a figure or a number")
        self._depth -= 1
        return node

    def _call(self) -> Node:
        name = self._next()
        if name.text not in FUNCTIONS:
            if self._here.text == "(":
                raise self._error(name, f"unknown function {quoted(name.text)}", choose(name.text, FUNCTIONS))
            fix = {"or": "write two expectations", "not": "turn the comparison around"}.get(
                name.text, f"write the deployment and the figure, such as `{name.text}.cost.total`")
            raise self._error(name, f"{quoted(name.text)} is not a figure", fix)
        opening = self._here
        if opening.text != "(":
            raise self._unexpected(f"`(` after `{name.text}`")
        self._next()
        arguments = [self._sum()]
        while self._here.text == ",":
            self._next()
            arguments.append(self._sum())
        end = self._close(opening).end
        wanted = FUNCTIONS[name.text]
        if wanted is not None and len(arguments) != wanted:
            example = "abs(a - b)" if wanted == 1 else f"{name.text}(a, b)"
            raise ExpectationError(self._text, name.start, end, f"{quoted(name.text)} takes {wanted} argument"
                                   f"{'s' if wanted > 1 else ''}, not {len(arguments)}", f"write `{example}`")
        return Call(name.text, tuple(arguments), name.start, end)

    def _close(self, opening: _Token) -> _Token:
        if self._here.text in _COMPARISONS:
            raise self._error(self._here, "a comparison cannot stand in parentheses", "join comparisons with `and`")
        if self._here.text != ")":
            raise self._unexpected("`)`", f"it closes the `(` at character {opening.start + 1}")
        return self._next()

    def _next(self) -> _Token:
        token, self._here = self._here, self._read(self._here.end)
        return token

    def _read(self, at: int) -> _Token:
        space = _SPACE.match(self._text, at)
        start = space.end() if space else at
        if start == len(self._text):
            return _Token("end", "", start, start)
        sign, mistake = _SIGN.match(self._text, start), _MISTAKE.match(self._text, start)
        if mistake and (sign is None or sign.end() < mistake.end()):
            raise self._mistaken(mistake)
        if figure := _FIGURE.match(self._text, start):
            named = self._figure(figure)
            return _Token("figure", figure[0], start, named.end, figure=named)
        if _MONEY.match(self._text, start) or _NUMBER.match(self._text, start):
            quantity = self._quantity(start)
            return _Token("quantity", self._text[start : quantity.end], start, quantity.end, quantity)
        if word := _WORD.match(self._text, start):
            return _Token("word", word[0], start, word.end())
        if sign:
            return _Token("sign", sign[0], start, sign.end())
        money = self._text[start] in "$€£"
        raise ExpectationError(self._text, start, start + 1, f"{quoted(self._text[start])} has no meaning here",
                               "write money as `$0.50`" if money else "write figures, numbers, + - * / and comparisons")

    def _figure(self, path: re.Match[str]) -> Figure:
        """Read a figure, and in brackets behind it the case that it is of."""
        case = _CASE.match(self._text, path.end())
        if case is None:
            return Figure(path[0], path.start(), path.end())
        pairs = [tuple(part.strip() for part in pair.partition("=")) for pair in case["pairs"].split(",")]
        wrong = [axis or value for axis, sign, value in pairs if not (axis and sign and value)]
        if wrong or not case["end"]:
            raise ExpectationError(self._text, case.start("pairs") - 1, case.end(), "this names no case",
                                   "write axes and their values in brackets, such as `[idle_timeout=5 min, load=4/h]`")
        return Figure(path[0], path.start(), case.end(), tuple((axis, value) for axis, _, value in pairs))

    def _mistaken(self, mistake: re.Match[str]) -> ExpectationError:
        meant = _MISTAKES[mistake[0]]
        fix = f"write `{meant}`" if meant else "write < or >, or == with `within`" if mistake[0] in "<>!=" else ""
        return ExpectationError(self._text, mistake.start(), mistake.end(), f"{quoted(mistake[0])} is no operator",
                                fix or "multiply instead")

    def _quantity(self, start: int) -> Quantity:
        if money := _MONEY.match(self._text, start):
            return self._made(start, money.end(), DOLLARS, lambda text: Fraction(units.money(text)))
        number = _NUMBER.match(self._text, start)
        assert number is not None  # the caller has looked
        unit = _UNIT.match(self._text, number.end())
        if unit is None or unit[1] == "x":
            return self._made(start, unit.end() if unit else number.end(), NUMBER, lambda text: _plain(number[0]))
        if unit[1] == "%":
            return self._made(start, unit.end(), FRACTION, units.percent)
        end = self._terms(unit.end())
        if unit[1].casefold().endswith("b") or unit[1] in ("Ki", "Mi", "Gi", "Ti"):
            return self._made(start, end, BYTES, lambda text: Fraction(units.size(text)))
        return self._made(start, end, SECONDS, lambda text: Fraction(units.duration(text), units.SECOND))

    def _made(self, start: int, end: int, dimension: Dimension, read: Callable[[str], Fraction]) -> Quantity:
        try:
            return Quantity(read(self._text[start:end]), dimension, start, end)
        except units.UnitError as error:
            raise ExpectationError(self._text, start, end, error.message, error.fix) from None

    def _terms(self, at: int) -> int:
        """Return where a quantity of several terms ends, such as ``1 h 30 min``."""
        while term := _TERM.match(self._text, at):
            at = term.end()
        return at

    def _unexpected(self, wanted: str, fix: str = "") -> ExpectationError:
        token = self._here
        if token.kind == "end":
            return self._error(token, f"the expectation ends where {wanted} should follow", fix)
        return self._error(token, f"{quoted(token.text)} stands where {wanted} should", fix)

    def _error(self, token: _Token, message: str, fix: str) -> ExpectationError:
        return ExpectationError(self._text, token.start, token.end, message, fix)


def _plain(text: str) -> Fraction:
    number = Decimal(text)
    if number and abs(number.adjusted()) > _LARGEST:
        raise units.UnitError(f"{quoted(text)} is out of range", "write a number of an ordinary size")
    return Fraction(number)

"""The text form of distributions, to a tree. It knows no kinds, no units and no meaning.

::

    value    = call | list | quantity
    call     = name "(" [argument {"," argument}] ")"
    argument = [name "="] value | weight ":" value
    list     = "[" [value {"," value}] "]"
    quantity = anything without  , ( ) [ ] = :
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sim.errors import AdvisedError, quoted

_MARKS = frozenset(",()[]=:")
_DEEPEST = 8
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with or without its unit."""

    text: str


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: of a name, of a weight, or of neither."""

    name: str | None
    weight: str | None
    value: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A kind with its arguments."""

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Values:
    """A list in brackets."""

    items: tuple[Node, ...]


Node = Quantity | Call | Values


def read(text: str) -> Node:
    """Read a text into its tree.

    Raises
    ------
    AdvisedError
        The text does not follow the grammar.
    """
    reader = _Reader(text)
    node = reader.value(0)
    if reader.at < len(text):
        raise reader.error(f"does not expect {quoted(text[reader.at :])}", "remove it, or balance the parentheses")
    return node


class _Reader:
    """A place in a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, message: str, fix: str) -> AdvisedError:
        return AdvisedError(f"{quoted(self.text)} {message}", fix)

    def mark(self, mark: str) -> bool:
        """Step over the mark if it comes next."""
        if self.text.startswith(mark, self.at):
            self.at += 1
            return True
        return False

    def word(self) -> str:
        """Take what stands before the next mark."""
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] not in _MARKS:
            self.at += 1
        return self.text[begin : self.at].strip()

    def value(self, depth: int) -> Node:
        return self._after(self.word(), depth)

    def _after(self, word: str, depth: int) -> Node:
        """Take the rest of a value that begins with ``word``."""
        if depth > _DEEPEST:
            raise self.error("is nested too deep", "write it flat")
        if not word and self.mark("["):
            items = self._until("]", lambda: self.value(depth + 1))
            self._blank()
            return Values(items)
        if word and self.mark("("):
            arguments = self._until(")", lambda: self._argument(depth + 1))
            self._blank()
            return Call(word, arguments)
        if not word:
            found = quoted(self.text[self.at]) if self.at < len(self.text) else "the end"
            raise self.error(f"has {found} where a value should be",
                             "write a value, such as `2 s` or `exponential(mean=2 s)`")
        return Quantity(word)

    def _argument(self, depth: int) -> Argument:
        word = self.word()
        if self.mark("="):
            return Argument(word, None, self.value(depth))
        if self.mark(":"):
            return Argument(None, word, self.value(depth))
        return Argument(None, None, self._after(word, depth))

    def _until(self, end: str, item: Callable[[], _Item]) -> tuple[_Item, ...]:
        """Take items between commas up to the closing mark."""
        items: list[_Item] = []
        self._blank()
        if self.mark(end):
            return ()
        while True:
            items.append(item())
            if self.mark(end):
                return tuple(items)
            if not self.mark(","):
                raise self.error(f"has no closing {quoted(end)}", f"add {quoted(end)}")

    def _blank(self) -> None:
        """Step over blanks."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

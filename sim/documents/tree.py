"""Values with the places where they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Place = tuple[str | int, ...]
"""Keys and indices that lead to a value."""

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Source:
    """A text that values are written in.

    Attributes
    ----------
    name : str
        The file, as it is told to the reader; or the option of the command line.
    lines : tuple of str
    numbered : bool
        Whether its lines are told by number: those of a file are, an option has but one.
    """

    name: str
    lines: tuple[str, ...] = field(repr=False)
    numbered: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something is written: line and column from 1, and how many characters it takes on that line."""

    source: Source
    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Tree:
    """A value as it is written: a scalar, or items, or keys.

    Attributes
    ----------
    mark : Mark
    scalar : str, int, float, bool or None
    items : tuple of Tree or None
        None where it is not a list.
    keys : mapping of str to (Mark, Tree), or None
        Where each key is, and what is behind it. None where it is not a mapping.
    flow : bool
        Whether it is written in braces or brackets.
    size : int
        Values in it, itself among them. What an alias repeats is counted again.
    """

    mark: Mark
    scalar: Scalar = None
    items: tuple[Tree, ...] | None = None
    keys: Mapping[str, tuple[Mark, Tree]] | None = None
    flow: bool = False
    size: int = 1

    @property
    def data(self) -> Any:
        """The value as dicts, lists and scalars."""
        if self.items is not None:
            return [item.data for item in self.items]
        if self.keys is not None:
            return {key: value.data for key, (_, value) in self.keys.items()}
        return self.scalar

    def walk(self, place: Place = ()) -> Iterator[tuple[Place, Mark | None, Tree]]:
        """Go through all values, parents first: the place of each, where its key is if it has one, and itself."""
        yield from _walk(self, place, None)


def _walk(tree: Tree, place: Place, key: Mark | None) -> Iterator[tuple[Place, Mark | None, Tree]]:
    yield place, key, tree
    for index, item in enumerate(tree.items or ()):
        yield from _walk(item, (*place, index), None)
    for name, (mark, value) in (tree.keys or {}).items():
        yield from _walk(value, (*place, name), mark)


def grown(data: Any, mark: Mark) -> Tree:
    """Make a tree of dicts, lists and scalars that were not read: all of it is at one mark."""
    if isinstance(data, Mapping):
        keys = {str(key): (mark, grown(value, mark)) for key, value in data.items()}
        return Tree(mark, keys=keys, size=1 + sum(value.size for _, value in keys.values()))
    if isinstance(data, (list, tuple)):
        items = tuple(grown(item, mark) for item in data)
        return Tree(mark, items=items, size=1 + sum(item.size for item in items))
    return Tree(mark, scalar=data)

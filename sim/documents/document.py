"""A document that has been read, and telling what is wrong at a place of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sim.documents.tree import Mark, Place, Source, Tree
from sim.errors import AdvisedError, Problem


class Flaw(AdvisedError):  # noqa: N818  (it is told, rarely raised)
    """Something that is wrong at a place.

    Parameters
    ----------
    place : tuple
        Keys and indices that lead there, from the model that tells it.
    message, fix : str
    at_key : bool
        Whether the key is wrong rather than its value.
    """

    def __init__(self, place: Place, message: str, fix: str, at_key: bool = False) -> None:
        super().__init__(message, fix)
        self.place = place
        self.at_key = at_key


@dataclass(frozen=True)
class Document:
    """A document whose top is a mapping, read but not yet validated.

    Attributes
    ----------
    source : Source
        The file; of a document that was put together, the file that was asked for.
    root : Tree
        Everything in it. Each value knows which text it is written in.
    layers : tuple of Document
        What it was put together from, as it was read, the topmost first; empty for a document that was read itself.
    doubled : tuple of Problem
        Keys that are given twice, of which the first counts.
    """

    source: Source
    root: Tree = field(repr=False)
    layers: tuple[Document, ...] = field(default=(), repr=False)
    doubled: tuple[Problem, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The file, as it is told to the reader."""
        return self.source.name

    @cached_property
    def data(self) -> Any:
        """What it says: dicts, lists and scalars."""
        return self.root.data

    @cached_property
    def values(self) -> Mapping[Place, Mark]:
        """Where each value is, by its place."""
        return {place: tree.mark for place, _, tree in self.root.walk()}

    @cached_property
    def keys(self) -> Mapping[Place, Mark]:
        """Where each key is, by the place of its value."""
        return {place: key for place, key, _ in self.root.walk() if key is not None}

    @cached_property
    def flow(self) -> frozenset[Place]:
        """Places of the mappings that are written in braces."""
        return frozenset(place for place, _, tree in self.root.walk() if tree.flow and tree.keys is not None)

    @property
    def read(self) -> tuple[Document, ...]:
        """The documents that were read for it, the topmost first; itself alone where there is no other."""
        return self.layers or (self,)

    def with_root(self, root: Tree) -> Document:
        """Return the document with something else in it."""
        return Document(self.source, root, self.read)

    def value(self, place: Place) -> Any:
        """Return what is at a place; None where there is nothing."""
        if place not in self.values:
            return None
        value = self.data
        for key in place:
            value = value[key]
        return value

    def problem(self, place: Place, message: str, fix: str = "", at_key: bool = False) -> Problem:
        """Return a problem with a value or with its key.

        Parameters
        ----------
        place : tuple
            If the document has no such place, as when a key is missing, the nearest place above it is told.
        message, fix : str
        at_key : bool
            Whether the key is meant. It is also told where the value is a block of lines.
        """
        place = self._written(place)
        known = next(place[:n] for n in range(len(place), -1, -1) if place[:n] in self.values)
        if not known:
            return Problem(self.name, 1, 1, message, fix)
        mark = self.values[known]
        key = self.keys.get(known)
        if key is not None and (at_key or known != place or mark.line != key.line):
            mark = key
        return told(mark, message, fix)

    def _written(self, place: Place) -> Place:
        """Leave out indices where one value stands for a list: it is its only item."""
        found: Place = ()
        for key in place:
            if not isinstance(key, int) or (*found, key) in self.values or isinstance(self.value(found), list):
                found += (key,)
        return found


def told(mark: Mark, message: str, fix: str) -> Problem:
    """Return a problem with what is written at a mark, with the line that it is in."""
    source = mark.source
    text = source.lines[mark.line - 1] if mark.line <= len(source.lines) else ""
    return Problem(source.name, mark.line if source.numbered else 0, mark.column, message, fix, text, mark.width)


def problems(flaws: Iterable[Flaw], document: Document | None, name: str) -> list[Problem]:
    """Say where flaws are.

    Parameters
    ----------
    flaws : iterable of Flaw
    document : Document or None
        Where they were written; None for what was made in Python.
    name : str
        What to call it then.
    """
    if document is not None:
        return [document.problem(flaw.place, flaw.message, flaw.fix, flaw.at_key) for flaw in flaws]
    return [Problem(name, 0, 0, f"{'.'.join(str(key) for key in flaw.place)}: {flaw.message}", flaw.fix)
            for flaw in flaws]

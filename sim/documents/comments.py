"""Comments of a document, each with the key or item that it stands at."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import yaml

from sim.documents import reading
from sim.documents.document import Document
from sim.documents.tree import Mark, Place

OWN = "#="
"""Begins what this program has written into a file; from there to the end of the line it is no comment of a person."""


_HEAD = re.compile(r"[|>][-+0-9]*")


@dataclass(frozen=True, slots=True)
class Comments:
    """Comments at one place.

    Attributes
    ----------
    above : tuple of str
        Lines of their own above it, with their signs.
    beside : str
        Behind it on its line, with its sign; empty where there is none.
    """

    above: tuple[str, ...] = ()
    beside: str = ""


def comments(document: Document, gone: Collection[Place] = ()) -> dict[Place, Comments]:
    """Find the comments of a document.

    A comment behind something belongs to the first key or item that begins on the line; a comment on lines of its own
    to the first that begins below, and at the end of the document to the place ``()``. Of a document that was put
    together, comments are those of the keys that it has from each file.

    Parameters
    ----------
    document : Document
    gone : collection of tuple
        Keys of its files that it does not have any more, and whose comments belong to what follows them.

    Returns
    -------
    dict of tuple to Comments
        By place.
    """
    found: dict[Place, Comments] = {}
    for part in reversed(document.read):
        own = _of_file(part, gone)
        found |= {place: one for place, one in own.items() if not place or _is_from(document, place, part)}
    return found


def _is_from(document: Document, place: Place, part: Document) -> bool:
    marks = (document.keys.get(place), document.values.get(place))
    return any(mark is not None and mark.source is part.source for mark in marks)


def _of_file(document: Document, gone: Collection[Place]) -> dict[Place, Comments]:
    left = (anchor for anchor in _anchors(document) if anchor[1] not in gone)
    anchors = sorted(left, key=lambda anchor: (anchor[0].line, anchor[0].column, len(anchor[1])))
    above: dict[Place, list[str]] = {}
    beside: dict[Place, str] = {}
    for line, text, alone in _texts(document):
        here = [place for mark, place in anchors if mark.line == line]
        before = [place for mark, place in anchors if mark.line < line]
        if alone or not (here or before):
            place = next((place for mark, place in anchors if mark.line > line), ())
            above.setdefault(place, []).append(text)
        else:
            beside[here[0] if here else before[-1]] = text
    return {place: Comments(tuple(above.get(place, ())), beside.get(place, "")) for place in {**above, **beside}}


def _anchors(document: Document) -> Iterator[tuple[Mark, Place]]:
    """Return where each key and each item begins; what an alias repeats, once."""
    seen: set[int] = set()
    for place, key, tree in document.root.walk():
        mark = key or tree.mark
        if place and id(mark) not in seen:
            seen.add(id(mark))
            yield mark, place


def _texts(document: Document) -> Iterator[tuple[int, str, bool]]:
    """Return line, text and whether it stands alone, of each comment."""
    lines = document.source.lines
    for begin, end in _gaps(document):
        for line in range(begin[0], min(end[0], len(lines) - 1) + 1):
            start = begin[1] if line == begin[0] else 0
            stop = end[1] if line == end[0] else len(lines[line])
            _, sign, text = lines[line][start:stop].partition("#")
            own = f"{sign}{text}".partition(OWN)[0].rstrip()
            if own:
                yield line + 1, own, not lines[line][:start].strip()


def _gaps(document: Document) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Return what is between the words of a document, where only blanks and comments are: lines and columns from 0."""
    lines = document.source.lines
    reader = reading.Loader("\n".join(lines))
    at = (0, 0)
    try:
        while reader.check_token():
            token = reader.get_token()
            start, end = ((mark.line, mark.column) for mark in (token.start_mark, token.end_mark))
            if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
                head = _HEAD.match(lines[start[0]], start[1])
                yield (start[0], head.end() if head else start[1]), (start[0], len(lines[start[0]]))
            if start != end or isinstance(token, yaml.StreamEndToken):
                yield at, start
                at = end
    finally:
        reader.dispose()

"""Reading a YAML file so that everything in it keeps its line and column.

The file is read as YAML 1.2 with the core schema: ``true``, ``null``, whole numbers and decimals are what they look
like, everything else is text; ``5:30``, ``on``, ``yes`` and dates too. Keys are always text. What invites mistakes or
attacks is refused: a key given twice, several documents, tags, merge keys, keys that are no text, aliases that repeat
the file many times or contain themselves.

Events of the parser are composed here rather than by PyYAML: its composer written in C overflows the stack on deep
nesting, and it forgets where an alias stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sim.errors import InputError, Problem, quoted
from sim.scenario import syntax
from sim.scenario.model import Flaw, Place

MAX_BYTES = 2_000_000
MAX_VALUES = 50_000
MAX_DEPTH = 40

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_RADIX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN")
_LONGEST_NUMBER = 40
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

# libyaml's scanner where the wheel has it: about ten times as fast, and the same events.
_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something is written: line and column from 1, and how many characters it takes on that line."""

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True)
class Document:
    """A file that has been read, not yet validated.

    Attributes
    ----------
    name : str
        The file, as it is told to the reader.
    lines : tuple of str
    data : object
        What the file says: dicts, lists and scalars.
    values, keys : dict
        Where each value and each key is, by its place.
    flow : frozenset
        Places of the mappings written in braces.
    """

    name: str
    lines: tuple[str, ...]
    data: Any
    values: Mapping[Place, Mark] = field(repr=False)
    keys: Mapping[Place, Mark] = field(repr=False)
    flow: frozenset[Place] = field(repr=False)

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
            If the file has no such place, as when a key is missing, the nearest place above it is told.
        message, fix : str
        at_key : bool
            Whether the key is meant. It is also told where the value is a block of lines.
        """
        known = next(place[:n] for n in range(len(place), -1, -1) if place[:n] in self.values)
        if not known:
            return Problem(self.name, 1, 1, message, fix)
        mark = self.values[known]
        key = self.keys.get(known)
        if key is not None and (at_key or known != place or mark.line != key.line):
            mark = key
        return self.at(mark, message, fix)

    def at(self, mark: Mark, message: str, fix: str = "") -> Problem:
        """Return a problem with what is written at a mark."""
        return told(self.name, self.lines, mark, message, fix)


def told(name: str, lines: tuple[str, ...], mark: Mark, message: str, fix: str) -> Problem:
    """Return a problem with the line of the file that it is in."""
    source = lines[mark.line - 1] if mark.line <= len(lines) else ""
    return Problem(name, mark.line, mark.column, message, fix, source, mark.width)


def problems(flaws: Iterable[Flaw], document: Document | None, name: str) -> list[Problem]:
    """Say where flaws are.

    Parameters
    ----------
    flaws : iterable of Flaw
    document : Document or None
        Where they were written; None for a scenario that was made in Python.
    name : str
        What to call it then.
    """
    if document is not None:
        return [document.problem(flaw.place, flaw.message, flaw.fix, flaw.at_key) for flaw in flaws]
    return [Problem(name, 0, 0, f"{'.'.join(str(key) for key in flaw.place)}: {flaw.message}", flaw.fix)
            for flaw in flaws]


def read(path: Path, name: str | None = None) -> Document:
    """Read a YAML file whose top is a mapping.

    Parameters
    ----------
    path : Path
    name : str, optional
        The file, as it is told to the reader; the path when absent.

    Returns
    -------
    Document

    Raises
    ------
    InputError
        All that keeps the file from being read: it is missing, not text, not YAML, or uses what is refused.
    """
    name = name or str(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        near = sorted(other.name for other in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        fix = f"the folder has {', '.join(quoted(n) for n in near[:8])}" if near else "check the path"
        raise InputError([Problem(name, 0, 0, "there is no such file", fix)]) from error
    except OSError as error:
        raise InputError([Problem(name, 0, 0, f"cannot be read: {error.strerror}", "check the path")]) from error
    return parse(raw, name)


def parse(raw: bytes, name: str) -> Document:
    """Read YAML whose top is a mapping from bytes; see `read`."""
    if len(raw) > MAX_BYTES:
        raise InputError([Problem(name, 0, 0, f"has {len(raw):,} bytes, more than the {MAX_BYTES:,} of a scenario",
                                  "keep data in a CSV file beside it")])
    lines = tuple(_BREAK.split(text := _text(raw, name)))
    composer = _Composer(name, lines)
    root = composer.compose(text)
    if root is None:
        raise InputError([Problem(name, 1, 1, "the file is empty", "write `key: value` lines")])
    data = composer.value(root, ())
    if composer.problems:
        raise InputError(composer.problems)
    if not isinstance(data, dict):
        raise InputError([told(name, lines, root.mark, "the file is not a mapping", "write `key: value` lines")])
    return Document(name, lines, data, composer.values, composer.keys, frozenset(composer.flow))


@dataclass(frozen=True, slots=True)
class _Node:
    """A value as the parser gives it: scalars have text, lists items, mappings pairs, aliases what they repeat."""

    mark: Mark
    text: str | None = None
    plain: bool = False
    items: list[_Node] | None = None
    pairs: list[tuple[_Node, _Node]] | None = None
    same: _Node | None = None
    flow: bool = False


class _Composer:
    """Makes nodes of events and values of nodes, and notes where they are."""

    def __init__(self, name: str, lines: tuple[str, ...]) -> None:
        self.name, self.lines = name, lines
        self.values: dict[Place, Mark] = {}
        self.keys: dict[Place, Mark] = {}
        self.flow: set[Place] = set()
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Node | None] = {}

    def compose(self, text: str) -> _Node | None:
        """Return the one document of a text; None when there is none."""
        loader = _Loader(text)
        try:
            events = self._events(loader)
            root = None
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if root is not None:
                        self.refuse(self._mark(event), "a second document begins here", "write one scenario in a file")
                        break
                    root = self._node(next(events), events, 0)
            return root
        except yaml.YAMLError as error:
            line, column, message, fix = syntax.diagnose(error, self.lines)
            self.refuse(Mark(line, column), message, fix)
            raise InputError(self.problems) from error
        finally:
            loader.dispose()

    def _events(self, loader: Any) -> Iterator[yaml.Event]:
        while loader.check_event():
            yield loader.get_event()

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        mark = self._mark(event)
        if depth > MAX_DEPTH:
            self.refuse(mark, f"nested more than {MAX_DEPTH} levels deep", "a scenario needs no more than 12")
            raise InputError(self.problems)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), mark)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if event.tag is not None and event.tag != "!":
            self.refuse(mark, f"tags such as {quoted(self._tag(event.tag))} are not read",
                        "leave the tag out; put quotes around what shall be text")
        if isinstance(event, yaml.ScalarEvent):
            node = _Node(mark, text=event.value, plain=event.implicit[0])
        elif isinstance(event, yaml.SequenceStartEvent):
            items = list(self._children(yaml.SequenceEndEvent, events, depth))
            node = _Node(mark, items=items, flow=bool(event.flow_style))
        else:
            both = list(self._children(yaml.MappingEndEvent, events, depth))
            node = _Node(mark, pairs=list(zip(both[::2], both[1::2], strict=True)), flow=bool(event.flow_style))
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, name: str, mark: Mark) -> _Node:
        meant = self.anchors.get(name)
        if meant is None and name in self.anchors:
            self.refuse(mark, f"`*{name}` stands inside of what it repeats", "write out what is meant")
        elif meant is None:
            self.refuse(mark, f"nothing before this is named `&{name}`", "put quotes around it if it is text")
        return _Node(mark, text="", same=meant)

    def _children(self, end: type[Any], events: Iterator[Any], depth: int) -> Iterator[_Node]:
        while not isinstance(event := next(events), end):
            yield self._node(event, events, depth + 1)

    def value(self, node: _Node, place: Place, alias: Mark | None = None) -> Any:
        """Return the value of a node; what is wrong below it goes to `problems`."""
        if node.same is not None:
            return self.value(node.same, place, alias or node.mark)
        self.values[place] = node.mark
        if len(self.values) > MAX_VALUES:
            self.refuse(alias or node.mark, f"from here on the file has more than {MAX_VALUES:,} values",
                        "use fewer aliases" if alias else "keep data in a CSV file")
            raise InputError(self.problems)
        if node.items is not None:
            return [self.value(item, (*place, index), alias) for index, item in enumerate(node.items)]
        if node.pairs is not None:
            if node.flow:
                self.flow.add(place)
            return dict(self._pairs(node.pairs, place, alias))
        return _scalar(node.text or "") if node.plain else node.text

    def _pairs(
        self, pairs: list[tuple[_Node, _Node]], place: Place, alias: Mark | None
    ) -> Iterator[tuple[str, Any]]:
        first: dict[str, int] = {}
        for key, value in pairs:
            if key.text is None:
                self.refuse(key.mark, "a key must be a plain word", "write `key: value`")
            elif key.text == "<<" and key.plain:
                self.refuse(key.mark, "merge keys `<<` are not part of YAML 1.2",
                            "write the keys out; a deployment can start from another one by `extends: its-name`")
            elif key.text in first:
                self.refuse(key.mark, f"{quoted(key.text)} is given twice, first in line {first[key.text]}",
                            "keep one of them")
            else:
                first[key.text] = key.mark.line
                self.keys[*place, key.text] = key.mark
                yield key.text, self.value(value, (*place, key.text), alias)

    def refuse(self, mark: Mark, message: str, fix: str) -> None:
        """Note a problem at a mark."""
        self.problems.append(told(self.name, self.lines, mark, message, fix))

    def _mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        line = self.lines[start.line] if start.line < len(self.lines) else ""
        until = end.column if end.line == start.line else len(line)
        return Mark(start.line + 1, start.column + 1, max(1, until - start.column))

    @staticmethod
    def _tag(tag: str) -> str:
        return tag.replace("tag:yaml.org,2002:", "!!")


def _text(raw: bytes, name: str) -> str:
    """Decode a file, and refuse what a text file does not hold."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise InputError([Problem(name, line, column, "this is not UTF-8 text", "save the file as UTF-8")]) from error
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        lines = _BREAK.split(text[: bad.start()])
        whole = _BREAK.split(text)[len(lines) - 1]
        message = f"the character U+{ord(bad[0]):04X} does not belong in a text file"
        raise InputError([Problem(name, len(lines), len(lines[-1]) + 1, message, "delete it", whole)])
    return text


def _scalar(text: str) -> str | int | float | bool | None:
    """Return what a plain scalar means by the core schema of YAML 1.2."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _RADIX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return float(text.lower().replace(".", "")) if _SPECIAL.fullmatch(text) else text

"""Reading YAML, and refusing what invites mistakes or attacks.

A text is read as YAML 1.2 with the core schema: ``true``, ``null``, whole numbers and decimals are what they look like,
everything else is text; ``5:30``, ``on``, ``yes`` and dates too. Keys are always text. Refused are a key given twice,
several documents, tags, merge keys, keys that are no text, aliases that repeat the file many times or contain
themselves.

Events of the parser are composed here rather than by PyYAML: its composer written in C overflows the stack on deep
nesting, and it forgets where an alias stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import yaml

from sim.documents import syntax
from sim.documents.document import Document, told
from sim.documents.tree import Mark, Scalar, Source, Tree
from sim.errors import InputError, Problem, choose, quoted

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
_NOT_TEXT = frozenset("~nNtTfF+-.0123456789")
"""What a plain scalar begins with that is anything but text."""
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\x09\x0a\x0d\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

# libyaml's scanner where the wheel has it: about ten times as fast, and the same events.
Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path, name: str | None = None, *, strict: bool = True) -> Document:
    """Read a YAML file whose top is a mapping.

    Parameters
    ----------
    path : Path
    name : str, optional
        The file, as it is told to the reader; the path when absent.
    strict : bool
        Whether to refuse a key that is given twice. Else the first counts, and the document has the others in
        ``doubled``, so that they are told with all that is found later.

    Returns
    -------
    Document

    Raises
    ------
    InputError
        All that keeps the file from being read: it is missing, not text, not YAML, or uses what is refused.
    """
    name = name or str(path)
    if there(path) == "folder":
        raise InputError([Problem(name, 0, 0, "this is a folder", _other_file("", path, "name a YAML file"))])
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        fix = _other_file(path.name, path.parent, "check the path")
        raise InputError([Problem(name, 0, 0, "there is no such file", fix)]) from error
    except OSError as error:
        raise InputError([Problem(name, 0, 0, f"cannot be read: {error.strerror}", "check the path")]) from error
    return parse(raw, name, strict=strict)


def there(path: Path) -> Literal["file", "folder"] | None:
    """Say what a path leads to; None for nothing, which is also so of a name that no file can have."""
    try:
        return "folder" if path.is_dir() else "file" if path.is_file() else None
    except (OSError, ValueError):
        return None


def _other_file(name: str, folder: Path, otherwise: str) -> str:
    """Say which YAML file of a folder may be meant."""
    near = sorted(other.name for other in folder.glob("*.y*ml")) if there(folder) == "folder" else []
    return f"{choose(name, near, most=8).rstrip('?')}, in that folder" if near else otherwise


def parse(raw: bytes, name: str, *, strict: bool = True) -> Document:
    """Read YAML whose top is a mapping from bytes; see `read`."""
    if len(raw) > MAX_BYTES:
        raise InputError([Problem(name, 0, 0, f"has {len(raw):,} bytes, more than the {MAX_BYTES:,} that are read",
                                  "keep data in a CSV file beside it")])
    text = _text(raw, name)
    source = Source(name, lines_of(text))
    composer = _Composer(source)
    root = composer.compose(text)
    if composer.problems or (strict and composer.doubled):
        raise InputError([*composer.problems, *composer.doubled])
    if root is None:
        raise InputError([Problem(name, 1, 1, "the file is empty", "write `key: value` lines")])
    if root.keys is None:
        raise InputError([told(root.mark, "the file is not a mapping", "write `key: value` lines")])
    return Document(source, root, doubled=tuple(composer.doubled))


def compose(text: str, source: Source) -> Tree | None:
    """Read any YAML value from text.

    Parameters
    ----------
    text : str
    source : Source
        What its marks shall name; its lines are those of the text.

    Returns
    -------
    Tree or None
        None where the text has none.

    Raises
    ------
    InputError
        It is not YAML, or uses what is refused.
    """
    composer = _Composer(source)
    root = composer.compose(text)
    if composer.problems or composer.doubled:
        raise InputError([*composer.problems, *composer.doubled])
    return root


def lines_of(text: str) -> tuple[str, ...]:
    """Split a text where YAML breaks lines."""
    return tuple(_BREAK.split(text))


class _Composer:
    """Makes a tree of the parser's events; what is wrong goes to `problems`, keys given twice go to `doubled`."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.doubled: list[Problem] = []
        self._anchors: dict[str, Tree | None] = {}

    def compose(self, text: str) -> Tree | None:
        """Return the one document of a text; None when there is none."""
        loader = Loader(text)
        try:
            events = self._events(loader)
            root = None
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if root is not None:
                        self._refuse(self._mark(event), "a second document begins here",
                                     "write one document in a file")
                        break
                    root = self._tree(next(events), events, 0)
            return root
        except yaml.YAMLError as error:
            line, column, message, fix = syntax.diagnose(error, self.source.lines)
            if line > len(self.source.lines):  # behind the end of a text without a line break there
                line, column = len(self.source.lines), len(self.source.lines[-1]) + 1
            self._refuse(Mark(self.source, line, column), message, fix)
            raise InputError([*self.problems, *self.doubled]) from error
        finally:
            loader.dispose()

    def _events(self, loader: Any) -> Iterator[yaml.Event]:
        while loader.check_event():
            yield loader.get_event()

    def _tree(self, event: Any, events: Iterator[Any], depth: int) -> Tree:
        mark = self._mark(event)
        if depth > MAX_DEPTH:
            self._refuse(mark, f"nested more than {MAX_DEPTH} levels deep", "a scenario needs no more than 12")
            raise InputError([*self.problems, *self.doubled])
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), mark)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if event.tag is not None and event.tag != "!":
            self._refuse(mark, f"tags such as {quoted(event.tag.replace('tag:yaml.org,2002:', '!!'))} are not read",
                         "leave the tag out; put quotes around what shall be text")
        if isinstance(event, yaml.ScalarEvent):
            tree = Tree(mark, scalar=meaning(event.value) if event.implicit[0] else event.value)
        elif isinstance(event, yaml.SequenceStartEvent):
            items = tuple(self._items(events, depth))
            tree = Tree(mark, items=items, flow=bool(event.flow_style), size=1 + sum(item.size for item in items))
        else:
            keys = dict(self._keys(events, depth))
            size = 1 + sum(value.size for _, value in keys.values())
            tree = Tree(mark, keys=keys, flow=bool(event.flow_style), size=size)
        if tree.size > MAX_VALUES:
            self._refuse(mark, f"there are more than {MAX_VALUES:,} values in here, those that aliases repeat included",
                         "use fewer aliases, or keep data in a CSV file")
            raise InputError([*self.problems, *self.doubled])
        if event.anchor is not None:
            self._anchors[event.anchor] = tree
        return tree

    def _alias(self, name: str, mark: Mark) -> Tree:
        meant = self._anchors.get(name)
        if meant is not None:
            return meant
        if name in self._anchors:
            self._refuse(mark, f"`*{name}` stands inside of what it repeats", "write out what is meant")
        else:
            self._refuse(mark, f"nothing before this is named `&{name}`", "put quotes around it if it is text")
        return Tree(mark)

    def _items(self, events: Iterator[Any], depth: int) -> Iterator[Tree]:
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            yield self._tree(event, events, depth + 1)

    def _keys(self, events: Iterator[Any], depth: int) -> Iterator[tuple[str, tuple[Mark, Tree]]]:
        first: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key, value = self._tree(event, events, depth + 1), self._tree(next(events), events, depth + 1)
            name = event.value if isinstance(event, yaml.ScalarEvent) else None  # as text, whatever it looks like
            if name is None:
                self._refuse(key.mark, "a key must be a plain word", "write `key: value`")
            elif name == "<<" and event.implicit[0]:
                self._refuse(key.mark, "merge keys `<<` are not part of YAML 1.2",
                             "write the keys out; a deployment can start from another one by `extends: its-name`")
            elif name in first:
                self.doubled.append(told(key.mark, f"{quoted(name)} is given twice, first in line {first[name]}",
                                         "keep one of them"))
            else:
                first[name] = key.mark.line
                yield name, (key.mark, value)

    def _refuse(self, mark: Mark, message: str, fix: str) -> None:
        self.problems.append(told(mark, message, fix))

    def _mark(self, event: Any) -> Mark:
        start, end = event.start_mark, event.end_mark
        lines = self.source.lines
        line = lines[start.line] if start.line < len(lines) else ""
        until = end.column if end.line == start.line else len(line)
        return Mark(self.source, start.line + 1, start.column + 1, max(1, until - start.column))


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
        lines = lines_of(text[: bad.start()])
        whole = lines_of(text)[len(lines) - 1]
        message = f"the character U+{ord(bad[0]):04X} does not belong in a text file"
        raise InputError([Problem(name, len(lines), len(lines[-1]) + 1, message, "delete it", whole)])
    return text


def meaning(text: str) -> Scalar:
    """Return what a plain scalar means by the core schema of YAML 1.2."""
    if text and text[0] not in _NOT_TEXT:
        return text
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

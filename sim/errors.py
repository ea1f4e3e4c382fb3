"""What can go wrong, and how it is told.

Everything that this package raises on purpose is a `SimError`. What a person wrote wrongly is told as a compiler does
it: where, what, the line with a caret below, and what to write instead; everything that is wrong at once.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

_WIDEST = 120
"""Characters of a source line that are shown; of a longer one, those around the caret."""


class SimError(Exception):
    """Base of all errors of this package.

    Attributes
    ----------
    exit_code : int
        With which the program ends when the error reaches the command line.
    """

    exit_code: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in something a person wrote.

    Attributes
    ----------
    file : str
        Name as the person gave it.
    line, column : int
        From 1; 0 when the problem has no place within the file. An option of the command line has no lines either.
    message : str
        What is wrong.
    fix : str
        What to do about it; empty when there is nothing to say.
    source : str or None
        The line of the file, or the text of the option.
    width : int
        Characters that are underlined.
    warning : bool
        Whether it should only be known, and keeps nothing from being run.
    """

    file: str
    line: int
    column: int
    message: str
    fix: str = ""
    source: str | None = None
    width: int = 1
    warning: bool = False

    @property
    def place(self) -> str:
        """``file:line:column``, or the file alone."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def render(self) -> str:
        """Return the problem as text, without a newline at the end."""
        lines = [f"{self.place}: {'warning' if self.warning else 'error'}: {self.message}"]
        margin = " " * 4
        if self.source is not None:
            text, before, marks = _excerpt(self.source, self.column - 1, self.width)
            number = f"{self.line or '':>5}"
            margin = " " * len(number)
            lines += [f"{number} | {text}", f"{margin} | {' ' * before}{'^' * marks}"]
        if self.fix:
            lines.append(f"{margin} = fix: {self.fix}")
        return "\n".join(lines)


class InputError(SimError):
    """What a person wrote cannot be used.

    Parameters
    ----------
    problems : iterable of Problem
        At least one. Kept sorted by place, without repetitions.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        kept = dict.fromkeys(problems)
        if not kept:
            raise ValueError("an InputError needs a problem")
        self.problems = tuple(sorted(kept, key=lambda p: (p.file, p.line, p.column, p.message)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n\n".join(problem.render() for problem in self.problems)


class AdvisedError(SimError, ValueError):
    """A value is wrong, and it is known what to write instead.

    Parameters
    ----------
    message : str
        What is wrong, in words that fit behind the name of the value: "has no unit".
    fix : str
        What to do about it.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, fix: str = "") -> None:
        self.message = message
        self.fix = fix
        super().__init__(message, fix)

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}" if self.fix else self.message


class UnknownName(SimError, LookupError):  # noqa: N818  (reads as what it is)
    """A name that is not among those known.

    Parameters
    ----------
    name : str
        The name asked for.
    known : iterable of str
        The names that would do.
    what : str
        What is named, in the singular: "platform".
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, name: str, known: Iterable[str], what: str = "name") -> None:
        self.name = name
        self.known = tuple(known)
        self.what = what
        super().__init__(name, self.known, what)

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"unknown {self.what} {quoted(self.name)}"

    @property
    def fix(self) -> str:
        """The nearest of the known names, or all of them."""
        return choose(self.name, self.known)

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that ``name`` was probably meant to be, or None."""
    folded = {_fold(candidate): candidate for candidate in sorted(known, reverse=True)}
    found = difflib.get_close_matches(_fold(name), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def choose(name: str, known: Iterable[str], most: int = 12) -> str:
    """Say which name to write instead.

    Parameters
    ----------
    name : str
        What was written.
    known : iterable of str
        The names that would do.
    most : int
        How many names are listed when none is near.

    Returns
    -------
    str
        Such as "did you mean `platform`?" or "write one of `a`, `b`".
    """
    names = list(dict.fromkeys(known))
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {quoted(near)}?"
    if not names:
        return "none is known here"
    if len(names) == 1:
        return f"write {quoted(names[0])}"
    listed = ", ".join(quoted(candidate) for candidate in names[:most])
    return f"write one of {listed}" + (f" and {len(names) - most} more" if len(names) > most else "")


def quoted(text: object, longest: int = 60) -> str:
    """Return a piece of a person's text for use in a message: in backticks, printable, not too long."""
    plain = "".join(ch if ch.isprintable() else "\N{REPLACEMENT CHARACTER}" for ch in str(text))
    return f"`{plain if len(plain) <= longest else plain[: longest - 1] + '…'}`"


def quoted_file(name: object) -> str:
    """Return the name of a file for use in a message: as a whole, so that it can be opened."""
    return quoted(name, longest=4096)


def _fold(name: str) -> str:
    return name.casefold().replace("_", "-").replace(" ", "-")


def _excerpt(source: str, start: int, width: int) -> tuple[str, int, int]:
    """Return the part of a line to show, the columns before its caret, and the number of carets."""
    line = "".join(ch if ch.isprintable() else " " if ch == "\t" else "\N{REPLACEMENT CHARACTER}" for ch in source)
    start = min(start, len(line))
    marked = line[start : start + max(width, 1)]
    head, cut = line, 0
    if len(line) > _WIDEST:
        cut = max(0, min(start - _WIDEST // 3, len(line) - _WIDEST))
        head = line[cut : cut + _WIDEST]
    text = ("…" if cut else "") + head.rstrip() + ("…" if cut + len(head) < len(line) else "")
    before = _columns(("…" if cut else "") + line[cut:start])
    room = max(1, _columns(head[start - cut :].rstrip()))
    return text, before, max(1, min(_columns(marked), room))


def _columns(text: str) -> int:
    """Width of a text on a terminal: East Asian wide characters take two columns, combining ones none."""
    return sum(
        0 if unicodedata.combining(ch) else 2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in text
    )

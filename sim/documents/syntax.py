"""Saying plainly what keeps a file from being YAML.

A parser tells where it got stuck and what it had hoped for. The person who wrote the file wants to know which of the
usual slips it was: a tab, a missing space after a colon, a bracket or quote left open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

from sim.errors import quoted

Told = tuple[int, int, str, str]
"""Line and column from 1, message, fix."""

_NO_SPACE = re.compile(r"\s*(?:- )?([\w-]+):(?=[^\s/])")


def diagnose(error: yaml.YAMLError, lines: Sequence[str]) -> Told:
    """Say what an error of the parser means.

    Parameters
    ----------
    error : yaml.YAMLError
    lines : sequence of str
        Lines of the file.

    Returns
    -------
    (int, int, str, str)
        Line and column, both from 1; what is wrong; what to do.
    """
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return 1, 1, f"this is not YAML: {error}", "check this place against the lines around it"
    at, problem = error.problem_mark, error.problem or ""
    line, column = at.line + 1, at.column + 1
    source = lines[at.line] if at.line < len(lines) else ""
    indentation = source[: len(source) - len(source.lstrip())]
    if "\t" in indentation:
        return line, indentation.index("\t") + 1, "a tab indents this line", "indent with spaces"
    opened = (error.context_mark.line + 1, error.context_mark.column + 1) if error.context_mark else (line, column)
    if any(word in (error.context or "") for word in ("alias", "anchor", "block scalar", "tag", "directive")):
        return *opened, *_bad_begin(lines[opened[0] - 1][opened[1] - 1 : opened[1]])
    if "end of stream" in problem and "quoted" in (error.context or ""):
        return *opened, "this quote is never closed", "put the same quote at the end of the text"
    if "escape" in problem or "hexdecimal" in problem:
        backslash = source.rfind("\\", 0, at.column + 1) + 1
        return (line, backslash or column, "this backslash begins no known escape",
                r"use single quotes, or write `\\` for a backslash")
    if "expected ':'" in problem:
        return *opened, "this line has no `: `", "write `key: value`, or `- ` before an item of a list"
    if "',' or '" in problem:
        bracket = "[" if "sequence" in (error.context or "") else "{"
        return (line, column, f"a comma or the closing `{'}' if bracket == '{' else ']'}` is missing before this",
                f"the `{bracket}` of line {opened[0]}, column {opened[1]}, is still open here")
    if "mapping values are not allowed" in problem:
        return _second_colon(lines, line, column)
    return (line, column, *_by_text(problem, source, at.column))


def _second_colon(lines: Sequence[str], line: int, column: int) -> Told:
    """Tell apart the reasons for which a colon may not stand where it does."""
    for number in range(line - 1, max(0, line - 3), -1):
        glued = _NO_SPACE.match(lines[number - 1]) if number <= len(lines) else None
        if glued is not None:
            rest = lines[number - 1][glued.end() :].strip()
            fix = f"write {quoted(f'{glued[1]}: {rest}')}"
            return number, glued.end(), f"a space is missing after `{glued[1]}:`", fix
    before = lines[line - 1][: column - 1]
    if re.search(r":\s", before):
        return line, column, "a second `: ` on one line", "put quotes around the text, or begin a new line"
    return (line, column, "a value is given here, but the line above has a value already",
            "indent this line like the one above, or leave the value above out")


def _bad_begin(sign: str) -> tuple[str, str]:
    shown = "a backtick" if sign == "`" else quoted(sign)
    return f"a text cannot begin with {shown}", "put quotes around it"


def _by_text(problem: str, source: str, column: int) -> tuple[str, str]:
    """Say what is wrong where the place alone decides."""
    here = source[column : column + 1]
    if "cannot start any token" in problem:
        return _bad_begin(here)
    if "'-' indicator" in problem or "sequence entries" in problem or "'?'" in problem:
        return "this does not go on the list above", "put `- ` on a line of its own, indented like the other items"
    if "expected key" in problem or "<block end>" in problem:
        if source[:column].strip():
            return "nothing may follow the closing quote or bracket", "put quotes around the whole text"
        if here == "-":
            return "an item of a list stands among keys", "indent it below its key"
        return "the indentation of this line fits no line above", "indent it like the lines it belongs to"
    if "node content" in problem:
        missing = f"{quoted(here)} stands where a value should" if here else "a value is missing"
        return missing, "write a value, or put quotes around the text"
    if "<document start>" in problem:
        return "there is more after the end of the document", "remove what follows `...` or `---`"
    return f"this is not YAML: {problem}", "check this place against the lines around it"

"""Fixes are true: whoever does what a message says to do is rid of it, and not told of anything new.

What a fix says can be done by machine where it names what to write, to add, or to leave out. It is done to the line
that the message shows, and the file is loaded again.
"""

import os
import re
import shutil
from pathlib import Path

import pytest

from sim import claims
from sim.errors import InputError
from sim.scenario import load
from sim.scenario.callers import Callers
from sim.scenario.provider import LlmProvider
from sim.scenario.schema import Deployment

from .test_wrong import FILES, FOLDER, settings, told

KEYED = re.compile(r"(?!key: value)[a-z_]+: \S.*")
NUMBER = r"-?[0-9][0-9.e+-]*%?"
NEEDS_QUOTES = re.compile(r"[,:\[\]{}]")


def ways(problem):
    """Each way in which a fix can be followed by machine: what is done, and with what."""
    own = re.match(r"give `[^`]*` a `([^`]*)` of its own: write `([^`:]*)`", problem.fix)
    if own:
        return [("own", [f"{own[1]}: {own[2]}"])]
    found, writing = [], False
    for part in re.split(r", or |; | or (?=`|write|add|leave|lower)", problem.fix):
        writing = part.startswith("write") or (writing and part.startswith("`"))
        found += _ways(part, writing)
    return found


def _ways(part, writing):
    named = re.findall(r"`([^`]*)`", part)
    elsewhere = ("write one of", " in the one ", "` and `", "- `")
    if any(words in part for words in elsewhere) or (part.endswith("` instead") and ":" not in part):
        return []  # something else must be known, too
    if part.startswith("leave the quotes out"):
        return [("bare", named)]
    if part.startswith("did you mean") and part.endswith(", in that folder"):
        return [("file", named)]
    keyed = bool(named) and all(KEYED.fullmatch(name) for name in named) and "request" not in named[0]
    if writing and "for example" in part:
        return [("value", named)] if not keyed and " < " not in named[0] and "key: " not in named[0] else []
    if part.startswith("did you mean") or (writing and named):
        if keyed:
            return [("replace-key" if part.endswith("instead") else "set", named)]
        return [] if any(": " in name for name in named) or " where " in part else [("value", named[:1])]
    if part.startswith(("add `", "add for example `")) and keyed:
        return [("set", named[:1])]
    if part.startswith(("leave `", "leave out `")):
        return [("drop", [name]) for name in named if re.fullmatch(r"[a-z_]+", name)]
    match = re.fullmatch(rf"write (?:a number of at (?:least|most) )?({NUMBER}|[0-9.]+ \w+)(?: to .*| or less)?", part)
    return [("value", [match[1]])] if match else []


def braces(line, column):
    """Where the braces are that hold what is written at a column, or that come behind it."""
    depth, start = 0, None
    for at in range(min(column, len(line)) - 1, -1, -1):
        depth += {"}": 1, "{": -1}.get(line[at], 0)
        if depth < 0:
            start = at
            break
    if start is None:
        start = line.find("{", column)
    if start < 0:
        return None
    depth = 0
    for at in range(start, len(line)):
        depth += {"{": 1, "}": -1}.get(line[at], 0)
        if depth == 0:
            return start, at
    return None


def _pieces(inside):
    """Return the keys, each with its value, of what is between braces."""
    found, depth, piece = [], 0, ""
    for ch in [*inside, ","]:
        depth += {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}.get(ch, 0)
        if ch == "," and depth == 0:
            found.append(piece.strip())
            piece = ""
        else:
            piece += ch
    return [one for one in found if one]


def without(inside, key):
    """Leave a key out of what is between braces."""
    return ", ".join(one for one in _pieces(inside) if one.split(":")[0].strip() != key)


def done(line, problem, doing, named):
    """Return the line with a fix done to it; None where it cannot be done within the line."""
    start, end = problem.column - 1, problem.column - 1 + problem.width
    if doing == "bare":
        return line[:start] + named[0] + line[end:]
    if line[start] in "[{" and end == start + 1 and doing == "value":
        return None
    if doing in ("value", "file"):
        new = named[0]
        if doing == "file":
            new = line[start:end].rpartition("/")[0] + "/" + new
        quoted = line[start] in ("'", '"') and line[end - 1] == line[start]
        quoted = quoted or (NEEDS_QUOTES.search(new) and not new.startswith(("[", "{", "workload", "deployments")))
        return line[:start] + (f'"{new}"' if quoted else new) + line[end:]
    key, around = line[start:end], {*Deployment.model_fields, *Callers.model_fields, *LlmProvider.model_fields}
    keys = [name.split(":")[0] for name in named]
    beside = keys == [key] if doing == "drop" else all(one in around for one in (key, *keys))
    behind = re.match(r":?\s*\{", line[end:]) if doing != "replace-key" and not beside else None
    found = braces(line, start if behind is None and line[start] != "{" else (start if line[start] == "{" else end) + 1)
    if behind is not None:
        found = braces(line, end + behind.end())
    if found is None or (beside and found[0] > start):
        return None
    inside = line[found[0] + 1 : found[1]]
    while doing == "drop" and found[0] > 0 and without(inside, named[0]) == ", ".join(_pieces(inside)):
        found = braces(line, found[0]) or (0, len(line))  # the key to leave out is around this
        inside = line[found[0] + 1 : found[1]]
    if doing == "replace-key":
        inside = without(inside, line[start : start + problem.width])
    for name in named:
        key, _, value = name.partition(": ")
        inside = without(inside, key)
        if doing != "drop":
            inside += f", {key}: {value}" if inside else f"{key}: {value}"
    return line[: found[0] + 1] + inside + line[found[1] :]


def problems(folder, name):
    before = Path.cwd()
    os.chdir(folder)
    try:
        load(name, settings(name), claims.problems)
    except InputError as error:
        return error.problems
    finally:
        os.chdir(before)
    return ()


def cases():
    for name in FILES:
        for number, problem in enumerate(told(name).problems):
            if problem.file.endswith(".yaml") and problem.source is not None and problem.line:
                for way in ways(problem):
                    label = f"{name}:{problem.line}:{problem.column} {way[0]} {way[1]}"
                    yield pytest.param(name, number, way, id=label)


CASES = list(cases())


# What is seen only when the first is done, or is so since the test makes two values of an axis the same.
THEN = ("has no column", "is here twice", "is given twice")


def is_new(told, doing, named, example):
    """Whether a problem that was not told before is one that the fix has brought."""
    if any(words in told for words in THEN):
        return False
    if doing == "set":
        return not example
    # What a right name leads to is seen only now; that the name itself is wrong would be the fix's fault.
    return any(f"`{name}`" in told for name in named)


@pytest.mark.parametrize(("name", "number", "way"), CASES)
def test_a_fix_that_is_done_is_the_end_of_it(name, number, way, tmp_path):
    problem = told(name).problems[number]
    folder = tmp_path / "wrong"
    shutil.copytree(FOLDER, folder)
    file = folder / problem.file
    before = [(one.file, one.line, one.message) for one in problems(folder, name)]
    this = (problem.file, problem.line, problem.message)
    lines = file.read_text(encoding="utf-8").split("\n")
    new = done(lines[problem.line - 1], problem, *way)
    if new is None:
        pytest.skip("it is not within the line")
    lines[problem.line - 1] = new
    file.write_text("\n".join(lines), encoding="utf-8")
    after = [(one.file, one.line, one.message) for one in problems(folder, name)]
    assert after.count(this) < before.count(this), new
    example = "for example" in problem.fix
    assert not [one for one in set(after) - set(before) if is_new(one[2], *way, example)], new


def test_many_fixes_can_be_done():
    assert len(CASES) > 100

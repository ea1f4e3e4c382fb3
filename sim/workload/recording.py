"""Recorded sessions: turns, steps and think times as they were, read from a file.

The file is a CSV with one row for each step. ``session``, ``turn`` and ``step`` say where a row belongs; turns and
steps are numbered from 0 without gaps. ``gap_s`` is the pause before the turn, in its first row. ``kind`` is ``llm``,
``tool`` or ``wait``; ``cpu_s`` and ``wait_s`` are how long the step was on the CPU and waiting. ``tokens_in`` (of
which ``tokens_cached`` were in the provider's cache), ``tokens_out`` and ``model`` are those of an ``llm`` step. The
columns in `sim.scenario.files.SESSION_COLUMNS` must be there; an empty field, or a column that may be absent and is,
counts as 0 or no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import numpy as np

from sim.engine.contract import NEVER, Int8s, Int64s
from sim.errors import choose, quoted
from sim.scenario.files import SESSION_COLUMNS
from sim.units import SECOND
from sim.workload import table
from sim.workload.table import Table


class StepKind(IntEnum):
    """Kind of a step, as ``Demand.step_kind`` has it."""

    LLM = 0
    TOOL = 1
    WAIT = 2


@dataclass(frozen=True, slots=True)
class Recording:
    """Recorded sessions, by name; the order of the rows in the file does not matter.

    Attributes
    ----------
    names : tuple of str
        Names of the sessions.
    models : tuple of str
        Names of the models, sorted; ``model`` counts in it.
    turn_first : int64[sessions + 1]
        Turns of session s are ``turn_first[s]`` to ``turn_first[s + 1] - 1``.
    gap : int64[turns]
        Microseconds between the end of the turn before and this one; 0 for a session's first.
    step_first : int64[turns + 1]
        Steps of turn t are ``step_first[t]`` to ``step_first[t + 1] - 1``.
    kind : int8[steps]
        `StepKind`.
    cpu, wait : int64[steps]
        Microseconds.
    tokens_in, tokens_cached, tokens_out, model : int64[steps]
        Tokens (``tokens_cached`` are among ``tokens_in``) and model of an ``llm`` step; 0 and NEVER elsewhere.
    """

    names: tuple[str, ...]
    models: tuple[str, ...]
    turn_first: Int64s
    gap: Int64s
    step_first: Int64s
    kind: Int8s
    cpu: Int64s
    wait: Int64s
    tokens_in: Int64s
    tokens_cached: Int64s
    tokens_out: Int64s
    model: Int64s


def read(path: Path, name: str | None = None) -> Recording:
    """Read a recording.

    Parameters
    ----------
    path : Path
        CSV file, gzipped when its name ends in ``.gz``.
    name : str, optional
        What to call the file in messages.

    Raises
    ------
    InputError
        When it cannot be read as such a recording.
    """
    called = name or path.name
    return _read(path, called, table.stamp(path, called))


@lru_cache(maxsize=4)
def _read(path: Path, name: str, stamp: int) -> Recording:
    """Read a recording; ``stamp`` keeps a changed file from being answered from memory."""
    found = table.read(path, name, SESSION_COLUMNS)
    turn, step = found.integers("turn"), found.integers("step")
    names, session = np.unique(np.array(found.texts("session")), return_inverse=True)
    order = np.lexsort((step, turn, session))
    session, turn, step = session[order], turn[order], step[order]
    _check_numbers(found, order, session, turn, step)
    kind = _kinds(found)[order]
    models, model = _models(found.texts("model"), order, kind)
    _check_tokens(found)
    turns = np.flatnonzero(step == 0)
    opens = turn[turns] == 0

    def times(column: str) -> Int64s:
        return np.rint(found.numbers(column)[order] * SECOND).astype(np.int64)

    return Recording(
        names=tuple(names.tolist()),
        models=models,
        turn_first=np.append(np.flatnonzero(opens), len(turns)).astype(np.int64),
        gap=np.where(opens, 0, times("gap_s")[turns]),
        step_first=np.append(turns, len(step)).astype(np.int64),
        kind=kind,
        cpu=times("cpu_s"),
        wait=times("wait_s"),
        tokens_in=found.integers("tokens_in")[order],
        tokens_cached=found.integers("tokens_cached")[order],
        tokens_out=found.integers("tokens_out")[order],
        model=model,
    )


def _check_numbers(found: Table, order: Int64s, session: Int64s, turn: Int64s, step: Int64s) -> None:
    """Refuse turns and steps, here in order, that are not numbered from 0 without gaps."""
    opens = np.append(True, session[1:] != session[:-1])
    same = ~opens & np.append(False, turn[1:] == turn[:-1])
    due_turn = np.where(opens, 0, np.append(0, turn[:-1]) + ~same)
    due_step = np.where(same, np.append(0, step[:-1]) + 1, 0)
    for at in np.flatnonzero((turn != due_turn) | (step != due_step))[:1]:
        row = int(order[at])
        raise found.wrong(row, f"has turn {turn[at]}, step {step[at]} where turn {due_turn[at]}, step {due_step[at]} "
                          f"of session {quoted(found.texts('session')[row])} is due",
                          "number turns and steps from 0, each once")


def _check_tokens(found: Table) -> None:
    """Refuse tokens that cannot be, or that nobody could price."""
    asked, cached, made = (found.integers(f"tokens_{name}") for name in ("in", "cached", "out"))
    for row in np.flatnonzero(cached > asked)[:1].tolist():
        raise found.wrong(row, f"has {cached[row]:,} cached tokens of {asked[row]:,} in the prompt",
                          "`tokens_cached` counts those of `tokens_in` that were cached")
    called = np.array(found.texts("model")) != ""
    for row in np.flatnonzero(~called & (asked + made > 0))[:1].tolist():
        raise found.wrong(row, "has tokens and no model", "name the `model`, so that its tokens have a price")


def _kinds(found: Table) -> Int8s:
    """Read the column ``kind``."""
    texts = found.texts("kind")
    number = {kind.name.lower(): int(kind) for kind in StepKind}
    kinds = np.array([number.get(text, NEVER) for text in texts], np.int8)
    for row in np.flatnonzero(kinds == NEVER)[:1]:
        raise found.wrong(row, f"has {quoted(texts[row])} as `kind`", choose(texts[row], number))
    return kinds


def _models(texts: Sequence[str], order: Int64s, kind: Int8s) -> tuple[tuple[str, ...], Int64s]:
    """Return the names of the models that calls name, and which each step calls."""
    called = [texts[row] if call else "" for row, call in zip(order, kind == StepKind.LLM, strict=True)]
    models = tuple(sorted(set(called) - {""}))
    place = {model: index for index, model in enumerate(models)}
    return models, np.array([place.get(text, NEVER) for text in called], np.int64)

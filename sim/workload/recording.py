"""Recorded sessions: turns, steps and think times as they were, read from a file.

The file is a CSV with one row for each step. ``session``, ``turn`` and ``step`` say where a row belongs; turns and
steps are numbered from 0 without gaps. ``gap_s`` is the pause before the turn, in its first row. ``kind`` is ``llm``,
``tool`` or ``wait``; ``cpu_s`` and ``wait_s`` are how long the step was on the CPU and waiting. ``tokens_in`` (of
which ``tokens_cached`` were in the provider's cache), ``tokens_out`` and ``model`` are those of an ``llm`` step. The
columns in `sim.scenario.recordings.SESSION_COLUMNS` must be there. In ``gap_s``, and in those that may be absent, an
empty field counts as 0 or no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from pathlib import Path

import numpy as np

from sim.documents import Table, read_table
from sim.engine.contract import NEVER, Int8s, Int64s
from sim.scenario import recordings
from sim.units import SECOND


class StepKind(IntEnum):
    """Kind of a step, as ``Demand.step_kind`` has it."""

    LLM = 0
    TOOL = 1
    WAIT = 2
    GPU = 3


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


def read(path: Path) -> Recording:
    """Read a recording.

    Parameters
    ----------
    path : Path
        CSV file, gzipped when its name ends in ``.gz``, or parquet.

    Raises
    ------
    InputError, AdvisedError
        When it cannot be read as such a recording; see `sim.scenario.recordings.sessions`.
    """
    return _read(read_table(path, str(path)))


@lru_cache(maxsize=4)
def _read(table: Table) -> Recording:
    found = recordings.sessions(table)
    names, session = np.unique(np.array(table.texts("session")), return_inverse=True)
    turn, step = (np.array(found.numbers(column), np.int64) for column in ("turn", "step"))
    order = np.lexsort((step, turn, session))
    turn, step = turn[order], step[order]
    number = {kind.name.lower(): int(kind) for kind in StepKind}
    kind = np.array([number[text] for text in table.texts("kind")], np.int8)[order]
    models, model = _models(table.texts("model"), order, kind)
    turns = np.flatnonzero(step == 0)
    opens = turn[turns] == 0

    def times(column: str) -> Int64s:
        return np.asarray(np.rint(np.array(found.numbers(column)) * SECOND)[order], np.int64)

    def tokens(column: str) -> Int64s:
        return np.asarray(np.array(found.numbers(column))[order], np.int64)

    return Recording(
        names=tuple(names.tolist()),
        models=models,
        turn_first=np.append(np.flatnonzero(opens), len(turns)).astype(np.int64),
        gap=np.where(opens, 0, times("gap_s")[turns]),
        step_first=np.append(turns, len(step)).astype(np.int64),
        kind=kind,
        cpu=times("cpu_s"),
        wait=times("wait_s"),
        tokens_in=tokens("tokens_in"),
        tokens_cached=tokens("tokens_cached"),
        tokens_out=tokens("tokens_out"),
        model=model,
    )


def _models(texts: Sequence[str], order: Int64s, kind: Int8s) -> tuple[tuple[str, ...], Int64s]:
    """Return the names of the models that calls name, and which each step calls."""
    called = [texts[row] if call else "" for row, call in zip(order, kind == StepKind.LLM, strict=True)]
    models = tuple(sorted(set(called) - {""}))
    place = {model: index for index, model in enumerate(models)}
    return models, np.array([place.get(text, NEVER) for text in called], np.int64)

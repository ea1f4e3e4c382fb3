"""Recordings that a scenario names: whether their rows say what they should, all that is wrong told at once.

What is found right is given back as numbers, so that every rule about rows is here and nowhere else. numpy is not
needed for that, and would take longer to import than most recordings take to check.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import compress, pairwise
from operator import gt, not_
from pathlib import Path

from sim.documents import Fault, Table, read_table, why_no_number
from sim.errors import AdvisedError, InputError, choose, quoted, quoted_file
from sim.scenario import recorded
from sim.scenario.arrivals import Rates, Requests, Shape
from sim.scenario.market import Trace
from sim.scenario.recorded import Column
from sim.units import SECOND, WEEK, show_duration

LARGEST = 10**9
"""Numbers of a file are at most this: seconds, tokens or turns beyond a billion are beyond any use."""

KINDS = ("llm", "tool", "wait")
"""Kinds of steps in recorded sessions."""

SESSION_COLUMNS = ("session", "turn", "step", "gap_s", "kind", "wait_s")
"""Columns that a file of recorded sessions must have."""

_MOST = 2**50
"""Microseconds (36 years) or bytes that a row may say."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A table whose rows have been found right.

    Attributes
    ----------
    table : Table
    """

    table: Table

    def numbers(self, column: str) -> list[float]:
        """Return a column of numbers; zeros where a field is empty, or the table has no such column."""
        return [float(text) if text and not text.isspace() else 0.0 for text in self.table.texts(column)]


def table(directory: Path, file: str) -> Table:
    """Read a table that a scenario names; see `sim.documents.tables.read`."""
    return read_table(directory / file, str(directory / file))


def sessions(found: Table) -> Recording:
    """Check recorded sessions; `sim.workload.recording` says what their columns mean.

    Parameters
    ----------
    found : Table

    Returns
    -------
    Recording

    Raises
    ------
    AdvisedError
        The table as a whole cannot be used.
    InputError
        All rows that are wrong.
    """
    rows = _Rows(found, SESSION_COLUMNS)
    number, tokens = _Numbers(whole=True), _Numbers(whole=True, optional=True)
    rows.check({"session": _Names(), "turn": number, "step": number, "kind": _Names(KINDS),
                "gap_s": _Numbers(optional=True), "cpu_s": _Numbers(optional=True), "wait_s": _Numbers(),
                "tokens_in": tokens, "tokens_cached": tokens, "tokens_out": tokens})
    rows.check_tokens()
    if not rows.faults:  # a row that cannot be read would be missed in the numbers of others
        rows.check_numbering()
    return rows.found()


def shape(found: Table, asked: Shape) -> Recording:
    """Check a series of a week; see `sessions`."""
    rows = _Rows(found, (asked.time, asked.rate))
    rows.check({asked.time: _Numbers((WEEK - 1) / SECOND, "count seconds from Monday 00:00, below 604,800"),
                asked.rate: _Numbers()})
    rows.check_load(asked.rate)
    rows.check_order(asked.time, [list(enumerate(rows.times(asked.time)))], strictly=True)
    return rows.found()


def rates(found: Table, asked: Rates) -> Recording:
    """Check recorded rates; see `sessions`."""
    rows = _Rows(found, [one for one in (asked.time, asked.rate, asked.agent, asked.cv) if one is not None])
    rules: dict[str | None, _Rule] = {asked.time: _until(asked.period), asked.rate: _Numbers(), asked.cv: _Numbers(),
                                      asked.agent: _Names()}
    rows.check({column: rule for column, rule in rules.items() if column is not None})
    rows.check_load(asked.rate)
    series: dict[str, list[tuple[int, float]]] = {}
    for row, (who, at) in enumerate(zip(rows.table.texts(asked.agent or ""), rows.times(asked.time), strict=True)):
        series.setdefault(who, []).append((row, at))
    rows.check_order(asked.time, series.values(), strictly=True)
    return rows.found()


def trace(found: Table, asked: Trace) -> Recording:
    """Check recorded capacity; see `sessions`."""
    rows = _Rows(found, [one for one in (asked.time, asked.available, asked.zone, asked.price) if one is not None])
    rules: dict[str | None, _Rule] = {
        asked.time: _Numbers(), asked.available: _Numbers(1, "write 1 where an instance could be had, else 0", True),
        asked.zone: _Names(), asked.price: _Numbers(1_000_000)}
    rows.check({column: rule for column, rule in rules.items() if column is not None})
    series: dict[str, list[tuple[int, float]]] = {}
    for row, (zone, at) in enumerate(zip(rows.table.texts(asked.zone or ""), rows.times(asked.time), strict=True)):
        series.setdefault(zone, []).append((row, at))
    rows.check_order(asked.time, series.values(), strictly=True)
    made = rows.found()
    times = made.numbers(asked.time)
    for one in series.values():
        if times[one[0][0]] > 0 or len(one) < 2:
            raise AdvisedError(f"{quoted_file(found.name)} does not say what holds from 0 to its end"
                               + (f" in {quoted(found.texts(asked.zone)[one[0][0]])}" if asked.zone else ""),
                               "begin it with a row at 0, and end it with a row of its last moment")
    return made


def requests(found: Table, asked: Requests) -> list[int]:
    """Check recorded requests; see `sessions`. Returned are the microseconds at which they came."""
    rows = _Rows(found, [one for one in (asked.time, asked.agent) if one is not None])
    texts, unit = found.texts(asked.time), recorded.time_unit(asked.unit)
    if asked.agent is not None:
        rows.check({asked.agent: _Names()})
    if not texts or _stamp(texts[0]) is None:
        rows.check({asked.time: _Numbers(LARGEST * SECOND / unit)})
        times = rows.times(asked.time, unit)
    else:
        times = rows.stamps(asked.time)
    rows.check_order(asked.time, [list(enumerate(times))], strictly=False)
    rows.found()
    at = list(map(int, times))
    _require_part(found.name, asked, at)
    return at


def columns(found: Table, asked: Sequence[Column]) -> Recording:
    """Check columns of recorded rows; see `sessions`."""
    rows = _Rows(found, [one.column for one in asked])
    for one in dict.fromkeys(asked):  # a column may be asked for twice, in different units
        rows.check({one.column: _Numbers(_MOST / one.scale) if one.unit else _Numbers(whole=True)})
    return rows.found()


def require_agents(found: Table, column: str, agents: int, *, exactly: bool) -> None:
    """Refuse a recording of more agents than the workload has; of another number, where it must be theirs exactly.

    Raises
    ------
    AdvisedError
    """
    there = len({*found.texts(column)})
    if there > agents or (exactly and there != agents):
        raise AdvisedError(f"{quoted_file(found.name)} has {there:,} agents in {quoted(column)}, and the workload "
                           f"has {agents:,}",
                           f"write `agents: {there}`" + ("" if exactly else " or more"))


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Numbers from 0 to a bound; what to do about larger ones. Optional: the column may be absent, a field empty."""

    most: float = LARGEST
    fix: str = ""
    whole: bool = False
    optional: bool = False

    @property
    def pattern(self) -> str:
        """Texts that are such numbers; not all of them."""
        digits = len(f"{self.most:.0f}") - 1  # with so many it is below the bound
        number = (rf"\d{{1,{digits}}}+" if digits else "(?!)") + ("" if self.whole else r"(?:\.\d*+)?+")
        return f"(?:{number})?+" if self.optional else number

    def faults(self, column: str, texts: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Say what is wrong with texts, and what to write."""
        return {text: why_no_number(column, text, self.most, self.fix)
                for text in texts if math.isnan(self.number(text))}  # fmt: skip

    def number(self, text: str) -> float:
        """Read a number; NaN for what is none, or is not so."""
        try:
            number = float(text)
        except ValueError:
            number = 0.0 if self.optional and not text.strip() else math.nan
        return number if 0 <= number <= self.most and not (self.whole and number % 1) else math.nan


@dataclass(frozen=True, slots=True)
class _Names:
    """Names, of any or of those that are known."""

    known: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """Texts that are such names."""
        return f"(?:{'|'.join(map(re.escape, self.known))})" if self.known else r"[^,\r\n]++"

    def faults(self, column: str, texts: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Say what is wrong with texts, and what to write."""
        if self.known:
            return {text: (f"`{column}` is {quoted(text)}" if text else f"there is no `{column}`",
                           choose(text, self.known)) for text in texts if text not in self.known}  # fmt: skip
        return {text: (f"there is no `{column}`", "write a name") for text in texts if not text}


_Rule = _Numbers | _Names


class _Rows:
    """Looks through the rows of a table, and collects what is wrong with them."""

    def __init__(self, table: Table, required: Iterable[str]) -> None:
        for column in required:
            if column not in table.columns:
                raise AdvisedError(f"{quoted_file(table.name)} has no column {quoted(column)}",
                                   choose(column, table.columns))
        self.table = table
        self.faults: list[Fault] = list(table.ragged)
        self._rules: dict[str, _Rule] = {}
        self._sound: set[str] = set()

    def found(self) -> Recording:
        """Return the table, if nothing is wrong with it."""
        if self.faults:
            raise InputError(self.table.problems(self.faults))
        return Recording(self.table)

    def times(self, column: str, unit: int = SECOND) -> list[float]:
        """Return a column of times that has been checked, in whole microseconds; NaN for what is none."""
        return [math.nan if math.isnan(value) else round(value * unit) for value in self.values(column)]

    def check(self, rules: Mapping[str, _Rule]) -> None:
        """Check columns that may be absent.

        Nearly all files are right. One pattern for all of a plain text tells so in a fifth of the time that it takes
        to read its numbers; what the pattern does not know may still be right.
        """
        rules = {column: rule for column, rule in rules.items() if column in self.table.columns}
        sound = self._matches(rules)
        self._sound = self._sound | rules.keys() if sound else self._sound - rules.keys()
        for column, rule in rules.items():
            self._rules[column] = rule
            self._tell(column, {} if sound else rule.faults(column, set(self.table.columns[column])))

    def _matches(self, rules: Mapping[str, _Rule]) -> bool:
        """Say whether all of a plain text is as it should be."""
        text = self.table.text
        if not self.table.plain or text is None:
            return False
        fields = [rules[column].pattern if column in rules else r"[^,\r\n]*+" for column in self.table.header]
        row = ",".join(fields) + r"(?:\r?\n|\Z)"
        return re.compile(f"(?:{row})*+").fullmatch(text, text.index("\n") + 1) is not None

    def values(self, column: str) -> list[float]:
        """Return the numbers of a column that has been checked; NaN for what is none, 0 where there is no column."""
        rule, texts = self._rules.get(column), self.table.texts(column)
        if not isinstance(rule, _Numbers):
            return [0.0] * len(texts)
        # The pattern of sound columns knows plain numbers and, where it may be so, nothing.
        number = _plain if column in self._sound else rule.number
        return list(map({text: number(text) for text in set(texts)}.__getitem__, texts))

    def check_load(self, column: str) -> None:
        """Check that one of the rates is above 0."""
        if not self.faults and not any(self.values(column)):
            raise AdvisedError(f"{quoted_file(self.table.name)} has no `{column}` above 0",
                               "a series needs a time with some load")

    def stamps(self, column: str) -> list[float]:
        """Return a column of dates and times, in microseconds from the first."""
        texts = self.table.columns[column]
        meant = {text: _stamp(text) for text in set(texts)}
        self._tell(column, {text: (f"`{column}` is {quoted(text)}, which is no date and time",
                                   f"write it as in the first row, {quoted(texts[0])}")
                            for text, time in meant.items() if time is None})
        first = meant[texts[0]] or 0
        return [math.nan if time is None else time - first for time in map(meant.__getitem__, texts)]

    def check_order(self, column: str, series: Iterable[Sequence[tuple[int, float]]], *, strictly: bool) -> None:
        """Check that times rise, or at least do not fall, from row to row of each series."""
        texts, word = self.table.columns[column], "line" if self.table.text is not None else "row"
        for one in series:
            for (before, earlier), (row, later) in pairwise(one):
                if later < earlier or (strictly and later == earlier):
                    how = "as" if later == earlier else "which is before the"
                    self.faults.append(self.table.fault(
                        row, column, f"`{column}` is {quoted(texts[row])}, {how} {quoted(texts[before])} in {word} "
                        f"{self.table.last[before]}", f"sort the rows by `{column}`" + (", each time once" * strictly)))

    def check_numbering(self) -> None:
        """Check that the turns of a session and the steps of a turn are numbered from 0 without gaps."""
        columns = self.table.columns["session"], self.values("turn"), self.values("step")
        if _is_numbered(*columns):
            return
        rows = list(zip(*columns, strict=True))
        order = sorted(range(len(rows)), key=rows.__getitem__)
        before: tuple[str, float, float] | None = None
        for row in order:
            session, turn, step = rows[row]
            due = [(0.0, 0.0)]
            if before is not None and before[0] == session:
                due = [(before[1], before[2] + 1), (before[1] + 1, 0.0)]
            if (turn, step) not in due:
                of = " or ".join(f"turn {one:.0f}, step {other:.0f}" for one, other in due)
                self.faults.append(self.table.fault(
                    row, "turn" if turn not in [one for one, _ in due] else "step",
                    f"this is turn {turn:.0f}, step {step:.0f} of session {quoted(session)}, where {of} is due",
                    "number the turns of a session and the steps of a turn 0, 1, 2 and so on, each once"))
            before = session, turn, step

    def check_tokens(self) -> None:
        """Check that no more tokens were cached than asked, and that tokens have a model to be priced by."""
        every, made = range(len(self.table)), self.table.texts("tokens_out")
        asked, cached = self.values("tokens_in"), self.values("tokens_cached")
        for row in compress(every, map(gt, cached, asked)):
            self.faults.append(self.table.fault(
                row, "tokens_cached", f"{cached[row]:,.0f} tokens were cached of {asked[row]:,.0f} in the prompt",
                "`tokens_cached` counts those of `tokens_in` that were in the cache"))
        for row in compress(every, map(not_, self.table.texts("model"))):
            if asked[row] > 0 or made[row].strip("0. "):
                column = next(one for one in ("model", "tokens_in", "tokens_out") if one in self.table.columns)
                self.faults.append(self.table.fault(
                    row, column, "there are tokens and no model", "name the `model`, so that its tokens have a price"))

    def _tell(self, column: str, wrong: Mapping[str, tuple[str, str]]) -> None:
        """Note what is wrong with some texts of a column, in each row that has them."""
        if wrong:
            self.faults += [self.table.fault(row, column, *wrong[text])
                            for row, text in enumerate(self.table.columns[column]) if text in wrong]


def _plain(text: str) -> float:
    return float(text) if text else 0.0


def _stamp(text: str) -> int | None:
    """Read date and time, in microseconds of the calendar; None for what is none, such as a number."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if text.strip().isdigit():  # 20261101 would be a date
        return None
    since = time.replace(tzinfo=None) - datetime(1970, 1, 1) - (time.utcoffset() or timedelta(0))
    return since // timedelta(microseconds=1)


def _until(period: int | None) -> _Numbers:
    """Return what times of a series may be that begins again after a period."""
    if period is None:
        return _Numbers()
    fix = f"write a `period` that is longer than {show_duration(period)}, or leave it out"
    return _Numbers((period - 1) / SECOND, fix)


def _require_part(name: str, asked: Requests, at: Sequence[int]) -> None:
    """Refuse a part of a recording that has no requests, or is shorter than one of the blocks it is cut into."""
    end = at[-1] + 1 if asked.end is None else asked.end
    if not any(asked.begin <= one < end for one in at):
        raise AdvisedError(f"{quoted_file(name)} has no request in the part that is asked for",
                           f"its last comes after {show_duration(at[-1])}: change `begin` or `end`")
    if asked.blocks is not None and end - asked.begin < asked.blocks:
        raise AdvisedError(f"{quoted_file(name)} lasts {show_duration(end - asked.begin)}, which is less than a block",
                           "write shorter `blocks`")


def _is_numbered(sessions: Sequence[str], turns: Sequence[float], steps: Sequence[float]) -> bool:
    """Say whether rows are in order and rightly numbered, as in nearly all recordings."""
    seen = set()
    last, turn, step = None, 0.0, 0.0
    for session, one, other in zip(sessions, turns, steps, strict=True):
        if session != last:
            if one or other or session in seen:
                return False
            seen.add(session)
            last, turn = session, one
        elif one != turn or other != step + 1:
            if one != turn + 1 or other:
                return False
            turn = one
        step = other
    return True

"""What requests do on their instances, as far as it is kept, repeated or lost."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Protocol

from sim.engine.contract import NEVER, Checkpoints, Demand, Parting, Recovery, Resume
from sim.engine.contract.checkpoints import attained, time_of, time_until

_LEFT, _INTERRUPTED, _SAVED, _RETURNED, _FREED = (int(parting) for parting in Parting)

Repeat = tuple[int, int, int, int, int, int, int]
"""A row of `sim.engine.contract.Repeats`."""


class Stays(Protocol):
    """Progress of all requests.

    Attributes
    ----------
    step_ended, spent : list of int
        As in the outcome.
    repeats : list of Repeat
    """

    step_ended: list[int]
    spent: list[int]
    repeats: list[Repeat]

    def length(self, row: int) -> int:
        """Give how long a visit that begins now would be on an instance of nominal speed that is not taken."""

    def begin(self, row: int, now: int) -> None:
        """Begin a visit."""

    def end(self, row: int, now: int, parting: int, asked: int, stop: bool) -> int:
        """Take note that a visit is over.

        Parameters
        ----------
        row, now, parting : int
        asked : int
            Microseconds of CPU time that the request has asked for and not had.
        stop : bool
            Whether it is over because the run is.

        Returns
        -------
        int
            Microseconds of it that were no work on steps.
        """


def _before(demand: Demand) -> list[int]:
    """Return the work before each step, and in the end all of it, as if all requests were done one after the other."""
    lengths: list[int] = (demand.step_cpu + demand.step_wait).tolist()
    return list(accumulate(lengths, initial=0))


class SteppedStays:
    """Progress where it is counted in steps.

    Attributes
    ----------
    cpu, wait : list of int
        Microseconds of each step.
    """

    def __init__(self, demand: Demand, recovery: Recovery) -> None:
        n, m = demand.n, len(demand.step_cpu)
        self.cpu: list[int] = demand.step_cpu.tolist()
        self.wait: list[int] = demand.step_wait.tolist()
        self.step_ended, self.spent = [NEVER] * m, [0] * n
        self.repeats: list[Repeat] = []
        self._first: list[int] = demand.step_first.tolist()
        self._before = _before(demand)
        self._frees: list[bool] = demand.frees.tolist() if recovery.frees else []
        self._recovery = recovery
        self._step: list[int] = self._first[:-1]
        self._began = [NEVER] * m
        self._waits_from = [NEVER] * n
        self._replayed = [0] * n
        self._in_step = [False] * n

    def frees(self, step: int) -> bool:
        """Tell whether the waiting of a step needs no instance."""
        return bool(self._frees) and self._frees[step]

    def step(self, row: int) -> int:
        """Give the step that a request is in, or comes to."""
        return self._step[row]

    def steps(self, row: int) -> range:
        """Give the steps of a request that have not ended."""
        return range(self._step[row], self._first[row + 1])

    def replay(self, row: int) -> int:
        """Give the CPU time that a visit begins with."""
        return self._recovery.replay * (self._step[row] - self._first[row])

    def length(self, row: int) -> int:
        """Give how long a visit would be."""
        return self.replay(row) + self._before[self._first[row + 1]] - self._before[self._step[row]]

    def begin(self, row: int, now: int) -> None:
        """Begin a visit."""
        self._replayed[row] = 0
        self._in_step[row] = False

    def begin_replay(self, row: int) -> int:
        """Begin the CPU time that a visit begins with, and give it."""
        self._replayed[row] = self.replay(row)
        return self._replayed[row]

    def begin_step(self, row: int, now: int) -> None:
        """Begin a step."""
        self._in_step[row] = True
        self._began[self._step[row]] = now
        self._waits_from[row] = NEVER

    def begin_wait(self, row: int, now: int) -> None:
        """Begin the waiting of a step; its CPU time is done."""
        self._waits_from[row] = now
        self.spent[row] = self.cpu[self._step[row]]

    def end_step(self, row: int, now: int) -> None:
        """End a step."""
        self.step_ended[self._step[row]] = now
        self.spent[row] = 0
        self._in_step[row] = False
        self._step[row] += 1

    def end(self, row: int, now: int, parting: int, asked: int, stop: bool) -> int:
        """Take note that a visit is over."""
        if self._in_step[row]:
            self.spent[row] = self.cpu[self._step[row]] - asked
        if parting == _INTERRUPTED:
            self._lose(row, now)
        return self._replayed[row] - (0 if self._in_step[row] else asked)

    def _lose(self, row: int, now: int) -> None:
        """List what has to be done again."""
        step = self._step[row]
        if self._in_step[row]:
            waited = now - self._waits_from[row] if self._waits_from[row] >= 0 else 0
            if self.spent[row] + waited:
                self.repeats.append((step, self._began[step], now, 0, self.spent[row], waited, 0))
            self.spent[row] = 0
        if self._recovery.resume is Resume.RESTART:
            for done in range(self._first[row], step):
                ended = self.step_ended[done]
                self.repeats.append((done, self._began[done], ended, 1, self.cpu[done], self.wait[done], 0))
                self.step_ended[done] = NEVER
            self._step[row] = self._first[row]


class CheckpointedStays:
    """Progress where it is counted in work that a checkpoint has kept."""

    def __init__(self, demand: Demand, rule: Checkpoints) -> None:
        n = demand.n
        self.step_ended, self.spent = [NEVER] * len(demand.step_cpu), [0] * n
        self.repeats: list[Repeat] = []
        self._rule = rule
        self._first: list[int] = demand.step_first.tolist()
        self._cpu: list[int] = demand.step_cpu.tolist()
        self._before = _before(demand)
        self._place: list[int] = [self._before[first] for first in self._first[:-1]]
        self._from, self._stopped, self._planned = [NEVER] * n, [NEVER] * n, [NEVER] * n

    def _left(self, row: int) -> int:
        return self._before[self._first[row + 1]] - self._place[row]

    def _resumed(self, row: int) -> bool:
        return self._place[row] > self._before[self._first[row]]

    def length(self, row: int) -> int:
        """Give how long a visit would be."""
        return time_of(self._rule, self._left(row), self._resumed(row))

    def writes(self, row: int, now: int) -> tuple[int, int]:
        """Give when the first piece of work of a visit that begins now begins, and how many writes there would be."""
        return now + time_until(self._rule, 0, self._resumed(row)), (self._left(row) - 1) // self._rule.every

    def begin(self, row: int, now: int) -> None:
        """Begin a visit."""
        self._from[row], self._stopped[row] = now, NEVER

    def plan(self, row: int, time: int) -> None:
        """Set when a visit is over, if nothing happens."""
        self._planned[row] = time

    def planned(self, row: int) -> int:
        """Give when a visit is over, if nothing happens."""
        return self._planned[row]

    def save(self, row: int, now: int) -> None:
        """Stop working, to write all that is done."""
        self._stopped[row] = now

    def saves(self, row: int) -> bool:
        """Tell whether a request has stopped working to write all that is done."""
        return self._stopped[row] >= 0

    def end(self, row: int, now: int, parting: int, asked: int, stop: bool) -> int:
        """Take note that a visit is over."""
        until = now if self._stopped[row] < 0 else self._stopped[row]
        done, kept = attained(self._rule, until - self._from[row], self._left(row), self._resumed(row))
        if parting != _INTERRUPTED:
            kept = done
        place = self._place[row]
        step = bisect_right(self._before, place, self._first[row], self._first[row + 1] + 1) - 1
        while done and step < self._first[row + 1] and self._before[step] < place + done:
            self._tell(row, step, done, kept, now, stop, parting)
            step += 1
        self.spent[row] = 0
        if parting == _LEFT and done:
            self._tell_spent(row, place + done, step)
        self._place[row] += kept
        return now - self._from[row] - done

    def _time(self, row: int, work: int) -> int:
        """Give when the visit has done so much work."""
        return self._from[row] + time_of(self._rule, work, self._resumed(row))

    def _tell(self, row: int, step: int, done: int, kept: int, now: int, stop: bool, parting: int) -> None:
        """Say what was done on a step in a visit that is over."""
        place = self._place[row]
        begin, end = max(self._before[step], place) - place, min(self._before[step + 1] - place, done)
        over = end == self._before[step + 1] - place
        left = self._time(row, end) if over else now
        if over and end <= kept:
            if not (stop and left >= now):
                self.step_ended[step] = left
        elif parting != _LEFT:
            began = self._from[row] + time_until(self._rule, begin, self._resumed(row))
            cpu = max(0, min(end, self._before[step] + self._cpu[step] - place) - begin)
            self.repeats.append((step, began, left, int(over), cpu, end - begin - cpu, max(0, min(end, kept) - begin)))

    def _tell_spent(self, row: int, place: int, step: int) -> None:
        """Say what was done on the step that a request is in as it leaves, or as the run stops."""
        first, last = self._first[row], self._first[row + 1]
        while step > first and self.step_ended[step - 1] < 0 and self._before[step - 1] < place:
            step -= 1
        if step < last and self.step_ended[step] < 0:
            self.spent[row] = min(self._cpu[step], place - self._before[step])

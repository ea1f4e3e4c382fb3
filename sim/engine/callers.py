"""Callers: what they make of an attempt that is over, as `sim.engine.contract.callers` says."""

from __future__ import annotations

from collections import deque

import numpy as np

from sim.engine.contract import CORE, NEVER, Breaker, Cause, Demand


class Callers:
    """All callers of a run.

    Parameters
    ----------
    demand : Demand
        With callers.

    Attributes
    ----------
    cancels : bool
    timeout : list of int
        By row.
    first : list of int
        Row of the first attempt of each row's request.
    """

    def __init__(self, demand: Demand) -> None:
        said = demand.callers
        assert said is not None  # the model asks for callers only where there are some
        self.cancels = said.cancels
        self.timeout: list[int] = said.timeout.tolist() or [NEVER] * demand.n
        self.first: list[int] = said.first.tolist()
        self._retried = said.retried.tolist()
        self._agent = demand.agent.tolist()
        self._next = [NEVER] * demand.n
        for row in np.flatnonzero(said.retry_of >= 0).tolist():
            self._next[int(said.retry_of[row])] = row
        self._budget = said.budget
        self._tokens: dict[int, int] = {}
        self._breaker = said.breaker
        self._circuits: dict[int, Circuit] = {}

    def lets(self, row: int, now: int) -> bool:
        """Tell whether an attempt that arrives is made."""
        return self._breaker is None or self._circuit(row, self._breaker).lets(row, now)

    def again(self, row: int, cause: int, now: int) -> int:
        """Take note that an attempt is over for its caller.

        Parameters
        ----------
        row : int
        cause : int
            0 if it completed, below 0 if it lost patience.
        now : int

        Returns
        -------
        int
            The row of the attempt that comes next, or NEVER.
        """
        if self._breaker is not None and cause != Cause.BREAKER:
            self._circuit(row, self._breaker).note(row, cause == 0, now)
        rule = self._budget
        whose = self._agent[row] if rule is not None and rule.own else 0
        if cause == 0 and rule is not None:
            self._tokens[whose] = min(rule.most, self._tokens.get(whose, rule.most) + rule.gain)
        if cause <= 0 or not self._retried[cause] or self._next[row] < 0:
            return NEVER
        if rule is not None:
            tokens = self._tokens.get(whose, rule.most)
            if tokens < CORE:
                return NEVER
            self._tokens[whose] = tokens - CORE
        return self._next[row]

    def _circuit(self, row: int, rule: Breaker) -> Circuit:
        whose = self._agent[row] if rule.own else 0
        circuit = self._circuits.get(whose)
        if circuit is None:
            self._circuits[whose] = circuit = Circuit(rule)
        return circuit


class Circuit:
    """One circuit breaker.

    Parameters
    ----------
    rule : Breaker
    """

    def __init__(self, rule: Breaker) -> None:
        self._rule = rule
        self._results: deque[bool] = deque()
        self._bad = 0
        self._opened = NEVER
        self._probe = NEVER

    def lets(self, row: int, now: int) -> bool:
        """Tell whether an attempt that arrives is let in."""
        if self._opened < 0:
            return True
        if self._probe >= 0 or now < self._opened + self._rule.rest:
            return False
        self._probe = row
        return True

    def forget(self, row: int) -> None:
        """Take note that an attempt has no result."""
        if row == self._probe:
            self._probe = NEVER

    def note(self, row: int, good: bool, now: int) -> None:
        """Take note of the result of an attempt."""
        if self._opened >= 0:
            if row == self._probe:
                self._probe = NEVER
                self._opened = NEVER if good else now
            return
        rule, results = self._rule, self._results
        results.append(good)
        self._bad += not good
        if len(results) > rule.calls:
            self._bad -= not results.popleft()
        if len(results) == rule.calls and self._bad * CORE >= rule.share * rule.calls:
            self._opened = now
            self._bad = 0
            results.clear()

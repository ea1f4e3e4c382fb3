"""Attempts, as the contract of callers tells of them: lists that are read from the start each time."""

from __future__ import annotations

from sim.engine.contract import NEVER, Callers, Cause, Fate

from .things import MILLION, Request
from .world import World


class Calling(World):
    """Callers of the contract."""

    def chain(self, request: Request) -> list[Request]:
        """All attempts at the request that this one is for, first to last."""
        callers = self.demand.callers
        assert callers is not None
        first = request.row
        while callers.retry_of[first] != NEVER:
            first = int(callers.retry_of[first])
        found = [first]
        while found[-1] + 1 < self.demand.n and callers.retry_of[found[-1] + 1] == found[-1]:
            found.append(found[-1] + 1)
        return [self.requests[row] for row in found]

    def timeout(self, request: Request) -> int:
        callers = self.demand.callers
        if callers is None or not len(callers.timeout) or request.left != NEVER:
            return NEVER
        return int(callers.timeout[request.row])

    def group(self, request: Request, own: bool) -> int:
        return request.agent if own else NEVER

    def refused(self, request: Request) -> bool:
        """Say whether the breaker keeps an attempt away that arrives."""
        callers = self.demand.callers
        if callers is None or callers.breaker is None:
            return False
        opened, probe = self.circuits.get(self.group(request, callers.breaker.own), (NEVER, None))
        if opened == NEVER:
            return False
        if probe is not None or self.now < opened + callers.breaker.rest:
            return True
        self.circuits[self.group(request, callers.breaker.own)] = (opened, request)
        return False

    def over(self, request: Request, cause: Cause) -> Request | None:
        """Say that an attempt is over for its caller. The first attempt, if that is the end of the request."""
        callers = self.demand.callers
        if callers is None:
            return request
        good = cause == Cause.NONE and request.fate != Fate.ABANDONED
        self.note(request, callers, cause, good)
        chain = self.chain(request)
        place = chain.index(request)
        if callers.budget is not None:
            self.tokens.setdefault(self.group(request, callers.budget.own), callers.budget.most)
        if good and callers.budget is not None:
            group = self.group(request, callers.budget.own)
            self.tokens[group] = min(callers.budget.most, self.tokens[group] + callers.budget.gain)
        if good or request.fate == Fate.ABANDONED or not callers.retried[cause] or place + 1 == len(chain):
            return chain[0]
        if callers.budget is not None:
            group = self.group(request, callers.budget.own)
            if self.tokens[group] < MILLION:
                return chain[0]
            self.tokens[group] -= MILLION
        retry = chain[place + 1]
        retry.due = retry.arrival = self.now + int(self.demand.at[retry.row])
        return None

    def note(self, request: Request, callers: Callers, cause: Cause, good: bool) -> None:
        """Let the breaker take note."""
        rule = callers.breaker
        if rule is None or cause == Cause.BREAKER:
            return
        group = self.group(request, rule.own)
        opened, probe = self.circuits.get(group, (NEVER, None))
        if opened != NEVER:
            if probe is request:
                self.circuits[group] = (NEVER if good else self.now, None)
            return
        results = self.results.setdefault(group, [])
        results.append(good)
        last = results[-rule.calls :]
        if len(last) == rule.calls and last.count(False) * MILLION >= rule.share * rule.calls:
            self.circuits[group] = (self.now, None)
            results.clear()

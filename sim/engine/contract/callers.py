"""Callers that give up and try again.

Where `Demand.callers` says something, a row is an *attempt*, and a request is a chain of them: ``retry_of`` of its
first attempt is NEVER, that of every other is the attempt before. The attempts of a request are rows that follow each
other.

A retry arrives ``at`` after the attempt before it was over for its caller (RETRY, row), if its caller then made up its
mind to try again; `Outcome.due` says when that is. Otherwise it never does (`Fate.ABSENT`). The horizon keeps no retry
away: the request is there already.

An attempt that is still in the system ``timeout`` after it arrived is given up (TIMEOUT, row; patience that ends then
comes first). `Outcome.left` says when. With ``cancels`` it leaves: its instance as if it had come to a limit of
duration, wherever else it waits as if it had lost patience; it has failed (`Cause.TIMEOUT`). That cannot be with a
`Recovery`: what is to survive its instance survives its caller too. Without, it goes on where it is, and nobody waits
for it: it has no more patience, holds its place, is worked on, holds back later requests of its agent where they are
served one at a time, and ends as it would have. Of what becomes of it its caller takes no note.

An attempt is over for its caller when it is given up, or when it leaves. Then, once the event is done, and in the order
of departures, before its turn passes:

1. The breaker takes note (below). If the attempt completed, the budget gains ``gain``, up to ``most``.
2. If it failed for a cause that is ``retried`` (to be given up is `Cause.TIMEOUT`), has a further attempt, and the
   budget has a whole token (`CORE`), that is spent, and the further attempt will arrive.
3. Otherwise the request is over. Rows whose ``after`` is its first attempt have their arrivals fixed, if before the
   horizon. (An attempt that lost patience is never tried again.)

A *budget* is full at 0. A *breaker* is closed at 0, and keeps the last ``calls`` results, of attempts that were over
for their callers while it was closed: good if completed, else bad. When there are so many of them, and ``share``
millionths or more are bad, it opens and forgets them. While it is open, an attempt that arrives fails at once and is
never admitted (`Cause.BREAKER`), of which the breaker takes no note; but when ``rest`` has passed since it opened, the
next attempt to arrive is let in, as its probe. While a probe is on its way, others fail as before. When it is over for
its caller, the breaker closes if it completed, and otherwise opens anew. Other attempts that are over meanwhile count
for nothing. ``own`` says that every agent has a budget or a breaker of its own; else there is one for all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sim.engine.contract.words import NEVER, Bools, Int64s, none


@dataclass(frozen=True, slots=True)
class Budget:
    """How many retries there may be, by how much succeeds.

    Attributes
    ----------
    most : int
        Tokens at the start and at most, in units of 1 / `CORE`.
    gain : int
        What an attempt that completes brings, in the same unit.
    own : bool
    """

    most: int
    gain: int
    own: bool


@dataclass(frozen=True, slots=True)
class Breaker:
    """When attempts are not even made.

    Attributes
    ----------
    calls : int
        Results that are looked at, 1 at least.
    share : int
        Millionths of them, 1 at least.
    rest : int
        Microseconds.
    own : bool
    """

    calls: int
    share: int
    rest: int
    own: bool


@dataclass(frozen=True, slots=True)
class Callers:
    """How callers give up and try again.

    Attributes
    ----------
    retry_of : int64[n]
        Row of the attempt before, or NEVER.
    retried : bool[causes]
        By `Cause`: whether an attempt that failed for it is tried again.
    cancels : bool
        Whether an attempt that is given up leaves.
    timeout : int64[n] or int64[0]
        Microseconds after its arrival at which the caller gives up on an attempt, or NEVER; empty for NEVER.
    budget : Budget or None
    breaker : Breaker or None
    """

    retry_of: Int64s
    retried: Bools
    cancels: bool
    timeout: Int64s = field(default_factory=none)
    budget: Budget | None = None
    breaker: Breaker | None = None

    @property
    def first(self) -> Int64s:
        """The row of the first attempt of the request of each row."""
        rows = np.arange(len(self.retry_of), dtype=np.int64)
        return np.asarray(np.maximum.accumulate(np.where(self.retry_of == NEVER, rows, 0)), np.int64)

"""The provider of language models, and the clients that call it: their arrays, and what is done with them.

Without a `Provider` a call takes its step's waiting time, whoever else calls. With one, the waiting time of a step that
`Provider.call_of` gives a row ``c`` of the other arrays is a *call*: one or several *tries* of one of the *upstreams*,
each a model at a vendor, with limits of its own that all pools share.

Asking
------
When the waiting time begins, and when a retry is due, the call *asks* (RETRY, ``n`` plus the step): that is a try.
Tries of a call are counted from 0. Try ``a`` goes to the upstream ``upstream[0, c]``, or, when ``fall_back`` tries of
the call or more have failed, to ``upstream[1, c]``; the *way* is 0 or 1. The first of these that applies is the
answer:

1. The breaker of the upstream is open: the try fails at once (`Status.OPEN`).
2. The luck of the try is below the error rate of the upstream: `Status.ERROR`. The rate is ``down_rate`` of the first
   window of the upstream that holds now (``down_from <= now < down_until``), or else ``errors``.
3. As many calls are in service as there are ``slots``, and as many wait as there is ``room`` for, or a bucket holds
   less than the call costs: `Status.LIMITED`.
4. The call takes its costs from the buckets and is in service, or, when all slots are taken, at the tail of the queue.

A client is told of an error or a limit ``answer`` after it asked (END, row). A call in service is over ``length``
after it came into service (END, row); then its slot is free, and the head of the queue comes into service.

A try that is not over ``timeout`` after it asked fails then (TIMEOUT, ``n`` plus the step; `Status.TIMED_OUT`). If it
waited or was in service, it leaves the queue or its slot; but when the upstream ``finishes``, it goes on as if nothing
had happened, and only then leaves its slot (END, ``n`` plus the step).

A request that leaves its instance hangs up: its try ends then (`Status.LEFT`), as one that timed out does, and a retry
that is due no longer asks.

Buckets
-------
Bucket ``b`` (0 requests, 1 input, 2 output) of an upstream holds ``burst[b, u]`` at 0 and at most, and gains ``rate[b,
u]`` a minute. A request costs 1 of the first, and ``cost[0, c]`` and ``cost[1, c]`` of the others. Where ``rate`` is
NEVER there is no limit. A bucket's *level* is counted in 60,000,000ths, so that it gains ``rate`` a microsecond. With
``counts_refused``, a try that a bucket or a want of slots has refused costs 1 of the first bucket all the same, whose
level may then fall to minus what it holds at most: who goes on asking stays refused.

When it was a bucket, the client is told when to come again, if ``hint`` is not NEVER: the time from asking until all
buckets would hold enough (or all that they hold at most), rounded up to whole multiples of ``hint``.

Retries
-------
When a try fails, layers are asked in turn, the innermost first. A `Layer` retries a try whose status is among its
``retries``, while it has made fewer than ``attempts``, if the budget has a token. The try is then made again a delay
later, and the layers within begin to count anew. When no layer does, the request fails (`Cause.PROVIDER`).

After the k-th failure in a row that a layer retries, k counted from 0, the delay is ``delay[k]`` less a part:
``jitter`` millionths of it times the luck of the try that failed, in millionths. A decorrelated one is, with ``d`` the
delay before (at first ``delay[0]``), ``delay[0]`` plus that luck's part of what ``reach`` millionths of ``d`` are more
than that, and at most the last of ``delay``. A layer that ``obeys`` waits as long as it was told to, when that is
longer than the delay and no longer than ``obeys``.

Each retry takes a token (`CORE`) of the `Budget`, each call that succeeds brings ``gain``. A `Breaker` works as that of
callers does (see `sim.engine.contract.callers`), on tries of one upstream instead of attempts; a try that ends with
LEFT is no result, and when it was the probe, the next try is. ``own`` says that every agent has a budget, or a breaker
for each upstream, of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from sim.engine.contract.callers import Breaker, Budget
from sim.engine.contract.words import CORE, NEVER, Int8s, Int64s, none

MINUTE = 60_000_000
"""Microseconds: what rates are of."""


class Status(IntEnum):
    """How a try of a call ended; NONE while it has not."""

    NONE = 0
    DONE = 1
    LIMITED = 2
    ERROR = 3
    TIMED_OUT = 4
    OPEN = 5
    LEFT = 6


@dataclass(frozen=True, slots=True)
class Layer:
    """A client that makes a call again: an SDK, or an orchestrator around it.

    Attributes
    ----------
    attempts : int
        In all, the first one too.
    retries : tuple of Status
    delay : tuple of int
        Microseconds after each failure, one less than ``attempts``; with ``decorrelated``, the first and the most.
    jitter : int
        Millionths.
    decorrelated : bool
    reach : int
        Of a decorrelated delay: how many times as long as the one before it can be, in millionths.
    obeys : int
        Microseconds: the longest time to come again in that is obeyed; 0 for none.
    """

    attempts: int
    retries: tuple[Status, ...]
    delay: tuple[int, ...]
    jitter: int = 0
    decorrelated: bool = False
    reach: int = 3 * CORE
    obeys: int = 0


@dataclass(frozen=True, slots=True)
class Provider:
    """What answers calls, and who calls again.

    Attributes
    ----------
    call_of : int64[m]
        The call of each step, or NEVER.
    upstream : int64[w, c]
        The upstream of each call, by way; one way or two.
    model : int64[u]
        Number of the model of each upstream; not read by models.
    length : int64[w, c, a]
        Microseconds in service, by way and try; later tries than the last of them have the last.
    cost : int64[2, c]
        Tokens of input and of output.
    rate, burst : int64[3, u]
        Of the buckets of requests, input and output: a minute, and at most. NEVER for no limit.
    slots, room : int64[u]
        Calls in service, and calls that wait. NEVER for no limit.
    errors : int64[u]
        Millionths.
    down_of, down_from, down_until, down_rate : int64[d]
        Windows with another error rate: upstream, microseconds, millionths.
    luck, jitter : int64[c, a] or int64[0, 0]
        Millionths from 0 to 999,999: of errors and of delays, by try; empty where there are none.
    layers : tuple of Layer
        Innermost first.
    timeout : int
        Microseconds, or NEVER.
    finishes, counts_refused : bool
    answer : int
        Microseconds.
    hint : int
        Microseconds, or NEVER.
    fall_back : int
        Failed tries, or NEVER.
    budget : Budget or None
    breaker : Breaker or None
    """

    call_of: Int64s
    upstream: Int64s
    model: Int64s
    length: Int64s
    cost: Int64s
    rate: Int64s
    burst: Int64s
    slots: Int64s
    room: Int64s
    errors: Int64s
    down_of: Int64s = field(default_factory=none)
    down_from: Int64s = field(default_factory=none)
    down_until: Int64s = field(default_factory=none)
    down_rate: Int64s = field(default_factory=none)
    luck: Int64s = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    jitter: Int64s = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    layers: tuple[Layer, ...] = ()
    timeout: int = NEVER
    finishes: bool = False
    counts_refused: bool = False
    answer: int = 0
    hint: int = NEVER
    fall_back: int = NEVER
    budget: Budget | None = None
    breaker: Breaker | None = None


@dataclass(frozen=True, slots=True)
class Tries:
    """Tries of calls, by step and then by number: all of a call that did not succeed at its first, served at once.

    A call that fell back before its first try is told too.

    Attributes
    ----------
    step, number : int64[t]
        The step, and the number of the try in its call, from 0.
    way : int8[t]
    asked, served, ended : int64[t]
        Microseconds: when it asked, when it came into service, when the client was told, gave up or hung up. NEVER
        where it did not come to that.
    status : int8[t]
        `Status`.
    """

    step: Int64s = field(default_factory=none)
    number: Int64s = field(default_factory=none)
    way: Int8s = field(default_factory=lambda: np.zeros(0, np.int8))
    asked: Int64s = field(default_factory=none)
    served: Int64s = field(default_factory=none)
    ended: Int64s = field(default_factory=none)
    status: Int8s = field(default_factory=lambda: np.zeros(0, np.int8))


def delay_after(layer: Layer, failures: int, before: int, luck: int) -> int:
    """Say how long a layer waits.

    Parameters
    ----------
    layer : Layer
    failures : int
        Failures in a row that it retried before.
    before : int
        The delay before, of a decorrelated one; NEVER at first.
    luck : int
        Millionths.

    Returns
    -------
    int
        Microseconds.
    """
    if layer.decorrelated:
        least, most = layer.delay[0], layer.delay[-1]
        longest = (least if before < 0 else before) * layer.reach // CORE
        return min(most, least + max(0, longest - least) * luck // CORE)
    delay = layer.delay[failures]
    return delay - delay * layer.jitter // CORE * luck // CORE

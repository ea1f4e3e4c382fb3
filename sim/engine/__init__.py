"""The models, and the contract they keep: what a model does with the arrays it reads.

Every model of this package (the SimPy model, the crude reference model in ``tests/``, a compiled one) reads one
`Demand` and one `Capacity`, and gives one `Outcome`. Equal inputs must give equal outputs, row for row. A model
holds no floating-point number, draws no random number and knows no name.

Time is int64 microseconds from the start of the run. CPU is counted in millionths of a core, memory in bytes.

Order
-----
The pending event with the least ``(time, kind, key)`` happens next; `Kind` gives the kinds in their order. The key is
a request's row or an instance's number; that of a CAPACITY event -1 for an offer that comes up, 0 for a token, 1 plus
the instance's number for CPU credit; that of a TICK 0 for a check of idle instances, 1 for a step of the floor, 2 for
the scaler, 3 plus the pool for an instance that is to be there again. Rows of `Demand` are in canonical order (agent,
then ordinal within the agent), so keys do not depend on how a file was sorted. Instances are numbered as they are
opened, the initial ones first. Events before ``Demand.stop`` happen; an event at ``stop`` or later does not.

What an event sets off is settled before the next event. Requests that leave the system during an event are put in a
list; when the event has done everything else, they are taken from it in order, and for each its turn passes and its
followers are fixed (see Departure). Admissions made then may add to the end of the list.

Arrival
-------
A request whose ``after`` is -1 arrives at ``at``. Any other arrives ``at`` microseconds after the request in row
``after`` has left (completed or failed). A request that would arrive at ``Demand.horizon`` or later never does
(`Fate.ABSENT`), nor do those that follow it.

With ``Demand.serial``, a request that arrives while an earlier one of its agent is in the system is held, first come
first served, and admitted when that one has left. Otherwise it is admitted on arrival. The request's pool is
``Capacity.pool_of``; pools know of each other only what is said under Limits.

A request that has not begun ``patience`` after its arrival leaves then, wherever it waits (TIMEOUT, row;
`Fate.ABANDONED`). If it was bound to an instance, or was its waker, that instance comes all the same, with one request
fewer bound to it; then the pools are replenished.

Callers
-------
With ``Demand.callers`` rows are attempts at requests, which are given up and tried again as
`sim.engine.contract.callers` says. What is said of requests elsewhere holds for each attempt.

Calls
-----
With ``Capacity.provider``, steps that are calls of a language model are answered by a provider, within its limits, and
made again by their clients, as `sim.engine.contract.provider` says. Elsewhere they wait as other steps do.

Admission
---------
An instance is *warm* when idle or busy, *coming* when starting, waking, or entering a rung with a waker set. A warm
instance is *free* while it has fewer residents than ``concurrency``.

0. A request that is ``refused`` fails at once (`Cause.PAYLOAD`).
1. If the pool has a free instance, the request begins there. Among several, the one preferred by `Reuse`.
2. Otherwise, with early binding, the first of these that can be had; the request is bound to it, now, and begins
   when it is ready:

   a. a coming instance with fewer bound requests than ``concurrency``, lowest number first;
   b. a resting instance, woken now: shallowest rung first, then as preferred by `Reuse`; failing that, an instance
      that is entering a rung that keeps state: shallowest rung, then `Reuse`; the request becomes its waker;
   c. a new instance, if the pool has fewer than ``maximum`` (counting all that are not off);
   d. the tail of the pool's queue; when the queue already holds ``queue_limit`` requests, the request fails
      (`Cause.QUEUE_FULL`).

3. Otherwise, with late binding, the request joins the tail of the queue. If the queue is then longer than the slots
   on their way (``concurrency`` for every coming instance), one instance is provided as in 2b, 2c, if one can be had.
   If the queue is then longer than the slots on their way plus ``queue_limit``, the request leaves the queue and fails.

The luck of an opening or a wake is that of the request it is done for: ``start[r]``, ``speed[r]``,
``rung_wake[rung, r]``. With late binding that is the request at the place in the queue (counted from 0) that equals the
slots on their way. Openings and wakes that are done for no request, in the order in which they are done, have the luck
of the rows after the last request, ``n``, ``n + 1``, ..., of which there are ``spare``, and from ``n`` again; the
instances that are there at the start take one each, in order of number (of which only the speed counts).

With a scaler, an instance is provided on admission only when the pool has none that is warm or coming.

Limits
------
``quota``: an instance is *up* unless it is resting or off. While as many or more instances of all pools are up than
``quota``, no resting instance can be woken and none can be opened.

``pace_every``: openings of all pools follow a token bucket, which holds ``pace_burst`` tokens at 0 and at most, and
gains one every ``pace_every``. In integers: an instance can be opened when ``due <= now + (pace_burst - 1) *
pace_every``; ``due``, which is 0 at first, then becomes ``max(due, now) + pace_every``. When a pool wants an instance,
or has fewer than its minimum, and one could be had but for a token, a CAPACITY event at the first time that allows it
replenishes the pools.

Starting many at once is slower: with ``start_pace``, a start is ``start[r]`` microseconds of work, and while ``k``
instances of all pools are starting, each progresses by ``start_pace[k - 1]`` (the last of them, when there are fewer)
millionths of a microsecond of work in a microsecond. Of the instances that are starting, the one with the least
``(remaining work, number)`` is ready next, at the first microsecond at which nothing remains; when that time comes,
only it is ready, the others are looked at again, as with CPU time (see Work).

Work
----
An instance has the speed of its luck, in millionths: the work done in a microsecond is ``cpu_share * speed //
1000000``, and at least 1.

When a request begins, memory comes first: if ``base_memory`` and the memory of all residents, itself included, exceed
``memory``, then either the request fails at once (`Cause.MEMORY`) and takes no slot, and the instance goes on as if it
had not come; or, with ``memory_kills``, the instance is off at once (without having been busy, if it was not) and every
resident, the newcomer included, fails, in order of row. Requests still bound to that instance go back to the head of
the queue, in their order; then the pool is replenished. A request that fails in either way has begun: its row says when
and where.

Then its steps run in order, each first its CPU time, then its GPU time, then its waiting time. While ``k`` residents of
an instance are in CPU time, each progresses by `cpu_share` millionths of a microsecond of work in a microsecond, with
the ``parallel`` part of the demand. Of the residents in CPU time, the one with the least ``(remaining work, row)`` ends
it next, at the first microsecond at which nothing remains; when that time comes, only it ends, the others are looked at
again. Remaining work is not clipped at 0: who would have ended earlier within the microsecond comes first. A phase's
end is an event of kind END with the row as key; phases of no length are passed over at once, and the request ends with
its last phase.

A request that has not ended ``duration_limit`` microseconds after it began fails then (kind CRASH, row;
`Cause.DURATION`), and leaves the instance as if it had ended.

Of a request that leaves without having ended its steps, and of one that is still on an instance at ``stop``, the work
done on the step it is in is told: the step's CPU time less what remains of it, in whole microseconds, rounded down. It
is all of that time while the step waits, and nothing while no step has begun.

GPU time
--------
See `sim.engine.contract.gpu`: after its CPU time, a step has its prefill and its decode, on a GPU that residents share.

Queueing
--------
See `sim.engine.contract.queueing`: ranks, requests that need several slots, memory that is waited for, backfill.

CPU credit
----------
With `Credit`, each instance has a balance, ``first`` when it becomes ready (and at 0 for those that are idle then),
``most`` at most. An instance with ``k`` residents in CPU time uses ``cpu_share(cpu, k) * k`` when it has credit, and
``cpu_share(min(cpu, rate), k) * k`` when it has not, before its speed. In each microsecond the balance gains ``rate``
and loses what is used. When residents in CPU time change, it is brought between 0 and ``most``, and the instance has
credit when it is above 0. When it comes to 0 or less while more is used than gained, at the first
microsecond at which that is so, it is set to 0 and the instance has no credit (CAPACITY, 1 plus its number).

Departure
---------
When a request leaves an instance: if that drains and has no other resident, it is off, and the pools are replenished.
Otherwise first, while the instance is free and the queue is not empty, the head of the queue begins there; then, if the
instance has no resident, it is idle. When the event is done, the turn passes to the next
held request of the agent, which is admitted, if the one that left had been admitted; and the requests that follow this
one have their arrivals fixed, if before the horizon.

Readiness
---------
READY, on an instance that was starting or waking: the requests bound to it begin, in the order they were bound; then,
while it is free and the queue is not empty, the head of the queue begins there. If it then has no resident it is idle.

Ladder
------
An idle instance enters rung 0 when it has been idle for ``rung_after[0]``, and a resting one enters rung ``j + 1``
when it has rested in rung ``j`` for ``rung_after[j + 1]`` (EXPIRE). While as many or fewer instances of the pool than
``minimum`` are warm or coming, or the slots to spare are fewer than those of ``buffer`` instances and of this one, an
idle instance stays and is looked at again ``rung_after[0]`` later (which then must be at least 1).
Entering takes ``rung_enter`` (ENTERED follows, also when that is 0). Then an instance with a waker starts to wake; one
in a rung that keeps rests; in a rung that does not keep, which is the last, it is off for good, its number is not used
again, and the pools are replenished. They are also replenished when an instance has come to rest, and when one that
rested has begun to enter the next rung. A negative ``rung_after`` means never.

An instance that a request left has its connection until ``linger`` of that request later: an idle instance counts as
idle from the last such time on, or from when it became idle, whichever is later.

When an idle instance should enter rung 0 and the last request that left it does not ``stick``, it stays idle, and is
not looked at again until it has been busy.

With ``check_every``, idle instances do not enter rung 0 by themselves. At every multiple of it above 0 (TICK) they are
looked at in order of number, and those that have been idle for ``rung_after[0]`` or longer enter it, unless the pool
must keep them for its minimum; ``check_most`` of them at most (one that does not stick is one of them).

Keep-alive
----------
With `KeepAlive`, where each pool has one instance at most, a pool learns from its gaps. A gap lasts from when the
instance became idle as a request left it, until the next request is admitted to the pool. It is counted in the bin
``gap // bin``, or, from ``bins`` on, outside. When the instance becomes idle as a request leaves it, times are set.
With fewer than ``least`` gaps, more of them outside than inside, or ``bins`` times the sum of squares of the counts of
bins less than ``spread`` millionths of the square of their sum, ``before`` is 0 and ``keep`` is ``bin * bins``.
Otherwise the first bins up to which there are ``head`` and ``tail`` millionths of the gaps inside are ``h`` and ``t``;
``before`` is ``h * bin`` less ``margin`` millionths of it, rounded down, and ``keep`` is ``(t + 1) * bin`` and
``margin`` millionths of it, rounded down, less ``before``.

``keep`` takes the place of ``rung_after[0]``, which it is at first; but when ``before`` is above 0, the instance enters
rung 0 when it has been idle for 0. Then, ``before`` after it became idle (TICK, 3 plus the number of the pool), if no
request has been admitted to the pool since and none of its instances is warm or coming, one is provided for no request,
if one can be had as in 2b or 2c.

Lifetime
--------
An instance that is still warm ``lifetime`` after it was last ready (after 0 for those that were idle at the start) is
taken (INTERRUPT). With ``lifetime_kills``, every resident fails, in order of row (`Cause.LIFETIME`), and it is off.
Otherwise it drains: it takes no more requests, and is neither warm nor coming; without residents it is off at once.
Then the pools are replenished.

Offers and recovery
-------------------
Instances that can be taken back, requests that go on elsewhere after that or after a wait that frees their instance,
and checkpoints: `sim.engine.contract.market`.

Replenishing
------------
A pool *wants* an instance, with early binding, when its queue is not empty, for the head; with late binding when the
queue is longer than the slots on their way, for the request at the place that equals the slots on their way. While a
pool wants an instance and can have one (early: as in 2a, 2b or 2c, and the head leaves the queue and is bound to it;
late: as in 2b or 2c), it is given one: first the pool whose request was admitted first, of equals the lowest row. With
a scaler, a pool wants an instance only when it has none that is warm or coming.

Then, in order of pool, while fewer instances of a pool than ``minimum`` are warm or coming, or it has fewer slots to
spare than ``buffer`` instances have, and one can be had as in 2b or 2c, one is provided for no request. The slots to
spare are those of warm and of coming instances, less the residents of the former, and less the requests that are bound
or queued. With a ``buffer``, pools are also replenished when a request has been admitted.

Floor
-----
At ``floor_at[i]`` (TICK), ``minimum`` becomes ``floor[i]``, and the pools are replenished.

Scaler
------
At every multiple of ``tick`` above 0 (TICK), for the one pool there is, which must have a ladder:

1. The load is the number of requests that have been admitted and have not left, in millionths; with ``by_cpu`` it is
   what residents use of the CPU of their instances, as under CPU credit. Its mean over the last ``window`` (before 0 it
   is 0), divided by ``target`` and rounded up, is the number of instances *recommended*.
2. With a ``panic_window``, the same over that is the *urgent* number. When it is ``panic_at`` millionths or more of the
   number of warm instances (of 1, when there is none), panic lasts for another ``window`` from now. In panic the
   recommendation is the largest of it, the urgent number, and those since panic began.
3. The *wanted* number is the largest recommendation of the last ``stabilise``, those of this and of later ticks than
   ``now - stabilise``.
4. It is compared with the number of warm instances, and with ``counts_coming`` coming ones. When it differs by
   ``tolerance`` millionths of that number or less, nothing is done. Otherwise it is brought between ``minimum`` and
   ``maximum``.
5. While there are fewer, and one can be had as in 2b or 2c, one is provided for no request. While there are more: the
   idle instance that is preferred last enters rung 0; when none is idle, of the busy ones that with the fewest
   residents, of equals the highest number, drains; when there is none either, nothing more is done. When any did, the
   pools are replenished.

Idle instances do not enter rung 0 by themselves.

Start
-----
Every pool starts, in order of pool, with ``minimum`` idle instances, or ``buffer`` if that is more; and, where there
are none and ``initial_rung`` is not negative, with one instance resting in that rung. Their clocks start at 0.
"""

from sim.engine.contract import Capacity, Demand, Outcome
from sim.engine.model import simulate

__all__ = ["Capacity", "Demand", "Outcome", "simulate"]

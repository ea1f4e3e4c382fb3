"""Instances that can be taken back, and what becomes of those who are on them.

Offers
------
With a `Market`, instances are opened from offers (a zone's spot capacity, another's, on demand). An offer is *up* from
``opens[w]`` until ``closes[w]``, and *open* from ``opens[w]`` until ``notice`` before ``closes[w]``. An instance is
opened from the first offer, in order, that is open and whose time has come: for a request when ``after`` microseconds
have passed since it was admitted (the last time, see Recovery), and for no request when ``after`` is 0. One ``by
deadline`` has its time when what is left of the request could just be done before ``deadline``: at the deadline, less
its ``start``, less how long it would be on an instance that is not taken (see Checkpoints; without those the nominal
length of its unfinished steps and of the replay); and in no case before the request was admitted. While there is no
such offer, no instance can be opened (Limits). Those that are there at the start are of the first offer that is open at
0 and has an ``after`` of 0; where there is none, they are not there.

The time of an offer, for a request, comes when it is admitted, or later (RETRY, row); then, if it queues, and when an
offer comes up (CAPACITY, -1), pools are replenished. With several pools a request is looked for in all of them.

Interruption
------------
The k-th instance of pool p that is opened from an offer (from 0) has ``lives[p, k % c]`` of its c lives. It is taken
that long after it was last ready, if that is before its offer closes, otherwise then (INTERRUPT, its number; before the
end of its lifetime, if both come at once), whatever it does, also when it rests. Its residents are interrupted, in
order of row (see Recovery). The requests bound to it go back to the head of the queue, in their order. Then it is off,
and the pools are replenished.

If it is ``noticed[p, k % c]``, there is a notice ``notice`` before that (INTERRUPT too; after a taking and before the
end of a lifetime that come at once), unless ``notice`` is 0, or it would be taken for its life and the notice would not
be later than its readiness. An instance that is warm then drains, as at the end of a lifetime; one that drains goes on;
any other is taken at once. With checkpoints, those of its residents whose visit would not be over by the taking, and
for whom ``write`` microseconds are left until then, stop working, in order of row, write a checkpoint of all they have
done, and leave ``write`` later (END, row; `Parting.SAVED`): they are interrupted then, and lose nothing.

Recovery
--------
What a request does on one instance is a *visit*. When it is interrupted, its visit is over. If it has been interrupted
``attempts`` times, it fails (`Cause.INTERRUPTED`). Otherwise it is admitted again ``again`` later (RETRY, row), as on
arrival but for ``refused``. Patience is for the first visit only, ``duration_limit`` is for each. By `Resume`:

RESTART: it begins with its first step.
DURABLE: it begins with its first unfinished step, but before that has ``replay`` microseconds of CPU time for each
    finished one. (So has a request that comes back from a wait that freed its instance.)
CHECKPOINT: it goes on from its last checkpoint.

Waits that free
---------------
Where the recovery ``frees``, a request that comes to the waiting of a step that ``Demand.frees`` leaves its instance
(`Parting.FREED`), as in Departure, but stays in the system, and waits. When the wait is over (END, row) and its next
phase is such a wait as well (of a step without CPU time), it waits on; if it has no step left it has completed;
otherwise it is admitted again at once.

Checkpoints
-----------
The work of a request is the length of all its steps, one after the other; no CPU is shared (every instance has a core
of nominal speed for each resident, without credit and without parallel parts, and memory never ends one). A visit that
begins with the work ``p`` done, of ``w``, has the restore first, if ``p`` is above 0; then every ``every`` of work a
write, but none after the last; `sim.engine.contract.checkpoints` has the arithmetic. What is done is kept when the
write after it has ended. What is told as spent of a step in flight counts what was kept of it before, when the visit
has done some work.

With ``returns``, a request on an instance of an offer that is not the first leaves at the end of the first write at
which an earlier offer that has an ``after`` of 0 is open (END, row; `Parting.RETURNED`). The instance drains then, or
is off; the request is admitted again at once, after the pools have been replenished.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.engine.contract.words import NEVER, Bools, Int64s, Resume, none


@dataclass(frozen=True, slots=True)
class Offer:
    """Where instances can be had from.

    Attributes
    ----------
    opens, closes : int64[w]
        Microseconds; up from each, at least 0, until each, later than that and earlier than the next of ``opens``. The
        last of ``closes`` may be NEVER. One that is always there has ``[0]`` and ``[NEVER]``.
    lives : int64[pools, c]
        Microseconds, at least 1, or NEVER; c is 1 at least.
    noticed : bool[pools, c]
        Whether the taking of an instance is announced.
    notice : int
        How long before, in microseconds; 0 for no notice.
    after : int
        Microseconds that a request must have waited, or NEVER where it may not be used however long that was.
    by_deadline : bool
        Whether it may also be used when the deadline of a request demands it.
    """

    opens: Int64s
    closes: Int64s
    lives: Int64s
    noticed: Bools
    notice: int = 0
    after: int = 0
    by_deadline: bool = False


@dataclass(frozen=True, slots=True)
class Market:
    """The offers of a deployment.

    Attributes
    ----------
    offers : tuple of Offer
        In order of preference. Prices are no matter of models: `Outcome.offer` says where an instance is from.
    deadline : int64[n] or int64[0]
        Microseconds after its arrival at which a request should be done (less any margin), or NEVER; empty for NEVER.
        Read for offers ``by_deadline`` only.
    """

    offers: tuple[Offer, ...]
    deadline: Int64s = field(default_factory=none)


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """How a request saves its work.

    Attributes
    ----------
    every : int
        Microseconds of work between two writes, at least 1, or NEVER where it only writes on notice.
    write, restore : int
        Microseconds that a write takes, and the restore at the beginning of a visit that does not begin anew.
    returns : bool
        Whether it goes back to an earlier offer that is open again.
    """

    every: int
    write: int
    restore: int
    returns: bool = False


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a request does that was interrupted, or comes back from a wait that freed its instance.

    Attributes
    ----------
    resume : Resume
    again : int
        Microseconds from an interruption until the request is admitted again.
    attempts : int
        Interruptions, 1 at least, of which the last fails the request; or NEVER.
    replay : int
        Microseconds of CPU time for each finished step when a visit begins; 0 but with DURABLE.
    checkpoints : Checkpoints or None
        With CHECKPOINT, and only then.
    frees : bool
        Whether waits free the instance that may (`Demand.frees`). Not with CHECKPOINT.
    """

    resume: Resume
    again: int = 0
    attempts: int = NEVER
    replay: int = 0
    checkpoints: Checkpoints | None = None
    frees: bool = False

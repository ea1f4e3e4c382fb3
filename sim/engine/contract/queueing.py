"""Order of a pool's queue, requests that need several slots, and memory that is waited for.

With `Queueing`, which goes with late binding only, a request *fits* an instance that is warm when its slots (``need``)
and those of the residents are ``concurrency`` at most and, with ``memory_waits``, its memory and all that is in use are
``memory`` at most. What is said of free instances and of the head of the queue then is this:

- A request that would not fit an instance without residents fails on admission (`Cause.TOO_LARGE`).
- Any other joins the queue, which is in order of ``(rank, admitted, row)``, and the queue is *served*: the head begins
  on an instance that it fits, if there is one (among several, the one preferred by `Reuse`), then the next head. Where
  the head fits none, nobody else begins either; with ``backfill``, the first in order that fits some instance begins
  there, and service starts anew from the head. There is no reservation: one that needs much may be passed for ever.
- If it is still in the queue, an instance is provided and the bound of the queue holds as in 3 of Admission.
- When a request has left an instance, and when one is ready, the queue is served in the same way, on all instances. Who
  begins on the instance that is ready is cold or woken. When one is ready, pools are replenished after that.
- Slots on their way are for as many requests from the head as they have slots for, in order: that number takes the
  place of the slots themselves where it says whom an instance is wanted for and how long a queue may be.
- Slots to spare are less those that residents and queued requests need.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.engine.contract.words import Int64s, none


@dataclass(frozen=True, slots=True)
class Queueing:
    """How requests wait for slots.

    Attributes
    ----------
    rank : int64[n] or int64[0]
        Requests of lower rank go first; empty for first come first served.
    need : int64[n] or int64[0]
        Slots of one instance that a request holds, at least 1; empty for 1.
    memory_waits : bool
        Whether a request waits for its memory (else what is said under Work happens).
    backfill : bool
        Whether later requests that fit may pass those that do not.
    """

    rank: Int64s = field(default_factory=none)
    need: Int64s = field(default_factory=none)
    memory_waits: bool = False
    backfill: bool = False

"""Words of the contract: what numbers in its arrays mean."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)
"""Of the numbers in an array."""

Int64s = NDArray[np.int64]
Int8s = NDArray[np.int8]
Bools = NDArray[np.bool_]

NEVER = -1
"""In any field of the contract: no such time, no such row, no limit."""

CORE = 1_000_000
"""One CPU core in the contract's unit."""


class Kind(IntEnum):
    """What happens, in the order in which things of one instant happen."""

    END = 0
    CRASH = 1
    READY = 2
    ENTERED = 3
    EXPIRE = 4
    INTERRUPT = 5
    CAPACITY = 6
    TICK = 7
    TIMEOUT = 8
    RETRY = 9
    ARRIVAL = 10


class State(IntEnum):
    """What an instance is doing. It is in exactly one state from its opening until it is off."""

    OFF = 0
    STARTING = 1
    IDLE = 2
    BUSY = 3
    ENTERING = 4
    RESTING = 5
    WAKING = 6
    DRAINING = 7


class Fate(IntEnum):
    """What became of a request."""

    ABSENT = 0
    COMPLETED = 1
    FAILED = 2
    UNFINISHED = 3
    ABANDONED = 4


class Cause(IntEnum):
    """Why a request failed."""

    NONE = 0
    QUEUE_FULL = 1
    MEMORY = 2
    DURATION = 3
    PAYLOAD = 4
    LIFETIME = 5
    TIMEOUT = 6
    BREAKER = 7
    TOO_LARGE = 8
    INTERRUPTED = 9
    PROVIDER = 10


class Warmth(IntEnum):
    """What a request waited for on its instance."""

    WARM = 0
    COLD = 1
    WOKEN = 2


class Resume(IntEnum):
    """Where a request goes on that was interrupted: its first step, its first unfinished one, its last checkpoint."""

    RESTART = 0
    DURABLE = 1
    CHECKPOINT = 2


class Parting(IntEnum):
    """Why a visit of a request to an instance was over.

    Attributes
    ----------
    LEFT : the request left the system; also of a visit that was not over when the run stopped.
    INTERRUPTED : the instance was taken.
    SAVED : the instance was to be taken, and what was done had been saved.
    RETURNED : an earlier offer was open again.
    FREED : the request waits, and needs no instance.
    """

    LEFT = 0
    INTERRUPTED = 1
    SAVED = 2
    RETURNED = 3
    FREED = 4


class Reuse(IntEnum):
    """Which of several free (or resting) instances is taken. Ties go to the lowest number.

    Attributes
    ----------
    MOST_RECENT : the one that became ready, or that a request left, last, by the microsecond; 0 when neither.
    NEWEST : the highest number.
    OLDEST : the lowest number.
    LEAST_LOADED : the one with the fewest residents.
    """

    MOST_RECENT = 0
    NEWEST = 1
    OLDEST = 2
    LEAST_LOADED = 3



def none() -> Int64s:
    """Give the array of nothing: no row has the number."""
    return np.zeros(0, np.int64)


def nobody() -> Bools:
    """Give the array of nothing: true of no row."""
    return np.zeros(0, np.bool_)

"""The arithmetic of checkpoints, on integers: how long a visit is, and what is done and kept of it by then.

A visit that begins with some work to do has the restore, if it goes on from a checkpoint, then ``every`` of work and a
write, again and again, and no write after the last of its work.
"""

from __future__ import annotations

from sim.engine.contract.market import Checkpoints


def writes_before(rule: Checkpoints, work: int) -> int:
    """Count the writes before a visit has done an amount of work, at least 1, and no more."""
    return 0 if rule.every < 0 else (work - 1) // rule.every


def time_of(rule: Checkpoints, work: int, resumed: bool) -> int:
    """Return how long a visit takes to have done an amount of work.

    Parameters
    ----------
    rule : Checkpoints
    work : int
        Microseconds, at least 1.
    resumed : bool
        Whether the visit goes on from a checkpoint.

    Returns
    -------
    int
        Microseconds: restore, work, and the writes before its last microsecond. With all the work that is left, the
        length of the visit.
    """
    return resumed * rule.restore + work + writes_before(rule, work) * rule.write


def time_until(rule: Checkpoints, work: int, resumed: bool) -> int:
    """Return how long a visit takes until it goes on with the work after an amount of work (0 for the first)."""
    return time_of(rule, work + 1, resumed) - 1


def attained(rule: Checkpoints, elapsed: int, left: int, resumed: bool) -> tuple[int, int]:
    """Return what a visit has done.

    Parameters
    ----------
    rule : Checkpoints
    elapsed : int
        Microseconds since it began.
    left : int
        Work that was left when it began.
    resumed : bool
        Whether it goes on from a checkpoint.

    Returns
    -------
    done, kept : int
        Microseconds of work: done by then; followed by a write that had ended by then.
    """
    worked = max(0, elapsed - resumed * rule.restore)
    if rule.every < 0:
        return min(worked, left), 0
    rounds = min(worked // (rule.every + rule.write), (left - 1) // rule.every)
    rest = worked - rounds * (rule.every + rule.write)
    return min(left, rounds * rule.every + min(rest, rule.every)), rounds * rule.every

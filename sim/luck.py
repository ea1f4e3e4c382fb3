"""Addressed luck: the only source of randomness.

A draw is a pure function of its address ``(seed, replication, stream, entity, ordinal)``. There is no state, so the
order of draws does not matter, what is not drawn is not missed, and two deployments that look at the same address see
the same number.

The function is Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror & Shaw, 2011, Parallel random numbers: as
easy as 1, 2, 3, Proc. SC11, doi:10.1145/2063384.2063405). The seed is its key; the rest of the address is its counter::

    word 0   ordinal
    word 1   entity, low half
    word 2   entity, high 16 bits; stream in the 16 bits above
    word 3   replication
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Words = NDArray[np.uint64]
Floats = NDArray[np.float64]

_MULTIPLIERS: Final = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL: Final = (0x9E3779B9, 0xBB67AE85)
_MASK: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)
_ROUNDS: Final = 10
_BLOCK: Final = 2**14


class Stream(IntEnum):
    """What a draw is for. A number, once given, is not used for anything else.

    Attributes
    ----------
    ARRIVAL : gaps between arrivals. Entity: agent; ordinal: arrival.
    SESSION : gaps between starts of sessions of the fleet. Entity: 0; ordinal: session.
    SESSION_AGENT : the agent that has a session. Entity: session.
    SESSION_PICK : the recorded session that is played. Entity: session.
    LOOP : number of rounds. Entity: request; ordinal: visit of a step.
    CPU : CPU time. Entity: request; ordinal: visit of a step.
    WAIT : time waited; of a call, until its first token or whole. Entity: request; ordinal: visit of a step.
    SPEED : tokens a second of a call. Entity: request; ordinal: visit of a step.
    TOKENS_IN : tokens read. Entity: request; ordinal: visit of a step.
    TOKENS_OUT : tokens written. Entity: request; ordinal: visit of a step.
    START : start-up of an instance. Entity: the request it is opened for; ordinal: part of the start-up, and 2^16 times
        the attempt, as for all that is drawn for openings, wakes and departures.
    WAKE : wake of an instance. Entity: the request it is woken for; ordinal: rung.
    BOOTSTRAP : the recorded session that takes a place in a replication's sample of the recording. Entity: place.
    PHASE : the phase in which bursty arrivals begin. Entity: agent, or 0 for the fleet.
    STAY : length of a phase. Entity: agent, or 0 for the fleet; ordinal: phase, counted from the start of the run.
    BLOCK : the recorded block that is played. Entity: block of the run.
    THIN : whether a recorded request is left out. Entity: copy of the recording and block of the run; ordinal: request.
    SHIFT : how far a copy of the recording is moved. Entity: copy of the recording and block of the run.
    REQUEST_AGENT : the agent of a recorded request without one. Entity: copy and block; ordinal: request.
    FACTOR : factor of a bursty rate. Entity: time scale and agent, or 0 for the fleet; ordinal: window.
    FACTOR_START : how much of the first window of a bursty rate has passed. Entity: time scale.
    JITTER : how long after its time a scheduled request comes. Entity: agent and number of the time.
    BULK : requests that an event brings. Entity: event, as requests are addressed.
    BULK_AGENT : the agent of a request that an event brings. Entity: event; ordinal: place in its batch.
    COMMON : what correlated values of a step have in common. Entity: request; ordinal: visit of a step.
    ROW : the recorded row of a request. Entity: request.
    THINK : time between an answer and the next request. Entity: agent; ordinal: request.
    PATIENCE : how long a caller waits for a request to begin. Entity: request.
    KEEP_OPEN : how long a connection stays open. Entity: request.
    PAYLOAD : bytes of a request. Entity: request.
    STICK : whether the instance that a request left last goes when it should. Entity: request.
    CPU_SPEED : speed of an instance. Entity: the request it is opened for.
    TIMEOUT : how long a caller waits for an attempt to end. Entity: request.
    BACKOFF : wait before an attempt. Entity: request; ordinal: attempt.
    LIFE : how long an instance is left to live. Entity: pool and zone; ordinal: instance.
    NOTICE : whether an instance is told that it is taken. Entity: pool and zone; ordinal: instance.
    ZONE_UP, ZONE_DOWN : how long a zone has capacity, and has none. Entity: zone from 1, or 0 for all; ordinal: period.
    TRACE_SHIFT : where in recorded capacity a run begins. Entity: 0.
    DEADLINE : how long after its arrival a request should be done. Entity: request.
    SPARE_START, SPARE_WAKE, SPARE_SPEED : the same of openings and wakes that are done for no request. Entity: their
        number; ordinal: part or rung.
    DRIFT : how far start-up times have moved since they were measured. Entity: 0.
    GPU : time on a GPU. Entity: request; ordinal: visit of a step.
    PRIORITY, SLOTS : the class of a request; slots that it needs. Entity: request.
    CALL_ERROR, CALL_BACKOFF : whether a try of a call fails; how long its client then waits. Entity: request; ordinal:
        place of the call among the steps of its request, and number of the try.
    ROUTE, OTHER_FIRST, OTHER_SPEED : whether a call goes to another model; its time to first token and tokens a second
        there. Entity: request; ordinal: place of the call among the steps of its request.
    """

    ARRIVAL = 1
    SESSION = 2
    SESSION_AGENT = 3
    SESSION_PICK = 4
    LOOP = 5
    CPU = 6
    WAIT = 7
    SPEED = 8
    TOKENS_IN = 9
    TOKENS_OUT = 10
    START = 11
    WAKE = 12
    BOOTSTRAP = 13
    PHASE = 14
    STAY = 15
    THINK = 16
    BLOCK = 17
    THIN = 18
    SHIFT = 19
    REQUEST_AGENT = 20
    ROW = 21
    FACTOR = 22
    FACTOR_START = 23
    JITTER = 24
    BULK = 25
    BULK_AGENT = 26
    COMMON = 27
    PATIENCE = 40
    KEEP_OPEN = 41
    PAYLOAD = 42
    STICK = 43
    CPU_SPEED = 44
    SPARE_START = 45
    SPARE_WAKE = 46
    SPARE_SPEED = 47
    TIMEOUT = 48
    BACKOFF = 49
    DRIFT = 50
    LIFE = 60
    NOTICE = 61
    ZONE_UP = 62
    ZONE_DOWN = 63
    TRACE_SHIFT = 64
    DEADLINE = 65
    GPU = 80
    PRIORITY = 81
    SLOTS = 82
    CALL_ERROR = 70
    CALL_BACKOFF = 71
    ROUTE = 72
    OTHER_FIRST = 73
    OTHER_SPEED = 74


def of_agent(agent: Int64s, ordinal: Int64s) -> Int64s:
    """Return the entity that stands for something an agent has many of, such as its requests.

    Unlike a row of a table, it does not move when another agent has one more or less.

    Parameters
    ----------
    agent : int64[n]
        Below 2^20.
    ordinal : int64[n]
        Number among the agent's own, below 2^28.
    """
    return agent << 28 | ordinal


def of_requests(agent: Int64s) -> Int64s:
    """Return the entities of requests, counted by agent.

    Parameters
    ----------
    agent : int64[n]
        Of each request; in rising order.
    """
    return of_agent(agent, np.arange(len(agent), dtype=np.int64) - np.searchsorted(agent, agent))


def uniform(seed: int, replication: int, stream: Stream, entity: Int64s, ordinal: Int64s | int = 0) -> Floats:
    """Return the uniform numbers at some addresses.

    Parameters
    ----------
    seed : int
        From 0 to 2^64 - 1.
    replication : int
        From 0 to 2^32 - 1.
    stream : Stream
        What it is for.
    entity : int64, any shape
        From 0 to 2^48 - 1.
    ordinal : int64 or int
        From 0 to 2^32 - 1; broadcast with ``entity``.

    Returns
    -------
    float64, shape of entity and ordinal together
        Multiples of 2^-53 strictly between 0 and 1, each as likely; the one 0 among them is 2^-54 instead.

    Raises
    ------
    ValueError
        A part of the address is out of range.
    """
    first, second = _words(seed, replication, stream, entity, ordinal)
    bits = first << np.uint64(21) | second >> np.uint64(11)
    return np.maximum(bits.astype(np.float64), 0.5) * 2.0**-53


def integers_below(
    below: int, seed: int, replication: int, stream: Stream, entity: Int64s, ordinal: Int64s | int = 0
) -> Int64s:
    """Return whole numbers from 0 to ``below - 1`` at some addresses.

    The number is ``floor(below w / 2^64)`` for 64 random bits w, exactly. No probability is off by more than 2^-64.

    Parameters
    ----------
    below : int
        From 1 to 2^32.
    seed, replication, stream, entity, ordinal
        The addresses, as in `uniform`.

    Raises
    ------
    ValueError
        ``below`` or a part of the address is out of range.
    """
    _check("below", below, 1, 2**32)
    high, low = _words(seed, replication, stream, entity, ordinal)
    times = np.uint64(below)
    return ((high * times + (low * times >> _HALF)) >> _HALF).astype(np.int64)


def philox(key: tuple[int, int], counter: tuple[Words, Words, Words, Words]) -> tuple[Words, Words, Words, Words]:
    """Philox4x32-10: four random words of 32 bits for each counter.

    Parameters
    ----------
    key : (int, int)
        Two words of 32 bits.
    counter : uint64[n] four times
        Words of 32 bits, in 64-bit integers.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (
            (p1 >> _HALF) ^ c1 ^ np.uint64(k0), p1 & _MASK,
            (p0 >> _HALF) ^ c3 ^ np.uint64(k1), p0 & _MASK,
        )  # fmt: skip
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return c0, c1, c2, c3


def _words(
    seed: int, replication: int, stream: Stream, entity: Int64s, ordinal: Int64s | int
) -> tuple[Words, Words]:
    """Return the first two random words at each address."""
    _check("seed", seed, 0, 2**64 - 1)
    _check("replication", replication, 0, 2**32 - 1)
    entities, ordinals = np.broadcast_arrays(np.asarray(entity, np.int64), np.asarray(ordinal, np.int64))
    shape = entities.shape
    entities, ordinals = entities.ravel(), ordinals.ravel()
    for name, values, bits in (("entity", entities, 48), ("ordinal", ordinals, 32)):
        if len(values):
            _check(name, int(values.min()), 0, 2**bits - 1)
            _check(name, int(values.max()), 0, 2**bits - 1)
    first, second = np.empty(len(entities), np.uint64), np.empty(len(entities), np.uint64)
    key = seed & 0xFFFFFFFF, seed >> 32
    for begin in range(0, len(entities), _BLOCK):  # blocks that stay in the processor's cache
        part = slice(begin, begin + _BLOCK)
        whom, which = entities[part].astype(np.uint64), ordinals[part].astype(np.uint64)
        high = whom >> _HALF | np.uint64(stream << 16)
        counter = (which, whom & _MASK, high, np.full_like(which, replication))
        first[part], second[part] = philox(key, counter)[:2]
    return first.reshape(shape), second.reshape(shape)


def _check(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} {value} is not from {least} to {most}")

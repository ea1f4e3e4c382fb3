"""Small runs, written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sim import catalog
from sim.billing import CutOff, Observed, Requests, Steps
from sim.catalog.profiles import Profile, Rung
from sim.engine.contract import NEVER, State, Warmth
from sim.scenario.deployment import Labour
from sim.trace.spans import Spans
from sim.trace.window import Window

S = 1_000_000
MIN, H, D = 60 * S, 3600 * S, 86_400 * S
GIB = 2**30
STARTING, IDLE, BUSY = State.STARTING, State.IDLE, State.BUSY
ENTERING, RESTING, WAKING = State.ENTERING, State.RESTING, State.WAKING

Span = tuple[int, State, int, int, int]
"""Instance, state, rung, begin, end."""


@dataclass(frozen=True)
class Deployment:
    """What a bill needs of a bound deployment."""

    profile: Profile
    size: str | None
    vcpu: Fraction
    memory: int
    base_memory: int
    minimum: int
    ladder: tuple[Rung, ...]
    labour: Labour | None = None
    schedule: tuple[tuple[int, int], ...] = ()


def deployment(
    platform: str, size: str | None = None, vcpu: Fraction | int = 1, memory: int = GIB, minimum: int = 0
) -> Deployment:
    """Bind a platform of the catalogue; a named size brings its own cores and memory."""
    profile = catalog.profile(platform)
    if size is not None:
        vcpu, memory = profile.sizes[size].vcpu, profile.sizes[size].memory
    base = profile.base_memory.value
    return Deployment(profile, size, Fraction(vcpu), memory, base, minimum, profile.ladder)


def life(instance: int, begin: int, *phases: tuple[State, int] | tuple[State, int, int]) -> list[Span]:
    """Spans of an instance: phases one after the other, each with its length and perhaps its rung."""
    spans, at = [], begin
    for state, length, *rung in phases:
        spans.append((instance, state, rung[0] if rung else NEVER, at, at + length))
        at += length
    return spans


def spans_of(spans: Iterable[Span]) -> Spans:
    """Arrays of spans, sorted as they should be."""
    rows = sorted((row for row in spans if row[4] > row[3]), key=lambda row: (row[0], row[3]))
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return Spans(columns[0], columns[1].astype(np.int8), columns[2].astype(np.int8), columns[3], columns[4], 0)


def requests_of(requests: Sequence[tuple[int, int, int, Warmth]]) -> Requests:
    """Arrays of requests: started, ended, instance, warmth; each needs 256 MiB."""
    columns = np.array(requests, dtype=np.int64).reshape(-1, 4).T
    return Requests(columns[0], columns[1], columns[2], columns[3].astype(np.int8), np.full_like(columns[0], GIB // 4),
                    np.zeros(0, dtype=np.int64))


def steps_of(steps: Sequence[tuple[int, int, int, int, int, int]]) -> Steps:
    """Arrays of steps: ended, cpu, tokens in, cached, out, model; of requests that arrived as they ended."""
    columns = np.array(steps, dtype=np.int64).reshape(-1, 6).T
    return Steps(columns[0], *columns)


def seen(
    horizon: int,
    spans: Spans | Iterable[Span] = (),
    requests: Sequence[tuple[int, int, int, Warmth]] = (),
    steps: Sequence[tuple[int, int, int, int, int, int]] = (),
    warm_up: int = 0,
    cut_off: Sequence[tuple[int, int]] = (),
) -> Observed:
    """A run with one pool, of which so much counts after the warm-up; and when CPU was cut off, and how much."""
    made = spans if isinstance(spans, Spans) else spans_of(spans)
    instances = max([int(made.instance.max(initial=-1)), *(instance for _, _, instance, _ in requests)]) + 1
    window = Window(warm_up, warm_up + horizon)
    at, cpu = np.array(cut_off, dtype=np.int64).reshape(-1, 2).T
    return Observed(window, made, np.zeros(instances, dtype=np.int64), requests_of(requests), steps_of(steps),
                    CutOff(at, cpu))

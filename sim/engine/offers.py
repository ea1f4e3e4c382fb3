"""From what a deployment says of spot capacity to the offers that a model reads, and to their prices.

A zone has capacity while its own cycle or recording says so and there is no outage of all zones. Cycles have run for
twenty of their mean lengths when a run begins, so that what it begins with is as likely as at any other time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from sim import luck
from sim.distributions import LARGEST, Distribution
from sim.engine.contract import NEVER, Bools, Checkpoints, Demand, Int64s, Market, Offer, Recovery, Resume
from sim.engine.policies import daly, exact, young
from sim.luck import Stream
from sim.scenario import BoundDeployment, market, recordings
from sim.scenario.market import Checkpoint, Cycle, Spot, Trace
from sim.units import SECOND

_BEFORE = 20
"""Mean lengths of a cycle for which it has run when a run begins."""

_BLOCK = 64
"""Periods of a cycle that are drawn together."""

_LIVES = 65_536
"""Lives that are drawn for the instances of an offer, of all pools together; then they come again."""

_POLICIES = {"young": young, "daly": daly, "exact": exact}


@dataclass(frozen=True, slots=True)
class Windows:
    """When something is there: from each of ``opens`` until each of ``closes``.

    Attributes
    ----------
    opens, closes : int64[w]
        Microseconds; rising, at least 0; the last of ``closes`` may be NEVER.
    """

    opens: Int64s
    closes: Int64s


ALWAYS = Windows(np.zeros(1, np.int64), np.full(1, NEVER, np.int64))


@dataclass(frozen=True, slots=True)
class Prices:
    """What an hour on an offer costs, over time.

    Attributes
    ----------
    begin : int64[k]
        Microseconds from which a price holds, rising from 0 or earlier.
    rate : tuple of Decimal
        Dollars an hour, of each.
    source : str
        Who says so.
    """

    begin: Int64s
    rate: tuple[Decimal, ...]
    source: str


def offers(
    deployment: BoundDeployment, demand: Demand, pools: int, directory: Path, seed: int, replication: int
) -> dict[str, Any]:
    """Lower what a deployment says of instances that can be taken back.

    Parameters
    ----------
    deployment : BoundDeployment
    demand : Demand
    pools : int
    directory : Path
        Where recordings are looked for.
    seed, replication : int
        Where luck is addressed.

    Returns
    -------
    dict
        ``market`` and ``recovery`` of `Capacity`; nothing where no instance is taken back.
    """
    spot = deployment.spot
    if spot is None:
        return {}
    drawn = _Luck(spot, directory, seed, replication, demand.stop)
    found = [drawn.offer(zone, pools) for zone in range(len(spot.zones))]
    if spot.on_demand != "never":
        after = {"now": 0, "deadline": NEVER}.get(str(spot.on_demand), spot.on_demand)
        nobody = np.zeros((pools, 1), np.bool_)
        found.append(Offer(ALWAYS.opens, ALWAYS.closes, np.full((pools, 1), NEVER, np.int64), nobody,
                           after=int(after), by_deadline=spot.on_demand == "deadline"))
    deadline = demand.deadline if spot.on_demand == "deadline" else np.zeros(0, np.int64)
    return {"market": Market(tuple(found), deadline), "recovery": _recovery(deployment, directory)}


def prices(
    deployment: BoundDeployment, directory: Path, seed: int, replication: int, stop: int
) -> tuple[Prices | None, ...]:
    """Return what each offer costs over a run, in the order of the offers; None where its platform's prices say it.

    Parameters
    ----------
    deployment : BoundDeployment
        With spot capacity.
    directory : Path
    seed, replication : int
    stop : int
        End of the run.
    """
    spot = deployment.spot
    assert spot is not None
    on_demand: tuple[Prices | None, ...] = (None,) * (spot.on_demand != "never")
    if spot.price is not None:
        return (Prices(np.zeros(1, np.int64), (spot.price,), "the scenario"),) * len(spot.zones) + on_demand
    if spot.trace is None or spot.trace.price is None:
        return (None,) * len(spot.zones) + on_demand
    drawn = _Luck(spot, directory, seed, replication, stop)
    return tuple(drawn.prices(zone) for zone in range(len(spot.zones))) + on_demand


def mean_life(spot: Spot, directory: Path) -> float:
    """Return the mean time between interruptions of an instance that is there, in microseconds.

    Rates of what can take it add up: of its life, of the end of its zone's capacity, of an outage. Of a recording it is
    the time with capacity over the number of times that it ended, in all zones that are used.
    """
    rate = 0.0
    laws = [spot.lifetime, *(cycle.up for cycle in (spot.availability, spot.outages) if cycle is not None)]
    for law in laws:
        if law is not None:
            rate += 1.0 / law.load(directory).mean
    if spot.trace is not None:
        series = [_recorded(spot.trace, zone, directory) for zone in spot.zones]
        lost = sum(int((one.up[:-1] & ~one.up[1:]).sum()) for one in series)
        there = sum(int(np.diff(np.append(one.at, one.length))[one.up].sum()) for one in series)
        rate += lost / there if there else 0.0
    return 1.0 / rate if rate else float("inf")


def interval(spot: Spot, checkpoint: Checkpoint, directory: Path) -> int:
    """Return the work between two checkpoints, in microseconds; NEVER where they are written on notice only."""
    if isinstance(checkpoint.every, int):
        return checkpoint.every
    life = mean_life(spot, directory)
    if checkpoint.every == "on-notice" or life == float("inf"):
        return NEVER
    return max(1, round(_POLICIES[checkpoint.every](float(checkpoint.write), life)))


def _recovery(deployment: BoundDeployment, directory: Path) -> Recovery:
    said, spot = deployment.recovery, deployment.spot
    assert spot is not None
    if said is None:
        return Recovery(Resume.RESTART)
    if said.resume == "fail":
        return Recovery(Resume.RESTART, attempts=1)
    attempts = NEVER if said.attempts is None else said.attempts
    if said.checkpoint is None:
        resume = Resume.DURABLE if said.resume == "durable" else Resume.RESTART
        return Recovery(resume, said.again, attempts, said.replay)
    saved = Checkpoints(interval(spot, said.checkpoint, directory), said.checkpoint.write, said.checkpoint.restore,
                        spot.returns)
    return Recovery(Resume.CHECKPOINT, said.again, attempts, checkpoints=saved)


@dataclass(frozen=True, slots=True)
class _Luck:
    """Draws what is drawn for each zone and each instance of it."""

    spot: Spot
    directory: Path
    seed: int
    replication: int
    stop: int

    def offer(self, zone: int, pools: int) -> Offer:
        """Lower one zone."""
        spot, there = self.spot, self._there(zone)
        lives, noticed = np.full((pools, 1), NEVER, np.int64), np.ones((pools, 1), np.bool_)
        if spot.lifetime is not None or spot.noticed < 1:
            each = max(16, _LIVES // pools)
            lives, noticed = np.full((pools, each), NEVER, np.int64), np.ones((pools, each), np.bool_)
            whom, ordinal = np.repeat(np.arange(pools), each), np.tile(np.arange(each), pools)
            address = whom * market.MOST_ZONES + zone
            if spot.lifetime is not None:
                u = luck.uniform(self.seed, self.replication, Stream.LIFE, address, ordinal)
                lives = np.maximum(1, spot.lifetime.load(self.directory).integers(u)).reshape(pools, each)
            if spot.noticed < 1:
                u = luck.uniform(self.seed, self.replication, Stream.NOTICE, address, ordinal)
                noticed = (u < float(spot.noticed)).reshape(pools, each)
        return Offer(there.opens, there.closes, lives, noticed, spot.notice)

    def prices(self, zone: int) -> Prices:
        """Return the recorded prices of one zone from the beginning of a run on."""
        trace = self.spot.trace
        assert trace is not None and trace.price is not None
        series = _recorded(trace, self.spot.zones[zone], self.directory)
        at, rows = series.played(self._shift(series), self.stop)
        return Prices(at, tuple(series.price[row] for row in rows.tolist()), f"recorded in {trace.file}")

    def _there(self, zone: int) -> Windows:
        spot = self.spot
        found = ALWAYS
        if spot.trace is not None:
            series = _recorded(spot.trace, spot.zones[zone], self.directory)
            at, rows = series.played(self._shift(series), self.stop)
            found = _windows(at, series.up[rows])
        elif spot.availability is not None:
            found = self._cycle(spot.availability, zone + 1)
        if spot.outages is not None:
            found = _both(found, self._cycle(spot.outages, 0))
        return found

    def _shift(self, series: _Recorded) -> int:
        assert self.spot.trace is not None
        if self.spot.trace.shift != "random":
            return int(self.spot.trace.shift)
        u = luck.uniform(self.seed, self.replication, Stream.TRACE_SHIFT, np.zeros(1, np.int64))
        return int(u[0] * series.length)

    def _cycle(self, cycle: Cycle, whom: int) -> Windows:
        """Draw when something is there that comes and goes."""
        up, down = cycle.up.load(self.directory), cycle.down.load(self.directory)
        length = up.mean + down.mean
        begin = -round(_BEFORE * length) if length < LARGEST / _BEFORE else 0
        edges, at = [np.array([begin])], begin
        for first in range(0, 2**31, _BLOCK):
            if at >= self.stop:
                break
            ordinal = np.arange(first, first + _BLOCK)
            ends = at + np.cumsum(np.stack([self._period(law, stream, whom, ordinal) for law, stream in (
                (up, Stream.ZONE_UP), (down, Stream.ZONE_DOWN))], axis=1).ravel())
            edges.append(ends)
            at = int(ends[-1])
        every = np.concatenate(edges)
        return _windows(every, np.arange(len(every)) % 2 == 0)

    def _period(self, law: Distribution, stream: Stream, whom: int, ordinal: Int64s) -> Int64s:
        u = luck.uniform(self.seed, self.replication, stream, np.full(len(ordinal), whom), ordinal)
        return np.maximum(1, law.integers(u))


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What was recorded of a zone.

    Attributes
    ----------
    at : int64[k]
        Microseconds, rising from 0.
    up : bool[k]
        Whether there was capacity from then on.
    price : tuple of Decimal
        Dollars an hour from then on; none where that was not recorded.
    length : int
        Microseconds until it begins again.
    """

    at: Int64s
    up: Bools
    price: tuple[Decimal, ...]
    length: int

    def played(self, shift: int, stop: int) -> tuple[Int64s, Int64s]:
        """Return when what is said in which row begins to hold in a run, from its beginning to its end."""
        shift %= self.length
        copies = -(-(stop + shift) // self.length)
        at = (self.at + np.arange(copies)[:, None] * self.length - shift).ravel()
        rows = np.tile(np.arange(len(self.at)), copies)
        first = int(np.searchsorted(at, 0, side="right")) - 1
        return np.maximum(at[first:], 0), rows[first:]


def _recorded(trace: Trace, zone: str, directory: Path) -> _Recorded:
    """Read what was recorded of a zone; its last row is the end."""
    table = recordings.table(directory, trace.file)
    found = recordings.trace(table, trace)
    rows = [row for row, one in enumerate(table.texts(trace.zone or "")) if trace.zone is None or one == zone]
    at = np.rint(np.array(found.numbers(trace.time))[rows] * SECOND).astype(np.int64)
    up = np.array(found.numbers(trace.available))[rows] > 0
    texts = table.texts(trace.price) if trace.price is not None else ()
    price = tuple(Decimal(texts[row].strip()) for row in rows[:-1]) if trace.price is not None else ()
    return _Recorded(at[:-1], up[:-1], price, int(at[-1]))


def _windows(at: Int64s, up: Bools) -> Windows:
    """Return the times from 0 on when something is there that changes so; it stays as it is at last."""
    if not len(at):
        return Windows(np.zeros(0, np.int64), np.zeros(0, np.int64))
    change = np.flatnonzero(np.diff(up.astype(np.int8), prepend=0))
    edges = at[change]
    opens, closes = edges[0::2], edges[1::2]
    if len(closes) < len(opens):
        closes = np.append(closes, NEVER)
    later = (closes > 0) | (closes == NEVER)
    return Windows(np.maximum(opens[later], 0), closes[later])


def _both(one: Windows, other: Windows) -> Windows:
    """Return the times when both are there."""
    kept = list(_overlaps(one, other))
    return Windows(np.array([opens for opens, _ in kept], np.int64),
                   np.array([closes if closes < _END else NEVER for _, closes in kept], np.int64))


_END = 2**62


def _overlaps(one: Windows, other: Windows) -> Iterator[tuple[int, int]]:
    pairs = [[(opens, closes if closes != NEVER else _END) for opens, closes in zip(
        each.opens.tolist(), each.closes.tolist(), strict=True)] for each in (one, other)]
    first = second = 0
    while first < len(pairs[0]) and second < len(pairs[1]):
        (opens, closes), (opens2, closes2) = pairs[0][first], pairs[1][second]
        if max(opens, opens2) < min(closes, closes2):
            yield max(opens, opens2), min(closes, closes2)
        if closes <= closes2:
            first += 1
        else:
            second += 1

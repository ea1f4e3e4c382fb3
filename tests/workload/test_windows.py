"""Windows in which requests are merged: against closed forms for Poisson arrivals, and against a plain reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine import simulate
from sim.engine.contract import Demand
from sim.scenario.arrivals import Arrivals
from sim.trace.waits import waits
from sim.units import DAY, HOUR, MINUTE, SECOND
from sim.workload import ideal, work
from sim.workload.points import Points
from sim.workload.windows import hand_on
from tests.validation.support import servers
from tests.workload.support import draw, workload

RATE = 30  # an hour
POISSON: dict[str, Any] = {"poisson": {"rate": f"{RATE}/h"}}


def windowed(agents: int = 400, horizon: int = DAY, **window: Any) -> Demand:
    return draw(workload(POISSON | window, agents=agents), horizon=horizon)


def hold(of_agents: np.ndarray, theory: float) -> None:
    error = 5 * of_agents.std(ddof=1) / np.sqrt(len(of_agents))
    assert error < 0.03 * theory
    assert abs(of_agents.mean() - theory) < error


class TestTheory:
    """In equilibrium: counts leave out the first hour and what is still held at the horizon."""

    def counted(self, found: Demand) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Requests of each agent in 23 hours; those merged into them, and time held, for each request."""
        late = found.at >= HOUR
        n = np.bincount(found.agent[late], minlength=400)
        sums = [np.bincount(found.agent[late], values[late], minlength=400) for values in (found.coalesced, found.held)]
        return n, *sums

    @pytest.mark.parametrize("quiet", [20, 120, 300])
    def test_debounced_rate(self, quiet: int):
        # A request is handed on for each that is followed by quiet: chance exp(-rate w). The wait of the first has the
        # mean length of a busy period of M/D/inf: (exp(rate w) - 1) / rate.
        found = windowed(debounce={"quiet": f"{quiet} s"})
        n, merged, held = self.counted(found)
        load = RATE * quiet / 3600
        hold(n, 23 * RATE * np.exp(-load))
        hold((n + merged), 23 * RATE)
        hold(held / SECOND, 23 * RATE * np.exp(-load) * (np.exp(load) - 1) / RATE * 3600)

    def test_debounce_with_a_bound(self):
        # Bound equal to the quiet time: what comes in between changes nothing, so it is a window.
        found = windowed(debounce={"quiet": "2 min", "at_most": "2 min"})
        other = windowed(batch={"window": "2 min"})
        assert np.array_equal(found.at, other.at)
        assert np.array_equal(found.coalesced, other.coalesced)

    @pytest.mark.parametrize("window", [1, 10])
    def test_window(self, window: int):
        # A renewal process with cycles of the window and an exponential gap.
        found = windowed(batch={"window": f"{window} min"})
        n, merged, _ = self.counted(found)
        hold(n, 23 / (window / 60 + 1 / RATE))
        hold(n + merged, 23 * RATE)
        assert (found.held == window * MINUTE).all()

    def test_size(self):
        found = windowed(batch={"size": 5})
        n, _, held = self.counted(found)
        assert (found.coalesced == 4).all()
        hold(n, 23 * RATE / 5)
        hold(held / HOUR, 23 * RATE / 5 * 4 / RATE)

    def test_window_or_size(self):
        # Waits until 3 others have come or the window ends: mean of min(Erlang(3), w), and the mean of min(Poisson, 3).
        found = windowed(batch={"size": 4, "window": "4 min"})
        n, merged, held = self.counted(found)
        load = RATE * 4 / 60
        below = np.exp(-load) * np.array([1, load, load**2 / 2])
        others = (below * [0, 1, 2]).sum() + 3 * (1 - below.sum())
        # E[min(T_3, w)] = E[min(N(w), 3)] / rate, by Wald's identity on the events until the batch is closed.
        wait = others / RATE
        cycle = wait + 1 / RATE
        hold(n, 23 / cycle)
        hold(merged, 23 / cycle * others)
        hold(held / HOUR, 23 / cycle * wait)


def plainly(times: list[int], quiet: float, limit: float, size: float) -> list[tuple[int, int, int]]:
    """Merge one agent's requests by looking at each and asking whether the window is still open."""
    made: list[tuple[int, int, int]] = []
    left = list(times)
    while left:
        batch = [left.pop(0)]
        while left and len(batch) < size and left[0] < min(batch[-1] + quiet, batch[0] + limit):
            batch.append(left.pop(0))
        end = batch[-1] if len(batch) == size else min(batch[-1] + quiet, batch[0] + limit)
        if end < 1000:
            made.append((batch[0], int(end), len(batch) - 1))
    return made


INF = float("inf")
WINDOWS: list[tuple[dict[str, Any], Callable[[list[int]], list[tuple[int, int, int]]]]] = [
    ({"debounce": {"quiet": "7 us"}}, lambda times: plainly(times, 7, INF, INF)),
    ({"debounce": {"quiet": "7 us", "at_most": "20 us"}}, lambda times: plainly(times, 7, 20, INF)),
    ({"batch": {"window": "9 us"}}, lambda times: plainly(times, INF, 9, INF)),
    ({"batch": {"size": 3}}, lambda times: plainly(times, INF, INF, 3)),
    ({"batch": {"size": 3, "window": "9 us"}}, lambda times: plainly(times, INF, 9, 3)),
]


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 999), max_size=60).map(sorted), min_size=1, max_size=3),
       st.sampled_from(range(len(WINDOWS))))
def test_as_read_plainly(agents: list[list[int]], which: int):
    window, read = WINDOWS[which]
    arrivals = Arrivals.model_validate(POISSON | window)
    entity = np.repeat(np.arange(len(agents)), [len(times) for times in agents])
    ordinal = np.concatenate([np.arange(len(times)) for times in agents])
    at = np.array([time for times in agents for time in times], np.int64)
    found = hand_on(Points(entity, ordinal, at), arrivals, 1000)
    told = [(agent, first, end, merged) for agent, times in enumerate(agents) for first, end, merged in read(times)]
    ends = found.points.value
    assert told == list(zip(found.points.entity.tolist(), (ends - found.held).tolist(), ends.tolist(),
                            found.coalesced.tolist(), strict=True))  # fmt: skip


class TestDemand:
    def test_work_is_that_of_the_first(self):
        steps = [{"wait": "exponential(mean=1 min)"}]
        alone = draw(workload(POISSON, request=steps), horizon=DAY)
        found = draw(workload(POISSON | {"debounce": {"quiet": "2 min"}}, request=steps), horizon=DAY)
        first = np.searchsorted(alone.at, found.at - found.held)
        assert np.array_equal(alone.at[first], found.at - found.held)
        assert np.array_equal(work(alone)[first], work(found))

    def test_ideal_latency_counts_from_the_first(self):
        found = windowed(agents=3, batch={"window": "3 min"})
        outcome = simulate(found, servers(found, 1, slots=100))
        latency = ideal(found, outcome)
        assert (latency >= 3 * MINUTE + SECOND).all()
        # On a platform that adds nothing, it is what is had.
        assert np.array_equal(waits(found, outcome).latency, latency)

    def test_nothing_is_held_without_a_window(self):
        found = windowed(agents=3)
        assert not found.held.any() and not found.coalesced.any()

    @pytest.mark.parametrize("window", [{"debounce": {"quiet": "2 min"}}, {"batch": {"window": "2 min", "size": 3}}])
    def test_a_longer_horizon_only_adds(self, window: dict[str, Any]):
        short, long = (windowed(agents=1, horizon=horizon, **window) for horizon in (DAY, 2 * DAY))
        kept = long.at < DAY
        for name in ("at", "coalesced", "held"):
            assert np.array_equal(getattr(short, name), getattr(long, name)[kept])

"""The intervals of `steady` themselves: they cover as often as they say, and controls do not hide a wrong model."""

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.contract import State
from tests.stats.lindley import waits
from tests.validation.laws import EXPONENTIAL, arrivals
from tests.validation.steady import BATCHES, Estimate, Run, batch_means, controlled
from tests.validation.support import US, pool, requests

LOAD = 0.8


def estimate(service, gap, slower=1.0):
    """Mean wait in an M/M/1 queue, with controls, by Lindley's recursion; perhaps of a server that is too slow."""
    wait = waits(slower * service[None], gap[None], np.zeros(1))[0]
    s, t = service / LOAD - 1.0, gap - 1.0
    luck = [s, t, wait * s, wait * t, s * t, (service / LOAD) ** 2 - 2.0, gap**2 - 2.0]
    size = (len(gap) - len(gap) // 10) // BATCHES
    at = np.minimum(len(gap) // 10 + size * np.arange(BATCHES + 1), len(gap) - 1)
    edges = [np.diff(wait[at] ** power) / size for power in (1, 2)]
    return controlled(batch_means(wait), np.column_stack([*map(batch_means, luck), *edges]))


def test_intervals_cover_as_often_as_they_say():
    rng = np.random.default_rng(3)
    true = LOAD**2 / (1 - LOAD)
    runs = [estimate(rng.exponential(LOAD, 20_000), rng.exponential(1.0, 20_000)) for _ in range(300)]
    for level in (0.9, 0.95, 0.99):
        covered = sum(abs(run.value - true) <= run.half(level) for run in runs)
        sigma = np.sqrt(len(runs) * level * (1 - level))
        assert abs(covered - len(runs) * level) < 3.5 * sigma + 1, level
    assert np.mean([run.value for run in runs]) == pytest.approx(true, rel=0.003)


def test_controls_do_not_draw_a_wrong_model_to_the_right_theory():
    """A server that is 2% slower than the services say is found out, and its own mean is estimated."""
    rng = np.random.default_rng(4)
    run = estimate(rng.exponential(LOAD, 200_000), rng.exponential(1.0, 200_000), slower=1.02)
    slower = 1.02 * LOAD
    assert abs(run.value - slower**2 / (1 - slower)) <= run.half(0.999)
    assert abs(run.value - LOAD**2 / (1 - LOAD)) > 5 * run.half(0.999)


def test_a_control_that_does_not_vary_is_refused():
    with pytest.raises(ValueError, match="does not vary"):
        controlled(np.arange(BATCHES, dtype=float), np.full((BATCHES, 1), 0.1))


def test_an_interval_is_students():
    assert Estimate(1.0, 2.0, freedom=10).half(0.95) == pytest.approx(2 * 2.228, abs=1e-3)


def test_figures_of_a_run_are_what_they_say():
    """What every request finds and every gap holds, counted one by one."""
    at, service = arrivals(1, 500, EXPONENTIAL, 2.0)
    demand = requests(at, service)
    capacity = pool(demand, maximum=3, start=0.3, after=(1.0,), enter=(0.1,), keeps=(True,), wake=(0.2,))
    outcome = simulate(demand, capacity)
    run = Run(demand, outcome, service, EXPONENTIAL, 2.0)
    begin, end = demand.at[200], demand.at[201]
    assert run.found[200] == sum(outcome.ended[:200] > begin)
    left = [min(service[i], max(0.0, (outcome.ended[i] - begin) / US)) for i in range(200)]
    assert run.work[200] * 2.0 == pytest.approx(sum(left))
    moments = np.arange(begin, end, 20) + 10
    number = (outcome.arrived[:, None] <= moments) & (outcome.ended[:, None] > moments)
    assert run.per_gap(lambda k: k**2)[200] == pytest.approx(np.mean(number.sum(axis=0) ** 2) * run.gap[200], rel=1e-3)
    busy = (outcome.started[:, None] <= moments) & (outcome.ended[:, None] > moments)
    assert run.spell(State.BUSY)[200] == pytest.approx(np.mean(busy.sum(axis=0)) * run.gap[200], rel=1e-3)
    assert run.in_state(State.BUSY)[200] == sum((outcome.started < begin) & (outcome.ended > begin))

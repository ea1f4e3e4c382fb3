"""Work that is interrupted: closed forms against walks that know nothing of them, against limits, and each other.

The walks take one life after the other for many jobs at once, and do the phases of each (restore, work, write) in
order. A formula must be within the 99.9% interval of independent batches of jobs.
"""

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import lambertw

from sim.distributions import duration
from sim.engine.policies import daly, exact, young
from sim.theory import Availability, Checkpointed, Durable, Restarted
from sim.units import HOUR
from tests.test_theory import BATCHES, within

JOBS = 24 * 2_000


def walk(plan, lives, downtime, restore):
    """Play jobs: makespan, interruptions, and how often each piece of the plan began.

    ``plan`` is the pieces that are safe as soon as they end; ``restore[i]`` comes first when it goes on with piece i.
    """
    clock, failures = np.zeros(JOBS), np.zeros(JOBS)
    begun = np.zeros((len(plan), JOBS))
    left, fresh = lives(JOBS), np.ones(JOBS, bool)
    for number, piece in enumerate(plan):
        todo = np.arange(JOBS)
        while len(todo):
            first = np.where(fresh[todo], 0.0, restore[number])
            need = first + piece
            begun[number, todo] += left[todo] > first
            lasts = left[todo] >= need
            clock[todo] += np.where(lasts, need, left[todo] + downtime)
            left[todo] -= np.where(lasts, need, 0.0)
            fresh[todo[lasts]] = True  # the next piece goes on at once
            todo = todo[~lasts]
            failures[todo] += 1
            left[todo], fresh[todo] = lives(len(todo)), False
    return clock, failures, begun


def by_batch(values):
    return values.reshape(BATCHES, -1).mean(1)


@pytest.fixture
def rng():
    return np.random.default_rng(20261123)


@pytest.mark.parametrize(("work", "interval", "write", "restore", "life", "downtime"), [
    (10.0, 2.5, 0.1, 0.2, 5.0, 0.3),   # whole pieces: three writes
    (10.0, 3.0, 0.5, 1.0, 4.0, 2.0),   # a last piece of 1
    (3.0, math.inf, 0.5, 1.0, 2.0, 0.0),  # none is written: it begins anew
    (6.0, 1.0, 0.0, 0.5, 3.0, 1.0),    # written in no time
])  # fmt: skip
def test_makespan_and_failures_with_checkpoints(rng, work, interval, write, restore, life, downtime):
    pieces = []
    while work - sum(pieces) > interval:
        pieces.append(interval)
    pieces = [piece + write for piece in pieces] + [work - sum(pieces)]
    closed = Checkpointed(work, interval, write, restore, life, downtime)
    makespan, failures, _ = walk(pieces, lambda n: rng.exponential(life, n), downtime, [0.0, *[restore] * len(pieces)])
    assert within(by_batch(makespan), closed.makespan)
    assert within(by_batch(failures), closed.failures)
    assert closed.writes == len(pieces) - 1
    # What is lost is all that is neither work, nor a write that held, nor downtime.
    assert within(by_batch(makespan - failures * downtime - sum(pieces)) + 1.0, closed.lost + 1.0)


@pytest.mark.parametrize("text", ["exponential(mean=3 h)", "weibull(mean=3 h, shape=0.6)", "uniform(1 h, 5 h)"])
def test_restart_from_zero_under_any_law_of_lives(rng, text):
    life, steps = duration(text), [HOUR, HOUR // 2, HOUR]
    closed = Restarted(float(sum(steps)), life, HOUR / 4)
    # No piece is safe until the last, so the steps are one piece; how often each begins is counted from the lives.
    drawn = []

    def lives(n):
        drawn.append(life.quantile(rng.random(n)))
        return drawn[-1].copy()

    makespan, failures, _ = walk([closed.work], lives, HOUR / 4, [0.0])
    assert within(by_batch(makespan), closed.makespan)
    assert within(by_batch(failures) + 1.0, closed.attempts)
    every = np.concatenate(drawn)
    for before, expected in zip(np.cumsum([0, *steps[:-1]]), closed.executions(steps), strict=True):
        # Begun per job: a ratio whose error is at most that of the number of tries, taken at 4.5 of its deviations.
        assert (every > before).sum() / JOBS == pytest.approx(expected, abs=4.5 * failures.std() / math.sqrt(JOBS))


def test_restart_under_exponential_lives_is_one_segment():
    closed = Restarted(2.0 * HOUR, duration("exponential(mean=3 h)"), HOUR / 4)
    segment = Checkpointed(2.0, math.inf, 1.0, 1.0, 3.0, 0.25)
    assert closed.makespan / HOUR == pytest.approx(segment.makespan, rel=1e-12)
    assert closed.attempts - 1.0 == pytest.approx(segment.failures, rel=1e-12)


@pytest.mark.parametrize("replay", [0.0, 0.2])
def test_durable_steps(rng, replay):
    steps, life, downtime = (1.0, 0.5, 2.0, 0.1), 2.5, 0.4
    closed = Durable(steps, replay, life, downtime)
    makespan, failures, begun = walk(
        steps, lambda n: rng.exponential(life, n), downtime, [number * replay for number in range(len(steps))])
    assert within(by_batch(makespan), closed.makespan)
    assert within(by_batch(failures), closed.failures)
    for counted, expected in zip(begun, closed.executions, strict=True):
        assert within(by_batch(counted), expected)


def test_limits():
    # Without interruptions only the writes are added.
    assert Checkpointed(10.0, 3.0, 0.5, 9.0, math.inf, 9.0).makespan == 11.5
    assert Checkpointed(10.0, 3.0, 0.5, 9.0, 1e12, 9.0).makespan == pytest.approx(11.5, rel=1e-9)
    # Continuous free checkpoints and restores lose nothing: work, and a downtime at each interruption.
    often = Checkpointed(10.0, 1e-4, 0.0, 0.0, 5.0, 0.3)
    assert often.makespan == pytest.approx(10.0 + 10.0 / 5.0 * 0.3, rel=1e-4)
    assert often.lost == pytest.approx(0.0, abs=1e-3)
    # One step is one segment; steps without length do not exist.
    assert Durable((2.0,), 9.0, 3.0, 0.25).makespan == Checkpointed(2.0, 2.0, 9.0, 9.0, 3.0, 0.25).makespan
    # An interval that divides the work writes none after its end.
    assert [Checkpointed(6.0, tau, 1.0, 0.0, 9.0, 0.0).writes for tau in (2.0, 2.5, 3.0, 6.0, 7.0)] == [2, 2, 1, 0, 0]


@pytest.mark.parametrize("wrong", [(0.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)])
def test_what_has_no_end_is_refused(wrong):
    work, interval, life = wrong
    with pytest.raises(ValueError, match="above 0"):
        Checkpointed(work, interval, 0.1, 0.1, life, 0.0)
    with pytest.raises(ValueError, match="no instance lives"):
        Restarted(6.0 * HOUR, duration("uniform(1 h, 5 h)"), 0.0)


@pytest.mark.parametrize("load", [1e-12, 1e-9, 9.9e-7, 1.01e-6, 1e-4, 0.01, 0.3, 1.0, 3.0, 20.0])
def test_the_exact_interval_is_that_of_lamberts_function(load):
    mean_life = 1000.0
    found = exact(load * mean_life, mean_life)
    # -exp(-1 - l) is known to 1e-16 only, so near the branch point the root is to the square root of what is left.
    slack = max(1e-12, 1e-16 / load)
    expected = mean_life * (1.0 + lambertw(-math.exp(-1.0 - load)).real)
    if load > 1e-10:
        assert found == pytest.approx(expected, rel=10 * slack)
    u = found / mean_life
    assert u + math.log1p(-u) == pytest.approx(-load, rel=1e-8 if load > 1e-6 else 1e-5)


@pytest.mark.parametrize(("write", "life"), [(0.05, 5.0), (0.3, 5.0), (2.0, 5.0)])
def test_the_exact_interval_makes_segments_cheapest(write, life):
    pieces = 100_000.0

    def cost(interval):
        return Checkpointed(pieces * interval, interval, write, 0.7, life, 2.0).makespan / (pieces * interval)

    best = minimize_scalar(cost, bounds=(1e-3, 4 * life), method="bounded", options={"xatol": 1e-9}).x
    # The first and the last piece, which are not like the others, are one in 50,000.
    assert exact(write, life) == pytest.approx(best, rel=1e-4)


def test_policies_agree_where_writes_are_short():
    assert young(2.0, 100.0) == 20.0  # sqrt(2 * 2 * 100)
    assert daly(2.0, 100.0) == pytest.approx(20.0 * (1 + 0.1 / 3 + 0.01 / 9) - 2.0, rel=1e-15)
    assert daly(200.0, 100.0) == daly(900.0, 100.0) == 100.0  # as long as the life, from two lives on
    for write in (1e-3, 1e-2, 0.1):  # of a life: first order, then higher order
        assert abs(daly(write, 1.0) / exact(write, 1.0) - 1) < abs(young(write, 1.0) / exact(write, 1.0) - 1) / 10
    assert exact(0.0, 5.0) == young(0.0, 5.0) == daly(0.0, 5.0) == 0.0


def test_availability_of_a_zone_that_is_up_and_down_in_turn(rng):
    zone = Availability(up=3.0, down=1.0)
    assert zone.share == 0.75
    ups, downs = rng.gamma(0.5, 6.0, (BATCHES, 20_000)), rng.uniform(0.0, 2.0, (BATCHES, 20_000))
    assert within(ups.sum(1) / (ups + downs).sum(1), zone.share)
    assert zone.at(0.0) == 1.0
    assert zone.at(1e9) == pytest.approx(0.75)
    # The two-state chain by its matrix exponential.
    rates = np.array([[-1 / 3, 1 / 3], [1.0, -1.0]])
    values, vectors = np.linalg.eig(rates)
    moved = vectors @ np.diag(np.exp(values * 0.7)) @ np.linalg.inv(vectors)
    assert zone.at(0.7) == pytest.approx(moved[0, 0], rel=1e-12)

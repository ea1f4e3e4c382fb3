"""The model against a pool that opens an instance for a request that finds none free, and closes it when idle for long.

`steady` says how a figure and its interval come from a run. All intervals of this file hold together with probability
99.9% (Bonferroni). No half width may be more than 6% of theory's value for the cold share and 4% for the mean number
idle.
"""

import pytest

from sim.engine import simulate
from sim.engine.contract import NEVER, Reuse, State, Warmth
from sim.theory import ScaleByRequest
from tests.validation.laws import EXPONENTIAL, arrivals
from tests.validation.steady import Comparisons, Run
from tests.validation.support import pool, requests

ORDINARY = Comparisons(16)


def run_of(seed, n, mean, expiry, maximum, early, reuse=Reuse.MOST_RECENT):
    at, service = arrivals(seed, n, EXPONENTIAL, mean)
    demand = requests(at, service)
    capacity = pool(demand, maximum=NEVER if maximum is None else maximum, after=(expiry,), enter=(0.0,),
                    keeps=(False,), wake=(0.0,), early=early, reuse=reuse)  # fmt: skip
    return Run(demand, simulate(demand, capacity), service, EXPONENTIAL, mean)


def estimates(run):
    """Share of cold starts, and mean number of idle instances."""
    idle, found = run.in_state(State.IDLE), run.found
    controls = [*run.luck(idle[:-1]), found[:-1] ** 2 * run.t]
    edges = [idle, idle**2]
    cold = (run.outcome.warmth == Warmth.COLD)[:-1]
    return [run.estimate(values, controls, edges) for values in (cold, run.spell(State.IDLE))]


@pytest.mark.parametrize(("mean", "expiry", "maximum", "early"), [
    (0.7, 2.0, None, True), (3.0, 6.0, None, False), (10.0, 3.0, None, True),
    (3.0, 2.0, 5, True), (2.1, 4.0, 3, False), (8.0, 1.0, 10, False),
])  # fmt: skip
def test_scale_by_request(mean, expiry, maximum, early):
    run = run_of(round(10 * mean), 30_000, mean, expiry, maximum, early)
    theory = ScaleByRequest(1.0, 1.0 / mean, expiry, maximum)
    cold, idle = estimates(run)
    what = f"{mean} busy, expiry {expiry}, at most {maximum}, {'early' if early else 'late'}"
    ORDINARY.hold(f"{what}: cold", cold, theory.cold, 0.06)
    ORDINARY.hold(f"{what}: mean idle", idle, theory.mean_idle, 0.04)


@pytest.mark.parametrize("reuse", [Reuse.OLDEST, Reuse.NEWEST])
def test_the_theory_is_of_the_most_recent(reuse):
    """Other orders of reuse keep other instances warm; the intervals are narrow enough to tell."""
    theory = ScaleByRequest(1.0, 0.1, 3.0)
    cold, idle = estimates(run_of(100, 30_000, 10.0, 3.0, None, True, reuse))
    assert abs(idle.value - theory.mean_idle) > idle.half(ORDINARY.level)
    assert abs(cold.value - theory.cold) > cold.half(ORDINARY.level)

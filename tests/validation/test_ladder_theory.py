"""The model against closed forms of instances that fall asleep: delayed-off servers and ladders of three rungs.

`steady` says how a figure and its interval come from a run. All intervals of the ordinary profile of this file hold
together with probability 99.9% (Bonferroni), and those of the nightly profile likewise. No half width may be more than
3% of theory's value for shares of time, 4% for mean waits, 5% for shares of requests and of time waking, and 10% where
such a share is below 0.05; most are far narrower.
"""

import numpy as np
import pytest

from sim.distributions import count
from sim.engine import simulate
from sim.engine.contract import State, Warmth
from sim.stats import interval, mean
from sim.theory import AllAtOnce, Ladder, OneAtATime, Rung
from tests.validation.laws import CONSTANT, EXPONENTIAL, arrivals, gamma, lognormal
from tests.validation.steady import Comparisons, Run
from tests.validation.support import US, pool, requests

ORDINARY, NIGHTLY = Comparisons(160), Comparisons(40)
MANY = 10**6  # slots, where there is to be no limit
nightly = pytest.mark.nightly

# With shrinking times a timer that was set for a later rung still runs when an earlier deadline is set.
LADDERS = {
    "growing": (Rung(0.3, 0.1, 0.1), Rung(0.5, 0.2, 0.5), Rung(1.0, 0.3, 2.0)),
    "shrinking": (Rung(1.0, 0.1, 0.1), Rung(0.5, 0.2, 0.5), Rung(0.3, 0.3, 2.0)),
    "uneven": (Rung(0.5, 0.05, 0.05), Rung(1.2, 0.0, 0.3), Rung(0.2, 0.2, 1.0)),
}


def woken_from(outcome):
    """The rung from which a request's instance woke as it began; -1 where it did not. For one instance."""
    waking = outcome.turn_state == State.WAKING
    times, rungs = outcome.turn_time[waking], outcome.turn_rung[waking]
    last = np.searchsorted(times, outcome.started, "right") - 1
    return np.where(outcome.warmth == Warmth.WOKEN, rungs[last], -1)[:-1]


def marks(rungs):
    """Times after falling idle at which something happens, should nobody come."""
    at, out = 0.0, [0.0]
    for rung in rungs:
        out += [at + rung.after] + ([at + rung.after + rung.enter] if rung.enter else [])
        at = out[-1]
    return out


def sleep_controls(run, rungs):
    """Controls and edges: how long nobody comes once everybody has been served, and who comes before the own start."""
    wait = (run.outcome.started - run.at) / US
    last = (np.maximum.accumulate(run.outcome.ended) - run.at)[:-1] / US
    before = np.minimum(run.gap, wait[:-1])
    controls = [*run.luck(wait[:-1]), before + np.expm1(-wait[:-1]), (run.gap > wait[:-1]) - np.exp(-wait[:-1])]
    return [*controls, *run.beyond(last, *marks(rungs))], [wait, wait**2]


def hold_ladder(comparisons, what, run, rungs, theory):
    """Shares of time per state and rung, share woken from each rung, mean wait."""
    controls, edges = sleep_controls(run, rungs)

    def hold(figure, values, value, width):
        comparisons.hold(f"{what}: {figure}", run.estimate(values, controls, edges), value, width)

    hold("busy", run.spell(State.BUSY), theory.busy, 0.03)
    hold("idle", run.spell(State.IDLE), theory.idle, 0.03)
    woken = woken_from(run.outcome)
    for j, rung in enumerate(rungs):
        if rung.enter:
            hold(f"entering {j}", run.spell(State.ENTERING, j), theory.entering[j], 0.03)
        hold(f"resting {j}", run.spell(State.RESTING, j), theory.resting[j], 0.03)
        width = 0.05 if theory.woken[j] > 0.05 else 0.1
        hold(f"waking {j}", run.spell(State.WAKING, j), theory.waking[j], width)
        hold(f"woken from {j}", woken == j, theory.woken[j], width)
    wait = (run.outcome.started - run.outcome.arrived)[:-1] / US
    hold("mean wait", wait, theory.mean_wait, 0.03)


def ladder_pool(demand, rungs, **options):
    """Instances, one for each pool, that rest in their last rung at first."""
    return pool(
        demand, maximum=1, after=tuple(rung.after for rung in rungs), enter=tuple(rung.enter for rung in rungs),
        keeps=(True,) * len(rungs), wake=tuple(rung.wake for rung in rungs), initial_rung=len(rungs) - 1,
        **options)  # fmt: skip


@pytest.mark.parametrize(("law", "load", "ladder", "early"), [
    (EXPONENTIAL, 0.5, "growing", True), (EXPONENTIAL, 0.5, "shrinking", False),
    (gamma(1.5), 0.3, "shrinking", True), (CONSTANT, 0.7, "uneven", True), (lognormal(1.5), 0.8, "growing", False),
    pytest.param(EXPONENTIAL, 0.9, "shrinking", True, marks=nightly),
    pytest.param(gamma(1.5), 0.95, "uneven", False, marks=nightly),
], ids=str)  # fmt: skip
def test_a_ladder_one_at_a_time(law, load, ladder, early):
    rungs, night = LADDERS[ladder], load >= 0.9
    at, service = arrivals(round(100 * load), 1_000_000 if night else 30_000, law, load)
    demand = requests(at, service)
    run = Run(demand, simulate(demand, ladder_pool(demand, rungs, early=early)), service, law, load)
    theory = OneAtATime(Ladder(1.0, rungs), load, law.variance * load**2)
    what = f"{ladder} ladder, one at a time, {law}, at {load}"
    hold_ladder(NIGHTLY if night else ORDINARY, what, run, rungs, theory)


@pytest.mark.parametrize(("law", "text", "offered", "ladder", "early"), [
    (EXPONENTIAL, "exponential(mean=0.5)", 0.5, "growing", True),
    (lognormal(1.5), "lognormal(mean=0.8, cv=1.5)", 0.8, "shrinking", False),
    (CONSTANT, "constant(0.3)", 0.3, "uneven", True),
    (EXPONENTIAL, "exponential(mean=1.2)", 1.2, "shrinking", True),
], ids=str)  # fmt: skip
def test_a_ladder_all_at_once(law, text, offered, ladder, early):
    rungs = LADDERS[ladder]
    at, service = arrivals(round(1000 * offered), 40_000, law, offered)
    demand = requests(at, service)
    run = Run(demand, simulate(demand, ladder_pool(demand, rungs, slots=MANY, early=early)), service, law, offered)
    theory = AllAtOnce(Ladder(1.0, rungs), count(text))
    what = f"{ladder} ladder, all at once, {law}, {offered} offered"
    hold_ladder(ORDINARY, what, run, rungs, theory)


@pytest.mark.parametrize(("law", "load", "after", "enter", "wake"), [
    (EXPONENTIAL, 0.3, 2.0, 0.0, 0.5), (gamma(1.5), 0.5, 1.5, 0.1, 0.5), (EXPONENTIAL, 0.7, 1.0, 0.1, 1.0),
    (CONSTANT, 0.8, 0.5, 0.0, 2.0),
    pytest.param(EXPONENTIAL, 0.9, 0.5, 0.1, 2.0, marks=nightly),
], ids=str)  # fmt: skip
def test_a_delayed_off_server(law, load, after, enter, wake):
    """It is given up, and another one is opened; or it rests, and wakes: all the same. Start-up is exponential."""
    comparisons, n = (NIGHTLY, 500_000) if load >= 0.9 else (ORDINARY, 30_000)
    at, service = arrivals(round(100 * load), n, law, load)
    start = np.round(np.random.default_rng(n).exponential(wake, n), 6)
    demand = requests(at, service)
    outcome, resting = (
        simulate(demand, pool(demand, maximum=1, after=(after,), enter=(enter,), keeps=(rests,), start=start,
                              wake=(start,), early=rests))
        for rests in (False, True))  # fmt: skip
    np.testing.assert_array_equal(outcome.started, resting.started)
    run, rung = Run(demand, outcome, service, law, load), Rung(after, enter, wake, wake**2)
    theory = OneAtATime(Ladder(1.0, (rung,)), load, law.variance * load**2)
    cold = (outcome.warmth == Warmth.COLD)[:-1]
    opens, luck = (run.found == 0)[:-1] & cold, start[:-1] - wake
    controls, edges = sleep_controls(run, (rung,))
    controls += [opens * luck, opens * (luck**2 - wake**2)]

    def hold(figure, values, value, width):
        what = f"delayed-off server, {law}, at {load}: {figure}"
        comparisons.hold(what, run.estimate(values, controls, edges), value, width)

    busy, idle, starting, entering = (
        run.spell(state) for state in (State.BUSY, State.IDLE, State.STARTING, State.ENTERING))  # fmt: skip
    hold("cold", cold, theory.woken[0], 0.03)
    hold("busy", busy, theory.busy, 0.001)
    hold("idle", idle, theory.idle, 0.03)
    hold("starting", starting, theory.waking[0], 0.03)
    hold("off", run.gap - busy - idle - starting - entering, theory.resting[0], 0.03)
    hold("mean wait", (outcome.started - outcome.arrived)[:-1] / US, theory.mean_wait, 0.04)


def test_every_agent_has_a_ladder_of_its_own():
    """Agents are independent replications: plain means, and the interval that the product itself would give."""
    agents, each, load, rungs = 40, 1500, 0.5, LADDERS["shrinking"]
    rng = np.random.default_rng(4)
    at = np.cumsum(rng.exponential(1.0, (agents, each)), axis=1)
    agent = np.repeat(np.arange(agents), each)
    demand = requests(at.ravel(), rng.exponential(load, agents * each), agent=agent)
    outcome = simulate(demand, ladder_pool(demand, rungs, pools=agent))
    theory = OneAtATime(Ladder(1.0, rungs), load, load**2)
    waits = ((outcome.started - outcome.arrived) / US).reshape(agents, each).mean(axis=1)
    woken = (outcome.warmth == Warmth.WOKEN).reshape(agents, each).mean(axis=1)
    for values, value in ((waits, theory.mean_wait), (woken, float(theory.woken.sum()))):
        low, high = interval(mean(values.tolist()), ORDINARY.level)
        assert low <= value <= high
        assert high - low < 0.2 * value

"""The model against closed forms of queueing theory: always-on servers, with and without room to wait.

`steady` says how a figure and its interval come from a run. All intervals of the ordinary profile of this file hold
together with probability 99.9% (Bonferroni): with other seeds, one run of the file in a thousand would raise a false
alarm. Those of the nightly profile likewise. Seeds are fixed, so a test that passes goes on passing until the model or
the theory changes.

No interval may be wider than the test says, so that nothing passes by being vague. The half width of means and shares
is 0.1% to 1% of theory's value at most where there is one server or nobody waits, and 3% to 6% where there are several
servers. A percentile is held by the share of requests beyond it, whose interval theory's density there converts to one
of the percentile: at most 6% of it with one server, 8% to 10% with several. Shares of lost requests are known to 8%.

Utilisation is 0.3 to 0.8 here, and 0.9 and 0.95 with more requests in the nightly profile.
"""

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.contract import Fate, State, Warmth
from sim.theory import MG1, MGInfinity, MMc, MMcK, erlang_b
from tests.validation.laws import CONSTANT, EXPONENTIAL, UNIFORM, arrivals, gamma, lognormal, pareto
from tests.validation.steady import Comparisons, Run
from tests.validation.support import US, pool, requests, servers

ORDINARY, NIGHTLY = Comparisons(130), Comparisons(30)
MANY = 10**6  # slots, where there is to be no limit
nightly = pytest.mark.nightly


def waits(outcome):
    """Seconds from arrival to start of each request but the last."""
    return (outcome.started - outcome.arrived)[:-1] / US


# First come, first served


def idle_controls(run, mean):
    """Where there is one server: how long it is idle after a request, should nobody come before."""
    ready = (run.work[:-1] + run.service) * mean
    rest = np.maximum(run.gap - ready, 0.0)
    return [*run.beyond(ready, 0.0), rest**2 - 2.0 * np.exp(-ready)]


def many_servers_controls(run, mean, count, wait):
    """Where there are several: whether all are busy, and that work is in the system as long as who brought it."""
    full, excess = (run.found >= count)[:-1], np.maximum(run.work - count, 0.0)
    occupied = run.per_gap(lambda k: k >= count) - full
    held = run.service * mean * (wait + run.service * mean / 2.0)
    controls = [*run.luck(full), *run.luck(excess[:-1]), occupied, run.work[:-1] * mean - held]
    return controls, [run.found >= count, excess**2]


def tail_controls(run, queue, mean, mark):
    """For the share of waits beyond a mark: functions of the work found that rise towards it as its chance does."""
    work, slope = run.work * mean / queue.servers, queue.servers / mean - 1.0
    near = np.exp(-slope * np.maximum(mark - work, 0.0))
    below = (near * (work < mark))[:-1]
    squares = [below * (run.service**2 - 2.0), below * (run.gap**2 - 2.0), below * run.s * run.t]
    return [*run.luck(near[:-1]), *squares], [near / slope + np.maximum(work - mark, 0.0)]


def hold_mmc(comparisons, what, run, queue, mean, width, tail_width):
    """Probability of waiting, mean wait, mean number, and the waits that half and a tenth of who waits exceed."""
    count, wait = queue.servers, waits(run.outcome)
    one = count == 1
    controls, edges = (idle_controls(run, mean), []) if one else many_servers_controls(run, mean, count, wait)

    def hold(figure, values, theory):
        comparisons.hold(f"{what}: {figure}", run.estimate(values, controls, edges), theory, width)

    hold("probability of waiting", wait > 0, queue.wait_probability)
    hold("mean wait", wait, queue.mean_wait)
    hold("mean number", run.per_gap(lambda k: k), queue.mean_number)
    for share in (0.5, 0.1):
        p = 1.0 - queue.wait_probability * share
        mark = queue.wait_percentile(p)
        more, heights = tail_controls(run, queue, mean, mark)
        beyond = run.estimate(wait > mark, [*controls, *more], [*edges, *heights])
        comparisons.hold_percentile(f"{what}: beyond p{100 * p:.1f} of the wait", beyond, queue.wait_tail, mark,
                                    tail_width)  # fmt: skip


@pytest.mark.parametrize(("count", "load", "n", "width", "tail_width"), [
    (1, 0.3, 60_000, 0.01, 0.06), (1, 0.5, 40_000, 0.01, 0.06),
    (1, 0.7, 40_000, 0.01, 0.06), (1, 0.8, 40_000, 0.01, 0.06),
    (2, 0.3, 80_000, 0.06, 0.1), (3, 0.5, 80_000, 0.06, 0.1),
    (3, 0.7, 80_000, 0.04, 0.08), (3, 0.8, 80_000, 0.03, 0.08), (4, 0.8, 80_000, 0.05, 0.1),
    pytest.param(1, 0.9, 400_000, 0.005, 0.03, marks=nightly),
    pytest.param(1, 0.95, 800_000, 0.005, 0.03, marks=nightly),
    pytest.param(3, 0.9, 800_000, 0.01, 0.03, marks=nightly),
    pytest.param(3, 0.95, 800_000, 0.01, 0.05, marks=nightly),
])  # fmt: skip
def test_mmc(count, load, n, width, tail_width):
    mean = load * count
    at, service = arrivals(10 * count + round(100 * load), n, EXPONENTIAL, mean)
    demand = requests(at, service)
    run = Run(demand, simulate(demand, servers(demand, count)), service, EXPONENTIAL, mean)
    comparisons = NIGHTLY if load >= 0.9 else ORDINARY
    hold_mmc(comparisons, f"M/M/{count} at {load}", run, MMc(1.0, 1.0 / mean, count), mean, width, tail_width)


@pytest.mark.parametrize("how", ["minimum", "turn"])
def test_other_ways_to_be_mmc(how):
    """Instances that the minimum keeps from sleeping; an agent whose requests take turns, whatever room there is."""
    count, mean = (2, 1.4) if how == "minimum" else (1, 0.7)
    at, service = arrivals(7, 40_000, EXPONENTIAL, mean)
    if how == "minimum":
        demand = requests(at, service, drain=1000 * US)
        capacity = pool(demand, minimum=2, maximum=2, start=30.0, after=(0.5,), enter=(1.0,), keeps=(True,),
                        wake=(30.0,))  # fmt: skip
    else:
        demand = requests(at, service, agent=np.zeros(len(at)), serial=True)
        capacity = servers(demand, 3, slots=2)
    outcome = simulate(demand, capacity)
    assert (outcome.warmth == Warmth.WARM).all()
    run = Run(demand, outcome, service, EXPONENTIAL, mean)
    hold_mmc(ORDINARY, f"M/M/{count} at 0.7 by {how}", run, MMc(1.0, 1.0 / mean, count), mean, 0.04, 0.1)


@pytest.mark.parametrize(("law", "load"), [
    (CONSTANT, 0.3), (UNIFORM, 0.5), (gamma(3.0), 0.7), (CONSTANT, 0.8), (pareto(3.5), 0.5), (pareto(3.5), 0.8),
    (lognormal(2.0), 0.3), (lognormal(2.0), 0.5), (lognormal(2.0), 0.7), (lognormal(2.0), 0.8),
    pytest.param(lognormal(2.0), 0.9, marks=nightly), pytest.param(pareto(3.5), 0.95, marks=nightly),
], ids=str)  # fmt: skip
def test_mg1(law, load):
    comparisons, n = (NIGHTLY, 500_000) if load >= 0.9 else (ORDINARY, 25_000)
    at, service = arrivals(round(1000 * load), n, law, load)
    demand = requests(at, service)
    run = Run(demand, simulate(demand, servers(demand, 1)), service, law, load)
    wait, controls = waits(run.outcome), idle_controls(run, load)
    theory = MG1(1.0, load, law.variance * load**2)
    comparisons.hold(f"M/G/1 {law} at {load}: mean wait", run.estimate(wait, controls), theory.mean_wait, 0.001)
    comparisons.hold(f"M/G/1 {law} at {load}: probability of waiting", run.estimate(wait > 0, controls),
                     theory.utilisation, 0.03)  # fmt: skip


# Lost requests


def full_controls(run, capacity):
    """Whether there is room, for who comes and over time."""
    full = (run.found >= capacity)[:-1]
    return [full * run.t, *run.luck(run.found[:-1] ** 2), run.per_gap(lambda k: k >= capacity) - full]


@pytest.mark.parametrize(("count", "capacity", "offered", "early"), [
    (1, 5, 0.8, True), (3, 8, 2.1, False), (2, 6, 2.5, True),
])  # fmt: skip
def test_mmck(count, capacity, offered, early):
    at, service = arrivals(capacity, 40_000, EXPONENTIAL, offered)
    demand = requests(at, service)
    outcome = simulate(demand, pool(demand, minimum=count, maximum=count, queue=capacity - count, early=early))
    run, queue = Run(demand, outcome, service, EXPONENTIAL, offered), MMcK(1.0, 1.0 / offered, count, capacity)
    lost, wait = (outcome.fate == Fate.FAILED)[:-1], waits(outcome)
    controls, edges = full_controls(run, capacity), [run.found >= capacity]

    def hold(figure, values, theory, width):
        ORDINARY.hold(f"M/M/{count}/{capacity}, {offered} offered: {figure}", run.estimate(values, controls, edges),
                      theory, width)  # fmt: skip

    accepted = 1.0 - queue.blocking
    hold("share lost", lost, queue.blocking, 0.08)
    hold("mean number", run.per_gap(lambda k: k), queue.mean_number, 0.02)
    hold("busy servers", run.spell(State.BUSY), queue.utilisation * count, 0.01)
    hold("accepted and waits", ~lost & (wait > 0), accepted * queue.wait_probability, 0.03)
    hold("mean wait, 0 when lost", np.where(lost, 0.0, wait), accepted * queue.mean_wait, 0.05)
    mark = queue.wait_percentile(0.9)
    ORDINARY.hold_percentile(
        f"M/M/{count}/{capacity}, {offered} offered: beyond p90 of the wait",
        run.estimate(~lost & (wait > mark), controls, edges), lambda t: accepted * queue.wait_tail(t), mark, 0.08)


@pytest.mark.parametrize(("servers_", "offered", "law"), [
    (5, 3.0, EXPONENTIAL), (5, 3.0, gamma(2.0)), (12, 10.0, CONSTANT), (12, 10.0, UNIFORM),
], ids=str)  # fmt: skip
def test_erlang_b(servers_, offered, law):
    at, service = arrivals(servers_, 40_000, law, offered)
    demand = requests(at, service)
    outcome = simulate(demand, servers(demand, servers_, queue=0))
    run, theory = Run(demand, outcome, service, law, offered), erlang_b(servers_, offered)
    controls, edges = full_controls(run, servers_), [run.found >= servers_]
    what = f"M/G/{servers_}/{servers_} {law}, {offered} offered"
    lost = run.estimate((outcome.fate == Fate.FAILED)[:-1], controls, edges)
    ORDINARY.hold(f"{what}: share lost", lost, theory, 0.06)
    busy = run.estimate(run.spell(State.BUSY), controls, edges)
    ORDINARY.hold(f"{what}: busy servers", busy, offered * (1.0 - theory), 0.01)


# Room for all


@pytest.mark.parametrize(("law", "mean", "how"), [
    (lognormal(2.0), 5.0, "one instance"), (EXPONENTIAL, 1.0, "an instance each"),
    (CONSTANT, 2.5, "one instance"), (pareto(3.5), 12.0, "an instance each"),
], ids=str)  # fmt: skip
def test_mg_infinity(law, mean, how):
    at, service = arrivals(round(10 * mean), 40_000, law, mean)
    demand = requests(at, service)
    if how == "one instance":
        capacity = servers(demand, 1, slots=MANY)
    else:  # which is gone as soon as it is idle
        capacity = pool(demand, after=(0.0,), enter=(0.0,), keeps=(False,), wake=(0.0,))
    outcome = simulate(demand, capacity)
    run, theory = Run(demand, outcome, service, law, mean), MGInfinity(1.0, mean)
    what = f"M/G/infinity {law}, {mean} offered, {how}"
    busy = run.spell(State.BUSY)
    ORDINARY.hold(f"{what}: mean number", run.estimate(run.per_gap(lambda k: k)), mean, 0.001)
    nobody = theory.number_probability(0)
    if how == "one instance":
        ORDINARY.hold(f"{what}: busy", run.estimate(busy), 1.0 - nobody, 0.02)
    else:
        assert len(outcome.opener) == demand.n
        ORDINARY.hold(f"{what}: busy instances", run.estimate(busy), mean, 0.001)
    squares = run.estimate(run.per_gap(lambda k: k * k))
    ORDINARY.hold(f"{what}: mean square", squares, mean + mean**2, 0.02)
    for p in (0.25, 0.75):
        k = theory.number_percentile(p)
        beyond = 1.0 - sum(theory.number_probability(i) for i in range(k + 1))
        share = run.estimate(run.per_gap(lambda number, k=k: number > k))
        ORDINARY.hold(f"{what}: more than {k}", share, beyond, 0.06)

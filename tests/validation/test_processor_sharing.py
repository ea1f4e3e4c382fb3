"""The model against closed forms of processor sharing: requests on one instance that compete for its cores.

`steady` says how a figure and its interval come from a run. All intervals of the ordinary profile of this file hold
together with probability 99.9% (Bonferroni), and those of the nightly profile likewise. No half width may be more than
4% of theory's value (3% in the nightly profile; 6% where only short requests count).
"""

import numpy as np
import pytest

from sim.engine import simulate
from sim.theory import ProcessorSharing
from tests.validation.laws import CONSTANT, EXPONENTIAL, UNIFORM, arrivals, gamma
from tests.validation.steady import Comparisons, Run
from tests.validation.support import US, requests, servers

ORDINARY, NIGHTLY = Comparisons(40), Comparisons(12)
MANY = 10**6  # slots, where there is to be no limit
nightly = pytest.mark.nightly


@pytest.mark.parametrize(("cores", "law", "load", "n"), [
    (1, EXPONENTIAL, 0.3, 30_000), (1, EXPONENTIAL, 0.7, 40_000), (1, EXPONENTIAL, 0.8, 40_000),
    (1, gamma(2.0), 0.5, 40_000), (1, gamma(2.0), 0.8, 80_000), (1, CONSTANT, 0.8, 30_000),
    (2, EXPONENTIAL, 0.8, 40_000), (2, CONSTANT, 0.8, 30_000), (2, gamma(2.0), 0.7, 60_000),
    (4, UNIFORM, 0.8, 30_000), (4, gamma(2.0), 0.5, 30_000), (1.5, UNIFORM, 0.7, 30_000),
    pytest.param(1, EXPONENTIAL, 0.9, 500_000, marks=nightly), pytest.param(2, gamma(2.0), 0.9, 800_000, marks=nightly),
    pytest.param(1, CONSTANT, 0.95, 800_000, marks=nightly),
], ids=str)  # fmt: skip
def test_processor_sharing(cores, law, load, n):
    mean, night = load * cores, load >= 0.9
    at, service = arrivals(round(100 * load + 10 * cores), n, law, mean)
    demand = requests(at, cpu=service)
    outcome = simulate(demand, servers(demand, 1, slots=MANY, cores=cores))
    run, theory = Run(demand, outcome, service, law, mean, cores), ProcessorSharing(1.0, mean, cores)
    controls = []
    for bound in (1.0, 3.0) if law.square > 2.0 else ():
        short = np.minimum(run.service, bound) - law.capped(bound)
        controls += [short, short * run.found[:-1], short * run.work[:-1]]
    response = ((outcome.ended - outcome.arrived) / US)[:-1]
    comparisons, width = (NIGHTLY, 0.03) if night else (ORDINARY, 0.04)

    what = f"{cores} cores shared, {law}, at {load}"
    number = run.estimate(run.per_gap(lambda k: k), controls)
    comparisons.hold(f"{what}: mean number", number, theory.mean_number, width)
    comparisons.hold(f"{what}: mean response", run.estimate(response, controls), theory.mean_response, width)
    if law.variance:  # in proportion to the work: a short request is not held up by long ones
        short = run.estimate(response * (run.service < 1.0), controls)
        comparisons.hold(f"{what}: of the short", short, theory.response_of(law.below(1.0) * mean), 0.06)

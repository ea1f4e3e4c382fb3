"""Queues in order of class or of length, shared GPUs and batches, against closed forms.

`steady` says how figures and intervals come from runs; a mean is estimated from batch means, with the wait of the same
requests in order of arrival, whose mean is known, as a control: the order changes who waits, and not how much work
there is. All intervals of the ordinary profile of this file hold together with probability 99.9% (Bonferroni).
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from sim.engine import simulate
from sim.engine.contract import CORE, Gpu, Queueing
from sim.theory import MG1, Batch, MMc, PriorityMG1, PriorityMMc, ProcessorSharing, ShortestFirst
from tests.validation.laws import CONSTANT, EXPONENTIAL, UNIFORM, arrivals, gamma
from tests.validation.steady import Comparisons, Run, batch_means, controlled
from tests.validation.support import US, requests, servers

TRIED = Comparisons(32)


def wait_of(outcome):
    return (outcome.started - outcome.admitted) / US


def per_class(wait, mine):
    """Wait of a class as a mean over all requests: in theory, its mean wait times its share."""
    return batch_means(wait * mine)


@pytest.mark.parametrize(("count", "law"), [
    (1, UNIFORM), (3, EXPONENTIAL), pytest.param(1, EXPONENTIAL, marks=pytest.mark.nightly)], ids=str)
def test_classes_that_do_not_preempt(count, law):
    n, load, shares = 60_000, 0.75, (0.2, 0.3, 0.5)
    at, service = arrivals(17 + count, n, law, load * count)
    rank = np.random.default_rng(5).choice(3, n, p=shares)
    demand = requests(at, wait=service)
    plain = servers(demand, count)
    fifo, ranked = (wait_of(simulate(demand, one)) for one in (plain, replace(plain, queueing=Queueing(rank=rank))))
    mean = load * count
    if count == 1:
        theory = PriorityMG1(shares, [mean] * 3, [law.square * mean**2] * 3)
        usual = MG1(1.0, mean, law.variance * mean**2).mean_wait
    else:
        theory, usual = PriorityMMc(shares, 1.0 / mean, count), MMc(1.0, 1.0 / mean, count).mean_wait
    controls = [batch_means(fifo) - usual]
    for number, share in enumerate(shares):
        mine = rank == number
        figure = controlled(per_class(ranked, mine), np.column_stack(
            [*controls, batch_means(mine - share), batch_means(fifo * (mine - share))]))
        TRIED.hold(f"class {number} of {count} servers, {law}", figure, share * theory.mean_wait(number), 0.1)
    # Whoever goes first, the work is the same, so the mean over all is that of the order of arrival (M/M/c), exactly so
    # in theory: Kleinrock's conservation law.
    assert math.isclose(sum(s * theory.mean_wait(k) for k, s in enumerate(shares)), usual, rel_tol=1e-9)


def test_shortest_first():
    n, load = 60_000, 0.8
    at, service = arrivals(23, n, EXPONENTIAL, load)
    demand = requests(at, wait=service)
    plain = servers(demand, 1)
    rank = demand.by_request(demand.step_wait)
    fifo, ranked = (wait_of(simulate(demand, one)) for one in (plain, replace(plain, queueing=Queueing(rank=rank))))
    theory = ShortestFirst(1.0, lambda x: math.exp(-x / load) / load, 2.0 * load**2)
    control = batch_means(fifo) - MG1(1.0, load, load**2).mean_wait
    work = batch_means(service - load)
    TRIED.hold("shortest first", controlled(batch_means(ranked), np.column_stack([control, work])), theory.mean_wait,
               0.05)
    below = service < load / 2  # a short one: its wait is that of the load that is shorter still
    share = 1.0 - math.exp(-0.5)
    expected = quad(lambda x: theory.wait_of(x) * math.exp(-x / load) / load, 0.0, load / 2)[0]
    figure = controlled(batch_means(ranked * below), np.column_stack([control, batch_means(below - share), work]))
    TRIED.hold("short ones of shortest first", figure, expected, 0.05)


def on_gpu(at, decode, gpu, slots):
    """Requests that only decode, on one GPU."""
    demand = requests(at, wait=0)
    micro = np.rint(decode * US).astype(np.int64)
    demand = replace(demand, step_wait=np.zeros(demand.n, np.int64), step_prefill=np.zeros(demand.n, np.int64),
                     step_decode=micro)
    return demand, replace(servers(demand, 1, slots=slots), gpu=gpu)


@pytest.mark.parametrize(("law", "load", "n"), [
    (CONSTANT, 0.8, 30_000), pytest.param(EXPONENTIAL, 0.7, 40_000, marks=pytest.mark.nightly),
    pytest.param(gamma(2.0), 0.7, 60_000, marks=pytest.mark.nightly)], ids=str)
def test_equal_shares_are_processor_sharing_whatever_the_law(law, load, n):
    at, service = arrivals(31, n, law, load)
    demand, serves = on_gpu(at, service, Gpu(CORE, CORE, CORE, CORE), 10**6)
    outcome = simulate(demand, serves)
    response = outcome.ended - outcome.arrived
    cpu = requests(at, cpu=service)
    shared = simulate(cpu, servers(cpu, 1, slots=10**6, cores=1))
    # The same law as a core that is shared, but for one millionth in the pace: the same run, to the microsecond or so.
    assert abs(response - (shared.ended - shared.arrived)).max() <= 1e-4 * (shared.ended - shared.arrived).max() + 3
    # Insensitivity: E[T | x] = x / (1 - rho), so the mean is E[x] / (1 - rho) for any law.
    run, theory = Run(demand, outcome, service, law, load, 1), ProcessorSharing(1.0, load, 1)
    controls = []
    for bound in (1.0, 3.0) if law.square > 2.0 else ():
        short = np.minimum(run.service, bound) - law.capped(bound)
        controls += [short, short * run.found[:-1], short * run.work[:-1]]
    figure = run.estimate(response[:-1] / US, controls)
    TRIED.hold(f"processor sharing of {law}", figure, theory.mean_response, 0.04)


def test_a_batch_is_a_server_whose_speed_depends_on_who_is_there():
    # Llama-2-70B on 8 H100: 29.67 + 0.312 B ms; 128 tokens on average, at 8 requests a second; 64 at once at most.
    batch = Batch(29.67e-3, 0.312e-3, 64)
    alone, slows = batch.a + batch.b, batch.b / (batch.a + batch.b)
    rate, tokens, n = 8.0, 128, 40_000
    at, length = arrivals(41, n, EXPONENTIAL, 1.0)
    demand, serves = on_gpu(at / rate, length * tokens * alone, Gpu(CORE, CORE, 0, round(slows * CORE)), 64)
    outcome = simulate(demand, serves)
    response = (outcome.ended - outcome.arrived) / US
    theory = batch.mean_number(rate, tokens)
    gaps = np.diff(at, append=at[-1] + 1.0) - 1.0
    figure = controlled(batch_means(response), np.column_stack([batch_means(length - 1.0), batch_means(gaps)]))
    TRIED.hold("sequences in a batch", figure, theory / rate, 0.06)


@pytest.mark.parametrize("size", [1, 8, 64])
def test_saturated_batches(size):
    # Everybody comes at once: but for the last ones, the batch is always full, so tokens come at B / (a + b B).
    batch, tokens, n = Batch(29.67e-3, 0.312e-3, size), 100, 64 * 40
    alone, slows = batch.a + batch.b, batch.b / (batch.a + batch.b)
    demand, serves = on_gpu(np.zeros(n), np.full(n, tokens * alone), Gpu(CORE, CORE, 0, round(slows * CORE)), size)
    outcome = simulate(demand, serves)
    assert n * tokens / (outcome.ended.max() / US) == pytest.approx(batch.throughput(size), rel=1e-4)
    # As measured (Patel et al.): 34, 246 and 1276 tokens a second; the line is within 4% of them.
    assert batch.throughput(size) == pytest.approx({1: 34, 8: 246, 64: 1276}[size], rel=0.04)

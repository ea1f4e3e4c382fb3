"""The model against closed forms of callers who leave, and of openings that follow a token bucket.

All intervals of this file hold together with probability 99.9% (Bonferroni). No half width may be more than 6% of
theory's value; 12% for openings, whose waits are besides those of Lindley's recursion to the microsecond.
"""

import dataclasses
from math import exp, factorial

import numpy as np
import pytest
from scipy.integrate import quad

from sim.engine import simulate
from sim.engine.contract import Fate
from tests.validation.steady import Comparisons, batch_means, controlled
from tests.validation.support import US, pool, requests, servers

ORDINARY = Comparisons(15)


def estimate(values, *luck):
    """Estimate a mean, with controls: luck less its known mean."""
    return controlled(batch_means(values), np.column_stack([batch_means(one) for one in luck]))


# Callers who leave: M/M/c+M (Palm, 1957; Garnett, Mandelbaum & Reiman, 2002, M&SOM 4, 208-227)


def erlang_a(count, service, patience):
    """Share that leave, share that wait, and mean wait, by the balance of births and deaths; one arrival a second."""
    number = np.arange(2000)
    deaths = np.minimum(number, count) / service + np.maximum(number - count, 0) / patience
    log = -np.cumsum(np.log(deaths[1:]))
    weight = np.append(0.0, log)
    p = np.exp(weight - weight.max())
    p /= p.sum()
    queue = (np.maximum(number - count, 0) * p).sum()
    return queue / patience, p[count:].sum(), queue


@pytest.mark.parametrize(("count", "service", "patience"), [(5, 4.5, 3.0), (10, 12.0, 10.0), (1, 0.8, 2.0)])
def test_callers_who_leave(count, service, patience):
    rng, n = np.random.default_rng(count), 60_000
    gap, work, long = rng.exponential(1.0, n), rng.exponential(service, n), rng.exponential(patience, n)
    asked = requests(np.cumsum(gap), work)
    asked = dataclasses.replace(asked, patience=np.rint(long * US).astype(np.int64))
    outcome = simulate(asked, servers(asked, count))
    gone = outcome.fate == Fate.ABANDONED
    waited = np.where(gone, outcome.ended, outcome.started) - outcome.arrived
    leave, wait, mean = erlang_a(count, service, patience)
    luck = (gap - 1.0, work / service - 1.0, long / patience - 1.0)
    what = f"{count} servers, service {service}, patience {patience}"
    ORDINARY.hold(f"{what}: leave", estimate(gone, *luck), leave, 0.06)
    ORDINARY.hold(f"{what}: wait", estimate(waited > 0, *luck), wait, 0.06)
    ORDINARY.hold(f"{what}: mean wait", estimate(waited / US, *luck), mean, 0.06)


def test_without_patience_erlang_a_is_erlang_c_and_with_none_erlang_b():
    # With 5 servers and 4 erlangs, C = 0.554 and B = 0.199 (tables of Erlang's formulas).
    assert erlang_a(5, 4.0, 1e9)[1] == pytest.approx(0.5541, abs=1e-3)
    assert erlang_a(5, 4.0, 1e-9)[0] == pytest.approx(0.1991, abs=1e-4)


# Openings by a token bucket: a request waits as in a queue with one server and constant service, less the burst


def later_than(load, wait):
    """Share that waits longer in M/D/1, service 1 (Erlang, 1909; Crommelin, 1932)."""
    terms = (exp(load * (wait - k)) * (load * (k - wait)) ** k / factorial(k) for k in range(int(wait) + 1))
    return 1.0 - (1.0 - load) * sum(terms)


@pytest.mark.parametrize(("load", "burst"), [(0.5, 1), (0.5, 2), (0.6, 2)])
def test_openings_wait_for_tokens_as_in_a_queue_with_constant_service(load, burst):
    # Requests come one a second, and each opens an instance; its work outlasts the run, so nobody else has that.
    n, every = 40_000, round(load * US)
    gap = np.random.default_rng(burst).exponential(1.0, n)
    asked = requests(np.cumsum(gap), 10.0**7)
    serves = dataclasses.replace(pool(asked), pace_every=every, pace_burst=burst)
    found = simulate(asked, serves)
    delay = found.started - found.arrived
    # Work found by each, by Lindley's recursion in whole microseconds: the same to the microsecond.
    work, wanted = 0, []
    for before, at in zip(np.append(asked.at[0], asked.at[:-1]).tolist(), asked.at.tolist(), strict=True):
        work = max(0, work + (every if wanted else 0) - (at - before))
        wanted.append(max(0, work - (burst - 1) * every))
    assert delay.tolist() == wanted
    unit = delay / every
    beyond = later_than(load, burst - 1.0)
    # The mean of all is Pollaczek-Khinchine's; the series above loses its figures where waits are long.
    short = sum(quad(lambda x: later_than(load, x), k, k + 1.0)[0] for k in range(burst - 1))
    mean = load / (2 * (1 - load)) - short
    luck = [gap - 1.0, unit * np.append(gap[1:] - 1.0, 0.0)]
    what = f"load {load}, burst {burst}"
    ORDINARY.hold(f"{what}: wait", estimate(delay > 0, *luck), beyond, 0.12)
    ORDINARY.hold(f"{what}: mean wait", estimate(unit, *luck), mean, 0.12)

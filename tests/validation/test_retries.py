"""The model against closed forms of callers who try again, and what becomes of a crowd of them.

All intervals of this file hold together with probability 99.9% (Bonferroni). No half width may be more than 8% of
theory's value.
"""

import dataclasses
from math import sqrt

import numpy as np
import pytest
from scipy.special import ndtri

from sim.engine import simulate
from sim.engine.contract import NEVER, Callers, Cause, Fate
from sim.workload.seen import seen
from tests.validation.steady import Comparisons, batch_means, controlled
from tests.validation.support import US, requests, servers

ORDINARY = Comparisons(12)


def tried(at, work, delays, *, timeout=None, cancels=True):
    """Requests with an attempt for each row of ``work``; delays of all but the first; all in seconds."""
    n, count = work.shape
    first = np.arange(count) == 0
    asked = requests(np.where(first, at[:, None], delays).ravel(), work.ravel(), agent=np.arange(n).repeat(count))
    retry_of = np.where(first, NEVER, np.arange(n * count).reshape(n, count) - 1).ravel()
    limits = np.zeros(0, np.int64) if timeout is None else np.full(n * count, round(timeout * US))
    horizon = round(at.max() * US) + 1
    return dataclasses.replace(
        asked, horizon=horizon, stop=horizon + 10**6 * US,
        callers=Callers(retry_of, np.array([cause is not Cause.NONE for cause in Cause]), cancels, limits))  # fmt: skip


# M/M/1 with retrials: a caller who finds the server busy comes again after an exponential time (Falin & Templeton,
# Retrial Queues, 1997, section 1.2)


def orbit(load, retrial):
    """Mean number of callers who will come again: one arrival a second, each comes again at a rate."""
    return load * (1.0 + load * retrial) / ((1.0 - load) * retrial)


def balance(load, retrial, most=400):
    """The same, and the share of time that the server is busy, from the balance of the Markov chain.

    In state (busy, k) the next is (idle, k) at rate 1 / load, or (busy, k + 1) at rate 1; in (idle, k) it is (busy, k)
    at rate 1, or (busy, k - 1) at rate k retrial. Across the cut between k and k + 1 in orbit, flows are equal.
    """
    idle, busy = np.zeros(most), np.zeros(most)
    idle[0] = 1.0
    for k in range(most):
        # Flow out of (idle, k) is flow into it: (1 + k retrial) idle = busy / load.
        busy[k] = load * (1.0 + k * retrial) * idle[k]
        if k + 1 < most:
            idle[k + 1] = busy[k] / ((k + 1) * retrial)
    whole = idle.sum() + busy.sum()
    return (np.arange(most) * (idle + busy)).sum() / whole, busy.sum() / whole


@pytest.mark.parametrize(("load", "retrial"), [(0.4, 1.0), (0.6, 0.5), (0.3, 2.0)])
def test_the_closed_form_of_the_orbit_is_that_of_its_chain(load, retrial):
    assert balance(load, retrial) == pytest.approx((orbit(load, retrial), load), rel=1e-9)


def test_orbit_without_a_pause_is_a_queue():
    assert orbit(0.5, 1e9) == pytest.approx(0.5**2 / 0.5)


@pytest.mark.parametrize(("load", "retrial"), [(0.4, 1.0), (0.3, 2.0)])
def test_callers_who_come_again_until_the_server_is_free(load, retrial):
    n, most = 40_000, 24
    rng = np.random.default_rng(int(retrial))
    gap, work = rng.exponential(1.0, n), rng.exponential(load, n)
    asked = tried(np.cumsum(gap), np.repeat(work[:, None], most, axis=1), rng.exponential(1 / retrial, (n, most)))
    outcome = simulate(asked, servers(asked, 1, queue=0))
    came = (outcome.arrived >= 0).reshape(n, most)
    served = seen(asked, outcome)
    rows = np.flatnonzero(served.fate != Fate.ABSENT)
    assert (served.fate[rows] == Fate.COMPLETED).mean() > 0.9999, "attempts are as good as endless"
    luck = [batch_means(one) for one in (gap - 1.0, work / load - 1.0, (work / load) ** 2 - 2.0)]
    what = f"load {load}, retrial rate {retrial}"
    for name, values, theory in (
        ("blocked at first", came[:, 1], load),
        ("retrials", came.sum(axis=1) - 1, retrial * orbit(load, retrial)),
        ("time in orbit", (served.started - served.arrived)[rows] / US, orbit(load, retrial)),
    ):
        ORDINARY.hold(f"{what}: {name}", controlled(batch_means(values), np.column_stack(luck)), theory, 0.08)


# Attempts that fail by themselves: their number is geometric, cut off


@pytest.mark.parametrize(("fails", "most"), [(0.3, 3), (0.6, 5), (0.9, 2)])
def test_attempts_are_geometric_and_cut_off(fails, most):
    n = 15_000
    rng = np.random.default_rng(most)
    asked = tried(np.arange(n) * 1.0, np.full((n, most), 0.5), np.full((n, most), 0.1))
    serves = dataclasses.replace(servers(asked, 4), refused=rng.random(n * most) < fails)
    outcome = simulate(asked, serves)
    count = (outcome.arrived >= 0).reshape(n, most).sum(axis=1)
    failed = (seen(asked, outcome).fate == Fate.FAILED).sum()
    # At least k attempts: fails^(k - 1). So the mean is the sum of those, (1 - fails^most) / (1 - fails).
    chances = fails ** np.arange(most)
    mean = chances.sum()
    variance = ((2 * np.arange(1, most + 1) - 1) * chances).sum() - mean**2
    width = -ndtri(0.0005 / 6)
    assert mean == pytest.approx((1 - fails**most) / (1 - fails))
    assert abs(count.mean() - mean) < width * sqrt(variance / n)
    lost = fails**most
    assert abs(failed / n - lost) < width * sqrt(lost * (1 - lost) / n)


# A crowd that stays (Bronson et al., Metastable failures in distributed systems, HotOS 2021; Huang et al., OSDI 2022)


def late_goodput(*, step, cancels):
    """Share of requests between 600 s and 900 s that complete for their callers.

    Ten servers, work of 1 s on average, memoryless and drawn anew for each attempt, so that no work is lost with an
    attempt that is cancelled; callers give up after 2 s and try three times. Five requests come in a second, and with a
    step, thirty a second between 200 s and 230 s. Without retries ten servers do ten requests in a second.
    """
    rng = np.random.default_rng(3)
    at, more, most = np.cumsum(rng.exponential(1 / 5, 4500)), 200 + np.sort(rng.random(25 * 30)) * 30, 3
    at = np.sort(np.concatenate([at, more if step else more[:0]]))
    shape = len(at), most
    asked = tried(at, rng.exponential(1.0, shape), np.full(shape, 0.1), timeout=2.0, cancels=cancels)
    # What is left in the queue is of no interest.
    asked = dataclasses.replace(asked, stop=max(asked.horizon, 1000 * US))
    whole = seen(asked, simulate(asked, servers(asked, 10)))
    late = (whole.arrived >= 600 * US) & (whole.arrived < 900 * US)
    return (whole.fate[late] == Fate.COMPLETED).mean()


def test_a_crowd_stays_when_work_goes_on_for_nobody_and_goes_when_it_is_cancelled():
    """Three attempts at five requests a second are more than ten servers do, so once all time out, all always will.

    Cancelled, attempts that leave give way, and ten a second complete however long the queue is.
    """
    assert late_goodput(step=False, cancels=False) > 0.95
    assert late_goodput(step=True, cancels=False) < 0.05
    assert late_goodput(step=True, cancels=True) > 0.95

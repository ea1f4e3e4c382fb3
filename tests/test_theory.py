"""Closed forms against balance equations solved as a linear system, quadrature, limits, and small simulations.

The simulations know nothing of the formulas: they walk through events. Their results are means of independent batches,
and a formula must be within the batches' 99.9% interval.
"""

import heapq
import math

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from scipy.integrate import quad

from sim.distributions import count
from sim.theory import (
    MG1,
    AllAtOnce,
    Ladder,
    MGInfinity,
    MMc,
    MMcK,
    OneAtATime,
    ProcessorSharing,
    Rung,
    ScaleByRequest,
    erlang_b,
    erlang_c,
)

BATCHES = 24


def within(batches, value):
    """Whether a value is in the 99.9% interval of the mean of independent batches, which must not be empty of sense."""
    batches = np.asarray(batches, float)
    half = scipy.stats.t.ppf(0.9995, len(batches) - 1) * batches.std(ddof=1) / math.sqrt(len(batches))
    assert half < 0.2 * abs(batches.mean()) + 1e-3, "too few draws to say anything"
    return abs(batches.mean() - value) <= half


def stationary(births, deaths):
    """Stationary distribution of a birth-death process, from its generator as a system of linear equations."""
    size = len(births) + 1
    generator = np.diag(births, 1) + np.diag(deaths, -1)
    generator -= np.diag(generator.sum(axis=1))
    return np.linalg.solve(np.vstack([generator.T[:-1], np.ones(size)]), np.append(np.zeros(size - 1), 1.0))


def mmc_probabilities(rate, service, servers, capacity):
    return stationary(np.full(capacity, rate), np.minimum(np.arange(1, capacity + 1), servers) * service)


# M/M/c


@pytest.mark.parametrize("rho", [0.3, 0.8, 0.95])
def test_one_server(rho):
    queue = MMc(rho, 1.0)
    assert queue.wait_probability == pytest.approx(rho)
    assert queue.mean_wait == pytest.approx(rho / (1 - rho))
    assert queue.mean_number == pytest.approx(rho / (1 - rho))
    assert queue.response_tail(3.0) == pytest.approx(math.exp(-(1 - rho) * 3))
    assert queue.response_percentile(0.99) == pytest.approx(math.log(100) / (1 - rho))
    assert queue.wait_percentile(0.99) == pytest.approx(max(0, math.log(100 * rho) / (1 - rho)))
    assert queue.wait_percentile(0.9 * (1 - rho)) == 0


@pytest.mark.parametrize(("rate", "servers"), [(0.7, 1), (1.5, 2), (4.0, 5), (16.0, 20)])
def test_many_servers_solve_the_balance_equations(rate, servers):
    queue = MMc(rate, 1.0, servers)
    p = mmc_probabilities(rate, 1.0, servers, 600)
    assert queue.mean_number == pytest.approx(p @ np.arange(601), rel=1e-9)
    assert queue.wait_probability == pytest.approx(p[servers:].sum(), rel=1e-9)
    assert queue.utilisation == pytest.approx(p @ np.minimum(np.arange(601), servers) / servers)
    ahead = np.arange(1, 602 - servers)  # departures that are waited for: an Erlang time
    for t in (0.1, 1.0, 5.0):
        tail = p[servers:] @ scipy.stats.gamma.sf(t, ahead, scale=1 / servers)
        assert queue.wait_tail(t) == pytest.approx(tail, rel=1e-9)
        response = math.exp(-t) + quad(lambda s, t=t: math.exp(-s) * queue.wait_tail(t - s), 0, t)[0]
        assert queue.response_tail(t) == pytest.approx(response, rel=1e-9)
    assert queue.mean_wait == pytest.approx(quad(queue.wait_tail, 0, math.inf)[0])
    assert queue.mean_response == pytest.approx(quad(queue.response_tail, 0, math.inf)[0])


def test_percentiles_invert_the_tails():
    queue = MMc(8.0, 1.0, 10)
    for p in (0.7, 0.95, 0.999):
        assert queue.wait_tail(queue.wait_percentile(p)) == pytest.approx(1 - p)
        assert queue.response_tail(queue.response_percentile(p)) == pytest.approx(1 - p)


def test_response_where_the_two_exponentials_are_equal():
    equal, near = MMc(1.0, 1.0, 2), MMc(1.0 + 1e-7, 1.0, 2)  # c - 1 = a
    assert equal.response_tail(2.0) == pytest.approx(near.response_tail(2.0), rel=1e-5)


@pytest.mark.parametrize("rate", [0.0, 3.0, 4.0])
def test_a_queue_without_bound_is_refused(rate):
    with pytest.raises(ValueError, match="no steady state"):
        MMc(rate, 1.0, 3)


# M/M/c/K, Erlang B


@pytest.mark.parametrize(("rate", "servers", "capacity"), [
    (0.8, 1, 1), (0.8, 1, 10), (5.0, 3, 7), (3.0, 4, 30), (50.0, 9, 9),
])  # fmt: skip
def test_bounded_queue_solves_the_balance_equations(rate, servers, capacity):
    queue = MMcK(rate, 1.0, servers, capacity)
    p = mmc_probabilities(rate, 1.0, servers, capacity)
    np.testing.assert_allclose(queue.probabilities, p, atol=1e-12)
    assert queue.blocking == pytest.approx(p[-1])
    found = p[:-1] / p[:-1].sum()
    assert queue.wait_probability == pytest.approx(found[servers:].sum())
    ahead = np.maximum(np.arange(capacity) - servers + 1, 0)
    assert queue.mean_wait == pytest.approx(found @ ahead / servers, abs=1e-12)
    assert queue.mean_wait == pytest.approx(quad(queue.wait_tail, 0, 200, limit=200)[0], rel=1e-6, abs=1e-9)
    assert queue.utilisation == pytest.approx(p @ np.minimum(np.arange(capacity + 1), servers) / servers)
    if queue.wait_probability > 0.05:
        assert queue.wait_tail(queue.wait_percentile(0.95)) == pytest.approx(0.05)
    assert queue.wait_percentile(0.0) == 0


def test_a_large_room_is_an_unbounded_queue():
    bounded, unbounded = MMcK(3.0, 1.0, 4, 400), MMc(3.0, 1.0, 4)
    assert bounded.blocking < 1e-15
    assert bounded.mean_wait == pytest.approx(unbounded.mean_wait)
    assert bounded.mean_number == pytest.approx(unbounded.mean_number)
    assert bounded.wait_tail(2.0) == pytest.approx(unbounded.wait_tail(2.0))


def test_no_queue_is_erlang_b():
    for servers, offered in ((1, 0.5), (5, 3.0), (10, 20.0)):
        weights = [offered**k / math.factorial(k) for k in range(servers + 1)]
        assert erlang_b(servers, offered) == pytest.approx(weights[-1] / sum(weights))
        assert MMcK(offered, 1.0, servers, servers).blocking == pytest.approx(weights[-1] / sum(weights))
    assert erlang_c(1, 0.4) == pytest.approx(0.4)


def test_no_room_is_refused():
    with pytest.raises(ValueError, match="room"):
        MMcK(1.0, 1.0, 2, 1)


@pytest.mark.parametrize("text", ["constant(1)", "lognormal(mean=1, cv=2)"])
def test_erlang_b_holds_for_any_service(text):
    def lost(rng):
        ends, refused = [], 0
        arrivals = np.cumsum(rng.exponential(1 / 3.0, 8000))
        for at, length in zip(arrivals.tolist(), count(text).quantile(rng.random(8000)).tolist(), strict=True):
            while ends and ends[0] <= at:
                heapq.heappop(ends)
            if len(ends) == 4:
                refused += 1
            else:
                heapq.heappush(ends, at + length)
        return refused / 8000

    assert within([lost(np.random.default_rng(seed)) for seed in range(BATCHES)], erlang_b(4, 3.0))


# M/G/1


def lindley(rate, text, rng, n=40_000):
    """Waits of a single-server queue after a start that is left out: W + S - A, never below 0."""
    steps = count(text).quantile(rng.random(n)) - rng.exponential(1 / rate, n)
    walk = np.append(0.0, np.cumsum(steps))
    return (walk - np.minimum.accumulate(walk))[n // 10 :]


@pytest.mark.parametrize("text", ["constant(1)", "exponential(mean=1)", "lognormal(mean=1, cv=1.5)",
                                  "weibull(mean=1, cv=0.5)", "mixture(0.9: 0.5, 0.1: 5.5)"])  # fmt: skip
@pytest.mark.parametrize("rho", [0.3, 0.7])
def test_pollaczek_khinchine(text, rho):
    law = count(text)
    queue = MG1(rho, law.mean, law.variance)
    assert within([lindley(rho, text, np.random.default_rng(seed)).mean() for seed in range(BATCHES)], queue.mean_wait)
    assert queue.mean_number == pytest.approx(rho * (queue.mean_wait + 1))


def test_exponential_service_is_a_special_case():
    assert MG1(0.8, 1.0, 1.0).mean_wait == pytest.approx(MMc(0.8, 1.0).mean_wait)
    assert MG1(0.8, 1.0, 0.0).mean_wait == pytest.approx(MMc(0.8, 1.0).mean_wait / 2)
    assert MG1(0.8, 1.0, 1.0).mean_response == pytest.approx(MMc(0.8, 1.0).mean_response)
    with pytest.raises(ValueError, match="no steady state"):
        MG1(1.0, 1.0, 1.0)


# M/G/infinity


@pytest.mark.parametrize("text", ["constant(2)", "pareto(mean=2, shape=2.5)", "hyperexponential(mean=2, cv=2)"])
def test_number_in_service_is_poisson(text):
    system = MGInfinity(3.0, 2.0)
    rng, law, before = np.random.default_rng(1), count(text), 300.0
    at_zero = []
    for _ in range(800):
        begins = rng.uniform(0, before, rng.poisson(3.0 * before))
        at_zero.append(np.count_nonzero(law.quantile(rng.random(len(begins))) > begins))
    bins = np.bincount(np.clip(at_zero, 2, 11), minlength=12)[2:]
    expected = np.array([system.number_probability(n) for n in range(2, 12)])
    expected[0] += system.number_probability(0) + system.number_probability(1)
    expected[-1] += 1 - expected.sum()
    assert scipy.stats.chisquare(bins, expected * 800).pvalue > 0.001
    assert system.mean_number == 6.0
    assert system.number_percentile(0.99) == scipy.stats.poisson(6.0).ppf(0.99)


# Processor sharing


def shared(rate, text, cores, rng, n=8000):
    """Times in the system of requests on shared cores, and their works; by counting what each has been given."""
    arrivals = np.cumsum(rng.exponential(1 / rate, n)).tolist()
    works = count(text).quantile(rng.random(n)).tolist()
    given, clock, residents, response = 0.0, 0.0, [], [0.0] * n
    for row, at in enumerate([*arrivals, math.inf]):
        while residents:
            share = min(1.0, cores / len(residents))
            end = clock + (residents[0][0] - given) / share
            if end > at:
                given += (at - clock) * share
                break
            given, clock = residents[0][0], end
            done = heapq.heappop(residents)[1]
            response[done] = end - arrivals[done]
        clock = at
        if row < n:
            heapq.heappush(residents, (given + works[row], row))
    return np.array(response)[n // 10 :], np.array(works)[n // 10 :]


@pytest.mark.parametrize("text", ["constant(1)", "exponential(mean=1)", "lognormal(mean=1, cv=2)"])
@pytest.mark.parametrize(("cores", "rate"), [(1, 0.7), (0.5, 0.3), (2, 1.5), (2.5, 2.0)])
def test_shared_cores(text, cores, rate):
    system = ProcessorSharing(rate, 1.0, cores)
    runs = [shared(rate, text, cores, np.random.default_rng(seed)) for seed in range(BATCHES)]
    assert within([response.mean() for response, _ in runs], system.mean_response)
    if text != "constant(1)":  # the mean response is proportional to the own work, also for the long ones
        long = [(response[work > 2].mean(), work[work > 2].mean()) for response, work in runs]
        assert within([response / work for response, work in long], system.response_of(1.0))


@pytest.mark.parametrize(("cores", "rate"), [(1, 0.8), (3, 2.4), (0.5, 0.4), (1.5, 1.2), (2.25, 0.1)])
def test_number_on_shared_cores_solves_the_balance_equations(cores, rate):
    system = ProcessorSharing(rate, 1.0, cores)
    p = stationary(np.full(400, rate), np.minimum(np.arange(1, 401), cores))
    assert system.mean_number == pytest.approx(p @ np.arange(401))
    assert system.mean_response == pytest.approx(system.mean_number / rate)
    if cores == int(cores):
        assert system.mean_number == pytest.approx(MMc(rate, 1.0, cores).mean_number)
    if cores == 1:
        assert system.response_of(3.0) == pytest.approx(3.0 / (1 - rate))


# Ladders


LADDERS = {
    "delayed off": (Rung(1.5, 0.0, 2.0),),
    "slow to suspend": (Rung(0.5, 1.0, 0.4),),
    "three rungs": (Rung(0.4, 0.3, 0.2), Rung(0.8, 0.5, 0.6), Rung(1.0, 0.7, 3.0)),
    "shrinking": (Rung(2.0, 0.1, 0.5), Rung(0.0, 0.2, 1.0), Rung(0.3, 0.0, 2.0)),
    "never stopped": (Rung(0.4, 0.3, 0.2), Rung(math.inf, 0.5, 0.6)),
}


class Walk:
    """One instance, request by request: where the time goes, who waits and who wakes it."""

    def __init__(self, rungs):
        self.rungs = rungs
        self.idle = self.busy = 0.0
        self.entering, self.resting, self.waking, self.woken = (np.zeros(len(rungs)) for _ in range(4))

    def spell(self, idle_since, at):
        """Go down the ladder until a request comes: the rung it finds, and when entering it is over."""
        begin, found = idle_since, None
        for row, rung in enumerate(self.rungs):
            descends = begin + rung.after
            stays = min(at, descends) - begin
            if row == 0:
                self.idle += stays
            else:
                self.resting[row - 1] += stays
            if descends > at:
                return found, max(begin, at)
            begin = descends + rung.enter
            self.entering[row] += rung.enter
            found = row
            if begin > at:
                return found, begin
        self.resting[-1] += at - begin
        return found, at

    def run(self, arrivals, works, wakes, together):
        waits, ready, until, found = [], 0.0, 0.0, None
        for at, work, wake in zip(arrivals, works, wakes, strict=True):
            if at >= until:
                found, begin = self.spell(until, at)
                ready = begin
                if found is not None:
                    length = wake * self.rungs[found].wake
                    self.waking[found] += length
                    self.woken[found] += 1
                    ready = begin + length
                until = ready
            elif together and at < ready:
                self.woken[found] += 1
            start = max(at, ready) if together else until
            waits.append(start - at)
            end = start + work
            self.busy += end - until if end > until else 0.0
            until = max(until, end)
        return np.mean(waits), until


def walked(rungs, text, rng, *, rate, together, wake="constant(1)", n=6000):
    arrivals = np.cumsum(rng.exponential(1 / rate, n)).tolist()
    walk = Walk(rungs)
    wait, until = walk.run(arrivals, count(text).quantile(rng.random(n)).tolist(),
                           count(wake).quantile(rng.random(n)).tolist(), together)  # fmt: skip
    times = [walk.idle, walk.busy, *walk.entering, *walk.resting, *walk.waking]
    assert sum(times) == pytest.approx(until)
    return np.array([wait, *(np.array(times) / until), *(walk.woken / n)])


def check_walks(system, runs):
    times = [system.idle, system.busy, *system.entering, *system.resting, *system.waking]
    assert sum(times) == pytest.approx(1)
    expected = [system.mean_wait, *times, *system.woken]
    for batches, value in zip(np.array(runs).T, expected, strict=True):
        assert (value == 0 and not batches.any()) or within(batches, value)


@pytest.mark.parametrize("name", LADDERS)
@pytest.mark.parametrize("text", ["constant(0.5)", "lognormal(mean=0.5, cv=1.2)"])
def test_ladder_with_one_request_at_a_time(name, text):
    rate, law = 0.9, count(text)
    system = OneAtATime(Ladder(rate, LADDERS[name]), law.mean, law.variance)
    check_walks(system, [walked(LADDERS[name], text, np.random.default_rng(seed), rate=rate, together=False)
                         for seed in range(BATCHES)])  # fmt: skip


def test_ladder_with_wakes_that_vary():
    rungs = tuple(Rung(r.after, r.enter, r.wake, 0.25 * r.wake**2) for r in LADDERS["three rungs"])
    system = OneAtATime(Ladder(0.9, rungs), 0.5, 0.25)
    check_walks(system, [walked(rungs, "exponential(mean=0.5)", np.random.default_rng(seed), rate=0.9, together=False,
                                wake="gamma(mean=1, cv=0.5)") for seed in range(BATCHES)])  # fmt: skip
    with pytest.raises(ValueError, match="always take the same time"):
        AllAtOnce(Ladder(0.9, rungs), count("1"))


@pytest.mark.parametrize("name", LADDERS)
@pytest.mark.parametrize("text", ["constant(1.5)", "hyperexponential(mean=1.5, cv=1.5)"])
def test_ladder_with_all_requests_at_once(name, text):
    system = AllAtOnce(Ladder(0.9, LADDERS[name]), count(text))
    check_walks(system, [walked(LADDERS[name], text, np.random.default_rng(seed), rate=0.9, together=True)
                         for seed in range(BATCHES)])  # fmt: skip


def test_limits_of_the_delayed_off_server():
    never = OneAtATime(Ladder(0.8, (Rung(math.inf, 0.0, 5.0),)), 1.0, 3.0)
    assert never.mean_wait == pytest.approx(MG1(0.8, 1.0, 3.0).mean_wait)
    assert (never.woken.sum(), never.idle) == (0, pytest.approx(0.2))
    free = OneAtATime(Ladder(0.8, (Rung(0.0, 0.0, 0.0),)), 1.0, 3.0)
    assert free.mean_wait == pytest.approx(MG1(0.8, 1.0, 3.0).mean_wait)
    assert free.resting[0] == pytest.approx(0.2)
    at_once = OneAtATime(Ladder(0.8, (Rung(0.0, 0.0, 5.0, 4.0),)), 1.0, 3.0)  # Levy & Kleinrock
    extra = (2 * 5 + 0.8 * 29) / (2 * (1 + 0.8 * 5))
    assert at_once.mean_wait == pytest.approx(MG1(0.8, 1.0, 3.0).mean_wait + extra)
    assert at_once.woken[0] == pytest.approx(0.2 / (1 + 0.8 * 5))
    assert at_once.idle == 0
    with pytest.raises(ValueError, match="no steady state"):
        OneAtATime(Ladder(1.0, (Rung(0.0, 0.0, 5.0),)), 1.0, 3.0)


def test_rare_requests_wake_from_the_last_rung_and_frequent_ones_from_none():
    rungs = LADDERS["three rungs"]
    rare = OneAtATime(Ladder(1e-6, rungs), 0.5, 0.0)
    assert rare.woken == pytest.approx([0, 0, 1], abs=1e-5)
    assert rare.resting[-1] == pytest.approx(1, abs=1e-5)
    assert rare.mean_wait == pytest.approx(3.0, abs=1e-4)
    frequent = OneAtATime(Ladder(1e3, rungs), 1e-5, 0.0)
    assert frequent.woken.sum() < 1e-100


@pytest.mark.parametrize("text", ["constant(2)", "exponential(mean=2)", "pareto(mean=2, shape=2.2)",
                                  "mixture(0.5: 1, 0.5: gamma(mean=3, cv=0.3))"])  # fmt: skip
def test_busy_spells_without_wakes_are_those_of_takacs(text):
    never = AllAtOnce(Ladder(0.7, (Rung(math.inf, 0.0, 1.0),)), count(text))
    assert never.busy_spell == pytest.approx(MGInfinity(0.7, 2.0).mean_busy_period, rel=1e-6)
    assert never.idle == pytest.approx(math.exp(-1.4), rel=1e-6)
    free = AllAtOnce(Ladder(0.7, (Rung(0.0, 0.0, 0.0),)), count(text))
    assert free.busy == pytest.approx(1 - math.exp(-1.4), rel=1e-6)


# Scale by request


def opened(rate, expiry, maximum, rng, n=20_000):
    """Share of requests for which an instance is opened, and mean number idle; last in first out, event by event."""
    arrivals = np.cumsum(rng.exponential(1 / rate, n)).tolist()
    works = rng.exponential(1.0, n).tolist()
    ends, stack, cold, idle = [], [], 0, 0.0
    for at, work in zip(arrivals, works, strict=True):
        while ends and ends[0] <= at:
            stack.append(heapq.heappop(ends))
        while stack and stack[0] + expiry <= at:
            stack.pop(0)
            idle += expiry
        if stack:
            idle += at - stack.pop()
        elif maximum is not None and len(ends) == maximum:
            heapq.heapreplace(ends, ends[0] + work)
            continue
        else:
            cold += 1
        heapq.heappush(ends, at + work)
    return cold / n, idle / arrivals[-1]


@pytest.mark.parametrize(("rate", "expiry", "maximum"), [
    (0.5, 1.0, None), (3.0, 2.0, None), (10.0, 0.5, None), (3.0, 1.5, 4),
])  # fmt: skip
def test_pool_that_opens_instances_for_requests(rate, expiry, maximum):
    pool = ScaleByRequest(rate, 1.0, expiry, maximum)
    runs = [opened(rate, expiry, maximum, np.random.default_rng(seed)) for seed in range(BATCHES)]
    assert within([cold for cold, _ in runs], pool.cold)
    assert within([idle for _, idle in runs], pool.mean_idle)


def test_first_passages_by_the_matrix_exponential():
    rate, expiry, total = 2.0, 0.7, 0.0
    for n in range(1, 31):
        p = math.exp(-rate) * rate ** (n - 1) / math.factorial(n - 1)
        stopped = np.diag(-(rate + np.arange(n))) + np.diag(np.full(n - 1, rate), 1) + np.diag(np.arange(1.0, n), -1)
        total += p * scipy.linalg.expm(stopped * expiry)[-1].sum()
    assert ScaleByRequest(rate, 1.0, expiry).cold == pytest.approx(total, rel=1e-9)


def test_limits_of_the_pool():
    at_once = ScaleByRequest(5.0, 1.0, 0.0)
    assert (at_once.cold, at_once.mean_idle) == (pytest.approx(1), 0)
    never = ScaleByRequest(3.0, 1.0, math.inf, 4)
    assert (never.cold, never.mean_idle) == (0, pytest.approx(4 - 3))
    full = ScaleByRequest(3.0, 1.0, 0.0, 4)
    assert full.cold == pytest.approx(1 - MMc(3.0, 1.0, 4).wait_probability)  # who waits finds a warm instance
    one = ScaleByRequest(0.6, 1.0, 2.0, 1)  # a single instance: a delayed-off server that starts in no time
    assert one.cold == pytest.approx(OneAtATime(Ladder(0.6, (Rung(2.0, 0.0, 0.0),)), 1.0, 1.0).woken[0])
    large = ScaleByRequest(40.0, 1.0, 1.0)
    assert 0 < large.cold < 0.1
    with pytest.raises(ValueError, match="no steady state"):
        ScaleByRequest(4.0, 1.0, 1.0, 4)

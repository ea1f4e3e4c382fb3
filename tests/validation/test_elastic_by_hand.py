"""Scalers, schedules, CPU credit and idle timeouts, each held against times or costs worked out by hand."""

import dataclasses
from math import exp, log
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.engine import simulate
from sim.engine.contract import CORE, NEVER, Credit, Scaler, State, Warmth
from tests.engine.cases import capacity, demand
from tests.validation.support import US, pool, requests

DELETED = [(0, 0, False, 0)]
HOUR = 3600 * US


def spells(outcome, *states):
    """Times at which instances come into some states, and the number that are in one of them from then on."""
    state, change = {}, []
    for time, number, now in zip(outcome.turn_time, outcome.turn_instance, outcome.turn_state, strict=True):
        change.append((int(time), int(now in states) - int(state.get(number, State.OFF) in states)))
        state[number] = now
    times, by = np.array(change).T
    return times, np.cumsum(by)


# A scaler that does not see what it has asked for


def stepped(counts_coming):
    """From 100 s on there are ten requests instead of one; an instance can serve all, and is to serve one."""
    asked = demand([0, *[100 * US] * 9], [[(0, 1000 * US)]] * 10, stop=600 * US, horizon=500 * US)
    scaler = Scaler(2 * US, 2 * US, CORE, False, NEVER, 0, 0, 0, counts_coming)
    serves = capacity(10, concurrency=100, minimum=1, ladder=[(US, 0, False, 0)], start=30 * US, scaler=scaler)
    return simulate(asked, serves)


def test_a_scaler_that_counts_what_is_coming_opens_what_is_needed() -> None:
    # At 102 the mean load of two seconds is 10 and there is 1 instance: 9 are opened, ready at 132, and that is all.
    outcome = stepped(True)
    opened = outcome.turn_time[outcome.turn_state == State.STARTING]
    assert opened.tolist() == [102 * US] * 9
    assert not (outcome.turn_state == State.OFF).any()


def test_a_scaler_that_is_blind_to_what_is_coming_asks_again_and_again() -> None:
    # It sees one instance at 102, 104, ..., 130, and opens 9 at each of the 15 looks. Those of 102 are ready at 132, so
    # that there are 10; the others come at 134, ..., 160, each 9 too many, and are let go at the same looks.
    outcome = stepped(False)
    opened = outcome.turn_time[outcome.turn_state == State.STARTING]
    assert opened.tolist() == [time * US for time in range(102, 132, 2) for _ in range(9)]
    closed = outcome.turn_time[outcome.turn_state == State.OFF]
    assert closed.tolist() == [time * US for time in range(134, 162, 2) for _ in range(9)]
    _, up = spells(outcome, State.STARTING, State.IDLE, State.BUSY)
    assert (up.max(), up[-1]) == (1 + 9 * 15, 10)


def test_under_chance_the_blind_one_swings_and_the_other_follows() -> None:
    """Ten requests in service on average; an instance could serve them all, so the load is known beforehand."""
    rng, tick, n = np.random.default_rng(7), 2 * US, 3000
    at, work = np.cumsum(rng.exponential(1.0, n)), rng.exponential(10.0, n)
    asked = requests(at, work, drain=US)
    ended = asked.at + asked.step_wait
    looks = np.arange(tick, asked.stop, tick)

    def served(until):
        return (np.minimum(ended, until) - np.minimum(asked.at, until)).sum()

    total = np.array([served(until) for until in (0, *looks.tolist())])
    now = np.maximum(1, -(-np.diff(total) // tick))
    wanted = np.array([now[max(0, look - 29) : look + 1].max() for look in range(len(now))])  # of the last minute
    most = {}
    for counts in (True, False):
        scaler = Scaler(tick, tick, CORE, False, NEVER, 0, 60 * US, 0, counts)
        serves = dataclasses.replace(
            pool(asked, minimum=1, slots=1000, early=False, start=30.0, after=(1.0,), enter=(0.0,), keeps=(False,),
                 wake=(0.0,)),
            scaler=scaler, start=np.full(n + 64, 30 * US), rung_wake=np.zeros((1, n + 64), np.int64), spare=64)
        outcome = simulate(asked, serves)
        times, there = spells(outcome, State.STARTING, State.IDLE, State.BUSY)
        found = there[np.searchsorted(times, looks, "right") - 1]
        if counts:
            assert found.tolist() == wanted.tolist()
        most[counts] = found.max()
    assert most[False] > 3 * most[True]


# Idle timeouts: in a gap G an instance costs min(G, t) while it idles, and a start when G > t


def kept(gaps, timeout):
    """Seconds idle and cold starts of one instance that is deleted when idle for so long, in a run of the model."""
    asked = requests(np.cumsum(np.append(0.0, gaps)), 0.0)
    outcome = simulate(asked, pool(asked, maximum=1, after=(timeout,), enter=(0.0,), keeps=(False,), wake=(0.0,)))
    times, idle = spells(outcome, State.IDLE)
    last = times <= asked.at[-1]
    lengths = np.diff(np.append(times[last], asked.at[-1]))
    return (lengths * idle[last]).sum() / US, (outcome.warmth == Warmth.COLD).sum() - 1


SLOW, FAST, MANY = 1 / 100, 1 / 2, 0.8
"""Rates of the two exponentials of which a gap is one, and how often it is the short one."""


def hyperexponential(n):
    rng = np.random.default_rng(11)
    return rng.exponential(np.where(rng.random(n) < MANY, 1 / FAST, 1 / SLOW))


def cost_in_theory(t, start, parts):
    """Mean cost of a gap, where a second idle costs 1: by E[min(G, t)] + start P(G > t)."""
    return sum(p * ((1 - exp(-rate * t)) / rate + start * exp(-rate * t)) for p, rate in parts)


TIMEOUTS = (0.0, 2.0, 20.0, 1000.0)


@pytest.mark.parametrize(("start", "best"), [(5.0, 0.0), (40.0, 1000.0)])
def test_for_poisson_arrivals_the_best_timeout_is_nothing_or_for_ever(start, best):
    # One request in 20 s: the cost, 20 + (start - 20) e^(-t / 20), rises or falls all the way.
    gaps = np.random.default_rng(3).exponential(20.0, 2000)
    costs = {}
    for timeout in TIMEOUTS:
        idle, cold = kept(gaps, timeout)
        costs[timeout] = (idle + start * cold) / len(gaps)
        theory = cost_in_theory(timeout, start, [(1.0, 1 / 20)])
        each = np.minimum(gaps, timeout) + start * (gaps > timeout)
        assert abs(costs[timeout] - theory) <= 4.0 * each.std() / np.sqrt(len(gaps)) + 1e-3
    assert min(costs, key=costs.get) == best
    ordered = [costs[timeout] for timeout in TIMEOUTS]
    assert ordered == sorted(ordered, reverse=best > 0)


def test_for_hyperexponential_gaps_the_best_timeout_lies_between():
    # Most gaps are short (2 s), some long (100 s), and a start costs as much as 10 s of idleness. The cost falls while
    # the hazard is above 1 / 10, which it is until t* = ln(p f' / (q s')) / (f - s), with f' = f - 1/10, s' = 1/10 - s.
    start, parts = 10.0, [(MANY, FAST), (1 - MANY, SLOW)]
    best = log(MANY * (FAST - 1 / start) / ((1 - MANY) * (1 / start - SLOW))) / (FAST - SLOW)
    gaps = hyperexponential(5000)
    costs = {}
    for timeout in (*TIMEOUTS, best):
        idle, cold = kept(gaps, timeout)
        costs[timeout] = (idle + start * cold) / len(gaps)
        each = np.minimum(gaps, timeout) + start * (gaps > timeout)
        assert abs(costs[timeout] - cost_in_theory(timeout, start, parts)) <= 4 * each.std() / np.sqrt(len(gaps)) + 1e-3
    assert 3.0 < best < 12.0
    assert min(costs, key=costs.get) == best
    assert costs[best] < 0.6 * min(costs[0.0], costs[1000.0])


# CPU credit


def test_a_burst_lasts_as_long_as_its_credit() -> None:
    # A core with a baseline of 6.25% and a balance of 5 s. Work of 10 s uses the balance at 93.75% of a core: it lasts
    # for 5 / 0.9375 s = 5.333334 s, to the microsecond; the rest of 4.666666 s is done at a sixteenth: 74.666656 s.
    # After 40 s of idleness the balance is 40 / 16 = 2.5 s: 2.666667 s of the next 3 s of work, and 0.333333 s at a
    # sixteenth, 5.333328 s. After an hour it is 5 s again, and no more.
    first = 5_333_334 + 74_666_656
    second = 2_666_667 + 5_333_328
    third = second + first + 40 * US + HOUR
    asked = demand([0, first + 40 * US, third], [[(10 * US, 0)], [(3 * US, 0)], [(10 * US, 0)]])
    credit = Credit(CORE // 16, 5 * US * CORE, 5 * US * CORE)
    outcome = simulate(asked, capacity(3, minimum=1, maximum=1, credit=credit))
    assert (outcome.ended - outcome.arrived).tolist() == [first, second, first]


def test_who_uses_less_than_the_baseline_never_slows_down() -> None:
    # A second of work in every 20 is 5% of a core; in every 10 it is 10%, and what is earned is 6.25%: a round costs
    # 1 - 10 / 16 = 0.375 s. After 11 rounds 5 - 4.125 = 0.875 s are left, and a second of work uses 0.9375 s.
    credit = Credit(CORE // 16, 5 * US * CORE, 5 * US * CORE)
    took = {}
    for every in (20, 10):
        asked = demand([row * every * US for row in range(40)], [[(US, 0)]] * 40)
        outcome = simulate(asked, capacity(40, minimum=1, maximum=1, credit=credit))
        took[every] = outcome.ended - outcome.arrived
    assert (took[20] == US).all()
    assert np.flatnonzero(took[10] > US)[0] == 11


# Schedules


def test_a_schedule_keeps_what_it_says() -> None:
    # Two from 8:00 to 18:00, none else; a start takes 90 s, and who is idle is looked at every 7 minutes. They are idle
    # from 8:01:30 on; the first look after 18:00 is the 86th, at 8:01:30 + 602 min = 18:03:30.
    asked = demand([47 * HOUR], [[(0, US)]], stop=48 * HOUR, horizon=48 * HOUR)
    floor = [(8 * HOUR, 2), (18 * HOUR, 0), (32 * HOUR, 2), (42 * HOUR, 0)]
    outcome = simulate(asked, capacity(1, floor=floor, start=90 * US, ladder=[(7 * 60 * US, 0, False, 0)], spare=4))
    when = {state: outcome.turn_time[outcome.turn_state == state].tolist() for state in (State.STARTING, State.OFF)}
    days = (0, 24 * HOUR)
    assert when[State.STARTING] == [day + 8 * HOUR for day in days for _ in range(2)] + [47 * HOUR]
    assert when[State.OFF][:4] == [day + 18 * HOUR + 210 * US for day in days for _ in range(2)]


OFFICE_HOURS = """\
name: kept-by-day
as_of: 2026-11-01
month: 2026-11
horizon: 1 week
replications: 1
workload:
  agents: 1
  memory: 64 MiB
  arrivals: {cron: {schedule: "0 3 * * sun"}}
  request: [{wait: 1 s}]
deployments:
  kept:
    platform: cloud-run/request-based
    vcpu: 1
    memory: 2 GiB
    concurrency: 1
    start: 0
    schedule: {office: {when: "mon-fri 08:00-18:00", instances: 2}, closed: {when: otherwise, instances: 0}}
"""


def test_who_keeps_instances_in_office_hours_pays_for_those(tmp_path: Path) -> None:
    # November 2026 has 21 days from Monday to Friday: 21 x 10 h x 2 instances, idle, of 1 vCPU and 2 GiB each. They go
    # 15 minutes after closing time, which Cloud Run does not charge. The request of a Sunday takes 1 s, 5 times.
    path = tmp_path / "kept.yaml"
    path.write_text(OFFICE_HOURS, encoding="utf-8")
    told = sim.load(path).run(workers=1).summary["deployments"]["kept"]
    quantity = {line["charge"]: line["quantity"] for line in told["cost"]["lines"]}
    assert quantity["idle-cpu"] == 21 * 10 * 3600 * 2
    assert quantity["idle-memory"] == 21 * 10 * 3600 * 2 * 2
    assert (quantity["active-cpu"], quantity["active-memory"]) == (5, 10)

"""The ideal latency, and what is overhead: with the fates of the run, to the microsecond."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine import simulate
from sim.engine.contract import CORE, NEVER, Demand, Fate, Outcome
from sim.scenario.schema import Workload
from sim.units import DAY, HOUR, WEEK
from sim.workload import ideal, work
from tests.engine.cases import Case, capacity, demand
from tests.engine.drawn import cases, demands
from tests.workload.support import draw, sessions, workload
from tests.workload.test_demand import open_workloads, seeds


def endless(asked: Demand) -> Outcome:
    """What happens on a platform with instant, endless instances."""
    return simulate(asked, capacity(asked.n))


def overheads(asked: Demand, outcome: Outcome) -> list[int]:
    """Latency less ideal latency of the requests that completed."""
    done = outcome.fate == Fate.COMPLETED
    return (outcome.ended - outcome.arrived - ideal(asked, outcome))[done].tolist()


def lindley(asked: Demand, outcome: Outcome) -> dict[int, int]:
    """Latencies with one endless server for each agent, in the plainest way."""
    latencies = {}
    for agent in set(asked.agent.tolist()):
        free = 0
        rows = [row for row in range(asked.n) if asked.agent[row] == agent and outcome.admitted[row] >= 0]
        for at, row in sorted((int(asked.at[row]), row) for row in rows):
            begin = max(free, at)
            parts = [asked.step_cpu, asked.step_prefill, asked.step_decode, asked.step_wait]
            length = sum(int(part[s]) for part in parts if len(part)
                         for s in range(asked.step_first[row], asked.step_first[row + 1]))
            latencies[row] = begin + length - at
            failed = outcome.fate[row] in (Fate.FAILED, Fate.ABANDONED)
            began = outcome.started[row] if outcome.started[row] >= 0 else outcome.ended[row]
            free = begin + (min(int(outcome.ended[row] - began), length) if failed else length)
    return latencies


@settings(max_examples=300, deadline=None)
@given(cases())
def test_nothing_is_faster_than_ideal(case: Case):
    gpu = case.capacity.gpu
    if gpu is not None:
        gpu = dataclasses.replace(gpu, prefill_speed=min(CORE, gpu.prefill_speed),
                                  decode_speed=min(CORE, gpu.decode_speed))
    usual = dataclasses.replace(case.capacity, speed=np.minimum(case.capacity.speed, CORE), gpu=gpu)
    asked = dataclasses.replace(case.demand, parallel=0)
    assert min(overheads(asked, simulate(asked, usual)), default=0) >= 0


def test_only_a_fast_instance_is_faster_than_ideal():
    # Work of 10 us of CPU and 2 of waiting at twice the nominal speed: 5 + 2.
    asked = demand([0], [[(10, 2)]])
    outcome = simulate(asked, capacity(1, speed=[2 * CORE], spare=1))
    assert overheads(asked, outcome) == [-5]


@settings(max_examples=150, deadline=None)
@given(demands())
def test_an_instant_endless_platform_adds_nothing(asked: Demand):
    assert set(overheads(asked, endless(asked))) <= {0}


@settings(max_examples=150, deadline=None)
@given(demands(), st.sampled_from([1, 2, 3, 5, 8]))
def test_limits_alone_add_nothing(asked: Demand, limit: int):
    # What an instant endless platform cuts off after a while holds the agent as long on the ideal platform.
    assert set(overheads(asked, simulate(asked, capacity(asked.n, duration_limit=limit)))) <= {0}


@settings(max_examples=200, deadline=None)
@given(cases(chains=False))
def test_turns_are_those_of_lindleys_recursion(case: Case):
    asked = dataclasses.replace(case.demand, serial=True)
    outcome = simulate(asked, case.capacity)
    expected = lindley(asked, outcome)
    assert ideal(asked, outcome).tolist() == [expected.get(row, NEVER) for row in range(asked.n)]


@settings(max_examples=20, deadline=None)
@given(open_workloads, seeds)
def test_own_work_and_turn(made: Workload, seed: int):
    asked = draw(made, DAY, seed)
    outcome = endless(asked)
    expected = lindley(asked, outcome) if made.serial else dict(enumerate(work(asked).tolist()))
    found = ideal(asked, outcome) - asked.held
    assert {row: int(found[row]) for row in expected if outcome.admitted[row] >= 0} == {
        row: latency for row, latency in expected.items() if outcome.admitted[row] >= 0}


def test_a_failure_that_cuts_work_short_lets_the_next_turn_come_sooner_on_both():
    # One agent. The first asks for 10 and is cut off after 4; the second comes at 1, asks for 3 and has 4 to 7. If the
    # ideal platform did all of the first, the second would take 10 - 1 + 3 = 12 there, and 6 here: less than nothing
    # would have been added.
    asked = demand([0, 1], [[(0, 10)], [(0, 3)]], agent=[0, 0], serial=True)
    outcome = simulate(asked, capacity(2, duration_limit=4))
    assert outcome.fate.tolist() == [Fate.FAILED, Fate.COMPLETED] and outcome.ended.tolist() == [4, 7]
    assert ideal(asked, outcome).tolist() == [10, 6]
    assert overheads(asked, outcome) == [0]


def test_a_failure_that_was_never_served_holds_nobody_there():
    # The first waits 20 for its instance to start, and is then refused for memory. The second, from 1 on, gets the
    # instance at 20: it takes 22. Where nothing has to start, the first is refused at 0, and the second takes its 3.
    asked = demand([0, 1], [[(0, 2)], [(0, 3)]], agent=[0, 0], memory=[9, 1], serial=True)
    outcome = simulate(asked, capacity(2, start=[20, 20], memory=4))
    assert outcome.fate.tolist() == [Fate.FAILED, Fate.COMPLETED] and outcome.ended.tolist() == [20, 23]
    assert ideal(asked, outcome).tolist() == [2, 3]
    assert overheads(asked, outcome) == [19]


def test_what_a_completed_request_waits_for_makes_the_next_one_wait_for_the_platform():
    # The first starts an instance for 20 and works 2; the second, from 1 on, has the agent at 22 and ends at 25: 24,
    # and ideally 2 - 1 + 3 = 4. The start of 20 delays both by 20.
    asked = demand([0, 1], [[(0, 2)], [(0, 3)]], agent=[0, 0], serial=True)
    outcome = simulate(asked, capacity(2, start=[20, 20]))
    assert ideal(asked, outcome).tolist() == [2, 4]
    assert overheads(asked, outcome) == [20, 20]


def test_turns_of_sessions_count_from_admission():
    # Two sessions of one agent: rows 0 and 1, and row 2 alone. A start takes 6 and is paid once. Row 0: 0 to 6 + 5.
    # Row 2 comes at 3, has its turn at 11 and ends at 15: of its 12 it waited 8 for the agent, and had 4 of work. Row 1
    # comes 2 after row 0 left, at 13, waits for row 2 until 15, and works 1.
    asked = demand([0, 2, 3], [[(0, 5)], [(0, 1)], [(0, 4)]], agent=[0, 0, 0], after=[NEVER, 0, NEVER], serial=True)
    outcome = simulate(asked, capacity(3, start=[6, 6, 6], maximum=1))
    assert outcome.arrived.tolist() == [0, 13, 3] and outcome.ended.tolist() == [11, 16, 15]
    assert ideal(asked, outcome).tolist() == [5, 3, 12]
    assert overheads(asked, outcome) == [6, 0, 0]


def test_sessions_that_do_not_wait_for_each_other_count_work_alone():
    asked = draw(sessions(agents=1, per_day=100, serial=False))
    outcome = endless(asked)
    admitted = outcome.admitted >= 0
    assert np.array_equal(ideal(asked, outcome)[admitted], work(asked)[admitted])


def test_the_wait_is_that_of_a_queue():
    # M/D/1 (Pollaczek-Khinchine): at utilisation 0.5 the mean wait is half the service time. Sectioned by agent.
    made = workload({"poisson": {"rate": "30/h"}}, agents=100, request=[{"wait": "1 min"}])
    asked = draw(made, WEEK)
    late = asked.at > DAY
    wait = (ideal(asked, endless(asked)) - 60_000_000)[late] / 60_000_000
    of_agent = np.bincount(asked.agent[late], wait) / np.bincount(asked.agent[late])
    assert abs(of_agent.mean() - 0.5) < 5 * of_agent.std() / np.sqrt(100)


def test_what_never_arrives_has_no_ideal():
    asked = dataclasses.replace(draw(workload({"poisson": {"rate": "5/h"}})), horizon=24 * HOUR)
    assert np.array_equal(ideal(asked, endless(asked)) == NEVER, asked.at >= 24 * HOUR)


def test_the_order_of_rows_has_no_effect():
    asked = draw(workload({"poisson": {"rate": "40/h"}}, request=[{"wait": "2 min"}]), DAY)
    order = np.random.default_rng(1).permutation(asked.n)
    mixed = dataclasses.replace(asked, at=asked.at[order])
    assert np.array_equal(ideal(mixed, endless(mixed)), ideal(asked, endless(asked))[order])


def test_sums_beyond_64_bits_wrap_and_come_back():
    # A thousand agents whose work adds up to 2^67: only sums within an agent matter.
    asked = demand([0, 1] * 1000, [[(0, 2**56)], [(0, 2**56)]] * 1000, agent=[row // 2 for row in range(2000)],
                   serial=True, horizon=10, stop=2**62)
    assert ideal(asked, endless(asked)).tolist() == [2**56, 2**57 - 1] * 1000


def test_what_a_failed_request_waited_for_is_the_platforms_doing():
    # Agent 0 asks at 0 and at 50; starts take 200, the limit of duration is 150. Request 0 (work 400) begins at 200 and
    # fails at 350; request 1 (work 10) is served from 350 to 360: a latency of 310. On the ideal platform request 0 is
    # served for 150 from 0 on, so request 1 waits for 100 and takes 110: the platform added 200, its start.
    asked = demand([0, 50], [[(0, 400)], [(0, 10)]], agent=[0, 0], serial=True)
    outcome = simulate(asked, capacity(2, start=200, duration_limit=150))
    assert outcome.ended.tolist() == [350, 360]
    assert ideal(asked, outcome)[1] == 110

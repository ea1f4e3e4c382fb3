"""Speed of the SimPy model, with its full trace, against simfaas on the scenario of that simulator's README.

Run with ``pytest tests/bench --benchmark-enable``; compare the two rows of the group.
"""

import numpy as np
import pytest
from simfaas.ServerlessSimulator import ServerlessSimulator

from sim.engine import Capacity, Demand, simulate
from sim.engine.contract import CORE, NEVER, Reuse

RATE, WARM, COLD, EXPIRY, SECONDS = 0.9, 1.991, 2.244, 600, 20_000
US = 1_000_000


def readme_scenario() -> tuple[Demand, Capacity]:
    """Poisson arrivals, exponential service, longer on a new instance, expiry after ten idle minutes."""
    rng = np.random.default_rng(1)
    n = int(RATE * SECONDS)
    zeros = np.zeros(n, np.int64)
    demand = Demand(
        horizon=SECONDS * US,
        stop=(SECONDS + 1) * US,
        serial=False,
        agent=np.arange(n),
        session=zeros - 1,
        after=zeros - 1,
        at=(np.cumsum(rng.exponential(1 / RATE, n)) * US).astype(np.int64),
        coalesced=zeros,
        held=zeros,
        memory=zeros,
        step_first=np.arange(n + 1),
        step_kind=zeros.astype(np.int8),
        step_cpu=zeros,
        step_wait=(rng.exponential(WARM, n) * US).astype(np.int64) + 1,
        step_tokens_in=zeros,
        step_tokens_cached=zeros,
        step_tokens_out=zeros,
        step_model=zeros - 1,
    )
    capacity = Capacity(
        pools=1,
        pool_of=zeros,
        concurrency=1,
        minimum=0,
        maximum=1000,
        queue_limit=0,
        duration_limit=NEVER,
        early=True,
        reuse=Reuse.NEWEST,
        cpu=CORE,
        memory=NEVER,
        base_memory=0,
        memory_kills=False,
        rung_after=np.array([EXPIRY * US]),
        rung_enter=np.array([0]),
        rung_keeps=np.array([False]),
        rung_wake=np.zeros((1, n), np.int64),
        start=(rng.exponential(COLD - WARM, n) * US).astype(np.int64),
        initial_rung=NEVER,
    )
    return demand, capacity


@pytest.mark.benchmark(group="simfaas README scenario")
def test_simpy_model(benchmark):
    demand, capacity = readme_scenario()
    outcome = benchmark(simulate, demand, capacity)
    assert (outcome.ended > 0).sum() > 0.9 * demand.n


@pytest.mark.benchmark(group="simfaas README scenario")
def test_simfaas(benchmark):
    def run():
        sim = ServerlessSimulator(
            arrival_rate=RATE,
            warm_service_rate=1 / WARM,
            cold_service_rate=1 / COLD,
            expiration_threshold=EXPIRY,
            max_time=SECONDS,
        )
        sim.generate_trace(debug_print=False, progress=False)
        return sim

    assert benchmark(run).total_req_count > 0.9 * RATE * SECONDS

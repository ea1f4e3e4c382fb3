"""The same inputs through other simulators: not only the same averages, but the same story for every request."""

import ciw
import numpy as np
import pytest
from simfaas.ServerlessSimulator import ServerlessSimulator
from simfaas.SimProcess import SimProcess

from sim.engine import simulate
from sim.engine.contract import Cause, Fate, Reuse, State, Warmth
from tests.validation.support import US, pool, requests, servers

# Ciw and simfaas keep time in floating-point seconds, and every input is rounded to a microsecond here. A wait is a sum
# of such inputs over a busy period, so that the rounding adds up to half a microsecond for each customer of it.
ROUNDING = 1e-3


def random_inputs(n: int, load: float, servers_: int, seed: int, heavy: bool = False):
    rng = np.random.default_rng(seed)
    gaps = rng.exponential(1.0, n)
    work = rng.lognormal(-1.0, np.sqrt(2.0), n) if heavy else rng.exponential(1.0, n)
    at = np.round(np.cumsum(gaps), 6)
    return at, np.maximum(np.round(work * load * servers_, 6), 1e-6)


class OfCustomer(ciw.dists.Distribution):
    """The work that belongs to a customer, also when others have been turned away."""

    def __init__(self, work):
        self.work = list(work)

    def sample(self, t=None, ind=None):
        return self.work[ind.id_number - 1]


def through_ciw(at, work, count, capacity=np.inf, sharing=None):
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([at[0], *np.diff(at), 1e12])],
        service_distributions=[OfCustomer(work)],
        number_of_servers=[count],
        queue_capacities=[capacity],
        **({} if sharing is None else {"ps_thresholds": [sharing]}),
    )
    node = ciw.Node if sharing is None else ciw.PSNode
    simulation = ciw.Simulation(network, node_class=node)
    simulation.simulate_until_max_time(at[-1] + 1e6)
    return sorted(simulation.get_all_records(), key=lambda record: record.arrival_date)


@pytest.mark.parametrize(
    ("count", "load", "heavy"), [(1, 0.5, False), (1, 0.8, True), (3, 0.8, False), (10, 0.9, True)]
)
def test_first_come_first_served_agrees_with_ciw_for_every_customer(count, load, heavy):
    at, work = random_inputs(3000, load, count, seed=count, heavy=heavy)
    records = through_ciw(at, work, count)
    demand = requests(at, work)
    outcome = simulate(demand, servers(demand, count))
    waits = (outcome.started - outcome.arrived) / US
    assert len(records) == demand.n
    np.testing.assert_allclose(waits, [record.waiting_time for record in records], atol=ROUNDING)


@pytest.mark.parametrize(("count", "room"), [(1, 0), (1, 3), (4, 2)])
def test_a_full_queue_turns_away_the_same_customers_as_ciw(count, room):
    at, work = random_inputs(3000, 1.1, count, seed=room)
    records = through_ciw(at, work, count, capacity=room)
    rejected = {round(record.arrival_date * US) for record in records if record.record_type == "rejection"}
    demand = requests(at, work)
    outcome = simulate(demand, servers(demand, count, queue=room))
    failed = outcome.fate == Fate.FAILED
    assert set(outcome.arrived[failed]) == rejected
    assert set(outcome.cause[failed]) == {Cause.QUEUE_FULL}


@pytest.mark.parametrize(("cores", "slots", "load"), [(1, 10_000, 0.7), (2, 10_000, 0.8), (1, 4, 0.8), (3, 6, 0.85)])
def test_processor_sharing_agrees_with_ciw_for_every_customer(cores, slots, load):
    at, work = random_inputs(2000, load, cores, seed=slots + cores)
    records = through_ciw(at, work, slots, sharing=cores)
    demand = requests(at, cpu=work)
    outcome = simulate(demand, servers(demand, 1, slots=slots, cores=cores))
    theirs = np.array([record.exit_date for record in records])
    np.testing.assert_allclose(outcome.ended / US, theirs, atol=ROUNDING)


class Recorded(SimProcess):
    """Gives simfaas our own sequence; the position is that of the current arrival."""

    def __init__(self, values, clock):
        self.values, self.clock = values, clock

    def generate_trace(self):
        # The next gap is drawn before the current arrival is served, so the position is one ahead.
        return self.values[self.clock["now"] - 1]


class RecordedGaps(Recorded):
    def generate_trace(self):
        self.clock["now"] = min(self.clock["now"] + 1, len(self.values) - 1)
        return self.values[self.clock["now"]]


@pytest.mark.parametrize(("rate", "expiry"), [(0.9, 30.0), (0.2, 10.0), (3.0, 5.0)])
def test_scale_by_request_agrees_with_simfaas_for_every_cold_start(rate, expiry):
    n = 4000
    rng = np.random.default_rng(7)
    gaps = np.round(rng.exponential(1 / rate, n), 6)
    warm = np.maximum(np.round(rng.exponential(1.991, n), 6), 1e-6)
    extra = np.round(rng.exponential(0.5, n), 6)
    clock = {"now": -1}
    theirs = ServerlessSimulator(
        arrival_process=RecordedGaps(gaps, clock),
        warm_service_process=Recorded(warm, clock),
        cold_service_process=Recorded(warm + extra, clock),
        expiration_threshold=expiry,
        max_time=float(gaps[:-10].sum()),
    )
    theirs.generate_trace(debug_print=False, progress=False)
    at = np.cumsum(gaps)[: theirs.total_req_count]
    demand = requests(at, warm[: len(at)])
    outcome = simulate(
        demand, pool(demand, reuse=Reuse.NEWEST, start=extra[: len(at)], after=(expiry,), enter=(0,), keeps=(False,),
                     wake=(0,)))  # fmt: skip
    assert (outcome.warmth == Warmth.COLD).sum() == theirs.total_cold_count
    until = theirs.get_trace_end()
    theirs.calculate_time_lengths()
    ours = mean_number(outcome, until)
    assert ours["all"] == pytest.approx(theirs.get_average_server_count(), rel=1e-6)
    assert ours["running"] == pytest.approx(theirs.get_average_server_running_count(), rel=1e-6)


def mean_number(outcome, until):
    """Time average of instances that exist, and of those that start or serve, written without the product's help."""
    total = {"all": 0.0, "running": 0.0}
    for number in range(len(outcome.opener)):
        mine = np.flatnonzero(outcome.turn_instance == number)
        times = np.minimum([*outcome.turn_time[mine] / US, until], until)
        for begin, end, state in zip(times[:-1], times[1:], outcome.turn_state[mine], strict=True):
            if state != State.OFF:
                total["all"] += end - begin
            if state in (State.STARTING, State.BUSY):
                total["running"] += end - begin
    return {key: value / until for key, value in total.items()}

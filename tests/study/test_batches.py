"""One long run cut into batches: which batches there are, what they say, and that their intervals hold the truth."""

import dataclasses
import math
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy.special import bdtr, bdtrc

import sim
from sim import stats
from sim.billing import Month, accumulate, observe
from sim.catalog.prices import prices
from sim.cli import program
from sim.scenario import bind, loads
from sim.study import batches, billed, estimates, warmup
from sim.study.replicate import replicate
from sim.trace.spans import spans
from sim.trace.window import Window
from sim.units import DAY, WEEK

QUEUE = """name: queue
as_of: 2026-11-01
month: 2026-11
horizon: 20 days
warmup: 1 day
replications: 1
workload:
  agents: 1
  serial: false
  arrivals: {poisson: {rate: 30/h}}
  request: [{wait: exponential(mean=60 s)}]
  memory: 1 MiB
deployments:
  one: {platform: hetzner/cx23, instances: 1, concurrency: 1}
"""


def scenario(text=QUEUE, *settings):
    return loads(text, Path(), settings=settings)


def ran(made, number=0):
    """The run of a scenario that has one; others of it by their numbers, with other luck."""
    case = bind(made, Path())
    return case, [replicate(case, number, warmup.given(made), True)]


# Which batches there are


@pytest.mark.parametrize(("days", "count", "size"), [(20, 20, 1), (39, 39, 1), (40, 20, 2), (59, 29, 2), (400, 20, 20)])
def test_batches_are_whole_days_at_the_end_of_the_window(days, count, size):
    found = batches.cut(scenario(QUEUE, f"horizon={days} days"), Window(DAY, (1 + days) * DAY))
    assert (len(found.windows), found.phases, found.why) == (count, 1, "")
    assert {one.length for one in found.windows} == {size * DAY} and found.windows[-1].end == (1 + days) * DAY
    assert all(one.end == other.begin for one, other in zip(found.windows, found.windows[1:], strict=False))


def test_batches_of_a_load_that_repeats_are_whole_weeks():
    made = scenario(QUEUE.replace("{poisson: {rate: 30/h}}", "{cron: {schedule: '0 9 * * mon-fri'}}"))
    found = batches.cut(made, Window(0, 41 * WEEK))
    assert {one.length for one in found.windows} == {2 * WEEK} and len(found.windows) == 20
    assert found.phases == stats.PARTS


def test_why_there_are_no_batches(tmp_path):
    few = batches.cut(scenario(QUEUE, "horizon=19 days"), Window(0, 19 * DAY))
    assert not few.windows and "need 20 whole days, there are 19: lengthen `horizon`" in few.why
    assert batches.cut(scenario(QUEUE, "replications=2"), Window(0, 40 * DAY)) == batches.Cut(())
    (tmp_path / "rates.csv").write_text("t_s,rate\n0,1\n3600,2\n")
    recorded = loads(QUEUE.replace("{poisson: {rate: 30/h}}", "{rates: {file: rates.csv, per: h}}"), tmp_path)
    assert "follows a recording" in batches.cut(recorded, Window(0, 40 * DAY)).why
    case, (one,) = ran(scenario(QUEUE, "horizon=2 days"))
    figures = estimates(case, [one])["one"]
    assert figures["latency_s.mean"].value is not None and "there are 2" in figures["latency_s.mean"].why
    assert figures["work_s.lost"].why is not None


# What they say


@pytest.fixture(scope="module")
def long():
    return ran(scenario(QUEUE, "horizon=41 days"))


def test_figures_are_of_the_whole_window(long):
    case, (one,) = long
    whole, found = one.measures["one"], estimates(case, [one])["one"]
    assert found["requests.arrived"].value == whole.counts["requests.arrived"]
    assert found["instances.mean"].value == 1.0
    times = whole.times["latency_s"]
    assert found["latency_s.mean"].value == pytest.approx(times.mean() / 1e6, rel=1e-12)
    assert found["latency_s.p90"].value == times[math.ceil(0.9 * len(times)) - 1] / 1e6
    assert len(found["latency_s.p90"].sections) == 20


def test_batches_hold_the_requests_of_the_window_but_the_first_day(long):
    _, (one,) = long
    parts = one.batches["one"].measures
    left_out = one.measures["one"].counts["requests.arrived"] - sum(part.counts["requests.arrived"] for part in parts)
    arrived = one.demand.at[one.demand.at >= DAY]
    assert left_out == (arrived < 2 * DAY).sum() > 0
    assert all(part.audit.passed for part in parts)


def test_counts_of_batches_stand_for_the_window(long):
    """A Poisson count: the interval is about twice its root to either side."""
    case, (one,) = long
    found = estimates(case, [one])["one"]["requests.arrived"]
    low, high = stats.interval(found)
    assert 0.5 < (high - low) / 2 / (2.09 * math.sqrt(found.value)) < 1.6


@pytest.mark.parametrize("days", [20, 60])
def test_a_bill_is_of_the_window_and_of_a_longer_one_than_the_month_the_mean_of_those_of_batches(days):
    """A machine that is started by requests: the bill goes with their number."""
    text = QUEUE.replace("{platform: hetzner/cx23, instances: 1, concurrency: 1}",
                         "{platform: fly/machines, size: shared-cpu-1x-512mb, idle_timeout: 1 min}")
    case, (one,) = ran(scenario(text.replace("30/h", "2/h"), f"horizon={days} days"))
    one.batches["one"] = dataclasses.replace(one.batches["one"], correlated={})
    deployment, (_, outcome) = case.deployments[0], one.runs["one"]
    lasting, month = spans(outcome, one.demand.stop), Month.parse("2026-11")
    books = prices(case.book, deployment.platform), prices(case.book, "llm")

    def total(first, end):
        part = observe(one.demand, outcome, lasting, Window(first * DAY, end * DAY))
        return accumulate(part, deployment, (), month, *books)[-1].total()

    size = days // 20
    parts = [total(day, day + size) for day in range(1, 1 + days, size)]
    totals = parts if days > 30 else [total(1, 1 + days)]
    found = estimates(case, [one])["one"]["cost.total"]
    assert found.value == pytest.approx(float(sum(totals) / len(totals)), rel=1e-12)
    assert found.value != pytest.approx(float(sum(parts) / 20), rel=1e-12) or days > 30
    assert found.sections == pytest.approx([float(part) for part in parts])
    assert [part.invoice.total() for part in billed([one], "one")] == totals


def test_a_largest_number_has_no_interval(long):
    case, (one,) = long
    found = estimates(case, [one])["one"]["instances.max"]
    assert found.value == 1.0 and "no mean of its batches" in found.why


def test_what_neighbours_correlate_in_is_refused(long):
    case, (one,) = long
    apart = dataclasses.replace(one.batches["one"], correlated={"latency_s.p90": True, "latency_s.p50": False,
                                                                      "arrivals": True})
    told = estimates(case, [dataclasses.replace(one, batches={"one": apart})])["one"]
    assert told["latency_s.p90"].value is not None and "neighbouring batches of the run correlate:" in told[
        "latency_s.p90"].why
    assert told["latency_s.p50"].why is None
    assert "correlate in arrivals" in told["requests.arrived"].why
    assert "correlate in arrivals" in told["cost.per_1000_requests"].why
    assert told["cost.total"].why is None  # it is the same in all batches
    assert told["utilisation"].why is not None and told["instances.mean"].why is None


# Intervals


def sojourn(q=None):
    """M/M/1 with 15 arrivals and 30 services an hour: exponential with rate mu - lambda (Kleinrock 1975, 3.2)."""
    mean = 3600 / (30 - 15)
    return mean if q is None else -mean * math.log(1 - q)


@pytest.mark.nightly
def test_intervals_hold_the_truth():
    """The model itself, 30 long runs of a queue: nominal 95% intervals, within the band of a 99.9% binomial test."""
    made = scenario(QUEUE.replace("30/h", "15/h").replace("60 s", "120 s"))
    truth = {"latency_s.mean": sojourn(), "latency_s.p50": sojourn(0.5), "latency_s.p90": sojourn(0.9),
             "utilisation": 0.5, "requests.arrived": 20 * 24 * 15}
    hits = {path: [] for path in truth}
    for number in range(30):
        found = estimates(*ran(made, number))["one"]
        for path, value in truth.items():
            low, high = stats.interval(found[path])
            if low is not None:
                hits[path].append(low <= value <= high)
    for path, held in hits.items():
        assert len(held) > 15, f"{path} is refused in {30 - len(held)} of 30 runs"
        n, k = len(held), sum(held)
        assert min(bdtr(k, n, 0.95), bdtrc(k - 1, n, 0.95)) > 0.0005, f"{path}: {k} of {n} hold the truth"


# From the command line


def test_the_report_and_the_summary_name_the_method(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("queue.yaml").write_text(QUEUE + "expect: [one.latency_s.mean < 200 s]\n")
    done = CliRunner().invoke(program, ["run", "queue.yaml"])
    assert done.exit_code == 0, done.output
    assert "interval by batch means of one run, in 20 batches of 1 day; it covers" in " ".join(done.stdout.split())
    assert sim.load("queue.yaml").run().summary["method"] == "batch means of one run, in 20 batches of 1 day"
    short = CliRunner().invoke(program, ["run", "queue.yaml", "--set", "horizon=2 days"])
    assert short.exit_code == 4
    assert "no intervals: the batch means of one run need 20 whole days, there are 2" in " ".join(short.stdout.split())

"""A bound deployment as a model reads it: every field of `Capacity` by hand, every draw at its address."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim import catalog, luck
from sim.catalog import limits
from sim.distributions import Distribution, parse
from sim.engine import contract
from sim.engine.contract import CORE, NEVER, Capacity, Credit, Demand, Reuse, Scaler
from sim.engine.lower import lower
from sim.luck import Stream
from sim.scenario import BoundDeployment, elastic, extends, starting
from sim.scenario.deployment import BoundRung
from sim.scenario.gpus import Discipline, Gpu
from sim.scenario.schema import Deployment
from sim.scenario.starting import StartUp
from tests.engine.cases import demand

S = 1_000_000
HERE = Path(__file__).parent

# Six requests of agents 0, 2 and 5, of eight agents.
AGENT = [0, 0, 0, 2, 5, 5]
ORDINAL = [0, 1, 2, 0, 0, 1]
"""Number of each request among those of its agent."""
DEMAND = demand([10, 20, 30, 5, 7, 9], [[(1, 0)]] * 6, agent=AGENT)

LADDER = (
    BoundRung("suspended", 300 * S, 2 * S, parse("uniform(low=1 s, high=3 s)"), True),
    BoundRung("stopped", 7200 * S, 0, parse("uniform(low=10 s, high=30 s)"), True),
    BoundRung("deleted", None, 5 * S, parse("0 s"), False),
)

BOUND = BoundDeployment(
    name="here", platform="fly/machines", profile=catalog.profile("fly/machines"), size=None, vcpu=Fraction(3, 2),
    memory=2**31, placement="shared", binding="late", reuse="oldest", concurrency=4, minimum=2, maximum=9, queue=17,
    duration_limit=3600 * S, base_memory=50_000_000, memory_kills=False, ladder=LADDER, start=(parse("1500 ms"),),
    elastic=elastic.bound(extends.Given({}), catalog.profile("hetzner/cx23"), None), plan=None, region=None,
    labour=None, start_up=StartUp(), provider=None, catalogue=catalog.PACKAGE, gpu=Gpu.model_construct(),
    discipline=Discipline.model_construct(), rests_on=(),
)  # fmt: skip


def lowered(seed: int = 3, replication: int = 0, asked: Demand = DEMAND, agents: int = 8, **changed: Any) -> Capacity:
    return lower(dataclasses.replace(BOUND, **changed), asked, agents, HERE, seed, replication)


def drawn(law: Distribution, stream: Stream, part: int, seed: int = 3, replication: int = 0) -> list[int]:
    """One request at a time: the quantile at the address (seed, replication, stream, agent and ordinal, part)."""
    found = []
    for agent, ordinal in zip(AGENT, ORDINAL, strict=True):
        entity = np.array([agent * 2**28 + ordinal])
        found.append(round(float(law.quantile(luck.uniform(seed, replication, stream, entity, part))[0])))
    return found


# What is plain


def test_plain_fields() -> None:
    found = lowered()
    assert found.concurrency == 4
    assert (found.minimum, found.maximum, found.queue_limit) == (2, 9, 17)
    assert found.duration_limit == 3600 * S
    assert found.cpu == 1_500_000  # one and a half cores, in millionths
    assert (found.memory, found.base_memory) == (2**31, 50_000_000)
    assert found.rung_after.tolist() == [300 * S, 7200 * S, NEVER]
    assert found.rung_enter.tolist() == [2 * S, 0, 5 * S]
    assert found.rung_keeps.tolist() == [True, True, False]
    assert found.start.tolist() == [1_500_000] * 6


def test_no_limit_is_never() -> None:
    found = lowered(maximum=None, queue=None, duration_limit=None)
    assert (found.maximum, found.queue_limit, found.duration_limit) == (NEVER, NEVER, NEVER)


def test_a_limit_of_nothing_is_one() -> None:
    assert lowered(queue=0).queue_limit == 0


@pytest.mark.parametrize(("binding", "early"), [("early", True), ("late", False)])
def test_binding(binding: str, early: bool) -> None:
    assert lowered(binding=binding).early is early


@pytest.mark.parametrize("kills", [True, False])
def test_what_running_out_of_memory_does(kills: bool) -> None:
    assert lowered(memory_kills=kills).memory_kills is kills


@pytest.mark.parametrize(("reuse", "lower_"), [
    ("most-recent", Reuse.MOST_RECENT), ("newest", Reuse.NEWEST), ("oldest", Reuse.OLDEST),
    ("least-loaded", Reuse.LEAST_LOADED)])  # fmt: skip
def test_reuse(reuse: str, lower_: Reuse) -> None:
    assert lowered(reuse=reuse).reuse is lower_


@pytest.mark.parametrize(("vcpu", "concurrency", "cpu"), [
    (Fraction(1, 16), 1, 62_500), (2, 80, 2 * CORE), (Fraction(1, 3), 1, 333_333),
    (Fraction(1, 1000), 5000, 5000),  # a thousandth of a core is 1,000 parts; each of 5,000 residents gets one at least
])  # fmt: skip
def test_cores(vcpu: Fraction, concurrency: int, cpu: int) -> None:
    assert lowered(vcpu=Fraction(vcpu), concurrency=concurrency).cpu == cpu


# Pools


def test_a_shared_pool() -> None:
    found = lowered(placement="shared")
    assert (found.pools, found.pool_of.tolist()) == (1, [0] * 6)


def test_a_pool_for_each_agent_also_for_those_that_ask_for_nothing() -> None:
    found = lowered(placement="per-agent")
    assert (found.pools, found.pool_of.tolist()) == (8, AGENT)


def test_a_pool_for_each_session() -> None:
    sessions = dataclasses.replace(DEMAND, session=np.array([4, 4, 0, 1, 2, 2]))
    found = lowered(placement="per-session", asked=sessions)
    assert (found.pools, found.pool_of.tolist()) == (5, [4, 4, 0, 1, 2, 2])


def test_no_session_no_pool() -> None:
    nobody = demand([], [])
    assert lowered(placement="per-session", asked=nobody).pools == 0
    assert lowered(placement="shared", asked=nobody).start.tolist() == []
    assert lowered(placement="shared", asked=nobody).rung_wake.shape == (3, 0)


@pytest.mark.parametrize(("placement", "keeps", "rung"), [
    ("per-agent", [True, True, False], 1),  # the deepest that keeps
    ("per-agent", [True, True, True], 2),
    ("per-agent", [True, False], 0),
    ("per-agent", [False], NEVER),
    ("per-agent", [], NEVER),
    ("shared", [True, True, False], NEVER),
    ("per-session", [True, True, False], NEVER),
])  # fmt: skip
def test_where_instances_rest_at_the_beginning(placement: str, keeps: Sequence[bool], rung: int) -> None:
    ladder = tuple(BoundRung(f"rung {n}", S, 0, parse("1 s"), kept) for n, kept in enumerate(keeps))
    assert lowered(placement=placement, ladder=ladder).initial_rung == rung


# Luck


HALVES = (parse("uniform(low=1 s, high=9 s)"), parse("uniform(low=1 s, high=9 s)"), parse("exponential(mean=2 s)"))


def test_a_start_is_the_sum_of_its_parts_each_at_an_address_of_its_own() -> None:
    first, second, third = (drawn(law, Stream.START, part) for part, law in enumerate(HALVES))
    assert lowered(start=HALVES).start.tolist() == [sum(parts) for parts in zip(first, second, third, strict=True)]
    assert first != second, "the same distribution, and yet another draw"


def test_parts_of_a_start_do_not_go_together() -> None:
    """The sum of two uniform numbers on 0 to 6 s has variance 2 * 36 / 12 = 6; twice one number has 12.

    Of 4,000 sums: the sample variance of a triangular distribution (kurtosis 2.4) has a standard error of
    6 * sqrt(1.4 / 4000) = 0.112.
    """
    many = demand([0] * 4000, [[(1, 0)]] * 4000)
    found = lowered(asked=many, agents=4000, start=(parse("uniform(low=0 s, high=6 s)"),) * 2).start
    assert np.var(found / S) == pytest.approx(6, abs=4 * 0.112)


def test_wakes_are_drawn_by_request_and_rung() -> None:
    found = lowered()
    assert found.rung_wake.tolist() == [
        drawn(LADDER[0].wake, Stream.WAKE, 0), drawn(LADDER[1].wake, Stream.WAKE, 1), [0] * 6]  # fmt: skip
    # As shares of their ranges, 2 and 20 s wide, they would be the same if the rungs shared a draw.
    assert not np.allclose((found.rung_wake[0] - S) / (2 * S), (found.rung_wake[1] - 10 * S) / (20 * S), atol=1e-5)


@pytest.mark.parametrize(("seed", "replication"), [(3, 1), (3, 7), (4, 0)])
def test_each_replication_and_seed_has_luck_of_its_own(seed: int, replication: int) -> None:
    found, first = lowered(seed, replication, start=HALVES[:1]), lowered(start=HALVES[:1])
    assert found.start.tolist() == drawn(HALVES[0], Stream.START, 0, seed, replication)
    assert found.rung_wake[0].tolist() == drawn(LADDER[0].wake, Stream.WAKE, 0, seed, replication)
    assert not (found.start == first.start).any() and not (found.rung_wake[0] == first.rung_wake[0]).any()


def test_luck_is_that_of_the_request_whatever_the_deployment_is_called_and_how_it_is_placed() -> None:
    one = lowered(start=HALVES)
    for changed in ({"name": "there"}, {"platform": "e2b/sandbox"}, {"placement": "per-agent"}, {"concurrency": 1}):
        other = lowered(start=HALVES, **changed)  # type: ignore[arg-type]
        assert other.start.tolist() == one.start.tolist() and (other.rung_wake == one.rung_wake).all()


def started(**said: Any) -> Any:
    """Starts of 4,000 requests, the instances of all of which take no time but for what is said."""
    many = demand(range(4000), [[(1, 0)]] * 4000)
    return lowered(asked=many, agents=4000, start=(), start_up=StartUp.model_validate(said)).start


def test_parts_of_a_start_stand_instead_of_those_of_the_platform() -> None:
    profile = catalog.profile("fly/machines")
    own = {part.name: part.time.value for part in profile.start}
    assert list(own) == ["create", "boot"]

    def parts(**keys: Any) -> tuple[Distribution, ...]:
        given = Deployment.model_validate({"platform": "fly/machines", **keys}).given
        return starting.parts(extends.Given({key: (value, "here") for key, value in given.items()}), profile)

    assert parts() == tuple(own.values())
    assert parts(start_up={"parts": {"model": "3 s", "boot": "1 s"}}) == (own["create"], parse("1 s"), parse("3 s"))
    assert parts(start="2 s") == (parse("2 s"),)


def test_an_image_is_pulled_where_it_is_not_there() -> None:
    found = started(image={"pull": "uniform(low=7 s, high=9 s)", "hits": "80%"})
    pulled = found[found > 0]
    # Of 4,000 a fifth: 800, four standard deviations of which are 101.
    assert abs(len(pulled) - 800) < 101 and pulled.min() >= 7 * S and pulled.max() <= 9 * S
    # Whether it is there tells nothing of how long a pull lasts.
    assert abs(np.mean(pulled) / S - 8) < 4 * np.sqrt(4 / 12 / len(pulled))
    assert (started(image={"pull": "7 s"}) == 7 * S).all() and not started(image={"pull": "7 s", "hits": "100%"}).any()


def test_a_start_that_fails_is_tried_again_until_it_succeeds() -> None:
    share = 0.3
    tries = started(failures={"share": "30%", "after": "2 s"}) / (2 * S)
    assert (tries == np.rint(tries)).all()
    for failed in range(5):  # geometric: P(exactly k failures) = (1 - p) p^k
        expected = (1 - share) * share**failed
        assert abs(np.mean(tries == failed) - expected) < 4 * np.sqrt(expected * (1 - expected) / 4000)
    # Each try takes a time of its own: mean p / (1 - p) E[after], variance that of a geometric sum of exponentials.
    times = started(failures={"share": "30%", "after": "exponential(mean=2 s)"}) / S
    ratio = share / (1 - share)
    spread = np.sqrt(ratio * 4 + ratio / (1 - share) * 4)
    assert abs(np.mean(times) - ratio * 2) < 4 * spread / np.sqrt(4000)


def test_drift_moves_all_starts_of_a_replication_alike() -> None:
    law = (parse("uniform(low=1 s, high=3 s)"),)
    plain = [lowered(start=law, replication=number).start for number in range(200)]
    moved = [lowered(start=law, start_up=StartUp(drift=Fraction(1, 2)), replication=number).start
             for number in range(200)]
    factors = np.array([np.median(theirs / own) for own, theirs in zip(plain, moved, strict=True)])
    for own, theirs, factor in zip(plain, moved, factors, strict=True):
        np.testing.assert_allclose(theirs, own * factor, rtol=3e-6)
    # Log-uniform from 2/3 to 3/2: u is uniform (Kolmogorov-Smirnov, 1 in 1,000).
    u = np.sort((np.log(factors) / np.log(1.5) + 1) / 2)
    assert max(np.abs(u - np.arange(1, 201) / 200).max(), np.abs(u - np.arange(200) / 200).max()) < 1.95 / np.sqrt(200)


def test_luck_does_not_move_with_what_other_agents_do() -> None:
    """Without agent 0 the last three requests are rows 0 to 2, of the same agents."""
    fewer = demand([5, 7, 9], [[(1, 0)]] * 3, agent=AGENT[3:])
    found, one = lowered(asked=fewer, start=HALVES), lowered(start=HALVES)
    assert found.start.tolist() == one.start.tolist()[3:]
    assert (found.rung_wake == one.rung_wake[:, 3:]).all()


def test_recorded_starts_are_looked_for_from_the_folder_given(tmp_path: Path) -> None:
    (tmp_path / "starts.csv").write_text("ms\n700\n")
    start = (parse({"samples": "starts.csv", "column": "ms", "unit": "ms"}),)
    bound = dataclasses.replace(BOUND, start=start)
    assert lower(bound, DEMAND, 8, tmp_path, 3, 0).start.tolist() == [700_000] * 6


# Scaling, schedules, limits, idleness and CPU


def said(**keys: Any) -> elastic.Elastic:
    """What a deployment says, as a person writes it."""
    given = Deployment.model_validate({"platform": "fly/machines"} | keys).given
    keys = {key: (value, "here") for key, value in given.items()}
    return elastic.bound(extends.Given(keys), catalog.profile("hetzner/cx23"), None)


def test_nothing_said_is_no_limit() -> None:
    found = lowered()
    assert (found.quota, found.pace_every, found.lifetime, found.check_every, found.check_most) == (NEVER,) * 5
    assert (found.spare, found.credit, found.scaler) == (0, None, None)
    assert [len(part) for part in (found.speed, found.refused, found.start_pace, found.stick, found.floor)] == [0] * 5


def test_limits() -> None:
    found = lowered(elastic=said(limits={
        "quota": 7, "openings": "4/s", "burst": 9, "lifetime": "2 h", "at_lifetime": "kill", "slowdown": "50%"}))
    assert (found.quota, found.pace_every, found.pace_burst) == (7, 250_000, 9)
    assert (found.lifetime, found.lifetime_kills) == (7200 * S, True)
    assert found.start_pace[:4].tolist() == [CORE, 666_667, 500_000, 400_000]
    assert found.spare > 0, "two are kept, and may have to be opened again"


ALL = {"limits": {"quota": 7, "openings": "4/s", "burst": 9, "slowdown": "50%", "lifetime": "2 h",
                  "at_lifetime": "kill", "payload": "1 kB"},
       "idle": {"check": "5 min", "stops": 3, "stuck": "100%"},
       "cpu": {"speed": 0.5, "credit": {"baseline": "6.25%", "first": "5 s", "most": "500 s"}}}  # fmt: skip


def of_platform(tree: Any) -> Any:
    """The keys of a deployment as a profile has them: each value a figure."""
    stand = {"standing": "assumed", "source": "made up here", "as_of": "2026-11-01", "reason": "made up"}
    return {key: of_platform(one) for key, one in tree.items()} if isinstance(tree, dict) else {"value": tree, **stand}


def test_what_a_platform_says_is_what_a_deployment_would_say() -> None:
    asked = dataclasses.replace(DEMAND, payload=np.array([1, 999, 1000, 1001, 5000, 2]))
    parts = {"limits": limits.Limits, "idle": limits.Idle, "cpu": limits.Cpu}
    platform = catalog.profile("hetzner/cx23").model_copy(
        update={key: part.model_validate(of_platform(ALL[key])) for key, part in parts.items()})
    ours = lowered(asked=asked, elastic=said(**ALL))
    theirs = lowered(asked=asked, elastic=elastic.bound(extends.Given({}), platform, None))
    nothing = lowered(asked=asked)
    for field in dataclasses.fields(Capacity):
        np.testing.assert_equal(getattr(theirs, field.name), getattr(ours, field.name), err_msg=field.name)
    for name in ("quota", "pace_every", "pace_burst", "start_pace", "lifetime", "lifetime_kills", "refused",
                 "check_every", "check_most", "stick", "speed", "credit"):
        assert not np.array_equal(getattr(theirs, name), getattr(nothing, name)), name
    # What is said to be unlimited lifts what the platform says.
    lifted = {"quota": "unlimited", "openings": "unlimited", "lifetime": "unlimited", "payload": "unlimited"}
    free = Deployment.model_validate({"platform": "fly/machines", "limits": lifted}).given["limits"]
    found = lowered(asked=asked, elastic=elastic.bound(extends.Given({"limits": (free, "here")}), platform, None))
    assert (found.quota, found.pace_every, found.lifetime) == (NEVER,) * 3 and not found.refused.any()


def test_a_schedule_repeats_every_week_until_the_horizon() -> None:
    weeks = demand([0], [[(1, 0)]], horizon=10 * 86_400 * S)
    found = lowered(asked=weeks, elastic=said(schedule={
        "office": {"when": "mon 09:00-17:00", "instances": 5}, "else": {"when": "otherwise", "instances": 1}}))
    hours = [(9, 5), (17, 1), (7 * 24 + 9, 5), (7 * 24 + 17, 1)]
    assert found.minimum == 1
    assert list(zip(found.floor_at.tolist(), found.floor.tolist(), strict=True)) == [
        (hour * 3600 * S, number) for hour, number in hours]  # fmt: skip


def test_a_payload_is_refused_when_it_is_larger() -> None:
    asked = dataclasses.replace(DEMAND, payload=np.array([1, 999, 1000, 1001, 5000, 2]))
    assert lowered(asked=asked, elastic=said(limits={"payload": "1 kB"})).refused.tolist() == [
        False, False, False, True, True, False]  # fmt: skip
    assert not lowered(asked=asked).refused.any()


def test_credit_and_speed() -> None:
    # One and a half cores: a sixteenth is 93,750 millionths; 5 s of all of it are 7.5 core seconds.
    found = lowered(elastic=said(cpu={"speed": "uniform(low=0.5, high=1.5)", "credit": {
        "baseline": "6.25%", "first": "5 s", "most": "500 s"}}))
    assert found.credit == Credit(93_750, 7_500_000 * CORE, 750_000_000 * CORE)
    assert found.spare == 2, "the two that are there at the start"
    shares = [0.5 + luck.uniform(3, 0, Stream.CPU_SPEED, np.array([agent * 2**28 + ordinal]))[0]
              for agent, ordinal in zip(AGENT, ORDINAL, strict=True)]  # fmt: skip
    shares += [0.5 + luck.uniform(3, 0, Stream.SPARE_SPEED, np.array([number]))[0] for number in (0, 1)]
    assert found.speed.tolist() == [round(share * CORE) for share in shares]


def test_idleness() -> None:
    found = lowered(elastic=said(idle={"check": "4 min", "stops": 2, "stuck": "25%"}))
    assert (found.check_every, found.check_most) == (240 * S, 2)
    draws = [luck.uniform(3, 0, Stream.STICK, np.array([agent * 2**28 + ordinal]))[0]
             for agent, ordinal in zip(AGENT, ORDINAL, strict=True)]  # fmt: skip
    assert found.stick.tolist() == [draw >= 0.25 for draw in draws]


def test_scalers() -> None:
    found = lowered(elastic=said(scaling={"requests": {
        "target": 1.5, "window": "1 min", "every": "2 s", "panic": {"window": "6 s", "at": "150%"}}})).scaler
    assert found == Scaler(2 * S, 60 * S, 1_500_000, False, 6 * S, 1_500_000, 0, 0, True)
    found = lowered(elastic=said(scaling={"cpu": {
        "target": "60%", "window": "1 min", "every": "15 s", "stabilise": "5 min", "tolerance": "10%",
        "counts_starting": False}})).scaler
    # Of one and a half cores, 60% are 900,000 millionths.
    assert found == Scaler(15 * S, 60 * S, 900_000, True, NEVER, 0, 300 * S, 100_000, False)


def test_openings_for_no_request_have_luck_of_their_own() -> None:
    found = lowered(start=HALVES[:1], elastic=said(scaling={"requests": {"target": 1}}))
    assert found.start[:6].tolist() == drawn(HALVES[0], Stream.START, 0)
    spare = [round(float(HALVES[0].quantile(luck.uniform(3, 0, Stream.SPARE_START, np.array([number]), 0))[0]))
             for number in range(3)]  # fmt: skip
    assert found.start[6:9].tolist() == spare and len(found.start) == 6 + found.spare
    assert found.rung_wake.shape == (3, 6 + found.spare)


# GPUs and queues


def on_gpu(**said: Any) -> Gpu:
    return Gpu.model_validate(said)


GPU_DEMAND = dataclasses.replace(
    DEMAND, step_prefill=np.full(len(DEMAND.step_cpu), 10), step_decode=np.full(len(DEMAND.step_cpu), 90))


def test_a_gpu_is_there_where_there_is_work_for_it() -> None:
    assert lowered().gpu is None
    assert lowered(asked=GPU_DEMAND).gpu == contract.Gpu(CORE, CORE, CORE, CORE)
    found = lowered(asked=GPU_DEMAND, gpu=on_gpu(prefill_speed=0.5, decode_speed=2, each_prefill="25%",
                                                 each_decode="1.04%", memory="3 GiB"))
    assert found.gpu == contract.Gpu(CORE // 2, 2 * CORE, CORE // 4, 10_400)
    assert (found.memory, found.base_memory) == (3 * 2**30, 0)


def test_an_order_of_the_queue() -> None:
    def rule(asked: Demand = GPU_DEMAND, **said: Any) -> contract.Queueing | None:
        return lowered(asked=asked, discipline=Discipline.model_validate(said)).queueing

    assert lowered().queueing is None
    assert rule(order="arrival") is None
    n = DEMAND.n
    shortest, classes = rule(order="shortest"), rule(dataclasses.replace(DEMAND, priority=np.arange(n)),
                                                     order="priority")
    assert shortest is not None and classes is not None
    ends = DEMAND.step_first
    length = GPU_DEMAND.step_cpu + GPU_DEMAND.step_wait + 100
    assert shortest.rank.tolist() == [length[a:b].sum() for a, b in pairwise(ends)]
    assert classes.rank.tolist() == list(range(n))
    waits = rule(memory="wait", backfill=True)
    assert waits is not None and (waits.memory_waits, waits.backfill, len(waits.rank)) == (True, True, 0)
    several = rule(dataclasses.replace(DEMAND, slots=np.full(n, 3)), order="arrival")
    assert several is not None and several.need.tolist() == [3] * n

"""Random scenarios: combinations of what a file can say, right by construction or put together blindly."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from sim import catalog, units
from sim.catalog import Profile
from sim.catalog.prices import books, platforms
from sim.scenario.window import period

from .support import ASKED, FEWER, LATER, LEVELS, MISSING, SESSIONS, STARTS, WEEK, Tree, base

MIB = 2**20
BOOK = "list-2026"


def _is_drawn(name: str) -> bool:
    """Whether what is drawn below goes with a platform: requests of 256 MiB, kept instances, the sizes of Cloud Run."""
    profile = catalog.profile(name)
    fits = not profile.sizes or max(size.memory for size in profile.sizes.values()) >= 512 * 2**20
    keeps = not profile.ladder or profile.ladder[0].after.value >= units.SECOND
    chosen = not profile.combinations or name.startswith("cloud-run/")
    return fits and keeps and chosen and name.partition("/")[0] in platforms(BOOK)


PLATFORMS = tuple(name for name in catalog.platform_ids() if _is_drawn(name))
MODELS = ("mid-tier", "small", "frontier")
DURATIONS = ("500 ms", "exponential(mean=4 s)", "lognormal(mean=2 s, p95=6 s)", "uniform(1 s, 3 s)",
             "gamma(mean=3 s, cv=2)", "weibull(shape=0.7, scale=2 s)", "pareto(shape=2.5, mean=2 s)",
             "empirical([1 s, 2 s, 9 s])",
             {"samples": STARTS, "column": "ms", "unit": "ms", "where": {"provider": "a"}})  # fmt: skip
FIGURES = ("latency_s.p50", "overhead_s.mean", "wait_s.queue.p90", "start_up_s.mean", "completed.latency_s.p50")


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def given_keys(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Tree]:
    """Draw some of the keys; a value that is `MISSING` leaves its key out."""
    return st.fixed_dictionaries({}, optional=keys).map(without_missing)


def without_missing(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if value is not MISSING}


# Work

durations = one_of(*DURATIONS)
counts = one_of(0, 700, "lognormal(mean=900, p95=3000)", "geometric(mean=40)")
calls = st.fixed_dictionaries({"model": one_of(*MODELS), "input": counts, "output": counts},
                              optional={"time": durations})  # fmt: skip
tools = st.one_of(
    st.fixed_dictionaries({"cpu": one_of("40 ms", "exponential(mean=2 s)", 0, "20 s")}, optional={"wait": durations}),
    st.fixed_dictionaries({"wait": durations}),
)
on_gpu = st.one_of(
    durations.map(lambda time: {"time": time}),
    st.fixed_dictionaries({"input": counts, "output": counts, "prefill": st.just("900/s"), "decode": one_of("30/s")},
                          optional={"memory_per_token": one_of("1 kB", "100 kB")}),
)  # fmt: skip
leaves = st.one_of(
    calls.map(lambda call: {"llm": call}), tools.map(lambda tool: {"tool": tool}),
    durations.map(lambda wait: {"wait": wait}), on_gpu.map(lambda work: {"gpu": work}),
)  # fmt: skip


def looped(steps: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    times = one_of(1, 3, "geometric(mean=3)", "uniform(1, 4)")
    loops = st.fixed_dictionaries({"times": times, "steps": st.lists(steps, min_size=1, max_size=2)})
    return loops.map(lambda loop: {"loop": loop})


requests = st.lists(st.one_of(leaves, looped(st.one_of(leaves, looped(leaves)))), min_size=1, max_size=3)

# Arrivals

PHASES = {"on": {"rate": "6/h", "stay": "20 min"}, "off": {"rate": 0, "stay": "1 h"}}
buckets = st.one_of(
    st.fixed_dictionaries({"busy": st.just({"when": "08:00-18:00", "rate": "3/h"}),
                           "calm": st.just({"when": "otherwise", "rate": "0.2/h"})}),
    st.fixed_dictionaries({"night": st.just({"when": "22:00-06:00, sat, sun", "rate": 0}),
                           "day": st.just({"when": "06:00-22:00", "rate": "2/h"})}),
    st.fixed_dictionaries({"burst": st.just({"when": "mon 10:00-10:05, tue 10:00-10:05", "rate": "1/min"}),
                           "rest": st.just({"when": "otherwise", "rate": "0.1/h"})}),
)  # fmt: skip
shapes = st.one_of(
    st.just({"file": WEEK}), st.just({"file": LEVELS}), st.just({"file": WEEK, "time": "hour", "rate": "load"}),
)  # fmt: skip
sessions = st.fixed_dictionaries(
    {"file": one_of(SESSIONS, FEWER), "per_day": one_of(20, 60.5)}, optional={"shape": shapes}
)
open_arrivals = st.one_of(
    one_of("1/h", "4/h", "40/day").map(lambda rate: {"poisson": {"rate": rate}}),
    one_of("30 min", "exponential(mean=20 min)", "gamma(mean=1 h, cv=3)", "mixture(90%: 5 s, 10%: 3 h)").map(
        lambda gap: {"renewal": {"gap": gap}}),
    buckets.map(lambda week: {"weekly": week}),
    st.builds(lambda at, scope: {"poisson": {"rate": "4/h"}, "burstiness": {
        "index_of_dispersion": [3, 9][: len(at)], "at": at, "scope": scope}},
        one_of(["10 min"], ["5 min", "3 h"]), one_of("agent", "fleet")),
    one_of("*/20 8-18 * * mon-fri", ["@hourly", "5 3 * * *"]).map(
        lambda schedule: {"cron": {"schedule": schedule, "jitter": "exponential(mean=1 min)"}}),
    one_of(LEVELS, WEEK).map(lambda file: {"rates": {"file": file, "per": "h"}}),
    one_of("agent", "fleet").map(lambda scope: {"bursts": {"phases": PHASES, "scope": scope}}),
)  # fmt: skip
replays = st.fixed_dictionaries({"file": one_of(ASKED, LATER)}, optional={
    "begin": one_of("0 s", "20 min"), "rate": one_of("2/h", "11/h"), "blocks": one_of("30 min", "2 h"),
}).map(lambda requests: {"requests": requests})  # fmt: skip
windows = one_of({}, {}, {"debounce": {"quiet": "2 min"}}, {"debounce": {"quiet": "5 min", "at_most": "9 min"}},
                 {"batch": {"window": "3 min"}}, {"batch": {"window": "1 h", "size": 3}})  # fmt: skip
batches = one_of({}, {}, {"bulk": {"size": "geometric(mean=2)"}}, {"bulk": {"size": 3, "over": "fleet"}})
skews = one_of({}, {}, {"skew": {"zipf": 1.2}}, {"skew": {"shares": [3]}})
closed = one_of("10 min", "exponential(mean=20 min)", "mixture(80%: 0 s, 20%: 2 h)").map(
    lambda think: {"closed": {"think": think}})  # fmt: skip


def with_options(kind: Tree, window: Tree, batch: Tree, skew: Tree) -> Tree:
    """Put options beside a kind of arrivals, if they go with it."""
    return kind | window | ({} if "requests" in kind else batch) | ({} if "cron" in kind else skew)

CALLING = (
    {"timeout": "1 min"},
    {"timeout": "exponential(mean=20 s)", "attempts": 3, "cancels": False, "backoff": {"base": "1 s"}},
    {"timeout": "5 s", "attempts": 4, "backoff": {"base": "1 s", "cap": "3 s", "jitter": "decorrelated"},
     "budget": {"tokens": 2, "per_success": 0.2}},
    {"attempts": 2, "retry_on": ["queue-full", "duration"], "backoff": {"base": "3 s", "jitter": "equal"}},
    {"timeout": "10 s", "attempts": 2, "breaker": {"calls": 2, "open_for": "20 s", "scope": "fleet"}},
)


optioned = st.builds(with_options, st.one_of(open_arrivals, replays), windows, batches, skews)


@st.composite
def workloads(draw: st.DrawFn) -> Tree:
    memory = draw(one_of(MISSING, "1 MiB", "40 MiB", "200 MiB"))
    serial = draw(one_of(MISSING, True, False))
    agents = draw(st.integers(1, 12))
    if draw(st.integers(0, 3)) == 0:
        made = {"agents": agents, "arrivals": {"sessions": draw(sessions)}}
    else:
        asked = draw(st.one_of(closed, *[optioned] * 4))
        made = {"agents": agents, "arrivals": asked, "request": draw(requests)}
        made |= draw(given_keys(priority=one_of("empirical([0, 1, 1])"), slots=one_of(1, 2, "empirical([1, 3])")))
    callers = draw(given_keys(
        callers=one_of(MISSING, MISSING, *CALLING), parallel=one_of(MISSING, "75%"),
        patience=one_of(MISSING, "5 s", "exponential(mean=2 min)"),
        keep_open=one_of(MISSING, "1 min", "exponential(mean=10 min)"),
        payload=one_of(MISSING, "uniform(low=0, high=2000000)")))
    return without_missing(made | {"memory": memory, "serial": serial} | callers)


# Deployments


def needed(workload: Tree) -> int:
    return {"1 MiB": 1, "40 MiB": 40, "200 MiB": 200}.get(workload.get("memory", ""), 256) * MIB


@st.composite
def shape_keys(draw: st.DrawFn, profile: Profile, needs: int) -> Tree:
    """Draw a size that one request fits into, in the way in which the platform lets it be chosen."""
    least = needs + profile.base_memory.value
    most = min((rung.max_memory.value for rung in profile.ladder if rung.max_memory is not None), default=2**62)
    if profile.sizes:
        fitting = [size.name for size in profile.sizes.values() if least <= size.memory <= most]
        return {"size": draw(st.sampled_from(fitting))}
    assert profile.memory_range is not None
    low = max(profile.memory_range.low, least)
    low += -low % MIB
    high = min(profile.memory_range.high, most, 4 * low)
    memory = draw(st.one_of(st.just(low), st.integers(low // MIB, max(low, high) // MIB).map(lambda mib: mib * MIB)))
    keys = {"memory": f"{memory // MIB} MiB"}
    if profile.vcpu_range is not None and profile.memory_per_vcpu is None:
        bounds = profile.vcpu_range
        vcpu = draw(one_of(MISSING, bounds.low, bounds.high, max(bounds.low, Fraction(1, 2))))
        keys |= {} if vcpu is MISSING else {"vcpu": float(vcpu)}
    return keys


@st.composite
def pool_keys(draw: st.DrawFn, profile: Profile, in_sessions: bool) -> Tree:
    """Draw who shares instances, and how many there are."""
    placement = draw(one_of(MISSING, "shared", "per-agent", *(["per-session"] if in_sessions else [])))
    used = profile.placement.value if placement is MISSING else placement
    if used == "per-session":
        numbers = draw(given_keys(min_instances=st.just(0), max_instances=st.just(1)))
    elif used == "per-agent":
        numbers = draw(st.one_of(
            given_keys(min_instances=one_of(0, 1), max_instances=st.just(1)), st.just({"instances": 1})))
    else:
        low = draw(st.integers(0, 3))
        high = draw(st.integers(max(low, 1), 5))
        numbers = draw(st.one_of(
            st.just({"instances": high}), st.just({"min_instances": low, "max_instances": high}),
            # One alone must agree with the profile's other.
            st.just({"max_instances": max(high, profile.minimum.value)}),
            st.just({"min_instances": min(low, low if profile.maximum.value is None else profile.maximum.value)}),
            st.just({}),
        ))  # fmt: skip
    return without_missing({"placement": placement}) | numbers


@st.composite
def deployments(draw: st.DrawFn, workload: Tree) -> Tree:
    """Draw a deployment that fits the catalogue and the workload."""
    profile = catalog.profile(draw(st.sampled_from(PLATFORMS)))
    keys = {"platform": profile.id} | draw(shape_keys(profile, needed(workload)))
    keys |= draw(pool_keys(profile, "sessions" in workload["arrivals"]))
    slots = profile.max_concurrency.value if profile.max_concurrency is not None else 50
    longest = profile.max_duration.value
    keys |= draw(given_keys(
        binding=one_of("early", "late"),
        reuse=one_of("most-recent", "newest", "oldest", "least-loaded"),
        concurrency=one_of(1, min(2, slots), min(7, slots)),
        queue=one_of(0, 1, 5, "unlimited"),
        max_duration=one_of(*["3 s", "2 min"], *(["30 days"] if longest is None else [])),
        start=one_of(0, *DURATIONS, "5 min"),
        start_up=given_keys(image=one_of({"pull": "20 s", "hits": "50%"}),
                            failures=one_of({"share": "20%", "after": "exponential(mean=5 s)"})),
    ))  # fmt: skip
    keys = together(keys, profile, needed(workload))
    if "slots" in workload:
        keys["binding"] = "late"
    keys |= draw(gpu_keys(keys.get("binding", profile.binding.value) == "late", workload))
    if profile.ladder:
        keys |= draw(given_keys(idle_timeout=one_of("1 s", "10 s", "5 min", "3 days")))
        if profile.ladder[0].keeps:
            keys |= draw(given_keys(wake=one_of(0, *DURATIONS)))
    said = draw(elastic_keys(profile, keys, "payload" in workload)) if draw(st.booleans()) else {}
    return {key: value for key, value in keys.items() if key != "idle_timeout" or "scaling" not in said} | said


@st.composite
def gpu_keys(draw: st.DrawFn, late: bool, workload: Tree) -> Tree:
    """Draw a GPU, where there is work for one, and an order of the queue, where there is one queue."""
    keys: Tree = {}
    if "'gpu'" in str(workload.get("request")):
        keys |= draw(given_keys(gpu=given_keys(
            prefill_speed=one_of(0.5, 2), decode_speed=one_of(0.7), each_prefill=one_of("0%"),
            each_decode=one_of("1.04%", "300%"), memory=one_of("100 MiB", "2 GiB"))))
    if late:
        orders = ["arrival", "shortest", *(["priority"] if "priority" in workload else [])]
        rest = {"backfill": st.booleans(), "memory": one_of("wait", "fail")}
        keys |= draw(given_keys(discipline=st.fixed_dictionaries({"order": st.sampled_from(orders)}, optional=rest)))
    return keys


def load(by: str, target: Any) -> st.SearchStrategy[Tree]:
    quiet = given_keys(window=one_of("1 min", "5 min"), stabilise=one_of("10 min"), tolerance=one_of("10%", "100%"),
                       counts_starting=one_of(True, False), panic=one_of({"window": "30 s"}))  # fmt: skip
    return quiet.map(lambda keys: {by: {"target": target, "every": "30 s", "window": "1 min"} | keys})


@st.composite
def elastic_keys(draw: st.DrawFn, profile: Profile, keys: Tree, sized: bool) -> Tree:
    """Draw limits, idleness, CPU, a schedule and a scaler that go with the rest; whether requests have a size."""
    kept = keys.get("instances", keys.get("min_instances", profile.minimum.value))
    limits = given_keys(quota=one_of(max(1, kept), kept + 2), slowdown=one_of("50%"),
                        payload=one_of("1 MB" if sized else MISSING))  # fmt: skip
    paced = one_of({}, {"openings": "1/min"}, {"openings": "10/min", "burst": 3})
    aged = one_of({}, {"lifetime": "10 min"}, {"lifetime": "1 h", "at_lifetime": "kill"})
    made = draw(given_keys(
        limits=st.builds(lambda a, b, c: a | b | c, limits, paced, aged),
        cpu=given_keys(speed=one_of("uniform(low=0.5, high=1.5)"),
                       credit=one_of({"baseline": "10%", "first": "1 s", "most": "10 s"})),
    ))  # fmt: skip
    if not profile.ladder:
        return made
    shared = keys.get("placement", profile.placement.value) == "shared"
    late = keys.get("binding", profile.binding.value) == "late"
    if shared and late and draw(st.booleans()):
        return made | {"scaling": draw(st.one_of(load("requests", 0.7), load("cpu", "30%")))}
    most = min(keys.get("max_instances", keys.get("instances", profile.maximum.value)) or 3,
               made.get("limits", {}).get("quota", 3))
    if shared and most > 0 and draw(st.booleans()):
        made |= {"spare_instances": draw(st.integers(1, min(3, most)))}
    learns = not shared and not {"instances", "min_instances"} & set(keys)
    if learns and profile.ladder[0].after.value is not None and draw(st.booleans()):
        return made | {"idle": {"learnt": draw(given_keys(bin=one_of("1 min"), range=one_of("1 h"), least=one_of(2)))}}
    checks = one_of({}, {"check": "5 min"}, {"check": "5 min", "stops": 1})
    made |= draw(given_keys(idle=st.builds(lambda a, b: a | b, checks, given_keys(stuck=one_of("30%")))))
    free = not {"instances", "min_instances", "max_instances"} & set(keys)
    roomy = profile.maximum.value != 1 and made.get("limits", {}).get("quota", 2) >= 2
    if shared and free and roomy and keys.get("idle_timeout") != "0 s":
        made |= draw(given_keys(schedule=st.just({"day": {"when": "08:00-18:00", "instances": 2},
                                                  "night": {"when": "otherwise", "instances": 0}})))  # fmt: skip
    return made


def together(keys: Tree, profile: Profile, needs: int) -> Tree:
    """Make of keys that are right by themselves such as go together: as many requests as fit, cores for the memory."""
    memory = profile.sizes[keys["size"]].memory if profile.sizes else int(keys["memory"].removesuffix(" MiB")) * MIB
    crowd = profile.base_memory.value + needs * profile.concurrency.value
    made = ({"concurrency": 1} if crowd > memory else {}) | keys
    if profile.combinations:  # those of Cloud Run
        vcpu = keys.get("vcpu", 1)
        if vcpu < 1 and memory <= 512 * MIB:
            made["concurrency"] = 1
        elif vcpu != 1:
            made["vcpu"] = 8 if memory >= 4096 * MIB else 1
        elif memory > 4096 * MIB:
            made["vcpu"] = 8
    return made


@st.composite
def scenarios(draw: st.DrawFn) -> Tree:
    """Draw a scenario that must be valid."""
    workload = draw(workloads())
    made = {name: draw(deployments(workload)) for name in draw(one_of(("a",), ("a", "b"), ("b", "a", "c-1")))}
    if draw(st.booleans()):
        queued = {"scaling", "discipline"} & set(made["a"]) or "slots" in workload
        binding = one_of("late") if queued else one_of("late", "early")
        made["heir"] = {"extends": "a"} | draw(given_keys(queue=one_of(3), binding=binding))
    return settings(draw, workload, made)


def settings(draw: st.DrawFn, workload: Tree, made: Tree) -> Tree:
    """Draw the rest of a scenario."""
    names = sorted(made)
    figure = st.builds(lambda name, what: f"{name}.{what}", st.sampled_from(names), one_of(*FIGURES))
    arrivals = workload["arrivals"]
    weekly = period(arrivals.get("weekly"), arrivals.get("sessions", {}).get("shape")) == units.WEEK
    tree = base(
        horizon="1 week" if weekly else draw(one_of("1 day", "2 days", "1 week" if len(made) < 2 else "1 day")),
        seed=draw(st.integers(0, 2**64 - 1)),
        month=draw(one_of("2026-11", "2027-02")),
        workload=workload,
        deployments=made,
        expect=draw(st.lists(st.builds(lambda a, b: f"{a} < 2 * {b}", figure, figure), max_size=2)),
    )
    covers = [{"confidence": "80%"}]
    if "sessions" in workload["arrivals"]:
        covers += [{"cover": "recorded-input"}]
    return tree | draw(given_keys(
        drain=one_of("0 s", "10 min", "2 days"), warmup=one_of("1 week") if weekly else one_of("0 s", "1 day", "auto"),
        reference=st.sampled_from(names), replications=one_of(1, 2),
        intervals=one_of(*covers), precision=one_of({"latency_s.mean": "50%", "max_replications": 3}),
    ))  # fmt: skip


@st.composite
def blind_scenarios(draw: st.DrawFn) -> Tree:
    """Draw a scenario of which each key is right alone; together they may contradict each other."""
    workload = draw(workloads())
    keys = given_keys(
        size=one_of("shared-cpu-1x-1gb", "cx23", "standard-1", "none"),
        vcpu=one_of(0.5, 1, 64), memory=one_of("128 MiB", "1 GiB", "64 GiB"),
        placement=one_of("shared", "per-agent", "per-session"),
        binding=one_of("early", "late"), reuse=one_of("newest", "oldest"), concurrency=one_of(1, 3, 2000),
        instances=one_of(1, 3), min_instances=one_of(0, 1, 4), max_instances=one_of(1, 2),
        idle_timeout=one_of("0 s", "1 us", "1 min"), queue=one_of(0, 2, "unlimited"),
        max_duration=one_of("0 s", "1 us", "1 min", "40 days"), start=one_of(0, "3 s"), wake=one_of(0, "1 s"),
        extends=one_of("a", "b"),
    )  # fmt: skip
    made = {}
    for name in ("a", "b"):
        made[name] = {"platform": draw(st.sampled_from(catalog.platform_ids()))} | draw(keys)
        keep = set(draw(st.lists(st.sampled_from(sorted(made[name])), max_size=4))) | {"platform"}
        made[name] = {key: value for key, value in made[name].items() if key in keep}
    return settings(draw, workload, made) | draw(given_keys(prices=one_of(*books())))

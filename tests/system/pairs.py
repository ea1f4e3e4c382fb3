"""For every field of the schema, two scenarios that differ in it alone, and what must then differ in the output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .support import (
    ASKED,
    FEWER,
    LATER,
    LEVELS,
    MISSING,
    SESSIONS,
    STARTS,
    TENANTS,
    WEEK,
    Tree,
    base,
    with_value,
    workload,
)


@dataclass(frozen=True)
class Pair:
    """Two values of one field.

    Attributes
    ----------
    name : str
        Model and field, such as ``Tool.cpu``.
    path : str
        Where it stands in the scenario.
    one, other : Any
        The values; `MISSING` leaves the key out.
    shows : tuple of str
        Figures that differ. ``here:x`` is x of the deployment ``here``; without a colon it is a key of the summary.
    tree : dict
        The rest of the scenario.
    """

    name: str
    path: str
    one: Any
    other: Any
    shows: tuple[str, ...]
    tree: Tree = field(default_factory=base)


def here(**keys: Any) -> Tree:
    """One deployment, on Cloud Run unless said otherwise."""
    return {"here": {"platform": "cloud-run/request-based", "concurrency": 9} | keys}


def call(**changed: Any) -> Tree:
    """A scenario whose requests are one call of a language model each."""
    llm = {"model": "mid-tier", "input": 2000, "output": 300} | changed
    return base(workload=workload(request=[{"llm": llm}]))


def recorded(**changed: Any) -> Tree:
    """A scenario of recorded sessions."""
    sessions = {"file": SESSIONS, "per_day": 40, "shape": {"file": WEEK}} | changed
    kept = {key: value for key, value in sessions.items() if value is not MISSING}
    return base(horizon="1 week", workload=workload(arrivals={"sessions": kept}, request=MISSING))


def week(**changed: Any) -> Tree:
    buckets = {"busy": {"when": "08:00-18:00", "rate": "4/h"}, "calm": {"when": "otherwise", "rate": "0.5/h"}}
    return base(workload=workload(arrivals={"weekly": buckets | changed}))


def arriving(**arrivals: Any) -> Tree:
    """A scenario with other arrivals."""
    return base(workload=workload(arrivals=arrivals))


def replayed(**changed: Any) -> Tree:
    """A scenario of recorded requests."""
    return arriving(requests={"file": ASKED} | changed)


def from_rows(**steps: Any) -> Tree:
    """A scenario of requests that are rows of a file."""
    return base(workload=workload(rows={"file": ASKED}, request=[{"tool": steps}]))


def rated(**changed: Any) -> Tree:
    """A scenario of recorded rates."""
    return arriving(rates={"file": LEVELS, "per": "h"} | changed)


def tenants(**changed: Any) -> Tree:
    """A scenario of recorded rates, of each agent its own."""
    return rated(**{"file": TENANTS, "agent": "tenant"} | changed)


VARIED = base(workload=workload(
    request=[{"tool": {"cpu": "exponential(mean=1 s)", "wait": "exponential(mean=9 s)"}}]))
TOOK = {"column": "ms", "unit": "ms"}
PHASES = {"calm": {"rate": "1/h", "stay": "2 h"}, "burst": {"rate": "20/h", "stay": "15 min"}}
POISSON = {"rate": "6/h"}
BURSTY = {"index_of_dispersion": 5, "at": "30 min"}


def own(**keys: Any) -> Tree:
    """An instance for each agent, which is suspended when idle."""
    machine = {"platform": "fly/machines", "size": "shared-cpu-1x-1gb", "placement": "per-agent"}
    return base(deployments={"here": machine | keys})


def crowd(wait: str = "20 s", **keys: Any) -> Tree:
    """Thirty agents whose work overlaps, on instances for two requests each."""
    return base(
        workload=workload(agents=30, arrivals={"poisson": {"rate": "4/h"}}, memory="10 MiB",
                          request=[{"tool": {"cpu": "100 ms", "wait": f"exponential(mean={wait})"}}]),
        deployments=here(**{"concurrency": 2} | keys),
    )  # fmt: skip


def impatient(**callers: Any) -> Tree:
    """The crowd on one instance, by callers who give up after 15 s and try again."""
    said = {"timeout": "15 s", "attempts": 4} | callers
    return with_value(crowd(instances=1), "workload.callers", said)


def shaky(**said: Any) -> Tree:
    """Requests that wait for starts of several parts."""
    return crowd(start_up={"parts": {"application": "2 s"}} | said)


def scaled(by: str = "requests", **keys: Any) -> Tree:
    """The crowd with a scaler, which is in no hurry; each request uses CPU too."""
    load = {"requests": {"target": 1}, "cpu": {"target": "20%"}}[by]
    quiet = {"window": "1 min", "every": "10 s"}
    tree = crowd(vcpu=1, start="15 s", scaling={by: quiet | load | keys})
    tree["workload"]["request"] = [{"tool": {"cpu": "2 s", "wait": "exponential(mean=20 s)"}}]
    return tree


SEQUENCE = {"input": 2000, "output": "exponential(mean=900)", "prefill": "2000/s", "decode": "30/s"}


def on_gpu(asked: Tree | None = None, **keys: Any) -> Tree:
    """The crowd with sequences of a language model, before one GPU for two of them."""
    return base(
        workload=workload(**{"agents": 30, "serial": False, "arrivals": {"poisson": {"rate": "4/h"}},
                             "request": [{"gpu": SEQUENCE}], "memory": "10 MiB"} | (asked or {})),
        deployments=here(**{"concurrency": 2, "max_instances": 1, "gpu": {"each_decode": "10%"}} | keys),
    )


def rushed(**limits: Any) -> Tree:
    """The crowd, every one with a sandbox of its own that starts slowly, under limits."""
    return crowd(placement="per-agent", concurrency=1, start="20 s", idle_timeout="1 min", limits=limits)


def habitual(**idle: Any) -> Tree:
    """Agents that ask every quarter of an hour, give or take, each with a sandbox of its own."""
    tree = crowd(placement="per-agent", concurrency=1, start="20 s", idle_timeout="1 min", idle=idle)
    tree["workload"]["arrivals"] = {"renewal": {"gap": "lognormal(mean=15 min, cv=0.4)"}}
    return tree


def computing(vcpu: int = 1, **cpu: Any) -> Tree:
    """Requests that only compute, on an instance each."""
    tree = crowd(concurrency=1, vcpu=vcpu, memory="2 GiB", cpu=cpu)
    tree["workload"]["request"] = [{"tool": {"cpu": "30 s"}}]
    return tree


def kept(**schedule: Any) -> Tree:
    """Machines that are kept by day."""
    parts = {"day": {"when": "08:00-18:00", "instances": 2}, "night": {"when": "otherwise", "instances": 0}}
    machines = {"platform": "fly/machines", "size": "shared-cpu-1x-1gb", "max_instances": 9, "concurrency": 2}
    return base(deployments={"here": machines | {"schedule": parts | schedule}})


LABOUR = {"hours": "4 h", "rate": "$80/h"}
LATENCY, OVERHEAD, COST = "here:latency_s.mean.value", "here:overhead_s.mean.value", "here:cost.infrastructure.value"
GIVEN_UP, ATTEMPTS, RETRY = "here:given_up_fraction.value", "here:attempts.value", "here:wait_s.retry.mean.value"
BROKEN = "here:requests.failed_by_cause.breaker.value"
WINDOW, COALESCED = "here:wait_s.window.mean.value", "here:requests.coalesced"
COLD, ARRIVED, TOKENS = "here:cold_start_fraction.value", "here:requests.arrived", "here:tokens.in.value"
TWO = {"here": {"platform": "cloud-run/request-based", "concurrency": 9}, "there": {"platform": "hetzner/cx23"}}
EXPECTING = base(expect=[{"that": "here.overhead_s.mean > 0 s", "claim": "A01", "note": "because"}])

PAIRS = (
    # Work
    Pair("Llm.model", "workload.request.0.llm.model", "mid-tier", "frontier", (LATENCY, "here:cost.llm.value"), call()),
    Pair("Llm.input", "workload.request.0.llm.input", 2000, "lognormal(mean=2000, p95=5000)",
         (TOKENS, "here:cost.llm.value"), call()),
    Pair("Llm.output", "workload.request.0.llm.output", 300, 301, ("here:tokens.out.value", LATENCY), call()),
    Pair("Llm.rank_correlation", "workload.request.0.llm.rank_correlation", MISSING, 0.8, (TOKENS, LATENCY),
         call(input="lognormal(mean=2000, p95=5000)", output="geometric(mean=300)")),
    Pair("Tool.rank_correlation", "workload.request.0.tool.rank_correlation", MISSING, 0.8, (LATENCY,), VARIED),
    Pair("Llm.time", "workload.request.0.llm.time", MISSING, "3 s", (LATENCY,), call()),
    Pair("Tool.cpu", "workload.request.0.tool.cpu", "300 ms", "301 ms", (LATENCY, "here:work_s.offered")),
    Pair("Tool.wait", "workload.request.0.tool.wait", MISSING, "10 ms", (LATENCY, "here:work_s.offered")),
    Pair("Loop.times", "workload.request.0.loop.times", 2, "geometric(mean=2)", (LATENCY, "here:tokens.out.value"),
         base(workload=workload(request=[{"loop": {"times": 2, "steps": call()["workload"]["request"]}}]))),
    Pair("Loop.steps", "workload.request.0.loop.steps", [{"wait": "1 s"}], [{"wait": "1 s"}, {"wait": "1 ms"}],
         (LATENCY,), base(workload=workload(request=[{"loop": {"times": 2, "steps": []}}]))),
    Pair("Step.llm", "workload.request.1", {"llm": {"model": "small", "input": 5, "output": 5, "time": "1 s"}},
         {"wait": "1 s"}, (TOKENS, "here:cost.llm.value"), base(workload=workload(request=[{"wait": "1 s"}, {}]))),
    Pair("Step.tool", "workload.request.0", {"tool": {"cpu": "2 s"}}, {"wait": "2 s"},
         ("here:wait_s.contention.mean.value",), crowd(concurrency=50, vcpu=1)),
    Pair("Step.gpu", "workload.request.0", {"gpu": {"time": "2 s"}}, {"wait": "2 s"}, ("here:decode_s.mean.value",)),
    Pair("Step.wait", "workload.request.0.wait", "2 s", "3 s", (LATENCY,), base(workload=workload(request=[{}]))),
    Pair("Step.loop", "workload.request.0", {"loop": {"times": 2, "steps": [{"wait": "2 s"}]}}, {"wait": "2 s"},
         (LATENCY,)),
    Pair("Workload.request", "workload.request", [{"wait": "1 s"}], [{"wait": "1 s"}, {"tool": {"cpu": "1 s"}}],
         (LATENCY, "here:work_s.offered")),
    # Arrivals
    Pair("Poisson.rate", "workload.arrivals.poisson.rate", "2/h", "2.5/h", (ARRIVED,)),
    Pair("Renewal.gap", "workload.arrivals.renewal.gap", "30 min", "gamma(mean=30 min, cv=2)", (ARRIVED,),
         base(workload=workload(arrivals={"renewal": {}}))),
    Pair("Bucket.when", "workload.arrivals.weekly.busy.when", "08:00-18:00", "08:00-19:00", (ARRIVED,), week()),
    Pair("Bucket.rate", "workload.arrivals.weekly.calm.rate", "0.5/h", 0, (ARRIVED,), week()),
    Pair("Shape.file", "workload.arrivals.sessions.shape.file", WEEK, LEVELS, (OVERHEAD,), recorded()),
    Pair("Shape.time", "workload.arrivals.sessions.shape.time", MISSING, "hour", (OVERHEAD,), recorded()),
    Pair("Shape.rate", "workload.arrivals.sessions.shape.rate", MISSING, "load", (OVERHEAD,), recorded()),
    Pair("Sessions.file", "workload.arrivals.sessions.file", SESSIONS, FEWER, (ARRIVED, TOKENS), recorded()),
    Pair("Sessions.per_day", "workload.arrivals.sessions.per_day", 40, 44.5, (ARRIVED,), recorded()),
    Pair("Sessions.shape", "workload.arrivals.sessions.shape", MISSING, {"file": WEEK}, (OVERHEAD,),
         recorded(shape=MISSING)),
    Pair("Arrivals.poisson", "workload.arrivals", {"poisson": {"rate": "2/h"}}, {"renewal": {"gap": "30 min"}},
         (ARRIVED,)),
    Pair("Arrivals.renewal", "workload.arrivals", {"renewal": {"gap": "30 min"}}, week()["workload"]["arrivals"],
         (ARRIVED,)),
    Pair("Arrivals.weekly", "workload.arrivals.weekly", {"all": {"when": "otherwise", "rate": "2/h"}},
         {"all": {"when": "otherwise", "rate": "2/h"}, "peak": {"when": "mon 09:00-10:00", "rate": "20/h"}}, (ARRIVED,),
         week() | {"horizon": "1 week"}),
    Pair("Arrivals.sessions", "workload.arrivals.sessions", {"file": SESSIONS, "per_day": 40},
         {"file": SESSIONS, "per_day": 55}, (ARRIVED, TOKENS), recorded()),
    Pair("Arrivals.bursts", "workload.arrivals", {"poisson": {"rate": "2/h"}}, {"bursts": {"phases": PHASES}},
         (ARRIVED,)),
    Pair("Bursts.phases", "workload.arrivals.bursts.phases", PHASES, PHASES | {"storm": PHASES["burst"]}, (ARRIVED,),
         arriving(bursts={})),
    Pair("Bursts.scope", "workload.arrivals.bursts.scope", MISSING, "fleet", (ARRIVED,),
         arriving(bursts={"phases": PHASES})),
    Pair("Phase.rate", "workload.arrivals.bursts.phases.calm.rate", "1/h", 0, (ARRIVED,),
         arriving(bursts={"phases": PHASES})),
    Pair("Phase.stay", "workload.arrivals.bursts.phases.burst.stay", "15 min", "20 min", (ARRIVED,),
         arriving(bursts={"phases": PHASES})),
    Pair("Arrivals.closed", "workload.arrivals", {"poisson": {"rate": "2/h"}}, {"closed": {"think": "30 min"}},
         (ARRIVED,)),
    Pair("Closed.think", "workload.arrivals.closed.think", "30 min", "exponential(mean=30 min)", (ARRIVED,),
         arriving(closed={})),
    Pair("Arrivals.debounce", "workload.arrivals.debounce", MISSING, {"quiet": "5 min"}, (COALESCED, WINDOW, LATENCY),
         arriving(poisson=POISSON)),
    Pair("Debounce.quiet", "workload.arrivals.debounce.quiet", "1 min", "5 min", (COALESCED, WINDOW, LATENCY),
         arriving(poisson=POISSON, debounce={})),
    Pair("Debounce.at_most", "workload.arrivals.debounce.at_most", MISSING, "10 min", (COALESCED, WINDOW),
         arriving(poisson=POISSON, debounce={"quiet": "8 min"})),
    Pair("Arrivals.batch", "workload.arrivals.batch", MISSING, {"size": 2}, (COALESCED, WINDOW, LATENCY),
         arriving(poisson=POISSON)),
    Pair("Batch.window", "workload.arrivals.batch.window", "1 min", "5 min", (COALESCED, WINDOW, LATENCY),
         arriving(poisson=POISSON, batch={})),
    Pair("Batch.size", "workload.arrivals.batch.size", MISSING, 3, (COALESCED, WINDOW),
         arriving(poisson=POISSON, batch={"window": "20 min"})),
    Pair("Arrivals.requests", "workload.arrivals", {"poisson": {"rate": "2/h"}}, {"requests": {"file": ASKED}},
         (ARRIVED, "covers")),
    Pair("Requests.file", "workload.arrivals.requests.file", ASKED, LATER, (ARRIVED,), replayed()),
    Pair("Requests.time", "workload.arrivals.requests.time", MISSING, "ms", (ARRIVED,), replayed(end="1 h")),
    Pair("Requests.unit", "workload.arrivals.requests.unit", MISSING, "min", (ARRIVED,),
         replayed(time="min", end="1 h")),
    Pair("Requests.agent", "workload.arrivals.requests.agent", MISSING, "who", (LATENCY, OVERHEAD), replayed()),
    Pair("Requests.begin", "workload.arrivals.requests.begin", MISSING, "1 h", (ARRIVED,), replayed()),
    Pair("Requests.end", "workload.arrivals.requests.end", MISSING, "1 h", (ARRIVED,), replayed()),
    Pair("Requests.loop", "workload.arrivals.requests.loop", MISSING, True, (ARRIVED,), replayed(end="6 h")),
    Pair("Requests.rate", "workload.arrivals.requests.rate", MISSING, "3/h", (ARRIVED,), replayed()),
    Pair("Requests.blocks", "workload.arrivals.requests.blocks", MISSING, "1 h", (ARRIVED, "covers"), replayed()),
    Pair("Rows.file", "workload.rows.file", ASKED, LATER, (LATENCY,), from_rows(wait=TOOK)),
    Pair("Workload.rows", "workload.rows", {"file": ASKED}, {"file": LATER}, (LATENCY,), from_rows(wait=TOOK)),
    Pair("Column.column", "workload.request.0.tool.wait.column", "ms", "n", (LATENCY,), from_rows(wait=TOOK)),
    Pair("Column.unit", "workload.request.0.tool.wait.unit", "ms", "us", (LATENCY,), from_rows(wait=TOOK)),
    Pair("Arrivals.skew", "workload.arrivals.skew", MISSING, {"zipf": 1.1}, (ARRIVED,), arriving(poisson=POISSON)),
    Pair("Skew.zipf", "workload.arrivals.skew.zipf", 1, 1.5, (LATENCY,), arriving(poisson=POISSON, skew={})),
    Pair("Skew.shares", "workload.arrivals.skew.shares", [1], [5, 1], (ARRIVED,), arriving(poisson=POISSON, skew={})),
    Pair("Arrivals.burstiness", "workload.arrivals.burstiness", MISSING, BURSTY, (ARRIVED,), arriving(poisson=POISSON)),
    Pair("Burstiness.index_of_dispersion", "workload.arrivals.burstiness.index_of_dispersion", 2, 4, (ARRIVED,),
         arriving(poisson=POISSON, burstiness={"at": "30 min"})),
    Pair("Burstiness.at", "workload.arrivals.burstiness.at", "30 min", "1 h", (ARRIVED,),
         arriving(poisson=POISSON, burstiness={"index_of_dispersion": 3})),
    Pair("Burstiness.scope", "workload.arrivals.burstiness.scope", MISSING, "agent", (ARRIVED,),
         arriving(poisson=POISSON, burstiness=BURSTY)),
    Pair("Arrivals.rates", "workload.arrivals", {"poisson": {"rate": "2/h"}}, {"rates": {"file": LEVELS, "per": "h"}},
         (ARRIVED,)),
    Pair("Rates.file", "workload.arrivals.rates.file", LEVELS, WEEK, (ARRIVED,), rated()),
    Pair("Rates.time", "workload.arrivals.rates.time", MISSING, "half", (OVERHEAD,), tenants()),
    Pair("Rates.rate", "workload.arrivals.rates.rate", MISSING, "load", (ARRIVED,), tenants()),
    Pair("Rates.per", "workload.arrivals.rates.per", "min", "h", (ARRIVED,), tenants()),
    Pair("Rates.agent", "workload.arrivals.rates.agent", "tenant", "load", (ARRIVED,), tenants()),
    Pair("Rates.cv", "workload.arrivals.rates.cv", MISSING, "cv", (ARRIVED,), tenants()),
    Pair("Rates.hold", "workload.arrivals.rates.hold", MISSING, "30 min", (ARRIVED,), tenants()),
    Pair("Rates.period", "workload.arrivals.rates.period", MISSING, "6 h", (ARRIVED,), rated()),
    Pair("Rates.mean", "workload.arrivals.rates.mean", MISSING, "9/h", (ARRIVED,), rated()),
    Pair("Arrivals.cron", "workload.arrivals", {"poisson": {"rate": "2/h"}}, {"cron": {"schedule": "@hourly"}},
         (ARRIVED,)),
    Pair("Cron.schedule", "workload.arrivals.cron.schedule", "*/15 * * * *", ["*/15 * * * *", "5 9 * * mon"],
         (ARRIVED,), arriving(cron={})),
    Pair("Cron.jitter", "workload.arrivals.cron.jitter", MISSING, "uniform(0 s, 10 min)", (OVERHEAD, COLD),
         arriving(cron={"schedule": "@hourly"})),
    Pair("Arrivals.bulk", "workload.arrivals.bulk", MISSING, {"size": 3}, (ARRIVED, OVERHEAD),
         arriving(poisson=POISSON)),
    Pair("Bulk.size", "workload.arrivals.bulk.size", 3, "geometric(mean=3)", (ARRIVED,),
         arriving(poisson=POISSON, bulk={})),
    Pair("Bulk.over", "workload.arrivals.bulk.over", MISSING, "fleet", ("here:wait_s.turn.mean.value",),
         arriving(poisson=POISSON, bulk={"size": 3})),
    # Workload
    Pair("Workload.agents", "workload.agents", 6, 7, (ARRIVED, "agents", "here:cost.per_agent.value")),
    Pair("Workload.serial", "workload.serial", MISSING, False, ("here:wait_s.turn.mean.value", LATENCY),
         base(workload=workload(agents=1, arrivals={"poisson": {"rate": "100/h"}}))),
    Pair("Workload.arrivals", "workload.arrivals", {"poisson": {"rate": "2/h"}}, {"poisson": {"rate": "3/h"}},
         (ARRIVED,)),
    Pair("Workload.memory", "workload.memory", "40 MiB", "90 MiB", ("here:memory_mb.value",)),
    # Deployment
    Pair("Deployment.extends", "deployments.here.extends", "slow", "fast", (OVERHEAD,), base(deployments={
        "here": {}, "slow": {"platform": "aws-lambda/x86", "memory": "1 GiB", "start": "5 s"},
        "fast": {"platform": "aws-lambda/x86", "memory": "1 GiB", "start": "1 s"}})),
    Pair("Deployment.platform", "deployments.here.platform", "hetzner/cx23", "hetzner/cx33", (COST,)),
    Pair("Deployment.size", "deployments.here.size", "shared-cpu-1x-1gb", "shared-cpu-2x-2gb", (COST, OVERHEAD), own()),
    Pair("Deployment.vcpu", "deployments.here.vcpu", 2, 1, (OVERHEAD, COST), crowd()),
    Pair("Deployment.memory", "deployments.here.memory", "512 MiB", "1 GiB", (COST,), crowd()),
    Pair("Deployment.placement", "deployments.here.placement", MISSING, "per-agent", (COST, COLD), crowd()),
    Pair("Deployment.binding", "deployments.here.binding", "early", "late", (OVERHEAD,), crowd(start="30 s")),
    Pair("Deployment.reuse", "deployments.here.reuse", "newest", "oldest", (COLD,), crowd(idle_timeout="30 s")),
    Pair("Deployment.concurrency", "deployments.here.concurrency", MISSING, 1, (COLD, COST), crowd()),
    Pair("Deployment.instances", "deployments.here.instances", 1, 2, ("here:wait_s.queue.mean.value", COST), crowd()),
    Pair("Deployment.min_instances", "deployments.here.min_instances", MISSING, 1, (COST, COLD), crowd()),
    Pair("Deployment.max_instances", "deployments.here.max_instances", MISSING, 1,
         ("here:instances.max.value", OVERHEAD), crowd()),
    Pair("Deployment.idle_timeout", "deployments.here.idle_timeout", MISSING, "1 min",
         (COLD, "here:instances.mean.value"), crowd()),
    Pair("Deployment.queue", "deployments.here.queue", MISSING, 0, ("here:requests.failed",), crowd(instances=1)),
    Pair("Deployment.max_duration", "deployments.here.max_duration", MISSING, "10 s", ("here:requests.failed",)),
    Pair("Deployment.start", "deployments.here.start", MISSING, "10 s", (OVERHEAD, "here:start_up_s.mean.value")),
    Pair("Deployment.start_up", "deployments.here.start_up", MISSING, {"parts": {"model": "9 s"}}, (OVERHEAD,)),
    Pair("StartUp.parts", "deployments.here.start_up.parts", MISSING, {"model": "9 s"}, (OVERHEAD,), shaky()),
    Pair("StartUp.image", "deployments.here.start_up.image", MISSING, {"pull": "20 s"}, (OVERHEAD,), shaky()),
    Pair("Image.pull", "deployments.here.start_up.image.pull", "5 s", "20 s", (OVERHEAD,),
         shaky(image={"hits": "50%"})),
    Pair("Image.hits", "deployments.here.start_up.image.hits", "0%", "50%", (OVERHEAD,), shaky(image={"pull": "9 s"})),
    Pair("StartUp.failures", "deployments.here.start_up.failures", MISSING, {"share": "50%", "after": "9 s"},
         (OVERHEAD,), shaky()),
    Pair("Failures.share", "deployments.here.start_up.failures.share", "10%", "90%", (OVERHEAD,),
         shaky(failures={"after": "9 s"})),
    Pair("Failures.after", "deployments.here.start_up.failures.after", "1 s", "20 s", (OVERHEAD,),
         shaky(failures={"share": "50%"})),
    Pair("StartUp.drift", "deployments.here.start_up.drift", "0%", "200%", (OVERHEAD,),
         shaky() | {"replications": 2}),
    Pair("Deployment.wake", "deployments.here.wake", MISSING, "10 s", (OVERHEAD, "here:wait_s.wake.mean.value"), own()),
    Pair("Deployment.schedule", "deployments.here.schedule", MISSING, kept()["deployments"]["here"]["schedule"],
         (COST, "here:instances.mean.value"), kept()),
    Pair("Deployment.scaling", "deployments.here.scaling", MISSING, {"requests": {"target": 1}}, (OVERHEAD, COST),
         crowd()),
    Pair("Deployment.limits", "deployments.here.limits", MISSING, {"quota": 1}, (OVERHEAD,), crowd()),
    Pair("Deployment.idle", "deployments.here.idle", MISSING, {"check": "3 min"}, (COST,), crowd(idle_timeout="30 s")),
    *(Pair(f"GpuWork.{key}", f"workload.request.0.gpu.{key}", one, other, shows, on_gpu())
      for key, one, other, shows in (
          ("input", 2000, 4000, ("here:prefill_s.mean.value", "here:first_token_s.p50.value")),
          ("output", 900, 800, ("here:decode_s.mean.value", "here:gpu_token_rate.value")),
          ("prefill", "2000/s", "1000/s", ("here:prefill_s.mean.value",)),
          ("decode", "30/s", "40/s", ("here:decode_s.mean.value",)))),
    Pair("GpuWork.time", "workload.request.0.gpu.time", "2 s", "exponential(mean=2 s)", ("here:decode_s.p99.value",),
         on_gpu({"request": [{"gpu": {"time": "2 s"}}]})),
    Pair("GpuWork.memory_per_token", "workload.request.0.gpu.memory_per_token", MISSING, "500 kB",
         ("here:wait_s.queue.mean.value",), on_gpu(gpu={"memory": "2 GiB"}, discipline={"memory": "wait"})),
    *(Pair(f"Gpu.{key}", f"deployments.here.gpu.{key}", one, other, shows, on_gpu())
      for key, one, other, shows in (
          ("prefill_speed", 1, 0.5, ("here:prefill_s.mean.value",)),
          ("decode_speed", 1, 1.5, ("here:decode_s.mean.value",)),
          ("each_prefill", "100%", "0%", ("here:decode_s.mean.value",)),
          ("each_decode", "10%", "60%", ("here:decode_s.mean.value",)))),
    Pair("Gpu.memory", "deployments.here.gpu.memory", MISSING, "15 MiB", ("here:requests.failed.value",), on_gpu()),
    Pair("Workload.priority", "workload.priority", 1, "empirical([0, 1])", ("here:wait_s.queue.p99.value",),
         on_gpu({"priority": 1}, discipline={"order": "priority"})),
    Pair("Workload.slots", "workload.slots", MISSING, 2, ("here:wait_s.queue.mean.value",), on_gpu()),
    Pair("Discipline.order", "deployments.here.discipline.order", "arrival", "shortest",
         ("here:wait_s.queue.mean.value",), on_gpu(discipline={"backfill": False})),
    Pair("Discipline.backfill", "deployments.here.discipline.backfill", False, True,
         ("here:wait_s.queue.mean.value",), on_gpu({"slots": "empirical([1, 2])"}, discipline={})),
    Pair("Discipline.memory", "deployments.here.discipline.memory", "fail", "wait",
         ("here:requests.failed.value",), on_gpu(gpu={"memory": "15 MiB"}, discipline={})),
    Pair("Deployment.gpu", "deployments.here.gpu", MISSING, {"decode_speed": 2}, ("here:decode_s.mean.value",),
         on_gpu()),
    Pair("Deployment.discipline", "deployments.here.discipline", MISSING, {"order": "shortest"},
         ("here:wait_s.queue.mean.value",), on_gpu()),
    Pair("Deployment.cpu", "deployments.here.cpu", MISSING, {"speed": 0.5}, (LATENCY,), crowd()),
    # Scaling
    Pair("Scaling.requests", "deployments.here.scaling.requests.target", 1, 2, (COST,), scaled()),
    Pair("Scaling.cpu", "deployments.here.scaling.cpu.target", "20%", "40%", (COST,), scaled("cpu")),
    *(Pair(f"{model}.{key}", f"deployments.here.scaling.{by}.{key}", one, other, (shown,), tree)
      for model, by, tree in (("ByRequests", "requests", scaled()), ("ByCpu", "cpu", scaled("cpu")))
      for key, one, other, shown in (
          ("window", "1 min", "5 min", COST), ("every", "10 s", "30 s", COST), ("stabilise", MISSING, "10 min", COST),
          ("panic", MISSING, {"window": "10 s"}, COST), ("tolerance", MISSING, "60%", COST),
          ("counts_starting", MISSING, False, "here:instances.mean.value"))),
    Pair("ByRequests.target", "deployments.here.scaling.requests.target", 1, 1.3, (COST,), scaled()),
    Pair("ByCpu.target", "deployments.here.scaling.cpu.target", "20%", "25%", (COST,), scaled("cpu")),
    Pair("Panic.window", "deployments.here.scaling.requests.panic.window", "10 s", "30 s", (COST,),
         scaled(panic={"at": "150%"})),
    Pair("Panic.at", "deployments.here.scaling.requests.panic.at", MISSING, "120%", (COST,),
         scaled(panic={"window": "10 s"})),
    Pair("Floor.when", "deployments.here.schedule.day.when", "08:00-18:00", "08:00-19:00", (COST,), kept()),
    Pair("Floor.instances", "deployments.here.schedule.day.instances", 2, 3, (COST,), kept()),
    # Limits, idleness and CPU
    Pair("Limits.quota", "deployments.here.limits.quota", MISSING, 2, (OVERHEAD,), rushed()),
    Pair("Limits.openings", "deployments.here.limits.openings", MISSING, "10/h", (OVERHEAD,), rushed()),
    Pair("Limits.burst", "deployments.here.limits.burst", MISSING, 20, (OVERHEAD,), rushed(openings="10/h")),
    Pair("Limits.slowdown", "deployments.here.limits.slowdown", MISSING, "300%", (OVERHEAD,), rushed()),
    Pair("Limits.lifetime", "deployments.here.limits.lifetime", MISSING, "1 min", (COLD,), crowd(limits={})),
    Pair("Limits.at_lifetime", "deployments.here.limits.at_lifetime", MISSING, "kill",
         ("here:requests.failed.value",), crowd(limits={"lifetime": "1 min"})),
    Pair("Limits.payload", "deployments.here.limits.payload", MISSING, "1 MB", ("here:requests.failed.value",),
         with_value(crowd(limits={}), "workload.payload", "uniform(low=0, high=2000000)")),
    Pair("Idle.check", "deployments.here.idle.check", MISSING, "3 min", (COST,), crowd(idle={}, idle_timeout="30 s")),
    Pair("Idle.stops", "deployments.here.idle.stops", MISSING, 1, (COST,),
         crowd(idle={"check": "5 min"}, idle_timeout="30 s")),
    Pair("Idle.stuck", "deployments.here.idle.stuck", MISSING, "50%", (COST,), crowd(idle={}, idle_timeout="30 s")),
    Pair("Deployment.spare_instances", "deployments.here.spare_instances", MISSING, 2, (OVERHEAD, COST),
         crowd(idle_timeout="30 s", start="20 s")),
    Pair("Idle.learnt", "deployments.here.idle.learnt", MISSING, {"range": "1 h"}, (COST,), habitual()),
    Pair("Learnt.bin", "deployments.here.idle.learnt.bin", "1 min", "5 min", (COST,), habitual(learnt={})),
    Pair("Learnt.range", "deployments.here.idle.learnt.range", "4 h", "10 min", (COST,), habitual(learnt={})),
    Pair("Learnt.head", "deployments.here.idle.learnt.head", "5%", "60%", (OVERHEAD,), habitual(learnt={"least": 3})),
    Pair("Learnt.tail", "deployments.here.idle.learnt.tail", "99%", "50%", (COST,), habitual(learnt={"least": 3})),
    Pair("Learnt.margin", "deployments.here.idle.learnt.margin", "10%", "60%", (COST,), habitual(learnt={"least": 3})),
    Pair("Learnt.cv", "deployments.here.idle.learnt.cv", 2, 100, (COST,), habitual(learnt={"least": 3})),
    Pair("Learnt.least", "deployments.here.idle.learnt.least", 10, 2, (COST,), habitual(learnt={})),
    Pair("Cpu.speed", "deployments.here.cpu.speed", MISSING, "lognormal(mean=1, cv=0.3)", (LATENCY,), computing()),
    Pair("Cpu.credit", "deployments.here.cpu.credit", MISSING, {"baseline": "10%", "first": "1 s", "most": "9 s"},
         (LATENCY,), computing()),
    Pair("Credit.baseline", "deployments.here.cpu.credit.baseline", "10%", "20%", (LATENCY,),
         computing(credit={"first": "1 s", "most": "9 s"})),
    Pair("Credit.first", "deployments.here.cpu.credit.first", "1 s", "5 s", (LATENCY,),
         computing(credit={"baseline": "10%", "most": "9 s"})),
    Pair("Credit.most", "deployments.here.cpu.credit.most", "2 s", "90 s", (LATENCY,),
         computing(credit={"baseline": "10%", "first": "1 s"})),
    Pair("Workload.parallel", "workload.parallel", "0%", "60%", (LATENCY,), computing(vcpu=4)),
    # Callers
    Pair("Workload.patience", "workload.patience", MISSING, "exponential(mean=5 s)",
         ("here:requests.abandoned.value",), crowd(instances=1)),
    Pair("Workload.callers", "workload.callers", MISSING, {"timeout": "15 s"}, (GIVEN_UP,), crowd(instances=1)),
    Pair("Callers.timeout", "workload.callers.timeout", "15 s", "exponential(mean=15 s)", (GIVEN_UP,), impatient()),
    Pair("Callers.cancels", "workload.callers.cancels", MISSING, False, ("here:wasted_fraction.value",), impatient()),
    Pair("Callers.attempts", "workload.callers.attempts", MISSING, 3, (ATTEMPTS,), impatient()),
    Pair("Callers.backoff", "workload.callers.backoff", MISSING, {"base": "2 s"}, (RETRY,), impatient()),
    Pair("Callers.retry_on", "workload.callers.retry_on", MISSING, ["memory"], (ATTEMPTS,), impatient()),
    Pair("Callers.budget", "workload.callers.budget", MISSING, {"tokens": 1, "per_success": 0}, (ATTEMPTS,),
         impatient()),
    Pair("Callers.breaker", "workload.callers.breaker", MISSING, {"calls": 2, "open_for": "1 min"},
         ("here:requests.failed_by_cause.breaker.value",), impatient()),
    Pair("Backoff.base", "workload.callers.backoff.base", "2 s", "20 s", (RETRY,), impatient(backoff={})),
    Pair("Backoff.factor", "workload.callers.backoff.factor", 1, 4, (RETRY,), impatient(backoff={"base": "2 s"})),
    Pair("Backoff.cap", "workload.callers.backoff.cap", MISSING, "3 s", (RETRY,), impatient(backoff={"base": "2 s"})),
    Pair("Backoff.jitter", "workload.callers.backoff.jitter", "none", "equal", (RETRY,),
         impatient(backoff={"base": "2 s"})),
    Pair("Budget.tokens", "workload.callers.budget.tokens", 1, 3, (ATTEMPTS,), impatient(budget={"per_success": 0})),
    Pair("Budget.per_success", "workload.callers.budget.per_success", 0, 0.5, (ATTEMPTS,),
         impatient(budget={"tokens": 1})),
    Pair("Budget.scope", "workload.callers.budget.scope", "agent", "fleet", (ATTEMPTS,),
         impatient(budget={"tokens": 2, "per_success": 0})),
    Pair("Breaker.calls", "workload.callers.breaker.calls", 1, 3, (BROKEN,), impatient(breaker={"open_for": "1 min"})),
    Pair("Breaker.share", "workload.callers.breaker.share", "50%", "100%", (BROKEN,),
         impatient(breaker={"calls": 4, "open_for": "1 min"})),
    Pair("Breaker.open_for", "workload.callers.breaker.open_for", "5 s", "5 min", (BROKEN,),
         impatient(breaker={"calls": 2})),
    Pair("Breaker.scope", "workload.callers.breaker.scope", "agent", "fleet", (BROKEN,),
         impatient(breaker={"calls": 2, "open_for": "1 min"})),
    Pair("Workload.keep_open", "workload.keep_open", MISSING, "10 min", (COST,), own()),
    Pair("Workload.payload", "workload.payload", 200_000, "uniform(low=0, high=2000000)",
         ("here:requests.failed.value",), crowd(limits={"payload": "1 MB"})),
    Pair("Deployment.plan", "deployments.here.plan", MISSING, "pro", (COST,),
         base(deployments={"here": {"platform": "railway/service", "vcpu": 1, "memory": "1 GiB"}})),
    Pair("Deployment.region", "deployments.here.region", MISSING, "lhr", (COST,), own()),
    Pair("Deployment.labour", "deployments.here.labour", MISSING, LABOUR, ("here:cost.labour.value",)),
    Pair("Labour.hours", "deployments.here.labour.hours", "4 h", "5 h", ("here:cost.labour.value",),
         own(labour=LABOUR)),
    Pair("Labour.rate", "deployments.here.labour.rate", "$80/h", "$90/h", ("here:cost.labour.value",),
         own(labour=LABOUR)),
    # Expectations
    Pair("Expectation.that", "expect.0.that", "here.overhead_s.mean > 0 s", "here.overhead_s.mean < 0 s", ("expect",),
         EXPECTING),
    Pair("Expectation.claim", "expect.0.claim", "A01", "A02", ("expect",), EXPECTING),
    Pair("Expectation.note", "expect.0.note", MISSING, "for it is so", ("expect",), EXPECTING),
    # Intervals
    Pair("Intervals.confidence", "intervals.confidence", "90%", "99%", ("level", "here:latency_s.mean.low"),
         base(replications=5, intervals={})),
    Pair("Intervals.cover", "intervals.cover", MISSING, "recorded-input", ("covers", "here:latency_s.mean.low"),
         recorded() | {"replications": 5, "intervals": {"confidence": "95%"}}),
    Pair("Precision.max_replications", "precision.max_replications", 11, 13, ("replications", ARRIVED),
         base(replications=5, precision={"latency_s.mean": "0.1%"})),
    # Scenario
    Pair("Scenario.intervals", "intervals", MISSING, {"confidence": "80%"}, ("level", "here:latency_s.mean.low"),
         base(replications=5)),
    Pair("Scenario.precision", "precision", MISSING, {"latency_s.mean": "0.1%", "max_replications": 11},
         ("replications", "here:latency_s.mean.low"), base(replications=5)),
    Pair("Scenario.extends", "extends", "two-agents.yaml", "five-agents.yaml", (ARRIVED, "agents"),
         with_value(base(), "workload.agents", MISSING)),
    Pair("Scenario.name", "name", "small", "little", ("scenario",)),
    Pair("Scenario.about", "about", MISSING, "What is cheaper?", ("about",)),
    Pair("Scenario.as_of", "as_of", "2026-11-01", "2026-12-01", ("as_of",)),
    Pair("Scenario.month", "month", "2026-11", "2027-02", ("month", COST), own()),
    Pair("Scenario.horizon", "horizon", "1 day", "2 days", ("horizon_s", ARRIVED)),
    Pair("Scenario.warmup", "warmup", MISSING, "1 day", ("warmup_s", "warmup", ARRIVED)),
    Pair("Scenario.drain", "drain", MISSING, "1 s", ("here:requests.unfinished",),
         base(workload=workload(request=[{"wait": "3 h"}]))),
    Pair("Scenario.seed", "seed", 3, 2**64 - 1, ("seed", ARRIVED)),
    Pair("Scenario.replications", "replications", 1, 2, ("replications", ARRIVED, "here:latency_s.mean.low")),
    Pair("Scenario.catalog", "catalog", MISSING, "catalog", (COST,),
         base(deployments={"here": {"platform": "hetzner/cx23"}})),
    Pair("Scenario.prices", "prices", MISSING, "article-2026", ("prices", COST),
         base(deployments={"here": {"platform": "hetzner/cx23"}})),
    Pair("Scenario.workload", "workload", workload(), workload(agents=5), (ARRIVED,)),
    Pair("Scenario.deployments", "deployments.here", {"platform": "hetzner/cx23"}, {"platform": "hetzner/cx33"},
         (COST,)),
    Pair("Scenario.reference", "reference", MISSING, "there", ("reference", "paired"), base(deployments=TWO)),
    Pair("Scenario.expect", "expect", MISSING, ["here.overhead_s.mean > 0 s"], ("expect",)),
    # Recorded samples, which are read by the distributions
    Pair("Samples.samples", "deployments.here.start.samples", STARTS, "again.csv", (OVERHEAD,),
         base(deployments=here(start={"samples": "", "column": "ms", "unit": "ms"}))),
    Pair("Samples.column", "deployments.here.start.column", "ms", "other_ms", (OVERHEAD,),
         base(deployments=here(start={"samples": STARTS, "unit": "ms"}))),
    Pair("Samples.unit", "deployments.here.start.unit", "ms", "s", (OVERHEAD,),
         base(deployments=here(start={"samples": STARTS, "column": "ms"}))),
    Pair("Samples.where", "deployments.here.start.where", MISSING, {"provider": "a"}, (OVERHEAD,),
         base(deployments=here(start={"samples": STARTS, "column": "ms", "unit": "ms"}))),
    Pair("Samples.ended", "deployments.here.start.ended", MISSING, {"provider": "a"}, (OVERHEAD,),
         base(deployments=here(start={"samples": STARTS, "column": "ms", "unit": "ms"}))),
)  # fmt: skip

DESCRIPTIVE = {"Scenario.name", "Scenario.about", "Scenario.as_of", "Scenario.reference", "Scenario.expect",
               "Expectation.that", "Expectation.claim", "Expectation.note"}  # fmt: skip
"""Fields that change what is said of a run and not what happens in it."""

OWN_TESTS = {"Scenario.axes"}
"""Fields that are no part of a run: a test of their own says what they do."""

MOVES_ARRIVALS = ("Intervals.cover", "Scenario.extends", "Poisson.", "Renewal.", "Bucket.", "Shape.", "Sessions.",
                  "Arrivals.", "Bursts.", "Phase.", "Closed.", "Debounce.", "Batch.", "Requests.", "Skew.", "Rates.",
                  "Cron.", "Bulk.",
                  "Burstiness.",
                  "Workload.agents",
                  "Workload.arrivals", "Scenario.horizon", "Scenario.warmup", "Scenario.seed",
                  "Scenario.workload")  # fmt: skip
"""Fields that may change who arrives when; no other may."""

CHOICES = {
    "Deployment.placement": recorded(),
    "Deployment.binding": crowd(start="30 s"),
    "Deployment.reuse": crowd(idle_timeout="30 s"),
    "Discipline.order": on_gpu({"priority": "empirical([0, 1])"}, discipline={}),
    "Discipline.memory": on_gpu(gpu={"memory": "15 MiB"}, discipline={}),
    "Limits.at_lifetime": crowd(limits={"lifetime": "1 min"}),
    "Bursts.scope": arriving(bursts={"phases": PHASES}),
    "Bulk.over": arriving(poisson=POISSON, bulk={"size": 3}),
    "Burstiness.scope": arriving(poisson=POISSON, burstiness=BURSTY),
    "Backoff.jitter": impatient(backoff={"base": "2 s"}),
    "Budget.scope": impatient(budget={"tokens": 2, "per_success": 0}),
    "Breaker.scope": impatient(breaker={"calls": 2, "open_for": "1 min"}),
}
"""For each field with named values, a scenario in which no two of them give the same trace."""

PLACES = {"Deployment": "deployments.here", "Discipline": "deployments.here.discipline",
          "Limits": "deployments.here.limits", "Bursts": "workload.arrivals.bursts",
          "Bulk": "workload.arrivals.bulk", "Burstiness": "workload.arrivals.burstiness",
          "Backoff": "workload.callers.backoff", "Budget": "workload.callers.budget",
          "Breaker": "workload.callers.breaker"}
"""Where the models of these fields stand in a scenario."""

_SCALING = "deployments.here.scaling"
_IDLE = "deployments.here.idle"

_START_UP = "deployments.here.start_up"

NESTED = {
    f"{_START_UP}.drift": ("0%", shaky()),
    f"{_START_UP}.image.hits": ("0%", shaky(image={"pull": "9 s"})),
    **{f"{_SCALING}.{by}.{key}": (value, crowd(scaling={by: {"target": {"requests": 1, "cpu": "60%"}[by]}}))
       for by in ("requests", "cpu")
       for key, value in (("window", "1 min"), ("every", "2 s"), ("stabilise", "0 s"), ("tolerance", "0%"),
                          ("counts_starting", True))},
    f"{_SCALING}.requests.panic.at": ("200%", crowd(scaling={"requests": {"target": 1, "panic": {"window": "6 s"}}})),
    **{f"deployments.here.gpu.{key}": (value, on_gpu(gpu={"memory": "1 GiB"}))
       for key, value in (("prefill_speed", 1), ("decode_speed", 1), ("each_prefill", "100%"),
                          ("each_decode", "100%"))},
    **{f"deployments.here.discipline.{key}": (value, on_gpu(discipline={other: said}))
       for key, value, other, said in (("order", "arrival", "memory", "wait"), ("backfill", False, "order", "shortest"),
                                       ("memory", "fail", "order", "shortest"))},
    **{f"{_IDLE}.learnt.{key}": (value, habitual(learnt={}))
       for key, value in (("bin", "1 min"), ("range", "4 h"), ("head", "5%"), ("tail", "99%"), ("margin", "10%"),
                          ("cv", 2), ("least", 10))},
    "workload.callers.cancels": (True, impatient()),
    "workload.callers.attempts": (1, with_value(crowd(), "workload.callers", {"timeout": "9 s"})),
    **{f"workload.callers.backoff.{key}": (value, impatient(backoff={"base": "2 s"}))
       for key, value in (("factor", 2), ("jitter", "full"))},
    "workload.callers.budget.scope": ("agent", impatient(budget={"tokens": 2, "per_success": 0})),
    **{f"workload.callers.breaker.{key}": (value, impatient(breaker={"calls": 2, "open_for": "1 min"}))
       for key, value in (("share", "100%"), ("scope", "agent"))},
}
"""What the schema says of fields below a deployment that are left out, and a scenario that leaves each out."""

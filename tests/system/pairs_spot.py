"""The pairs of fields that say what is taken back, and what becomes of the work; see `tests.system.pairs`."""

from __future__ import annotations

from typing import Any

from .pairs import COST, LATENCY, OVERHEAD, Pair
from .support import CAPACITY, CHANGED, MISSING, Tree, base, workload

CYCLE = {"up": "exponential(mean=1 h)", "down": "exponential(mean=30 min)"}
WRITES = {"every": "10 min", "write": "1 min", "restore": "2 min"}
PER_HOUR = "here:interruptions.per_hour.value"
LOST = "here:lost_fraction.value"
FAILED = "here:requests.failed.value"
MISSED = "here:deadline_missed_fraction.value"
ON_DEMAND = "here:on_demand_fraction.value"


def jobs(spot: Any = MISSING, recovery: Any = MISSING, **asked: Any) -> Tree:
    """Jobs of half an hour on runners that last a while; other keys are those of the workload."""
    here = {"platform": "blacksmith/x64", "start": "2 min", "spot": spot, "recovery": recovery}
    work = {"agents": 12, "serial": False, "memory": "10 MiB", "arrivals": {"poisson": {"rate": "0.5/h"}},
            "request": [{"wait": "20 min"}, {"wait": "10 min"}]}  # fmt: skip
    return base(workload=workload(**work | asked),
                deployments={"here": {key: value for key, value in here.items() if value is not MISSING}})


def taken(recovery: Any = MISSING, **spot: Any) -> Tree:
    """Jobs on runners that live half an hour on average."""
    kept = {"lifetime": "exponential(mean=30 min)", "price": "$1/h"} | spot
    return jobs({key: value for key, value in kept.items() if value is not MISSING}, recovery)


def cycled(**spot: Any) -> Tree:
    """Jobs in zones that come and go."""
    return taken(**{"lifetime": MISSING, "availability": CYCLE} | spot)


def traced(**trace: Any) -> Tree:
    """Jobs where capacity was recorded."""
    return cycled(availability=MISSING, price=MISSING, zones=["a", "b"],
                  trace={"file": CAPACITY, "zone": "zone", "price": "usd"} | trace)  # fmt: skip


def saved(spot: Tree | None = None, **checkpoint: Any) -> Tree:
    """Jobs that save their work."""
    return taken({"checkpoint": WRITES | checkpoint}, **(spot or {}))


_SPOT, _RECOVERY = "deployments.here.spot", "deployments.here.recovery"
_SAVED = f"{_RECOVERY}.checkpoint"

SPOT_PAIRS = (
    Pair("Deployment.spot", _SPOT, MISSING, {"lifetime": "exponential(mean=20 min)"}, (LATENCY,), jobs()),
    Pair("Deployment.recovery", _RECOVERY, MISSING, {"again": "5 min"}, (LATENCY,), taken()),
    Pair("Workload.deadline", "workload.deadline", MISSING, "35 min", (MISSED,), taken()),
    Pair("Spot.zones", f"{_SPOT}.zones", MISSING, ["one", "other"], (OVERHEAD,), cycled()),
    Pair("Spot.lifetime", f"{_SPOT}.lifetime", "exponential(mean=30 min)", "exponential(mean=50 min)", (PER_HOUR,),
         taken()),
    Pair("Spot.availability", f"{_SPOT}.availability", MISSING, CYCLE, (PER_HOUR,), taken()),
    Pair("Spot.trace", f"{_SPOT}.trace", MISSING, {"file": CAPACITY, "zone": "zone"}, (PER_HOUR,), taken(zones=["a"])),
    Pair("Spot.outages", f"{_SPOT}.outages", MISSING, CYCLE, (PER_HOUR,), taken()),
    Pair("Spot.notice", f"{_SPOT}.notice", MISSING, "2 min", (LOST,), saved()),
    Pair("Spot.noticed", f"{_SPOT}.noticed", MISSING, "50%", (LOST,), saved({"notice": "2 min"})),
    Pair("Spot.price", f"{_SPOT}.price", "$1/h", "$2/h", (COST,), taken()),
    Pair("Spot.on_demand", f"{_SPOT}.on_demand", MISSING, "now", (ON_DEMAND, COST), cycled()),
    Pair("Spot.returns", f"{_SPOT}.returns", MISSING, True, (ON_DEMAND,),
         saved({"lifetime": MISSING, "availability": CYCLE, "on_demand": "now"})),
    Pair("Cycle.up", f"{_SPOT}.availability.up", "1 h", "2 h", (PER_HOUR,), cycled(availability=CYCLE)),
    Pair("Cycle.down", f"{_SPOT}.availability.down", "10 min", "1 h", (OVERHEAD,), cycled(availability=CYCLE)),
    Pair("Trace.file", f"{_SPOT}.trace.file", CAPACITY, CHANGED, (PER_HOUR,), traced()),
    Pair("Trace.time", f"{_SPOT}.trace.time", MISSING, "later_s", (PER_HOUR,), traced()),
    Pair("Trace.available", f"{_SPOT}.trace.available", MISSING, "other", (PER_HOUR,), traced()),
    Pair("Trace.zone", f"{_SPOT}.trace.zone", "zone", "place", (PER_HOUR,), traced()),
    Pair("Trace.price", f"{_SPOT}.trace.price", "usd", "eur", (COST,), traced()),
    Pair("Trace.shift", f"{_SPOT}.trace.shift", MISSING, "3 h", (PER_HOUR,), traced()),
    Pair("Recovery.resume", f"{_RECOVERY}.resume", MISSING, "durable", (LOST,), taken({})),
    Pair("Recovery.again", f"{_RECOVERY}.again", MISSING, "10 min", (LATENCY,), taken({})),
    Pair("Recovery.attempts", f"{_RECOVERY}.attempts", MISSING, 2, (FAILED,), taken({})),
    Pair("Recovery.replay", f"{_RECOVERY}.replay", MISSING, "3 min", (LATENCY,), taken({"resume": "durable"})),
    Pair("Recovery.checkpoint", _SAVED, MISSING, WRITES, (LOST,), taken({})),
    Pair("Checkpoint.every", f"{_SAVED}.every", "10 min", "5 min", (LOST,), saved()),
    Pair("Checkpoint.write", f"{_SAVED}.write", "1 min", "2 min", ("here:checkpoint_fraction.value",), saved()),
    Pair("Checkpoint.restore", f"{_SAVED}.restore", "2 min", "4 min", ("here:checkpoint_fraction.value",), saved()),
    Pair("Checkpoint.size", f"{_SAVED}.size", "10 GB", "20 GB", (COST,), saved(storage="$0.5/GB-month")),
    Pair("Checkpoint.storage", f"{_SAVED}.storage", "$0.1/GB-month", "$0.2/GB-month", (COST,), saved(size="10 GB")),
    Pair("Checkpoint.egress", f"{_SAVED}.egress", "$0.1/GB", "$0.2/GB", (COST,),
         saved({"availability": CYCLE, "zones": ["a", "b"]}, size="10 GB")),
)  # fmt: skip

SPOT_CHOICES = {
    "Recovery.resume": taken({}),
    "Spot.on_demand": cycled() | {"workload": jobs(deadline="35 min")["workload"]},
    "Checkpoint.every": saved({"notice": "2 min"}),
}

SPOT_PLACES = {"Spot": _SPOT, "Recovery": _RECOVERY, "Checkpoint": _SAVED}

SPOT_NESTED = {
    **{f"{_SPOT}.{key}": (value, taken(notice="2 min") if key == "noticed" else taken())
       for key, value in (("zones", ["spot"]), ("notice", "0 s"), ("noticed", "100%"), ("on_demand", "never"),
                          ("returns", False))},
    **{f"{_SPOT}.trace.{key}": (value, traced())
       for key, value in (("time", "t_s"), ("available", "available"), ("shift", "0 s"))},
    **{f"{_RECOVERY}.{key}": ("0 s", taken({"resume": "durable"})) for key in ("again", "replay")},
    f"{_SAVED}.restore": ("0 s", taken({"checkpoint": {"every": "10 min", "write": "1 min"}})),
}

"""The contract of a model: the arrays it reads and gives. What it does with them is said at the head of `sim.engine`.

Time is int64 microseconds from the start of the run. CPU is counted in millionths of a core, memory in bytes.
"""

from sim.engine.contract.arithmetic import cpu_share
from sim.engine.contract.callers import Breaker, Budget, Callers
from sim.engine.contract.capacity import Capacity, Credit, KeepAlive, Scaler
from sim.engine.contract.demand import Demand
from sim.engine.contract.gpu import Gpu, gpu_pace
from sim.engine.contract.market import Checkpoints, Market, Offer, Recovery
from sim.engine.contract.outcome import Outcome
from sim.engine.contract.provider import Layer, Provider, Status, Tries
from sim.engine.contract.queueing import Queueing
from sim.engine.contract.visits import Repeats, Visits
from sim.engine.contract.words import (
    CORE,
    NEVER,
    Bools,
    Cause,
    Fate,
    Int8s,
    Int64s,
    Kind,
    Number,
    Parting,
    Resume,
    Reuse,
    State,
    Warmth,
    none,
)

__all__ = [
    "CORE",
    "NEVER",
    "Bools",
    "Breaker",
    "Budget",
    "Callers",
    "Capacity",
    "Cause",
    "Checkpoints",
    "Credit",
    "Demand",
    "Fate",
    "Gpu",
    "Int8s",
    "Int64s",
    "KeepAlive",
    "Kind",
    "Layer",
    "Market",
    "Number",
    "Offer",
    "Outcome",
    "Parting",
    "Provider",
    "Queueing",
    "Recovery",
    "Repeats",
    "Resume",
    "Reuse",
    "Scaler",
    "State",
    "Status",
    "Tries",
    "Visits",
    "Warmth",
    "cpu_share",
    "gpu_pace",
    "none",
]

"""From what a person says of GPUs and queues to what the models read."""

from __future__ import annotations

from sim.engine.contract import CORE, Demand, Gpu, Queueing, none
from sim.scenario import gpus


def gpu(said: gpus.Gpu, demand: Demand) -> Gpu | None:
    """Lower a GPU; None where no step has GPU time."""
    if not len(demand.step_decode):
        return None
    prefill, decode = (max(1, round(speed * CORE)) for speed in (said.prefill_speed, said.decode_speed))
    return Gpu(prefill, decode, round(said.each_prefill * CORE), round(said.each_decode * CORE))


def queueing(said: gpus.Discipline, demand: Demand) -> Queueing | None:
    """Lower the order of a queue; None where the first come is served first and one slot is as good as another."""
    waits = said.memory == "wait"
    if said.order == "arrival" and not (said.backfill or waits or len(demand.slots)):
        return None
    rank = none()
    if said.order == "priority":
        rank = demand.priority
    elif said.order == "shortest":
        rank = demand.by_request(demand.step_length)
    return Queueing(rank=rank, need=demand.slots, memory_waits=waits, backfill=said.backfill)

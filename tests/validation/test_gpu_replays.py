"""Recorded work on GPUs, replayed by the model and by small loops that know nothing of it."""

import csv
import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.contract import CORE, Gpu, Queueing, Reuse
from tests.validation.support import US, requests, servers

DATA = Path(__file__).parents[2] / "scenarios" / "data"


def read(name):
    """Columns of a file, as numbers."""
    with gzip.open(DATA / name, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [np.array([float(row[key]) for row in rows]) for key in rows[0]]


def placed(at, gpus, ran, machines, size, backfill):
    """When each task begins, in whole seconds: the first machine with room, in order of arrival."""
    free, running, queue, starts, coming = [size] * machines, [], [], {}, list(range(len(at)))
    while coming or queue:
        now = min([at[coming[0]]] if coming else [], default=10**18)
        now = min([now, *(end for end, _, _ in running)])
        for one in [one for one in running if one[0] == now]:
            running.remove(one)
            free[one[1]] += one[2]
        while coming and at[coming[0]] == now:
            queue.append(coming.pop(0))
        place = 0
        while place < len(queue):
            task = queue[place]
            fits = [machine for machine in range(machines) if free[machine] >= gpus[task]]
            if fits:
                free[fits[0]] -= gpus[task]
                running.append((now + ran[task], fits[0], gpus[task]))
                starts[task] = now
                queue.pop(place)
            elif backfill:
                place += 1
            else:
                break
    return [starts[task] for task in range(len(at))]


@pytest.mark.parametrize("backfill", [False, True])
def test_tasks_of_a_cluster_wait_for_all_their_gpus(backfill):
    at, gpus, ran = (column.astype(np.int64) for column in read("gpu-cluster-pods.csv.gz"))
    # Two machines of eight GPUs, which this load keeps almost busy. No two things happen in one second that could be
    # taken in either order but ends before arrivals, which is the contract's order too; ends at one second are moved
    # apart, as the loop frees all of them before anybody is placed.
    ran = ran * len(at) + np.arange(len(at))
    at = at * len(at)
    demand = requests(at / US, wait=ran / US, drain=10**8 * US)
    serves = replace(servers(demand, 2, slots=8), reuse=Reuse.OLDEST, queueing=Queueing(need=gpus, backfill=backfill))
    found = simulate(demand, serves)
    expected = placed(at.tolist(), gpus.tolist(), ran.tolist(), 2, 8, backfill)
    assert found.started.tolist() == expected
    waited = found.started > found.admitted
    assert waited.mean() > 0.1, "some do wait"
    if backfill:
        order = np.argsort(found.admitted, kind="stable")
        assert (np.diff(found.started[order]) < 0).any(), "and some pass others"


def batched(at, prefill, decode, slots, prefill_slows, decode_slows):
    """When each sequence ends, in floating-point seconds: every step, all rates are worked out anew."""
    n, ends, phase, left = len(at), np.full(len(at), np.inf), {}, {}
    coming, queue, now = list(np.argsort(at, kind="stable")), [], 0.0
    area = 0.0
    while coming or queue or phase:
        p = sum(1 for one in phase.values() if one == 0)
        d = len(phase) - p
        pace = [1.0 / (1.0 + prefill_slows * max(p - 1, 0) + decode_slows * d),
                1.0 / (1.0 + prefill_slows * p + decode_slows * max(d - 1, 0))]
        due = min(((left[row] / pace[phase[row]], row) for row in phase), default=(np.inf, -1))
        step = min(due[0], at[coming[0]] - now if coming else np.inf)
        for row in phase:
            left[row] -= pace[phase[row]] * step
        area += len(phase) * step
        now += step
        if due[0] <= step:
            row = due[1]
            if phase[row] == 0 and decode[row] > 0:
                phase[row], left[row] = 1, decode[row]
            else:
                ends[row] = now
                del phase[row], left[row]
        else:
            queue.append(coming.pop(0))
        while queue and len(phase) < slots:
            row = queue.pop(0)
            phase[row], left[row] = (0, prefill[row]) if prefill[row] > 0 else (1, decode[row])
    assert n == np.isfinite(ends).sum()
    return ends, area / now


@pytest.mark.parametrize("slots", [8, 64])
def test_recorded_prompts_in_a_batch(slots):
    # Llama-2-70B on 8 H100 (Splitwise): 46 ms for a prompt of 512 tokens; 29.67 + 0.312 B ms for each token.
    t, tokens_in, tokens_out = (column[:700] for column in read("azure-llm-2023-chat.csv.gz"))
    prefill = np.rint(tokens_in * 0.046 / 512 * US).astype(np.int64)
    decode = np.rint(tokens_out * 0.029982 * US).astype(np.int64)
    slows = 0.312 / 29.982
    demand = requests(t, wait=0)
    demand = replace(demand, step_wait=np.zeros(demand.n, np.int64), step_prefill=prefill, step_decode=decode)
    serves = replace(servers(demand, 1, slots=slots), gpu=Gpu(CORE, CORE, CORE, round(slows * CORE)))
    found = simulate(demand, serves)
    ends, concurrency = batched(demand.at / US, prefill / US, decode / US, slots, 1.0, round(slows * CORE) / CORE)
    # Integers progress by millionths and end at whole microseconds: a millionth is lost of each
    # pace at most, and paces are a tenth of the nominal one or more.
    assert abs(found.ended / US - ends).max() < 1e-3
    resident = (found.ended - found.started).sum() / found.ended.max()
    assert resident == pytest.approx(concurrency, rel=1e-4)
    assert tokens_out.sum() / (found.ended.max() / US) == pytest.approx(tokens_out.sum() / ends.max(), rel=1e-5)
    assert resident > 4

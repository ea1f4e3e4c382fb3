"""The arrays of an outcome as pandas tables, for people, notebooks and parquet files."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.engine.contract import NEVER, Bools, Capacity, Cause, Demand, Fate, Int64s, Outcome, State, Warmth
from sim.exact import sums
from sim.trace.calls import called
from sim.trace.columns import DEPLOYMENT, TABLES, check
from sim.trace.gpu import first_token, on_gpu, phases
from sim.trace.spans import spans
from sim.trace.steps import began as steps_began
from sim.trace.steps import repeated, tokens, with_repeats
from sim.trace.waits import waits
from sim.trace.window import Window
from sim.workload.seen import attempts as tries
from sim.workload.seen import seen

EVENTS = (
    "completed", "failed", "abandoned", "given_up", "ready", "woken", "entered", "entering", "draining", "off",
    "retried", "arrived", "admitted", "initial", "opened", "waking", "bound", "began",
)  # fmt: skip
"""Names of events, in the order in which those of one microsecond are listed."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of what the arrays only number.

    Attributes
    ----------
    kinds : tuple of str
        Kinds of step, by ``Demand.step_kind``.
    models : tuple of str
        Language models, by ``Demand.step_model``.
    rungs : tuple of str
        Rungs of the platform's ladder.
    """

    kinds: tuple[str, ...]
    models: tuple[str, ...] = ()
    rungs: tuple[str, ...] = ()


def tables(
    demand: Demand, capacity: Capacity, outcome: Outcome, ideal: Int64s, window: Window, names: Names
) -> dict[str, pd.DataFrame]:
    """Make all four tables.

    Parameters
    ----------
    demand, capacity, outcome
        What was asked, what served, what happened.
    ideal : int64[n]
        Latency of each request in microseconds on a platform with instant, endless, free instances, the same luck and
        the same fates; NEVER where there is none.
    window : Window
        What figures are of.
    names : Names

    Returns
    -------
    dict of str to DataFrame
        By the names of `sim.trace.columns.TABLES`.
    """
    return {
        "requests": requests(demand, capacity, outcome, ideal, window),
        "attempts": attempts(demand, capacity, outcome, names),
        "instances": instances(demand, capacity, outcome, names),
        "events": events(demand, outcome, names),
    }


def together(deployments: Mapping[str, Mapping[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """Put the tables of several deployments below each other.

    Parameters
    ----------
    deployments : mapping of str to mapping of str to DataFrame
        What `tables` gives, by the name of the deployment.

    Returns
    -------
    dict of str to DataFrame
        The same tables, with the deployment as first column.
    """
    names = list(deployments)
    joined = {}
    for table in TABLES:
        parts = [deployments[name][table] for name in names]
        frame = pd.concat(_one_vocabulary(parts), ignore_index=True)
        of = np.repeat(np.arange(len(names)), [len(part) for part in parts])
        frame.insert(0, DEPLOYMENT.name, pd.Series(_named(of, names)))
        joined[table] = frame
    return joined


def requests(demand: Demand, capacity: Capacity, outcome: Outcome, ideal: Int64s, window: Window) -> pd.DataFrame:
    """One row for each request that arrived; see `tables` for the parameters."""
    billed, request = with_repeats(demand, outcome, capacity.provider), _request(demand)
    outcome = seen(demand, outcome)
    found, over = waits(demand, outcome, capacity.provider), outcome.step_ended >= 0
    on, gpu, first = phases(demand, outcome), on_gpu(demand), first_token(demand, outcome)
    rows = np.flatnonzero(outcome.fate != Fate.ABSENT)
    first_ended = outcome.step_ended[demand.step_first[:-1]]

    def whole(values: Int64s) -> Int64s:
        """Add up a quantity of steps over all attempts at a request."""
        own = demand.by_request(values)
        return own if demand.callers is None else np.asarray(sums(request, own, demand.n)[request], np.int64)

    columns: dict[str, Any] = {
        "request": request[rows],
        "agent": demand.agent[rows],
        "session": _maybe(demand.session[rows]),
        "pool": capacity.pool_of[rows],
        "in_window": window.holds(outcome.arrived[rows]),
        "arrived_us": outcome.arrived[rows],
        "admitted_us": _maybe(outcome.admitted[rows]),
        "bound_us": _maybe(outcome.bound[rows]),
        "started_us": _maybe(outcome.started[rows]),
        "ended_us": _maybe(outcome.ended[rows]),
        "service_us": found.service[rows],
        "ideal_us": _maybe(ideal[rows]),
        "arrived_s": _seconds(outcome.arrived[rows]),
        "fate": _enumerated(outcome.fate[rows], Fate, skip=Fate.ABSENT),
        "cause": _enumerated(outcome.cause[rows], Cause, skip=Cause.NONE),
        "warmth": _enumerated(np.where(outcome.started >= 0, outcome.warmth, NEVER)[rows], Warmth),
        "instance": _maybe(outcome.instance[rows]),
        "attempts": tries(demand, outcome)[rows],
        "window_s": _seconds(found.window[rows]),
        "retry_s": _seconds(found.retry[rows]),
        "turn_s": _seconds(found.turn[rows]),
        "queue_s": _seconds(found.queue[rows]),
        "start_s": _seconds(found.start[rows]),
        "wake_s": _seconds(found.wake[rows]),
        "prefill_s": _seconds(demand.by_request(np.maximum(on.prefill, 0))[rows], gpu[rows]),
        "decode_s": _seconds(demand.by_request(np.maximum(on.decode, 0))[rows], gpu[rows]),
        "first_token_s": _seconds((first - outcome.arrived + found.window)[rows], (first >= 0)[rows]),
        "interruption_s": _seconds(found.interruption[rows]),
        "contention_s": _seconds(found.contention[rows], (outcome.fate == Fate.COMPLETED)[rows]),
        "provider_s": _seconds(found.provider[rows], (outcome.fate == Fate.COMPLETED)[rows]),
        "backoff_s": _seconds(found.backoff[rows], (outcome.fate == Fate.COMPLETED)[rows]),
        "latency_s": _seconds(found.latency[rows]),
        "ideal_s": _seconds(ideal[rows]),
        "overhead_s": _seconds((found.latency - ideal)[rows], (found.latency >= 0)[rows]),
        "first_step_s": _seconds((first_ended - outcome.arrived + found.window)[rows], (first_ended >= 0)[rows]),
        "steps": np.diff(demand.step_first)[rows],
        "steps_ended": demand.by_request(over.astype(np.int64))[rows],
        "tokens_in": whole(billed.prompt)[rows],
        "tokens_cached": whole(billed.cached)[rows],
        "tokens_out": whole(billed.generated)[rows],
        "memory_bytes": demand.memory[rows],
        "coalesced": demand.coalesced[rows],
    }
    return check("requests", pd.DataFrame(columns))


def attempts(demand: Demand, capacity: Capacity, outcome: Outcome, names: Names) -> pd.DataFrame:
    """One row for each execution of a step that began, by request, then by step; see `tables` for the parameters."""
    parts = _last_attempts(demand, capacity, outcome), _earlier_attempts(demand, outcome)
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((found["begin"], found["step"]))
    found = {name: column[order] for name, column in found.items()}
    step, begin, end = found["step"], found["begin"], found["end"]
    row = demand.by_step(np.arange(demand.n, dtype=np.int64))[step]
    again = np.arange(len(step)) - np.searchsorted(step, step)
    columns: dict[str, Any] = {
        "request": _request(demand)[row],
        "step": step - demand.step_first[row],
        "attempt": tries(demand, outcome)[row],
        "left_us": _maybe(outcome.left[row] if len(outcome.left) else np.full(len(row), NEVER, np.int64)),
        "execution": again + 1,
        "kind": _named(demand.step_kind[step], names.kinds),
        "begin_us": begin,
        "end_us": _maybe(end),
        "begin_s": _seconds(begin),
        "duration_s": _seconds(end - begin, end >= 0),
        "fate": _enumerated(found["fate"], Fate, skip=Fate.ABSENT),
        "cpu_us": demand.step_cpu[step],
        "spent_us": found["spent"],
        "gpu_us": demand.step_gpu[step],
        "gpu_spent_us": found["gpu_spent"],
        "prefill_s": _seconds(found["prefill"]),
        "decode_s": _seconds(found["decode"]),
        "wait_us": demand.step_wait[step],
        "tries": called(demand, outcome, capacity.provider)[step],
        "tokens_in": found["prompt"],
        "tokens_cached": found["cached"],
        "tokens_out": found["generated"],
        "model": _named(demand.step_model[step], names.models),
    }
    return check("attempts", pd.DataFrame(columns))


def _last_attempts(demand: Demand, capacity: Capacity, outcome: Outcome) -> dict[str, Int64s]:
    """Of each step that began, its last execution."""
    request = demand.by_step(np.arange(demand.n, dtype=np.int64))
    began, begun = steps_began(demand, outcome)
    billed, on = tokens(demand, outcome, capacity.provider), phases(demand, outcome)
    gpu_spent = outcome.gpu_spent if len(outcome.gpu_spent) else np.zeros(demand.n, np.int64)
    steps = np.flatnonzero(begun)
    row, ended = request[steps], outcome.step_ended[steps]
    cut = (ended < 0) & (outcome.fate[row] == Fate.FAILED)
    return {
        "step": steps,
        "begin": began[steps],
        "end": np.where(cut, outcome.ended[row], ended),
        "fate": np.where(ended >= 0, Fate.COMPLETED, np.where(cut, Fate.FAILED, Fate.UNFINISHED)),
        "spent": np.where(ended >= 0, demand.step_cpu[steps], outcome.spent[row]),
        "gpu_spent": np.where(ended >= 0, demand.step_gpu[steps], gpu_spent[row]),
        "prefill": on.prefill[steps],
        "decode": on.decode[steps],
        "prompt": billed.prompt[steps],
        "cached": billed.cached[steps],
        "generated": billed.generated[steps],
    }


def _earlier_attempts(demand: Demand, outcome: Outcome) -> dict[str, Int64s]:
    """Of each step that was done again, what went before."""
    again, billed = outcome.repeats, repeated(demand, outcome)
    none = np.zeros(len(again.step), np.int64)
    return {
        "step": again.step,
        "begin": again.began,
        "end": again.left,
        "fate": np.where(again.over, Fate.COMPLETED, Fate.FAILED),
        "spent": again.cpu,
        # Where there is GPU time there is no recovery.
        "gpu_spent": none,
        "prefill": none + NEVER,
        "decode": none + NEVER,
        "prompt": billed.prompt,
        "cached": billed.cached,
        "generated": billed.generated,
    }


def instances(demand: Demand, capacity: Capacity, outcome: Outcome, names: Names) -> pd.DataFrame:
    """One row for each span of an instance in a state, by instance, then by time; see `tables` for the parameters."""
    found = spans(outcome, demand.stop)
    pool, opener = outcome.pool[found.instance], outcome.opener[found.instance]
    columns: dict[str, Any] = {
        "instance": found.instance,
        "pool": pool,
        "agent": _maybe(_pool_agents(demand, capacity)[pool]),
        "state": _enumerated(found.state, State, skip=State.OFF),
        "rung": _named(found.rung, names.rungs),
        "begin_us": found.begin,
        "end_us": found.end,
        "begin_s": _seconds(found.begin),
        "duration_s": _seconds(found.end - found.begin),
        "opener": _maybe(np.where(opener >= 0, np.append(_request(demand), NEVER)[opener], NEVER)),
    }
    return check("instances", pd.DataFrame(columns))


def events(demand: Demand, outcome: Outcome, names: Names) -> pd.DataFrame:
    """List what happened, in order of time; see `tables` for the parameters.

    What follows from another row at once is left out: that an instance is busy (a request began on it) or idle (its
    last one left). Admission and binding have a row where they happened later than what they wait for.
    """
    parts = [*_request_events(outcome), *_instance_events(outcome)]
    time, event, row, instance, rung, cause = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((instance, row, event, time))
    request = np.append(_request(demand), NEVER)[row]
    columns: dict[str, Any] = {
        "time_us": time[order],
        "time_s": _seconds(time[order]),
        "event": _named(event[order], EVENTS),
        "request": _maybe(request[order]),
        "instance": _maybe(instance[order]),
        "rung": _named(rung[order], names.rungs),
        "cause": _enumerated(cause[order], Cause, skip=Cause.NONE),
    }
    return check("events", pd.DataFrame(columns))


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table so that the file is there as a whole or not at all.

    Parameters
    ----------
    frame : DataFrame
    path : Path
        Replaced if it exists. Its folder must exist.
    """
    handle, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        frame.to_parquet(temporary, compression="zstd", index=False)
        # mkstemp makes the file private; the result is for whoever may read the folder.
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _one_vocabulary(parts: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Give category columns the categories of all parts: pandas turns them into text where they differ."""
    named = [name for name in parts[0].columns if parts[0][name].dtype == "category"]
    for name in named:
        union = pd.Index(dict.fromkeys(one for part in parts for one in part[name].cat.categories), dtype=str)
        parts = [part.assign(**{name: part[name].cat.set_categories(union)}) for part in parts]
    return list(parts)


def _request(demand: Demand) -> Int64s:
    """Return the number by which the tables name the request of each row."""
    return np.arange(demand.n, dtype=np.int64) if demand.callers is None else demand.callers.first


def _pool_agents(demand: Demand, capacity: Capacity) -> Int64s:
    """Find the agent of each pool, NEVER where several share it or none uses it."""
    least = np.full(capacity.pools, np.iinfo(np.int64).max)
    most = np.full(capacity.pools, NEVER, dtype=np.int64)
    np.minimum.at(least, capacity.pool_of, demand.agent)
    np.maximum.at(most, capacity.pool_of, demand.agent)
    return np.where(least == most, most, NEVER)


_Part = tuple[Int64s, Int64s, Int64s, Int64s, Int64s, Int64s]


def _part(event: str, time: Int64s, request: Int64s, instance: Int64s, rung: Int64s, cause: Int64s) -> _Part:
    code = np.full(len(time), EVENTS.index(event), dtype=np.int64)
    return time, code, request, instance, rung, cause


def _request_events(outcome: Outcome) -> list[_Part]:
    def part(event: str, mask: Bools, time: Int64s, *, where: bool = True, why: bool = False) -> _Part:
        rows = np.flatnonzero(mask)
        none = np.full(len(rows), NEVER, dtype=np.int64)
        cause = outcome.cause[rows].astype(np.int64) if why else np.zeros(len(rows), dtype=np.int64)
        return _part(event, time[rows], rows, outcome.instance[rows] if where else none, none, cause)

    o = outcome
    nobody = np.zeros(len(o.fate), np.bool_)
    again, gone = (o.due >= 0, o.left >= 0) if len(o.due) else (nobody, nobody)
    return [
        part("arrived", (o.fate != Fate.ABSENT) & ~again, o.arrived, where=False),
        part("retried", again & (o.arrived >= 0), o.arrived, where=False),
        part("given_up", gone, np.where(gone, o.left, NEVER) if len(o.left) else o.ended, where=False),
        part("admitted", o.admitted > o.arrived, o.admitted, where=False),
        part("bound", (o.bound >= 0) & (o.started > o.bound), o.bound),
        part("began", o.started >= 0, o.started),
        part("completed", o.fate == Fate.COMPLETED, o.ended),
        part("failed", o.fate == Fate.FAILED, o.ended, why=True),
        part("abandoned", o.fate == Fate.ABANDONED, o.ended, where=False),
    ]


def _instance_events(outcome: Outcome) -> list[_Part]:
    order = np.argsort(outcome.turn_instance, kind="stable")
    instance = outcome.turn_instance[order]
    state = outcome.turn_state[order].astype(np.int64)
    time = outcome.turn_time[order]
    rung = outcome.turn_rung[order].astype(np.int64)
    first = np.ones(len(instance), dtype=np.bool_)
    first[1:] = instance[1:] != instance[:-1]
    before = np.where(first, State.OFF, np.roll(state, 1))
    rung_before = np.where(first, NEVER, np.roll(rung, 1))
    up = (state == State.IDLE) | (state == State.BUSY)

    def part(event: str, mask: Bools, *, opener: bool = False, rung: Int64s = rung) -> _Part:
        request = outcome.opener[instance[mask]] if opener else np.full(np.count_nonzero(mask), NEVER, dtype=np.int64)
        return _part(event, time[mask], request, instance[mask], rung[mask], np.zeros(len(request), dtype=np.int64))

    return [
        part("initial", first & (state != State.STARTING)),
        part("opened", first & (state == State.STARTING), opener=True),
        part("ready", ~first & up & (before == State.STARTING)),
        part("waking", state == State.WAKING),
        part("woken", ~first & up & (before == State.WAKING), rung=rung_before),
        part("entering", state == State.ENTERING),
        part("entered", ~first & (state == State.RESTING)),
        part("draining", state == State.DRAINING),
        part("off", state == State.OFF),
    ]


def _seconds(values: Int64s, known: Bools | None = None) -> NDArray[np.float64]:
    """Microseconds as seconds, NaN where not known (by default: where negative)."""
    return np.where(values >= 0 if known is None else known, values / 1e6, np.nan)


def _maybe(values: Int64s) -> pd.arrays.IntegerArray:
    """Numbers, missing where NEVER."""
    return pd.arrays.IntegerArray(values.astype(np.int64), values < 0)


def _named(codes: NDArray[np.integer[Any]], names: Sequence[str]) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(codes, pd.Index(list(names), dtype=str))


def _enumerated(codes: NDArray[np.integer[Any]], enum: type[IntEnum], skip: int = NEVER) -> pd.Categorical[str]:
    """Members of an enumeration by name; missing where it is the one to skip, which is the first."""
    shift = skip + 1
    return _named(codes - shift, [member.name.lower() for member in enum if member > skip])

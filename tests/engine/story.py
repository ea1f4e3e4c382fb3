"""Cases and outcomes told as a story, and set side by side."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np

from sim.engine.contract import NEVER, Cause, Fate, Outcome, State, Warmth

from .cases import Case


def show(case: Case) -> str:
    """The case as plain lines."""
    d, c = case.demand, case.capacity
    lines = [f"horizon {d.horizon} stop {d.stop} serial {d.serial}"]
    for r in range(d.n):
        of_request = range(d.step_first[r], d.step_first[r + 1])
        steps = [(int(d.step_cpu[s]), int(d.step_wait[s])) for s in of_request]
        gpu = [(int(d.step_prefill[s]), int(d.step_decode[s])) for s in of_request if len(d.step_decode)]
        when = f"at {d.at[r]}" if d.after[r] == NEVER else f"{d.at[r]} after row {d.after[r]}"
        lines.append(
            f"  row {r}: agent {d.agent[r]} pool {c.pool_of[r]} {when}, memory {d.memory[r]}, (cpu, wait) {steps}, "
            f"GPU {gpu}, start {c.start[r]}, wake {[int(w) for w in c.rung_wake[:, r]]}"
        )
    plain = [f.name for f in fields(c) if f.name not in ("pool_of", "start") and not f.name.startswith("rung_")]
    lines.append("  " + ", ".join(f"{name} {getattr(c, name)!r}" for name in plain))
    for j in range(len(c.rung_after)):
        lines.append(f"  rung {j}: after {c.rung_after[j]}, enter {c.rung_enter[j]}, keeps {c.rung_keeps[j]}")
    return "\n".join(lines)


def rows(outcome: Outcome) -> list[str]:
    """What became of every request, one line each."""
    return [
        f"row {r}: arrived {outcome.arrived[r]} admitted {outcome.admitted[r]} bound {outcome.bound[r]} "
        f"started {outcome.started[r]} ended {outcome.ended[r]} instance {outcome.instance[r]} "
        f"spent {outcome.spent[r]} {outcome.gpu_spent[r : r + 1]} {Fate(outcome.fate[r]).name} "
        f"{Cause(outcome.cause[r]).name} {Warmth(outcome.warmth[r]).name}"
        for r in range(len(outcome.arrived))
    ]


def turns(outcome: Outcome) -> list[tuple[int, int, State, int]]:
    """Every change of state as (time, instance, state, rung)."""
    return [
        (int(t), int(i), State(s), int(j))
        for t, i, s, j in zip(
            outcome.turn_time, outcome.turn_instance, outcome.turn_state, outcome.turn_rung, strict=True
        )
    ]


def story(outcome: Outcome) -> list[str]:
    """An outcome as lines that two models can be compared by."""
    lines = rows(outcome)
    lines.append(f"step_ended {outcome.step_ended.tolist()}, prefill_ended {outcome.prefill_ended.tolist()}")
    for i, (opener, pool) in enumerate(zip(outcome.opener, outcome.pool, strict=True)):
        lines.append(f"instance {i}: pool {pool}, opened for {opener}")
    for time, number, state, rung in turns(outcome):
        lines.append(f"{time}: instance {number} {state.name}" + (f" {rung}" if rung != NEVER else ""))
    lines.append(f"offers {outcome.offer.tolist()}")
    lines += table("visit", outcome.visits) + table("repeat", outcome.repeats) + table("try", outcome.tries)
    lines.append(f"presence {outcome.presence}")
    return lines


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are equal, dtype included."""
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)


def table(name: str, columns: object) -> list[str]:
    """A table of the outcome, one line for each row."""
    names = [f.name for f in fields(columns)]  # type: ignore[arg-type]
    rows = zip(*(getattr(columns, one).tolist() for one in names), strict=True)
    return [f"{name} " + ", ".join(f"{one} {value}" for one, value in zip(names, row, strict=True)) for row in rows]


def arrays(outcome: Outcome) -> dict[str, np.ndarray | int]:
    """What an outcome consists of, by name; tables in it column by column."""
    found = {}
    for f in fields(Outcome):
        value = getattr(outcome, f.name)
        if is_dataclass(value):
            found |= {f"{f.name}.{g.name}": getattr(value, g.name) for g in fields(value)}
        else:
            found[f.name] = value
    return found


def difference(expected: Outcome, found: Outcome) -> list[str]:
    """Names of the arrays that are not equal, by value, length and dtype."""
    unequal, others = [], arrays(found)
    for name, a in arrays(expected).items():
        b = others[name]
        if isinstance(a, np.ndarray):
            if not isinstance(b, np.ndarray) or not same(a, b):
                unequal.append(name)
        elif type(a) is not type(b) or a != b:
            unequal.append(name)
    return unequal


def side_by_side(case: Case, expected: Outcome, found: Outcome) -> str:
    """Both stories, with a mark on every line in which they differ."""
    left, right = story(expected), story(found)
    lines = [f"unequal: {', '.join(difference(expected, found))}", show(case), "by the reference | by the model"]
    for k in range(max(len(left), len(right))):
        a = left[k] if k < len(left) else ""
        b = right[k] if k < len(right) else ""
        lines.append(f"  {a}" if a == b else f"! {a}\n  {'':>4}| {b}")
    return "\n".join(lines)

"""Every column of every table: its type, its unit, what it means, where it comes from.

The frames of `sim.trace.frames` are checked against this registry, and the reference of the tables is made from it.
A column whose name ends in ``_us`` holds whole microseconds since the start of the run (or a length in them), exactly
as the model gave it. A column whose name ends in ``_s`` holds seconds, for people and plots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

COUNT, NUMBER, SECONDS, NAME, TRUTH = "int64", "Int64", "float64", "category", "bool"
"""A number that is always there; one that may be missing (<NA>); seconds (NaN where missing); one of a few names; yes
or no."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        As in the frame and in the parquet file.
    dtype : str
        Of pandas. ``Int64`` may be missing, ``int64`` never is.
    unit : str
        Empty for numbers of things and for names.
    meaning : str
        One sentence, with what a missing value says.
    origin : str
        Fields of `sim.engine.contract` from which it comes.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    origin: str


_REQUESTS = (
    Column("request", COUNT, "", "Row of the request, or of its first attempt, in the demand; the same in every "
           "deployment.", "Demand"),
    Column("agent", COUNT, "", "Rank of the agent it belongs to.", "Demand.agent"),
    Column("session", NUMBER, "", "Number of its session; missing outside sessions.", "Demand.session"),
    Column("pool", COUNT, "", "The pool that serves it.", "Capacity.pool_of"),
    Column("in_window", TRUTH, "", "Whether it arrived after the warm-up, so that figures count it.",
           "Outcome.arrived, Window"),
    Column("arrived_us", COUNT, "us", "When the client sent it; with a window, when it was handed on.",
           "Outcome.arrived"),
    Column("admitted_us", NUMBER, "us", "When it was its turn; missing if the agent's earlier requests never left.",
           "Outcome.admitted"),
    Column("bound_us", NUMBER, "us", "When it was given its instance; missing if it never was.", "Outcome.bound"),
    Column("started_us", NUMBER, "us", "When it began on its instance; missing if it never did.", "Outcome.started"),
    Column("ended_us", NUMBER, "us", "When it left, completed or failed, or its caller gave it up; missing if "
           "unfinished.", "Outcome.ended, Outcome.left"),
    Column("service_us", COUNT, "us", "Length of its steps on a full core of nominal speed.",
           "Demand.step_cpu, Demand.step_wait"),
    Column("ideal_us", NUMBER, "us", "Latency on a platform with instant, endless, free instances, the same luck and "
           "the same fates; missing if it was never its turn.", "Demand, Outcome"),
    Column("arrived_s", SECONDS, "s", "When the client sent it.", "Outcome.arrived"),
    Column("fate", NAME, "", "What became of it: completed, failed, abandoned, unfinished.", "Outcome.fate"),
    Column("cause", NAME, "", "Why it failed; missing if it did not.", "Outcome.cause"),
    Column("warmth", NAME, "", "What it waited for on its instance: nothing (warm), a start (cold), a wake (woken); "
           "missing if it never began.", "Outcome.warmth"),
    Column("instance", NUMBER, "", "The instance it began on; missing if it never did.", "Outcome.instance"),
    Column("attempts", COUNT, "", "Attempts at it; all other values but the tokens are of the last one.",
           "Callers.retry_of"),
    Column("window_s", SECONDS, "s", "Held back by a window in which requests are merged, from the first of them until "
           "it arrived; 0 without one.", "Demand.held"),
    Column("retry_s", SECONDS, "s", "Until its last attempt arrived: earlier ones, and the waits between; 0 without.",
           "Outcome.due, Outcome.arrived"),
    Column("turn_s", SECONDS, "s", "Wait for the agent's earlier requests: admitted less arrived, of the last attempt.",
           "Outcome.admitted, Outcome.arrived, Outcome.due"),
    Column("queue_s", SECONDS, "s", "Wait for an instance: bound less admitted.", "Outcome.bound, Outcome.admitted"),
    Column("start_s", SECONDS, "s", "Wait for its instance to start: started less bound if cold, else 0.",
           "Outcome.started, Outcome.bound, Outcome.warmth"),
    Column("wake_s", SECONDS, "s", "Wait for its instance to wake: started less bound if woken, else 0.",
           "Outcome.started, Outcome.bound, Outcome.warmth"),
    Column("prefill_s", SECONDS, "s", "In prefill on a GPU, in all steps, as far as that ended; missing without GPU "
           "time.", "Outcome.prefill_ended"),
    Column("decode_s", SECONDS, "s", "In decode on a GPU, likewise.", "Outcome.step_ended, Outcome.prefill_ended"),
    Column("first_token_s", SECONDS, "s", "From arrival, a window before that included, to the end of the first "
           "prefill on a GPU; missing if there was none.", "Outcome.prefill_ended, Outcome.arrived"),
    Column("interruption_s", SECONDS, "s", "What interruptions added: time between visits to instances, work done "
           "again, checkpoints, restores and replays; missing unless completed.", "Outcome.visits, Outcome.repeats"),
    Column("contention_s", SECONDS, "s", "What shared or slow CPU and GPU added: ended less started less its length at "
           "full speed and what interruptions added; missing unless completed.",
           "Outcome.ended, Outcome.started, Outcome.visits, Outcome.repeats, Demand"),
    Column("provider_s", SECONDS, "s", "What calls took at their provider beyond their steps' waiting times; missing "
           "unless completed.", "Outcome.tries, Outcome.step_ended"),
    Column("backoff_s", SECONDS, "s", "From when calls first asked until they asked for the last time: failed tries "
           "and the delays after them; missing unless completed.", "Outcome.tries"),
    Column("latency_s", SECONDS, "s", "From arrival to answer, a window before that included; missing unless "
           "completed.", "Outcome.ended, Outcome.arrived, Demand.held"),
    Column("ideal_s", SECONDS, "s", "The ideal latency in seconds.", "Demand, Outcome"),
    Column("overhead_s", SECONDS, "s", "What the platform added: latency less ideal latency; missing unless completed.",
           "Demand, Outcome"),
    Column("first_step_s", SECONDS, "s", "From arrival, a window before that included, to the end of the first step; "
           "missing if that did not end.", "Outcome.step_ended, Outcome.arrived, Demand.held"),
    Column("steps", COUNT, "", "Steps it consists of.", "Demand.step_first"),
    Column("steps_ended", COUNT, "", "Steps that ended.", "Outcome.step_ended"),
    Column("tokens_in", COUNT, "tokens", "Prompt tokens of the calls that began, which are billed.",
           "Demand.step_tokens_in, Outcome.step_ended"),
    Column("tokens_cached", COUNT, "tokens", "Those of them that were in the provider's cache.",
           "Demand.step_tokens_cached"),
    Column("tokens_out", COUNT, "tokens", "Generated tokens; of a call that was cut off, those until then.",
           "Demand.step_tokens_out, Outcome.step_ended"),
    Column("memory_bytes", COUNT, "B", "Memory it uses while on an instance.", "Demand.memory"),
    Column("coalesced", COUNT, "", "Requests that were merged into it and have no row of their own.",
           "Demand.coalesced"),
)

_ATTEMPTS = (
    Column("request", COUNT, "", "Row of the request.", "Demand"),
    Column("step", COUNT, "", "Place of the step in its request, from 0.", "Demand.step_first"),
    Column("attempt", COUNT, "", "Which attempt at the request this is a step of, from 1.", "Callers.retry_of"),
    Column("left_us", NUMBER, "us", "When its caller gave that attempt up; missing if it did not.", "Outcome.left"),
    Column("execution", COUNT, "", "Which execution of the step this is, from 1; those before were cut off or lost.",
           "Outcome.repeats"),
    Column("kind", NAME, "", "Kind of step.", "Demand.step_kind"),
    Column("begin_us", COUNT, "us", "When it began.", "Outcome.started, Outcome.step_ended"),
    Column("end_us", NUMBER, "us", "When it ended or was cut off; missing if unfinished.",
           "Outcome.step_ended, Outcome.ended"),
    Column("begin_s", SECONDS, "s", "When it began.", "Outcome.started, Outcome.step_ended"),
    Column("duration_s", SECONDS, "s", "End less begin; missing if unfinished.", "Outcome.step_ended, Outcome.ended"),
    Column("fate", NAME, "", "What became of it: completed (also if it was lost and is done again), failed (it was cut "
           "off), unfinished.", "Outcome.step_ended, Outcome.fate, Outcome.repeats"),
    Column("cpu_us", COUNT, "us", "CPU time it asks for, on a full core of nominal speed.", "Demand.step_cpu"),
    Column("spent_us", COUNT, "us", "How much of that was done: all of a step that ended or waits, a part of one that "
           "was cut off before.", "Outcome.spent"),
    Column("gpu_us", COUNT, "us", "GPU time it asks for, alone on a nominal one.",
           "Demand.step_prefill, Demand.step_decode"),
    Column("gpu_spent_us", COUNT, "us", "How much of that was done.", "Outcome.gpu_spent"),
    Column("prefill_s", SECONDS, "s", "In prefill on a GPU; missing if that did not end.", "Outcome.prefill_ended"),
    Column("decode_s", SECONDS, "s", "In decode on a GPU; missing if that did not end.",
           "Outcome.step_ended, Outcome.prefill_ended"),
    Column("wait_us", COUNT, "us", "Time it waits without using CPU.", "Demand.step_wait"),
    Column("tries", COUNT, "", "How often its provider was asked; 0 of what is no call.", "Outcome.tries"),
    Column("tokens_in", COUNT, "tokens", "Prompt tokens, which are billed once the call has begun.",
           "Demand.step_tokens_in, Outcome.step_ended"),
    Column("tokens_cached", COUNT, "tokens", "Those of them that were in the provider's cache.",
           "Demand.step_tokens_cached"),
    Column("tokens_out", COUNT, "tokens", "Generated tokens; of a call that was cut off, those until then.",
           "Demand.step_tokens_out, Outcome.step_ended"),
    Column("model", NAME, "", "Language model it calls; missing for steps that call none.", "Demand.step_model"),
)

_INSTANCES = (
    Column("instance", COUNT, "", "Number of the instance, in the order of opening.", "Outcome.turn_instance"),
    Column("pool", COUNT, "", "The pool it belongs to.", "Outcome.pool"),
    Column("agent", NUMBER, "", "The agent whose pool it is; missing if agents share the pool.",
           "Capacity.pool_of, Demand.agent"),
    Column("state", NAME, "", "What it was doing.", "Outcome.turn_state"),
    Column("rung", NAME, "", "Rung of the ladder when entering, resting or waking; missing otherwise.",
           "Outcome.turn_rung"),
    Column("begin_us", COUNT, "us", "When it came into the state.", "Outcome.turn_time"),
    Column("end_us", COUNT, "us", "When it left the state, or the end of the run.", "Outcome.turn_time, Demand.stop"),
    Column("begin_s", SECONDS, "s", "When it came into the state.", "Outcome.turn_time"),
    Column("duration_s", SECONDS, "s", "End less begin.", "Outcome.turn_time, Demand.stop"),
    Column("opener", NUMBER, "", "The request it was opened for; missing for those there from the start.",
           "Outcome.opener"),
)

_EVENTS = (
    Column("time_us", COUNT, "us", "When it happened.", "Outcome"),
    Column("time_s", SECONDS, "s", "When it happened.", "Outcome"),
    Column("event", NAME, "", "What happened.", "Outcome"),
    Column("request", NUMBER, "", "The request it happened to, or for which an instance was opened; missing if none.",
           "Outcome, Outcome.opener"),
    Column("instance", NUMBER, "", "The instance it happened to or on; missing if none.",
           "Outcome.turn_instance, Outcome.instance"),
    Column("rung", NAME, "", "The rung entered, reached or left; missing otherwise.", "Outcome.turn_rung"),
    Column("cause", NAME, "", "Why the request failed; missing otherwise.", "Outcome.cause"),
)

DEPLOYMENT = Column("deployment", NAME, "", "The deployment, first column where several are in one table.", "Case")
"""The column that tells deployments apart."""

TABLES: dict[str, tuple[Column, ...]] = {
    "requests": _REQUESTS,
    "attempts": _ATTEMPTS,
    "instances": _INSTANCES,
    "events": _EVENTS,
}
"""The tables and their columns, in order."""


REPLICATIONS = "replications"
"""The table of the figures of each replication; all other tables are of one replication, the first."""

REFERENCE: dict[str, tuple[Column, ...]] = {
    **{name: (DEPLOYMENT, *columns) for name, columns in TABLES.items()},
    REPLICATIONS: (
        Column("replication", COUNT, "", "Number of the replication, from 0.", "Demand"),
        DEPLOYMENT,
        Column("figure", NAME, "", "Path of the figure, as in `summary.json` and in expectations.", "Outcome"),
        Column("value", SECONDS, "that of the figure", "What this replication alone says; missing where it is too "
               "small to say it, infinite where too many requests did not complete.", "Outcome"),
    ),
}
"""Every table of a run as it is kept, with the deployment among its columns."""


def check(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Hold a frame against the registry.

    Parameters
    ----------
    table : str
        A key of `TABLES`.
    frame : DataFrame

    Returns
    -------
    DataFrame
        The frame itself.

    Raises
    ------
    TypeError
        The frame has other columns, another order or another dtype than the registry says.
    """
    expected = [(column.name, column.dtype) for column in TABLES[table]]
    found = [(str(name), str(dtype)) for name, dtype in frame.dtypes.items()]
    if found != expected:
        wrong = [pair for pair in found if pair not in expected] + [pair for pair in expected if pair not in found]
        raise TypeError(f"table {table!r} does not match its registry: {wrong or 'order of columns'}")
    return frame


def documentation(table: str | None = None) -> pd.DataFrame:
    """Give the reference of the tables as a frame.

    Parameters
    ----------
    table : str, optional
        Only this one.

    Returns
    -------
    DataFrame
        One row for each column: table, column, dtype, unit, meaning, origin.
    """
    import pandas as pd

    rows = [
        (name, column.name, column.dtype, column.unit, column.meaning, column.origin)
        for name, columns in REFERENCE.items()
        if table in (None, name)
        for column in columns
    ]
    return pd.DataFrame(rows, columns=["table", "column", "dtype", "unit", "meaning", "origin"])


def markdown() -> str:
    """Give the reference of the tables as Markdown, one table under a heading each."""
    lines: list[str] = []
    for name, columns in REFERENCE.items():
        lines += [f"## {name}", "", "| column | dtype | unit | meaning | from |", "|---|---|---|---|---|"]
        lines += [f"| {c.name} | {c.dtype} | {c.unit} | {c.meaning} | {c.origin} |" for c in columns]
        lines.append("")
    return "\n".join(lines)

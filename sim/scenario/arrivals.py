"""What a person may write below ``arrivals``: who asks when.

One kind of arrivals, and options beside it. What fits to what is told in `Arrivals.flaws`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from sim import units
from sim.documents import Flaw
from sim.errors import AdvisedError, quoted
from sim.scenario import weekly
from sim.scenario.model import ONE, Model, Raw, Value, keys_of, one_of
from sim.scenario.quantities import (
    Duration,
    Gap,
    Indices,
    Lengths,
    Name,
    Number,
    Rate,
    Schedules,
    Sizes,
    SomeDuration,
    SomeRate,
    Text,
    Times,
    TimeUnit,
    Truth,
    Whole,
)


class Poisson(Model):
    """Requests of one agent at a constant rate, independent of each other."""

    rate: SomeRate = Field(description="Of one agent.", examples=["4/h"])


class Renewal(Model):
    """Requests of one agent with independent gaps of any distribution."""

    gap: Gap = Field(description="Time from one request to the next.", examples=["gamma(mean=10 min, cv=2)"])


class Bucket(Model):
    """A named part of the week with its own rate."""

    when: Text = Field(description='Hours and days, such as "08:00-18:00, sat, sun"; one bucket may say "otherwise". '
                       "A bucket that names a day whole takes it from buckets that name hours only; whatever else two "
                       "buckets both name is an error.", examples=['"08:00-18:00, sat"'])  # fmt: skip
    rate: Rate = Field(description="Of one agent.", examples=["4/h"])


class Phase(Model):
    """A phase of bursty arrivals: a rate, and how long it lasts."""

    rate: Rate = Field(description="Of one agent, while the phase lasts.", examples=["60/h"])
    stay: SomeDuration = Field(description="Mean length of the phase; lengths are exponential.", examples=["5 min"])


class Bursts(Model):
    """A Poisson process whose rate is that of a phase; phases follow each other in the order of the file, in a circle.

    The Markov-modulated Poisson process (MMPP). A run begins in any phase, by its share of time.
    """

    phases: dict[Name, Phase] = Field(min_length=2, description="Phases, by a name of your own.", examples=[
        "{calm: {rate: 1/h, stay: 50 min}, burst: {rate: 60/h, stay: 5 min}}"])
    scope: Literal["agent", "fleet"] = Field("agent", description="Whether each agent has phases of its own, or the "
                                             "whole fleet is in one phase at a time.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether there is one phase only, or no request ever arrives."""
        phases = {name: keys_of(phase) for name, phase in keys_of(raw.get("phases")).items()}
        if len(phases) == 1:
            yield Flaw(("phases",), "bursts have two phases at least", "add another, or use `poisson`", True)
        if phases and all(_is_zero(keys.get("rate")) for keys in phases.values()):
            yield Flaw(("phases",), "every rate is 0, so no request ever arrives", "give one phase a rate", True)


class Cron(Model):
    """Requests by a schedule: every agent asks at every minute that it names."""

    schedule: Schedules = Field(description="Minute, hour, `*`, `*`, day of the week, as cron has them; a list for "
                                "several. A run begins on a Monday at 00:00 and has no dates, so day of the month and "
                                "month are `*`.", examples=['"*/15 9-17 * * mon-fri"'])
    jitter: Times | None = Field(None, description="How much later a request comes, for each agent and time anew.",
                                 examples=["uniform(0 s, 30 s)"])


class Bulk(Model):
    """Batches: whatever comes brings several requests at once, so there are more of them than the rate says."""

    size: Sizes = Field(description="Requests in a batch.", examples=["geometric(mean=5)"])
    over: Literal["agent", "fleet"] = Field("agent", description="Whether all are of the agent whose time it is, or "
                                            "each of any agent, by chance.")


class Closed(Model):
    """Each agent asks, waits for the answer, thinks, and asks again: slow answers make for fewer requests.

    A run begins with all agents thinking. A request that fails counts as answered.
    """

    think: Gap = Field(description="Time from an answer to the next request.", examples=["exponential(mean=10 min)"])


class Shape(Model):
    """A recorded series of rates over a week, of which only the shape is taken."""

    file: Text = Field(description="CSV, gzipped or not, next to the scenario file.", examples=["data/week.csv"])
    time: Text = Field("t_s", description="Column: seconds since Monday 00:00.")
    rate: Text = Field("rate", description="Column: rate in any unit.")


class Sessions(Model):
    """Recorded sessions, drawn with replacement: their turns, steps and think times are kept together."""

    file: Text = Field(description="CSV, gzipped or not, one row for each step; see scenarios/data/README.md for its "
                       "columns.", examples=["data/sessions.csv.gz"])
    per_day: Number = Field(ge=0.001, description="Mean sessions a day of the whole fleet.", examples=[400])
    shape: Shape | None = Field(None, description="When sessions start within a week; evenly when absent.")


class Requests(Model):
    """Recorded requests, replayed: each comes when it came, or a part of the recording stands for the whole."""

    file: Text = Field(description="CSV, gzipped or not, or parquet, next to the scenario file: one row for each "
                       "request, in order of time.", examples=["data/requests.csv.gz"])
    time: Text = Field("t_s", description="Column: when it came; a number, or date and time, counted from the first.")
    unit: TimeUnit = Field("s", description="Unit of the column of times, where they are numbers.")
    agent: Text | None = Field(None, description="Column: who asked, by any name. Without it, agents by chance.",
                               examples=["user"])
    begin: Duration = Field(0, description="Requests before this time are left out, and the run begins here.")
    end: SomeDuration | None = Field(None, description="Requests from this time on are left out.", examples=["30 min"])
    loop: Truth = Field(False, description="Whether the part from `begin` to `end` repeats until the horizon.")
    rate: SomeRate | None = Field(None, description="Mean rate of the whole fleet. Requests are left out by chance, or "
                                  "the part is laid over itself, moved by a time drawn by chance.", examples=["3/s"])
    blocks: SomeDuration | None = Field(None, description="The run is put together of blocks of this length, each "
                                        "drawn by chance from those of the recording; verbatim when absent.",
                                        examples=["1 h"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether the part is empty, or cannot repeat as asked."""
        begin, end = _duration(raw.get("begin", 0)), _duration(raw.get("end"))
        if begin is not None and end is not None and end <= begin:
            yield Flaw(("end",), "`end` is not after `begin`", "write a later time")
        if raw.get("loop") is True and raw.get("end") is None:
            yield Flaw(("loop",), "`end` is missing: when the part is over and begins again", "add `end: 1 day`", True)
        if raw.get("loop") is True and raw.get("blocks") is not None:
            yield Flaw(("loop",), "blocks are drawn until the horizon, so there is nothing to repeat",
                       "leave out `loop`", at_key=True)


class Rates(Model):
    """Recorded rates, of the fleet or of each agent, over any time: a Poisson process that follows them.

    With a column `cv`, an agent's requests are as irregular as it says: gaps are Weibull on a clock that runs as fast
    as the rate.
    """

    file: Text = Field(description="CSV, gzipped or not, or parquet, next to the scenario file.",
                       examples=["data/rates.csv.gz"])
    time: Text = Field("t_s", description="Column: seconds from the beginning of the run.")
    rate: Text = Field("rate", description="Column: rate of the whole fleet, or of the agent in the row.")
    per: TimeUnit = Field("s", description="The time that rates are given per.")
    agent: Text | None = Field(None, description="Column: whose rate it is, by any name. Without it, the fleet's, of "
                               "which each agent has its share.", examples=["tenant"])
    cv: Text | None = Field(None, description="Column: coefficient of variation of the gaps between an agent's "
                            "requests; the mean of its rows counts, each by its rate. 1 when absent.", examples=["cv"])
    hold: SomeDuration | None = Field(None, description="How long a rate holds: afterwards it is 0 until the next row. "
                                      "Until the next row when absent.", examples=["10 min"])
    period: SomeDuration | None = Field(None, description="When the series begins again; when absent, once its last "
                                        "rate has held for `hold`, or as long as the one before.", examples=["1 week"])
    mean: SomeRate | None = Field(None, description="Mean rate of the whole fleet, to which all rates are scaled.",
                                  examples=["3/s"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether gaps are irregular that are nobody's."""
        if raw.get("cv") is not None and raw.get("agent") is None:
            yield Flaw(("cv",), "`agent` is missing: it is the gaps of one agent that `cv` says something of",
                       "add `agent`, or use `burstiness`", at_key=True)


class Skew(Model):
    """How requests divide among agents; the mean rate of the fleet stays. Exactly one of the keys."""

    model_config = ConfigDict(json_schema_extra=dict(ONE))

    zipf: Annotated[Number, Field(gt=0, le=20)] | None = Field(
        None, description="Exponent s: the share of agent number k is in proportion to k^-s, the first has most.",
        examples=[1.1])  # fmt: skip
    shares: Annotated[tuple[Annotated[Number, Field(ge=0)], ...], Field(min_length=1)] | None = Field(
        None, description="Shares of the agents in their order, in any unit; where there are more agents, they repeat.",
        examples=["[8, 1, 1]"])  # fmt: skip

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether shares are given in two ways or none, or are all 0."""
        yield from one_of(cls, raw, "skew", "keep one of them", "zipf: 1.1")
        shares = raw.get("shares")
        if isinstance(shares, (list, tuple)) and shares and all(share == 0 for share in shares):
            yield Flaw(("shares",), "every share is 0, so no request ever arrives", "give one agent a share")


class Burstiness(Model):
    """How bursty requests are, by the index of dispersion of their counts: variance over mean.

    It is 1 of Poisson arrivals; real ones are 10 to 180 times as bursty over a minute. The rate is multiplied by
    factors that change every so often; several lengths make bursts within bursts. What a weekly profile adds comes on
    top. Between hours with different rates, the index less 1 changes with the rate. With `bulk`, it is the index of the
    batches.
    """

    index_of_dispersion: Indices = Field(
        description="Of the requests of the whole fleet, over the time `at`. A list where that is one.", examples=[20])
    at: Lengths = Field(description="Over which times counts are taken: also how long bursts last. A list for several.",
                        examples=["60 s"])
    scope: Literal["fleet", "agent"] = Field("fleet", description="Whether agents have their bursts together, or each "
                                             "its own.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether there is not one index for each time, or times are not in order."""
        indices, times = (list(value) if isinstance(value := raw.get(key), (list, tuple)) else [value]
                          for key in ("index_of_dispersion", "at"))  # fmt: skip
        if len(indices) != len(times) and None not in (*indices, *times):
            yield Flaw(("at",), f"{len(indices)} indices of dispersion, and {len(times)} times", "give as many of both")
        read = [_duration(time) for time in times]
        for place, (one, other) in enumerate(pairwise(read), 1):
            if one is not None and other is not None and other <= one:
                yield Flaw(("at", place), "times must rise", "put the shorter first, each once")


class Debounce(Model):
    """Requests of an agent wait until no other has come for a while, and are then one: the others are coalesced.

    The work is that of the first. Latency counts from when the first came.
    """

    quiet: SomeDuration = Field(description="How long no other must have come.", examples=["30 s"])
    at_most: SomeDuration | None = Field(None, description="No request waits longer than this, quiet or not.",
                                         examples=["5 min"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether the bound can never be met."""
        quiet, most = (_duration(raw.get(key)) for key in ("quiet", "at_most"))
        if quiet is not None and most is not None and most < quiet:
            yield Flaw(("at_most",), "`at_most` is less than `quiet`, so quiet is never waited for",
                       "write a longer time, or use `batch: {window: ...}`")


class Batch(Model):
    """Requests of an agent are collected from the first on and then one: the others are coalesced.

    The batch is handed on when its window ends or it is full, whichever comes first. The work is that of the first
    request. Latency counts from when the first came.
    """

    window: SomeDuration | None = Field(None, description="How long after its first request a batch is handed on.",
                                        examples=["1 min"])
    size: Annotated[Whole, Field(ge=2)] | None = Field(None, description="Requests that fill a batch.", examples=[10])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether a batch would never be handed on."""
        if not keys_of(raw):
            yield Flaw((), "a batch needs `window`, `size` or both", "write for example `batch: {window: 1 min}`")


KINDS = ("poisson", "renewal", "weekly", "rates", "bursts", "cron", "closed", "requests", "sessions")
"""Kinds of arrivals."""

_BESIDE = {
    "skew": ("poisson", "renewal", "weekly", "rates", "bursts", "requests", "sessions"),
    "burstiness": ("poisson", "weekly", "rates", "sessions"),
    "bulk": ("poisson", "renewal", "weekly", "rates", "bursts", "cron"),
    "debounce": ("poisson", "renewal", "weekly", "rates", "bursts", "cron", "requests"),
    "batch": ("poisson", "renewal", "weekly", "rates", "bursts", "cron", "requests"),
}
"""The kinds that each option goes with."""

_WHY_NOT = {
    "closed": "an agent of a closed population asks only once it has been answered",
    "bursts": "its phases say how bursty it is",
    "cron": "every agent asks at the times of the schedule",
    "renewal": "its gaps say how bursty it is",
    "requests": "it is as bursty as it was recorded",
    "sessions": "the turns of a session come one after another",
}
"""Why options do not go with a kind."""


class Arrivals(Model):
    """Who asks when: exactly one kind, and what is done with its requests."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    poisson: Poisson | None = None
    renewal: Renewal | None = None
    weekly: Annotated[dict[Name, Bucket], Field(min_length=1)] | None = None
    rates: Rates | None = None
    bursts: Bursts | None = None
    cron: Cron | None = None
    closed: Closed | None = None
    requests: Requests | None = None
    sessions: Sessions | None = None
    skew: Skew | None = None
    burstiness: Burstiness | None = None
    bulk: Bulk | None = None
    debounce: Debounce | None = None
    batch: Batch | None = None

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say what is not one kind of arrivals with options that go with it, or buckets that do not divide the week."""
        yield from one_of(cls, raw, "arrivals", "keep one of them", "poisson: {rate: 4/h}", KINDS)
        yield from _options(raw)
        buckets = {name: keys_of(bucket) for name, bucket in keys_of(raw.get("weekly")).items()}
        texts = {name: text for name, keys in buckets.items() if isinstance(text := keys.get("when"), str) and text}
        if texts and len(texts) == len(buckets):
            for fault in weekly.faults(texts):
                place = ("weekly",) if fault.bucket is None else ("weekly", fault.bucket, "when")
                yield Flaw(place, fault.message, fault.fix, at_key=fault.bucket is None)
        if buckets and all(_is_zero(keys.get("rate")) for keys in buckets.values()):
            yield Flaw(("weekly",), "every rate is 0, so no request ever arrives", "give one bucket a rate", True)

    @classmethod
    def beneath(cls, given: Mapping[str, Value], own: Raw) -> dict[str, Value]:
        """Let another kind of arrivals replace all of them, and what was done with its requests."""
        others = [kind for kind in KINDS if kind in own and kind not in given]
        left = {} if others else dict(given)
        for one, other in (("debounce", "batch"), ("batch", "debounce")):
            if one in own:
                left.pop(other, None)
        return left


def _options(raw: Raw) -> Iterator[Flaw]:
    """Say which options do not go with the kind, or with each other."""
    given = keys_of(raw)
    kinds = [kind for kind in KINDS if kind in given]
    for option, fitting in _BESIDE.items():
        for kind in kinds if option in given else ():
            if kind not in fitting:
                why = f": {_WHY_NOT[kind]}" if kind in _WHY_NOT else ""
                yield Flaw((option,), f"`{option}` does not go with `{kind}`{why}",
                           f"leave it out; it goes with {', '.join(quoted(one) for one in fitting)}", at_key=True)
    if "agent" in keys_of(given.get("requests")) and "skew" in given:
        yield Flaw(("skew",), "the recording says which agent asked",
                   "keep one of the two: `skew`, or `agent` of `requests`", at_key=True)
    for option in ("skew", "burstiness"):
        if "agent" in keys_of(given.get("rates")) and option in given:
            yield Flaw((option,), "the series says how each agent asks",
                       f"keep one of the two: `{option}`, or `agent` of `rates`", at_key=True)
    if "scope" in keys_of(given.get("burstiness")) and "sessions" in given:
        yield Flaw(("burstiness", "scope"), "sessions start in the fleet as a whole", "leave it out", at_key=True)
    if "debounce" in given and "batch" in given:
        yield Flaw(("batch",), "requests can be either debounced or batched", "leave one of the two out", at_key=True)


def _duration(value: Any) -> int | None:
    """Return a duration in microseconds; None where it cannot be read."""
    try:
        return units.duration(value)
    except AdvisedError:
        return None


def _is_zero(rate: Any) -> bool:
    text = rate.partition("/")[0].strip() if isinstance(rate, str) else rate
    return text == 0 or (isinstance(text, str) and text.strip("0.") == "" and "0" in text)

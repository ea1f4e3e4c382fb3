"""What a person may write in a scenario file.

The models refuse unknown keys and are frozen. Durations become microseconds, sizes bytes, rates fractions a second, at
this border and nowhere else, and are written back as text by ``model_dump(mode="json")``. The description of each
field is its reference: the JSON Schema and the documentation are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    PrivateAttr,
    WithJsonSchema,
)

from sim import distributions
from sim.distributions import Distribution
from sim.documents import Document, Flaw
from sim.errors import AdvisedError, choose, quoted
from sim.scenario import axes, elastic, extends, intervals, reachable, recorded, starting, window
from sim.scenario.arrivals import Arrivals
from sim.scenario.axes import Axis, Settings
from sim.scenario.callers import Callers
from sim.scenario.elastic import Cpu, Floor, Idle, Limits, Scaling
from sim.scenario.gpus import Discipline, Gpu, GpuWork
from sim.scenario.intervals import Intervals, Precision
from sim.scenario.market import Deadline, Recovery, Spot
from sim.scenario.model import ONE, Model, Raw, Value, keys_of, one_of
from sim.scenario.provider import LlmProvider
from sim.scenario.quantities import (
    MOST,
    Bytes,
    Cores,
    Correlation,
    Day,
    Duration,
    Hourly,
    Month,
    Name,
    Queue,
    Share,
    Size,
    StepCount,
    StepMemory,
    StepRounds,
    StepSlots,
    StepTimes,
    StepTokens,
    Text,
    Times,
    Truth,
    Whole,
    WholeDays,
)
from sim.scenario.starting import StartUp
from sim.scenario.window import WarmUp

Axes = Annotated[tuple[Axis, ...], PlainValidator(axes.read), PlainSerializer(axes.show, when_used="json"),
                 WithJsonSchema(axes.SCHEMA)]  # fmt: skip


class Rows(Model):
    """Recorded requests, one in each row: what was recorded together stays together."""

    file: Text = Field(description="CSV, gzipped or not, or parquet, next to the scenario file.",
                       examples=["data/requests.csv.gz"])


class Llm(Model):
    """A call of a language model."""

    model: Text = Field(description="Name of a model of the catalogue: its profile gives the time, its price the cost.",
                        examples=["mid-tier"])
    input: StepTokens = Field(description="Prompt tokens.", examples=[3000])
    output: StepTokens = Field(description="Generated tokens.", examples=[300])
    time: StepTimes | None = Field(None, description="Length of the call; from the model's profile when absent.")
    rank_correlation: Correlation | None = Field(
        None, description="Spearman's correlation between prompt tokens, generated tokens and length of a call, each "
        "with each; where the length comes from the profile, its time to first token. Independent when absent.",
        examples=[0.6])  # fmt: skip

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether there is nothing to correlate."""
        yield from _uncorrelated(raw, [raw.get(key, "drawn") for key in ("input", "output", "time")])


class Tool(Model):
    """A tool run: CPU time, then waiting."""

    cpu: StepTimes = Field(distributions.ZERO, description="CPU time on one core of nominal speed.")
    wait: StepTimes = Field(distributions.ZERO, description="Time waited without using CPU.")
    rank_correlation: Correlation | None = Field(
        None, description="Spearman's correlation between CPU time and waiting; independent when absent.",
        examples=[0.6])  # fmt: skip

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether the tool takes no time, or there is nothing to correlate."""
        yield from _uncorrelated(raw, [raw[key] for key in ("cpu", "wait") if key in raw])
        if not raw:
            yield Flaw((), "a tool run needs `cpu`, `wait` or both", "write for example `tool: {cpu: 200 ms}`")


def _uncorrelated(raw: Raw, values: Sequence[Any]) -> Iterator[Flaw]:
    """Say whether fewer than two values are drawn, between which there could be a correlation."""
    drawn = [value for value in values if not recorded.is_column(value) and not _is_fixed(value)]
    if raw.get("rank_correlation") is not None and len(drawn) < 2:
        yield Flaw(("rank_correlation",), "there are not two values that are drawn by chance, to be correlated",
                   "leave it out, or write distributions", at_key=True)


def _is_fixed(value: Any) -> bool:
    """Whether a value is a number or a duration that is always the same."""
    if isinstance(value, Distribution):
        return value.kind == "constant"
    return not isinstance(value, Mapping) and not set(str(value)) & set("([{") and value != "drawn"


class Loop(Model):
    """Steps repeated a random number of times."""

    times: StepRounds = Field(description="How often, drawn anew for each request; at least once.",
                          examples=["geometric(mean=3)"])
    steps: tuple[Step, ...] = Field(min_length=1, description="What is repeated.", examples=["[{tool: {cpu: 200 ms}}]"])


class Step(Model):
    """One step of a request: exactly one of the keys."""

    model_config = ConfigDict(json_schema_extra=dict(ONE))

    llm: Llm | None = None
    tool: Tool | None = None
    gpu: GpuWork | None = None
    wait: StepTimes | None = Field(None, description="Wait that holds the instance and uses no CPU.")
    loop: Loop | None = None

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether the step does not do exactly one thing."""
        yield from one_of(cls, raw, "a step", "make a step of each, behind a `- ` of its own", "tool: {cpu: 200 ms}")

    @classmethod
    def beneath(cls, given: Mapping[str, Value], own: Raw) -> dict[str, Value]:
        """Let a step that does another thing replace the whole step."""
        return {key: value for key, value in given.items() if key in own}


class Workload(Model):
    """Who asks for what and when: the same for every deployment.

    Where requests are recorded, in ``arrivals.requests`` or in ``rows``, a step may take a value from a column:
    ``{column: tokens_in}``, with a unit where it is a time or a size: ``{column: took, unit: ms}``.
    """

    agents: Whole = Field(ge=1, le=MOST, description="Number of agents of the fleet.", examples=[200])
    serial: Truth = Field(True, description="Whether an agent works on one request at a time.")
    arrivals: Arrivals = Field(description="Who asks when.", examples=["{poisson: {rate: 4/h}}"])
    request: Annotated[tuple[Step, ...], Field(min_length=1)] | None = Field(
        None, description="Steps of one request; not with recorded sessions.")  # fmt: skip
    rows: Rows | None = Field(None, description="Recorded rows: each request is one of them, at random; steps take "
                              "values from its columns, `{column: tokens_in}`.")
    memory: StepMemory = Field(256 * 2**20, description="Memory in use while a request is served, beside the "
                               "runtime's.")
    priority: StepCount | None = Field(
        None, description="Class of a request, for queues in order of `priority`: lower goes first.",
        examples=["empirical([0, 1, 1])"])
    slots: StepSlots | None = Field(
        None, description="What a request holds of an instance's `concurrency`, such as GPUs of a machine; 1 when "
        "absent. It waits until that many are free on one instance.", examples=[4])
    patience: Times | None = Field(None, description="A caller whose request has not begun after this time leaves.",
                                   examples=["exponential(mean=30 s)"])
    callers: Callers | None = Field(None, description="How callers give up on a request and try it again.")
    keep_open: Times | None = Field(None, description="How long a connection stays open after its answer, which keeps "
                                    "the instance from counting as idle.", examples=["1 min"])  # fmt: skip
    parallel: Share = Field(Fraction(0), description="The part of CPU time that several cores can do at once, "
                            "where an instance has more than one for a request.", examples=["90%"])  # fmt: skip
    payload: Bytes | None = Field(None, description="Bytes of a request, which a platform may refuse.",
                                   examples=["lognormal(mean=200000, p95=900000)"])
    deadline: Deadline | None = Field(None, description="A request should be done so long after it arrived; a "
                                      "percentage is one of its own length.", examples=["20 h"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether steps come from both recorded sessions and the file, or from neither."""
        arrivals = keys_of(raw.get("arrivals"))
        in_sessions = "sessions" in arrivals
        yield from _row_flaws(raw, arrivals)
        yield from reachable.flaws(raw.get("arrivals"), raw.get("agents"))
        yield from elastic.more_than_all(raw, "parallel", "no more of the CPU time is parallel than all of it")
        shares, agents = keys_of(arrivals.get("skew")).get("shares"), raw.get("agents")
        if isinstance(shares, (list, tuple)) and isinstance(agents, int) and len(shares) > agents:
            yield Flaw(("arrivals", "skew", "shares"), f"there are {len(shares)} shares and {agents} agents",
                       "have as many agents as shares, or fewer shares, which then repeat", at_key=True)
        if in_sessions and raw.get("request") is not None:
            yield Flaw(("request",), "recorded sessions bring their own steps, so `request` has no place beside them",
                       "leave out `request`, or use other arrivals than `sessions`", at_key=True)
        if not in_sessions and arrivals and raw.get("request") is None:
            yield Flaw((), "`request` is missing: what one request does", "add `request:` and below it its steps, such "
                       "as `- llm: {model: mid-tier, input: 3000, output: 300}`", at_key=True)  # fmt: skip

    @classmethod
    def beneath(cls, given: Mapping[str, Value], own: Raw) -> dict[str, Value]:
        """Leave the steps out where recorded sessions, which bring their own, are put over them."""
        in_sessions = "sessions" in keys_of(own.get("arrivals"))
        return {key: value for key, value in given.items() if key != "request" or not in_sessions}


def _row_flaws(raw: Raw, arrivals: Raw) -> Iterator[Flaw]:
    """Say which values are taken from recorded rows that there are not, or from rows that are there twice."""
    rows = raw.get("rows") is not None
    for kind in ("requests", "sessions"):
        if rows and kind in arrivals:
            yield Flaw(("rows",), f"recorded {kind} bring rows of their own", "leave these out", at_key=True)
    places = [place for key in ("request", "memory", "priority", "slots")
              for place, _ in recorded.columns(raw.get(key), (key,))]
    if rows and not places:
        yield Flaw(("rows",), "nothing is taken from the rows", "take a value from them in a step, such as "
                   "`input: {column: tokens_in}`; or leave them out", at_key=True)
    for place in places:
        if not rows and "requests" not in arrivals:
            yield Flaw(place, "there are no recorded rows to take this from",
                       "add `rows: {file: data/requests.csv}` to the workload, or use `arrivals: {requests: ...}`")


class Labour(Model):
    """What people do to keep a deployment going."""

    hours: Duration = Field(description="Of patching and operating, each month.", examples=["4 h"])
    rate: Hourly = Field(description="What an hour of it costs.", examples=["$80/h"])


class Deployment(Model):
    """Where and how the agents run."""

    extends: Name | None = Field(None, description="A deployment of the same file whose keys this one starts from.")
    platform: Text | None = Field(None, description="A platform of the catalogue; `sim platforms` lists them.",
                                  examples=["fly/machines"])
    size: Text | None = Field(None, description="A named size of the platform.")
    vcpu: Cores | None = Field(None, description="Where the platform lets it be chosen.")
    memory: Size | None = Field(None, description="Where the platform lets it be chosen.")
    placement: Literal["shared", "per-agent", "per-session"] | None = Field(
        None, description="Whether agents share a pool of instances, or each agent or session has an instance.")
    binding: Literal["early", "late"] | None = Field(
        None, description="Whether a request waits for the instance it opened, or for the first that is free.")
    reuse: Literal["most-recent", "newest", "oldest", "least-loaded"] | None = Field(
        None, description="Which of several free instances takes a request.")  # fmt: skip
    concurrency: Annotated[Whole, Field(ge=1, le=MOST)] | None = Field(
        None, description="Requests at once on an instance.", examples=[20])  # fmt: skip
    instances: Annotated[Whole, Field(ge=1, le=MOST)] | None = Field(
        None, description="Fixed number: both the minimum and the maximum.", examples=[4])  # fmt: skip
    min_instances: Annotated[Whole, Field(ge=0, le=MOST)] | None = Field(
        None, description="Instances that are kept even when idle.", examples=[1])  # fmt: skip
    max_instances: Annotated[Whole, Field(ge=1, le=MOST)] | None = Field(
        None, description="Instances that there are at most.", examples=[100])  # fmt: skip
    spare_instances: Annotated[Whole, Field(ge=1, le=MOST)] | None = Field(
        None, description="Instances that are kept ready beside those that serve: a warm pool.", examples=[5])
    idle_timeout: Duration | None = Field(
        None, description="Time idle before the first rung of the platform's ladder.", examples=["5 min"])  # fmt: skip
    queue: Queue | None = Field(None, description="Requests that may wait for a free slot, or `unlimited`.")
    max_duration: Duration | None = Field(
        None, description="A request is ended after this long; within the platform's own limit.", examples=["15 min"])
    schedule: Annotated[dict[Name, Floor], Field(min_length=1)] | None = Field(
        None, description="Minimum of instances by parts of the week, instead of one.")
    scaling: Scaling | None = Field(None, description="How many instances there are to be, decided at intervals.")
    limits: Limits | None = Field(None, description="What holds for all instances together.")
    idle: Idle | None = Field(None, description="How idle instances are let go.")
    cpu: Cpu | None = Field(None, description="How fast their CPU is.")
    gpu: Gpu | None = Field(None, description="How fast their GPU is, and how residents share it; a nominal one, in "
                            "equal shares, when absent.")  # fmt: skip
    discipline: Discipline | None = Field(None, description="In which order the queue is served.")
    spot: Spot | None = Field(None, description="Instances that the platform may take back.")
    recovery: Recovery | None = Field(None, description="What becomes of a request whose instance is taken; it starts "
                                      "again when absent.")  # fmt: skip
    start: Times | None = Field(None, description="Start-up of an instance, instead of the profile's parts.")
    start_up: StartUp | None = Field(None, description="Parts of the start-up, an image, failures and drift.",
                                     examples=["{parts: {runtime: 2 s}, image: {pull: 12 s, hits: 90%}}"])
    wake: Times | None = Field(None, description="Wake from the first rung, instead of the profile's.")
    provider: LlmProvider | None = Field(None, description="Limits and faults of the language models that are called, "
                                         "and how clients try again.")
    plan: Text | None = Field(None, description="The vendor's plan, where the price book knows several.")
    region: Text | None = Field(None, description="Where it runs, where the price book knows what that costs.")
    labour: Labour | None = Field(None, description="Hours that people work for it, on the bill apart.",
                                  examples=["{hours: 4 h, rate: $80/h}"])

    @property
    def given(self) -> dict[str, Any]:
        """The keys that were given, without those inherited."""
        return keys_of(self)

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say what is given in two ways: how many instances, how large they are."""
        raw = keys_of(raw)
        for bound in ("min_instances", "max_instances"):
            if "instances" in raw and bound in raw:
                yield Flaw((bound,), f"`instances` is both the minimum and the maximum, so `{bound}` contradicts it",
                           f"leave out `{bound}`, or write `min_instances` and `max_instances`", at_key=True)
        for bound in ("instances", "min_instances"):
            if "schedule" in raw and bound in raw:
                yield Flaw((bound,), f"`schedule` says how many are kept when, so `{bound}` contradicts it",
                           f"leave out `{bound}` or `schedule`", at_key=True)  # fmt: skip
        yield from elastic.schedule_flaws(raw.get("schedule"))
        for part in ("vcpu", "memory"):
            if "size" in raw and part in raw:
                yield Flaw((part,), f"`size` says how large an instance is, so `{part}` contradicts it",
                           f"leave out `{part}` or `size`", at_key=True)  # fmt: skip

    @classmethod
    def beneath(cls, given: Mapping[str, Value], own: Raw) -> dict[str, Value]:
        """Leave out what says how many or how large instances are in another way."""
        return extends.beneath(given, own)


class Expectation(Model):
    """A comparison between figures, as text, with what it is for."""

    that: Text = Field(description="Such as `suspend.cost.total < 0.5 * always-on.cost.total`.",
                       examples=["suspend.cost.total < always-on.cost.total"])
    claim: Text | None = Field(None, description="Row of the ledger of claims that it tests.")
    note: str | None = Field(None, description="What should be known beside the verdict.")


def _sentence(value: object) -> object:
    """Read a text alone as an expectation."""
    if isinstance(value, (Mapping, Expectation)):
        return value
    if not isinstance(value, str) or not value.strip():
        raise AdvisedError("this is no comparison", "write for example `suspend.cost.total < always-on.cost.total`")
    return {"that": value}


class Scenario(Model):
    """One file: a workload, deployments to compare, run settings, expectations."""

    extends: Text | None = Field(None, description="A file that this one starts from: what is written here is put over "
                                 "what is written there. Mappings are merged, lists replaced.", examples=["base.yaml"])
    name: Name = Field(description="Of the scenario; its results are kept under it.", examples=["support-bot"])
    about: str = Field("", description="What is asked, in a sentence or two.")
    as_of: Day = Field(description="The day from which ages of prices are counted.", examples=["2026-11-01"])
    month: Month = Field(description="The calendar month that is billed.", examples=["2026-11"])
    horizon: WholeDays = Field(description="Figures and bill are of so long, after the warm-up: whole days, and whole "
                               "weeks where the load repeats each week.", examples=["4 weeks"])
    warmup: WarmUp = Field(0, description="Simulated before that, and left out of all figures and of the bill: whole "
                           "days (weeks where the load repeats each week), or `auto`, which finds out by MSER-5 on "
                           "pilot runs.", examples=["1 week"])
    drain: Duration = Field(86_400_000_000, description="How long what is left may still run.")
    seed: Annotated[Whole, Field(ge=0, lt=2**64)] = Field(0, description="Of all luck.", examples=[1])
    replications: Annotated[Whole, Field(ge=1, le=10_000)] = Field(
        8, description="Runs with different luck, for the intervals; with `precision`, those to begin with. A single "
        "long one has intervals by batch means, in 20 or more batches of whole days (weeks, where the load repeats "
        "each week).", examples=[8])
    precision: Precision | None = Field(None, description="How precise figures should be; replications are added.",
                                        examples=["{overhead_s.p99: 5%, max_replications: 60}"])
    intervals: Intervals | None = Field(None, description="What intervals say.", examples=["{confidence: 99%}"])
    prices: Text = Field("list-2026", description="Price book.")
    catalog: Text | None = Field(None, description="A folder of your own, laid out as the package's catalogue: "
                                 "`profiles/<platform>.yaml`, `prices/<book>/<platform>.yaml`. What is in it is put "
                                 "over the package's.", examples=["own-catalogue"])  # fmt: skip
    workload: Workload = Field(description="Who asks for what and when.")
    deployments: dict[Name, Deployment] = Field(
        min_length=1, description="Where and how the agents run, by a name of your own.")  # fmt: skip
    reference: Name | None = Field(None, description="The deployment that the others are compared with; the first.")
    expect: tuple[Annotated[Expectation, BeforeValidator(_sentence, json_schema_input_type=str | Expectation)], ...] = (
        Field((), description="Comparisons that should hold."))  # fmt: skip
    axes: Axes = Field(
        (), description="Values that are varied: a path, or a name of your own with `path` and `values`. Each "
        "combination is a case, and is run.")  # fmt: skip

    _document: Document | None = PrivateAttr(None)
    _settings: Settings = PrivateAttr(Settings())

    @property
    def document(self) -> Document | None:
        """Where it was written, for telling places; None for a scenario that was made in Python."""
        return self._document

    @property
    def settings(self) -> Settings:
        """What it takes of each axis, where it is a case of a scenario with axes."""
        return self._settings

    def written_in(self, document: Document | None, settings: Settings = Settings()) -> Scenario:  # noqa: B008
        """Note where it was written, and what it takes of each axis."""
        self._document, self._settings = document, settings
        return self

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Scenario:
        """Copy it; see `pydantic.BaseModel`. What was changed is not what the document says."""
        copy = super().model_copy(update=update, deep=deep)
        return copy.written_in(None, self.settings) if update else copy

    def __eq__(self, other: object) -> bool:
        """Whether both say the same; the file that they came from is not part of it."""
        return isinstance(other, Scenario) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # it holds dicts

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say which deployments are referred to and do not exist, and which are incomplete."""
        keys = {name: keys_of(deployment) for name, deployment in keys_of(raw.get("deployments")).items()}
        for flaw in extends.flaws(keys):
            yield Flaw(("deployments", *flaw.place), flaw.message, flaw.fix, flaw.at_key)
        reference = raw.get("reference")
        if isinstance(reference, str) and keys and reference not in keys:
            yield Flaw(("reference",), f"there is no deployment {quoted(reference)}", choose(reference, keys))
        yield from window.flaws(raw)
        yield from starting.drift_flaws(raw.get("deployments"), raw.get("replications"))
        yield from intervals.flaws(raw, cls.model_fields["replications"].default)
        yield from axes.flaws(raw.get("axes"), raw, cls)
        if isinstance(raw.get("extends"), str):
            yield Flaw(("extends",), "only a file can extend another", "write all of it, or load a file", at_key=True)

"""How a platform behaves. What it costs is in the price books; a profile only names the meters that run.

A `Profile` holds the platform's defaults and limits. Where a field ends in its default (``concurrency``,
``duration``), a deployment may choose another value up to the limit beside it (``max_concurrency``,
``max_duration``).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator

from sim import units
from sim.catalog.figures import Entry, Figure, Sourced
from sim.catalog.limits import Cpu, Idle, Limits
from sim.catalog.values import Cores, Count, Counts, Duration, DurationLimit, Limit, Memory, Slots, Times
from sim.errors import AdvisedError, choose, quoted

Placement = Literal["shared", "per-agent", "per-session"]
Binding = Literal["early", "late"]
Reuse = Literal["most-recent", "newest", "oldest", "least-loaded"]
OnMemory = Literal["kill", "refuse"]

Amount = TypeVar("Amount", int, Fraction)


class Size(Sourced):
    """A shape that can be ordered by name.

    Attributes
    ----------
    name : str
    vcpu : Fraction
        Cores of nominal speed.
    memory : int
        Bytes.
    disk_gb : Fraction
        Gigabytes (10^9 bytes) of the disk that comes with it; 0 where none does, or the profile says it for all sizes.
    gpu : str or None
        Kind of the GPUs that come with it, such as ``H100 SXM 80 GB``; None where none do.
    gpus : int
        How many.
    """

    name: str
    vcpu: Cores
    memory: Memory
    disk_gb: Cores = Fraction(0)
    gpu: str | None = Field(None, min_length=1)
    gpus: Count = 0

    @model_validator(mode="after")
    def _gpus_have_a_kind(self) -> Size:
        if (self.gpu is None) != (self.gpus == 0):
            raise AdvisedError("`gpu` and `gpus` go together", "write both or neither: `gpu: T4 16 GB, gpus: 1`")
        return self


class Range(Sourced, Generic[Amount]):
    """What may be chosen, both ends included.

    Attributes
    ----------
    low, high : int or Fraction
        Bytes of memory, or cores.
    """

    low: Amount
    high: Amount

    @model_validator(mode="after")
    def _rises(self) -> Range[Amount]:
        if self.low > self.high:
            raise AdvisedError("`low` is above `high`", "swap the two")
        return self


class Combination(Sourced):
    """What a vendor refuses although each of the values may be chosen by itself.

    An instance with fewer cores than ``vcpu_below``, or with as many as ``vcpu_from``, has memory from
    ``memory_at_least`` to ``memory_at_most`` and serves no more than ``concurrency_at_most`` requests at once.

    Attributes
    ----------
    vcpu_below, vcpu_from : Fraction or None
        The instances that it is said of; one of the two.
    memory_at_least, memory_at_most : int or None
        Bytes.
    concurrency_at_most : int or None
    """

    vcpu_below: Cores | None = None
    vcpu_from: Cores | None = None
    memory_at_least: Memory | None = None
    memory_at_most: Memory | None = None
    concurrency_at_most: Slots | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Combination:
        if (self.vcpu_below is None) == (self.vcpu_from is None):
            raise AdvisedError("it does not say of which instances", "give either `vcpu_below` or `vcpu_from`")
        if self.memory_at_least is None and self.memory_at_most is None and self.concurrency_at_most is None:
            raise AdvisedError("it refuses nothing", "give `memory_at_least`, `memory_at_most` or "
                               "`concurrency_at_most`")
        return self

    def speaks_of(self, vcpu: Fraction) -> bool:
        """Say whether instances with so many cores are meant."""
        return vcpu < self.vcpu_below if self.vcpu_below is not None else vcpu >= (self.vcpu_from or 0)

    @property
    def of(self) -> str:
        """The instances that are meant, in words."""
        if self.vcpu_below is not None:
            return f"less than {units.show_cores(self.vcpu_below)} vCPU"
        return f"{units.show_cores(self.vcpu_from or Fraction(0))} vCPU or more"

    def __str__(self) -> str:
        sizes = (("at least", self.memory_at_least), ("at most", self.memory_at_most))
        parts = [f"{word} {units.show_size(size)}" for word, size in sizes if size is not None]
        if self.concurrency_at_most is not None:
            parts.append(f"concurrency {self.concurrency_at_most} at most")
        return f"{self.of}: {', '.join(parts)}"


class Rung(Entry):
    """A state in which an instance rests after it has been idle.

    Attributes
    ----------
    name : str
    after : Figure[int]
        Microseconds in the state before (idle, or the rung above) until it is entered.
    enter : Figure[int]
        Microseconds that entering takes.
    enter_per_gib : Figure[int] or None
        Microseconds that entering takes in addition for each GiB of the instance's memory.
    wake : Figure[Distribution] or None
        Time to wake from it; None where it does not keep.
    keeps : bool
        Whether the instance can be woken. Only the last rung of a ladder may not keep: the instance is gone.
    max_memory : Figure[int] or None
        Bytes of the largest instance that can enter it.
    """

    name: str
    after: Figure[Duration]
    enter: Figure[Duration]
    enter_per_gib: Figure[Duration] | None = None
    wake: Figure[Times] | None = None
    keeps: bool
    max_memory: Figure[Memory] | None = None

    @model_validator(mode="after")
    def _wakes_if_it_keeps(self) -> Rung:
        if self.keeps and self.wake is None:
            raise AdvisedError(f"the rung {quoted(self.name)} keeps, so it needs a time to wake", "add `wake:`")
        if not self.keeps and self.wake is not None:
            raise AdvisedError(f"nothing wakes from the rung {quoted(self.name)}",
                               "remove `wake:`, or write `keeps: true`")
        return self

    def entering(self, memory: int) -> int:
        """Time to enter the rung.

        Parameters
        ----------
        memory : int
            Bytes of the instance.

        Returns
        -------
        int
            Microseconds, to the nearest.
        """
        if self.enter_per_gib is None:
            return self.enter.value
        return self.enter.value + (self.enter_per_gib.value * memory + units.GIB // 2) // units.GIB


class Part(Entry):
    """A part of the start-up; the parts of a start follow each other.

    Attributes
    ----------
    name : str
    time : Figure[Distribution]
    """

    name: str
    time: Figure[Times]


class Meters(Sourced):
    """Which meter runs while an instance is in a phase; None where none does. What is billed rests on a source, too.

    Attributes
    ----------
    starting, idle, busy, entering, waking : str or None
    rungs : dict of str to (str or None)
        By the name of the rung in which the instance rests.
    minimum_idle : str or None
        Instead of ``idle``, for the instances within the deployment's minimum.
    request : str or None
        Counts requests.
    """

    starting: str | None = None
    idle: str | None = None
    busy: str | None = None
    entering: str | None = None
    waking: str | None = None
    rungs: dict[str, str | None] = Field(default_factory=dict)
    minimum_idle: str | None = None
    request: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every meter that is named."""
        named = (self.starting, self.idle, self.busy, self.entering, self.waking, *self.rungs.values(),
                 self.minimum_idle, self.request)
        return frozenset(name for name in named if name is not None)

    def running(self, minimum: int) -> frozenset[str]:
        """Every meter that may run where so many instances are kept: without one, nothing idles within the minimum."""
        phases = (self.starting, self.idle, self.busy, self.entering, self.waking, *self.rungs.values(), self.request)
        return self.names if minimum else frozenset(name for name in phases if name is not None)


class Profile(Entry):
    """How a platform behaves.

    An instance has one of ``sizes``, or cores and memory within ``vcpu_range`` and ``memory_range``; where
    ``memory_per_vcpu`` is given, cores follow from memory and are not chosen.

    Attributes
    ----------
    id : str
        Such as ``cloud-run/request-based``.
    title, vendor : str
    isolation : Figure[str] or None
        What keeps instances apart from those of others; None where no source for it was found.
    sizes : dict of str to Size
    default_size : str or None
        The size of a deployment that names none; None where one must be named.
    vcpu_range, memory_range : Range or None
    memory_per_vcpu : Figure[int] or None
        Bytes of memory that come with one core.
    default_vcpu : Figure[Fraction] or None
    default_memory : Figure[int] or None
    whole_vcpu_above : Figure[Fraction] or None
        From so many cores on only whole numbers of them may be chosen; None where any may.
    combinations : tuple of Combination
        Which cores go with which memory and concurrency, where they are chosen.
    disk_gb : Figure[Fraction] or None
        Gigabytes (10^9 bytes) of an instance's own disk, where its size does not say it.
    placement : Figure[str]
        Whether agents share the instances, or each agent or session has its own.
    binding : Figure[str]
        Whether a request waits for the instance it opened (early) or for the first that is free (late).
    reuse : Figure[str]
        Which free instance takes a request.
    concurrency, max_concurrency : Figure[int]
        Requests at once on an instance; ``max_concurrency`` is None where the platform sets no limit.
    minimum, maximum : Figure[int]
        Instances of a shared pool; ``maximum`` has the value None for no limit. A pool of one agent or session has one
        at most, and the account's limit on all of them together is not looked at.
    queue : Figure[int]
        Requests that may wait; the value None for no limit.
    duration, max_duration : Figure[int]
        Microseconds that a request may last: by default, and at most. The value None for no limit.
    base_memory : Figure[int]
        Bytes in use when no request is served.
    on_memory : Figure[str]
        Whether running out of memory ends the instance (kill) or only the request (refuse).
    ladder : tuple of Rung
        From the shallowest. Empty for an instance that never rests.
    start : tuple of Part
        From nothing to ready.
    meters : Meters
    limits : Limits
    idle : Idle
    cpu : Cpu
    not_modelled : tuple of str
        What the platform does that the profile cannot say.
    """

    id: str
    title: str
    vendor: str
    isolation: Figure[Annotated[str, Field(min_length=1)]] | None = None
    sizes: dict[str, Size] = Field(default_factory=dict)
    default_size: str | None = None
    vcpu_range: Range[Cores] | None = None
    memory_range: Range[Memory] | None = None
    memory_per_vcpu: Figure[Memory] | None = None
    default_vcpu: Figure[Cores] | None = None
    default_memory: Figure[Memory] | None = None
    whole_vcpu_above: Figure[Cores] | None = None
    combinations: tuple[Combination, ...] = ()
    disk_gb: Figure[Cores] | None = None
    placement: Figure[Placement]
    binding: Figure[Binding]
    reuse: Figure[Reuse]
    concurrency: Figure[Slots]
    max_concurrency: Figure[Slots] | None = None
    minimum: Figure[Count]
    maximum: Figure[Limit]
    queue: Figure[Limit]
    duration: Figure[DurationLimit]
    max_duration: Figure[DurationLimit]
    base_memory: Figure[Memory]
    on_memory: Figure[OnMemory]
    ladder: tuple[Rung, ...] = ()
    start: tuple[Part, ...] = ()
    meters: Meters
    limits: Limits = Field(default_factory=Limits.model_construct)
    idle: Idle = Field(default_factory=Idle.model_construct)
    cpu: Cpu = Field(default_factory=Cpu.model_construct)
    not_modelled: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _only_size_is_default(cls, data: Any) -> Any:
        sizes = data.get("sizes") if isinstance(data, dict) else None
        if isinstance(sizes, dict) and len(sizes) == 1:
            return {"default_size": next(iter(sizes)), **data}
        return data

    @field_validator("sizes", mode="before")
    @classmethod
    def _sizes_have_names(cls, sizes: Any) -> Any:
        if not isinstance(sizes, dict):
            return sizes
        return {name: {**size, "name": name} if isinstance(size, dict) else size for name, size in sizes.items()}

    @field_validator("default_size")
    @classmethod
    def _default_size_exists(cls, name: str | None, info: ValidationInfo) -> str | None:
        sizes = info.data.get("sizes")  # absent when it is wrong itself
        if name is not None and sizes is not None and name not in sizes:
            raise AdvisedError(f"no size {quoted(name)}", choose(name, sizes))
        return name

    @field_validator("default_vcpu", "default_memory")
    @classmethod
    def _default_in_range(cls, default: Figure[Any] | None, info: ValidationInfo) -> Figure[Any] | None:
        allowed = info.data.get("vcpu_range" if info.field_name == "default_vcpu" else "memory_range")
        if default is not None and allowed is not None and not allowed.low <= default.value <= allowed.high:
            raise AdvisedError("outside the range that may be chosen", "change the default or the range")
        return default

    @field_validator("max_concurrency", "maximum", "max_duration")
    @classmethod
    def _limit_not_below_default(cls, limit: Figure[Any] | None, info: ValidationInfo) -> Figure[Any] | None:
        lower = {"max_concurrency": "concurrency", "maximum": "minimum", "max_duration": "duration"}
        name = lower[str(info.field_name)]
        below = info.data.get(name)
        if below is None or limit is None or limit.value is None:
            return limit
        if below.value is None or below.value > limit.value:
            raise AdvisedError(f"less than {quoted(name)}", f"lower {quoted(name)} or raise this")
        return limit

    @field_validator("ladder")
    @classmethod
    def _only_last_rung_loses(cls, ladder: tuple[Rung, ...]) -> tuple[Rung, ...]:
        names = [rung.name for rung in ladder]
        for rung in ladder[:-1]:
            if not rung.keeps:
                raise AdvisedError(f"nothing can come after {quoted(rung.name)}: it does not keep the instance",
                                   "put it last")
        if len(set(names)) < len(names):
            raise AdvisedError("two rungs have the same name", "rename one of them")
        return ladder

    @field_validator("meters")
    @classmethod
    def _rungs_have_meters(cls, meters: Meters, info: ValidationInfo) -> Meters:
        ladder = info.data.get("ladder")
        if ladder is None:
            return meters
        resting = [rung.name for rung in ladder if rung.keeps]
        for name in meters.rungs:
            if name not in resting:
                raise AdvisedError(f"no instance rests in a rung {quoted(name)}", choose(name, resting))
        for name in resting:
            if name not in meters.rungs:
                raise AdvisedError(f"it is not said what runs in the rung {quoted(name)}",
                                   f"add it to `rungs`: a meter, or null for none: `{name}: null`")
        return meters

    @model_validator(mode="after")
    def _has_a_shape(self) -> Profile:
        free = self.memory_range is not None and self.default_memory is not None
        cores = self.memory_per_vcpu is not None or (self.vcpu_range is not None and self.default_vcpu is not None)
        if bool(self.sizes) == (free and cores):
            raise AdvisedError("an instance has either named sizes or free cores and memory",
                               "give `sizes`, or ranges and defaults of cores and memory")
        return self

    def storage_gb(self, size: str | None) -> Fraction:
        """Gigabytes (10^9 bytes) of the disk of an instance of a size, 0 where nothing is said of one."""
        own = self.sizes[size].disk_gb if size is not None else Fraction(0)
        return own or (self.disk_gb.value if self.disk_gb is not None else Fraction(0))

    def gpus(self, size: str | None) -> int:
        """GPUs of an instance of a size, 0 where it has none."""
        return self.sizes[size].gpus if size is not None else 0

    def cores(self, memory: int) -> Fraction | None:
        """Cores that follow from memory.

        Parameters
        ----------
        memory : int
            Bytes.

        Returns
        -------
        Fraction or None
            None where cores do not follow from memory.
        """
        return Fraction(memory, self.memory_per_vcpu.value) if self.memory_per_vcpu is not None else None


class LlmProfile(Entry):
    """How fast a language model answers. A call lasts the time to the first token, then a token at a time.

    Attributes
    ----------
    id : str
        The name that scenarios use: the provider's model id, or a class of models.
    title, vendor : str
    first_token : Figure[Distribution]
        Time to the first token.
    tokens_per_second : Figure[Distribution]
        Tokens a second after the first, drawn once for a call.
    """

    id: str
    title: str
    vendor: str
    first_token: Figure[Times]
    tokens_per_second: Figure[Counts]

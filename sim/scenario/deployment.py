"""One deployment, bound: its platform's profile, with what the scenario says instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sim import units
from sim.catalog import PACKAGE, Catalogue, Profile
from sim.catalog.prices import PriceList
from sim.distributions import ZERO, Distribution
from sim.documents import Flaw
from sim.errors import UnknownName, quoted
from sim.scenario import elastic, gpus, market, resting, starting
from sim.scenario.elastic import Elastic
from sim.scenario.extends import Given
from sim.scenario.gpus import Discipline, Gpu
from sim.scenario.market import Recovery, Spot
from sim.scenario.provider import LlmProvider
from sim.scenario.resting import RestsOn
from sim.scenario.shape import Needed, Shape, fit, requests
from sim.scenario.starting import StartUp

LEAST_KEPT_TIMEOUT = units.SECOND
"""The shortest idle timeout beside a minimum of instances: a kept instance is looked at again that often."""


@dataclass(frozen=True, slots=True)
class BoundRung:
    """A rung of the ladder of a deployment.

    Attributes
    ----------
    name : str
    after : int or None
        Microseconds in the state before (idle, or the rung above) until it is entered; None for never.
    enter : int
        Microseconds that entering takes.
    wake : Distribution
        Time to wake from it; no time where it does not keep.
    keeps : bool
        Whether an instance in it can be woken.
    """

    name: str
    after: int | None
    enter: int
    wake: Distribution
    keeps: bool


@dataclass(frozen=True, slots=True)
class Labour:
    """Work that people do for a deployment.

    Attributes
    ----------
    hours : int
        Microseconds a month.
    rate : Decimal
        Dollars an hour.
    """

    hours: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class BoundDeployment:
    """A deployment with every name resolved and every default filled in.

    Attributes
    ----------
    name, platform : str
    profile : Profile
        Of the platform, as the catalogue has it; what the scenario says instead is in the other attributes.
    size : str or None
        The named size; None where cores and memory are chosen.
    vcpu : Fraction
        Cores of nominal speed of an instance.
    memory : int
        Bytes of an instance.
    placement : str
        ``shared``, ``per-agent`` or ``per-session``.
    binding : str
        ``early`` or ``late``.
    reuse : str
        ``most-recent``, ``newest``, ``oldest`` or ``least-loaded``.
    concurrency : int
        Requests at once on an instance.
    minimum, maximum : int
        Instances of a pool; ``maximum`` is None for no limit.
    queue : int or None
        Requests that may wait; None for no limit.
    duration_limit : int or None
        Microseconds that a request may last; None for no limit.
    base_memory : int
        Bytes of an instance in use when no request is served.
    memory_kills : bool
        Whether running out of memory ends the instance, rather than only the request.
    ladder : tuple of BoundRung
        From the shallowest.
    start : tuple of Distribution
        Parts of the start-up, which follow each other.
    start_up : StartUp
        What else there is to it.
    elastic : Elastic
        Scaling, schedule, limits, idleness and CPU, where the scenario says something of them.
    gpu, discipline : Gpu, Discipline
        Where nothing is said of them, what holds then.
    provider : LlmProvider or None
        Of language models; None where calls take their time.
    plan, region : str or None
        Of the vendor; those of the price list where they are None.
    labour : Labour or None
        What people do for it each month.
    catalogue : Catalogue
        Where its prices are looked up.
    rests_on : tuple of RestsOn
        Every figure of behaviour above, with its standing. Prices are not among them: each line of a bill has its own.
    spot : Spot or None
        When instances are taken back; None where they are not.
    recovery : Recovery or None
        What becomes of requests whose instance is taken; None where they start again.
    """

    name: str
    platform: str
    profile: Profile
    size: str | None
    vcpu: Fraction
    memory: int
    placement: str
    binding: str
    reuse: str
    concurrency: int
    minimum: int
    maximum: int | None
    queue: int | None
    duration_limit: int | None
    base_memory: int
    memory_kills: bool
    ladder: tuple[BoundRung, ...]
    start: tuple[Distribution, ...]
    start_up: StartUp
    elastic: Elastic
    gpu: Gpu
    discipline: Discipline
    provider: LlmProvider | None
    plan: str | None
    region: str | None
    labour: Labour | None
    catalogue: Catalogue
    rests_on: tuple[RestsOn, ...]
    spot: Spot | None = None
    recovery: Recovery | None = None

    @property
    def schedule(self) -> tuple[tuple[int, int], ...]:
        """Minutes of the week from which so many instances are kept; empty where the minimum is constant."""
        return self.elastic.schedule

    def prices(self, book: str) -> PriceList:
        """Return what it is billed by: the prices of its platform and variant, on its plan, in its region.

        Raises
        ------
        UnknownName
            The book has no such platform, plan or region.
        """
        return self.catalogue.prices(book, self.platform, plan=self.plan, region=self.region)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What binding a deployment needs to know of the rest of the scenario.

    Attributes
    ----------
    memory : int or None
        Bytes that a request needs; None when that cannot be read.
    sessions : bool
        Whether requests belong to sessions.
    agents : int or None
        Agents of the fleet that work on one request at a time; None where they may work on several.
    catalogue : Catalogue
        Where platforms are looked up.
    payload : bool
        Whether something is said of the size of requests.
    on_gpu : Asked
        What the workload asks for of GPUs and queues.
    deadline : bool
        Whether they should be done by some time.
    parallel : bool
        Whether CPU time can be shorter on several cores.
    cancels : bool
        Whether callers give up on requests, which then end.
    """

    memory: int | None
    sessions: bool
    agents: int | None = None
    catalogue: Catalogue = PACKAGE
    payload: bool = False
    on_gpu: gpus.Asked = gpus.Asked()  # noqa: RUF009  # it is frozen
    deadline: bool = False
    parallel: bool = False
    cancels: bool = False


def bind_deployment(name: str, given: Given, around: Surroundings) -> tuple[BoundDeployment | None, list[Flaw]]:
    """Bind one deployment.

    Parameters
    ----------
    name : str
    given : mapping
        Its keys, inherited ones too, each with the deployment that gives it.
    around : Surroundings

    Returns
    -------
    BoundDeployment or None, list of Flaw
        None when something is wrong. The places of the flaws begin with the name of a deployment.
    """
    if "platform" not in given:
        return None, []  # the schema says so
    try:
        profile = around.catalogue.profile(given.value("platform"))
    except UnknownName as error:
        return None, [_unknown_platform(given, error)]
    pool, more = _pool(given, profile, around.sessions)
    shape, found = fit(name, given, profile, Needed(around.memory, _at_once(pool.placement, around)))
    kept = pool.minimum + given.value("spare_instances", 0)
    found += [*more, *_limit_flaws(given, profile), *_ladder_flaws(given, profile, kept),
              *_provider_flaws(given), *_elastic_flaws(given, profile, pool, around),
              *starting.flaws(given),
              *gpus.flaws(given, given.value("binding", profile.binding.value), around.on_gpu),
              *market.flaws(given, around.deadline)]
    if shape is not None:
        found += _recovery_flaws(given, profile, shape, around)
    if shape is None or found:
        return None, found
    return _bound(name, given, profile, shape, pool, around.catalogue), []


def _bound(
    name: str, given: Given, profile: Profile, shape: Shape, pool: _Pool, catalogue: Catalogue
) -> BoundDeployment:
    queue = given.value("queue", profile.queue.value)
    return BoundDeployment(
        name=name,
        platform=profile.id,
        profile=profile,
        size=shape.size,
        vcpu=shape.vcpu,
        memory=shape.memory,
        placement=pool.placement,
        binding=given.value("binding", profile.binding.value),
        reuse=given.value("reuse", profile.reuse.value),
        concurrency=given.value("concurrency", profile.concurrency.value),
        minimum=pool.minimum,
        maximum=pool.maximum,
        queue=None if queue == "unlimited" else queue,
        duration_limit=given.value("max_duration", profile.duration.value),
        base_memory=profile.base_memory.value,
        memory_kills=profile.on_memory.value == "kill",
        ladder=tuple(_ladder(given, profile, shape.memory)),
        start=starting.parts(given, profile),
        start_up=given.value("start_up") or StartUp.model_construct(),
        elastic=elastic.bound(given, profile, shape.size),
        gpu=given.value("gpu") or Gpu.model_construct(),
        discipline=given.value("discipline") or Discipline.model_construct(),
        provider=given.value("provider"),
        plan=given.value("plan"),
        region=given.value("region"),
        labour=_labour(given),
        catalogue=catalogue,
        rests_on=tuple(resting.of_platform(profile, given, shape.size, pool.placement)),
        spot=given.value("spot"),
        recovery=given.value("recovery"),
    )


def _labour(given: Given) -> Labour | None:
    found = given.value("labour")
    return Labour(found.hours, found.rate) if found is not None else None


def _ladder(given: Given, profile: Profile, memory: int) -> Iterator[BoundRung]:
    for index, rung in enumerate(profile.ladder):
        after, wake = rung.after.value, rung.wake.value if rung.wake is not None else ZERO
        if index == 0:
            after, wake = given.value("idle_timeout", after), given.value("wake", wake)
        yield BoundRung(rung.name, after, rung.entering(memory), wake, rung.keeps)


def _at_once(placement: str, around: Surroundings) -> int | None:
    """Return how many requests there may be at once on an instance; turns of a session follow each other."""
    if placement == "per-session" or (placement == "per-agent" and around.agents is not None):
        return 1
    return around.agents


@dataclass(frozen=True, slots=True)
class _Pool:
    """Who shares the instances, and how many there are."""

    placement: str
    minimum: int
    maximum: int | None


def _pool(given: Given, profile: Profile, sessions: bool) -> tuple[_Pool, list[Flaw]]:
    placement = given.value("placement", profile.placement.value)
    if placement == "shared":
        return _shared_pool(given, profile)
    found = []
    of = placement.removeprefix("per-")
    for key in ("instances", "min_instances", "max_instances"):
        most = 0 if placement == "per-session" and key != "max_instances" else 1
        if given.value(key, 0) > most:
            fix = f"leave `{key}` out" if most == 0 else f"leave `{key}` out, or write 1"
            kept = ", and none is kept" if most == 0 else ""
            found.append(Flaw(given.place(key), f"with `placement: {placement}` every {of} has one instance of its own"
                              f"{kept}", f"{fix}, or write `placement: shared`"))
    if placement == "per-session" and not sessions:
        where = given.place("placement" if "placement" in given else "platform")
        found.append(Flaw(where, "`placement: per-session` needs arrivals in sessions",
                          "write `placement: per-agent`, or let sessions arrive"))
    minimum = given.value("instances", given.value("min_instances", min(1, profile.minimum.value)))
    return _Pool(placement, minimum if placement == "per-agent" else 0, 1), found


def _shared_pool(given: Given, profile: Profile) -> tuple[_Pool, list[Flaw]]:
    fixed = given.value("instances")
    low, high = given.value("min_instances", fixed), given.value("max_instances", fixed)
    minimum = profile.minimum.value if low is None else low
    maximum = profile.maximum.value if high is None else high
    pool = _Pool("shared", minimum, maximum)
    if maximum is None or minimum <= maximum or (low is not None and high is not None):
        return pool, []
    if low is not None:
        message = f"`min_instances` {minimum} is more than the {maximum} that {profile.id} has at most by default"
        return pool, [Flaw(given.place("min_instances"), message, f"add `max_instances: {minimum}` or more")]
    message = f"`max_instances` {maximum} is less than the {minimum} that {profile.id} keeps by default"
    return pool, [Flaw(given.place("max_instances"), message, f"add `min_instances: {maximum}` or less")]


def _limit_flaws(given: Given, profile: Profile) -> Iterator[Flaw]:
    """Say what is beyond the platform's limits."""
    concurrency, most = given.value("concurrency", 1), profile.max_concurrency
    if most is not None and concurrency > most.value:
        yield Flaw(given.place("concurrency"), f"{profile.id} serves {requests(most.value)} at once on an instance, "
                   f"not {concurrency}", f"write {most.value}" if most.value == 1 else f"write 1 to {most.value}")
    longest = profile.max_duration.value
    if longest is not None and given.value("max_duration", 0) > longest:
        shown = units.show_duration(longest)
        yield Flaw(given.place("max_duration"), f"{profile.id} ends every request after {shown}",
                   f"write `{shown}` or less")


def _ladder_flaws(given: Given, profile: Profile, kept: int) -> Iterator[Flaw]:
    """Say what does not go with how the platform's instances rest."""
    if not profile.ladder:
        for key in ("idle_timeout", "wake"):
            if key in given:
                yield Flaw(given.place(key), f"instances of {profile.id} run until they are deleted: they never rest",
                           f"leave `{key}` out", at_key=True)
        return
    first = profile.ladder[0]
    if "wake" in given and not first.keeps:
        yield Flaw(given.place("wake"), f"nothing wakes on {profile.id}: an idle instance is {first.name}",
                   "leave `wake` out; `start` says how long a new one takes", at_key=True)
    after = given.value("idle_timeout", first.after.value)
    if kept > 0 and after < LEAST_KEPT_TIMEOUT:
        least = quoted(units.show_duration(LEAST_KEPT_TIMEOUT))
        if "idle_timeout" in given:
            shown = quoted(units.show_duration(after))
            yield Flaw(given.place("idle_timeout"), f"{shown} is too short where instances are kept: each is looked at "
                       "again that often", f"write {least} or more, or keep none")
        else:
            key = next((key for key in ("instances", "min_instances", "spare_instances") if key in given), "platform")
            yield Flaw(given.place(key), f"an idle instance of {profile.id} is {first.name} at once, so none can be "
                       "kept", f"leave `{key}` out, or add an `idle_timeout` of {least} or more", at_key=True)


def _limits_that_cannot_be(given: Given, pool: _Pool, around: Surroundings) -> Iterator[Flaw]:
    """Say what limits have no effect, or cannot be kept."""
    limits, kept = given.value("limits"), max(pool.minimum, given.value("spare_instances", 0))
    if "schedule" in given:
        kept = max([kept, *(floor.instances for floor in given.value("schedule").values())])
    if isinstance(limits.quota, int) and kept > limits.quota:
        yield Flaw((*given.place("limits"), "quota"), f"it keeps {kept} instances, and the quota is {limits.quota}",
                   f"write {kept} or more, or keep fewer")
    if limits.payload is not None and not around.payload:
        yield Flaw((*given.place("limits"), "payload"), "nothing is said of the size of requests, so it has no effect",
                   "say it in the workload, such as `payload: 200000`, or leave it out", at_key=True)


def _learnt_flaws(given: Given, profile: Profile, pool: _Pool) -> Iterator[Flaw]:
    """Say what an instance cannot be that learns when to go."""
    place = given.place("idle")
    if pool.placement == "shared":
        yield Flaw(place, "only the one instance of an agent learns when to go",
                   "write `placement: per-agent`, or leave `learnt` out", at_key=True)
    for key in ("instances", "min_instances", "schedule"):
        if key in given and given.value(key):
            yield Flaw(given.place(key), "an instance that learns when to go is not kept",
                       f"leave out `{key}`, or `learnt`", at_key=True)
    if profile.ladder and given.value("idle_timeout", profile.ladder[0].after.value) is None:
        yield Flaw(place, f"an idle instance of {profile.id} never goes", "add an `idle_timeout`, which holds until "
                   "the first request has been served", at_key=True)


def _provider_flaws(given: Given) -> Iterator[Flaw]:
    """Say what does not go with calls that a provider answers."""
    for key in ("spot", "recovery"):
        if "provider" in given and key in given:
            yield Flaw(given.place("provider"), f"what becomes of its calls where instances are taken back (`{key}`) "
                       "is not known", f"leave out `provider` or `{key}`", at_key=True)


def _elastic_flaws(given: Given, profile: Profile, pool: _Pool, around: Surroundings) -> Iterator[Flaw]:
    """Say what scaling, a schedule or checks cannot do on the platform."""
    yield from elastic.without_effect(elastic.bound(given, profile, given.value("size")), given)
    for key in ("schedule", "scaling", "spare_instances", "idle"):
        if key in given and not profile.ladder:
            yield Flaw(given.place(key), f"instances of {profile.id} run until they are deleted: none is let go",
                       f"leave `{key}` out, or choose a platform that scales", at_key=True)
    if "spare_instances" in given and pool.placement != "shared":
        yield Flaw(given.place("spare_instances"), "only instances that all share can be kept ready for anybody",
                   "write `placement: shared`, or leave it out", at_key=True)
    elif pool.maximum is not None and given.value("spare_instances", 0) > pool.maximum:
        yield Flaw(given.place("spare_instances"), f"there are {pool.maximum} instances at most",
                   f"write {pool.maximum} or less, or raise `max_instances`")
    if "idle" in given and given.value("idle").learnt is not None:
        yield from _learnt_flaws(given, profile, pool)
    if "scaling" in given:
        if "spare_instances" in given:
            yield Flaw(given.place("spare_instances"), "a scaler says how many instances there are to be",
                       "leave `spare_instances` out, or `scaling`", at_key=True)
        if pool.placement != "shared":
            yield Flaw(given.place("scaling"), "only instances that all share are scaled together",
                       "write `placement: shared`, or leave `scaling` out", at_key=True)
        elif given.value("binding", profile.binding.value) == "early":
            yield Flaw(given.place("scaling"), "with early binding every request opens an instance of its own",
                       "write `binding: late`, or leave `scaling` out", at_key=True)
        for key in ("idle", "idle_timeout"):
            if key in given:
                yield Flaw(given.place(key), "a scaler lets instances go, however long they have been idle",
                           f"leave `{key}` out, or `scaling`", at_key=True)
    if "limits" in given:
        yield from _limits_that_cannot_be(given, pool, around)
    if "schedule" in given and profile.ladder:
        most = max(floor.instances for floor in given.value("schedule").values())
        if pool.maximum is not None and most > pool.maximum:
            yield Flaw(given.place("schedule"), f"it keeps {most} at times, and there are {pool.maximum} at most",
                       f"write `max_instances: {most}`" if pool.placement == "shared" else
                       f"keep {pool.maximum} at most", at_key=True)
        if given.value("idle_timeout", profile.ladder[0].after.value) < LEAST_KEPT_TIMEOUT:
            yield Flaw(given.place("schedule"), "an idle instance goes at once, so none can be kept",
                       f"write `idle_timeout: {units.show_duration(LEAST_KEPT_TIMEOUT)}` or more", at_key=True)


def _recovery_flaws(given: Given, profile: Profile, shape: Shape, around: Surroundings) -> Iterator[Flaw]:
    """Say what cannot be together with instances that are taken back, and with checkpoints."""
    if "spot" not in given:
        return
    if "idle" in given and given.value("idle").learnt is not None:
        yield Flaw(given.place("spot"), "an instance that learns when to go is not taken back", "leave out `spot`, or "
                   "`learnt`", at_key=True)  # fmt: skip
    if around.on_gpu.gpu:
        yield Flaw(given.place("spot"), "what is left of `gpu` steps is not known when an instance is taken back",
                   "have their time in the workload as `tool: {wait: 60 s}`, or leave out `spot`", at_key=True)
    queue = given.value("discipline")
    if around.on_gpu.slots or (queue is not None and (queue.order, queue.backfill, queue.memory) != (
            "arrival", False, "fail")):
        yield Flaw(given.place("spot"), "requests come back to their queue in order of arrival, and need one slot",
                   "leave `spot` out, or what is said of the queue", at_key=True)
    if around.cancels:
        yield Flaw(given.place("spot"), "requests that outlive their instance are not cancelled by callers who give up",
                   "write `cancels: false` in `callers`, or leave `spot` out", at_key=True)
    if given.value("recovery") is None or given.value("recovery").checkpoint is None:
        return
    place, concurrency = given.place("recovery"), given.value("concurrency", profile.concurrency.value)
    if concurrency > shape.vcpu:
        most = int(shape.vcpu)
        has = f"{requests(concurrency)} at once share" if concurrency > 1 else "an instance has"
        yield Flaw(place, f"{has} {float(shape.vcpu):.3g} vCPU, and checkpoints are of work that has a core to itself",
                   f"write `concurrency: {most}`" if most else
                   "have a core at least, or recover without checkpoints", at_key=True)  # fmt: skip
    said = elastic.bound(given, profile, shape.size)
    for one, key in ((said.cpu.speed, "cpu: {speed: ...}"), (said.cpu.credit, "CPU credit"),
                     (said.scaling and said.scaling.cpu, "scaling by CPU"), (around.parallel or None, "parallel work")):
        if one is not None:
            yield Flaw(place, f"checkpoints are of work at the nominal speed, so they do not go with {key}",
                       "recover without checkpoints, or leave that out", at_key=True)
    if profile.on_memory.value == "kill" and around.memory is not None and (
            profile.base_memory.value + concurrency * around.memory > shape.memory):
        yield Flaw(place, "checkpoints do not go with instances that run out of memory", "have more memory, or fewer "
                   "requests at once", at_key=True)  # fmt: skip


def _unknown_platform(given: Given, error: UnknownName) -> Flaw:
    variants = [known for known in error.known if known.startswith(f"{error.name}/")]
    fix = f"write {' or '.join(quoted(known) for known in variants)}" if variants else error.fix
    return Flaw(given.place("platform"), error.message, fix)

"""How large an instance is: what a deployment asks for, held against what its platform sells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from sim import units
from sim.catalog import Profile
from sim.catalog.profiles import Size
from sim.documents import Flaw, Place
from sim.errors import choose, quoted
from sim.scenario import combined
from sim.scenario.extends import Given


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of an instance.

    Attributes
    ----------
    size : str or None
        The named size; None where cores and memory are chosen.
    vcpu : Fraction
        Cores of nominal speed.
    memory : int
        Bytes.
    """

    size: str | None
    vcpu: Fraction
    memory: int


@dataclass(frozen=True, slots=True)
class Needed:
    """What the requests of a workload take.

    Attributes
    ----------
    memory : int or None
        Bytes that a request needs; None when that is not known.
    at_once : int or None
        Requests that there may be at once on an instance, whatever its concurrency; None for any number.
    """

    memory: int | None
    at_once: int | None


def fit(name: str, given: Given, profile: Profile, needed: Needed) -> tuple[Shape | None, list[Flaw]]:
    """Find the shape of a deployment's instances.

    Parameters
    ----------
    name : str
        The deployment.
    given : mapping
        Its keys, each with the deployment that gives it.
    profile : Profile
        Its platform.
    needed : Needed

    Returns
    -------
    Shape or None, list of Flaw
        None when something is wrong; the places of the flaws begin with the name of a deployment.
    """
    found = list(_named_flaws(name, given, profile) if profile.sizes else _free_flaws(given, profile))
    if found:
        return None, found
    shape = _shape(given, profile)
    found = list(combined.flaws(given, profile, shape.vcpu, shape.memory, partial(_holds, given, profile, needed))
                 or _memory_flaws(given, profile, shape, needed))
    return (None, found) if found else (shape, [])


def _shape(given: Given, profile: Profile) -> Shape:
    if profile.sizes:
        size = str(given.value("size") or profile.default_size)
        return Shape(size, profile.sizes[size].vcpu, profile.sizes[size].memory)
    memory, vcpu = given.value("memory"), given.value("vcpu")
    if memory is None and profile.default_memory is not None:
        memory = profile.default_memory.value
    if vcpu is None and profile.default_vcpu is not None:
        vcpu = profile.default_vcpu.value
    return Shape(None, profile.cores(memory) or vcpu, memory)


def _named_flaws(name: str, given: Given, profile: Profile) -> Iterator[Flaw]:
    """Say what is wrong with a deployment on a platform with named sizes."""
    for key in ("vcpu", "memory"):
        if key in given and "size" not in given:
            enough = _smallest(profile, given.value("vcpu") or Fraction(0), given.value("memory") or 0)
            yield Flaw(given.place(key), f"{profile.id} has named sizes, so `{key}` cannot be chosen",
                       f"write `size: {enough}` instead" if enough else "write a `size` instead", at_key=True)
    size = given.value("size")
    if size is None and profile.default_size is None and "vcpu" not in given and "memory" not in given:
        yield Flaw((name,), f"`size` is missing: {profile.id} has several", choose("", _usable(profile), most=6),
                   True)
    if size is not None and size not in profile.sizes:
        yield Flaw(given.place("size"), f"{profile.id} has no size {quoted(size)}",
                   choose(size, _usable(profile), most=6))


def _free_flaws(given: Given, profile: Profile) -> Iterator[Flaw]:
    """Say what is wrong with a deployment on a platform where cores and memory are chosen."""
    if "size" in given:
        keys = "`memory`" if profile.memory_per_vcpu else "`vcpu` and `memory`"
        yield Flaw(given.place("size"), f"{profile.id} has no named sizes", f"write {keys} instead", at_key=True)
    vcpu, memory = given.value("vcpu"), given.value("memory")
    if vcpu is not None and profile.memory_per_vcpu is not None:
        enough = units.show_size(-(-int(vcpu * profile.memory_per_vcpu.value) // 2**20) * 2**20)
        yield Flaw(given.place("vcpu"), f"on {profile.id} the cores follow from the memory",
                   f"write `memory: {enough}` instead", at_key=True)  # fmt: skip
    elif vcpu is not None and profile.vcpu_range is not None:
        low, high = profile.vcpu_range.low, profile.vcpu_range.high
        if not low <= vcpu <= high:
            yield Flaw(given.place("vcpu"), f"{profile.id} does not have instances of {units.show_cores(vcpu)} vCPU",
                       f"write {units.show_cores(low)} to {units.show_cores(high)}")
    if memory is not None and profile.memory_range is not None:
        low_memory, high_memory = profile.memory_range.low, profile.memory_range.high
        if not low_memory <= memory <= high_memory:
            shown = units.show_size(memory)
            yield Flaw(given.place("memory"), f"{profile.id} does not have instances of {shown}",
                       f"write {units.show_size(low_memory)} to {units.show_size(high_memory)}")


def _memory_flaws(given: Given, profile: Profile, shape: Shape, needed: Needed) -> Iterator[Flaw]:
    """Say what does not fit: requests in the memory, the memory in a rung."""
    place = given.place(next((key for key in ("size", "memory") if key in given), "platform"))
    if needed.memory:
        yield from _crowd_flaws(place, given, profile, shape, needed)
    for rung in profile.ladder:
        if rung.max_memory is not None and shape.memory > rung.max_memory.value:
            most = units.show_size(rung.max_memory.value)
            shown = units.show_size(shape.memory)
            yield Flaw(place, f"instances of {shown} cannot be {rung.name} on {profile.id}",
                       f"choose one of up to {most}, or another platform")


def _holds(given: Given, profile: Profile, needed: Needed, memory: int) -> bool:
    """Say whether so much memory holds a request, and as many as the platform lets in by default."""
    most = 1 if "concurrency" in given else _most(profile, needed)
    return profile.base_memory.value + most * (needed.memory or 0) <= memory


def _most(profile: Profile, needed: Needed) -> int:
    """Return how many requests there may be at once by the platform's default."""
    default = profile.concurrency.value
    return default if needed.at_once is None else min(default, needed.at_once)


def _crowd_flaws(place: Place, given: Given, profile: Profile, shape: Shape, needed: Needed) -> Iterator[Flaw]:
    """Say whether a request does not fit in the memory, or not as many as the platform lets in by default.

    A concurrency that the deployment gives is its own: what becomes of too many is what a run may be about.
    """
    base, each = profile.base_memory.value, needed.memory or 0
    most = _most(profile, needed)
    fitting = max(0, shape.memory - base) // each
    rest = (f"one takes {units.show_size(each)} beside the {units.show_size(base)} of the runtime, an instance has "
            f"{units.show_size(shape.memory)}")
    if fitting == 0:
        larger = _larger(profile, shape, base + each * (1 if "concurrency" in given else most))
        larger = larger or [f"{one} with `concurrency: 1`" for one in _larger(profile, shape, base + each)]
        yield Flaw(place, f"no request fits: {rest}", ", or ".join([*larger, "lower `workload.memory`"]))
    elif fitting < most and "concurrency" not in given:
        larger = _larger(profile, shape, base + each * most)
        yield Flaw(place, f"{most} requests at once do not fit, and the default concurrency of {profile.id} lets "
                   f"them in: {rest}",
                   ", or ".join([f"write `concurrency: {fitting}`", *larger]))


def _larger(profile: Profile, shape: Shape, memory: int) -> list[str]:
    """Say how to have so much memory; nothing where the platform does not sell it."""
    if profile.sizes:
        enough = _smallest(profile, shape.vcpu, memory)
        return [f"write `size: {enough}`"] if enough else []
    rounded = -(-memory // 2**27) * 2**27
    if profile.memory_range is not None and rounded > profile.memory_range.high:
        return []
    vcpu = None if combined.allowed(profile, shape.vcpu, rounded) else combined.enough_cores(profile, rounded)
    with_cores = f" with `vcpu: {units.show_cores(vcpu)}`" if vcpu is not None else ""
    return [f"write `memory: {units.show_size(rounded)}`{with_cores} or more"]


def _smallest(profile: Profile, vcpu: Fraction, memory: int) -> str | None:
    """Return the first of the named sizes with the least memory that have so much of both."""
    enough = [size for size in _usable(profile).values() if size.vcpu >= vcpu and size.memory >= memory]
    return min(enough, key=lambda size: size.memory).name if enough else None


def _usable(profile: Profile) -> dict[str, Size]:
    """Return the named sizes whose memory goes into every rung."""
    most = [rung.max_memory.value for rung in profile.ladder if rung.max_memory is not None]
    return {name: size for name, size in profile.sizes.items() if not most or size.memory <= min(most)}


def requests(count: int) -> str:
    """Write a number of requests."""
    return "one request" if count == 1 else f"{count:,} requests"

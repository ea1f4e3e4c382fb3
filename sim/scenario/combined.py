"""Cores, memory and concurrency that may each be chosen, but not together: what vendors refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from sim import units
from sim.catalog import Profile
from sim.catalog.profiles import Combination
from sim.documents import Flaw, Place
from sim.scenario.extends import Given


def flaws(
    given: Given, profile: Profile, vcpu: Fraction, memory: int, holds: Callable[[int], bool]
) -> list[Flaw]:
    """Say which of the values do not go together on a platform.

    Parameters
    ----------
    given : mapping
        The deployment's keys.
    profile : Profile
    vcpu : Fraction
    memory : int
        Of an instance, each within the platform's range.
    holds : callable
        Says of an amount of memory whether it is enough for the requests.
    """
    place = given.place(next((key for key in ("vcpu", "memory") if key in given), "platform"))
    whole = profile.whole_vcpu_above
    if whole is not None and vcpu > whole.value and vcpu.denominator != 1:
        return [Flaw(place, f"{profile.id} has no {units.show_cores(vcpu)} vCPU: above "
                     f"{units.show_cores(whole.value)} there are whole ones only",
                     f"write `vcpu: {int(vcpu)}` or `vcpu: {int(vcpu) + 1}`")]
    concurrency = given.value("concurrency", profile.concurrency.value)
    held = [one for one in profile.combinations if one.speaks_of(vcpu)]
    found = list(_memory_flaws(given.place("memory") if "memory" in given else place, profile, held, memory, holds))
    # More cores let more requests in; where the default is meant, they need not fit.
    more = "concurrency" in given and not found
    at = given.place("concurrency") if "concurrency" in given else place
    return [*found, *_concurrency_flaws(at, profile, held, concurrency, more)]


def enough_cores(profile: Profile, memory: int) -> Fraction | None:
    """Return the fewest cores that go with so much memory and the default concurrency; None where no cores do."""
    bounds = {one.vcpu_below for one in profile.combinations if one.vcpu_below is not None}
    return next((vcpu for vcpu in sorted(bounds) if allowed(profile, vcpu, memory, profile.concurrency.value)), None)


def allowed(profile: Profile, vcpu: Fraction, memory: int, concurrency: int = 1) -> bool:
    """Say whether cores, memory and concurrency go together on a platform."""
    held = [one for one in profile.combinations if one.speaks_of(vcpu)]
    return not any(_too_much(one, memory) or _too_little(one, memory) or _too_many(one, concurrency) for one in held)


def _concurrency_flaws(
    place: Place, profile: Profile, held: list[Combination], concurrency: int, more_cores: bool
) -> Iterator[Flaw]:
    for one in held:
        if _too_many(one, concurrency):
            most = one.concurrency_at_most
            enough = one.vcpu_below if more_cores else None
            more = f", or `vcpu: {units.show_cores(enough)}`" if enough is not None else ""
            served = "one request" if most == 1 else f"{most} requests"
            yield Flaw(place, f"{profile.id} serves {served} at once on an instance of {one.of}, not {concurrency}",
                       f"write `concurrency: {most}`{more}")


def _memory_flaws(
    place: Place, profile: Profile, held: list[Combination], memory: int, holds: Callable[[int], bool]
) -> Iterator[Flaw]:
    shown = units.show_size(memory)
    most = min((one for one in held if _too_much(one, memory)), key=lambda one: one.memory_at_most or 0, default=None)
    if most is not None:
        limit, vcpu = most.memory_at_most or 0, enough_cores(profile, memory)
        fixes = [f"`vcpu: {units.show_cores(vcpu)}`"] if vcpu is not None else []
        fixes += [f"`memory: {units.show_size(limit)}`"] if holds(limit) or not fixes else []
        yield Flaw(place, f"{profile.id} has at most {units.show_size(limit)} on an instance of {most.of}, not {shown}",
                   f"write {', or '.join(fixes)}")
    least = max((one for one in held if _too_little(one, memory)), key=lambda one: one.memory_at_least or 0,
                default=None)
    if least is not None:
        bound = units.show_size(least.memory_at_least or 0)
        yield Flaw(place, f"{profile.id} has at least {bound} on an instance of {least.of}, not {shown}",
                   f"write `memory: {bound}`, or fewer `vcpu`")


def _too_much(one: Combination, memory: int) -> bool:
    return one.memory_at_most is not None and memory > one.memory_at_most


def _too_little(one: Combination, memory: int) -> bool:
    return one.memory_at_least is not None and memory < one.memory_at_least


def _too_many(one: Combination, concurrency: int) -> bool:
    return one.concurrency_at_most is not None and concurrency > one.concurrency_at_most

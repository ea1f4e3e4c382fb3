"""Counting what a person says was used of a platform, in the units of its charges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from sim.billing.quantity import quantity
from sim.billing.rating import Used
from sim.billing.sheet import ALL, Instances, Requests, Shape
from sim.catalog import Catalogue
from sim.catalog.charges import Charge
from sim.catalog.counting import Basis, Measure, Resources, Scope
from sim.catalog.profiles import Profile
from sim.documents import Flaw
from sim.errors import AdvisedError, choose, quoted
from sim.units import GIB, HOUR, SECOND, show_duration

Counted = Iterator[tuple[Charge, Used]]

_NEEDS: Mapping[Basis, tuple[str, ...]] = {
    Basis.ONE: (), Basis.VCPU: ("vcpu",), Basis.CORE: ("vcpu",), Basis.MEMORY: ("memory",),
    Basis.EXTRA_MEMORY: ("vcpu", "memory"), Basis.DISK: ("disk",), Basis.DISK_GIB: ("disk",), Basis.EXTRA_DISK: (),
    Basis.EXTRA_DISK_GIB: (), Basis.GPU: ("gpus",),
}  # fmt: skip
"""What must be said of an instance for a basis."""
_EXAMPLES = {"vcpu": "vcpu: 2", "memory": "memory: 4 GiB", "disk": "disk: 20 GB", "gpus": "gpus: 1"}
_RUNNING = (Measure.TIME, Measure.PROVISIONED, Measure.CPU, Measure.MEMORY)
"""What is counted while instances are in some state."""


class Uncounted(Exception):  # noqa: N818  (it carries flaws from an entry to the sheet)
    """Something of an entry cannot be counted.

    Parameters
    ----------
    flaws : sequence of Flaw
        Their places begin in the entry.
    """

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__(flaws)
        self.flaws = flaws


class Counter:
    """Counts uses of one platform.

    Parameters
    ----------
    platform : str
        Such as ``aws-lambda/arm``.
    charges : sequence of Charge
        Of its variant, plan and region.
    month : int
        Microseconds of the month.
    catalogue : Catalogue
        Knows the sizes of instances, and what runs when.
    others : sequence of Charge
        Of the vendor's other variants and plans, for messages.
    """

    def __init__(
        self, platform: str, charges: Sequence[Charge], month: int, catalogue: Catalogue, others: Sequence[Charge] = ()
    ) -> None:
        self._platform, self._charges, self._month = platform, charges, month
        self._others = {charge.id: charge for charge in others}
        vendor, _, variant = platform.partition("/")
        named = [*catalogue.ids_of(vendor), *(f"{vendor}/{name}" for one in others for name in one.variants)]
        self._products = [] if variant else list(dict.fromkeys(named))
        self._profiles = [catalogue.profile(id) for id in catalogue.ids_of(vendor) if platform in (id, vendor)]

    def quantities(self, given: Mapping[str, Any]) -> Counted:
        """Yield what is given by charge.

        Raises
        ------
        Uncounted
            A charge is not known, or not one whose quantity can be given, or the quantity is none.
        """
        charges = {charge.id.partition("@")[0]: charge for charge in self._charges}
        free = [name for name, charge in charges.items() if charge.measure is not Measure.PLAN]
        flaws, made = [], []
        for name, value in given.items():
            charge = charges.get(name)
            if charge is None:
                message, fix = self._not_here(name, free)
                flaws.append(Flaw((name,), message, fix, at_key=True))
            elif charge.measure is Measure.PLAN:
                flaws.append(Flaw((name,), f"{charge.item} is charged whatever is used",
                                  "leave it out; `seats: 5` says for how many", at_key=True))
            elif charge.by_instance:
                flaws.append(Flaw((name,), f"{charge.item} is priced for each instance by itself",
                                  "write `instances: {size: ..., count: 3, hours: 500}`", at_key=True))
            else:
                try:
                    made.append((charge, Used(quantity(value, charge.per, self._month))))
                except AdvisedError as error:
                    flaws.append(Flaw((name,), error.message, error.fix))
        _refuse(flaws)
        yield from made

    def instances(self, one: Instances) -> Counted:
        """Yield what instances used.

        Raises
        ------
        Uncounted
            It is not said what a charge needs, or something is said that no charge is for.
        """
        meter = self._meter(one)
        # What is provisioned is paid for in whatever state it is.
        on = [charge for charge in self._of_size(one) if charge.measure is Measure.PROVISIONED or (
            charge.meter == meter and charge.measure in _RUNNING and charge.scope is not Scope.REQUEST)]
        turns = {Measure.STARTS: one.starts or 0, Measure.ENTERS: one.enters, Measure.WAKES: one.wakes}
        turned = [charge for charge in self._of_size(one) if turns.get(charge.measure)]
        timed = [charge for charge in on if charge.measure in (Measure.TIME, Measure.PROVISIONED)]
        # What a size brings is not asked for where the size is missing.
        flaws = list(self._size_flaws(one, meter)) or list(self._shape_flaws(one, [*timed, *turned]))
        for measure, key, bases in ((Measure.CPU, "cpu", (Basis.VCPU, Basis.CORE)),
                                    (Measure.MEMORY, "memory_used", (Basis.MEMORY,))):
            by_use = [charge for charge in on if charge.measure is measure]
            at_least = [charge for charge in on if charge.or_used and charge.basis in bases]
            flaws += self._use_flaws(one, key, by_use or at_least, needed=bool(by_use))
        flaws += [Flaw((key,), f"{self._platform} charges nothing for `{key}`", "leave it out", at_key=True)
                  for key, measure in (("enters", Measure.ENTERS), ("wakes", Measure.WAKES))
                  if turns[measure] and all(charge.measure is not measure for charge in turned)]
        record = self._record(one)
        records = 1 if one.starts is None else one.starts
        # Starts may have been of several instances, unless each of these is billed by itself.
        together = record * records if any(charge.by_instance for charge in on) else record
        if together > self._month:
            key = "hours" if one.starts is None else "starts" if together > record else "seconds_each"
            flaws.append(Flaw((key,), f"each of them would run for {show_duration(together)}, longer than the "
                              f"month of {show_duration(self._month)}", "give fewer, or a higher `count`"))
        flaws = list(self._product_flaws([*on, *turned])) or flaws
        _refuse(flaws)
        for charge in on:
            has = self._has(one, charge.basis)
            each = self._counted(charge, one, has, record, records)
            used = Used.by_instance((each, one.count))
            yield charge, used if charge.by_instance else Used(used.quantity)
        for charge in turned:
            size = charge.per.size(self._month)
            yield charge, Used(charge.counts(self._has(one, charge.basis)) * turns[charge.measure] * one.count / size)

    def requests(self, one: Requests) -> Counted:
        """Yield what requests used.

        Raises
        ------
        Uncounted
            It is not said what a charge needs, or something is said that no charge is for.
        """
        each = [charge for charge in self._of_size(one) if charge.measure is Measure.REQUESTS]
        timed = [charge for charge in self._of_size(one) if self._by_request(charge)]
        cpu = [charge for charge in self._charges if charge.measure is Measure.CPU and self._serves(charge)]
        if not each and not timed and not cpu:
            _refuse([Flaw((), f"{self._platform} charges nothing for requests", "give `instances:` with `starts` and "
                          "`seconds_each`, or `quantities:`", at_key=True)])
        flaws = [*self._use_flaws(one, "duration", timed), *self._shape_flaws(one, timed)]
        flaws += self._use_flaws(one, "cpu", cpu, needed=self._only_requests)
        flaws += self._use_flaws(one, "payload", [charge for charge in each if charge.payload], needed=False)
        flaws += self._overflow_flaws(one, timed)
        _refuse(list(self._product_flaws([*each, *timed, *cpu], self._served_in_several_ways)) or flaws)
        for charge in each:
            parts = 1 if charge.payload is None else charge.payload.requests(one.payload or 0)
            yield charge, Used(one.count * parts * charge.amount / charge.per.size(self._month))
        for charge in timed:
            shared = one.concurrency if charge.scope is not Scope.REQUEST else 1
            count = one.count
            if any(other.provisioned_only and other.meter == charge.meter for other in timed):
                count = one.count - one.overflow if charge.provisioned_only else one.overflow
            time = Fraction(count * charge.billed(one.duration or 0), shared)
            counted = charge.counts(self._has(one, charge.basis))
            yield charge, Used(time * counted / charge.per.size(self._month))
        for charge in cpu:
            yield charge, Used(one.count * (one.cpu or 0) * charge.amount / charge.per.size(self._month))

    def _not_here(self, name: str, known: Sequence[str]) -> tuple[str, str]:
        """Say that there is no such charge, or where it is, and what to write instead."""
        other = self._others.get(name)
        if other is None:
            return f"{self._platform} has no charge {quoted(name)}", choose(name, known)
        vendor = self._platform.partition("/")[0]
        if other.variants and self._platform.partition("/")[2] not in ("", *other.variants):
            return (f"{quoted(name)} is not charged on {self._platform}",
                    f"give it in an entry of its own, with `platform: {vendor}/{other.variants[0]}`")
        if other.plans:
            return f"{quoted(name)} is charged on another plan", f"write `plan: {other.plans[0]}`"
        return f"{quoted(name)} is left out by `without`", "leave one of them out"

    def _counted(self, charge: Charge, one: Instances, has: Resources, record: int, records: int) -> Fraction:
        """How much a charge counts of each instance, in its units."""
        size = charge.per.size(self._month)
        if charge.measure is Measure.CPU:
            return (one.cpu or 0) * records * charge.amount / size
        if charge.measure is Measure.MEMORY:
            return (one.memory_used or Fraction(0)) / GIB * record * records * charge.amount / size
        if charge.scope is Scope.MONTH:
            return Fraction(charge.billed(record * records * one.count), one.count) * charge.counts(has) / size
        return charge.billed(record) * records * charge.counts(has, self._used(charge, one, record)) / size

    def _used(self, charge: Charge, one: Instances, record: int) -> Fraction:
        """How much of a basis an instance used, on average."""
        if charge.basis is Basis.MEMORY:
            return (one.memory_used or Fraction(0)) / GIB
        used = Resources(Fraction(one.cpu or 0, record or 1), 0)
        return used.of(charge.basis) if charge.basis in (Basis.VCPU, Basis.CORE) else Fraction(0)

    def _record(self, one: Instances) -> int:
        """Microseconds of one record, a part of a microsecond being one."""
        if one.hours == ALL:
            return self._month
        return math.ceil((one.seconds_each or 0) * SECOND if one.hours is None else Fraction(one.hours) * HOUR)

    def _of_size(self, one: Shape) -> list[Charge]:
        return [charge for charge in self._charges if charge.matches(one.size)]

    def _meter(self, one: Instances) -> str | None:
        """Return the meter that an instance runs: that which is named, the only one, or that of a busy instance."""
        known = [charge.meter for charge in self._charges
                 if charge.measure in _RUNNING and charge.scope is not Scope.REQUEST and charge.meter]
        meters = list(dict.fromkeys(known))
        if one.meter is not None:
            if one.meter not in meters:
                fix = choose(one.meter, meters) if meters else "give `requests:` or `quantities:`"
                _refuse([Flaw(("meter",), f"{self._platform} has no meter {quoted(one.meter)} of instances", fix)])
            return one.meter
        if len(meters) == 1:
            return meters[0]
        fitting = [profile for profile in self._profiles if one.size in profile.sizes] or self._profiles
        busy = {profile.meters.busy for profile in fitting} & set(meters)
        if len(busy) != 1:
            _refuse(self._which() if len(self._products) > 1 and meters else [])
            fix = (f"add `meter:` {', '.join(quoted(name) for name in meters)}" if meters
                   else "give `requests:` or `quantities:`")
            what = "it is not said in which state they were" if meters else f"{self._platform} bills no instances"
            _refuse([Flaw((), what, fix, at_key=True)])
        return busy.pop()

    def _product_flaws(self, charges: Sequence[Charge], several: bool = False) -> Iterator[Flaw]:
        """Say whether it depends on the product what is charged, and it is not said which one it was."""
        limited = [set(charge.variants) for charge in charges if charge.variants]
        if len(self._products) > 1 and (several or (limited and not set.intersection(*limited))):
            yield from self._which()

    def _which(self) -> list[Flaw]:
        named = ", ".join(map(quoted, self._products))
        return [Flaw((), f"{self._platform} has several products, and it is not said which of them this is of",
                     f"as `platform` write one of {named}", at_key=True)]

    @property
    def _served_in_several_ways(self) -> bool:
        """Whether products of the vendor run other meters while they serve requests."""
        return len({(one.meters.busy, one.meters.idle, one.meters.request) for one in self._profiles}) > 1

    def _by_request(self, charge: Charge) -> bool:
        """Whether a charge is for the time in which requests are served, and for nothing else."""
        if charge.measure is not Measure.TIME:
            return False
        return charge.scope is Scope.REQUEST or (self._only_requests and self._serves(charge))

    def _serves(self, charge: Charge) -> bool:
        """Whether the meter of a charge runs while requests are served."""
        return not self._profiles or any(charge.meter == profile.meters.busy for profile in self._profiles)

    @property
    def _only_requests(self) -> bool:
        """Whether instances cost something else (or nothing) while they serve no request."""
        return all(profile.meters.busy != profile.meters.idle for profile in self._profiles)

    def _has(self, one: Shape, basis: Basis) -> Resources:
        """Say what an instance has, as far as a basis needs it."""
        profile = self._profile_of(one.size)
        binary = basis in (Basis.DISK_GIB, Basis.EXTRA_DISK_GIB)
        disk = None if one.disk is None else one.disk.gib * GIB / 10**9 if binary else one.disk.gb
        if profile is not None and disk is None:
            disk = profile.storage_gb(one.size)
        if profile is not None and one.size is not None:
            size = profile.sizes[one.size]
            return Resources(size.vcpu, size.memory, disk or Fraction(0), size.gpus)
        return Resources(one.vcpu or Fraction(0), one.memory or 0, disk or Fraction(0), one.gpus or 0)

    def _profile_of(self, size: str | None) -> Profile | None:
        fitting = (one for one in self._profiles if size is None or size in one.sizes)
        return next(fitting, None)

    def _size_flaws(self, one: Shape, meter: str | None) -> Iterator[Flaw]:
        """Say whether the size is not known, or the price depends on one that is not given."""
        sizes = list(dict.fromkeys(name for profile in self._profiles for name in profile.sizes))
        sized = [charge for charge in self._charges if charge.meter == meter and charge.sizes]
        priced = [name for name in sizes if any(charge.matches(name) for charge in sized)] or [
            pattern for charge in sized for pattern in charge.sizes]
        if sized and one.size is None:
            yield Flaw((), "the price depends on the size, and none is given",
                       f"add `size:`, such as {quoted(priced[0])}", at_key=True)
        elif sized and not any(charge.matches(one.size) for charge in sized):
            yield Flaw(("size",), f"{self._platform} has no price of the size {quoted(one.size)}",
                       choose(one.size or "", priced))
        elif one.size is not None and not sized and one.size not in sizes:
            yield Flaw(("size",), f"{self._platform} has no size {quoted(one.size)}", choose(one.size, sizes)
                       if sizes else "leave it out, and give `vcpu` and `memory`")

    def _shape_flaws(self, one: Shape, charges: Sequence[Charge]) -> Iterator[Flaw]:
        """Say what is not known of an instance and a charge is by, and what its size says already."""
        profile = self._profile_of(one.size)
        sized = profile is not None and one.size is not None
        for key in dict.fromkeys(key for charge in charges for key in _NEEDS[charge.basis]):
            disk = key == "disk" and profile is not None and profile.storage_gb(one.size) > 0
            if getattr(one, key) is None and not sized and not disk:
                yield Flaw((), f"{self._platform} bills by {key}, and it is not said how much each of them had",
                           f"add `{_EXAMPLES[key]}`" + (", or a `size:`" if profile and profile.sizes else ""))
        for key in ("vcpu", "memory", "gpus"):
            if sized and getattr(one, key) is not None:
                yield Flaw((key,), f"`size` says how large they are, so `{key}` contradicts it",
                           "leave one of them out", at_key=True)

    def _overflow_flaws(self, one: Requests, charges: Sequence[Charge]) -> Iterator[Flaw]:
        """Say whether more requests overflowed than there were, or nothing is there to overflow."""
        if one.overflow and all(not charge.provisioned_only for charge in charges):
            yield Flaw(("overflow",), f"{self._platform} has no provisioned instances that requests overflow",
                       "leave it out", at_key=True)
        elif one.overflow > one.count:
            yield Flaw(("overflow",), f"{one.overflow:,} of {one.count:,} requests cannot overflow",
                       "`count` is of all requests: give as many or fewer")

    def _use_flaws(
        self, one: Shape, key: str, charges: Sequence[Charge], needed: bool = True
    ) -> Iterator[Flaw]:
        """Say whether something is missing that a charge is by, or given and no charge is by it."""
        examples = {"duration": "duration: 250 ms", "cpu": "cpu: 20 ms", "memory_used": "memory_used: 1 GiB"}
        if charges and needed and getattr(one, key) is None:
            yield Flaw((), f"{self._platform} bills by `{key}`, and it is not given", f"add `{examples[key]}`, or give "
                       "`quantities:` instead")
        if not charges and getattr(one, key) is not None:
            yield Flaw((key,), f"{self._platform} charges nothing by `{key}` here", "leave it out", at_key=True)


def _refuse(flaws: Sequence[Flaw]) -> None:
    if flaws:
        raise Uncounted(flaws)

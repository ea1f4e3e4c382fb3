"""What vendors count and in which units: the words of a price list that are no prices."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from sim import units
from sim.errors import AdvisedError, quoted

_TIMES: Final[Mapping[str, int]] = {
    "ms": units.MS, "s": units.SECOND, "min": units.MINUTE, "h": units.HOUR, "day": units.DAY, "d": units.DAY,
}  # fmt: skip
_SCALES: Final[Mapping[str | None, int]] = {None: 1, "K": 10**3, "M": 10**6, "B": 10**9}
_MULTIPLES: Final[Mapping[str, tuple[int, str]]] = {"TB": (1000, "GB"), "TiB": (1024, "GiB")}
_NUMBER: Final = r"(?:(?P<number>[1-9]\d*)(?P<scale>[KMB])? )?"
_TIMED: Final = re.compile(
    rf"{_NUMBER}(?:(?P<noun>[A-Za-z]+)-)?(?:(?P<time>ms|s|min|h|day|month)|(?P<many>[1-9]\d*)(?P<span>[dh]))")
_COUNTED: Final = re.compile(rf"{_NUMBER}(?P<noun>[GT]i?B|kWh|[A-Z]{{3,5}}|[a-z]+(?: [a-z]+)*)")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a rate is for, such as ``vCPU-s``, ``GB-month`` or ``1M requests``.

    Attributes
    ----------
    text : str
        As it was written.
    count : int
        How many: a million of ``1M requests``; a thousand of ``TB``, whose noun is GB.
    noun : str
        What is counted: ``vCPU`` of ``vCPU-s``, ``requests`` of ``1M requests``; empty for time alone.
    time : int or None
        Microseconds, of a unit of time; of ``month``, and of a unit that counts things, None.
    monthly : bool
        Whether the time is the calendar month that is billed, whatever its length.
    """

    text: str
    count: int = 1
    noun: str = ""
    time: int | None = None
    monthly: bool = False

    @classmethod
    def parse(cls, value: object) -> Unit:
        """Read a unit.

        Parameters
        ----------
        value : str or Unit
            A time (``ms s min h day``, ``month`` for the calendar month, ``30d``, ``730h`` for so many days or hours),
            alone or behind a noun and a hyphen; or a noun: ``requests``, ``GB``, ``kWh``. Before it there may be a
            number: ``1K``, ``1M``, ``100``.

        Returns
        -------
        Unit

        Raises
        ------
        AdvisedError
            None of these.
        """
        if isinstance(value, Unit):
            return value
        text = value if isinstance(value, str) else ""
        if found := _TIMED.fullmatch(text):
            many = int(found["many"] or 1) * _TIMES.get(found["time"] or found["span"], 0)
            monthly = found["time"] == "month"
            return cls(text, _count(found), found["noun"] or "", None if monthly else many, monthly)
        if found := _COUNTED.fullmatch(text):
            times, noun = _MULTIPLES.get(found["noun"], (1, found["noun"]))
            return cls(text, _count(found) * times, noun)
        raise AdvisedError(f"{quoted(value)} is not a unit", "write such as `vCPU-s`, `GB-month` or `1M requests`")

    @property
    def timed(self) -> bool:
        """Whether the unit is one of time."""
        return self.monthly or self.time is not None

    def size(self, month: int) -> int:
        """How much of the thing counted one unit is.

        Parameters
        ----------
        month : int
            Microseconds of the calendar month that is billed.

        Returns
        -------
        int
            Microseconds of a unit of time (of one of the noun), else things.
        """
        if self.monthly:
            return self.count * month
        return self.count * (self.time if self.time is not None else 1)


def _count(found: re.Match[str]) -> int:
    return int(found["number"] or 1) * _SCALES[found["scale"]]


class Measure(StrEnum):
    """What is counted on a meter.

    Attributes
    ----------
    TIME : the time for which the meter runs, times the basis.
    REQUESTS : requests that began; a long payload counts as several.
    CPU : CPU time that steps used, in cores.
    MEMORY : memory in use over time, in GiB: the runtime's while the meter runs, and that of the requests in flight.
    STARTS : starts of instances, times the basis. Its meter is any that the profile names.
    ENTERS, WAKES : times that an instance entered, or woke from, a rung on which the meter runs; times the basis.
    PROVISIONED : the time for which a deployment keeps a minimum of instances, whether they are there or not, times
        their number and the basis. Its meter is any that the profile names.
    COUNT : nothing that a run counts; its quantity is given.
    INPUT : prompt tokens that were not cached.
    CACHED : prompt tokens that were.
    WRITTEN, WRITTEN_HOUR : prompt tokens that were written to the cache, to be kept for minutes or for an hour; a run
        counts them as input.
    OUTPUT : generated tokens.
    PLAN : nothing: a fee for each calendar month, whatever is used; for each seat where it is ``per: seat-month``.
    """

    TIME = "time"
    REQUESTS = "requests"
    CPU = "cpu"
    MEMORY = "memory"
    STARTS = "starts"
    ENTERS = "enters"
    WAKES = "wakes"
    PROVISIONED = "provisioned"
    COUNT = "count"
    INPUT = "input"
    CACHED = "cached"
    WRITTEN = "written"
    WRITTEN_HOUR = "written-hour"
    OUTPUT = "output"
    PLAN = "plan"


TOKENS: Final = frozenset({Measure.INPUT, Measure.CACHED, Measure.OUTPUT})
"""What a run counts of the calls of a language model."""
OF_TIME: Final = frozenset({Measure.TIME, Measure.CPU, Measure.MEMORY, Measure.PROVISIONED, Measure.PLAN})
"""What is measured in a unit of time."""
OF_INSTANCES: Final = frozenset(
    {Measure.TIME, Measure.STARTS, Measure.ENTERS, Measure.WAKES, Measure.PROVISIONED})
"""What has a basis: a count of instances, times something of each."""


class Scope(StrEnum):
    """What the vendor takes as one record, to which the minimum and the rounding up apply.

    Attributes
    ----------
    INTERVAL : each uninterrupted run of the meter.
    START : all that an instance runs the meter between one start or wake and the next.
    REQUEST : each request, from its beginning to its end.
    MONTH : everything in the month.
    """

    INTERVAL = "interval"
    START = "start"
    REQUEST = "request"
    MONTH = "month"


class Basis(StrEnum):
    """What of an instance is counted while its meter runs.

    Attributes
    ----------
    ONE : the instance itself.
    VCPU, CORE : its vCPUs; its physical cores, each of two vCPUs.
    MEMORY : its memory, in GiB. (Where a vendor says GB of memory, it means these.)
    EXTRA_MEMORY : its memory beyond `Charge.included` for each vCPU, in GiB.
    DISK, DISK_GIB : its disk, in GB of 10^9 bytes; in GiB.
    EXTRA_DISK, EXTRA_DISK_GIB : its disk beyond `Charge.included`, likewise.
    GPU : its GPUs.
    """

    ONE = "one"
    VCPU = "vcpu"
    CORE = "core"
    MEMORY = "memory"
    EXTRA_MEMORY = "extra-memory"
    DISK = "disk"
    DISK_GIB = "disk-gib"
    EXTRA_DISK = "extra-disk"
    EXTRA_DISK_GIB = "extra-disk-gib"
    GPU = "gpu"


EXTRA: Final = frozenset({Basis.EXTRA_MEMORY, Basis.EXTRA_DISK, Basis.EXTRA_DISK_GIB})
"""What is counted beyond something that is included."""

USABLE: Final = frozenset({Basis.VCPU, Basis.CORE, Basis.MEMORY})
"""What an instance may use more of than was asked for."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What an instance has.

    Attributes
    ----------
    vcpu : Fraction
        Virtual cores.
    memory : Fraction or int
        Bytes.
    disk_gb : Fraction
        GB of 10^9 bytes.
    gpus : int
    """

    vcpu: Fraction
    memory: Fraction | int
    disk_gb: Fraction = Fraction(0)
    gpus: int = 0

    def of(self, basis: Basis, included: Fraction = Fraction(0)) -> Fraction:
        """How much of it a basis counts; ``included`` is for extra memory (GiB for each vCPU) and extra disk."""
        memory, disk_gib = Fraction(self.memory, units.GIB), self.disk_gb * 10**9 / units.GIB
        return {
            Basis.ONE: Fraction(1),
            Basis.VCPU: self.vcpu,
            Basis.CORE: self.vcpu / 2,
            Basis.MEMORY: memory,
            Basis.EXTRA_MEMORY: max(Fraction(0), memory - included * self.vcpu),
            Basis.DISK: self.disk_gb,
            Basis.DISK_GIB: disk_gib,
            Basis.EXTRA_DISK: max(Fraction(0), self.disk_gb - included),
            Basis.EXTRA_DISK_GIB: max(Fraction(0), disk_gib - included),
            Basis.GPU: Fraction(self.gpus),
        }[basis]

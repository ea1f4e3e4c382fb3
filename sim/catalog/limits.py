"""What a platform allows all instances together, how it lets idle ones go, and how fast their CPU is.

The fields are those of the keys `limits`, `idle` and `cpu` of a deployment, which says otherwise key by key.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import model_validator

from sim.catalog.figures import Entry, Figure
from sim.catalog.values import Counts, Memory, Rate, Share, Slots, SomeDuration
from sim.errors import AdvisedError


class Limits(Entry):
    """What holds for all instances of a deployment together; None where the platform sets no limit, or none is known.

    Attributes
    ----------
    quota : Figure[int] or None
        Instances that are neither off nor at rest, at once.
    openings : Figure[Fraction] or None
        New instances a second.
    burst : Figure[int] or None
        New instances at once.
    slowdown : Figure[Fraction] or None
        How much longer a start takes for each other instance that is starting meanwhile.
    lifetime : Figure[int] or None
        Microseconds after which an instance is taken.
    at_lifetime : Figure[str] or None
        Whether it then drains or is killed.
    payload : Figure[int] or None
        Bytes of the largest request.
    """

    quota: Figure[Slots] | None = None
    openings: Figure[Rate] | None = None
    burst: Figure[Slots] | None = None
    slowdown: Figure[Share] | None = None
    lifetime: Figure[SomeDuration] | None = None
    at_lifetime: Figure[Literal["drain", "kill"]] | None = None
    payload: Figure[Memory] | None = None

    @model_validator(mode="after")
    def _burst_is_of_openings(self) -> Limits:
        for key, needs in (("burst", "openings"), ("at_lifetime", "lifetime")):
            if getattr(self, key) is not None and getattr(self, needs) is None:
                raise AdvisedError(f"`{key}` says nothing without `{needs}`", f"add `{needs}:`")
        return self


class Idle(Entry):
    """How idle instances are let go, where each does not look after itself.

    Attributes
    ----------
    check : Figure[int] or None
        Microseconds between looks at all idle instances.
    stops : Figure[int] or None
        How many of them go at a look.
    stuck : Figure[Fraction] or None
        Share of instances that stay up when they should go.
    """

    check: Figure[SomeDuration] | None = None
    stops: Figure[Slots] | None = None
    stuck: Figure[Share] | None = None


class Credit(Entry):
    """CPU that is earned while it is not used.

    Attributes
    ----------
    baseline : Figure[Fraction]
        Of the instance's CPU.
    first, most : Figure[int]
        Microseconds with all of its CPU: balance when it becomes ready, and at most.
    sizes : tuple of str
        Patterns of the sizes that it is so of; of all when empty.
    """

    sizes: tuple[str, ...] = ()
    baseline: Figure[Share]
    first: Figure[SomeDuration]
    most: Figure[SomeDuration]

    def holds_for(self, size: str | None) -> bool:
        """Say whether instances of a size have it."""
        return not self.sizes or any(fnmatchcase(size or "", pattern) for pattern in self.sizes)


class Cpu(Entry):
    """How fast the CPU of an instance is.

    Attributes
    ----------
    speed : Figure[Distribution] or None
        Against the nominal speed, drawn for each instance.
    credit : Credit or None
        None where all of it may be used all the time.
    """

    speed: Figure[Counts] | None = None
    credit: Credit | None = None

"""What may be said of the start-up of instances beyond how long it takes: its parts, an image, failures, drift."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from pydantic import Field

from sim.catalog import Profile
from sim.distributions import Distribution
from sim.documents import Flaw
from sim.scenario.elastic import more_than_all, share_of
from sim.scenario.extends import Given
from sim.scenario.model import Model, Raw
from sim.scenario.quantities import Name, Share, Times


class Image(Model):
    """An image that is pulled where it is not there yet, before the other parts of a start."""

    pull: Times = Field(description="How long that takes.", examples=["lognormal(median=12 s, sigma=0.5)"])
    hits: Share = Field(Fraction(0), description="Share of starts that find it there.", examples=["90%"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether more starts find it than there are."""
        yield from more_than_all(raw, "hits", "no more starts find the image than there are")


class Failures(Model):
    """Starts that fail; the platform tries again, until one succeeds."""

    share: Share = Field(description="Share of tries that fail.", examples=["2%"])
    after: Times = Field(description="How long until a try has failed and the next one begins.", examples=["10 s"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether any start succeeds."""
        share = share_of(raw.get("share"))
        if share is not None and share > MOST_FAIL:
            yield Flaw(("share",), "hardly a start succeeds", "write 90% or less")


MOST_FAIL = Fraction(9, 10)
"""Of tries: above, a start would be a matter of the tries alone."""


class StartUp(Model):
    """What a start-up is made of."""

    parts: dict[Name, Times] | None = Field(
        None, description="Parts by name, one after another: instead of the platform's of that name, "
        "or beside them.", examples=["{isolation: 125 ms, runtime: 1 s}"])  # fmt: skip
    image: Image | None = Field(None, description="An image that may have to be pulled first.",
                                examples=["{pull: 12 s, hits: 90%}"])
    failures: Failures | None = Field(None, description="Tries that fail.", examples=["{share: 2%, after: 10 s}"])
    drift: Share = Field(Fraction(0), description="How far start-up times may have moved since they were measured: all "
                         "those of a replication are longer or shorter by a factor of up to 1 plus this, drawn for "
                         "each replication.", examples=["30%"])  # fmt: skip


def parts(given: Given, profile: Profile) -> tuple[Distribution, ...]:
    """Return the parts of the start-up of a deployment, which follow each other."""
    if "start" in given:
        return (given.value("start"),)
    said = given.value("start_up")
    found = {part.name: part.time.value for part in profile.start} | ((said.parts or {}) if said is not None else {})
    return tuple(found.values())


def flaws(given: Given) -> Iterator[Flaw]:
    """Say what does not go together."""
    said = given.value("start_up")
    if "start" in given and said is not None and said.parts:
        yield Flaw((*given.place("start_up"), "parts"), "`start` is all of the start-up, so it has no other parts",
                   "leave out one of them", at_key=True)


def drift_flaws(deployments: Any, replications: Any) -> Iterator[Flaw]:
    """Say whether drift has more than one replication to be seen in."""
    for name, keys in deployments.items() if isinstance(deployments, dict) else ():
        said = keys.get("start_up") if isinstance(keys, dict) else getattr(keys, "start_up", None)
        drift = said.get("drift") if isinstance(said, dict) else getattr(said, "drift", None)
        if replications == 1 and share_of(drift):
            yield Flaw(("deployments", name, "start_up", "drift"), "drift is drawn once for each replication, and "
                       "there is one", "have more of them, or leave out `drift`", at_key=True)

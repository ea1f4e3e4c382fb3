"""What a person may say of callers that give up on a request and try it again.

The models are part of `sim.scenario.schema`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field

from sim import units
from sim.documents import Flaw
from sim.scenario.elastic import share_of, time_of
from sim.scenario.model import Model, Raw, keys_of
from sim.scenario.quantities import Number, Share, SomeDuration, Times, Truth, Whole

Scope = Literal["fleet", "agent"]

Failure = Literal["timeout", "queue-full", "memory", "duration", "payload", "lifetime", "breaker", "too-large",
                  "interrupted", "provider"]
"""Why an attempt fails, as `sim.engine.contract.Cause` says it."""

PERMANENT: tuple[Failure, ...] = ("payload", "too-large")
"""What comes again whenever it is tried, so that it is not unless somebody says so."""

TRANSIENT: tuple[Failure, ...] = tuple(name for name in get_args(Failure) if name not in PERMANENT)
"""What may be gone when it is tried again."""

MOST_ATTEMPTS = 50
"""More of them are a mistake, or a case for another machine: the luck of each is drawn."""


class Backoff(Model):
    """How long a caller waits between two attempts.

    The formulas are those of Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), and of the
    simulator that goes with it.
    """

    base: SomeDuration = Field(description="Wait before the second attempt.", examples=["500 ms"])
    factor: Annotated[Number, Field(ge=1, le=100)] = Field(
        2.0, description="By how much each wait is longer than the one before; of `decorrelated`, by how much it can "
        "be, for which the article has 3.")
    cap: SomeDuration | None = Field(None, description="The longest wait.", examples=["8 s"])
    jitter: Literal["none", "equal", "full", "decorrelated"] = Field(
        "full", description="What of the wait is left to chance: nothing; half of it; all; or all between the base and "
        "a multiple of the wait before.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether no wait can be as long as the first."""
        base, cap = time_of(raw.get("base")), time_of(raw.get("cap"))
        if base and cap and cap < base:
            yield Flaw(("cap",), f"this is less than `base`, {units.show_duration(base)}, so that all waits are alike",
                       f"write `{units.show_duration(base)}` or more")


class Budget(Model):
    """How many retries callers may send, by how much succeeds: a bucket of tokens, as in gRPC and in the AWS SDKs."""

    tokens: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(
        description="At first and at most; a retry takes one.", examples=[10])
    per_success: Annotated[Number, Field(ge=0, le=1_000_000)] = Field(
        description="Tokens that an attempt brings that completes.", examples=[0.1])
    scope: Scope = Field("agent", description="Whether each agent has a budget of its own, or the fleet one.")


class Breaker(Model):
    """When callers do not even ask: a circuit breaker.

    While it is open, attempts fail at once; then one is let through, and decides whether it closes or opens anew.
    """

    calls: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(
        description="The last results that it looks at.", examples=[5])
    share: Share = Field(units.percent("100%"), description="It opens when so much of them has failed: with 100%, when "
                         "that many failed in a row.")  # fmt: skip
    open_for: SomeDuration = Field(description="How long it is open.", examples=["30 s"])
    scope: Scope = Field("agent", description="Whether each agent has a breaker of its own, or the fleet one.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether it would be open always, or never."""
        share = share_of(raw.get("share"))
        if share == 0:
            yield Flaw(("share",), "it would open though nothing failed", "write for example `50%`")
        elif share is not None and share > 1:
            yield Flaw(("share",), "more than all cannot fail", "write 100% or less")


class Callers(Model):
    """How callers give up on a request and try it again. A request is over when its last attempt is."""

    timeout: Times | None = Field(None, description="A caller gives up on an attempt that has not ended after this "
                                  "time.", examples=["30 s"])  # fmt: skip
    cancels: Truth = Field(True, description="Whether an attempt that is given up ends then. Where the platform does "
                           "not notice, it goes on for nobody: it is worked on, and billed.")  # fmt: skip
    attempts: Annotated[Whole, Field(ge=1, le=MOST_ATTEMPTS)] = Field(
        1, description="Attempts at a request, the first included.")
    backoff: Backoff | None = Field(None, description="Wait between attempts; none when nothing is said.")
    retry_on: Annotated[tuple[Failure, ...], Field(min_length=1)] | None = Field(
        None, description="Failures after which a request is tried again: all but `payload` and `too-large` when "
        "nothing is said.",
        examples=["[timeout, queue-full]"])
    budget: Budget | None = Field(None, description="How many retries there may be.")
    breaker: Breaker | None = Field(None, description="When attempts are not even made.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say which keys have nothing to act on."""
        given = keys_of(raw)
        once = given.get("attempts", 1) == 1
        for key in ("backoff", "retry_on", "budget"):
            if once and key in given:
                yield Flaw((key,), "nothing is tried again, so this has no effect",
                           "add for example `attempts: 3`, or leave it out", at_key=True)
        if given.get("cancels") is False and "timeout" not in given:
            yield Flaw(("cancels",), "nobody gives up, so this has no effect",
                       "add for example `timeout: 30 s`, or leave it out", at_key=True)
        if "timeout" in (given.get("retry_on") or ()) and "timeout" not in given:
            yield Flaw(("retry_on",), "nobody gives up, so there is no `timeout` to try again after",
                       "add for example `timeout: 30 s`, or leave it out of the list", at_key=True)
        if "breaker" in (given.get("retry_on") or ()) and "breaker" not in given:
            yield Flaw(("retry_on",), "there is no breaker, so nothing is tried again after it",
                       "add for example `breaker: {calls: 5, open_for: 30 s}`, or leave it out of the list",
                       at_key=True)
        if once and not {"timeout", "breaker"} & set(given) and not set(given) - set(cls.model_fields):
            yield Flaw((), "callers neither give up nor try again, so this has no effect",
                       "add for example `timeout: 30 s` and `attempts: 3`", at_key=True)


"""What a person may say of the provider of language models that a deployment calls, and of the clients that call it.

The models are part of `sim.scenario.schema`. Without any of it, a call takes its time, whoever else calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from sim import catalog, units
from sim.documents import Flaw
from sim.errors import UnknownName
from sim.scenario.callers import Backoff, Breaker, Budget
from sim.scenario.elastic import more_than_all, time_of
from sim.scenario.model import Model, Raw, keys_of
from sim.scenario.quantities import Duration, Name, Queue, Share, SomeDuration, SomeRate, Truth, Whole

Trouble = Literal["limited", "error", "timeout", "breaker"]
"""How a call fails: refused for a limit (429), an error of the provider (5xx), not over in time, breaker open."""

MOST_ATTEMPTS = 20
"""Of one layer; the luck of each try is drawn, and layers multiply."""


class Outage(Model):
    """A time in which more calls than usual fail."""

    after: Duration = Field(description="From the start of the run until it begins.", examples=["10 h"])
    lasts: SomeDuration = Field(description="How long it is.", examples=["40 min"])
    errors: Share = Field(units.percent("100%"), description="Share of calls that fail in it.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether more fail than all."""
        yield from more_than_all(raw, "errors", "no more calls fail than there are")


class ModelLimits(Model):
    """What one model at its vendor lets through: token buckets, as vendors describe them, and calls at once."""

    requests: SomeRate | None = Field(None, description="Calls, as a rate.", examples=["50/min"])
    input: SomeRate | None = Field(None, description="Prompt tokens that are not cached, as a rate.",
                                   examples=["30000/min"])  # fmt: skip
    output: SomeRate | None = Field(None, description="Generated tokens, as a rate.", examples=["8000/min"])
    burst: SomeDuration = Field(units.MINUTE, description="What the buckets hold: what comes in so long.")
    at_once: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Calls that it serves at a time.", examples=[20])
    queue: Queue = Field(0, description="Calls that may wait for one of these places, or `unlimited`; others are "
                         "refused.")
    errors: Share = Field(units.percent("0%"), description="Share of calls that fail for no reason of theirs (5xx).")
    outages: tuple[Outage, ...] = Field((), description="Times in which more fail.",
                                        examples=["[{after: 10 h, lasts: 40 min}]"])  # fmt: skip

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say what has nothing to act on."""
        given = keys_of(raw)
        yield from more_than_all(raw, "errors", "no more calls fail than there are")
        if time_of(given.get("burst")) not in (None, units.MINUTE) and not {"requests", "input", "output"} & set(given):
            yield Flaw(("burst",), "there is no rate, so nothing comes in bursts", "add for example `requests: 50/min`",
                       at_key=True)
        if given.get("queue", 0) != 0 and "at_once" not in given:
            yield Flaw(("queue",), "all calls are served at once, so none waits", "add for example `at_once: 20`",
                       at_key=True)


class Client(Model):
    """A layer of code that makes a failed call again."""

    attempts: Annotated[Whole, Field(ge=2, le=MOST_ATTEMPTS)] = Field(
        description="Tries, the first included; of what lies within, as often again.", examples=[3])
    backoff: Backoff | None = Field(None, description="Wait between tries; none when nothing is said.")
    retry_on: Annotated[tuple[Trouble, ...], Field(min_length=1)] | None = Field(
        None, description="Failures after which it tries again; all when nothing is said.", examples=["[error]"])
    retry_after: SomeDuration | None = Field(
        None, description="It waits as long as the provider says, if that is no longer than this; when nothing is "
        "said it does not listen.", examples=["1 min"])  # fmt: skip


class Route(Model):
    """A share of calls that goes to another model."""

    model: Name = Field(description="A model of the catalogue.", examples=["small"])
    share: Share = Field(description="Of all calls.", examples=["70%"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether the model is known, and no more goes to it than all."""
        yield from _unknown_model(raw)
        yield from more_than_all(raw, "share", "no more calls go there than there are")


class FallBack(Model):
    """Another model, for calls that fail."""

    model: Name = Field(description="A model of the catalogue.", examples=["small"])
    after: Annotated[Whole, Field(ge=1, le=MOST_ATTEMPTS)] = Field(
        1, description="Failed tries of a call after which it goes there.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether the model is known."""
        yield from _unknown_model(raw)


class LlmProvider(Model):
    """Where calls of language models go, and how its clients try again.

    A call that fails waits on its instance, which is what that costs. When no layer tries it again, its request fails.
    What is refused or answered with an error costs no tokens (assumed: vendors bill what they process); of a call that
    was broken off, the prompt is billed and what had been generated.
    """

    models: Annotated[dict[Name, ModelLimits], Field(min_length=1)] | None = Field(
        None, description="Limits and faults, by model.", examples=["{mid-tier: {requests: 50/min}}"])  # fmt: skip
    timeout: SomeDuration | None = Field(None, description="A try that is not over after this long has failed.",
                                         examples=["10 min"])  # fmt: skip
    finishes: Truth = Field(False, description="Whether the provider finishes what nobody waits for any more: it holds "
                            "its place, and is billed.")
    counts_refused: Truth = Field(False, description="Whether refused calls count against the limit of calls, as "
                                  "OpenAI's do: who goes on asking then stays refused.")
    answer: Duration = Field(0, description="How long it takes until a refusal or an error is told.")
    says_when: Truth = Field(True, description="Whether a refusal tells when to come again, in whole seconds "
                             "(`retry-after`).")  # fmt: skip
    route: Route | None = Field(None, description="Send a share of calls to another model.")
    fall_back: FallBack | None = Field(None, description="Send calls that fail to another model.")
    sdk: Client | None = Field(None, description="How the vendor's library tries again, within one step.",
                               examples=["{attempts: 3, backoff: {base: 500 ms, cap: 8 s}}"])  # fmt: skip
    orchestrator: Client | None = Field(None, description="How whoever runs the steps tries one again that failed, "
                                        "with all tries of `sdk`.", examples=["{attempts: 5}"])  # fmt: skip
    budget: Budget | None = Field(None, description="How many tries there may be again, of both layers together.")
    breaker: Breaker | None = Field(None, description="When a model is not even asked.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say what has nothing to act on."""
        given = keys_of(raw)
        clients = {"sdk", "orchestrator"} & set(given)
        for key in ("budget", "fall_back"):
            if key in given and not clients:
                yield Flaw((key,), "nothing is tried again, so this has no effect",
                           "add for example `sdk: {attempts: 3}`", at_key=True)
        if given.get("finishes") and "timeout" not in given:
            yield Flaw(("finishes",), "nobody gives up on a call, so this has no effect",
                       "add for example `timeout: 10 min`", at_key=True)
        for name in keys_of(given.get("models")):
            yield from (Flaw(("models", name), flaw.message, flaw.fix, at_key=True)
                        for flaw in _unknown_model({"model": name}))


def named(provider: LlmProvider | None) -> tuple[str, ...]:
    """Return the models that a provider sends calls to, beside those that steps name."""
    said = [] if provider is None else [provider.route, provider.fall_back]
    return tuple(sorted({one.model for one in said if one is not None}))


def _unknown_model(raw: Raw) -> Iterator[Flaw]:
    name: Any = raw.get("model")
    if isinstance(name, str):
        try:
            catalog.llm(name)
        except UnknownName as error:
            yield Flaw(("model",), error.message, error.fix)

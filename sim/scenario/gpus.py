"""What a person may say of work on GPUs, of who shares them, and of the order in which a queue is served.

The models are part of `sim.scenario.schema`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from sim import units
from sim.documents import Flaw, Place
from sim.scenario.extends import Given
from sim.scenario.model import Model, Raw
from sim.scenario.quantities import Number, Share, Size, StepTimes, StepTokens, TokenRate, Truth

_MOST = 1000
_TOKENS = ("input", "output", "prefill", "decode")


class GpuWork(Model):
    """Work on a GPU, in time or in tokens: what it takes alone on a GPU of nominal speed."""

    time: StepTimes | None = Field(None, description="Of work in one phase, such as a picture.", examples=["3 s"])
    input: StepTokens | None = Field(None, description="Prompt tokens.", examples=[512])
    output: StepTokens | None = Field(None, description="Generated tokens.", examples=[128])
    prefill: TokenRate | None = Field(None, description="Prompt tokens that one sequence alone has read in a second.",
                                     examples=["9600/s"])
    decode: TokenRate | None = Field(None, description="Tokens that one sequence alone has generated in a second.",
                                    examples=["33.3/s"])
    memory_per_token: Size | None = Field(None, description="What the cache of keys and values takes for each token of "
                                          "both, beside the request's own memory.", examples=["328 kB"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether the work is said in two ways, or in none."""
        said = [key for key in _TOKENS if raw.get(key) is not None]
        if raw.get("time") is not None:
            for key in (*said, *(["memory_per_token"] if raw.get("memory_per_token") is not None else [])):
                yield Flaw((key,), f"`time` says how long it takes, so `{key}` has no place beside it",
                           f"leave out `{key}` or `time`", at_key=True)
            return
        missing = [key for key in _TOKENS if key not in said]
        if missing and not set(raw) - set(cls.model_fields):
            yield Flaw((), f"nothing says how long it takes: {', '.join(f'`{key}`' for key in missing)} "
                       f"{'is' if len(missing) == 1 else 'are'} missing", "write `{time: 3 s}`, or all of "
                       "`{input: 512, output: 128, prefill: 9600/s, decode: 33.3/s}`", at_key=True)  # fmt: skip


class Gpu(Model):
    """The GPU of an instance, or its GPUs where they work as one, and how residents share it.

    Those who share progress together: each other resident that is in prefill makes everybody take longer by
    `each_prefill` of the time alone, each that is in decode by `each_decode`. 100% of both is an equal share for each.
    A batch of a language model slows its sequences by far less: time between tokens of Llama-2-70B on 8 H100 grows from
    30.0 ms by 0.312 ms with each sequence, which is 1.04%; on 8 A100 from 43.9 ms by 0.413 ms, 0.94% (performance model
    of Patel et al., Splitwise, ISCA 2024).
    """

    prefill_speed: Annotated[Number, Field(gt=0, le=_MOST)] = Field(
        1.0, description="In prefill, against the nominal GPU.", examples=[0.5])
    decode_speed: Annotated[Number, Field(gt=0, le=_MOST)] = Field(
        1.0, description="In decode, and of work in one phase.", examples=[0.68])
    each_prefill: Share = Field(units.percent("100%"), description="How much longer it takes for each other in "
                                "prefill: prompts hold up everybody.", examples=["100%"])  # fmt: skip
    each_decode: Share = Field(units.percent("100%"), description="How much longer it takes for each other in decode.",
                               examples=["1.04%"])
    memory: Size | None = Field(None, description="What weights leave of its memory for residents; stands in the place "
                                "of the instance's.", examples=["20 GiB"])  # fmt: skip


class Discipline(Model):
    """In which order the queue of a pool is served, where it has one queue: with `binding: late`."""

    order: Literal["arrival", "priority", "shortest"] = Field(
        "arrival", description="First come first served; by the `priority` of requests, equals as they came; or "
        "shortest first, by the length of all steps.")
    backfill: Truth = Field(False, description="Whether requests that fit may pass one that needs more `slots` or "
                            "memory than are free. It has no reservation, and may wait for ever.")  # fmt: skip
    memory: Literal["fail", "wait"] = Field(
        "fail", description="What a request does whose memory is not free: as the platform has it, or wait.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether nothing is said."""
        if not raw:
            yield Flaw((), "nothing is said of the queue", "write for example `discipline: {order: shortest}`")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a workload asks for, of all this.

    Attributes
    ----------
    gpu, priority, slots : bool
        Whether some step is done on a GPU; whether requests have a priority; whether they need slots.
    """

    gpu: bool = False
    priority: bool = False
    slots: bool = False


def asked(workload: Mapping[str, Any]) -> Asked:
    """Find what a workload asks for."""
    return Asked(_has_gpu(workload.get("request")), workload.get("priority") is not None,
                 workload.get("slots") is not None)


def _has_gpu(steps: Any) -> bool:
    found = steps if isinstance(steps, (list, tuple)) else ()
    return any(isinstance(step, Mapping) and (
        step.get("gpu") is not None or _has_gpu((step.get("loop") or {}).get("steps") if isinstance(
            step.get("loop"), Mapping) else ())) for step in found)


def flaws(given: Given, binding: str, at: Asked) -> Iterator[Flaw]:
    """Say what of it has no effect on a deployment, or cannot be had on it."""
    if "gpu" in given and not at.gpu:
        yield Flaw(given.place("gpu"), "no step of the workload is done on a GPU",
                   "add one, such as `- gpu: {time: 3 s}`, or leave `gpu` out", at_key=True)
    said = given.value("discipline")
    if said is not None and said.order == "priority" and not at.priority:
        yield Flaw((*given.place("discipline"), "order"), "nothing is said of the priority of requests",
                   "say it in the workload, such as `priority: empirical([0, 1])`, or leave it out")
    if binding == "late":
        return
    place: Place = given.place("binding" if "binding" in given else "platform")
    if said is not None:
        yield Flaw(given.place("discipline"), "with early binding every request waits for an instance of its own, and "
                   "there is no queue to order", "write `binding: late`, or leave `discipline` out", at_key=True)
    elif at.slots:
        yield Flaw(place, "requests need `slots`, and with early binding each waits for an instance of its own",
                   "write `binding: late`")

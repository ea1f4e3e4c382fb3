"""What figures are numbers of: seconds, dollars, bytes, a fraction, a count; and which figures there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Sort = Literal["number", "fraction", "count"]


@dataclass(frozen=True, slots=True)
class Dimension:
    """Powers of the units, and what a number without a unit stands for.

    Attributes
    ----------
    seconds, dollars, bytes : int
        Powers.
    sort : str
        Told apart only where all powers are 0: a fraction is not compared with a count, a plain number with either.
    """

    seconds: int = 0
    dollars: int = 0
    bytes: int = 0
    sort: Sort = "number"

    @property
    def plain(self) -> bool:
        """Whether there is no unit."""
        return self.seconds == self.dollars == self.bytes == 0

    def matches(self, other: Dimension) -> bool:
        """Return whether the two can be compared or added."""
        alike = (self.seconds, self.dollars, self.bytes) == (other.seconds, other.dollars, other.bytes)
        return alike and (not self.plain or self.sort == other.sort or "number" in (self.sort, other.sort))

    def times(self, other: Dimension) -> Dimension:
        """Return the dimension of a product. A share of a count is a count."""
        return Dimension(self.seconds + other.seconds, self.dollars + other.dollars, self.bytes + other.bytes,
                         self.wider(other))

    def over(self, other: Dimension) -> Dimension:
        """Return the dimension of a quotient. A count in another is a plain number."""
        return Dimension(self.seconds - other.seconds, self.dollars - other.dollars, self.bytes - other.bytes,
                         "number" if other.sort in ("count", self.sort) else self.sort)

    def wider(self, other: Dimension) -> Sort:
        """Return the sort of a sum or a product."""
        return max(self.sort, other.sort, key=("number", "fraction", "count").index)

    def __str__(self) -> str:
        powers = (("seconds", self.seconds), ("dollars", self.dollars), ("bytes", self.bytes))
        above = " ".join(_power(name, power) for name, power in powers if power > 0)
        below = " ".join(_power(name, -power) for name, power in powers if power < 0)
        if not above and not below:
            return {"number": "a number", "fraction": "a fraction", "count": "a count"}[self.sort]
        return f"{above or 'one'} per {below}" if below else above


NUMBER = Dimension()
FRACTION = Dimension(sort="fraction")
COUNT = Dimension(sort="count")
SECONDS = Dimension(seconds=1)
DOLLARS = Dimension(dollars=1)
BYTES = Dimension(bytes=1)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a figure is a number of.

    Attributes
    ----------
    dimension : Dimension
    scale : int
        Seconds, dollars or bytes in a one of the figure.
    """

    dimension: Dimension
    scale: int = 1


_SPREAD = ("mean", "p50", "p90", "p95", "p99", "p99_9")
_GROUPS = ("infrastructure", "llm", "orchestration", "labour")
_MEBI = 2**20

_TIMES = ("latency_s", "overhead_s", "first_step_s", "completed.latency_s", "completed.overhead_s", "start_up_s",
          "wake_up_s", "first_token_s", "prefill_s", "decode_s",
          *(f"wait_s.{cause}"
            for cause in ("window", "retry", "turn", "queue", "start", "wake", "interruption",
                          "contention", "provider", "backoff")))  # fmt: skip

FIGURES: tuple[str, ...] = (
    *(f"requests.{what}"
      for what in ("arrived", "completed", "failed", "abandoned", "unfinished", "coalesced", "per_month")),
    *(f"requests.failed_by_cause.{cause}"
      for cause in ("queue_full", "memory", "duration", "payload", "lifetime", "timeout", "breaker", "too_large",
                    "interrupted", "provider")),
    *(f"{time}.{spread}" for time in _TIMES for spread in _SPREAD),
    "cold_start_fraction", "wake_fraction", "failed_fraction", "completed_fraction", "given_up_fraction",
    "retried_fraction", "wasted_fraction", "attempts", "overhead_fraction",
    "deadline_missed_fraction", "lost_fraction", "checkpoint_fraction", "on_demand_fraction",
    "interruptions.per_request", "interruptions.per_hour",
    "utilisation", "concurrency", "gpu_token_rate", "memory_mb",
    "instances.mean", "instances.resting", "instances.max",
    *(f"work_s.{what}" for what in ("offered", "useful", "lost", "wasted", "remaining")),
    "cost.total", "cost.per_agent", "cost.per_1000_requests",
    *(f"cost.{group}{per}" for group in _GROUPS for per in ("", ".per_agent", ".per_1000_requests")),
    *(f"tokens.{what}" for what in ("in", "cached", "out", "wasted", "in_vain")),
    *(f"calls.{what}" for what in ("made", "tries", "limited", "error", "timed_out", "open")),
)  # fmt: skip
"""Figures of a deployment that an expectation may name."""

_KEYS: Mapping[str, Kind] = {
    "cost": Kind(DOLLARS),
    "utilisation": Kind(FRACTION),
    "tokens": Kind(COUNT),
    "requests": Kind(COUNT),
    "calls": Kind(COUNT),
    "instances": Kind(COUNT),
}
_ENDS: Mapping[str, Kind] = {
    "_s": Kind(SECONDS),
    "_fraction": Kind(FRACTION),
    "_mb": Kind(BYTES, 10**6),
    "_mib": Kind(BYTES, _MEBI),
}


def kind(path: str) -> Kind:
    """Return what a figure is a number of, from its name.

    Parameters
    ----------
    path : str
        Such as ``always-on.overhead_s.p99``. The first key behind the deployment that says so decides: ``_s`` ends
        seconds, ``_mb`` and ``_mib`` sizes, ``_fraction`` fractions; ``cost`` is dollars. What nothing is known of is
        a plain number.
    """
    for key in path.partition("[")[0].split(".")[1:]:
        if key in _KEYS:
            return _KEYS[key]
        for end, kind in _ENDS.items():
            if key.endswith(end):
                return kind
    return Kind(NUMBER)


def figures(deployments: Iterable[str]) -> tuple[str, ...]:
    """Return the paths of all figures of a scenario, such as ``always-on.overhead_s.p99``.

    Parameters
    ----------
    deployments : iterable of str
        Names of deployments.
    """
    return tuple(f"{deployment}.{name}" for deployment in deployments for name in FIGURES)


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


def below(name: str) -> list[str]:
    """Return the figures of a group such as ``cost`` or ``latency_s``, in their order; none of what is no group."""
    return [figure for figure in FIGURES if figure.startswith(f"{name}.")]

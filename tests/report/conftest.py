"""A summary as a study gives it: five places for two hundred support bots. Its numbers are made up."""

from __future__ import annotations

from typing import Any

import pytest

from sim.trace.waits import CAUSES

Tree = dict[str, Any]


def figure(value: float | None, off: float = 0.0, why: str = "") -> Tree:
    """A figure with an interval of ``off`` (a fraction of it) to either side."""
    if value is None:
        return {"value": None, "why": why}
    return {"value": value, "low": value * (1 - off), "high": value * (1 + off)}


def times(mean: float, p50: float, p90: float, p95: float, p99: float, off: float = 0.02) -> Tree:
    why = "needs 3,688 independent requests above it, there are 2,310"
    values = {"mean": (mean, off / 2), "p50": (p50, off / 2), "p90": (p90, off), "p95": (p95, off)}
    told = {name: figure(*value) for name, value in values.items()}
    return told | {"p99": figure(p99, 3 * off), "p99_9": figure(None, why=why)}


def line(
    group: str, item: str, quantity: float, unit: str, rate: str | None, amount: float | None, **more: Any
) -> Tree:
    return {
        "group": group, "platform": "made-up/place", "charge": item.split()[0], "item": item, "quantity": quantity,
        "free": 0.0, "billable": quantity - more.get("free", 0.0), "unit": unit, "rate": rate, "amount": amount,
        "instances": None, "cap": None, "capped": None, "least": None, "raised": None, "credit": None,
        "rounding": "", "kind": "charge",
        "standing": "vendor", "source": "price page", "as_of": "2026-10-09", "age_days": 23, "reason": None,
    } | more  # fmt: skip


TOKENS = [
    line("llm", "mid-tier, prompt", 6410.0, "1M tokens", "3", 19230.0),
    line("llm", "mid-tier, output", 402.0, "1M tokens", "15", 6030.0),
]


def cost(off: float, requests: float, infrastructure: list[Tree]) -> Tree:
    def group(amount: float, spread: float) -> Tree:
        per_agent, per_1000 = figure(amount / 200, spread), figure(amount * 1000 / requests, spread)
        return {**figure(amount, spread), "per_agent": per_agent, "per_1000_requests": per_1000}

    own = sum(one["amount"] or 0.0 for one in infrastructure)
    unpriced = [one["item"] for one in infrastructure if one["amount"] is None]
    sums = {"total": group(own + 25260.0, 0.004), "infrastructure": group(own, off)}
    if unpriced:
        sums = dict.fromkeys(sums, figure(None, why=f"no price is known for {', '.join(unpriced)}"))
    return sums | {
        "llm": group(25260.0, 0.004),
        "orchestration": group(0.0, 0.0), "labour": group(0.0, 0.0), "currency": "USD", "month": "2026-11",
        "lines": sorted(infrastructure + TOKENS, key=lambda one: -(one["amount"] or 0.0)),
    }  # fmt: skip


NEVER = {name: figure(None, why=f"{name} needs 20 requests, there are 0") for name in ("mean", "p50", "p99")}


def deployment(platform: str, overhead: Tree, latency: Tree, cold: float, woken: float, failed: dict[str, float],
               slow: Tree, bill: Tree, rests_on: list[Tree], instances: float, **more: Any) -> Tree:  # fmt: skip
    arrived, by_cause = 461_300, {"queue_full": 0.0, "memory": 0.0, "duration": 0.0} | failed
    lost = sum(by_cause.values())
    counts = {"arrived": arrived, "completed": arrived - lost - 0.125, "failed": lost, "unfinished": 0.125}
    return {
        "platform": platform,
        "requests": {name: figure(count, 0.004) for name, count in counts.items()} | {
            "failed_by_cause": {name: figure(count, 0.2) for name, count in by_cause.items()}},
        "latency_s": latency, "overhead_s": overhead, "first_step_s": times(3.2, 2.9, 5.1, 6.4, 9.8),
        "start_up_s": NEVER, "wake_up_s": NEVER,
        "overhead_fraction": figure(overhead["mean"]["value"] / latency["mean"]["value"], 0.02),
        "cold_start_fraction": figure(cold, 0.01), "wake_fraction": figure(woken, 0.01),
        "failed_fraction": figure(lost / arrived, 0.2), "utilisation": figure(0.43, 0.01),
        "instances": {"mean": figure(instances, 0.004), "max": {"value": 61.0, "low": 61.0, "high": 61.0}},
        "slowest": slow, "cost": bill,
        "work_s": {"useful": figure(5.8e6, 0.004), "wasted": figure(88.0, 0.2), "lost": figure(12.5, 0.3)},
        "offered": {"slots": {**figure(12.4, 0.01), "most": 200}, "cores": {**figure(3.1, 0.01), "most": 20.0}},
        "backlog": {"before": figure(1.3, 0.1), "after": figure(1.4, 0.1), "growth": figure(0.1, 2.0),
                    "growing": False},
        "left_over": figure(0.012, 0.1),
        "rests_on": rests_on, "not_modelled": [], "not_covered": [],
        "audit": {"passed": True, "checks": [{"name": "presence", "passed": True, "detail": "both 1 s"}]},
    } | more  # fmt: skip


def slowest(**parts: int) -> Tree:
    causes = dict.fromkeys(CAUSES, 0) | parts
    return {"requests": 110_711, "latency": 1_000_000_000_000, "overhead": sum(causes.values()), **causes}


def assumed(path: str, value: str, reason: str) -> Tree:
    return {"path": path, "value": value, "standing": "assumed", "source": "", "as_of": "2026-10-09", "reason": reason}


@pytest.fixture
def summary() -> Tree:
    """Five deployments, 24 replications, four expectations of all three verdicts."""
    asked = 461_300.0
    cpu = "CPU of active instances"
    deployments = {
        "always-on": deployment(
            "hetzner/cx23", times(0.021, 0.0, 0.031, 0.118, 0.412), times(14.2, 11.8, 26.4, 34.1, 58.3), 0.0, 0.0, {},
            slowest(queue=21_000_000_000, contention=31_000_000_000),
            cost(0.0, asked, [line("infrastructure", "server CX23", 2880, "h", "0.0064", 17.96, instances=4.0,
                                   cap="4.49", capped=4.0)]), [], 4.0,
            not_modelled=["Cores are shared with other customers."],
            not_covered=["Backups, 20% of the server", "Writing to the prompt cache."],
        ),
        "suspend": deployment(
            "fly/machines", times(0.162, 0.0, 0.712, 0.941, 2.31), times(14.4, 12.0, 26.7, 34.3, 58.9), 0.0, 0.164,
            {"queue_full": 0.5},
            slowest(wake=183_000_000_000, turn=61_000_000_000),
            cost(0.006, asked, [
                line("infrastructure", "shared vCPU of started machines", 4.86e7, "vCPU-s", "0.0000008465", 41.14),
                line("infrastructure", "memory of started machines beyond 256 MB a shared vCPU", 3.6e7, "GB-s",
                     "0.000002316", 83.38),
                line("infrastructure", "volume storage of suspended machines", 200.0, "GB-month", "0.15", 30.00),
            ]),
            [assumed("ladder.suspended.enter", "1 s", "the vendor says only that it takes a moment"),
             assumed("ladder.suspended.wake", "lognormal(mean=700 ms, p95=1.2 s)", "forum posts, few")], 18.7,
            wake_up_s=times(0.72, 0.7, 1.1, 1.2, 1.9), not_covered=["Writing to the prompt cache."],
            not_modelled=["A snapshot is lost on deploys.", "The proxy looks for idle machines every few minutes."],
        ),
        "serverless": deployment(
            "cloud-run/request-based", times(0.048, 0.0, 0.011, 0.204, 3.87), times(14.3, 11.9, 26.5, 34.2, 59.4),
            0.0123, 0.0, {}, slowest(start=401_000_000_000, contention=12_000_000_000),
            cost(0.008, asked, [
                line("infrastructure", cpu, 3.13e6, "vCPU-s", "0.000024", 70.80, free=180_000.0),
                line("infrastructure", "memory of active instances", 3.12e6, "GiB-s", "0.0000025", 6.90, free=3.6e5),
                line("infrastructure", "requests", 0.46, "1M requests", "0.40", 0.0, free=0.46),
            ]),
            [assumed("duration.idle", "15 min", "the vendor says up to 15 minutes")], 1.31,
            start_up_s=times(2.1, 1.9, 3.2, 3.8, 5.2), not_covered=["Writing to the prompt cache."],
        ),
        "serverless-warm": deployment(
            "cloud-run/request-based", times(0.031, 0.0, 0.009, 0.088, 1.96), times(14.2, 11.9, 26.5, 34.1, 58.8),
            0.0061, 0.0, {}, slowest(start=198_000_000_000, contention=10_000_000_000),
            cost(0.008, asked, [
                line("infrastructure", cpu, 3.13e6, "vCPU-s", "0.000024", 70.80, free=180_000.0),
                line("infrastructure", "memory of active instances", 3.12e6, "GiB-s", "0.0000025", 6.90, free=3.6e5),
                line("infrastructure", "idle minimum instances", 1.71e6, "vCPU-s", "0.0000025", 4.28),
            ]), [], 1.92, start_up_s=times(2.1, 1.9, 3.2, 3.8, 5.2), not_covered=["Writing to the prompt cache."],
        ),
        "lambda": deployment(
            "aws-lambda/arm", times(0.094, 0.0, 0.0, 0.713, 2.66), times(14.3, 11.9, 26.6, 34.2, 58.9), 0.0894, 0.0,
            {"memory": 8.4, "duration": 0.6}, slowest(start=270_000_000_000),
            cost(0.005, asked, [
                line("infrastructure", "duration, ARM", 6.88e6, "GB-s", "0.0000133334", 86.40, free=400_000.0),
                line("infrastructure", "requests", 0.46, "1M requests", "0.20", 0.0, free=0.46),
                line("infrastructure", "data transfer out", 41.0, "GB", None, None, standing=None,
                     reason="no price in this book"),
            ]),
            [assumed("recycling", "6 min", "the vendor publishes no idle keep-alive")], 26.2,
            start_up_s=times(0.7, 0.6, 1.1, 1.4, 2.4), not_covered=["Writing to the prompt cache."],
        ),
    }  # fmt: skip

    def against(p50: float | None, p99: float, total: float | None, infrastructure: float | None) -> Tree:
        unpriced = "no price is known for data transfer out"
        return {
            "overhead_s.p50": figure(p50, 0.02, why="the reference is 0"), "overhead_s.p99": figure(p99, 0.05),
            "latency_s.p99": figure(1.01, 0.004), "cost.total": figure(total, 0.001, why=unpriced),
            "cost.infrastructure": figure(infrastructure, 0.006, why=unpriced),
        }  # fmt: skip

    return {
        "scenario": "support-bot", "about": "Two hundred support bots, each idle for 95% of the week",
        "identity": "9f2c6b1e0d4a7788" * 4, "seed": 1, "replications": 24, "stopping": {"first": 24},
        "horizon_s": 2_419_200, "warmup_s": 0,
        "warmup": {"method": "given", "why": "the scenario asks for none", "settled": True}, "month": "2026-11",
        "as_of": "2026-11-01", "prices": "list-2026", "agents": 200, "level": 0.95,
        "covers": "chance of the simulation; recorded input as it is",
        "method": "sectioning over 24 replications", "reference": "always-on",
        "deployments": deployments,
        "paired": {
            "suspend": against(None, 5.61, 1.005, 8.6), "serverless": against(None, 9.39, 1.002, 4.33),
            "serverless-warm": against(None, 4.76, 1.002, 4.57), "lambda": against(None, 6.46, None, None),
        },
        "expect": [
            verdict("suspend.cost.infrastructure.per_agent <= $0.50", "fails", 0.7726, 0.7662, 0.779, 0.5, "USD",
                    "A01"),
            verdict("serverless-warm.overhead_s.p99 < serverless.overhead_s.p99", "holds", 0.506, 0.48, 0.534, 1.0),
            verdict("suspend.overhead_s.p99 < lambda.overhead_s.p99", "inconclusive", 0.868, 0.741, 1.017, 1.0,
                    "ratio", "A05"),
            verdict("always-on.cost.infrastructure <= $18", "holds", 17.96, 17.96, 17.96, 18.0, "USD", "A02"),
        ],
    }  # fmt: skip


def verdict(text: str, said: str, value: float | None, low: float | None, high: float | None, bound: float | None,
            unit: str = "ratio", claim: str | None = None, **more: Any) -> Tree:  # fmt: skip
    return {
        "text": text, "verdict": said, "measure": "ratio" if unit == "ratio" else "value", "unit": unit,
        "value": value, "low": low, "high": high, "bound": bound, "level": 0.9875, "claim": claim, "note": None,
        "why": None, "parts": [],
    } | more  # fmt: skip

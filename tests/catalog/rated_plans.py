"""Bills of orchestration engines, agent products and language models, worked by hand; see `tests.catalog.rated`."""

from __future__ import annotations

from fractions import Fraction

from .bills import ARTICLE, LIST, NONE, Rated, of, q


def orchestration() -> list[Rated]:
    """Engines by action, step, transition, run."""
    return [
        # Temporal, Developer: 2 M actions x 50 = 100; 1 GB active for 720 h x 0.042 = 30.24; 10 GB retained, 7,200 x
        # 0.00105 = 7.56; together 137.80, and a tenth of it, 13.78.
        of(LIST, "temporal-cloud", "151.58", plan="developer", actions=q(2, 100), active=q(720, "30.24"),
           retained=q(7200, "7.56")),
        # Business: 62.5 M actions less 2.5 M are 60 M: 5 x 50 + 5 x 45 + 10 x 40 + 30 x 35 + 10 x 30 = 2,225. 2.5 GB
        # active and 100 GB retained for 720 h are included. A tenth is 222.50, so 500.
        of(LIST, "temporal-cloud", "2725", plan="business", actions=q("62.5", 2225, "2.5"), active=q(1800, 0, 1800),
           retained=q(72_000, 0, 72_000)),
        # A run of an agent of 40 steps: 41 actions x 0.00005 = 0.00205, and a tenth.
        of(LIST, "temporal-cloud", "0.002255", actions=q("0.000041", "0.00205")),
        of(ARTICLE, "temporal-cloud", "200", plan_=q(1, 200), actions=NONE),
        of(LIST, "temporal-self-hosted", "0", software=q(1, 0)),
        of(ARTICLE, "temporal-self-hosted", "26000", operation=q(1, 26_000)),
        # A million transitions, 25 dollars, in both.
        # A million and 4,000 transitions, of which 4,000 are free: 1,000 x 0.025.
        of(LIST, "aws-step-functions", "25", transitions=q(1004, 25, 4)),
        of(ARTICLE, "aws-step-functions", "25", transitions=q(1000, 25)),
        # The vendor's example: 4 M operations, 32; 104 GB, 26; 104 x 7/30 + 104 x 14/30 = 72.8 GB-months, 10.92.
        of(LIST, "aws-lambda-durable", "68.92", operations=q(4, 32), written=q(104, 26),
           retained=q("72.8", "10.92")),
        # and its function: 32,000,000 GB-s less 400,000, x 0.0000133334 = 421.33544; 2 M requests less 1 M, 0.20.
        of(LIST, "aws-lambda/arm", "421.53544", requests=q(2, "0.20", 1),
           duration_arm=q(32_000_000, "421.33544", 400_000)),
        of(ARTICLE, "aws-lambda-durable", "0", operations=NONE),
        # The vendor's example of managed instances: 100 M requests 20; 2,000 h x 0.0457 = 91.40; 2,000 x 0.02448 =
        # 48.96; together 160.36.
        of(LIST, "aws-lambda-managed", "160.36", requests=q(100, 20), m7g_xlarge_saving=q(2000, "91.40"),
           management=q(2000, "48.96")),
        of(LIST, "aws-lambda-managed", "163.20", m7g_xlarge=q(1000, "163.20")),
        of(ARTICLE, "aws-lambda-managed", "0", requests=NONE),
        of(LIST, "inngest", "75", plan="pro", pro=q(1, 75), executions=q(900_000, 0, 900_000)),
        # 2.5 M beyond the million x 0.00005.
        of(LIST, "inngest", "200", plan="pro", pro=q(1, 75), executions=q(3_500_000, 125, 1_000_000)),
        of(ARTICLE, "inngest", "0", plan_=q(1, 0), executions=NONE),
        # 100,000 runs x 0.000025 = 2.50; an hour of each machine: 3,600 x 0.0000169, 0.00017, 0.00068. 5 are free.
        of(LIST, "trigger-dev", "0.62084", runs=q(100_000, "2.50"), micro=q(3600, "0.06084"),
           medium_2x=q(3600, "0.612"), large_2x=q(3600, "2.448")),
        of(ARTICLE, "trigger-dev", "0", plan_=q(1, 0), runs=NONE),
        of(LIST, "langgraph", "50", runs=q(10_000, 50)),
        of(ARTICLE, "langgraph", "10", nodes=q(10_000, 10)),
        of(LIST, "bullmq", "0", software=q(1, 0)), of(ARTICLE, "bullmq", "0", software=q(1, 0)),
        of(LIST, "isolation/kata", "0", software=q(1, 0)), of(ARTICLE, "isolation/docker", "0", software=q(1, 0)),
        of(LIST, "crewai", "0", software=q(1, 0)), of(ARTICLE, "crewai", "0", software=q(1, 0)),
    ]


def agents() -> list[Rated]:
    """Agents as a product."""
    return [
        # 100 session-hours x 0.08 and 2,000 searches x 10 a thousand.
        of(LIST, "claude-managed-agents", "28", sessions=q(100, 8), searches=q(2, 20)),
        of(ARTICLE, "claude-managed-agents", "8", sessions=q(100, 8)),
        # Five users of Pro; a sandbox for 10 h = 36,000 s x 0.000024 = 0.864, 4 GiB of it 144,000 x 0.000003 = 0.432;
        # 10 GiB of snapshots 0.05.
        of(LIST, "github-copilot", "51.346", seats=5, pro=q(5, 50), sandbox_compute=q(36_000, "0.864"),
           sandbox_memory=q(144_000, "0.432"), sandbox_snapshots=q(10, "0.05")),
        of(LIST, "github-copilot", "39", plan="pro-plus", pro_plus=q(1, 39)),
        of(ARTICLE, "github-copilot", "10", pro=q(1, 10)),
        of(ARTICLE, "github-copilot", "39", plan="pro-plus", pro_plus=q(1, 39)),
        of(LIST, "cursor", "60", seats=3, pro=q(3, 60)), of(ARTICLE, "cursor", "60", seats=3, pro=q(3, 60)),
        of(LIST, "devin", "22.50", acu=q(10, "22.50")), of(ARTICLE, "devin", "85", work=q(10, 85)),
        of(LIST, "openai-codex", "40", credits=q(1, 40)), of(ARTICLE, "openai-codex", "0", credits=q(40, None)),
        of(LIST, "replit", "20", core=q(1, 20)),
        of(ARTICLE, "replit", "25", plan="low", low=q(1, 25)),
        of(ARTICLE, "replit", "100", plan="high", high=q(1, 100)),
        # 150 vCPU-h less 50, x 0.0864; 10 x 0.0994.
        of(LIST, "google-agent-engine", "8.64", runtime_cpu=q(150, "8.64", 50)),
        of(ARTICLE, "google-agent-engine", "0", runtime=NONE),
        of(LIST, "azure-agent-service", "0.994", runtime_cpu=q(10, "0.994")),
        of(ARTICLE, "azure-agent-service", "0", runtime=NONE),
        # 1.5 M neurons beyond what is free: 1,500 x 0.011 = 16.50, beside the plan.
        of(LIST, "cloudflare/workers", "21.50", _plan=q(1, 5), neurons=q(1500, "16.50")),
        of(ARTICLE, "cloudflare/workers", "21.50", _plan=q(1, 5), neurons=q(1500, "16.50")),
    ]


def models() -> list[Rated]:
    """Tokens of models that no worked run calls: a million of prompt, of cached prompt, and of output."""
    prices = {"gpt-5.4": ("2.50", "0.25", "15"), "gpt-5.4-mini": ("0.75", "0.075", "4.50"),
              "gpt-5-nano-2025-08-07": ("0.05", "0.005", "0.40")}  # fmt: skip
    return [
        Rated(LIST, "llm", {
            f"{model} input": q(1, one), f"{model} cached input": q(1, two), f"{model} output": q(1, out),
        }, Fraction(one) + Fraction(two) + Fraction(out))
        for model, (one, two, out) in prices.items()
    ]


def plans() -> list[Rated]:
    """All of them."""
    return [*orchestration(), *agents(), *models()]

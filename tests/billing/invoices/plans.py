"""Engines, agents as products, language models."""

from __future__ import annotations

from tests.billing.page import Page

TRIGGER = "Trigger.dev, pricing"
INNGEST = "Inngest, pricing"
LANGSMITH = "LangChain, pricing, and documentation, LangSmith billing"
TEMPORAL = "temporalio/documentation@0217b718, evaluate/cloud/pricing.mdx"
AGENTS = "Prices of plans"
TOKENS = "Anthropic documentation, pricing, with prompt caching and batches; OpenAI documentation, models"

OPUS, SONNET, HAIKU = ("6.25", "10.00", "16.25"), ("3.75", "6.00", "9.75"), ("1.25", "2.00", "3.25")
"""A million tokens written for minutes, 1.25 times the input price, one for an hour, twice the price, and both."""
WRITES = {"claude-opus-4-6": OPUS, "claude-opus-4-5-20251101": OPUS, "frontier": OPUS,
          "claude-opus-4-1-20250805": ("18.75", "30.00", "48.75"), "claude-sonnet-4-6": SONNET,
          "claude-sonnet-4-5-20250929": SONNET, "claude-sonnet-4-20250514": SONNET,
          "claude-haiku-4-5-20251001": HAIKU, "small": HAIKU}

INVOICES = [
    # 200,000 x 0.000025; 500,000 x 0.0000338; 10,000 x 0.0000675, 0.000085, 0.00034: 26.825, of which the plan's 10 pay
    # 10; lines in cents make 26.83
    Page("trigger.dev: hobby", TRIGGER, """
        platform: trigger-dev
        plan: hobby
        quantities: {runs: 200K, small-1x: 500000 s, small-2x: 10000, medium-1x: 10000, large-1x: 10000}
    """, {"hobby": "10.00", "runs": "5.00", "small-1x": "16.90", "small-2x": "0.68", "medium-1x": "0.85",
          "large-1x": "3.40"}, "26.83"),
    # 16.90 of the 50 that are included
    Page("trigger.dev: pro", TRIGGER, """
        {platform: trigger-dev, plan: pro, quantities: {small-1x: 500000 s}}
    """, {"pro": "50.00", "small-1x": "16.90"}, "50.00"),
    # 100,000 x 0.000025 = 2.50, of the 5 that are free
    Page("trigger.dev: free", TRIGGER, """
        {platform: trigger-dev, quantities: {runs: 100K}}
    """, {"runs": "2.50"}, "0.00"),
    # 75 + (3.5M - 1M) x 0.00005
    Page("inngest: pro", INNGEST, """
        {platform: inngest, plan: pro, quantities: {executions: 3.5M}}
    """, {"pro": "75.00", "executions": "125.00"}, "200.00"),
    # 2 x 39; 10,000 x 0.005; 43,200 min x 0.0036; 1,000 x 0.0007; (50 - 10) x 2.50
    Page("langgraph: two seats", LANGSMITH, """
        platform: langgraph
        plan: plus
        seats: 2
        quantities: {runs: 10K, uptime-production: 720 h, uptime-development: 1000 min, traces: 50K}
    """, {"plus": "78.00", "runs": "50.00", "uptime-production": "155.52", "uptime-development": "0.70",
          "traces": "100.00"}, "384.22"),
    # 3 x 50; 1,000 x 0.042; a tenth of 192
    Page("temporal cloud: developer", TEMPORAL, """
        {platform: temporal-cloud, quantities: {actions: 3M, active: 1000 GB-h}}
    """, {"actions": "150.00", "active": "42.00"}, "211.20"),
    Page("cursor: a team of five", AGENTS, """
        {platform: cursor, plan: teams, seats: 5}
    """, {"teams": "200.00"}, "200.00"),
    Page("cursor: one", AGENTS, """
        {platform: cursor}
    """, {"pro": "20.00"}, "20.00"),
    Page("devin: ten units", AGENTS, """
        {platform: devin, quantities: {acu: 10 ACU}}
    """, {"acu": "22.50"}, "22.50"),
    Page("codex: credits", AGENTS, """
        {platform: openai-codex, quantities: {credits: 2500}}
    """, {"credits": "100.00"}, "100.00"),
    Page("replit: core", AGENTS, """
        {platform: replit}
    """, {"core": "20.00"}, "20.00"),
    Page("replit: pro", AGENTS, """
        {platform: replit, plan: pro}
    """, {"pro": "100.00"}, "100.00"),
    # 2 x 3 + 10 x 0.30 + 4 x 3.75 + 1 x 6 + 0.5 x 15 = 37.50; in a batch half: 10 x 1.50 + 1 x 7.50 + 2 x 1.875
    Page("tokens: a cache that is written and read, and a batch", TOKENS, "", {
        "mid-tier input": "6.00", "mid-tier cached input": "3.00", "mid-tier cache write": "15.00",
        "mid-tier hour's cache write": "6.00", "mid-tier output": "7.50", "mid-tier input, batch": "15.00",
        "mid-tier output, batch": "7.50", "mid-tier cache write, batch": "3.75",
    }, "63.75", tokens={"mid-tier": [
        {"input": "2M", "cached": "10M", "written": "4M", "written_hour": "1M", "output": "500K"},
        {"batch": True, "input": "10M", "output": "1M", "written": "2M"}]}),
    *(Page(f"tokens: writing to the cache of {model}", TOKENS, "", {
        f"{model} cache write": minutes, f"{model} hour's cache write": hour,
    }, total, tokens={model: {"written": "1M", "written_hour": "1M"}})
        for model, (minutes, hour, total) in WRITES.items()),
    # 2.50 and 15 a million are 1.25 and 7.50 in a batch: 0.5 x 1.25 = 0.625, 0.1 x 7.50
    Page("tokens: a batch of GPT-5.4", TOKENS, "", {
        "gpt-5.4 input, batch": "0.63", "gpt-5.4 output, batch": "0.75"}, "1.38",
         tokens={"gpt-5.4": {"batch": True, "input": "500K", "output": "100K"}}),
]

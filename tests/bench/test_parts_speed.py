"""Speed of the parts that a person waits for. Run with ``pytest tests/bench --benchmark-enable``."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim import luck
from sim.catalog.lookup import Profiles
from sim.distributions import duration
from sim.engine import simulate
from sim.trace.spans import spans
from tests.bench.test_engine_speed import readme_scenario

ROOT = Path(__file__).parents[2]
SUPPORT_BOT = ROOT / "scenarios" / "support-bot.yaml"


@pytest.mark.parametrize("text", ["lognormal(mean=1.5 s, p95=5 s)", "gamma(mean=2 s, cv=0.5)"])
def test_a_million_draws(benchmark, text):
    u = luck.uniform(1, 0, luck.Stream.START, np.arange(1_000_000))
    assert len(benchmark(duration(text).quantile, u)) == len(u)


def test_a_million_addresses(benchmark):
    assert len(benchmark(luck.uniform, 1, 0, luck.Stream.START, np.arange(1_000_000))) == 1_000_000


def test_spans_of_a_million_changes_of_state(benchmark):
    outcome = simulate(*readme_scenario())
    numbers, count = np.random.default_rng(1), 1_000_000
    many = replace(
        outcome,
        turn_time=np.sort(numbers.integers(0, 10**12, count)),
        turn_instance=numbers.integers(0, 1000, count),
        turn_state=numbers.integers(1, 7, count).astype(np.int8),
        turn_rung=np.zeros(count, dtype=np.int8),
    )
    assert len(benchmark(spans, many, 10**12).begin) > 0.9 * count


def test_a_profile(benchmark):
    path = ROOT / "sim" / "catalog" / "profiles" / "fly.yaml"
    assert benchmark(lambda: Profiles(path).load("fly/machines")).id == "fly/machines"


@pytest.mark.parametrize(
    "arguments", [["--help"], ["validate", str(SUPPORT_BOT)], ["show", str(SUPPORT_BOT)], ["schema"]],
    ids=["help", "validate", "show", "schema"],
)
def test_commands_that_answer_at_once(benchmark, arguments):
    command = [sys.executable, "-m", "sim", *arguments]
    assert benchmark(subprocess.run, command, check=True, capture_output=True).returncode == 0

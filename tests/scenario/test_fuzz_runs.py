"""The shipped scenarios, mutated at random, through the commands: one clear error or an answer, never a traceback.

Each mutation goes through ``validate``, ``show`` and a tiny ``run`` as a person would type them, in one process. What
hangs is ended by an alarm and fails.
"""

import json
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.cli import program
from sim.documents import parse

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TEXTS = {path.stem: path.read_text() for path in sorted(SCENARIOS.glob("*.yaml"))}
LONGEST = 10
"""Seconds that a command may take: a thousand times what it takes on a file as small as these are made."""

# Small enough that a run that is let through is over at once.
TINY = ("replications=1", "workload.agents=2", "horizon=1 day", "drain=1 h", "precision={max_replications: 2}")
SLOW = {"sessions": "workload.arrivals.sessions.per_day=1"}

ABSURD = [
    "0", "-1", "1", "2", "0.5", "1e-320", "1e308", "1e400", "1e99999999", "0e99999999", "9" * 30, "1" * 400, ".nan",
    "-.inf", "true", "no", "~", "''", "[]", "{}", "[1, 2]", "{a: b}", "0 s", "1 us", "5 min", "-3 s", "1e30 s",
    "520 weeks", "292471 weeks", "1 d", "100000 weeks", "0/h", "1/s", "1e-80/h", "1000000/s", "1 B", "1 TiB", "0 B",
    "100%", "99.99999999999999999%", "0%", "unlimited", "per-agent", "per-session", "shared", "early", "newest",
    "least-loaded", "fly/machines", "hetzner/cx23", "cloud-run/request-based", "aws-lambda/arm", "e2b/sandbox",
    "modal/function", "cloudflare/containers", "article-2026", "list-2026", "mid-tier", "small", "frontier",
    '"pareto(minimum=1 s, shape=0.5)"', '"pareto(minimum=10, shape=0.3)"', '"lognormal(mean=1 s, cv=100000)"',
    '"exponential(mean=520 weeks)"', '"geometric(mean=1000000)"', '"geometric(mean=1.5)"', "constant(0 s)",
    '"weibull(mean=1 s, shape=0.01)"', "otherwise", "mon-sun", '"00:00-24:00"', "2026-02", "9999-12", "1000-01",
    "../data", "/dev/zero", "/dev/null", "data/azure-llm-2024-week-code.csv", "data/sandbox-tti.csv.gz", "é😀",
    "e2b.cost.total < $5", "suspend.overhead_s.p99 / 0 < 5 s", "suspend.cost.total < 1e308 * 1e308 * $1",
]
KEYS = ["start", "wake", "queue", "reuse", "binding", "size", "vcpu", "memory", "concurrency", "instances",
        "min_instances", "max_instances", "idle_timeout", "max_duration", "placement", "extends", "serial", "seed"]


@st.composite
def mutated(draw):
    """A shipped scenario with some values replaced, and keys added to deployments."""
    name = draw(st.sampled_from(sorted(TEXTS)))
    lines = TEXTS[name].split("\n")
    found = parse(TEXTS[name].encode(), name)
    places = sorted((place for place, mark in found.values.items() if place and not isinstance(found.value(place), dict)
                     and mark.line <= len(lines)), key=str)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places))
        mark = found.values[place]
        line = lines[mark.line - 1]
        old = line[mark.column - 1 : mark.column - 1 + mark.width]
        if draw(st.booleans()) or place[0] != "deployments":
            new = draw(st.sampled_from(ABSURD))
        else:
            new = f"{old}, {draw(st.sampled_from(KEYS))}: {draw(st.sampled_from(ABSURD))}"
        lines[mark.line - 1] = line[: mark.column - 1] + new + line[mark.column - 1 + mark.width :]
        found = None if draw(st.booleans()) else found
        if found is None:
            break
    return name, "\n".join(lines)


def call(*arguments):
    """Run a command; whatever takes too long is a failure."""
    def late(*_):
        raise TimeoutError(f"still at it after {LONGEST} s: {arguments}")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST)
    try:
        return CliRunner().invoke(program, [str(one) for one in arguments])
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def ended_well(done, codes):
    """Check that a command said what a person can use."""
    assert done.exit_code in codes, done.output
    assert "Traceback" not in done.output and "this is a bug" not in done.output
    if done.exit_code == 2:
        assert "error: " in done.stderr, done.output
    else:
        assert "error: " not in done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("fuzz")
    (made / "data").symlink_to(SCENARIOS / "data")
    return made


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow,
                                                                 HealthCheck.function_scoped_fixture])
@given(mutated())
def test_a_mutated_scenario_is_answered_or_told(folder, made):
    name, text = made
    file = folder / f"{name}.yaml"
    file.write_text(text)
    valid = call("validate", file)
    ended_well(valid, (0, 2))
    shown = call("show", file)
    ended_well(shown, (valid.exit_code,))
    tiny = [part for one in TINY for part in ("--set", one)]
    if "sessions:" in text:
        tiny += ["--set", SLOW["sessions"]]
    out = folder / "out"
    run = call("run", file, *tiny, "--workers", "1", "--out", out, "--json")
    ended_well(run, (0, 2, 3, 4))
    if run.exit_code != 2:
        json.loads(run.stdout)
        assert (out / "summary.json").is_file()
    assert sorted(one.name for one in folder.iterdir()) in (
        sorted({"data", *(f"{stem}.yaml" for stem in TEXTS if (folder / f"{stem}.yaml").exists()), *extra})
        for extra in ((), ("out",)))

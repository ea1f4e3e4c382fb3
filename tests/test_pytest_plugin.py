"""Scenario files as tests, in runs of pytest within pytest."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

import sim
from sim.api import Result, Study
from sim.cli import program
from sim.errors import AdvisedError

pytest_plugins = ("pytester",)

PLUGIN = "sim.pytest_plugin"

SCENARIO = """\
name: bot
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
seed: 3
replications: 5
workload:
  agents: 6
  arrivals: {poisson: {rate: 2/h}}
  request: [{tool: {cpu: 300 ms, wait: exponential(mean=20 s)}}]
  memory: 40 MiB
deployments:
  here: {platform: cloud-run/request-based, concurrency: 2}
  there: {platform: hetzner/cx23}
"""
HOLDS = "expect:\n  - here.latency_s.mean < 1 min\n"
MIXED = """\
expect:
  - here.latency_s.mean < 1 min
  - {that: there.cost.infrastructure > $1000, claim: A99, note: a server is cheap}
  - here.latency_s.mean < 20.5 s
  - >-
    here.latency_s.mean < 1 min and
    there.overhead_s.mean > 1 s
  - here.overhead_s.p99 < 1 s
"""


@pytest.fixture(scope="module", autouse=True)
def _imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Import all that a run and its report need.

    What is imported within pytester it forgets afterwards; numpy and others cannot be imported twice.
    """
    path = tmp_path_factory.mktemp("first") / "bot.yaml"
    path.write_text(SCENARIO + HOLDS, encoding="utf-8")
    done = CliRunner().invoke(program, ["run", str(path), "--workers", "1", "--out", str(path.parent / "out")])
    assert done.exit_code == 0, done.output


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting worker processes would take longer than the runs."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders of the scenarios that were run, as they are."""
    seen: list[Path] = []
    run = Study.run

    def noted(study: Study, **keys: object) -> Result:
        seen.append(study.directory)
        return run(study, **keys)  # type: ignore[arg-type]

    monkeypatch.setattr(Study, "run", noted)
    return seen


def write(pytester: pytest.Pytester, expect: str, name: str = "bot.yaml") -> Path:
    path = pytester.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCENARIO + expect, encoding="utf-8")
    return path


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest("-p", PLUGIN, "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments)


# What is collected


def test_a_file_named_on_the_command_line(pytester: pytest.Pytester, runs: list[Path]) -> None:
    write(pytester, MIXED)
    done = run(pytester, "bot.yaml")
    done.assert_outcomes(passed=1, failed=4)
    assert runs == [pytester.path], "once for all expectations"


def test_configured_files_and_no_others(pytester: pytest.Pytester, runs: list[Path]) -> None:
    for name in ("scenarios/a.yaml", "scenarios/deep/b.yml", "scenarios/c.txt", "other/d.yaml"):
        write(pytester, HOLDS, name)
    pytester.makepyfile(test_plain="def test_plain(): pass")
    pytester.makeini("[pytest]\nsim_scenarios = scenarios/*.yaml scenarios/**/*.yml")
    run(pytester).assert_outcomes(passed=3)
    assert sorted(runs) == [pytester.path / "scenarios", pytester.path / "scenarios/deep"]
    run(pytester, "scenarios/deep").assert_outcomes(passed=1)
    run(pytester, "other").assert_outcomes()
    run(pytester, "other/d.yaml").assert_outcomes(passed=1)


def test_a_pattern_of_which_no_file_is_left_is_told(pytester: pytest.Pytester) -> None:
    write(pytester, HOLDS, "good.yaml")
    pytester.makeini("[pytest]\nsim_scenarios = good.yaml renamed-*.yaml")
    done = run(pytester)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*sim_scenarios: no file below * is renamed-[*].yaml"])


def test_without_the_option_none_is_looked_for(pytester: pytest.Pytester) -> None:
    write(pytester, HOLDS)
    pytester.makepyfile(test_plain="def test_plain(): pass")
    run(pytester).assert_outcomes(passed=1)


def test_items_have_the_text_and_the_place_of_the_expectation(pytester: pytest.Pytester) -> None:
    path = write(pytester, MIXED)
    items, _ = pytester.inline_genitems("-p", PLUGIN, str(path))
    assert [item.name for item in items] == [
        "here.latency_s.mean < 1 min", "there.cost.infrastructure > $1000", "here.latency_s.mean < 20.5 s",
        "here.latency_s.mean < 1 min and there.overhead_s.mean > 1 s", "here.overhead_s.p99 < 1 s"]
    lines = path.read_text().splitlines()
    first = [lines[item.reportinfo()[1] or 0] for item in items[:3]]
    assert all(item.name in line for item, line in zip(items, first, strict=False))


def test_a_claim_selects(pytester: pytest.Pytester) -> None:
    write(pytester, MIXED)
    run(pytester, "bot.yaml", "-k", "A99").assert_outcomes(failed=1, deselected=4)


def test_a_file_without_expectations_is_one_test(pytester: pytest.Pytester, runs: list[Path]) -> None:
    write(pytester, "")
    done = run(pytester, "bot.yaml", "-v")
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["*bot.yaml::runs PASSED*"])
    assert len(runs) == 1


def test_a_file_that_is_wrong_says_so_when_it_is_collected(pytester: pytest.Pytester) -> None:
    write(pytester, "expect:\n  - here.latency.mean < 1 min\n")
    done = run(pytester, "bot.yaml")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*bot.yaml:16:*error: there is no figure `latency.mean`", "*= fix: did you mean*"])


# What is told


def test_a_failure_tells_all_that_is_needed(pytester: pytest.Pytester) -> None:
    write(pytester, MIXED)
    done = run(pytester, "bot.yaml", "-k", "A99")
    found = sim.load(pytester.path / "bot.yaml").run(workers=1).expectations[1]
    assert (found.verdict, found.low, found.high) == ("fails", found.value, found.value)
    done.stdout.fnmatch_lines([
        "*_ there.cost.infrastructure > $1000 _*",
        "does not hold: there.cost.infrastructure > $1000",
        "  claim         A99",
        "  note          a server is cheap",
        f"  fails         ${found.value:.2f}, bound $1,000",
        "  seed          3, 5 replications",
        "  repeat        sim run bot.yaml --seed 3 --replications 5",
    ], consecutive=True)  # fmt: skip
    assert "Traceback" not in done.stdout.str()


def test_an_undecided_one_has_words_of_its_own(pytester: pytest.Pytester) -> None:
    write(pytester, MIXED)
    done = run(pytester, "bot.yaml", "-k", "20.5")
    done.assert_outcomes(failed=1, deselected=4)
    low, high = (f"{end:.1f}" for end in interval(pytester.path / "bot.yaml", 2))
    done.stdout.fnmatch_lines([
        "cannot be decided: here.latency_s.mean < 20.5 s",
        f"  inconclusive  * s ({low} to {high}) at 98.75%, bound 20.5 s",
        "  seed *", "  repeat *", "The interval holds the bound: *",
    ], consecutive=True)  # fmt: skip


def interval(path: Path, index: int) -> tuple[float, float]:
    found = sim.load(path).run(workers=1).expectations[index]
    assert found.low is not None and found.high is not None
    return found.low, found.high


def test_one_without_an_interval_says_why(pytester: pytest.Pytester) -> None:
    write(pytester, MIXED)
    done = run(pytester, "bot.yaml", "-k", "p99")
    done.stdout.fnmatch_lines([
        "cannot be decided: here.overhead_s.p99 < 1 s",
        "  inconclusive  *bound 1 s, here.overhead_s.p99: the interval of p99 needs 1,000 requests in each *"])
    done.stdout.no_fnmatch_line("The interval holds the bound*")


def test_of_several_comparisons_each_is_told(pytester: pytest.Pytester) -> None:
    write(pytester, MIXED)
    run(pytester, "bot.yaml", "-k", "there.overhead_s.mean").stdout.fnmatch_lines([
        "does not hold: here.latency_s.mean < 1 min and there.overhead_s.mean > 1 s",
        "  holds         here.latency_s.mean < 1 min: * at 98.75%, bound 60 s",
        "  fails         there.overhead_s.mean > 1 s: 0 s, bound 1 s",
    ], consecutive=True)  # fmt: skip


def test_the_command_repeats_the_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    write(pytester, MIXED, "my files/bot.yaml")
    done = run(pytester, "my files/bot.yaml", "-k", "A99")
    told = next(line for line in done.outlines if line.startswith("  repeat")).split(maxsplit=1)[1]
    name, *arguments = shlex.split(told)
    assert name == "sim"
    monkeypatch.chdir(pytester.path)
    assert CliRunner().invoke(program, [*arguments, "--quiet", "--workers", "1"]).exit_code == 3


def test_with_added_replications_the_first_number_is_repeated(pytester: pytest.Pytester) -> None:
    write(pytester, MIXED + "precision: {latency_s.mean: 1%, max_replications: 7}\n")
    run(pytester, "bot.yaml", "-k", "A99").stdout.fnmatch_lines([
        "  seed          3, 7 replications", "  repeat        sim run bot.yaml --seed 3 --replications 5"])


# Options and errors


def test_undecided_ones_may_be_skipped(pytester: pytest.Pytester) -> None:
    write(pytester, MIXED)
    done = run(pytester, "bot.yaml", "-o", "sim_inconclusive=skip", "-rs")
    done.assert_outcomes(passed=1, failed=2, skipped=2)
    done.stdout.fnmatch_lines(["SKIPPED*undecided: *bound 20.5 s"])


def test_an_option_that_means_nothing_is_refused(pytester: pytest.Pytester) -> None:
    done = run(pytester, "-o", "sim_inconclusive=ignore")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["*sim_inconclusive is 'ignore'; write fail or skip"])


@pytest.mark.parametrize(("error", "said", "traced"), [
    (AdvisedError("too many requests", "take fewer agents"), "too many requests; take fewer agents", False),
    (KeyError("a bug"), "*KeyError: 'a bug'", True)])  # fmt: skip
def test_a_run_that_ends_in_an_error_is_an_error_of_each_and_not_tried_again(
    error: Exception, said: str, traced: bool, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def fail(study: Study, **keys: object) -> Result:
        tried.append(study)
        raise error

    monkeypatch.setattr(Study, "run", fail)
    write(pytester, MIXED)
    done = run(pytester, "bot.yaml")
    done.assert_outcomes(errors=5)
    done.stdout.fnmatch_lines([said])
    assert ("def fail" in done.stdout.str()) is traced
    assert len(tried) == 1


def test_warnings_as_errors_do_not_disturb_it(pytester: pytest.Pytester) -> None:
    write(pytester, HOLDS)
    run(pytester, "bot.yaml", "-W", "error").assert_outcomes(passed=1)


def test_it_is_installed_under_the_name_of_its_module() -> None:
    """So that naming it with -p, where it is installed too, does not load it twice."""
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["project"]["entry-points"]["pytest11"] == {PLUGIN: PLUGIN}


def test_importing_it_loads_nothing_heavy(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"""
        import sys, {PLUGIN}
        print([name for name in ("numpy", "scipy", "pandas", "pydantic", "joblib") if name in sys.modules])
    """)
    assert pytester.runpython(next(pytester.path.glob("test_*.py"))).outlines == ["[]"]


@pytest.mark.nightly
def test_a_file_kept_together_by_xdist_is_run_once(pytester: pytest.Pytester) -> None:
    write(pytester, MIXED)
    done = pytester.runpytest_subprocess("-p", PLUGIN, "-n", "2", "--dist", "loadfile", "bot.yaml")
    done.assert_outcomes(passed=1, failed=4)


def test_of_several_cases_the_worst_is_told(pytester: pytest.Pytester, runs: list[Path]) -> None:
    write(pytester, MIXED + "axes:\n  workload.agents: [3, 6]\n")
    done = run(pytester, "bot.yaml")
    done.assert_outcomes(passed=1, failed=4)
    done.stdout.fnmatch_lines(["does not hold: there.cost.infrastructure > $1000, in the case *3"])
    assert len(runs) == 1

"""Scenario files as tests: every expectation in them is one.

A scenario file that is named on the command line of pytest is collected, and so are those that the option
``sim_scenarios`` of its configuration names and that lie below the folders pytest goes through::

    [tool.pytest.ini_options]
    testpaths = ["tests", "scenarios"]
    sim_scenarios = ["scenarios/*.yaml"]    # from the root folder; ** is any number of folders
    sim_inconclusive = "skip"               # or "fail", which is what an undecided expectation does when absent

A file is run once for all of its expectations (under pytest-xdist, keep it together by ``--dist loadfile``). A file
without expectations is one test: that it runs, and that its audit passes. What the file says of replications and seed
is what is run, so a test passes tomorrow if it passes today and nothing has changed.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sim.claims import Verdict

_SUFFIXES = (".yaml", ".yml")
_UNDECIDED = ("fail", "skip")
_MORE = "More replications decide most such cases; `precision: {max_replications: 60}` in the file adds them as needed."
_LONGER = "It covers which sessions were recorded, too, and that only a longer recording narrows."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of the configuration."""
    parser.addini("sim_scenarios", "scenario files to collect, as patterns from the root folder", "args", [])
    parser.addini("sim_inconclusive", "what an undecided expectation does: fail or skip", "string", "fail")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an option that means nothing, and make room for what has been run."""
    chosen = config.getini("sim_inconclusive")
    if chosen not in _UNDECIDED:
        raise pytest.UsageError(f"sim_inconclusive is {chosen!r}; write {' or '.join(_UNDECIDED)}")
    config.stash[_ENDED] = {}
    _configured(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect scenario files that were named on the command line or are configured."""
    if file_path.suffix not in _SUFFIXES:
        return None
    if parent.session.isinitpath(file_path) or file_path in _configured(parent.config):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


def _configured(config: pytest.Config) -> frozenset[Path]:
    if _CONFIGURED not in config.stash:
        found = {one: [*config.rootpath.glob(one)] for one in config.getini("sim_scenarios")}
        # A scenario that was renamed would no longer be tested, and nobody would know.
        if without := [one for one, paths in found.items() if not paths]:
            raise pytest.UsageError(f"sim_scenarios: no file below {config.rootpath} is {' or '.join(without)}")
        config.stash[_CONFIGURED] = frozenset(path for paths in found.values() for path in paths)
    return config.stash[_CONFIGURED]


class ScenarioFile(pytest.File):
    """A scenario file: collects its expectations."""

    def collect(self) -> Iterator[pytest.Item]:
        """Read the file, and make an item of each expectation."""
        import sim
        from sim.errors import InputError

        try:
            scenario = sim.load(self.path).scenario
        except InputError as error:
            raise self.CollectError(str(error)) from None
        for index, one in enumerate(scenario.expect):
            where = scenario.document.problem(("expect", index, "that"), "") if scenario.document is not None else None
            item = Expected.from_parent(self, name=" ".join(one.that.split()))
            item.index, item.line = index, where.line if where is not None else 0
            item.extra_keyword_matches.add(one.claim or item.name)
            yield item
        if not scenario.expect:
            yield Runs.from_parent(self, name="runs")


class Runs(pytest.Item):
    """A scenario that must run; what its expectations add is in `Expected`."""

    line = 0

    def setup(self) -> None:
        """Run the scenario, unless it has been."""
        from sim.errors import SimError

        ended = self.config.stash[_ENDED]
        if self.path not in ended:
            ended[self.path] = _run(self.path)
        found = ended[self.path]
        if isinstance(found, SimError):
            pytest.fail(str(found), pytrace=False)
        if isinstance(found, Exception):
            raise found  # a bug: told with its traceback
        self.ended = found

    def runtest(self) -> None:
        """Pass: an audit that fails ends the run."""

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Say where the expectation stands."""
        return self.path, self.line - 1 if self.line else None, self.name


class Expected(Runs):
    """One expectation of a scenario."""

    index = 0

    def runtest(self) -> None:
        """Fail unless the expectation holds."""
        verdict = self.ended.verdicts[self.index]
        if verdict.verdict == "holds":
            return
        if verdict.verdict == "inconclusive" and self.config.getini("sim_inconclusive") == "skip":
            pytest.skip(f"undecided: {_judged(verdict)}")
        pytest.fail(_told(verdict, self.ended, self._command()), pytrace=False)

    def _command(self) -> str:
        """Return what repeats the run from where pytest was called."""
        path = os.path.relpath(self.path, self.config.invocation_params.dir)
        return shlex.join(["sim", "run", path, "--seed", str(self.ended.seed), "--replications", str(self.ended.first)])


@dataclass(frozen=True, slots=True)
class Ended:
    """What is kept of a run.

    Attributes
    ----------
    verdicts : tuple of Verdict
    seed : int
    first, replications : int
        Replications to begin with, and in all.
    resampled : bool
        Whether intervals cover which sessions were recorded.
    """

    verdicts: tuple[Verdict, ...]
    seed: int
    first: int
    replications: int
    resampled: bool


_ENDED = pytest.StashKey[dict[Path, "Ended | Exception"]]()
_CONFIGURED = pytest.StashKey[frozenset[Path]]()


def _run(path: Path) -> Ended | Exception:
    """Run a scenario; an error is kept, so that the run is not tried again for the next expectation."""
    import sim

    # Where pytest-xdist has taken the processors already, a run does not take them again.
    workers = 1 if "PYTEST_XDIST_WORKER" in os.environ else None
    try:
        result = sim.load(path).run(workers=workers)
    except Exception as error:
        return error
    summary = result.summary
    resampled = any(one["resampled"] for one in summary.get("cases", (summary,)))
    first, count = summary["stopping"]["first"], summary["replications"]
    return Ended(tuple(result.expectations), summary["seed"], first, count, resampled)


def _told(verdict: Verdict, ended: Ended, command: str) -> str:
    """Say of an expectation that does not hold what it says, what was found, and how to find it again."""
    undecided = verdict.verdict == "inconclusive"
    facts = [("claim", verdict.claim), ("note", verdict.note and " ".join(verdict.note.split()))]
    for part in verdict.parts or (verdict,):
        facts.append((part.verdict, f"{part.text}: {_judged(part)}" if verdict.parts else _judged(part)))
    several = "s" if ended.replications > 1 else ""
    facts += [("seed", f"{ended.seed}, {ended.replications} replication{several}"), ("repeat", command)]
    lines = [f"{'cannot be decided' if undecided else 'does not hold'}: {' '.join(verdict.text.split())}"]
    lines += [f"  {name:12}  {text}" for name, text in facts if text]
    if undecided and verdict.why is None:
        lines.append(f"The interval holds the bound: neither side is sure. {_LONGER if ended.resampled else _MORE}")
    return "\n".join(lines)


def _judged(verdict: Verdict) -> str:
    """Say the figure with its interval, and the bound."""
    from sim.report.verdicts import judged

    return judged(asdict(verdict), whole=True, level=True)

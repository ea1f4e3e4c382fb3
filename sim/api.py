"""The package as a library: load a scenario, run it, look at the result."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sim
from sim import claims, scenario, study, workload
from sim.claims import Verdict
from sim.errors import InputError
from sim.report import folder, frames, html
from sim.report.advice import advise
from sim.report.document import document, require_audits
from sim.scenario import Case, Scenario, Settings
from sim.stats import Estimate
from sim.study import Progress, Replication
from sim.trace.frames import Names, tables, together

if TYPE_CHECKING:
    import pandas as pd

KINDS = tuple(kind.name.lower() for kind in workload.StepKind)


def load(path: Path | str, settings: Sequence[str] = ()) -> Study:
    """Load a scenario file.

    Parameters
    ----------
    path : Path or str
    settings : sequence of str
        Values to put over those of the file, each ``path=value``; see `sim.scenario.settings`.

    Returns
    -------
    Study
        Ready to run.

    Raises
    ------
    InputError
        All that is wrong with it, with line and column.
    """
    loaded = scenario.load(path, settings)
    if found := claims.problems(loaded):
        raise InputError(found)
    return Study(loaded, Path(path).parent)


class Study:
    """A scenario that can be run.

    Parameters
    ----------
    scenario : Scenario
    directory : Path
        The folder that names of data files are relative to.
    """

    def __init__(self, scenario: Scenario, directory: Path) -> None:
        self.scenario = scenario
        self.directory = directory

    def run(
        self,
        *,
        workers: int | None = None,
        seed: int | None = None,
        replications: int | None = None,
        progress: Progress | None = None,
    ) -> Result | Sweep:
        """Run all replications of all deployments, in all cases.

        Parameters
        ----------
        workers : int, optional
            Processes. The result does not depend on it.
        seed, replications : int, optional
            Instead of the scenario's.
        progress : callable, optional
            Told how many of how many replications are done.

        Returns
        -------
        Result or Sweep
            A sweep, if the scenario has axes.
        """
        given = {"seed": seed, "replications": replications}
        changed = {key: value for key, value in given.items() if value is not None}
        chosen = scenario.changed(self.scenario, changed) if changed else self.scenario
        if not chosen.axes:
            return self._run(chosen, workers, progress)
        cases = scenario.cases(chosen)
        together = _Together(progress, len(cases)) if progress is not None else None
        done = [self._run(one, workers, together.next() if together is not None else None) for _, one in cases]
        return Sweep(chosen, dict(zip((settings for settings, _ in cases), done, strict=True)))

    def _repr_html_(self) -> str:
        return html.study(self.scenario)

    def cases(self) -> tuple[tuple[Settings, Study], ...]:
        """Make a study of each case: one for each combination of the values of its axes.

        Returns
        -------
        tuple of (Settings, Study)
            In the order of the file, the last axis changing fastest. Without axes, the study itself.
        """
        return tuple((settings, Study(one, self.directory)) for settings, one in scenario.cases(self.scenario))

    def _run(self, chosen: Scenario, workers: int | None, progress: Progress | None) -> Result:
        case = scenario.bind(chosen, self.directory)
        began, clock = datetime.now(UTC), time.perf_counter()
        replications_run = study.run(case, workers, progress, partial(_settled, case))
        info = {
            "began": began.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - clock, 3),
            "workers": workers,
            "host": platform.node(),
            "machine": platform.platform(),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in ("simpy", "numpy", "pandas", "scipy")},
            "version": sim.__version__,
        }
        return Result(case, replications_run, info)


class Verdicts(list[Verdict]):
    """The verdicts of a scenario's expectations, in the order of the file. Shows itself in a notebook."""

    def _repr_html_(self) -> str:
        return html.verdicts([asdict(verdict) for verdict in self])


class Result:
    """What a run gave.

    Parameters
    ----------
    case : Case
    replications : list of Replication
        The first with its arrays.
    run_info : mapping
        What differs by nature from run to run.

    Attributes
    ----------
    estimates : dict of str to Estimates
        Every figure of every deployment, by path.
    expectations : Verdicts
    summary : dict
        All figures with their intervals, as ``summary.json`` holds them.
    exit_code : int
        0 when all expectations hold, 3 when one fails, 4 when one is inconclusive and none fails.
    """

    def __init__(self, case: Case, replications: list[Replication], run_info: Mapping[str, Any]) -> None:
        self.case = case
        self.run_info = dict(run_info)
        self._replications = replications
        self.estimates = study.estimates(case, replications)
        self.expectations = Verdicts(_verdicts(case, self.estimates))
        self.exit_code = claims.exit_code(self.expectations)
        unclear = [verdict.text for verdict in self.expectations if verdict.verdict == "inconclusive"]
        self.summary: dict[str, Any] = study.summary(case, replications, self.estimates, unclear)
        if case.scenario.settings:
            self.summary["case"] = dict(case.scenario.settings.pairs)
        self.summary["expect"] = [asdict(verdict) for verdict in self.expectations]
        require_audits(self.summary)
        self.summary["advice"] = advise(self.summary)

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The trace of the first replication: requests, attempts, instances and events of all deployments."""
        first = self._replications[0]
        assert first.demand is not None
        workload_, directory = self.case.scenario.workload, self.case.directory
        ideal, models = workload.ideal(first.demand), workload.models(workload_, directory)
        made = {}
        for deployment in self.case.deployments:
            capacity, outcome = first.runs[deployment.name]
            names = Names(KINDS, models, tuple(rung.name for rung in deployment.ladder))
            made[deployment.name] = tables(first.demand, capacity, outcome, ideal, names)
        return together(made)

    @property
    def requests(self) -> pd.DataFrame:
        """One row for each request of the first replication on each deployment."""
        return self.tables["requests"]

    @property
    def attempts(self) -> pd.DataFrame:
        """One row for each step that began."""
        return self.tables["attempts"]

    @property
    def instances(self) -> pd.DataFrame:
        """One row for each stretch of time that an instance spent in one state."""
        return self.tables["instances"]

    @property
    def events(self) -> pd.DataFrame:
        """What happened, in order of time."""
        return self.tables["events"]

    @cached_property
    def figures(self) -> pd.DataFrame:
        """All figures of the summary by deployment and path, with intervals; see `sim.report.frames.figures`."""
        return frames.figures(self.estimates, study.level(self.case.scenario))

    @property
    def latency(self) -> pd.DataFrame:
        """Latency by deployment and statistic, in seconds, with intervals."""
        return frames.statistics(self.figures, "latency_s")

    @property
    def overhead(self) -> pd.DataFrame:
        """What the platform adds to latency, by deployment and statistic, in seconds, with intervals."""
        return frames.statistics(self.figures, "overhead_s")

    def times(self, figure: str = "overhead_s") -> pd.DataFrame:
        """Return a time of each request in all replications; see `sim.report.frames.times`.

        Parameters
        ----------
        figure : str
            Such as ``latency_s``, ``overhead_s``, ``first_step_s``, or ``start_up_s``, which each start has.
        """
        return frames.times(self._replications, figure)

    @cached_property
    def cost_curve(self) -> pd.DataFrame:
        """The bill as it accumulates over the days of the month; see `sim.report.frames.cost_curve`."""
        return frames.cost_curve(self.case, self._replications)

    @property
    def bill(self) -> pd.DataFrame:
        """The lines of the mean monthly bill of each deployment, in dollars."""
        import pandas as pd

        lines = [
            {"deployment": name, **line}
            for name, deployment in self.summary["deployments"].items()
            for line in deployment["cost"]["lines"]
        ]
        return pd.DataFrame(lines)

    def _repr_html_(self) -> str:
        return html.result(self.summary)

    def write(self, path: Path) -> Path:
        """Write the folder of the run, as a whole or not at all.

        Parameters
        ----------
        path : Path
            Replaced if it holds a run.
        """
        first = self._replications[0]
        return folder.write(
            path,
            summary=self.summary,
            tables=self.tables,
            invoices={name: one.invoice.to_dict() for name, one in first.measures.items()},
            case=scenario.show(self.case),
            run_info=self.run_info,
        )


class Sweep:
    """What the cases of a scenario with axes gave.

    Parameters
    ----------
    scenario : Scenario
    results : dict of Settings to Result
        By what each case takes of the axes.

    Attributes
    ----------
    expectations : Verdicts
        Of each expectation, the verdict of the first case in which it fails; else of the first in which it is
        inconclusive; else of the first.
    summary : dict
        The summaries of all cases under ``cases``, each with what it takes of the axes under ``case``.
    exit_code : int
        As of a result: 3 when an expectation fails in a case, 4 when one is inconclusive and none fails.
    """

    def __init__(self, scenario: Scenario, results: Mapping[Settings, Result]) -> None:
        self.scenario = scenario
        self.results = dict(results)
        judged = zip(*([(settings, verdict) for verdict in one.expectations] for settings, one in results.items()),
                     strict=True)
        self.expectations = Verdicts(_worst(verdicts) for verdicts in judged)
        self.exit_code = claims.exit_code(self.expectations)
        cases = [one.summary for one in results.values()]
        together = "\n".join(case["identity"] for case in cases)
        self.summary: dict[str, Any] = {
            "scenario": scenario.name,
            "about": scenario.about,
            "identity": hashlib.sha256(together.encode()).hexdigest(),
            "seed": scenario.seed,
            "replications": max(case["replications"] for case in cases),
            "stopping": {"first": scenario.replications},
            "axes": {axis.name: {"path": axis.path, "values": list(axis.values)} for axis in scenario.axes},
            "cases": cases,
        }

    @cached_property
    def figures(self) -> pd.DataFrame:
        """All figures by case, deployment and path, with intervals; a column for each axis before the others."""
        return self._stacked({settings: one.figures for settings, one in self.results.items()})

    @property
    def latency(self) -> pd.DataFrame:
        """Latency by case, deployment and statistic, in seconds, with intervals."""
        return frames.statistics(self.figures, "latency_s")

    @property
    def overhead(self) -> pd.DataFrame:
        """What the platform adds to latency, by case, deployment and statistic, in seconds, with intervals."""
        return frames.statistics(self.figures, "overhead_s")

    @property
    def bill(self) -> pd.DataFrame:
        """The lines of the mean monthly bill of each case and deployment, in dollars."""
        return self._stacked({settings: one.bill for settings, one in self.results.items()})

    @cached_property
    def cost_curve(self) -> pd.DataFrame:
        """The bill of each case as it accumulates over the days of the month."""
        return self._stacked({settings: one.cost_curve for settings, one in self.results.items()})

    def _stacked(self, made: Mapping[Settings, pd.DataFrame]) -> pd.DataFrame:
        return frames.stacked(self.scenario, made)

    def _repr_html_(self) -> str:
        return html.sweep(self.summary)

    def write(self, path: Path) -> Path:
        """Write the summary of all cases, and below ``cases`` the folder of each.

        Parameters
        ----------
        path : Path
            Replaced if it holds a run.
        """
        folder.require_room(path)
        cases = path / "cases"
        if cases.exists():
            shutil.rmtree(cases)
        cases.mkdir(parents=True)
        (path / folder.SUMMARY).write_text(document(self.summary), encoding="utf-8")
        for number, (settings, result) in enumerate(self.results.items(), 1):
            name = re.sub(r"[^\w.=+-]+", "-", str(settings))[:80]
            result.write(cases / f"{number:03}-{name}")
        return path


def _worst(verdicts: Iterable[tuple[Settings, Verdict]]) -> Verdict:
    """Return the worst of the verdicts on an expectation, and say in which case."""
    order = ("fails", "inconclusive", "holds")
    settings, worst = min(verdicts, key=lambda pair: order.index(pair[1].verdict))
    return replace(worst, text=f"{worst.text}, in the case {settings}")


class _Together:
    """Tells the progress of several cases, one after another, as one of them all.

    Cases to come are taken to need as many replications as the one that is run.
    """

    def __init__(self, progress: Progress, cases: int) -> None:
        self._progress, self._left = progress, cases
        self._before = self._done = 0

    def next(self) -> Progress:
        """Return what the next case tells its progress to."""
        self._before, self._done = self._before + self._done, 0
        left, self._left = self._left, self._left - 1

        def told(done: int, total: int) -> None:
            self._done = done
            self._progress(self._before + done, self._before + left * total)

        return told


def _verdicts(case: Case, found: Mapping[str, Mapping[str, Estimate]]) -> list[Verdict]:
    """Judge the expectations of a case, at its level of confidence shared among all looks that there may be."""
    def estimate(path: str) -> Estimate:
        deployment, _, name = path.partition(".")
        return found[deployment][name]

    return claims.verdicts(case.scenario, estimate, study.level(case.scenario), len(study.looks(case.scenario)))


def _settled(case: Case, found: Mapping[str, Mapping[str, Estimate]], replications: int) -> bool:
    """Say whether more replications are of no use to any verdict."""
    return claims.settled(_verdicts(case, found), replications)

"""The package as a library: load a scenario, run it, look at the result."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

import sim
from sim import claims, scenario, study, workload
from sim.claims import Verdict
from sim.errors import InputError
from sim.report import folder
from sim.report.advice import advise
from sim.report.document import require_audits
from sim.scenario import Case, Scenario
from sim.stats import Estimate, figure
from sim.study import Progress, Replication
from sim.trace.frames import Names, tables, together

if TYPE_CHECKING:
    import pandas as pd

KINDS = tuple(kind.name.lower() for kind in workload.StepKind)


def load(path: Path | str) -> Study:
    """Load a scenario file.

    Parameters
    ----------
    path : Path or str

    Returns
    -------
    Study
        Ready to run.

    Raises
    ------
    InputError
        All that is wrong with it, with line and column.
    """
    loaded = scenario.load(path)
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
    ) -> Result:
        """Run all replications of all deployments.

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
        Result
        """
        given = {"seed": seed, "replications": replications}
        changed = {key: value for key, value in given.items() if value is not None}
        chosen = self.scenario.model_copy(update=changed)
        case = scenario.bind(chosen, self.directory)
        began, clock = datetime.now(UTC), time.perf_counter()
        replications_run = study.run(case, workers, progress)
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
    estimates : dict of str to dict of str to Estimate
        Every figure of every deployment, by path.
    expectations : list of Verdict
    summary : dict
        All figures with their intervals, as ``summary.json`` holds them.
    exit_code : int
        0 when all expectations hold, 3 when one fails, 4 when one is inconclusive and none fails.
    """

    def __init__(self, case: Case, replications: list[Replication], run_info: Mapping[str, Any]) -> None:
        self.case = case
        self.run_info = dict(run_info)
        self._replications = replications
        self.estimates: dict[str, dict[str, Estimate]] = {
            deployment.name: study.estimates([one.measures[deployment.name] for one in replications])
            for deployment in case.deployments
        }
        self.expectations: list[Verdict] = claims.judge(
            [claims.parse(one.that, claim=one.claim, note=one.note) for one in case.scenario.expect],
            self._estimate,
        )
        self.exit_code = claims.exit_code(self.expectations)
        self.summary: dict[str, Any] = study.summary(case, replications, self.estimates)
        self.summary["expect"] = [asdict(verdict) for verdict in self.expectations]
        require_audits(self.summary)
        self.summary["advice"] = advise(self.summary)

    def _estimate(self, path: str) -> Estimate:
        deployment, _, name = path.partition(".")
        return self.estimates[deployment][name]

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The trace of the first replication: requests, attempts, instances and events of all deployments."""
        import pandas as pd

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

    @property
    def latency(self) -> pd.DataFrame:
        """Latency by deployment and statistic, in seconds, with intervals."""
        return self._tidy("latency_s")

    @property
    def overhead(self) -> pd.DataFrame:
        """What the platform adds to latency, by deployment and statistic, in seconds, with intervals."""
        return self._tidy("overhead_s")

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

    def _tidy(self, group: str) -> pd.DataFrame:
        import pandas as pd

        rows = [
            {"deployment": name, "statistic": path.removeprefix(f"{group}."), **figure(estimate)}
            for name, found in self.estimates.items()
            for path, estimate in found.items()
            if path.startswith(f"{group}.")
        ]
        return pd.DataFrame(rows, columns=["deployment", "statistic", "value", "low", "high", "why"])

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
            case=yaml.safe_dump(self.case.scenario.model_dump(mode="json", exclude_none=True), sort_keys=False),
            run_info=self.run_info,
        )

"""The package as a library: load a scenario, run it, look at the result."""

from __future__ import annotations

import hashlib
import math
import platform
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sim
from sim import claims, scenario, study, workload
from sim.billing import Invoice, given
from sim.claims import Verdict
from sim.errors import InputError, Problem, quoted
from sim.report import folder, frames, html
from sim.report.advice import advise
from sim.report.document import document, require_audits
from sim.scenario import Case, Scenario, Settings
from sim.stats import Estimate
from sim.study import Progress, Replication
from sim.trace.columns import REPLICATIONS
from sim.trace.frames import Names, tables, together

if TYPE_CHECKING:
    import pandas as pd

_RANGES: Mapping[str, tuple[int, int]] = {
    "seed": (0, 2**64 - 1), "replications": (1, 10_000), "workers": (1, 1024),
}  # fmt: skip
"""What arguments of a run may be."""

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
    return Study(scenario.load(path, settings, claims.problems), Path(path).parent)


def rate(usage: Path | str | Mapping[str, Any]) -> Invoice:
    """Price given quantities by a price book, without a simulation.

    Parameters
    ----------
    usage : Path, str or mapping
        A file, or what would be in it; `sim rate --help` shows one, `sim.billing.sheet` says every key.

    Returns
    -------
    Invoice
        ``total()`` is exact, ``frame()`` has a row for each line.

    Raises
    ------
    InputError
        All that is wrong with it, with line and column.

    Examples
    --------
    >>> import sim
    >>> requests = {"count": "5M", "duration": "200 ms", "memory": "1 GiB"}
    >>> bill = sim.rate({"month": "2026-11", "usage": {"platform": "aws-lambda/x86", "requests": requests}})
    >>> float(bill.total())  # (1,000,000 - 400,000) GB-s x $0.0000166667, and 4 million requests x $0.20
    10.80002
    """
    return given.bill(usage)


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

    def __repr__(self) -> str:
        counts = [(len(self.scenario.deployments), "deployment"), (len(self.scenario.expect), "expectation")]
        cases = math.prod(len(axis.values) for axis in self.scenario.axes)
        told = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)
        of_cases = f", {cases} cases" if self.scenario.axes else ""
        return f"<Study of {self.scenario.name}: {told}{of_cases}; run it by .run()>"

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

        Raises
        ------
        InputError
            An argument is out of its range; the run is too large; a data file cannot be used.
        """
        given = {"seed": seed, "replications": replications}
        _require_whole({**given, "workers": workers})
        changed = {key: value for key, value in given.items() if value is not None}
        chosen = scenario.changed(self.scenario, changed) if changed else self.scenario
        if chosen.axes != self.scenario.axes and chosen.document is not None:
            _require(claims.problems(chosen.document, chosen.axes))  # some may compare cases that are no more
        cases = [(settings, scenario.bind(one, self.directory)) for settings, one in scenario.cases(chosen)]
        study.require_size([case for _, case in cases], workers)
        if not chosen.axes:
            return self._run(cases[0][1], workers, progress)
        together = _Together(progress, len(cases)) if progress is not None else None
        return Sweep(chosen, {
            settings: self._run(case, workers, together.next() if together is not None else None)
            for settings, case in cases
        })

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

    def _run(self, case: Case, workers: int | None, progress: Progress | None) -> Result:
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

    def __repr__(self) -> str:
        settings = f" ({self.case.scenario.settings})" if self.case.scenario.settings else ""
        counts = [(len(self.case.deployments), "deployment"), (len(self._replications), "replication"),
                  (len(self.expectations), "expectation")]
        told = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in counts)
        verdicts = Counter(one.verdict for one in self.expectations)
        judged = f" ({', '.join(f'{count} {verdict}' for verdict, count in verdicts.items())})" if verdicts else ""
        return f"<Result of {self.case.scenario.name}{settings}: {told}{judged}>"

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The trace of the first replication: requests, attempts, instances and events of all deployments."""
        first = self._replications[0]
        assert first.demand is not None
        workload_, directory = self.case.scenario.workload, self.case.directory
        models = workload.models(workload_, directory)
        made = {}
        for deployment in self.case.deployments:
            capacity, outcome = first.runs[deployment.name]
            names = Names(KINDS, models, tuple(rung.name for rung in deployment.ladder))
            ideal = workload.ideal(first.demand, workload.seen(first.demand, outcome))
            made[deployment.name] = tables(first.demand, capacity, outcome, ideal, first.window, names)
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
    def replications(self) -> pd.DataFrame:
        """Every figure of every deployment from each replication alone; see `sim.report.frames.replications`."""
        return frames.replications(self._replications)

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

    def write(self, path: Path | str) -> Path:
        """Write the folder of the run, as a whole or not at all.

        Parameters
        ----------
        path : Path or str
            Replaced if it holds a run.
        """
        first = self._replications[0]
        return folder.write(
            Path(path),
            summary=self.summary,
            tables={**self.tables, REPLICATIONS: self.replications},
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
        inconclusive; else of the first. Of one that compares cases, its own.
    summary : dict
        The summaries of all cases under ``cases``, each with what it takes of the axes under ``case``; under ``expect``
        the verdicts on expectations that compare cases, with what is the same in all that are compared under ``case``.
    exit_code : int
        As of a result: 3 when an expectation fails in a case, 4 when one is inconclusive and none fails.
    """

    def __init__(self, scenario: Scenario, results: Mapping[Settings, Result]) -> None:
        self.scenario = scenario
        self.results = dict(results)
        judged = [[(settings, one.expectations[index]) for settings, one in results.items()]
                  for index in range(len(next(iter(results.values())).expectations))]
        self._across = _judged_across(scenario, results)
        within, across = iter(judged), iter(self._across)
        self.expectations = Verdicts(_worst(next(across if claims.across(one) else within))
                                     for one in claims.expectations(scenario))
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
            "axes": {axis.name: {"path": axis.path, "values": list(axis.labels)} for axis in scenario.axes},
            "expect": [{**asdict(verdict), "case": dict(free.pairs)} for one in self._across for free, verdict in one],
            "cases": cases,
        }

    def __repr__(self) -> str:
        axes = " × ".join(f"{axis.name} ({len(axis.values)})" for axis in self.scenario.axes)
        return f"<Sweep of {self.scenario.name}: {axes}; a result of each case in .results>"

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

    def write(self, path: Path | str) -> Path:
        """Write the summary of all cases, and below ``cases`` the folder of each, as a whole or not at all.

        Parameters
        ----------
        path : Path or str
            Replaced if it holds a run.
        """
        place = Path(path)
        with folder.whole(place) as building:
            (building / folder.SUMMARY).write_text(document(self.summary), encoding="utf-8")
            for number, (settings, result) in enumerate(self.results.items(), 1):
                name = re.sub(r"[^\w.=+-]+", "-", str(settings))[:80]
                result.write(building / "cases" / f"{number:03}-{name}")
        return place


def _worst(verdicts: Iterable[tuple[Settings, Verdict]]) -> Verdict:
    """Return the worst of the verdicts on an expectation, and say in which case."""
    order = ("fails", "inconclusive", "holds")
    settings, worst = min(verdicts, key=lambda pair: order.index(pair[1].verdict))
    return replace(worst, text=f"{worst.text}, in the case {settings}") if settings else worst


def _judged_across(scenario: Scenario, results: Mapping[Settings, Result]) -> list[list[tuple[Settings, Verdict]]]:
    """Judge the expectations that compare cases."""
    asked = [one for one in claims.expectations(scenario) if claims.across(one)]
    cases = {settings: partial(_estimate, one.estimates) for settings, one in results.items()}
    return claims.verdicts_across(asked, cases, study.level(scenario))


def _require(found: Sequence[Problem]) -> None:
    if found:
        raise InputError(found)


def _require_whole(arguments: Mapping[str, object]) -> None:
    """Refuse arguments that are given and no whole numbers within their range."""
    found = []
    for name, value in arguments.items():
        low, high = _RANGES[name]
        if value is not None and not (type(value) is int and low <= value <= high):
            found.append(Problem(name, 0, 0, f"{quoted(repr(value))} is not a whole number from {low} to {high}",
                                 "give one, or leave the argument out"))
    _require(found)


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
    looks = len(study.looks(case.scenario))
    return claims.verdicts(case.scenario, partial(_estimate, found), study.level(case.scenario), looks)


def _estimate(found: Mapping[str, Mapping[str, Estimate]], path: str) -> Estimate:
    deployment, _, name = path.partition(".")
    return found[deployment][name]


def _settled(case: Case, found: Mapping[str, Mapping[str, Estimate]], replications: int) -> bool:
    """Say whether more replications are of no use to any verdict."""
    return claims.settled(_verdicts(case, found), replications)

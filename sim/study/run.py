"""Independent replications of a case, one after another or on several processors, until there are enough."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError  # type: ignore[import-untyped]

from sim.errors import AdvisedError
from sim.scenario import Case
from sim.study import asked, warmup
from sim.study.estimates import Estimates, estimates
from sim.study.replicate import Replication, fill, replicate
from sim.study.stopping import precise
from sim.study.warmup import Filling

Progress = Callable[[int, int], None]
"""Told how many replications of how many are done; there may come to be more of them."""

Clear = Callable[[Mapping[str, Estimates], int], bool]
"""Says of the figures of so many replications whether more of them are of no use to verdicts."""


def run(
    case: Case, workers: int | None = None, progress: Progress | None = None, clear: Clear | None = None
) -> list[Replication]:
    """Run the replications of a case.

    Where the scenario asks for precision, replications are added in steps that are fixed beforehand, until figures are
    precise and verdicts clear, or there are as many as there may be. It is decided on the first n of them only, so
    their number depends neither on the workers nor on which was done first; and the first n are the same runs, however
    many follow. Where it asks for a warm-up that is long enough, pilot runs come first, as many as there are
    replications to begin with.

    Parameters
    ----------
    case : Case
    workers : int, optional
        Processes; as many as there are processors, but not more than can be busy, when absent.
    progress : callable, optional
        See `Progress`.
    clear : callable, optional
        See `Clear`. Without it, verdicts do not count.

    Returns
    -------
    list of Replication
        In order of number, whichever was done first; the first of them with its arrays.

    Raises
    ------
    AdvisedError
        The system ended a process.
    """
    looks = asked.looks(case.scenario)
    most = max(later - earlier for earlier, later in pairwise((0, *looks)))
    done: list[Replication] = []
    processes = min(workers or os.cpu_count() or 1, most)
    warm_up = warmup.given(case.scenario)
    pilots: list[dict[str, Filling]] = []
    try:
        with Parallel(n_jobs=processes, return_as="generator") as parallel:
            if warm_up is None:
                pilots = _pilots(parallel, case, looks[0], progress)
                warm_up = warmup.find(case, pilots)
            for look in looks:
                jobs = (delayed(replicate)(case, number, warm_up, number == 0) for number in range(len(done), look))
                found: Iterator[Replication] = parallel(jobs)
                for replication in found:
                    done.append(replication)
                    if progress is not None:
                        progress(len(pilots) + len(done), len(pilots) + look)
                if look < looks[-1] and _enough(case, done, clear):
                    break
    except TerminatedWorkerError:
        raise AdvisedError("the system ended a process of the run, most likely because memory ran out",
                           f"take fewer workers than {processes}, fewer agents or a shorter horizon") from None
    return done


def _pilots(parallel: Parallel, case: Case, count: int, progress: Progress | None) -> list[dict[str, Filling]]:
    """Run so many pilots; as many replications will follow at least."""
    done = []
    fillings: Iterator[dict[str, Filling]] = parallel(delayed(fill)(case, number) for number in range(count))
    for filling in fillings:
        done.append(filling)
        if progress is not None:
            progress(len(done), 2 * count)
    return done


def _enough(case: Case, done: list[Replication], clear: Clear | None) -> bool:
    figures = estimates(case, done)
    return precise(case, figures, len(done)) and (clear is None or clear(figures, len(done)))

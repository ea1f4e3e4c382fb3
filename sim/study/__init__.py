"""Runs of a case: replications, how many of them, and what they say together."""

from sim.study.apart import apart
from sim.study.asked import level, looks, resampled
from sim.study.estimates import Estimates, billed, estimates
from sim.study.replicate import Replication
from sim.study.run import Clear, Progress, run
from sim.study.size import require_size
from sim.study.summary import summary

__all__ = [
    "Clear",
    "Estimates",
    "Progress",
    "Replication",
    "apart",
    "billed",
    "estimates",
    "level",
    "looks",
    "require_size",
    "resampled",
    "run",
    "summary",
]

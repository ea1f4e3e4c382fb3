"""Runs of a case: replications, how many of them, and what they say together."""

from sim.study.asked import level, looks, resampled
from sim.study.estimates import Estimates, estimates
from sim.study.replicate import Replication
from sim.study.run import Clear, Progress, run
from sim.study.summary import summary

__all__ = [
    "Clear", "Estimates", "Progress", "Replication", "estimates", "level", "looks", "resampled", "run", "summary",
]  # fmt: skip

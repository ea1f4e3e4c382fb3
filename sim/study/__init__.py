"""Runs of a case: replications, and what they say together."""

from sim.study.replicate import Progress, Replication, run
from sim.study.summary import estimates, summary

__all__ = ["Progress", "Replication", "estimates", "run", "summary"]

"""Requests by a schedule: every agent asks at the minutes of the week that it names."""

from __future__ import annotations

import numpy as np

from sim import luck
from sim.luck import Stream
from sim.scenario import crontab
from sim.scenario.arrivals import Cron
from sim.units import MINUTE, WEEK
from sim.workload.fleet import Fleet
from sim.workload.points import MAX_POINTS, Points, too_many


def draw(cron: Cron, fleet: Fleet) -> Points:
    """Return when each agent asks: at each minute that one of the schedules names, and a jitter later.

    What would come before time 0 but for its jitter is left out.

    Parameters
    ----------
    cron : Cron
    fleet : Fleet
        Luck is in stream JITTER.

    Returns
    -------
    Points
        By agent, then in order of time. The ordinal counts the minutes named from the beginning of the run.

    Raises
    ------
    AdvisedError
        When there are too many.
    """
    named = sorted({minute for line in cron.schedule for minute in crontab.minutes(line)})
    week = np.array(named, np.int64) * MINUTE
    count = fleet.agents * len(week) * (fleet.horizon / WEEK)
    if count > MAX_POINTS:
        raise too_many(count, "arrivals")
    due = (np.arange(0, fleet.horizon, WEEK, dtype=np.int64)[:, None] + week).ravel()
    due = due[due < fleet.horizon]
    agent = np.repeat(np.arange(fleet.agents, dtype=np.int64), len(due))
    ordinal = np.tile(np.arange(len(due), dtype=np.int64), fleet.agents)
    at = np.tile(due, fleet.agents)
    if cron.jitter is not None:
        share = luck.uniform(fleet.seed, fleet.replication, Stream.JITTER, luck.of_agent(agent, ordinal))
        at = at + cron.jitter.load(fleet.directory).integers(share)
    before = at < fleet.horizon
    agent, ordinal, at = agent[before], ordinal[before], at[before]
    order = np.lexsort((ordinal, at, agent))
    return Points(agent[order], ordinal[order], at[order])

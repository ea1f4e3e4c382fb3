"""Requests by a schedule."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import AdvisedError
from sim.units import DAY, HOUR, MINUTE, WEEK
from tests.workload.support import draw, workload


def test_every_agent_at_every_time():
    found = draw(workload({"cron": {"schedule": "*/30 9-10 * * mon,wed"}}, agents=3), horizon=2 * WEEK)
    each = [day * DAY + 9 * HOUR + half * 30 * MINUTE for day in (0, 2, 7, 9) for half in range(4)]
    assert found.agent.tolist() == [agent for agent in range(3) for _ in each]
    assert found.at.tolist() == each * 3


def test_several_schedules_name_a_time_once():
    found = draw(workload({"cron": {"schedule": ["0 * * * *", "0,30 12 * * *"]}}), horizon=DAY)
    assert found.at.tolist() == sorted([hour * HOUR for hour in range(24)] + [12 * HOUR + 30 * MINUTE])


def test_jitter():
    made = workload({"cron": {"schedule": "* * * * *", "jitter": "uniform(0 s, 3 min)"}}, agents=20)
    found = draw(made, horizon=2 * DAY)
    assert all((np.diff(found.at[found.agent == agent]) >= 0).all() for agent in range(20))
    assert (found.at < 2 * DAY).all()
    # In equilibrium a minute has one request on average; the first three build up, 1/6 + 1/2 + 5/6 of one.
    counts = np.array([np.bincount(found.at[found.agent == agent] // MINUTE, minlength=2880) for agent in range(20)])
    assert counts[:, 3:].mean() == pytest.approx(1, abs=0.001)
    built = counts[:, :3].sum(axis=1)
    assert abs(built.mean() - 1.5) < 5 * built.std() / np.sqrt(20)
    assert len(np.unique(found.at)) > 0.99 * found.n  # each agent and time has a jitter of its own
    longer = draw(made, horizon=3 * DAY)
    assert np.array_equal(np.sort(longer.at[longer.at < 2 * DAY]), np.sort(found.at))


def test_too_many_are_refused():
    with pytest.raises(AdvisedError, match="more than can be run"):
        draw(workload({"cron": {"schedule": "* * * * *"}}, agents=10_000))

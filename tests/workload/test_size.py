"""How much a workload asks for on average, against what is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.units import DAY
from sim.workload.size import expected
from tests.workload.support import draw, workload

STEPS = [{"loop": {"times": "geometric(mean=3)", "steps": [{"tool": {"cpu": "1 s", "wait": "exponential(mean=9 s)"}}]}}]
KINDS: dict[str, dict[str, Any]] = {
    "poisson": {"poisson": {"rate": "9/h"}},
    "weekly": {"weekly": {"a": {"when": "sat", "rate": "30/h"}, "b": {"when": "otherwise", "rate": "3/h"}}},
    "renewal": {"renewal": {"gap": "gamma(mean=7 min, cv=2)"}},
    "bursts": {"bursts": {"phases": {"on": {"rate": "40/h", "stay": "5 min"}, "off": {"rate": 0, "stay": "9 min"}}}},
    "cron": {"cron": {"schedule": ["*/20 * * * mon-fri", "@hourly"]}},
    "closed": {"closed": {"think": "exponential(mean=8 min)"}},
    "rates": {"rates": {"file": "x.csv", "per": "min"}},
    "tenants": {"rates": {"file": "x.csv", "per": "min", "agent": "who", "cv": "n"}},
    "scaled": {"rates": {"file": "x.csv", "mean": "2/min"}},
    "requests": {"requests": {"file": "x.csv"}},
    "looped": {"requests": {"file": "x.csv", "end": "2 h", "loop": True}},
    "thinned": {"requests": {"file": "x.csv", "end": "2 h", "blocks": "1 h", "rate": "1/min"}},
    "bulk": {"poisson": {"rate": "9/h"}, "bulk": {"size": "geometric(mean=4)"}},
    "skew": {"poisson": {"rate": "9/h"}, "skew": {"zipf": 1}},
    "bursty": {"poisson": {"rate": "60/h"}, "burstiness": {"index_of_dispersion": 5, "at": "60 s"}},
}


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_as_are_drawn(kind: str, tmp_path: Path):
    rows = "".join(f"{60 * n},{'abcdefgh'[n % 8]},{1 + n % 5},{1 + n % 3}\n" for n in range(160))
    (tmp_path / "x.csv").write_text("t_s,who,rate,n\n" + rows)
    made = workload(KINDS[kind], agents=8, request=STEPS)
    told = expected(made, tmp_path, 7 * DAY)
    runs = [draw(made, directory=tmp_path, replication=r) for r in range(5)]
    # Of a closed population the models are given one request more for each agent, and what the ideal platform needs.
    more = 8 if kind == "closed" else 0
    assert np.mean([run.n for run in runs]) == pytest.approx(told.requests + more, rel=0.05)
    assert np.mean([len(run.step_kind) for run in runs]) == pytest.approx(3 * told.requests, rel=0.07)


def test_rounds_from_recorded_rows(tmp_path: Path):
    (tmp_path / "x.csv").write_text("rounds\n1\n5\n9\n")
    steps = [{"loop": {"times": {"column": "rounds"}, "steps": [{"wait": "1 s"}, {"wait": "1 s"}]}}]
    made = workload({"poisson": {"rate": "9/h"}}, request=steps, rows={"file": "x.csv"})
    told = expected(made, tmp_path, 7 * DAY)
    assert told.steps == pytest.approx(10 * told.requests)

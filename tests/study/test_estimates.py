"""What replications say together, from measures written by hand. All figures are of one replication, on average.

    replication                 0      1      2      3
    requests that arrived      10     30      0     20     mean 15
    of which failed             1      0      0      3     mean 1
    requests of the month     300    900      0    600     mean 450
    bill                       $9    $15     $6    $12     mean $10.50
"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import stats
from sim.billing import Invoice
from sim.stats import INFINITE
from sim.study import Estimates
from sim.study.measure import COSTS, Measures, cost_name
from sim.study.times import Times
from sim.trace.audit import Audit

S = 1_000_000


def measures(arrived: int, failed: int, bill: Fraction | int | None, *, queue: tuple[int, ...] = (),
             **amounts: Any) -> Measures:
    """A replication with a month of thirty of its days, and two agents."""
    whole = {cost_name(path): Fraction(bill) for path in COSTS} if bill is not None else {}
    parts = {f"{path}.per_agent": Fraction(bill) / 2 for path in COSTS} if bill is not None else {}
    return Measures(
        times=Times({"latency_s": np.arange(1, arrived + 1) * S, "wait_s.queue": np.array(queue, np.int64)},
                    finite={"completed.latency_s": "latency_s"}),
        proportions={"failed_fraction": (failed, arrived), "cold_start_fraction": (0, arrived)},
        ratios={"utilisation": (arrived, 40), "memory_mb": (7 * arrived, arrived)},
        counts={"requests.arrived": arrived, "requests.completed": arrived - failed, "requests.failed": failed,
                "requests.unfinished": 0},
        amounts={"requests.per_month": Fraction(30 * arrived), **whole, **parts, **amounts},
        slowest={}, invoice=Invoice("2026-11", "book", ()), curve={}, audit=Audit(()),
    )  # fmt: skip


FOUR = [measures(10, 1, 9), measures(30, 0, 15), measures(0, 0, 6), measures(20, 3, 12)]


def test_no_interval_of_a_time_goes_below_0_unless_times_do() -> None:
    """Means of 0, 0, 0 and 3 s: 0.75 s, and below it more than that by Student's t."""
    waits = [measures(1, 0, 1, queue=queue) for queue in ((0, 0), (0, 0), (0, 0), (0, 6 * S))]
    found = Estimates(waits)["wait_s.queue.mean"]
    assert found.value == 0.75 and stats.interval(found).low == 0 < stats.interval(found).high
    faster = Estimates([measures(1, 0, 1, queue=(-1, 0)), *waits[1:]])["wait_s.queue.mean"]
    assert stats.interval(faster).low < -1
    # The median is 0 in all but one of six, where a few more than half wait 1 s.
    few, most = (0, 0, S) * 200, (0, S, S) * 200
    six = Estimates([measures(1, 0, 1, queue=queue) for queue in (few, few, few, few, few, most)])
    middle = six["wait_s.queue.p50"]
    assert middle.value == 0 == stats.interval(middle).low < stats.interval(middle).high


def test_counts_are_of_one_replication_and_have_a_section_for_each() -> None:
    found = Estimates(FOUR)
    assert (found["requests.arrived"].value, found["requests.arrived"].sections) == (15, (10, 30, 0, 20))
    assert (found["requests.failed"].value, found["requests.failed"].sections) == (1, (1, 0, 0, 3))
    assert found["requests.completed"].sections == (9, 30, 0, 17)
    assert found["requests.per_month"].value == 450
    # Standard deviation 2 ** 0.5 of (1, 0, 0, 3), t(3) = 3.182446 (table): 1 -+ 2.25, of which not below 0.
    assert stats.interval(found["requests.failed"]) == (0, pytest.approx(1 + 3.182446 * math.sqrt(2 / 4), abs=1e-5))


def test_amounts_are_of_one_replication() -> None:
    some = [measures(5, 0, 1, **{"tokens.in": Fraction(n), "work_s.lost": Fraction(n, 2), "instances.max": Fraction(n)})
            for n in (4, 0, 8)]  # fmt: skip
    found = Estimates(some)
    for name, sections in (("tokens.in", (4, 0, 8)), ("work_s.lost", (2, 0, 4)), ("instances.max", (4, 0, 8))):
        assert (found[name].value, found[name].sections) == (sum(sections) / 3, sections)
        assert stats.interval(found[name]).low == 0, "none of them can be negative"


def test_shares_are_of_all_requests_together() -> None:
    """4 of 60 failed, not the mean of 10%, 0%, nothing and 15%; none was cold, which leaves up to 6% (0.025^(1/60))."""
    found = Estimates(FOUR)
    assert found["failed_fraction"].value == pytest.approx(4 / 60)
    assert found["failed_fraction"].pooled == (4, 60, 1, 0)
    assert stats.interval(found["cold_start_fraction"]) == (0, pytest.approx(1 - 0.025 ** (1 / 60)))
    # Unfinished: none in any, of 15 on average.
    assert stats.interval(found["requests.unfinished"]) == (0, pytest.approx(15 * (1 - 0.025 ** (1 / 60))))
    assert found["requests.arrived"].pooled is None


def test_ratios_end_where_they_must() -> None:
    """(10 + 30 + 0 + 20) / 160, whose interval by spread is wider than from 0 to 1."""
    found = Estimates([measures(40, 0, 1), measures(0, 0, 1), measures(40, 0, 1)])
    assert found["utilisation"].value == pytest.approx(80 / 120)
    assert stats.interval(found["utilisation"]) == (0, 1)
    assert stats.interval(found["memory_mb"]) == (7, 7)


def test_what_a_thousand_requests_cost_is_the_bill_by_the_requests() -> None:
    """$42 for 1,800 requests: $23.33 a thousand; not the mean of $30, $16.67, nothing and $20."""
    found = Estimates(FOUR)
    each = found["cost.per_1000_requests"]
    assert each.value == pytest.approx(1000 * 42 / 1800, rel=1e-15)
    assert found["cost.total"].value == 10.5 and found["cost.per_agent"].value == 5.25
    # Leaving replications out in turn: 33 / 1500, 27 / 900, 36 / 1800, 30 / 1200; pseudo-values 4 x all - 3 x these.
    left = [Fraction(33, 1500), Fraction(27, 900), Fraction(36, 1800), Fraction(30, 1200)]
    assert each.sections == tuple(float(1000 * (4 * Fraction(42, 1800) - 3 * one)) for one in left)
    assert each.why is None and stats.interval(each).low is not None, "one replication has no request, and yet a bill"


@given(st.lists(st.tuples(st.integers(0, 10**6), st.fractions(0, 10**6)), min_size=1, max_size=9))
def test_a_thousand_requests_times_requests_is_the_bill(pairs: list[tuple[int, Fraction]]) -> None:
    """Exactly, but for the rounding of three floats."""
    found = Estimates([measures(0, 0, bill, **{"requests.per_month": Fraction(asked)}) for asked, bill in pairs])
    for path in COSTS:
        each, whole = found[f"{path}.per_1000_requests"].value, found[cost_name(path)].value
        asked = found["requests.per_month"].value
        assert asked is not None and whole is not None
        if asked == 0:
            assert each is None
        else:
            assert each is not None
            assert each * asked / 1000 == pytest.approx(whole, rel=1e-15)


def test_one_unknown_price_leaves_no_sum_in_any_replication() -> None:
    found = Estimates([measures(10, 0, 9), measures(10, 0, None)])
    for path in ("cost.total", "cost.per_agent", "cost.per_1000_requests", "cost.llm"):
        assert found[path].value is None and str(found[path].why).startswith("no price is known for")


def test_means_of_what_did_not_end() -> None:
    """Two of five waits had no end; of those of 1, 2 and 3 s, and of none, the mean is 2 s."""
    endless = Estimates([measures(0, 0, 1, queue=(S, INFINITE)), measures(0, 0, 1, queue=(2 * S, 3 * S, INFINITE))])
    assert endless["wait_s.queue.mean"].why == "2 of 5 waits did not end"
    ended = Estimates([measures(0, 0, 1, queue=(S, 2 * S)), measures(0, 0, 1, queue=(3 * S,)), measures(0, 0, 1)])
    assert ended["wait_s.queue.mean"].value == 2
    all_ended = Estimates([measures(3, 1, 1), measures(2, 0, 1)])
    assert all_ended["latency_s.mean"].value == (1 + 2 + 3 + 1 + 2) / 5


def test_those_that_completed_have_a_mean_where_all_have_none() -> None:
    """4 and 6 s, and two that did not complete; 2 s: the mean of three is 4 s."""
    one, other = (dataclasses.replace(measures(0, 0, 1), times=Times({"latency_s": np.array(latency)}, {
        "completed.latency_s": "latency_s"})) for latency in ([4 * S, INFINITE, 6 * S], [INFINITE, 2 * S]))  # fmt: skip
    found = Estimates([one, other])
    assert found["latency_s.mean"].why == "2 of 5 requests did not complete"
    assert found["completed.latency_s.mean"].value == 4


def test_figures_of_resamples_say_so() -> None:
    found = Estimates(FOUR, resampled=True)
    assert found["requests.failed"].resampled and found["failed_fraction"].resampled
    assert found["failed_fraction"].pooled is not None and found["failed_fraction"].support == (0, 1)

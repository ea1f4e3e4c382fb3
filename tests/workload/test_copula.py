"""Correlated values of a step: ranks go together as asked, and each value keeps its law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from sim.units import DAY, SECOND
from sim.workload.copula import Common
from tests.workload.support import draw, workload

CALL = {"model": "small", "input": "lognormal(mean=30_000, cv=2)", "output": "exponential(mean=20_000)",
        "time": "gamma(mean=90 s, cv=0.7)"}  # fmt: skip


def drawn(step: dict[str, Any]) -> Any:
    return draw(workload({"poisson": {"rate": "60/h"}}, agents=20, request=[step]), horizon=DAY)


@pytest.mark.parametrize("rho", [0.2, 0.6, 0.95])
def test_scores_have_the_correlation_that_makes_the_rank_correlation(rho: float):
    rng = np.random.default_rng(1)
    common = Common.of(rho, rng.uniform(size=40_000))
    one, other = (stats.norm.ppf(common.joined(rng.uniform(size=40_000))) for _ in range(2))
    r = np.corrcoef(one, other)[0, 1]
    # Kruskal's closed form, from the correlation that is seen.
    assert abs(6 / np.pi * np.arcsin(r / 2) - rho) < 5 / np.sqrt(40_000)
    assert stats.kstest(one, "norm").pvalue > 1e-4


@pytest.mark.parametrize("rho", [0.3, 0.8])
class TestSteps:
    def test_call(self, rho: float):
        found = drawn({"llm": CALL | {"rank_correlation": rho}})
        values = [found.step_tokens_in, found.step_tokens_out, found.step_wait]
        for i in range(3):
            for j in range(i):
                assert abs(stats.spearmanr(values[i], values[j]).statistic - rho) < 5 / np.sqrt(found.n)
        assert stats.kstest(found.step_tokens_out / 20_000, "expon").pvalue > 1e-4
        assert stats.kstest(found.step_wait / (90 * SECOND), stats.gamma(1 / 0.49, scale=0.49).cdf).pvalue > 1e-4
        sigma = np.sqrt(np.log(5))
        law = stats.lognorm(sigma, scale=30_000 * np.exp(-(sigma**2) / 2))
        assert stats.kstest(found.step_tokens_in, law.cdf).pvalue > 1e-4

    def test_tool(self, rho: float):
        found = drawn({"tool": {"cpu": "exponential(mean=1 s)", "wait": "pareto(shape=1.5, minimum=1 s)",
                                "rank_correlation": rho}})  # fmt: skip
        assert abs(stats.spearmanr(found.step_cpu, found.step_wait).statistic - rho) < 5 / np.sqrt(found.n)

    def test_a_call_as_long_as_its_profile_says(self, rho: float):
        # Time to first token goes with the tokens; what comes after it is a length of tokens.
        call = {"model": "small", "input": CALL["input"], "output": 1, "rank_correlation": rho}
        found = drawn({"llm": call})
        assert abs(stats.spearmanr(found.step_tokens_in, found.step_wait).statistic - rho) < 5 / np.sqrt(found.n)


def test_visits_have_parts_of_their_own():
    found = drawn({"loop": {"times": 2, "steps": [{"tool": {
        "cpu": "exponential(mean=1 s)", "wait": "exponential(mean=1 s)", "rank_correlation": 0.9}}]}})  # fmt: skip
    cpu = found.step_cpu.reshape(-1, 2)
    assert abs(stats.spearmanr(cpu[:, 0], cpu[:, 1]).statistic) < 5 / np.sqrt(len(cpu))


def test_without_it_nothing_is_correlated():
    found = drawn({"llm": CALL})
    assert abs(stats.spearmanr(found.step_tokens_in, found.step_wait).statistic) < 5 / np.sqrt(found.n)


@pytest.mark.parametrize("step", [
    {"tool": {"cpu": "exponential(mean=1 s)", "rank_correlation": 0.5}},
    {"tool": {"cpu": "exponential(mean=1 s)", "wait": "1 s", "rank_correlation": 0.5}},
    {"llm": CALL | {"input": 5, "output": 7, "rank_correlation": 0.5}},
    {"llm": CALL | {"rank_correlation": 1}},
    {"llm": CALL | {"rank_correlation": 0.0}},
])
def test_what_has_no_effect_is_refused(step: dict[str, Any]):
    with pytest.raises(ValidationError):
        workload({"poisson": {"rate": "1/h"}}, request=[step])

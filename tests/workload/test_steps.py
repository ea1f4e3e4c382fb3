"""The work of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim import catalog, luck
from sim.engine.contract import Demand
from sim.errors import AdvisedError
from sim.units import DAY, SECOND
from sim.workload import models, work
from tests.workload.support import SCENARIOS, draw, workload

CALL = {"llm": {"model": "mid-tier", "input": 4000, "output": "lognormal(mean=300, p95=900)"}}
TOOL = {"tool": {"cpu": "200 ms", "wait": "exponential(mean=1 s)"}}


def drawn(request: list[dict[str, Any]], **keys: Any) -> Demand:
    """About 5,000 requests."""
    return draw(workload({"poisson": {"rate": "20/h"}}, agents=10, request=request, **keys), horizon=DAY)


def of_request(values: np.ndarray, demand: Demand) -> list[list[int]]:
    """Values of steps, as a list for each request."""
    return [part.tolist() for part in np.split(values, demand.step_first[1:-1])]


class TestOrder:
    def test_sequence(self):
        found = drawn([{"wait": "1 s"}, {"tool": {"cpu": "2 s"}}, {"wait": "3 s"}])
        assert of_request(found.step_wait, found) == [[SECOND, 0, 3 * SECOND]] * found.n
        assert of_request(found.step_cpu, found) == [[0, 2 * SECOND, 0]] * found.n
        assert of_request(found.step_kind, found) == [[2, 1, 2]] * found.n

    def test_loops_within_loops(self):
        inner = {"loop": {"times": 3, "steps": [{"wait": "2 s"}, {"wait": "3 s"}]}}
        found = drawn([{"wait": "9 s"}, {"loop": {"times": 2, "steps": [{"wait": "1 s"}, inner]}}, {"wait": "8 s"}])
        once = [1, 2, 3, 2, 3, 2, 3]
        assert of_request(found.step_wait // SECOND, found) == [[9, *once, *once, 8]] * found.n

    def test_rounds_have_their_law(self):
        loop = {"loop": {"times": "geometric(mean=3)", "steps": [{"wait": "1 s"}]}}
        found = drawn([loop, loop])
        rounds = np.diff(found.step_first)
        observed = np.bincount(np.minimum(rounds, 12), minlength=13)[2:]
        law = stats.nbinom(2, 1 / 3, loc=2)
        expected = np.append(law.pmf(np.arange(2, 12)), law.sf(11)) * found.n
        assert stats.chisquare(observed, expected).pvalue > 1e-4

    def test_once_at_least(self):
        found = drawn([{"loop": {"times": "mixture(0.9: 0, 0.1: 20)", "steps": [{"wait": "1 s"}]}}])
        assert set(np.diff(found.step_first).tolist()) == {1, 20}


class TestLength:
    def test_a_microsecond_at_least(self):
        found = drawn([{"wait": "0 s"}, {"tool": {"cpu": "0 s"}}, {"llm": {**CALL["llm"], "time": "0 s"}}])
        assert (found.step_cpu == 0).all()
        assert (found.step_wait == 1).all()

    def test_tool(self):
        found = drawn([TOOL])
        assert (found.step_cpu == SECOND // 5).all()
        assert stats.kstest(found.step_wait / SECOND, "expon").pvalue > 1e-4
        assert (found.step_tokens_in == 0).all()
        assert (found.step_model == -1).all()

    def test_llm_as_long_as_said(self):
        found = drawn([{"llm": {**CALL["llm"], "time": "uniform(1 s, 3 s)"}}])
        assert stats.kstest(found.step_wait / SECOND, stats.uniform(1, 2).cdf).pvalue > 1e-4

    def test_llm_from_its_profile(self):
        # ttft + (n - 1) / speed: with n one token, then many, its parts can be told apart.
        profile = catalog.llm("mid-tier")
        one, many = (drawn([{"llm": {"model": "mid-tier", "input": 1, "output": count}}]) for count in (1, 100_001))
        first, rest = one.step_wait, many.step_wait - one.step_wait
        at = np.linspace(0.01, 0.99, 99)
        for values, law in ((first, profile.first_token.value.quantile(at)),
                            (np.sort(1e5 * SECOND / rest), profile.tokens_per_second.value.quantile(at))):
            below = (values[:, None] < law).sum(axis=0)
            low, high = stats.binom.interval(1 - 1e-6, len(values), at)
            assert ((low <= below) & (below <= high)).all()

    def test_tokens_and_models(self):
        call = {"llm": {"model": "frontier", "input": "uniform(100, 200)", "output": "uniform(10, 20)"}}
        made = workload({"poisson": {"rate": "20/h"}}, request=[CALL, {"loop": {"times": 2, "steps": [call]}}])
        found = draw(made, horizon=DAY)
        assert models(made, SCENARIOS) == ("frontier", "mid-tier")
        assert of_request(found.step_model, found) == [[1, 0, 0]] * found.n
        first = found.step_first[:-1]
        assert (found.step_tokens_in[first] == 4000).all()
        assert (found.step_tokens_cached == 0).all()
        assert ((found.step_tokens_in[first + 1] >= 100) & (found.step_tokens_in[first + 1] <= 200)).all()
        assert ((found.step_tokens_out[first + 2] >= 10) & (found.step_tokens_out[first + 2] <= 20)).all()
        assert not np.array_equal(found.step_tokens_out[first + 1], found.step_tokens_out[first + 2])

    def test_recorded_samples(self, tmp_path: Path):
        (tmp_path / "s.csv").write_text("kind,ms\na,5\nb,7\na,6\n")
        law = {"samples": "s.csv", "column": "ms", "unit": "ms", "where": {"kind": "a"}}
        made = workload({"renewal": {"gap": "1 h"}}, agents=50, request=[{"wait": law}])
        assert set(draw(made, directory=tmp_path).step_wait.tolist()) == {5000, 6000}

    def test_memory_and_work(self):
        found = drawn([TOOL, {"wait": "2 s"}], memory="600 MiB")
        assert (found.memory == 600 * 2**20).all()
        assert np.array_equal(work(found), found.step_cpu[::2] + found.step_wait[::2] + 2 * SECOND)


class TestLuck:
    def test_a_loop_leaves_other_steps_alone(self):
        def loop(times: int) -> list[dict[str, Any]]:
            return [{"loop": {"times": times, "steps": [TOOL]}}, TOOL, CALL]

        few, many = drawn(loop(2)), drawn(loop(5))
        assert np.array_equal(few.step_wait.reshape(-1, 4)[:, 2:], many.step_wait.reshape(-1, 7)[:, 5:])
        assert np.array_equal(few.step_wait.reshape(-1, 4)[:, :2], many.step_wait.reshape(-1, 7)[:, :2])

    def test_no_draw_is_used_twice(self, monkeypatch: pytest.MonkeyPatch):
        seen: set[tuple[int, int, int]] = set()
        asked = 0
        uniform = luck.uniform

        def spy(seed: int, replication: int, stream: luck.Stream, entity: np.ndarray, ordinal: Any) -> Any:
            nonlocal asked
            entity, ordinal = np.broadcast_arrays(entity, ordinal)
            asked += len(entity)
            seen.update((int(stream), e, o) for e, o in zip(entity.tolist(), ordinal.tolist(), strict=True))
            return uniform(seed, replication, stream, entity, ordinal)

        monkeypatch.setattr(luck, "uniform", spy)
        loop = {"loop": {"times": "geometric(mean=2)", "steps": [TOOL, CALL, {"wait": "exponential(mean=1 s)"}]}}
        drawn([CALL, loop, {"loop": {"times": "geometric(mean=2)", "steps": [loop, TOOL]}}])
        assert len(seen) == asked


class TestSize:
    @pytest.mark.parametrize(("times", "message"), [(10**15, "rounds of a loop"), (2**20 + 1, "rounds of one request")])
    def test_endless_loops_are_refused(self, times: int, message: str):
        made = workload({"renewal": {"gap": "23 h"}}, request=[{"loop": {"times": times, "steps": [{"wait": "1 s"}]}}])
        with pytest.raises(AdvisedError, match=message):
            draw(made, horizon=DAY)

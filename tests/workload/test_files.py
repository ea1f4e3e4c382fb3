"""Files that a workload names: series of a week and recorded sessions."""

from __future__ import annotations

import gzip
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sim.errors import InputError
from sim.scenario.arrivals import Shape
from sim.units import HOUR, SECOND, WEEK
from sim.workload import recording, week
from tests.workload.support import SCENARIOS

HEADER = "session,turn,step,gap_s,kind,cpu_s,wait_s,tokens_in,tokens_cached,tokens_out,model\n"
GOOD = ["b,0,0,,llm,0,1.5,10,4,3,small", "b,0,1,,tool,0.25,2,,,,", "b,1,0,7,llm,,3,20,0,1,large",
        "a,0,0,9,wait,,1e-6,,,,"]


def write(folder: Path, text: str, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


class TestRecording:
    @pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
    @pytest.mark.parametrize("order", [[0, 1, 2, 3], [3, 2, 1, 0]])
    def test_read(self, tmp_path: Path, name: str, order: list[int]):
        found = recording.read(write(tmp_path, HEADER + "\n".join(GOOD[row] for row in order), name))
        assert found.names == ("a", "b")
        assert found.models == ("large", "small")
        assert found.turn_first.tolist() == [0, 1, 3]
        assert found.gap.tolist() == [0, 0, 7 * SECOND]
        assert found.step_first.tolist() == [0, 1, 3, 4]
        assert found.kind.tolist() == [2, 0, 1, 0]
        assert found.cpu.tolist() == [0, 0, SECOND // 4, 0]
        assert found.wait.tolist() == [1, 1_500_000, 2 * SECOND, 3 * SECOND]
        assert found.tokens_in.tolist() == [0, 10, 0, 20]
        assert found.tokens_cached.tolist() == [0, 4, 0, 0]
        assert found.tokens_out.tolist() == [0, 3, 0, 1]
        assert found.model.tolist() == [-1, 1, -1, 0]

    def test_least_columns(self, tmp_path: Path):
        found = recording.read(write(tmp_path, "session,turn,step,gap_s,kind,wait_s\ns,0,0,,llm,2\n"))
        assert found.models == ()
        assert found.model.tolist() == [-1]

    def test_changed_file_is_read_again(self, tmp_path: Path):
        path = write(tmp_path, HEADER + GOOD[3])
        assert recording.read(path).wait.tolist() == [1]
        path.write_text(HEADER + GOOD[0])
        assert recording.read(path).wait.tolist() == [1_500_000]

    @pytest.mark.parametrize(("rows", "line", "message"), [
        (["a,0,0,,llm,0,x,,,,"], 2, "`x` as `wait_s`"),
        (["a,0,0,,llm,0,-1,,,,"], 2, "`-1` as `wait_s`"),
        (["a,0,0,,llm,0,nan,,,,"], 2, "`nan` as `wait_s`"),
        (["a,0,0,,llm,0,1,1.5,,,"], 2, "`1.5` as `tokens_in`"),
        (["a,0,0,,gpu,0,1,,,,"], 2, "`gpu` as `kind`"),
        (["a,0,0,,llm,0,1,,,"], 2, "another number of fields"),
        (["a,0,1,,llm,0,1,,,,"], 2, "turn 0, step 1 where turn 0, step 0"),
        (["a,0,0,,llm,0,1,,,,", "a,0,0,,llm,0,1,,,,"], 3, "turn 0, step 0 where turn 0, step 1"),
        (["a,0,0,,llm,0,1,,,,", "a,2,0,,llm,0,1,,,,"], 3, "turn 2, step 0 where turn 1, step 0"),
        ([], 0, "has no rows"),
    ])
    def test_wrong(self, tmp_path: Path, rows: list[str], line: int, message: str):
        with pytest.raises(InputError) as error:
            recording.read(write(tmp_path, HEADER + "\n".join(rows)), "mine.csv")
        (problem,) = error.value.problems
        assert (problem.file, problem.line) == ("mine.csv", line)
        assert message in problem.message

    def test_no_table(self, tmp_path: Path):
        with pytest.raises(InputError, match="cannot be read: no such file"):
            recording.read(tmp_path / "absent.csv")
        with pytest.raises(InputError, match="no readable CSV"):
            recording.read(write(tmp_path, "x").rename(tmp_path / "x.csv.gz"))
        with pytest.raises(InputError, match="no column `session`"):
            recording.read(write(tmp_path, "a,b\n1,2\n"))


class TestShape:
    def test_read(self, tmp_path: Path):
        write(tmp_path, "t_s,rate\n0,1.5\n3600,0\n7200,3\n")
        found = week.from_file(Shape(file="x.csv"), tmp_path)
        assert found.starts == (0, HOUR, 2 * HOUR)
        assert found.rates == (Fraction(3, 2), 0, 3)
        assert found.mean == (Fraction(3, 2) + 3 * 166) / 168

    def test_last_rate_holds_until_the_first(self, tmp_path: Path):
        write(tmp_path, "when,n\n7200,3\n10800,5\n")
        found = week.from_file(Shape(file="x.csv", time="when", rate="n"), tmp_path)
        assert found.starts == (0, 2 * HOUR, 3 * HOUR)
        assert found.rates == (5, 3, 5)

    def test_scaled(self, tmp_path: Path):
        write(tmp_path, "t_s,rate\n0,1\n302400,3\n")
        found = week.from_file(Shape(file="x.csv"), tmp_path).scaled_to(Fraction(1, 10))
        assert found.rates == (Fraction(1, 20), Fraction(3, 20))
        assert found.mean == Fraction(1, 10)

    def test_numbers_of_endless_digits_cost_nothing(self, tmp_path: Path):
        """Read exactly, each of them would be an integer of 10^8 digits."""
        write(tmp_path, "t_s,rate\n0,0e99999999\n3600,1e-99999999\n7200,0e-99999999\n10800,1e-29\n")
        assert week.from_file(Shape(file="x.csv"), tmp_path).rates == (0, 0, 0, Fraction(1, 10**29))

    @pytest.mark.parametrize(("text", "line", "message"), [
        ("t_s,rate\n0,1e99999999\n", 2, "`1e99999999` as `rate`"),
        ("t_s,rate\n0,x\n", 2, "`x` as `rate`"), ("t_s,rate\n604800,1\n", 2, "outside the week"),
        ("t_s,rate\n0,-1\n", 2, "`-1` as `rate`"), ("t_s,rate\n60,1\n0,2\n", 3, "rising order"),
        ("t_s,rate\n0,1\n0,2\n", 3, "rising order"), ("t_s,rate\n0,0\n", 0, "above 0"), ("t,rate\n0,0\n", 1, "`t_s`"),
    ])
    def test_wrong(self, tmp_path: Path, text: str, line: int, message: str):
        write(tmp_path, text)
        with pytest.raises(InputError) as error:
            week.from_file(Shape(file="x.csv"), tmp_path)
        (problem,) = error.value.problems
        assert problem.line == line
        assert message in problem.message

    def test_shipped(self):
        found = week.from_file(Shape(file="data/azure-llm-2024-week-code.csv"), SCENARIOS)
        assert found.starts == tuple(range(0, WEEK, HOUR))
        days = np.array(found.rates, float).reshape(7, 24)
        assert np.array_equal(days[2], days[3])
        assert np.abs(days[2] - (days[0] + days[1]) / 2).max() <= 0.1
        # The publishers count 16,803,695 calls in their week, of which the two middle days are filled in here.
        assert abs(days.sum() * 60 / 16_803_695 - 1) < 0.01

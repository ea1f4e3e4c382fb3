"""Files that a workload names: series of a week and recorded sessions."""

from __future__ import annotations

import gzip
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sim.errors import AdvisedError, InputError
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

    def test_rows_are_checked(self, tmp_path: Path):
        with pytest.raises(InputError, match=r"x\.csv:2:14: error: `wait_s` is `x`, which is not a number"):
            recording.read(write(tmp_path, HEADER + "a,0,0,,llm,0,x,,,,"))

    def test_no_table(self, tmp_path: Path):
        with pytest.raises(AdvisedError, match="cannot be read: no such file"):
            recording.read(tmp_path / "absent.csv")
        with pytest.raises(AdvisedError, match="no column `session`"):
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

    @pytest.mark.parametrize(("text", "message"), [
        ("t_s,rate\n0,1e99999999\n", r":2:3: error: `rate` is `1e99999999`"), ("t_s,rate\n0,0\n", "no `rate` above 0"),
        ("t,rate\n0,0\n", "no column `t_s`"),
    ])  # fmt: skip
    def test_rows_are_checked(self, tmp_path: Path, text: str, message: str):
        write(tmp_path, text)
        with pytest.raises((InputError, AdvisedError), match=message):
            week.from_file(Shape(file="x.csv"), tmp_path)

    def test_shipped(self):
        found = week.from_file(Shape(file="data/azure-llm-2024-week-code.csv"), SCENARIOS)
        assert found.starts == tuple(range(0, WEEK, HOUR))
        days = np.array(found.rates, float).reshape(7, 24)
        assert np.array_equal(days[2], days[3])
        assert np.abs(days[2] - (days[0] + days[1]) / 2).max() <= 0.1
        # The publishers count 16,803,695 calls in their week, of which the two middle days are filled in here.
        assert abs(days.sum() * 60 / 16_803_695 - 1) < 0.01

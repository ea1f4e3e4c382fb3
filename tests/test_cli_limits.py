"""What is refused before it costs anything, and how a run ends that is not let finish."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import sim
from sim import catalog
from sim.cli import program
from sim.errors import InputError
from sim.report.folder import require_writable, whole
from sim.scenario import bind, loads
from sim.study import require_size
from sim.study.size import REQUEST, STEP
from sim.workload.size import expected

SCENARIO = """name: tiny
as_of: 2026-11-01
month: 2026-11
horizon: 1 week
replications: 2
workload:
  agents: 50
  memory: 4 MiB
  arrivals: {poisson: {rate: 4/h}}
  request:
    - tool: {cpu: 1 s}
    - loop: {times: geometric(mean=3), steps: [{wait: 1 s}, {tool: {cpu: 10 ms}}]}
deployments:
  here: {platform: hetzner/cx23, instances: 2}
"""
REPOSITORY = Path(sim.__file__).parents[1]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.yaml"
    path.write_text(SCENARIO)
    return path


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(program, [str(one) for one in arguments])


# Arguments of a run


@pytest.mark.parametrize(("name", "value"), [
    ("replications", 0), ("replications", 10_001), ("replications", True), ("replications", 2.0), ("seed", -1),
    ("seed", 2**64), ("seed", "1"), ("workers", 0), ("workers", -1), ("workers", 10**6),
])
def test_arguments_out_of_range_are_named(file: Path, name: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        sim.load(file).run(**{name: value})  # type: ignore[arg-type]
    (problem,) = caught.value.problems
    assert problem.file == name and repr(value) in problem.message and problem.fix


def test_all_wrong_arguments_are_told_at_once(file: Path) -> None:
    with pytest.raises(InputError) as caught:
        sim.load(file).run(seed=-1, replications=0, workers=0)
    assert [one.file for one in caught.value.problems] == ["replications", "seed", "workers"]


# Size


def test_the_expected_size_is_the_mean() -> None:
    """50 agents, 4 an hour, 168 hours; one step, and on average three rounds of two."""
    scenario = loads(SCENARIO, Path())
    size = expected(scenario.workload, Path(), scenario.horizon)
    assert (size.requests, size.steps, size.sessions) == (50 * 4 * 168, 50 * 4 * 168 * 7, 0)


@pytest.mark.parametrize(("arrivals", "requests"), [
    ("{renewal: {gap: 30 min}}", 50 * 2 * 168),
    ("{weekly: {day: {when: '08:00-20:00', rate: 3/h}, night: {when: otherwise, rate: 1/h}}}", 50 * 2 * 168),
])
def test_the_expected_requests_of_other_arrivals(arrivals: str, requests: int) -> None:
    scenario = loads(SCENARIO.replace("{poisson: {rate: 4/h}}", arrivals), Path())
    assert expected(scenario.workload, Path(), scenario.horizon).requests == pytest.approx(requests, rel=1e-12)


def test_the_expected_size_of_recorded_sessions(tmp_path: Path) -> None:
    """Two sessions with three turns of four steps in all, 10 a day for a week."""
    (tmp_path / "s.csv").write_text(
        "session,turn,step,gap_s,kind,wait_s\na,0,0,,tool,1\na,1,0,5,tool,1\na,1,1,,tool,1\nb,0,0,,tool,1\n")
    text = SCENARIO.partition("  request:")[0].replace("{poisson: {rate: 4/h}}",
                                                       "{sessions: {file: s.csv, per_day: 10}}")
    scenario = loads(text + "deployments: {here: {platform: hetzner/cx23}}\n", tmp_path)
    size = expected(scenario.workload, tmp_path, scenario.horizon)
    assert (size.sessions, size.requests, size.steps) == (70, 105, 140)


@pytest.mark.parametrize(("settings", "place", "said"), [
    (["workload.agents=1000000", "horizon=520 weeks"], "tiny.yaml:6:1", "requests"),
    (["workload.request[1].loop.times=1000000000"], "tiny.yaml:6:1", "steps"),
    (["replications=10000", "workload.arrivals.poisson.rate=400/h"], "tiny.yaml:6:1", "take days"),
    (["workload.arrivals.poisson.rate=1000000/s"], "tiny.yaml:6:1", "requests"),
])
def test_what_is_too_large_is_refused_with_numbers(
    file: Path, settings: list[str], place: str, said: str, tmp_path: Path
) -> None:
    done = call("run", file.name, *(part for one in settings for part in ("--set", one)))
    assert done.exit_code == 2 and place in done.stderr and said in done.stderr and "fix: " in done.stderr
    assert list(tmp_path.iterdir()) == [file]


def test_instances_that_do_not_fit_into_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SCENARIO.replace("instances: 2", "instances: 1000000")
    scenario = loads(text, Path(), "tiny.yaml")
    case = bind(scenario, Path())
    monkeypatch.setattr("sim.study.size._memory", lambda: 10**9)
    with pytest.raises(InputError) as caught:
        require_size([case], 1)
    (problem,) = caught.value.problems
    assert problem.place == "tiny.yaml:14:34" and "1e+06 instances take about 1.2 GB" in problem.message
    monkeypatch.setattr("sim.study.size._memory", lambda: 2 * 10**9)
    require_size([case], 1)
    with pytest.raises(InputError, match="in each of 2 processes"):
        require_size([case], 2)


def test_a_warm_up_takes_room_as_the_horizon_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is room for 1.2 weeks. A warm-up that is looked for may take half of a pilot."""
    scenario = loads(SCENARIO, Path(), "tiny.yaml")
    size = expected(scenario.workload, Path(), scenario.horizon)
    room = int(1.2 * (size.requests * REQUEST + size.steps * STEP))
    monkeypatch.setattr("sim.study.size._memory", lambda: room)
    require_size([bind(scenario, Path())], 1)
    for warmup in ("1 week", "auto"):
        longer = loads(f"warmup: {warmup}\n{SCENARIO}", Path(), "tiny.yaml")
        with pytest.raises(InputError, match="this machine has"):
            require_size([bind(longer, Path())], 1)


# The place of the output


@pytest.mark.parametrize("out", ["tiny.yaml/runs/x", "/proc/nowhere/x", "/dev/null/x"])
def test_a_place_that_cannot_be_written_to_is_told_before_the_run(
    file: Path, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.api.Study.run", lambda *_, **__: pytest.fail("it was simulated"))
    done = call("run", file.name, "--out", out)
    assert done.exit_code == 2 and "nothing can be written to" in done.stderr and "--out" in done.stderr


def test_trying_the_place_leaves_nothing_behind(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "b" / "c")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SystemExit), whole(tmp_path / "run") as building:
        (building / "summary.json").write_text("{}")
        raise SystemExit(143)
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_is_written_as_a_whole(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(SCENARIO + "axes: {workload.agents: [1, 2]}\n")
    swept = sim.load(file).run(workers=1, replications=1)
    swept.write(tmp_path / "run")
    before = (tmp_path / "run" / "summary.json").read_bytes()
    last = list(swept.results.values())[-1]  # type: ignore[union-attr]
    monkeypatch.setattr(last, "write", lambda _: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        swept.write(tmp_path / "run")
    assert {one.name for one in tmp_path.iterdir()} == {"tiny.yaml", "run"}
    assert (tmp_path / "run" / "summary.json").read_bytes() == before
    assert len(list((tmp_path / "run" / "cases").iterdir())) == 2


# Ended from outside


def started(file: Path, workers: int) -> subprocess.Popen[str]:
    """Start a run of minutes."""
    command = [sys.executable, "-m", "sim", "run", file.name, "--workers", str(workers), "--set",
               "workload.arrivals.poisson.rate=100/h", "--replications", "100"]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=file.parent, stderr=pipe, stdout=pipe, text=True, env=env)


def children(parent: int) -> dict[int, str]:
    """Processes that a process has started, with their commands."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode()
        except OSError:
            continue  # it has ended meanwhile
    return found


def until(true: object, seconds: float = 60) -> object:
    """Wait until something comes true."""
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.1)
    return found


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    return [pid for pid, command in children(process.pid).items() if "popen_loky" in command]


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to look at processes")


@linux
@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_is_terminated_leaves_nothing_behind(file: Path, workers: int, tmp_path: Path) -> None:
    process = started(file, workers)
    if workers > 1:
        assert until(lambda: len(workers_of(process)) == workers)
    else:
        time.sleep(3)
    begun = list(children(process.pid))
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (143, "", "terminated\n")
    assert until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in begun))
    assert list(tmp_path.iterdir()) == [file]


@linux
def test_a_worker_that_the_system_kills_is_told_in_a_sentence(file: Path, tmp_path: Path) -> None:
    process = started(file, 2)
    assert until(lambda: len(workers_of(process)) == 2)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "memory ran out" in err and "fewer workers than 2" in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == [file]


# Warnings


def test_a_warning_is_told_on_standard_error_and_the_file_is_valid(file: Path) -> None:
    file.write_text(SCENARIO.replace("instances: 2", "instances: 2, start: 5 s"))
    done = call("validate", file.name)
    assert done.exit_code == 0 and done.stdout == "tiny.yaml: valid, 1 deployment, 0 expectations\n"
    assert done.stderr.startswith("tiny.yaml:14:48: warning: `start` changes nothing")
    told = json.loads(call("validate", "--json", file.name).stdout)["files"][0]
    assert told["valid"] is True and [one["line"] for one in told["warnings"]] == [14]


def test_a_run_warns_too_unless_it_is_quiet(file: Path) -> None:
    file.write_text(SCENARIO.replace("instances: 2", "instances: 2, start: 5 s"))
    arguments = ("run", file.name, "--workers", "1", "--replications", "1")
    assert "warning: " in call(*arguments).stderr
    assert call(*arguments, "--quiet").stderr == ""


def test_expectations_are_told_with_all_the_rest(file: Path) -> None:
    file.write_text(SCENARIO.replace("agents: 50", "agnets: 50") + "expect: [here.cost.totl < $5]\n")
    done = call("validate", file.name)
    assert done.exit_code == 2
    assert "unknown key `agnets`" in done.stderr and "there is no figure `cost.totl`" in done.stderr


def test_expectations_that_an_axis_brings_are_looked_at(file: Path) -> None:
    file.write_text(SCENARIO + "expect: [here.cost.total < $5]\naxes: {'expect[0]': [here.cost.totl < $9]}\n")
    done = call("validate", file.name)
    assert done.exit_code == 2 and "there is no figure `cost.totl`" in done.stderr


# Platforms


def test_platforms_are_listed() -> None:
    done = call("platforms")
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines() if line[:1].isalpha()] == list(catalog.platform_ids())
    listed = json.loads(call("platforms", "--json").stdout)["platforms"]
    fly = next(one for one in listed if one["id"] == "fly/machines")
    assert fly["scales_to_zero"] is True and fly["isolation"] == "Firecracker microVM" and fly["sizes"] == 31
    server = next(one for one in listed if one["id"] == "hetzner/cx23")
    assert server["scales_to_zero"] is False and server["isolation"] is None and server["charges_by"] == ["h"]


@pytest.mark.parametrize("name", catalog.platform_ids())
def test_a_platform_is_explained_with_every_figure_and_its_source(name: str) -> None:
    told = json.loads(call("platforms", name, "--json").stdout)
    profile = catalog.profile(name)
    assert {one["path"] for one in told["figures"]} == {path for path, _ in catalog.figures(profile)}
    prices = [one for prices in told["prices"].values() for one in prices]
    assert prices and all(one["source"] and one["standing"] and one["as_of"] for one in [*told["figures"], *prices])
    assert told["not_modelled"] == list(profile.not_modelled)
    text = " ".join(call("platforms", name).stdout.split())
    assert all(f"{one['path']} {one['value']}" in text for one in told["figures"])
    assert all(one["item"] in text and one["rate"] in text for one in prices)


def test_the_first_part_of_a_name_stands_for_all_its_platforms() -> None:
    listed = json.loads(call("platforms", "fly", "--json").stdout)["platforms"]
    assert [one["id"] for one in listed] == ["fly/machines", "fly/machines-stop"]


def test_an_unknown_platform_is_told_with_the_nearest() -> None:
    done = call("platforms", "fly/machin")
    assert done.exit_code == 2 and done.stderr == "error: unknown platform `fly/machin`; did you mean `fly/machines`?\n"


def test_the_package_shows_its_public_names_only():
    assert dir(sim) == sorted(sim.__all__)
    assert all(hasattr(sim, name) for name in dir(sim))


def test_a_study_says_what_it_is(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(SCENARIO)
    assert repr(sim.load(path)) == "<Study of tiny: 1 deployment, 0 expectations; run it by .run()>"
    varied = sim.load(path, ["axes={workload.agents: [1, 2, 3]}"])
    assert repr(varied) == "<Study of tiny: 1 deployment, 0 expectations, 3 cases; run it by .run()>"

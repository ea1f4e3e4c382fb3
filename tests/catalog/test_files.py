"""Files of the catalogue: mistakes are told with their place, and reading is quick."""

import subprocess
import sys
from pathlib import Path

import pytest

from sim import catalog
from sim.catalog.lookup import Llms, Profiles
from sim.errors import InputError, Problem

GOOD = """\
sources:
  docs: {title: "Vendor, documentation", read: 2026-10-01}
common:
  title: Own platform
  vendor: Somebody
  sizes:
    small: {vcpu: 0.5, memory: 1 GiB, standing: vendor, source: docs}
  placement: {value: shared, standing: vendor, source: docs}
  binding: {value: late, standing: vendor, source: docs}
  reuse: {value: oldest, standing: vendor, source: docs}
  concurrency: {value: 2, standing: vendor, source: docs}
  minimum: {value: 0, standing: vendor, source: docs}
  maximum: {value: unlimited, standing: vendor, source: docs}
  queue: {value: 7, standing: vendor, source: docs}
  duration: {value: 15 min, standing: vendor, source: docs}
  max_duration: {value: 1 h, standing: vendor, source: docs}
  base_memory: {value: 100 MiB, standing: vendor, source: docs}
  on_memory: {value: kill, standing: vendor, source: docs}
  start:
    - name: boot
      time: {value: "lognormal(median=1 s, sigma=0.5)", standing: assumed, source: docs, reason: not published}
  meters: {busy: running, standing: vendor, source: docs}
variants:
  plain: {}
  roomy:
    concurrency: {value: 8, standing: vendor, source: docs}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "own.yaml"


def problems(file: Path, text: str, id: str = "own/plain") -> list[Problem]:
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        Profiles(file).load(id)
    return list(caught.value.problems)


def marked(problem: Problem) -> str:
    """What the caret is under."""
    assert problem.source is not None
    return problem.source[problem.column - 1 :][: problem.width]


def test_a_file_of_ones_own_is_read_as_those_of_the_package(file: Path) -> None:
    file.write_text(GOOD)
    own = Profiles(file)
    assert own.ids == ("own/plain", "own/roomy")
    plain, roomy = own.load("own/plain"), own.load("own/roomy")
    assert (plain.concurrency.value, roomy.concurrency.value) == (2, 8)
    assert plain.model_copy(update={"id": roomy.id, "concurrency": roomy.concurrency}) == roomy
    assert (plain.maximum.value, plain.queue.value) == (None, 7)


@pytest.mark.parametrize(
    ("old", "new", "line", "under", "message", "fix"),
    [
        ("value: 15 min", "value: 15 m", 15, "15 m", "is no unit", "write `15 min`"),
        ("median=1 s", "median=1", 21, '"lognormal(median=1, sigma=0.5)"', "`1` is not a duration", "`1 s`"),
        ("value: oldest", "value: eldest", 10, "eldest", "not possible here", "oldest"),
        ("source: docs}\nvariants", "source: dosc}\nvariants", 22, "dosc", "no source `dosc`", "`docs`"),
        (", reason: not published", "", 21, "{", "assumed needs a reason", "say why"),
        ("minimum:", "minimun:", 12, "minimun", "unknown key `minimun`", "`minimum`"),
        ("  vendor: Somebody\n", "", 23, "plain", "`vendor` is missing", "vendor:"),
        ("value: 7", "value: many", 14, "many", "not a whole number", "write"),
        ("{vcpu: 0.5", "{vcpus: 0.5", 7, "vcpus", "unknown key `vcpus`", "`vcpu`"),
        ("value: 1 h", "value: 1 min", 16, "{", "less than `duration`", "lower `duration` or raise this"),
        ("  plain: {}", "  plain: {id: other}", 24, "id", "unknown key `id`", ""),
        ("- name: boot\n", "- name: boot\n      name: start\n", 21, "name", "`name` is given twice", "keep one"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    file: Path, old: str, new: str, line: int, under: str, message: str, fix: str
) -> None:
    assert GOOD.count(old) == 1
    # A key that is misspelt is missing, too.
    problem, *missing = sorted(problems(file, GOOD.replace(old, new)), key=lambda problem: "missing" in problem.message)
    assert len(missing) == ("unknown key `id`" not in message and "unknown key" in message)
    assert message in problem.message
    assert fix in problem.fix
    assert problem.line == line
    assert marked(problem).startswith(under)
    assert problem.render().startswith(f"{file}:{line}:{problem.column}: error: ")


def test_all_mistakes_are_told_at_once(file: Path) -> None:
    text = GOOD.replace("value: 15 min", "value: soon").replace("value: late", "value: lately").replace("kill", "end")
    assert len(problems(file, text)) == 3


def test_a_variant_is_told_its_own_mistakes_only(file: Path) -> None:
    text = GOOD.replace("{value: 8,", "{value: eight,")
    file.write_text(text)
    assert Profiles(file).load("own/plain").concurrency.value == 2
    (problem,) = problems(file, text, "own/roomy")
    assert problem.line == 26
    assert marked(problem) == "eight"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("variants: [1\n", 2, "closing `]` is missing"),
        ("- a\n", 1, "not a mapping"),
        ("sources: {}\n", 1, "`variants` is missing"),
        ("variants: {a: {}, a: {}}", 1, "`a` is given twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(file: Path, text: str, line: int, message: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        Profiles(file)
    assert any(message in problem.message and problem.line == line for problem in caught.value.problems)


LIKE = """\
sources:
  docs: {title: "Vendor, documentation", read: 2026-10-01}
variants:
  mine:
    like: hetzner/cx23
    title: Own server
    concurrency: {value: 3, standing: vendor, source: docs}
  larger:
    like: own/mine
    title: Own larger server
"""


def test_a_platform_may_start_from_another(file: Path) -> None:
    file.write_text(LIKE)
    mine, model = Profiles(file).load("own/mine"), catalog.profile("hetzner/cx23")
    changed = {"id": "own/mine", "title": "Own server", "concurrency": mine.concurrency}
    assert mine == model.model_copy(update=changed)
    assert (mine.concurrency.value, mine.concurrency.source) == (3, "Vendor, documentation, read 2026-10-01")
    # What it takes keeps the source that it has there, with its day, and what base files say too.
    assert mine.meters.source == model.meters.source and mine.meters.as_of == model.meters.as_of
    assert mine.queue.source.startswith("No document")


@pytest.mark.parametrize(("old", "new", "line", "under", "message", "fix"), [
    ("like: hetzner/cx23", "like: hetzner/cx24", 5, "hetzner/cx24", "unknown platform", "`hetzner/cx23`"),
    ("like: hetzner/cx23", "like: own/mine", 5, "own/mine", "would start from itself", ""),
    ("like: hetzner/cx23", "like: [hetzner/cx23]", 5, "[", "unknown platform", ""),
    ("like: hetzner/cx23", "like: llm/small", 5, "llm/small", "unknown platform", ""),
    ("concurrency:", "ladder: []\n    minimum:", 8, "minimum", "less than `minimum`", ""),
])  # fmt: skip
def test_what_is_wrong_with_a_beginning_is_told(
    file: Path, old: str, new: str, line: int, under: str, message: str, fix: str
) -> None:
    told = problems(file, LIKE.replace(old, new), "own/mine")
    assert message in told[0].message and fix in told[0].fix
    assert told[0].line == line or message.startswith("less than")


def test_a_file_that_is_not_there_is_told(file: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        Profiles(file)


def test_a_file_of_models_is_read_in_the_same_way(tmp_path: Path) -> None:
    file = tmp_path / "models.yaml"
    text = """\
sources:
  docs: {title: "Vendor, documentation", read: 2026-10-01}
models:
  own:
    title: Own
    vendor: Somebody
    first_token: {value: 1 s, standing: vendor, source: docs}
    tokens_per_second: {value: 50, standing: vendor, source: docs}
"""
    file.write_text(text)
    assert Llms(file).ids == ("own",)
    assert Llms(file).load("own").first_token.value.mean == 1_000_000
    assert Llms(file).load("own").tokens_per_second.value.mean == 50
    file.write_text(text.replace("value: 1 s", "value: 1"))
    with pytest.raises(InputError) as caught:
        Llms(file).load("own")
    assert caught.value.problems[0].line == 7


class TestLaziness:
    """Only what is named is read, and nothing heavy is imported."""

    def test_importing_brings_nothing_heavy(self) -> None:
        heavy = {"pandas", "matplotlib", "scipy", "simpy", "sim.scenario"}
        program = f"import sys, sim.catalog; print(*{heavy} & set(sys.modules))"
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert run.stdout.strip() == ""

    def test_only_the_file_of_the_named_platform_is_read(self) -> None:
        program = (
            "from pathlib import Path\n"
            "read, original = [], Path.read_bytes\n"
            "def spy(self):\n"
            "    read.append(self.name)\n"
            "    return original(self)\n"
            "Path.read_bytes = spy\n"
            "from sim import catalog\n"
            "read.clear()\n"
            "catalog.profile('fly/machines')\n"
            "catalog.profile('fly/machines-stop')\n"
            "print(*read)\n"
        )
        out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        assert out.split() == ["fly.yaml"]

"""What a figure rests on, and the types of a profile."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.catalog.figures import Figure, Source, Standing, figures
from sim.catalog.profiles import Duration, Memory, Profile, Range, Rung

DOCS = Source(title="Vendor, documentation", at="vendor.example/docs", read=date(2026, 10, 1))
OLD = Source(title="Somebody, measurements", read=date(2026, 11, 22), as_of=date(2019, 8, 1))
CONTEXT = {"sources": {"docs": DOCS, "old": OLD}}


def figure(**fields: Any) -> Figure[int]:
    return Figure[Duration].model_validate(
        {"value": "15 min", "standing": "vendor", "source": "docs", **fields}, context=CONTEXT
    )


class TestFigure:
    def test_takes_document_and_day_from_the_table(self) -> None:
        found = figure()
        assert found.value == 15 * 60 * 1_000_000
        assert found.standing is Standing.VENDOR
        assert found.source == "Vendor, documentation, vendor.example/docs, read 2026-10-01"
        assert found.as_of == date(2026, 10, 1)

    def test_takes_the_day_of_the_document_rather_than_of_the_reading(self) -> None:
        assert figure(source="old").as_of == date(2019, 8, 1)
        assert figure(source="old").source == "Somebody, measurements, of 2019-08-01, read 2026-11-22"

    def test_may_have_a_day_and_a_document_of_its_own(self) -> None:
        found = figure(source="Somebody, a page, read 2026-01-02", as_of="2026-01-02")
        assert found.as_of == date(2026, 1, 2)
        assert found.source == "Somebody, a page, read 2026-01-02"

    def test_needs_a_day_when_its_document_is_not_in_the_table(self) -> None:
        with pytest.raises(ValidationError, match="as_of"):
            figure(source="Somebody, a page")

    def test_refuses_a_key_that_the_table_does_not_have(self) -> None:
        with pytest.raises(ValidationError, match="did you mean `docs`"):
            figure(source="dosc")

    @pytest.mark.parametrize("standing", ["assumed", "calibrated"])
    def test_that_is_a_guess_needs_a_reason(self, standing: str) -> None:
        with pytest.raises(ValidationError, match="needs a reason"):
            figure(standing=standing)
        with pytest.raises(ValidationError):
            figure(standing=standing, reason="")
        assert figure(standing=standing, reason="nobody publishes it").reason == "nobody publishes it"

    @pytest.mark.parametrize("missing", ["value", "standing", "source"])
    def test_is_complete(self, missing: str) -> None:
        fields = {"value": "15 min", "standing": "vendor", "source": "docs"}
        del fields[missing]
        with pytest.raises(ValidationError, match=missing):
            Figure[Duration].model_validate(fields, context=CONTEXT)

    def test_is_frozen_and_knows_its_keys(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            figure().value = 1
        with pytest.raises(ValidationError, match="Extra inputs"):
            figure(unit="min")

    def test_standings_come_best_first(self) -> None:
        assert [standing.value for standing in Standing] == ["measured", "vendor", "article", "calibrated", "assumed"]

    @given(st.integers(0, 2**53), st.sampled_from([s for s in Standing if s not in ("assumed", "calibrated")]))
    def test_is_written_so_that_it_can_be_read_again(self, value: int, standing: Standing) -> None:
        rest = {"standing": standing, "source": "a page, read today", "as_of": date(2026, 1, 1)}
        for kind, text in ((Duration, f"{value} us"), (Memory, f"{value} B")):
            found = Figure[kind].model_validate({"value": text, **rest})  # type: ignore[valid-type]
            assert found.value == value
            assert type(found).model_validate(found.model_dump(mode="json")) == found


def rung(**fields: Any) -> Rung:
    at = {"standing": "vendor", "source": "docs"}
    plain = {"name": "paused", "after": {"value": "5 min", **at}, "enter": {"value": "0 s", **at}, "keeps": False}
    return Rung.model_validate({**plain, **fields}, context=CONTEXT)


class TestRung:
    def test_keeps_exactly_if_it_can_be_woken(self) -> None:
        wake = {"value": "1 s", "standing": "vendor", "source": "docs"}
        with pytest.raises(ValidationError, match="needs a time to wake"):
            rung(keeps=True)
        with pytest.raises(ValidationError, match="nothing wakes"):
            rung(wake=wake)
        assert rung(keeps=True, wake=wake).keeps

    @given(st.integers(0, 2**40), st.integers(0, 60_000_000), st.integers(0, 60_000_000))
    def test_takes_longer_to_enter_with_more_memory(self, memory: int, fixed: int, per_gib: int) -> None:
        at = {"standing": "vendor", "source": "docs"}
        found = rung(enter={"value": f"{fixed} us", **at}, enter_per_gib={"value": f"{per_gib} us", **at})
        exact = fixed + Fraction(per_gib * memory, 2**30)
        assert abs(found.entering(memory) - exact) <= Fraction(1, 2)
        assert found.entering(memory) <= found.entering(memory + 2**20)


def test_a_range_rises() -> None:
    at = {"standing": "vendor", "source": "docs"}
    assert Range[Memory].model_validate({"low": "1 GiB", "high": "1 GiB", **at}, context=CONTEXT).low == 2**30
    with pytest.raises(ValidationError, match="`low` is above `high`"):
        Range[Memory].model_validate({"low": "2 GiB", "high": "1 GiB", **at}, context=CONTEXT)


def parts() -> dict[str, Any]:
    """The least that a profile needs, as it would be in a file."""
    def at(value: Any) -> dict[str, Any]:
        return {"value": value, "standing": "vendor", "source": "docs"}

    return {
        "id": "own/kind", "title": "Own", "vendor": "Somebody",
        "sizes": {"small": {"vcpu": 1, "memory": "1 GiB", "standing": "vendor", "source": "docs"}},
        "placement": at("shared"), "binding": at("late"), "reuse": at("oldest"), "concurrency": at(1),
        "minimum": at(0), "maximum": at("unlimited"), "queue": at("unlimited"), "duration": at("1 h"),
        "max_duration": at("unlimited"), "base_memory": at("100 MiB"), "on_memory": at("kill"),
        "meters": {"busy": "running", "standing": "vendor", "source": "docs"},
    }  # fmt: skip


def profile(**fields: Any) -> Profile:
    return Profile.model_validate({**parts(), **fields}, context=CONTEXT)


class TestProfile:
    def test_takes_its_only_size_for_the_default(self) -> None:
        assert profile().default_size == "small"
        assert profile().sizes["small"].name == "small"
        two = {**parts()["sizes"], "large": {**parts()["sizes"]["small"], "vcpu": 2}}
        assert profile(sizes=two).default_size is None
        assert profile(sizes=two, default_size="large").default_size == "large"
        with pytest.raises(ValidationError, match="did you mean `large`"):
            profile(sizes=two, default_size="lage")

    @pytest.mark.parametrize(
        ("field", "value", "below"),
        [("max_concurrency", 1, {"concurrency": 2}), ("maximum", 0, {"minimum": 1}),
         ("max_duration", "59 min", {"duration": "1 h"}), ("max_duration", "1 h", {"duration": "unlimited"})],
    )  # fmt: skip
    def test_has_no_default_beyond_its_limit(self, field: str, value: Any, below: dict[str, Any]) -> None:
        ((name, default),) = below.items()
        at = {"standing": "vendor", "source": "docs"}
        with pytest.raises(ValidationError, match=f"less than `{name}`"):
            profile(**{field: {"value": value, **at}, name: {"value": default, **at}})

    def test_has_sizes_or_a_free_shape(self) -> None:
        at = {"standing": "vendor", "source": "docs"}
        free = {
            "vcpu_range": {"low": 1, "high": 8, **at}, "default_vcpu": {"value": 2, **at},
            "memory_range": {"low": "1 GiB", "high": "8 GiB", **at}, "default_memory": {"value": "2 GiB", **at},
        }  # fmt: skip
        assert profile(sizes={}, **free).default_memory is not None
        for wrong in ({"sizes": {}}, free, {"sizes": {}, **free, "default_vcpu": None}):
            with pytest.raises(ValidationError, match="either named sizes or free cores and memory"):
                profile(**wrong)
        with pytest.raises(ValidationError, match="outside the range"):
            profile(sizes={}, **{**free, "default_memory": {"value": "9 GiB", **at}})

    def test_has_one_meter_for_each_rung_that_keeps(self) -> None:
        ladder = (rung(keeps=True, wake={"value": "1 s", "standing": "vendor", "source": "docs"}),)
        meters = {"standing": "vendor", "source": "docs"}
        with pytest.raises(ValidationError, match="not said what runs in the rung `paused`"):
            profile(ladder=ladder, meters=meters)
        with pytest.raises(ValidationError, match="no instance rests in a rung `pausd`"):
            profile(ladder=ladder, meters={**meters, "rungs": {"pausd": None, "paused": None}})
        found = profile(ladder=ladder, meters={**meters, "busy": "run", "rungs": {"paused": "sleep"}})
        assert found.meters.names == {"run", "sleep"}
        assert profile(ladder=ladder, meters={**meters, "rungs": {"paused": None}}).meters.names == set()

    def test_can_lose_the_instance_at_the_end_of_the_ladder_only(self) -> None:
        kept = rung(name="kept", keeps=True, wake={"value": "1 s", "standing": "vendor", "source": "docs"})
        meters = {"rungs": {"kept": None}, "standing": "vendor", "source": "docs"}
        assert len(profile(ladder=(kept, rung()), meters=meters).ladder) == 2
        with pytest.raises(ValidationError, match="nothing can come after `paused`"):
            profile(ladder=(rung(), kept), meters=meters)
        with pytest.raises(ValidationError, match="two rungs have the same name"):
            profile(ladder=(kept, kept), meters=meters)

    @pytest.mark.parametrize("wrong", [True, "20", 1.5, 0])
    def test_counts_in_whole_numbers(self, wrong: Any) -> None:
        with pytest.raises(ValidationError):
            profile(concurrency={"value": wrong, "standing": "vendor", "source": "docs"})

    def test_lists_what_it_rests_on(self) -> None:
        kept = rung(name="kept", keeps=True, wake={"value": "1 s", "standing": "vendor", "source": "docs"})
        meters = {"rungs": {"kept": None}, "standing": "vendor", "source": "docs"}
        paths = [path for path, _ in figures(profile(ladder=(kept,), meters=meters))]
        assert paths == [
            "sizes.small", "placement", "binding", "reuse", "concurrency", "minimum", "maximum", "queue", "duration",
            "max_duration", "base_memory", "on_memory", "ladder.kept.after", "ladder.kept.enter", "ladder.kept.wake",
            "meters",
        ]  # fmt: skip
        assert all(path.startswith("fly.") for path, _ in figures(profile(), "fly"))

    def test_says_how_large_the_disk_is(self) -> None:
        disk = {"value": 3, "standing": "vendor", "source": "docs"}
        sized = {"small": {**parts()["sizes"]["small"], "disk_gb": 40}}
        assert profile().storage_gb("small") == 0
        assert profile(disk_gb=disk).storage_gb("small") == 3
        assert profile(disk_gb=disk, sizes=sized).storage_gb("small") == 40

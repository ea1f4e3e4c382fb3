"""The profiles that come with the package: every one loads, says where its figures are from, and makes sense."""

from fractions import Fraction

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from sim import catalog
from sim.catalog.figures import Standing, figures
from sim.catalog.lookup import PROFILES
from sim.catalog.profiles import Combination, LlmProfile, Profile, Rung
from sim.errors import UnknownName
from sim.scenario import combined

MIB = 2**20
GIB = 2**30
S = 1_000_000
MIN = 60 * S

PLATFORMS = catalog.platform_ids()
MODELS = catalog.llm_ids()

# Written by hand from the list of platforms and meters that profiles and price books agreed on.
METERS = {
    "hetzner/cx23": {"server"},
    "hetzner/cx33": {"server"},
    "hetzner/cpx22": {"server"},
    "hetzner/cpx32": {"server"},
    "hetzner/cpx42": {"server"},
    "hetzner/cax11": {"server"},
    "hetzner/cax21": {"server"},
    "hetzner/ccx13": {"server"},
    "hetzner/ccx23": {"server"},
    "digitalocean/droplet": {"droplet"},
    "gcp/e2-medium": {"vm"},
    "gcp/e2": {"vm"},
    "fly/machines": {"started", "suspended"},
    "fly/machines-stop": {"started", "stopped"},
    "cloud-run/request-based": {"active", "idle", "request"},
    "cloud-run/instance-based": {"instance"},
    "aws-lambda/x86": {"invocation"},
    "aws-lambda/arm": {"invocation"},
    "e2b/sandbox": {"running", "paused"},
    "modal/sandbox": {"running"},
    "modal/function": {"running"},
    "daytona/sandbox": {"running", "stopped", "archived"},
    "cloudflare/containers": {"running"},
    "cloudflare/workers": {"serving", "request"},
    "cloudflare/durable-objects": {"object", "object-request"},
    "cloud-run/jobs": {"instance"},
    "cloud-run/worker-pools": {"worker"},
    "github-actions/standard": {"job"},
    "github-actions/larger": {"job"},
    "github-actions/larger-arm": {"job"},
    "github-actions/gpu": {"job"},
    "blacksmith/x64": {"job"},
    "blacksmith/arm": {"job"},
    "blacksmith/windows": {"job"},
    "vercel/functions": {"serving", "invocation"},
    "vercel/sandbox": {"running", "snapshot"},
    "azure-container-apps/consumption": {"active", "idle", "request"},
    "azure-container-apps/dynamic-sessions": {"session"},
    "azure-container-instances/standard": {"group"},
    "azure-container-instances/spot": {"group"},
    "aws-fargate/x86": {"task"},
    "aws-fargate/arm": {"task"},
    "aws-fargate/spot": {"task"},
    "render/web": {"service"},
    "render/free": {"free"},
    "railway/service": {"up"},
    "railway/serverless": {"up"},
    "railway/sandbox": {"vm"},
    "fly-sprites/sprite": {"awake", "kept"},
    "aws-lambda/x86-snapstart": {"invocation"},
    "aws-lambda/x86-provisioned": {"invocation"},
    "aws-lambda/arm-provisioned": {"invocation"},
    "aws-lambda-microvms/arm": {"running", "suspended"},
    "aws-lambda-managed/on-demand": {"instance", "request"},
    "aws-lambda-managed/savings": {"instance", "request"},
    "lambda-cloud/on-demand": {"instance"},
    "lambda-cloud/reserved": {"reserved"},
    "spheron/on-demand": {"instance"},
    "spheron/spot": {"spot"},
    "coreweave/on-demand": {"instance"},
    "coreweave/spot": {"spot"},
    "coreweave/reserved": {"reserved"},
    "runpod/secure": {"pod"},
    "runpod/community": {"pod"},
    "runpod/serverless": {"worker"},
    "aws-ec2/gpu": {"instance"},
    "aws-ec2/gpu-spot": {"spot"},
    "aws-ec2/gpu-reserved": {"reserved"},
    "azure-vm/gpu": {"vm"},
    "gcp/gpu": {"vm"},
    "gcp/gpu-spot": {"spot"},
    "gcp/gpu-reserved": {"committed"},
    "digitalocean/gpu": {"gpu-droplet"},
    "digitalocean/gpu-reserved": {"reserved"},
    "modal/gpu-function": {"running"},
    "modal/gpu-sandbox": {"running"},
    "cloud-run/l4": {"instance"},
    "cloud-run/rtx-pro-6000": {"instance"},
    "azure-container-apps/gpu-t4": {"active-gpu", "request"},
    "azure-container-apps/gpu-a100": {"active-gpu", "request"},
    "owned/rtx": {"loaded", "idle"},
    "isolation/docker": set(),
    "isolation/gvisor": set(),
    "isolation/firecracker": set(),
    "isolation/firecracker-snapshot": set(),
    "isolation/kata": set(),
}


def shapes(profile: Profile) -> list[tuple[Fraction, int]]:
    """Cores and memory of every size, or of the default shape."""
    if profile.sizes:
        return [(size.vcpu, size.memory) for size in profile.sizes.values()]
    assert profile.default_memory is not None
    memory = profile.default_memory.value
    cores = profile.cores(memory)
    if cores is None:
        assert profile.default_vcpu is not None
        cores = profile.default_vcpu.value
    return [(cores, memory)]


def test_the_catalogue_has_these_platforms_with_these_meters() -> None:
    assert {id: set(catalog.profile(id).meters.names) for id in PLATFORMS} == METERS


def test_the_catalogue_has_these_models() -> None:
    # The model ids are those that occur in the recorded sessions.
    assert set(MODELS) == {
        "frontier", "mid-tier", "small", "claude-opus-4-5-20251101", "claude-opus-4-6", "claude-sonnet-4-5-20250929",
        "claude-sonnet-4-20250514", "claude-opus-4-1-20250805", "claude-haiku-4-5-20251001",
    }  # fmt: skip


@pytest.mark.parametrize("entry", [*map(catalog.profile, PLATFORMS), *map(catalog.llm, MODELS)], ids=lambda e: e.id)
class TestEveryFigure:
    def test_says_where_it_is_from(self, entry: Profile | LlmProfile) -> None:
        found = dict(figures(entry))
        assert found
        for path, figure in found.items():
            assert " " in figure.source, f"{path}: {figure.source} names no document"
            assert 2019 <= figure.as_of.year <= 2026, path
            assert figure.standing in Standing, path

    def test_gives_a_reason_for_a_guess(self, entry: Profile | LlmProfile) -> None:
        for path, figure in figures(entry):
            if figure.standing in (Standing.ASSUMED, Standing.CALIBRATED):
                assert figure.reason is not None and len(figure.reason.split()) > 3, path

    def test_is_written_so_that_it_can_be_read_again(self, entry: Profile | LlmProfile) -> None:
        assert type(entry).model_validate(entry.model_dump(mode="json")) == entry


@pytest.mark.parametrize("profile", [catalog.profile(id) for id in PLATFORMS], ids=lambda p: p.id)
class TestEveryPlatform:
    def test_can_serve_a_request_in_its_default_shape(self, profile: Profile) -> None:
        for cores, memory in shapes(profile):
            assert cores > 0
            assert memory > profile.base_memory.value

    def test_loses_the_instance_in_the_last_rung_only(self, profile: Profile) -> None:
        assert all(rung.keeps for rung in profile.ladder[:-1])
        assert all((rung.wake is not None) == rung.keeps for rung in profile.ladder)

    def test_says_for_every_rung_in_which_instances_rest_what_runs(self, profile: Profile) -> None:
        assert set(profile.meters.rungs) == {rung.name for rung in profile.ladder if rung.keeps}

    def test_scales_to_zero_exactly_if_it_has_a_ladder(self, profile: Profile) -> None:
        kept = 1 if profile.id.endswith("-provisioned") else 0
        machines = 3 if profile.id.startswith("aws-lambda-managed/") else 1
        assert profile.minimum.value == (kept if profile.ladder else machines)

    def test_stays_within_its_own_limits(self, profile: Profile) -> None:
        if profile.maximum.value is not None:
            assert profile.minimum.value <= profile.maximum.value
        if profile.max_concurrency is not None:
            assert profile.concurrency.value <= profile.max_concurrency.value
        if profile.max_duration.value is not None:
            assert profile.duration.value is not None and profile.duration.value <= profile.max_duration.value

    def test_has_a_start_of_finite_mean(self, profile: Profile) -> None:
        assert profile.start
        for part in profile.start:
            assert 0 < part.time.value.mean < 10 * MIN

    def test_has_a_default_size_if_it_has_sizes(self, profile: Profile) -> None:
        assert (profile.default_size is not None) == bool(profile.sizes)


def test_no_source_is_listed_for_nothing() -> None:
    unused = []
    for path in PROFILES.glob("*.yaml"):
        text = path.read_text()
        for key in yaml.safe_load(text)["sources"]:
            if f"source: {key}\n" not in text and f"source: {key}}}" not in text:
                unused.append(f"{path.name}: {key}")
    assert unused == []


class TestAgainstTheVendors:
    """Figures of the vendors' documents, typed in once more by hand."""

    def test_lambda_has_one_core_at_1769_mb(self) -> None:
        x86 = catalog.profile("aws-lambda/x86")
        assert x86.cores(1769 * MIB) == 1
        assert x86.cores(10240 * MIB) == Fraction(10240, 1769)  # 5.79 cores
        assert x86.cores(128 * MIB) == Fraction(128, 1769)  # 0.072 cores

    @pytest.mark.parametrize("id", ["aws-lambda/x86", "aws-lambda/arm"])
    def test_lambda_limits(self, id: str) -> None:
        profile = catalog.profile(id)
        assert profile.memory_range is not None
        assert (profile.memory_range.low, profile.memory_range.high) == (128 * MIB, 10240 * MIB)
        assert profile.max_duration.value == 15 * MIN
        assert profile.concurrency.value == 1
        assert profile.maximum.value == 1000
        assert profile.queue.value == 0
        assert profile.binding.value == "early"

    def test_cloud_run_limits(self) -> None:
        for id in ("cloud-run/request-based", "cloud-run/instance-based"):
            profile = catalog.profile(id)
            assert profile.concurrency.value == 80
            assert profile.max_concurrency is not None and profile.max_concurrency.value == 1000
            assert profile.max_duration.value == 3600 * S
            assert profile.vcpu_range is not None and profile.vcpu_range.high == 8
            assert profile.memory_range is not None and profile.memory_range.high == 32 * GIB
            assert profile.ladder[0].after.value == 15 * MIN
            assert profile.maximum.value == 100

    def test_cloud_run_bills_idle_instances_by_the_kind_of_billing(self) -> None:
        by_request = catalog.profile("cloud-run/request-based").meters
        by_instance = catalog.profile("cloud-run/instance-based").meters
        assert (by_request.starting, by_request.busy, by_request.idle) == ("active", "active", None)
        assert (by_request.minimum_idle, by_request.request) == ("idle", "request")
        assert by_instance.starting == by_instance.busy == by_instance.idle == "instance"
        assert by_instance.minimum_idle is None and by_instance.request is None

    def test_fly_sizes_follow_its_rule_of_memory(self) -> None:
        # 256 MB to 2 GB for each shared core, 2 GB to 8 GB for each performance core.
        profile = catalog.profile("fly/machines")
        for size in profile.sizes.values():
            each = size.memory / size.vcpu
            low, high = (256 * MIB, 2 * GIB) if size.name.startswith("shared") else (2 * GIB, 8 * GIB)
            assert low <= each <= high, size.name
            kind, cores, memory = size.name.rsplit("-", 2)
            assert kind in ("shared-cpu", "performance")
            assert cores == f"{size.vcpu}x"
            assert memory in (f"{size.memory // MIB}mb", f"{size.memory // GIB}gb")

    @pytest.mark.parametrize(
        ("name", "vcpu", "memory"),
        [("shared-cpu-1x-256mb", 1, 256 * MIB), ("shared-cpu-1x-1gb", 1, GIB), ("shared-cpu-2x-2gb", 2, 2 * GIB),
         ("shared-cpu-2x-4gb", 2, 4 * GIB), ("shared-cpu-8x-16gb", 8, 16 * GIB), ("performance-1x-2gb", 1, 2 * GIB)],
    )  # fmt: skip
    def test_fly_has_the_size(self, name: str, vcpu: int, memory: int) -> None:
        size = catalog.profile("fly/machines").sizes[name]
        assert (size.vcpu, size.memory) == (vcpu, memory)

    def test_fly_suspends_up_to_2_gib(self) -> None:
        (rung,) = catalog.profile("fly/machines").ladder
        assert rung.max_memory is not None and rung.max_memory.value == 2 * GIB
        (stopped,) = catalog.profile("fly/machines-stop").ladder
        assert stopped.max_memory is None
        assert rung.wake is not None and stopped.wake is not None
        assert rung.wake.value.mean < stopped.wake.value.mean  # a resume is faster than a boot

    def test_e2b_takes_4_s_to_pause_a_gib_and_1_s_to_resume(self) -> None:
        (rung,) = catalog.profile("e2b/sandbox").ladder
        assert rung.entering(1 * GIB) == 4 * S
        assert rung.entering(512 * MIB) == 2 * S
        assert rung.entering(8 * GIB) == 32 * S
        assert rung.after.value == 5 * MIN
        assert rung.wake is not None
        assert rung.wake.value.quantile(np.array([0.5])) == pytest.approx(1 * S)

    def test_daytona_stops_after_15_min_and_archives_after_7_days(self) -> None:
        stopped, archived = catalog.profile("daytona/sandbox").ladder
        assert stopped.after.value == 15 * MIN
        assert archived.after.value == 7 * 24 * 60 * MIN
        assert stopped.keeps and archived.keeps
        # 3 GiB in units of 10^9 bytes.
        assert catalog.profile("daytona/sandbox").storage_gb(None) * 10**9 == 3 * GIB

    def test_modal_keeps_a_function_for_60_s(self) -> None:
        profile = catalog.profile("modal/function")
        assert profile.ladder[0].after.value == 60 * S
        assert profile.max_duration.value == 24 * 60 * MIN

    def test_cloudflare_sizes(self) -> None:
        sizes = catalog.profile("cloudflare/containers").sizes
        found = {size.name: (size.vcpu, size.memory, size.disk_gb) for size in sizes.values()}
        assert found == {
            "lite": (Fraction(1, 16), 256 * MIB, 2),
            "basic": (Fraction(1, 4), 1 * GIB, 4),
            "standard-1": (Fraction(1, 2), 4 * GIB, 8),
            "standard-2": (1, 6 * GIB, 12),
            "standard-3": (2, 8 * GIB, 16),
            "standard-4": (4, 12 * GIB, 20),
        }
        assert catalog.profile("cloudflare/containers").ladder[0].after.value == 10 * MIN

    @pytest.mark.parametrize(
        ("id", "vcpu", "memory", "disk"),
        [("hetzner/cx23", 2, 4, 40), ("hetzner/cx33", 4, 8, 80), ("digitalocean/droplet", 2, 4, 80),
         ("gcp/e2-medium", 1, 4, 0)],
    )  # fmt: skip
    def test_servers(self, id: str, vcpu: int, memory: int, disk: int) -> None:
        profile = catalog.profile(id)
        assert profile.default_size is not None
        size = profile.sizes[profile.default_size]
        assert (size.vcpu, size.memory, size.disk_gb) == (vcpu, memory * GIB, disk)
        # Always on, and one meter in every phase.
        assert profile.ladder == ()
        assert profile.minimum.value == profile.maximum.value == 1
        meters = profile.meters
        assert meters.starting == meters.idle == meters.busy is not None


class TestAgainstMeasurements:
    """Another day of the same benchmark (100 starts on 2026-05-05) must look like the days that the profile has."""

    @pytest.mark.parametrize(
        ("id", "median", "p95"),
        [("e2b/sandbox", 491, 686), ("daytona/sandbox", 186, 492), ("modal/sandbox", 1723, 2309),
         ("cloudflare/containers", 2056, 2969)],
    )  # fmt: skip
    def test_a_later_day_lies_within(self, id: str, median: int, p95: int) -> None:
        (part,) = catalog.profile(id).start
        assert part.time.standing is Standing.MEASURED
        quantile = part.time.value.quantile
        # Bad days make most of the tail of all days together, so the p95 of a day lies below theirs as a rule.
        p20, p50, p80, p99 = quantile(np.array([0.2, 0.5, 0.8, 0.99])) / 1000
        assert p20 < median < p80
        assert p50 < p95 < p99

    def test_cloudflare_starts_within_the_vendors_1_to_3_s(self) -> None:
        (part,) = catalog.profile("cloudflare/containers").start
        share = np.mean(part.time.value.quantile(np.arange(1, 1000) / 1000) <= 3 * S)
        assert share > 0.9

    def test_isolation_starts_in_the_order_of_the_article(self) -> None:
        # Docker 500 ms, Kata 300, gVisor 200, Firecracker 125, from a snapshot 28.
        names = ("docker", "kata", "gvisor", "firecracker", "firecracker-snapshot")
        parts = [catalog.profile(f"isolation/{name}").start[0].time.value for name in names]
        times = [part.quantile(np.array([0.5]))[0] for part in parts]
        assert times == pytest.approx([500_000, 300_000, 200_000, 125_000, 28_000])

    def test_arm_starts_faster_than_x86(self) -> None:
        mean = {id: catalog.profile(id).start[1].time.value.mean for id in ("aws-lambda/x86", "aws-lambda/arm")}
        assert mean["aws-lambda/arm"] < mean["aws-lambda/x86"]

    def test_a_call_of_opus_4_5_takes_as_long_as_recorded(self) -> None:
        # Of its streamed calls the mean output took 9.17 s after the first token and the mean first token 2.81 s.
        model = catalog.llm("claude-opus-4-5-20251101")
        assert model.first_token.value.mean / S == pytest.approx(2.81, rel=0.05)
        # 539 tokens are the mean output of these calls; E[1/speed] over the percentiles.
        slowness = np.mean(1 / model.tokens_per_second.value.quantile(np.arange(0.5, 1000) / 1000))
        assert slowness == pytest.approx(9.17 / 539, rel=0.1)


@pytest.mark.parametrize(
    ("name", "answer"),
    [("cloud-run/request-basd", "did you mean `cloud-run/request-based`"), ("fly/machine", "`fly/machines`"),
     ("Hetzner/CX23", "`hetzner/cx23`"), ("hetzner", "unknown platform"), ("llm", "unknown platform"),
     ("llm/small", "unknown platform"), ("../prices", "unknown platform"), ("", "unknown platform")],
)  # fmt: skip
def test_an_unknown_platform_is_answered_with_the_nearest(name: str, answer: str) -> None:
    with pytest.raises(UnknownName, match=answer) as caught:
        catalog.profile(name)
    assert caught.value.name == name
    assert set(caught.value.known) == set(PLATFORMS)


def test_an_unknown_model_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="mid-tier"):
        catalog.llm("mid-teir")


def test_entering_rounds_to_the_nearest_microsecond() -> None:
    (rung,) = catalog.profile("e2b/sandbox").ladder
    # 4 s for 2^30 bytes: a byte takes 0.0037 us, 135 bytes 0.503 us, 134 bytes 0.499 us.
    assert [Rung.entering(rung, bytes) for bytes in (0, 134, 135)] == [0, 0, 1]


@pytest.mark.parametrize(("keys", "message"), [
    ({"memory_at_most": "1 GiB"}, "it does not say of which instances"),
    ({"vcpu_below": 1, "vcpu_from": 2, "memory_at_most": "1 GiB"}, "it does not say of which instances"),
    ({"vcpu_below": 1}, "it refuses nothing"),
])
def test_a_combination_says_of_what_and_what(keys, message):
    with pytest.raises(ValidationError, match=message):
        Combination.model_validate({**keys, "standing": "vendor", "source": "a document", "as_of": "2026-11-22"})


@pytest.mark.parametrize(("vcpu", "memory", "concurrency", "goes"), [
    # The vendor's two tables: least CPUs for a memory limit, least memory for a CPU limit; and its rules below 1 CPU.
    (1, 4, 80, True), (1, 4.01, 80, False), (2, 8, 80, True), (2, 8.01, 80, False), (4, 16, 80, True),
    (4, 16.01, 80, False), (6, 24, 80, True), (6, 24.01, 80, False), (8, 32, 80, True), (4, 2, 80, True),
    (4, 1.99, 80, False), (6, 3.99, 80, False), (6, 4, 80, True), (8, 3.99, 80, False), (2, 0.125, 80, True),
    (0.5, 1, 1, True), (0.5, 1.01, 1, False), (0.5, 0.5, 2, False), (0.49, 0.5, 1, True), (0.49, 0.51, 1, False),
    (0.08, 0.5, 1, True), (0.999, 1, 2, False),
])  # fmt: skip
def test_what_goes_together_on_cloud_run(vcpu, memory, concurrency, goes):
    profile = catalog.profile("cloud-run/request-based")
    assert combined.allowed(profile, Fraction(str(vcpu)), int(memory * 2**30), concurrency) is goes

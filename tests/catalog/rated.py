"""Bills of a month, worked by hand from what vendors state: nothing in here is read from the catalogue.

Each charge has what was used, in its own units, what of it is free, and its dollars. The arithmetic is in the comments,
the vendor's figures with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from sim.billing import Used

LIST, ARTICLE = "list-2026", "article-2026"
Item = tuple[Used, Fraction, Fraction | None]


@dataclass(frozen=True)
class Rated:
    """What an account used of a platform in a month, and its bill; None for the dollars of what has no known price."""

    book: str
    platform: str
    month: str
    items: Mapping[str, Item]
    total: Fraction

    def __str__(self) -> str:
        return f"{self.book} {self.platform} {' '.join(self.items)}"


def of(book: str, platform: str, total: str, month: str = "2026-11", **items: Item) -> Rated:
    """A bill; the names of charges have underscores for hyphens."""
    return Rated(book, platform, month, {key.replace("_", "-"): item for key, item in items.items()}, Fraction(total))


def q(used: str | int | Fraction, dollars: str | int | None, free: str | int = 0) -> Item:
    """What was used, its dollars, and what of it is free."""
    return Used(Fraction(used)), Fraction(free), None if dollars is None else Fraction(dollars)


def each(dollars: str, *instances: tuple[int | str, int]) -> Item:
    """What each of some instances used, and how many there are, where each has a cap or a least price."""
    return Used.by_instance(*((Fraction(used), count) for used, count in instances)), Fraction(0), Fraction(dollars)


NONE = q(1, None)
"""Used, and the book knows no price."""


def runners() -> list[Rated]:
    """Continuous integration, by the minute."""
    # GitHub, 2026: 10,000 minutes of Linux 2-core at 0.006, 2,000 of them free: 8,000 x 0.006 = 48.
    one = [of(LIST, "github-actions/standard", "48", linux_2_core=q(10_000, 48, 2000))]
    # The 2,000 are spent in the order of the list: 500 of 1-core, then 1,500 of 2-core; what is left costs
    # 500 x 0.006 = 3; 1,000 x 0.005 = 5; 300 x 0.010 = 3; 100 x 0.062 = 6.20; together 17.20.
    one += [of(LIST, "github-actions/standard", "17.20", linux_1_core=q(500, 0, 500), linux_2_core=q(2000, 3, 1500),
               linux_arm_2_core=q(1000, 5), windows_2_core=q(300, 3), macos_3_core=q(100, "6.20"))]
    # 1,000 minutes of each, no free ones: 0.012, 0.022, 0.042, 0.082, 0.162, 0.252 a minute.
    one += [of(LIST, "github-actions/larger", "572", linux_4_core=q(1000, 12), linux_8_core=q(1000, 22),
               linux_16_core=q(1000, 42), linux_32_core=q(1000, 82), linux_64_core=q(1000, 162),
               linux_96_core=q(1000, 252))]
    # Arm: 0.008, 0.014, 0.026, 0.050, 0.098.
    one += [of(LIST, "github-actions/larger-arm", "196", linux_arm_4_core=q(1000, 8), linux_arm_8_core=q(1000, 14),
               linux_arm_16_core=q(1000, 26), linux_arm_32_core=q(1000, 50), linux_arm_64_core=q(1000, 98))]
    # T4: 0.052 and 0.102 a minute, 3.12 and 6.12 an hour.
    one += [of(LIST, "github-actions/gpu", "9.24", linux_4_core_gpu=q(60, "3.12"), windows_4_core_gpu=q(60, "6.12"))]
    # Blacksmith: 10,000 minutes of 2 vCPUs at 0.004, 3,000 free: 7,000 x 0.004 = 28. In vCPU minutes twice as many.
    one += [of(LIST, "blacksmith/x64", "28", x64=q(20_000, 28, 6000))]
    # 10,000 minutes of 4 vCPUs, of 0.005 (Arm) and 0.016 (Windows): (40,000 - 6,000) x 0.00125 = 42.50, and
    # (40,000 - 6,000) x 0.004 = 136.
    one += [of(LIST, "blacksmith/arm", "42.50", arm=q(40_000, "42.50", 6000)),
            of(LIST, "blacksmith/windows", "136", windows=q(40_000, 136, 6000))]
    # The article: 10 hours at 3.12 and at 6.12.
    one += [of(ARTICLE, "github-actions/standard", "0", minutes=NONE),
            of(ARTICLE, "github-actions/gpu", "92.40", linux_gpu=q(10, "31.20"), windows_gpu=q(10, "61.20")),
            of(ARTICLE, "blacksmith/x64", "0", minutes=NONE)]
    return one


def functions() -> list[Rated]:
    """Functions and sandboxes that are billed as they are used."""
    return [
        # Vercel: 100 CPU-h x 0.128 = 12.80; 1,000 GB-h x 0.0106 = 10.60; 3 M invocations less 1 M: 2 x 0.60 = 1.20.
        of(LIST, "vercel/functions", "24.60", functions_cpu=q(100, "12.80"), functions_memory=q(1000, "10.60"),
           invocations=q(3, "1.20", 1)),
        # A sandbox of 2 vCPUs, 100 h a quarter busy: 50 CPU-h x 0.128 = 6.40; 400 GB-h x 0.0212 = 8.48; 10 GB of
        # snapshots x 0.08 = 0.80.
        of(LIST, "vercel/sandbox", "15.68", sandbox_cpu=q(50, "6.40"), sandbox_memory=q(400, "8.48"),
           snapshots=q(10, "0.80")),
        of(ARTICLE, "vercel/functions", "0", functions=NONE, invocations=NONE),
        of(ARTICLE, "vercel/sandbox", "0", sandbox=NONE, snapshot=NONE),
        # Cloudflare: 15 M requests less 10 M: 5 x 0.30 = 1.50. 7 ms each are 105 M ms, less 30 M: 75 x 0.02 = 1.50.
        # With the plan 8.00: the vendor's own example.
        of(LIST, "cloudflare/workers", "8", plan=q(1, 5), worker_requests=q(15, "1.50", 10),
           worker_cpu=q(105_000, "1.50", 30_000)),
        # 100 objects all month of 30 days: 100 x 2,592,000 s x 128 MB = 33,177,600 GB-s, less 400,000, at 12.50 a
        # million: 409.72. 2.5 M requests less 1 M are 1.5 M, billed as 2 M: 0.30.
        of(LIST, "cloudflare/durable-objects", "415.02", plan=q(1, 5), object_requests=q("2.5", "0.30", 1),
           object_time=q(259_200_000, "409.72", 3_125_000)),
        of(ARTICLE, "cloudflare/workers", "5", plan=q(1, 5), worker_requests=q(12_000_000, None, 10_000_000),
           serving=q(10, 0)),
        of(ARTICLE, "cloudflare/durable-objects", "5", plan=q(1, 5), object_requests=NONE, objects=NONE),
    ]


def containers() -> list[Rated]:
    """Containers and services."""
    return [
        # Azure Container Apps: 1,000,000 vCPU-s less 180,000, x 0.000024 = 19.68; 2,000,000 GiB-s less 360,000,
        # x 0.000003 = 4.92; 3 M requests less 2 M, 0.40. Idle 500,000 and 1,000,000 s at 0.000003: 1.50 and 3.00.
        of(LIST, "azure-container-apps/consumption", "29.50", active_cpu=q(1_000_000, "19.68", 180_000),
           active_memory=q(2_000_000, "4.92", 360_000), idle_cpu=q(500_000, "1.50"), idle_memory=q(1_000_000, 3),
           requests=q(3, "0.40", 2)),
        of(LIST, "azure-container-apps/dynamic-sessions", "0", session=NONE),
        of(ARTICLE, "azure-container-apps/consumption", "0", active=NONE, idle=NONE, requests=NONE),
        of(ARTICLE, "azure-container-apps/dynamic-sessions", "0", session=NONE),
        # 2 vCPU and 4 GB for 730 h: 1,460 x 0.0405 = 59.13, 2,920 x 0.00445 = 12.994, together 72.12.
        of(LIST, "azure-container-instances/standard", "72.124", vcpu=q(1460, "59.13"), memory=q(2920, "12.994")),
        # Spot: 1,460 x 0.01215 = 17.739, 2,920 x 0.001335 = 3.8982.
        of(LIST, "azure-container-instances/spot", "21.6372", spot_vcpu=q(1460, "17.739"),
           spot_memory=q(2920, "3.8982")),
        of(ARTICLE, "azure-container-instances/standard", "32", group=q(1, 32)),
        of(ARTICLE, "azure-container-instances/spot", "0", spot=NONE),
        # Fargate, 2 vCPU and 4 GB for 730 h = 2,628,000 s: 5,256,000 x 0.000011244 = 59.098464, 10,512,000 x
        # 0.000001235 = 12.98232, together 72.08; an address for 730 h x 0.005 = 3.65.
        of(LIST, "aws-fargate/x86", "75.730784", vcpu=q(5_256_000, "59.098464"), memory=q(10_512_000, "12.98232"),
           ipv4=q(730, "3.65")),
        # Arm: 5,256,000 x 0.0000089944 = 47.2745664, 10,512,000 x 0.0000009889 = 10.3953168.
        of(LIST, "aws-fargate/arm", "57.6698832", arm_vcpu=q(5_256_000, "47.2745664"),
           arm_memory=q(10_512_000, "10.3953168")),
        # Spot: 1,460 x 0.0124419 = 18.165174, 2,920 x 0.00136621 = 3.9893332.
        of(LIST, "aws-fargate/spot", "22.1545072", spot_vcpu=q(1460, "18.165174"), spot_memory=q(2920, "3.9893332")),
        of(ARTICLE, "aws-fargate/x86", "36", task=q(1, 36)),
        of(ARTICLE, "aws-fargate/arm", "0", arm=NONE),
        of(ARTICLE, "aws-fargate/spot", "0", spot=NONE),
        # Render: a month of each plan, and half a month of the largest.
        of(LIST, "render/web", "404.50", starter=q(1, 7), standard=q(1, 25), pro=q(1, 85), pro_plus=q(1, 175),
           pro_max=q("0.5", "112.50")),
        of(LIST, "render/free", "0", free=q(750, 0)),
        of(ARTICLE, "render/web", "32", starter=q(1, 7), standard=q(1, 25)),
        of(ARTICLE, "render/free", "0", free=NONE),
        # Cloud Run worker pools, 1 vCPU and 1 GiB for 730 h = 2,628,000 s: (2,628,000 - 384,204) x 0.000011244 =
        # 25.229242224; (2,628,000 - 728,744) x 0.000001235 = 2.34558116.
        of(LIST, "cloud-run/worker-pools", "27.574823384", worker_cpu=q(2_628_000, "25.229242224", 384_204),
           worker_memory=q(2_628_000, "2.34558116", 728_744)),
        of(ARTICLE, "cloud-run/worker-pools", "0", worker=NONE),
    ]


RATED = [*runners(), *functions(), *containers()]

"""Bills worked by hand, with every charge of every price list in one of them.

The expected amounts come from the vendor's rules and the arithmetic in the comments, not from the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from sim.billing import Observed, Used
from sim.engine.contract import Warmth

from .make import (
    BUSY,
    ENTERING,
    GIB,
    IDLE,
    MIN,
    RESTING,
    STARTING,
    WAKING,
    D,
    Deployment,
    H,
    S,
    deployment,
    life,
    seen,
)  # fmt: skip

LIST, ARTICLE = "list-2026", "article-2026"
SUSPENDED = STOPPED = PAUSED = 0
ARCHIVED = 1


@dataclass(frozen=True)
class Worked:
    """A bill: what happened (or the quantities), and for each charge its quantity, what is free of it, its dollars."""

    name: str
    book: str
    platform: str
    month: str
    expected: Mapping[str, tuple[Fraction, Fraction, Fraction | None]]
    total: Fraction
    run: Observed | None = None
    deployment: Deployment | None = None
    models: tuple[str, ...] = ()
    usage: Mapping[str, Used] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def q(
    quantity: str | int | Fraction, amount: str | None, free: str | int = 0
) -> tuple[Fraction, Fraction, Fraction | None]:
    """A line: billed quantity, dollars, free quantity."""
    return Fraction(quantity), Fraction(free), None if amount is None else Fraction(amount)


def hetzner_month() -> Worked:
    # Four weeks stand for November 2026, which begins on a Sunday: days 6 to 27, then 0 to 7. Server 0 is there all the
    # time: 30 days = 720 h, capped. Server 1 lives 90 minutes on day 1, which November has once: 2 h.
    #   server  720 h x 0.0104 = 7.488, cap 6.49;  2 h x 0.0104 = 0.0208;  together 6.5108
    #   IPv4    720 h x 0.001 = 0.72, cap 0.60;    2 h x 0.001 = 0.002;    together 0.602
    spans = life(0, 0, (IDLE, 28 * D)) + life(1, D + 10 * H, (STARTING, 40 * S), (BUSY, 90 * MIN - 40 * S))
    return Worked("servers all month and for 90 minutes", LIST, "hetzner/cx23", "2026-11",
                  {"cx23": q(722, "6.5108"), "ipv4": q(722, "0.602")}, Fraction("7.1128"),
                  seen(28 * D, spans), deployment("hetzner/cx23", "cx23"))


def hetzner_weekly(size: str, amount: str) -> Worked:
    # A server lives five minutes every Monday; February 2026 has four Mondays: 4 x 1 h, each a server of its own.
    #   cx33 4 x 0.0160; cpx22 4 x 0.0368; cpx32 4 x 0.0673; ccx13 4 x 0.0809; ccx23 4 x 0.1626; IPv4 4 x 0.001
    return Worked("five minutes a week", LIST, f"hetzner/{size}", "2026-02",
                  {size: q(4, amount), "ipv4": q(4, "0.004")}, Fraction(amount) + Fraction("0.004"),
                  seen(7 * D, life(0, 9 * H, (STARTING, 40 * S), (BUSY, 260 * S))), deployment(f"hetzner/{size}", size))


def hetzner_fleet() -> Worked:
    # 50 servers CPX32, each 8 h on 22 days = 176 h: 8,800 h x 0.0673 = 592.24, IPv4 8,800 x 0.001 = 8.80.
    each = Used.by_instance((176, 50))
    return Worked("50 servers on weekdays", LIST, "hetzner/cpx32", "2026-09",
                  {"cpx32": q(8800, "592.24"), "ipv4": q(8800, "8.80")}, Fraction("601.04"),
                  usage={"cpx32": each, "ipv4": each})


def digitalocean() -> Worked:
    # All of November, 720 h x 0.03571 = 25.7112, cap 24.00. 30 s are billed as 60 s: 0.0006, so the least, 0.01.
    # 90.5 s are billed as 91 s: 0.0009, so 0.01. 10 h: 0.3571. Together 24.3771.
    spans = [*life(0, 0, (IDLE, 30 * D)), *life(1, 3 * D, (STARTING, 30 * S)),
             *life(2, 4 * D, (STARTING, 90 * S + S // 2)), *life(3, 5 * D + 20 * H, (BUSY, 10 * H))]
    hours = 720 + Fraction(60 + 91, 3600) + 10
    return Worked("second by second, with a cap and a least price", LIST, "digitalocean/droplet", "2026-11",
                  {"s-2vcpu-4gb": q(hours, "24.3771")}, Fraction("24.3771"),
                  seen(30 * D, spans), deployment("digitalocean/droplet", "s-2vcpu-4gb"))


def digitalocean_small() -> Worked:
    # July has 744 h: x 0.01786 = 13.28784, cap 12.00.
    return Worked("a long month", LIST, "digitalocean/droplet", "2026-07", {"s-1vcpu-2gb": q(744, "12")}, Fraction(12),
                  seen(31 * D, life(0, 0, (IDLE, 31 * D))), deployment("digitalocean/droplet", "s-1vcpu-2gb"))


def fly_suspend() -> Worked:
    # One day stands for each of December's 31. Started 3,600.5 s, billed as 3,601; suspended 82,799.5 s, as 82,800.
    #   vCPU    31 x 3,601 x 2       = 223,262 vCPU-s   x 0.0000008465 = 0.188991283
    #   memory  31 x 3,601 x (4-0.5) = 390,708.5 GB-s   x 0.000002316  = 0.904880886
    #   rootfs  31 x 82,800 x 1 GB / 2,592,000 = 0.990277... x 0.15    = 0.148541666...
    spans = life(0, 0, (WAKING, S // 2, SUSPENDED), (BUSY, 3000 * S), (IDLE, 590 * S), (ENTERING, 10 * S, SUSPENDED),
                 (RESTING, D - 3600 * S - S // 2, SUSPENDED))
    rootfs = Fraction(31 * 82_800, 2_592_000)
    return Worked("an hour a day", LIST, "fly/machines", "2026-12", {
        "shared-vcpu": q(223_262, "0.188991283"),
        "shared-memory": q("390708.5", "0.904880886"),
        "suspended-rootfs": (rootfs, Fraction(0), rootfs * Fraction("0.15")),
    }, Fraction("1.093872169") + rootfs * Fraction("0.15"), seen(D, spans),
        deployment("fly/machines", "shared-cpu-2x-4gb"))


def fly_stop() -> Worked:
    # Ten days started: 864,000 s x 0.000012732 = 11.000448; 2 GB beyond the 2 included: 1,728,000 GB-s x 0.000002316 =
    # 4.002048. Twenty days stopped, 1 GB: 20/30 x 0.15 = 0.10. Together 15.102496.
    spans = life(0, 0, (BUSY, 10 * D), (RESTING, 20 * D, STOPPED))
    return Worked("stopped for twenty days", LIST, "fly/machines-stop", "2026-11", {
        "performance-vcpu": q(864_000, "11.000448"), "performance-memory": q(1_728_000, "4.002048"),
        "stopped-rootfs": q(Fraction(2, 3), "0.10"),
    }, Fraction("15.102496"), seen(30 * D, spans), deployment("fly/machines-stop", "performance-1x-4gb"))


def cloud_run_warm() -> Worked:
    # 1 vCPU, 1 GiB, a minimum of 1. Instance 0 serves from 0:00 to 6:00 each day and is idle otherwise. Instance 1
    # starts at 3:00 on day 4 and serves, 99.95 s together, billed as 100 s; while it then idles, instance 0 is busy, so
    # that it is not within the minimum.
    #   active  30 x 21,600 + 100 = 648,100 s;  vCPU: - 180,000 = 468,100 x 0.000024 = 11.2344
    #                                           GiB:  - 360,000 = 288,100 x 0.0000025 = 0.72025
    #   idle    30 x 64,800 = 1,944,000 s x 0.0000025 = 4.86, for vCPU and for GiB
    spans = [span for day in range(30) for span in life(0, day * D, (BUSY, 6 * H), (IDLE, 18 * H))]
    spans += life(1, 4 * D + 3 * H, (STARTING, 2 * S + 50_000), (BUSY, 97 * S + 900_000), (IDLE, 15 * MIN))
    return Worked("a warm instance", LIST, "cloud-run/request-based", "2026-11", {
        "active-cpu": q(468_100, "11.2344", 180_000), "active-memory": q(288_100, "0.72025", 360_000),
        "idle-cpu": q(1_944_000, "4.86"), "idle-memory": q(1_944_000, "4.86"),
    }, Fraction("21.67465"), seen(30 * D, spans), deployment("cloud-run/request-based", minimum=1))


def cloud_run_requests() -> Worked:
    # 2,500,000 requests less 2,000,000: 0.5 million x 0.40 = 0.20.
    return Worked("requests beyond the free tier", LIST, "cloud-run/request-based", "2026-11",
                  {"requests": q("0.5", "0.20", 2)}, Fraction("0.20"), usage={"requests": Used(Fraction("2.5"))})


def cloud_run_instances() -> Worked:
    # 2 vCPU, 4 GiB. Each day an instance of 30 s, billed as 60 s; once one of 100 h. 30 x 60 + 360,000 = 361,800 s.
    #   vCPU   723,600 - 240,000 = 483,600 x 0.000018 = 8.7048
    #   GiB  1,447,200 - 450,000 = 997,200 x 0.000002 = 1.9944
    spans = [span for day in range(30)
             for span in life(day, day * D + 12 * H, (STARTING, 2 * S), (BUSY, 8 * S), (IDLE, 20 * S))]
    spans += life(30, 5 * D, (BUSY, 50 * H), (IDLE, 50 * H))
    return Worked("a minute at least", LIST, "cloud-run/instance-based", "2026-11", {
        "instance-cpu": q(483_600, "8.7048", 240_000), "instance-memory": q(997_200, "1.9944", 450_000),
    }, Fraction("10.6992"), seen(30 * D, spans), deployment("cloud-run/instance-based", vcpu=2, memory=4 * GIB))


def lambda_day() -> Worked:
    # 2 GiB on Arm. A cold request: start 250.4 ms and run 1,000.1 ms = 1,250.5, billed as 1,251 ms. A warm one:
    # 10.2 ms, billed as 11 ms. 31 x 1.262 s x 2 GB = 78.244 GB-s and 62 requests, all free.
    spans = life(0, H, (STARTING, 250_400), (BUSY, 1_000_100), (IDLE, S), (BUSY, 10_200), (IDLE, S))
    requests = [(H + 250_400, H + 1_250_500, 0, Warmth.COLD), (H + 2_250_500, H + 2_260_700, 0, Warmth.WARM)]
    return Worked("initialisation is billed", LIST, "aws-lambda/arm", "2026-12", {
        "requests": q(0, "0", "0.000062"), "duration-arm": q(0, "0", "78.244"),
    }, Fraction(0), seen(D, spans, requests), deployment("aws-lambda/arm", memory=2 * GIB))


def lambda_x86_tiers() -> Worked:
    # 16,000,400,000 GB-s less 400,000: 6 G x 0.0000166667 = 100,000.20, 9 G x 0.000015 = 135,000, 1 G x 0.0000133334 =
    # 13,333.40. 3 million requests less 1: 2 x 0.20 = 0.40.
    return Worked("tiers", LIST, "aws-lambda/x86", "2026-12", {
        "duration-x86": q(16_000_000_000, "248333.60", 400_000), "requests": q(2, "0.40", 1),
    }, Fraction("248334.00"), usage={"duration-x86": Used(Fraction(16_000_400_000)), "requests": Used(Fraction(3))})


def lambda_arm_tiers() -> Worked:
    # 7.5 G x 0.0000133334 = 100,000.50, 11.25 G x 0.0000120001 = 135,001.125, 1.25 G x 0.0000106667 = 13,333.375.
    return Worked("tiers", LIST, "aws-lambda/arm", "2026-12", {
        "duration-arm": q(20_000_000_000, "248335.00", 400_000),
    }, Fraction("248335.00"), usage={"duration-arm": Used(Fraction(20_000_400_000))})


def e2b() -> Worked:
    # The vendor's own example: 2 vCPU and 0.5 GiB for an hour cost 0.1008 + 0.0081. Every day of a February: x 28.
    #   vCPU 28 x 7,200 = 201,600 vCPU-s, 2.8224;  memory 28 x 1,800 = 50,400 GiB-s, 0.2268;  paused 28 x 23 h
    # The plan costs 150 beside it.
    spans = life(0, 0, (WAKING, S, PAUSED), (BUSY, 3597 * S), (ENTERING, 2 * S, PAUSED), (RESTING, 23 * H, PAUSED))
    return Worked("an hour a day", LIST, "e2b/sandbox", "2026-02", {
        "plan": q(1, "150"), "vcpu": q(201_600, "2.8224"), "memory": q(50_400, "0.2268"), "paused": q(644, "0"),
    }, Fraction("153.0492"), seen(D, spans), deployment("e2b/sandbox", vcpu=2, memory=GIB // 2))


def modal(variant: str, cpu: str, memory: str, total: str) -> Worked:
    # 10,000 runs of 5 minutes with one core (2 vCPU) and 1 GiB: 3,000,000 s.
    #   sandbox   x 0.00003942 = 118.26, x 0.00000667 = 20.01, less the credit of 30: 108.27
    #   function  x 0.0000131  =  39.30, x 0.00000222 =  6.66, less the credit of 30:  15.96
    spans = [span for run in range(10_000) for span in life(run, run * 250 * S, (STARTING, 2 * S), (BUSY, 298 * S))]
    return Worked("10,000 runs", LIST, f"modal/{variant}", "2026-11", {
        f"{variant}-cpu": q(3_000_000, cpu), f"{variant}-memory": q(3_000_000, memory),
    }, Fraction(total), seen(30 * D, spans), deployment(f"modal/{variant}", vcpu=2))


def daytona() -> Worked:
    # Six sandboxes of 1 vCPU, 1 GiB, 3 GiB of disk: ten days running, seven stopped, thirteen archived.
    #   vCPU, memory   1,440 h x 0.0504 = 72.576, x 0.0162 = 23.328
    #   disk           free are 5 GiB x 720 h = 3,600 GiB-h
    #     running      6 x 3 x 240 = 4,320 GiB-h - 3,600 = 720 x 0.000108 = 0.07776
    #     stopped      6 x 3 x 168 = 3,024 GiB-h x 0.000108 = 0.326592
    spans = [span for box in range(6)
             for span in life(box, 0, (BUSY, 10 * D), (RESTING, 7 * D, STOPPED), (RESTING, 13 * D, ARCHIVED))]
    return Worked("stopped, then archived", LIST, "daytona/sandbox", "2026-11", {
        "vcpu": q(1440, "72.576"), "memory": q(1440, "23.328"), "running-disk": q(720, "0.07776", 3600),
        "stopped-disk": q(3024, "0.326592"), "archived": q(1872, "0"),
    }, Fraction("96.308352"), seen(30 * D, spans), deployment("daytona/sandbox"))


def cloudflare() -> Worked:
    # A standard-1 (4 GiB, 8 GB) all November; its requests use 100,000 s of CPU.
    #   memory  4 x 2,592,000 - 25 x 3,600 = 10,278,000 x 0.0000025  = 25.695
    #   disk    8 x 2,592,000 - 200 x 3,600 = 20,016,000 x 0.00000007 = 1.40112
    #   CPU     100,000 - 375 x 60 = 77,500 x 0.00002 = 1.55;   plan 5
    steps = [(D * day + H, 4000 * S, 0, 0, 0, -1) for day in range(25)]
    return Worked("a container all month", LIST, "cloudflare/containers", "2026-11", {
        "plan": q(1, "5"), "cpu": q(77_500, "1.55", 22_500), "memory": q(10_278_000, "25.695", 90_000),
        "disk": q(20_016_000, "1.40112", 720_000),
    }, Fraction("33.64612"), seen(30 * D, life(0, 0, (BUSY, 30 * D)), steps=steps),
        deployment("cloudflare/containers", "standard-1"))


def gcp() -> Worked:
    # December: 744 h x 0.03350571 = 24.92824824. Another for 20 s, billed as 60 s: 0.03350571 / 60 = 0.0005584285.
    spans = life(0, 0, (IDLE, 31 * D)) + life(1, D, (STARTING, 20 * S))
    return Worked("a machine all month", LIST, "gcp/e2-medium", "2026-12",
                  {"e2-medium": q(744 + Fraction(1, 60), "24.9288066685")}, Fraction("24.9288066685"),
                  seen(31 * D, spans), deployment("gcp/e2-medium", "e2-medium"))


TOKEN_PRICES = {  # dollars a million: input, cached input, output
    "claude-opus-4-6": ("5", "0.5", "25"), "claude-opus-4-5-20251101": ("5", "0.5", "25"),
    "claude-opus-4-1-20250805": ("15", "1.5", "75"), "claude-sonnet-4-6": ("3", "0.3", "15"),
    "claude-sonnet-4-5-20250929": ("3", "0.3", "15"), "claude-sonnet-4-20250514": ("3", "0.3", "15"),
    "claude-haiku-4-5-20251001": ("1", "0.1", "5"), "frontier": ("5", "0.5", "25"), "mid-tier": ("3", "0.3", "15"),
    "small": ("1", "0.1", "5"),
}  # fmt: skip


def tokens() -> Worked:
    # For each model one call with 3 million prompt tokens, 2 million of them cached, and 100,000 generated: 1 x input +
    # 2 x cached + 0.1 x output, as for Opus 4.6: 5 + 1 + 2.5.
    # Sum over the models: Opus 4.6, Opus 4.5, frontier 3 x 8.5; Opus 4.1 25.5; Sonnets, mid-tier 4 x 5.1; Haiku, small
    # 2 x 1.7.
    models = tuple(TOKEN_PRICES)
    calls = [(H, 0, 3_000_000, 2_000_000, 100_000, number) for number in range(len(models))]
    expected = {}
    for model, (fresh, cached, made) in TOKEN_PRICES.items():
        expected[f"{model} input"] = q(1, fresh)
        expected[f"{model} cached input"] = q(2, str(2 * Fraction(cached)))
        expected[f"{model} output"] = q("0.1", str(Fraction(made) / 10))
    return Worked("a call of each model", LIST, "llm", "2026-11", expected, Fraction("74.8"),
                  seen(30 * D, steps=calls), models=models)


def article() -> list[Worked]:
    always = life(0, 0, (IDLE, 30 * D))
    machine = deployment("fly/machines", "shared-cpu-2x-4gb")
    # Suspended 95% of a November: 0.05 x 6.64 = 0.332, and 0.95 x 4 GB x 0.15 = 0.57. Together 0.902.
    suspended = life(0, 0, (BUSY, 36 * H), (RESTING, 30 * D - 36 * H, SUSPENDED))
    box = deployment("e2b/sandbox", vcpu=2)
    # 10,000 runs of 5 minutes are 833 1/3 h: x 0.09 = 75, less 30; x 0.024 = 20, less as much of the 30.
    runs = [span for run in range(10_000) for span in life(run, run * 250 * S, (BUSY, 300 * S))]
    served = [(H, H + S, 0, Warmth.WARM)] * 3
    hour = life(0, 0, (BUSY, H), (IDLE, 30 * D - H))
    rested = life(0, 0, (BUSY, 10 * H), (RESTING, 2 * H, 0), (RESTING, 30 * D - 12 * H, 1))
    calls = [(H, 0, 3_000_000, 2_000_000, 100_000, number) for number in range(4)]
    return [
        Worked("always on", ARTICLE, "hetzner/cx23", "2026-11", {"cx23": q(2, "8.70")}, Fraction("8.70"),
               seen(30 * D, always + life(1, 0, (BUSY, 30 * D))), deployment("hetzner/cx23", "cx23")),
        Worked("always on", ARTICLE, "digitalocean/droplet", "2026-11", {"s-2vcpu-4gb": q(1, "12")}, Fraction(12),
               seen(30 * D, always), deployment("digitalocean/droplet", "s-2vcpu-4gb")),
        Worked("always on", ARTICLE, "fly/machines", "2026-11", {"started": q(1, "6.64")}, Fraction("6.64"),
               seen(30 * D, always), machine),
        Worked("active 5% of the time", ARTICLE, "fly/machines", "2026-11",
               {"started": q("0.05", "0.332"), "suspended": q("3.8", "0.57")}, Fraction("0.902"),
               seen(30 * D, suspended), machine),
        Worked("of another size, stopped", ARTICLE, "fly/machines-stop", "2026-11", {"stopped": q(24, None)},
               Fraction(0), seen(30 * D, life(0, 0, (BUSY, 29 * D), (RESTING, D, STOPPED))),
               deployment("fly/machines-stop", "shared-cpu-1x-1gb"), missing=("started",)),
        Worked("no rates", ARTICLE, "cloud-run/request-based", "2026-11",
               {"active": q(1, None), "idle": q(719, None), "requests": q(3, None)}, Fraction(0),
               seen(30 * D, hour, served), deployment("cloud-run/request-based", minimum=1)),
        Worked("no rates", ARTICLE, "cloud-run/instance-based", "2026-11", {"instance": q(720, None)}, Fraction(0),
               seen(30 * D, hour), deployment("cloud-run/instance-based")),
        Worked("no rates", ARTICLE, "aws-lambda/arm", "2026-11",
               {"requests": q(3, None), "duration": q(3, None)}, Fraction(0),
               seen(30 * D, hour, served), deployment("aws-lambda/arm")),
        Worked("ten hours", ARTICLE, "e2b/sandbox", "2026-11", {"running": q(10, "0.50"), "paused": q(710, None)},
               Fraction("0.50"), seen(30 * D, life(0, 0, (BUSY, 10 * H), (RESTING, 710 * H, PAUSED))), box),
        Worked("10,000 runs", ARTICLE, "modal/sandbox", "2026-11", {"sandbox": q(Fraction(2500, 3), "75")},
               Fraction(45), seen(30 * D, runs), deployment("modal/sandbox")),
        Worked("10,000 runs", ARTICLE, "modal/function", "2026-11", {"function": q(Fraction(2500, 3), "20")},
               Fraction(0), seen(30 * D, runs), deployment("modal/function")),
        Worked("no rates", ARTICLE, "daytona/sandbox", "2026-11",
               {"running": q(10, None), "stopped": q(2, None), "archived": q(708, None)}, Fraction(0),
               seen(30 * D, rested), deployment("daytona/sandbox")),
        Worked("the plan", ARTICLE, "cloudflare/containers", "2026-11", {"plan": q(1, "5"), "running": q(720, None)},
               Fraction(5), seen(30 * D, always), deployment("cloudflare/containers", "basic")),
        Worked("always on", ARTICLE, "gcp/e2-medium", "2026-11", {"e2-medium": q(1, "25")}, Fraction(25),
               seen(30 * D, always), deployment("gcp/e2-medium", "e2-medium")),
        Worked("no rates, and a model it does not name", ARTICLE, "llm", "2026-11", {
            f"{model} {kind}": q(quantity, None) for model in ("frontier", "mid-tier", "small")
            for kind, quantity in (("input", 1), ("cached input", 2), ("output", "0.1"))
        }, Fraction(0), seen(30 * D, steps=calls), models=("frontier", "mid-tier", "small", "other"),
            missing=("tokens of other",)),
    ]  # fmt: skip


WORKED = [
    hetzner_month(), hetzner_weekly("cx33", "0.064"), hetzner_weekly("cpx22", "0.1472"),
    hetzner_weekly("cpx32", "0.2692"), hetzner_weekly("ccx13", "0.3236"), hetzner_weekly("ccx23", "0.6504"),
    hetzner_fleet(), digitalocean(), digitalocean_small(), fly_suspend(), fly_stop(), cloud_run_warm(),
    cloud_run_requests(), cloud_run_instances(), lambda_day(), lambda_x86_tiers(), lambda_arm_tiers(), e2b(),
    modal("sandbox", "118.26", "20.01", "108.27"), modal("function", "39.30", "6.66", "15.96"), daytona(),
    cloudflare(), gcp(), tokens(), *article(),
]  # fmt: skip

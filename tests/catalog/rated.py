"""Bills of a month, worked by hand from what vendors state: nothing in here is read from the catalogue.

Each charge has what was used, in its own units, what of it is free, and its dollars. The arithmetic is in the comments,
the vendor's figures with it.
"""

from __future__ import annotations

from fractions import Fraction

from .bills import ARTICLE, LIST, NONE, Rated, of, q
from .rated_gpu import gpus
from .rated_plans import plans


def runners() -> list[Rated]:
    """Continuous integration, by the minute."""
    # GitHub, 2026: 10,000 minutes of Linux 2-core at 0.006, 2,000 of them free: 8,000 x 0.006 = 48.
    one = [of(LIST, "github-actions/standard", "48", linux_2_core=q(10_000, 48, 2000))]
    # The 2,000 are spent in the order of the list: 500 of 1-core, then 1,500 of 2-core; what is left costs
    # 500 x 0.006 = 3; 1,000 x 0.005 = 5; 300 x 0.010 = 3; 100 x 0.062 = 6.20; together 17.20.
    one += [of(LIST, "github-actions/standard", "17.20", linux_1_core=q(500, 0, 500), linux_2_core=q(2000, 3, 1500),
               linux_arm_2_core=q(1000, 5), windows_2_core=q(300, 3), macos_3_core=q(100, "6.20"))]
    # On the plan Team 3,000 are included: 7,000 x 0.006 = 42.
    one += [of(LIST, "github-actions/standard", "42", plan="team", linux_2_core=q(10_000, 42, 3000))]
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
        # Vercel: 100 CPU-h x 0.128 = 12.80; 1,000 GB-h x 0.0106 = 10.60; 3 M invocations less 1 M: 2 x 0.60 = 1.20;
        # together 24.60, of which a seat of Pro, 20, pays 20: 24.60.
        of(LIST, "vercel/functions", "24.60", _plan=q(1, 20), functions_cpu=q(100, "12.80"),
           functions_memory=q(1000, "10.60"), invocations=q(3, "1.20", 1)),
        # Three seats: 60, and 60 of usage; all of the 24.60 is included.
        of(LIST, "vercel/functions", "60", _plan=q(3, 60), functions_cpu=q(100, "12.80"),
           functions_memory=q(1000, "10.60"), invocations=q(3, "1.20", 1), seats=3),
        # A sandbox of 2 vCPUs, 100 h a quarter busy: 50 CPU-h x 0.128 = 6.40; 400 GB-h x 0.0212 = 8.48; 10 GB of
        # snapshots x 0.08 = 0.80; 10 million creations x 0.60 = 6.00; together 21.68, and 20 less 20 of a seat.
        of(LIST, "vercel/sandbox", "21.68", _plan=q(1, 20), sandbox_cpu=q(50, "6.40"), sandbox_memory=q(400, "8.48"),
           snapshots=q(10, "0.80"), creations=q(10, 6)),
        of(ARTICLE, "vercel/functions", "0", functions=NONE, invocations=NONE),
        of(ARTICLE, "vercel/sandbox", "0", sandbox=NONE, snapshot=NONE),
        # Cloudflare: 15 M requests less 10 M: 5 x 0.30 = 1.50. 7 ms each are 105 M ms, less 30 M: 75 x 0.02 = 1.50.
        # With the plan 8.00: the vendor's own example.
        of(LIST, "cloudflare/workers", "8", _plan=q(1, 5), worker_requests=q(15, "1.50", 10),
           worker_cpu=q(105, "1.50", 30)),
        # The vendor's first example of Durable Objects: 1.5 M requests less 1 M, rounded up to 1 M, 0.15; 1,000,000 s
        # x 128 MB = 128,000 GB-s, all free. 5.15 in all.
        of(LIST, "cloudflare/durable-objects", "5.15", _plan=q(1, 5), object_requests=q("1.5", "0.15", 1),
           object_time=q("0.128", 0, "0.128")),
        # Its second: 150,000 + 72 M / 20 = 3.75 M requests, less 1 M, rounded up to 3 M, 0.45; 86,400,000 s x 128 MB =
        # 11,059,200 GB-s, less 400,000, rounded up to 11 M, 137.50. 142.95 in all.
        of(LIST, "cloudflare/durable-objects", "142.95", _plan=q(1, 5), object_requests=q("3.75", "0.45", 1),
           object_time=q("11.0592", "137.50", "0.4")),
        # Its third: 12,960,100 requests and 33,177,600 GB-s: 12 x 0.15 = 1.80; 33 x 12.50 = 412.50. 419.30 in all.
        of(LIST, "cloudflare/durable-objects", "419.30", _plan=q(1, 5), object_requests=q("12.9601", "1.80", 1),
           object_time=q("33.1776", "412.50", "0.4")),
        # Its fourth: 21,610,000 requests and 552,960 GB-s: 21 x 0.15 = 3.15; 1 x 12.50. 20.65 in all.
        of(LIST, "cloudflare/durable-objects", "20.65", _plan=q(1, 5), object_requests=q("21.61", "3.15", 1),
           object_time=q("0.55296", "12.50", "0.4")),
        of(ARTICLE, "cloudflare/workers", "5", _plan=q(1, 5), worker_requests=q(12_000_000, None, 10_000_000),
           serving=q(10, 0)),
        of(ARTICLE, "cloudflare/durable-objects", "5", _plan=q(1, 5), object_requests=NONE, objects=NONE),
    ]


def containers() -> list[Rated]:
    """Containers and services."""
    return [
        # Azure Container Apps: 1,000,000 vCPU-s less 180,000, x 0.000024 = 19.68; 2,000,000 GiB-s less 360,000,
        # x 0.000003 = 4.92; 3 M requests less 2 M, 0.40. Idle 500,000 and 1,000,000 s at 0.000003: 1.50 and 3.00.
        of(LIST, "azure-container-apps/consumption", "29.50", active_cpu=q(1_000_000, "19.68", 180_000),
           active_memory=q(2_000_000, "4.92", 360_000), idle_cpu=q(500_000, "1.50"), idle_memory=q(1_000_000, 3),
           requests=q(3, "0.40", 2)),
        # 1,000 sessions of an hour or less.
        of(LIST, "azure-container-apps/dynamic-sessions", "30", session=q(1000, 30)),
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
        # The vendor's examples: 5 tasks x 10 GB beyond 20 x 600 s x 30 = 900,000 GB-s x 0.0000000308 = 0.02772; ten
        # Windows tasks for 3,600 s x 30: 1,080,000 x 0.0000254167 = 27.450036, x 0.0000127778 = 13.800024, and
        # 2,160,000 GB-s x 0.0000027778 = 6.000048.
        of(LIST, "aws-fargate/x86", "47.277828", ephemeral=q(900_000, "0.02772"),
           windows_vcpu=q(1_080_000, "27.450036"), windows_licence=q(1_080_000, "13.800024"),
           windows_memory=q(2_160_000, "6.000048")),
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


def by_use() -> list[Rated]:
    """What is billed as it is used, and rests for little."""
    return [
        # Railway, half of 2 vCPUs and of 4 GB over 30 days = 2,592,000 s: 2,592,000 vCPU-s x 0.00000772 = 20.01024;
        # 5,184,000 GB-s x 0.00000386 = 20.01024. More than the 5 of the plan, which are in it.
        of(LIST, "railway/service", "40.02048", cpu=q(2_592_000, "20.01024"), memory=q(5_184_000, "20.01024")),
        # 100,000 vCPU-s are 0.772: the plan costs 5 at least, 20 where it is Pro.
        of(LIST, "railway/serverless", "5", cpu=q(100_000, "0.772")),
        of(LIST, "railway/serverless", "20", plan="pro", cpu=q(100_000, "0.772")),
        # 1 vCPU and 4 GB of a sandbox for a month of 30 days: 50 and 200; 10 GB of a volume 1.50; 20 GB out 1.00.
        of(LIST, "railway/sandbox", "252.50", sandbox_cpu=q(1, 50), sandbox_memory=q(4, 200), volume=q(10, "1.50"),
           egress=q(20, 1)),
        # The article: 5, and 0.5 vCPU x 20 and 1 GB x 10.
        of(ARTICLE, "railway/service", "25", _plan=q(1, 5), cpu=q("0.5", 10), memory=q(1, 10)),
        of(ARTICLE, "railway/sandbox", "5", _plan=q(1, 5), sandbox=NONE),
        # A Sprite, 20 CPU-h x 0.0385 = 0.77; 100 GB-h x 0.021875 = 2.1875; 2 GB hot for 100 h, 200 x 0.000683 =
        # 0.1366; cold for 620 h, 1,240 x 0.000027 = 0.03348.
        of(LIST, "fly-sprites/sprite", "3.12758", cpu=q(20, "0.77"), memory=q(100, "2.1875"), hot=q(200, "0.1366"),
           cold=q(1240, "0.03348")),
        of(ARTICLE, "fly-sprites/sprite", "0", awake=NONE, kept=NONE),
        # A Fly Machine in Frankfurt, 1.1538 times: 2,592,000 s x 2 x 0.0000008465 x 1.1538 = 5.0631697728
        of(LIST, "fly/machines", "5.0631697728", region="fra", shared_vcpu=q(5_184_000, "5.0631697728")),
        # Lambda, 1 GB provisioned twice for 30 days: 5,184,000 GB-s x 0.0000041667 = 21.6001728; 1,000,000 GB-s of
        # duration x 0.0000097222 = 9.7222.
        of(LIST, "aws-lambda/x86-provisioned", "31.3223728", provisioned=q(5_184_000, "21.6001728"),
           duration_provisioned=q(1_000_000, "9.7222")),
        # SnapStart of 1 GB: 10,000 restores x 0.0001397998 = 1.397998; a version cached for 30 days, 2,592,000 GB-s x
        # 0.0000015046 = 3.8999232.
        of(LIST, "aws-lambda/x86-snapstart", "5.2979212", snapstart_restore=q(10_000, "1.397998"),
           snapstart_cache=q(2_592_000, "3.8999232")),
        # The vendor's example of tenants: 200,000 environments of 1 GB x 0.000167 = 33.40. 1,000,000 GB-s of storage
        # x 0.0000000309 = 0.0309; 150 GB streamed less 100: 50 x 0.008 = 0.40.
        of(LIST, "aws-lambda/x86", "33.8309", tenant_isolation=q(200_000, "33.40"),
           ephemeral_storage=q(1_000_000, "0.0309"), streaming=q(150, "0.40", 100)),
        # A MicroVM of 1 vCPU and 2 GB, 100 h = 360,000 s: x 0.0000276944 = 9.969984; 720,000 GB-s x 0.0000036667 =
        # 2.640024. Suspended and resumed 200 times: 400 GB x 0.0038 = 1.52, x 0.00155 = 0.62; one launch 2 x 0.00155 =
        # 0.0031; 2 GB for 620 of 720 h: 1.7222... x 0.08 = 0.137777...
        Rated(LIST, "aws-lambda-microvms/arm", {
            "vcpu": q(360_000, "9.969984"), "memory": q(720_000, "2.640024"), "suspend": q(400, "1.52"),
            "resume": q(400, "0.62"), "launch": q(2, "0.0031"),
            "snapshots": q(Fraction(2 * 620, 720), Fraction(2 * 620, 720) * Fraction("0.08")),
        }, Fraction("14.753108") + Fraction(2 * 620, 720) * Fraction("0.08")),
        of(LIST, "aws-lambda-microvms/arm", "0.80", images=q(10, "0.80")),
        of(ARTICLE, "aws-lambda-microvms/arm", "0", running=NONE, suspended=NONE),
    ]


RATED = [*runners(), *functions(), *containers(), *by_use(), *gpus(), *plans()]

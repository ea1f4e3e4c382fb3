"""Bills of machines and functions with GPUs, worked by hand; see `tests.catalog.rated`."""

from __future__ import annotations

from fractions import Fraction

from .bills import ARTICLE, LIST, NONE, Rated, of, q


def rented() -> list[Rated]:
    """Machines by the hour: ten hours each, unless it says otherwise."""
    return [
        # 2.79 and 1.99 a GPU; eight for ten hours are 80 GPU-h. H100 4.29, 4.19, 4.09, 3.99 in machines of 1, 2, 4, 8;
        # B200 6.99, 6.89, 6.79, 6.69.
        of(LIST, "lambda-cloud/on-demand", "382.40", a100_80gb=q(80, "223.20"), a100_40gb=q(80, "159.20")),
        of(LIST, "lambda-cloud/on-demand", "609.50", _1x_h100=q(10, "42.90"), _2x_h100=q(20, "83.80"),
           _4x_h100=q(40, "163.60"), _8x_h100=q(80, "319.20")),
        of(LIST, "lambda-cloud/on-demand", "1014.50", _1x_b200=q(10, "69.90"), _2x_b200=q(20, "137.80"),
           _4x_b200=q(40, "271.60"), _8x_b200=q(80, "535.20")),
        of(LIST, "lambda-cloud/reserved", "0", reserved=NONE),
        # The article: an A100 for 720 h, 1.29 x 720 = 928.80, its "$929 a month". H100: 2.49 x 720 = 1,792.80.
        of(ARTICLE, "lambda-cloud/on-demand", "2721.60", a100_80gb=q(720, "928.80"), h100=q(720, "1792.80")),
        # Reserved: 0.90 x 720 = 648; 1.89 x 720 = 1,360.80.
        of(ARTICLE, "lambda-cloud/reserved", "2008.80", reserved_a100_80gb=q(720, 648),
           reserved_h100=q(720, "1360.80")),
        of(LIST, "spheron/on-demand", "34.427", a100_80gb=q(10, "14.327"), h100=q(10, "20.10")),
        of(LIST, "spheron/spot", "19.491", spot_a100_80gb=q(10, "11.476"), spot_h100=q(10, "8.015")),
        of(ARTICLE, "spheron/on-demand", "35.70", a100_80gb=q(10, "10.70"), h100=q(10, 25)),
        of(ARTICLE, "spheron/spot", "16.30", spot_a100_80gb=q(10, 6), spot_h100=q(10, "10.30")),
        # 21.60, 49.24 and 68.80 for eight; spot 9.65, 19.71, 34.11.
        of(LIST, "coreweave/on-demand", "1396.40", _8x_a100=q(10, 216), _8x_h100=q(10, "492.40"), _8x_b200=q(10, 688)),
        of(LIST, "coreweave/spot", "634.70", spot_8x_a100=q(10, "96.50"), spot_8x_h100=q(10, "197.10"),
           spot_8x_b200=q(10, "341.10")),
        of(LIST, "coreweave/reserved", "0", reserved=NONE),
        # 80 GPU-h at 2.21, 4.76, 1.00 and 2.00.
        of(ARTICLE, "coreweave/on-demand", "557.60", a100_80gb=q(80, "176.80"), h100=q(80, "380.80")),
        of(ARTICLE, "coreweave/reserved", "240", reserved_a100_80gb=q(80, 80), reserved_h100=q(80, 160)),
        of(ARTICLE, "coreweave/spot", "0", spot=NONE),
        of(LIST, "runpod/secure", "125.70", secure_a100_80gb=q(10, "17.90"), secure_h100=q(10, "39.90"),
           secure_b200=q(10, "67.90")),
        of(LIST, "runpod/community", "40.80", community_a100_80gb=q(10, "13.90"), community_h100=q(10, "26.90")),
        of(ARTICLE, "runpod/secure", "48.60", a100_80gb=q(10, "21.70"), h100=q(10, "26.90")),
        # p4d 21.957642, p4de 27.44705, p5 55.04, p5.4xlarge 6.88 an hour.
        of(LIST, "aws-ec2/gpu", "1113.24692", p4d=q(10, "219.57642"), p4de=q(10, "274.4705"), p5=q(10, "550.40"),
           p5_4xlarge=q(10, "68.80")),
        # 80 GPU-h at 1.491, 2.319, 2.199; 10 at 5.580.
        of(LIST, "aws-ec2/gpu-spot", "536.52", spot_p4d=q(80, "119.28"), spot_p4de=q(80, "185.52"),
           spot_p5=q(80, "175.92"), spot_p5_4xlarge=q(10, "55.80")),
        of(LIST, "aws-ec2/gpu-reserved", "0", reserved=NONE),
        # The article: an A100 at AWS for 720 h is 3.43 x 720 = 2,469.60, its "~$2,470".
        of(ARTICLE, "aws-ec2/gpu", "3020", a100=q(720, "2469.60"), h100=q(80, "550.40")),
        of(ARTICLE, "aws-ec2/gpu-spot", "552", spot_a100=q(80, "245.60"), spot_h100=q(80, "306.40")),
        of(ARTICLE, "aws-ec2/gpu-reserved", "160", reserved_a100=q(80, 160)),
        # 3.673; 8 x 3.3996; 6.98; 8 x 12.29.
        of(LIST, "azure-vm/gpu", "1361.698", nc24ads_a100_v4=q(10, "36.73"), nd96asr_a100_v4=q(80, "271.968"),
           nc40ads_h100_v5=q(10, "69.80"), nd96isr_h100_v5=q(80, "983.20")),
        of(ARTICLE, "azure-vm/gpu", "57.80", a100=q(10, "57.80"), other=NONE),
        # 2.93391 + 0.73948 = 3.67339; 4.4242 + 1.09962 = 5.52382; 10.9791.
        of(LIST, "gcp/gpu", "201.7631", a2_highgpu=q(10, "36.7339"), a2_ultragpu=q(10, "55.2382"),
           a3_highgpu=q(10, "109.7910")),
        # 1.5399 + 0.38812 = 1.92802; 1.8018; 6.571.
        of(LIST, "gcp/gpu-spot", "103.0082", spot_a2_highgpu=q(10, "19.2802"), spot_a2_ultragpu=q(10, "18.018"),
           spot_a3_highgpu=q(10, "65.71")),
        of(LIST, "gcp/gpu-reserved", "0", committed=NONE),
        of(ARTICLE, "gcp/gpu", "123.70", a100=q(10, "36.70"), h100=q(10, 87)),
        of(ARTICLE, "gcp/gpu-spot", "37.10", spot_a100=q(10, 11), spot_h100=q(10, "26.10")),
        of(ARTICLE, "gcp/gpu-reserved", "21", committed_a100=q(10, 21)),
        of(LIST, "digitalocean/gpu", "273.10", gpu_h100x1=q(10, "33.90"), gpu_h100x8=q(10, "239.20"), gpu_a100x1=NONE),
        of(LIST, "digitalocean/gpu-reserved", "0", gpu_reserved=NONE),
        of(ARTICLE, "digitalocean/gpu", "59.80", gpu_a100=q(10, "29.90"), gpu_h100=q(10, "29.90")),
        of(ARTICLE, "digitalocean/gpu-reserved", "19.90", gpu_reserved=q(10, "19.90")),
    ]


def serverless() -> list[Rated]:
    """Functions and sandboxes with a GPU."""
    return [
        # Modal, an hour of each, 3,600 s: 0.5904, 0.7992, 1.1016, 1.9512, 2.0988, 2.4984, 3.0312, 3.9492, 4.5396,
        # 6.2496; together 26.7092. The credit of 30 pays for all of it.
        of(LIST, "modal/gpu-function", "0", gpu_t4=q(3600, "0.5904"), gpu_l4=q(3600, "0.7992"),
           gpu_a10=q(3600, "1.1016"), gpu_l40s=q(3600, "1.9512"), gpu_a100_40gb=q(3600, "2.0988"),
           gpu_a100_80gb=q(3600, "2.4984"), gpu_rtx_pro_6000=q(3600, "3.0312"), gpu_h100=q(3600, "3.9492"),
           gpu_h200=q(3600, "4.5396"), gpu_b200=q(3600, "6.2496")),
        # A sandbox with an H100 for 20 h = 72,000 s: 78.984; two cores 144,000 x 0.00003942 = 5.67648; 16 GiB
        # 1,152,000 x 0.00000667 = 7.68384; together 92.34432, less 30.
        of(LIST, "modal/gpu-sandbox", "62.34432", gpu_h100=q(72_000, "78.984"), sandbox_cpu=q(144_000, "5.67648"),
           sandbox_memory=q(1_152_000, "7.68384")),
        # The article: 10,000 runs of 5 minutes are 833 1/3 h; x 0.59 = 491.67, its "~$500", less 30. H100 10 h, 39.50.
        Rated(ARTICLE, "modal/gpu-sandbox", {
            "gpu-t4": q(Fraction(2500, 3), Fraction(2500, 3) * Fraction("0.59")), "gpu-h100": q(10, "39.50"),
        }, Fraction(2500, 3) * Fraction("0.59") + Fraction("9.50")),
        # An L4 for an hour, 3,600 s x 0.0001867 = 0.67212. Its 4 vCPUs and 16 GiB are within the free tier.
        of(LIST, "cloud-run/l4", "0.67212", l4=q(3600, "0.67212"), instance_cpu=q(14_400, 0, 14_400),
           instance_memory=q(57_600, 0, 57_600)),
        of(LIST, "cloud-run/rtx-pro-6000", "1.314792", rtx_pro_6000=q(3600, "1.314792")),
        of(ARTICLE, "cloud-run/l4", "6.70", l4=q(10, "6.70")),
        of(ARTICLE, "cloud-run/rtx-pro-6000", "0", rtx_pro_6000=NONE),
        of(LIST, "azure-container-apps/gpu-t4", "0", gpu=NONE),
        of(ARTICLE, "azure-container-apps/gpu-t4", "28.80", t4=q(10, "28.80")),
        of(ARTICLE, "azure-container-apps/gpu-a100", "39.60", a100=q(10, "39.60")),
        # RunPod, an hour of each, 3,600 s: x 0.00016, 0.00019, 0.00031, 0.00034, 0.00053, 0.00076, 0.00116, 0.00155,
        # 0.00240.
        of(LIST, "runpod/serverless", "26.64", flex_a4000=q(3600, "0.576"), flex_l4=q(3600, "0.684"),
           flex_rtx_4090=q(3600, "1.116"), flex_a6000=q(3600, "1.224"), flex_l40s=q(3600, "1.908"),
           flex_a100_80gb=q(3600, "2.736"), flex_h100=q(3600, "4.176"), flex_h200=q(3600, "5.58"),
           flex_b200=q(3600, "8.64")),
        of(ARTICLE, "runpod/serverless", "0", worker=NONE),
    ]


def owned() -> list[Rated]:
    """Cards of one's own, for a month of 30 days, written off over 36 months."""
    third = Fraction(1, 36)
    return [
        # 1,999, 1,000, 999 and 700 by 36; loaded for 100 h at 0.575, 0.45, 0.36 and 0.35 kW x 0.1743.
        Rated(LIST, "owned/rtx", {
            "card-rtx-5090": q(third, 1999 * third), "power-rtx-5090": q("57.5", "10.02225"),
            "card-rtx-4090": q(third, 1000 * third), "power-rtx-4090": q(45, "7.8435"),
            "card-rtx-5080": q(third, 999 * third), "power-rtx-5080": q(36, "6.2748"),
            "card-rtx-3090": q(third, 700 * third), "power-rtx-3090": q(35, "6.1005"),
            # Idle 620 h at 0.04 kW: 24.8 x 0.1743. The computer: 1,000 by 36, and 0.1 kW for 720 h: 72 x 0.1743.
            "power-idle": q("24.8", "4.32264"), "host": q(third, 1000 * third), "host-power": q(72, "12.5496"),
        }, 5698 * third + Fraction("47.11329")),
        Rated(ARTICLE, "owned/rtx", {
            "card-rtx-5090": q(third, 1999 * third), "card-rtx-4090": q(third, 1000 * third),
            "card-rtx-5080": q(third, 999 * third), "card-rtx-3090": q(third, 700 * third),
            "loaded": NONE, "idle": NONE,
        }, 4698 * third),
    ]


def gpus() -> list[Rated]:
    """All of them."""
    return [*rented(), *serverless(), *owned()]

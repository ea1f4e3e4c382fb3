"""Modal, E2B, Daytona, RunPod, runners."""

from __future__ import annotations

from tests.billing.page import Page

MODAL = "Modal, pricing and plans; documentation, region selection and resources"
E2B = "E2B, pricing, plans"
DAYTONA = "Daytona, pricing, and its documentation, billing"
RUNPOD = "RunPod documentation, serverless and storage, pricing"
GITHUB = "GitHub documentation, Actions runner pricing, and Actions billing with its example of storage"
BLACKSMITH = "Blacksmith, pricing"

INVOICES = [
    # What was used is more than what was asked for: 4 vCPU are two cores, and 6 GiB. 3.6M s x 2 x 0.00003942 = 283.824;
    # x 6 x 0.00000667 = 144.072; less 100 of the Team plan, which costs 250
    Page("modal: more used than asked for", MODAL, """
        platform: modal/sandbox
        plan: team
        instances: {vcpu: 2, memory: 4 GiB, count: 10, starts: 100, seconds_each: 3600, cpu: 4 h, memory_used: 6 GiB}
    """, {"team": "250.00", "sandbox-cpu": "283.82", "sandbox-memory": "144.07"}, "577.89"),
    # Less used: one core and 4 GiB. 360,000 s x 0.00003942 = 14.1912; x 4 x 0.00000667 = 9.6048; all credited
    Page("modal: less used than asked for", MODAL, """
        platform: modal/sandbox
        instances: {vcpu: 2, memory: 4 GiB, starts: 100, seconds_each: 3600, cpu: 10 min, memory_used: 1 GiB}
    """, {"sandbox-cpu": "14.19", "sandbox-memory": "9.60"}, "0.00"),
    # An eighth of a core and of a GiB at least: 1M x 0.125 x 0.0000131 = 1.6375; x 0.125 x 0.00000222 = 0.2775
    Page("modal: the smallest functions", MODAL, """
        platform: modal/function
        allowances: false
        instances: {vcpu: 0.1, memory: 64 MiB, starts: 1000000, seconds_each: 0.4, count: 1}
    """, {"function-cpu": "1.64", "function-memory": "0.28"}, "1.92"),
    # 1.5 times: 360,000 x 0.00003942 x 1.5 = 21.2868; x 0.00000667 x 1.5 = 3.6018
    Page("modal: in a region", MODAL, """
        platform: modal/sandbox
        region: broad
        allowances: false
        instances: {vcpu: 2, memory: 1 GiB, hours: 100}
    """, {"sandbox-cpu@broad": "21.29", "sandbox-memory@broad": "3.60"}, "24.89"),
    # 36,000 s x 0.001097 x 1.75 = 69.111; (1,524 - 1,024) x 0.09; (1,124 - 1,024) x 0.04; less 30
    Page("modal: a GPU, volumes and traffic", MODAL, """
        platform: modal/gpu-function
        region: narrow
        quantities: {gpu-h100: 10 GPU-h, volumes: 1524 GiB-month, egress: 1124 GiB}
    """, {"gpu-h100@narrow": "69.11", "volumes": "45.00", "egress": "4.00"}, "88.11"),
    # 200 vCPU-h x 0.0504, 50 GiB-h x 0.0162 = 10.89, of which 8 are paid by what is left of the credit
    Page("e2b: hobby, with the rest of the credit", E2B, """
        platform: e2b/sandbox
        plan: hobby
        credit: $8
        instances: {vcpu: 2, memory: 512 MiB, hours: 100}
    """, {"hobby": "0.00", "vcpu": "10.08", "memory": "0.81"}, "2.89"),
    # the plans beside 720 vCPU-h x 0.0504
    Page("e2b: pro+", E2B, """
        {platform: e2b, plan: pro-plus, quantities: {vcpu: 720 vCPU-h}}
    """, {"pro-plus": "650.00", "vcpu": "36.29"}, "686.29"),
    Page("e2b: pro++", E2B, """
        {platform: e2b, plan: pro-plus-plus, quantities: {vcpu: 720 vCPU-h}}
    """, {"pro-plus-plus": "1150.00", "vcpu": "36.29"}, "1186.29"),
    # 50 boxes for 100 h: 20,000 vCPU-h x 0.0504, 40,000 GiB-h x 0.0162; 50,000 GiB-h of disk - 5 x 720 = 46,400 x
    # 0.000108 = 5.0112; stopped for 620 h, 310,000 x 0.000108; less the 200 that are given once
    Page("daytona: the first month", DAYTONA, """
        platform: daytona/sandbox
        credit: $200
        instances:
          - {count: 50, vcpu: 4, memory: 8 GiB, disk: 10 GiB, hours: 100}
          - {count: 50, disk: 10 GiB, meter: stopped, hours: 620}
    """, {"vcpu": "1008.00", "memory": "648.00", "running-disk": "5.01", "stopped-disk": "33.48"}, "1494.49"),
    # 5,000 x 13 s (each is 12.4) x 0.00031; 20 x 0.10; 10 x 0.20; 1,000 x 0.07 + 500 x 0.05
    Page("runpod: flex workers and disks", RUNPOD, """
        platform: runpod/serverless
        instances: {size: rtx-4090, starts: 5000, seconds_each: 12.4}
        quantities: {container-disk: 20, idle-volume: 10, network-volume: 1.5 TB-month}
    """, {"flex-rtx-4090": "20.15", "container-disk": "2.00", "idle-volume": "2.00", "network-volume": "95.00"},
         "119.15"),
    # 40,000 jobs of 61 s are 80,000 minutes, less 50,000, x 0.006; 500 x 10 x 0.042; 500 x 0.062; 200 x 0.098;
    # (60 - 50) x 0.25; 20 x 0.07; (170 - 150) x 0.07
    Page("github: many machines", GITHUB, """
        platform: github-actions
        plan: enterprise
        instances:
          - {size: linux-2-core, starts: 40000, seconds_each: 61, count: 1}
          - {size: windows-8-core, starts: 500, seconds_each: 600}
          - {size: macos-3-core, starts: 100, seconds_each: 300}
          - {size: linux-arm-64-core, starts: 100, seconds_each: 90}
        quantities: {artifacts: 60, cache: 20 GB-month, custom-images: 170}
    """, {"linux-2-core": "180.00", "windows-8-core": "210.00", "macos-3-core": "31.00", "linux-arm-64-core": "19.60",
          "artifacts": "2.50", "cache": "1.40", "custom-images": "1.40"}, "445.90"),
    # The page's example of March: 6,768 GB-h by 744 are 9.097 GB-months; less 2 of Team, x 0.25 = 1.77425. 1,008 GB-h
    # of caches are 1.355, x 0.07 = 0.09485
    Page("github: storage in March", GITHUB, """
        {platform: github-actions, plan: team, quantities: {artifacts: 6768 GB-h, cache: 1008 GB-h}}
    """, {"artifacts": "1.77", "cache": "0.09"}, "1.86", "2026-03"),
    # A thousand minutes of each: 0.010, which the quota covers; 0.022, 0.082, 0.162, 0.322, 0.552; 0.014, 0.026, 0.050,
    # 0.098, 0.194; 0.077, 0.102
    Page("github: every other machine", GITHUB, """
        platform: github-actions
        quantities: {windows-arm-2-core: 1000, windows-4-core: 1000, windows-16-core: 1000, windows-32-core: 1000,
                     windows-64-core: 1000, windows-96-core: 1000, windows-arm-4-core: 1000, windows-arm-8-core: 1000,
                     windows-arm-16-core: 1000, windows-arm-32-core: 1000, windows-arm-64-core: 1000,
                     macos-12-core: 1000, macos-5-core: 1000 min}
    """, {"windows-arm-2-core": "0.00", "windows-4-core": "22.00", "windows-16-core": "82.00",
          "windows-32-core": "162.00", "windows-64-core": "322.00", "windows-96-core": "552.00",
          "windows-arm-4-core": "14.00", "windows-arm-8-core": "26.00", "windows-arm-16-core": "50.00",
          "windows-arm-32-core": "98.00", "windows-arm-64-core": "194.00", "macos-12-core": "77.00",
          "macos-5-core": "102.00"}, "1701.00"),
    # 5,000 jobs of 61 s on 4 vCPUs: 40,000 vCPU-min - 6,000 = 34,000 x 0.002; 100 x 0.50
    Page("blacksmith: runners and a sticky disk", BLACKSMITH, """
        platform: blacksmith/x64
        instances: {vcpu: 4, starts: 5000, seconds_each: 61}
        quantities: {sticky-disk: 100 GB-month}
    """, {"x64": "68.00", "sticky-disk": "50.00"}, "118.00"),
]

"""Google Cloud and Microsoft Azure."""

from __future__ import annotations

from tests.billing.page import Page

RUN = "Google Cloud, Cloud Run pricing; rates of tier 2 as in infracost@3a74ef4, cloud_run_v2_service_test"
GPU = "Google Cloud, Cloud Run pricing, GPU, as third parties read it"
ENGINE = "Google Cloud, Compute Engine pricing, E2 cores 0.02181159 an hour and memory 0.00292353 a GiB-hour"
AGENT = "Google Cloud, Vertex AI pricing, Agent Engine"
APPS = "Azure Container Apps pricing, East US, and its documentation, billing"
HOSTED = "Azure retail prices, Foundry hosted agents"

INVOICES = [
    # 10M x 400 ms (each is 350), ten at once: 400,000 s - 180,000 = 220,000 x 0.000024; 200,000 GiB-s are free;
    # 8M x 0.40
    Page("cloud run: by request", RUN, """
        platform: cloud-run/request-based
        requests: {count: 10M, duration: 350 ms, vcpu: 1, memory: 512 MiB, concurrency: 10}
    """, {"active-cpu": "5.28", "active-memory": "0.00", "requests": "3.20"}, "8.48"),
    # 2,592,000 s: (2,592,000 - 180,000) x 0.0000025 = 6.03; (1,296,000 - 360,000) x 0.0000025 = 2.34
    Page("cloud run: an idle minimum instance", RUN, """
        platform: cloud-run/request-based
        instances: {meter: idle, vcpu: 1, memory: 512 MiB, hours: month}
    """, {"idle-cpu": "6.03", "idle-memory": "2.34"}, "8.37"),
    # 1.8M x 0.0000336 = 60.48, 900,000 x 0.0000035 = 3.15, 0.5 x 0.40, without the free tier
    Page("cloud run: tier 2", RUN, """
        platform: cloud-run/request-based
        region: tier-2
        allowances: false
        quantities: {active-cpu: 1.8M, active-memory: 900K, requests: 500K}
    """, {"active-cpu@tier-2": "60.48", "active-memory@tier-2": "3.15", "requests": "0.20"}, "63.83"),
    # The free tier is worth what it is in tier 1: 60.48 - 180,000 x 0.000024 = 56.16; 3.15 - 360,000 x 0.0000025 = 2.25
    Page("cloud run: the free tier in Seoul", RUN, """
        platform: cloud-run/request-based
        region: asia-northeast3
        quantities: {active-cpu: 1.8M, active-memory: 900K, requests: 500K}
    """, {"active-cpu@asia-northeast3": "56.16", "active-memory@asia-northeast3": "2.25", "requests": "0.00"}, "58.41"),
    # 730 h of 2 vCPU and 1 GiB: 5,256,000 x 0.0000216 = 113.5296; 2,628,000 x 0.0000024 = 6.3072
    Page("cloud run: always allocated, tier 2", RUN, """
        platform: cloud-run/instance-based
        region: tier-2
        allowances: false
        quantities: {instance-cpu: "5,256,000 vCPU-s", instance-memory: "2,628,000 GiB-s"}
    """, {"instance-cpu@tier-2": "113.53", "instance-memory@tier-2": "6.31"}, "119.84"),
    # 10,000 tasks of 30 s pay a minute: 600,000 s x 2 - 240,000 = 960,000 x 0.000018; x 4 - 450,000 = 1,950,000 x
    # 0.000002
    Page("cloud run: jobs", RUN, """
        {platform: cloud-run/jobs, instances: {vcpu: 2, memory: 4 GiB, starts: 10000, seconds_each: 30}}
    """, {"instance-cpu": "17.28", "instance-memory": "3.90"}, "21.18"),
    # 5,184,000 - 384,204 = 4,799,796 x 0.000011244 = 53.9689; - 728,744 = 4,455,256 x 0.000001235 = 5.50224
    Page("cloud run: two workers", RUN, """
        {platform: cloud-run/worker-pools, instances: {count: 2, vcpu: 1, memory: 1 GiB, hours: month}}
    """, {"worker-cpu": "53.97", "worker-memory": "5.50"}, "59.47"),
    # 50 x 600 s = 30,000 x 0.0001867 = 5.601; 120,000 vCPU-s are free; 480,000 GiB-s - 450,000 = 30,000 x 0.000002
    Page("cloud run: an L4", GPU, """
        {platform: cloud-run/l4, instances: {size: l4, starts: 50, seconds_each: 600}}
    """, {"instance-cpu": "0.00", "instance-memory": "0.06", "l4": "5.60"}, "5.66"),
    # 20 x 1,000.05 s, each 1,000.1: 20,002 x 0.00036522 = 7.30513; x 20 vCPU - 240,000 = 160,040 x 0.000018 = 2.88072;
    # x 80 GiB - 450,000 = 1,150,160 x 0.000002 = 2.30032
    Page("cloud run: an RTX PRO 6000", GPU, """
        {platform: cloud-run/rtx-pro-6000, instances: {size: rtx-pro-6000, starts: 20, seconds_each: 1000.05}}
    """, {"instance-cpu": "2.88", "instance-memory": "2.30", "rtx-pro-6000": "7.31"}, "12.49"),
    # 3,600 x 0.0002909 = 1.04724; 3,600 x 0.00056913 = 2.048868; (101 - 1) x 0.12
    Page("cloud run: with zonal redundancy, and traffic", GPU, """
        platform: cloud-run
        quantities: {l4-zonal: 1 GPU-h, rtx-pro-6000-zonal: 3600 GPU-s, egress: 101 GiB}
    """, {"l4-zonal": "1.05", "rtx-pro-6000-zonal": "2.05", "egress": "12.00"}, "15.10"),
    # 730 h: 0.02181159 x 4 + 0.00292353 x 16 = 0.13402284, 97.8367; the others 0.0083764275, 0.016752855, 0.06701142,
    # 0.26804568: 6.1148, 12.2296, 48.9183, 195.6733; 10 x 0.04, 50 x 0.10, 730 x 0.005
    Page("compute engine: E2", ENGINE, """
        - platform: gcp/e2
          instances:
            - {size: e2-standard-4, hours: month}
            - {size: e2-micro, hours: month}
            - {size: e2-small, hours: month}
            - {size: e2-standard-2, hours: month}
            - {size: e2-standard-8, hours: month}
          quantities: {pd-standard: 10, pd-balanced: 50 GiB-month, ipv4: 730 h}
    """, {"e2-micro": "6.11", "e2-small": "12.23", "e2-standard-2": "48.92", "e2-standard-4": "97.84",
          "e2-standard-8": "195.67", "pd-standard": "0.40", "pd-balanced": "5.00", "ipv4": "3.65"}, "369.82", "730"),
    # (200 - 50) x 0.0864; (400 - 100) x 0.009; 50 x 0.25; 10 x 0.25; (21 - 1) x 0.50
    Page("vertex: agent engine", AGENT, """
        platform: google-agent-engine
        quantities: {runtime-cpu: 200 vCPU-h, runtime-memory: 400 GiB-h, session-events: 50K, memories: 10K,
                     retrievals: 21K}
    """, {"runtime-cpu": "12.96", "runtime-memory": "2.70", "session-events": "12.50", "memories": "2.50",
          "retrievals": "10.00"}, "40.66"),
    # One of three replicas is busy all November: 1,296,000 vCPU-s - 180,000 = 1,116,000 x 0.000024 = 26.784; 2,592,000
    # GiB-s - 360,000 = 2,232,000 x 0.000003 = 6.696; two idle: 2,592,000 and 5,184,000 x 0.000003; 3M x 0.40
    Page("container apps: active and idle", APPS, """
        platform: azure-container-apps/consumption
        instances:
          - {meter: active, vcpu: 0.5, memory: 1 GiB, hours: month}
          - {meter: idle, count: 2, vcpu: 0.5, memory: 1 GiB, hours: month}
        quantities: {requests: 5M}
    """, {"active-cpu": "26.78", "active-memory": "6.70", "idle-cpu": "7.78", "idle-memory": "15.55",
          "requests": "1.20"}, "58.01"),
    # 100 x 10 sessions of half an hour pay an hour each: 1,000 x 0.03
    Page("container apps: code interpreter", APPS, """
        platform: azure-container-apps/dynamic-sessions
        instances: {count: 100, starts: 10, seconds_each: 1800}
    """, {"session": "30.00"}, "30.00"),
    # 100 x 0.0994; 200 x 0.0118
    Page("foundry: hosted agents", HOSTED, """
        {platform: azure-agent-service, quantities: {runtime-cpu: 100 vCPU-h, runtime-memory: 200 GiB-h}}
    """, {"runtime-cpu": "9.94", "runtime-memory": "2.36"}, "12.30"),
]

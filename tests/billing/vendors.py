"""Bills that vendors work out on their own pages: line by line, to the cent.

Amounts are those of the pages. Where a page leaves the free allowances out, so does the sheet; what the page does not
count, such as a public address, is left out by name. The arithmetic is the pages', beside each sheet.
"""

from __future__ import annotations

from .page import Page

LAMBDA = "AWS Lambda pricing, aws.amazon.com/lambda/pricing, copy of 2026"
FARGATE = "AWS Fargate pricing, aws.amazon.com/fargate/pricing, copy of 2026"
WORKERS = "cloudflare/cloudflare-docs@07acbb6, workers/platform/pricing.mdx"
OBJECTS = "cloudflare/cloudflare-docs@04a87f4, durable-objects/platform/pricing.mdx"
SANDBOX = "Vercel Sandbox pricing and limits, vercel.com/docs/sandbox/pricing, 2026-08-04"
FLUID = "Vercel fluid compute pricing, vercel.com/docs/functions/usage-and-pricing, 2026-04-03"
FLY = "superfly/docs, about/billing"
E2B = "E2B, how do I calculate the price of a sandbox, e2b.dev/docs/faq/calculate-sandbox-price"

PAGES = [
    # 3M x 120 ms x 1.5 GB = 540,000 GB-s - 400,000 = 140,000 x 0.0000166667; (3M - 1M) x 0.20/M
    Page("lambda: mobile backend", LAMBDA, """
        {platform: aws-lambda/x86, requests: {count: 3M, duration: 120 ms, memory: 1536 MiB}}
    """, {"duration-x86": "2.33", "requests": "0.40"}, "2.73"),
    # 10,000 x 24 x 31 = 7.44M x 0.20/M; 7.44M x 2 s x 1 GB x 0.0000166667; the free tier is left out
    Page("lambda: telemetry", LAMBDA, """
        {platform: aws-lambda/x86, allowances: false, requests: {count: 7.44M, duration: 2 s, memory: 1 GiB}}
    """, {"duration-x86": "248.00", "requests": "1.49"}, "249.49"),
    # (6M x 280 ms x 4 GB - 400,000) x 0.0000166667; 5 x 0.20; 1,680,000 s x (2048 - 512)/1024 GB x 0.0000000309
    Page("lambda: support tickets, ephemeral storage", LAMBDA, """
        platform: aws-lambda/x86
        requests: {count: 6M, duration: 280 ms, memory: 4 GiB}
        quantities: {ephemeral-storage: 2520000 GB-s}
    """, {"duration-x86": "105.33", "requests": "1.00", "ephemeral-storage": "0.08"}, "106.41"),
    # 100 x 1.5 GB x 28,800 s = 4.32M x 0.0000041667; 500,000 x 100 ms x 1.5 GB x 0.0000097222;
    # 2.5M x 120 ms x 1.5 GB = 450,000 - 400,000 = 50,000 x 0.0000166667; 2 x 0.20
    Page("lambda: provisioned concurrency for a launch", LAMBDA, """
        - platform: aws-lambda/x86-provisioned
          instances: {memory: 1536 MiB, count: 100, hours: 8}
          requests: {count: 500K, duration: 100 ms, memory: 1536 MiB}
        - {platform: aws-lambda/x86, requests: {count: 2.5M, duration: 120 ms, memory: 1536 MiB}}
    """, {"provisioned": "18.00", "requests": "0.40", "duration-provisioned": "0.73", "duration-x86": "0.83"}, "19.96"),
    # 7 x 4 GB x 86,400 s = 2,419,200 x 0.0000041667; 2M x 280 ms x 4 GB = 2,240,000 x 0.0000097222; 2 x 0.20
    Page("lambda: provisioned concurrency for a sale", LAMBDA, """
        platform: aws-lambda/x86-provisioned
        allowances: false
        instances: {memory: 4 GiB, count: 7, hours: 24}
        requests: {count: 2M, duration: 280 ms, memory: 4 GiB}
    """, {"provisioned": "10.08", "duration-provisioned": "21.78", "requests": "0.40"}, "32.26"),
    # as telemetry; 1 GB x 2,678,400 s x 0.0000015046; 1% of 7.44M = 74,400 GB x 0.0001397998
    Page("lambda: SnapStart", LAMBDA, """
        platform: aws-lambda/x86-snapstart
        allowances: false
        requests: {count: 7.44M, duration: 2 s, memory: 1 GiB}
        quantities: {snapstart-cache: 2678400 GB-s, snapstart-restore: 74400 GB}
    """, {"duration-x86": "248.00", "requests": "1.49", "snapstart-cache": "4.03", "snapstart-restore": "10.40"},
         "263.92"),
    # (3M x 500 ms x 1.5 GB - 400,000) x 0.0000166667; 2 x 0.20; 976.5625 GB beyond the first 100 x 0.008
    Page("lambda: response streaming", LAMBDA, """
        platform: aws-lambda/x86
        requests: {count: 3M, duration: 500 ms, memory: 1536 MiB}
        quantities: {streaming: 1076.5625 GB}
    """, {"duration-x86": "30.83", "requests": "0.40", "streaming": "7.81"}, "39.04"),
    # peak 4.5M s x 4 vCPU and 8 GB, baseline 13.5M s x 1 vCPU and 2 GB: 31.5M vCPU-s x 0.0000276944 = 498.50 + 373.87,
    # 63M GB-s x 0.0000036667 = 132.00 + 99.00; 12,000 x 2 GB x 0.0038, x 0.00155; 2,000 x 2 GB x 0.00155;
    # 100 x 2 GB x 110/720 x 0.08; 5 images of 2 GB x 0.08.
    Page("lambda MicroVMs: coding assistants", LAMBDA, """
        platform: aws-lambda-microvms
        instances:
          - {count: 100, vcpu: 1, memory: 2 GiB, starts: 20, seconds_each: 6750, enters: 120, wakes: 120}
          - {count: 100, memory: 2 GiB, meter: suspended, hours: 110}
        quantities: {vcpu: 18M vCPU-s, memory: 36M GB-s, images: 10 GB-month}
    """, {"vcpu": "872.37", "memory": "231.00", "suspend": "91.20", "resume": "37.20", "launch": "6.20",
          "snapshots": "2.44", "images": "0.80"}, "1241.22"),
    # 600K s x 16 vCPU and 32 GB, 5.4M s x 4 vCPU and 8 GB; launches read 2 GB each: 20,000 GB x 0.00155
    Page("lambda MicroVMs: CI jobs", LAMBDA, """
        platform: aws-lambda-microvms
        quantities: {vcpu: 31.2M vCPU-s, memory: 62.4M GB-s, launch: 20000 GB, images: 2 GB-month}
    """, {"vcpu": "864.07", "memory": "228.80", "launch": "31.00", "images": "0.16"}, "1124.03"),
    # 5 tasks x 600 s x 30 days: 1 vCPU x 0.000011244, 2 GB x 0.000001235, 30 - 20 GB x 0.0000000308; no address
    Page("fargate: five tasks", FARGATE, """
        platform: aws-fargate/x86
        without: [ipv4]
        instances: {count: 5, vcpu: 1, memory: 2 GiB, disk: 30 GiB, starts: 30, seconds_each: 600}
    """, {"vcpu": "1.01", "memory": "0.22", "ephemeral": "0.03"}, "1.26"),
    # the same on Arm: x 0.0000089944 and x 0.0000009889
    Page("fargate: five tasks on Arm", FARGATE, """
        platform: aws-fargate/arm
        without: [ipv4]
        instances: {count: 5, vcpu: 1, memory: 2 GiB, disk: 30 GiB, starts: 30, seconds_each: 600}
    """, {"arm-vcpu": "0.81", "arm-memory": "0.18", "ephemeral": "0.03"}, "1.02"),
    # 10 pods x 3,600 s x 30 days x 0.25 vCPU and 1 GB
    Page("fargate: ten pods", FARGATE, """
        platform: aws-fargate/x86
        without: [ipv4]
        instances: {count: 10, vcpu: 0.25, memory: 1 GiB, starts: 30, seconds_each: 3600}
    """, {"vcpu": "3.04", "memory": "1.33"}, "4.37"),
    # 10 tasks x 3,600 s x 30 days: 1 vCPU x 0.0000254167 and x 0.0000127778 for the licence, 2 GB x 0.0000027778
    Page("fargate: ten tasks on Windows", FARGATE, """
        platform: aws-fargate
        quantities: {windows-vcpu: 1.08M vCPU-s, windows-licence: 1.08M vCPU-s, windows-memory: 2.16M GB-s}
    """, {"windows-vcpu": "27.45", "windows-licence": "13.80", "windows-memory": "6.00"}, "47.25"),
    # 5 + (15M - 10M)/1M x 0.30 + (7 x 15M - 30M)/1M x 0.02
    Page("workers: 15 million requests", WORKERS, """
        {platform: cloudflare/workers, requests: {count: 15M, cpu: 7 ms}}
    """, {"plan": "5.00", "worker-requests": "1.50", "worker-cpu": "1.50"}, "8.00"),
    # 720 requests; (180,000 x 720 - 30M)/1M x 0.02
    Page("workers: a cron trigger", WORKERS, """
        {platform: cloudflare/workers, requests: {count: 720, cpu: 180 s}}
    """, {"plan": "5.00", "worker-requests": "0.00", "worker-cpu": "1.99"}, "6.99"),
    # (100M - 10M)/1M x 0.30; (7 x 100M - 30M)/1M x 0.02
    Page("workers: 100 million requests", WORKERS, """
        {platform: cloudflare/workers, requests: {count: 100M, cpu: 7 ms}}
    """, {"plan": "5.00", "worker-requests": "27.00", "worker-cpu": "13.40"}, "45.40"),
    # 500,000 billable, rounded to 1M x 0.15; 1,000,000 s x 0.128 GB within the 400,000
    Page("durable objects: a co-ordinator", OBJECTS, """
        {platform: cloudflare/durable-objects, quantities: {object-requests: 1.5M, object-time: 128000 GB-s}}
    """, {"plan": "5.00", "object-requests": "0.15", "object-time": "0.00"}, "5.15"),
    # 150,000 + 72M/20 = 3.75M - 1M, rounded to 3M x 0.15; 100 objects x 8 h x 30 days x 0.128 GB = 11,059,200
    # - 400,000, rounded to 11M x 12.50/M
    Page("durable objects: chat rooms", OBJECTS, """
        platform: cloudflare/durable-objects
        quantities: {object-requests: 3.75M}
        instances: {count: 100, hours: 240}
    """, {"plan": "5.00", "object-requests": "0.45", "object-time": "137.50"}, "142.95"),
    # 12,960,100 - 1M, rounded to 12M x 0.15; 100 x 720 h x 0.128 GB = 33,177,600 - 400,000, rounded to 33M
    Page("durable objects: a socket for each user", OBJECTS, """
        platform: cloudflare/durable-objects
        quantities: {object-requests: 12960100}
        instances: {count: 100, hours: month}
    """, {"plan": "5.00", "object-requests": "1.80", "object-time": "412.50"}, "419.30"),
    # 21,610,000 - 1M, rounded to 21M x 0.15; 4,320,000 s x 0.128 = 552,960 - 400,000, rounded to 1M
    Page("durable objects: hibernation", OBJECTS, """
        platform: cloudflare/durable-objects
        quantities: {object-requests: 21.61M}
        instances: {count: 100, hours: 12}
    """, {"plan": "5.00", "object-requests": "3.15", "object-time": "12.50"}, "20.65"),
    # 2 h of 8 vCPU and 16 GB: 16 CPU-h x 0.128, 32 GB-h x 0.0212; the credit and the plan are left out
    Page("vercel sandbox: a long task", SANDBOX, """
        platform: vercel/sandbox
        without: [plan, creations]
        allowances: false
        instances: {vcpu: 8, memory: 16 GiB, starts: 1, seconds_each: 7200, cpu: 16 h}
    """, {"sandbox-cpu": "2.05", "sandbox-memory": "0.68"}, "2.73"),
    # 30 min of 4 vCPU and 8 GB: 2 CPU-h x 0.128, 4 GB-h x 0.0212
    Page("vercel sandbox: build and test", SANDBOX, """
        platform: vercel/sandbox
        without: [plan, creations]
        allowances: false
        instances: {vcpu: 4, memory: 8 GiB, starts: 1, seconds_each: 1800, cpu: 2 h}
    """, {"sandbox-cpu": "0.26", "sandbox-memory": "0.08"}, "0.34"),
    # 1.5M invocations less the million that is included x 0.60
    Page("vercel functions: invocations", FLUID, """
        {platform: vercel/functions, without: [plan], quantities: {invocations: 1.5M}}
    """, {"invocations": "0.30"}, "0.00"),
    # Team, 5,000 minutes beyond the included 3,000: 3,000 x 0.006 and 2,000 x 0.010. Each job is whole minutes already.
    Page("github actions: beyond the quota", "GitHub Docs, GitHub Actions billing, 2026", """
        platform: github-actions/standard
        plan: team
        instances:
          - {size: linux-2-core, starts: 600, seconds_each: 570}
          - {size: windows-2-core, starts: 200, seconds_each: 600}
    """, {"linux-2-core": "18.00", "windows-2-core": "20.00"}, "38.00"),
    # 1M x 32 s x 1 GB = 32M - 400,000 = 31.6M x 0.0000133334; 2M - 1M requests; 4M operations x 8.00/M; 1M x (8 + 96)
    # KB = 104 GB x 0.25; kept for 7 and for 14 of 30 days: 104 x 21/30 = 72.8 x 0.15
    Page("lambda durable functions: insurance claims", LAMBDA, """
        - {platform: aws-lambda/arm, requests: {count: 1M, duration: 30 s, memory: 1 GiB}}
        - {platform: aws-lambda/arm, requests: {count: 1M, duration: 2 s, memory: 1 GiB}}
        - {platform: aws-lambda-durable, quantities: {operations: 4M, written: 104 GB, retained: 72.8 GB-30d}}
    """, {"duration-arm": "421.34", "requests": "0.20", "operations": "32.00", "written": "26.00", "retained": "10.92"},
         "490.46"),
    # 100M x 0.20/M; 2,000 h x 0.0457; 2,000 h x 0.1632 x 15%
    Page("lambda managed instances: an API", LAMBDA, """
        platform: aws-lambda-managed
        quantities: {requests: 100M, m7g-xlarge-saving: 2000 h, management: 2000 h}
    """, {"requests": "20.00", "m7g-xlarge-saving": "91.40", "management": "48.96"}, "160.36"),
    # 11.25M actions beyond the 2.5M of the plan: 5 x 50 + 5 x 45 + 1.25 x 40 = 525; 720 GBh beyond 2.5 GB of 744 GBh
    # each x 0.042; 3,600 beyond 100 GB x 0.00105; the plan is 500 at least
    Page("temporal cloud: business", "temporalio/documentation@0217b718, evaluate/cloud/pricing.mdx", """
        platform: temporal-cloud
        plan: business
        quantities: {actions: 13.75M, active: 2580 GB-h, retained: 78000 GB-h}
    """, {"actions": "525.00", "active": "30.24", "retained": "3.78"}, "1059.02"),
    # 120M actions beyond the plan's are 250 + 225 + 400 + 1,050 + 1,500 + 500 = 3,925; with 49,404.76 GBh of active
    # storage 6,000 are spent, and the plan is a tenth of that
    Page("temporal cloud: the plan is a tenth", "temporalio/documentation@0217b718, evaluate/cloud/pricing.mdx", """
        platform: temporal-cloud
        plan: business
        quantities: {actions: 122.5M, active: 51264.761904 GB-h}
    """, {"actions": "3925.00", "active": "2075.00"}, "6600.00"),
    *(Page(f"railway: {used} used on Hobby", "railwayapp/docs@040e89a, pricing/understanding-your-bill.md", f"""
        {{platform: railway/service, quantities: {{egress: {20 * used} GB}}}}
    """, {"egress": f"{used}.00"}, total) for used, total in ((3, "5.00"), (5, "5.00"), (8, "8.00"), (15, "15.00"))),
    # 1 GB stopped for 10 of 30 days x 0.15
    Page("fly: stopped for ten days", FLY, """
        platform: fly/machines-stop
        instances: {size: shared-cpu-1x-256mb, disk: 1 GB, meter: stopped, hours: 240}
    """, {"stopped-rootfs": "0.05"}, "0.05"),
    # three for 30 days
    Page("fly: three stopped", FLY, """
        platform: fly/machines-stop
        instances: {size: shared-cpu-1x-256mb, count: 3, disk: 1 GB, meter: stopped, hours: month}
    """, {"stopped-rootfs": "0.45"}, "0.45"),
    # 2 x 0.0504 + 0.5 x 0.0162 for an hour
    Page("e2b: the default sandbox for an hour", E2B, """
        {platform: e2b/sandbox, without: [plan], instances: {vcpu: 2, memory: 512 MiB, hours: 1}}
    """, {"vcpu": "0.10", "memory": "0.01"}, "0.11"),
]

"""Cloudflare, Vercel, Fly.io."""

from __future__ import annotations

from tests.billing.page import Page

CLOUDFLARE = "cloudflare/cloudflare-docs@07acbb6, workers/platform/pricing.mdx, and Containers, pricing"
VERCEL = "Vercel fluid compute pricing, 2026-04-03, and Vercel Sandbox pricing, 2026-08-04"
FLY = "Fly.io documentation, pricing; regions as in snippets/RegionPricingSelector.jsx"

INVOICES = [
    # Two containers of 4 GiB and 8 GB for 100 h: 800 GiB-h - 25 = 775 x 3,600 x 0.0000025 = 6.975; 1,600 GB-h - 200 =
    # 1,400 x 3,600 x 0.00000007 = 0.3528; 100 h of CPU = 360,000 s - 22,500 = 337,500 x 0.00002; (12M - 10M) x 0.30;
    # traffic (1,200 - 1,000) x 0.025, (600 - 500) x 0.05, (700 - 500) x 0.04
    Page("cloudflare: containers behind a worker", CLOUDFLARE, """
        - platform: cloudflare/containers
          instances: {size: standard-1, count: 2, hours: 100, cpu: 50 h}
          quantities: {egress-na-eu: 1.2 TB, egress-oceania: 600 GB, egress-elsewhere: 700 GB}
        - {platform: cloudflare/workers, requests: {count: 12M, cpu: 2 ms}}
    """, {"plan": "5.00", "worker-requests": "0.60", "worker-cpu": "0.00", "cpu": "6.75", "memory": "6.98",
          "disk": "0.35", "egress-na-eu": "5.00", "egress-oceania": "5.00", "egress-elsewhere": "8.00"}, "37.68"),
    # 1.2M beyond the million are 2 x 0.15; 26 G - 25 G rows read are 1,000 x 0.001; 60M - 50M written are 10 x 1.00;
    # half a GB-month beyond five is a whole one, 0.20
    Page("cloudflare: objects with storage", CLOUDFLARE, """
        platform: cloudflare/durable-objects
        quantities: {object-requests: 2.2M, object-rows-read: 26B, object-rows-written: 60M, object-storage: 5.5}
    """, {"plan": "5.00", "object-requests": "0.30", "object-rows-read": "1.00", "object-rows-written": "10.00",
          "object-storage": "0.20"}, "16.50"),
    # 2M x 100 ms = 55.56 CPU-h x 0.128 = 7.1111; 2M x 1 s x 2 GB = 1,111.11 GB-h x 0.0106 = 11.7778; (2M - 1M) x 0.60;
    # the plan of 20 pays 19.49 of it
    Page("vercel: within the credit", VERCEL, """
        {platform: vercel/functions, requests: {count: 2M, duration: 1 s, memory: 2 GiB, cpu: 100 ms}}
    """, {"plan": "20.00", "functions-cpu": "7.11", "functions-memory": "11.78", "invocations": "0.60"}, "20.00"),
    # 55.56 x 0.184 = 10.2222, 1,111.11 x 0.0152 = 16.8889, 0.60: 27.71, of which 20 are paid
    Page("vercel: in Frankfurt", VERCEL, """
        platform: vercel/functions
        region: fra1
        requests: {count: 2M, duration: 1 s, memory: 2 GiB, cpu: 100 ms}
    """, {"plan": "20.00", "functions-cpu@fra1": "10.22", "functions-memory@fra1": "16.89", "invocations": "0.60"},
         "27.71"),
    # 1,000 sandboxes of 61 s pay two minutes for memory: 33.33 h x 4 GB x 0.0212 = 2.8267; 10 s of CPU each, 2.778 h x
    # 0.128 = 0.3556; 100 GB x 0.15; 1,000 creations x 0.60/M; the credit pays 18.19
    Page("vercel: sandboxes that send", VERCEL, """
        platform: vercel/sandbox
        instances: {vcpu: 2, memory: 4 GiB, starts: 1000, seconds_each: 61, cpu: 10 s}
        quantities: {sandbox-transfer: 100 GB}
    """, {"plan": "20.00", "sandbox-cpu": "0.36", "sandbox-memory": "2.83", "creations": "0.00",
          "sandbox-transfer": "15.00"}, "20.00"),
    # Three machines all November in London, 1.1346 times: 7,776,000 s x 0.0000008465 = 6.582384, 7.46837; 0.75 GB
    # beyond 0.25, 5,832,000 x 0.000002316 = 13.506912, 15.32494; 60 x 0.15; (25 - 10) x 0.08; 2.00; 200 x 0.02;
    # 50 x 0.04; 10 x 0.12
    Page("fly: three machines in London", FLY, """
        platform: fly/machines
        region: lhr
        instances: {size: shared-cpu-1x-1gb, count: 3, hours: month}
        quantities: {volumes: 60 GB-month, volume-snapshots: 25, ipv4: 1, egress-na-eu: 200 GB, egress-apac-sa: 50,
                     egress-africa-india: 10 GB}
    """, {"shared-vcpu@lhr": "7.47", "shared-memory@lhr": "15.32", "volumes": "9.00", "volume-snapshots": "1.20",
          "ipv4": "2.00", "egress-na-eu": "4.00", "egress-apac-sa": "2.00", "egress-africa-india": "1.20"}, "42.19"),
]

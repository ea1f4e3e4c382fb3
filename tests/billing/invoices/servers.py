"""Servers and services that run all the time."""

from __future__ import annotations

from tests.billing.page import Page

HETZNER = "Hetzner, price adjustment of 15 June 2026, and billing FAQ"
RENDER = "Render, pricing and workflows"
OCEAN = "DigitalOcean, Droplet pricing and billing; an hour is the month's price by 672"
RAILWAY = "Railway documentation, pricing"

INVOICES = [
    # July has 744 h. CX33 744 x 0.0160 = 11.90, cap 9.99; CPX42 100.5 h are 101 x 0.1314 = 13.2714; CAX11 10 x 0.0112;
    # CAX21 700 x 0.0200 = 14.00, cap 12.49. Addresses: 4 x 0.60, 0.101, 0.01. 20% of 29.97; 3 x 1.20
    Page("hetzner: a mixed fleet in a long month", HETZNER, """
        platform: hetzner
        instances:
          - {size: cx33, count: 3, hours: month}
          - {size: cpx42, hours: 100.5}
          - {size: cax11, hours: 9.2}
          - {size: cax21, hours: 700}
        quantities: {traffic: 3 TB, backups: 29.97}
    """, {"cx33": "29.97", "cpx42": "13.27", "cax11": "0.11", "cax21": "12.49", "ipv4": "2.51", "traffic": "3.60",
          "backups": "5.99"}, "67.94", "2026-07"),
    # CX23 for 624 of February's 672 h is 6.4896, and 6.49 from the 625th on; switched off it is billed on
    Page("hetzner: the cap is reached after 625 hours", HETZNER, """
        platform: hetzner
        without: [ipv4]
        instances: [{size: cx23, hours: 624}, {size: cx23, hours: 625}, {size: cx23, hours: month}]
    """, {"cx23": "19.47"}, "19.47", "2026-02"),
    # Card and computer are written off over 36 months whatever they do, 1,999/36 and 1,000/36; for 100 h the card
    # draws 0.575 kW, for 620 h 0.04, the computer 0.1 for 720: 57.5, 24.8 and 72 kWh x 0.1743
    Page("a card of one's own", "Prices and powers of the comparison article, and of electricity", """
        platform: owned/rtx
        instances: [{size: rtx-5090, hours: 100}, {size: rtx-5090, meter: idle, hours: 620}]
    """, {"card-rtx-5090": "55.53", "host": "27.78", "power-rtx-5090": "10.02", "power-idle": "4.32",
          "host-power": "12.55"}, "110.20"),
    # Two of Pro for half of November: 85 x 2 x 0.5; Pro Ultra all of it; 3 x 19; 100 x 0.20, 400 x 0.05; ten hours of
    # each machine: 0.40, 0.70, 1.00, 1.50, 2.50
    Page("render: services and workflows", RENDER, """
        platform: render/web
        instances: [{size: pro, count: 2, hours: 360}, {size: pro-ultra, hours: month}]
        quantities: {workspace: 3, workflow-cpu: 100, workflow-memory: 400 GB-h, workflow-2c-4g: 10 h,
                     workflow-2c-8g: 10, workflow-4c-8g: 10, workflow-4c-16g: 10, workflow-8c-32g: 600 min}
    """, {"pro": "85.00", "pro-ultra": "450.00", "workspace": "57.00", "workflow-cpu": "20.00",
          "workflow-memory": "20.00", "workflow-2c-4g": "4.00", "workflow-2c-8g": "7.00", "workflow-4c-8g": "10.00",
          "workflow-4c-16g": "15.00", "workflow-8c-32g": "25.00"}, "693.00"),
    # All month 48.00, its cap; 300 x 0.14286 = 42.858; 2 x 0.00893 = 0.01786; 20 s cost the least, 0.01; 100 x 0.02679;
    # 500 x 0.01; 100 x 0.10; 50 x 0.06
    Page("digitalocean: every other size", OCEAN, """
        platform: digitalocean/droplet
        instances:
          - {size: s-4vcpu-8gb, hours: month}
          - {size: s-8vcpu-16gb, hours: 300}
          - {size: s-1vcpu-1gb, hours: 2}
          - {size: s-1vcpu-512mb-10gb, starts: 1, seconds_each: 20}
          - {size: s-2vcpu-2gb, hours: 100}
        quantities: {egress: 500 GiB, volumes: 100, snapshots: 50 GiB-month}
    """, {"s-4vcpu-8gb": "48.00", "s-8vcpu-16gb": "42.86", "s-1vcpu-1gb": "0.02", "s-1vcpu-512mb-10gb": "0.01",
          "s-2vcpu-2gb": "2.68", "egress": "5.00", "volumes": "10.00", "snapshots": "3.00"}, "111.57"),
    # A quarter of 2 vCPU for 720 h: 1,296,000 s x 0.00000772 = 10.00512; 1.5 GB x 2,592,000 s x 0.00000386 = 15.00768;
    # 100 x 0.05. More than the 20 of Pro
    Page("railway: beyond the plan", RAILWAY, """
        platform: railway/service
        plan: pro
        instances: {hours: month, cpu: 360 h, memory_used: 1.5 GiB}
        quantities: {egress: 100 GB}
    """, {"cpu": "10.01", "memory": "15.01", "egress": "5.00"}, "30.02"),
]

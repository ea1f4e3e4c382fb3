"""Amazon Web Services, us-east-1."""

from __future__ import annotations

from tests.billing.page import Page

LAMBDA = "AWS Lambda pricing, aws.amazon.com/lambda/pricing, copy of 2026"
STATES = "AWS Step Functions pricing, aws.amazon.com/step-functions/pricing; infracost@01c59b1, sfn_state_machine_test"
FARGATE = "AWS Fargate pricing, aws.amazon.com/fargate/pricing, copy of 2026, and third-party lists of spot prices"

INVOICES = [
    # 10 x 1 GB x 2,592,000 s x 0.0000041667 = 108.000864; 16M x 0.2 s = 3.2M GB-s x 0.0000097222 = 31.11104; what came
    # while all ten were busy, 4M x 0.2 s = 800,000 GB-s - 400,000 free, x 0.0000166667 = 6.66668; (20 - 1) x 0.20
    Page("lambda: beyond provisioned concurrency", LAMBDA, """
        platform: aws-lambda/x86-provisioned
        instances: {memory: 1 GiB, count: 10, hours: month}
        requests: {count: 20M, overflow: 4M, duration: 200 ms, memory: 1 GiB}
    """, {"provisioned": "108.00", "duration-provisioned": "31.11", "duration-x86": "6.67", "requests": "3.80"},
         "149.58"),
    # 7 x 4 GB x 86,400 s = 2,419,200 x 0.0000033334 = 8.06416; 2M x 280 ms x 4 GB = 2,240,000 x 0.0000077778 =
    # 17.422272; 2 x 0.20
    Page("lambda: provisioned concurrency on Arm", LAMBDA, """
        platform: aws-lambda/arm-provisioned
        allowances: false
        instances: {memory: 4 GiB, count: 7, hours: 24}
        requests: {count: 2M, duration: 280 ms, memory: 4 GiB}
    """, {"provisioned-arm": "8.06", "duration-provisioned-arm": "17.42", "requests": "0.40"}, "25.88"),
    # 12 min 1 s are 15 minutes of reserve: 900 s x 3 x 2 GB = 5,400 GB-s x 0.0000041667 = 0.0225
    Page("lambda: provisioned for twelve minutes", LAMBDA, """
        platform: aws-lambda/x86-provisioned
        instances: {memory: 2 GiB, count: 3, starts: 1, seconds_each: 721}
    """, {"provisioned": "0.02"}, "0.02"),
    # 50M x 33.3 ms, each 34 ms: 1.7M s x 0.125 GB = 212,500 GB-s, all free; (50 - 1) x 0.20
    Page("lambda: each request is rounded up", LAMBDA, """
        {platform: aws-lambda/x86, requests: {count: 50M, duration: 33.3 ms, memory: 128 MiB}}
    """, {"duration-x86": "0.00", "requests": "9.80"}, "9.80"),
    # 7.5 G x 0.0000133334 = 100,000.50, 4.02 G x 0.0000120001 = 48,240.402; 11,250 x 0.20
    Page("lambda: eleven billion GB-seconds on Arm", "infracost@01c59b1, lambda_function_test", """
        platform: aws-lambda/arm
        allowances: false
        quantities: {requests: 11250M, duration-arm: "11,520,000,000 GB-s"}
    """, {"requests": "2250.00", "duration-arm": "148240.90"}, "150490.90"),
    # Three machines all November: 2,160 h x 0.1632 = 352.512 and x 0.02448 = 52.8768; 100M x 0.20/M. On a savings plan
    # the machines are 2,160 x 0.0457 = 98.712, and their management costs as much
    Page("lambda: managed instances", LAMBDA, """
        platform: aws-lambda-managed/on-demand
        instances: {size: m7g.xlarge, count: 3, hours: month}
        quantities: {requests: 100M}
    """, {"requests": "20.00", "m7g-xlarge": "352.51", "management": "52.88"}, "425.39"),
    Page("lambda: managed instances on a savings plan", LAMBDA, """
        platform: aws-lambda-managed/savings
        instances: {size: m7g.xlarge, count: 3, hours: month}
        requests: {count: 100M}
    """, {"requests": "20.00", "m7g-xlarge-saving": "98.71", "management": "52.88"}, "171.59"),
    # 100,000 workflows of four transitions are 400,000, less 4,000: 396 x 0.025
    Page("step functions: standard", STATES, """
        {platform: aws-step-functions, quantities: {transitions: 400K}}
    """, {"transitions": "9.90"}, "9.90"),
    # 1,004,000 - 4,000: 1,000 x 0.0279
    Page("step functions: northern California", STATES, """
        {platform: aws-step-functions, region: us-west-1, quantities: {transitions: "1,004,000"}}
    """, {"transitions@us-west-1": "27.90"}, "27.90"),
    # 29,687.5 GB-h: 1,000 x 0.060012 = 60.012, 4,000 x 0.029988 = 119.952, 24,687.5 x 0.016416 = 405.27; 100 x 1.00
    Page("step functions: express, three tiers", STATES, """
        {platform: aws-step-functions/express, quantities: {express-requests: 100M, express-duration: 29687.5 GB-h}}
    """, {"express-requests": "100.00", "express-duration": "585.23"}, "685.23"),
    # Each of 100,000 is billed 200 ms for its 150 and 64 MB for its 50: 0.0125 GB-s, 1,250 in all x 0.00001667 = 0.0208
    Page("step functions: express, in steps of 100 ms and 64 MB", STATES, """
        {platform: aws-step-functions/express, requests: {count: 100K, duration: 150 ms, memory: 50 MiB}}
    """, {"express-requests": "0.10", "express-duration": "0.02"}, "0.12"),
    # 100 tasks for 10 h: 1,000 vCPU-h x 0.0124419 = 12.4419, 2,000 GB-h x 0.00136621 = 2.73242, 1,000 h x 0.005
    Page("fargate: spot", FARGATE, """
        platform: aws-fargate/spot
        instances: {count: 100, vcpu: 1, memory: 2 GiB, starts: 1, seconds_each: 36000}
    """, {"spot-vcpu": "12.44", "spot-memory": "2.73", "ipv4": "5.00"}, "20.17"),
    # 50,000 tasks of 20 s pay a minute each, 833 1/3 h: 3M s x 0.25 x 0.000011244 = 8.433, x 0.5 x 0.000001235 =
    # 1.8525; the address has no minimum: 1M s = 277.78 h x 0.005 = 1.3889
    Page("fargate: a minute at least", FARGATE, """
        platform: aws-fargate/x86
        instances: {vcpu: 0.25, memory: 0.5 GiB, starts: 50000, seconds_each: 20}
    """, {"vcpu": "8.43", "memory": "1.85", "ipv4": "1.39"}, "11.67"),
]

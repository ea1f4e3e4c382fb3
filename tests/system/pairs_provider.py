"""For every field of a provider of language models, two scenarios that differ in it alone; see `pairs`."""

from __future__ import annotations

from typing import Any

from .pairs import MISSING, Pair, Tree, base, workload

P = "deployments.here.provider"
M = f"{P}.models.mid-tier"
TRIES, LIMITED, ERROR = (f"here:calls.{what}.value" for what in ("tries", "limited", "error"))
FAILED, BACKOFF = "here:requests.failed_by_cause.provider.value", "here:wait_s.backoff.mean.value"
SLOW = {"requests": "2/min", "burst": "30 s"}
AGAIN = {"attempts": 3, "backoff": {"base": "2 s", "jitter": "none"}}


def limited(*, limits: Any = SLOW, sdk: Any = AGAIN, **said: Any) -> Tree:
    """Thirty agents whose calls come faster than the provider lets them through."""
    provider = {"models": {"mid-tier": limits}, "sdk": sdk} | said
    given = {key: value for key, value in provider.items() if value is not MISSING}
    return base(
        workload=workload(agents=30, arrivals={"poisson": {"rate": "4/h"}}, memory="10 MiB",
                          request=[{"llm": {"model": "mid-tier", "input": 2000, "output": 300}}]),
        deployments={"here": {"platform": "cloud-run/request-based", "concurrency": 9, "provider": given}},
    )  # fmt: skip


FAULTY: Any = {"errors": "30%"}
BUSY: Any = {"at_once": 1, "queue": 2}
OUTAGE = {"after": "10 h", "lasts": "2 h"}

PAIRS_OF_PROVIDERS = (
    Pair("Deployment.provider", P, MISSING, {"models": {"mid-tier": SLOW}}, (LIMITED, FAILED), limited()),
    Pair("LlmProvider.models", f"{P}.models", MISSING, {"mid-tier": SLOW}, (LIMITED,), limited()),
    Pair("LlmProvider.timeout", f"{P}.timeout", MISSING, "4 s", ("here:calls.timed_out.value",), limited(limits={})),
    Pair("LlmProvider.finishes", f"{P}.finishes", False, True, ("here:tokens.in_vain.value",),
         limited(limits=BUSY, timeout="6 s")),
    Pair("LlmProvider.counts_refused", f"{P}.counts_refused", False, True, (LIMITED,), limited()),
    Pair("LlmProvider.answer", f"{P}.answer", MISSING, "1 s", (BACKOFF,), limited()),
    Pair("LlmProvider.says_when", f"{P}.says_when", True, False, (BACKOFF,),
         limited(sdk=AGAIN | {"retry_after": "1 h"})),
    Pair("LlmProvider.route", f"{P}.route", MISSING, {"model": "small", "share": "50%"}, (LIMITED,),
         limited()),
    Pair("LlmProvider.fall_back", f"{P}.fall_back", MISSING, {"model": "small"}, (FAILED, "here:cost.llm.value"),
         limited()),
    Pair("LlmProvider.sdk", f"{P}.sdk", MISSING, {"attempts": 4}, (TRIES,), limited(limits=FAULTY)),
    Pair("LlmProvider.orchestrator", f"{P}.orchestrator", MISSING, {"attempts": 4}, (TRIES,), limited(limits=FAULTY)),
    Pair("LlmProvider.budget", f"{P}.budget", MISSING, {"tokens": 1, "per_success": 0}, (TRIES,), limited()),
    Pair("LlmProvider.breaker", f"{P}.breaker", MISSING, {"calls": 2, "open_for": "1 min"}, ("here:calls.open.value",),
         limited()),
    Pair("ModelLimits.requests", f"{M}.requests", "2/min", "1/min", (LIMITED,), limited()),
    Pair("ModelLimits.input", f"{M}.input", MISSING, "4000/min", (LIMITED,), limited(limits={})),
    Pair("ModelLimits.output", f"{M}.output", MISSING, "600/min", (LIMITED,), limited(limits={})),
    Pair("ModelLimits.burst", f"{M}.burst", MISSING, "5 min", (LIMITED,), limited(limits={"requests": "2/min"})),
    Pair("ModelLimits.at_once", f"{M}.at_once", 1, 3, (LIMITED,), limited(limits=BUSY)),
    Pair("ModelLimits.queue", f"{M}.queue", MISSING, "unlimited", ("here:wait_s.provider.mean.value",),
         limited(limits={"at_once": 1})),
    Pair("ModelLimits.errors", f"{M}.errors", MISSING, "20%", (ERROR,), limited(limits={})),
    Pair("ModelLimits.outages", f"{M}.outages", MISSING, [OUTAGE], (ERROR,), limited(limits={})),
    Pair("Outage.after", f"{M}.outages.0.after", "10 h", "4 h", (ERROR,), limited(limits={"outages": [OUTAGE]})),
    Pair("Outage.lasts", f"{M}.outages.0.lasts", "2 h", "5 h", (ERROR,), limited(limits={"outages": [OUTAGE]})),
    Pair("Outage.errors", f"{M}.outages.0.errors", MISSING, "50%", (ERROR,), limited(limits={"outages": [OUTAGE]})),
    Pair("Client.attempts", f"{P}.sdk.attempts", 2, 5, (TRIES,), limited()),
    Pair("Client.backoff", f"{P}.sdk.backoff", MISSING, {"base": "9 s"}, (BACKOFF,), limited()),
    Pair("Client.retry_on", f"{P}.sdk.retry_on", MISSING, ["timeout"], (TRIES,), limited()),
    Pair("Client.retry_after", f"{P}.sdk.retry_after", MISSING, "1 h", (BACKOFF,), limited()),
    Pair("Route.model", f"{P}.route.model", "small", "frontier", ("here:cost.llm.value",),
         limited(route={"share": "50%"})),
    Pair("Route.share", f"{P}.route.share", "20%", "70%", ("here:cost.llm.value",), limited(route={"model": "small"})),
    Pair("FallBack.model", f"{P}.fall_back.model", "small", "frontier", ("here:cost.llm.value",),
         limited(fall_back={})),
    Pair("FallBack.after", f"{P}.fall_back.after", 1, 2, (TRIES,), limited(fall_back={"model": "small"})),
)  # fmt: skip

DEFAULTS_OF_PROVIDERS = {
    f"{M}.burst": ("1 min", limited(limits={"requests": "2/min"})),
    f"{M}.queue": (0, limited(limits={"at_once": 1})),
    f"{M}.errors": ("0%", limited()),
    f"{M}.outages": ([], limited()),
    f"{M}.outages.0.errors": ("100%", limited(limits={"outages": [OUTAGE]})),
    f"{P}.finishes": (False, limited(timeout="6 s")),
    f"{P}.counts_refused": (False, limited()),
    f"{P}.answer": ("0 s", limited()),
    f"{P}.says_when": (True, limited()),
    f"{P}.fall_back.after": (1, limited(fall_back={"model": "small"})),
}

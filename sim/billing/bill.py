"""A run of a model to a bill: the one function that most callers need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from sim.billing.invoice import Invoice
from sim.billing.labour import Worked, labour
from sim.billing.metering import Billed, CutOff, Metering, Observed, Steps, TokenMetering, Work, charged
from sim.billing.month import Month, Tiling, tile
from sim.billing.rating import rate
from sim.billing.records import Requests
from sim.billing.spot import Sold, SpotMetering
from sim.catalog.prices import PriceList
from sim.engine.contract import NEVER, Demand, Int64s, Outcome, Provider
from sim.trace.calls import calls
from sim.trace.spans import Spans
from sim.trace.steps import of_tries, repeated, tokens
from sim.trace.visits import visits
from sim.trace.window import Window
from sim.units import HOUR


def observe(
    demand: Demand, outcome: Outcome, spans: Spans, window: Window, sold: Sold | None = None,
    provider: Provider | None = None,
) -> Observed:
    """Pick out of a run what costs something.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Of the same run.
    spans : Spans
        Of the outcome.
    window : Window
        What is billed.
    sold : Sold or None
        What was bought from offers, where there are some.
    provider : Provider or None
        Of language models, that it ran with.

    Returns
    -------
    Observed
    """
    seen = visits(outcome)
    return Observed(
        window=window,
        spans=spans,
        pool=outcome.pool,
        # To a platform, each visit is a request of its own.
        requests=Requests(seen.started, seen.ended, seen.instance, seen.warmth, demand.memory[seen.request],
                          demand.payload[seen.request] if len(demand.payload) else demand.payload),
        steps=_steps(demand, outcome, provider),
        # What is cut off by the end of the run is so in its last microsecond, which is a part of it.
        cut_off=CutOff(np.where(outcome.ended < 0, demand.stop - 1, outcome.ended), outcome.spent),
        sold=sold,
    )


def _steps(demand: Demand, outcome: Outcome, provider: Provider | None) -> Steps:
    """Pick out the steps, and what came again: executions, or, with a provider, tries, with all tokens of its calls."""
    arrived, count = demand.by_step(outcome.arrived), len(demand.step_model)

    def both(of_step: Int64s, further: Int64s) -> Int64s:
        return np.concatenate((of_step, further))

    if provider is None:
        billed, again, more = tokens(demand, outcome), outcome.repeats, repeated(demand, outcome)
        return Steps(
            arrived=both(arrived, arrived[again.step]),
            ended=both(outcome.step_ended, again.left),
            # What a checkpoint has kept is a part of the execution that goes on with it.
            cpu=both(demand.step_cpu, again.cpu - np.minimum(again.cpu, again.kept)),
            tokens_in=both(billed.prompt, more.prompt),
            tokens_cached=both(billed.cached, more.cached),
            tokens_out=both(billed.generated, more.generated),
            model=both(demand.step_model, demand.step_model[again.step]),
        )
    found = calls(demand, outcome, provider)
    tried = of_tries(demand, found)
    none, never = np.zeros(count, np.int64), np.full(count, NEVER, np.int64)
    no_cpu = np.zeros(len(found.step), np.int64)
    return Steps(
        arrived=both(arrived, arrived[found.step]),
        ended=both(outcome.step_ended, found.ended),
        cpu=both(demand.step_cpu, no_cpu),
        tokens_in=both(none, tried.prompt),
        tokens_cached=both(none, tried.cached),
        tokens_out=both(none, tried.generated),
        model=both(never, provider.model[found.upstream]),
    )


def bill(
    seen: Observed, deployment: Billed, models: Sequence[str], month: Month, prices: PriceList, tokens: PriceList
) -> Invoice:
    """Say what a deployment costs in a month.

    Parameters
    ----------
    seen : Observed
    deployment : Billed
    models : sequence of str
        Name of each language model, by its number in ``seen.steps``.
    month : Month
    prices : PriceList
        Of the deployment's platform and variant.
    tokens : PriceList
        Of language models, from the same book.

    Returns
    -------
    Invoice
        The lines of the platform, then those of the models, then labour.

    Raises
    ------
    AdvisedError
        The window is not whole days.
    ValueError
        The price lists are of two books.
    """
    return billing(seen, deployment, models, month, prices, tokens)(tile(month, seen.window.length))


def billing(
    seen: Observed, deployment: Billed, models: Sequence[str], month: Month, prices: PriceList, tokens: PriceList
) -> Callable[[Tiling], Invoice]:
    """Return what makes the bill of the days of a tiling; the parameters are those of `bill`."""
    platform, language = Metering(seen, deployment, prices), TokenMetering(seen, models, tokens)

    spot = None
    if seen.sold is not None:
        on = charged(seen.spans, deployment.profile.meters, [rung.name for rung in deployment.ladder])
        spot = SpotMetering(seen.sold, deployment.profile.id, seen.spans, on, seen.window)

    def made(tiling: Tiling) -> Invoice:
        bought = () if spot is None else (spot.invoice(tiling, month, prices.book),)
        worked = () if deployment.labour is None else (_worked(deployment.labour, tiling),)
        return sum((*bought, rate(language.usage(tiling), tokens, month), labour(worked, month, prices.book)),
                   rate(platform.usage(tiling), prices, month))

    return made


def _worked(work: Work, tiling: Tiling) -> Worked:
    """Return the work of the days of a tiling: each day of a month has as much."""
    hours = Fraction(work.hours, HOUR) * len(tiling.days) / tiling.month.days
    return Worked("operating and patching", hours, work.rate, "the scenario")

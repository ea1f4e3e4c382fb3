"""Plots of a result. Each is a function from a result to matplotlib's Axes; none touches pyplot or global settings.

::

    sim.plots.overhead(result)                                  # shows itself in a notebook
    sim.plots.cost_curve(result, deployments=["fly", "e2b"])
    sim.plots.overhead(result).figure.savefig("overhead.png")
    sim.plots.against(sweep, "load", "cost.infrastructure", ax=ax)

===================== ======================================================================
`latency`, `overhead` how many requests take longer than so much, p95 and p99 marked
`start_up`            the same of starts of instances
`time_parts`          where the time goes, of the median and of the slowest 1%
`instances`, `load`   instances and waiting requests over time
`timeline`            what single instances did
`cost_curve`          the bill as it accumulates over the month
`cost_against`        cost against p99, or any time
`against`             any figure against an axis of a sweep, and where the best one changes
===================== ======================================================================

The first argument is the result, or for `against` the sweep; the others are known by name. ``deployments`` chooses some
of them where several are drawn; a deployment has the same colour, dashes and marker in every plot of a result,
whichever are chosen. ``ax`` says where to draw; without it a new figure of 800 pixels is made, which is not one of
pyplot's. What is returned are the Axes, to draw more into.
"""

from sim.report.plots.breakdown import time_parts
from sim.report.plots.cost import cost_against, cost_curve
from sim.report.plots.exceedance import latency, overhead, start_up
from sim.report.plots.fleet import instances, load, timeline
from sim.report.plots.varied import against

__all__ = [
    "against", "cost_against", "cost_curve", "instances", "latency", "load", "overhead", "start_up", "time_parts",
    "timeline",
]  # fmt: skip

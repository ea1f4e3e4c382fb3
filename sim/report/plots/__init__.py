"""Plots of a result. Each is a function from a result to matplotlib's Axes; none touches pyplot or global settings.

They draw into the axes that they are given, or into a new figure of 800 pixels, such as that of
``latency(result).figure.savefig("latency.png")``. A deployment has the same colour, dashes and marker in every plot of
a result, whichever of them are chosen.
"""

from sim.report.plots.breakdown import time_parts
from sim.report.plots.cost import cost_against, cost_curve
from sim.report.plots.exceedance import latency, overhead
from sim.report.plots.fleet import instances, load, timeline

__all__ = ["cost_against", "cost_curve", "instances", "latency", "load", "overhead", "time_parts", "timeline"]

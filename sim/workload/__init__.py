"""Who asks for what and when: arrivals, steps, recorded sessions."""

from sim.workload.closed import ran_out
from sim.workload.demand import demand, models
from sim.workload.fit import FittedArrivals, fit_arrivals
from sim.workload.ideal import ideal, work
from sim.workload.recording import StepKind
from sim.workload.seen import seen

__all__ = ["FittedArrivals", "StepKind", "demand", "fit_arrivals", "ideal", "models", "ran_out", "seen", "work"]

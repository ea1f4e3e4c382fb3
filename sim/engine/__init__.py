"""The models, and what they read and give."""

from sim.engine.contract import Capacity, Demand, Outcome
from sim.engine.model import simulate

__all__ = ["Capacity", "Demand", "Outcome", "simulate"]

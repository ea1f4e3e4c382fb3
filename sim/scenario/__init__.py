"""What a person writes: a scenario file, read, checked and bound to the catalogue.

`load` reads a file and tells everything that is wrong with it; `bind` resolves its names.
"""

from sim.scenario.bind import Case, bind
from sim.scenario.deployment import BoundDeployment, BoundRung
from sim.scenario.load import load, loads
from sim.scenario.resting import RestsOn
from sim.scenario.schema import Scenario

__all__ = ["BoundDeployment", "BoundRung", "Case", "RestsOn", "Scenario", "bind", "load", "loads"]

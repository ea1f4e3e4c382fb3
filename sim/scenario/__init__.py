"""What a person writes: a scenario file, read, checked and bound to the catalogue.

`load` reads a file and tells everything that is wrong with it; `bind` resolves its names.
"""

from sim.scenario.axes import Axis, Settings, word
from sim.scenario.bind import Case, bind
from sim.scenario.deployment import BoundDeployment, BoundRung
from sim.scenario.editors import json_schema
from sim.scenario.load import cases, changed, load, loads
from sim.scenario.notices import notices
from sim.scenario.resting import RestsOn
from sim.scenario.schema import Scenario
from sim.scenario.show import resolved, show

__all__ = [
    "Axis",
    "BoundDeployment",
    "BoundRung",
    "Case",
    "RestsOn",
    "Scenario",
    "Settings",
    "bind",
    "cases",
    "changed",
    "json_schema",
    "load",
    "loads",
    "notices",
    "resolved",
    "show",
    "word",
]

"""Platforms, models and what they cost: behaviour in ``profiles``, prices in ``prices``."""

from sim.catalog.figures import Figure, Standing, figures
from sim.catalog.lookup import llm, llm_ids, platform_ids, profile
from sim.catalog.own import PACKAGE, Catalogue
from sim.catalog.profiles import LlmProfile, Profile

__all__ = [
    "PACKAGE", "Catalogue", "Figure", "LlmProfile", "Profile", "Standing", "figures", "llm", "llm_ids",
    "platform_ids", "profile",
]  # fmt: skip

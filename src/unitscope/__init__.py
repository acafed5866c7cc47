"""Unitscope: see what every unit of a vision network responds to, and what the network does with it."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unitscope.api import dissect, layers
    from unitscope.classifying import classify_unit
    from unitscope.effects import insert, rank, remove
    from unitscope.errors import UnitscopeError
    from unitscope.experiments.classification.settings import ClassifierSettings
    from unitscope.experiments.dissection.rescore import at_quantile
    from unitscope.experiments.dissection.settings import DissectionSettings
    from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
    from unitscope.experiments.importance.settings import ImportanceSettings
    from unitscope.importance import importance
    from unitscope.models.generators import ClassConditional, Generator
    from unitscope.models.preprocessing import Preprocessing
    from unitscope.models.registry import Model, load_generator, load_model
    from unitscope.run.classification import UnitClassification
    from unitscope.run.comparison import compare
    from unitscope.run.dissection import Dissection, open_run
    from unitscope.run.effects import (
        Insertion,
        Ranking,
        Removal,
        find_insertions,
        find_rankings,
        find_removals,
        open_insertion,
        open_ranking,
        open_removal,
    )
    from unitscope.run.importance import Importance, find_importances, open_importance
    from unitscope.sources.latents import SeededLatents

    __version__: str

PLACES = {
    "ClassConditional": "unitscope.models.generators",
    "ClassifierSettings": "unitscope.experiments.classification.settings",
    "Dissection": "unitscope.run.dissection",
    "DissectionSettings": "unitscope.experiments.dissection.settings",
    "Generator": "unitscope.models.generators",
    "Importance": "unitscope.run.importance",
    "ImportanceSettings": "unitscope.experiments.importance.settings",
    "Insertion": "unitscope.run.effects",
    "InsertionSettings": "unitscope.experiments.effects.settings",
    "Model": "unitscope.models.registry",
    "Preprocessing": "unitscope.models.preprocessing",
    "Ranking": "unitscope.run.effects",
    "RankingSettings": "unitscope.experiments.effects.settings",
    "Removal": "unitscope.run.effects",
    "RemovalSettings": "unitscope.experiments.effects.settings",
    "SeededLatents": "unitscope.sources.latents",
    "UnitClassification": "unitscope.run.classification",
    "UnitscopeError": "unitscope.errors",
    "at_quantile": "unitscope.experiments.dissection.rescore",
    "classify_unit": "unitscope.classifying",
    "compare": "unitscope.run.comparison",
    "dissect": "unitscope.api",
    "find_importances": "unitscope.run.importance",
    "find_insertions": "unitscope.run.effects",
    "find_rankings": "unitscope.run.effects",
    "find_removals": "unitscope.run.effects",
    "importance": "unitscope.importance",
    "insert": "unitscope.effects",
    "layers": "unitscope.api",
    "load_generator": "unitscope.models.registry",
    "load_model": "unitscope.models.registry",
    "open_importance": "unitscope.run.importance",
    "open_insertion": "unitscope.run.effects",
    "open_ranking": "unitscope.run.effects",
    "open_removal": "unitscope.run.effects",
    "open_run": "unitscope.run.dissection",
    "rank": "unitscope.effects",
    "remove": "unitscope.effects",
}
"""Where each public name is; it is imported when it is first asked for."""

__all__ = [
    "ClassConditional",
    "ClassifierSettings",
    "Dissection",
    "DissectionSettings",
    "Generator",
    "Importance",
    "ImportanceSettings",
    "Insertion",
    "InsertionSettings",
    "Model",
    "Preprocessing",
    "Ranking",
    "RankingSettings",
    "Removal",
    "RemovalSettings",
    "SeededLatents",
    "UnitClassification",
    "UnitscopeError",
    "__version__",
    "at_quantile",
    "classify_unit",
    "compare",
    "dissect",
    "find_importances",
    "find_insertions",
    "find_rankings",
    "find_removals",
    "importance",
    "insert",
    "layers",
    "load_generator",
    "load_model",
    "open_importance",
    "open_insertion",
    "open_ranking",
    "open_removal",
    "open_run",
    "rank",
    "remove",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        found: object = import_module("importlib.metadata").version("unitscope")
    elif name in PLACES:
        found = getattr(import_module(PLACES[name]), name)
    else:
        raise AttributeError(f"module 'unitscope' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)

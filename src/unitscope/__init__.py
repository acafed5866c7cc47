"""Unitscope: see what every unit of a vision network responds to, and what the network does with it."""

import gc
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unitscope.api.cause import attack, importance, shape
    from unitscope.api.generate import insert, rank, remove
    from unitscope.api.look import classify_unit, dissect, layers
    from unitscope.errors import UnitscopeError
    from unitscope.experiments.attack.settings import AttackSettings
    from unitscope.experiments.classification.settings import ClassifierSettings
    from unitscope.experiments.dissection.difference import difference
    from unitscope.experiments.dissection.requantile import requantiled
    from unitscope.experiments.dissection.rescore import at_quantile
    from unitscope.experiments.dissection.settings import DissectionSettings
    from unitscope.experiments.dissection.stability import stability
    from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
    from unitscope.experiments.importance.settings import ImportanceSettings
    from unitscope.experiments.shape.settings import ShapeSettings
    from unitscope.models.generators import ClassConditional, Generator
    from unitscope.models.network import Network
    from unitscope.models.preprocessing import Preprocessing
    from unitscope.nouns.concepts import Concepts, colors, masks, segmenter
    from unitscope.nouns.generator import generator
    from unitscope.nouns.latents import Latents, latents
    from unitscope.nouns.network import network
    from unitscope.nouns.pictures import pictures
    from unitscope.paint.apply import apply_recipe
    from unitscope.run.attack import Attack, find_attacks, open_attack
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
    from unitscope.run.export import export
    from unitscope.run.importance import Importance, find_importances, open_importance
    from unitscope.run.imported import import_run
    from unitscope.run.shape import Shape, find_shapes, open_shape
    from unitscope.run.verification import verify
    from unitscope.sources.latents import SeededLatents

    __version__: str

_WHERE = {
    "api.cause": "attack importance shape",
    "api.generate": "insert rank remove",
    "api.look": "classify_unit dissect layers",
    "errors": "UnitscopeError",
    "experiments.attack.settings": "AttackSettings",
    "experiments.classification.settings": "ClassifierSettings",
    "experiments.dissection.difference": "difference",
    "experiments.dissection.requantile": "requantiled",
    "experiments.dissection.rescore": "at_quantile",
    "experiments.dissection.settings": "DissectionSettings",
    "experiments.dissection.stability": "stability",
    "experiments.effects.settings": "InsertionSettings RankingSettings RemovalSettings",
    "experiments.importance.settings": "ImportanceSettings",
    "experiments.shape.settings": "ShapeSettings",
    "models.generators": "ClassConditional Generator",
    "models.network": "Network",
    "models.preprocessing": "Preprocessing",
    "nouns.concepts": "Concepts colors masks segmenter",
    "nouns.generator": "generator",
    "nouns.latents": "Latents latents",
    "nouns.network": "network",
    "nouns.pictures": "pictures",
    "paint.apply": "apply_recipe",
    "run.attack": "Attack find_attacks open_attack",
    "run.classification": "UnitClassification",
    "run.comparison": "compare",
    "run.dissection": "Dissection open_run",
    "run.effects": "Insertion Ranking Removal find_insertions find_rankings find_removals open_insertion open_ranking "
    "open_removal",
    "run.export": "export",
    "run.importance": "Importance find_importances open_importance",
    "run.imported": "import_run",
    "run.shape": "Shape find_shapes open_shape",
    "run.verification": "verify",
    "sources.latents": "SeededLatents",
}
"""Public names by module; each is imported when it is first used, so that ``import unitscope`` costs nothing."""
_MODULES = {name: module for module, names in _WHERE.items() for name in names.split()}

__all__ = [
    "Attack",
    "AttackSettings",
    "ClassConditional",
    "ClassifierSettings",
    "Concepts",
    "Dissection",
    "DissectionSettings",
    "Generator",
    "Importance",
    "ImportanceSettings",
    "Insertion",
    "InsertionSettings",
    "Latents",
    "Network",
    "Preprocessing",
    "Ranking",
    "RankingSettings",
    "Removal",
    "RemovalSettings",
    "SeededLatents",
    "Shape",
    "ShapeSettings",
    "UnitClassification",
    "UnitscopeError",
    "__version__",
    "apply_recipe",
    "at_quantile",
    "attack",
    "classify_unit",
    "colors",
    "compare",
    "difference",
    "dissect",
    "export",
    "find_attacks",
    "find_importances",
    "find_insertions",
    "find_rankings",
    "find_removals",
    "find_shapes",
    "generator",
    "import_run",
    "importance",
    "insert",
    "latents",
    "layers",
    "masks",
    "network",
    "open_attack",
    "open_importance",
    "open_insertion",
    "open_ranking",
    "open_removal",
    "open_run",
    "open_shape",
    "pictures",
    "rank",
    "remove",
    "requantiled",
    "segmenter",
    "shape",
    "stability",
    "verify",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used."""
    if name == "__version__":
        found: object = import_module("importlib.metadata").version("unitscope")
    elif name in _MODULES:
        found = getattr(_imported(f"unitscope.{_MODULES[name]}"), name)
    else:
        raise AttributeError(f"module 'unitscope' has no attribute {name!r}")
    globals()[name] = found
    return found


def _imported(module: str) -> ModuleType:
    """Import a module; nothing that comes with it is garbage, and looking for some takes an eighth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return import_module(module)
    finally:
        if collecting:
            gc.enable()


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted({*globals(), *__all__})

"""Unitscope: see what every unit of a vision network responds to, and what the network does with it."""

from importlib.metadata import version

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

__version__ = version("unitscope")

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

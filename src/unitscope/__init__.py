"""Unitscope: see what every unit of a vision network responds to, and what the network does with it."""

from importlib.metadata import version

from unitscope.api import dissect, layers
from unitscope.classifying import UnitClassification, classify_unit
from unitscope.compare import compare
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissect import DissectionSettings
from unitscope.experiments.rescore import at_quantile
from unitscope.experiments.unit_classifier import ClassifierSettings
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.registry import Model, load_model
from unitscope.run.dissection import Dissection, open_run

__version__ = version("unitscope")

__all__ = [
    "ClassifierSettings",
    "Dissection",
    "DissectionSettings",
    "Model",
    "Preprocessing",
    "UnitClassification",
    "UnitscopeError",
    "__version__",
    "at_quantile",
    "classify_unit",
    "compare",
    "dissect",
    "layers",
    "load_model",
    "open_run",
]

"""Unitscope: see what every unit of a vision network responds to, and what the network does with it."""

from importlib.metadata import version

from unitscope.api import dissect, layers
from unitscope.compare import compare
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissect import DissectionSettings
from unitscope.experiments.rescore import at_quantile
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.registry import Model, load_model
from unitscope.run.dissection import Dissection, open_run

__version__ = version("unitscope")

__all__ = [
    "Dissection",
    "DissectionSettings",
    "Model",
    "Preprocessing",
    "UnitscopeError",
    "__version__",
    "at_quantile",
    "compare",
    "dissect",
    "layers",
    "load_model",
    "open_run",
]

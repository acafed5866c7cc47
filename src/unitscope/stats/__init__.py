"""Mergeable statistics of activations: what is counted in any order, split or batch gives the same bits."""

from unitscope.stats.alike import UnitLikeness, peak_levels
from unitscope.stats.area_changes import AreaChanges, ConceptPixels
from unitscope.stats.base import State, Statistic
from unitscope.stats.bootstrap import IntersectionBootstrap
from unitscope.stats.cells import StrongCells
from unitscope.stats.chance import ChanceIntersections
from unitscope.stats.class_accuracy import ClassAccuracy, ClassScores
from unitscope.stats.device import DeviceRaster, DeviceSampling
from unitscope.stats.extent import ActivationExtent
from unitscope.stats.insertions import Insertions, PixelCounts, Places
from unitscope.stats.intersection import ConceptAreas, Intersections
from unitscope.stats.pairs import MaskOverlap, PairAnswers, PairChanges, PairFacts, PairOverlap, UnitChanges
from unitscope.stats.prediction_changes import Changes, PredictionChanges
from unitscope.stats.quantile import (
    LEVELS,
    ActivationHistogram,
    ThresholdSearch,
    exceeding_count,
)
from unitscope.stats.raster import ActivationRaster
from unitscope.stats.separation import LabelHistogram
from unitscope.stats.topk import TopPictures

__all__ = [
    "LEVELS",
    "ActivationExtent",
    "ActivationHistogram",
    "ActivationRaster",
    "AreaChanges",
    "ChanceIntersections",
    "Changes",
    "ClassAccuracy",
    "ClassScores",
    "ConceptAreas",
    "ConceptPixels",
    "DeviceRaster",
    "DeviceSampling",
    "Insertions",
    "IntersectionBootstrap",
    "Intersections",
    "LabelHistogram",
    "MaskOverlap",
    "PairAnswers",
    "PairChanges",
    "PairFacts",
    "PairOverlap",
    "PixelCounts",
    "Places",
    "PredictionChanges",
    "State",
    "Statistic",
    "StrongCells",
    "ThresholdSearch",
    "TopPictures",
    "UnitChanges",
    "UnitLikeness",
    "exceeding_count",
    "peak_levels",
]

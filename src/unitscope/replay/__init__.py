"""Cut a network at a layer: run the front once, then the back many times, exactly."""

from unitscope.replay.cut import TOLERANCE, Carried, Replay, cut
from unitscope.replay.graphs import CannotCut, Graph, Piece

__all__ = ["TOLERANCE", "CannotCut", "Carried", "Graph", "Piece", "Replay", "cut"]

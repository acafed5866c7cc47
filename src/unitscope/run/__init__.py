"""The run folder: manifest, committed shards, tables, and how to open a finished run."""

from unitscope.run.dissection import Dissection, open_run
from unitscope.run.folder import RunFolder
from unitscope.run.importance import Importance, find_importances, open_importance

__all__ = ["Dissection", "Importance", "RunFolder", "find_importances", "open_importance", "open_run"]

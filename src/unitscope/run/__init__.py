"""The run folder: manifest, committed shards, tables, and how to open a finished run."""

from unitscope.run.dissection import Dissection, open_run
from unitscope.run.folder import RunFolder

__all__ = ["Dissection", "RunFolder", "open_run"]

"""The report of a layer's importance: which units every class needs, alone and together (fig. 2 of the paper)."""

from unitscope.report.importance.class_figures import class_figures
from unitscope.report.importance.data import read_importance
from unitscope.report.importance.write import write_importance_report

__all__ = ["class_figures", "read_importance", "write_importance_report"]

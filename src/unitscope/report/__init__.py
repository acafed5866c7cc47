"""The self-contained HTML report of a run folder, and its figures as files."""

from unitscope.report.start import write_reports
from unitscope.report.write import write_report

__all__ = ["write_report", "write_reports"]

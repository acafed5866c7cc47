"""The self-contained HTML report of a run folder, and its figures as files."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unitscope.report.pages.comparison import write_comparison
    from unitscope.report.single import write_single_report
    from unitscope.report.start import write_reports
    from unitscope.report.write import write_report

_WHERE = {
    "write_comparison": "pages.comparison",
    "write_report": "write",
    "write_reports": "start",
    "write_single_report": "single",
}


def __getattr__(name: str) -> object:
    """Import a name when it is used: the page of a comparison needs no network and no statistics."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


__all__ = ["write_comparison", "write_report", "write_reports", "write_single_report"]

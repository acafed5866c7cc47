"""How results show themselves: their pages and charts, registered under the names that results ask for."""

from __future__ import annotations

from pathlib import Path

from unitscope.report.classifier import write_classifier_page
from unitscope.report.effects import write_effect_page
from unitscope.report.write import write_report
from unitscope.run.classification import UnitClassification
from unitscope.run.dissection import Dissection
from unitscope.run.effects import Insertion, Ranking, Removal
from unitscope.run.importance import Importance


def dissection_page(run: Dissection) -> Path:
    """Write the report of a dissection."""
    return write_report(run.path)


def importance_page(found: Importance) -> Path:
    """Write the report of the dissection that an importance belongs to, and return the page of the importance."""
    write_report(found.path.parent.parent)
    return found.page


def classification_page(found: UnitClassification) -> Path:
    """Write the page of a unit as a classifier."""
    return write_classifier_page(found)


def effect_page(found: Removal | Insertion | Ranking) -> Path:
    """Write the page of a question about a generator."""
    return write_effect_page(found)

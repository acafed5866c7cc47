"""The pages of what units of a generator do: removal, insertion, and the ranking of units by their effect."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from unitscope.report.pages.insertion import insertion_page
from unitscope.report.pages.questions import Kind, write_page
from unitscope.report.pages.ranking import ranking_page
from unitscope.report.pages.removal import removal_page
from unitscope.run.effects import Insertion, Ranking, Removal
from unitscope.run.results import Result

Effect = Removal | Insertion | Ranking


def write_effect_page(found: Effect) -> Path:
    """Write the page of a removal, an insertion or a ranking, see :func:`write_page`."""
    return write_page(found, KINDS[type(found)])


def with_kinds(found: Iterable[Effect]) -> list[tuple[Result[object], Kind]]:
    """Return finished questions with how their pages are made."""
    return [(each, KINDS[type(each)]) for each in found]


def effect_title(found: Effect) -> str:
    """Return what was asked, in a few words."""
    layer = found.summary.layer
    if isinstance(found, Removal):
        return f"{layer} without {found.summary.concept} units"
    if isinstance(found, Insertion):
        return f"{found.summary.concept} units of {layer} forced on"
    return f"units of {layer} ranked by effect"


KINDS: dict[type, Kind] = {
    Removal: Kind("effects/removal.html", effect_title, removal_page),
    Insertion: Kind("effects/insertion.html", effect_title, insertion_page),
    Ranking: Kind("effects/ranking.html", effect_title, ranking_page),
}

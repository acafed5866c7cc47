"""The pages of the report and the filling of `index.html`.

A page is a template (`templates/dissection/<name>.html`, a `<section id="page-<name>">`) and, where it draws from
data, a script (`assets/dissection/<name>.js`) that adds itself to `unitscope.pages`. A new page
is one more entry here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from unitscope.report.data import RunData, records
from unitscope.report.pages.claims import claims
from unitscope.report.shell import FOLDER, fill


@dataclass(frozen=True)
class Page:
    """One page of the report: its name in the address, its title in the navigation (None: not listed)."""

    name: str
    title: str | None


PAGES = (
    Page("overview", "Overview"),
    Page("units", "Units"),
    Page("unit", None),
    Page("concepts", "Concepts"),
    Page("method", "Method"),
)


def render_index(
    data: RunData,
    pages: Sequence[Page],
    *,
    figures: Mapping[str, str],
    importance: Sequence[tuple[str, str]] = (),
    effects: Sequence[tuple[str, str]] = (),
    pairs: Sequence[tuple[str, str]] = (),
    start: str = "",
) -> str:
    """Return the text of `index.html`.

    Args:
        data: the run.
        pages: the pages, in the order of the navigation.
        figures: the title of every figure by the name of its file, without the ending.
        importance: title and address of every report of importance.
        effects: title and address of every page of what units do in a generator.
        pairs: title and address of every page of pictures and altered copies.
        start: the address of a page of several runs that the report belongs to.
    """
    facts = _facts(data)
    return fill(
        "dissection/page.html",
        pages=pages,
        figures=figures,
        importance=importance,
        effects=effects,
        pairs=pairs,
        start=start,
        home="",
        assets=FOLDER,
        data_scripts=["data/run.js", "data/units.js", "data/charts.js"],
        scripts=["dissection"],
        **facts,
    )


def _facts(data: RunData) -> dict[str, object]:
    """Return what the templates say about the run."""
    used = data.samples["used"].astype(bool)
    return {
        **data.facts,
        "layers": [data.title(name) for name in data.layer_names],
        "skipped": [("", row.id, row.reason or "no reason given") for row in records(data.samples[~used])],
        "pictures_used": int(used.sum()),
        **_unit_facts(data),
        "calibration": claims(data),
    }


def _unit_facts(data: RunData) -> dict[str, object]:
    units = data.units
    labelled = units[units["concept"].notna()]
    detectors = units[units["detector"]]
    categories = list(dict.fromkeys(data.concepts["category"]))
    matched = {name: detectors[detectors["category"] == name]["concept"].nunique() for name in categories}
    return {
        "categories": categories,
        "concepts": {name: _counts(labelled, name) for name in categories},
        "total": len(units),
        "detectors": len(detectors),
        "distinct": list(matched.items()),
        "status": units["status"].value_counts().to_dict(),
        "stable": float(labelled["label_stable"].mean()) if len(labelled) else 0.0,
    }


def _counts(labelled: pd.DataFrame, category: str) -> list[tuple[str, int]]:
    """Return the concepts of a category that label units, A to Z, with the number of units."""
    names = labelled[labelled["category"] == category]["concept"]
    return sorted((str(name), int(count)) for name, count in names.value_counts().items())

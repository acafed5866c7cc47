"""The pages of the report and the filling of `index.html`.

A page is a template (`templates/dissection/<name>.html`, a `<section id="page-<name>">`) and, where it draws from
data, a script (`assets/dissection/<name>.js`) that adds itself to `unitscope.pages`. A new page
is one more entry of `PAGES` (`report/header.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from unitscope.report.data import RunData, records
from unitscope.report.header import Header, Page
from unitscope.report.pages.claims import claims
from unitscope.report.shell import FOLDER, fill

IMPORTANCE, EFFECTS, PAIRS = "What the classes need", "What the units do", "What units do on altered pictures"
CLASSIFIERS, COMPARISONS = "Units as classifiers", "Compared with other runs"
"""Kinds of questions."""
HINTS = {
    IMPORTANCE: "Units were removed, alone and together, to see what each class of the network loses.",
    EFFECTS: "Units were removed or forced on, to see what goes from the generated pictures and what appears in them.",
    PAIRS: "Pictures and altered copies of them: which units see shape and which texture, and which an adversarial "
    "attack goes through.",
    CLASSIFIERS: "How well single units tell pictures of one kind from others.",
    COMPARISONS: "Detectors and concepts of this run beside those of others, and of random weights.",
}


def render_index(data: RunData, pages: Sequence[Page], *, figures: Mapping[str, str], header: Header) -> str:
    """Return the text of `index.html`.

    Args:
        data: the run.
        pages: the pages, in the order of the navigation.
        figures: the title of every figure by the name of its file, without the ending.
        header: of every page of the report.
    """
    facts = _facts(data)
    return fill(
        "dissection/page.html",
        pages=pages,
        figures=figures,
        questions=[(kind, HINTS.get(kind, ""), links) for kind, links in header.questions],
        header=header.seen(),
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

"""The paper's claims about generators (figures 3 and 4), beside what the bundled generator does.

    python benchmarks/generator_claims.py --runs DIR [--latents 2000] [--insert-latents 100] [--rank-latents 200]

Everything goes to folders below DIR, and goes on from there when the command is repeated. The layer is the one with
most detectors of objects and parts, unless `--layer` says; the concepts are those objects and parts that cover most of
the pictures and have a detector there. `ratio` is the area of a concept that is left without its units, over what is
left without as many random units (medians over concepts).
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import unitscope
from unitscope.report import write_report
from unitscope.run.dissection import Dissection
from unitscope.run.numbers import Score

CATEGORIES = ("object", "part")
LAYERS = tuple(f"layer{number}" for number in range(1, 11))


def dissected(options: argparse.Namespace) -> Dissection:
    """Dissect every layer of the bundled generator."""
    return unitscope.dissect(
        "world-gan",
        unitscope.latents(options.latents),
        layers=LAYERS,
        out=options.runs / "gan",
        seed=1,
    )


def layer_rows(run: Dissection) -> dict[str, dict[str, list[int]]]:
    """Return detectors and distinct concepts by layer and category (fig. 3C)."""
    rows: dict[str, dict[str, list[int]]] = {}
    for row in run.layers.to_dict("records"):
        rows.setdefault(row["layer"], {})[row["category"]] = [row["detectors"], row["concepts"]]
    return rows


def best_layer(run: Dissection) -> str:
    """Return the layer with most detectors of objects and parts."""
    found = (
        run.layers[run.layers["category"].isin(CATEGORIES)].groupby("layer", sort=False)["detectors"].sum()
    )
    return str(found.idxmax())


def chosen_concepts(run: Dissection, layer: str, count: int) -> list[str]:
    """Return the objects and parts of largest area that a unit of the layer detects, then others that units match."""
    table = run.table("iou")
    table = table[(table["layer"] == layer) & table["category"].isin(CATEGORIES) & (table["iou"] > 0)]
    best = table.groupby(["concept", "category"], sort=False)["iou"].max().reset_index()
    areas = run.concepts.set_index(["name", "category"])["pixels"]
    best["pixels"] = [
        areas[name, category] for name, category in zip(best["concept"], best["category"], strict=True)
    ]
    best["detected"] = best["iou"] >= run.settings.min_iou
    best = best.sort_values(["detected", "pixels"], ascending=False, kind="stable").head(count)
    return [f"{row.concept}|{row.category}" for row in best.itertuples()]


def removed(run: Dissection, layer: str, concept: str, options: argparse.Namespace) -> dict[str, Any]:
    """Remove the units of a concept (fig. 4A); return what is lost, and what is lost in the controls."""
    found = unitscope.remove(
        run,
        concept,
        layer=layer,
        units=options.units,
        random=5,
    )
    facts = found.summary
    sets = facts.sets
    return {
        "area": round(facts.area, 4),
        "lost": _rounded(next(each.lost for each in sets if each.kind == "concept")),
        "others_lost": _rounded(next(each.others_lost for each in sets if each.kind == "concept")),
        "random": [round(each.lost.value or 0, 3) for each in sets if each.kind == "random"],
        "control": [
            facts.control,
            *(_rounded(each.lost) for each in sets if each.kind == "control"),
        ],
        "changed_most": {
            f"{each.concept}|{each.category}": [
                round(each.area, 4),
                round(each.change.value or 0, 4),
            ]
            for each in facts.changed_most[:4]
        },
    }


def inserted(run: Dissection, layer: str, concept: str, options: argparse.Namespace) -> dict[str, Any]:
    """Force the units of a concept on at every place (fig. 4C, 4D); return successes and new area by context."""
    found = unitscope.insert(
        run,
        concept,
        layer=layer,
        units=options.units,
        level=options.level,
        context="object",
        latents=options.insert_latents,
    )
    facts = found.summary
    return {
        "sets": [
            {"kind": each.kind, "success": _rounded(each.success), "new": _rounded(each.new_area, 5)}
            for each in facts.sets
        ],
        "contexts": {
            each.concept or "nothing": {
                "places": each.places,
                "success": _rounded(each.success),
                "new": _rounded(each.new_area, 5),
            }
            for each in facts.contexts
        },
    }


def ranked(run: Dissection, layer: str, options: argparse.Namespace) -> dict[str, Any]:
    """Remove every unit alone; return the rank correlation of effect and IoU by concept."""
    found = unitscope.rank(run, layer=layer, latents=options.rank_latents)
    rows = found.concepts[found.concepts["correlation"].notna()].sort_values("before", ascending=False)
    rows = rows[rows["category"].isin(CATEGORIES)].head(options.concepts)
    columns = ["correlation", "correlation_low", "correlation_high"]
    names = [
        f"{concept}|{category}" for concept, category in zip(rows["concept"], rows["category"], strict=True)
    ]
    return dict(zip(names, rows[columns].round(2).to_numpy().tolist(), strict=True))


def _rounded(score: Score | None, digits: int = 3) -> list[float | None]:
    ends = () if score is None else (score.value, score.low, score.high)
    return [None if value is None else round(value, digits) for value in ends]


def main() -> None:
    """Dissect, remove, insert, rank, and print one JSON line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--latents", type=int, default=2000)
    parser.add_argument("--insert-latents", type=int, default=100)
    parser.add_argument("--rank-latents", type=int, default=200)
    parser.add_argument("--concepts", type=int, default=8)
    parser.add_argument("--units", type=int, default=20)
    parser.add_argument("--insert", action="append", help="a concept to insert; door by default")
    parser.add_argument("--level", default="threshold")
    parser.add_argument("--layer")
    options = parser.parse_args()
    run = dissected(options)
    layer = options.layer or best_layer(run)
    removals = {
        concept: removed(run, layer, concept, options)
        for concept in chosen_concepts(run, layer, options.concepts)
    }
    own = statistics.median(each["lost"][0] for each in removals.values())
    random = statistics.median(value for each in removals.values() for value in each["random"])
    result = {
        "benchmark": "generator_claims",
        "ratio": round((1 - own) / (1 - random), 3),
        "median_lost": own,
        "median_lost_random": random,
        "layer": layer,
        "units": options.units,
        "latents": options.latents,
        "layers": layer_rows(run),
        "removed": removals,
        "inserted": {
            concept: inserted(run, layer, concept, options) for concept in options.insert or ["door|object"]
        },
        "rank_correlation": ranked(run, layer, options),
    }
    write_report(run.path)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

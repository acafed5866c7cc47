"""The data card of an exported run: what it is, how it was made, what it found, what to know before it is shared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from unitscope.run.calibration import whole_or_mean
from unitscope.run.dissection import Dissection
from unitscope.run.exported import PACKED, ExportForm
from unitscope.run.layout import TABLES
from unitscope.run.manifest import Values, plain
from unitscope.run.numbers import fraction, interval

BEST = 10
"""Units that a card lists."""
MOST_SKIPPED = 20
FIRST = ("units", "layers", "matches", "concepts", "exemplars", "samples", "histograms", "iou")
"""Tables in the order of a card; the first is the one that is loaded when none is named."""
CITATION = """@article{bau2020units,
  author  = {Bau, David and Zhu, Jun-Yan and Strobelt, Hendrik and Lapedriza, Agata and Zhou, Bolei and
             Torralba, Antonio},
  title   = {Understanding the role of individual units in a deep neural network},
  journal = {Proceedings of the National Academy of Sciences},
  volume  = {117}, number = {48}, pages = {30071--30078}, year = {2020},
  doi     = {10.1073/pnas.1907375117}
}"""
COUNTED = (
    "layer",
    "units",
    "detectors",
    "concepts",
    "above chance",
    "stand out",
    "detectors with random weights",
)
LISTED = ("layer", "unit", "concept", "category", "IoU", "95 % interval", "held out")
LOADED = """
```python
import unitscope as us

run = us.import_run("FOLDER OR ZIP", out="runs/imported")
run.report()
```"""
AS_DATA = """
```python
import datasets

units = datasets.load_dataset("FOLDER", "units", split="train")
```"""
MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|#"} | {"\n": " ", "\r": " "})
"""What Markdown would read as more than text."""


def data_card(run: Dissection, form: ExportForm, questions: Sequence[str], *, pictures: bool) -> str:
    """Return the data card of a run, Markdown below a head of YAML.

    Args:
        run: the run.
        form: of the export.
        questions: folders of controls and questions that are in it.
        pictures: whether pictures are in it.
    """
    parts = [
        _head(run, form, pictures=pictures),
        f"# {_text(run.title)}",
        "What every unit of a network responds to, found by network dissection with "
        f"Unitscope {_text(run.manifest.packages.get('unitscope', ''))}.",
        "## Numbers\n\n" + "\n".join(_numbers(run)),
        "## What it was made of\n\n" + _table(("", ""), _sources(run)),
        "## Settings\n\n" + _table(("setting", "value"), _settings(run)),
        "## Files\n\n" + "\n".join(_files(run, form, questions, pictures=pictures)),
        "## Before you share it\n\n" + "\n".join(_warnings(run, pictures=pictures)),
        "## Citation\n\nThe method is that of\n\n```bibtex\n" + CITATION + "\n```\n\n"
        f"Name Unitscope {_text(run.manifest.packages.get('unitscope', ''))} for the implementation.",
    ]
    return "\n\n".join(parts) + "\n"


def _head(run: Dissection, form: ExportForm, *, pictures: bool) -> str:
    """Return the head, which the Hugging Face Hub and the library datasets read; JSON is YAML as well."""
    ending = "csv" if form == "csv" else "parquet"
    configs = [
        {
            "config_name": name,
            "data_files": f"{TABLES}/{name}.{ending}",
            **({"default": True} if not place else {}),
        }
        for place, name in enumerate(FIRST)
    ]
    if form == "hub" and pictures and _shown(run):
        configs.append({"config_name": "pictures", "data_files": PACKED})
    entries = {
        "pretty_name": run.title,
        "license": "other",
        "tags": ["unitscope", "network-dissection", "interpretability", "computer-vision"],
        "configs": configs,
    }
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in entries.items())
    return "\n".join(["---", *lines, "---"])


def _shown(run: Dissection) -> bool:
    """Return whether the run kept pictures."""
    return bool(run.exemplars["picture"].notna().any())


def _numbers(run: Dissection) -> Iterator[str]:
    cut = fraction(run.settings.min_iou)
    yield (
        f"A detector is a unit whose IoU with its label reaches {cut}. It stands out if its label is also above "
        "chance, the same on both halves of the pictures, and held out above what random weights reach.\n"
    )
    yield _table(COUNTED, _counts(run))
    yield "\n`-` was not measured." + "".join(f" {_sentence(doubt)}" for doubt in run.doubts(cut))
    yield f"\nThe {BEST} units of highest IoU:\n"
    yield _table(LISTED, _best(run))


def _counts(run: Dissection) -> Iterator[Sequence[object]]:
    """Yield what the card says of each layer."""
    together = run.layers[run.layers["category"] == "all"].set_index("layer")["concepts"]
    for row in run.calibration.to_dict("records"):
        layer = str(row["layer"])
        counts = (row["units"], row["detectors"], together[layer], row["above_chance"], row["calibrated"])
        yield [run.network.layer_title(layer), *map(_count, counts), _random(row)]


def _best(run: Dissection) -> Iterator[Sequence[object]]:
    """Yield what the card says of each of the clearest units."""
    best: Iterable[Any] = run.best(BEST).dropna(subset="concept").itertuples()
    for row in best:
        measured = fraction(row.iou), interval(row.iou_low, row.iou_high), fraction(row.iou_heldout)
        yield [run.network.layer_title(row.layer), row.unit, row.concept, row.category, *measured]


def _random(row: dict[Any, Any]) -> str:
    """Return how many detectors there are with random weights, and over how many controls that is the mean."""
    if not row["controls"]:
        return "-"
    return whole_or_mean(row["untrained"]) + (f" (mean of {row['controls']})" if row["controls"] > 1 else "")


def _count(number: object) -> str:
    return "-" if pd.isna(number) else f"{number:,}"  # type: ignore[call-overload]


def _sources(run: Dissection) -> Iterator[Sequence[object]]:
    network, data, concepts, manifest = run.network, run.data, run.manifest.concepts, run.manifest
    yield "generator" if run.generated else "network", network.name
    if network.spec:
        yield "how it was named", network.spec
    if network.reinitialized is not None:
        yield "random weights, seed", network.reinitialized
    yield "SHA-256 of its weights", network.weights_hash
    if network.preprocessing:
        yield "preprocessing", _listed(network.preprocessing)
    if network.generator is not None:
        yield "it takes and makes", _listed(plain(network.generator))
    yield "pictures", f"{data.name}: {data.used:,} of {data.pictures:,}"
    yield "SHA-256 of the pictures", data.hash
    if data.latents:
        yield "latents", _listed(data.latents)
    assert concepts is not None
    yield "labels", concepts.name
    yield "concepts", f"{concepts.count:,}, of {', '.join(concepts.categories)}"
    yield "SHA-256 of the vocabulary", concepts.hash
    yield "made", f"{manifest.created} by {manifest.command}" if manifest.command else manifest.created
    yield "versions", ", ".join(f"{name} {version}" for name, version in manifest.packages.items())


def _settings(run: Dissection) -> Iterator[Sequence[object]]:
    for name, value in plain(run.settings).items():
        if value not in (None, {}, []):
            yield name, "x".join(map(str, value)) if isinstance(value, list) else value


def _files(run: Dissection, form: ExportForm, questions: Sequence[str], *, pictures: bool) -> Iterator[str]:
    ending = "csv" if form == "csv" else "parquet"
    yield f"- `{TABLES}/*.{ending}`: {', '.join(FIRST)}; `docs/tables.md` of Unitscope describes every column"
    if pictures and _shown(run):
        where = f"`{PACKED}`, one row a file" if form == "hub" else "`pictures/`"
        yield f"- {where}: exemplars, as the network saw them"
    for name in questions:
        yield f"- `{name.replace('`', '')}/`: a control or a question of this run, with the same layout"
    yield "- `manifest.json`: everything above, for programs; `export.json`: checksums of all files"
    if form == "csv":
        yield "\nLists are written as JSON, masks in base 64. This form cannot be imported again; the others can."
        return
    yield LOADED
    if form != "zip":
        yield AS_DATA


def _warnings(run: Dissection, *, pictures: bool) -> Iterator[str]:
    what = "the pictures that the generator made" if run.generated else f"pictures of {_text(run.data.name)}"
    if pictures:
        yield (
            f"- Exemplars are {what}: they stay under the licence of the data, which may not allow that they are "
            "passed on, and may show people. Look at them first; an export with `--no-pictures` has none."
        )
    else:
        yield f"- Left out: {what}. Regions of units in them are not, nor are their names."
    yield (
        "- Names of pictures, of folders and the command that made the run are in the tables and in the manifest, as "
        "they were on the machine that made it."
    )
    yield (
        "- `license: other` is a place to fill in: tables and numbers are yours to license; the vocabulary and the "
        "labels came from a data set or a segmenter with a licence of its own."
    )
    yield "- A label is the best match in this vocabulary on these pictures, not all that a unit responds to."
    skipped = run.data.skipped
    for each in skipped[:MOST_SKIPPED]:
        yield f"- Not read: {_text(each.sample)} ({_text(each.reason)})."
    if len(skipped) > MOST_SKIPPED:
        yield f"- Not read either: {len(skipped) - MOST_SKIPPED:,} more, see `samples`."
    for note in run.manifest.notes:
        yield f"- {_sentence(note)}"


def _listed(values: Values) -> str:
    return json.dumps(values, ensure_ascii=False)[1:-1].replace('"', "")


def _sentence(text: str) -> str:
    return f"{_text(text[:1].upper() + text[1:]).rstrip('.')}."


def _text(value: object) -> str:
    """Return a value as text in which Markdown finds no marks."""
    return str(value).translate(MARKS)


def _table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(_text(cell) for cell in row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(names) + " |", "|" + " --- |" * len(names), *lines])

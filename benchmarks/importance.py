"""The paper's claims on the role of units beside what is measured here, as one JSON line a network.

    python benchmarks/importance.py [--network world|squeezenet] [--train 20] [--val 10] [--ablation zero|mean]
                                    [--set-size 4 --set-size 20] [--random 5] [--layer NAME] [--data ../shared]

`world` is the bundled network on the embedded world, `squeezenet` a real one on photographs of 96 scenes, if they are
there; `--train` and `--val` are pictures of each class. `ratio` is what removing every unit alone costs, reading and
the front included, in bare forward passes of the same pictures; `seconds` are those of each stage. Losses are of
balanced accuracy, in percent.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from common import BATCH

import unitscope
from unitscope.models.registry import load_network
from unitscope.nouns.device import choose_device
from unitscope.world.scene import SCENE_CLASSES

PREPROCESS = "size=192,channels=bgr,range=0:255,mean=104.05:112.51:116.68,scale=255"
SCENES = len(SCENE_CLASSES)
PAPER = {
    "network": "VGG-16 conv5_3, Places365",
    "one class": {
        "class": "ski_resort",
        "all units": 81.4,
        "removed 4": 64.0,
        "removed 20": 53.5,
        "kept 20": 77.7,
    },
    "all-class accuracy": {"all units": 53.3, "removed 20": 52.6, "kept 20": 2.1},
    "mean over classes": {"removed 20": 53.0, "kept 20 loss": 3.6},
}
"""Bau et al. 2020, figure 2 and text, balanced accuracy in percent."""


def world(folder: Path, options: argparse.Namespace) -> tuple[unitscope.Dissection, dict[str, Any]]:
    """Dissect the bundled network, and say what its pictures are."""
    run = unitscope.dissect(
        "world-vgg",
        "world:64",
        out=folder / "run",
        layers=[options.layer or "relu4_3"],
        device=options.device,
    )
    return run, {
        "train": f"world:{SCENES * options.train}:train",
        "val": f"world:{SCENES * options.val}:test",
    }


def squeezenet(folder: Path, options: argparse.Namespace) -> tuple[unitscope.Dissection, dict[str, Any]]:
    """Dissect the network on photographs, and say which scenes are which outputs."""
    data = options.data / "data"
    for split, count in (("train", options.train), ("val", options.val)):
        for scene in sorted((data / "places96" / split).iterdir()):
            (folder / split / scene.name).mkdir(parents=True)
            for picture in sorted(scene.iterdir())[:count]:
                (folder / split / scene.name / picture.name).symlink_to(picture.resolve())
    few = folder / "few"
    for kind, ending in (("images", ".jpg"), ("annotations", ".png")):
        (few / kind).mkdir(parents=True)
        for file in sorted((data / "places_objects" / "val" / kind).glob(f"*{ending}"))[:64]:
            (few / kind / file.name).symlink_to(file.resolve())
    run = unitscope.dissect(
        unitscope.network(f"{options.data}/models/real_models.py:squeezenet_places365", preprocess=PREPROCESS),
        few / "images", unitscope.masks(few / "annotations", data / "places_objects" / "labels.txt"),
        out=folder / "run", layers=[options.layer or "fire9"], device=options.device,
    )  # fmt: skip
    with (data / "places96" / "classes.tsv").open(encoding="utf-8") as file:
        outputs = {name: number for name, number, *_ in csv.reader(file, delimiter="\t") if number.isdigit()}
    return run, {"train": folder / "train", "val": folder / "val", "class_map": outputs}


NETWORKS = {"world": world, "squeezenet": squeezenet}


def bare_seconds(run: unitscope.Dissection, pictures: int, device: torch.device) -> float:
    """Return the seconds of bare forward passes of so many pictures, by the time of 64."""
    facts = run.network
    module = load_network(facts.spec, device=device).module
    assert facts.input_size is not None
    inputs = torch.randn(BATCH, 3, *facts.input_size, device=device)
    with torch.no_grad():
        float(module(inputs).sum())
        start = time.perf_counter()
        for _ in range(4):
            float(module(inputs).sum())
    return (time.perf_counter() - start) * pictures / (4 * BATCH)


def one_class(found: unitscope.Importance) -> dict[str, Any]:
    """Return what sets leave of the paper's class, or of the one that loses most without its 4 most important units."""
    sets = found.sets[(found.sets["ranking"] == "importance") & ~found.sets["curve"]]
    lost = sets[(sets["kind"] == "removed") & (sets["k"] == min(sets["k"]))].set_index("class")["loss"]
    name = "ski_resort" if "ski_resort" in lost.index else str(lost.idxmax())
    baseline = found.classes.set_index("class").loc[name, "balanced_accuracy"]
    rows = sets[sets["class"] == name]
    left = {f"{row.kind} {row.k}": percent(row.balanced_accuracy) for row in rows.itertuples()}
    return {"class": name, "all units": percent(baseline), **left}


def claims(found: unitscope.Importance) -> dict[str, Any]:
    """Return our figures beside the paper's."""
    facts, sets = found.summary, found.sets
    means: dict[str, Any] = {"all units": percent(found.classes["balanced_accuracy"].mean())}
    overall = {"all units": percent(facts.accuracy.val.value)}
    for row in facts.means:
        name = f"{row.ranking} {row.kind} {row.k}"
        means[name] = [
            percent(each) for each in (row.balanced_accuracy, row.loss, row.loss_low, row.loss_high)
        ]
        overall[name] = percent(row.overall_accuracy)
    kept = sets[
        (sets["kind"] == "kept") & (sets["k"] == 20) & (sets["ranking"] == "importance") & ~sets["curve"]
    ]
    pairs = found.effects[found.effects["split"] == "train"].merge(found.correlation, on=["unit", "class"])
    top = pairs[pairs["rank"] <= 4]["correlation"]
    return {
        "one class": one_class(found),
        "all-class accuracy": overall,
        "mean over classes: balanced accuracy, loss, its interval": means,
        "classes that only 20 units raise": [int((kept["loss"] < 0).sum()), len(kept)],
        "correlation with the class: top 4, all units": [
            round(float(top.mean()), 3), round(float(pairs["correlation"].mean()), 3)
        ],
        "important pairs": [facts.important_pairs, facts.tested_pairs],
    }  # fmt: skip


def percent(value: Any) -> float | None:
    """Return a fraction in percent, to one digit."""
    return None if value is None else round(100 * float(value), 1) + 0.0


def parse() -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=list(NETWORKS), default="world")
    parser.add_argument("--train", type=int, default=20)
    parser.add_argument("--val", type=int, default=10)
    parser.add_argument("--ablation", choices=("zero", "mean"), default="zero")
    parser.add_argument("--set-size", type=int, action="append")
    parser.add_argument("--random", type=int, default=5)
    parser.add_argument("--layer")
    parser.add_argument("--device", default=None)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    options = parser.parse_args()
    if options.network == "squeezenet" and not (options.data / "data" / "places96").is_dir():
        raise SystemExit(f"{options.data} has no photographs; give --data or --network world")
    return options


def report(found: unitscope.Importance, run: unitscope.Dissection, device: torch.device) -> dict[str, Any]:
    """Return what is printed."""
    facts, seconds = found.summary, found.manifest.seconds
    pictures = {"train": facts.images.train.used, "val": facts.images.val.used}
    units = seconds["train"] + seconds["val"]
    bare = bare_seconds(run, sum(pictures.values()), device)
    return {
        "benchmark": "importance",
        "ratio": round(units / bare, 2),
        **{name: getattr(facts, name) for name in ("model", "layer", "units", "classes", "ablation")},
        "images": pictures,
        "ours": claims(found),
        "paper": PAPER,
        "seconds": seconds,
        "bare_seconds": round(bare, 2),
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    """Measure one network."""
    options = parse()
    settings = unitscope.ImportanceSettings(
        ablation=options.ablation, set_sizes=tuple(options.set_size or (4, 20)), random=options.random
    )
    with tempfile.TemporaryDirectory() as place:
        run, pictures = NETWORKS[options.network](Path(place), options)
        found = unitscope.importance(run, **pictures, settings=settings, device=options.device)
        print(json.dumps(report(found, run, choose_device(options.device))))


if __name__ == "__main__":
    main()

"""A synthetic run folder, as `unitscope dissect` leaves one: random tables that agree with each other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

NASTY = "<img src=x onerror=alert(1)>"
QUOTES = "\"quotes' & co"
MIN_IOU = 0.04

OBJECTS = """airplane bed boat book bottle building bus car cat chair computer curtain dog door fence flower
grass horse house lamp mountain person plant road sea sky snow stairs table tree water window"""

VOCABULARY = {
    "object": [*OBJECTS.split(), NASTY],
    "part": ["arm", "eye", "head", "leg", "roof", "wheel", "torso", "car-top", QUOTES, "$100 \\frac{bill}$"],
    "material": ["brick", "fabric", "glass", "metal", "painted", "wood", "skin", "tile"],
    "color": ["black-c", "blue-c", "green-c", "red-c", "white-c", "yellow-c"],
}


@dataclass(frozen=True)
class Shape:
    """How large a run is made."""

    units: int = 60
    layers: tuple[str, ...] = ("conv1", "features.conv5_3", NASTY)
    pictures: int = 40
    size: int = 64
    exemplars: int = 5
    words: int = 100
    """Most concepts of a category, the last of its list."""


def make_run(folder: Path, shape: Shape | None = None, *, seed: int = 0) -> Path:
    """Write a complete run folder and return its path."""
    shape = shape or Shape()
    rng = np.random.default_rng(seed)
    (folder / "tables").mkdir(parents=True)
    (folder / "pictures").mkdir()
    ids = _pictures(folder, shape, rng)
    concepts = _concepts(shape, rng)
    units = _units(shape, concepts, rng)
    pairs = _pairs(units, concepts, rng)
    tables = {
        "concepts": concepts,
        "units": units,
        "iou": pairs,
        "matches": _matches(pairs),
        "layers": _layers(units, shape),
        "samples": _samples(ids),
        "exemplars": _exemplars(units, ids, shape, rng),
        "histograms": _histograms(units, rng),
    }
    tables["regions"] = _regions(tables["exemplars"], units, ids, shape)
    tables["similar"] = _similar(units)
    for name, frame in tables.items():
        table = pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(table, folder / "tables" / f"{name}.parquet", row_group_size=2048)
    manifest = json.dumps(_manifest(shape, concepts, ids), indent=1)
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    return folder


def _pictures(folder: Path, shape: Shape, rng: np.random.Generator) -> list[str]:
    ids = []
    for sample in range(shape.pictures):
        _scene(shape.size, rng).save(folder / "pictures" / f"{sample:06d}.jpg", quality=90)
        ids.append(f"scenes/{sample % 7}/picture {sample}.jpg")
    ids[0] = f"scenes/{NASTY}.jpg"
    ids[1] = f"scenes/{QUOTES}.jpg"
    return ids


def _scene(size: int, rng: np.random.Generator) -> Image.Image:
    sky, ground = rng.integers(90, 255, 3), rng.integers(30, 190, 3)
    rows = np.linspace(0.7, 1.1, size)[:, None, None]
    horizon = np.arange(size)[:, None, None] < size * rng.uniform(0.3, 0.7)
    base = np.clip(np.where(horizon, sky, ground) * rows + rng.normal(0, 4, (size, size, 1)), 0, 255)
    image = Image.fromarray(base.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(5):
        x, y = rng.uniform(0, size, 2)
        r = rng.uniform(size * 0.06, size * 0.2)
        color = tuple(int(value) for value in rng.integers(0, 255, 3))
        shape = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        shape((x - r, y - r, x + r, y + r), fill=color)
    return image


def _concepts(shape: Shape, rng: np.random.Generator) -> pd.DataFrame:
    rows = [(name, category) for category, names in VOCABULARY.items() for name in names[-shape.words :]]
    frame = pd.DataFrame(rows, columns=["name", "category"])
    frame.insert(0, "number", np.arange(1, len(frame) + 1, dtype=np.int32))
    frame["pixels"] = (10 ** rng.uniform(4, 7, len(frame))).astype(np.int64)
    frame["fraction"] = frame["pixels"] / 5e7
    frame["pictures"] = rng.integers(3, 4000, len(frame))
    return frame


def _units(shape: Shape, concepts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    count = shape.units
    place = np.sort(np.arange(count) % len(shape.layers))
    frame = pd.DataFrame({"layer": np.array(shape.layers, dtype=object)[place]})
    frame["unit"] = frame.groupby("layer").cumcount().astype(np.int32)
    status = np.full(count, "live", dtype=object)
    status[3::41], status[5::53] = "dead", "constant"
    frame["status"] = status
    live = status == "live"
    weights = rng.dirichlet(np.full(len(concepts), 0.6))
    chosen = rng.choice(len(concepts), count, p=weights)
    frame["threshold"] = np.where(live, rng.uniform(0.5, 20, count), 0).astype(np.float32)
    frame["quantile_fraction"] = np.where(live, rng.uniform(0.0098, 0.01, count), 0.0)
    frame["concept"] = np.where(live, concepts["name"].to_numpy(object)[chosen], None)
    frame["category"] = np.where(live, concepts["category"].to_numpy(object)[chosen], None)
    iou = np.where(live, rng.beta(1.6, 22 - 10 * place / len(shape.layers), count), 0.0)
    frame["iou"] = iou
    frame["iou_low"], frame["iou_high"] = (
        iou * rng.uniform(0.8, 0.97, count),
        iou * rng.uniform(1.03, 1.3, count),
    )
    frame["iou_heldout"] = iou * rng.uniform(0.8, 1.0, count)
    frame["label_stable"] = live & (rng.random(count) < 0.85)
    chance = rng.uniform(0.005, 0.03, count)
    frame["p_value"] = np.where(live, np.where(iou > chance, 1 / 201, rng.uniform(0.05, 1, count)), np.nan)
    frame["q_value"] = np.minimum(frame["p_value"] * 1.2, 1)
    frame["null_iou"] = np.where(live, chance, np.nan)
    frame["null_iou_95"] = frame["null_iou"] * 1.4
    frame["lift"] = np.where(live, iou / (chance * 0.7), np.nan)
    frame.loc[np.flatnonzero(live)[3::7], "lift"] = np.inf
    frame["precision"], frame["recall"] = iou**0.5, iou**0.4
    frame["f1"] = 2 * iou / (1 + iou)
    frame["concept_fraction"] = np.where(live, 0.02, 0.0)
    frame["average_precision"], frame["auroc"] = (
        frame["recall"] * 0.6,
        np.where(live, 0.5 + iou**0.5 / 2, np.nan),
    )
    second = (chosen + 1) % len(concepts)
    frame["runner_up"] = np.where(live, concepts["name"].to_numpy(object)[second], None)
    frame["runner_up_category"] = np.where(live, concepts["category"].to_numpy(object)[second], None)
    frame["margin"], frame["margin_low"], frame["margin_high"] = iou * 0.3, iou * 0.1 - 0.01, iou * 0.4
    frame["meanings"] = pd.array(np.where(live, rng.integers(1, 4, count), 0), "Int32")
    frame["detector"] = iou >= MIN_IOU
    frame["peak"] = np.where(live, frame["threshold"] * rng.uniform(1.5, 4, count), 0).astype(np.float32)
    return frame


def _pairs(units: pd.DataFrame, concepts: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    live = units[units["status"] == "live"]
    number = concepts.set_index(["name", "category"])["number"]
    best = number.loc[list(zip(live["concept"], live["category"], strict=True))].to_numpy()
    iou = live["iou"].to_numpy()[:, None] * rng.uniform(0.0, 0.95, (len(live), len(concepts)))
    iou[np.arange(len(live)), best - 1] = live["iou"]
    row, column = np.nonzero((rng.random(iou.shape) < 0.5) | (iou == live["iou"].to_numpy()[:, None]))
    frame = concepts.iloc[column][["number", "name", "category"]].rename(columns={"name": "concept"})
    frame = frame.reset_index(drop=True)
    frame.insert(0, "layer", live["layer"].to_numpy()[row])
    frame.insert(1, "unit", live["unit"].to_numpy()[row])
    frame["iou"] = iou[row, column]
    frame["unit_pixels"] = 500_000
    frame["concept_pixels"] = concepts["pixels"].to_numpy()[column]
    total = frame["unit_pixels"] + frame["concept_pixels"]
    frame["intersection"] = (total * frame["iou"] / (1 + frame["iou"])).astype(np.int64)
    return frame


def _matches(pairs: pd.DataFrame) -> pd.DataFrame:
    frame = pairs.sort_values(["layer", "unit", "iou"], ascending=[True, True, False])
    frame["rank"] = (frame.groupby(["layer", "unit"]).cumcount() + 1).astype(np.int32)
    frame["best_in_category"] = frame.groupby(["layer", "unit", "category"]).cumcount() == 0
    frame["union"] = frame["unit_pixels"] + frame["concept_pixels"] - frame["intersection"]
    frame = frame[(frame["rank"] <= 10) | frame["best_in_category"]]
    columns = ["layer", "unit", "rank", "concept", "category", "iou", "intersection", "union"]
    return frame[[*columns, "best_in_category"]]


def _layers(units: pd.DataFrame, shape: Shape) -> pd.DataFrame:
    rows = []
    for position, layer in enumerate(shape.layers):
        mine = units[units["layer"] == layer]
        for category in ("all", *VOCABULARY):
            found = mine[mine["detector"] & ((mine["category"] == category) | (category == "all"))]
            distinct = len(found[["concept", "category"]].drop_duplicates())
            grid = max(1, 56 >> position)
            rows.append((layer, position, len(mine), grid, grid, category, len(found), distinct))
    names = ["layer", "position", "units", "height", "width", "category", "detectors", "concepts"]
    return pd.DataFrame(rows, columns=names)


def _samples(ids: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame({"sample": np.arange(len(ids) + 1, dtype=np.int32), "id": [*ids, "broken <b>.jpg"]})
    frame["used"] = frame["sample"] < len(ids)
    frame["reason"] = [None] * len(ids) + ["cannot be decoded: truncated & broken"]
    return frame


def _exemplars(units: pd.DataFrame, ids: list[str], shape: Shape, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    y, x = np.mgrid[: shape.size, : shape.size] / shape.size
    bank = [_blob(x, y, rng) for _ in range(64)]
    live = units[units["status"] == "live"]
    for layer, unit, peak in zip(live["layer"], live["unit"], live["peak"], strict=True):
        samples = rng.choice(len(ids), shape.exemplars, replace=False)
        for rank, sample in enumerate(samples, start=1):
            mask = bank[rng.integers(len(bank))]
            height = float(peak) * (1 - 0.05 * (rank - 1))
            picture = f"pictures/{sample:06d}.jpg"
            rows.append(
                (layer, unit, rank, sample, ids[sample], picture, height, mask, shape.size, shape.size)
            )
    names = ["layer", "unit", "rank", "sample", "id", "picture", "peak", "mask", "mask_height", "mask_width"]
    kinds = {"rank": np.int32, "sample": np.int32, "peak": np.float32}
    return pd.DataFrame(rows, columns=names).astype(kinds)


def _regions(exemplars: pd.DataFrame, units: pd.DataFrame, ids: list[str], shape: Shape) -> pd.DataFrame:
    """The exemplars again, one weaker picture, and one without the unit; what the label covers is shifted."""
    rng = np.random.default_rng(1)
    side = shape.size // 2
    y, x = np.mgrid[:side, :side] / side
    bank = [_blob(x, y, rng) for _ in range(16)]
    names = ["layer", "unit", "rank", "sample", "id", "picture", "peak"]
    strongest = exemplars[names].assign(kind="strongest")
    others = []
    for kind in ("middle", "silent"):
        first = strongest[strongest["rank"] == 1]
        sample = (first["sample"] + 7) % len(ids)
        picture = [f"pictures/{number:06d}.jpg" for number in sample]
        peak = first["peak"] / 2 if kind == "middle" else np.float32(np.nan)
        others.append(
            first.assign(kind=kind, sample=sample, id=[ids[n] for n in sample], picture=picture, peak=peak)
        )
    frame = pd.concat([strongest, *others], ignore_index=True)
    labelled = frame[["layer", "unit"]].merge(units, how="left")["concept"].notna()
    masks = [bank[number] for number in rng.integers(len(bank), size=len(frame))]
    empty = bytes(len(bank[0]))
    frame["unit_pixels"], frame["concept_pixels"], frame["shared_pixels"] = 120, 90, 40
    frame["mask"] = [
        empty if kind == "silent" else mask for kind, mask in zip(frame["kind"], masks, strict=True)
    ]
    frame["concept_mask"] = [
        mask if known else None for mask, known in zip(masks[::-1], labelled, strict=True)
    ]
    frame["mask_height"] = frame["mask_width"] = side
    return frame


def _similar(units: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (layer, unit, 1, other, 0.25, -0.5)
        for layer, mine in units[units["status"] == "live"].groupby("layer", sort=False)
        for unit, other in zip(mine["unit"], np.roll(mine["unit"], 1), strict=True)
    ]
    return pd.DataFrame(rows, columns=["layer", "unit", "rank", "other", "overlap", "correlation"])


def _blob(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> bytes:
    field = np.zeros_like(x)
    for _ in range(3):
        center = rng.uniform(0.1, 0.9, 2)
        spread = rng.uniform(0.006, 0.03)
        field += rng.uniform(0.4, 1) * np.exp(-((x - center[0]) ** 2 + (y - center[1]) ** 2) / spread)
    return np.packbits(field > 0.5).tobytes()


def _histograms(units: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for unit in units.itertuples():
        if unit.status != "live":
            edges, counts = np.array([0.0, 1e-3]), np.array([50_000_000])
        else:
            edges = np.concatenate(([0.0], np.geomspace(1e-3, unit.peak, 160)))
            level = np.exp(-np.linspace(0, rng.uniform(8, 14), 160)) * 5e6 * np.diff(edges) / unit.peak
            counts = np.maximum(level, 1).astype(np.int64)
            counts[0] = 30_000_000
        rows.append((unit.layer, unit.unit, edges.astype(np.float32), counts.astype(np.int64)))
    return pd.DataFrame(rows, columns=["layer", "unit", "edges", "counts"])


def _manifest(shape: Shape, concepts: pd.DataFrame, ids: list[str]) -> dict[str, object]:
    size = [shape.size, shape.size]
    skipped = [{"sample": f"scenes/{len(ids)}.jpg", "reason": "cannot be decoded: truncated & broken"}]
    return {
        "schema_version": 2,
        "kind": "dissection",
        "status": "complete",
        "config": {},
        "created": "2026-03-04T10:20:30+00:00",
        "model": {
            "name": "vgg16",
            "spec": "torchvision:vgg16",
            "weights_hash": "sha256:" + "ab12" * 16,
            "reinitialized": None,
            "input_size": size,
            "preprocessing": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        },
        "data": {
            "name": f"scenes {QUOTES}",
            "pictures": len(ids) + 1,
            "used": len(ids),
            "skipped": skipped,
            "hash": "sha256:" + "cd34" * 16,
        },
        "concepts": {
            "name": "ground truth",
            "hash": "sha256:" + "ef56" * 16,
            "count": len(concepts),
            "categories": list(VOCABULARY),
        },
        "layers": list(shape.layers),
        "settings": {
            "quantile": 0.01,
            "grid": [size[0] // 2, size[1] // 2],
            "min_iou": MIN_IOU,
            "top": shape.exemplars,
            "border": "zeros",
            "seed": 0,
            "replicates": 1000,
            "batch_size": 16,
        },
        "packages": {"unitscope": "0.1.0", "torch": "2.13.0", "numpy": "2.4.6"},
        "command": "unitscope dissect vgg16 'scenes/' --layers conv1,features.conv5_3 --out runs/vgg16",
        "seconds": {"network": 61.2, "statistics": 12.5, "tables": 1.9},
    }

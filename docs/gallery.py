"""Draw the pictures of docs/gallery.md: ``python docs/gallery.py [--runs FOLDER]``; some minutes.

They go to ``docs/gallery/``, which is not kept in the repository; the site is built with or without them. Runs
that are in the folder already are opened.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import unitscope as us
from unitscope.paint.apply import apply_recipe
from unitscope.paint.recipe import GeneratorName, Latent, Recipe, Region, Stroke
from unitscope.report.write import write_report

HERE = Path(__file__).parent
ROWS = 6
"""Units of a picture."""
LATENTS = range(2, 12)
FIGURES = ("layers.svg", "rules.svg")


def clearest(run: us.Dissection, layer: str, rows: int = ROWS) -> list[int]:
    """Return the unit of highest lower end of each of the first concepts."""
    units = run.units[run.units["layer"] == layer].dropna(subset="concept")
    units = units.sort_values("iou_low", ascending=False).drop_duplicates("concept")
    return [int(unit) for unit in units["unit"].head(rows)]


def stacked(strips: Sequence[NDArray[np.uint8]], gap: int = 6) -> Image.Image:
    """Return pictures of any width below each other, on white."""
    wide = max(strip.shape[1] for strip in strips)
    rows = []
    for strip in strips:
        filled = np.full((strip.shape[0] + gap, wide, 3), 255, np.uint8)
        filled[: strip.shape[0], : strip.shape[1]] = strip
        rows.append(filled)
    return Image.fromarray(np.concatenate(rows)[:-gap])


def strips(run: us.Dissection, layer: str) -> Image.Image:
    """Return the strongest pictures of the clearest units of a layer, a row each."""
    shown = [run.unit(layer, unit).strip() for unit in clearest(run, layer)]
    return stacked([strip for strip in shown if strip is not None])


def without_trees(run: us.Dissection, layer: str = "layer4", count: int = 20) -> Image.Image:
    """Return generated pictures as they are, and below them without the units of trees."""
    trees = run.matches.query("layer == @layer and concept == 'tree'").nlargest(count, "iou")
    network = run.network
    name = GeneratorName(network.name, network.weights_hash)
    everywhere = Stroke("erase", tuple(map(int, trees["unit"])), region=Region(1, 1, ((0, 1),)))
    rows = [
        apply_recipe(run, Recipe("paint", 1, name, layer, Latent(seed=0, number=0), strokes), latents=LATENTS)
        for strokes in ((), (everywhere,))
    ]
    return stacked([np.concatenate(list(row), 1) for row in rows])


def draw(runs: Path, out: Path, *, pictures: int, latents: int) -> None:
    """Dissect what is not dissected yet, and draw."""
    out.mkdir(exist_ok=True)
    world = us.dissect("world-vgg", f"world:{pictures}", control=0, out=runs / "world")
    strips(world, world.last_layer).save(out / "units.jpg", quality=85)
    strips(world.controls[0], world.last_layer).save(out / "random.jpg", quality=85)
    figures = write_report(world.path).parent / "figures"
    for name in FIGURES:
        shutil.copy(figures / name, out / name)
    gan = us.dissect("world-gan", us.latents(latents), layers="layer4", out=runs / "gan")
    strips(gan, "layer4").save(out / "generator.jpg", quality=85)
    without_trees(gan).save(out / "without-trees.jpg", quality=85)


def main() -> None:
    """Draw the gallery."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--runs", type=Path, help="a folder with runs, or for them")
    words.add_argument("--out", type=Path, default=HERE / "gallery")
    words.add_argument("--pictures", type=int, default=200)
    words.add_argument("--latents", type=int, default=200)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        draw(given.runs or Path(spare), given.out, pictures=given.pictures, latents=given.latents)


if __name__ == "__main__":
    main()

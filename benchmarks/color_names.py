"""How often our colour names agree with the published table, as one JSON line; --fit derives them again.

python benchmarks/color_names.py TABLE.npy [--pictures FOLDER] [--fit WEIGHTS.json]

TABLE.npy is the mapping of van de Weijer et al. 2009, (32768, 11): row r//8 + 32 (g//8) + 1024 (b//8),
columns in the order of `unitscope.concepts.colors.COLORS`. Colours agree when both name the same term as the
most probable one. The agreement over the table counts every one of its colours once; with --pictures it is
also counted over the pixels of photographs, which are mostly black, grey, white and brown; "in_steps" brings
each pixel to the middle of its cell first, as the table cannot do better. "world" is the agreement of the
rule that labels the drawn scenes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from unitscope.concepts.colors import COLORS, ColorNames, color_names, lab
from unitscope.sources.files import find_files
from unitscope.world.colors import color_labels
from unitscope.world.names import FIRST_COLOR

STEPS = 4000
POLISH = 400
PER_PICTURE = 2000


def cells(*, stretched: bool = False) -> NDArray[np.uint8]:
    """Return one colour of every cell of the table, (32768, 3): its middle, or spread up to pure colours."""
    row = np.arange(32**3)
    steps = np.stack([row % 32, row // 32 % 32, row // 1024], 1)
    return (steps * 255 // 31 if stretched else steps * 8 + 4).astype(np.uint8)


def as_image(colors: NDArray[np.uint8]) -> Tensor:
    """Return colours (n, 3) as one picture (1, 3, n, 1) in [-1, 1]."""
    return torch.from_numpy(colors.T.astype(np.float32) / 127.5 - 1)[None, :, :, None]


def fit(table: Tensor) -> ColorNames:
    """Fit the network to the probabilities of the table and, more strongly, to its most probable term.

    Rare terms weigh more (by the root of their share), or black, grey and white would be lost among 32,768
    colours.
    """
    torch.manual_seed(0)
    module = ColorNames()
    colors = np.concatenate([cells(), cells(stretched=True)])
    inputs, table = lab((as_image(colors) + 1) / 2), torch.cat([table, table])
    best = table.argmax(1)
    weights = torch.bincount(best).float()[best] ** -0.5
    target = weights[:, None] / weights.sum() * (0.2 * table + torch.nn.functional.one_hot(best, len(COLORS)))

    def loss() -> Tensor:
        scores: Tensor = module.layers(inputs).log_softmax(1)[0, :, :, 0]
        return -(target.T * scores).sum()

    adam = torch.optim.Adam(module.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, STEPS)
    for _ in range(STEPS):
        adam.zero_grad()
        loss().backward()
        adam.step()
        schedule.step()
    polish(module, loss)
    return module.eval()


def polish(module: ColorNames, loss: Callable[[], Tensor]) -> None:
    """Finish with a quasi-Newton method."""
    method = torch.optim.LBFGS(
        module.parameters(), max_iter=POLISH, history_size=50, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        method.zero_grad()
        value = loss()
        value.backward()
        return float(value.detach())

    method.step(closure)


def write(module: ColorNames, path: Path) -> None:
    """Write the weights as rounded numbers."""
    values = torch.nn.utils.parameters_to_vector(module.parameters()).tolist()
    words = [f"{value:.4g}" for value in values]
    lines = [", ".join(words[i : i + 14]) for i in range(0, len(words), 14)]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def picture_colors(folder: Path) -> NDArray[np.uint8]:
    """Return some pixels of every photograph in a folder, (n, 3)."""
    generator = np.random.default_rng(0)
    found = []
    for name in find_files(folder, {".jpg", ".jpeg", ".png"}):
        with Image.open(folder / name) as image:
            pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
        found.append(pixels[generator.integers(0, len(pixels), PER_PICTURE)])
    return np.concatenate(found)


def agreement(named: NDArray[np.integer], best: NDArray[np.integer]) -> dict[str, float]:
    """Return the share of colours named as in the table: all, and for each term of the table."""
    shares = {"all": float((named == best).mean())}
    shares |= {name: float((named == i)[best == i].mean()) for i, name in enumerate(COLORS)}
    return {name: round(share, 4) for name, share in shares.items()}


def main() -> None:
    """Fit if asked, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", type=Path)
    parser.add_argument("--pictures", type=Path, help="a folder of photographs")
    parser.add_argument("--fit", type=Path, help="fit again and write the weights here")
    options = parser.parse_args()
    table = torch.from_numpy(np.load(options.table, allow_pickle=False)).float()
    if options.fit:
        write(fit(table), options.fit)
    best, module = table.argmax(1).numpy(), color_names()
    figures: dict[str, object] = {
        "benchmark": "color_names",
        "parameters": sum(p.numel() for p in module.parameters()),
    }
    with torch.no_grad():
        colors = cells()
        figures["table"] = agreement(module(as_image(colors))[0, 0, :, 0].numpy() - 1, best)
        figures["world"] = agreement(color_labels(colors) - FIRST_COLOR, best)
        if options.pictures:
            colors = picture_colors(options.pictures)
            rows = (colors.astype(int) // 8) @ np.array([1, 32, 1024])
            named = module(as_image(colors))[0, 0, :, 0].numpy() - 1
            figures["pictures"] = agreement(named, best[rows])
            middle = module(as_image(cells()))[0, 0, :, 0].numpy() - 1
            figures["pictures_in_steps"] = agreement(middle[rows], best[rows])
            second, first = table.sort(1).values[:, -2:].numpy()[rows[named != best[rows]]].T
            figures["differing_within_0.1"] = round(float((first - second < 0.1).mean()), 4)
            figures["world_pictures"] = agreement(color_labels(colors) - FIRST_COLOR, best[rows])
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

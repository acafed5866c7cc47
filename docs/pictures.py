"""Make the pictures of README again: ``python docs/pictures.py``; needs Chromium and the extra ``dev``.

The demonstration runs in a folder that is thrown away; ``docs/report.png`` is the first page of its report,
``docs/world_gan.jpg`` a sheet of pictures that the bundled generator draws.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import unitscope
from unitscope.cli import calls
from unitscope.sources.latents import seeded_latents

HERE = Path(__file__).parent
SIZE = (1100, 1010)
"""Width and height of the window in which the report is seen."""
ROWS, COLUMNS = 3, 10
"""Of the sheet of generated pictures."""
LARGER = 2
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb")


def seen(page: Path) -> Image.Image:
    """Return what a browser shows of the top of a page."""
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--window-size={SIZE[0]},{SIZE[1]}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        driver.set_window_size(*SIZE)
        driver.get(page.resolve().as_uri())
        return Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
    finally:
        driver.quit()


def sheet() -> Image.Image:
    """Return pictures of the first latents of seed 1, side by side."""
    generator = unitscope.generator("world-gan", device="cpu")
    with torch.no_grad():
        drawn = generator.module(seeded_latents(ROWS * COLUMNS, generator.latent_shape[0], seed=1))
    pictures = generator.pictures(drawn)
    rows = pictures.reshape(ROWS, COLUMNS, *pictures.shape[1:])
    whole = np.concatenate([np.concatenate(list(row), 1) for row in rows], 0)
    return Image.fromarray(whole).resize(
        (whole.shape[1] * LARGER, whole.shape[0] * LARGER), Image.Resampling.LANCZOS
    )


def main() -> None:
    """Make both pictures."""
    sheet().save(HERE / "world_gan.jpg", quality=88)
    with tempfile.TemporaryDirectory() as folder:
        _, page = calls.demo(400, Path(folder) / "demo")
        seen(page).save(HERE / "report.png", optimize=True)


if __name__ == "__main__":
    main()

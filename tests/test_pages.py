"""Every command and block of Python in README and docs/ runs, with smaller numbers; what is not run is counted.

Pages are followed in one folder, where a person has photographs, masks and finished runs; `tests/pages.py` says how
blocks are marked.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from pages import (
    CODE,
    PAGES,
    REASONS,
    ROOT,
    Block,
    Person,
    blocks_of,
    first_line,
    name_of,
    shared_words,
    shown_lines,
)
from PIL import Image
from torch import nn

SMALLER = {
    "world:2000:": "world:70:",
    **dict.fromkeys(("world:200", "world:400", "world:800", "world:60"), "world:40"),
    "WorldPictures(1000)": "WorldPictures(24)",
    "WorldPictures(120)": "WorldPictures(24)",
    "--latents 1000 --seed 1": "--latents 24 --layer layer4",
    "--latents 300": "--latents 6",
    "--latents 200": "--latents 24",
    "--latents 100": "--latents 2",
    "--latents 50": "--latents 1",
    "--latents 40": "--latents 6",
    "--latents 20": "--latents 1",
    "--limit 20": "--limit 2",
    "--random 2": "--random 1",
    "--random 3": "--random 1",
    "--latents 0:11": "--latents 0:1",
    "range(12)": "range(2)",
}
"""What is run in place of what is written, on all pages: words that only say how much is done."""
ROOM = {"RUN": "runs/small", "runs/vgg16": "runs/small", "features.conv5_3": "relu1_2"}
FEW_SCENES = "world:12:val:bedroom,kitchen,street"
PICTURES_OF_CLASSES = {
    **{f"places/{split}": f"world:12:{split}:bedroom,kitchen,street" for split in ("train", "val")},
    "world:40:train": "world:12:train:bedroom,kitchen,street",
    "world:40:test": "world:12:test:bedroom,kitchen,street",
}
WORDS = {
    "README.md": {
        "attack runs/world --images world:40": f"attack runs/world --images {FEW_SCENES} --steps 20",
        "shape runs/world --images world:40": "shape runs/world --images world:12",
        "rank runs/gan --layer layer4 --latents 2": "rank runs/gan --layer layer4 --latents 1",
        "world:70:train": PICTURES_OF_CLASSES["places/train"],
        "world:70:test": PICTURES_OF_CLASSES["world:40:test"],
    },
    "docs/attack.md": {
        "RUN": "runs/world",
        "places/val": FEW_SCENES,
        "world:40": FEW_SCENES,
        " --layer conv5_3": " --limit 1 --method ddn --steps 20 --out attack",
        ', layer="conv5_3"': ', limit=1, steps=20, out="attack"',
        "--method ddn\n": "--method ddn --limit 1 --steps 20\n",
    },
    "docs/classify.md": {
        "GENERATOR_RUN": "runs/gan",
        "RUN": "runs/world",
        "conv5_3": "relu4_3",
        "150": "126",
        "imagenet/val": "world:70:test",
        "airliner": "bedroom",
        "warplane": "kitchen",
        "planes/": "photos/",
        "others/": "masks/",
        "365": "28",
    },
    "docs/effects.md": {
        "proggan-church": "world-gan",
        " --segmenter upp --layer layer4": "",
        "RUN": "runs/gan",
        "--units 1:30": "--units 1,2 --random 1 --latents 4",
        'units="1:30"': 'units="1,2", random=1, latents=4',
        "--level threshold": "--level threshold --random 1 --latents 1 --locations 2",
        "units=20": "units=20, random=1, latents=1, locations=2",
        "rank runs/gan --layer layer4 --latents 24": "rank runs/gan --layer layer4 --latents 1",
        "latents=200": "latents=1",
    },
    "docs/explanations/differences.md": {"world:40": "world:24"},
    "docs/how-to/transformers.md": {"vit_tiny_patch16_224": "test_vit", "blocks.11": "blocks.5"},
    "docs/importance.md": {
        "RUN": "runs/world",
        **PICTURES_OF_CLASSES,
        "--curve bedroom": "--curve bedroom --random 1 --out curve",
        "conv5_3": "relu4_3",
        "ski_resort": "bedroom",
    },
    "docs/report.md": ROOM,
    "docs/shape.md": {"RUN": "runs/small", "world:40": "world:24"},
}
"""The same on single pages, where names stand for what a person has."""
NOT_RUN = {
    "installs packages": 8,
    "needs a download": 5,
    "needs a GPU": 1,
    "needs several machines": 1,
    "runs until it is stopped": 3,
    "goes to another service": 2,
    "run by a test of its own": 3,
    "shows a form, with names of your own": 5,
    "takes long and measures this machine": 1,
}
FIRST = ("tutorials/your-own", "tutorials/first-dissection", "tutorials/a-generator", "tutorials/painting")
FIRST = (*FIRST, "how-to/masks", "how-to/publishing")
"""Pages that others go on from, in order."""
QUESTIONS = ("attack", "classify", "effects", "importance", "shape")
"""Folders below a run that pages ask the same questions into, in different ways."""


def order(page: Path) -> tuple[int, str]:
    """Where a page comes: those that others go on from first."""
    name = name_of(page).removeprefix("docs/").removesuffix(".md")
    return (FIRST.index(name) if name in FIRST else len(FIRST), name)


def smaller(page: Path, block: Block) -> Block:
    return block.smaller(SMALLER).smaller(WORDS.get(name_of(page), {}))


LATENTS = 24
LEAST = 0.4
"""The least share of the words of an output that are printed with smaller numbers, too."""
FOLLOWED = sorted(
    (page for page in PAGES if any(block.kind in ("takes", "file") for block in blocks_of(page))), key=order
)


@pytest.fixture(scope="module")
def folder(traced_once, tmp_path_factory):
    """A folder with what pages go on from: photographs, masks, a network, and runs of both bundled networks."""
    place = tmp_path_factory.mktemp("pages") / "work"
    place.mkdir()
    own = ROOT / "docs" / "tutorials" / "your-own.md"
    person = Person(place)
    for block in [smaller(own, each) for each in blocks_of(own)]:
        if block.kind == "file" or "draw_photos" in block.code:
            person.follow(block)
    small = nn.Sequential(
        *(nn.Conv2d(3, 32, 5), nn.Identity(), nn.Conv2d(32, 64, 3), nn.Identity()),
        *(nn.Identity(), nn.Identity(), nn.Linear(64, 10)),
    )
    torch.save(small.state_dict(), place / "small_net.pt")
    for command in (
        "dissect world-vgg --images world:40 --control 0 --out runs/world",
        "dissect world-vgg --images world:24 --layer relu1_2 --out runs/small",
        f"dissect world-gan --latents {LATENTS} --layer layer4 --out runs/gan",
    ):
        person.follow(Block("takes", "sh", f"unitscope {command} --quiet\n"))
    painting = blocks_of(ROOT / "docs" / "tutorials" / "painting.md")
    person.follow(next(block for block in painting if "recipe.json" in block.code))
    return place


def test_every_block_says_what_becomes_of_it():
    for page in PAGES:
        for block in blocks_of(page):
            where = (name_of(page), block.mark, block.code[:60])
            if block.language not in CODE:
                assert block.kind in ("", "prints", "file"), where
                continue
            assert block.kind in ("takes", "file", "not"), where
            if block.kind == "takes":
                assert re.fullmatch(r"\d+ (s|minutes)", block.said), where
            if block.kind == "not":
                assert block.said in REASONS, where


def test_what_is_not_run_is_counted():
    left = Counter(block.said for page in PAGES for block in blocks_of(page) if block.kind == "not")
    assert left == NOT_RUN


@pytest.mark.slow
def test_the_gallery_is_drawn(folder):
    words = f"--runs runs --out gallery --pictures 40 --latents {LATENTS}"
    Person(folder).follow(Block("takes", "sh", f"python {ROOT / 'docs' / 'gallery.py'} {words}\n"))
    shown = re.findall(r"\(gallery/(.*?)\)", (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8"))
    assert sorted(path.name for path in (folder / "gallery").iterdir()) == sorted(shown)
    before, after = np.split(
        np.asarray(Image.open(folder / "gallery" / "without-trees.jpg"), dtype=float), [64]
    )
    assert np.abs(before - after[-64:]).mean() > 2


@pytest.mark.slow
@pytest.mark.parametrize("page", FOLLOWED, ids=name_of)
def test_a_page_can_be_followed(page, folder):
    for each in QUESTIONS:
        shutil.rmtree(folder / each, ignore_errors=True)
        for run in (folder / "runs").glob("*"):
            shutil.rmtree(run / each, ignore_errors=True)
    person, said = Person(folder), ""
    for block in blocks_of(page):
        if block.kind in ("takes", "file"):
            said = person.follow(smaller(page, block))
        elif block.kind == "prints":
            if block.said == "":
                assert first_line(block.code) == first_line(said), said
            assert shared_words(block.code, "\n".join(shown_lines(block, said))) > LEAST, said
    assert not person.complaints

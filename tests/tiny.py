"""A folder of small pictures with masks, and a small network in a file: what the run and command-line tests dissect."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from unitscope import cli
from unitscope.run.fingerprint import unlike
from unitscope.run.manifest import read_manifest

LABELS = "1\tred\tcolor\n2\tgreen\tcolor\n3\tblue\tcolor\n4\tdot\tobject\n"

NET = '''"""A small network, slowed down when a test asks for it."""

import os
import time

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 3, padding=1)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(6, 8, 3, stride=2, padding=1)
        self.head = nn.Linear(8, 3)
        self.passes = 0

    def forward(self, x):
        self.passes += 1
        note = os.environ.get("NET_PASSES")
        if note:
            with open(note, "a") as file:
                file.write(".")
        time.sleep(float(os.environ.get("NET_SECONDS", "0")))
        x = self.conv2(self.relu1(self.conv1(x)))
        return self.head(x.mean((2, 3)))


def net(seed=0):
    torch.manual_seed(seed)
    model = Net()
    with torch.no_grad():
        model.conv1.weight[5], model.conv1.bias[5] = 0, 0
    return model


def other():
    return net(1)


def broken():
    raise RuntimeError("no weights here")
'''


def draw(folder: Path, count: int, *, size: int = 24, seed: int = 0) -> Path:
    """Write `folder`/pictures with red, green and blue quarters, `folder`/masks, labels.txt and net.py."""
    generator = np.random.default_rng(seed)
    (folder / "pictures").mkdir(parents=True)
    (folder / "masks").mkdir()
    for i in range(count):
        picture = generator.integers(0, 60, (size, size, 3)).astype(np.uint8)
        mask = np.zeros((size, size), np.uint8)
        for colour in range(3):
            top, left = generator.integers(0, size // 2, 2)
            place = np.s_[top : top + size // 3, left : left + size // 3]
            picture[(*place, colour)] = 255
            mask[place] = colour + 1
        if i % 3 == 0:
            picture[2:4, 2:4], mask[2:4, 2:4] = 255, 4
        Image.fromarray(picture).save(folder / "pictures" / f"{i:03d}.png")
        Image.fromarray(mask).save(folder / "masks" / f"{i:03d}.png")
    (folder / "labels.txt").write_text(LABELS)
    (folder / "net.py").write_text(NET)
    return folder


def dissect_words(folder: Path, out: Path, *more: str, model: str = "net.py:net") -> list[str]:
    """The words of a command that dissects what `draw` drew."""
    return [
        *("dissect", str(folder / model), "--images", str(folder / "pictures"), "--out", str(out)),
        *("--masks", str(folder / "masks"), "--labels", str(folder / "labels.txt")),
        *("--layer", "conv1", "--layer", "conv2", "--preprocess", "size=24", "--replicates", "100"),
        *("--batch-size", "4", "--device", "cpu", *more),
    ]


def run_cli(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """Run a command in this process; return its exit code."""
    monkeypatch.setattr(sys, "argv", ["unitscope", *words])
    try:
        cli.main()
    except SystemExit as leave:
        return int(leave.code or 0)
    return 0


def tables_of(run: Path) -> dict[str, pd.DataFrame]:
    """Every table of a run by name."""
    return {path.stem: pq.read_table(path).to_pandas() for path in sorted((run / "tables").glob("*.parquet"))}


def assert_same_run(one: Path, other: Path) -> None:
    """Both runs are complete and hold the same tables and pictures, byte for byte."""
    for part in ("tables", "pictures"):
        files = sorted(path.name for path in (one / part).iterdir())
        assert files == sorted(path.name for path in (other / part).iterdir())
        assert files
        for name in files:
            assert (one / part / name).read_bytes() == (other / part / name).read_bytes(), name
    manifests = [json.loads((run / "manifest.json").read_text()) for run in (one, other)]
    assert not unlike(*(read_manifest(run).fingerprints for run in (one, other)))
    for manifest in manifests:
        assert manifest["status"] == "complete"
        for changing in ("created", "seconds", "command", "checksum", "fingerprints"):
            del manifest[changing]
    assert manifests[0] == manifests[1]
    assert not list(other.rglob("*.partial"))

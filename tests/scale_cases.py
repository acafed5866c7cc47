"""What the tests of workers share: a network that may die or wait in a worker, pictures of it, and sessions of Ray."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch
from torch import nn

from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.samples import InMemorySamples
from unitscope.models.network import Network
from unitscope.run.manifest import read_manifest
from unitscope.run.storage import ArrayFile

PICTURES, PIECE = 40, 4
ARRIVING = 3
"""Passes of a worker before its first piece: one for each picture that is compared."""


class Mortal(nn.Module):
    """A small network that, in another process than its own, may die once, or wait and note who it is.

    Args:
        bomb: a file; who finds it while at a piece takes it away and dies.
        note: a file that every pass at a piece is noted in.
        wait: seconds that such a pass takes longer.
    """

    def __init__(self, bomb: Path | None = None, note: Path | None = None, wait: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 3)
        self.home, self.away = os.getpid(), 0
        self.bomb, self.note, self.wait = bomb, note, wait

    def forward(self, x):
        if os.getpid() != self.home:
            self.away += 1
            if self.away > ARRIVING:
                self._at_work()
        return self.head(self.conv(x).mean((2, 3)))

    def _at_work(self) -> None:
        if self.note is not None:
            with self.note.open("a") as file:
                file.write(f"{os.getpid()}\n")
        time.sleep(self.wait)
        if self.bomb is not None:
            with suppress(FileNotFoundError):  # who takes it away is the one
                self.bomb.unlink()
                os.kill(os.getpid(), signal.SIGKILL)


class Deadly(Mortal):
    """Dies wherever it is at work."""

    def _at_work(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def make_samples(change: Callable[[np.ndarray], np.ndarray] = lambda pictures: pictures) -> InMemorySamples:
    pictures = change(
        np.random.default_rng(0).integers(0, 256, (PICTURES, 3, 12, 12)).astype(np.float32) / 255
    )
    labels = np.repeat(np.random.default_rng(1).integers(0, 3, (PICTURES, 1, 6, 1)), 6, 3)
    vocabulary = Vocabulary([Concept("left", "part"), Concept("right", "part")])
    return InMemorySamples(torch.from_numpy(pictures), labels, vocabulary)


def dissect(out: Path, network: nn.Module | None = None, samples: InMemorySamples | None = None) -> None:
    """Dissect a small network below the API, where samples may be anything."""
    settings = DissectionSettings(quantile=0.05, replicates=100, batch_size=2, top=2)
    model = Network((network or Mortal()).eval(), name="net")
    run_dissection(model, samples or make_samples(), layers=["conv"], out=out, settings=settings)


def contents(run: Path) -> dict[str, object]:
    """Every file of a finished run that follows from what was asked, and what is in those of arrays."""
    found = {path.relative_to(run).as_posix(): path for path in run.rglob("*") if path.is_file()}
    return {
        name: _arrays(path) if path.suffix == ".safetensors" else path.read_bytes()
        for name, path in found.items()
        if not name.endswith(("lock", "manifest.json")) and not name.startswith("report/")
    }


def _arrays(path: Path) -> object:
    file = ArrayFile(path)
    return file.note, {
        name: (str(file[name].dtype), file[name].shape, file[name].tobytes()) for name in file.names
    }


def assert_same(one: Path, other: Path) -> None:
    """Both runs hold the same tables, pieces, kept cells and pictures, to the last bit."""
    first, second = contents(one), contents(other)
    assert first.keys() == second.keys()
    assert any(name.startswith("tables/") for name in first)
    differing = [name for name in first if first[name] != second[name]]
    assert not differing
    assert read_manifest(one).configuration_hash == read_manifest(other).configuration_hash

"""Code and names of others: what they print, where they leave, what their names would mean as markup."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import run_cli

import unitscope as us

CODE = """
import sys
import torch
from torch import nn

class Small(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.fc = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, x):
        print("seen", len(x))
        return self.fc(self.conv(x).mean((2, 3)))

class Leaving(Small):
    def forward(self, x):
        sys.exit(3)

def leaves_at_once():
    sys.exit("no network today")

def loud():
    print("made")
    return Small()

def leaves_later():
    return Leaving()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.py").write_text(CODE)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    rng = np.random.default_rng(0)
    for number in range(4):
        Image.fromarray(rng.integers(0, 255, (24, 24, 3), np.uint8)).save(tmp_path / f"images/{number}.png")
        mask = np.repeat([1, 2], 12).astype(np.uint8)[:, None].repeat(24, 1)
        Image.fromarray(mask).save(tmp_path / f"masks/{number}.png")
    (tmp_path / "labels.txt").write_text("1 [/b]red\n2 [bold]x\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dissect(monkeypatch: pytest.MonkeyPatch, function: str, out: str, *words: str) -> int:
    return run_cli(
        monkeypatch, "dissect", f"net.py:{function}", "--images", "images", "--masks", "masks", "--labels",
        "labels.txt", "--preprocess", "size=24", "--layer", "conv", "--replicates", "100", "--min-iou", "0.001",
        "--out", out, *words,
    )  # fmt: skip


def test_what_a_network_prints_is_not_what_the_command_prints(monkeypatch, capsys):
    assert dissect(monkeypatch, "loud", "run", "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["pictures"] == 4
    assert "seen" in told.err
    assert "made" in told.err


def test_a_network_that_leaves_is_one_line(monkeypatch, capsys):
    assert dissect(monkeypatch, "leaves_at_once", "run") == 2
    assert (
        "unitscope: model 'net.py:leaves_at_once' raised SystemExit: no network today"
        in capsys.readouterr().err
    )
    assert dissect(monkeypatch, "leaves_later", "run") == 2
    assert "called sys.exit(3)" in capsys.readouterr().err.splitlines()[-1]


def test_names_that_would_be_markup_are_printed_as_they_are(monkeypatch, capsys):
    assert dissect(monkeypatch, "loud", "run") == 0
    for words in (["units", "run"], ["compare", "run", "run"], ["report", "run"]):
        assert run_cli(monkeypatch, *words) == 0
    assert run_cli(monkeypatch, "units", "run", "--concept", "[/b]red") in (0, 2)
    capsys.readouterr()
    run_cli(monkeypatch, "units", "run")
    shown = capsys.readouterr().out
    assert "[/b]red" in shown or "[bold]x" in shown


def test_runs_without_a_detector_can_be_compared(monkeypatch, capsys):
    assert dissect(monkeypatch, "loud", "run", "--min-iou", "1") == 0
    run = us.open_run("run")
    assert len(run.detectors) == 0
    from unitscope.run.comparison import concepts_by_run

    assert len(concepts_by_run([run, run])) == 0
    assert run_cli(monkeypatch, "compare", "run", "run") == 0


def test_a_device_without_numbers_is_refused(monkeypatch, capsys):
    assert dissect(monkeypatch, "loud", "run", "--device", "meta") == 2
    assert "device 'meta' cannot be used" in capsys.readouterr().err

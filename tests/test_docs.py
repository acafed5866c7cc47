"""The documents say what is so: commands run, columns and options are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from torch import nn

import unitscope
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.rescore import thresholds_at
from unitscope.experiments.samples import InMemorySamples
from unitscope.models.network import Network
from unitscope.run.manifest import SCHEMA_VERSION

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> unitscope.Dissection:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.ReLU()).eval()
    inputs = torch.randn(24, 3, 16, 16)
    labels = (inputs[:, :1] > 1).int().numpy()
    samples = InMemorySamples(inputs, labels, Vocabulary([Concept("bright", "color")]))
    return run_dissection(Network(module), samples, layers=["1"], out=tmp_path_factory.mktemp("run") / "run")


def test_every_column_is_described(run):
    text = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+):.*?\n(.*?)(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE))
    for name in (
        "units",
        "matches",
        "concepts",
        "layers",
        "samples",
        "exemplars",
        "histograms",
        "iou",
        "regions",
        "similar",
    ):
        cells = re.findall(r"^\| ([a-z0-9_, ]+) \|", sections[name], flags=re.MULTILINE)
        described = [column for cell in cells for column in cell.split(", ") if column != "column"]
        assert described == list(run.table(name).columns), name


def test_every_table_type_is_as_described(run):
    text = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    units = re.search(r"^## units.*?(?=^## )", text, flags=re.DOTALL | re.MULTILINE).group(0)
    for columns, kind in re.findall(
        r"^\| ([a-z0-9_, ]+) \| (int32|int64|float32|float64|bool) \|", units, re.MULTILINE
    ):
        for column in columns.split(", "):
            assert run.units[column].dtype == kind, column


def test_the_manifest_has_what_the_documents_promise(run):
    manifest = run.manifest
    assert manifest.schema_version == SCHEMA_VERSION
    assert manifest.status == "complete"
    for part in (manifest.model.weights_hash, manifest.data.hash, manifest.concepts.hash):
        assert re.fullmatch("[0-9a-f]{64}", part)
    assert manifest.packages["torch"]


def test_another_quantile_needs_no_network(run):
    pd.testing.assert_frame_equal(unitscope.at_quantile(run, 0.01), run.units, check_dtype=False)
    wider = unitscope.at_quantile(run, 0.05)
    points = 24 * 16 * 16
    assert np.allclose(wider["quantile_fraction"], np.ceil(0.05 * points) / points, atol=1e-12)
    with pytest.raises(unitscope.UnitscopeError, match="quantile is 2; it must be between 0 and 1"):
        unitscope.at_quantile(run, 2)


def test_thresholds_at_a_quantile_need_no_network(run):
    assert np.array_equal(thresholds_at(run, 0.01)["1"], run.units["threshold"])
    assert (thresholds_at(run, 0.05)["1"] <= run.units["threshold"]).all()
    with pytest.raises(unitscope.UnitscopeError):
        thresholds_at(run, 0.5)


def test_the_citation_is_of_this_version():
    said = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert said["version"] == unitscope.__version__
    assert said["preferred-citation"]["doi"] in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "path", [*ROOT.glob(".github/**/*.yml"), ROOT / ".pre-commit-config.yaml"], ids=lambda path: path.name
)
def test_files_for_services_can_be_read(path):
    assert yaml.safe_load(path.read_text(encoding="utf-8"))


def test_architecture_names_what_is_there():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "unitscope"
    for entry in package.iterdir():
        if entry.name.startswith("_"):
            continue
        assert entry.name in text, f"ARCHITECTURE.md does not mention {entry.name}"
    folders = (package, ROOT / "tests", ROOT / "benchmarks", ROOT / "training", ROOT / "docs", ROOT / ".ci")
    there = {path.name for folder in folders for path in folder.rglob("*.py")}
    gone = set(re.findall(r"\b([a-z_]+\.py)\b", text)) - there
    assert not gone, f"ARCHITECTURE.md names what is gone: {gone}"

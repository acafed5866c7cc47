"""Runs of version 0.1 open: with every table, question and page, and with what was not measured then missing."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from fake_run import make_run
from tiny import dissect_words, draw, run_cli

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.run.dissection import Dissection
from unitscope.run.effects import Insertion, Ranking, Removal
from unitscope.run.folder import open_for_writing
from unitscope.run.importance import Importance
from unitscope.run.older import LATER, UNMEASURED, completed_units

WRITTEN = json.loads((Path(__file__).parent / "data" / "manifests-0.1.json").read_text(encoding="utf-8"))
"""Manifests that version 0.1 wrote, by kind."""


def in_0_1(folder):
    """Turn a run into one that the first 0.1 wrote: its manifest, and a unit table of 14 columns."""
    now = json.loads((folder / "manifest.json").read_text())
    size = now["model"]["input_size"]
    manifest = {
        "schema_version": 1,
        "kind": "dissection",
        "status": "complete",
        "created": "2026-11-22T21:41:28+00:00",
        "config": {
            "model": {"name": "vgg16", "weights_hash": "ab12" * 16, "input_size": size, "preprocessing": {}},
            "layers": now["layers"],
            "pictures": {"name": now["data"]["name"], "count": 41, "hash": "cd34" * 16},
            "labels": {"name": "masks", "hash": "cd34" * 16, "vocabulary_hash": "ef56" * 16},
            "grid": now["settings"]["grid"],
            "settings": {"quantile": 0.01, "min_iou": 0.04, "top": 5, "border": "edge"},
        },
        "packages": {"unitscope": "0.1.0", "torch": "2.14.1", "numpy": "2.4.6"},
        "model": {
            "name": "vgg16",
            "weights_hash": "ab12" * 16,
            "input_size": size,
            "preprocessing": {},
            "spec": "torchvision:vgg16",
            "reinitialized": None,
        },
        "data": now["data"],
        "concepts": now["concepts"],
        "layers": now["layers"],
        "settings": {
            "quantile": 0.01,
            "min_iou": 0.04,
            "top": 5,
            "border": "edge",
            "replicates": 1000,
            "seed": 0,
            "batch_size": 16,
            "grid": now["settings"]["grid"],
        },
        "command": "unitscope dissect vgg16 --images scenes --out runs/vgg16",
        "seconds": {"network": 61.2},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))
    (folder / "shards").mkdir()
    units = folder / "tables" / "units.parquet"
    table = pq.read_table(units)
    pq.write_table(table.select([name for name in table.column_names if name not in LATER]), units)
    return folder


@pytest.fixture
def old(tmp_path):
    return in_0_1(make_run(tmp_path / "old"))


def test_a_run_of_0_1_opens_with_every_column(old):
    run, names = us.open_run(old), list(us.open_run(make_run(old.parent / "new")).units.columns)
    assert list(run.units.columns) == names
    assert run.units[list(UNMEASURED)].isna().all(axis=None)
    assert run.units["meanings"].isna().all()
    assert run.units["runner_up"].notna().any()
    assert "chance" not in repr(run)
    assert run.unit(str(run.units["layer"][0]), 0).iou == run.units["iou"][0]
    assert len(run.calibration) == 3
    with pytest.raises(UnitscopeError, match="has no control"):
        run.detectors_by("calibrated")
    assert us.verify(old)[0].damaged == ()


def test_the_report_of_a_run_of_0_1_is_written(old):
    page = us.open_run(old).report()
    assert "vgg16" in page.read_text(encoding="utf-8")
    assert page == old / "report" / "index.html"


def test_what_a_run_of_0_1_cannot_do_is_said_in_one_line(old, tmp_path):
    run = us.open_run(old)
    for ask in (lambda: us.at_quantile(run, 0.02), lambda: run.label_map(0), lambda: us.stability(run)):
        with pytest.raises(UnitscopeError, match=r"made by an earlier version.*dissect again"):
            ask()
    with (
        pytest.raises(UnitscopeError, match=r"earlier version, which can be opened and not gone on with"),
        open_for_writing(old, run.manifest.config, kind="dissection", command="dissect"),
    ):
        pass
    manifest = json.loads((old / "manifest.json").read_text())
    (old / "manifest.json").write_text(json.dumps({**manifest, "schema_version": 3}))
    with pytest.raises(
        UnitscopeError, match=r"schema version 3, this unitscope reads 1 to 2; install the version"
    ):
        us.open_run(old)


def test_a_table_of_0_1_without_a_column_that_it_had_is_refused(old):
    units = old / "tables" / "units.parquet"
    pq.write_table(pq.read_table(units).drop_columns(["peak"]), units)
    with pytest.raises(UnitscopeError, match="lacks the column 'peak'"):
        us.open_run(old).report()


@pytest.mark.parametrize("kind", [Importance, Removal, Insertion, Ranking], ids=lambda kind: kind.kind)
def test_questions_that_0_1_asked_open(kind, tmp_path):
    before = WRITTEN[kind.kind]
    assert (before["schema_version"], before["packages"]["unitscope"]) == (1, "0.1.0")
    (tmp_path / "manifest.json").write_text(json.dumps(before))
    found = kind.open(tmp_path)
    needed = [field for field in dataclasses.fields(found.summary) if field.default is dataclasses.MISSING]
    assert {field.name for field in needed} <= set(before["summary"])
    assert found.summary.run_hash == before["summary"]["run_hash"]


@pytest.mark.parametrize("kind", ["dissection", "dissection of a generator"])
def test_dissections_that_0_1_made_open(kind, tmp_path):
    before = WRITTEN[kind]
    (tmp_path / "manifest.json").write_text(json.dumps(before))
    run = Dissection.open(tmp_path)
    assert (run.network.name, run.settings.null) == (before["model"]["name"], 0)
    assert run.generated == ("generator" in before["model"])


def test_what_can_be_made_of_other_tables_is_what_this_version_measures(tmp_path, monkeypatch):
    draw(tmp_path, 24)
    assert run_cli(monkeypatch, *dissect_words(tmp_path, tmp_path / "run", "--null", "20")) == 0
    run = us.open_run(tmp_path / "run")
    written = run.table("units")
    made = completed_units(
        written.drop(columns=list(LATER)), pairs=run.iou, matches=run.matches, concepts=run.concepts
    )
    same = [name for name in written.columns if name not in (*UNMEASURED, "meanings")]
    pd.testing.assert_frame_equal(made[same], written[same])
    assert list(made.columns) == list(written.columns)
    assert {str(kind) for kind in made[list(UNMEASURED)].dtypes} == {"float64"}
    assert np.isin(run.units["status"], ["live"]).any()
    assert not np.isin(run.units["status"], ["live"]).all()

"""Attacks and the units they go through: planted causes, resume, documents, and one line for each mistake."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from attack_cases import CLASSES, SIDE, dissected, draw_colours
from PIL import Image
from tiny import assert_same_run, run_cli

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.experiments.attack import search
from unitscope.experiments.attack.findings import Findings
from unitscope.models.pixels import OnPixels, to_bytes, to_unit
from unitscope.models.preprocessing import Preprocessing
from unitscope.run.folder import RunFolder
from unitscope.run.masks import unpack_mask

pytestmark = pytest.mark.usefixtures("traced_once")

DOCS = Path(__file__).resolve().parents[1] / "docs" / "attack.md"
needs_library = pytest.mark.skipif(
    importlib.util.find_spec("foolbox") is None, reason="needs the extra 'attacks'"
)
SETTINGS = {"replicates": 200, "random": 3, "top": 1, "batch_size": 4}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with pictures of three colours and finished runs of the planted networks."""
    folder = draw_colours(tmp_path_factory.mktemp("attack"))
    for network in ("net", "steps", "cracked"):
        dissected(folder, network)
    return folder


def attack(
    place: Path, out: Path, target=("red", "green"), *, network: str = "net", **given
) -> unitscope.Attack:
    method = {} if "altered" in given else {"method": f"{place}/net.py:brighten"}
    words = {**method, "device": "cpu", **SETTINGS, **given}
    return unitscope.attack(place / f"run-{network}", place / "pictures", target, out=out, **words)


@pytest.fixture(scope="module")
def found(place) -> unitscope.Attack:
    return attack(place, place / "found")


@pytest.fixture(scope="module")
def least(place) -> unitscope.Attack:
    pytest.importorskip("foolbox")
    return attack(place, place / "least", method="ddn")


# The network as a function of pixels.


@pytest.mark.parametrize("channels", ["rgb", "bgr"])
def test_preprocessing_in_tensors_is_that_of_the_table(channels):
    preprocessing = Preprocessing(
        size=(16, 16), channels=channels, range=(0, 255), mean=(104.1, 116.6, 122.7), scale=(1, 57, 0.5)
    )
    picture = np.arange(768, dtype=np.uint8).reshape(1, 16, 16, 3)
    on_pixels = OnPixels(torch.nn.Identity(), preprocessing)
    wanted = preprocessing.apply(picture[0])
    assert np.allclose(on_pixels(to_unit(picture))[0].numpy(), wanted, rtol=1e-6, atol=1e-4)
    assert np.array_equal(to_bytes(to_unit(picture)), picture)


def test_gradients_reach_the_pixels():
    preprocessing = Preprocessing(size=(2, 2), channels="bgr", scale=(0.5, 0.25, 0.125))
    pictures = torch.zeros((1, 3, 2, 2), requires_grad=True)
    OnPixels(torch.nn.Identity(), preprocessing)(pictures).sum().backward()
    assert pictures.grad[0, :, 0, 0].tolist() == [8, 4, 2]


# Planted causes.


def share(table, kind: str, units: str, k: int, target: str = "all targets") -> float:
    rows = table[(table["kind"] == kind) & (table["units"] == units) & (table["target"] == target)]
    return float(rows[rows["k"] == k]["value"].iloc[0])


def test_every_picture_of_another_class_is_attacked_and_judged_on_the_saved_file(found, place):
    rows = found.attempts
    assert len(rows) == 20
    assert not (rows["class"] == rows["target"]).any()
    assert (rows["source"] == rows["class"]).all()
    assert rows["won"].all()
    assert (rows["seen"] == rows["target"]).all()
    for row in rows.itertuples():
        saved = np.asarray(Image.open(found.path / row.picture)).astype(float)
        original = np.asarray(Image.open(place / "pictures" / row.id)).astype(float)
        assert np.linalg.norm(saved - original) / 255 == pytest.approx(row.l2)
        assert np.abs(saved - original).max() / 255 == pytest.approx(row.largest)
        assert saved.mean((0, 1)).argmax() == CLASSES.index(row.target)
        assert row.target_logit_after > row.source_logit_after
        assert row.target_logit_before < row.source_logit_before


def test_the_units_of_source_and_target_are_the_cause(found):
    """Unit 0 decides red, and so on: two units undo and carry every attack, and without them the rest does nothing."""
    curves = found.curves
    for kind in ("undone", "returned", "carried"):
        assert share(curves, kind, "important", 2) == 1
        assert share(curves, kind, "important", 8) == share(curves, kind, "random", 8) == 1
    # To undo takes both units, which are among two random ones of eight in one of 28 draws.
    assert share(curves, "undone", "random", 2) < 0.3
    # To carry, the unit of the target is enough, and often that of the source, without which nothing is left to see.
    assert share(curves, "undone", "important", 1) == 0
    assert share(curves, "carried", "important", 1) == 1
    assert share(curves, "carried", "random", 1) < 0.5


def test_source_units_fall_and_target_units_rise(found):
    changes = found.changes[found.changes["target"] == "all targets"].set_index(["measure", "group"])
    assert changes.loc[("signed", "target"), "low"] > 0
    assert changes.loc[("signed", "source"), "high"] < 0
    for rows in (found.changes, found.curves, found.prediction):
        assert ((rows["low"] <= rows["value"] + 1e-12) & (rows["value"] <= rows["high"] + 1e-12)).all()


def test_changes_are_those_of_the_network_by_hand(found, place):
    """Peaks of units 0 to 2 follow from the pixels alone."""

    def peaks(path: Path) -> np.ndarray:
        pixels = np.asarray(Image.open(path)).astype(float) / 255
        return np.maximum(3 * pixels - pixels.sum(2, keepdims=True), 0).max((0, 1))

    rows = found.attempts
    before = np.array([peaks(place / "pictures" / name) for name in rows["id"]])
    after = np.array([peaks(found.path / name) for name in rows["picture"]])
    sources = rows["source"].map(CLASSES.index).to_numpy()
    wanted = (after - before)[np.arange(len(rows)), sources].mean()
    table = found.changes.set_index(["target", "measure", "group"])
    assert table.loc[("all targets", "signed", "source"), "value"] == pytest.approx(wanted, abs=1e-5)
    units = found.units[found.units["target"] == "all targets"].set_index("unit")
    assert np.allclose(units.loc[:2, "peak_before"], before.mean(0), atol=1e-5)
    every = np.array([peaks(path) for path in sorted((place / "pictures").glob("*/*.png"))])
    assert np.allclose(units.loc[:2, "spread"], every.std(0), atol=1e-5)


def test_importance_tells_what_changes(found):
    ranks = found.units[found.units["target"] == "green"].set_index("unit")["rank"]
    assert ranks.loc[1] == 1
    assert found.prediction["value"].between(0, 1).all()


@needs_library
@pytest.mark.parametrize("method", ["cw", "ddn", "pgd"])
def test_attacks_of_the_library_win_after_rounding(place, tmp_path, method):
    bound = {"epsilon": 0.3} if method == "pgd" else {}
    got = attack(place, tmp_path / "out", "blue", method=method, steps=60, limit=4, **bound)
    assert got.attempts["won"].all()
    assert got.summary.passes > 0
    if method != "pgd":
        # Least distance: half of the change does not deceive the network.
        for row in got.attempts.itertuples():
            saved = np.asarray(Image.open(got.path / row.picture)).astype(float)
            original = np.asarray(Image.open(place / "pictures" / row.id)).astype(float)
            half = (saved + original).mean((0, 1))
            assert half.argmax() == CLASSES.index(row.source)
    else:
        assert (got.attempts["largest"] <= 0.3 + 1 / 255).all()


def test_a_bound_holds_in_what_is_saved(place, tmp_path):
    found = attack(place, tmp_path / "out", method="pgd", epsilon=40.4 / 255, steps=60)
    assert found.attempts["largest"].max() <= 40 / 255 + 1e-9
    assert found.attempts["won"].any()
    said = refused(place, tmp_path / "none", "red", method="pgd", epsilon=0.003)
    assert (
        said
        == "epsilon= is 0.003, less than one of the 255 grey levels that pictures are saved in; give 0.0039 or more"
    )


def test_examples_are_those_in_the_middle_of_the_order(least):
    rows = least.attempts
    for name, of_target in least.examples.merge(rows, on="attempt").groupby("target"):
        ordered = rows[rows["target"] == name].sort_values("l2")["attempt"].tolist()
        assert set(of_target["attempt"]) == set(ordered[len(ordered) // 2 - 1 : len(ordered) // 2 + 1])
    row = least.examples.iloc[0]
    change = np.array(row["change"])
    assert change.shape == (36,)
    mask = unpack_mask(row["before_mask"], row["mask_height"], row["mask_width"])
    assert mask.shape == (6, 6)
    assert np.asarray(Image.open(least.path / row["original"])).shape == (SIDE, SIDE, 3)


def test_a_finished_attack_is_opened_without_the_library(place, least, monkeypatch):
    monkeypatch.setitem(sys.modules, "foolbox", None)
    again = attack(place, least.path, method="ddn")
    pd.testing.assert_frame_equal(again.attempts, least.attempts)
    with pytest.raises(UnitscopeError, match="need the package foolbox"):
        attack(place, place / "another", method="ddn", seed=1)


def test_importance_of_a_run_is_taken_when_it_is_there(place, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(place / "run-net", run)
    for split, seed in (("train", 1), ("val", 2)):
        draw_colours(tmp_path / split, 4, seed=seed)
    folders = [tmp_path / split / "pictures" for split in ("train", "val")]
    importance = unitscope.importance(run, *folders, replicates=100, random=1, device="cpu")
    words = {"method": f"{place}/net.py:brighten", "device": "cpu", **SETTINGS}
    got = unitscope.attack(run, place / "pictures", "red", out=tmp_path / "out", **words)
    assert got.summary.importance == str(importance.path)
    assert share(got.curves, "carried", "important", 2) == 1
    with pytest.raises(UnitscopeError, match="is of layer 'relu' of planted, not of layer"):
        attack(place, tmp_path / "other", "red", network="steps", importance=move_weights(importance.path))


def move_weights(path: Path) -> Path:
    """Let an importance be of other weights."""
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["summary"]["weights_hash"], manifest["checksum"] = "0" * 64, ""
    (path / "manifest.json").write_text(json.dumps(manifest))
    return path


# Pictures attacked elsewhere.


def test_pictures_attacked_elsewhere_give_the_same_as_those_attacked_here(place, found, tmp_path):
    copies = tmp_path / "copies"
    shutil.copytree(found.path / "attacked" / "red", copies)
    (copies / "blue" / "00.png.png").unlink()
    got = attack(place, tmp_path / "out", "red", altered=copies)
    assert got.summary.method == "elsewhere"
    here = found.attempts[found.attempts["target"] == "red"].set_index("id")
    there = got.attempts.set_index("id")
    assert there.loc["blue/00.png", "reason"] == "it has no altered copy"
    names = [name for name in there.index if name != "blue/00.png"]
    assert there.loc[names, "won"].all()
    assert np.allclose(there.loc[names, "l2"], here.loc[names, "l2"])
    assert got.summary.passes == 0


def test_attacks_from_elsewhere_are_for_one_target(place, found, tmp_path):
    with pytest.raises(UnitscopeError, match=r"attacked for one target, and 2 are given; give one target="):
        attack(place, tmp_path / "out", altered=found.path / "attacked" / "red")


def test_settings_that_change_nothing_are_refused(place, found, tmp_path):
    copies = found.path / "attacked" / "red"
    said = refused(place, tmp_path / "out", "red", altered=copies, method="pgd")
    assert said == "method= says how to attack, and nothing is attacked with altered=; leave one of them out"
    assert refused(place, tmp_path / "out", "red", altered=copies, steps=3).startswith("steps= says")
    said = refused(place, tmp_path / "out", "red", method="ddn", epsilon=0.1)
    assert said == "epsilon= is a setting of pgd, and the method is 'ddn'; leave it out"
    said = refused(place, tmp_path / "out", "red", steps=3)
    assert said.startswith("steps= is a setting of cw and ddn and pgd, and the method is ")


# Going on where it stopped.


@pytest.mark.parametrize("after", [2, 5, 9])
def test_interrupted_attacks_go_on_and_end_the_same(place, found, tmp_path, monkeypatch, after):
    commit, done = RunFolder.commit_shard, 0

    def stop(self, shard, arrays, *, note):
        nonlocal done
        if done == after:
            raise KeyboardInterrupt
        done += 1
        commit(self, shard, arrays, note=note)

    monkeypatch.setattr(RunFolder, "commit_shard", stop)
    with pytest.raises(KeyboardInterrupt):
        attack(place, tmp_path / "out")
    monkeypatch.setattr(RunFolder, "commit_shard", commit)
    assert_same_run(found.path, attack(place, tmp_path / "out").path)
    assert sorted(path.name for path in found.path.glob("attacked/*/*/*")) == sorted(
        path.name for path in tmp_path.glob("out/attacked/*/*/*")
    )


@needs_library
def test_pieces_of_other_sizes_end_the_same(place, least, tmp_path, pieces_of):
    pieces_of(4)
    assert_same_run(least.path, attack(place, tmp_path / "out", method="ddn").path)


# What a person may get wrong.


def refused(place: Path, out: Path, *more: object, **given: object) -> str:
    with pytest.raises(UnitscopeError) as error:
        attack(place, out, *more, **given)
    assert "\n" not in str(error.value)
    assert not out.exists()
    return str(error.value)


def test_a_target_that_the_network_has_not(place, tmp_path):
    said = refused(place, tmp_path / "out", "gren")
    assert said.startswith("target='gren' is none of the 3 classes of planted; did you mean 'green'")
    assert "give target=" in refused(place, tmp_path / "out", ())


def test_pictures_that_are_all_of_the_target(place, tmp_path):
    only = tmp_path / "pictures" / "red"
    shutil.copytree(place / "pictures" / "red", only)
    with pytest.raises(UnitscopeError, match="every picture is of the target 'red', is seen as it"):
        unitscope.attack(
            place / "run-net", only.parent, "red", out=tmp_path / "out", method=f"{place}/net.py:brighten"
        )
    # All have been read; as nothing more can come of them, nothing is in the way of the same folder with others.
    assert not (tmp_path / "out").exists()


def test_classes_of_a_network_without_names_are_called_as_their_folders(place, tmp_path):
    dissected(place, "unnamed")
    folders = {name: str(output) for output, name in enumerate(CLASSES)}
    named = attack(place, tmp_path / "named", "green").attempts
    for number, target in enumerate(("green", "1")):
        got = attack(place, tmp_path / str(number), target, network="unnamed", class_map=folders)
        pd.testing.assert_frame_equal(got.attempts, named)


def test_no_attack_succeeds(place, tmp_path):
    got = attack(place, tmp_path / "out", "red", method=f"{place}/net.py:nothing")
    assert not got.attempts["won"].any()
    assert "none of the 10 attacks succeeded" in got.summary.notes[0]
    for name in got.tables:
        assert list(got.table(name).columns), name
    assert len(got.changes) == 4 * 4 * 2
    assert got.changes["value"].isna().all()
    assert "none of the 10 attacks" in got.page.read_text(encoding="utf-8")
    assert "none of the 10" in repr(got)


def test_attempts_without_units_of_a_group_say_nothing_of_it(place, tmp_path, monkeypatch):
    """The second attempt has no other units, and none has random ones."""
    told = {"method": f"{place}/net.py:brighten"}
    groups = Findings.__dict__["groups"].func
    whole = attack(place, tmp_path / "whole", "red", **told)

    def some(self):
        found = groups(self)
        return found | {
            "other": found["other"] & (np.arange(len(self.won)) != 1)[:, None],
            "random": np.zeros_like(found["random"]),
        }

    monkeypatch.setattr(Findings, "groups", property(some))
    got = attack(place, tmp_path / "some", "red", **told)
    one, two = (
        each.changes[each.changes["target"] == "red"].set_index(["measure", "group"]) for each in (whole, got)
    )
    kept = ["target", "source"]
    pd.testing.assert_frame_equal(one.loc[("signed", kept), :], two.loc[("signed", kept), :])
    won = len(whole.attempts[whole.attempts["won"]])
    assert one.loc[("absolute", "other"), "attempts"] == won
    assert two.loc[("absolute", "other"), "attempts"] == won - 1
    assert two.loc[("absolute", "other"), "value"] > 0
    assert two.loc[("absolute", "random"), "attempts"] == 0
    assert two.loc["absolute"].loc["random", ["value", "low", "high"]].isna().all()
    assert "random: -, -" in repr(got)


@needs_library
def test_networks_without_gradients_are_refused_before_anything_starts(place, tmp_path):
    said = refused(place, tmp_path / "out", network="steps", method="ddn")
    assert "planted gives no gradients to attack with (they are zero everywhere" in said
    assert "method=" in said
    assert "altered" in said
    got = attack(place, tmp_path / "out", network="steps")
    assert got.attempts["won"].all(), "an attack without gradients works"


def test_logits_that_become_nan_skip_a_picture_and_not_its_batch(place, tmp_path):
    pictures = tmp_path / "pictures"
    shutil.copytree(place / "pictures", pictures)
    for path in pictures.glob("*/*.png"):
        if path.name != "01.png":
            Image.fromarray(_without_corner(path)).save(path)
    got = unitscope.attack(
        place / "run-cracked", pictures, "red", out=tmp_path / "out", method=f"{place}/net.py:creep", device="cpu",
        **SETTINGS,
    )  # fmt: skip
    rows = got.attempts.set_index("id")
    reasons = rows["reason"].dropna()
    assert set(reasons) == {search.NOT_FINITE}
    assert set(reasons.index) == {"blue/01.png", "green/01.png"}
    assert rows.loc[rows["reason"].isna(), "won"].all()
    assert rows.loc[reasons.index, "picture"].isna().all()
    assert (got.targets["skipped"] == 2).all()
    assert "2 attacks were skipped" in " ".join(got.summary.notes)


def _without_corner(path: Path) -> np.ndarray:
    picture = np.asarray(Image.open(path)).copy()
    picture[0, 0] = 90
    return picture


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("raises", "raised RuntimeError: no such luck"),
        ("too_bright", "returned values from 2"),
        ("missing", "attack function 'missing' not found"),
    ],
)
def test_a_function_of_a_person_that_fails(place, tmp_path, function, said):
    with pytest.raises(UnitscopeError) as error:
        attack(place, tmp_path / "out", method=f"{place}/net.py:{function}")
    assert said in str(error.value)


def test_a_function_that_has_changed_is_another_question(place, tmp_path):
    file = tmp_path / "own.py"
    shutil.copyfile(place / "net.py", file)
    given = {"method": f"{file}:brighten", "limit": 1}
    attack(place, tmp_path / "out", "red", **given)
    file.write_text(file.read_text() + "\n# and now something else\n")
    with pytest.raises(UnitscopeError, match="method_hash"):
        attack(place, tmp_path / "out", "red", **given)


def test_a_method_that_is_none(place, tmp_path):
    assert "method is 'fgsm'; it must be cw, ddn, pgd or file.py:function" in refused(
        place, tmp_path / "out", method="fgsm"
    )


# The page, the command line and the documents.


def test_the_page_shows_every_example(least):
    text = least.page.read_text(encoding="utf-8")
    for picture in re.findall(r'src="(attacked/[^"]+)"', text):
        assert (least.page.parent / picture).is_file()
    assert text.count('<figure class="attacked">') == least.examples["attempt"].nunique() == 4
    assert "change, times " in text
    for name in ("absolute", "spreads", "signed", "undone", "carried"):
        assert (least.page.parent / "figures" / f"{name}.svg").is_file()


def test_the_command_prints_what_the_summary_says(place, tmp_path, monkeypatch, capsys):
    words = ("attack", str(place / "run-net"), "--images", str(place / "pictures"), "--target", "red")
    more = ("--method", f"{place}/net.py:brighten", "--replicates", "100", "--limit", "3", "--device", "cpu")
    assert run_cli(monkeypatch, *words, *more, "--out", str(tmp_path / "out"), "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["targets"][0]["won"] == 3
    assert Path(printed["page"]).is_file()
    assert run_cli(monkeypatch, *words, *more, "--target", "purple") == 2
    assert "--target 'purple' is none of the 3 classes" in capsys.readouterr().err


def test_every_column_is_described(found):
    text = DOCS.read_text(encoding="utf-8")
    for name in found.tables:
        section = re.search(rf"^## {name}:.*?(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE).group(0)
        kinds = "string|int32|Int32|int64|float64|bool|bytes|list"
        rows = re.findall(rf"^\| ([a-z_0-9, ]+) \| ({kinds}) \|", section, re.MULTILINE)
        described = {column: kind for columns, kind in rows for column in columns.split(", ")}
        table = found.table(name)
        assert list(described) == list(table.columns), name
        for column, kind in described.items():
            if kind in ("int32", "int64", "float64", "bool"):
                assert table[column].dtype == kind, (name, column)
            elif kind == "string":
                assert all(isinstance(value, str) for value in table[column].dropna()), column


def test_the_summary_has_what_the_document_promises(found):
    text = DOCS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z_0-9, ]+) \| .* \|$", text[: text.index("## attempts:")], re.MULTILINE)
    described = {name for row in rows for name in row.split(", ")} - {"entry"}
    assert described == set(vars(found.summary))

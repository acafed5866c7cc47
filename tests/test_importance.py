"""What units do for each class: planted answers, whole passes, resume, documents, and one line for each mistake."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from references import intervene
from tiny import run_cli, tables_of

import unitscope
from unitscope import progress
from unitscope.errors import UnitscopeError
from unitscope.experiments.importance import measure, without
from unitscope.layer.interventions import ablate
from unitscope.models.registry import load_network
from unitscope.nouns.reopened import layer_of
from unitscope.run.folder import RunFolder
from unitscope.run.importance import paradoxes
from unitscope.sources.specs import open_pictures
from unitscope.world import SCENE_CLASSES

pytestmark = pytest.mark.usefixtures("traced_once")

DOCS = Path(__file__).resolve().parents[1] / "docs" / "importance.md"
SIDE = 12
NET = '''"""Units 0, 1 and 2 decide red, green and blue; 3 and 4 yellow, each of them alone; 5 is dead, 6 is not used.

A picture that no unit speaks for is of the class "nothing". A pixel of pure white makes logits NaN.
"""

import torch
from torch import nn


class Planted(nn.Module):
    def __init__(self, scale=1.0):
        super().__init__()
        self.conv = nn.Conv2d(3, 7, 1)
        self.relu = nn.ReLU()
        self.head = nn.Linear(7, 5)
        colours = [[1, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, -1], [1, 1, -1], [0, 0, 0], [1, 1, 1]]
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor(colours).float()[:, :, None, None])
            self.conv.bias.copy_(torch.tensor([0, 0, 0, -1.2, -1.2, 0, 0]))
            self.head.weight.zero_()
            self.head.bias.copy_(torch.tensor([0, 0, 0, 0, 0.2]))
            for unit, output in enumerate([0, 1, 2, 3, 3]):
                self.head.weight[output, unit] = 10 * scale

    def forward(self, x):
        white = (x.amin(1) > 0.99).flatten(1).any(1, keepdim=True)
        return self.head(self.relu(self.conv(x)).mean((2, 3))).masked_fill(white, torch.nan)


class Sure(Planted):
    def forward(self, x):
        return {"probabilities": super().forward(x).softmax(1)}


def net():
    return Planted()


def sure():
    return Sure()


def other():
    return Planted(2.0)
'''
COLOURS = {"red": (220, 0, 0), "green": (0, 220, 0), "Blue": (0, 0, 220), "yellow": (220, 220, 0)}
OUTPUTS = {"red": 0, "green": 1, "Blue": 2, "yellow": 3}
SETTINGS = {"replicates": 200, "set_sizes": (1, 2), "random": 2}


def paint(file: Path, colour: tuple[int, int, int]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((SIDE, SIDE, 3), colour, np.uint8)).save(file)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with `net.py`, train and val pictures by class, a class map and a finished run."""
    folder = tmp_path_factory.mktemp("importance")
    (folder / "net.py").write_text(NET)
    for split, count in (("train", 7), ("val", 12)):
        for name, colour in COLOURS.items():
            for number in range(count):
                shade = tuple(max(part - 3 * number - (split == "val"), 0) for part in colour)
                paint(folder / split / name / f"{number:02d}.png", shade)
    (folder / "map.csv").write_text("".join(f"{name},{output}\n" for name, output in OUTPUTS.items()))
    for number in range(6):
        half = np.zeros((SIDE, SIDE), np.uint8)
        half[: number + 1] = 1
        (folder / "masks").mkdir(exist_ok=True)
        (folder / "pictures").mkdir(exist_ok=True)
        Image.fromarray(half[..., None] * np.array([220, 0, 0], np.uint8)).save(
            folder / f"pictures/{number}.png"
        )
        Image.fromarray(half).save(folder / f"masks/{number}.png")
    (folder / "labels.txt").write_text("1\tred\tcolor\n")
    unitscope.dissect(
        unitscope.network(f"{folder}/net.py:net", preprocess=f"size={SIDE},mean=0,scale=1"), folder / "pictures",
        unitscope.masks(folder / "masks", folder / "labels.txt"), out=folder / "run", layers=["conv", "relu"],
        grid=SIDE, device="cpu",
        settings=unitscope.DissectionSettings(quantile=0.3, replicates=100, batch_size=5),
    )  # fmt: skip
    return folder


def ask(place: Path, out: Path, **given: object) -> unitscope.Importance:
    settings = {
        name: given.pop(name) for name in list(given) if name in unitscope.ImportanceSettings.__annotations__
    }
    words = {"train": place / "train", "val": place / "val", "class_map": place / "map.csv", "device": "cpu"}
    return unitscope.importance(
        place / "run",
        out=out,
        settings=unitscope.ImportanceSettings(**{**SETTINGS, **settings}),
        **words | given,
    )


@pytest.fixture(scope="module")
def found(place) -> unitscope.Importance:
    return ask(place, place / "found", curve=("yellow",))


# Planted answers.


def test_the_units_that_decide_a_class_are_found_and_no_others(found):
    assert found.summary.layer == "relu", "the last of the run"
    val = found.effects[found.effects["split"] == "val"]
    important = {(row.unit, row["class"]) for row in (r[1] for r in val.iterrows()) if row["important"]}
    assert important == {(0, "red"), (1, "green"), (2, "Blue")}
    for unit, name in important:
        row = val[(val["unit"] == unit) & (val["class"] == name)].iloc[0]
        assert (row["loss"], row["loss_low"], row["loss_high"], row["recall"]) == (0.5, 0.5, 0.5, 0)
        assert row["p_value"] == pytest.approx(2.0**-12)
        assert row["q_value"] == pytest.approx(2.0**-12)
    others = val[~val["important"]]
    assert (others["loss"] == 0).all()
    assert (others["q_value"] == 1).all()
    assert found.summary.important_pairs == found.summary.tested_pairs == 3


def test_units_are_ranked_on_train(found):
    for unit, name in ((0, "red"), (1, "green"), (2, "Blue")):
        assert found.top(name, 1)["unit"].tolist() == [unit]
    assert found.top("red", 1)["concept"].tolist() == ["red"]
    assert set(found.top("yellow", 2)["unit"]) == {3, 4}, "the fall of log-probability tells them"
    assert sorted(found.top("red", 99)["rank"]) == list(range(1, 8))
    with pytest.raises(UnitscopeError, match="class 'yelow' is none of the 4 classes; did you mean 'yellow'"):
        found.top("yelow")


def test_units_that_stand_in_for_each_other_matter_together(found):
    sets = found.sets[(found.sets["class"] == "yellow") & (found.sets["ranking"] == "importance")]
    losses = sets[~sets["curve"]].set_index(["kind", "k"])["loss"]
    assert losses["removed", 1] == 0
    assert losses["removed", 2] == 0.5
    curve = sets[sets["curve"]].set_index(["kind", "k"])
    assert curve.loc["removed"].index.tolist() == curve.loc["kept"].index.tolist() == list(range(8))
    assert curve["loss"]["removed", 0] == curve["loss"]["kept", 7] == 0
    assert curve["loss"]["removed", 7] == curve["loss"]["kept", 0] == 0.5
    assert curve["overall_accuracy"]["kept", 1] == 0.25
    assert set(found.sets[found.sets["curve"]]["class"]) == {"yellow"}


def test_random_sets_serve_every_class(found):
    random = found.sets[(found.sets["ranking"] == "random") & ~found.sets["curve"]]
    assert len(random) == 4 * 2 * 2 * 2
    assert (random.groupby(["kind", "repetition", "k"])["overall_accuracy"].nunique() == 1).all()
    assert set(random["repetition"]) == {1, 2}
    assert (found.sets.loc[found.sets["ranking"] == "importance", "repetition"] == 0).all()


def test_the_mean_over_classes(found):
    removed = found.mean("removed", "importance", 1)
    assert removed.loss == pytest.approx(0.375)
    assert (removed.loss_low, removed.loss_high) == (0.375, 0.375)
    assert removed.overall_accuracy == pytest.approx((3 * 0.75 + 1) / 4)
    assert found.mean("removed", "importance", 7) is None


def test_correlations_with_the_logit_of_the_class(found):
    table = found.correlation.pivot(index="unit", columns="class", values="correlation")
    assert table.loc[0, "red"] == pytest.approx(1, abs=1e-6)
    assert table.loc[0, "Blue"] < 0
    assert table.loc[5].isna().all()


def test_it_says_what_it_found(found):
    said = repr(found)
    assert said.startswith("Importance of the 7 units of relu in net, set to zero, for 4 classes")
    assert "ranked on 28 pictures of" in said
    assert "train, measured on 48 of" in said
    assert "all-class accuracy 100.0 % (100.0 to 100.0)" in said
    assert "3 of 3 tested pairs" in said
    assert "with only 2 random ones" in said


def test_a_mean_is_removed_as_a_mean(place, tmp_path):
    """The mean of its colour leaves a class above nothing and its rivals still below."""
    result = ask(place, tmp_path / "out", ablation="mean")
    assert result.summary.ablation == "mean"
    assert not result.effects["important"].any()
    model = load_network(f"{place}/net.py:net", preprocess=f"size={SIDE},mean=0,scale=1")
    run = unitscope.open_run(place / "run")
    layer = layer_of(run, "relu")
    train, val = (pictures_of(model, place / split) for split in ("train", "val"))
    seen = []
    with torch.no_grad(), intervene(model.module, layer, lambda a: seen.append(a) or a):
        model.module(train[0])
    means = seen[0].mean((0, 2, 3))
    for unit in range(7):
        with torch.no_grad(), intervene(model.module, layer, lambda a, u=unit: ablate(a, [u], level=means)):
            predicted = model.module(val[0]).argmax(1)
        overall = result.overall[(result.overall["unit"] == unit) & (result.overall["split"] == "val")]
        assert overall["accuracy"].item() == (predicted == val[1]).float().mean().item()


def pictures_of(model, folder):
    """Inputs and outputs of a folder of class folders."""
    files = sorted(folder.rglob("*.png"))
    pictures = np.stack([model.preprocessing.apply(np.asarray(Image.open(file))) for file in files])
    return torch.from_numpy(pictures), torch.tensor([OUTPUTS[file.parent.name] for file in files])


# Whole passes.

TRAIN, VAL = (f"world:10:{split}:{','.join(SCENE_CLASSES[:8])}" for split in ("train", "test"))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """The bundled network at an early layer, where units matter, on few scenes."""
    folder = tmp_path_factory.mktemp("world")
    settings = unitscope.DissectionSettings(replicates=100)
    run = unitscope.dissect(
        "world-vgg", "world:16", out=folder / "run", layers=["relu1_2"], settings=settings
    )
    asked = unitscope.ImportanceSettings(replicates=100, set_sizes=(1, 12), random=1)
    return run, unitscope.importance(
        run,
        train=TRAIN,
        val=VAL,
        layer="relu1_2",
        settings=asked,
        device="cpu",
    )


@pytest.fixture(scope="module")
def whole_passes(world):
    """A function of units: predictions for the val scenes with these ablated by a hook, and the targets."""
    model, source, layer = load_network("world-vgg"), open_pictures(VAL), layer_of(world[0], "relu1_2")
    inputs = torch.from_numpy(
        np.stack([model.preprocessing.apply(source.read(i)) for i in range(len(source))])
    )

    def predict(removed):
        with torch.no_grad(), intervene(model.module, layer, lambda a: ablate(a, removed)):
            return model.module(inputs).argmax(1).numpy(), source.targets

    return predict


def scores(predicted, targets, output):
    said, member = predicted == output, targets == output
    precision = member[said].mean() if said.any() else 0
    balanced = (said[member].mean() + (~said[~member]).mean()) / 2
    return [precision, said[member].mean(), (said == member).mean(), balanced]


def test_every_unit_alone_is_as_in_whole_passes(world, whole_passes):
    _, result = world
    val = result.effects[result.effects["split"] == "val"].set_index(["unit", "class"])
    strongest = result.overall[result.overall["split"] == "val"].nlargest(3, "loss")["unit"].tolist()
    assert val["loss"].abs().max() > 0, "some unit matters"
    for unit in {*strongest, 0, 31}:
        predicted, targets = whole_passes([unit])
        for row in result.classes.itertuples():
            found = val.loc[(unit, row[1]), ["precision", "recall", "accuracy", "balanced_accuracy"]]
            assert np.allclose(found.to_numpy(float), scores(predicted, targets, row.output), atol=1e-12)
        overall = result.overall[(result.overall["unit"] == unit) & (result.overall["split"] == "val")]
        assert overall["accuracy"].item() == pytest.approx((predicted == targets).mean())


def test_sets_are_as_in_whole_passes(world, whole_passes):
    _, result = world
    name, output = result.classes.loc[0, ["class", "output"]]
    order = result.top(name, 99)["unit"].tolist()
    rows = result.sets[(result.sets["class"] == name) & (result.sets["ranking"] == "importance")]
    for row in rows.itertuples():
        removed = order[: row.k] if row.kind == "removed" else order[row.k :]
        predicted, targets = whole_passes(removed)
        assert row.balanced_accuracy == pytest.approx(scores(predicted, targets, output)[3])
        assert row.overall_accuracy == pytest.approx((predicted == targets).mean())


def test_scenes_are_classes_and_those_without_pictures_are_left_out(world):
    _, result = world
    assert set(result.classes["class"]) < set(result.images["class"])
    assert any(
        note.startswith("left out, for want of pictures in both splits") for note in result.summary.notes
    )
    assert any(
        note.startswith("no intervals on val for classes with one picture") for note in result.summary.notes
    )
    alone = result.classes.loc[result.classes["val_images"] == 1, "class"]
    rows = result.effects[result.effects["class"].isin(alone) & (result.effects["split"] == "val")]
    assert rows[["loss_low", "loss_high"]].isna().all(axis=None)
    assert result.classes.loc[result.classes["val_images"] == 1, "balanced_low"].isna().all()
    assert result.path.name == "relu1_2-zero"
    assert [each.path for each in unitscope.find_importances(result.path.parents[1])] == [result.path]


# Resume.


class Killed(BaseException):
    """Stands for a signal."""


@pytest.mark.parametrize("ablation", ["zero", "mean"])
def test_killed_after_any_shard_it_goes_on_to_the_same_tables(
    place, tmp_path, monkeypatch, pieces_of, ablation
):
    pieces_of(15)
    whole = ask(place, tmp_path / "whole", ablation=ablation)
    commit = RunFolder.commit_shard

    def killed_after(kill):
        def commit_and_die(folder, shard, arrays, *, note):
            commit(folder, shard, arrays, note=note)
            if shard == kill:
                raise Killed

        return commit_and_die

    count = len(list((tmp_path / "whole" / "shards").iterdir()))
    assert count == (2 if ablation == "mean" else 0) + 2 + 4 + 4
    for kill in range(0, count, 3):
        out = tmp_path / str(kill)
        with monkeypatch.context() as patch:
            patch.setattr(RunFolder, "commit_shard", killed_after(kill))
            with pytest.raises(Killed):
                ask(place, out, ablation=ablation)
        with pytest.raises(
            UnitscopeError, match=r"is not finished; run the same unitscope\.importance command"
        ):
            unitscope.open_importance(out)
        ask(place, out, ablation=ablation)
        for name, table in tables_of(tmp_path / "whole").items():
            pd.testing.assert_frame_equal(tables_of(out)[name], table, check_exact=True)
    assert whole.summary.means == unitscope.open_importance(out).summary.means


def test_a_finished_one_is_opened_without_the_network(place, found, monkeypatch):
    monkeypatch.setattr(measure, "cut", None)
    assert ask(place, found.path, curve=("yellow",)).summary == found.summary
    assert ask(place, found.path, curve=("3",)).summary == found.summary


def test_another_configuration_is_refused(place, found):
    with pytest.raises(UnitscopeError, match=r"another configuration \(settings.random: 2 there, 3 now\)"):
        ask(place, found.path, curve=("yellow",), random=3)


def test_no_cache_gives_the_same(place, found, tmp_path):
    bare = ask(place, tmp_path / "out", curve=("yellow",), cache_budget=0)
    assert not list((tmp_path / "out" / "cache").rglob("*.safetensors"))
    for name, table in tables_of(found.path).items():
        pd.testing.assert_frame_equal(tables_of(bare.path)[name], table, check_exact=True)


# Mistakes.


def copy_of(place, tmp_path):
    for split in ("train", "val"):
        shutil.copytree(place / split, tmp_path / split)
    return {split: tmp_path / split for split in ("train", "val")}


def test_pictures_that_cannot_be_read_are_left_out(place, tmp_path):
    given = copy_of(place, tmp_path)
    (given["val"] / "red" / "03.png").write_bytes(b"no picture")
    result = ask(place, tmp_path / "out", **given)
    row = result.images[~result.images["used"]]
    assert row[["split", "id"]].to_numpy().tolist() == [["val", "red/03.png"]]
    assert row["reason"].notna().all()
    assert row["predicted"].isna().all()
    assert result.classes.set_index("class")["val_images"].to_dict()["red"] == 11
    assert "1 val pictures could not be read" in repr(result)


def test_a_network_that_answers_with_probabilities_is_asked_for_their_logarithms(place, found, tmp_path):
    run = unitscope.dissect(
        unitscope.network(f"{place}/net.py:sure", preprocess=f"size={SIDE},mean=0,scale=1"), place / "pictures",
        unitscope.masks(place / "masks", place / "labels.txt"), out=tmp_path / "run", layers=["relu"], grid=SIDE,
        replicates=100, batch_size=5, quantile=0.3, device="cpu",
    )  # fmt: skip
    words = {"class_map": place / "map.csv", "device": "cpu", "curve": ("yellow",), **SETTINGS}
    sure = unitscope.importance(run, place / "train", place / "val", out=tmp_path / "out", **words)
    assert "their logarithms are taken for its logits" in " ".join(sure.manifest.notes)
    assert found.manifest.notes == ()
    there = tables_of(found.path)
    for name, table in tables_of(sure.path).items():
        numbers = table.select_dtypes("float").columns
        if name != "correlation":  # a logit is more than its probability tells
            assert np.allclose(table[numbers], there[name][numbers], atol=1e-4, equal_nan=True), name
        rest = table.columns.difference(numbers)
        assert table[rest].equals(there[name][rest]), name


def test_logits_that_are_not_finite_name_the_picture(place, tmp_path):
    given = copy_of(place, tmp_path)
    paint(given["val"] / "red" / "05.png", (255, 255, 255))
    with pytest.raises(UnitscopeError, match=r"logits are not finite .* on picture 'red/05.png'"):
        ask(place, tmp_path / "out", **given)


def test_one_picture_of_a_class_has_no_interval_and_a_line_says_so(place, tmp_path):
    given = copy_of(place, tmp_path)
    for file in sorted((given["val"] / "green").iterdir())[1:]:
        file.unlink()
    result = ask(place, tmp_path / "out", **given)
    assert "no intervals on val for classes with one picture there: green" in repr(result)
    of_class = result.effects[result.effects["class"] == "green"].set_index(["split", "unit"])
    assert of_class.loc["val"][["loss_low", "loss_high"]].isna().all(axis=None)
    assert of_class.loc["train"]["loss_low"].notna().all()
    assert result.sets.loc[result.sets["class"] == "green", "loss_low"].isna().all()


def test_pictures_of_val_that_are_among_those_of_train_are_told(place, found, tmp_path):
    given = copy_of(place, tmp_path)
    for number in range(3):
        shutil.copy(given["train"] / "red" / f"{number:02d}.png", given["val"] / "red" / f"again{number}.png")
    said = "3 of the 51 picture files of val are among those of train, where units that do well by chance"
    assert said in repr(ask(place, tmp_path / "out", **given))
    assert "among those of train" not in repr(found)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"class_map": None},
            r"class folder 'Blue' cannot be matched: the network does not name its classes",
        ),
        ({"class_map": {"pink": "1"}}, "class map names the folder 'pink', which is not there"),
        ({"class_map": {"red": "9", "green": "1", "Blue": "2", "yellow": "3"}}, "class 'red' is output 9"),
        ({"class_map": {"red": "1", "green": "1", "Blue": "2", "yellow": "3"}}, "both stand for class"),
        ({"set_sizes": (8,)}, "a set of 8 units does not fit layer 'relu', which has 7"),
        ({"curve": ("pink",)}, "curve='pink' is none of the 4 classes"),
        ({"layer": "rely"}, "layer 'rely' is not in .* did you mean 'relu'"),
        ({"val": "train"}, "train= and val= are the same pictures"),
        ({"val": "nowhere"}, "nowhere"),
        ({"network": "net.py:other"}, "has other weights than those that"),
    ],
)
def test_mistakes_are_one_line_before_work_starts(place, tmp_path, change, message):
    for name in ("val", "network"):
        if name in change:
            change = {**change, name: str(place / change[name])}
    with pytest.raises(UnitscopeError, match=message) as refused:
        ask(place, tmp_path / "out", **change)
    assert "\n" not in str(refused.value)
    assert not list((tmp_path / "out").rglob("*.parquet"))


def test_a_class_folder_without_pictures_is_refused(place, tmp_path):
    given = copy_of(place, tmp_path)
    (given["train"] / "zebra").mkdir()
    with pytest.raises(UnitscopeError, match=r"class folder .*zebra' holds no picture files"):
        ask(place, tmp_path / "out", **given)


def test_splits_without_a_common_class_are_refused(place, tmp_path):
    given = copy_of(place, tmp_path)
    for name in ("red", "green"):
        shutil.rmtree(given["train"] / name)
    for name in ("Blue", "yellow"):
        shutil.rmtree(given["val"] / name)
    with pytest.raises(
        UnitscopeError, match=r"train= \(Blue, yellow\) and val= \(green, red\) have no class in common"
    ):
        ask(place, tmp_path / "out", **given)


def test_one_kind_of_run_is_not_taken_for_the_other(place, found):
    with pytest.raises(UnitscopeError, match="of kind 'importance' where one of kind 'dissection' is wanted"):
        unitscope.open_run(found.path)
    with pytest.raises(UnitscopeError, match="of kind 'dissection' where one of kind 'importance' is wanted"):
        unitscope.open_importance(place / "run")


# Command line and documents.


def test_the_command_prints_the_summary(place, tmp_path, monkeypatch, capsys):
    words = ["importance", str(place / "run"), "--train", str(place / "train"), "--val", str(place / "val")]
    words += ["--class-map", str(place / "map.csv"), "--out", str(tmp_path / "out"), "--set-size", "2"]
    words += ["--replicates", "100", "--random", "1", "--device", "cpu"]
    assert run_cli(monkeypatch, *words) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "without the 2 most important: 50.0 %, loss 50.0 % (50.0 to 50.0)" in captured.out
    assert run_cli(monkeypatch, *words, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["important_pairs"], facts["units"], facts["set_sizes"]) == (3, 7, [2])
    command = unitscope.open_importance(tmp_path / "out").manifest.command
    assert command.startswith("unitscope importance")


@pytest.mark.usefixtures("lines_of_progress")
def test_the_cost_of_sets_is_said_early(place, tmp_path, pieces_of, monkeypatch, capsys):
    pieces_of(15)
    ticks = itertools.count(step=10)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(ticks))
    ask(place, tmp_path / "out", show=True)
    assert re.search(r"\d+ sets on 48 pictures: [\d,]+ answers, about \d+ s more", capsys.readouterr().err)


def test_progress_counts_every_batch_of_pictures(place, tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(without, "partly", steps.append)
    ask(place, tmp_path / "out", ablation="mean")
    train, val = [5] * 5 + [3], [5] * 9 + [3]
    assert steps == [*train, *train, *val], "means, then units alone; sets are made of what was kept"


@pytest.mark.parametrize("name", ["classes", "effects", "overall", "sets", "correlation", "images"])
def test_every_column_is_as_described(found, name):
    text = DOCS.read_text(encoding="utf-8")
    section = re.search(rf"^## {name}:.*?(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE).group(0)
    rows = re.findall(r"^\| ([a-z_0-9, ]+) \| (string|int32|int64|float64|bool) \|", section, re.MULTILINE)
    described = {column: kind for columns, kind in rows for column in columns.split(", ")}
    table = found.table(name)
    assert list(described) == list(table.columns)
    for column, kind in described.items():
        if kind == "string":
            assert all(isinstance(value, str) for value in table[column].dropna()), column
        else:
            assert table[column].dtype == kind, column


def test_the_summary_has_what_the_document_promises(found):
    text = DOCS.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z_, ]+) \| .* \|$", text[: text.index("## classes:")], re.MULTILINE)
    described = {name for row in rows for name in row.split(", ")} - {"entry"}
    assert described == set(vars(found.summary))


def test_a_class_is_scored_with_the_units_of_another(found):
    """Each class has the sets of one other class, measured as that class's own."""
    sets = found.sets[~found.sets["curve"]]
    other, own = (sets[sets["ranking"] == ranking] for ranking in ("other", "importance"))
    names = found.classes["class"].tolist()
    assert sorted(other["class"].unique()) == sorted(names)
    assert len(other) == len(own)
    taken = set()
    for name, table in other.groupby("class"):
        rows = table.set_index(["kind", "k"])
        alike = [
            each
            for each in names
            if (
                own[own["class"] == each].set_index(["kind", "k"])["overall_accuracy"]
                == rows["overall_accuracy"]
            ).all()
        ]
        assert alike
        assert alike != [name] or len(names) == 1
        taken.update(alike)
    assert taken == set(names)
    for kind in ("removed", "kept"):
        for k in found.summary.set_sizes:
            rows = other[(other["kind"] == kind) & (other["k"] == k)]
            assert found.mean(kind, "other", k).loss == pytest.approx(rows["loss"].mean())
    assert "most important of another class" in repr(found)


def test_what_is_against_the_ranking_is_said_with_what_happened():
    def mean(kind, ranking, k):
        balanced = {"importance": 0.5, "random": 0.8}[ranking] if kind == "kept" else 0.7
        return (
            SimpleNamespace(balanced_accuracy=balanced, overall_accuracy=0.05, loss=0.1) if k == 2 else None
        )

    sets = pd.DataFrame(
        {"kind": "kept", "k": 2, "curve": False, "ranking": ["importance", "random"], "recall": [0.99, 0.6]}
    )
    facts = SimpleNamespace(set_sizes=(2, 5), classes=3, units=4)
    odd = SimpleNamespace(summary=facts, sets=sets, mean=mean)
    odd.mean = lambda kind, ranking, k: mean(kind, "random" if ranking == "other" else ranking, k)
    kept, removed = paradoxes(odd)
    assert kept.startswith(
        "with only the 2 most important units of a class kept, it is told less well than with as many random ones: "
        "99.0 % of its pictures are called that (60.0 % with random ones), and 5.0 % of all pictures are called right"
    )
    assert kept.endswith(": what is left speaks for its class alone")
    assert removed.startswith("without the 2 most important units of another class as much is lost")
    # Two classes lose alike whatever is removed, and so do all where more than half of the layer is gone.
    for changed in ({"classes": 2}, {"units": 3}):
        odd.summary = SimpleNamespace(**{**vars(facts), **changed})
        assert list(paradoxes(odd)) == [kept]
    # A class that is called less often has not the last word.
    odd.summary, odd.sets = facts, sets.assign(recall=[0.3, 0.6])
    assert next(paradoxes(odd)).endswith("pictures are called right")

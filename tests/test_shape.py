"""Texture against shape: planted units whose answer is known, the same result for any split, what is written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny import run_cli, tables_of

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.experiments.shape import measure
from unitscope.sources.base import UnreadablePicture

DOCS = Path(__file__).resolve().parents[1] / "docs" / "shape.md"
SIDE, PICTURES = 32, 12
NET = '''"""Unit 0: red beyond gray. Unit 1: outline of the brightness. Unit 2: fine texture. Unit 3: nothing.

Unit 4: a place, the upper left corner, whatever is there.
"""

import torch
from torch import nn
from torch.nn import functional


class Planted(nn.Module):
    def __init__(self, scale=1.0):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(scale))
        self.units = nn.Identity()

    def forward(self, x):
        light = x.mean(1, keepdim=True)
        bright = (light > 0.5).float()
        edge = functional.max_pool2d(bright, 3, 1, 1) + functional.max_pool2d(-bright, 3, 1, 1)
        red = x[:, :1] - x[:, 1:2].maximum(x[:, 2:])
        stripes = (light - functional.avg_pool2d(light, 3, 1, 1, count_include_pad=False)).abs()
        corner = torch.zeros_like(light)
        corner[:, :, :4, :4] = 1 + light[:, :, :4, :4]
        units = [red.clamp(min=0), edge, stripes, torch.zeros_like(light), corner]
        return self.units(self.scale * torch.cat(units, 1)).mean((2, 3))


def net():
    return Planted()


def wide():
    return Planted(2.0)
'''


def paint(folder: Path, seed: int) -> None:
    """A bright block on dark ground, with a red patch on the ground and stripes elsewhere, all aligned to 4 pixels."""
    generator = np.random.default_rng(seed)
    picture = np.full((SIDE, SIDE, 3), 40, np.uint8)
    top, left = 4 * generator.integers(3, 6, 2)
    picture[top : top + 8, left : left + 8] = 230
    row, column = 4 * generator.integers(0, 2), 4 * generator.integers(2, 8)
    picture[row : row + 4, column : column + 4] = (200, 20, 20)
    Image.fromarray(picture).save(folder / f"{seed:02d}.png")
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[row : row + 4, column : column + 4] = 1
    mask[top : top + 8, left : left + 8] = 2
    Image.fromarray(mask).save(folder.parent / "masks" / f"{seed:02d}.png")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("shape")
    for name in ("pictures", "masks"):
        (folder / name).mkdir()
    (folder / "net.py").write_text(NET)
    (folder / "labels.txt").write_text("1\tred\tcolor\n2\tblock\tobject\n")
    (folder / "alter.py").write_text(ALTER)
    for seed in range(PICTURES):
        paint(folder / "pictures", seed)
    unitscope.dissect(
        unitscope.network(f"{folder}/net.py:net", preprocess=f"size={SIDE},mean=0,scale=1"),
        folder / "pictures",
        unitscope.masks(folder / "masks", folder / "labels.txt"), out=folder / "run", layers="units", grid=SIDE,
        device="cpu", quantile=0.3, replicates=100, batch_size=4,
    )  # fmt: skip
    return folder


ALTER = '''import numpy as np


def repaint(picture, generator):
    """Other colours and other stripes in the same outlines: dark ground, bright block."""
    bright = picture.mean(2) > 127
    colour = np.where(bright[..., None], (250, 240, 200), (20, 60, 90)).astype(np.uint8)
    return colour


def same(picture, generator):
    return picture


def restless(picture, generator):
    return np.random.default_rng().integers(0, 256, picture.shape, np.uint8)


def broken(picture, generator):
    raise RuntimeError("no more paint")
'''
FEW = {"replicates": 100, "top": 2, "device": "cpu"}


def ask(place: Path, out: Path, **given: object) -> unitscope.Shape:
    return unitscope.shape(place / "run", place / "pictures", out=out, **{**FEW, **given})


def scores(found: unitscope.Shape) -> pd.DataFrame:
    return found.units.set_index("unit")


# Planted answers.


def test_gray_takes_the_colour_and_leaves_the_outline(place, tmp_path):
    units = scores(ask(place, tmp_path / "out", alter="gray"))
    assert units.loc[0, "pixels_altered"] == 0
    assert units.loc[0, "iou"] == 0
    assert not units.loc[0, "survives"]
    assert units.loc[1, "iou"] == 1
    assert units.loc[1, "iou_low"] == units.loc[1, "iou_high"] == 1
    assert units.loc[1, "survives"]
    assert units.loc[1, "chance"] < 0.7
    assert units.loc[1, "above_chance"]
    assert np.isnan(units.loc[3, "iou"])
    assert not units.loc[3, "survives"]


def test_other_paint_in_the_same_outlines_leaves_the_outline_alone(place, tmp_path):
    units = scores(ask(place, tmp_path / "out", alter=f"{place}/alter.py:repaint"))
    assert units.loc[1, "iou"] == 1
    assert units.loc[0, "iou"] == 0
    assert units.loc[1, "peak_change"] == 0
    assert units.loc[0, "peak_change"] < -0.5
    assert units.loc[0, "peak_moved"] == -units.loc[0, "peak_change"]


def test_another_function_of_the_same_name_is_another_alteration(place, tmp_path):
    def altered(by):
        def mine(picture, _generator):
            return np.clip(picture.astype(int) + by, 0, 255).astype(np.uint8)

        return mine

    found = ask(place, tmp_path / "out", alter=altered(20))
    assert ask(place, tmp_path / "out", alter=altered(20)).units.equals(found.units)
    with pytest.raises(UnitscopeError, match=r"another configuration \(pairs\.hash"):
        ask(place, tmp_path / "out", alter=altered(40))


def test_silhouettes_leave_the_outline_and_take_the_colour(place, tmp_path):
    concepts = unitscope.masks(place / "masks", place / "labels.txt")
    units = scores(ask(place, tmp_path / "out", alter="silhouette", concepts=concepts))
    assert units.loc[0, "iou"] == 0
    assert units.loc[1, "iou"] > units.loc[1, "chance"] + 0.2
    assert units.loc[1, "above_chance"]


def test_shuffled_patches_leave_colour_where_chance_would_put_it(place, tmp_path):
    found = ask(place, tmp_path / "out", alter="shuffle:4")
    units = scores(found)
    # The red patch is moved whole: as many pixels as before, at other places of the picture.
    assert units.loc[0, "pixels_altered"] == units.loc[0, "pixels_original"] > 0
    assert units.loc[0, "peak_change"] == 0
    for unit in (0, 1):
        assert units.loc[unit, "iou"] < 0.35
        assert abs(units.loc[unit, "iou"] - units.loc[unit, "chance"]) < 0.35
    assert not units.loc[0, "above_chance"]


def test_a_unit_that_sees_a_place_survives_by_chance_alone(place, tmp_path):
    for alter in ("gray", "shuffle:4", "blur:2"):
        units = scores(ask(place, tmp_path / alter.replace(":", ""), alter=alter))
        assert units.loc[4, "iou"] > 0.4
        assert units.loc[4, "chance"] > 0.4
        assert not units.loc[4, "above_chance"]


def test_phases_take_the_outline(place, tmp_path):
    units = scores(ask(place, tmp_path / "out", alter="phase:1"))
    assert units.loc[1, "iou"] < 0.4
    assert not units.loc[1, "above_chance"]


def test_pictures_in_other_styles(place, tmp_path):
    import torch

    from unitscope.models.adain import decoder, encoder

    (tmp_path / "adain").mkdir()
    torch.manual_seed(0)
    torch.save(encoder().state_dict(), tmp_path / "adain" / "vgg_normalised.pth")
    torch.save(decoder().state_dict(), tmp_path / "adain" / "decoder.pth")
    given = {"alter": f"stylize:{place / 'pictures'}", "adain": tmp_path / "adain"}
    found = ask(place, tmp_path / "out", **given)
    assert found.summary.pairs == PICTURES
    assert found.summary.alteration.startswith("stylize:")
    with pytest.raises(UnitscopeError, match="only asked for styles"):
        ask(place, tmp_path / "other", alter="gray", adain=tmp_path / "adain")


def test_the_world_in_other_materials_keeps_outlines(place, tmp_path):
    run = unitscope.dissect(
        unitscope.network(f"{place}/net.py:net", preprocess="size=48,mean=0,scale=1"), "world:6", out=tmp_path / "run",
        layers="units", device="cpu", replicates=100,
    )  # fmt: skip
    found = unitscope.shape(run, "world:6", alter="retexture", **FEW)
    assert found.summary.pairs == 6
    assert found.path.parent == run.path / "shape"
    assert unitscope.find_shapes(run.path)[0].summary == found.summary


# A numeric reference.


def test_scores_are_those_of_masks_on_the_thresholds_of_either_set(place, tmp_path):
    import torch

    from unitscope.sources.alterations import blur

    found = ask(place, tmp_path / "out", alter="blur:2")
    network = unitscope.network(f"{place}/net.py:net").module
    maps: list[np.ndarray] = []
    network.units.register_forward_hook(lambda *given: maps.append(given[2][0].detach().numpy()))
    for file in sorted((place / "pictures").iterdir()):
        picture = np.asarray(Image.open(file))
        for seen in (picture, blur(picture, None, sigma=2)):
            network(torch.from_numpy(np.moveaxis(seen / np.float32(255), 2, 0)[None]))
    wanted = [np.stack(maps[side::2]) for side in (0, 1)]
    units = scores(found)
    for unit in (0, 1, 4):  # nothing is summed in these, so they round alike everywhere
        masks = []
        for values, name in zip(wanted, ("original", "altered"), strict=True):
            of_unit = values[:, unit]
            level = np.sort(of_unit.ravel())[::-1][int(np.ceil(0.3 * of_unit.size))]
            assert units.loc[unit, f"threshold_{name}"] == level
            masks.append(of_unit > units.loc[unit, f"threshold_{name}"])
        both, either = (masks[0] & masks[1]).sum(), (masks[0] | masks[1]).sum()
        assert units.loc[unit, "iou"] == both / either


def test_thresholds_may_be_those_of_the_run(place, tmp_path):
    found = ask(place, tmp_path / "out", alter="blur:2", thresholds="run", quantile=0.03)
    run = unitscope.open_run(place / "run").units.set_index("unit")
    units = scores(found)
    assert np.array_equal(units["threshold_original"], run["threshold"])
    assert not np.array_equal(units["threshold_altered"], run["threshold"])


# Splits and resume.


def same_tables(one: unitscope.Shape, other: unitscope.Shape) -> None:
    first, second = tables_of(one.path), tables_of(other.path)
    assert first.keys() == second.keys() == set(unitscope.Shape.tables)
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name], check_exact=True)
    assert one.summary == other.summary


def test_any_split_gives_the_same_bits(place, tmp_path, pieces_of):
    whole = ask(place, tmp_path / "whole", alter="shuffle:8")
    pieces_of(4)
    split = ask(place, tmp_path / "split", alter="shuffle:8")
    assert len(list((split.path / "shards").iterdir())) == 3
    same_tables(whole, split)


def test_without_room_for_the_cache_nothing_changes(place, tmp_path, pieces_of):
    whole = ask(place, tmp_path / "whole", alter="blur:1")
    pieces_of(4)
    same_tables(whole, ask(place, tmp_path / "none", alter="blur:1", cache_budget=0))


def test_an_interrupted_reading_goes_on_where_it_was(place, tmp_path, monkeypatch, pieces_of):
    whole = ask(place, tmp_path / "whole", alter="phase:0.5")
    pieces_of(4)
    read, numbers = measure.read_pairs, []

    def interrupt(activations, plan, piece):
        if len(numbers) == 2:
            raise KeyboardInterrupt
        numbers.append(piece.number)
        return read(activations, plan, piece)

    monkeypatch.setattr(measure, "read_pairs", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ask(place, tmp_path / "out", alter="phase:0.5")
    numbers.clear()
    found = ask(place, tmp_path / "out", alter="phase:0.5")
    assert numbers == [2]
    same_tables(whole, found)
    with pytest.raises(UnitscopeError, match="another configuration"):
        ask(place, tmp_path / "out", alter="phase:0.4")


# Pairs from a folder, and bad input.


def test_copies_in_a_folder_and_what_is_left_out(place, tmp_path):
    copies = tmp_path / "copies"
    copies.mkdir()
    for number, file in enumerate(sorted((place / "pictures").iterdir())):
        picture = Image.open(file).convert("L").convert("RGB")
        if number == 0:
            picture = Image.open(file)
        if number == 1:
            picture = picture.resize((9, 9))
        if number != 2:
            picture.save(copies / file.name)
    (copies / "03.png").write_text("broken")
    found = ask(place, tmp_path / "out", altered=copies)
    assert found.summary.pairs == PICTURES - 4
    reasons = {each.id: each.reason for each in found.summary.skipped}
    assert [
        word in reasons[f"0{i}.png"] for i, word in enumerate(("identical", "9x9", "no altered", "format"))
    ] == [True] * 4
    table = found.pairs
    assert (~table["used"]).sum() == 4
    assert table.loc[table["used"], "l2"].min() > 0
    assert table.loc[~table["used"], "l2"].isna().all()
    assert "identical" in found.page.read_text()
    assert scores(found).loc[1, "iou"] == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give either altered=DIR"),
        ({"alter": "gray", "altered": "somewhere"}, "give either altered=DIR"),
        ({"altered": "somewhere"}, "does not exist"),
        ({"alter": "grey"}, "did you mean 'gray'"),
        ({"alter": "shuffle"}, "shuffle:16"),
        ({"alter": "shuffle:0"}, "shuffle:16"),
        ({"alter": "shuffle:32"}, "cannot be put into another order"),
        ({"alter": "blur:-1"}, "blur:3"),
        ({"alter": "phase:2"}, "phase:0.5"),
        ({"alter": "retexture"}, "were not drawn here"),
        ({"alter": "silhouette"}, "label|mask|segmenter"),
        ({"alter": "nowhere.py:f"}, "does not exist"),
        ({"alter": "gray", "layers": "unit"}, "did you mean 'units'"),
        ({"alter": "gray", "survive": 1}, "survive is 1; it must be from 0 to below 1"),
    ],
)
def test_questions_that_cannot_be_asked_are_one_line(place, tmp_path, given, said):
    with pytest.raises(UnitscopeError, match=said) as caught:
        ask(place, tmp_path / "out", **given)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_function_that_does_nothing_or_fails_is_one_line(place, tmp_path):
    with pytest.raises(UnitscopeError, match=r"none of the 12 pairs could be read.*identical"):
        ask(place, tmp_path / "out", alter=f"{place}/alter.py:same")
    with pytest.raises(UnitscopeError, match=r"fails on picture '\d\d\.png'.*no more paint"):
        ask(place, tmp_path / "other", alter=f"{place}/alter.py:broken")
    with pytest.raises(UnitscopeError, match=r":restless' alters .*when it is asked again; let it take its"):
        ask(place, tmp_path / "other", alter=f"{place}/alter.py:restless")
    assert not (tmp_path / "other").exists()


def test_a_source_may_refuse_single_pictures(place, tmp_path):
    def picky(picture, generator):
        if picture[0, 8].tolist() == [200, 20, 20]:
            raise UnreadablePicture("", "too red")
        return 255 - picture

    found = ask(place, tmp_path / "out", alter=picky)
    assert found.summary.alteration == "picky"


# What is written.


def test_tables_have_the_columns_that_the_documents_describe(place, tmp_path):
    found = ask(place, tmp_path / "out", alter="gray")
    sections = dict(
        re.findall(r"^### (\w+):.*?\n(.*?)(?=^### |^## |\Z)", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    )
    assert sections.keys() == set(unitscope.Shape.tables)
    for name, text in sections.items():
        rows = re.findall(r"^\| ([a-z_0-9, ]+) \| (\w*)", text, flags=re.MULTILINE)
        described = [
            (column, kind) for cell, kind in rows for column in cell.split(", ") if column != "column"
        ]
        table = found.table(name)
        assert [column for column, _ in described] == list(table.columns), name
        for column, kind in described:
            if kind in ("int32", "int64", "float32", "float64", "bool"):
                assert table[column].dtype == kind, (name, column)


def test_the_page_needs_nothing_else(place, tmp_path):
    found = ask(place, tmp_path / "out", alter="gray")
    page = found.page.read_text()
    assert "http" not in re.sub(r'xmlns(:\w+)?="http[^"]+"', "", page)
    images = re.findall(r'<img src="([^"]+)"[^>]*alt="([^"]+)"', page)
    assert 0 < len(images) == page.count("<img ")
    for file, alt in images:
        assert (found.page.parent / file).is_file()
        assert alt
    for file in re.findall(r'href="(figures/[^"]+)"', page):
        assert (found.page.parent / file).stat().st_size > 500


def test_exemplars_are_the_strongest_copies(place, tmp_path):
    found = ask(place, tmp_path / "out", alter="gray", shown=4)
    rows = found.exemplars
    assert (rows.groupby(["layer", "unit"])["peak_altered"].is_monotonic_decreasing).all()
    outline = rows[rows["unit"] == 1]
    for row in outline.itertuples():
        assert row.mask_original == row.mask_altered
        assert (found.path / row.altered).is_file()
        assert np.unpackbits(np.frombuffer(row.mask_original, np.uint8)).sum() > 0


def test_the_command_prints_a_summary_or_json(place, tmp_path, monkeypatch, capsys):
    words = ["shape", str(place / "run"), "--images", str(place / "pictures"), "--device", "cpu"]
    more = ["--replicates", "100", "--top", "2", "--out", str(tmp_path / "out"), "--quiet"]
    assert run_cli(monkeypatch, *words, "--alter", "gray", *more) == 0
    printed = capsys.readouterr().out
    assert "detectors survive" in printed
    assert "page:" in printed
    assert run_cli(monkeypatch, *words, "--alter", "gray", *more, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["alteration"] == "gray"
    assert facts["pairs"] == PICTURES
    assert Path(facts["page"]).is_file()
    assert run_cli(monkeypatch, *words, *more) == 2
    assert "give either --altered" in capsys.readouterr().err

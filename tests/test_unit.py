"""One unit of a run: what it says of itself, and what can be asked of it."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.models.registry import load_network
from unitscope.run.masks import outlined


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    settings = unitscope.DissectionSettings(replicates=100, keep=1)
    return unitscope.dissect(
        "world-vgg", "world:20", out=tmp_path_factory.mktemp("unit") / "run", layers=["relu4_3"],
        settings=settings, device="cpu",
    )  # fmt: skip


@pytest.fixture(scope="module")
def unit(run):
    return run.unit("relu4_3", int(run.best(1)["unit"].iloc[0]))


def test_a_unit_says_what_the_tables_say(run, unit):
    row = run.units[run.units["unit"] == unit.number].iloc[0]
    assert (unit.concept, unit.iou, unit.threshold) == (row["concept"], row["iou"], row["threshold"])
    assert unit.interval == (row["iou_low"], row["iou_high"])
    assert unit.concepts[0] == unit.concept
    assert repr(unit).startswith(f"relu4_3 unit {unit.number}: {unit.concept}, IoU {unit.iou:.3f} (")
    histogram = unit.histogram
    grid = run.grid[0] * run.grid[1]
    assert histogram["count"].sum() == 20 * grid
    assert (histogram["low"] < histogram["high"]).all()


def test_exemplars_are_pictures_with_regions(unit):
    assert len(unit.exemplars) == 5
    first = unit.exemplars[0]
    assert first.picture.shape == (*first.mask.shape, 3)
    assert first.mask.any()
    assert first.peak == max(each.peak for each in unit.exemplars)
    assert first.outlined.shape == first.picture.shape
    assert (first.outlined[first.mask].reshape(-1, 3) == (255, 230, 0)).all(1).any()


def test_an_outline_is_bright_inside_and_dark_outside():
    mask = np.zeros((9, 9), bool)
    mask[2:7, 2:7] = True
    drawn = outlined(np.full((9, 9, 3), 160, np.uint8), mask)
    assert (drawn[4, 4] == 160).all()
    assert (drawn[2, 4] == (255, 230, 0)).all()
    assert (drawn[1, 4] == (20, 20, 20)).all()
    assert (drawn[0, 0] == 100).all()


def test_masks_and_label_maps_of_any_picture_give_the_iou_back(run, unit):
    number = int(run.concepts.set_index("name").loc[unit.concept, "number"])
    both = either = 0
    for picture in range(20):
        mask, labels = unit.mask(picture), run.label_map(picture)
        assert mask.shape == run.grid == labels.shape[1:]
        concept = (labels == number).any(0)
        both, either = both + (mask & concept).sum(), either + (mask | concept).sum()
    assert both / either == pytest.approx(unit.iou, abs=0)
    first = str(run.table("samples")["id"].iloc[0])
    assert (unit.mask(first) == unit.mask(0)).all()


def test_the_activation_is_that_of_the_network(run, unit, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    found = unit.activation(pixels)
    network = load_network("world-vgg")
    inputs = torch.from_numpy(network.preprocessing.apply(pixels))[None]
    kept = []
    layer = network.module.get_submodule(unit.layer)
    with torch.no_grad():
        handle = layer.register_forward_hook(lambda _module, _inputs, output: kept.append(output.clone()))
        network.module(inputs)
        handle.remove()
    assert np.allclose(found, kept[0][0, unit.number].numpy(), atol=1e-6)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    assert np.array_equal(unit.activation(tmp_path / "picture.png"), found)


def test_the_activation_on_a_file_is_that_of_the_run_however_it_reads_files(tmp_path):
    for number in range(4):
        deep = np.random.default_rng(number).integers(0, 4096, (40, 60)).astype(np.uint16)
        (tmp_path / "deep").mkdir(exist_ok=True)
        Image.fromarray(deep).save(tmp_path / "deep" / f"{number}.png")
        Image.fromarray((deep >> 4).astype(np.uint8)).resize((480, 320)).save(
            tmp_path / "deep" / f"{number}.jpg"
        )
    torch.manual_seed(0)
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\ndef net():\n    torch.manual_seed(0)\n"
        "    return nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1)).eval()\n"
    )
    network = unitscope.network(f"{tmp_path}/net.py:net", preprocess="size=32,range16=0:4095,draft=64")
    run = unitscope.dissect(
        network, tmp_path / "deep", "colors", layers=["0"], out=tmp_path / "run", replicates=100, top=8
    )
    names = run.table("samples")["id"]
    for row in run.table("exemplars").query("unit == 0").itertuples():
        found = run.unit("0", 0).activation(tmp_path / "deep" / names[row.sample])
        assert found.max() == pytest.approx(row.peak, abs=1e-5)


def test_results_show_themselves(run, unit):
    html = unit._repr_html_()
    assert html.count("<img ") == 5
    assert f"relu4_3 unit {unit.number}" in html
    assert "data:image/jpeg;base64," in html
    assert "Dissection of world-vgg" in run._repr_html_()
    assert unit.report_url is None
    assert run.report() == run.page
    assert unit.report_url.startswith("file://")
    assert 'href="file://' in unit._repr_html_()
    assert isinstance(unit.matches, pd.DataFrame)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda run, _: run.unit("relu4_2", 0), r"layer 'relu4_2' is not in .*did you mean 'relu4_3'"),
        (lambda run, _: run.unit("relu4_3", 999), "unit 999 is not in layer 'relu4_3', which has 256 units"),
        (lambda run, _: run.label_map(20), "picture 20 is not in .* there are 20"),
        (lambda _, unit: unit.mask("nothing"), "picture 'nothing' is not in"),
        (lambda _, unit: unit.activation(3.5), "that is no picture: there is an object of type float"),
    ],
)
def test_what_is_not_there_is_one_line(run, unit, ask, said):
    with pytest.raises(UnitscopeError, match=said) as caught:
        ask(run, unit)
    assert "\n" not in str(caught.value)

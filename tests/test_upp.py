"""Unified Perceptual Parsing: the published outputs for seeded weights, its vocabulary, half-parts and files."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from torch.nn import functional as F

from unitscope.concepts.half_parts import half_parts
from unitscope.concepts.labellers import PixelGrid, SegmenterLabeller
from unitscope.concepts.pooling import adaptive_matrix, pool, precise_roi_matrix
from unitscope.concepts.segmenters import load_segmenter
from unitscope.concepts.upp import UnifiedParsing
from unitscope.concepts.upp_labels import published_labels, read_upp_labels
from unitscope.errors import UnitscopeError
from unitscope.sources.framing import Framing

TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}
PARTS = ("encoder", "decoder")


@pytest.fixture(scope="module")
def seeded(shared: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("seeded", shared / "golden" / "seeded.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "golden" / "upp_segmenter.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def keys(shared: Path) -> dict[str, dict[str, list[int]]]:
    return json.loads((shared / "golden" / "upp_segmenter.keys.json").read_text())


@pytest.fixture(scope="module")
def parsing(seeded: ModuleType, keys: dict[str, Any]) -> UnifiedParsing:
    module = UnifiedParsing(published_labels(), halves=False).eval()
    for part in PARTS:
        getattr(module, part).load_state_dict(seeded.seeded_state_dict(keys[part]))
    return module


@pytest.fixture(scope="module")
def image(seeded: ModuleType) -> torch.Tensor:
    return seeded.seeded_image("upp.input", (1, 3, 128, 128))


# The published values


def test_names_and_shapes_are_those_of_the_checkpoint(parsing, keys):
    for part in PARTS:
        state = getattr(parsing, part).state_dict()
        assert {name: list(value.shape) for name, value in state.items()} == keys[part]


def test_encoder(parsing, image, golden):
    bgr = image.flip(1) * 127.5 + parsing.get_buffer("offset")
    with torch.inference_mode():
        maps = parsing.encoder(bgr)
    found = [[float(each.mean()), float(each.std())] for each in maps]
    assert np.allclose(found, golden["encoder_mean_std"], **TOLERANCE)


def test_probabilities(parsing, image, golden):
    with torch.inference_mode():
        found = {name: maps.numpy() for name, maps in parsing.probabilities(image).items()}
    assert np.allclose(np.sort(found["object"], 1)[:, -5:], golden["object_prob_top5"], **TOLERANCE)
    assert np.allclose(found["material"], golden["material_prob"], **TOLERANCE)
    first = len(next(iter(parsing.labels.owners.values())))
    assert np.allclose(found["part"][:, :first], golden["part_prob_owner0"], **TOLERANCE)


def test_label_planes(parsing, image, golden):
    with torch.inference_mode():
        found = parsing(image).numpy()
    for plane in range(3):
        assert (found[:, plane] == golden["labels_all_parts"][:, plane]).mean() >= 0.999
    whole = golden["labels_objects_materials"]
    assert (found[:, :2] == whole[:, :2]).mean() >= 0.999


@pytest.mark.parametrize(("halves", "names"), [(False, "names_all_parts"), (True, "names_quad")])
def test_vocabulary(golden, halves, names):
    vocabulary = published_labels().vocabulary(halves=halves)
    assert ["-|object", *map(str, vocabulary.concepts)] == golden[names].tolist()


def test_the_packages_own_names_are_the_published_ones(shared):
    assert read_upp_labels(shared / "golden" / "upp_labels.json") == published_labels()


@pytest.mark.parametrize("bins", [1, 2, 3, 6])
def test_precise_pooling(golden, bins):
    maps = torch.from_numpy(golden["prroi_input"])
    found = pool(maps, (bins, bins), precise_roi_matrix)
    assert np.allclose(found, golden[f"prroi_{bins}"], **TOLERANCE)


# What they rest on


def test_precise_pooling_is_the_integral_of_the_surface():
    maps = np.random.default_rng(0).normal(size=(5, 7))
    points = [(np.arange(2000 * cells) + 0.5) / 2000 for cells in maps.shape]
    hats = [
        np.maximum(0, 1 - np.abs(axis[:, None] - np.arange(cells)))
        for axis, cells in zip(points, maps.shape, strict=True)
    ]
    rows, columns = (hat.reshape(3, -1, hat.shape[1]).mean(1) for hat in (hats[0][:9999], hats[1][:13998]))
    found = pool(torch.from_numpy(maps), (3, 3), precise_roi_matrix)
    assert np.allclose(found, rows @ maps @ columns.T, atol=2e-3)


def test_pooling_is_differentiable():
    maps = torch.randn(1, 2, 5, 6, requires_grad=True)
    pool(maps, (2, 3), precise_roi_matrix).sum().backward()
    assert (maps.grad > 0).all()


@pytest.mark.parametrize(("cells", "bins"), [((7, 9), (3, 2)), ((8, 8), (1, 6)), ((32, 20), (6, 3))])
def test_adaptive_pooling_is_torchs(cells, bins):
    maps = torch.randn(2, 3, *cells)
    expected = F.adaptive_avg_pool2d(maps, bins)
    assert torch.allclose(pool(maps, bins, adaptive_matrix), expected, atol=1e-6)


def test_grids_are_interpolated_before_the_choice(parsing, image):
    with torch.inference_mode():
        scores = parsing.scores(image)["object"]
        found = parsing(image, (40, 24))
    resized = F.interpolate(scores, size=(40, 24), mode="bilinear", align_corners=False)
    assert found.shape == (1, 3, 40, 24)
    assert torch.equal(found[:, 0], resized.argmax(1))


def test_parts_belong_to_their_owner(parsing, image):
    labels = parsing.labels
    with torch.inference_mode():
        objects, _, parts = parsing(image)[0].numpy()
    assert (parts > 0).any()
    for owner in np.unique(objects):
        allowed = labels.owners.get(labels.objects[owner], ("-",))
        names = {parsing.vocabulary[number].name for number in np.unique(parts[objects == owner]) if number}
        assert names <= set(allowed)


def test_several_sizes_are_averaged(parsing, image, keys):
    several = UnifiedParsing(published_labels(), sizes=(128, 96), halves=False).eval()
    several.encoder, several.decoder = parsing.encoder, parsing.decoder
    small = F.interpolate(image, size=(96, 96), mode="bilinear", antialias=True)
    with torch.inference_mode():
        found = several.probabilities(image, (32, 32))
        one = parsing.probabilities(image, (32, 32))
        other = parsing.probabilities(small, (32, 32))
        labels = several(image, (32, 32))
    for name in found:
        assert torch.allclose(found[name], (one[name] + other[name]) / 2, atol=1e-6)
    assert torch.equal(labels[:, 0], found["object"].argmax(1))


# Half-parts


def halves_by_component(objects: np.ndarray, first: int, count: int) -> np.ndarray:
    """The definition, one connected component at a time."""
    found = np.zeros((2, *objects.shape), np.int32)
    for label in np.unique(objects[objects > 0]):
        components, number = ndimage.label(objects == label, np.ones((3, 3)))
        for component in range(1, number + 1):
            mask = components == component
            rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
            i, j = np.indices(objects.shape)
            top, left = i < (rows[0] + rows[-1] + 1) // 2, j < (columns[0] + columns[-1] + 1) // 2
            found[0][mask] = (first + label - 1 + np.where(top, 0, 2) * count)[mask]
            found[1][mask] = (first + label - 1 + np.where(left, 1, 3) * count)[mask]
    return found


def test_a_square_has_four_halves():
    labels = published_labels()
    vocabulary = labels.vocabulary(halves=True)
    count = len(labels.objects) - 1
    objects = np.zeros((1, 6, 6), int)
    objects[0, 1:5, 1:5] = vocabulary.number("sky", "object")
    found = half_parts(objects, first=count + 1, count=count)[0]
    names = [["" if number == 0 else vocabulary[number].name for number in row] for row in found[0]]
    assert names[0] == [""] * 6
    assert names[2] == ["", *["sky-t"] * 4, ""]
    assert names[3] == ["", *["sky-b"] * 4, ""]
    names = [["" if number == 0 else vocabulary[number].name for number in row] for row in found[1]]
    assert names[2] == ["", "sky-l", "sky-l", "sky-r", "sky-r", ""]


def test_the_last_component_has_halves_too():
    objects = np.zeros((1, 4, 9), int)
    objects[0, :, :2] = objects[0, :, 4:6] = objects[0, :, 8:] = 1
    found = half_parts(objects, first=2, count=1)[0]
    assert ((found[0] > 0) == (objects[0] > 0)).all()
    assert ((found[1] > 0) == (objects[0] > 0)).all()


@given(st.integers(0, 10**6), st.integers(1, 5), st.tuples(st.integers(1, 12), st.integers(1, 12)))
def test_half_parts_follow_the_definition(seed, kinds, shape):
    objects = np.random.default_rng(seed).integers(0, kinds + 1, (2, *shape))
    found = half_parts(objects, first=kinds + 1, count=kinds)
    for labels, halves in zip(objects, found, strict=True):
        assert np.array_equal(halves, halves_by_component(labels, kinds + 1, kinds))


@pytest.mark.parametrize("shape", ["spiral", "comb", "checks"])
def test_half_parts_of_winding_components(shape):
    i, j = np.indices((64, 64))
    objects = {
        "spiral": (np.maximum(abs(i - 32), abs(j - 32)) + (i > j)) % 2,
        "comb": ((j % 2 == 0) | (i == 63)).astype(int),
        "checks": (i + j) % 2 + 1,
    }[shape]
    found = half_parts(objects[None], first=3, count=2)[0]
    assert np.array_equal(found, halves_by_component(objects, 3, 2))


# From files


@pytest.fixture(scope="module")
def folder(seeded: ModuleType, keys: dict[str, Any], tmp_path_factory: Any) -> Path:
    place = tmp_path_factory.mktemp("upp")
    for part in PARTS:
        torch.save(seeded.seeded_state_dict(keys[part]), place / f"{part}_epoch_40.pth")
    return place


def test_a_folder_is_a_segmenter(folder, parsing):
    found = load_segmenter(f"upp:{folder}")
    assert (found.name, found.planes, len(found.vocabulary)) == ("upp", 5, 1813)
    assert found.preprocessing.size == (256, 256)
    made = SegmenterLabeller(found, PixelGrid(Framing(), (96, 96), (24, 24)))
    picture = np.random.default_rng(0).integers(0, 256, (100, 80, 3), np.uint8)
    prepared = made.prepare(0, picture)
    labels = made.label([prepared])
    with torch.inference_mode():
        expected = parsing(torch.from_numpy(prepared)[None], (24, 24))
    assert labels.shape == (1, 5, 24, 24)
    assert np.array_equal(labels[:, 0], expected[:, 0])
    count = len(published_labels().objects) - 1
    assert np.array_equal(labels[:, 3:], half_parts(labels[:, 0], first=count + 1, count=count))


def test_settings_change_the_segmenter(folder):
    plain = load_segmenter(f"upp:{folder},halves=no")
    assert (plain.planes, len(plain.vocabulary)) == (3, 473)
    several = load_segmenter(f"upp:{folder},halves=no,sizes=256:320")
    assert several.preprocessing.size == (320, 320)
    assert several.module.sizes == (256, 320)
    assert plain.content_hash != several.content_hash


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("upp:{empty}", "no encoder_epoch_40.pth (or .safetensors) in '{empty}', which has no file"),
        (
            "upp:{empty}/none",
            "folder '{empty}/none' does not exist; give the folder that holds encoder and decoder",
        ),
        (
            "upp:{empty},size=3",
            "has an unknown setting 'size'; did you mean 'sizes'? settings are sizes, halves",
        ),
        (
            "upp:{empty},sizes=big",
            "has the sizes 'big'; write sides of 32 pixels or more, such as sizes=256:384",
        ),
        ("upp:{empty},halves=2", "has halves=2; write halves=yes or halves=no"),
        ("up", "segmenter 'up' not found; did you mean 'upp'?"),
        ("colors:{empty}", "takes no folder: its weights come with the package; give 'colors'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, spec, message):
    with pytest.raises(UnitscopeError) as caught:
        load_segmenter(spec.format(empty=tmp_path))
    assert message.format(empty=tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_of_another_network_is_refused(tmp_path):
    for part in PARTS:
        torch.save({"fc.weight": torch.zeros(2, 3)}, tmp_path / f"{part}_epoch_40.pth")
    with pytest.raises(UnitscopeError, match=r"encoder_epoch_40\.pth"):
        load_segmenter(f"upp:{tmp_path}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ('{"labels": []}', "must hold lists of names under 'object' and 'material'.* it holds .'labels'."),
        (
            '{"object": ["-", "a"], "material": ["-", "m"], "object_part": {"b": ["-", "p"]}}',
            "gives parts to 'b', which is not among its objects",
        ),
    ],
)
def test_label_files_that_do_not_fit(tmp_path, content, message):
    (tmp_path / "labels.json").write_text(content)
    with pytest.raises(UnitscopeError, match=message):
        read_upp_labels(tmp_path / "labels.json")

"""Pixels that count nowhere, and masks as data sets publish them: void numbers, a class called 0, endings of names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import unitscope as us
from unitscope.concepts.labelfile import read_labels
from unitscope.concepts.maskrules import PRESETS, MaskRules, mask_rules
from unitscope.concepts.masks import PictureMasks
from unitscope.concepts.vocabulary import IGNORED
from unitscope.errors import UnitscopeError
from unitscope.layer.grid import identity_sampling
from unitscope.sources.pictures import PictureFolder
from unitscope.stats import IntersectionBootstrap, Intersections, UnitLikeness
from unitscope.stats.cells import StrongCells
from unitscope.stats.inference import poisson_weights
from unitscope.stats.intersection import ConceptAreas
from unitscope.stats.raster import ActivationRaster

SIDE, COUNT = 16, 6


class Brightness(nn.Module):
    """One unit that is as bright as the picture, place by place, and one that is dark."""

    def __init__(self) -> None:
        super().__init__()
        self.units = nn.Conv2d(3, 2, 1, bias=False)
        self.units.weight.data = torch.tensor([[1.0, 0, 0], [-1.0, 0, 0]])[..., None, None]

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.units(pictures).mean((2, 3))


def picture_and_mask(number: int) -> tuple[np.ndarray, np.ndarray]:
    """A bright square of label 1; half of a bright strip is void (255), and nobody has labelled the rest (0)."""
    picture = np.full((SIDE, SIDE, 3), 40, np.uint8)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    picture[2:6, 2 + number : 6 + number] = 250
    mask[2:6, 2 + number : 6 + number] = 1
    picture[10:12] = 250
    mask[10:12] = 255
    return picture, mask


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    for number in range(COUNT):
        picture, mask = picture_and_mask(number)
        Image.fromarray(picture).save(tmp_path / "images" / f"p{number}.png")
        Image.fromarray(mask).save(tmp_path / "masks" / f"p{number}.png")
    (tmp_path / "labels.txt").write_text("0 background\n1 square\n255 void\n")
    return tmp_path


def dissect(data: Path, out: str, **given: object) -> us.Dissection:
    concepts = us.masks(data / "masks", data / "labels.txt", **given)
    return us.dissect(
        us.network(Brightness(), preprocess=f"size={SIDE},mean=0,scale=255"), str(data / "images"), concepts,
        layers=["units"], out=data / out, grid=SIDE, settings=us.DissectionSettings(quantile=0.2, replicates=100),
    )  # fmt: skip


def test_void_pixels_count_neither_for_nor_against_a_unit(data: Path) -> None:
    run = dissect(data, "run")
    unit = run.units.iloc[0]
    assert (unit.concept, unit.iou, unit.iou_low, unit.iou_high) == ("square", 1, 1, 1)
    concepts = run.manifest.concepts
    assert (concepts.count, concepts.ignored, concepts.unlabelled) == (1, (255,), "background")
    assert concepts.uncounted == pytest.approx(2 / SIDE)
    assert run.concepts.fraction.iloc[0] == pytest.approx(16 / (14 * SIDE))


def test_what_is_void_counts_against_a_unit_where_it_is_background(data: Path) -> None:
    (data / "labels.txt").write_text("1 square\n255 strip\n")
    unit = dissect(data, "run").units.iloc[0]
    assert unit.concept == "strip"
    assert unit.iou == pytest.approx(32 / 48)


def test_pixels_without_any_label_count_nowhere_if_asked(data: Path) -> None:
    run = dissect(data, "run", unlabelled="ignore")
    concepts = run.manifest.concepts
    assert concepts.unlabelled == "ignore"
    assert concepts.uncounted == pytest.approx(1 - 16 / SIDE**2)
    with pytest.raises(UnitscopeError, match="labels"):
        dissect(data, "run")


@pytest.mark.parametrize("planes", [1, 2])
def test_counts_are_those_of_a_naive_loop(planes: int) -> None:
    rng = np.random.default_rng(planes)
    grids = rng.standard_normal((5, 3, 6, 6)).astype(np.float32)
    labels = rng.integers(0, 4, (5, planes, 6, 6)).astype(np.int16)
    labels[:, 1:][labels[:, 1:] == labels[:, :1]] = 0
    void = rng.random((5, 6, 6)) < 0.3
    labels[np.broadcast_to(void[:, None], labels.shape)] = IGNORED
    labels[:, 1:][labels[:, 1:] < 0] = 0  # as `without_repeats` leaves them
    levels, samples = np.array([0.1, 0.5, -0.2], np.float32), np.arange(5)
    cells = StrongCells.of(ActivationRaster(grids, identity_sampling((6, 6))))
    counts, areas, alike = (
        Intersections(levels, 4),
        ConceptAreas(4),
        UnitLikeness(levels, grids.max((0, 2, 3))),
    )
    boot = IntersectionBootstrap(levels, np.array([1, 2, 3]), label_values=4, replicates=4)
    counts.update(cells, labels, samples)
    areas.update(labels, samples)
    boot.update(cells, labels, samples)
    alike.update(cells, labels)

    on = (grids > levels[:, None, None]) & ~void[:, None]
    shown = np.stack([(labels == concept).any(1) & ~void for concept in range(4)])
    shared = np.einsum("nuij,cnij->nuc", on, shown, dtype=np.int64)
    pixels, met = counts.result()
    assert np.array_equal(pixels.sum(0), on.sum((0, 2, 3)))
    assert np.array_equal(met.sum(0)[:, 1:], shared.sum(0)[:, 1:])
    both = np.einsum("nuij,nvij->uv", on, on, dtype=np.int64)
    alone = both.diagonal()
    assert alike.result()[0] == pytest.approx(both / (alone[:, None] + alone - both))
    covered, _, points = areas.result()
    assert np.array_equal(covered.sum(0)[1:], shown.sum((1, 2, 3))[1:])
    assert points.sum() == (~void).sum()
    own = [1, 2, 3]
    by_picture = shared[:, range(3), own]
    unions = on.sum((2, 3)) + shown.sum((2, 3)).T[:, own] - by_picture
    boot.settle()
    weights = poisson_weights(samples, 4, 0).T.astype(np.int64)
    assert np.array_equal(boot.intersections, weights @ by_picture)
    assert np.array_equal(boot.unions, weights @ unions)


def test_zero_is_a_class_only_if_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("0 road\n1 sky\n255 ignored\n")
    with pytest.raises(UnitscopeError, match=r"number 0 is called 'road'.*zero_is_a_class"):
        read_labels(tmp_path / "x.txt")
    labels = read_labels(tmp_path / "x.txt", zero_is_a_class=True)
    assert (labels.numbers, labels.void, labels.names_nothing) == ((0, 1), (255,), False)
    assert labels.lookup(size=3).tolist() == [1, 2, -2]


def masks_of(folder: Path, *files: tuple[str, str], rules: MaskRules) -> PictureMasks:
    """Masks of one picture that hold 0 and 1, a plane for each label file."""
    for name in ("images", "masks"):
        (folder / name).mkdir(exist_ok=True)
        Image.fromarray(np.array([[0, 1], [0, 1]], np.uint8)).save(folder / name / "p.png")
    for name, text in files:
        (folder / name).write_text(text)
    pairs = [(folder / "masks", folder / name) for name, _ in files]
    return PictureMasks(PictureFolder(folder / "images"), pairs, rules=rules)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.json", '{"categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "bicycle"}]}'),
        ("x.csv", "id,name\n1,person\n2,bicycle\n"),
        ("x.txt", "1 person\n2 bicycle\n"),
    ],
)
def test_a_file_that_counts_from_1_is_refused_where_0_is_a_class(
    tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(
        UnitscopeError, match=r"names 1 to 2 and not 0, and 0 is said to be a class.*, from 0"
    ):
        masks_of(tmp_path, (name, text), rules=PRESETS["coco"])
    assert masks_of(tmp_path, (name, text), rules=MaskRules()).labels(0).tolist() == [[[0, 1], [0, 1]]]
    both = MaskRules(zero_is_a_class=True, ignore=(0,))
    assert masks_of(tmp_path, (name, text), rules=both).labels(0).tolist() == [[[-1, 1], [-1, 1]]]


def test_an_ignored_number_has_no_name_in_any_plane(tmp_path: Path) -> None:
    things, parts = ("x.txt", "1 car\n255 void\n"), ("y.txt", "1\thandle\tpart\n255\twheel\tpart\n")
    for rules in (mask_rules("voc"), mask_rules(ignore=[255])):
        with pytest.raises(
            UnitscopeError, match=r"y.txt', line 2: number 255 is called 'wheel', and is ignored"
        ):
            masks_of(tmp_path, things, parts, rules=rules)
    with pytest.raises(UnitscopeError, match="number 255 is called 'wheel'"):
        masks_of(tmp_path, parts, rules=mask_rules("voc"))
    asked = masks_of(tmp_path, parts, rules=mask_rules("voc", ignore=[255]))
    assert [concept.name for concept in asked.vocabulary.concepts] == ["handle"]


def test_where_0_is_a_class_each_plane_says_what_its_own_0_is(tmp_path: Path) -> None:
    rules, things = MaskRules(zero_is_a_class=True), ("x.txt", "0 road\n1 sky\n")
    found = masks_of(tmp_path, things, ("y.txt", "0 background\n1 wheel\n"), rules=rules)
    assert found.labels(0).tolist() == [[[1, 2], [1, 2]], [[0, 3], [0, 3]]]
    with pytest.raises(UnitscopeError, match=r"y.txt' names 1 to 1 and not 0.*or call 0 background"):
        masks_of(tmp_path, things, ("y.txt", "1 wheel\n"), rules=rules)
    with pytest.raises(UnitscopeError, match=r"z.txt' calls number 0 nothing, and 0 is said to be a class"):
        masks_of(tmp_path, ("z.txt", "0: unlabeled\n1: sky\n"), rules=rules)


def test_cityscapes_masks_are_found_by_their_ending(tmp_path: Path) -> None:
    image, mask = tmp_path / "leftImg8bit" / "ulm", tmp_path / "gtFine" / "ulm"
    image.mkdir(parents=True)
    mask.mkdir(parents=True)
    values = np.array([[0, 1], [255, 0]], np.uint8)
    Image.fromarray(np.zeros((2, 2, 3), np.uint8)).save(image / "ulm_1_leftImg8bit.png")
    Image.fromarray(values).save(mask / "ulm_1_gtFine_labelTrainIds.png")
    (tmp_path / "x.txt").write_text("0 road\n1 sidewalk\n")
    pictures = PictureFolder(tmp_path / "leftImg8bit")
    pairs = [(tmp_path / "gtFine", tmp_path / "x.txt")]
    found = PictureMasks(pictures, pairs, rules=PRESETS["cityscapes-trainids"])
    found.check()
    assert found.labels(0).tolist() == [[[1, 2], [IGNORED, 1]]]
    with pytest.raises(UnitscopeError, match="whose mask was expected at"):
        PictureMasks(pictures, pairs, rules=MaskRules(zero_is_a_class=True)).check()


def test_a_mask_with_the_pictures_whole_name_is_found_and_an_ending_is_suggested(data: Path) -> None:
    for path in list((data / "masks").iterdir()):
        path.rename(path.with_name(f"{path.stem}.png.png"))
    assert (
        PictureMasks(PictureFolder(data / "images"), [(data / "masks", data / "labels.txt")]).labels(0).max()
        == 1
    )
    for path in list((data / "masks").iterdir()):
        path.rename(path.with_name(path.name.replace(".png.png", "_seg.png")))
    with pytest.raises(UnitscopeError, match=r"give mask_suffix='_seg' if that is 'p0_seg'"):
        PictureMasks(PictureFolder(data / "images"), [(data / "masks", data / "labels.txt")]).check()
    rules = mask_rules(suffix="_seg")
    PictureMasks(PictureFolder(data / "images"), [(data / "masks", data / "labels.txt")], rules=rules).check()


def test_colours_are_read_where_the_label_file_gives_them(tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    seen = np.array([[[0, 0, 0], [9, 8, 7]], [[200, 0, 1], [9, 8, 7]]], np.uint8)
    for name, image in (("a", Image.fromarray(seen)), ("b", Image.fromarray(seen).quantize(4))):
        Image.fromarray(seen).save(tmp_path / "images" / f"{name}.png")
        image.save(tmp_path / "masks" / f"{name}.png")
    (tmp_path / "labelmap.txt").write_text(
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\nsky:9,8,7::\nbox:200,0,1::\n"
    )
    masks = PictureMasks(
        PictureFolder(tmp_path / "images"), [(tmp_path / "masks", tmp_path / "labelmap.txt")]
    )
    for index in range(2):
        assert masks.labels(index).tolist() == [[[0, 1], [2, 1]]]
    seen[0, 0] = 5
    Image.fromarray(seen).save(tmp_path / "masks" / "a.png")
    with pytest.raises(UnitscopeError, match="holds the colour 5,5,5, which the label file does not name"):
        masks.labels(0)


@pytest.mark.parametrize(
    ("given", "ignored"), [((255,), (255,)), (("250-252", 7), (7, 250, 251, 252)), (("0",), (0,))]
)
def test_numbers_and_ranges_are_ignored(given: tuple[object, ...], ignored: tuple[int, ...]) -> None:
    assert mask_rules(ignore=given).ignore == ignored  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["x", "9-3", "70000", "-1", ""])
def test_what_is_no_number_to_ignore_is_refused(given: str) -> None:
    with pytest.raises(UnitscopeError, match="ignore= is"):
        mask_rules(ignore=[given])


def test_a_preset_and_more_numbers_add_up() -> None:
    assert mask_rules("voc", ignore=[254]).ignore == (254, 255)
    with pytest.raises(UnitscopeError, match="labels_preset= is 'vok'"):
        mask_rules("vok")


def test_rules_for_masks_without_masks_are_refused(tmp_path: Path) -> None:
    from unitscope.nouns.concepts import read_concepts

    with pytest.raises(UnitscopeError, match="say how masks are read"):
        read_concepts(segmenters=["colors"], rules=mask_rules(ignore=[255]))


def test_a_mask_that_ends_early_is_not_taken_as_it_is(data: Path) -> None:
    path = data / "masks" / "p0.png"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 2, (200, 200), np.uint8)).save(path)
    content = path.read_bytes()
    masks = PictureMasks(PictureFolder(data / "images"), [(data / "masks", data / "labels.txt")])
    assert masks.labels(0).shape == (1, 200, 200)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UnitscopeError, match="cannot be read"):
        masks.labels(0)

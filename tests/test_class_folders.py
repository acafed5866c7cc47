"""Pictures by class: which class a picture is of, and which output of a network a class folder stands for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from references import IMAGENET, find_class

from unitscope.errors import UnitscopeError
from unitscope.models.classes import places365_classes
from unitscope.sources.base import ClassedSource
from unitscope.sources.class_names import match_classes, plain_name, read_class_map
from unitscope.sources.classes import ClassFolders, open_classed
from unitscope.sources.pictures import PictureFolder
from unitscope.world import SCENE_CLASSES, WorldPictures


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(folder / name)
    return folder


def test_the_first_folder_of_a_picture_is_its_class(tmp_path):
    source = ClassFolders(fill(tmp_path, "b/2.png", "a/1.png", "a/deep/0.png", "stray.png", ".git/x.png"))
    assert source.sample_ids == ("a/1.png", "a/deep/0.png", "b/2.png")
    assert source.class_names == ("a", "b")
    assert source.targets.tolist() == [0, 0, 1]
    assert source.read(2).shape == (4, 4, 3)
    assert isinstance(source, ClassedSource)
    before = source.content_hash
    fill(tmp_path, "another_stray.png")
    assert ClassFolders(tmp_path).content_hash == before
    fill(tmp_path, "c/3.png")
    assert ClassFolders(tmp_path).content_hash != before


def test_layouts_that_are_no_class_folders_are_one_line(tmp_path):
    with pytest.raises(UnitscopeError, match=r"flat' holds pictures but no class folders; lay it out as"):
        ClassFolders(fill(tmp_path / "flat", "1.png"))
    fill(tmp_path / "hole", "a/1.png")
    (tmp_path / "hole" / "b").mkdir()
    with pytest.raises(UnitscopeError, match=r"class folder '.*hole/b' holds no picture files"):
        ClassFolders(tmp_path / "hole")
    with pytest.raises(UnitscopeError, match="does not exist"):
        open_classed(str(tmp_path / "nowhere"))
    with pytest.raises(UnitscopeError, match="belong to no classes"):
        open_classed(PictureFolder(tmp_path / "flat"))


def test_the_world_knows_the_class_of_its_pictures():
    world = open_classed("world:20:test")
    assert isinstance(world, WorldPictures)
    assert world.class_names == SCENE_CLASSES
    named = [name.split("-", 1)[1] for name in world.sample_ids]
    assert [world.class_names[target] for target in world.targets] == named


@pytest.mark.parametrize(
    "name",
    ["church-outdoor", "church_outdoor", "church/outdoor", "Church Outdoor", "n01234567_church_outdoor"],
)
def test_a_name_is_found_however_it_is_spelt(name):
    assert plain_name(name) == "church outdoor"
    assert find_class(name, ["abbey", "church/outdoor"]) == 1
    assert match_classes([name], places365_classes()) == (places365_classes().index("church/outdoor"),)


def test_imagenet_folders_stand_for_imagenet_classes():
    names = ("n02690373_airliner", "n04552348_warplane", "n01484850_great_white_shark", "n02113186_Cardigan")
    outputs = match_classes(names, IMAGENET)
    assert outputs[:2] == (404, 895)
    assert [IMAGENET[output] for output in outputs[2:]] == ["great white shark", "Cardigan"]
    assert find_class("cardigan", IMAGENET) == IMAGENET.index("cardigan")
    assert match_classes(["n01440764_tench"], ["tench, Tinca tinca", "goldfish, Carassius auratus"]) == (0,)


def test_all_of_imagenet_is_told_by_its_numbers():
    bare = [f"n{90000000 - 7 * place:08d}" for place in range(1000)]
    assert match_classes(bare, IMAGENET) == tuple(reversed(range(1000)))
    with pytest.raises(UnitscopeError, match="matches none"):
        match_classes(bare[:10], IMAGENET)


def test_exact_names_come_first_and_ambiguous_ones_are_refused():
    assert find_class("a_b", ["a b", "a_b"]) == 1
    assert find_class("a/b", ["a b", "a_b"]) is None
    with pytest.raises(
        UnitscopeError, match="class folder 'a/b' may be 'a b' and 'a_b'; say with class_map="
    ):
        match_classes(["a/b"], ["a b", "a_b"])


def test_folders_that_fit_no_class_or_the_same_are_one_line():
    classes = ["kitchen", "bedroom"]
    with pytest.raises(
        UnitscopeError, match="'kichen' matches none of the network's 2 classes; did you mean 'kitchen'"
    ):
        match_classes(["kichen"], classes)
    with pytest.raises(UnitscopeError, match=r"matches none .* they are kitchen, bedroom; class_map=FILE"):
        match_classes(["xyz"], classes)
    with pytest.raises(UnitscopeError, match="'kitchen' and 'Kitchen' both stand for class 'kitchen'"):
        match_classes(["kitchen", "Kitchen"], classes)
    with pytest.raises(UnitscopeError, match="the network does not name its classes; give class_map="):
        match_classes(["kitchen"], ())


def test_a_class_map_says_what_names_do_not(tmp_path):
    file = tmp_path / "map.csv"
    file.write_text("folder,class\n# comment\nk1,kitchen\n\nb1,1\n")
    given = read_class_map(file)
    assert given == {"k1": "kitchen", "b1": "1"}
    assert match_classes(["k1", "b1"], ["kitchen", "bedroom"], given=given) == (0, 1)
    assert match_classes(["k1", "b1"], (), given={"k1": "7", "b1": "3"}) == (7, 3)
    assert match_classes(["x"], ["1", "0"], given={"x": "0"}) == (1,)
    with pytest.raises(UnitscopeError, match="names the folder 'k1', which is not there"):
        match_classes(["b1"], ["kitchen", "bedroom"], given=given)
    with pytest.raises(UnitscopeError, match="class 'bath' of the class map matches none"):
        match_classes(["b1"], ["kitchen", "bedroom"], given={"b1": "bath"})


@pytest.mark.parametrize(
    "header",
    [
        "folder,class",
        "Folder, Class",
        '"folder","class"',
        "\ufefffolder\tclass",
        "directory;label",
        "class_folder,class_id",
    ],
)
def test_a_first_line_that_names_the_columns_is_no_folder(tmp_path, header):
    file, mark = tmp_path / "map.csv", "\t" if "\t" in header else ";" if ";" in header else ","
    file.write_text(f"{header}\nk1{mark}kitchen\n", encoding="utf-8")
    assert read_class_map(file) == {"k1": "kitchen"}


def test_lines_that_name_folders_are_no_headers(tmp_path):
    file = tmp_path / "map.csv"
    file.write_text('folder,kitchen\nk1,class\n"a, b","tench, Tinca"\nf,goldfish, Carassius\nfolder2,class\n')
    assert read_class_map(file) == {
        "folder": "kitchen", "k1": "class", "a, b": "tench, Tinca", "f": "goldfish, Carassius", "folder2": "class",
    }  # fmt: skip
    file.write_text("k1,kitchen\nfolder,class\n")
    assert read_class_map(file) == {"k1": "kitchen", "folder": "class"}, "only the first line names columns"


def test_class_maps_that_cannot_be_read_are_one_line(tmp_path):
    file = tmp_path / "map.csv"
    with pytest.raises(UnitscopeError, match=r"the class map .* does not exist"):
        read_class_map(file)
    for content, said in (
        ("a\n", "line 1 .* is 'a'; write folder,class"),
        ("a,b\na,c\n", "names the folder 'a' twice"),
    ):
        file.write_text(content)
        with pytest.raises(UnitscopeError, match=said):
            read_class_map(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnitscopeError, match="cannot read the class map"):
        read_class_map(file)


def test_the_real_class_folders_stand_for_their_classes(shared):
    folders = ClassFolders(shared / "data" / "places96" / "val")
    assert (len(folders.class_names), len(folders)) == (96, 96 * 45)
    lines = (shared / "data" / "places96" / "classes.tsv").read_text().splitlines()[1:]
    truth = {name: int(index) for name, index in (line.split("\t") for line in lines)}
    outputs = match_classes(folders.class_names, places365_classes())
    assert outputs == tuple(truth[name] for name in folders.class_names)
    names = sorted(path.name for path in (shared / "data" / "imagenet1000" / "val").iterdir())
    assert match_classes(names, IMAGENET) == tuple(range(1000))
    few = names[:134] + names[135:700]
    matched = match_classes([name for name in few if "maillot" not in name], IMAGENET)
    assert len(set(matched)) == len(matched)


def test_targets_are_whole_numbers(tmp_path):
    assert ClassFolders(fill(tmp_path, "a/1.png")).targets.dtype == np.int64

"""What is taken for a picture in a folder, and what is left out and counted."""

import os
import unicodedata

import numpy as np
import pytest
import torch
from PIL import Image, features

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.nouns.pictures import pictures
from unitscope.report import write_report
from unitscope.sources import formats
from unitscope.sources.base import left_out_of
from unitscope.sources.classes import ClassFolders
from unitscope.sources.files import MOST_READS, find_files, is_own, same_name, search
from unitscope.sources.formats import masks_beside, picture_suffixes
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.pairs import AlteredFolder
from unitscope.sources.pictures import ListedPictures, PictureFolder


def save(path, number=0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 256, (8, 12, 3), np.uint8)
    Image.fromarray(pixels).save(path, **options)
    return path


def small_network():
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    return unitscope.network(module, preprocess="size=32")


def left_out(source):
    return {(each.extension, each.reason): each.count for each in source.left_out}


def test_every_extension_that_pillow_decodes_is_read(tmp_path):
    kinds = {
        "a.jfif": "JPEG",
        "b.ppm": "PPM",
        "c.TGA": "TGA",
        "d.qoi": "QOI",
        "e.dib": "DIB",
        "f.apng": "PNG",
    }
    kinds |= {"g.jp2": "JPEG2000"} if features.check("jpg_2000") else {}
    kinds |= {"h.avif": "AVIF"} if features.check("avif") else {}
    for name, kind in kinds.items():
        save(tmp_path / name, format=kind)
    source = PictureFolder(tmp_path)
    assert source.sample_ids == tuple(sorted(kinds))
    assert all(source.read(index).shape == (8, 12, 3) for index in range(len(source)))
    assert source.left_out == ()


def test_what_needs_other_programs_or_is_no_picture_is_not_looked_for():
    assert not picture_suffixes() & {
        ".eps",
        ".ps",
        ".pdf",
        ".wmf",
        ".emf",
        ".mpg",
        ".h5",
        ".grib",
        ".bufr",
        ".txt",
    }
    assert {".jpg", ".png", ".tif", ".gif", ".psd", ".ico"} <= picture_suffixes()


def test_other_files_are_counted_by_extension_and_reason(tmp_path, monkeypatch):
    known = picture_suffixes() - {".heic"}
    monkeypatch.setattr(formats, "picture_suffixes", lambda: known)
    monkeypatch.setattr("unitscope.sources.pictures.picture_suffixes", lambda: known)
    for name in ("x.jpg", "d/y.png"):
        save(tmp_path / name)
    for name in ("IMG_1.HEIC", "d/IMG_2.heic", "notes.txt", "README", ".hidden.txt", "clip.mp4"):
        (tmp_path / name).write_bytes(b"?")
    source = PictureFolder(tmp_path)
    assert source.sample_ids == ("d/y.png", "x.jpg")
    assert left_out(source) == {
        (".heic", "pip install 'unitscope[heif]' reads them"): 2,
        (".txt", "not read as pictures"): 1,
        (".mp4", "not read as pictures"): 1,
        ("no extension", "not read as pictures"): 1,
    }
    for path in source.sample_ids:
        (tmp_path / path).unlink()
    with pytest.raises(UnitscopeError, match=r"holds no picture files.*there are 2 \.heic \(pip install"):
        PictureFolder(tmp_path)


def test_heic_is_read_and_turned_where_pillow_heif_is_there(tmp_path):
    pytest.importorskip("pillow_heif", reason="needs pillow-heif")
    picture = Image.new("RGB", (64, 32), "red")
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / "x.heic", exif=exif.tobytes())
    Image.new("RGB", (64, 32), "red").save(tmp_path / "plain.heif")
    source = PictureFolder(tmp_path)
    assert source.sample_ids == ("plain.heif", "x.heic")
    assert [source.read(index).shape for index in range(2)] == [(32, 64, 3), (64, 32, 3)]


def test_a_run_among_the_pictures_is_never_searched(tmp_path):
    photos = tmp_path / "photos"
    for number in range(4):
        save(photos / f"p{number}.png", number)
    first = unitscope.dissect(small_network(), photos, "colors", out=photos / "runs" / "one", layers=["1"])
    assert list((first.path / "pictures").glob("*.jpg")), "exemplars lie in the run"
    write_report(first.path, out=photos / "pages")
    again = PictureFolder(photos)
    assert again.sample_ids == tuple(f"p{number}.png" for number in range(4))
    assert left_out(again) == {("folder", "written by unitscope, not searched"): 2}
    with pytest.raises(UnitscopeError, match=r"holds no picture files.*1 folder .written by unitscope"):
        PictureFolder(first.path)
    resumed = unitscope.dissect(small_network(), photos, "colors", out=photos / "runs" / "one", layers=["1"])
    assert resumed.manifest.configuration_hash == first.manifest.configuration_hash


def test_another_manifest_is_no_run(tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "web application", "icons": []}')
    save(tmp_path / "x.png")
    assert not is_own(tmp_path)
    assert PictureFolder(tmp_path).sample_ids == ("x.png",)


@pytest.mark.parametrize(
    ("names", "masks"),
    [
        (["a.jpg", "a_mask.png", "b.jpg", "b-seg.png"], {"a_mask.png", "b-seg.png"}),
        (["a.jpg", "a.mask.PNG", "a labels.tif"], {"a.mask.PNG", "a labels.tif"}),
        (["a.jpg", "a_Segmentation.png"], {"a_Segmentation.png"}),
        (["x_leftImg8bit.png", "x_gtFine_labelIds.png"], {"x_gtFine_labelIds.png"}),
        (["ADE_1.jpg", "ADE_1_seg.png", "ADE_1_parts_2.png"], {"ADE_1_seg.png", "ADE_1_parts_2.png"}),
        (["a_mask.png", "b_mask.png"], set()),
        (["d/a.jpg", "e/a_mask.png"], set()),
        (["carnival.jpg", "carnival_mask.jpg"], set()),
        (["a.jpg", "a_copy.png", "unmask.png"], set()),
    ],
)  # fmt: skip
def test_masks_beside_pictures_are_known_by_their_name(names, masks):
    assert masks_beside(names) == masks


def test_masks_beside_pictures_are_no_pictures(tmp_path):
    for name in ("a.jpg", "a_mask.png", "b.jpg"):
        save(tmp_path / name)
    source = PictureFolder(tmp_path)
    assert source.sample_ids == ("a.jpg", "b.jpg")
    assert left_out(source) == {(".png", "masks beside their pictures"): 1}


def test_two_links_to_one_folder_are_both_read_and_loops_are_cut(tmp_path):
    save(tmp_path / "far" / "x.png")
    home = tmp_path / "home"
    (home / "deep" / "er").mkdir(parents=True)
    for name in ("one", "two"):
        (home / name).symlink_to(tmp_path / "far")
    (tmp_path / "far" / "back").symlink_to(tmp_path / "far")
    (home / "deep" / "er" / "up").symlink_to(home)
    (home / "deep" / "er" / "far").symlink_to(tmp_path / "far")
    source = PictureFolder(home)
    assert source.sample_ids == ("deep/er/far/x.png", "one/x.png", "two/x.png")
    assert source.left_out == ()


def test_links_that_multiply_end(tmp_path):
    depth = 12  # 2 ** 12 ways to the last folder
    for level in range(depth):
        (tmp_path / f"{level}").mkdir()
    for level in range(depth - 1):
        for name in ("a", "b"):
            (tmp_path / f"{level}" / name).symlink_to(tmp_path / f"{level + 1}")
    save(tmp_path / f"{depth - 1}" / "x.png")
    found = search(tmp_path / "0", {".png"}, reason="")
    assert len(found.paths) == MOST_READS
    assert {each.reason for each in found.left_out} == {f"reached through more than {MOST_READS} links"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_only_regular_files_are_taken(tmp_path):
    save(tmp_path / "x.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "linked.jpg").symlink_to(tmp_path / "pipe.png")
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    source = PictureFolder(tmp_path)
    assert source.sample_ids == find_files(tmp_path, {".png", ".jpg"}) == ("x.png",)
    assert left_out(source) == {
        (".jpg", "neither file nor folder"): 2,
        (".png", "neither file nor folder"): 1,
        (".png", "links that lead nowhere"): 2,
    }
    with pytest.raises(
        UnitscopeError, match=r"'.*pipe.png' cannot be read: it is no regular file; list files"
    ):
        ListedPictures([tmp_path / "pipe.png"])


def test_a_folder_that_cannot_be_listed_is_counted(tmp_path, monkeypatch):
    save(tmp_path / "x.png")
    (tmp_path / "secret").mkdir()
    scan = os.scandir

    def refusing(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert left_out(PictureFolder(tmp_path)) == {("folder", "cannot be listed"): 1}


def test_names_in_composed_and_decomposed_letters_are_the_same(tmp_path):
    composed, decomposed = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))
    assert composed != decomposed
    assert same_name(decomposed) == same_name(composed) == composed
    assert masks_beside([f"{composed}.jpg", f"{decomposed}_mask.png"]) == {f"{decomposed}_mask.png"}
    save(tmp_path / "of" / f"{composed}.jpg")
    copy = save(tmp_path / "to" / f"{decomposed}.png", 1)
    altered = AlteredFolder(PictureFolder(tmp_path / "of").sample_ids, tmp_path / "to")
    assert np.array_equal(altered.read(0), np.asarray(Image.open(copy)))


def test_class_folders_pass_over_runs_and_count_what_lies_outside(tmp_path):
    for name in ("cat/a.png", "dog/b.png", "c.png"):
        save(tmp_path / name)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "manifest.json").write_text('{"schema_version": 2, "status": "running"}')
    source = ClassFolders(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert left_out(source) == {
        (".png", "not in the folder of a class"): 1,
        ("folder", "written by unitscope, not searched"): 1,
    }
    (tmp_path / "fox").mkdir()
    (tmp_path / "fox" / "x.cr2").write_bytes(b"?")
    with pytest.raises(UnitscopeError, match=r"class folder '.*fox' holds no picture files.*1 \.cr2"):
        ClassFolders(tmp_path)


def test_listed_files_are_pictures_in_the_order_of_the_list(tmp_path):
    paths = [save(tmp_path / name, number) for number, name in enumerate(("d/b.png", "a.png"))]
    source = ListedPictures(paths)
    assert (source.folder, source.sample_ids) == (tmp_path, ("d/b.png", "a.png"))
    assert np.array_equal(source.read(0), np.asarray(Image.open(paths[0])))
    assert source.content_hash == ListedPictures([str(path) for path in paths]).content_hash
    assert source.content_hash != ListedPictures(paths[::-1]).content_hash
    with pytest.raises(UnitscopeError, match="is listed 2 times; list it once"):
        ListedPictures([*paths, paths[0]])
    with pytest.raises(UnitscopeError, match=r"listed picture '.*none.png' does not exist"):
        ListedPictures([*paths, tmp_path / "none.png"])


def test_several_sources_add_up(tmp_path):
    for folder in ("a", "b"):
        save(tmp_path / folder / "x.png")
        (tmp_path / folder / "x.txt").write_text("?")
    joined = JoinedPictures([PictureFolder(tmp_path / folder) for folder in ("a", "b")])
    assert [(each.extension, each.count) for each in left_out_of(joined)] == [(".txt", 2)]


def test_sources_of_one_name_are_told_apart(tmp_path):
    folders = [tmp_path / place / "val" / "images" for place in ("a", "b", "c")]
    for folder in folders:
        save(folder / "0.png")
    joined = pictures(*folders)
    names = ("val/images", "val/images (2)", "val/images (3)")
    assert joined.sample_ids == tuple(f"{name}/0.png" for name in names)
    assert joined.name == " + ".join(names)
    arrays = pictures(np.zeros((2, 8, 8, 3), np.uint8), np.ones((2, 8, 8, 3), np.uint8))
    assert arrays.sample_ids == (
        "ndarray/000000",
        "ndarray/000001",
        "ndarray (2)/000000",
        "ndarray (2)/000001",
    )
    assert [arrays.read(index).max() for index in range(4)] == [0, 0, 1, 1]
    one = np.zeros((2, 8, 8, 3), np.uint8)
    overlapping = (folders[1], [folders[1] / "0.png"])
    for twice in ((folders[0], str(folders[0])), overlapping, (one, one), ("world:2", "world:2")):
        with pytest.raises(UnitscopeError, match=r"pictures of .* are given twice; give each once"):
            pictures(*twice)

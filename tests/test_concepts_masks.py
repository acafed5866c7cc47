"""Ground-truth masks: what is read, and what the check before a run finds."""

from __future__ import annotations

import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unitscope.concepts.labellers import MaskLabeller, PixelGrid
from unitscope.concepts.maskrules import PRESETS
from unitscope.concepts.masks import PictureMasks, read_mask
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.sources.exif import upright
from unitscope.sources.framing import Framing
from unitscope.sources.pictures import PictureFolder

VALUES = np.array([[0, 1, 1, 4], [4, 4, 0, 1]], np.uint8)
NAMES = ("a/x.jpg", "a/y.JPEG", "b/c/z.png")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in NAMES:
        write(tmp_path / "images" / name, np.full((2, 4, 3), 90, np.uint8))
        write((tmp_path / "masks" / name).with_suffix(".png"), VALUES)
    (tmp_path / "labels.txt").write_text("0 none\n1 sky\n4 tree\n")
    return tmp_path


def write(path: Path, image: np.ndarray | Image.Image, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(path, **options)


def masks(data: Path, *extra: tuple[str, str], **options: str) -> PictureMasks:
    pairs = [(data / "masks", data / "labels.txt"), *((data / a, data / b) for a, b in extra)]
    return PictureMasks(PictureFolder(data / "images"), pairs, **options)


def test_label_maps_hold_vocabulary_numbers(data: Path) -> None:
    found = masks(data)
    found.check()
    assert found.vocabulary == Vocabulary([Concept("sky", "object"), Concept("tree", "object")])
    assert (found.planes, found.name) == (1, "masks")
    assert found.labels(2).tolist() == [[[0, 1, 1, 2], [2, 2, 0, 1]]]
    assert found.labels(2).dtype == np.int32


def test_several_planes_share_one_vocabulary(data: Path) -> None:
    for name in NAMES:
        write((data / "colors" / name).with_suffix(".png"), VALUES // 4 * 9)
    (data / "colors.txt").write_text("9\tsky\tcolor\n")
    found = masks(data, ("colors", "colors.txt"))
    found.check()
    assert [str(concept) for concept in found.vocabulary.concepts] == [
        "sky|object",
        "tree|object",
        "sky|color",
    ]
    assert found.labels(0)[1].tolist() == [[0, 0, 0, 3], [3, 3, 0, 0]]
    assert (found.planes, found.name) == (2, "masks+colors")


@pytest.mark.parametrize("kind", ["16 bits", "palette", "bmp", "tif", "black and white"])
def test_mask_formats(data: Path, kind: str) -> None:
    values = VALUES
    (data / "masks" / "a" / "x.png").unlink()
    path = data / "masks" / "a" / "x.png"
    if kind == "16 bits":
        (data / "labels.txt").write_text("1 sky\n4 tree\n40000 sea\n")
        values = VALUES.astype(np.uint16) * 10000
        values[values == 10000] = 1
        write(path, values)
    elif kind == "palette":
        image = Image.fromarray(VALUES).convert("P")
        image.putdata(VALUES.ravel().tolist())
        image.putpalette([255, 0, 0, 0, 255, 0, 9, 9, 9, 9, 9, 9, 0, 0, 255])
        write(path, image)
    elif kind == "black and white":
        values = VALUES % 2
        write(path, Image.fromarray(values.astype(bool)))
    else:
        write(path.with_suffix(f".{kind}"), VALUES)
    found = masks(data)
    found.check()
    lookup = {0: 0, 1: 1, 4: 2, 40000: 3}
    assert found.labels(0)[0].tolist() == [[lookup[int(value)] for value in row] for row in values]


def test_content_hash_follows_masks_and_label_numbers(data: Path) -> None:
    first = masks(data).content_hash
    assert masks(data).content_hash == first
    (data / "labels.txt").write_text("1 tree\n4 sky\n")
    assert masks(data).content_hash != first
    (data / "labels.txt").write_text("4 sky\n1 tree\n")
    second = masks(data).content_hash
    assert second != first
    write(data / "masks" / "a" / "x.png", VALUES.T.copy())
    assert masks(data).content_hash != second


def failure(data: Path, *extra: tuple[str, str]) -> str:
    with pytest.raises(UnitscopeError) as caught:
        masks(data, *extra).check()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_masks_are_counted(data: Path) -> None:
    (data / "masks" / "a" / "y.png").unlink()
    (data / "masks" / "b" / "c" / "z.png").unlink()
    expected = data / "masks" / "a" / "y.png"
    assert failure(data) == (
        f"2 of 3 pictures have no mask in '{data / 'masks'}'; the first is 'a/y.JPEG', "
        f"whose mask was expected at '{expected}'"
    )


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [("jpg", "is compressed with loss"), ("webp", "is usually"), ("gif", "is a gif, whose colours")],
)
def test_masks_in_formats_that_change_numbers_are_refused(data: Path, suffix: str, reason: str) -> None:
    (data / "masks" / "a" / "x.png").unlink()
    write(data / "masks" / "a" / f"x.{suffix}", VALUES)
    message = failure(data)
    assert f"x.{suffix}' {reason}" in message
    assert message.endswith("; save masks as png")


def test_masks_of_another_size(data: Path) -> None:
    write(data / "masks" / "a" / "y.png", np.zeros((3, 4), np.uint8))
    assert "picture 'a/y.JPEG' is 4x2 pixels and its mask 4x3; make the mask for the picture" in failure(data)


def test_masks_have_the_size_of_the_turned_picture(data: Path) -> None:
    image = Image.fromarray(np.full((2, 4, 3), 90, np.uint8))
    exif = image.getexif()
    exif[0x0112] = 6
    write(data / "images" / "a" / "x.jpg", image, exif=exif)
    assert "picture 'a/x.jpg' is 2x4 pixels and its mask 4x2; " in failure(data)
    assert "turned by its EXIF tag" in failure(data)
    write(data / "masks" / "a" / "x.png", VALUES.T.copy())
    masks(data).check()


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("turned", range(1, 9))
def test_masks_are_turned_by_their_own_tag(tmp_path: Path, kind: str, turned: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turned
    for values in (VALUES, VALUES.astype(np.uint16) * 1000):
        image = Image.fromarray(values)
        back = {6: 8, 8: 6}.get(turned, turned)
        more = {"compression": "tiff_lzw"} if kind == "tif" else {}
        write(tmp_path / f"x.{kind}", upright(image, back), exif=exif, **more)
        assert np.array_equal(read_mask(tmp_path / f"x.{kind}"), values)


def test_unknown_values(data: Path) -> None:
    write(data / "masks" / "b" / "c" / "z.png", VALUES + 1)
    message = failure(data)
    assert f"mask '{data / 'masks' / 'b' / 'c' / 'z.png'}' holds the value 2, which" in message
    assert "labels.txt' does not name (its largest number is 4)" in message


def test_masks_that_hold_colours(data: Path) -> None:
    write(data / "masks" / "a" / "x.png", np.zeros((2, 4, 3), np.uint8))
    assert "x.png' holds colours (mode RGB); save it with one number per pixel" in failure(data)


@pytest.mark.parametrize(
    ("kind", "mode", "held"),
    [("tif", "F", "floating-point numbers"), ("png", "LA", "transparency beside its numbers")],
)
def test_masks_that_hold_something_else_are_said_to(tmp_path: Path, kind: str, mode: str, held: str) -> None:
    write(tmp_path / f"x.{kind}", Image.fromarray(VALUES).convert(mode))
    with pytest.raises(
        UnitscopeError, match=rf"holds {held} \(mode {mode}\); save it with one number per pixel"
    ):
        read_mask(tmp_path / f"x.{kind}")


@pytest.mark.parametrize("kind", ["tif", "png"])
def test_masks_of_several_pages(tmp_path: Path, kind: str) -> None:
    pages = [Image.fromarray(VALUES), Image.fromarray(VALUES * 2)]
    write(tmp_path / f"x.{kind}", pages[0], save_all=True, append_images=pages[1:])
    with pytest.raises(UnitscopeError, match="has 2 pages, of which one alone would be read; save one page"):
        read_mask(tmp_path / f"x.{kind}")


def test_two_files_for_one_picture(data: Path) -> None:
    write(data / "masks" / "a" / "x.tif", VALUES)
    assert failure(data) == (
        f"picture 'a/x.jpg' has two masks in '{data / 'masks'}', 'a/x.png' and 'a/x.tif'; leave one of them there"
    )
    (data / "masks" / "a" / "x.tif").rename(data / "masks" / "a" / "x.jpg.png")
    assert "has two masks in" in failure(data)
    (data / "masks" / "a" / "x.jpg.png").rename(data / "masks" / "a" / "other.png")
    masks(data).check()


def test_two_pictures_for_one_file(data: Path) -> None:
    write(data / "images" / "a" / "x.bmp", np.full((2, 4, 3), 70, np.uint8))
    message = failure(data)
    assert "pictures 'a/x.bmp' and 'a/x.jpg' have the same mask in" in message
    assert "'a/x.png'; rename one of them, and give each a mask of its own" in message
    (data / "masks" / "a" / "x.png").unlink()
    for name in ("x.bmp.png", "x.jpg.png"):
        write(data / "masks" / "a" / name, VALUES)
    masks(data).check()


def test_of_two_endings_the_first_that_fits_counts(tmp_path: Path) -> None:
    write(tmp_path / "images" / "u_leftImg8bit.png", np.zeros((2, 4, 3), np.uint8))
    for ending, values in (("gtFine", VALUES), ("gtCoarse", VALUES * 0)):
        write(tmp_path / "masks" / f"u_{ending}_labelIds.png", values)
    (tmp_path / "labels.txt").write_text("1 sky\n4 tree\n")
    pairs = [(tmp_path / "masks", tmp_path / "labels.txt")]
    found = PictureMasks(PictureFolder(tmp_path / "images"), pairs, rules=PRESETS["cityscapes"])
    assert found.labels(0).max() == 2


def test_broken_masks(data: Path) -> None:
    (data / "masks" / "a" / "x.png").write_bytes(b"not a picture")
    assert "x.png' cannot be read (" in failure(data)


def test_broken_pictures_are_left_to_the_run(data: Path) -> None:
    (data / "images" / "a" / "x.jpg").write_bytes(b"not a picture")
    masks(data).check()


def test_planes_of_different_sizes(data: Path) -> None:
    (data / "more.txt").write_text("1\tred\tcolor\n")
    for name in NAMES:
        write((data / "more" / name).with_suffix(".png"), np.zeros((2, 5), np.uint8))
    assert "the masks of picture 'a/x.jpg' have different sizes, 4x2 and 5x2" in failure(
        data, ("more", "more.txt")
    )


def test_label_files_that_share_a_name(data: Path) -> None:
    (data / "more.txt").write_text("1 tree\n")
    message = failure(data, ("masks", "more.txt"))
    assert "both name the object 'tree'; give one of them another category" in message


def test_mask_folder_errors(data: Path) -> None:
    (data / "more.txt").write_text("1 red\n")
    assert "nowhere' does not exist" in failure(data, ("nowhere", "more.txt"))
    assert "labels.txt' is a file" in failure(data, ("labels.txt", "more.txt"))
    with pytest.raises(UnitscopeError, match="give masks=FOLDER and labels=FILE"):
        PictureMasks(PictureFolder(data / "images"), [])


def test_mask_labeller(data: Path) -> None:
    labeller = MaskLabeller(masks(data), PixelGrid(Framing("crop"), (10, 10), (2, 2)))
    labeller.check()
    picture = labeller.masks.pictures.read(0)
    labels = labeller.label([labeller.prepare(index, picture) for index in (0, 2)])
    assert labels.dtype == np.int32
    assert labels.tolist() == [[[[1, 1], [2, 0]]]] * 2
    assert (labeller.planes, labeller.name, len(labeller.content_hash)) == (1, "masks", 64)
    with pytest.raises(UnitscopeError, match=r"picture 'a/x[.]jpg' is 2x4 pixels and its mask 4x2"):
        labeller.prepare(0, picture.transpose(1, 0, 2))


def test_the_check_is_fast(shared: Path) -> None:
    folder = shared / "data" / "places_objects" / "val"
    found = PictureMasks(
        PictureFolder(folder / "images"), [(folder / "annotations", folder.parent / "labels.txt")]
    )
    start = time.perf_counter()
    found.check()
    assert time.perf_counter() - start < 4 * 371 / 3300 + 2
    assert len(np.unique(np.stack([found.labels(index) for index in range(60)]))) > 40


def test_read_mask_refuses_large_numbers(tmp_path: Path) -> None:
    path = tmp_path / "x.tiff"
    Image.fromarray(np.array([[70000]], np.int32)).save(path)
    with pytest.raises(UnitscopeError, match="beyond 0 to 65535"):
        read_mask(path)


def png_of_gray(path: Path, values: np.ndarray, bits: int) -> None:
    """Write a gray png of fewer than eight bits, which Pillow reads but does not write."""
    rows = []
    for row in values:
        text = "".join(f"{value:0{bits}b}" for value in row)
        text += "0" * (-len(text) % 8)
        rows.append(b"\0" + bytes(int(text[start : start + 8], 2) for start in range(0, len(text), 8)))
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, 0, 0, 0, 0)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, content in ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")):
            checksum = struct.pack(">I", zlib.crc32(name + content))
            file.write(struct.pack(">I", len(content)) + name + content + checksum)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_gray_masks_of_few_bits_keep_their_numbers(tmp_path: Path, bits: int) -> None:
    values = np.random.default_rng(0).integers(0, 2**bits, (5, 7))
    png_of_gray(tmp_path / "x.png", values, bits)
    assert np.array_equal(read_mask(tmp_path / "x.png"), values)


def test_palettes_of_few_bits_keep_their_numbers(tmp_path: Path) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([9, 9, 9, 5, 5, 5, 7, 7, 7])
    image.putdata([2, 0, 1])
    image.save(tmp_path / "x.png", bits=2)
    assert read_mask(tmp_path / "x.png").tolist() == [[2, 0, 1]]


def test_files_that_are_not_what_their_name_says(tmp_path: Path) -> None:
    Image.new("L", (8, 8), 3).save(tmp_path / "x.png", format="JPEG")
    with pytest.raises(UnitscopeError, match="is a JPEG file whatever its name says; save masks as png"):
        read_mask(tmp_path / "x.png")


def test_tiff_that_counts_from_white(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    Image.new("L", (8, 8), 3).save(path, tiffinfo={262: 0})
    with pytest.raises(UnitscopeError, match="stores its values inverted"):
        read_mask(path)


@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("order", [1, 2])
def test_tiff_of_few_bits_keeps_its_numbers_in_either_order_of_bits(
    tmp_path: Path, bits: int, order: int
) -> None:
    values = np.random.default_rng(0).integers(0, 2**bits, (5, 8))
    rows = ("".join(f"{value:0{bits}b}" for value in row) for row in values)
    text = [row[start : start + 8][:: 3 - 2 * order] for row in rows for start in range(0, len(row), 8)]
    content = bytes(int(each, 2) for each in text)
    tags = [(256, 8), (257, 5), (258, bits), (259, 1), (262, 1), (266, order), (273, 8), (277, 1), (278, 5)]
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in (*tags, (279, len(content)))]
    start = struct.pack("<HI", 42, 8 + len(content)) + content
    (tmp_path / "x.tif").write_bytes(
        b"II" + start + struct.pack("<H", len(entries)) + b"".join(entries) + b"\0" * 4
    )
    assert np.array_equal(read_mask(tmp_path / "x.tif"), values)

"""Picture folders: what is found, how every kind of file is decoded, and what a person is told otherwise."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unitscope.errors import UnitscopeError
from unitscope.sources import files
from unitscope.sources.base import UnreadablePicture
from unitscope.sources.decode import picture_size
from unitscope.sources.pictures import PictureFolder
from unitscope.sources.specs import open_pictures


def picture(height: int = 8, width: int = 12, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def save(path: Path, image: Image.Image | np.ndarray, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(path, **options)
    return path


def read_one(folder: Path) -> np.ndarray:
    source = PictureFolder(folder)
    assert len(source) == 1
    return source.read(0)


def test_finds_pictures_by_extension_in_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b/z.PNG", "b/a.JpEg", "a.tiff", "c.webp", "b.d/x.bmp", "q.gif"):
        save(tmp_path / name, picture())
    for name in ("notes.txt", ".hidden.png", "b/._a.jpg", ".git/x.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"?")
    source = PictureFolder(tmp_path)
    assert source.sample_ids == ("a.tiff", "b.d/x.bmp", "b/a.JpEg", "b/z.PNG", "c.webp", "q.gif")
    assert len(source) == 6
    assert source.name == "/".join(tmp_path.parts[-2:])
    assert all(source.read(i).shape == (8, 12, 3) for i in range(6))


def test_follows_links_but_not_in_circles(tmp_path: Path) -> None:
    save(tmp_path / "far" / "x.png", picture())
    home = tmp_path / "home"
    home.mkdir()
    (home / "link").symlink_to(tmp_path / "far")
    (home / "loop").symlink_to(home)
    assert PictureFolder(home).sample_ids == ("link/x.png",)


def test_content_hash_follows_bytes_and_names(tmp_path: Path) -> None:
    path = save(tmp_path / "x.png", picture(seed=0))
    first = PictureFolder(tmp_path).content_hash
    assert PictureFolder(tmp_path).content_hash == first
    save(path, picture(seed=1))
    second = PictureFolder(tmp_path).content_hash
    path.rename(tmp_path / "y.png")
    third = PictureFolder(tmp_path).content_hash
    assert len({first, second, third}) == 3


def test_content_hash_of_much_data_follows_sizes(tmp_path: Path) -> None:
    path = save(tmp_path / "x.png", picture(seed=0))
    with (tmp_path / "large.png").open("wb") as large:
        large.truncate(files.HASHED_WHOLE)  # takes no room on the disk
    by_size = PictureFolder(tmp_path).content_hash
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    assert PictureFolder(tmp_path).content_hash == by_size
    path.write_bytes(content[:-1])
    assert PictureFolder(tmp_path).content_hash != by_size


@pytest.mark.parametrize("kind", ["missing", "file", "empty"])
def test_folder_errors(tmp_path: Path, kind: str) -> None:
    given = tmp_path / "given"
    if kind == "file":
        given.write_text("x")
    if kind == "empty":
        given.mkdir()
        (given / "notes.txt").write_text("x")
    expected = {
        "missing": "does not exist",
        "file": "is a file",
        "empty": "holds no picture files.*jpg, jpeg, png",
    }
    with pytest.raises(UnitscopeError, match=expected[kind]) as caught:
        PictureFolder(given)
    assert str(given) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_16_bit_gray_is_scaled(tmp_path: Path) -> None:
    values = np.array([[0, 128, 129, 257], [32768, 65279, 65406, 65535]], np.uint16)
    save(tmp_path / "x.png", values)
    expected = np.round(values / 257).astype(np.uint8)
    assert np.array_equal(read_one(tmp_path), np.repeat(expected[..., None], 3, 2))


def test_32_bit_pixels_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.tiff", np.array([[1.5, 2.5]], np.float32))
    save(tmp_path / "b.tiff", np.array([[1, 2**20]], np.int32))
    source = PictureFolder(tmp_path)
    for index in range(2):
        with pytest.raises(UnreadablePicture, match="without a fixed range"):
            source.read(index)


def test_cmyk(tmp_path: Path) -> None:
    save(tmp_path / "x.jpg", Image.new("CMYK", (16, 16), (0, 255, 255, 0)), quality=95)
    assert np.abs(read_one(tmp_path).astype(int) - (255, 0, 0)).max() <= 6


@pytest.mark.parametrize(("mode", "value", "expected"), [("L", 77, 77), ("1", 1, 255), ("1", 0, 0)])
def test_gray_and_black_and_white(tmp_path: Path, mode: str, value: int, expected: int) -> None:
    save(tmp_path / "x.png", Image.new(mode, (4, 3), value))
    assert np.array_equal(read_one(tmp_path), np.full((3, 4, 3), expected))


def test_transparent_regions_become_white(tmp_path: Path) -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0] = (200, 0, 0, 255)
    pixels[1, 1] = (0, 0, 0, 128)
    save(tmp_path / "x.png", pixels)
    seen = read_one(tmp_path)
    assert seen[0].tolist() == [[200, 0, 0]] * 2
    assert seen[1, 0].tolist() == [255] * 3
    assert seen[1, 1].tolist() == [127] * 3


def test_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    save(tmp_path / "x.png", image, transparency=1)
    assert read_one(tmp_path).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    assert np.array_equal(read_one(tmp_path), np.broadcast_to((255, 0, 0), (4, 5, 3)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int) -> None:
    pixels = np.zeros((16, 32, 3), np.uint8)
    pixels[:8, :8] = 255
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = orientation
    path = save(tmp_path / "x.png", image, exif=exif)
    seen = read_one(tmp_path)
    undo = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}[orientation]
    expected = np.rot90(pixels[:, ::-1] if orientation in (2, 4, 5, 7) else pixels, undo)
    assert seen.shape == expected.shape
    assert np.array_equal(seen, expected)
    assert picture_size(path) == seen.shape[:2]


def broken(path: Path, kind: str) -> None:
    if kind == "truncated":
        save(path, picture(64, 64))
        path.write_bytes(path.read_bytes()[:1500])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("<html>not found</html>")
    else:
        image = Image.new("1", (20000, 20000))
        image.save(path)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("truncated", "truncated"),
        ("empty", "the file is empty"),
        ("text", "not a picture in a known format"),
        ("bomb", "it has 400,000,000 pixels, and at most 178,956,970 are read"),
    ],
)
def test_broken_files_say_why(tmp_path: Path, kind: str, reason: str) -> None:
    broken(tmp_path / "x.png", kind)
    source = PictureFolder(tmp_path)
    with pytest.raises(UnreadablePicture, match=reason) as caught:
        source.read(0)
    assert caught.value.sample_id == "x.png"
    assert "\n" not in str(caught.value)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.sample_id, copy.reason) == ("x.png", caught.value.reason)


def test_a_file_that_disappears_is_unreadable(tmp_path: Path) -> None:
    path = save(tmp_path / "x.png", picture())
    source = PictureFolder(tmp_path)
    path.unlink()
    with pytest.raises(UnreadablePicture, match="cannot be opened"):
        source.read(0)
    assert len(source.content_hash) == 64


def test_a_folder_by_its_path(tmp_path: Path) -> None:
    save(tmp_path / "x.png", picture())
    assert open_pictures(str(tmp_path)).sample_ids == ("x.png",)
    with pytest.raises(UnitscopeError, match="does not exist"):
        open_pictures(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "spec",
    ["world:", "world:0", "world:-3", "world:many", "world:8:", "world:8:test:", "world:8:test:coast:9"],
)
def test_world_errors(spec: str) -> None:
    with pytest.raises(UnitscopeError, match="write world, world:COUNT"):
        open_pictures(spec)


def test_real_photographs(shared: Path) -> None:
    source = PictureFolder(shared / "data" / "places_objects" / "val" / "images")
    assert len(source) == 371
    assert source.read(100).shape == (128, 128, 3)

"""Odd picture files: broken EXIF blocks, 12 bits in 16, files that hold a part of their rows, noisy decoders."""

import io
import os
import struct
import subprocess
import sys
import tarfile
import zlib

import numpy as np
import pytest
from PIL import Image

from unitscope.concepts.masks import read_mask
from unitscope.models.preprocessing import Preprocessing, parse_preprocessing
from unitscope.nouns.pictures import pictures
from unitscope.sources.base import UnreadablePicture, in_range16, remarks_on
from unitscope.sources.dataset import dataset_pictures
from unitscope.sources.decode import decode_bytes, decode_picture, picture_size
from unitscope.sources.deep import FULL, brightest, in_8_bits, values_of_16_bits
from unitscope.sources.exif import orientation
from unitscope.sources.joined import JoinedPictures
from unitscope.sources.pictures import PictureFolder
from unitscope.sources.whole import is_whole

UNDONE = {
    1: (0, False),
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (1, True),
    6: (3, False),
    7: (3, True),
    8: (1, False),
}
"""Quarter turns to the left, after a mirror, that bring each orientation upright."""


def exif_block(turned, *more, rest=b"", order="<"):
    entries = [struct.pack(order + "HHI", 0x0112, 3, 1) + struct.pack(order + "HH", turned, 0), *more]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(entries))
    return b"Exif\0\0" + head + b"".join(entries) + struct.pack(order + "I", 0) + rest


PLACE = 8 + 2 + 2 * 12 + 4
BROKEN = {
    "rational without a denominator": lambda turned: exif_block(
        turned, struct.pack("<HHII", 0x011A, 10, 1, PLACE), rest=struct.pack("<ii", -1, 0)
    ),
    "directory beyond the end": lambda turned: exif_block(turned, struct.pack("<HHII", 0x8769, 4, 1, 9999)),
    "text beyond the end": lambda turned: exif_block(turned, struct.pack("<HHII", 0x0110, 2, 400, PLACE), rest=b"ab"),
    "type that does not exist": lambda turned: exif_block(turned, struct.pack("<HHII", 0x0111, 99, 1, 0)),
    "header twice": lambda turned: b"Exif\0\0" + exif_block(turned),
    "big end first": lambda turned: exif_block(turned, order=">"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("kind", BROKEN)
def test_a_picture_is_turned_by_its_tag_whatever_else_is_broken(tmp_path, kind, turned):
    stored = np.zeros((16, 32, 3), np.uint8)
    stored[:8, :8] = 255
    Image.fromarray(stored).save(tmp_path / "x.jpg", quality=95, exif=BROKEN[kind](turned))
    turns, mirrored = UNDONE[turned]
    expected = np.rot90(stored[:, ::-1] if mirrored else stored, turns)
    seen = decode_picture(tmp_path / "x.jpg")
    assert seen.shape == expected.shape == (*picture_size(tmp_path / "x.jpg"), 3)
    assert np.abs(seen.astype(int) - expected).mean() < 2


@pytest.mark.parametrize(
    "block", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\0\0", exif_block(6)[:28], exif_block(77)]
)
def test_an_orientation_that_cannot_be_read_is_none(block, monkeypatch):
    image = Image.new("L", (2, 2))
    image.info["exif"] = block

    def failing(self):
        raise ValueError("broken")

    monkeypatch.setattr(Image.Image, "getexif", failing)
    assert orientation(image) == (6 if block == exif_block(6)[:28] else 1)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(rows, header, *, parts=1):
    packed = zlib.compress(rows)
    size = -(-len(packed) // parts)
    data = b"".join(chunk(b"IDAT", packed[i : i + size]) for i in range(0, len(packed), size))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *header)) + data + chunk(b"IEND", b"")
    )


def png_of_16_bits(values):
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[values.shape[2]]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(rows, (values.shape[1], values.shape[0], 16, colour, 0, 0, 0))


def tiff_of_16_bits(values, order="<"):
    """A TIFF of RGB in 16 bits, which Pillow reads and does not write."""
    height, width, samples = values.shape
    data = values.astype(order + "u2").tobytes()
    depths = 8 + 2 + 12 * 10 + 4
    start = depths + 2 * samples
    tags = ((256, width), (257, height), (258, depths), (259, 1), (262, 2), (273, start), (277, samples), (278, height),
            (279, len(data)), (284, 1))  # fmt: skip
    entries = b"".join(
        struct.pack(order + "HHII", tag, 3, samples, value)
        if tag == 258
        else struct.pack(order + "HHII", tag, 4, 1, value)
        for tag, value in tags
    )
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(tags))
    return (
        head
        + entries
        + struct.pack(order + "I", 0)
        + struct.pack(f"{order}{samples}H", *[16] * samples)
        + data
    )


VALUES = np.random.default_rng(0).integers(0, 4096, (6, 9, 4), dtype=np.uint16)
GRAY_AND_ALPHA = np.stack([VALUES[..., 0], np.full((6, 9), 65535, np.uint16)], -1)


def pgm(values):
    """A PGM or PPM file that calls 4095 white."""
    height, width = values.shape[:2]
    kind = "P5" if values.ndim == 2 else "P6"
    return f"{kind}\n{width} {height}\n4095\n".encode() + values.astype(">u2").tobytes()


DEEP = {
    "gray.png": (png_of_16_bits(VALUES[..., :1]), VALUES[..., 0]),
    "rgb.png": (png_of_16_bits(VALUES[..., :3]), VALUES[..., :3]),
    "little.tif": (tiff_of_16_bits(VALUES[..., :3]), VALUES[..., :3]),
    "big.tif": (tiff_of_16_bits(VALUES[..., :3], ">"), VALUES[..., :3]),
}


@pytest.mark.parametrize("name", DEEP)
def test_twelve_bits_in_sixteen_are_read_by_the_range_that_is_stated(tmp_path, name):
    content, values = DEEP[name]
    (tmp_path / name).write_bytes(content)
    assert np.array_equal(values_of_16_bits(tmp_path / name), values)
    assert brightest(tmp_path / name) == values.max()
    expected = np.floor(values * (255 / 4095) + 0.5)
    expected = np.repeat(expected[..., None], 3, 2) if values.ndim == 2 else expected
    assert np.array_equal(decode_picture(tmp_path / name, (0, 4095)), expected)
    assert decode_picture(tmp_path / name).max() <= 16, "black without a range"


def packed_in(folder, name, content):
    with tarfile.open(folder / "x.tar", "w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return str(folder / "x.tar")


@pytest.mark.parametrize("name", DEEP)
def test_the_range_and_the_remark_are_the_same_wherever_a_file_lies(tmp_path, name):
    content, _ = DEEP[name]
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / name).write_bytes(content)
    alone, *others = (
        pictures(tmp_path / "folder"),
        pictures(packed_in(tmp_path, name, content)),
        pictures([content]),
        pictures([{"image": {"bytes": content, "path": None}}]),
    )
    stated = in_range16(alone, (1000, 4000)).read(0)
    assert len(np.unique(stated)) > 20
    for other in others:
        assert np.array_equal(in_range16(other, (1000, 4000)).read(0), stated)
        assert np.array_equal(other.read(0), alone.read(0))
        assert "of 16 bits is 4,0" in other.remarks[0]
        assert not in_range16(other, (0, 4095)).remarks


def test_both_bytes_of_gray_with_transparency_are_read(tmp_path):
    (tmp_path / "x.png").write_bytes(png_of_16_bits(GRAY_AND_ALPHA))
    expected = np.floor(VALUES[..., :1].repeat(3, 2) * (255 / 4095) + 0.5)
    assert np.array_equal(decode_picture(tmp_path / "x.png", (0, 4095)), expected)


@pytest.mark.parametrize("values", [VALUES[..., 0], VALUES[..., :3]])
def test_a_range_is_in_the_numbers_of_the_file_also_where_it_says_what_white_is(tmp_path, values):
    (tmp_path / "x.ppm").write_bytes(pgm(values))
    assert np.array_equal(values_of_16_bits(tmp_path / "x.ppm"), values)
    half = np.clip(np.floor(values * (255 / 2047) + 0.5), 0, 255)
    half = half if half.ndim == 3 else half[..., None].repeat(3, 2)
    assert np.array_equal(decode_picture(tmp_path / "x.ppm", (0, 2047)), half)
    own = np.round(values / 4095 * 255)
    own = own if own.ndim == 3 else own[..., None].repeat(3, 2)
    assert np.abs(decode_picture(tmp_path / "x.ppm").astype(int) - own).max() <= 1
    assert brightest(tmp_path / "x.ppm") > 64_000, "it does not look dark"


def test_colours_in_digits_have_no_range(tmp_path):
    (tmp_path / "x.ppm").write_bytes(b"P3\n1 1\n4095\n4095 0 2048\n")
    assert decode_picture(tmp_path / "x.ppm").ravel().tolist() == [255, 0, 128]
    with pytest.raises(ValueError, match="its colours of 16 bits are written in digits"):
        decode_picture(tmp_path / "x.ppm", (0, 4095))


TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a picture lies in a file of each orientation."""


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("kind", ["RGB", "L", "I;16"])
@pytest.mark.parametrize("turned", TURNED)
def test_a_tiff_is_turned_once_on_every_way(tmp_path, turned, kind, compression):
    gray = np.random.default_rng(0).integers(0, 256, (5, 8), np.uint8)
    upright = Image.fromarray(gray.astype(np.uint16) * 257 if kind == "I;16" else gray)
    upright = upright.convert(kind) if kind == "RGB" else upright
    path = tmp_path / "folder" / "x.tif"
    path.parent.mkdir()
    upright.transpose(TURNED[turned]).save(path, tiffinfo={274: turned}, compression=compression)
    opened = Image.open(path)
    ways = (
        pictures(path.parent),
        pictures(packed_in(tmp_path, "x.tif", path.read_bytes())),
        pictures([path.read_bytes()]),
        pictures([opened]),
    )
    for way in ways:
        assert np.array_equal(way.read(0)[..., 0], gray)
        assert np.array_equal(way.read(0)[..., 2], gray), "again"
        assert np.array_equal(in_range16(way, (0, 65534)).read(0)[..., 0], gray)
    assert picture_size(path) == gray.shape
    upright.transpose(TURNED[turned]).save(tmp_path / "mask.tif", tiffinfo={274: turned})
    if kind != "RGB":
        assert np.array_equal(read_mask(tmp_path / "mask.tif"), np.asarray(upright))


def test_opaque_is_opaque_whatever_is_white(tmp_path):
    values = VALUES.copy()
    values[..., 3] = 65535
    (tmp_path / "x.png").write_bytes(png_of_16_bits(values))
    assert np.array_equal(
        decode_picture(tmp_path / "x.png", (0, 4095)), np.floor(values[..., :3] * (255 / 4095) + 0.5)
    )


def test_values_beyond_the_range_are_clipped():
    assert in_8_bits(np.array([0, 100, 150, 200, 65535]), (100, 200)).tolist() == [0, 0, 128, 255, 255]
    every = np.arange(65536)
    assert np.array_equal(in_8_bits(every, FULL), np.floor(every / 257 + 0.5))


@pytest.fixture
def dark(tmp_path):
    folder = tmp_path / "dark"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.png").write_bytes(png_of_16_bits(VALUES[..., :1] // (number + 1)))
    Image.new("RGB", (4, 4), "white").save(folder / "bright of 8 bits.png")
    return folder


def test_pictures_of_16_bits_that_look_black_are_remarked_on(dark):
    source = PictureFolder(dark)
    (line,) = source.remarks
    assert line == (
        f"the brightest pixel of the first 3 .png pictures of 16 bits is {VALUES[..., 0].max():,} of 65,535, which is "
        "almost black; if 12 bits were measured, add range16=0:4095 to the preprocessing"
    )
    assert remarks_on(source, PictureFolder(dark)) == (line,)
    stated = in_range16(
        JoinedPictures([source, dataset_pictures([VALUES[..., :3].astype(np.uint8)])]), (0, 4095)
    )
    assert stated.remarks == ()
    assert stated.read(0).max() > 250
    assert source.read(0).max() <= 16, "the source itself stays as it is"
    images = dataset_pictures([Image.fromarray(VALUES[..., 0])])
    assert images.remarks[0].startswith("the brightest pixel of the only picture of 16 bits is")
    assert in_range16(images, (0, 4095)).read(0).max() > 250
    (dark / "9.png").write_bytes(png_of_16_bits(np.full((2, 2, 1), 8192, np.uint16)))
    assert PictureFolder(dark).remarks == ()


def test_dark_pictures_among_bright_ones_of_another_format_are_remarked_on(dark):
    (dark / "bright.tif").write_bytes(tiff_of_16_bits(VALUES[..., :3] * 16))
    (line,) = PictureFolder(dark).remarks
    assert line.startswith("the brightest pixel of the first 3 .png pictures of 16 bits is")
    assert line.endswith(
        "measured, give them apart from the others and add range16=0:4095 to the preprocessing"
    )


def test_the_range_of_16_bits_is_part_of_the_preprocessing():
    stated = parse_preprocessing("range16=0:4095", Preprocessing())
    assert stated.range16 == (0, 4095)
    assert stated.to_dict()["range16"] == [0, 4095]
    assert "range16" not in Preprocessing().to_dict(), "runs without it are told what they were told before"
    for wrong in ("0:70000", "5:5", "-1:9", "9", "1:2:3"):
        with pytest.raises(Exception, match="preprocessing setting 'range16' cannot be"):
            parse_preprocessing(f"range16={wrong}", Preprocessing())


PART = np.zeros((8, 6), np.uint8)
PART[:5] = 3


def rows_of(values):
    return b"".join(b"\0" + row.tobytes() for row in values)


@pytest.mark.parametrize("rows", [0, 1, 5, 7])
@pytest.mark.parametrize("parts", [1, 3])
def test_a_png_whose_rows_end_early_is_refused(tmp_path, rows, parts):
    content = png(rows_of(PART[:rows]), (6, 8, 8, 0, 0, 0, 0), parts=parts)
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ValueError, match="truncated"):
        decode_picture(tmp_path / "x.png")
    with pytest.raises(Exception, match="truncated"):
        decode_bytes(content)
    Image.new("L", (6, 8)).save(tmp_path / "y.png")
    with pytest.raises(UnreadablePicture, match="truncated"):
        PictureFolder(tmp_path).read(0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("size", [(1, 1), (7, 9), (64, 33)])
def test_whole_pngs_with_black_last_rows_are_whole(tmp_path, mode, size):
    Image.new(mode, size).save(tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image:
        image.load()
        assert is_whole(image, tmp_path / "x.png")
        assert is_whole(image, (tmp_path / "x.png").read_bytes())


def test_an_interlaced_png_is_measured_pass_by_pass():
    steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    passes = [PART[top::down, left::across] for left, top, across, down in steps]
    whole = png(b"".join(rows_of(each) for each in passes if each.size), (6, 8, 8, 0, 0, 0, 1))
    assert np.array_equal(decode_bytes(whole)[..., 0], PART)
    part = png(b"".join(rows_of(each) for each in passes[:-1]), (6, 8, 8, 0, 0, 0, 1))
    with pytest.raises(Exception, match="truncated"):
        decode_bytes(part)


def test_the_reason_names_what_the_file_is(tmp_path):
    five = np.concatenate([VALUES, VALUES[..., :1]], 2)
    (tmp_path / "five.tif").write_bytes(tiff_of_16_bits(five))
    (tmp_path / "phone.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400))
    with pytest.raises(ValueError, match="it is a TIFF file of bands or bits that Pillow does not read"):
        decode_picture(tmp_path / "five.tif")
    with pytest.raises(ValueError, match=r"it is HEIC, whatever its name says|it is a broken HEIC file"):
        decode_picture(tmp_path / "phone.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_nothing_but_files_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match="it is no regular file"):
        decode_picture(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match="it is a folder"):
        picture_size(tmp_path)


def test_decoders_are_silent_where_they_are_told_to(tmp_path):
    packed = io.BytesIO()
    Image.fromarray(np.zeros((96, 96), np.uint8)).save(packed, "TIFF", compression="tiff_lzw")
    (tmp_path / "cut.tif").write_bytes(packed.getvalue()[:-20])
    Image.new("RGB", (8, 8)).save(tmp_path / "exif.jpg", exif=BROKEN["text beyond the end"](1))
    code = (
        "import sys\nfrom pathlib import Path\nfrom unitscope.sources.decode import decode_picture, silence_decoders\n"
        "if sys.argv[1] == 'silent': silence_decoders()\n"
        "for path in map(Path, sys.argv[2:]):\n"
        "    try: decode_picture(path)\n"
        "    except ValueError as error: print(error)\n"
    )
    files = [str(tmp_path / name) for name in ("cut.tif", "exif.jpg")]
    loud, silent = (
        subprocess.run([sys.executable, "-c", code, how, *files], capture_output=True, text=True, check=True)
        for how in ("loud", "silent")
    )
    assert "Tag data larger" in loud.stderr
    assert silent.stderr == ""
    assert silent.stdout == loud.stdout != ""

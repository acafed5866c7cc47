"""Odd picture files: broken EXIF blocks, 12 bits in 16, files that hold a part of their rows, noisy decoders."""

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from unitscope.models.preprocessing import Preprocessing, parse_preprocessing
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

"""What a run says of the pictures it was given besides those it could not read."""

import io
import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import unitscope
from tests.test_decode import BROKEN, png_of_16_bits
from unitscope import cli
from unitscope.progress import showing
from unitscope.report import write_report
from unitscope.run.manifest import LeftOutFiles, left_out_line, read_manifest


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    for kind in ("cat", "dog"):
        (folder / kind).mkdir(parents=True)
        for number in range(3):
            pixels = np.random.default_rng(number).integers(0, 256, (40, 40, 3), np.uint8)
            Image.fromarray(pixels).save(folder / kind / f"{number}.png")
        Image.fromarray(pixels[..., 0]).save(folder / kind / "0_mask.png")
        (folder / kind / "clip.MOV").write_bytes(b"?")
    (folder / "notes.txt").write_text("?")
    return folder


def network(**settings):
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    said = ",".join(f"{name}={value}" for name, value in {"size": 32, **settings}.items())
    return unitscope.network(module, preprocess=said)


LINE = "left out: 2 .mov and 1 .txt (not read as pictures), 2 .png (masks beside their pictures)"


def test_what_is_left_out_is_in_the_manifest_the_summary_and_the_report(photos, tmp_path, capsys):
    with showing(True):
        run = unitscope.dissect(network(), photos, "colors", out=tmp_path / "run", layers=["1"])
    assert run.manifest.left_out == (
        LeftOutFiles(".mov", 2, "not read as pictures"),
        LeftOutFiles(".png", 2, "masks beside their pictures"),
        LeftOutFiles(".txt", 1, "not read as pictures"),
    )
    assert run.data.pictures == 6
    assert LINE in capsys.readouterr().err, "at the start"
    assert f"  {LINE}\n" in repr(run)
    assert LINE in write_report(run.path).read_text()


def test_a_manifest_from_before_opens_without_notes(photos, tmp_path):
    run = unitscope.dissect(network(), photos / "cat", "colors", out=tmp_path / "run", layers=["1"])
    file = run.path / "manifest.json"
    content = json.loads(file.read_text())
    del content["checksum"]
    assert content.pop("left_out")
    assert content.pop("remarks") == []
    file.write_text(json.dumps(content))
    assert read_manifest(run.path).notes == ()
    assert "left out" not in repr(unitscope.open_run(run.path))


def test_other_questions_say_it_too(photos, tmp_path):
    run = unitscope.dissect(network(), photos / "cat", "colors", out=tmp_path / "run", layers=["1"])
    found = unitscope.classify_unit(run, "1", 0, photos, positive="cat", network=network())
    assert [each.count for each in found.manifest.left_out] == [2, 2, 1]
    assert LINE in repr(found)
    assert LINE in found.page.read_text()
    survived = unitscope.shape(run, photos, alter="blur:2", network=network())
    assert LINE in repr(survived)
    assert LINE in survived.page.read_text()


def test_twelve_bits_in_sixteen_are_remarked_on_and_measured_in_their_range(tmp_path):
    eight, twelve = tmp_path / "eight", tmp_path / "twelve"
    for folder in (eight, twelve):
        folder.mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 40), np.uint8)
        Image.fromarray(pixels).save(eight / f"{number}.png")
        deep = np.round(pixels.astype(np.float64) * 4095 / 255).astype(np.uint16)
        (twelve / f"{number}.png").write_bytes(png_of_16_bits(deep[..., None]))
    runs = {
        name: unitscope.dissect(network(**more), folder, "colors", out=tmp_path / name, layers=["1"])
        for name, folder, more in (
            ("plain", eight, {}),
            ("black", twelve, {}),
            ("stated", twelve, {"range16": "0:4095"}),
        )
    }
    assert "if 12 bits were measured, add range16=0:4095 to the preprocessing" in repr(runs["black"])
    assert runs["black"].manifest.remarks == runs["black"].manifest.notes
    assert runs["stated"].manifest.notes == runs["plain"].manifest.notes == ()
    assert runs["stated"].manifest.config["model"]["preprocessing"]["range16"] == [0, 4095]
    assert runs["stated"].units["threshold"].tolist() == runs["plain"].units["threshold"].tolist()
    assert runs["black"].units["threshold"].tolist() != runs["plain"].units["threshold"].tolist()
    again = unitscope.shape(runs["stated"], twelve, alter="shuffle:2", network=network())
    assert again.manifest.notes == (), "a question about a run reads pictures as the run did"


def test_a_line_names_few_extensions_and_counts_the_rest():
    files = [LeftOutFiles(f".{letter}", 9 - place, "no") for place, letter in enumerate("abcdef")]
    assert left_out_line(files) == "left out: 9 .a, 8 .b, 7 .c, 6 .d and 9 others (no)"
    assert left_out_line([LeftOutFiles("folder", 2, "a"), LeftOutFiles("no extension", 1, "b")]) == (
        "left out: 2 folders (a), 1 with no extension (b)"
    )
    assert left_out_line([]) == ""


def test_nothing_of_the_decoders_reaches_the_terminal(photos, tmp_path, monkeypatch, capfd):
    packed = io.BytesIO()
    Image.fromarray(np.zeros((96, 96), np.uint8)).save(packed, "TIFF", compression="tiff_lzw")
    (photos / "cut.tif").write_bytes(packed.getvalue()[:-20])
    Image.new("RGB", (8, 8)).save(photos / "exif.jpg", exif=BROKEN["text beyond the end"](1))
    words = [
        "dissect",
        "world-vgg",
        "--images",
        str(photos),
        "--segmenter",
        "colors",
        "--out",
        str(tmp_path / "run"),
    ]
    monkeypatch.setattr(sys, "argv", ["unitscope", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code in (0, None)
    printed = capfd.readouterr()
    assert printed.err == ""
    assert "1 picture was skipped" in printed.out


def test_one_folder_for_pictures_and_masks_says_that_nothing_tells_them_apart(tmp_path):
    folder = tmp_path / "both"
    folder.mkdir()
    for name in ("x.jpg", "x.png", "y.png"):
        Image.new("L", (8, 8), 1).save(folder / name)
    (tmp_path / "labels.txt").write_text("1 sky\n")
    masks = unitscope.masks(folder, tmp_path / "labels.txt")
    with pytest.raises(unitscope.UnitscopeError, match=r"pictures and masks are both looked for in .*both'"):
        unitscope.dissect(network(), folder, masks, out=tmp_path / "run", layers=["1"])
    assert not (tmp_path / "run").exists()

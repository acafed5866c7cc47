"""Runs travel: what is exported is opened as the same run, and nothing else is let in."""

import json
import os
import stat
import subprocess
import sys
import zipfile

import pandas as pd
import pytest
import yaml
from fake_run import make_run
from PIL import Image
from test_older import in_0_1
from tiny import draw, run_cli

import unitscope as us
from unitscope.errors import UnitscopeError
from unitscope.run import imported
from unitscope.run.exported import check_names
from unitscope.run.storage import file_hash

FORMS = ("zip", "parquet", "hub")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with a control and a question about its units."""
    folder = draw(tmp_path_factory.mktemp("data"), 24)
    network = us.network(f"{folder / 'net.py'}:net", preprocess="size=24", device="cpu")
    masks = us.masks(folder / "masks", folder / "labels.txt")
    found = us.dissect(
        network, folder / "pictures", masks, layers=["conv1", "conv2"], out=folder / "run", control=0,
        replicates=100, null=20, batch_size=4, show=False,
    )  # fmt: skip
    us.classify_unit(found, "conv1", 0, folder / "pictures", masks, concept="red", replicates=100, show=False)
    return found


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """The run in every form."""
    folder = tmp_path_factory.mktemp("exported")
    return {form: us.export(run, form, folder / f"run.{form}") for form in (*FORMS, "csv")}


@pytest.fixture
def copy(run, tmp_path):
    """An export to be spoilt."""
    return us.export(run, "parquet", tmp_path / "copy")


def zipped(folder, place, **changed):
    """Write a folder as a zip file as anybody would, with other files besides."""
    with zipfile.ZipFile(place, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, f"run/{path.relative_to(folder).as_posix()}")
        for name, content in changed.items():
            archive.writestr(name, content)
    return place


@pytest.mark.parametrize("form", FORMS)
def test_what_was_exported_is_opened_as_the_same_run(run, exported, form, tmp_path):
    found = us.import_run(exported[form], tmp_path / "run")
    for name in run.tables:
        pd.testing.assert_frame_equal(found.table(name), run.table(name))
    kept = {path.name: path.read_bytes() for path in (run.path / "pictures").iterdir()}
    assert {path.name: path.read_bytes() for path in (found.path / "pictures").iterdir()} == kept
    pd.testing.assert_frame_equal(found.calibration, run.calibration)
    assert len(found.controls) == 1
    assert found.configuration_hash == run.configuration_hash
    assert [each.damaged for each in us.verify(found.path)] == [()] * 3
    assert not list(found.path.rglob("pictures.parquet"))
    assert found.unit("conv1", 0).exemplars[0].picture is not None
    assert "imported" in repr(found)


@pytest.mark.parametrize("pictures", [True, False])
def test_an_imported_run_has_its_report(run, tmp_path, pictures):
    place = us.export(run, "hub", tmp_path / "hub", pictures=pictures)
    found = us.import_run(place, tmp_path / "run")
    assert "24" in found.report().read_text(encoding="utf-8")
    classifiers = list((found.path / "classify").glob("*")) if (found.path / "classify").is_dir() else []
    assert len(classifiers) == pictures


def test_without_pictures_none_is_there(run, tmp_path):
    for form in (*FORMS, "csv"):
        place = us.export(run, form, tmp_path / f"run.{form}", pictures=False)
        names = (
            zipfile.ZipFile(place).namelist() if form == "zip" else [path.name for path in place.rglob("*")]
        )
        assert not [name for name in names if name.endswith((".jpg", ".png", "pictures.parquet"))]
    for path in (tmp_path / "run.hub").rglob("*"):
        assert not path.is_file() or b"\xff\xd8\xff" not in path.read_bytes(), path
    found = us.import_run(tmp_path / "run.hub", tmp_path / "run")
    assert found.unit("conv1", 0).exemplars[0].picture is None
    assert (
        "are left out" in (tmp_path / "run.hub" / "README.md").read_text()
        or "Left out: pictures" in (tmp_path / "run.hub" / "README.md").read_text()
    )


def test_the_same_run_gives_the_same_bytes(run, exported, tmp_path):
    assert file_hash(us.export(run, "zip", tmp_path / "again.zip")) == file_hash(exported["zip"])


def test_a_data_set_is_loaded_without_the_network(exported, tmp_path):
    code = """
import sys, datasets
for name in datasets.get_dataset_config_names(sys.argv[1]):
    rows = datasets.load_dataset(sys.argv[1], name, split="train")
    print(name, len(rows), type(rows[0].get("image")).__name__)
print(len(datasets.load_dataset(sys.argv[2], "units", split="train")))
"""
    offline = dict.fromkeys(("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"), "1") | {
        "HF_HOME": str(tmp_path / "hf")
    }
    said = subprocess.run(
        [sys.executable, "-c", code, str(exported["hub"]), str(exported["csv"])],
        check=True, capture_output=True, text=True, env=os.environ | offline,
    ).stdout.splitlines()  # fmt: skip
    counted = {line.split()[0]: line.split()[1:] for line in said[:-1]}
    assert counted["units"] == ["14", "NoneType"]
    kinds = {"PngImageFile", "JpegImageFile"}
    assert counted["pictures"][1] in kinds
    assert said[-1] == "14"
    assert list(counted) == [
        *("units", "layers", "matches", "concepts", "exemplars", "samples", "histograms", "iou", "pictures")
    ]


def test_the_card_says_what_was_measured(run, exported):
    text = (exported["hub"] / "README.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    entries = yaml.safe_load(head)
    assert (entries["pretty_name"], entries["license"]) == (run.title, "other")
    assert [each["config_name"] for each in entries["configs"]][0::8] == ["units", "pictures"]
    record = run.manifest
    for value in (
        record.model.weights_hash, record.data.hash, record.concepts.hash, "doi", "--no-pictures", "`controls/0/`"
    ):  # fmt: skip
        assert value in body
    (row,) = [line for line in body.splitlines() if line.startswith("| conv2 | 8 |")]
    counts = run.calibration.set_index("layer").loc["conv2"]
    assert row.split(" | ")[2:3] == [str(int(counts["detectors"]))]
    assert row.rstrip(" |").split(" | ")[-2:] == [
        "-" if pd.isna(counts["calibrated"]) else str(int(counts["calibrated"])), f"{counts['untrained']:g}"
    ]  # fmt: skip


def test_names_are_no_marks_in_the_card(tmp_path):
    place = us.export(make_run(tmp_path / "run"), "parquet")
    assert place == tmp_path / "run-parquet"
    text = (place / "README.md").read_text(encoding="utf-8")
    body = text.split("---\n", 2)[2].split("```")[0]
    assert "<img" not in body.replace("\\<img", "")
    assert yaml.safe_load(text.split("---\n", 2)[1])["pretty_name"].startswith("vgg16 on 40 pictures")


def test_csv_is_for_reading(run, exported, tmp_path):
    units = pd.read_csv(exported["csv"] / "tables" / "units.csv")
    assert units["iou"].to_numpy() == pytest.approx(run.units["iou"].to_numpy())
    histogram = pd.read_csv(exported["csv"] / "tables" / "histograms.csv")
    assert json.loads(histogram["counts"][0]) == list(run.histograms["counts"][0])
    with pytest.raises(UnitscopeError, match="exported as csv, which is for reading"):
        us.import_run(exported["csv"], tmp_path / "run")


def test_what_needs_the_activations_says_so(exported, tmp_path):
    found = us.import_run(exported["zip"], tmp_path / "run")
    unit = found.unit("conv1", 0)
    for ask in (
        lambda: us.at_quantile(found, 0.02), lambda: us.stability(found), lambda: found.label_map(0),
        lambda: unit.mask(0),
    ):  # fmt: skip
        with pytest.raises(UnitscopeError, match="has no activations: exports leave them out") as error:
            ask()
        assert "\n" not in str(error.value)


def test_code_that_an_export_names_is_not_taken_over(run, exported, tmp_path):
    assert run.network.spec.endswith("net.py:net")
    found = us.import_run(exported["zip"], tmp_path / "run")
    assert found.network.spec == ""
    assert "not taken from an import" in repr(found)
    with pytest.raises(UnitscopeError, match="does not say where its network"):
        found.unit("conv1", 0).activation(tmp_path / "any.png")
    again = us.import_run(us.export(found, "zip"), tmp_path / "again")
    assert again.manifest.remarks == found.manifest.remarks


@pytest.mark.parametrize(
    ("spec", "taken"),
    [
        ("world-vgg", True), ("torchvision:resnet18", True), ("timm:resnet50.a1_in1k", True), ("net.pt2", True),
        ("csail:folder", True), ("os:abort", False), ("a.b:c", False), ("/x/net.py:f", False),
        ("C:\\nets\\net.py:f", False),
    ],
)  # fmt: skip
def test_which_names_are_code(spec, taken):
    assert imported._is_code(spec) != taken


def damage(copy):
    path = copy / "tables" / "units.parquet"
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def point(copy):
    (copy / "tables" / "units.parquet").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:ab\n"
    )


def relink(copy):
    (copy / "tables").rename(copy / "elsewhere")
    (copy / "tables").symlink_to("elsewhere")


def say(copy, **entries):
    record = json.loads((copy / "export.json").read_text())
    (copy / "export.json").write_text(json.dumps(record | entries))


def lead_out(copy):
    say(copy, files={"../tables/units.parquet": {"bytes": 1, "sha256": ""}})


def lose_manifest(copy):
    record = json.loads((copy / "export.json").read_text())
    say(copy, files={name: file for name, file in record["files"].items() if name != "manifest.json"})


def lose_table(copy):
    record = json.loads((copy / "export.json").read_text())
    say(copy, files={name: file for name, file in record["files"].items() if name != "tables/iou.parquet"})


SPOILT = {
    damage: r"tables/units.parquet of .* is damaged: its checksum is another; copy or download it again",
    point: "is a pointer of git LFS",
    relink: "is a link, which no export has",
    lead_out: r"has a file '\.\./tables/units.parquet', which no export has",
    lose_manifest: "no run folder",
    lose_table: "tables/iou.parquet is gone",
    lambda copy: (copy / "tables" / "iou.parquet").unlink(): "tables/iou.parquet is gone from",
    lambda copy: (copy / "export.json").write_text("{"): "export.json of .* is damaged",
    lambda copy: say(copy, files=[]): "export.json of .* is damaged",
    lambda copy: say(
        copy, version=2
    ): "is an export of version 2, this unitscope reads 1; install a later one",
    lambda copy: (copy / "export.json").unlink(): "is a run folder and no export: open it as it is",
}


@pytest.mark.parametrize("spoil", SPOILT, ids=range(len(SPOILT)))
def test_a_spoilt_export_is_refused_in_one_line_and_leaves_nothing(copy, tmp_path, spoil):
    spoil(copy)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UnitscopeError, match=SPOILT[spoil]) as error:
        us.import_run(copy, tmp_path / "run")
    assert "\n" not in str(error.value)
    assert "partial" not in str(error.value)
    assert sorted(tmp_path.iterdir()) == before


def link(archive):
    entry = zipfile.ZipInfo("tables/units.parquet")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, "/etc/passwd")


def lock(archive):
    archive.writestr("tables/units.parquet", "x")
    archive.infolist()[0].flag_bits |= 1


def twice(archive):
    archive.writestr("export.json", "{}")
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("export.json", "{}")


def bomb(archive):
    archive.writestr("pictures/0.png", bytes(2**27), zipfile.ZIP_DEFLATED)


REFUSED = {
    lambda archive: archive.writestr("../export.json", "{}"): "has a path that leads out of it",
    lambda archive: archive.writestr("/etc/passwd", "x"): "has a path that leads out of it",
    lambda archive: archive.writestr("a\\..\\b", "x"): "has a path that leads out of it",
    lambda archive: archive.writestr("c:/b", "x"): "has a path that leads out of it",
    link: "has a link",
    lock: "asks for a password",
    twice: "has a file twice",
    bomb: "would become 134,217,728 bytes, more than 100 times its own",
    lambda archive: archive.writestr("note.txt", "x"): "is no export, it has no export.json",
}


@pytest.mark.parametrize("fill", REFUSED, ids=range(len(REFUSED)))
def test_a_zip_file_that_no_export_is_like_is_refused(tmp_path, fill):
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        fill(archive)
    with pytest.raises(UnitscopeError, match=REFUSED[fill]):
        us.import_run(tmp_path / "bad.zip", tmp_path / "run")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.zip"]


def test_files_that_are_no_zip_files_are_refused(tmp_path, exported):
    whole = exported["zip"].read_bytes()
    middle = whole.find(b"PAR1")
    for name, content in {"text": b"x", "half": whole[: len(whole) // 2], "empty": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnitscopeError, match="is no whole zip file"):
            us.import_run(tmp_path / name, tmp_path / "run")
    (tmp_path / "flipped").write_bytes(
        whole[: middle + 9] + bytes([whole[middle + 9] ^ 1]) + whole[middle + 10 :]
    )
    with pytest.raises(UnitscopeError, match=r"is no whole zip file|is damaged"):
        us.import_run(tmp_path / "flipped", tmp_path / "run")
    with pytest.raises(UnitscopeError, match=r"cannot read .*No such file"):
        us.import_run(tmp_path / "gone", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_zip_file_that_was_packed_again_is_taken(copy, tmp_path):
    extra = {"__MACOSX/run/._export.json": b"x", "run/notes.txt": b"mine"}
    found = us.import_run(zipped(copy, tmp_path / "again.zip", **extra), tmp_path / "run")
    assert not (found.path / "notes.txt").exists()
    assert len(found.units) == 14


@pytest.mark.parametrize(
    "name",
    [
        "tables/../x.parquet", "/tables/units.parquet", "tables//units.parquet", "./manifest.json", "tables\\a.parquet",
        "C:/manifest.json", "pictures/a.exe", "run.py", "tables/a.parquet ", "pictures/a/.. /b.jpg", "lock",
        "pictures/a\n.jpg", "shards/00000.safetensors", "pictures/../../.bashrc", "",
    ],
)  # fmt: skip
def test_names_that_no_run_has_are_refused(name):
    with pytest.raises(UnitscopeError, match="which no export has"):
        check_names([name], "x.zip")


def test_names_that_are_one_on_some_systems_are_refused():
    check_names(["pictures/a.jpg", "controls/0/pictures/a.jpg", "attacked/bed/a/b c.jpg.png"], "x.zip")
    with pytest.raises(UnitscopeError, match="twice"):
        check_names(["pictures/a.jpg", "pictures/A.jpg"], "x.zip")


def test_nothing_is_written_over(run, exported, tmp_path):
    (tmp_path / "run").mkdir()
    for place in (tmp_path / "run", run.path, exported["zip"]):
        with pytest.raises(UnitscopeError, match="is there already, and nothing is written over it"):
            us.import_run(exported["zip"], place)
        with pytest.raises(UnitscopeError, match="is there already, and nothing is written over it"):
            us.export(run, "zip", place)


def test_an_export_that_breaks_off_leaves_nothing(run, tmp_path, monkeypatch):
    monkeypatch.setattr("unitscope.run.export.data_card", lambda *_, **__: 1 / 0)
    for form in FORMS:
        with pytest.raises(ZeroDivisionError):
            us.export(run, form, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_an_export_in_the_folder_of_a_run_is_no_part_of_it(copy, tmp_path):
    first = us.export(copy, "zip", tmp_path / "first.zip")
    us.export(copy, "parquet", copy / "shared")
    assert file_hash(us.export(copy, "zip", tmp_path / "second.zip")) == file_hash(first)


def test_damaged_runs_are_not_exported(copy, tmp_path):
    damage(copy)
    with pytest.raises(UnitscopeError, match=r"units\.parquet is damaged"):
        us.export(copy, "zip", tmp_path / "out.zip")
    with pytest.raises(UnitscopeError, match="no form of export; give one of hub, parquet, csv, zip"):
        us.export(copy, "tar", tmp_path / "out.tar")


def test_a_run_of_0_1_travels_as_one_of_this_version(tmp_path):
    old = us.open_run(in_0_1(make_run(tmp_path / "old")))
    found = us.import_run(us.export(old, "hub"), tmp_path / "run")
    assert (found.manifest.schema_version, found.network.spec) == (2, "torchvision:vgg16")
    pd.testing.assert_frame_equal(found.units, old.units, check_dtype=False)
    assert found.report().is_file()


def test_the_commands(run, tmp_path, monkeypatch, capsys):
    place, again = tmp_path / "run.zip", tmp_path / "again"
    assert run_cli(monkeypatch, "export", str(run.path), "--out", str(place), "--no-pictures") == 0
    assert capsys.readouterr().out == f"export: {place}\n"
    assert run_cli(monkeypatch, "import", str(place), "--out", str(again)) == 0
    assert f"next: unitscope report {again}" in capsys.readouterr().out
    assert run_cli(monkeypatch, "import", str(place), "--out", str(again)) == 2
    assert capsys.readouterr().err == (
        f"unitscope: {again} is there already, and nothing is written over it; give --out another place\n"
    )
    assert (
        run_cli(monkeypatch, "export", str(run.path), "--to", "csv", "--out", str(tmp_path / "c"), "--json")
        == 0
    )
    assert json.loads(capsys.readouterr().out) == {"export": str(tmp_path / "c")}
    with Image.open(next((tmp_path / "c" / "pictures").iterdir())) as picture:
        assert picture.size == (24, 24)

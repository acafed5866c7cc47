"""Nothing that happened to the files of a run goes unnoticed: what is read is right, or one line says what is wrong."""

import json
import random
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from test_resume import PLANNING, SHARD, contents, dissect
from tiny import assert_same_run, run_cli

from unitscope.errors import UnitscopeError
from unitscope.experiments.pieces import small_pieces
from unitscope.report import write_report
from unitscope.run.dissection import open_run
from unitscope.run.storage import ArrayFile, write_arrays
from unitscope.run.verification import verify


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "run"
    with small_pieces(SHARD):
        dissect(out)
    return out


@pytest.fixture(autouse=True)
def small_shards(pieces_of):
    pieces_of(SHARD)


@pytest.fixture
def run(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "run"))


def flip(path, rng):
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def cut(path, rng):
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(1, len(content))])


def empty(path, rng):
    path.write_bytes(b"")


def swap(path, rng):
    others = [each for each in path.parent.iterdir() if each != path and each.suffix == path.suffix]
    path.write_bytes(rng.choice(others).read_bytes())


def delete(path, rng):
    path.unlink()


DAMAGE = [flip, cut, empty, swap, delete]


def files_of(run, *parts):
    return sorted(path for part in parts for path in (run / part).iterdir())


@pytest.mark.parametrize("number", range(12))
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_to_a_finished_run_is_named_and_mended_and_only_it(whole, run, damage, number):
    rng = random.Random(number)
    parts = ("tables", "pictures") if damage is delete else ("shards", "cache", "tables", "pictures")
    before = contents(run)
    path = rng.choice(files_of(run, *parts))
    damage(path, rng)
    if contents(run) == before:  # two files that were alike
        return
    (found,) = verify(run)
    assert found.damaged == (path.relative_to(run).as_posix(),)
    assert "again on the same folder" in found.advice
    kept = {name: (run / name).stat().st_mtime_ns for name in before if name.parts[0] == "shards"}
    seen = dissect(run)
    assert seen <= PLANNING + SHARD, "only the damaged piece is read again"
    assert verify(run)[0].damaged == ()
    assert_same_run(whole, run)
    changed = [name for name, time in kept.items() if (run / name).stat().st_mtime_ns != time]
    assert changed == ([path.relative_to(run)] if path.parent.name == "shards" else [])


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", ["units", "matches", "concepts"])
def test_a_damaged_table_is_not_read(run, damage, name):
    damage(run / "tables" / f"{name}.parquet", random.Random(1))
    told = rf"tables/{name}.parquet is (damaged|gone); run the same .*dissect.* command again"
    with pytest.raises(UnitscopeError, match=told):
        open_run(run).table(name)
    with pytest.raises(UnitscopeError, match=rf"tables/{name}.parquet is (damaged|gone)"):
        write_report(run)
    assert not (run / "report").exists()


def test_a_damaged_picture_is_not_shown(run):
    path = files_of(run, "pictures")[0]
    flip(path, random.Random(2))
    with pytest.raises(UnitscopeError, match=f"{path.name} is damaged"):
        write_report(run)


def test_a_manifest_that_was_changed_is_refused_unless_its_checksum_goes_too(run):
    file = run / "manifest.json"
    text = file.read_text()
    file.write_text(text.replace('"used": 12', '"used": 13'))
    with pytest.raises(
        UnitscopeError, match="its checksum does not fit; if you changed it yourself, take the line"
    ):
        open_run(run)
    (found,) = verify(run)
    assert found.damaged == ("manifest.json",)
    content = json.loads(file.read_text())
    del content["checksum"]
    file.write_text(json.dumps(content))
    assert open_run(run).manifest.data.used == 13


def test_any_flipped_bit_of_a_manifest_is_told(run):
    text, rng = (run / "manifest.json").read_bytes(), random.Random(3)
    for _ in range(60):
        changed = bytearray(text)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        (run / "manifest.json").write_bytes(changed)
        try:
            opened = json.loads(changed)
        except ValueError:
            opened = None
        if opened == json.loads(text):  # white space
            continue
        with pytest.raises(UnitscopeError):
            open_run(run)


def test_arrays_are_compared_with_their_checksum(tmp_path):
    path, rng = tmp_path / "x.safetensors", random.Random(4)
    write_arrays(path, {"a": np.arange(50.0), "b": np.zeros((0, 3), np.int16)}, note={"skipped": "{}"})
    assert ArrayFile(path).note == {"skipped": "{}"}
    good = path.read_bytes()
    for _ in range(60):
        changed = bytearray(good)
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        with suppress(UnitscopeError):  # otherwise it was a bit of the header that nothing depends on
            found = ArrayFile(path)
            assert np.array_equal(found["a"], np.arange(50.0))
            assert found.note == {"skipped": "{}"}


def test_verify_on_the_command_line(run, capsys, monkeypatch):
    assert run_cli(monkeypatch, "verify", str(run)) == 0
    assert "files as they were written" in capsys.readouterr().out
    cut(run / "tables" / "units.parquet", random.Random(5))
    assert run_cli(monkeypatch, "verify", str(run), "--json") == 2
    told = capsys.readouterr()
    assert json.loads(told.out)["runs"][0]["damaged"] == ["tables/units.parquet"]
    assert told.err.startswith(f"unitscope: {run} is damaged; run what made it again on the same")
    assert run_cli(monkeypatch, "verify", str(run / "tables")) == 2

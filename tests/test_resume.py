"""A run that is stopped, at any moment and in any way, goes on to the same result."""

import errno
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing import forkserver
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from tiny import assert_same_run, dissect_words, draw, run_cli
from torch import nn

from unitscope import cli
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.measure import run_dissection
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.pieces import small_pieces
from unitscope.experiments.samples import InMemorySamples
from unitscope.models.network import Network
from unitscope.run import storage
from unitscope.run.dissection import open_run
from unitscope.run.folder import RunFolder, open_for_writing
from unitscope.run.manifest import read_manifest

VOCABULARY = Vocabulary([Concept("left", "part"), Concept("right", "part")])
PICTURES, SHARD = 12, 4
PLANNING = 2 + 12 + 3
"""Two that are made up, those that are changed at known places, two together, and one of them again."""


class Counting(nn.Module):
    """A small network that counts the pictures it sees."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 4, 3)
        self.seen = 0

    def forward(self, x):
        self.seen += len(x)
        return self.conv(x)


def make_pictures():
    return np.random.default_rng(0).integers(0, 256, (PICTURES, 12, 12, 3)).astype(np.uint8)


def make_inputs():
    return torch.from_numpy(make_pictures().transpose(0, 3, 1, 2) / 255).float()


def make_samples():
    labels = np.repeat(np.random.default_rng(1).integers(0, 3, (PICTURES, 1, 6, 1)), 6, 3)
    return InMemorySamples(make_inputs(), labels, VOCABULARY, pictures=make_pictures())


@pytest.fixture(autouse=True)
def small_shards(pieces_of):
    pieces_of(SHARD)


def dissect(out, *, network=None, quantile=0.05, cache_bytes=2**30):
    settings = DissectionSettings(
        quantile=quantile, replicates=100, batch_size=2, top=2, cache_budget=cache_bytes / 2**30
    )
    network = network or Counting()
    run_dissection(Network(network, name="net"), make_samples(), layers=["conv"], out=out, settings=settings)
    return network.seen


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    with small_pieces(SHARD):
        dissect(out)
    return out


class Killed(BaseException):
    """Stands for a signal."""


def fail_at(monkeypatch, number, error, *, after=False):
    """Let the file of this number fail to come into place; return how many came."""
    placed, into_place = [], os.replace

    def place(source, target):
        if after:
            into_place(source, target)
        if len(placed) == number:
            raise error
        placed.append(target)
        if not after:
            into_place(source, target)

    # Only what a run writes counts: compiled loops that are kept for the first time come into place the same way.
    monkeypatch.setattr(storage, "os", SimpleNamespace(**vars(os) | {"replace": place}))
    return placed


FILES = 1 + 2 * 3 + 8 + 8 + 1
"""Manifest, shards with their cache, some pictures, tables, manifest."""


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("after", [False, True])
def test_a_run_killed_at_any_file_goes_on_to_the_same_result(whole, tmp_path, monkeypatch, after):
    for number in range(200):
        out = tmp_path / f"{number}"
        with monkeypatch.context() as patch:
            placed = fail_at(patch, number, Killed(), after=after)
            try:
                dissect(out)
                break
            except Killed:
                pass
        committed = len(list((out / "shards").iterdir())) if (out / "shards").is_dir() else 0
        seen = dissect(out)
        assert seen <= PLANNING + PICTURES - SHARD * committed, "what was committed is read again"
        assert_same_run(whole, out)
    assert number == len(placed) >= FILES - 2


def test_leftovers_of_a_killed_process_are_cleared_away(whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        fail_at(patch, 4, Killed())
        with pytest.raises(Killed):
            dissect(tmp_path / "run")
    for part in (
        "shards/00001.safetensors",
        "cache/00002.safetensors",
        "tables/units.parquet",
        "manifest.json",
    ):
        (tmp_path / "run" / f"{part}.partial").write_bytes(b"half")
    dissect(tmp_path / "run")
    assert_same_run(whole, tmp_path / "run")


@pytest.mark.parametrize("damage", ["missing", "cut", "empty"])
def test_a_lost_cache_is_read_again(whole, tmp_path, monkeypatch, damage):
    with monkeypatch.context() as patch:
        fail_at(patch, 8, Killed())
        with pytest.raises(Killed):
            dissect(tmp_path / "run")
    cache = RunFolder(tmp_path / "run").cache_path(1)
    kept = cache.read_bytes()
    cache.unlink()
    if damage != "missing":
        cache.write_bytes(kept[:100] if damage == "cut" else b"")
    dissect(tmp_path / "run")
    assert_same_run(whole, tmp_path / "run")


def elsewhere(picture, by=1e-6):
    """Return the network of a machine where one value of one picture differs."""
    network, there, rounding = Counting(), make_inputs()[picture], torch.zeros(4, 10, 10)
    rounding[2, 4, 4] = by

    def round_differently(_module, inputs, output):
        return output + (inputs[0] == there).all(dim=(1, 2, 3))[:, None, None, None] * rounding

    network.conv.register_forward_hook(round_differently)
    return network


@pytest.mark.parametrize("picture", [0, 7, 11])
def test_values_that_round_differently_elsewhere_are_refused(tmp_path, monkeypatch, picture):
    with monkeypatch.context() as patch:
        fail_at(patch, 7, Killed())
        with pytest.raises(Killed):
            dissect(tmp_path / "run")
    for path in (tmp_path / "run/cache").iterdir():
        path.unlink()
    before = contents(tmp_path / "run")
    with pytest.raises(
        UnitscopeError,
        match=r"layer 'conv' has other values than when these pictures were first read into .*run: another machine",
    ):
        dissect(tmp_path / "run", network=elsewhere(picture))
    assert not list((tmp_path / "run/tables").iterdir())
    assert contents(tmp_path / "run").keys() >= before.keys()
    dissect(tmp_path / "run")


def begun(tmp_path, monkeypatch, **facts):
    """Begin a run, as if by an installation of which these facts were others; return its folder and its files."""
    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        fail_at(patch, 4, Killed())
        with pytest.raises(Killed):
            dissect(out)
    replace(read_manifest(out), **facts).write(out)
    return out, contents(out)


@pytest.mark.parametrize("package", ["unitscope", "torch", "timm"])
def test_a_run_begun_with_another_version_is_not_gone_on_with(tmp_path, monkeypatch, package):
    first, _ = begun(tmp_path / "first", monkeypatch)
    out, before = begun(
        tmp_path, monkeypatch, packages=dict(read_manifest(first).packages) | {package: "0.9.1"}
    )
    said = rf"was begun with {package} 0\.9\.1, and here is .*; install {package} 0\.9\.1 .* or give out= another"
    with pytest.raises(UnitscopeError, match=said):
        dissect(out)
    assert contents(out) == before
    replace(read_manifest(out), packages=read_manifest(first).packages).write(out)
    dissect(out)


def test_a_finished_run_of_another_version_is_returned_but_not_mended(tmp_path, monkeypatch):
    out = tmp_path / "run"
    dissect(out)
    manifest = read_manifest(out)
    replace(manifest, packages={**manifest.packages, "torch": "0.9.1"}).write(out)
    assert dissect(out) == 2  # made-up pictures that layers are looked up with
    (out / "tables" / "units.parquet").write_bytes(b"torn")
    before = contents(out)
    with pytest.raises(UnitscopeError, match=r"was begun with torch 0\.9\.1"):
        dissect(out)
    assert contents(out) == before


def test_a_run_of_two_kinds_of_processor_says_so(whole, tmp_path, monkeypatch):
    assert read_manifest(whole).notes == ()
    here = read_manifest(whole).processors
    out, _ = begun(tmp_path, monkeypatch, processors=("Plan9 mips",))
    dissect(out)
    assert read_manifest(out).processors == ("Plan9 mips", *here)
    assert (
        read_manifest(out).notes[0].startswith(f"done on 2 kinds of processor (Plan9 mips, then {here[0]})")
    )


def test_a_shard_that_is_made_anew_elsewhere_does_not_meet_its_old_cache(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        fail_at(patch, 7, Killed())
        with pytest.raises(Killed):
            dissect(tmp_path / "run")
    RunFolder(tmp_path / "run").shard_path(1).unlink()
    dissect(tmp_path / "run", network=elsewhere(7, by=5), cache_bytes=0)
    dissect(tmp_path / "all", network=elsewhere(7, by=5))
    assert_same_run(tmp_path / "all", tmp_path / "run")


def test_a_damaged_shard_is_read_again_and_only_it(whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        fail_at(patch, 8, Killed())
        with pytest.raises(Killed):
            dissect(tmp_path / "run")
    RunFolder(tmp_path / "run").shard_path(1).write_bytes(b"nonsense")
    with pytest.raises(
        UnitscopeError, match=r"00001.safetensors is damaged .*; delete it and run the same command"
    ):
        RunFolder(tmp_path / "run").open_shard(1)
    assert dissect(tmp_path / "run") == PLANNING + SHARD
    assert_same_run(whole, tmp_path / "run")


def test_another_cache_budget_may_be_given_on_the_way(whole, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        fail_at(patch, 4, Killed())
        with pytest.raises(Killed):
            dissect(tmp_path / "run", cache_bytes=0)
    dissect(tmp_path / "run")
    assert_same_run(whole, tmp_path / "run")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "the disk is full: cannot write .*free some space",
        ),
        (
            SafetensorError("Error while serializing: I/O error: (os error 28)"),
            "the disk is full: cannot write",
        ),
        (
            OSError(errno.EROFS, "Read-only file system"),
            "cannot write .*: Read-only file system; choose a folder",
        ),
        (
            OSError(errno.EIO, "Input/output error"),
            "cannot write .*: Input/output error; choose another folder",
        ),
    ],
)
@pytest.mark.parametrize("number", [0, 1, 2, 5, 9, 14, 22])
def test_a_disk_that_fails_is_one_line_and_the_run_goes_on_later(
    whole, tmp_path, monkeypatch, number, error, said
):
    with monkeypatch.context() as patch:
        fail_at(patch, number, error)
        with pytest.raises(UnitscopeError, match=said) as raised:
            dissect(tmp_path / "run")
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.rglob("*.partial"))
    if isinstance(error, SafetensorError):
        return
    dissect(tmp_path / "run")
    assert_same_run(whole, tmp_path / "run")


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    def refuse(*_args, **_keywords):
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "mkdir", refuse)
        with pytest.raises(
            UnitscopeError, match=r"cannot write .*run: Permission denied; choose a folder you may"
        ):
            dissect(tmp_path / "run")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UnitscopeError, match="file is a file; give out= a folder"):
        dissect(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_finished_run_is_returned_at_once(whole):
    before = contents(whole)
    assert dissect(whole) == 2  # made-up pictures that layers are looked up with
    assert contents(whole) == before


def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(
        UnitscopeError, match=r"is not empty and holds no run \(it has 'thesis.tex'\); give out="
    ):
        dissect(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_another_configuration_is_refused_with_the_difference(whole, monkeypatch):
    before = contents(whole)
    other = Counting()
    with torch.no_grad():
        other.conv.weight += 1
    for changed, said in (
        ({"quantile": 0.1}, r"\(settings.quantile: 0.05 there, 0.1 now\); give out= another folder"),
        ({"network": other}, r"\(model.weights_hash: \w{8}\.\.\. there, \w{8}\.\.\. now\); give"),
    ):
        with pytest.raises(UnitscopeError, match=said):
            dissect(whole, **changed)
    assert contents(whole) == before


def test_one_process_at_a_time(tmp_path):
    config = {"layers": ["conv"]}
    with (
        open_for_writing(tmp_path / "run", config, kind="dissection", command="dissect"),
        pytest.raises(
            UnitscopeError, match=r"another process is working on .*run; wait for it, or give out="
        ),
        open_for_writing(tmp_path / "run", config, kind="dissection", command="dissect"),
    ):
        pass
    with open_for_writing(tmp_path / "run", config, kind="dissection", command="dissect"):
        pass


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("{", "manifest.json is damaged .*; restore it, or make the run again in another folder"),
        ("", "manifest.json is damaged"),
        ("[]", "manifest.json is damaged"),
        ("{}", "manifest.json is damaged"),
        ('{"schema_version": 2}', r"is damaged .*missing required field"),
        (
            '{"schema_version": 99}',
            "has schema version 99, this unitscope reads 1 to 2; install",
        ),
    ],
)
def test_a_damaged_manifest_is_one_line(tmp_path, manifest, said):
    (tmp_path / "manifest.json").write_text(manifest)
    for use in (dissect, open_run):
        with pytest.raises(UnitscopeError, match=said) as raised:
            use(tmp_path)
        assert "\n" not in str(raised.value)
    assert (tmp_path / "manifest.json").read_text() == manifest


def test_an_unfinished_run_is_not_opened(tmp_path):
    with open_for_writing(tmp_path, {}, kind="dissection", command="dissect"):
        pass
    with pytest.raises(
        UnitscopeError, match=r"is not finished; run the same unitscope\.dissect command again"
    ):
        open_run(tmp_path)


# Whole processes, stopped from outside.


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn") / "data", 60)


def child(words, errors, seconds):
    """Run one command in a fresh process, in shards of eight pictures."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Path(errors).open("a") as file:
        os.dup2(file.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ["NET_SECONDS"] = str(seconds)
    sys.argv = ["unitscope", *words]
    with small_pieces(8):
        cli.main()


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """Start a command in a process that has loaded what a dissection needs already; returns the process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["warmed", "pytest"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))  # so that it finds the first
        forkserver.ensure_running()
    errors = tmp_path_factory.mktemp("errors") / "errors.txt"

    def begin(words, *, seconds=0.0):
        errors.write_text("")
        process = context.Process(target=child, args=(words, errors, seconds))
        process.start()
        return process

    begin.errors = errors
    return begin


@pytest.fixture(scope="module")
def reference(drawn, start, tmp_path_factory):
    """A run that nothing interrupted."""
    out = tmp_path_factory.mktemp("reference") / "run"
    start(["--version"]).join(60)  # loads the library
    process = start(dissect_words(drawn, out), seconds=0.03)
    process.join(60)
    assert process.exitcode == 0, start.errors.read_text()
    return out


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_process_stopped_at_random_moments_goes_on_to_the_same_result(
    drawn, start, reference, tmp_path, stop
):
    words = dissect_words(drawn, tmp_path / "run")
    shards = tmp_path / "run" / "shards"
    count = len(list((reference / "shards").iterdir()))
    moments = random.Random(int(stop))
    codes = []
    for _ in range(5):
        done = len(list(shards.glob("*")))
        process = start(words, seconds=0.03)
        # What is written, not the clock, says when: machines differ, and so does one from minute to minute.
        wanted = moments.randrange(done + 1, max(done + 2, count))
        while process.is_alive() and len(list(shards.glob("*"))) < wanted:
            time.sleep(0.002)
        time.sleep(moments.uniform(0, 0.03))
        with suppress(ProcessLookupError):
            os.kill(process.pid, stop)
        process.join(60)
        codes.append(process.exitcode)
    assert codes[0] != 0, "the first was to be stopped"
    process = start(words)
    process.join(60)
    assert process.exitcode == 0, start.errors.read_text()
    assert_same_run(reference, tmp_path / "run")


def wait_for(path, seconds=60):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.01)


def test_an_interrupted_command_says_how_to_go_on_and_a_second_one_is_refused(
    drawn, start, reference, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "run"
    words = dissect_words(drawn, out)
    process = start(words, seconds=0.2)
    wait_for(out / "shards" / "00000.safetensors")
    assert run_cli(monkeypatch, *words) == 2
    refusal = capsys.readouterr().err
    assert refusal.startswith(f"unitscope: another process is working on {out}; wait")
    assert refusal.count("\n") == 1
    os.kill(process.pid, signal.SIGINT)
    process.join(60)
    assert process.exitcode == 130
    assert start.errors.read_text().strip() == "unitscope: interrupted; the same command goes on from here"
    process = start(words)
    process.join(60)
    assert process.exitcode == 0
    assert_same_run(reference, out)


def test_the_installed_command_finishes_what_was_begun(drawn, reference, tmp_path, start):
    out = tmp_path / "run"
    words = dissect_words(drawn, out, "--json")
    process = start(words, seconds=0.2)
    wait_for(out / "shards" / "00000.safetensors")
    process.kill()
    process.join(60)
    code = (
        "from unitscope import cli\nfrom unitscope.experiments.pieces import small_pieces\n"
        "with small_pieces(8):\n    cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert (facts["run"], facts["pictures"], facts["skipped"]) == (str(out), 60, 0)
    assert_same_run(reference, out)


def test_changed_pictures_masks_layers_or_network_are_refused_on_the_command_line(
    drawn, reference, tmp_path, monkeypatch, capsys
):
    before = contents(reference)
    other = draw(tmp_path / "other", 60, seed=1)
    for words, said in (
        (dissect_words(drawn, reference, "--layer", "head"), "layers: ['conv1', 'conv2'] there"),
        (dissect_words(drawn, reference, model="net.py:other"), "model.weights_hash: "),
        (dissect_words(other, reference), "pictures.hash: "),
        (dissect_words(drawn, reference, "--grid", "5"), "grid: [6, 6] there, [5, 5] now"),
        (dissect_words(drawn, reference, "--min-iou", "0.1"), "settings.min_iou: 0.04 there, 0.1 now"),
    ):
        assert run_cli(monkeypatch, *words) == 2
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    assert contents(reference) == before

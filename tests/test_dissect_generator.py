"""Dissecting a generator: known shapes get their known labels, and nothing depends on batches or interruptions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from tiny import assert_same_run, run_cli, tables_of
from tiny_generator import dissect_words, write_generator
from torch import nn

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.plan import LayerPlan, Raster
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.pictures import PictureFiles
from unitscope.layer.grid import GridGeometry, raster_sampling, upsample
from unitscope.layer.hooks import probe_layers, trace
from unitscope.models.registry import load_generator
from unitscope.nouns.reopened import reopen_generated, reopen_network
from unitscope.nouns.samples import default_points
from unitscope.report import write_report
from unitscope.run.manifest import plain
from unitscope.sources.latents import SeededLatents

COUNT, SEED = 24, 1
SETTINGS = DissectionSettings(quantile=0.1, replicates=100, batch_size=4, seed=SEED)
NAMES = ("red", "green", "blue")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write_generator(tmp_path_factory.mktemp("generators"))


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    return dissected(file, tmp_path_factory.mktemp("runs") / "run")


def dissected(file, out, **changes):
    latents = changes.pop("latents", COUNT)
    if isinstance(latents, int):
        about = {name: changes.pop(name) for name in ("truncation", "classes") if name in changes}
        latents = unitscope.latents(latents, **about)
    given = {"settings": SETTINGS, "layers": ["boxes", "large"], "concepts": f"{file}:colors"}
    return unitscope.dissect(
        changes.pop("model", f"{file}:shapes"), latents, out=out, show=False, **{**given, **changes}
    )


def known(module, latents):
    """Pictures as label maps, and the upsampled activations of both layers, the slow way."""
    kept = {}
    with trace(
        module, ["boxes", "large"], lambda name, out: kept.update({name: out.clone()}), stop_early=False
    ) as go:
        pictures = go(latents.read(range(len(latents))))
    labels = ((pictures.argmax(1) + 1) * (pictures.amax(1) > 0)).numpy()
    small = raster_sampling(GridGeometry.even((8, 8), (64, 64)), (64, 64), (64, 64))
    return labels, {"boxes": upsample(kept["boxes"], small).numpy(), "large": kept["large"].numpy()}


def test_units_that_draw_known_shapes_get_their_labels(run):
    large = run.units[run.units["layer"] == "large"]
    assert large["concept"].tolist() == list(NAMES)
    assert large["iou"].tolist() == [1.0, 1.0, 1.0]
    assert large["threshold"].tolist() == [0.0, 0.0, 0.0]
    assert run.units["detector"].all()


def test_every_number_is_that_of_a_naive_loop(run, file):
    latents = SeededLatents(COUNT, (6,), SEED)
    labels, activations = known(load_generator(f"{file}:shapes").module, latents)
    iou = run.table("iou").set_index(["layer", "unit", "number"])
    pixels = labels.size
    for layer, values in activations.items():
        for unit in range(3):
            ordered = np.sort(values[:, unit].ravel())[::-1]
            threshold = ordered[int(np.ceil(0.1 * pixels))]
            on = values[:, unit] > threshold
            row = run.units[(run.units["layer"] == layer) & (run.units["unit"] == unit)].iloc[0]
            assert row["threshold"] == threshold
            assert row["quantile_fraction"] == on.sum() / pixels
            for number in (1, 2, 3):
                there = labels == number
                expected = (on & there).sum() / (on | there).sum()
                counted = iou["iou"].get((layer, unit, number), 0.0)
                assert counted == pytest.approx(expected, abs=1e-12)
            peaks = values[:, unit].max(axis=(1, 2)) if layer == "large" else None
            assert peaks is None or row["peak"] == peaks.max()
    areas = run.concepts.set_index("name")["pixels"]
    assert [areas[name] for name in NAMES] == [(labels == number).sum() for number in (1, 2, 3)]


def test_another_quantile_needs_no_generator(run):
    pd.testing.assert_frame_equal(unitscope.at_quantile(run, 0.1), run.units, check_dtype=False)


def test_exemplars_are_the_pictures_of_their_latents(run, file):
    exemplars = run.table("exemplars")
    assert exemplars["id"].str.fullmatch(r"seed1/0000\d\d").all()
    labels, _ = known(load_generator(f"{file}:shapes").module, SeededLatents(COUNT, (6,), SEED))
    for row in exemplars[exemplars["layer"] == "large"].itertuples():
        mask = np.unpackbits(np.frombuffer(row.mask, np.uint8), count=64 * 64).reshape(64, 64)
        assert (mask == (labels[row.sample] == row.unit + 1)).all()
        picture = np.asarray(Image.open(run.path / row.picture)).astype(int)
        assert np.abs(picture[..., row.unit] - 255 * mask).mean() < 8


@pytest.mark.parametrize("batch_size", [1, 5, 24])
def test_the_size_of_a_batch_does_not_matter(run, file, tmp_path, batch_size):
    settings = DissectionSettings(quantile=0.1, replicates=100, batch_size=batch_size, seed=SEED)
    other = dissected(file, tmp_path / "run", settings=settings)
    for name, table in tables_of(run.path).items():
        pd.testing.assert_frame_equal(table, tables_of(other.path)[name])


def test_the_generator_runs_once_for_each_latent(file, tmp_path, monkeypatch):
    monkeypatch.setenv("NET_PASSES", str(tmp_path / "passes"))
    monkeypatch.setenv("LABELLED", str(tmp_path / "labelled"))
    run = dissected(file, tmp_path / "run", latents=100)
    passes = [int(line) for line in (tmp_path / "passes").read_text().split()]
    # Before: tried with 2, 2 and 1, seen with 4 and 1, probed with 2, told again by 4, and a picture for the segmenter;
    # 12 pictures to compare with, and 12 for either layer with cells of it changed.
    assert passes == [2, 2, 1, 4, 1, 2, 4, 1] + [4] * 9 + [4] * 25
    kept = sorted(path.name for path in (run.path / "pictures").iterdir())
    assert kept == [f"{number:06d}.jpg" for number in np.unique(run.table("exemplars")["sample"])]
    # Before: a made-up picture, and that one with another and alone.
    assert sum(int(line) for line in (tmp_path / "labelled").read_text().split()) == 4 + 100


def test_what_is_not_kept_is_read_again_without_labelling(run, file, tmp_path, monkeypatch):
    monkeypatch.setenv("LABELLED", str(tmp_path / "labelled"))
    settings = DissectionSettings(quantile=0.1, replicates=100, batch_size=4, seed=SEED, cache_budget=0)
    other = dissected(file, tmp_path / "run", settings=settings)
    assert sum(int(line) for line in (tmp_path / "labelled").read_text().split()) == 4 + COUNT
    for name, table in tables_of(run.path).items():
        pd.testing.assert_frame_equal(table, tables_of(other.path)[name])


def test_the_manifest_says_what_decides_the_results(run):
    manifest = run.manifest
    latents = {"count": 24, "shape": [6], "seed": 1, "truncation": None, "classes": []}
    assert manifest.config["latents"] == manifest.data.latents == latents
    assert manifest.data.hash == SeededLatents(24, (6,), 1).content_hash
    assert manifest.data.name == "24 latents of seed 1"
    facts = {"latent_shape": [6], "range": [-1.0, 1.0], "classes": 0, "size": [64, 64]}
    assert manifest.config["model"]["generator"] == plain(manifest.model.generator) == facts
    assert run.settings.grid == (64, 64)
    assert manifest.segmenter.specs[0].endswith("gen.py:colors")
    assert run.title == "shapes on the pictures of 24 latents of seed 1 with 3 concepts"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"latents": 25}, "pictures"),
        ({"truncation": 1.0}, "latents"),
        ({"range": "-2:2"}, "model"),
        ({"model": "other"}, "model"),
        ({"concepts": "swapped"}, "labels"),
        ({"grid": 32}, "grid"),
    ],
)
def test_a_run_folder_has_one_configuration(run, file, change, words):
    changed = {
        key: f"{file}:{value}" if key in ("model", "concepts") else value for key, value in change.items()
    }
    if "range" in change:
        changed = {"model": unitscope.generator(f"{file}:shapes", range=change["range"])}
    with pytest.raises(UnitscopeError, match=words):
        dissected(file, run.path, **changed)


def test_layers_of_a_generator_lie_evenly_over_its_pictures(shared, file):
    with np.load(shared / "golden" / "upsample.npz") as golden:
        given, expected = (torch.from_numpy(golden[name]) for name in ("gan_in", "gan_64"))
    module = load_generator(f"{file}:shapes").module
    found = probe_layers(module, torch.zeros(2, 6), ["boxes", "large"], size=(64, 64))
    plan = LayerPlan.of(found["boxes"], Raster((64, 64), (64, 64), "zeros"))
    torch.testing.assert_close(upsample(given, plan.sampling), expected, atol=1e-4, rtol=1e-4)


def test_the_pixel_grid_has_64_points_a_side_or_more():
    sizes = (16, 16), (64, 64), (256, 256), (64, 96), (512, 1024)
    assert [default_points(size) for size in sizes] == [(16, 16), (64, 64), (64, 64), (64, 64), (128, 256)]


def test_a_generator_that_is_class_conditional(file, tmp_path):
    kept = dissected(file, tmp_path / "run", model=f"{file}:by_class", layers=["large"], latents=60)
    assert kept.data.latents["classes"] == [0, 1, 2]
    assert set(kept.units["layer"]) == {"generator.large"}
    one = dissected(
        file, tmp_path / "one", model=f"{file}:by_class", layers=["large"], latents=60, classes=[1]
    )
    assert one.units["concept"].isna().tolist() == [True, False, True]
    assert one.units["concept"][1] == "green"
    assert one.units["iou"][1] == 1.0
    assert (one.concepts.set_index("name")["pictures"][["red", "blue"]] == 0).all()
    assert one.table("samples")["id"][7] == "seed1/000007-class1"


def test_latents_may_be_given_as_they_are(run, file, tmp_path):
    module = load_generator(f"{file}:shapes").module.train()
    other = dissected(file, tmp_path / "run", model=module, latents=SeededLatents(COUNT, (6,), SEED))
    assert module.training
    pd.testing.assert_frame_equal(other.units, run.units)


def test_a_generator_brings_its_layers_and_its_segmenter(file, tmp_path):
    run = dissected(file, tmp_path / "run", model=f"{file}:named", concepts=None, layers=())
    assert set(run.units["layer"]) == {"boxes"}
    assert run.manifest.segmenter.specs == (f"{file}:colors",)
    assert run.manifest.concepts.name == "three colours"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--latents", "0"), "0 latents are none to look at; give --latents 1 or more"),
        (
            ("--images", "world:4"),
            "--images and --latents are both given; a network that reads pictures takes",
        ),
        (
            ("--masks", "."),
            "--masks do not go with --latents: nobody has masks of generated pictures; give --segmenter",
        ),
        (
            ("--preprocess", "size=64"),
            "--preprocess is about pictures that a network reads; --latent-shape and",
        ),
        (
            ("--range", "0:1"),
            "returns values from -1 to 1, far outside its range of 0 to 1; --range LOW:HIGH gives",
        ),
        (("--range", "1"), "the range '1' is none; give the values of black and white as LOW:HIGH, -1:1"),
        (("--latent-shape", "5"), "fails on latents of shape (2, 5)"),
        (("--latent-shape", "5y"), "the latent shape '5y' cannot be read; write positive sizes"),
        (("--truncation", "0"), "truncation is 0; it must be above 0"),
        (("--class", "1"), "'shapes' is not class-conditional, and class 1 is given; leave --class out"),
        (
            ("--grid", "65"),
            "a pixel grid of 65x65 does not fit a generated picture of 64x64 pixels; give from 1",
        ),
        (("--layer", "nowhere"), "layer 'nowhere' not found in shapes; 'unitscope layers MODEL' lists them"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(file, tmp_path, monkeypatch, capsys, words, message):
    assert run_cli(monkeypatch, *dissect_words(file, tmp_path / "run", *words)) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("model", "words", "message"),
    [
        (
            "nan_at_once",
            (),
            "'nan_at_once' returns pictures with values that are not finite (NaN or infinite); check",
        ),
        ("noisy", (), "'noisy' returns another picture when it is given the same latent again, alone"),
        (
            "odd",
            ("--layer", "odd"),
            "layer 'odd' returns shape (2, 2, 3) for 2 pictures, which is no activation grid",
        ),
        (
            "odd",
            ("--layer", "same"),
            "layer 'same' returns shape (1, 4, 8, 8) for 2 pictures, which is no activation",
        ),
        ("by_class", ("--class", "3"), "generator 'by_class' has no class 3; its classes are 0 to 2"),
    ],
)
def test_generators_that_cannot_be_read_are_refused_before_any_work(
    file, tmp_path, monkeypatch, capsys, model, words, message
):
    given = dissect_words(file, tmp_path / "run", model=model)
    given = [word for word in given if word not in ("--layer", "boxes", "large")]
    assert run_cli(monkeypatch, *given, *(words or ("--layer", "inner.boxes"))) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_pictures_that_go_wrong_later_are_named(file, tmp_path):
    with pytest.raises(
        UnitscopeError, match=r"'growing' returns shape .* where pictures .* every latent must give the"
    ):
        dissected(file, tmp_path / "a", model=f"{file}:growing", layers=["inner.boxes"])
    with pytest.raises(UnitscopeError, match="'nan_later' returns pictures with values that are not finite"):
        dissected(file, tmp_path / "b", model=f"{file}:nan_later", layers=["inner.boxes"])
    message = (
        "layer 'bend' unit 0 is not finite .* on latent 'seed1/00000.'; check the weights, or whether latents"
    )
    with pytest.raises(UnitscopeError, match=message):
        dissected(file, tmp_path / "c", model=f"{file}:nan_later", layers=["bend"])
    with pytest.raises(
        UnitscopeError, match=r"layer 'bend' returns an activation of shape .*72, 72.* was expected"
    ):
        dissected(file, tmp_path / "d", model=f"{file}:growing", layers=["bend"])


def test_what_does_not_go_together_is_refused(file, tmp_path):
    with pytest.raises(
        UnitscopeError, match="a NoneType holds no pictures that can be read by number; give a folder"
    ):
        unitscope.dissect("world-vgg", None, out=tmp_path / "run")
    with pytest.raises(UnitscopeError, match="no pictures given"):
        unitscope.dissect("world-vgg", [], out=tmp_path / "run")
    with pytest.raises(UnitscopeError, match="there is no setting 'latents'"):
        unitscope.dissect(f"{file}:shapes", "world:4", out=tmp_path / "run", latents=4)
    with pytest.raises(UnitscopeError, match="nobody has masks of generated pictures"):
        dissected(file, tmp_path / "run", concepts=unitscope.masks(tmp_path, tmp_path / "labels.txt"))
    with pytest.raises(
        UnitscopeError, match="nothing says what the generated pictures show; give concepts=SPEC"
    ):
        dissected(file, tmp_path / "run", concepts=None)
    with pytest.raises(UnitscopeError, match=r"the latents have shape 5, and generator 'shapes' takes 6"):
        dissected(file, tmp_path / "run", latents=SeededLatents(4, (5,)))
    with pytest.raises(
        UnitscopeError, match="net is a Network, a network that reads pictures; give a Generator or a mod"
    ):
        dissected(file, tmp_path / "run", model=unitscope.Network(nn.Identity(), name="net"))
    with pytest.raises(
        UnitscopeError, match="a generator makes pictures instead of reading them; give latents=COUNT"
    ):
        unitscope.dissect(load_generator(f"{file}:shapes"), "world:4", out=tmp_path / "run")
    with pytest.raises(
        UnitscopeError, match=r"generator 'world-vgg' not found; .*a network that reads pictures takes "
    ):
        dissected(file, tmp_path / "run", model="world-vgg")
    with pytest.raises(UnitscopeError, match="'by_class' needs classes, and the latents have none"):
        dissected(file, tmp_path / "run", model=f"{file}:by_class", latents=SeededLatents(4, (6,)))
    assert not (tmp_path / "run").exists()


def test_a_run_is_opened_again_with_everything_it_had(run, file):
    samples = reopen_generated(run)
    assert isinstance(samples, GeneratedSamples)
    assert samples.latents == SeededLatents(COUNT, (6,), SEED)
    assert (samples.generator.range, samples.generator.size, samples.grid) == (
        (-1.0, 1.0),
        (64, 64),
        (64, 64),
    )
    labels, _ = known(samples.generator.module, samples.latents)
    pictures = np.stack([samples.picture(number) for number in range(4)])
    assert (samples.label(pictures)[:, 0] == labels[:4]).all()
    assert reopen_generated(run, "colors").labeller.name == "colors"
    with pytest.raises(UnitscopeError, match="other has other weights than those that"):
        reopen_generated(run, source=f"{file}:other")
    with pytest.raises(UnitscopeError, match="is of a generator, which reads no pictures"):
        reopen_network(run)


def test_another_segmenter_under_the_same_name_is_refused(file, tmp_path):
    copy = write_generator(tmp_path)
    run = dissected(copy, tmp_path / "run", model=f"{file}:shapes")
    copy.write_text(copy.read_text().replace('("red", "green", "blue")', '("green", "red", "blue")'))
    with pytest.raises(
        UnitscopeError, match=r"segmenter three colours is another than the one that .* was labelled with"
    ):
        reopen_generated(run)
    assert reopen_generated(run, f"{file}:colors").vocabulary.concepts[0].name == "red"


def start(file, out, **environment):
    code = "from unitscope.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *dissect_words(file, out, "--latents", "300")],
        env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_killed_run_goes_on_to_the_same_tables(file, tmp_path, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run_cli(monkeypatch, *dissect_words(file, whole, "--latents", "300")) == 0
    process = start(file, broken, NET_SECONDS="0.02")
    deadline = time.monotonic() + 120
    while not list((broken / "shards").glob("*")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert json.loads((broken / "manifest.json").read_text())["status"] == "running"
    assert run_cli(monkeypatch, *dissect_words(file, broken, "--latents", "300")) == 0
    assert_same_run(whole, broken)


def test_a_unit_as_a_classifier_of_generated_pictures(run, file, tmp_path, monkeypatch):
    monkeypatch.setenv("LABELLED", str(tmp_path / "labelled"))
    found = unitscope.classify_unit(run, layer="large", unit=0, concept="red", show=False)
    labels, activations = known(load_generator(f"{file}:shapes").module, SeededLatents(COUNT, (6,), SEED))
    area = (labels == 1).mean(axis=(1, 2))
    peaks = activations["large"][:, 0].max(axis=(1, 2))
    assert np.allclose(found.peaks["area"], area, atol=0)
    assert (found.peaks["peak"] == peaks).all()
    positive = area > 0.05
    assert (found.peaks["positive"] == positive).all()
    pairs = peaks[positive][:, None] - peaks[~positive][None]
    auroc = ((pairs > 0) + 0.5 * (pairs == 0)).mean()
    assert found.scores.auroc.value == pytest.approx(auroc)
    assert 0.5 < auroc < 1
    assert found.scores.generated is True
    assert "24 latents of seed 1" in found.page.read_text()
    assert found.peaks["id"][3] == "seed1/000003"
    assert sum(int(line) for line in (tmp_path / "labelled").read_text().split()) == 2 + COUNT


def test_other_latents_may_be_classified(run, file):
    settings = unitscope.ClassifierSettings(seed=5)
    found = unitscope.classify_unit(
        run, "boxes", 2, unitscope.latents(40), concept="blue|color", settings=settings
    )
    labels, _ = known(load_generator(f"{file}:shapes").module, SeededLatents(40, (6,), 5))
    assert (found.peaks["area"] == (labels == 3).mean(axis=(1, 2))).all()
    again = unitscope.classify_unit(
        run, "boxes", 2, SeededLatents(40, (6,), 5), concept="blue", out=run.path / "again"
    )
    pd.testing.assert_frame_equal(found.peaks, again.peaks)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--positive", "church"), "--positive is for networks that read pictures, and the run in"),
        (("--negative", "church"), "--negative is for networks that read pictures"),
        (("--images", "world:4", "--concept", "red"), "--images is for networks that read pictures"),
        (("--masks", ".", "--concept", "red"), "--masks is for networks that read pictures"),
        ((), "is of a generator; say with --concept which of its pictures are positive"),
        (("--concept", "rd"), "concept 'rd' is not in the vocabulary of the label maps; did you mean 'red'?"),
        (("--concept", "red", "--latents", "0"), "0 latents are none to look at"),
    ],
)
def test_what_makes_no_sense_for_a_generator_is_one_line(run, monkeypatch, capsys, words, message):
    command = ("classify-unit", str(run.path), "--layer", "large", "--unit", "0", "--quiet", *words)
    assert run_cli(monkeypatch, *command) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_importance_is_for_classifiers(run, monkeypatch, capsys):
    assert run_cli(monkeypatch, "importance", str(run.path), "--train", "gone", "--val", "gone") == 2
    said = capsys.readouterr().err
    assert "is of a generator, and importance is about the classes that a classifier tells apart" in said
    assert said.count("\n") == 1


def test_the_report_speaks_of_generated_pictures(run, tmp_path):
    text = write_report(run.path, out=tmp_path / "report").read_text()
    for said in (
        "What the units of shapes draw",
        "24 latents of seed 1",
        "Generated pictures",
        "<dt>Generator</dt>",
    ):
        assert said in text
    assert "Data set" not in text


@pytest.mark.slow
def test_a_real_generator(shared, tmp_path):
    spec = f"{shared / 'models' / 'real_models.py'}:svhn_generator"
    run = unitscope.dissect(
        spec, unitscope.latents(64), "colors", layers=["deconv2"], out=tmp_path / "run", show=False,
        settings=DissectionSettings(replicates=100),
    )  # fmt: skip
    assert run.network.generator.size == (32, 32)
    assert run.settings.grid == (32, 32)
    assert len(run.detectors) > 5


def test_latents_may_have_three_axes_and_fill_several_shards(tmp_path, file):
    torch.manual_seed(0)
    module = nn.Sequential(nn.ConvTranspose2d(5, 8, 4), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 4), nn.Tanh())
    made = []
    module.register_forward_hook(lambda _module, inputs, _output: made.append(len(inputs[0])))
    run = dissected(file, tmp_path / "run", model=module, layers=["1"], concepts="colors", latents=300)
    assert plain(run.network.generator) | {"range": None} == {
        "latent_shape": [5, 1, 1], "range": None, "classes": 0, "size": [16, 16]
    }  # fmt: skip
    assert len(run.units) == 8
    assert made[-75:] == [4] * 75
    assert sum(made[:-75]) == 2 + 2 + 1 + 4 + 1 + 2 + 4 + 1 + 2 * 12
    exemplars = run.table("exemplars").drop_duplicates("sample")
    assert exemplars["sample"].max() >= run.manifest.config["shard_size"]
    assert sorted(exemplars["picture"]) == sorted(
        f"pictures/{path.name}" for path in (run.path / "pictures").iterdir()
    )
    samples = reopen_generated(run, source=module)
    for row in exemplars.head(5).itertuples():
        saved = np.asarray(Image.open(run.path / row.picture)).astype(int)
        assert np.abs(saved - samples.picture(row.sample)).mean() < 12


def test_a_picture_that_was_not_saved_whole_is_made_again(run, tmp_path):
    samples = reopen_generated(run)
    (tmp_path / "pictures").mkdir()
    files = PictureFiles(samples, tmp_path)
    assert files.save(3) == "pictures/000003.jpg"
    whole = (tmp_path / "pictures" / "000003.jpg").read_bytes()
    for left in (b"", whole[: len(whole) // 2]):
        (tmp_path / "pictures" / "000003.jpg").write_bytes(left)
        assert files.save(3) == "pictures/000003.jpg"
        assert (tmp_path / "pictures" / "000003.jpg").read_bytes() == whole
    files.save(4)
    files.keep_only(["pictures/000004.jpg"])
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["000004.jpg"]

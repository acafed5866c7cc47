"""A unit as a classifier: planted answers, halves that do not leak, what is written, and one line for each mistake."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import average_precision_score, balanced_accuracy_score, roc_auc_score
from tiny import run_cli
from torch import nn

import unitscope
from unitscope.errors import UnitscopeError
from unitscope.experiments.classification import measure
from unitscope.experiments.classification.best import price_best
from unitscope.experiments.classification.verdict import halve, judge
from unitscope.models.registry import load_network
from unitscope.report.pages.classification import write_classifier_page
from unitscope.run.classification import price_in_words
from unitscope.run.numbers import Score
from unitscope.run.summaries import LeftOut
from unitscope.stats.ranking import best_threshold

DOCS = Path(__file__).resolve().parents[1] / "docs" / "classify.md"
SIDE = 16
NET = '''"""Unit 0 is the redness of a pixel, unit 1 is constant, unit 2 is NaN where a pixel is pure white."""

import torch
from torch import nn


class Planted(nn.Module):
    def __init__(self, scale=1.0):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.last = nn.Identity()
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.bias.copy_(torch.tensor([0.0, 2.0, 0.0]))
            self.conv.weight[0, :, 0, 0] = scale * torch.tensor([1.0, -1.0, -1.0])

    def forward(self, x):
        y = self.conv(x)
        white = (x.amin(1) > 0.99).unsqueeze(1)
        return self.last(torch.where(white & (torch.arange(3).view(1, 3, 1, 1) == 2), torch.nan, y))


def net():
    return Planted()


def other():
    return Planted(2.0)
'''
COLOURS = {"red": (200, 0, 0), "dark_red": (120, 0, 0), "blue": (0, 0, 200), "green": (0, 200, 0)}


def paint(file: Path, colour: tuple[int, int, int], spots: int = 1) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    picture = np.full((SIDE, SIDE, 3), 10, np.uint8)
    picture[: 4 * spots, :4] = colour
    Image.fromarray(picture).save(file)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with `net.py`, pictures by class, and a finished run."""
    folder = tmp_path_factory.mktemp("classify")
    (folder / "net.py").write_text(NET)
    for name, colour in COLOURS.items():
        for number in range(6):
            shade = tuple(max(0, part - number) for part in colour)
            paint(folder / "classes" / name / f"{number}.png", shade, spots=1 + number % 3)
    shutil.copytree(folder / "classes" / "red", folder / "pictures")
    shutil.copytree(folder / "classes" / "blue", folder / "pictures" / "blue")
    for file in sorted((folder / "pictures").rglob("*.png")):
        mask = folder / "masks" / file.relative_to(folder / "pictures")
        mask.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((np.asarray(Image.open(file))[..., 0] > 100).astype(np.uint8)).save(mask)
    (folder / "labels.txt").write_text("1\tred\tcolor\n2\tnever\tcolor\n")
    unitscope.dissect(
        unitscope.network(f"{folder}/net.py:net", preprocess=f"size={SIDE},mean=0,scale=1"), folder / "pictures",
        unitscope.masks(folder / "masks", folder / "labels.txt"), out=folder / "run", layers=["conv", "last"],
        grid=SIDE, device="cpu",
        settings=unitscope.DissectionSettings(quantile=0.05, replicates=100, batch_size=5),
    )  # fmt: skip
    return folder


FEW = unitscope.ClassifierSettings(replicates=200, mistakes=3)


def ask(place: Path, out: Path, **given: object) -> unitscope.UnitClassification:
    words = {"layer": "conv", "unit": 0, "settings": FEW, "device": "cpu", "out": out, **given}
    return unitscope.classify_unit(place / "run", **words)


# Planted answers.


def test_a_unit_that_is_the_answer_is_never_wrong(place, tmp_path):
    found = ask(
        place, tmp_path / "out", pictures=place / "classes", positive=["red", "dark-red"], negative="blue"
    )
    scores = found.scores
    assert scores.auroc.value == scores.average_precision.value == 1
    assert {score.value for score in vars(scores.held_out).values()} == {1}
    assert scores.held_out.balanced_accuracy == Score(1, 1, 1)
    assert (scores.positive.pictures, scores.negative.pictures) == (12, 6)
    assert set(found.peaks["class"]) == {"red", "dark_red", "blue"}
    peaks = found.peaks.set_index("id")["peak"]
    assert peaks["red/2.png"] == pytest.approx(198 / 255, abs=1e-6)
    assert (found.peaks["predicted"] == found.peaks["positive"]).all()
    mistakes = found.mistakes
    assert len(mistakes) == 0
    assert "No negative picture exceeds the threshold." in found.page.read_text()


def test_a_unit_that_is_constant_says_nothing(place, tmp_path):
    found = ask(place, tmp_path / "out", unit=1, pictures=place / "classes", positive="red")
    assert found.scores.auroc.value == 0.5
    assert found.scores.average_precision.value == pytest.approx(6 / 24)
    assert found.scores.held_out.balanced_accuracy.value == 0.5
    assert (found.scores.negative.name, found.scores.negative.pictures) == ("other classes", 18)


def test_scores_are_those_of_scikit_learn(place, tmp_path):
    found = ask(place, tmp_path / "out", pictures=place / "classes", positive=["red", "blue"])
    truth, peaks = found.peaks["positive"], found.peaks["peak"]
    assert 0 < found.scores.auroc.value < 1
    assert found.scores.auroc.value == pytest.approx(roc_auc_score(truth, peaks))
    assert found.scores.average_precision.value == pytest.approx(average_precision_score(truth, peaks))
    rates, said = found.scores.held_out, found.peaks["predicted"]
    assert rates.recall.value == pytest.approx(said[truth].mean())
    assert rates.true_negative_rate.value == pytest.approx((~said[~truth]).mean())
    assert rates.accuracy.value == pytest.approx((said == truth).mean())
    level = found.scores.thresholds.run
    assert found.scores.run_threshold.recall.value == pytest.approx((peaks[truth] > level).mean())
    for score in (found.scores.auroc, *vars(rates).values()):
        assert score.low <= score.value <= score.high


def test_the_threshold_of_the_run_is_that_of_its_units_table(place, tmp_path):
    found = ask(place, tmp_path / "out", pictures=place / "classes", positive="red")
    units = unitscope.open_run(place / "run").units
    assert found.scores.thresholds.run == float(units.loc[units["unit"] == 0, "threshold"].iloc[0])
    assert (found.scores.concept, found.scores.unit) == ("red", 0)


def test_a_concept_decides_by_the_area_it_covers(place, tmp_path):
    says = {
        "pictures": place / "pictures",
        "concepts": unitscope.masks(place / "masks", place / "labels.txt"),
    }
    found = ask(place, tmp_path / "out", concept="red", **says)
    areas = found.peaks.set_index("id")["area"]
    assert areas["0.png"] == 16 / SIDE**2
    assert areas["2.png"] == 48 / SIDE**2
    assert areas["blue/2.png"] == 0
    assert (found.peaks["positive"] == (found.peaks["area"] > 0.05)).all()
    assert found.scores.min_area == 0.05
    small = unitscope.ClassifierSettings(replicates=200, min_area=0.15)
    assert (
        ask(place, tmp_path / "small", concept="red|color", settings=small, **says).peaks["positive"].sum()
        == 2
    )
    with pytest.raises(UnitscopeError, match=r"concept 'rde' is not in the vocabulary .* did you mean 'red'"):
        ask(place, tmp_path / "out", concept="rde", **says)
    with pytest.raises(
        UnitscopeError, match=r"covers no more than 0 % .*give another min_area= or other pictures"
    ):
        ask(place, tmp_path / "never", concept="never", **says)
    assert not (tmp_path / "never").exists()


def test_the_world_knows_its_scenes_and_its_concepts(tmp_path):
    settings = unitscope.DissectionSettings(replicates=100)
    run = unitscope.dissect(
        "world-vgg", "world:24", out=tmp_path / "run", layers=["relu4_3"], settings=settings
    )
    words = {
        "layer": "relu4_3",
        "unit": 3,
        "pictures": "world:40:test:bedroom,kitchen,street,coast",
        "settings": FEW,
    }
    scene = unitscope.classify_unit(run, positive=["bedroom", "kitchen"], **words)
    of_class = scene.peaks["class"].isin(["bedroom", "kitchen"])
    assert (scene.peaks["positive"] == of_class).all()
    assert scene.path == tmp_path / "run" / "classify" / "relu4_3-3-bedroom-kitchen"
    concept = unitscope.classify_unit(run, concept="sky|object", **words)
    assert concept.peaks["positive"].any()
    assert (concept.peaks["peak"].to_numpy() == scene.peaks["peak"].to_numpy()).all()


# Halves and intervals.


def test_halves_hold_as_many_of_every_group_and_class():
    generator = np.random.default_rng(0)
    positive = generator.random(101) < 0.3
    classes = [f"c{number}" for number in generator.integers(0, 7, 101)]
    half = halve(positive, classes)
    frame = pd.DataFrame({"positive": positive, "class": classes, "half": half})
    for by in (["positive"], ["positive", "class"]):
        counts = frame.groupby([*by, "half"]).size().unstack(fill_value=0)
        assert (counts[0] - counts[1]).abs().max() <= 1
    alone = halve(np.arange(20) < 8, [f"one{number:02d}" for number in range(20)])
    assert (alone[:8].sum(), alone[8:].sum()) == (4, 6)
    assert halve(positive, [None] * 101).sum() in (50, 51)


def test_a_half_is_judged_by_what_was_chosen_without_it():
    generator = np.random.default_rng(1)
    positive = np.arange(80) % 4 == 0
    half = halve(positive, [None] * 80)
    peaks = (generator.normal(size=80) + positive).astype(np.float32)
    words = {"run_threshold": 0.0, "replicates": 100, "seed": 0}
    before = judge(peaks, positive, half, np.arange(80), **words)
    assert before.thresholds[0] != before.thresholds[1]
    for own in (0, 1):
        changed = peaks.copy()
        changed[half == own] = generator.permutation(changed[half == own]) * 3 - 1
        after = judge(changed, positive, half, np.arange(80), **words)
        assert after.thresholds[own] != before.thresholds[own]
        assert after.thresholds[1 - own] == before.thresholds[1 - own]
        assert (after.predicted[half == own] == (changed[half == own] > before.thresholds[1 - own])).all()


def test_the_best_threshold_of_noise_is_no_better_than_chance_held_out():
    generator = np.random.default_rng(2)
    found = []
    for number in range(40):
        positive = np.arange(30) % 2 == 0
        peaks = generator.normal(size=30).astype(np.float32)
        verdict = judge(
            peaks, positive, halve(positive, [None] * 30), np.arange(30),
            run_threshold=0, replicates=100, seed=number,
        )  # fmt: skip
        found.append(verdict.scores.held_out.balanced_accuracy.value)
    assert abs(np.mean(found) - 0.5) < 0.05


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    generator = np.random.default_rng(3)
    truth, inside = 0.7602499389065233, 0  # P[N(1, 1) > N(0, 1)]
    for number in range(60):
        positive = np.arange(120) % 3 == 0
        peaks = (generator.normal(size=120) + positive).astype(np.float32)
        auroc = judge(
            peaks, positive, halve(positive, [None] * 120), np.arange(120) + 1000 * number,
            run_threshold=0, replicates=300, seed=0,
        ).scores.auroc  # fmt: skip
        inside += auroc.low <= truth <= auroc.high
    assert inside >= 52


# The best of all units.


def price(peaks, positive, **told):
    half = halve(positive, [None] * len(positive))
    given = {"concepts": [None] * peaks.shape[1], "replicates": 200, "seed": 0, **told}
    return price_best(peaks, positive, half, np.arange(len(positive)), **given)


def test_the_best_unit_is_that_of_a_naive_loop_over_both_halves():
    generator = np.random.default_rng(4)
    positive = np.arange(90) % 3 == 0
    shift = np.linspace(0, 1, 300)
    peaks = (generator.normal(size=(90, 300)) + positive[:, None] * shift).round(1).astype(np.float32)
    half = halve(positive, [None] * 90)
    expected = {name: [] for name in ("auroc", "average_precision", "balanced_accuracy")}
    units = []
    for chosen in (0, 1):
        on = half == chosen
        units.append(int(np.argmax([roc_auc_score(positive[on], each) for each in peaks[on].T])))
        values = peaks[:, units[-1]].astype(float)
        level = best_threshold(values[on], positive[on])
        both = [
            (
                roc_auc_score(positive[part], values[part]),
                average_precision_score(positive[part], values[part]),
                balanced_accuracy_score(positive[part], values[part] > level),
            )
            for part in (on, ~on)
        ]
        for name, own, other in zip(expected, *both, strict=True):
            expected[name].append((own, other, own - other))
    found = price(peaks, positive)
    assert list(found.units) == units
    assert found.among == 300
    for name, ways in expected.items():
        scores = getattr(found, name)
        for score, value in zip(
            (scores.choosing, scores.held_out, scores.price), np.mean(ways, axis=0), strict=True
        ):
            assert score.value == pytest.approx(value, abs=1e-12)
            assert score.low <= score.value <= score.high


def test_the_price_is_what_noise_seems_to_know():
    generator = np.random.default_rng(5)
    positive = np.arange(60) % 2 == 0
    found = [
        price(generator.normal(size=(60, 200)).astype(np.float32), positive, replicates=100).auroc
        for _ in range(20)
    ]
    assert min(each.choosing.value for each in found) > 0.7
    assert abs(np.mean([each.held_out.value for each in found]) - 0.5) < 0.05
    assert min(each.price.value for each in found) > 0


def test_a_unit_that_knows_is_chosen_by_both_halves_at_no_price():
    generator = np.random.default_rng(6)
    positive = np.arange(60) % 2 == 0
    peaks = generator.normal(size=(60, 200)).astype(np.float32)
    peaks[:, 17] = positive
    peaks[3, 5] = np.nan
    found = price(peaks, positive, concepts=[f"c{unit}" for unit in range(200)])
    assert (found.units, found.concepts, found.among) == ((17, 17), ("c17", "c17"), 199)
    assert found.auroc.held_out == Score(1, 1, 1)
    assert found.balanced_accuracy.price == Score(0, 0, 0)
    assert price(np.full((60, 2), np.nan, np.float32), positive) is None


def test_halves_of_one_picture_have_no_interval_and_groups_of_one_no_best_unit():
    peaks = np.random.default_rng(7).normal(size=(20, 5)).astype(np.float32)
    few = price(peaks, np.arange(20) < 3).auroc
    assert few.price.low is None
    assert few.price.value == pytest.approx(few.choosing.value - few.held_out.value)
    assert price(peaks, np.arange(20) < 1) is None


def test_the_best_unit_is_said_in_the_terminal_and_on_the_page(place, tmp_path):
    found = ask(place, tmp_path / "out", unit=1, pictures=place / "classes", positive=["red", "dark-red"])
    best = found.scores.best
    assert (best.units, best.concepts) == ((0, 0), ("red", "red"))
    assert best.auroc.held_out.value == pytest.approx(1)
    assert found.scores.auroc.value == 0.5, "the unit that was asked about is constant"
    assert "best of 3 units by AUROC on either half of the pictures: 0 (red)" in repr(found)
    assert (
        "AUROC 1.000 (1.000 to 1.000): both halves choose it, so no price of the choice is to be seen"
        in repr(found)
    )
    said = price_in_words(replace(best, units=(0, 1)))
    assert "AUROC where chosen 1.000 (1.000 to 1.000), on the other half 1.000" in said
    assert said.endswith(": the choice costs 0.000 (0.000 to 0.000)")
    page = found.page.read_text()
    assert "best of 3 units by AUROC on either half of the pictures: 0 (red)" in page
    assert "Price of choosing" in page


def test_an_answer_of_an_earlier_version_opens_without_a_best_unit(place, tmp_path):
    found = ask(place, tmp_path / "out", pictures=place / "classes", positive="red")
    file = found.path / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest["summary"]["best"], manifest["checksum"]
    file.write_text(json.dumps(manifest))
    earlier = unitscope.UnitClassification.open(found.path)
    assert earlier.scores.best is None
    assert "best of" not in repr(earlier)
    assert "The best of all units" not in write_classifier_page(earlier).read_text()


def test_the_same_question_has_the_same_answer(place, tmp_path):
    words = {"pictures": place / "classes", "positive": ["red", "blue"]}
    one, two = (ask(place, tmp_path / name, **words).path for name in ("one", "two"))
    for name in ("tables/peaks.parquet", "tables/mistakes.parquet", "report/index.html"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    assert unitscope.UnitClassification.open(one).scores == unitscope.UnitClassification.open(two).scores


def test_an_interrupted_reading_goes_on_where_it_was(place, tmp_path, monkeypatch, pieces_of):
    given = {"pictures": place / "classes", "positive": ["red"], "negative": ["blue", "green"]}
    whole = ask(place, tmp_path / "whole", **given)
    pieces_of(1)
    read, numbers = measure.read_peaks, []

    def interrupt(reader, plan, piece):
        if len(numbers) == 10:
            raise KeyboardInterrupt
        numbers.extend(piece.pictures)
        return read(reader, plan, piece)

    monkeypatch.setattr(measure, "read_peaks", interrupt)
    with pytest.raises(KeyboardInterrupt):
        ask(place, tmp_path / "out", **given)
    numbers.clear()
    found = ask(place, tmp_path / "out", **given)
    assert len(numbers) == 18 - 10  # the pictures of two batches were not read again
    assert found.scores == whole.scores
    pd.testing.assert_frame_equal(found.peaks, whole.peaks)


def test_a_group_of_one_has_scores_without_intervals(place, tmp_path):
    paint(tmp_path / "lone" / "x.png", COLOURS["red"])
    found = ask(place, tmp_path / "out", positive=tmp_path / "lone", negative=place / "classes" / "blue")
    assert found.scores.auroc == Score(1.0)
    assert found.scores.held_out is None
    assert found.scores.thresholds.first_half is None
    assert "a group of one picture cannot be halved" in found.scores.note
    assert found.scores.note in repr(found)
    assert found.scores.note in found.page.read_text()


# What is written.


def test_tables_have_the_columns_that_the_documents_describe(place, tmp_path):
    found = ask(place, tmp_path / "out", pictures=place / "classes", positive="blue")
    sections = dict(
        re.findall(r"^### (\w+):.*?\n(.*?)(?=^### |\Z)", DOCS.read_text(), re.DOTALL | re.MULTILINE)
    )
    assert sections.keys() == {"peaks", "mistakes"}
    for name, text in sections.items():
        cells = re.findall(r"^\| ([a-z_, ]+) \|", text, flags=re.MULTILINE)
        described = [column for cell in cells for column in cell.split(", ") if column != "column"]
        table = found.table(name)
        assert described == list(table.columns), name
    for column, kind in re.findall(
        r"^\| (\w+) \| (int32|int8|float32|float64|bool) \|", sections["peaks"], re.M
    ):
        assert found.peaks[column].dtype == kind, column


def test_the_page_shows_the_mistakes_and_needs_nothing_else(place, tmp_path):
    found = ask(
        place, tmp_path / "out", pictures=place / "classes", positive=["red", "blue"], negative="dark_red"
    )
    page = found.page.read_text()
    assert "http" not in re.sub(r'xmlns(:\w+)?="http[^"]+"', "", page)
    images = re.findall(r'<img src="([^"]+)"[^>]*alt="([^"]+)"', page)
    assert 0 < len(images) == page.count("<img ")
    for file, alt in images:
        assert (found.page.parent / file).is_file()
        assert alt
    mistakes = found.mistakes
    truth = found.peaks.set_index("id").loc[mistakes["id"]]
    assert (truth["positive"].to_numpy() == (mistakes["kind"] == "miss").to_numpy()).all()
    assert (truth["positive"] != truth["predicted"]).all()
    for kind, falling in (("false alarm", True), ("miss", False)):
        peaks = mistakes.loc[mistakes["kind"] == kind, "peak"]
        assert peaks.is_monotonic_decreasing if falling else peaks.is_monotonic_increasing
        assert len(peaks) <= FEW.mistakes


def test_names_from_the_data_are_text_on_the_page(place, tmp_path):
    paint(tmp_path / "<b>&amp;" / "<img src=x>.png", COLOURS["red"])
    paint(tmp_path / "<b>&amp;" / "y.png", COLOURS["blue"])
    found = ask(place, tmp_path / "out", positive=tmp_path / "<b>&amp;", negative=place / "classes" / "red")
    page = found.page.read_text()
    assert "<b>" not in page
    assert "<img src=x>" not in page


def test_another_question_has_another_folder_and_nothing_else_is_replaced(place, tmp_path):
    words = {"pictures": place / "classes", "positive": "red"}
    first = ask(place, None, **words)
    assert first.path == place / "run" / "classify" / "conv-0-red"
    other = ask(place, None, negative="green", **words)
    assert other.path == first.path.with_name("conv-0-red-against-green")
    assert other.scores.negative.pictures == 6
    assert [each.path for each in unitscope.UnitClassification.find(place / "run")] == [
        first.path,
        other.path,
    ]
    with pytest.raises(UnitscopeError, match=r"another configuration \(settings.mistakes: 3 there, 2 now\)"):
        ask(place, None, **words, settings=unitscope.ClassifierSettings(replicates=200, mistakes=2))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(UnitscopeError, match=r"is not empty and holds no run .it has 'thesis.txt'.; give"):
        ask(place, tmp_path / "mine", **words)


# The network of the run.


def test_other_weights_are_refused(place, tmp_path):
    words = {"pictures": place / "classes", "positive": "red"}
    with pytest.raises(
        UnitscopeError, match=r"other has other weights than those that .*/run was dissected with"
    ):
        ask(place, tmp_path / "out", network=f"{place}/net.py:other", **words)
    assert not (tmp_path / "out").exists()
    again = ask(place, tmp_path / "out", network=f"{place}/net.py:net", **words)
    assert again.scores.auroc.value == ask(place, tmp_path / "out", **words).scores.auroc.value


def test_a_network_from_memory_must_be_given_again_and_is_left_as_it_was(place, tmp_path):
    module = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Dropout()).train()
    says = unitscope.masks(place / "masks", place / "labels.txt")
    network = unitscope.network(module, preprocess=f"size={SIDE}")
    assert module.training
    run = unitscope.dissect(network, place / "pictures", says, out=tmp_path / "run", layers=["0"])
    assert module.training
    words = {"layer": "0", "unit": 1, "pictures": place / "classes", "positive": "red", "settings": FEW}
    with pytest.raises(UnitscopeError, match="does not say where its network 'Sequential' came from"):
        unitscope.classify_unit(run, **words)
    assert unitscope.classify_unit(run, network=module, **words).page.is_file()
    assert module.training


def test_a_control_is_reinitialized_again(place, tmp_path):
    network = unitscope.network(f"{place}/net.py:net", preprocess=f"size={SIDE}", reinitialize=4)
    says = unitscope.masks(place / "masks", place / "labels.txt")
    run = unitscope.dissect(network, place / "pictures", says, out=tmp_path / "run", layers=["conv"])
    words = {"layer": "conv", "unit": 1, "pictures": place / "classes", "positive": "red", "settings": FEW}
    scores = unitscope.classify_unit(run, **words).scores
    for again in (network, f"{place}/net.py:net"):
        assert unitscope.classify_unit(run, network=again, **words).scores == scores


def test_a_file_of_weights_is_remembered(place, tmp_path):
    file = tmp_path / "weights.pth"
    torch.save(load_network(f"{place}/net.py:other").module.state_dict(), file)
    says = unitscope.masks(place / "masks", place / "labels.txt")
    network = unitscope.network(f"{place}/net.py:net", preprocess=f"size={SIDE}", weights=file)
    run = unitscope.dissect(network, place / "pictures", says, out=tmp_path / "run", layers=["conv"])
    words = {"layer": "conv", "unit": 0, "pictures": place / "classes", "positive": "red", "settings": FEW}
    before = unitscope.classify_unit(run, **words).scores
    moved = file.rename(tmp_path / "moved.pth")
    with pytest.raises(
        UnitscopeError, match=r"made with the weights '.*weights.pth', which are gone; give them"
    ):
        unitscope.classify_unit(run, **words)
    again = unitscope.network(f"{place}/net.py:net", weights=moved)
    assert unitscope.classify_unit(run, network=again, **words).scores == before


def test_a_network_that_has_moved_says_which_run_wants_it(place, tmp_path):
    for name in ("net.py", "run"):
        (shutil.copytree if name == "run" else shutil.copy)(place / name, tmp_path / name)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    manifest |= {"model": manifest["model"] | {"spec": "gone.py:net"}, "checksum": ""}
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(
        UnitscopeError, match=r"gone.py.* \(the run in .*/run names it; network= gives another\)"
    ):
        ask(tmp_path, tmp_path / "out", pictures=place / "classes", positive="red")


# Mistakes of the person.


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"layer": "cnov"}, "layer 'cnov' is not in .*; did you mean 'conv'?"),
        ({"unit": 3}, "unit 3 is not in layer 'conv', which has 3 units; give a number from 0 to 2"),
        ({"positive": "rde"}, r"'rde' is no class of .*/classes and no folder; did you mean 'red'"),
        ({"positive": ()}, "no positive pictures; give positive="),
        ({"negative": "red"}, "'red' is among the positive and the negative pictures"),
        ({"positive": list(COLOURS)}, "no negative pictures: the positive ones are all classes"),
        ({"pictures": ()}, "no negative pictures; give negative="),
        (
            {"pictures": (), "negative": "nowhere"},
            "picture folder 'red' does not exist; give the path of a folder, or pictures= with",
        ),
        ({"concept": "red"}, "concept='red' says which pictures are positive; leave positive="),
        ({"concepts": "colors"}, "concepts= goes with concept=, which is not given"),
        ({"pictures": ["world:9", "world:8"]}, "classes are taken from one pictures=, and 2 are given"),
        ({"device": "warp"}, "device 'warp' cannot be used"),
        ({"network": "nowhere.py:net"}, "nowhere.py"),
    ],
)
def test_questions_that_cannot_be_asked_are_one_line(place, tmp_path, given, said):
    words = {"pictures": place / "classes", "positive": "red", **given}
    with pytest.raises(UnitscopeError, match=said) as caught:
        ask(place, tmp_path / "out", **words)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["min_area", "replicates", "seed", "mistakes"])
def test_settings_that_cannot_be_are_one_line(name):
    with pytest.raises(UnitscopeError, match=f"{name} is -1; it must be"):
        unitscope.ClassifierSettings(**{name: -1})


def test_a_concept_needs_something_that_shows_it(place, tmp_path):
    with pytest.raises(UnitscopeError, match="nothing says what the pictures show"):
        ask(place, tmp_path / "out", concept="red", pictures=place / "pictures")


def test_pictures_that_do_not_open_are_left_out_and_listed(place, tmp_path):
    shutil.copytree(place / "classes", tmp_path / "classes")
    (tmp_path / "classes" / "red" / "9.png").write_bytes(b"")
    found = ask(place, tmp_path / "out", pictures=tmp_path / "classes", positive="red")
    assert found.scores.skipped == (LeftOut("red/9.png", "the file is empty"),)
    assert "1 picture was skipped" in repr(found)
    assert "red/9.png" in found.page.read_text()
    for file in (tmp_path / "classes" / "red").iterdir():
        file.write_bytes(b"junk")
    with pytest.raises(UnitscopeError, match="none of the pictures of red could be read"):
        ask(place, tmp_path / "junk", pictures=tmp_path / "classes", positive="red")


def test_an_activation_that_is_not_finite_names_its_picture(place, tmp_path):
    paint(tmp_path / "white" / "w.png", (255, 255, 255))
    words = {"positive": tmp_path / "white", "negative": place / "classes" / "blue"}
    with pytest.raises(
        UnitscopeError, match=r"unit 2 is not finite \(NaN or infinite\) on picture '.*white/w.png'"
    ):
        ask(place, tmp_path / "out", layer="last", unit=2, **words)
    assert ask(place, tmp_path / "out", unit=0, **words).page.is_file()


def test_a_word_that_may_be_two_classes_is_one_line(place, tmp_path):
    for name in ("n00000001_crane", "n00000002_crane", "other"):
        paint(tmp_path / "classes" / name / "x.png", COLOURS["red"])
    with pytest.raises(
        UnitscopeError, match="'crane' may be the class 'n00000001_crane' and 'n00000002_crane'; write"
    ):
        ask(place, tmp_path / "out", pictures=tmp_path / "classes", positive="crane")


def test_a_place_that_cannot_be_written_is_one_line(place, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UnitscopeError, match=r"cannot write|is a file; give out="):
            ask(place, out, pictures=place / "classes", positive="red")


def test_a_run_that_is_not_finished_is_one_line(place, tmp_path):
    shutil.copytree(place / "run", tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    (tmp_path / "run" / "manifest.json").write_text(
        json.dumps({**manifest, "status": "running", "checksum": ""})
    )
    with pytest.raises(
        UnitscopeError, match=r"is not finished; run the same unitscope\.dissect command again"
    ):
        unitscope.classify_unit(
            tmp_path / "run", layer="conv", unit=0, positive="red", pictures=place / "classes"
        )


# The command.


def test_the_command_prints_a_summary_or_json(place, tmp_path, monkeypatch, capsys):
    words = ["classify-unit", str(place / "run"), "--layer", "conv", "--unit", "0", "--images", str(place / "classes"),
             "--positive", "red", "--replicates", "200", "--device", "cpu", "--out", str(tmp_path / "out")]  # fmt: skip
    assert run_cli(monkeypatch, *words) == 0
    said = capsys.readouterr()
    assert said.err == ""
    lines = said.out.splitlines()
    assert lines[0] == (
        "Unit 0 of conv as a classifier: red (6 pictures) against other classes (18 pictures)"
    )
    assert lines[1].startswith("  AUROC 1.000 (1.000 to 1.000), average precision 1.000")
    assert f"page: {tmp_path}/out/report/index.html" in lines
    assert lines[-1].startswith("next: unitscope ")
    assert run_cli(monkeypatch, *words, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["auroc"]["value"] == 1
    assert "unitscope classify-unit" in (tmp_path / "out" / "report" / "index.html").read_text()
    assert run_cli(monkeypatch, *words[:5], "7", *words[6:]) == 2
    assert capsys.readouterr().err.startswith("unitscope: unit 7 is not in layer 'conv'")


def test_a_trained_network_tells_mountains_from_bedrooms(shared, tmp_path):
    data, scenes = shared / "data" / "places_objects" / "val", shared / "data" / "places96" / "val"
    for part, ending in (("images", ".jpg"), ("annotations", ".png")):
        (tmp_path / part).mkdir()
        for file in sorted((data / part).glob(f"*{ending}"))[:12]:
            shutil.copy(file, tmp_path / part)
    for name in ("mountain", "bedroom"):
        (tmp_path / "scenes" / name).mkdir(parents=True)
        for file in sorted((scenes / name).iterdir())[:16]:
            shutil.copy(file, tmp_path / "scenes" / name)
    run = unitscope.dissect(
        unitscope.network(
            f"{shared}/models/real_models.py:squeezenet_places365",
            preprocess="size=192,channels=bgr,range=0:255,mean=104.05:112.51:116.68,scale=255",
        ),
        tmp_path / "images",
        unitscope.masks(tmp_path / "annotations", shared / "data" / "places_objects" / "labels.txt"),
        out=tmp_path / "run", layers=["fire9"], device="cpu", replicates=100,
    )  # fmt: skip
    found = unitscope.classify_unit(
        run,
        layer="fire9",
        unit=270,
        pictures=tmp_path / "scenes",
        positive="mountain",
        device="cpu",
        settings=FEW,
    )
    assert found.scores.auroc.value > 0.8

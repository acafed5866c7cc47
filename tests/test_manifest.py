"""Manifests are read as what wrote them: those of before, those that are written now, and those that were damaged."""

import dataclasses
import json
from pathlib import Path

import pytest

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.samples import Content
from unitscope.run.classification import UnitClassification
from unitscope.run.dissection import Dissection
from unitscope.run.effects import Insertion, Ranking, Removal
from unitscope.run.folder import RunFolder
from unitscope.run.importance import Importance
from unitscope.run.manifest import Manifest, plain
from unitscope.run.numbers import Score

BEFORE = json.loads((Path(__file__).parent / "data" / "manifests-0.2.json").read_text(encoding="utf-8"))
"""Manifests as they were written when summaries were not typed, by kind."""
QUESTIONS = (UnitClassification, Importance, Removal, Insertion, Ranking)


def opened(kind, path, manifest):
    path.mkdir(exist_ok=True)
    (path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return kind.open(path)


def holds(now, before):
    """Whether everything that was there is there, entry by entry; a later version may say more."""
    if isinstance(before, dict) and isinstance(now, dict):
        return all(name in now and holds(now[name], value) for name, value in before.items())
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return all(map(holds, now, before))
    return now == before


@pytest.mark.parametrize("kind", QUESTIONS, ids=lambda kind: kind.kind)
def test_summaries_of_before_are_read_and_written_as_they_were(kind, tmp_path):
    before = BEFORE[kind.kind]
    found = opened(kind, tmp_path / "before", before)
    assert isinstance(found.summary, kind.outcome)
    assert holds(plain(found.summary), before["summary"])
    assert found.configuration_hash == Manifest.new(kind.kind, before["config"]).configuration_hash
    Manifest.new(kind.kind, {}).write(tmp_path)
    RunFolder(tmp_path).complete(summary=found.summary)
    assert kind.open(tmp_path).summary == found.summary
    assert holds(json.loads((tmp_path / "manifest.json").read_text())["summary"], before["summary"])


@pytest.mark.parametrize("kind", ["dissection", "dissection of a generator"])
def test_dissections_of_before_are_read_and_written_as_they_were(kind, tmp_path):
    before = BEFORE[kind]
    found = opened(Dissection, tmp_path, before)
    assert holds(plain(found.settings), before["settings"])
    assert holds(plain(ReadingPlan.of(found)), before["plan"])
    content = plain(found.said("config", Content))
    assert content == {name: before["config"][name] for name in content}
    assert holds(plain(found.manifest), before)


@pytest.mark.parametrize("kind", QUESTIONS, ids=lambda kind: kind.kind)
def test_a_summary_with_a_field_that_is_missing_or_wrong_is_refused_in_one_line(kind, tmp_path):
    manifest = BEFORE[kind.kind]
    for field in dataclasses.fields(kind.outcome):
        name, needed = field.name, field.default is dataclasses.MISSING
        left = {key: value for key, value in manifest["summary"].items() if key != name}
        for summary in (left, {**manifest["summary"], name: {"other": 1}}):
            if (name == "settings" and summary is not left) or (summary is left and not needed):
                continue  # any object will do; what came later may be missing
            found = opened(kind, tmp_path, {**manifest, "summary": summary})
            with pytest.raises(
                UnitscopeError, match=rf"manifest\.json is damaged \(.*`\$?\.?{name}.*\)"
            ) as error:
                repr(found)
            assert "\n" not in str(error.value)


def test_a_score_has_no_numbers_that_are_not_finite():
    assert Score.of(0.25, float("nan"), float("inf")) == Score(0.25)
    assert Score.of(0.25, 0, 1) == Score(0.25, 0.0, 1.0)
    assert plain(Score.of(float("nan"))) == {"value": None, "low": None, "high": None}

"""What an experiment can be told, written once."""

import re
from dataclasses import fields

import numpy as np
import pytest

from unitscope.errors import UnitscopeError, speaking
from unitscope.experiments.attack.settings import AttackSettings
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
from unitscope.experiments.importance.settings import ImportanceSettings
from unitscope.experiments.shape.settings import ShapeSettings
from unitscope.run.manifest import SettingsRecord

ALL = (
    AttackSettings,
    ClassifierSettings,
    DissectionSettings,
    ImportanceSettings,
    InsertionSettings,
    RankingSettings,
    RemovalSettings,
    ShapeSettings,
)


def test_settings_given_win():
    given = RemovalSettings("tree", units=(5,))
    assert RemovalSettings.of(given, {}) == given
    assert RemovalSettings.of(given, {"concept": "tree", "seed": 2}).units == (5,)


def test_what_is_said_twice_and_differently_is_refused():
    given = RemovalSettings("tree", units=(5,))
    assert RemovalSettings.of(given, {"units": "5"}) == given
    with pytest.raises(UnitscopeError, match=r"units is \(6,\) and, in settings, \(5,\); give it once"):
        RemovalSettings.of(given, {"units": 6})


def test_an_unknown_name_is_refused():
    with pytest.raises(UnitscopeError, match=r"there is no setting 'unit';.*did you mean 'units'"):
        RemovalSettings.of(None, {"concept": "tree", "unit": 5})
    with pytest.raises(UnitscopeError, match="concept is not given"):
        RemovalSettings.of(None, {})
    with pytest.raises(UnitscopeError, match=r"settings are RankingSettings; give RemovalSettings\(\.\.\.\)"):
        RemovalSettings.of(RankingSettings(), {})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"latents": "20"}, "latents is '20'; it must be a whole number or none, 1 or more"),
        ({"latents": 2.5}, "latents is 2.5; it must be a whole number or none"),
        ({"seed": True}, "seed is True; it must be a whole number"),
        ({"min_new": "much"}, "min_new is 'much'; it must be a number, a fraction"),
        ({"min_new": float("nan")}, "min_new is nan; it must be a number, a fraction"),
        ({"concept": 3}, "concept is 3; it must be text"),
        ({"context": 3}, "context is 3; it must be text or none"),
    ],
)
def test_a_value_of_another_type_is_one_line(given, said):
    with pytest.raises(UnitscopeError, match=re.escape(said)):
        InsertionSettings.of(None, {"concept": "door", **given})


def test_words_that_are_not_offered_are_refused():
    with pytest.raises(UnitscopeError, match="border is 3; it must be edge or zeros"):
        DissectionSettings(border=3)


def test_numbers_of_numpy_are_numbers():
    found = DissectionSettings(top=np.int64(7), quantile=np.float32(0.5), min_iou=0)
    assert type(found.top) is int
    assert (found.top, found.quantile, found.min_iou) == (7, 0.5, 0.0)
    assert type(found.quantile) is type(found.min_iou) is float


WRONG = (-3, -0.5, 0, "no such word", "2:1", 1e12, 7.5, ("x",), 3)


@pytest.mark.parametrize(
    ("settings", "name", "option"),
    [
        (each, field.name, (field.metadata["about"].option or field.name.replace("_", "-")).split()[0])
        for each in ALL
        for field in fields(each)
    ],
)
def test_every_setting_is_called_as_it_was_given(settings, name, option):
    """By its keyword in Python, by its option in a terminal; and some value of every setting but words is refused."""
    required = {"concept": "door"} if "concept" in {field.name for field in fields(settings)} else {}
    said = {"python": [], "terminal": []}
    for language, lines in said.items():
        for value in WRONG:
            with speaking(language):
                try:
                    settings(**{**required, name: value})
                except UnitscopeError as error:
                    lines.append(str(error))
    assert len(said["python"]) == len(said["terminal"])
    assert said["python"] or name in ("target", "curve")
    assert all(re.match(rf"{name}( is |=)", line) for line in said["python"]), said["python"]
    assert all(line.startswith((f"--{option} is ", f"--{option} ")) for line in said["terminal"]), said[
        "terminal"
    ]


def test_a_terminal_names_the_option_that_was_given():
    with speaking("terminal"), pytest.raises(UnitscopeError, match=r"^--min-iou is 4\.0; it must be"):
        DissectionSettings(min_iou=4.0)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_setting_says_what_it_means(kind):
    for each in fields(kind):
        assert each.metadata["about"].help.endswith("."), each.name


def test_a_manifest_says_every_setting_that_decides_labels():
    known = {each.name for each in fields(SettingsRecord)}
    assert set(DissectionSettings().deciding()) <= known
    assert known - set(DissectionSettings().deciding()) == {"grid", "grid_of", "scores"}


def test_only_what_decides_is_part_of_the_configuration():
    assert "cache_budget" not in DissectionSettings().deciding()
    assert (
        InsertionSettings("door", level="0.995", locations="16:random").deciding()["level"]
        == "quantile 0.995"
    )

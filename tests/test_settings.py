"""What an experiment can be told, written once."""

from dataclasses import fields

import pytest

from unitscope.errors import UnitscopeError
from unitscope.experiments.classification.settings import ClassifierSettings
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.effects.settings import InsertionSettings, RankingSettings, RemovalSettings
from unitscope.experiments.importance.settings import ImportanceSettings

ALL = (
    ClassifierSettings,
    DissectionSettings,
    ImportanceSettings,
    InsertionSettings,
    RankingSettings,
    RemovalSettings,
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


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_setting_says_what_it_means(kind):
    for each in fields(kind):
        assert each.metadata["about"].help.endswith("."), each.name


def test_only_what_decides_is_part_of_the_configuration():
    assert "cache_budget" not in DissectionSettings().deciding()
    assert (
        InsertionSettings("door", level="0.995", locations="16:random").deciding()["level"]
        == "quantile 0.995"
    )

"""Choosing units of a run, and two runs side by side."""

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from unitscope.errors import UnitscopeError
from unitscope.run.comparison import by_depth, compare, concepts_by_run
from unitscope.run.manifest import NetworkRecord
from unitscope.run.selection import select_units

CATEGORIES = {"sky": "object", "sea": "object", "red": "color"}


def make_run(units, *, path="run", min_iou=0.04):
    """A run of units ``(layer, concept or None, iou)``; its vocabulary is `CATEGORIES`."""
    numbers = {}
    rows = []
    for layer, concept, iou in units:
        unit = numbers[layer] = numbers.get(layer, -1) + 1
        rows.append(
            (layer, unit, concept, CATEGORIES.get(concept), iou, iou >= min_iou and concept is not None)
        )
    table = pd.DataFrame(rows, columns=["layer", "unit", "concept", "category", "iou", "detector"])
    table = table.astype({"concept": "string", "category": "string"})
    counts = [
        {
            "layer": layer,
            "position": position,
            "category": category,
            "units": size + 1,
            "detectors": len(chosen),
            "concepts": chosen["concept"].nunique(),
        }
        for position, (layer, size) in enumerate(numbers.items())
        for category in ("all", "object", "color")
        for chosen in [
            table[
                table["detector"]
                & (table["layer"] == layer)
                & (table["category"].eq(category) | (category == "all"))
            ]
        ]
    ]
    names = pd.DataFrame({"name": list(CATEGORIES), "category": list(CATEGORIES.values())})
    return SimpleNamespace(
        path=Path(path),
        address=path,
        units=table,
        layers=pd.DataFrame(counts),
        concepts=names,
        detectors=table[table["detector"]],
        network=NetworkRecord(name="net", weights_hash="", aliases={"last": "late"}),
    )


@pytest.fixture
def run():
    return make_run(
        [
            ("late", "sky", 0.2),
            ("late", None, 0.0),
            ("late", "red", 0.03),
            ("early", "red", 0.5),
            ("early", "sky", 0.2),
        ]
    )


def chosen(run, **conditions):
    return [(row.layer, row.unit) for row in select_units(run, **conditions).itertuples()]


def test_without_conditions_all_units_from_high_to_low(run):
    assert chosen(run) == [("early", 0), ("late", 0), ("early", 1), ("late", 2), ("late", 1)]


def test_conditions_are_combined(run):
    assert chosen(run, layers=["late"]) == [("late", 0), ("late", 2), ("late", 1)]
    assert chosen(run, layers=["last"]) == chosen(run, layers=["late"])  # by its readable name
    assert chosen(run, concepts=["sky"]) == [("late", 0), ("early", 1)]
    assert chosen(run, concepts=["sky", "red"], layers=["early"]) == [("early", 0), ("early", 1)]
    assert chosen(run, categories=["color"], min_iou=0.04) == [("early", 0)]
    assert chosen(run, concepts=["sea"]) == []


@pytest.mark.parametrize(
    ("column", "order"),
    [
        ("layer", [("late", 0), ("late", 1), ("late", 2), ("early", 0), ("early", 1)]),
        ("unit", [("late", 0), ("early", 0), ("late", 1), ("early", 1), ("late", 2)]),
        ("concept", [("late", 2), ("early", 0), ("late", 0), ("early", 1), ("late", 1)]),
    ],
)
def test_names_go_upwards_and_layers_keep_the_order_of_the_network(run, column, order):
    assert chosen(run, sort=column) == order


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"layers": ["lat"]}, "layer 'lat' is not in run; did you mean 'late'"),
        ({"concepts": ["skyy"]}, "concept 'skyy' is not in run; did you mean 'sky'"),
        ({"concepts": ["xxxx"]}, "concept 'xxxx' is not in run; it has sky, sea, red"),
        ({"categories": ["colour"]}, "category 'colour' is not in run; did you mean 'color'"),
        ({"sort": "iuo"}, r"cannot sort by 'iuo'; did you mean 'iou'\? columns: layer, unit,"),
        ({"sort": "xxxx"}, "cannot sort by 'xxxx'; columns: layer, unit,"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(run, conditions, said):
    with pytest.raises(UnitscopeError, match=said):
        select_units(run, **conditions)


def line_of(table, layer, category):
    row = table[(table["layer"] == layer) & (table["category"] == category)]
    assert len(row) == 1
    return row.iloc[0]


def test_runs_meet_by_the_names_of_their_layers(run):
    other = make_run([("early", "sea", 0.1), ("early", "sky", 0.3), ("own", "red", 0.9)])
    table = compare(run, other)
    assert table.drop_duplicates("layer")["layer"].tolist() == ["late", "early", "own"]
    row = line_of(table, "early", "object")
    assert row[["units_1", "detectors_1", "concepts_1", "mean_iou_1"]].tolist() == [2, 1, 1, 0.2]
    assert row[["units_2", "detectors_2", "concepts_2", "mean_iou_2"]].tolist() == [2, 2, 2, 0.2]
    assert line_of(table, "late", "all")[["units_2", "detectors_2"]].isna().all()
    assert line_of(table, "own", "color")["mean_iou_2"] == 0.9
    assert table["category"].tolist() == ["all", "object", "color"] * 3


def test_runs_without_a_shared_layer_meet_by_position(run):
    other = make_run([("a", "sea", 0.1), ("b", "sky", 0.3), ("c", "red", 0.9)])
    table = compare(run, other)
    assert table.drop_duplicates("layer")["layer"].tolist() == ["late / a", "early / b", "- / c"]
    assert line_of(table, "- / c", "all")["detectors_2"] == 1
    assert line_of(table, "late / a", "color")["detectors_1"] == 0


def test_a_run_equals_itself(run):
    table = compare(run, run)
    for column in ("units", "detectors", "concepts", "mean_iou"):
        assert table[f"{column}_1"].equals(table[f"{column}_2"])


def test_three_runs_stand_side_by_side(run):
    second = make_run([("early", "sea", 0.1), ("late", "sky", 0.3)])
    third = make_run([("early", "red", 0.2)])
    table = compare(run, second, third)
    pd.testing.assert_frame_equal(compare(run, second)[["layer", "category", "units_1", "mean_iou_2"]].head(3),
                                  table[["layer", "category", "units_1", "mean_iou_2"]].head(3))  # fmt: skip
    assert line_of(table, "early", "all")["detectors_3"] == 1
    assert line_of(table, "late", "all")[["units_3", "detectors_3"]].isna().all()


def test_layers_at_one_position_keep_their_names_in_every_category(run):
    other = make_run([("a", "sea", 0.1), ("b", "sky", 0.3)])
    table = compare(run, other)
    assert set(table["layer"]) == {"late / a", "early / b"}


def test_depth_is_the_place_among_the_layers_of_a_run(run):
    table = by_depth([run, make_run([("only", "sea", 0.3)])])
    together = table[table["category"] == "all"].set_index(["run", "layer"])
    assert together.loc[1, "depth"].to_dict() == {"late": 0.0, "early": 1.0}
    assert together.loc[(2, "only"), "depth"] == 1
    assert (together["share"] == together["detectors"] / together["units"]).all()


def test_concepts_of_one_run_alone_come_with_their_best_unit():
    first = make_run([("a", "sea", 0.1), ("a", "sea", 0.4), ("b", "sky", 0.3), ("b", "red", 0.01)])
    second = make_run([("c", "sky", 0.2), ("c", "red", 0.3)])
    table = concepts_by_run([first, second]).set_index("concept")
    assert sorted(table.index) == ["red", "sea", "sky"]
    sea = table.loc["sea"]
    assert sea[["runs", "only", "detectors_1", "detectors_2"]].tolist() == [1, 1, 2, 0]
    assert (sea["layer_1"], sea["unit_1"], sea["iou_1"]) == ("a", 1, 0.4)
    assert pd.isna(sea["layer_2"])
    # Below the cut it does not count.
    assert table.loc["red", "only"] == 2
    assert pd.isna(table.loc["sky", "only"])
    assert table.loc["sky", "runs"] == 2

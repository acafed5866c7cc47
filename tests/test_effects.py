"""The calls and commands of effects: from a run folder to an answer, one line for each mistake, documents."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from effects_cases import assert_same_tables
from planted_generator import FILE, planted_run, renamed
from tiny import run_cli

import unitscope
from unitscope.api import generate
from unitscope.errors import UnitscopeError
from unitscope.experiments.effects.settings import (
    InsertionSettings,
    Level,
    Locations,
    RankingSettings,
    RemovalSettings,
    parse_level,
    parse_locations,
    parse_sizes,
)
from unitscope.nouns import subject
from unitscope.run.numbers import Score

pytestmark = pytest.mark.usefixtures("traced_once")

DOCS = Path(__file__).resolve().parents[1] / "docs" / "effects.md"
FEW = {"replicates": 100}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return planted_run(tmp_path_factory.mktemp("effects") / "run", 12)


# From a run to an answer.


def test_units_are_removed_from_a_run(run):
    found = unitscope.remove(run, concept="tree", units="1:2", control_units=1, device="cpu")
    assert found.path == run / "effects" / "remove-units-tree"
    assert found.sets["k"].tolist() == [1, 2, 1, 1, 1, 1, 2]
    assert found.sets["kind"].tolist()[-1] == "all"
    assert found.summary.run == str(run)
    assert found.summary.sets[1].lost == Score(1.0)
    assert [each.path for each in unitscope.find_removals(run)] == [found.path]
    assert unitscope.open_removal(found.path).summary == found.summary
    again = unitscope.remove(
        unitscope.open_run(run), concept="tree|object", layer="drawing", units=[1, 2], control_units="1",
        out=run.parent / "again",
    )  # fmt: skip
    assert_same_tables(found.path, again.path)


def test_units_are_inserted_from_a_run(run):
    given = {"concept": "door", "units": 1, "locations": 4}
    found = unitscope.insert(run, **given)
    assert found.path == run / "effects" / "insert-units-door"
    assert found.sets["levels"][0].tolist() == [unitscope.open_run(run).units["threshold"][1]] == [1 / 16]
    assert unitscope.find_insertions(run)[0].summary == unitscope.open_insertion(found.path).summary
    value = unitscope.insert(run, level=0.0, out=run.parent / "value", **given)
    assert value.sets["levels"][0].tolist() == [0.0]
    quantile = unitscope.insert(run, level="0.995", out=run.parent / "quantile", **given)
    assert quantile.sets["levels"][0].tolist() == [0.75]
    assert quantile.summary.level == "quantile 0.995"


def test_a_ranking_by_effect_orders_a_removal(run):
    order = {"concept": "tree", "units": 2, "rank": "effect", "random": 0}
    target = run.parent / "by-effect"
    message = (
        r"rank='effect' needs a finished ranking of layer 'units', which is not in .*; run unitscope\.rank\("
    )
    with pytest.raises(UnitscopeError, match=message):
        unitscope.remove(run, out=target, **order)
    ranking = unitscope.rank(run, settings=RankingSettings(**FEW))
    assert ranking.path == run / "effects" / "rank-units"
    assert unitscope.find_rankings(run)[0].path == unitscope.open_ranking(ranking.path).path
    found = unitscope.remove(run, out=target, **order)
    assert found.sets["units"][0].tolist() == ranking.top("tree", 2)["unit"].tolist()
    assert found.manifest.config["order"] == ranking.configuration_hash
    with pytest.raises(UnitscopeError, match="no unit of layer 'units' takes any of the concept"):
        subject.effect_order(unitscope.open_run(run), "units", 6)


@pytest.mark.parametrize("ask", [unitscope.rank, unitscope.remove, unitscope.insert])
def test_what_is_given_is_handed_on(run, tmp_path, ask):
    given = {"latents": 1, "out": tmp_path / "out"}
    given |= {} if ask is unitscope.rank else {"concept": "door", "units": 1}
    with pytest.raises(UnitscopeError, match="planted has other weights than those that"):
        ask(run, generator=f"{FILE}:shifted", **given)
    with pytest.raises(UnitscopeError, match="device 'nowhere' cannot be used"):
        ask(run, device="nowhere", **given)
    found = ask(run, generator=f"{FILE}:generator", concepts=f"{FILE}:renamed", device="cpu", **given)
    assert found.manifest.config["labels"]["vocabulary_hash"] == renamed().vocabulary.content_hash


# Settings.


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ("20", (20,)),
        (20, (20,)),
        ("1:4", (1, 2, 3, 4)),
        ("1,2,5,20", (1, 2, 5, 20)),
        (" 5, 1:3 ", (1, 2, 3, 5)),
        ([3, 1, 3], (1, 3)),
        ("7:7", (7,)),
    ],
)
def test_sizes(given, sizes):
    assert parse_sizes(given) == sizes


@pytest.mark.parametrize(
    "given", ["", "1:", ":3", "3:1", "0", "-2", "1-3", "two", "1:9999", "1,,2", [], 0, "1.5"]
)
def test_sizes_that_cannot_be_read(given):
    with pytest.raises(UnitscopeError, match=r"units=.*write a number of units"):
        parse_sizes(given)


@pytest.mark.parametrize(
    ("given", "level", "said"),
    [
        ("threshold", Level("threshold"), "threshold"),
        ("0.995", Level("quantile", 0.995), "quantile 0.995"),
        (0.5, Level("quantile", 0.5), "quantile 0.5"),
        ("5", Level("value", 5), "value 5"),
        ("-1.5", Level("value", -1.5), "value -1.5"),
        (1, Level("value", 1), "value 1"),
        ("value:0.5", Level("value", 0.5), "value 0.5"),
    ],
)
def test_levels(given, level, said):
    assert parse_level(given) == level
    assert str(level) == said


@pytest.mark.parametrize("given", ["high", "", "nan", "inf", "value:", "value:x", "quantile:2"])
def test_levels_that_are_none(given):
    with pytest.raises(UnitscopeError, match=r"is no level; write threshold, a quantile between 0 and 1"):
        parse_level(given)


def test_locations():
    assert parse_locations(None) == parse_locations("all") == Locations()
    assert parse_locations(16) == parse_locations("16") == Locations(16)
    assert parse_locations("16:random") == Locations(16, True)
    assert [str(each) for each in (Locations(), Locations(3), Locations(3, True))] == ["all", "3", "3:random"]
    for given in ("0", "-1", "some", "4:even", "1.5"):
        with pytest.raises(UnitscopeError, match=r"locations=.* cannot be read"):
            parse_locations(given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: RemovalSettings("a", units=()),
            "units= is empty; write a number of units",
        ),
        (lambda: RemovalSettings("a", rank="area"), "rank is 'area'; it must be iou or effect"),
        (lambda: RemovalSettings("a", random=-1), "random is -1"),
        (lambda: RemovalSettings("a", pairs=-1), "pairs is -1"),
        (lambda: InsertionSettings("a", units=0), "units is 0"),
        (
            lambda: InsertionSettings("a", min_new=-0.1),
            "min_new is -0.1; it must be a fraction of a cell's pixels",
        ),
        (lambda: InsertionSettings("a", contexts=-1), "contexts is -1"),
        (lambda: RankingSettings(latents=0), "latents is 0; it must be 1 or more"),
        (lambda: RankingSettings(replicates=9), "replicates is 9; it must be from 100 to 1,000,000"),
        (lambda: RankingSettings(seed=-1), "seed is -1"),
        (lambda: RankingSettings(batch_size=0), "batch_size is 0"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(UnitscopeError, match=message):
        make()


# Mistakes.


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["remove", "RUN", "--concept", "tre"],
            "concept 'tre' is not in the vocabulary of the label maps; did you mean",
        ),
        (
            ["remove", "RUN", "--concept", "ghost"],
            "--concept 'ghost' never appears in the pictures of the run",
        ),
        (
            ["remove", "RUN", "--concept", "sun"],
            "no unit of layer 'units' shares a pixel with --concept 'sun'",
        ),
        (["remove", "RUN", "--concept", "tree"], "--units 20 does not fit layer 'units', which has 6 units"),
        (["remove", "RUN", "--concept", "tree", "--units", "1:"], "--units '1:' cannot be read"),
        (["remove", "RUN", "--concept", "tree", "--units", "1:7"], "--units 7 does not fit layer 'units'"),
        (
            ["remove", "RUN", "--concept", "tree", "--units", "1", "--control-units", "9"],
            "--control-units 9 does not fit layer 'units'",
        ),
        (
            ["remove", "RUN", "--concept", "tree", "--units", "1", "--control", "tree"],
            "is the concept itself",
        ),
        (["remove", "RUN", "--concept", "tree", "--units", "1", "--latents", "99"], "the run has 6 besides"),
        (
            ["remove", "RUN", "--concept", "tree", "--layer", "unit"],
            "layer 'unit' is not in .* did you mean 'units'",
        ),
        (["insert", "RUN", "--concept", "door", "--level", "high"], "--level 'high' is no level"),
        (["insert", "RUN", "--concept", "door", "--locations", "0"], "--locations '0' cannot be read"),
        (["insert", "RUN", "--concept", "door", "--units", "7"], "--units 7 does not fit layer 'units'"),
        (["insert", "RUN", "--concept", "dor", "--level", "0.5"], "concept 'dor' is not in the vocabulary"),
        (["rank", "RUN", "--samples", "13"], "13 latents are asked for, the run has 12"),
        (["rank", "NOWHERE"], "is no run folder"),
    ],
)
def test_mistakes_are_one_line(run, tmp_path, monkeypatch, capsys, words, message):
    words = [{"RUN": str(run), "NOWHERE": str(tmp_path)}.get(word, word) for word in words]
    assert run_cli(monkeypatch, *words, "--out", str(tmp_path / "out")) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert re.search(message, said.err), said.err
    assert not (tmp_path / "out").exists()


def test_one_kind_is_not_taken_for_another(run, tmp_path):
    ranking = unitscope.rank(run, settings=RankingSettings(latents=2, **FEW), out=tmp_path / "rank")
    with pytest.raises(
        UnitscopeError, match=r"of kind 'ranking' where one of kind 'removal' is wanted; unitscope\.remove"
    ):
        unitscope.open_removal(ranking.path)
    with pytest.raises(UnitscopeError, match="of kind 'ranking' where one of kind 'insertion' is wanted"):
        unitscope.insert(run, concept="door", units=1, out=ranking.path)
    with pytest.raises(
        UnitscopeError, match="has no table 'units'; a complete ranking has: effects, concepts"
    ):
        ranking.table("units")


# Command line and documents.


def test_the_commands_print_what_they_found(run, tmp_path, monkeypatch, capsys):
    common = ["--device", "cpu", "--out"]
    words = ["remove", str(run), "--concept", "tree", "--units", "1,2", "--pairs", "1", *common]
    assert run_cli(monkeypatch, *words, str(tmp_path / "remove")) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "without the 2 best: 100.0 % of its area is lost" in said.out
    words = ["insert", str(run), "--concept", "door", "--units", "1", "--locations", "4:random", *common]
    assert run_cli(monkeypatch, *words, str(tmp_path / "insert"), "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["path"] == str(tmp_path / "insert")
    assert facts["locations"] == {"kind": "random", "count": 4}
    command = unitscope.open_insertion(tmp_path / "insert").manifest.command
    assert command.startswith("unitscope insert")
    words = ["rank", str(run), "--samples", "3", *common]
    assert run_cli(monkeypatch, *words, str(tmp_path / "rank")) == 0
    assert "removed alone, on 3 latents" in capsys.readouterr().out


def test_an_interrupted_command_says_how_to_go_on(run, tmp_path, monkeypatch, capsys):
    def stop(*given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(generate, "run_ranking", stop)
    assert run_cli(monkeypatch, "rank", str(run), "--out", str(tmp_path / "out")) == 130
    assert "interrupted; the same command goes on from here" in capsys.readouterr().err


def sections() -> dict[tuple[str, str], str]:
    text = DOCS.read_text(encoding="utf-8")
    found = re.findall(
        r"^## (removal|insertion|ranking) (\w+):.*?\n(.*?)(?=^##? |\Z)", text, re.DOTALL | re.MULTILINE
    )
    return {(kind, name): body for kind, name, body in found}


@pytest.fixture
def answers(run, tmp_path):
    sets = {"concept": "tree", "units": 2}
    return {
        "removal": unitscope.remove(run, out=tmp_path / "remove", **sets),
        "insertion": unitscope.insert(run, out=tmp_path / "insert", **sets),
        "ranking": unitscope.rank(run, settings=RankingSettings(**FEW), out=tmp_path / "rank"),
    }


def test_every_column_is_described_with_its_type(answers):
    described = sections()
    assert set(described) == {(kind, name) for kind, found in answers.items() for name in found.tables}
    for (kind, name), body in described.items():
        rows = re.findall(r"^\| ([a-z_, ]+) \| ([^|]+) \|", body, flags=re.MULTILINE)
        columns = [(column, kinds) for cell, kinds in rows if cell != "column" for column in cell.split(", ")]
        table = answers[kind].table(name)
        assert [column for column, _ in columns] == list(table.columns), (kind, name)
        for column, type_ in columns:
            if type_ in ("int64", "float64", "bool", "int32") and table[column].notna().all():
                assert table[column].dtype == type_, (kind, name, column)


def test_every_entry_of_the_summaries_is_described(answers):
    text = DOCS.read_text(encoding="utf-8")
    table = text[text.index("| entry |") : text.index("# Removal")]
    described = {
        word for cell in re.findall(r"^\| ([a-z_, ]+) \|", table, re.MULTILINE) for word in cell.split(", ")
    }
    assert described - {"entry"} == {name for found in answers.values() for name in vars(found.summary)}

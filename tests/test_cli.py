"""The command line: what each command prints, and one line for each mistake."""

import csv
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from tiny import NET, dissect_words, draw, run_cli, tables_of
from typer import Exit
from typer.main import get_command

import unitscope
from unitscope import cli, progress
from unitscope.cli import following, tables
from unitscope.cli.main import COMMANDS, GROUPS, examples
from unitscope.cli.options import PANELS
from unitscope.models.libraries import LIBRARY_FORMS
from unitscope.models.registry import MODELS
from unitscope.run.effects import Insertion, Ranking, Removal

DOCS = Path(__file__).resolve().parents[1] / "docs" / "cli.md"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("cli") / "data", 10)


@pytest.fixture(scope="module")
def run(data):
    """A finished run, shared by all tests that only read one."""
    with pytest.MonkeyPatch.context() as patch:
        assert run_cli(patch, *dissect_words(data, data.parent / "run")) == 0
    return data.parent / "run"


@pytest.fixture
def unitscope_says(monkeypatch, capsys):
    """Run a command that succeeds; return what it prints."""

    def call(*words):
        code = run_cli(monkeypatch, *map(str, words))
        captured = capsys.readouterr()
        assert (code, captured.err) == (0, "")
        return captured.out

    return call


@pytest.fixture
def refused(monkeypatch, capsys):
    """Run a command that is refused; return its one line."""

    def call(*words):
        code = run_cli(monkeypatch, *map(str, words))
        captured = capsys.readouterr()
        assert code == 2, captured
        assert captured.out == ""
        assert captured.err.startswith("unitscope: ")
        assert captured.err.count("\n") == 1
        return captured.err.removeprefix("unitscope: ").rstrip()

    return call


# What the commands print.


def test_dissect_says_what_it_found_and_what_is_next(data, run, unitscope_says):
    said = unitscope_says(*dissect_words(data, run)).splitlines()
    assert said[0] == "Dissection of net on 10 pictures of data/pictures with 4 concepts"
    assert said[1].startswith("  conv1: ")
    assert " of 6 units match " in said[1]
    best = unitscope.open_run(run).best(1).iloc[0]
    assert said[-3:] == [
        f"  IoU of at least 0.040 counts; in {run}",
        f"next: unitscope unit {run} {best['layer']} {best['unit']}",
        f"      unitscope report {run}",
    ]


def test_dissect_prints_one_json_document(data, run, unitscope_says):
    facts = json.loads(unitscope_says(*dissect_words(data, run, "--json")))
    assert (facts["run"], facts["model"], facts["pictures"], facts["skipped"]) == (str(run), "net", 10, 0)
    assert [layer["layer"] for layer in facts["layers"]] == ["conv1", "conv2"]
    assert facts["layers"][0]["units"] == 6


def test_the_manifest_keeps_the_command(data, run):
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["command"] == " ".join(["unitscope", *dissect_words(data, run)])
    assert manifest["model"]["spec"] == str(data / "net.py:net")


def test_the_cache_can_be_dropped(data, tmp_path, unitscope_says):
    unitscope_says(*dissect_words(data, tmp_path / "run", "--drop-cache", "--quiet"))
    assert not (tmp_path / "run" / "cache").exists()
    assert len(tables_of(tmp_path / "run")) == 10


def test_layers_are_listed_in_the_order_they_run(data, unitscope_says):
    said = unitscope_says("layers", data / "net.py:net", "--preprocess", "size=24")
    *rows, default = said.splitlines()
    assert [line.split()[0] for line in rows] == ["name", "conv1", "relu1", "conv2", "head"]
    assert default == "by default: none; name one with --layer"
    assert "6 x 24 x 24" in said
    listed = json.loads(unitscope_says("layers", data / "net.py:net", "--preprocess", "size=24", "--json"))
    assert listed[2] == {
        "name": "conv2", "kind": "Conv2d", "shape": [1, 8, 12, 12], "calls": 1,
        "units": 8, "grid": [12, 12], "reading": "map", "places": "12 of 12 near", "alias": "", "default": False,
    }  # fmt: skip


def test_layers_say_which_are_taken_by_default(unitscope_says):
    network = unitscope.network("world-vgg")
    assert (
        unitscope_says("layers", "world-vgg").splitlines()[-1] == f"by default: {', '.join(network.layers)}"
    )
    listed = json.loads(unitscope_says("layers", "world-vgg", "--json"))
    assert [layer["name"] for layer in listed if layer["default"]] == list(network.layers)
    generator = unitscope.generator("world-gan")
    said = unitscope_says("layers", "world-gan").splitlines()[-1]
    assert said == f"by default: {', '.join(generator.layers)}"


def test_models_fit_a_terminal_and_say_defaults_and_prefixes(unitscope_says):
    said = unitscope_says("models")
    assert max(map(len, (line.rstrip() for line in said.splitlines()))) <= 80
    for form in LIBRARY_FORMS:
        assert f"\n  {form} " in said
    assert "'timm:NAME?weights=none'" in said
    words = " ".join(said.split())
    listed = {row["name"]: row for row in json.loads(unitscope_says("models", "--format", "json"))}
    for name in ("world-vgg", "world-vgg-untrained"):
        assert listed[name]["default"] == ", ".join(unitscope.network(name).layers)
    generator = unitscope.generator("world-gan")
    assert listed["world-gan"]["default"] == f"{', '.join(generator.layers)}; segmenter {generator.segmenter}"
    for name, make in MODELS.items():
        network = make()
        assert (network.layer_name(listed[name]["default"]),) == network.layers
    assert "by default: relu1_2, relu2_2," in words


def test_units_as_a_table(run, unitscope_says):
    said = unitscope_says("units", run).splitlines()
    assert said[0].rstrip() == "14 units"
    assert said[1].split()[:4] == ["layer", "unit", "concept", "iou"]
    assert set(said[1].split()) <= set(unitscope.open_run(run).units.columns)
    assert any("(dead)" in line for line in said)
    left_out, following = said[2 + 14 :]
    assert left_out == "left out to fit 80 columns: threshold; --format csv has all"
    assert following.startswith(f"next: unitscope unit {run} ")
    assert all(len(line) <= 80 for line in said[:-1])


def test_a_table_leaves_out_what_does_not_fit_and_says_so(run, unitscope_says, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    wide = unitscope_says("units", run).splitlines()
    assert wide[1].split()[-1] == "threshold"
    assert not any(line.startswith("left out") for line in wide)
    monkeypatch.setenv("COLUMNS", "40")
    narrow = unitscope_says("units", run).splitlines()
    assert narrow[1].split() == ["layer", "unit", "concept", "iou"]
    assert "left out to fit 40 columns: threshold, category, lift" in " ".join(map(str.strip, narrow))
    for column in wide[1].split():
        rows = unitscope_says("units", run, "--sort", column, "--format", "csv")
        assert len(rows.splitlines()) == 15


def test_a_long_name_is_one_line_where_a_program_reads_and_is_folded_where_a_person_does(capsys, monkeypatch):
    frame = pd.DataFrame({"layer": ["features." * 12 + "conv"], "iou": ["0.100"]})
    tables.print_table(frame, less=[("iou",)])
    said = capsys.readouterr().out.splitlines()
    assert [len(line.split()) for line in said[:2]] == [1, 1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    tables.print_table(frame, less=[("iou",)])
    assert max(len(re.sub(r"\x1b\[\d*m", "", line)) for line in capsys.readouterr().out.splitlines()) <= 80


def test_a_unit_is_shown_with_its_picture_strip(run, tmp_path, unitscope_says, refused):
    opened = unitscope.open_run(run)
    best = opened.best(1).iloc[0]
    unit = opened.unit(best["layer"], int(best["unit"]))
    words = ("unit", run, unit.layer, unit.number)
    said = unitscope_says(*words).splitlines()
    assert said[0].rstrip() == unit.title
    assert said[1].split()[:2] == ["IoU", f"{unit.iou:.3f}"]
    assert [line.split()[0] for line in said if line and line[0] != " "][1:7] == [
        *("IoU", "held", "by", "region", "threshold", "detector")
    ]
    assert max(map(len, said[:-1])) <= 80
    for concept, iou in zip(unit.concepts, unit.matches["iou"], strict=True):
        assert any(line.split()[:1] == [concept] and line.endswith(f"{iou:.3f}") for line in said)
    assert all(any(each.id in line for line in said) for each in unit.exemplars)
    assert said[-1] == f"next: unitscope unit {run} {unit.layer} {unit.number} --strip unit-{unit.number}.png"
    strip = tmp_path / "strip.png"
    said = unitscope_says(*words, "--strip", strip).splitlines()
    assert said[-2:] == [f"strip: {strip}", f"next: unitscope report {run}"]
    assert np.array_equal(np.asarray(Image.open(strip)), unit.strip())
    facts = json.loads(unitscope_says(*words, "--json"), parse_constant=pytest.fail)
    assert (facts["concept"], facts["iou"], facts["strip"]) == (unit.concept, unit.iou, None)
    assert [each["concept"] for each in facts["matches"]] == unit.concepts
    assert refused(*words, "--strip", "strip.txt") == "--strip is 'strip.txt'; it must end in .png or .jpg"
    assert "choose another --strip" in refused(*words, "--strip", tmp_path / "none" / "strip.png")
    assert "unit 99 is not in layer 'conv1', which has 6 units" in refused("unit", run, "conv1", 99)


def test_a_unit_without_a_label_is_shown(run, unitscope_says):
    said = unitscope_says("unit", run, "conv1", 5).splitlines()
    assert said[0].rstrip() == "conv1 unit 5: no concept (dead)"
    assert said[1].startswith("threshold")
    assert json.loads(unitscope_says("unit", run, "conv1", 5, "--json"))["concept"] is None


def typed(said):
    """The commands that follow what a command said."""
    lines = said.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("next: "))
    return [shlex.split(line.removeprefix("next:").strip()) for line in lines[start:]]


def test_what_is_said_to_be_next_runs_and_says_what_is_next(data, tmp_path, monkeypatch, unitscope_says):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "a folder"
    unit, report = typed(unitscope_says(*dissect_words(data, run)))
    (strip,) = typed(unitscope_says(*unit[1:]))
    assert typed(unitscope_says(*strip[1:])) == [report]
    assert (tmp_path / strip[-1]).is_file()
    assert unitscope_says(*report[1:]) == f"report: {run / 'report' / 'index.html'}\n"
    assert typed(unitscope_says("units", run, "--limit", "1")) == [unit]
    assert "next:" not in unitscope_says("units", run, "--min-iou", "1")


@pytest.mark.parametrize("kind", [Ranking, Removal, Insertion])
def test_what_follows_a_question_about_a_generator_can_be_typed(kind, tmp_path):
    found = object.__new__(kind)
    concepts = [
        SimpleNamespace(concept="grey", category="color", unit=3),
        SimpleNamespace(concept="a sky", category="object", unit=None),
        SimpleNamespace(concept="a tree", category="object", unit=5),
    ]
    facts = SimpleNamespace(
        layer="layer4", latents=300, concept="a tree", category="object", concepts=concepts
    )
    vars(found).update(path=tmp_path / "a run" / "effects" / "x", summary=facts)
    (line,) = following.next_lines(*following.of_effect(tmp_path / "a run", found))
    _, name, *words = shlex.split(line.removeprefix("next: "))
    context = commands()[name].make_context(name, words)
    assert name == {Ranking: "remove", Removal: "insert", Insertion: "report"}[kind]
    assert context.params.get("concept", "a tree|object") == "a tree|object"
    assert context.params.get("latents") == {Ranking: 150, Removal: 50, Insertion: None}[kind]


@pytest.mark.parametrize(("unit", "latents"), [(None, 300), (5, 1)])
def test_no_removal_by_effect_follows_where_none_is_told_from_none_or_no_latent_is_left(
    unit, latents, tmp_path
):
    found = object.__new__(Ranking)
    concepts = [SimpleNamespace(concept="a tree", category="object", unit=unit)]
    facts = SimpleNamespace(layer="layer4", latents=latents, concepts=concepts)
    vars(found).update(path=tmp_path / "run" / "effects" / "x", summary=facts)
    (line,) = following.of_effect(tmp_path / "run", found)
    assert line.startswith("unitscope report ")


def test_a_report_is_opened_in_a_browser(run, tmp_path, monkeypatch, unitscope_says):
    opened = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    unitscope_says("report", run, "--out", tmp_path / "r", "--open")
    assert opened == [(tmp_path / "r" / "index.html").as_uri()]


def test_units_as_json_are_valid_and_complete(run, unitscope_says):
    units = json.loads(unitscope_says("units", run, "--format", "json"), parse_constant=pytest.fail)
    assert len(units) == 14
    assert {"layer", "unit", "concept", "category", "iou", "threshold"} <= set(units[0])
    dead = next(unit for unit in units if unit["status"] == "dead")
    assert (dead["layer"], dead["unit"], dead["concept"], dead["category"]) == ("conv1", 5, None, None)
    table = unitscope.open_run(run).units.set_index(["layer", "unit"])
    for unit in units:
        row = table.loc[(unit["layer"], unit["unit"])]
        assert (unit["iou"], unit["threshold"]) == (row["iou"], float(row["threshold"]))
        assert isinstance(unit["detector"], bool)
    nothing = unitscope_says("units", run, "--min-iou", "1.5", "--format", "json")
    assert json.loads(nothing) == []


def test_units_as_csv_and_parquet(run, tmp_path, unitscope_says):
    rows = list(csv.DictReader(io.StringIO(unitscope_says("units", run, "--format", "csv"))))
    assert len(rows) == 14
    assert rows[0].keys() == set(unitscope.open_run(run).units.columns)
    assert unitscope_says("units", run, "--format", "parquet", "--out", tmp_path / "u.parquet") == ""
    written = pd.read_parquet(tmp_path / "u.parquet")
    assert sorted(written["unit"]) == sorted(unitscope.open_run(run).units["unit"])
    unitscope_says("units", run, "--format", "csv", "--out", tmp_path / "u.csv")
    assert len((tmp_path / "u.csv").read_text().splitlines()) == 15


def test_units_are_chosen_sorted_and_limited(run, unitscope_says):
    def listed(*words):
        return json.loads(unitscope_says("units", run, "--format", "json", *words))

    assert {unit["layer"] for unit in listed("--layer", "conv2")} == {"conv2"}
    assert {unit["category"] for unit in listed("--category", "color")} == {"color"}
    two = listed("--concept", "red", "--concept", "blue", "--min-iou", "0.001")
    assert {unit["concept"] for unit in two} <= {"red", "blue"}
    scores = [unit["iou"] for unit in listed("--limit", "3")]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 3
    assert [unit["unit"] for unit in listed("--sort", "unit", "--layer", "conv1")] == list(range(6))


def test_units_at_another_quantile_are_those_of_another_run(data, run, tmp_path, unitscope_says):
    unitscope_says(*dissect_words(data, tmp_path / "other", "--quantile", "0.1"))
    words = ("--format", "csv", "--sort", "unit")
    again = unitscope_says("units", run, "--quantile", "0.1", *words)
    assert again == unitscope_says("units", tmp_path / "other", *words)
    assert again != unitscope_says("units", run, *words)


def test_several_folders_are_read_as_one(data, run, tmp_path, unitscope_says):
    for part, names in (("a", range(6)), ("b", range(6, 10))):
        for kind in ("pictures", "masks"):
            (tmp_path / part / kind).mkdir(parents=True)
            for number in names:
                shutil.copy(data / kind / f"{number:03d}.png", tmp_path / part / kind)
    words = replaced(dissect_words(data, tmp_path / "run"), "--images", tmp_path / "a" / "pictures")
    words = replaced(words, "--masks", tmp_path / "a" / "masks")
    more = ("--images", tmp_path / "b" / "pictures", "--masks", tmp_path / "b" / "masks")
    assert "on 10 pictures of " in unitscope_says(*words, *more)
    together, apart = tables_of(run), tables_of(tmp_path / "run")
    for name in ("units", "iou", "concepts"):
        pd.testing.assert_frame_equal(together[name], apart[name])


def test_compare_sets_runs_side_by_side(data, run, tmp_path, unitscope_says):
    unitscope_says(*dissect_words(data, tmp_path / "other", "--reinitialize", "3"))
    said = unitscope_says("compare", run, tmp_path / "other")
    assert said.startswith("1: net on 10 pictures")
    assert "2: net (random weights, seed 3) on 10 pictures" in said
    page = Path(said.splitlines()[-1].removeprefix("page: "))
    assert page == run / "compare" / "other" / "index.html"
    assert "In this run only" in page.read_text(encoding="utf-8")
    rows = json.loads(unitscope_says("compare", run, tmp_path / "other", "--format", "json"))
    assert [(row["layer"], row["category"]) for row in rows[:3]] == [
        ("conv1", "all"),
        ("conv1", "color"),
        ("conv1", "object"),
    ]
    assert {"units_1", "detectors_1", "concepts_1", "mean_iou_1", "detectors_2"} <= set(rows[0])


def test_compare_takes_more_than_two_runs_and_no_less(run, tmp_path, unitscope_says, refused):
    said = unitscope_says("compare", run, run, run, "--page", tmp_path / "page")
    assert "3: net on 10 pictures" in said
    assert "mean IoU 3" in said
    assert (tmp_path / "page" / "figures" / "detectors-all.pdf").is_file()
    assert "a comparison needs two or more" in refused("compare", run, "--page", tmp_path / "page")
    assert "something else than a report" in refused("compare", run, run, "--page", run)


def test_report_says_where_it_is(run, tmp_path, unitscope_says):
    assert unitscope_says("report", run, "--out", tmp_path / "r") == f"report: {tmp_path}/r/index.html\n"
    said = unitscope_says("report", run, "--out", tmp_path / "r", "--json")
    assert json.loads(said) == {"report": f"{tmp_path}/r/index.html"}


def test_the_version_is_printed_without_a_command(unitscope_says):
    assert unitscope_says("--version") == unitscope.__version__ + "\n"


def test_progress_is_silent_unless_somebody_watches(monkeypatch, capsys):
    with progress.progress_bar("counting", 3) as advance:
        advance(1)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress.progress_bar("counting", 3, done=1) as advance:
        advance(2)
    captured = capsys.readouterr()
    assert "counting" in captured.err
    assert captured.out == ""
    with progress.showing(False), progress.progress_bar("counting", 3):
        pass
    assert capsys.readouterr() == ("", "")


def test_the_installed_command_works_in_a_pipe(run):
    command = [Path(sys.executable).parent / "unitscope", "units", run, "--limit", "1", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)) == 1


def commands():
    top = get_command(cli.application())
    return {"": top, **top.commands}


def test_the_document_has_the_tables_that_the_options_make():
    done = subprocess.run(
        [sys.executable, DOCS.parents[1] / ".ci" / "options.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_what_stands_before_a_command_is_documented():
    intro = DOCS.read_text(encoding="utf-8").split("\n## ")[0]
    for parameter in commands()[""].params:
        for option in parameter.opts:
            assert option in intro


@pytest.mark.parametrize("name", list(commands()))
def test_help_has_an_example_that_can_be_typed_and_no_types_of_python(name, unitscope_says):
    said = unitscope_says(*([name] if name else []), "--help")
    assert not re.search(r"<\w+(\[\w+\])?>|list\[", said)
    shown = re.findall(r"^ (unitscope \S.*?) *$", said, flags=re.MULTILINE)
    assert shown == (examples(name) if name else ["unitscope demo", "unitscope dissect --help"])
    for words in map(shlex.split, shown):
        assert words[1] == name or not name
        with suppress(Exit):
            commands()[words[1]].make_context(words[1], words[2:])


@pytest.mark.parametrize("name", list(commands()))
def test_help_fits_a_terminal_and_cuts_nothing(name, unitscope_says):
    said = unitscope_says(*([name] if name else []), "--help")
    assert max(map(len, said.splitlines())) <= 80
    assert "\N{HORIZONTAL ELLIPSIS}" not in said
    assert not re.search(r"[<>]=|\{", said)


def test_commands_stand_in_groups_with_first_lines_in_one_line(unitscope_says):
    said = unitscope_says("--help")
    assert [" ".join(names.split()) for names in GROUPS.values()] == [
        " ".join(
            re.findall(r"^│ ([a-z-]+) {2,}\S", said[said.index(heading) :].split("╰")[0], flags=re.MULTILINE)
        )
        for heading in GROUPS
    ]
    assert sorted(" ".join(GROUPS.values()).split()) == sorted(COMMANDS)
    for name in COMMANDS:
        first = commands()[name].help.splitlines()[0]
        assert re.search(rf"│ {name} +{re.escape(first)} +│", said)
    assert said.rstrip().splitlines()[-3].strip() == "Every command has examples:"
    assert "Start with:\n" in re.sub(r" *\n *", "\n", said)


def test_options_stand_under_headings_in_one_order(unitscope_says):
    said = unitscope_says("dissect", "--help")
    places = [said.index(f"─ {heading} ─") for heading in PANELS]
    assert places == sorted(places)


# Mistakes.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--layer", "conv3"], "layer 'conv3' not found in net; did you mean 'conv2' or 'conv1'?"),
        (["--layer", "conv1"], "layer 'conv1' is asked for twice; name it once"),
        (["--grid", "9y"], "the pixel grid '9y' cannot be read; write 56, or 48x64 for rows x columns"),
        (["--grid", "0"], "a pixel grid of 0x0 does not fit an input of 24x24 pixels; give from 1"),
        (["--grid", "25x4"], "a pixel grid of 25x4 does not fit an input of 24x24 pixels"),
        (["--quantile", "0"], "--quantile is 0.0; it must be between 0 and 1"),
        (["--quantile", "nan"], "--quantile is nan; it must be"),
        (["--min-iou", "4"], "--min-iou is 4.0; it must be from 0 to 1"),
        (["--top", "0"], "--top is 0; it must be 1 or more"),
        (["--replicates", "5"], "--replicates is 5; it must be from 100 to 1,000,000"),
        (["--batch-size", "0"], "--batch-size is 0; it must be 1 or more"),
        (["--preprocess", "siez=3"], "unknown preprocessing setting 'siez'; did you mean 'size'?"),
        (["--preprocess", "size=big"], "preprocessing setting size='big' cannot be read; write for example"),
        (["--device", "warp"], "device 'warp' cannot be used: "),
        (["--segmenter", "x.py:f"], "segmenter file 'x.py' does not exist; give FILE.py:FUNCTION"),
        (["--labels", "twice.txt"], "--masks was given once and --labels 2 times; give"),
    ],
)
def test_options_that_cannot_be_are_one_line(data, tmp_path, refused, words, said):
    assert refused(*dissect_words(data, tmp_path / "run", *words)).startswith(said)
    assert not (tmp_path / "run").exists()


def replaced(words, option, value):
    """The words of a command with another value for an option, or without it."""
    place = words.index(option)
    return [*words[:place], *([] if value is None else [option, str(value)]), *words[place + 2 :]]


def test_models_that_are_not_there_or_raise_are_one_line(data, tmp_path, refused):
    def given(model):
        return refused(*dissect_words(data, tmp_path / "run", model=model))

    assert "net.py:broken' raised RuntimeError: no weights here (net.py, line 4" in given("net.py:broken")
    assert "model function 'nett' not found" in given("net.py:nett")
    assert "missing.py' does not exist; give FILE.py:FUNCTION" in given("missing.py:net")
    (data / "typo.py").write_text("def net(:\n")
    assert "typo.py' cannot be imported: SyntaxError: invalid syntax (typo.py, line 1)" in given(
        "typo.py:net"
    )
    assert refused("layers", "wolrd-vgg").startswith("model 'wolrd-vgg' not found; did you mean 'world-vgg'")
    said = refused("layers", data / "net.py:net", "--preprocess", "size=24,channels=rgbx")
    assert said.startswith("preprocessing setting 'channels' cannot be 'rgbx'")


def test_pictures_that_are_not_there_are_one_line(data, tmp_path, refused):
    words = dissect_words(data, tmp_path / "run")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("")
    for folder, said in (
        ("nowhere", "nowhere' does not exist; give the path of a folder"),
        ("empty", "empty' holds no picture files, not in its folders either; looked for"),
        ("file.txt", "file.txt' is a file; give the folder that holds it"),
    ):
        assert said in refused(*replaced(words, "--images", tmp_path / folder))


def test_pictures_of_which_none_opens_are_one_line(tmp_path, refused):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "masks").mkdir()
    for name, content in (("a", b"junk"), ("b", b"")):
        (tmp_path / "pictures" / f"{name}.png").write_bytes(content)
        Image.new("L", (24, 24)).save(tmp_path / "masks" / f"{name}.png")
    (tmp_path / "labels.txt").write_text("1 red")
    (tmp_path / "net.py").write_text(NET)
    words = dissect_words(tmp_path, tmp_path / "run")
    expected = (
        "none of the 2 pictures could be read; the first, 'a.png': it is not a picture in a known format"
    )
    assert refused(*words) == expected
    assert refused(*words) == expected


def test_masks_that_do_not_fit_are_one_line(data, tmp_path, refused):
    words = dissect_words(data, tmp_path / "run")

    def with_mask(name, image):
        shutil.copytree(data / "masks", tmp_path / name)
        image.save(tmp_path / name / "003.png")
        return refused(*replaced(words, "--masks", tmp_path / name))

    said = with_mask("small", Image.new("L", (20, 24)))
    assert said.startswith("picture '003.png' is 24x24 pixels and its mask 20x24; make the mask")
    said = with_mask("unknown", Image.new("L", (24, 24), 77))
    assert "003.png' holds the value 77, which " in said
    assert "does not name (its largest number is 4); add it to the label file" in said
    (tmp_path / "unknown" / "003.png").unlink()
    said = refused(*replaced(words, "--masks", tmp_path / "unknown"))
    assert said.startswith("1 of 10 pictures have no mask in ")
    assert "the first is '003.png', whose mask was expected at " in said


def test_labels_that_are_missing_or_wrong_are_one_line(data, tmp_path, refused):
    words = dissect_words(data, tmp_path / "run")
    twice = tmp_path / "twice.txt"
    twice.write_text("1 red\n1 green\n")
    assert "twice.txt', line 2: number 1 was used on line 1; use" in refused(
        *replaced(words, "--labels", twice)
    )
    twice.write_text("1 red\n2 red\n")
    assert "line 2: object 'red' was named on line 1; name" in refused(*replaced(words, "--labels", twice))
    assert "does not exist; give a file" in refused(*replaced(words, "--labels", tmp_path / "none.txt"))
    said = refused(*replaced(words, "--labels", None))
    assert said.startswith("--masks was given once and --labels not at all; give ")
    nothing = "nothing says what the pictures show"
    way_out = "; give --masks DIR with --labels FILE, or --segmenter SPEC"
    assert refused(*replaced(words, "--masks", None)) == f"{nothing}, and --labels alone does not{way_out}"
    without = replaced(replaced(words, "--masks", None), "--labels", None)
    assert refused(*without) == nothing + way_out


@pytest.mark.parametrize("command", ["units", "report", "compare"])
def test_runs_that_cannot_be_read_are_one_line(command, run, tmp_path, refused):
    def given(folder):
        return refused(command, *([run] if command == "compare" else []), folder)

    assert "nowhere" in given(tmp_path / "nowhere")
    (tmp_path / "stray").mkdir()
    assert "manifest.json" in given(tmp_path / "stray")
    for content, said in (
        ("{", "manifest.json is "),
        ("[1]", "manifest.json"),
        ('{"schema_version": 99, "status": "complete", "config": {}}', "has schema version 99"),
        ('{"schema_version": 2, "kind": "dissection", "status": "running", "config": {}}', "run the same "),
    ):
        (tmp_path / "stray" / "manifest.json").write_text(content)
        assert said in given(tmp_path / "stray")


def test_filters_that_name_nothing_are_one_line(run, refused):
    assert refused("units", run, "--layer", "conv9").endswith("did you mean 'conv2' or 'conv1'?")
    assert refused("units", run, "--concept", "gren").endswith("did you mean 'green' or 'red'?")
    assert refused("units", run, "--concept", "xyzzy").endswith("it has red, green, blue, dot")
    assert refused("units", run, "--category", "colour").endswith("did you mean 'color'?")
    assert refused("units", run, "--sort", "iuo").startswith("cannot sort by 'iuo'; did you mean 'iou'")


def test_output_that_cannot_be_written_is_one_line(run, tmp_path, refused):
    formats = {"csv": "u.csv", "json": "u.json", "parquet": "u.parquet"}
    assert (
        refused("units", run, "--format", "parquet")
        == "parquet is not for a terminal; give --out FILE.parquet"
    )
    assert refused("compare", run, run, "--format", "parquet").startswith("parquet is not for a terminal")
    assert refused("units", run, "--out", tmp_path / "x").startswith(
        "a table is for reading here; give --format"
    )
    for style, name in formats.items():
        said = refused("units", run, "--format", style, "--out", tmp_path / "none" / name)
        assert said.startswith(f"cannot write {tmp_path}/none/{name}: ")
        assert said.endswith("; choose another --out")
        said = refused("units", run, "--format", style, "--out", tmp_path)
        assert said.startswith(f"cannot write {tmp_path}: ")
    (tmp_path / "file").write_text("")
    assert "file" in refused("report", run, "--out", tmp_path / "file")


@pytest.mark.parametrize(
    "words",
    [
        ["dissekt"],
        ["units"],
        ["dissect", "net.py:net"],
        ["units", "run", "--format", "xml"],
        ["units", "run", "--limit", "0"],
        ["dissect", "m", "--images", "x", "--out", "y", "--quantile", "much"],
        ["dissect", "m", "--images", "x", "--out", "y", "--cache-budget", "-1"],
        ["dissect", "m", "--images", "x", "--out", "y", "--cache-budget", "nan"],
        ["dissect", "m", "--images", "x", "--out", "y", "--cache-budget", "inf"],
        ["dissect", "m", "--images", "x", "--out", "y", "--border", "round"],
        ["dissect", "m", "--images", "x", "--out", "y", "--reinitialize", "-1"],
        ["demo", "--pictures", "0"],
    ],
)
def test_usage_errors_exit_with_2_and_point_to_help(monkeypatch, capsys, words):
    assert run_cli(monkeypatch, *words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: unitscope" in captured.err
    assert "--help' for help." in captured.err
    assert "Traceback" not in captured.err


def test_an_option_without_its_value_takes_no_other_option_for_it(monkeypatch, capsys):
    assert run_cli(monkeypatch, "dissect", "world-vgg", "--control", "--out", "nowhere") == 2
    assert "--control takes SEEDS and was given --out, an option" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--debug", "units", "nowhere"], ["units", "nowhere", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(monkeypatch, capsys, words):
    assert run_cli(monkeypatch, *words) == 2
    error = capsys.readouterr().err
    assert error.startswith("Traceback (most recent call last):")
    assert error.splitlines()[-1].startswith("unitscope: nowhere is no run folder: it has no manifest.json;")


# Pictures that do not open, among others that do.


def test_broken_pictures_are_counted_and_listed_and_the_others_are_right(tmp_path, unitscope_says, pieces_of):
    whole, broken = draw(tmp_path / "whole", 9), draw(tmp_path / "broken", 9)
    for folder in (whole, broken):
        for name in ("003a", "zzz"):
            Image.new("L", (24, 24)).save(folder / "masks" / f"{name}.png")
    jpeg = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    Image.fromarray(noise).save(jpeg, "JPEG")
    (broken / "pictures" / "003a.jpg").write_bytes(jpeg.getvalue()[:-200])
    (broken / "pictures" / "zzz.png").write_bytes(b"")
    # Batches and shards of one picture: forward passes see the same in both runs, and some shards hold nothing.
    pieces_of(1)
    unitscope_says(*dissect_words(whole, tmp_path / "one", "--batch-size", "1"))
    said = unitscope_says(*dissect_words(broken, tmp_path / "two", "--batch-size", "1"))
    assert "on 9 pictures of broken/pictures" in said
    assert "  2 pictures were skipped; the manifest says which and why" in said
    manifest = json.loads((tmp_path / "two" / "manifest.json").read_text())
    assert (manifest["data"]["pictures"], manifest["data"]["used"]) == (11, 9)
    skipped = {entry["sample"]: entry["reason"] for entry in manifest["data"]["skipped"]}
    assert skipped.keys() == {"003a.jpg", "zzz.png"}
    assert "truncated" in skipped["003a.jpg"]
    assert skipped["zzz.png"] == "the file is empty"
    one, two = tables_of(tmp_path / "one"), tables_of(tmp_path / "two")
    same = ["layer", "unit", "status", "threshold", "quantile_fraction", "concept", "iou", "detector", "peak"]
    pd.testing.assert_frame_equal(one["units"][same], two["units"][same])
    pd.testing.assert_frame_equal(one["iou"], two["iou"])
    assert two["samples"]["used"].tolist() == [name not in skipped for name in two["samples"]["id"]]
    assert one["exemplars"]["id"].tolist() == two["exemplars"]["id"].tolist()
    assert one["exemplars"]["mask"].tolist() == two["exemplars"]["mask"].tolist()


def test_one_broken_picture_is_counted_as_one(tmp_path, unitscope_says):
    folder = draw(tmp_path / "data", 2)
    (folder / "pictures" / "001.png").write_bytes(b"")
    said = unitscope_says(*dissect_words(folder, tmp_path / "run"))
    assert "net on 1 picture of data/pictures with 4 concepts" in said
    assert "  1 picture was skipped; the manifest says which and why" in said


def test_file_names_that_are_no_utf_8_are_spelled_out(tmp_path, unitscope_says):
    folder = draw(tmp_path / "data", 3)
    strange = os.fsdecode(b"\xff.png")
    try:
        for kind in ("pictures", "masks"):
            (folder / kind / "001.png").rename(folder / kind / strange)
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    (folder / "pictures" / strange).write_bytes(b"")
    unitscope_says(*dissect_words(folder, tmp_path / "run"))
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert [entry["sample"] for entry in manifest["data"]["skipped"]] == ["\\xff.png"]
    assert "\\xff.png" in tables_of(tmp_path / "run")["samples"]["id"].tolist()


def test_a_category_may_not_be_called_all(tmp_path, refused):
    folder = draw(tmp_path / "data", 2)
    (folder / "labels.txt").write_text("1\tred\tall\n2\tgreen\tcolor\n3\tblue\tcolor\n4\tdot\tcolor\n")
    said = refused(*dissect_words(folder, tmp_path / "run"))
    assert said == "a category is called 'all', which stands for all of them; give it another name"

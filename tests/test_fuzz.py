"""Whatever is typed or written into a label file: the result is right, or one line says what is wrong."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest
import tiny_generator
from attack_cases import dissected, draw_colours
from tiny import run_cli
from typer.main import get_command

import unitscope
from unitscope.cli import application
from unitscope.concepts.labelfile import read_labels
from unitscope.errors import UnitscopeError

pytestmark = pytest.mark.usefixtures("traced_once")
WORDS = [
    *(
        "",
        "  ",
        "[/b]",
        "[bold]x",
        "é",
        "厨房",
        "\udcff",
        "\n",
        "a\nb",
        "\t",
        "%s%n",
        "--",
        "-",
        "None",
        "true",
        "a,b",
    ),
    *("nan", "inf", "-1", "0", "1", "1.5", "1e999", "1e-400", "-0.0", "0x10", "1_000", "٣", "9" * 40, "-5"),
    *(
        "x" * 300,
        "x" * 5000,
        "../x",
        "~nosuchuser/x",
        "/dev/null",
        "/dev/zero",
        "=",
        "x=y",
        "relu=0x0",
        "1x1",
        "0x0",
    ),
    *(
        "99999999x99999999",
        ":",
        "::",
        "1:2:3",
        "{}",
        "[]",
        '{"a":1}',
        "1-",
        "200-100",
        "0-99999999",
        "red",
        "relu",
    ),
    *(
        "world:3:nope",
        "world:0",
        "world-gan",
        "cuda:99",
        "meta",
        "torchvision:nope",
        "timm:",
        "transformers:",
    ),
    *(
        "http://[::1",
        "http://localhost:9/x",
        "file:///etc/passwd",
        "https://",
        "os:system",
        "json:loads",
        ":net",
    ),
]
"""What people, scripts and cats on keyboards give as the value of an option."""
OWN = [
    "fifo",
    "empty",
    "noise",
    ".",
    "run-net",
    "run-gen",
    "net.py",
    "net.py:net",
    "net.py:CLASSES",
    "pictures",
]
"""Files of the test that are given where something else is wanted."""


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a network, a generator, pictures, a run of both, and files that are nothing."""
    folder = draw_colours(tmp_path_factory.mktemp("fuzz"))
    (folder / "gen.py").write_text(tiny_generator.GENERATOR)
    (folder / "empty").write_text("")
    (folder / "noise").write_bytes(random.Random(0).randbytes(500))
    os.mkfifo(folder / "fifo")
    dissected(folder, "net")
    unitscope.dissect(
        f"{folder}/gen.py:shapes", unitscope.latents(8), unitscope.segmenter("colors"), layers=["boxes"],
        out=folder / "run-gen", replicates=100, device="cpu",
    )  # fmt: skip
    return folder


def commands(place: Path, out: Path) -> dict[str, list[str]]:
    """Return a short command of every kind that works."""
    run, generated, pictures = (str(place / name) for name in ("run-net", "run-gen", "pictures"))
    told = ["--out", str(out), "--quiet"]
    latents = ["--latents", "8", *told]
    return {
        "dissect": [
            f"{place}/net.py:net",
            "--images",
            pictures,
            "--segmenter",
            "colors",
            "--layer",
            "relu",
            *told,
        ],
        "layers": [f"{place}/net.py:net"],
        "segment": [f"{pictures}/red/00.png", "--segmenter", "colors", "--out", str(out)],
        "units": [run],
        "classify-unit": [run, "--layer", "relu", "--unit", "0", "--images", pictures, *told],
        "importance": [run, "--layer", "relu", "--train", pictures, "--val", pictures, *told],
        "attack": [
            run,
            "--images",
            pictures,
            "--target",
            "red",
            "--method",
            f"{place}/net.py:brighten",
            *told,
        ],
        "shape": [run, "--images", pictures, "--alter", "gray", *told],
        "report": [run, "--out", str(out)],
        "verify": [run],
        "compare": [run, run, "--page", str(out)],
        "remove": [generated, "--concept", "red", *latents],
        "insert": [generated, "--concept", "red", *latents],
        "rank": [generated, "--layer", "boxes", *latents],
        "models": [],
    }


MANY = ("--layer", "--target", "--segmenter")
"""Options that may be given again."""


def with_value(words: list[str], option: str, value: str) -> list[str]:
    """Return a command in which an option has another value, or one more."""
    if option in words and option not in MANY:
        words = [*words]
        words[words.index(option) + 1] = value
        return words
    return [*words, option, value]


def attempts(name: str, words: list[str], place: Path) -> list[list[str]]:
    """Return the command with a strange value for each of its options and arguments in turn."""
    rng = random.Random(name)
    pool = [*WORDS, *(str(place / own) for own in OWN)]
    found = []
    for each in get_command(application(name)).commands[name].params:
        value = rng.choice(pool)
        if each.param_type_name == "argument":
            found.append([value, *words[1:]])
        elif not each.is_flag and not (each.name == "out" and value.startswith("/")):
            found.append(with_value(words, each.opts[0], value))
    return found


def complaint(code: int, said: str, left: bool) -> str:
    """Return what is wrong with how a command ended; nothing is if it worked, or was refused in a line."""
    if code not in (0, 2):
        return f"exit code {code}"
    if "Traceback" in said:
        return "a traceback"
    of_parser = said.startswith("Usage:") and "Error" in said
    if code == 2 and not of_parser and not (said.startswith("unitscope: ") and said.count("\n") == 1):
        return "no line that says what is wrong"
    return "something is left behind" if code == 2 and left else ""


@pytest.mark.parametrize("name", sorted(commands(Path(), Path())))
def test_strange_values_are_refused_in_one_line(place, tmp_path, monkeypatch, capfd, name):
    out = tmp_path / "out"
    wrong = {}
    for number, words in enumerate(attempts(name, commands(place, out)[name], place)):
        here = tmp_path / f"here{number}"
        here.mkdir()
        monkeypatch.chdir(here)
        code = run_cli(monkeypatch, name, *words)
        _, said = capfd.readouterr()
        if found := complaint(code, said, out.exists() or any(here.iterdir())):
            wrong[tuple(words)] = (found, said[-500:])
        shutil.rmtree(out, ignore_errors=True)
    assert not wrong


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("classify-unit", ["--ignore", "3", "--concept", "red"]),
        ("classify-unit", ["--unlabelled", "ignore", "--concept", "red"]),
        ("shape", ["--labels-preset", "voc"]),
        ("shape", ["--adain", "."]),
        ("dissect", ["--labels-preset", "voc"]),
        ("dissect", ["--truncation", "0.5"]),
        ("attack", ["--epsilon", "0.1"]),
    ],
)
def test_options_that_would_change_nothing_are_refused(place, tmp_path, monkeypatch, capfd, name, more):
    out = tmp_path / "out"
    words = commands(place, out)[name]
    if name == "classify-unit":
        words = [str(place / "run-gen"), "--layer", "boxes", "--unit", "0", "--out", str(out), "--quiet"]
    assert run_cli(monkeypatch, name, *words, *more) == 2
    _, said = capfd.readouterr()
    assert more[0] in said
    assert said.count("\n") == 1
    assert not out.exists()


NAMED = {1: "wall", 2: "traffic light", 4: "été", 17: "water"}
"""What the label files below say."""


def written(rng: random.Random) -> bytes:
    """Return a label file that says NAMED in one of the ways that files have."""
    between = rng.choice(["\t", " ", ": ", ":", ",", ";", ", "])
    end = rng.choice(["\n", "\r\n"])
    lines = [f"{number}{between}{name}" for number, name in NAMED.items()]
    rng.shuffle(lines)
    for _ in range(rng.randrange(3)):
        lines.insert(rng.randrange(len(lines) + 1), rng.choice(["", "# a note", "   "]))
    text = end.join(lines) + rng.choice(["", end, end * 2])
    return text.encode(rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]))


@pytest.mark.parametrize("number", range(60))
def test_a_label_file_says_the_same_however_it_is_written(tmp_path, number):
    file = tmp_path / "labels.txt"
    file.write_bytes(written(random.Random(number)))
    labels = read_labels(file)
    found = {number: concept.name for number, concept in zip(labels.numbers, labels.concepts, strict=True)}
    assert found == NAMED


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Return a file to which something happened."""
    content = bytearray(content)
    for _ in range(rng.randrange(1, 4)):
        place = rng.randrange(len(content))
        match rng.randrange(5):
            case 0:
                content[place] = rng.randrange(256)
            case 1:
                del content[place : place + rng.randrange(1, 9)]
            case 2:
                content[place:place] = rng.choice([b"\n", b"\t", b",", b";", b":", b'"', b"\0", b"{", b"1 "])
            case 3:
                content[place:place] = content[: rng.randrange(1, 20)]
            case 4:
                del content[place:]
        content = content or bytearray(b"\n")
    return bytes(content)


FORMS = {
    "labels.txt": b"1\twall\n2\ttraffic light\n4\twater\n",
    "labels.csv": b'number,name,category\n1,wall,object\n2,"light, traffic",object\n4,water,material\n',
    "labels.json": b'[{"number": 1, "name": "wall"}, {"number": 2, "name": "light", "category": "part"}]',
    "id2label.json": b'{"0": "nothing", "1": "wall", "2": "traffic light"}',
    "coco.json": b'{"categories": [{"id": 1, "name": "wall", "supercategory": "thing"}]}',
    "labelmap.txt": b"# label:color_rgb:parts:actions\nbackground:0,0,0::\nwall:128,0,0::\n",
}


@pytest.mark.parametrize("number", range(40))
@pytest.mark.parametrize("name", FORMS)
def test_a_damaged_label_file_is_read_or_refused_in_one_line(tmp_path, name, number):
    file = tmp_path / name
    file.write_bytes(damaged(FORMS[name], random.Random(f"{name}{number}")))
    labels = None
    said = ""
    try:
        labels = read_labels(file)
    except UnitscopeError as error:
        said = str(error)
    if labels is None:
        assert name in said
        assert "\n" not in said
        return
    assert len(labels.numbers) == len(labels.concepts) > 0
    assert len(set(labels.numbers)) == len(labels.numbers)
    assert all(concept.name.strip() for concept in labels.concepts)

"""Errors speak the language of their caller: keywords in Python, options in a terminal."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import torch
from torch import nn

from unitscope.errors import UnitscopeError, as_typed, command_of, did_you_mean, speaking
from unitscope.layer.names import parse_layer, pick
from unitscope.models.fitting import take_weights
from unitscope.models.hub import no_weights
from unitscope.models.libraries import parse_spec
from unitscope.models.registry import load_network

SAID = {
    "no layer to dissect; name one with --layer": "no layer to dissect; name one with layers=",
    "give --set-size a number from 1 to 8": "give set_sizes= a number from 1 to 8",
    "leave --class out": "leave classes= out",
    "give --latents COUNT in place of --images": "give latents=COUNT in place of pictures=",
    "give --latents 1 or more": "give latents=1 or more",
    "--units 'x' cannot be read; write a number": "units='x' cannot be read; write a number",
    "give --out FILE.parquet": "give out=FILE.parquet",
    "give --out another folder": "give out= another folder",
    "--range LOW:HIGH gives the values": "range=LOW:HIGH gives the values",
    "use --rank iou": "use rank='iou'",
    "--preprocess size=... sets it": "preprocess='size=...' sets it",
    "--segmenter-preprocess was given once": "preprocess= was given once",
    "--debug shows where": "the traceback shows where",
    "without --drop-cache": "without drop_cache()",
    "'unitscope layers MODEL' lists them": "unitscope.layers(MODEL) lists them",
    "'unitscope layers vgg16' lists them": "unitscope.layers('vgg16') lists them",
    "run 'unitscope rank runs/gan --layer layer4' first": "run unitscope.rank('runs/gan', layer='layer4') first",
    "'unitscope dissect' makes one": "unitscope.dissect makes one",
    "run \"unitscope rank 'my runs/gan' --layer 'a[0]'\" first": (
        "run unitscope.rank('my runs/gan', layer='a[0]') first"
    ),
    "\"unitscope units 'my runs' --limit 3\" lists": "\"unitscope units 'my runs' --limit 3\" lists",
    "'unitscope models' lists them": "'unitscope models' lists them",
    "'unitscope classify-unit' makes one": "'unitscope classify-unit' makes one",
    "'python -m training.gan --out weights' makes them": "'python -m training.gan --out weights' makes them",
    "'unitscope units RUN --limit 3' lists --units": "'unitscope units RUN --limit 3' lists units=",
    "a --- b, x--y and -- are no options": "a --- b, x--y and -- are no options",
}


@pytest.mark.parametrize(("typed", "called"), SAID.items(), ids=list(SAID))
def test_errors_speak_the_language_of_their_caller(typed, called):
    error = UnitscopeError(typed)
    assert str(error) == called
    with speaking("terminal"):
        assert str(error) == typed
    assert str(error) == called


# What is to be typed.

WORDS = (
    "torchvision:resnet18?weights=none",
    "blocks[0]",
    "my runs/*.png",
    "it's",
    """it's "both" ways""",
    "$HOME",
    "it's $HOME!",
    "a;b&c|d",
    "plain",
)


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("word", WORDS)
def test_a_word_that_is_to_be_typed_reaches_the_command_as_it_is(word, shell, tmp_path):
    (tmp_path / "torchvision:resnet18xweights=none").touch()  # which an open ? would find
    with speaking("terminal"):
        typed = as_typed(word)
    assert typed[0] in "'\"", "always in quotes"
    done = subprocess.run(
        [shell, "-c", f"printf %s {typed}"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == word
    assert eval(as_typed(word)) == word  # in Python, a string


def test_a_command_takes_quotes_only_where_they_are_needed():
    assert (
        command_of("rank", Path("runs/gan"), "--layer", "layer4") == "unitscope rank runs/gan --layer layer4"
    )
    words = ["dissect", "timm:vit?weights=none", "--layer", "blocks[0]", "--out", "my run"]
    assert (
        command_of(*words) == "unitscope dissect 'timm:vit?weights=none' --layer 'blocks[0]' --out 'my run'"
    )
    assert shlex.split(command_of(*words))[1:] == words


def saved_twice(path):
    """Write weights that fit in two entries; return what takes them."""
    one, other = nn.Linear(2, 2), nn.Linear(2, 2)
    torch.save({"student": one.state_dict(), "teacher": other.state_dict()}, path)
    return lambda: take_weights(nn.Linear(2, 2), path)


def refusals(folder: Path):
    (folder / "net.py").write_text("")
    output = {"a": torch.zeros(1, 2, 3, 3), "b": torch.zeros(1, 2, 3, 3)}
    return [
        saved_twice(folder / "two.pt"),
        lambda: parse_spec("timm:"),
        lambda: load_network(f"{folder}/net.py"),
        lambda: load_network("models.net"),
        lambda: pick(parse_layer("net", ["net"], "model"), output),
        lambda: (_ for _ in ()).throw(no_weights("timm:vit", "timm:vit?weights=none", None, online=False)),
    ]


def test_what_messages_suggest_stands_in_quotes(tmp_path):
    """Signs that a shell reads stand between quotes in whatever is to be typed."""
    for refuse in refusals(tmp_path):
        with pytest.raises(UnitscopeError) as error, speaking("terminal"):
            refuse()
        with speaking("terminal"):
            said = str(error.value)
        outside = re.sub(r"'[^']*'", "", said)
        assert not set("?*[]") & set(outside), said


def test_a_near_name_stands_in_quotes():
    with speaking("terminal"):
        assert did_you_mean("block[0]", ["blocks[0]"]) == " did you mean 'blocks[0]'?"

"""Errors speak the language of their caller: keywords in Python, options in a terminal."""

import pytest

from unitscope.errors import UnitscopeError, speaking

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

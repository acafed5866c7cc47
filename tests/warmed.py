"""Imported by the server that processes are forked from: they begin with what a first dissection loads."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from pathlib import Path

import torch
from tiny import dissect_words, draw

from unitscope import cli

torch.set_num_threads(1)  # others would not be there after a fork

with (
    tempfile.TemporaryDirectory() as place,
    contextlib.redirect_stdout(io.StringIO()),
    contextlib.redirect_stderr(io.StringIO()),
    contextlib.suppress(SystemExit),
):
    sys.argv = ["unitscope", *dissect_words(draw(Path(place) / "data", 6), Path(place) / "run")]
    cli.main()

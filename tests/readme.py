"""The blocks of the README, with smaller numbers in place of some, run in this process."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from tiny import run_cli

ROOT = Path(__file__).parents[1]


def block(language: str, start: str, smaller: dict[str, str]) -> str:
    """Return the block that begins so, with other words in place of some; all of these are there."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    (code,) = [each for each in found if each.startswith(start)]
    for word, less in smaller.items():
        assert word in code
        code = code.replace(word, less)
    return code


def run_commands(
    start: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    **smaller: str,
) -> list[str]:
    """Run the commands of a block in a folder; return what each said besides its answer."""
    monkeypatch.chdir(folder)
    said = []
    for line in block("sh", start, smaller).splitlines():
        code = run_cli(monkeypatch, *shlex.split(line)[1:])
        said.append(capsys.readouterr().err)
        assert code == 0, (line, said[-1])
    return said

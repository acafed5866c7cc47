"""docs/cli.md names the options that there are, with the defaults that they have."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from unitscope.cli.main import app

DOCS = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
TOP = get_command(app)
NAMES = sorted(TOP.commands)
STATED = re.compile(r"`?([\w.-]+)`?(?:, the default|,? by default)")


def sections():
    """Text of docs/cli.md by command, '' for what comes first."""
    intro, *rest = DOCS.read_text().split("\n## ")
    told = {part.split()[1]: part for part in rest if part.startswith("unitscope ")}
    return {"": intro, **told}


def documented(name):
    """Meaning by option, from the table of a command; options that share a row share its meaning."""
    rows = re.findall(r"^\| (`--.*?`) \| (.*) \|$", sections()[name], re.MULTILINE)
    return {word: meaning for words, meaning in rows for word in re.findall(r"--[a-z-]+", words)}


def options(name):
    """Options of a command, without --help."""
    return [each for each in TOP.commands[name].params if each.param_type_name == "option"]


def words(name):
    return {word for each in options(name) for word in each.opts} - {"--help"}


def test_every_command_has_a_section_and_every_section_a_command():
    assert sorted(sections()) == ["", *NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_a_command_names_its_options_and_no_others(name):
    assert set(documented(name)) == words(name)


def test_the_options_of_every_command_are_documented():
    for option in ("--debug", "--version", "--help"):
        assert option in sections()[""]


@pytest.mark.parametrize("name", NAMES)
def test_defaults_that_are_documented_are_those_of_the_options(name):
    told = documented(name)
    for each in options(name):
        stated = STATED.search(told[each.opts[0]])
        if stated and each.default is not None:
            assert stated[1] == str(each.default), each.opts

"""What --help says of the options of every command."""

import re

import pytest
from typer.main import get_command

from unitscope.cli.main import application
from unitscope.cli.options import PANELS

TOP = get_command(application())
NAMES = sorted(TOP.commands)


def options(name):
    """Options of a command, without --help."""
    return [each for each in TOP.commands[name].params if each.param_type_name == "option"]


@pytest.mark.parametrize("name", NAMES)
def test_what_may_be_given_again_says_so(name):
    for each in options(name):
        assert each.multiple or "may be given again" not in each.help, each.opts
        if each.multiple:
            assert "given again" in each.help or "for each" in each.help, each.opts


@pytest.mark.parametrize("name", NAMES)
def test_options_stand_under_a_heading_with_a_metavar_and_help(name):
    for each in options(name):
        assert each.rich_help_panel in PANELS, each.opts
        assert each.help.endswith("."), each.opts
        assert each.is_flag or re.fullmatch(r"[A-Z:]+|[a-z0-9]+(\|[a-z0-9]+)+", each.metavar), each.opts


def test_a_picture_is_segmented_by_a_segmenter_that_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        application()(["segment", "photo.jpg", "--out", str(tmp_path / "labels.png")], prog_name="unitscope")
    assert left.value.code == 2
    assert "Missing option '--segmenter'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

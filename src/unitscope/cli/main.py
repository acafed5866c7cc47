"""The command line: one command is one call of the library.

A command is imported when it is asked for, and imports what it needs when it runs, so that ``--help`` and ``--version``
are there at once.
"""

from __future__ import annotations

import itertools
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, NoReturn

import typer

import unitscope
from unitscope.errors import UnitscopeError, speaking

MISTAKE = 2
"""Exit code of an error that a person can act on."""
INTERRUPTED = 130


class Readable(typer.core.TyperCommand):
    """A command whose help shows no types of Python, no ranges such as x>=1, and no braces."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, with nothing where a type would stand that a person did not write."""
        found = super().get_params(ctx)
        for each in found:
            if each.metavar is None:  # flags that typer adds
                each.metavar = ""
            if isinstance(each, typer.core.TyperArgument):
                vars(each)["display_type_rich"] = lambda ctx: None  # noqa: ARG005
                vars(each)["_usage_display_name"] = each.display_name_raw.upper
            vars(each)["_get_number_range_help_str"] = lambda: None
        return found

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words; an option that lacks its value would take the next option for it: refused by name."""
        options = {name: each for each in self.get_params(ctx) for name in each.opts if name.startswith("--")}
        for word, following in itertools.pairwise(args):
            taken = options.get(word)
            if taken is not None and following in options and not getattr(taken, "is_flag", False):
                raise typer.BadParameter(
                    f"{word} takes {taken.metavar or 'a value'} and was given {following}, an option", ctx=ctx
                )
        return super().parse_args(ctx, args)


class Commands(typer.core.TyperGroup, Readable):
    """The commands; an interrupted one says how to go on."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("\nunitscope: interrupted; the same command goes on from here", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None


START = """Start with:

unitscope demo

Every command has examples:

unitscope dissect --help"""

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("dissections.demo", "--pictures 200 --out demo-run"),
    "dissect": (
        "dissections.dissect",
        """world-vgg --images world:200 --out runs/vgg
        world-gan --latents 200 --out runs/gan
        timm:resnet18 --images photos --segmenter upp --out runs/r18
        net.py:net --images photos --segmenter colors --out runs/net""",
    ),
    "layers": (
        "networks.layers",
        """world-vgg
        'timm:resnet18?weights=none' --preprocess size=192""",
    ),
    "models": (
        "networks.models",
        """
        --download vgg16-places365""",
    ),
    "segment": ("networks.segment", "photo.jpg --segmenter colors --out colors.png"),
    "units": (
        "runs.units",
        """runs/vgg --min-iou 0.1 --sort iou_heldout --limit 20
        runs/vgg --concept tree --concept grass
        runs/vgg --format csv --out units.csv""",
    ),
    "unit": (
        "runs.unit",
        """runs/vgg relu4_3 126
        runs/vgg relu4_3 126 --strip unit-126.png""",
    ),
    "classify-unit": (
        "questions.classify_unit",
        "runs/gan --layer layer4 --unit 28 --concept tree",
    ),
    "importance": ("questions.importance", "runs/vgg --train world:600:train --val world:300:val"),
    "attack": ("questions.attack", "runs/vgg --images world:200 --target bedroom --method ddn"),
    "remove": ("questions.remove", "runs/gan --concept tree --units 1,5,20"),
    "insert": ("questions.insert", "runs/gan --concept tree --locations 16"),
    "rank": ("questions.rank", "runs/gan --layer layer4"),
    "paint": ("painting.paint", "runs/gan --layer layer4"),
    "shape": ("questions.shape", "runs/vgg --images world:200 --alter retexture"),
    "report": (
        "runs.report",
        """runs/vgg --open
        runs/vgg runs/gan --out both""",
    ),
    "export": ("sharing.export", "runs/vgg --to hub"),
    "import": ("sharing.import_run", "vgg.zip --out runs/vgg"),
    "verify": ("runs.verify", "runs/vgg"),
    "stability": ("runs.stability", "runs/vgg"),
    "compare": ("runs.compare", "runs/vgg runs/untrained"),
}
"""Every command: its function in this folder, and an example of what follows its name, or several, a line each."""
GROUPS = {
    "Look: what units respond to": "demo dissect units unit classify-unit shape stability compare",
    "Cause: what a classifier uses them for": "importance attack",
    "Generate: what a generator draws with them": "remove insert rank paint",
    "Share: results that travel": "report export import verify",
    "Prepare: networks and labels": "layers models segment",
}
"""Headings of the help with their commands, in order."""


def examples(name: str) -> list[str]:
    """Return the examples of a command, as they are typed."""
    _, following = COMMANDS[name]
    return [f"unitscope {name} {line.strip()}".rstrip() for line in following.splitlines()]


@cache
def application(*names: str) -> typer.Typer:
    """Return the command line with these commands only, or with all of them."""
    app = typer.Typer(
        name="unitscope",
        cls=Commands,
        help="See what every unit of a vision network responds to.",
        epilog=START,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_common)
    headings = {name: heading for heading, listed in GROUPS.items() for name in listed.split()}
    order = [*headings, *COMMANDS]
    for name in sorted(names or COMMANDS, key=order.index):
        said = examples(name)
        app.command(
            name,
            cls=Readable,
            rich_help_panel=headings.get(name, "Commands"),
            epilog="\n\n".join([f"Example{'s' if len(said) > 1 else ''}:", *said]),
        )(_function(name))
    return app


def _function(name: str) -> Callable[..., None]:
    module, _, function = COMMANDS[name][0].partition(".")
    found: Callable[..., None] = getattr(import_module(f"unitscope.cli.{module}"), function)
    return found


def _print_version(wanted: bool) -> None:
    if wanted:
        print(unitscope.__version__)
        raise typer.Exit


def _common(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    """See what every unit of a vision network responds to."""
    # main() takes --debug out of the words, wherever it stands, before they get here.
    del debug, version


def main() -> None:
    """Run a command; an error that a person can act on is one line and exit code 2."""
    words = [_as_utf8(word) for word in sys.argv[1:] if word != "--debug"]
    debug = len(words) < len(sys.argv) - 1
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, TextIOWrapper
        ):  # names may have letters that a terminal of another locale lacks
            stream.reconfigure(errors="backslashreplace")
    with speaking("terminal"):
        try:
            application(*_asked(words))(words, prog_name="unitscope")
        except UnitscopeError as error:
            _leave(str(error), debug=debug)
        except MemoryError as error:
            _leave(
                f"there is not enough memory ({error}); lower --batch-size, or ask for less at once",
                debug=debug,
            )
        except OSError as error:
            # What no message was written for: a file that is gone meanwhile, a share that was lost.
            where = f"{error.filename}: " if error.filename is not None else ""
            _leave(f"{where}{error.strerror or error}; --debug shows where that came from", debug=debug)


def _asked(words: list[str]) -> list[str]:
    """Return the command that words ask for, or nothing where that is to be said with all in view."""
    return [word for word in words[:1] if word in COMMANDS]


def _as_utf8(word: str) -> str:
    """Return a word whose letters Python did not know in the locale of a terminal, if they are UTF-8."""
    with suppress(UnicodeError):
        return word.encode("utf-8", "surrogateescape").decode("utf-8")
    return word


def _leave(message: str, *, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exc()
    print(f"unitscope: {message}", file=sys.stderr)
    sys.exit(MISTAKE)

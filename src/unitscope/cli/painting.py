"""The command that paints with units: a local page, or the pictures of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import unitscope
from unitscope.cli.calls import typed
from unitscope.cli.given import SameNetworkOptions, SegmenterOptions
from unitscope.cli.options import OUTPUT, PICTURES, options
from unitscope.cli.output import print_lines
from unitscope.cli.unit_calls import found_again, segmenter_again
from unitscope.errors import UnitscopeError
from unitscope.experiments.settings import MEASURED, setting

if TYPE_CHECKING:
    from unitscope.run.dissection import Dissection

BUNDLED, BUNDLED_LATENTS, BUNDLED_LAYER = "world-gan", 1000, "layer7"
"""What is dissected where no run is named, on how many latents, and the layer where doors on walls take most often
(`benchmarks/painting.py`)."""


@dataclass(frozen=True)
class PageOptions:
    """Where the page is, and what it starts with."""

    layer: str | None = setting(
        None,
        "A layer of the run; by default the one whose units match most concepts, layer7 where no RUN is named; for "
        "--apply that of the recipe.",
        metavar="LAYER",
        panel=MEASURED,
    )
    units: int = setting(
        20,
        "Units of a concept that are taken by default, those of highest IoU.",
        panel=MEASURED,
        bounds=(1, None),
    )
    host: str = setting(
        "127.0.0.1",
        "What to listen on; any but this machine itself lets others in who know the token.",
        metavar="HOST",
        panel=OUTPUT,
    )
    port: int = setting(8765, "The port; 0 for any that is free.", panel=OUTPUT, bounds=(0, 65535))
    no_browser: bool = setting(False, "Print the address and open no browser.", panel=OUTPUT)
    quiet: bool = setting(False, "No progress.", panel=OUTPUT)


@dataclass(frozen=True)
class RecipeOptions:
    """Which recipe is drawn instead, without a page."""

    apply: Path | None = setting(
        None, "Draw the picture of this recipe and leave; needs --out.", metavar="FILE", panel=PICTURES
    )
    latents: str | None = setting(
        None,
        "With --apply: paint on these latents of the seed of the run instead, as 12, 0:11 or 0,3,9.",
        metavar="NUMBERS",
        panel=PICTURES,
    )
    out: Path | None = setting(
        None,
        "With --apply: the PNG file to write; with --latents a folder for one file each.",
        metavar="PATH",
        panel=OUTPUT,
    )

    def __post_init__(self) -> None:
        """Refuse options that only go with another.

        Raises:
            UnitscopeError: they do not go together.
        """
        if self.apply is None and (self.out or self.latents):
            raise UnitscopeError(f"--{'out' if self.out else 'latents'} goes with --apply RECIPE")
        if self.apply is not None and self.out is None:
            raise UnitscopeError("--apply draws a picture; say where to write it with --out FILE.png")
        if self.out is not None and self.latents is None and self.out.suffix.lower() != ".png":
            raise UnitscopeError(f"--out {self.out} is to be a PNG file, which keeps every bit; call it .png")


@options
def paint(
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN]",
            show_default=False,
            help="The run folder of a finished dissection of a generator; the bundled one is dissected without it.",
        ),
    ] = None,
    *,
    page: PageOptions,
    recipe: RecipeOptions,
    segmenter: SegmenterOptions,
    network: SameNetworkOptions,
) -> None:
    """Paint with the units of a generator.

    On a page of this machine, or by a recipe, as pictures.
    """
    if recipe.apply is not None:
        print_lines(*_draw(run, page, recipe, network))
        return
    from unitscope.paint.serve import serve, warning_of

    with typed(network.mirror, quiet=page.quiet):
        from unitscope.paint.studio import Studio

        opened = _opened(run, network)
        layer = page.layer or (BUNDLED_LAYER if run is None else _richest(opened))
        studio = Studio.open(
            opened, layer, segmenter_again(opened, segmenter), found_again(opened, network), device=network.device,
            units=page.units,
        )  # fmt: skip
    for warning in filter(None, [warning_of(page.host), *studio.subject.caveats]):
        print_lines(f"warning: {warning}")
    serve(studio, host=page.host, port=page.port, told=_tell, browser=not page.no_browser)


def _tell(address: str) -> None:
    print_lines(f"painting at {address}", "Ctrl-C stops")


def _opened(run: Path | None, network: SameNetworkOptions) -> Dissection:
    """Open a run; without one, that of the bundled generator, which is dissected once."""
    if run is not None:
        return unitscope.open_run(run)
    if network.model is not None:
        raise UnitscopeError("--model is the generator of a RUN; dissect it, and name its run")
    from unitscope.cache import cache_folder
    from unitscope.models.weights import weights_hash
    from unitscope.progress import say
    from unitscope.run.manifest import MANIFEST, read_manifest

    generator = unitscope.generator(BUNDLED, device=network.device)
    folder = cache_folder() / "paint" / f"{BUNDLED}-{weights_hash(generator.module)[:12]}"
    if not (folder / MANIFEST).is_file() or not read_manifest(folder).complete:
        say(f"dissecting the bundled generator once, into {folder}")
        unitscope.dissect(
            BUNDLED, unitscope.latents(BUNDLED_LATENTS, seed=1), out=folder, device=network.device
        )
    return unitscope.open_run(folder)


def _richest(run: Dissection) -> str:
    """Return the layer whose units match most concepts, the first of several."""
    if not run.generated:
        return run.last_layer  # which is refused with its own words
    rows = run.layers[run.layers["category"] == "all"].sort_values("position", kind="stable")
    return str(rows["layer"].iloc[int(rows["concepts"].to_numpy().argmax())])


def _draw(
    run: Path | None, page: PageOptions, recipe: RecipeOptions, network: SameNetworkOptions
) -> list[str]:
    """Draw the pictures of a recipe; return the files."""
    from unitscope.paint.apply import open_recipe, parse_numbers
    from unitscope.paint.files import write_pictures

    assert recipe.apply is not None
    assert recipe.out is not None
    given = open_recipe(recipe.apply)
    numbers = None if recipe.latents is None else parse_numbers(recipe.latents)
    with typed(network.mirror, quiet=page.quiet):
        opened = _opened(run, network)
        if page.layer is not None and opened.network.layer_path(page.layer) != given.layer:
            raise UnitscopeError(f"the recipe is for layer {given.layer!r}; leave --layer out, or give that")
        pictures = unitscope.apply_recipe(
            opened, given, latents=numbers, generator=found_again(opened, network), device=network.device
        )
    return [str(path) for path in write_pictures(recipe.out, pictures, numbers)]

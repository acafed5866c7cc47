"""The layers of whatever network a person names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from unitscope import notebook
from unitscope.errors import UnitscopeError
from unitscope.layer.causes import why
from unitscope.layer.drawn import ask_drawing
from unitscope.layer.hooks import LayerDescription, LayerGrid, describe_layers
from unitscope.layer.outcome import PLACES, Proof
from unitscope.layer.proof import ask
from unitscope.models.forwarded import Forward, Function
from unitscope.models.generators import ClassConditional, Generator
from unitscope.models.network import Network
from unitscope.models.registry import MakesPicturesError
from unitscope.nouns.generator import Shape, generator
from unitscope.nouns.network import Source, blank_network, left_as_it_was, on_device

MOST_UNITS = 64
"""Units of a layer that are asked where its cells lie, when all layers are listed."""
MOST_PIXELS = 2**21
"""Pixels that a generator draws at most to ask all its layers; for more, those that are read by default are asked."""
GridsLike = Mapping[str, tuple[int, int]] | str | Sequence[str]
"""Rows and columns of layers: by name, or as ``LAYER=14x14``."""


class Layers(list[LayerDescription]):
    """The layers of a network in the order they run, one description each; it shows itself as a frame."""

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a layer.

        Columns: ``layer`` (its readable name where it has one), ``units``, ``grid`` (rows x columns), ``default``
        (taken when no layer is named), ``kind``, ``shape`` (without the axis of pictures), ``reading``, ``places`` and
        ``path`` (its dotted module name).
        """
        return pd.DataFrame(
            {
                "layer": [each.alias or each.name for each in self],
                "units": pd.array([each.units for each in self], "Int64"),
                "grid": [None if each.grid is None else "x".join(map(str, each.grid)) for each in self],
                "default": [each.default for each in self],
                "kind": [each.kind for each in self],
                "shape": [
                    None if each.shape_of_picture is None else "x".join(map(str, each.shape_of_picture))
                    for each in self
                ],
                "reading": [each.reading for each in self],
                "places": [each.places for each in self],
                "path": [each.name for each in self],
            }
        )

    def __repr__(self) -> str:
        return self.to_pandas().drop(columns="path").to_string(index=False, na_rep="")

    def _repr_html_(self) -> str:
        frame = self.to_pandas()
        shown = frame.drop(columns="path" if (frame["layer"] == frame["path"]).all() else [])
        shown["default"] = shown["default"].map({True: "default", False: ""})
        rows = shown.astype(object).where(shown.notna(), "").itertuples(index=False)
        title = f"{len(self):,} layers in the order they run"
        return notebook.card(title, notebook.table(list(shown.columns), list(rows), words=len(shown.columns)))


def grids_of(said: GridsLike) -> dict[str, tuple[int, int]]:
    """Return rows and columns of layers by name.

    Raises:
        UnitscopeError: something is no layer with rows and columns.
    """
    if isinstance(said, Mapping):
        return {name: (int(rows), int(columns)) for name, (rows, columns) in said.items()}
    found = {}
    for each in (said,) if isinstance(said, str) else said:
        form = re.fullmatch(r"(.+)=([1-9]\d*)x([1-9]\d*)", each)
        if form is None:
            raise UnitscopeError(f"--grid-of is {each!r}; write LAYER=ROWSxCOLUMNS, as blocks.3=14x14")
        found[form[1]] = (int(form[2]), int(form[3]))
    return found


def list_layers(
    network: Source,
    *,
    preprocess: str | None = None,
    forward: Forward | Function | str | None = None,
    latent_shape: Shape | None = None,
) -> Layers:
    """List the layers of a network or generator, see :func:`unitscope.layers`."""
    with left_as_it_was(network):
        return Layers(_described(network, preprocess, forward, latent_shape))


def _described(
    network: Source,
    preprocess: str | None,
    forward: Forward | Function | str | None,
    latent_shape: Shape | None,
) -> list[LayerDescription]:
    if latent_shape is not None or isinstance(network, Generator | ClassConditional):
        return _generator_layers(network, latent_shape)
    try:
        return _picture_layers(network, preprocess, forward)
    except UnitscopeError as error:
        if preprocess or forward is not None or isinstance(network, Network):
            raise
        try:
            return _generator_layers(network, None)
        except UnitscopeError:
            if isinstance(error, MakesPicturesError):
                raise
            raise error from None


def _generator_layers(source: Source, latent_shape: Shape | None) -> list[LayerDescription]:
    found = on_device(generator(source, latent_shape=latent_shape, device="cpu"))
    described = describe_layers(found.module, found.trial(1), size=found.size)
    grids = _grids(described)
    wanted = [layer for layer in grids.values() if max(layer.grid) > 1]
    if len(wanted) * PLACES * found.size[0] * found.size[1] > MOST_PIXELS:
        grids = {name: layer for name, layer in grids.items() if name in found.layers}
    latents = found.trial(PLACES)
    proofs = ask_drawing(found.module, list(grids.values()), latents, found.size, check=found.pictures)
    return _named(_with_proofs(described, grids, proofs), found)


def _picture_layers(
    source: Source, preprocess: str | None, forward: Forward | Function | str | None
) -> list[LayerDescription]:
    found = on_device(replace(blank_network(source, preprocess, forward), device="cpu"))
    try:
        described = describe_layers(found.module, found.trial(2))
        grids = _grids(described)
        described = _with_proofs(described, grids, _proofs(list(grids.values()), found))
    except Exception as error:
        size = "x".join(str(pixels) for pixels in found.preprocessing.size)
        raise UnitscopeError(
            f"{found.name} fails on an input of {size} pixels: {why(error)}; if it is a generator, --latent-shape "
            "gives the shape of a latent"
        ) from error
    return _named(described, found)


def _grids(described: list[LayerDescription]) -> dict[str, LayerGrid]:
    """Return the layers that can be read, by name."""
    return {
        layer.name: LayerGrid(
            layer.name, layer.units or 1, layer.grid, layer.geometry, layer.readout, layer.followed
        )
        for layer in described
        if layer.grid is not None and layer.geometry is not None and layer.readout is not None
    }


def _proofs(grids: list[LayerGrid], found: Network) -> dict[str, Proof]:
    """Ask layers of a network whether their cells lie where they are read."""
    if not grids:
        return {}
    size, prepare = found.preprocessing.size, found.preprocessing.apply
    try:
        return ask(found.module, grids, size, prepare=prepare, most_units=MOST_UNITS).proofs
    except UnitscopeError:  # one cannot be read from several pictures at once, and the list is of all of them
        return {}


def _with_proofs(
    described: list[LayerDescription], grids: Mapping[str, LayerGrid], proofs: Mapping[str, Proof]
) -> list[LayerDescription]:
    return [
        replace(layer, places=proofs[layer.name].said(grids[layer.name])) if layer.name in proofs else layer
        for layer in described
    ]


def _named(described: list[LayerDescription], found: Network | Generator) -> list[LayerDescription]:
    """Say what layers may be called besides, and which are taken when none is named."""
    readable = {path: alias for alias, path in found.aliases.items()}
    return [
        replace(layer, alias=readable.get(layer.name, ""), default=layer.name in found.layers)
        for layer in described
    ]

"""Fingerprints of a network, a generator or segmenters, see :mod:`unitscope.run.fingerprint`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
import torch
from torch import Tensor, nn

from unitscope.concepts.labellers import Labeller
from unitscope.concepts.merge import segmenting
from unitscope.errors import UnitscopeError
from unitscope.experiments.pieces import Looked
from unitscope.layer.hooks import trace
from unitscope.layer.made_up import made_up
from unitscope.layer.names import entries, entry_name
from unitscope.models.generators import Generator
from unitscope.models.network import Network
from unitscope.models.precision import Precision
from unitscope.models.weights import device_of
from unitscope.run.fingerprint import Fingerprint, Fingerprints
from unitscope.run.here import OF_NETWORKS
from unitscope.sources.latents import SeededLatents

NETWORK, SEGMENTERS = "network", "segmenters"

ROUNDING: Mapping[Precision, float] = {"fp32": 1e-3, "tf32": 1e-2, "bf16": 0.1, "fp16": 0.1}
"""How far apart answers of two machines may be, by how exactly a network multiplies."""
OF_LABELS = 0.05
"""How far apart label maps may be: rounding decides ties."""
WAVES = 4
MOST_VALUES = 2**16
"""Values of an answer that are looked at, spread evenly over all of them."""
LATENTS = 4


def of_network(network: Network, layers: Sequence[str]) -> Fingerprints:
    """Ask a network and its layers with a made-up picture.

    Args:
        network: in eval mode on its device.
        layers: names of layers.
    """
    return _of_module(network.module, layers, network.trial(1), network.precision)


def of_generator(generator: Generator, layers: Sequence[str], latents: SeededLatents) -> Fingerprints:
    """Ask a generator and its layers with the first of some latents, a few, since one may show little."""
    return _of_module(generator.module, layers, latents.read(range(min(len(latents), LATENTS))), "fp32")


def _of_module(
    module: nn.Module, layers: Sequence[str], inputs: Tensor, precision: Precision
) -> Fingerprints:
    found: dict[str, Fingerprint] = {}
    entries_of_state = [value for value in module.state_dict().values() if isinstance(value, Tensor)]
    short = any(value.dtype in (torch.float16, torch.bfloat16) for value in entries_of_state)
    tolerance = ROUNDING["fp16" if short else precision]

    def read(name: str, output: Tensor) -> None:
        found[f"layer {name!r}"] = _of_values(output, tolerance)

    with trace(module, layers, read, stop_early=False) as forward:
        answer = forward(inputs.to(device_of(module)))
    for keys, value in entries(answer):
        found[f"its output{entry_name('', None, keys)}"] = _of_values(value, tolerance)
    return {NETWORK: found}


def of_segmenters(labeller: Labeller, size: tuple[int, int]) -> dict[str, Fingerprint]:
    """Ask the segmenters of a labeller with a made-up picture of some size; masks have none.

    One that cannot label such a picture has no fingerprint.
    """
    found: dict[str, Fingerprint] = {}
    for each in segmenting(labeller):
        with suppress(UnitscopeError):
            labels = each.label([each.prepare(0, made_up(size))])
            found[f"segmenter {each.name!r}"] = _of_values(torch.from_numpy(labels), OF_LABELS)
    return found


def libraries_of(looked: Sequence[Looked]) -> tuple[str, ...]:
    """Return the libraries that networks and segmenters are made of."""
    modules = [each.module for each in looked]
    for each in looked:
        labeller = getattr(each.samples, "labeller", None)
        modules += [] if labeller is None else [one.segmenter.module for one in segmenting(labeller)]
    used = {type(part).__module__.partition(".")[0] for module in modules for part in module.modules()}
    return tuple(name for name in OF_NETWORKS if name in used)


def _of_values(output: Tensor, tolerance: float) -> Fingerprint:
    """Return the size of some values, their projections on waves and how many are not finite."""
    flat = (output.dequantize() if output.is_quantized else output.detach().resolve_conj()).reshape(-1)
    if flat.is_complex():
        flat = torch.view_as_real(flat).reshape(-1)
    values = flat[:: max(-(-len(flat) // MOST_VALUES), 1)].to("cpu", torch.float64).numpy()
    finite = np.isfinite(values)
    values = np.where(finite, values, 0)
    count = max(len(values), 1)
    size = float(np.sqrt(np.square(values).sum() / count))
    places = np.arange(len(values))
    # Sums of numpy are in one order; those of a library for matrices depend on its threads.
    waves = [
        float((values * np.cos(np.sqrt(2) * wave * places)).sum() / np.sqrt(count))
        for wave in range(1, WAVES + 1)
    ]
    return Fingerprint(tolerance, (size, *waves, float(size * (~finite).mean() if len(values) else 0)))

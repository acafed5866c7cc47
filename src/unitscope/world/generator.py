"""The bundled generator: a small Progressive GAN that draws scenes of the embedded world."""

from __future__ import annotations

import torch

from unitscope.models.networks.proggan import ProgressiveGenerator
from unitscope.world.bundled import fill_bundled

GENERATOR_LATENTS = 128
"""Values of a latent."""

GENERATOR_UNITS = (128, 128, 128, 128, 128, 128, 64, 64, 32, 32)
"""Units of ``layer1`` to ``layer10``: two layers each on grids of 4x4, 8x8, 16x16, 32x32 and 64x64."""

GENERATOR_LAYERS: tuple[str, ...] = ("layer2", "layer3", "layer4", "layer5", "layer6", "layer7", "layer8")
"""The layers worth dissecting."""

GENERATOR_SCENE = "church-outdoor"
"""The scene class that it was trained on."""

GENERATOR_WEIGHTS = "world_gan.safetensors"


def world_generator(trained: bool = True, *, seed: int = 0) -> ProgressiveGenerator:
    """Return the bundled generator in eval mode.

    Args:
        trained: load the bundled weights; otherwise draw initial ones (the control of an experiment).
        seed: seed of the initial weights.

    Returns:
        The network; it takes latents `(N, 128)`, standard normal, and returns pictures `(N, 3, 64, 64)`, RGB,
        nominally in [-1, 1].

    Raises:
        UnitscopeError: the bundled weights are missing.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = ProgressiveGenerator(GENERATOR_LATENTS, GENERATOR_UNITS)
    if trained:
        fill_bundled(model, GENERATOR_WEIGHTS, "generator")
    # Convolutions on a CPU are faster with their channels last in memory.
    return model.eval().to(memory_format=torch.channels_last)

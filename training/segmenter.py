"""Train the bundled segmenter: ``python -m training.segmenter --out DIR``."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.common import (
    choose_device,
    rate_at,
    render_reduced,
    run,
    save_weights,
    short_products,
    train_epochs,
    training_facts,
    write_facts,
)
from unitscope.world.generator import GENERATOR_SCENE
from unitscope.world.segmenter import LEARNED, SEGMENTER_WEIGHTS, WorldSegmenter, segmenter_network

logger = logging.getLogger("training.segmenter")


CARD = "world_segmenter.json"
"""The data of the model card."""


@dataclass(frozen=True)
class Settings:
    """Everything that a training depends on.

    Attributes:
        scenes: scenes of every class, the first of the split "train".
        focus_scenes: further scenes, of the class `focus` alone.
        focus: the class that the bundled generator draws.
        epochs: passes over all scenes.
        batch: scenes a step.
        rate: highest learning rate.
        decay: weight decay.
        seed: of initial weights, order and augmentation.
        threads: of torch, and for rendering.
    """

    scenes: int = 24_000
    focus_scenes: int = 10_000
    focus: str = GENERATOR_SCENE
    epochs: int = 14
    batch: int = 32
    rate: float = 3e-3
    decay: float = 1e-2
    seed: int = 0
    threads: int = 2


def augment(batch: Tensor, labels: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mirror half of a batch, vary brightness and tint, blur a quarter and add noise, as generated pictures have.

    Args:
        batch: pictures in 0..1 `(N, 3, H, W)`.
        labels: `(N, P, H, W)`.
        rng: decides.
    """
    count, device = len(batch), batch.device

    def drawn(low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(rng.uniform(low, high, (count, *shape)).astype(np.float32)).to(device)

    mirrored = drawn(0, 1) < 0.5
    batch = torch.where(mirrored[:, None, None, None], batch.flip(-1), batch)
    labels = torch.where(mirrored[:, None, None, None], labels.flip(-1), labels)
    smooth = functional.avg_pool2d(functional.pad(batch, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    batch = torch.where((drawn(0, 1) < 0.25)[:, None, None, None], smooth, batch)
    batch = batch * drawn(0.85, 1.15, 1, 1, 1) * drawn(0.94, 1.06, 3, 1, 1)
    noise = torch.from_numpy(rng.standard_normal(tuple(batch.shape), np.float32)).to(device)
    return (batch + noise * drawn(0, 0.04, 1, 1, 1)).clamp(0, 1), labels


def plane_targets(labels: Tensor) -> list[Tensor]:
    """Return, for each plane of LEARNED, the channel that is right at each pixel, `(N, H, W)` int64."""
    targets, first = [], 0
    for plane, names in enumerate(LEARNED):
        values = labels[:, plane].long()
        targets.append(torch.where(values > 0, values - first, values))
        first += len(names)
    return targets


def train_epoch(
    network: WorldSegmenter,
    optimiser: torch.optim.Optimizer,
    data: tuple[Tensor, Tensor],
    epoch: int,
    settings: Settings,
) -> float:
    """Train one epoch; order and augmentation depend on seed and epoch alone. Return the mean loss."""
    rng = np.random.Generator(np.random.PCG64([settings.seed, epoch]))
    device = next(network.parameters()).device
    order = torch.from_numpy(rng.permutation(len(data[0])))
    steps = len(order) // settings.batch
    network.train()
    total = 0.0
    for step in range(steps):
        rows = order[step * settings.batch : (step + 1) * settings.batch]
        for group in optimiser.param_groups:
            group["lr"] = rate_at(epoch * steps + step, settings.epochs * steps, settings.rate)
        batch, labels = augment(data[0][rows].to(device).float().div_(255), data[1][rows].to(device), rng)
        # A quarter of the pixels, others in each step, says as much in a quarter of the time.
        y, x = (int(offset) for offset in rng.integers(0, 2, 2))
        with short_products(device):
            values = network.decode(batch.contiguous(memory_format=torch.channels_last))
            scores = network.score(values[..., y::2, x::2])
        losses = [
            functional.cross_entropy(each.float(), target)
            for each, target in zip(scores, plane_targets(labels[..., y::2, x::2]), strict=True)
        ]
        loss = torch.stack(losses).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total += float(loss.detach())
        if step % 50 == 0:
            logger.info("epoch %d step %d/%d loss %.3f", epoch, step, steps, float(loss.detach()))
    return total / max(1, steps)


def train(folder: Path, settings: Settings) -> None:
    """Train, and write the weights."""
    device = choose_device(settings.threads)
    start = time.monotonic()
    parts = [
        render_reduced(range(settings.scenes), settings.threads),
        render_reduced(range(settings.focus_scenes), settings.threads, scene=settings.focus),
    ]
    data = torch.cat([pictures for pictures, _ in parts]), torch.cat([labels for _, labels in parts])
    logger.info("rendered %d scenes in %.0f s", len(data[0]), time.monotonic() - start)
    start = time.monotonic()
    network: WorldSegmenter = segmenter_network(trained=False, seed=settings.seed)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    spent = train_epochs(
        folder,
        settings,
        (network, optimiser),
        lambda epoch: train_epoch(network, optimiser, data, epoch, settings),
        start=start,
        logger=logger,
    )
    save_weights(network, folder / SEGMENTER_WEIGHTS)
    write_facts(folder / CARD, training_facts("segmenter", settings, network, spent))


if __name__ == "__main__":
    run(train, Settings, __doc__)

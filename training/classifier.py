"""Train the bundled classifier on scene labels: ``python -m training.classifier --out DIR``."""

from __future__ import annotations

import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from training.common import (
    choose_device,
    rate_at,
    run,
    save_weights,
    short_products,
    train_epochs,
    training_facts,
    write_facts,
)
from unitscope.world.classifier import CLASSIFIER_INPUT, WEIGHTS, WorldVGG, normalise
from unitscope.world.scene import SCENE_CLASSES
from unitscope.world.source import WorldPictures

logger = logging.getLogger("training.classifier")

CARD = "world_vgg.json"
"""The data of the model card."""


@dataclass(frozen=True)
class Settings:
    """Everything that a training depends on.

    Attributes:
        scenes: scenes to train on, the first of the split "train".
        test_scenes: scenes to test on, the first of the split "test".
        epochs: passes over all scenes.
        batch: scenes a step.
        rate: highest learning rate.
        decay: weight decay.
        sparsity: weight of the absolute sum of the last layer's weights: a class then depends on few units.
        seed: of initial weights, order and augmentation.
        threads: of torch, and for rendering.
    """

    scenes: int = 32_000
    test_scenes: int = 16_000
    epochs: int = 13
    batch: int = 64
    rate: float = 2e-3
    decay: float = 2e-2
    sparsity: float = 2.5e-3
    seed: int = 0
    threads: int = 2


@dataclass(frozen=True)
class PictureSet:
    """Pictures in memory: uint8 `(N, 3, H, W)` and their scene classes `(N,)`."""

    pictures: Tensor
    targets: Tensor


def render_set(count: int, split: str, threads: int) -> PictureSet:
    """Render the first pictures of a split into memory."""
    source = WorldPictures(count, split=split, size=CLASSIFIER_INPUT)
    pictures = np.empty((count, 3, CLASSIFIER_INPUT, CLASSIFIER_INPUT), dtype=np.uint8)

    def put(index: int) -> None:
        pictures[index] = source.read(index).transpose(2, 0, 1)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(put, range(count)))
    return PictureSet(torch.from_numpy(pictures), torch.tensor([source.target(i) for i in range(count)]))


def augment(batch: Tensor, rng: np.random.Generator) -> Tensor:
    """Flip half of a batch, shift it by up to 8 pixels and vary brightness and contrast; `(N, 3, H, W)` floats."""
    flips = torch.from_numpy(rng.random(len(batch)) < 0.5).to(batch.device)
    batch = torch.where(flips[:, None, None, None], batch.flip(-1), batch)
    dy, dx = (int(v) for v in rng.integers(0, 17, 2))
    side = batch.shape[-1]
    batch = functional.pad(batch, (8, 8, 8, 8), mode="reflect")[..., dy : dy + side, dx : dx + side]
    gain = torch.from_numpy(rng.uniform(0.8, 1.2, (len(batch), 1, 1, 1)).astype(np.float32)).to(batch.device)
    tone = torch.from_numpy(rng.uniform(0.92, 1.08, (len(batch), 3, 1, 1)).astype(np.float32)).to(
        batch.device
    )
    return (batch * gain * tone).clamp(0, 1)


def train_epoch(
    model: WorldVGG, optimiser: torch.optim.Optimizer, data: PictureSet, epoch: int, settings: Settings
) -> float:
    """Train one epoch; the order and the augmentation depend on seed and epoch only. Return the mean loss."""
    rng = np.random.Generator(np.random.PCG64([settings.seed, epoch]))
    torch.manual_seed(settings.seed * 1000 + epoch)
    device = next(model.parameters()).device
    order = torch.from_numpy(rng.permutation(len(data.targets)))
    per_epoch = len(order) // settings.batch
    model.train()
    total = 0.0
    for step in range(per_epoch):
        rows = order[step * settings.batch : (step + 1) * settings.batch]
        for group in optimiser.param_groups:
            group["lr"] = rate_at(epoch * per_epoch + step, settings.epochs * per_epoch, settings.rate)
        batch = data.pictures[rows].to(device).float().div_(255)
        inputs = normalise(augment(batch, rng)).contiguous(memory_format=torch.channels_last)
        with short_products(device):
            logits = model(inputs)
        loss = functional.cross_entropy(logits.float(), data.targets[rows].to(device), label_smoothing=0.05)
        optimiser.zero_grad(set_to_none=True)
        (loss + settings.sparsity * model.get_parameter("fc.weight").abs().sum()).backward()
        optimiser.step()
        total += loss.item()
        if step % 20 == 0:
            logger.info("epoch %d step %d/%d loss %.3f", epoch, step, per_epoch, loss.item())
    return total / max(1, per_epoch)


def accuracy(model: nn.Module, data: PictureSet) -> tuple[float, list[float]]:
    """Return the accuracy over all pictures, and that of every class."""
    device = next(model.parameters()).device
    model.eval()
    guesses = []
    with torch.inference_mode():
        for rows in torch.arange(len(data.targets)).split(100):
            batch = data.pictures[rows].to(device).float().div_(255)
            guesses.append(model(normalise(batch)).argmax(1).cpu())
    right = (torch.cat(guesses) == data.targets).double()
    classes = [right[data.targets == k] for k in range(len(SCENE_CLASSES))]
    return right.mean().item(), [float(hits.mean()) if len(hits) else math.nan for hits in classes]


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` trials (Wilson 1927)."""
    z = 1.959964
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return middle - half, middle + half


def prepare(settings: Settings) -> tuple[WorldVGG, torch.optim.Optimizer]:
    """Return the initial network and its optimiser on the device to use."""
    device = choose_device(settings.threads)
    model = WorldVGG()
    model.initialise(settings.seed)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model, torch.optim.AdamW(model.parameters(), lr=settings.rate, weight_decay=settings.decay)


def train(folder: Path, settings: Settings) -> dict[str, Any]:
    """Train, write the weights and return the data of the model card."""
    start = time.monotonic()
    data = render_set(settings.scenes, "train", settings.threads)
    logger.info("rendered %d scenes in %.0f s", settings.scenes, time.monotonic() - start)
    start = time.monotonic()
    model, optimiser = prepare(settings)
    spent = train_epochs(
        folder,
        settings,
        (model, optimiser),
        lambda epoch: train_epoch(model, optimiser, data, epoch, settings),
        start=start,
        logger=logger,
    )
    save_weights(model, folder / WEIGHTS)
    return card(folder, settings, spent)


def card(folder: Path, settings: Settings, seconds: float) -> dict[str, Any]:
    """Test the written weights on unseen scenes and write ``world_vgg.json``."""
    model = WorldVGG()
    model.load_state_dict(load_file(folder / WEIGHTS))
    share, classes = accuracy(model, render_set(settings.test_scenes, "test", settings.threads))
    low, high = wilson(share, settings.test_scenes)
    figures = {
        "accuracy": round(share, 4),
        "accuracy_interval_95": [round(low, 4), round(high, 4)],
        "test_scenes": settings.test_scenes,
        "accuracy_by_class": {name: round(a, 3) for name, a in zip(SCENE_CLASSES, classes, strict=True)},
        **training_facts("classifier", settings, model, seconds),
    }
    write_facts(folder / CARD, figures)
    logger.info("accuracy %.4f on %d unseen scenes", share, settings.test_scenes)
    return figures


if __name__ == "__main__":
    run(train, Settings, __doc__)

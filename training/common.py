"""What the trainings share: the command line, the device, checkpoints, the learning rate and rendered scenes."""

from __future__ import annotations

import argparse
import json
import logging
import math
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from unitscope.models.generators import RANGES, Generator
from unitscope.world.names import GENERATOR_VERSION, PLANES
from unitscope.world.reduced import REDUCED_SIZE, reduced_scene

AnySettings = TypeVar("AnySettings")
CHECKPOINT = "checkpoint.pt"


def run(train: Callable[[Path, AnySettings], object], kind: type[AnySettings], about: str | None) -> None:
    """Read a training's settings from the command line, and train."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for weights, checkpoint and model card"
    )
    for name, value in asdict(kind()).items():  # type: ignore[call-overload]
        parser.add_argument("--" + name.replace("_", "-"), type=type(value), default=value)
    args = vars(parser.parse_args())
    folder = args.pop("out")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stdout)
    logging.getLogger(train.__module__).info("settings %s", args)
    train(folder, kind(**args))


def command_of(module: str, settings: Any) -> str:
    """Return the command that trains with these settings."""
    usual = asdict(type(settings)())
    changed = {name: value for name, value in asdict(settings).items() if value != usual[name]}
    flags = "".join(f" --{name.replace('_', '-')} {value}" for name, value in changed.items())
    return f"python -m training.{module} --out DIR{flags}"


def choose_device(threads: int) -> torch.device:
    """Return the device to train on, a GPU when there is one, and give torch so many threads.

    A training repeats exactly on a CPU; on a GPU some gradients are summed in another order each time.
    """
    on_gpu = torch.cuda.is_available()
    torch.use_deterministic_algorithms(not on_gpu)
    torch.set_num_threads(threads)
    return torch.device("cuda" if on_gpu else "cpu")


def short_products(device: torch.device) -> torch.autocast:
    """Return a context in which products are of bfloat16, where the device has instructions for them.

    Without AVX-512 a CPU takes several times as long for them as for float32, so there they stay float32.
    """
    fast = device.type != "cpu" or "AVX512" in torch.backends.cpu.get_cpu_capability()
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


def save_checkpoint(folder: Path, state: dict[str, Any], settings: Any) -> None:
    """Replace the checkpoint of a training in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state | {"settings": asdict(settings)}, folder / "checkpoint.new")
    (folder / "checkpoint.new").replace(folder / CHECKPOINT)


def load_checkpoint(folder: Path, settings: Any, logger: logging.Logger) -> dict[str, Any] | None:
    """Return the last checkpoint of the same settings, if there is one."""
    if not (folder / CHECKPOINT).exists():
        return None
    state: dict[str, Any] = torch.load(folder / CHECKPOINT, weights_only=True)
    if state["settings"] != asdict(settings):
        logger.info("the checkpoint in %s has other settings; starting anew", folder)
        return None
    return state


def train_epochs(
    folder: Path,
    settings: Any,
    parts: tuple[nn.Module, torch.optim.Optimizer],
    train_epoch: Callable[[int], float],
    *,
    start: float,
    logger: logging.Logger,
) -> float:
    """Train the epochs that a checkpoint lacks, with a checkpoint after each.

    Args:
        folder: of the checkpoint.
        settings: of the training; `epochs` says how many there are.
        parts: the network and its optimiser.
        train_epoch: trains one, and returns its mean loss.
        start: `time.monotonic` when the training began.
        logger: told how it goes.

    Returns:
        Seconds spent, those before an interruption included.
    """
    network, optimiser = parts
    state = load_checkpoint(folder, settings, logger)
    first, spent = 0, 0.0
    if state is not None:
        first, spent = int(state["epoch"]) + 1, float(state["seconds"])
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
    for epoch in range(first, settings.epochs):
        loss = train_epoch(epoch)
        spent, start = spent + time.monotonic() - start, time.monotonic()
        state = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
        save_checkpoint(folder, state | {"epoch": epoch, "seconds": spent}, settings)
        logger.info("epoch %d mean loss %.4f after %.0f s", epoch, loss, spent)
    return spent


def save_weights(network: nn.Module, file: Path) -> None:
    """Write the weights of a network, as they lie on a CPU."""
    save_file({name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()}, file)


def training_facts(module: str, settings: Any, network: nn.Module, seconds: float) -> dict[str, Any]:
    """Return what a model card says about a training."""
    return {
        "command": command_of(module, settings),
        "settings": asdict(settings),
        "seconds": round(seconds),
        "parameters": sum(p.numel() for p in network.parameters()),
        "generator_version": GENERATOR_VERSION,
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU",
    }


def write_facts(file: Path, facts: dict[str, Any]) -> None:
    """Write the data of a model card."""
    file.write_text(json.dumps(facts, indent=2) + "\n")


def rate_at(step: int, steps: int, peak: float) -> float:
    """Return the learning rate of a step: a short linear rise, then a cosine to zero."""
    warm = max(1, int(0.12 * steps))
    if step < warm:
        return peak * (0.1 + 0.9 * step / warm)
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def generated_pictures(generator: nn.Module, latents: Tensor) -> Tensor:
    """Return the pictures of latents `(N, Z)` as the library makes them, uint8 `(N, 3, 64, 64)` on the CPU."""
    described = Generator(
        generator, tuple(latents.shape[1:]), range=RANGES[0], size=(REDUCED_SIZE, REDUCED_SIZE)
    )
    with torch.no_grad():
        pictures = described.pictures(generator(latents))
    return torch.from_numpy(pictures).permute(0, 3, 1, 2)


def render_reduced(
    seeds: range, threads: int, *, scene: str | None = None, labels: bool = True
) -> tuple[Tensor, Tensor]:
    """Render reduced scenes into memory.

    Args:
        seeds: of the scenes.
        threads: to render with.
        scene: a scene class; drawn from each seed when absent.
        labels: whether label maps are wanted.

    Returns:
        Pictures uint8 `(N, 3, 64, 64)` and label maps int16 `(N, 4, 64, 64)`, or `(0, 4, 64, 64)`.
    """
    count = len(seeds)
    pictures: NDArray[np.uint8] = np.empty((count, 3, REDUCED_SIZE, REDUCED_SIZE), np.uint8)
    maps = np.empty((count if labels else 0, len(PLANES), REDUCED_SIZE, REDUCED_SIZE), np.int16)

    def put(index: int) -> None:
        picture, found = reduced_scene(seeds[index], scene=scene)
        pictures[index] = picture.transpose(2, 0, 1)
        if labels:
            maps[index] = found

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(put, range(count)))
    return torch.from_numpy(pictures), torch.from_numpy(maps)

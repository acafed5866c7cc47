"""Train the bundled generator: ``python -m training.generator --out DIR``."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from training.common import (
    choose_device,
    generated_pictures,
    load_checkpoint,
    render_reduced,
    run,
    save_checkpoint,
    save_weights,
    training_facts,
    write_facts,
)
from training.critics import FeatureCritics, PixelCritic
from unitscope.models.networks.proggan import ProgressiveGenerator
from unitscope.world.generator import (
    GENERATOR_LATENTS,
    GENERATOR_SCENE,
    GENERATOR_UNITS,
    GENERATOR_WEIGHTS,
)

logger = logging.getLogger("training.generator")

CARD = "world_gan.json"
"""The data of the model card."""
PENALTY_EVERY = 16
"""Steps from one gradient penalty to the next."""
REPORT_EVERY = 500
"""Steps from one checkpoint, line and sheet of pictures to the next."""
SHEET = 8
"""Rows and columns of a sheet of pictures."""


@dataclass(frozen=True)
class Settings:
    """Everything that a training depends on.

    Attributes:
        scene: the scene class to draw.
        scenes: real scenes, the first of the split "train".
        pictures: generated pictures to train on.
        batch: pictures a step.
        rate: learning rate of the generator, whose weights are equalised.
        critic_rate: learning rate of the critics.
        penalty: weight of the squared gradient of the pixel critic at real pictures (Mescheder et al. 2018).
        steady: fraction of the training before both rates fall, in a straight line, to nothing.
        average: pictures in which the averaged weights forget half of what they were.
        seed: of initial weights, latents and order.
        threads: of torch, and for rendering.
    """

    scene: str = GENERATOR_SCENE
    scenes: int = 30_000
    pictures: int = 709_056
    batch: int = 64
    rate: float = 3e-3
    critic_rate: float = 3e-4
    penalty: float = 0.2
    steady: float = 0.6
    average: int = 20_000
    seed: int = 0
    threads: int = 1

    @property
    def steps(self) -> int:
        """Number of steps."""
        return self.pictures // self.batch


class Critics(nn.Module):
    """The critic of pixels and those of features, weighed alike."""

    def __init__(self) -> None:
        super().__init__()
        self.pixels, self.features = PixelCritic(), FeatureCritics()

    def learnable(self) -> list[nn.Parameter]:
        """Return the parameters that are trained."""
        return [*self.pixels.parameters(), *self.features.heads.parameters()]

    def loss(self, pictures: Tensor, wanted: bool) -> Tensor:
        """Return how far the critics are from calling the pictures real (`wanted`) or generated (logistic loss)."""
        sign = -1.0 if wanted else 1.0
        with torch.autocast(pictures.device.type, torch.bfloat16):
            whole, parts = self.pixels(pictures), self.features(pictures)
        losses = [functional.softplus(sign * scores.float()).mean() for scores in parts]
        return functional.softplus(sign * whole.float()).mean() + torch.stack(losses).mean()


class Training:
    """The networks of a training and their optimisers; one call of `step` is one step."""

    def __init__(self, settings: Settings, device: torch.device) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device = settings, device
        self.generator, self.averaged = (
            ProgressiveGenerator(GENERATOR_LATENTS, GENERATOR_UNITS) for _ in range(2)
        )
        self.averaged.load_state_dict(self.generator.state_dict())
        self.critics = Critics().train()
        for part in (self.generator, self.averaged, self.critics):
            part.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.critics.requires_grad_(False)
        make = {"betas": (0.0, 0.99)}
        self.optimisers = (
            torch.optim.Adam(self.generator.parameters(), settings.rate, **make),  # type: ignore[arg-type]
            torch.optim.Adam(self.critics.learnable(), settings.critic_rate, **make),  # type: ignore[arg-type]
        )

    def step(self, number: int, scenes: Tensor) -> tuple[float, float]:
        """Train critics, then generator, on one batch; return the losses of both."""
        real, latents = self._batch(number, scenes)
        self._set_rates(number)
        with torch.autocast(self.device.type, torch.bfloat16):
            made = self.generator(latents).float()
        critic_loss = self._train_critics(real, made.detach(), penalise=number % PENALTY_EVERY == 0)
        loss = self.critics.loss(made, wanted=True)
        self.optimisers[0].zero_grad(set_to_none=True)
        loss.backward()
        self.optimisers[0].step()
        self._average((number + 1) * self.settings.batch)
        return float(loss.detach()), critic_loss

    def _batch(self, number: int, scenes: Tensor) -> tuple[Tensor, Tensor]:
        """Draw real pictures, half of them mirrored, and latents: a function of seed and step alone."""
        rng = np.random.Generator(np.random.PCG64([self.settings.seed, number]))
        rows = torch.from_numpy(rng.integers(0, len(scenes), self.settings.batch))
        mirrored = torch.from_numpy(rng.random(self.settings.batch) < 0.5).to(self.device)
        drawn = rng.standard_normal((self.settings.batch, GENERATOR_LATENTS), np.float32)
        real = scenes[rows].to(self.device).float().div_(127.5).sub_(1)
        real = torch.where(mirrored[:, None, None, None], real.flip(-1), real)
        return real.contiguous(memory_format=torch.channels_last), torch.from_numpy(drawn).to(self.device)

    def _set_rates(self, number: int) -> None:
        done = number / self.settings.steps
        share = min(1.0, (1 - done) / (1 - self.settings.steady))
        for optimiser, rate in zip(
            self.optimisers, (self.settings.rate, self.settings.critic_rate), strict=True
        ):
            for group in optimiser.param_groups:
                group["lr"] = rate * share

    def _train_critics(self, real: Tensor, made: Tensor, *, penalise: bool) -> float:
        learnable = self.critics.learnable()
        for parameter in learnable:
            parameter.requires_grad_(True)
        loss = self.critics.loss(real, wanted=True) + self.critics.loss(made, wanted=False)
        total = loss
        if penalise:
            total = loss + self.settings.penalty / 2 * PENALTY_EVERY * self._penalty(real)
        self.optimisers[1].zero_grad(set_to_none=True)
        total.backward()
        self.optimisers[1].step()
        for parameter in learnable:
            parameter.requires_grad_(False)
        return float(loss.detach())

    def _penalty(self, real: Tensor) -> Tensor:
        inputs = real.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self.critics.pixels(inputs).sum(), inputs, create_graph=True)
        return gradient.square().sum((1, 2, 3)).mean()

    @torch.no_grad()
    def _average(self, seen: int) -> None:
        half_life = min(self.settings.average, max(seen / 20, 1))
        share = 1 - 0.5 ** (self.settings.batch / half_life)
        for kept, now in zip(self.averaged.parameters(), self.generator.parameters(), strict=True):
            kept.lerp_(now, share)

    def _parts(self) -> list[Any]:
        return [self.generator, self.averaged, self.critics, *self.optimisers]

    def state(self) -> dict[str, Any]:
        """Return everything that changes."""
        return {str(i): part.state_dict() for i, part in enumerate(self._parts())}

    def load(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        for i, part in enumerate(self._parts()):
            part.load_state_dict(state[str(i)])


def sheet(generator: nn.Module, latents: Tensor) -> Image.Image:
    """Return the pictures of SHEET x SHEET latents side by side."""
    made = generated_pictures(generator, latents).numpy()
    side = made.shape[-1]
    tiles = made.reshape(SHEET, SHEET, 3, side, side).transpose(0, 3, 1, 4, 2)
    return Image.fromarray(tiles.reshape(SHEET * side, SHEET * side, 3))


def train(folder: Path, settings: Settings, *, report_every: int = REPORT_EVERY) -> None:
    """Train, and write the averaged weights and how long it took; a checkpoint after every so many steps."""
    device = choose_device(settings.threads)
    start = time.monotonic()
    scenes, _ = render_reduced(range(settings.scenes), settings.threads, scene=settings.scene, labels=False)
    logger.info("rendered %d scenes in %.0f s", len(scenes), time.monotonic() - start)
    start = time.monotonic()
    training = Training(settings, device)
    state = load_checkpoint(folder, settings, logger)
    first, spent = (0, 0.0) if state is None else (int(state["step"]), float(state["seconds"]))
    if state is not None:
        training.load(state)
    shown = torch.from_numpy(
        np.random.default_rng(0).standard_normal((SHEET**2, GENERATOR_LATENTS), np.float32)
    )
    for number in range(first, settings.steps):
        losses = training.step(number, scenes)
        if (number + 1) % report_every == 0 or number + 1 == settings.steps:
            seconds = spent + time.monotonic() - start
            save_checkpoint(folder, training.state() | {"step": number + 1, "seconds": seconds}, settings)
            sheet(training.averaged, shown.to(device)).save(folder / "sheet.png")
            logger.info(
                "step %d of %d, %.0f s, losses %.2f %.2f", number + 1, settings.steps, seconds, *losses
            )
            spent, start = seconds, time.monotonic()
    save_weights(training.averaged, folder / GENERATOR_WEIGHTS)
    facts = training_facts("generator", settings, training.averaged, spent)
    write_facts(folder / CARD, {"latents": GENERATOR_LATENTS, **facts})


if __name__ == "__main__":
    run(train, Settings, __doc__)

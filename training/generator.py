"""Train the bundled generator: ``python -m training.generator --out DIR``."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from training.common import (
    choose_device,
    generated_pictures,
    load_checkpoint,
    render_reduced,
    run,
    save_checkpoint,
    save_weights,
    short_products,
    training_facts,
    write_facts,
)
from training.critics import Encoder, FeatureCritics, Features, PixelCritic
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
PENALTY_EVERY = 8
"""Steps from one gradient penalty to the next."""
WARMING = 3
"""Steps of a GPU before what a step does is recorded."""
REPORT_EVERY = 500
"""Steps from one checkpoint, line and sheet of pictures to the next."""
SPREAD_OF = 256
"""Scenes that the spread of features is taken from."""
LOSSES = ("generator", "critics", "moments", "rebuild")
"""What `Training.losses` holds."""
CRITICS_FIRST = 200
"""Steps in which only the critics learn, when a generator goes on from given weights."""
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
        critic_rate: learning rate of the critics and of the encoder.
        penalty: weight of the squared gradient of the pixel critic at real and at generated pictures (Mescheder et al.
            2018).
        moments: weight of the energy distance between the features of generated and of real pictures.
        rebuild: weight of what real scenes lose when they are encoded as latents and drawn again.
        divergence: weight, in it, of how far those latents are from normal ones.
        steady: fraction of the training before both rates fall, in a straight line, to nothing.
        average: pictures in which the averaged weights forget half of what they were.
        start: weights of a generator to go on from, with new critics, which learn alone for CRITICS_FIRST steps.
        seed: of initial weights, latents and order.
        threads: of torch, and for rendering.
    """

    scene: str = GENERATOR_SCENE
    scenes: int = 70_000
    pictures: int = 726_912
    batch: int = 64
    rate: float = 3e-3
    critic_rate: float = 3e-4
    penalty: float = 1.0
    moments: float = 1.0
    rebuild: float = 1.0
    divergence: float = 0.002
    steady: float = 0.6
    average: int = 20_000
    start: str = ""
    seed: int = 0
    threads: int = 1

    @property
    def steps(self) -> int:
        """Number of steps."""
        return self.pictures // self.batch


class Critics(nn.Module):
    """The critic of pixels and those of features, weighed alike."""

    def __init__(self, units: Sequence[int]) -> None:
        super().__init__()
        self.pixels, self.features = PixelCritic(), FeatureCritics(units)

    def forward(self, pictures: Tensor, maps: Sequence[Tensor]) -> list[Tensor]:
        """Return scores of pictures `(N, 3, 64, 64)` and of their features: `(N, 1)`, and a map for each stage."""
        with short_products(pictures.device):
            return [scores.float() for scores in (self.pixels(pictures), *self.features(maps))]


def pairing_loss(higher: list[Tensor], lower: list[Tensor]) -> Tensor:
    """Return how far scores are from being higher for one picture of a pair than for the other.

    The relativistic pairing loss (Jolicoeur-Martineau 2019; Huang et al., "The GAN is dead; long live the GAN!", 2024):
    a picture is judged beside one of the other kind, so that a generator gains nothing by drawing few kinds of
    pictures well.
    """
    losses = [functional.softplus(b - a).mean() for a, b in zip(higher, lower, strict=True)]
    return losses[0] + torch.stack(losses[1:]).mean()


def energy_distance(first: Tensor, second: Tensor) -> Tensor:
    """Return how far two samples `(N, D)` are from coming from one distribution.

    ``2 E|x - y| - E|x - x'| - E|y - y'|`` over pairs of different pictures (Szekely and Rizzo 2013; Bellemare et al.,
    "The Cramer distance as a solution to biased Wasserstein gradients", 2017). Unlike a critic it cannot be won.
    """
    count = len(first)
    across = _distances(first, second).mean()
    within = [_distances(x, x).sum() / (count * (count - 1)) for x in (first, second)]
    return 2 * across - within[0] - within[1]


def _distances(first: Tensor, second: Tensor) -> Tensor:
    squares = first.square().sum(1)[:, None] + second.square().sum(1)[None] - 2 * first @ second.T
    return (squares / first.shape[1]).clamp_min(0).add(1e-6).sqrt() - 1e-3


def pooled(maps: Sequence[Tensor]) -> list[Tensor]:
    """Return the means of each stage's maps over the whole picture and over its sixteenths, each `(N, U * cells)`."""
    means = []
    for values in (each.float() for each in maps):
        means += [values.mean((2, 3)), functional.adaptive_avg_pool2d(values, 4).flatten(1)]
    return means


class Training:
    """The networks of a training and their optimisers; one call of `step` is one step.

    On a GPU what a step does is recorded once and replayed: the kernels are so small that starting them one by one
    would take most of the time.
    """

    def __init__(self, settings: Settings, device: torch.device) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.device = settings, device
        self.generator, self.averaged = (
            ProgressiveGenerator(GENERATOR_LATENTS, GENERATOR_UNITS) for _ in range(2)
        )
        if settings.start:
            self.generator.load_state_dict(load_file(settings.start))
        self.averaged.load_state_dict(self.generator.state_dict())
        self.features = Features().eval()
        self.critics = Critics(self.features.units).train()
        self.encoder = Encoder(GENERATOR_LATENTS)
        for part in (self.generator, self.averaged, self.features, self.critics, self.encoder):
            part.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.critics.requires_grad_(False)
        self.rates = [torch.zeros((), device=device) for _ in range(2)]
        self.share = torch.zeros((), device=device)
        self.losses = torch.zeros(len(LOSSES), device=device)
        make: dict[str, Any] = {"betas": (0.0, 0.99), "fused": True, "capturable": device.type == "cuda"}
        self.optimisers = (
            torch.optim.Adam(self.generator.parameters(), self.rates[0], **make),
            torch.optim.Adam(self.critics.parameters(), self.rates[1], **make),
            torch.optim.Adam(self.encoder.parameters(), self.rates[1], **make | {"betas": (0.9, 0.99)}),
        )
        shape = (settings.batch, 3, self.generator.resolution, self.generator.resolution)
        self.real = torch.zeros(shape, device=device).contiguous(memory_format=torch.channels_last)
        self.latents = torch.zeros(2, settings.batch, GENERATOR_LATENTS, device=device)
        self.recorded: dict[bool, torch.cuda.CUDAGraph] = {}
        self.warmed = 0

    def fit(self, scenes: Tensor) -> None:
        """Take the spread of features from the first of scenes, uint8 `(N, 3, 64, 64)`."""
        self.features.fit(scenes[:SPREAD_OF].to(self.device).float().div_(127.5).sub_(1))

    def step(self, number: int, scenes: Tensor) -> Tensor:
        """Train critics, then generator, on one batch; return the LOSSES of it `(4,)`."""
        self._fill(number, scenes)
        penalise = number % PENALTY_EVERY == 0
        if self.device.type != "cuda":
            self._work(penalise)
        elif self.warmed < WARMING:
            self._warm(penalise)
        else:
            self._replay(penalise)
        return self.losses

    def _warm(self, penalise: bool) -> None:
        """Work beside the main stream, as a recording wants it."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._work(penalise)
        torch.cuda.current_stream().wait_stream(stream)
        self.warmed += 1

    def _replay(self, penalise: bool) -> None:
        if penalise not in self.recorded:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._work(penalise)
            self.recorded[penalise] = graph
        self.recorded[penalise].replay()

    def _work(self, penalise: bool) -> None:
        """Do one step on what `_fill` has laid down."""
        made = self._make(self.latents[0])
        with torch.no_grad():
            real_maps = self._see(self.real)
        made_maps = self._see(made)
        losses = {"critics": self._train_critics(made.detach(), made_maps, real_maps, penalise)}
        with parametrize.cached():
            made_scores = self.critics(made, made_maps)
            with torch.no_grad():
                real_scores = self.critics(self.real, real_maps)
        losses["generator"] = loss = pairing_loss(made_scores, real_scores)
        if self.settings.moments:
            terms = zip(pooled(made_maps), pooled(real_maps), strict=True)
            losses["moments"] = torch.stack([energy_distance(a, b) for a, b in terms]).mean()
            loss = loss + self.settings.moments * losses["moments"]
        if self.settings.rebuild:
            losses["rebuild"] = self._rebuild(real_maps)
            loss = loss + self.settings.rebuild * losses["rebuild"]
        for index, name in enumerate(LOSSES):
            if name in losses:
                self.losses[index] = losses[name].detach()
        for optimiser in (self.optimisers[0], self.optimisers[2]):
            optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimisers[0].step()
        if self.settings.rebuild:
            self.optimisers[2].step()
        self._average()

    def _rebuild(self, maps: Sequence[Tensor]) -> Tensor:
        """Return how far real scenes are from what the generator makes of their latents, and latents from normal."""
        with short_products(self.device):
            mean, log_variance = self.encoder(self.real)
        made = self._make(mean + (log_variance / 2).exp() * self.latents[1])
        apart = [(a.float() - b.float()).square().mean() for a, b in zip(self._see(made), maps, strict=True)]
        lost = torch.stack(apart).mean() + 2 * (made - self.real).abs().mean()
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean() / 2
        loss: Tensor = lost + self.settings.divergence * divergence
        return loss

    def _make(self, latents: Tensor) -> Tensor:
        with short_products(self.device):
            return self.generator(latents).float()  # type: ignore[no-any-return]

    def _see(self, pictures: Tensor) -> list[Tensor]:
        with short_products(self.device):
            return self.features(pictures)  # type: ignore[no-any-return]

    def _train_critics(
        self, made: Tensor, made_maps: Sequence[Tensor], real_maps: Sequence[Tensor], penalise: bool
    ) -> Tensor:
        self.critics.requires_grad_(True)
        with parametrize.cached():
            real_scores = self.critics(self.real, real_maps)
            loss = pairing_loss(real_scores, self.critics(made, [maps.detach() for maps in made_maps]))
        total = loss
        if penalise:
            penalty = self._penalty(self.real) + self._penalty(made)
            total = loss + self.settings.penalty / 2 * PENALTY_EVERY * penalty
        self.optimisers[1].zero_grad(set_to_none=True)
        total.backward()
        self.optimisers[1].step()
        self.critics.requires_grad_(False)
        return loss.detach()

    def _penalty(self, pictures: Tensor) -> Tensor:
        inputs = pictures.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(self.critics.pixels(inputs).sum(), inputs, create_graph=True)
        return gradient.square().sum((1, 2, 3)).mean()

    @torch.no_grad()
    def _average(self) -> None:
        kept, now = (list[Any](network.parameters()) for network in (self.averaged, self.generator))
        steps: Any = torch._foreach_mul(torch._foreach_sub(now, kept), self.share)
        torch._foreach_add_(kept, steps)

    def _fill(self, number: int, scenes: Tensor) -> None:
        """Lay down real pictures, half of them mirrored, latents and rates: a function of seed and step alone."""
        settings = self.settings
        rng = np.random.Generator(np.random.PCG64([settings.seed, number]))
        rows = torch.from_numpy(rng.integers(0, len(scenes), settings.batch)).to(scenes.device)
        mirrored = torch.from_numpy(rng.random(settings.batch) < 0.5).to(self.device)
        drawn = rng.standard_normal((2, settings.batch, GENERATOR_LATENTS), np.float32)
        real = scenes[rows].to(self.device).float().div_(127.5).sub_(1)
        self.real.copy_(torch.where(mirrored[:, None, None, None], real.flip(-1), real))
        self.latents.copy_(torch.from_numpy(drawn))
        fall = min(1.0, (1 - number / settings.steps) / (1 - settings.steady))
        for rate, peak in zip(self.rates, (settings.rate, settings.critic_rate), strict=True):
            rate.fill_(peak * fall)
        if settings.start and number < CRITICS_FIRST:
            self.rates[0].zero_()
        begun = math.inf if settings.start else (number + 1) * settings.batch / 20
        half_life = min(settings.average, max(begun, 1))
        self.share.fill_(1 - 0.5 ** (settings.batch / half_life))

    def _parts(self) -> list[Any]:
        return [self.generator, self.averaged, self.features, self.critics, self.encoder, *self.optimisers]

    def state(self) -> dict[str, Any]:
        """Return everything that changes."""
        return {str(i): part.state_dict() for i, part in enumerate(self._parts())}

    def load(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        for i, part in enumerate(self._parts()):
            part.load_state_dict(state[str(i)])
        for optimiser, rate in zip(self.optimisers, (*self.rates, self.rates[1]), strict=True):
            for group in optimiser.param_groups:
                group["lr"] = rate


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
    training.fit(scenes)
    state = load_checkpoint(folder, settings, logger)
    first, spent = (0, 0.0) if state is None else (int(state["step"]), float(state["seconds"]))
    if state is not None:
        training.load(state)
    shown = torch.from_numpy(
        np.random.default_rng(0).standard_normal((SHEET**2, GENERATOR_LATENTS), np.float32)
    )
    scenes = scenes.to(device)
    for number in range(first, settings.steps):
        losses = training.step(number, scenes)
        if (number + 1) % report_every == 0 or number + 1 == settings.steps:
            seconds = spent + time.monotonic() - start
            save_checkpoint(folder, training.state() | {"step": number + 1, "seconds": seconds}, settings)
            sheet(training.averaged, shown.to(device)).save(folder / "sheet.png")
            logger.info(
                "step %d of %d, %.0f s, losses %s",
                number + 1,
                settings.steps,
                seconds,
                {name: round(value, 3) for name, value in zip(LOSSES, losses.tolist(), strict=True)},
            )
            spent, start = seconds, time.monotonic()
    save_weights(training.averaged, folder / GENERATOR_WEIGHTS)
    facts = training_facts("generator", settings, training.averaged, spent)
    if settings.start:
        facts["before"] = json.loads((Path(settings.start).parent / CARD).read_text())
    write_facts(folder / CARD, {"latents": GENERATOR_LATENTS, **facts})


if __name__ == "__main__":
    run(train, Settings, __doc__)

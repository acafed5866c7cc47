"""The latent of a generator that draws a picture best.

Latents are drawn and judged by one forward pass each; the best few are made better along gradients, and fewer and fewer
of them go on. What is minimised is the mean absolute difference from the picture at several scales: the coarse ones say
where things are when the fine ones have nothing in common yet. A latent stays as short as nearly all that are drawn:
the generator knows no others. (The norm of standard normal values follows the chi distribution; Menon et al. 2020,
"PULSE", keep to the sphere of its mean instead, which is too narrow where a latent has few values.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are imported when they are first used
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from unitscope.errors import UnitscopeError, one_line
from unitscope.models.generators import RANGES, Generator, look_at
from unitscope.models.weights import device_of
from unitscope.sources.framing import Framing
from unitscope.sources.latents import SeededLatents

STARTS, STEPS = 512, 320
"""Latents that are judged, and steps that the best one is given, for pictures of `SIDE` pixels a side or fewer."""
SIDE = 64
LEAST = 32
"""Starts, and steps, that a search for the largest pictures has."""
ROUNDS = ((4, 1 / 4), (2, 1 / 4), (1, 1 / 2))
"""How many latents go on, and for which share of the steps."""
SCALES = (1, 2, 4, 8)
"""Sides of the squares of pixels that are averaged before pictures are compared."""
LEAST_SIDE = 4
"""Pixels that the shorter side has at the coarsest scale."""
RATE = 0.1
"""Of Adam at the first step, in standard deviations of a value of a latent; it falls to nothing (half a cosine)."""
LIKELY = 0.999
"""Share of the latents that are drawn that are no longer than one may become."""
DECAYS = (0.9, 0.999)
"""Of the moments of Adam."""
STEP_COST = 3
"""Forward passes that a step costs, about."""
TRIED = 4
"""Latents that gradients are looked for at."""
PIXELS_AT_ONCE = 1 << 16

Picture = NDArray[np.uint8]


class Cancelled(Exception):
    """A search was ended by whoever asked for it."""


@dataclass(frozen=True)
class Progress:
    """How far a search is.

    Attributes:
        share: of the work, 0 to 1.
        error: of the best latent until now, see :class:`Found`.
        note: what is being done.
    """

    share: float
    error: float
    note: str


@dataclass(frozen=True)
class Found:
    """The latent that draws a picture best.

    Attributes:
        latent: ``latent_shape`` float32, or ``(Z + 1,)`` with its class, on the CPU.
        picture: what the generator draws of it ``(H, W, 3)``.
        framed: the part of the given picture that it was to draw ``(H, W, 3)``.
        error: mean absolute difference of both, 0 to 255.
        start_error: that of the best latent that was drawn, before any step.
    """

    latent: Tensor
    picture: Picture
    framed: Picture
    error: float
    start_error: float


def framed(picture: Picture, size: tuple[int, int]) -> Picture:
    """Return the largest central part of a picture that has the shape of a generator's, in its size ``(H, W)``.

    Args:
        picture: RGB ``(h, w, 3)`` uint8.
        size: height and width of the result.

    Raises:
        UnitscopeError: it is no such picture.
    """
    given = np.asarray(picture)
    form = f"{given.dtype} {given.shape}"
    if given.dtype.kind == "f" and not np.isfinite(given).all():
        raise UnitscopeError(
            f"the picture has values that are not finite (NaN or infinite), {form}; give RGB uint8"
        )
    if given.dtype != np.uint8 or given.ndim != 3 or given.shape[2] != 3 or not given.size:
        raise UnitscopeError(f"the picture is {form}; give RGB with 8 bits a value, uint8 (height, width, 3)")
    return Framing("crop").resize(given, size)


def find_latent(
    generator: Generator,
    picture: Picture,
    *,
    seed: int = 0,
    starts: int | None = None,
    steps: int | None = None,
    report: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Found:
    """Find the latent of a generator that draws a picture best.

    The same call gives the same latent on a CPU with the same number of threads. The module of the generator is run in
    this thread and stays as it is; nothing else may run it with hooks meanwhile.

    Args:
        generator: on the device of its module.
        picture: RGB uint8 of any size, see :func:`framed`.
        seed: of the latents that are drawn.
        starts: how many of them, at least one of each class; `STARTS` by default, and fewer the larger pictures are.
        steps: that the best of them is given, 0 for none; `STEPS` by default, and fewer likewise.
        report: is told now and then how far it is.
        cancelled: is asked between steps whether to stop.

    Returns:
        The latent of least error of all that were looked at.

    Raises:
        UnitscopeError: the picture is none, a number is out of range, or the generator fails, has no gradients or
            returns pictures or gradients that are not finite.
        Cancelled: `cancelled` said so.
    """
    if (starts is not None and starts < 1) or (steps is not None and steps < 0):
        raise UnitscopeError(
            f"{starts} starts and {steps} steps are no search; give 1 start or more and 0 steps or more"
        )
    with torch.inference_mode(False):
        made = generator
        if made.range is None or made.size == (0, 0):
            made = look_at(made, made.trial().to(device_of(made.module)))
        target = framed(picture, made.size)
        count, walk = (
            _fewer(default, made.size) if given is None else given
            for given, default in ((starts, STARTS), (steps, STEPS))
        )
        classes = tuple(range(made.classes))
        drawn = SeededLatents(max(count, made.classes), made.latent_shape, seed, classes=classes)
        return _Search(made, target, _Work(len(drawn), walk, report, cancelled)).found(drawn, walk)


def _fewer(number: int, size: tuple[int, int]) -> int:
    """Return fewer starts or steps, as the sides of pictures ``(H, W)`` are longer: a pass costs more."""
    return max(round(number * min(1.0, SIDE / math.sqrt(math.prod(size)))), LEAST)


class _Work:
    """How much of a search is done, in forward passes, and whether to go on."""

    def __init__(
        self,
        starts: int,
        steps: int,
        report: Callable[[Progress], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        self.total = starts + sum(STEP_COST * count * kept for kept, count in _rounds(starts, steps))
        self.report, self.cancelled = report, cancelled
        self.passes = 0

    def done(self, passes: int, error: float, note: str) -> None:
        """Tell that so many more passes are done.

        Raises:
            Cancelled: nobody wants the rest.
        """
        self.passes += passes
        if self.report is not None:
            self.report(Progress(min(self.passes / self.total, 1.0), error, note))
        if self.cancelled is not None and self.cancelled():
            raise Cancelled


def _rounds(starts: int, steps: int) -> Iterator[tuple[int, int]]:
    """Yield how many latents go on, and for how many steps; all steps together are `steps`."""
    share = 0.0
    for kept, part in ROUNDS:
        before, share = round(share * steps), share + part
        yield min(kept, starts), round(share * steps) - before


class _Search:
    """Latents of a generator that come nearer and nearer to a picture.

    Args:
        generator: with its range and size.
        target: the picture ``(H, W, 3)``, of that size.
        work: is told what is done.
    """

    def __init__(self, generator: Generator, target: Picture, work: _Work) -> None:
        self.generator, self.framed, self.work = generator, target, work
        self.device = device_of(generator.module)
        self.target = self._scaled(
            torch.from_numpy(target.copy()).to(self.device).permute(2, 0, 1)[None] / 255
        )
        self.at_once = max(PIXELS_AT_ONCE // math.prod(generator.size), 1)
        values = math.prod(generator.latent_shape)
        self.radius = math.sqrt(scipy.stats.chi2.ppf(LIKELY, values))
        # The class, the last value of a latent that has one, stays.
        shape = (values + 1,) if generator.classes else generator.latent_shape
        self.free = torch.ones(shape, device=self.device)
        if generator.classes:
            self.free[-1] = 0
        self.best, self.error = torch.zeros(shape), math.inf

    def found(self, drawn: SeededLatents, steps: int) -> Found:
        """Search from some latents on."""
        if steps:
            self._refuse_without_gradients(drawn.read(range(min(len(drawn), TRIED))).to(self.device))
        latents, losses = self._starts(drawn)
        start_error = self.error
        adam = _Adam(latents)
        for kept, count in _rounds(len(drawn), steps):
            adam.keep(losses.argsort(stable=True)[:kept])
            losses = losses[:kept]
            for _ in range(count):
                losses, gradient = self._gradients(adam.latents)
                adam.step(gradient * self.free, RATE * (1 + math.cos(math.pi * adam.count / steps)) / 2)
                adam.latents = self._likely(adam.latents)
                self.work.done(STEP_COST * kept, self.error, f"step {adam.count} of {steps}")
        if steps:
            self._compare(adam.latents)
        picture = self._drawn(self.best)
        return Found(self.best, picture, self.framed, _errors(picture[None], self.framed)[0], start_error)

    def _starts(self, drawn: SeededLatents) -> tuple[Tensor, Tensor]:
        """Return all latents that are drawn, and the loss of each ``(n,)``."""
        every = drawn.read(range(len(drawn))).to(self.device)
        losses = []
        for part in every.split(self.at_once):
            losses.append(self._compare(part))
            self.work.done(len(part), self.error, f"the best of {len(drawn)} latents")
        return every, torch.cat(losses)

    def _compare(self, latents: Tensor) -> Tensor:
        """Return the losses ``(n,)`` of latents, and remember the best."""
        with torch.no_grad():
            return self._losses(latents, self._outputs(latents))

    def _gradients(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of each latent ``(n,)`` and its gradient; the best latent is remembered."""
        found = []
        for part in latents.split(self.at_once):
            with torch.enable_grad():
                given = part.detach().clone().requires_grad_()
                losses = self._losses(given, self._outputs(given))
                (gradient,) = torch.autograd.grad(losses.sum(), given)
            found.append((losses.detach(), gradient))
        losses, gradients = (torch.cat(parts) for parts in zip(*found, strict=True))
        if not bool(torch.isfinite(gradients).all()):
            raise UnitscopeError(
                f"generator {self.generator.name!r} has gradients that are not finite (NaN or infinite); give another "
                "seed, or 0 steps for the best of the latents that are drawn"
            )
        return losses, gradients

    def _losses(self, latents: Tensor, outputs: Tensor) -> Tensor:
        """Return the mean absolute difference of pictures from the target over all scales ``(n,)``."""
        errors = _errors(self.generator.pictures(outputs), self.framed)
        place = int(errors.argmin())
        if errors[place] < self.error:
            self.best, self.error = latents[place].detach().cpu().clone(), float(errors[place])
        low, high = self.generator.range or RANGES[0]
        scaled = self._scaled((outputs.float() - low) / (high - low))
        apart = [(one - other).abs().mean((1, 2, 3)) for one, other in zip(scaled, self.target, strict=True)]
        return torch.stack(apart).mean(0)

    def _outputs(self, latents: Tensor) -> Tensor:
        try:
            outputs: Tensor = self.generator.module(latents)
        except UnitscopeError:
            raise
        except Exception as error:
            raise UnitscopeError(f"generator {self.generator.name!r} fails: {one_line(error)}") from error
        return outputs

    def _scaled(self, pictures: Tensor) -> list[Tensor]:
        """Return pictures ``(n, 3, H, W)`` at every scale."""
        least = min(self.generator.size)
        return [functional.avg_pool2d(pictures, s) for s in SCALES if s == 1 or least >= LEAST_SIDE * s]

    def _likely(self, latents: Tensor) -> Tensor:
        """Return latents that are no longer than those that are drawn."""
        length = (latents * self.free).flatten(1).norm(dim=1).clamp(min=self.radius)
        shrunk = latents * (self.radius / length).reshape(-1, *[1] * (latents.ndim - 1))
        return torch.where(self.free > 0, shrunk, latents)

    def _drawn(self, latent: Tensor) -> Picture:
        with torch.no_grad():
            picture: Picture = self.generator.pictures(self._outputs(latent[None].to(self.device)))[0]
        return picture

    def _refuse_without_gradients(self, latents: Tensor) -> None:
        why = "they are all zero"
        try:
            with torch.enable_grad():
                given = latents.clone().requires_grad_()
                outputs = self.generator.module(given)
                if outputs.requires_grad:
                    (gradient,) = torch.autograd.grad(self._losses(given, outputs).sum(), given)
                    if bool((gradient * self.free).any()):
                        return
                else:
                    why = "its pictures do not depend on its latents in a way that torch follows"
        except UnitscopeError:
            raise
        except Exception as error:
            why = one_line(error)
        raise UnitscopeError(
            f"generator {self.generator.name!r} has no gradients to find a latent along: {why}; give a module that "
            "torch can differentiate, made outside torch.inference_mode()"
        )


class _Adam:
    """Adam (Kingma and Ba 2015) on some latents ``(n, ...)``, of which fewer and fewer go on.

    Args:
        latents: where it starts.
    """

    def __init__(self, latents: Tensor) -> None:
        self.latents, self.count = latents, 0
        self.mean, self.square = torch.zeros_like(latents), torch.zeros_like(latents)

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the latents."""
        self.latents, self.mean, self.square = self.latents[rows], self.mean[rows], self.square[rows]

    def step(self, gradient: Tensor, rate: float) -> None:
        """Take a step."""
        self.count += 1
        self.mean = self.mean.lerp(gradient, 1 - DECAYS[0])
        self.square = self.square.lerp(gradient.square(), 1 - DECAYS[1])
        mean, square = (
            moment / (1 - decay**self.count)
            for moment, decay in zip((self.mean, self.square), DECAYS, strict=True)
        )
        self.latents = self.latents - rate * mean / (square.sqrt() + 1e-12)


def _errors(pictures: Picture, target: Picture) -> NDArray[np.float64]:
    """Return the mean absolute difference ``(n,)`` of pictures ``(n, H, W, 3)`` from one, 0 to 255."""
    apart = np.abs(pictures.astype(np.int16) - target)
    errors: NDArray[np.float64] = apart.mean((1, 2, 3), dtype=np.float64)
    return errors

"""Before any picture is read: what answers at random is refused, and layers whose cells lie elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

import torch

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.plan import ReadingPlan, prepare_of
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.forward import out_of_memory
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.label_answers import label_answers
from unitscope.experiments.samples import PictureSamples, Samples
from unitscope.layer.answers import CAUSES
from unitscope.layer.drawn import ask_drawing
from unitscope.layer.hooks import LayerGrid
from unitscope.layer.outcome import PLACES, Proof
from unitscope.layer.proof import ask
from unitscope.models.generators import Generator
from unitscope.models.network import Network
from unitscope.models.weights import device_of
from unitscope.sources.latents import SeededLatents

_Answer = TypeVar("_Answer")
ALLOW = "make it deterministic, or read it all the same with --allow-random"


def proven(
    plan: ReadingPlan, model: Network | Generator, samples: Samples, told: DissectionSettings
) -> ReadingPlan:
    """Note in a plan what the network and its layers answered to pictures of noise, and segmenters to one of the run.

    Layers of a generator are changed at known places, and what it draws is looked at.

    Args:
        plan: how layers are read.
        model: the network, in eval mode on its device; whether a generator answers alike was looked at before.
        samples: inputs with label maps.
        told: whether the user allows for random answers, and trusts layers whatever they answer.

    Raises:
        UnitscopeError: the network or a segmenter answers the same picture differently, or the cells of a layer lie
            elsewhere.
    """
    if isinstance(samples, PictureSamples | GeneratedSamples):
        # One generated picture, since each is a pass of the generator.
        read, count = (
            (samples.pictures.read, len(samples.sample_ids))
            if isinstance(samples, PictureSamples)
            else (samples.picture, 1)
        )
        labels = label_answers(samples.labeller, read, count, ALLOW, allowed=told.allow_random)
        plan = replace(plan, labels=labels)
    if isinstance(samples, GeneratedSamples):
        return _drawn(plan, samples, told)
    return _proven(plan, model, samples, told) if isinstance(model, Network) else plan


def _drawn(plan: ReadingPlan, samples: GeneratedSamples, told: DissectionSettings) -> ReadingPlan:
    """Change layers of a generator at known places, and note where its pictures changed."""
    proofs = drawn_proofs(plan.layers, samples.generator, samples.latents, plan.batch_size)
    for layer in plan.layers:
        _refuse(layer.name, proofs[layer.name].against(layer), told)
    return replace(plan, proofs=proofs)


def drawn_proofs(
    layers: Sequence[LayerGrid], generator: Generator, latents: SeededLatents, batch_size: int
) -> dict[str, Proof]:
    """Return whether layers of a generator draw where they are read, by name.

    Args:
        layers: how they are read.
        generator: that :func:`unitscope.models.generators.look_at` has seen.
        latents: those of the run.
        batch_size: pictures in a forward pass.

    Raises:
        UnitscopeError: the generator fails, or the device is out of memory.
    """
    module, device = generator.module, device_of(generator.module)
    read = latents.read(range(min(len(latents), PLACES))).to(device)

    def asked(count: int) -> dict[str, Proof]:
        return ask_drawing(module, layers, read, generator.size, check=generator.pictures, batch_size=count)

    return _as_fits(asked, batch_size, device, "latents")


def _proven(plan: ReadingPlan, model: Network, samples: Samples, told: DissectionSettings) -> ReadingPlan:
    """Change pictures at known places, and note what the network and its layers answered."""
    module, device = model.module, device_of(model.module)
    asked = _as_fits(
        lambda pictures: ask(
            module,
            plan.layers,
            samples.size,
            prepare=prepare_of(samples),
            device=device,
            channels_last=plan.channels_last,
            batch_size=pictures,
        ),
        plan.batch_size,
        device,
    )
    answers = asked.answers
    if answers != "same" and not told.allow_random:
        raise UnitscopeError(f"{model.name or 'the network'} answers differently {CAUSES[answers]}; {ALLOW}")
    for layer in plan.layers:
        proof = asked.proofs[layer.name]
        if proof.outcome == "random" and not told.allow_random:
            raise UnitscopeError(f"layer {layer.name!r} answers differently {CAUSES['again']}; {ALLOW}")
        _refuse(layer.name, proof.against(layer), told)
    return replace(plan, proofs=asked.proofs, answers=answers)


def _refuse(layer: str, against: str, told: DissectionSettings) -> None:
    if against and not told.trust_places:
        raise UnitscopeError(
            f"layer {layer!r} is not read: {against}; choose another layer, or read it all the same with "
            "--trust-places"
        )


def _as_fits(
    asked: Callable[[int], _Answer], count: int, device: torch.device, called: str = "pictures"
) -> _Answer:
    """Ask with as many pictures at once as the run will read: this is where too many are first found out.

    Raises:
        UnitscopeError: the device is out of memory.
    """
    with suppress(torch.OutOfMemoryError):
        return asked(count)
    raise out_of_memory(asked, count, device, called)

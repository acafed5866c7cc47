"""Before any picture is read: what answers at random is refused, and layers whose cells lie elsewhere."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import torch
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.plan import ReadingPlan, prepare_of
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.forward import out_of_memory
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.label_answers import label_answers
from unitscope.experiments.samples import PictureSamples, Samples
from unitscope.layer.answers import CAUSES
from unitscope.layer.proof import Asked, Prepare, ask
from unitscope.models.generators import Generator
from unitscope.models.network import Network
from unitscope.models.weights import device_of

ALLOW = "make it deterministic, or read it all the same with --allow-random"


def proven(
    plan: ReadingPlan, model: Network | Generator, samples: Samples, told: DissectionSettings
) -> ReadingPlan:
    """Note in a plan what the network and its layers answered to pictures of noise, and segmenters to one of the run.

    Args:
        plan: how layers are read.
        model: the network, in eval mode on its device; generators were looked at before.
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
    return _proven(plan, model, samples, told) if isinstance(model, Network) else plan


def _proven(plan: ReadingPlan, model: Network, samples: Samples, told: DissectionSettings) -> ReadingPlan:
    """Change pictures at known places, and note what the network and its layers answered."""
    module, device = model.module, device_of(model.module)
    asked = _asked(plan, module, samples.size, prepare_of(samples), device)
    answers = asked.answers
    if answers != "same" and not told.allow_random:
        raise UnitscopeError(f"{model.name or 'the network'} answers differently {CAUSES[answers]}; {ALLOW}")
    for layer in plan.layers:
        proof = asked.proofs[layer.name]
        if proof.outcome == "random" and not told.allow_random:
            raise UnitscopeError(f"layer {layer.name!r} answers differently {CAUSES['again']}; {ALLOW}")
        against = proof.against(layer)
        if against and not told.trust_places:
            raise UnitscopeError(
                f"layer {layer.name!r} is not read: {against}; choose another layer, or read it all the same with "
                "--trust-places"
            )
    return replace(plan, proofs=asked.proofs, answers=answers)


def _asked(
    plan: ReadingPlan, module: nn.Module, size: tuple[int, int], prepare: Prepare, device: torch.device
) -> Asked:
    """Ask with as many pictures at once as the run will read: this is where too many are first found out.

    Raises:
        UnitscopeError: the device is out of memory.
    """

    def asked(pictures: int) -> Asked:
        return ask(
            module,
            plan.layers,
            size,
            prepare=prepare,
            device=device,
            channels_last=plan.channels_last,
            batch_size=pictures,
        )

    with suppress(torch.OutOfMemoryError):
        return asked(plan.batch_size)
    raise out_of_memory(asked, plan.batch_size, device)

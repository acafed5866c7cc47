"""Before any picture is read: layers whose cells do not lie where they would be read are refused."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.samples import PictureSamples, Samples
from unitscope.layer.proof import prove_places, standard


def proven(
    plan: ReadingPlan,
    module: nn.Module,
    samples: Samples,
    *,
    device: torch.device,
    trust: bool,
) -> ReadingPlan:
    """Change pictures at known places, and note in a plan what its layers answered.

    Args:
        plan: how layers are read.
        module: the network, in eval mode.
        samples: inputs with label maps; generators have no pictures that could be changed.
        device: where the network is.
        trust: whether layers are read whatever they answer.

    Raises:
        UnitscopeError: the cells of a layer lie elsewhere, and the user does not trust it.
    """
    if isinstance(samples, GeneratedSamples):
        return plan
    proofs = prove_places(
        module,
        plan.layers,
        samples.size,
        prepare=samples.preprocessing.apply if isinstance(samples, PictureSamples) else standard,
        device=device,
        channels_last=plan.channels_last,
        batch_size=plan.batch_size,
    )
    for layer in plan.layers:
        against = proofs[layer.name].against(layer)
        if against and not trust:
            raise UnitscopeError(
                f"layer {layer.name!r} is not read: {against}; choose another layer, or read it all the same with "
                "--trust-places"
            )
    return replace(plan, proofs=proofs)

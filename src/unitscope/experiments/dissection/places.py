"""Before any picture is read: networks that answer at random, and layers whose cells lie elsewhere, are refused."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from unitscope.errors import UnitscopeError
from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.dissection.settings import DissectionSettings
from unitscope.experiments.samples import PictureSamples, Samples
from unitscope.layer.answers import CAUSES, network_answers
from unitscope.layer.proof import Prepare, prove_places, standard
from unitscope.models.network import Network
from unitscope.models.weights import device_of

ALLOW = "make it deterministic, or read it all the same with --allow-random"


def proven(plan: ReadingPlan, model: Network, samples: Samples, told: DissectionSettings) -> ReadingPlan:
    """Change pictures at known places, and note in a plan what the network and its layers answered.

    Args:
        plan: how layers are read.
        model: the network, in eval mode on its device.
        samples: inputs with label maps.
        told: whether the user allows for random answers, and trusts layers whatever they answer.

    Raises:
        UnitscopeError: the network answers the same picture differently, or the cells of a layer lie elsewhere.
    """
    module, device = model.module, device_of(model.module)
    prepare: Prepare = partial(standard, channels=samples.depth)
    if isinstance(samples, PictureSamples):
        prepare = samples.preprocessing.apply
    answers = network_answers(module, samples.size, prepare, device=device, channels_last=plan.channels_last)
    if answers != "same" and not told.allow_random:
        raise UnitscopeError(f"{model.name or 'the network'} answers differently {CAUSES[answers]}; {ALLOW}")
    proofs = prove_places(
        module,
        plan.layers,
        samples.size,
        prepare=prepare,
        device=device,
        channels_last=plan.channels_last,
        batch_size=plan.batch_size,
    )
    for layer in plan.layers:
        proof = proofs[layer.name]
        if proof.outcome == "random" and not told.allow_random:
            raise UnitscopeError(f"layer {layer.name!r} answers differently {CAUSES['again']}; {ALLOW}")
        against = proof.against(layer)
        if against and not told.trust_places:
            raise UnitscopeError(
                f"layer {layer.name!r} is not read: {against}; choose another layer, or read it all the same with "
                "--trust-places"
            )
    return replace(plan, proofs=proofs, answers=answers)

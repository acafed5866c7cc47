"""Networks that answer with probabilities, as classifiers that answer with logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from unitscope.models.forwarded import Function
from unitscope.models.network import Network
from unitscope.models.weights import device_of
from unitscope.replay.capture import output_of

CAVEAT = "the network answers with probabilities; their logarithms are taken for its logits"
NEAR = 1e-3
"""How far from 1 the sum of probabilities may be."""


@dataclass(frozen=True)
class Logarithm:
    """Calls a network that answers with probabilities.

    Attributes:
        function: how it is given its inputs; with these alone when None.
    """

    function: Function | None

    def __call__(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """Return the logarithms of probabilities ``(N, classes)``; of 0, that of the smallest normal number."""
        answer = output_of(network(inputs) if self.function is None else self.function(network, inputs))
        return answer.clamp_min(torch.finfo(answer.dtype).tiny).log()


def in_logits(network: Network) -> Network:
    """Return a classifier that answers with logits: the network, or one around it that takes logarithms.

    It is asked about a made-up picture. The log-probability of a class is the same either way: logits less the
    logarithm of the sum of their exponentials.
    """
    with torch.no_grad():
        answer = output_of(network.module(network.trial(1, device_of(network.module))))
    if answer.ndim != 2 or answer.shape[1] < 2 or not _are_probabilities(answer):
        return network
    return replace(network, forward=Logarithm(network.called.function if network.called else None))


def caveats(network: Network) -> Sequence[str]:
    """Return what a person should know of a classifier, a line each."""
    return [CAVEAT] if network.called and isinstance(network.called.function, Logarithm) else []


def _are_probabilities(answer: Tensor) -> bool:
    return bool((answer >= 0).all()) and bool(((answer.sum(1) - 1).abs() < NEAR).all())

"""What must be the same in every process that does a piece of work: the network's weights and answers, its pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from unitscope.experiments.generated import GeneratedSamples
from unitscope.experiments.pieces import Looked
from unitscope.experiments.samples import Batch, Samples
from unitscope.layer.names import entries
from unitscope.models.weights import device_of, weights_hash

WEIGHTS, DATA, ANSWERS = "weights", "pictures", "answers"


def likeness(looked: Sequence[Looked]) -> Mapping[str, str]:
    """Return hashes of the weights, of a few samples with their labels, and of what the network answers to these.

    The first, the middle and the last sample stand for all: they are read as every piece of work reads them, so masks
    are looked for, segmenters run, and what cannot be read has its reason. Two processes that differ here find
    different numbers, or nothing.
    """
    weights, data, answers = (hashlib.sha256() for _ in range(3))
    for module, samples in looked:
        weights.update(weights_hash(module).encode())
        for batch in samples.batches([[sample] for sample in _few(samples)]):
            data.update(f"{batch.samples.tolist()} {sorted(batch.skipped.items())}".encode())
            data.update(_bits(batch.inputs))
            if len(batch.samples):
                answer = _answer(module, batch)
                answers.update(answer)
                data.update(_labels(samples, batch))
    return {WEIGHTS: weights.hexdigest(), DATA: data.hexdigest(), ANSWERS: answers.hexdigest()}


def _few(samples: Samples) -> list[int]:
    count = len(samples.sample_ids)
    return sorted({0, count // 2, count - 1})


def _answer(module: torch.nn.Module, batch: Batch) -> bytes:
    with torch.no_grad():
        output = module(batch.inputs.to(device_of(module)))
    return b"".join(_bits(value) for _, value in entries(output))


def _labels(samples: Samples, batch: Batch) -> bytes:
    if not isinstance(samples, GeneratedSamples):
        return np.ascontiguousarray(batch.labels).tobytes()
    with torch.no_grad():
        output = samples.generator.module(batch.inputs.to(samples.device))
    return samples.label(samples.pictures(output)).tobytes()


def _bits(values: Tensor) -> bytes:
    whole = values.detach().to("cpu").contiguous()
    return whole.view(torch.uint8).numpy().tobytes() if whole.numel() else b""

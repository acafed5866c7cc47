"""Semantic segmentation networks of transformers, from the hub or a folder, as segmenters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError, as_typed, one_line
from unitscope.models.hub import Foreign, from_seed, hugging_face, import_library, quiet
from unitscope.models.libraries import parse_spec
from unitscope.models.library_preprocessing import from_transformers
from unitscope.models.library_spec import LibrarySpec
from unitscope.models.preprocessing import Preprocessing
from unitscope.models.transformers_networks import (
    image_size,
    library_place,
    load_transformers,
    read_config,
    read_processor,
)

CATEGORY = "object"
"""Of every concept: a configuration names classes and does not sort them."""
NOTHING = frozenset({"background", "unlabeled", "unlabelled", "void", "ignore", "nothing", "n/a"})
"""Class names that stand for no concept."""
TASK = "the task is semantic"
"""What OneFormer is told to do."""
BATCH = (1, 4)
"""Pictures at once: a mask for every query is large."""
MULTIPLE = 32
"""What the sides of an input are rounded up to where the picture's shape would set them."""


class ScoreSegmenter(nn.Module):
    """A network that gives each pixel a score for each class.

    Args:
        network: takes ``(n, 3, h, w)``, returns an output with ``logits`` ``(n, C, h', w')``.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> Tensor:
        """Return scores ``(n, C, h', w')``."""
        scores: Tensor = self.network(pixel_values=inputs).logits
        return scores


class MaskSegmenter(nn.Module):
    """A network that proposes masks, each with a distribution over the classes and "no object".

    The score of a class at a pixel is the sum over the masks of the probability of the class times that of the
    pixel, "no object" left out (Cheng et al., "Per-Pixel Classification is Not All You Need", 2021, section 3.4;
    Mask2Former, OneFormer and EoMT do the same).

    Args:
        network: returns ``class_queries_logits`` ``(n, Q, C + 1)`` and ``masks_queries_logits`` ``(n, Q, h', w')``.
        task: token ids ``(1, T)`` of the task, for OneFormer.
        upsample: whether mask logits are brought to the size of the input before they become probabilities, as
            transformers does for Mask2Former and EoMT.
    """

    def __init__(self, network: nn.Module, *, task: Tensor | None = None, upsample: bool = True) -> None:
        super().__init__()
        self.network = network
        self.upsample = upsample
        self.task: Tensor | None
        self.register_buffer("task", task, persistent=False)

    def forward(self, inputs: Tensor, grid: tuple[int, int]) -> Tensor:
        """Return the class of each cell of a grid, ``(n, rows, columns)`` int64."""
        given = {} if self.task is None else {"task_inputs": self.task.expand(len(inputs), -1)}
        output = self.network(pixel_values=inputs, **given)
        size = tuple(inputs.shape[-2:]) if self.upsample else None
        pairs = zip(output.class_queries_logits, output.masks_queries_logits, strict=True)
        return torch.stack([_classes(queries, masks, size, grid) for queries, masks in pairs])


def _classes(queries: Tensor, masks: Tensor, size: tuple[int, ...] | None, grid: tuple[int, int]) -> Tensor:
    """Return the classes ``(rows, columns)`` of one picture from queries ``(Q, C + 1)`` and masks ``(Q, h, w)``."""
    masks = masks[None].float()
    if size is not None:
        masks = F.interpolate(masks, size=size, mode="bilinear", align_corners=False)
    # Interpolation and the sum over masks are both linear: the small grid first is the same, and cheaper.
    shares = F.interpolate(masks.sigmoid(), size=grid, mode="bilinear", align_corners=False)[0]
    scores = torch.einsum("qc,qhw->chw", queries.float().softmax(-1)[:, :-1], shares)
    return scores.argmax(0)


def transformers_segmenter(spec: str) -> Segmenter | None:
    """Return the semantic segmentation network that `spec` names.

    Args:
        spec: ``transformers:HUB_ID_OR_FOLDER``, with ``?weights=none`` for random weights from a fixed seed.

    Returns:
        The segmenter, in eval mode, with one plane of labels; None if `spec` is of another form.

    Raises:
        UnitscopeError: transformers is not installed, there is no such network, it does not segment, or its
            weights are not complete and in safetensors files.
    """
    if not spec.startswith("transformers:"):
        return None
    parsed = parse_spec(spec)
    if parsed is None:
        return None
    if parsed.weights.lower() not in ("", "none"):
        raise UnitscopeError(
            f"segmenter {spec!r} has one set of weights; give {as_typed(f'{parsed.library}:{parsed.name}')}, or "
            f"{as_typed(parsed.untrained)} for random ones"
        )
    transformers = import_library("transformers")
    with quiet(), hugging_face(), from_seed():
        return _load(transformers, parsed)


def _load(transformers: ModuleType, spec: LibrarySpec) -> Segmenter:
    config = read_config(transformers, spec.name, spec.text)
    masks = _proposes_masks(transformers, config, spec)
    automatic = (
        transformers.AutoModelForUniversalSegmentation
        if masks
        else transformers.AutoModelForSemanticSegmentation
    )
    network, missing = load_transformers(automatic, config, spec, spec.weights.lower() != "none")
    if missing:
        raise UnitscopeError(
            f"the weights of {spec.text!r} are not those of a segmenter: {missing[0]!r} is missing"
            + (f", and {len(missing) - 1} more" if len(missing) > 1 else "")
        )
    module: nn.Module
    if masks:
        task = _task(transformers, config, spec) if config.model_type == "oneformer" else None
        module = MaskSegmenter(
            network, task=task, upsample=config.model_type not in ("maskformer", "oneformer")
        )
    else:
        module = ScoreSegmenter(network)
    concepts, numbers = read_classes(config.id2label)
    settings = read_processor(transformers, spec.name, config)
    return Segmenter(
        module.eval(),
        Vocabulary(concepts),
        _preprocessing(settings, config),
        name=Path(spec.name).name,
        numbers=numbers,
        batch=BATCH,
        takes_grid=masks,
    )


def _proposes_masks(transformers: ModuleType, config: Foreign, spec: LibrarySpec) -> bool:
    if type(config) in transformers.AutoModelForSemanticSegmentation._model_mapping:
        return False
    known = transformers.AutoModelForUniversalSegmentation._model_mapping
    if type(config) in known and config.model_type not in ("detr", "videomt"):
        return True
    raise UnitscopeError(
        f"segmenter {spec.text!r} is a {config.model_type}, which does not segment pictures into classes; networks "
        "that do are UperNet, SegFormer, MaskFormer, Mask2Former, OneFormer, EoMT, BEiT, DPT and their like"
    )


def _preprocessing(settings: Mapping[str, Foreign] | None, config: Foreign) -> Preprocessing:
    size = image_size(config)
    if settings is None:
        return Preprocessing(size=size)
    multiple = int(settings.get("size_divisor") or MULTIPLE)
    return from_transformers(settings, default=size, multiple=multiple)


def _task(transformers: ModuleType, config: Foreign, spec: LibrarySpec) -> Tensor:
    """Return the token ids of the task, padded with zeros to the length the network was made for."""
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            library_place(spec.name), trust_remote_code=False
        )
        tokens = tokenizer(
            [TASK], padding="max_length", max_length=config.task_seq_len, truncation=True, return_tensors="pt"
        )
        if len(tokens["input_ids"].unique()) < len(TASK.split()):
            raise ValueError("its vocabulary is missing")
    except Exception as error:
        raise UnitscopeError(
            f"segmenter {spec.text!r} is told its task in words, and its tokenizer cannot be read: "
            f"{one_line(error)}; save the processor beside it"
        ) from error
    ids: Tensor = tokens["input_ids"] * tokens["attention_mask"]
    return ids


def read_classes(names: Mapping[int, str]) -> tuple[list[Concept], NDArray[np.int32]]:
    """Return the concepts that class names stand for, and the number of the concept of each class.

    Args:
        names: the name of each class, from 0.

    Returns:
        The concepts, and an array ``(C,)`` of label values, 0 where a class stands for nothing, such as
        "background". A name that occurs again is told apart by a number.
    """
    seen: Counter[str] = Counter()
    concepts: list[Concept] = []
    numbers = np.zeros(max(names, default=-1) + 1, np.int32)
    for index in sorted(names):
        name = re.sub(r"\s+", " ", str(names[index])).strip() or f"class {index}"
        if name.lower() in NOTHING:
            continue
        seen[name] += 1
        concepts.append(Concept(name if seen[name] == 1 else f"{name} {seen[name]}", CATEGORY))
        numbers[index] = len(concepts)
    return concepts, numbers

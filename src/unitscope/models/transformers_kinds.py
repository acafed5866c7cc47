"""Which class of transformers a configuration is built with: a classifier, or what else reads pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import torch
from torch import Tensor, nn

from unitscope.models.forwarded import Forwarded
from unitscope.models.hub import Foreign

CLASSIFICATION = "ImageClassification"
DENSE = (
    "SemanticSegmentation",
    "UniversalSegmentation",
    "InstanceSegmentation",
    "ObjectDetection",
    "DepthEstimation",
)
"""What else transformers builds networks for that read a picture alone."""
PIXELS = "pixel_values"


@dataclass(frozen=True)
class Kind:
    """A class of transformers.

    Attributes:
        automatic: builds it from a configuration or from files.
        config: of the network, or of its part that reads pictures.
        classifies: whether it tells classes of pictures apart.
        call: how it is given a batch, where pictures alone are not enough.
    """

    automatic: Foreign
    config: Foreign
    classifies: bool = False
    call: Callable[[Foreign, Tensor], object] | None = None

    def wrapped(self, module: nn.Module) -> nn.Module:
        """Return the network as a function of pictures."""
        return module if self.call is None else Forwarded(module, self.call)


def find_kind(transformers: ModuleType, config: Foreign) -> Kind | None:
    """Return what a configuration is built with: what it states, else a classifier, a tower or a backbone.

    Of networks that read pictures and text the part that reads pictures is taken.
    """
    stated = set(getattr(config, "architectures", None) or ())
    offered = {
        name: getattr(transformers, f"AutoModelFor{name}")._model_mapping
        for name in (CLASSIFICATION, *DENSE)
        if hasattr(transformers, f"AutoModelFor{name}")
    }
    offered = {name: mapping for name, mapping in offered.items() if type(config) in mapping}
    for name, mapping in offered.items():
        if stated & _names(mapping[type(config)]):
            return Kind(getattr(transformers, f"AutoModelFor{name}"), config, name == CLASSIFICATION)
    vision = getattr(config, "vision_config", None)
    if vision is not None:
        return _backbone(transformers, vision)
    plain = transformers.AutoModel._model_mapping
    if offered and not (type(config) in plain and stated & _names(plain[type(config)])):
        name = next(iter(offered))
        return Kind(getattr(transformers, f"AutoModelFor{name}"), config, name == CLASSIFICATION)
    return _backbone(transformers, config)


def _backbone(transformers: ModuleType, config: Foreign) -> Kind | None:
    mapping = transformers.AutoModel._model_mapping
    if type(config) not in mapping:
        return None
    made = mapping[type(config)]
    first = made[0] if isinstance(made, list | tuple) else made
    if getattr(first, "main_input_name", "") != PIXELS:
        return None
    if config.model_type == "vit_mae":
        config.mask_ratio = 0.0
        return Kind(transformers.AutoModel, config, call=unmasked)
    return Kind(transformers.AutoModel, config)


def unmasked(module: Foreign, inputs: Tensor) -> object:
    """Call a masked autoencoder on whole pictures, its patches in their order, which it would shuffle otherwise."""
    size = module.config.patch_size
    rows, columns = size if isinstance(size, list | tuple) else (size, size)
    patches = (inputs.shape[2] // rows) * (inputs.shape[3] // columns)
    order = torch.arange(patches, dtype=torch.float32, device=inputs.device)
    return module(inputs, noise=order.repeat(inputs.shape[0], 1))


def _names(made: Foreign) -> set[str]:
    return {each.__name__ for each in (made if isinstance(made, list | tuple) else [made])}

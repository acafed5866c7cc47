"""The bundled network: a small VGG-like classifier of the world's scenes."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from unitscope.world.bundled import fill_bundled
from unitscope.world.scene import SCENE_CLASSES

CLASSIFIER_INPUT = 112
"""Side of the input in pixels."""

CLASSIFIER_MEAN = (0.48, 0.46, 0.43)
CLASSIFIER_STD = (0.25, 0.24, 0.25)
"""Mean and deviation that the network's input, RGB in 0..1, is normalised with."""

STAGES = ((32, 32), (64, 96), (128, 160), (192, 192, 256))
"""Units of the convolutions of every stage. The first convolution has stride 2; stages 1 and 2 end in max pooling."""

CLASSIFIER_LAYERS: tuple[str, ...] = ("relu1_2", "relu2_2", "relu3_2", "relu4_3")
"""The layers worth dissecting: the last rectified convolution of each stage."""

WEIGHTS = "world_vgg.safetensors"


class WorldVGG(nn.Sequential):
    """Convolutions, batch norms and rectifiers by stage, then average pooling and one linear layer.

    The names of the layers are those of VGG: ``conv1_1``, ``bn1_1``, ``relu1_1``, ..., ``pool2``, ..., ``relu4_3``,
    ``pool4``, ``flatten``, ``fc``. For an input of 112 pixels the maps of the stages are 56, 28, 14 and
    14 wide: the resolution is lost early, to be cheap, and kept late, where units are dissected.
    """

    def __init__(self, classes: int = len(SCENE_CLASSES)) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        before = 3
        for stage, widths in enumerate(STAGES, 1):
            for index, units in enumerate(widths, 1):
                name = f"{stage}_{index}"
                stride = 2 if name == "1_1" else 1
                layers[f"conv{name}"] = nn.Conv2d(before, units, 3, stride=stride, padding=1, bias=False)
                layers[f"bn{name}"] = nn.BatchNorm2d(units)
                layers[f"relu{name}"] = nn.ReLU(inplace=False)
                before = units
            if stage < 3:
                layers[f"pool{stage}"] = nn.MaxPool2d(2)
        layers[f"pool{len(STAGES)}"] = nn.AdaptiveAvgPool2d(1)
        layers["flatten"] = nn.Flatten()
        layers["fc"] = nn.Linear(before, classes)
        super().__init__(layers)

    def initialise(self, seed: int) -> None:
        """Draw He-normal weights from the seed, without touching torch's global generator."""
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan_in = module.weight[0].numel()
                gain = 2.0 if isinstance(module, nn.Conv2d) else 1.0
                with torch.no_grad():
                    module.weight.normal_(0.0, (gain / fan_in) ** 0.5, generator=generator)
                    if module.bias is not None:
                        module.bias.zero_()


def normalise(pictures: Tensor) -> Tensor:
    """Return RGB in 0..1, `(N, 3, H, W)`, as the network's input."""
    mean = torch.tensor(CLASSIFIER_MEAN, dtype=pictures.dtype, device=pictures.device).view(3, 1, 1)
    std = torch.tensor(CLASSIFIER_STD, dtype=pictures.dtype, device=pictures.device).view(3, 1, 1)
    return (pictures - mean) / std


def world_classifier(trained: bool = True, *, seed: int = 0) -> nn.Module:
    """Return the bundled network in eval mode.

    Args:
        trained: load the bundled weights; otherwise draw initial ones (the control of an experiment).
        seed: seed of the initial weights.

    Returns:
        The network; it takes normalised float `(N, 3, 112, 112)` and returns logits `(N, classes)`.

    Raises:
        UnitscopeError: the bundled weights are missing.
    """
    state = torch.random.get_rng_state()
    try:
        model = WorldVGG()
    finally:
        torch.random.set_rng_state(state)
    model.initialise(seed)
    if trained:
        fill_bundled(model, WEIGHTS, "classifier")
    return model.eval()

"""The ResNet-152 of the Places authors, whose layers carry the numbers of the Torch7 network it was converted from.

He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016, with the stride in the 3x3 convolution.
A numbered path says little to a reader, so :func:`resnet152_aliases` gives each one a name. No ReLU works in place:
``layer4.2.add`` is the value before the last ReLU of a block, ``layer4.2`` and ``layer4.2.relu`` the value after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional

STAGES = ((3, 64), (8, 128), (36, 256), (3, 512))
"""Blocks and inner channels of each stage."""

EXPANSION = 4
"""Channels that a block returns, over its inner channels."""

TOP = {"conv1": "0", "bn1": "1", "relu": "2", "maxpool": "3", "avgpool": "8", "flatten": "9", "fc": "10.1"}
FIRST_STAGE = 4
"""Number of the child that is the first stage."""

BRANCH = ("conv1", "bn1", "relu1", "conv2", "bn2", "relu2", "conv3", "bn3")
SHORTCUT = ("0", "1")
BLOCK = {"downsample": "0.1", "add": "1", "relu": "2"}


class Branches(nn.Module):
    """Gives the same input to a block's branch, child ``0``, and to its shortcut, child ``1``."""

    def __init__(self, branch: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.add_module("0", branch)
        self.add_module("1", shortcut)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the branch and the shortcut make of ``(N, U, h, w)``."""
        return self.get_submodule("0")(inputs), self.get_submodule("1")(inputs)


class Add(nn.Module):
    """Adds the two outputs of :class:`Branches`."""

    def forward(self, branches: tuple[Tensor, Tensor]) -> Tensor:
        """Return the sum ``(N, U, h, w)``."""
        branch, shortcut = branches
        return branch + shortcut


class GridMean(nn.Module):
    """Averages every map over its whole grid."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return ``(N, U, 1, 1)`` for ``(N, U, h, w)``."""
        return functional.avg_pool2d(inputs, inputs.shape[-2:])  # the published pooling, bit for bit, at 7x7


def resnet152_places365() -> nn.Module:
    """Return the ResNet-152 of the Places authors with 365 outputs, its weights not filled in.

    Returns:
        A network from ``(N, 3, h, w)`` to logits ``(N, 365)``; the published input is 224x224.
    """
    return _resnet(STAGES, 365)


def resnet152_aliases() -> dict[str, str]:
    """Return the published path of every readable layer name.

    The names are those of torchvision's ResNets, plus ``relu1`` and ``relu2`` after the first convolutions of a
    block, ``add`` before its last ReLU and ``relu`` after it.

    Returns:
        Readable name -> module path, such as ``layer4.2.conv2`` -> ``7.2.0.0.3``, in the order of the forward pass.
    """
    before = {name: path for name, path in TOP.items() if int(path.split(".")[0]) < FIRST_STAGE}
    stages: dict[str, str] = {}
    for index, (blocks, _) in enumerate(STAGES):
        name, path = f"layer{index + 1}", str(FIRST_STAGE + index)
        for block in range(blocks):
            stages |= _under(f"{name}.{block}", f"{path}.{block}", _block_aliases(projects=block == 0))
        stages[name] = path
    return before | stages | {name: path for name, path in TOP.items() if name not in before}


def _under(name: str, path: str, inner: Mapping[str, str]) -> dict[str, str]:
    """Put readable names and paths below a module; the module itself comes last, as it finishes last."""
    return {f"{name}.{inside}": f"{path}.{below}" for inside, below in inner.items()} | {name: path}


def _block_aliases(*, projects: bool) -> dict[str, str]:
    names = {name: f"0.0.{position}" for position, name in enumerate(BRANCH)}
    if projects:
        names |= {f"downsample.{name}": f"{BLOCK['downsample']}.{name}" for name in SHORTCUT}
    return names | BLOCK


def _resnet(stages: Sequence[tuple[int, int]], classes: int) -> nn.Sequential:
    first = stages[0][1]
    layers: list[nn.Module] = [
        nn.Conv2d(3, first, 7, stride=2, padding=3, bias=False),
        nn.BatchNorm2d(first),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
    ]
    inputs = first
    for index, (blocks, inner) in enumerate(stages):
        layers.append(_stage(inputs, inner, blocks, stride=1 if index == 0 else 2))
        inputs = inner * EXPANSION
    head = nn.Sequential(nn.Identity(), nn.Linear(inputs, classes))
    return nn.Sequential(*layers, GridMean(), nn.Flatten(), head)


def _stage(inputs: int, inner: int, blocks: int, *, stride: int) -> nn.Sequential:
    outputs = inner * EXPANSION
    first = _block(inputs, inner, stride=stride, projects=True)
    return nn.Sequential(
        first, *(_block(outputs, inner, stride=1, projects=False) for _ in range(blocks - 1))
    )


def _block(inputs: int, inner: int, *, stride: int, projects: bool) -> nn.Sequential:
    outputs = inner * EXPANSION
    branch = nn.Sequential(
        nn.Conv2d(inputs, inner, 1, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        nn.Conv2d(inner, inner, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(),
        nn.Conv2d(inner, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
    )
    shortcut: nn.Module = nn.Identity()
    if projects:
        shortcut = nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
        )
    return nn.Sequential(Branches(branch, shortcut), Add(), nn.ReLU())

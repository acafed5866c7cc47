"""The bundled segmenter: a small network that labels reduced scenes of the embedded world, drawn or generated."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from unitscope.concepts.segmenter import Segmenter
from unitscope.models.preprocessing import Preprocessing
from unitscope.world.bundled import fill_bundled
from unitscope.world.colors import color_labels
from unitscope.world.names import MATERIALS, OBJECTS, PARTS, PLANES, VOCABULARY
from unitscope.world.reduced import REDUCED_SIZE

STAGES = (32, 64, 128, 192)
"""Units of the encoder on grids of 64x64, 32x32, 16x16 and 8x8."""
DECODER = (48, 96, 96)
"""Units of the decoder on grids of 64x64, 32x32 and 16x16."""
LEARNED: tuple[tuple[str, ...], ...] = (OBJECTS, PARTS, MATERIALS)
"""What the planes that the network decides on can hold, besides nothing."""
SEGMENTER_WEIGHTS = "world_segmenter.safetensors"


class WorldSegmenter(nn.Module):
    """An encoder of four stages and a decoder that adds them up again, from coarse to fine.

    Its input is RGB in 0..1, `(N, 3, H, W)` with sides that 8 divides; it is trained on 64 x 64.
    """

    def __init__(self) -> None:
        super().__init__()
        before = 3
        stages = []
        for index, units in enumerate(STAGES):
            stride = 1 if index == 0 else 2
            stages.append(nn.Sequential(_block(before, units, stride=stride), _block(units, units)))
            before = units
        self.encoder = nn.ModuleList(stages)
        self.context = nn.Conv2d(STAGES[-1], STAGES[-1], 1)
        self.sideways = nn.ModuleList(
            nn.Conv2d(a, b, 1) for a, b in zip(STAGES, (*DECODER, DECODER[-1]), strict=True)
        )
        self.narrow = nn.Conv2d(DECODER[1], DECODER[0], 1)
        self.decoder = nn.ModuleList(_block(units, units) for units in DECODER)
        self.scores = nn.Conv2d(DECODER[0], sum(len(names) + 1 for names in LEARNED), 1)

    def initialise(self, seed: int) -> None:
        """Draw He-normal weights from the seed, without touching torch's global generator."""
        generator = torch.Generator().manual_seed(seed)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                with torch.no_grad():
                    std = (2.0 / module.weight[0].numel()) ** 0.5
                    module.weight.normal_(0.0, std, generator=generator)
                    if module.bias is not None:
                        module.bias.zero_()

    def encode(self, pictures: Tensor) -> list[Tensor]:
        """Return the maps of the four stages, fine to coarse; the last knows of the whole picture."""
        maps = [(pictures - 0.5) * 4]
        for stage in self.encoder:
            maps.append(stage(maps[-1]))
        maps[-1] = maps[-1] + self.context(maps[-1].mean((2, 3), keepdim=True))
        return maps[1:]

    def features(self, pictures: Tensor) -> Tensor:
        """Return the means of the last stage's maps, `(N, 192)`, for pictures in 0..1."""
        return self.encode(pictures)[-1].mean((2, 3))

    def decode(self, pictures: Tensor) -> Tensor:
        """Return the maps that scores are made of, `(N, 48, H, W)`."""
        maps = self.encode(pictures)
        values: Tensor = self.sideways[3](maps[3])
        for level in (2, 1, 0):
            if level == 0:
                values = self.narrow(values)
            values = functional.interpolate(values, scale_factor=2.0) + self.sideways[level](maps[level])
            values = self.decoder[level](values)
        return values

    def score(self, values: Tensor) -> tuple[Tensor, ...]:
        """Return scores `(N, K + 1, h, w)` for each plane of LEARNED at the points of maps `(N, 48, h, w)`."""
        scores: tuple[Tensor, ...] = self.scores(values).split([len(names) + 1 for names in LEARNED], 1)
        return scores

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Return scores `(N, K + 1, H, W)` for each plane of LEARNED; channel 0 is nothing."""
        return self.score(self.decode(pictures))


class WorldLabels(nn.Module):
    """The label maps of pictures: objects, parts and materials from the network, colours from the pixels."""

    def __init__(self, network: WorldSegmenter) -> None:
        super().__init__()
        self.network = network
        firsts = np.cumsum([0, *(len(names) for names in LEARNED[:-1])])
        self.firsts = tuple(int(first) for first in firsts)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return label values of VOCABULARY `(N, 4, H, W)` int64, in the order of PLANES, for RGB in 0..1."""
        winners = [scores.argmax(1) for scores in self.network(pictures)]
        planes = [
            torch.where(winner > 0, winner + first, winner)
            for winner, first in zip(winners, self.firsts, strict=True)
        ]
        bytes_ = (pictures * 255 + 0.5).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
        colors = torch.from_numpy(color_labels(bytes_.cpu().numpy())).to(pictures.device)
        return torch.stack([*planes, colors.long()], 1)


def segmenter_network(trained: bool = True, *, seed: int = 0) -> WorldSegmenter:
    """Return the bundled segmentation network in eval mode.

    Raises:
        UnitscopeError: the bundled weights are missing.
    """
    with torch.random.fork_rng(devices=[]):
        network = WorldSegmenter()
    network.initialise(seed)
    if trained:
        fill_bundled(network, SEGMENTER_WEIGHTS, "segmenter")
    # Convolutions on a CPU are faster with their channels last in memory.
    return network.eval().to(memory_format=torch.channels_last)


def world_segmenter() -> Segmenter:
    """Return the bundled segmenter: four planes, with the vocabulary of the embedded world.

    Raises:
        UnitscopeError: the bundled weights are missing.
    """
    return Segmenter(
        WorldLabels(segmenter_network()).eval(),
        VOCABULARY,
        Preprocessing(
            size=(REDUCED_SIZE, REDUCED_SIZE), range=(0.0, 1.0), mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0)
        ),
        "world",
        planes=len(PLANES),
        plane_names=PLANES,
    )


def _block(inputs: int, outputs: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )

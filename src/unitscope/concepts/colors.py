"""The eleven basic colour terms as one plane: a small network from a pixel's colour to a term.

Van de Weijer, Schmid, Verbeek and Larlus, "Learning color names for real-world applications", 2009, learnt a
table that gives the probability of each term for 32 x 32 x 32 colours. `ColorNames` is our own compact
approximation of it: two hidden layers of 16 on CIE Lab, fitted by ``benchmarks/color_names.py``, which also
prints how often both agree.

The rule in ``unitscope.world.colors`` is another thing: it defines the colour labels of the drawn scenes and
changes only with their version.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from unitscope.concepts.pooling import adaptive_matrix, pool
from unitscope.concepts.vocabulary import Concept, Vocabulary

COLORS = ("black", "blue", "brown", "grey", "green", "orange", "pink", "purple", "red", "white", "yellow")
"""The terms of Berlin and Kay, in the order of the published table."""
CATEGORY = "color"
HIDDEN = (16, 16)
TABLE = "data/color_names.json"

_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE = (0.95047, 1.0, 1.08883)


def color_vocabulary() -> Vocabulary:
    """Return the eleven colours."""
    return Vocabulary([Concept(name, CATEGORY) for name in COLORS])


def lab(rgb: Tensor) -> Tensor:
    """Return CIE Lab over 100 (D65) of sRGB in 0..1, both ``(n, 3, h, w)`` float32 (IEC 61966-2-1, CIE 15)."""
    rgb = rgb.clamp(0, 1)
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = (torch.tensor(_XYZ) / torch.tensor(_WHITE)[:, None]).to(rgb)
    xyz = torch.einsum("ij,njhw->nihw", matrix, linear)
    low = xyz <= (6 / 29) ** 3
    f = torch.where(low, xyz * ((29 / 6) ** 2 / 3) + 4 / 29, xyz.clamp(min=1e-6) ** (1 / 3))
    x, y, z = f.unbind(1)
    return torch.stack([1.16 * y - 0.16, 5 * (x - y), 2 * (y - z)], 1)


class ColorNames(nn.Module):
    """From pictures to the probabilities of the eleven colours, and to one plane of labels.

    Args:
        hidden: widths of the hidden layers.
    """

    def __init__(self, hidden: Sequence[int] = HIDDEN) -> None:
        super().__init__()
        self.vocabulary, self.planes, self.plane_names = color_vocabulary(), 1, (CATEGORY,)
        layers: list[nn.Module] = []
        inputs = 3
        for width in hidden:
            layers += [nn.Conv2d(inputs, width, 1), nn.Tanh()]
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Conv2d(inputs, len(COLORS), 1))

    def probabilities(self, pictures: Tensor) -> Tensor:
        """Return the probability of each colour at each pixel.

        Args:
            pictures: RGB in [-1, 1], ``(n, 3, h, w)`` float32.

        Returns:
            ``(n, 11, h, w)`` float32, in the order of `COLORS`.
        """
        found: Tensor = self.layers(lab((pictures + 1) / 2)).softmax(1)
        return found

    def forward(self, pictures: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
        """Return the number of a colour for every cell, ``(n, 1, rows, columns)`` int64; 1 is black.

        Args:
            pictures: RGB in [-1, 1], ``(n, 3, h, w)`` float32.
            grid: rows and columns of the label map; probabilities are averaged over the pixels of each cell.
                By default the pixels themselves.
        """
        found = self.probabilities(pictures)
        if grid is not None and grid != tuple(found.shape[-2:]):
            found = pool(found, grid, adaptive_matrix)
        return found.argmax(1, keepdim=True) + 1


def color_names() -> ColorNames:
    """Return the network with the weights that come with the package."""
    text = importlib.resources.files("unitscope.concepts").joinpath(TABLE).read_text(encoding="utf-8")
    module = ColorNames()
    values = torch.tensor(json.loads(text))
    with torch.no_grad():
        torch.nn.utils.vector_to_parameters(values, module.parameters())
    return module.eval()

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from unitscope.layer.grid import AxisGeometry, GridGeometry
from unitscope.layer.receptive_field import GeometryTracker


def place(module: nn.Module, size: int = 96) -> AxisGeometry:
    inputs = torch.randn(1, 3, size, size)
    with torch.no_grad(), GeometryTracker(inputs) as tracker:
        output = module(inputs)
    geometry = tracker.of(output, tuple(output.shape[-2:]))
    assert geometry.rows == geometry.columns
    return geometry.rows


class Functional(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 11, 4)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 3, 2)
        return torch.cat([x, F.avg_pool2d(x, 3, 1, 1)], 1) * 2


@pytest.mark.parametrize(
    ("module", "scale", "offset"),
    [
        (nn.Conv2d(3, 4, 3, padding=1), 1, 0),
        (nn.Conv2d(3, 4, 3), 1, 1),
        (nn.Conv2d(3, 4, 3, dilation=2), 1, 2),
        (nn.Conv2d(3, 4, 4, 2, 1), 2, 0.5),
        (nn.Sequential(nn.Conv2d(3, 4, 16, 16), nn.ReLU(inplace=True)), 16, 7.5),
        (nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4).eval(), nn.MaxPool2d(2)), 2, 0.5),
        (Functional(), 8, 9),
        (nn.ConvTranspose2d(3, 4, 4, 2, 1), 0.5, -0.25),
        (nn.Upsample(scale_factor=2), 0.5, -0.25),
        (nn.AdaptiveAvgPool2d(12), 8, 3.5),
        (nn.PixelUnshuffle(4), 4, 1.5),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else str(value),
)
def test_scale_and_offset(module, scale, offset):
    found = place(module)
    assert (found.scale, found.offset) == (scale, offset)


def test_the_published_alexnet_geometry():
    layers = [nn.Conv2d(3, 8, 11, 4), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(8, 8, 5, padding=2)]
    layers += [nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(8, 8, 3, padding=1)]
    assert place(nn.Sequential(*layers), 227) == AxisGeometry(13, 16, 17)


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_the_centre_is_the_middle_of_the_pixels_that_matter(kernel):
    module = nn.Sequential(
        nn.Conv2d(3, 2, kernel, 2), nn.AvgPool2d(3, 2), nn.Conv2d(2, 2, 3, dilation=2), nn.Conv2d(2, 1, 1)
    )
    found = place(module)
    inputs = torch.randn(1, 3, 96, 96, requires_grad=True)
    module(inputs)[0, 0, 4, 4].backward()
    rows = inputs.grad.abs().sum((0, 1, 3)).nonzero().flatten()
    assert (rows[0] + rows[-1]).item() / 2 == found.offset + 4 * found.scale


def test_tokens_and_vectors_are_spread_evenly():
    inputs = torch.randn(1, 3, 64, 48)
    with GeometryTracker(inputs) as tracker:
        tokens = nn.Conv2d(3, 8, 16, 16)(inputs).flatten(2).transpose(1, 2)
    assert tracker.of(tokens, (4, 3)) == GridGeometry.even((4, 3), (64, 48))
    assert GridGeometry.even((4, 3), (64, 48)).rows == AxisGeometry(4, 16, 7.5)

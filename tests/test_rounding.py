"""Pictures to 8 bits: the compiled loop and tensors give the same."""

import numpy as np
import pytest
import torch
from torch import nn

from unitscope.errors import UnitscopeError
from unitscope.models.generators import Generator


def by_tensors(values, low, high):
    scaled = ((values - low) * (255.0 / (high - low)) + 0.5).clamp(0, 255)
    return scaled.to(torch.uint8).permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("bounds", [(-1.0, 1.0), (0.0, 1.0), (0.0, 255.0), (-0.3, 2.7)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_loop_rounds_as_tensors_do(bounds, layout):
    low, high = bounds
    random = torch.Generator().manual_seed(0)
    values = low + (high - low) * (1.4 * torch.rand((3, 3, 40, 7), generator=random) - 0.2)
    halves = low + (high - low) * torch.arange(280) / 510.0
    values[0, 0] = halves.reshape(40, 7)
    generator = Generator(nn.Identity(), (4,), range=bounds, name="any", size=(40, 7))
    found = generator.pictures(values.to(memory_format=layout))
    assert found.dtype == np.uint8
    assert np.array_equal(found, by_tensors(values, low, high))
    assert np.array_equal(generator.pictures(values.half().float()), generator.pictures(values.half()))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_values_that_are_not_finite_are_refused(wrong, kind):
    generator = Generator(nn.Identity(), (4,), range=(0.0, 1.0), name="any", size=(5, 5))
    values = torch.zeros((2, 3, 5, 5), dtype=kind)
    values[1, 2, 4, 4] = wrong
    with pytest.raises(UnitscopeError, match="not finite"):
        generator.pictures(values)

import numpy as np
import pytest
import torch
from references import pixel_corners

from unitscope.layer.grid import (
    AxisGeometry,
    GridGeometry,
    Sampling,
    axis_sampling,
    identity_sampling,
    raster_sampling,
    upsample,
)


@pytest.mark.parametrize(("source", "target", "size"), [("vgg_in", "vgg_56", 224), ("gan_in", "gan_64", 64)])
def test_even_grids_match_the_published_upsampling(shared, source, target, size):
    golden = np.load(shared / "golden" / "upsample.npz")
    grid, raster = golden[source].shape[-2:], golden[target].shape[-2:]
    sampling = raster_sampling(GridGeometry.even(grid, (size, size)), raster, (size, size), border="zeros")
    actual = upsample(torch.from_numpy(golden[source]), sampling).numpy()
    np.testing.assert_allclose(actual, golden[target], atol=1e-4, rtol=1e-4)


def test_receptive_field_centres_match_the_published_upsampling(shared):
    golden = np.load(shared / "golden" / "upsample.npz")
    axes = [
        axis_sampling(AxisGeometry(13, scale, offset), pixel_corners(56, 227), border="zeros")
        for scale, offset in golden["alex_scale_offset"]
    ]
    actual = upsample(torch.from_numpy(golden["alex_in"]), Sampling(*axes)).numpy()
    np.testing.assert_allclose(actual, golden["alex_56"], atol=1e-4, rtol=1e-4)


def test_a_constant_grid_stays_constant_to_the_bit():
    sampling = raster_sampling(GridGeometry.even((7, 5), (96, 80)), (24, 20), (96, 80))
    value = torch.tensor(0.1)
    assert torch.equal(upsample(value.expand(2, 3, 7, 5), sampling), value.expand(2, 3, 24, 20))


def test_a_linear_ramp_is_reproduced_where_cells_surround_the_point():
    geometry = GridGeometry(AxisGeometry(11, 16.0, 8.5), AxisGeometry(11, 16.0, 8.5))
    centres = 8.5 + 16.0 * torch.arange(11, dtype=torch.float64)
    grid = centres[:, None] + 1000 * centres[None]
    raster = upsample(grid, raster_sampling(geometry, (48, 48), (192, 192)))
    pixels = np.arange(48) * 4 + 1.5
    inside = (pixels >= 8.5) & (pixels <= 168.5)
    expected = pixels[inside][:, None] + 1000 * pixels[inside][None]
    np.testing.assert_allclose(raster.numpy()[np.ix_(inside, inside)], expected, rtol=1e-6)


def test_one_cell_covers_the_whole_raster():
    sampling = raster_sampling(GridGeometry.even((1, 1), (64, 64)), (16, 16), (64, 64))
    assert torch.equal(upsample(torch.full((1, 1, 1, 1), 3.5), sampling), torch.full((1, 1, 16, 16), 3.5))


def test_the_identity_reads_the_cells():
    grid = torch.randn(2, 3, 6, 9)
    assert torch.equal(upsample(grid, identity_sampling((6, 9))), grid)


def test_another_grid_is_refused():
    with pytest.raises(ValueError, match=r"the activation grid is \(6, 6\), the sampling reads \(5, 5\)"):
        upsample(torch.zeros(1, 1, 6, 6), identity_sampling((5, 5)))

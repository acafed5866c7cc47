"""Cells lie where they are read, or are not read at all, whatever a network does with their order."""

from itertools import permutations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from unitscope.errors import UnitscopeError
from unitscope.layer.hooks import probe_layers, trace

SIDE, CELL, COUNT = 64, 8, 8
"""Pixels of a picture, pixels of a cell, cells along a side."""
ORDER = torch.randperm(COUNT * COUNT, generator=torch.Generator().manual_seed(5))


def ramp(size=SIDE):
    """A picture whose first channel is its row and whose second its column."""
    line = torch.arange(size, dtype=torch.float32)
    return torch.stack([line[:, None].expand(size, size), line.expand(size, size), torch.ones(size, size)])[
        None
    ]


class Rearranged(nn.Module):
    """Pools a picture to 8x8 cells, after and before something else."""

    def __init__(self, after=lambda x: x, before=lambda x: x):
        super().__init__()
        self.after, self.before, self.out = after, before, nn.Identity()

    def forward(self, x):
        return self.out(self.after(F.avg_pool2d(self.before(x), CELL)))


def farthest(module, size=SIDE):
    """How many pixels a cell lies away from where it is read, at most; padding (channel 2 below 1) apart."""
    layer = probe_layers(module.eval(), torch.zeros(1, 3, size, size), ["out"])["out"]
    found = []
    with trace(module, ["out"], lambda _, output: found.append(layer.read(output)[0])) as forward:
        forward(ramp(size))
    cells = found[0]
    rows, columns = (
        axis.offset + axis.scale * torch.arange(axis.cells)
        for axis in (layer.geometry.rows, layer.geometry.columns)
    )
    inside = (cells[2] - 1).abs() < 1e-4
    assert inside.float().mean() > 0.3
    return float(torch.stack([cells[0] - rows[:, None], cells[1] - columns])[:, inside].abs().max())


def tokens(x):
    return x.flatten(2).transpose(1, 2)


def with_token(x, place):
    values = tokens(x)
    return torch.cat([values[:, :place], torch.zeros(len(x), 1, 3), values[:, place:]], 1)


def written(x, *, wrong=False):
    canvas = x.clone() if wrong else torch.zeros(len(x), 3, 80, 96)
    if wrong:
        canvas[:, :, :4] = x[:, :, 4:]
    else:
        canvas[:, :, 8:72, 16:80] = x
    return canvas


def detection_padding(x):
    canvas = x.new_full((len(x), 3, 96, 80), 0)
    for place, picture in zip(canvas, x, strict=True):
        place[:, : picture.shape[1], : picture.shape[2]].copy_(picture)
    return canvas


def windows(x):
    return tokens(x).reshape(len(x), 4, 2, 4, 2, 3).permute(0, 1, 3, 2, 4, 5).reshape(len(x), -1, 3)


def in_windows(x, inside):
    """Do something to every window of 4x4 cells, each as if it were a picture."""
    parts = x.reshape(len(x), 3, 2, 4, 2, 4).permute(0, 2, 4, 1, 3, 5).reshape(-1, 3, 4, 4)
    return inside(parts).reshape(len(x), 2, 2, 3, 4, 4).permute(0, 3, 1, 4, 2, 5).reshape(len(x), 3, 8, 8)


def patches_as_units(x):
    """Put the four cells of a patch on the axis of units, then mix them by a convolution."""
    x = x.reshape(len(x), 3, 4, 2, 4, 2).permute(0, 3, 5, 1, 2, 4).reshape(len(x), 12, 4, 4)
    return F.conv2d(x, torch.eye(3).repeat(1, 4)[..., None, None] / 4)


def as_tokens_of_patches(x):
    x = x.reshape(len(x), 3, 4, 2, 4, 2).permute(0, 2, 4, 3, 5, 1).reshape(len(x), 16, 12)
    return F.pad(x @ (torch.eye(3).repeat(4, 1) / 4), (0, 0, 2, 1))


def shifted(x, rows, columns):
    """Move a map by some cells; zeros follow."""
    moved = F.pad(x, (max(columns, 0), max(-columns, 0), max(rows, 0), max(-rows, 0)))
    top, left = max(-rows, 0), max(-columns, 0)
    return moved[:, :, top : top + x.shape[2], left : left + x.shape[3]]


AROUND = ((1, 0), (-1, 0), (0, 1), (0, -1))


def box(x):
    return (x[:, :, 1:, 1:] + x[:, :, :-1, :-1] + x[:, :, :-1, 1:] + x[:, :, 1:, :-1]) / 4


def depth_to_space(x, last=False):
    """Divide every cell into four by a reshape, which then hold what it held."""
    n, _, h, w = x.shape
    parts = x.repeat_interleave(4, 1).view(n, 3, 2, 2, h, w)
    if last:
        return parts.permute(0, 4, 2, 5, 3, 1).reshape(n, 4 * h * w, 3)
    return parts.permute(0, 1, 4, 2, 5, 3).reshape(n, 3, 2 * h, 2 * w)


IDENTITY = torch.zeros(3, 1, 3, 3)
IDENTITY[:, :, 1, 1] = 1

RIGHT = {
    "convolution inside windows": lambda x: in_windows(
        x, lambda w: F.conv2d(w, IDENTITY, padding=1, groups=3)
    ),
    "pooling of heads": lambda x: F.avg_pool2d(x.reshape(-1, 1, 8, 8), 2).reshape(len(x), 3, 4, 4),
    "patches as units": patches_as_units,
    "patches as tokens, padded": as_tokens_of_patches,
    "flip": lambda x: x.flip(-1),
    "flip twice": lambda x: x.flip(2, 3).flip(2),
    "flip, then a convolution": lambda x: F.avg_pool2d(x.flip(3), 3, 1),
    "tokens from last to first": lambda x: tokens(x).flip(1),
    "roll": lambda x: torch.roll(x, (3, -2), (2, 3)),
    "roll and flip": lambda x: torch.roll(x, (3, 1), (2, 3)).flip(2),
    "rolled by slices": lambda x: torch.cat([x[:, :, 5:], x[:, :, :5]], 2),
    "tokens rolled": lambda x: torch.roll(tokens(x), 9, 1),
    "rot90": lambda x: torch.rot90(x, 1, (2, 3)),
    "rot270": lambda x: torch.rot90(x, 3, (2, 3)),
    "permutation index": lambda x: tokens(x)[:, ORDER],
    "permuted and back": lambda x: tokens(x)[:, ORDER][:, ORDER.argsort()].unflatten(1, (COUNT, COUNT)),
    "mask that takes all": lambda x: tokens(x)[:, torch.ones(COUNT * COUNT, dtype=torch.bool)],
    "index_select": lambda x: tokens(x).index_select(1, ORDER),
    "rows by index_select": lambda x: x.index_select(2, torch.arange(7, -1, -1)),
    "gather": lambda x: tokens(x).gather(1, ORDER[None, :, None].expand(len(x), -1, 3)),
    "take_along_dim": lambda x: tokens(x).take_along_dim(ORDER[None, :, None], 1),
    "narrow": lambda x: x.narrow(3, 2, 4),
    "every other row": lambda x: x[:, :, 1::2],
    "token in the middle": lambda x: with_token(x, 30),
    "token at the end": lambda x: with_token(x, 64),
    "windows one after the other": windows,
    "Fourier transform and back": lambda x: torch.fft.irfft2(torch.fft.rfft2(x)),
    "unfold and fold": lambda x: F.fold(F.unfold(x, 2, stride=2), (8, 8), 2, stride=2),
    "corners aligned": lambda x: F.interpolate(x, size=(15, 15), mode="bilinear", align_corners=True),
    "mean of two slices": lambda x: (x[:, :, 2:, 2:] + x[:, :, :-2, :-2]) / 2,
    "mean of four slices": box,
    "mean of four slices of means of four slices": lambda x: box(box(x)),
    "mean of four neighbours, by padding": lambda x: sum(shifted(x, *to) for to in AROUND) / 4,
    "the same, mixed by a convolution": lambda x: F.conv2d(
        torch.cat([shifted(x, *to) for to in AROUND], 1), torch.eye(3).repeat(1, 4)[..., None, None] / 4
    ),
    "every second cell, by a factor": lambda x: F.interpolate(x, scale_factor=0.5),
    "every third cell, by a factor": lambda x: F.interpolate(x, scale_factor=0.34),
    "every second cell, exact": lambda x: F.interpolate(x, scale_factor=0.5, mode="nearest-exact"),
    "a factor that is no ratio of sizes": lambda x: F.interpolate(x, scale_factor=0.45, mode="bilinear"),
    "half as many cells": lambda x: F.interpolate(x, size=(4, 4), mode="bilinear"),
    "adaptive pooling with windows that overlap": lambda x: F.adaptive_avg_pool2d(x, 5),
    "adaptive pooling": lambda x: F.adaptive_avg_pool2d(x, 4),
    "gated units": lambda x: F.glu(torch.cat([x, 100 + 0 * x], 1), 1),
    "a convolution as traced parts have it": lambda x: torch._convolution(
        x, IDENTITY, None, (1, 1), (1, 1), (1, 1), False, (0, 0), 3, False, False, False, False
    ),
    "largest values put back": lambda x: F.max_unpool2d(*F.max_pool2d(x, 1, return_indices=True), 1),
    "slice write of all channels": lambda x: torch.zeros(len(x), 3, 8, 8).copy_(x),
}
REFUSED = {
    "sort": lambda x: tokens(x).sort(1).values,
    "order that depends on the picture": lambda x: tokens(x).gather(
        1, tokens(x).sum(-1).argsort(1)[..., None].expand(-1, -1, 3)
    ),
    "random order": lambda x: tokens(x)[:, torch.randperm(64)],
    "grid_sample": lambda x: F.grid_sample(x, torch.zeros(len(x), 8, 8, 2), align_corners=False),
    "slice write of other rows": lambda x: written(x, wrong=True),
    "index_copy": lambda x: x.index_copy(3, torch.arange(4), x[..., 4:]),
    "rows in any order": lambda x: x[:, :, torch.tensor([3, 1, 0, 2, 7, 4, 6, 5])],
    "a quarter of the cells": lambda x: tokens(x)[:, ORDER[:16]],
    "sum of a picture and its mirror image": lambda x: x + x.flip(-1),
    "sum of rows and columns": lambda x: x + x.transpose(2, 3),
    "units of a picture and its mirror image": lambda x: torch.cat([x, x.flip(-1)], 1),
    "matrix that permutes": lambda x: torch.eye(64)[ORDER] @ tokens(x),
    "units that were shifted their own way": lambda x: torch.cat([shifted(x, *to) for to in AROUND], 1),
    "shifted maps on a new axis": lambda x: torch.stack([x, shifted(x, 1, 0)], 1),
    "rolled maps behind one another": lambda x: torch.cat([x.roll(2, 2), x.roll(-2, 2)], 1),
    "sum of something lost and something rolled": lambda x: x.sort(2).values + x.roll(2, 2),
    "maps that are rolled far from each other": lambda x: x + x.roll(3, 2),
    "adaptive pooling to uneven windows": lambda x: F.adaptive_avg_pool2d(x, 11),
}


@pytest.mark.parametrize("what", RIGHT)
def test_cells_in_another_order_are_read_where_they_lie(what):
    # A convolution and a resize at the border of a ramp are exact as well: they meet no padding.
    assert farthest(Rearranged(RIGHT[what])) < 1e-3


@pytest.mark.parametrize(
    "before", [written, detection_padding, lambda x: x.flip(-1), lambda x: x[..., 8:-8, 16:]]
)
def test_pictures_that_were_moved_before_are_read_where_they_lie(before):
    assert farthest(Rearranged(before=before)) < 1e-3


def test_depth_that_becomes_space_lies_as_shuffled_pixels_do():
    found, tokens_of_it, expected, *repeated = (
        probe_layers(Rearranged(what).eval(), torch.rand(2, 3, SIDE, SIDE), ["out"])["out"]
        for what in (
            depth_to_space,
            lambda x: depth_to_space(x, last=True),
            lambda x: F.pixel_shuffle(x.repeat_interleave(4, 1), 2),
            lambda x: x.repeat_interleave(2, 2).repeat_interleave(2, 3),
            lambda x: x[:, :, :, None, :, None].expand(-1, -1, -1, 2, -1, 2).reshape(len(x), 3, 16, 16),
        )
    )
    assert (found.grid, found.geometry, found.followed) == ((16, 16), expected.geometry, True)
    assert (tokens_of_it.grid, tokens_of_it.geometry) == ((16, 16), expected.geometry)
    assert [each.geometry for each in repeated] == [expected.geometry] * 2


@pytest.mark.parametrize("what", RIGHT)
def test_the_same_holds_in_inference_mode(what):
    class Inside(Rearranged):
        def forward(self, x):
            with torch.inference_mode():
                return super().forward(x.clone())

    assert farthest(Inside(RIGHT[what])) < 1e-3


def test_what_is_written_in_inference_mode_is_refused_or_followed_as_elsewhere():
    with torch.inference_mode():
        assert farthest(Rearranged(before=written)) < 1e-3
        for what in ("slice write of other rows", "sort", "random order"):
            with pytest.raises(UnitscopeError, match="not known after the operator"):
                farthest(Rearranged(REFUSED[what]))


@pytest.mark.parametrize(
    "head",
    [
        lambda x: -torch.cdist(x, torch.ones(5, 3)),
        lambda x: F.glu(x.repeat(1, 2)),
        lambda x: F.max_pool1d(x[:, None], 2)[:, 0],
        lambda x: F.interpolate(x[:, None], scale_factor=2, mode="linear")[:, 0],
        lambda x: nn.GRU(3, 6, batch_first=True)(x[:, None])[0][:, 0],
    ],
)
def test_vectors_have_no_places_to_lose(head):
    module = Rearranged(lambda x: head(x.mean((2, 3)))).eval()
    layer = probe_layers(module, torch.rand(2, 3, SIDE, SIDE), ["out"])["out"]
    assert (layer.grid, str(layer.reading)) == ((1, 1), "vector")


@pytest.mark.parametrize("what", REFUSED)
def test_where_places_are_lost_a_layer_is_refused(what):
    with pytest.raises(UnitscopeError, match=r"'out' returns shape .*, which is no activation grid"):
        farthest(Rearranged(REFUSED[what]))


def test_a_refusal_names_the_operator_and_the_way_out():
    with pytest.raises(UnitscopeError, match=r"not known after the operator 'sort', which grid_of= can say"):
        farthest(Rearranged(REFUSED["sort"]))


class Merging(nn.Module):
    """Tokens a few of which are joined with their neighbours, so that 64 become 49: a square number, and no grid."""

    def __init__(self):
        super().__init__()
        self.patch, self.out = nn.Conv2d(3, 6, CELL, CELL), nn.Identity()

    def forward(self, x):
        x = tokens(self.patch(x))
        alike = (x[:, ::2] * x[:, 1::2]).sum(-1).argsort(1)
        merged, kept = (
            x[:, ::2].gather(1, part[..., None].expand(-1, -1, 6)) for part in alike.split([15, 17], 1)
        )
        others = x[:, 1::2].scatter_reduce(1, alike[:, :15, None].expand(-1, -1, 6), merged, "mean")
        return self.out(torch.cat([kept, others], 1))


def test_merged_tokens_are_no_grid():
    with pytest.raises(UnitscopeError, match="where its cells lie in the picture is not known"):
        probe_layers(Merging().eval(), torch.zeros(1, 3, SIDE, SIDE), ["out"])


def masked(x, ratio, generator=None):
    noise = torch.rand(1, 64, generator=generator).expand(len(x), -1)
    keep = noise.argsort(1)[:, : round(64 * (1 - ratio))]
    kept = tokens(x).gather(1, keep[..., None].expand(-1, -1, 3))
    return torch.cat([torch.zeros(len(x), 1, 3), kept], 1)


def test_shuffled_tokens_are_read_in_a_known_order_only():
    assert farthest(Rearranged(lambda x: masked(x, 0, torch.Generator().manual_seed(3)))) < 1e-3
    with pytest.raises(UnitscopeError, match="not known after the operator 'gather'"):
        farthest(Rearranged(lambda x: masked(x, 0)))
    with pytest.raises(UnitscopeError, match="48 of 64 cells of the picture are left out"):
        farthest(Rearranged(lambda x: masked(x, 0.75, torch.Generator().manual_seed(3))))


class BothSides(nn.Module):
    """Averages the answers to a picture and to its mirror image."""

    def __init__(self):
        super().__init__()
        self.pool = nn.AvgPool2d(CELL)

    def forward(self, x):
        return (self.pool(x).mean((2, 3)) + self.pool(x.flip(-1)).mean((2, 3))) / 2


def test_the_pass_over_the_mirror_image_is_read_mirrored_back():
    module = BothSides().eval()
    layers = probe_layers(module, torch.zeros(1, 3, SIDE, SIDE), ["pool#1", "pool#2"])
    assert layers["pool#1"].geometry == layers["pool#2"].geometry
    found = {}
    with trace(
        module, list(layers), lambda name, out: found.update({name: layers[name].read(out)})
    ) as forward:
        forward(ramp())
    assert torch.equal(found["pool#1"], found["pool#2"])


def test_cells_are_written_back_in_the_order_in_which_they_were_read():
    for name in ("token in the middle", "roll and flip", "rot90", "windows one after the other"):
        module, found = Rearranged(RIGHT[name]).eval(), []
        layer = probe_layers(module, torch.zeros(1, 3, SIDE, SIDE), ["out"])["out"]
        with trace(module, ["out"], lambda _, out, found=found: found.append(out.clone())) as forward:
            forward(torch.randn(2, 3, SIDE, SIDE))
        edited = layer.read(found[0]).clone()
        edited[:, 1, 2, 5] = 7.0
        again = layer.reading.replace(found[0], edited)
        assert torch.equal(layer.read(again), edited), name
        assert (again != found[0]).sum() == 2, name


def test_a_recurrent_layer_leaves_its_steps_where_they_are():
    recurrent = nn.LSTM(3, 4, batch_first=True, bidirectional=True)
    module = Rearranged(lambda x: recurrent(tokens(x))[0]).eval()
    plain = Rearranged(tokens).eval()
    found, expected = (
        probe_layers(each, torch.zeros(1, 3, SIDE, SIDE), ["out"])["out"] for each in (module, plain)
    )
    assert (found.geometry, found.units, found.followed) == (expected.geometry, 8, True)


def test_a_sum_of_rolled_maps_lies_in_their_middle_and_is_in_doubt():
    rolled = Rearranged(lambda x: sum((x.roll(by, axis) for axis in (2, 3) for by in (1, -1)), x) / 5)
    found, expected = (
        probe_layers(each.eval(), torch.zeros(1, 3, SIDE, SIDE), ["out"])["out"]
        for each in (rolled, Rearranged())
    )
    assert (found.geometry, found.reading, found.followed) == (expected.geometry, expected.reading, False)


@pytest.mark.parametrize("order", list(permutations((0, 1, 3))))
def test_the_order_of_a_sum_does_not_move_it(order):
    module = Rearranged(lambda x: sum(x[:, :, to : to + 4, to : to + 4] for to in order))
    found = probe_layers(module.eval(), torch.zeros(1, 3, SIDE, SIDE), ["out"])["out"]
    assert (found.geometry.rows.offset, found.geometry.rows.scale) == (3.5 + 1.5 * CELL, CELL)


def test_what_was_spread_from_wider_cells_joins_the_narrow_ones():
    wide = nn.Conv2d(3, 3, 3, 2, 1)
    module = Rearranged(lambda x: torch.cat([x, F.interpolate(wide(x), scale_factor=2)], 1))
    found, expected = (
        probe_layers(each.eval(), torch.zeros(1, 3, SIDE, SIDE), ["out"])["out"]
        for each in (module, Rearranged())
    )
    assert (found.geometry, found.followed) == (expected.geometry, True)


@pytest.mark.parametrize(
    "what", [lambda x: x + x.sort(2).values, lambda x: x + F.avg_pool2d(x, 4).repeat(1, 1, 4, 4)]
)
def test_what_meets_something_lost_lies_where_the_rest_does_and_is_in_doubt(what):
    module, plain = Rearranged(what).eval(), Rearranged().eval()
    found, expected = (
        probe_layers(each, torch.zeros(1, 3, SIDE, SIDE), ["out"])["out"] for each in (module, plain)
    )
    assert (found.geometry, found.followed) == (expected.geometry, False)

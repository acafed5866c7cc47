"""Heads that end in a mean over the grid: one loop for each unit, held to passes of the whole network."""

import pytest
import torch
from test_ablation import assert_exact, make
from torch import nn
from torch.nn import functional as F

from unitscope.ablation import Ablation
from unitscope.ablation.tail import Tail
from unitscope.replay import cut


def head(after, kernel=1, **given):
    """A network whose last convolution is followed by `after`; its layer ``units`` has eight of them."""

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.units = nn.Conv2d(3, 8, 3, padding=1)
            self.last = nn.Conv2d(8, 6, kernel, **given)
            self.norm = nn.BatchNorm2d(6)

        def forward(self, x):
            return after(self, self.last(self.units(x).relu()), x)

    return make(Head)


def to_mean(activation):
    return lambda _, x, __: activation(x).mean((2, 3))


def like(x, pictures):
    """Something of the shape of x that no unit of the layer changes."""
    return F.adaptive_avg_pool2d(pictures, x.shape[2:]).repeat(1, 2, 1, 1)


TAKEN = {
    "plain": to_mean(lambda x: x),
    "relu": to_mean(F.relu),
    "leaky": to_mean(lambda x: F.leaky_relu(x, 0.55)),
    "default leaky": to_mean(F.leaky_relu),
    "relu6": to_mean(lambda x: F.relu6(2 * x)),
    "bounded": to_mean(lambda x: F.hardtanh(x, 0.0, 0.4)),
    "norm": lambda net, x, _: F.relu(net.norm(x)).mean((-1, -2)),
    "norm and pool": lambda net, x, _: F.adaptive_avg_pool2d(F.relu(net.norm(x) / 2), 1).flatten(1),
    "kept sides": lambda _, x, __: F.relu(x).mean((2, 3), keepdim=True).flatten(1),
    "residual": lambda net, x, pictures: F.relu(net.norm(x) + like(x, pictures)).mean((2, 3)),
    "less": lambda _, x, pictures: F.relu(x - like(x, pictures)).mean((2, 3)),
    "scaled": to_mean(lambda x: F.relu(-3 * x + 0.2)),
}
LEFT = {
    "gelu": to_mean(F.gelu),
    "two activations": to_mean(lambda x: F.leaky_relu(F.leaky_relu(x, 0.5), 0.5)),
    "steep": to_mean(lambda x: F.leaky_relu(x, 1.5)),
    "below zero": to_mean(lambda x: F.hardtanh(x, -0.2, 0.2)),
    "largest": lambda _, x, __: F.relu(x).amax((2, 3)),
    "one side": lambda _, x, __: F.relu(x).mean(2).flatten(1),
    "several cells": lambda _, x, __: F.adaptive_avg_pool2d(F.relu(x), 2).flatten(1),
    "twice used": lambda _, x, __: F.relu(x).mean((2, 3)) + x.amax((2, 3)),
    "with itself": to_mean(lambda x: F.relu(x + x)),
    "turned over": to_mean(lambda x: F.relu(1 - x)),
    "gated": lambda _, x, __: (x * x.sigmoid()).mean((2, 3)),
    "norm after": lambda net, x, _: net.norm(F.relu(x)).mean((2, 3)),
}
SHAPES = {
    "points": (1, {}),
    "cells": (3, {"padding": 1}),
    "strides": (1, {"stride": 2}),
    "groups": (1, {"groups": 2}),
}


@pytest.mark.parametrize(
    ("name", "shape"),
    [*((name, "points") for name in TAKEN), ("plain", "cells"), ("leaky", "cells"), ("residual", "cells")],
)
def test_what_follows_a_convolution_up_to_the_mean_is_one_loop(name, shape):
    kernel, given = SHAPES[shape]
    _, ablation = assert_exact(head(TAKEN[name], kernel, **given), "units", torch.randn(4, 3, 9, 11))
    (mixing,) = ablation.steps.linear
    assert isinstance(mixing.tail, Tail)
    assert mixing.step.of_points == (shape == "points")


@pytest.mark.parametrize("shape", ["strides", "groups"])
def test_every_kind_of_convolution(shape):
    kernel, given = SHAPES[shape]
    network, inputs = head(TAKEN["norm"], kernel, **given), torch.randn(4, 3, 9, 11)
    _, ablation = assert_exact(network, "units", inputs, block_bytes=1)
    assert ablation.steps.linear[0].tail is not None


@pytest.mark.parametrize("name", LEFT)
def test_what_is_anything_else_runs_step_by_step(name):
    _, ablation = assert_exact(head(LEFT[name]), "units", torch.randn(4, 3, 9, 11))
    assert ablation.steps.linear[0].tail is None


@pytest.mark.parametrize("shape", ["points", "cells"])
def test_the_loop_is_what_tensors_say(shape):
    kernel, given = SHAPES[shape]
    network, inputs = head(TAKEN["relu6"], kernel, **given), torch.randn(5, 3, 9, 11)
    replay = cut(network, "units", inputs)
    ablation, changed = Ablation(replay), torch.rand(8, 5) < 0.7
    with torch.no_grad():
        values = ablation._values(replay.front(inputs), 0.0)
        (mixing,), (base,) = ablation.steps.linear, values.mixed
        given = values.differences[0], slice(0, 8), changed
        found, again = (mixing.tail.means(each, *given) for each in (base, base.double()))
    assert torch.allclose(found[changed].double(), again[changed], atol=2e-6, rtol=0)


def test_neither_blocks_nor_threads_change_an_answer():
    network, inputs = head(TAKEN["norm"]), torch.randn(6, 3, 9, 11)
    replay = cut(network, "units", inputs)
    carried, found = replay.front(inputs), []
    for block_bytes in (1, 4096, 2**20):
        ablation = Ablation(replay, block_bytes=block_bytes)
        found.append(torch.cat([answer for _, answer in ablation.single_units(carried)]))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
    with torch.no_grad():
        values = ablation._values(carried, 0.0)
    (mixing,), threads, means = ablation.steps.linear, torch.get_num_threads(), []
    given = (
        values.mixed[0],
        values.differences[0],
        slice(0, 8),
        torch.ones(8, 6, dtype=torch.bool),
    )
    try:
        for count in (1, 2, 5):
            torch.set_num_threads(count)
            with torch.no_grad():
                means.append(mixing.tail.means(*given))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(means[0], means[1])
    assert torch.equal(means[0], means[2])


def test_sets_are_found_from_the_nearer_side():
    network, inputs = head(TAKEN["relu"]), torch.randn(3, 3, 9, 11)
    replay = cut(network, "units", inputs)
    ablation, carried = Ablation(replay), replay.front(inputs)
    removed = torch.tensor([[False] * 8, [True] * 8, [True] + [False] * 7, [True] * 7 + [False]])
    asked = []
    step = ablation.steps.linear[0].step
    together = type(step).change_together

    def counting(self, difference, units):
        asked.append(len(units))
        return together(self, difference, units)

    type(step).change_together = counting
    try:
        answers = torch.cat([answer for _, answer in ablation.sets(carried, removed)])
    finally:
        type(step).change_together = together
    assert asked == [1, 1]
    assert torch.allclose(answers[0], replay.back(carried), atol=1e-6)
    gone = carried.with_activation(torch.zeros_like(carried.activation))
    assert torch.allclose(answers[1], replay.back(gone), atol=1e-6)

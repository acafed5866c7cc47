"""Tracing networks once for a module of tests: with the same weights, layer and inputs the graph is the same."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest
from torch import Tensor, nn

from unitscope.models.weights import weights_hash
from unitscope.replay.capture import capture
from unitscope.replay.graphs import Graph

CUT = importlib.import_module("unitscope.replay.cut")  # its function has the same name


@pytest.fixture(scope="module")
def traced_once() -> Iterator[None]:
    """Keep the graphs of networks that are cut again and again; each cut is still held to its network."""
    graphs: dict[tuple[object, ...], Graph] = {}

    def remembered(module: nn.Module, layer: str, example: Tensor) -> Graph:
        key = (
            type(module).__qualname__,
            repr(module),
            weights_hash(module),
            layer,
            example.shape[1:],
            example.dtype,
        )
        if key not in graphs:
            graphs[key] = capture(module, layer, example)
        return graphs[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CUT, "capture", remembered)
        yield

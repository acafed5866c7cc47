"""What several tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from unitscope.experiments.skeleton import small_pieces

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real photographs, real networks and golden values, next to the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real data and golden values in {SHARED}, which is absent")
    return SHARED


@pytest.fixture
def pieces_of() -> Iterator[Callable[[int], None]]:
    """Cut work into pieces of at most so many pictures until the test ends."""
    with ExitStack() as stack:
        yield lambda most: stack.enter_context(small_pieces(most))

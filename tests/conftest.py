"""What several tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real photographs, real networks and golden values, next to the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real data and golden values in {SHARED}, which is absent")
    return SHARED

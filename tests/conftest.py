"""What several tests share."""

from __future__ import annotations

import ctypes
import gc
import math
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import hypothesis
import pytest
import vl_convert

gc.disable()  # until everything is collected: what is imported stays
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
with suppress(AttributeError, OSError, TypeError):  # where there is no glibc
    # What a test frees is kept for the next one: new pages take a twentieth of all time on virtual machines.
    _mallopt = ctypes.CDLL(None).mallopt
    _mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    _mallopt(M_MMAP_THRESHOLD, 32 << 20)

WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
# Before torch is imported: threads of several workers on the same cores wait for each other, busily.
if WORKERS > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // WORKERS)))

import torch  # noqa: E402, F401
from traced import traced_once  # noqa: E402

from unitscope import progress  # noqa: E402
from unitscope.experiments.pieces import small_pieces  # noqa: E402

__all__ = ["traced_once"]

hypothesis.settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")  # how fast a machine is says nothing of what is tested

LONGEST = (
    "scale",
    "pages",
    "report_accessible",
    "store",
    "notebooks",
    "resume",
    "report_browser",
    "scale_cluster",
    "world_generator",
    "published",
    "wheel",
    "report_importance_browser",
    "importance",
    "paint_page",
    "demonstration",
    "segmenting",
    "networks",
)
"""Files that take long, which workers begin with; the others follow by name."""
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first, so that no worker is left with one at the end."""
    rank = {f"test_{name}.py": at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


def pytest_collection_finish() -> None:
    """Look for garbage from here on, seldom, and only among what tests leave."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real photographs, real networks and golden values, next to the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real data and golden values in {SHARED}, which is absent")
    return SHARED


@pytest.fixture(scope="session", autouse=True)
def fonts_of_charts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let charts be drawn in the fonts that their library brings: those of the system it opens for every letter."""
    settings = tmp_path_factory.mktemp("fonts") / "fonts.conf"
    settings.write_text(f"<fontconfig><dir>{settings.parent}</dir></fontconfig>", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FONTCONFIG_FILE", str(settings))
        vl_convert.svg_to_png('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')  # finds fonts


@pytest.fixture(autouse=True)
def no_lines_of_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing take so long that lines of progress are printed, however slow the machine is."""
    monkeypatch.setattr(progress, "LONG", math.inf)
    monkeypatch.setattr(progress, "LINE_EVERY", math.inf)


@pytest.fixture
def lines_of_progress(no_lines_of_progress: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lines of progress be printed as they are for a person."""
    monkeypatch.setattr(progress, "LONG", 10.0)
    monkeypatch.setattr(progress, "LINE_EVERY", 30.0)


@pytest.fixture
def pieces_of() -> Iterator[Callable[[int], None]]:
    """Cut work into pieces of at most so many pictures until the test ends."""
    with ExitStack() as stack:
        yield lambda most: stack.enter_context(small_pieces(most))

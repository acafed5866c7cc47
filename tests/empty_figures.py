"""Files of figures that are empty, for tests of the pages beside them: drawing them takes most of a report's time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from unitscope.cache import Recent
from unitscope.report.charts import files


@pytest.fixture(scope="module", autouse=True)
def empty_figures() -> Iterator[None]:
    """Let every figure of a file of tests be specified and named as it is, but not drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "_drawn", lambda spec: (b"<svg/>", b"PNG", b"PDF"))
        patch.setattr(
            files, "_kept", Recent[bytes, files.Files](files.KEPT_BYTES, len)
        )  # not for other files
        yield

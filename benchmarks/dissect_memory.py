"""Whether peak memory stays flat: a dissection of 500 and of 2,000 pictures, each in a process of its own.

    python benchmarks/dissect_memory.py [--few 500] [--many 2000]

The pictures are scenes of the embedded world, drawn while the network runs, so that nothing but the dissection grows.
The ratio is peak memory with many pictures over peak memory with few.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import memory

import unitscope


def dissect(pictures: int) -> None:
    """Dissect so many scenes."""
    with tempfile.TemporaryDirectory() as folder:
        unitscope.dissect("world-vgg", f"world:{pictures}", out=Path(folder) / "run", show=False)


if __name__ == "__main__":
    memory.main("dissect_memory", __doc__, dissect)

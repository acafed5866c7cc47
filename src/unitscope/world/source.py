"""The world as an indexable source of pictures, label maps and scene classes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unitscope.cache import Recent
from unitscope.concepts.vocabulary import Vocabulary
from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.sources.base import PictureSource
from unitscope.world.names import GENERATOR_VERSION, VOCABULARY
from unitscope.world.scene import SCENE_CLASSES, Scene, check_scene, render_scene, scene_of

SPLITS = {"train": 0, "val": 1, "test": 2}
"""The splits; each has a range of seeds of its own."""

SPLIT_SIZE = 100_000_000
"""The number of seeds in a split."""

KEPT_BYTES = 64 << 20
"""Of scenes that were rendered last, which controls and further questions look at again."""
_kept = Recent[tuple[int, str, int], Scene](
    KEPT_BYTES, lambda scene: scene.picture.nbytes + scene.labels.nbytes
)
_lock = threading.Lock()


class WorldPictures:
    """Pictures 0..count-1 of a split, rendered when they are read; safe to share between threads."""

    def __init__(
        self, count: int, *, split: str = "val", size: int = 112, scenes: Sequence[str] = ()
    ) -> None:
        """Describe the source; nothing is rendered yet.

        Args:
            count: the number of pictures.
            split: train, val or test.
            size: side of a picture in pixels.
            scenes: the scene classes to draw; all when empty.

        Raises:
            UnitscopeError: the split or a scene class is unknown, or the count out of range.
        """
        if split not in SPLITS:
            hint = did_you_mean(split, SPLITS)
            raise UnitscopeError(f"split {split!r} not found;{hint or ' use train, val or test'}")
        if not 0 < count <= SPLIT_SIZE:
            raise UnitscopeError(f"count {count} is out of range; give 1 to {SPLIT_SIZE} pictures")
        for scene in scenes:
            check_scene(scene)
        self.count, self.split, self.size = count, split, size
        self.scenes = tuple(dict.fromkeys(scenes)) or SCENE_CLASSES
        self.vocabulary: Vocabulary = VOCABULARY
        self.class_names = SCENE_CLASSES
        self._ids: tuple[str, ...] | None = None
        self._targets: NDArray[np.int64] | None = None

    @property
    def name(self) -> str:
        """What to call the pictures in titles, such as ``world (val)``."""
        return f"world ({self.split})"

    def __len__(self) -> int:
        return self.count

    def __repr__(self) -> str:
        few = "" if self.scenes == SCENE_CLASSES else f", scenes={self.scenes!r}"
        return f"WorldPictures({self.count}, split={self.split!r}, size={self.size}{few})"

    @property
    def sample_ids(self) -> tuple[str, ...]:
        """A stable name for every picture, such as ``val/000123-bedroom``."""
        if self._ids is None:
            names = map(self.scene_class, range(self.count))
            self._ids = tuple(f"{self.split}/{i:06d}-{name}" for i, name in enumerate(names))
        return self._ids

    @property
    def content_hash(self) -> str:
        """SHA-256 that changes when any picture or label would."""
        few = "" if self.scenes == SCENE_CLASSES else " ".join(("", *self.scenes))
        text = (
            f"world v{GENERATOR_VERSION} {self.split} {self.count} {self.size}{few} {VOCABULARY.content_hash}"
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def seed(self, index: int) -> int:
        """Return the seed of picture `index`."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        return SPLITS[self.split] * SPLIT_SIZE + index

    def scene_class(self, index: int) -> str:
        """Return the scene class of picture `index`."""
        return scene_of(self.seed(index), self.scenes)

    def scene(self, index: int) -> Scene:
        """Return picture `index` with its labels, not to be written to: those read last are kept for all."""
        key = self.seed(index), self.scene_class(index), self.size
        with _lock:
            kept = _kept.get(key)
        if kept is not None:
            return kept
        scene = render_scene(key[0], scene=key[1], size=self.size)
        for array in (scene.picture, scene.labels):
            array.flags.writeable = False
        with _lock:
            return _kept.keep(key, scene)

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return picture `index`, RGB uint8 `(H, W, 3)`."""
        return self.scene(index).picture.copy()

    def labels(self, index: int) -> NDArray[np.int32]:
        """Return the label maps of picture `index`, int32 `(4, H, W)` in the order of PLANES."""
        return self.scene(index).labels.copy()

    def retextured(self, seed: int) -> PictureSource:
        """Return the same scenes with the materials of their objects exchanged, drawn from a seed."""
        from unitscope.world.retexture import RetexturedPictures

        return RetexturedPictures(self, seed)

    def target(self, index: int) -> int:
        """Return the position in SCENE_CLASSES of the class of picture `index`."""
        return SCENE_CLASSES.index(self.scene_class(index))

    @property
    def targets(self) -> NDArray[np.int64]:
        """The position in SCENE_CLASSES of the class of every picture, `(N,)`."""
        if self._targets is None:
            self._targets = np.array([self.target(i) for i in range(self.count)], np.int64)
        return self._targets

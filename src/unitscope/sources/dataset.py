"""Pictures of anything with a length and numbered items: a ``torch`` or Hugging Face data set, a list of pictures."""

from __future__ import annotations

import hashlib
import io
import operator
import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol, SupportsIndex, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unitscope.errors import UnitscopeError, one_line
from unitscope.sources.base import PictureSource, UnreadablePicture
from unitscope.sources.decode import decode_picture, image_to_rgb

PICTURE_KEYS = ("image", "img", "picture", "pixel_values")
TARGET_KEYS = ("label", "labels", "target", "fine_label")
"""Where an item that is a dictionary has its picture and its class; the first that is there counts."""
CHANNELS = (1, 3, 4)


class Indexed(Protocol):
    """What has a length and numbered items."""

    def __len__(self) -> int:
        """Return the number of items."""
        ...

    def __getitem__(self, index: int, /) -> object:
        """Return one item."""
        ...


class DatasetPictures:
    """The pictures of a data set, in its order.

    An item is a picture, a pair (or longer tuple) that begins with one, or a dictionary with one under a name of
    `PICTURE_KEYS`. A picture is a PIL image, an array or tensor of uint8, ``(H, W)``, ``(H, W, C)`` or
    ``(C, H, W)`` with C of 1, 3 or 4, a path, or the bytes of a file. Items are read one at a time: a data set need
    not stand several threads. It can be pickled if the data set can.

    Args:
        items: the data set; reading an item twice must give the same picture.
        name: what to call it in titles and messages.

    Attributes:
        sample_ids: paths below its root where the data set knows them (as ``ImageFolder`` does), or the paths it is
            a list of; otherwise numbers such as ``000012``.

    Raises:
        UnitscopeError: it is empty, or its first item is no picture or another one each time.
    """

    def __init__(self, items: Indexed, *, name: str = "") -> None:
        if not len(items):
            raise UnitscopeError("the data set of pictures is empty; give one with items")
        self.items, self.name = items, name or type(items).__name__
        self.sample_ids = _ids(items)
        self._lock = threading.Lock()
        self._check_first()

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return the number of pictures, unreadable ones included."""
        return len(self.sample_ids)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {len(self)} pictures)"

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of all decoded pictures with their shapes and ids, as hexadecimal digits.

        Every picture is read for it once, which takes as long as decoding the whole data set does; classes are not
        part of it.
        """
        digest = hashlib.sha256()
        for index, sample_id in enumerate(self.sample_ids):
            try:
                picture = self.read(index)
            except UnreadablePicture as error:
                digest.update(f"{sample_id}\t{error.reason}\n".encode(errors="surrogateescape"))
                continue
            digest.update(f"{sample_id}\t{picture.shape}\n".encode(errors="surrogateescape"))
            digest.update(picture.tobytes())
        return digest.hexdigest()

    def read(self, index: int) -> NDArray[np.uint8]:
        """Return one picture, RGB, (H, W, 3) uint8.

        Raises:
            UnreadablePicture: the item cannot be read, or holds no picture.
        """
        try:
            return picture_to_rgb(_picture_of(self._item(index)))
        except Exception as error:  # a data set raises whatever it stumbles on
            reason = str(error) if isinstance(error, ValueError) and str(error) else one_line(error)
            raise UnreadablePicture(self.sample_ids[index], reason) from error

    def _item(self, index: int) -> object:
        with self._lock:
            return self.items[index]

    def _check_first(self) -> None:
        try:
            first, again = (picture_to_rgb(_picture_of(self._item(0))) for _ in range(2))
        except NoPicture as error:
            raise UnitscopeError(
                f"the items of {self.name!r} are no pictures: {error}; give PIL images, arrays or tensors of uint8, "
                "or paths, without transforms that make numbers of them"
            ) from error
        except Exception:  # one broken picture, which is left out when its turn comes
            return
        if not np.array_equal(first, again):
            raise UnitscopeError(
                f"the first picture of {self.name!r} is another one each time it is read; give the data set "
                "without random transforms"
            )


class ClassedDataset(DatasetPictures):
    """The pictures of a data set whose items belong to named classes.

    Args:
        items: see `DatasetPictures`; an item is a pair of picture and number of its class, or has that number under a
            name of `TARGET_KEYS`.
        classes: their names, in order.
        name: what to call it.
    """

    def __init__(self, items: Indexed, classes: Sequence[str], *, name: str = "") -> None:
        super().__init__(items, name=name)
        self.class_names = tuple(classes)

    @cached_property
    def targets(self) -> NDArray[np.int64]:
        """The place in `class_names` of the class of every picture, (N,).

        Every item is read for it once, unless the data set has a list or column of them as those of torchvision and
        Hugging Face do.

        Raises:
            UnitscopeError: an item cannot be read, or has no number of a class.
        """
        known = _known_targets(self.items)
        if known is None:
            known = [self._target(index) for index in range(len(self))]
        targets = np.asarray(known, np.int64)
        wrong = np.flatnonzero((targets < 0) | (targets >= len(self.class_names)))
        if len(wrong):
            raise UnitscopeError(
                f"picture {self.sample_ids[wrong[0]]!r} of {self.name!r} has class {targets[wrong[0]]}; its "
                f"classes are 0 to {len(self.class_names) - 1}"
            )
        return targets

    def _target(self, index: int) -> int:
        try:
            return _target_of(self._item(index))
        except Exception as error:
            raise UnitscopeError(
                f"the class of picture {self.sample_ids[index]!r} of {self.name!r} cannot be read: {one_line(error)}; "
                "leave the picture out"
            ) from error


def dataset_pictures(items: Indexed, *, name: str = "", classes: Sequence[str] = ()) -> DatasetPictures:
    """Return the pictures of a data set, with their classes if their names are known.

    Args:
        items: see `DatasetPictures`.
        name: what to call it; the name of its type by default.
        classes: names of the classes; by default those that the data set, or what it is a subset of, states as
            ``classes`` (torchvision) or in the features of its column of labels (Hugging Face).

    Raises:
        UnitscopeError: see `DatasetPictures`.
    """
    names = tuple(classes) or _class_names(items)
    return ClassedDataset(items, names, name=name) if names else DatasetPictures(items, name=name)


def as_source(given: PictureSource | Indexed) -> PictureSource:
    """Return a source as it is, and anything else with numbered items as the pictures of a data set.

    Raises:
        UnitscopeError: it is neither.
    """
    if isinstance(given, PictureSource):
        return given
    if hasattr(given, "__len__") and hasattr(given, "__getitem__"):
        return dataset_pictures(given)
    raise UnitscopeError(
        f"a {type(given).__name__} holds no pictures; give a folder, or a data set with a length and numbered items"
    )


class NoPicture(ValueError):
    """What stands in the place of a picture is none, whatever it holds."""


def picture_to_rgb(value: object) -> NDArray[np.uint8]:
    """Return a picture of any kind as RGB, (H, W, 3) uint8; see `DatasetPictures`.

    Raises:
        NoPicture: it is of no such kind.
        ValueError: it is damaged.
    """
    if isinstance(value, str | Path):
        return decode_picture(Path(value))
    if isinstance(value, Mapping):  # a column of pictures that are not decoded
        value = value.get("bytes") or value.get("path")
        return picture_to_rgb(value)
    if isinstance(value, bytes):
        value = Image.open(io.BytesIO(value))
    if isinstance(value, Image.Image):
        return image_to_rgb(value)
    if detach := getattr(value, "detach", None):
        return _array_to_rgb(detach().cpu().numpy(), channels_first=True)
    if isinstance(value, np.ndarray):
        return _array_to_rgb(value, channels_first=False)
    raise NoPicture(f"there is an object of type {type(value).__name__}")


def _array_to_rgb(values: NDArray[np.generic], *, channels_first: bool) -> NDArray[np.uint8]:
    """Return an array as RGB; where first and last axis could both be channels, `channels_first` decides."""
    if values.dtype != np.uint8:
        raise NoPicture(f"there are numbers of type {values.dtype}, whose black and white nobody states")
    first, last = (values.ndim == 3 and values.shape[axis] in CHANNELS for axis in (0, -1))
    if not (values.ndim == 2 or first or last):
        raise NoPicture(f"there is an array of shape {values.shape}")
    if values.ndim == 3:
        values = np.moveaxis(values, 0, -1) if first and (channels_first or not last) else values
        values = values[..., 0] if values.shape[-1] == 1 else values
    return image_to_rgb(Image.fromarray(np.ascontiguousarray(values)))


def _picture_of(item: object) -> object:
    if isinstance(item, Mapping):
        key = next((key for key in PICTURE_KEYS if key in item), None)
        if key is None:
            raise NoPicture(
                f"there is a dictionary of {', '.join(map(str, item))}, without {PICTURE_KEYS[0]!r}"
            )
        return item[key]
    return item[0] if isinstance(item, tuple | list) and item else item


def _target_of(item: object) -> int:
    if isinstance(item, Mapping):
        item = None, next((item[key] for key in TARGET_KEYS if key in item), None)
    target = item[1] if isinstance(item, tuple | list) and len(item) > 1 else None
    if isinstance(target, SupportsIndex):
        return operator.index(target)
    raise TypeError(f"a {type(target).__name__} stands for it")


def _known_targets(items: Indexed) -> Sequence[int] | None:
    """Return the classes of all items where the data set has them without its pictures."""
    features: object = getattr(items, "features", None)
    if isinstance(features, Mapping):
        column = next(key for key in TARGET_KEYS if key in features)
        return list(cast(Mapping[str, Sequence[int]], items)[column])
    if getattr(items, "target_transform", None) is not None:
        return None
    targets: Sequence[int] | None = getattr(items, "targets", None)
    return targets


def _class_names(items: object) -> tuple[str, ...]:
    features = getattr(items, "features", None)
    if isinstance(features, Mapping):
        column = next((features[key] for key in TARGET_KEYS if key in features), None)
        return tuple(getattr(column, "names", None) or ())
    classes = getattr(items, "classes", None)
    if isinstance(classes, list | tuple):  # ImageNet's are tuples of synonyms
        return tuple(each if isinstance(each, str) else ", ".join(each) for each in classes)
    inner = getattr(items, "dataset", None)
    return () if inner is None else _class_names(inner)


def _ids(items: Indexed) -> tuple[str, ...]:
    """Return the paths of pictures where they are known and differ, otherwise numbers."""
    listed, root = getattr(items, "samples", None), getattr(items, "root", None)
    if isinstance(items, list | tuple):
        listed, root = items, None
    paths = [each[0] if isinstance(each, tuple) and each else each for each in listed or ()]
    if len(paths) == len(items) and all(isinstance(path, str | Path) for path in paths):
        ids = [_below(Path(path), root) for path in paths]
        if len(set(ids)) == len(ids):
            return tuple(ids)
    return tuple(f"{index:06d}" for index in range(len(items)))


def _below(path: Path, root: object) -> str:
    if isinstance(root, str | Path) and path.is_relative_to(root):
        return path.relative_to(root).as_posix()
    return path.as_posix()

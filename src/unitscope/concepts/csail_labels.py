"""The ``labels.json`` of a CSAIL-format segmenter: what its channels stand for and what input it wants."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unitscope.concepts.vocabulary import Concept, Vocabulary
from unitscope.errors import UnitscopeError

NOTHING_NAMES = ("-", "")
SIZES = (256,)
"""Used where the file does not say."""
LARGEST_UNIT_MEAN = 1.0
"""A mean colour up to here is in units of 0..1, else of 0..255."""


@dataclass(frozen=True)
class CsailLabels:
    """What the channels of the network stand for.

    Attributes:
        groups: for each category with a softmax of its own, its channels.
        concepts: for every channel its concept; None for channels that stand for nothing or are internal.
        blue_first: whether the network wants its colour channels in the order blue, green, red.
        mean: subtracted from each channel, in the network's order.
        stdev: what each channel is divided by afterwards.
        sizes: sides of the squares that pictures are resized to in turn.
    """

    groups: dict[str, tuple[int, ...]]
    concepts: tuple[Concept | None, ...]
    blue_first: bool
    mean: tuple[float, float, float]
    stdev: tuple[float, float, float]
    sizes: tuple[int, ...]

    @property
    def highest(self) -> float:
        """What the pixel value 255 becomes before the mean is subtracted: 1 or 255."""
        return 1.0 if max(self.mean) <= LARGEST_UNIT_MEAN else 255.0

    def vocabulary(self) -> Vocabulary:
        """Return the concepts in the order of their first channels."""
        return Vocabulary(list(dict.fromkeys(concept for concept in self.concepts if concept is not None)))


def read_csail_labels(path: Path) -> CsailLabels:
    """Read a ``labels.json``.

    It holds ``labels``, a list of objects with name, category and maybe ``internal`` (a channel that is
    computed but not reported); ``categories``, a list of objects with name and maybe type, which must be
    "softmax"; ``imageformat`` with byteorder ("RGB" or "BGR"), mean and stdev; and maybe ``segsizes``. A
    label called "-" stands for nothing.

    Raises:
        UnitscopeError: the file cannot be read, lacks something, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UnitscopeError(
            f"label file {str(path)!r} does not exist; it belongs beside the weights"
        ) from error
    except (OSError, ValueError) as error:
        raise UnitscopeError(f"label file {str(path)!r} cannot be read as JSON: {error}") from error
    wanted = ("labels", "categories", "imageformat")
    missing = [key for key in wanted if not isinstance(content, dict) or key not in content]
    if missing:
        raise UnitscopeError(
            f"label file {str(path)!r} lacks {' and '.join(map(repr, missing))}; "
            "a CSAIL-format segmenter has labels, categories and imageformat there"
        )
    try:
        return _labels(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise UnitscopeError(f"label file {str(path)!r} cannot be used: {problem}") from error


def _labels(content: dict[str, Any]) -> CsailLabels:
    labels = content["labels"]
    names = [_category(category) for category in content["categories"]]
    strange = [label["category"] for label in labels if label["category"] not in names]
    if strange:
        raise ValueError(f"a label is of category {strange[0]!r}, and the categories are {', '.join(names)}")
    groups = {name: tuple(i for i, label in enumerate(labels) if label["category"] == name) for name in names}
    form = content["imageformat"]
    order = str(form.get("byteorder", "RGB")).upper()
    if order not in ("RGB", "BGR"):
        raise ValueError(f"imageformat has the byteorder {order!r}; it must be RGB or BGR")
    return CsailLabels(
        {name: channels for name, channels in groups.items() if channels},
        tuple(map(_concept, labels)),
        order == "BGR",
        _three(form["mean"], "mean"),
        _three(form["stdev"], "stdev"),
        tuple(int(size) for size in content.get("segsizes", SIZES)) or SIZES,
    )


def _category(category: str | Mapping[str, object]) -> str:
    if isinstance(category, str):
        return category
    kind = category.get("type", "softmax")
    if kind != "softmax":
        raise ValueError(f"category {category['name']!r} is of type {kind!r}; only softmax is known")
    return str(category["name"])


def _concept(label: Mapping[str, object]) -> Concept | None:
    nothing = label["name"] in NOTHING_NAMES or label.get("internal")
    return None if nothing else Concept(str(label["name"]), str(label["category"]))


def _three(values: Iterable[float], name: str) -> tuple[float, float, float]:
    numbers = [float(value) for value in values]
    if len(numbers) != 3 or (name == "stdev" and 0 in numbers):
        raise ValueError(f"imageformat has the {name} {values!r}; it must be three numbers")
    return numbers[0], numbers[1], numbers[2]

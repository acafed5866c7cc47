"""How the numbers in masks are meant, and what the masks of pictures are called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from unitscope.concepts.labelfile import LARGEST
from unitscope.concepts.labelrows import TRAIN_HEADERS
from unitscope.errors import UnitscopeError

NO_SUFFIX = ("",)
"""Masks are called as their pictures, with or without the extension of these."""


@dataclass(frozen=True)
class MaskRules:
    """How masks are read.

    Attributes:
        ignore: numbers of pixels that count nowhere, neither for a concept nor against it.
        zero_is_a_class: whether number 0 is a class; otherwise it means "nothing".
        suffix: what the masks' names have after the pictures' (``_mask``: x.jpg, x_mask.png), or an ending of the
            pictures' and the one that takes its place (``_leftImg8bit=_gtFine_labelIds``); several, the first that
            fits the files counts.
        implied: those of `ignore` that a preset brings and nobody asked for.
        columns: titles of the column of a label file that holds the numbers, where it has several.
    """

    ignore: tuple[int, ...] = ()
    zero_is_a_class: bool = False
    suffix: tuple[str, ...] = NO_SUFFIX
    implied: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()

    def stems(self, picture: str) -> Iterator[str]:
        """Return the names without extension that the mask of a picture may have, the likeliest first."""
        stem = str(PurePosixPath(picture).with_suffix(""))
        for suffix in self.suffix:
            old, replaces, new = suffix.rpartition("=")
            if not replaces:
                yield stem + suffix
            elif stem.endswith(old):
                yield stem.removesuffix(old) + new
        if self.suffix == NO_SUFFIX:
            yield picture


PRESETS: dict[str, MaskRules] = {
    "ade20k": MaskRules(),
    "voc": MaskRules(ignore=(255,)),
    "cityscapes": MaskRules(
        ignore=(255,),
        suffix=("_leftImg8bit=_gtFine_labelIds", "_leftImg8bit=_gtCoarse_labelIds"),
        columns=("id",),
    ),
    "cityscapes-trainids": MaskRules(
        ignore=(255,),
        zero_is_a_class=True,
        suffix=("_leftImg8bit=_gtFine_labelTrainIds", "_leftImg8bit=_gtCoarse_labelTrainIds"),
        columns=TRAIN_HEADERS,
    ),
    "coco": MaskRules(ignore=(255,), zero_is_a_class=True),
}
"""What the masks of well-known data sets need: SceneParse150, VOC2012, Cityscapes and COCO-Stuff's pixel maps."""


def mask_rules(
    preset: str | None = None,
    *,
    ignore: Iterable[int | str] = (),
    zero_is_a_class: bool = False,
    suffix: str | None = None,
) -> MaskRules:
    """Return the rules of a well-known data set, with what is said beside it.

    Args:
        preset: a name of PRESETS.
        ignore: more numbers, each a number or a range such as ``"200-254"``.
        zero_is_a_class: see `MaskRules`.
        suffix: see `MaskRules`.

    Raises:
        UnitscopeError: the preset or a number is none.
    """
    if preset is not None and preset not in PRESETS:
        raise UnitscopeError(f"--labels-preset is {preset!r}; give {', '.join(PRESETS)}")
    rules = PRESETS[preset] if preset else MaskRules()
    asked = {number for each in ignore for number in _numbers(each)}
    rules = replace(
        rules,
        ignore=tuple(sorted({*rules.ignore, *asked})),
        implied=tuple(number for number in rules.ignore if number not in asked),
    )
    rules = replace(rules, zero_is_a_class=rules.zero_is_a_class or zero_is_a_class)
    return rules if suffix is None else replace(rules, suffix=(suffix,))


def _numbers(given: int | str) -> Collection[int]:
    first, _, last = str(given).strip().partition("-")
    if first.isdigit() and (last or first).isdigit():
        low, high = int(first), int(last or first)
        if low <= high <= LARGEST:
            return range(low, high + 1)
    raise UnitscopeError(
        f"--ignore is {given!r}; give a number in masks, 0 to {LARGEST}, or two and a dash between them, as 200-254"
    )

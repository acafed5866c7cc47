"""What the model libraries say about the input of their networks, as our preprocessing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from unitscope.models.hub import Foreign
from unitscope.models.preprocessing import Preprocessing

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
INTERPOLATIONS: dict[str, Interpolation] = {
    "nearest": "nearest",
    "bilinear": "bilinear",
    "bicubic": "bicubic",
    "lanczos": "lanczos",
}
PILLOW: dict[int, Interpolation] = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}
"""Pillow's numbers, which transformers writes."""
LARGE = 384
"""From this size on, ConvNeXt's image processor stretches the whole picture instead of cropping it."""
PLAIN_MEAN, PLAIN_SCALE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


def from_torchvision(transforms: Foreign, side: int = 224) -> Preprocessing:
    """Return the preprocessing of the transforms that come with a torchvision weights entry.

    Args:
        transforms: of a classifier, a segmentation network or a detection network; the latter normalises itself.
        side: what the shorter side of a picture becomes where they do not say it.
    """
    if not hasattr(transforms, "crop_size"):
        return _whole_picture(transforms, side)
    crop, resize = int(transforms.crop_size[0]), int(transforms.resize_size[0])
    name = str(getattr(transforms.interpolation, "value", transforms.interpolation))
    return Preprocessing(
        size=(crop, crop),
        mean=tuple(map(float, transforms.mean)),
        scale=tuple(map(float, transforms.std)),
        framing="crop",
        share=min(crop / resize, 1.0),
        interpolation=INTERPOLATIONS.get(name, "bilinear"),
    )


def _whole_picture(transforms: Foreign, side: int) -> Preprocessing:
    resize = getattr(transforms, "resize_size", None) or [side]
    side = int(resize[0] if isinstance(resize, list | tuple) else resize)
    mean, scale = getattr(transforms, "mean", PLAIN_MEAN), getattr(transforms, "std", PLAIN_SCALE)
    return Preprocessing(
        size=(side, side),
        mean=tuple(map(float, mean)),
        scale=tuple(map(float, scale)),
        framing="crop",
    )


def from_timm(config: Mapping[str, Foreign], channels: int = 3) -> Preprocessing:
    """Return the preprocessing of timm's data configuration; its "border" framing pads, and is read as "squash"."""
    _, height, width = config["input_size"]
    centre = config.get("crop_mode", "center") == "center"
    return Preprocessing(
        size=(int(height), int(width)),
        channels="gray" if channels == 1 else "rgb",
        mean=tuple(map(float, config["mean"])),
        scale=tuple(map(float, config["std"])),
        framing="crop" if centre else "squash",
        share=min(float(config.get("crop_pct") or 1.0), 1.0) if centre else 1.0,
        interpolation=INTERPOLATIONS.get(str(config.get("interpolation")), "bilinear"),
    )


def from_transformers(
    settings: Mapping[str, Foreign],
    *,
    default: tuple[int, int] = (224, 224),
    multiple: int = 1,
    channels: int = 3,
) -> Preprocessing:
    """Return the preprocessing of a transformers image processor.

    Args:
        settings: the processor's settings, as ``to_dict`` gives them.
        default: the input size where the processor has none.
        multiple: what the sides of a size that follows the picture's shape are rounded up to.
        channels: of the network's input, 1 or 3.
    """
    size, framing, share = _geometry(settings, default, multiple)
    factor = float(settings.get("rescale_factor") or 1 / 255) if settings.get("do_rescale", True) else 1.0
    low = -1.0 if settings.get("rescale_offset") else 0.0
    normalised = bool(settings.get("do_normalize"))
    flipped = bool(settings.get("do_flip_channel_order"))
    mean, scale = (_per_channel(settings[key]) if normalised else plain
                   for key, plain in (("image_mean", PLAIN_MEAN), ("image_std", PLAIN_SCALE)))  # fmt: skip
    if normalised and settings.get("include_top"):
        scale = tuple(each * each for each in scale)  # EfficientNet's processor divides twice
    return Preprocessing(
        size=size,
        channels="gray" if channels == 1 else "bgr" if flipped else "rgb",
        range=(low, low + 255 * factor),
        mean=mean,
        scale=scale,
        framing=framing,
        share=share,
        interpolation=PILLOW.get(int(settings.get("resample", 2)), "bilinear"),
    )


def _geometry(
    settings: Mapping[str, Foreign], default: tuple[int, int], multiple: int
) -> tuple[tuple[int, int], Literal["squash", "crop"], float]:
    """Return input size, framing and the share of the picture that is seen."""
    resized = _sides(settings.get("size") if settings.get("do_resize", True) else None)
    cropped = _sides(settings.get("crop_size")) if settings.get("do_center_crop") else None
    fraction = float(settings.get("crop_pct") or 1.0)
    shortest = _shortest(settings.get("size"))
    if "Levit" in str(settings.get("image_processor_type")) and shortest:
        shortest = 256 * shortest // 224  # its processor resizes to this and names the size after the crop
    if cropped:
        before = resized or ((shortest, shortest) if shortest else cropped)
        share = min(cropped[0] / before[0], 1.0) * (fraction if cropped[0] >= before[0] else 1.0)
        return cropped, "squash" if resized else "crop", share
    if resized:
        return resized, "squash", 1.0
    if shortest:
        shortest = -(-shortest // multiple) * multiple
        whole = "crop_pct" in settings and shortest >= LARGE
        return (shortest, shortest), "squash" if whole else "crop", 1.0 if whole else fraction
    return default, "squash", 1.0


def _sides(size: object) -> tuple[int, int] | None:
    if isinstance(size, int):
        return size, size
    if isinstance(size, Mapping) and size.get("height") and size.get("width"):
        return int(size["height"]), int(size["width"])
    return None


def _shortest(size: object) -> int | None:
    return int(size["shortest_edge"]) if isinstance(size, Mapping) and size.get("shortest_edge") else None


def _per_channel(values: float | Sequence[float]) -> tuple[float, ...]:
    numbers = [values] * 3 if isinstance(values, int | float) else list(values)
    return tuple(float(number) for number in numbers)

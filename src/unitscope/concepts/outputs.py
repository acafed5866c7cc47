"""What a segmenter returns, as label maps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from unitscope.concepts.segmenter import Segmenter
from unitscope.concepts.vocabulary import IGNORED, UNNAMED
from unitscope.errors import UnitscopeError

OUTPUT_KEYS = ("out", "logits")


def labels_from_output(output: object, segmenter: Segmenter, *, batch: int, grid: tuple[int, int]) -> Tensor:
    """Return the label maps in a segmenter's output, (n, P, rows, columns) int32.

    Scores (n, C, h, w) are interpolated to the grid (bilinear, without aligned corners), then the largest
    wins; a grid of numbers (n, h, w) or (n, P, h, w) is read at the cells that hold the centres of the grid's
    cells. A tuple or list stands for its first entry, a mapping for its entry "out" or "logits".

    Raises:
        UnitscopeError: the output is something else, or does not fit the segmenter's vocabulary.
    """
    found = _tensor(output, segmenter.name)
    shape = tuple(found.shape)
    if found.ndim not in (3, 4) or shape[0] != batch or (found.is_floating_point() and found.ndim != 4):
        raise UnitscopeError(
            f"segmenter {segmenter.name!r} returned {found.dtype} of shape {shape} for {batch} pictures; "
            "it must return scores (n, C, h, w) or whole numbers (n, h, w) or (n, P, h, w)"
        )
    if found.is_floating_point():
        return _from_scores(found, segmenter, grid)
    return _from_numbers(found.unsqueeze(1) if found.ndim == 3 else found, segmenter, grid)


def _tensor(output: object, name: str) -> Tensor:
    if isinstance(output, Mapping):
        key = next((key for key in OUTPUT_KEYS if key in output), None)
        if key is None:
            keys = ", ".join(map(str, output))
            raise UnitscopeError(
                f"segmenter {name!r} returned a mapping of {keys}; it must have 'out' or 'logits'"
            )
        output = output[key]
    elif isinstance(output, tuple | list) and output:
        output = next((item for item in output if isinstance(item, Tensor)), output[0])
    if not isinstance(output, Tensor):
        output = getattr(output, "logits", output)
    if not isinstance(output, Tensor):
        raise UnitscopeError(
            f"segmenter {name!r} returned a {type(output).__name__}; it must return a tensor"
        )
    return output


def _from_scores(scores: Tensor, segmenter: Segmenter, grid: tuple[int, int]) -> Tensor:
    numbers = torch.from_numpy(segmenter.channel_numbers(scores.shape[1])).to(scores.device)
    if scores.isnan().any():
        raise UnitscopeError(
            f"segmenter {segmenter.name!r} returned scores that are not numbers (NaN); "
            "check its weights and preprocessing"
        )
    scores = F.interpolate(scores.float(), size=grid, mode="bilinear", align_corners=False)
    return numbers[scores.argmax(1, keepdim=True)]


def _from_numbers(values: Tensor, segmenter: Segmenter, grid: tuple[int, int]) -> Tensor:
    if values.shape[1] != segmenter.planes:
        raise UnitscopeError(
            f"segmenter {segmenter.name!r} returned {values.shape[1]} planes of labels, but says it makes "
            f"{segmenter.planes}; set its planes"
        )
    rows, columns = (
        ((torch.arange(count, device=values.device) + 0.5) * (size / count)).floor().long()
        for count, size in zip(grid, values.shape[2:], strict=True)
    )
    values = values[:, :, rows[:, None], columns].long()
    table = torch.from_numpy(segmenter.lookup).to(values.device)
    known = (values >= 0) & (values < len(table))
    labels = table[values.clamp(0, len(table) - 1)].masked_fill(~known, UNNAMED)
    if (labels == UNNAMED).any():
        raise UnitscopeError(
            f"segmenter {segmenter.name!r} returned the number {int(values[labels == UNNAMED][0])}, which its "
            "labels do not name "
            f"(the largest is {len(table) - 1}); complete the label file"
        )
    if segmenter.void:
        labels = labels.masked_fill((labels == IGNORED).any(1, keepdim=True), IGNORED)
    return labels

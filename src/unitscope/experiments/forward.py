"""One batch through a network, with errors that name its pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.samples import Batch


def run_batch(
    forward: Callable[[Tensor], None], batch: Batch, *, sample_ids: Sequence[str], device: torch.device
) -> None:
    """Run the network on the inputs of a batch.

    Raises:
        UnitscopeError: the network fails; the first and last picture of the batch are named.
    """
    try:
        forward(batch.inputs.to(device))
    except UnitscopeError:
        raise
    except Exception as error:
        first, last = (sample_ids[batch.samples[i]] for i in (0, -1))
        full = isinstance(error, torch.OutOfMemoryError)
        raise UnitscopeError(
            f"the network fails on the pictures from {first!r} to {last!r}: {one_line(error)}; "
            + ("give a smaller --batch-size" if full else "--debug shows where")
        ) from error

"""One batch through a network, with errors that name its pictures or latents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.samples import Batch


def run_batch(
    forward: Callable[[Tensor], object],
    batch: Batch,
    *,
    sample_ids: Sequence[str],
    device: torch.device,
    called: str = "pictures",
) -> object:
    """Run the network on the inputs of a batch, and return what `forward` does.

    Args:
        forward: runs the network.
        batch: its inputs.
        sample_ids: a name for every sample.
        device: where the network is.
        called: what messages call the samples.

    Raises:
        UnitscopeError: the network fails; the first and last picture of the batch are named.
    """
    with naming_pictures([sample_ids[batch.samples[i]] for i in (0, -1)], called):
        return forward(batch.inputs.to(device))


@contextmanager
def naming_pictures(ids: Sequence[str], called: str = "pictures") -> Iterator[None]:
    """Name the first and the last picture of a batch when the network fails on it.

    Raises:
        UnitscopeError: the network fails.
    """
    try:
        yield
    except UnitscopeError:
        raise
    except Exception as error:
        full = isinstance(error, torch.OutOfMemoryError)
        raise UnitscopeError(
            f"the network fails on the {called} from {ids[0]!r} to {ids[-1]!r}: {one_line(error)}; "
            + ("give a smaller --batch-size" if full else "--debug shows where")
        ) from error

"""One batch through a network, with errors that name its pictures or latents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

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
    half: Callable[[Tensor], object] | None = None,
) -> object:
    """Run the network on the inputs of a batch, and return what `forward` does.

    Where the device is out of memory, half of the batch is tried once: the message says whether that fits. The run does
    not go on with it, since networks round differently at other batch sizes, which are part of a run's configuration.

    Args:
        forward: runs the network.
        batch: its inputs.
        sample_ids: a name for every sample.
        device: where the network is.
        called: what messages call the samples.
        half: runs the network on half of a batch, where `forward` counts on all of it.

    Raises:
        UnitscopeError: the network fails; the first and last picture of the batch are named.
    """
    with naming_pictures([sample_ids[batch.samples[i]] for i in (0, -1)], called):
        inputs = batch.inputs
        # Out of the block that catches it, the error and the tensors that it holds are gone.
        with suppress(torch.OutOfMemoryError):
            return forward(onto(inputs, device))
        again = half or forward
        raise out_of_memory(lambda few: again(onto(inputs[:few], device)), len(inputs), device, called)


def onto(inputs: Tensor, device: torch.device) -> Tensor:
    """Return inputs on a device; those for a GPU go there while the CPU does something else."""
    if device.type == "cuda" and inputs.device.type == "cpu":
        return inputs.pin_memory().to(device, non_blocking=True)
    return inputs.to(device)


def out_of_memory(
    again: Callable[[int], object], count: int, device: torch.device, called: str = "pictures"
) -> UnitscopeError:
    """Return the refusal of a batch that does not fit the memory of a device; half of it is tried once.

    Args:
        again: runs the network on so many.
        count: how many did not fit.
        device: where the network is.
        called: what messages call the samples.
    """
    if count == 1:
        return UnitscopeError(f"{device} is out of memory with one of the {called} at once; run it on cpu")
    few = count // 2
    if _fits(lambda: again(few), device):
        return UnitscopeError(
            f"{device} is out of memory with {count} {called} at once, half of them fit: give --batch-size {few}, "
            "which is another configuration and so goes into another folder"
        )
    return UnitscopeError(
        f"{device} is out of memory with {count} {called} at once, and with {few}; give --batch-size "
        f"{max(few // 2, 1)} or less, which is another configuration and so goes into another folder"
    )


def _fits(work: Callable[[], object], device: torch.device) -> bool:
    """Tell whether work is done without filling the device."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    try:
        work()
    except torch.OutOfMemoryError:
        return False
    except Exception:  # what else may be wrong with fewer of them is not what was asked
        return True
    return True


@contextmanager
def enough_memory(device: torch.device) -> Iterator[None]:
    """Say what to do where a device has no room for what is kept and counted on it.

    Raises:
        UnitscopeError: it has none.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise UnitscopeError(
            f"{device} has no room for the activations of a shard: {one_line(error)}; give fewer layers, "
            "which is another configuration and so goes into another folder"
        ) from error


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

"""What a person says of processes and threads becomes what does the work."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from unitscope.errors import UnitscopeError
from unitscope.experiments.pieces import done_by
from unitscope.experiments.settings import Spread
from unitscope.stats.raster import counting_with


@contextmanager
def spread(settings: Spread) -> Iterator[None]:
    """Let the work of experiments be done meanwhile by as many processes as they were told.

    The last bits of a network depend on the number of threads that PyTorch has, so it is the same in every process, and
    part of the configuration of the run. Without any setting nothing changes, and nothing of it is recorded.

    Args:
        settings: of the experiment.

    Raises:
        UnitscopeError: Ray is not installed, or the cluster cannot be reached.
    """
    elsewhere = settings.workers is not None or settings.cluster is not None
    threads = settings.threads or (1 if elsewhere else None)
    with ExitStack() as stack:
        if threads is not None:
            stack.enter_context(running_in(threads))
        hands = None
        if elsewhere:
            _require_ray(settings)
            from unitscope.scale.pool import Pool

            hands = stack.enter_context(Pool(settings.workers, settings.cluster, threads or 1))
        stack.enter_context(done_by(hands, threads=threads))
        yield


@contextmanager
def running_in(threads: int) -> Iterator[None]:
    """Give PyTorch so many threads; the loops that only count keep theirs, as their results do not depend on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with counting_with(before):
            yield
    finally:
        torch.set_num_threads(before)


def _require_ray(settings: Spread) -> None:
    if importlib.util.find_spec("ray") is None:
        option = "--workers" if settings.workers is not None else "--cluster"
        raise UnitscopeError(
            f"{option} needs Ray, which is not installed; pip install 'unitscope[cluster]', or leave it out"
        )

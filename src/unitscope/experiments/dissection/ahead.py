"""Batches of several shards as one stream: the next shard is decoded while one is counted and written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from unitscope.experiments.dissection.plan import ReadingPlan
from unitscope.experiments.samples import Batch, Samples


class Ahead:
    """The batches of shards that are read in a known order, and those of any other shard by themselves.

    Args:
        samples: inputs and label maps.
        plan: which batches a shard has.
    """

    def __init__(self, samples: Samples, plan: ReadingPlan) -> None:
        self._samples, self._plan = samples, plan
        self._left: deque[int] = deque()
        self._stream: Iterator[Batch] = iter(())

    def expect(self, shards: Sequence[int]) -> None:
        """Say which shards will be read next, in this order."""
        self._close()
        self._left.extend(shards)
        batches = (batch for shard in shards for batch in self._plan.batches_of(shard))
        self._stream = self._samples.batches(batches)

    @contextmanager
    def batches_of(self, shard: int) -> Iterator[Iterator[Batch]]:
        """Yield a stream that begins with the batches of a shard; as many as it has are to be taken."""
        if not self._left or self._left[0] != shard:
            alone = self._samples.batches(self._plan.batches_of(shard))
            try:
                yield alone
            finally:
                _end(alone)
            return
        self._left.popleft()
        try:
            yield self._stream
        except BaseException:  # some of the shard's batches may be left
            self._close()
            raise
        if not self._left:
            self._close()

    def _close(self) -> None:
        self._left.clear()
        _end(self._stream)
        self._stream = iter(())


def _end(stream: Iterator[Batch]) -> None:
    """Let the threads of a stream go, which are those of a generator."""
    close = getattr(stream, "close", None)
    if close is not None:
        close()

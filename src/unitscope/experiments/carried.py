"""Keeps on disk what passes a cut, so that every later question about a layer starts from there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from unitscope.replay import Carried, Replay
from unitscope.run.storage import ArrayFile, Budget, bytes_of, write_arrays, writing

ENDING = ".safetensors"
HEADER = 4096
"""Bytes of a file beside its values, at most."""


class CarriedCache:
    """Outputs of a network's front, one file a batch, within a budget; what is beyond it is computed again.

    A batch has a number, and the same number always stands for the same pictures. Files of something else are replaced.

    Args:
        replay: the network, cut at a layer.
        folder: where the files are; it is made.
        budget: bytes of all its files together.
        identity: what decides the values, such as hashes of weights, pictures and batches.
        device: where carried values are wanted.

    Raises:
        UnitscopeError: the folder cannot be made.
    """

    def __init__(
        self, replay: Replay, folder: Path, *, budget: int, identity: str, device: torch.device | str = "cpu"
    ) -> None:
        self.replay, self.folder, self.device = replay, folder, device
        self._budget = Budget(budget, self._taken)
        self._note = {"layer": replay.layer.name, "identity": identity, "whole": str(replay.whole)}
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def _taken(self) -> int:
        return bytes_of(self.folder.glob("*" + ENDING))

    def read(self, batch: int, inputs: Callable[[], Tensor]) -> Carried:
        """Return what is carried for a batch.

        Args:
            batch: its number.
            inputs: returns its inputs ``(N, ...)``; called only if they are needed.

        Raises:
            UnitscopeError: a file is damaged, or the disk is full.
        """
        path = self.folder / f"{batch:06d}{ENDING}"
        if path.is_file():
            file = ArrayFile(path)
            if file.note == self._note:
                values = [torch.from_numpy(file[str(index)]) for index in range(len(file.names))]
                return Carried(tuple(values), self.replay.reading).to(self.device)
            self._budget.delete(path)
        carried = self.replay.front(inputs().to(self.device))
        if any(value.dtype == torch.bfloat16 for value in carried.values):
            return carried  # arrays on disk have no such type
        size = HEADER + sum(value.numel() * value.element_size() for value in carried.values)
        if size <= self._budget.left:
            self._budget.take(size)
            arrays = {str(index): value.cpu().numpy() for index, value in enumerate(carried.values)}
            write_arrays(path, arrays, note=self._note, durable=False)
        return carried

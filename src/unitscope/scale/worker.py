"""A worker: holds a network and its pictures once, and does one piece of work after the other."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import torch

from unitscope.errors import UnitscopeError, one_line
from unitscope.experiments.likeness import likeness
from unitscope.experiments.pieces import Piece, State
from unitscope.models.products import Products, set_products
from unitscope.run.manifest import MANIFEST
from unitscope.run.mirror import Mirror, helping
from unitscope.scale.facts import difference, facts_here, host_name, unlike
from unitscope.scale.luggage import unpack
from unitscope.sources.decode import silence_decoders
from unitscope.sources.loading import load_with


@dataclass(frozen=True)
class Wanted:
    """What a worker must be and see.

    Attributes:
        facts: versions and processor, see :func:`facts_here`.
        packages: those whose versions are compared.
        device: kind of device of the network.
        likeness: hashes of weights, pictures and answers.
        folder: the run folder.
        manifest: SHA-256 of the manifest in it.
        place: the working folder, for relative paths.
        products: how exactly a GPU multiplies.
        loaders: threads that decode pictures.
        machine: where the run folder is worked on, if that stands for a run of a store.
    """

    facts: Mapping[str, str]
    packages: tuple[str, ...]
    device: str
    likeness: Mapping[str, str]
    folder: Path
    manifest: str
    place: str
    products: Products
    loaders: int
    machine: str = ""


class Worker:
    """One process; Ray makes an actor of it.

    Args:
        threads: of PyTorch.
    """

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        silence_decoders()
        self._subject: object = None
        self._stage = 0
        self._measure: Callable[[Any, Any, Piece], State]
        self._plan: Any = None
        self._helping: Mirror | None = None

    def arrive(self, wanted: Wanted, luggage: list[object]) -> str:
        """Take what the pieces of work need, and compare it with what it is where the run was begun.

        Args:
            wanted: what must be the same.
            luggage: a reference to what :func:`unitscope.scale.luggage.pack` returned.

        Returns:
            What is not as it must be, in one line; empty where all is.
        """
        with suppress(OSError):
            os.chdir(wanted.place)
        set_products(wanted.products)
        load_with(wanted.loaders)
        host = host_name()
        other = difference(wanted.facts, facts_here(wanted.packages, wanted.device), host)
        if other:
            return other
        self._helping = helping(wanted.folder, wanted.machine)
        if manifest_hash(wanted.folder) != wanted.manifest:
            return (
                f"the worker on {host} does not see the run folder {wanted.folder}; put it where all machines see it "
                "under the same path"
            )
        self._subject = None  # two networks may be more than the memory holds
        try:
            self._subject, looked = unpack(ray.get(luggage[0]))
            found = likeness(looked)
        except UnitscopeError:
            raise
        except Exception as error:
            return f"the worker on {host} cannot run the network on its pictures: {one_line(error)}"
        return unlike(wanted.likeness, found, host)

    def measure(self, stage: int, work: list[object], piece: Piece) -> State:
        """Do one piece.

        Args:
            stage: its number, of all that the process that asks ever had done.
            work: a reference to the pickled function and plan of the stage.
            piece: the piece.
        """
        if stage != self._stage:
            self._measure, self._plan = unpack(ray.get(work[0]))
            self._stage = stage
        state = self._measure(self._subject, self._plan, piece)
        if self._helping is not None:
            self._helping.give()
        return state


def manifest_hash(folder: Path) -> str:
    """Return the SHA-256 of the manifest in a run folder; empty where there is none."""
    try:
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        return ""

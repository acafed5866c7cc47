"""The networks that can be asked for by name, and whether their published files are here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.models.catalogue import CATALOGUE, Checkpoint
from unitscope.models.download import cached_path, fetch
from unitscope.models.registry import MODELS

BUNDLED = "bundled"


@dataclass(frozen=True)
class Listed:
    """One network that has a name."""

    name: str
    kind: str
    about: str
    files: tuple[str, ...]
    """Names of its published files; none where the package brings the network."""
    bytes: int | None
    """Size of the files where it is known: those in the cache."""
    cached: bool
    """Whether it can be used without downloading."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def list_models() -> list[Listed]:
    """List the bundled networks and the published ones."""
    bundled = [
        Listed(name, "classifier", f"{BUNDLED} with the embedded world", (), None, True)
        for name in MODELS
        if name not in CATALOGUE
    ]
    return [*bundled, *(_listed(checkpoint) for checkpoint in CATALOGUE.values())]


def _listed(checkpoint: Checkpoint) -> Listed:
    paths = [cached_path(file) for file in checkpoint.files]
    here = all(path.is_file() for path in paths)
    size = sum(path.stat().st_size for path in paths) if here else None
    names = tuple(file.name for file in checkpoint.files)
    return Listed(checkpoint.name, checkpoint.kind, checkpoint.about, names, size, here)


def download(name: str, *, mirror: str | None = None, show: bool | None = None) -> Path:
    """Fetch a published network into the cache; return its file, or the folder of its files.

    Raises:
        UnitscopeError: there is no such network, or it cannot be fetched.
    """
    if name not in CATALOGUE:
        hint = did_you_mean(name, CATALOGUE)
        raise UnitscopeError(
            f"{name!r} is not in the catalogue;{hint} 'unitscope models' lists what can be downloaded"
        )
    return fetch(CATALOGUE[name], mirror=mirror, show=show)

"""The networks that can be asked for by name, and whether their published files are here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

from unitscope.errors import UnitscopeError, did_you_mean
from unitscope.models.catalogue import CATALOGUE, Checkpoint
from unitscope.models.download import cached_path, fetch
from unitscope.registered import GENERATORS, NETWORKS, SEGMENTERS, package_of, registered

BUNDLED = "bundled with the embedded world"
OWN = "unitscope"
"""The package whose registered networks are those."""
REGISTERED = {"classifier": NETWORKS, "generator": GENERATORS, "segmenter": SEGMENTERS}
BUNDLED_DEFAULTS = {
    "world-vgg": "relu1_2, relu2_2, relu3_2, relu4_3",
    "world-vgg-untrained": "relu1_2, relu2_2, relu3_2, relu4_3",
    "world-gan": "layer2, layer3, layer4, layer5, layer6, layer7, layer8; segmenter world",
}
"""What bundled networks say when they are made, so that none is made to be listed."""
LIBRARIES = {
    "torchvision:NAME": "a classifier; the weights that the library offers first, its last block",
    "timm:NAME": "the same",
    "transformers:ID_OR_FOLDER": "the same, from the hub or a folder; also a segmenter",
}
"""How networks of libraries are named, and what is taken by default."""
COLORS = "the eleven basic colour terms, bundled"


@dataclass(frozen=True)
class Listed:
    """One network that has a name."""

    name: str
    kind: str
    about: str
    files: tuple[str, ...]
    """Names of its published files; none where the package brings the network."""
    bytes: int | None
    """Size of the files, if they are here."""
    expected_bytes: int | None
    """About what they will be, where the network's shape is known before: four bytes a value."""
    cached: bool
    """Whether it can be used without downloading."""
    default: str = ""
    """The layers that are dissected when none is named, and the segmenter of a generator that brings one; empty where
    that is known only once it is made."""

    def to_dict(self) -> dict[str, object]:
        """Return plain values."""
        return asdict(self)


def list_models() -> list[Listed]:
    """List the networks that are registered, the bundled ones among them, and the published ones."""
    here = [
        Listed(name, kind, _about(entry), (), None, None, cached=True, default=_default(name, entry))
        for kind, group in REGISTERED.items()
        for name, entry in registered(group).items()
    ]
    colors = Listed("colors", "segmenter", COLORS, (), None, None, cached=True)
    return [*here, colors, *(_listed(checkpoint) for checkpoint in CATALOGUE.values())]


def _about(entry: EntryPoint) -> str:
    package = package_of(entry)
    return BUNDLED if package == OWN else f"from the package {package}"


def _default(name: str, entry: EntryPoint) -> str:
    return BUNDLED_DEFAULTS.get(name, "") if package_of(entry) == OWN else ""


def _listed(checkpoint: Checkpoint) -> Listed:
    paths = [cached_path(file) for file in checkpoint.files]
    here = all(path.is_file() for path in paths)
    size = sum(path.stat().st_size for path in paths) if here else None
    names = tuple(file.name for file in checkpoint.files)
    expected = size or checkpoint.expected_bytes
    about, layer = checkpoint.about, checkpoint.layer
    return Listed(checkpoint.name, checkpoint.kind, about, names, size, expected, here, layer)


def download(name: str, *, mirror: str | None = None, show: bool | None = None) -> Path:
    """Fetch a published network into the cache; return its file, or the folder of its files.

    Raises:
        UnitscopeError: there is no such network, or it cannot be fetched.
    """
    if any(name in registered(group) for group in REGISTERED.values()):
        raise UnitscopeError(f"{name!r} comes with its package; there is nothing to download")
    if name not in CATALOGUE:
        hint = did_you_mean(name, CATALOGUE)
        raise UnitscopeError(
            f"{name!r} is not in the catalogue;{hint} 'unitscope models' lists what can be downloaded"
        )
    return fetch(CATALOGUE[name], mirror=mirror, show=show)

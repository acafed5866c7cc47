"""The manifest of a run: what was asked, of what, and how it came out. It is read and written here and nowhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from unitscope.errors import UnitscopeError
from unitscope.run.address import shown
from unitscope.run.fingerprint import Fingerprint, Fingerprints
from unitscope.run.here import PACKAGES, processor_here, version_of
from unitscope.run.storage import write_file

SCHEMA_VERSION = 2
READ_VERSIONS = (1, SCHEMA_VERSION)
"""Schema versions that are read; that of 0.1 has fewer entries, and none of another meaning."""
MANIFEST = "manifest.json"
SHOWN_EXTENSIONS = 4
"""Extensions that a line names of what was left out for one reason."""
Values = dict[str, object]
"""What JSON can hold, by name, where it is only compared and shown."""
T = TypeVar("T")

_command: ContextVar[str] = ContextVar("command", default="")


@contextmanager
def typed_command(words: str) -> Iterator[None]:
    """Note what the user typed in the manifests that are written meanwhile."""
    token = _command.set(words)
    try:
        yield
    finally:
        _command.reset(token)


@dataclass(frozen=True, kw_only=True)
class GeneratorRecord:
    """What a generator takes and makes.

    Attributes:
        latent_shape: of one latent.
        range: values of black and white in its pictures; found by itself when None.
        classes: how many a class-conditional generator has; 0 for others.
        size: of its pictures ``(H, W)``, pixels.
    """

    latent_shape: tuple[int, ...]
    range: tuple[float, float] | None
    classes: int
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class NetworkRecord:
    """The network or generator of a run, and how to get it again.

    Attributes:
        name: for titles.
        weights_hash: SHA-256 of its weights.
        input_size: ``(H, W)`` of the input, pixels; None for a generator.
        preprocessing: what a picture goes through; None for a generator.
        generator: what a generator takes and makes; None for a network that reads pictures.
        spec: what the user wrote to get it; empty where it was given as a module.
        weights: the file of weights it was filled with.
        reinitialized: the seed of its random weights, where it is a control.
        aliases: readable names of layers, each with the module name it stands for.
        forward: the function that gave it batches of pictures, where it was said; in Python its name alone.
        forward_hash: SHA-256 of the file of that function; empty where it was given in Python.
        precision: how exactly it multiplied.
    """

    name: str
    weights_hash: str
    input_size: tuple[int, int] | None = None
    preprocessing: Values | None = None
    generator: GeneratorRecord | None = None
    spec: str = ""
    weights: str | None = None
    reinitialized: int | None = None
    aliases: dict[str, str] = field(default_factory=dict)
    forward: str | None = None
    forward_hash: str = ""
    precision: Literal["fp32", "tf32", "bf16", "fp16"] = "fp32"

    @property
    def is_control(self) -> bool:
        """Whether it has random weights."""
        return self.reinitialized is not None or self.name.endswith("-untrained")

    def layer_title(self, layer: str) -> str:
        """Return the name to show for a layer: the readable one, where the network has one."""
        return next((alias for alias, path in self.aliases.items() if path == layer), layer)

    def layer_path(self, name: str) -> str:
        """Return the module name of a layer that may be named by its readable name."""
        return self.aliases.get(name, name)


@dataclass(frozen=True)
class SkippedPicture:
    """A picture that could not be read, and why."""

    sample: str
    reason: str


@dataclass(frozen=True)
class LeftOutFiles:
    """Files of one extension that were not taken where pictures were looked for.

    Attributes:
        extension: in lower case with its dot; ``folder`` for folders.
        count: of files.
        reason: why, in a few words.
    """

    extension: str
    count: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DataRecord:
    """The pictures of a run, or the latents that they were made from.

    Attributes:
        name: for titles.
        hash: SHA-256 of the content.
        pictures: how many there were.
        used: how many could be read.
        skipped: the others.
        latents: count, shape, seed, truncation and classes of latents.
    """

    name: str
    hash: str
    pictures: int
    used: int
    skipped: tuple[SkippedPicture, ...] = ()
    latents: Values | None = None


@dataclass(frozen=True, kw_only=True)
class VocabularyRecord:
    """The concepts of a run.

    Attributes:
        name: of what says where they are.
        hash: of the vocabulary.
        count: of concepts.
        categories: of concepts.
        unlabelled: what pixels without any label are: "background", or "ignore" where they count nowhere.
        ignored: numbers in masks, or of a segmenter, whose pixels count nowhere.
        uncounted: share of all pixels that count nowhere.
    """

    name: str
    hash: str
    count: int
    categories: tuple[str, ...]
    unlabelled: str = "background"
    ignored: tuple[int, ...] = ()
    uncounted: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SegmenterRecord:
    """What gets the segmenters of generated pictures again."""

    specs: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    preprocess: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SettingsRecord:
    """What a dissection was told, and the pixel grid ``(gh, gw)`` of its label maps."""

    quantile: float
    min_iou: float
    top: int
    border: Literal["edge", "zeros"]
    replicates: int
    seed: int
    batch_size: int
    grid: tuple[int, int]
    null: int = 0
    match: Literal["iou", "information"] = "iou"
    cells: Literal["fields", "even"] = "fields"
    trust_places: bool = False
    allow_random: bool = False
    scores: bool = False
    grid_of: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a run folder says of itself; ``docs/tables.md`` describes the file.

    Attributes:
        schema_version: of this layout.
        kind: what was asked.
        status: ``running`` until everything is written.
        created: when, UTC.
        config: everything that decides the results.
        packages: versions of those that its numbers depend on.
        processors: kinds of processor that worked on it, in the order of the first time; see :func:`processor_here`.
        fingerprints: what the network of a dissection and segmenters answered to a made-up input; none where random
            answers were allowed.
        model, data, concepts, segmenter: of a dissection, once it is complete.
        layers: the layers it looked into, in the order of the forward pass.
        plan, settings: how each layer of a dissection is read, and what it was told; see :func:`fitted`.
        summary: the outcome of other kinds, once they are complete; see :func:`fitted`.
        left_out: files that were not taken where pictures were looked for.
        remarks: what is to be known of the pictures, in sentences.
        command: what the user typed.
        seconds: spent in each stage, by the last process.
        files: SHA-256 of every table and picture of a complete run, by its path in the folder.
        checksum: SHA-256 of all the rest of the manifest; not looked at where it is empty.
    """

    schema_version: int
    kind: str
    status: Literal["running", "complete"]
    created: str = ""
    config: Values
    packages: dict[str, str] = field(default_factory=dict)
    processors: tuple[str, ...] = ()
    fingerprints: dict[str, dict[str, Fingerprint]] = field(default_factory=dict)
    model: NetworkRecord | None = None
    data: DataRecord | None = None
    concepts: VocabularyRecord | None = None
    segmenter: SegmenterRecord | None = None
    layers: tuple[str, ...] = ()
    plan: object = field(default_factory=dict)
    settings: object = field(default_factory=dict)
    summary: object = field(default_factory=dict)
    left_out: tuple[LeftOutFiles, ...] = ()
    remarks: tuple[str, ...] = ()
    command: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    checksum: str = ""

    @classmethod
    def new(
        cls,
        kind: str,
        config: Mapping[str, object],
        fingerprints: Fingerprints | None = None,
        libraries: Sequence[str] = (),
    ) -> Manifest:
        """Begin a run; `libraries` are those that its networks are made of."""
        return cls(
            schema_version=SCHEMA_VERSION,
            kind=kind,
            status="running",
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            config=plain(config),
            packages={name: version_of(name) for name in (*PACKAGES, *libraries)},
            processors=(processor_here(),),
            fingerprints={who: dict(answers) for who, answers in (fingerprints or {}).items()},
            command=_command.get(),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know besides the pictures that could not be read, a line each."""
        return (*filter(None, [left_out_line(self.left_out), _mixed_line(self.processors)]), *self.remarks)

    @property
    def complete(self) -> bool:
        """Whether everything is there."""
        return self.status == "complete"

    @property
    def earlier(self) -> bool:
        """Whether version 0.1 wrote it, whose arrays have no checksums."""
        return self.schema_version < SCHEMA_VERSION or self.packages.get("unitscope", "").startswith("0.1.")

    @property
    def configuration_hash(self) -> str:
        """SHA-256 of everything that decides the results."""
        return hashlib.sha256(json.dumps(self.config, sort_keys=True).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write it into a run folder.

        Raises:
            UnitscopeError: it cannot be written.
        """
        content = plain(self)
        content["checksum"] = _checksum(content)
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        write_file(folder / MANIFEST, lambda partial: partial.write_text(text, encoding="utf-8"))


def _mixed_line(processors: Sequence[str]) -> str:
    """Return what is to be known of a run that several kinds of processor worked on; nothing where it was one."""
    if len(processors) < 2:
        return ""
    return (
        f"done on {len(processors)} kinds of processor ({', then '.join(processors)}), which round differently: on one "
        "of them alone the last digits may be others"
    )


def _checksum(content: Values) -> str:
    """Return the SHA-256 of a manifest without its checksum."""
    rest = {name: value for name, value in content.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def left_out_line(left_out: Sequence[LeftOutFiles]) -> str:
    """Return what was left out where pictures were looked for, in one line; nothing where nothing was."""
    by_reason: dict[str, list[LeftOutFiles]] = {}
    for each in left_out:
        by_reason.setdefault(each.reason, []).append(each)
    parts = [f"{_listed(files)} ({reason})" for reason, files in by_reason.items()]
    return f"left out: {', '.join(parts)}" if parts else ""


def _listed(files: Sequence[LeftOutFiles]) -> str:
    shown = [f"{each.count:,} {_noun(each)}" for each in files[:SHOWN_EXTENSIONS]]
    if rest := sum(each.count for each in files[SHOWN_EXTENSIONS:]):
        shown.append(f"{rest:,} others")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _noun(files: LeftOutFiles) -> str:
    if files.extension.startswith("."):
        return files.extension
    if files.extension != "folder":
        return f"with {files.extension}"
    return "folder" if files.count == 1 else "folders"


def plain(value: object) -> Values:
    """Return what JSON holds of mappings and dataclasses."""
    found: Values = msgspec.json.decode(msgspec.json.encode(_entries(value)))
    return found


def _entries(value: object) -> object:
    """Return dataclasses as dictionaries of all their fields.

    Of a record that it has read, msgspec writes only the fields that were in the file, and no defaults.
    """
    if is_dataclass(value) and not isinstance(value, type):
        found = {each.name: getattr(value, each.name) for each in fields(value)}
        return {name: _entries(each) for name, each in found.items() if each is not msgspec.UNSET}
    if isinstance(value, Mapping):
        return {name: _entries(each) for name, each in value.items()}
    return [_entries(each) for each in value] if isinstance(value, list | tuple) else value


def read_manifest(path: Path) -> Manifest:
    """Read the manifest of the run folder `path`.

    Raises:
        UnitscopeError: the folder, or its manifest, is missing or damaged, or has another schema version.
    """
    file = path / MANIFEST
    if not file.is_file():
        raise UnitscopeError(
            f"{shown(path)} is no run folder: it has no {MANIFEST}; 'unitscope dissect' makes one"
        )
    try:
        content = msgspec.json.decode(file.read_bytes())
        version = content["schema_version"]
    except OSError as error:
        raise UnitscopeError(f"cannot read {file}: {error.strerror or error}") from error
    except (ValueError, TypeError, KeyError) as error:
        raise _damaged(path, error) from error
    if version not in READ_VERSIONS:
        raise UnitscopeError(
            f"{path} has schema version {version!r}, this unitscope reads {READ_VERSIONS[0]} to {SCHEMA_VERSION}; "
            "install the version that wrote it, or run the dissection again with this one, into another folder"
        )
    if content.get("checksum", "") not in ("", _checksum(content)):
        raise _damaged(
            path, "its checksum does not fit; if you changed it yourself, take the line 'checksum' out of it"
        )
    try:
        return msgspec.convert(content, Manifest)
    except msgspec.ValidationError as error:
        raise _damaged(path, error) from error


def fitted(path: Path, part: object, kind: type[T]) -> T:
    """Return a part of the manifest of the run folder `path` as the class that wrote it.

    Raises:
        UnitscopeError: a field is missing, or of another type.
    """
    try:
        return msgspec.convert(part, kind)
    except msgspec.ValidationError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, reason: object) -> UnitscopeError:
    return UnitscopeError(
        f"{path / MANIFEST} is damaged ({reason}); restore it, or make the run again in another folder"
    )

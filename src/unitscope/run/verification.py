"""Whether a run folder is as it was written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from unitscope.errors import UnitscopeError
from unitscope.run.address import shown
from unitscope.run.folder import RunFolder, how_to_mend
from unitscope.run.manifest import MANIFEST, read_manifest
from unitscope.run.mirror import fetched


@dataclass(frozen=True)
class Verified:
    """One run folder, read through.

    Attributes:
        path: the folder, or its address in a store.
        kind: of run; empty where the manifest cannot be read.
        complete: whether the run is finished.
        files: how many have a checksum.
        damaged: those that are not as they were written, or gone, as paths in the folder.
        advice: what to do about them; empty where there are none.
    """

    path: str
    kind: str
    complete: bool
    files: int
    damaged: tuple[str, ...]
    advice: str

    def __str__(self) -> str:
        if self.damaged:
            return f"{self.path}: damaged: {', '.join(self.damaged)}"
        state = "" if self.complete else ", not finished"
        return f"{self.path}: {self.kind}{state}, {self.files:,} files as they were written"


def verify(run: Path | str) -> list[Verified]:
    """Read a run folder through, with the questions in it, and compare every file with its checksum.

    Nothing is changed. Reports and other files that can be written again from these are not looked at.

    Args:
        run: a run folder of any kind.

    Raises:
        UnitscopeError: the folder holds no run.
    """
    path = fetched(run, cells=True)
    if not (path / MANIFEST).is_file():
        read_manifest(path)  # which says so
    return [_verify(file.parent) for file in sorted(path.rglob(MANIFEST))]


def _verify(path: Path) -> Verified:
    folder = RunFolder(path)
    try:
        manifest = folder.manifest
    except UnitscopeError as error:
        return Verified(shown(path), "", complete=False, files=1, damaged=(MANIFEST,), advice=str(error))
    damaged = tuple(file.relative_to(path).as_posix() for file in folder.damaged())
    pieces = len(folder.checked_arrays())
    advice = how_to_mend(manifest) if damaged else ""
    return Verified(
        shown(path), manifest.kind, manifest.complete, 1 + len(manifest.files) + pieces, damaged, advice
    )

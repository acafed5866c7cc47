"""What the folders of finished questions share: a summary and Parquet tables, read on demand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd
import pyarrow.parquet as pq

from unitscope.errors import UnitscopeError
from unitscope.run.folder import COMMANDS, MANIFEST, configuration_hash, read_manifest, require_kind


class Result:
    """The answer to a question about the units of a run, read from its folder.

    Args:
        path: the folder.

    Raises:
        UnitscopeError: the folder holds something else.
    """

    kind: ClassVar[str]
    """Kind of run, as the manifest names it."""
    tables: ClassVar[tuple[str, ...]]
    """Names of its tables."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest: dict[str, Any] = read_manifest(path)
        require_kind(path, self.manifest, self.kind)

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a finished one.

        Raises:
            UnitscopeError: the folder holds none, or one that is not finished.
        """
        found = cls(Path(path))
        if not found.complete:
            raise UnitscopeError(
                f"the {cls.kind} in {path} is not finished; run the same 'unitscope {COMMANDS[cls.kind]}' "
                "command again to go on"
            )
        return found

    @classmethod
    def find(cls, folder: Path) -> list[Self]:
        """Open every finished one in the folders below `folder`, in the order of their names."""
        kinds = [(file.parent, read_manifest(file.parent)) for file in sorted(folder.glob(f"*/{MANIFEST}"))]
        found = [cls(path) for path, manifest in kinds if manifest.get("kind") == cls.kind]
        return [each for each in found if each.complete]

    @property
    def complete(self) -> bool:
        """Whether everything is there."""
        return bool(self.manifest["status"] == "complete")

    @property
    def configuration_hash(self) -> str:
        """SHA-256 of everything that decides its results."""
        return configuration_hash(self.manifest)

    @property
    def page(self) -> Path:
        """The page that shows it."""
        return self.path / "report" / "index.html"

    @property
    def summary(self) -> dict[str, Any]:
        """The outcome as plain values, once it is complete."""
        summary: dict[str, Any] = self.manifest["summary"]
        return summary

    def table(self, name: str) -> pd.DataFrame:
        """Read a table by name.

        Raises:
            UnitscopeError: there is no such table.
        """
        file = self.path / "tables" / f"{name}.parquet"
        if not file.is_file():
            known = ", ".join(self.tables)
            raise UnitscopeError(f"{self.path} has no table {name!r}; a complete {self.kind} has: {known}")
        frame: pd.DataFrame = pq.read_table(file).to_pandas()
        return frame

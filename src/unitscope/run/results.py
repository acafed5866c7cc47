"""What every finished run has: a manifest, and Parquet tables read on demand; how runs are opened and found."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Generic, Literal, Self, TypeVar, overload

import pandas as pd
import pyarrow.parquet as pq

from unitscope import notebook
from unitscope.errors import UnitscopeError
from unitscope.registered import VIEWS, make_registered
from unitscope.run.address import shown
from unitscope.run.folder import check_whole, require_kind
from unitscope.run.layout import TABLES
from unitscope.run.manifest import MANIFEST, Manifest, fitted, read_manifest
from unitscope.run.mirror import fetched

S_co = TypeVar("S_co", covariant=True)
T = TypeVar("T")


class Table:
    """A Parquet table of a result: a data frame, read when it is first asked for.

    Args:
        rows: what it holds.
        first: columns that stand first in the frame, whatever their order in the file.
    """

    def __init__(self, rows: str, first: Sequence[str] = ()) -> None:
        self.__doc__, self.first = rows, first

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, result: None, owner: object = None) -> Table: ...

    @overload
    def __get__(self, result: Result[object], owner: object = None) -> pd.DataFrame: ...

    def __get__(self, result: Result[object] | None, owner: object = None) -> Table | pd.DataFrame:
        if result is None:
            return self
        frame = vars(result)[self.name] = self.arranged(result.table(self.name))
        return frame

    def arranged(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with what is looked at most in its first columns."""
        first = [name for name in self.first if name in frame.columns]
        return frame[[*first, *(name for name in frame.columns if name not in first)]]


class Result(Generic[S_co]):
    """A run, read from its folder.

    Args:
        path: the folder.

    Raises:
        UnitscopeError: the folder holds something else.
    """

    kind: ClassVar[str]
    """Kind of run, as the manifest names it."""
    outcome: type[S_co]
    """What the manifest's summary is."""
    command: ClassVar[str]
    """The command that makes one."""
    folder: ClassVar[str] = ""
    """Where the run of a dissection keeps them, one folder for each question."""
    tables: ClassVar[tuple[str, ...]] = ()
    """Names of its tables."""

    def __init_subclass__(cls) -> None:
        cls.tables += tuple(name for name, each in vars(cls).items() if isinstance(each, Table))

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest: Manifest = read_manifest(path)
        require_kind(path, self.manifest, self.kind, self.command)

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a finished one.

        Raises:
            UnitscopeError: the folder holds none, or one that is not finished.
        """
        found = cls(fetched(path))
        if not found.complete:
            raise UnitscopeError(
                f"the {cls.kind} in {found.address} is not finished; run the same 'unitscope {cls.command}' "
                "command again to go on"
            )
        return found

    @classmethod
    def find(cls, run: Path | str) -> list[Self]:
        """Open every finished one that the folder of a dissection keeps, in the order of their names."""
        files = sorted((fetched(run) / cls.folder).glob(f"*/{MANIFEST}"))
        found = [(file.parent, read_manifest(file.parent)) for file in files]
        return [cls(path) for path, manifest in found if manifest.kind == cls.kind and manifest.complete]

    @property
    def complete(self) -> bool:
        """Whether everything is there."""
        return self.manifest.complete

    @property
    def configuration_hash(self) -> str:
        """SHA-256 of everything that decides its results."""
        return self.manifest.configuration_hash

    @property
    def address(self) -> str:
        """What a person calls its folder: the path, or the address of an object store that it stands for."""
        return shown(self.path)

    @property
    def page(self) -> Path:
        """The page that shows it."""
        return self.path / "report" / "index.html"

    @cached_property
    def summary(self) -> S_co:
        """The outcome, once it is complete.

        Raises:
            UnitscopeError: the manifest's summary is not one of its kind.
        """
        return self.said("summary", self.outcome)

    def said(self, part: Literal["config", "plan", "settings", "summary"], kind: type[T]) -> T:
        """Return a part of the manifest as the class that wrote it.

        Raises:
            UnitscopeError: a field is missing, or of another type.
        """
        return fitted(self.path, getattr(self.manifest, part), kind)

    def report(self, *, browser: bool = False) -> Path:
        """Write its page, and return the path of ``index.html``.

        Args:
            browser: open it, too, in the browser of the machine that this runs on.

        Raises:
            UnitscopeError: the folder holds something else where the page is to be.
        """
        self.check()
        index = make_registered(VIEWS, f"{self.kind}-page", self)
        assert isinstance(index, Path)
        if browser:
            webbrowser.open(index.resolve().as_uri())
        return index

    def _repr_html_(self) -> str:
        link = notebook.page_link(self.page) if self.page.is_file() else ""
        return notebook.card(repr(self).splitlines()[0], *self._parts(), link=link)

    def _parts(self) -> Iterator[str]:
        """Yield what a notebook shows below the title, in HTML."""
        yield notebook.lines(line.strip() for line in repr(self).splitlines()[1:])

    def check(self, *names: str) -> None:
        """Compare files with the checksums in the manifest.

        Args:
            names: paths in the folder; all files of the run when there are none.

        Raises:
            UnitscopeError: one is damaged or gone.
        """
        check_whole(self.path, self.manifest, self.command, *names)

    def table(self, name: str) -> pd.DataFrame:
        """Read a table by name.

        Raises:
            UnitscopeError: there is no such table.
        """
        file = self.path / TABLES / f"{name}.parquet"
        if not file.is_file():
            if self.complete:
                self.check(f"{TABLES}/{name}.parquet")
            known = ", ".join(self.tables)
            raise UnitscopeError(f"{self.address} has no table {name!r}; a complete {self.kind} has: {known}")
        self.check(f"{TABLES}/{name}.parquet")
        frame: pd.DataFrame = pq.ParquetFile(file.absolute()).read().to_pandas()
        return frame

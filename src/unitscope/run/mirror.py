"""A run of an object store and the folder of this machine where it is worked on and read.

What is committed in the folder is put into the store at once, in an order in which each file comes after those that it
speaks of, the manifest last. What the store has is true: where the two differ and nobody works on the run here, the
folder is made like the store.
"""

from __future__ import annotations

import json
import platform
import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from unitscope.errors import UnitscopeError
from unitscope.paths import AnyPath
from unitscope.progress import say
from unitscope.run.address import address_of, run_path, stores_folder
from unitscope.run.hold import FOLDER, Hold, holding
from unitscope.run.layout import CELLS, FIRST, children, in_order, within
from unitscope.run.manifest import MANIFEST
from unitscope.run.storage import PARTIAL, write_file, writing
from unitscope.run.store import Store

if TYPE_CHECKING:
    from filelock import FileLock

AT_ONCE = 8
"""Files that travel at the same time."""
BESIDE = "known"
"""Folder of the cache with what is known of the runs there, which is no part of them."""
OWN = ("lock",)
"""Names in a run folder that are of this machine alone."""


class Known(TypedDict):
    """A file that is the same here and in the store.

    Attributes:
        here: its time and size.
        there: the version of the object; empty where this process put it and has not asked since.
    """

    here: list[int]
    there: str


class Mirror:
    """A run folder that stands for a run of a store.

    Args:
        path: the folder.
        address: what it stands for.
    """

    def __init__(self, path: Path, address: str) -> None:
        self.path, self.store = path.absolute(), Store(address)
        self._hold: Hold | None = None
        self._put = set[str]()
        name = sha256(str(self.path).encode()).hexdigest()[:32]
        self._beside = stores_folder() / BESIDE / name
        self._index = self._beside.with_suffix(".json")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder like the store, and keep all other processes of all machines from writing there meanwhile.

        Raises:
            UnitscopeError: another process works on the run, the store refuses, or holds something else there.
        """
        with ExitStack() as stack:
            with self._fetching():  # who only fetches is soon done
                alone = stack.enter_context(self._alone())
            if not alone:
                raise UnitscopeError(
                    f"another process is working on {self.store.address}; wait for it, or give --out another folder"
                )
            self._refuse_strangers()
            hold = stack.enter_context(holding(self.store, this_machine()))
            with self._fetching():
                self._pull(cells=True)
            self._hold = hold
            try:
                yield
                self._settle()
            finally:
                self._hold = None

    def fetch(self, *, cells: bool) -> None:
        """Make the folder like the store, with the runs below it; what is worked on here is left as it is.

        Args:
            cells: get kept cells too; else there are those alone that were got before and have not changed.
        """
        self.fetch_own(cells=cells)
        if not (self.path / MANIFEST).is_file():
            return  # no run: what else is below is none of its
        here = {path.relative_to(self.path).as_posix(): "" for path in self.path.rglob(MANIFEST)}
        for child in children({**here, **self.store.names()}):
            Mirror(self.path / child, f"{self.store.address}/{child}").fetch_own(cells=cells)

    def fetch_own(self, *, cells: bool) -> None:
        """Make the folder like the store, but for the runs below it; see :meth:`fetch`."""
        with self._fetching(), self._alone() as alone:
            if alone:
                self._pull(cells=cells)

    def push(self, *, below: str = "") -> None:
        """Put what is new or changed in the folder into the store, and delete there what is gone here.

        Args:
            below: a folder; all when empty.

        Raises:
            UnitscopeError: the store refuses, or another process has taken over the run.
        """
        if self._hold is not None:
            self._hold.check()
        known = self._known()
        here = {name: _state(self.path / name) for name in self._names() if within(name, below)}
        new = [name for name, state in here.items() if name not in known or known[name]["here"] != state]
        for names in in_order(new):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(lambda name: self.store.put(self.path / name, name), names))
            known.update({name: Known(here=here[name], there="") for name in names})
            self._put.update(names)
        gone = [name for name in known if name not in here and within(name, below)]
        self.store.remove(gone)
        for name in gone:
            del known[name]
        self._note(known)
        if self._hold is None:
            self._settle()

    def drop(self, below: str) -> None:
        """Delete a folder in the store, whether its files are here or not."""
        gone = self.store.names(below)
        self.store.remove(gone)
        self._note({name: each for name, each in self._known().items() if name not in gone})

    def _settle(self) -> None:
        """Note the versions of what was put by this mirror, so that it need not be got again."""
        known, there = self._known(), self.store.names()
        for name in self._put & known.keys():
            known[name]["there"] = there.get(name, "")
        self._note(known)

    def gather(self) -> None:
        """Get what other machines put into the store while this process works on the run."""
        known = self._known()
        there = self._own(self.store.names())
        self._get([name for name in there if name not in known], there, known)
        self._note(known)

    def give(self) -> None:
        """Put what is new in the folder into the store, as a helper of the process that holds the run elsewhere."""
        known = self._known()
        new = [name for name in self._names() if name not in known and name.split("/")[0] in FIRST]
        for name in new:
            state = _state(self.path / name)
            self.store.put(self.path / name, name)
            known[name] = Known(here=state, there="")
        self._note(known)

    def _pull(self, *, cells: bool) -> None:
        """Make the folder like the store, but for the runs below it."""
        manifest = self.store.read(MANIFEST)  # before the list: what it speaks of is in that
        there = {} if manifest is None else self._own(self.store.names())
        known = {name: each for name, each in self._known().items() if name in there}
        for name in self._names():
            if name not in there:
                (self.path / name).unlink(missing_ok=True)
        wanted = [name for name, version in there.items() if not self._same(name, version, known)]
        left = set() if cells else {name for name in wanted if within(name, CELLS)}
        for name in left:  # not those of before beside pieces of now
            (self.path / name).unlink(missing_ok=True)
            known.pop(name, None)
        wanted = [name for name in wanted if name not in left]
        self._get([name for name in wanted if name != MANIFEST], there, known)
        if manifest is not None:
            self._write_manifest(manifest)
            known[MANIFEST] = Known(here=_state(self.path / MANIFEST), there=there.get(MANIFEST, ""))
        self._note(known)

    def _write_manifest(self, content: bytes) -> None:
        file = self.path / MANIFEST
        if _content(file) != content:
            with writing(file):
                self.path.mkdir(parents=True, exist_ok=True)
            write_file(file, lambda partial: partial.write_bytes(content))

    def _same(self, name: str, version: str, known: dict[str, Known]) -> bool:
        """Tell whether a file is as it is in the store, as far as versions tell."""
        return name in known and known[name] == Known(here=_state(self.path / name), there=version)

    def _get(self, names: list[str], there: dict[str, str], known: dict[str, Known]) -> None:
        def get(name: str) -> None:
            file = self.path / name
            with writing(file):
                file.parent.mkdir(parents=True, exist_ok=True)
            write_file(file, lambda partial: self.store.get(name, partial), durable=False)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(get, names))
        known.update({name: Known(here=_state(self.path / name), there=there[name]) for name in names})

    def _own(self, there: dict[str, str]) -> dict[str, str]:
        """Return the objects of this run, without those of runs below it and locks."""
        below = children(there)
        return {
            name: version
            for name, version in there.items()
            if not within(name, FOLDER) and not any(within(name, child) for child in below)
        }

    def _names(self) -> list[str]:
        """Return the files of this run that are finished."""
        files = [path for path in self.path.rglob("*") if path.is_file() and not path.name.endswith(PARTIAL)]
        names = {path.relative_to(self.path).as_posix(): "" for path in files}
        return sorted(
            name
            for name in self._own(names)
            if name not in OWN and not any(part.startswith(".") for part in name.split("/"))
        )

    def _refuse_strangers(self) -> None:
        names = sorted(name for name in self.store.names() if not within(name, FOLDER))
        if names and MANIFEST not in names:
            raise UnitscopeError(
                f"{self.store.address} is not empty and holds no run (it has {names[0]!r}); give --out a new or empty "
                "folder"
            )

    @contextmanager
    def _fetching(self) -> Iterator[None]:
        """Wait for processes of this machine that fetch the run, and let others wait meanwhile."""
        with ExitStack() as stack:
            if not stack.enter_context(self._taken("fetching.lock")):
                say(f"waiting for another process, which fetches {self.store.address}")
                stack.enter_context(self._lock("fetching.lock"))
            yield

    def _alone(self) -> AbstractContextManager[bool]:
        """Keep other processes of this machine from changing the folder; tell whether none does."""
        return self._taken("lock")

    @contextmanager
    def _taken(self, ending: str) -> Iterator[bool]:
        """Take a lock if it is free; tell whether it was."""
        from filelock import Timeout

        with ExitStack() as stack:
            try:
                stack.enter_context(self._lock(ending).acquire(timeout=0))
            except Timeout:
                yield False
                return
            yield True

    def _lock(self, ending: str) -> FileLock:
        from filelock import FileLock

        with writing(self._beside):
            self._beside.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self._beside.with_suffix(f".{ending}"))

    def _known(self) -> dict[str, Known]:
        try:
            found: dict[str, Known] = json.loads(self._index.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _note(self, known: dict[str, Known]) -> None:
        text = json.dumps(known)
        self._index.parent.mkdir(parents=True, exist_ok=True)
        write_file(self._index, lambda partial: partial.write_text(text, encoding="utf-8"), durable=False)


def mirror_of(path: Path) -> Mirror | None:
    """Return the mirror that a folder is; None for one that stands for itself."""
    address = address_of(path)
    return Mirror(path, address) if address else None


def fetched(given: AnyPath, *, cells: bool = False) -> Path:
    """Return the folder of a run that is to be read, with what its store has of it.

    Args:
        given: a path or an address, see :func:`run_path`. The folder that stands for an address was fetched before.
        cells: kept cells too, which :func:`fetch_cells` gets where they are asked for.

    Raises:
        UnitscopeError: the store refuses.
    """
    path = run_path(given)
    mirror = mirror_of(path) if path != Path(given) else None
    if mirror is not None:
        mirror.fetch(cells=cells)
    return path


def fetch_cells(path: Path) -> None:
    """Get the kept cells of a run that was fetched without, if its folder stands for one of a store.

    Raises:
        UnitscopeError: the store refuses.
    """
    mirror = mirror_of(path)
    if mirror is not None:
        mirror.fetch_own(cells=True)


def drop_cells(path: Path) -> None:
    """Delete the kept cells of a run, in its store as well."""
    shutil.rmtree(path / CELLS, ignore_errors=True)
    mirror = mirror_of(path)
    if mirror is not None:
        mirror.drop(CELLS)


def put_made(path: Path) -> None:
    """Put a file or folder that was made within or beside a run into the store, if it is of one."""
    address = address_of(path)
    if address is None:
        return
    root = next((each for each in (path, *path.parents) if (each / MANIFEST).is_file()), path)
    owner = mirror_of(root)
    if path.is_file() and root == path:
        folder, _, name = address.rpartition("/")
        Store(folder).put(path, name)
    elif owner is not None:
        owner.push(below=path.relative_to(root).as_posix() if root != path else "")


def helping(path: Path, machine: str) -> Mirror | None:
    """Return the mirror by which a worker helps with a run of a store on another machine, with what that has so far.

    Args:
        path: the run folder.
        machine: where it is worked on.

    Returns:
        None where the folder is the same one, or no store is between.
    """
    if not address_of(path) or machine == this_machine():
        return None
    mirror = mirror_of(path)
    if mirror is not None:
        mirror.fetch(cells=True)
        for name in FIRST:
            (path / name).mkdir(exist_ok=True)
    return mirror


def this_machine() -> str:
    """Return what tells this machine and its cache from others, also where several share a home folder."""
    file = stores_folder() / BESIDE / "machine"
    found = _content(file)
    if not found:
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, lambda partial: partial.write_text(uuid.uuid4().hex, encoding="utf-8"))
        found = _content(file)
    return f"{found.decode()} {platform.node()}"


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _state(path: Path) -> list[int]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return []
    return [stat.st_mtime_ns, stat.st_size]

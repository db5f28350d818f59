"""What lies on a disk at one moment, taken while the machine works, put back after it ended."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Image:
    """The bytes of a database with its log, and of the files of a folder beside it."""

    db: bytes
    wal: bytes
    beside: dict[str, bytes]

    @staticmethod
    def of(path: Path, beside: Path | None = None) -> Image:
        wal = path.with_name(path.name + "-wal")
        files = {one.name: one.read_bytes() for one in sorted(beside.iterdir())} if beside and beside.exists() else {}
        return Image(path.read_bytes(), wal.read_bytes() if wal.exists() else b"", files)

    def put(self, path: Path, beside: Path | None = None, *, in_place: bool = True) -> None:
        """The database keeps its place on the disk (its inode) only if it is written `in_place`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if not in_place:
            _replace(path, self.db)
        else:
            with path.open("r+b" if path.exists() else "xb") as file:
                file.write(self.db)
                file.truncate()
        path.with_name(path.name + "-shm").unlink(missing_ok=True)
        wal = path.with_name(path.name + "-wal")
        wal.unlink(missing_ok=True)
        if self.wal:
            wal.write_bytes(self.wal)
        if beside is not None:
            self._put_beside(beside)

    def _put_beside(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for one in folder.iterdir():
            if one.name not in self.beside:
                one.unlink()
        for name, data in self.beside.items():
            (folder / name).write_bytes(data)


def folder_of(place: Path) -> dict[str, bytes]:
    """The files of a folder, with those in the folders inside."""
    every = sorted(one for one in place.rglob("*") if one.is_file())
    return {str(one.relative_to(place)): one.read_bytes() for one in every}


def put_folder(place: Path, files: Mapping[str, bytes]) -> None:
    """These files are then all that the folder holds."""
    shutil.rmtree(place, ignore_errors=True)
    for name, data in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)


def _replace(path: Path, data: bytes) -> None:
    """A new file under the old name; the old one lives until then, so the two never share an inode."""
    fresh = path.with_name(path.name + ".fresh")
    fresh.write_bytes(data)
    fresh.replace(path)


@dataclass
class Fuse:
    """Ends a machine before its statement number `left` of what it does: from there on nothing it does counts."""

    take: Callable[[], Image]
    left: int
    image: Image | None = None

    @property
    def is_burnt(self) -> bool:
        return self.image is not None

    def lay(self, db: sqlite3.Connection) -> None:
        db.set_trace_callback(self._step)

    def _step(self, statement: str) -> None:
        if self.image is None:
            self.left -= 1
            if self.left <= 0:
                self.image = self.take()

    def burn(self) -> Image:
        """The disk as it was when the machine ended; that is now, if it had not come to its statement."""
        if self.image is None:
            self.image = self.take()
        return self.image


def drop(*connections: sqlite3.Connection) -> None:
    """Lets go of connections, as a killed process does."""
    for db in connections:
        with suppress(sqlite3.Error):
            db.set_trace_callback(None)
            db.close()

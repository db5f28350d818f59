"""The server of a run: the real app over a real store, that can be killed, started again and restored."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from sync_server import accounts
from sync_server.app import create_server_app
from sync_server.files import FOLDER, Files
from sync_server.manifest import Manifest
from sync_server.store_sqlite import FILE_NAME, SqliteStore, restore

from .disk import Fuse, Image, drop
from .transport import Answer, answer_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


class Office:
    """Where the server stands. `now_ms` is its clock."""

    def __init__(self, folder: Path, manifest: Manifest, now_ms: Callable[[], int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / FILE_NAME
        self.manifest = manifest
        self.now_ms = now_ms
        self.is_down = False
        self._backups = 0
        self._open()

    def _open(self) -> None:
        self.store = SqliteStore(self.path, self.manifest)
        self.files = Files(self.folder / FOLDER, lambda folder: 1 << 40)  # whatever the disk of the test has left
        self.app = create_server_app(self.store, self.manifest, self.now_ms, self.files)
        self._fuse: Fuse | None = None

    def serve(self, environ: WSGIEnvironment) -> Answer:
        if self.is_down:
            raise requests.ConnectionError("nobody listens")
        answer = answer_of(self.app, environ)
        if self._fuse is not None:
            self._die()
        return answer

    def restart(self, manifest: Manifest | None = None) -> None:
        """In order; perhaps as a newer version."""
        self.store.close()
        self.manifest = manifest or self.manifest
        self._open()

    def crash_at(self, statement: int) -> None:
        """The next call ends the server before this statement of its writing."""
        self._fuse = Fuse(lambda: Image.of(self.path), statement)
        self._fuse.lay(self.store._writer)

    def _die(self) -> None:
        assert self._fuse is not None
        image = self._fuse.burn()
        self.kill()
        image.put(self.path)
        self._open()

    def kill(self) -> None:
        drop(*self.store._all)

    def backup(self) -> Path:
        self._backups += 1
        file = self.folder / f"backup-{self._backups}.db"
        self.store.backup(file)
        return file

    def restore(self, file: Path) -> None:
        """What an administrator does after a disk was lost: a new epoch begins."""
        self.store.close()
        restore(file, self.path, self.manifest)
        for kept in self.folder.glob(f"{FILE_NAME}.before-restore-*"):
            kept.unlink()
        self._open()

    def put_back(self, file: Path) -> None:
        """Somebody puts an old copy of the data file in its place, and tells nobody."""
        self.store.close()
        for name in (FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.copyfile(file, self.path)
        self._open()

    def collect(self) -> int:
        """What the server does once a day with contents that no record needs."""
        return self.files.collect(self.store.files_ever, self.now_ms())

    def invite(self, branch: str = "01") -> str:
        return accounts.invite(self.store, branch, None, self.now_ms())

    def close(self) -> None:
        with suppress(OSError):
            self.store.close()

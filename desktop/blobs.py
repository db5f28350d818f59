"""The contents of attached files: one file per content, named by its hash, in the data folder beside the database.

A content is never changed. It is in its place, whole and on the disk, before a row speaks of it; the same content twice
is one file. The table `blob` says of each content what is to be done with it; whether it is here says the folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import uuid4

from sync_server.replication.idle import Idle

from .db import Database, is_full
from .errors import BadRequest, StorageFull, TooLarge
from .files import make_private, open_private, spare_bytes, sync_folder
from .pictures import make_thumbnail

_NO_ROOM = "磁盘剩余的空间要留给数据，放不下这个附件。请清出空间后再试"
IDLE = "idle.json"
"""How long contents have lain here without a row."""
_BLOCK = 1 << 18
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Blob:
    """A content by hash and length."""

    sha256: str
    size: int

    @property
    def is_sound(self) -> bool:
        """Whether the hash is one: it names a file."""
        return _HASH.fullmatch(self.sha256) is not None and self.size > 0


class Blobs:
    """The contents of one data folder."""

    def __init__(self, db: Database, folder: Path, largest_mb: Callable[[], int]) -> None:
        self.db = db
        self.folder = folder
        self.largest_mb = largest_mb
        self.spare: Callable[[Path], int] = spare_bytes

        self._keeping = threading.Lock()
        self._taken: set[str] = set()
        """Contents that came in since the start: their rows may be about to be written."""

    @property
    def bytes_max(self) -> int:
        """The largest content that is taken (the setting file.max_mb)."""
        return self.largest_mb() * 1024 * 1024

    @property
    def _incoming(self) -> Path:
        return self.folder / "incoming"

    def path(self, sha256: str) -> Path:
        """Where a content lies, if it is here."""
        return place(self.folder, sha256)

    def part(self, sha256: str) -> Path:
        """Where a content gathers while it comes from the server; a cut leaves what has come."""
        make_private(self._incoming)
        return self._incoming / f"{sha256}.part"

    def has(self, blob: Blob) -> bool:
        return is_in(self.folder, blob)

    def take(self, stream: IO[bytes]) -> Blob:
        """Keeps what comes in, in memory a block at a time. Raises `BadRequest` for nothing, `TooLarge`."""
        make_private(self._incoming)
        temp = self._incoming / uuid4().hex
        try:
            blob = self._written(stream, temp)
            self._settle(temp, blob)
        except OSError as error:
            raise (StorageFull() if is_full(error) else error) from error
        finally:
            temp.unlink(missing_ok=True)
        self.note(blob, have=True)
        return blob

    def _written(self, stream: IO[bytes], temp: Path) -> Blob:
        digest, size, spare, most = hashlib.sha256(), 0, self.spare(self._incoming), self.bytes_max
        with open(temp, "wb", opener=open_private) as file:
            while block := stream.read(_BLOCK):
                size += len(block)
                if size > most:
                    raise TooLarge(f"文件超过 {most // 2**20} MB，不能作为附件。请压缩或分成几个文件")
                if size > spare:
                    raise StorageFull(_NO_ROOM)
                digest.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if size == 0:
            raise BadRequest("这个文件是空的，没有内容可附")
        return Blob(digest.hexdigest(), size)

    def refuse_beyond_reserve(self, length: int) -> None:
        """Raises `StorageFull` if so much more would not leave enough space for rows."""
        make_private(self._incoming)
        if self.spare(self._incoming) < length:
            raise StorageFull(_NO_ROOM)

    def adopt(self, blob: Blob) -> bool:
        """Takes what has gathered for its place, if it is that very content; what is not is thrown away."""
        part = self.part(blob.sha256)
        if not part.exists() or part.stat().st_size != blob.size or hash_of(part) != blob.sha256:
            part.unlink(missing_ok=True)
            return False
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        self._settle(part, blob)
        self.note(blob, have=True, is_there=True)
        return True

    def _settle(self, temp: Path, blob: Blob) -> None:
        with self._keeping:
            self._taken.add(blob.sha256)
            self._put(temp, blob)

    def _put(self, temp: Path, blob: Blob) -> None:
        target = self.path(blob.sha256)
        if self.has(blob):
            temp.unlink(missing_ok=True)
            return
        for folder in (target.parent.parent, target.parent):
            make_private(folder)
        temp.replace(target)
        for folder in (target.parent, target.parent.parent, self.folder):
            sync_folder(folder)

    def note(self, blob: Blob, *, have: bool, is_there: bool = False) -> None:
        """Remembers a content that was seen to be it; `is_there`: the server has it. A row may have told a wrong length
        before."""
        with self.db.write() as db:
            db.execute(
                "INSERT INTO blob (sha256, size, have, uploaded) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET size = "
                "excluded.size, have = excluded.have, uploaded = max(uploaded, excluded.uploaded), want = 0, "
                "fails = 0, next_at = 0, missing = 0",
                (blob.sha256, blob.size, have, is_there),
            )

    def thumbnail(self, blob: Blob) -> Path | None:
        """A small picture of a content that is here; made once, kept beside it."""
        target = self._small(blob.sha256)
        if not self.has(blob):
            return None
        make_private(target.parent)
        return target if target.exists() or make_thumbnail(self.path(blob.sha256), target) else None

    def sweep(self) -> None:
        """Removes uploads that a killed program left; what gathers from the server goes on. Only for who holds the
        data folder alone."""
        for file in self._incoming.glob("*"):
            if file.suffix != ".part":
                file.unlink(missing_ok=True)

    def collect(self, now_ms: int) -> int:
        """Removes contents, and what gathered of them, of which no row has spoken for long, deleted or not; how
        many."""
        if not self.folder.exists():
            return 0
        lying = {file.name for file in self.folder.glob("??/??/*")} | {file.stem for file in self._parts()}
        file = self.folder / IDLE
        before = Idle.read(file.read_text(encoding="utf-8")) if file.exists() else Idle()
        idle = before.looked(lying - self._spoken_of() - self._taken, now_ms)
        gone = [one for one in idle.due if self._remove(one)]
        with open(file, "w", opener=open_private, encoding="utf-8") as kept:  # half of it would only begin anew
            kept.write(idle.without(idle.due).text())
        return len(gone)

    def _parts(self) -> Iterator[Path]:
        return self._incoming.glob("*.part")

    def _spoken_of(self) -> set[str]:
        with self.db.read() as db:
            return {row[0] for row in db.execute("SELECT DISTINCT sha256 FROM attachment WHERE sha256 IS NOT NULL")}

    def _remove(self, sha256: str) -> bool:
        """Unless it came in, or a row that speaks of it, just now."""
        with self._keeping, self.db.write() as db:
            is_needed = db.execute("SELECT 1 FROM attachment WHERE sha256 = ?", (sha256,)).fetchone() is not None
            if is_needed or sha256 in self._taken:
                return False
            for file in (self.path(sha256), self.part(sha256), self._small(sha256)):
                file.unlink(missing_ok=True)
            db.execute("DELETE FROM blob WHERE sha256 = ?", (sha256,))
        return True

    def _small(self, sha256: str) -> Path:
        return self.folder / "small" / f"{sha256}.png"

    def wipe(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def place(folder: Path, sha256: str) -> Path:
    """Where a content lies in the folder of contents, if it is there."""
    return folder / sha256[:2] / sha256[2:4] / sha256


def is_in(folder: Path, blob: Blob) -> bool:
    """Whether a content is there, by its name and length. A row may hold anything: what is no hash is nowhere."""
    try:
        return blob.is_sound and place(folder, blob.sha256).stat().st_size == blob.size
    except OSError:
        return False


def hash_of(file: Path, look: Callable[[], None] = lambda: None) -> str:
    """The hash of a file's content."""
    digest = hashlib.sha256()
    with file.open("rb") as read:
        while block := read.read(_BLOCK):
            digest.update(block)
            look()
    return digest.hexdigest()

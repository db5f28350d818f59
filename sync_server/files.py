"""The contents of attached files, beside the server's database: brought in parts, in place only when the whole has the
right hash. A content never changes, so nothing here needs a transaction."""

import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import BadRequest, FileSpoilt, StorageFull
from .replication.idle import Idle

PART_BYTES = 4 << 20
FILE_BYTES_MAX = 1 << 30
"""Whatever a company allows its people, this much one content may have."""
FOLDER = "files"
RESERVE_BYTES = 200 << 20, 2 << 30
"""What files leave free on the disk for rows, a twentieth of it between these: without space no row is taken in."""
KEPT_S = 7 * 86_400
"""How long parts wait for the rest."""
_IDLE = "idle.json"
_BLOCK = 1 << 18
_NO_SPACE = (28, 122)


def parts_of(size: int) -> int:
    """Into how many parts a content of this length is cut."""
    return -(-size // PART_BYTES)


def part_bytes(size: int, part: int) -> int:
    """The length of one of its parts."""
    return min(PART_BYTES, size - part * PART_BYTES)


def spare_bytes(folder: Path) -> int:
    """How much more files may take on the disk of a folder."""
    disk = shutil.disk_usage(folder)
    least, most = RESERVE_BYTES
    return disk.free - min(max(disk.total // 20, least), most)


class Files:
    """The contents in one folder."""

    def __init__(self, folder: Path, spare: Callable[[Path], int] = spare_bytes) -> None:
        self.folder = folder
        self._spare = spare
        self._joining = threading.Lock()

    def path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def has(self, sha256: str, size: int) -> bool:
        try:
            return self.path(sha256).stat().st_size == size
        except OSError:
            return False

    def read(self, sha256: str, start: int, length: int) -> bytes:
        """A piece of a content that is here."""
        with self.path(sha256).open("rb") as file:
            file.seek(start)
            return file.read(length)

    def next_part(self, sha256: str, size: int) -> int:
        """The first part to bring: one that has not come, or the last once more where the whole could not be made of
        them; their number when the content is whole."""
        if self.has(sha256, size):
            return parts_of(size)
        missing = _missing_part(self._room(sha256, size), size)
        return parts_of(size) - 1 if missing is None else missing

    def _room(self, sha256: str, size: int) -> Path:
        return self.folder / "incoming" / f"{sha256}.{size}"

    def put(self, sha256: str, size: int, part: int, data: bytes) -> bool:
        """Keeps one part; true when that made the content whole. Raises FileSpoilt, BadRequest, StorageFull."""
        if not 0 <= part < parts_of(size) or len(data) != part_bytes(size, part):
            raise BadRequest("a part has its own length")
        if self.has(sha256, size):
            return True
        room = self._room(sha256, size)
        try:
            _make_private(room)
            self._refuse_beyond_reserve(len(data))
            temp = room / f"{part}.{threading.get_ident()}.temp"
            _write(temp, iter((data,)))
            temp.replace(room / str(part))
            return self._join(sha256, size, room)
        except FileNotFoundError:  # another machine brought the last part meanwhile: the parts made way for the whole
            return self.has(sha256, size)
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise StorageFull() from error
            raise

    def _join(self, sha256: str, size: int, room: Path) -> bool:
        """One at a time: the last parts may come from two machines at once."""
        with self._joining:
            if self.has(sha256, size):
                shutil.rmtree(room, ignore_errors=True)
                return True
            if _missing_part(room, size) is not None:
                return False
            self._refuse_beyond_reserve(size)
            temp = room / "whole.temp"
            if _write(temp, _blocks(room, size)) != sha256:
                shutil.rmtree(room, ignore_errors=True)
                raise FileSpoilt()
            target = self.path(sha256)
            _make_private(target.parent)
            temp.replace(target)
            _sync_folder(target.parent)
            shutil.rmtree(room, ignore_errors=True)
            return True

    def _refuse_beyond_reserve(self, length: int) -> None:
        if self._spare(self.folder) < length:
            raise StorageFull()

    def sweep(self, now_s: float) -> None:
        """Removes parts whose rest has not come for long."""
        for room in (self.folder / "incoming").glob("*"):
            if room.stat().st_mtime < now_s - KEPT_S:
                shutil.rmtree(room, ignore_errors=True)

    def collect(self, spoken_of: Callable[[], set[str]], now_ms: int) -> int:
        """Removes contents of which no row has spoken for long, deleted or not; how many. A content is set aside before
        the rows are asked once more: who asks for it between brings it again, and who was told before that it is here
        has a row that the second answer knows."""
        if not self.folder.exists():
            return 0
        self._put_back()
        lying = {file.name for file in self.folder.glob("??/??/*")}
        idle = self._idle().looked(lying - spoken_of(), now_ms)
        for sha256 in idle.due:
            self._set_aside(sha256)
        still_idle = set(idle.due) - spoken_of() if idle.due else set()
        for sha256 in still_idle:
            (self._aside / sha256).unlink(missing_ok=True)
        self._put_back()
        self._keep(idle.without(idle.due))
        return len(still_idle)

    @property
    def _aside(self) -> Path:
        return self.folder / "aside"

    def _set_aside(self, sha256: str) -> None:
        _make_private(self._aside)
        self.path(sha256).replace(self._aside / sha256)

    def _put_back(self) -> None:
        """What was set aside and is needed, also by a look that was killed."""
        for file in self._aside.glob("*"):
            _make_private(self.path(file.name).parent)
            file.replace(self.path(file.name))

    def _idle(self) -> Idle:
        file = self.folder / _IDLE
        return Idle.read(file.read_text(encoding="utf-8")) if file.exists() else Idle()

    def _keep(self, idle: Idle) -> None:
        _make_private(self.folder)
        temp = self.folder / f"{_IDLE}.temp"
        _write(temp, iter((idle.text().encode(),)))
        temp.replace(self.folder / _IDLE)

    def begin_anew(self) -> None:
        """Rows were put back to another time: what they do not speak of may be spoken of soon."""
        (self.folder / _IDLE).unlink(missing_ok=True)

    def missing(self, files: Iterator[tuple[str, int]]) -> list[tuple[str, int]]:
        """Of these contents, those that are not here."""
        return [(sha256, size) for sha256, size in files if not self.has(sha256, size)]


def _make_private(folder: Path) -> None:
    """Makes a folder, and those it lies in, that only this user can look into."""
    if not folder.exists():
        _make_private(folder.parent)
        folder.mkdir(0o700, exist_ok=True)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _missing_part(room: Path, size: int) -> int | None:
    return next((part for part in range(parts_of(size)) if not _is_whole(room, size, part)), None)


def _is_whole(room: Path, size: int, part: int) -> bool:
    try:
        return (room / str(part)).stat().st_size == part_bytes(size, part)
    except OSError:
        return False


def _blocks(room: Path, size: int) -> Iterator[bytes]:
    for part in range(parts_of(size)):
        with (room / str(part)).open("rb") as file:
            while block := file.read(_BLOCK):
                yield block


def _write(target: Path, blocks: Iterator[bytes]) -> str:
    """Writes to the disk, and says the hash of what was written."""
    digest = hashlib.sha256()
    with open(target, "wb", opener=_open_private) as file:
        for block in blocks:
            digest.update(block)
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut; Windows neither needs nor allows it."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

"""The only place that opens the database.

One writer connection behind a lock, a few reader connections, WAL. Saves use `synchronous=FULL`: a sales order
lost at power-off is not acceptable, and it costs only 28 % (sync.md B1). Tables are guarded: a write that does not
come through `Database.write()` fails loudly, also from a foreign tool.
"""

import queue
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .errors import Damaged, Refused, StorageFull
from .files import open_private

FILE_NAME = "ecms.db"
READERS = 8
_READER_CACHE_KIB = 8_000
_WRITER_CACHE_KIB = 48_000
_BULK_CACHE_KIB = 128_000
_FOLD_ROWS = 2_000
"""Rows written since the log was folded into the file, from which on that is done again, behind whoever works. Four
sales of 50 lines write as many, and 8 MB of log: folded in more often, the same pages go again and again."""
_LOG_PAGES = 10_000
"""40 MB. Should folding in not keep up, SQLite does it itself while somebody saves."""
_BULK_LOG_PAGES = 20_000
_PIECE_S = 0.5
"""For how long a piece of long work may hold the writer, even if nobody seems to wait for it."""
_WORTH_ANALYSING = 500
"""Rows written since the opening from which on SQLite looks anew at what stands in the indexes. Short
commands would take longer over that than over what they do."""
_STATEMENTS = 400
"""Kept prepared: posting a document asks nearly 200 of them, and preparing a wide one costs more than running it."""
_APPLICATION_ID = 0x45434D53  # "ECMS": tells our file from any other SQLite file
_NETWORK_FILE_SYSTEMS = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "fuse.sshfs", "davfs", "fuse.davfs2")
)
_CLOUD_FOLDERS = (
    "onedrive",
    "dropbox",
    "google drive",
    "googledrive",
    "icloud",
    "坚果云",
    "nutstore",
    "百度网盘",
    "baidusyncdisk",
)

Progress = Callable[[int, int], None]
"""Called with (done, in all); may raise to stop."""

_STEPS_BETWEEN_LOOKS = 100_000
"""Of SQLite's machine: some milliseconds."""

Functions = dict[str, tuple[int, Callable[..., str | int | None]]]
"""SQL functions by name: (number of arguments, function). All are pure."""


class Database:
    """An open data file.

    `write()` gives the one writer inside a transaction, `read()` a reader with a stable snapshot. Both nest:
    a helper may call them without asking who called it.
    """

    def __init__(self, path: Path, functions: Functions | None = None) -> None:
        self.path = path
        self._functions = functions or {}
        self._lock = threading.RLock()
        self._wanting: set[object] = set()
        """One for each thread that waits for the writer."""
        self._depth = 0
        self._guard_open = 0
        self._broken = False
        self._writer = self._connect(_WRITER_CACHE_KIB)
        self._readers: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._reading = threading.local()
        self._reader_count = 0
        self._counting = threading.Lock()
        self._after_commit: list[Callable[[], None]] = []
        self._is_damaged = False
        self._closed = False
        self._folding: threading.Thread | None = None
        self._folder: sqlite3.Connection | None = None
        self._folded_at = 0
        self._bulks = 0
        self._memories: dict[sqlite3.Connection, tuple[int, dict[Hashable, Any]]] = {}

    def _connect(self, cache_kib: int) -> sqlite3.Connection:
        db = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=10, cached_statements=_STATEMENTS
        )
        db.row_factory = sqlite3.Row
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute(
                "PRAGMA foreign_keys=OFF"
            )  # references are checked on saving; what others saved is never refused
            db.execute(f"PRAGMA cache_size=-{cache_kib}")
            db.execute("PRAGMA temp_store=MEMORY")
            db.execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
            db.create_function("ecms_writing", 0, lambda: self._guard_open)
            for name, (arguments, function) in self._functions.items():
                db.create_function(name, arguments, function, deterministic=True)
        except BaseException:
            db.close()
            raise
        return db

    @contextmanager
    def write(self, *, joins: bool = False) -> Iterator[sqlite3.Connection]:
        """The writer inside a transaction; nested calls are savepoints. Commits at the end, rolls back on any error.

        A nested call that `joins` takes no savepoint: an error in it undoes what is around it too. Under a savepoint
        every statement walks the list of all pages changed since, which made bulk writes 10 times slower.
        Raises `StorageFull` when the disk is full; nothing is half-written then. Raises `Damaged` once the file was
        found damaged.
        """
        with self._turn():
            with self._joined() if joins and self._depth else self._nested() as db:
                yield db
            waiting = self._waiting() if self._depth == 0 else []
            if self._depth == 0 and self._writer.total_changes - self._folded_at >= _FOLD_ROWS:
                self._fold_behind()
        for tell in waiting:
            tell()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The writer's lock, taken so that whoever holds it for long sees that somebody waits."""
        if not self._lock.acquire(blocking=False):
            mine = object()
            self._wanting.add(mine)
            try:
                self._lock.acquire()
            finally:
                self._wanting.discard(mine)
        try:
            yield
        finally:
            self._lock.release()

    def in_pieces(self, step: Callable[[sqlite3.Connection], bool]) -> Iterator[None]:
        """Calls `step` until it says that nothing is left, in transactions that end as soon as somebody waits for the
        writer, at the latest after half a second; yields between them. Not inside of a transaction, where nobody else
        could have his turn.

        A single step should take well under 0.2 s: so long somebody else's save waits.
        """
        assert not self._lock_is_mine(), "pieces of one transaction are none"
        is_left = True
        while is_left:
            with self.write() as db:
                until = time.monotonic() + _PIECE_S
                while (is_left := step(db)) and not self._wanting and time.monotonic() < until:
                    pass
            yield
            self._give_way()

    def _give_way(self) -> None:
        """Lets those save who wait now: a lock that is taken again at once would be had by the same thread."""
        waiting = set(self._wanting)
        while not waiting.isdisjoint(self._wanting):
            time.sleep(0.001)

    @contextmanager
    def _nested(self) -> Iterator[sqlite3.Connection]:
        if self._is_damaged:  # whatever is written into a damaged file may be lost with it
            raise Damaged
        db, depth, waiting = self._writer, self._depth, len(self._after_commit)
        db.execute("BEGIN IMMEDIATE" if depth == 0 else f"SAVEPOINT s{depth}")
        self._depth = depth + 1
        try:
            yield db
            if self._broken:
                raise RuntimeError("an error inside a joined write was swallowed")
            db.execute("COMMIT" if depth == 0 else f"RELEASE s{depth}")
        except BaseException as error:
            del self._after_commit[waiting:]
            self._broken = False
            self._note_damage(error)
            _roll_back(db, depth)
            if is_full(error):
                raise StorageFull from error
            if is_damage(error):
                raise Damaged from error
            raise
        finally:
            self._depth = depth

    def _note_damage(self, error: BaseException) -> None:
        self._is_damaged = self._is_damaged or is_damage(error)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Calls back as soon as this thread's outermost transaction has committed, never if it was undone. At once
        when there is none."""
        if self._lock_is_mine():
            self._after_commit.append(callback)
        else:
            callback()

    def _fold_behind(self) -> None:
        """Has the log folded into the file beside whoever works: it takes as long again as posting a long document."""
        if self._bulks or self._closed or (self._folding and self._folding.is_alive()):
            return
        self._folded_at = self._writer.total_changes
        self._folding = threading.Thread(target=self._fold, name="fold log")
        with suppress(RuntimeError):  # the program ends: closing folds it in
            self._folding.start()

    def _fold(self) -> None:
        with suppress(sqlite3.Error):  # what was saved lies safe in the log, and is folded in another time
            self._folder = self._folder or self._connect(_READER_CACHE_KIB)
            self._folder.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _end_folding(self) -> None:
        """Waits for it: while it goes on nobody else folds anything in, SQLite does not even wait its turn."""
        if self._folding and self._folding.is_alive():
            self._folding.join()

    def _waiting(self) -> list[Callable[[], None]]:
        waiting, self._after_commit = self._after_commit, []
        return waiting

    @contextmanager
    def bulk(self) -> Iterator[None]:
        """While very much is written: a larger cache and fewer checkpoints, since indexes are hit all over. Others
        may write meanwhile."""
        self._tune(1)
        try:
            yield
        finally:
            self._tune(-1)

    def _tune(self, more: int) -> None:
        """One of such works more, or less: the last of them ends it."""
        with self._lock:
            self._bulks += more
            self._writer.execute(f"PRAGMA cache_size=-{_BULK_CACHE_KIB if self._bulks else _WRITER_CACHE_KIB}")
            self._writer.execute(f"PRAGMA wal_autocheckpoint={_BULK_LOG_PAGES if self._bulks else _LOG_PAGES}")

    @contextmanager
    def _joined(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._writer
        except BaseException:
            self._broken = True
            raise

    @contextmanager
    def unguarded(self) -> Iterator[None]:
        """Opens the guard of the business tables. Only `apply`, seeding and rebuilding derived data may ask for it."""
        with self._lock:
            self._guard_open += 1
            try:
                yield
            finally:
                self._guard_open -= 1

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A reader that sees one snapshot. Inside this thread's own `write()` it is the writer, so it sees its own
        changes."""
        if self._depth and self._lock_is_mine():
            yield self._writer
            return
        held: sqlite3.Connection | None = getattr(self._reading, "db", None)
        if held is not None:
            yield held
            return
        db = self._take_reader()
        self._reading.db = db
        try:
            db.execute("BEGIN")
            yield db
        except sqlite3.DatabaseError as error:
            self._note_damage(error)
            if is_damage(error):
                raise Damaged from error
            raise
        finally:
            self._reading.db = None
            if db.in_transaction:
                db.execute("ROLLBACK")
            self._readers.put(db)

    def memory(self, db: sqlite3.Connection) -> dict[Hashable, Any]:
        """Where to keep what was worked out from the snapshot that `db`, from `read()`, sees. It is emptied as soon as
        anybody has committed anything, another program too; a writer has none, as it sees what nobody else does."""
        if db is self._writer:
            return {}
        version: int = db.execute("PRAGMA data_version").fetchone()[0]
        known = self._memories.get(db)
        if known is None or known[0] != version:
            known = self._memories[db] = (version, {})
        return known[1]

    def _lock_is_mine(self) -> bool:
        if self._lock.acquire(blocking=False):
            mine = self._depth > 0
            self._lock.release()
            return mine
        return False

    def _take_reader(self) -> sqlite3.Connection:
        try:
            return self._readers.get_nowait()
        except queue.Empty:
            pass
        with self._counting:  # not the writer's lock: nobody who reads waits for somebody who saves
            fresh = self._reader_count < READERS
            self._reader_count += fresh
        if not fresh:
            return self._readers.get(timeout=60)
        try:
            return self._connect(_READER_CACHE_KIB)
        except BaseException:
            with self._counting:
                self._reader_count -= 1
            raise

    def copy_to(self, target: Path, progress: Progress = lambda done, total: None) -> None:
        """A consistent copy in one file, made while others go on reading and writing. `target` must not exist.

        `progress` gets bytes; when it raises, nothing is left at `target`.
        """
        db = self._connect(2_000)
        try:
            with watched(db, lambda: progress(*_sizes(self.path, target))):
                db.execute("VACUUM INTO ?", (str(target),))
            target.chmod(0o600)
        except BaseException as error:
            target.unlink(missing_ok=True)
            if is_full(error):
                raise StorageFull from error
            raise
        finally:
            db.close()

    def shrink(self) -> None:
        """Gives back the space of what was deleted, so that nothing of it can be read from the file or its log."""
        with self._lock:
            self._writer.execute("VACUUM")
            self._end_folding()
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Folds the write-ahead log into the file and closes everything. Harmless when called twice."""
        if self._closed:
            return
        with self._lock:
            self._closed = True
        self._end_folding()
        if self._folder:
            self._folder.close()
        while not self._readers.empty():
            self._readers.get_nowait().close()
        with self._lock:
            # Disk full or damaged: what was saved lies safe in the log and is folded in the next time.
            with suppress(sqlite3.Error):
                if self._writer.total_changes >= _WORTH_ANALYSING:
                    self._writer.execute("PRAGMA analysis_limit=400")
                    self._writer.execute("PRAGMA optimize")
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()


def _roll_back(db: sqlite3.Connection, depth: int) -> None:
    if not db.in_transaction:  # SQLite rolls back by itself on some errors, a full disk among them
        return
    if depth == 0:
        db.execute("ROLLBACK")
    else:
        db.execute(f"ROLLBACK TO s{depth}")
        db.execute(f"RELEASE s{depth}")


def is_full(error: BaseException) -> bool:
    """Whether an error means that the disk is full."""
    if isinstance(error, sqlite3.OperationalError):
        return "full" in str(error) or getattr(error, "sqlite_errorname", "") == "SQLITE_IOERR_WRITE"
    return isinstance(error, OSError) and error.errno == 28


def is_damage(error: BaseException) -> bool:
    """Whether an error means that the file is damaged."""
    name = getattr(error, "sqlite_errorname", "")
    return isinstance(error, sqlite3.DatabaseError) and name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def open_database(folder: Path, functions: Functions | None = None) -> Database:
    """Opens (or creates) the data file in a folder of its own.

    Raises `Refused` for a folder on a network drive or in a cloud-synchronised folder, and for a file that is
    damaged or not ours. Never overwrites anything.
    """
    refuse_unsafe_place(folder)
    path = folder / FILE_NAME
    is_new = not path.exists()
    if is_new and any(folder.glob(FILE_NAME + "-*")):
        raise Refused(f"数据文件夹 {folder} 里缺少 {FILE_NAME}，但还有它的日志文件。请从备份恢复，不要删除这些文件。")
    if not is_new:
        _refuse_damaged(path)
    try:
        # Before SQLite opens it: nobody else may read it, whatever folder it lies in; its logs follow it in that.
        open(path, "ab", opener=open_private).close()
        db = Database(path, functions)
        _sign(db)
        return db
    except (OSError, sqlite3.Error, Damaged) as error:
        raise refusal(path, error) from error


def _sign(db: Database) -> None:
    """Marks the file as ours, also one that a kill left behind before anything was in it."""
    with db.read() as reader:
        (application,) = reader.execute("PRAGMA application_id").fetchone()
    if application != _APPLICATION_ID:
        with db.write() as writer:
            writer.execute(f"PRAGMA application_id={_APPLICATION_ID}")


def _refuse_damaged(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(100)
    if head and (not head.startswith(b"SQLite format 3\x00") or _is_cut(path, head)):
        raise Refused(f"数据文件 {path} 已损坏，没有改动它。请从最近的备份恢复。")
    try:
        probe = sqlite3.connect(path, timeout=2)
        try:
            (application,) = probe.execute("PRAGMA application_id").fetchone()
            # Reading the tables takes most of the time of an opening; of our own files the first writer does it anyway.
            is_ours = application == _APPLICATION_ID
            tables = 0 if is_ours else probe.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        finally:
            probe.close()
    except sqlite3.Error as error:
        raise refusal(path, error) from error
    if tables:
        raise Refused(f"{path} 不是本程序的数据文件，没有改动它。请换一个数据文件夹。")


def _is_cut(path: Path, head: bytes) -> bool:
    """What SQLite itself notices only when it comes to the missing page, or when it first writes."""
    if len(head) < 100 or head[18] not in (1, 2) or head[19] not in (1, 2) or head[20]:
        return True
    log = path.with_name(path.name + "-wal")
    if (log.exists() and log.stat().st_size) or head[24:28] != head[92:96]:
        return False  # the log holds what is missing, or the page count does not count
    size = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    return path.stat().st_size < pages * (65_536 if size == 1 else size)


def refusal(path: Path, error: Exception) -> Refused:
    """Why the data cannot be opened, in words, and what to do."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return Refused(f"数据文件 {path} 正被另一个程序占用。请关闭那个程序后再打开。")
    if "readonly" in text or "unable to open" in text or isinstance(error, PermissionError):
        return Refused(f"数据文件 {path} 打不开或不能写入。请检查文件夹的权限。")
    if isinstance(error, StorageFull) or is_full(error):
        return Refused("磁盘已满，打不开数据。清出空间后再打开。")
    return Refused(f"数据文件 {path} 已损坏，没有改动它。请从最近的备份恢复。")


def refuse_unsafe_place(folder: Path) -> None:
    """Raises `Refused` for places where SQLite loses data: network drives and folders a cloud program copies."""
    resolved = folder.resolve()
    if _is_network(resolved):
        raise Refused(f"数据文件夹 {folder} 在网络盘上，可能损坏数据。请放在本机磁盘。")
    if any(mark in part.lower() for part in resolved.parts for mark in _CLOUD_FOLDERS):
        raise Refused(f"数据文件夹 {folder} 在云同步文件夹里，可能损坏数据。请放在普通的本机文件夹。")


def _is_network(folder: Path) -> bool:
    if sys.platform == "win32":
        import ctypes

        return str(folder).startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(folder.anchor) == 4
    return _file_system(folder) in _NETWORK_FILE_SYSTEMS


def _file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Type of the file system a folder lies on: that of the longest mount point above it."""
    if not mounts.exists():
        return ""
    above = {str(one) for one in (folder, *folder.parents)}
    best, kind = "", ""
    for line in mounts.read_text(errors="replace").splitlines():
        _, point, file_system, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if len(point) > len(best) and point in above:
            best, kind = point, file_system
    return kind


@contextmanager
def watched(db: sqlite3.Connection, look: Callable[[], None]) -> Iterator[None]:
    """Calls `look` again and again while a long statement runs; what it raises ends the statement."""
    raised: list[BaseException] = []

    def handler() -> int:
        try:
            look()
        except BaseException as error:  # SQLite would swallow it
            raised.append(error)
        return len(raised)

    db.set_progress_handler(handler, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    except sqlite3.OperationalError:
        if raised:
            raise raised[0] from None
        raise
    finally:
        db.set_progress_handler(None, 0)


def _sizes(source: Path, copy: Path) -> tuple[int, int]:
    """How much of a copy is there. It ends up smaller than its source, never larger."""
    total = source.stat().st_size
    return min(copy.stat().st_size if copy.exists() else 0, total), total


@contextmanager
def looked_into(path: Path) -> Iterator[sqlite3.Connection]:
    """A closed data file or backup, for reading only. Leaves no trace beside it.

    Raises `Refused` for what is no data file of ours or cannot be read.
    """
    if not path.is_file():
        raise Refused(f"没有这个文件：{path}")
    try:
        _refuse_foreign_head(path)
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    except (OSError, sqlite3.Error) as error:
        raise Refused(f"文件 {path} 打不开，请检查权限") from error
    db.row_factory = sqlite3.Row
    try:
        if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
            raise Refused(f"{path} 不是本程序的数据或备份")
        yield db
    except sqlite3.Error as error:
        raise Refused(f"文件 {path} 已损坏，没有使用它") from error
    finally:
        db.close()


def _refuse_foreign_head(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(16) != b"SQLite format 3\x00":
            raise Refused(f"{path} 不是本程序的数据或备份")

"""What keeps data safe: backup, restore with a new identity, and the check of everything the engine derives."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from .blobs import IDLE, Blob, is_in
from .db import FILE_NAME, Database, Progress, is_full, looked_into, open_database, refuse_unsafe_place, watched
from .engine.engine import SQL_FUNCTIONS
from .engine.schema import refuse_newer
from .errors import Refused, StorageFull
from .files import make_private, sync_folder, why
from .inspection import Finding as Finding
from .inspection import Step as Step
from .inspection import check as check
from .sync import diary
from .sync.identity import BASE_CODE_LENGTH_MAX as BASE_CODE_LENGTH_MAX
from .sync.identity import Identities, renew_file
from .sync.identity import renew_identity as renew_identity

LOGS = ("-wal", "-shm", "-journal")


# --------------------------------------------------------------------- backup


def backup(db: Database, target: Path, progress: Progress = lambda done, total: None) -> None:
    """A consistent copy in one file, opened and checked before it gets its name. Others go on working meanwhile.

    `progress` gets bytes copied and may raise to stop. Raises `Refused`. Whatever is raised: nothing stands at
    `target` then that was not there before.
    """
    target = target.absolute()
    _refuse_target(db.path, target)
    part = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
    try:
        db.copy_to(part, progress)
        size = part.stat().st_size
        verify(part, lambda: progress(size, size))
        _sync_file(part)
        part.replace(target)
        sync_folder(target.parent)
    except StorageFull as error:
        raise Refused(f"磁盘已满，没有写成备份：{target}。请换一个位置，或清出空间后再试") from error
    except (OSError, sqlite3.Error) as error:
        if is_full(error):
            raise Refused(f"磁盘已满，没有写成备份：{target}。请换一个位置，或清出空间后再试") from error
        raise Refused(f"不能写备份 {target}：{_reason(error)}。请换一个位置") from error
    finally:
        for tail in ("", *LOGS):  # SQLite leaves a journal behind when the disk is full
            part.with_name(part.name + tail).unlink(missing_ok=True)


def files_apart(db: Database, folder: Path) -> str:
    """What a backup lists and does not hold: the contents of attached files."""
    known = _known_files(db)
    if not known:
        return ""
    size = sum(blob.size for blob in known) / 1_048_576
    return f"；{len(known):,} 个附件（{size:,.1f} MB）只列了清单，内容在文件夹 {folder / 'files'}，请一起复制"


def files_lacking(folder: Path) -> str:
    """What restored data speak of and this folder does not hold."""
    db = open_database(folder, SQL_FUNCTIONS)
    try:
        count = sum(not is_in(folder / "files", blob) for blob in _known_files(db))
    finally:
        db.close()
    return f"。缺少 {count:,} 个附件的内容，请把备份时的 files 文件夹放回来，ecms check 会列出它们" if count else ""


def _known_files(db: Database) -> list[Blob]:
    """Contents that these data say are here; none in data of a version before there were any."""
    with db.read() as reader:
        is_known = reader.execute("SELECT 1 FROM sqlite_master WHERE name = 'blob'").fetchone()
        rows = reader.execute("SELECT sha256, size FROM blob WHERE have = 1").fetchall() if is_known else []
    return [Blob(*row) for row in rows]


def _refuse_target(live: Path, target: Path) -> None:
    if not target.parent.is_dir():
        raise Refused(f"没有这个文件夹：{target.parent}")
    if target.is_dir():
        raise Refused(f"{target} 是文件夹，请写出备份文件的名称")
    mine = [live, *(live.with_name(live.name + tail) for tail in LOGS)]
    if target.resolve() in {one.resolve() for one in mine} or (target.exists() and target.samefile(live)):
        raise Refused("备份不能写在正在使用的数据文件上，请换一个名称")


def verify(path: Path, look: Callable[[], None] = lambda: None) -> None:
    """Opens a backup and reads it through; raises `Refused` unless it is ours, whole and not newer than we are.

    `look` is called now and then and may raise to stop.
    """
    with looked_into(path) as db:
        refuse_newer(db)
        with watched(db, look):
            (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if said != "ok":
            raise Refused(f"文件 {path} 已损坏，没有使用它")
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'sync_self'").fetchone():
            raise Refused(f"{path} 里没有数据")


def _reason(error: BaseException) -> str:
    return why(error) if isinstance(error, OSError) else f"磁盘读写出错（{error}）"


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


# -------------------------------------------------------------------- restore


def restore(folder: Path, source: Path) -> Path | None:
    """Puts a backup in the place of the data, under a new identity. The program must not be running.

    Returns where the former data lie. A kill at any moment leaves the former data or the restored ones, whole: the
    copy is finished beside them and takes their place by one rename.
    """
    verify(source)
    live = folder / FILE_NAME
    if live.exists() and live.samefile(source):
        raise Refused("这就是正在使用的数据文件，请选一份备份")
    refuse_unsafe_place(folder)
    try:
        return _replace(folder, live, source)
    except (OSError, sqlite3.Error, StorageFull) as error:
        if isinstance(error, StorageFull) or is_full(error):
            raise Refused("磁盘已满，没有恢复，原来的数据还在。清出空间后再试") from error
        raise Refused(f"没有恢复，原来的数据还在：{_reason(error)}") from error


def _replace(folder: Path, live: Path, source: Path) -> Path | None:
    make_private(folder)
    _clear_remains(folder, live)
    work = folder / f"restore-{uuid4().hex[:8]}"
    work.mkdir(mode=0o700)
    try:
        fresh = _prepared(source, work)
        kept = _set_aside(live)
        (folder / "files" / IDLE).unlink(missing_ok=True)  # rows of another time: what they lack may come soon
        fresh.replace(live)
        sync_folder(folder)
        renew_file(folder, Identities.default())
    finally:
        _clear(work)
    return kept


def _prepared(source: Path, work: Path) -> Path:
    """A copy of the backup that already has its new identity and is whole in one file."""
    fresh = work / FILE_NAME
    _copy(source, fresh)
    db = open_database(work, SQL_FUNCTIONS)
    try:
        if renew_identity(db) is not None:
            with db.write() as writer:
                text = "已从备份恢复，本机从现在起用新的编号。备份以后的改动，同步时会从总部补回。"
                diary.note(writer, "identity", text=text)
    finally:
        db.close()
    if leftover := [file.name for file in work.iterdir() if file != fresh]:
        raise OSError(f"unfinished files: {leftover}")
    _sync_file(fresh)
    return fresh


def _copy(source: Path, target: Path) -> None:
    with source.open("rb") as read, target.open("xb") as write:
        while block := read.read(1 << 20):
            write.write(block)
        write.flush()
        os.fsync(write.fileno())
    target.chmod(0o600)


def _set_aside(live: Path) -> Path | None:
    """A second name for the former data: the file keeps its place until the restored one replaces it."""
    kept = _free_name(live)
    is_there = live.exists()
    if is_there:
        _fold_log(live)
        try:
            os.link(live, kept)
        except OSError:  # a file system without hard links
            _copy(live, kept)
    for tail in LOGS:  # of a damaged file: they must not be taken for the logs of the new one
        log = live.with_name(live.name + tail)
        if log.exists():
            log.replace(kept.with_name(kept.name + tail))
    sync_folder(live.parent)
    return kept if is_there else None


def _free_name(live: Path) -> Path:
    stem = f"{live.stem}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    names = (f"{stem}{tail}.bak" for tail in ("", *(f"-{n}" for n in range(2, 1_000))))
    return next(path for path in map(live.with_name, names) if not path.exists())


def _fold_log(live: Path) -> None:
    """Folds the write-ahead log of a killed program into its file. Damaged data stay as they are."""
    try:
        open_database(live.parent).close()
    except Refused:
        if _is_whole(live):  # in use by a foreign tool
            raise
    except sqlite3.Error:
        pass


def _is_whole(live: Path) -> bool:
    try:
        verify(live)
    except Refused:
        return False
    return True


def _clear_remains(folder: Path, live: Path) -> None:
    """What a killed restore left: its workplace, and a second name that still is the living file."""
    for work in folder.glob("restore-*"):
        _clear(work)
    for kept in folder.glob(f"{live.stem}-*.bak"):
        if live.exists() and kept.samefile(live):
            kept.unlink()


def _clear(work: Path) -> None:
    if work.is_dir():
        for file in work.iterdir():
            file.unlink()
        work.rmdir()

"""Imports, and their undoing, that were cut off: by a kill, or by a full disk (`running` says why they go on).

In data that were restored from a backup or copied they do not: others may have changed since what is still to come.
What is there stays, and can be taken back as ever."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator

from ...errors import Damaged, StorageFull
from ..access import Principal
from ..engine import Engine, Finished
from ..telling import EVERY_S, Tell
from . import running
from .documents import undo_of
from .judging import Progress
from .undoing import Undo, unseen

log = logging.getLogger(__name__)

PrincipalOf = Callable[[str], Principal]


def left(engine: Engine) -> list[sqlite3.Row]:
    """What was cut off and is to be finished, the first one first. In the turn of imports: else it may be under way."""
    with engine.db.read() as db:
        return db.execute(
            "SELECT r.batch, r.doing, COALESCE(r.operator, l.operator) AS operator, l.module, l.file, l.added, "
            "l.changed, r.replica IS NOT NULL AND r.replica != s.replica AS is_foreign FROM import_run r "
            "JOIN import_log l ON l.batch = r.batch JOIN sync_self s WHERE r.doing != '' ORDER BY l.at"
        ).fetchall()


def label_of(one: sqlite3.Row) -> str:
    return f"接着{'写完' if one['doing'] == running.WRITING else '撤销'}上次中断的导入「{one['file']}」"


def _telling(tell: Tell, one: sqlite3.Row) -> Progress:
    """How far it is, for who waits for a start."""
    said = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said >= EVERY_S:
            said = time.monotonic()
            tell(f"{label_of(one)}（{done:,} / {total:,}）")

    return progress


def finish_left(engine: Engine, principal_of: PrincipalOf) -> list[Finished]:
    """Comes to the end of all; raises `Unfinished` for the first one that finds the disk full."""
    return [finish(engine, one, principal_of) for one in left(engine)]


def finish_at_start(
    engine: Engine, principal_of: PrincipalOf, tell: Tell, *, is_foreign: bool = False
) -> Iterator[Finished]:
    """Before anybody signs in. What finds the disk full is told as not done. `is_foreign`: these data were copied, and
    will soon have a replica of their own."""
    for one in left(engine):
        tell(label_of(one))
        try:
            yield _drop(engine, one) if is_foreign else finish(engine, one, principal_of, _telling(tell, one))
        except (StorageFull, Damaged) as error:
            log.exception("an import that was cut off is not finished")
            yield Finished(one["module"], one["operator"], label_of(one), f"还没有完成：{error}", False)


def finish(
    engine: Engine, one: sqlite3.Row, principal_of: PrincipalOf, progress: Progress = unseen
) -> Finished:  # fmt: skip
    """Comes to the end of one. What goes wrong but for a full disk does not come again and again: a written one is
    taken back, of one that is taken back the rest stays."""
    try:
        if one["is_foreign"]:
            return _drop(engine, one)
        with engine.db.write() as db:
            db.execute("UPDATE import_run SET was_cut = 1 WHERE batch = ?", (one["batch"],))
        try:
            return _told(one, _go_on(engine, one, principal_of, progress))
        except (StorageFull, Damaged):
            raise
        except Exception as error:
            log.exception("an import that was cut off cannot be finished")
            return _give_up(engine, one, principal_of, error)
    except StorageFull as error:
        raise running.unfinished(engine, one["batch"]) from error


def _go_on(engine: Engine, one: sqlite3.Row, principal_of: PrincipalOf, progress: Progress) -> str:
    if one["doing"] == running.WRITING:
        running.Writing(engine, one["batch"]).run(progress)
        return f"新增 {one['added']:,} 条，更新 {one['changed']:,} 条"
    stayed = _undo(engine, one, principal_of).go_on(progress).stayed()
    return f"已经完成，{stayed}" if stayed else "已经完成"


def _undo(engine: Engine, one: sqlite3.Row, principal_of: PrincipalOf) -> Undo:
    return undo_of(engine, principal_of(one["operator"]), engine.definition(one["module"]), one["batch"])


def _told(one: sqlite3.Row, message: str, *, is_done: bool = True) -> Finished:
    return Finished(one["module"], one["operator"], label_of(one), message, is_done)


def _give_up(engine: Engine, one: sqlite3.Row, principal_of: PrincipalOf, error: Exception) -> Finished:
    if one["doing"] != running.WRITING:
        _keep_part(engine, one)
        return _told(one, f"只撤销了一部分：{error}。可以在「以前的导入」里再撤销", is_done=False)
    stayed = _undo(engine, one, principal_of).stop().stayed()
    return _told(one, "，".join(filter(None, (f"没有写完：{error}。已写入的都撤回了", stayed))), is_done=False)


def _drop(engine: Engine, one: sqlite3.Row) -> Finished:
    """The rest belongs to other data."""
    is_writing = one["doing"] == running.WRITING
    added, changed = _keep_part(engine, one)
    counts = f"新增 {added:,} 条，更新 {changed:,} 条"
    there = f"导入了一部分（{counts}），其余没有写" if is_writing else "撤销了一部分，其余没有动"
    label = f"上次中断的导入「{one['file']}」"
    message = f"{there}：数据是从备份恢复或复制来的。可以在「以前的导入」里撤销"
    return Finished(one["module"], one["operator"], label, message, False)


def _keep_part(engine: Engine, one: sqlite3.Row) -> tuple[int, int]:
    """What is there stays; the log says that it is a part, and of what."""
    with engine.db.write() as db:
        added, changed = running.written(db, one["module"], one["batch"])
        db.execute("DELETE FROM import_part WHERE batch = ?", (one["batch"],))
        sql = "UPDATE import_run SET doing = '', needs = NULL, was_cut = 1, part = ? WHERE batch = ?"
        db.execute(sql, (one["doing"], one["batch"]))
        if one["doing"] == running.WRITING:
            sql = "UPDATE import_log SET added = ?, changed = ? WHERE batch = ?"
            db.execute(sql, (added, changed, one["batch"]))
    return added, changed

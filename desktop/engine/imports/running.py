"""An import under way: written piece by piece, so that others save in between, and still all of it or nothing.

SQLite has one writer, and 50,000 rows keep it busy for a quarter of a minute. So an import is decided first, while
nobody waits. Then one short transaction looks whether what it rests on still stands, and keeps its ops (`import_part`)
with its line of the log: from here on it counts as imported. The ops are applied a changeset at a time, each in the
transaction that takes it out of `import_part`; a start that finds some left applies them before anybody signs in
(`finishing`). What is decided needs no rights and no judging any more, like what comes from another machine.
Taking everything back after a kill instead would have to decide anew, without the user, and would leave what somebody
has touched. A full disk in the middle is like a kill, only that the program still runs: nothing more can be written,
not even that it is taken back. So what is written stays, its user is told (`Unfinished`), and the rest is written as
soon as there is room: by a job that waits for it, by the next import (`turn`), or by a start, whichever comes first.

A run belongs to the replica that began it. Data that were restored or copied in the middle of one do not go on with it:
the rest was written where they come from, and others may have changed it since. They keep what is there (`finishing`).

What those who save in between may meet is what they would meet between two machines:

- Lists, here and elsewhere, show the rows as they come (sync.md "Big batches").
- What an op to come refers to or changes (`needs`) is not deleted here meanwhile: `removal` asks `is_needed`. What is
  deleted or changed elsewhere is judged by the server as ever: the changesets say what was known when they were
  decided (`ctx`), not what has come since.
- In a record that the import changes the later value of a field counts; the history has both, and undoing the import
  gives back the other.
- Rules and hints that look through other records find the rows written so far. Of two machines, too, none finds what
  the other is about to write; doubles are hints, and 合并重复 lists them.
- Numbers are drawn with each changeset: the series has neither gaps nor doubles.

Rows of one file that change the same record one after the other (but for what they name in a parent, which is
foretold) can be decided only when the one before is written: such a file is written in one transaction, as rare as it
is, and whoever saves waits for it.

Whoever stops it, and whatever else goes wrong, has what was written taken back (`undoing`), as one batch. That
is a journal of its own kind: each piece is decided when it is written, so that what somebody has touched or hung on a
record until then stays, and a start that finds it half done goes on with the rest.

Documents are written one to a changeset, as saves write them. One that rests on a balance is decided ahead, too, as
long as none before it names what that is of; else each would have to know of those before it, and they are written in
one transaction as well. Somebody may post meanwhile what a row says, too: that is told as of two machines (`flaws`).

One import or undoing is written at a time: two would only slow one another and make old what the other decided.
"""

import json
import logging
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import orjson

from sync_server.replication.changeset import Op

from ...errors import Unfinished
from ..apply import context_of, opened
from ..documents.drawn import with_number
from ..engine import Engine, Finished
from ..fields import Serial
from ..numbering import draw, master_number
from ..saving import branch_code, free_number
from ..work import Changed

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

WRITING, UNDOING, STOPPING = "write", "undo", "stop"
"""What is being done to an import: written, taken back, taken back because it was stopped while it was written."""

UNDO_ACT = "undo-import"

_TELL_EVERY_S = 1.0


@contextmanager
def alone(engine: Engine, progress: Progress) -> Iterator[None]:
    """While no import is being written, and none begins."""
    while not engine.importing.lock.acquire(timeout=0.2):
        progress(0, 0)
    try:
        yield
    finally:
        engine.importing.lock.release()


@contextmanager
def turn(engine: Engine, progress: Progress) -> Iterator[Sequence[Finished]]:
    """Waits until no other import is being written, and comes first to the end of what was cut off; gives what that
    was. Raises `Unfinished` where there still is no room for it."""
    with alone(engine, progress):
        yield engine.importing.finish_left()


def is_under_way(db: sqlite3.Connection, module: str) -> bool:
    """Whether an import into a module is being written or taken back, or is still to be finished."""
    sql = "SELECT 1 FROM import_run r JOIN import_log l ON l.batch = r.batch WHERE l.module = ? AND r.doing != ''"
    return db.execute(sql, (module,)).fetchone() is not None


def written(db: sqlite3.Connection, module: str, batch: str) -> tuple[int, int]:
    """How many records of an import are there so far: added, changed."""
    added, changed = set[str](), set[str]()
    for (body,) in db.execute("SELECT body FROM changeset WHERE batch = ?", (batch,)):
        for op in opened(body)["ops"]:
            if op["t"] == module:
                (added if op["k"] == "ins" else changed).add(op["id"])
    return len(added), len(changed - added)


def unfinished(engine: Engine, batch: str, *, is_stopped: bool = False) -> Unfinished:
    """What is told of an import that found the disk full in the middle of being written or taken back."""
    sql = "SELECT l.module, r.doing FROM import_log l JOIN import_run r ON r.batch = l.batch WHERE l.batch = ?"
    with engine.db.read() as db:
        module, doing = db.execute(sql, (batch,)).fetchone()
        count = sum(written(db, module, batch))
    if doing == WRITING and is_stopped:
        return Unfinished(f"没能停下：已写入 {count:,} 条，磁盘已满。腾出空间后会接着写完，写完以后可以撤销")
    if doing == WRITING:
        return Unfinished(f"已写入 {count:,} 条，磁盘已满。腾出空间后会接着写完，不用重新导入")
    return Unfinished("磁盘已满，这次导入还没有撤完。腾出空间后会接着撤销")


def packed(ops: Iterable[Op]) -> bytes:
    """Ops of one changeset as they are kept."""
    return zlib.compress(orjson.dumps([op.wire() for op in ops]), 1)


def keep(
    db: sqlite3.Connection, batch: str, parts: Sequence[bytes], needs: Mapping[str, Sequence[str]],
    ctx: Mapping[str, int],
) -> None:  # fmt: skip
    """From the end of this transaction on the import is under way."""
    sql = (
        "INSERT INTO import_run (batch, doing, total, ctx, needs, replica) "
        "VALUES (?, ?, ?, ?, ?, (SELECT replica FROM sync_self))"
    )
    db.execute(sql, (batch, WRITING, len(parts), json.dumps(dict(ctx)), json.dumps(dict(needs))))
    db.executemany("INSERT INTO import_part VALUES (?, ?, ?)", ((batch, n, part) for n, part in enumerate(parts)))


def is_needed(db: sqlite3.Connection, rows: Mapping[str, Iterable[str]]) -> bool:
    """Whether an import that is being written still needs one of these records."""
    for (needs,) in db.execute("SELECT needs FROM import_run WHERE doing = ?", (WRITING,)):
        needed = json.loads(needs)
        if any(not set(needed.get(module, ())).isdisjoint(ids) for module, ids in rows.items()):
            return True
    return False


def end(db: sqlite3.Connection, batch: str) -> None:
    """Nothing is left to do; what a start had to finish is remembered."""
    db.execute("UPDATE import_run SET doing = '', needs = NULL, part = '' WHERE batch = ?", (batch,))
    db.execute("DELETE FROM import_run WHERE batch = ? AND was_cut = 0", (batch,))


class Telling:
    """Tells what changed now and then, not with every piece: each time the lists are read anew."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._changed, self._told = engine, Changed(), time.monotonic()

    def add(self, changed: Changed) -> None:
        self._changed.join(changed)

    def now_and_then(self) -> None:
        if time.monotonic() - self._told > _TELL_EVERY_S:
            self.now()

    def now(self) -> None:
        """Outside of a transaction: what is told is there."""
        changed, self._changed, self._told = self._changed, Changed(), time.monotonic()
        self._engine.tell(changed)


class Writing:
    """What is left of an import that was kept."""

    def __init__(self, engine: Engine, batch: str) -> None:
        self._engine, self._batch = engine, batch
        with engine.db.read() as db:
            module, self._operator, self._total, ctx = db.execute(
                "SELECT l.module, l.operator, r.total, r.ctx FROM import_log l JOIN import_run r ON r.batch = l.batch "
                "WHERE l.batch = ?",
                (batch,),
            ).fetchone()
        self._definition, self._ctx = engine.definition(module), json.loads(ctx)
        self._telling, self._done = Telling(engine), 0

    def run(self, progress: Progress) -> None:
        """Applies it; `progress` is called between the pieces and may raise to stop, with what was written there."""
        try:
            with self._engine.db.bulk():
                for _ in self._engine.db.in_pieces(self._apply_next):
                    self._telling.now_and_then()
                    progress(self._done, self._total)
        finally:
            self._telling.now()

    def _apply_next(self, db: sqlite3.Connection) -> bool:
        sql = "SELECT place, ops FROM import_part WHERE batch = ? ORDER BY place LIMIT 1"
        found = db.execute(sql, (self._batch,)).fetchone()
        if found is None:
            end(db, self._batch)
            return False
        ops = [Op.read(op) for op in orjson.loads(zlib.decompress(found["ops"]))]
        act, known = f"{self._definition.name}.import", context_of(db) | self._ctx
        self._telling.add(self._engine.applier.local(
            numbered(self._engine, db, self._definition.name, ops), actor=self._operator, act=act, batch=self._batch,
            ctx=known,
        ))  # fmt: skip
        db.execute("DELETE FROM import_part WHERE batch = ? AND place = ?", (self._batch, found["place"]))
        self._done = found["place"] + 1
        return True


def numbered(engine: Engine, db: sqlite3.Connection, module: str, ops: Sequence[Op]) -> list[Op]:
    """Ops with the numbers of new records, drawn all at once; those of documents are one document each."""
    definition, result = engine.definition(module), list(ops)
    if definition.module.document:
        return with_number(engine, db, definition, ops)
    is_new = [op.kind == "ins" and op.table == module for op in ops]
    me = engine.applier.me(db)
    branch = branch_code(db, me.branch)
    for name, one in definition.fields.items():
        if not (isinstance(one, Serial) and one.prefix):
            continue
        places = [place for place, fresh in enumerate(is_new) if fresh and not result[place].set.get(name)]
        seq = draw(db, one.prefix, branch, me.code, count=len(places)) if places and one.readonly else 0
        for place in places:
            if one.readonly:
                number, seq = master_number(one.prefix, branch, me.code, seq), seq + 1
            else:
                number = free_number(db, definition, name, me.code, branch)
            result[place] = replace(result[place], set={**result[place].set, name: number})
    return result

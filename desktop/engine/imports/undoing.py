"""Taking an import back: what it added is deleted, what it changed gets its old values, as one batch. What somebody
touched since stays as it is, and is named.

It is decided and written a changeset at a time, so that nobody waits for the whole of it (`running`)."""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_server.replication.changeset import Changeset, Op, Scalar, value_hash
from sync_server.replication.clock import Dot

from ...errors import BadRequest, NotFound, StorageFull
from .. import settled
from ..access import Principal, demand, scope_sql
from ..apply import iso_of, opened
from ..engine import Engine
from ..fields import OfFirstChild, PriceBeside
from ..ids import new_id
from ..query import T
from ..registry import Definition
from ..removal import delete_ops, removable
from ..saving import row_number
from ..work import Work
from . import running
from .matching import demand_import

Progress = Callable[[int, int], None]

_NAMED_MAX = 200
_TOLD_MAX = 3


@dataclass
class Undone:
    """What taking back does, or did."""

    deleted: int = 0
    drafts: int = 0
    """Of documents: how many of them were none yet; the others are cancelled."""
    restored: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    refused_count: int = 0

    @property
    def cancelled(self) -> int:
        """Of documents: those that counted. They stay in their lists, as 作废."""
        return self.deleted - self.drafts

    def refuse(self, id: str, title: str, reason: str) -> None:
        self.refused_count += 1
        if len(self.refused) < _NAMED_MAX:
            self.refused.append({"id": id, "title": title, "reason": reason})

    def stayed(self) -> str:
        """What was not taken back and why, in one sentence; blank when all was."""
        if not self.refused_count:
            return ""
        named = [f"「{one['title']}」{one['reason']}" if one["title"] else one["reason"] for one in self.refused]
        rest = "等" if self.refused_count > _TOLD_MAX else ""
        return f"{self.refused_count:,} 条没有动：{'，'.join(named[:_TOLD_MAX])}{rest}"

    def public(self) -> dict[str, Any]:
        return {
            "deleted": self.deleted, "drafts": self.drafts, "restored": self.restored, "refused": self.refused,
            "refused_count": self.refused_count,
        }  # fmt: skip


@dataclass(frozen=True)
class _Child:
    """A record that came with another, its parent."""

    table: str
    parent: str


def _by_table(born: Mapping[str, _Child], parents: Collection[str]) -> dict[str, dict[str, str]]:
    """The children of some parents: module → child → parent."""
    found: dict[str, dict[str, str]] = {}
    for id, one in born.items():
        if one.parent in parents:
            found.setdefault(one.table, {})[id] = one.parent
    return found


def _is_live(db: sqlite3.Connection, table: str, id: str) -> bool:
    return db.execute(f"SELECT 1 FROM {table} WHERE id = ? AND deleted_at IS NULL", (id,)).fetchone() is not None


def unseen(done: int, total: int) -> None:
    """Nobody watches, and nobody stops it."""


def past(engine: Engine, principal: Principal, module: str, limit: int = 100) -> list[dict[str, Any]]:
    """Imports into a module that were made on this machine, newest first."""
    demand_import(principal, engine.definition(module))
    with engine.db.read() as db:
        rows = db.execute(
            "SELECT l.*, COALESCE(r.doing, '') AS doing, COALESCE(r.was_cut, 0) AS was_cut, "
            "COALESCE(r.part, '') AS part FROM import_log l LEFT JOIN import_run r ON r.batch = l.batch "
            "WHERE l.module = ? ORDER BY l.at DESC LIMIT ?",
            (module, limit),
        )
        return [dict(row) | {"was_cut": bool(row["was_cut"])} for row in rows.fetchall()]


class Undo:
    """Taking one import back."""

    def __init__(self, engine: Engine, principal: Principal, definition: Definition, batch: str) -> None:
        self._engine, self._principal, self._definition, self._batch = engine, principal, definition, batch
        self._undone = Undone()
        self._doing, self._was_cut, self._undo = "", False, ""
        self._handled, self._going = set[str](), set[str]()
        """Rows of changesets that were looked at; of those, in a preview, what would be deleted."""

    def preview(self) -> Undone:
        """What `run` would do now; raises `BadRequest` for an import of which more is to come."""
        with self._engine.db.read() as db:
            self._refuse(db)
            self._read(db)
            self._refuse_unwritten()
            for changeset in self._changesets(db):
                self._ops(db, changeset)
        return self._undone

    def _refuse_unwritten(self) -> None:
        """Raises for an import of which more is to come."""
        if self._doing == running.WRITING:
            raise BadRequest("这次导入还没有写完，写完以后再撤销")

    def refuse(self) -> None:
        """Raises at once for what cannot be taken back at all."""
        with self._engine.db.read() as db:
            self._refuse(db)

    def run(self, progress: Progress) -> Undone:
        """Takes back all that can be. Once it has begun it comes to its end, be it after the next start; raises
        `Unfinished` where the disk is full before."""
        with running.turn(self._engine, progress):
            with self._engine.db.write() as db:
                self._refuse(db)
                self._begin(db, running.UNDOING)
            try:
                return self.go_on(progress)
            except StorageFull as error:
                raise running.unfinished(self._engine, self._batch) from error

    def stop(self) -> Undone:
        """Takes back an import that was stopped while it was written; where nothing of it has to stay it leaves no
        line in the log either. Inside its turn."""
        with self._engine.db.write() as db:
            self._begin(db, running.STOPPING)
        return self.go_on(unseen)

    def go_on(self, progress: Progress) -> Undone:
        """Does what is left of an undoing that has begun."""
        with self._engine.db.read() as db:
            self._read(db)
        self._left, self._telling = list(self._places), running.Telling(self._engine)
        try:
            with self._engine.db.bulk():
                for _ in self._engine.db.in_pieces(self._undo_next):
                    self._telling.now_and_then()
                    progress(len(self._places) - len(self._left), len(self._places))
        finally:
            self._telling.now()
        return self._undone

    def _begin(self, db: sqlite3.Connection, doing: str) -> None:
        """From the end of this transaction on it is under way. One that was cut off goes on."""
        db.execute("DELETE FROM import_part WHERE batch = ?", (self._batch,))
        db.execute(
            "INSERT INTO import_run (batch, doing, undo, operator, replica) "
            "VALUES (?, ?, ?, ?, (SELECT replica FROM sync_self)) ON CONFLICT DO UPDATE SET doing = excluded.doing, "
            "operator = excluded.operator, undo = COALESCE(undo, excluded.undo), replica = excluded.replica",
            (self._batch, doing, new_id(), self._principal.operator),
        )

    def _undo_next(self, db: sqlite3.Connection) -> bool:
        """One changeset of the import, decided as things stand now."""
        if not self._left:
            self._end(db)
            return False
        act, actor = f"{self._definition.name}.{running.UNDO_ACT}", self._principal.operator
        for ops in self._steps(db, self._changeset(db, *self._left[0])):
            self._telling.add(self._engine.applier.local(ops, actor=actor, act=act, batch=self._undo))
        self._going.clear()
        del self._left[0]
        return True

    def _steps(self, db: sqlite3.Connection, changeset: Changeset) -> Iterator[list[Op]]:
        """What takes a changeset back, a changeset each."""
        yield self._ops(db, changeset)

    def _end(self, db: sqlite3.Connection) -> None:
        is_stopped, is_whole = self._doing == running.STOPPING, not self._undone.refused_count
        if is_stopped and is_whole and not self._was_cut:
            db.execute("DELETE FROM import_log WHERE batch = ?", (self._batch,))
        elif is_stopped or is_whole or self._has_begun or self._undone.deleted or self._undone.restored:
            at = iso_of(self._engine.applier.now_ms())
            db.execute("UPDATE import_log SET undone_at = ? WHERE batch = ?", (at, self._batch))
        running.end(db, self._batch)

    # ------------------------------------------------------------------- what it was

    def _refuse(self, db: sqlite3.Connection) -> None:
        demand(self._principal, "import", self._definition)
        row = db.execute(
            "SELECT operator, undone_at FROM import_log WHERE batch = ? AND module = ?",
            (self._batch, self._definition.name),
        ).fetchone()
        if row is None:
            raise NotFound("没有这次导入")
        if row["undone_at"]:
            raise BadRequest("这次导入已经撤销过了")
        if row["operator"] != self._principal.operator:
            demand(self._principal, "delete", self._definition)

    def _read(self, db: sqlite3.Connection) -> None:
        """What the import wrote, the last first: what hangs on a record came after it. And what of it is back."""
        self._undone, self._handled, self._going = Undone(), set(), set()
        found = db.execute(
            "SELECT c.r, c.n, r.uuid FROM changeset c JOIN replica r ON r.no = c.r WHERE c.batch = ? "
            "ORDER BY c.hlc DESC, c.n DESC",
            (self._batch,),
        ).fetchall()
        self._places = [(r, n) for r, n, _ in found]
        self._dots = {(uuid, n) for _, n, uuid in found}
        self._at = {iso_of(_body(db, *place)["at"]) for place in self._places}
        run = db.execute("SELECT doing, was_cut, undo FROM import_run WHERE batch = ?", (self._batch,)).fetchone()
        self._doing, self._was_cut, self._undo = run or ("", False, "")
        for r, n in db.execute("SELECT r, n FROM changeset WHERE batch = ?", (self._undo,)).fetchall():
            self._handled |= {op["id"] for op in _body(db, r, n)["ops"]}
        self._has_begun = bool(self._handled)

    def _changesets(self, db: sqlite3.Connection) -> Iterator[Changeset]:
        return (self._changeset(db, *place) for place in self._places)

    @staticmethod
    def _changeset(db: sqlite3.Connection, r: int, n: int) -> Changeset:
        return Changeset.read(_body(db, r, n))

    # ----------------------------------------------------------------- the ops back

    def _ops(self, db: sqlite3.Connection, changeset: Changeset) -> list[Op]:
        """What takes a changeset back."""
        kept = self._kept(db, changeset)
        self._handled |= {op.id for op in changeset.ops}
        added = [op for op in changeset.ops if op.kind == "ins" and op.table == self._definition.name]
        changed = [op for op in changeset.ops if op.table != self._definition.name or op.kind != "ins"]
        born = self._born(db, changeset)
        changed = [op for op in changed if op.id not in born]
        return [
            *self._deletions(db, added, kept, born),
            *self._reversals(db, changed, kept | {op.id for op in added}),
            *self._taken_from(db, born, kept | {op.id for op in added}, {op.id for op in changed}),
        ]

    def _born(self, db: sqlite3.Connection, changeset: Changeset) -> dict[str, _Child]:
        """Children that came with the records of a changeset (barcodes) and are as they came."""
        kept = {one.table: one for one in self._definition.fields.values() if isinstance(one, OfFirstChild)}
        ops = [op for op in changeset.ops if op.kind == "ins" and op.table in kept]
        work = Work(db, self._engine.registry)
        work.load((op.table, op.id) for op in ops)
        return {
            op.id: _Child(op.table, str(op.set[kept[op.table].by]))
            for op in ops
            if self._is_ours(work.clock(op.table, op.id).newest()) and _is_live(db, op.table, op.id)
        }

    def _kept(self, db: sqlite3.Connection, changeset: Changeset) -> set[str]:
        """Records of the module that stay: touched since, gone, or out of this user's sight."""
        own = (op.id for op in changeset.ops if op.table == self._definition.name and op.id not in self._handled)
        ids = list(dict.fromkeys(own))
        clocks, there = Work(db, self._engine.registry).clocks(self._definition.name, ids), self._there(db, ids)
        kept = {op.id for op in changeset.ops if op.id in self._handled}
        for id in ids:
            title, at = there.get(id, ("", ""))
            if at not in self._at or not self._is_ours(clocks[id].newest()):
                kept.add(id)
                is_there = id in there
                self._undone.refuse(
                    id, title if is_there else self._title(db, id),
                    "导入以后改过" if is_there else "已被删除，或不在能看的范围里",
                )  # fmt: skip
        return kept

    def _there(self, db: sqlite3.Connection, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Live records in the user's scope: title, and when they changed last."""
        scope = scope_sql(self._engine.registry, self._definition, self._principal, T)
        condition = f" AND {scope.text}" if scope else ""
        sql = (
            f"SELECT {T}.id, COALESCE({T}.\"{self._definition.module.title}\", ''), {T}.updated_at "
            f"FROM {self._definition.name} {T} WHERE {T}.deleted_at IS NULL{condition} "
            f"AND {T}.id IN (SELECT value FROM json_each(?))"
        )
        params = (*(scope.params if scope else ()), json.dumps(list(ids)))
        return {id: (str(title), at) for id, title, at in db.execute(sql, params)}

    def _title(self, db: sqlite3.Connection, id: str, *, deleted: bool = True) -> str:
        """Of a record that is deleted (or not); blank of one that this user may not see."""
        row = row_number(self._engine, db, self._principal, self._definition, id, deleted=deleted)
        title = self._definition.module.title
        found = db.execute(f'SELECT "{title}" FROM {self._definition.name} WHERE row = ?', (row,)).fetchone()
        return str(found[0] or "") if found else ""

    def _is_ours(self, dot: Dot) -> bool:
        return (dot.replica, dot.n) in self._dots

    def _deletions(
        self, db: sqlite3.Connection, added: Sequence[Op], kept: set[str], born: Mapping[str, _Child]
    ) -> list[Op]:
        """Records go that nothing hangs on which came later and that nothing needs; what came with them goes along."""
        ids = [op.id for op in added if op.id not in kept]
        free, refused = removable(self._engine, db, self._principal, self._definition, ids, self._going, born)
        for one in refused:
            self._undone.refuse(one["id"], one["title"], one["reason"])
        self._undone.deleted += len(free)
        self._going |= set(free)
        return delete_ops(self._engine, db, self._definition.name, free, _by_table(born, set(free)))

    def _taken_from(
        self, db: sqlite3.Connection, born: Mapping[str, _Child], kept: set[str], counted: set[str]
    ) -> list[Op]:
        """What records that were there before got in addition."""
        parents = {one.parent for one in born.values()} - kept
        self._undone.restored += len(parents - counted)
        return [
            op
            for table, ids in _by_table(born, parents).items()
            for op in delete_ops(self._engine, db, table, list(ids))
        ]

    def _reversals(self, db: sqlite3.Connection, changed: Sequence[Op], kept: set[str]) -> Iterator[Op]:
        """What was changed in records that were there before, and in parents that name an imported one."""
        work = Work(db, self._engine.registry)
        work.load((op.table, op.id) for op in changed if op.table not in self._engine.registry.links)
        for op in changed:
            if op.table in self._engine.registry.links:
                yield from self._link_back(db, op, kept)
            elif op.kind == "upd" and op.id not in kept:
                yield from self._update_back(db, work, op)
            elif op.kind == "ins" and op.table != self._definition.name:
                yield from self._blanked(work, op)

    def _update_back(self, db: sqlite3.Connection, work: Work, op: Op) -> Iterator[Op]:
        definition = self._engine.registry[op.table]
        clock = work.clock(op.table, op.id)
        names = [name for name in op.set if self._is_ours(clock.of(definition.unit_of.get(name, name)))]
        before = self._before(db, op)
        sets: dict[str, Scalar] = {name: before.get(name, op.set[name]) for name in names}
        kept = self._settled(db, definition, op.id, sets)
        if kept:
            self._undone.refuse(op.id, self._title(db, op.id, deleted=False), kept)
        elif names:
            self._undone.restored += op.table == self._definition.name
            yield Op(op.table, op.id, "upd", sets, {name: value_hash(op.set[name]) for name in sets})

    def _settled(
        self, db: sqlite3.Connection, definition: Definition, id: str, sets: Mapping[str, Scalar]
    ) -> str | None:
        """Why a record keeps what the import gave it: others rest on it since."""
        asked = [name for name in settled.staying(definition) if name in sets]
        if not asked:
            return None
        row = dict(db.execute(f"SELECT * FROM {definition.name} WHERE id = ?", (id,)).fetchone())
        names = [name for name in asked if row[name] is not None and row[name] != sets[name]]
        found = settled.faults(self._engine, db, self._principal, definition, row, names, sets)
        return next(iter(found.values()), None)

    def _blanked(self, work: Work, op: Op) -> Iterator[Op]:
        """A price beside a record: its row stays for the next one, empty."""
        beside = (one for one in self._definition.fields.values() if isinstance(one, PriceBeside))
        kept = next((one.kept for one in beside if one.table == op.table), None)
        if kept and self._is_ours(work.clock(op.table, op.id).of(kept)):
            yield Op(op.table, op.id, "upd", {kept: None}, {kept: value_hash(op.set[kept])})

    def _before(self, db: sqlite3.Connection, op: Op) -> Mapping[str, Scalar]:
        """What the import replaced, as the history tells it."""
        rows = db.execute(
            "SELECT h.changes, r.uuid, h.n FROM history h JOIN replica r ON r.no = h.r "
            "WHERE h.t = ? AND h.id = ? AND h.kind = 'upd' ORDER BY h.hlc, h.part",
            (op.table, op.id),
        )
        found: dict[str, Scalar] = {}
        for changes, uuid, n in rows:
            if (uuid, n) in self._dots and changes:
                found = {name: pair[0] for name, pair in json.loads(changes).items()} | found
        return found

    def _link_back(self, db: sqlite3.Connection, op: Op, kept: set[str]) -> Iterator[Op]:
        """Elements of a record that was there before; those of one that goes go with it."""
        link = self._engine.registry.links[op.table]
        if op.set.get("record") in kept:
            return
        row = db.execute(f"SELECT record, target FROM {link.name} WHERE id = ?", (op.id,)).fetchone()
        if row is None or row["record"] in kept:
            return
        if op.kind == "del":
            yield Op(link.name, op.id, "ins", {"record": row["record"], "target": row["target"]})
        elif op.kind == "ins":
            yield Op(link.name, op.id, "del")


def _body(db: sqlite3.Connection, r: int, n: int) -> dict[str, Any]:
    return opened(db.execute("SELECT body FROM changeset WHERE r = ? AND n = ?", (r, n)).fetchone()[0])

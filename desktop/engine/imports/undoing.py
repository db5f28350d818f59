"""Taking an import back: what it added is deleted, what it changed gets its old values, as one batch. What somebody
touched since stays as it is, and is named."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync_server.replication.changeset import Changeset, Op, Scalar, value_hash
from sync_server.replication.clock import Dot

from ...errors import BadRequest, NotFound
from ..access import Principal, demand
from ..apply import iso_of, opened
from ..engine import Engine
from ..fields import PriceBeside
from ..ids import new_id
from ..registry import Definition
from ..removal import delete_ops, removable
from ..saving import row_number
from ..work import Changed, Work
from .judging import stored
from .matching import demand_import

Progress = Callable[[int, int], None]

_NAMED_MAX = 200
_SLICE = 500


@dataclass
class Undone:
    """What taking back does, or did."""

    deleted: int = 0
    restored: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    refused_count: int = 0

    def refuse(self, id: str, title: str, reason: str) -> None:
        self.refused_count += 1
        if len(self.refused) < _NAMED_MAX:
            self.refused.append({"id": id, "title": title, "reason": reason})

    def public(self) -> dict[str, Any]:
        return {
            "deleted": self.deleted, "restored": self.restored, "refused": self.refused,
            "refused_count": self.refused_count,
        }  # fmt: skip


def past(engine: Engine, principal: Principal, module: str, limit: int = 100) -> list[dict[str, Any]]:
    """Imports into a module that were made on this machine, newest first."""
    demand_import(principal, engine.definition(module))
    with engine.db.read() as db:
        rows = db.execute("SELECT * FROM import_log WHERE module = ? ORDER BY at DESC LIMIT ?", (module, limit))
        return [dict(row) for row in rows.fetchall()]


class Undo:
    """Taking one import back."""

    def __init__(self, engine: Engine, principal: Principal, definition: Definition, batch: str) -> None:
        self._engine, self._principal, self._definition, self._batch = engine, principal, definition, batch
        demand(principal, "import", definition)

    def preview(self) -> Undone:
        """What `run` would do now."""
        with self._engine.db.read() as db:
            self._find(db)
            for _ in self._ops(db, lambda done, total: None):
                pass
        return self._undone

    def run(self, progress: Progress) -> Undone:
        """All that can be taken back, or, on an error, nothing."""
        batch, changed = new_id(), Changed()
        with self._engine.db.bulk(), self._engine.db.write() as db:
            self._find(db)
            act, actor = f"{self._definition.name}.undo-import", self._principal.operator
            for ops in self._ops(db, progress):
                changed.join(self._engine.applier.local(ops, actor=actor, act=act, batch=batch))
            at = iso_of(self._engine.applier.now_ms())
            if self._undone.deleted or self._undone.restored:
                db.execute("UPDATE import_log SET undone_at = ? WHERE batch = ?", (at, self._batch))
        self._engine.tell(changed)
        return self._undone

    def refuse_unknown(self) -> None:
        """Raises at once for what cannot be taken back at all."""
        with self._engine.db.read() as db:
            self._find(db)

    # ------------------------------------------------------------------- what it was

    def _find(self, db: sqlite3.Connection) -> None:
        self._undone = Undone()
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
        found = db.execute(
            "SELECT r.uuid, c.n FROM changeset c JOIN replica r ON r.no = c.r WHERE c.batch = ? ORDER BY c.n",
            (self._batch,),
        ).fetchall()
        self._dots = {(uuid, n) for uuid, n in found}
        self._at = {iso_of(changeset.at) for changeset in self._changesets(db)}
        self._handled, self._going = set[str](), set[str]()

    def _changesets(self, db: sqlite3.Connection) -> Iterator[Changeset]:
        """The last first: what hangs on a record came after it."""
        for _, n in sorted(self._dots, key=lambda dot: -dot[1]):
            row = db.execute("SELECT body FROM changeset WHERE batch = ? AND n = ?", (self._batch, n)).fetchone()
            yield Changeset.read(opened(row[0]))

    # ----------------------------------------------------------------- the ops back

    def _ops(self, db: sqlite3.Connection, progress: Progress) -> Iterator[list[Op]]:
        for done, changeset in enumerate(self._changesets(db)):
            progress(done, len(self._dots))
            kept = self._kept(db, changeset)
            self._handled |= {op.id for op in changeset.ops}
            added = [op for op in changeset.ops if op.kind == "ins" and op.table == self._definition.name]
            changed = [op for op in changeset.ops if op.table != self._definition.name or op.kind != "ins"]
            ops = [*self._deletions(db, added, kept), *self._reversals(db, changed, kept | {op.id for op in added})]
            if ops:
                yield ops
        progress(len(self._dots), len(self._dots))

    def _kept(self, db: sqlite3.Connection, changeset: Changeset) -> set[str]:
        """Records of the module that stay: touched since, gone, or out of this user's sight."""
        work = Work(db, self._engine.registry)
        own = (op.id for op in changeset.ops if op.table == self._definition.name and op.id not in self._handled)
        ids = list(dict.fromkeys(own))
        work.load((self._definition.name, id) for id in ids)
        there = stored(self._engine, db, self._principal, self._definition, ids)
        kept = {op.id for op in changeset.ops if op.id in self._handled}
        for id in ids:
            is_as_left = self._is_ours(work.clock(self._definition.name, id).newest())
            if id not in there or not is_as_left or there[id]["updated_at"] not in self._at:
                kept.add(id)
                title = str(there[id][self._definition.module.title] or "") if id in there else self._title(db, id)
                self._undone.refuse(id, title, "导入以后改过" if id in there else "已被删除，或不在能看的范围里")
        return kept

    def _title(self, db: sqlite3.Connection, id: str) -> str:
        """Of a record that is deleted; blank of one that this user may not see."""
        row = row_number(self._engine, db, self._principal, self._definition, id, deleted=True)
        title = self._definition.module.title
        found = db.execute(f'SELECT "{title}" FROM {self._definition.name} WHERE row = ?', (row,)).fetchone()
        return str(found[0] or "") if found else ""

    def _is_ours(self, dot: Dot) -> bool:
        return (dot.replica, dot.n) in self._dots

    def _deletions(self, db: sqlite3.Connection, added: Sequence[Op], kept: set[str]) -> list[Op]:
        """Records go that nothing hangs on which came later and that nothing needs."""
        ids = [op.id for op in added if op.id not in kept]
        free, refused = removable(self._engine, db, self._principal, self._definition, ids, self._going)
        for one in refused:
            self._undone.refuse(one["id"], one["title"], one["reason"])
        self._undone.deleted += len(free)
        self._going |= set(free)
        return delete_ops(self._engine, db, self._definition.name, free)

    def _reversals(self, db: sqlite3.Connection, changed: Sequence[Op], kept: set[str]) -> Iterator[Op]:
        """What was changed in records that were there before, and in parents that name an imported one."""
        work = Work(db, self._engine.registry)
        work.load((op.table, op.id) for op in changed)
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
        if names:
            self._undone.restored += op.table == self._definition.name
            yield Op(op.table, op.id, "upd", sets, {name: value_hash(op.set[name]) for name in sets})

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
        row = db.execute(f"SELECT record, target FROM {link.name} WHERE id = ?", (op.id,)).fetchone()
        if row is None or row["record"] in kept:
            return
        if op.kind == "del":
            yield Op(link.name, op.id, "ins", {"record": row["record"], "target": row["target"]})
        elif op.kind == "ins":
            yield Op(link.name, op.id, "del")

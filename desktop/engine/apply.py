"""The one write path: whatever changes business rows goes through `apply`, made here or come from another machine.

In one transaction it writes rows, row clocks, the changeset, history, search index and tallies. It checks no rules:
those are checked on saving, and what others saved is never refused (sync.md "One apply").
"""

import json
import sqlite3
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, groupby
from typing import Any

from sync_server.replication.changeset import ROWS_MAX, Changeset, Op, Scalar, canonical, chain
from sync_server.replication.clock import Clock, Dot, wall_ms
from sync_server.replication.merge import RowClock, wins

from ..db import Database
from . import derived
from .fields.moment import instant
from .registry import Definition, Link, Registry, sum_key
from .schema import SCHEMA


@dataclass
class Changed:
    """What a transaction touched: ids by module. Screens refetch by it, after commit."""

    ids: dict[str, list[str]] = field(default_factory=dict)

    def add(self, module: str, id: str) -> None:
        self.ids.setdefault(module, []).append(id)


@dataclass(frozen=True)
class Me:
    """This machine's place in the fleet (table sync_self)."""

    replica: str
    number: int
    code: str
    branch: str | None
    last_n: int
    last_h: bytes
    hlc: int
    off: int


@dataclass(frozen=True)
class _Context:
    """What all ops of one changeset share while they are applied."""

    db: sqlite3.Connection
    dot: Dot
    replica_no: int
    at: str
    actor: str
    machine: str
    changed: Changed
    tally: Counter[tuple[str, str]]
    parts: Iterator[int]
    """Numbers the entries that this changeset leaves in the history."""


class Applier:
    """Applies changesets to an open database."""

    def __init__(self, db: Database, registry: Registry) -> None:
        self.db = db
        self.registry = registry
        self._insert_sql = {d.name: _insert_sql(d) for d in registry}

    def local(
        self,
        ops: Sequence[Op],
        *,
        actor: str,
        act: str | None = None,
        batch: str | None = None,
        schema: int = SCHEMA,
    ) -> Changed:
        """Changes made on this machine: numbered, chained, recorded as pending and applied. Joins an open `write()`.

        More than 500 rows are cut into several changesets; the caller names the batch they belong to.
        """
        changed = Changed()
        if not ops:
            return changed
        with self.db.write(joins=True) as db, self.db.unguarded():
            me = self.me(db)
            for start in range(0, len(ops), ROWS_MAX):
                me = self._author(db, me, ops[start : start + ROWS_MAX], actor, act, batch, schema, changed)
            db.execute("UPDATE sync_self SET last_n = ?, last_h = ?, hlc = ?", (me.last_n, me.last_h, me.hlc))
        return changed

    def _author(
        self, db: sqlite3.Connection, me: Me, ops: Sequence[Op], actor: str, act: str | None, batch: str | None,
        schema: int, changed: Changed,
    ) -> Me:  # fmt: skip
        now_ms = time.time_ns() // 1_000_000
        hlc = Clock(me.hlc).tick(now_ms + me.off).last
        changeset = Changeset(me.replica, me.last_n + 1, hlc, now_ms, actor, schema, ops, me.off, {}, act, batch)
        body = canonical(changeset.wire())
        self._store(db, changeset, me.number, hlc, body, "pending")
        self._apply_ops(db, changeset, hlc, me.number, me.code, changed)
        return Me(me.replica, me.number, me.code, me.branch, changeset.n, chain(me.last_h, body), hlc, me.off)

    def remote(self, changeset: Changeset, hlc_eff: int, seq: int | None) -> Changed:
        """A change that came from another machine, with the stamp the server made effective. Twice is a no-op."""
        changed = Changed()
        with self.db.write(joins=True) as db, self.db.unguarded():
            number, code = self._replica(db, changeset.replica)
            known = db.execute("SELECT 1 FROM changeset WHERE r = ? AND n = ?", (number, changeset.n)).fetchone()
            if known:
                return changed
            self._store(db, changeset, number, hlc_eff, canonical(changeset.wire()), "applied", seq)
            self._apply_ops(db, changeset, hlc_eff, number, code, changed)
            me = self.me(db)
            db.execute("UPDATE sync_self SET hlc = ?", (Clock(me.hlc).receive(hlc_eff).last,))
        return changed

    def me(self, db: sqlite3.Connection) -> Me:
        """Who this machine is; raises LookupError before the first start is finished."""
        row = db.execute("SELECT s.*, r.no FROM sync_self s JOIN replica r ON r.uuid = s.replica").fetchone()
        if row is None:
            raise LookupError("the workstation is not initialized")
        return Me(
            row["replica"],
            row["no"],
            row["code"],
            row["branch"],
            row["last_n"],
            row["last_h"],
            row["hlc"],
            row["clock_off"],
        )

    @staticmethod
    def _replica(db: sqlite3.Connection, uuid: str) -> tuple[int, str]:
        db.execute("INSERT OR IGNORE INTO replica (uuid) VALUES (?)", (uuid,))
        row = db.execute("SELECT no, code FROM replica WHERE uuid = ?", (uuid,)).fetchone()
        return row["no"], row["code"] or uuid[:6]

    @staticmethod
    def _store(
        db: sqlite3.Connection,
        changeset: Changeset,
        number: int,
        hlc_eff: int,
        body: bytes,
        state: str,
        seq: int | None = None,
    ) -> None:
        db.execute(
            "INSERT INTO changeset (r, n, hlc, hlc_eff, seq, batch, body, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                changeset.n,
                changeset.hlc,
                hlc_eff,
                seq,
                changeset.batch,
                zlib.compress(body, 1),
                state,
            ),
        )

    # ------------------------------------------------------------------ ops

    def _apply_ops(
        self,
        db: sqlite3.Connection,
        changeset: Changeset,
        hlc_eff: int,
        number: int,
        machine: str,
        changed: Changed,
    ) -> None:
        dot = Dot(hlc_eff, changeset.replica, changeset.n)
        context = _Context(db, dot, number, iso_of(changeset.at), changeset.actor, machine, changed, Counter(), count())
        for (table, kind), group in groupby(changeset.ops, key=lambda op: (op.table, op.kind)):
            ops = list(group)
            if table in self.registry:
                definition = self.registry[table]
                if kind == "ins":
                    ops = self._insert_new(context, definition, ops)
                for op in ops:
                    self._change_row(context, definition, op)
            elif table in self.registry.links:
                for op in ops:
                    self._change_link(context, self.registry.links[table], op)
            else:
                self._park(context, ops, "unknown-table")
        self._write_tally(context)

    def _insert_new(self, context: _Context, definition: Definition, ops: list[Op]) -> list[Op]:
        """Inserts, all at once, the rows that are not there yet; returns the rest, which merge like updates."""
        present = _present(context.db, definition.name, [op.id for op in ops])
        fresh = [op for op in ops if op.id not in present]
        if fresh:
            (number,) = context.db.execute(f"SELECT COALESCE(max(row), 0) FROM {definition.name}").fetchone()
            rows = [(number + place, self._new_row(context, definition, op)) for place, op in enumerate(fresh, 1)]
            context.db.executemany(self._insert_sql[definition.name], ({"row": no} | row for no, row in rows))
            context.db.executemany(
                "INSERT INTO row_clock (t, id, hlc, r, n) VALUES (?, ?, ?, ?, ?)",
                [(definition.name, op.id, context.dot.hlc, context.replica_no, context.dot.n) for op in fresh],
            )
            if definition.searched:
                derived.add_to_search(context.db, definition, rows)
            for _, row in rows:
                context.changed.add(definition.name, row["id"])
                self._count(context, definition, row, +1)
        return [op for op in ops if op.id in present]

    def _new_row(self, context: _Context, definition: Definition, op: Op) -> dict[str, Any]:
        self._park_columns(context, definition, op)
        row: dict[str, Any] = {name: op.set.get(name) for name in definition.column_names}
        row["id"] = op.id
        row["created_at"] = row["updated_at"] = context.at
        row["created_by"] = row["updated_by"] = context.actor
        row["machine"] = context.machine
        return row | derived.local_values(definition, row)

    def _change_row(self, context: _Context, definition: Definition, op: Op) -> None:
        found = context.db.execute(f"SELECT * FROM {definition.name} WHERE id = ?", (op.id,)).fetchone()
        if found is None:
            self._park(context, [op], "no-row")
            return
        row = dict(found)
        clock = self._read_clock(context.db, definition.name, op.id)
        if op.kind in ("del", "undel"):
            self._change_life(context, definition, row, clock, op)
        if op.set:
            self._update(context, definition, op)

    def _update(self, context: _Context, definition: Definition, op: Op) -> None:
        db = context.db
        old = dict(db.execute(f"SELECT * FROM {definition.name} WHERE id = ?", (op.id,)).fetchone())
        clock = self._read_clock(db, definition.name, op.id)
        self._park_columns(context, definition, op)
        won = self._winners(definition, old, clock, op, context.dot)
        if not won:
            return
        changes = {name: value for name, value in won.items() if old[name] != value}
        new = old | won
        if changes:
            new |= derived.local_values(definition, new, changes.keys())
            self._reindex(context, definition, old, new)
        new["rev"] = old["rev"] + 1
        if context.dot > clock.newest():
            new["updated_at"], new["updated_by"] = context.at, context.actor
        touched = [name for name in new if new[name] != old[name]]
        assignments = ", ".join(f'"{name}" = ?' for name in touched)
        db.execute(
            f"UPDATE {definition.name} SET {assignments} WHERE id = ?",
            [*(new[name] for name in touched), op.id],
        )
        units = {definition.unit_of[name] for name in won}
        after = clock.stamped(units, context.dot, definition.units)
        self._write_clock(db, definition.name, op.id, after)
        if changes:
            self._history(context, definition.name, op.id, "upd", {k: [old[k], v] for k, v in changes.items()})
        if after.is_deleted != (old["deleted_at"] is not None):  # an edit that the delete had not seen
            self._settle(context, definition, new, after, is_newest=context.dot > clock.newest())
        else:
            context.changed.add(definition.name, op.id)

    def _winners(
        self, definition: Definition, old: Mapping[str, Any], clock: RowClock, op: Op, dot: Dot
    ) -> dict[str, Scalar]:
        won: dict[str, Scalar] = {}
        for name, value in op.set.items():
            unit = definition.unit_of.get(name)
            if unit is None:
                continue
            policy = definition.policies.get(unit, "lww")
            if wins(policy, old[name], clock.of(unit), value, dot, definition.ranks.get(unit)):
                won[name] = value
        return won

    def _change_life(
        self, context: _Context, definition: Definition, row: Mapping[str, Any], clock: RowClock, op: Op
    ) -> None:
        is_out = op.kind == "del"
        after = clock.lived(context.dot, op.seen if is_out else None)
        self._write_clock(context.db, definition.name, op.id, after)
        via = row["via"]
        if after.life == context.dot:
            via = op.via if is_out else None
        self._settle(context, definition, {**row, "via": via}, after, is_newest=context.dot > clock.newest())

    def _settle(
        self, context: _Context, definition: Definition, row: Mapping[str, Any], clock: RowClock, *, is_newest: bool
    ) -> None:
        """Makes the row live or not as its clock says, with the search index, tally and history that follow."""
        was_out, is_out = row["deleted_at"] is not None, clock.is_deleted
        if is_out != was_out:
            if definition.searched and is_out:
                derived.drop_from_search(context.db, definition, row["row"], row)
            elif definition.searched:
                derived.add_to_search(context.db, definition, [(row["row"], row)])
            self._count(context, definition, row, -1 if is_out else +1)
            self._history(context, definition.name, row["id"], "del" if is_out else "undel", {})
        # From the stamp, not from this change: what makes a delete hold may be an older one that joins it.
        deleted_at = iso_of(wall_ms(clock.life.hlc)) if is_out and clock.life else None
        at, by = (context.at, context.actor) if is_newest else (row["updated_at"], row["updated_by"])
        context.db.execute(
            f"UPDATE {definition.name} SET deleted_at = ?, via = ?, rev = rev + 1, updated_at = ?, updated_by = ? "
            "WHERE id = ?",
            (deleted_at, row["via"], at, by, row["id"]),
        )
        context.changed.add(definition.name, row["id"])

    def _change_link(self, context: _Context, link: Link, op: Op) -> None:
        """One element of a set: added, taken out, or added again. A delete holds regardless of what it had seen."""
        db = context.db
        row = db.execute(f"SELECT * FROM {link.name} WHERE id = ?", (op.id,)).fetchone()
        clock = self._read_clock(db, link.name, op.id)
        if row is not None and max(clock.newest(), clock.life or clock.base) > context.dot:
            return
        is_out = op.kind == "del"
        if row is None:
            if is_out:
                return
            db.execute(
                f"INSERT INTO {link.name} (id, record, target, created_at, created_by, updated_at, "
                f"updated_by, machine) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    op.id,
                    op.set["record"],
                    op.set["target"],
                    context.at,
                    context.actor,
                    context.at,
                    context.actor,
                    context.machine,
                ),
            )
            record, target, clock = op.set["record"], op.set["target"], RowClock(context.dot)
        else:
            record, target = row["record"], row["target"]
            db.execute(
                f"UPDATE {link.name} SET deleted_at = ?, updated_at = ?, updated_by = ?, rev = rev + 1 WHERE id = ?",
                (context.at if is_out else None, context.at, context.actor, op.id),
            )
            clock = clock.lived(context.dot, {} if is_out else None)
        self._write_clock(db, link.name, op.id, clock)
        self._touch_owner(context, link, str(record), str(target), is_out)

    def _touch_owner(self, context: _Context, link: Link, record: str, target: str, is_out: bool) -> None:
        """A link belongs to its record: its version, its history and its event."""
        context.db.execute(
            f"UPDATE {link.owner} SET rev = rev + 1, updated_at = ?, updated_by = ? WHERE id = ?",
            (context.at, context.actor, record),
        )
        if not any(id == record for id in context.changed.ids.get(link.owner, ())):
            context.changed.add(link.owner, record)
        (created,) = context.db.execute(f"SELECT created_at FROM {link.owner} WHERE id = ?", (record,)).fetchone() or (
            "",
        )
        if created != context.at:  # links that came with a new record are part of its creation
            change = [[target], None] if is_out else [None, [target]]
            self._history(context, link.owner, record, "upd", {link.field: change})

    # ------------------------------------------------------------ derived data

    def _reindex(
        self, context: _Context, definition: Definition, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> None:
        if old["deleted_at"] is not None:
            return
        if any(old[name] != new[name] for name in definition.search_columns):
            derived.drop_from_search(context.db, definition, old["row"], old)
            derived.add_to_search(context.db, definition, [(old["row"], new)])
        name = definition.tallied
        if name and old[name] != new[name]:
            context.tally[definition.name, old[name] or ""] -= 1
            context.tally[definition.name, new[name] or ""] += 1
        for summed in definition.sums:
            context.tally[definition.name, sum_key(summed)] += (new[summed] or 0) - (old[summed] or 0)

    @staticmethod
    def _count(context: _Context, definition: Definition, row: Mapping[str, Any], by: int) -> None:
        context.tally[definition.name, "*"] += by
        if definition.tallied:
            context.tally[definition.name, row[definition.tallied] or ""] += by
        for summed in definition.sums:
            context.tally[definition.name, sum_key(summed)] += by * (row[summed] or 0)

    @staticmethod
    def _write_tally(context: _Context) -> None:
        context.db.executemany(
            "INSERT INTO tally (t, value, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            [(table, value, by) for (table, value), by in context.tally.items() if by],
        )

    @staticmethod
    def _history(context: _Context, table: str, id: str, kind: str, changes: Mapping[str, Any]) -> None:
        text = json.dumps(changes, ensure_ascii=False) if changes else None
        context.db.execute(
            "INSERT INTO history (t, id, hlc, r, n, part, kind, at, actor, changes) VALUES (?, ?, ?, ?, ?, "
            "?, ?, ?, ?, ?)",
            (
                table,
                id,
                context.dot.hlc,
                context.replica_no,
                context.dot.n,
                next(context.parts),
                kind,
                context.at,
                context.actor,
                text,
            ),
        )

    # ------------------------------------------------------------------ clocks

    def _read_clock(self, db: sqlite3.Connection, table: str, id: str) -> RowClock:
        row = db.execute(
            "SELECT c.hlc, c.n, c.fields, c.life, r.uuid FROM row_clock c JOIN replica r ON r.no = c.r WHERE "
            "c.t = ? AND c.id = ?",
            (table, id),
        ).fetchone()
        if row is None:  # a seed row nobody has touched
            return RowClock()
        fields = {unit: self._dot(db, dot) for unit, dot in json.loads(row["fields"] or "{}").items()}
        base = Dot(row["hlc"], row["uuid"], row["n"])
        if row["life"] is None:
            return RowClock(base, fields)
        *dot, is_out, erased = json.loads(row["life"])
        return RowClock(base, fields, self._dot(db, dot), bool(is_out), erased)

    def _write_clock(self, db: sqlite3.Connection, table: str, id: str, clock: RowClock) -> None:
        fields = {unit: self._packed(db, dot) for unit, dot in clock.fields.items()}
        base_hlc, base_no, base_n = self._packed(db, clock.base)
        life = json.dumps([*self._packed(db, clock.life), int(clock.is_out), clock.erased]) if clock.life else None
        db.execute(
            "INSERT OR REPLACE INTO row_clock (t, id, hlc, r, n, fields, life) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (table, id, base_hlc, base_no, base_n, json.dumps(fields) if fields else None, life),
        )

    @staticmethod
    def _packed(db: sqlite3.Connection, dot: Dot) -> list[int]:
        number = db.execute("SELECT no FROM replica WHERE uuid = ?", (dot.replica,)).fetchone()[0]
        return [dot.hlc, number, dot.n]

    @staticmethod
    def _dot(db: sqlite3.Connection, packed: Sequence[int]) -> Dot:
        hlc, number, n = packed
        return Dot(hlc, db.execute("SELECT uuid FROM replica WHERE no = ?", (number,)).fetchone()[0], n)

    def clock(self, db: sqlite3.Connection, table: str, id: str) -> RowClock:
        """The clock of a row, for deletes (what they had seen) and checks."""
        return self._read_clock(db, table, id)

    # ------------------------------------------------------------------ parking

    def _park_columns(self, context: _Context, definition: Definition, op: Op) -> None:
        unknown = {name: value for name, value in op.set.items() if name not in definition.unit_of}
        if unknown:
            self._park(context, [Op(op.table, op.id, op.kind, unknown)], "unknown-column")

    def _park(self, context: _Context, ops: Iterable[Op], reason: str) -> None:
        """Keeps what this version does not know until an upgrade knows it; the newest value of a cell stays."""
        for op in ops:
            for name, value in (op.set or {"": None}).items():
                context.db.execute(
                    "INSERT INTO parked_op (t, id, f, r, n, hlc, body, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET r = excluded.r, n = excluded.n, hlc = excluded.hlc, body = "
                    "excluded.body "
                    "WHERE excluded.hlc > hlc",
                    (
                        op.table, op.id, name, context.replica_no, context.dot.n, context.dot.hlc,
                        json.dumps({"k": op.kind, "v": value}, ensure_ascii=False), reason,
                    ),
                )  # fmt: skip


def iso_of(ms: int) -> str:
    """An instant from milliseconds since 1970."""
    return instant(datetime.fromtimestamp(ms / 1000, UTC))


def _insert_sql(definition: Definition) -> str:
    names = [
        "row", "id", *definition.column_names, "created_at", "created_by", "updated_at", "updated_by", "machine",
        "pinyin", *definition.shadows,
    ]  # fmt: skip
    columns = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {definition.name} ({columns}) VALUES ({', '.join(':' + name for name in names)})"


def _present(db: sqlite3.Connection, table: str, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        marks = ", ".join("?" * len(part))
        found |= {row[0] for row in db.execute(f"SELECT id FROM {table} WHERE id IN ({marks})", part)}
    return found

"""The rows under change in one transaction: read once, merged in memory, written once.

Whatever the rows follow from (a save here, a page of changes from elsewhere, states fetched from the server), what
follows from them is worked out here: derived columns, search index, tallies, history and clocks.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any

import orjson

from sync_server.replication.changeset import Changeset, Op
from sync_server.replication.checksum import moved, row_sum, to_text
from sync_server.replication.clock import Dot, wall_ms
from sync_server.replication.merge import Merged, RowClock, RowState, merge_row

from . import aliases, derived, following
from .columns import filled, fitted, listed
from .documents import balances
from .documents.declare import Posted
from .documents.project import project, unveiled
from .documents.versions import Version
from .fields.moment import instant
from .inserting import insert
from .registry import Definition, Link, Registry

Key = tuple[str, str]
"""Table and id of a row."""

Values = dict[str, Any]

NO_ROW, NO_TABLE, NO_COLUMN, POISON = "no-row", "unknown-table", "unknown-column", "poison"
"""Why something is parked."""

_UNSIGNED: Values = dict.fromkeys(("created_at", "created_by", "updated_at", "updated_by", "machine"))
"""Of a row that nobody made."""

_PLAIN_CLOCK = ("t", "id", "hlc", "r", "n")
_NO_CLOCK = RowClock()
_KEPT = RowState(is_born=True)
"""Of a row that is worked out here."""
_ASK_MAX = 500
_MANY = 10
"""So many rows pay for a statement of their own, without the columns that are empty in all of them."""
_LATER_PARTS = 1_000


@dataclass
class Changed:
    """What a transaction touched: ids by module. Screens refetch by it, after commit."""

    ids: dict[str, list[str]] = field(default_factory=dict)
    _known: set[Key] = field(default_factory=set, repr=False)

    def add(self, module: str, id: str) -> None:
        if (module, id) not in self._known:
            self._known.add((module, id))
            self.ids.setdefault(module, []).append(id)

    def join(self, other: "Changed") -> "Changed":
        """Both together."""
        for module, ids in other.ids.items():
            for id in ids:
                self.add(module, id)
        return self


@dataclass(frozen=True)
class Cause:
    """The changeset that a change of a row follows from, as history and row tell it."""

    dot: Dot
    at: str
    actor: str
    machine: str

    @staticmethod
    def of(changeset: Changeset, hlc_eff: int, machine: str) -> "Cause":
        return Cause(Dot(hlc_eff, changeset.replica, changeset.n), iso_of(changeset.at), changeset.actor, machine)


@dataclass
class Held:
    """One row: as the file has it (`stored` None: not there) and as it will be."""

    table: "Definition | Link"
    id: str
    stored: Values | None
    row: Values
    state: RowState | None
    stored_clock: RowClock | None = None
    number: int = 0
    """Where it stands in the file; of a new row 0, or where it is to stand."""
    has_new_clock: bool = False
    is_dropped: bool = False
    veil: Values = field(default_factory=dict)
    """Merged values that the file keeps behind those shown."""

    @property
    def is_gone(self) -> bool:
        """Whether it was deleted, whatever it shows."""
        return self.state is not None and self.state.is_gone(self.table.rules)

    @property
    def clock(self) -> RowClock:
        return self.state.clock if self.state else _NO_CLOCK


class Work:
    """Use it inside one open `write()` and call `flush` at its end."""

    def __init__(self, db: sqlite3.Connection, registry: Registry) -> None:
        self.db = db
        self.registry = registry
        self.changed = Changed()
        self._held: dict[Key, Held] = {}
        self._numbers: dict[str, int] = {}
        self._history: list[tuple[Any, ...]] = []
        self._parts: Counter[tuple[int, str, int]] = Counter()
        self._passed: list[tuple[str, str, int, int]] = []
        self._asked: set[Key] = set()
        self._filed: dict[tuple[str, str, Any], dict[str, None]] = {}
        """Rows under change by table, column and value, as far as rows are gathered by it."""
        self.unbooked: list[Key] = []
        """Documents whose version that counts lacks its annexes."""
        self._led: dict[str, set[str]] = {}
        """Records by module that may mean others than before."""
        self._placed: dict[str, set[str]] = {}
        """Records by module of which others may be seen than before, and what follows them with them."""
        self._came: dict[str, set[str]] = {}
        """New records by module, for which what follows them may have waited."""
        self.disputed: dict[Key, list[str]] = {}
        """Documents that were worked out → what somebody has to decide about them."""
        self.settle: Callable[[Posted], None] | None = None
        """Writes what a version needs beside it, where this machine keeps the books."""

    # --------------------------------------------------------------------------------------------------------- read

    def load(self, keys: Iterable[Key]) -> None:
        """Reads rows and clocks that will be asked for, in few questions."""
        wanted: dict[str, list[str]] = {}
        for table, id in keys:
            if (table, id) not in self._held:
                wanted.setdefault(table, []).append(id)
        for table in [table for table in wanted if self._table(table) is not None]:
            ids = wanted[table]
            for start in range(0, len(ids), _ASK_MAX):
                self._load(table, list(dict.fromkeys(ids[start : start + _ASK_MAX])))

    def _load(self, name: str, ids: Sequence[str]) -> None:
        table = self._table(name)
        assert table is not None
        which, asked = _which(ids)
        cursor = _tuples(self.db, f"SELECT * FROM {name} WHERE id {which}", asked)
        names = [column[0] for column in cursor.description]
        at = names.index("id")
        found = {row[at]: dict(zip(names, row, strict=True)) for row in cursor}
        clocks = self._clocks(name, list(found)) if found and not _is_local(table) else {}
        veils = unveiled(self.db, name, listed(found)) if name in self.registry.veiled and found else {}
        for id in ids:
            values = found.get(id)
            if values is None:
                self._held[name, id] = Held(table, id, None, {}, None)
                continue
            veil = veils.get(id, {})
            merged = {**values, **veil} if veil else values
            data = filled(merged, table.rules.unit_of) if table.column_names else {}
            state = RowState(data, clocks.get(id, _NO_CLOCK), True, merged["via"])
            self._held[name, id] = Held(table, id, values, values, state, state.clock, values["row"], veil=veil)

    def _table(self, name: str) -> "Definition | Link | None":
        return self.registry.definitions.get(name) or self.registry.links.get(name)

    def hold(self, table: str, id: str) -> Held:
        """A row as it stands in this transaction."""
        if (table, id) not in self._held:
            self._load(table, [id])
        return self._held[table, id]

    def _clock(self, hlc: int, r: int, n: int, fields: str | None, life: str | None) -> RowClock:
        """A clock as it is stored."""
        base = Dot(hlc, self._uuids[r], n)
        dots = {unit: self._dot(one) for unit, one in orjson.loads(fields).items()} if fields else {}
        if life is None:
            return RowClock(base, dots)
        *dot, is_out, erased = orjson.loads(life)
        return RowClock(base, dots, self._dot(dot), bool(is_out), erased)

    def _clocks(self, table: str, ids: Sequence[str]) -> dict[str, RowClock]:
        which, asked = _which(ids)
        sql = f"SELECT id, hlc, r, n, fields, life FROM row_clock WHERE t = ? AND id {which}"
        return {id: self._clock(*packed) for id, *packed in _tuples(self.db, sql, table, asked)}

    def clocks(self, table: str, ids: Sequence[str]) -> dict[str, RowClock]:
        """The clocks of many rows as the file has them, without the rows."""
        found = self._clocks(table, ids) if ids else {}
        return {id: found.get(id, _NO_CLOCK) for id in ids}

    def clock(self, table: str, id: str) -> RowClock:
        """The clock of a row as it stands in this transaction."""
        return self.hold(table, id).clock

    @cached_property
    def _has_parked(self) -> bool:
        return self.db.execute("SELECT 1 FROM parked_op LIMIT 1").fetchone() is not None

    # ----------------------------------------------------------------------------------------------------- replicas

    @cached_property
    def _uuids(self) -> dict[int, str]:
        return {row[0]: row[1] for row in self.db.execute("SELECT no, uuid FROM replica")}

    def _dot(self, packed: Sequence[Any]) -> Dot:
        hlc, number, n = packed
        return Dot(hlc, self._uuids[number], n)

    def number_of(self, replica: str) -> int:
        """The number a replica is stored under; one not met before gets one."""
        if replica not in self._numbers:
            self.db.execute("INSERT OR IGNORE INTO replica (uuid) VALUES (?)", (replica,))
            (number,) = self.db.execute("SELECT no FROM replica WHERE uuid = ?", (replica,)).fetchone()
            self._numbers[replica] = number
            self._uuids[number] = replica
        return self._numbers[replica]

    def _packed(self, dot: Dot) -> list[int]:
        return [dot.hlc, self.number_of(dot.replica), dot.n]

    # -------------------------------------------------------------------------------------------------------- merge

    def apply(self, op: Op, cause: Cause) -> None:
        """Lays one op over its row. What has no place here yet is parked."""
        table = self._table(op.table)
        if table is None or _is_local(table):
            self.park(op, cause, NO_TABLE)
            return
        held = self.hold(op.table, op.id)
        if held.state is None and op.kind != "ins":
            self.park(op, cause, NO_ROW)
            return
        self._park_columns(table, op, cause)
        is_new, before = held.state is None, held.state
        merged = merge_row(before, op, cause.dot, table.rules)
        if before is not None and op.kind == "upd":
            self._pass(held, before.clock, merged.state.clock, cause.dot)
        if is_new or merged.state.clock != held.clock:
            self._take(held, before, merged, cause)
        if is_new:
            self._unpark(op.table, op.id)

    def _pass(self, held: Held, before: RowClock, after: RowClock, dot: Dot) -> None:
        """Remembers what of others came and no longer stands in the clock: it may count again, when what it lost to is
        not accepted, and a delete made meanwhile has seen it. History knows only what counted since the row came."""
        stand = after.dots()
        for one in (dot, *before.dots()):
            if one not in stand and one.replica and (one.replica != dot.replica or one == dot):
                self._passed.append((held.table.name, held.id, self.number_of(one.replica), one.n))

    def _take(self, held: Held, before: RowState | None, merged: Merged, cause: Cause) -> None:
        old, held.state, held.has_new_clock, held.is_dropped = held.row, merged.state, True, False
        if before is None:
            held.row = self._fresh(held.table, held.id, cause)
            held.row.update(merged.won)
        else:
            held.row = {**old, **merged.won}
            held.row["rev"] += 1
            if cause.dot > before.clock.newest():
                held.row["updated_at"], held.row["updated_by"] = cause.at, cause.actor
        if before is not None or merged.state.clock.life:  # what is made was not deleted before
            self._settle_life(held)
        self._file(held)
        self._tell(held, before, old, merged.won, cause)

    @staticmethod
    def _fresh(table: "Definition | Link", id: str, cause: Cause) -> Values:
        return {
            **table.blank, "id": id, "rev": 1, "deleted_at": None, "via": None, "machine": cause.machine,
            "created_at": cause.at, "created_by": cause.actor, "updated_at": cause.at, "updated_by": cause.actor,
        }  # fmt: skip

    @staticmethod
    def _settle_life(held: Held) -> None:
        """Makes the row live or not as its clock says. The instant comes from the stamp, not from the change that was
        applied last: what makes a delete hold may be an older one that joins it."""
        held.row |= _life_of(held)

    def _tell(self, held: Held, before: RowState | None, old: Values, won: Mapping[str, Any], cause: Cause) -> None:
        """History and events of a change that was merged."""
        was_gone = before is not None and before.is_gone(held.table.rules)
        is_gone = held.row["deleted_at"] is not None
        if isinstance(held.table, Link):
            if before is None or is_gone != was_gone or before.clock != held.clock:
                self._touch_owner(held.table, held.row, is_gone, cause)
            return
        changes = {k: [old[k], v] for k, v in won.items() if old[k] != v} if before is not None else {}
        if changes:
            self._note(held.table.name, held.id, "upd", changes, cause)
        if is_gone != was_gone:
            self._note(held.table.name, held.id, "del" if is_gone else "undel", {}, cause)
        self._touch(held.table, held.id, held.row)

    def _touch(self, table: Definition, id: str, row: Mapping[str, Any]) -> None:
        """The row changed; with what hangs on a record so did the record, for those who look at it."""
        self.changed.add(table.name, id)
        if table.held_by:
            parent, kind, holders = table.held_by
            holder, record = holders.get(str(row.get(kind))), row.get(parent)
            if holder and record:
                self.changed.add(holder, str(record))
                if holder in self.registry.mergeable:  # what hangs on a merged record shows with its winner
                    self.changed.add(holder, aliases.winner_of(self.db, holder, str(record)))

    def _touch_owner(self, link: Link, row: Mapping[str, Any], is_out: bool, cause: Cause) -> None:
        """A link belongs to its record: its version, its history and its event."""
        record, target = str(row["record"]), str(row["target"])
        owner = self.hold(link.owner, record)
        self.changed.add(link.owner, record)
        if owner.state is None:
            return
        owner.row = {**owner.row, "rev": owner.row["rev"] + 1}
        if cause.at >= (owner.row["updated_at"] or ""):
            owner.row["updated_at"], owner.row["updated_by"] = cause.at, cause.actor
        if owner.row["created_at"] != cause.at:  # links that came with a new record are part of its creation
            change = [[target], None] if is_out else [None, [target]]
            self._note(link.owner, record, "upd", {link.field: change}, cause)

    def _note(self, table: str, id: str, kind: str, changes: Mapping[str, Any], cause: Cause) -> None:
        text = orjson.dumps(changes).decode() if changes else None
        hlc, number, n = self._packed(cause.dot)
        part = self._parts[hlc, cause.dot.replica, n]
        self._parts[hlc, cause.dot.replica, n] += 1
        self._history.append((table, id, hlc, number, n, part, kind, cause.at, cause.actor, text))

    # ---------------------------------------------------------------------------------------------- what follows here

    def amiss(self) -> Iterator[tuple[Key, Held]]:
        """The rows read so far that ought to stand otherwise in the file."""
        for key, held in self._held.items():
            is_veiled = key[0] in self.registry.veiled and _veil_of(held) != held.veil
            is_gone = held.is_dropped and held.stored is not None
            if is_gone or is_veiled or (held.state is not None and held.row != held.stored):
                yield key, held

    def changing(self) -> list[tuple[Key, Held]]:
        """The rows that differ from the file."""
        return [
            (key, held)
            for key, held in self._held.items()
            if held.is_dropped or (held.state is not None and held.row != held.stored) or held.has_new_clock
        ] + [(key, self.hold(*key)) for key in self._asked]

    def touch_document(self, module: str, id: str) -> None:
        """Has a document worked out anew with the next `flush`."""
        self._asked.add((module, id))

    def _file(self, held: Held) -> None:
        for column in held.table.gathered if isinstance(held.table, Definition) else ():
            self._filed.setdefault((held.table.name, column, held.row.get(column)), {})[held.id] = None

    def rows_of(self, table: str, column: str, value: str) -> list[Held]:
        """All rows, deleted ones too, that have this value in a column by which rows are gathered, as they stand in
        this transaction."""
        ids = [row[0] for row in _tuples(self.db, f'SELECT id FROM {table} WHERE "{column}" = ?', value)]
        self.load((table, id) for id in ids)
        known = dict.fromkeys((*ids, *self._filed.get((table, column, value), ())))
        found = (self._held[table, id] for id in known)
        return [held for held in found if held.row.get(column) == value]

    def show(self, held: Held, values: Mapping[str, Any]) -> None:
        """What a row shows; what was merged is kept apart from it."""
        row = {**held.row, **values}
        if row == held.row:
            return
        held.row = row
        stored = held.stored
        if stored is not None and row["rev"] == stored["rev"] and any(row[name] != stored[name] for name in values):
            held.row["rev"] += 1
            self._touched(held)

    def hide(self, held: Held, at: str, via: str) -> None:
        """Shows a row as deleted, along with another."""
        self.show(held, {"deleted_at": at, "via": via})

    def reveal(self, held: Held) -> None:
        """Shows a row as it is in the version that counts, deleted or not."""
        if held.row["deleted_at"] is not None or held.row["via"] is not None:
            self.show(held, {"deleted_at": None, "via": None})

    def show_life(self, held: Held) -> None:
        """Shows a row as deleted or not as it was merged."""
        self.show(held, _life_of(held))

    def tell_shown(self, held: Held, before: Mapping[str, Any], version: Version) -> None:
        """History of a row that shows something else by a version, and who changed it last."""
        if held.stored is None:
            return
        cause = Cause(version.dot, version.at, version.by, version.machine)
        assert isinstance(held.table, Definition)
        names = (name for name in held.table.all_names if name in ("state", "version") or name in held.table.unit_of)
        changes = {name: [before.get(name), held.row[name]] for name in names if before.get(name) != held.row[name]}
        if changes:
            self._note(held.table.name, held.id, "upd", changes, cause)
        if cause.at >= (held.row["updated_at"] or ""):
            held.row["updated_at"], held.row["updated_by"] = cause.at, cause.actor

    def keep(self, table: str, id: str, values: Mapping[str, Any]) -> None:
        """Puts a row into a table that is worked out here."""
        held = self.hold(table, id)
        base = held.stored or {**_UNSIGNED, "id": id, "rev": 0, "deleted_at": None, "via": None}
        row = {**base, **fitted(values, held.table.blank)}
        held.is_dropped, held.state = False, _KEPT
        is_as_before, held.row = row == held.stored, row
        if is_as_before:
            return
        row["rev"] += 1
        self._file(held)
        self.changed.add(table, id)

    # -------------------------------------------------------------------------------------------- states from a server

    def put(self, table: str, id: str, state: RowState, stamps: Mapping[str, Any]) -> None:
        """Replaces a row by the state a server told, `stamps` saying who made and last changed it and when.

        Raises LookupError for a table nobody declared.
        """
        known = self._table(table)
        if known is None:
            raise LookupError(table)
        held = self.hold(table, id)
        is_new = held.state is None
        data = {name: value for name, value in state.data.items() if name in known.rules.unit_of}
        blank = {**_UNSIGNED, **dict.fromkeys(known.all_names)}
        held.row = {**blank, **held.row, **dict.fromkeys(known.column_names), **data, **stamps, "id": id}
        held.row["rev"] = held.row.get("rev", 0) + 1
        held.state = RowState(data, state.clock, True, state.via)
        held.has_new_clock, held.is_dropped = True, False
        self._settle_life(held)
        self._file(held)
        self._touched(held)
        if is_new:
            self._unpark(table, id)

    def drop(self, table: str, id: str) -> None:
        """Takes a row out without a trace, as if it had never come."""
        known = self._table(table)
        if known is None:
            return
        held = self.hold(table, id)
        held.state, held.is_dropped = None, True
        self._touched(held)

    def _touched(self, held: Held) -> None:
        if isinstance(held.table, Link):
            self.changed.add(held.table.owner, str(held.row.get("record")))
        else:
            self._touch(held.table, held.id, held.row)

    # ------------------------------------------------------------------------------------------------------- parking

    def _park_columns(self, table: "Definition | Link", op: Op, cause: Cause) -> None:
        """What this version does not know of a row waits cell by cell; the newest value of a cell stays."""
        if op.set.keys() <= table.rules.unit_of.keys():
            return
        for name, value in op.set.items():
            if name not in table.rules.unit_of:
                self._park(op.table, op.id, name, cause.dot, {"k": op.kind, "v": value}, NO_COLUMN)

    def park(self, op: Op, cause: Cause, reason: str) -> None:
        """Keeps a whole op until it has a place."""
        about = {"op": op.wire(), "at": cause.at, "actor": cause.actor, "machine": cause.machine}
        self._park(op.table, op.id, f"#{cause.dot.replica}:{cause.dot.n}:{op.kind}", cause.dot, about, reason)

    def park_cell(self, table: str, id: str, column: str, dot: Dot, value: Any) -> None:
        """Keeps one value of a state for a column nobody declared."""
        self._park(table, id, column, dot, {"k": "upd", "v": value}, NO_COLUMN)

    def _park(self, table: str, id: str, name: str, dot: Dot, body: Mapping[str, Any], reason: str) -> None:
        hlc, number, n = self._packed(dot)
        self._has_parked = True
        self.db.execute(
            "INSERT INTO parked_op (t, id, f, r, n, hlc, body, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET r = excluded.r, n = excluded.n, hlc = excluded.hlc, body = excluded.body "
            "WHERE excluded.hlc > hlc",
            (table, id, name, number, n, hlc, json.dumps(body, ensure_ascii=False), reason),
        )

    def _unpark(self, table: str, id: str) -> None:
        """Applies what waited for this row, in the order of the stamps."""
        if not self._has_parked:
            return
        waiting = self.db.execute(
            "SELECT f, r, n, hlc, body FROM parked_op WHERE t = ? AND id = ? AND reason != ? ORDER BY hlc, n",
            (table, id, POISON),
        ).fetchall()
        for one in waiting:
            self._replay(table, id, one)

    def replay_parked(self) -> None:
        """Applies what an upgrade now knows: parked tables and columns."""
        for one in self.db.execute(
            "SELECT t, id, f, r, n, hlc, body FROM parked_op WHERE reason IN (?, ?) ORDER BY hlc, n",
            (NO_TABLE, NO_COLUMN),
        ).fetchall():
            if self._table(one["t"]) is not None:
                self._replay(one["t"], one["id"], one)

    def _replay(self, table: str, id: str, one: sqlite3.Row) -> None:
        known, body, dot = self._table(table), json.loads(one["body"]), self._dot((one["hlc"], one["r"], one["n"]))
        assert known is not None
        if "op" in body:
            op, cause = Op.read(body["op"]), Cause(dot, body["at"], body["actor"], body["machine"])
            if op.kind != "ins" and self.hold(table, id).state is None:
                return
        elif one["f"] in known.rules.unit_of and self.hold(table, id).state is not None:
            self.db.execute("DELETE FROM parked_op WHERE t = ? AND id = ? AND f = ?", (table, id, one["f"]))
            self._fill(table, id, one["f"], body["v"], dot)
            return
        else:
            return
        self.db.execute("DELETE FROM parked_op WHERE t = ? AND id = ? AND f = ?", (table, id, one["f"]))
        # Its history stands behind what the changeset left there when it came.
        self._parts[dot.hlc, dot.replica, dot.n] = max(self._parts[dot.hlc, dot.replica, dot.n], _LATER_PARTS)
        self.apply(op, cause)

    def _fill(self, table: str, id: str, column: str, value: Any, dot: Dot) -> None:
        """Puts in a value that came before its column was known, unless a later write is known. What came with the
        whole row has the very dot that the row's clock already names for it."""
        held = self.hold(table, id)
        state, rules = held.state, held.table.rules
        assert state is not None
        unit = rules.unit_of[column]
        if dot < state.clock.of(unit):
            return
        clock = state.clock if state.clock.of(unit) == dot else state.clock.stamped([unit], dot, rules.units)
        data = {name: one for name, one in {**state.data, column: value}.items() if one is not None}
        held.state, held.has_new_clock = replace(state, data=data, clock=clock), True
        held.row = {**held.row, column: value, "rev": held.row["rev"] + 1}
        self._file(held)
        self._touched(held)

    # --------------------------------------------------------------------------------------------------------- write

    def flush(self) -> Changed:
        """Writes everything; returns what was touched."""
        if self.registry.documents:
            self.unbooked += project(self)
            self._asked.clear()
            self._write_disputes()
        by_table: dict[str, list[Held]] = {}
        for (table, _), held in self.changing():
            by_table.setdefault(table, []).append(held)
        for table, rows in sorted(by_table.items(), key=lambda one: self._turn(one[0])):
            self._flush(table, rows)
            if table == aliases.TABLE:
                self._project(rows)
            elif table in self.registry.mergeable:
                self._lead(table, {held.id for held in rows if _has_turned(held)})
        self.db.executemany(
            "INSERT OR REPLACE INTO history (t, id, hlc, r, n, part, kind, at, actor, changes) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._history,
        )
        self.db.executemany(
            "INSERT INTO row_passed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = max(n, excluded.n)", self._passed
        )
        self._follow()
        self._held.clear()
        self._filed.clear()
        self._history.clear()
        self._passed.clear()
        self._regroup()
        return self.changed

    def _turn(self, table: str) -> int:
        """What is counted hangs on who is merged into whom; what follows parents, on these."""
        definition = self.registry.definitions.get(table)
        return 0 if table == aliases.TABLE else 2 if definition and definition.follow else 1

    def _stand(self, definition: Definition, rows: Sequence[Held]) -> None:
        """Lays beside rows what their parents are seen by."""
        follow = definition.follow
        if follow is None:
            return
        asked = [held for held in rows if held.stored is None or _differs(held, follow.follows_from)]
        ids = {held.row[follow.parent] for held in asked if follow.module_of(held.row) == follow.narrow}
        above = {id: self._held[follow.narrow, id] for id in ids if (follow.narrow, id) in self._held}
        known = {id: None if held.is_dropped or held.state is None else held.row for id, held in above.items()}
        parents = following.parents(self.db, follow, ids - {None}, known) if asked else {}
        for held in asked:
            beside = follow.values(held.row, parents)
            if held.stored is None:
                held.row |= beside
            else:
                held.row = held.row | beside

    def _follow(self) -> None:
        """What follows parents follows those that changed, and those that it waited for."""
        placed, self._placed, came, self._came = self._placed, {}, self._came, {}
        for module in placed.keys() | came.keys():
            for name in self.registry.followers.get(module, ()):
                definition = self.registry[name]
                found = following.below(self.db, definition, placed[module]) if placed.get(module) else []
                self._write_beside(definition, found)
                if came.get(module) and following.has_strays(self.db, definition):
                    self._write_beside(definition, following.below(self.db, definition, came[module], strays=True))

    def _write_beside(self, definition: Definition, found: Sequence[tuple[int, str, Values]]) -> None:
        if not found:
            return
        sql = f"SELECT * FROM {definition.name} WHERE deleted_at IS NULL AND row IN (SELECT value FROM json_each(?))"
        out = [dict(row) for row in self.db.execute(sql, (listed(row for row, _, _ in found),)).fetchall()]
        following.write(self.db, definition, found)
        ids = [row["id"] for row in out]
        merged = aliases.winners(self.db, definition.name, ids) if definition.module.mergeable else {}
        out = [row for row in out if row["id"] not in merged]
        values = {id: beside for _, id, beside in found}
        derived.tell_tally(self.db, definition, out, [{**row, **values[row["id"]]} for row in out])

    def lead_anew(self, modules: Collection[str]) -> None:
        """Reads mergers of modules that an earlier version of the program did not merge, and other machines did."""
        for module, loser, _ in sorted(aliases.all_roots(self.db, modules)):
            self._lead(module, {loser})
        self.flush()

    def _regroup(self) -> None:
        """What is summed up by record follows those who are meant now."""
        led, self._led = self._led, {}
        for module, ids in led.items():
            balances.regroup(self, module, ids)
        if self._held:
            self.flush()

    def _flush(self, name: str, rows: Sequence[Held]) -> None:
        table = self._table(name)
        assert table is not None
        gone = [held for held in rows if held.is_dropped]
        fresh = [held for held in rows if held.stored is None and not held.is_dropped]
        known = [held for held in rows if held.stored is not None and not held.is_dropped]
        if isinstance(table, Definition):
            for held in (*fresh, *known):
                self._derive(table, held)
            self._stand(table, [*fresh, *known])
            if name in self.registry.followers:
                moved = [held.id for held in known if _differs(held, table.parted)]
                self._placed.setdefault(name, set()).update(moved, (held.id for held in gone))
                self._came.setdefault(name, set()).update(held.id for held in fresh)
        for held in gone:  # first: a new row may take the place of one
            self.db.execute(f"DELETE FROM {name} WHERE id = ?", (held.id,))
            self.db.execute("DELETE FROM row_clock WHERE t = ? AND id = ?", (name, held.id))
        if fresh:
            self._insert(table, fresh, max((held.number for held in (*fresh, *gone)), default=0))
        if known:
            self._update(table, known)
        if isinstance(table, Definition) and (fresh or gone) and (merged := self._merged(table, [*fresh, *gone])):
            aliases.number(self.db, name, [(held.number, held.id) for held in fresh if held.id in merged])
            aliases.number(self.db, name, [(None, held.id) for held in gone if held.id in merged])
        self._write_clocks(name, rows)
        if name in self.registry.veiled:
            self._write_veils(name, rows)
        self._sum_up(table, rows)
        if isinstance(table, Definition):
            self._reindex(table, rows)
            self._count(table, rows)

    @staticmethod
    def _derive(definition: Definition, held: Held) -> None:
        stored, row = held.stored, held.row
        if stored is None:
            held.row |= derived.local_values(definition, row)
            return
        changed = {name for name in definition.all_names if row[name] != stored[name]}
        if not changed.isdisjoint(definition.derived_from):
            held.row = row | derived.local_values(definition, row, changed)

    def _insert(self, table: "Definition | Link", fresh: Sequence[Held], taken: int) -> None:
        """Behind all that is there, or was until now (`taken`)."""
        (last,) = self.db.execute(f"SELECT COALESCE(max(row), 0) FROM {table.name}").fetchone()
        for number, held in enumerate(fresh, max(last, taken) + 1):
            held.number = held.row["row"] = held.number if self._is_free(table.name, held.number) else number
        take = itemgetter(*table.inserted)
        rows = [take(held.row) for held in fresh]
        if len(rows) < _MANY:
            insert(self.db, f"INSERT INTO {table.name}", table.inserted, rows)
            return
        # An empty value is bound in the time of ten others.
        columns = zip(table.inserted, zip(*rows, strict=True), strict=True)
        filled = {name: values for name, values in columns if values.count(None) < len(rows)}
        insert(self.db, f"INSERT INTO {table.name}", tuple(filled), [*zip(*filled.values(), strict=True)])

    def _is_free(self, table: str, number: int) -> bool:
        return number > 0 and not _tuples(self.db, f"SELECT 1 FROM {table} WHERE row = ?", number).fetchone()

    def _update(self, table: "Definition | Link", known: Sequence[Held]) -> None:
        by_shape: dict[tuple[str, ...], list[list[Any]]] = {}
        for held in known:
            stored = held.stored
            assert stored is not None
            row = held.row
            touched = tuple([name for name, value in row.items() if value != stored[name]])
            if touched:
                by_shape.setdefault(touched, []).append([*[row[name] for name in touched], held.id])
        for touched, values in by_shape.items():
            assignments = ", ".join(f'"{name}" = ?' for name in touched)
            self.db.executemany(f"UPDATE {table.name} SET {assignments} WHERE id = ?", values)

    def _write_clocks(self, table: str, rows: Sequence[Held]) -> None:
        values, plain = [], []
        for held in rows:
            if not held.has_new_clock or held.state is None:
                continue
            clock = held.state.clock
            if clock == _NO_CLOCK:  # a seed row as it ships
                self.db.execute("DELETE FROM row_clock WHERE t = ? AND id = ?", (table, held.id))
                continue
            dots = {unit: self._packed(dot) for unit, dot in clock.fields.items()} if clock.fields else None
            life = json.dumps([*self._packed(clock.life), int(clock.is_out), clock.erased]) if clock.life else None
            if dots or life:
                fields = orjson.dumps(dots).decode() if dots else None
                values.append((table, held.id, *self._packed(clock.base), fields, life))
            else:
                plain.append((table, held.id, *self._packed(clock.base)))
        insert(self.db, "INSERT OR REPLACE INTO row_clock", _PLAIN_CLOCK, plain)
        insert(self.db, "INSERT OR REPLACE INTO row_clock", (*_PLAIN_CLOCK, "fields", "life"), values)

    def _write_veils(self, table: str, rows: Sequence[Held]) -> None:
        for held in rows:
            veil = _veil_of(held)
            if veil == held.veil:
                continue
            held.veil = veil
            self.db.execute("DELETE FROM veil WHERE t = ? AND id = ?", (table, held.id))
            if veil:
                self.db.execute("INSERT INTO veil VALUES (?, ?, ?)", (table, held.id, json.dumps(veil)))

    def _write_disputes(self) -> None:
        for (table, id), found in self.disputed.items():
            self.db.execute("DELETE FROM dispute WHERE t = ? AND id = ?", (table, id))
            self.db.executemany("INSERT INTO dispute VALUES (?, ?, ?)", [(table, id, what) for what in found])
        self.disputed.clear()

    def _sum_up(self, table: "Definition | Link", rows: Sequence[Held]) -> None:
        """Keeps the checksum of the table, by which two machines see whether they hold the same writes."""
        units, delta = table.rules.units, 0
        for held in () if _is_local(table) else rows:
            if held.is_dropped or held.has_new_clock:
                old = row_sum(held.id, held.stored_clock, units) if held.stored_clock else 0
                new = 0 if held.is_dropped else row_sum(held.id, held.clock, units)
                delta = moved(delta, old, new)
        if delta:
            add_to_checksum(self.db, table.name, delta)

    def _reindex(self, definition: Definition, rows: Sequence[Held]) -> None:
        if not definition.searched:
            return
        fresh: list[tuple[int, Values]] = []
        for held in rows:
            old, new = _living(held.stored), None if held.is_dropped else _living(held.row)
            if old is not None and new is not None and all(old[n] == new[n] for n in definition.search_columns):
                continue
            if old is not None:
                derived.drop_from_search(self.db, definition, held.number, old)
            if new is not None:
                fresh.append((held.number, new))
        derived.add_to_search(self.db, definition, fresh)

    def _count(self, definition: Definition, rows: Sequence[Held]) -> None:
        names, merged = definition.counted_by, self._merged(definition, rows)
        out: list[Values] = []
        into: list[Values] = []
        for held in rows:
            if held.id in merged:
                continue
            before, after = _living(held.stored), None if held.is_dropped else _living(held.row)
            if before is not None and after is not None and all(before[name] == after[name] for name in names):
                continue
            out += [before] if before is not None else []
            into += [after] if after is not None else []
        derived.tell_tally(self.db, definition, out, into)

    def _merged(self, definition: Definition, rows: Sequence[Held]) -> dict[str, str]:
        """Those of the rows that are losers: no list counts them."""
        if not definition.module.mergeable or not aliases.present(self.db, (definition.name,)):
            return {}
        return aliases.winners(self.db, definition.name, [held.id for held in rows])

    def _project(self, rows: Sequence[Held]) -> None:
        """Leads every record that was merged or unmerged to the one that is meant; what became or ceased to be a loser
        leaves or enters the tally as it stands in the file."""
        touched: dict[str, set[str]] = {}
        for held in rows:
            for row in (held.stored or {}, held.row):
                ids = touched.setdefault(str(row.get("t")), set())
                ids |= {row[side] for side in ("loser", "winner") if row.get(side)}
        for module in touched.keys() & set(self.registry.mergeable):
            self._lead(module, touched[module])
            self._led.setdefault(module, set()).update(touched[module])
            for id in sorted(touched[module]):
                self.changed.add(module, id)

    def _lead(self, module: str, ids: Collection[str]) -> None:
        """Works out anew whom records mean that hang together with `ids`."""
        turned, led = aliases.project(self.db, module, ids) if ids else ({}, set())
        if led and module in self.registry.followers:
            self._placed.setdefault(module, set()).update(led)
        if not turned:
            return
        self._led.setdefault(module, set()).update(ids)
        sql = f"SELECT * FROM {module} WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))"
        rows = [dict(row) for row in self.db.execute(sql, (json.dumps(list(turned)),)).fetchall()]
        out, into = ([row for row in rows if turned[row["id"]] is is_out] for is_out in (True, False))
        derived.tell_tally(self.db, self.registry[module], out, into)


def add_to_checksum(db: sqlite3.Connection, table: str, delta: int) -> None:
    """Moves the checksum of a table."""
    row = db.execute("SELECT sum FROM checksum WHERE t = ?", (table,)).fetchone()
    total = moved(int(row[0], 16) if row else 0, 0, delta)
    db.execute("INSERT OR REPLACE INTO checksum VALUES (?, ?)", (table, to_text(total)))


def versions(db: sqlite3.Connection, registry: Registry, table: str) -> dict[str, str]:
    """The row sums of a table, worked out anew from the clocks; seed rows that nobody touched are left out."""
    known = registry.definitions.get(table) or registry.links[table]
    work, units, found = Work(db, registry), known.rules.units, {}
    for id, *packed in _tuples(db, "SELECT id, hlc, r, n, fields, life FROM row_clock WHERE t = ?", table):
        found[id] = to_text(row_sum(id, work._clock(*packed), units))
    return found


def rebuild_checksum(db: sqlite3.Connection, registry: Registry, table: str) -> None:
    """Works the checksum of a table out anew."""
    db.execute("INSERT OR REPLACE INTO checksum VALUES (?, ?)", (table, checksum_of(versions(db, registry, table))))


def checksum_of(sums: Mapping[str, str]) -> str:
    """The checksum over row sums."""
    total = 0
    for one in sums.values():
        total = moved(total, 0, int(one, 16))
    return to_text(total)


def _tuples(db: sqlite3.Connection, sql: str, *parameters: Any) -> sqlite3.Cursor:
    """Rows as plain tuples, which are made faster than rows with names."""
    cursor = db.cursor()
    cursor.row_factory = None
    return cursor.execute(sql, parameters)


def _which(ids: Sequence[str]) -> tuple[str, str]:
    """A condition on ids, and its parameter."""
    return ("= ?", ids[0]) if len(ids) == 1 else ("IN (SELECT value FROM json_each(?))", listed(ids))


def _differs(held: Held, names: Sequence[str]) -> bool:
    """Whether a row that the file has changes in some columns."""
    stored, row = held.stored, held.row
    return stored is not None and any(row[name] != stored[name] for name in names)


def _has_turned(held: Held) -> bool:
    """Whether a row was deleted or came back."""
    was_gone = held.stored is not None and held.stored["deleted_at"] is not None
    return was_gone != (not held.is_dropped and held.row["deleted_at"] is not None)


def _is_local(table: "Definition | Link") -> bool:
    return isinstance(table, Definition) and table.module.local


def _life_of(held: Held) -> Values:
    """When and along with what a row was deleted, as its clock says."""
    state = held.state
    assert state is not None
    life = state.clock.life
    is_gone = life is not None and state.is_gone(held.table.rules)
    return {"deleted_at": iso_of(wall_ms(life.hlc)) if is_gone and life else None, "via": state.via}


def _veil_of(held: Held) -> Values:
    """Merged values that others stand before."""
    state = held.state
    if state is None or held.is_dropped:
        return {}
    merged, row = {**held.table.blank_sent, **state.data, "via": state.via}, held.row
    if held.table.sent_of(merged) == held.table.sent_of(row):
        return {}
    return {name: value for name, value in merged.items() if value != row[name]}


def _living(row: Values | None) -> Values | None:
    return row if row is not None and row["deleted_at"] is None else None


def iso_of(ms: int) -> str:
    """An instant from milliseconds since 1970. One that no calendar holds (a broken clock) becomes the nearest."""
    return instant(datetime.fromtimestamp(min(max(ms, 0), _LAST_MS) / 1000, UTC))


_LAST_MS = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)


def keys_of(changesets: Iterable[Changeset]) -> Iterator[Key]:
    """The rows that changesets touch."""
    for changeset in changesets:
        for op in changeset.ops:
            yield op.table, op.id

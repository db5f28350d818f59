"""What the log must lead to, worked out anew by causal histories: rows, winners, and which pairs are conflicts.

It shares the declarations with the code (which columns belong together, how they merge) and nothing else: two writes
are concurrent when neither is in the other's history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sync_server.manifest import Key, Manifest, Table
from sync_server.replication.changeset import value_hash
from sync_server.replication.clock import ZERO, Dot

from .ledger import Ledger, Logged, Write
from .problem import Problem

LIFE = "deleted_at"
LOST = frozenset(("set", "max"))
"""Policies under which nothing is lost."""

PairKey = tuple[str, str, str, frozenset[int]]
"""Table, row, unit, the two writes."""


@dataclass(frozen=True)
class Cell:
    """The value that counts for a unit: who wrote it, and on what."""

    by: Logged
    based_on: Mapping[str, str]

    @property
    def dot(self) -> Dot:
        return self.by.dot


@dataclass(frozen=True)
class Delete:
    by: Logged
    seen: Mapping[str, int]

    def covers(self, cell: Cell) -> bool:
        """Whether the delete says that it saw the write in the row."""
        return cell.dot.n <= self.seen.get(cell.dot.replica, 0)

    def knew(self, cell: Cell) -> bool:
        """Whether who deleted knew of the write, wherever from."""
        return self.covers(cell) or bool((self.by.write.known or 0) & cell.by.write.bit)


@dataclass
class Row:
    data: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    is_born: bool = False
    life: Logged | None = None
    is_out: bool = False
    via: str | None = None
    deletes: list[Delete] = field(default_factory=list)

    def is_covered(self, cell: Cell) -> bool:
        return any(delete.covers(cell) for delete in self.deletes)

    def should_be_gone(self, table: Table) -> bool:
        """Whether all that counts now was known to who deleted the row."""
        is_known = all(any(delete.knew(cell) for delete in self.deletes) for cell in self.cells.values())
        return self.is_gone(table) or (self.is_out and not table.rules.is_link and is_known)

    def is_gone(self, table: Table) -> bool:
        if self.life is None or not self.is_out:
            return False
        if table.rules.is_link:
            return all(self.life.dot > cell.dot for cell in self.cells.values())
        return all(self.is_covered(cell) for cell in self.cells.values())


@dataclass
class Oracle:
    """Fed with the whole log in its order."""

    manifest: Manifest
    ledger: Ledger
    rows: dict[Key, Row] = field(default_factory=dict)
    pairs: dict[PairKey, str] = field(default_factory=dict)
    """The pairs there must be, with the name of the winner."""
    _revived: set[Key] = field(default_factory=set)
    """What is needed and still deleted: the server is about to bring it back."""
    _gone: set[Key] = field(default_factory=set)
    """Which of the rows of a write were gone before it."""

    def __post_init__(self) -> None:
        for table, seeds in self.manifest.seeds.items():
            for id, values in seeds.items():
                data = {name: value for name, value in values.items() if value is not None}
                self.rows[table, id] = Row(data, is_born=True)

    @staticmethod
    def over(manifest: Manifest, ledger: Ledger) -> Oracle:
        oracle = Oracle(manifest, ledger)
        for one in ledger.log:
            oracle.take(one)
        if oracle._revived:
            raise Problem("I12", f"still deleted, though they are needed: {sorted(oracle._revived)}")
        return oracle

    def take(self, one: Logged) -> None:
        if one.write.known is None:
            raise Problem("I2", f"{one.write.name} stands in the log, but nobody wrote it")
        self._check_brought_back(one)
        ops = sorted(one.body["ops"], key=lambda op: (op["t"], op["id"]))
        for op, won in [(op, self._take_op(one, op)) for op in ops]:
            self._revive(one, op, won)

    def _check_brought_back(self, one: Logged) -> None:
        """The server brings back, right after what made it necessary, what must come back, with all that went along."""
        if one.body.get("act") == "sync.server":
            self._revived -= {(op["t"], op["id"]) for op in one.body["ops"] if op["k"] == "undel"}
        elif self._revived:
            raise Problem("I12", f"still deleted, though they are needed: {sorted(self._revived)}")

    def _take_op(self, one: Logged, op: Mapping[str, Any]) -> dict[str, Any]:
        key = op["t"], op["id"]
        table, is_new = self.manifest.tables[op["t"]], key not in self.rows
        row = self.rows.setdefault(key, Row())
        if row.is_gone(table):
            self._gone.add(key)
        else:
            self._gone.discard(key)
        won: dict[str, Any] = {}
        if op["k"] in ("del", "undel"):
            self._live(one, op, key, row, table)
        elif op["k"] == "ins":
            row.is_born = True
        if op["k"] == "ins" or op.get("set"):
            won = self._write(one, op, key, row, table, is_new and op["k"] == "ins")
        return won

    # ------------------------------------------------------------------------------------------------------- writes

    def _write(
        self, one: Logged, op: Mapping[str, Any], key: Key, row: Row, table: Table, is_first: bool
    ) -> dict[str, Any]:
        given = op.get("set", {})
        if op["k"] == "ins":
            given = {name: given.get(name) for name in table.rules.unit_of}
        units: dict[str, dict[str, Any]] = {}
        for name, value in given.items():
            units.setdefault(table.rules.unit_of[name], {})[name] = value
        won: dict[str, Any] = {}
        for unit, new in units.items():
            if self._write_unit(one, op, key, row, table, unit, new):
                won |= new
        if won and not is_first:
            self._against_delete(one, key, row, table)
        return won

    def _write_unit(
        self, one: Logged, op: Mapping[str, Any], key: Key, row: Row, table: Table, unit: str, new: dict[str, Any]
    ) -> bool:
        old = {name: row.data.get(name) for name in new}
        cell, based_on = row.cells.get(unit), op.get("bh", {})
        policy = table.rules.policies.get(unit, "lww")
        is_won = self._wins(table, unit, old, cell.dot if cell else ZERO, new, one.dot)
        if cell is not None and old != new and not table.rules.is_link and policy not in LOST:
            is_based = _rests(based_on, old, new) or _rests(cell.based_on, new, old)
            if not is_based and key[0] != "conflict" and self.are_concurrent(one, cell.by):
                winner, loser = (one, cell.by) if is_won else (cell.by, one)
                self._pair(key, unit, winner, loser)
        if is_won:
            row.cells[unit] = Cell(one, based_on)
            row.data |= new
            row.data = {name: value for name, value in row.data.items() if value is not None}
        return is_won

    @staticmethod
    def _wins(table: Table, unit: str, old: dict[str, Any], old_dot: Dot, new: dict[str, Any], new_dot: Dot) -> bool:
        policy = table.rules.policies.get(unit, "lww")
        first = next(name for name in table.rules.columns[unit] if name in new)
        one, other = old[first], new[first]
        if policy == "max" and one != other:
            return one is None or (other is not None and other > one)
        if policy == "rank":
            order = table.rules.ranks[unit]
            if order.get(one, -1) != order.get(other, -1):
                return order.get(other, -1) > order.get(one, -1)
        return new_dot > old_dot

    # --------------------------------------------------------------------------------------------- deletes, undeletes

    def _live(self, one: Logged, op: Mapping[str, Any], key: Key, row: Row, table: Table) -> None:
        is_out = op["k"] == "del"
        if is_out:
            row.deletes.append(Delete(one, op.get("seen", {})))
        if row.life is not None and row.life.dot > one.dot:
            return
        row.life, row.is_out, row.via = one, is_out, op.get("via") if is_out else None
        if not is_out or table.rules.is_link:
            return
        unseen = [cell for cell in row.cells.values() if not row.is_covered(cell) and self.are_concurrent(one, cell.by)]
        if unseen:
            self._pair(key, LIFE, max(unseen, key=lambda cell: cell.dot).by, one)

    def _against_delete(self, one: Logged, key: Key, row: Row, table: Table) -> None:
        if table.rules.is_link or row.life is None or not row.is_out:
            return
        if not row.is_covered(Cell(one, {})) and self.are_concurrent(one, row.life):
            self._pair(key, LIFE, one, row.life)

    # ------------------------------------------------------------------------------------------------------- parents

    def _revive(self, one: Logged, op: Mapping[str, Any], won: Mapping[str, Any]) -> None:
        key = op["t"], op["id"]
        row, table = self.rows[key], self.manifest.tables[key[0]]
        if row.is_gone(table):
            if row.life is one or key not in self._gone:
                self._still_needed(key, one if op["k"] == "del" else None)
            return
        is_whole = op["k"] == "ins" or row.life is not None
        for target in table.targets(row.data, None if is_whole else won):
            self._undelete(target, one)

    def _still_needed(self, key: Key, deleted_by: Logged | None) -> None:
        for child, cell in self._children(key):
            if deleted_by is not None and not self.are_concurrent(cell.by, deleted_by):
                continue
            if not self.rows[child].is_gone(self.manifest.tables[child[0]]) and self._undelete(key, cell.by):
                return

    def _children(self, key: Key) -> Iterator[tuple[Key, Cell]]:
        for child in sorted(self.rows):
            table, row = self.manifest.tables[child[0]], self.rows[child]
            for column, reference in table.references.items():
                if not reference.is_loose and reference.target(column, row.data) == key:
                    cell = row.cells.get(table.rules.unit_of[column])
                    if cell is not None:
                        yield child, cell

    def _undelete(self, key: Key, needed_by: Logged) -> bool:
        """Whether a row comes back because who deleted it and who needs it did not know of each other."""
        row = self.rows.get(key)
        if row is None or key in self._revived or not row.is_gone(self.manifest.tables[key[0]]):
            return False
        if row.life is None or not self.are_concurrent(needed_by, row.life):
            return False
        self._pair(key, LIFE, needed_by, row.life)
        self._with_it(key)
        for target in self.manifest.tables[key[0]].targets(row.data):
            self._undelete(target, needed_by)
        return True

    def _with_it(self, key: Key) -> None:
        """A row comes back with what its deletion took along, and with that in turn."""
        self._revived.add(key)
        for child, row in self.rows.items():
            is_along = row.via == f"{key[0]}:{key[1]}" and row.is_gone(self.manifest.tables[child[0]])
            if is_along and child not in self._revived:
                self._with_it(child)

    # --------------------------------------------------------------------------------------------------------- pairs

    def are_concurrent(self, one: Logged, other: Logged) -> bool:
        """Whether neither author knew of the other's write. Two answers to one conflict know of each other."""
        if one.body.get("res") is not None and one.body.get("res") == other.body.get("res"):
            return False
        return not (_knew(one.write, other.write) or _knew(other.write, one.write))

    def _pair(self, key: Key, unit: str, winner: Logged, loser: Logged) -> None:
        pair = frozenset((winner.write.number, loser.write.number))
        self.pairs.setdefault((*key, unit, pair), winner.write.name)


def _knew(one: Write, other: Write) -> bool:
    return one is other or bool((one.known or 0) & other.bit)


def _rests(based_on: Mapping[str, str], old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a write of `new` overwrote these very values."""
    return all(based_on.get(name) == value_hash(old[name]) for name in new if old[name] != new[name])

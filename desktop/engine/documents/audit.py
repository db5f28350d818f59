"""The books worked out anew: to compare them with what is stored, or to put right what a changed declaration books
otherwise. A batch of documents at a time, whatever their number."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..registry import Definition, Registry
from ..work import Held, Work
from .declare import Ledger
from .project import VEIL, Place, balance_id, project
from .versions import TABLE

BATCH = 200
"""Documents that are worked out at a time."""

_ROWS = 2_000


@dataclass(frozen=True)
class Amiss:
    """A row that ought to stand otherwise in the file."""

    table: str
    id: str
    kind: str
    """`missing`, `extra`, `values` (those in `names`), or `veil`: only what waits behind the row."""
    row: Mapping[str, Any]
    names: tuple[str, ...] = ()


def batches(db: sqlite3.Connection, registry: Registry) -> Iterator[list[Place]]:
    """All documents there are."""
    for module in registry.documents:
        last = -(2**62)
        sql = f"SELECT row, id FROM {module} WHERE row > ? ORDER BY row LIMIT {BATCH}"
        while found := db.execute(sql, (last,)).fetchall():
            yield [(module, id) for _, id in found]
            last = found[-1][0]


def compare(db: sqlite3.Connection, registry: Registry, places: list[Place]) -> list[Amiss]:
    """Rows of these documents, and what they booked, that differ from what the versions that count give now. Balances
    are not among them."""
    work = Work(db, registry)
    for place in places:
        work.touch_document(*place)
    project(work)
    return [_amiss(table, held) for (table, _), held in work.amiss()]


def _amiss(table: str, held: Held) -> Amiss:
    if held.stored is None:
        return Amiss(table, held.id, "missing", held.row)
    if held.is_dropped:
        return Amiss(table, held.id, "extra", held.stored)
    names = tuple(name for name, value in held.row.items() if value != held.stored[name] and name != "rev")
    return Amiss(table, held.id, "values" if names else VEIL, held.stored, names)


def alone(db: sqlite3.Connection, registry: Registry, ledger: Ledger) -> Iterator[tuple[str, str | None]]:
    """Entries that no document made: (id, number)."""
    heads = "".join(f" AND NOT EXISTS (SELECT 1 FROM {name} h WHERE h.id = m.document)" for name in registry.documents)
    yield from db.execute(f"SELECT m.id, m.number FROM {ledger.moves} m WHERE 1{heads}")


def annexes_alone(db: sqlite3.Connection, annex: str) -> Iterator[str]:
    """Rows beside a version that is not there."""
    sql = f"SELECT a.id FROM {annex} a WHERE NOT EXISTS (SELECT 1 FROM {TABLE} v WHERE v.id = a.version)"
    yield from (row[0] for row in db.execute(sql))


def veils_alone(db: sqlite3.Connection, registry: Registry) -> Iterator[tuple[str, str]]:
    """What waits behind rows that are not there."""
    for (table,) in db.execute(f"SELECT DISTINCT t FROM {VEIL}").fetchall():
        there = f" AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.id = w.id)" if table in registry.veiled else ""
        yield from db.execute(f"SELECT w.t, w.id FROM {VEIL} w WHERE w.t = ?{there}", (table,))


# ----------------------------------------------------------------------------------------------------------- balances


def balances_amiss(db: sqlite3.Connection, registry: Registry, ledger: Ledger) -> Iterator[tuple[str, dict[str, Any]]]:
    """Balances that are not the sums over their entries, as they ought to be: (id, values); without values where there
    are no such entries."""
    definition = registry[ledger.balance]
    for wanted in _sums(db, ledger):
        asked = json.dumps(list(wanted))
        found = db.execute(f"SELECT * FROM {ledger.balance} WHERE id IN (SELECT value FROM json_each(?))", (asked,))
        stored = {row["id"]: row for row in map(dict, found)}
        for id, values in wanted.items():
            row = stored.get(id)
            if row is None or any(row[name] != values.get(name) for name in definition.all_names):
                yield id, values
    yield from ((id, {}) for id in _empty(db, ledger))


def _sums(db: sqlite3.Connection, ledger: Ledger) -> Iterator[dict[str, dict[str, Any]]]:
    """What all balances ought to be, some at a time."""
    keys = ", ".join(f'"{name}"' for name in ledger.keys)
    sums = "".join(f', COALESCE(sum("{amount}"), 0)' for amount in ledger.sums)
    names = (*ledger.keys, "entries", *ledger.sums.values())
    cursor = db.execute(f"SELECT {keys}, count(*){sums} FROM {ledger.moves} GROUP BY {keys}")
    while found := cursor.fetchmany(_ROWS):
        batch = [dict(zip(names, row, strict=True)) for row in found]
        yield {balance_id(ledger, [row[name] for name in ledger.keys]): row | ledger.derive(row) for row in batch}


def _empty(db: sqlite3.Connection, ledger: Ledger) -> Iterator[str]:
    """Balances of no entries, or that stand under an id of their own."""
    keys = ", ".join(f'b."{name}"' for name in ledger.keys)
    same = " AND ".join(f'm."{name}" IS b."{name}"' for name in ledger.keys)
    entries = f"SELECT 1 FROM {ledger.moves} m WHERE m.deleted_at IS NULL AND {same}"
    for id, is_empty, *values in db.execute(f"SELECT b.id, NOT EXISTS ({entries}), {keys} FROM {ledger.balance} b"):
        if is_empty or balance_id(ledger, values) != id:
            yield id


# ------------------------------------------------------------------------------------------------------------- rebuild


def rebuild(db: sqlite3.Connection, registry: Registry) -> None:
    """Works every document out anew, books it anew, and sums the balances up anew. Inside an open `write()`."""
    for places in batches(db, registry):
        work = Work(db, registry)
        for place in places:
            work.touch_document(*place)
        work.flush()
    for ledger in registry.ledgers.values():
        _drop_alone(db, registry, ledger)
        _sum_up(db, registry, ledger)


def _drop_alone(db: sqlite3.Connection, registry: Registry, ledger: Ledger) -> None:
    work = Work(db, registry)
    for id, _ in list(alone(db, registry, ledger)):
        work.drop(ledger.moves, id)
    work.flush()


def _sum_up(db: sqlite3.Connection, registry: Registry, ledger: Ledger) -> None:
    work = Work(db, registry)
    for id, values in list(balances_amiss(db, registry, ledger)):
        if values:
            work.keep(ledger.balance, id, values)
        else:
            work.drop(ledger.balance, id)
    work.flush()


_KEY = "books"


def bring_up_to_date(db: sqlite3.Connection, registry: Registry) -> None:
    """Rebuilds the books of data that were booked by other declarations."""
    words = declared(registry)
    known = db.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    if known is None or known[0] != words:
        rebuild(db, registry)
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KEY, words))


def declared(registry: Registry) -> str:
    """What documents and ledgers follow from, as far as words say it; `revision` stands for what functions say."""
    ledgers = [
        (one.moves, one.balance, one.keys, sorted(one.sums.items()), one.revision) for one in registry.ledgers.values()
    ]
    documents = [
        (name, one.lines, one.parent, one.after, one.copied, one.revision) for name, one in registry.documents.items()
    ]
    tables = [name for one in ledgers for name in one[:2]] + [name for one in documents for name in one[:2]]
    columns = [(name, _names(registry[name])) for name in tables]
    return repr((sorted(ledgers), sorted(documents), sorted(columns)))


def _names(definition: Definition) -> tuple[str, ...]:
    return tuple(sorted(definition.all_names))

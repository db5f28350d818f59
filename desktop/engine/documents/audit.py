"""The books worked out anew: to compare them with what is stored, or to put right what a changed declaration books
otherwise. A batch of documents at a time, whatever their number."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..registry import Definition, Registry
from ..telling import Progress, Tell, untold
from ..work import Held, Work
from .balances import Meaning, Sum, balance_id, fed, summed
from .declare import Balance, Ledger
from .project import VEIL, Place, project
from .versions import TABLE

BATCH = 200
"""Documents that are worked out at a time."""


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


def balances_amiss(db: sqlite3.Connection, registry: Registry, ledger: Ledger, balance: Balance) -> Iterator[Sum]:
    """Balances that are not the sums over their entries."""
    names = registry[balance.module].all_names
    for wanted in _fed(db, registry, ledger, balance) if balance.fed else summed(db, registry, ledger, balance):
        asked = json.dumps([one.id for one in wanted])
        found = db.execute(f"SELECT * FROM {balance.module} WHERE id IN (SELECT value FROM json_each(?))", (asked,))
        stored = {row["id"]: row for row in map(dict, found)}
        for one in wanted:
            row, values = stored.get(one.id), one.values or {}
            is_there = row is not None
            if is_there != bool(one.values) or (row and any(row[name] != values.get(name) for name in names)):
                yield one
    yield from _empty(db, registry, ledger, balance)


def _fed(db: sqlite3.Connection, registry: Registry, ledger: Ledger, balance: Balance) -> Iterator[list[Sum]]:
    """The same of a balance that others feed."""
    wanted = fed(db, registry, ledger, balance)
    yield wanted
    known = {one.id for one in wanted}
    keys = ", ".join(f'"{name}"' for name in balance.keys)
    stored = db.execute(f"SELECT id, {keys} FROM {balance.module}").fetchall()
    yield [Sum(id, tuple(key), None) for id, *key in stored if id not in known]


def _empty(db: sqlite3.Connection, registry: Registry, ledger: Ledger, balance: Balance) -> Iterator[Sum]:
    """Balances of no entries, or that stand under an id of their own."""
    if balance.fed:
        return
    keys = ", ".join(f'b."{name}"' for name in balance.keys)
    if Meaning(db, registry).is_led(balance):
        there = {one.id for some in summed(db, registry, ledger, balance) for one in some}
        stored = db.execute(f"SELECT b.id, {keys} FROM {balance.module} b").fetchall()
        yield from (Sum(id, tuple(key), None) for id, *key in stored if id not in there)
        return
    same = " AND ".join(f'm."{name}" IS b."{name}"' for name in balance.keys)
    entries = f"SELECT 1 FROM {ledger.moves} m WHERE m.deleted_at IS NULL AND {same}"
    for id, is_empty, *key in db.execute(f"SELECT b.id, NOT EXISTS ({entries}), {keys} FROM {balance.module} b"):
        if is_empty or key[-1] is None or balance_id(balance, key) != id:
            yield Sum(id, tuple(key), None)


# ------------------------------------------------------------------------------------------------------------- rebuild


def rebuild(db: sqlite3.Connection, registry: Registry, tell: Tell = untold) -> None:
    """Works every document out anew, books it anew, and sums the balances up anew. Inside an open `write()`."""
    total = sum(db.execute(f"SELECT count(*) FROM {module}").fetchone()[0] for module in registry.documents)
    progress = Progress(tell, "重新登记单据的账目", "张", total)
    if total:
        tell("重新登记单据的账目")
    for places in batches(db, registry):
        work = Work(db, registry)
        for place in places:
            work.touch_document(*place)
        work.flush()
        progress.add(len(places))
    if total:
        tell("重新核算余额")
    sum_up(db, registry)


def sum_up(db: sqlite3.Connection, registry: Registry) -> None:
    """Sums the balances up anew, without entries that no document made. Inside an open `write()`."""
    for ledger in registry.ledgers.values():
        _drop_alone(db, registry, ledger)
    # What feeds others comes before them.
    every = [(ledger, balance) for ledger in registry.ledgers.values() for balance in ledger.balances]
    for ledger, balance in sorted(every, key=lambda one: one[1].feeds is None):
        wrong = list(balances_amiss(db, registry, ledger, balance))
        for start in range(0, len(wrong), BATCH):
            _put_right(Work(db, registry), balance, wrong[start : start + BATCH])


def _drop_alone(db: sqlite3.Connection, registry: Registry, ledger: Ledger) -> None:
    work = Work(db, registry)
    for id, _ in list(alone(db, registry, ledger)):
        work.drop(ledger.moves, id)
    work.flush()


def _put_right(work: Work, balance: Balance, wrong: Sequence[Sum]) -> None:
    """Balances, and the headers that show what stands in them."""
    for one in wrong:
        if one.values is None:
            work.drop(balance.module, one.id)
        else:
            work.keep(balance.module, one.id, one.values)
    work.flush()
    for one in wrong if balance.header else ():
        about = dict(zip(balance.keys, one.key, strict=True))
        module, id = (str(about[name]) for name in balance.header or ())
        if module in work.registry.documents:
            work.touch_document(module, id)
    work.flush()


_KEY = "books"
_REVISION = 3
"""Raised where documents are worked out otherwise, whatever their declarations: 2 knows what has to be decided, 3 names
entries by the time of their document."""


def bring_up_to_date(db: sqlite3.Connection, registry: Registry, tell: Tell = untold) -> None:
    """Rebuilds the books of data that were booked by other declarations."""
    words = declared(registry.root)
    known = db.execute("SELECT value FROM meta WHERE key = ?", (_KEY,)).fetchone()
    if known is None or known[0] != words:
        rebuild(db, registry, tell)
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KEY, words))


@lru_cache(maxsize=4)
def declared(registry: Registry) -> str:
    """What documents and ledgers follow from, as far as words say it; `revision` stands for what functions say."""
    balances = [(one.module, one.keys, sorted(one.sums.items()), one.header) for one in registry.balances.values()]
    ledgers = [(one.moves, one.amounts, one.revision) for one in registry.ledgers.values()]
    documents = [
        (name, one.lines, one.parent, one.after, one.copied, one.stands, one.revision)
        for name, one in registry.documents.items()
    ]
    tables = {*registry.balances, *registry.ledgers, *registry.documents, *registry.document_of}
    columns = [(name, _names(registry[name])) for name in tables]
    return repr((_REVISION, sorted(balances), sorted(ledgers), sorted(documents), sorted(columns)))


def _names(definition: Definition) -> tuple[str, ...]:
    return tuple(sorted(definition.all_names))

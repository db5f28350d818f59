"""合并重复: which records may be the same (T28), found among all of them by indexed keys, and pairs that are two after
all.

Grounds that tell much (`KEY_POINTS`) are kept in indexed columns. What stands more than once there is looked at, and
nothing else; what very many share tells nothing. The answer is kept until a record, a merger or a dismissal changes.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any
from weakref import WeakKeyDictionary

from sync_server.replication.changeset import Op

from ..db import Database
from ..errors import BadRequest
from . import aliases, unlike
from .access import Principal, compares, scope_sql
from .define import Alike
from .engine import Engine
from .fields import Ref, Sql, all_of
from .ids import new_id
from .likeness import KEY_POINTS, LIKELY, SAME, is_equal, key_column, score, tokens, with_children
from .merging import mergeable
from .query import T
from .records import visible_records
from .registry import Definition
from .rows import Values, fetch, labels
from .search import context_of, title_of

KEYS_MAX = 5_000
"""Keys that stand more than once and are looked at, for each ground."""
SHARED_MAX = 50
"""Records that share one key; beyond that it tells nothing of any two of them."""
_ALL_PAIRS_MAX = 8


@dataclass(frozen=True)
class Pair:
    """Two records that may be one."""

    one: str
    other: str
    score: int
    reasons: tuple[str, ...]


@dataclass
class _Known:
    """What was found last, and the state of the data it was found in."""

    version: tuple[object, ...] = ()
    pairs: list[Pair] = field(default_factory=list)


_cache: WeakKeyDictionary[Database, dict[tuple[str, frozenset[str]], _Known]] = WeakKeyDictionary()


def groups(
    engine: Engine, principal: Principal, module: str, kind: str = "", offset: int = 0, limit: int = 20
) -> dict[str, Any]:
    """{groups: [{score, kind, reasons, hinders, rows: [{id, title, context, created_at}]}], total, next}: records that
    may be the same, the surest first. `kind` same or likely narrows it; `hinders`: why they cannot be merged as they
    are."""
    definition = mergeable(engine, principal, module)
    with engine.db.read() as db:
        pairs = _visible(engine, db, principal, definition, _pairs(engine, db, principal, definition))
        found = [one for one in _joined(pairs) if kind in ("", _kind(one.score))]
        shown = found[offset : offset + limit]
        told = [_told(engine, db, principal, definition, one) for one in shown]
    more = offset + limit < len(found)
    return {"groups": told, "total": len(found), "next": offset + limit if more else None}


def _kind(points: int) -> str:
    return "same" if points >= SAME else "likely"


# ----------------------------------------------------------------------- pairs


def _pairs(engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition) -> list[Pair]:
    """Pairs of all records by what this person may compare, from the cache while nothing has changed."""
    hidden = frozenset(
        [name for name, one in definition.fields.items() if not compares(principal, definition, one)]
        + [one.key for one in definition.module.alike_below if not principal.may("view", one.module)]
    )
    known = _cache.setdefault(engine.db, {}).setdefault((definition.name, hidden), _Known())
    below = [one.module for one in definition.module.alike_below]
    tables = json.dumps([definition.name, aliases.TABLE, aliases.PAIRS, *below])
    sql = "SELECT t, sum FROM checksum WHERE t IN (SELECT value FROM json_each(?)) ORDER BY t"
    version = tuple(tuple(row) for row in db.execute(sql, (tables,)))
    if known.version != version or not version:
        known.pairs, known.version = list(_found(engine, db, definition, hidden)), version
    return known.pairs


def _found(engine: Engine, db: sqlite3.Connection, definition: Definition, hidden: frozenset[str]) -> Iterator[Pair]:
    buckets = [*_buckets(db, definition, hidden), *_below(engine, db, definition, hidden)]
    rows = _rows(engine, db, definition, {number for _, numbers in buckets for number in numbers}, hidden)
    dismissed = _dismissed(db, definition.name)
    seen: set[tuple[str, str]] = set()
    for alike, numbers in buckets:
        here = [rows[number] for number in numbers if number in rows]
        for one, other in _worth_a_look(definition, alike, here):
            pair = (min(one["id"], other["id"]), max(one["id"], other["id"]))
            if pair in seen or pair in dismissed:
                continue
            seen.add(pair)
            points, reasons = score(definition, one, other)
            if _has_double(definition, one, other):
                points = max(points, LIKELY)
            if points >= LIKELY:
                yield Pair(*pair, points, tuple(reasons))


def _has_double(definition: Definition, one: Values, other: Values) -> bool:
    """Equal values in a field that ought to be unique are listed, whatever else is different (flag U), unless the
    module says that they tell little."""
    weak = {name for alike in definition.module.alike if alike.points < KEY_POINTS for name in alike.fields.split()}
    fields = ((name, about) for name, about in definition.fields.items() if name not in weak)
    return any(is_equal(about, one.get(name), other.get(name)) for name, about in fields)


def _buckets(
    db: sqlite3.Connection, definition: Definition, hidden: frozenset[str]
) -> Iterator[tuple[Alike | None, list[int]]]:
    """Rows that share a key, with the ground; None: a field that ought to be unique."""
    covered: set[str] = set()
    for alike in definition.module.alike:
        names = [name for name in alike.fields.split() if name not in hidden]
        covered |= set(names)
        columns = [column for name in names if (column := key_column(definition.shadows, name))]
        if columns and alike.points >= KEY_POINTS:
            for numbers in _shared(db, definition, columns):
                yield alike, numbers
    for name, one in definition.fields.items():
        column = key_column(definition.shadows, name)
        if one.unique and column and name not in covered | hidden:
            for numbers in _shared(db, definition, [column]):
                yield None, numbers


def _shared(db: sqlite3.Connection, definition: Definition, columns: Sequence[str]) -> Iterator[list[int]]:
    """Rows by the keys that more than one of them has in any of some indexed columns."""
    parts = [
        f'SELECT "{one}" AS k FROM {definition.name} WHERE deleted_at IS NULL AND "{one}" > \'\'' for one in columns
    ]
    keys = f"SELECT k FROM ({' UNION ALL '.join(parts)}) GROUP BY k HAVING count(*) BETWEEN 2 AND ? LIMIT ?"
    found = [row[0] for row in db.execute(keys, (SHARED_MAX * len(columns), KEYS_MAX))]
    hidden = f" AND {aliases.not_merged(definition.name, 'c')}" if aliases.present(db, [definition.name]) else ""
    held = " UNION ".join(
        f'SELECT k.value AS k, c.row FROM json_each(?1) k CROSS JOIN {definition.name} c ON c."{one}" = k.value '
        f"WHERE c.deleted_at IS NULL{hidden}"
        for one in columns
    )
    by_key: dict[str, list[int]] = {}
    for key, number in db.execute(held, (json.dumps(found),)):
        by_key.setdefault(key, []).append(number)
    yield from (numbers for numbers in by_key.values() if 2 <= len(numbers) <= SHARED_MAX)


def _below(
    engine: Engine, db: sqlite3.Connection, definition: Definition, hidden: frozenset[str]
) -> Iterator[tuple[None, list[int]]]:  # fmt: skip
    """Rows with children that say the same."""
    for one in definition.module.alike_below:
        if one.key in hidden:
            continue
        parent, column = engine.registry[one.module].module.parent, f'"{one.field}"'
        id = aliases.meant((definition.name,), f'c."{parent}"')
        keys = (
            f"SELECT {column} FROM {one.module} WHERE deleted_at IS NULL AND {column} > '' GROUP BY 1 "
            "HAVING count(*) BETWEEN 2 AND ? LIMIT ?"
        )
        held = (
            f"SELECT DISTINCT c.{column}, p.row FROM {one.module} c JOIN {definition.name} p ON p.id = {id} "
            f"AND p.deleted_at IS NULL WHERE c.deleted_at IS NULL AND c.{column} IN ({keys})"
        )
        by_key: dict[str, list[int]] = {}
        for key, number in db.execute(held, (SHARED_MAX, KEYS_MAX)):
            by_key.setdefault(key, []).append(number)
        yield from ((None, numbers) for numbers in by_key.values() if len(numbers) > 1)


def _rows(
    engine: Engine, db: sqlite3.Connection, definition: Definition, numbers: Iterable[int], hidden: frozenset[str]
) -> dict[int, Values]:
    """What is compared of rows, without what this person may not compare. References mean their winners."""
    named = {name for alike in definition.module.alike for name in alike.fields.split()}
    named |= {name for name, one in definition.fields.items() if one.unique}
    names = [name for name in sorted(named) if definition.fields[name].columns(name)]
    columns = ", ".join(f'"{name}"' for name in names)
    sql = f"SELECT row, id, {columns} FROM {definition.name} WHERE row IN (SELECT value FROM json_each(?))"
    found: dict[int, Values] = {
        number: dict(zip(("id", *names), values, strict=True)) | dict.fromkeys(hidden)
        for number, *values in db.execute(sql, (json.dumps(list(numbers)),))
    }
    for name in names:
        one = definition.fields[name]
        if isinstance(one, Ref):
            _resolve(engine, db, name, one, found.values())
    with_children(db, engine.registry, definition, found.values(), hidden)
    return found


def _resolve(engine: Engine, db: sqlite3.Connection, name: str, one: Ref, rows: Iterable[Values]) -> None:
    held = [row for row in rows if row[name]]
    for target in set(one.targets()) & set(engine.registry.mergeable):
        winners = aliases.winners(db, target, {row[name] for row in held})
        for row in held:
            row[name] = winners.get(row[name], row[name])


def _worth_a_look(
    definition: Definition, alike: Alike | None, rows: Sequence[Values]
) -> Iterator[tuple[Values, Values]]:
    """Pairs among rows that share a ground. Where that alone is not enough, only those that share another one, too."""
    if alike is None or alike.points >= LIKELY or len(rows) <= _ALL_PAIRS_MAX:
        yield from _some_pairs(rows)
    if len(rows) <= _ALL_PAIRS_MAX or not _tells_more(definition, alike):
        return
    for other in (one for one in definition.module.alike if one is not alike):
        by_token: dict[str, list[Values]] = {}
        for row in rows:
            for token in tokens(other, row):
                by_token.setdefault(token, []).append(row)
        for together in by_token.values():
            yield from _some_pairs(together)


def _tells_more(definition: Definition, alike: Alike | None) -> bool:
    """Whether other grounds have a say in what one alone would be enough for."""
    return alike is not None and (alike.points < LIKELY or any(one.apart for one in definition.module.alike))


def _some_pairs(rows: Sequence[Values]) -> Iterator[tuple[Values, Values]]:
    """All pairs of a few; of many each with the first and with the one before it, which joins them into one group."""
    if len(rows) <= _ALL_PAIRS_MAX:
        yield from combinations(rows, 2)
        return
    for place, row in enumerate(rows[1:]):
        yield rows[0], row
        if place:
            yield rows[place], row


# ---------------------------------------------------------------------- groups


@dataclass
class _Group:
    score: int
    reasons: dict[str, None]
    ids: list[str]


def _visible(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, pairs: Sequence[Pair]
) -> list[Pair]:
    """Pairs of which the person sees both."""
    scope = scope_sql(engine.registry, definition, principal, T)
    if scope is None:
        return list(pairs)
    ids = json.dumps(sorted({id for pair in pairs for id in (pair.one, pair.other)}))
    where = all_of([Sql(f"{T}.id IN (SELECT value FROM json_each(?))", (ids,)), scope])
    seen = {row[0] for row in db.execute(f"SELECT {T}.id FROM {definition.name} {T} WHERE {where.text}", where.params)}
    return [pair for pair in pairs if pair.one in seen and pair.other in seen]


def _joined(pairs: Sequence[Pair]) -> list[_Group]:
    """Pairs that hang together are one group, as sure as its surest pair; the surest first."""
    above: dict[str, str] = {}

    def top(id: str) -> str:
        while above.setdefault(id, id) != id:
            above[id] = above[above[id]]
            id = above[id]
        return id

    for pair in pairs:
        above[top(pair.other)] = top(pair.one)
    found: dict[str, _Group] = {}
    for pair in pairs:
        group = found.setdefault(top(pair.one), _Group(0, {}, []))
        group.score = max(group.score, pair.score)
        group.reasons.update(dict.fromkeys(pair.reasons))
    for id in above:
        found[top(id)].ids.append(id)
    return sorted(found.values(), key=lambda one: (-one.score, min(one.ids)))


def _told(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, group: _Group
) -> dict[str, Any]:
    sql = f"SELECT row FROM {definition.name} WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    numbers = [row[0] for row in db.execute(sql, (json.dumps(group.ids),))]
    rows = fetch(db, engine.registry, definition, numbers, principal)
    known = labels(db, engine.registry, definition, rows)
    return {
        "score": group.score,
        "kind": _kind(group.score),
        "reasons": list(group.reasons),
        "hinders": unlike.hindrances(db, engine.registry, definition, group.ids),
        "rows": [
            {
                "id": row["id"],
                "title": title_of(definition, row),
                "context": context_of(definition, row, known),
                "created_at": row["created_at"],
            }
            for row in rows
        ],
    }


# --------------------------------------------------------------------- dismissed


def _dismissed(db: sqlite3.Connection, module: str) -> set[tuple[str, str]]:
    sql = f"SELECT one, other FROM {aliases.PAIRS} WHERE t = ? AND deleted_at IS NULL"
    return {(min(a, b), max(a, b)) for a, b in db.execute(sql, (module,)) if a and b}


def dismiss(engine: Engine, principal: Principal, module: str, ids: Sequence[str], *, again: bool = False) -> int:
    """These records are different ones: they are proposed no more, on no machine. `again` takes that back. How many
    pairs that are."""
    definition = mergeable(engine, principal, module)
    wanted = sorted(set(ids))
    if not 2 <= len(wanted) <= SHARED_MAX:
        raise BadRequest(f"请选 2 至 {SHARED_MAX} 条")
    decide: Callable[[Engine, sqlite3.Connection, str, str, str], Iterator[Op]] = _propose if again else _set_aside
    with engine.db.write() as db:
        list(visible_records(engine, db, principal, definition, wanted))
        pairs = list(combinations(wanted, 2))
        ops = [op for one, other in pairs for op in decide(engine, db, module, one, other)]
        act = f"{module}.{'propose' if again else 'dismiss'}"
        changed = engine.applier.local(ops, actor=principal.operator, act=act, batch=new_id())
        for id in wanted if ops else ():
            changed.add(module, id)
    engine.tell(changed)
    return len(pairs)


def _set_aside(engine: Engine, db: sqlite3.Connection, module: str, one: str, other: str) -> Iterator[Op]:
    id = aliases.pair_id(module, one, other)
    row = db.execute(f"SELECT deleted_at FROM {aliases.PAIRS} WHERE id = ?", (id,)).fetchone()
    if row is None:
        yield Op(aliases.PAIRS, id, "ins", {"t": module, "one": one, "other": other})
    elif row["deleted_at"] is not None:
        yield Op(aliases.PAIRS, id, "undel")


def _propose(engine: Engine, db: sqlite3.Connection, module: str, one: str, other: str) -> Iterator[Op]:
    id = aliases.pair_id(module, one, other)
    if db.execute(f"SELECT 1 FROM {aliases.PAIRS} WHERE id = ? AND deleted_at IS NULL", (id,)).fetchone():
        yield Op(aliases.PAIRS, id, "del", seen=engine.applier.seen(db, aliases.PAIRS, id))


def told_apart(engine: Engine, principal: Principal, module: str, offset: int = 0, limit: int = 50) -> dict[str, Any]:
    """{rows: [{ids, titles, at}], next}: pairs that somebody told apart, the newest first, as far as the person sees
    both."""
    definition = mergeable(engine, principal, module)
    title, scope = definition.module.title, [scope_sql(engine.registry, definition, principal, name) for name in "xy"]
    seen = all_of([one for one in scope if one is not None])
    sql = (
        f'SELECT p.one, p.other, x."{title}", y."{title}", p.updated_at FROM {aliases.PAIRS} p '
        f"JOIN {module} x ON x.id = p.one AND x.deleted_at IS NULL "
        f"JOIN {module} y ON y.id = p.other AND y.deleted_at IS NULL "
        f"WHERE p.t = ? AND p.deleted_at IS NULL AND {seen.text} "
        "ORDER BY p.updated_at DESC, p.row DESC LIMIT ? OFFSET ?"
    )
    with engine.db.read() as db:
        found = db.execute(sql, (module, *seen.params, limit + 1, offset)).fetchall()
    rows = [{"ids": [a, b], "titles": [s or "", t or ""], "at": at} for a, b, s, t, at in found[:limit]]
    return {"rows": rows, "next": offset + limit if len(found) > limit else None}

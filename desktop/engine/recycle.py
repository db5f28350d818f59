"""The recycle bin: what was deleted in all modules, newest first, and what comes back with it.

A page is merged from the newest of each module, which an index gives at once however much was deleted. Whoever may
delete a record may see and restore it here, within his scope.
"""

import base64
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from sync_server.replication.changeset import Scalar

from ..errors import Forbidden, Invalid
from .access import Principal, actions, scope_sql
from .engine import Engine
from .fields import Sql, all_of
from .fields.moment import day_span, instant
from .query import T
from .records import get, not_found
from .registry import Definition, targets_of
from .removal import with_children
from .schema import index_name
from .text import fold

KEPT_DAYS = 90
"""So long the bin shows what was deleted; nothing is erased afterwards."""

NAMED_MAX = 20
_LIMIT_MAX = 200


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for in the bin. `start` and `end` are days."""

    module: str = ""
    text: str = ""
    start: str = ""
    end: str = ""
    after: str = ""
    limit: int = 50


@dataclass(frozen=True)
class _Gone:
    """A deleted record, placed so that newer ones sort first."""

    module: str
    at: str
    row: int
    id: str
    title: str
    by: str

    def place(self) -> tuple[Any, ...]:
        """Its order among those of one instant; instants are compared first, the later before."""
        return self.module, -self.row


def modules(engine: Engine, principal: Principal) -> list[Definition]:
    """The modules whose deleted records somebody may restore."""
    return [one for one in engine.registry if one.module.is_granted and "delete" in actions(principal, one)]


def page(engine: Engine, principal: Principal, wanted: Wanted, names: Mapping[str, str]) -> dict[str, Any]:
    """{rows: [{module, noun, id, title, at, by, along}], next, modules}. `names` are operators by id."""
    definitions = modules(engine, principal)
    chosen = [one for one in definitions if wanted.module in ("", one.name)]
    if wanted.module and not chosen:
        raise Forbidden("没有恢复这类记录的权限，可请管理员开通")
    limit = max(1, min(wanted.limit, _LIMIT_MAX))
    with engine.db.read() as db:
        found = [gone for one in chosen for gone in _newest(engine, db, principal, one, wanted, limit + 1)]
        found.sort(key=_Gone.place)
        found.sort(key=lambda gone: gone.at, reverse=True)
        shown = found[:limit]
        rows = [_told(engine, db, gone, names) for gone in shown]
    more = len(found) > limit
    return {
        "rows": rows,
        "next": _cursor(shown[-1]) if more else None,
        "modules": [{"name": one.name, "label": one.module.label} for one in definitions],
    }


def preview(engine: Engine, principal: Principal, module: str, id: str) -> dict[str, Any]:
    """{row, labels, along: [{label, count, titles}]}: a deleted record as it was, and what would come back with it."""
    definition = engine.definition(module)
    if definition not in modules(engine, principal):
        raise Forbidden
    found = get(engine, principal, module, id, even_deleted=True)
    if found["row"]["deleted_at"] is None:
        raise not_found(definition)
    with engine.db.read() as db:
        return found | {"along": list(_named_along(engine, db, principal, definition, id))}


# ------------------------------------------------------------------ the newest


def _newest(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, wanted: Wanted, limit: int
) -> list[_Gone]:
    """Of one module, what was deleted by itself, and what went along with something that lives."""
    conditions = _conditions(engine, principal, definition, wanted)
    found: list[_Gone] = []
    for phase in _behind(definition.name, wanted.after):
        rest = limit - len(found)
        if rest > 0:
            found += _walk(db, definition, [*conditions, phase, Sql(f"{T}.via IS NULL")], "bin", rest)
    left_behind = _left_behind(definition)
    for phase in _behind(definition.name, wanted.after) if left_behind else ():
        found += _walk(db, definition, [*conditions, phase, Sql(left_behind)], "deleted_at", limit)
    return found


def _walk(
    db: sqlite3.Connection, definition: Definition, conditions: Sequence[Sql], index: str, limit: int
) -> list[_Gone]:
    where, title = all_of(conditions), f"COALESCE({T}.\"{definition.module.title}\", '')"
    sql = (
        f"SELECT {T}.deleted_at, {T}.row, {T}.id, {title}, COALESCE({T}.updated_by, '') FROM {definition.name} {T} "
        f"INDEXED BY {index_name(definition.name, index)} WHERE {T}.deleted_at IS NOT NULL AND {where.text} "
        f"ORDER BY {T}.deleted_at DESC, {T}.row DESC LIMIT ?"
    )
    return [_Gone(definition.name, *row) for row in db.execute(sql, (*where.params, limit))]


def _conditions(engine: Engine, principal: Principal, definition: Definition, wanted: Wanted) -> list[Sql]:
    oldest = datetime.fromtimestamp(engine.applier.now_ms() / 1000, UTC) - timedelta(days=KEPT_DAYS)
    since = max(instant(oldest), day_span(wanted.start)[0] if wanted.start else "")
    conditions = [Sql(f"{T}.deleted_at >= ?", (since,))]
    if wanted.end:
        conditions.append(Sql(f"{T}.deleted_at < ?", (day_span(wanted.end)[1],)))
    if scope := scope_sql(engine.registry, definition, principal, T):
        conditions.append(scope)
    if needle := fold(wanted.text):
        title = f'{T}."{definition.module.title}"'
        conditions.append(Sql(f"ecms_any_has(?, {title}, {title})", (needle,)))
    return conditions


def _left_behind(definition: Definition) -> str:
    """SQL: a row went along with something that was not deleted after all, as an edit elsewhere kept it."""
    causes = set(targets_of(definition.fields[definition.module.parent])) if definition.module.parent else set[str]()
    causes |= {definition.name} if definition.module.mergeable else set()
    alive = [
        f"({T}.via GLOB '{name}:*' AND EXISTS (SELECT 1 FROM {name} p "
        f"WHERE p.id = substr({T}.via, {len(name) + 2}) AND p.deleted_at IS NULL))"
        for name in sorted(causes)
    ]
    return f"{T}.via IS NOT NULL AND ({' OR '.join(alive)})" if alive else ""


# ---------------------------------------------------------------------- cursor


def _cursor(gone: _Gone) -> str:
    return base64.urlsafe_b64encode(json.dumps([gone.at, gone.module, gone.row]).encode()).decode()


def _behind(module: str, after: str) -> list[Sql]:
    """Rows of a module behind a place: conditions to be asked one after the other, so that each seeks in the index."""
    if not after:
        return [Sql("1")]
    at, last, row = _place(after)
    older = Sql(f"{T}.deleted_at < ?", (at,))
    if module < last:
        return [older]
    beside: tuple[Scalar, ...] = (at, row) if module == last else (at, 2**62)
    return [Sql(f"{T}.deleted_at = ? AND {T}.row < ?", beside), older]


def _place(after: str) -> tuple[str, str, int]:
    try:
        at, module, row = orjson.loads(base64.urlsafe_b64decode(after.encode()))
        if not (isinstance(at, str) and isinstance(module, str) and isinstance(row, int) and abs(row) < 2**62):
            raise ValueError
    except (ValueError, TypeError):
        raise Invalid({"after": "续页标记不对，请从第一页重新读取"}) from None
    return at, module, row


# ------------------------------------------------------------------- what is told


def _told(engine: Engine, db: sqlite3.Connection, gone: _Gone, names: Mapping[str, str]) -> dict[str, Any]:
    definition = engine.definition(gone.module)
    along = Counter(op.table for op in with_children(db, definition, [gone.id]))
    return {
        "module": gone.module,
        "noun": definition.module.noun,
        "icon": definition.module.icon,
        "id": gone.id,
        "title": gone.title,
        "at": gone.at,
        "by": names.get(_deleter(db, gone) or gone.by, ""),
        "along": [
            {"label": engine.definition(table).module.noun, "count": count}
            for table, count in along.items()
            if table in engine.registry
        ],
    }


def _deleter(db: sqlite3.Connection, gone: _Gone) -> str | None:
    """Who deleted it, where the history reaches back so far."""
    sql = "SELECT actor FROM history WHERE t = ? AND id = ? AND kind = 'del' ORDER BY hlc DESC LIMIT 1"
    row = db.execute(sql, (gone.module, gone.id)).fetchone()
    return row[0] if row else None


def _named_along(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, id: str
) -> Iterator[dict[str, Any]]:
    by_table: dict[str, list[str]] = {}
    for op in with_children(db, definition, [id]):
        by_table.setdefault(op.table, []).append(op.id)
    for table, ids in by_table.items():
        child = engine.definition(table)
        named = _titles(engine, db, principal, child, ids[:NAMED_MAX])
        yield {"label": child.module.noun, "count": len(ids), "titles": named}


def _titles(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Sequence[str]
) -> list[str]:
    """Of records that went along, those that the user may read: what went with one he deleted may be out of his sight.
    What hangs on records is read by who reads them."""
    if not (definition.module.hangs or principal.may("view", definition.name)):
        return []
    scope = scope_sql(engine.registry, definition, principal, T)
    where = all_of(
        [Sql(f"{T}.id IN (SELECT value FROM json_each(?))", (json.dumps(ids),)), *([scope] if scope else [])]
    )
    own = f'SELECT "{definition.module.title}" FROM {definition.name} {T} WHERE {where.text}'
    return [row[0] or "" for row in db.execute(own, where.params)]

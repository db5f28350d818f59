"""Fields that stay as they are once their record is in use (`stays_once`), and what uses it."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from . import aliases, strayed
from .access import Principal, scope_sql
from .engine import Engine
from .fields import Ref
from .query import T
from .registry import Definition, Incoming

_LOOKED_AT = 20
"""Records among which one is looked for that the user may see, so that it can be named."""


def staying(definition: Definition) -> list[str]:
    """The fields of a module that may come to stay."""
    return [name for name, one in definition.fields.items() if one.stays_once]


def faults(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, row: Mapping[str, Any],
    names: Iterable[str], new: Mapping[str, Any] | None = None,
) -> dict[str, str]:  # fmt: skip
    """Field → why it stays, of those that do; `row` is the record as it is stored. Where its users say
    otherwise it may be put back to what they say, so that it stays only if `new` says something else."""
    found: dict[str, str] = {}
    known: dict[str, str] = {}
    for name in names:
        one = definition.fields[name]
        if one.stays_once not in known:
            known[one.stays_once] = _user(engine, db, principal, definition, row, one.stays_once.split())
        if known[one.stays_once] and not _may_go_back(engine, db, definition, row, name, new):
            found[name] = f"{known[one.stays_once]}已经用到，「{one.label}」不能再改"
    return found


def _may_go_back(
    engine: Engine, db: sqlite3.Connection, definition: Definition, row: Mapping[str, Any], name: str,
    new: Mapping[str, Any] | None,
) -> bool:  # fmt: skip
    ways = strayed.ways_back(engine.registry, db, definition, name, row) if definition.fields[name].said_by else set()
    return bool(ways) if new is None else new[name] in ways


def _user(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, row: Mapping[str, Any],
    modules: Collection[str],
) -> str:  # fmt: skip
    """One record that uses this one, in words; "" when none does."""
    for incoming in definition.incoming:
        users = _users(db, definition, incoming, row) if incoming.definition.name in modules else []
        if users:
            return _told(engine, db, principal, incoming.definition, users)
    return ""


def _users(db: sqlite3.Connection, definition: Definition, incoming: Incoming, row: Mapping[str, Any]) -> list[str]:
    """Some live records that refer to this one. A reference that hangs on others of its record is found through those:
    they have an index where it has none."""
    wanted = {incoming.field: aliases.all_of(db, definition.name, str(row["id"]))}
    for column, source in incoming.ref.depends.items() if isinstance(incoming.ref, Ref) else ():
        above = definition.fields.get(column)
        if isinstance(above, Ref) and row.get(column):
            wanted[source] = aliases.all_of(db, above.target, str(row[column]))
    conditions = " AND ".join(f'"{name}" IN (SELECT value FROM json_each(?))' for name in wanted)
    sql = f"SELECT id FROM {incoming.definition.name} WHERE deleted_at IS NULL AND {conditions} LIMIT {_LOOKED_AT}"
    return [found[0] for found in db.execute(sql, [json.dumps(ids) for ids in wanted.values()])]


def _told(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Collection[str]
) -> str:
    """One of the records by its title, a line by that of its document; what the user may not see is not named."""
    header, column = engine.registry.document_of.get(definition.name, ("", "id"))
    shown = engine.registry[header] if header else definition
    noun = shown.module.noun
    if not principal.may("view", shown.name):
        return f"有{noun}"
    scope = scope_sql(engine.registry, shown, principal, T)
    sql = (
        f'SELECT {T}."{shown.module.title}" FROM {shown.name} {T} WHERE {T}.deleted_at IS NULL AND {T}.id IN '
        f'(SELECT "{column}" FROM {definition.name} WHERE id IN (SELECT value FROM json_each(?)))'
        f"{f' AND {scope.text}' if scope else ''} LIMIT 1"
    )
    named = db.execute(sql, (json.dumps(list(ids)), *(scope.params if scope else ()))).fetchone()
    return f"{noun}「{named[0]}」" if named and named[0] else f"有{noun}"

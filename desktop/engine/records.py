"""The verbs on records: get, save, change. Rules are checked here, on saving; `apply` writes."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync_server.replication.changeset import Op

from ..errors import BadRequest, Deleted, Invalid, KeyReused, NotFound, Stale
from . import aliases, settled
from .access import Principal, demand, scope_sql
from .engine import Engine
from .fields import FieldError
from .ids import new_id
from .query import T
from .registry import Definition
from .rows import Values, fetch, labels, own_titles, titles
from .saving import Saving, row_number

BATCH_MAX = 200_000
"""Records one delete or change may name."""
_SLICE = 1_000


@dataclass(frozen=True)
class Idempotent:
    """A write that may be sent twice: its key, who sends it, and a digest that tells another request by."""

    key: str
    operator: str
    request: str = ""


def get(engine: Engine, principal: Principal, module: str, id: str, *, even_deleted: bool = False) -> dict[str, Any]:
    """{row, labels} of one record the user may see; raises `NotFound`. One that was merged says into which:
    merged_into {id, title}, and the other which: merged [{id, title}]; what can no longer be changed is told with the
    reason: settled {field: reason}."""
    definition = engine.definition(module)
    demand(principal, "view", definition)
    with engine.db.read() as db:
        row = _visible(engine, db, principal, definition, id, deleted=None if even_deleted else False)
        found = {"row": row, "labels": labels(db, engine.registry, definition, [row])}
        return found | _merged(engine, db, definition, id) | _settled(engine, db, principal, definition, row)


def _settled(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, row: Values
) -> dict[str, Any]:
    """What of it can no longer be changed: settled {field: reason}."""
    names = [name for name in settled.staying(definition) if row.get(name) is not None]
    if not names:
        return {}
    return {"settled": settled.faults(engine, db, principal, definition, row, names)}


def _merged(engine: Engine, db: sqlite3.Connection, definition: Definition, id: str) -> dict[str, Any]:
    """merged_into {id, title}, or what was merged into it: merged [{id, title}]."""
    if not definition.module.mergeable:
        return {}
    winner = aliases.winner_of(db, definition.name, id)
    if winner != id:
        title = titles(db, engine.registry, {definition.name: [winner]}).get(winner)
        return {"merged_into": {"id": winner, "title": title}}
    losers = own_titles(db, definition, sorted(aliases.losers_of(db, definition.name, [id])))
    return {"merged": [{"id": one, "title": title} for one, title in losers.items()]} if losers else {}


def _visible(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    id: str,
    *,
    deleted: bool | None = False,
) -> Values:
    number = row_number(engine, db, principal, definition, id, deleted=deleted)
    if number is None:
        raise not_found(definition)
    return fetch(db, engine.registry, definition, [number], principal)[0]


def not_found(definition: Definition) -> NotFound:
    """Gone, or never the user's to see: the answer is the same."""
    return NotFound(f"没有找到这个{definition.module.noun}，可能已被删除，或不在能看的范围里")


# ----------------------------------------------------------------------- save


def save(
    engine: Engine,
    principal: Principal,
    module: str,
    values: Mapping[str, Any],
    *,
    id: str | None = None,
    rev: int | None = None,
    idempotent: Idempotent | None = None,
    system: bool = False,
    fresh_id: str | None = None,
    res: str | None = None,
    also: Sequence[Op] = (),
    confirmed: Collection[str] | None = None,
) -> tuple[dict[str, Any], bool]:
    """Creates (`id` None) or changes a record: ({row, labels}, whether it is new).

    `rev` is the version the change was based on; another one raises `Stale` with both. `system` skips rights and
    read-only marks (first start); `fresh_id` is the id a new record gets. A change that answers a conflict names it by
    `res` and says `also` that it is answered. Raises `Invalid` with a message per field, and where there is somebody
    to answer (`confirmed`: the doubts he has said yes to) `Confirm`.
    """
    definition = engine.definition(module)
    if not system:
        demand(principal, "edit" if id else "add", definition)
        if definition.module.document and res is None:
            raise BadRequest(f"「{definition.module.label}」是单据，请在单据窗口里录入和修改")
        if definition.module.single and id is None:
            raise BadRequest(f"「{definition.module.label}」只有一份，请直接修改")
    parsed = parse(definition, principal, values, system=system)
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return _read_back(engine, db, principal, definition, known), id is None
        saving = Saving(engine, db, principal, definition, system, confirmed=confirmed)
        old = None if id is None else _opened(saving, id, rev, values)
        record = id or fresh_id or new_id()
        new = saving.complete(old, parsed)
        saving.check(record, old, new, parsed)
        ops = [*saving.ops(record, old, new), *also]
        act = f"{module}.{'edit' if id else 'add'}"
        changed = engine.applier.local(ops, actor=principal.operator, act=act, res=res)
        if idempotent:
            answer(db, idempotent, record)
        result = _read_back(engine, db, principal, definition, record)
    engine.tell(changed)
    return result, id is None


def _opened(saving: Saving, id: str, rev: int | None, values: Mapping[str, Any]) -> Values:
    """The stored record, unmasked, if the user may see it and it is still the version that was opened."""
    engine, db, definition = saving.engine, saving.db, saving.definition
    if not saving.system:
        _refuse_deleted(saving, id)
        shown = _visible(engine, db, saving.principal, definition, id)
        if rev is not None and shown["rev"] != rev:
            raise Stale(mine=dict(values), theirs=shown, labels=labels(db, engine.registry, definition, [shown]))
    (number,) = db.execute(f"SELECT row FROM {definition.name} WHERE id = ?", (id,)).fetchone()
    return fetch(db, engine.registry, definition, [number], None)[0]


def _refuse_deleted(saving: Saving, id: str) -> None:
    """Says so to whom may bring the record back: what was typed meanwhile need not be lost with it."""
    if not saving.principal.may("delete", saving.definition.name):
        return
    if row_number(saving.engine, saving.db, saving.principal, saving.definition, id, deleted=True) is not None:
        raise Deleted(f"这个{saving.definition.module.noun}刚被删除")


def _read_back(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, id: str
) -> dict[str, Any]:
    (number,) = db.execute(f"SELECT row FROM {definition.name} WHERE id = ?", (id,)).fetchone()
    rows = fetch(db, engine.registry, definition, [number], principal)
    about = {"row": rows[0], "labels": labels(db, engine.registry, definition, rows)}
    return about | _settled(engine, db, principal, definition, rows[0])


def answered(db: sqlite3.Connection, one: Idempotent) -> str | None:
    """What was answered when this very write came before; raises `KeyReused` for another one under its key."""
    where = (one.key, one.operator)
    row = db.execute("SELECT request, body FROM answered WHERE key = ? AND actor = ?", where).fetchone()
    if row is not None and row["request"] != one.request:
        raise KeyReused
    return None if row is None else str(row["body"])


def answer(db: sqlite3.Connection, one: Idempotent, body: str) -> None:
    """Remembers the answer for a week, inside the saving transaction."""
    db.execute(
        "INSERT INTO answered VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%fZ'), ?, ?)",
        (one.key, one.operator, one.request, body),
    )
    db.execute("DELETE FROM answered WHERE at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-7 days')")


def parse(definition: Definition, principal: Principal, values: Mapping[str, Any], *, system: bool = False) -> Values:
    """Checked values by field; collects what is wrong with each."""
    parsed: Values = {}
    wrong: dict[str, str] = {}
    for name, raw in values.items():
        one = definition.fields.get(name)
        if one is None or not (system or principal.sees(one)):
            wrong[name] = f"没有「{name[:40]}」这一项"
        elif not system and (one.readonly or not principal.writes(one)):
            wrong[name] = f"「{one.label}」不能直接修改"
        else:
            try:
                value = one.parse(raw)
            except FieldError as error:
                wrong[name] = str(error)
                continue
            if value is not None or not one.write_only:
                parsed[name] = value
    if wrong:
        raise Invalid(wrong)
    return parsed


# --------------------------------------------------------------------- change


def change(
    engine: Engine,
    principal: Principal,
    module: str,
    ids: Sequence[str],
    values: Mapping[str, Any],
    idempotent: Idempotent | None = None,
) -> list[str]:
    """Sets the same values on many records, as one batch: all or nothing. Returns the ids that changed."""
    definition = engine.definition(module)
    demand(principal, "edit", definition)
    if definition.module.document:
        raise BadRequest(f"「{definition.module.label}」是单据，请一张一张地修改")
    parsed = parse(definition, principal, values)
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return list(json.loads(known))
        saving = Saving(engine, db, principal, definition, together=frozenset(ids), given=parsed)
        ops = []
        for old in visible_records(engine, db, principal, definition, ids):
            new = saving.complete(old, parsed)
            saving.check(old["id"], old, new, parsed)
            ops += saving.ops(old["id"], old, new)
        batch = new_id() if len(ops) > 1 else None
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{module}.edit", batch=batch)
        result = changed.ids.get(module, [])
        if idempotent:
            answer(db, idempotent, json.dumps(result))
    engine.tell(changed)
    return result


def visible_records(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Sequence[str]
) -> Iterator[Values]:
    """The records, unmasked, a slice at a time; raises `NotFound` when the user may not see one of them."""
    distinct = list(dict.fromkeys(ids))
    if len(distinct) > BATCH_MAX:
        raise BadRequest(f"一次最多 {BATCH_MAX:,} 条，请分几次")
    scope = scope_sql(engine.registry, definition, principal, T)
    condition = f" AND {scope.text}" if scope else ""
    sql = (
        f"SELECT {T}.row FROM {definition.name} {T} WHERE {T}.deleted_at IS NULL{condition} "
        f"AND {T}.id IN (SELECT value FROM json_each(?))"
    )
    for start in range(0, len(distinct), _SLICE):
        part = distinct[start : start + _SLICE]
        numbers = [row[0] for row in db.execute(sql, (*(scope.params if scope else ()), json.dumps(part)))]
        if len(numbers) < len(part):
            raise not_found(definition)
        yield from fetch(db, engine.registry, definition, numbers, None)

"""Merging records that are one, looking at them side by side, and taking a merger back (T28).

Nothing is rewritten: a merger is one row that every machine learns of (see `aliases`). Values taken over from the
record that goes are an ordinary edit of the one that stays.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync_server.replication.changeset import Op, value_hash

from ..errors import BadRequest, Forbidden, NotFound
from . import aliases, records, unlike
from .access import Principal, compares, demand, scope_sql
from .documents.held import held
from .engine import Engine
from .fields import Mirror
from .ids import new_id
from .likeness import score, with_children
from .query import T
from .records import Idempotent, answer, answered, not_found, visible_records
from .registry import Definition
from .rows import Values, fetch, labels, own_rows, own_titles
from .saving import row_number

RIGHT = "merge"
"""The special right that merging needs."""

AT_ONCE_MAX = 20
"""Records that are merged or compared in one go."""


def mergeable(engine: Engine, principal: Principal, module: str) -> Definition:
    """The module, if this person may merge its records; raises `Forbidden`."""
    definition = engine.definition(module)
    if not definition.module.mergeable:
        raise NotFound(f"「{definition.module.label}」没有合并重复")
    if not principal.has(RIGHT):
        raise Forbidden("没有「合并重复」的权限，可请管理员开通")
    demand(principal, "edit", definition)
    return definition


def modules(engine: Engine, principal: Principal) -> list[Definition]:
    """The modules whose records somebody may merge."""
    if not principal.has(RIGHT):
        return []
    named = [engine.definition(name) for name in engine.registry.mergeable]
    return [one for one in named if principal.may("edit", one.name) and principal.has(one.module.edit_right)]


# --------------------------------------------------------------------- compare


def compare(engine: Engine, principal: Principal, module: str, ids: Sequence[str]) -> dict[str, Any]:
    """{rows, labels, related, score, reasons, hinders, held}: records as the person may read them, what hangs on each,
    how alike the first two are, why they cannot be merged as they are, and what each holds."""
    definition = mergeable(engine, principal, module)
    wanted = _few(ids)
    with engine.db.read() as db:
        whole = list(visible_records(engine, db, principal, definition, wanted))
        numbers = [_number(db, module, id) for id in wanted]
        rows = fetch(db, engine.registry, definition, numbers, principal)
        known = labels(db, engine.registry, definition, rows)
        hinders = unlike.hindrances(db, engine.registry, definition, wanted)
        related = {id: list(_hanging(engine, db, principal, definition, id)) for id in wanted}
        parts = [aliases.all_of(db, module, row["id"]) for row in rows]
        holding = [] if hinders else held(db, engine.registry, principal, module, parts)
        with_children(db, engine.registry, definition, whole, _hidden_below(principal, definition))
    hidden = [name for name, one in definition.fields.items() if not compares(principal, definition, one)]
    judged = [row | dict.fromkeys(hidden) for row in sorted(whole, key=lambda row: wanted.index(row["id"]))]
    points, reasons = score(definition, *judged[:2]) if len(judged) > 1 else (0, [])
    return {
        "rows": rows, "labels": known, "related": related, "score": points, "reasons": reasons, "hinders": hinders,
        "held": holding,
    }  # fmt: skip


def _hidden_below(principal: Principal, definition: Definition) -> list[str]:
    return [one.key for one in definition.module.alike_below if not principal.may("view", one.module)]


def _few(ids: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(ids))
    if len(wanted) > AT_ONCE_MAX:
        raise BadRequest(f"一次最多 {AT_ONCE_MAX} 条，请分几次")
    return wanted


def _number(db: sqlite3.Connection, module: str, id: str) -> int:
    return int(db.execute(f"SELECT row FROM {module} WHERE id = ?", (id,)).fetchone()[0])


def _hanging(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, id: str
) -> Iterator[dict[str, Any]]:
    """How many records of each related tab belong to one record alone."""
    for tab in definition.module.related:
        if principal.may("view", tab.module):
            fixed = {tab.field: id, **tab.preset}
            conditions = " AND ".join(f'"{column}" = ?' for column in fixed)
            sql = f"SELECT count(*) FROM {tab.module} WHERE deleted_at IS NULL AND {conditions}"
            (count,) = db.execute(sql, tuple(fixed.values())).fetchone()
            if count:
                yield {"label": tab.label, "count": count}


# ----------------------------------------------------------------------- merge


def merge(
    engine: Engine,
    principal: Principal,
    module: str,
    winner: str,
    losers: Sequence[str],
    take: Mapping[str, str],
    idempotent: Idempotent | None = None,
) -> dict[str, Any]:
    """From now on `losers` mean `winner`: {winner, merged, batch, before}. `take` names fields whose value comes
    from one of the losers: {field: id}; `before` says what stood there."""
    definition = mergeable(engine, principal, module)
    wanted = _few([winner, *losers])
    if len(wanted) < 2:
        raise BadRequest("请至少选两条记录")
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return dict(json.loads(known))
        rows = {row["id"]: row for row in visible_records(engine, db, principal, definition, wanted)}
        _refuse_merging(db, definition, rows, winner)
        if hinders := unlike.hindrances(db, engine.registry, definition, list(rows)):
            raise BadRequest("；".join(hinders))
        _refuse_unread(engine, db, principal, definition, rows, winner, take)
        ops = [op for loser in wanted if loser != winner for op in _link(db, module, loser, winner)]
        batch = new_id()
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{module}.merge", batch=batch)
        values = {name: rows[id][name] for name, id in take.items() if _is_taken(definition, name, rows, id)}
        before = {name: rows[winner][name] for name in values}
        if values:
            records.save(engine, principal, module, values, id=winner)
        result = {"winner": winner, "merged": [id for id in wanted if id != winner], "batch": batch, "before": before}
        if idempotent:
            answer(db, idempotent, json.dumps(result))
    engine.tell(changed)
    return result


def _refuse_merging(db: sqlite3.Connection, definition: Definition, rows: Mapping[str, Values], winner: str) -> None:
    title, fixed = definition.module.title, definition.module.fixed
    merged = aliases.winners(db, definition.name, list(rows))
    for id, row in rows.items():
        if id in merged:
            raise BadRequest(f"「{row[title]}」已并入别的{definition.module.noun}，请先拆分")
        if fixed and row[fixed] and id != winner:
            raise BadRequest(f"「{row[title]}」是系统自带的，不能并入别的{definition.module.noun}")


def _is_taken(definition: Definition, name: str, rows: Mapping[str, Values], id: str) -> bool:
    one = definition.fields.get(name)
    if one is None or id not in rows or one.readonly or one.write_only or isinstance(one, Mirror):
        raise BadRequest(f"不能带过去：{one.label if one else name[:40]}")
    return True


def _refuse_unread(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, rows: Mapping[str, Values],
    winner: str, take: Mapping[str, str],
) -> None:  # fmt: skip
    """Taking over a value that somebody reads masked, or not at all, would show it to him; and so would the answer,
    which says what stood in the winner."""
    own = own_rows(db, engine.registry, definition, list(rows.values()), principal)
    for name, id in take.items():
        one = definition.fields.get(name)
        is_whole = one is None or (principal.sees(one) and (not principal.masks(one) or {id, winner} <= own))
        if one and not is_whole:
            raise BadRequest(f"「{one.label}」您看不到完整内容，不能带过去")


def _link(db: sqlite3.Connection, module: str, loser: str, winner: str) -> Iterator[Op]:
    """The ops that make a record mean another. One row for each loser: what was merged before is taken up again."""
    id = aliases.alias_id(module, loser)
    row = db.execute(f"SELECT winner, deleted_at FROM {aliases.TABLE} WHERE id = ?", (id,)).fetchone()
    if row is None:
        yield Op(aliases.TABLE, id, "ins", {"t": module, "loser": loser, "winner": winner})
        return
    if row["deleted_at"] is not None:
        yield Op(aliases.TABLE, id, "undel")
    if row["winner"] != winner:
        yield Op(aliases.TABLE, id, "upd", {"winner": winner}, {"winner": value_hash(row["winner"])})


# --------------------------------------------------------------------- unmerge


def unmerge(
    engine: Engine, principal: Principal, module: str, losers: Sequence[str], idempotent: Idempotent | None = None
) -> list[str]:
    """Records that were merged stand for themselves again; what was merged into them before comes along with them."""
    definition = mergeable(engine, principal, module)
    wanted = _few(losers)
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return list(json.loads(known))
        links = _links_of(engine, db, principal, definition, wanted)
        ops = {op.id: op for loser in wanted for op in _unlink(engine, db, module, loser, links[loser])}
        changed = engine.applier.local(
            list(ops.values()), actor=principal.operator, act=f"{module}.unmerge", batch=new_id()
        )
        if idempotent:
            answer(db, idempotent, json.dumps(wanted))
    engine.tell(changed)
    return wanted


def parting(engine: Engine, principal: Principal, module: str, loser: str) -> dict[str, Any]:
    """{titles, held}: what comes of taking a merger back: the records that stand for themselves then, the one that is
    split off first, and what each of them holds."""
    definition = mergeable(engine, principal, module)
    with engine.db.read() as db:
        winner = _links_of(engine, db, principal, definition, [loser])[loser]
        parts = aliases.without(db, module, (loser, winner))
        ids = sorted(parts, key=lambda id: (id != loser, id != winner, id))
        known = own_titles(db, definition, ids)
        holding = held(db, engine.registry, principal, module, [parts[id] for id in ids])
    return {"titles": [known[id] for id in ids], "held": holding}


def _links_of(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, losers: Sequence[str]
) -> dict[str, str]:
    """Loser → winner, of records that are merged and that the person sees."""
    links = aliases.winners(db, definition.name, losers)
    for loser in losers:
        if loser not in links or not _sees_one(engine, db, principal, definition, (loser, links[loser])):
            raise not_found(definition)
    return links


def _sees_one(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Sequence[str]
) -> bool:
    return any(row_number(engine, db, principal, definition, id, deleted=None) is not None for id in ids)


def _unlink(engine: Engine, db: sqlite3.Connection, module: str, loser: str, winner: str) -> Iterator[Op]:
    """The loser's own link; and the winner's, which has one only where two people merged both ways round: it would make
    the winner mean the other."""
    for id in (aliases.alias_id(module, loser), aliases.alias_id(module, winner)):
        sql = f"SELECT 1 FROM {aliases.TABLE} WHERE id = ? AND deleted_at IS NULL"
        if db.execute(sql, (id,)).fetchone():
            yield Op(aliases.TABLE, id, "del", seen=engine.applier.seen(db, aliases.TABLE, id))


# ------------------------------------------------------------------ what is merged


def taken_away(engine: Engine, db: sqlite3.Connection, principal: Principal) -> Iterator[dict[str, Any]]:
    """Own records that mean one which their owner does not see, {module, title, at, by, owner}: lists leave them out,
    and nothing else would tell him. `owner` names whose they are now; the winner itself stays untold."""
    for name in engine.registry.mergeable:
        definition = engine.definition(name)
        scope = scope_sql(engine.registry, definition, principal, T)
        if definition.module.scope != "owner" or scope is None or not principal.may("view", name):
            continue
        found = db.execute(
            f'SELECT l."{definition.module.title}" AS title, {T}.owner, r.updated_at AS at, r.updated_by AS by '
            f"FROM alias_of a JOIN {name} l ON l.id = a.id JOIN {name} {T} ON {T}.id = a.winner "
            f"JOIN {aliases.TABLE} r ON r.loser = a.id AND r.t = a.t AND r.deleted_at IS NULL "
            f"WHERE a.t = ? AND l.owner = ? AND l.deleted_at IS NULL AND ({scope.text}) IS NOT TRUE",
            (name, principal.employee, *scope.params),
        ).fetchall()
        for row in found:
            owner = labels(db, engine.registry, definition, [{"owner": row["owner"]}]).get(row["owner"], "")
            yield {"module": name, "title": row["title"], "at": row["at"], "by": row["by"], "owner": owner}


def merged(
    engine: Engine, principal: Principal, module: str, names: Mapping[str, str], offset: int, limit: int
) -> dict[str, Any]:
    """{rows: [{id, title, winner, winner_title, at, by}], next}: what is merged now, the newest first, as far as the
    person sees the winner. `names` are operators by id."""
    definition = mergeable(engine, principal, module)
    title, scope = definition.module.title, scope_sql(engine.registry, definition, principal, T)
    seen = f" AND {scope.text}" if scope else ""
    sql = (
        f'SELECT a.id, l."{title}" AS title, a.winner, {T}."{title}" AS winner_title, r.updated_at, r.updated_by '
        f"FROM alias_of a JOIN {module} {T} ON {T}.id = a.winner JOIN {module} l ON l.id = a.id "
        f"LEFT JOIN {aliases.TABLE} r ON r.loser = a.id AND r.t = a.t AND r.deleted_at IS NULL "
        f"WHERE a.t = ? AND {T}.deleted_at IS NULL{seen} ORDER BY r.updated_at DESC, a.id LIMIT ? OFFSET ?"
    )
    with engine.db.read() as db:
        found = db.execute(sql, (module, *(scope.params if scope else ()), limit + 1, offset)).fetchall()
    rows = [
        {"id": one["id"], "title": one["title"] or "", "winner": one["winner"],
         "winner_title": one["winner_title"] or "", "at": one["updated_at"], "by": names.get(one["updated_by"], "")}
        for one in found[:limit]
    ]  # fmt: skip
    return {"rows": rows, "next": offset + limit if len(found) > limit else None}

"""Deleting and restoring: what goes along, what stands in the way, and how it all comes back."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sync_server.replication.changeset import Op

from ..errors import BadRequest, InUse, Invalid, NotFound
from .access import Principal, demand, scope_sql
from .engine import Engine
from .fields import Ref, Refs
from .ids import new_id
from .query import T
from .records import Idempotent, answer, answered, visible_records
from .registry import Definition, Incoming
from .rows import Values
from .saving import Saving


@dataclass(frozen=True)
class _Doomed:
    """What a deletion takes along: records by module, each with the record whose deletion causes it."""

    rows: dict[str, dict[str, str | None]]

    def ids(self, module: str) -> set[str]:
        return set(self.rows.get(module, {}))


def preview(engine: Engine, principal: Principal, module: str, ids: Sequence[str]) -> dict[str, Any]:
    """What deleting would do: {count, along: [{label, count}], refused: [{id, title, reason}]}."""
    definition = _deletable(engine, principal, module)
    with engine.db.read() as db:
        olds = list(visible_records(engine, db, principal, definition, ids))
        doomed = _doomed(engine, db, definition, [old["id"] for old in olds])
        refused = list(_refusals(engine, db, principal, definition, olds, doomed))
    along = [
        {"label": engine.registry[name].module.noun, "count": len(rows)}
        for name, rows in doomed.rows.items()
        if name != module and rows
    ]
    return {"count": len(olds) - len(refused), "along": along, "refused": refused}


def delete(
    engine: Engine,
    principal: Principal,
    module: str,
    ids: Sequence[str],
    idempotent: Idempotent | None = None,
    *,
    res: str | None = None,
    also: Sequence[Op] = (),
) -> dict[str, Any]:
    """Deletes records with all that goes along, as one batch: {deleted, batch}. `res` and `also` as in `save`.

    Raises `InUse` when any record may not go: then nothing is deleted.
    """
    definition = _deletable(engine, principal, module)
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return dict(json.loads(known))
        olds = list(visible_records(engine, db, principal, definition, ids))
        doomed = _doomed(engine, db, definition, [old["id"] for old in olds])
        refused = list(_refusals(engine, db, principal, definition, olds, doomed))
        if refused:
            raise InUse(f"「{refused[0]['title']}」{refused[0]['reason']}，不能删除", refused=refused)
        result = {"deleted": list(dict.fromkeys(ids)), "batch": new_id()}
        ops = [*_delete_ops(engine, db, doomed), *also]
        changed = engine.applier.local(
            ops, actor=principal.operator, act=f"{module}.delete", batch=str(result["batch"]), res=res
        )
        if idempotent:
            answer(db, idempotent, json.dumps(result))
    engine.tell(changed)
    return result


def _deletable(engine: Engine, principal: Principal, module: str) -> Definition:
    definition = engine.definition(module)
    demand(principal, "delete", definition)
    if definition.module.single:
        raise BadRequest(f"「{definition.module.label}」不能删除")
    return definition


def _doomed(engine: Engine, db: sqlite3.Connection, definition: Definition, ids: Sequence[str]) -> _Doomed:
    rows: dict[str, dict[str, str | None]] = {definition.name: dict.fromkeys(ids)}
    queue: list[tuple[Definition, list[str]]] = [(definition, list(ids))]
    while queue:
        parent, parents = queue.pop()
        for incoming in (one for one in parent.incoming if one.cascades):
            child = incoming.definition
            known = rows.setdefault(child.name, {})
            found = _referring(db, parent, incoming, parents)
            fresh = {id: f"{parent.name}:{cause}" for id, cause in found if id not in known}
            known.update(fresh)
            if fresh:
                queue.append((child, list(fresh)))
    return _Doomed(rows)


def _referring(
    db: sqlite3.Connection, target: Definition, incoming: Incoming, ids: Sequence[str], limit: int = -1
) -> list[tuple[str, str]]:
    """Live records (id, the one they refer to) that refer to any of the ids."""
    if isinstance(incoming.ref, Refs):
        link = incoming.definition.links[incoming.field]
        sql = (
            f"SELECT record, target FROM {link.name} WHERE deleted_at IS NULL AND target IN (SELECT value "
            f"FROM json_each(?)) "
            f"AND record IN (SELECT id FROM {incoming.definition.name} WHERE deleted_at IS NULL) LIMIT {limit}"
        )
        return db.execute(sql, (json.dumps(ids),)).fetchall()
    kind, params = "", []
    if incoming.ref.target_by:
        field, modules = incoming.ref.target_by
        kind = f" AND {field} = ?"
        params = [next(key for key, module in modules.items() if module == target.name)]
    sql = (
        f'SELECT id, "{incoming.field}" FROM {incoming.definition.name} '
        f'WHERE "{incoming.field}" IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL{kind} LIMIT {limit}'
    )
    return db.execute(sql, (json.dumps(ids), *params)).fetchall()


def _refusals(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    olds: Iterable[Values],
    doomed: _Doomed,
) -> Iterator[dict[str, str]]:
    """Records that may not go: still referred to by something that stays, or held by a rule."""
    saving = Saving(engine, db, principal, definition, together=frozenset(doomed.ids(definition.name)))
    holding = _holding(db, definition, list(doomed.rows[definition.name]), doomed)
    for old in olds:
        reasons = [*holding.get(old["id"], ()), *saving.rule_faults(old["id"], old, None).values()]
        if reasons:
            title = str(old[definition.module.title] or "")
            yield {"id": old["id"], "title": title, "reason": "，".join(reasons)}


def _holding(
    db: sqlite3.Connection, definition: Definition, ids: Sequence[str], doomed: _Doomed
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for incoming in definition.incoming:
        if incoming.cascades or getattr(incoming.ref, "loose", False):
            continue
        going = doomed.ids(incoming.definition.name)
        counts: dict[str, int] = {}
        for record, target in _referring(db, definition, incoming, ids):
            if record not in going:
                counts[target] = counts.get(target, 0) + 1
        for target, count in counts.items():
            found.setdefault(target, []).append(f"还有 {count} 个{incoming.definition.module.noun}在用")
    return found


def removable(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Sequence[str],
    going: Iterable[str],
) -> tuple[list[str], list[dict[str, str]]]:  # fmt: skip
    """Of records, those that may go by themselves together with `going`, and why the others stay: something hangs on
    them or needs them, or a rule holds them."""
    left, refused = list(visible_records(engine, db, principal, definition, ids)), list[dict[str, str]]()
    while left:
        doomed = _Doomed({definition.name: dict.fromkeys([*going, *(old["id"] for old in left)])})
        held = [*_refusals(engine, db, principal, definition, left, doomed), *_with_followers(db, definition, left)]
        if not held:
            break
        refused += {one["id"]: one for one in held}.values()
        staying = {one["id"] for one in held}
        left = [old for old in left if old["id"] not in staying]
    return [old["id"] for old in left], refused


def _with_followers(db: sqlite3.Connection, definition: Definition, olds: Sequence[Values]) -> Iterator[dict[str, str]]:
    """Records that others would go along with."""
    titles = {old["id"]: str(old[definition.module.title] or "") for old in olds}
    for incoming in (one for one in definition.incoming if one.cascades):
        noun = incoming.definition.module.noun
        for parent in {parent for _, parent in _referring(db, definition, incoming, list(titles))}:
            yield {"id": parent, "title": titles[parent], "reason": f"已有{noun}"}


def delete_ops(engine: Engine, db: sqlite3.Connection, module: str, ids: Sequence[str]) -> list[Op]:
    """Ops that delete records of one module."""
    return _delete_ops(engine, db, _Doomed({module: dict.fromkeys(ids)}))


def _delete_ops(engine: Engine, db: sqlite3.Connection, doomed: _Doomed) -> list[Op]:
    ops = []
    for module, rows in doomed.rows.items():
        for id, via in rows.items():
            ops.append(Op(module, id, "del", seen=engine.applier.seen(db, module, id), via=via))
    return ops


def restore(
    engine: Engine,
    principal: Principal,
    module: str,
    ids: Sequence[str],
    idempotent: Idempotent | None = None,
    *,
    res: str | None = None,
    also: Sequence[Op] = (),
) -> list[str]:
    """Brings deleted records back, with exactly the ones that went along with them. `res` and `also` as in `save`."""
    definition = _deletable(engine, principal, module)
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return list(json.loads(known))
        result = list(dict.fromkeys(ids))
        _refuse_unless_deleted(engine, db, principal, definition, result)
        ops = [Op(definition.name, id, "undel") for id in result]
        ops += _with_children(db, definition, result)
        if wrong := _orphaned(engine, db, ops):
            raise Invalid(wrong)
        changed = engine.applier.local(
            [*ops, *also], actor=principal.operator, act=f"{module}.restore", batch=new_id(), res=res
        )
        if idempotent:
            answer(db, idempotent, json.dumps(result))
    engine.tell(changed)
    return result


def _refuse_unless_deleted(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Sequence[str]
) -> None:
    scope = scope_sql(engine.registry, definition, principal, T)
    condition = f" AND {scope.text}" if scope else ""
    (count,) = db.execute(
        f"SELECT count(*) FROM {definition.name} {T} WHERE {T}.deleted_at IS NOT NULL{condition} "
        f"AND {T}.id IN (SELECT value FROM json_each(?))",
        (*(scope.params if scope else ()), json.dumps(ids)),
    ).fetchone()
    if count < len(ids):
        raise NotFound(f"回收站里没有这个{definition.module.noun}")


def _with_children(db: sqlite3.Connection, definition: Definition, ids: Sequence[str]) -> Iterator[Op]:
    """What went along with records, and with that in turn; what was deleted by itself stays deleted."""
    for incoming in (one for one in definition.incoming if one.cascades):
        child = incoming.definition
        found = [
            row[0]
            for row in db.execute(
                f"SELECT id FROM {child.name} WHERE via IN (SELECT ? || value FROM json_each(?)) "
                f'AND deleted_at IS NOT NULL AND via = ? || "{incoming.field}"',
                (f"{definition.name}:", json.dumps(ids), f"{definition.name}:"),
            )
        ]
        yield from (Op(child.name, id, "undel") for id in found)
        if found:
            yield from _with_children(db, child, found)


def _orphaned(engine: Engine, db: sqlite3.Connection, ops: Sequence[Op]) -> dict[str, str]:
    """What the records that come back need and what is still deleted, by field."""
    back: dict[str, set[str]] = {}
    for op in ops:
        back.setdefault(op.table, set()).add(op.id)
    wrong: dict[str, str] = {}
    for module, ids in back.items():
        for name, one in engine.definition(module).fields.items():
            if isinstance(one, Ref) and (one.required or name == engine.definition(module).module.parent):
                gone = next(_still_deleted(engine, db, module, name, one, ids, back), None)
                if gone is not None:
                    wrong[name] = f"「{one.label}」{gone}已删除，请先恢复它"
    return wrong


def _still_deleted(
    engine: Engine, db: sqlite3.Connection, module: str, name: str, one: Ref, ids: set[str], back: dict[str, set[str]]
) -> Iterator[str]:
    """Titles of what field `name` of the records means and what is neither there nor comes back with them."""
    kinds = one.target_by[1] if one.target_by else {"": one.target}
    for kind, target in kinds.items():
        of_kind = f' AND c."{one.target_by[0]}" = ?' if one.target_by else ""
        rows = db.execute(
            f'SELECT DISTINCT c."{name}", t."{engine.definition(target).module.title}" FROM {module} c '
            f'LEFT JOIN {target} t ON t.id = c."{name}" WHERE c.id IN (SELECT value FROM json_each(?)) '
            f'AND c."{name}" IS NOT NULL AND (t.id IS NULL OR t.deleted_at IS NOT NULL){of_kind}',
            (json.dumps(list(ids)), *((kind,) if one.target_by else ())),
        )
        yield from (f"「{title}」" if title else "" for id, title in rows if id not in back.get(target, ()))

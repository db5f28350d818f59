"""The verbs on records: get, save, change, delete, restore. Rules are checked here, on saving; `apply` writes."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync_server.replication.changeset import Op, Scalar, value_hash

from ..errors import BadRequest, InUse, Invalid, NotFound, Stale
from . import query as q
from .access import Principal, demand, scope_sql
from .apply import Changed
from .define import Draft
from .engine import Engine
from .fields import Field, FieldError, Mirror, Ref, Refs, Serial
from .fields.moment import today
from .ids import new_id
from .numbering import draw, master_number
from .registry import Definition, Incoming, targets_of
from .rows import Values, fetch, labels

BATCH_MAX = 200_000
"""Records one delete or change may name."""


@dataclass(frozen=True)
class Idempotent:
    """A write that may be sent twice: the key and what to answer the second time."""

    key: str
    operator: str


def get(engine: Engine, principal: Principal, module: str, id: str) -> dict[str, Any]:
    """{row, labels} of one record the user may see; raises `NotFound`."""
    definition = engine.definition(module)
    demand(principal, "view", definition)
    with engine.db.read() as db:
        row = _visible(engine, db, principal, definition, id)
        return {"row": row, "labels": labels(db, engine.registry, definition, [row])}


def _visible(engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, id: str) -> Values:
    number = _number(engine, db, principal, definition, id, deleted=False)
    if number is None:
        raise NotFound(f"没有找到这个{definition.module.noun}，可能已被删除或不归您查看")
    return fetch(db, engine.registry, definition, [number], principal)[0]


def _number(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    id: str,
    *,
    deleted: bool | None,
) -> int | None:
    scope = scope_sql(engine.registry, definition, principal, q.T)
    life = {None: "1", True: f"{q.T}.deleted_at IS NOT NULL", False: f"{q.T}.deleted_at IS NULL"}[deleted]
    condition = f" AND {scope.text}" if scope else ""
    found = db.execute(
        f"SELECT {q.T}.row FROM {definition.name} {q.T} WHERE {q.T}.id = ? AND {life}{condition}",
        (id, *(scope.params if scope else ())),
    ).fetchone()
    return found[0] if found else None


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
) -> tuple[dict[str, Any], bool]:
    """Creates (`id` None) or changes a record: ({row, labels}, whether it is new).

    `rev` is the version the change was based on; another one raises `Stale` with both. `system` skips rights and
    read-only marks (first start); `fresh_id` is the id a new record gets. Raises `Invalid` with a message per field.
    """
    definition = engine.definition(module)
    if not system:
        demand(principal, "edit" if id else "add", definition)
        if definition.module.single and id is None:
            raise BadRequest(f"「{definition.module.label}」只有一份，请直接修改")
    parsed = _parse(definition, principal, values, system=system)
    changed = Changed()
    with engine.db.write() as db:
        if idempotent and (known := _answered(db, idempotent)) is not None:
            return _read_back(engine, db, principal, definition, known), id is None
        old = None if id is None else _editable(engine, db, principal, definition, id, rev, values, system=system)
        record = id or fresh_id or new_id()
        new = _complete(engine, db, principal, definition, record, old, parsed)
        _validate(engine, db, principal, definition, record, old, new, parsed)
        ops = _ops(definition, record, old, new)
        if old is None:
            ops[0] = _with_numbers(engine, db, definition, ops[0])
        ops += _mirror_ops(engine, db, principal, definition, record, old, new)
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{module}.{'edit' if id else 'add'}")
        if idempotent:
            _answer(db, idempotent, record)
        result = _read_back(engine, db, principal, definition, record)
    engine.tell(changed)
    return result, id is None


def _read_back(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, id: str
) -> dict[str, Any]:
    (number,) = db.execute(f"SELECT row FROM {definition.name} WHERE id = ?", (id,)).fetchone()
    rows = fetch(db, engine.registry, definition, [number], principal)
    return {"row": rows[0], "labels": labels(db, engine.registry, definition, rows)}


def _answered(db: sqlite3.Connection, one: Idempotent) -> str | None:
    row = db.execute("SELECT body FROM idempotency WHERE key = ? AND actor = ?", (one.key, one.operator)).fetchone()
    return None if row is None else str(row[0])


def _answer(db: sqlite3.Connection, one: Idempotent, body: str) -> None:
    db.execute(
        "INSERT OR REPLACE INTO idempotency VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ'), ?, 200, ?)",
        (one.key, one.operator, body),
    )
    db.execute("DELETE FROM idempotency WHERE at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-7 days')")


def _parse(definition: Definition, principal: Principal, values: Mapping[str, Any], *, system: bool) -> Values:
    """Checked values by field; collects what is wrong with each."""
    parsed: Values = {}
    wrong: dict[str, str] = {}
    for name, raw in values.items():
        one = definition.fields.get(name)
        if one is None or not (system or principal.sees(one)):
            wrong[name] = f"没有「{name[:40]}」这一项"
        elif not system and (one.readonly or not principal.has(one.edit)):
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


def _editable(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    id: str,
    rev: int | None,
    values: Mapping[str, Any],
    *,
    system: bool,
) -> Values:
    """The stored record, unmasked, if the user may see it and it is still the version that was opened."""
    if not system:
        shown = _visible(engine, db, principal, definition, id)
        if rev is not None and shown["rev"] != rev:
            raise Stale(mine=dict(values), theirs=shown, labels=labels(db, engine.registry, definition, [shown]))
    (number,) = db.execute(f"SELECT row FROM {definition.name} WHERE id = ?", (id,)).fetchone()
    return fetch(db, engine.registry, definition, [number], None)[0]


def _complete(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    id: str,
    old: Values | None,
    parsed: Values,
) -> Values:
    """The whole record after saving: old values or defaults, what was given, and what references copy in."""
    start = (
        {name: old[name] for name in definition.fields if name in old}
        if old
        else defaults(engine, db, principal, definition)
    )
    new = start | parsed
    for name, one in definition.fields.items():
        if isinstance(one, Ref) and one.copies and new[name] and (old is None or old[name] != new[name]):
            target = _target_row(engine, db, one, new, new[name])
            for here, there in one.copies.items():
                if target is not None and (here not in parsed or parsed[here] is None):
                    new[here] = target.get(there)
    return new


def defaults(engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition) -> Values:
    """Values of a new record before anybody types: also what the form shows."""
    return {name: default_of(engine, db, principal, one) for name, one in definition.fields.items()}


def default_of(engine: Engine, db: sqlite3.Connection, principal: Principal, one: Field) -> Any:
    """The default of a field: fixed, `today`, `me`, or the entry of a dictionary marked as default."""
    if isinstance(one, Refs):
        return []
    if one.default == "today":
        return today()
    if one.default == "me":
        return principal.employee
    if one.default == "default" and isinstance(one, Ref):
        return _default_entry(engine, db, one)
    return one.default


def _default_entry(engine: Engine, db: sqlite3.Connection, one: Ref) -> str | None:
    """Of several marked as default the one set last counts (modules.md 0.4)."""
    conditions = "".join(f' AND "{column}" = ?' for column in one.where)
    row = db.execute(
        f"SELECT id FROM {one.target} WHERE is_default = 1 AND deleted_at IS NULL{conditions} ORDER BY "
        f"updated_at DESC, row LIMIT 1",
        tuple(one.where.values()),
    ).fetchone()
    return row[0] if row else None


# ------------------------------------------------------------------- validate


def _validate(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    id: str,
    old: Values | None,
    new: Values,
    parsed: Values,
) -> None:
    wrong: dict[str, str] = {}
    for name, one in definition.fields.items():
        is_blank = new[name] is None or new[name] == []
        drawn = isinstance(one, Serial) and one.prefix
        if one.required and is_blank and not drawn and not (old and name not in parsed and old[name] is None):
            wrong[name] = f"请填写「{one.label}」"
        elif not is_blank and (old is None or old[name] != new[name]):
            wrong |= _reference_faults(engine, db, principal, definition, id, name, one, new)
    if not wrong:
        wrong |= _rule_faults(engine, db, principal, definition, id, old, new)
    if wrong:
        raise Invalid(wrong)


def _reference_faults(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    id: str,
    name: str,
    one: Field,
    new: Values,
) -> dict[str, str]:
    """A new reference must lead to a live record of the right kind, and a node must not hang below itself."""
    if isinstance(one, Refs):
        targets = [_target_row(engine, db, one, new, target) for target in new[name]]
        return {name: f"「{one.label}」里有一项已不存在"} if None in targets else {}
    if not isinstance(one, Ref):
        return {}
    target = _target_row(engine, db, one, new, new[name])
    if target is None or any(target.get(column) != value for column, value in one.where.items()):
        return {name: f"「{one.label}」选的内容已不存在，请重新选择"}
    for column, source in one.depends.items():
        if target.get(column) != (id if source == "id" else new.get(source)):
            return {name: f"「{one.label}」不属于这条记录，请重新选择"}
    if (
        definition.module.parent == name
        and one.target == definition.name
        and _is_below(engine, db, definition, new[name], id)
    ):
        return {name: f"「{one.label}」不能选自己或自己的下级"}
    return {}


def _target_row(
    engine: Engine, db: sqlite3.Connection, one: Ref | Refs, new: Mapping[str, Any], id: str
) -> Values | None:
    targets = targets_of(one)
    if isinstance(one, Ref) and one.target_by:
        kind = str(new.get(one.target_by[0]))
        targets = (one.target_by[1][kind],) if kind in one.target_by[1] else ()
    for target in targets:
        found = look(engine, db, target, id)
        if found is not None:
            return found
    return None


def look(engine: Engine, db: sqlite3.Connection, module: str, id: str) -> Values | None:
    """Values of a live record, unmasked; None when there is none."""
    definition = engine.registry[module]
    found = db.execute(f"SELECT row FROM {module} WHERE id = ? AND deleted_at IS NULL", (id,)).fetchone()
    return fetch(db, engine.registry, definition, [found[0]], None)[0] if found else None


def _is_below(engine: Engine, db: sqlite3.Connection, definition: Definition, node: str, top: str) -> bool:
    below = q.subtree(definition, top)
    return db.execute(f"SELECT 1 WHERE ? IN {below.text}", (node, *below.params)).fetchone() is not None


def _rule_faults(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    id: str,
    old: Values | None,
    new: Values | None,
) -> dict[str, str]:
    draft = Draft(
        module=definition.name,
        id=id,
        old=old,
        new=new,
        look=lambda module, target: look(engine, db, module, target),
        find=lambda module, columns: _find(engine, db, engine.definition(module), columns),
        me=principal.employee or "",
    )
    faults: dict[str, str] = {}
    for rule in definition.module.rules:
        for fault in rule(draft):
            faults.setdefault(fault.field or "", fault.message)
    return faults


def _find(
    engine: Engine, db: sqlite3.Connection, definition: Definition, columns: Mapping[str, Scalar]
) -> list[dict[str, Any]]:
    conditions = "".join(f' AND "{column}" = ?' for column in columns)
    sql = f"SELECT row FROM {definition.name} WHERE deleted_at IS NULL{conditions} LIMIT 100"
    numbers = [row[0] for row in db.execute(sql, tuple(columns.values()))]
    return fetch(db, engine.registry, definition, numbers, None)


# ------------------------------------------------------------------------ ops


def _columns(definition: Definition, values: Mapping[str, Any]) -> dict[str, Scalar]:
    stored: dict[str, Scalar] = {}
    for name, one in definition.fields.items():
        if name in values and not (one.write_only and isinstance(values[name], bool)):
            stored |= one.store(name, values[name])
    return stored


def _ops(definition: Definition, id: str, old: Values | None, new: Values) -> list[Op]:
    """The difference as ops: one for the row, one per link added or taken out."""
    columns = _columns(definition, new)
    if old is None:
        ops = [
            Op(
                definition.name,
                id,
                "ins",
                {name: value for name, value in columns.items() if value is not None},
            )
        ]
    else:
        ops = _update_op(definition, id, _columns(definition, old), columns)
    for name, link in definition.links.items():
        before, now = set((old or {}).get(name) or ()), set(new[name] or ())
        ops += [Op(link.name, link.id_of(id, t), "ins", {"record": id, "target": t}) for t in sorted(now - before)]
        ops += [Op(link.name, link.id_of(id, t), "del") for t in sorted(before - now)]
    return ops


def _update_op(definition: Definition, id: str, old: Mapping[str, Scalar], new: Mapping[str, Scalar]) -> list[Op]:
    changed = {name for name, value in new.items() if old.get(name) != value}
    units = {definition.unit_of[name] for name in changed}
    names = [name for name in definition.column_names if definition.unit_of[name] in units]  # a unit moves as one
    if not changed:
        return []
    sets = {name: new.get(name, old.get(name)) for name in names}
    return [Op(definition.name, id, "upd", sets, {name: value_hash(old.get(name)) for name in sets})]


def _mirror_ops(
    engine: Engine,
    db: sqlite3.Connection,
    principal: Principal,
    definition: Definition,
    id: str,
    old: Values | None,
    new: Values,
) -> list[Op]:
    """A mirror is kept by the parent: ticking it, or moving to another parent, changes what the parents name."""
    ops: list[Op] = []
    for name, one in definition.fields.items():
        if not isinstance(one, Mirror):
            continue
        before = (_parent_of(definition, one, old), bool(old[name])) if old else (None, False)
        now = (_parent_of(definition, one, new), bool(new[name]))
        if before == now:
            continue
        if before[0] is not None and before[1]:
            ops += _naming_op(engine, db, principal, one, before[0], None)
        if now[0] is not None and now[1]:
            ops += _naming_op(engine, db, principal, one, now[0], id)
    return ops


def _parent_of(definition: Definition, one: Mirror, values: Values) -> tuple[str, str] | None:
    """(module, id) of the parent, if it is of a kind that names one of its records."""
    ref = definition.fields[one.parent]
    if not isinstance(ref, Ref) or not values[one.parent]:
        return None
    module = ref.target_by[1].get(str(values[ref.target_by[0]])) if ref.target_by else ref.target
    return (module, values[one.parent]) if module in one.targets else None


def _naming_op(
    engine: Engine, db: sqlite3.Connection, principal: Principal, one: Mirror, parent: tuple[str, str], id: str | None
) -> list[Op]:
    module, parent_id = parent
    demand(principal, "edit", engine.registry[module])
    row = db.execute(f'SELECT "{one.names}" FROM {module} WHERE id = ?', (parent_id,)).fetchone()
    if row is None or row[0] == id:
        return []
    return [Op(module, parent_id, "upd", {one.names: id}, {one.names: value_hash(row[0])})]


def _with_numbers(engine: Engine, db: sqlite3.Connection, definition: Definition, op: Op) -> Op:
    """Draws the numbers of a new record and adds the branch."""
    me = engine.applier.me(db)
    extra: dict[str, Scalar] = {}
    for name, one in definition.fields.items():
        if isinstance(one, Serial) and one.prefix and not op.set.get(name):
            branch = branch_code(engine, db, me.branch)
            extra[name] = master_number(one.prefix, branch, me.code, draw(db, one.prefix, branch, me.code))
    if "branch" not in definition.fields and me.branch:
        extra["branch"] = me.branch
    return Op(op.table, op.id, op.kind, {**op.set, **extra})


def branch_code(engine: Engine, db: sqlite3.Connection, branch: str | None) -> str:
    """The two characters of this machine's branch inside numbers."""
    row = db.execute("SELECT code FROM branch WHERE id = ?", (branch,)).fetchone()
    return str(row[0]) if row and row[0] else "00"


# --------------------------------------------------------------------- change


def change(
    engine: Engine, principal: Principal, module: str, ids: Sequence[str], values: Mapping[str, Any]
) -> list[str]:
    """Sets the same values on many records, as one batch: all or nothing. Returns the ids that changed."""
    definition = engine.definition(module)
    demand(principal, "edit", definition)
    _bounded(ids)
    parsed = _parse(definition, principal, values, system=False)
    ops: list[Op] = []
    with engine.db.write() as db:
        for id in dict.fromkeys(ids):
            old = _editable(engine, db, principal, definition, id, None, values, system=False)
            new = _complete(engine, db, principal, definition, id, old, parsed)
            _validate(engine, db, principal, definition, id, old, new, parsed)
            ops += _ops(definition, id, old, new)
            ops += _mirror_ops(engine, db, principal, definition, id, old, new)
        changed = engine.applier.local(
            ops, actor=principal.operator, act=f"{module}.edit", batch=new_id() if len(ops) > 1 else None
        )
    engine.tell(changed)
    return changed.ids.get(module, [])


def _bounded(ids: Sequence[str]) -> None:
    if len(ids) > BATCH_MAX:
        raise BadRequest(f"一次最多 {BATCH_MAX} 条，请分几次")


# --------------------------------------------------------------------- delete


@dataclass(frozen=True)
class _Doomed:
    """What a deletion takes along: records by module, each with the record whose deletion causes it."""

    rows: dict[str, dict[str, str | None]]

    def ids(self, module: str) -> set[str]:
        return set(self.rows.get(module, {}))


def delete(
    engine: Engine, principal: Principal, module: str, ids: Sequence[str], *, preview: bool = False,
    idempotent: Idempotent | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Deletes records with all that goes along, as one batch, or says what would happen.

    preview → {count, along: [{label, count}], refused: [{id, title, reason}]}; else {deleted, batch}.
    Raises `InUse` when any record may not go: then nothing is deleted.
    """
    definition = engine.definition(module)
    demand(principal, "delete", definition)
    _bounded(ids)
    if definition.module.single:
        raise BadRequest(f"「{definition.module.label}」不能删除")
    ids = list(dict.fromkeys(ids))
    changed = Changed()
    with engine.db.write() as db:
        if idempotent and (known := _answered(db, idempotent)) is not None:
            return dict(json.loads(known))
        for id in ids:
            _visible(engine, db, principal, definition, id)
        doomed = _doomed(engine, db, definition, ids)
        refused = list(_refusals(engine, db, principal, definition, ids, doomed))
        if preview:
            along = [
                {"label": engine.registry[name].module.noun, "count": len(rows)}
                for name, rows in doomed.rows.items()
                if name != module and rows
            ]
            return {"count": len(ids) - len(refused), "along": along, "refused": refused}
        if refused:
            raise InUse(f"「{refused[0]['title']}」{refused[0]['reason']}，不能删除", refused=refused)
        batch = new_id()
        changed = engine.applier.local(
            _delete_ops(engine, db, doomed), actor=principal.operator, act=f"{module}.delete", batch=batch
        )
        result = {"deleted": ids, "batch": batch}
        if idempotent:
            _answer(db, idempotent, json.dumps(result))
    engine.tell(changed)
    return result


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
    ids: Sequence[str],
    doomed: _Doomed,
) -> Iterator[dict[str, str]]:
    """Records that may not go: still referred to by something that stays, or held by a rule."""
    holding = _holding(db, definition, ids, doomed)
    for id in ids:
        old = look(engine, db, definition.name, id)
        if old is None:
            continue
        faults = _rule_faults(engine, db, principal, definition, id, old, None)
        reasons = [*holding.get(id, ()), *faults.values()]
        if reasons:
            yield {"id": id, "title": str(old[definition.module.title] or ""), "reason": "，".join(reasons)}


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


def _delete_ops(engine: Engine, db: sqlite3.Connection, doomed: _Doomed) -> list[Op]:
    ops = []
    for module, rows in doomed.rows.items():
        for id, via in rows.items():
            ops.append(Op(module, id, "del", seen=engine.applier.clock(db, module, id).seen(), via=via))
    return ops


def restore(engine: Engine, principal: Principal, module: str, ids: Sequence[str]) -> list[str]:
    """Brings deleted records back, with exactly the ones that went along with them."""
    definition = engine.definition(module)
    demand(principal, "delete", definition)
    _bounded(ids)
    ops: list[Op] = []
    with engine.db.write() as db:
        for id in dict.fromkeys(ids):
            if _number(engine, db, principal, definition, id, deleted=True) is None:
                raise NotFound(f"回收站里没有这个{definition.module.noun}")
            ops += [Op(definition.name, id, "undel"), *_with_children(db, definition, id)]
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{module}.restore", batch=new_id())
    engine.tell(changed)
    return list(dict.fromkeys(ids))


def _with_children(db: sqlite3.Connection, definition: Definition, id: str) -> Iterator[Op]:
    for incoming in (one for one in definition.incoming if one.cascades):
        child = incoming.definition
        for (found,) in db.execute(
            f'SELECT id FROM {child.name} WHERE "{incoming.field}" = ? AND deleted_at IS NOT NULL AND via = ?',
            (id, f"{definition.name}:{id}"),
        ).fetchall():
            yield Op(child.name, found, "undel")
            yield from _with_children(db, child, found)

"""Deleting and restoring: what goes along, what stands in the way, and how it all comes back."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync_server.replication.changeset import Op

from ..errors import BadRequest, InUse, NotFound, StillDeleted
from . import aliases
from .access import Principal, demand, scope_sql
from .engine import Engine
from .fields import Ref, Refs
from .ids import new_id
from .imports import running
from .query import T
from .records import Idempotent, answer, answered, visible_records
from .registry import Definition, Incoming
from .rows import Values
from .saving import Saving, row_number

_NAMED_MAX = 3
_IMPORTED = "正在导入的内容要用到，请等导入写完"


@dataclass(frozen=True)
class _Doomed:
    """What a deletion takes along: records by module, each with the record whose deletion causes it."""

    rows: dict[str, dict[str, str | None]]

    def ids(self, module: str) -> set[str]:
        return set(self.rows.get(module, {}))

    def asked_for(self, module: str, id: str) -> str:
        """The record that a merged one goes along with; else itself."""
        cause = self.rows.get(module, {}).get(id) or ""
        return cause.partition(":")[2] if cause.startswith(f"{module}:") else id


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
    if merged := len(doomed.rows[module]) - len(olds):
        along.insert(0, {"label": f"并入的{definition.module.noun}", "count": merged})
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
        merged = _with_merged(db, parent, parents, rows.setdefault(parent.name, {}))
        parents = [*parents, *merged]
        for incoming in (one for one in parent.incoming if one.cascades):
            child = incoming.definition
            known = rows.setdefault(child.name, {})
            found = _referring(db, parent, incoming, parents)
            fresh = {id: f"{parent.name}:{cause}" for id, cause in found if id not in known}
            known.update(fresh)
            if fresh:
                queue.append((child, list(fresh)))
    return _Doomed(rows)


def _with_merged(
    db: sqlite3.Connection, definition: Definition, ids: Sequence[str], known: dict[str, str | None]
) -> list[str]:
    """What was merged into records goes along with them: it means nothing without its winner."""
    losers = aliases.losers_of(db, definition.name, ids) if definition.module.mergeable else {}
    live = f"SELECT id FROM {definition.name} WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))"
    found = [row[0] for row in db.execute(live, (json.dumps(list(losers)),)) if row[0] not in known] if losers else []
    known.update((loser, f"{definition.name}:{losers[loser]}") for loser in found)
    return found


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
    asked: Collection[str] | None = None,
) -> Iterator[dict[str, str]]:
    """Records that may not go: still referred to by something that stays, or held by a rule. `asked` are those of the
    module in question, if the others that go have been asked before."""
    saving = Saving(engine, db, principal, definition, together=frozenset(doomed.ids(definition.name)))
    ids = list(doomed.rows[definition.name] if asked is None else asked)
    holding = _Holding(engine, db, principal).told(definition, ids, doomed)
    needed = [_IMPORTED] if running.is_needed(db, doomed.rows) else []
    for old in olds:
        # what a rule says of it is what can be done instead; what hangs on it then says nothing more
        reasons = list(saving.rule_faults(old["id"], old, None).values()) or holding.get(old["id"], needed)
        if reasons:
            title = str(old[definition.module.title] or "")
            yield {"id": old["id"], "title": title, "reason": "，".join(reasons)}


@dataclass
class _Holding:
    """What still refers to records, in one sentence for each."""

    engine: Engine
    db: sqlite3.Connection
    principal: Principal

    def told(self, definition: Definition, ids: Sequence[str], doomed: _Doomed) -> dict[str, list[str]]:
        """Each record counts once, however often it refers; a line stands for its document, which is named. What
        machines work out by themselves is named where nothing else is: it follows from the others."""
        found: dict[str, dict[str, set[str]]] = {}
        for incoming in definition.incoming:
            if incoming.cascades or getattr(incoming.ref, "loose", False):
                continue
            going = doomed.ids(incoming.definition.name)
            for record, target in _referring(self.db, definition, incoming, ids):
                if record not in going:
                    meant = doomed.asked_for(definition.name, target)
                    found.setdefault(meant, {}).setdefault(incoming.definition.name, set()).add(record)
        return {target: [self._in_use(by_module)] for target, by_module in found.items()}

    def _in_use(self, by_module: Mapping[str, set[str]]) -> str:
        registry = self.engine.registry
        told = {name: some for name, some in by_module.items() if not registry[name].module.local} or by_module
        by_noun: dict[str, set[str]] = {}
        words = []
        for name, some in told.items():
            if name in registry.document_of:
                words.append(self._documents(name, some))
            else:
                by_noun.setdefault(registry[name].module.noun, set()).update(some)
        words += [f"{len(some)} 个{noun}" for noun, some in by_noun.items()]
        return f"还有 {'、'.join(words)}{'' if by_noun else ' '}在用"

    def _documents(self, lines: str, some: Collection[str]) -> str:
        """The documents that lines stand on: the first of those whom the user sees by their numbers."""
        module, parent = self.engine.registry.document_of[lines]
        definition = self.engine.definition(module)
        noun = definition.module.noun
        sql = (
            f'SELECT DISTINCT d.id, d.number FROM {lines} l JOIN {module} d ON d.id = l."{parent}" '
            "WHERE l.id IN (SELECT value FROM json_each(?)) ORDER BY d.row DESC"
        )
        found = self.db.execute(sql, (json.dumps(sorted(some)),)).fetchall()
        numbers = [number for id, number in found[:_NAMED_MAX] if number and self._sees(definition, id)]
        if not numbers:
            return f"{len(found)} 个{noun}"
        more = f" 等 {len(found)} 个" if len(found) > len(numbers) else ""
        return f"{noun} {'、'.join(numbers)}{more}"

    def _sees(self, definition: Definition, id: str) -> bool:
        if not self.principal.may("view", definition.name):
            return False
        return row_number(self.engine, self.db, self.principal, definition, id, deleted=False) is not None


def removable(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Sequence[str],
    going: Iterable[str], along: Collection[str] = (),
) -> tuple[list[str], list[dict[str, str]]]:  # fmt: skip
    """Of records, those that may go by themselves together with `going`, and why the others stay: something hangs on
    them (but what goes `along`) or needs them, or a rule holds them."""
    left, refused = list(visible_records(engine, db, principal, definition, ids)), list[dict[str, str]]()
    while left:
        doomed = _Doomed({definition.name: dict.fromkeys([*going, *(old["id"] for old in left)])})
        held = [
            *_refusals(engine, db, principal, definition, left, doomed, [old["id"] for old in left]),
            *_with_followers(db, definition, left, along),
            *_with_merged_in(db, definition, left, doomed),
        ]
        if not held:
            break
        refused += {one["id"]: one for one in held}.values()
        staying = {one["id"] for one in held}
        left = [old for old in left if old["id"] not in staying]
    return [old["id"] for old in left], refused


def _with_followers(
    db: sqlite3.Connection, definition: Definition, olds: Sequence[Values], along: Collection[str]
) -> Iterator[dict[str, str]]:
    """Records that others would go along with."""
    titles = {old["id"]: str(old[definition.module.title] or "") for old in olds}
    for incoming in (one for one in definition.incoming if one.cascades):
        noun = incoming.definition.module.noun
        found = _referring(db, definition, incoming, list(titles))
        for parent in {parent for child, parent in found if child not in along}:
            yield {"id": parent, "title": titles[parent], "reason": f"已有{noun}"}


def _with_merged_in(
    db: sqlite3.Connection, definition: Definition, olds: Sequence[Values], doomed: _Doomed
) -> Iterator[dict[str, str]]:
    """Records that stand for others, which would be seen nowhere without them."""
    titles = {old["id"]: str(old[definition.module.title] or "") for old in olds}
    merged = _with_merged(db, definition, list(titles), dict(doomed.rows[definition.name]))
    for winner in set(aliases.winners(db, definition.name, merged).values()):
        yield {"id": winner, "title": titles[winner], "reason": f"已有别的{definition.module.noun}并入"}


def delete_ops(
    engine: Engine, db: sqlite3.Connection, module: str, ids: Sequence[str],
    along: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Op]:  # fmt: skip
    """Ops that delete records of one module, and those of others that go along: module → record → its parent."""
    doomed: dict[str, dict[str, str | None]] = {module: dict.fromkeys(ids)}
    for name, children in (along or {}).items():
        doomed[name] = {child: f"{module}:{parent}" for child, parent in children.items()}
    return _delete_ops(engine, db, _Doomed(doomed))


def whole_ops(engine: Engine, db: sqlite3.Connection, definition: Definition, ids: Sequence[str]) -> list[Op]:
    """Ops that delete records with all that goes along, for who knows that they may go."""
    return _delete_ops(engine, db, _doomed(engine, db, definition, ids))


def _delete_ops(engine: Engine, db: sqlite3.Connection, doomed: _Doomed) -> list[Op]:
    ops = []
    for module, rows in doomed.rows.items():
        seen = engine.applier.seen_of(db, module, list(rows))
        ops += [Op(module, id, "del", seen=seen[id], via=via) for id, via in rows.items()]
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
    result = list(dict.fromkeys(ids))
    restore_many(engine, principal, {module: result}, idempotent, act=f"{module}.restore", res=res, also=also)
    return result


def restore_many(
    engine: Engine,
    principal: Principal,
    picks: Mapping[str, Sequence[str]],
    idempotent: Idempotent | None = None,
    *,
    act: str = "restore",
    with_parents: bool = False,
    res: str | None = None,
    also: Sequence[Op] = (),
) -> dict[str, list[str]]:
    """Brings back records of several modules, as one batch: {module: ids} of what was asked for or had to come along.

    Raises `StillDeleted` naming what they need and what is deleted, too; `with_parents` brings that back as well.
    """
    wanted = {module: list(dict.fromkeys(ids)) for module, ids in picks.items()}
    for module in wanted:
        _deletable(engine, principal, module)
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return dict(json.loads(known))
        for module, ids in wanted.items():
            _refuse_unless_deleted(engine, db, principal, engine.definition(module), ids)
        ops = _restoring(engine, db, wanted)
        while missing := _orphaned(engine, db, ops):
            if not with_parents or not all(_may_restore(engine, db, principal, one) for one in missing):
                raise _told(engine, db, principal, missing)
            for one in missing:
                wanted.setdefault(one.module, []).append(one.id)
            ops = _restoring(engine, db, wanted)
        changed = engine.applier.local([*ops, *also], actor=principal.operator, act=act, batch=new_id(), res=res)
        if idempotent:
            answer(db, idempotent, json.dumps(wanted))
    engine.tell(changed)
    return wanted


def _restoring(engine: Engine, db: sqlite3.Connection, wanted: Mapping[str, Sequence[str]]) -> list[Op]:
    """Ops that bring records back with what went along with them, each once."""
    ops = [Op(module, id, "undel") for module, ids in wanted.items() for id in ids]
    for module, ids in wanted.items():
        ops += with_children(db, engine.definition(module), ids)
    return list({(op.table, op.id): op for op in ops}.values())


def _may_restore(engine: Engine, db: sqlite3.Connection, principal: Principal, one: "_Missing") -> bool:
    definition = engine.definition(one.module)
    may = principal.may("delete", one.module) and principal.has(definition.module.edit_right)
    return may and row_number(engine, db, principal, definition, one.id, deleted=True) is not None


def _told(engine: Engine, db: sqlite3.Connection, principal: Principal, missing: Sequence["_Missing"]) -> StillDeleted:
    """What stands in the way, at the field that needs it; what the person may bring back as well is named."""
    fields = {
        one.field: f"「{one.label}」{f'「{one.title}」' if one.title else ''}已删除，请先恢复它" for one in missing
    }
    parents = [
        {"module": one.module, "id": one.id, "title": one.title, "noun": engine.definition(one.module).module.noun}
        for one in missing
        if _may_restore(engine, db, principal, one)
    ]
    return StillDeleted(fields, parents=parents, all=len(parents) == len(missing))


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


def with_children(
    db: sqlite3.Connection, definition: Definition, ids: Sequence[str], done: frozenset[str] = frozenset()
) -> Iterator[Op]:
    """What went along with records, and with that in turn; what was deleted by itself stays deleted."""
    causes = json.dumps([f"{definition.name}:{id}" for id in ids])
    gone = "via IN (SELECT value FROM json_each(?)) AND deleted_at IS NOT NULL"
    merged: list[str] = []
    if definition.module.mergeable:
        merged = [row[0] for row in db.execute(f"SELECT id FROM {definition.name} WHERE {gone}", (causes,))]
        merged = [id for id in merged if id not in done]
        yield from (Op(definition.name, id, "undel") for id in merged)
    if merged:
        yield from with_children(db, definition, merged, done | set(merged))
    for incoming in (one for one in definition.incoming if one.cascades):
        child = incoming.definition
        sql = f'SELECT id FROM {child.name} WHERE {gone} AND via = ? || "{incoming.field}"'
        found = [row[0] for row in db.execute(sql, (causes, f"{definition.name}:"))]
        yield from (Op(child.name, id, "undel") for id in found)
        if found:
            yield from with_children(db, child, found)


@dataclass(frozen=True)
class _Missing:
    """A deleted record that one which comes back needs, and the field that needs it."""

    module: str
    id: str
    title: str
    field: str
    label: str


def _orphaned(engine: Engine, db: sqlite3.Connection, ops: Sequence[Op]) -> list[_Missing]:
    """What the records that come back need and what is still deleted."""
    back: dict[str, set[str]] = {}
    for op in ops:
        back.setdefault(op.table, set()).add(op.id)
    missing: dict[tuple[str, str], _Missing] = {}
    for module, ids in back.items():
        definition = engine.definition(module)
        for name, one in definition.fields.items():
            if isinstance(one, Ref) and (one.required or name == definition.module.parent):
                for gone in _still_deleted(engine, db, module, name, one, ids, back):
                    missing.setdefault((gone.module, gone.id), gone)
        for gone in _winners_deleted(db, definition, ids):
            if gone.id not in ids:
                missing.setdefault((module, gone.id), gone)
    return list(missing.values())


def _winners_deleted(db: sqlite3.Connection, definition: Definition, ids: set[str]) -> Iterator[_Missing]:
    """Deleted records into which some of the records were merged: they come back together."""
    winners = aliases.linked(db, definition.name, ids) if definition.module.mergeable else {}
    sql = (
        f"SELECT id, COALESCE(\"{definition.module.title}\", '') FROM {definition.name} "
        "WHERE deleted_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
    )
    for id, title in db.execute(sql, (json.dumps(sorted(set(winners.values()))),)) if winners else ():
        yield _Missing(definition.name, id, title, definition.module.title, f"并入的{definition.module.noun}")


def _still_deleted(
    engine: Engine, db: sqlite3.Connection, module: str, name: str, one: Ref, ids: set[str], back: dict[str, set[str]]
) -> Iterator[_Missing]:
    """What field `name` of the records means and what is neither there nor comes back with them."""
    kinds = one.target_by[1] if one.target_by else {"": one.target}
    for kind, target in kinds.items():
        of_kind = f' AND c."{one.target_by[0]}" = ?' if one.target_by else ""
        rows = db.execute(
            f'SELECT DISTINCT c."{name}", COALESCE(t."{engine.definition(target).module.title}", \'\') FROM {module} c '
            f'LEFT JOIN {target} t ON t.id = c."{name}" WHERE c.id IN (SELECT value FROM json_each(?)) '
            f'AND c."{name}" IS NOT NULL AND (t.id IS NULL OR t.deleted_at IS NOT NULL){of_kind}',
            (json.dumps(list(ids)), *((kind,) if one.target_by else ())),
        )
        yield from (
            _Missing(target, id, title, name, one.label) for id, title in rows if id not in back.get(target, ())
        )

"""Files and comments of a record. Who may see the record sees them, who may change it attaches; they need no rights of
their own. The content of a file is kept elsewhere, by its hash."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sync_server.replication.changeset import Op, Scalar, value_hash

from ..errors import BadRequest, Forbidden, Invalid, NotFound
from . import aliases
from .access import Principal, actions, demand
from .define import Emblem, Right
from .engine import Engine
from .fields import Sql
from .fields.moment import instant
from .ids import new_id
from .records import Idempotent, answer, answered, not_found, parse
from .registry import Definition
from .removal import delete_ops
from .saving import Saving, row_number

ATTACHMENT, COMMENT = "attachment", "comment"
PER_RECORD_MAX = 1_000

Row = dict[str, Any]

_SHOWN = {
    ATTACHMENT: "id, file_name, COALESCE(size, 0) AS size, COALESCE(sha256, '') AS sha256, mime, role, machine, "
    "created_at, created_by, main_at",
    COMMENT: "id, text, machine, created_at, created_by",
}


def holders(engine: Engine) -> tuple[str, ...]:
    """Modules whose records may have files and comments."""
    return tuple(engine.registry[ATTACHMENT].fields["record"].targets())  # type: ignore[attr-defined]


def of_record(engine: Engine, principal: Principal, kind: str, module: str, id: str) -> list[Row]:
    """The files or comments of a record, oldest first, of very many the newest; raises `NotFound` for a record the user
    may not see."""
    with engine.db.read() as db:
        held(engine, db, principal, module, id, "view")
        where = _hung_on(engine, db, principal, module, id)
        return [dict(row) for row in _rows(db, kind, f"WHERE {where.text}", where.params)]


def _hung_on(engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, id: str) -> Sql:
    """What hangs on a record, or on one that is the same; alone on the record for who sees it, but not its winner."""
    sees_all = _sees(engine, db, principal, module, aliases.winner_of(db, module, id))
    merged = aliases.present(db, engine.registry.mergeable) & {module}
    same = aliases.same(merged if sees_all else (), id)
    return Sql(f"module = ? AND record IN {same.text} AND deleted_at IS NULL", (module, *same.params))


def _rows(db: sqlite3.Connection, kind: str, condition: str, params: Sequence[Scalar]) -> list[sqlite3.Row]:
    newest = f"SELECT {_SHOWN[kind]} FROM {kind} {condition} ORDER BY created_at DESC, id DESC LIMIT {PER_RECORD_MAX}"
    return db.execute(newest, tuple(params)).fetchall()[::-1]


def held(engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, id: str, action: Right) -> None:
    """Raises unless the user may do this with the record, and it is there."""
    definition = engine.definition(module)
    if module not in holders(engine):
        raise NotFound("这里没有附件和评论")
    demand(principal, action, definition)
    meant = dict.fromkeys((id, aliases.winner_of(db, module, id)))  # what hangs on a merged record is its winner's, too
    if not any(_sees(engine, db, principal, module, one) for one in meant):
        raise not_found(definition)


def _sees(engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, id: str) -> bool:
    return row_number(engine, db, principal, engine.definition(module), id, deleted=False) is not None


def file_of(engine: Engine, principal: Principal, id: str) -> Row:
    """One file, if the user may see the record it belongs to, and what it stands for."""
    with engine.db.read() as db:
        where = _holder_of(db, id)
        held(engine, db, principal, *where, "view")
        row = dict(_rows(db, ATTACHMENT, "WHERE id = ?", (id,))[0])
        _demand_emblem(principal, emblem_of(engine, where[0], row["role"]))
        return row


def _demand_emblem(principal: Principal, emblem: Emblem | None) -> None:
    if emblem and emblem.right and not principal.has(emblem.right):
        raise Forbidden(f"没有看「{emblem.label}」的权限，可请管理员来做")


def emblem_of(engine: Engine, module: str, role: str) -> Emblem | None:
    """What a picture with this role stands for."""
    return next((one for one in engine.definition(module).module.emblems if one.role == role), None)


def leading(
    engine: Engine, db: sqlite3.Connection, principal: Principal, module: str, ids: Iterable[str]
) -> dict[str, tuple[str, int]]:
    """Hash and size of the picture that stands for each record, of those the user may see."""
    found: dict[str, tuple[str, int]] = {}
    for id in set(ids) if principal.may("view", module) else ():
        if not _sees(engine, db, principal, module, aliases.winner_of(db, module, id)):
            continue
        where = _hung_on(engine, db, principal, module, id)
        sql = f"SELECT sha256, size FROM {ATTACHMENT} WHERE role = 'image' AND {where.text} {_FIRST} LIMIT 1"
        if row := db.execute(sql, where.params).fetchone():
            found[id] = (str(row["sha256"]), int(row["size"] or 0))
    return found


_FIRST = "ORDER BY main_at DESC, created_at, id"
"""What was chosen last to stand for its record, else what was attached first."""


def emblems(db: sqlite3.Connection, module: str, *roles: str) -> list[tuple[str, int]]:
    """Hash and size of pictures with one of these roles among the files of a module that has one row; those with the
    first role before the others, each the one that was chosen last first. What is no plain picture counts only while
    it is chosen."""
    # The index of attachments is by record: what hangs on that one row is looked at, not every file there is.
    turn = "CASE role " + " ".join(f"WHEN ? THEN {place}" for place, _ in enumerate(roles)) + " END"
    sql = (
        f"SELECT sha256, size FROM {ATTACHMENT} WHERE module = ? AND role IN ({', '.join('?' * len(roles))}) "
        f"AND record IN (SELECT id FROM {module}) AND deleted_at IS NULL AND (role = 'image' OR main_at IS NOT NULL) "
        f"{_FIRST.replace('ORDER BY', f'ORDER BY {turn},')}"
    )
    return [(str(row["sha256"]), int(row["size"] or 0)) for row in db.execute(sql, (module, *roles, *roles))]


def _holder_of(db: sqlite3.Connection, id: str, *, deleted: bool = False) -> tuple[str, str]:
    life = "IS NOT NULL" if deleted else "IS NULL"
    sql = f"SELECT module, record FROM attachment WHERE id = ? AND deleted_at {life}"
    row = db.execute(sql, (id,)).fetchone()
    if row is None:
        raise NotFound("没有找到这个附件，可能已被删除")
    return row["module"], row["record"]


def may_attach(engine: Engine, principal: Principal, module: str) -> bool:
    """Whether the user may attach files to records of a module."""
    return "edit" in actions(principal, engine.definition(module))


def refuse_attach(engine: Engine, principal: Principal, module: str, id: str) -> None:
    """Raises before a content is taken that could not be attached."""
    with engine.db.read() as db:
        held(engine, db, principal, module, id, "edit")


def attach(
    engine: Engine, principal: Principal, module: str, id: str, about: Mapping[str, Any],
    idempotent: Idempotent | None = None,
) -> Row:  # fmt: skip
    """Adds a file whose content is kept already: {file_name, size, sha256, mime, role}."""
    return _add(engine, principal, ATTACHMENT, module, id, about, "edit", idempotent)


def comment(
    engine: Engine, principal: Principal, module: str, id: str, text: str, idempotent: Idempotent | None = None
) -> Row:  # fmt: skip
    """Adds a comment; it is never changed afterwards. Who reads a record may say something to it."""
    return _add(engine, principal, COMMENT, module, id, {"text": text}, "view", idempotent)


def _add(
    engine: Engine, principal: Principal, kind: str, module: str, id: str, values: Mapping[str, Any], action: Right,
    idempotent: Idempotent | None,
) -> Row:  # fmt: skip
    definition = engine.definition(kind)
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return dict(_rows(db, kind, "WHERE id = ?", (known,))[0])
        held(engine, db, principal, module, id, action)
        ops, row = _new_ops(engine, db, principal, definition, {**values, "module": module, "record": id})
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{kind}.add")
        if idempotent:
            answer(db, idempotent, row)
        added = dict(_rows(db, kind, "WHERE id = ?", (row,))[0])
    engine.tell(changed)
    return added


def _new_ops(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, values: Mapping[str, Any]
) -> tuple[list[Op], str]:  # fmt: skip
    """As a save of the module's own would make them; rights were judged by the record."""
    parsed = parse(definition, principal, values, system=True)
    saving = Saving(engine, db, principal, definition, system=True)
    id, new = new_id(), saving.complete(None, parsed)
    for name, one in definition.fields.items():
        if one.required and new[name] is None:
            raise Invalid({name: f"请填写「{one.label}」"})
    return saving.ops(id, None, new), id


def lead(engine: Engine, principal: Principal, id: str) -> None:
    """Makes a picture the one that stands for its record; of several chosen at once the one chosen last does."""
    with engine.db.write() as db:
        held(engine, db, principal, *_holder_of(db, id), "edit")
        row = db.execute(f"SELECT role, main_at FROM {ATTACHMENT} WHERE id = ?", (id,)).fetchone()
        if row["role"] != "image":
            raise BadRequest("只有图片能设为主图")
        op = Op(ATTACHMENT, id, "upd", {"main_at": instant(datetime.now(UTC))}, {"main_at": value_hash(row["main_at"])})
        changed = engine.applier.local([op], actor=principal.operator, act=f"{ATTACHMENT}.edit")
    engine.tell(changed)


def assign(engine: Engine, principal: Principal, id: str, role: str) -> None:
    """Makes a picture an emblem of its record, in the place of the one before, or (`image`) a picture like others.

    One that asks for a right keeps asking for it when another takes its place, though it counts no more.
    """
    with engine.db.write() as db:
        module, record = _holder_of(db, id)
        held(engine, db, principal, module, record, "edit")
        row = db.execute(f"SELECT role FROM {ATTACHMENT} WHERE id = ?", (id,)).fetchone()
        was, now = emblem_of(engine, module, row["role"]), emblem_of(engine, module, role)
        if role != "image" and now is None:
            raise BadRequest("这里的图片没有这种用途")
        if row["role"] != "image" and was is None:
            raise BadRequest("只有图片能这样用")
        for one in (was, now):
            _demand_emblem(principal, one)
        before = f"SELECT id, role, main_at FROM {ATTACHMENT} WHERE module = ? AND record = ? AND (id = ? OR role = ?)"
        ops = [
            _role_op(one, role, counts=role != "image") if one["id"] == id
            else _role_op(one, role if now and now.right else "image", counts=False)
            for one in db.execute(before, (module, record, id, role if now else None))
        ]  # fmt: skip
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{ATTACHMENT}.edit")
    engine.tell(changed)


def _role_op(row: sqlite3.Row, role: str, *, counts: bool) -> Op:
    """Of two machines that choose one each, the choice made last counts."""
    at = instant(datetime.now(UTC)) if counts else None
    before = {name: value_hash(row[name]) for name in ("role", "main_at")}
    return Op(ATTACHMENT, row["id"], "upd", {"role": role, "main_at": at}, before)


def remove(engine: Engine, principal: Principal, id: str) -> None:
    """Deletes a file from its record; the content stays where it is, so that it can be brought back."""
    with engine.db.write() as db:
        held(engine, db, principal, *_holder_of(db, id), "edit")
        ops = delete_ops(engine, db, ATTACHMENT, [id])
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{ATTACHMENT}.delete")
    engine.tell(changed)


def removed(engine: Engine, principal: Principal, module: str, id: str) -> list[Row]:
    """Files that were taken away from a record, or from one merged into it, the last first; nothing for who may not
    bring them back."""
    if not may_attach(engine, principal, module):
        return []
    with engine.db.read() as db:
        held(engine, db, principal, module, id, "edit")
        rows = db.execute(
            f"SELECT {_SHOWN[ATTACHMENT]}, deleted_at, updated_by FROM {ATTACHMENT} WHERE module = ? AND record IN "
            "(SELECT value FROM json_each(?)) AND deleted_at IS NOT NULL ORDER BY deleted_at DESC, id DESC LIMIT ?",
            (module, json.dumps([id, *aliases.losers_of(db, module, [id])]), PER_RECORD_MAX),
        )
        return [dict(row) for row in rows]


def bring_back(engine: Engine, principal: Principal, id: str) -> None:
    """Undoes `remove`."""
    with engine.db.write() as db:
        held(engine, db, principal, *_holder_of(db, id, deleted=True), "edit")
        ops = [Op(ATTACHMENT, id, "undel")]
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{ATTACHMENT}.restore")
    engine.tell(changed)


def counts(engine: Engine, principal: Principal, module: str, id: str) -> dict[str, int]:
    """How many files and comments a record has, under the names of its tabs."""
    if module not in holders(engine):
        return {}
    with engine.db.read() as db:
        held(engine, db, principal, module, id, "view")
        where = _hung_on(engine, db, principal, module, id)
        return {
            f"__{kind}": db.execute(f"SELECT count(*) FROM {kind} WHERE {where.text}", where.params).fetchone()[0]
            for kind in (ATTACHMENT, COMMENT)
        }

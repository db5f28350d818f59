"""Working out a price of many records from another: looked at first, then done as one batch, and taken back."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sync_server.replication.changeset import Changeset, Op, value_hash

from ..errors import BadRequest, Invalid, NotFound
from .access import Principal, demand
from .apply import opened
from .engine import Engine
from .fields import FieldError
from .ids import new_id
from .query import visible_field
from .records import Idempotent, answer, answered, visible_records
from .registry import Definition
from .rows import Values
from .saving import Saving
from .search import context_of, title_of

SHOWN_MAX = 200
"""Rows a preview lists."""
WHOLE = 1_000_000
"""100 % as a rate."""


@dataclass(frozen=True)
class Formula:
    """`target` := `source` × `rate` + `amount`, rounded to a multiple of `step`; all of them as they are stored."""

    target: str
    source: str
    rate: int
    amount: int
    step: int

    def of(self, value: int) -> int:
        """Half up, away from zero on a tie."""
        exact = value * self.rate + self.amount * WHOLE
        part = WHOLE * self.step
        steps = (2 * abs(exact) + part) // (2 * part)
        return (steps if exact >= 0 else -steps) * self.step


@dataclass(frozen=True)
class _Line:
    """One record and what becomes of its price; `reason` says why nothing does."""

    row: Values
    source: int | None
    before: int | None
    after: int | None
    reason: str = ""

    @property
    def moves(self) -> bool:
        return not self.reason and self.before != self.after


def preview(engine: Engine, principal: Principal, module: str, ids: Sequence[str], formula: Formula) -> dict[str, Any]:
    """What `adjust` would do: {total, changed, same, blank, refused, rows, digest}."""
    definition = _adjustable(engine, principal, module, formula)
    with engine.db.read() as db:
        lines = list(_lines(engine, db, principal, definition, ids, formula))
    shown = sorted(lines, key=lambda line: (not line.moves, not line.reason))[:SHOWN_MAX]
    return _counts(lines) | {"rows": [_shown(definition, line) for line in shown], "digest": _digest(lines)}


def adjust(
    engine: Engine,
    principal: Principal,
    module: str,
    ids: Sequence[str],
    formula: Formula,
    digest: str,
    idempotent: Idempotent | None = None,
) -> dict[str, Any]:
    """Does what the preview with this digest showed, as one batch: {changed, batch}. Raises when it would do something
    else by now."""
    definition = _adjustable(engine, principal, module, formula)
    with engine.db.write() as db:
        if idempotent and (known := answered(db, idempotent)) is not None:
            return dict(json.loads(known))
        lines = list(_lines(engine, db, principal, definition, ids, formula))
        if _digest(lines) != digest:
            raise BadRequest("价格刚被改过，和预览的不一样了，请重新预览")
        ops = [op for line in lines if line.moves for op in _ops(engine, db, principal, definition, line, formula)]
        batch = new_id()
        changed = engine.applier.local(ops, actor=principal.operator, act=f"{module}.adjust", batch=batch)
        result = {"changed": sum(line.moves for line in lines), "batch": batch}
        if idempotent:
            answer(db, idempotent, json.dumps(result))
    engine.tell(changed)
    return result


def _adjustable(engine: Engine, principal: Principal, module: str, formula: Formula) -> Definition:
    definition = engine.definition(module)
    demand(principal, "edit", definition)
    targets = definition.module.adjusts.split()
    for part, name, allowed in (
        ("target", formula.target, targets),
        ("source", formula.source, [*targets, *definition.module.adjusts_from.split()]),
    ):
        one = visible_field(definition, principal, name, part)
        if name not in allowed:
            raise Invalid({part: f"「{one.label}」不能这样调"})
    target = definition.fields[formula.target]
    if not principal.writes(target):
        raise Invalid({"target": f"「{target.label}」不能直接修改"})
    return definition


def _lines(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, ids: Sequence[str],
    formula: Formula,
) -> Iterator[_Line]:  # fmt: skip
    for row in visible_records(engine, db, principal, definition, ids):
        yield _line(definition, row, formula)


def _line(definition: Definition, row: Values, formula: Formula) -> _Line:
    target = definition.fields[formula.target]
    source, before = row[formula.source], row[formula.target]
    if source is None:
        return _Line(row, None, before, before, f"没有{definition.fields[formula.source].label}")
    try:
        return _Line(row, source, before, target.parse(formula.of(source)))
    except FieldError as error:
        return _Line(row, source, before, before, str(error))


def _counts(lines: Sequence[_Line]) -> dict[str, int]:
    moved = sum(line.moves for line in lines)
    blank = sum(line.source is None for line in lines)
    refused = sum(bool(line.reason) for line in lines) - blank
    return {
        "total": len(lines), "changed": moved, "blank": blank, "refused": refused,
        "same": len(lines) - moved - blank - refused,
    }  # fmt: skip


def _shown(definition: Definition, line: _Line) -> dict[str, Any]:
    return {
        "id": line.row["id"],
        "title": title_of(definition, line.row),
        "context": context_of(definition, line.row, {}),
        "source": line.source,
        "before": line.before,
        "after": line.after,
        "reason": line.reason,
    }


def _digest(lines: Sequence[_Line]) -> str:
    """Changes whenever any price that is read or written does."""
    told = hashlib.sha256()
    for line in sorted(lines, key=lambda line: str(line.row["id"])):
        told.update(f"{line.row['id']} {line.source} {line.before} {line.after}\n".encode())
    return told.hexdigest()


def _ops(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, line: _Line, formula: Formula
) -> list[Op]:
    saving = Saving(engine, db, principal, definition)
    old, given = line.row, {formula.target: line.after}
    new = saving.complete(old, given)
    try:
        saving.check(old["id"], old, new, given)
    except Invalid as error:
        raise BadRequest(f"「{title_of(definition, old)}」：{error}。没有调任何一个") from error
    return saving.ops(old["id"], old, new)


# ------------------------------------------------------------------ taking it back


def undo(engine: Engine, principal: Principal, module: str, batch: str) -> dict[str, int]:
    """Gives the prices of a batch their old values: {restored, kept}. What was changed again since is kept."""
    definition = engine.definition(module)
    demand(principal, "edit", definition)
    with engine.db.write() as db:
        was = _before(db, principal, module, batch)
        rows = {row["id"]: row for row in visible_records(engine, db, principal, definition, _living(db, module, was))}
        ops = [op for id, pairs in was.items() if id in rows for op in _back(module, rows[id], pairs)]
        act = f"{module}.undo-adjust"
        changed = engine.applier.local(ops, actor=principal.operator, act=act, batch=new_id())
    engine.tell(changed)
    return {"restored": len(ops), "kept": len(was) - len(ops)}


def _before(db: sqlite3.Connection, principal: Principal, module: str, batch: str) -> dict[str, dict[str, list[Any]]]:
    """{record: {field: [old, new]}} of a batch of this user's, as the history tells it."""
    found: dict[str, dict[str, list[Any]]] = {}
    for r, n, body in db.execute("SELECT r, n, body FROM changeset WHERE batch = ?", (batch,)).fetchall():
        changeset = Changeset.read(opened(body))
        if changeset.act != f"{module}.adjust" or changeset.actor != principal.operator:
            continue
        for op in changeset.ops:
            sql = "SELECT changes FROM history WHERE t = ? AND id = ? AND r = ? AND n = ?"
            told = db.execute(sql, (op.table, op.id, r, n)).fetchone()
            if told and op.table == module:
                found[op.id] = json.loads(told[0] or "{}")
    if not found:
        raise NotFound("没有这次调价")
    return found


def _living(db: sqlite3.Connection, module: str, ids: Iterable[str]) -> list[str]:
    sql = f"SELECT id FROM {module} WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))"
    return [row[0] for row in db.execute(sql, (json.dumps(list(ids)),))]


def _back(module: str, row: Values, pairs: dict[str, list[Any]]) -> list[Op]:
    sets = {name: old for name, (old, new) in pairs.items() if row.get(name) == new and old != new}
    if not sets:
        return []
    return [Op(module, row["id"], "upd", sets, {name: value_hash(row[name]) for name in sets})]

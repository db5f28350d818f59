"""Own changes that the server has not taken, as people read them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, Literal

from sync_server.replication.changeset import Changeset

from ..engine.access import Principal
from ..engine.apply import OPEN, opened
from ..engine.engine import Engine
from ..engine.registry import Definition
from ..engine.rows import titles
from ..engine.saving import row_number
from ..engine.work import iso_of

LISTED_MAX = 200
_KINDS = {"ins": "新增", "del": "删除", "undel": "恢复"}
_REASONS = (
    ("depends", "它要用到的另一条改动没有被接受，先处理那一条"),
    ("quarantined: revoked", "提交时这台机器已被停用"),
    ("quarantined: unknown", "服务器还不认识其中的内容，请管理员升级服务器"),
    ("quarantined: wrong-type", "其中有一项的格式不对"),
    ("quarantined: malformed", "这条改动的格式不对"),
)


def listed(engine: Engine, principal: Principal, state: Literal["pending", "rejected"]) -> dict[str, Any]:
    """{items, total, bytes} of one state, newest first; names only what the user may see."""
    with engine.db.read() as db:
        rows = db.execute(
            "SELECT c.n, c.body, c.why, p.uuid FROM changeset c JOIN replica p ON p.no = c.r "
            f"WHERE c.state = ? AND {OPEN} ORDER BY c.r DESC, c.n DESC LIMIT ?",
            (state, LISTED_MAX),
        ).fetchall()
        total, size = db.execute(
            f"SELECT count(*), COALESCE(sum(length(body)), 0) FROM changeset c WHERE c.state = ? AND {OPEN}", (state,)
        ).fetchone()
        items = [_public(engine, db, principal, row) for row in rows]
    return {"items": items, "total": total, "bytes": size}


def author(engine: Engine, replica: str, n: int) -> str:
    """Who made a changeset. Raises LookupError."""
    with engine.db.read() as db:
        row = db.execute(
            "SELECT c.body FROM changeset c JOIN replica p ON p.no = c.r WHERE p.uuid = ? AND c.n = ?", (replica, n)
        ).fetchone()
    if row is None:
        raise LookupError(f"{replica}:{n}")
    return str(opened(row["body"])["actor"])


def _public(engine: Engine, db: sqlite3.Connection, principal: Principal, row: sqlite3.Row) -> dict[str, Any]:
    """What a changeset is mostly about."""
    changeset = Changeset.read(opened(row["body"]))
    about = {
        "key": f"{row['uuid']}:{row['n']}", "at": iso_of(changeset.at), "rows": len(changeset.ops),
        "reason": _reason(row["why"]) if row["why"] else "",
    }  # fmt: skip
    first = next((op for op in changeset.ops if op.table in engine.registry), changeset.ops[0])
    definition = engine.registry.definitions.get(first.table)
    if definition is None or not may_name(engine, db, principal, definition, first.id):
        return about | {"module": "", "noun": "", "id": "", "title": "", "what": "改动"}
    return about | {
        "module": first.table,
        "noun": definition.module.noun,
        "id": first.id,
        "title": titles(db, engine.registry, {first.table: [first.id]}).get(first.id, ""),
        "what": _what(definition, first.kind, first.set),
    }


def may_name(engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, id: str) -> bool:
    """Whether somebody may read a record's title."""
    if not principal.may("view", definition.name):
        return False
    return row_number(engine, db, principal, definition, id, deleted=None) is not None


def _what(definition: Definition, kind: str, values: Mapping[str, Any]) -> str:
    if kind != "upd":
        return _KINDS[kind]
    labels = [
        one.label
        for name, one in definition.fields.items()
        if any(column.name in values for column in one.columns(name))
    ]
    more = f"等 {len(labels)} 项" if len(labels) > 3 else ""
    return f"修改 {'、'.join(labels[:3])}{more}" if labels else "修改"


def _reason(why: str) -> str:
    return next((words for start, words in _REASONS if why.startswith(start)), "服务器没有接受这条改动")

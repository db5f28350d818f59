"""What synchronising did, kept for people: facts now, words when somebody reads them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from ..engine import merging
from ..engine.access import Principal
from ..engine.engine import Engine
from ..engine.fields.moment import instant
from ..engine.rows import titles
from .changes import may_name

Kind = Literal["push", "pull", "merge", "offline", "online", "join", "problem", "identity", "info"]
_KEPT = 2_000
_VERBS = {"ins": "新增", "upd": "修改", "del": "删除", "undel": "恢复"}


def note(db: sqlite3.Connection, kind: Kind, **facts: Any) -> None:
    """Adds a line, inside the caller's transaction."""
    at = instant(datetime.now(UTC))
    made = db.execute(
        "INSERT INTO sync_log (at, kind, text) VALUES (?, ?, ?)", (at, kind, json.dumps(facts, ensure_ascii=False))
    )
    db.execute("DELETE FROM sync_log WHERE no <= ?", ((made.lastrowid or 0) - _KEPT,))


def lines(engine: Engine, principal: Principal, names: Mapping[str, str], limit: int) -> list[dict[str, str]]:
    """The newest lines in words: {at, kind, text}. `names` are operators by id; records are named to whom may see
    them."""
    with engine.db.read() as db:
        rows = db.execute("SELECT at, kind, text FROM sync_log ORDER BY no DESC LIMIT ?", (limit,)).fetchall()
        told = [
            {
                "at": row["at"],
                "kind": row["kind"],
                "text": _words(engine, db, principal, names, row["kind"], json.loads(row["text"])),
            }
            for row in rows
        ]
        away = [_taken_away(engine, names, one) for one in merging.taken_away(engine, db, principal)]
    return sorted(told + away, key=lambda line: line["at"], reverse=True)[:limit] if away else told


def _taken_away(engine: Engine, names: Mapping[str, str], one: Mapping[str, Any]) -> dict[str, str]:
    noun, who = engine.registry[one["module"]].module.noun, names.get(one["by"], "") or "同事"
    whose = f"{one['owner']}的{noun}" if one["owner"] else f"没有业务员的{noun}"
    text = f"{who} 把您的{noun}「{one['title']}」并入了{whose}，所以您的列表里没有它了。不是同一个的话，请 {who} 拆分。"
    return {"at": one["at"], "kind": "merge", "text": text}


def _words(
    engine: Engine, db: sqlite3.Connection, principal: Principal, names: Mapping[str, str], kind: str,
    facts: Mapping[str, Any],
) -> str:  # fmt: skip
    if "text" in facts:
        return str(facts["text"])
    if kind == "push":
        return f"上传 {facts['count']:,} 条改动，总部全部接受。"
    if kind == "pull":
        return _pulled(engine, db, principal, names, facts)
    if kind == "offline":
        return f"{facts['title']}。可以照常工作，改动先存在本机。"
    if kind == "online":
        return _back(facts)
    return ""


def _pulled(
    engine: Engine, db: sqlite3.Connection, principal: Principal, names: Mapping[str, str], facts: Mapping[str, Any]
) -> str:
    parts = []
    for one in facts["of"]:
        definition = engine.registry.definitions.get(one["table"])
        if definition is None or not may_name(engine, db, principal, definition, one["id"]):
            continue
        title = titles(db, engine.registry, {one["table"]: [one["id"]]}).get(one["id"], "")
        more = f"等 {one['count']:,} 处" if one["count"] > 1 else ""
        parts.append(f"{_VERBS.get(one['kind'], '修改')}{definition.module.noun}「{title or '无标题'}」{more}")
    who = "、".join(dict.fromkeys(names.get(one["actor"], "") or "同事" for one in facts["of"] if one["actor"]))
    if not parts:
        return f"收到{f' {who} 的' if who else ''} {facts['count']:,} 条改动。"
    rest = "，还有别的" if facts["more"] else ""
    return f"收到{f' {who} 的' if who else ''} {facts['count']:,} 条改动：{'，'.join(parts)}{rest}。"


def _back(facts: Mapping[str, Any]) -> str:
    minutes, count = facts["minutes"], facts["count"]
    if minutes < 60:
        time = f"{max(1, minutes)} 分钟"
    else:
        time = f"{minutes // 60} 小时" if minutes < 2_880 else f"{minutes // 1_440} 天"
    sent = f"这期间的 {count:,} 条改动已补传，没有丢失。" if count else "这期间本机没有改动。"
    return f"又连上了总部，离线约 {time}。{sent}"

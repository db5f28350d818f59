"""Who looks after what somebody is about to enter once more, where he may not see it (T28, 0.6).

Two salesmen who see only their own would else write to the same customer without knowing. He is told that it is there,
by what he typed himself and what is equal to it, and whose it is. Of the record nothing is said: no name, no number.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import aliases
from .access import Principal, compares, scope_sql
from .engine import Engine
from .fields import Sql
from .likeness import score
from .query import T
from .registry import Definition
from .rows import Values, fetch, labels
from .search import ALIKE, alike_candidates, is_alike

_OWNER = "owner"
_MOST = 3


def kept_elsewhere(
    engine: Engine, principal: Principal, module: str, values: Mapping[str, Any], id: str | None = None
) -> list[dict[str, Any]]:
    """[{id: "", title: "", facts: "", reasons, score, owner}], one for each who looks after such records."""
    definition = engine.definition(module)
    if definition.module.scope != "owner" or not definition.module.alike or not principal.may("view", module):
        return []
    known = {name: value for name, value in values.items() if name in _telling(principal, definition)}
    with engine.db.read() as db:
        rows = _unseen(engine, db, definition, principal, known)
        names = labels(db, engine.registry, definition, rows)
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        points, reasons = score(definition, known, row)
        if row["id"] != id and reasons and is_alike(definition, known, row, points):
            name = names.get(str(row[_OWNER] or ""), "")
            found.setdefault(name, _told(points, reasons, name))
    return list(found.values())[:_MOST]


def _told(points: int, reasons: list[str], owner: str) -> dict[str, Any]:
    return {"id": "", "title": "", "facts": "", "reasons": reasons, "score": points, "owner": owner}


def _telling(principal: Principal, definition: Definition) -> set[str]:
    """What says by itself that it is the same: anything less (the same area, say) would tell of what he may not see."""
    strong = {name for one in definition.module.alike if one.points >= ALIKE for name in one.fields.split()}
    return {
        name
        for name, one in definition.fields.items()
        if (name in strong or one.unique) and compares(principal, definition, one)
    }


def _unseen(
    engine: Engine, db: sqlite3.Connection, definition: Definition, principal: Principal, values: Mapping[str, Any]
) -> list[Values]:
    """Live rows beyond his scope that are worth comparing with what he typed."""
    scope = scope_sql(engine.registry, definition, principal, T)
    if scope is None:
        return []
    numbers = alike_candidates(engine, db, definition, replace(principal, everything=True), values)
    kept = aliases.not_merged(definition.name, T) if aliases.present(db, [definition.name]) else "1"
    beyond = Sql(f"NOT ({scope.text})", scope.params)
    sql = (
        f"SELECT {T}.row FROM {definition.name} {T} WHERE {T}.row IN (SELECT value FROM json_each(?)) "
        f"AND COALESCE({beyond.text}, 1) AND {kept} ORDER BY {T}.row LIMIT 200"
    )
    found = [row[0] for row in db.execute(sql, (json.dumps(sorted(numbers)), *beyond.params))]
    return fetch(db, engine.registry, definition, found, None)

"""Who looks after what somebody is about to enter once more, where he may not see it (T28, 0.6).

Two salesmen who see only their own would else write to the same customer without knowing. He is told that it is there,
by what he typed himself and what is equal to it, and whose it is. Of the record nothing is said: no name, no number.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import aliases
from .access import Principal, compares, scope_sql
from .engine import Engine
from .likeness import score
from .query import T
from .registry import Definition
from .rows import fetch, labels
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
        numbers = alike_candidates(engine, db, definition, replace(principal, everything=True), known)
        rows = fetch(db, engine.registry, definition, sorted(numbers), None)
        owners = _owners_beyond(engine, db, definition, principal, [row["id"] for row in rows])
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        points, reasons = score(definition, known, row)
        if row["id"] in owners and row["id"] != id and reasons and is_alike(definition, known, row, points):
            owner = owners[row["id"]]
            found.setdefault(owner, _told(points, reasons, owner))
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


def _owners_beyond(
    engine: Engine, db: sqlite3.Connection, definition: Definition, principal: Principal, ids: Sequence[str]
) -> dict[str, str]:
    """Those of some records that he may not see, with the name of who looks after each. What was merged is another
    name of what it was merged into, and looked after with it."""
    scope = scope_sql(engine.registry, definition, principal, T)
    if scope is None:
        return {}
    winners = aliases.winners(db, definition.name, ids) if definition.module.mergeable else {}
    meant = {id: winners.get(id, id) for id in ids}
    sql = (
        f"SELECT {T}.row FROM {definition.name} {T} WHERE {T}.id IN (SELECT value FROM json_each(?)) "
        f"AND {T}.deleted_at IS NULL AND COALESCE(NOT ({scope.text}), 1)"
    )
    numbers = [row[0] for row in db.execute(sql, (json.dumps(sorted(set(meant.values()))), *scope.params))]
    rows = fetch(db, engine.registry, definition, numbers, None)
    names = labels(db, engine.registry, definition, rows)
    owners = {row["id"]: names.get(str(row[_OWNER] or ""), "") for row in rows}
    return {id: owners[winner] for id, winner in meant.items() if winner in owners}

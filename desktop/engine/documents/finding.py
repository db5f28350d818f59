"""What somebody typed or scanned into the entry row of a document means."""

import json
import sqlite3
from typing import Any

from ..access import Principal, demand
from ..engine import Engine
from ..rows import fetch, labels
from ..search import lookup
from .declare import Asking, Finder, Found
from .verbs import asking_of, document_of


def find(engine: Engine, principal: Principal, module: str, text: str, limit: int) -> dict[str, Any]:
    """{exact, items: [{product, unit_row, title, …}]}: what carries this very code, else what its words fit."""
    definition, document, _ = document_of(engine, module)
    demand(principal, "view", definition)
    wanted = text.strip()
    if document.find is None:
        return {"exact": False, "items": []}
    with engine.db.read() as db:
        asking = asking_of(engine, db)
        exact = list(document.find.exact(wanted, asking)) if wanted else []
        found = exact or _alike(engine, principal, document.find, wanted, limit)
        return {"exact": bool(exact), "items": _items(engine, db, principal, document.find, found[:limit], asking)}


def _alike(engine: Engine, principal: Principal, finder: Finder, text: str, limit: int) -> list[Found]:
    return [Found(one["id"]) for one in lookup(engine, principal, finder.module, text=text, limit=limit)["rows"]]


def _items(
    engine: Engine, db: sqlite3.Connection, principal: Principal, finder: Finder, found: list[Found], asking: Asking
) -> list[dict[str, Any]]:
    definition = engine.registry[finder.module]
    ids = json.dumps([one.id for one in found])
    sql = f"SELECT id, row FROM {finder.module} WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))"
    numbers = dict(db.execute(sql, (ids,)).fetchall())
    rows = {row["id"]: row for row in fetch(db, engine.registry, definition, list(numbers.values()), principal)}
    names = labels(db, engine.registry, definition, list(rows.values()))
    return [
        {finder.field: one.id, **one.more, "title": rows[one.id].get(definition.module.title)}
        | finder.about(rows[one.id], names, one, asking)
        for one in found
        if one.id in rows
    ]

"""What somebody typed or scanned into the entry row of a document means."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..access import Principal, demand
from ..engine import Engine
from ..registry import Definition
from ..rows import fetch, labels
from ..saving import row_number
from ..search import lookup
from .declare import Asking, Choice, Finder, Found
from .verbs import asking_for, asking_of, document_of, readable


def find(engine: Engine, principal: Principal, module: str, text: str, limit: int) -> dict[str, Any]:
    """{exact, items: [{product, unit_row, title, …}], barred}: what carries this very code, else what its words fit.
    `barred`: why something is found that is not offered, where there is nothing else."""
    definition, document, _ = document_of(engine, module)
    demand(principal, "view", definition)
    wanted = text.strip()
    if document.find is None:
        return {"exact": False, "items": [], "barred": ""}
    with engine.db.read() as db:
        asking = asking_of(engine, db)
        carrying = list(document.find.exact(wanted, asking)) if wanted else []
        exact = [one for one in carrying if _is_offered(document.find, one, asking)]
        found = exact or _alike(engine, principal, document.find, wanted, limit)
        return {
            "exact": bool(exact),
            "items": _items(engine, db, principal, document.find, found[:limit], asking),
            "barred": "" if found or not wanted else _barred(engine, principal, document.find, wanted, carrying),
        }


def _is_offered(finder: Finder, one: Found, asking: Asking) -> bool:
    row = asking.look(finder.module, one.id) or {}
    return all(row.get(name) != value for name, value in finder.without)


def _barred(engine: Engine, principal: Principal, finder: Finder, text: str, carrying: Sequence[Found]) -> str:
    if not finder.barred:
        return ""
    ids = [one.id for one in carrying[:1]]
    page = lookup(engine, principal, finder.module, text="" if ids else text, ids=ids, limit=1)
    return next((finder.barred.format(title=row["title"]) for row in page["rows"]), "")


def glance(
    engine: Engine, principal: Principal, module: str, values: Mapping[str, Any], line: Mapping[str, Any]
) -> dict[str, Any]:
    """{title, item, heads, places: [{name, amounts}], choices: [{label, value, note}]}: what stands behind a line, as
    the entry row would have found it, and the prices it may have."""
    definition, document, line_definition = document_of(engine, module)
    demand(principal, "view", definition)
    header, row = readable(definition, values), readable(line_definition, line)
    finder = document.find
    with engine.db.read() as db:
        target = engine.registry[finder.module] if finder else None
        id = str(row.get(finder.field) or "") if finder else ""
        if finder is None or target is None or _number(engine, db, principal, target, id) is None:
            return {"title": "", "item": None, "heads": [], "places": [], "choices": []}
        asking = asking_for(engine, db, principal)
        id = asking.meant(finder.module, id)
        found = document.choices(header, row, asking)
        price = line_definition.fields.get(document.entry.get("price", ""))
        rows = asking.find(finder.behind, {finder.field: id}) if principal.may("view", finder.behind) else []
        return {
            "title": str((asking.look(finder.module, id) or {})[target.module.title]),
            "item": next(iter(_items(engine, db, principal, finder, [Found(id)], asking)), None),
            **_places(engine, db, principal, finder, rows),
            "choices": list(_choices(principal, target, found)) if price and principal.sees(price) else [],
        }


def _number(engine: Engine, db: sqlite3.Connection, principal: Principal, target: Definition, id: str) -> int | None:
    return row_number(engine, db, principal, target, id, deleted=False) if principal.may("view", target.name) else None


def _shown(engine: Engine, principal: Principal, finder: Finder) -> list[str]:
    """What of the records behind the user may see."""
    if not finder.behind or not principal.may("view", finder.behind):
        return []
    fields = engine.registry[finder.behind].fields
    return [name for name in finder.shown.split() if principal.sees(fields[name])]


def _places(
    engine: Engine, db: sqlite3.Connection, principal: Principal, finder: Finder, rows: list[Any]
) -> dict[str, Any]:
    """Where there is some of a record, the most first."""
    behind, names = engine.registry[finder.behind], _shown(engine, principal, finder)
    known = labels(db, engine.registry, behind, rows)
    rows = sorted(rows, key=lambda row: -int(row[names[0]] or 0))
    return {
        "heads": [behind.fields[name].label for name in names],
        "places": [
            {"name": known.get(str(row[finder.place]), ""), "amounts": [int(row[name] or 0) for name in names]}
            for row in rows
            if any(row[name] for name in names)
        ],
    }


def _choices(principal: Principal, target: Definition, found: Iterable[Choice]) -> Iterator[dict[str, Any]]:
    """Those that the user may see."""
    for one in found:
        field = target.fields.get(one.field)
        if field is None or principal.sees(field):
            yield {"label": one.label or (field.label if field else ""), "value": one.value, "note": one.note}


def _alike(engine: Engine, principal: Principal, finder: Finder, text: str, limit: int) -> list[Found]:
    page = lookup(engine, principal, finder.module, text=text, limit=limit, without=finder.without)
    return [Found(one["id"]) for one in page["rows"]]


def _items(
    engine: Engine, db: sqlite3.Connection, principal: Principal, finder: Finder, found: list[Found], asking: Asking
) -> list[dict[str, Any]]:
    definition = engine.registry[finder.module]
    ids = json.dumps([one.id for one in found])
    sql = f"SELECT id, row FROM {finder.module} WHERE deleted_at IS NULL AND id IN (SELECT value FROM json_each(?))"
    numbers = dict(db.execute(sql, (ids,)).fetchall())
    rows = {row["id"]: row for row in fetch(db, engine.registry, definition, list(numbers.values()), principal)}
    names = labels(db, engine.registry, definition, list(rows.values()))
    hidden = set(finder.shown.split()) - set(_shown(engine, principal, finder))

    def item(one: Found) -> dict[str, Any]:
        about = finder.about(rows[one.id], names, one, asking)
        title = rows[one.id].get(definition.module.title)
        return {finder.field: one.id, **one.more, "title": title} | about | dict.fromkeys(hidden & about.keys())

    return [item(one) for one in found if one.id in rows]

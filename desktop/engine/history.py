"""Who changed what of a record, when and on which machine: read from what `apply` wrote."""

import json
import sqlite3
from collections.abc import Container, Iterable, Mapping
from typing import Any

from . import aliases
from .access import Principal
from .attachments import ATTACHMENT, holders
from .engine import Engine
from .fields import Field
from .records import get
from .registry import Definition, targets_of
from .rows import Values, fetch, mask, own_rows, titles

_ACTIONS = {"ins": "add", "upd": "edit", "del": "delete", "undel": "restore"}
ENTRIES_MAX = 500
_MERGED_MAX = 50


def of_record(engine: Engine, principal: Principal, module: str, id: str, names: Mapping[str, str]) -> dict[str, Any]:
    """{entries: [{at, actor, machine, action, changes}], labels}, newest first. `names` are operators by id."""
    row = get(engine, principal, module, id, even_deleted=True)["row"]  # the recycle bin shows it, too
    definition = engine.definition(module)
    with engine.db.read() as db:
        entries = _entries(engine, db, principal, definition, row, names)
        others = _files(db, module, id, names, _lives(entries)) if module in holders(engine) else []
        if definition.module.mergeable and (mergers := _mergers(engine, db, definition, id, names)):
            others += mergers
            merged = aliases.losers_of(db, module, [id])
            for loser in fetch(db, engine.registry, definition, _numbers(db, module, merged), principal):
                of = str(loser[definition.module.title] or "")
                others += [one | {"of": of} for one in _entries(engine, db, principal, definition, loser, names)]
        if others:
            entries = sorted([*entries, *others], key=lambda one: str(one["at"]), reverse=True)[:ENTRIES_MAX]
        return {"entries": entries, "labels": _labels(engine, db, definition, entries)}


def _lives(entries: Iterable[Mapping[str, Any]]) -> set[str]:
    """When a record was deleted and brought back."""
    return {one["at"] for one in entries if one["action"] in ("delete", "restore")}


def _numbers(db: sqlite3.Connection, module: str, ids: Iterable[str]) -> list[int]:
    sql = f"SELECT row FROM {module} WHERE id IN (SELECT value FROM json_each(?)) ORDER BY row LIMIT ?"
    return [row[0] for row in db.execute(sql, (json.dumps(list(ids)), _MERGED_MAX))]


def _entries(
    engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition, row: Values,
    names: Mapping[str, str],
) -> list[dict[str, Any]]:  # fmt: skip
    """What happened to one row, newest first."""
    is_own = bool(own_rows(db, engine.registry, definition, [row], principal))
    entries = [_entry(definition, principal, is_own, one, names) for one in _stored(db, definition.name, row["id"])]
    entries = [one for one in entries if one["changes"] or one["action"] != "edit"]
    return [*entries, _creation(row, names)] if row["created_at"] else entries


def _stored(db: sqlite3.Connection, table: str, id: str) -> list[sqlite3.Row]:
    return db.execute(
        "SELECT h.kind, h.at, h.actor, h.changes, COALESCE(r.code, substr(r.uuid, 1, 6)) AS machine FROM history h "
        "JOIN replica r ON r.no = h.r WHERE h.t = ? AND h.id = ? ORDER BY h.hlc DESC, h.part DESC LIMIT ?",
        (table, id, ENTRIES_MAX),
    ).fetchall()


def _files(
    db: sqlite3.Connection, module: str, id: str, names: Mapping[str, str], along: Container[str]
) -> list[dict[str, Any]]:
    """Files that were added to a record, taken away and brought back; what went `along` with it the record's own
    entries tell."""
    files = db.execute(
        f"SELECT id, file_name, created_at, created_by, machine FROM {ATTACHMENT} WHERE module = ? AND record = ? "
        "AND created_at IS NOT NULL ORDER BY created_at DESC LIMIT ?",
        (module, id, ENTRIES_MAX),
    ).fetchall()
    entries = []
    for file in files:
        entries.append(_creation(file, names) | {"action": "attach", "file": file["file_name"]})
        for one in _stored(db, ATTACHMENT, file["id"]):
            action = {"del": "detach", "undel": "attach"}.get(one["kind"])
            if action and one["at"] not in along:
                told = {"at": one["at"], "actor": names.get(one["actor"], ""), "machine": one["machine"]}
                entries.append(told | {"action": action, "changes": [], "file": file["file_name"]})
    return entries


def _mergers(
    engine: Engine, db: sqlite3.Connection, definition: Definition, id: str, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """When something was merged into a record, or it into something, and when that was undone."""
    links = db.execute(
        f"SELECT id, loser, winner, created_at, created_by, machine FROM {aliases.TABLE} "
        "WHERE t = ? AND (loser = ? OR winner = ?)",
        (definition.name, id, id),
    ).fetchall()
    title = definition.module.title
    entries = []
    for link in links:
        other = link["winner"] if link["loser"] == id else link["loser"]
        named = db.execute(f'SELECT "{title}" FROM {definition.name} WHERE id = ?', (other,)).fetchone()
        about = {"changes": [], "with": str(named[0] or "") if named else "", "into": link["loser"] == id}
        made = {"at": link["created_at"], "actor": names.get(link["created_by"], ""), "machine": link["machine"] or ""}
        entries.append(made | about | {"action": "merge"})
        for one in _stored(db, aliases.TABLE, link["id"]):
            action = {"del": "unmerge", "undel": "merge"}.get(one["kind"])
            if action:
                told = {"at": one["at"], "actor": names.get(one["actor"], ""), "machine": one["machine"]}
                entries.append(told | about | {"action": action})
    return entries


def _entry(
    definition: Definition,
    principal: Principal,
    is_own: bool,
    one: sqlite3.Row,
    names: Mapping[str, str],
) -> dict[str, Any]:
    changes = _changes(definition, principal, is_own, json.loads(one["changes"] or "{}"))
    return {
        "at": one["at"],
        "actor": names.get(one["actor"], ""),
        "machine": one["machine"],
        "action": _ACTIONS[one["kind"]],
        "changes": changes,
    }


def _creation(row: Mapping[str, Any] | sqlite3.Row, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "at": row["created_at"],
        "actor": names.get(row["created_by"], ""),
        "machine": row["machine"] or "",
        "action": "add",
        "changes": [],
    }


def _changes(
    definition: Definition, principal: Principal, is_own: bool, columns: Mapping[str, list[Any]]
) -> list[dict[str, Any]]:
    """Column changes → field changes, without what the user may not see."""
    changes = []
    for name, one in definition.fields.items():
        if not principal.sees(one) or (one.hidden and one.readonly):  # machinery tells nobody anything
            continue
        pair = columns.get(name) if name in definition.links else _value_pair(name, one, columns)
        if pair is not None:
            before, after = _shown(principal, is_own, one, pair)
            changes.append({"field": name, "label": one.label, "from": before, "to": after})
    return changes


def _value_pair(name: str, one: Field, columns: Mapping[str, list[Any]]) -> list[Any] | None:
    own = [column.name for column in one.columns(name)]
    if not any(column in columns for column in own):
        return None
    return [one.load(name, {column: columns.get(column, [None, None])[side] for column in own}) for side in (0, 1)]


def _shown(principal: Principal, is_own: bool, one: Field, pair: list[Any]) -> list[Any]:
    if one.write_only:
        return [None, None]
    if principal.masks(one) and not is_own:
        return [mask(value) for value in pair]
    return pair


def _labels(
    engine: Engine, db: sqlite3.Connection, definition: Definition, entries: list[dict[str, Any]]
) -> dict[str, str]:
    wanted: dict[str, set[str]] = {}
    for entry in entries:
        for change in entry["changes"]:
            for target in targets_of(definition.fields[change["field"]]):
                for value in (change["from"], change["to"]):
                    wanted.setdefault(target, set()).update(
                        value if isinstance(value, list) else [value] if value else []
                    )
    return titles(db, engine.registry, wanted)

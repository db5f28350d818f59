"""What the sync server learns of the modules, generated from the declarations (sync.md "Settled questions"), and the
digest by which two machines compare their data."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sync_server.replication import conflicts
from sync_server.replication.changeset import Scalar
from sync_server.replication.digest import table_digest

from .engine.documents.versions import TABLE
from .engine.engine import Engine
from .engine.fields import Ref
from .engine.registry import Definition, Link, Registry
from .engine.schema import SCHEMA
from .engine.work import Work
from .workstation import seed_columns

Manifest = dict[str, Any]

FILE = Path(__file__).resolve().parents[1] / "sync_server" / "manifest.json"
"""The committed copy; a test keeps it equal to the declarations."""

_ACCESS = {
    "operator": "operator",
    "operator_roles": "operator_roles",
    "operator_machines": "operator_machines",
    "role": "role",
    "role_right": "role_right",
    "role_special": "role_special",
    "machine": "machine",
    "employee": "employee",
    "department": "department",
    "branch": "branch",
}
"""What the server asks of access → the table that knows it."""

_FILES = {"table": "attachment", "hash": "sha256", "size": "size"}
"""Which rows speak of files, whose content travels apart, and the columns that say which and how large."""

_BATCH = 500

_SCOPE_COLUMNS = ("owner", "department", "branch")


def build(registry: Registry) -> Manifest:
    """The manifest as data: plain words, numbers and lists."""
    return {
        "schema": SCHEMA,
        "tables": {definition.name: _table(definition) for definition in registry.sent.values()},
        "links": {name: _link(link) for name, link in registry.links.items()},
        "documents": {
            "table": TABLE,
            "lines": {name: one.lines for name, one in registry.documents.items() if one.lines},
        },
        "access": _ACCESS,
        "files": _FILES,
        "seeds": {definition.name: rows for definition in registry if (rows := _seeds(registry, definition))},
    }


def text(manifest: Manifest) -> str:
    """The one text form."""
    return json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"


def _table(definition: Definition) -> Manifest:
    return {
        "module": definition.name,
        "label": definition.module.label,
        "noun": definition.module.noun,
        "title": definition.module.title,
        "fields": {column.name: _field(definition, column.name) for column in definition.columns},
        "references": _references(definition),
        "scope": _scope(definition),
    }


def _field(definition: Definition, name: str) -> Manifest:
    """Storage type, merge unit and policy of a column; states bring their rank along."""
    column = next(one for one in definition.columns if one.name == name)
    about: Manifest = {"type": column.sql_type, "merge": definition.policies.get(column.unit, "lww")}
    if column.unit != name:
        about["unit"] = column.unit
    if column.unit in definition.ranks:
        about["rank"] = dict(definition.ranks[column.unit])
    return about


def _references(definition: Definition) -> Manifest:
    """Columns that hold ids: {column: {to, by?, parent?, loose?}}; `to` is a table, or kind → table under `by`."""
    found: Manifest = {}
    for name, ref in definition.fields.items():
        if not isinstance(ref, Ref) or not ref.columns(name) or ref.calc:
            continue
        about: Manifest = {"to": dict(ref.target_by[1]) if ref.target_by else ref.target}
        if ref.target_by:
            about["by"] = ref.target_by[0]
        if name == definition.module.parent:
            about["parent"] = True
        if ref.loose:
            about["loose"] = True
        found[name] = about
    return found


def _scope(definition: Definition) -> Manifest:
    """Who may see a row, and the columns that say so."""
    kind = definition.module.scope
    about: Manifest = {"kind": kind}
    if kind == "follow":
        about["parent"] = definition.module.parent
    elif kind == "private":
        about["author"] = "created_by"
    elif kind != "company":
        about["columns"] = [name for name in _SCOPE_COLUMNS if name in definition.column_names]
    return about


def _link(link: Link) -> Manifest:
    return {
        "module": link.owner,
        "field": link.field,
        "fields": {column.name: {"type": column.sql_type, "merge": "set"} for column in link.columns},
        "references": {"record": {"to": link.owner, "parent": True}, "target": {"to": link.target}},
    }


def _seeds(registry: Registry, definition: Definition) -> list[Manifest]:
    """Rows that ship with the program, as columns; clock zero on every machine."""
    return [
        {
            "id": values["id"],
            "set": {name: value for name, value in seed_columns(definition, values).items() if value is not None},
        }
        for values in registry.seeds(definition)
    ]


# --------------------------------------------------------------------- digest


def digests(engine: Engine, scope: str) -> dict[str, dict[str, int | str]]:
    """{table: {rows, sha256}} over the replicated columns of the rows this machine holds, tombstones included.

    `company` covers only what every machine of a company has; `all` everything here.
    """
    found: dict[str, dict[str, int | str]] = {}
    with engine.db.read() as db:
        for definition in engine.registry.sent.values():
            if definition.name == conflicts.TABLE:
                continue  # which pairs a machine has met depends on when it read (architecture.md)
            if scope == "all" or definition.module.scope == "company":
                is_veiled = definition.name in engine.registry.veiled
                rows = (
                    _merged(db, engine.registry, definition.name)
                    if is_veiled
                    else _rows(db, definition.name, definition.column_names)
                )
                found[definition.name] = table_digest(rows)
                for link in definition.links.values():
                    found[link.name] = table_digest(_rows(db, link.name, link.column_names))
    return found


def _rows(db: sqlite3.Connection, table: str, columns: tuple[str, ...]) -> Iterator[Mapping[str, Scalar]]:
    names = ("id", "deleted", *columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    sql = f"SELECT id, CASE WHEN deleted_at IS NOT NULL THEN 1 END, {listed} FROM {table} ORDER BY id"
    for record in db.execute(sql):
        yield dict(zip(names, record, strict=True))


def _merged(db: sqlite3.Connection, registry: Registry, table: str) -> Iterator[Mapping[str, Scalar]]:
    """Rows of documents as they were merged, which is what travels and what the server holds. What they show follows
    from it by the declarations, and two versions of the program may have others."""
    ids = [row[0] for row in db.execute(f"SELECT id FROM {table} ORDER BY id")]
    for start in range(0, len(ids), _BATCH):
        work, batch = Work(db, registry), ids[start : start + _BATCH]
        work.load((table, id) for id in batch)
        for held in (work.hold(table, id) for id in batch):
            values = held.state.data if held.state else {}
            shown = {name: values.get(name) for name in held.table.column_names}
            yield {"id": held.id, "deleted": 1 if held.is_gone else None, **shown}

"""What the server knows of the modules: plain data generated from the declarations, installed with the server and never
taken from a client. Table and column names from the wire are looked up here, nowhere else."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .replication import conflicts
from .replication.changeset import Scalar
from .replication.merge import Policy, Rules

FILE = Path(__file__).with_name("manifest.json")

SCHEMA_MIN = 1
"""The oldest data model whose clients are served."""

Key = tuple[str, str]
"""Table and id of a row."""


@dataclass(frozen=True)
class Reference:
    """A column that holds the id of another row: the target table, or the table per value of the column `by`. A loose
    one may point at nothing."""

    to: str | Mapping[str, str]
    by: str | None = None
    is_loose: bool = False

    def target(self, column: str, data: Mapping[str, Scalar]) -> Key | None:
        """The row that `data` refers to."""
        id = data.get(column)
        table = self.to if isinstance(self.to, str) else self.to.get(str(data.get(self.by or "")))
        return (table, id) if table and isinstance(id, str) else None


@dataclass(frozen=True)
class Table:
    """One replicated table: the storage type of each column, how it merges, what it refers to."""

    name: str
    module: str
    types: Mapping[str, str]
    rules: Rules
    references: Mapping[str, Reference]

    def targets(self, data: Mapping[str, Scalar], columns: Mapping[str, Scalar] | None = None) -> list[Key]:
        """The rows that `data` depends on, through all references or through those among `columns`."""
        found = (
            reference.target(name, data)
            for name, reference in self.references.items()
            if not reference.is_loose and (columns is None or name in columns or reference.by in columns)
        )
        return [key for key in found if key is not None]


@dataclass(frozen=True)
class Manifest:
    """All tables, the rows that ship with the program ({table: {id: values}}, clock zero everywhere), and which table
    knows what about who may do what."""

    schema: int
    tables: Mapping[str, Table]
    seeds: Mapping[str, Mapping[str, Mapping[str, Scalar]]]
    access: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """Which table speaks of files, and its columns with their `hash` and `size`."""
    documents: Mapping[str, Any] = field(default_factory=dict)
    """Which `table` keeps versions of documents, and the table of `lines` by that of their headers."""

    def said(self, table: str, data: Mapping[str, Scalar]) -> Iterator[Key]:
        """The rows that a version of a document speaks of, with those that these refer to; none of other rows, nor of a
        version that nobody can read."""
        if table != self.documents.get("table"):
            return
        module = str(data.get("module"))
        try:
            body = json.loads(str(data.get("body")))
        except (ValueError, RecursionError):
            return
        header, lines = (body.get("header"), body.get("lines")) if isinstance(body, dict) else (None, None)
        rows = [(module, header), *((self.documents["lines"].get(module), one) for one in _list(lines))]
        for name, row in rows:
            if name in self.tables and isinstance(row, dict):
                if isinstance(row.get("id"), str):
                    yield name, row["id"]
                yield from self.tables[name].targets(row)

    def referring(self, table: str) -> list[tuple[str, str]]:
        """Tables and their columns that may point at this one."""
        return [
            (other.name, column)
            for other in self.tables.values()
            for column, reference in other.references.items()
            if not reference.is_loose
            and (reference.to == table if isinstance(reference.to, str) else table in reference.to.values())
        ]


def load(file: Path = FILE) -> Manifest:
    """The manifest that was installed with the server."""
    return read(json.loads(file.read_text(encoding="utf-8")))


def read(body: Mapping[str, Any]) -> Manifest:
    """From the generated data."""
    tables = {name: _table(name, about) for name, about in body["tables"].items()}
    tables |= {name: _table(name, about, is_link=True) for name, about in body["links"].items()}
    tables.setdefault(conflicts.TABLE, _conflicts())
    seeds = {table: {row["id"]: row["set"] for row in rows} for table, rows in body["seeds"].items()}
    about = (body.get(name, {}) for name in ("access", "files", "documents"))
    return Manifest(body["schema"], tables, seeds, *about)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _table(name: str, about: Mapping[str, Any], *, is_link: bool = False) -> Table:
    fields: Mapping[str, Mapping[str, Any]] = about["fields"]
    unit_of = {column: one.get("unit", column) for column, one in fields.items()}
    policies: dict[str, Policy] = {unit_of[column]: one["merge"] for column, one in fields.items()}
    ranks = {unit_of[column]: dict(one["rank"]) for column, one in fields.items() if "rank" in one}
    references = {
        column: Reference(one["to"], one.get("by"), bool(one.get("loose")))
        for column, one in about["references"].items()
    }
    types = {column: one["type"] for column, one in fields.items()}
    return Table(name, about["module"], types, Rules(unit_of, policies, ranks, is_link), references)


def _conflicts() -> Table:
    columns = conflicts.COLUMNS
    return Table(conflicts.TABLE, conflicts.TABLE, columns, Rules({name: name for name in columns}), {})

"""Rows that become documents and say what another row of the file says, or a document that is there (`Imports.alike`):
likely the same file once more. Two such rows may also be two debts of one day, so whoever imports decides."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from .. import aliases
from ..access import Principal, scope_sql
from ..documents.declare import Alike, Columns
from ..engine import Engine
from ..fields import Ref
from ..query import T
from ..registry import Definition

_NAMED_MAX = 5
Token = tuple[Any, ...]
Hit = tuple[str, str, str]
"""A document: its id, its number, and what a row has in common with it."""


class Doubles:
    """One walk through the rows of a file, in their order."""

    def __init__(self, engine: Engine, db: sqlite3.Connection, principal: Principal, definition: Definition) -> None:
        document = definition.module.document
        assert document is not None and document.imports is not None
        self._engine, self._db, self._principal = engine, db, principal
        self._header, self._document, self._imports = definition, document, document.imports
        self._rows = engine.definition(document.lines) if document.lines else definition
        """Where a row of the file is a record: lines repeat of their header what they are compared by."""
        self._merged = aliases.present(db, engine.registry.mergeable)
        self._winners: dict[tuple[str, str], str] = {}
        self._met: dict[Token, int] = {}
        self._there: dict[Token, list[Hit]] = {}
        for record in self._records():
            token, alike = self._token(record)
            if alike:
                self._there.setdefault(token, []).append((record["of"], str(record["number"] or ""), alike.reason))

    def look(self, row: dict[str, Any], said: Columns) -> tuple[str, str] | None:
        """Notes beside a row of the file, which says `said`, what it resembles; or gives (field, fault)."""
        token, alike = self._token(said)
        if alike is None:
            return None
        # a wrong row is not imported: a good one after it is no second one
        first = self._met.get(token, row["n"]) if row["e"] else self._met.setdefault(token, row["n"])
        if first != row["n"]:
            if alike.once:
                name = alike.fields.split()[0]
                return name, f"和第 {first} 行{alike.reason}，只能有一行"
            row["f"] = [first, alike.reason]
        if not alike.once:
            row["l"] = [list(hit) for hit in self._there.get(token, ())[:_NAMED_MAX]]
        return None

    def _token(self, said: Mapping[str, Any]) -> tuple[Token, Alike | None]:
        for place, alike in enumerate(self._imports.alike):
            names = alike.fields.split()
            if said.get(names[0]) is not None:
                return (place, *(self._meant(name, said.get(name)) for name in names)), alike
        return (), None

    def _meant(self, name: str, value: Any) -> Any:
        """A reference as the record it stands for."""
        one = self._rows.fields[name]
        if not value or not isinstance(one, Ref) or one.target not in self._merged:
            return value
        key = one.target, str(value)
        if key not in self._winners:
            self._winners[key] = aliases.winner_of(self._db, *key)
        return self._winners[key]

    def _records(self) -> Iterator[dict[str, Any]]:
        """What documents within the user's sight say that count, or may."""
        names = dict.fromkeys(name for alike in self._imports.alike for name in alike.fields.split())
        if not names:
            return
        rows, parent = self._rows, self._document.parent if self._document.lines else "id"
        given = [f'{T}."{name}" = ?' for name in self._imports.given]
        scope = scope_sql(self._engine.registry, rows, self._principal, T)
        where = [f"{T}.deleted_at IS NULL", f"{T}.state != 'cancelled'", *given, *([scope.text] if scope else [])]
        columns = ", ".join(f'{T}."{name}"' for name in names)
        found = self._db.execute(
            f'SELECT {T}."{parent}" AS "of", {T}.number, {columns} FROM {rows.name} {T} '
            f"WHERE {' AND '.join(where)} ORDER BY {T}.row",
            (*self._imports.given.values(), *(scope.params if scope else ())),
        )
        yield from (dict(row) for row in found)

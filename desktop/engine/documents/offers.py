"""What a sheet can be filled from, looked through by words: in the columns that are offered, whatever their number."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

from .. import query as q
from ..access import Principal
from ..engine import Engine
from ..fields import FieldError, Ref, Sql, Text, any_of
from ..registry import Definition
from .declare import Columns

SHOWN_MAX = 500
"""Rows that are offered at a time; the others are found by words."""


_PART = 2_000
"""Rows that are looked through at once."""


def narrowed(
    engine: Engine, db: sqlite3.Connection, principal: Principal, target: Definition, columns: str,
    rows: Iterable[Columns], text: str,
) -> Iterator[Columns]:  # fmt: skip
    """Those of the rows that have the words in one of the columns, as far as somebody asks for them."""
    where = any_of([part for name in columns.split() for part in _having(engine, principal, target, name, text)])
    sql = f"SELECT id FROM {target.name} {q.T} WHERE id IN (SELECT value FROM json_each(?)) AND ({where.text})"
    left = iter(rows)
    while part := list(islice(left, _PART)):
        found = {row[0] for row in db.execute(sql, (json.dumps([row["id"] for row in part]), *where.params))}
        yield from (row for row in part if row["id"] in found)


def _having(engine: Engine, principal: Principal, target: Definition, name: str, text: str) -> Iterator[Sql]:
    one = target.fields[name]
    if not isinstance(one, Ref | Text) or not principal.sees(one):
        return
    try:
        yield one.quick(text, q.where_of(engine.registry, target, name, indexed=False))
    except FieldError:
        return
    for module in one.targets() if isinstance(one, Ref) else ():
        definition = engine.registry[module]
        match = q.match_anywhere(definition, text, principal) if definition.searched else None
        if match and principal.may("view", module):
            rows = f"SELECT rowid FROM {module}_fts WHERE {module}_fts MATCH ?"
            yield Sql(f'{q.T}."{name}" IN (SELECT id FROM {module} WHERE row IN ({rows}))', (match,))

"""The newest rows of some records, one by one: who has what he looked for stops, so that years of rows cost nothing.
And what their rows come to, from the same index."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, takewhile
from typing import TYPE_CHECKING

from ..schema import NEWEST, OPEN, index_name
from .project import condition_of, rows_of

if TYPE_CHECKING:
    import sqlite3

    from sync_server.replication.changeset import Scalar

    from ..registry import Definition
    from .declare import Columns, Wanted


def newest(db: sqlite3.Connection, definition: Definition, wanted: Mapping[str, Wanted]) -> Iterator[Columns]:
    """Live rows whose columns are as wanted, the newest by `when` first, of one day that with the greatest id: those by
    which the module finds its newest, straight from their index, are each one value or, merged, several; those after
    the first may be left open, and are then all that the index has, one step for each."""
    by, when = definition.module.newest_by.split(), str(definition.module.when)
    rest = {name: value for name, value in wanted.items() if name not in by}
    walks = (_walk(db, definition, key, rest) for key in _keys(db, definition, by, wanted, {}))
    return heapq.merge(*walks, key=lambda row: (str(row[when]), str(row["id"])), reverse=True)


def earliest(db: sqlite3.Connection, definition: Definition, wanted: Mapping[str, Wanted]) -> Iterator[Columns]:
    """Live rows whose columns are as wanted and that are open, the earliest first, those without a day last: straight
    from the index of what is open of a record or, merged, of several."""
    of, day, amount = definition.module.open_by.split()
    rest = {name: value for name, value in wanted.items() if name != of}
    walks = (_walk_open(db, definition, one, rest) for one in _values(wanted[of]))
    return heapq.merge(*walks, key=lambda row: (row[day] is None, str(row[day] or ""), row[amount], row["row"]))


def _walk_open(
    db: sqlite3.Connection, definition: Definition, of: Scalar, rest: Mapping[str, Wanted]
) -> Iterator[Columns]:
    name, day, amount = definition.module.open_by.split()
    asked = [condition_of(f'+"{column}"', value) for column, value in rest.items()]
    conditions = "".join(f" AND {condition}" for condition, _ in asked)
    sql = (
        f"SELECT * FROM {definition.name} INDEXED BY {index_name(definition.name, OPEN)} "
        f'WHERE deleted_at IS NULL AND "{amount}" <> 0 AND "{name}" = ?{conditions}'
    )
    params = [of, *(value for _, value in asked)]
    known, blank = (
        f'{sql} AND "{day}" IS {is_known} ORDER BY "{day}", "{amount}", row' for is_known in ("NOT NULL", "NULL")
    )
    return chain(_rows(db, known, params), _rows(db, blank, params))


def _rows(db: sqlite3.Connection, sql: str, params: Sequence[Scalar]) -> Iterator[Columns]:
    cursor = db.cursor()
    cursor.row_factory = None
    return rows_of(cursor.execute(sql, params))


def sums(
    db: sqlite3.Connection, definition: Definition, wanted: Mapping[str, Wanted], of: str, by: str
) -> dict[str, int]:
    """What a column of live rows comes to, by another one. They are found by the references by which the module finds
    its newest, the first of which are `wanted`."""
    leading = set(takewhile(wanted.__contains__, definition.module.newest_by.split()))
    asked = [condition_of(f'"{name}"' if name in leading else f'+"{name}"', value) for name, value in wanted.items()]
    conditions = "".join(f" AND {condition}" for condition, _ in asked)
    index = index_name(definition.name, NEWEST)
    sql = f'SELECT "{by}", sum("{of}") FROM {definition.name} INDEXED BY {index} WHERE deleted_at IS NULL{conditions}'
    found = db.execute(f"{sql} GROUP BY 1", [value for _, value in asked])
    return {str(value): int(total or 0) for value, total in found}


def _keys(
    db: sqlite3.Connection, definition: Definition, by: Sequence[str], wanted: Mapping[str, Wanted],
    key: Mapping[str, Scalar],
) -> Iterator[Mapping[str, Scalar]]:  # fmt: skip
    """Every key that begins with one."""
    if len(key) == len(by):
        yield key
        return
    name = by[len(key)]
    for value in _values(wanted[name]) if name in wanted or not key else _distinct(db, definition, key, name):
        yield from _keys(db, definition, by, wanted, {**key, name: value})


def _distinct(db: sqlite3.Connection, definition: Definition, key: Mapping[str, Scalar], name: str) -> list[Scalar]:
    """What stands in the next column of the index: a leap to each, however many rows have it."""
    conditions, params = _exactly(key)
    asked = (
        f'SELECT "{name}" FROM {definition.name} INDEXED BY {index_name(definition.name, NEWEST)} '
        f"WHERE deleted_at IS NULL AND {conditions} AND "
    )
    found: list[Scalar] = [None] if db.execute(f'{asked}"{name}" IS NULL LIMIT 1', params).fetchone() else []
    last: Scalar = ""
    while row := db.execute(f'{asked}"{name}" > ? ORDER BY "{name}" LIMIT 1', [*params, last]).fetchone():
        last = row[0]
        found.append(last)
    return found


def _exactly(key: Mapping[str, Scalar]) -> tuple[str, list[Scalar]]:
    """The condition on columns as SQL, and its parameters."""
    text = " AND ".join(f'"{name}" IS NULL' if value is None else f'"{name}" = ?' for name, value in key.items())
    return text, [value for value in key.values() if value is not None]


def _values(wanted: Wanted) -> list[Scalar]:
    return [wanted] if wanted is None or isinstance(wanted, str | int | float) else list(wanted)  # type: ignore[arg-type]


def _walk(
    db: sqlite3.Connection, definition: Definition, key: Mapping[str, Scalar], rest: Mapping[str, Wanted]
) -> Iterator[Columns]:
    table, asked = definition.name, [condition_of(f'+"{name}"', value) for name, value in rest.items()]
    exact, params = _exactly(key)
    conditions = " AND ".join([exact, *(condition for condition, _ in asked)])
    sql = (
        f"SELECT * FROM {table} INDEXED BY {index_name(table, NEWEST)} WHERE deleted_at IS NULL AND {conditions} "
        f'ORDER BY "{definition.module.when}" DESC, id DESC'
    )
    return _rows(db, sql, [*params, *(value for _, value in asked)])

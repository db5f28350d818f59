"""The newest rows of some records, one by one: who has what he looked for stops, so that years of rows cost nothing.
And what their rows come to, from the same index."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from itertools import product, takewhile
from typing import TYPE_CHECKING

from ..schema import NEWEST, index_name
from .project import condition_of

if TYPE_CHECKING:
    import sqlite3

    from sync_server.replication.changeset import Scalar

    from ..registry import Definition
    from .declare import Columns, Wanted


def newest(db: sqlite3.Connection, definition: Definition, wanted: Mapping[str, Wanted]) -> Iterator[Columns]:
    """Live rows whose columns are as wanted, the newest by `when` first, of one day that with the greatest id: those by
    which the module finds its newest, straight from their index, are each one value or, merged, several."""
    by, when = definition.module.newest_by.split(), str(definition.module.when)
    rest = {name: value for name, value in wanted.items() if name not in by}
    every = product(*(_values(wanted[name]) for name in by))
    walks = (_walk(db, definition, dict(zip(by, one, strict=True)), rest) for one in every)
    return heapq.merge(*walks, key=lambda row: (str(row[when]), str(row["id"])), reverse=True)


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


def _values(wanted: Wanted) -> list[Scalar]:
    return [wanted] if wanted is None or isinstance(wanted, str | int | float) else list(wanted)  # type: ignore[arg-type]


def _walk(
    db: sqlite3.Connection, definition: Definition, key: Mapping[str, Scalar], rest: Mapping[str, Wanted]
) -> Iterator[Columns]:
    table, asked = definition.name, [condition_of(f'+"{name}"', value) for name, value in rest.items()]
    exact = [f'"{name}" IS NULL' if value is None else f'"{name}" = ?' for name, value in key.items()]
    conditions = " AND ".join([*exact, *(condition for condition, _ in asked)])
    cursor = db.cursor()
    cursor.row_factory = None
    cursor.execute(
        f"SELECT * FROM {table} INDEXED BY {index_name(table, NEWEST)} WHERE deleted_at IS NULL AND {conditions} "
        f'ORDER BY "{definition.module.when}" DESC, id DESC',
        [*(value for value in key.values() if value is not None), *(value for _, value in asked)],
    )
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)

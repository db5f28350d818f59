"""A field that stays once its record is in use (`stays_once`), and that records which use it say otherwise (`said_by`).

No machine lets that happen. Two do, of which one changed the field while the other used the record. What is said stays
said; so the way out is to put the field back to it, which `settled` allows. Such a field was written after its row, so
it has a dot of its own in the clock of the row: few rows have, and only these are looked at.
"""

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from . import aliases
from .fields import Ref, Sql, any_of
from .meant import every
from .query import T
from .registry import Definition, Incoming, Registry

_USER, _NAMED = "u", "n"
_CHANGED = "t = ? AND instr(fields, ?) > 0"


def is_among(registry: Registry, definition: Definition, name: str, aliased: frozenset[str]) -> Sql:
    """The rows of a list of which somebody says otherwise."""
    of = Sql(f"IN {every(definition.name, f'{T}.id')}" if definition.name in aliased else f"= {T}.id")
    found = [
        Sql(f"EXISTS ({said.text})", said.params)
        for said in _said(registry, definition, name, of, Sql(f'{T}."{name}"'))
    ]
    changed = Sql(f"{T}.id IN (SELECT id FROM row_clock WHERE {_CHANGED})", (definition.name, f'"{name}":'))
    return changed & any_of(found)


def ways_back(registry: Registry, db: sqlite3.Connection, definition: Definition, name: str, row: Any) -> set[str]:
    """What a field may be put back to: what users of this record name in its place. Nothing where all say the same."""
    clock = f"SELECT 1 FROM row_clock WHERE id = ? AND {_CHANGED}"  # its own: there is one for each record
    if not db.execute(clock, (str(row["id"]), definition.name, f'"{name}":')).fetchone():
        return set()
    of = Sql("IN (SELECT value FROM json_each(?))", (json.dumps(aliases.all_of(db, definition.name, str(row["id"]))),))
    found: set[str] = set()
    for said in _said(registry, definition, name, of, Sql("?", (row[name],))):
        found.update(id for (id,) in db.execute(said.text, said.params))
    return found


def _said(registry: Registry, definition: Definition, name: str, of: Sql, now: Sql) -> Iterator[Sql]:
    """By module: the records that users of a record name otherwise than it is now. What was cancelled says nothing."""
    one = definition.fields[name]
    assert isinstance(one, Ref)
    title = registry[one.target].module.title
    list_is = "".join(f' AND {_NAMED}."{column}" = ?' for column in one.where)
    for user in _users(definition, name):
        assert one.said_by
        word, but = (f'{_USER}."{column}"' for column in one.said_by)
        counts = f" AND {_USER}.state <> 'cancelled'" if "state" in user.definition.fields else ""
        yield Sql(
            f"SELECT {_NAMED}.id FROM {user.definition.name} {_USER} CROSS JOIN {one.target} {_NAMED} "
            f'ON {_NAMED}."{title}" = {word}{list_is} AND {_NAMED}.deleted_at IS NULL '
            f'WHERE {_USER}."{user.field}" {of.text} AND {_USER}.deleted_at IS NULL AND {but} IS NULL{counts} '
            f'AND {word} <> (SELECT "{title}" FROM {one.target} WHERE id = {now.text})',
            (*one.where.values(), *of.params, *now.params),
        )


def _users(definition: Definition, name: str) -> Iterator[Incoming]:
    """Which of those that settle a field repeat what it says."""
    one = definition.fields[name]
    for user in definition.incoming:
        settles = one.said_by and user.definition.name in one.stays_once.split()
        if settles and all(column in user.definition.fields for column in one.said_by or ()):
            yield user

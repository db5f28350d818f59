"""How alike two records are (T28): the grounds of a module, their points, and equal values of unique fields."""

import json
import sqlite3
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from sync_server.replication.changeset import Scalar

from .define import Alike, Module
from .fields import Field
from .meant import meant
from .text import fold

if TYPE_CHECKING:
    from .registry import Definition, Registry

SAME, LIKELY = 100, 60
"""Points from which two records are taken for the same, and for likely the same."""

KEY_POINTS = 40
"""A ground that tells so much is kept in an index, so that all records can be searched for doubles by it."""


def score(definition: "Definition", values: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Points and reasons. Equal values of a unique field add no points but are named."""
    points, reasons = 0, []
    covered: set[str] = set()
    for alike in definition.module.alike:
        mine, theirs = tokens(alike, values), tokens(alike, row)
        if mine & theirs:
            points += alike.points
            reasons.append(alike.reason)
            covered.update(alike.fields.split())
        elif mine and theirs:
            points -= alike.apart
    for below in definition.module.alike_below:
        if set(values.get(below.key, ())) & set(row.get(below.key, ())):
            points += below.points
            reasons.append(below.reason)
    for name, one in definition.fields.items():
        if name not in covered and is_equal(one, values.get(name), row.get(name)):
            reasons.append(f"{one.label}相同")
    return points, reasons


def tokens(alike: Alike, row: Mapping[str, Any]) -> set[str]:
    """What a ground compares of a record."""
    found = {alike.normal(row[name]) for name in alike.fields.split() if isinstance(row.get(name), str) and row[name]}
    return {token for token in found if token}


def with_children(
    db: sqlite3.Connection, registry: "Registry", definition: "Definition", rows: Collection[dict[str, Any]],
    hidden: Collection[str] = (),
) -> None:  # fmt: skip
    """Lays beside records what their children say that tells doubles, but for what is hidden."""
    for below in definition.module.alike_below:
        found: dict[str, set[str]] = {}
        parent = registry[below.module].module.parent
        id = meant((definition.name,), f'c."{parent}"')
        sql = (
            f'SELECT {id}, c."{below.field}" FROM {below.module} c WHERE c.deleted_at IS NULL AND c."{parent}" IN '
            "(SELECT value FROM json_each(?1) UNION ALL SELECT a.id FROM alias_of a WHERE "
            f"a.t = '{definition.name}' AND a.winner IN (SELECT value FROM json_each(?1))) "
            f'AND c."{below.field}" IS NOT NULL'
        )
        asked = () if below.key in hidden else db.execute(sql, (json.dumps([row["id"] for row in rows]),))
        for id, value in asked:
            found.setdefault(id, set()).add(value)
        for row in rows:
            row[below.key] = found.get(row["id"], set())


def is_equal(one: Field, mine: Any, theirs: Any) -> bool:
    """Whether two records have the same value in a field that ought to be unique."""
    if not one.unique or not isinstance(mine, str) or not isinstance(theirs, str):
        return False
    return bool(fold(mine)) and fold(mine) == fold(theirs)


def key_shadows(module: Module, known: Mapping[str, object]) -> dict[str, tuple[str, Callable[[Any], Scalar]]]:
    """Local columns, all indexed, by which doubles are found among the records of a mergeable module. A telephone
    number has its digits already."""
    found: dict[str, tuple[str, Callable[[Any], Scalar]]] = {}
    for alike in module.alike if module.mergeable else ():
        if alike.points >= KEY_POINTS:
            for name in alike.fields.split():
                if name in module.fields and f"{name}_digits" not in known:
                    found[f"{name}_like"] = (name, _of_text(alike.normal))
    for name, one in module.fields.items() if module.mergeable else ():
        if one.unique and f"{name}_like" not in found and f"{name}_digits" not in known and "contains" in one.operators:
            found[f"{name}_like"] = (name, _of_text(fold))
    return found


def _of_text(normal: Callable[[str], str | None]) -> Callable[[Any], Scalar]:
    return lambda value: (normal(value) or None) if isinstance(value, str) else None


def key_column(shadows: Mapping[str, object], name: str) -> str | None:
    """The indexed column by which a field finds doubles."""
    return next((column for column in (f"{name}_digits", f"{name}_like") if column in shadows), None)

"""Records that are not merged, since they have to be alike in some fields and are not (`Module.merges_alike`).

One machine neither merges such records nor makes them so while they are merged. Two that are apart may do so together:
one merges while the other changes a field. Figures go on as they are; a `Flaw` tells it (`flaws`).
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from . import aliases
from .fields import Ref
from .registry import Definition, Registry


def words_of(registry: Registry, definition: Definition, name: str, table: str) -> str:
    """SQL: what a field says, as people read it: of two machines each may have made the unit 箱."""
    return _words(registry, definition, name, f'{table}."{name}"')


def _words(registry: Registry, definition: Definition, name: str, value: str) -> str:
    one = definition.fields[name]
    if not isinstance(one, Ref) or one.target_by:
        return value
    return f'(SELECT "{registry[one.target].module.title}" FROM {one.target} WHERE id = {value})'


def hindrances(db: sqlite3.Connection, registry: Registry, definition: Definition, ids: Collection[str]) -> list[str]:
    """What keeps some records from being merged, with both values and what to do."""
    rows = _said(db, registry, definition, ids)
    return [_told(definition, name, rows) for name in _names(definition) if len({row[name] for row in rows}) > 1]


def faults(
    db: sqlite3.Connection, registry: Registry, definition: Definition, id: str, names: Collection[str],
    new: Mapping[str, Any],
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """(field, why) of those that may not become what they are to be while the record is merged with others."""
    asked = [name for name in _names(definition) if name in names]
    is_merged = asked and aliases.present(db, (definition.name,))
    others = aliases.together(db, definition.name, [id]) - {id} if is_merged else set()
    noun, title = definition.module.noun, definition.module.title
    for row in _said(db, registry, definition, others):
        for name in asked:
            if _shown(db, registry, definition, name, new[name]) != row[name]:
                label = definition.fields[name].label
                yield name, f"和{noun}「{row[title] or ''}」合并着，两个的「{label}」要一样，要改请先拆分"


def _names(definition: Definition) -> list[str]:
    return definition.module.merges_alike.split()


def _told(definition: Definition, name: str, rows: Collection[Mapping[str, Any]]) -> str:
    one, noun, title = definition.fields[name], definition.module.noun, definition.module.title
    said: dict[Any, str] = {}
    for row in rows:
        said.setdefault(row[name], str(row[title] or ""))
    parts = [f"「{who}」是「{one.format(word, {word: str(word)})}」" for word, who in said.items()]
    return (
        f"{one.label}不同，不能合并：{'，'.join(parts)}。先改成一样的再合并；已经用过、不能改的，是两个{noun}，"
        "请停用不要的那个"
    )


def _said(
    db: sqlite3.Connection, registry: Registry, definition: Definition, ids: Collection[str]
) -> list[Mapping[str, Any]]:  # fmt: skip
    title, table = definition.module.title, definition.name
    columns = ", ".join(f'{words_of(registry, definition, name, table)} AS "{name}"' for name in _names(definition))
    sql = (
        f'SELECT id, "{title}"{", " + columns if columns else ""} FROM {table} '
        "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
    )
    return [dict(row) for row in db.execute(sql, (json.dumps(list(ids)),))] if columns else []


def _shown(db: sqlite3.Connection, registry: Registry, definition: Definition, name: str, value: Any) -> Any:
    return db.execute(f"SELECT {_words(registry, definition, name, '?')}", (value,)).fetchone()[0]

"""What a machine derives from a row and never sends: pinyin, shadows, search tokens."""

import ast
import sqlite3
from collections.abc import Container, Iterable, Mapping
from typing import Any

from sync_server.replication.changeset import Scalar

from . import aliases
from .registry import Definition, Registry, sum_key
from .text import TEXT_VERSION, initials, pinyin, search_tokens


def local_values(
    definition: Definition, row: Mapping[str, Any], changed: Container[str] | None = None
) -> dict[str, Scalar]:
    """The derived columns of a row: pinyin of the title (its sort key) and the shadows. With `changed` only what
    follows from those columns: pinyin is the dearest part of a save."""
    values: dict[str, Scalar] = {}
    title = definition.module.title
    if changed is None or title in changed:
        values["pinyin"] = pinyin(row[title]) if row[title] else None
    for column, (name, function) in definition.shadows.items():
        if changed is None or name in changed:
            values[column] = function(row[name])
    return values


def search_values(definition: Definition, row: Mapping[str, Any]) -> list[str]:
    """The words of a row in the order of its full-text table."""
    title = row[definition.module.title]
    words = [
        search_tokens(definition.fields[name].search_text(definition.fields[name].load(name, row)))
        for name in definition.searched
    ]
    return [*words, search_tokens(initials(title)) if title else ""]


def add_to_search(
    db: sqlite3.Connection, definition: Definition, rows: Iterable[tuple[int, Mapping[str, Any]]]
) -> None:
    """Puts rows (number, values) into the full-text index."""
    marks = ", ".join("?" * (len(definition.searched) + 2))
    names = ", ".join(("rowid", *definition.searched, "initials"))
    db.executemany(
        f"INSERT INTO {definition.name}_fts ({names}) VALUES ({marks})",
        ([number, *search_values(definition, row)] for number, row in rows),
    )


def drop_from_search(db: sqlite3.Connection, definition: Definition, number: int, row: Mapping[str, Any]) -> None:
    """Takes a row out; a contentless index must be told exactly the words that went in."""
    marks = ", ".join("?" * (len(definition.searched) + 3))
    table = f"{definition.name}_fts"
    names = ", ".join((table, "rowid", *definition.searched, "initials"))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", ["delete", number, *search_values(definition, row)])


def bring_up_to_date(db: sqlite3.Connection, registry: Registry) -> None:
    """Makes anew what a changed declaration derives differently, and only that: a million rows take minutes."""
    kept = dict(db.execute("SELECT key, value FROM meta WHERE key LIKE 'derived:%' OR key LIKE 'tally:%'").fetchall())
    for definition in registry:
        words = repr((TEXT_VERSION, definition.module.title, sorted(definition.shadows), definition.searched))
        counts = repr((definition.tallied, definition.sums))
        before = kept.get(f"derived:{definition.name}")
        if before is not None and _without_shadows(before) == _without_shadows(words) and before != words:
            _fill_shadows(db, definition)
        elif before != words:
            rebuild(db, definition)
        elif kept.get(f"tally:{definition.name}") != counts:
            rebuild_tally(db, definition)
        else:
            continue
        db.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            [(f"derived:{definition.name}", words), (f"tally:{definition.name}", counts)],
        )


def _without_shadows(words: str) -> tuple[Any, ...]:
    version, title, _, searched = ast.literal_eval(words)
    return version, title, searched


def _fill_shadows(db: sqlite3.Connection, definition: Definition) -> None:
    """Makes the shadow columns alone anew: pinyin and search index, which take most of the time, stay as they are."""
    if not definition.shadows:
        return
    assignments = ", ".join(f"{column} = ?" for column in definition.shadows)
    for batch in _batches(db, definition):
        db.executemany(
            f"UPDATE {definition.name} SET {assignments} WHERE row = ?",
            [(*(made(row[name]) for name, made in definition.shadows.values()), row["row"]) for row in batch],
        )


def rebuild(db: sqlite3.Connection, definition: Definition) -> None:
    """Makes the derived columns, the index and the tally of a module anew from its rows."""
    columns = ("pinyin", *definition.shadows)
    assignments = ", ".join(f"{column} = ?" for column in columns)
    for batch in _batches(db, definition):
        values = [(local_values(definition, row), row["row"]) for row in batch]
        db.executemany(
            f"UPDATE {definition.name} SET {assignments} WHERE row = ?",
            [(*(derived[column] for column in columns), number) for derived, number in values],
        )
    if definition.searched:
        db.execute(f"INSERT INTO {definition.name}_fts ({definition.name}_fts) VALUES ('delete-all')")
        for batch in _batches(db, definition):
            add_to_search(db, definition, ((row["row"], row) for row in batch if row["deleted_at"] is None))
    rebuild_tally(db, definition)


def rebuild_tally(db: sqlite3.Connection, definition: Definition) -> None:
    """Counts the live rows anew."""
    db.execute("DELETE FROM tally WHERE t = ?", (definition.name,))
    for value, count in counted(db, definition).items():
        db.execute("INSERT INTO tally VALUES (?, ?, ?)", (definition.name, value, count))


def counted(db: sqlite3.Connection, definition: Definition) -> dict[str, int]:
    """What the tally must say: live rows in all ("*"), per value of the tallied field, and sums of summed fields."""
    shown = f"FROM {definition.name} WHERE deleted_at IS NULL"
    if aliases.present(db, [definition.name]):
        shown += f" AND {aliases.not_merged(definition.name, definition.name)}"
    (total,) = db.execute(f"SELECT count(*) {shown}").fetchone()
    found = {"*": total} if total else {}
    if definition.tallied:
        value = f"COALESCE(\"{definition.tallied}\", '')"
        sql = f"SELECT {value}, count(*) {shown} GROUP BY 1"
        found |= dict(db.execute(sql).fetchall())
    for name in definition.sums:
        sql = f'SELECT COALESCE(sum("{name}"), 0) {shown}'
        found[sum_key(name)] = db.execute(sql).fetchone()[0]
    return {value: count for value, count in found.items() if count}


def _batches(db: sqlite3.Connection, definition: Definition, size: int = 5_000) -> Iterable[list[dict[str, Any]]]:
    last = -1
    statement = f"SELECT * FROM {definition.name} WHERE row > ? ORDER BY row LIMIT {size}"
    while rows := [dict(row) for row in db.execute(statement, (last,))]:
        yield rows
        last = rows[-1]["row"]

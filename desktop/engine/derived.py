"""What a machine derives from a row and never sends: pinyin, shadows, search tokens."""

import ast
import sqlite3
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sync_server.replication.changeset import Scalar

from . import aliases, summing
from .registry import PARTS, Definition, Registry, sum_key
from .telling import Tell, untold
from .text import TEXT_VERSION, initials, pinyin, search_tokens

Part = tuple[str, str, str, str]
"""Value of the tally, and the owner, department and branch whose rows are counted."""


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
    fields = definition.fields
    words = [search_tokens((one := fields[name]).search_text(one.load(name, row))) for name in definition.searched]
    return [*words, search_tokens(initials(title)) if title else ""]


def add_to_search(
    db: sqlite3.Connection, definition: Definition, rows: Iterable[tuple[int, Mapping[str, Any]]]
) -> None:
    """Puts rows (number, values) into the full-text index, those that have words."""
    marks = ", ".join("?" * (len(definition.searched) + 2))
    names = ", ".join(("rowid", *definition.searched, "initials"))
    known: dict[tuple[Any, ...], list[str]] = {}
    found = []
    for number, row in rows:  # entries of one document are called alike
        said = tuple(map(row.__getitem__, definition.search_columns))
        if said not in known:
            known[said] = search_values(definition, row)
        if any(known[said]):
            found.append([number, *known[said]])
    db.executemany(f"INSERT INTO {definition.name}_fts ({names}) VALUES ({marks})", found)


def drop_from_search(db: sqlite3.Connection, definition: Definition, number: int, row: Mapping[str, Any]) -> None:
    """Takes a row out; a contentless index must be told exactly the words that went in."""
    words = search_values(definition, row)
    if not any(words):
        return
    marks = ", ".join("?" * (len(definition.searched) + 3))
    table = f"{definition.name}_fts"
    names = ", ".join((table, "rowid", *definition.searched, "initials"))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", ["delete", number, *words])


def bring_up_to_date(db: sqlite3.Connection, registry: Registry, tell: Tell = untold) -> None:
    """Makes anew what a changed declaration derives differently, and only that: a million rows take minutes."""
    kept = dict(db.execute("SELECT key, value FROM meta WHERE key LIKE 'derived:%' OR key LIKE 'tally:%'").fetchall())
    for name, (words, counts) in _made_by(registry.root).items():
        definition = registry[name]
        before = kept.get(f"derived:{definition.name}")
        if (before, kept.get(f"tally:{definition.name}")) == (words, counts):
            continue
        if db.execute(f"SELECT 1 FROM {definition.name} LIMIT 1").fetchone():
            tell(f"整理「{definition.module.label}」的查找索引和合计")
        if before is None or (before != words and _without_shadows(before) != _without_shadows(words)):
            rebuild(db, definition)
        elif before != words:
            _fill_shadows(db, definition)
        else:
            rebuild_tally(db, definition)
        db.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            [(f"derived:{definition.name}", words), (f"tally:{definition.name}", counts)],
        )


@lru_cache(maxsize=4)
def _made_by(registry: Registry) -> Mapping[str, tuple[str, str]]:
    """What the derived columns and the index of each module follow from, and what its tally does."""
    return {one.name: (_words_of(one), _counts_of(one)) for one in registry}


def _words_of(definition: Definition) -> str:
    return repr((TEXT_VERSION, definition.module.title, sorted(definition.shadows), definition.searched))


def _counts_of(definition: Definition) -> str:
    names = definition.kept_sums
    rules = [(summing.expression(definition, name), definition.fields[name].sum_within) for name in names]
    return repr((definition.tallied, names, definition.parted, rules))


def _without_shadows(words: str) -> tuple[Any, ...]:
    version, title, _, searched = ast.literal_eval(words)
    return version, title, searched


def _fill_shadows(db: sqlite3.Connection, definition: Definition) -> None:
    """Makes the shadow columns alone anew: pinyin and search index, which take most of the time, stay as they are."""
    if not definition.shadows:
        return
    assignments = ", ".join(f"{column} = ?" for column in definition.shadows)
    for batch in _batches(db, definition, definition.derived_from):
        db.executemany(
            f"UPDATE {definition.name} SET {assignments} WHERE row = ?",
            [(*(made(row[name]) for name, made in definition.shadows.values()), row["row"]) for row in batch],
        )


def rebuild(db: sqlite3.Connection, definition: Definition) -> None:
    """Makes the derived columns, the index and the tally of a module anew from its rows."""
    columns = ("pinyin", *definition.shadows)
    assignments = ", ".join(f"{column} = ?" for column in columns)
    for batch in _batches(db, definition, definition.derived_from):
        values = [(local_values(definition, row), row["row"]) for row in batch]
        db.executemany(
            f"UPDATE {definition.name} SET {assignments} WHERE row = ?",
            [(*(derived[column] for column in columns), number) for derived, number in values],
        )
    if definition.searched:
        db.execute(f"INSERT INTO {definition.name}_fts ({definition.name}_fts) VALUES ('delete-all')")
        for batch in _batches(db, definition, ("deleted_at", *definition.search_columns)):
            add_to_search(db, definition, ((row["row"], row) for row in batch if row["deleted_at"] is None))
    rebuild_tally(db, definition)


def rebuild_tally(db: sqlite3.Connection, definition: Definition) -> None:
    """Counts the live rows anew."""
    db.execute("DELETE FROM tally WHERE t = ?", (definition.name,))
    db.execute("DELETE FROM tally_part WHERE t = ?", (definition.name,))
    add_to_tally(db, definition, counted(db, definition), counted_parts(db, definition))


def add_to_tally(
    db: sqlite3.Connection, definition: Definition, counts: Mapping[str, int], parts: Mapping[Part, int]
) -> None:
    """Adds to the counts by value, and to those of each part by value."""
    db.executemany(
        "INSERT INTO tally (t, value, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
        [(definition.name, value, by) for value, by in counts.items() if by],
    )
    if not parts:
        return
    db.executemany(
        "INSERT INTO tally_part (t, value, owner, department, branch, n) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET n = n + excluded.n",
        [(definition.name, *part, by) for part, by in parts.items() if by],
    )


def tell_tally(
    db: sqlite3.Connection, definition: Definition, out: Iterable[Mapping[str, Any]], into: Iterable[Mapping[str, Any]]
) -> None:
    """Counts live rows out and others in."""
    tally: Counter[str] = Counter()
    parts: Counter[Part] = Counter()
    for rows, sign in ((out, -1), (into, +1)):
        for some in _alike(definition, rows):
            place = place_of(definition, some[0]) if definition.parted else None
            for value, amount in _amounts(definition, some):
                tally[value] += sign * amount
                if place:
                    parts[value, *place] += sign * amount
    add_to_tally(db, definition, tally, parts)


def _alike(definition: Definition, rows: Iterable[Mapping[str, Any]]) -> Iterable[Sequence[Mapping[str, Any]]]:
    """Rows that are counted at the same places, as those of one document are."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(map(row.get, definition.placed_by)), []).append(row)
    return found.values()


def _amounts(definition: Definition, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    """What live rows that are alike add to the tally: (value, by) for all rows, their value of the tallied field, their
    sums as far as they are not 0."""
    yield "*", len(rows)
    if definition.tallied:
        yield rows[0][definition.tallied] or "", len(rows)
    yield from summing.added(definition, rows)


def place_of(definition: Definition, row: Mapping[str, Any]) -> tuple[str, str, str]:
    """The part that a row is counted in: its owner, department and branch, as far as its scope has them."""
    parts = definition.parts
    owner, department, branch = ((row[parts[name]] or "") if name in parts else "" for name in PARTS)
    return owner, department, branch


def counted(db: sqlite3.Connection, definition: Definition) -> dict[str, int]:
    """What the tally must say: live rows in all ("*"), per value of the tallied field, and sums of summed fields."""
    return {value: count for (value,), count in _counted(db, definition, ()).items()}


def counted_parts(db: sqlite3.Connection, definition: Definition) -> dict[Part, int]:
    """The same, for each part."""
    if not definition.parted:
        return {}
    parts = definition.parts
    columns = tuple(f"COALESCE({parts[name]}, '')" if name in parts else "''" for name in PARTS)
    return {
        (value, owner, department, branch): count
        for (value, owner, department, branch), count in _counted(db, definition, columns).items()
    }


def _counted(db: sqlite3.Connection, definition: Definition, by: Sequence[str]) -> dict[tuple[str, ...], int]:
    tallied = [f"COALESCE(\"{definition.tallied}\", '')"] if definition.tallied else []
    wanted = [("'*'", "count(*)"), *((value, "count(*)") for value in tallied)]
    wanted += [_summed(definition, name) for name in definition.kept_sums]
    shown = f"FROM {definition.name} WHERE deleted_at IS NULL"
    if aliases.present(db, [definition.name]):
        shown += f" AND {aliases.not_merged(definition.name, definition.name)}"
    found: dict[tuple[str, ...], int] = {}
    for value, amount in wanted:
        keys = ", ".join((value, *by))
        numbers = ", ".join(str(place + 1) for place in range(1 + len(by)))
        for *key, count in db.execute(f"SELECT {keys}, {amount} {shown} GROUP BY {numbers}"):
            found[tuple(key)] = found.get(tuple(key), 0) + count
    return {key: count for key, count in found.items() if count}


def _summed(definition: Definition, name: str) -> tuple[str, str]:
    """Where the tally keeps a total, and the total, as SQL."""
    within = definition.fields[name].sum_within
    key = f"'{sum_key(name)}:' || COALESCE(\"{within}\", '')" if within else f"'{sum_key(name)}'"
    return key, f"COALESCE(sum({summing.expression(definition, name)}), 0)"


def _batches(
    db: sqlite3.Connection, definition: Definition, columns: Iterable[str], size: int = 5_000
) -> Iterable[list[dict[str, Any]]]:
    """All rows, as far as they are asked for: a line of a document has seventy columns."""
    names = ("row", *dict.fromkeys(columns))
    listed = ", ".join(f'"{name}"' for name in names)
    statement = f"SELECT {listed} FROM {definition.name} WHERE row > ? ORDER BY row LIMIT {size}"
    last = -1
    while rows := [dict(zip(names, row, strict=True)) for row in db.execute(statement, (last,))]:
        yield rows
        last = rows[-1]["row"]

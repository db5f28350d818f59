"""Rows that are seen exactly with their parent keep beside them what it is seen by: whose it is, of which department
and branch. So their lists, counts and sums are narrowed as the parent's own are, without a look at it row by row.

The columns are of this machine: never sent, never shown, in no checksum. What they hold follows from the parent that is
meant (merged ones read as their winner), whichever of the two came or changed last; `wrong` says in SQL what that is,
and `Work` keeps to it.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from . import aliases
from .columns import listed

if TYPE_CHECKING:
    from .registry import Definition

START = "scope_"
"""What the names of the columns begin with."""
KEY = "scope_owner"
"""The column that also says why a row has no owner by its parent: the kind of a parent that everybody sees, or
`STRAY`, or `NO_KIND`. No id looks like one of these."""
STRAY = "?"
"""The parent is not here, or not yet."""
NO_KIND = "="
"""The parent is of a kind that this version does not know."""

Beside = dict[str, Any]
"""What a row keeps of its parent, by column."""

_BATCH = 50_000


def sign_of(module: str) -> str:
    """What stands in the place of an owner below a parent of a module that is open to everybody."""
    return f"={module}"


@dataclass(frozen=True)
class Follow:
    """How the rows of one module follow their parents."""

    parent: str
    """The column with the id of the parent."""
    kind: str
    """The column with its kind, where it may be of several modules."""
    modules: Mapping[str, str]
    """Kind → module; of one module alone under ""."""
    narrow: str
    """The one of them whose rows not everybody sees who sees the module."""
    scope: str
    """Its scope."""
    parts: tuple[str, ...]
    """Its columns that data scopes look at."""
    merges: bool
    """Whether its records are merged."""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return (KEY, *(START + part for part in self.parts if part != "owner"))

    @cached_property
    def follows_from(self) -> tuple[str, ...]:
        """The columns that say which parent it is."""
        return (self.parent, *filter(None, (self.kind,)))

    @cached_property
    def open(self) -> tuple[str, ...]:
        """The modules that are open to everybody who sees them."""
        return tuple(module for module in dict.fromkeys(self.modules.values()) if module != self.narrow)

    def module_of(self, row: Mapping[str, Any]) -> str | None:
        return self.modules.get(row[self.kind] if self.kind else "")

    def values(self, row: Mapping[str, Any], parents: Mapping[str, Beside]) -> Beside:
        """What a row keeps; `parents` say it of those of the narrow module, under the ids that rows name them by."""
        module = self.module_of(row)
        if module != self.narrow:
            return self._fixed[sign_of(module) if module else NO_KIND]
        return parents.get(row[self.parent]) or self._fixed[STRAY]

    @cached_property
    def _fixed(self) -> Mapping[str, Beside]:
        blank = dict.fromkeys(self.columns)
        return {sign: blank | {KEY: sign} for sign in (STRAY, NO_KIND, *map(sign_of, self.open))}

    def of_parent(self, parent: Mapping[str, Any]) -> Beside:
        """What rows below it keep."""
        return {KEY: None, **{START + part: parent[part] for part in self.parts}}


def follow_of(definition: "Definition", all: Mapping[str, "Definition"], targets: Collection[str]) -> Follow | None:
    """How a module follows, where it does so by columns of its own: below one module that is narrowed by owner,
    department or branch, and any that are open. What hangs on records of all modules asks each of them. So do lines of
    documents (`whole`): they are written by the hundred in one posting, which two more indexes and sums kept apart make
    slower by a tenth."""
    module = definition.module
    parent = module.parent or "parent"
    is_whole = getattr(definition.fields[parent], "whole", False)
    if module.scope != "follow" or module.local or module.hangs or is_whole or not all.keys() >= set(targets):
        return None
    scopes = {target: all[target].module.scope for target in targets}
    narrow = [target for target, scope in scopes.items() if scope in ("owner", "department", "branch")]
    if len(narrow) != 1 or any(scope != "company" for target, scope in scopes.items() if target != narrow[0]):
        return None
    kind, modules = getattr(definition.fields[parent], "target_by", None) or ("", {"": narrow[0]})
    above = all[narrow[0]]
    return Follow(parent, kind, dict(modules), above.name, above.module.scope, above.parted, above.module.mergeable)


# ------------------------------------------------------------------------------------------------------------- truth


def wrong(
    db: sqlite3.Connection, definition: "Definition", where: str = "1", params: Iterable[Any] = ()
) -> sqlite3.Cursor:
    """(row, id, what each column ought to hold) of the rows (alias c) that hold something else."""
    follow = definition.follow
    assert follow is not None
    meant, joins = f'c."{follow.parent}"', ""
    if follow.merges:
        joins = f"LEFT JOIN alias_of a ON a.t = '{follow.narrow}' AND a.id = {meant} "
        meant = f"COALESCE(a.winner, {meant})"
    joins += f"LEFT JOIN {follow.narrow} p ON p.id = {meant}"
    right = {KEY: _key_sql(follow)}
    right |= {START + part: _of_narrow(follow, f'p."{part}"', "NULL") for part in follow.parts if part != "owner"}
    differs = " OR ".join(f"c.{column} IS NOT {value}" for column, value in right.items())
    cursor = db.cursor()
    cursor.row_factory = None
    return cursor.execute(
        f"SELECT c.row, c.id, {', '.join(right.values())} FROM {definition.name} c {joins} "
        f"WHERE {where} AND ({differs})",
        tuple(params),
    )


def _key_sql(follow: Follow) -> str:
    owner = "p.owner" if "owner" in follow.parts else "NULL"
    own = f"CASE WHEN p.id IS NULL THEN '{STRAY}' ELSE {owner} END"
    if not follow.kind:
        return own
    values = {module: own if module == follow.narrow else f"'{sign_of(module)}'" for module in follow.modules.values()}
    kinds = "".join(f" WHEN '{kind}' THEN {values[module]}" for kind, module in follow.modules.items())
    return f"CASE c.\"{follow.kind}\"{kinds} ELSE '{NO_KIND}' END"


def _of_narrow(follow: Follow, value: str, other: str) -> str:
    if not follow.kind:
        return value
    kinds = ", ".join(f"'{kind}'" for kind, module in follow.modules.items() if module == follow.narrow)
    return f'CASE WHEN c."{follow.kind}" IN ({kinds}) THEN {value} ELSE {other} END'


# ------------------------------------------------------------------------------------------------------ keeping to it


def parents(
    db: sqlite3.Connection, follow: Follow, ids: Collection[str], known: Mapping[str, Mapping[str, Any] | None]
) -> dict[str, Beside]:
    """What the parents that some ids mean say, as far as they are here; `known` are read already."""
    meant = dict(zip(ids, ids, strict=True))
    if ids and follow.merges and aliases.present(db, (follow.narrow,)):
        meant |= aliases.winners(db, follow.narrow, ids)
    asked = [id for id in set(meant.values()) if id not in known]
    found = {id: follow.of_parent(row) for id, row in known.items() if row is not None}
    if asked:
        which, given = ("= ?", asked[0]) if len(asked) == 1 else ("IN (SELECT value FROM json_each(?))", listed(asked))
        names = [START + part for part in follow.parts]
        cursor = db.cursor()
        cursor.row_factory = None
        for id, *values in cursor.execute(
            f"SELECT id, {', '.join(follow.parts)} FROM {follow.narrow} WHERE id {which}", (given,)
        ):
            found[id] = {KEY: None, **dict(zip(names, values, strict=True))}
    return {id: found[winner] for id, winner in meant.items() if winner in found}


def has_strays(db: sqlite3.Connection, definition: "Definition") -> bool:
    """Whether rows wait for their parents."""
    return db.execute(f"SELECT 1 FROM {definition.name} WHERE {KEY} = '{STRAY}' LIMIT 1").fetchone() is not None


def below(
    db: sqlite3.Connection, definition: "Definition", ids: Iterable[str], *, strays: bool = False
) -> list[tuple[int, str, dict[str, Any]]]:
    """(row, id, what to keep) of the rows below some parents that have to be put right; `strays`: only of those that
    wait for them."""
    follow = definition.follow
    assert follow is not None
    named = set(ids)
    if follow.merges and aliases.present(db, (follow.narrow,)):
        named |= aliases.losers_of(db, follow.narrow, named).keys()
    where, asked = f'c."{follow.parent}" IN (SELECT value FROM json_each(?))', (listed(sorted(named)),)
    # The living and the deleted are found by indexes of their own.
    lives = (f"c.{KEY} = '{STRAY}'",) if strays else ("c.deleted_at IS NULL", "c.deleted_at IS NOT NULL")
    found = [one for life in lives for one in wrong(db, definition, f"{where} AND {life}", asked)]
    return [(row, id, dict(zip(follow.columns, values, strict=True))) for row, id, *values in found]


def write(
    db: sqlite3.Connection, definition: "Definition", found: Iterable[tuple[int, str, Mapping[str, Any]]]
) -> None:
    """Writes what `below` found."""
    follow = definition.follow
    assert follow is not None
    assignments = ", ".join(f"{column} = ?" for column in follow.columns)
    db.executemany(
        f"UPDATE {definition.name} SET {assignments} WHERE row = ?",
        [(*(values[column] for column in follow.columns), row) for row, _, values in found],
    )


def refill(db: sqlite3.Connection, definition: "Definition") -> bool:
    """Puts the columns of all rows right; whether any was wrong. Inside an open `write()`."""
    follow, is_changed = definition.follow, False
    assert follow is not None
    for first, last in _spans(db, definition.name):
        found = wrong(db, definition, "c.row BETWEEN ? AND ?", (first, last)).fetchall()
        write(db, definition, ((row, id, dict(zip(follow.columns, new, strict=True))) for row, id, *new in found))
        is_changed = is_changed or bool(found)
    return is_changed


def _spans(db: sqlite3.Connection, table: str) -> Iterator[tuple[int, int]]:
    first, last = db.execute(f"SELECT min(row), max(row) FROM {table}").fetchone()
    while first is not None and first <= last:
        yield first, first + _BATCH - 1
        found = db.execute(f"SELECT min(row) FROM {table} WHERE row >= ?", (first + _BATCH,)).fetchone()
        first = found[0]

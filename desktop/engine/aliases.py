"""Records that are one (T28): a row of `row_alias` says that one record, the loser, is meant by another, the winner.

No reference is rewritten: what reads references resolves them through `alias_of`, the local projection that leads every
loser straight to the end of its chain. Merging and unmerging add and delete rows of `row_alias`; `Work` projects them.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence

from .define import Module
from .fields import Ref, Sql, Text
from .ids import derived_id
from .meant import meant as meant
from .meant import quoted

TABLE = "row_alias"
PAIRS = "not_same"
"""Pairs of records that somebody looked at and found to be two."""

_CHUNK = 500
Link = tuple[str, str, str]
"""Module, loser and winner."""


def modules_of(modules: Sequence[Module]) -> tuple[Module, ...]:
    """The tables that mergeable modules need: declared like any other, so they replicate like any other."""
    mergeable = [module for module in modules if module.mergeable]
    if not mergeable:
        return ()
    kinds = {module.name: module.name for module in mergeable}
    chapter = mergeable[0].chapter
    return (_alias(kinds, chapter), _pair(kinds, chapter))


def _alias(kinds: Mapping[str, str], chapter: str) -> Module:
    # References that are not loose: who merges and who deletes one of the two at the same time is settled by the
    # server as for any other reference (the record comes back).
    sides = {
        "loser": Ref("被并入的记录", target_by=("t", kinds)), "winner": Ref("保留的记录", target_by=("t", kinds)),
    }  # fmt: skip
    return _hidden(TABLE, "合并的记录", "合并", chapter, sides)


def _pair(kinds: Mapping[str, str], chapter: str) -> Module:
    sides = {
        "one": Ref("记录", target_by=("t", kinds), loose=True),
        "other": Ref("另一条记录", target_by=("t", kinds), loose=True),
    }
    return _hidden(PAIRS, "不是重复", "排除", chapter, sides)


def _hidden(name: str, label: str, noun: str, chapter: str, sides: Mapping[str, Ref]) -> Module:
    """Two records of one module, in a table that no menu shows."""
    return Module(
        name=name,
        label=label,
        noun=noun,
        chapter=chapter,
        menu=False,
        search=False,
        writable=False,
        title="t",
        fields={"t": Text("模块", max_length=64), **sides},
        columns=" ".join(("t", *sides)),
        sort="t",
    )


def alias_id(module: str, loser: str) -> str:
    """One row for each loser, whichever machine writes it."""
    return derived_id(module, loser)


def pair_id(module: str, one: str, other: str) -> str:
    """One row for each pair, whichever way round it was looked at."""
    return derived_id(f"{PAIRS}:{module}", "|".join(sorted((one, other))))


# ------------------------------------------------------------------ projection


def roots(links: Mapping[str, str]) -> dict[str, str]:
    """Loser → the record that is meant in the end; a circle ends at its smallest id."""
    found: dict[str, str] = {}
    for start in links:
        path: dict[str, int] = {}
        node = start
        while node in links and node not in found and node not in path:
            path[node] = len(path)
            node = links[node]
        end = min(list(path)[path[node] :]) if node in path else found.get(node, node)
        found.update(dict.fromkeys(path, end))
    return {loser: root for loser, root in found.items() if loser != root}


def project(db: sqlite3.Connection, module: str, ids: Iterable[str]) -> tuple[dict[str, bool], set[str]]:
    """Works out anew whom everything that hangs together with `ids` means. What it says of records whose place in lists
    changed: whether they are losers now; and all that mean another than before."""
    links, members = _component(db, module, ids)
    new = _standing(db, module, roots(links))
    old = dict(_of_members(db, module, members))
    for loser in old.keys() - new.keys():
        db.execute("DELETE FROM alias_of WHERE t = ? AND id = ?", (module, loser))
    _lead(db, ((module, loser, root) for loser, root in new.items() if old.get(loser) != root))
    turned = {id: id in new for id in old.keys() ^ new.keys()}
    return turned, {id for id in old.keys() | new.keys() if old.get(id) != new.get(id)}


def _standing(db: sqlite3.Connection, module: str, led: Mapping[str, str]) -> dict[str, str]:
    """Without those whose record is deleted: a merged one that somebody kept alive meanwhile stands for itself."""
    sql = f"SELECT id FROM {module} WHERE deleted_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))"
    gone = {row[0] for row in db.execute(sql, (json.dumps(sorted(set(led.values()))),))} if led else set()
    return {loser: root for loser, root in led.items() if root not in gone}


def _lead(db: sqlite3.Connection, links: Iterable[Link]) -> None:
    for module, loser, root in links:
        db.execute(
            f"INSERT OR REPLACE INTO alias_of (t, id, winner, row) VALUES (?1, ?2, ?3, "
            f"(SELECT row FROM {module} WHERE id = ?2))",
            (module, loser, root),
        )


def number(db: sqlite3.Connection, module: str, rows: Iterable[tuple[int | None, str]]) -> None:
    """Tells the local row numbers of losers, by which lists leave them out without reading them."""
    db.executemany(f"UPDATE alias_of SET row = ? WHERE t = '{module}' AND id = ?", rows)


def _component(db: sqlite3.Connection, module: str, ids: Iterable[str]) -> tuple[dict[str, str], set[str]]:
    """The links that hang together with some records, and all the records in them."""
    links: dict[str, str] = {}
    members, fresh = set(ids), list(ids)
    while fresh:
        part, fresh = fresh[:_CHUNK], fresh[_CHUNK:]
        sides = " UNION ".join(
            f"SELECT loser, winner FROM {TABLE} WHERE deleted_at IS NULL AND t = ?2 AND {side} IN "
            "(SELECT value FROM json_each(?1))"
            for side in ("loser", "winner")
        )
        for loser, winner in db.execute(sides, (json.dumps(part), module)).fetchall():
            if loser and winner:
                links[loser] = winner
                added = [id for id in (loser, winner) if id not in members]
                members.update(added)
                fresh += added
    return links, members


def together(db: sqlite3.Connection, module: str, ids: Iterable[str]) -> set[str]:
    """All records that hang together with some, by links that hold."""
    return _component(db, module, ids)[1]


def without(db: sqlite3.Connection, module: str, unlinked: Collection[str]) -> dict[str, list[str]]:
    """Whom all that hang together with some would mean if these had no links any more: record → those that mean it."""
    links, members = _component(db, module, unlinked)
    led = _standing(db, module, roots({loser: one for loser, one in links.items() if loser not in unlinked}))
    parts: dict[str, list[str]] = {}
    for id in sorted(members):
        parts.setdefault(led.get(id, id), []).append(id)
    return parts


def _of_members(db: sqlite3.Connection, module: str, members: Iterable[str]) -> list[tuple[str, str]]:
    return db.execute(
        "SELECT id, winner FROM alias_of WHERE t = ? AND id IN (SELECT value FROM json_each(?))",
        (module, json.dumps(list(members))),
    ).fetchall()


def all_roots(db: sqlite3.Connection, modules: Collection[str]) -> set[Link]:
    """What `alias_of` must hold of some modules, worked out from all links."""
    by_module: dict[str, dict[str, str]] = {}
    sql = f"SELECT t, loser, winner FROM {TABLE} WHERE deleted_at IS NULL AND loser IS NOT NULL AND winner IS NOT NULL"
    for module, loser, winner in db.execute(sql):
        if module in modules:
            by_module.setdefault(module, {})[loser] = winner
    return {
        (module, loser, root)
        for module, links in by_module.items()
        for loser, root in _standing(db, module, roots(links)).items()
    }


# -------------------------------------------------------------------- questions


def present(db: sqlite3.Connection, mergeable: Iterable[str]) -> frozenset[str]:
    """The modules in which something was merged: only their lists pay for resolving."""
    if not db.execute("SELECT 1 FROM alias_of LIMIT 1").fetchone():
        return frozenset()
    sql = "SELECT 1 FROM alias_of WHERE t = ? LIMIT 1"
    return frozenset(module for module in mergeable if db.execute(sql, (module,)).fetchone())


def winners(db: sqlite3.Connection, module: str, ids: Collection[str]) -> dict[str, str]:
    """Loser → winner, of those among `ids` that are losers."""
    return dict(_of_members(db, module, ids)) if ids else {}


def linked(db: sqlite3.Connection, module: str, ids: Collection[str]) -> dict[str, str]:
    """Loser → winner by the links alone, also where that winner is deleted."""
    links, _ = _component(db, module, ids) if ids else ({}, set())
    return {loser: root for loser, root in roots(links).items() if loser in ids}


def winner_of(db: sqlite3.Connection, module: str, id: str) -> str:
    """The record that an id means."""
    row = db.execute("SELECT winner FROM alias_of WHERE t = ? AND id = ?", (module, id)).fetchone()
    return str(row[0]) if row else id


def losers_of(db: sqlite3.Connection, module: str, ids: Collection[str]) -> dict[str, str]:
    """Loser → winner, of everything merged into one of `ids`."""
    sql = "SELECT id, winner FROM alias_of WHERE t = ? AND winner IN (SELECT value FROM json_each(?))"
    return dict(db.execute(sql, (module, json.dumps(list(ids)))).fetchall()) if ids else {}


def all_of(db: sqlite3.Connection, module: str, id: str) -> list[str]:
    """All ids under which a record is referred to, whichever of them is given; the winner first."""
    winner = winner_of(db, module, id)
    return [winner, *sorted(losers_of(db, module, [winner]))]


class Meant:
    """Whom ids mean, for who asks often while nothing changes."""

    def __init__(self, db: sqlite3.Connection, mergeable: Iterable[str]) -> None:
        self._db, self.present = db, present(db, mergeable)
        self._winners: dict[tuple[str, str], str] = {}
        self._every: dict[tuple[str, str], list[str]] = {}

    def of(self, module: str, id: str) -> str:
        """The record that an id means."""
        if module not in self.present:
            return id
        if (module, id) not in self._winners:
            self._winners[module, id] = winner_of(self._db, module, id)
        return self._winners[module, id]

    def every(self, module: str, id: str) -> list[str]:
        """All ids under which it is referred to, the winner first."""
        if module not in self.present:
            return [id]
        winner = self.of(module, id)
        if (module, winner) not in self._every:
            self._every[module, winner] = all_of(self._db, module, winner)
        return self._every[module, winner]


# -------------------------------------------------------------------------- sql


def not_merged(module: str, table: str) -> str:
    """SQL: a row is no loser."""
    return f"NOT EXISTS (SELECT 1 FROM alias_of a WHERE a.t = '{module}' AND a.row = {table}.row)"


def is_merged(module: str, id: str) -> str:
    """SQL: an id is that of a loser, whether its row is there or not."""
    return f"EXISTS (SELECT 1 FROM alias_of m WHERE m.t = '{module}' AND m.id = {id})"


def same(modules: Collection[str], id: str) -> Sql:
    """SQL in brackets: all ids under which a record is referred to, whichever of them is given."""
    if not modules:
        return Sql("(?)", (id,))
    kinds = quoted(modules)
    return Sql(
        f"(WITH meant(id) AS (SELECT {meant(modules, '?')}) SELECT id FROM meant UNION ALL "
        f"SELECT a.id FROM meant m JOIN alias_of a ON a.t IN ({kinds}) AND a.winner = m.id)",
        (id, id),
    )

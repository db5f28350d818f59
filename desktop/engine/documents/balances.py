"""Balances as their entries give them: summed up anew, and under whom they mean where records were merged (T28).

Entries keep the ids their documents name. A balance stands under the winner, so that one party has one of each kind.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import aliases
from ..fields import Ref
from ..ids import derived_id
from .declare import Balance, Columns, Feed, Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..registry import Registry
    from ..work import Work

_ROWS = 2_000


@dataclass(frozen=True)
class Sum:
    """A balance as it ought to be; `values` None: not at all."""

    id: str
    key: tuple[Any, ...]
    values: dict[str, Any] | None


def balance_id(balance: Balance, key: Iterable[Any]) -> str:
    """The row of a balance."""
    return derived_id(balance.module, "|".join(str(one or "") for one in key))


def sum_of(balance: Balance, values: Columns) -> Sum:
    """Keys and sums as the row they make."""
    key = tuple(values[name] for name in balance.keys)
    return Sum(balance_id(balance, key), key, values | balance.derive(values))


def led_keys(registry: Registry, balance: Balance) -> dict[str, str]:
    """Keys that name records which may be merged → their module."""
    fields = registry[balance.module].fields
    named = ((name, fields.get(name)) for name in balance.keys)
    return {name: one.target for name, one in named if isinstance(one, Ref) and one.target in registry.mergeable}


class Meaning:
    """Whom the keys of an entry mean."""

    def __init__(self, db: sqlite3.Connection, registry: Registry) -> None:
        self._db, present = db, aliases.present(db, registry.mergeable)
        self._led = {
            balance.module: {name: one for name, one in led_keys(registry, balance).items() if one in present}
            for balance in registry.balances.values()
        }
        self._known: dict[tuple[str, str], str] = {}

    def key(self, balance: Balance, row: Mapping[str, Any]) -> tuple[Any, ...]:
        led = self._led[balance.module]
        if not led:
            return tuple(map(row.get, balance.keys))
        return tuple(self._of(led[name], row.get(name)) if name in led else row.get(name) for name in balance.keys)

    def _of(self, module: str, id: str | None) -> str | None:
        if id and (module, id) not in self._known:
            self._known[module, id] = aliases.winner_of(self._db, module, id)
        return self._known[module, id] if id else None

    def is_led(self, balance: Balance) -> bool:
        """Whether keys may mean others than they name."""
        return bool(self._led[balance.module])

    def columns(self, balance: Balance, table: str) -> dict[str, str]:
        """Key → SQL of what it means, in entries."""
        led = self._led[balance.module]
        plain = {name: f'{table}."{name}"' for name in balance.keys}
        return {name: aliases.meant((led[name],), one) if name in led else one for name, one in plain.items()}


def summed(
    db: sqlite3.Connection, registry: Registry, ledger: Ledger, balance: Balance, only: tuple[str, str] | None = None
) -> Iterator[list[Sum]]:
    """What all balances ought to be, some at a time; or those over entries with one of some ids in a column (`only`:
    the column, a JSON list)."""
    columns = Meaning(db, registry).columns(balance, "m")
    keys = ", ".join(f'{one} AS "{name}"' for name, one in columns.items())
    totals = "".join(f', COALESCE(sum(m."{amount}"), 0)' for amount in balance.sums)
    names = (*balance.keys, "entries", *balance.sums.values())
    where = f'm."{balance.keys[-1]}" IS NOT NULL'
    where += f' AND m."{only[0]}" IN (SELECT value FROM json_each(?))' if only else ""
    places = ", ".join(str(place) for place in range(1, len(columns) + 1))
    sql = f"SELECT {keys}, count(*){totals} FROM {ledger.moves} m WHERE {where} GROUP BY {places}"
    cursor = db.execute(sql, (only[1],) if only else ())
    while found := cursor.fetchmany(_ROWS):
        blank = dict.fromkeys(balance.fed, 0)
        yield [sum_of(balance, blank | dict(zip(names, row, strict=True))) for row in found]


def fed(
    db: sqlite3.Connection, registry: Registry, ledger: Ledger, balance: Balance, only: tuple[str, str] | None = None
) -> list[Sum]:  # fmt: skip
    """The same of a balance that others feed: all at once, as what comes from elsewhere is known by function alone."""
    blank = dict.fromkeys(("entries", *balance.sums.values(), *balance.fed), 0)
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for some in summed(db, registry, ledger, balance, only):
        for one in some:
            values = one.values or {}
            found[one.key] = {name: int(values.get(name) or 0) for name in blank}
    for feed in _feeds(db, registry, balance, only):
        sums = found.setdefault(feed.key, dict(blank))
        for name, by in feed.sums.items():
            sums[name] += by
    return [sum_of(balance, dict(zip(balance.keys, key, strict=True)) | sums) for key, sums in found.items()]


def _feeds(
    db: sqlite3.Connection, registry: Registry, balance: Balance, only: tuple[str, str] | None
) -> Iterator[Feed]:  # fmt: skip
    """What others have in it now; with `only`, those whose keys name the same records."""
    target = led_keys(registry, balance)[only[0]] if only else ""
    for other in registry.balances.values():
        named = [name for name, one in led_keys(registry, other).items() if one == target]
        if other.feeds is None or (only and not named):
            continue
        where = " OR ".join(f'"{name}" IN (SELECT value FROM json_each(?1))' for name in named) if only else "1"
        rows = db.execute(f"SELECT * FROM {other.module} WHERE {where}", (only[1],) if only else ())
        for row in rows:
            values = {name: row[name] for name in registry[other.module].all_names}
            yield from (feed for feed in other.feeds({}, values) if feed.balance == balance.module)


def regroup(work: Work, module: str, ids: Collection[str]) -> None:
    """Puts the balances of records that were merged or unmerged under those who are meant now, what feeds others before
    them."""
    members = json.dumps(sorted(aliases.together(work.db, module, ids)))
    every = [(ledger, balance) for ledger in work.registry.ledgers.values() for balance in ledger.balances]
    for is_fed in (False, True):
        for ledger, balance in every:
            for name, target in led_keys(work.registry, balance).items():
                if target == module and bool(balance.fed) is is_fed:
                    _regroup(work, ledger, balance, (name, members))
        work.flush()


def _regroup(work: Work, ledger: Ledger, balance: Balance, only: tuple[str, str]) -> None:
    asked = (work.db, work.registry, ledger, balance, only)
    found = [fed(*asked)] if balance.fed else summed(*asked)
    wanted = {one.id: one for some in found for one in some}
    sql = f'SELECT * FROM {balance.module} WHERE "{only[0]}" IN (SELECT value FROM json_each(?))'
    stored = [dict(row) for row in work.db.execute(sql, (only[1],))]
    for row in stored:
        if row["id"] not in wanted:
            work.drop(balance.module, row["id"])
    for id, one in wanted.items():
        work.keep(balance.module, id, one.values or {})
    _touch(work, balance, only[0], stored, [one.values or {} for one in wanted.values()])


def _touch(work: Work, balance: Balance, led: str, before: list[Columns], after: list[Columns]) -> None:
    """Has headers worked out anew that show what stands in balances, where more than whom they name is another."""
    if balance.header is None:
        return
    names = [name for name in (*balance.keys, *balance.totals) if name != led]
    counted = [Counter(tuple(row[name] for name in names) for row in rows) for rows in (before, after)]
    places = [names.index(name) for name in balance.header]
    for row in (counted[0] - counted[1]) + (counted[1] - counted[0]):
        module, id = (str(row[place]) for place in places)
        if module in work.registry.documents:
            work.touch_document(module, id)

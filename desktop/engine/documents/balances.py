"""Balances as their entries give them: summed up anew, and under whom they mean where records were merged (T28).

Entries keep the ids their documents name. A balance stands under the winner, so that one party has one of each kind.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import aliases
from ..fields import Ref
from ..ids import derived_id
from .declare import Balance, Columns, Ledger

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
    """Keys that name records which may be merged → their module. What others feed is kept as it was fed."""
    fields = registry[balance.module].fields
    named = ((name, fields.get(name)) for name in balance.keys if not balance.fed)
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


def regroup(work: Work, module: str, ids: Collection[str]) -> None:
    """Puts the balances of records that were merged or unmerged under those who are meant now."""
    members = json.dumps(sorted(aliases.together(work.db, module, ids)))
    for ledger in work.registry.ledgers.values():
        for balance in ledger.balances:
            for name, target in led_keys(work.registry, balance).items():
                if target == module:
                    _regroup(work, ledger, balance, (name, members))


def _regroup(work: Work, ledger: Ledger, balance: Balance, only: tuple[str, str]) -> None:
    wanted = {one.id: one for some in summed(work.db, work.registry, ledger, balance, only) for one in some}
    sql = f'SELECT id FROM {balance.module} WHERE "{only[0]}" IN (SELECT value FROM json_each(?))'
    for (id,) in work.db.execute(sql, (only[1],)).fetchall():
        if id not in wanted:
            work.drop(balance.module, id)
    for id, one in wanted.items():
        work.keep(balance.module, id, one.values or {})

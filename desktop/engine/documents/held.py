"""What records hold in balances, each alone and all together: what whoever merges or splits them is told before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..access import Principal, scope_sql
from ..query import T
from ..rows import labels
from .balances import led_keys
from .declare import Balance, Ledger

if TYPE_CHECKING:
    from ..registry import Registry


def held(
    db: sqlite3.Connection, registry: Registry, principal: Principal, module: str, parts: Sequence[Collection[str]]
) -> list[dict[str, Any]]:
    """{label, rows: [{place, each, below, total}]} for each balance with `told_apart` over records of a module that the
    person may look at. `parts` are the ids that go together: amounts in words, as many as there are parts."""
    return [
        {"label": registry[balance.module].fields[balance.told_apart].label, "rows": rows}
        for ledger, balance, name in _told(registry, principal, module)
        if (rows := list(_rows(db, registry, ledger, balance, name, parts)))
    ]


def _told(registry: Registry, principal: Principal, module: str) -> Iterator[tuple[Ledger, Balance, str]]:
    for ledger in registry.ledgers.values():
        for balance in ledger.balances:
            definition = registry[balance.module]
            names = [name for name, target in led_keys(registry, balance).items() if target == module]
            if not (balance.told_apart and names) or not principal.may("view", balance.module):
                continue
            is_whole = scope_sql(registry, definition, principal, T) is None
            if is_whole and principal.sees(definition.fields[balance.told_apart]):
                yield ledger, balance, names[0]


def _rows(
    db: sqlite3.Connection, registry: Registry, ledger: Ledger, balance: Balance, name: str,
    parts: Sequence[Collection[str]],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Place by place, where there is any."""
    definition = registry[balance.module]
    one = definition.fields[balance.told_apart]
    part_of = {id: at for at, part in enumerate(parts) for id in part}
    sums: dict[tuple[Any, ...], list[int]] = {}
    others = [key for key in balance.keys if key != name]
    for row in _summed(db, ledger, balance, name, others, list(part_of)):
        sums.setdefault(row[1:-1], [0] * len(parts))[part_of[row[0]]] += row[-1]
    known = labels(db, registry, definition, [dict(zip(others, place, strict=True)) for place in sums])
    for place, each in sums.items():
        if any(each):
            words = [definition.fields[key].format(value, known) for key, value in zip(others, place, strict=True)]
            yield {
                "place": " ".join(filter(None, words)), "each": [one.format(amount, {}) for amount in each],
                "below": [amount < 0 for amount in each], "total": one.format(sum(each), {}),
            }  # fmt: skip


def _summed(
    db: sqlite3.Connection, ledger: Ledger, balance: Balance, name: str, others: Sequence[str], ids: Sequence[str]
) -> list[tuple[Any, ...]]:
    """From the entries, which keep the ids that their documents name: balances stand under who is meant."""
    amount = next(amount for amount, told in balance.sums.items() if told == balance.told_apart)
    keys = ", ".join(f'm."{key}"' for key in (name, *others))
    sql = (
        f'SELECT {keys}, COALESCE(sum(m."{amount}"), 0) FROM {ledger.moves} m '
        f'WHERE m."{name}" IN (SELECT value FROM json_each(?)) GROUP BY {keys} ORDER BY {keys}'
    )
    return db.execute(sql, (json.dumps(list(ids)),)).fetchall()

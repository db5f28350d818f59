"""What rules ask for line by line, looked up for all lines at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from .. import aliases
from ..columns import listed
from ..fields import Ref
from .project import living, sums_of

if TYPE_CHECKING:
    import sqlite3

    from sync_server.replication.changeset import Scalar

    from ..registry import Definition, Registry
    from .declare import Balance, Columns, Wanted

Sums = dict[str, int]

_TEXTS = frozenset((str,))


class Foreseen:
    """Answers `Asking.find` and `Asking.balance` in one open transaction, through merges (T28). What was looked up
    ahead holds until anything is written: others cannot write meanwhile, and what is written here makes it void."""

    def __init__(self, db: sqlite3.Connection, registry: Registry) -> None:
        self._db, self._registry = db, registry
        self._sums: dict[tuple[Any, ...], Sums] = {}
        self._rows: dict[tuple[Any, ...], list[Columns]] = {}
        self._ahead: dict[tuple[str, str], dict[str, None]] = {}
        """Values of columns by which rows will be asked for: the first who asks finds those of all."""
        self._changes = db.total_changes
        self._merges: aliases.Meant | None = None

    def meant(self, module: str, id: Any) -> Any:
        """The record that an id means."""
        return self._meant.of(module, id) if id else id

    def every(self, module: str, id: str) -> list[str]:
        """All ids under which it is referred to."""
        return self._meant.every(module, id)

    @property
    def _meant(self) -> aliases.Meant:
        self._forget_what_changed()
        if self._merges is None:
            self._merges = aliases.Meant(self._db, self._registry.mergeable)
        return self._merges

    def through(self, module: str, columns: Mapping[str, Wanted]) -> Mapping[str, Wanted]:
        """What columns have to equal, where a reference also means what was merged with the record it names."""
        led = self._led(self._registry[module], columns)
        if not led:
            return columns
        wanted: dict[str, Wanted] = dict(columns)
        for name, target in led.items():
            given = columns[name]
            named = [given] if isinstance(given, str) else list(given) if isinstance(given, list | tuple) else []
            ids = list(dict.fromkeys(id for one in named for id in self._meant.every(target, one)))
            if ids != named:
                wanted[name] = ids
        return wanted

    def _led(self, definition: Definition, columns: Iterable[str]) -> dict[str, str]:
        """References among columns, to modules in which something was merged."""
        present = self._meant.present
        fields = ((name, definition.fields.get(name)) for name in columns) if present else ()
        return {name: one.target for name, one in fields if isinstance(one, Ref) and one.target in present}

    def balances(self, name: str, keys: Sequence[Mapping[str, Scalar]]) -> None:
        """Looks up balances that will be asked for, all by the same keys; the first of them finds them."""
        self._forget_what_changed()
        balance, names = self._registry.balances[name], tuple(keys[0]) if keys else ()
        wanted = {tuple(one[key] for key in names) for one in keys}
        known = _sums_of_many(self._db, balance, names, wanted) if names else {}
        blank = dict.fromkeys(balance.totals, 0)
        self._sums |= {(name, *zip(names, one, strict=True)): known.get(one, blank) for one in wanted}

    def rows(self, module: str, column: str, values: Iterable[str]) -> None:
        """Says which rows will be asked for by one column alone; the first of them finds them."""
        self._ahead.setdefault((module, column), {}).update(dict.fromkeys(values))

    def _look_ahead(self, module: str, column: str, value: str) -> None:
        """Looks up all that were said together with this value."""
        if value not in self._ahead.get((module, column), ()) or (module, column, value) in self._rows:
            return
        wanted = list(self._ahead.pop((module, column)))
        found = defaultdict(list)
        for row in living(self._db, self._registry[module], {column: wanted}):
            found[row[column]].append(row)
        self._rows |= {(module, column, one): found[one] for one in wanted}

    def sums(self, name: str, keys: Mapping[str, Wanted]) -> Sums:
        """The sums of all balances with these keys."""
        keys = self._standing(name, keys)
        known = self._sums.get((name, *keys.items())) if self._sums and self._are_plain(keys) else None
        return sums_of(self._db, self._registry.balances[name], keys) if known is None else dict(known)

    def _standing(self, name: str, keys: Mapping[str, Wanted]) -> Mapping[str, Wanted]:
        """The keys of a balance as it stands: under who is meant."""
        led = self._led(self._registry[name], keys)
        meant = {one: self._meant.of(target, id) for one, target in led.items() if isinstance(id := keys[one], str)}
        return {**keys, **meant} if meant else keys

    def found(self, module: str, columns: Mapping[str, Wanted]) -> list[Columns]:
        """The live rows whose columns are as wanted, the latest first."""
        columns = self.through(module, columns)
        known = None
        if len(columns) == 1 and self._are_plain(columns):
            ((column, value),) = columns.items()
            self._look_ahead(module, column, str(value))
            known = self._rows.get((module, column, value))
        return living(self._db, self._registry[module], columns) if known is None else [dict(row) for row in known]

    @staticmethod
    def _are_plain(wanted: Mapping[str, Wanted]) -> bool:
        return _TEXTS.issuperset(map(type, wanted.values()))

    def _forget_what_changed(self) -> None:
        if self._changes != self._db.total_changes:
            self._sums.clear()
            self._rows.clear()
            self._merges = None
            self._changes = self._db.total_changes


def _sums_of_many(
    db: sqlite3.Connection, balance: Balance, names: tuple[str, ...], wanted: Iterable[tuple[Scalar, ...]]
) -> dict[tuple[Scalar, ...], Sums]:
    """The sums by keys, of those that are there."""
    leading = listed({str(one[0]) for one in wanted})
    totals, width = balance.totals, len(names)
    found = db.execute(_sql(balance.module, totals, names), (leading,)).fetchall()
    return {tuple(row[:width]): dict(zip(totals, row[width:], strict=True)) for row in found}


@cache
def _sql(module: str, totals: tuple[str, ...], names: tuple[str, ...]) -> str:
    keys = ", ".join(f'"{name}"' for name in names)
    sums = ", ".join(f'COALESCE(sum("{name}"), 0)' for name in totals)
    return (
        f"SELECT {keys}, {sums} FROM {module} WHERE deleted_at IS NULL "
        f'AND "{names[0]}" IN (SELECT value FROM json_each(?)) GROUP BY {keys}'
    )

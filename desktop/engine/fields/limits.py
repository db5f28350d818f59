"""Limits of what is kept of a thing: place by place, else for all places together; and whether it keeps to them.

Nothing is stored: limits and amounts change one without the other, on different machines.
"""

from dataclasses import dataclass
from typing import ClassVar

from ..meant import every, meant
from .base import CHOICE_OPERATORS, FieldError, Sql, Value, Where, any_of
from .enumeration import Enum
from .quantity import Quantity
from .unstored import Unstored

LOW, HIGH, NORMAL = "low", "high", "normal"


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Where the limits of the rows of `table` stand, which are of a thing at a place (`thing`, `place`).

    `own` is the module of limits of one place, with references of the same names; the newest of several counts. What
    has none there goes by those of the thing itself (`common`), which hold for all its places together. `least` and
    `most` are their columns; `short` is the amount that is not below the one, `held` the one not above the other.
    """

    table: str
    thing: str
    place: str
    own: str
    common: str
    least: str
    most: str
    short: str
    held: str

    def judged(self, limits: str, short: str, held: str) -> str:
        """What a row is, as SQL; blank where nothing limits it."""
        least, most = f'{limits}."{self.least}"', f'{limits}."{self.most}"'
        return (
            f"CASE WHEN {short} < {least} THEN '{LOW}' WHEN {held} > {most} THEN '{HIGH}' "
            f"WHEN {self._limited(limits)} THEN '{NORMAL}' END"
        )

    def _limited(self, limits: str, kind: str = NORMAL) -> str:
        """Limits that can make a row what it is to be."""
        said = {LOW: (self.least,), HIGH: (self.most,), NORMAL: (self.least, self.most)}[kind]
        return "(" + " OR ".join(f'{limits}."{name}" IS NOT NULL' for name in said) + ")"

    def newest(self, limits: str, merged: frozenset[str]) -> str:
        """Of the limits of one place, those that count: of things that are one, its own before those of others."""
        is_one = self.common in merged
        same = (
            f"{self._meant('n')} = {self._meant(limits)}" if is_one else f'n."{self.thing}" = {limits}."{self.thing}"'
        )
        rank, own = (
            f"{f'{one}.{self.thing} = {self._meant(one)}, ' if is_one else ''}{one}.updated_at, {one}.id"
            for one in ("n", limits)
        )
        return (
            f"{limits}.deleted_at IS NULL AND {self._limited(limits)} AND NOT EXISTS (SELECT 1 FROM {self.own} n "
            f'WHERE {same} AND n."{self.place}" = {limits}."{self.place}" AND n.deleted_at IS NULL '
            f"AND {self._limited('n')} AND ({rank}) > ({own}))"
        )

    def _meant(self, limits: str) -> str:
        return meant((self.common,), f'{limits}."{self.thing}"')

    def _of(self, limits: str, thing: str, merged: frozenset[str]) -> str:
        """Limits of a thing that is not merged into another."""
        same = f"IN {every(self.common, thing)}" if self.common in merged else f"= {thing}"
        return f'{limits}."{self.thing}" {same}'

    def own_limits(self, merged: frozenset[str]) -> str:
        """(thing, place, least, most) of some things, place by place."""
        return (
            f'SELECT p.value, l."{self.place}", l."{self.least}", l."{self.most}" FROM json_each(?) p '
            f"CROSS JOIN {self.own} l ON {self._of('l', 'p.value', merged)} WHERE {self.newest('l', merged)}"
        )

    def common_limits(self) -> str:
        """(thing, least, most, short, held) of some things, over all places."""
        sums = f'(SELECT sum("{{}}") FROM {self.table} s WHERE s."{self.thing}" = p.id AND s.deleted_at IS NULL)'
        return (
            f'SELECT p.id, p."{self.least}", p."{self.most}", {sums.format(self.short)}, {sums.format(self.held)} '
            f"FROM {self.common} p WHERE p.id IN (SELECT value FROM json_each(?)) AND p.deleted_at IS NULL "
            f"AND {self._limited('p')}"
        )

    def told(self, row: str, merged: frozenset[str]) -> str:
        """What a row is, as SQL that looks at it alone: for what holds of most rows."""
        short, held = f'{row}."{self.short}"', f'{row}."{self.held}"'
        thing = f'{row}."{self.thing}"'
        same = f'{self._of("l", thing, merged)} AND l."{self.place}" = {row}."{self.place}"'
        newest = self.newest("l", merged)
        own = f"SELECT {self.judged('l', short, held)} FROM {self.own} l WHERE {same} AND {newest}"
        sums = (
            f'SELECT sum(s."{self.short}") AS short, sum(s."{self.held}") AS held FROM {self.table} s '
            f'WHERE s."{self.thing}" = {row}."{self.thing}" AND s.deleted_at IS NULL'
        )
        common = (
            f"SELECT {self.judged('p', 'm.short', 'm.held')} FROM {self.common} p, ({sums}) m "
            f'WHERE p.id = {row}."{self.thing}" AND p.deleted_at IS NULL AND {self._limited("p")}'
        )
        return f"COALESCE(({own}), ({common}))"

    def rows(self, kind: str, merged: frozenset[str]) -> str:
        """Row numbers of what is of a kind: limits lead to their rows, so few limits are few steps. For what holds of
        few rows."""
        thing = self._meant("l") if self.common in merged else f'l."{self.thing}"'
        places = f'b."{self.thing}" = {thing} AND b."{self.place}" = l."{self.place}"'
        of = self._of("l", f'b."{self.thing}"', merged)
        short, held = f'b."{self.short}"', f'b."{self.held}"'
        own = (
            f"SELECT b.row FROM {self.own} l CROSS JOIN {self.table} b ON {places} AND b.deleted_at IS NULL "
            f"WHERE {self._limited('l', kind)} AND {self.newest('l', merged)} "
            f"AND {self.judged('l', short, held)} = '{kind}'"
        )
        sums = (
            f'SELECT p.id, p."{self.least}", p."{self.most}", sum(s."{self.short}") AS short, '
            f'sum(s."{self.held}") AS held FROM {self.common} p CROSS JOIN {self.table} s ON s."{self.thing}" = p.id '
            f"AND s.deleted_at IS NULL WHERE {self._limited('p', kind)} AND p.deleted_at IS NULL GROUP BY p.id"
        )
        common = (
            f'SELECT b.row FROM ({sums}) p CROSS JOIN {self.table} b ON b."{self.thing}" = p.id '
            f"AND b.deleted_at IS NULL WHERE {self.judged('p', 'p.short', 'p.held')} = '{kind}' "
            f'AND NOT EXISTS (SELECT 1 FROM {self.own} l WHERE {of} AND l."{self.place}" = b."{self.place}" '
            f"AND l.deleted_at IS NULL "
            f"AND {self._limited('l')})"
        )
        return f"{own} UNION ALL {common}"


def kind_of(least: int | None, most: int | None, short: int, held: int) -> str | None:
    """The same as `Bounds.judged`."""
    if least is not None and short < least:
        return LOW
    if most is not None and held > most:
        return HIGH
    return None if least is None and most is None else NORMAL


@dataclass(frozen=True, kw_only=True)
class Bounded(Unstored):
    """What limits say of a row."""

    bounds: Bounds


@dataclass(frozen=True, kw_only=True)
class LimitOf(Bounded, Quantity):
    """The limit that holds for a row: `most`, else the least."""

    is_most: bool = False

    type: ClassVar[str] = "quantity"


@dataclass(frozen=True, kw_only=True)
class WithinLimits(Bounded, Enum):
    """Whether a row keeps to its limits."""

    type: ClassVar[str] = "enum"
    operators: ClassVar[tuple[str, ...]] = CHOICE_OPERATORS

    def is_empty(self, where: Where) -> Sql:
        return Sql(f"{self.bounds.told(where.table, where.merged)} IS NULL")

    def compare(self, op: str, raw: Value, where: Where) -> Sql:
        value = self.parse(raw)
        if value is None:
            raise FieldError(f"请填写「{self.label}」要比较的值")
        return (
            self._of(value, where)
            if op == "eq"
            else Sql(f"{self.bounds.told(where.table, where.merged)} IS NOT ?", (value,))
        )

    def quick(self, text: str, where: Where) -> Sql:
        return any_of([self._of(value, where) for value, label in self.options.items() if text.strip() in label])

    def _of(self, value: str, where: Where) -> Sql:
        if value == NORMAL or where.is_walked:
            return Sql(f"{self.bounds.told(where.table, where.merged)} = ?", (value,))
        return Sql(f"{where.table}.row IN ({self.bounds.rows(value, where.merged)})")

"""What the rows of another module that point at a record come to. Nothing is stored: it is as they are when it is
looked at, for whoever may look at them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ..meant import every
from .money import Money
from .price import Price
from .quantity import Quantity
from .unstored import Unstored


@dataclass(frozen=True, kw_only=True)
class TallyOf(Unstored):
    """`table` is the module that points here by `by`; its rows with the values in `only` count."""

    table: str
    by: str
    only: Mapping[str, str] = field(default_factory=dict)

    @property
    def sums(self) -> tuple[str, ...]:
        """Its columns that are summed up; none where `sql` asks for something else than sums."""
        return ()

    def figure(self, sums: Sequence[int]) -> int | None:
        """What the sums say."""
        return sums[0]

    def sql(self, merged: str = "") -> str:
        """Record and sums, of some records; of the module `merged`, with what was merged into them."""
        if merged:
            sums = ", ".join(f'sum(s."{name}")' for name in self.sums)
            return (
                f"SELECT p.value, {sums} FROM json_each(?) p CROSS JOIN {self.table} s "
                f'ON s."{self.by}" IN {every(merged, "p.value")} AND s.deleted_at IS NULL{self._only} GROUP BY 1'
            )
        sums = ", ".join(f'sum("{name}")' for name in self.sums)
        return (
            f'SELECT "{self.by}", {sums} FROM {self.table} '
            f'WHERE "{self.by}" IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL{self._only} GROUP BY 1'
        )

    @property
    def _only(self) -> str:
        return "".join(f' AND +"{name}" = ?' for name in self.only)


@dataclass(frozen=True, kw_only=True)
class _SumOf(TallyOf):
    of: str

    @property
    def sums(self) -> tuple[str, ...]:
        return (self.of,)


@dataclass(frozen=True, kw_only=True)
class QuantityOf(_SumOf, Quantity):
    """A quantity: `of` is the column that is summed up."""

    type: ClassVar[str] = "quantity"


@dataclass(frozen=True, kw_only=True)
class MoneyOf(_SumOf, Money):
    """An amount in 分."""

    type: ClassVar[str] = "money"


@dataclass(frozen=True, kw_only=True)
class PriceOf(TallyOf, Price):
    """A price that `work_out` gives from the sums of the columns in `of`."""

    of: tuple[str, ...]
    work_out: Callable[[Mapping[str, int]], int | None]

    type: ClassVar[str] = "price"

    @property
    def sums(self) -> tuple[str, ...]:
        return self.of

    def figure(self, sums: Sequence[int]) -> int | None:
        return self.work_out(dict(zip(self.of, (one or 0 for one in sums), strict=True)))


@dataclass(frozen=True, kw_only=True)
class NewestPrice(TallyOf, Price):
    """The price `of` the newest row by `on`, for one unit of `per`."""

    of: str
    on: str
    per: str

    type: ClassVar[str] = "price"

    def sql(self, merged: str = "") -> str:
        same = f"IN {every(merged, 'p.value')}" if merged else "= p.value"
        per = f'COALESCE("{self.per}", 10000)'
        newest = (
            f'SELECT ("{self.of}" * 10000 + {per} / 2) / {per} FROM {self.table} '
            f'WHERE "{self.by}" {same} AND deleted_at IS NULL AND "{self.of}" > 0{self._only} '
            f'ORDER BY "{self.on}" DESC, id DESC LIMIT 1'
        )
        return f"WITH p AS MATERIALIZED (SELECT value FROM json_each(?)) SELECT p.value, ({newest}) FROM p"

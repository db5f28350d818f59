"""The balance behind an entry of a ledger: what all entries about the same come to up to it, in the order of the list.

Nothing is stored here: an entry that arrives late from another machine moves every balance behind it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .date import Date
from .money import Money
from .price import Price
from .quantity import Quantity
from .rate import Rate
from .unstored import Unstored


@dataclass(frozen=True, kw_only=True)
class Running(Unstored):
    """`of` is the amount that is summed up, `by` what entries about the same have in common, first what tells most
    of them apart."""

    of: str
    by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunningMoney(Running, Money):
    """A balance in 分."""


@dataclass(frozen=True, kw_only=True)
class RunningQuantity(Running, Quantity):
    """A quantity on hand."""


@dataclass(frozen=True, kw_only=True)
class PricePooled(Unstored, Price):
    """A price that all rows with the same values in `by` have together: `work_out` gives it from the `sums` over them.
    Where a setting says so (`apart`: its key and value), rows that differ in one more column have one each."""

    sums: tuple[str, ...]
    by: tuple[str, ...]
    work_out: Callable[[Mapping[str, int]], int | None]
    apart: tuple[str, object, str] | None = None


@dataclass(frozen=True, kw_only=True)
class RateAgainst(Unstored, Rate):
    """A rate that `work_out` gives from a row and the `sums` over the rows of `table` that have in `by` what the row
    has there."""

    table: str
    by: str
    sums: tuple[str, ...]
    work_out: Callable[[Mapping[str, Any], Mapping[str, int]], int | None]


@dataclass(frozen=True, kw_only=True)
class NewestDay(Unstored, Date):
    """The last day `of` the rows of `table` that have in `by` what a row has there."""

    table: str
    by: tuple[str, ...]
    of: str

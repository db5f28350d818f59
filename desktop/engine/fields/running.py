"""The balance behind an entry of a ledger: what all entries about the same come to up to it, in the order of the list.

Nothing is stored here: an entry that arrives late from another machine moves every balance behind it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .money import Money
from .price import Price
from .quantity import Quantity
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

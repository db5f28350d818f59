"""T15: how much a customer would owe with this document, and whether that is let through. All amounts in 分."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .rounding import divided

Check = Literal["off", "warn", "block"]
"""The setting `credit.check`."""


@dataclass(frozen=True)
class Standing:
    """What the books say of a customer before this document is posted."""

    receivable: int
    advance_in: int
    undelivered: int
    """Of all open posted orders, see `undelivered`."""
    overdue_days: int = 0
    """Of the document that is overdue the longest; 0 when none is."""


@dataclass(frozen=True)
class Verdict:
    """`over` is what lies above the limit (分, 0 when within); both reasons may hold at once."""

    answer: Literal["pass", "warn", "block"]
    over: int
    is_overdue: bool


def undelivered(lines: Iterable[tuple[int, int, int]]) -> int:
    """The amount still to be delivered of order lines given as (remaining, ordered, net_amount)."""
    return sum(divided(net * remaining, ordered) for remaining, ordered, net in lines if ordered)


def exposure(standing: Standing, *, total: int, paid: int, delivers: int, count_orders: bool) -> int:
    """What the customer would owe with a document of `total` of which `paid` is paid at once.

    `delivers` is the part of `standing.undelivered` that this document delivers; it would else count twice.
    """
    orders = standing.undelivered - delivers if count_orders else 0
    return standing.receivable - standing.advance_in + orders + total - paid


def verdict(
    exposed: int,
    *,
    limit: int | None,
    overdue_days: int,
    overdue_days_max: int,
    check: Check,
    may_exceed: bool,
) -> Verdict:
    """Limit None = unlimited, 0 = cash only; exactly the limit passes. `overdue_days_max` 0 = not asked for.

    `may_exceed` is the right `over_credit`, which turns block into warn.
    """
    over = 0 if limit is None else max(exposed - limit, 0)
    is_overdue = 0 < overdue_days_max < overdue_days
    if check == "off" or not (over or is_overdue):
        return Verdict("pass", over, is_overdue)
    return Verdict("warn" if may_exceed else check, over, is_overdue)

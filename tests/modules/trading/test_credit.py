"""Credit check (T15, G11)."""

from __future__ import annotations

import pytest

from desktop.modules.trading.credit import Check, Standing, Verdict, exposure, undelivered, verdict
from tests.modules.trading.kit import fen, n4

STANDING = Standing(receivable=fen(6000), advance_in=fen(500), undelivered=fen(2000))


def exposed(total: str | int, paid: int = 500, delivers: int = 0, count_orders: bool = True) -> int:
    return exposure(STANDING, total=fen(total), paid=fen(paid), delivers=fen(delivers), count_orders=count_orders)


def judged(
    amount: int,
    limit: int | None = fen(10000),
    *,
    overdue: int = 0,
    overdue_max: int = 0,
    check: Check = "warn",
    may_exceed: bool = False,
) -> Verdict:
    return verdict(
        amount,
        limit=limit,
        overdue_days=overdue,
        overdue_days_max=overdue_max,
        check=check,
        may_exceed=may_exceed,
    )


def test_g11_exactly_the_limit_passes_and_a_fen_more_does_not() -> None:
    assert exposed(3000) == fen(10000)
    assert judged(exposed(3000)) == Verdict("pass", 0, False)
    assert judged(exposed("3000.01")) == Verdict("warn", 1, False)
    assert judged(exposed("3000.01"), check="block") == Verdict("block", 1, False)


def test_g11_a_delivered_order_counts_once_and_orders_may_count_not_at_all() -> None:
    assert exposed(3000, delivers=2000) == fen(8000)
    assert exposed(3000, count_orders=False) == fen(8000)
    assert exposed(3000, delivers=2000, count_orders=False) == fen(8000)


def test_g11_limit_zero_is_cash_only() -> None:
    fresh = Standing(receivable=0, advance_in=fen(100), undelivered=0)

    def sells(total: int, paid: int) -> str:
        amount = exposure(fresh, total=fen(total), paid=fen(paid), delivers=0, count_orders=True)
        return judged(amount, 0, check="block").answer

    assert (sells(500, 500), sells(100, 0), sells(101, 0)) == ("pass", "pass", "block")


def test_no_limit_is_unlimited() -> None:
    assert judged(10**12, None, check="block").answer == "pass"


@pytest.mark.parametrize(
    ("check", "may_exceed", "expected"),
    [
        ("off", False, "pass"),
        ("warn", False, "warn"),
        ("block", False, "block"),
        ("block", True, "warn"),
        ("warn", True, "warn"),
    ],
)
def test_the_setting_and_the_right_decide(check: Check, may_exceed: bool, expected: str) -> None:
    assert judged(fen(10001), check=check, may_exceed=may_exceed).answer == expected


@pytest.mark.parametrize(("days", "most", "expected"), [(31, 30, "block"), (30, 30, "pass"), (31, 0, "pass")])
def test_a_document_long_overdue_counts_like_the_limit(days: int, most: int, expected: str) -> None:
    assert judged(0, overdue=days, overdue_max=most, check="block").answer == expected


def test_g9_undelivered_amount() -> None:
    assert undelivered([(n4(10), n4(10), fen(195))]) == fen(195)
    assert undelivered([(n4(6), n4(10), fen(195))]) == fen(117)
    assert undelivered([(0, n4(10), fen(195))]) == 0
    # rounded line by line: 0.005 twice is 0.02
    assert undelivered([(1, 2, 1), (1, 2, 1), (0, 0, 5)]) == 2

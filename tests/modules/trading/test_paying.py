"""Money on the document itself (T11, G9, G19)."""

from __future__ import annotations

import pytest

from desktop.modules.trading.paying import change, deposit_offered, paid_refusals
from tests.modules.trading.kit import fen


def refused(total: int, paid: int, *, advance: int = 0, off: int = 0, in_full: bool = False) -> list[str]:
    found = [
        *paid_refusals(total=fen(total), paid=fen(paid), advance_used=fen(advance), write_off=fen(off), in_full=in_full)
    ]
    assert all(refusal.field == "paid_amount" for refusal in found)
    return [refusal.code for refusal in found]


def test_g19_retail_is_paid_in_full() -> None:
    assert not refused(86, 86, in_full=True)
    assert not refused(86, 85, off=1, in_full=True)
    assert refused(86, 80, in_full=True) == ["not-paid-in-full"]
    assert change(fen(100), fen(86)) == fen(14)


def test_nothing_is_paid_beyond_the_total() -> None:
    assert not refused(100, 0)
    assert not refused(100, 50, advance=50)
    assert refused(100, 60, advance=41) == ["paid-too-much"]


@pytest.mark.parametrize(
    ("deposit", "used", "total", "expected"), [(50, 0, 78, 50), (50, 0, 30, 30), (50, 50, 117, 0), (50, 60, 117, 0)]
)
def test_g9_a_delivery_uses_what_is_left_of_the_deposit(deposit: int, used: int, total: int, expected: int) -> None:
    assert deposit_offered(fen(deposit), fen(used), fen(total)) == fen(expected)

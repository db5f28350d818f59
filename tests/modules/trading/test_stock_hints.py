"""Stock suggestions (P2, G22)."""

from __future__ import annotations

import pytest

from desktop.modules.trading.stock_hints import StockHint, stock_hint
from tests.modules.trading.kit import n4


def hint(on_hand: int, available: int, projected: int, low: int | None, high: int | None) -> StockHint:
    return stock_hint(
        on_hand=n4(on_hand),
        available=n4(available),
        projected=n4(projected),
        stock_min=None if low is None else n4(low),
        stock_max=None if high is None else n4(high),
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (hint(25, 15, 45, 20, 100), StockHint(True, False, n4(55))),
        (hint(25, 15, 45, 20, None), StockHint(True, False, 0)),
        (hint(10, 10, 10, 20, None), StockHint(True, False, n4(10))),
        (hint(120, 110, 140, 20, 100), StockHint(False, True, 0)),
        (hint(100, 100, 100, 20, 100), StockHint(False, False, 0)),
        (hint(20, 20, 20, 20, None), StockHint(False, False, 0)),
        (hint(-3, -8, -8, None, 100), StockHint(False, False, n4(108))),
        (hint(-3, -8, -8, None, None), StockHint(False, False, 0)),
    ],
)
def test_hints(found: StockHint, expected: StockHint) -> None:
    assert found == expected

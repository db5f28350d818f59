"""Rounding and sharing (modules.md 0.2, T2)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.modules.trading.rounding import divided, shared

SIZES = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (5, 10, 1),
        (-5, 10, -1),
        (4, 10, 0),
        (-4, 10, 0),
        (15, 10, 2),
        (25, 10, 3),
        (5, -10, -1),
        (-5, -10, 1),
        (0, -7, 0),
    ],
)
def test_a_tie_goes_away_from_zero(numerator: int, denominator: int, expected: int) -> None:
    assert divided(numerator, denominator) == expected


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_it_rounds_as_decimal_does(numerator: int, denominator: int) -> None:
    exact = (Decimal(numerator) / denominator).quantize(Decimal(1), ROUND_HALF_UP)
    assert divided(numerator, denominator) == exact


@pytest.mark.parametrize(
    ("total", "weights", "expected"),
    [
        (10, [1000, 1000, 1000], [4, 3, 3]),
        (11, [1000, 1000, 1000], [4, 4, 3]),
        (0, [5, 5], [0, 0]),
        (7, [], []),
        (7, [0, 0], [0, 0]),
        (7, [0, 3, -2], [0, 7, 0]),
        (1, [1, 2, 1], [0, 1, 0]),
    ],
)
def test_shares(total: int, weights: list[int], expected: list[int]) -> None:
    assert shared(total, weights) == expected


@given(st.lists(SIZES, min_size=1, max_size=30), st.data())
def test_shares_add_up_and_stay_within_their_weights(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    shares = shared(total, weights)
    assert sum(shares) == total
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=30), SIZES)
def test_no_share_is_a_whole_fen_off(weights: list[int], total: int) -> None:
    whole = sum(weights)
    for share, weight in zip(shared(total, weights), weights, strict=True):
        assert abs(share * whole - total * weight) < whole

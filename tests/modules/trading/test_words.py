"""人民币大写."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.modules.trading.words import LIMIT, in_words
from tests.modules.trading.kit import fen


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("0.55", "伍角伍分"),
        ("1", "壹元整"),
        ("10", "壹拾元整"),
        ("10.05", "壹拾元零伍分"),
        ("100.50", "壹佰元伍角整"),
        ("1001", "壹仟零壹元整"),
        ("1010", "壹仟零壹拾元整"),
        ("1234.50", "壹仟贰佰叁拾肆元伍角整"),
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("100005", "壹拾万零伍元整"),
        ("20000000", "贰仟万元整"),
        ("100100000", "壹亿零壹拾万元整"),
        ("100000001", "壹亿零壹元整"),
        ("1000000000000", "壹万亿元整"),
        ("1000100000000", "壹万零壹亿元整"),
        ("-86", "负捌拾陆元整"),
        ("-0.01", "负壹分"),
    ],
)
def test_words(amount: str, expected: str) -> None:
    assert in_words(fen(amount)) == expected


@given(st.integers(1 - LIMIT, LIMIT - 1) | st.integers(-(10**6), 10**6))
def test_words_read_back(amount: int) -> None:
    words = in_words(amount)
    assert read(words) == amount
    assert "零零" not in words
    assert words.endswith(("整", "分"))


def test_no_words_for_amounts_nobody_has() -> None:
    with pytest.raises(ValueError, match="no words"):
        in_words(LIMIT)


def read(words: str) -> int:
    """The 分 that such words say."""
    sign = -1 if words.startswith("负") else 1
    yuan, mark, rest = words.removeprefix("负").removesuffix("整").partition("元")
    if not mark:
        yuan, rest = "", yuan
    cents = 0
    for name, size in (("角", 10), ("分", 1)):
        digit, mark, after = rest.partition(name)
        if mark:
            cents, rest = cents + _digit(digit[-1]) * size, after
    return sign * (_number(yuan) * 100 + cents)


def _number(words: str) -> int:
    for name, size in (("亿", 10**8), ("万", 10**4)):
        high, mark, low = words.rpartition(name)
        if mark:
            return _number(high) * size + _number(low)
    total = digit = 0
    for char in words:
        if char in "拾佰仟":
            total, digit = total + digit * 10 ** ("拾佰仟".index(char) + 1), 0
        else:
            digit = _digit(char)
    return total + digit


def _digit(char: str) -> int:
    return "零壹贰叁肆伍陆柒捌玖".index(char)

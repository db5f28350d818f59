"""Exact numbers: what is shown can be read again, and nothing is lost on the way to a sum. Found by chance."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.engine.adjusting import WHOLE, Formula
from desktop.engine.fields import FieldError, Int, Money, Price, Quantity, Rate
from desktop.engine.fields.integer import INTEGER_MAX

KINDS = [
    Int("数"),
    Money("额"),
    Price("价"),
    Quantity("量"),
    Rate("率"),
    Price("价", decimals=4),
    Quantity("量", decimals=2),
]
stored = st.integers(-INTEGER_MAX, INTEGER_MAX)


@pytest.mark.parametrize("one", KINDS, ids=lambda one: f"{one.type}{one.decimals}")
@given(value=stored)
def test_what_is_shown_is_read_again_as_the_same_number(one: Int, value: int) -> None:
    assert one.read(one.format(value, {})) == value
    assert one.read(one.export(value, {})) == value  # type: ignore[arg-type]
    assert one.parse(value) == value == one.parse(str(value))


@pytest.mark.parametrize("one", KINDS, ids=lambda one: f"{one.type}{one.decimals}")
@given(values=st.lists(stored, max_size=30))
def test_the_sum_of_what_is_shown_is_what_the_sum_shows(one: Int, values: list[int]) -> None:
    total = sum(values)
    assert sum((one.decimal(value) for value in values), Decimal()) == Decimal(total).scaleb(-one.scale)


@given(value=stored)
def test_below_zero_stands_a_minus_that_is_no_hyphen(value: int) -> None:
    assert Money("额").format(value, {}).startswith("−") == (value < 0)
    assert "-" not in Money("额").format(value, {})


@given(text=st.text("0123456789.,-−+（）()％% ¥￥元万１２３４５．，", max_size=12))
def test_no_text_makes_a_float_or_another_error(text: str) -> None:
    for one in KINDS:
        try:
            assert isinstance(one.read(text), int | None)
        except FieldError as error:
            assert one.label in str(error)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("1,234.50", 123450),
        ("１２．５", 1250),
        ("¥12.5", 1250),
        ("（3.00）", -300),
        ("−0.05", -5),
        ("", None),
        ("12.5元", 1250),
    ],
)
def test_amounts_are_read_as_people_write_them(written: str, kept: int | None) -> None:
    assert Money("额").read(written) == kept


@pytest.mark.parametrize("written", ["12.345", "1,23", "十二", "1.2.3", "NaN", "1e5", "Infinity"])
def test_what_is_no_amount_is_refused_at_its_field(written: str) -> None:
    with pytest.raises(FieldError, match="额"):
        Money("额").read(written)


# ------------------------------------------------------------------ worked out prices


@given(
    value=st.integers(0, 10**12), rate=st.integers(0, 10**8), amount=st.integers(-(10**10), 10**10),
    step=st.sampled_from((100, 1_000, 10_000)),
)  # fmt: skip
def test_a_worked_out_price_is_the_exact_one_rounded_half_up(value: int, rate: int, amount: int, step: int) -> None:
    exact = (Decimal(value) * rate / WHOLE + amount) / step
    rounded = int(exact.quantize(Decimal(1), ROUND_HALF_UP)) * step
    assert Formula("a", "b", rate, amount, step).of(value) == rounded


@given(value=st.integers(-(10**12), 10**12), step=st.sampled_from((100, 1_000, 10_000)))
def test_rounding_a_worked_out_price_again_changes_nothing(value: int, step: int) -> None:
    formula = Formula("a", "a", WHOLE, 0, step)
    assert formula.of(formula.of(value)) == formula.of(value)
    assert formula.of(-value) == -formula.of(value)

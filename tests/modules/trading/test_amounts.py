"""Amounts of documents: T1–T4 and the shares of T6.8."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.modules.trading.amounts import (
    Amounts,
    derive,
    derive_purchase,
    discount_refusals,
    small_change,
    unit_price,
)
from tests.modules.trading.kit import fen, line, n4


def column(found: Amounts, name: str) -> list[int | None]:
    return [row[name] for row in found.lines]


def only(row: dict[str, Any], *, tax_included: bool = True) -> dict[str, int | None]:
    (found,) = derive({}, [row], tax_included=tax_included).lines
    return found


def test_g1_line_rounding_discount_share_and_tax() -> None:
    rate = n4(13)
    lines = [
        line(3, "3.335", line_no=1, tax_rate=rate),
        line(7, "12.5", line_no=2, tax_rate=rate, discount_rate=n4(90)),
        line(1, "0.99", line_no=3, tax_rate=rate),
    ]
    found = derive({"discount_amount": fen(10)}, lines, tax_included=True)
    assert column(found, "amount") == [1001, 7875, 99]
    assert column(found, "share_amount") == [112, 877, 11]
    assert column(found, "net_amount") == [889, 6998, 88]
    assert column(found, "ex_tax_amount") == [787, 6193, 78]
    assert column(found, "tax_amount") == [102, 805, 10]
    assert found.header == {"goods_amount": 7975, "tax_amount": 917, "total": 7975}


def test_g1_a_tie_goes_to_the_smaller_line_number_wherever_the_line_stands() -> None:
    lines = [line(1, 10, line_no=number, id=f"l{number}") for number in (3, 1, 2)]
    assert column(derive({"discount_amount": 10}, lines, tax_included=True), "share_amount") == [3, 4, 3]


def test_equal_line_numbers_are_told_apart_by_id() -> None:
    lines = [line(1, 10, line_no=1, id=id) for id in "ba"]
    assert column(derive({"discount_amount": 1}, lines, tax_included=True), "share_amount") == [0, 1]


def test_tax_on_top_goes_into_the_total_and_so_do_charges() -> None:
    lines = [line(1, "10.01", tax_rate=n4(13)), line(2, 5, tax_rate=n4(6))]
    found = derive({"charge_amount": fen(8)}, lines, tax_included=False)
    assert column(found, "tax_amount") == [130, 60]
    assert column(found, "gross_amount") == [1131, 1060]
    assert column(found, "ex_tax_amount") == [1001, 1000]
    assert found.header == {"goods_amount": 2001, "tax_amount": 190, "total": 1131 + 1060 + 800}


def test_a_typed_amount_stays_and_decides_the_price() -> None:
    found = only(line(3, None, amount=fen(10), is_amount_typed=True))
    assert (found["amount"], found["price"]) == (1000, 33333)
    found = only(line(3, "9.99", amount=fen(10), is_amount_typed=True, discount_rate=n4(90)))
    assert (found["amount"], found["price"]) == (1000, 37037)


def test_a_typed_amount_over_nothing_leaves_the_price_alone() -> None:
    assert only(line(0, 5, amount=fen(10), is_amount_typed=True))["price"] == n4(5)
    free = line(1, None, amount=fen(10), is_amount_typed=True, discount_rate=0)
    assert only(free)["price"] is None


def test_an_amount_typed_and_cleared_again_is_calculated() -> None:
    found = only(line(2, 5, amount=None, is_amount_typed=True))
    assert (found["amount"], found["is_amount_typed"]) == (1000, False)
    # Else the 0 of a blank price would pass for a typed one, and unknown for free of charge.
    assert only(line(2, None, amount=None, is_amount_typed=True))["is_amount_typed"] is False


def test_an_amount_that_was_not_typed_is_calculated_anew() -> None:
    assert only(line(2, 5, amount=1))["amount"] == 1000


def test_a_line_shows_what_its_discount_takes_off() -> None:
    found = only(line(7, "12.5", discount_rate=n4(90)))
    assert (found["list_amount"], found["amount"]) == (8750, 7875)


def test_an_empty_line_and_an_empty_document_are_worth_nothing() -> None:
    found = only({"qty": None, "price": None})
    assert found["price"] is None
    assert {name: value for name, value in found.items() if name != "price" and value} == {}
    assert derive({"discount_amount": 5}, [], tax_included=True).header == {
        "goods_amount": 0,
        "tax_amount": 0,
        "total": 0,
    }


def test_g18_units() -> None:
    assert only(line(2, 60, ratio=n4(12)))["base_qty"] == n4(24)
    assert only(line("0.3333", 1, ratio=n4("0.5")))["base_qty"] == 1667  # 0.16665 rounded up
    assert unit_price(n4(5), n4(12)) == n4(60)
    assert unit_price(n4(5), n4(12), n4(58)) == n4(58)
    assert unit_price(n4(5), n4(12), 0) == 0
    assert unit_price(None, n4(12)) is None


def test_g18_fees_by_amount_by_quantity_and_not_at_all() -> None:
    lines = [line(100, 5, line_no=1), line(50, 6, line_no=2)]

    def fees(share: str | None) -> list[int | None]:
        header = {"fee_amount": fen("33.33"), "fee_share": share}
        return column(derive_purchase(header, lines, tax_included=True), "fee_amount")

    assert fees("amount") == fees(None) == [2083, 1250]
    assert fees("quantity") == [2222, 1111]
    assert fees("none") == [0, 0]


def test_fees_are_no_part_of_the_total_but_charges_are() -> None:
    found = derive_purchase({"fee_amount": 500, "charge_amount": 300}, [line(1, 10)], tax_included=True)
    assert found.header["total"] == 1300
    assert (found.lines[0]["fee_amount"], found.lines[0]["charge_amount"]) == (500, 300)


def test_a_line_of_unknown_cost_takes_no_share_of_fees() -> None:
    lines = [line(1, None, line_no=1), line(1, 0, line_no=2), line(1, 10, line_no=3)]
    header = {"fee_amount": 100, "fee_share": "quantity"}
    assert column(derive_purchase(header, lines, tax_included=True), "fee_amount") == [0, 50, 50]


@pytest.mark.parametrize(("discount", "code"), [(-1, "discount-negative"), (1001, "discount-too-large")])
def test_a_discount_lies_between_nothing_and_everything(discount: int, code: str) -> None:
    (refusal,) = discount_refusals({"discount_amount": discount}, [line(1, 10)])
    assert (refusal.code, refusal.field) == (code, "discount_amount")


@pytest.mark.parametrize("discount", [None, 0, 1000])
def test_a_discount_may_be_everything(discount: int | None) -> None:
    assert not list(discount_refusals({"discount_amount": discount}, [line(1, 10)]))


def test_of_a_negative_line_no_discount_is_blamed() -> None:
    assert not list(discount_refusals({"discount_amount": None}, [line(-1, 10)]))


def test_g19_small_change() -> None:
    assert small_change(fen("86.70"), "yuan") == fen("0.70")
    assert small_change(fen("86.75"), "jiao") == fen("0.05")
    assert small_change(fen("86.75"), "fen") == 0
    found = derive({"discount_amount": fen("0.70")}, [line(1, "86.70")], tax_included=True)
    assert found.header["total"] == fen(86)


LINES = st.lists(
    st.fixed_dictionaries(
        {
            "line_no": st.integers(1, 20),
            "id": st.uuids().map(str),
            "qty": st.integers(0, 10**8),
            "price": st.none() | st.integers(0, 10**8),
            "discount_rate": st.none() | st.integers(0, n4(100)),
            "tax_rate": st.none() | st.integers(0, n4(100)),
            "ratio": st.none() | st.integers(1, 10**7),
            "amount": st.none() | st.integers(0, 10**9),
            "is_amount_typed": st.booleans(),
        }
    ),
    max_size=8,
)


@given(LINES, st.booleans(), st.data())
def test_a_document_adds_up(lines: list[dict[str, Any]], included: bool, data: st.DataObject) -> None:
    amounts = [row["amount"] or 0 for row in derive({}, lines, tax_included=included).lines]
    discount = data.draw(st.integers(0, sum(amounts)))
    found = derive({"discount_amount": discount, "charge_amount": 7}, lines, tax_included=included)
    shares = [row["share_amount"] or 0 for row in found.lines]
    assert sum(shares) == discount
    assert all(0 <= share <= amount for share, amount in zip(shares, amounts, strict=True))
    assert found.header["goods_amount"] == sum(amounts) - discount
    on_top = 0 if included else found.header["tax_amount"]
    assert found.header["total"] == found.header["goods_amount"] + on_top + 7
    for row in found.lines:
        assert (row["gross_amount"] or 0) - (row["tax_amount"] or 0) == row["ex_tax_amount"]


@given(LINES, st.booleans())
def test_a_derived_line_derives_itself_again(lines: list[dict[str, Any]], included: bool) -> None:
    """A draft is calculated at every key: what was calculated before must not move it."""
    once = derive({"discount_amount": 3}, lines, tax_included=included)
    again = [row | found for row, found in zip(lines, once.lines, strict=True)]
    assert derive({"discount_amount": 3}, again, tax_included=included) == once

"""Orders and their deliveries (T16, T17, G9)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.modules.trading.amounts import derive
from desktop.modules.trading.credit import undelivered
from desktop.modules.trading.orders import (
    OrderLine,
    Progress,
    delivered,
    delivery_line,
    is_late,
    is_over_delivered,
    offered_discount,
    progress,
)
from tests.modules.trading.kit import fen, line, n4


def of(ordered: int, done: int) -> OrderLine:
    return OrderLine(n4(ordered), n4(done))


def test_g9_an_order_delivered_in_two_parts() -> None:
    order = derive({"discount_amount": fen(5)}, [line(10, 20)], tax_included=True)
    assert order.header["total"] == fen(195)
    net = order.lines[0]["net_amount"] or 0

    def stands(done: int, closed: bool = False) -> tuple[int, str, int]:
        found = of(10, done)
        at = progress("posted", [found], is_closed=closed)
        open_amount = 0 if closed else undelivered([(found.remaining, found.ordered, net)])
        return found.remaining, at, open_amount

    assert stands(0) == (n4(10), "open", fen(195))
    first = offered_discount(fen(5), fen(200), given=0, amount=fen(80), is_last=False)
    assert (first, derive({"discount_amount": first}, [line(4, 20)], tax_included=True).header["total"]) == (
        fen(2),
        fen(78),
    )
    assert stands(4) == (n4(6), "partial", fen(117))
    rest = offered_discount(fen(5), fen(200), given=first, amount=fen(120), is_last=True)
    assert (rest, derive({"discount_amount": rest}, [line(6, 20)], tax_included=True).header["total"]) == (
        fen(3),
        fen(117),
    )
    assert stands(10) == (0, "done", 0)
    assert stands(4, closed=True) == (n4(6), "closed", 0)


def test_returns_reopen_only_if_the_setting_says_so() -> None:
    assert delivered(n4(10), n4(3), return_reopens=False) == n4(10)
    assert delivered(n4(10), n4(3), return_reopens=True) == n4(7)


def test_two_deliveries_of_one_order_leave_nothing_and_are_over_delivered() -> None:
    twice = of(10, 20)
    assert twice.remaining == 0
    assert is_over_delivered(twice, 0)


@pytest.mark.parametrize(("done", "rate", "expected"), [(10, 0, False), (11, 0, True), (11, 10, False), (12, 10, True)])
def test_over_delivery_is_allowed_up_to_a_rate(done: int, rate: int, expected: bool) -> None:
    assert is_over_delivered(of(10, done), n4(rate)) is expected


@pytest.mark.parametrize(
    ("state", "lines", "is_closed", "expected"),
    [
        ("draft", [of(10, 0)], False, "draft"),
        ("posted", [of(10, 0), of(5, 0)], False, "open"),
        ("posted", [of(10, 0), of(5, 5)], False, "partial"),
        ("posted", [of(10, 10), of(5, 6)], False, "done"),
        ("posted", [of(10, 4)], True, "closed"),
        ("posted", [of(10, 10)], True, "closed"),
        ("cancelled", [of(10, 4)], True, "cancelled"),
    ],
)
def test_progress(state: str, lines: list[OrderLine], is_closed: bool, expected: str) -> None:
    assert progress(state, lines, is_closed=is_closed) == expected


@pytest.mark.parametrize(
    ("found", "deliver_on", "expected"),
    [
        ("open", "2026-11-22", True),
        ("partial", "2026-11-22", True),
        ("open", "2026-11-23", False),
        ("open", None, False),
        ("done", "2026-11-22", False),
        ("closed", "2026-11-22", False),
    ],
)
def test_late(found: Progress, deliver_on: str | None, expected: bool) -> None:
    assert is_late(found, deliver_on, "2026-11-23") is expected


def order_line(ratio: int | None, price: int | None = n4(60)) -> dict[str, Any]:
    return {
        "id": "l1",
        "product": "p",
        "unit_row": "box",
        "ratio": ratio,
        "price": price,
        "discount_rate": n4(90),
        "tax_rate": n4(13),
    }


def test_what_remains_is_delivered_in_the_unit_of_the_order() -> None:
    found = delivery_line(order_line(n4(12)), n4(24))
    assert (found["unit_row"], found["qty"], found["price"]) == ("box", n4(2), n4(60))
    assert (found["product"], found["order_line"]) == ("p", "l1")
    assert (found["discount_rate"], found["tax_rate"]) == (n4(90), n4(13))
    assert delivery_line(order_line(n4(12)), n4(6))["qty"] == n4("0.5")


def test_what_does_not_come_out_even_is_delivered_in_base_units() -> None:
    found = delivery_line(order_line(n4(12)), n4(5))
    assert (found["unit_row"], found["ratio"], found["qty"], found["price"]) == (None, n4(1), n4(5), n4(5))
    assert delivery_line(order_line(n4(12), None), n4(5))["price"] is None


@given(st.integers(1, 10**6), st.integers(1, 10**9))
def test_a_delivery_line_delivers_exactly_what_remains(ratio: int, remaining: int) -> None:
    filled = delivery_line(order_line(ratio), remaining)
    (found,) = derive({}, [filled], tax_included=True).lines
    assert found["base_qty"] == remaining


def test_a_discount_goes_no_further_than_the_delivery_or_the_rest() -> None:
    assert offered_discount(500, 20000, given=400, amount=20000, is_last=False) == 100
    assert offered_discount(500, 20000, given=600, amount=20000, is_last=True) == 0
    assert offered_discount(500, 20000, given=0, amount=300, is_last=True) == 300
    assert offered_discount(0, 0, given=0, amount=300, is_last=False) == 0


@given(st.lists(st.integers(1, 10**8), min_size=1, max_size=20), st.data())
def test_deliveries_together_take_the_whole_discount(amounts: list[int], data: st.DataObject) -> None:
    discount = data.draw(st.integers(0, sum(amounts)))
    given = 0
    for at, amount in enumerate(amounts, 1):
        part = offered_discount(discount, sum(amounts), given=given, amount=amount, is_last=at == len(amounts))
        assert 0 <= part <= amount
        given += part
    # Rounded parts can leave the last delivery a few fen more than it is worth: then those stay.
    assert discount - given <= len(amounts) // 2

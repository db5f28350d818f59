"""Settlements: what they settle (T10, T12, T13, G10)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.modules.trading.allocation import (
    OpenItem,
    allocate,
    offset_refusals,
    paid_state,
    refund_amount,
    refusals,
    to_advance,
    write_off,
)
from desktop.modules.trading.refusal import Refusal
from tests.modules.trading.kit import fen

XS_1 = OpenItem("xs1", "XS-1", "2026-11-10", fen(500))
XS_2 = OpenItem("xs2", "XS-2", "2026-11-20", fen(300))
XT_1 = OpenItem("xt1", "XT-1", "2026-11-15", -fen(80))
OPEN = {item.target: item.outstanding for item in (XS_1, XS_2, XT_1)}


def settled(target: str, amount: str | int, off: str | int = 0) -> dict[str, Any]:
    return {"id": f"line-{target}", "target": target, "amount": fen(amount), "write_off_amount": fen(off)}


def header(kind: str = "receipt", **amounts: str | int) -> dict[str, Any]:
    return {"kind": kind} | {name: fen(amount) for name, amount in amounts.items()}


def refused(
    head: dict[str, Any],
    *lines: dict[str, Any],
    outstanding: dict[str, int] = OPEN,
    advance: int = 0,
    limit: int | None = fen(1),
) -> dict[str, str]:
    """Code → field."""
    found = refusals(head, lines, outstanding=outstanding, advance_balance=advance, write_off_limit=limit)
    return by_code(found)


def by_code(found: Iterable[Refusal]) -> dict[str, str]:
    return {refusal.code: refusal.field for refusal in found}


# --- 自动分配 ----------------------------------------------------------------------------------------------


def test_g10_automatic_allocation_takes_the_oldest_due_first() -> None:
    found = allocate(fen(600), [XS_2, XT_1, XS_1], credits_first=False)
    assert found == [("xs1", fen(500)), ("xs2", fen(100))]


def test_what_is_due_first_comes_before_what_was_written_first() -> None:
    late, early = OpenItem("a", "XS-1", "2026-12-01", 10), OpenItem("b", "XS-2", "2026-11-01", 10)
    assert allocate(15, [late, early], credits_first=False) == [("b", 10), ("a", 5)]


def test_equal_due_dates_go_by_number_and_no_due_date_comes_last() -> None:
    items = [
        OpenItem("c", "XS-1", None, 10),
        OpenItem("b", "XS-3", "2026-11-10", 10),
        OpenItem("a", "XS-2", "2026-11-10", 10),
    ]
    assert allocate(25, items, credits_first=False) == [("a", 10), ("b", 10), ("c", 5)]


def test_returns_are_used_first_if_wanted() -> None:
    found = allocate(fen(600), [XS_1, XS_2, XT_1], credits_first=True)
    assert found == [("xt1", -fen(80)), ("xs1", fen(500)), ("xs2", fen(180))]


def test_a_return_is_used_only_as_far_as_there_is_something_to_settle() -> None:
    assert allocate(fen(770), [XS_1, XS_2, XT_1], credits_first=True)[0] == ("xt1", -fen(30))
    assert allocate(fen(900), [XS_1, XS_2, XT_1], credits_first=True) == [("xs1", fen(500)), ("xs2", fen(300))]
    assert allocate(0, [XT_1], credits_first=True) == []


def test_without_money_returns_settle_alone() -> None:
    assert allocate(0, [XS_1, XT_1], credits_first=True) == [("xt1", -fen(80)), ("xs1", fen(80))]


ITEMS = st.lists(
    st.builds(
        OpenItem,
        st.uuids().map(str),
        st.text("ab1", max_size=3),
        st.none() | st.sampled_from(["2026-01-01", "2026-02-01"]),
        st.integers(-(10**6), 10**6),
    ),
    max_size=12,
    unique_by=lambda item: item.target,
)


@given(st.integers(0, 10**7), ITEMS, st.booleans())
def test_allocation_never_exceeds_what_is_open_nor_the_money(
    money: int, items: list[OpenItem], credits_first: bool
) -> None:
    outstanding = {item.target: item.outstanding for item in items}
    found = allocate(money, items, credits_first=credits_first)
    lines = [{"target": target, "amount": amount} for target, amount in found]
    assert not refused({"kind": "receipt", "amount": money}, *lines, outstanding=outstanding)
    owed = sum(max(size, 0) for size in outstanding.values())
    left = to_advance({"amount": money}, lines)
    # Money stays over only when nothing is owed any more, and then no return was spent for it.
    assert left == 0 or sum(amount for _, amount in found if amount > 0) == owed
    assert left <= max(money - owed, 0)


# --- the header equation -----------------------------------------------------------------------------------


def test_g10_a_receipt_with_a_write_off_and_a_return() -> None:
    lines = [settled("xt1", -80), settled("xs2", 200, "0.50")]
    head = header(amount="119.50")
    assert (write_off(lines), to_advance(head, lines)) == (50, 0)
    assert not refused(head, *lines)


def test_g10_an_advance() -> None:
    assert to_advance(header("advance_in", amount=1000), []) == fen(1000)
    assert not refused(header("advance_in", amount=1000))
    assert refused(header("advance_in", amount=500), settled("xs1", 500)) == {"advance-settles-nothing": "lines"}


def test_g10_what_is_not_allocated_becomes_an_advance() -> None:
    lines = [settled("xs4", 250)]
    assert to_advance(header(amount=300), lines) == fen(50)
    assert not refused(header(amount=300), *lines, outstanding={"xs4": fen(250)})


def test_g10_an_advance_pays_a_document() -> None:
    head, lines = header(amount=0, advance_used=750), [settled("xs3", 750)]
    assert not refused(head, *lines, outstanding={"xs3": fen(750)}, advance=fen(1000))
    assert refused(head, *lines, outstanding={"xs3": fen(750)}, advance=fen("749.99")) == {
        "advance-exceeded": "advance_used"
    }


def test_an_advance_is_not_used_to_become_an_advance() -> None:
    found = refused(header(amount=100, advance_used=450), settled("xs1", 500), advance=fen(1000))
    assert found == {"advance-not-needed": "advance_used"}
    found = refused(header(amount=500, advance_used="0.01"), settled("xs1", 500), advance=fen(1000))
    assert found == {"advance-not-needed": "advance_used"}


def test_an_overdrawn_advance_pays_nothing_but_refuses_nothing_else() -> None:
    assert not refused(header(amount=500), settled("xs1", 500), advance=-fen(50))


def test_more_allocated_than_there_is() -> None:
    assert refused(header(amount="499.99"), settled("xs1", 500)) == {"allocated-too-much": "amount"}
    (found,) = refusals(
        header(amount=498), [settled("xs1", 500)], outstanding=OPEN, advance_balance=0, write_off_limit=None
    )
    assert found.message == "分配的比收付的多 2.00"


@pytest.mark.parametrize(
    ("target", "amount"), [("xs1", "500.01"), ("xs1", "-0.01"), ("xt1", "-80.01"), ("xt1", "0.01"), ("gone", 1)]
)
def test_g10_a_line_goes_no_further_than_what_is_open(target: str, amount: str | int) -> None:
    (found, *_) = refusals(
        header(amount=1000),
        [settled(target, amount)],
        outstanding=OPEN,
        advance_balance=0,
        write_off_limit=None,
    )
    assert (found.code, found.field, found.line) == ("exceeds-outstanding", "amount", f"line-{target}")


def test_two_lines_on_one_document_count_together() -> None:
    assert not refused(header(amount=500), settled("xs1", 200), settled("xs1", 300))
    found = refused(header(amount=501), settled("xs1", 200), settled("xs1", 301))
    assert found == {"exceeds-outstanding": "amount"}


def test_a_return_settles_another_document_without_money() -> None:
    assert not refused(header(amount=0), settled("xt1", -80), settled("xs1", 80))


def test_a_return_alone_does_not_become_an_advance() -> None:
    assert refused(header(amount=0), settled("xt1", -80)) == {"returns-alone": "lines"}


def test_money_is_never_negative() -> None:
    assert refused(header(amount="-0.01"))["negative"] == "amount"


# --- write-offs --------------------------------------------------------------------------------------------


def test_a_write_off_above_the_limit_needs_a_right() -> None:
    head, lines = header(amount="498.99"), [settled("xs1", 500, "1.01")]
    assert refused(head, *lines) == {"write-off-limit": "write_off_amount"}
    assert not refused(head, *lines, limit=None)
    assert not refused(header(amount=499), settled("xs1", 500, 1))


def test_a_write_off_stays_within_its_line_and_within_all_lines() -> None:
    assert refused(header(amount=0), settled("xs1", 1, 2), limit=None)["write-off-exceeds-line"] == "write_off_amount"
    found = refused(header(amount=0), settled("xt1", -80), settled("xs1", 100, 100), limit=None)
    assert found == {"write-off-exceeds-allocated": "write_off_amount"}


def test_a_write_off_document_moves_no_money() -> None:
    lines = [settled("xs1", "0.30", "0.30"), settled("xt1", "-0.10", "-0.10")]
    assert not refused(header("write_off", amount=0), *lines)
    assert refused(header("write_off", amount=1), *lines)["write-off-moves-no-money"] == "amount"


# --- refunds and offsets -----------------------------------------------------------------------------------


def test_g10_a_refund_out_of_the_advance() -> None:
    head = header("refund_out", amount=300, from_advance=300)
    assert refund_amount(head, []) == fen(300)
    assert not refused(head, advance=fen(300))
    found = refused(header("refund_out", amount="300.01", from_advance="300.01"), advance=fen(300))
    assert found == {"advance-exceeded": "from_advance"}


def test_g10_a_refund_of_a_return_and_out_of_the_advance() -> None:
    head, lines = header("refund_out", amount=130, from_advance=50), [settled("xt1", -80)]
    assert refund_amount(head, lines) == fen(130)
    assert not refused(head, *lines, advance=fen(300))
    assert refused(header("refund_out", amount=80, from_advance=50), *lines, advance=fen(300)) == {
        "refund-unequal": "amount"
    }


def test_a_refund_settles_no_debt_and_writes_nothing_off() -> None:
    assert refused(header("refund_in", amount=0), settled("xs1", 1))["refund-of-debt"] == "lines"
    assert refused(header("refund_in", amount=0, advance_used=1))["refund-plain"] == "advance_used"
    assert refused(header(amount=500, from_advance=1), settled("xs1", 500)) == {"not-a-refund": "from_advance"}


def test_g10_offset() -> None:
    outstanding = {"xs": fen(400), "jh": fen(250)}

    def offset(owed: int, owing: int) -> dict[str, str]:
        return by_code(offset_refusals([settled("xs", owed)], [settled("jh", owing)], outstanding=outstanding))

    assert not offset(250, 250)
    assert offset(251, 250) == {"offset-unequal": "lines"}
    assert offset(251, 251) == {"exceeds-outstanding": "amount"}
    assert offset(0, 0) == {"offset-empty": "lines"}
    one_sided = offset_refusals([settled("xs", 1)], [], outstanding=outstanding)
    assert by_code(one_sided) == {"offset-one-sided": "lines"}


@pytest.mark.parametrize(
    ("total", "outstanding", "expected"),
    [
        (100, 100, "unpaid"),
        (100, 99, "partial"),
        (100, 0, "settled"),
        (100, -1, "over"),
        (-80, -80, "unpaid"),
        (-80, -1, "partial"),
        (-80, 0, "settled"),
        (-80, 1, "over"),
        (0, 0, "settled"),
    ],
)
def test_paid_state(total: int, outstanding: int, expected: str) -> None:
    assert paid_state(total, outstanding) == expected

"""Approval between two machines that do not hear of each other: all alike, and booked once."""

from __future__ import annotations

from typing import Any

import pytest

from desktop import accounts
from desktop.engine import configuring
from desktop.engine.access import Principal
from desktop.engine.define import seed_id
from desktop.engine.documents import verbs
from tests.engine.kit import Desk
from tests.sync.test_conflicts import meet
from tests.sync.test_disputes import Desks, Q, desks, listed, opened, product, quantity, save

__all__ = ["desks"]


def waiting(desks: Desks) -> tuple[str, dict[str, Any]]:
    """An entry of stock that both machines know to wait, and somebody else who may approve it."""
    a, b = desks
    department = str(a.ask("SELECT id FROM department")[0][0])
    person = a.save("employee", code="002", name="总经理", department=department)
    a.save(
        "operator", login_name="zong", employee=person["id"], roles=[seed_id("role", "admin")], password="a long secret"
    )
    configuring.change(a.engine, a.admin, {"approval.stock_entry": True}, [])
    sent = save(a, [{"product": product(a), "qty": 10 * Q}])
    assert (sent["row"]["state"], sent["row"]["approval"]) == ("draft", "waiting")
    meet(a, b)
    return sent["row"]["id"], sent["lines"][0]


def boss(desk: Desk) -> Principal:
    return accounts.principal_of(desk.engine, desk.id_of("operator", "zong"))


def approve(desk: Desk, id: str) -> None:
    verbs.approve(desk.engine, boss(desk), "stock_entry", id)


def on_hand(desk: Desk) -> int:
    return sum(row["on_hand"] for row in desk.ask("SELECT on_hand FROM stock_balance"))


def alike(desks: Desks, id: str, **expected: Any) -> None:
    for desk in desks:
        row = opened(desk, id)["row"]
        assert {name: row[name] for name in expected} == expected


def test_approved_on_both_it_is_booked_once_and_asks_nothing(desks: Desks) -> None:
    id, _ = waiting(desks)
    for desk in desks:
        approve(desk, id)
    meet(*desks)
    alike(desks, id, state="posted", approval="approved", version=1)
    assert [on_hand(desk) for desk in desks] == [10 * Q, 10 * Q]
    assert listed(desks[0]) == listed(desks[1]) == []


def test_what_was_approved_counts_though_it_was_withdrawn_and_edited_elsewhere(desks: Desks) -> None:
    a, b = desks
    id, line = waiting(desks)
    approve(b, id)
    verbs.withdraw(a.engine, a.admin, "stock_entry", id)
    again = save(a, [{**line, "qty": 3 * Q}], id=id)
    assert again["row"]["approval"] == "waiting"
    meet(a, b)
    alike(desks, id, state="posted", approval="approved", version=1)
    assert [quantity(desk, id) for desk in desks] == [10, 10] and on_hand(a) == on_hand(b) == 10 * Q
    (one,) = listed(a)
    assert one["document"]["why"] == "这张出入库单过账以后，才收到别处对草稿的改动"


def test_what_was_approved_counts_though_it_was_rejected_elsewhere(desks: Desks) -> None:
    a, b = desks
    id, _ = waiting(desks)
    verbs.reject(a.engine, boss(a), "stock_entry", id, "太多")
    approve(b, id)
    meet(a, b)
    alike(desks, id, state="posted", approval="approved", reject_reason=None)
    assert on_hand(a) == on_hand(b) == 10 * Q and listed(a) == []


@pytest.mark.parametrize("first", ["withdraw", "reject"])
def test_a_rejection_outweighs_that_it_was_taken_back(desks: Desks, first: str) -> None:
    id, _ = waiting(desks)
    a, b = desks if first == "withdraw" else desks[::-1]
    verbs.withdraw(a.engine, a.admin, "stock_entry", id)
    verbs.reject(b.engine, boss(b), "stock_entry", id, "先盘点")
    meet(a, b)
    alike(desks, id, state="draft", approval="rejected", reject_reason="先盘点")
    assert listed(a) == []


def test_the_later_round_counts(desks: Desks) -> None:
    a, b = desks
    id, line = waiting(desks)
    verbs.withdraw(a.engine, a.admin, "stock_entry", id)
    save(a, [{**line, "qty": 3 * Q}], id=id)
    verbs.reject(b.engine, boss(b), "stock_entry", id, "太多")
    meet(a, b)
    alike(desks, id, state="draft", approval="waiting", reject_reason=None)
    approve(b, id)
    meet(a, b)
    alike(desks, id, state="posted", approval="approved")
    assert on_hand(a) == on_hand(b) == 3 * Q


def test_what_was_decided_here_holds_for_what_comes_later(desks: Desks) -> None:
    a, b = desks
    id, _ = waiting(desks)
    configuring.change(b.engine, b.admin, {"approval.stock_entry": False}, [])
    approve(b, id)
    meet(a, b)
    alike(desks, id, state="posted", approval="approved")
    assert listed(a) == []

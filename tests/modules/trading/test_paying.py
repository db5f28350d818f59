"""Money on the document itself (T11, G9, G19)."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.modules.trading.paying import change, deposit_offered, paid_refusals
from tests.modules.trading.kit import fen
from tests.modules.trading.shop import Shop, yuan


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
    assert not refused(-12, 0), "the line that is wrong says so; nothing was paid"
    assert refused(-12, 1) == ["paid-too-much"]


@pytest.mark.parametrize(
    ("deposit", "used", "total", "expected"), [(50, 0, 78, 50), (50, 0, 30, 30), (50, 50, 117, 0), (50, 60, 117, 0)]
)
def test_g9_a_delivery_uses_what_is_left_of_the_deposit(deposit: int, used: int, total: int, expected: int) -> None:
    assert deposit_offered(fen(deposit), fen(used), fen(total)) == fen(expected)


def typing(shop: Shop, body: dict[str, Any], field: str, **more: Any) -> dict[str, Any]:
    """What follows of a sheet as the screen sends it, once somebody has typed into a field of its header."""
    asked: dict[str, Any] = {name: body[name] for name in ("id", "lines") if name in body}
    asked |= {"values": body["values"] | more, "changed": {"field": field}}
    module = "purchase" if "is_retail" in body["values"] else "sale"
    return dict(shop.api.post(f"/api/documents/{module}/work-out", asked))


def test_retail_pays_what_is_due_until_somebody_types_otherwise(shop: Shop) -> None:
    shop.product()
    body = shop.body({"doc_type": "retail"}, [("P", 2, 25)])
    found = typing(shop, body, "doc_type")
    assert yuan(found["values"]["paid_amount"]) == 50
    found = typing(shop, found, "write_off_amount", write_off_amount=fen(1))
    found = typing(shop, found, "tendered", tendered=fen(100))
    assert (yuan(found["values"]["paid_amount"]), yuan(found["values"]["change"])) == (49, 51)
    found = typing(shop, found, "paid_amount", paid_amount=fen(48))
    found = typing(shop, found, "tendered", tendered=fen(60))
    assert (yuan(found["values"]["paid_amount"]), yuan(found["values"]["change"])) == (48, 12), "what was typed stays"
    found = typing(shop, found, "paid_amount", paid_amount=None)
    assert yuan(found["values"]["paid_amount"]) == 49
    assert typing(shop, found, "doc_type", doc_type="sale")["values"]["paid_amount"] is None


def test_what_is_handed_over_pays_what_is_due(shop: Shop) -> None:
    """Else all of it would be given back, and the sale be open."""
    shop.product()
    shop.customer()
    body = shop.body({"doc_type": "sale", "customer": "甲", "account": "现金"}, [("P", 2, 25)])
    found = typing(shop, body, "tendered", tendered=fen(100))
    assert (yuan(found["values"]["paid_amount"]), yuan(found["values"]["change"])) == (50, 50)
    part = typing(shop, body, "tendered", tendered=fen(30))
    assert (yuan(part["values"]["paid_amount"]), yuan(part["values"]["change"])) == (30, 0)
    less = typing(shop, found, "tendered", tendered=fen(20))
    assert [hint["text"] for hint in less["hints"] if hint["field"] == "tendered"] == ["实收比本次收款少 30.00"]
    (stranger,) = (row for row in shop.rows("customer") if row["is_system"])
    found = typing(shop, body, "customer", customer=stranger["id"])
    assert [hint["text"] for hint in found["hints"]] == ["当场付清的卖给「零售客户」，活动类型选「零售」更快"]
    for paid, handed, told in (
        (None, 100, "填了实收，「本次收款」还空着：填上它，或者清空实收"),
        (50, 20, "实收比本次收款少 30.00"),
    ):
        values = {"doc_type": "sale", "customer": "甲", "account": "现金", "paid_amount": paid, "tendered": handed}
        body = shop.body({name: value for name, value in values.items() if value is not None}, [("P", 2, 25)])
        confirmed = ["negative_stock", "unknown_cost"]
        answer = shop.api.call("POST", "/api/documents/sale", body | {"post": True, "confirmed": confirmed})
        assert (answer.status_code, answer.json()["fields"]) == (422, {"tendered": told})


def test_small_purchases_pay_what_is_due(shop: Shop) -> None:
    shop.product()
    found = typing(shop, shop.body({"is_retail": True}, [("P", 1, 35)]), "is_retail")
    assert yuan(found["values"]["paid_amount"]) == 35


def test_what_is_paid_of_a_posted_retail_sale_stays(shop: Shop) -> None:
    shop.product()
    shop.supplier()
    shop.buy(("P", 10, 5))
    body = shop.body({"doc_type": "retail"}, [("P", 2, 25)])
    found = typing(shop, body, "doc_type")
    values = {name: value for name, value in found["values"].items() if value is not None}
    made = shop.api.post("/api/documents/sale", {"values": values, "lines": found["lines"]})
    assert made["row"]["paid_state"] == "settled"
    changed = {"values": made["row"] | {"discount_amount": fen(5)}, "lines": made["lines"], "id": made["row"]["id"]}
    assert yuan(typing(shop, changed, "discount_amount")["values"]["paid_amount"]) == 50


def test_what_stays_open_is_told_while_a_sheet_is_typed(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()
    shop.buy(("P", 50, 20))
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 30})

    def told(found: dict[str, Any]) -> list[Any]:
        return [yuan(found["values"][name]) for name in ("outstanding", "settled")]

    for kind, sign in (("sale", 1), ("return", -1)):
        paid = {"paid_amount": 40} | ({"advance_used": 30, "write_off_amount": 5} if kind == "sale" else {})
        values = {"doc_type": kind, "customer": "甲", **paid, "account": "现金"}
        body = shop.body(values, [("P", 5, 20)])
        found = told(typing(shop, body, "paid_amount"))
        assert found == ([25, 70] if kind == "sale" else [-60, -40])
        confirmed = ["freely_returned", "no_origin"] if sign < 0 else []
        posted = shop.enter("sale", values, ("P", 5, 20), confirmed=confirmed)
        assert [yuan(posted["row"][name]) for name in ("outstanding", "settled")] == found, "as the books say"
    body = shop.body({"is_retail": False, "supplier": "乙", "paid_amount": 30, "account": "现金"}, [("P", 5, 20)])
    assert told(typing(shop, body, "paid_amount")) == [70, 30]
    order = shop.body({"doc_type": "order", "customer": "甲", "paid_amount": 30, "account": "现金"}, [("P", 5, 20)])
    found = typing(shop, order, "paid_amount")["values"]
    assert (found["outstanding"], yuan(found["settled"])) == (None, 30)


def test_cancelling_says_first_what_goes_along(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()
    bought = shop.buy(("P", 50, 20))
    assert bought["along"] == []
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 30})
    sold = shop.sell(("P", 10, 20), paid_amount=100, advance_used=30, account="现金")
    number = sold["row"]["receipt_number"]
    assert sold["along"] == [
        f"收款单 {number} 一并作废", "账户「现金」减少 100.00", "用掉的预收 30.00 退回预收余额",
    ]  # fmt: skip
    assert shop.cancel("sale", sold)["along"] == []
    paid = shop.buy(("P", 1, 20), paid_amount=20, account="现金")
    assert paid["along"] == [f"付款单 {paid['row']['receipt_number']} 一并作废", "账户「现金」加回 20.00"]

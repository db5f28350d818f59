"""What a document may take from others, all of its lines together and each version for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop.engine.documents import verbs
from desktop.engine.fields.moment import today
from tests.modules.trading.shop import Shop, costs, fen, scaled
from tests.modules.trading.test_guard import ORDER, _stocked, linked, refused, save, someone  # noqa: F401


def _asked(shop: Shop, module: str, values: dict[str, Any], *lines: Any) -> Any:
    found = shop.refused(module, values, *lines, status=409)["questions"]
    return {one["name"]: one["text"] for one in found}


def _set(shop: Shop, **values: Any) -> None:
    named = {name.replace("__", "."): value for name, value in values.items()}
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": named}))


# ----------------------------------------------------------------------------------- one origin on two lines of a sheet


@pytest.mark.parametrize("module", ["sale", "purchase"])
def test_two_lines_of_one_origin_return_no_more_than_it_had(shop: Shop, module: str) -> None:
    bought = shop.buy(("P", 5, 10))
    shop.buy(("P", 20, 10))
    origin = shop.sell(("P", 5, 20)) if module == "sale" else bought
    party = {"customer": "甲"} if module == "sale" else {"supplier": "乙"}
    line = linked(shop, "origin_line", origin["lines"][0], qty=3)
    fault = shop.refused(module, {"doc_type": "return", **party}, line, line)["fields"]
    assert fault == {"lines.1.qty": "最多还能退 2"}
    shop.enter(module, {"doc_type": "return", **party}, line, {**line, "qty": scaled(2)})


def test_two_lines_of_one_order_line_deliver_no_more_than_it_asked_for(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    order = shop.sell(("P", 6, 20), **ORDER)
    line = linked(shop, "order_line", order["lines"][0], qty=4)
    fault = shop.refused("sale", {"customer": "甲"}, line, line)["fields"]
    assert fault == {"lines.1.qty": "订货还剩 2"}
    delivery = shop.sell(line, {**line, "qty": scaled(2)})
    first, second = delivery["lines"]
    # what moves between the two lines is still the order's
    shop.change("sale", delivery, [{**first, "qty": scaled(1)}, {**second, "qty": scaled(5)}])
    assert shop.read("sale", order)["row"]["progress"] == "done"


def test_three_lines_of_one_origin_leave_no_cent(shop: Shop) -> None:
    bought = shop.buy(("P", 3, 3.3333))  # 10.00 together
    shop.buy(("Q", 1, 1))
    shop.sell(("P", 3, 20))
    sold = shop.rows("sale_line")[0]
    line = linked(shop, "origin_line", sold)
    back = shop.enter("sale", {"doc_type": "return", "customer": "甲"}, line, line, line)
    assert sum(costs(back)) == -sum(costs({"lines": [sold]})) == 10
    assert bought["row"]["total"] == fen(10)


# ------------------------------------------------------------------------------------------------------- from a quote


def _taken(shop: Shop, quote: dict[str, Any], status: int = 200) -> Any:
    path = f"/api/documents/sale/sources/quote/{quote['row']['id']}"
    body = shop.body({"doc_type": "sale", "doc_on": today(), "warehouse": "主仓"}, [])
    return shop.api.post(path, body) if status == 200 else shop.api.refused("POST", path, status, body)


def test_the_discount_of_a_quote_is_given_once(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    quote = shop.enter("quote", {"customer": "甲", "discount_amount": 100}, ("P", 10, 20))
    first = _taken(shop, quote)
    assert first["values"]["discount_amount"] == fen(100)
    half = {**first["lines"][0], "qty": scaled(5)}
    shop.enter("sale", {**first["values"], "discount_amount": 50, "charge_amount": None, "paid_amount": None}, half)
    second = _taken(shop, quote)
    assert (second["lines"][0]["qty"], second["values"]["discount_amount"]) == (scaled(5), fen(50))


def test_only_a_quote_that_counts_fills_a_sheet(shop: Shop) -> None:
    draft = shop.enter("quote", {"customer": "甲"}, ("P", 1, 20), post=False)
    assert "还是草稿" in _taken(shop, draft, 400)["title"]
    posted = shop.enter("quote", {"customer": "甲"}, ("P", 1, 20))
    shop.cancel("quote", posted)
    assert "已作废" in _taken(shop, posted, 400)["title"]


def test_more_than_was_quoted_is_asked_for(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    line = shop.enter("quote", {"customer": "甲"}, ("P", 2, 20))["lines"][0]
    asked = _asked(shop, "sale", {"customer": "甲"}, linked(shop, "quote_line", line, qty=3))
    assert asked == {"over_quote": "报价只有 2，连这一张已卖 3"}
    shop.sell(linked(shop, "quote_line", line, qty=2))
    assert "over_quote" in _asked(shop, "sale", {"customer": "甲"}, linked(shop, "quote_line", line))


# ------------------------------------------------------------------------------------------------- credit by a change


def test_a_changed_delivery_counts_its_order_once(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    shop.customer("信", credit_limit=fen(1000))
    _set(shop, credit__check="block")
    who = someone(shop, "sale", "sale_line")
    order = save(shop, shop.office.admin, "sale", {"customer": "信", **ORDER}, [("P", 10, 100)])
    line = linked(shop, "order_line", order["lines"][0], qty=10) | {"price": scaled(100)}
    delivery = shop.sell(line, customer="信")
    dearer = {**delivery["lines"][0], "price": scaled(200)}
    fault = refused(shop, replace_rights(who, "edit_price"), "sale", {}, [dearer], id=delivery["row"]["id"])
    assert "超出信用额度 1000.00" in fault["customer"]
    fewer = {**delivery["lines"][0], "qty": scaled(4)}
    assert shop.change("sale", delivery, [fewer])["row"]["total"] == fen(400)  # 400 owed, 600 to come
    assert verbs.opened(shop.office.engine, who, "sale", order["row"]["id"])["row"]["progress"] == "partial"


def replace_rights(who: Any, *special: str) -> Any:
    return replace(who, special=frozenset(special))

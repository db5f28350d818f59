"""What the settings of trading decide, through the API; what was saved before keeps what held then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from desktop.engine.fields.moment import today
from tests.modules.trading.shop import Shop, costs, fen, scaled, units, yuan


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product("P", price_1=scaled(20))
    shop.customer()
    shop.supplier()


def decide(shop: Shop, **values: Any) -> None:
    body = {"values": {key.replace("__", "."): value for key, value in values.items()}}
    shop.api.ok(shop.api.call("PATCH", "/api/settings", body))


def days_ago(days: int) -> str:
    return (date.fromisoformat(today()) - timedelta(days=days)).isoformat()


def taxed(product: str, qty: int, price: int) -> dict[str, Any]:
    return {"product": product, "qty": scaled(qty), "price": scaled(price), "tax_rate": scaled(13)}


def test_prices_without_tax_hold_for_new_documents_only(shop: Shop) -> None:
    line = taxed(shop.names["P"], 10, 100)
    before = shop.enter("purchase", {"supplier": "乙"}, line)
    draft = shop.enter("purchase", {"supplier": "乙"}, line, post=False)
    decide(shop, tax__price_includes=False)
    after = shop.enter("purchase", {"supplier": "乙"}, line)
    assert [yuan(one["row"]["total"]) for one in (before, draft, after)] == [1_000, 1_000, 1_130]
    for one in (before, draft):
        again = shop.change("purchase", one, [{**one["lines"][0], "qty": scaled(20)}])
        assert yuan(again["row"]["total"]) == 2_000
    asked = {"values": {"supplier": shop.names["乙"]}, "lines": [line]}
    assert yuan(shop.api.post("/api/documents/purchase/work-out", asked)["values"]["total"]) == 1_130


def test_costs_without_tax_hold_for_new_purchases_only(shop: Shop) -> None:
    line = taxed(shop.names["P"], 1, 113)
    before = shop.enter("purchase", {"supplier": "乙"}, line)
    decide(shop, cost__basis="net")
    after = shop.enter("purchase", {"supplier": "乙"}, line)
    assert (costs(before), costs(after)) == ([113], [100])
    again = shop.change("purchase", before, [{**before["lines"][0], "qty": scaled(2)}])
    assert costs(again) == [226]


def test_the_tax_rate_of_new_products(shop: Shop) -> None:
    decide(shop, tax__default_rate=scaled(13))
    shop.product("R")
    (row,) = shop.rows("product", name="R")
    assert units(row["tax_rate"]) == 13
    bought = shop.buy(("R", 1, 113))
    assert yuan(bought["row"]["tax_amount"]) == 13


def offered(shop: Shop) -> Any:
    values = {"customer": shop.names["甲"], "doc_on": today()}
    body = {"values": values, "lines": [{"product": shop.names["P"], "qty": scaled(1)}]}
    return units(shop.api.post("/api/documents/sale/work-out", body)["lines"][0]["price"])


def test_the_last_price_is_offered_as_long_as_it_may_be(shop: Shop) -> None:
    shop.buy(("P", 10, 5))
    shop.sell(("P", 1, 17), doc_on=days_ago(40))
    assert offered(shop) == 17
    decide(shop, price__last_days=39)
    assert offered(shop) == 20
    decide(shop, price__last_days=40)
    assert offered(shop) == 17
    decide(shop, price__use_last=False)
    assert offered(shop) == 20


def test_how_long_a_quote_holds(shop: Shop) -> None:
    decide(shop, quote__valid_days=3)
    found = shop.enter("quote", {"customer": "甲", "doc_on": "2026-10-29"}, ("P", 1, 10))
    assert found["row"]["valid_until"] == "2026-11-01"


def test_credit_is_not_asked_for_asked_or_refused(shop: Shop) -> None:
    shop.buy(("P", 100, 5))
    shop.customer("丁", credit_limit=fen(50))
    decide(shop, credit__check="off")
    shop.sell(("P", 1, 60), customer="丁")
    decide(shop, credit__check="warn")
    assert shop.refused("sale", {"customer": "丁"}, ("P", 1, 1), status=409)["questions"][0]["name"] == "over_credit"
    decide(shop, credit__check="block")
    assert shop.refused("sale", {"customer": "丁"}, ("P", 1, 1), status=409), "an administrator may exceed it"


def test_orders_count_against_the_limit_or_not(shop: Shop) -> None:
    shop.buy(("P", 100, 5))
    shop.customer("丁", credit_limit=fen(100))
    shop.sell(("P", 1, 90), customer="丁", doc_type="order", deliver_on="2030-01-01")
    shop.refused("sale", {"customer": "丁"}, ("P", 1, 20), status=409)
    decide(shop, credit__count_orders=False)
    assert shop.sell(("P", 1, 20), customer="丁")["row"]["state"] == "posted"


def test_who_owes_for_too_long_is_asked_about(shop: Shop) -> None:
    shop.buy(("P", 100, 5))
    day = days_ago(31)
    shop.sell(("P", 1, 10), doc_on=day, due_on=day)
    shop.sell(("P", 1, 10))
    decide(shop, credit__overdue_days=30)
    told = shop.refused("sale", {"customer": "甲"}, ("P", 1, 10), status=409)["questions"]
    assert told == [{"name": "over_credit", "text": "「甲」有单据已逾期 31 天"}]
    decide(shop, credit__overdue_days=31)
    shop.sell(("P", 1, 10))


def test_stock_below_zero_is_asked_for_or_let_through(shop: Shop) -> None:
    decide(shop, stock__negative="warn")
    told = shop.refused("sale", {"customer": "甲"}, ("P", 1, 10), status=409)
    assert told["questions"][0]["name"] == "negative_stock"
    decide(shop, stock__negative="allow")
    assert shop.sell(("P", 1, 10))["row"]["state"] == "posted"


def test_a_return_may_need_its_origin(shop: Shop) -> None:
    shop.buy(("P", 10, 5))
    sold = shop.sell(("P", 2, 10))
    decide(shop, sale__return_without_origin=False)
    refused = shop.refused("sale", {"customer": "甲", "doc_type": "return"}, ("P", 1, 10))
    assert refused["fields"] == {"lines.0.product": "按系统配置，退货要从原销货单带出"}
    line = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(10), "origin_line": sold["lines"][0]["id"]}
    assert shop.sell(line, doc_type="return")["row"]["state"] == "posted"


def test_whether_saving_posts_is_told_to_the_screens(shop: Shop) -> None:
    def told() -> set[bool]:
        return {one["document"]["save_posts"] for one in shop.api.get("/api/modules")["modules"] if one["document"]}

    assert told() == {True}
    decide(shop, doc__save_posts=False)
    assert told() == {False}


def ordered(shop: Shop, qty: int = 10, **values: Any) -> dict[str, Any]:
    return shop.sell(("P", qty, 20), doc_type="order", deliver_on="2030-01-01", **values)


def delivering(shop: Shop, order: dict[str, Any], qty: float) -> dict[str, Any]:
    link = order["lines"][0]["id"]
    return {"product": shop.names["P"], "price": scaled(20), "qty": scaled(qty), "order_line": link}


def stock_figures(shop: Shop) -> tuple[Any, ...]:
    (row,) = shop.rows("stock_balance", product=shop.names["P"])
    return tuple(units(row[name]) for name in ("on_hand", "reserved", "available"))


def test_a_little_more_than_ordered_may_be_delivered(shop: Shop) -> None:
    shop.buy(("P", 30, 5))
    decide(shop, order__over_rate=scaled(10))
    order = ordered(shop)
    shop.sell(delivering(shop, order, 6))
    refused = shop.refused("sale", {"customer": "甲"}, delivering(shop, order, 5.01))
    assert refused["fields"] == {"lines.0.qty": "订货还剩 4，最多可以超交订货的 10%"}
    two = [delivering(shop, order, 4), delivering(shop, order, 1.01)]
    assert list(shop.refused("sale", {"customer": "甲"}, *two)["fields"]) == ["lines.1.qty"]
    second = shop.sell(delivering(shop, order, 5))
    assert shop.read("sale", order)["row"]["progress"] == "done" and stock_figures(shop) == (19, 0, 19)
    decide(shop, order__over_rate=0)
    again = shop.change("sale", second, [{**second["lines"][0], "note": "多交一个"}])
    assert again["row"]["version"] == 2, "what stands is not asked again when nothing more is delivered"
    shop.api.refused("PATCH", f"/api/documents/sale/{second['row']['id']}", 422,
                     shop.body({}, [{**second["lines"][0], "qty": scaled(6)}]))  # fmt: skip


def test_more_than_ordered_may_come_from_a_supplier(shop: Shop) -> None:
    order = shop.buy(("P", 10, 5), doc_type="order", deliver_on="2030-01-01")
    line = {"product": shop.names["P"], "price": scaled(5), "order_line": order["lines"][0]["id"]}
    shop.refused("purchase", {"supplier": "乙"}, {**line, "qty": scaled(11)})
    decide(shop, order__over_rate=scaled(10))
    shop.enter("purchase", {"supplier": "乙"}, {**line, "qty": scaled(11)})
    assert shop.read("purchase", order)["row"]["progress"] == "done"


def returned(shop: Shop, sold: dict[str, Any], qty: int) -> dict[str, Any]:
    link = sold["lines"][0]["id"]
    line = {"product": shop.names["P"], "price": scaled(20), "qty": scaled(qty), "origin_line": link}
    return shop.sell(line, doc_type="return")


def test_a_return_reopens_the_order_or_not(shop: Shop) -> None:
    shop.buy(("P", 30, 5))
    order = ordered(shop)
    sold = shop.sell(delivering(shop, order, 10))
    before = returned(shop, sold, 1)
    assert stock_figures(shop) == (21, 0, 21) and shop.read("sale", order)["row"]["progress"] == "done"
    decide(shop, order__return_reopens=True)
    after = returned(shop, sold, 3)
    assert stock_figures(shop) == (24, 3, 21) and shop.read("sale", order)["row"]["progress"] == "partial"
    again = shop.change("sale", before, [{**before["lines"][0], "qty": scaled(2)}])
    assert again["row"]["version"] == 2 and stock_figures(shop) == (25, 3, 22), "it was made under the old rule"

    filled = shop.api.post(f"/api/documents/sale/sources/order/{order['row']['id']}", shop.body({"customer": "甲"}, []))
    assert [units(line["qty"]) for line in filled["lines"]] == [3], "what came back is delivered again"
    shop.sell(filled["lines"][0])
    assert shop.read("sale", order)["row"]["progress"] == "done" and stock_figures(shop) == (22, 0, 22)
    shop.api.refused("PATCH", f"/api/documents/sale/{order['row']['id']}", 422,
                     shop.body({}, [{**order["lines"][0], "qty": scaled(9)}]))  # fmt: skip
    shop.cancel("sale", after)
    assert shop.read("sale", order)["row"]["progress"] == "done" and stock_figures(shop) == (19, 0, 19)


def test_a_purchase_that_goes_back_reopens_nothing(shop: Shop) -> None:
    decide(shop, order__return_reopens=True)
    order = shop.buy(("P", 10, 5), doc_type="order", deliver_on="2030-01-01")
    line = {"product": shop.names["P"], "qty": scaled(10), "price": scaled(5)}
    bought = shop.enter("purchase", {"supplier": "乙"}, {**line, "order_line": order["lines"][0]["id"]})
    shop.enter("purchase", {"supplier": "乙", "doc_type": "return"}, {**line, "origin_line": bought["lines"][0]["id"]})
    assert shop.read("purchase", order)["row"]["progress"] == "done"


def test_stock_that_others_ordered_is_kept_for_them(shop: Shop) -> None:
    shop.buy(("P", 12, 5))
    order = ordered(shop)
    shop.customer("丙")
    shop.sell(("P", 3, 20), customer="丙")
    decide(shop, stock__check_available=True)
    told = shop.refused("sale", {"customer": "丙"}, ("P", 1, 20), status=409)["questions"]
    assert told == [{"name": "negative_stock", "text": "产品 P 库存 9，留给别的订货 10，需要 1"}]
    shop.sell(delivering(shop, order, 9))
    assert stock_figures(shop) == (0, 1, -1), "its own order is no reason to keep the goods from it"


def test_a_delivery_takes_no_more_than_other_orders_leave(shop: Shop) -> None:
    shop.buy(("P", 12, 5))
    shop.customer("丙")
    ordered(shop, 5, customer="丙")
    order = ordered(shop)
    decide(shop, stock__check_available=True)
    told = shop.refused("sale", {"customer": "甲"}, delivering(shop, order, 8), status=409)["questions"]
    assert told[0]["text"] == "产品 P 库存 12，留给别的订货 5，需要 8"
    sold = shop.sell(delivering(shop, order, 7))
    again = shop.change("sale", sold, [{**sold["lines"][0], "qty": scaled(6)}])
    assert again["row"]["version"] == 2 and stock_figures(shop) == (6, 9, -3)
    decide(shop, stock__negative="allow")
    shop.sell(("P", 1, 20), customer="丙")


def spread(shop: Shop, **values: Any) -> dict[str, Any]:
    body = shop.body({"kind": "receipt", "customer": "甲", **values}, []) | {"changed": {"field": "amount"}}
    filled = shop.api.post("/api/documents/settlement/work-out", body)
    return {line["document_number"][:2] + line["due_on"][-2:]: yuan(line["amount"]) for line in filled["lines"]}


def test_money_goes_to_debts_after_what_came_back(shop: Shop) -> None:
    """G10 with `money.auto_use_credit`."""
    shop.buy(("P", 100, 1))
    shop.sell(("P", 1, 500), due_on=today()[:8] + "28", doc_on=today()[:8] + "01")
    back = shop.sell(("P", 1, 80), doc_type="return", due_on=today()[:8] + "27", doc_on=today()[:8] + "01")
    assert spread(shop, amount=400) == {"XS28": 400, "XT27": 0}
    decide(shop, money__auto_use_credit=True)
    assert spread(shop, amount=400) == {"XS28": 480, "XT27": -80}
    assert spread(shop, amount=450) == {"XS28": 500, "XT27": -50}, "no more of it than there is to settle"
    assert spread(shop) == {"XS28": 80, "XT27": -80}
    assert yuan(back["row"]["outstanding"]) == -80


# ------------------------------------------------------------------------------------------- purchases (B8, 对方单号)


def marked(shop: Shop, price: float | str, **line: Any) -> list[str]:
    """What is said of the price of a purchase line that somebody just typed."""
    body = shop.body(
        {"supplier": "乙"}, [{"product": shop.names["P"], "qty": scaled(1), "price": scaled(price), **line}]
    )
    found = shop.api.post("/api/documents/purchase/work-out", {**body, "changed": {"line": 0, "field": "price"}})
    return [one["text"] for one in found["hints"] if one.get("field") == "price" and one["level"] == "warn"]


def test_a_purchase_price_far_from_the_last_one_is_marked(shop: Shop) -> None:
    assert marked(shop, 10) == []
    shop.supplier("丙")
    shop.buy(("P", 5, 10), supplier="丙")
    assert marked(shop, 12) == marked(shop, 8) == []
    assert marked(shop, "12.01") == ["上次进价 10，这次高 20.1%"]
    assert marked(shop, 5) == ["上次进价 10，这次低 50%"]
    unit = shop.api.get("/api/lookup/dict_item", q="箱", where='{"list": "unit"}')["rows"][0]["id"]
    box = shop.api.post("/api/records/product_unit", {"product": shop.names["P"], "unit": unit, "ratio": scaled(12)})
    assert marked(shop, 180, unit_row=box["row"]["id"]) == ["上次进价 120，这次高 50%"]
    decide(shop, purchase__price_alert=scaled(50))
    assert marked(shop, 15) == [] and len(marked(shop, "15.1")) == 1
    decide(shop, purchase__price_alert=0)
    assert marked(shop, 99) == []


def test_one_number_of_a_supplier_on_two_purchases_is_asked_about(shop: Shop) -> None:
    first = shop.buy(("P", 5, 10), supplier_doc_no="A-1")
    problem = shop.refused("purchase", {"supplier": "乙", "supplier_doc_no": "A-1"}, ("P", 5, 10), status=409)
    number = first["row"]["number"]
    assert problem["questions"] == [
        {"name": "supplier_doc_no", "text": f"这个供货单位的对方单号 A-1 已记在 {number}"}
    ]  # fmt: skip
    shop.supplier("丙")
    shop.buy(("P", 5, 10), supplier="丙", supplier_doc_no="A-1")
    shop.change("purchase", first, first["lines"], supplier_doc_no="A-1")
    shop.buy(("P", 5, 10), supplier_doc_no="A-1", doc_type="return")
    shop.cancel("purchase", first)
    shop.buy(("P", 5, 10), supplier_doc_no="A-1")

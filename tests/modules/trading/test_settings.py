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

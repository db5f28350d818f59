"""What products and accounts say of themselves, and the reasons of 其他出入库 (modules.md 2.2.1, 2.2.8, 2.2.9)."""

from __future__ import annotations

from dataclasses import replace

from desktop.engine import lists
from desktop.engine.query import Query
from tests.modules.trading.shop import Shop, fen, scaled, units


def test_a_product_says_what_there_is_of_it_and_what_it_costs(shop: Shop) -> None:
    shop.product("N")
    shop.customer()
    shop.supplier()
    shop.add("warehouse", "二仓", code="02")
    shop.buy(("N", 10, 10))
    shop.buy(("N", 10, 14), warehouse="二仓")
    shop.sell(("N", 3, 20), doc_type="order", deliver_on="2030-01-01")
    path = f"/api/records/product/{shop.names['N']}"
    row = shop.api.get(path)["row"]
    assert (units(row["on_hand"]), units(row["available"]), units(row["average_cost"])) == (20, 17, 12)
    assert units(row["last_purchase_price"]) == 14
    unit = shop.api.get("/api/lookup/dict_item", q="箱", where='{"list": "unit"}')["rows"][0]["id"]
    box = shop.api.post("/api/records/product_unit", {"product": shop.names["N"], "unit": unit, "ratio": scaled(12)})
    shop.buy({"product": shop.names["N"], "qty": scaled(1), "price": scaled(60), "unit_row": box["row"]["id"]})
    assert units(shop.api.get(path)["row"]["last_purchase_price"]) == 5
    engine, admin = shop.office.engine, shop.office.admin
    clerk = replace(admin, everything=False, rights={"product": frozenset(["view"])}, scopes={"product": "all"},
                    special=frozenset())  # fmt: skip
    (shown,) = lists.page(engine, clerk, "product", Query(limit=9), frozenset(("rows",)))["rows"]
    assert shown["on_hand"] is None and "average_cost" not in shown and "last_purchase_price" not in shown


def test_an_account_says_what_it_holds(shop: Shop) -> None:
    shop.enter("opening_account", {"account": "现金", "amount": 50})
    (row,) = shop.rows("account")
    assert row["balance"] == fen(50)


def test_goods_go_for_a_reason(shop: Shop) -> None:
    why = shop.api.get("/api/lookup/dict_item", q="破损", where='{"list": "stock_reason"}')["rows"][0]["id"]
    came = shop.enter("stock_entry", {"kind": "other_in", "reason": why}, {"product": shop.product("N"), "qty": 10_000})
    assert came["row"]["reason"] == why

"""What is out of use still comes back and goes away; services move nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules.trading.shop import Shop, scaled, units
from tests.modules.trading.test_golden import take

ORDER: dict[str, Any] = {"doc_type": "order", "deliver_on": "2030-01-01"}


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product("P")
    shop.product("S", kind="service", price_1=scaled(10))
    shop.customer()
    shop.supplier()
    shop.add("warehouse", "二仓", code="02")
    shop.buy(("P", 10, 1), warehouse="二仓")


def stop(shop: Shop, module: str, name: str) -> None:
    shop.api.ok(shop.api.call("PATCH", f"/api/records/{module}/{shop.names[name]}", {"is_stopped": True}))


def test_a_stopped_product_comes_back_from_whom_it_was_sold_to(shop: Shop) -> None:
    sale = shop.sell(("P", 3, 5), warehouse="二仓")
    bought = shop.buy(("P", 3, 5))
    stop(shop, "product", "P")
    for module, document, party in (("sale", sale, {"customer": "甲"}), ("purchase", bought, {"supplier": "乙"})):
        sheet = take(shop, module, "origin", document, **party, doc_type="return")
        shop.enter(module, {**party, "doc_type": "return"}, *sheet["lines"])
        line = sheet["lines"][0]
        for values, more in (({"doc_type": "return"}, {"origin_line": None}), ({}, {})):
            told = shop.refused(module, {**party, **values}, line | more)["fields"]["lines.0.product"]
            assert "已停用" in told, "without its origin, or in another kind of document, it is chosen anew"


def test_a_stopped_warehouse_is_emptied(shop: Shop) -> None:
    stop(shop, "warehouse", "二仓")

    def offered(field: str) -> list[str]:
        rows = shop.api.get("/api/lookup/warehouse", **{"for": f"stock_transfer.{field}"})["rows"]
        return [row["title"] for row in rows if row["is_stopped"]]

    assert (offered("from_warehouse"), offered("to_warehouse")) == (["二仓"], [])
    about = {"from_warehouse": "主仓", "to_warehouse": "二仓"}
    assert "已停用" in shop.refused("stock_transfer", about, ("P", 1, None))["fields"]["to_warehouse"]
    shop.enter("stock_transfer", {"from_warehouse": "二仓", "to_warehouse": "主仓"}, ("P", 10, None))
    held = {row["warehouse"]: units(row["on_hand"]) for row in shop.rows("stock_balance", product=shop.names["P"])}
    assert held == {shop.names["主仓"]: 10, shop.names["二仓"]: 0}


def test_a_service_moves_nothing(shop: Shop) -> None:
    for module, values in (
        ("stock_entry", {"kind": "other_in"}),
        ("stock_entry", {"kind": "other_out"}),
        ("stock_transfer", {"from_warehouse": "二仓", "to_warehouse": "主仓"}),
    ):
        told = shop.refused(module, values, ("P", 1, None), ("S", 1, None))["fields"]
        assert told["lines.1.product"] == "「S」是服务，不进出库存"


def test_an_ordered_service_is_reserved_nowhere(shop: Shop) -> None:
    order = shop.sell(("S", 3, 10), ("P", 2, 5), **ORDER, warehouse="二仓")
    assert shop.rows("stock_balance", product=shop.names["S"]) == []
    (row,) = shop.rows("stock_balance", product=shop.names["P"])
    assert units(row["available"]) == 8
    sheet = take(shop, "sale", "order", order, customer="甲", doc_type="sale")
    assert [units(line["qty"]) for line in sheet["lines"]] == [3, 2]
    shop.enter("sale", {"customer": "甲", "warehouse": "二仓"}, sheet["lines"][0] | {"qty": scaled(1)})
    assert shop.read("sale", order)["row"]["progress"] == "partial"
    rest = take(shop, "sale", "order", order, customer="甲", doc_type="sale")
    shop.enter("sale", {"customer": "甲", "warehouse": "二仓"}, *rest["lines"])
    assert shop.read("sale", order)["row"]["progress"] == "done"

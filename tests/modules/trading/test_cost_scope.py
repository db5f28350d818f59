"""A cost pool for each warehouse (`cost.scope`, modules.md T6), entered and read through the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.modules.trading.shop import D, Exact, Shop, costs, fen, scaled, units, yuan

THERE = {"from_warehouse": "主仓", "to_warehouse": "二仓"}


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()
    shop.add("warehouse", "二仓", code="02")
    decide(shop, "warehouse")


def decide(shop: Shop, scope: str) -> None:
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": {"cost.scope": scope}}))


def pool(shop: Shop, warehouse: str) -> tuple[Exact, Exact, Exact]:
    """Quantity, value and average in a warehouse, from the list."""
    rows = shop.rows("stock_balance", product=shop.names["P"], warehouse=shop.names[warehouse])
    (row,) = rows or [{"on_hand": 0, "value": 0, "average_cost": None}]
    return units(row["on_hand"]), yuan(row["value"]), units(row["average_cost"])


def moves(shop: Shop, document: dict[str, Any]) -> list[tuple[str, Exact, Exact]]:
    """(warehouse, quantity, cost) of what a document booked."""
    names = {id: name for name, id in shop.names.items()}
    rows = shop.rows("stock_move", document=document["row"]["id"])
    return sorted((names[row["warehouse"]], units(row["qty"] or 0), yuan(row["cost_amount"])) for row in rows)


def move(shop: Shop, qty: int, **more: Any) -> dict[str, Any]:
    return shop.enter("stock_transfer", THERE, ("P", qty, None), **more)


def test_g8_transfer_between_the_pools_of_two_warehouses(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    shop.buy(("P", 10, 14), warehouse="二仓")
    moved = move(shop, 4)
    assert costs(moved) == [D(-40)] and moves(shop, moved) == [("主仓", -4, -40), ("二仓", 4, 40)]
    assert pool(shop, "主仓") == (6, 60, 10) and pool(shop, "二仓") == (14, 180, D("12.8571"))
    sold = shop.sell(("P", 7, 20), warehouse="二仓")
    assert costs(sold) == [-90] and pool(shop, "二仓") == (7, 90, D("12.8571"))
    assert shop.stock() == (13, 150), "with the 90.00 that were sold: 240.00"
    shop.cancel("sale", sold)
    shop.cancel("stock_transfer", moved)
    assert pool(shop, "主仓") == (10, 100, 10) and pool(shop, "二仓") == (10, 140, 14)


def test_each_warehouse_costs_its_own_goods(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    shop.buy(("P", 10, 14), warehouse="二仓")
    assert costs(shop.sell(("P", 2, 20))) == [-20] and costs(shop.sell(("P", 2, 20), warehouse="二仓")) == [-28]
    taken = shop.enter("stock_entry", {"kind": "use", "warehouse": "二仓"}, ("P", 1, None))
    assert costs(taken) == [-14] and shop.stock() == (15, 178)


def test_lines_of_one_transfer_follow_each_other(shop: Shop) -> None:
    shop.buy(("P", 3, "3.3333"))
    moved = shop.enter("stock_transfer", THERE, *[("P", 1, None)] * 3)
    assert costs(moved) == [D("-3.33"), D("-3.34"), D("-3.33")]
    assert pool(shop, "主仓") == (0, 0, None) and pool(shop, "二仓") == (3, 10, D("3.3333"))


def test_a_transfer_corrects_what_was_missing_where_it_goes(shop: Shop) -> None:
    """T6.4 in the target's pool: missing goods were charged at 14, what comes costs 10."""
    shop.buy(("P", 10, 10))
    shop.buy(("P", 2, 14), warehouse="二仓")
    shop.sell(("P", 5, 20), warehouse="二仓", confirmed=["negative_stock"])
    assert pool(shop, "二仓")[:2] == (-3, -42)
    moved = move(shop, 5)
    assert moves(shop, moved) == [("主仓", -5, -50), ("二仓", 0, 12), ("二仓", 5, 50)]
    assert pool(shop, "主仓") == (5, 50, 10) and pool(shop, "二仓") == (2, 20, 10)
    path = f"/api/documents/stock_transfer/{moved['row']['id']}/cancel"
    shop.api.post(path, {"reason": "录错", "confirmed": ["negative_stock"]})
    assert pool(shop, "主仓") == (10, 100, 10) and pool(shop, "二仓")[:2] == (-3, -42)


def test_goods_of_unknown_cost_stay_unknown_and_fill_what_is_missing(shop: Shop) -> None:
    shop.buy(("P", 5, None), confirmed=["unknown_cost"])
    shop.buy(("P", 1, 10), warehouse="二仓")
    shop.sell(("P", 3, 20), warehouse="二仓", confirmed=["negative_stock"])
    moved = move(shop, 4)
    assert moves(shop, moved) == [("主仓", -4, 0), ("二仓", 4, 20)], "two of them take what the missing ones cost"
    rows = {row["warehouse"]: row for row in shop.rows("stock_balance", product=shop.names["P"])}
    here, there = rows[shop.names["主仓"]], rows[shop.names["二仓"]]
    assert (units(here["on_hand"]), units(here["uncosted"])) == (1, 1)
    assert (units(there["on_hand"]), units(there["uncosted"]), yuan(there["value"])) == (2, 2, 0)


def test_a_late_cost_is_told_to_the_pool_of_its_warehouse(shop: Shop) -> None:
    """T6.10: what went to the other warehouse meanwhile has left this one."""
    shop.buy(("P", 5, None), confirmed=["unknown_cost"])
    move(shop, 2)
    (source,) = shop.rows("stock_move", kind="purchase")
    line = {"source": source["id"], "unit_cost": scaled(12)}
    made = shop.enter("cost_adjust", {"kind": "late_cost"}, line)
    assert (yuan(made["row"]["total_cost"]), yuan(made["row"]["issued_cost"])) == (36, 24)
    assert pool(shop, "主仓") == (3, 36, 12) and pool(shop, "二仓") == (2, 0, None)


def test_a_value_is_put_right_within_what_the_warehouse_holds(shop: Shop) -> None:
    shop.buy(("P", 1, 10))
    shop.buy(("P", 10, 14), warehouse="二仓")
    (here,) = shop.rows("stock_balance", warehouse=shop.names["主仓"])
    about = {"kind": "manual"}
    problem = shop.refused("cost_adjust", about, {"source": here["id"], "amount": fen(-11)})
    assert "库存金额只有 10.00" in problem["fields"]["lines.0.amount"]
    made = shop.enter("cost_adjust", about, {"source": here["id"], "amount": fen(-4)})
    assert pool(shop, "主仓") == (1, 6, 6) and pool(shop, "二仓") == (10, 140, 14)
    shop.sell(("P", 1, 20))
    path = f"/api/documents/cost_adjust/{made['row']['id']}/cancel"
    assert "已出库" in shop.api.refused("POST", path, 422, {"reason": "错"})["fields"][""]


def test_goods_go_back_to_the_supplier_from_the_pool_they_lie_in(shop: Shop) -> None:
    bought = shop.buy(("P", 2, 10))
    shop.buy(("P", 10, 14), warehouse="二仓")
    back = {"product": shop.names["P"], "price": scaled(10), "origin_line": bought["lines"][0]["id"]}
    assert costs(shop.buy({**back, "qty": scaled(2)}, doc_type="return")) == [-20]
    assert pool(shop, "主仓")[:2] == (0, 0) and pool(shop, "二仓") == (10, 140, 14)


def test_the_scope_stays_once_something_was_booked(shop: Shop) -> None:
    """Costs that were written by one scope do not add up in the other."""
    decide(shop, "company")
    decide(shop, "warehouse")
    shop.enter("purchase", {"supplier": "乙"}, ("P", 1, 10), post=False)
    decide(shop, "company")
    shop.buy(("P", 1, 10))
    body = {"values": {"cost.scope": "warehouse"}}
    problem = shop.api.refused("PATCH", "/api/settings", 422, body)
    assert problem["fields"] == {"cost.scope": "已经有库存流水，成本都是按现在的范围算的，不能再改"}
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": {"cost.scope": "company"}, "defaults": []}))
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": {}, "defaults": ["cost.scope"]}))
    groups = shop.api.get("/api/settings")["groups"]
    stays = {one["key"]: one["stays"] for group in groups for one in group["settings"]}
    assert stays["cost.scope"].startswith("已经有库存流水") and stays["cost.basis"] == ""

"""Two products that are one (T28): what a merger does to stock, costs, checks, prices, entry and lists, and what comes
back when it is undone. All figures are worked out by hand; `shop` works the books out anew behind every test."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from desktop import workstation
from desktop.engine import derived, merging
from desktop.engine.aliases import alias_id
from desktop.engine.documents import audit
from desktop.engine.fields.moment import today
from sync_server.replication.changeset import Op
from tests.engine.kit import assert_books
from tests.importing import Importing, xlsx
from tests.modules.trading.merged import in_stock, merge, split
from tests.modules.trading.shop import D, Exact, Shop, costs, scaled, units, yuan


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.customer()
    shop.supplier()
    shop.product("P", code="P-1")
    shop.product("Q", code="Q-1")


def apart(shop: Shop) -> None:
    """10 of P for 10 and 10 of Q for 20."""
    shop.buy(("P", 10, 10))
    shop.buy(("Q", 10, 20))


def test_stock_and_value_of_both_stand_under_the_winner_and_come_apart_again(shop: Shop) -> None:
    apart(shop)
    merge(shop)
    assert in_stock(shop) == {"P": (20, 300)} and shop.average() == 15
    assert shop.stock("Q") == (20, 300), "asked for the one that was merged it is the same"
    split(shop)
    assert in_stock(shop) == {"P": (10, 100), "Q": (10, 200)}


def test_who_merges_and_splits_is_told_what_each_holds_before(shop: Shop) -> None:
    """Warehouse by warehouse: both and their sum before a merger, what it leaves of each before a split."""
    apart(shop)
    shop.add("warehouse", "二仓", code="02")
    shop.buy(("Q", 2, 20), warehouse="二仓")
    both = [shop.names["P"], shop.names["Q"]]
    places = {"place": "主仓", "each": ["10", "10"], "below": [False, False], "total": "20"}, {
        "place": "二仓", "each": ["0", "2"], "below": [False, False], "total": "2"}  # fmt: skip
    held = shop.api.post("/api/merge/product/compare", {"ids": both})["held"]
    assert [(one["label"], sorted(one["rows"], key=str)) for one in held] == [("库存数量", sorted(places, key=str))]
    merge(shop)
    shop.sell(("P", 14, 30))
    shop.product("R", code="R-1")
    merge(shop, loser="R")
    told = shop.api.get(f"/api/merge/product/{shop.names['Q']}/parting")
    assert told["titles"] == ["Q", "P"], "what else is merged stays where it is"
    (rows,) = (one["rows"] for one in told["held"])
    assert {row["place"]: (row["each"], row["below"], row["total"]) for row in rows} == {
        "主仓": (["10", "−4"], [False, True], "6"), "二仓": (["2", "0"], [False, False], "2")
    }  # fmt: skip
    page = shop.api.get(f"/api/records/product/{shop.names['P']}")
    assert sorted(one["title"] for one in page["merged"]) == ["Q", "R"]
    split(shop)
    assert in_stock_by_place(shop) == {("Q", 10), ("P", -4), ("Q", 2)}
    shop.api.refused("GET", f"/api/merge/product/{shop.names['Q']}/parting", 404)


def in_stock_by_place(shop: Shop) -> set[tuple[str, Exact]]:
    names = {id: name for name, id in shop.names.items()}
    return {(names[row["product"]], units(row["on_hand"])) for row in shop.rows("stock_balance")}


def test_a_sale_of_either_takes_the_average_of_both(shop: Shop) -> None:
    apart(shop)
    merge(shop)
    assert costs(shop.sell(("Q", 4, 30))) == [-60]
    assert costs(shop.sell(("P", 4, 30))) == [-60]
    assert costs(shop.sell(("P", 1, 30), ("Q", 1, 30))) == [-15, -15]
    assert in_stock(shop) == {"P": (10, 150)}
    assert costs(shop.buy(("Q", 10, 25))) == [250] and shop.average() == 20
    assert costs(shop.sell(("P", 20, 30))) == [-400] and in_stock(shop) == {"P": (0, 0)}
    split(shop)
    assert in_stock(shop) == {"P": (-15, -375), "Q": (15, 375)}
    # P: 10 in for 100; out 4 for 60, 1 for 15, 20 for 400. Q: 10 in for 200, 10 for 250; out 4 for 60, 1 for 15.


def test_both_in_one_document_are_counted_together_against_the_stock(shop: Shop) -> None:
    apart(shop)
    merge(shop)
    problem = shop.refused("sale", {"customer": "甲"}, ("P", 15, 30), ("Q", 6, 30), status=409)
    assert problem["questions"] == [{"name": "negative_stock", "text": "产品 P 库存 20，需要 21，过账后是 -1"}]
    sold = shop.sell(("P", 15, 30), ("Q", 5, 30))
    assert costs(sold) == [-225, -75] and in_stock(shop) == {"P": (0, 0)}
    lines = [{**line, "qty": scaled(qty)} for line, qty in zip(sold["lines"], (5, 15), strict=True)]
    assert costs(shop.change("sale", sold, lines)) == [-75, -225]
    assert [line["product"] for line in sold["lines"]] == [shop.names["P"], shop.names["Q"]], "nothing is rewritten"
    assert in_stock(shop) == {"P": (0, 0)}


def test_goods_that_came_in_as_one_and_left_as_the_other_are_not_taken_back(shop: Shop) -> None:
    bought = shop.buy(("Q", 10, 20))
    merge(shop)
    shop.sell(("P", 6, 30))
    path = f"/api/documents/purchase/{bought['row']['id']}/cancel"
    refused = shop.api.refused("POST", path, 409, {"reason": "录错"})
    assert [one["text"] for one in refused["questions"]] == ["「主仓」的产品 P 只剩 4，不能收回 10"]


def test_orders_reserve_and_deliver_across_both(shop: Shop) -> None:
    apart(shop)
    order = shop.sell(("Q", 6, 30), doc_type="order", deliver_on="2039-01-01")
    shop.enter("purchase", {"supplier": "乙", "doc_type": "order", "deliver_on": "2039-01-01"}, ("P", 3, 9))
    merge(shop)
    (row,) = shop.api.get("/api/records/stock_balance")["rows"]
    assert [units(row[name]) for name in ("on_hand", "reserved", "available", "on_order")] == [20, 6, 14, 3]
    about = {"customer": shop.names["甲"], "doc_type": "sale"}
    take = f"/api/documents/sale/sources/order/{order['row']['id']}"
    taken = shop.api.post(take, {"values": about, "lines": []})
    line = taken["lines"][0] | {"product": shop.names["P"], "qty": scaled(2)}
    delivered = shop.enter("sale", taken["values"] | {"doc_on": today()}, line)
    assert costs(delivered) == [-30]
    (row,) = shop.api.get("/api/records/stock_balance")["rows"]
    assert [units(row[name]) for name in ("on_hand", "reserved")] == [18, 4]
    assert shop.read("sale", order)["row"]["progress"] == "partial"
    asked = [{**order["lines"][0], "product": shop.names["P"], "qty": scaled(5)}]
    path = f"/api/documents/sale/{order['row']['id']}"
    assert shop.api.ok(shop.api.call("PATCH", path, {"values": {}, "lines": asked})), "the same goods by another name"
    split(shop)
    found = {row["product"]: row for row in shop.api.get("/api/records/stock_balance")["rows"]}
    told = {name: [units(found[shop.names[name]][one]) for one in ("on_hand", "reserved", "on_order")] for name in "PQ"}
    assert told == {"P": [8, 3, 3], "Q": [10, 0, 0]}


def test_a_delivery_of_another_product_is_told_once_they_are_two_again(shop: Shop) -> None:
    apart(shop)
    order = shop.sell(("Q", 6, 30), doc_type="order", deliver_on="2039-01-01")
    merge(shop)
    line = {"product": shop.names["P"], "qty": scaled(2), "price": scaled(30), "order_line": order["lines"][0]["id"]}
    shop.sell(line)
    assert shop.read("sale", order)["row"]["over_delivered"] == 0
    split(shop)
    row = shop.read("sale", order)["row"]
    assert (row["progress"], units(row["over_delivered"])) == ("partial", 100)
    merge(shop)
    row = shop.read("sale", order)["row"]
    assert (row["progress"], row["over_delivered"]) == ("partial", 0)


def test_the_list_and_the_form_of_the_winner_say_what_there_is_of_both(shop: Shop) -> None:
    apart(shop)
    shop.buy(("Q", 1, 22), doc_on=today())
    merge(shop)
    (row,) = [one for one in shop.rows("product") if one["id"] == shop.names["P"]]
    assert shop.names["Q"] not in {one["id"] for one in shop.rows("product")}
    assert (units(row["on_hand"]), units(row["available"])) == (21, 21)
    assert units(row["average_cost"]) == D("15.3333") and units(row["last_purchase_price"]) == 22
    tabs = {
        module: shop.api.get(f"/api/records/product/{shop.names['P']}/related/{module}-product")["rows"]
        for module in ("stock_balance", "stock_move", "purchase_line")
    }
    assert {name: len(rows) for name, rows in tabs.items()} == {"stock_balance": 1, "stock_move": 3, "purchase_line": 3}
    newest = max(tabs["stock_move"], key=lambda one: one["posted_at"])
    assert (units(newest["stock_after"]), yuan(newest["cost_after"])) == (21, 322)
    assert {one["product_code"] for one in tabs["purchase_line"]} == {"P-1"}
    trail = shop.api.get(f"/api/records/product/{shop.names['P']}/trail/prices")["rows"]
    assert sorted(units(one["price"]) for one in trail) == [10, 20, 22]
    assert len(shop.rows("purchase_line", product_code="P-1")) == 3
    assert len(shop.rows("purchase_line", product_code="Q-1")) == 0
    assert tabs["stock_balance"][0]["moved_on"] == today()


def test_surveys_add_up_both_now_and_on_a_day(shop: Shop) -> None:
    apart(shop)
    shop.api.post("/api/records/stock_limit", {
        "product": shop.names["Q"], "warehouse": shop.names["主仓"], "stock_min": scaled(25)})  # fmt: skip
    merge(shop)
    for asked in ({}, {"on": today()}, {"by": "part"}):
        found = shop.api.get("/api/surveys/stock_balance", **asked)["rows"]
        assert [(row["title"], units(row["on_hand"])) for row in found] == [("P", 20)], asked
    assert found[0]["condition"] == "low" and units(found[0]["low"]) == 25


def test_limits_of_both_hold_those_of_the_winner_first(shop: Shop) -> None:
    apart(shop)
    at = {"warehouse": shop.names["主仓"]}
    shop.api.post("/api/records/stock_limit", {"product": shop.names["P"], "stock_max": scaled(15), **at})
    merge(shop)
    (row,) = shop.rows("stock_balance")
    assert (row["level"], units(row["high"]), row["low"]) == ("high", 15, None)
    shop.api.post("/api/records/stock_limit", {"product": shop.names["Q"], "stock_max": scaled(99), **at})
    assert shop.rows("stock_balance")[0]["level"] == "high" and len(shop.rows("stock_balance", level="high")) == 1
    merge_other_way(shop)
    (row,) = shop.rows("stock_balance")
    assert (row["level"], units(row["high"])) == ("normal", 99) and len(shop.rows("stock_balance", level="normal")) == 1
    assert shop.rows("stock_balance", level="high") == []


def merge_other_way(shop: Shop) -> None:
    split(shop)
    merge(shop, loser="P", winner="Q")


def test_prices_paid_for_either_are_the_last_price(shop: Shop) -> None:
    apart(shop)
    box_of_ten = {"unit": _unit(shop, "箱"), "ratio": scaled(10)}
    shop.api.post("/api/records/product_unit", {"product": shop.names["P"], **box_of_ten})
    theirs = shop.api.post("/api/records/product_unit", {"product": shop.names["Q"], **box_of_ten})["row"]
    shop.sell(("Q", 1, 33))
    box = {"product": shop.names["Q"], "unit_row": theirs["id"], "qty": scaled("0.5"), "price": scaled(280)}
    shop.sell(box)
    merge(shop)
    offered = _offered(shop, {"product": shop.names["P"], "unit_row": None})
    assert units(offered["price"]) == 33
    (own,) = shop.api.get("/api/lookup/product_unit", where=json.dumps({"product": shop.names["P"]}))["rows"]
    assert own["id"] != theirs["id"], "of two equal units that of the winner is offered"
    assert units(_offered(shop, {"product": shop.names["P"], "unit_row": own["id"]})["price"]) == 280
    # 10 of P for 100 and 4 of Q for 80 are left: 180 ÷ 14 × 5
    assert costs(shop.sell(box | {"product": shop.names["P"]})) == [D("-64.29")], "its unit is a unit of the winner"


def _unit(shop: Shop, name: str) -> str:
    rows = shop.api.get("/api/lookup/dict_item", q=name, where=json.dumps({"list": "unit"}))["rows"]
    return str(rows[0]["id"])


def _offered(shop: Shop, line: dict[str, Any]) -> dict[str, Any]:
    body = {
        "values": {"customer": shop.names["甲"], "doc_type": "sale", "doc_on": today()},
        "lines": [line], "changed": {"line": 0, "field": "product"},
    }  # fmt: skip
    return dict(shop.api.post("/api/documents/sale/work-out", body)["lines"][0])


def test_scanning_typing_and_picking_the_other_finds_the_winner(shop: Shop) -> None:
    shop.api.post("/api/records/product_barcode", {"product": shop.names["Q"], "barcode": "6901234567892"})
    merge(shop)
    shop.api.post("/api/records/product_barcode", {"product": shop.names["P"], "barcode": "6901234567892"})
    for text in ("6901234567892", "Q-1", "P-1"):
        found = shop.api.get("/api/documents/sale/find", text=text)
        assert [one["product"] for one in found["items"]] == [shop.names["P"]], text
    for text in ("6901234567892", "Q-1", "Q"):
        assert [one["id"] for one in shop.api.get("/api/lookup/product", q=text)["rows"]] == [shop.names["P"]], text


def test_a_barcode_and_a_box_of_both_are_listed_once(shop: Shop) -> None:
    box = {}
    for name in ("P", "Q"):
        unit = {"product": shop.names[name], "unit": _unit(shop, "箱"), "ratio": scaled(12)}
        box[name] = shop.api.post("/api/records/product_unit", unit)["row"]["id"]
        for code, more in (("6901234567892", {}), ("16901234567899", {"unit_row": box[name]}), (f"own-{name}", {})):
            about = {"product": shop.names[name], "barcode": code} | more
            shop.api.post("/api/records/product_barcode?confirmed=same_barcode", about)
    apart = {"product": shop.names["Q"], "barcode": "own-P", "unit_row": box["Q"]}
    shop.api.post("/api/records/product_barcode?confirmed=same_barcode", apart)

    def listed(name: str) -> list[str]:
        found = shop.api.get("/api/records/product_barcode", filter=_of(shop, name), want="rows,total", sort="barcode")
        assert found["total"] == len(found["rows"])
        return [row["barcode"] for row in found["rows"]]

    merge(shop)
    assert listed("P") == ["16901234567899", "6901234567892", "own-P", "own-P", "own-Q"], "a box is no piece"
    assert len(shop.api.get("/api/records/product_unit", filter=_of(shop, "P"))["rows"]) == 1
    assert shop.api.get("/api/records/product_barcode", want="total", limit=1)["total"] == 5
    for code, units_ in (("6901234567892", {None}), ("16901234567899", set(box.values()))):
        (one,) = shop.api.get("/api/documents/sale/find", text=code)["items"]
        assert one["product"] == shop.names["P"] and one["unit_row"] in units_, "a scan finds one"
    split(shop)
    assert listed("P") == ["16901234567899", "6901234567892", "own-P"]
    assert listed("Q") == ["16901234567899", "6901234567892", "own-P", "own-Q"]


def _of(shop: Shop, name: str) -> str:
    return json.dumps({"and": [{"field": "product", "op": "eq", "value": shop.names[name]}]})


def test_returns_go_back_on_what_was_sold_as_the_other(shop: Shop) -> None:
    apart(shop)
    sold = shop.sell(("Q", 4, 30))
    merge(shop)
    assert costs(sold) == [-80]
    back = {"product": shop.names["P"], "price": scaled(30), "origin_line": sold["lines"][0]["id"], "qty": scaled(3)}
    assert costs(shop.sell(back, doc_type="return")) == [60]
    problem = shop.refused("sale", {"customer": "甲", "doc_type": "return"}, {**back, "qty": scaled(2)})
    assert problem["fields"] == {"lines.0.qty": "最多还能退 1"}
    free = {"product": shop.names["P"], "price": scaled(30), "qty": scaled(1)}
    assert costs(shop.sell(free, doc_type="return")), "sold as Q, given back as P: nothing to ask"
    shop.sell(("P", 2, 30))
    both = [{**free, "product": shop.names[name]} for name in ("P", "Q", "P")]
    problem = shop.refused("sale", {"customer": "甲", "doc_type": "return"}, *both, status=409)
    assert [(one["name"], "卖过 6，已退 4，这次退 3" in one["text"]) for one in problem["questions"]] == [
        ("had_less", True)
    ], problem


def test_what_is_counted_otherwise_is_not_merged(shop: Shop) -> None:
    shop.product("箱装", unit=_unit(shop, "箱"))
    shop.product("安装", kind="service")
    told = shop.api.post("/api/merge/product/compare", {"ids": [shop.names["P"], shop.names["箱装"]]})["hinders"]
    assert len(told) == 1 and "基本单位" in told[0] and "「箱」" in told[0]
    for other, word in (("箱装", "基本单位"), ("安装", "性质")):
        body = {"winner": shop.names["P"], "losers": [shop.names[other]], "take": {}}
        refused = shop.api.refused("POST", "/api/merge/product", 400, body)
        assert word in json.dumps(refused, ensure_ascii=False)
    merge(shop)
    path = f"/api/records/product/{shop.names['P']}"
    fields = shop.api.refused("PATCH", path, 422, {"unit": _unit(shop, "箱"), "kind": "service"})["fields"]
    assert set(fields) == {"unit", "kind"} and "先拆分" in fields["unit"]
    split(shop)
    shop.api.ok(shop.api.call("PATCH", path, {"unit": _unit(shop, "箱")}))


def test_doubles_are_told_by_number_barcode_and_name(shop: Shop) -> None:
    """Numbers and barcodes alone list two, a barcode is as good as certain; name, specification and model together."""
    shop.product("轴承 6204", code="X1", spec="2RS", model="深沟")
    shop.product("轴承6204", code="X2", spec="2RS", model="深沟")
    shop.product("螺栓", spec="M8×20")
    shop.product("螺栓", spec="M8×30")
    shop.product("垫片")
    shop.product("垫片", spec="M8")
    shop.product("同号甲", code="Y1")
    shop.product("同号乙", code="y1")
    for name in ("P", "Q"):
        scanned = {"product": shop.names[name], "barcode": "6901234567892"}
        shop.api.post("/api/records/product_barcode?confirmed=same_barcode", scanned)
    groups = shop.api.get("/api/duplicates/product")["groups"]
    found = [({row["title"] for row in one["rows"]}, one["score"], one["reasons"]) for one in groups]
    assert ({"P", "Q"}, 100, ["条码相同"]) in found
    assert ({"轴承 6204", "轴承6204"}, 100, ["名称相同", "规格相同", "型号相同"]) in found
    assert ({"同号甲", "同号乙"}, 60, ["产品编号相同"]) in found
    assert ({"垫片"}, 60, ["名称相同"]) in found and len(found) == 4, "of another specification it is another product"
    shop.api.ok(shop.api.call("PATCH", f"/api/records/product/{shop.names['Q']}", {"unit": _unit(shop, "箱")}))
    told = {
        row["title"]: one["hinders"] for one in shop.api.get("/api/duplicates/product")["groups"] for row in one["rows"]
    }
    assert "基本单位" in told["Q"][0] and told["垫片"] == []


def test_late_costs_and_a_cost_run_know_both_as_one(shop: Shop) -> None:
    """Sold before its cost was known, as the other product; then a purchase of an earlier day comes to light."""
    shop.buy(("Q", 10, None), confirmed=["unknown_cost"])
    merge(shop)
    sold = shop.sell(("P", 4, 30))
    assert costs(sold) == [0] and units(shop.rows("stock_balance")[0]["uncosted"]) == 6
    (entry,) = shop.rows("stock_move", kind="purchase")
    about = {"kind": "late_cost", "doc_on": today()}
    shop.enter("cost_adjust", about, {"source": entry["id"], "unit_cost": scaled(5)})
    assert in_stock(shop) == {"P": (6, 30)}
    line = shop.read("sale", sold)["lines"][0]
    assert yuan(line["cost_adjusted"]) == -20
    split(shop)
    assert in_stock(shop) == {"P": (-4, 0), "Q": (10, 30)}, "what four had cost is charged to the sale alone"


def test_a_value_put_right_by_hand_is_changed_wherever_the_goods_stand_now(shop: Shop) -> None:
    apart(shop)
    (balance,) = shop.rows("stock_balance", product=shop.names["Q"])
    mended = shop.enter("cost_adjust", {"kind": "manual"}, {"source": balance["id"], "amount": 1200})
    assert in_stock(shop)["Q"] == (10, 212)
    merge(shop)
    assert in_stock(shop) == {"P": (20, 312)}
    changed = shop.change("cost_adjust", mended, [{**mended["lines"][0], "amount": 2000}])
    assert changed["lines"][0]["product"] == shop.names["Q"] and in_stock(shop) == {"P": (20, 320)}
    (balance,) = shop.rows("stock_balance")
    shop.enter("cost_adjust", {"kind": "manual"}, {"source": balance["id"], "amount": -2000})
    split(shop)
    assert in_stock(shop) == {"P": (10, 80), "Q": (10, 220)}


def test_a_cost_run_replays_both_as_one_pool(shop: Shop) -> None:
    apart(shop)
    first = shop.sell(("P", 5, 30))
    assert costs(first) == [-50]
    merge(shop)
    body = {"values": {"kind": "run", "doc_on": today()}, "lines": []}
    job = shop.api.ended(shop.api.post("/api/documents/cost_adjust/sources/run/all", body))
    lines = job["result"]["lines"]
    # had they been one from the start, five of twenty for 300 would have cost 75
    assert [(one["product"], yuan(one["amount"])) for one in lines] == [(shop.names["P"], -25)]
    shop.enter("cost_adjust", {"kind": "run", "doc_on": today()}, *lines)
    assert in_stock(shop) == {"P": (15, 225)}


def test_goods_moved_between_warehouses_keep_one_pool(shop: Shop) -> None:
    other = shop.add("warehouse", "二仓", code="02")
    apart(shop)
    merge(shop)
    moved = shop.enter("stock_transfer", {"from_warehouse": "主仓", "to_warehouse": other}, ("Q", 12, None))
    assert costs(moved) == [-180]
    rows = {row["warehouse"]: units(row["on_hand"]) for row in shop.rows("stock_balance")}
    assert rows == {shop.names["主仓"]: 8, other: 12}


def test_a_document_that_names_the_other_is_opened_printed_changed_and_copied(shop: Shop) -> None:
    apart(shop)
    sold = shop.sell(("Q", 4, 30))
    merge(shop)
    shown = shop.read("sale", sold)
    assert shown["labels"][shop.names["Q"]] == "P" and shown["lines"][0]["product"] == shop.names["Q"]
    shop.api.ended(shop.api.post(f"/api/documents/sale/{sold['row']['id']}/print", {"name": "sheet_a4"}))
    changed = shop.change("sale", sold, [{**sold["lines"][0], "qty": scaled(3)}])
    assert costs(changed) == [-45], "counted anew: of what there is of both"
    assert changed["lines"][0]["product"] == shop.names["Q"]
    again = shop.sell({name: sold["lines"][0][name] for name in ("product", "qty", "price")})
    assert costs(again) == [-60]


def test_what_machines_that_were_apart_made_unlike_is_told(shop: Shop) -> None:
    """One changed the unit while the other merged: here by the merger alone, as it arrives from another machine."""
    shop.product("箱装", unit=_unit(shop, "箱"))
    assert shop.api.get("/api/flaws")["groups"] == []
    engine, loser = shop.office.engine, shop.names["箱装"]
    values = {"t": "product", "loser": loser, "winner": shop.names["P"]}
    engine.tell(engine.applier.local([Op("row_alias", alias_id("product", loser), "ins", values)], actor="x"))
    (group,) = shop.api.get("/api/flaws")["groups"]
    assert (group["name"], [one["id"] for one in group["items"]]) == ("merged_unlike", [shop.names["P"]])
    shop.buy(("箱装", 2, 10))
    assert in_stock(shop) == {"P": (2, 20)}
    split(shop, "箱装")
    assert shop.api.get("/api/flaws")["groups"] == []


def test_files_that_name_the_other_mean_the_winner(shop: Shop) -> None:
    box = {"product": shop.names["Q"], "unit": _unit(shop, "箱"), "ratio": scaled(10)}
    shop.api.post("/api/records/product_unit", box)
    merge(shop)
    heads = ("仓库", "产品", "辅助单位", "数量", "单位成本")
    going = Importing.of(shop.office, xlsx(heads, ("主仓", "Q-1", "箱", 2, 50)), "stock_entry", "期初.xlsx")
    counts = going.check()
    assert (counts["good"], counts["bad"]) == (1, 0), going.rows("bad")
    going.commit()
    (line,) = shop.rows("stock_entry_line")
    assert line["product"] == shop.names["P"] and in_stock(shop) == {"P": (20, 100)}
    prices = Importing.of(
        shop.office, xlsx(("产品编号", "产品名称", "型号"), ("Q-1", "P", "M8")), "product", "产品.xlsx"
    )
    prices.check()
    prices.commit(twice="update")
    assert [row["model"] for row in shop.rows("product")] == ["M8"]


def test_a_quote_tells_the_profit_at_the_average_of_both(shop: Shop) -> None:
    apart(shop)
    shop.enter("quote", {"customer": "甲", "doc_on": today()}, ("Q", 1, 30))
    merge(shop)
    (line,) = shop.rows("quote_line")
    assert units(line["profit_rate"]) == 50, "30 for what costs 15"


def test_mergers_of_other_machines_hold_once_this_one_knows_them(shop: Shop) -> None:
    """A version that merged no products took the row of the merger as any other; the next start reads it."""
    apart(shop)
    merge(shop)
    station = shop.office.workstation
    with station.db.write() as db:
        db.execute("DELETE FROM alias_of WHERE t = 'product'")
        db.execute("UPDATE meta SET value = 'contact customer supplier' WHERE key = 'mergeable'")
        with station.db.unguarded():
            audit.sum_up(db, station.registry)
            derived.rebuild_tally(db, station.registry["product"])
    assert in_stock(shop) == {"P": (10, 100), "Q": (10, 200)}
    workstation._bring_up_to_date(station.db, station.registry)
    assert in_stock(shop) == {"P": (20, 300)}
    page = shop.api.get("/api/records/product", want="rows,total")
    assert page["total"] == len(page["rows"]) == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_merged_and_split_between_documents_the_books_are_what_they_say(shop: Shop, seed: int) -> None:
    """Quantities follow the documents alone; what is stored is what all of it gives worked out anew (`shop`, too)."""
    chance, names = random.Random(seed), ("P", "Q", "R")
    shop.product("R", code="R-1")
    shop.add("warehouse", "二仓", code="02")
    there: Counter[str] = Counter()
    into: dict[str, str] = {}
    done: list[tuple[str, dict[str, Any], str, int]] = []
    for step in range(24):
        what, name = chance.choice(("buy", "sell", "sell", "order", "move", "cancel", "merge", "merge", "split")), ""
        name, qty = chance.choice(names), chance.randint(1, 9)
        where = chance.choice(("主仓", "二仓"))
        yes = ["negative_stock", "unknown_cost"]
        if what == "buy":
            made = shop.buy((name, qty, chance.randint(1, 30)), warehouse=where, confirmed=yes)
            done.append(("purchase", made, name, qty))
            there[name] += qty
        elif what == "sell":
            made = shop.sell((name, qty, 30), warehouse=where, confirmed=yes)
            done.append(("sale", made, name, -qty))
            there[name] -= qty
        elif what == "order":
            shop.sell((name, qty, 30), doc_type="order", deliver_on="2039-01-01", warehouse=where)
        elif what == "move":
            shop.enter(
                "stock_transfer", {"from_warehouse": "主仓", "to_warehouse": "二仓"}, (name, qty, None), confirmed=yes
            )
        elif what == "cancel" and done:
            module, made, name, qty = done.pop(chance.randrange(len(done)))
            path = f"/api/documents/{module}/{made['row']['id']}/cancel"
            shop.api.post(path, {"reason": "录错", "confirmed": yes})
            there[name] -= qty
        elif what == "merge":
            free = [one for one in names if one not in into and one not in into.values()]
            winners = [one for one in names if one not in into and one not in free[:1]]
            if free and winners:
                into[free[0]] = chance.choice(winners)
                merge(shop, free[0], into[free[0]])
        elif what == "split" and into:
            split(shop, loser := chance.choice(sorted(into)))
            del into[loser]
        wanted: Counter[str] = Counter()
        for one, count in there.items():
            wanted[into.get(one, one)] += count
        found = {one: figures[0] for one, figures in _over_warehouses(shop).items()}
        assert {one: count for one, count in found.items() if count} == {one: n for one, n in wanted.items() if n}, step
        if step % 8 == 7:
            assert_books(shop.office.engine)


def _over_warehouses(shop: Shop) -> dict[str, tuple[Exact, Exact]]:
    names = {id: name for name, id in shop.names.items()}
    found: dict[str, tuple[Exact, Exact]] = {}
    for row in shop.rows("stock_balance"):
        qty, value = found.get(names[row["product"]], (D(0), D(0)))
        found[names[row["product"]]] = qty + units(row["on_hand"]), value + yuan(row["value"])
    return found


def test_what_documents_name_the_other_by_holds_the_winner_and_its_units(shop: Shop) -> None:
    """Lines of Q keep P from being deleted, and keep the unit of P that they are counted in."""
    box = {"product": shop.names["P"], "unit": _unit(shop, "箱"), "ratio": scaled(10)}
    unit = shop.api.post("/api/records/product_unit", box)["row"]["id"]
    merge(shop)
    shop.buy({"product": shop.names["Q"], "unit_row": unit, "qty": scaled(2), "price": scaled(50)})
    assert in_stock(shop) == {"P": (20, 100)}
    path = f"/api/records/product_unit/{unit}"
    assert "ratio" in shop.api.refused("PATCH", path, 422, {"ratio": scaled(12)})["fields"]
    gone = shop.api.call("DELETE", f"/api/records/product/{shop.names['P']}")
    assert not gone.ok and in_stock(shop) == {"P": (20, 100)}, gone.text


def test_who_sees_no_costs_compares_without_them(shop: Shop) -> None:
    apart(shop)
    engine, everybody = shop.office.engine, shop.office.admin
    blind = replace(
        everybody, everything=False, special=frozenset({"merge"}),
        rights={one: frozenset({"view", "edit"}) for one in ("product", "stock_balance", "purchase_line")},
    )  # fmt: skip
    found = merging.compare(engine, blind, "product", [shop.names["P"], shop.names["Q"]])
    assert all("average_cost" not in row and "purchase_price" not in row for row in found["rows"])
    seen = merging.compare(engine, everybody, "product", [shop.names["P"], shop.names["Q"]])
    assert [units(row["average_cost"]) for row in seen["rows"]] == [10, 20]

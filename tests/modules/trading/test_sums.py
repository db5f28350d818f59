"""What the totals of lists count: one rule for the whole list, a part of it, and print (engine/summing.py)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from desktop.engine import derived, export, lists, printing, summing
from desktop.engine import query as q
from desktop.engine.documents import printing as papers
from desktop.engine.fields import Quantity
from tests.modules.trading.shop import Shop, yuan


@pytest.fixture(autouse=True)
def _stocked(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()
    shop.buy(("P", 100, 1))


def totals(shop: Shop, module: str, *clauses: tuple[str, str, Any]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    asked = {"and": [{"field": name, "op": op, "value": value} for name, op, value in clauses]}
    found = shop.api.get(f"/api/records/{module}", want="sums", filter=json.dumps(asked) if clauses else "")
    return {name: yuan(value) for name, value in found["sums"].items()}, found["sum_words"]


def printed(shop: Shop, module: str, name: str) -> list[str]:
    engine, admin = shop.office.engine, shop.office.admin
    definition = engine.definition(module)
    with engine.db.read() as db:
        numbers = lists.row_numbers(engine, db, admin, module, q.Query())
        wanted = printing.Wanted((("number", 100), (name, 80)), None, None)
        return printing._cells(engine, db, admin, definition, wanted, numbers, lambda done: None)[1]


def test_a_return_counts_back_and_drafts_orders_and_what_was_cancelled_do_not(shop: Shop) -> None:
    shop.sell(("P", 1, 500))
    shop.sell(("P", 1, 80), doc_type="return")
    shop.sell(("P", 1, 900), doc_type="order", deliver_on="2030-01-01")
    shop.cancel("sale", shop.sell(("P", 1, 7)))
    shop.enter("sale", {"customer": "甲"}, ("P", 1, 9), post=False)
    words = ["只算已过账的", "退货为减，订货不计"]
    for clauses in ((), (("customer", "eq", shop.names["甲"]),)):
        sums, said = totals(shop, "sale", *clauses)
        assert (sums["total"], sums["outstanding"], said["total"]) == (420, 420, words)
        assert said["outstanding"] == ["只算已过账的"]
    assert printed(shop, "sale", "total") == ["合计 5 条（只算已过账的，退货为减，订货不计）", "420.00"]
    sums, said = totals(shop, "sale", ("doc_type", "eq", "order"))
    assert (sums["total"], said["total"]) == (900, ["只算已过账的"]), "of orders alone it is plain"
    sums, said = totals(shop, "sale", ("doc_type", "eq", "return"))
    assert (sums["total"], said["total"]) == (-80, words), "of returns alone as they stand there"
    assert totals(shop, "sale_line")[0]["net_amount"] == 420


def test_an_order_and_its_delivery_are_not_added_up(shop: Shop) -> None:
    order = shop.buy(("P", 10, 5), doc_type="order", deliver_on="2030-01-01")
    shop.buy({"product": shop.names["P"], "qty": 100_000, "price": 50_000, "order_line": order["lines"][0]["id"]})
    assert totals(shop, "purchase")[0]["total"] == 150


def test_receipts_less_payments(shop: Shop) -> None:
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 5_658})
    shop.enter("settlement", {"kind": "payment", "supplier": "乙", "amount": 3_200})
    sums, said = totals(shop, "settlement")
    assert (sums["amount"], said["amount"]) == (2_458, ["只算已过账的", "收入减付出，核销和冲抵不计"])


def test_what_is_owed_and_what_one_owes_are_told_apart(shop: Shop) -> None:
    shop.sell(("P", 1, 500))
    for clauses in ((), (("balance", "gt", 0),)):
        sums, said = totals(shop, "party_balance", *clauses)
        assert "balance" not in sums and said["balance"] == ["余额：应收 500.00，应付 100.00"]
    sums, said = totals(shop, "party_balance", ("side", "eq", "payable"))
    assert (sums["balance"], said["balance"]) == (100, ["都是应付"])


def test_what_was_posted_is_not_deleted_and_says_what_to_do(shop: Shop) -> None:
    sold = shop.sell(("P", 1, 500))
    about = {"target_kind": "sale", "target": sold["row"]["id"], "amount": 50_000}
    shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 500}, about)
    body = {"ids": [sold["row"]["id"]]}
    problem = shop.api.refused("POST", "/api/records/sale/delete", 409, body)
    assert problem["title"].count("已过账的单据不能删除") == 1 and "在用" not in problem["title"]


def test_boxes_and_pieces_are_no_sum_in_lists_on_paper_and_in_spreadsheets(shop: Shop) -> None:
    about = {"unit": shop._first("dict_item", "箱"), "product": shop.names["P"], "ratio": 120_000}
    box = shop.api.post("/api/records/product_unit", about)["row"]["id"]
    line = {"product": shop.names["P"], "qty": 30_000, "price": 600_000, "unit_row": box, "discount_rate": 900_000}
    sold = shop.sell(line, ("P", 5, 6))
    for clauses in ((), (("customer", "eq", shop.names["甲"]),)):
        sums, said = totals(shop, "sale_line", *clauses)
        assert "qty" not in sums and "数量：个 5，箱 3" in said["qty"]
        assert sums["amount"] == 192, "amounts are of one kind"
    sums, said = totals(shop, "sale_line", ("unit_name", "eq", "箱"))
    assert (sums["qty"], said["qty"]) == (300, ["只算已过账的", "退货为减，订货不计"])  # `yuan` of a quantity
    assert printed(shop, "sale_line", "qty") == ["合计 2 条（只算已过账的，退货为减，订货不计，数量：个 5，箱 3）", ""]
    shop.sell(("P", 7, 6), doc_type="order", deliver_on="2030-01-01")
    shop.sell(line, doc_type="order", deliver_on="2030-01-01")
    sums, said = totals(shop, "sale_line", ("doc_type", "eq", "order"))
    assert "qty" not in sums and said["qty"] == ["只算已过账的", "数量：个 7，箱 3"], "of one kind alone it is plain"

    engine, admin = shop.office.engine, shop.office.admin
    paper = papers.paper_of(engine, admin, "sale", sold["row"]["id"], "sheet_a4", "")
    heads = [column.label for column in paper.form.columns]
    for row in (paper.form.totals, paper.totals):
        assert row[heads.index("名称")] == "合计（箱 3，个 5）" and row[heads.index("数量")] == ""
    for name in ("contract", "ticket_80", "ticket_58"):
        form = papers.paper_of(engine, admin, "sale", sold["row"]["id"], name, "").form
        labels = [column.label for column in form.columns]
        assert form.rows[0][labels.index("折扣%")] == "90%" and form.rows[0][labels.index("单位")] == "箱", name
    plain = shop.sell(("P", 5, 6))
    form = papers.paper_of(engine, admin, "sale", plain["row"]["id"], "contract", "").form
    assert "折扣%" not in [column.label for column in form.columns], "nothing was taken off"


def test_the_profit_of_what_has_no_known_cost_is_unknown_and_left_out_of_totals(shop: Shop) -> None:
    """T6.12, T29: in lists, on paper, in the document; a total says what it leaves out."""
    shop.product("Q")
    shop.enter("stock_entry", {"kind": "gift_in"}, {"product": shop.names["Q"], "qty": 50_000})
    unknown = shop.sell(("Q", 2, 30))
    sums, said = totals(shop, "sale")
    assert (sums["profit"], said["profit"][-1]) == (0, "毛利不含成本未知收入 60.00")
    mixed = shop.sell(("Q", 1, 30), ("P", 10, 3))
    order = shop.sell(("P", 2, 30), doc_type="order", deliver_on="2030-01-01")
    rows = {row["id"]: row for row in shop.rows("sale")}
    assert [rows[one["row"]["id"]]["profit"] for one in (unknown, order)] == [None, None]
    assert yuan(rows[mixed["row"]["id"]]["profit"]) == 20 and rows[order["row"]["id"]]["cost_total"] is None
    assert rows[unknown["row"]["id"]]["unknown_qty"], "the rule by which the screen says 未知"
    lines = {row["product"]: row for row in shop.rows("sale_line", document=mixed["row"]["id"])}
    assert lines[shop.names["Q"]]["profit"] is None and yuan(lines[shop.names["Q"]]["unknown_revenue"]) == 30
    for module in ("sale", "sale_line"):
        sums, said = totals(shop, module)
        assert (sums["profit"], said["profit"][-1]) == (20, "毛利不含成本未知收入 90.00")
        assert "毛利不含成本未知收入 90.00" in printed(shop, module, "profit")[0]
        assert "profit" not in printed(shop, module, "number")[0]
    shop.cancel("sale", unknown)
    shop.cancel("sale", mixed)
    sums, said = totals(shop, "sale")
    assert (sums["profit"], [word for word in said["profit"] if "不含" in word]) == (0, [])


def test_pieces_and_boxes_of_several_products_are_no_sum_of_stock(shop: Shop) -> None:
    """库存查询, 库存流水 and 库存一览, whole, filtered, and on paper."""
    shop.product("B", unit=shop._first("dict_item", "箱"))
    shop.buy(("B", 30, 2), ("P", 20, 1))
    shop.sell(("B", 8, 3))
    for clauses in ((), (("qty", "ne", 0),)):
        sums, said = totals(shop, "stock_move", *clauses)
        assert "qty" not in sums and said["qty"] == ["数量：个 120，箱 22"]
        assert sums["cost_amount"] == 120 + 60 - 16, "amounts are of one kind"
    assert printed(shop, "stock_move", "qty") == ["合计 4 条（数量：个 120，箱 22）", ""]
    for clauses in ((), (("on_hand", "gt", 0),)):
        sums, said = totals(shop, "stock_balance", *clauses)
        assert not {"on_hand", "available", "projected"} & sums.keys() and sums["value"] == 164
        assert (said["on_hand"], said["available"]) == (["库存数量：个 120，箱 22"], ["可用数量：个 120，箱 22"])
        assert (sums["reserved"], said["reserved"]) == (0, []), "there is nothing of either"
    sums, said = totals(shop, "stock_balance", ("product", "eq", shop.names["B"]))
    assert (sums["on_hand"], said["on_hand"]) == (2_200, []), "`yuan` of a quantity"
    found = shop.api.get("/api/surveys/stock_balance")
    assert "on_hand" not in found["sums"] and found["parts"]["on_hand"] == "个 120，箱 22"
    assert (found["sums"]["reserved"], "reserved" in found["parts"]) == (0, False)
    assert shop.api.get("/api/surveys/stock_balance", words="B")["sums"]["on_hand"] == 220_000


def test_a_unit_called_otherwise_is_told_by_its_new_name(shop: Shop) -> None:
    """No total that is kept may hang on it; one that was worked out holds until something is written."""
    box = shop._first("dict_item", "箱")
    shop.product("B", unit=box)
    shop.buy(("B", 30, 2))
    for module, name in (("stock_move", "qty"), ("stock_balance", "on_hand")):
        assert totals(shop, module)[1][name][-1].endswith("：个 100，箱 30")
    shop.sell(("B", 10, 3))
    shop.api.call("PATCH", f"/api/records/dict_item/{box}", {"name": "大箱"})
    for module, name in (("stock_move", "qty"), ("stock_balance", "on_hand")):
        assert totals(shop, module)[1][name][-1].endswith("：个 100，大箱 20")
    shop.product("C", unit=shop.api.post("/api/records/dict_item", {"list": "unit", "name": "大箱"})["row"]["id"])
    shop.buy(("C", 5, 2))
    assert totals(shop, "stock_balance")[1]["on_hand"][-1].endswith("：个 100，大箱 25"), "two entries of one name"
    definition = shop.office.engine.definition("stock_balance")
    assert "on_hand" in definition.sums and definition.kept_sums == ("value",)


def test_of_many_units_the_first_are_told_and_how_many_there_are() -> None:
    one = Quantity("数量")
    parts = {f"u{n}": n * 10_000 for n in range(1, 11)}
    said = summing.in_parts(one, parts)
    assert said.startswith("u1 1，u2 2，") and said.endswith("u8 8 等 10 种")
    assert (
        summing.joined([["只算已过账的", "数量：个 5"], ["可用：个 1", "只算已过账的"]])
        == "只算已过账的，数量：个 5；可用：个 1"
    )


def test_who_sees_a_part_is_told_its_quantities_unit_by_unit(shop: Shop) -> None:
    """The tally keeps them by part: the key of a total begins like no other's."""
    engine = shop.office.engine
    definition = engine.definition("sale_line")
    assert summing.span(definition, "amount") == ("sum:amount", "sum:amount")
    first, last = summing.span(definition, "qty")
    assert first <= summing.key(definition, "qty", {"unit_name": None}) <= last
    assert first <= summing.key(definition, "qty", {"unit_name": "箱"}) <= last
    assert summing.value_of(definition, "qty", summing.key(definition, "qty", {"unit_name": "箱"})) == "箱"
    with engine.db.read() as db:
        kept = dict(db.execute("SELECT value, n FROM tally WHERE t = 'purchase_line' AND value LIKE 'sum:qty%'"))
        assert kept == {"sum:qty:个": 1_000_000} and derived.counted(db, engine.definition("purchase_line")) == dict(
            db.execute("SELECT value, n FROM tally WHERE t = 'purchase_line'")
        )


def test_a_cost_that_nobody_knows_is_no_zero(shop: Shop) -> None:
    """G6: in lists, on paper and in spreadsheets, until it is told."""
    shop.product("Q")
    line = {"product": shop.names["Q"], "qty": 50_000}
    came = shop.enter("stock_entry", {"kind": "gift_in"}, line)
    free = shop.enter("stock_entry", {"kind": "gift_in"}, {**line, "product": shop.names["P"], "unit_cost": 0})
    shop.sell(("Q", 2, 30))
    engine, admin = shop.office.engine, shop.office.admin

    def said(module: str, *names: str, **about: str) -> list[tuple[str, ...]]:
        definition = engine.definition(module)
        with engine.db.read() as db:
            numbers = lists.row_numbers(engine, db, admin, module, q.Query())
            wanted = printing.Wanted(tuple((name, 100) for name in ("product", *names)), None, None)
            cells = printing._cells(engine, db, admin, definition, wanted, numbers, lambda done: None)[0]
            sheet = list(export._cells(engine, db, admin, module, ("product", *names), numbers, lambda *_: None))
        assert [row[1] == "未知" for row in cells] == [row[1] == "未知" for row in sheet]
        return [tuple(row[1:]) for row in cells if row[0] == about["product"]]

    assert said("stock_balance", "value", "average_cost", "uncosted", product="Q") == [("未知", "未知", "3")]
    assert said("stock_balance", "value", "average_cost", product="P")[0][0] == "100.00"
    assert set(said("stock_move", "cost_amount", "cost_after", product="Q")) == {("未知", "未知")}
    assert said("stock_entry_line", "cost_amount", product="Q") == [("未知",)]
    assert said("stock_entry_line", "cost_amount", product="P") == [("0.00",)], "free of charge is known"
    assert said("sale_line", "cost_total", product="Q") == [("未知",)]
    assert said("sale_line", "profit", product="Q") == [("未知",)]
    assert said("purchase_line", "cost_amount", product="P") == [("100.00",)]
    (about,) = [one for one in shop.api.get("/api/modules")["modules"] if one["name"] == "stock_balance"]
    (field,) = [one for one in about["fields"] if one["name"] == "value"]
    assert field["unknown"] == {"by": "uncosted", "but": "", "partly": ""}, "the screen says it by the same rule"
    assert came and free
    shop.sell(("Q", 3, 30))
    assert ("未知", "0.00") in said("stock_move", "cost_amount", "cost_after", product="Q"), (
        "nothing left is worth nothing"
    )

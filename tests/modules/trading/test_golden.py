"""The golden examples of buying and selling (modules.md G), entered and read through the API."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from desktop.engine.documents import verbs
from desktop.engine.fields.moment import today as day
from desktop.errors import Invalid
from tests.modules.trading.shop import D, Exact, Shop, costs, fen, scaled, units, yuan


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product()
    shop.customer()
    shop.supplier()


def test_g1_lines_discount_shares_and_tax(shop: Shop) -> None:
    for name in ("A", "B", "C"):
        shop.product(name)
        shop.buy((name, 100, 1))
    found = shop.sell(("A", 3, "3.335"), ("B", 7, "12.5", 90), ("C", 1, "0.99"), discount_amount=10)
    assert [yuan(line["amount"]) for line in found["lines"]] == [D("10.01"), D("78.75"), D("0.99")]
    assert [yuan(line["share_amount"]) for line in found["lines"]] == [D("1.12"), D("8.77"), D("0.11")]
    assert [yuan(line["net_amount"]) for line in found["lines"]] == [D("8.89"), D("69.98"), D("0.88")]
    assert yuan(found["row"]["total"]) == D("79.75") == shop.owes("甲")
    lines = [{**line, "tax_rate": scaled(13)} for line in found["lines"]]
    taxed = shop.change("sale", found, lines)
    assert [yuan(line["tax_amount"]) for line in taxed["lines"]] == [D("1.02"), D("8.05"), D("0.10")]
    assert [yuan(line["ex_tax_amount"]) for line in taxed["lines"]] == [D("7.87"), D("61.93"), D("0.78")]
    assert yuan(taxed["row"]["tax_amount"]) == D("9.17") and yuan(taxed["row"]["total"]) == D("79.75")
    assert sum(yuan(line["ex_tax_amount"]) for line in taxed["lines"]) == D("70.58")


def test_g1_a_tie_goes_to_the_first_line(shop: Shop) -> None:
    shop.buy(("P", 3, 1))
    found = shop.sell(*[("P", 1, 10)] * 3, discount_amount="0.10")
    assert [yuan(line["share_amount"]) for line in found["lines"]] == [D("0.04"), D("0.03"), D("0.03")]


def test_g2_moving_average(shop: Shop) -> None:
    assert costs(shop.buy(("P", 10, 10))) == [D(100)] and shop.stock() == (10, 100)
    assert costs(shop.buy(("P", 10, 13))) == [D(130)] and shop.average() == D("11.5")
    first = shop.sell(("P", 5, 20))
    assert costs(first) == [D("-57.50")] and shop.stock() == (15, D("172.50"))
    assert (yuan(first["row"]["cost_total"]), yuan(first["row"]["profit"])) == (D("57.50"), D("42.50"))
    assert costs(shop.sell(("P", 15, 20))) == [D("-172.50")]
    assert shop.stock() == (0, 0) and shop.average() is None
    assert shop.owes("乙", "payable") == 230 and shop.owes("甲") == 400


def test_g3_no_residue(shop: Shop) -> None:
    shop.buy({"product": shop.names["P"], "qty": scaled(3), "price": scaled("3.3333"), "typed_amount": fen(10)})
    found = [costs(shop.sell(("P", 1, 9)))[0] for _ in range(3)]
    assert found == [D("-3.33"), D("-3.34"), D("-3.33")] and shop.stock() == (0, 0)


def test_g4_customer_return_at_its_own_cost(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    shop.buy(("P", 10, 13))
    sold = shop.sell(("P", 6, 20))
    assert costs(sold) == [D(-69)] and shop.stock() == (14, 161)
    shop.buy(("P", 4, 15))
    assert shop.stock() == (18, 221) and shop.average() == D("12.2778")
    back = {"product": shop.names["P"], "price": scaled(20), "origin_line": sold["lines"][0]["id"]}
    returned = shop.sell({**back, "qty": scaled(3)}, doc_type="return")
    assert costs(returned) == [D("34.50")] and shop.stock() == (21, D("255.50")) and shop.average() == D("12.1667")
    assert shop.owes("甲") == 60
    assert profit_of(shop, "甲") == (60, D("25.50")) and D("25.50") / 60 == D("0.425")
    problem = shop.refused("sale", {"customer": "甲", "doc_type": "return"}, {**back, "qty": scaled(4)})
    assert problem["fields"] == {"lines.0.qty": "最多还能退 3"}
    assert costs(shop.sell({**back, "qty": scaled(3)}, doc_type="return")) == [D("34.50")]


def profit_of(shop: Shop, customer: str) -> tuple[Exact, Exact]:
    """Revenue and gross profit of a customer, as the list sums them up."""
    where = json.dumps({"and": [{"field": "customer", "op": "eq", "value": shop.names[customer]}]})
    found = shop.api.get("/api/records/sale", filter=where, want="rows,sums")
    return yuan(sum(row["signed_total"] for row in found["rows"])), yuan(found["sums"]["profit"])


def test_g5_return_to_the_supplier(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    second = shop.buy(("P", 10, 14))
    assert costs(shop.sell(("P", 4, 30))) == [D(-48)] and shop.stock() == (16, 192)
    back = {"product": shop.names["P"], "qty": scaled(5), "price": scaled(14), "origin_line": second["lines"][0]["id"]}
    returned = shop.buy(back, doc_type="return")
    assert costs(returned) == [D(-70)] and variance_of(returned) == (0, [0])
    assert shop.stock() == (11, 122) and shop.average() == D("11.0909") and shop.owes("乙", "payable") == 170


def test_g5_the_last_ones_go_back_at_what_is_left(shop: Shop) -> None:
    shop.buy(("P", 2, 10))
    second = shop.buy(("P", 2, 30))
    assert costs(shop.sell(("P", 2, 50))) == [D(-40)]
    back = {"product": shop.names["P"], "qty": scaled(2), "price": scaled(30), "origin_line": second["lines"][0]["id"]}
    returned = shop.buy(back, doc_type="return")
    assert costs(returned) == [D(-40)] and shop.stock() == (0, 0)
    assert shop.owes("乙", "payable") == 80 - 60 and variance_of(returned) == (20, [20])
    assert variance_of(second) == (None, [None]), "only of what goes back"
    (listed,) = shop.rows("purchase", doc_type="return")
    assert yuan(listed["return_variance"]) == 20


def variance_of(document: dict[str, Any]) -> tuple[Any, list[Any]]:
    """进货退货差价 of a return, and of each line."""
    return yuan(document["row"]["return_variance"]), [yuan(line["return_variance"]) for line in document["lines"]]


def test_g6_unknown_cost(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    problem = shop.refused("purchase", {"supplier": "乙"}, ("P", 5, None), status=409)
    assert problem["questions"][0]["name"] == "unknown_cost"
    shop.buy(("P", 5, None), confirmed=["unknown_cost"])
    assert shop.stock() == (15, 100) and shop.average() == 10
    assert costs(shop.sell(("P", 8, 20))) == [D(-80)]
    last = shop.sell(("P", 4, 20))
    assert costs(last) == [D(-20)] and units(last["lines"][0]["uncosted_qty"]) == -2
    assert shop.stock() == (3, 0) and shop.average() is None


def test_g6_what_came_without_a_cost_is_told_late(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    shop.enter("stock_entry", {"kind": "other_in"}, {"product": shop.names["P"], "qty": scaled(5)})
    (row,) = shop.rows("stock_balance", product=shop.names["P"])
    assert (units(row["on_hand"]), units(row["uncosted"]), yuan(row["value"]), shop.average()) == (15, 5, 100, 10)
    assert costs(shop.sell(("P", 8, 20))) == [D(-80)] and shop.stock() == (7, 20)
    last = shop.sell(("P", 4, 20))
    assert costs(last) == [D(-20)] and units(last["lines"][0]["uncosted_qty"]) == -2 and shop.average() is None
    assert known(last) == (40, 20, 20, 50, 2, 40), "RP10"
    (source,) = shop.rows("stock_move", kind="other_in")
    line = {"source": source["id"], "unit_cost": scaled(12)}
    made = shop.enter("cost_adjust", {"kind": "late_cost"}, line)
    assert yuan(made["lines"][0]["issued_cost"]) == 24
    assert shop.stock() == (3, 36) and shop.average() == 12
    assert yuan(shop.read("sale", last)["row"]["profit"]) == 36, "80 − 20 − 24"
    assert known(shop.read("sale", last)) == (80, 44, 36, 45, None, None)


def known(document: dict[str, Any]) -> tuple[Any, ...]:
    """What of a sale can be judged: 已计成本收入, 成本, 毛利, 毛利率, and 成本未知 as quantity and revenue."""
    row = document["row"]
    amounts = [yuan(row[name]) for name in ("known_revenue", "cost_total", "known_profit")]
    return (*amounts, units(row["known_rate"]), units(row["unknown_qty"]), yuan(row["unknown_revenue"]))


def test_g7_stock_below_zero_is_filled_later(shop: Shop) -> None:
    shop.buy(("P", 5, 10))
    problem = shop.refused("sale", {"customer": "甲"}, ("P", 8, 20), status=409)
    assert problem["questions"] == [{"name": "negative_stock", "text": "产品 P 库存 5，需要 8，过账后是 -3"}]
    assert costs(shop.sell(("P", 8, 20), confirmed=["negative_stock"])) == [D(-80)] and shop.stock() == (-3, -30)
    filled = shop.buy(("P", 10, 12))
    assert yuan(filled["lines"][0]["cost_variance"]) == -6 and shop.stock() == (7, 84) and shop.average() == 12


def test_g7_two_small_receipts(shop: Shop) -> None:
    shop.buy(("P", 5, 10))
    shop.sell(("P", 8, 20), confirmed=["negative_stock"])
    for qty, variance, left in ((2, -4, (-1, -10)), (1, -2, (0, 0))):
        filled = shop.buy(("P", qty, 12))
        assert yuan(filled["lines"][0]["cost_variance"]) == variance and shop.stock() == left


def test_g7_without_the_right_it_is_refused(shop: Shop) -> None:
    shop.buy(("P", 5, 10))
    words, modules = frozenset(["view", "add", "edit", "post"]), ("sale", "customer", "product", "warehouse")
    clerk = replace(
        shop.office.admin, everything=False, special=frozenset({"edit_price"}),
        rights=dict.fromkeys(modules, words), scopes=dict.fromkeys(modules, "all"),
    )  # fmt: skip
    line = {"product": shop.names["P"], "qty": scaled(8), "price": scaled(20)}
    with pytest.raises(Invalid) as refused:
        verbs.save(shop.office.engine, clerk, "sale", verbs.Entry({"customer": shop.names["甲"]}, [line], post=True))
    assert refused.value.fields == {"lines.0.qty": "产品 P 库存 5，需要 8"}


def test_g14_a_sale_is_cancelled_at_its_own_cost(shop: Shop) -> None:
    ago = (date.fromisoformat(day()) - timedelta(days=5)).isoformat()
    shop.buy(("P", 10, 10), doc_on=ago)
    shop.buy(("P", 10, 13), doc_on=ago)
    sold = shop.sell(("P", 5, 20), doc_on=ago)
    assert shop.stock() == (15, D("172.50"))
    shop.buy(("P", 5, 20))
    assert shop.stock() == (20, D("272.50")) and shop.average() == D("13.6250")
    shop.cancel("sale", sold)
    assert shop.stock() == (25, 330) and shop.average() == D("13.2") and shop.owes("甲") == 0
    moves = shop.rows("stock_move", kind="sale")
    assert sorted((row["book_on"], units(row["qty"]), yuan(row["cost_amount"])) for row in moves) == [
        (ago, -5, D("-57.50")), (day(), 5, D("57.50"))
    ]  # fmt: skip


def test_g14_change_and_cancel(shop: Shop) -> None:
    """G14 without the lock."""
    shop.buy(("P", 10, 10))
    shop.buy(("P", 10, 13))
    sold = shop.sell(("P", 5, 20))
    line = sold["lines"][0]
    second = shop.change("sale", sold, [{**line, "qty": scaled(3)}])
    assert (second["row"]["version"], second["row"]["number"]) == (2, sold["row"]["number"])
    assert costs(second) == [D("-34.50")] and shop.stock() == (17, D("195.50")) and shop.owes("甲") == 60
    shop.cancel("sale", second)
    assert shop.stock() == (20, 230) and shop.owes("甲") == 0
    moves = shop.rows("stock_move", product=shop.names["P"])
    assert sorted(units(row["qty"]) for row in moves) == [D(-3), D(3), D(10), D(10)]
    rows = shop.rows("sale_line", product=shop.names["P"])
    assert [row["state"] for row in rows] == ["cancelled"]


def test_g17_price_offered(shop: Shop) -> None:
    today = date.fromisoformat(day())
    slots = {"price_1": 100, "price_2": 90, "price_3": 85, "price_4": 80}
    shop.product("Q", **{name: scaled(value) for name, value in slots.items()}, min_price=scaled(80))
    shop.customer("丙", price_level="3")
    shop.buy(("Q", 1000, 50))

    def offered(**line: object) -> tuple[Exact, str]:
        sheet = shop.body({"customer": "丙"}, [{"product": shop.names["Q"], "qty": scaled(1), **line}])
        asked = {**sheet, "changed": {"line": 0, "field": "product"}}
        (found,) = shop.api.post("/api/documents/sale/work-out", asked)["lines"]
        return units(found["price"]), found["price_source"]

    assert offered() == (85, "level")
    shop.sell(("Q", 1, 88), customer="丙", doc_on=(today - timedelta(days=187)).isoformat())
    assert offered() == (85, "level"), "too long ago"
    shop.sell(("Q", 1, 88), customer="丙", doc_on=(today - timedelta(days=161)).isoformat())
    assert offered() == (88, "last")
    unit = shop.api.get("/api/lookup/dict_item", q="箱", where='{"list": "unit"}')["rows"][0]["id"]
    box = {"product": shop.names["Q"], "unit": unit, "ratio": scaled(12)}
    row = shop.api.post("/api/records/product_unit", box)["row"]
    assert offered(unit_row=row["id"]) == (1020, "level")
    assert (
        shop.refused("sale", {"customer": "丙"}, ("Q", 10, 84, 95), status=409)["questions"][0]["name"]
        == "below_min_price"
    )
    assert shop.sell(("Q", 10, 84, 95), customer="丙", confirmed=["below_min_price"])["row"]["state"] == "posted"


def test_g18_fees_and_units(shop: Shop) -> None:
    for name in ("A", "B"):
        shop.product(name)
    shop.supplier("物流丙")
    fee = {"fee_amount": "33.33", "fee_supplier": "物流丙"}
    assert costs(shop.buy(("A", 100, 5), ("B", 50, 6), **fee)) == [D("520.83"), D("312.50")]
    assert (shop.owes("乙", "payable"), shop.owes("物流丙", "payable")) == (800, D("33.33"))
    assert costs(shop.buy(("A", 100, 5), ("B", 50, 6), **fee, fee_share="quantity")) == [D("522.22"), D("311.11")]
    unit = shop.api.get("/api/lookup/dict_item", q="箱", where='{"list": "unit"}')["rows"][0]["id"]
    box = {"product": shop.names["P"], "unit": unit, "ratio": scaled(12)}
    row = shop.api.post("/api/records/product_unit", box)["row"]
    bought = shop.buy({"product": shop.names["P"], "unit_row": row["id"], "qty": scaled(2), "price": scaled(60)})
    assert units(bought["lines"][0]["base_qty"]) == 24 and costs(bought) == [D(120)] and shop.average() == 5
    assert costs(shop.sell(("P", 5, 9))) == [D(-25)]


def test_g19_retail_is_paid_at_once(shop: Shop) -> None:
    shop.buy(("P", 100, 1))
    lines = [("P", 10, "8.67")]
    paid = {"doc_type": "retail", "discount_amount": "0.70", "account": "现金"}
    sold = shop.enter("sale", {**paid, "paid_amount": 86, "tendered": 100}, *lines)
    assert (yuan(sold["row"]["total"]), yuan(sold["row"]["change"])) == (86, 14)
    assert sold["row"]["number"].startswith("LS-") and sold["labels"][sold["row"]["customer"]] == "零售客户"
    assert shop.cash() == 86 and sold["row"]["paid_state"] == "settled" and yuan(sold["row"]["outstanding"]) == 0
    problem = shop.refused("sale", {**paid, "paid_amount": 80}, *lines)
    assert problem["fields"] == {"paid_amount": "须全额付清，还差 6.00"}
    shop.buy(("P", 1, 35), is_retail=True, supplier=None, paid_amount=35, account="现金")  # type: ignore[arg-type]
    assert shop.cash() == 51


def test_what_was_paid_on_the_document_settles_it(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    sold = shop.sell(("P", 5, 20), paid_amount=40, account="现金")
    assert (yuan(sold["row"]["outstanding"]), sold["row"]["paid_state"]) == (60, "partial")
    assert (shop.owes("甲"), shop.cash()) == (60, 40)
    shop.cancel("sale", sold)
    assert (shop.owes("甲"), shop.cash()) == (0, 0)


def test_g11_credit(shop: Shop) -> None:
    """Limit 10 000, receivable 6 000, advance 500, orders 2 000: a sale of 3 000 with 500 paid is the limit."""
    shop.buy(("P", 1000, 10))
    shop.customer("丁", credit_limit=fen(10_000))
    shop.enter("sale", {"customer": "丁"}, ("P", 1, 9_999), post=False)
    shop.sell(("P", 1, 6_000), customer="丁")
    shop.enter("settlement", {"kind": "advance_in", "customer": "丁", "amount": 500})
    order = shop.sell(("P", 2, 1_000), customer="丁", doc_type="order", deliver_on="2030-01-01")
    over = shop.refused(
        "sale", {"customer": "丁", "paid_amount": 500, "account": "现金"}, ("P", 1, "3000.01"), status=409
    )
    assert over["questions"] == [{"name": "over_credit", "text": "「丁」超出信用额度 0.01（额度 10000.00）"}]
    whole = {
        "product": shop.names["P"],
        "qty": scaled(2),
        "price": scaled(1_000),
        "order_line": order["lines"][0]["id"],
    }
    delivered = shop.sell(whole, ("P", 1, 1_000), customer="丁", paid_amount=500, account="现金")
    assert delivered["row"]["state"] == "posted", "what it delivers of the order counts once"
    changed = shop.change("sale", delivered, [delivered["lines"][0], {**delivered["lines"][1], "price": scaled(3_000)}])
    assert changed["row"]["version"] == 2, "what the old version booked does not count beside the new one"
    shop.cancel("sale", changed)
    shop.sell(("P", 1, 3_000), customer="丁", paid_amount=500, account="现金")


def exposure(shop: Shop, customer: str, *lines: Any, **values: Any) -> Exact:
    """What a customer who has no credit is told that he would owe with a sale."""
    path = f"/api/records/customer/{shop.names[customer]}"
    limit = shop.api.get(path)["row"]["credit_limit"]
    shop.api.ok(shop.api.call("PATCH", path, {"credit_limit": 0}))
    problem = shop.refused("sale", {"customer": customer, **values}, *lines, status=409)
    shop.api.ok(shop.api.call("PATCH", path, {"credit_limit": limit}))
    (question,) = problem["questions"]
    assert question["name"] == "over_credit"
    return D(question["text"].split("额度 ")[1].split("（")[0])


def test_g11_exposures(shop: Shop) -> None:
    shop.buy(("P", 1000, 10))
    shop.customer("丁")
    shop.sell(("P", 1, 6_000), customer="丁")
    shop.enter("settlement", {"kind": "advance_in", "customer": "丁", "amount": 500})
    order = shop.sell(("P", 2, 1_000), customer="丁", doc_type="order", deliver_on="2030-01-01")
    paid = {"paid_amount": 500, "account": "现金"}
    assert exposure(shop, "丁", ("P", 1, 3_000), **paid) == 10_000
    assert exposure(shop, "丁", ("P", 1, "3000.01"), **paid) == D("10000.01")
    link = {"product": shop.names["P"], "price": scaled(1_000), "order_line": order["lines"][0]["id"]}
    assert exposure(shop, "丁", {**link, "qty": scaled(2)}, ("P", 1, 1_000), **paid) == 8_000
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": {"credit.count_orders": False}}))
    assert exposure(shop, "丁", ("P", 1, 3_000), **paid) == 8_000


def test_g11_who_has_no_credit_pays_in_full_or_ahead(shop: Shop) -> None:
    shop.buy(("P", 1000, 10))
    shop.customer("丁", credit_limit=0)
    shop.enter("settlement", {"kind": "advance_in", "customer": "丁", "amount": 500})
    problem = shop.refused("sale", {"customer": "丁"}, ("P", 1, "500.01"), status=409)
    assert problem["questions"] == [{"name": "over_credit", "text": "「丁」超出信用额度 0.01（额度 0.00）"}]
    shop.sell(("P", 1, 500), customer="丁")
    shop.sell(("P", 1, 3_000), customer="丁", paid_amount=3_000, account="现金")


def test_an_advance_that_a_sale_uses_is_still_there_when_it_is_changed(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 50})
    sold = shop.sell(("P", 5, 20), advance_used=50)
    changed = shop.change("sale", sold, [{**sold["lines"][0], "qty": scaled(4)}])
    assert (yuan(changed["row"]["outstanding"]), shop.owes("甲"), shop.owes("甲", "advance_in")) == (30, 30, 0)


def test_bad_sheets_are_refused_at_the_field(shop: Shop) -> None:
    p = shop.names["P"]
    assert "customer" in shop.refused("sale", {}, ("P", 1, 1))["fields"]
    assert "deliver_on" in shop.refused("sale", {"customer": "甲", "doc_type": "order"}, ("P", 1, 1))["fields"]
    shop.buy(("P", 10, 10))
    assert "discount_amount" in shop.refused("sale", {"customer": "甲", "discount_amount": 21}, ("P", 1, 20))["fields"]
    assert (
        "paid_amount"
        in shop.refused("sale", {"customer": "甲", "paid_amount": 21, "account": "现金"}, ("P", 1, 20))["fields"]
    )
    stopped = shop.product("停", is_stopped=True)
    assert (
        "已停用"
        in shop.refused("sale", {"customer": "甲"}, {"product": stopped, "qty": 10_000, "price": 1})["fields"][
            "lines.0.product"
        ]
    )
    wrong = {"product": p, "qty": "多", "price": scaled(1)}
    assert "lines.0.qty" in shop.refused("sale", {"customer": "甲"}, wrong)["fields"]
    shop.customer("黑", is_blacklisted=True)
    assert "黑名单" in shop.refused("sale", {"customer": "黑"}, ("P", 1, 20))["fields"]["customer"]


# ------------------------------------------------------------------------------------------------------- settlements


def allocated(document: dict[str, Any], amount: float | str, off: float | str | None = None) -> dict[str, Any]:
    module = "purchase" if "supplier" in document["row"] else "sale"
    about = {"target_kind": module, "target": document["row"]["id"], "amount": fen(amount)}
    return about | ({"write_off_amount": fen(off)} if off else {})


def test_g10_allocation_write_off_advance_and_return(shop: Shop) -> None:
    shop.buy(("P", 1000, 1))
    first = shop.sell(("P", 1, 500), doc_on="2026-11-01", due_on="2026-11-10")
    second = shop.sell(("P", 1, 300), doc_on="2026-11-01", due_on="2026-11-20")
    back = shop.sell(("P", 1, 80), doc_type="return")
    assert (shop.owes("甲"), shop.owes("甲", "advance_in")) == (720, 0)

    asked = shop.body({"kind": "receipt", "customer": "甲", "amount": 600}, [])
    spread = shop.api.post("/api/documents/settlement/work-out", {**asked, "changed": {"field": "amount"}})
    assert [(line["document_number"], yuan(line["amount"])) for line in spread["lines"]][:2] == [
        (first["row"]["number"], 500), (second["row"]["number"], 100)
    ]  # fmt: skip
    one = shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 600}, *spread["lines"])
    assert (shop.owes("甲"), yuan(one["row"]["to_advance"])) == (120, 0)
    assert [yuan(line["amount"]) for line in one["lines"]] == [500, 100], "what got nothing is no line"

    shop.enter(
        "settlement", {"kind": "receipt", "customer": "甲", "amount": "119.50"}, allocated(back, -80),
        allocated(second, 200, "0.50"),
    )  # fmt: skip
    assert (shop.owes("甲"), shop.read("sale", second)["row"]["paid_state"]) == (0, "settled")
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 1000})
    assert shop.owes("甲", "advance_in") == 1000
    shop.sell(("P", 1, 750), advance_used=750)
    assert (shop.owes("甲"), shop.owes("甲", "advance_in")) == (0, 250)
    fourth = shop.sell(("P", 1, 250))
    shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 300}, allocated(fourth, 250))
    assert (shop.owes("甲"), shop.owes("甲", "advance_in")) == (0, 300)
    shop.enter("settlement", {"kind": "refund_out", "customer": "甲", "amount": 300, "from_advance": 300})
    assert (shop.owes("甲", "advance_in"), shop.cash()) == (0, D("1719.50"))


def test_g10_offset_of_what_the_same_party_owes_and_is_owed(shop: Shop) -> None:
    shop.customer("甲方", linked_supplier=shop.names["乙"])
    bought = shop.buy(("P", 25, 10))
    sold = shop.sell(("P", 4, 100), customer="甲方")
    about = {"kind": "offset", "customer": "甲方", "supplier": "乙"}
    made = shop.enter("settlement", about, allocated(sold, 250), allocated(bought, 250))
    assert made["row"]["number"].startswith("CZ-") and yuan(made["row"]["amount"]) == 250
    assert (shop.owes("甲方"), shop.owes("乙", "payable"), shop.cash()) == (150, 0, 0)


def test_g10_refusals(shop: Shop) -> None:
    shop.buy(("P", 100, 1))
    first = shop.sell(("P", 1, 500))
    about = {"kind": "receipt", "customer": "甲", "amount": 501}
    problem = shop.refused("settlement", about, allocated(first, 501))
    assert problem["fields"]["lines.0.amount"] == "未结 500.00，不能分配更多"
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 300})
    back = shop.sell(("P", 1, 80), doc_type="return")
    refund = {"kind": "refund_out", "customer": "甲", "amount": 130, "from_advance": 50}
    shop.enter("settlement", refund, allocated(back, -80))
    assert (shop.owes("甲"), shop.owes("甲", "advance_in")) == (500, 250)
    problem = shop.refused("settlement", {**refund, "amount": "250.01", "from_advance": "250.01"})
    assert problem["fields"]["from_advance"] == "预收/付余额只有 250.00"
    shop.supplier("丙")
    other = shop.buy(("P", 1, 10))
    problem = shop.refused("settlement", {"kind": "payment", "supplier": "丙", "amount": 10}, allocated(other, 10))
    assert "不是这个往来单位的" in problem["fields"]["lines.0.target"]


def test_what_was_settled_is_not_cancelled_or_made_smaller(shop: Shop) -> None:
    shop.buy(("P", 100, 1))
    sold = shop.sell(("P", 5, 20))
    paid = shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 60}, allocated(sold, 60))
    number = paid["row"]["number"]
    assert number.startswith("SK-01A1-")
    path = f"/api/documents/sale/{sold['row']['id']}"
    assert number in shop.api.refused("POST", f"{path}/cancel", 422, {"reason": "x"})["fields"][""]
    small = shop.body({}, [{**sold["lines"][0], "qty": scaled(2)}])
    assert "已经结清 60.00" in shop.api.refused("PATCH", path, 422, small)["fields"]["total"]
    smaller = shop.change("sale", sold, [{**sold["lines"][0], "qty": scaled(3)}])
    assert (smaller["row"]["paid_state"], shop.owes("甲")) == ("settled", 0)
    shop.cancel("settlement", paid)
    assert shop.owes("甲") == 60 and shop.read("sale", sold)["row"]["paid_state"] == "unpaid" and shop.cash() == 0
    shop.cancel("sale", sold)
    assert shop.owes("甲") == 0


def test_money_that_is_not_there_is_not_paid(shop: Shop) -> None:
    bought = shop.buy(("P", 10, 10))
    pay = {"kind": "payment", "supplier": "乙", "amount": 40}
    problem = shop.refused("settlement", pay, allocated(bought, 40))
    assert problem["fields"]["account"] == "账户「现金」余额不够，还差 40.00"
    shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 100})
    shop.enter("settlement", pay, allocated(bought, 40))
    assert (shop.owes("乙", "payable"), shop.cash()) == (60, 60)
    assert yuan(shop.read("purchase", bought)["row"]["outstanding"]) == 60


# ------------------------------------------------------------------------------------------------------------ orders


def figures(shop: Shop) -> tuple[Any, Any, Any]:
    """On hand, reserved, available."""
    rows = shop.rows("stock_balance", product=shop.names["P"])
    return tuple(units(sum(row[name] or 0 for row in rows)) for name in ("on_hand", "reserved", "available"))


def undelivered(shop: Shop) -> Exact:
    """What 甲 has ordered and not got, as the credit check counts it."""
    return exposure(shop, "甲", ("P", "0.01", 1)) - D("0.01") - shop.owes("甲") + shop.owes("甲", "advance_in")


def test_g9_order_deposit_and_partial_deliveries(shop: Shop) -> None:
    shop.buy(("P", 12, 1))
    ordered: dict[str, Any] = {"doc_type": "order", "deliver_on": "2030-01-01", "discount_amount": 5, "account": "现金"}
    order = shop.sell(("P", 10, 20), **ordered, paid_amount=50)
    assert yuan(order["row"]["total"]) == 195 and figures(shop) == (12, 10, 2)
    assert (shop.owes("甲"), shop.owes("甲", "advance_in")) == (0, 50) and undelivered(shop) == 195
    assert shop.read("sale", order)["row"]["progress"] == "open"
    line = {"product": shop.names["P"], "price": scaled(20), "order_line": order["lines"][0]["id"]}

    shop.sell({**line, "qty": scaled(4)}, discount_amount=2, advance_used=50)
    assert figures(shop) == (8, 6, 2) and shop.read("sale", order)["row"]["progress"] == "partial"
    assert (shop.owes("甲"), shop.owes("甲", "advance_in")) == (28, 0) and undelivered(shop) == 117
    problem = shop.refused("sale", {"customer": "甲"}, {**line, "qty": scaled(7)})
    assert problem["fields"] == {"lines.0.qty": "订货还剩 6"}
    second = shop.sell({**line, "qty": scaled(6)}, discount_amount=3)
    assert figures(shop) == (2, 0, 2) and shop.read("sale", order)["row"]["progress"] == "done"
    assert shop.owes("甲") == 145 and undelivered(shop) == 0
    shop.cancel("sale", second)
    assert figures(shop) == (8, 6, 2) and shop.read("sale", order)["row"]["progress"] == "partial"
    assert undelivered(shop) == 117
    closed = shop.api.post(f"/api/documents/sale/{order['row']['id']}/close", {"reason": "不要了"})
    assert closed["row"]["progress"] == "closed" and figures(shop) == (8, 0, 8)
    assert undelivered(shop) == 0 and (shop.owes("甲"), shop.owes("甲", "advance_in")) == (28, 0)
    opened = shop.api.post(f"/api/documents/sale/{order['row']['id']}/reopen", {})
    assert opened["row"]["progress"] == "partial" and figures(shop) == (8, 6, 2)


def test_what_is_ordered_from_a_supplier_is_on_its_way(shop: Shop) -> None:
    order = shop.buy(("P", 30, 2), doc_type="order", deliver_on="2030-01-01")
    (row,) = shop.rows("stock_balance", product=shop.names["P"])
    assert (units(row["on_order"]), units(row["on_hand"]), units(row["projected"])) == (30, 0, 30)
    shop.buy({"product": shop.names["P"], "qty": scaled(30), "price": scaled(2), "order_line": order["lines"][0]["id"]})
    (row,) = shop.rows("stock_balance", product=shop.names["P"])
    assert (units(row["on_order"]), units(row["on_hand"])) == (0, 30)
    assert shop.read("purchase", order)["row"]["progress"] == "done" and shop.owes("乙", "payable") == 60


def take(shop: Shop, module: str, source: str, document: dict[str, Any], **values: Any) -> dict[str, Any]:
    """The sheet that a document fills."""
    path = f"/api/documents/{module}/sources/{source}"
    body = shop.body(values, [])
    assert document["row"]["id"] in [row["id"] for row in shop.api.post(path, body)["items"]]
    return dict(shop.api.post(f"{path}/{document['row']['id']}", body))


def test_g8_transfer_in_the_company_pool(shop: Shop) -> None:
    shop.add("warehouse", "二仓", code="02")
    shop.buy(("P", 10, 10))
    shop.buy(("P", 10, 14), warehouse="二仓")
    moved = shop.enter("stock_transfer", {"from_warehouse": "主仓", "to_warehouse": "二仓"}, ("P", 4, None))
    assert costs(moved) == [D(-48)] and shop.stock() == (20, 240)
    rows = {row["warehouse"]: row for row in shop.rows("stock_balance", product=shop.names["P"])}
    here, there = rows[shop.names["主仓"]], rows[shop.names["二仓"]]
    assert (units(here["on_hand"]), yuan(here["value"])) == (6, 52)
    assert (units(there["on_hand"]), yuan(there["value"])) == (14, 188)
    assert costs(shop.sell(("P", 7, 20), warehouse="二仓")) == [D(-84)] and shop.stock() == (13, 156)
    same = shop.refused("stock_transfer", {"from_warehouse": "主仓", "to_warehouse": "主仓"}, ("P", 1, None))
    assert same["fields"] == {"to_warehouse": "调入仓和调出仓不能相同"}
    short = shop.refused(
        "stock_transfer", {"from_warehouse": "主仓", "to_warehouse": "二仓"}, ("P", 7, None), status=409
    )
    assert short["questions"][0]["name"] == "negative_stock"
    shop.cancel("stock_transfer", moved)
    rows = {row["warehouse"]: row for row in shop.rows("stock_balance", product=shop.names["P"])}
    assert [units(rows[shop.names[name]]["on_hand"]) for name in ("主仓", "二仓")] == [10, 3]


def test_g9_a_delivery_is_filled_from_its_order(shop: Shop) -> None:
    shop.buy(("P", 12, 1))
    ordered: dict[str, Any] = {"doc_type": "order", "deliver_on": "2030-01-01", "discount_amount": 5, "account": "现金"}
    order = shop.sell(("P", 10, 20), **ordered, paid_amount=50)
    filled = take(shop, "sale", "order", order, customer="甲", doc_type="sale")
    assert [(units(line["qty"]), yuan(line["amount"])) for line in filled["lines"]] == [(10, 200)]
    assert (yuan(filled["values"]["discount_amount"]), yuan(filled["values"]["advance_used"])) == (5, 50)
    lines = [{**filled["lines"][0], "qty": scaled(4)}]
    first = shop.sell(*lines, discount_amount=2, advance_used=50)
    assert yuan(first["row"]["outstanding"]) == 28
    rest = take(shop, "sale", "order", order, customer="甲", doc_type="sale")
    assert (units(rest["lines"][0]["qty"]), yuan(rest["values"]["discount_amount"])) == (6, 3)
    assert rest["values"]["advance_used"] is None


def test_a_quote_becomes_a_sale_and_is_won(shop: Shop) -> None:
    shop.product("Q", **{name: scaled(value) for name, value in {"price_1": 100, "price_2": 90}.items()})
    shop.buy(("Q", 10, 50))
    quote = shop.enter("quote", {"customer": "甲", "subject": "样品"}, ("Q", 10, 95))
    assert quote["row"]["number"].startswith("BJ-") and quote["row"]["result"] == "open"
    assert [units(quote["lines"][0][f"price_{slot}"]) for slot in (1, 2)] == [100, 90]
    filled = take(shop, "sale", "quote", quote, doc_type="sale")
    assert filled["values"]["customer"] == shop.names["甲"]
    sold = shop.sell({**filled["lines"][0], "qty": scaled(4)})
    assert units(sold["lines"][0]["price"]) == 95 and shop.read("quote", quote)["row"]["result"] == "won"
    assert units(take(shop, "sale", "quote", quote, doc_type="sale")["lines"][0]["qty"]) == 6
    path = f"/api/documents/quote/{quote['row']['id']}/cancel"
    assert sold["row"]["number"] in shop.api.refused("POST", path, 422, {"reason": "x"})["fields"][""]


def test_a_return_is_filled_from_what_was_sold(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    sold = shop.sell(("P", 5, 20, 90))
    filled = take(shop, "sale", "origin", sold, customer="甲", doc_type="return")
    line = filled["lines"][0]
    assert (units(line["qty"]), units(line["price"]), line["origin_line"]) == (5, 20, sold["lines"][0]["id"])
    shop.sell({**line, "qty": scaled(2)}, doc_type="return")
    assert units(take(shop, "sale", "origin", sold, customer="甲", doc_type="return")["lines"][0]["qty"]) == 3


def test_what_others_rest_on_keeps_its_party_and_its_size(shop: Shop) -> None:
    shop.buy(("P", 100, 1))
    shop.customer("丙")
    sold = shop.sell(("P", 7, 20))
    line = sold["lines"][0]
    path = f"/api/documents/sale/{sold['row']['id']}"
    moved = shop.body({"customer": "丙"}, [line])
    assert "不能换往来单位" in shop.api.refused("PATCH", path, 422, moved)["fields"]["customer"]
    back = {"product": shop.names["P"], "qty": scaled(5), "price": scaled(20), "origin_line": line["id"]}
    shop.sell(back, doc_type="return")
    small = shop.body({}, [{**line, "qty": scaled(1)}])
    assert "已经退了 5" in shop.api.refused("PATCH", path, 422, small)["fields"]["lines.0.qty"]

    order = shop.sell(("P", 3, 20), doc_type="order", deliver_on="2030-01-01")
    delivery = {**back, "qty": scaled(1), "origin_line": None, "order_line": order["lines"][0]["id"]}
    number = shop.sell(delivery)["row"]["number"]
    cancelling = f"/api/documents/sale/{order['row']['id']}/cancel"
    assert number in shop.api.refused("POST", cancelling, 422, {"reason": "x"})["fields"][""]

    given = shop.enter("settlement", {"kind": "advance_in", "customer": "甲", "amount": 50})
    shop.sell(("P", 5, 20), advance_used=50)
    cancelling = f"/api/documents/settlement/{given['row']['id']}/cancel"
    assert "预收" in shop.api.refused("POST", cancelling, 422, {"reason": "x"})["fields"][""]


def test_absurd_figures_are_refused_and_never_break_anything(shop: Shop) -> None:
    large = {"product": shop.names["P"], "qty": 10**11, "price": 10**11}
    assert "lines.0.qty" in shop.refused("sale", {"customer": "甲"}, large)["fields"]
    larger = {**large, "qty": 10**14, "price": 10**14}
    assert {"lines.0.qty", "lines.0.price"} <= shop.refused("sale", {"customer": "甲"}, larger)["fields"].keys()
    body = {"values": {"customer": shop.names["甲"], "doc_on": "9999-12-31"}, "lines": [larger] * 3}
    for module in ("sale", "purchase", "quote"):
        assert shop.api.post(f"/api/documents/{module}/work-out", body)["lines"]
    nowhere = {"target_kind": None, "target": "0" * 32, "amount": 1}
    problem = shop.refused("settlement", {"kind": "receipt", "customer": "甲", "amount": 1}, nowhere)
    assert "lines.0.target" in problem["fields"]


def test_a_sheet_is_filled_with_nothing_its_author_may_not_see(shop: Shop) -> None:
    shop.product("Q", price_1=scaled(9), price_3=scaled(7))
    shop.customer("丙", price_level="3")
    shop.buy(("Q", 10, 5))
    shop.sell(("Q", 1, 8), customer="丙")
    engine, admin = shop.office.engine, shop.office.admin
    words = frozenset(["view", "add", "edit", "post"])
    cashier = replace(
        admin, everything=False, rights={"settlement": words}, scopes={"settlement": "all"}, special=frozenset()
    )
    money = {"kind": "receipt", "customer": shop.names["丙"], "amount": 999_00}
    filled = verbs.work_out(engine, cashier, "settlement", money, [], (None, "amount"))
    assert filled["lines"] == []
    assert verbs.work_out(engine, admin, "settlement", money, [], (None, "amount"))["lines"]
    seller = replace(cashier, rights={"sale": words}, scopes={"sale": "own"})
    sheet = [{"product": shop.names["Q"], "qty": scaled(1)}]
    about = {"customer": shop.names["丙"]}
    (line,) = verbs.work_out(engine, seller, "sale", about, sheet, (0, "product"))["lines"]
    assert (line["price"], line["product_name"]) == (None, None)
    (line,) = verbs.work_out(engine, admin, "sale", about, sheet, (0, "product"))["lines"]
    assert units(line["price"]) == 8


# ------------------------------------------------------------------------------------------------------- what to buy


def asked_about(shop: Shop, product: str) -> list[str]:
    """What the sheet of a purchase says of a line whose product was just chosen."""
    body = shop.body({"supplier": "乙"}, [(product, 1, 5)])
    found = shop.api.post("/api/documents/purchase/work-out", {**body, "changed": {"line": 0, "field": "product"}})
    return [one["text"] for one in found["hints"] if one.get("line") == 0 and one["level"] == "warn"]


def test_g22_what_the_stock_asks_for_is_said_where_it_is_bought(shop: Shop) -> None:
    later = (date.fromisoformat(day()) + timedelta(days=9)).isoformat()
    for name, limits in (("M", {"stock_min": 20, "stock_max": 100}), ("N", {"stock_min": 20})):
        shop.product(name, **{field: scaled(value) for field, value in limits.items()})
        shop.buy((name, 25, 5))
        shop.sell((name, 10, 9), doc_type="order", deliver_on=later)
        shop.buy((name, 30, 5), doc_type="order", deliver_on=later)
    (row,) = shop.rows("stock_balance", product=shop.names["M"])
    assert [units(row[name]) for name in ("on_hand", "reserved", "on_order", "available", "projected")] == [
        25, 10, 30, 15, 45
    ]  # fmt: skip
    assert asked_about(shop, "M") == ["可用 15，低于下限 20；预计 45，建议进 55"]
    assert asked_about(shop, "N") == ["可用 15，低于下限 20；预计 45，不用再进"]
    shop.buy(("M", 95, 5))
    assert asked_about(shop, "M") == ["库存 120，高于上限 100"]
    assert asked_about(shop, "P") == []


# -------------------------------------------------------------------------------------------------- gifts (2.2.6)


def test_a_gift_costs_as_ever_and_brings_nothing(shop: Shop) -> None:
    shop.product("Q", price_1=scaled(20), min_price=scaled(10))
    shop.buy(("Q", 10, 5))
    sold = shop.sell(("Q", 4, 20), {"product": shop.names["Q"], "qty": scaled(1), "price": scaled(20), "is_gift": True})
    gift = sold["lines"][1]
    assert (gift["price"], gift["net_amount"], gift["is_gift"]) == (0, 0, 1) and costs(sold) == [-20, -5]
    assert (shop.owes("甲"), yuan(sold["row"]["profit"]), shop.stock("Q")) == (80, 55, (5, 25))
    body = shop.body({"customer": "甲"}, [{"product": shop.names["Q"], "qty": scaled(1)}])
    found = shop.api.post("/api/documents/sale/work-out", {**body, "changed": {"line": 0, "field": "product"}})
    assert units(found["lines"][0]["price"]) == 20, "a gift is no last price"
    taken = {**found["lines"][0], "is_gift": True}
    typed = shop.body({"customer": "甲"}, [taken])
    found = shop.api.post("/api/documents/sale/work-out", {**typed, "changed": {"line": 0, "field": "is_gift"}})
    assert found["lines"][0]["price"] == 0
    typed = shop.body({"customer": "甲"}, [{**found["lines"][0], "is_gift": False}])
    found = shop.api.post("/api/documents/sale/work-out", {**typed, "changed": {"line": 0, "field": "is_gift"}})
    assert units(found["lines"][0]["price"]) == 20


def test_a_gift_that_was_ordered_is_one_when_it_is_delivered_and_comes_back(shop: Shop) -> None:
    shop.product("Q", price_1=scaled(20), min_price=scaled(10))
    shop.buy(("Q", 10, 5))
    line = {"product": shop.names["Q"], "qty": scaled(1), "is_gift": True}
    order = shop.sell(line, ("Q", 1, 20), doc_type="order", deliver_on="2030-01-01")
    filled = take(shop, "sale", "order", order, customer="甲", doc_type="sale")
    assert [bool(one["is_gift"]) for one in filled["lines"]] == [True, False]
    sold = shop.sell(*filled["lines"])
    back = take(shop, "sale", "origin", sold, customer="甲", doc_type="return")
    assert [bool(one["is_gift"]) for one in back["lines"]] == [True, False]
    assert yuan(shop.sell(*back["lines"], doc_type="return")["row"]["total"]) == 20


def test_a_gift_that_was_offered_is_one_when_it_is_sold_and_offered_again(shop: Shop) -> None:
    shop.product("Q", price_1=scaled(20), min_price=scaled(10))
    shop.buy(("Q", 10, 5))
    line = {"product": shop.names["Q"], "qty": scaled(1), "price": scaled(20)}
    offered = shop.enter("quote", {"customer": "甲"}, line | {"is_gift": True}, line)
    assert (yuan(offered["row"]["total"]), offered["lines"][0]["price"]) == (20, 0), "no question about the least price"
    filled = take(shop, "sale", "quote", offered, customer="甲", doc_type="sale")
    assert [bool(one["is_gift"]) for one in filled["lines"]] == [True, False]
    assert yuan(shop.sell(*filled["lines"])["row"]["total"]) == 20
    path = f"/api/documents/quote/sources/previous/{offered['row']['id']}"
    again = shop.api.post(path, {"values": {}, "lines": []})
    assert [bool(one["is_gift"]) for one in again["lines"]] == [True, False]
    typed = shop.body({"customer": "甲"}, [{**offered["lines"][0], "is_gift": False}])
    found = shop.api.post("/api/documents/quote/work-out", {**typed, "changed": {"line": 0, "field": "is_gift"}})
    assert units(found["lines"][0]["price"]) == 20, "what is no gift any more has a price again"

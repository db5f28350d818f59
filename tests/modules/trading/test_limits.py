"""What a document may take from others, all of its lines together and each version for itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from desktop.engine.define import seed_id
from desktop.engine.documents import verbs
from desktop.engine.fields.moment import today
from desktop.engine.ids import new_id
from sync_server.replication.changeset import Op
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


def test_what_is_left_is_told_in_the_unit_of_the_line(shop: Shop) -> None:
    about = {"product": shop.names["P"], "unit": shop._first("dict_item", "箱"), "ratio": scaled(12)}
    box = shop.api.post("/api/records/product_unit", about)["row"]["id"]
    shop.buy({"product": shop.names["P"], "qty": scaled(9), "price": scaled(60), "unit_row": box})
    boxes = {"product": shop.names["P"], "qty": scaled(2), "price": scaled(240), "unit_row": box}
    order = shop.sell(boxes, **ORDER)
    line = linked(shop, "order_line", order["lines"][0], qty=3) | {"unit_row": box}
    assert shop.refused("sale", {"customer": "甲"}, line)["fields"] == {"lines.0.qty": "订货还剩 2 箱"}
    sold = shop.sell(boxes)
    back = linked(shop, "origin_line", sold["lines"][0], qty=5) | {"unit_row": box}
    fault = shop.refused("sale", {"doc_type": "return", "customer": "甲"}, back)["fields"]
    assert fault == {"lines.0.qty": "最多还能退 2 箱"}


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


def test_an_offer_that_no_longer_stands_is_warned_about_and_asked_for(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    days = [(date.fromisoformat(today()) - timedelta(days=days)).isoformat() for days in (3, 1)]
    quote = shop.enter("quote", {"customer": "甲", "doc_on": days[0], "valid_until": days[1]}, ("P", 10, 20))
    words = f"报价单 {quote['row']['number']} 的有效期 {days[1]} 已过"
    assert words in [hint["text"] for hint in _taken(shop, quote)["hints"] if hint["level"] == "warn"]
    line = linked(shop, "quote_line", quote["lines"][0], qty=4)
    assert _asked(shop, "sale", {"customer": "甲"}, line) == {"expired_quote": f"{words}，仍按它的价格销售"}
    sold = shop.sell(line, confirmed=["expired_quote"])
    shop.change("sale", sold, [{**sold["lines"][0], "note": "已说好"}])
    fresh = shop.enter("quote", {"customer": "甲", "valid_until": today()}, ("P", 10, 20))
    shop.sell(linked(shop, "quote_line", fresh["lines"][0]))


def test_a_quote_is_won_as_long_as_something_of_it_is_sold(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    quote = shop.enter("quote", {"customer": "甲"}, ("P", 10, 20))
    line = linked(shop, "quote_line", quote["lines"][0], qty=4)

    def result() -> str:
        return str(shop.read("quote", quote)["row"]["result"])

    first, second = shop.sell(line), shop.sell(line)
    shop.cancel("sale", first)
    assert result() == "won"
    free = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(20)}
    shop.change("sale", second, [free])
    assert result() == "open"
    third = shop.sell(line)
    assert result() == "won"
    shop.cancel("sale", third)
    assert result() == "open"


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


# ----------------------------------------------------------------------------------------------------- days of a sheet


def _day(days: int) -> str:
    return (date.fromisoformat(today()) + timedelta(days=days)).isoformat()


def test_nothing_is_posted_into_the_future_unless_the_company_says_so(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    for module, values in (("sale", {"customer": "甲"}), ("purchase", {"supplier": "乙"})):
        fault = shop.refused(module, {**values, "doc_on": _day(1)}, ("P", 1, 20))["fields"]
        assert "日期不能晚于" in fault["doc_on"]
    shop.enter("sale", {"customer": "甲", "doc_on": _day(1)}, ("P", 1, 20), post=False)
    _set(shop, doc__future_days=2)
    shop.sell(("P", 1, 20), doc_on=_day(2))
    assert "doc_on" in shop.refused("sale", {"customer": "甲", "doc_on": _day(3)}, ("P", 1, 20))["fields"]


def test_how_far_back_everybody_may_post_is_the_companys_to_say(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    who = someone(shop, "sale")
    assert "补录" in refused(shop, who, "sale", {"customer": "甲", "doc_on": _day(-8)}, [("P", 1, 20)])["doc_on"]
    _set(shop, doc__back_days=8)
    save(shop, who, "sale", {"customer": "甲", "doc_on": _day(-8)}, [("P", 1, 20)])


@pytest.mark.parametrize("module", ["sale", "purchase"])
def test_what_follows_a_document_is_not_before_it(shop: Shop, module: str) -> None:
    party = {"customer": "甲"} if module == "sale" else {"supplier": "乙"}
    values = {**party, **ORDER, "deliver_on": _day(-1), "due_on": _day(-2)}
    fault = shop.refused(module, values, ("P", 1, 20))["fields"]
    assert {name: "不能早于单据日期" in text for name, text in fault.items()} == {"deliver_on": True, "due_on": True}


# -------------------------------------------------------------------------------------------------------------- costs


def test_a_value_put_right_is_not_taken_back_once_the_goods_are_gone(shop: Shop) -> None:
    shop.buy(("P", 10, 10))
    (source,) = shop.api.post("/api/documents/cost_adjust/sources/stock", shop.body({"kind": "manual"}, []))["items"]
    line = {"source": source["id"], "amount": fen(50)}
    adjusted = shop.enter("cost_adjust", {"kind": "manual"}, line)
    sold = shop.sell(("P", 10, 20))
    path = f"/api/documents/cost_adjust/{adjusted['row']['id']}/cancel"
    fault = shop.api.refused("POST", path, 422, {"reason": "录错"})["fields"]
    assert "已出库" in fault[""]
    shop.cancel("sale", sold)
    shop.cancel("cost_adjust", adjusted)
    assert shop.stock() == (10, 100)


def test_beyond_the_stock_a_unit_costs_what_it_was_last_bought_for(shop: Shop) -> None:
    _set(shop, stock__negative="allow")
    shop.buy(("P", 5, 10))
    shop.sell(("P", 5, 20))
    assert costs(shop.read("sale", shop.sell(("P", 3, 20)))) == [-30]
    assert shop.stock() == (-3, -30)
    assert costs(shop.read("sale", shop.sell(("Q", 1, 20)))) == [0]  # never bought: nobody knows


# ------------------------------------------------------------------------------------------------------------- rights


def test_an_order_is_delivered_by_who_sees_sales_and_not_the_list_of_their_lines(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    order = shop.sell(("P", 5, 20), **ORDER)
    line = linked(shop, "order_line", order["lines"][0], qty=5)
    save(shop, someone(shop, "sale"), "sale", {"customer": "甲"}, [line])
    hidden = replace(someone(shop, "sale"), employee="", operator="", scopes={"customer": "all", "sale": "own"})
    other = shop.sell(("P", 5, 20), **ORDER)
    fault = refused(shop, hidden, "sale", {"customer": "甲"}, [linked(shop, "order_line", other["lines"][0])])
    assert "lines.0.order_line" in fault


def test_a_price_other_than_offered_needs_a_right(shop: Shop) -> None:
    _priced(shop, price_1=20, price_2=18)
    shop.customer("会", price_level="2")
    who = someone(shop, "sale")
    fault = refused(shop, who, "sale", {"customer": "甲"}, [("P", 1, 1)])
    assert fault == {"lines.0.price": "带出的单价是 20，改单价或折扣要有「改单价和优惠」的权限"}
    assert "lines.0.price" in refused(shop, who, "sale", {"customer": "甲"}, [("P", 1, 20, 50)])
    assert "lines.0.price" in refused(shop, who, "sale", {"customer": "甲"}, [("P", 1, 18)])
    typed = {"product": shop.names["P"], "qty": scaled(2), "price": scaled(20), "typed_amount": fen(2)}
    assert "lines.0.price" in refused(shop, who, "sale", {"customer": "甲"}, [typed])
    save(shop, who, "sale", {"customer": "会"}, [("P", 1, 18)])
    save(shop, who, "sale", {"customer": "会"}, [("P", 1, 20)])
    save(shop, who, "sale", {"customer": "甲"}, [("Q", 1, 3)])  # nothing is offered for it
    save(shop, replace_rights(who, "edit_price"), "sale", {"customer": "甲"}, [("P", 1, 1)])


def test_the_discount_of_a_customer_needs_no_right(shop: Shop) -> None:
    _priced(shop, price_1=20)
    shop.customer("惠", discount_rate=scaled(90))
    who = someone(shop, "sale")
    save(shop, who, "sale", {"customer": "惠"}, [("P", 1, 20, 90)])
    shop.api.ok(shop.api.call("PATCH", f"/api/records/product/{shop.names['P']}", {"price_1": scaled(30)}))
    fault = refused(shop, who, "sale", {"customer": "惠"}, [("P", 1, 30, 80)])
    assert fault["lines.0.price"].startswith("带出的单价是 18、30（折扣 90%）、30，")
    save(shop, who, "sale", {"customer": "惠"}, [("P", 1, 30)])


def test_a_price_that_was_agreed_or_is_left_alone_needs_none(shop: Shop) -> None:
    _priced(shop, price_1=20)
    who = someone(shop, "sale")
    order = shop.sell(("P", 5, 15, 90), **ORDER, discount_amount=10)
    line = linked(shop, "order_line", order["lines"][0], qty=5) | {"price": scaled(15), "discount_rate": scaled(90)}
    done = save(shop, who, "sale", {"customer": "甲", "discount_amount": 10}, [line])
    assert "lines.0.price" in refused(shop, who, "sale", {"customer": "甲"}, [line | {"price": scaled(14)}])
    changed = {**done["lines"][0], "qty": scaled(4)}
    save(shop, who, "sale", {}, [changed], id=done["row"]["id"])


def test_what_is_given_away_beyond_the_limit_needs_the_same_right(shop: Shop) -> None:
    _priced(shop, price_1=20)
    who = someone(shop, "sale")
    for name in ("discount_amount", "write_off_amount"):
        assert "最多 1.00" in refused(shop, who, "sale", {"customer": "甲", name: 90}, [("P", 5, 20)])[name]
        save(shop, who, "sale", {"customer": "甲", name: 1}, [("P", 5, 20)])


def test_what_rounding_lets_off_needs_no_right(shop: Shop) -> None:
    """`money.rounding` fills 抹零 by itself, so whoever sells, and takes the money, may post it."""
    _priced(shop, price_1="20.90")
    _set(shop, money__rounding="yuan", money__write_off_limit=50)
    who = someone(shop, "sale")
    retail = {"doc_type": "retail", "paid_amount": 20, "account": "现金", "write_off_amount": "0.90"}
    save(shop, who, "sale", retail, [("P", 1, "20.90")])
    save(shop, who, "sale", {**retail, "doc_type": "sale", "customer": "甲"}, [("P", 1, "20.90")])
    unpaid = {"customer": "甲", "write_off_amount": "0.90"}
    assert "最多 0.50" in refused(shop, who, "sale", unpaid, [("P", 1, "20.90")])["write_off_amount"]
    more = retail | {"paid_amount": 19, "write_off_amount": "1.90"}
    assert "最多 1.40" in refused(shop, who, "sale", more, [("P", 1, "20.90")])["write_off_amount"]
    sold = shop.sell(("P", 1, "20.90"))
    cashier = someone(shop, "settlement", "sale")
    receipt = {"kind": "receipt", "customer": "甲", "amount": 20, "account": "现金"}
    line = {"target_kind": "sale", "target": sold["row"]["id"], "amount": fen("20.90"), "write_off_amount": fen("0.90")}
    odd = line | {"amount": fen("20.70"), "write_off_amount": fen("0.70")}
    assert "write_off_amount" in refused(shop, cashier, "settlement", receipt, [odd]), "not settled by it"
    save(shop, cashier, "settlement", receipt, [line])


def _priced(shop: Shop, **prices: int | str) -> None:
    given = {name: scaled(price) for name, price in prices.items()}
    shop.api.ok(shop.api.call("PATCH", f"/api/records/product/{shop.names['P']}", given))
    shop.buy(("P", 50, 5), ("Q", 50, 1))


# ----------------------------------------------------------------------------------------------------- a long-kept shop


def _many(shop: Shop, count: int) -> list[str]:
    """So many products at once."""
    engine, ids = shop.office.engine, [new_id() for _ in range(count)]
    about = {"category": shop.category, "name": "N"}
    ops = [Op("product", id, "ins", about | {"code": f"N{place}"}) for place, id in enumerate(ids)]
    with engine.db.write():
        engine.applier.local(ops, actor="")
    return ids


def test_what_lies_behind_thousands_of_others_is_found(shop: Shop) -> None:
    first = shop.names["P"]
    _many(shop, 2_100)
    with shop.office.engine.db.read() as db:
        asking = verbs.asking_of(shop.office.engine, db)
        assert first in {row["id"] for row in asking.find("product", {})}
        (row,) = asking.find("product", {"name": ["P", "R"]})
        assert row["id"] == first


def test_all_of_the_stock_and_what_has_no_cost_is_offered(shop: Shop) -> None:
    unknown = shop.enter("stock_entry", {"kind": "other_in"}, ("Q", 1, None))
    lines = [{"product": id, "qty": scaled(1), "unit_cost": scaled(3)} for id in _many(shop, 205)]
    shop.enter("stock_entry", {"kind": "other_in"}, *lines)

    def offered(source: str, kind: str) -> list[dict[str, Any]]:
        path = f"/api/documents/cost_adjust/sources/{source}"
        return list(shop.api.post(path, shop.body({"kind": kind}, []))["items"])

    assert len(offered("stock", "manual")) == 206
    (one,) = offered("unknown", "late_cost")
    assert one["document"] == unknown["row"]["id"]
    shop.enter("cost_adjust", {"kind": "late_cost"}, {"source": one["id"], "unit_cost": scaled(2)})
    assert offered("unknown", "late_cost") == []


def test_only_orders_with_something_to_come_are_offered(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    shop.sell(("P", 1, 20))
    done, still = shop.sell(("P", 1, 20), **ORDER), shop.sell(("P", 2, 20), **ORDER)
    for order in (done, still):
        shop.sell(linked(shop, "order_line", order["lines"][0]))
    found = shop.api.post("/api/documents/sale/sources/order", shop.body({"customer": "甲"}, []))["items"]
    assert [row["id"] for row in found] == [still["row"]["id"]]


def test_a_debt_from_before_the_books_began_is_overdue_like_any_other(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    _set(shop, credit__overdue_days=10)
    values = {"kind": "receivable", "customer": "甲", "amount": 100, "doc_on": "2020-01-01", "due_on": "2020-02-01"}
    shop.enter("opening_party", values)
    assert "已逾期" in _asked(shop, "sale", {"customer": "甲"}, ("P", 1, 20))["over_credit"]


def test_a_purchase_has_no_day_of_delivery_and_needs_a_warehouse(shop: Shop) -> None:
    (about,) = (one["document"] for one in shop.api.get("/api/modules")["modules"] if one["name"] == "purchase")
    assert about["only"] == {"deliver_on": ["order"], "deposit_left": ["order"], "return_variance": ["return"]}
    assert about["needs"] == {"warehouse": ["purchase", "return"], "deliver_on": ["order"]}
    assert shop.buy(("P", 1, 5), deliver_on="2030-01-01")["row"]["deliver_on"] is None
    assert "warehouse" in shop.refused("purchase", {"supplier": "乙", "warehouse": None}, ("P", 1, 5))["fields"]
    order = shop.buy(("P", 1, 5), doc_type="order", deliver_on="2030-01-01")
    assert order["row"]["deliver_on"] == "2030-01-01"


def test_what_comes_in_shows_its_worth_while_it_is_entered(shop: Shop) -> None:
    body = shop.body({"kind": "opening"}, [{"product": shop.names["P"], "qty": scaled(100), "unit_cost": scaled(12)}])
    asked = {**body, "changed": {"line": 0, "field": "unit_cost"}}
    told = shop.api.post("/api/documents/stock_entry/work-out", asked)
    assert (told["lines"][0]["cost_amount"], told["values"]["total_cost"]) == (fen(1200), fen(1200))
    body["lines"][0]["unit_cost"] = None
    told = shop.api.post("/api/documents/stock_entry/work-out", asked)
    assert (told["lines"][0]["cost_amount"], told["values"]["total_cost"]) == (None, 0)


NEVER = [
    ("sale", "customer", "甲", "没有向「甲」卖过产品 Q"),
    ("purchase", "supplier", "乙", "没有从「乙」进过产品 Q"),
]


@pytest.mark.parametrize(("module", "party", "name", "said"), NEVER)
def test_goods_a_party_never_had_come_back_when_somebody_means_it(
    shop: Shop, module: str, party: str, name: str, said: str
) -> None:
    shop.product("Q")
    shop.add("customer", "丙", group=shop._first("customer_group", "一般客户"))
    shop.supplier("丁")
    shop.buy(("Q", 90, 5), supplier="丁")
    shop.buy(("P", 90, 5))
    shop.sell(("Q", 9, 20), customer="丙")
    shop.sell(("P", 9, 20))
    back, lines = {party: name, "doc_type": "return"}, [("P", 1, 5), ("Q", 1, 5), ("Q", 2, 5)]
    assert _asked(shop, module, back, *lines) == {"never_had": said}, "of P nothing, of Q once"
    made = shop.enter(module, back, *lines, confirmed=["never_had"])
    shop.change(module, made, [{**made["lines"][0], "qty": scaled(2)}, *made["lines"][1:]])  # is not asked again
    shop.enter(module, {party: name}, ("Q", 5, 5))
    shop.enter(module, back, ("Q", 1, 5))


FEWER = [
    ("sale", "customer", "甲", "产品 P 一共向「甲」卖过 10，已退 3，这次退 8"),
    ("purchase", "supplier", "乙", "产品 P 一共从「乙」进过 10，已退 3，这次退 8"),
]


@pytest.mark.parametrize(("module", "party", "name", "said"), FEWER)
def test_more_comes_back_than_a_party_had_when_somebody_means_it(
    shop: Shop, module: str, party: str, name: str, said: str
) -> None:
    shop.supplier("丁")
    shop.buy(("P", 90, 5), supplier="丁")
    had = shop.enter(module, {party: name}, ("P", 10, 5))
    back: dict[str, Any] = {party: name, "doc_type": "return"}
    shop.enter(module, back, linked(shop, "origin_line", had["lines"][0]) | {"qty": scaled(2)})
    made = shop.enter(module, back, ("P", 1, 5))
    assert _asked(shop, module, back, ("P", 5, 5), ("P", 3, 5)) == {"had_less": said}, "of both lines together"
    shop.enter(module, back, ("P", 7, 5))
    asked = shop.body({}, [{**made["lines"][0], "qty": scaled(2)}])
    path = f"/api/documents/{module}/{made['row']['id']}"
    (told,) = shop.api.refused("PATCH", path, 409, asked)["questions"]
    assert told["name"] == "had_less" and told["text"].endswith("已退 9，这次退 2"), "its own is not counted twice"
    shop.api.ok(shop.api.call("PATCH", path, asked | {"confirmed": ["had_less"]}))
    shop.change(module, made, [{**made["lines"][0], "qty": scaled(1)}])  # less is not asked about
    shop.enter(module, {party: name, "doc_type": "order", "deliver_on": "2030-01-01"}, ("P", 500, 5))
    assert "had_less" in _asked(shop, module, back, ("P", 1, 5)), "what was ordered only does not count"


def test_what_all_customers_in_the_shop_bought_together_is_not_told(shop: Shop) -> None:
    shop.buy(("P", 90, 5))
    shop.enter("sale", {"doc_type": "retail", "account": "现金", "paid_amount": 9}, ("P", 1, 9))
    told = _asked(shop, "sale", {"customer": seed_id("customer", "retail"), "doc_type": "return"}, ("P", 2, 9))
    assert told == {"had_less": "没有向「零售客户」卖过 2 这么多的产品 P"}


def test_a_return_is_not_asked_about_where_it_names_its_document_or_the_deal_was_in_another_unit(shop: Shop) -> None:
    about = {"product": shop.names["P"], "unit": shop._first("dict_item", "箱"), "ratio": scaled(12)}
    box = shop.api.post("/api/records/product_unit", about)["row"]["id"]
    shop.buy(("P", 90, 5))
    sold = shop.sell({"product": shop.names["P"], "qty": scaled(2), "unit_row": box, "price": scaled(60)})
    line = linked(shop, "origin_line", sold["lines"][0]) | {"unit_row": box}
    shop.sell(line, doc_type="return")
    shop.sell(("P", 1, 5), doc_type="return")


@pytest.mark.parametrize("module", ["sale", "quote"])
def test_a_price_too_low_is_told_with_the_limit(shop: Shop, module: str) -> None:
    shop.product("贵", min_price=scaled(80), price_1=scaled(100))
    about = {"product": shop.names["贵"], "unit": shop._first("dict_item", "箱"), "ratio": scaled(12)}
    box = shop.api.post("/api/records/product_unit", about)["row"]["id"]
    shop.buy(("贵", 90, 5))
    said = "产品 贵 单价 79，低于最低售价 80"
    assert _asked(shop, module, {"customer": "甲"}, ("贵", 1, 79)) == {"below_min_price": said}
    said = "产品 贵 单价 84，优惠后每个 79.8，低于最低售价 80"
    assert _asked(shop, module, {"customer": "甲"}, ("贵", 1, 84, 95)) == {"below_min_price": said}
    line = {"product": shop.names["贵"], "unit_row": box, "qty": scaled(1), "price": scaled(959.99)}
    said = "产品 贵 单价 959.99，折合每个 79.9991，低于最低售价 80"
    assert _asked(shop, module, {"customer": "甲"}, line) == {"below_min_price": said}

"""What nobody may do to the books, however he asks: with what is gone, what is another's, what he does not see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from desktop.engine.access import Principal
from desktop.engine.documents import verbs
from desktop.engine.documents.verbs import Entry
from desktop.engine.fields.moment import today
from desktop.errors import Confirm, Invalid
from tests.modules.trading.shop import Shop, scaled, yuan

NOT_HIS = "不是这个客户的：请换回原来的客户，或删掉这一行"
ORDER: dict[str, Any] = {"doc_type": "order", "deliver_on": "2030-01-01"}


@pytest.fixture(autouse=True)
def _stocked(shop: Shop) -> None:
    shop.product()
    shop.product("Q")
    shop.customer()
    shop.customer("丙")
    shop.supplier()


def someone(shop: Shop, *modules: str, **more: Any) -> Principal:
    """Somebody who may do everything with some modules, and nothing special."""
    words = frozenset(["view", "add", "edit", "post", "cancel"])
    known = ("product", "customer", "supplier", "warehouse", "account", *modules)
    return replace(
        shop.office.admin, everything=False, special=frozenset(), rights=dict.fromkeys(known, words),
        scopes=dict.fromkeys(known, "all"), **more,
    )  # fmt: skip


def save(
    shop: Shop, who: Principal, module: str, values: dict[str, Any], lines: Sequence[Any], *, id: str | None = None,
    confirmed: Sequence[str] = (), post: bool = True,
) -> dict[str, Any]:  # fmt: skip
    body = shop.body(values, lines)
    entry = Entry(body["values"], body["lines"], post, frozenset(confirmed))
    return verbs.save(shop.office.engine, who, module, entry, id=id)


def refused(shop: Shop, *args: Any, **more: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as error:
        save(shop, *args, **more)
    return error.value.fields


def linked(shop: Shop, name: str, line: dict[str, Any], *, product: str = "P", qty: int = 1) -> dict[str, Any]:
    return {"product": shop.names[product], "qty": scaled(qty), "price": scaled(20), name: line["id"]}


# --------------------------------------------------------------------------------------------------- a: what is gone


def test_what_was_sold_cannot_be_taken_back_by_changing_what_brought_it(shop: Shop) -> None:
    bought = shop.buy(("P", 10, 5))
    shop.sell(("P", 8, 20))
    (line,), path = bought["lines"], f"/api/documents/purchase/{bought['row']['id']}"
    smaller = shop.body({}, [{**line, "qty": scaled(5)}])
    (question,) = shop.api.refused("PATCH", path, 409, smaller)["questions"]
    assert question["name"] == "negative_stock"
    assert "「主仓」的产品 P 只剩 2，不能收回 5" in question["text"]
    keeper = someone(shop, "purchase")
    assert "不能收回 5" in refused(shop, keeper, "purchase", {}, [{**line, "qty": scaled(5)}], id=line["document"])[
        "lines.0.qty"
    ]  # fmt: skip
    gone = refused(shop, keeper, "purchase", {}, [("Q", 1, 1)], id=line["document"])
    assert "不能收回 10" in gone["qty"]
    assert shop.read("purchase", bought)["row"]["version"] == 1 and shop.stock()[0] == 2
    shop.change("purchase", bought, [{**line, "qty": scaled(8)}])
    assert shop.stock()[0] == 0
    shop.api.ok(shop.api.call("PATCH", path, shop.body({}, [line | {"qty": scaled(7)}], confirmed=["negative_stock"])))
    assert shop.stock()[0] == -1


def test_what_was_sold_cannot_be_taken_back_by_cancelling_what_brought_it(shop: Shop) -> None:
    bought = shop.buy(("P", 10, 5))
    shop.sell(("P", 8, 20))
    path = f"/api/documents/purchase/{bought['row']['id']}/cancel"
    (question,) = shop.api.refused("POST", path, 409, {"reason": "录错"})["questions"]
    assert question["name"] == "negative_stock" and "不能收回 10" in question["text"]
    with pytest.raises(Invalid, match="不能收回 10"):
        verbs.cancel(shop.office.engine, someone(shop, "purchase"), "purchase", bought["row"]["id"], "录错")
    assert shop.read("purchase", bought)["row"]["state"] == "posted"
    shop.api.post(path, {"reason": "录错", "confirmed": ["negative_stock"]})
    assert shop.stock()[0] == -8


def test_the_same_of_a_return_an_entry_and_a_transfer(shop: Shop) -> None:
    shop.add("warehouse", "二仓", code="02")
    entered = shop.enter("stock_entry", {"kind": "other_in"}, ("P", 10, None))
    sold = shop.sell(("P", 10, 20))
    back = shop.sell(linked(shop, "origin_line", sold["lines"][0], qty=4), doc_type="return")
    there = {"from_warehouse": "主仓", "to_warehouse": "二仓"}
    moved = shop.enter("stock_transfer", there, ("P", 4, None))
    shop.sell(("P", 3, 20), warehouse="二仓")
    for module, document in (("stock_transfer", moved), ("sale", back), ("stock_entry", entered)):
        path = f"/api/documents/{module}/{document['row']['id']}"
        less = shop.body({}, [{**document["lines"][0], "qty": scaled(1)}])
        for method, where, body in (("PATCH", path, less), ("POST", f"{path}/cancel", {"reason": "x"})):
            problem = shop.api.refused(method, where, 409, body)
            assert [one["name"] for one in problem["questions"]] == ["negative_stock"], module


# ------------------------------------------------------------------------------------------------- b: what is another's


def test_a_delivery_is_of_an_order_of_this_party_and_product_that_counts(shop: Shop) -> None:
    shop.buy(("P", 50, 5), ("Q", 50, 5))
    order = shop.sell(("P", 5, 20), **ORDER)
    (asked,), number = order["lines"], order["row"]["number"]

    def said(customer: str, line: dict[str, Any]) -> str:
        return str(shop.refused("sale", {"customer": customer}, line)["fields"]["lines.0.product"])

    assert said("丙", linked(shop, "order_line", asked)) == f"订货单 {number} {NOT_HIS}"
    assert said("甲", linked(shop, "order_line", asked, product="Q")) == f"订货单 {number} 的这一行不是这个产品"
    plain = shop.sell(("P", 5, 20))
    assert said("甲", linked(shop, "order_line", plain["lines"][0])) == f"{plain['row']['number']} 不是订货单"
    draft = shop.enter("sale", {"customer": "甲", **ORDER}, ("P", 5, 20), post=False)
    assert "没有过账" in said("甲", linked(shop, "order_line", draft["lines"][0]))
    shop.cancel("sale", order)
    assert "已作废" in said("甲", linked(shop, "order_line", asked))


def test_a_return_is_of_what_this_party_got(shop: Shop) -> None:
    shop.buy(("P", 50, 5), ("Q", 50, 5))
    sold = shop.sell(("P", 5, 20))
    (origin,), number = sold["lines"], sold["row"]["number"]

    def said(customer: str, line: dict[str, Any]) -> str:
        values = {"customer": customer, "doc_type": "return"}
        return str(shop.refused("sale", values, line)["fields"]["lines.0.product"])

    assert said("丙", linked(shop, "origin_line", origin)) == f"原销货单 {number} {NOT_HIS}"
    assert "不是这个产品" in said("甲", linked(shop, "origin_line", origin, product="Q"))
    order = shop.sell(("P", 5, 20), **ORDER)
    assert f"{order['row']['number']} 不是原销货单" in said("甲", linked(shop, "origin_line", order["lines"][0]))
    # a sale that names an origin takes nothing back
    again = shop.sell(linked(shop, "origin_line", origin, qty=5))
    assert again["lines"][0]["origin_line"] is None
    shop.sell(linked(shop, "origin_line", origin, qty=5), doc_type="return")


def test_what_a_merged_customer_ordered_is_delivered_to_who_he_is_now(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    order = shop.sell(("P", 5, 20), customer="丙", **ORDER)
    body = {"winner": shop.names["甲"], "losers": [shop.names["丙"]]}
    shop.api.post("/api/merge/customer", body)
    shop.sell(linked(shop, "order_line", order["lines"][0], qty=5))
    assert shop.read("sale", order)["row"]["progress"] == "done"


def test_a_quoted_line_is_sold_to_whom_it_was_offered(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    quote = shop.enter("quote", {"customer": "甲"}, ("P", 5, 20))
    line = linked(shop, "quote_line", quote["lines"][0])
    said = shop.refused("sale", {"customer": "丙"}, line)["fields"]["lines.0.product"]
    assert said == f"报价单 {quote['row']['number']} {NOT_HIS}"
    shop.sell(line)


# --------------------------------------------------------------------------------------------------- c: what is unseen


def test_who_sees_no_prices_sells_nothing_for_nothing(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    blind = someone(shop, "sale", "purchase", "stock_entry", "settlement", no_prices=True)
    line = {"product": shop.names["P"], "qty": scaled(1)}
    said = refused(shop, blind, "sale", {"customer": "甲"}, [line])["lines.0.qty"]
    assert said.startswith("您看不到价格，不能给没有单价的产品过账"), "in the words of the lines"
    assert save(shop, blind, "sale", {"customer": "甲"}, [line], post=False)["row"]["state"] == "draft"
    said = refused(shop, blind, "settlement", {"kind": "receipt", "customer": "甲"}, [])[""]
    assert said.startswith("您看不到价格，不能过账")
    # goods that come in without a price have an unknown cost, which is asked for (T6.5)
    with pytest.raises(Confirm, match="成本按未知处理"):
        save(shop, blind, "purchase", {"supplier": "乙"}, [line])
    save(shop, blind, "purchase", {"supplier": "乙"}, [line], confirmed=["unknown_cost"])
    save(shop, blind, "stock_entry", {"kind": "other_in"}, [line])
    assert shop.stock()[0] == 52


def test_who_sees_no_prices_changes_none(shop: Shop) -> None:
    shop.buy(("P", 50, 5), ("Q", 5, 5))
    blind = someone(shop, "sale", no_prices=True)
    sold = shop.sell(("P", 2, 20))
    (line,), id = sold["lines"], sold["row"]["id"]
    mine = {name: line[name] for name in ("id", "product", "qty", "unit_row")}
    assert "看不到" in refused(shop, blind, "sale", {}, [{**mine, "qty": scaled(1)}], id=id)["lines.0.qty"]
    assert "看不到" in refused(shop, blind, "sale", {}, [{**mine, "product": shop.names["Q"]}], id=id)["lines.0.qty"]
    save(shop, blind, "sale", {"note": "已送到"}, [mine], id=id)
    assert yuan(shop.read("sale", sold)["row"]["total"]) == 40
    draft = shop.enter("sale", {"customer": "甲"}, ("P", 3, 20), post=False)
    mine = {name: draft["lines"][0][name] for name in ("id", "product", "qty")}
    posted = save(shop, blind, "sale", {}, [mine], id=draft["row"]["id"])
    assert posted["row"]["state"] == "posted" and yuan(shop.read("sale", posted)["row"]["total"]) == 60


def test_who_sees_no_amounts_loses_none_of_what_was_allocated(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    sold = shop.sell(("P", 2, 20))
    about = {"target_kind": "sale", "target": sold["row"]["id"], "amount": 40_00}
    draft = shop.enter("settlement", {"kind": "receipt", "customer": "甲", "amount": 40}, about, post=False)
    blind = someone(shop, "settlement", "sale", no_prices=True)
    mine = {name: value for name, value in draft["lines"][0].items() if name in ("id", "target_kind", "target")}
    save(shop, blind, "settlement", {}, [mine], id=draft["row"]["id"])
    assert yuan(shop.read("sale", sold)["row"]["outstanding"]) == 0


def test_a_refusal_tells_no_amount_to_whom_sees_none(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    shop.customer("丁", credit_limit=1234_00)
    draft = shop.enter("sale", {"customer": "丁"}, ("P", 50, 99), post=False)
    mine = {name: draft["lines"][0][name] for name in ("id", "product", "qty")}
    blind = someone(shop, "sale", no_prices=True)
    with pytest.raises(Confirm) as error:
        save(shop, blind, "sale", {}, [mine], id=draft["row"]["id"])
    assert str(error.value) == "「丁」超出信用额度"
    with pytest.raises(Confirm, match=r"额度 1234\.00"):
        save(shop, someone(shop, "sale"), "sale", {}, [mine], id=draft["row"]["id"])


# -------------------------------------------------------------------------------------------- d: what was delivered


def test_a_changed_order_asks_for_no_less_than_was_delivered(shop: Shop) -> None:
    shop.buy(("P", 50, 5), ("Q", 5, 5))
    shop.add("warehouse", "二仓", code="02")
    order = shop.sell(("P", 5, 20), ("Q", 1, 20), **ORDER)
    first, second = order["lines"]
    number = shop.sell(linked(shop, "order_line", first, qty=3))["row"]["number"]
    path = f"/api/documents/sale/{order['row']['id']}"

    def said(lines: list[Any], **values: Any) -> dict[str, str]:
        return dict(shop.api.refused("PATCH", path, 422, shop.body(values, lines))["fields"])

    words = f"已经交货 3（{number}），不能更少"
    assert said([{**first, "qty": scaled(2)}, second])["lines.0.qty"] == words
    assert said([second])["qty"] == words
    assert number in said([{**first, "product": shop.names["Q"]}, second])["lines.0.product"]
    assert number in said([first, second], warehouse="二仓")["warehouse"]
    shop.change("sale", order, [{**first, "qty": scaled(3)}])
    assert shop.read("sale", order)["row"]["progress"] == "done"


# ------------------------------------------------------------------------------------------------ e: titles of others


def test_a_sheet_tells_no_titles_of_what_its_author_may_not_see(shop: Shop) -> None:
    narrow = someone(shop, "sale")
    narrow = replace(narrow, scopes={**narrow.scopes, "customer": "own"}, employee=None)
    values, lines = {"customer": shop.names["甲"]}, [{"product": shop.names["P"], "qty": scaled(1)}]
    told = verbs.work_out(shop.office.engine, narrow, "sale", values, lines)["labels"]
    assert shop.names["甲"] not in told and told[shop.names["P"]] == "P"
    assert verbs.work_out(shop.office.engine, someone(shop, "sale"), "sale", values, lines)["labels"][
        shop.names["甲"]
    ] == "甲"  # fmt: skip


# ------------------------------------------------------------------------------------------------------- f: too much


def test_sums_stay_within_reason(shop: Shop) -> None:
    unit = shop.api.get("/api/lookup/dict_item", q="箱", where='{"list": "unit"}')["rows"][0]["id"]
    ship = {"product": shop.names["P"], "unit": unit, "name": "船", "ratio": scaled(10**9)}
    line = {"product": shop.names["P"], "unit_row": shop.api.post("/api/records/product_unit", ship)["row"]["id"]}
    two = {**line, "qty": scaled(2)}
    assert (
        "数量太大，最多 1,000,000,000，"
        in shop.refused("stock_entry", {"kind": "other_in"}, two)["fields"]["lines.0.qty"]
    )
    costly = {"product": shop.names["Q"], "qty": scaled(10**6), "price": 10**9}
    said = shop.refused("purchase", {"supplier": "乙"}, *[costly] * 2_000)["fields"][""]
    assert said == "货款太大，最多 10,000,000,000,000.00，请核对数量和单价"
    many = [{**line, "qty": scaled(1)}] * 600
    shop.enter("stock_entry", {"kind": "other_in"}, *many)
    said = shop.refused("stock_entry", {"kind": "other_in"}, *many)["fields"][""]
    assert said == "库存数量太大，最多 1,000,000,000,000，请核对数量和单位成本"
    for module in ("stock_move", "stock_balance", "stock_entry_line"):
        assert shop.rows(module)
    dear = {"product": shop.names["P"], "qty": 10**11, "unit_cost": 10**11}
    said = shop.refused("stock_entry", {"kind": "other_in"}, dear)["fields"]["lines.0.qty"]
    assert said == "金额太大，最多 100,000,000,000，请核对数量和单位成本"


def test_one_wrong_cell_does_not_make_the_others_of_its_line_missing(shop: Shop) -> None:
    assert list(shop.refused("sale", {"customer": "甲"}, ("P", 2, -5))["fields"]) == ["lines.0.price"]
    assert shop.refused("sale", {"customer": "甲"}, ("P", -60, 5))["fields"] == {"lines.0.qty": "「数量」不能小于 0"}


def test_a_question_names_all_it_is_about(shop: Shop) -> None:
    asked = shop.refused("sale", {"customer": "甲"}, ("P", 24, 1), ("Q", 2, 1), ("P", 5, 1), status=409)["questions"]
    assert [one["text"] for one in asked] == [
        "产品 P 库存 0，需要 29，过账后是 -29；产品 Q 库存 0，需要 2，过账后是 -2"
    ]


# ------------------------------------------------------------------------------------------------------ g: long ago


def test_long_ago_needs_a_right(shop: Shop) -> None:
    shop.buy(("P", 50, 5))
    old, near = ((date.fromisoformat(today()) - timedelta(days=days)).isoformat() for days in (8, 7))
    plain = someone(shop, "sale", "settlement", "stock_entry", "account_transfer")
    allowed = replace(plain, special=frozenset(["back_date"]))
    line = ("P", 1, 20)
    assert f"只能补录 {near} 以后的单据" in refused(shop, plain, "sale", {"customer": "甲", "doc_on": old}, [line])[
        "doc_on"
    ]  # fmt: skip
    money = {"kind": "receipt", "customer": "甲", "amount": 5, "doc_on": old}
    assert "doc_on" in refused(shop, plain, "settlement", money, [])
    assert "doc_on" in refused(shop, plain, "stock_entry", {"kind": "other_in", "doc_on": old}, [("P", 1, None)])
    bank = shop.add("account", "银行", kind="bank")
    moved = {"from_account": bank, "to_account": "现金", "amount": 5, "doc_on": old}
    assert "doc_on" in refused(shop, plain, "account_transfer", moved, [])
    save(shop, plain, "sale", {"customer": "甲", "doc_on": near}, [line])
    back = save(shop, allowed, "sale", {"customer": "甲", "doc_on": old}, [line])
    changed = save(shop, plain, "sale", {"remark": ""}, [{**back["lines"][0], "qty": scaled(2)}], id=back["row"]["id"])
    assert changed["row"]["version"] == 2
    earlier = (date.fromisoformat(today()) - timedelta(days=30)).isoformat()
    assert "doc_on" in refused(shop, plain, "sale", {"doc_on": earlier}, changed["lines"], id=back["row"]["id"])

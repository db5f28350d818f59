"""零售客户 and 零售 ship with the program: whoever sells or buys refers to them, whatever his scope (0.6)."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.engine.access import Principal
from desktop.engine.define import seed_id
from desktop.engine.query import T
from desktop.engine.search import lookup
from tests.api.test_roles import PASSWORD, SALES, hire, make
from tests.modules.trading.shop import Shop, scaled
from tests.modules.trading.test_prints import flat, printed

RETAIL: dict[str, Any] = {"doc_type": "retail", "account": "现金"}
PARTY = seed_id("customer", "retail")


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product("P", price_1=scaled(9))
    shop.customer("甲")
    shop.supplier("乙")
    shop.buy(("P", 100, 5))
    shop.enter("sale", {**RETAIL, "paid_amount": 9}, ("P", 1, 9))  # of a colleague


@pytest.fixture
def salesman(shop: Shop) -> None:
    hire(shop.office, "wang", SALES)
    shop.api.sign_in("wang", PASSWORD)


def test_a_salesman_sells_in_the_shop_and_sees_what_is_his(shop: Shop, salesman: None) -> None:
    asked = {**shop.body({"doc_type": "retail"}, [{"product": shop.names["P"], "qty": scaled(2)}])}
    sheet = shop.api.post("/api/documents/sale/work-out", asked | {"changed": {"line": 0, "field": "product"}})
    assert sheet["values"]["customer"] == PARTY and sheet["labels"][PARTY] == "零售客户"
    assert sheet["lines"][0]["price"] == scaled(9) and sheet["lines"][0]["price_source"] == "list"
    sold = shop.enter("sale", {**RETAIL, "paid_amount": 18}, ("P", 2, 9))
    row = sold["row"]
    assert sold["labels"][row["owner"]] == "职员wang" and row["department"]
    assert shop.read("sale", sold)["labels"][row["customer"]] == "零售客户"
    for module, name in (("sale", "number"), ("sale_line", "number"), ("party_entry", "number")):
        listed = {one[name] for one in shop.api.get(f"/api/records/{module}")["rows"]}
        assert row["number"] in listed and not any(number.endswith("0001") for number in listed if "LS" in number)
    assert shop.api.get(f"/api/records/settlement/{row['receipt']}")["row"]["owner"] == row["owner"]
    (page,) = printed(shop, "sale", sold, "receipt_80")
    assert row["number"] in flat(page)
    assert "零售客户" in flat("".join(printed(shop, "sale", sold, "sheet_a4")))


def test_what_is_sold_in_a_colleagues_name_is_saved_and_the_colleagues(shop: Shop, salesman: None) -> None:
    other = shop.api.get("/api/lookup/employee", q="周敏")["rows"][0]["id"]
    sold = shop.enter("sale", {**RETAIL, "paid_amount": 18, "handler": other}, ("P", 2, 9))
    assert (sold["row"]["owner"], sold["row"]["state"]) == (other, "posted")
    assert shop.api.get("/api/records/sale")["rows"] == []
    assert shop.api.refused("GET", f"/api/documents/sale/{sold['row']['id']}", 404)


def test_what_nobody_is_named_for_is_of_who_entered_it(shop: Shop, salesman: None) -> None:
    sold = shop.enter("sale", {**RETAIL, "paid_amount": 18, "handler": None}, ("P", 2, 9))
    assert sold["labels"][sold["row"]["owner"]] == "职员wang" and sold["row"]["handler"] is None
    assert shop.read("sale", sold)["row"]["number"] == sold["row"]["number"]


def test_it_is_found_where_a_customer_is_chosen_and_listed_nowhere(shop: Shop, salesman: None) -> None:
    assert [one["title"] for one in shop.api.get("/api/lookup/customer", q="零售")["rows"]] == ["零售客户"]
    assert shop.api.get("/api/lookup/customer", q="甲")["rows"] == []
    assert shop.api.get("/api/records/customer")["rows"] == []
    assert shop.api.refused("GET", f"/api/records/customer/{PARTY}", 404)
    sold = shop.enter("sale", {**RETAIL, "paid_amount": 18}, ("P", 2, 9))
    offered = shop.api.post("/api/documents/sale/sources/origin", {"values": {"customer": PARTY}, "lines": []})
    assert [one["number"] for one in offered["items"]] == [sold["row"]["number"]], "a colleague's is not his"
    line = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(9), "origin_line": sold["lines"][0]["id"]}
    back = shop.enter("sale", {"doc_type": "return", "customer": PARTY}, line)
    assert shop.read("sale", back)["row"]["owner"] == sold["row"]["owner"]
    quote = shop.enter("quote", {"customer": PARTY}, ("P", 1, 9))
    assert shop.read("quote", quote)["row"]["owner"] == sold["row"]["owner"]


def test_what_only_hangs_on_it_is_not_made_by_who_would_not_see_it(shop: Shop, salesman: None) -> None:
    about = {"parent_kind": "customer", "parent": PARTY, "receiver": "某人", "address": "某处"}
    told = shop.api.refused("POST", "/api/records/party_address", 422, about)["fields"]
    assert told == {"parent": "「所属单位」选的内容不在您能看的范围里，请重新选择"}


def test_a_colleagues_customer_is_there_but_not_for_him(shop: Shop, salesman: None) -> None:
    told = shop.refused("sale", {"customer": "甲"}, ("P", 1, 9))["fields"]
    assert told == {"customer": "「客户」选的内容不在您能看的范围里（由 周敏 负责），请重新选择"}
    gone = shop.refused("sale", {"customer": seed_id("customer", "nobody")}, ("P", 1, 9))["fields"]
    assert gone == {"customer": "「客户」选的内容已不存在，请重新选择"}


def test_who_has_no_right_to_parties_at_all_buys_from_anybody(shop: Shop) -> None:
    rights = {"purchase": "view add post", "product": "view", "account": "view", "warehouse": "view"}
    hire(shop.office, "li", make(shop.api, "零购员", rights, values={"data_scope": "branch"})["id"])
    shop.api.sign_in("li", PASSWORD)
    bought = shop.enter("purchase", {"is_retail": True, "account": "现金", "paid_amount": 0}, ("P", 1, 0))
    assert bought["labels"][bought["row"]["supplier"]] == "零售"
    told = shop.refused("purchase", {"supplier": "乙"}, ("P", 1, 5))["fields"]
    assert told == {"supplier": "「供货单位」选的内容不在您能看的范围里，请重新选择"}


def test_what_others_have_with_it_is_not_told_by_ones_own_papers(shop: Shop) -> None:
    shop.sell(("P", 5, 9), customer=PARTY)  # of a colleague, and open
    rights = {"settlement": "view add edit post", "sale": "view add post", "customer": "view", "product": "view",
              "warehouse": "view", "account": "view"}  # fmt: skip
    hire(shop.office, "li", make(shop.api, "收银员", rights, values={"data_scope": "own"})["id"])
    shop.api.sign_in("li", PASSWORD)
    sold = shop.enter("sale", {**RETAIL, "paid_amount": 9}, ("P", 1, 9))
    along = shop.api.get(f"/api/documents/settlement/{sold['row']['receipt']}")["row"]
    given = shop.enter("settlement", {"kind": "receipt", "customer": PARTY, "account": "现金", "amount": 5})["row"]
    assert [(one["balance_before"], one["balance_after"]) for one in (along, given)] == [(None, None)] * 2
    listed = {one["number"] for one in shop.api.get("/api/records/settlement")["rows"]}
    assert listed == {along["number"], given["number"]}, "what he took is his"


def test_what_one_stranger_paid_is_no_price_for_the_next(shop: Shop) -> None:
    shop.enter("sale", {**RETAIL, "paid_amount": 7}, ("P", 1, 7))
    asked = shop.body({"doc_type": "retail"}, [{"product": shop.names["P"], "qty": scaled(2)}])
    asked |= {"changed": {"line": 0, "field": "product"}}
    assert shop.api.post("/api/documents/sale/work-out", asked)["lines"][0]["price"] == scaled(9)
    hire(shop.office, "wang", SALES)
    shop.api.sign_in("wang", PASSWORD)
    told = shop.refused("sale", {**RETAIL, "paid_amount": 7}, ("P", 1, 7))["fields"]["lines.0.price"]
    assert told.startswith("带出的单价是 9，"), "nor told to who does not see that sale"


def test_who_opens_a_customers_box_gets_his_own_and_the_shop_in_their_order(shop: Shop, salesman: None) -> None:
    for name in ("丁", "张"):
        shop.customer(name)
    first = shop.api.get("/api/lookup/customer")
    assert [one["title"] for one in first["rows"]] == ["丁", "零售客户", "张"] and not first["more"]
    assert [one["title"] for one in shop.api.get("/api/lookup/customer", limit=2)["rows"]] == ["丁", "零售客户"]


def test_what_he_has_is_looked_for_by_index_among_millions(shop: Shop) -> None:
    """One condition with OR walked past everybody's customers in order: seconds for who has few of a million."""
    engine = shop.office.engine
    mine = Principal("me", employee="me", rights={"customer": frozenset({"view"})})
    with engine.db.read() as db:
        said = list[str]()
        db.set_trace_callback(said.append)
        lookup(engine, mine, "customer")
        db.set_trace_callback(None)
        asked = next(sql for sql in said if "UNION" in sql)
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {asked}")]
    assert any("SEARCH" in step and "owner=?" in step for step in plan), plan
    assert not any(step.startswith(f"SCAN {T} ") for step in plan), plan

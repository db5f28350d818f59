"""What saving would ask or refuse, or do by itself, is said while a sheet is filled in (T10, T16, T18)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from desktop.engine.define import seed_id
from tests.api.test_roles import PASSWORD, hire, make
from tests.modules.trading.shop import Shop, fen, scaled
from tests.modules.trading.test_golden import take

ORDER: dict[str, Any] = {"doc_type": "order", "deliver_on": "2030-01-01"}


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product("P", price_1=scaled(20), min_price=scaled(15), purchase_price=scaled(9))
    shop.customer("甲", discount_rate=scaled(70))
    shop.customer("丙")
    shop.supplier("乙")
    shop.buy(("P", 100, 8))


Hints = dict[tuple[str | None, int | None], str]


def worked(
    shop: Shop, module: str, values: dict[str, Any], lines: Sequence[Any], field: str, line: int | None = None,
    was: str | None = None,
) -> tuple[dict[str, Any], Hints]:  # fmt: skip
    """A sheet after one of its cells was left, and what is said at its cells by way of warning."""
    changed = {"field": field} | ({} if line is None else {"line": line}) | ({"was": was} if was else {})
    found = shop.api.post(f"/api/documents/{module}/work-out", {**shop.body(values, lines), "changed": changed})
    warns = {(one.get("field"), one.get("line")): one["text"] for one in found["hints"] if one["level"] == "warn"}
    return found, warns


# --------------------------------------------------------------------------------------------- money paid ahead (T10)


def paid(shop: Shop, kind: str, party: str, amount: float) -> str | None:
    name = "supplier" if kind == "payment" else "customer"
    _, said = worked(shop, "settlement", {"kind": kind, name: party, "amount": amount}, [], "amount")
    return said.get(("amount", None))


def test_money_that_settles_nothing_is_said_to_be_paid_ahead(shop: Shop) -> None:
    assert paid(shop, "receipt", "丙", 50) == "没有要结清的，这 50.00，保存后转入预收"
    shop.sell(("P", 1, 20), customer="丙")
    assert paid(shop, "receipt", "丙", 20) is None
    assert paid(shop, "receipt", "丙", 50) == "分配以后还多 30.00，保存后转入预收"
    assert paid(shop, "advance_in", "丙", 50) is None, "that was chosen"
    assert paid(shop, "payment", "乙", 900) == "分配以后还多 100.00，保存后转入预付"
    shop.sell(("P", 1, 20), customer="甲", doc_type="return", confirmed=["never_had"])
    owed = "没有要结清的，这 5.00，保存后转入预收；我们还欠这个客户 20.00，要退的话类型选「退客户款」"
    assert paid(shop, "receipt", "甲", 5) == owed


def test_who_sees_no_amounts_is_told_without_them(shop: Shop) -> None:
    role = make(shop.api, "某人", {"settlement": "view add", "customer": "view"},
                values={"data_scope": "all", "hide_prices": True})  # fmt: skip
    hire(shop.office, "mou", role["id"])
    shop.api.sign_in("mou", PASSWORD)
    assert "50" not in (paid(shop, "receipt", "丙", 50) or "")


# ------------------------------------------------------------------------------- another party than lines come from


@pytest.mark.parametrize(("source", "kind"), [("order", "sale"), ("origin", "return"), ("quote", "sale")])
def test_another_customer_than_that_of_the_order_is_told_at_his_box(shop: Shop, source: str, kind: str) -> None:
    paper = shop.enter("quote", {"customer": "丙"}, ("P", 2, 20)) if source == "quote" else shop.sell(
        ("P", 2, 20), customer="丙", **(ORDER if source == "order" else {})
    )  # fmt: skip
    lines = take(shop, "sale", source, paper, customer="丙", doc_type=kind)["lines"]
    number, his = paper["row"]["number"], shop.names["丙"]
    _, said = worked(shop, "sale", {"customer": "甲", "doc_type": kind}, lines, "customer", was=his)
    text = f"有 1 行出自「丙」的 {number}：请换回去，或删掉这些行"
    assert said["customer", None] == text
    _, said = worked(shop, "sale", {"customer": "甲", "doc_type": kind}, lines, "qty", 0)
    assert said["customer", None] == text, "as long as it is so"
    _, said = worked(shop, "sale", {"customer": "丙", "doc_type": kind}, lines, "customer", was=shop.names["甲"])
    assert ("customer", None) not in said
    refused = shop.refused("sale", {"customer": "甲", "doc_type": kind}, *lines)["fields"]["lines.0.product"]
    assert refused.endswith("不是这个客户的：请换回原来的客户，或删掉这一行")


def test_so_is_another_supplier(shop: Shop) -> None:
    shop.supplier("丁")
    order = shop.buy(("P", 2, 8), **ORDER)
    lines = take(shop, "purchase", "order", order, supplier="乙")["lines"]
    _, said = worked(shop, "purchase", {"supplier": "丁"}, lines, "supplier", was=shop.names["乙"])
    assert "出自「乙」的" in said["supplier", None]
    told = shop.refused("purchase", {"supplier": "丁"}, *lines)["fields"]["lines.0.product"]
    assert told == f"订货单 {order['row']['number']} 不是这个供货单位的：请换回原来的供货单位，或删掉这一行"


# --------------------------------------------------------------------------------------------------- prices (T18)


@pytest.mark.parametrize("module", ["sale", "quote"])
def test_a_price_that_comes_below_the_least_is_told_with_it(shop: Shop, module: str) -> None:
    line = {"product": shop.names["P"], "qty": scaled(1)}
    found, said = worked(shop, module, {"customer": "甲"}, [line], "product", 0)
    assert found["lines"][0]["price"] == scaled(20)
    assert said["price", 0] == "单价 20，优惠后每个 14，低于最低售价 15"
    _, said = worked(shop, module, {"customer": "丙"}, [line], "product", 0)
    assert ("price", 0) not in said
    if module == "sale":
        _, said = worked(shop, module, {"customer": "甲", **ORDER}, [line], "product", 0)
        assert ("price", 0) not in said, "an order is not asked about it either"


def test_retail_prices_anew_as_another_customer_does(shop: Shop) -> None:
    line = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(20), "discount_rate": scaled(70)}
    lines = [line | {"price_source": "list"}, line | {"price": scaled(17), "price_source": "typed"}]
    about = {"customer": "甲", "doc_type": "retail", "owner": None}
    found, _ = worked(shop, "sale", about, lines, "doc_type")
    assert found["values"]["customer"] == seed_id("customer", "retail")
    assert [(one["price"], one["discount_rate"]) for one in found["lines"]] == [
        (scaled(20), scaled(100)), (scaled(17), scaled(70)),
    ]  # fmt: skip
    (told,) = [one for one in found["hints"] if one.get("back")]
    assert told["text"] == "1 行的单价、折扣已按「零售客户」重新带出；手输的 1 行没有动"
    again, _ = worked(shop, "sale", about | {"customer": seed_id("customer", "retail")}, lines, "doc_type")
    assert again["lines"][0]["discount_rate"] == scaled(70), "the same party as before"


def test_buying_from_anybody_prices_anew(shop: Shop) -> None:
    line = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(8), "price_source": "last"}
    found, _ = worked(shop, "purchase", {"supplier": "乙", "is_retail": True}, [line], "is_retail")
    assert found["values"]["supplier"] == seed_id("supplier", "retail")
    assert (found["lines"][0]["price"], found["lines"][0]["price_source"]) == (scaled(9), "list")


@pytest.mark.parametrize("module", ["sale", "quote"])
def test_a_discount_of_the_whole_price_stays_when_the_unit_changes(shop: Shop, module: str) -> None:
    about = {"product": shop.names["P"], "unit": shop._first("dict_item", "箱"), "ratio": scaled(12)}
    box = shop.api.post("/api/records/product_unit", about)["row"]["id"]
    found, _ = worked(shop, module, {"customer": "甲"}, [{"product": shop.names["P"], "qty": scaled(1)}], "product", 0)
    came = found["lines"][0]
    assert came["discount_rate"] == scaled(70)
    for typed in (70, 80, 100):
        line = came | {"discount_rate": scaled(typed), "unit_row": box}
        found, _ = worked(shop, module, {"customer": "甲"}, [line], "unit_row", 0)
        now = found["lines"][0]
        assert (now["price"], now["discount_rate"]) == (scaled(240), scaled(typed))


def test_the_bar_of_a_purchase_has_what_goods_cost(shop: Shop) -> None:
    item = shop.api.get("/api/documents/purchase/find", text="P")["items"][0]
    assert list(item["prices"]) == ["purchase_price", "last_purchase_price", "price_1"]
    assert (item["prices"]["purchase_price"], item["prices"]["last_purchase_price"]) == (scaled(9), scaled(8))
    assert "purchase_price" not in shop.api.get("/api/documents/sale/find", text="P")["items"][0]["prices"]
    role = make(shop.api, "采购", {"purchase": "view add", "product": "view"}, values={"data_scope": "all"})
    hire(shop.office, "cai", role["id"])
    shop.api.sign_in("cai", PASSWORD)
    item = shop.api.get("/api/documents/purchase/find", text="P")["items"][0]
    assert "purchase_price" not in item["prices"] and "last_purchase_price" not in item["prices"]


def test_a_box_costs_what_its_pieces_do(shop: Shop) -> None:
    about = {"product": shop.names["P"], "unit": shop._first("dict_item", "箱"), "ratio": scaled(12)}
    unit = shop.api.post("/api/records/product_unit", about)["row"]["id"]
    code = {"product": shop.names["P"], "barcode": "6900000000015", "unit_row": unit}
    shop.api.post("/api/records/product_barcode", code)
    found = shop.api.get("/api/documents/purchase/find", text="6900000000015")["items"][0]["prices"]
    assert (found["purchase_price"], found["last_purchase_price"]) == (scaled(108), scaled(96))


@pytest.mark.parametrize(
    ("module", "about", "said"),
    [
        ("sale", {"customer": "甲", "doc_type": "retail"}, "零售的客户总是「零售客户」；知道是哪一位，选在「会员」里"),
        ("purchase", {"supplier": "乙", "is_retail": True}, "零购的供货单位总是「零售」；要记是哪一家，先去掉「零购」"),
    ],
)
def test_who_chooses_a_party_for_retail_is_told_why_it_stays(
    shop: Shop, module: str, about: dict[str, Any], said: str
) -> None:
    address = {"parent_kind": "customer", "parent": shop.names["甲"], "receiver": "某人", "address": "某处"}
    shop.api.post("/api/records/party_address", address | {"is_default": True})
    party = next(iter(about))
    line = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(3), "price_source": "list"}
    found, warned = worked(shop, module, about, [line], party, was=seed_id(party, "retail"))
    assert warned[party, None] == said and found["values"][party] == seed_id(party, "retail")
    assert found["lines"][0]["price"] == scaled(3), "nothing changed, so nothing comes anew"
    assert not found["values"].get("address")


def test_another_party_of_what_is_posted_is_told_at_its_box(shop: Shop) -> None:
    sold = shop.sell(("P", 1, 20), customer="丙")
    body = {"id": sold["row"]["id"], "changed": {"field": "customer", "was": shop.names["丙"]}}
    body |= {"values": sold["row"] | {"customer": shop.names["甲"]}, "lines": sold["lines"]}
    (told,) = [
        one for one in shop.api.post("/api/documents/sale/work-out", body)["hints"] if one.get("field") == "customer"
    ]
    assert told["text"] == "过账以后不能换往来单位，请作废后重开一张"


def test_what_was_posted_as_paid_ahead_is_not_told_again(shop: Shop) -> None:
    made = shop.enter("settlement", {"kind": "receipt", "customer": "丙", "amount": 50})
    body = {"id": made["row"]["id"], "values": made["row"], "lines": made["lines"]}
    told = shop.api.post("/api/documents/settlement/work-out", body)["hints"]
    assert [one["text"] for one in told if one.get("field") == "amount"] == []
    body["values"] = made["row"] | {"amount": fen(60)}
    told = shop.api.post("/api/documents/settlement/work-out", body | {"changed": {"field": "amount"}})["hints"]
    assert [one["text"] for one in told if one.get("field") == "amount"] == ["没有要结清的，这 60.00，保存后转入预收"]


def test_who_buys_from_somebody_after_all_says_from_whom(shop: Shop) -> None:
    about = {"supplier": seed_id("supplier", "retail"), "is_retail": False}
    line = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(9), "price_source": "list"}
    found, _ = worked(shop, "purchase", about, [line], "is_retail")
    assert found["values"]["supplier"] is None and found["lines"][0]["price"] == scaled(9)
    found, _ = worked(shop, "purchase", about | {"supplier": "乙"}, [line], "is_retail")
    assert found["values"]["supplier"] == shop.names["乙"]


def test_who_sells_to_somebody_after_all_says_to_whom(shop: Shop) -> None:
    line = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(9), "price_source": "list"}
    about = {"doc_type": "sale", "customer": seed_id("customer", "retail")}
    body = shop.body(about, [line], changed={"field": "doc_type", "was": "retail"})
    assert shop.api.post("/api/documents/sale/work-out", body)["values"]["customer"] is None
    body["changed"]["was"] = "order"
    assert shop.api.post("/api/documents/sale/work-out", body)["values"]["customer"] == about["customer"]


@pytest.mark.parametrize(("module", "party"), [("sale", "customer"), ("purchase", "supplier")])
def test_the_party_of_retail_and_of_what_is_posted_is_held_fast(shop: Shop, module: str, party: str) -> None:
    described = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}
    document = described[module]["document"]
    by, value, why = document["holds"][party]
    assert (by, value) == (("doc_type", "retail") if module == "sale" else ("is_retail", True))
    assert "总是" in why and party in document["fixed"]
    for other in ("settlement", "opening_party"):
        assert party in described[other]["document"]["fixed"]


def test_what_is_posted_keeps_its_supplier_when_retail_is_ticked_and_taken_off(shop: Shop) -> None:
    """Its box is held fast: nobody could choose it anew."""
    retail = seed_id("supplier", "retail")
    bought = shop.buy(("P", 1, 8))
    paid = shop.enter("purchase", {"is_retail": True, "account": "现金", "paid_amount": 0}, ("P", 1, 0))
    for one, party in ((bought, shop.names["乙"]), (paid, retail)):
        values = {"supplier": retail, "is_retail": False}
        body = shop.body(values, one["lines"], id=one["row"]["id"], changed={"field": "is_retail"})
        body["lines"] = [{name: line[name] for name in ("id", "product", "qty", "price")} for line in body["lines"]]
        assert shop.api.post("/api/documents/purchase/work-out", body)["values"]["supplier"] == party

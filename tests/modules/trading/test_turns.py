"""What a document takes over from the one it comes from: 转销货, 转进货, 退货, 形成销货单 (T1–T3, T16, S3, Q1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.test_roles import PASSWORD, hire, make
from tests.modules.trading.shop import D, Shop, fen, scaled, yuan
from tests.modules.trading.test_golden import take

ORDER: dict[str, Any] = {"doc_type": "order", "deliver_on": "2030-01-01"}
TURNS = {"order": "sale", "quote": "sale", "origin": "return"}
WORKS = "view add edit post cancel"


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product("P")
    shop.customer()
    shop.supplier()
    shop.buy(("P", 1000, 1))


def setting(shop: Shop, **values: Any) -> None:
    shop.api.ok(shop.api.call("PATCH", "/api/settings", {"values": values}))


def sold(shop: Shop, source: str, *lines: Any, **values: Any) -> dict[str, Any]:
    """The document that a turn starts from."""
    if source == "quote":
        return shop.enter("quote", {"customer": "甲", **values}, *lines)
    return shop.sell(*lines, **(ORDER if source == "order" else {}), **values)


def turned(shop: Shop, source: str, document: dict[str, Any], module: str = "sale") -> tuple[dict[str, Any], Any]:
    """The sheet, and the document that is posted of it as a browser would."""
    party = {"customer": "甲"} if module == "sale" else {"supplier": "乙"}
    kind = "return" if source == "origin" else module
    sheet = take(shop, module, source, document, **party, doc_type=kind)
    names = ("discount_amount", "charge_amount", "doc_type")
    values = {name: sheet["values"][name] for name in names if sheet["values"].get(name) is not None}
    body = {"values": {**shop.body(party, ())["values"], **values}, "lines": sheet["lines"]}
    return sheet, shop.api.post(f"/api/documents/{module}", body)


@pytest.mark.parametrize("source", TURNS)
def test_the_tax_rate_of_a_line_comes_along(shop: Shop, source: str) -> None:
    setting(shop, **{"tax.price_includes": False})
    line = {"product": shop.names["P"], "qty": scaled(5), "price": scaled(20), "tax_rate": scaled(13)}
    document = sold(shop, source, line)
    assert yuan(document["row"]["total"]) == 113
    sheet, made = turned(shop, source, document)
    assert (sheet["lines"][0]["tax_rate"], yuan(sheet["values"]["tax_amount"])) == (scaled(13), 13)
    assert yuan(made["row"]["total"]) == 113


def test_a_purchase_takes_its_tax_along_too(shop: Shop) -> None:
    setting(shop, **{"tax.price_includes": False})
    line = {"product": shop.names["P"], "qty": scaled(5), "price": scaled(20), "tax_rate": scaled(6)}
    _, bought = turned(shop, "order", shop.buy(line, **ORDER), "purchase")
    _, back = turned(shop, "origin", bought, "purchase")
    assert (yuan(bought["row"]["total"]), yuan(back["row"]["total"])) == (106, 106)
    assert shop.owes("乙", "payable") == 1000


@pytest.mark.parametrize("source", TURNS)
def test_prices_mean_what_they_meant_where_they_come_from(shop: Shop, source: str) -> None:
    setting(shop, **{"tax.price_includes": False})
    line = {"product": shop.names["P"], "qty": scaled(5), "price": scaled(20), "tax_rate": scaled(13)}
    document = sold(shop, source, line)
    setting(shop, **{"tax.price_includes": True})
    sheet, made = turned(shop, source, document)
    assert (yuan(sheet["values"]["total"]), yuan(made["row"]["total"])) == (113, 113)
    assert yuan(shop.sell(line)["row"]["total"]) == 100, "what comes from nowhere goes by the setting"


@pytest.mark.parametrize("source", TURNS)
def test_an_amount_somebody_typed_comes_along(shop: Shop, source: str) -> None:
    document = sold(shop, source, {"product": shop.names["P"], "qty": scaled(300), "typed_amount": fen(100)})
    sheet, made = turned(shop, source, document)
    assert (yuan(sheet["values"]["total"]), yuan(made["row"]["total"])) == (100, 100)


@pytest.mark.parametrize("source", TURNS)
def test_parts_of_a_typed_amount_come_to_it(shop: Shop, source: str) -> None:
    document = sold(shop, source, {"product": shop.names["P"], "qty": scaled(300), "typed_amount": fen(100)})
    parts = []
    for _ in range(3):
        sheet = take(shop, "sale", source, document, customer="甲", doc_type=TURNS[source])
        line = sheet["lines"][0] | {"qty": scaled(100)}
        body = {"values": sheet["values"], "lines": [line], "changed": {"line": 0, "field": "qty"}}
        sheet = shop.api.post("/api/documents/sale/work-out", body)
        made = shop.enter("sale", {"customer": "甲", "doc_type": TURNS[source]}, *sheet["lines"])
        parts.append(yuan(made["row"]["total"]))
    assert parts == [D("33.33"), D("33.34"), D("33.33")]


def test_a_return_is_worth_what_was_paid(shop: Shop) -> None:
    sale = shop.sell(("P", 10, 100), discount_amount=500)
    sheet, back = turned(shop, "origin", sale)
    assert (yuan(sheet["values"]["total"]), yuan(back["row"]["total"]), shop.owes("甲")) == (500, 500, 0)
    assert "优惠以后" in sheet["hints"][0]["text"]


def test_returns_in_parts_give_back_every_cent(shop: Shop) -> None:
    """Three lines that share a discount of one fen more than it divides by, given back one by one."""
    sale = shop.sell(("P", 3, "3.3333"), ("P", 3, "3.3333"), ("P", 7, "1.01"), discount_amount=10)
    given = D(0)
    for qtys in ((1, 1, 2), (1, 2, 2), (1, 0, 3)):
        sheet = take(shop, "sale", "origin", sale, customer="甲", doc_type="return")
        lines = []
        for qty, line in zip(qtys, sheet["lines"], strict=False):
            lines += [line | {"qty": scaled(qty)}] if qty else []
        if not qtys[1]:
            lines = [sheet["lines"][0] | {"qty": scaled(1)}, sheet["lines"][1] | {"qty": scaled(3)}]
        for place in range(len(lines)):
            body = {"values": sheet["values"], "lines": lines, "changed": {"line": place, "field": "qty"}}
            lines = shop.api.post("/api/documents/sale/work-out", body)["lines"]
        given += yuan(shop.enter("sale", {"customer": "甲", "doc_type": "return"}, *lines)["row"]["total"])
    assert (given, shop.owes("甲")) == (yuan(sale["row"]["total"]), 0)


def test_a_purchase_goes_back_for_what_was_paid(shop: Shop) -> None:
    bought = shop.buy(("P", 10, 100), discount_amount=500)
    _, back = turned(shop, "origin", bought, "purchase")
    assert (yuan(back["row"]["total"]), shop.owes("乙", "payable")) == (500, 1000)


@pytest.fixture
def clerk(shop: Shop) -> str:
    """Somebody without 改单价和优惠."""
    seen = dict.fromkeys(("product", "customer", "warehouse", "account", "purchase", "supplier"), "view")
    rights = {"sale": WORKS, "quote": WORKS, **seen}
    hire(shop.office, "dianyuan", make(shop.api, "店员", rights, values={"data_scope": "all"})["id"])
    return "dianyuan"


def test_a_clerk_gives_back_what_was_paid_and_no_more(shop: Shop, clerk: str) -> None:
    sale = shop.sell(("P", 10, 100), discount_amount=500)
    link = {"product": shop.names["P"], "qty": scaled(5), "price": scaled(100), "origin_line": sale["lines"][0]["id"]}
    shop.api.sign_in(clerk, PASSWORD)
    back: dict[str, Any] = {"customer": "甲", "doc_type": "return"}
    fault = shop.refused("sale", back, link)["fields"]["lines.0.price"]
    assert "250.00" in fault and "整单优惠" in fault
    shop.enter("sale", back | {"discount_amount": 250}, link)  # said as a discount it is the same
    _, rest = turned(shop, "origin", sale)
    assert yuan(rest["row"]["total"]) == 250


def test_a_clerk_delivers_and_sells_what_others_agreed_on(shop: Shop, clerk: str) -> None:
    line = {"product": shop.names["P"], "qty": scaled(7), "typed_amount": fen(10)}
    documents = {source: sold(shop, source, line) for source in ("order", "quote")}
    shop.api.sign_in(clerk, PASSWORD)
    for source, document in documents.items():
        assert yuan(turned(shop, source, document)[1]["row"]["total"]) == 10
    link = {"order_line": documents["order"]["lines"][0]["id"], "product": shop.names["P"], "qty": scaled(7)}
    assert "price" in str(shop.refused("sale", {"customer": "甲"}, link | {"typed_amount": fen(9)})["fields"])


@pytest.mark.parametrize("source", ["order", "quote"])
def test_the_freight_comes_along_once(shop: Shop, source: str) -> None:
    document = sold(shop, source, ("P", 10, 20), charge_amount=15)
    sheet = take(shop, "sale", source, document, customer="甲", doc_type="sale")
    assert (yuan(sheet["values"]["charge_amount"]), yuan(sheet["values"]["total"])) == (15, 215)
    shop.enter("sale", {"customer": "甲", "charge_amount": 15}, sheet["lines"][0] | {"qty": scaled(4)})
    rest, made = turned(shop, source, document)
    assert (rest["values"]["charge_amount"], yuan(made["row"]["total"])) == (None, 120)


def test_discounts_of_two_orders_add_up(shop: Shop) -> None:
    first, second = (sold(shop, "order", ("P", 10, 20), discount_amount=off, charge_amount=off) for off in (5, 8))
    sheet = take(shop, "sale", "order", first, customer="甲", doc_type="sale")
    path = f"/api/documents/sale/sources/order/{second['row']['id']}"
    both = shop.api.post(path, {"values": sheet["values"], "lines": sheet["lines"]})
    assert (yuan(both["values"]["discount_amount"]), yuan(both["values"]["charge_amount"])) == (13, 13)
    again = shop.api.post(path, {"values": both["values"], "lines": both["lines"]})
    assert (yuan(again["values"]["discount_amount"]), yuan(again["values"]["charge_amount"])) == (13, 13)


@pytest.mark.parametrize(("source", "kind"), [("order", "return"), ("order", "order"), ("origin", "sale")])
def test_a_sheet_is_filled_only_from_what_fits_its_kind(shop: Shop, source: str, kind: str) -> None:
    document = sold(shop, source, ("P", 10, 20))
    path = f"/api/documents/sale/sources/{source}/{document['row']['id']}"
    shop.api.refused("POST", path, 400, shop.body({"customer": "甲", "doc_type": kind}, []))


def test_a_return_is_not_filled_from_an_order(shop: Shop) -> None:
    order = sold(shop, "order", ("P", 10, 20))
    path = f"/api/documents/sale/sources/origin/{order['row']['id']}"
    error = shop.api.refused("POST", path, 400, shop.body({"customer": "甲", "doc_type": "return"}, []))
    assert "销货订货" in error["title"]


def test_a_quote_is_no_way_round_the_right_to_change_prices(shop: Shop, clerk: str) -> None:
    shop.product("R", price_1=scaled(100), price_2=scaled(90), price_4=scaled(70))
    shop.customer("丙", price_level="2")
    bare = shop.names["R"]
    shop.api.sign_in(clerk, PASSWORD)
    for line in (("R", 5, 81), ("R", 5, 100, 90), {"product": bare, "qty": scaled(5), "typed_amount": fen(499)}):
        assert "改单价" in shop.refused("quote", {"customer": "甲"}, line)["fields"]["lines.0.price"]
    given = {"customer": "甲", "discount_amount": 90}
    assert "discount_amount" in shop.refused("quote", given, ("R", 5, 100))["fields"]
    assert "price" in str(shop.refused("quote", {"customer": "甲", "price_slot": "4"}, ("R", 5, 70))["fields"])
    for customer, price in (("甲", 100), ("丙", 90), ("丙", 100)):
        shop.enter("quote", {"customer": customer}, ("R", 5, price))


def test_who_may_change_prices_quotes_any(shop: Shop, clerk: str) -> None:
    shop.product("R", price_1=scaled(100))
    quote = shop.enter("quote", {"customer": "甲"}, ("R", 5, 81))
    shop.buy(("R", 10, 1))
    shop.api.sign_in(clerk, PASSWORD)
    assert yuan(turned(shop, "quote", quote)[1]["row"]["total"]) == 405

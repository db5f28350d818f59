"""F4 and Alt ↓ on a line: where there is how much of a product, and the prices it may have (ui.md)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop.engine.documents import finding
from tests.modules.trading.shop import Shop, scaled, units


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.product("P", price_1=scaled(20), price_2=scaled(18), purchase_price=scaled(9))
    shop.customer()
    shop.supplier()
    shop.add("warehouse", "二仓", code="02")
    shop.buy(("P", 10, 8))
    shop.buy(("P", 30, 8), warehouse="二仓")


def glance(
    shop: Shop, module: str, *, line: dict[str, Any] | None = None, id: str | None = None, **values: str
) -> dict[str, Any]:
    about = {name: shop.names[value] for name, value in values.items()}
    body = {"id": id, "values": about, "line": {"product": shop.names["P"]} | (line or {})}
    return dict(shop.api.post(f"/api/documents/{module}/glance", body))


def prices(found: dict[str, Any]) -> list[tuple[str, Any, str]]:
    return [(one["label"], units(one["value"]), one["note"]) for one in found["choices"]]


def test_what_a_barcode_of_a_box_finds_is_priced_by_the_box_and_counted_in_pieces(shop: Shop) -> None:
    about = {"product": shop.names["P"], "unit": shop._first("dict_item", "箱"), "ratio": scaled(12)}
    unit = shop.api.post("/api/records/product_unit", about)["row"]["id"]
    code = {"product": shop.names["P"], "barcode": "6900000000015", "unit_row": unit}
    shop.api.post("/api/records/product_barcode", code)
    found = shop.api.get("/api/documents/sale/find", text="6900000000015")
    item = found["items"][0]
    assert found["exact"] and (item["unit"], units(item["prices"]["price_1"])) == ("箱", 240)
    assert (units(item["on_hand"]), item["stock_unit"]) == (40, "个")


def test_a_line_tells_where_there_is_how_much(shop: Shop) -> None:
    shop.sell(("P", 4, 20), doc_type="order", deliver_on="2030-01-01", warehouse="二仓")
    shop.buy(("P", 5, 8), doc_type="order", deliver_on="2030-01-01", warehouse=None)
    found = glance(shop, "sale", customer="甲")
    item = found["item"]
    assert (item["product"], units(item["on_hand"])) == (shop.names["P"], 40), "as the entry row finds it"
    assert (units(item["prices"]["price_1"]), units(item["prices"]["price_2"])) == (20, 18)
    assert found["title"] == "P" and found["heads"] == ["库存数量", "已订未交", "可用数量", "在订"]
    places = [(one["name"], *(units(amount) for amount in one["amounts"])) for one in found["places"]]
    assert places == [("二仓", 30, 4, 26, 0), ("主仓", 10, 0, 10, 0), ("", 0, 0, 0, 5)]


def test_a_sale_has_the_last_price_and_the_reference_prices(shop: Shop) -> None:
    shop.sell(("P", 1, 17), doc_on="2026-01-05")
    shop.api.call("PATCH", "/api/settings", {"values": {"price.slot_names": "门店价,渠道价,老客价,内部价"}})
    for module in ("sale", "quote"):
        found = prices(glance(shop, module, customer="甲"))
        assert found == [("上次价", 17, "2026-01-05"), ("门店价", 20, ""), ("渠道价", 18, "")]
    assert prices(glance(shop, "sale"))[0][0] == "门店价", "without a customer there is no last price"
    about = {
        "unit": shop._first("dict_item", "箱"),
        "product": shop.names["P"],
        "ratio": scaled(12),
        "price_2": scaled(200),
    }
    box = shop.api.post("/api/records/product_unit", about)["row"]["id"]
    found = prices(glance(shop, "sale", customer="甲", line={"unit_row": box}))
    assert found == [("门店价", 240, ""), ("渠道价", 200, "")]


def test_what_a_document_took_itself_is_not_its_last_price(shop: Shop) -> None:
    shop.sell(("P", 1, 17), doc_on="2026-01-05")
    newer = shop.sell(("P", 1, 19), doc_on="2026-02-05")["row"]["id"]
    assert prices(glance(shop, "sale", customer="甲"))[0] == ("上次价", 19, "2026-02-05")
    assert prices(glance(shop, "sale", customer="甲", id=newer))[0] == ("上次价", 17, "2026-01-05")


def test_a_purchase_has_what_the_supplier_asks(shop: Shop) -> None:
    offer = {"product": shop.names["P"], "supplier": shop.names["乙"], "supplier_code": "A-7", "price": scaled("8.5")}
    shop.api.post("/api/records/product_supplier", offer)
    found = prices(glance(shop, "purchase", supplier="乙"))
    assert [one[:2] for one in found] == [("上次价", 8), ("供货价", units(scaled("8.5"))), ("参考进价", 9)]
    assert found[1][2] == "A-7"


def test_nobody_is_told_what_he_may_not_see(shop: Shop) -> None:
    engine, admin = shop.office.engine, shop.office.admin
    rights = {name: frozenset(["view"]) for name in ("sale", "purchase", "product", "stock_balance")}
    clerk = replace(admin, everything=False, special=frozenset(), rights=rights, scopes=dict.fromkeys(rights, "all"))
    line, about = {"product": shop.names["P"]}, {"supplier": shop.names["乙"]}
    seen = finding.glance(engine, clerk, "purchase", about, line)["choices"]
    assert [one["label"] for one in seen] == ["上次价"], "what stands on purchases he sees there, too"
    blind = replace(clerk, rights={"sale": frozenset(["view"]), "product": frozenset(["view"])})
    told = finding.glance(engine, blind, "sale", {}, line)
    assert told["places"] == [] and told["item"]["on_hand"] is None
    assert finding.find(engine, blind, "sale", "P", 5)["items"][0]["on_hand"] is None
    assert finding.find(engine, clerk, "sale", "P", 5)["items"][0]["on_hand"] == scaled(40)
    other = replace(clerk, rights={"sale": frozenset(["view"])})
    nothing: dict[str, Any] = {"title": "", "item": None, "heads": [], "places": [], "choices": []}
    assert finding.glance(engine, other, "sale", {}, line) == nothing
    assert finding.glance(engine, admin, "settlement", {}, {}) == nothing


def a_box(shop: Shop) -> str:
    about = {"unit": shop._first("dict_item", "箱"), "product": shop.names["P"], "ratio": scaled(12)}
    return str(shop.api.post("/api/records/product_unit", about)["row"]["id"])


def typed(shop: Shop, module: str, line: dict[str, Any], changed: str) -> tuple[dict[str, Any], list[str]]:
    """A line after one of its cells was left, and what is said beside its price."""
    party = {"supplier": shop.names["乙"]} if module == "purchase" else {"customer": shop.names["甲"]}
    body = {"values": party, "lines": [line], "changed": {"line": 0, "field": changed}}
    found = shop.api.post(f"/api/documents/{module}/work-out", body)
    return found["lines"][0], [hint["text"] for hint in found["hints"] if hint.get("field") == "price"]


@pytest.mark.parametrize(
    ("module", "listed", "source"), [("sale", 20, "级别价"), ("purchase", 9, "参考进价"), ("quote", 20, "参考售价")]
)
def test_a_typed_price_stays_when_the_unit_is_chosen_afterwards(
    shop: Shop, module: str, listed: int, source: str
) -> None:
    box = a_box(shop)
    shop.supplier("丙")
    shop.names["乙"] = shop.names["丙"]  # nobody bought from him: no last price
    line, said = typed(shop, module, {"product": shop.names["P"], "qty": scaled(1)}, "product")
    assert units(line["price"]) == listed
    by_box, said = typed(shop, module, line | {"unit_row": box}, "unit_row")
    assert units(by_box["price"]) == listed * 12, "what nobody typed is offered for the new unit"
    line, _ = typed(shop, module, line | {"price": scaled(15)}, "price")
    by_box, said = typed(shop, module, line | {"unit_row": box}, "unit_row")
    assert units(by_box["price"]) == 15
    assert said[:1] == [f"换了单位，手输的单价没有跟着变；箱的{source}是 {listed * 12}"]
    party = {"supplier": shop.names["乙"]} if module == "purchase" else {"customer": shop.names["甲"]}
    body = {"values": party, "lines": [line | {"unit_row": box}]}
    found = shop.api.post(f"/api/documents/{module}/work-out", body | {"changed": {"line": 0, "field": "unit_row"}})
    kept = [hint.get("until") for hint in found["hints"] if hint["text"].startswith("换了单位")]
    assert kept == [["product", "unit_row", "price", "is_gift"]], "it stays said until one of these changes"
    again, said = typed(shop, module, by_box, "qty")
    assert units(again["price"]) == 15


def test_a_discount_typed_for_a_price_that_was_offered_leaves_it_an_offer(shop: Shop) -> None:
    line, _ = typed(shop, "sale", {"product": shop.names["P"], "qty": scaled(1)}, "product")
    line, _ = typed(shop, "sale", line | {"discount_rate": scaled(90)}, "discount_rate")
    assert (line["price_source"], line["amount"]) == ("level", 1800)
    line, said = typed(shop, "sale", line | {"unit_row": a_box(shop)}, "unit_row")
    assert (units(line["price"]), line["amount"], said) == (240, 21600, ["单价取自级别价"])


def test_the_last_price_is_what_was_asked_after_its_discount_and_says_so(shop: Shop) -> None:
    shop.sell(("P", 1, 20, 85))
    line, said = typed(shop, "sale", {"product": shop.names["P"], "qty": scaled(2)}, "product")
    assert (units(line["price"]), line["discount_rate"], line["amount"]) == (17, scaled(100), 3400)
    assert said == ["单价取自上次价（折后价：20 的 85%）"]
    shop.sell(("P", 1, 20, 0))
    _, said = typed(shop, "sale", {"product": shop.names["P"], "qty": scaled(2)}, "product")
    assert said == ["单价取自上次价（折后价：20 的 85%）"], "what was given away says nothing of the price"
    day = shop.rows("sale_line")[0]["doc_on"]
    assert prices(glance(shop, "sale", customer="甲"))[0] == ("上次价", 17, f"{day} 折后价")

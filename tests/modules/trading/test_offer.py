"""The price offered (T18, G17)."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.modules.trading.amounts import derive
from desktop.modules.trading.offer import LastLine, Offer, is_below_minimum, purchase_offer, sale_offer
from tests.modules.trading.kit import fen, line, n4
from tests.modules.trading.shop import Shop, scaled

PRODUCT = {"price_1": n4(100), "price_2": n4(90), "price_3": n4(85), "price_4": n4(80)}
BOX: dict[str, Any] = {"ratio": n4(12), "price_1": None, "price_2": None, "price_3": None, "price_4": None}


def offered(
    last: LastLine | None = None,
    *,
    product: dict[str, Any] = PRODUCT,
    unit: dict[str, Any] | None = None,
    slot: int | None = 3,
) -> Offer | None:
    return sale_offer(product, unit, slot=slot, last=last, doc_on="2026-11-23", last_days=180)


def test_g17_the_last_price_while_it_is_fresh() -> None:
    assert offered(LastLine(n4(88), "2026-06-15")) == Offer(n4(88), "last")
    assert offered(LastLine(n4(88), "2026-05-20")) == Offer(n4(85), "level")


@pytest.mark.parametrize(("doc_on", "source"), [("2026-05-27", "last"), ("2026-05-26", "level")])
def test_the_last_day_still_counts(doc_on: str, source: str) -> None:
    found = offered(LastLine(n4(88), doc_on))
    assert found is not None
    assert found.source == source


def test_g17_a_unit_without_its_own_price() -> None:
    assert offered(unit=BOX) == Offer(n4(1020), "level")
    assert offered(unit=BOX | {"price_3": n4(999)}) == Offer(n4(999), "level")


def test_a_blank_slot_falls_to_the_list_price_and_that_to_blank() -> None:
    assert offered(product=PRODUCT | {"price_3": None}) == Offer(n4(100), "list")
    assert offered(slot=None) == Offer(n4(100), "list")
    assert offered(product=dict.fromkeys(PRODUCT), unit=BOX) is None
    assert offered(LastLine(None, "2026-11-22")) == Offer(n4(85), "level")


def test_a_price_of_zero_is_a_price() -> None:
    assert offered(LastLine(0, "2026-11-22")) == Offer(0, "last")
    assert offered(product=PRODUCT | {"price_3": 0}) == Offer(0, "level")


def test_a_purchase_is_offered_the_last_price_then_the_reference_price() -> None:
    def bought(base: int | None, own: int | None, last: LastLine | None) -> Offer | None:
        return purchase_offer(base, n4(12), own, last=last, doc_on="2026-11-23", last_days=180)

    assert bought(n4(5), None, LastLine(n4(61), "2026-11-01")) == Offer(n4(61), "last")
    assert bought(n4(5), None, None) == Offer(n4(60), "list")
    assert bought(n4(5), n4(58), None) == Offer(n4(58), "list")
    assert bought(None, None, LastLine(n4(61), "2025-11-01")) is None


def test_g17_below_the_minimum_after_the_discount() -> None:
    (found,) = derive({}, [line(10, 84, discount_rate=n4(95))], tax_included=True).lines
    net, base = found["net_amount"] or 0, found["base_qty"] or 0
    assert net == fen(798)
    assert is_below_minimum(net, base, n4(80))
    assert not is_below_minimum(net, base, n4("79.8"))
    assert not is_below_minimum(net, base, None)


def test_the_minimum_is_per_base_unit() -> None:
    (found,) = derive({}, [line(2, 960, ratio=n4(12))], tax_included=True).lines
    net, base = found["net_amount"] or 0, found["base_qty"] or 0
    assert not is_below_minimum(net, base, n4(80))
    assert is_below_minimum(net, base, n4(80) + 1)


def filled(shop: Shop, module: str, *, field: str, **line: Any) -> dict[str, Any]:
    """A line as it stands after a cell of it was left."""
    body = {"values": {"customer": shop.names["甲"]}, "lines": [{"product": shop.names["P"], "qty": scaled(1), **line}]}
    answer = shop.api.post(f"/api/documents/{module}/work-out", body | {"changed": {"line": 0, "field": field}})
    found: dict[str, Any] = answer["lines"][0]
    return found


@pytest.mark.parametrize("module", ["quote", "sale"])
def test_the_discount_of_a_customer_goes_with_the_reference_prices(shop: Shop, module: str) -> None:
    shop.product(price_1=scaled(20), price_2=scaled(18))
    shop.customer(price_level="2", discount_rate=scaled(90))
    line = filled(shop, module, field="product", discount_rate=scaled(100))
    assert (line["price"], line["discount_rate"], line["amount"]) == (scaled(18), scaled(90), fen("16.2"))
    typed = filled(shop, module, field="unit_row", discount_rate=scaled(70))
    assert (typed["price"], typed["discount_rate"]) == (scaled(18), scaled(70)), "another unit keeps what was typed"
    again = filled(shop, module, field="product", discount_rate=scaled(70))
    assert again["discount_rate"] == scaled(90), "another product does not"
    left = filled(shop, module, field="discount_rate", discount_rate=scaled(100), price=scaled(18))
    assert left["discount_rate"] == scaled(100), "whoever gives none gives none"


def test_a_product_without_a_price_has_the_discount_all_the_same(shop: Shop) -> None:
    shop.product()
    shop.customer(discount_rate=scaled(90))
    for module in ("quote", "sale"):
        line = filled(shop, module, field="product", discount_rate=scaled(100))
        assert (line["price"], line["discount_rate"]) == (None, scaled(90))


def test_the_last_price_is_not_discounted_once_more(shop: Shop) -> None:
    shop.product(price_1=scaled(20))
    shop.customer(discount_rate=scaled(90))
    shop.supplier()
    shop.buy(("P", 10, 5))
    shop.sell(("P", 1, 20, 80))
    line = filled(shop, "sale", field="product", discount_rate=scaled(90))
    assert (line["price"], line["discount_rate"]) == (scaled(16), scaled(100))


@pytest.mark.parametrize("given", [None, 0])
def test_no_discount_is_no_discount(shop: Shop, given: int | None) -> None:
    shop.product(price_1=scaled(20))
    shop.customer(discount_rate=given)
    assert filled(shop, "sale", field="product")["discount_rate"] == scaled(100)


def test_a_new_customer_has_the_discount_of_his_level(shop: Shop) -> None:
    level = {"list": "customer_level", "name": "老客户", "discount_rate": scaled(95)}
    id = shop.api.post("/api/records/dict_item", level)["row"]["id"]
    made = [shop.customer("丙", level=id), shop.customer("丁", level=id, discount_rate=scaled(80)), shop.customer("戊")]
    rates = [shop.api.get(f"/api/records/customer/{one}")["row"]["discount_rate"] for one in made]
    assert rates == [scaled(95), scaled(80), None]


def chosen(
    shop: Shop, module: str, field: str, value: str, was: str | None, *lines: dict[str, Any], **header: Any
) -> Any:
    """A sheet after another choice in its header: its lines, and what is said of all of them."""
    body = {"values": header | {field: value}, "lines": list(lines), "changed": {"field": field, "was": was}}
    answer = shop.api.post(f"/api/documents/{module}/work-out", body)
    return answer["lines"], [hint for hint in answer["hints"] if "back" in hint]


@pytest.mark.parametrize("module", ["quote", "sale"])
def test_another_customer_has_prices_and_a_discount_of_his_own(shop: Shop, module: str) -> None:
    shop.product(price_1=scaled(20), price_2=scaled(18), price_3=scaled(15))
    old = shop.customer(price_level="2", discount_rate=scaled(90))
    new = shop.customer("乙", price_level="3", discount_rate=scaled(80))
    offered = filled(shop, module, field="product")
    rate = offered | {"discount_rate": scaled(70)}
    typed = offered | {"price": scaled(17), "price_source": "typed"}
    none = offered | {"discount_rate": scaled(100)}
    gift = offered | {"is_gift": True, "price": 0}
    head = {"price_slot": "2"} if module == "quote" else {}
    lines, said = chosen(shop, module, "customer", new, old, offered, rate, typed, none, gift, **head)
    pairs = [(line["price"], line["discount_rate"]) for line in lines]
    assert pairs[:2] == [(scaled(15), scaled(80)), (scaled(15), scaled(70))], "a typed discount stays"
    assert pairs[2:4] == [(scaled(17), scaled(90)), (scaled(15), scaled(100))], "so does a typed price, and none at all"
    assert lines[4]["price"] == 0 and lines[0]["amount"] == fen(12)
    assert said[0]["text"] == "3 行的单价、折扣已按「乙」重新带出；手输的 1 行没有动"
    assert said[0]["back"] == {
        "label": "保留原价", "lines": [0, 1, 3], "fields": ["price", "discount_rate", "price_source"]
    }  # fmt: skip
    assert chosen(shop, module, "customer", new, old, *lines, price_slot="3")[1] == [], "nothing changes twice"
    kept, said = chosen(shop, module, "customer", "", old, offered, **head)
    assert kept[0]["price"] == scaled(18) and not said, "nobody is chosen yet"


def test_a_price_that_came_from_a_last_deal_goes_with_its_customer(shop: Shop) -> None:
    shop.product(price_1=scaled(20))
    old, new = shop.customer(discount_rate=scaled(90)), shop.customer("乙")
    shop.supplier()
    shop.buy(("P", 10, 5))
    shop.sell(("P", 1, 16))
    last = filled(shop, "sale", field="product")
    assert (last["price"], last["price_source"]) == (scaled(16), "last")
    lines, said = chosen(shop, "sale", "customer", new, old, last)
    assert (lines[0]["price"], lines[0]["price_source"]) == (scaled(20), "level") and len(said) == 1
    again, _ = chosen(shop, "sale", "customer", old, new, *lines)
    assert (again[0]["price"], again[0]["discount_rate"]) == (scaled(16), scaled(100))


def test_another_supplier_asks_his_own_last_price(shop: Shop) -> None:
    shop.product()
    old, new = shop.supplier(), shop.supplier("供乙")
    shop.buy(("P", 10, 5))
    line = {"product": shop.names["P"], "qty": scaled(1), "price": scaled(5), "price_source": "last"}
    lines, said = chosen(shop, "purchase", "supplier", new, old, line)
    assert lines[0]["price"] == scaled(5), "where nothing is offered it stays"
    shop.product("Q", purchase_price=scaled(7))
    lines, said = chosen(shop, "purchase", "supplier", new, old, line | {"product": shop.names["Q"]})
    assert (lines[0]["price"], lines[0]["price_source"]) == (scaled(7), "list")
    assert said[0]["text"] == "1 行的单价、折扣已按「供乙」重新带出"


def test_other_reference_prices_leave_what_was_typed(shop: Shop) -> None:
    shop.product(price_1=scaled(20), price_2=scaled(18))
    shop.customer()
    offered = filled(shop, "quote", field="product")
    lines, said = chosen(
        shop, "quote", "price_slot", "2", None, offered, offered | {"price": scaled(17)}, customer=shop.names["甲"]
    )
    assert [line["price"] for line in lines] == [scaled(18), scaled(17)]
    assert said[0]["text"] == "1 行的单价、折扣已按参考售价重新带出；手输的 1 行没有动"

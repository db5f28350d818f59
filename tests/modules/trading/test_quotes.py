"""报价明细: how much of what was offered has been sold (2.2.5)."""

from __future__ import annotations

from tests.modules.trading.shop import Shop, scaled, units


def test_a_quoted_line_says_how_much_of_it_was_sold(shop: Shop) -> None:
    shop.product("P")
    shop.customer()
    shop.supplier()
    shop.buy(("P", 100, 5))
    quote = shop.enter("quote", {"customer": "甲"}, ("P", 10, 20), ("P", 5, 20))
    line = {"product": shop.names["P"], "price": scaled(20), "quote_line": quote["lines"][0]["id"]}

    def sold() -> list[float | None]:
        rows = shop.rows("quote_line", product=shop.names["P"])
        return [units(row["sold_qty"]) for row in sorted(rows, key=lambda row: -row["qty"])]

    assert sold() == [None, None]
    first = shop.sell(line | {"qty": scaled(4)})
    shop.sell(line | {"qty": scaled(3)}, doc_type="order", deliver_on="2030-01-01")
    shop.enter("sale", {"customer": "甲"}, line | {"qty": scaled(1)}, post=False)
    assert sold() == [7, None], "what was sold and ordered, drafts not"
    assert [units(one["sold_qty"]) for one in shop.read("quote", quote)["lines"]] == [7, None]
    shop.cancel("sale", first)
    assert sold() == [3, None]

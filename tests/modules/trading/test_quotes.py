"""报价明细: how much of what was offered has been sold (2.2.5)."""

from __future__ import annotations

import pytest

from tests.modules.trading.shop import Shop, fen, scaled, units
from tests.modules.trading.test_settings import days_ago


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product("P")
    shop.customer()
    shop.supplier()


def test_a_quoted_line_says_how_much_of_it_was_sold(shop: Shop) -> None:
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


def test_of_a_quote_that_was_sold_whole_nothing_is_left_to_take_over(shop: Shop) -> None:
    """An empty sheet said nothing, and looked as if the lines had been lost."""
    shop.buy(("P", 100, 5))
    quote = shop.enter("quote", {"customer": "甲"}, ("P", 10, 20))
    path = f"/api/documents/sale/sources/quote/{quote['row']['id']}"
    filled = shop.api.post(path, {"values": {}, "lines": []})
    shop.sell({name: filled["lines"][0][name] for name in ("product", "qty", "price", "quote_line")})
    problem = shop.api.refused("POST", path, 400, {"values": {}, "lines": []})
    assert problem["title"] == f"报价单{quote['row']['number']}的各行都已做完，没有可以带出的"


def test_the_list_of_products_knows_whose_rows_its_figures_come_from(shop: Shop) -> None:
    """It is read anew when these change: it showed the stock of before a sale."""
    modules = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}
    assert modules["product"]["shown_of"] == ["product_cost", "purchase_line", "stock_balance"]
    assert modules["warehouse"]["shown_of"] == []


def test_a_quote_books_nothing(shop: Shop) -> None:
    about = {one["name"]: one["document"] for one in shop.api.get("/api/modules")["modules"]}
    assert [about[name]["books"] for name in ("quote", "sale", "stock_entry", "settlement")] == [
        False,
        True,
        True,
        True,
    ]


# ----------------------------------------------------------------------------------------- expired, and offered again


def test_a_quote_nobody_answered_has_expired_once_its_day_is_over(shop: Shop) -> None:
    old = {"customer": "甲", "doc_on": days_ago(5), "valid_until": days_ago(1)}
    made = shop.enter("quote", old, ("P", 2, 20))
    today_last = shop.enter("quote", old | {"valid_until": days_ago(0)}, ("P", 2, 20))
    draft = shop.enter("quote", old, ("P", 2, 20), post=False)
    assert [one["row"]["standing"] for one in (made, today_last, draft)] == ["expired", "open", "open"]
    assert {row["standing"] for row in shop.rows("quote")} == {"expired", "open"}
    lost = shop.change("quote", made, made["lines"], result="lost")
    assert lost["row"]["standing"] == "lost"


def test_a_quote_is_offered_again_as_its_next_revision(shop: Shop) -> None:
    terms = {"customer": "甲", "subject": "样品", "payment_term": "月结", "discount_amount": 1}
    first = shop.enter("quote", terms, ("P", 2, 20, 90))
    turns = next(one for one in shop.api.get("/api/modules")["modules"] if one["name"] == "quote")["document"]["turns"]
    (turn,) = (one for one in turns if one["module"] == "quote")
    assert turn["label"] == "新一轮报价"
    path = f"/api/documents/quote/sources/{turn['source']}/{first['row']['id']}"
    filled = shop.api.post(path, {"values": {}, "lines": []})
    assert filled["values"]["previous"] == first["row"]["id"] and filled["values"]["revision"] == 2
    keep = {name: filled["values"][name] for name in (*terms, "previous")}
    lines = [{name: line[name] for name in ("product", "qty", "price", "discount_rate")} for line in filled["lines"]]
    second = shop.api.post("/api/documents/quote", {"values": keep, "lines": lines})["row"]
    assert (second["revision"], second["total"], second["payment_term"]) == (2, fen(35), "月结")
    assert second["previous_number"] == first["row"]["number"]
    assert second["number"] != first["row"]["number"] and shop.read("quote", first)["row"]["state"] == "posted"

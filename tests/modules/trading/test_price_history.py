"""价格历史: for how much a product was bought, sold and offered, the newest first (modules.md 2.2.1 页签)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from desktop.engine import trails
from desktop.engine.access import DataScope, Principal
from desktop.errors import Invalid, NotFound
from tests.modules.trading.shop import Shop, units


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.customer("甲")
    shop.supplier("乙")
    shop.product("P")
    shop.product("N")


def history(shop: Shop, product: str = "P", **query: Any) -> dict[str, Any]:
    return dict(shop.api.get(f"/api/records/product/{shop.names[product]}/trail/prices", **query))


def told(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    words = found["labels"]
    return [
        (row["doc_on"], row["label"], words[row.get("supplier") or row.get("customer")], units(row["price"]),
         units(row["discount_rate"]))
        for row in found["rows"]
    ]  # fmt: skip


def trade(shop: Shop) -> None:
    shop.buy(("P", 10, 5), ("N", 1, 1), doc_on="2026-01-05")
    shop.enter("quote", {"customer": "甲", "doc_on": "2026-02-01"}, ("P", 1, 12))
    shop.sell(("P", 2, 11, 90), doc_on="2026-02-03")
    shop.buy(("P", 4, 6), doc_type="order", deliver_on="2026-03-09", doc_on="2026-03-01")


def test_what_was_bought_sold_and_offered_the_newest_first(shop: Shop) -> None:
    """With drafts and what was cancelled left out, and each line leading to its document."""
    trade(shop)
    shop.enter("sale", {"customer": "甲", "doc_on": "2026-04-01"}, ("P", 1, 1), post=False)
    shop.cancel("sale", shop.sell(("P", 1, 2), doc_on="2026-04-02"))
    found = history(shop)
    assert told(found) == [
        ("2026-03-01", "进货", "乙", 6, 100), ("2026-02-03", "销货", "甲", 11, 90),
        ("2026-02-01", "报价", "甲", 12, 100),
        ("2026-01-05", "进货", "乙", 5, 100),
    ]  # fmt: skip
    assert [row.get("doc_type") for row in found["rows"]] == ["order", "sale", None, "purchase"]
    first = found["rows"][0]
    assert (first["module"], first["header"]) == ("purchase_line", "purchase") and found["next"] is None
    assert shop.api.get(f"/api/documents/purchase/{first['document']}")["row"]["number"] == first["number"]
    assert told(history(shop, "N")) == [("2026-01-05", "进货", "乙", 1, 100)]


def test_page_by_page_it_is_the_same(shop: Shop) -> None:
    """Also where many lines are of one day."""
    trade(shop)
    for price in range(1, 8):
        shop.sell(("P", 1, price), ("P", 1, price + 20), doc_on="2026-02-03", confirmed=["negative_stock"])
    whole = history(shop)["rows"]
    assert len(whole) == 18
    rows: list[Any] = []
    after = ""
    while after is not None:
        page = history(shop, limit=4, after=after)
        rows, after = rows + page["rows"], page["next"]
    assert rows == whole


def test_who_may_not_see_prices_is_shown_none(shop: Shop) -> None:
    """Purchases ask for 查看进价 and for their list; without any list there is no such pane."""
    trade(shop)
    engine, id = shop.office.engine, shop.names["P"]
    lists = {name: frozenset(("view",)) for name in ("product", "sale", "purchase", "sale_line", "purchase_line")}
    scopes: dict[str, DataScope] = dict.fromkeys(lists, "all")
    who = Principal(operator="x", rights=lists, scopes=scopes, special=frozenset(("see_purchase_price",)))

    def kinds(principal: Principal) -> set[str]:
        return {row["label"] for row in trails.trail_of(engine, principal, "product", id, "prices")["rows"]}

    assert kinds(who) == {"进货", "销货"}
    assert kinds(replace(who, special=frozenset())) == {"销货"}
    bought = {name: lists[name] for name in ("product", "purchase", "purchase_line")}
    assert kinds(replace(who, rights=bought)) == {"进货"}
    assert kinds(replace(who, scopes=scopes | {"sale": "own"})) == {"进货"}
    for blind in (replace(who, no_prices=True), replace(who, rights={"product": lists["product"]})):
        with pytest.raises(NotFound):
            kinds(blind)
        assert trails.of_module(engine.definition("product"), blind, engine) == []


def test_a_place_that_no_page_gave_is_refused(shop: Shop) -> None:
    trade(shop)
    path = f"/api/records/product/{shop.names['P']}/trail/prices"
    for after in ("x", "W10=", "eyJzYWxlX2xpbmUiOiAieCJ9"):
        assert "续页" in shop.api.refused("GET", f"{path}?after={after}", 422)["fields"]["after"]
    shop.api.refused("GET", f"/api/records/product/{shop.names['P']}/trail/nothing", 404)
    with pytest.raises(Invalid):
        trails.trail_of(shop.office.engine, shop.office.admin, "product", shop.names["P"], "prices", after="x")

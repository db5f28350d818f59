"""下限, 上限 and 存量 in the list of stock (2.2.9, P2): place by place, else the company's; found by a filter."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

import pytest

from desktop.engine import lists
from desktop.engine.fields.limits import kind_of
from desktop.engine.query import Query, Selection
from desktop.errors import Invalid

from .shop import Shop, scaled, units


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    shop.supplier()
    shop.customer()
    shop.add("warehouse", "二仓", code="02")
    shop.product("P", stock_min=scaled(20), stock_max=scaled(100))
    shop.product("Q", stock_max=scaled(5))
    shop.product("R")


def levels(shop: Shop, **query: str) -> dict[tuple[str, str], tuple[object, ...]]:
    found = shop.api.get("/api/records/stock_balance", limit=500, **query)
    words = found["labels"]
    return {
        (words[row["product"]], words[row["warehouse"]]): (units(row["low"]), units(row["high"]), row["level"])
        for row in found["rows"]
    }


def only(shop: Shop, op: str, value: str | None = None) -> set[tuple[str, str]]:
    item = {"field": "level", "op": op, **({"value": value} if value else {})}
    return set(levels(shop, filter=json.dumps({"and": [item]})))


def limit(shop: Shop, product: str, warehouse: str, low: int | None, high: int | None) -> str:
    limits = {"stock_min": scaled(low), "stock_max": scaled(high)}
    given = {"product": shop.names[product], "warehouse": shop.names[warehouse], **limits}
    return str(shop.api.post("/api/records/stock_limit", given)["row"]["id"])


def test_each_row_goes_by_its_own_limits_else_by_those_of_the_company(shop: Shop) -> None:
    """15 + 4 of P are short of 20 in all; an order lowers what is available; the second warehouse has its own."""
    shop.buy(("P", 15, 1), ("Q", 6, 1), ("R", 1, 1))
    shop.buy(("P", 4, 1), warehouse="二仓")
    main, second = ("P", "主仓"), ("P", "二仓")
    assert levels(shop) == {
        main: (20, 100, "low"), second: (20, 100, "low"), ("Q", "主仓"): (None, 5, "high"),
        ("R", "主仓"): (None, None, None),
    }  # fmt: skip
    own = limit(shop, "P", "二仓", 1, 3)
    assert levels(shop)[second] == (1, 3, "high") and levels(shop)[main] == (20, 100, "low")
    shop.buy(("P", 1, 1))
    assert levels(shop)[main][2] == "normal"
    shop.sell(("P", 1, 2), doc_type="order", deliver_on="2030-01-01", warehouse="主仓")
    assert levels(shop)[main][2] == "low", "what is ordered is not available"
    shop.api.ok(shop.api.call("DELETE", f"/api/records/stock_limit/{own}"))
    assert levels(shop)[second] == (20, 100, "low")


def test_the_filter_finds_what_the_column_shows(shop: Shop) -> None:
    shop.buy(("P", 15, 1), ("Q", 6, 1), ("R", 1, 1))
    shop.buy(("P", 4, 1), ("Q", 1, 1), warehouse="二仓")
    limit(shop, "P", "二仓", 1, None)
    limit(shop, "R", "主仓", 3, None)
    limit(shop, "R", "主仓", 1, 9)  # made on another machine meanwhile: the newest counts
    shown = {kind: {row for row, (*_, level) in levels(shop).items() if level == kind} for kind in _KINDS}
    assert shown == {
        "low": {("P", "主仓")}, "high": {("Q", "主仓"), ("Q", "二仓")}, "normal": {("P", "二仓"), ("R", "主仓")},
        None: set(),
    }  # fmt: skip
    for kind in ("low", "high", "normal"):
        assert only(shop, "eq", kind) == shown[kind]
        assert only(shop, "ne", kind) == set(levels(shop)) - shown[kind]
    assert only(shop, "empty") == set() and only(shop, "not_empty") == set(levels(shop))
    found = shop.api.get("/api/records/stock_balance", field="level", value="不足")["rows"]
    assert [row["product"] for row in found] == [shop.names["P"]]


def test_a_page_of_what_nearly_all_rows_are_is_met_row_by_row(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the list, whatever leads it; all that is of a kind is collected only where a page is not full of
    what comes first."""
    shop.buy(("P", 15, 1), ("Q", 6, 1), ("R", 1, 1))
    shop.buy(("P", 4, 1), ("Q", 1, 1), warehouse="二仓")
    limit(shop, "P", "二仓", 1, None)
    asked = {"and": [{"field": "level", "op": "eq", "value": "high"}]}
    expected = [("Q", "主仓"), ("Q", "二仓")]
    assert sorted(levels(shop, filter=json.dumps(asked))) == sorted(expected)
    collected: list[str] = []
    probe = lists._probe

    def given_up(db: sqlite3.Connection, selection: Selection) -> list[int] | None:
        collected.append(selection.where().text)
        if len(collected) == 1:
            raise sqlite3.OperationalError("interrupted")
        return probe(db, selection)

    monkeypatch.setattr(lists, "_probe", given_up)
    engine, admin = shop.office.engine, shop.office.admin
    for sort in ("product", "-on_hand", "-warehouse"):
        collected.clear()
        found = lists.page(engine, admin, "stock_balance", Query(filter=asked, sort=sort, limit=2))
        assert len(collected) == 1 and {found["labels"][row["product"]] for row in found["rows"]} == {"Q"}, sort
        assert len(found["rows"]) == 2
    with engine.db.read() as db:
        selection = lists._plan(engine, db, admin, engine.definition("stock_balance"), Query(filter=asked)).selection
    assert "c.row IN" in selection.where().text and "c.row IN" not in selection.where_walked().text


_KINDS = ("low", "high", "normal", None)


@pytest.mark.parametrize(
    ("least", "most", "short", "held", "kind"),
    [
        (2, 5, 1, 9, "low"),
        (2, 5, 2, 5, "normal"),
        (None, 5, 0, 6, "high"),
        (0, None, -1, -1, "low"),
        (None,) * 2 + (1, 1, None),
    ],
)
def test_low_comes_before_high(least: int | None, most: int | None, short: int, held: int, kind: str | None) -> None:
    assert kind_of(least, most, short, held) == kind


def test_who_may_not_see_limits_sees_no_columns_of_them(shop: Shop) -> None:
    shop.buy(("P", 1, 1))
    who = replace(shop.office.admin, everything=False, rights={"stock_balance": frozenset(("view",))})
    (row,) = lists.page(shop.office.engine, who, "stock_balance", Query())["rows"]
    assert not {"low", "high", "level"} & set(row)
    with pytest.raises(Invalid):
        lists.page(
            shop.office.engine, who, "stock_balance",
            Query(filter={"and": [{"field": "level", "op": "eq", "value": "low"}]}),
        )  # fmt: skip

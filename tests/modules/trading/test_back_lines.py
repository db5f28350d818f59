"""进货明细 and 销货明细 show what came back with a minus (modules.md 2.2.3, 2.2.7): lists, exports, prints alike."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from desktop.engine import export, printing, query
from tests.modules.trading.shop import Shop, units, yuan


@pytest.fixture(autouse=True)
def bargains(shop: Shop) -> None:
    shop.product("P")
    shop.customer()
    shop.supplier()
    shop.buy(("P", 100, 5))
    shop.enter("purchase", {"supplier": "乙", "doc_type": "return"}, ("P", 10, 5))
    shop.sell(("P", 20, 8))
    shop.enter("sale", {"customer": "甲", "doc_type": "return"}, ("P", 3, 8))
    shop.sell(("P", 7, 8), doc_type="order", deliver_on="2030-01-01")


def asked(shop: Shop, module: str, **more: Any) -> dict[str, Any]:
    found = shop.api.get(f"/api/records/{module}", **{"sort": "-qty", "want": "rows,total,sums", **more})
    return dict(found)


def where(op: str, field: str, value: Any) -> str:
    return json.dumps({"and": [{"field": field, "op": op, "value": value}]})


def figures(found: dict[str, Any]) -> list[tuple[str, Any, Any, Any]]:
    return [(row["doc_type"], units(row["qty"]), yuan(row["amount"]), yuan(row["net_amount"])) for row in found["rows"]]


def test_lists_show_and_sort_what_came_back_with_a_minus(shop: Shop) -> None:
    sales = asked(shop, "sale_line")
    assert figures(sales) == [("sale", 20, 160, 160), ("order", 7, 56, 56), ("return", -3, -24, -24)]
    assert (units(sales["sums"]["qty"]), yuan(sales["sums"]["amount"])) == (17, 136)
    assert figures(asked(shop, "purchase_line")) == [("purchase", 100, 500, 500), ("return", -10, -50, -50)]
    assert asked(shop, "sale_line", sort="amount")["rows"][0]["doc_type"] == "return"


def test_they_are_found_by_what_is_shown(shop: Shop) -> None:
    back = asked(shop, "sale_line", filter=where("lt", "amount", 0))
    assert figures(back) == [("return", -3, -24, -24)]
    assert yuan(back["sums"]["amount"]) == -24, "a list of returns alone adds up what it shows"
    assert figures(asked(shop, "sale_line", filter=where("eq", "qty", -30000))) == figures(back)
    orders = asked(shop, "sale_line", filter=where("eq", "doc_type", "order"))
    assert (figures(orders)[0][1], units(orders["sums"]["qty"])) == (7, 7)


def test_the_sheet_itself_has_none(shop: Shop) -> None:
    (back,) = shop.rows("sale", doc_type="return")
    (line,) = shop.read("sale", {"row": back})["lines"]
    assert (units(line["qty"]), yuan(line["amount"])) == (3, 24)


def test_what_is_chosen_on_screen_is_added_up_by_the_same_rule(shop: Shop) -> None:
    modules = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}
    fields = {one["name"]: one for one in modules["sale_line"]["fields"]}
    assert fields["qty"]["sum_rule"]["signs"] == {"return": 1, "order": 0}, "rows have their minus already"
    header = {one["name"]: one for one in modules["sale"]["fields"]}
    assert header["total"]["sum_rule"]["signs"] == {"return": 1, "order": 0}, "as rows of documents have"


def test_a_document_that_goes_back_has_its_minus_in_the_list_but_not_on_its_sheet(shop: Shop) -> None:
    (back,) = shop.rows("sale", doc_type="return")
    assert (yuan(back["total"]), yuan(shop.read("sale", {"row": back})["row"]["total"])) == (-24, 24)


def test_exports_and_prints_say_the_same(shop: Shop, tmp_path: Path) -> None:
    office = shop.office
    file = tmp_path / "out.csv"
    export.export(
        office.engine, office.admin, "sale_line", query.Query(sort="-qty"), ("doc_type", "qty", "amount"), "csv", file,
        lambda done, total: None,
    )  # fmt: skip
    with file.open(encoding="utf-8-sig") as lines:
        cells = list(csv.reader(lines))
    assert [Decimal(row[1]) for row in cells[1:]] == [20, 7, -3]
    with office.engine.db.read() as db:
        wanted = printing.Wanted(columns=(("doc_type", 80), ("qty", 80), ("amount", 80)))
        definition = office.engine.definition("sale_line")
        numbers = [row[0] for row in db.execute("SELECT row FROM sale_line ORDER BY qty DESC")]
        rows, totals = printing._cells(office.engine, db, office.admin, definition, wanted, numbers, lambda at: None)
    assert [row[1].replace("\u2212", "-") for row in rows] == ["20", "7", "-3"] and totals[1:] == ["17", "136.00"]

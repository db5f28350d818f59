"""库存一览: every product in all or by warehouse, now or on a day, and which are short or too many (2.2.9, P2, G22)."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from openpyxl import load_workbook

from desktop.engine.documents import surveys
from desktop.engine.fields.moment import today
from desktop.errors import Forbidden
from desktop.modules.trading.stock_survey import judged
from tests.modules.trading.shop import Shop, scaled, units
from tests.modules.trading.test_prints import flat, words

PATH = "/api/surveys/stock_balance"


def ago(days: int) -> str:
    return (date.fromisoformat(today()) - timedelta(days=days)).isoformat()


@pytest.fixture(autouse=True)
def goods(shop: Shop) -> None:
    """P is short, Q too many, R not there at all, S oversold."""
    shop.product("P", spec="小", stock_min=scaled(20), stock_max=scaled(100))
    shop.product("Q", stock_max=scaled(5))
    shop.product("R")
    shop.product("S")
    shop.product("T", kind="service")
    shop.customer()
    shop.supplier()
    shop.add("warehouse", "二仓", code="02")
    shop.buy(("P", 15, 1), ("Q", 6, 1), doc_on=ago(9))
    shop.buy(("P", 10, 1), warehouse="二仓", doc_on=ago(3))
    shop.sell(("P", 10, 2), doc_type="order", deliver_on="2030-01-01")
    shop.buy(("P", 30, 1), doc_type="order", deliver_on="2030-01-01")
    shop.sell(("S", 1, 1), confirmed=["negative_stock"])


def looked_at(shop: Shop, **query: str) -> dict[str, Any]:
    return dict(shop.api.get(PATH, **query))


def told(found: dict[str, Any], *names: str) -> dict[str, tuple[Any, ...]]:
    return {
        row["title"] + row["place"]: (*(units(row[name]) for name in names), row["condition"]) for row in found["rows"]
    }


def test_g22_all_products_with_what_they_ask_for(shop: Shop) -> None:
    found = looked_at(shop)
    figures = told(found, "on_hand", "available", "projected", "suggested")
    assert figures == {
        "P": (25, 15, 45, 55, "low"), "Q": (6, 6, 6, None, "high"), "R": (0, 0, 0, None, "none"),
        "S": (-1, -1, -1, None, "negative"),
    }  # fmt: skip
    assert found["counts"] == {"low": 1, "high": 1, "none": 1, "negative": 1, "normal": 0}
    assert (found["total"], units(found["sums"]["on_hand"])) == (4, 30)
    assert [one["label"] for one in found["heads"]][:2] == ["库存数量", "已订未交"]


def test_what_keeps_to_its_limits_is_not_to_be_bought(shop: Shop) -> None:
    """P2: the sheet of a purchase says nothing of it either."""
    shop.product("N", stock_min=scaled(5), stock_max=scaled(100))
    shop.product("M", stock_max=scaled(100))
    shop.buy(("N", 8, 1))
    figures = told(looked_at(shop), "available", "suggested")
    assert figures["N"] == (8, None, "normal") and figures["M"] == (0, 100, "none")
    shop.sell(("N", 4, 2))
    assert told(looked_at(shop), "available", "suggested")["N"] == (4, 96, "low")


def test_only_what_is_short_or_has_some_words(shop: Shop) -> None:
    for condition, title in (("low", "P"), ("high", "Q"), ("none", "R"), ("negative", "S")):
        found = looked_at(shop, condition=condition)
        assert (list(told(found)), found["total"], found["counts"]["low"]) == ([title], 1, 1)
    assert list(told(looked_at(shop, words="小"))) == ["P"]
    shop.api.refused("GET", f"{PATH}?condition=whatever", 400)
    shop.api.refused("GET", "/api/surveys/party_balance", 404)


def test_by_warehouse_its_own_limits_count(shop: Shop) -> None:
    limit = {"product": shop.names["P"], "warehouse": shop.names["二仓"], "stock_min": scaled(12)}
    shop.api.post("/api/records/stock_limit", limit)
    shop.api.post("/api/records/stock_limit", {**limit, "product": shop.names["R"]})
    found = told(looked_at(shop, by="part"), "on_hand", "available", "low")
    assert found == {
        "P主仓": (15, 5, None, "normal"), "P二仓": (10, 10, 12, "low"), "Q主仓": (6, 6, None, "normal"),
        "R二仓": (0, 0, 12, "low"), "S主仓": (-1, -1, None, "negative"),
    }  # fmt: skip


def test_what_there_was_on_a_day(shop: Shop) -> None:
    found = looked_at(shop, on=ago(5))
    assert told(found, "on_hand") == {"P": (15, "low"), "Q": (6, "high"), "R": (0, "none"), "S": (0, "none")}
    assert [one["name"] for one in found["heads"]] == ["on_hand", "low", "high"], "nobody knows what was ordered then"
    assert told(looked_at(shop, on=ago(3), by="part"), "on_hand")["P二仓"] == (10, "normal")
    assert told(looked_at(shop, on=ago(20)), "on_hand")["Q"] == (0, "none")


def test_what_is_out_of_use_is_left_out_once_nothing_is_there(shop: Shop) -> None:
    for name in ("Q", "R"):
        shop.api.call("PATCH", f"/api/records/product/{shop.names[name]}", {"is_stopped": True})
    assert list(told(looked_at(shop))) == ["P", "Q", "S"]


def ended(shop: Shop, job: dict[str, Any]) -> dict[str, Any]:
    job = shop.api.ended(job)
    assert job["state"] == "done", job
    return job


def test_on_paper_and_in_a_file(shop: Shop) -> None:
    job = ended(shop, shop.api.post(f"{PATH}/print", {"by": "part"}))
    said = flat(words(shop.api.call("GET", f"/api/jobs/{job['id']}/view").content))
    for part in ("库存一览", "建议进货", "二仓", "负库存", "合计"):
        assert part in said, part
    job = ended(shop, shop.api.post(f"{PATH}/export", {"condition": "low"}))
    book = load_workbook(io.BytesIO(shop.api.call("GET", f"/api/jobs/{job['id']}/file").content))
    heads, *rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()]
    assert heads[:5] == ["产品编号", "规格", "基本单位", "产品名称", "库存数量"] and heads[-1] == "状态"
    assert [row[1:5] + row[-2:] for row in rows] == [["小", "个", "P", 25, 55, "不足"]]


def test_only_who_may_see_the_stock_sees_it(shop: Shop) -> None:
    clerk = replace(
        shop.office.admin, everything=False, special=frozenset(), rights={"product": frozenset(["view"])}, scopes={}
    )
    with pytest.raises(Forbidden):
        surveys.survey_of(shop.office.engine, clerk, "stock_balance", surveys.Wanted())
    fields = {one["name"]: one for one in shop.api.get("/api/modules")["modules"]}
    assert fields["stock_balance"]["survey"]["label"] == "库存一览" and fields["product"]["survey"] is None


def test_without_limits_nothing_is_short() -> None:
    row: dict[str, Any] = {"on_hand": 0, "reserved": 5, "on_order": 0, "low": None, "high": None}
    assert (judged(row)["condition"], judged(row)["suggested"]) == ("none", None)
    assert judged(row | {"on_hand": 10})["condition"] == "normal"


def test_a_total_names_its_unit_where_there_are_several(shop: Shop) -> None:
    """What happens to be of one unit alone would else look like a sum of all."""
    unit = shop.api.post("/api/records/dict_item", {"list": "unit", "name": "捆"})["row"]["id"]
    shop.product("U", unit=unit)
    shop.buy(("U", 4, 1))
    found = looked_at(shop)
    assert found["parts"]["reserved"] == "个 10" and "捆 4" in found["parts"]["on_hand"]
    alone = looked_at(shop, condition="low")
    assert (alone["parts"], units(alone["sums"]["reserved"])) == ({}, 10)

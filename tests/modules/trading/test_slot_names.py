"""The four reference prices are called what the company calls them: in lists, files, papers and messages."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from openpyxl import load_workbook

from desktop.engine.check import problems
from desktop.engine.define import Shortcut
from desktop.engine.fields import Enum, FieldError, Price, Words
from desktop.modules import load
from tests.modules.trading.shop import Shop, scaled
from tests.modules.trading.test_golden_machines import Three, fleet, three  # noqa: F401 - the fixtures

NAMES = ["门店价", "渠道价", "老客价", "内部价"]


def decide(shop: Shop, names: str) -> Any:
    return shop.api.call("PATCH", "/api/settings", {"values": {"price.slot_names": names}})


def labels(shop: Shop, module: str) -> dict[str, Any]:
    (found,) = [one for one in shop.api.get("/api/modules")["modules"] if one["name"] == module]
    return {one["name"]: one for one in found["fields"]}


def slots(shop: Shop, module: str) -> list[str]:
    fields = labels(shop, module)
    return [fields[f"price_{place}"]["label"] for place in (1, 2, 3, 4)]


def options(shop: Shop, module: str, name: str) -> list[str]:
    return [one["label"] for one in labels(shop, module)[name]["options"]]


def headings(shop: Shop, path: str, body: dict[str, Any]) -> list[str]:
    job = shop.api.post(path, body)
    job = shop.api.ended(job)
    sheet = load_workbook(io.BytesIO(shop.api.call("GET", f"/api/jobs/{job['id']}/file").content)).worksheets[0]
    return [str(cell.value) for cell in next(sheet.iter_rows())]


def test_all_that_shows_the_prices_calls_them_by_their_names(shop: Shop) -> None:
    shop.product("P", price_2=scaled(20))
    assert slots(shop, "product") == ["零售价", "批发价", "会员价", "代理价"]
    shop.api.ok(decide(shop, "门店价， 渠道价、老客价,内部价"))
    for module in ("product", "product_unit", "quote_line"):
        assert slots(shop, module) == NAMES
    named = (("customer", "price_level"), ("dict_item", "price_slot"), ("quote", "price_slot"))
    assert [options(shop, *one) for one in named] == [NAMES] * 3
    body = {"format": "xlsx", "columns": ["name", "price_1", "price_4"]}
    assert headings(shop, "/api/export/product", body) == ["产品名称", "门店价", "内部价"]
    assert "渠道价" in headings(shop, "/api/import/product/template", {})
    problem = shop.api.refused("PATCH", f"/api/records/product/{shop.names['P']}", 422, {"price_2": -1})
    assert problem["fields"]["price_2"] == "「渠道价」不能小于 0.00"
    shop.customer("丁", price_level="老客价")
    assert shop.rows("customer", name="丁")[0]["price_level"] == "3"
    shop.api.call("PATCH", "/api/settings", {"values": {}, "defaults": ["price.slot_names"]})
    assert slots(shop, "product") == ["零售价", "批发价", "会员价", "代理价"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("甲价,乙价,丙价", "要写 4 个名称，用逗号隔开"),
        ("甲价,乙价,,丙价", "要写 4 个名称，用逗号隔开"),
        ("甲价,乙价,丙价,甲价", "的 4 个名称不能相同"),
        ("甲价,乙价,丙价,一个长得放不下的价格名称", "每个名称最多 8 个字"),
    ],
)
def test_four_names_that_can_be_told_apart(shop: Shop, typed: str, told: str) -> None:
    answer = decide(shop, typed)
    assert answer.status_code == 422 and told in answer.json()["fields"]["price.slot_names"]
    assert slots(shop, "product") == ["零售价", "批发价", "会员价", "代理价"]


def test_another_machine_calls_them_so_once_it_has_heard(three: Three) -> None:  # noqa: F811
    three.keeper.api.ok(decide(three.keeper, ",".join(NAMES)))
    assert slots(three.a, "product") == ["零售价", "批发价", "会员价", "代理价"]
    three.meet()
    assert [slots(one, "product") for one in three.all] == [NAMES] * 3


def test_a_field_is_called_by_a_setting_that_lists_enough_names() -> None:
    registry = load().own()
    assert {one.id for one in problems(registry, registry["product"])} == set()
    fields = registry["product"].fields
    fields["price_1"] = Price("x", called=("price.slot_names", 4))  # type: ignore[index]
    assert [one.id for one in problems(registry, registry["product"])] == ["M017"]
    fields["price_1"] = Enum("x", {"1": "a"}, options_called="price.nothing")  # type: ignore[index]
    assert "M017" in [one.id for one in problems(registry, registry["product"])]
    assert load()["product"].fields["price_1"].label == "零售价"


def test_names_stand_in_one_line() -> None:
    field = Words("名称", count=2)
    assert field.parse(" 甲 ；乙 ") == "甲,乙" and field.parse("") is None
    with pytest.raises(FieldError):
        field.parse("甲")


def test_a_shortcut_leads_to_a_value_of_its_field() -> None:
    registry = load().own()
    entry = registry["stock_entry"]
    assert list(problems(registry, entry)) == []
    for way in (Shortcut("opening", "期初库存", "kind", "oepning"), Shortcut("opening", "期初库存", "note", "opening")):
        wrong = replace(entry, module=replace(entry.module, shortcuts=(way,)))
        assert [one.id for one in problems(registry, wrong)] == ["M022"]

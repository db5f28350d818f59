"""What may no longer be changed once documents rest on it: the base unit, and auxiliary units (modules.md 2.2.1)."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.engine.access import Principal
from desktop.engine.settled import faults
from tests.importing import Importing, xlsx

from .shop import Shop, scaled


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product("P")
    shop.customer("甲")
    shop.supplier("乙")


def unit(shop: Shop, name: str) -> str:
    return str(shop.api.get("/api/lookup/dict_item", q=name, where='{"list": "unit"}')["rows"][0]["id"])


def box(shop: Shop, product: str = "P", ratio: int = 12) -> str:
    given = {"product": shop.names[product], "unit": unit(shop, "箱"), "ratio": scaled(ratio)}
    return str(shop.api.post("/api/records/product_unit", given)["row"]["id"])


def refused(shop: Shop, module: str, id: str, **values: Any) -> Any:
    return shop.api.refused("PATCH", f"/api/records/{module}/{id}", 422, values)["fields"]


def test_the_base_unit_stays_once_a_document_names_the_product(shop: Shop) -> None:
    """A draft counts, and is named; what was locked is told with the record; alone, the other products change."""
    id, path = shop.names["P"], f"/api/records/product/{shop.names['P']}"
    free = shop.api.ok(shop.api.call("PATCH", path, {"unit": unit(shop, "台")}))
    assert free["settled"] == {} and shop.api.get(path)["settled"] == {}
    draft = shop.enter("sale", {"customer": "甲"}, ("P", 1, 9), post=False)["row"]
    told = f"销货单「{draft['number']}」已经用到，「基本单位」不能再改"
    assert refused(shop, "product", id, unit=unit(shop, "个")) == {"unit": told}
    assert shop.api.get(path)["settled"] == {"unit": told}
    shop.api.ok(shop.api.call("PATCH", path, {"unit": unit(shop, "台"), "brand": "申越"}))
    several = {"ids": [id, shop.product("N")], "set": {"unit": unit(shop, "个")}}
    assert shop.api.refused("POST", "/api/records/product/change", 422, several)["fields"] == {"unit": told}
    shop.api.ok(shop.api.call("DELETE", f"/api/records/sale/{draft['id']}"))
    shop.api.ok(shop.api.call("PATCH", path, {"unit": unit(shop, "个")}))


def test_openings_stock_entries_and_auxiliary_units_settle_the_base_unit(shop: Shop) -> None:
    shop.product("N"), shop.product("M")
    box(shop, "N")
    assert refused(shop, "product", shop.names["N"], unit=unit(shop, "台")) == {
        "unit": "辅助单位「箱」已经用到，「基本单位」不能再改"
    }
    entry = {"doc_type": "in", "kind": "opening", "warehouse": "主仓"}
    kept = shop.enter("stock_entry", entry, {"product": shop.names["M"], "qty": scaled(1), "unit_cost": scaled(1)})
    assert kept["row"]["number"] in refused(shop, "product", shop.names["M"], unit=unit(shop, "台"))["unit"]


def test_an_auxiliary_unit_stays_once_a_line_is_in_it(shop: Shop) -> None:
    row = box(shop)
    shop.api.ok(shop.api.call("PATCH", f"/api/records/product_unit/{row}", {"ratio": scaled(10)}))
    shop.buy(("P", 5, 1))  # in the base unit: says nothing of the box
    shop.api.ok(shop.api.call("PATCH", f"/api/records/product_unit/{row}", {"ratio": scaled(12)}))
    line = {"product": shop.names["P"], "unit_row": row, "qty": scaled(2), "price": scaled(60)}
    number = shop.buy(line)["row"]["number"]
    for name, value in {"ratio": scaled(10), "unit": unit(shop, "台"), "product": shop.product("N")}.items():
        told = refused(shop, "product_unit", row, **{name: value})
        assert number in told[name] and set(told) == {name}
    named = shop.api.ok(shop.api.call("PATCH", f"/api/records/product_unit/{row}", {"name": "大箱", "price_1": 1}))
    assert set(named["settled"]) == {"ratio", "unit", "product"}


def test_an_import_changes_no_unit_in_use_and_takes_none_back(shop: Shop) -> None:
    """The dry run says so at the row; an import that changed a unit while it was free is not taken back once it is
    in use."""
    one = shop.api.get(f"/api/records/product/{shop.names['P']}")["row"]
    file = xlsx(["产品编号", "产品名称", "产品类别", "基本单位"], [one["code"], "P", "未分类", "台"], title="产品")
    going = Importing.of(shop.office, file, "product", "产品.xlsx")
    assert going.check()["same"] == 1
    batch = going.commit("update")["result"]["batch"]
    number = shop.buy(("P", 1, 1))["row"]["number"]
    undone = going.undo(batch)
    (kept,) = undone["result"]["refused"]
    assert kept["title"] == "P" and number in kept["reason"] and undone["result"]["restored"] == 0
    assert shop.api.get(f"/api/records/product/{one['id']}")["row"]["unit"] == unit(shop, "台")
    back = xlsx(["产品编号", "产品名称", "产品类别", "基本单位"], [one["code"], "P", "未分类", "个"], title="产品")
    again = Importing.of(shop.office, back, "product", "产品.xlsx")
    assert again.check()["bad"] == 1 and number in again.reasons()[0]


def test_a_record_that_the_user_may_not_see_is_not_named(shop: Shop) -> None:
    number = shop.buy(("P", 1, 1))["row"]["number"]
    engine = shop.office.engine
    rights = {"product": frozenset(("view", "edit"))}
    seeing = {**rights, "purchase": frozenset(("view",))}
    about = shop.api.get(f"/api/records/product/{shop.names['P']}")["row"]

    def told(given: dict[str, Any]) -> str:
        who = Principal(operator="x", rights=given, scopes={"purchase": "all"})
        with engine.db.read() as db:
            return faults(engine, db, who, engine.definition("product"), about, ["unit"])["unit"]

    assert told(rights) == "有进货单已经用到，「基本单位」不能再改"
    assert number in told(seeing)

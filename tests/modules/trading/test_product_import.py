"""Products from a spreadsheet with their barcodes: template, dry run, error file, commit, update and undo."""

from __future__ import annotations

import io
from typing import Any

from openpyxl import load_workbook

from tests.importing import Importing, fetched, imported, xlsx

from .merged import merge
from .shop import Shop

HEADS = ["产品名称", "产品类别", "基本单位", "条码"]
ONE, TWO, THREE, FOUR = "6901234567892", "2142903394454", "4006381333931", "2103713091070"


def going(shop: Shop, *rows: list[Any], heads: list[str] | None = None) -> Importing:
    file = xlsx(heads or HEADS, *rows, title="产品信息")
    return Importing.of(shop.office, file, "product", "产品.xlsx")


def barcodes(shop: Shop, name: str) -> dict[str, bool]:
    (one,) = [row for row in shop.rows("product") if row["name"] == name]
    return {row["barcode"]: row["is_main"] for row in shop.rows("product_barcode", product=one["id"])}


def test_new_products_bring_their_barcodes_and_units(shop: Shop) -> None:
    """The first of a cell is the main one; a number typed as such is a barcode, too; an undo takes all of it back, and
    from the bin all of it comes back."""
    one = going(
        shop, ["灯泡", "未分类", "个", f"{ONE}、{TWO}"], ["灯座", "未分类", "箱", int(THREE)], ["灯罩", "未分类", "个"]
    )
    assert one.fields()["条码"] == "barcode" and one.check()["good"] == 3, one.reasons()
    batch = one.commit("new")["result"]["batch"]
    assert barcodes(shop, "灯泡") == {ONE: True, TWO: False} and barcodes(shop, "灯座") == {THREE: True}
    assert barcodes(shop, "灯罩") == {}
    assert shop.office.api.get("/api/lookup/product", q=TWO)["rows"][0]["title"] == "灯泡"
    made = [row["id"] for row in shop.rows("product")]
    undone = one.undo(batch)["result"]
    assert (undone["deleted"], undone["refused_count"]) == (3, 0)
    assert shop.rows("product") == [] and shop.rows("product_barcode") == []
    shop.api.post("/api/records/product/restore", {"ids": made})
    assert barcodes(shop, "灯泡") == {ONE: True, TWO: False}


def test_a_barcode_of_another_product_or_row_is_told_at_its_cell(shop: Shop) -> None:
    shop.product("旧灯", barcode=ONE)
    one = going(
        shop, ["灯泡", "未分类", "个", ONE], ["灯座", "未分类", "个", TWO], ["灯罩", "未分类", "个", f"{THREE}，{TWO}"],
        ["灯带", "未分类", "个", "9" * 41], ["灯线", "未分类", "个", f"{FOUR}；{FOUR}"],
    )  # fmt: skip
    assert one.check()["good"] == 2
    told = {row["number"]: row["reason"] for row in one.rows()}
    assert told[2] == f"「条码」{ONE} 已是产品「旧灯」的" and told[4] == f"「条码」{TWO} 第 3 行已经有了"
    assert set(told) == {2, 4, 5}
    job = shop.api.post(f"{one.path}/errors")
    sheet = load_workbook(io.BytesIO(fetched(shop.office, job))).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [*HEADS, "原因"] and sheet.cell(2, 4).value == ONE
    one.commit("new")
    assert barcodes(shop, "灯线") == {FOUR: True}


def test_a_barcode_is_one_in_capitals_or_not(shop: Shop) -> None:
    """As for a scanner."""
    shop.product("旧灯", barcode="abc-1")
    one = going(
        shop, ["灯泡", "未分类", "个", "ABC-1"], ["灯座", "未分类", "个", "x-2"], ["灯罩", "未分类", "个", "X-2"],
        ["灯线", "未分类", "个", "abc1"], ["灯带", "未分类", "个", "Y-3、y-3"],
    )  # fmt: skip
    one.check()
    told = {row["number"]: row["reason"] for row in one.rows()}
    assert told == {2: "「条码」ABC-1 已是产品「旧灯」的", 4: "「条码」X-2 第 3 行已经有了"}
    one.commit("new")
    assert barcodes(shop, "灯带") == {"Y-3": True}


def test_barcodes_of_what_was_merged_into_a_product_are_its_own(shop: Shop) -> None:
    shop.product("旧灯", barcode=ONE)
    shop.product("老灯", barcode=TWO)
    code = next(row["code"] for row in shop.rows("product") if row["name"] == "旧灯")
    merge(shop, "老灯", "旧灯")
    heads = ["产品编号", *HEADS]
    rows = [code, "旧灯", "未分类", "个", f"{ONE}、{TWO}、{THREE}"], [None, "灯座", "未分类", "个", TWO]
    one = going(shop, *rows, heads=heads)
    one.check()
    assert one.reasons() == [f"「条码」{TWO} 已是产品「旧灯」的"], "as a scanner finds it"
    one.commit("update")
    assert barcodes(shop, "旧灯") == {ONE: True, TWO: False, THREE: False}
    assert len(shop.rows("product_barcode")) == 3, "what it has is not added once more"


def test_an_update_adds_the_barcodes_that_a_product_has_not_yet(shop: Shop) -> None:
    """The same file twice changes nothing; what is added goes with an undo, the main barcode stays what it was. A list
    as it was exported is read again: 主条码 there is a barcode here."""
    id = shop.product("旧灯", barcode=ONE)
    bare = shop.product("光灯")
    codes = {row["id"]: row["code"] for row in shop.rows("product")}
    heads = ["产品编号", "产品名称", "主条码"]
    rows = [[codes[id], "旧灯", f"{ONE}、{TWO}"], [codes[bare], "光灯", THREE]]
    one = going(shop, *rows, heads=heads)
    assert one.fields()["主条码"] == "barcode" and one.check()["same"] == 2, one.reasons()
    batch = one.commit("update")["result"]["batch"]
    assert barcodes(shop, "旧灯") == {ONE: True, TWO: False} and barcodes(shop, "光灯") == {THREE: True}
    again = going(shop, *rows, heads=heads)
    assert again.check()["bad"] == 0
    again.commit("update")
    assert barcodes(shop, "旧灯") == {ONE: True, TWO: False}
    undone = one.undo(batch)["result"]
    assert (undone["restored"], undone["refused_count"]) == (2, 0)
    assert barcodes(shop, "旧灯") == {ONE: True} and barcodes(shop, "光灯") == {}
    assert shop.api.get(f"/api/records/product/{bare}")["row"]["main_barcode"] is None


def test_what_got_another_barcode_since_is_not_taken_back(shop: Shop) -> None:
    batch = imported(shop.office, xlsx(HEADS, ["灯泡", "未分类", "个", ONE], title="产品信息"), "product")["batch"]
    (made,) = shop.rows("product")
    shop.api.post("/api/records/product_barcode", {"product": made["id"], "barcode": TWO})
    job = Importing(shop.office, "product", "").undo(batch)
    assert job["result"]["deleted"] == 0 and job["result"]["refused"][0]["reason"] == "已有条码"
    assert barcodes(shop, "灯泡") == {ONE: True, TWO: False}


def test_several_barcodes_come_with_a_new_product_through_the_api(shop: Shop) -> None:
    shop.product("灯泡", barcode=[ONE, f" {TWO} ", ONE])
    assert barcodes(shop, "灯泡") == {ONE: True, TWO: False}
    for bad in ([1], [[ONE]], ["9" * 41], [str(place) for place in range(51)]):
        given = {"name": "灯座", "category": shop.category, "barcode": bad}
        assert set(shop.api.refused("POST", "/api/records/product", 422, given)["fields"]) == {"barcode"}


def test_the_template_asks_for_barcodes_of_who_may_add_them(shop: Shop) -> None:
    job = shop.api.post("/api/import/product/template")
    sheet = load_workbook(io.BytesIO(fetched(shop.office, job))).worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    assert "条码" in heads and "基本单位 *" in heads and "主条码" not in heads
    assert "几个" in str(sheet.cell(2, heads.index("条码") + 1).value)

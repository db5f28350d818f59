"""Opening stock, openings of parties and of accounts from a spreadsheet (T23, C10): lines become documents."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.importing import Importing, fetched, xlsx
from tests.modules.trading.shop import D, Shop, fen, scaled, units, yuan

STOCK = ("仓库", "产品", "数量", "单位成本", "备注")


@pytest.fixture(autouse=True)
def parties(shop: Shop) -> None:
    shop.product("P")
    shop.product("螺母")
    shop.customer()
    shop.supplier()
    shop.add("warehouse", "二仓", code="02")


def stock(shop: Shop, *rows: Any) -> Importing:
    return Importing.of(shop.office, xlsx(STOCK, *rows), "stock_entry", "期初.xlsx")


def undone(shop: Shop, module: str, batch: str) -> dict[str, Any]:
    return dict(shop.api.ended(shop.api.post(f"/api/import/{module}/{batch}/undo")))


def test_a_sheet_of_lines_becomes_one_opening_for_each_warehouse_and_day(shop: Shop) -> None:
    one = stock(shop, ("主仓", "P", 10, 5, None), ("二仓", "P", 3, "4.5", "角落"), ("主仓", "螺母", 200, "0.12", None))
    counts = one.check()
    assert (counts["rows"], counts["good"], counts["bad"]) == (3, 3, 0), one.rows("bad")
    assert shop.rows("stock_entry") == [], "a dry run writes nothing"
    done = one.commit()
    assert done["result"]["added"] == 2 and "新增 2 张单据" in done["message"]
    made = shop.rows("stock_entry")
    assert {(row["kind"], row["state"], row["doc_on"]) for row in made} == {("opening", "posted", made[0]["doc_on"])}
    start = shop.api.get("/api/records/company_profile")["rows"][0]["start_on"]
    assert made[0]["doc_on"] < start, "the day before the books begin, though the file says none"
    (main,) = [row for row in made if row["warehouse"] == shop.names["主仓"]]
    lines = shop.read("stock_entry", {"row": main})["lines"]
    assert [(units(line["qty"]), yuan(line["cost_amount"])) for line in lines] == [(10, 50), (200, 24)]
    assert shop.stock("P") == (13, D("63.50"))

    # The same once more is told, as on a sheet; nothing comes twice.
    again = stock(shop, ("主仓", "P", 10, 5, None))
    assert again.check()["bad"] == 1 and "已记在" in again.rows("bad")[0]["reason"]

    said = undone(shop, "stock_entry", done["result"]["batch"])
    assert said["state"] == "done" and said["message"] == "作废 2 张，0 张没有动"
    assert shop.stock("P") == (0, 0)
    assert {row["state"] for row in shop.rows("stock_entry")} == {"cancelled"}
    assert shop.api.get("/api/import/stock_entry")[0]["undone_at"]


def test_what_is_wrong_is_told_at_its_cell_and_a_document_comes_whole_or_not(shop: Shop) -> None:
    one = stock(
        shop, ("主仓", "P", 10, 5, None), ("主仓", "没有的产品", 1, 1, None), ("二仓", "P", -3, 1, None),
        ("二仓", "螺母", 4, 1, None), ("主仓", "螺母", None, 1, None),
    )  # fmt: skip
    counts = one.check()
    bad = {row["number"]: row for row in one.rows("bad")}
    assert (counts["good"], sorted(bad)) == (1, [3, 4, 5, 6])
    assert "没有叫「没有的产品」" in bad[3]["faults"]["1"] and bad[6]["faults"] == {"2": "请填写「数量」"}
    assert "2" in bad[4]["faults"] and "和第 4 行是同一张单据" in bad[5]["reason"]
    assert one.commit()["result"]["added"] == 1 and shop.stock("螺母") == (0, 0)


def test_what_changed_meanwhile_lets_nothing_in(shop: Shop) -> None:
    one = stock(shop, ("二仓", "P", 3, 1, None), ("主仓", "P", 10, 5, None))
    assert one.check()["good"] == 2
    line = {"product": shop.names["P"], "qty": scaled(1), "unit_cost": scaled(1)}
    shop.enter("stock_entry", {"kind": "opening", "doc_on": "2020-01-01", "warehouse": "主仓"}, line)
    job = one.commit()
    assert job["state"] == "failed" and "没有导入任何一行" in job["message"]
    assert shop.stock("P") == (1, 1) and len(shop.rows("stock_entry")) == 1


def test_parties_and_accounts_have_their_openings(shop: Shop) -> None:
    heads = ("类型", "客户", "供应商", "金额", "单据日期", "原单号")
    rows = (
        ("应收", "甲", None, 1200.5, None, "A-1"), ("预收", "甲", None, 100, date(2020, 5, 1), None),
        ("应付", None, "乙", 300, None, None), ("应付", "甲", None, 5, None, None),
    )  # fmt: skip
    one = Importing.of(shop.office, xlsx(heads, *rows), "opening_party", "往来期初.xlsx")
    counts = one.check()
    assert (counts["good"], counts["bad"]) == (3, 1), one.rows("bad")
    done = one.commit()
    assert done["result"]["added"] == 3
    assert (shop.owes("甲"), shop.owes("甲", "advance_in"), shop.owes("乙", "payable")) == (D("1200.50"), 100, 300)
    days = {row["ref_number"]: row["doc_on"] for row in shop.rows("opening_party", kind="advance_in")}
    assert days == {None: "2020-05-01"}, "a day in the file stays"

    account = Importing.of(shop.office, xlsx(("账户", "期初余额"), ("现金", 88.8)), "opening_account", "账户.xlsx")
    assert account.check()["good"] == 1 and account.commit()["result"]["added"] == 1
    assert shop.cash() == D("88.80")

    # One that was used since stays, and says so; the others go.
    (owed,) = [row for row in shop.rows("opening_party") if row["ref_number"] == "A-1"]
    about = {"kind": "receipt", "customer": "甲", "amount": 50, "account": "现金"}
    target = {"target_kind": "opening_party", "target": owed["id"], "side": "receivable", "amount": fen(50)}
    shop.enter("settlement", about, target)
    said = undone(shop, "opening_party", done["result"]["batch"])
    assert (said["result"]["deleted"], said["result"]["refused_count"]) == (2, 1)
    assert said["result"]["refused"][0]["title"] == owed["number"]


def test_the_template_asks_for_lines_and_only_openings_take_files(shop: Shop) -> None:
    job = shop.api.ended(shop.api.post("/api/import/stock_entry/template"))
    book = load_workbook(io.BytesIO(fetched(shop.office, job)))
    heads = [cell.value for cell in book.worksheets[0][1]]
    assert heads[:3] == ["仓库 *", "单据日期", "产品 *"] and {"数量 *", "单位成本", "备注"} <= set(heads)
    assert shop.api.call("POST", "/api/import/sale/template").status_code == 403
    rights = {one["name"]: one["rights"] for one in shop.api.get("/api/modules")["modules"]}
    assert "import" in rights["stock_entry"] and "import" not in rights["sale"]

"""打印 of one document: from its dialog to the pages, its papers beside them, and back to where one was."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pypdfium2 import PdfDocument

from tests.e2e.screen import ListScreen, Screen, first_page
from tests.e2e.test_documents import enter, to_the_lines
from tests.e2e.test_pages import findings, make_dark
from tests.e2e.test_print import drawn, preview_of


@pytest.fixture
def page(context: BrowserContext) -> Page:
    api = Screen(context.pages[0]).api
    for kind in ("sale", "retail"):
        api.call("DELETE", f"/api/state/paper:sale:{kind}")
    return first_page(context)


def flat(path: Path) -> str:
    document = PdfDocument(path)
    try:
        return re.sub(r"\s", "", "".join(one.get_textpage().get_text_range() for one in document))
    finally:
        document.close()


def product(screen: Screen) -> dict[str, Any]:
    """Something in stock."""
    found: dict[str, Any] = next(row for row in screen.api.rows("product", "sort=code") if row["kind"] == "goods")
    warehouse = screen.api.rows("warehouse")[0]["id"]
    head = {"doc_on": "2026-11-20", "kind": "other_in", "warehouse": warehouse}
    lines = [{"product": found["id"], "qty": 1_000_000, "unit_cost": 20_000}]
    screen.api.ok("POST", "/api/documents/stock_entry", {"values": head, "lines": lines, "post": True})
    return found


def sold(screen: Screen, **values: Any) -> dict[str, Any]:
    customer = screen.api.rows("customer", "sort=code")[1]["id"]
    lines = [{"product": product(screen)["id"], "qty": 30_000, "price": 125_000}]
    body = {"values": {"customer": customer, "doc_type": "sale"} | values, "lines": lines, "confirmed": ["over_credit"]}
    row: dict[str, Any] = screen.api.ok("POST", "/api/documents/sale", body)["row"]
    return row


def sales(screen: Screen) -> ListScreen:
    screen.page.evaluate("location.hash = '#/m/sale'")
    shown = screen.list("销货管理").loaded()
    shown.bar("数据显示").click()
    shown.entry("所有").click()
    return shown.loaded()


def opened(screen: Screen, number: str) -> Locator:
    shown = sales(screen)
    expect(shown.bar("打印单据")).to_be_visible()  # what is printed daily is not hidden in 更多
    shown.row(number).get_by_role("gridcell", name=number).dblclick()
    dialog = screen.dialog("修改销货单")
    expect(dialog.get_by_role("button", name=re.compile("^保存退出"))).to_be_enabled()
    return dialog


def test_a_document_goes_from_its_dialog_to_the_pages_and_back(page: Page, tmp_path: Path) -> None:
    screen = Screen(page)
    row = sold(screen)
    dialog = opened(screen, row["number"])
    dialog.get_by_role("button", name="打印", exact=True).click()
    screen.entry("销货单（A4）").click()
    preview = preview_of(page)
    expect(drawn(preview, 1)).to_be_visible()
    expect(preview).to_contain_text(row["number"])
    assert not findings(page)
    papers = preview.get_by_role("form", name="打印设置")
    expect(papers.get_by_role("radio", name="销货单（A4）")).to_be_checked()
    with page.expect_download() as saving:
        screen.press("Control+s")
    saving.value.save_as(tmp_path / "a4.pdf")
    said = flat(tmp_path / "a4.pdf")
    assert row["number"] in said and "37.50" in said and "叁拾柒元伍角整" in said
    screen.until(lambda: screen.api.get(f"/api/documents/sale/{row['id']}")["row"]["print_count"] == 1)
    with page.expect_response(re.compile("/view$")):
        papers.get_by_role("radio", name="出库单（三联 241×140）").check()
    expect(preview.get_by_role("button", name="存为 PDF")).to_be_enabled()
    expect(drawn(preview, 1)).to_be_visible()
    with page.expect_download() as saving:
        screen.press("Control+s")
    saving.value.save_as(tmp_path / "slip.pdf")
    assert "出库单" in flat(tmp_path / "slip.pdf") and "37.50" not in flat(tmp_path / "slip.pdf")
    make_dark(page)
    expect(drawn(preview, 1)).to_be_visible()
    assert not findings(page)
    screen.press("Escape")
    expect(screen.dialog("修改销货单")).to_contain_text(row["number"])
    # The same paper is one key away from now on.
    expect(screen.dialog("修改销货单").get_by_role("button", name=re.compile("^保存退出"))).to_be_enabled()
    screen.press("Control+p")
    expect(preview.get_by_role("radio", name="出库单（三联 241×140）")).to_be_checked()
    expect(drawn(preview, 1)).to_be_visible()


def test_a_quote_is_printed_as_it_is_wanted_and_saved_as_a_spreadsheet(page: Page, tmp_path: Path) -> None:
    screen = Screen(page)
    about = {"customer": screen.api.rows("customer", "sort=code")[1]["id"]}
    lines = [{"product": product(screen)["id"], "qty": 30_000, "price": 125_000}]
    number = screen.api.ok("POST", "/api/documents/quote", {"values": about, "lines": lines})["row"]["number"]

    def shown() -> Locator:
        page.evaluate("location.hash = '#/m/quote'")
        screen.list("销售报价").loaded().row(number).get_by_role("gridcell", name=number).click()
        screen.press("Control+Shift+P")
        preview = preview_of(page)
        expect(drawn(preview, 1)).to_be_visible()
        return preview.get_by_role("form", name="打印设置")

    papers = shown()
    for name in ("批发价", "产品图片"):
        expect(papers.get_by_role("checkbox", name=name)).not_to_be_checked()
    papers.get_by_role("checkbox", name="批发价").check()
    mark = papers.get_by_role("textbox", name="水印")
    mark.fill("仅供参考")
    with page.expect_response(re.compile("/view$")):
        mark.press("Tab")
    assert not findings(page)
    expect(preview_of(page).get_by_role("button", name="存为 PDF")).to_be_enabled()
    with page.expect_download() as saving:
        screen.press("Control+s")
    saving.value.save_as(tmp_path / "quote.pdf")
    said = flat(tmp_path / "quote.pdf")
    assert "批发价" in said and "会员价" not in said and "仅供参考" in said
    with page.expect_download() as saving:
        screen.press("Control+e")
    saving.value.save_as(tmp_path / "quote.xlsx")
    sheet = load_workbook(tmp_path / "quote.xlsx").active
    assert sheet is not None
    cells = [value for row in sheet.iter_rows(values_only=True) for value in row if value is not None]
    assert "批发价" in cells and 37.5 in cells and any(number in str(value) for value in cells)
    screen.press("Escape")
    papers = shown()
    expect(papers.get_by_role("checkbox", name="批发价")).to_be_checked()
    expect(papers.get_by_role("textbox", name="水印")).to_have_value("仅供参考")
    screen.api.ok("DELETE", "/api/state/paper-options:quote:sheet_a4")


def test_changes_are_saved_before_they_are_printed(page: Page) -> None:
    screen = Screen(page)
    dialog = opened(screen, sold(screen)["number"])
    dialog.get_by_role("textbox", name="备注", exact=True).first.fill("改过")
    screen.press("Control+p")
    expect(dialog.get_by_role("alert").first).to_contain_text("先保存这里的改动，再打印")


def test_what_stands_over_another_document_prints_and_both_are_there_again(page: Page) -> None:
    """The preview is another page: what stayed open below waits in its own. Two pages asked for at once once chased
    each other for ever."""
    screen = Screen(page)
    account = screen.api.rows("account")[0]["id"]
    row = sold(screen, paid_amount=1_000, account=account)
    dialog = opened(screen, row["number"])
    dialog.get_by_role("button", name=re.compile("^SK-")).click()
    receipt = screen.dialog("查看收付单")
    receipt.get_by_role("button", name="打印", exact=True).click()
    screen.entry("收款收据（A4）").click()
    expect(drawn(preview_of(page), 1)).to_be_visible()
    expect(dialog).to_be_hidden()
    screen.press("Escape")
    expect(receipt).to_be_visible()
    expect(page.get_by_role("tab", name="收付货款")).to_have_attribute("aria-selected", "true")
    screen.press("Escape")
    page.get_by_role("tab", name="销货管理").click()
    expect(dialog).to_be_visible()
    screen.press("Escape")
    expect(dialog).to_be_hidden()


def test_retail_is_sold_and_its_receipt_printed_with_one_key(page: Page) -> None:
    screen = Screen(page)
    code = product(screen)["code"]
    before = screen.api.total("sale")
    shown = sales(screen)
    shown.grid.focus()
    shown.press("Insert")
    dialog = screen.dialog("新增销货单")
    expect(dialog.get_by_role("button", name=re.compile("^保存退出"))).to_be_enabled()
    kind = dialog.locator("[data-field=doc_type] input")
    kind.fill("零售")
    expect(page.get_by_role("option", name="零售")).to_be_visible()
    kind.press("Enter")
    dialog = screen.dialog("新增零售单")
    dialog.locator("[data-field=doc_on] input").focus()
    to_the_lines(screen, dialog)
    enter(screen, dialog, code, "2", "10")
    paid = dialog.locator("[data-field=paid_amount] input")
    paid.fill("20")
    paid.press("Tab")
    screen.press("Control+p")
    preview = preview_of(page)
    expect(drawn(preview, 1)).to_be_visible()
    expect(preview.get_by_role("radio", name="销售小票（小票纸 80 mm）")).to_be_checked()
    assert screen.api.total("sale") == before + 1
    assert not findings(page)
    screen.press("Escape")
    expect(screen.dialog("新增零售单")).to_be_visible()

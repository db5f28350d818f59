"""账目疑点: told in the status bar, the start page and a page of their own, from where the ways to mend them lead."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.screen import Screen
from tests.e2e.window import Window


def oversold(screen: Screen, name: str) -> None:
    """Five units that were never there, taken out by somebody who may."""
    category = screen.api.rows("product_category")[0]["id"]
    product = screen.api.add("product", name=name, category=category)["id"]
    values = {"kind": "other_out", "warehouse": screen.api.rows("warehouse")[0]["id"]}
    body = {"values": values, "lines": [{"product": product, "qty": 50_000}], "confirmed": ["negative_stock"]}
    screen.api.ok("POST", "/api/documents/stock_entry", body)


def test_what_is_amiss_is_counted_told_and_leads_to_what_mends_it(window: Window) -> None:
    screen, page = Screen(window.page), window.page
    oversold(screen, "疑点轴承")
    page.get_by_role("button", name=re.compile(r"^\d+ 处疑点$")).click()
    shown = page.get_by_role("region", name="账目疑点", exact=True)
    row = shown.get_by_role("listitem").filter(has_text="疑点轴承")
    expect(row).to_contain_text("库存是 −5：出库的比有的多")
    expect(shown).to_contain_text("怎么处理：补录漏记的进货或入库")
    row.get_by_role("button", name="看流水").click()
    moves = screen.list("库存流水").loaded()
    moves.shows(1)

    screen.menu("工具", "账目疑点")
    row.get_by_role("button", name="补做入库").click()
    sheet = screen.dialog("新增出入库单")
    expect(sheet.locator("[data-field=kind]")).to_contain_text("盘盈")
    expect(sheet.locator(".sheet-lines")).to_contain_text("疑点轴承")
    expect(sheet.locator("[data-column=qty]").last).to_have_text("5")
    screen.press("Escape")
    page.get_by_role("button", name="不保存").click()
    expect(sheet).to_have_count(0)

    screen.menu("工具", "账目疑点")
    shown.get_by_role("button", name="在列表里看").first.click()
    stock = screen.list("库存查询").loaded()
    expect(stock.chip("账目疑点")).to_contain_text("超卖")
    expect(stock.row("疑点轴承")).to_be_visible()
    page.get_by_role("tabpanel", name="库存查询", exact=True).get_by_role("button", name="清除过滤").last.click()
    expect(stock.chip("账目疑点")).to_have_count(0)

    page.evaluate("location.hash = '#/start'")
    page.get_by_role("tab", name="工作台").click()
    expect(page.get_by_role("button", name=re.compile("^账目疑点"))).to_be_visible()

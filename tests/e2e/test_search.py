"""全局查找 over everything, and what the frame around the lists remembers."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.screen import Screen, text_field
from tests.e2e.window import Window


def test_search_by_chinese_and_by_pinyin_initials_opens_the_record(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    screen.api.add("customer", name="中石集团实业", group=screen.api.groups()["重点客户"])
    dialog = screen.dialog("修改客户")
    search = page.get_by_role("combobox", name="全局查找")
    for words in ("石集团实", "zsjt"):
        screen.press("Control+K")
        expect(search).to_be_focused()
        screen.type(words)
        found = page.get_by_role("listbox", name="查找结果").get_by_role("group", name="客户信息").get_by_role("option")
        expect(found.filter(has_text="中石集团实业")).to_be_visible()
        while not page.get_by_role("option", selected=True).filter(has_text="中石集团实业").is_visible():
            screen.press("ArrowDown")
        screen.press("Enter")
        expect(text_field(dialog, "客户名称")).to_have_value("中石集团实业")
        screen.press("Escape")
        expect(dialog).to_have_count(0)
    expect(page.get_by_role("tab", name="客户信息")).to_have_attribute("aria-selected", "true")

    screen.press("Control+K")
    screen.type("没有人叫这个名字")
    expect(page.get_by_text("没有找到「没有人叫这个名字」")).to_be_visible()
    screen.press("Escape")
    expect(search).to_have_value("")


def test_search_finds_pages_of_the_program_too(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    screen.press("Control+K")
    screen.type("gys")
    expect(page.get_by_role("group", name="模块").get_by_role("option", name=re.compile("供应商信息"))).to_be_visible()
    page.get_by_role("group", name="模块").get_by_role("option", name=re.compile("供应商信息")).click()
    screen.list("供应商信息").loaded()
    for words in ("用户", "yonghu"):
        screen.press("Control+K")
        screen.type(words)
        first = page.get_by_role("option").first
        expect(first, "by what people call it, before 切换用户").to_have_text(re.compile("^操作人员权限.*用户"))
        screen.press("Escape")
    for _ in range(2):
        screen.press("Control+K")
        screen.type("启用日期")
        page.get_by_role("group", name="设置").get_by_role("option", name=re.compile("^启用日期")).click()
        expect(page.locator("[data-module=company_profile] [data-field=start_on] input")).to_be_focused()
        page.get_by_role("tab", name="供应商信息").click()


def test_figure_on_the_start_page_opens_the_rows_behind_it(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    figure = page.get_by_role("button", name=re.compile("^本月新增客户"))
    expect(figure).not_to_contain_text("–")
    number = int(re.sub(r"\D", "", figure.inner_text()))
    figure.click()
    screen.list().shows(number)


def test_tabs_favourites_and_a_folded_tree_come_back(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    screen.open_list("供应商信息")
    screen.open_list()
    page.get_by_role("treeitem", name="联系人信息").click(button="right")
    screen.entry("加入收藏").click()
    expect(page.get_by_role("treeitem", name="联系人信息")).to_have_count(2)
    page.get_by_role("button", name="收起模块树").click()
    expect(page.get_by_role("button", name="展开模块树")).to_be_visible()
    screen.until(lambda: (screen.api.get("/api/state/shell")["value"] or {}).get("folded") is True)
    page.reload()
    expect(page.get_by_role("button", name="展开模块树")).to_be_visible()
    expect(page.get_by_role("tablist", name="打开的页面").get_by_role("tab")).to_have_count(3)
    expect(page.get_by_role("tab", name="客户信息")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="展开模块树").click()
    expect(page.get_by_role("treeitem", name="联系人信息")).to_have_count(2)
    screen.close_tab("客户信息")
    expect(page.get_by_role("tab", name="客户信息")).to_have_count(0)
    expect(page.get_by_role("tab", name="供应商信息")).to_have_attribute("aria-selected", "true")


def test_dark_colours_and_150_percent_are_chosen_and_kept(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    screen.menu("系统", "外观与缩放…")
    dialog = screen.dialog("外观与缩放")
    dialog.get_by_text("深色", exact=True).click()
    dialog.get_by_text("150%", exact=True).click()
    screen.press("Escape")
    assert page.evaluate("document.documentElement.classList.contains('dark')")
    assert page.evaluate("document.documentElement.style.zoom") == "1.5"
    screen.until(lambda: (screen.api.get("/api/state/appearance")["value"] or {}).get("scale") == 150)
    page.reload()
    # Narrow now: the tree is a rail, and the list still works.
    expect(page.get_by_role("tab", name="工作台")).to_be_visible()
    page.get_by_role("navigation", name="模块").get_by_role("button", name="客户管理").click()
    screen.entry("客户信息").click()
    customers = screen.list().loaded()
    assert page.evaluate("document.documentElement.classList.contains('dark')")
    customers.grid.get_by_role("gridcell").nth(1).click(button="right")
    expect(screen.entry("修改")).to_be_in_viewport()
    screen.press("Escape")
    screen.press("Control+0")
    expect(page.get_by_role("treeitem", name="客户信息")).to_be_visible()

"""The kinds of pages there are, and how to come to each: for checks and pictures that look at all of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from playwright.sync_api import Page, expect

from tests.e2e.screen import ListScreen, Screen

Go = Callable[[Screen], None]


def still(page: Page) -> None:
    """While things fade in they are pale and not yet in their place."""
    page.wait_for_function(
        """() => document.getAnimations().every((one) =>
            one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"""
    )


def start_page(screen: Screen) -> None:
    expect(screen.page.get_by_role("button", name=re.compile("^客户总数"))).to_contain_text(re.compile(r"\d"))


def customers(screen: Screen) -> ListScreen:
    """客户信息 with a chosen row and, where there is room, what belongs to it."""
    # The address works at every size; the tree may be a rail.
    screen.page.evaluate("location.hash = '#/m/customer'")
    shown = screen.list().loaded()
    shown.grid.get_by_role("gridcell").nth(2).click()
    expect(shown.grid.locator(".ag-row.current")).to_be_visible()
    shown.grid.get_by_role("checkbox", name="选择第 2 行").click()
    if shown.related.count():
        expect(shown.related.get_by_role("gridcell").first).not_to_be_empty()
    return shown


def main_list(screen: Screen) -> None:
    customers(screen)


def filtered(screen: Screen) -> None:
    shown = customers(screen)
    shown.head("客户名称").click(button="right")
    shown.entry("数据过滤").click()
    popup = screen.dialog("数据过滤")
    popup.locator("[data-value=first]").get_by_role("textbox").fill("有限公司")
    popup.get_by_role("radio", name="或者").check(force=True)
    popup.locator("[data-value=second]").get_by_role("textbox").fill("科技")
    expect(popup.get_by_role("status")).to_contain_text(re.compile(r"符合条件 [\d,]+ 条"))


def columns(screen: Screen) -> None:
    customers(screen).bar("列设置").click()
    expect(screen.dialog("列设置")).to_be_visible()


def quick(screen: Screen) -> None:
    customers(screen).bar("快速查询").click()
    expect(screen.dialog("快速查询")).to_be_visible()


def context_menu(screen: Screen) -> None:
    customers(screen).grid.get_by_role("gridcell").nth(3).click(button="right")
    expect(screen.page.get_by_role("menu")).to_be_visible()


def history(screen: Screen) -> None:
    shown = customers(screen)
    shown.related.get_by_role("tab", name="变更历史").click()
    expect(shown.related.get_by_role("table")).to_be_visible()


def nothing_found(screen: Screen) -> None:
    customers(screen).find("没有这个客户的名字")
    expect(screen.page.get_by_role("heading", name="没有符合条件的客户")).to_be_visible()


def record(screen: Screen) -> None:
    """The dialog of an existing record."""
    customers(screen).grid.get_by_role("gridcell").nth(2).dblclick()
    dialog = screen.dialog("修改客户")
    expect(dialog.get_by_role("textbox", name="客户名称", exact=True)).not_to_have_value("")


def new_record(screen: Screen) -> None:
    """A new record with a mistake, and the list of a reference open."""
    customers(screen).bar("新增").click()
    dialog = screen.dialog("新增客户")
    dialog.get_by_role("button", name="保存退出").click()
    expect(dialog.get_by_role("alert").first).to_be_visible()
    dialog.get_by_role("combobox", name="所在区域", exact=True).fill("sz")
    expect(screen.page.get_by_role("option", selected=True)).to_be_visible()


def picker(screen: Screen) -> None:
    """F3 on a reference."""
    customers(screen).bar("新增").click()
    dialog = screen.dialog("新增客户")
    dialog.get_by_role("combobox", name="所在区域", exact=True).press("F3")
    expect(screen.page.get_by_role("dialog", name=re.compile("^选择"))).to_be_visible()
    expect(screen.page.get_by_role("option", selected=True)).to_be_visible()


def question(screen: Screen) -> None:
    customers(screen)
    screen.press("Delete")
    expect(screen.page.get_by_role("alertdialog")).to_be_visible()


def search(screen: Screen) -> None:
    screen.press("Control+K")
    screen.type("科技")
    expect(screen.page.get_by_role("listbox", name="查找结果").get_by_role("option").first).to_be_visible()


def help_page(screen: Screen) -> None:
    screen.press("F1")
    expect(screen.page.get_by_role("tab", name="使用手册")).to_have_attribute("aria-selected", "true")
    expect(screen.page.get_by_role("tabpanel").get_by_role("heading").first).to_be_visible()


def preferences(screen: Screen) -> None:
    screen.menu("系统", "外观与缩放…")
    expect(screen.dialog("外观与缩放")).to_be_visible()


def shortcuts(screen: Screen) -> None:
    screen.press("Shift+F1")
    expect(screen.dialog("快捷键")).to_be_visible()


def menu_bar(screen: Screen) -> None:
    customers(screen)
    screen.menu("编辑")
    expect(screen.page.get_by_role("menu")).to_be_visible()


def sync_centre(screen: Screen) -> None:
    """On a workstation without a server: what one would bring, and how to join."""
    screen.press("F9")
    expect(screen.page.get_by_role("tab", name="同步中心")).to_have_attribute("aria-selected", "true")
    expect(screen.page.get_by_role("form", name="加入服务器")).to_be_visible()


def company(screen: Screen) -> None:
    screen.menu("公司管理", "公司基本资料")
    expect(screen.page.get_by_role("region", name="公司基本资料")).to_be_visible()


def roles(screen: Screen) -> None:
    """A role with a change that is not saved yet, and a hint."""
    screen.menu("公司管理", "角色")
    screen.page.get_by_role("navigation", name="角色").get_by_role("button", name=re.compile("^业务员")).click()
    screen.page.get_by_role("checkbox", name="标签 新增").click()
    expect(screen.page.get_by_role("button", name="还原")).to_be_enabled()


def settings(screen: Screen) -> None:
    screen.menu("系统", "系统配置")
    expect(screen.page.get_by_role("region", name="库存与成本")).to_be_visible()
    screen.page.get_by_role("textbox", name="上次价有效天数").fill("90")
    expect(screen.page.get_by_role("status").get_by_text("有 1 项改动没保存")).to_be_visible()


def templates(screen: Screen) -> None:
    screen.menu("系统", "打印模板")
    expect(screen.page.get_by_role("region", name="模板的预览").locator("canvas").first).to_be_visible()
    screen.press("Insert")
    expect(screen.page.get_by_role("textbox", name="名称", exact=True)).to_be_focused()
    expect(screen.page.get_by_role("region", name="模板的预览")).to_have_attribute("aria-busy", "false")


def rights_of_operator(screen: Screen) -> None:
    """权限一览 under the list of operators."""
    screen.page.evaluate("location.hash = '#/m/operator'")
    shown = screen.list("操作人员权限").loaded()
    shown.grid.get_by_role("gridcell").nth(2).click()
    if shown.related.count():
        expect(shown.related.get_by_role("region", name="权限一览")).to_contain_text("角色 业务员")


def recycle_bin(screen: Screen) -> None:
    """A deleted customer with what went along, and what it said."""
    if not screen.api.get("/api/bin?module=customer")["rows"]:
        gone = screen.api.add("customer", name="回收站样例有限公司", group=screen.api.groups()["重点客户"])
        screen.api.ok("POST", "/api/records/customer/delete", {"ids": [gone["id"]]})
    screen.page.evaluate("location.hash = '#/bin'")
    expect(screen.page.get_by_role("table", name="已删除的记录").get_by_role("row").nth(1)).to_be_visible()
    expect(screen.page.get_by_role("complementary", name="删除前的内容").get_by_text("客户分组")).to_be_visible()


def doubles(screen: Screen) -> None:
    screen.page.evaluate("location.hash = '#/duplicates/customer'")
    expect(screen.page.get_by_role("button", name="对照合并").first).to_be_visible()


def side_by_side(screen: Screen) -> None:
    doubles(screen)
    screen.page.get_by_role("button", name="对照合并").first.click()
    dialog = screen.dialog("合并重复的客户")
    expect(dialog.get_by_role("radio").first).to_be_visible()


def document(screen: Screen) -> None:
    """A sheet with lines, one of them wrong, and the list of the entry row open."""
    codes = [row["code"] for row in screen.api.rows("product", "sort=code") if row["kind"] == "goods"][:4]
    screen.page.evaluate("location.hash = '#/m/stock_entry'")
    screen.list("其他出入库").loaded().bar("新增").click()
    dialog = screen.dialog("新增出入库单")
    box = dialog.get_by_role("combobox", name="编号、名称或拼音", exact=True)
    for at, code in enumerate(codes):
        box.fill(code)
        box.press("Enter")
        expect(dialog.get_by_role("rowheader")).to_have_count(at + 1)
    dialog.get_by_role("textbox", name="第 4 行的数量").fill("很多")
    dialog.get_by_role("textbox", name="第 4 行的数量").press("Enter")
    box.fill(codes[0][:2])
    expect(screen.page.get_by_role("option", selected=True)).to_be_visible()


def posted_document(screen: Screen) -> None:
    """What was posted and cancelled, with its versions."""
    product = next(row for row in screen.api.rows("product", "sort=code") if row["kind"] == "goods")
    head = {"doc_on": "2026-11-20", "kind": "other_in", "warehouse": screen.api.rows("warehouse")[0]["id"]}
    body = {"values": head, "lines": [{"product": product["id"], "qty": 50_000, "unit_cost": 82_000}]}
    made = screen.api.ok("POST", "/api/documents/stock_entry", body)["row"]
    screen.api.ok("POST", f"/api/documents/stock_entry/{made['id']}/cancel", {"reason": "数量录错"})
    screen.page.evaluate("location.hash = '#/m/stock_entry'")
    shown = screen.list("其他出入库").loaded()
    shown.row(made["number"]).get_by_role("gridcell", name=made["number"]).dblclick()
    expect(screen.dialog("查看出入库单")).to_contain_text("数量录错")


PLACES: Final[dict[str, Go]] = {
    "start": start_page,
    "list": main_list,
    "filter": filtered,
    "columns": columns,
    "quick": quick,
    "menu": context_menu,
    "menubar": menu_bar,
    "history": history,
    "empty": nothing_found,
    "record": record,
    "new": new_record,
    "picker": picker,
    "question": question,
    "search": search,
    "help": help_page,
    "preferences": preferences,
    "shortcuts": shortcuts,
    "company": company,
    "roles": roles,
    "settings": settings,
    "templates": templates,
    "rights": rights_of_operator,
    "sync": sync_centre,
    "bin": recycle_bin,
    "doubles": doubles,
    "compare": side_by_side,
    "document": document,
    "cancelled": posted_document,
}

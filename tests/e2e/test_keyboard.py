"""A working day without a mouse (Q4)."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.screen import Screen, text_field
from tests.e2e.window import PASSWORD, RealWindow


def test_login_to_quit_by_keyboard_alone(own_window: RealWindow) -> None:
    page, screen = own_window.page, Screen(own_window.page)

    def at() -> str:
        return str(page.evaluate("document.activeElement.closest('[data-field]')?.dataset.field ?? ''"))

    def enter_until_at(field: str) -> None:
        """Enter goes on, field by field."""
        passed = [at()]
        while passed[-1] != field:
            screen.press("Enter")
            screen.until(lambda: at() != passed[-1])
            passed.append(at())
            assert len(passed) < 16, f"Enter never came to {field}: {passed}"

    # Login: department, user, password.
    expect(page.get_by_role("combobox", name="部门")).to_be_focused()
    screen.type("管理")
    screen.press("Enter", "Tab")
    expect(page.locator(".login")).to_contain_text("周敏")
    expect(page.get_by_role("combobox", name="用户名")).to_be_focused()
    screen.press("Tab")
    expect(text_field(page.locator(".login"), "密码")).to_be_focused()
    screen.type(PASSWORD)
    screen.press("Enter")
    expect(page.get_by_role("heading", name="周敏，")).to_be_visible()

    # Open 客户信息 through the menu bar.
    screen.press("F10")
    expect(page.get_by_role("menuitem", name="文件")).to_be_focused()
    screen.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown")
    expect(screen.entry("客户信息")).to_be_focused()
    screen.press("Enter")
    customers = screen.list().loaded()
    before = screen.api.total("customer")
    expect(customers.grid.locator(".ag-cell-focus")).to_have_count(1)  # the cursor is in the list

    # Add: Enter goes from field to field, a reference is found by its initials.
    screen.press("Insert")
    dialog = screen.dialog("新增客户")
    group = dialog.get_by_role("combobox", name="客户分组", exact=True)
    expect(group).to_be_focused()
    screen.type("zdkh")
    expect(page.get_by_role("option", selected=True)).to_contain_text("重点客户")
    screen.press("Enter")
    expect(group).to_have_value("重点客户")
    expect(group).not_to_be_focused()
    while at() != "name":
        screen.press("Shift+Tab")
    expect(text_field(dialog, "客户名称")).to_be_focused()
    screen.type("键盘录入客户")
    enter_until_at("short_name")
    screen.type("键盘")
    enter_until_at("phone")
    screen.type("0512-65550000")
    screen.press("Control+S")
    expect(dialog).to_have_count(0)
    customers.shows(before + 1)
    # The new one has the cursor.
    expect(customers.related).to_contain_text("键盘录入客户")

    # Edit it.
    screen.press("Enter")
    dialog = screen.dialog("修改客户")
    expect(text_field(dialog, "客户名称")).to_have_value("键盘录入客户")
    expect(text_field(dialog, "客户名称")).to_be_focused()
    screen.press("Control+A")
    screen.type("键盘改名客户")
    screen.press("Control+S")
    expect(dialog).to_have_count(0)
    expect(customers.row("键盘改名客户")).to_be_visible()

    # Filter on the column under the cursor.
    screen.press("Home")
    while customers.grid.locator(".ag-cell-focus").get_attribute("col-id") != "name":
        screen.press("ArrowRight")
    screen.press("Control+Shift+F")
    popup = screen.dialog("数据过滤")
    expect(popup.locator("[data-value=first]").get_by_role("textbox")).to_be_focused()
    screen.type("键盘改名")
    screen.press("Enter")
    expect(customers.chip("客户名称")).to_contain_text("包含 键盘改名")
    customers.shows(1)

    # Change the group of the row.
    expect(customers.grid.locator(".ag-cell-focus")).to_have_count(1)
    screen.press("Shift+F10")
    expect(page.get_by_role("menu")).to_be_visible()
    while not screen.entry("修改当前分组").evaluate("(el) => el === document.activeElement"):
        screen.press("ArrowDown")
    screen.press("Enter")
    picker = screen.dialog("选择分组")
    screen.type("hzhb")
    expect(picker.get_by_role("option", selected=True)).to_contain_text("合作伙伴")
    screen.press("Enter")
    expect(screen.toast).to_contain_text("移到「合作伙伴」")

    # Export: the save dialog is the system's own, so only its menu is looked at here.
    screen.press("Control+E")
    expect(screen.entry("电子表格（xlsx）")).to_be_visible()
    screen.press("Escape")

    # Delete: the question wants a choice made on purpose.
    expect(customers.grid.locator(".ag-cell-focus")).to_have_count(1)
    screen.press("Delete")
    question = screen.question("删除客户「键盘改名客户」")
    expect(question.get_by_role("button", name="取消")).to_be_focused()
    screen.press("ArrowRight", "Enter")
    expect(screen.toast).to_contain_text("已删除 1 个客户")
    customers.shows(0)
    screen.press("Escape", "Escape")
    customers.shows(before)

    # Quit through the menu.
    screen.press("Alt+F")
    expect(screen.entry("退出")).to_be_visible()
    screen.press("End")
    expect(screen.entry("退出")).to_be_focused()
    screen.press("Enter")
    assert own_window.ended() == 0


def test_keys_walk_the_regions_of_a_list(window: RealWindow) -> None:
    page, screen = window.page, Screen(window.page)
    customers = screen.open_list()
    customers.grid.get_by_role("gridcell").nth(1).click()
    screen.press("F6")
    assert page.evaluate("!!document.activeElement.closest('section[aria-label=相关记录]')")
    screen.press("F6")
    expect(customers.tree.get_by_role("treeitem", name=re.compile("^全部客户"))).to_be_focused()
    screen.press("F6")
    assert page.evaluate("!!document.activeElement.closest('.list-grid')")


def test_letters_under_the_menus_open_them(window: RealWindow) -> None:
    page, screen = window.page, Screen(window.page)
    for keys, entry in (("Alt+F", "数据备份…"), ("Alt+E", "全局查找"), ("Alt+S", "外观与缩放…"), ("Alt+H", "使用手册")):
        screen.press(keys)
        expect(screen.entry(entry)).to_be_visible()
        screen.press("Escape")
        expect(page.get_by_role("menu")).to_have_count(0)
    screen.press("Alt+1")
    expect(screen.entry("客户信息")).to_be_visible()
    screen.press("Escape")
    screen.press("Shift+F1")
    expect(screen.dialog("快捷键")).to_contain_text("保存退出")
    screen.press("Escape")
    screen.press("F1")
    expect(page.get_by_role("tab", name="使用手册")).to_have_attribute("aria-selected", "true")

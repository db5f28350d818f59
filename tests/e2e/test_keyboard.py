"""A working day without a mouse (Q4)."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.screen import ListScreen, Screen, text_field
from tests.e2e.window import ADMIN, PASSWORD, RealWindow, Window


def test_login_to_quit_by_keyboard_alone(own_window: RealWindow) -> None:
    day = Day(own_window.page)
    day.signs_in()
    customers = day.opens_the_customers()
    before = day.api.total("customer")
    day.adds_one(customers)
    customers.shows(before + 1)
    day.renames_it(customers)
    day.filters_by_its_name(customers)
    day.moves_it_to_another_group(customers)
    day.looks_at_the_export(customers)
    day.deletes_it(customers)
    customers.shows(before)
    day.closes_the_list()
    day.quits()
    assert own_window.ended() == 0


class Day(Screen):
    """Whoever works here has no mouse."""

    def signs_in(self) -> None:
        login = self.page.locator(".login")
        expect(self.page.get_by_role("combobox", name="部门")).to_be_focused()
        self.type("管理")
        self.press("Enter", "Tab")
        expect(login).to_contain_text(ADMIN)
        expect(self.page.get_by_role("combobox", name="用户名")).to_be_focused()
        self.press("Tab")
        expect(text_field(login, "密码")).to_be_focused()
        self.type(PASSWORD)
        self.press("Enter")
        expect(self.page.get_by_role("heading", name=f"{ADMIN}，")).to_be_visible()

    def opens_the_customers(self) -> ListScreen:
        """Through the menu bar; the cursor is in the list at once."""
        self.press("F10")
        expect(self.page.get_by_role("menuitem", name="文件")).to_be_focused()
        self.press("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown")
        expect(self.entry("客户信息")).to_be_focused()
        self.press("Enter")
        customers = self.list().loaded()
        expect(customers.grid.locator(".ag-cell-focus")).to_have_count(1)
        return customers

    def adds_one(self, customers: ListScreen) -> None:
        """Enter goes from field to field, a reference is found by its initials."""
        self.press("Insert")
        dialog = self.dialog("新增客户")
        group = dialog.get_by_role("combobox", name="客户分组", exact=True)
        expect(text_field(dialog, "客户名称")).to_be_focused()
        self.type("键盘录入客户")
        self._enter_until_at("short_name")
        self.type("键盘")
        self._enter_until_at("group")
        expect(group).to_be_focused()
        self.type("zdkh")
        expect(self.page.get_by_role("option", selected=True)).to_contain_text("重点客户")
        self.press("Enter")
        expect(group).to_have_value("重点客户")
        expect(group).not_to_be_focused()
        self._enter_until_at("phone")
        self.type("0512-65550000")
        self.press("Control+S")
        expect(dialog).to_have_count(0)
        # The new one has the cursor.
        expect(customers.related).to_contain_text("键盘录入客户")

    def renames_it(self, customers: ListScreen) -> None:
        self.press("Enter")
        dialog = self.dialog("修改客户")
        expect(text_field(dialog, "客户名称")).to_have_value("键盘录入客户")
        expect(text_field(dialog, "客户名称")).to_be_focused()
        self.press("Control+A")
        self.type("键盘改名客户")
        self.press("Control+S")
        expect(dialog).to_have_count(0)
        expect(customers.row("键盘改名客户")).to_be_visible()

    def filters_by_its_name(self, customers: ListScreen) -> None:
        """On the column under the cursor."""
        self.press("Home")
        while customers.grid.locator(".ag-cell-focus").get_attribute("col-id") != "name":
            self.press("ArrowRight")
        self.press("Control+Shift+F")
        popup = self.dialog("数据过滤")
        expect(popup.locator("[data-value=first]").get_by_role("textbox")).to_be_focused()
        self.type("键盘改名")
        self.press("Enter")
        expect(customers.chip("客户名称")).to_contain_text("包含 键盘改名")
        customers.shows(1)

    def moves_it_to_another_group(self, customers: ListScreen) -> None:
        expect(customers.grid.locator(".ag-cell-focus")).to_have_count(1)
        self.press("Shift+F10")
        entry = self.entry("修改当前分组")
        expect(entry).to_be_visible()
        while not entry.evaluate("(el) => el === document.activeElement"):
            self.press("ArrowDown")
        self.press("Enter")
        picker = self.dialog("选择分组")
        self.type("hzhb")
        expect(picker.get_by_role("option", selected=True)).to_contain_text("合作伙伴")
        self.press("Enter")
        expect(self.toast).to_contain_text("移到「合作伙伴」")

    def looks_at_the_export(self, customers: ListScreen) -> None:
        """The save dialog is the system's own; a test in the plain browser goes on from there."""
        self.press("Control+E")
        expect(self.entry("电子表格（xlsx）")).to_be_visible()
        self.press("Escape")
        expect(customers.grid.locator(".ag-cell-focus")).to_have_count(1)

    def deletes_it(self, customers: ListScreen) -> None:
        """The question wants a choice made on purpose."""
        self.press("Delete")
        question = self.question("删除客户「键盘改名客户」")
        expect(question.get_by_role("button", name="取消")).to_be_focused()
        self.press("ArrowRight", "Enter")
        expect(self.toast).to_contain_text("已删除 1 个客户")
        customers.shows(0)
        self.press("Escape", "Escape")

    def closes_the_list(self) -> None:
        """The neighbour comes to the front."""
        self.press("Control+W")
        expect(self.page.get_by_role("tab", name="客户信息")).to_have_count(0)
        expect(self.page.get_by_role("tab", name="工作台")).to_have_attribute("aria-selected", "true")

    def quits(self) -> None:
        self.press("Alt+F")
        expect(self.entry("退出")).to_be_visible()
        self.press("End")
        expect(self.entry("退出")).to_be_focused()
        self.press("Enter")

    def _field(self) -> str:
        return str(self.page.evaluate("document.activeElement.closest('[data-field]')?.dataset.field ?? ''"))

    def _enter_until_at(self, field: str) -> None:
        passed = [self._field()]
        while passed[-1] != field:
            self.press("Enter")
            self.until(lambda: self._field() != passed[-1])
            passed.append(self._field())
            assert len(passed) < 16, f"Enter never came to {field}: {passed}"


def test_keys_walk_the_regions_of_a_list(window: Window) -> None:
    page, screen = window.page, Screen(window.page)
    customers = screen.open_list()
    customers.grid.get_by_role("gridcell").nth(1).click()
    screen.press("F6")
    assert page.evaluate("!!document.activeElement.closest('section[aria-label=相关记录]')")
    screen.press("F6")
    expect(customers.tree.get_by_role("treeitem", name=re.compile("^全部客户"))).to_be_focused()
    screen.press("F6")
    assert page.evaluate("!!document.activeElement.closest('.list-grid')")


def test_letters_under_the_menus_open_them(window: Window) -> None:
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

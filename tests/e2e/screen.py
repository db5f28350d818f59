"""What a person at the desk does and sees, by the names on the screen."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e.window import WAITS_MS, Api


@dataclass
class Screen:
    page: Page

    # --- the frame -------------------------------------------------------------------------------------------

    @property
    def api(self) -> Api:
        return Api(self.page)

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("contentinfo", name="状态栏")

    @property
    def toast(self) -> Locator:
        return self.page.locator(".toast")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def until(self, is_so: Callable[[], bool]) -> None:
        """For what the screen does not show."""
        deadline = time.monotonic() + WAITS_MS / 1000
        while not is_so():
            assert time.monotonic() < deadline, "it did not come to be so"
            self.page.wait_for_timeout(50)

    def menu(self, *words: str) -> None:
        """Chooses from the menu bar: the menu, then its entries."""
        self.page.get_by_role("menubar").get_by_role("menuitem", name=words[0], exact=True).click()
        for word in words[1:]:
            self.entry(word).click()

    def entry(self, words: str) -> Locator:
        """An entry of the open menu; its shortcut belongs to its name."""
        name = re.compile(rf"^{re.escape(words)}( |$)")
        return self.page.get_by_role("menuitem", name=name).or_(self.page.get_by_role("menuitemcheckbox", name=name))

    def dialog(self, title: str) -> Locator:
        return self.page.get_by_role("dialog", name=title, exact=True)

    def question(self, title: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("alertdialog", name=title)

    # --- lists -----------------------------------------------------------------------------------------------

    def open_list(self, label: str = "客户信息") -> ListScreen:
        self.page.get_by_role("navigation", name="模块").get_by_role("treeitem", name=label, exact=True).click()
        return self.list(label).loaded()

    def close_tab(self, label: str) -> None:
        """By the mouse: in a browser, Ctrl+W is the browser's."""
        self.page.get_by_role("tab", name=re.compile(rf"^{re.escape(label)}( |$)")).click(button="middle")

    def list(self, label: str = "客户信息") -> ListScreen:
        return ListScreen(self.page, label)

    # --- forms -----------------------------------------------------------------------------------------------

    def fill(self, dialog: Locator, **values: str) -> None:
        """Texts into fields, by label."""
        for label, value in values.items():
            text_field(dialog, label).fill(value)

    def choose(self, dialog: Locator, label: str, typed: str, wanted: str = "") -> None:
        """A reference by type-ahead: types, waits for the row, takes it with Enter."""
        box = dialog.get_by_role("combobox", name=label, exact=True)
        box.fill(typed)
        chosen = self.page.get_by_role("option", selected=True).filter(has_text=wanted or typed)
        expect(chosen).to_be_visible()
        box.press("Enter")
        expect(box).to_have_value(wanted or typed)


@dataclass
class ListScreen(Screen):
    label: str = "客户信息"

    @property
    def panel(self) -> Locator:
        return self.page.get_by_role("tabpanel", name=self.label, exact=True)

    @property
    def grid(self) -> Locator:
        return self.panel.get_by_role("grid").first

    @property
    def related(self) -> Locator:
        return self.panel.get_by_role("region", name="相关记录")

    @property
    def tree(self) -> Locator:
        return self.tree_of("客户分组")

    def tree_of(self, label: str) -> Locator:
        return self.panel.get_by_role("tree", name=label)

    def loaded(self) -> ListScreen:
        expect(self.grid.get_by_text(re.compile("^合计 [0-9,]+ 条"))).to_be_attached()
        return self

    def shows(self, records: int) -> None:
        """The totals row counts this many."""
        expect(self.grid.get_by_text(re.compile(f"^合计 {records:,} 条"))).to_be_attached()

    def bar(self, name: str) -> Locator:
        return self.panel.get_by_role("toolbar").get_by_role("button", name=re.compile(rf"^{name}( |$)"))

    def row(self, words: str) -> Locator:
        return self.grid.get_by_role("row").filter(has_text=words).first

    def cell(self, words: str) -> Locator:
        return self.grid.get_by_role("gridcell", name=words, exact=True).first

    def column(self, label: str) -> list[str]:
        """What the column shows in the rows on screen, from the top."""
        cells = self.page.evaluate(
            """([grid, label]) => {
                const head = [...grid.querySelectorAll('[role=columnheader]')]
                    .find((h) => h.querySelector('.ag-header-cell-text')?.innerText.trim() === label)
                const cells = `[role=row][row-index] [role=gridcell][col-id="${head.getAttribute('col-id')}"]`
                const at = (cell) => Number(cell.closest('[row-index]').getAttribute('row-index'))
                return [...grid.querySelectorAll(cells)].map((cell) => [at(cell), cell.innerText.trim()])
                    .filter(([at]) => Number.isFinite(at)).sort((a, b) => a[0] - b[0]).map(([, text]) => text)
            }""",
            [self.grid.element_handle(), label],
        )
        return [str(cell) for cell in cells]

    def heads(self) -> list[str]:
        """The columns from left to right."""
        heads: list[str] = self.page.evaluate(
            """(grid) => [...grid.querySelectorAll('[role=columnheader]')]
                .map((h) => [h.getBoundingClientRect().left, h.querySelector('.ag-header-cell-text')?.innerText.trim()])
                .sort((a, b) => a[0] - b[0]).map(([, text]) => text).filter(Boolean)""",
            self.grid.element_handle(),
        )
        return heads

    def head(self, label: str) -> Locator:
        return self.grid.get_by_role("columnheader", name=re.compile(rf"^{label}( |$)"))

    def tick(self, words: str) -> None:
        self.row(words).get_by_role("checkbox").click()

    def chip(self, label: str) -> Locator:
        return self.panel.locator(".chip").filter(has=self.page.get_by_text(label, exact=True))

    def find(self, name: str) -> None:
        """快速查询 by the name, so that the row is on screen."""
        self.bar("快速查询").click()
        popup = self.dialog("快速查询")
        popup.get_by_role("textbox", name="要找的内容").fill(name)
        popup.get_by_role("button", name="开始查找").click()
        expect(self.chip("客户名称")).to_contain_text(name)
        self.loaded()

    def show(self, period: str) -> None:
        self.bar("数据显示").click()
        self.entry(period).click()

    def wait_for_layout(self, part: str, wanted: Any) -> None:
        """The layout is kept a moment after it was changed."""
        self.until(lambda: self.api.get("/api/layout/customer").get(part) == wanted)


def text_field(place: Page | Locator, label: str) -> Locator:
    return place.get_by_role("textbox", name=label, exact=True)


def first_page(context: BrowserContext) -> Page:
    """The page of a signed-in browser as on the first day."""
    page = context.pages[0]
    Screen(page).api.forget_screens()
    page.evaluate("history.replaceState(null, '', '/')")
    page.reload()
    return page

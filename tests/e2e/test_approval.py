"""Approval at the desk: what one submits another finds, sends back, and approves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from desktop.engine.define import seed_id
from tests.e2e.screen import Screen
from tests.e2e.window import DEMO_PASSWORD, Window, copy_of

WORDS = "进货价没有写"


@pytest.fixture
def window(window_on: Callable[[Path], Window], company: Path, tmp_path: Path) -> Iterator[Window]:
    """One of its own: what the whole company is set to is no matter of other tests."""
    window = window_on(copy_of(company, tmp_path / "data"))
    window.open()
    window.start_page()
    yield window
    window.close()
    assert not window.watch.complaints()


@pytest.fixture
def manager(window: Window) -> str:
    """An operator who approves; entries of stock need it."""
    api = window.api
    window.watch.allow("status of 401", "status of 409")  # a page asks on while somebody else signs in
    row = next(one for one in api.rows("operator") if one["login_name"] != "周敏")
    api.change("operator", row, roles=[seed_id("role", "manager")])
    api.ok("PATCH", "/api/settings", {"values": {"approval.stock_entry": True}})
    window.page.reload()
    return str(row["login_name"])


def signed_in(window: Window, *who: str) -> Screen:
    window.api.sign_in(*who)
    window.begin_anew()
    window.page.get_by_role("tab", name="工作台").click()
    return Screen(window.page)


def open_waiting(screen: Screen) -> Locator:
    """From the workbench to the one that waits, as who approves comes to it."""
    tile = screen.page.get_by_role("button", name=re.compile("^待我审批的出入库单"))
    expect(tile).to_contain_text("1")
    tile.click()
    shown = screen.list("其他出入库").loaded()
    shown.shows(1)
    shown.cell("待审批").dblclick()
    dialog = screen.page.get_by_role("dialog")
    expect(dialog.get_by_text("等您审批")).to_be_visible()
    return dialog


def test_what_one_submits_another_sends_back_and_approves(window: Window, manager: str) -> None:
    screen = Screen(window.page)
    code = next(row["code"] for row in screen.api.rows("product", "sort=code") if row["kind"] == "goods")
    screen.page.evaluate("location.hash = '#/m/stock_entry'")
    screen.list("其他出入库").loaded().bar("新增").click()
    dialog = screen.dialog("新增出入库单")
    expect(dialog.get_by_text("保存就提交")).to_be_visible()
    box = dialog.get_by_role("combobox", name="编号、名称或拼音", exact=True)
    box.fill(code)
    box.press("Enter")
    expect(dialog.get_by_role("rowheader")).to_have_count(1)
    screen.press("Control+S")
    expect(dialog).to_have_count(0)
    screen.list("其他出入库").cell("待审批").dblclick()
    opened = screen.page.get_by_role("dialog")
    expect(opened.get_by_text("要改，先撤回。")).to_be_visible()
    expect(opened.get_by_role("button", name=re.compile("^通过"))).to_have_count(0)
    expect(opened.get_by_role("textbox", name="第 1 行的数量")).to_have_count(0)

    screen = signed_in(window, manager, DEMO_PASSWORD)
    sheet = open_waiting(screen)
    sheet.get_by_role("button", name="驳回").click()
    reason = screen.page.get_by_role("textbox", name=re.compile("^原因"))
    expect(reason).to_be_focused()
    screen.type(WORDS)
    screen.press("Enter")
    expect(sheet.get_by_text(f"驳回：{WORDS}")).to_be_visible()

    screen = signed_in(window)
    screen.page.evaluate("location.hash = '#/m/stock_entry'")
    screen.list("其他出入库").loaded().cell("已驳回").dblclick()
    back = screen.page.get_by_role("dialog")
    expect(back.get_by_text(f"驳回：{WORDS}")).to_be_visible()
    expect(back.get_by_role("button", name=re.compile("^保存退出"))).to_be_enabled()
    screen.press("Control+S")
    expect(back).to_have_count(0)

    screen = signed_in(window, manager, DEMO_PASSWORD)
    sheet = open_waiting(screen)
    expect(sheet.get_by_role("button", name=re.compile("^通过"))).to_be_focused()
    screen.press("Control+Shift+Enter")
    expect(sheet.get_by_text("已过账").first).to_be_visible()
    (row,) = (one for one in screen.api.rows("stock_entry") if one["approval"] == "approved")
    assert (row["state"], row["version"]) == ("posted", 1)

"""系统配置: found, changed, told by whom and put back; and what it does to a document."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.e2e import places
from tests.e2e.screen import Screen, first_page


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Every setting as it ships, whatever a test did."""
    page = first_page(context)
    yield page
    api = Screen(page).api
    api.ok("PATCH", "/api/settings", {"defaults": ["price.last_days", "doc.save_posts"]})


def setting(page: Page, key: str) -> Locator:
    return page.locator(f'[data-setting="{key}"]')


def test_a_setting_is_found_changed_and_put_back(page: Page) -> None:
    screen = Screen(page)
    places.settings(screen)
    page.get_by_role("button", name="还原").click()
    search = page.get_by_role("textbox", name="查找设置")
    search.fill("scj")
    days = setting(page, "price.last_days")
    expect(page.locator("[data-setting]")).to_have_count(2)
    box = page.get_by_role("textbox", name="上次价有效天数")
    box.fill("4000")
    box.press("Tab")
    expect(days.get_by_role("alert")).to_contain_text("不能大于 3,650")
    expect(page.get_by_role("button", name="保存")).to_be_disabled()
    box.fill("90")
    screen.press("Control+S")
    expect(screen.toast).to_contain_text("已保存 1 项设置")
    days.get_by_role("button", name="上次价有效天数：变更历史").click()
    expect(days.get_by_role("listitem")).to_contain_text("180（默认）")
    days.get_by_role("button", name="上次价有效天数：恢复默认").click()
    expect(box).to_have_value("180")
    page.get_by_role("button", name="保存").click()
    expect(days.get_by_role("listitem")).to_have_count(2)
    expect(days.get_by_role("button", name="上次价有效天数：恢复默认")).to_have_count(0)


def test_the_next_number_is_shown_and_a_branch_decides_for_itself(page: Page) -> None:
    screen = Screen(page)
    places.settings(screen)
    page.get_by_role("button", name="还原").click()
    form = setting(page, "numbering.format")
    expect(form).to_contain_text(re.compile(r"下一张：.* JH-01A1-\d{8}-\d{4}"))
    page.get_by_role("textbox", name="流水号位数").fill("6")
    expect(form).to_contain_text(re.compile(r"JH-01A1-\d{8}-\d{6}"))
    page.get_by_role("textbox", name="单据编号的组成").fill("{prefix}-{seq}")
    expect(form).not_to_contain_text("下一张")
    page.get_by_role("button", name="还原").click()
    whose = page.get_by_role("combobox", name="用在")
    whose.select_option(label="总部")
    days = setting(page, "doc.back_days")
    expect(days).to_contain_text("来自默认")
    expect(setting(page, "cost.scope")).to_have_count(0)
    page.get_by_role("textbox", name="可补录天数").fill("30")
    screen.press("Control+S")
    expect(days).to_contain_text("本分公司自己定的")
    # at once: what is being saved is no question whether to save it
    whose.select_option(label="全公司")
    days.get_by_role("button", name="总部另定：30").click()
    days.get_by_role("button", name="可补录天数：按默认的").click()
    screen.press("Control+S")
    expect(days).to_contain_text("来自默认")


def test_saving_keeps_a_draft_and_posting_is_a_step_of_its_own(page: Page) -> None:
    screen = Screen(page)
    places.document(screen)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="暂存")).to_be_visible()
    screen.api.ok("PATCH", "/api/settings", {"values": {"doc.save_posts": False}})
    post = dialog.get_by_role("button", name="过账")
    expect(post).to_be_visible()
    expect(dialog.get_by_role("button", name="暂存")).to_have_count(0)
    quantity = dialog.get_by_role("textbox", name="第 4 行的数量")
    quantity.fill("2")
    quantity.press("Enter")
    screen.press("Control+S")
    expect(dialog).to_have_count(0)
    (draft,) = (row for row in screen.api.rows("stock_entry") if row["state"] == "draft")
    screen.list("其他出入库").loaded().row(draft["number"]).get_by_role("gridcell", name=draft["number"]).dblclick()
    expect(post).to_be_enabled()
    screen.press("Control+Shift+Enter")
    expect(dialog.get_by_text("已过账").first).to_be_visible()
    screen.until(lambda: screen.api.get(f"/api/records/stock_entry/{draft['id']}")["row"]["state"] == "posted")
